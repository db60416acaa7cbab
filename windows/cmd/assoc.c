/* ASSOC and FTYPE: which class an extension has, and what opens a class. */
#include "cmd.h"

#define OPEN L"\\Shell\\Open\\Command"

static bool show_extension(const wchar_t *key, void *context)
{
    (void)context;
    const wchar_t *text = *key == L'.' ? class_text(key) : NULL;
    if (text)
        say(L"%s=%s\r\n", key, text);
    return true;
}

static bool show_class(const wchar_t *key, void *context)
{
    (void)context;
    const wchar_t *text = *key != L'.' ? class_text(join(key, OPEN, NULL)) : NULL;
    if (text)
        say(L"%s=%s\r\n", key, text);
    return true;
}

/* Show or change one; subkey is where the text is below its key. */
static int show_or_set(const wchar_t *rest, const wchar_t *subkey, const wchar_t *missing, int code)
{
    const wchar_t *given = skip_spaces(rest), *equals = wcschr(given, L'=');
    const wchar_t *name = trimmed(equals ? copy_part(given, (size_t)(equals - given)) : given);
    const wchar_t *key = join(name, subkey, NULL), *text;
    if (equals) {
        text = equals[1] ? trimmed(equals + 1) : NULL;
        if (!*name || (!set_class_text(key, text) && text)) {
            failed_with(ERROR_ACCESS_DENIED);
            return fail(1);
        }
    } else {
        text = class_text(key);
        if (!text) {
            complain(missing, name);
            return fail(code);
        }
    }
    if (text)
        say(L"%s=%s\r\n", name, text);
    return succeed_in_cmd();
}

int do_assoc(const wchar_t *rest)
{
    if (!*trimmed(rest)) {
        each_class(show_extension, NULL);
        return succeed_in_cmd();
    }
    return show_or_set(rest, L"", L"File association not found for extension %s\r\n", 1);
}

int do_ftype(const wchar_t *rest)
{
    if (!*trimmed(rest)) {
        each_class(show_class, NULL);
        return succeed_in_cmd();
    }
    return show_or_set(rest, OPEN, L"File type '%s' not found or no open command associated with it.\r\n", 2);
}

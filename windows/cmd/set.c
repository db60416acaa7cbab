/* SET in its three forms; PATH and DPATH. */
#include "cmd.h"

static int by_name(const void *one, const void *other)
{
    const wchar_t *a = *(wchar_t *const *)one, *b = *(wchar_t *const *)other;
    for (;; a++, b++) {
        wchar_t x = *a == L'=' ? 0 : upper(*a), y = *b == L'=' ? 0 : upper(*b);
        if (x != y || !x)
            return (x > y) - (x < y);
    }
}

/* Show all variables whose names begin so. */
static int show_variables(const wchar_t *start)
{
    wchar_t *all = GetEnvironmentStringsW();
    unsigned count = 0, found = 0;
    for (const wchar_t *p = all; *p; p += wcslen(p) + 1)
        count++;
    const wchar_t **sorted = take((count + 1) * sizeof *sorted);
    for (const wchar_t *p = all; *p; p += wcslen(p) + 1)
        if (*p != L'=' && same_start(p, start))
            sorted[found++] = p;
    sort(sorted, found, sizeof *sorted, by_name);
    for (unsigned i = 0; i < found; i++)
        say(L"%s\r\n", sorted[i]);
    FreeEnvironmentStringsW(all);
    if (found)
        return succeed_in_cmd();
    complain(L"Environment variable %s not defined\r\n", start);
    return fail(1);
}

/* Text from a quote up to the last quote, if it begins with one. */
static const wchar_t *inner(const wchar_t *text)
{
    text = skip_spaces(text);
    if (*text != L'"')
        return text;
    text = skip_spaces(text + 1);
    const wchar_t *end = wcsrchr(text, L'"');
    return end ? copy_part(text, (size_t)(end - text)) : text;
}

static int set_variable(const wchar_t *name, const wchar_t *value)
{
    if (!SetEnvironmentVariableW(name, *value ? value : NULL) && *value)
        return failed_with(GetLastError()), fail(1);
    return succeed_in_cmd();
}

/* What SET /P shows: quotes around it, and what is behind the last one, are not part of it. */
static int ask_for(const wchar_t *rest)
{
    const wchar_t *text = inner(rest), *equals = wcschr(text, L'=');
    bool is_end;
    if (!equals)
        return bad_syntax(), fail(1);
    const wchar_t *shown = inner(equals + 1);
    put(STANDARD_OUTPUT, shown, wcslen(shown));
    const wchar_t *line = read_line(shell.handles[STANDARD_INPUT], &is_end);
    if (!*line || equals == text)
        return fail(1);
    SetEnvironmentVariableW(copy_part(text, (size_t)(equals - text)), line);
    return succeed_in_cmd();
}

int do_set(const wchar_t *rest)
{
    const wchar_t *text = skip_delimiters(rest);
    if (*text == L'/' && shell.extensions) {
        wchar_t letter = upper(text[1]);
        if (letter == L'P')
            return ask_for(text + 2);
        if (letter != L'A')
            return bad_syntax(), fail(1);
        int value, result = arithmetic(text + 2, &value);
        if (!result && !shell.batch)
            say(L"%d", value);
        return result ? fail(result) : succeed_in_cmd();
    }
    if (*rest == L'=' || (is_space(*rest) && *skip_spaces(rest) == L'='))
        return bad_syntax(), fail(1);
    text = inner(text);
    const wchar_t *equals = wcschr(text, L'=');
    if (!equals)
        return show_variables(text);
    if (equals == text)
        return bad_syntax(), fail(1);
    return set_variable(copy_part(text, (size_t)(equals - text)), equals + 1);
}

static int set_path(const wchar_t *name, const wchar_t *rest)
{
    const wchar_t *text = skip_spaces(rest);
    if (!*text) {
        const wchar_t *value = variable_of(name);
        say(L"%s=%s\r\n", name, value ? value : L"(null)");
        return succeed_in_cmd();
    }
    if (*text == L';' && !*skip_spaces(text + 1)) {
        SetEnvironmentVariableW(name, NULL);
        return succeed_in_cmd();
    }
    if (*text == L'=')
        text = skip_spaces(text + 1);
    SetEnvironmentVariableW(name, text);
    return succeed_in_cmd();
}

int do_path(const wchar_t *rest)
{
    return set_path(L"PATH", rest);
}

int do_dpath(const wchar_t *rest)
{
    return set_path(L"DPATH", rest);
}

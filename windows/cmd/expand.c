/* The expansions of a line: percent signs as it is read; FOR variables and exclamation marks as it runs. */
#include "cmd.h"

/* `%1`, `%~dp0`, `%*` of a batch file; text is behind the percent sign. Returns how many characters it took. */
static size_t expand_argument(const wchar_t *text, struct text *out)
{
    const struct batch *batch = shell.batch;
    const wchar_t *search = NULL, *p = text;
    size_t modifiers = 0;
    if (*p == L'*') {
        add(out, batch->all);
        return 1;
    }
    bool tilde = *p == L'~' && shell.extensions;
    if (tilde) {
        for (p++; is_modifier(*p); p++)
            modifiers++;
        if (*p == L'$' && wcschr(p, L':')) {
            const wchar_t *end = wcschr(p, L':');
            search = copy_part(p + 1, (size_t)(end - p - 1));
            p = end + 1;
        }
    }
    if (!is_digit(*p))
        return 0;
    unsigned number = (unsigned)(*p - L'0');
    const wchar_t *value = number < batch->count ? batch->arguments[number] : L"";
    if (tilde && !number && (modifiers || search))
        value = batch->path;
    add(out, tilde ? modified(value, text + 1, modifiers, search) : value);
    return (size_t)(p + 1 - text);
}

/* The first phase. In a batch file `%%` is a percent sign and what is not set is nothing; else both stay. */
wchar_t *expand_percents(const wchar_t *line, bool is_batch)
{
    struct text out = {0};
    const wchar_t *percent;
    while ((percent = wcschr(line, L'%'))) {
        size_t used = 0;
        add_part(&out, line, (size_t)(percent - line));
        line = percent + 1;
        if (*line == L'%') {
            add_char(&out, L'%');
            line += is_batch;
        } else if (is_batch && (used = expand_argument(line, &out))) {
            line += used;
        } else if (substitute(line, L'%', &out, &used, is_batch)) {
            line += used;
        } else if (!is_batch) {
            add_char(&out, L'%');
        }
    }
    add(&out, line);
    return chars_of(&out);
}

/* The last phase: `!name!`; in text that has an exclamation mark at all, carets take away meaning once more. */
wchar_t *expand_delayed(const wchar_t *text)
{
    struct text out = {0};
    if (!wcschr(text, L'!'))
        return (wchar_t *)text;
    while (*text) {
        size_t used = 0;
        if (*text == L'^') {
            if (*++text)
                add_char(&out, *text++);
        } else if (*text == L'!') {
            while (*text == L'!')
                text++;
            if (substitute(text, L'!', &out, &used, true))
                text += used;
        } else {
            add_char(&out, *text++);
        }
    }
    return chars_of(&out);
}

static const wchar_t *loop_value(wchar_t variable)
{
    return variable < 128 ? shell.loop_values[variable] : NULL;
}

/* `%~dpnxi`: as many modifiers as leave a variable behind them. Returns how many characters it took. */
static size_t expand_modified(const wchar_t *text, struct text *out)
{
    size_t modifiers = 0;
    while (is_modifier(text[modifiers]))
        modifiers++;
    if (text[modifiers] == L'$' && wcschr(text + modifiers, L':')) {
        const wchar_t *name = text + modifiers + 1, *end = wcschr(name, L':');
        if (!loop_value(end[1]))
            return 0;
        add(out, modified(loop_value(end[1]), text, modifiers, copy_part(name, (size_t)(end - name))));
        return (size_t)(end + 2 - text);
    }
    for (size_t count = modifiers + 1; count--;)
        if (text[count] && loop_value(text[count])) {
            add(out, modified(loop_value(text[count]), text, count, NULL));
            return count + 1;
        }
    return 0;
}

wchar_t *expand_loop(const wchar_t *text)
{
    struct text out = {0};
    const wchar_t *percent;
    if (!shell.loop_depth || !wcschr(text, L'%'))
        return (wchar_t *)text;
    while ((percent = wcschr(text, L'%'))) {
        size_t used = 0;
        add_part(&out, text, (size_t)(percent - text));
        text = percent + 1;
        if (*text == L'~' && (used = expand_modified(text + 1, &out)))
            text += used + 1;
        else if (*text && loop_value(*text))
            add(&out, loop_value(*text++));
        else
            add_char(&out, L'%');
    }
    add(&out, text);
    return chars_of(&out);
}

wchar_t *expanded(const wchar_t *text)
{
    wchar_t *made = expand_loop(text);
    return shell.delayed ? expand_delayed(made) : made;
}

/* Variables: those that the shell makes up, parts (`~0,3`) and replacements (`old=new`) of a value. */
#include "cmd.h"

static uint32_t random_state;

static unsigned next_random(void)
{
    if (!random_state) {
        LARGE_INTEGER ticks;
        QueryPerformanceCounter(&ticks);
        random_state = (uint32_t)ticks.QuadPart * 2654435761u ^ GetCurrentProcessId() ^ 1;
    }
    random_state = random_state * 1103515245u + 12345u;
    return random_state >> 16 & 0x7fff;
}

/* The value of a variable that is in no environment, or NULL. */
wchar_t *special_variable(const wchar_t *name)
{
    SYSTEMTIME now;
    if (!shell.extensions)
        return NULL;
    if (same(name, L"errorlevel"))
        return format(L"%d", shell.last);
    if (same(name, L"cd"))
        return current_directory();
    if (same(name, L"random"))
        return format(L"%u", next_random());
    if (same(name, L"cmdextversion"))
        return copy(L"2");
    if (same(name, L"cmdcmdline"))
        return copy(GetCommandLineW());
    if (same(name, L"highestnumanodenumber"))
        return copy(L"0");
    if (same(name, L"=exitcode"))
        return format(L"%08X", shell.last);
    if (!same(name, L"date") && !same(name, L"time"))
        return NULL;
    GetLocalTime(&now);
    return same(name, L"date") ? day_text(&now) : time_text(&now);
}

static void add_slice(struct text *out, const wchar_t *value, const wchar_t *slice)
{
    int length = (int)wcslen(value), start = leading_number(slice), size;
    const wchar_t *comma = wcschr(slice, L',');
    if (start < 0)
        start += length;
    if (start < 0)
        start = 0;
    if (start > length)
        start = length;
    size = comma ? leading_number(comma + 1) : length - start;
    if (size < 0)
        size += length - start;
    if (size < 0)
        size = 0;
    if (size > length - start)
        size = length - start;
    add_part(out, value + start, (size_t)size);
}

/* `old=new`, and `*old=new` for all up to old. */
static bool add_replaced(struct text *out, const wchar_t *value, const wchar_t *old)
{
    bool from_start = *old == L'*';
    old += from_start;
    const wchar_t *equals = *old ? wcschr(old + 1, L'=') : NULL;
    if (!equals)
        return false;
    size_t length = (size_t)(equals - old);
    while (*value) {
        const wchar_t *found = value;
        while (*found && !same_part(found, old, length))
            found++;
        if (!*found)
            break;
        if (!from_start)
            add_part(out, value, (size_t)(found - value));
        add(out, equals + 1);
        value = found + length;
        if (from_start)
            break;
    }
    add(out, value);
    return true;
}

/*
 * Add the variable that text names up to the character end. False if there is none, or if it is not set and this is no
 * batch file; *used is how many characters were taken.
 */
bool substitute(const wchar_t *text, wchar_t end, struct text *out, size_t *used, bool is_batch)
{
    const wchar_t *close = wcschr(text, end), *colon = text;
    if (!close || close == text)
        return false;
    while (colon < close && (*colon != L':' || colon == text || !shell.extensions))
        colon++;
    const wchar_t *name = copy_part(text, (size_t)(colon - text)), *value = variable_of(name);
    if (!value)
        value = special_variable(name);
    if (!value && colon < close && colon + 1 == close) {
        colon = close;
    }
    *used = (size_t)(close + 1 - text);
    if (!value) {
        if (colon < close && is_batch)
            *used = (size_t)(colon + 1 - text);
        return is_batch;
    }
    if (colon == close || colon + 1 == close) {
        add(out, value);
        return true;
    }
    const wchar_t *how = copy_part(colon + 1, (size_t)(close - colon - 1));
    if (*how == L'~')
        add_slice(out, value, how + 1);
    else if (!add_replaced(out, value, how))
        return false;
    return true;
}

/* What stands behind a built-in's name: words, switches, questions to the user. */
#include "cmd.h"

/* The next word, quotes and all; delimiters within quotes belong to it. */
wchar_t *next_word(const wchar_t **rest)
{
    const wchar_t *start = skip_delimiters(*rest), *p = start;
    while (*start == L'\n' || *start == L'\r')
        p = start = skip_delimiters(start + 1);
    bool quoted = false;
    for (; *p && (quoted || (!is_delimiter(*p) && *p != L'\n')); p++)
        quoted ^= *p == L'"';
    *rest = p;
    return p == start ? NULL : copy_part(start, (size_t)(p - start));
}

/* Words without their quotes, and switches, which may stand together as in `/s/q`. */
void split_words(const wchar_t *rest, struct words *words, bool with_switches)
{
    for (;;) {
        rest = skip_delimiters(rest);
        if (!*rest)
            return;
        const wchar_t *start = rest;
        if (*rest == L'/' && with_switches) {
            rest++;
            while (*rest && *rest != L'/' && !is_delimiter(*rest))
                rest++;
            if (words->switch_count < 64)
                words->switches[words->switch_count++] = copy_part(start + 1, (size_t)(rest - start - 1));
            continue;
        }
        bool quoted = false;
        for (; *rest && (quoted || (!is_delimiter(*rest) && (*rest != L'/' || !with_switches))); rest++)
            quoted ^= *rest == L'"';
        if (words->count < 256)
            words->items[words->count++] = without_quotes(copy_part(start, (size_t)(rest - start)));
    }
}

bool has_switch(const struct words *words, const wchar_t *name)
{
    for (unsigned i = 0; i < words->switch_count; i++)
        if (same(words->switches[i], name))
            return true;
    return false;
}

/* Ask until one of the answers' first letters comes. */
int ask(const wchar_t *question, const wchar_t *answers)
{
    for (;;) {
        bool is_end;
        say(L"%s", question);
        wchar_t *line = read_line(shell.handles[STANDARD_INPUT], &is_end);
        if (is_end || shell.interrupted) {
            say(L"\r\n");
            return -1;
        }
        if (!is_console(shell.handles[STANDARD_INPUT]))
            say(L"%s\r\n", line);
        const wchar_t *found = *skip_spaces(line) ? wcschr(answers, upper(*skip_spaces(line))) : NULL;
        if (found)
            return (int)(found - answers);
    }
}

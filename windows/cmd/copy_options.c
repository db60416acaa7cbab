/* What COPY is told: sources with + between them, a target, and /A and /B that count for what is around them. */
#include "cmd.h"

struct copy_reading {
    struct copying *copying;
    wchar_t mode;      /* the last /A or /B */
    bool after_plus;   /* the next path is joined to the one before */
    bool had_plus;
    wchar_t *last_mode; /* of the path that the next switch counts for */
};

static bool read_copy_switch(struct copy_reading *reading, const wchar_t *text)
{
    wchar_t letter = upper(*text);
    if (same(text, L"-y") || letter == L'Y') {
        reading->copying->asks = letter == L'-';
        return true;
    }
    if (letter == L'A' || letter == L'B') {
        reading->mode = letter;
        if (reading->last_mode)
            *reading->last_mode = letter;
        return true;
    }
    return letter && wcschr(L"DVNZLJ", letter);
}

static bool read_path(struct copy_reading *reading, const wchar_t *path)
{
    struct copying *copying = reading->copying;
    if (!copying->count || reading->after_plus) {
        if (copying->count == sizeof copying->sources / sizeof *copying->sources)
            return false;
        struct copy_source *source = &copying->sources[copying->count++];
        source->path = path;
        source->mode = reading->mode;
        reading->last_mode = &source->mode;
    } else if (!copying->target) {
        copying->target = path;
        copying->target_mode = reading->mode;
        reading->last_mode = &copying->target_mode;
    } else {
        return false;
    }
    reading->after_plus = false;
    return true;
}

bool read_copying(const wchar_t *rest, struct copying *copying)
{
    struct copy_reading reading = {.copying = copying};
    copying->asks = !overwrites();
    for (;;) {
        bool quoted = false;
        while (is_delimiter(*rest) || *rest == L'+') {
            reading.after_plus |= *rest == L'+' && copying->count;
            reading.had_plus |= *rest == L'+';
            rest++;
        }
        if (!*rest)
            break;
        const wchar_t *start = rest;
        bool is_switch = *rest == L'/';
        for (rest += is_switch; *rest && (quoted || !(is_delimiter(*rest) || *rest == L'+' || *rest == L'/')); rest++)
            quoted ^= *rest == L'"';
        wchar_t *word = copy_part(start + is_switch, (size_t)(rest - start - is_switch));
        if (!(is_switch ? read_copy_switch(&reading, word) : read_path(&reading, without_quotes(word))))
            return false;
    }
    copying->joins = reading.had_plus;
    if (!copying->target)
        copying->target_mode = reading.mode;
    return copying->count && !(reading.after_plus && copying->count == 1 && copying->target);
}

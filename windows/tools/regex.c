/* Regular expressions by trying: each piece is one character or class, at most starred, so that nothing nests. */
#include "regex.h"

enum kind { ONE, ANY, CLASS, WORD_START, WORD_END, LINE_START, LINE_END };

struct piece {
    enum kind kind;
    bool starred, negated;
    wchar_t one;
    const wchar_t *from; /* of a class: pairs of first and last */
    size_t ranges;
};

struct regex {
    struct piece *pieces;
    size_t count;
    bool fold;
};

bool has_meta(const wchar_t *text)
{
    for (; *text; text++) {
        if (*text == L'\\' && text[1]) {
            if (text[1] == L'<' || text[1] == L'>')
                return true;
            text++;
        } else if (wcschr(L".*^$[", *text)) {
            return true;
        }
    }
    return false;
}

static const wchar_t *compile_class(const wchar_t *text, struct piece *piece)
{
    wchar_t *ranges = take((wcslen(text) * 2 + 2) * sizeof *ranges);
    piece->kind = CLASS;
    piece->from = ranges;
    if (*text == L'^') {
        piece->negated = true;
        text++;
    }
    while (*text && *text != L']') {
        if (*text == L'\\' && text[1])
            text++;
        wchar_t first = *text++, last = first;
        if (*text == L'-' && text[1] && text[1] != L']') {
            text++;
            if (*text == L'\\' && text[1])
                text++;
            last = *text++;
        }
        *ranges++ = first;
        *ranges++ = last;
        piece->ranges++;
    }
    return *text ? text + 1 : text;
}

struct regex *compile(const wchar_t *text, bool fold)
{
    struct regex *made = take(sizeof *made);
    bool first = true;
    made->pieces = take((wcslen(text) + 1) * sizeof *made->pieces);
    made->fold = fold;
    while (*text) {
        struct piece *piece = &made->pieces[made->count];
        wchar_t c = *text++;
        if (c == L'\\' && *text) {
            c = *text++;
            piece->kind = c == L'<' ? WORD_START : c == L'>' ? WORD_END : ONE;
            piece->one = c;
        } else if (c == L'.') {
            piece->kind = ANY;
        } else if (c == L'[') {
            text = compile_class(text, piece);
        } else if (c == L'^' && first) {
            piece->kind = LINE_START;
        } else if (c == L'$' && !*text) {
            piece->kind = LINE_END;
        } else if (c == L'*' && made->count && !made->pieces[made->count - 1].starred &&
                   made->pieces[made->count - 1].kind <= CLASS) {
            made->pieces[made->count - 1].starred = true;
            continue;
        } else {
            piece->one = c;
        }
        made->count++;
        first = false;
    }
    return made;
}

static bool is_word(wchar_t c)
{
    return (c >= L'0' && c <= L'9') || (upper(c) >= L'A' && upper(c) <= L'Z') || c == L'_' || c >= 0x80;
}

static bool accepts(const struct regex *regex, const struct piece *piece, wchar_t c)
{
    if (piece->kind == ANY)
        return true;
    if (piece->kind == ONE)
        return c == piece->one || (regex->fold && upper(c) == upper(piece->one));
    bool in = false;
    for (size_t i = 0; i < piece->ranges && !in; i++) {
        wchar_t first = piece->from[i * 2], last = piece->from[i * 2 + 1];
        in = (c >= first && c <= last) || (regex->fold && upper(c) >= upper(first) && upper(c) <= upper(last));
    }
    return in != piece->negated;
}

struct subject {
    const struct regex *regex;
    const wchar_t *line;
    size_t length;
    bool to_end;
};

static bool holds(const struct subject *subject, enum kind kind, size_t at)
{
    bool before = at && is_word(subject->line[at - 1]), after = at < subject->length && is_word(subject->line[at]);
    switch (kind) {
    case LINE_START:
        return !at;
    case LINE_END:
        return at == subject->length;
    case WORD_START:
        return !before && after;
    default:
        return before && !after;
    }
}

/* A star tries its longest run first; what follows is tried at each shorter one. */
static bool match_from(const struct subject *subject, size_t piece_at, size_t at)
{
    const struct regex *regex = subject->regex;
    for (; piece_at < regex->count; piece_at++) {
        const struct piece *piece = &regex->pieces[piece_at];
        if (piece->kind > CLASS) {
            if (!holds(subject, piece->kind, at))
                return false;
            continue;
        }
        if (piece->starred) {
            size_t run = at;
            while (run < subject->length && accepts(regex, piece, subject->line[run]))
                run++;
            for (;; run--) {
                if (match_from(subject, piece_at + 1, run))
                    return true;
                if (run == at)
                    return false;
            }
        }
        if (at == subject->length || !accepts(regex, piece, subject->line[at]))
            return false;
        at++;
    }
    return !subject->to_end || at == subject->length;
}

bool found_in(const struct regex *regex, const wchar_t *line, size_t length, bool start, bool end)
{
    struct subject subject = {regex, line, length, end};
    for (size_t at = 0; at <= length; at++) {
        if (match_from(&subject, 0, at))
            return true;
        if (start)
            return false;
    }
    return false;
}

/* Lines of files and pipes, of any length, as the bytes that they are. */
#include "tool.h"

enum { PIECE = 65536 };

bool open_lines(struct lines *lines, const wchar_t *path)
{
    memset(lines, 0, sizeof *lines);
    return open_source(&lines->source, path);
}

static bool read_more(struct lines *lines)
{
    if (lines->ended)
        return false;
    memmove(lines->data, lines->data + lines->used, lines->size - lines->used);
    lines->size -= lines->used;
    lines->used = 0;
    if (lines->room - lines->size < PIECE)
        lines->data = more(lines->data, lines->room = (lines->size + PIECE) * 2);
    size_t got = read_source(&lines->source, lines->data + lines->size, PIECE);
    lines->size += got;
    lines->ended = !got;
    return got;
}

/* Set line to the next one, without its end; had_end tells whether it had one. */
bool next_line(struct lines *lines, const char **line, size_t *size, bool *had_end)
{
    size_t looked = 0;
    for (;;) {
        const char *from = lines->data + lines->used;
        size_t there = lines->size - lines->used;
        while (looked < there && from[looked] != '\n')
            looked++;
        if (looked < there || (!read_more(lines) && there)) {
            from = lines->data + lines->used;
            *had_end = looked < there;
            lines->used += looked + (*had_end ? 1 : 0);
            *size = *had_end && looked && from[looked - 1] == '\r' ? looked - 1 : looked;
            *line = from;
            return true;
        }
        if (lines->ended && lines->used == lines->size)
            return false;
    }
}

void close_lines(struct lines *lines)
{
    close_source(&lines->source);
}

/* Where lines come from: a batch file, one line, the standard input; and labels of batch files. */
#include "cmd.h"

enum { LINE_BLOCK = 4096 };

/* The file that was read last: a batch file is opened anew for each line, since its commands may change it. */
static HANDLE open_batch(const struct batch *batch)
{
    return CreateFileW(batch->path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                       OPEN_EXISTING, 0, NULL);
}

/* Read the line at *position and go behind it; NULL at the end of the file. */
static wchar_t *line_at(HANDLE file, LONGLONG *position)
{
    size_t size = 0, room = LINE_BLOCK;
    char *bytes = take(room);
    LARGE_INTEGER start = {.QuadPart = *position};
    DWORD got;
    SetFilePointerEx(file, start, NULL, FILE_BEGIN);
    for (;;) {
        if (!ReadFile(file, bytes + size, (DWORD)(room - size), &got, NULL))
            got = 0;
        size_t end = size;
        while (end < size + got && bytes[end] != '\n')
            end++;
        if (end < size + got || !got) {
            bool has_end = end < size + got;
            *position += (LONGLONG)(end + has_end);
            if (!end && !has_end)
                return NULL;
            if (end && bytes[end - 1] == '\r')
                end--;
            size_t mark = !start.QuadPart && end >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3) ? 3 : 0;
            return wide_of(bytes + mark, end - mark, NULL);
        }
        size += got;
        if (size == room) {
            char *larger = take(room *= 4);
            bytes = memcpy(larger, bytes, size);
        }
    }
}

const wchar_t *next_of_batch(struct source *source, bool continued)
{
    (void)source, (void)continued;
    struct batch *batch = shell.batch;
    if (!batch || batch->at_end)
        return NULL;
    HANDLE file = open_batch(batch);
    if (file == INVALID_HANDLE_VALUE) {
        complain(L"The batch file cannot be found.\r\n");
        batch->at_end = true;
        shell.last = 1;
        return NULL;
    }
    wchar_t *line = line_at(file, &batch->position);
    CloseHandle(file);
    batch->at_end = !line;
    return line;
}

const wchar_t *next_of_line(struct source *source, bool continued)
{
    (void)continued;
    const wchar_t *line = source->line;
    source->line = NULL;
    return line;
}

/* Where a label's name ends. */
static size_t label_length(const wchar_t *text)
{
    size_t length = 0;
    while (text[length] && !is_delimiter(text[length]) && !wcschr(L":&|<>+", text[length]))
        length++;
    return length;
}

/* Whether line is the label; `@` and delimiters may stand before the colon, delimiters before the name. */
static bool is_label(const wchar_t *line, const wchar_t *label, size_t length)
{
    while (is_delimiter(*line) || *line == L'@')
        line++;
    if (*line++ != L':')
        return false;
    line = skip_delimiters(line);
    return label_length(line) == length && same_part(line, label, length);
}

/* Make the batch file go on behind a label: the next one from here, else the first of the file. */
bool find_label(const wchar_t *label)
{
    struct batch *batch = shell.batch;
    LONGLONG position = batch->position, began = position;
    HANDLE file = open_batch(batch);
    label = skip_delimiters(label);
    if (*label == L':')
        label = skip_delimiters(label + 1);
    size_t length = label_length(label);
    bool found = false, wrapped = false;
    if (file == INVALID_HANDLE_VALUE || !length)
        return false;
    while (!found) {
        struct mark mark = mark_memory();
        if (wrapped && position >= began) {
            release_memory(mark);
            break;
        }
        wchar_t *line = line_at(file, &position);
        found = line && is_label(line, label, length);
        release_memory(mark);
        if (line)
            continue;
        if (wrapped)
            break;
        wrapped = true;
        position = 0;
    }
    CloseHandle(file);
    if (found) {
        batch->position = position;
        batch->at_end = false;
    }
    return found;
}

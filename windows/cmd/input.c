/* The standard input: lines as they are, not a byte more than the line, so that the rest is there for programs. */
#include "cmd.h"

/* Read so many bytes at most; a message-mode pipe says that there is more, which is no failure. */
static DWORD read_bytes(HANDLE from, char *bytes, DWORD size)
{
    DWORD got = 0;
    bool done = ReadFile(from, bytes, size, &got, NULL) || GetLastError() == ERROR_MORE_DATA;
    return done ? got : 0;
}

/* How much of what waits in a pipe belongs to the line; 1 where nothing waits, to wait for that. */
static DWORD waiting(HANDLE from, char *room, DWORD size)
{
    DWORD got = 0, end = 0;
    if (!PeekNamedPipe(from, room, size, &got, NULL, NULL) || !got)
        return 1;
    while (end < got && room[end] != '\n')
        end++;
    return end + (end < got);
}

static char *read_pipe_line(HANDLE from, size_t *size)
{
    size_t room = 4096;
    char *bytes = take(room);
    DWORD got;
    *size = 0;
    do {
        if (*size == room) {
            char *larger = take(room *= 4);
            bytes = memcpy(larger, bytes, *size);
        }
        got = read_bytes(from, bytes + *size, waiting(from, bytes + *size, (DWORD)(room - *size)));
        *size += got;
    } while (got && bytes[*size - 1] != '\n');
    return bytes;
}

/* A file can be read ahead of the line and set back. */
static bool read_file_line(HANDLE from, char **bytes, size_t *size)
{
    size_t room = 1024;
    LARGE_INTEGER none = {.QuadPart = 0}, start;
    DWORD got;
    *bytes = take(room);
    *size = 0;
    if (GetFileType(from) != FILE_TYPE_DISK || !SetFilePointerEx(from, none, &start, FILE_CURRENT))
        return false;
    for (;;) {
        if (!ReadFile(from, *bytes + *size, (DWORD)(room - *size), &got, NULL) || !got)
            return true;
        size_t end = *size;
        while (end < *size + got && (*bytes)[end] != '\n')
            end++;
        bool has_end = end < *size + got;
        *size = end + has_end;
        if (has_end) {
            LARGE_INTEGER next = {.QuadPart = start.QuadPart + (LONGLONG)*size};
            SetFilePointerEx(from, next, NULL, FILE_BEGIN);
            return true;
        }
        if (*size == room) {
            char *larger = take(room *= 4);
            *bytes = memcpy(larger, *bytes, *size);
        }
    }
}

static wchar_t *read_console(HANDLE from, bool *is_end)
{
    struct text text = {0};
    wchar_t part[512];
    DWORD got;
    *is_end = false;
    do {
        if (!ReadConsoleW(from, part, 511, &got, NULL) || !got) {
            *is_end = !text.length && !shell.interrupted;
            break;
        }
        add_part(&text, part, got);
    } while (text.chars[text.length - 1] != L'\n' && text.chars[text.length - 1] != L'\r');
    if (text.length && text.chars[0] == 0x1a)
        *is_end = true;
    return chars_of(&text);
}

static wchar_t *trimmed_end(wchar_t *line)
{
    size_t length = wcslen(line);
    while (length && (line[length - 1] == L'\n' || line[length - 1] == L'\r'))
        line[--length] = 0;
    return line;
}

/* A line without its end; an empty one at the end of the input, which *is_end tells. */
wchar_t *read_line(HANDLE from, bool *is_end)
{
    wchar_t *line;
    char *bytes;
    size_t size;
    if (is_console(from)) {
        line = read_console(from, is_end);
    } else {
        if (!read_file_line(from, &bytes, &size))
            bytes = read_pipe_line(from, &size);
        *is_end = !size;
        line = wide_of(bytes, size, NULL);
    }
    return trimmed_end(line);
}

static void add_prompt(struct text *text, wchar_t code)
{
    static const struct {
        wchar_t code;
        const wchar_t *text;
    } plain[] = {{L'A', L"&"}, {L'B', L"|"}, {L'C', L"("}, {L'E', L"\x1b"}, {L'F', L")"}, {L'G', L">"}, {L'H', L"\b"},
                 {L'L', L"<"}, {L'Q', L"="}, {L'S', L" "}, {L'_', L"\r\n"}, {L'$', L"$"}};
    SYSTEMTIME now;
    wchar_t *directory;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (upper(code) == plain[i].code)
            add(text, plain[i].text);
    switch (upper(code)) {
    case L'P':
        add(text, current_directory());
        break;
    case L'N':
        directory = current_directory();
        add_part(text, directory, 1);
        break;
    case L'D':
        GetLocalTime(&now);
        add(text, day_text(&now));
        break;
    case L'T':
        GetLocalTime(&now);
        add(text, time_text(&now));
        break;
    case L'V':
        add(text, version_text());
        break;
    }
}

wchar_t *prompt_text(void)
{
    struct text text = {0};
    const wchar_t *codes = variable_of(L"PROMPT");
    for (codes = codes && *codes ? codes : L"$P$G"; *codes; codes++)
        if (*codes != L'$')
            add_char(&text, *codes);
        else if (codes[1])
            add_prompt(&text, *++codes);
    return chars_of(&text);
}

/* Lines of an interactive shell. What comes through a pipe is shown, as a terminal would have. */
const wchar_t *next_of_input(struct source *source, bool continued)
{
    bool is_end;
    (void)source;
    shell.interrupted = false;
    if (continued)
        say(L"More? ");
    else if (shell.echo)
        say(L"\r\n%s", prompt_text());
    HANDLE from = shell.handles[STANDARD_INPUT];
    bool edited = is_console(from) && is_console(shell.handles[STANDARD_OUTPUT]);
    wchar_t *line = edited ? trimmed_end(read_edited(from, &is_end)) : read_line(from, &is_end);
    if (shell.interrupted) {
        /* Ctrl-C takes away what was typed, and no more. */
        shell.interrupted = false;
        say(L"\r\n");
        return L"";
    }
    if (is_end)
        return NULL;
    if (shell.echo && !is_console(from))
        say(L"%s\r\n", line);
    return line;
}

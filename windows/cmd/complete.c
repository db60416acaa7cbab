/* The console's line editor, with names of files at the Tab key: the next one each time, with Shift the one before. */
#include "cmd.h"

enum { LINE_ROOM = 8192, TAB = 1 << L'\t' };

struct completion {
    wchar_t **names;
    unsigned count, room, next;
    size_t start; /* of the word in the line */
    const wchar_t *directory;
    bool only_directories;
};

static bool note_name(const WIN32_FIND_DATAW *found, void *context)
{
    struct completion *completion = context;
    bool is_directory = found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY;
    if (is_dots(found->cFileName) || (completion->only_directories && !is_directory))
        return true;
    if (completion->count == completion->room) {
        completion->room = completion->room * 2 + 16;
        wchar_t **names = take(completion->room * sizeof *names);
        if (completion->count)
            memcpy(names, completion->names, completion->count * sizeof *names);
        completion->names = names;
    }
    const wchar_t *name = join(completion->directory, found->cFileName, NULL);
    bool needs_quotes = false;
    for (const wchar_t *p = name; *p; p++)
        needs_quotes |= wcschr(L" &()[]{}^=;!'+,`~", *p) != NULL;
    completion->names[completion->count++] = needs_quotes ? join(L"\"", name, L"\"", NULL) : copy(name);
    return true;
}

/* Find the names that the word at the end of line begins. */
static void find_names(struct completion *completion, const wchar_t *line)
{
    bool quoted = false;
    completion->start = completion->count = 0;
    for (size_t i = 0; line[i]; i++) {
        quoted ^= line[i] == L'"';
        if (!quoted && (is_delimiter(line[i]) || wcschr(L"&|<>()", line[i])))
            completion->start = i + 1;
    }
    const wchar_t *word = without_quotes(line + completion->start), *first = skip_spaces(line);
    completion->directory = directory_part(word);
    static const wchar_t *const of_directories[] = {L"cd ", L"chdir ", L"md ", L"mkdir ", L"rd ", L"rmdir ", L"pushd "};
    completion->only_directories = false;
    for (size_t i = 0; i < sizeof of_directories / sizeof *of_directories; i++)
        completion->only_directories |= same_start(first, of_directories[i]);
    found_files(join(word, L"*", NULL), note_name, completion);
    completion->next = 0;
}

/* Write a new line over the old one on the screen, and leave the cursor behind it. */
static void draw_over(HANDLE screen, const wchar_t *old, const wchar_t *new)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    DWORD written;
    size_t old_length = wcslen(old), new_length = wcslen(new);
    if (!GetConsoleScreenBufferInfo(screen, &info) || !info.dwSize.X)
        return;
    int width = info.dwSize.X, at = info.dwCursorPosition.Y * width + info.dwCursorPosition.X - (int)old_length;
    if (at < 0)
        at = 0;
    COORD start = {(SHORT)(at % width), (SHORT)(at / width)};
    SetConsoleCursorPosition(screen, start);
    WriteConsoleW(screen, new, (DWORD)new_length, &written, NULL);
    if (new_length >= old_length || !GetConsoleScreenBufferInfo(screen, &info))
        return;
    FillConsoleOutputCharacterW(screen, L' ', (DWORD)(old_length - new_length), info.dwCursorPosition, &written);
}

/* The line with the next name in its last word; NULL if no name fits. */
static wchar_t *completed(struct completion *completion, const wchar_t *line, bool again, bool backwards)
{
    if (!again)
        find_names(completion, line);
    if (!completion->count)
        return NULL;
    unsigned index = completion->next;
    if (backwards)
        index = (index + 2 * completion->count - 2) % completion->count;
    completion->next = (index + 1) % completion->count;
    return join(copy_part(line, completion->start), completion->names[index], NULL);
}

/* Read a line with what its keys do; without its end. An empty one where *is_end says that there is no more. */
wchar_t *read_edited(HANDLE from, bool *is_end)
{
    HANDLE screen = shell.handles[STANDARD_OUTPUT];
    struct completion completion = {.count = 0};
    wchar_t *line = take(LINE_ROOM * sizeof *line);
    const wchar_t *shown = NULL;
    CONSOLE_READCONSOLE_CONTROL control = {.nLength = sizeof control, .dwCtrlWakeupMask = TAB};
    *is_end = false;
    for (;;) {
        DWORD got = 0;
        if (!ReadConsoleW(from, line, LINE_ROOM - 1, &got, &control) || !got) {
            *is_end = !shell.interrupted;
            return copy(L"");
        }
        line[got] = 0;
        wchar_t *tab = wcschr(line, L'\t');
        if (!tab)
            return line;
        *tab = 0;
        wchar_t *made = completed(&completion, line, shown && !wcscmp(line, shown),
                                  control.dwControlKeyState & SHIFT_PRESSED);
        if (made && wcslen(made) < LINE_ROOM - 2) {
            draw_over(screen, line, made);
            memcpy(line, made, (wcslen(made) + 1) * sizeof *made);
            shown = made;
        }
        control.nInitialChars = (ULONG)wcslen(line);
    }
}

/* more: text by the screenful on a console; elsewhere its lines pass, with their tabs as spaces. */
#include "tool.h"

static struct {
    bool clear, form_feeds, squeeze;
    size_t tab;
    uint64_t skip; /* lines of the first file */
} rules = {.tab = 8};

static struct {
    HANDLE keys, screen;       /* keys: NULL where nothing waits */
    size_t width, height, row; /* row: what was shown since somebody was asked */
    bool next_file, stopped;
} pager;

static struct {
    uint64_t line, passed, size; /* size: 0 for what is no file */
} at;

static const wchar_t usage[] =
    L"Displays output one screen at a time.\r\n\r\nMORE [/E [/C] [/P] [/S] [/Tn] [+n]] < [drive:][path]filename\r\n"
    L"command-name | MORE [/E [/C] [/P] [/S] [/Tn] [+n]]\r\nMORE /E [/C] [/P] [/S] [/Tn] [+n] [files]\r\n\r\n"
    L"    /C      Clears the screen before a page\r\n    /P      Expands form feeds\r\n    /S      Squeezes blank lines "
    L"that follow each other\r\n    /Tn     Expands tabs to n spaces (8)\r\n    +n      Starts the first file at line n"
    L"\r\n\r\nAt the prompt: space, Enter; P n and S n show and skip lines; F the next file; Q quits; = the line; ? help\r\n";

static wchar_t read_key(void)
{
    INPUT_RECORD record;
    DWORD got;
    while (ReadConsoleInputW(pager.keys, &record, 1, &got) && got)
        if (record.EventType == KEY_EVENT && record.Event.KeyEvent.bKeyDown && record.Event.KeyEvent.uChar.UnicodeChar)
            return upper(record.Event.KeyEvent.uChar.UnicodeChar);
    return L'Q';
}

static void take_away(size_t length)
{
    say(L"\r%*s\r", (int)length, L"");
}

static uint64_t ask_lines(void)
{
    wchar_t digits[10] = {0}, key;
    size_t length = 0;
    uint64_t lines = 0;
    say(L"Lines: ");
    flush();
    while ((key = read_key()) != L'\r' && key != L'Q') {
        if (key == L'\b' && length) {
            digits[--length] = 0;
            say(L"\b \b");
        } else if (key >= L'0' && key <= L'9' && length < 9) {
            digits[length++] = key;
            say(L"%c", key);
        }
        flush();
    }
    take_away(length + wcslen(L"Lines: "));
    return whole_number(digits, &lines) ? lines : 0;
}

static const wchar_t *prompt(const wchar_t *told)
{
    uint64_t percent = at.size ? at.passed * 100 / at.size : 0;
    if (at.size)
        return format(L"-- More (%I64u%%)%s -- ", percent > 100 ? 100 : percent, told);
    return format(L"-- More %s -- ", told);
}

/* Ask what comes next; return how many lines are left out. */
static uint64_t wait_for_key(void)
{
    const wchar_t *told = L"";
    uint64_t lines;
    for (;;) {
        const wchar_t *shown = prompt(told);
        say(L"%s", shown);
        flush();
        wchar_t key = read_key();
        take_away(wcslen(shown));
        told = L"";
        pager.row = 0;
        switch (key) {
        case L' ':
            return 0;
        case L'\r':
            return pager.row = pager.height - 1, 0;
        case L'Q':
            return pager.stopped = true, 0;
        case L'F':
            return pager.next_file = true, 0;
        case L'=':
            told = format(L" [Line: %I64u]", at.line);
            break;
        case L'?':
            told = L" [Options: psfq=<space><ret>]";
            break;
        case L'P':
            /* More rows than a page: it counts up to zero. */
            lines = ask_lines();
            return pager.row = pager.height - (size_t)lines, 0;
        case L'S':
            return ask_lines();
        }
    }
}

static void clear_screen(void)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    COORD start = {0, 0};
    DWORD done;
    if (!GetConsoleScreenBufferInfo(pager.screen, &info))
        return;
    flush();
    FillConsoleOutputCharacterW(pager.screen, L' ', (DWORD)info.dwSize.X * (DWORD)info.dwSize.Y, start, &done);
    SetConsoleCursorPosition(pager.screen, start);
}

static uint64_t show_on_console(const char *line, size_t size)
{
    size_t length;
    wchar_t *text = wide_of(line, size, &length);
    put(OUTPUT, text, length);
    say(L"\r\n");
    HeapFree(GetProcessHeap(), 0, text);
    pager.row += 1 + (length ? (length - 1) / pager.width : 0);
    if (pager.row < pager.height || pager.row > SIZE_MAX / 2)
        return 0;
    uint64_t skipped = wait_for_key();
    if (rules.clear && !pager.row)
        clear_screen();
    return skipped;
}

/* The line with its tabs, and if so asked its form feeds, as spaces and lines. */
static const char *expanded(const char *line, size_t *size)
{
    static char *made;
    static size_t room;
    size_t column = 0, length = 0;
    if (room < *size * (rules.tab + 1) + 256)
        made = more(made, room = *size * (rules.tab + 1) * 2 + 256);
    for (size_t i = 0; i < *size; i++) {
        if (line[i] == '\f' && rules.form_feeds) {
            memcpy(made + length, "\r\n", 2);
            length += 2;
            column = 0;
            continue;
        }
        if (line[i] != '\t') {
            column += ((unsigned char)line[i] & 0xC0) != 0x80;
            made[length++] = line[i];
            continue;
        }
        for (size_t spaces = rules.tab ? rules.tab - column % rules.tab : 0; spaces; spaces--, column++)
            made[length++] = ' ';
    }
    *size = length;
    return made;
}

static bool has_any(const char *line, size_t size)
{
    while (size && *line != '\t' && (*line != '\f' || !rules.form_feeds))
        line++, size--;
    return size;
}

static void show_all(struct lines *lines)
{
    const char *line;
    size_t size;
    bool ended, blank = false;
    uint64_t skipped = rules.skip;
    rules.skip = 0;
    pager.next_file = false;
    while (!pager.stopped && !pager.next_file && next_line(lines, &line, &size, &ended)) {
        at.line++;
        at.passed += size + 2;
        if (skipped) {
            skipped--;
            continue;
        }
        if (rules.squeeze && !size && blank)
            continue;
        blank = !size;
        if (has_any(line, size))
            line = expanded(line, &size);
        if (pager.keys) {
            skipped = show_on_console(line, size);
        } else {
            put_bytes(OUTPUT, line, size);
            put_bytes(OUTPUT, "\r\n", 2);
        }
    }
}

/* Text of 16-bit characters, as its mark at the start says, becomes bytes of the code page. */
static void narrow(struct lines *lines)
{
    char *whole = lines->data;
    size_t size = lines->size, room = lines->room, got;
    while ((got = read_source(&lines->source, whole + size, room - size))) {
        size += got;
        if (room - size < 1 << 15)
            whole = more(whole, room *= 2);
    }
    lines->data = bytes_of((const wchar_t *)(whole + 2), (size - 2) / 2, &lines->size);
    lines->room = lines->size;
    lines->ended = true;
}

static bool show(const wchar_t *path)
{
    struct lines lines;
    LARGE_INTEGER size;
    if (!open_lines(&lines, path))
        return false;
    at.line = at.passed = 0;
    at.size = path && GetFileSizeEx(lines.source.file, &size) ? (uint64_t)size.QuadPart : 0;
    lines.data = take(lines.room = 1 << 16);
    while (lines.size < 2 && !lines.ended) {
        size_t got = read_source(&lines.source, lines.data + lines.size, 2 - lines.size);
        lines.size += got;
        lines.ended = !got;
    }
    if (lines.size == 2 && !memcmp(lines.data, "\xff\xfe", 2))
        narrow(&lines);
    show_all(&lines);
    close_lines(&lines);
    return true;
}

static void open_pager(void)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    pager.screen = GetStdHandle(STD_OUTPUT_HANDLE);
    if (!is_console(pager.screen) || !GetConsoleScreenBufferInfo(pager.screen, &info))
        return;
    HANDLE keys = CreateFileW(L"CONIN$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                              OPEN_EXISTING, 0, NULL);
    int width = info.srWindow.Right - info.srWindow.Left + 1, height = info.srWindow.Bottom - info.srWindow.Top;
    if (keys == INVALID_HANDLE_VALUE || width < 2 || height < 2)
        return;
    pager.keys = keys;
    pager.width = (size_t)width;
    pager.height = (size_t)height;
}

static bool read_option(const wchar_t *each)
{
    uint64_t number;
    wchar_t letter = upper(each[1]);
    if (*each == L'+')
        return whole_number(each + 1, &rules.skip);
    if (letter == L'T' && whole_number(each + 2, &number) && number <= 64)
        return rules.tab = (size_t)number, true;
    if (!letter || each[2])
        return false;
    rules.clear |= letter == L'C';
    rules.form_feeds |= letter == L'P';
    rules.squeeze |= letter == L'S';
    return wcschr(L"ECPS", letter);
}

/* The variable MORE holds options as well. */
static void read_variable(void)
{
    wchar_t value[256], *word = value, *end;
    DWORD length = GetEnvironmentVariableW(L"MORE", value, 256);
    for (; length && length < 256 && *word; word = end) {
        while (*word == L' ')
            word++;
        for (end = word; *end && *end != L' ';)
            end++;
        if (*end)
            *end++ = 0;
        if (*word == L'/' || *word == L'+')
            read_option(word);
    }
}

static void show_files(const wchar_t *pattern)
{
    size_t count;
    DWORD error;
    if (!wcschr(pattern, L'*') && !wcschr(pattern, L'?')) {
        if (!show(pattern))
            complain(L"Cannot access file %s\r\n", full_path(pattern));
        return;
    }
    wchar_t *directory = directory_of(pattern);
    struct entry *entries = list(*directory ? directory : L".", base_name(pattern), &count, &error);
    if (!entries || !count)
        complain(L"Cannot access file %s\r\n", full_path(pattern));
    for (size_t i = 0; entries && i < count && !pager.stopped; i++)
        if (!(entries[i].attributes & FILE_ATTRIBUTE_DIRECTORY))
            show(format(L"%s%s", directory, entries[i].name));
}

int more_text(int count, wchar_t **arguments)
{
    int files = 0;
    read_variable();
    for (int i = 0; i < count; i++) {
        if (is_option(arguments[i], L"?"))
            return say(L"%s", usage), 0;
        if (*arguments[i] != L'/' && *arguments[i] != L'+')
            arguments[files++] = arguments[i];
        else if (!read_option(arguments[i]))
            return complain(L"Invalid switch - %s\r\n", arguments[i]), 1;
    }
    open_pager();
    if (rules.clear && pager.keys)
        clear_screen();
    for (int i = 0; i < files && !pager.stopped; i++)
        show_files(arguments[i]);
    if (!files) {
        HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
        if (!show(NULL))
            return 0;
        if (!pager.stopped && GetFileType(input) == FILE_TYPE_PIPE)
            say(L"\r\n"); /* as Windows' does behind what came through a pipe */
    }
    return 0;
}

/* ECHO, PAUSE, TYPE, and what a console shows: CLS, COLOR, TITLE, CHCP, PROMPT. */
#include "cmd.h"

int do_echo(const wchar_t *rest)
{
    const wchar_t *word = trimmed(rest);
    if (same(word, L"on") || same(word, L"off")) {
        if (!*rest || is_delimiter(*rest)) {
            shell.echo = upper(word[1]) == L'N';
            return 0;
        }
    }
    if (!*rest || (is_space(*rest) && !*skip_spaces(rest)))
        say(L"ECHO is %s.\r\n", shell.echo ? L"on" : L"off");
    else
        say(L"%s\r\n", rest + 1);
    return 0;
}

int do_pause(const wchar_t *rest)
{
    HANDLE from = shell.handles[STANDARD_INPUT];
    INPUT_RECORD record;
    DWORD got;
    char byte;
    (void)rest;
    say(L"Press any key to continue . . . ");
    if (is_console(from)) {
        do
            if (!ReadConsoleInputW(from, &record, 1, &got))
                break;
        while (!shell.interrupted && !(record.EventType == KEY_EVENT && record.Event.KeyEvent.bKeyDown &&
                                       record.Event.KeyEvent.uChar.UnicodeChar));
    } else if ((!ReadFile(from, &byte, 1, &got, NULL) && GetLastError() != ERROR_MORE_DATA) || !got) {
        say(L"\r\n");
        return fail(1);
    }
    say(L"\r\n");
    return 0;
}

int do_cls(const wchar_t *rest)
{
    HANDLE to = shell.handles[STANDARD_OUTPUT];
    CONSOLE_SCREEN_BUFFER_INFO info;
    COORD origin = {0, 0};
    DWORD written;
    if (*skip_delimiters(rest) == L'/') {
        complain(L"Invalid switch - \"%s\".\r\n", skip_delimiters(rest) + 1);
        return fail(1);
    }
    if (!is_console(to) || !GetConsoleScreenBufferInfo(to, &info)) {
        put(STANDARD_OUTPUT, L"\f", 1);
        return 0;
    }
    DWORD size = (DWORD)info.dwSize.X * (DWORD)info.dwSize.Y;
    FillConsoleOutputCharacterW(to, L' ', size, origin, &written);
    FillConsoleOutputAttribute(to, info.wAttributes, size, origin, &written);
    SetConsoleCursorPosition(to, origin);
    return 0;
}

int do_color(const wchar_t *rest)
{
    const wchar_t *word = trimmed(rest);
    HANDLE to = shell.handles[STANDARD_OUTPUT];
    int value = (int)shell.attributes;
    size_t length = wcslen(word);
    bool is_value = !length || (length <= 2 && whole_number(join(L"0x", word, NULL), &value));
    if (!is_value || (length && (value & 15) == (value >> 4 & 15)) || !is_console(to))
        return fail(1);
    SetConsoleTextAttribute(to, (WORD)value);
    return 0;
}

int do_title(const wchar_t *rest)
{
    SetConsoleTitleW(skip_spaces(rest));
    return 0;
}

int do_chcp(const wchar_t *rest)
{
    int page;
    const wchar_t *word = trimmed(rest);
    if (*word) {
        if (!whole_number(word, &page)) {
            complain(L"Parameter format not correct - %s\r\n", word);
            return fail(1);
        }
        if (!IsValidCodePage((UINT)page)) {
            complain(L"Invalid code page\r\n");
            return fail(1);
        }
        SetConsoleCP((UINT)page);
        SetConsoleOutputCP((UINT)page);
        set_code_page((unsigned)page);
    }
    say(L"Active code page: %u\r\n", code_page());
    return succeed();
}

int do_prompt(const wchar_t *rest)
{
    const wchar_t *text = skip_spaces(rest);
    if (*text == L'=')
        text = skip_spaces(text + 1);
    SetEnvironmentVariableW(L"PROMPT", *text ? text : NULL);
    return succeed_in_cmd();
}

/* Copy a file to the output; UTF-16 with its mark becomes the code page, all else passes byte for byte. */
static bool type_file(HANDLE from)
{
    HANDLE to = shell.handles[STANDARD_OUTPUT];
    enum { SIZE = 64 << 10 };
    char *bytes = take(SIZE);
    DWORD got, written;
    bool first = true, is_wide = false, to_console = is_console(to);
    while (ReadFile(from, bytes, SIZE, &got, NULL) && got && !shell.interrupted) {
        size_t skip = 0;
        if (first && got >= 2 && (unsigned char)bytes[0] == 0xff && (unsigned char)bytes[1] == 0xfe) {
            is_wide = true;
            skip = 2;
        }
        first = false;
        struct mark mark = mark_memory();
        if (is_wide) {
            put(STANDARD_OUTPUT, (wchar_t *)(bytes + skip), (got - skip) / 2);
        } else if (to_console || shell.unicode) {
            size_t length;
            wchar_t *text = wide_of(bytes, got, &length);
            put(STANDARD_OUTPUT, text, length);
        } else if (!WriteFile(to, bytes, got, &written, NULL) || written < got) {
            return false;
        }
        release_memory(mark);
    }
    return true;
}

struct typing {
    const wchar_t *directory;
    bool names, failed;
};

static bool type_one(const wchar_t *path, const wchar_t *shown, bool names)
{
    HANDLE from = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, FILE_FLAG_SEQUENTIAL_SCAN, NULL);
    if (from == INVALID_HANDLE_VALUE) {
        failed_with(GetLastError());
        return false;
    }
    if (names)
        complain(L"\r\n%s\r\n\r\n\r\n", shown);
    bool done = type_file(from);
    CloseHandle(from);
    if (!done)
        failed_with(GetLastError());
    return done;
}

static bool type_found(const WIN32_FIND_DATAW *found, void *context)
{
    struct typing *typing = context;
    if (found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
        return true;
    struct mark mark = mark_memory();
    const wchar_t *path = join(typing->directory, found->cFileName, NULL);
    typing->failed |= !type_one(path, path, typing->names);
    release_memory(mark);
    return !typing->failed;
}

int do_type(const wchar_t *rest)
{
    struct words words = {0};
    split_words(rest, &words, true);
    if (!words.count)
        return bad_syntax(), fail(1);
    for (unsigned i = 0; i < words.count; i++) {
        const wchar_t *path = words.items[i];
        bool many = words.count > 1 || has_wildcard(path);
        struct typing typing = {directory_part(path), many, false};
        if (!has_wildcard(path))
            typing.failed = !type_one(path, path, many);
        else if (!found_files(path, type_found, &typing))
            typing.failed = failed_with(ERROR_FILE_NOT_FOUND);
        if (typing.failed)
            return fail(1);
    }
    return succeed();
}

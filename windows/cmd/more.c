/* MORE: text by the screenful on a console; elsewhere it passes as it is. A program on Windows. */
#include "cmd.h"

struct screen {
    HANDLE keys;
    unsigned height, line; /* 0 where nothing waits */
    bool stopped;
};

static void wait_for_key(struct screen *screen)
{
    INPUT_RECORD record;
    DWORD got;
    say(L"-- More --");
    do
        if (!ReadConsoleInputW(screen->keys, &record, 1, &got))
            break;
    while (!(record.EventType == KEY_EVENT && record.Event.KeyEvent.bKeyDown &&
             record.Event.KeyEvent.uChar.UnicodeChar) &&
           !shell.interrupted);
    say(L"\r          \r");
    wchar_t key = upper(record.Event.KeyEvent.uChar.UnicodeChar);
    screen->stopped = key == L'Q' || shell.interrupted;
    screen->line = key == L'\r' ? screen->height - 1 : 0;
}

static void show_page(struct screen *screen, const wchar_t *text, size_t length)
{
    while (length && !screen->stopped) {
        size_t part = 0;
        while (part < length && text[part] != L'\n')
            part++;
        part += part < length;
        put(STANDARD_OUTPUT, text, part);
        if (text[part - 1] == L'\n' && ++screen->line >= screen->height)
            wait_for_key(screen);
        text += part;
        length -= part;
    }
}

static void show_all(struct screen *screen, HANDLE from)
{
    enum { SIZE = 64 << 10 };
    char *bytes = take(SIZE);
    DWORD got, written;
    while (!screen->stopped && ReadFile(from, bytes, SIZE, &got, NULL) && got) {
        struct mark mark = mark_memory();
        if (screen->height) {
            size_t length;
            wchar_t *text = wide_of(bytes, got, &length);
            show_page(screen, text, length);
        } else if (!WriteFile(shell.handles[STANDARD_OUTPUT], bytes, got, &written, NULL)) {
            screen->stopped = true;
        }
        release_memory(mark);
    }
}

int do_more(const wchar_t *rest)
{
    struct words words = {0};
    struct screen screen = {.height = 0};
    CONSOLE_SCREEN_BUFFER_INFO info;
    HANDLE to = shell.handles[STANDARD_OUTPUT];
    split_words(rest, &words, true);
    if (is_console(to) && GetConsoleScreenBufferInfo(to, &info)) {
        screen.keys = CreateFileW(L"CONIN$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                                  OPEN_EXISTING, 0, NULL);
        if (screen.keys != INVALID_HANDLE_VALUE)
            screen.height = (unsigned)(info.srWindow.Bottom - info.srWindow.Top);
    }
    if (!words.count) {
        show_all(&screen, shell.handles[STANDARD_INPUT]);
        say(L"\r\n");
    }
    for (unsigned i = 0; i < words.count && !screen.stopped; i++) {
        HANDLE from = CreateFileW(words.items[i], GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                                  0, NULL);
        if (from == INVALID_HANDLE_VALUE) {
            complain(L"Cannot access file %s\r\n", full_path(words.items[i]));
            continue;
        }
        show_all(&screen, from);
        CloseHandle(from);
    }
    return succeed();
}

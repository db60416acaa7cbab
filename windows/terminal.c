/*
 * Keeps the console's size that of the terminal: Wine's console learns it at its start alone. This process has the
 * same console as the program.
 */
#include "base.h"
#include "linux.h"

enum { SOON_MS = 20, SOON = 25, LATER_MS = 250 };

static bool terminal_size(COORD *size)
{
    unsigned short got[4] = {0}; /* struct winsize */
    if (linux_call(LINUX_IOCTL, 0, LINUX_TIOCGWINSZ, (intptr_t)got) || !got[0] || !got[1])
        return false;
    *size = (COORD){(SHORT)got[1], (SHORT)got[0]};
    return true;
}

/* The buffer must hold the window at each step. */
static void resize(HANDLE screen, COORD size)
{
    CONSOLE_SCREEN_BUFFER_INFO now;
    if (!GetConsoleScreenBufferInfo(screen, &now))
        return;
    COORD both = {now.dwSize.X > size.X ? now.dwSize.X : size.X, now.dwSize.Y > size.Y ? now.dwSize.Y : size.Y};
    SMALL_RECT window = {0, 0, (SHORT)(size.X - 1), (SHORT)(size.Y - 1)};
    /* Each change of the buffer is an event to the program. */
    if (both.X != now.dwSize.X || both.Y != now.dwSize.Y)
        SetConsoleScreenBufferSize(screen, both);
    SetConsoleWindowInfo(screen, TRUE, &window);
    if (both.X != size.X || both.Y != size.Y)
        SetConsoleScreenBufferSize(screen, size);
}

/* Clients tell the size once the program runs, so look soon at first. */
static DWORD WINAPI follow(void *unused)
{
    COORD known = {0}, now;
    HANDLE screen = CreateFileW(L"CONOUT$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                                OPEN_EXISTING, 0, NULL);
    (void)unused;
    terminal_size(&known); /* the console has been made in it */
    for (unsigned turn = 0;; turn++) {
        Sleep(turn < SOON ? SOON_MS : LATER_MS);
        if (!terminal_size(&now) || (now.X == known.X && now.Y == known.Y))
            continue;
        known = now;
        resize(screen, known);
    }
}

void terminal_follow(void)
{
    HANDLE thread = CreateThread(NULL, 64 << 10, follow, NULL, 0, NULL);
    if (thread)
        CloseHandle(thread);
}

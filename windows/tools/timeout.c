/* timeout: wait some seconds, or for a key. */
#include "tool.h"

enum { MOST = 99999 };

static int bad_syntax(void)
{
    complain(L"ERROR: Invalid syntax. Type \"TIMEOUT /?\" for usage.\r\n");
    return 1;
}

static bool seconds_of(const wchar_t *text, int *seconds)
{
    uint64_t value;
    if (!wcscmp(text, L"-1"))
        return *seconds = -1, true;
    if (!whole_number(text, &value) || value > MOST)
        return false;
    *seconds = (int)value;
    return true;
}

/* Tell whether a key was pressed that is one: not a modifier, not a mouse. */
static bool key_pressed(HANDLE input)
{
    INPUT_RECORD record;
    DWORD got, waiting;
    while (GetNumberOfConsoleInputEvents(input, &waiting) && waiting) {
        if (!ReadConsoleInputW(input, &record, 1, &got) || !got)
            return false;
        if (record.EventType == KEY_EVENT && record.Event.KeyEvent.bKeyDown && record.Event.KeyEvent.uChar.UnicodeChar)
            return true;
    }
    return false;
}

static void wait(HANDLE input, int seconds, bool nobreak)
{
    ULONGLONG end = GetTickCount64() + (ULONGLONG)(seconds < 0 ? 0 : seconds) * 1000;
    int shown = -1, width = 1;
    for (int rest = seconds; rest >= 10; rest /= 10)
        width++;
    if (seconds < 0)
        say(L"\r\nPress any key to continue ...");
    else
        say(L"\r\nWaiting for %*d seconds, %s", width, seconds,
            nobreak ? L"press CTRL+C to quit ..." : L"press a key to continue ...");
    for (;;) {
        ULONGLONG now = GetTickCount64();
        int left = seconds < 0 ? 0 : (int)((end > now ? end - now + 999 : 0) / 1000);
        if (seconds >= 0 && left != shown)
            say(L"\rWaiting for %*d seconds, %s", width, left,
                nobreak ? L"press CTRL+C to quit ..." : L"press a key to continue ...");
        flush();
        shown = left;
        if (seconds >= 0 && now >= end)
            break;
        DWORD pause = seconds < 0 ? INFINITE : (DWORD)(end - now > 200 ? 200 : end - now);
        if (nobreak)
            Sleep(pause);
        else if (WaitForSingleObject(input, pause) == WAIT_OBJECT_0 && key_pressed(input))
            break;
    }
    say(L"\r\n");
}

int timeout(int count, wchar_t **arguments)
{
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    bool nobreak = false, given = false;
    int seconds = 0;
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i];
        if (same(each, L"/?")) {
            say(L"\r\nTIMEOUT [/T] timeout [/NOBREAK]\r\n\r\nDescription:\r\n    Waits for the time in seconds (-1 to "
                L"99999), or until a key is pressed.\r\n    -1 means to wait for a key for ever; /NOBREAK ignores keys."
                L"\r\n");
            return 0;
        }
        if (same(each, L"/nobreak") && !nobreak) {
            nobreak = true;
            continue;
        }
        if (same(each, L"/t") && i + 1 < count)
            each = arguments[++i];
        if (given || (each[0] == L'/' && !given))
            return bad_syntax();
        if (!seconds_of(each, &seconds)) {
            complain(L"ERROR: Invalid value for timeout (/T) specified. Valid range is -1 to 99999.\r\n");
            return 1;
        }
        given = true;
    }
    if (!given)
        return bad_syntax();
    if (!is_console(input)) {
        complain(L"ERROR: Input redirection is not supported, exiting the process immediately.\r\n");
        return 1;
    }
    wait(input, seconds, nobreak);
    return 0;
}

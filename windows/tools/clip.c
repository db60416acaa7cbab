/* clip: standard input into the clipboard of the container's desktop. */
#include "tool.h"

int clip(int count, wchar_t **arguments)
{
    struct source source;
    size_t size = 0, room = 1 << 16, got, length;
    char *data = take(room);
    if (count && is_option(arguments[0], L"?"))
        return say(L"\r\nCLIP\r\n\r\nDescription:\r\n    Redirects output of command line tools to the Windows clipboard.\r\n"), 0;
    if (count)
        return complain(L"ERROR: Invalid syntax.\r\nType \"CLIP /?\" for usage.\r\n"), 1;
    if (!open_source(&source, NULL))
        return complain(L"ERROR: %s\r\n", reason(source.error)), 1;
    while ((got = read_source(&source, data + size, room - size))) {
        size += got;
        if (room - size < 1 << 15)
            data = more(data, room *= 2);
    }
    BOOL(WINAPI * open)(HWND) = from(L"user32.dll", "OpenClipboard");
    BOOL(WINAPI * empty)(void) = from(L"user32.dll", "EmptyClipboard");
    HANDLE(WINAPI * set)(UINT, HANDLE) = from(L"user32.dll", "SetClipboardData");
    BOOL(WINAPI * close)(void) = from(L"user32.dll", "CloseClipboard");
    wchar_t *text = wide_of(data, size, &length);
    HGLOBAL memory = GlobalAlloc(GMEM_MOVEABLE, (length + 1) * sizeof *text);
    memcpy(GlobalLock(memory), text, length * sizeof *text);
    ((wchar_t *)GlobalLock(memory))[length] = 0;
    GlobalUnlock(memory);
    if (!open(NULL) || !empty() || !set(CF_UNICODETEXT, memory) || !close())
        return complain(L"ERROR: %s\r\n", reason(GetLastError())), 1;
    return 0;
}

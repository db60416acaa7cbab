/*
 * A program with windows, and programs that do not care for console events; what they are told goes to standard output.
 *
 *   window    makes a window, says "ready", after three seconds "still here", and each message of its end; ends with 7
 *   dialog    shows a message box, and ends with the answer
 *   idle      says "ready", and handles no event
 *   polite    says "ready", and has a handler that takes every event and does nothing
 */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

enum { LATER_MS = 3000, CODE = 7 };

static void say(const char *text)
{
    printf("%s\n", text);
    fflush(stdout);
}

static LRESULT CALLBACK answer(HWND window, UINT message, WPARAM wparam, LPARAM lparam)
{
    switch (message) {
    case WM_TIMER:
        KillTimer(window, wparam);
        say("still here");
        return 0;
    case WM_QUERYENDSESSION:
        say("may it end?");
        break;
    case WM_ENDSESSION:
        say("it ends");
        break;
    case WM_CLOSE:
        say("close");
        break;
    case WM_DESTROY:
        PostQuitMessage(CODE);
        break;
    }
    return DefWindowProcW(window, message, wparam, lparam);
}

static int show_window(void)
{
    WNDCLASSW class = {.lpfnWndProc = answer, .lpszClassName = L"probe", .hInstance = GetModuleHandleW(NULL)};
    RegisterClassW(&class);
    HWND window = CreateWindowW(L"probe", L"A window", WS_OVERLAPPEDWINDOW | WS_VISIBLE, 0, 0, 300, 200, NULL, NULL,
                                class.hInstance, NULL);
    HDC context = GetDC(window);
    if (!window || !context || !TextOutW(context, 0, 0, L"text", 4))
        return 1;
    ReleaseDC(window, context);
    SetTimer(window, 1, LATER_MS, NULL);
    say("ready");
    MSG message;
    while (GetMessageW(&message, NULL, 0, 0) > 0)
        DispatchMessageW(&message);
    return (int)message.wParam;
}

static BOOL WINAPI take_it(DWORD event)
{
    (void)event;
    return TRUE;
}

int wmain(int count, wchar_t **arguments)
{
    const wchar_t *what = count > 1 ? arguments[1] : L"";
    _setmode(1, _O_BINARY);
    if (!wcscmp(what, L"window"))
        return show_window();
    if (!wcscmp(what, L"dialog"))
        return MessageBoxW(NULL, L"Grüße\nfrom a box", L"The title", MB_OKCANCEL);
    if (!wcscmp(what, L"polite"))
        SetConsoleCtrlHandler(take_it, TRUE);
    say("ready");
    Sleep(INFINITE);
    return 2;
}

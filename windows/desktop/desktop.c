/*
 * explorer.exe: the owner of the desktop, which Wine starts when a program makes its first window.
 *
 * It makes the desktop's window on a display that is not there, and keeps an eye on dialogues. Wine's own does more,
 * needs 5 MB for it, and has threads that wineserver takes for the desktop's last users: a program with one thread
 * would lose its windows after a second. Windows Server Core has no explorer either: there is nothing to look at.
 *
 * Source: Wine 10.0, dlls/win32u (how the desktop's window is asked for, and where its graphics driver is looked up).
 */
#include "desktop.h"

#define DESKTOP_CLASS MAKEINTATOM(32769)
#define VIDEO_KEY L"System\\CurrentControlSet\\Control\\Video\\{7c1b6c1e-3f0a-4b52-9d0e-5f1f0c4a2a01}\\0000"

enum { LOOK_MS = 2000 };

static GUID display = {0x7c1b6c1e, 0x3f0a, 0x4b52, {0x9d, 0x0e, 0x5f, 0x1f, 0x0c, 0x4a, 0x2a, 0x01}};

static void name_driver(void)
{
    LSTATUS(WINAPI * create)
    (HKEY, const wchar_t *, DWORD, wchar_t *, DWORD, REGSAM, SECURITY_ATTRIBUTES *, HKEY *, DWORD *);
    LSTATUS(WINAPI * set)(HKEY, const wchar_t *, DWORD, DWORD, const BYTE *, DWORD);
    HMODULE kernelbase = GetModuleHandleW(L"kernelbase.dll");
    HKEY key;
    create = (void *)GetProcAddress(kernelbase, "RegCreateKeyExW");
    set = (void *)GetProcAddress(kernelbase, "RegSetValueExW");
    if (create(HKEY_LOCAL_MACHINE, VIDEO_KEY, 0, NULL, REG_OPTION_VOLATILE, KEY_ALL_ACCESS, NULL, &key, NULL))
        return;
    set(key, L"GraphicsDriver", 0, REG_SZ, (const BYTE *)L"null", sizeof L"null");
}

static LRESULT CALLBACK answer(HWND window, UINT message, WPARAM wparam, LPARAM lparam)
{
    switch (message) {
    case WM_CLOSE: /* from wineserver: no program is left that has windows */
        ExitProcess(0);
    case WM_TIMER:
        dialogs_look();
        return 0;
    default:
        return DefWindowProcW(window, message, wparam, lparam);
    }
}

static bool is_asked_for_desktop(const wchar_t *command)
{
    for (; *command; command++)
        if (wide_equal(command, L"/desktop", 8))
            return true;
    return false;
}

void WINAPI entry(void)
{
    if (!is_asked_for_desktop(GetCommandLineW()))
        ExitProcess(1);
    name_driver();
    HWND window = CreateWindowExW(0, DESKTOP_CLASS, NULL, WS_POPUP | WS_CLIPSIBLINGS | WS_CLIPCHILDREN, 0, 0, 0, 0, NULL,
                                  NULL, NULL, &display);
    if (!window || window != GetDesktopWindow())
        ExitProcess(1); /* another was faster */
    SetWindowLongPtrW(window, GWLP_WNDPROC, (LONG_PTR)answer);
    SetWindowPos(window, NULL, GetSystemMetrics(SM_XVIRTUALSCREEN), GetSystemMetrics(SM_YVIRTUALSCREEN),
                 GetSystemMetrics(SM_CXVIRTUALSCREEN), GetSystemMetrics(SM_CYVIRTUALSCREEN),
                 SWP_NOZORDER | SWP_NOACTIVATE | SWP_SHOWWINDOW);
    SetTimer(window, 1, LOOK_MS, NULL);
    for (MSG message; GetMessageW(&message, NULL, 0, 0) > 0;)
        DispatchMessageW(&message);
    ExitProcess(0);
}

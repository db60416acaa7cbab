/*
 * Consoles, but for Wine's program behind them: that starts when a program first asks for what needs it (see
 * windows/console.c), so what can be said without it is said here.
 *
 * Code pages: what a console has at its start is known, until any program of the container sets another.
 *
 * The standard handles of a program whose parent asks for handles of its own and passes none: they are its console's.
 * Terminals start programs in pseudo consoles so, lest they inherit the terminal's own handles; in Wine they get none.
 *
 * Source: Microsoft, "Creating a Pseudoconsole session"; STARTUPINFO, STARTF_USESTDHANDLES.
 */
#include "graft.h"
#include "../mark.h"

enum { CONSOLE_OF_PARAMETERS = 0x10, LAST_SPECIAL_CONSOLE = 3 };

static bool has_console(void)
{
    ULONG_PTR console = *(ULONG_PTR *)(parameters_of_process() + CONSOLE_OF_PARAMETERS);
    return console > LAST_SPECIAL_CONSOLE && console < (ULONG_PTR)-LAST_SPECIAL_CONSOLE;
}

HOOK UINT WINAPI hook_GetConsoleCP(void)
{
    return has_console() && !is_marked(MARK_CODE_PAGE) ? GetOEMCP() : GetConsoleCP();
}

HOOK UINT WINAPI hook_GetConsoleOutputCP(void)
{
    return has_console() && !is_marked(MARK_CODE_PAGE) ? GetOEMCP() : GetConsoleOutputCP();
}

HOOK BOOL WINAPI hook_SetConsoleCP(UINT page)
{
    set_mark(MARK_CODE_PAGE);
    return SetConsoleCP(page);
}

HOOK BOOL WINAPI hook_SetConsoleOutputCP(UINT page)
{
    set_mark(MARK_CODE_PAGE);
    return SetConsoleOutputCP(page);
}

HOOK HANDLE WINAPI hook_GetStdHandle(DWORD which)
{
    STARTUPINFOW start;
    HANDLE handle = GetStdHandle(which);
    if (handle)
        return handle;
    GetStartupInfoW(&start);
    if (!(start.dwFlags & STARTF_USESTDHANDLES))
        return handle;
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    const wchar_t *name = which == STD_INPUT_HANDLE ? L"CONIN$" : L"CONOUT$";
    HANDLE console = CreateFileW(name, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited,
                                 OPEN_EXISTING, 0, NULL);
    if (console == INVALID_HANDLE_VALUE)
        return handle; /* it has no console */
    SetStdHandle(which, console);
    return console;
}

/*
 * Windows' consoles have a window even where there is no screen, and programs take its absence for that of a console.
 * Wine's have none without a display. It is made for who asks: one that is on no desktop, so nothing else meets it.
 */
HOOK HWND WINAPI hook_GetConsoleWindow(void)
{
    static volatile HWND made;
    HWND window = GetConsoleWindow();
    if (window || !has_console())
        return window;
    if (made)
        return made;
    HMODULE user32 = LoadLibraryW(L"user32.dll");
    HWND(WINAPI * create)
    (DWORD, const wchar_t *, const wchar_t *, DWORD, int, int, int, int, HWND, HMENU, HINSTANCE, void *);
    create = user32 ? (void *)GetProcAddress(user32, "CreateWindowExW") : NULL;
    return made = create ? create(0, L"Static", L"", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, NULL, NULL) : NULL;
}

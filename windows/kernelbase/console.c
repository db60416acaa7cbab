/*
 * The standard handles of a program whose parent asks for handles of its own and passes none: they are its console's.
 * Terminals start programs in pseudo consoles so, lest they inherit the terminal's own handles; in Wine they get none.
 *
 * Source: Microsoft, "Creating a Pseudoconsole session"; STARTUPINFO, STARTF_USESTDHANDLES.
 */
#include "graft.h"

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

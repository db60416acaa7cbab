/*
 * Variables of Wine's own, which it puts into every process for its libraries: they have read what they need of it by
 * the time that a program asks. Names that a container's configuration may mean something by (WINEDEBUG,
 * WINEDLLOVERRIDES) are left.
 *
 * Source: winternl.h (offsets in PEB and process parameters are ABI).
 */
#include "graft.h"

__declspec(dllimport) void NTAPI RtlAcquirePebLock(void);
__declspec(dllimport) void NTAPI RtlReleasePebLock(void);

#undef GetEnvironmentStringsA
__declspec(dllimport) char *WINAPI GetEnvironmentStringsA(void);

static bool is_wines(const wchar_t *entry)
{
    static const wchar_t *const names[] = {
        L"BUILDDIR=", L"CONFIGDIR=",     L"DATADIR=", L"DLLDIR",      L"HOMEDIR=",
        L"LOADER=",   L"SYSTEMDLLPATH=", L"UNIXCP=",  L"USERLOCALE=", L"USERNAME=",
    };
    if (entry[0] != 'W' || entry[1] != 'I' || entry[2] != 'N' || entry[3] != 'E')
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const wchar_t *name = names[i], *at = entry + 4;
        while (*name && *name == *at)
            name++, at++;
        if (!*name)
            return true;
    }
    return false;
}

/* Take them out where they are, once: what a program adds later under these names is its own. */
static void hide(void)
{
    static volatile LONG hidden;
    char *parameters = parameters_of_process();
    if (hidden)
        return;
    RtlAcquirePebLock();
    wchar_t *entry = *(wchar_t **)(parameters + ENVIRONMENT_OF_PARAMETERS), *to = entry;
    if (!hidden && entry) {
        while (*entry) {
            bool kept = !is_wines(entry);
            do
                if (kept)
                    *to++ = *entry;
            while (*entry++);
        }
        *to = 0;
    }
    hidden = 1;
    RtlReleasePebLock();
}

HOOK wchar_t *WINAPI hook_GetEnvironmentStringsW(void)
{
    hide();
    return GetEnvironmentStringsW();
}

HOOK char *WINAPI hook_GetEnvironmentStringsA(void)
{
    hide();
    return GetEnvironmentStringsA();
}

HOOK char *WINAPI hook_GetEnvironmentStrings(void)
{
    hide();
    return GetEnvironmentStringsA();
}

HOOK DWORD WINAPI hook_GetEnvironmentVariableW(const wchar_t *name, wchar_t *value, DWORD size)
{
    hide();
    return GetEnvironmentVariableW(name, value, size);
}

HOOK DWORD WINAPI hook_GetEnvironmentVariableA(const char *name, char *value, DWORD size)
{
    hide();
    return GetEnvironmentVariableA(name, value, size);
}

/* setx: an environment variable for the user, or with /M for the machine, in the registry. */
#include "tool.h"

#define MACHINE L"System\\CurrentControlSet\\Control\\Session Manager\\Environment"

enum { LONGEST = 1024 };

static const wchar_t usage[] =
    L"\r\nSetX [/M] var value\r\n\r\nDescription:\r\n    Creates or modifies environment variables in the user or system\r\n"
    L"    environment.\r\n\r\nParameter List:\r\n    /M    Sets the variable in the system wide (HKEY_LOCAL_MACHINE)\r\n"
    L"          environment. The default is HKEY_CURRENT_USER.\r\n";

static int bad_syntax(const wchar_t *more)
{
    complain(L"ERROR: Invalid syntax.%s\r\nType \"SETX /?\" for usage.\r\n", more);
    return 1;
}

static LSTATUS save(bool machine, const wchar_t *name, const wchar_t *value)
{
    HMODULE advapi = LoadLibraryW(L"advapi32.dll");
    LSTATUS(WINAPI * create)
    (HKEY, const wchar_t *, DWORD, wchar_t *, DWORD, REGSAM, SECURITY_ATTRIBUTES *, HKEY *, DWORD *);
    LSTATUS(WINAPI * set)(HKEY, const wchar_t *, DWORD, DWORD, const BYTE *, DWORD);
    HKEY key;
    create = (void *)GetProcAddress(advapi, "RegCreateKeyExW");
    set = (void *)GetProcAddress(advapi, "RegSetValueExW");
    LSTATUS status = create(machine ? HKEY_LOCAL_MACHINE : HKEY_CURRENT_USER, machine ? MACHINE : L"Environment", 0,
                            NULL, 0, KEY_SET_VALUE, NULL, &key, NULL);
    if (status)
        return status;
    return set(key, name, 0, wcschr(value, L'%') ? REG_EXPAND_SZ : REG_SZ, (const BYTE *)value,
               (DWORD)((wcslen(value) + 1) * sizeof *value));
}

int setx(int count, wchar_t **arguments)
{
    const wchar_t *words[2];
    int found = 0;
    bool machine = false;
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i];
        bool option = (each[0] == L'/' || each[0] == L'-') && each[1] && !each[2];
        if (option && each[1] == L'?')
            return say(L"%s", usage), 0;
        if (option && upper(each[1]) == L'M' && !machine) {
            machine = true;
        } else if (option && wcschr(L"SUPKFAXRD", upper(each[1]))) {
            complain(L"ERROR: SETX here knows /M only: %s is not supported. Give the name and the value.\r\n", each);
            return 1;
        } else if (found == 2) {
            return bad_syntax(L" Default option is not allowed more than '2' time(s).");
        } else {
            words[found++] = each;
        }
    }
    if (found < 2 || !*words[0])
        return bad_syntax(L"");
    if (wcschr(words[0], L'='))
        return bad_syntax(L"");
    wchar_t *value = copy(words[1]);
    if (wcslen(value) > LONGEST) {
        value[LONGEST] = 0;
        complain(L"\r\nWARNING: The data being saved is truncated to 1024 characters.\r\n");
    }
    LSTATUS status = save(machine, words[0], value);
    if (status) {
        complain(L"ERROR: %s\r\n", status == ERROR_ACCESS_DENIED ? L"Access to the registry path is denied."
                                                                : reason((unsigned)status));
        return 1;
    }
    say(L"\r\nSUCCESS: Specified value was saved.\r\n");
    return 0;
}

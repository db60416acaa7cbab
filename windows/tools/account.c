/* Accounts: names and security identifiers. */
#include "account.h"

enum { ROOM = 512 };

void *advapi(const char *name)
{
    static HMODULE library;
    if (!library)
        library = LoadLibraryW(L"advapi32.dll");
    void *found = (void *)GetProcAddress(library, name);
    if (!found)
        ExitProcess(255);
    return found;
}

wchar_t *account_of(void *sid)
{
    BOOL(WINAPI * look_up)(const wchar_t *, void *, wchar_t *, DWORD *, wchar_t *, DWORD *, SID_NAME_USE *);
    BOOL(WINAPI * print)(void *, wchar_t **);
    wchar_t name[ROOM], domain[ROOM], *text;
    DWORD name_room = ROOM, domain_room = ROOM;
    SID_NAME_USE use;
    look_up = advapi("LookupAccountSidW");
    print = advapi("ConvertSidToStringSidW");
    if (look_up(NULL, sid, name, &name_room, domain, &domain_room, &use))
        return *domain ? format(L"%s\\%s", domain, name) : copy(name);
    return print(sid, &text) ? text : copy(L"?");
}

wchar_t *own_account(void)
{
    BOOL(WINAPI * open)(HANDLE, DWORD, HANDLE *);
    BOOL(WINAPI * ask)(HANDLE, TOKEN_INFORMATION_CLASS, void *, DWORD, DWORD *);
    HANDLE token;
    DWORD size;
    TOKEN_USER *user = take(ROOM);
    open = advapi("OpenProcessToken");
    ask = advapi("GetTokenInformation");
    if (!open(GetCurrentProcess(), TOKEN_QUERY, &token) || !ask(token, TokenUser, user, ROOM, &size))
        return copy(L"?");
    return account_of(user->User.Sid);
}

/* Wine knows the one that asks; images' files are given to either. */
static bool is_of_containers(const wchar_t *name)
{
    static const wchar_t domain[] = L"User Manager\\";
    if (same_start(name, domain))
        name += sizeof domain / sizeof *domain - 1;
    return same(name, L"ContainerAdministrator") || same(name, L"ContainerUser");
}

bool account_exists(const wchar_t *name)
{
    BOOL(WINAPI * look_up)(const wchar_t *, const wchar_t *, void *, DWORD *, wchar_t *, DWORD *, SID_NAME_USE *);
    BOOL(WINAPI * parse)(const wchar_t *, void **);
    wchar_t domain[ROOM];
    char sid[ROOM];
    void *parsed;
    DWORD sid_room = ROOM, domain_room = ROOM;
    SID_NAME_USE use;
    look_up = advapi("LookupAccountNameW");
    parse = advapi("ConvertStringSidToSidW");
    if (*name == L'*')
        return parse(name + 1, &parsed);
    if (is_of_containers(name))
        return true;
    return look_up(NULL, name, sid, &sid_room, domain, &domain_room, &use);
}

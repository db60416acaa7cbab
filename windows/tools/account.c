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

static bool look_up(void *sid, wchar_t **text, SID_NAME_USE *use)
{
    BOOL(WINAPI * ask)(const wchar_t *, void *, wchar_t *, DWORD *, wchar_t *, DWORD *, SID_NAME_USE *);
    wchar_t name[ROOM], domain[ROOM];
    DWORD name_room = ROOM, domain_room = ROOM;
    ask = advapi("LookupAccountSidW");
    if (!ask(NULL, sid, name, &name_room, domain, &domain_room, use))
        return false;
    *text = *domain ? format(L"%s\\%s", domain, name) : copy(name);
    return true;
}

wchar_t *account_of(void *sid)
{
    SID_NAME_USE use;
    wchar_t *text;
    if (look_up(sid, &text, &use))
        return text;
    text = take(SID_TEXT_ROOM * sizeof *text);
    sid_print(sid, text);
    return text;
}

wchar_t *group_name(void *sid, const wchar_t **type)
{
    static const struct {
        struct sid sid;
        const wchar_t *name, *type;
    } known[] = {
        {{1, 1, {0, 0, 0, 0, 0, 2}, {1}}, L"CONSOLE LOGON", L"Well-known group"},
        {{1, 1, {0, 0, 0, 0, 0, 2}, {0}}, L"LOCAL", L"Well-known group"},
        {{1, 1, {0, 0, 0, 0, 0, 5}, {15}}, L"NT AUTHORITY\\This Organization", L"Well-known group"},
        {{1, 1, {0, 0, 0, 0, 0, 16}, {8192}}, L"Mandatory Label\\Medium Mandatory Level", L"Label"},
        {{1, 1, {0, 0, 0, 0, 0, 16}, {12288}}, L"Mandatory Label\\High Mandatory Level", L"Label"},
        {{1, 1, {0, 0, 0, 0, 0, 16}, {16384}}, L"Mandatory Label\\System Mandatory Level", L"Label"},
    };
    SID_NAME_USE use;
    wchar_t *text = NULL;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (sid_same(&known[i].sid, sid))
            return *type = known[i].type, copy(known[i].name);
    *type = L"Unknown SID type";
    if (!look_up(sid, &text, &use))
        return copy(L"");
    *type = use == SidTypeAlias            ? L"Alias"
            : use == SidTypeWellKnownGroup ? L"Well-known group"
            : use == SidTypeUser           ? L"User"
                                           : L"Group";
    return text;
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

bool is_administrator(void)
{
    BOOL(WINAPI * check)(HANDLE, void *, BOOL *) = advapi("CheckTokenMembership");
    BOOL member = FALSE;
    return check(NULL, (void *)&sid_administrators, &member) && member;
}

wchar_t *computer_name(void)
{
    wchar_t *name = take(ROOM * sizeof *name);
    DWORD room = ROOM;
    GetComputerNameW(name, &room);
    return name;
}

bool account_sid(const wchar_t *name, struct sid *sid)
{
    BOOL(WINAPI * ask)(const wchar_t *, const wchar_t *, void *, DWORD *, wchar_t *, DWORD *, SID_NAME_USE *);
    wchar_t domain[ROOM];
    DWORD sid_room = sizeof *sid, domain_room = ROOM;
    SID_NAME_USE use;
    if (*name == L'*' || same_start(name, L"S-1-"))
        return sid_read(name + (*name == L'*'), sid);
    ask = advapi("LookupAccountNameW");
    return ask(NULL, name, sid, &sid_room, domain, &domain_room, &use);
}

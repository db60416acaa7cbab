/* This machine, who asks, and which names may be given. */
#include "graft.h"

__declspec(dllimport) NTSTATUS NTAPI NtOpenProcessToken(HANDLE, ACCESS_MASK, HANDLE *);
__declspec(dllimport) NTSTATUS NTAPI NtOpenThreadToken(HANDLE, ACCESS_MASK, BOOLEAN, HANDLE *);
__declspec(dllimport) NTSTATUS NTAPI NtQueryInformationToken(HANDLE, TOKEN_INFORMATION_CLASS, void *, ULONG, ULONG *);

const wchar_t *computer(wchar_t name[ACCOUNT_ROOM])
{
    HANDLE key = key_open(L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\ComputerName\\ActiveComputerName", false);
    name[0] = 0;
    if (key) {
        ULONG size = value_get(key, L"ComputerName", name, (ACCOUNT_ROOM - 1) * sizeof *name);
        name[size / sizeof *name] = 0;
        NtClose(key);
    }
    return name;
}

bool is_here(const wchar_t *server)
{
    wchar_t own[ACCOUNT_ROOM];
    while (server && *server == L'\\')
        server++;
    return !server || !*server || name_same(server, computer(own)) || name_same(server, L"localhost");
}

bool is_administrator(void)
{
    enum { ROOM = 4096 };
    union {
        TOKEN_GROUPS groups;
        char room[ROOM];
    } data;
    HANDLE token;
    ULONG got;
    if (NtOpenThreadToken((HANDLE)(ULONG_PTR)-2, TOKEN_QUERY, TRUE, &token) &&
        NtOpenProcessToken((HANDLE)(ULONG_PTR)-1, TOKEN_QUERY, &token))
        return false;
    NTSTATUS status = NtQueryInformationToken(token, TokenGroups, &data, sizeof data, &got);
    bool member = false;
    NtClose(token);
    for (DWORD i = 0; !status && i < data.groups.GroupCount; i++)
        member |= data.groups.Groups[i].Attributes & SE_GROUP_ENABLED &&
                  sid_same(data.groups.Groups[i].Sid, &sid_administrators);
    return member;
}

bool is_good_name(const wchar_t *name, size_t longest)
{
    static const wchar_t forbidden[] = L"\"/\\[]:;|=,+*?<>@";
    size_t length = name ? text_length(name) : 0;
    bool only_dots = true;
    for (size_t i = 0; i < length; i++) {
        only_dots &= name[i] == L'.' || name[i] == L' ';
        for (const wchar_t *c = forbidden; *c; c++)
            if (name[i] == *c || name[i] < L' ')
                return false;
    }
    return length && length <= longest && !only_dots;
}

HANDLE policy(bool for_writing)
{
    return key_open(L"\\Registry\\Machine\\SAM\\Accounts", for_writing);
}

DWORD next_rid(void)
{
    HANDLE key = policy(true);
    DWORD rid = 0, next;
    if (!key)
        return 0;
    rid = value_number(key, L"NextRid", FIRST_USER_RID);
    next = rid + 1;
    if (!value_set(key, L"NextRid", REG_DWORD, &next, sizeof next))
        rid = 0;
    NtClose(key);
    return rid;
}

bool is_name_taken(const wchar_t *name, DWORD *error)
{
    struct account found;
    wchar_t own[ACCOUNT_ROOM];
    computer(own);
    if (account_find(name, own, &found))
        *error = NERR_UserExists;
    else if (group_find(name, own, &found))
        *error = ERROR_ALIAS_EXISTS;
    else
        return false;
    return true;
}

/*
 * Names and security identifiers of the container's accounts, and the name of the caller's own.
 *
 * What is not ours (Everyone, NT AUTHORITY and the like) Wine looks up as before.
 *
 * Source: Microsoft, LookupAccountSidW, LookupAccountNameW, GetUserNameW, LogonUserW.
 */
#include "graft.h"

__declspec(dllimport) NTSTATUS NTAPI NtOpenProcessToken(HANDLE, ACCESS_MASK, HANDLE *);
__declspec(dllimport) NTSTATUS NTAPI NtOpenThreadToken(HANDLE, ACCESS_MASK, BOOLEAN, HANDLE *);
__declspec(dllimport) NTSTATUS NTAPI NtQueryInformationToken(HANDLE, TOKEN_INFORMATION_CLASS, void *, ULONG, ULONG *);

__declspec(dllimport) NTSTATUS NTAPI RtlMultiByteToUnicodeN(wchar_t *, ULONG, ULONG *, const char *, ULONG);
__declspec(dllimport) NTSTATUS NTAPI RtlUnicodeToMultiByteN(char *, ULONG, ULONG *, const wchar_t *, ULONG);

#define THIS_PROCESS ((HANDLE)~(ULONG_PTR)0)
#define THIS_THREAD ((HANDLE)~(ULONG_PTR)1)

static DWORD length_of(const wchar_t *text)
{
    DWORD length = 0;
    while (text[length])
        length++;
    return length;
}

static BOOL fail(DWORD error)
{
    RtlSetLastWin32Error(error);
    return FALSE;
}

wchar_t *wide(const char *text, wchar_t *room, ULONG count)
{
    ULONG bytes = 0;
    if (!text)
        return NULL;
    DWORD length = 0;
    while (text[length])
        length++;
    RtlMultiByteToUnicodeN(room, (count - 1) * sizeof *room, &bytes, text, length);
    room[bytes / sizeof *room] = 0;
    return room;
}

static ULONG narrow(const wchar_t *text, char *room, ULONG size)
{
    ULONG bytes = 0;
    RtlUnicodeToMultiByteN(room, size - 1, &bytes, text, length_of(text) * sizeof *text);
    room[bytes] = 0;
    return bytes;
}

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

bool is_here(const wchar_t *machine)
{
    wchar_t own[ACCOUNT_ROOM];
    if (!machine || !*machine)
        return true;
    while (*machine == L'\\')
        machine++;
    return name_same(machine, computer(own)) || name_same(machine, L"localhost");
}

static bool own_account(struct account *account)
{
    union {
        TOKEN_USER user;
        char room[128];
    } data;
    HANDLE token;
    ULONG got;
    if (NtOpenThreadToken(THIS_THREAD, TOKEN_QUERY, TRUE, &token) && NtOpenProcessToken(THIS_PROCESS, TOKEN_QUERY, &token))
        return false;
    NTSTATUS status = NtQueryInformationToken(token, TokenUser, &data, sizeof data, &got);
    NtClose(token);
    return !status && account_with(data.user.User.Sid, account);
}

HOOK BOOL WINAPI hook_GetUserNameW(wchar_t *name, DWORD *size)
{
    struct account account;
    if (!own_account(&account))
        return GetUserNameW(name, size);
    DWORD needed = length_of(account.name) + 1, room = *size;
    *size = needed;
    if (!name || room < needed)
        return fail(ERROR_INSUFFICIENT_BUFFER);
    for (DWORD i = 0; i < needed; i++)
        name[i] = account.name[i];
    return TRUE;
}

HOOK BOOL WINAPI hook_GetUserNameA(char *name, DWORD *size)
{
    struct account account;
    char text[ACCOUNT_ROOM * 3];
    if (!own_account(&account))
        return GetUserNameA(name, size);
    DWORD needed = narrow(account.name, text, sizeof text) + 1, room = *size;
    *size = needed;
    if (!name || room < needed)
        return fail(ERROR_INSUFFICIENT_BUFFER);
    for (DWORD i = 0; i < needed; i++)
        name[i] = text[i];
    return TRUE;
}

/* What there is of the three, if it fits; the sizes that are needed otherwise. Wine's userenv wants no domain. */
static BOOL answer(const wchar_t *text, wchar_t *to, DWORD *size)
{
    DWORD length = length_of(text);
    if (*size <= length) {
        *size = length + 1;
        return FALSE;
    }
    for (DWORD i = 0; to && i <= length; i++)
        to[i] = text[i];
    *size = length;
    return TRUE;
}

static bool find_sid(const void *sid, struct account *account)
{
    const struct sid *wanted = sid;
    return wanted && wanted->count <= SID_PARTS && (account_with(wanted, account) || group_with(wanted, account));
}

HOOK BOOL WINAPI hook_LookupAccountSidW(const wchar_t *system, PSID sid, wchar_t *name, DWORD *name_size, wchar_t *domain,
                                        DWORD *domain_size, SID_NAME_USE *use)
{
    struct account account;
    wchar_t own[ACCOUNT_ROOM];
    if (!is_here(system) || !find_sid(sid, &account))
        return LookupAccountSidW(system, sid, name, name_size, domain, domain_size, use);
    BOOL fits = answer(account.name, name, name_size);
    fits &= answer(accounts_domain(&account, computer(own)), domain, domain_size);
    if (use)
        *use = account.group ? SidTypeAlias : SidTypeUser;
    return fits ? TRUE : fail(ERROR_INSUFFICIENT_BUFFER);
}

static BOOL answer_narrow(const wchar_t *text, char *to, DWORD *size)
{
    char bytes[ACCOUNT_ROOM * 3];
    DWORD length = narrow(text, bytes, sizeof bytes);
    if (*size <= length) {
        *size = length + 1;
        return FALSE;
    }
    for (DWORD i = 0; to && i <= length; i++)
        to[i] = bytes[i];
    *size = length;
    return TRUE;
}

HOOK BOOL WINAPI hook_LookupAccountSidA(const char *system, PSID sid, char *name, DWORD *name_size, char *domain,
                                        DWORD *domain_size, SID_NAME_USE *use)
{
    struct account account;
    wchar_t own[ACCOUNT_ROOM], machine[ACCOUNT_ROOM];
    if (!is_here(wide(system, machine, ACCOUNT_ROOM)) || !find_sid(sid, &account))
        return LookupAccountSidA(system, sid, name, name_size, domain, domain_size, use);
    BOOL fits = answer_narrow(account.name, name, name_size);
    fits &= answer_narrow(accounts_domain(&account, computer(own)), domain, domain_size);
    if (use)
        *use = account.group ? SidTypeAlias : SidTypeUser;
    return fits ? TRUE : fail(ERROR_INSUFFICIENT_BUFFER);
}

HOOK BOOL WINAPI hook_LookupAccountSidLocalW(PSID sid, wchar_t *name, DWORD *name_size, wchar_t *domain,
                                             DWORD *domain_size, SID_NAME_USE *use)
{
    return hook_LookupAccountSidW(NULL, sid, name, name_size, domain, domain_size, use);
}

HOOK BOOL WINAPI hook_LookupAccountSidLocalA(PSID sid, char *name, DWORD *name_size, char *domain, DWORD *domain_size,
                                             SID_NAME_USE *use)
{
    return hook_LookupAccountSidA(NULL, sid, name, name_size, domain, domain_size, use);
}

static bool find_name(const wchar_t *name, struct account *account)
{
    wchar_t own[ACCOUNT_ROOM];
    if (!name || !*name || (name[0] == L'S' && name[1] == L'-'))
        return false;
    computer(own);
    return account_find(name, own, account) || group_find(name, own, account);
}

static BOOL answer_sid(const struct account *account, void *to, DWORD *size, SID_NAME_USE *use)
{
    DWORD needed = (DWORD)sid_size(&account->sid), room = *size;
    *size = needed;
    if (use)
        *use = account->group ? SidTypeAlias : SidTypeUser;
    if (!to || room < needed)
        return FALSE;
    for (DWORD i = 0; i < needed; i++)
        ((BYTE *)to)[i] = ((const BYTE *)&account->sid)[i];
    return TRUE;
}

HOOK BOOL WINAPI hook_LookupAccountNameW(const wchar_t *system, const wchar_t *name, PSID sid, DWORD *sid_size_,
                                         wchar_t *domain, DWORD *domain_size, SID_NAME_USE *use)
{
    struct account account;
    wchar_t own[ACCOUNT_ROOM];
    if (!is_here(system) || !find_name(name, &account))
        return LookupAccountNameW(system, name, sid, sid_size_, domain, domain_size, use);
    BOOL fits = answer_sid(&account, sid, sid_size_, use);
    fits &= answer(accounts_domain(&account, computer(own)), domain, domain_size);
    return fits ? TRUE : fail(ERROR_INSUFFICIENT_BUFFER);
}

HOOK BOOL WINAPI hook_LookupAccountNameA(const char *system, const char *name, PSID sid, DWORD *sid_size_, char *domain,
                                         DWORD *domain_size, SID_NAME_USE *use)
{
    struct account account;
    wchar_t own[ACCOUNT_ROOM], machine[ACCOUNT_ROOM], wanted[2 * ACCOUNT_ROOM];
    if (!is_here(wide(system, machine, ACCOUNT_ROOM)) || !find_name(wide(name, wanted, 2 * ACCOUNT_ROOM), &account))
        return LookupAccountNameA(system, name, sid, sid_size_, domain, domain_size, use);
    BOOL fits = answer_sid(&account, sid, sid_size_, use);
    fits &= answer_narrow(accounts_domain(&account, computer(own)), domain, domain_size);
    return fits ? TRUE : fail(ERROR_INSUFFICIENT_BUFFER);
}

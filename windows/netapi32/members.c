/* Who is in which local group. */
#include "graft.h"

/* A list of texts, each with its end, and one more at the end of all. */
struct list {
    wchar_t text[LIST_ROOM / sizeof(wchar_t) + 2];
};

static void read_list(HANDLE group, struct list *list)
{
    ULONG size = value_get(group, L"Members", list->text, LIST_ROOM);
    list->text[size / sizeof(wchar_t)] = list->text[size / sizeof(wchar_t) + 1] = 0;
}

DWORD member_set(const struct account *group, const struct sid *sid, bool member)
{
    struct list before, after;
    wchar_t text[SID_TEXT_ROOM], *to = after.text;
    HANDLE key = accounts_key(group->name, true, true);
    if (!key)
        return ERROR_ACCESS_DENIED;
    sid_print(sid, text);
    DWORD error = is_member(key, sid) == member ? member ? ERROR_MEMBER_IN_ALIAS : ERROR_MEMBER_NOT_IN_ALIAS : 0;
    read_list(key, &before);
    for (const wchar_t *each = before.text; *each; each += text_length(each) + 1)
        if (!name_same(each, text)) {
            text_copy(each, to, SID_TEXT_ROOM);
            to += text_length(to) + 1;
        }
    if ((size_t)(to - after.text) + SID_TEXT_ROOM > LIST_ROOM / sizeof *to)
        error = error ? error : ERROR_NOT_ENOUGH_MEMORY;
    if (!error) {
        if (member) {
            text_copy(text, to, SID_TEXT_ROOM);
            to += text_length(to) + 1;
        }
        *to++ = 0;
        if (!value_set(key, L"Members", REG_MULTI_SZ, after.text, (ULONG)((char *)to - (char *)after.text)))
            error = ERROR_ACCESS_DENIED;
    }
    NtClose(key);
    return error;
}

void members_forget(const struct sid *sid)
{
    wchar_t name[ACCOUNT_ROOM], own[ACCOUNT_ROOM];
    struct account group;
    HANDLE list = accounts_list(true);
    computer(own);
    for (ULONG i = 0; list && key_name(list, i, name); i++)
        if (group_find(name, own, &group))
            member_set(&group, sid, false);
    if (list)
        NtClose(list);
}

static bool find(const wchar_t *server, const wchar_t *name, struct account *group, DWORD *error)
{
    wchar_t own[ACCOUNT_ROOM];
    *error = !is_here(server) ? ERROR_BAD_NETPATH : NERR_GroupNotFound;
    return is_here(server) && name && group_find(name, computer(own), group);
}

typedef BOOL(WINAPI *by_sid)(const wchar_t *, PSID, wchar_t *, DWORD *, wchar_t *, DWORD *, SID_NAME_USE *);
typedef BOOL(WINAPI *by_name)(const wchar_t *, const wchar_t *, PSID, DWORD *, wchar_t *, DWORD *, SID_NAME_USE *);

/* advapi32's, which is there with this library: names that are not accounts of the container's are its. */
static void *look_up(const char *name)
{
    __declspec(dllimport) NTSTATUS NTAPI LdrLoadDll(const wchar_t *, DWORD, const UNICODE_STRING *, HMODULE *);
    __declspec(dllimport) NTSTATUS NTAPI LdrGetProcedureAddress(HMODULE, const ANSI_STRING *, ULONG, void **);
    UNICODE_STRING file;
    ANSI_STRING function;
    HMODULE library;
    void *found = NULL;
    RtlInitUnicodeString(&file, L"advapi32.dll");
    RtlInitAnsiString(&function, name);
    if (LdrLoadDll(NULL, 0, &file, &library) < 0 || LdrGetProcedureAddress(library, &function, 0, &found) < 0)
        return NULL;
    return found;
}

static bool write_member(struct answer *answer, void *to, DWORD level, const entry *entry)
{
    wchar_t text[2 * ACCOUNT_ROOM + 1] = L"", name[ACCOUNT_ROOM], domain[ACCOUNT_ROOM];
    DWORD name_size = ACCOUNT_ROOM, domain_size = ACCOUNT_ROOM;
    SID_NAME_USE use = SidTypeUnknown;
    by_sid ask = look_up("LookupAccountSidW");
    if (!ask || !ask(NULL, (PSID)&entry->sid, name, &name_size, domain, &domain_size, &use)) {
        domain[0] = 0;
        sid_print(&entry->sid, name);
    }
    if (level == 3 || level == 2) {
        text_copy(domain, text, ACCOUNT_ROOM);
        if (*text)
            text_copy(L"\\", text + text_length(text), 2);
    }
    text_copy(name, text + text_length(text), ACCOUNT_ROOM);
    LOCALGROUP_MEMBERS_INFO_2 *two = to;
    if (level == 3) {
        ((LOCALGROUP_MEMBERS_INFO_3 *)to)->lgrmi3_domainandname = answer_text(answer, text);
        return true;
    }
    two->lgrmi2_sid = answer_bytes(answer, &entry->sid, sid_size(&entry->sid));
    if (level) {
        two->lgrmi2_sidusage = use;
        two->lgrmi2_domainandname = answer_text(answer, text);
    }
    return true;
}

HOOK NET_API_STATUS WINAPI hook_NetLocalGroupGetMembers(const wchar_t *server, const wchar_t *name, DWORD level,
                                                        BYTE **buffer, DWORD most, DWORD *read, DWORD *total,
                                                        DWORD_PTR *resume)
{
    static const size_t sizes[] = {sizeof(LOCALGROUP_MEMBERS_INFO_0), sizeof(LOCALGROUP_MEMBERS_INFO_1),
                                   sizeof(LOCALGROUP_MEMBERS_INFO_2), sizeof(LOCALGROUP_MEMBERS_INFO_3)};
    enum { MOST_MEMBERS = 256 };
    entry members[MOST_MEMBERS];
    struct account group;
    struct list list;
    DWORD error, count = 0;
    (void)most;
    if (!find(server, name, &group, &error))
        return error;
    HANDLE key = accounts_key(group.name, true, false);
    if (!key)
        return NERR_GroupNotFound;
    read_list(key, &list);
    NtClose(key);
    for (const wchar_t *each = list.text; *each && count < MOST_MEMBERS; each += text_length(each) + 1)
        count += sid_read(each, &members[count].sid);
    error = answer_all(members, count, level, level < 4 ? sizes[level] : 0, write_member, buffer);
    *read = *total = error ? 0 : count;
    if (resume)
        *resume = 0;
    return error;
}

static bool sid_of_name(const wchar_t *name, struct sid *sid)
{
    wchar_t domain[ACCOUNT_ROOM];
    DWORD size = sizeof *sid, domain_size = ACCOUNT_ROOM;
    SID_NAME_USE use;
    by_name ask = look_up("LookupAccountNameW");
    *sid = (struct sid){0};
    return name && ask && ask(NULL, name, sid, &size, domain, &domain_size, &use);
}

static bool sid_of_pointer(const struct sid *from, struct sid *sid)
{
    *sid = (struct sid){0};
    if (!from || from->revision != 1 || from->count > SID_PARTS)
        return false;
    for (size_t i = 0; i < sid_size(from); i++)
        ((BYTE *)sid)[i] = ((const BYTE *)from)[i];
    return true;
}

static DWORD change(const wchar_t *server, const wchar_t *name, DWORD level, const void *buffer, DWORD count, bool member)
{
    struct account group;
    DWORD error;
    if (!find(server, name, &group, &error))
        return error;
    if (level != 0 && level != 3)
        return ERROR_INVALID_LEVEL;
    if (!is_administrator())
        return ERROR_ACCESS_DENIED;
    for (DWORD i = 0; i < count; i++) {
        struct sid sid;
        void *each = ((void *const *)buffer)[i]; /* both levels are one pointer */
        if (level ? !sid_of_name(each, &sid) : !sid_of_pointer(each, &sid))
            return ERROR_NO_SUCH_MEMBER;
        if ((error = member_set(&group, &sid, member)))
            return error;
    }
    return NERR_Success;
}

HOOK NET_API_STATUS WINAPI hook_NetLocalGroupAddMembers(const wchar_t *server, const wchar_t *name, DWORD level,
                                                        BYTE *buffer, DWORD count)
{
    return change(server, name, level, buffer, count, true);
}

HOOK NET_API_STATUS WINAPI hook_NetLocalGroupDelMembers(const wchar_t *server, const wchar_t *name, DWORD level,
                                                        BYTE *buffer, DWORD count)
{
    return change(server, name, level, buffer, count, false);
}

HOOK NET_API_STATUS WINAPI hook_NetLocalGroupAddMember(const wchar_t *server, const wchar_t *name, PSID sid)
{
    return change(server, name, 0, &sid, 1, true);
}

HOOK NET_API_STATUS WINAPI hook_NetLocalGroupDelMember(const wchar_t *server, const wchar_t *name, PSID sid)
{
    return change(server, name, 0, &sid, 1, false);
}

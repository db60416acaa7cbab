/* Local groups: made, changed, removed, told of. */
#include "graft.h"

enum { LONGEST_NAME = 256 };

static bool find(const wchar_t *server, const wchar_t *name, struct account *group, DWORD *error)
{
    wchar_t own[ACCOUNT_ROOM];
    *error = !is_here(server) ? ERROR_BAD_NETPATH : NERR_GroupNotFound;
    return is_here(server) && name && group_find(name, computer(own), group);
}

static bool write_group(struct answer *answer, void *to, DWORD level, const entry *entry)
{
    struct account group;
    wchar_t text[TEXT_ROOM];
    LOCALGROUP_INFO_1 *info = to;
    if (!group_with(&entry->sid, &group))
        return true;
    info->lgrpi1_name = answer_text(answer, group.name);
    if (level) {
        HANDLE key = accounts_key(group.name, true, false);
        info->lgrpi1_comment = answer_text(answer, value_text(key, L"Comment", text));
        if (key)
            NtClose(key);
    }
    return true;
}

static size_t size_of(DWORD level)
{
    return level == 0 ? sizeof(LOCALGROUP_INFO_0) : level == 1 ? sizeof(LOCALGROUP_INFO_1) : 0;
}

HOOK NET_API_STATUS WINAPI hook_NetLocalGroupGetInfo(const wchar_t *server, const wchar_t *name, DWORD level,
                                                     BYTE **buffer)
{
    struct account group;
    DWORD error;
    if (!find(server, name, &group, &error))
        return error;
    entry one = {group.name, group.sid};
    return answer_all(&one, 1, level, size_of(level), write_group, buffer);
}

HOOK NET_API_STATUS WINAPI hook_NetLocalGroupEnum(const wchar_t *server, DWORD level, BYTE **buffer, DWORD most,
                                                  DWORD *read, DWORD *total, DWORD_PTR *resume)
{
    wchar_t name[ACCOUNT_ROOM], own[ACCOUNT_ROOM];
    (void)most;
    if (!is_here(server))
        return ERROR_BAD_NETPATH;
    entry *groups = RtlAllocateHeap(process_heap(), 0, MOST_ENTRIES * sizeof *groups);
    if (!groups)
        return ERROR_NOT_ENOUGH_MEMORY;
    HANDLE list = accounts_list(true);
    DWORD count = 0;
    computer(own);
    for (ULONG i = 0; list && count < MOST_ENTRIES && key_name(list, i, name); i++) {
        struct account group;
        if (group_find(name, own, &group))
            groups[count++] = (entry){NULL, group.sid};
    }
    if (list)
        NtClose(list);
    DWORD error = answer_all(groups, count, level, size_of(level), write_group, buffer);
    RtlFreeHeap(process_heap(), 0, groups);
    *read = *total = error ? 0 : count;
    if (resume)
        *resume = 0;
    return error;
}

HOOK NET_API_STATUS WINAPI hook_NetLocalGroupAdd(const wchar_t *server, DWORD level, BYTE *buffer, DWORD *place)
{
    const LOCALGROUP_INFO_1 *wanted = (const LOCALGROUP_INFO_1 *)buffer;
    wchar_t path[2 * ACCOUNT_ROOM], text[SID_TEXT_ROOM];
    DWORD error, rid;
    if (!is_here(server))
        return ERROR_BAD_NETPATH;
    if (!size_of(level))
        return ERROR_INVALID_LEVEL;
    if (!wanted || !is_good_name(wanted->lgrpi1_name, LONGEST_NAME)) {
        if (place)
            *place = LOCALGROUP_NAME_PARMNUM;
        return ERROR_INVALID_PARAMETER;
    }
    if (!is_administrator())
        return ERROR_ACCESS_DENIED;
    if (is_name_taken(wanted->lgrpi1_name, &error))
        return error;
    text_copy(L"\\Registry\\Machine\\SAM\\Accounts\\Groups\\", path, ACCOUNT_ROOM);
    text_copy(wanted->lgrpi1_name, path + text_length(path), ACCOUNT_ROOM);
    HANDLE key = (rid = next_rid()) ? key_make(path) : NULL;
    if (!key)
        return ERROR_ACCESS_DENIED;
    struct sid sid = sid_of_rid(rid);
    sid_print(&sid, text);
    value_put(key, L"Sid", text);
    value_put(key, L"Comment", level && wanted->lgrpi1_comment ? wanted->lgrpi1_comment : L"");
    NtClose(key);
    return NERR_Success;
}

HOOK NET_API_STATUS WINAPI hook_NetLocalGroupSetInfo(const wchar_t *server, const wchar_t *name, DWORD level,
                                                     BYTE *buffer, DWORD *place)
{
    struct account group;
    DWORD error;
    if (!find(server, name, &group, &error))
        return error;
    if (level != 1 && level != 1002)
        return ERROR_INVALID_LEVEL;
    const wchar_t *comment = !buffer     ? NULL
                             : level == 1 ? ((const LOCALGROUP_INFO_1 *)buffer)->lgrpi1_comment
                                          : ((const LOCALGROUP_INFO_1002 *)buffer)->lgrpi1002_comment;
    if (!comment) {
        if (place)
            *place = LOCALGROUP_COMMENT_PARMNUM;
        return ERROR_INVALID_PARAMETER;
    }
    if (!is_administrator())
        return ERROR_ACCESS_DENIED;
    HANDLE key = accounts_key(group.name, true, true);
    error = key && value_put(key, L"Comment", comment) ? NERR_Success : ERROR_ACCESS_DENIED;
    if (key)
        NtClose(key);
    return error;
}

HOOK NET_API_STATUS WINAPI hook_NetLocalGroupDel(const wchar_t *server, const wchar_t *name)
{
    enum { PARTS_OF_BUILTIN = 2 };
    struct account group;
    DWORD error;
    if (!find(server, name, &group, &error))
        return error;
    if (!is_administrator())
        return ERROR_ACCESS_DENIED;
    if (group.sid.count == PARTS_OF_BUILTIN)
        return ERROR_SPECIAL_ACCOUNT;
    HANDLE key = accounts_key(group.name, true, true);
    error = key && !NtDeleteKey(key) ? NERR_Success : ERROR_ACCESS_DENIED;
    if (key)
        NtClose(key);
    return error;
}

static bool write_name(struct answer *answer, void *to, DWORD level, const entry *entry)
{
    struct account group;
    (void)level;
    if (entry->name || group_with(&entry->sid, &group))
        ((LOCALGROUP_USERS_INFO_0 *)to)->lgrui0_name = answer_text(answer, entry->name ? entry->name : group.name);
    return true;
}

HOOK NET_API_STATUS WINAPI hook_NetUserGetLocalGroups(const wchar_t *server, const wchar_t *name, DWORD level,
                                                      DWORD flags, BYTE **buffer, DWORD most, DWORD *read, DWORD *total)
{
    enum { MOST_GROUPS = 64 };
    struct account account;
    struct sid sids[MOST_GROUPS];
    entry groups[MOST_GROUPS];
    wchar_t own[ACCOUNT_ROOM];
    (void)flags, (void)most;
    if (!is_here(server))
        return ERROR_BAD_NETPATH;
    if (!name || !account_find(name, computer(own), &account))
        return NERR_UserNotFound;
    unsigned count = groups_of(&account, sids, MOST_GROUPS);
    if (sid_same(&account.sid, &sid_container_administrator))
        sids[count++] = sid_administrators;
    for (unsigned i = 0; i < count; i++)
        groups[i] = (entry){NULL, sids[i]};
    DWORD error = answer_all(groups, count, level, level ? 0 : sizeof(LOCALGROUP_USERS_INFO_0), write_name, buffer);
    *read = *total = error ? 0 : count;
    return error;
}

/* The one global group of a machine that is in no domain. */
HOOK NET_API_STATUS WINAPI hook_NetUserGetGroups(const wchar_t *server, const wchar_t *name, DWORD level, BYTE **buffer,
                                                 DWORD most, DWORD *read, DWORD *total)
{
    static const entry none = {.name = L"None"};
    struct account account;
    wchar_t own[ACCOUNT_ROOM];
    (void)most;
    if (!is_here(server))
        return ERROR_BAD_NETPATH;
    if (!name || !account_find(name, computer(own), &account))
        return NERR_UserNotFound;
    DWORD error = answer_all(&none, 1, level, level ? 0 : sizeof(GROUP_USERS_INFO_0), write_name, buffer);
    *read = *total = error ? 0 : 1;
    return error;
}

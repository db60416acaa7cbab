/* Users: made, changed, removed, told of. */
#include "graft.h"

typedef struct {
    ULONG state[6];
    UCHAR block[64], digest[16];
} md4_state;
__declspec(dllimport) void NTAPI MD4Init(md4_state *);
__declspec(dllimport) void NTAPI MD4Update(md4_state *, const void *, ULONG);
__declspec(dllimport) void NTAPI MD4Final(md4_state *);
__declspec(dllimport) NTSTATUS NTAPI NtQuerySystemTime(LARGE_INTEGER *);
__declspec(dllimport) BOOLEAN NTAPI RtlTimeToSecondsSince1980(const LARGE_INTEGER *, ULONG *);

enum { LONGEST_NAME = 20, LONGEST_PASSWORD = 127, HASH_BYTES = 16, RID_GUEST = 501 };

static bool is_known(const wchar_t *server, const wchar_t *name, struct account *account, DWORD *error)
{
    wchar_t own[ACCOUNT_ROOM];
    *error = !is_here(server) ? ERROR_BAD_NETPATH : NERR_UserNotFound;
    return is_here(server) && name && account_find(name, computer(own), account);
}

static void hash(const wchar_t *password, UCHAR out[HASH_BYTES])
{
    md4_state state;
    MD4Init(&state);
    MD4Update(&state, password, (ULONG)(text_length(password) * sizeof *password));
    MD4Final(&state);
    for (int i = 0; i < HASH_BYTES; i++)
        out[i] = state.digest[i];
}

static DWORD set_password(HANDLE key, const wchar_t *password)
{
    UCHAR digest[HASH_BYTES];
    LARGE_INTEGER now;
    HANDLE rules = policy(false);
    DWORD least = rules ? value_number(rules, L"MinimumLength", 0) : 0;
    size_t length = password ? text_length(password) : 0;
    if (rules)
        NtClose(rules);
    if (length < least || length > LONGEST_PASSWORD)
        return NERR_PasswordTooShort;
    hash(password ? password : L"", digest);
    NtQuerySystemTime(&now);
    return value_set(key, L"Password", REG_BINARY, digest, sizeof digest) &&
                   value_set(key, L"Changed", REG_BINARY, &now, sizeof now)
               ? 0
               : ERROR_ACCESS_DENIED;
}

/* Texts of USER_INFO_2 and those that begin like it: where they are, how they are kept, which level sets one alone. */
static const struct {
    size_t at;
    const wchar_t *value;
    DWORD alone;
    bool first; /* in USER_INFO_1 as well */
} texts[] = {
    {offsetof(USER_INFO_2, usri2_home_dir), L"HomeDirectory", 1006, true},
    {offsetof(USER_INFO_2, usri2_comment), L"Comment", 1007, true},
    {offsetof(USER_INFO_2, usri2_script_path), L"ScriptPath", 1009, true},
    {offsetof(USER_INFO_2, usri2_full_name), L"FullName", 1011, false},
    {offsetof(USER_INFO_2, usri2_usr_comment), L"UserComment", 1012, false},
    {offsetof(USER_INFO_2, usri2_parms), L"Parameters", 1013, false},
    {offsetof(USER_INFO_2, usri2_workstations), L"Workstations", 1014, false},
};

static DWORD age_of(HANDLE key)
{
    LARGE_INTEGER now, changed = {.QuadPart = 0};
    ULONG since, until;
    NtQuerySystemTime(&now);
    value_get(key, L"Changed", &changed, sizeof changed);
    return RtlTimeToSecondsSince1980(&now, &until) && RtlTimeToSecondsSince1980(&changed, &since) ? until - since : 0;
}

static DWORD privilege_of(const struct account *account)
{
    struct sid groups[64];
    unsigned count = groups_of(account, groups, sizeof groups / sizeof *groups);
    for (unsigned i = 0; i < count; i++)
        if (sid_same(&groups[i], &sid_administrators))
            return USER_PRIV_ADMIN;
    return account->sid.parts[account->sid.count - 1] == RID_GUEST ? USER_PRIV_GUEST : USER_PRIV_USER;
}

static void write_long(struct answer *answer, USER_INFO_4 *to, DWORD level, const struct account *account, HANDLE key)
{
    wchar_t text[TEXT_ROOM];
    static const BYTE always[21] = {[0 ... 20] = 0xff};
    DWORD rid = account->sid.parts[account->sid.count - 1];
    to->usri4_name = answer_text(answer, account->name);
    to->usri4_password_age = age_of(key);
    to->usri4_priv = privilege_of(account);
    to->usri4_flags = account->flags | UF_SCRIPT;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (level > 1 || texts[i].first)
            *(wchar_t **)((char *)to + texts[i].at) = answer_text(answer, value_text(key, texts[i].value, text));
    if (level == 1)
        return;
    to->usri4_acct_expires = TIMEQ_FOREVER;
    to->usri4_max_storage = USER_MAXSTORAGE_UNLIMITED;
    to->usri4_units_per_week = UNITS_PER_WEEK;
    to->usri4_logon_hours = answer_bytes(answer, always, sizeof always);
    to->usri4_logon_server = answer_text(answer, L"\\\\*");
    if (level == 2)
        return;
    if (level == 3) {
        USER_INFO_3 *three = (USER_INFO_3 *)to;
        three->usri3_user_id = rid;
        three->usri3_primary_group_id = DOMAIN_GROUP_RID_USERS;
        three->usri3_profile = answer_text(answer, value_text(key, L"ProfilePath", text));
        three->usri3_home_dir_drive = answer_text(answer, L"");
    } else {
        to->usri4_user_sid = answer_bytes(answer, &account->sid, sid_size(&account->sid));
        to->usri4_primary_group_id = DOMAIN_GROUP_RID_USERS;
        to->usri4_profile = answer_text(answer, value_text(key, L"ProfilePath", text));
        to->usri4_home_dir_drive = answer_text(answer, L"");
    }
}

static bool write_user(struct answer *answer, void *to, DWORD level, const entry *entry)
{
    struct account account;
    wchar_t text[TEXT_ROOM];
    HANDLE key;
    if (!account_with(&entry->sid, &account))
        return true; /* removed meanwhile: its entry has no name */
    key = accounts_key(account.name, false, false); /* container users have none */
    USER_INFO_10 *ten = to;
    USER_INFO_11 *eleven = to;
    USER_INFO_20 *twenty = to;
    USER_INFO_23 *more = to;
    switch (level) {
    case 0:
        ((USER_INFO_0 *)to)->usri0_name = answer_text(answer, account.name);
        break;
    case 10:
    case 11: /* which begins like the other */
        ten->usri10_name = answer_text(answer, account.name);
        ten->usri10_comment = answer_text(answer, value_text(key, L"Comment", text));
        ten->usri10_usr_comment = answer_text(answer, value_text(key, L"UserComment", text));
        ten->usri10_full_name = answer_text(answer, value_text(key, L"FullName", text));
        if (level == 10)
            break;
        eleven->usri11_priv = privilege_of(&account);
        eleven->usri11_password_age = age_of(key);
        eleven->usri11_home_dir = answer_text(answer, value_text(key, L"HomeDirectory", text));
        eleven->usri11_parms = answer_text(answer, L"");
        eleven->usri11_logon_server = answer_text(answer, L"\\\\*");
        eleven->usri11_workstations = answer_text(answer, value_text(key, L"Workstations", text));
        eleven->usri11_max_storage = USER_MAXSTORAGE_UNLIMITED;
        eleven->usri11_units_per_week = UNITS_PER_WEEK;
        break;
    case 20:
    case 23:
        twenty->usri20_name = answer_text(answer, account.name);
        twenty->usri20_full_name = answer_text(answer, value_text(key, L"FullName", text));
        twenty->usri20_comment = answer_text(answer, value_text(key, L"Comment", text));
        twenty->usri20_flags = account.flags | UF_SCRIPT;
        if (level == 20)
            twenty->usri20_user_id = account.sid.parts[account.sid.count - 1];
        else
            more->usri23_user_sid = answer_bytes(answer, &account.sid, sid_size(&account.sid));
        break;
    default:
        write_long(answer, to, level, &account, key);
    }
    if (key)
        NtClose(key);
    return true;
}

static size_t size_of(DWORD level)
{
    static const struct {
        DWORD level;
        size_t size;
    } sizes[] = {
        {0, sizeof(USER_INFO_0)},   {1, sizeof(USER_INFO_1)},   {2, sizeof(USER_INFO_2)},
        {3, sizeof(USER_INFO_3)},   {4, sizeof(USER_INFO_4)},   {10, sizeof(USER_INFO_10)},
        {11, sizeof(USER_INFO_11)}, {20, sizeof(USER_INFO_20)}, {23, sizeof(USER_INFO_23)},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i].level == level)
            return sizes[i].size;
    return 0;
}

HOOK NET_API_STATUS WINAPI hook_NetUserGetInfo(const wchar_t *server, const wchar_t *name, DWORD level, BYTE **buffer)
{
    struct account account;
    DWORD error;
    if (!is_known(server, name, &account, &error))
        return error;
    entry one = {account.name, account.sid};
    return answer_all(&one, 1, level, size_of(level), write_user, buffer);
}

HOOK NET_API_STATUS WINAPI hook_NetUserEnum(const wchar_t *server, DWORD level, DWORD filter, BYTE **buffer, DWORD most,
                                            DWORD *read, DWORD *total, DWORD *resume)
{
    wchar_t name[ACCOUNT_ROOM], own[ACCOUNT_ROOM];
    (void)most;
    if (!is_here(server))
        return ERROR_BAD_NETPATH;
    entry *users = RtlAllocateHeap(process_heap(), 0, MOST_ENTRIES * sizeof *users);
    if (!users)
        return ERROR_NOT_ENOUGH_MEMORY;
    HANDLE list = filter && !(filter & FILTER_NORMAL_ACCOUNT) ? NULL : accounts_list(false);
    DWORD count = 0;
    computer(own);
    for (ULONG i = 0; list && count < MOST_ENTRIES && key_name(list, i, name); i++) {
        struct account account;
        if (account_find(name, own, &account))
            users[count++] = (entry){NULL, account.sid};
    }
    if (list)
        NtClose(list);
    DWORD error = answer_all(users, count, level, size_of(level), write_user, buffer);
    RtlFreeHeap(process_heap(), 0, users);
    *read = *total = error ? 0 : count;
    if (resume)
        *resume = 0;
    return error;
}

static void apply(HANDLE key, DWORD level, const USER_INFO_2 *from)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const wchar_t *text = *(wchar_t *const *)((const char *)from + texts[i].at);
        if (text && (level > 1 || texts[i].first))
            value_put(key, texts[i].value, text);
    }
    DWORD flags = from->usri2_flags | FLAG_NORMAL;
    value_set(key, L"Flags", REG_DWORD, &flags, sizeof flags);
    if (level == 3 && ((const USER_INFO_3 *)from)->usri3_profile)
        value_put(key, L"ProfilePath", ((const USER_INFO_3 *)from)->usri3_profile);
    if (level == 4 && ((const USER_INFO_4 *)from)->usri4_profile)
        value_put(key, L"ProfilePath", ((const USER_INFO_4 *)from)->usri4_profile);
}

static DWORD refuse(DWORD *place, DWORD which)
{
    if (place)
        *place = which;
    return ERROR_INVALID_PARAMETER;
}

static HANDLE key_of(const wchar_t *branch, const wchar_t *name)
{
    wchar_t path[2 * ACCOUNT_ROOM];
    text_copy(branch, path, ACCOUNT_ROOM);
    text_copy(name, path + text_length(path), ACCOUNT_ROOM);
    return key_make(path);
}

HOOK NET_API_STATUS WINAPI hook_NetUserAdd(const wchar_t *server, DWORD level, BYTE *buffer, DWORD *place)
{
    const USER_INFO_2 *wanted = (const USER_INFO_2 *)buffer;
    DWORD error;
    if (!is_here(server))
        return ERROR_BAD_NETPATH;
    if (level < 1 || level > 4)
        return ERROR_INVALID_LEVEL;
    if (!wanted)
        return refuse(place, PARM_ERROR_UNKNOWN);
    if (!is_good_name(wanted->usri2_name, LONGEST_NAME))
        return NERR_BadUsername;
    if (wanted->usri2_priv != USER_PRIV_USER)
        return refuse(place, USER_PRIV_PARMNUM);
    if (!is_administrator())
        return ERROR_ACCESS_DENIED;
    if (is_name_taken(wanted->usri2_name, &error))
        return error;
    HANDLE key = key_of(L"\\Registry\\Machine\\SAM\\Accounts\\Users\\", wanted->usri2_name);
    if (!key)
        return ERROR_ACCESS_DENIED;
    DWORD rid = 0;
    error = set_password(key, wanted->usri2_password);
    if (!error && (!(rid = next_rid()) || !value_set(key, L"Rid", REG_DWORD, &rid, sizeof rid)))
        error = ERROR_ACCESS_DENIED;
    if (error)
        NtDeleteKey(key);
    else
        apply(key, level, wanted);
    NtClose(key);
    return error;
}

HOOK NET_API_STATUS WINAPI hook_NetUserDel(const wchar_t *server, const wchar_t *name)
{
    struct account account;
    DWORD error;
    if (!is_known(server, name, &account, &error) || account.of_containers)
        return error;
    if (!is_administrator())
        return ERROR_ACCESS_DENIED;
    if (account.sid.parts[account.sid.count - 1] < FIRST_USER_RID)
        return ERROR_SPECIAL_ACCOUNT;
    HANDLE key = accounts_key(account.name, false, true);
    error = key && !NtDeleteKey(key) ? NERR_Success : ERROR_ACCESS_DENIED;
    if (key)
        NtClose(key);
    if (!error)
        members_forget(&account.sid);
    return error;
}

static DWORD set_one(HANDLE key, DWORD level, const void *buffer)
{
    const wchar_t *text = *(wchar_t *const *)buffer;
    DWORD flags = *(const DWORD *)buffer | FLAG_NORMAL;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].alone == level)
            return value_put(key, texts[i].value, text ? text : L"") ? NERR_Success : ERROR_ACCESS_DENIED;
    switch (level) {
    case 1003:
        return set_password(key, text);
    case 1008:
        return value_set(key, L"Flags", REG_DWORD, &flags, sizeof flags) ? NERR_Success : ERROR_ACCESS_DENIED;
    case 1052:
        return value_put(key, L"ProfilePath", text ? text : L"") ? NERR_Success : ERROR_ACCESS_DENIED;
    default:
        return ERROR_INVALID_LEVEL;
    }
}

HOOK NET_API_STATUS WINAPI hook_NetUserSetInfo(const wchar_t *server, const wchar_t *name, DWORD level, BYTE *buffer,
                                               DWORD *place)
{
    struct account account;
    const USER_INFO_2 *wanted = (const USER_INFO_2 *)buffer;
    DWORD error;
    if (!is_known(server, name, &account, &error) || account.of_containers)
        return error;
    if (!buffer)
        return refuse(place, PARM_ERROR_UNKNOWN);
    if (!is_administrator())
        return ERROR_ACCESS_DENIED;
    HANDLE key = accounts_key(account.name, false, true);
    if (!key)
        return ERROR_ACCESS_DENIED;
    if (level >= 1 && level <= 4) {
        error = wanted->usri2_password ? set_password(key, wanted->usri2_password) : NERR_Success;
        if (!error)
            apply(key, level, wanted);
    } else {
        error = set_one(key, level, buffer);
    }
    NtClose(key);
    return error;
}

HOOK NET_API_STATUS WINAPI hook_NetUserChangePassword(const wchar_t *domain, const wchar_t *name, const wchar_t *old,
                                                      const wchar_t *new)
{
    struct account account;
    UCHAR known[HASH_BYTES] = {0}, given[HASH_BYTES];
    DWORD error;
    if (!is_known(domain, name, &account, &error) || account.of_containers)
        return error;
    HANDLE key = accounts_key(account.name, false, true);
    if (!key)
        return ERROR_ACCESS_DENIED;
    hash(old ? old : L"", given);
    value_get(key, L"Password", known, sizeof known);
    bool same = true;
    for (int i = 0; i < HASH_BYTES; i++)
        same &= known[i] == given[i];
    error = same ? set_password(key, new) : ERROR_INVALID_PASSWORD;
    NtClose(key);
    return error;
}

/* net user: the users of the container. */
#include "account.h"

NTSTATUS NTAPI NtDeleteKey(HANDLE);
typedef struct {
    ULONG state[6];
    UCHAR block[64], digest[16];
} md4_state;
void NTAPI MD4Init(md4_state *);
void NTAPI MD4Update(md4_state *, const void *, ULONG);
void NTAPI MD4Final(md4_state *);

enum {
    MOST = 256,
    HASH_BYTES = 16,
    LONGEST_NAME = 20,
    LONGEST_PASSWORD = 127,
    DAYS = 42,
    ALREADY = 2224,
    NO_USER = 2221,
    BAD_NAME = 2202,
    BAD_PASSWORD = 2245,
};
#define TICKS_OF_DAY 864000000000LL
#define LINE L"-------------------------------------------------------------------------------"

static const wchar_t syntax[] = L"NET USER\r\n[username [password | *] [options]] [/DOMAIN]\r\n"
                                L"         username {password | *} /ADD [options] [/DOMAIN]\r\n"
                                L"         username [/DELETE] [/DOMAIN]\r\n"
                                L"         username [/TIMES:{times | ALL}]\r\n"
                                L"         username [/ACTIVE: {YES | NO}]";

struct wish {
    const wchar_t *name, *password;
    bool add, remove;
};

/* Options that are kept as they are given, the value that keeps each, and what `net user NAME` calls it. */
static const struct {
    const wchar_t *option, *value;
} texts[] = {
    {L"/comment", L"Comment"},         {L"/fullname", L"FullName"},       {L"/usercomment", L"UserComment"},
    {L"/homedir", L"HomeDirectory"},   {L"/profilepath", L"ProfilePath"}, {L"/scriptpath", L"ScriptPath"},
    {L"/countrycode", L"CountryCode"}, {L"/times", L"Times"},             {L"/workstations", L"Workstations"},
    {L"/expires", L"Expires"},
};
static const struct {
    const wchar_t *option;
    DWORD flag;
    bool on_if_yes;
} flags[] = {
    {L"/active", FLAG_DISABLED, false},
    {L"/passwordreq", FLAG_PASSWORD_NOT_REQUIRED, false},
    {L"/passwordchg", FLAG_PASSWORD_CANNOT_CHANGE, false},
};

static wchar_t *text_of(HANDLE key, const wchar_t *value)
{
    wchar_t *text = take(LIST_ROOM + sizeof *text);
    value_get(key, value, text, LIST_ROOM);
    return text;
}

static bool text_set(HANDLE key, const wchar_t *value, const wchar_t *text)
{
    return value_set(key, value, REG_SZ, text, (ULONG)((wcslen(text) + 1) * sizeof *text));
}

static int list_users(void)
{
    HANDLE list = accounts_list(false);
    wchar_t *names[MOST], name[ACCOUNT_ROOM];
    size_t count = 0;
    for (ULONG i = 0; list && count < MOST && key_name(list, i, name); i++)
        names[count++] = copy(name);
    say(L"\r\nUser accounts for \\\\%s\r\n\r\n" LINE L"\r\n", computer_name());
    net_columns(names, count, L"");
    return net_done();
}

static const wchar_t *date_of(int64_t time)
{
    FILETIME file = {(DWORD)time, (DWORD)(time >> 32)};
    SYSTEMTIME system, local;
    TIME_ZONE_INFORMATION zone;
    GetTimeZoneInformation(&zone);
    FileTimeToSystemTime(&file, &system);
    SystemTimeToTzSpecificLocalTime(&zone, &system, &local);
    int hour = local.wHour % 12;
    return format(L"%d/%d/%d %d:%02d:%02d %s", local.wMonth, local.wDay, local.wYear, hour ? hour : 12, local.wMinute,
                  local.wSecond, local.wHour < 12 ? L"AM" : L"PM");
}

static void field(const wchar_t *name, const wchar_t *text)
{
    say(L"%-28s %s\r\n", name, text);
}

static void show_groups(const struct account *account)
{
    struct sid groups[64];
    unsigned count = groups_of(account, groups, sizeof groups / sizeof *groups);
    wchar_t *names[64];
    size_t known = 0;
    struct account group;
    for (unsigned i = 0; i < count; i++)
        if (group_with(&groups[i], &group))
            names[known++] = copy(group.name);
    say(L"%-28s ", L"Local Group Memberships");
    for (size_t i = 0; i < known; i++)
        say(L"*%-20s %s", names[i], i % 2 && i + 1 < known ? L"\r\n                             " : L"");
    say(L"\r\n%-28s *%-20s \r\n", L"Global Group memberships", L"None");
}

static int show_user(const struct account *account)
{
    HANDLE key = accounts_key(account->name, false, false), policy = net_policy(false);
    DWORD most = value_number(policy, L"MaximumAge", DAYS), least = value_number(policy, L"MinimumAge", 0);
    int64_t changed = 0;
    value_get(key, L"Changed", &changed, sizeof changed);
    const wchar_t *expires = text_of(key, L"Expires"), *hours = text_of(key, L"Times"),
                  *machines = text_of(key, L"Workstations");
    field(L"User name", account->name);
    field(L"Full Name", text_of(key, L"FullName"));
    field(L"Comment", text_of(key, L"Comment"));
    field(L"User's comment", text_of(key, L"UserComment"));
    field(L"Country/region code", L"000 (System Default)");
    field(L"Account active", account->flags & FLAG_DISABLED ? L"No" : L"Yes");
    field(L"Account expires", *expires ? expires : L"Never");
    say(L"\r\n");
    field(L"Password last set", changed ? date_of(changed) : L"Never");
    bool never = account->flags & FLAG_PASSWORD_NEVER_EXPIRES || !most || !changed;
    field(L"Password expires", never ? L"Never" : date_of(changed + most * TICKS_OF_DAY));
    field(L"Password changeable", changed ? date_of(changed + least * TICKS_OF_DAY) : L"Never");
    field(L"Password required", account->flags & FLAG_PASSWORD_NOT_REQUIRED ? L"No" : L"Yes");
    field(L"User may change password", account->flags & FLAG_PASSWORD_CANNOT_CHANGE ? L"No" : L"Yes");
    say(L"\r\n");
    field(L"Workstations allowed", *machines ? machines : L"All");
    field(L"Logon script", text_of(key, L"ScriptPath"));
    field(L"User profile", text_of(key, L"ProfilePath"));
    field(L"Home directory", text_of(key, L"HomeDirectory"));
    field(L"Last logon", L"Never");
    say(L"\r\n");
    field(L"Logon hours allowed", *hours ? hours : L"All");
    say(L"\r\n");
    show_groups(account);
    return net_done();
}

static bool is_name(const wchar_t *name)
{
    for (const wchar_t *c = name; *c; c++)
        if (*c < L' ' || wcschr(L"\"/\\[]:;|=,+*?<>@", *c))
            return false;
    size_t length = wcslen(name);
    return length && length <= LONGEST_NAME && name[length - 1] != L'.' && name[0] != L' ';
}

static void set_password(HANDLE key, const wchar_t *password)
{
    md4_state state;
    int64_t now;
    MD4Init(&state);
    MD4Update(&state, password, (ULONG)(wcslen(password) * sizeof *password));
    MD4Final(&state);
    GetSystemTimeAsFileTime((FILETIME *)&now);
    value_set(key, L"Password", REG_BINARY, state.digest, HASH_BYTES);
    value_set(key, L"Changed", REG_BINARY, &now, sizeof now);
}

static int check_options(int count, wchar_t **arguments, struct wish *wish)
{
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i];
        bool known = each[0] != L'/';
        if (same(each, L"/add"))
            known = wish->add = true;
        else if (same(each, L"/delete") || same(each, L"/del"))
            known = wish->remove = true;
        else if (same(each, L"/y") || net_value(each, L"/logonpasswordchg"))
            known = true;
        else if (same(each, L"/active"))
            known = true;
        else if (same(each, L"/domain"))
            return net_fail(ERROR_NO_SUCH_DOMAIN);
        for (size_t n = 0; n < sizeof texts / sizeof *texts; n++)
            known |= net_value(each, texts[n].option) != NULL;
        for (size_t n = 0; n < sizeof flags / sizeof *flags; n++) {
            const wchar_t *value = net_value(each, flags[n].option);
            known |= value && (same(value, L"yes") || same(value, L"no"));
        }
        if (!known)
            return net_unknown_option(each, syntax);
        if (each[0] != L'/' && i == 0)
            wish->name = each;
        else if (each[0] != L'/' && i == 1)
            wish->password = each;
        else if (each[0] != L'/')
            return net_unknown_option(each, syntax);
    }
    return 0;
}

static void apply_options(HANDLE key, int count, wchar_t **arguments)
{
    DWORD set = value_number(key, L"Flags", FLAG_NORMAL | FLAG_SCRIPT);
    for (int i = 0; i < count; i++) {
        const wchar_t *value;
        for (size_t n = 0; n < sizeof texts / sizeof *texts; n++)
            if ((value = net_value(arguments[i], texts[n].option)))
                text_set(key, texts[n].value, same(value, L"never") || same(value, L"all") ? L"" : value);
        for (size_t n = 0; n < sizeof flags / sizeof *flags; n++)
            if ((value = net_value(arguments[i], flags[n].option)))
                set = same(value, L"yes") == flags[n].on_if_yes ? set | flags[n].flag : set & ~flags[n].flag;
        if (same(arguments[i], L"/active"))
            set &= ~(DWORD)FLAG_DISABLED;
    }
    value_set(key, L"Flags", REG_DWORD, &set, sizeof set);
}

static void join_users(const struct sid *sid, bool joins)
{
    struct account group;
    if (joins && group_with(&sid_users, &group))
        net_member(&group, sid, true);
    HANDLE list = accounts_list(true);
    wchar_t name[ACCOUNT_ROOM];
    for (ULONG i = 0; !joins && list && key_name(list, i, name); i++)
        if (group_find(name, computer_name(), &group))
            net_member(&group, sid, false);
}

static int add_user(const struct wish *wish, int count, wchar_t **arguments)
{
    struct account found;
    HANDLE policy = net_policy(true);
    const wchar_t *password = wish->password ? wish->password : L"";
    if (!is_name(wish->name))
        return net_fail(BAD_NAME);
    if (account_find(wish->name, computer_name(), &found))
        return net_fail(ALREADY);
    if (group_find(wish->name, computer_name(), &found))
        return net_fail(ERROR_ALIAS_EXISTS);
    DWORD rid = value_number(policy, L"NextRid", FIRST_USER_RID), next = rid + 1;
    HANDLE key = key_make(format(L"\\Registry\\Machine\\SAM\\Accounts\\Users\\%s", wish->name));
    if (!policy || !key)
        return net_fail(ERROR_ACCESS_DENIED);
    value_set(policy, L"NextRid", REG_DWORD, &next, sizeof next);
    value_set(key, L"Rid", REG_DWORD, &rid, sizeof rid);
    set_password(key, password);
    apply_options(key, count, arguments);
    struct sid sid = sid_of_rid(rid);
    join_users(&sid, true);
    return net_done();
}

static int remove_user(const struct account *account)
{
    if (account->sid.parts[account->sid.count - 1] < FIRST_USER_RID)
        return net_fail(ERROR_SPECIAL_ACCOUNT);
    HANDLE key = accounts_key(account->name, false, true);
    if (!key || NtDeleteKey(key))
        return net_fail(ERROR_ACCESS_DENIED);
    join_users(&account->sid, false);
    return net_done();
}

int net_user(int count, wchar_t **arguments)
{
    struct wish wish = {0};
    struct account account;
    if (!count)
        return list_users();
    int code = check_options(count, arguments, &wish);
    if (code)
        return code;
    if (!wish.name || (wish.add && wish.remove))
        return net_unknown_option(arguments[0], syntax);
    bool found = account_find(wish.name, computer_name(), &account) && !account.of_containers;
    if (count == 1)
        return found ? show_user(&account) : net_fail(NO_USER);
    if (!is_administrator())
        return net_fail(ERROR_ACCESS_DENIED);
    if (wish.password && same(wish.password, L"*")) {
        complain(L"net user: a password cannot be asked for here. Give it in the command.\r\n");
        return NET_FAILED;
    }
    size_t length = wish.password ? wcslen(wish.password) : 0;
    if ((wish.password || wish.add) &&
        (length > LONGEST_PASSWORD || length < value_number(net_policy(false), L"MinimumLength", 0)))
        return net_fail(BAD_PASSWORD);
    if (wish.add)
        return add_user(&wish, count, arguments);
    if (!found)
        return net_fail(NO_USER);
    if (wish.remove)
        return remove_user(&account);
    HANDLE key = accounts_key(account.name, false, true);
    if (!key)
        return net_fail(ERROR_ACCESS_DENIED);
    if (wish.password)
        set_password(key, wish.password);
    apply_options(key, count, arguments);
    return net_done();
}

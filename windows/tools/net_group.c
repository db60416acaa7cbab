/* net localgroup and net accounts: the groups of the container, and the policy of its passwords. */
#include "account.h"

NTSTATUS NTAPI NtDeleteKey(HANDLE);

enum { MOST = 256, NO_SUCH_NAME = 3783, FIRST_OF_MACHINE = 1000, NEVER = 0, MAXIMUM_AGE = 42, LOCKOUT_MINUTES = 10 };
#define LINE L"-------------------------------------------------------------------------------"

static const wchar_t syntax[] = L"NET LOCALGROUP\r\n[groupname [/COMMENT:\"text\"]] [/DOMAIN]\r\n"
                                L"              groupname {/ADD [/COMMENT:\"text\"] | /DELETE}  [/DOMAIN]\r\n"
                                L"              groupname name [...] {/ADD | /DELETE} [/DOMAIN]";
static const wchar_t syntax_of_accounts[] =
    L"NET ACCOUNTS\r\n[/FORCELOGOFF:{minutes | NO}] [/MINPWLEN:length]\r\n"
    L"              [/MAXPWAGE:{days | UNLIMITED}] [/MINPWAGE:days]\r\n"
    L"              [/UNIQUEPW:number] [/LOCKOUTTHRESHOLD:number] [/LOCKOUTDURATION:minutes]\r\n"
    L"              [/LOCKOUTWINDOW:minutes] [/DOMAIN]";

HANDLE net_policy(bool for_writing)
{
    return key_open(L"\\Registry\\Machine\\SAM\\Accounts", for_writing);
}

static wchar_t *members_of(HANDLE key, ULONG *size)
{
    wchar_t *members = take(LIST_ROOM + 2 * sizeof *members);
    *size = value_get(key, L"Members", members, LIST_ROOM);
    return members;
}

unsigned net_member(const struct account *group, const struct sid *sid, bool add)
{
    HANDLE key = accounts_key(group->name, true, true);
    ULONG size;
    if (!key)
        return ERROR_ACCESS_DENIED;
    wchar_t *members = members_of(key, &size), *text = take(SID_TEXT_ROOM * sizeof *text), *made = take(2 * LIST_ROOM), *to = made;
    bool member = is_member(key, sid);
    sid_print(sid, text);
    if (member == add)
        return add ? ERROR_MEMBER_IN_ALIAS : ERROR_MEMBER_NOT_IN_ALIAS;
    for (wchar_t *each = members; *each; each += wcslen(each) + 1)
        if (!same(each, text)) {
            memcpy(to, each, (wcslen(each) + 1) * sizeof *to);
            to += wcslen(each) + 1;
        }
    if (add) {
        memcpy(to, text, (wcslen(text) + 1) * sizeof *to);
        to += wcslen(text) + 1;
    }
    size = (ULONG)((char *)(to + 1) - (char *)made);
    if (size > LIST_ROOM)
        return ERROR_NOT_ENOUGH_MEMORY;
    return value_set(key, L"Members", REG_MULTI_SZ, made, size) ? 0 : ERROR_ACCESS_DENIED;
}

static int list_groups(void)
{
    HANDLE list = accounts_list(true);
    wchar_t name[ACCOUNT_ROOM];
    say(L"\r\nAliases for \\\\%s\r\n\r\n" LINE L"\r\n", computer_name());
    for (ULONG i = 0; list && key_name(list, i, name); i++)
        say(L"*%s\r\n", name);
    return net_done();
}

/* Users of this machine without their domain. */
static const wchar_t *member_name(const wchar_t *text)
{
    struct sid sid;
    struct account account;
    if (!sid_read(text, &sid))
        return text;
    return account_with(&sid, &account) && !account.of_containers ? copy(account.name) : account_of(&sid);
}

static int show_group(const struct account *group)
{
    HANDLE key = accounts_key(group->name, true, false);
    wchar_t *comment = take(LIST_ROOM + sizeof *comment);
    ULONG size;
    value_get(key, L"Comment", comment, LIST_ROOM);
    say(L"Alias name     %s\r\nComment        %s\r\n\r\nMembers\r\n\r\n" LINE L"\r\n", group->name, comment);
    for (wchar_t *each = members_of(key, &size); *each; each += wcslen(each) + 1)
        say(L"%s\r\n", member_name(each));
    return net_done();
}

static int make_group(const wchar_t *name, const wchar_t *comment)
{
    struct account found;
    HANDLE policy = net_policy(true);
    if (group_find(name, computer_name(), &found))
        return net_fail(ERROR_ALIAS_EXISTS);
    if (account_find(name, computer_name(), &found))
        return net_fail(2224);
    for (const wchar_t *c = name; *c; c++)
        if (*c < L' ' || wcschr(L"\"/\\[]:;|=,+*?<>@", *c))
            return net_fail(2220);
    DWORD rid = value_number(policy, L"NextRid", FIRST_OF_MACHINE), next = rid + 1;
    HANDLE key = key_make(format(L"\\Registry\\Machine\\SAM\\Accounts\\Groups\\%s", name));
    if (!policy || !key)
        return net_fail(ERROR_ACCESS_DENIED);
    struct sid sid = sid_of_rid(rid);
    wchar_t *text = take(SID_TEXT_ROOM * sizeof *text);
    sid_print(&sid, text);
    value_set(policy, L"NextRid", REG_DWORD, &next, sizeof next);
    value_set(key, L"Sid", REG_SZ, text, (ULONG)((wcslen(text) + 1) * sizeof *text));
    value_set(key, L"Comment", REG_SZ, comment, (ULONG)((wcslen(comment) + 1) * sizeof *comment));
    return net_done();
}

static int change_members(const struct account *group, int count, wchar_t **names, bool add)
{
    for (int i = 0; i < count; i++) {
        struct sid sid;
        if (!account_sid(names[i], &sid)) {
            complain(L"There is no such global user or group: %s.\r\n\r\nMore help is available by typing NET HELPMSG 3783.\r\n\r\n",
                     names[i]);
            return NET_FAILED;
        }
        unsigned error = net_member(group, &sid, add);
        if (error)
            return net_fail(error);
    }
    return net_done();
}

int net_localgroup(int count, wchar_t **arguments)
{
    struct account group;
    const wchar_t *comment = NULL, *value;
    bool add = false, remove = false;
    int names = 0;
    if (!count)
        return list_groups();
    for (int i = 0; i < count; i++) {
        if (arguments[i][0] != L'/')
            arguments[names++] = arguments[i];
        else if (same(arguments[i], L"/add"))
            add = true;
        else if (same(arguments[i], L"/delete") || same(arguments[i], L"/del"))
            remove = true;
        else if ((value = net_value(arguments[i], L"/comment")))
            comment = value;
        else if (same(arguments[i], L"/domain"))
            return net_fail(ERROR_NO_SUCH_DOMAIN);
        else if (!same(arguments[i], L"/y"))
            return net_unknown_option(arguments[i], syntax);
    }
    if (!names || (add && remove) || (names > 1 && !add && !remove))
        return net_unknown_option(arguments[0], syntax);
    bool found = group_find(arguments[0], computer_name(), &group);
    if (!add && !remove && !comment)
        return found ? show_group(&group) : net_fail(ERROR_NO_SUCH_ALIAS);
    if (!is_administrator())
        return net_fail(ERROR_ACCESS_DENIED);
    if (add && names == 1)
        return make_group(arguments[0], comment ? comment : L"");
    if (!found)
        return net_fail(ERROR_NO_SUCH_ALIAS);
    if (names > 1)
        return change_members(&group, names - 1, arguments + 1, add);
    HANDLE key = accounts_key(group.name, true, true);
    if (remove && group.sid.count == 2)
        return net_fail(ERROR_SPECIAL_ACCOUNT);
    if (!key || (remove && NtDeleteKey(key)) ||
        (!remove && !value_set(key, L"Comment", REG_SZ, comment, (ULONG)((wcslen(comment) + 1) * sizeof *comment))))
        return net_fail(ERROR_ACCESS_DENIED);
    return net_done();
}

/* Numbers of the policy: how they are set, kept and shown. */
static const struct {
    const wchar_t *option, *value, *shown, *for_zero, *word;
    DWORD otherwise, most;
} policies[] = {
    {L"/forcelogoff", L"ForceLogoff", L"Force user logoff how long after time expires?:", L"Never", L"no", NEVER, 999999},
    {L"/minpwage", L"MinimumAge", L"Minimum password age (days):", L"0", NULL, 0, 999},
    {L"/maxpwage", L"MaximumAge", L"Maximum password age (days):", L"Unlimited", L"unlimited", MAXIMUM_AGE, 999},
    {L"/minpwlen", L"MinimumLength", L"Minimum password length:", L"0", NULL, 0, 14},
    {L"/uniquepw", L"History", L"Length of password history maintained:", L"None", NULL, 0, 24},
    {L"/lockoutthreshold", L"LockoutThreshold", L"Lockout threshold:", L"Never", L"never", NEVER, 999},
    {L"/lockoutduration", L"LockoutDuration", L"Lockout duration (minutes):", L"Never", NULL, LOCKOUT_MINUTES, 99999},
    {L"/lockoutwindow", L"LockoutWindow", L"Lockout observation window (minutes):", L"0", NULL, LOCKOUT_MINUTES, 99999},
};

static int show_policy(void)
{
    HANDLE policy = net_policy(false);
    for (size_t n = 0; n < sizeof policies / sizeof *policies; n++) {
        DWORD number = value_number(policy, policies[n].value, policies[n].otherwise);
        say(L"%-53s %s\r\n", policies[n].shown, number ? format(L"%u", (unsigned)number) : policies[n].for_zero);
    }
    say(L"%-53s %s\r\n", L"Computer role:", L"SERVER");
    return net_done();
}

int net_accounts(int count, wchar_t **arguments)
{
    DWORD wanted[sizeof policies / sizeof *policies];
    bool set[sizeof policies / sizeof *policies] = {0};
    if (!count)
        return show_policy();
    for (int i = 0; i < count; i++) {
        bool known = false;
        if (same(arguments[i], L"/domain"))
            return net_fail(ERROR_NO_SUCH_DOMAIN);
        for (size_t n = 0; n < sizeof policies / sizeof *policies; n++) {
            const wchar_t *value = net_value(arguments[i], policies[n].option);
            uint64_t number = 0;
            if (!value)
                continue;
            known = true;
            if (!(policies[n].word && same(value, policies[n].word)) &&
                (!whole_number(value, &number) || number > policies[n].most)) {
                complain(L"You entered a value for the %s option that is not valid.\r\n\r\n"
                         L"More help is available by typing NET HELPMSG 3952.\r\n\r\n", policies[n].option);
                return NET_FAILED;
            }
            wanted[n] = (DWORD)number;
            set[n] = true;
        }
        if (!known)
            return net_unknown_option(arguments[i], syntax_of_accounts);
    }
    HANDLE policy = is_administrator() ? net_policy(true) : NULL;
    if (!policy)
        return net_fail(ERROR_ACCESS_DENIED);
    for (size_t n = 0; n < sizeof policies / sizeof *policies; n++)
        if (set[n])
            value_set(policy, policies[n].value, REG_DWORD, &wanted[n], sizeof wanted[n]);
    return net_done();
}

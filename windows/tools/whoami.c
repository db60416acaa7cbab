/*
 * whoami: the user, the groups and the privileges of the token.
 *
 * Source: Microsoft's documentation of whoami and of privilege constants; what it prints in Windows containers.
 */
#include "account.h"

enum { ROOM = 16384, COLUMNS = 4, MOST_ROWS = 64, FORM_TABLE = 0, FORM_LIST, FORM_CSV };

static const struct {
    const wchar_t *name, *description;
} privileges[] = {
    [2] = {L"SeCreateTokenPrivilege", L"Create a token object"},
    {L"SeAssignPrimaryTokenPrivilege", L"Replace a process level token"},
    {L"SeLockMemoryPrivilege", L"Lock pages in memory"},
    {L"SeIncreaseQuotaPrivilege", L"Adjust memory quotas for a process"},
    {L"SeMachineAccountPrivilege", L"Add workstations to domain"},
    {L"SeTcbPrivilege", L"Act as part of the operating system"},
    {L"SeSecurityPrivilege", L"Manage auditing and security log"},
    {L"SeTakeOwnershipPrivilege", L"Take ownership of files or other objects"},
    {L"SeLoadDriverPrivilege", L"Load and unload device drivers"},
    {L"SeSystemProfilePrivilege", L"Profile system performance"},
    {L"SeSystemtimePrivilege", L"Change the system time"},
    {L"SeProfileSingleProcessPrivilege", L"Profile single process"},
    {L"SeIncreaseBasePriorityPrivilege", L"Increase scheduling priority"},
    {L"SeCreatePagefilePrivilege", L"Create a pagefile"},
    {L"SeCreatePermanentPrivilege", L"Create permanent shared objects"},
    {L"SeBackupPrivilege", L"Back up files and directories"},
    {L"SeRestorePrivilege", L"Restore files and directories"},
    {L"SeShutdownPrivilege", L"Shut down the system"},
    {L"SeDebugPrivilege", L"Debug programs"},
    {L"SeAuditPrivilege", L"Generate security audits"},
    {L"SeSystemEnvironmentPrivilege", L"Modify firmware environment values"},
    {L"SeChangeNotifyPrivilege", L"Bypass traverse checking"},
    {L"SeRemoteShutdownPrivilege", L"Force shutdown from a remote system"},
    {L"SeUndockPrivilege", L"Remove computer from docking station"},
    {L"SeSyncAgentPrivilege", L"Synchronize directory service data"},
    {L"SeEnableDelegationPrivilege", L"Enable computer and user accounts to be trusted for delegation"},
    {L"SeManageVolumePrivilege", L"Perform volume maintenance tasks"},
    {L"SeImpersonatePrivilege", L"Impersonate a client after authentication"},
    {L"SeCreateGlobalPrivilege", L"Create global objects"},
    {L"SeTrustedCredManAccessPrivilege", L"Access Credential Manager as a trusted caller"},
    {L"SeRelabelPrivilege", L"Modify an object label"},
    {L"SeIncreaseWorkingSetPrivilege", L"Increase a process working set"},
    {L"SeTimeZonePrivilege", L"Change the time zone"},
    {L"SeCreateSymbolicLinkPrivilege", L"Create symbolic links"},
    {L"SeDelegateSessionUserImpersonatePrivilege",
     L"Obtain an impersonation token for another user in the same session"},
};

static int form;
static bool headless, printed;

static void *ask(TOKEN_INFORMATION_CLASS what)
{
    BOOL(WINAPI * open)(HANDLE, DWORD, HANDLE *) = advapi("OpenProcessToken");
    BOOL(WINAPI * query)(HANDLE, TOKEN_INFORMATION_CLASS, void *, DWORD, DWORD *) = advapi("GetTokenInformation");
    static HANDLE token;
    DWORD size;
    void *data = take(ROOM);
    if ((!token && !open(GetCurrentProcess(), TOKEN_QUERY, &token)) || !query(token, what, data, ROOM, &size))
        return NULL;
    return data;
}

static wchar_t *small(wchar_t *text)
{
    for (wchar_t *c = text; *c; c++)
        if (*c >= L'A' && *c <= L'Z')
            *c = (wchar_t)(*c + 32);
    return text;
}

/* Rows of as many texts as there are headers. */
static void print_rows(const wchar_t *title, const wchar_t *const *headers, size_t columns, wchar_t *(*rows)[COLUMNS],
                       size_t count)
{
    static const wchar_t line[] = L"================================================================================"
                                  L"================================================================================";
    size_t widths[COLUMNS], label = 0;
    for (size_t c = 0; c < columns; c++) {
        widths[c] = wcslen(headers[c]);
        label = widths[c] > label ? widths[c] : label;
        for (size_t r = 0; r < count; r++)
            if (wcslen(rows[r][c]) > widths[c])
                widths[c] = wcslen(rows[r][c]);
    }
    if (form != FORM_CSV || printed)
        say(printed && !headless ? L"\r\n\r\n" : L"\r\n");
    printed = true;
    if (form != FORM_CSV && !headless)
        say(L"%s\r\n%.*s\r\n\r\n", title, (int)wcslen(title), L"----------------------------------------");
    if (form == FORM_LIST) {
        for (size_t r = 0; r < count; r++) {
            for (size_t c = 0; c < columns; c++)
                say(L"%s:%*s %s\r\n", headers[c], (int)(label - wcslen(headers[c])), L"", rows[r][c]);
            if (count > 1)
                say(L"\r\n");
        }
        return;
    }
    const wchar_t *between = form == FORM_CSV ? L"," : L" ";
    for (size_t c = 0; c < columns && !headless; c++)
        say(form == FORM_CSV ? L"%s\"%s\"" : L"%s%-*s", c ? between : L"", form == FORM_CSV ? (void *)headers[c] : (void *)widths[c],
            headers[c]);
    if (!headless)
        say(L"\r\n");
    for (size_t c = 0; c < columns && !headless && form == FORM_TABLE; c++)
        say(L"%s%.*s", c ? L" " : L"", (int)widths[c], line);
    if (!headless && form == FORM_TABLE)
        say(L"\r\n");
    for (size_t r = 0; r < count; r++) {
        for (size_t c = 0; c < columns; c++)
            if (form == FORM_CSV)
                say(L"%s\"%s\"", c ? L"," : L"", rows[r][c]);
            else
                say(L"%s%-*s", c ? L" " : L"", (int)widths[c], rows[r][c]);
        say(L"\r\n");
    }
}

static wchar_t *text_of_sid(void *sid)
{
    wchar_t *text = take(SID_TEXT_ROOM * sizeof *text);
    sid_print(sid, text);
    return text;
}

static void print_user(void)
{
    static const wchar_t *const headers[] = {L"User Name", L"SID"};
    TOKEN_USER *user = ask(TokenUser);
    wchar_t *row[1][COLUMNS] = {{user ? small(account_of(user->User.Sid)) : L"", user ? text_of_sid(user->User.Sid) : L""}};
    print_rows(L"USER INFORMATION", headers, 2, row, 1);
}

static wchar_t *attributes_of(DWORD attributes)
{
    static const struct {
        DWORD bit;
        const wchar_t *text;
    } names[] = {
        {SE_GROUP_MANDATORY, L"Mandatory group"},
        {SE_GROUP_ENABLED_BY_DEFAULT, L"Enabled by default"},
        {SE_GROUP_ENABLED, L"Enabled group"},
        {SE_GROUP_OWNER, L"Group owner"},
        {SE_GROUP_USE_FOR_DENY_ONLY, L"Group used for deny only"},
    };
    wchar_t *text = L"";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (attributes & names[i].bit)
            text = format(L"%s%s%s", text, *text ? L", " : L"", names[i].text);
    return text;
}

static void print_groups(void)
{
    static const wchar_t *const headers[] = {L"Group Name", L"Type", L"SID", L"Attributes"};
    TOKEN_GROUPS *groups = ask(TokenGroups);
    wchar_t *rows[MOST_ROWS][COLUMNS];
    size_t count = 0;
    for (DWORD i = 0; groups && i < groups->GroupCount && count < MOST_ROWS; i++) {
        DWORD attributes = groups->Groups[i].Attributes;
        if ((attributes & SE_GROUP_LOGON_ID) == SE_GROUP_LOGON_ID)
            continue;
        void *sid = groups->Groups[i].Sid;
        const wchar_t *type;
        rows[count][0] = group_name(sid, &type);
        rows[count][1] = copy(type);
        rows[count][2] = text_of_sid(sid);
        rows[count++][3] = attributes & SE_GROUP_INTEGRITY ? L"" : attributes_of(attributes);
    }
    print_rows(L"GROUP INFORMATION", headers, COLUMNS, rows, count);
}

static void print_privileges(void)
{
    static const wchar_t *const headers[] = {L"Privilege Name", L"Description", L"State"};
    TOKEN_PRIVILEGES *held = ask(TokenPrivileges);
    wchar_t *rows[MOST_ROWS][COLUMNS];
    size_t count = 0;
    for (DWORD number = 0; held && number < sizeof privileges / sizeof *privileges; number++)
        for (DWORD i = 0; i < held->PrivilegeCount; i++)
            if (held->Privileges[i].Luid.LowPart == number && privileges[number].name) {
                rows[count][0] = copy(privileges[number].name);
                rows[count][1] = copy(privileges[number].description);
                rows[count++][2] = held->Privileges[i].Attributes & SE_PRIVILEGE_ENABLED ? L"Enabled" : L"Disabled";
            }
    print_rows(L"PRIVILEGES INFORMATION", headers, 3, rows, count);
}

static int print_logon(void)
{
    TOKEN_GROUPS *groups = ask(TokenGroups);
    for (DWORD i = 0; groups && i < groups->GroupCount; i++)
        if ((groups->Groups[i].Attributes & SE_GROUP_LOGON_ID) == SE_GROUP_LOGON_ID)
            return say(L"%s\r\n", text_of_sid(groups->Groups[i].Sid)), 0;
    complain(L"ERROR: Unable to get the logon ID.\r\n");
    return 1;
}

static int usage(const wchar_t *what, const wchar_t *argument)
{
    complain(L"ERROR: %s - '%s'.\r\nType \"WHOAMI /?\" for usage.\r\n", what, argument);
    return 1;
}

static int help(void)
{
    say(L"\r\nWhoAmI has three ways of working:\r\n\r\n"
        L"    WHOAMI [/UPN | /FQDN | /LOGONID]\r\n"
        L"    WHOAMI { [/USER] [/GROUPS] [/PRIV] } [/FO format] [/NH]\r\n"
        L"    WHOAMI /ALL [/FO format] [/NH]\r\n\r\n"
        L"format: TABLE (as without /FO), LIST or CSV. /NH leaves headers away.\r\n");
    return 0;
}

int whoami(int count, wchar_t **arguments)
{
    bool user = false, groups = false, rights = false, single = false, formed = false;
    const wchar_t *one = L"";
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i];
        if (same(each, L"/?"))
            return help();
        if (same(each, L"/USER"))
            user = true;
        else if (same(each, L"/GROUPS"))
            groups = true;
        else if (same(each, L"/PRIV"))
            rights = true;
        else if (same(each, L"/ALL"))
            user = groups = rights = true;
        else if (same(each, L"/NH"))
            headless = true;
        else if (same(each, L"/UPN") || same(each, L"/FQDN") || same(each, L"/LOGONID"))
            single = true, one = each;
        else if (same(each, L"/FO") && i + 1 < count) {
            const wchar_t *name = arguments[++i];
            form = same(name, L"TABLE") ? FORM_TABLE : same(name, L"LIST") ? FORM_LIST : same(name, L"CSV") ? FORM_CSV : -1;
            formed = true;
            if (form < 0)
                return usage(L"Invalid syntax. Invalid value for '/FO'", name);
        } else {
            return usage(L"Invalid argument/option", each);
        }
    }
    bool many = user || groups || rights;
    if ((single && (many || formed || headless)) || (!many && (formed || headless)) || (headless && form == FORM_LIST))
        return usage(L"Invalid syntax. These options do not go together", single ? one : L"/FO, /NH");
    if (same(one, L"/LOGONID"))
        return print_logon();
    if (single) {
        complain(same(one, L"/UPN") ? L"ERROR: Unable to get User Principal Name (UPN) as the current logged-on user\r\n"
                                      L"       is not a domain user.\r\n"
                                    : L"ERROR: Unable to get Fully Qualified Distinguished Name (FQDN) as the current\r\n"
                                      L"       logged-on user is not a domain user.\r\n");
        return 1;
    }
    if (!many)
        return say(L"%s\r\n", small(own_account())), 0;
    if (user)
        print_user();
    if (groups)
        print_groups();
    if (rights)
        print_privileges();
    return 0;
}

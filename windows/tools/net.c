/*
 * net: what there is of it in a container: accounts, groups, their policy, and services. What needs a network of
 * Windows machines fails as it does on a machine that has none.
 *
 * Source: Microsoft's documentation of the net commands; lmerr.h (numbers of NET HELPMSG); what the commands print.
 */
#include "account.h"

enum { COLUMN = 25, PER_LINE = 3 };

static const struct {
    unsigned number;
    const wchar_t *text;
} messages[] = {
    {2114, L"The Server service is not started."},
    {2138, L"The Workstation service has not been started."},
    {2182, L"The requested service has already been started."},
    {2184, L"The service has not been started."},
    {2185, L"The service name is invalid."},
    {2191, L"The service cannot be paused, continued or stopped at this time."},
    {2202, L"The specified username is invalid."},
    {2220, L"The group name could not be found."},
    {2221, L"The user name could not be found."},
    {2223, L"The group already exists."},
    {2224, L"The account already exists."},
    {2245, L"The password does not meet the password policy requirements. Check the minimum password length, password "
           L"complexity and password history requirements."},
    {3502, L"OS error, the command could not be completed."},
    {3506, L"The syntax of this command is incorrect."},
    {3515, L"This command can be used only on a Windows Domain Controller."},
    {3521, L"The service is not started."},
    {3783, L"There is no such global user or group."},
    {3912, L"Could not locate a time-server."},
};

static const wchar_t *message(unsigned number)
{
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        if (messages[i].number == number)
            return messages[i].text;
    return NULL;
}

int net_done(void)
{
    say(L"The command completed successfully.\r\n\r\n");
    return 0;
}

int net_fail(unsigned error)
{
    static const struct {
        unsigned number;
        const wchar_t *text;
    } system_errors[] = { /* Wine's words differ */
        {ERROR_ACCESS_DENIED, L"Access is denied."},
        {ERROR_BAD_NETPATH, L"The network path was not found."},
        {ERROR_NETWORK_UNREACHABLE, L"The network location cannot be reached. For information about network "
                                    L"troubleshooting, see Windows Help."},
        {ERROR_SPECIAL_ACCOUNT, L"Cannot perform this operation on built-in accounts."},
        {ERROR_NO_SUCH_ALIAS, L"The specified local group does not exist."},
        {ERROR_MEMBER_NOT_IN_ALIAS, L"The specified account name is not a member of the group."},
        {ERROR_MEMBER_IN_ALIAS, L"The specified account name is already a member of the group."},
        {ERROR_ALIAS_EXISTS, L"The specified local group already exists."},
        {ERROR_NO_SUCH_DOMAIN, L"The specified domain either does not exist or could not be contacted."},
    };
    const wchar_t *text = message(error), *words = reason(error);
    for (size_t i = 0; i < sizeof system_errors / sizeof *system_errors; i++)
        if (system_errors[i].number == error)
            words = system_errors[i].text;
    if (text)
        complain(L"%s\r\n\r\nMore help is available by typing NET HELPMSG %u.\r\n\r\n", text, error);
    else
        complain(L"System error %u has occurred.\r\n\r\n%s\r\n\r\n", error, words);
    return NET_FAILED;
}

int net_unknown_option(const wchar_t *option, const wchar_t *syntax)
{
    complain(L"The option %s is unknown.\r\n\r\nThe syntax of this command is:\r\n\r\n%s\r\n\r\n"
             L"More help is available by typing NET HELPMSG 3506.\r\n\r\n", option, syntax);
    return NET_BAD_SYNTAX;
}

const wchar_t *net_value(const wchar_t *argument, const wchar_t *name)
{
    size_t length = wcslen(name);
    return same_start(argument, name) && argument[length] == L':' ? argument + length + 1 : NULL;
}

void net_columns(wchar_t **names, size_t count, const wchar_t *before)
{
    for (size_t i = 0; i < count; i++)
        say(L"%s%-*s%s", before, COLUMN - (int)wcslen(before), names[i],
            i % PER_LINE == PER_LINE - 1 || i + 1 == count ? L"\r\n" : L"");
}

static int help_message(int count, wchar_t **arguments)
{
    uint64_t number;
    if (count != 1 || !whole_number(arguments[0], &number))
        return net_unknown_option(count ? arguments[0] : L"", L"NET HELPMSG\r\nmessage#");
    const wchar_t *text = message((unsigned)number);
    say(L"\r\n%s\r\n\r\n", text ? text : reason((unsigned)number));
    return 0;
}

static int use(int count, wchar_t **arguments)
{
    (void)arguments;
    if (count)
        return net_fail(ERROR_BAD_NETPATH);
    say(L"New connections will be remembered.\r\n\r\nThere are no entries in the list.\r\n\r\n");
    return 0;
}

static const wchar_t syntax[] = L"NET\r\n"
                                L"    [ ACCOUNTS | COMPUTER | CONFIG | CONTINUE | FILE | GROUP | HELP |\r\n"
                                L"      HELPMSG | LOCALGROUP | PAUSE | SESSION | SHARE | START |\r\n"
                                L"      STATISTICS | STOP | TIME | USE | USER | VIEW ]\r\n";

int net(int count, wchar_t **arguments)
{
    static const struct {
        const wchar_t *verb;
        unsigned error;
    } missing[] = {
        {L"computer", 3515}, {L"config", 2138}, {L"file", 2114},  {L"group", 3515}, {L"session", 2114},
        {L"share", 2114},    {L"time", 3912},   {L"view", ERROR_NETWORK_UNREACHABLE}, {L"statistics", 2138},
    };
    if (!count || same(arguments[0], L"/?")) {
        (count ? say : complain)(L"The syntax of this command is:\r\n\r\n%s\r\n", syntax);
        return NET_BAD_SYNTAX;
    }
    const wchar_t *verb = *arguments++;
    count--;
    if (same(verb, L"help"))
        return say(L"The syntax of this command is:\r\n\r\n%s\r\n", syntax), 0;
    if (same(verb, L"helpmsg"))
        return help_message(count, arguments);
    if (same(verb, L"user") || same(verb, L"users"))
        return net_user(count, arguments);
    if (same(verb, L"localgroup"))
        return net_localgroup(count, arguments);
    if (same(verb, L"accounts"))
        return net_accounts(count, arguments);
    if (same(verb, L"use"))
        return use(count, arguments);
    if (same(verb, L"start") || same(verb, L"stop") || same(verb, L"pause") || same(verb, L"continue"))
        return net_service(verb, count, arguments);
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        if (same(verb, missing[i].verb))
            return net_fail(missing[i].error);
    complain(L"The syntax of this command is:\r\n\r\n%s\r\n", syntax);
    return NET_BAD_SYNTAX;
}

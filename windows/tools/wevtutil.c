/* wevtutil: the logs of Windows. Nothing keeps events in this base: they are empty, and everything else is refused. */
#include "tool.h"

static const wchar_t *const logs[] = {L"Application", L"Security", L"System"};

static const struct {
    const wchar_t *name, *in_short;
} verbs[] = {
    {L"enum-logs", L"el"},         {L"get-log", L"gl"},           {L"set-log", L"sl"},
    {L"enum-publishers", L"ep"},   {L"get-publisher", L"gp"},     {L"install-manifest", L"im"},
    {L"uninstall-manifest", L"um"}, {L"query-events", L"qe"},     {L"get-log-info", L"gli"},
    {L"export-log", L"epl"},       {L"archive-log", L"al"},       {L"clear-log", L"cl"},
};

static bool is_verb(const wchar_t *word, const wchar_t *in_short)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (same(verbs[i].in_short, in_short))
            return same(word, in_short) || same(word, verbs[i].name);
    return false;
}

static const wchar_t *log_of(const wchar_t *name)
{
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++)
        if (same(logs[i], name))
            return logs[i];
    return NULL;
}

static int no_channel(const wchar_t *what)
{
    complain(L"%sThe specified channel could not be found. Check channel configuration.\r\n", what);
    return ERROR_EVT_CHANNEL_NOT_FOUND;
}

static int describe(const wchar_t *log)
{
    say(L"name: %s\r\nenabled: false\r\ntype: Admin\r\nowningPublisher: \r\nisolation: %s\r\nlogging:\r\n"
        L"  logFileName: \r\n  retention: false\r\n  autoBackup: false\r\n  maxSize: 0\r\n", log, log);
    return 0;
}

int wevtutil(int count, wchar_t **arguments)
{
    const wchar_t *verb = count ? arguments[0] : L"/?", *name = count > 1 ? arguments[1] : NULL;
    bool known = false;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        known |= is_verb(verb, verbs[i].in_short);
    if (is_option(verb, L"?") || is_option(verb, L"h"))
        return say(L"Windows Events Command Line Utility.\r\n\r\nwevtutil COMMAND [ARGUMENT [ARGUMENT] ...]\r\n\r\n"
                   L"el | enum-logs, gl | get-log, gli | get-log-info, qe | query-events, cl | clear-log\r\n"), 0;
    if (!known)
        return complain(L"Invalid command: %s. Run \"wevtutil /?\" for usage.\r\n", verb), ERROR_INVALID_PARAMETER;
    if (is_verb(verb, L"el")) {
        for (size_t i = 0; i < sizeof logs / sizeof *logs; i++)
            say(L"%s\r\n", logs[i]);
        return 0;
    }
    bool shows = is_verb(verb, L"gl"), tells = is_verb(verb, L"gli"), asks = is_verb(verb, L"qe"), clears = is_verb(verb, L"cl");
    if (!shows && !tells && !asks && !clears)
        return complain(L"%s is not supported: nothing keeps events in this Windows base. Let programs write to standard "
                        L"output, which `docker logs` shows, or to files.\r\n", verb), ERROR_NOT_SUPPORTED;
    if (!name || *name == L'/')
        return complain(L"Too few arguments. Run \"wevtutil %s /?\" for usage.\r\n", verb), ERROR_INVALID_PARAMETER;
    const wchar_t *log = log_of(name);
    if (!log)
        return no_channel(clears  ? format(L"Failed to clear log %s.\r\n", name)
                          : shows ? format(L"Failed to read configuration for log %s.\r\n", name)
                          : tells ? format(L"Failed to get log information for log %s.\r\n", name)
                                  : L"");
    if (shows)
        return describe(log);
    if (tells)
        say(L"creationTime: \r\nlastAccessTime: \r\nlastWriteTime: \r\nfileSize: 0\r\nattributes: 0\r\n"
            L"numberOfLogRecords: 0\r\noldestRecordNumber: 0\r\n");
    if (asks)
        complain(L"The log is empty: nothing keeps events in this Windows base.\r\n");
    return 0;
}

/* What sc says of services: their state and their configuration. */
#include "services.h"

struct name_of {
    DWORD value;
    const wchar_t *name;
};

static const struct name_of types[] = {
    {SERVICE_KERNEL_DRIVER, L"KERNEL_DRIVER"},         {SERVICE_FILE_SYSTEM_DRIVER, L"FILE_SYSTEM_DRIVER"},
    {SERVICE_WIN32_OWN_PROCESS, L"WIN32_OWN_PROCESS"}, {SERVICE_WIN32_SHARE_PROCESS, L"WIN32_SHARE_PROCESS"},
    {SERVICE_WIN32, L"WIN32"},
};
static const struct name_of states[] = {
    {SERVICE_STOPPED, L"STOPPED"},     {SERVICE_START_PENDING, L"START_PENDING"},
    {SERVICE_STOP_PENDING, L"STOP_PENDING"}, {SERVICE_RUNNING, L"RUNNING"},
    {SERVICE_CONTINUE_PENDING, L"CONTINUE_PENDING"}, {SERVICE_PAUSE_PENDING, L"PAUSE_PENDING"},
    {SERVICE_PAUSED, L"PAUSED"},
};
static const struct name_of starts[] = {
    {SERVICE_BOOT_START, L"BOOT_START"},     {SERVICE_SYSTEM_START, L"SYSTEM_START"}, {SERVICE_AUTO_START, L"AUTO_START"},
    {SERVICE_DEMAND_START, L"DEMAND_START"}, {SERVICE_DISABLED, L"DISABLED"},
};
static const struct name_of controls[] = {{0, L"IGNORE"}, {1, L"NORMAL"}, {2, L"SEVERE"}, {3, L"CRITICAL"}};

enum { BUFFER = 1 << 18 };

static const wchar_t *name_in(const struct name_of *table, size_t count, DWORD value)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].value == value)
            return table[i].name;
    return L"";
}
#define NAME_IN(table, value) name_in(table, sizeof table / sizeof *table, value)

int sc_failed(const wchar_t *what)
{
    DWORD error = GetLastError();
    say(L"[SC] %s FAILED %u:\r\n\r\n%s\r\n\r\n", what, error, reason(error));
    return (int)error;
}

void show_status(const wchar_t *name, const wchar_t *display, const SERVICE_STATUS_PROCESS *status, bool more)
{
    say(L"\r\nSERVICE_NAME: %s \r\n", name);
    if (display)
        say(L"DISPLAY_NAME: %s\r\n", display);
    say(L"        TYPE               : %x  %s  \r\n", status->dwServiceType, NAME_IN(types, status->dwServiceType & 0x3b));
    say(L"        STATE              : %u  %s \r\n", status->dwCurrentState, NAME_IN(states, status->dwCurrentState));
    if (status->dwCurrentState != SERVICE_STOPPED)
        say(L"                                (%s, %s, %s)\r\n",
            status->dwControlsAccepted & SERVICE_ACCEPT_STOP ? L"STOPPABLE" : L"NOT_STOPPABLE",
            status->dwControlsAccepted & SERVICE_ACCEPT_PAUSE_CONTINUE ? L"PAUSABLE" : L"NOT_PAUSABLE",
            status->dwControlsAccepted & SERVICE_ACCEPT_SHUTDOWN ? L"ACCEPTS_SHUTDOWN" : L"IGNORES_SHUTDOWN");
    say(L"        WIN32_EXIT_CODE    : %u  (0x%x)\r\n", status->dwWin32ExitCode, status->dwWin32ExitCode);
    say(L"        SERVICE_EXIT_CODE  : %u  (0x%x)\r\n", status->dwServiceSpecificExitCode,
        status->dwServiceSpecificExitCode);
    say(L"        CHECKPOINT         : 0x%x\r\n        WAIT_HINT          : 0x%x\r\n", status->dwCheckPoint,
        status->dwWaitHint);
    if (more)
        say(L"        PID                : %u\r\n        FLAGS              : \r\n", status->dwProcessId);
}

static int query_all(SC_HANDLE manager, DWORD kinds, DWORD which, bool more)
{
    ENUM_SERVICE_STATUS_PROCESSW *all = take(BUFFER);
    DWORD needed, found, resume = 0;
    BOOL complete;
    do {
        complete = scm.enumerate(manager, SC_ENUM_PROCESS_INFO, kinds, which, (BYTE *)all, BUFFER, &needed, &found,
                                 &resume, NULL);
        if (!complete && GetLastError() != ERROR_MORE_DATA)
            return sc_failed(L"EnumServicesStatus");
        for (DWORD i = 0; i < found; i++)
            show_status(all[i].lpServiceName, all[i].lpDisplayName, &all[i].ServiceStatusProcess, more);
    } while (!complete);
    return 0;
}

static int query_one(SC_HANDLE manager, const wchar_t *name, bool more)
{
    SERVICE_STATUS_PROCESS status;
    DWORD needed;
    SC_HANDLE service = scm.open(manager, name, SERVICE_QUERY_STATUS);
    if (!service)
        return sc_failed(L"EnumQueryServicesStatus:OpenService");
    if (!scm.status(service, SC_STATUS_PROCESS_INFO, (BYTE *)&status, sizeof status, &needed))
        return sc_failed(L"QueryServiceStatus");
    show_status(name, NULL, &status, more);
    return 0;
}

int sc_query(SC_HANDLE manager, int count, wchar_t **arguments, bool more)
{
    DWORD kinds = SERVICE_WIN32, which = SERVICE_ACTIVE;
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i];
        if (!wcschr(each, L'='))
            return query_one(manager, each, more);
        const wchar_t *value = wcschr(each, L'=')[1] ? wcschr(each, L'=') + 1 : ++i < count ? arguments[i] : L"";
        if (same_start(each, L"state=") && same(value, L"all"))
            which = SERVICE_STATE_ALL;
        else if (same_start(each, L"state=") && same(value, L"inactive"))
            which = SERVICE_INACTIVE;
        else if (same_start(each, L"type=") && same(value, L"driver"))
            kinds = SERVICE_DRIVER;
        else if (same_start(each, L"type=") && same(value, L"all"))
            kinds = SERVICE_WIN32 | SERVICE_DRIVER;
        else if (!(same_start(each, L"type=") && same(value, L"service")) &&
                 !(same_start(each, L"state=") && same(value, L"active")) && !same_start(each, L"bufsize="))
            return say(L"\r\nERROR:  Invalid Option\r\n\r\n"), ERROR_INVALID_PARAMETER;
    }
    return query_all(manager, kinds, which, more);
}

int sc_config_of(SC_HANDLE manager, const wchar_t *name)
{
    SC_HANDLE service = scm.open(manager, name, SERVICE_QUERY_CONFIG);
    QUERY_SERVICE_CONFIGW *config = take(BUFFER);
    DWORD needed;
    if (!service)
        return sc_failed(L"OpenService");
    if (!scm.config(service, config, BUFFER, &needed))
        return sc_failed(L"QueryServiceConfig");
    say(L"[SC] QueryServiceConfig SUCCESS\r\n\r\nSERVICE_NAME: %s\r\n", name);
    say(L"        TYPE               : %x  %s \r\n", config->dwServiceType, NAME_IN(types, config->dwServiceType & 0x3b));
    say(L"        START_TYPE         : %u   %s\r\n", config->dwStartType, NAME_IN(starts, config->dwStartType));
    say(L"        ERROR_CONTROL      : %u   %s\r\n", config->dwErrorControl, NAME_IN(controls, config->dwErrorControl));
    say(L"        BINARY_PATH_NAME   : %s\r\n", config->lpBinaryPathName ? config->lpBinaryPathName : L"");
    say(L"        LOAD_ORDER_GROUP   : %s\r\n", config->lpLoadOrderGroup ? config->lpLoadOrderGroup : L"");
    say(L"        TAG                : %u\r\n", config->dwTagId);
    say(L"        DISPLAY_NAME       : %s\r\n", config->lpDisplayName ? config->lpDisplayName : L"");
    say(L"        DEPENDENCIES       : ");
    const wchar_t *each = config->lpDependencies ? config->lpDependencies : L"";
    for (bool first = true; *each; first = false, each += wcslen(each) + 1)
        say(first ? L"%s" : L"\r\n                           : %s", each);
    say(L"\r\n        SERVICE_START_NAME : %s\r\n", config->lpServiceStartName ? config->lpServiceStartName : L"");
    return 0;
}

int sc_description_of(SC_HANDLE manager, const wchar_t *name)
{
    SC_HANDLE service = scm.open(manager, name, SERVICE_QUERY_CONFIG);
    SERVICE_DESCRIPTIONW *found = take(BUFFER);
    DWORD needed;
    if (!service)
        return sc_failed(L"OpenService");
    if (!scm.config2(service, SERVICE_CONFIG_DESCRIPTION, (BYTE *)found, BUFFER, &needed))
        return sc_failed(L"QueryServiceConfig2");
    say(L"[SC] QueryServiceConfig2 SUCCESS\r\n\r\nSERVICE_NAME: %s\r\nDESCRIPTION:  %s\r\n", name,
        found->lpDescription ? found->lpDescription : L"");
    return 0;
}

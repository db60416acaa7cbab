/* net start, stop, pause and continue: services. */
#include "account.h"

enum { PAUSE_MS = 100, LONGEST_MS = 60000, ROOM = 65536, TEXT_ROOM = 1024 };

static BOOL(WINAPI *query)(SC_HANDLE, SERVICE_STATUS *);

static int list_started(SC_HANDLE manager)
{
    BOOL(WINAPI * enumerate)
    (SC_HANDLE, DWORD, DWORD, ENUM_SERVICE_STATUSW *, DWORD, DWORD *, DWORD *, DWORD *) = advapi("EnumServicesStatusW");
    ENUM_SERVICE_STATUSW *all = take(ROOM);
    DWORD needed, count = 0, from = 0;
    if (!enumerate(manager, SERVICE_WIN32, SERVICE_ACTIVE, all, ROOM, &needed, &count, &from))
        return net_fail(GetLastError());
    say(L"These Windows services are started:\r\n\r\n");
    for (DWORD i = 0; i < count; i++)
        say(L"   %s\r\n", all[i].lpDisplayName);
    say(L"\r\n");
    return net_done();
}

static wchar_t *display_name(SC_HANDLE manager, const wchar_t *name)
{
    BOOL(WINAPI * ask)(SC_HANDLE, const wchar_t *, wchar_t *, DWORD *) = advapi("GetServiceDisplayNameW");
    wchar_t *text = take(TEXT_ROOM * sizeof *text);
    DWORD room = TEXT_ROOM;
    return ask(manager, name, text, &room) && *text ? text : copy(name);
}

static SC_HANDLE open_service(SC_HANDLE manager, const wchar_t *name, wchar_t **service)
{
    SC_HANDLE(WINAPI * open)(SC_HANDLE, const wchar_t *, DWORD) = advapi("OpenServiceW");
    BOOL(WINAPI * key_of)(SC_HANDLE, const wchar_t *, wchar_t *, DWORD *) = advapi("GetServiceKeyNameW");
    wchar_t *key = take(TEXT_ROOM * sizeof *key);
    DWORD room = TEXT_ROOM;
    *service = copy(name);
    SC_HANDLE opened = open(manager, name, SERVICE_ALL_ACCESS);
    if (!opened && key_of(manager, name, key, &room)) {
        *service = key;
        opened = open(manager, key, SERVICE_ALL_ACCESS);
    }
    return opened;
}

static bool wait_for(SC_HANDLE service, DWORD wanted, DWORD passing, SERVICE_STATUS *status)
{
    for (DWORD waited = 0; waited < LONGEST_MS; waited += PAUSE_MS) {
        if (!query(service, status) || status->dwCurrentState != passing)
            break;
        Sleep(PAUSE_MS);
    }
    return status->dwCurrentState == wanted;
}

static int start(SC_HANDLE service, const wchar_t *shown)
{
    BOOL(WINAPI * begin)(SC_HANDLE, DWORD, const wchar_t **) = advapi("StartServiceW");
    SERVICE_STATUS status;
    if (!begin(service, 0, NULL))
        return net_fail(GetLastError() == ERROR_SERVICE_ALREADY_RUNNING ? 2182 : GetLastError());
    say(L"The %s service is starting.\r\n", shown);
    if (!wait_for(service, SERVICE_RUNNING, SERVICE_START_PENDING, &status)) {
        complain(L"The %s service could not be started.\r\n\r\n", shown);
        if (status.dwWin32ExitCode == ERROR_SERVICE_SPECIFIC_ERROR)
            complain(L"A service specific error occurred: %u.\r\n\r\nMore help is available by typing NET HELPMSG 3547.\r\n\r\n",
                     (unsigned)status.dwServiceSpecificExitCode);
        else if (status.dwWin32ExitCode)
            return net_fail(status.dwWin32ExitCode);
        else
            complain(L"The service did not report an error.\r\n\r\nMore help is available by typing NET HELPMSG 3534.\r\n\r\n");
        return NET_FAILED;
    }
    say(L"The %s service was started successfully.\r\n\r\n", shown);
    return 0;
}

static int control(SC_HANDLE service, const wchar_t *shown, const wchar_t *verb)
{
    static const struct {
        const wchar_t *verb, *doing, *done;
        DWORD control, wanted, passing;
    } verbs[] = {
        {L"stop", L"stopping", L"stopped", SERVICE_CONTROL_STOP, SERVICE_STOPPED, SERVICE_STOP_PENDING},
        {L"pause", L"pausing", L"paused", SERVICE_CONTROL_PAUSE, SERVICE_PAUSED, SERVICE_PAUSE_PENDING},
        {L"continue", L"continuing", L"continued", SERVICE_CONTROL_CONTINUE, SERVICE_RUNNING, SERVICE_CONTINUE_PENDING},
    };
    BOOL(WINAPI * order)(SC_HANDLE, DWORD, SERVICE_STATUS *) = advapi("ControlService");
    SERVICE_STATUS status;
    size_t which = same(verb, L"stop") ? 0 : same(verb, L"pause") ? 1 : 2;
    if (!order(service, verbs[which].control, &status)) {
        DWORD error = GetLastError();
        if (error != ERROR_SERVICE_NOT_ACTIVE)
            return net_fail(error == ERROR_INVALID_SERVICE_CONTROL || error == ERROR_SERVICE_CANNOT_ACCEPT_CTRL ? 2191 : error);
        complain(L"The %s service is not started.\r\n\r\nMore help is available by typing NET HELPMSG 3521.\r\n\r\n", shown);
        return NET_FAILED;
    }
    say(L"The %s service is %s.\r\n", shown, verbs[which].doing);
    if (!wait_for(service, verbs[which].wanted, verbs[which].passing, &status)) {
        complain(L"The %s service could not be %s.\r\n\r\n", shown, verbs[which].done);
        return NET_FAILED;
    }
    say(L"The %s service was %s successfully.\r\n\r\n", shown, verbs[which].done);
    return 0;
}

int net_service(const wchar_t *verb, int count, wchar_t **arguments)
{
    SC_HANDLE(WINAPI * connect)(const wchar_t *, const wchar_t *, DWORD) = advapi("OpenSCManagerW");
    query = advapi("QueryServiceStatus");
    SC_HANDLE manager = connect(NULL, NULL, SC_MANAGER_CONNECT | SC_MANAGER_ENUMERATE_SERVICE);
    if (!manager)
        return net_fail(GetLastError());
    while (count && same(arguments[count - 1], L"/y"))
        count--;
    if (!count && same(verb, L"start"))
        return list_started(manager);
    if (count != 1 || arguments[0][0] == L'/')
        return net_unknown_option(count ? arguments[count - 1] : L"", format(L"NET %s\r\n[service]", verb));
    wchar_t *name;
    SC_HANDLE service = open_service(manager, arguments[0], &name);
    if (!service)
        return net_fail(GetLastError() == ERROR_SERVICE_DOES_NOT_EXIST ? 2185 : GetLastError());
    const wchar_t *shown = display_name(manager, name);
    return same(verb, L"start") ? start(service, shown) : control(service, shown, verb);
}

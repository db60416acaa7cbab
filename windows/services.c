/*
 * The service control manager, started when a program first asks for it.
 *
 * Programs reach it through a pipe. The first process makes the pipe's first instance: whoever connects to it gets
 * Wine's services.exe started, which adds instances for all who come later. Between the first caller and one of these
 * the first process carries messages until either end closes. Until then it costs a pipe.
 *
 * When the container stops, its services are stopped as Windows stops them, and it ends no sooner than they have.
 *
 * Source: "ControlService function", "SERVICE_STATUS structure"; [MS-SCMR] 2.1 (the pipe's name).
 */
#include "base.h"

enum {
    MESSAGE = 64 << 10, /* no fragment of a remote call is as long */
    ONE_TRY_MS = 100,
    START_MS = 30000,
    STOP_MS = 20000, /* of services that outlive the container's program; `docker stop` has its own limit */
    POLL_MS = 20,
    MOST_ANCESTORS = 64,
};

static const wchar_t pipe_name[] = L"\\\\.\\pipe\\svcctl";
static HANDLE caller, manager;
static OVERLAPPED connected;
static void *stopped; /* an event, once the services are being stopped */

/* These belong to Wine, which starts them for others: nothing is lost with them. */
static const wchar_t *const wines_own[] = {L"RpcSs", L"MSIServer", L"PlugPlay", L"Eventlog", L"BITS", L"Schedule",
                                           L"Spooler", L"Winmgmt", L"wuauserv", L"FontCache", L"LanmanServer"};

struct direction {
    HANDLE from, to;
};

static bool offer_pipe(void)
{
    caller = CreateNamedPipeW(pipe_name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                              PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, PIPE_UNLIMITED_INSTANCES, MESSAGE, MESSAGE,
                              START_MS, NULL);
    if (caller == INVALID_HANDLE_VALUE)
        return false;
    ResetEvent(connected.hEvent);
    if (!ConnectNamedPipe(caller, &connected) && GetLastError() == ERROR_PIPE_CONNECTED)
        SetEvent(connected.hEvent);
    return true;
}

/* Return the event that tells of the first caller, or NULL where there can be none. */
HANDLE services_listen(void)
{
    connected.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    return connected.hEvent && offer_pipe() ? connected.hEvent : NULL;
}

static bool start_manager(void)
{
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    wchar_t command[] = L"C:\\windows\\system32\\services.exe";
    AcquireSRWLockExclusive(&start_guard);
    bool started = CreateProcessW(command, command, NULL, NULL, FALSE, DETACHED_PROCESS, NULL,
                                  L"C:\\windows\\system32", &startup, &process);
    ReleaseSRWLockExclusive(&start_guard);
    if (!started)
        return false;
    CloseHandle(process.hThread);
    manager = process.hProcess;
    return true;
}

/* Connect to an instance of the manager's own; its start takes 50 ms and more. */
static HANDLE connect_to_manager(void)
{
    DWORD mode = PIPE_READMODE_MESSAGE;
    ULONGLONG end = GetTickCount64() + START_MS;
    while (GetTickCount64() < end && WaitForSingleObject(manager, 0) == WAIT_TIMEOUT) {
        if (!WaitNamedPipeW(pipe_name, ONE_TRY_MS))
            continue;
        HANDLE pipe = CreateFileW(pipe_name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED,
                                  NULL);
        if (pipe == INVALID_HANDLE_VALUE)
            continue; /* somebody else was quicker */
        SetNamedPipeHandleState(pipe, &mode, NULL, NULL);
        return pipe;
    }
    return INVALID_HANDLE_VALUE;
}

static DWORD WINAPI carry(void *argument)
{
    const struct direction *direction = argument;
    char *message = take(MESSAGE);
    OVERLAPPED pending = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    DWORD size;
    for (;;) {
        if (!ReadFile(direction->from, message, MESSAGE, NULL, &pending) && GetLastError() != ERROR_IO_PENDING)
            break;
        if (!GetOverlappedResult(direction->from, &pending, &size, TRUE))
            break;
        if (!WriteFile(direction->to, message, size, NULL, &pending) && GetLastError() != ERROR_IO_PENDING)
            break;
        if (!GetOverlappedResult(direction->to, &pending, &size, TRUE))
            break;
    }
    CancelIoEx(direction->to, NULL); /* ends the other direction, which reads there */
    CloseHandle(pending.hEvent);
    HeapFree(GetProcessHeap(), 0, message);
    return 0;
}

static void carry_both(HANDLE server)
{
    struct direction up = {caller, server}, down = {server, caller};
    HANDLE thread = CreateThread(NULL, 64 << 10, carry, &up, 0, NULL);
    if (thread) {
        carry(&down);
        CancelIoEx(caller, NULL);
        WaitForSingleObject(thread, INFINITE);
        CloseHandle(thread);
    }
    CloseHandle(server);
}

static DWORD WINAPI serve(void *argument)
{
    (void)argument;
    do {
        WaitForSingleObject(connected.hEvent, INFINITE);
        HANDLE server = start_manager() ? connect_to_manager() : INVALID_HANDLE_VALUE;
        if (server != INVALID_HANDLE_VALUE)
            carry_both(server);
        CloseHandle(caller);
        if (manager)
            WaitForSingleObject(manager, INFINITE);
    } while (offer_pipe()); /* the manager has ended: the next caller starts another */
    return 0;
}

/* Somebody has connected. */
void services_start(void)
{
    HANDLE thread = CreateThread(NULL, 64 << 10, serve, NULL, 0, NULL);
    if (thread)
        CloseHandle(thread);
}

/* Whether a process is a service or was started by one. */
bool services_own(const SYSTEM_PROCESS_INFORMATION *list, HANDLE pid)
{
    HANDLE above = manager ? (HANDLE)(uintptr_t)GetProcessId(manager) : NULL;
    for (unsigned i = 0; above && i < MOST_ANCESTORS; i++) {
        const SYSTEM_PROCESS_INFORMATION *each = list;
        while (each->UniqueProcessId != pid && each->NextEntryOffset)
            each = (const void *)((const char *)each + each->NextEntryOffset);
        if (each->UniqueProcessId != pid)
            return false;
        pid = each->InheritedFromUniqueProcessId;
        if (pid == above)
            return true;
    }
    return false;
}

/* --- the end ---------------------------------------------------------------------------------------------------- */

struct functions {
    SC_HANDLE(WINAPI *open_manager)(const wchar_t *, const wchar_t *, DWORD);
    BOOL(WINAPI *enumerate)(SC_HANDLE, SC_ENUM_TYPE, DWORD, DWORD, BYTE *, DWORD, DWORD *, DWORD *, DWORD *,
                            const wchar_t *);
    SC_HANDLE(WINAPI *open)(SC_HANDLE, const wchar_t *, DWORD);
    BOOL(WINAPI *control)(SC_HANDLE, DWORD, SERVICE_STATUS *);
    BOOL(WINAPI *close)(SC_HANDLE);
};

static bool find_functions(struct functions *functions)
{
    HMODULE library = LoadLibraryW(L"sechost.dll");
    functions->open_manager = (void *)GetProcAddress(library, "OpenSCManagerW");
    functions->enumerate = (void *)GetProcAddress(library, "EnumServicesStatusExW");
    functions->open = (void *)GetProcAddress(library, "OpenServiceW");
    functions->control = (void *)GetProcAddress(library, "ControlService");
    functions->close = (void *)GetProcAddress(library, "CloseServiceHandle");
    return functions->open_manager && functions->enumerate && functions->open && functions->control && functions->close;
}

static bool is_wines_own(const wchar_t *name)
{
    for (unsigned i = 0; i < sizeof wines_own / sizeof *wines_own; i++)
        if (wide_length(name) == wide_length(wines_own[i]) && wide_equal(name, wines_own[i], wide_length(name)))
            return true;
    return false;
}

/* Count the container's services that run or are about to stop; with `ask`, have each stop. */
static unsigned look_over(const struct functions *functions, SC_HANDLE all, bool ask)
{
    DWORD size = 0, count = 0, resume = 0;
    unsigned active = 0;
    functions->enumerate(all, SC_ENUM_PROCESS_INFO, SERVICE_WIN32, SERVICE_ACTIVE, NULL, 0, &size, &count, &resume, NULL);
    ENUM_SERVICE_STATUS_PROCESSW *list = take(size + 1);
    resume = 0;
    if (functions->enumerate(all, SC_ENUM_PROCESS_INFO, SERVICE_WIN32, SERVICE_ACTIVE, (BYTE *)list, size, &size, &count,
                             &resume, NULL))
        for (DWORD i = 0; i < count; i++) {
            SERVICE_STATUS status;
            if (is_wines_own(list[i].lpServiceName))
                continue;
            bool stoppable = list[i].ServiceStatusProcess.dwControlsAccepted & SERVICE_ACCEPT_STOP;
            if (ask && stoppable) {
                SC_HANDLE service = functions->open(all, list[i].lpServiceName, SERVICE_STOP);
                functions->control(service, SERVICE_CONTROL_STOP, &status);
                functions->close(service);
            }
            active += stoppable || list[i].ServiceStatusProcess.dwCurrentState == SERVICE_STOP_PENDING;
        }
    HeapFree(GetProcessHeap(), 0, list);
    return active;
}

static void stop_all(void)
{
    struct functions functions;
    SC_HANDLE all = find_functions(&functions) ? functions.open_manager(NULL, NULL, SC_MANAGER_ENUMERATE_SERVICE) : NULL;
    ULONGLONG end = GetTickCount64() + STOP_MS;
    if (all && look_over(&functions, all, true))
        while (GetTickCount64() < end && look_over(&functions, all, false))
            Sleep(POLL_MS);
}

/* Have the container's services stop, once, and wait until they have. */
void services_stop(void)
{
    if (!manager || WaitForSingleObject(manager, 0) != WAIT_TIMEOUT)
        return;
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL), other = InterlockedCompareExchangePointer(&stopped, event, NULL);
    if (other) { /* a second request to stop would kill them */
        WaitForSingleObject(other, STOP_MS);
        return;
    }
    stop_all();
    SetEvent(event);
}

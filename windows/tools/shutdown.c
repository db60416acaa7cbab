/* shutdown: ends the container's program, and by that the container; a restart policy may start it again. */
#include "processes.h"

#define ABORT L"Global\\transom-shutdown-aborted"

enum { DEFAULT_SECONDS = 30, MOST = 315360000, NOT_GOING_ON = 1116, GOING_ON = 1190 };

static int usage(void)
{
    say(L"Usage: shutdown [/s | /r | /p | /a] [/f] [/t seconds] [/c \"comment\"]\r\n\r\n    /s, /p   End the container's "
        L"program: the container stops.\r\n    /r       The same: a restart policy of the container starts it again.\r\n"
        L"    /a       Abort what waits for its time.\r\n");
    return 0;
}

static uint64_t born(DWORD id)
{
    FILETIME created = {0}, ended, kernel, user;
    HANDLE process = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, id);
    if (!process || !GetProcessTimes(process, &created, &ended, &kernel, &user))
        return UINT64_MAX;
    CloseHandle(process);
    return (uint64_t)created.dwHighDateTime << 32 | created.dwLowDateTime;
}

/* The first process of the container has started its program; each `docker exec` has a like one, later. */
static int end_now(void)
{
    size_t count;
    struct process *all = list_processes(&count);
    uint64_t first = UINT64_MAX;
    DWORD parent = 0;
    for (size_t i = 0; i < count; i++)
        if (same(all[i].name, L"transom-init.exe") && born(all[i].id) < first) {
            first = born(all[i].id);
            parent = all[i].id;
        }
    for (size_t i = 0; i < count; i++)
        if (parent && all[i].parent == parent && all[i].id != GetCurrentProcessId()) {
            HANDLE process = OpenProcess(PROCESS_TERMINATE, FALSE, all[i].id);
            if (process && TerminateProcess(process, (UINT)DBG_TERMINATE_PROCESS))
                return 0;
        }
    complain(L"%s(%u)\r\n", reason(ERROR_ACCESS_DENIED), ERROR_ACCESS_DENIED);
    return ERROR_ACCESS_DENIED;
}

static int end_after(DWORD seconds)
{
    HANDLE aborted = CreateEventW(NULL, TRUE, FALSE, ABORT);
    if (WaitForSingleObject(aborted, seconds * 1000) == WAIT_OBJECT_0)
        return 0;
    return end_now();
}

/* A process of our own waits, so that this one can end at once. */
static int schedule(DWORD seconds)
{
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    wchar_t *own = take(32768 * sizeof *own);
    HANDLE going_on = OpenEventW(SYNCHRONIZE, FALSE, ABORT);
    if (going_on)
        return complain(L"A system shutdown has already been scheduled.(%u)\r\n", GOING_ON), GOING_ON;
    GetModuleFileNameW(NULL, own, 32768);
    HANDLE held = CreateEventW(NULL, TRUE, FALSE, ABORT); /* there before we end: /a finds it */
    SetHandleInformation(held, HANDLE_FLAG_INHERIT, 0);
    if (!CreateProcessW(own, format(L"\"%s\" /transom-waits %u", own, seconds), NULL, NULL, FALSE, DETACHED_PROCESS, NULL,
                        NULL, &startup, &process))
        return complain(L"%s(%u)\r\n", reason(GetLastError()), GetLastError()), (int)GetLastError();
    Sleep(0);
    WaitForSingleObject(process.hProcess, 200); /* until it holds the event too */
    return 0;
}

static int stop_waiting(void)
{
    HANDLE event = OpenEventW(EVENT_MODIFY_STATE, FALSE, ABORT);
    if (!event) {
        complain(L"Unable to abort the system shutdown because no shutdown was in progress.(%u)\r\n", NOT_GOING_ON);
        return NOT_GOING_ON;
    }
    SetEvent(event);
    return 0;
}

int shut_down(int count, wchar_t **arguments)
{
    bool ends = false, aborts = false;
    uint64_t seconds = DEFAULT_SECONDS;
    if (count == 2 && is_option(arguments[0], L"transom-waits") && whole_number(arguments[1], &seconds))
        return end_after((DWORD)seconds);
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i], *next = i + 1 < count ? arguments[i + 1] : NULL;
        if (is_option(each, L"?"))
            return usage();
        if (is_option(each, L"s") || is_option(each, L"r") || is_option(each, L"g") || is_option(each, L"sg"))
            ends = true;
        else if (is_option(each, L"p"))
            ends = true, seconds = 0;
        else if (is_option(each, L"a"))
            aborts = true;
        else if (is_option(each, L"t") && next && whole_number(next, &seconds) && seconds <= MOST)
            i++;
        else if ((is_option(each, L"c") || is_option(each, L"d")) && next)
            i++;
        else if (!is_option(each, L"f"))
            return complain(L"%s: there are /s, /r, /p and /a in a container.\r\n", each), ERROR_NOT_SUPPORTED;
    }
    if (ends == aborts)
        return usage(), count ? ERROR_INVALID_PARAMETER : 0;
    return aborts ? stop_waiting() : seconds ? schedule((DWORD)seconds) : end_now();
}

/* Runs one program to its end: the container's own, or one that is added to it. */
#include "base.h"
#include "linux.h"

static unsigned fail(const struct request *request, const struct failure *failure)
{
    report(request, "failed", failure->error, failure->text);
    report_exit(request, failure->exit_code);
    return failure->exit_code;
}

static bool start_with_streams(const struct request *request, struct relay *relay, PROCESS_INFORMATION *process,
                               struct failure *failure)
{
    STARTUPINFOW startup = {.cb = sizeof startup};
    if (request->terminal)
        return start_program(request, &startup, process, failure);
    relay->console = console_make();
    if (!relay_open(relay, request)) {
        *failure = (struct failure){128, GetLastError(), "pipes cannot be made"};
        return false;
    }
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = relay->child_input;
    startup.hStdOutput = relay->child_output;
    startup.hStdError = relay->child_error;
    bool started = start_program(request, &startup, process, failure);
    relay_close_child_ends(relay); /* or the next program would inherit them */
    if (!started)
        relay_close(relay);
    return started;
}

static bool start(const struct request *request, struct relay *relay, PROCESS_INFORMATION *process,
                  struct failure *failure)
{
    bool added = request->connection >= 0;
    AcquireSRWLockExclusive(&start_guard);
    void *before = added ? environment_enter(request) : NULL;
    HANDLE console = added ? console_replace(NULL) : NULL; /* it has no part in that of the container's program */
    bool started = start_with_streams(request, relay, process, failure);
    if (added) {
        HANDLE own = console_replace(console);
        if (relay->console)
            CloseHandle(own); /* it goes with the program */
        environment_leave(before);
        SetCurrentDirectoryW(L"C:\\"); /* whose directory it was may be removed */
    }
    ReleaseSRWLockExclusive(&start_guard);
    return started;
}

unsigned run(struct request *request)
{
    PROCESS_INFORMATION process;
    struct relay relay;
    struct failure failure;
    if (!start(request, &relay, &process, &failure))
        return fail(request, &failure);
    request->process = process.hProcess;
    report(request, "started", process.dwProcessId, "");
    CloseHandle(process.hThread);
    if (request->terminal) {
        terminal_follow();
    } else {
        relay_until_exit(&relay, process.hProcess);
        if (request->connection >= 0)
            relay_close(&relay); /* this process lives on */
    }
    WaitForSingleObject(process.hProcess, INFINITE);
    DWORD code = 255;
    GetExitCodeProcess(process.hProcess, &code);
    report_exit(request, code);
    return code;
}

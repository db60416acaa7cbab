/*
 * The first Windows process of a container, and the starter of each `exec`.
 *
 *   transom-init.exe boot /run/transom/main      prepares Windows, runs the container's program
 *   transom-init.exe exec /run/transom/exec-ID   runs one more program in it
 *
 * Both report `started` or `failed`, carry the program's streams, and leave its full 32-bit exit code in a file.
 */
#include "base.h"
#include "linux.h"

/* The n-th word of our own command line, which holds no quotes beyond the program's. */
static char *own_argument(unsigned n)
{
    const wchar_t *p = GetCommandLineW();
    for (; n; n--) {
        bool quoted = false;
        for (; *p && (quoted || *p != L' '); p++)
            quoted ^= *p == L'"';
        while (*p == L' ')
            p++;
    }
    char *word = take(wide_length(p) + 1), *end = word;
    while (*p && *p != L' ')
        *end++ = (char)*p++;
    return word;
}

/* On a terminal Ctrl-C is the program's to answer, not ours. */
static BOOL WINAPI ignore_event(DWORD event)
{
    (void)event;
    return TRUE;
}

void WINAPI entry(void)
{
    struct request *request = take(sizeof *request);
    if (!request_read(request, own_argument(2)))
        ExitProcess(255);
    SetConsoleCtrlHandler(ignore_event, TRUE);
    bool boot = text_starts(own_argument(1), "boot");
    if (boot) {
        kernel_prepare(request);
        devices_serve(request);
    }
    identity_prepare(request, boot);
    environment_apply(request);
    if (boot) {
        control_listen(request);
        registry_watch();
    }
    unsigned code = run(request);
    services_stop();
    if (boot)
        registry_report(request);
    if (request->terminal)
        ExitProcess(code); /* the console may still have something to draw */
    linux_exit(code);
}

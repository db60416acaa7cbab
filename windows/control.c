/*
 * Takes requests from the engine and from process 1, one line each, through the FIFO beside the request:
 *
 *   event N   every program of the container gets console event N (0 CTRL_C, 2 CTRL_CLOSE, 6 CTRL_SHUTDOWN)
 *   save      the registry is written to the container's registry files; answered by `saved` on the report FIFO
 *   end NAME  the program of this exec is ended
 *
 * Besides it takes the programs that the engine adds (exec.c).
 */
#include "base.h"
#include "channel.h"

enum { LINE = 64 };

static int execs;

static DWORD WINAPI serve(void *argument)
{
    const struct request *request = argument;
    char path[256], line[LINE], byte;
    size_t used = 0, length = text_length(request->path);
    memcpy(path, request->path, length);
    memcpy(path + length, ".ctl", 5);
    int fd = linux_open(path, LINUX_O_RDWR); /* also for writing: no end of file when a writer goes */
    if (fd < 0)
        return 1;
    for (;;) {
        if (linux_wait_readable(fd, execs)) {
            exec_accept(execs);
            continue;
        }
        if (linux_read(fd, &byte, 1) != 1)
            break;
        if (byte != '\n') {
            if (used < sizeof line - 1)
                line[used++] = byte;
            continue;
        }
        line[used] = 0;
        used = 0;
        if (text_starts(line, "event "))
            stop_programs(text_value(line + 6));
        else if (text_starts(line, "save"))
            registry_save(request);
        else if (text_starts(line, "end "))
            exec_end(line + 4);
    }
    return 0;
}

void control_listen(const struct request *request)
{
    execs = execs_listen(request);
    HANDLE thread = CreateThread(NULL, 64 << 10, serve, (void *)request, 0, NULL);
    if (thread)
        CloseHandle(thread);
}

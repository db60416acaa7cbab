/*
 * Programs that the engine adds to a container that runs (`docker exec`): started by its first process, which is there
 * already, instead of by one more that would have to be started first.
 *
 * The engine connects to the socket beside the container's request and sends, in packets, the name of the request and
 * then the program's input; the end of what it sends is the end of the input. It gets the report and the output in
 * packets whose first byte says what they are. What the program leaves when it has ended: its exit code in a file, then
 * the end of the FIFO `.run`, which is held open as long as it runs, then the end of the connection. An engine that
 * goes away does not end the program.
 *
 * Requests with a terminal, or of another user than the container's own, do not come this way: Wine's processes inherit
 * both on the Linux side.
 */
#include "base.h"
#include "channel.h"

enum { LONGEST_NAME = 48 };

static const struct request *container;
static CRITICAL_SECTION guard;
static struct request *running;

/* The name comes from the engine, but anybody in the container can connect: he gets what he can do anyway. */
static char *path_of(const char *name)
{
    size_t length = text_length(container->path), folder = length;
    while (folder && container->path[folder - 1] != '/')
        folder--;
    char *path = take(folder + LONGEST_NAME + 1);
    memcpy(path, container->path, folder);
    for (unsigned i = 0; name[i] && name[i] != '/'; i++)
        path[folder + i] = name[i];
    return path;
}

static int hold(const char *path)
{
    char name[160];
    size_t length = text_length(path);
    if (length > sizeof name - 5)
        return -1;
    memcpy(name, path, length);
    memcpy(name + length, ".run", 5);
    return linux_open(name, LINUX_O_RDWR);
}

static void enlist(struct request *request)
{
    EnterCriticalSection(&guard);
    request->next = running;
    running = request;
    LeaveCriticalSection(&guard);
}

static void strike_off(struct request *request)
{
    EnterCriticalSection(&guard);
    for (struct request **each = &running; *each; each = &(*each)->next)
        if (*each == request) {
            *each = request->next;
            break;
        }
    if (request->process)
        CloseHandle(request->process);
    LeaveCriticalSection(&guard);
}

static void serve_one(int connection)
{
    char name[LONGEST_NAME] = "";
    struct request request;
    if (linux_read(connection, name, sizeof name - 1) <= 0)
        return;
    char *path = path_of(name);
    if (!request_read(&request, path))
        return;
    request.connection = connection;
    request.user = container->user; /* the engine sends no other's this way */
    request.account = container->account;
    request.hive = container->hive;
    if (!environment_is_fresh(&request)) {
        report(&request, "elsewhere", 0, "");
        return;
    }
    int held = hold(path);
    enlist(&request);
    run(&request);
    strike_off(&request);
    linux_close(held);
}

static DWORD WINAPI serve(void *connection)
{
    int fd = (int)(intptr_t)connection;
    memory_begin();
    serve_one(fd);
    memory_end();
    linux_shutdown(fd); /* also for the thread that waits for input */
    linux_close(fd);
    return 0;
}

void exec_accept(int listening)
{
    static bool prepared;
    int fd = linux_accept(listening);
    if (fd < 0)
        return;
    if (!prepared) {
        prepared = true;
        memory_begin(); /* makes what serves threads later; this one goes on as before */
        memory_end();
        /* The container's own streams are not for programs that are added. */
        const DWORD own[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
        for (unsigned i = 0; i < sizeof own / sizeof *own; i++)
            SetHandleInformation(GetStdHandle(own[i]), HANDLE_FLAG_INHERIT, 0);
    }
    HANDLE thread = CreateThread(NULL, 64 << 10, serve, (void *)(intptr_t)fd, 0, NULL);
    if (thread)
        CloseHandle(thread);
    else
        linux_close(fd);
}

/* End the program of an exec; nobody of that name is no error. */
void exec_end(const char *name)
{
    size_t length = text_length(name);
    EnterCriticalSection(&guard);
    for (struct request *each = running; each; each = each->next) {
        size_t whole = text_length(each->path);
        if (whole > length && each->path[whole - length - 1] == '/' && text_starts(each->path + whole - length, name) &&
            each->process)
            TerminateProcess(each->process, 137);
    }
    LeaveCriticalSection(&guard);
}

/* Return a socket that takes requests, negative if there can be none: then the engine takes the long way. */
int execs_listen(const struct request *request)
{
    char path[160];
    size_t length = text_length(request->path);
    if (length > sizeof path - 7)
        return -1;
    memcpy(path, request->path, length);
    memcpy(path + length, ".execs", 7);
    container = request;
    InitializeCriticalSection(&guard);
    return linux_listen(path);
}

/*
 * Carries the program's standard streams between Windows pipes and the Linux descriptors 0, 1 and 2, or those of a
 * program that is added to a container (exec.c) in packets over the connection that it came from.
 *
 * A program needs real Windows pipes: Node, for one, cannot use a Linux pipe that Wine shows as a handle. Bytes pass
 * unchanged. The program's end is the end: what it wrote is delivered, what its children may write later is not
 * waited for.
 */
#include "base.h"
#include "channel.h"

enum { BUFFER = 64 << 10, PACKET = 32 << 10, OUTPUTS = 2 };

struct stream {
    HANDLE pipe; /* our end; NULL once its other end is closed */
    OVERLAPPED pending;
    int fd;
    bool fd_open;
    char packet; /* first byte of what goes to fd, 0 if it goes as it is */
    char *buffer; /* with room before it for that byte */
    DWORD room;
};

/* What the thread for a program's input has; it outlives the program if a child of it has the pipe and does not read. */
struct input {
    HANDLE pipe;
    int fd;
    char buffer[BUFFER];
};

static void pipe_name(wchar_t name[64], unsigned number)
{
    static const wchar_t start[] = L"\\\\.\\pipe\\transom-";
    unsigned values[] = {GetCurrentProcessId(), number};
    wchar_t *p = name;
    memcpy(p, start, sizeof start);
    p += sizeof start / sizeof *start - 1;
    for (unsigned i = 0; i < 2; i++) {
        char digits[16] = "";
        for (const char *d = text_number(digits + sizeof digits - 1, values[i]); *d; d++)
            *p++ = (wchar_t)*d;
        *p++ = i ? 0 : L'-';
    }
}

/* Make a pipe whose reading end has the name; the program's end is inheritable. One at a time: see start_guard. */
static bool make_pipe(bool program_reads, HANDLE *reader, HANDLE *writer)
{
    static unsigned made;
    wchar_t name[64];
    SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
    pipe_name(name, made++);
    *reader = CreateNamedPipeW(name, PIPE_ACCESS_INBOUND | (program_reads ? 0 : FILE_FLAG_OVERLAPPED),
                               PIPE_TYPE_BYTE | PIPE_WAIT, 1, BUFFER, BUFFER, 0, program_reads ? &inherit : NULL);
    if (*reader == INVALID_HANDLE_VALUE)
        return false;
    *writer = CreateFileW(name, GENERIC_WRITE | FILE_READ_ATTRIBUTES, 0, program_reads ? NULL : &inherit, OPEN_EXISTING,
                          0, NULL);
    return *writer != INVALID_HANDLE_VALUE;
}

static HANDLE nothing(void)
{
    SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
    return CreateFileW(L"NUL", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherit, OPEN_EXISTING, 0, NULL);
}

static bool deliver(HANDLE pipe, const char *data, size_t size)
{
    DWORD written;
    for (; size; data += written, size -= written)
        if (!WriteFile(pipe, data, (DWORD)size, &written, NULL))
            return false;
    return true;
}

static DWORD WINAPI carry_bytes(void *argument)
{
    struct input *input = argument;
    long long got;
    while ((got = linux_read(input->fd, input->buffer, BUFFER)) > 0 && deliver(input->pipe, input->buffer, (size_t)got))
        ;
    CloseHandle(input->pipe);
    if (input->fd)
        linux_close(input->fd);
    else
        linux_give_up(0);
    HeapFree(GetProcessHeap(), 0, input);
    return 0;
}

static bool open_input(struct relay *relay, const struct request *request)
{
    struct input *input = HeapAlloc(GetProcessHeap(), 0, sizeof *input);
    if (!input || !make_pipe(true, &relay->child_input, &input->pipe))
        return false;
    input->fd = request->connection < 0 ? 0 : linux_copy(request->connection);
    HANDLE thread = CreateThread(NULL, 64 << 10, carry_bytes, input, 0, NULL);
    if (thread)
        CloseHandle(thread);
    return thread;
}

bool relay_open(struct relay *relay, const struct request *request)
{
    HANDLE *outputs[OUTPUTS] = {&relay->child_output, &relay->child_error};
    relay->streams = take(OUTPUTS * sizeof *relay->streams);
    for (unsigned i = 0; i < OUTPUTS; i++) {
        struct stream *stream = &relay->streams[i];
        if (!make_pipe(false, &stream->pipe, outputs[i]))
            return false;
        bool connected = request->connection >= 0;
        stream->fd = connected ? request->connection : (int)i + 1;
        stream->fd_open = true;
        stream->packet = connected ? (char)(OUTPUT_PACKET + i) : 0;
        stream->room = connected ? PACKET : BUFFER;
        stream->buffer = (char *)take(stream->room + 1) + 1;
        stream->pending.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    }
    if (!request->open_stdin) {
        relay->child_input = nothing();
        return true;
    }
    return open_input(relay, request);
}

void relay_close_child_ends(struct relay *relay)
{
    CloseHandle(relay->child_input);
    CloseHandle(relay->child_output);
    CloseHandle(relay->child_error);
}

static void stop_stream(struct stream *stream)
{
    CloseHandle(stream->pipe);
    stream->pipe = NULL;
    if (!stream->packet)
        linux_give_up(stream->fd); /* the reader outside sees the end of this stream as the program has ended it */
}

static void pass_on(struct stream *stream, DWORD size)
{
    char *data = stream->buffer;
    if (stream->packet) {
        *--data = stream->packet;
        size++;
    }
    if (stream->fd_open && !linux_write_all(stream->fd, data, size))
        stream->fd_open = false; /* nobody reads: the program must not notice, let alone hang */
}

/* Read what is there; return with a read pending, or with the stream stopped. */
static void read_on(struct stream *stream)
{
    DWORD got;
    while (stream->pipe) {
        if (ReadFile(stream->pipe, stream->buffer, stream->room, &got, &stream->pending))
            pass_on(stream, got);
        else if (GetLastError() == ERROR_IO_PENDING)
            return;
        else
            stop_stream(stream);
    }
}

static void finish_read(struct stream *stream)
{
    DWORD got;
    if (GetOverlappedResult(stream->pipe, &stream->pending, &got, TRUE))
        pass_on(stream, got);
    else if (GetLastError() != ERROR_OPERATION_ABORTED)
        stop_stream(stream);
}

/* The program has ended: deliver what it has written, and wait for nothing more. */
static void drain(struct stream *stream)
{
    DWORD there, got;
    if (!stream->pipe)
        return;
    CancelIo(stream->pipe);
    finish_read(stream);
    while (stream->pipe && PeekNamedPipe(stream->pipe, NULL, 0, NULL, &there, NULL) && there) {
        if (!ReadFile(stream->pipe, stream->buffer, stream->room, &got, &stream->pending) &&
            (GetLastError() != ERROR_IO_PENDING || !GetOverlappedResult(stream->pipe, &stream->pending, &got, TRUE)))
            break;
        pass_on(stream, got);
    }
}

void relay_until_exit(struct relay *relay, HANDLE process)
{
    for (unsigned i = 0; i < OUTPUTS; i++)
        read_on(&relay->streams[i]);
    for (;;) {
        HANDLE handles[2 + OUTPUTS];
        struct stream *which[OUTPUTS];
        DWORD count = 0;
        for (unsigned i = 0; i < OUTPUTS; i++)
            if (relay->streams[i].pipe) {
                which[count] = &relay->streams[i];
                handles[count++] = relay->streams[i].pending.hEvent;
            }
        handles[count] = process;
        handles[count + 1] = relay->console;
        DWORD woken = WaitForMultipleObjects(count + 1 + !!relay->console, handles, FALSE, INFINITE) - WAIT_OBJECT_0;
        if (woken == count + 1) {
            console_serve(relay->console);
            relay->console = NULL;
            continue;
        }
        if (woken >= count)
            break;
        finish_read(which[woken]);
        read_on(which[woken]);
    }
    for (unsigned i = 0; i < OUTPUTS; i++)
        drain(&relay->streams[i]);
}

/* Let go of what a process that lives on would keep. */
void relay_close(struct relay *relay)
{
    for (unsigned i = 0; i < OUTPUTS; i++) {
        struct stream *stream = &relay->streams[i];
        if (stream->pipe) {
            CancelIo(stream->pipe);
            CloseHandle(stream->pipe);
        }
        CloseHandle(stream->pending.hEvent);
    }
    if (relay->console)
        CloseHandle(relay->console);
}

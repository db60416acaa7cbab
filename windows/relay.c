/*
 * Carries the program's standard streams between Windows pipes and the Linux descriptors 0, 1 and 2.
 *
 * A program needs real Windows pipes: Node, for one, cannot use a Linux pipe that Wine shows as a handle. Bytes pass
 * unchanged. The program's end is the end: what it wrote is delivered, what its children may write later is not
 * waited for.
 */
#include "base.h"
#include "linux.h"

enum { BUFFER = 64 << 10, OUTPUTS = 2 };

struct stream {
    HANDLE pipe; /* our end; NULL once its other end is closed */
    OVERLAPPED pending;
    int fd;
    bool fd_open;
    char *buffer;
};

static HANDLE input_pipe;

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

/* Make a pipe whose reading end has the name; the program's end is inheritable. */
static bool make_pipe(unsigned number, bool program_reads, HANDLE *reader, HANDLE *writer)
{
    wchar_t name[64];
    SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
    pipe_name(name, number);
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

static bool deliver(const char *data, size_t size)
{
    DWORD written;
    for (; size; data += written, size -= written)
        if (!WriteFile(input_pipe, data, (DWORD)size, &written, NULL))
            return false;
    return true;
}

static DWORD WINAPI carry_bytes(void *buffer)
{
    long long got;
    while ((got = linux_read(0, buffer, BUFFER)) > 0 && deliver(buffer, (size_t)got))
        ;
    CloseHandle(input_pipe);
    return 0;
}

bool relay_open(struct relay *relay, const struct request *request)
{
    HANDLE *outputs[OUTPUTS] = {&relay->child_output, &relay->child_error};
    relay->streams = take(OUTPUTS * sizeof *relay->streams);
    for (unsigned i = 0; i < OUTPUTS; i++) {
        struct stream *stream = &relay->streams[i];
        if (!make_pipe(i + 1, false, &stream->pipe, outputs[i]))
            return false;
        stream->fd = (int)i + 1;
        stream->fd_open = true;
        stream->buffer = take(BUFFER);
        stream->pending.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    }
    if (!request->open_stdin) {
        relay->child_input = nothing();
        return true;
    }
    if (!make_pipe(0, true, &relay->child_input, &input_pipe))
        return false;
    CloseHandle(CreateThread(NULL, 64 << 10, carry_bytes, take(BUFFER), 0, NULL));
    return true;
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
    linux_close(stream->fd); /* the reader outside sees the end of this stream as the program has ended it */
}

static void pass_on(struct stream *stream, DWORD size)
{
    if (stream->fd_open && !linux_write_all(stream->fd, stream->buffer, size))
        stream->fd_open = false; /* nobody reads: the program must not notice, let alone hang */
}

/* Read what is there; return with a read pending, or with the stream stopped. */
static void read_on(struct stream *stream)
{
    DWORD got;
    while (stream->pipe) {
        if (ReadFile(stream->pipe, stream->buffer, BUFFER, &got, &stream->pending))
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
        if (!ReadFile(stream->pipe, stream->buffer, BUFFER, &got, &stream->pending) &&
            (GetLastError() != ERROR_IO_PENDING || !GetOverlappedResult(stream->pipe, &stream->pending, &got, TRUE)))
            break;
        pass_on(stream, got);
    }
}

/* console: what console_make has returned. */
void relay_until_exit(struct relay *relay, HANDLE process, HANDLE console)
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
        handles[count + 1] = console;
        DWORD woken = WaitForMultipleObjects(count + 1 + !!console, handles, FALSE, INFINITE) - WAIT_OBJECT_0;
        if (woken == count + 1) {
            console_serve(console);
            console = NULL;
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

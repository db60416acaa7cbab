/*
 * The network store interface: interfaces, addresses, routes, neighbours and sockets for GetAdaptersAddresses and its
 * relatives, the echo requests of `ping`, and word of changes.
 *
 * Wine's driver for it is a thin layer over a library on the Linux side, which reads the tables of the container's
 * network namespace. That library is used here as it is; the driver, its host process and the services that would
 * start them are not. Nothing is loaded before the first request.
 *
 * Source: Wine 10.0, include/wine/nsi.h, dlls/nsiproxy.sys/nsiproxy_private.h (requests and parameters);
 * include/wine/unixlib.h (how a library is called).
 */
#include "device.h"

enum {
    ENUMERATE_ALL = FILE_DEVICE_NETWORK << 16 | 0x400 << 2,
    GET_ALL_PARAMETERS = FILE_DEVICE_NETWORK << 16 | 0x401 << 2,
    GET_PARAMETER = FILE_DEVICE_NETWORK << 16 | 0x402 << 2,
    ICMP_ECHO = FILE_DEVICE_NETWORK << 16 | 0x403 << 2,
    CHANGE_NOTIFICATION = FILE_DEVICE_NETWORK << 16 | 0x404 << 2,

    UNIX_ECHO_CANCEL = 0,
    UNIX_ECHO_CLOSE = 1,
    UNIX_ECHO_LISTEN = 2,
    UNIX_ECHO_SEND = 3,
    UNIX_ENUMERATE_ALL = 4,
    UNIX_GET_ALL_PARAMETERS = 5,
    UNIX_GET_PARAMETER = 6,
    UNIX_GET_NOTIFICATION = 7,

    MEMORY_UNIX_FUNCTIONS = 1000, /* a class of NtQueryVirtualMemory */
    FAMILY_IPV4 = 2,
    MOST_PENDING = 1024,
};
#define NO_WILDCARD ((LONG)0xc0000207)
#define NO_MEMORY ((LONG)0xc0000017)

struct module_id {
    unsigned short length;
    int type;
    GUID guid;
};

/* What programs send. */
struct ask_enumerate {
    struct module_id module;
    unsigned first, second, table, key, rw, dynamic, fixed, count;
};
struct ask_all {
    struct module_id module;
    unsigned first, table, key, rw, dynamic, fixed;
    unsigned char data[];
};
struct ask_one {
    struct module_id module;
    unsigned first, table, key, type, offset;
    unsigned char data[];
};
struct ask_echo {
    unsigned char from[28], to[28];
    uint64_t user_reply;
    unsigned char bits, ttl, tos, flags;
    unsigned option_size, size, timeout;
    unsigned char data[];
};
struct ask_notification {
    struct module_id module;
    unsigned table;
};

/* What the library takes. */
struct column {
    void *data;
    unsigned size;
};
struct unix_enumerate {
    void *unused[2];
    const struct module_id *module;
    uint64_t table;
    unsigned first, second;
    struct column key, rw, dynamic, fixed;
    uint64_t count;
};
struct unix_all {
    void *unused[2];
    const struct module_id *module;
    uint64_t table;
    unsigned first, second;
    struct column key, rw, dynamic, fixed;
};
struct unix_one {
    void *unused[2];
    const struct module_id *module;
    uint64_t table;
    unsigned first, second;
    struct column key;
    uint64_t type;
    void *data;
    unsigned size, offset;
};
struct unix_send {
    const void *to;
    const void *data;
    void *reply;
    unsigned size, reply_size;
    unsigned char bits, ttl, tos;
    unsigned *echo;
};
struct unix_listen {
    unsigned echo;
    void *reply;
    uint64_t user_reply;
    unsigned bits, reply_size;
    int timeout;
};
struct unix_notification {
    struct module_id module;
    unsigned table;
};

/* A request that waits: for an echo, or for a change of a table. */
struct pending {
    struct pending *next;
    unsigned handle; /* of the request; 0 once it is somebody else's to answer */
    unsigned echo; /* of the library, 0 while there is none */
    bool is_echo, cancelled;
    struct ask_notification change;
    struct ask_echo *ask;
    unsigned reply_size;
};

static struct pending *pendings;
static unsigned pending_count;
static uint64_t library;
static NTSTATUS(WINAPI *const *dispatcher)(uint64_t library, unsigned function, void *parameters);

static LONG call_unix(unsigned function, void *parameters)
{
    return (*dispatcher)(library, function, parameters);
}

/* The driver's file stands for the library; its own imports, a kernel's, are left alone. */
static bool load_library(void)
{
    if (library)
        return true;
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    NTSTATUS(WINAPI * query)(HANDLE, const void *, int, void *, SIZE_T, SIZE_T *) =
        (void *)GetProcAddress(ntdll, "NtQueryVirtualMemory");
    dispatcher = (void *)GetProcAddress(ntdll, "__wine_unix_call_dispatcher");
    HMODULE driver = LoadLibraryExW(L"C:\\windows\\system32\\drivers\\nsiproxy.sys", NULL, DONT_RESOLVE_DLL_REFERENCES);
    if (!query || !dispatcher || !driver)
        return false;
    return !query(GetCurrentProcess(), driver, MEMORY_UNIX_FUNCTIONS, &library, sizeof library, NULL) && library;
}

static struct column next_column(char **place, unsigned size, unsigned count)
{
    struct column column = {size ? *place : NULL, size};
    *place += (size_t)size * count;
    return column;
}

static LONG enumerate_all(struct device_request *request)
{
    const struct ask_enumerate *ask = request->input;
    if (request->in_size != sizeof *ask)
        return DEVICE_BAD_PARAMETER;
    uint64_t row = (uint64_t)ask->key + ask->rw + ask->dynamic + ask->fixed;
    if (row > request->out_size || request->out_size < sizeof(unsigned) ||
        (row && ask->count > (request->out_size - sizeof(unsigned)) / row))
        return DEVICE_BAD_PARAMETER;
    char *place = (char *)request->output + sizeof(unsigned);
    struct unix_enumerate all = {.module = &ask->module, .table = ask->table, .first = ask->first,
                                 .second = ask->second, .count = ask->count};
    all.key = next_column(&place, ask->key, ask->count);
    all.rw = next_column(&place, ask->rw, ask->count);
    all.dynamic = next_column(&place, ask->dynamic, ask->count);
    all.fixed = next_column(&place, ask->fixed, ask->count);
    LONG status = call_unix(UNIX_ENUMERATE_ALL, &all);
    if (!status || status == DEVICE_MORE_DATA) {
        *(unsigned *)request->output = (unsigned)all.count;
        request->result = request->out_size;
    }
    return status;
}

static LONG get_all(struct device_request *request)
{
    const struct ask_all *ask = request->input;
    if (request->in_size < sizeof *ask || ask->key > request->in_size - sizeof *ask ||
        (uint64_t)ask->rw + ask->dynamic + ask->fixed > request->out_size)
        return DEVICE_BAD_PARAMETER;
    char *place = request->output;
    struct unix_all all = {.module = &ask->module, .table = ask->table, .first = ask->first,
                           .key = {(void *)ask->data, ask->key}};
    all.rw = next_column(&place, ask->rw, 1);
    all.dynamic = next_column(&place, ask->dynamic, 1);
    all.fixed = next_column(&place, ask->fixed, 1);
    LONG status = call_unix(UNIX_GET_ALL_PARAMETERS, &all);
    request->result = status ? 0 : request->out_size;
    return status;
}

static LONG get_one(struct device_request *request)
{
    const struct ask_one *ask = request->input;
    if (request->in_size < sizeof *ask || ask->key > request->in_size - sizeof *ask)
        return DEVICE_BAD_PARAMETER;
    struct unix_one one = {.module = &ask->module, .table = ask->table, .first = ask->first,
                           .key = {(void *)ask->data, ask->key}, .type = ask->type, .data = request->output,
                           .size = request->out_size, .offset = ask->offset};
    LONG status = call_unix(UNIX_GET_PARAMETER, &one);
    request->result = status ? 0 : request->out_size;
    return status;
}

static bool keep(struct pending *pending)
{
    EnterCriticalSection(&device_guard);
    bool room = pending_count < MOST_PENDING;
    if (room) {
        pending->next = pendings;
        pendings = pending;
        pending_count++;
    }
    LeaveCriticalSection(&device_guard);
    return room;
}

/* Call with device_guard held. */
static void forget(struct pending *pending)
{
    for (struct pending **link = &pendings; *link; link = &(*link)->next)
        if (*link == pending) {
            *link = pending->next;
            pending_count--;
            return;
        }
}

static LONG send_and_listen(struct pending *pending, void *reply, unsigned *size)
{
    struct ask_echo *ask = pending->ask;
    unsigned echo = 0;
    struct unix_send send = {.to = ask->to, .data = ask->data + ((ask->option_size + 3) & ~3u), .reply = reply,
                             .size = ask->size, .bits = ask->bits, .ttl = ask->ttl, .tos = ask->tos, .echo = &echo};
    LONG status = call_unix(UNIX_ECHO_SEND, &send);
    *size = send.reply_size;
    if (status != DEVICE_PENDING)
        return status;
    EnterCriticalSection(&device_guard);
    pending->echo = echo;
    bool cancelled = pending->cancelled;
    LeaveCriticalSection(&device_guard);
    struct unix_listen listen = {.echo = echo, .reply = reply, .user_reply = ask->user_reply, .bits = ask->bits,
                                 .reply_size = pending->reply_size, .timeout = (int)ask->timeout};
    status = cancelled ? DEVICE_CANCELLED : call_unix(UNIX_ECHO_LISTEN, &listen);
    *size = listen.reply_size;
    EnterCriticalSection(&device_guard);
    pending->echo = 0;
    LeaveCriticalSection(&device_guard);
    call_unix(UNIX_ECHO_CLOSE, &echo);
    return status;
}

static DWORD WINAPI echo(void *argument)
{
    struct pending *pending = argument;
    unsigned size = 0;
    void *reply = take(pending->reply_size);
    LONG status = send_and_listen(pending, reply, &size);
    EnterCriticalSection(&device_guard);
    forget(pending);
    LeaveCriticalSection(&device_guard);
    device_finish(pending->handle, status, reply, status || size > pending->reply_size ? 0 : size);
    HeapFree(GetProcessHeap(), 0, reply);
    HeapFree(GetProcessHeap(), 0, pending->ask);
    HeapFree(GetProcessHeap(), 0, pending);
    return 0;
}

static LONG start(struct pending *pending, LPTHREAD_START_ROUTINE routine)
{
    HANDLE thread = keep(pending) ? CreateThread(NULL, 64 << 10, routine, pending, 0, NULL) : NULL;
    if (!thread) {
        EnterCriticalSection(&device_guard);
        forget(pending);
        LeaveCriticalSection(&device_guard);
        HeapFree(GetProcessHeap(), 0, pending->ask);
        HeapFree(GetProcessHeap(), 0, pending);
        return NO_MEMORY;
    }
    CloseHandle(thread);
    return DEVICE_PENDING;
}

static LONG send_echo(struct device_request *request)
{
    const struct ask_echo *ask = request->input;
    if (request->in_size < sizeof *ask)
        return DEVICE_BAD_PARAMETER;
    unsigned smallest = ask->bits == 32 ? 28 : 40; /* ICMP_ECHO_REPLY of such a program */
    uint64_t needed = (((uint64_t)ask->option_size + 3) & ~3ull) + ask->size;
    if (needed > request->in_size - sizeof *ask || request->out_size < smallest || ask->to[0] != FAMILY_IPV4)
        return DEVICE_BAD_PARAMETER;
    if (!ask->to[4] && !ask->to[5] && !ask->to[6] && !ask->to[7])
        return NO_WILDCARD;
    struct pending *pending = take(sizeof *pending);
    pending->handle = request->handle;
    pending->is_echo = true;
    pending->reply_size = request->out_size;
    pending->ask = take(request->in_size);
    memcpy(pending->ask, ask, request->in_size);
    return start(pending, echo);
}

static bool same_table(const struct pending *pending, const struct unix_notification *changed)
{
    const GUID *one = &pending->change.module.guid, *other = &changed->module.guid;
    return !pending->is_echo && pending->change.table == changed->table && RtlCompareMemory(one, other, sizeof *one) ==
           sizeof *one;
}

static DWORD WINAPI tell_changes(void *argument)
{
    (void)argument;
    struct unix_notification changed;
    while (!call_unix(UNIX_GET_NOTIFICATION, &changed)) {
        EnterCriticalSection(&device_guard);
        for (struct pending *each = pendings, *next; each; each = next) {
            next = each->next;
            if (!same_table(each, &changed))
                continue;
            forget(each);
            device_finish(each->handle, 0, NULL, 0);
            HeapFree(GetProcessHeap(), 0, each);
        }
        LeaveCriticalSection(&device_guard);
    }
    return 0;
}

static LONG await_change(struct device_request *request)
{
    static HANDLE teller;
    if (request->in_size < sizeof(struct ask_notification))
        return DEVICE_BAD_PARAMETER;
    if (!teller && !(teller = CreateThread(NULL, 64 << 10, tell_changes, NULL, 0, NULL)))
        return NO_MEMORY;
    struct pending *pending = take(sizeof *pending);
    pending->handle = request->handle;
    memcpy(&pending->change, request->input, sizeof pending->change);
    if (keep(pending))
        return DEVICE_PENDING;
    HeapFree(GetProcessHeap(), 0, pending);
    return NO_MEMORY;
}

/* The program that sent the request has taken it back, or has ended. */
void nsi_cancel(unsigned handle)
{
    if (!library)
        return;
    EnterCriticalSection(&device_guard);
    struct pending *each = pendings;
    while (each && each->handle != handle)
        each = each->next;
    if (each && each->is_echo) {
        each->cancelled = true;
        if (each->echo)
            call_unix(UNIX_ECHO_CANCEL, &each->echo);
    } else if (each) {
        forget(each);
        device_finish(each->handle, DEVICE_CANCELLED, NULL, 0);
        HeapFree(GetProcessHeap(), 0, each);
    }
    LeaveCriticalSection(&device_guard);
}

LONG nsi_answer(struct device_request *request)
{
    if (!load_library())
        return DEVICE_NOT_IMPLEMENTED;
    switch (request->code) {
    case ENUMERATE_ALL:
        return enumerate_all(request);
    case GET_ALL_PARAMETERS:
        return get_all(request);
    case GET_PARAMETER:
        return get_one(request);
    case ICMP_ECHO:
        return send_echo(request);
    case CHANGE_NOTIFICATION:
        return await_change(request);
    default:
        return DEVICE_NOT_IMPLEMENTED;
    }
}

/*
 * Devices that the first process serves in place of Wine's drivers.
 *
 * Wine has them in drivers that its services start, at 100 ms and 12 MB. Here a thread of the first process speaks
 * wineserver's own protocol: it makes the devices, takes the requests that programs send them, and hands each to the
 * file that knows the answer. Nobody waits for the thread and it costs nothing until somebody asks.
 *
 * The protocol is internal to Wine and numbered anew with each release, so this runs on the release it was written
 * for and keeps quiet on others. Source: Wine 10.0, server/protocol.def, include/ddk/wdm.h.
 */
#include "base.h"
#include "device.h"

#define RELEASE "10.0"

enum {
    SET_RESULT = 138,
    CREATE_DEVICE_MANAGER = 247,
    CREATE_DEVICE = 248,
    GET_NEXT_DEVICE_REQUEST = 250,
    CALL_IOCTL = 6,
    CALL_CANCEL = 9,
    LARGEST_INPUT = 1 << 20,
    LARGEST_OUTPUT = 16 << 20,
};

struct header {
    int request;
    unsigned extra_size, reply_room;
};

struct call {
    union {
        struct {
            struct header header;
            unsigned access, attributes;
        } create_manager;
        struct {
            struct header header;
            unsigned root;
            uint64_t user;
            unsigned manager;
        } create_device;
        struct {
            struct header header;
            unsigned manager, previous, status;
            uint64_t user;
            int pending;
            unsigned final_status, result;
        } next;
        struct {
            struct header header;
            unsigned handle, status, size;
        } set_result;
        struct {
            unsigned error, reply_size, handle;
        } created;
        struct {
            unsigned error, reply_size;
            struct {
                unsigned type, code;
                union {
                    unsigned out_size;
                    uint64_t cancelled;
                };
                uint64_t rest[2]; /* a handle in it is wineserver's to close */
            } call;
            unsigned next, thread;
            uint64_t thread_user;
            unsigned in_size;
        } taken;
        char whole[64];
    } u;
    unsigned data_count;
    void *reply;
    struct {
        const void *data;
        unsigned size;
    } data[5];
};

NTSTATUS NTAPI NtCreateSymbolicLinkObject(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *, UNICODE_STRING *);

CRITICAL_SECTION device_guard;
static const struct request *container;
static HANDLE manager, services, roots;
static unsigned(CDECL *wine_server_call)(void *call);

static void prepare(struct call *call, int request)
{
    memset(call, 0, sizeof *call);
    call->u.next.header.request = request;
}

static void attach(struct call *call, const void *data, size_t size)
{
    if (!size)
        return;
    call->data[call->data_count].data = data;
    call->data[call->data_count++].size = (unsigned)size;
    call->u.next.header.extra_size += (unsigned)size;
}

static bool make_manager(void)
{
    struct call call;
    prepare(&call, CREATE_DEVICE_MANAGER);
    call.u.create_manager.access = SYNCHRONIZE;
    if (wine_server_call(&call))
        return false;
    manager = (HANDLE)(uintptr_t)call.u.created.handle;
    return true;
}

static bool make_device(const wchar_t *name)
{
    static unsigned number;
    struct call call;
    prepare(&call, CREATE_DEVICE);
    call.u.create_device.user = ++number; /* wineserver takes none twice */
    call.u.create_device.manager = (unsigned)(uintptr_t)manager;
    attach(&call, name, wide_length(name) * sizeof *name);
    return !wine_server_call(&call);
}

static void make_link(const wchar_t *from, const wchar_t *to)
{
    UNICODE_STRING name, target;
    OBJECT_ATTRIBUTES attributes;
    HANDLE link;
    RtlInitUnicodeString(&name, from);
    RtlInitUnicodeString(&target, to);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_OPENIF, NULL, NULL);
    NtCreateSymbolicLinkObject(&link, 0xf0001, &attributes, &target);
}

/* Names by which programs count the drives there are. */
static void link_drives(const char *drives)
{
    for (unsigned i = 0; drives[i]; i++) {
        wchar_t from[] = L"\\??\\C:", to[] = L"\\Device\\HarddiskVolume1";
        from[4] = (wchar_t)(drives[i] & ~32);
        to[22] = (wchar_t)(L'1' + i);
        make_link(from, to);
    }
}

/* Answer a request whose answer was DEVICE_PENDING. Any thread may call it, once. */
void device_finish(unsigned handle, LONG status, const void *data, size_t size)
{
    struct call call;
    prepare(&call, SET_RESULT);
    call.u.set_result.handle = handle;
    call.u.set_result.status = (unsigned)status;
    call.u.set_result.size = (unsigned)size;
    attach(&call, data, size);
    EnterCriticalSection(&device_guard);
    wine_server_call(&call);
    LeaveCriticalSection(&device_guard);
}

/* The kinds of device that there are do not share codes. */
static LONG answer(struct device_request *request)
{
    switch (request->code >> 16) {
    case 'm':
        return mountmgr_answer(container, request);
    case FILE_DEVICE_NETWORK:
        return nsi_answer(request);
    default:
        return DEVICE_NOT_IMPLEMENTED;
    }
}

struct state {
    char *input, *output;
    size_t room;
    unsigned previous, result;
    LONG status;
};

static void take_up(struct state *state, const struct call *call)
{
    struct device_request request = {
        .code = call->u.taken.call.code,
        .handle = call->u.taken.next,
        .input = state->input,
        .in_size = call->u.taken.in_size,
        .out_size = call->u.taken.call.out_size,
    };
    state->previous = call->u.taken.next;
    switch (call->u.taken.call.type) {
    case CALL_CANCEL:
        nsi_cancel((unsigned)call->u.taken.call.cancelled);
        break;
    case CALL_IOCTL:
        if (request.out_size > LARGEST_OUTPUT) {
            state->status = DEVICE_BAD_PARAMETER;
            break;
        }
        request.output = state->output = take(request.out_size + 1);
        state->status = answer(&request);
        state->result = request.result;
        break;
    }
}

static void prepare_reply(struct state *state, struct call *call)
{
    bool pending = state->status == DEVICE_PENDING;
    prepare(call, GET_NEXT_DEVICE_REQUEST);
    call->u.next.manager = (unsigned)(uintptr_t)manager;
    call->u.next.previous = pending ? 0 : state->previous;
    call->u.next.status = call->u.next.final_status = (unsigned)state->status;
    call->u.next.pending = pending;
    call->u.next.user = state->previous; /* comes back when the request is cancelled */
    call->u.next.result = state->result;
    attach(call, state->output, state->result);
    call->reply = state->input;
    call->u.next.header.reply_room = (unsigned)state->room;
}

/* Wait until a device is asked for. What else is rare is waited for on the way: it saves threads. */
static void wait(void)
{
    for (;;) {
        HANDLE events[3] = {manager};
        DWORD count = 1;
        if (services)
            events[count++] = services;
        if (roots)
            events[count++] = roots;
        DWORD woken = WaitForMultipleObjects(count, events, FALSE, INFINITE) - WAIT_OBJECT_0;
        if (!woken || woken >= count)
            return;
        if (events[woken] == services) {
            services = NULL;
            services_start();
        } else {
            roots = NULL;
            roots_hold();
        }
    }
}

static DWORD WINAPI serve(void *argument)
{
    (void)argument;
    struct call call;
    struct state state = {.room = 4096};
    state.input = take(state.room);
    EnterCriticalSection(&device_guard);
    for (;;) {
        prepare_reply(&state, &call);
        unsigned error = wine_server_call(&call);
        if (state.output)
            HeapFree(GetProcessHeap(), 0, state.output);
        state.output = NULL;
        state.previous = state.result = 0;
        state.status = 0;
        if (error == (unsigned)DEVICE_PENDING) {
            LeaveCriticalSection(&device_guard);
            wait();
            EnterCriticalSection(&device_guard);
        } else if (error) {
            if (call.u.taken.in_size <= state.room || call.u.taken.in_size > LARGEST_INPUT)
                break; /* nobody asks a device with so much: better no answers than wrong ones */
            HeapFree(GetProcessHeap(), 0, state.input);
            state.room = call.u.taken.in_size;
            state.input = take(state.room);
        } else {
            take_up(&state, &call);
        }
    }
    LeaveCriticalSection(&device_guard);
    return 1;
}

static bool knows_server(void)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll"); /* import libraries do not know what is Wine's alone */
    const char *(CDECL * wine_get_version)(void) = (void *)GetProcAddress(ntdll, "wine_get_version");
    wine_server_call = (void *)GetProcAddress(ntdll, "wine_server_call");
    if (!wine_get_version || !wine_server_call)
        return false;
    const char *version = wine_get_version();
    size_t length = text_length(RELEASE);
    return text_starts(version, RELEASE) && !(version[length] >= '0' && version[length] <= '9');
}

/* Drives, networks and services can be asked for from here on. */
void devices_serve(const struct request *request)
{
    container = request;
    if (!knows_server() || !make_manager())
        return;
    InitializeCriticalSection(&device_guard);
    if (make_device(L"\\Device\\MountPointManager")) {
        make_link(L"\\??\\MountPointManager", L"\\Device\\MountPointManager");
        link_drives(request->drives);
    }
    if (make_device(L"\\Device\\Nsi"))
        make_link(L"\\??\\Nsi", L"\\Device\\Nsi");
    services = services_listen();
    roots = roots_watch();
    HANDLE thread = CreateThread(NULL, 64 << 10, serve, NULL, 0, NULL);
    if (thread)
        CloseHandle(thread);
}

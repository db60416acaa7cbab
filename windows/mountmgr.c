/*
 * The mount manager, which tells programs what their drives are: without it `dir` and `vol` fail.
 *
 * Wine has it in a driver that its services start, at 100 ms and 12 MB. Here a thread of the first process speaks
 * wineserver's own protocol: it makes the device and answers the one request that ntdll sends for a drive.
 *
 * The protocol is internal to Wine and numbered anew with each release, so this runs on the release it was written
 * for and keeps quiet on others. Source: Wine 10.0, server/protocol.def, dlls/mountmgr.sys/device.c.
 */
#include "base.h"

#define RELEASE "10.0"

enum {
    CREATE_DEVICE_MANAGER = 247,
    CREATE_DEVICE = 248,
    GET_NEXT_DEVICE_REQUEST = 250,
    CALL_IOCTL = 6,
    CALL_CREATE = 1,
    QUERY_UNIX_DRIVE = ('m' << 16) | (1 << 14) | (33 << 2), /* buffered, read access */
    LARGEST_INPUT = 64 << 10,
    PENDING = 0x103,
};
#define NO_SUCH_DEVICE ((LONG)0xc000000e)
#define NOT_IMPLEMENTED ((LONG)0xc0000002)
#define BUFFER_TOO_SMALL ((LONG)0xc0000023)

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
            unsigned error, reply_size, handle;
        } created;
        struct {
            unsigned error, reply_size;
            struct {
                unsigned type, code, out_size, unused;
                uint64_t file, more;
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

struct unix_drive {
    uint32_t size, type, file_system, serial;
    uint64_t device;
    wchar_t letter;
    uint16_t mount_point, device_name, label;
};

NTSTATUS NTAPI NtCreateSymbolicLinkObject(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *, UNICODE_STRING *);

static const struct request *container;
static HANDLE manager;
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

static bool make_device(void)
{
    static const wchar_t name[] = L"\\Device\\MountPointManager";
    struct call call;
    prepare(&call, CREATE_DEVICE_MANAGER);
    call.u.create_manager.access = SYNCHRONIZE;
    if (wine_server_call(&call))
        return false;
    manager = (HANDLE)(uintptr_t)call.u.created.handle;
    prepare(&call, CREATE_DEVICE);
    call.u.create_device.user = 1;
    call.u.create_device.manager = (unsigned)(uintptr_t)manager;
    attach(&call, name, sizeof name - sizeof *name);
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
static void make_links(const char *drives)
{
    make_link(L"\\??\\MountPointManager", L"\\Device\\MountPointManager");
    for (unsigned i = 0; drives[i]; i++) {
        wchar_t from[] = L"\\??\\C:", to[] = L"\\Device\\HarddiskVolume1";
        from[4] = (wchar_t)(drives[i] & ~32);
        to[22] = (wchar_t)(L'1' + i);
        make_link(from, to);
    }
}

static LONG query_drive(struct unix_drive *drive, unsigned in_size, unsigned out_size)
{
    wchar_t letter = drive->letter | 32;
    if (in_size < sizeof *drive || out_size < sizeof *drive)
        return BUFFER_TOO_SMALL;
    if (!drive->letter)
        letter = L'c'; /* asked for by device number: whatever it is, C: is the only disk that it can be of */
    bool known = false;
    for (const char *p = container->drives; *p; p++)
        known |= letter == (wchar_t)*p;
    if (!known)
        return NO_SUCH_DEVICE;
    *drive = (struct unix_drive){.size = sizeof *drive, .type = DRIVE_FIXED, .letter = letter};
    drive->serial = container->serial ^ (uint32_t)(letter - L'c');
    return 0;
}

static DWORD WINAPI answer(void *argument)
{
    (void)argument;
    struct call call;
    size_t room = 4096;
    char *buffer = take(room);
    unsigned previous = 0, size = 0;
    LONG status = 0;
    for (;;) {
        prepare(&call, GET_NEXT_DEVICE_REQUEST);
        call.u.next.manager = (unsigned)(uintptr_t)manager;
        call.u.next.previous = previous;
        call.u.next.status = call.u.next.final_status = (unsigned)status;
        call.u.next.result = size;
        attach(&call, buffer, size);
        call.reply = buffer;
        call.u.next.header.reply_room = (unsigned)room;
        unsigned error = wine_server_call(&call);
        previous = size = 0;
        status = 0;
        if (error == PENDING) {
            WaitForSingleObject(manager, INFINITE);
        } else if (error) {
            if (call.u.taken.in_size <= room || call.u.taken.in_size > LARGEST_INPUT)
                return 1; /* nobody asks for drives with so much: better no answers than wrong ones */
            HeapFree(GetProcessHeap(), 0, buffer);
            room = call.u.taken.in_size;
            buffer = take(room);
        } else {
            previous = call.u.taken.next;
            if (call.u.taken.call.type == CALL_IOCTL) {
                status = NOT_IMPLEMENTED;
                if (call.u.taken.call.code == QUERY_UNIX_DRIVE)
                    status = query_drive((void *)buffer, call.u.taken.in_size, call.u.taken.call.out_size);
                size = status ? 0 : sizeof(struct unix_drive);
            } else if (call.u.taken.call.type == CALL_CREATE) {
                CloseHandle((HANDLE)(uintptr_t)(unsigned)(call.u.taken.call.more));
            }
        }
    }
}

/* Drives can be asked for from here on. */
void mountmgr_serve(const struct request *request)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll"); /* import libraries do not know what is Wine's alone */
    const char *(CDECL * wine_get_version)(void) = (void *)GetProcAddress(ntdll, "wine_get_version");
    wine_server_call = (void *)GetProcAddress(ntdll, "wine_server_call");
    if (!wine_get_version || !wine_server_call)
        return;
    const char *version = wine_get_version();
    size_t length = text_length(RELEASE);
    if (!text_starts(version, RELEASE) || (version[length] >= '0' && version[length] <= '9'))
        return;
    container = request;
    if (!make_device())
        return;
    make_links(request->drives);
    HANDLE thread = CreateThread(NULL, 64 << 10, answer, NULL, 0, NULL);
    if (thread)
        CloseHandle(thread);
}

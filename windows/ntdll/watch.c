/*
 * Changes in a tree of directories. Wine watches the directory itself and directories that come later, not those that
 * are there: where there are some, a thread of the program has Linux watch all of them and answers the requests.
 *
 * Source: Microsoft, ReadDirectoryChangesW, NtNotifyChangeDirectoryFileEx; Wine 10.0, server/protocol.def (how a
 * completion port hears of a file's request).
 */
#include "tree.h"

enum {
    ADD_FD_COMPLETION = 267,
    QUEUE_BYTES = 64 << 10,
    RECORD_HEAD = 12,
    STATUS_CLEANUP = 0x10b,
    STATUS_ENUMERATE = 0x10c,
};

struct request {
    HANDLE event, thread;
    PIO_APC_ROUTINE apc;
    void *context;
    IO_STATUS_BLOCK *io;
    char *buffer;
    ULONG size;
};

struct watcher {
    struct watcher *next;
    HANDLE file;
    struct tree tree;
    ULONG filter, used, last; /* last: the offset of the queue's last record */
    bool lost, closing, waiting;
    struct request request; /* while waiting */
    char *queue;
};

volatile LONG watchers_seen;
static struct watcher *watchers;
static RTL_CRITICAL_SECTION guard = {(void *)-1, -1, 0, 0, 0, 0};

static struct watcher *watcher_of(HANDLE file)
{
    struct watcher *each = watchers;
    while (each && each->file != file)
        each = each->next;
    return each;
}

static void tell_port(HANDLE file, void *value, ULONG_PTR information, NTSTATUS status)
{
    struct {
        union {
            struct {
                int request;
                unsigned extra_size, reply_room, handle;
                uint64_t value, information;
                unsigned status;
                int asynchronous;
            } add;
            char whole[64];
        } u;
        unsigned data_count;
        void *reply;
        struct {
            const void *data;
            unsigned size;
        } data[5];
    } call = {.u.add = {ADD_FD_COMPLETION, 0, 0, (unsigned)(ULONG_PTR)file, (uint64_t)(ULONG_PTR)value, information,
                        (unsigned)status, 1}};
    wine_server_call(&call);
}

/* End the request that waits. The guard is held. */
static void finish(struct watcher *watcher, NTSTATUS status, ULONG_PTR information)
{
    struct request request = watcher->request;
    watcher->waiting = false;
    request.io->Information = information;
    request.io->Status = status;
    if (request.event) {
        NtSetEvent(request.event, NULL);
        NtClose(request.event);
    }
    if (request.apc)
        NtQueueApcThread(request.thread, (void *)request.apc, request.context, request.io, NULL);
    else if (request.context)
        tell_port(watcher->file, request.context, information, status);
    if (request.thread)
        NtClose(request.thread);
}

/* Hand what there is to the request that waits. */
static void deliver(struct watcher *watcher)
{
    if (!watcher->waiting || (!watcher->used && !watcher->lost))
        return;
    bool fits = !watcher->lost && watcher->used <= watcher->request.size;
    for (ULONG i = 0; fits && i < watcher->used; i++)
        watcher->request.buffer[i] = watcher->queue[i];
    ULONG used = fits ? watcher->used : 0;
    watcher->used = 0;
    watcher->lost = false;
    finish(watcher, fits ? STATUS_SUCCESS : STATUS_ENUMERATE, used);
}

/* Whether the last record says the same: a file that is written to changes many times. */
static bool is_repeated(const struct watcher *watcher, const FILE_NOTIFY_INFORMATION *made)
{
    const FILE_NOTIFY_INFORMATION *last = (void *)(watcher->queue + watcher->last);
    if (!watcher->used || made->Action != FILE_ACTION_MODIFIED || last->Action != made->Action ||
        last->FileNameLength != made->FileNameLength)
        return false;
    for (ULONG i = 0; i < made->FileNameLength / sizeof(wchar_t); i++)
        if (last->FileName[i] != made->FileName[i])
            return false;
    return true;
}

static void note(void *context, ULONG action, ULONG matters, const char *path)
{
    struct watcher *watcher = context;
    size_t length = 0;
    if (!(watcher->filter & matters))
        return;
    while (path && path[length])
        length++;
    ULONG room = QUEUE_BYTES - watcher->used;
    if (!path || RECORD_HEAD + (length + 2) * sizeof(wchar_t) > room) {
        watcher->lost = true;
        return;
    }
    FILE_NOTIFY_INFORMATION *made = (void *)(watcher->queue + watcher->used);
    size_t count = windows_name(path, length, made->FileName, (room - RECORD_HEAD) / sizeof(wchar_t));
    made->NextEntryOffset = 0;
    made->Action = action;
    made->FileNameLength = (ULONG)(count * sizeof(wchar_t));
    if (is_repeated(watcher, made))
        return;
    if (watcher->used)
        ((FILE_NOTIFY_INFORMATION *)(watcher->queue + watcher->last))->NextEntryOffset = watcher->used - watcher->last;
    watcher->last = watcher->used;
    watcher->used += (ULONG)((RECORD_HEAD + made->FileNameLength + 3) & ~3u);
}

/* In the guard but while it waits for Linux. */
static void take(void *context, ULONG action, ULONG matters, const char *path)
{
    struct watcher *watcher = context;
    RtlEnterCriticalSection(&guard);
    if (!watcher->closing)
        note(watcher, action, matters, path);
    RtlLeaveCriticalSection(&guard);
}

static ULONG NTAPI follow(void *argument)
{
    struct watcher *watcher = argument;
    bool goes_on = true;
    while (goes_on) {
        goes_on = tree_read(&watcher->tree, take, watcher);
        RtlEnterCriticalSection(&guard);
        goes_on = goes_on && !watcher->closing;
        if (!watcher->closing)
            deliver(watcher);
        RtlLeaveCriticalSection(&guard);
    }
    RtlEnterCriticalSection(&guard);
    bool closing = watcher->closing;
    watcher->closing = true; /* the top is gone: whoever closes the handle frees it */
    RtlLeaveCriticalSection(&guard);
    if (closing) {
        tree_close(&watcher->tree);
        RtlFreeHeap(process_heap(), 0, watcher->queue);
        RtlFreeHeap(process_heap(), 0, watcher);
    }
    RtlExitUserThread(0);
    return 0;
}

static struct watcher *make(HANDLE file, ULONG filter)
{
    int fd;
    HANDLE thread;
    struct watcher *watcher = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof *watcher);
    char *queue = RtlAllocateHeap(process_heap(), 0, QUEUE_BYTES), *path = watcher ? watcher->tree.top : NULL;
    bool made = false;
    if (watcher && queue && descriptor(file, &fd)) {
        made = path_of_descriptor(fd, path) && tree_has_branches(path) && tree_open(&watcher->tree, path);
        linux_close(fd);
    }
    if (made) {
        watcher->file = file;
        watcher->filter = filter;
        watcher->queue = queue;
        made = !RtlCreateUserThread((HANDLE)-1, NULL, FALSE, 0, 0, 0, follow, watcher, &thread, NULL);
        if (!made)
            tree_close(&watcher->tree);
    }
    if (!made) {
        if (queue)
            RtlFreeHeap(process_heap(), 0, queue);
        if (watcher)
            RtlFreeHeap(process_heap(), 0, watcher);
        return NULL;
    }
    NtClose(thread);
    RtlEnterCriticalSection(&guard);
    watcher->next = watchers;
    watchers = watcher;
    watchers_seen = 1;
    RtlLeaveCriticalSection(&guard);
    return watcher;
}

static NTSTATUS ask(struct watcher *watcher, const struct request *asked)
{
    HANDLE done = NULL;
    bool waits = !is_overlapped(watcher->file);
    if (waits && NtCreateEvent(&done, EVENT_ALL_ACCESS, NULL, 0 /* notification */, FALSE))
        return STATUS_NO_MEMORY;
    RtlEnterCriticalSection(&guard);
    if (watcher->waiting || watcher->closing) {
        RtlLeaveCriticalSection(&guard);
        if (done)
            NtClose(done);
        return STATUS_INVALID_PARAMETER;
    }
    watcher->request = *asked;
    watcher->request.event = watcher->request.thread = NULL;
    HANDLE event = waits ? done : asked->event;
    if (event)
        NtDuplicateObject((HANDLE)-1, event, (HANDLE)-1, &watcher->request.event, 0, 0, DUPLICATE_SAME_ACCESS);
    if (asked->event && !waits)
        NtResetEvent(asked->event, NULL);
    if (asked->apc)
        NtDuplicateObject((HANDLE)-1, (HANDLE)-2, (HANDLE)-1, &watcher->request.thread, 0, 0, DUPLICATE_SAME_ACCESS);
    asked->io->Status = STATUS_PENDING;
    watcher->waiting = true;
    deliver(watcher);
    RtlLeaveCriticalSection(&guard);
    if (!waits)
        return STATUS_PENDING;
    NtWaitForSingleObject(done, FALSE, NULL);
    NtClose(done);
    return asked->io->Status;
}

HOOK NTSTATUS NTAPI hook_NtNotifyChangeDirectoryFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, void *context,
                                                     IO_STATUS_BLOCK *io, void *buffer, ULONG size, ULONG filter,
                                                     BOOLEAN subtree)
{
    struct watcher *watcher = NULL;
    if (watchers_seen) {
        RtlEnterCriticalSection(&guard);
        watcher = watcher_of(file);
        RtlLeaveCriticalSection(&guard);
    }
    if (!watcher && subtree && io && buffer && filter)
        watcher = make(file, filter);
    if (!watcher)
        return NtNotifyChangeDirectoryFile(file, event, apc, context, io, buffer, size, filter, subtree);
    return ask(watcher, &(struct request){event, NULL, apc, context, io, buffer, size});
}

/* A handle is closed: its request ends, and its watcher with it. */
void watch_close(HANDLE file)
{
    RtlEnterCriticalSection(&guard);
    struct watcher **at = &watchers, *watcher;
    while (*at && (*at)->file != file)
        at = &(*at)->next;
    watcher = *at;
    if (watcher) {
        *at = watcher->next;
        if (watcher->waiting)
            finish(watcher, STATUS_CLEANUP, 0);
    }
    bool has_ended = watcher && watcher->closing;
    if (watcher && !has_ended) {
        watcher->closing = true;
        tree_wake(&watcher->tree);
    }
    RtlLeaveCriticalSection(&guard);
    if (has_ended) {
        tree_close(&watcher->tree);
        RtlFreeHeap(process_heap(), 0, watcher->queue);
        RtlFreeHeap(process_heap(), 0, watcher);
    }
}

static bool cancel(HANDLE file, const IO_STATUS_BLOCK *which)
{
    if (!watchers_seen)
        return false;
    RtlEnterCriticalSection(&guard);
    struct watcher *watcher = watcher_of(file);
    bool found = watcher && watcher->waiting && (!which || which == watcher->request.io);
    if (found)
        finish(watcher, STATUS_CANCELLED, 0);
    RtlLeaveCriticalSection(&guard);
    return found;
}

HOOK NTSTATUS NTAPI hook_NtCancelIoFile(HANDLE file, IO_STATUS_BLOCK *io)
{
    bool found = cancel(file, NULL);
    NTSTATUS status = NtCancelIoFile(file, io);
    return found && status == STATUS_NOT_FOUND ? STATUS_SUCCESS : status;
}

HOOK NTSTATUS NTAPI hook_NtCancelIoFileEx(HANDLE file, IO_STATUS_BLOCK *which, IO_STATUS_BLOCK *io)
{
    bool found = cancel(file, which);
    NTSTATUS status = NtCancelIoFileEx(file, which, io);
    return found && status == STATUS_NOT_FOUND ? STATUS_SUCCESS : status;
}

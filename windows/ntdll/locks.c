/*
 * Locked regions of files hold against reading and writing, as on Windows: Wine's server keeps them against other
 * locks only, with Linux locks of its own besides. Whether one of those is in the way is asked of Linux.
 *
 * It is asked only once a program of the container has locked anything: the first lock leaves a mark in the page that
 * every process sees. Which locks are a handle's own, this process knows.
 *
 * Source: Microsoft, LockFileEx (remarks: what the owner of a lock and others may do).
 */
#include "graft.h"
#include "../mark.h"

enum {
    LINUX_FSTAT = 5,
    LINUX_LSEEK = 8,
    LINUX_FCNTL = 72,
    LINUX_SEEK_CUR = 1,
    LINUX_F_GETLK = 5,
    LINUX_F_RDLCK = 0,
    LINUX_F_WRLCK = 1,
    LINUX_F_UNLCK = 2,
    SYNCHRONOUS = FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT,
    MODE = 16, /* FileModeInformation */
    AT_POSITION = -2,
    AT_END = -1,
    FIRST_PAUSE_MS = 1,
    LONGEST_PAUSE_MS = 32,
    TICKS_OF_MS = 10000,
    FIRST_ROOM = 16,
    MOST_TURNS = 1 << 22,
};

struct range {
    HANDLE file;
    uint64_t start, end;
    bool exclusive;
};

static struct range *ranges;
static size_t room;
static volatile LONG count, held;

/* A process that ends may have ended the thread that held it: no wait is for ever. */
static void hold(void)
{
    for (ULONG turns = 0; InterlockedExchange(&held, 1) && turns < MOST_TURNS; turns++)
        YieldProcessor();
}

static void release(void)
{
    InterlockedExchange(&held, 0);
}

static void add(HANDLE file, uint64_t start, uint64_t length, bool exclusive)
{
    hold();
    if ((size_t)count == room) {
        size_t wanted = room ? 2 * room : FIRST_ROOM;
        struct range *more = RtlAllocateHeap(process_heap(), 0, wanted * sizeof *more);
        if (!more) {
            release();
            return;
        }
        for (size_t i = 0; i < room; i++)
            more[i] = ranges[i];
        if (ranges)
            RtlFreeHeap(process_heap(), 0, ranges);
        ranges = more;
        room = wanted;
    }
    ranges[count++] = (struct range){file, start, start + length < start ? UINT64_MAX : start + length, exclusive};
    release();
}

/* Forget one range of file, or all of them where length is 0. */
static void forget(HANDLE file, uint64_t start, uint64_t length)
{
    hold();
    for (LONG i = count; i-- > 0;)
        if (ranges[i].file == file && (!length || (ranges[i].start == start && ranges[i].end - start == length))) {
            ranges[i] = ranges[count - 1];
            count--;
            if (length)
                break;
        }
    release();
}

/* The end of the part from start on that file's own exclusive locks cover, or where the next such part begins. */
static uint64_t own(HANDLE file, uint64_t start, uint64_t end, bool *covered)
{
    uint64_t next = end;
    *covered = false;
    hold();
    for (LONG i = 0; i < count && !*covered; i++) {
        if (ranges[i].file != file || !ranges[i].exclusive)
            continue;
        if (ranges[i].start <= start && start < ranges[i].end) {
            *covered = true;
            next = ranges[i].end < end ? ranges[i].end : end;
        } else if (ranges[i].start > start && ranges[i].start < next) {
            next = ranges[i].start;
        }
    }
    release();
    return next;
}

static bool is_locked(int fd, uint64_t start, uint64_t end, bool writing)
{
    struct {
        int16_t type, whence;
        int64_t start, length;
        int32_t owner;
    } lock = {.type = writing ? LINUX_F_WRLCK : LINUX_F_RDLCK, .start = (int64_t)start, .length = (int64_t)(end - start)};
    return !linux_call(LINUX_FCNTL, fd, LINUX_F_GETLK, (intptr_t)&lock) && lock.type != LINUX_F_UNLCK;
}

static bool is_in_the_way(HANDLE file, const LARGE_INTEGER *offset, ULONG length, bool writing)
{
    int fd;
    if (!length || !descriptor(file, &fd))
        return false;
    long long at = offset ? offset->QuadPart : AT_POSITION;
    if (offset && offset->HighPart == -1 && offset->LowPart == (ULONG)AT_END && writing) {
        struct status status;
        at = linux_call(LINUX_FSTAT, fd, (intptr_t)&status, 0) ? -1 : status.size;
    } else if (at < 0) {
        at = linux_call(LINUX_LSEEK, fd, 0, LINUX_SEEK_CUR); /* pipes refuse */
    }
    uint64_t start = (uint64_t)at, end = start + length;
    bool found = false, covered;
    while (at >= 0 && !found && start < end) {
        uint64_t next = own(file, start, end, &covered);
        found = !covered && is_locked(fd, start, next, writing);
        start = next;
    }
    linux_close(fd);
    return found;
}

HOOK NTSTATUS NTAPI hook_NtReadFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, void *context, IO_STATUS_BLOCK *io,
                                    void *buffer, ULONG length, LARGE_INTEGER *offset, ULONG *key)
{
    if (is_marked(MARK_LOCKED) && is_in_the_way(file, offset, length, false))
        return STATUS_FILE_LOCK_CONFLICT;
    return NtReadFile(file, event, apc, context, io, buffer, length, offset, key);
}

HOOK NTSTATUS NTAPI hook_NtWriteFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, void *context,
                                     IO_STATUS_BLOCK *io, const void *buffer, ULONG length, LARGE_INTEGER *offset,
                                     ULONG *key)
{
    if (is_marked(MARK_LOCKED) && is_in_the_way(file, offset, length, true))
        return STATUS_FILE_LOCK_CONFLICT;
    return NtWriteFile(file, event, apc, context, io, buffer, length, offset, key);
}

bool is_overlapped(HANDLE file)
{
    IO_STATUS_BLOCK io;
    ULONG mode;
    return !NtQueryInformationFile(file, &io, &mode, sizeof mode, (FILE_INFORMATION_CLASS)MODE) &&
           !(mode & SYNCHRONOUS);
}

struct wait {
    HANDLE file, event, thread;
    PIO_APC_ROUTINE apc; /* for thread, when it is done */
    void *context;
    IO_STATUS_BLOCK *io;
    LARGE_INTEGER offset, length;
    bool exclusive;
};

static NTSTATUS try(struct wait *wait)
{
    NTSTATUS status =
        NtLockFile(wait->file, NULL, NULL, NULL, NULL, &wait->offset, &wait->length, NULL, TRUE, wait->exclusive);
    if (!status)
        add(wait->file, (uint64_t)wait->offset.QuadPart, (uint64_t)wait->length.QuadPart, wait->exclusive);
    return status;
}

static bool is_refused(NTSTATUS status)
{
    return status == STATUS_LOCK_NOT_GRANTED || status == STATUS_FILE_LOCK_CONFLICT;
}

static ULONG NTAPI wait_for_lock(void *argument)
{
    struct wait *wait = argument;
    NTSTATUS status;
    for (LONGLONG ms = FIRST_PAUSE_MS; is_refused(status = try(wait)); ms = ms < LONGEST_PAUSE_MS ? 2 * ms : ms) {
        LARGE_INTEGER pause = {.QuadPart = -ms * TICKS_OF_MS};
        NtDelayExecution(FALSE, &pause);
    }
    wait->io->Information = 0;
    wait->io->Status = status;
    if (wait->event) {
        NtSetEvent(wait->event, NULL);
        NtClose(wait->event);
    }
    if (wait->apc && wait->thread) {
        NtQueueApcThread(wait->thread, (void *)wait->apc, wait->context, wait->io, NULL);
        NtClose(wait->thread);
    }
    RtlFreeHeap(process_heap(), 0, wait);
    RtlExitUserThread(0);
    return 0;
}

/* An overlapped handle's lock that must wait: Wine would hold the caller. */
static NTSTATUS lock_later(const struct wait *asked)
{
    HANDLE thread;
    struct wait *wait = RtlAllocateHeap(process_heap(), 0, sizeof *wait);
    if (!wait)
        return STATUS_NO_MEMORY;
    *wait = *asked;
    wait->event = wait->thread = NULL;
    if (asked->apc)
        NtDuplicateObject((HANDLE)-1, (HANDLE)-2, (HANDLE)-1, &wait->thread, 0, 0, DUPLICATE_SAME_ACCESS);
    if (asked->event)
        NtDuplicateObject((HANDLE)-1, asked->event, (HANDLE)-1, &wait->event, 0, 0, DUPLICATE_SAME_ACCESS);
    wait->io->Status = STATUS_PENDING;
    NTSTATUS status =
        RtlCreateUserThread((HANDLE)-1, NULL, FALSE, 0, 0, 0, wait_for_lock, wait, &thread, NULL);
    if (status) {
        RtlFreeHeap(process_heap(), 0, wait);
        return status;
    }
    NtClose(thread);
    return STATUS_PENDING;
}

HOOK NTSTATUS NTAPI hook_NtLockFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, void *context, IO_STATUS_BLOCK *io,
                                    LARGE_INTEGER *offset, LARGE_INTEGER *length, ULONG *key, BOOLEAN at_once,
                                    BOOLEAN exclusive)
{
    (void)key;
    set_mark(MARK_LOCKED); /* every process of the container asks Linux from now on */
    if (!at_once && io && offset && length && is_overlapped(file)) {
        struct wait wait = {file, event, NULL, apc, context, io, *offset, *length, exclusive != FALSE};
        NTSTATUS status = try(&wait);
        if (is_refused(status)) {
            if (event)
                NtResetEvent(event, NULL);
            return lock_later(&wait);
        }
        if (!status) {
            io->Status = status;
            if (event)
                NtSetEvent(event, NULL);
            if (apc)
                NtQueueApcThread((HANDLE)-2, (void *)apc, context, io, NULL);
        }
        return status;
    }
    /* Wine takes no key, which is for servers of shares, no routine to call, and no place for the status. */
    NTSTATUS status = NtLockFile(file, event, NULL, NULL, NULL, offset, length, NULL, at_once, exclusive);
    if (!status) {
        add(file, (uint64_t)offset->QuadPart, (uint64_t)length->QuadPart, exclusive != FALSE);
        if (io)
            io->Status = status, io->Information = 0;
        if (apc)
            NtQueueApcThread((HANDLE)-2, (void *)apc, context, io, NULL);
    }
    /* Wine says of a lock what is true of reading and writing: programs take that for a failure of another kind. */
    return status == STATUS_FILE_LOCK_CONFLICT ? STATUS_LOCK_NOT_GRANTED : status;
}

/* Whether file holds a range both ways: programs change an exclusive lock into a shared one so. */
static bool is_held_twice(HANDLE file, uint64_t start, uint64_t length)
{
    bool shared = false, exclusive = false;
    hold();
    for (LONG i = 0; i < count; i++)
        if (ranges[i].file == file && ranges[i].start == start && ranges[i].end - start == length)
            *(ranges[i].exclusive ? &exclusive : &shared) = true;
    release();
    return shared && exclusive;
}

/* Windows lets go of the exclusive lock first, Wine of either. */
HOOK NTSTATUS NTAPI hook_NtUnlockFile(HANDLE file, IO_STATUS_BLOCK *io, LARGE_INTEGER *offset, LARGE_INTEGER *length,
                                      ULONG *key)
{
    bool twice = count && is_held_twice(file, (uint64_t)offset->QuadPart, (uint64_t)length->QuadPart);
    NTSTATUS status = NtUnlockFile(file, NULL, offset, length, NULL); /* Wine takes neither of them */
    (void)key;
    if (status)
        return status == STATUS_FILE_LOCK_CONFLICT ? STATUS_RANGE_NOT_LOCKED : status;
    if (count)
        forget(file, (uint64_t)offset->QuadPart, (uint64_t)length->QuadPart);
    if (twice && !NtUnlockFile(file, NULL, offset, length, NULL)) {
        forget(file, (uint64_t)offset->QuadPart, (uint64_t)length->QuadPart);
        status = NtLockFile(file, NULL, NULL, NULL, NULL, offset, length, NULL, FALSE, FALSE);
        if (!status)
            add(file, (uint64_t)offset->QuadPart, (uint64_t)length->QuadPart, false);
    }
    if (io && !status)
        io->Status = status, io->Information = 0;
    return status;
}

HOOK NTSTATUS NTAPI hook_NtClose(HANDLE handle)
{
    if (count)
        forget(handle, 0, 0);
    if (watchers_seen)
        watch_close(handle);
    return NtClose(handle);
}

/* Two handles of one file share its locks, in one process. */
HOOK NTSTATUS NTAPI hook_NtDuplicateObject(HANDLE from, HANDLE handle, HANDLE to, HANDLE *copy, ACCESS_MASK access,
                                           ULONG attributes, ULONG options)
{
    NTSTATUS status = NtDuplicateObject(from, handle, to, copy, access, attributes, options);
    if (!count || status || from != (HANDLE)-1)
        return status;
    for (LONG i = 0; to == (HANDLE)-1 && copy && i < count; i++) {
        struct range range = ranges[i];
        if (range.file == handle)
            add(*copy, range.start, range.end - range.start, range.exclusive);
    }
    if (options & DUPLICATE_CLOSE_SOURCE)
        forget(handle, 0, 0);
    return status;
}

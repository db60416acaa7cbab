/*
 * The streams of a file, one after the other: Wine's functions know none. A search is a block of memory that FindClose
 * gets as well; those that are under way are listed, so that it can tell.
 *
 * Source: Microsoft, FindFirstStreamW, FindNextStreamW.
 */
#include "graft.h"

enum { STREAM_INFORMATION = 22, FIRST_ROOM = 4096, MOST_ROOM = 1 << 22 };

/* FILE_STREAM_INFORMATION. */
struct entry {
    ULONG next, bytes;
    LARGE_INTEGER size, allocated;
    wchar_t name[1];
};

struct search {
    struct search *next;
    struct entry *entry; /* that comes next; NULL after the last */
    char data[];
};

static RTL_SRWLOCK guard;
static struct search *volatile searches;

__declspec(dllimport) void NTAPI RtlAcquireSRWLockExclusive(RTL_SRWLOCK *);
__declspec(dllimport) void NTAPI RtlReleaseSRWLockExclusive(RTL_SRWLOCK *);

static struct search *read_streams(HANDLE file, NTSTATUS *status)
{
    IO_STATUS_BLOCK io;
    for (ULONG room = FIRST_ROOM; room <= MOST_ROOM; room *= 4) {
        struct search *search = RtlAllocateHeap(process_heap(), 0, sizeof *search + room);
        if (!search)
            break;
        io.Information = 0;
        *status = NtQueryInformationFile(file, &io, search->data, room, (FILE_INFORMATION_CLASS)STREAM_INFORMATION);
        search->entry = io.Information ? (struct entry *)search->data : NULL;
        if (!*status && search->entry)
            return search;
        RtlFreeHeap(process_heap(), 0, search);
        if (*status != STATUS_BUFFER_OVERFLOW) {
            *status = *status ? *status : STATUS_END_OF_FILE;
            return NULL;
        }
    }
    *status = STATUS_NO_MEMORY;
    return NULL;
}

static BOOL step(struct search *search, WIN32_FIND_STREAM_DATA *data)
{
    const struct entry *entry = search->entry;
    size_t i = 0;
    if (!entry)
        return fail(STATUS_END_OF_FILE);
    data->StreamSize = entry->size;
    for (; i < entry->bytes / sizeof *entry->name && i < sizeof data->cStreamName / sizeof *entry->name - 1; i++)
        data->cStreamName[i] = entry->name[i];
    data->cStreamName[i] = 0;
    search->entry = entry->next ? (struct entry *)((char *)entry + entry->next) : NULL;
    return TRUE;
}

HOOK HANDLE WINAPI hook_FindFirstStreamW(const wchar_t *name, STREAM_INFO_LEVELS level, void *data, DWORD flags)
{
    const DWORD share_all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    NTSTATUS status = STATUS_INVALID_PARAMETER;
    struct search *search = NULL;
    if (level == FindStreamInfoStandard && !flags && data) {
        HANDLE file = CreateFileW(name, FILE_READ_ATTRIBUTES, share_all, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS,
                                  NULL);
        if (file == INVALID_HANDLE_VALUE)
            return INVALID_HANDLE_VALUE;
        search = read_streams(file, &status);
        NtClose(file);
    }
    if (!search) {
        fail(status);
        return INVALID_HANDLE_VALUE;
    }
    step(search, data);
    RtlAcquireSRWLockExclusive(&guard);
    search->next = searches;
    searches = search;
    RtlReleaseSRWLockExclusive(&guard);
    return search;
}

HOOK BOOL WINAPI hook_FindNextStreamW(HANDLE handle, void *data)
{
    RtlAcquireSRWLockExclusive(&guard);
    struct search *search = searches;
    while (search && search != handle)
        search = search->next;
    BOOL found = search ? step(search, data) : fail(STATUS_INVALID_HANDLE);
    RtlReleaseSRWLockExclusive(&guard);
    return found;
}

HOOK BOOL WINAPI hook_FindClose(HANDLE handle)
{
    if (searches) {
        struct search *before = NULL;
        RtlAcquireSRWLockExclusive(&guard);
        struct search *search = searches;
        for (; search && search != handle; search = search->next)
            before = search;
        if (search && before)
            before->next = search->next;
        else if (search)
            searches = search->next;
        RtlReleaseSRWLockExclusive(&guard);
        if (search)
            return RtlFreeHeap(process_heap(), 0, search);
    }
    return FindClose(handle);
}

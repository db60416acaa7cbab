/* What Wine's functions on handles of files leave out. */
#include "graft.h"

enum {
    ALLOCATION_INFO = 5, /* FileAllocationInfo, of FILE_INFO_BY_HANDLE_CLASS */
    RENAME_INFO_EX = 22, /* FileRenameInfoEx */
    END_OF_FILE_INFORMATION = 20, /* of FILE_INFORMATION_CLASS */
    RENAME_INFORMATION_EX = 65, /* FileRenameInformationEx, of FILE_INFORMATION_CLASS */
};

/* Disk space for a file: less than it has cuts it off. More is not set aside, as Linux would show it as the file's. */
static BOOL allocate(HANDLE file, const LARGE_INTEGER *wanted)
{
    IO_STATUS_BLOCK io;
    FILE_STANDARD_INFO now;
    if (wanted->QuadPart < 0)
        return fail(STATUS_INVALID_PARAMETER);
    if (!GetFileInformationByHandleEx(file, FileStandardInfo, &now, sizeof now))
        return FALSE;
    if (now.EndOfFile.QuadPart <= wanted->QuadPart)
        return TRUE;
    NTSTATUS status =
        NtSetInformationFile(file, &io, (void *)wanted, sizeof *wanted, (FILE_INFORMATION_CLASS)END_OF_FILE_INFORMATION);
    return status ? fail(status) : TRUE;
}

HOOK BOOL WINAPI hook_SetFileInformationByHandle(HANDLE file, FILE_INFO_BY_HANDLE_CLASS class, void *info, DWORD size)
{
    if ((int)class == ALLOCATION_INFO)
        return size < sizeof(LARGE_INTEGER) ? fail(STATUS_INFO_LENGTH_MISMATCH) : allocate(file, info);
    if ((int)class != RENAME_INFO_EX)
        return SetFileInformationByHandle(file, class, info, size);
    FILE_RENAME_INFO *rename = info;
    if (size < sizeof *rename)
        return fail(STATUS_INFO_LENGTH_MISMATCH);
    UNICODE_STRING name;
    if (!RtlDosPathNameToNtPathName_U(rename->FileName, &name, NULL, NULL))
        return fail(STATUS_OBJECT_NAME_INVALID);
    ULONG whole = (ULONG)(offsetof(FILE_RENAME_INFO, FileName) + name.Length);
    FILE_RENAME_INFO *to = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, whole + sizeof(wchar_t));
    NTSTATUS status = STATUS_NO_MEMORY;
    if (to) {
        IO_STATUS_BLOCK io;
        to->Flags = rename->Flags;
        to->FileNameLength = name.Length;
        for (ULONG i = 0; i < name.Length / sizeof(wchar_t); i++)
            to->FileName[i] = name.Buffer[i];
        status = NtSetInformationFile(file, &io, to, whole, (FILE_INFORMATION_CLASS)RENAME_INFORMATION_EX);
        RtlFreeHeap(process_heap(), 0, to);
    }
    RtlFreeUnicodeString(&name);
    return status ? fail(status) : TRUE;
}

/* What a file takes on disk: Wine says how long it is. */
HOOK DWORD WINAPI hook_GetCompressedFileSizeW(const wchar_t *name, DWORD *high)
{
    const DWORD share_all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    FILE_STANDARD_INFO info;
    HANDLE file = CreateFileW(name, 0, share_all, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return GetCompressedFileSizeW(name, high);
    BOOL found = GetFileInformationByHandleEx(file, FileStandardInfo, &info, sizeof info);
    NtClose(file);
    if (!found)
        return INVALID_FILE_SIZE;
    if (high)
        *high = (DWORD)info.AllocationSize.HighPart;
    RtlSetLastWin32Error(0);
    return info.AllocationSize.LowPart;
}

/* Wine's has no place for what becomes of a lock that must wait. */
HOOK BOOL WINAPI hook_LockFileEx(HANDLE file, DWORD flags, DWORD reserved, DWORD low, DWORD high, OVERLAPPED *at)
{
    if (reserved || !at)
        return fail(STATUS_INVALID_PARAMETER);
    LARGE_INTEGER offset = {.LowPart = at->Offset, .HighPart = (LONG)at->OffsetHigh};
    LARGE_INTEGER length = {.LowPart = low, .HighPart = (LONG)high};
    NTSTATUS status = NtLockFile(file, at->hEvent, NULL, NULL, (IO_STATUS_BLOCK *)at, &offset, &length, NULL,
                                 !!(flags & LOCKFILE_FAIL_IMMEDIATELY), !!(flags & LOCKFILE_EXCLUSIVE_LOCK));
    return status ? fail(status) : TRUE;
}

/* Wine's has a size for who does not wait only where ntdll lets it wait. */
HOOK BOOL WINAPI hook_ReadDirectoryChangesW(HANDLE directory, void *buffer, DWORD size, BOOL subtree, DWORD filter,
                                            DWORD *returned, OVERLAPPED *overlapped,
                                            LPOVERLAPPED_COMPLETION_ROUTINE done)
{
    IO_STATUS_BLOCK io = {.Information = 0};
    if (overlapped)
        return ReadDirectoryChangesW(directory, buffer, size, subtree, filter, returned, overlapped, done);
    NTSTATUS status = NtNotifyChangeDirectoryFile(directory, NULL, NULL, NULL, &io, buffer, size, filter, !!subtree);
    if (status == STATUS_PENDING) {
        NtWaitForSingleObject(directory, FALSE, NULL);
        status = io.Status;
    }
    if (returned)
        *returned = (DWORD)io.Information;
    return NT_ERROR(status) ? fail(status) : TRUE;
}

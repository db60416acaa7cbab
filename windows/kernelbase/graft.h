/* What we put into kernelbase.dll: see windows/ntdll/graft.h. It imports from ntdll.dll and kernelbase.dll alone. */
#ifndef TRANSOM_KERNELBASE_GRAFT_H
#define TRANSOM_KERNELBASE_GRAFT_H

#define _WIN32_WINNT 0x0A00
#define WIN32_NO_STATUS
#include <windows.h>
#undef WIN32_NO_STATUS
#include <ntstatus.h>
#include <stdbool.h>
#include <stddef.h>
#include <winioctl.h>
#include <winternl.h>

#define HOOK __declspec(dllexport)

__declspec(dllimport) void NTAPI RtlSetLastWin32Error(ULONG);
__declspec(dllimport) NTSTATUS NTAPI NtLockFile(HANDLE, HANDLE, PIO_APC_ROUTINE, void *, IO_STATUS_BLOCK *,
                                                LARGE_INTEGER *, LARGE_INTEGER *, ULONG *, BOOLEAN, BOOLEAN);

__declspec(dllimport) NTSTATUS NTAPI NtNotifyChangeDirectoryFile(HANDLE, HANDLE, PIO_APC_ROUTINE, void *,
                                                                 IO_STATUS_BLOCK *, void *, ULONG, ULONG, BOOLEAN);

/* TEB → PEB → ProcessHeap. */
static inline void *process_heap(void)
{
    char *block;
    __asm__("mov %%gs:0x60, %0" : "=r"(block));
    return *(void **)(block + 0x30);
}

/* TEB → PEB → ProcessParameters. */
enum { ENVIRONMENT_OF_PARAMETERS = 0x80 };
static inline char *parameters_of_process(void)
{
    char *block;
    __asm__("mov %%gs:0x60, %0" : "=r"(block));
    return *(char **)(block + 0x20);
}

static inline BOOL fail(NTSTATUS status)
{
    RtlSetLastWin32Error(RtlNtStatusToDosError(status));
    return FALSE;
}

#endif

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

/* Where TEB, PEB and process parameters have what. */
#ifdef __x86_64__
enum { PARAMETERS_OF_PEB = 0x20, HEAP_OF_PEB = 0x30, FLAGS_OF_PARAMETERS = 0x18, ENVIRONMENT_OF_PARAMETERS = 0x80 };
#else
enum { PARAMETERS_OF_PEB = 0x10, HEAP_OF_PEB = 0x18, FLAGS_OF_PARAMETERS = 0x14, ENVIRONMENT_OF_PARAMETERS = 0x48 };
#endif

static inline char *process_block(void)
{
    char *block;
#ifdef __x86_64__
    __asm__("mov %%gs:0x60, %0" : "=r"(block));
#else
    __asm__("mov %%fs:0x30, %0" : "=r"(block));
#endif
    return block;
}

static inline void *process_heap(void)
{
    return *(void **)(process_block() + HEAP_OF_PEB);
}

static inline char *parameters_of_process(void)
{
    return *(char **)(process_block() + PARAMETERS_OF_PEB);
}

static inline BOOL fail(NTSTATUS status)
{
    RtlSetLastWin32Error(RtlNtStatusToDosError(status));
    return FALSE;
}

#endif

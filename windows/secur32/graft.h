/* What we put into secur32.dll: see windows/ntdll/graft.h. It imports from ntdll.dll and secur32.dll alone. */
#ifndef TRANSOM_SECUR32_GRAFT_H
#define TRANSOM_SECUR32_GRAFT_H

#define _WIN32_WINNT 0x0A00
#define SECURITY_WIN32
#include <windows.h>
#include <wincrypt.h>
#include <winternl.h>
#include <sspi.h>
#include <schannel.h>
#include <stdbool.h>
#include <stddef.h>

#define HOOK __declspec(dllexport)

__declspec(dllimport) NTSTATUS NTAPI LdrLoadDll(const wchar_t *, DWORD, const UNICODE_STRING *, HMODULE *);
__declspec(dllimport) NTSTATUS NTAPI LdrGetProcedureAddress(HMODULE, const ANSI_STRING *, ULONG, void **);
__declspec(dllimport) void *NTAPI RtlGetCurrentPeb(void);
__declspec(dllimport) void *NTAPI RtlAllocateHeap(HANDLE, ULONG, SIZE_T);
__declspec(dllimport) BOOLEAN NTAPI RtlFreeHeap(HANDLE, ULONG, void *);
__declspec(dllimport) void NTAPI RtlAcquireSRWLockExclusive(RTL_SRWLOCK *);
__declspec(dllimport) void NTAPI RtlReleaseSRWLockExclusive(RTL_SRWLOCK *);
__declspec(dllimport) BOOLEAN NTAPI RtlCreateUnicodeStringFromAsciiz(UNICODE_STRING *, const char *);
__declspec(dllimport) NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE, void **, SIZE_T *, ULONG, ULONG *);

#endif

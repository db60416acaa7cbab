/* What we put into advapi32.dll: see windows/ntdll/graft.h. It imports from ntdll.dll and advapi32.dll alone. */
#ifndef TRANSOM_ADVAPI32_GRAFT_H
#define TRANSOM_ADVAPI32_GRAFT_H

#define _WIN32_WINNT 0x0A00
#define WIN32_NO_STATUS
#include <windows.h>
#undef WIN32_NO_STATUS
#include <ntstatus.h>
#include <stdbool.h>
#include <stddef.h>
#include <winternl.h>
#include "../accounts.h"

#define HOOK __declspec(dllexport)

__declspec(dllimport) void NTAPI RtlSetLastWin32Error(ULONG);

/* names.c */
const wchar_t *computer(wchar_t name[ACCOUNT_ROOM]);
bool is_here(const wchar_t *machine);
wchar_t *wide(const char *text, wchar_t *room, ULONG count);

#endif

/* What we put into kernel32.dll: see windows/ntdll/graft.h. */
#ifndef TRANSOM_KERNEL32_GRAFT_H
#define TRANSOM_KERNEL32_GRAFT_H

#define _WIN32_WINNT 0x0A00
/* Declared by the headers as imported, defined here. */
#define InitializeSynchronizationBarrier declared_otherwise
#define EnterSynchronizationBarrier declared_otherwise_too
#define DeleteSynchronizationBarrier declared_otherwise_as_well
#include <windows.h>
#undef InitializeSynchronizationBarrier
#undef EnterSynchronizationBarrier
#undef DeleteSynchronizationBarrier

#define HOOK __declspec(dllexport)
#define NEW __declspec(dllexport)

#endif

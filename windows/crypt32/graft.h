/* What we put into crypt32.dll: see windows/ntdll/graft.h. */
#ifndef TRANSOM_CRYPT32_GRAFT_H
#define TRANSOM_CRYPT32_GRAFT_H

#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <wincrypt.h>
#include <stddef.h>

#define HOOK __declspec(dllexport)

#endif

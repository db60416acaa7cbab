/* What we put into iphlpapi.dll: see windows/ntdll/graft.h. */
#ifndef TRANSOM_IPHLPAPI_GRAFT_H
#define TRANSOM_IPHLPAPI_GRAFT_H

#define _WIN32_WINNT 0x0A00
#include <winsock2.h>
#include <windows.h>
#include <iphlpapi.h>

#define HOOK __declspec(dllexport)

#endif

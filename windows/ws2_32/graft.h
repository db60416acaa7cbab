/*
 * What we put into ws2_32.dll (see windows/ntdll/graft.h): sockets of the family AF_UNIX, which Wine has none of.
 *
 * Beneath, such a socket is one of TCP on the container's loopback address, so that everything that can be done with a
 * socket, by waiting or not, can be done with it. What is bound to a path leaves a file there, as on Windows; it says
 * at which port to find it. Addresses are what is translated here.
 *
 * It imports from ntdll.dll and ws2_32.dll alone.
 *
 * Source: Microsoft, "AF_UNIX comes to Windows" (Windows Command Line blog, 2017); afunix.h; the pages of each function.
 */
#ifndef TRANSOM_WS2_32_GRAFT_H
#define TRANSOM_WS2_32_GRAFT_H

#define _WIN32_WINNT 0x0A00
#define WIN32_NO_STATUS
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <windows.h>
#undef WIN32_NO_STATUS
#include <winternl.h>
#include <ntstatus.h>
#include <stdbool.h>
#include <stddef.h>

#define HOOK __declspec(dllexport)

__declspec(dllimport) void NTAPI RtlSetLastWin32Error(ULONG);
__declspec(dllimport) void *NTAPI RtlAllocateHeap(HANDLE, ULONG, SIZE_T);
__declspec(dllimport) BOOLEAN NTAPI RtlFreeHeap(HANDLE, ULONG, void *);
__declspec(dllimport) void *NTAPI RtlGetCurrentPeb(void);
__declspec(dllimport) void NTAPI RtlAcquireSRWLockExclusive(RTL_SRWLOCK *);
__declspec(dllimport) void NTAPI RtlReleaseSRWLockExclusive(RTL_SRWLOCK *);
__declspec(dllimport) NTSTATUS NTAPI RtlUTF8ToUnicodeN(wchar_t *, ULONG, ULONG *, const char *, ULONG);
__declspec(dllimport) NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PIO_APC_ROUTINE, void *, IO_STATUS_BLOCK *, void *,
                                                ULONG, LARGE_INTEGER *, ULONG *);
__declspec(dllimport) NTSTATUS NTAPI NtWriteFile(HANDLE, HANDLE, PIO_APC_ROUTINE, void *, IO_STATUS_BLOCK *,
                                                 const void *, ULONG, LARGE_INTEGER *, ULONG *);

enum { UNIX_PATH = 108 };

struct unix_address {
    USHORT family;
    char path[UNIX_PATH];
};

/* A socket of ours. Paths are empty for what has no name. */
struct unix_socket {
    SOCKET socket;
    bool inner_bound; /* the one beneath has a port */
    USHORT port; /* of the one beneath, once its path is bound */
    char path[UNIX_PATH], peer[UNIX_PATH];
    struct unix_socket *next;
};

/* table.c */
bool unix_any(void);
bool unix_add(SOCKET socket, const struct unix_socket *like);
bool unix_find(SOCKET socket, struct unix_socket *found);
bool unix_find_port(USHORT port, struct unix_socket *found);
void unix_update(const struct unix_socket *now);
void unix_forget(SOCKET socket);

/* paths.c */
int path_make(const char *path, USHORT port);
int path_find(const char *path, USHORT *port);

/* addresses.c */
bool is_unix(const struct sockaddr *address, int length);
int address_read(const struct sockaddr *address, int length, char path[UNIX_PATH]);
bool address_write(const char *path, struct sockaddr *address, int *length);
struct sockaddr_in loopback(USHORT port);

static inline int fail(int error)
{
    RtlSetLastWin32Error((ULONG)error);
    return SOCKET_ERROR;
}

#endif

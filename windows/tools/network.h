/* What the tools of the network share. */
#ifndef TRANSOM_NETWORK_H
#define TRANSOM_NETWORK_H

#include "tool.h"
#include <iphlpapi.h>
#include <ws2tcpip.h>

enum { MOST_BYTES = 16 << 20 };

/* A table that a function of iphlpapi.dll fills, whatever its size; NULL and a line about it where it cannot. */
typedef ULONG(WINAPI *fill)(void *table, ULONG *size, const void *argument);
void *table_of(fill fill, const void *argument);
IP_ADAPTER_ADDRESSES *adapters(void); /* NULL: see table_of */
wchar_t *text_of(const SOCKET_ADDRESS *address); /* without a port */
wchar_t *text4(DWORD address);
wchar_t *text6(const void *address);
wchar_t *physical(const BYTE *bytes, size_t count, wchar_t between); /* in capitals */
int show_routes(void);

#endif

/* Connections that come in, and what else tells of a socket's family. */
#include "graft.h"

LPFN_CONNECTEX replace_connect_ex(LPFN_CONNECTEX wines);

/* The accepted socket is called as the one that listened; who connects has no name, as on Windows. */
static SOCKET accepted(SOCKET socket, const struct unix_socket *listener, struct sockaddr *address, int *length)
{
    if (socket == INVALID_SOCKET)
        return socket;
    struct unix_socket own = *listener;
    own.port = 0;
    if (!unix_add(socket, &own)) {
        closesocket(socket);
        fail(WSAENOBUFS);
        return INVALID_SOCKET;
    }
    BOOL at_once = TRUE;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, (const char *)&at_once, sizeof at_once);
    if (address && length)
        address_write("", address, length);
    return socket;
}

HOOK SOCKET WSAAPI hook_accept(SOCKET socket, struct sockaddr *address, int *length)
{
    struct unix_socket own;
    SOCKET got;
    if (unix_find(socket, &own))
        return accepted(accept(socket, NULL, NULL), &own, address, length);
    got = accept(socket, address, length);
    unix_forget(got);
    return got;
}

HOOK SOCKET WSAAPI hook_WSAAccept(SOCKET socket, struct sockaddr *address, int *length, LPCONDITIONPROC condition,
                                  DWORD_PTR context)
{
    struct unix_socket own;
    SOCKET got;
    if (unix_find(socket, &own))
        return accepted(WSAAccept(socket, NULL, NULL, condition, context), &own, address, length);
    got = WSAAccept(socket, address, length, condition, context);
    unix_forget(got);
    return got;
}

static LPFN_GETACCEPTEXSOCKADDRS wines_addresses;

/* Where AcceptEx has put the addresses there is room for ours: how much, the program says. */
static void WINAPI addresses(void *buffer, DWORD data_size, DWORD local_size, DWORD remote_size, struct sockaddr **local,
                             int *local_length, struct sockaddr **remote, int *remote_length)
{
    struct unix_socket listener;
    wines_addresses(buffer, data_size, local_size, remote_size, local, local_length, remote, remote_length);
    const struct sockaddr_in *inner = (const struct sockaddr_in *)*local;
    if (!unix_any() || inner->sin_family != AF_INET || inner->sin_addr.s_addr != htonl(INADDR_LOOPBACK) ||
        !unix_find_port(inner->sin_port, &listener))
        return;
    *local_length = (int)(local_size - sizeof(int));
    *remote_length = (int)(remote_size - sizeof(int));
    if (!address_write(listener.path, *local, local_length))
        address_write("", *local, local_length);
    address_write("", *remote, remote_length);
}

static bool same(const GUID *one, const GUID *other)
{
    const ULONG *a = (const ULONG *)one, *b = (const ULONG *)other;
    return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3];
}

HOOK int WSAAPI hook_WSAIoctl(SOCKET socket, DWORD code, void *in, DWORD in_size, void *out, DWORD out_size, DWORD *got,
                              WSAOVERLAPPED *overlapped, LPWSAOVERLAPPED_COMPLETION_ROUTINE done)
{
    static const GUID connect_ex = WSAID_CONNECTEX, of_addresses = WSAID_GETACCEPTEXSOCKADDRS;
    int result = WSAIoctl(socket, code, in, in_size, out, out_size, got, overlapped, done);
    if (result || code != SIO_GET_EXTENSION_FUNCTION_POINTER || in_size < sizeof(GUID) || out_size < sizeof(void *))
        return result;
    if (same(in, &connect_ex)) {
        *(LPFN_CONNECTEX *)out = replace_connect_ex(*(LPFN_CONNECTEX *)out);
    } else if (same(in, &of_addresses)) {
        wines_addresses = *(LPFN_GETACCEPTEXSOCKADDRS *)out;
        *(LPFN_GETACCEPTEXSOCKADDRS *)out = addresses;
    }
    return result;
}

/* After AcceptEx: the socket learns from which one it came. */
HOOK int WSAAPI hook_setsockopt(SOCKET socket, int level, int name, const char *value, int size)
{
    struct unix_socket own, listener;
    int result = setsockopt(socket, level, name, value, size);
    if (!result && level == SOL_SOCKET && name == SO_UPDATE_ACCEPT_CONTEXT && size >= (int)sizeof(SOCKET) &&
        unix_find(socket, &own) && unix_find(*(const SOCKET *)value, &listener)) {
        for (int i = 0; i < UNIX_PATH; i++)
            own.path[i] = listener.path[i];
        own.inner_bound = true;
        unix_update(&own);
    }
    return result;
}

enum { NAME_CHARS = 8, UNIX_STREAM_FLAGS = XP1_GUARANTEED_DELIVERY | XP1_GUARANTEED_ORDER | XP1_IFS_HANDLES };

/* The ANSI form begins alike. */
static void describe(WSAPROTOCOL_INFOW *info)
{
    info->dwServiceFlags1 = UNIX_STREAM_FLAGS;
    info->iAddressFamily = AF_UNIX;
    info->iMaxSockAddr = sizeof(struct unix_address);
    info->iMinSockAddr = offsetof(struct unix_address, path);
    info->iSocketType = SOCK_STREAM;
    info->iProtocol = 0;
}

static void name_wide(WSAPROTOCOL_INFOW *info)
{
    describe(info);
    for (int i = 0; i < NAME_CHARS; i++)
        info->szProtocol[i] = L"AF_UNIX"[i];
}

static void name_narrow(WSAPROTOCOL_INFOA *info)
{
    describe((WSAPROTOCOL_INFOW *)info);
    for (int i = 0; i < NAME_CHARS; i++)
        info->szProtocol[i] = "AF_UNIX"[i];
}

HOOK int WSAAPI hook_getsockopt(SOCKET socket, int level, int name, char *value, int *size)
{
    struct unix_socket own;
    int result = getsockopt(socket, level, name, value, size);
    if (!result && level == SOL_SOCKET && (name == SO_PROTOCOL_INFOW || name == SO_PROTOCOL_INFOA) &&
        unix_find(socket, &own)) {
        if (name == SO_PROTOCOL_INFOW)
            name_wide((WSAPROTOCOL_INFOW *)value);
        else
            name_narrow((WSAPROTOCOL_INFOA *)value);
    }
    return result;
}

HOOK int WSAAPI hook_WSADuplicateSocketW(SOCKET socket, DWORD process, WSAPROTOCOL_INFOW *info)
{
    struct unix_socket own;
    int result = WSADuplicateSocketW(socket, process, info);
    if (!result && unix_find(socket, &own))
        name_wide(info);
    return result;
}

HOOK int WSAAPI hook_WSADuplicateSocketA(SOCKET socket, DWORD process, WSAPROTOCOL_INFOA *info)
{
    struct unix_socket own;
    int result = WSADuplicateSocketA(socket, process, info);
    if (!result && unix_find(socket, &own))
        name_narrow(info);
    return result;
}

/* One more than Wine has, where the program asks for all: it looks there whether there is such a family. */
HOOK int WSAAPI hook_WSAEnumProtocolsW(int *protocols, WSAPROTOCOL_INFOW *list, DWORD *size)
{
    DWORD room = size ? *size : 0;
    int count = WSAEnumProtocolsW(protocols, list, size);
    if (protocols || !size)
        return count;
    if (count == SOCKET_ERROR) { /* *size is what is needed */
        if (WSAGetLastError() == WSAENOBUFS)
            *size += sizeof *list;
        return count;
    }
    DWORD needed = (DWORD)((unsigned)count + 1) * sizeof *list;
    if (room < needed) {
        *size = needed;
        return fail(WSAENOBUFS);
    }
    list[count] = list[0];
    name_wide(&list[count]);
    return count + 1;
}

HOOK int WSAAPI hook_WSAEnumProtocolsA(int *protocols, WSAPROTOCOL_INFOA *list, DWORD *size)
{
    DWORD room = size ? *size : 0;
    int count = WSAEnumProtocolsA(protocols, list, size);
    if (protocols || !size)
        return count;
    if (count == SOCKET_ERROR) {
        if (WSAGetLastError() == WSAENOBUFS)
            *size += sizeof *list;
        return count;
    }
    DWORD needed = (DWORD)((unsigned)count + 1) * sizeof *list;
    if (room < needed) {
        *size = needed;
        return fail(WSAENOBUFS);
    }
    list[count] = list[0];
    name_narrow(&list[count]);
    return count + 1;
}

/* Making, naming and connecting sockets, and asking them for their names. */
#include "graft.h"

/* A socket of another family may have got the number of one that was closed unseen. */
static SOCKET made(SOCKET socket, const struct unix_socket *like)
{
    BOOL at_once = TRUE;
    if (socket == INVALID_SOCKET)
        return socket;
    if (!like) {
        unix_forget(socket);
        return socket;
    }
    if (!unix_add(socket, like)) {
        closesocket(socket);
        fail(WSAENOBUFS);
        return INVALID_SOCKET;
    }
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, (const char *)&at_once, sizeof at_once);
    return socket;
}

static SOCKET make(int type, int protocol, GROUP group, DWORD flags)
{
    static const struct unix_socket nameless;
    if (type && type != SOCK_STREAM)
        fail(WSAESOCKTNOSUPPORT);
    else if (protocol)
        fail(WSAEPROTONOSUPPORT);
    else
        return made(WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, group, flags), &nameless);
    return INVALID_SOCKET;
}

HOOK SOCKET WSAAPI hook_socket(int family, int type, int protocol)
{
    if (family == AF_UNIX)
        return make(type, protocol, 0, WSA_FLAG_OVERLAPPED);
    return made(socket(family, type, protocol), NULL);
}

/* What another program has been told of a socket (WSADuplicateSocket) names the family. */
HOOK SOCKET WSAAPI hook_WSASocketW(int family, int type, int protocol, WSAPROTOCOL_INFOW *info, GROUP group, DWORD flags)
{
    static const struct unix_socket nameless;
    if (info && info->iAddressFamily == AF_UNIX && info->dwServiceFlags3)
        return made(WSASocketW(family, type, protocol, info, group, flags), &nameless);
    if ((info && family == FROM_PROTOCOL_INFO ? info->iAddressFamily : family) == AF_UNIX)
        return make(type == FROM_PROTOCOL_INFO ? 0 : type, protocol == FROM_PROTOCOL_INFO ? 0 : protocol, group, flags);
    return made(WSASocketW(family, type, protocol, info, group, flags), NULL);
}

HOOK SOCKET WSAAPI hook_WSASocketA(int family, int type, int protocol, WSAPROTOCOL_INFOA *info, GROUP group, DWORD flags)
{
    static const struct unix_socket nameless;
    if (info && info->iAddressFamily == AF_UNIX && info->dwServiceFlags3)
        return made(WSASocketA(family, type, protocol, info, group, flags), &nameless);
    if ((info && family == FROM_PROTOCOL_INFO ? info->iAddressFamily : family) == AF_UNIX)
        return make(type == FROM_PROTOCOL_INFO ? 0 : type, protocol == FROM_PROTOCOL_INFO ? 0 : protocol, group, flags);
    return made(WSASocketA(family, type, protocol, info, group, flags), NULL);
}

HOOK int WSAAPI hook_closesocket(SOCKET socket)
{
    unix_forget(socket);
    return closesocket(socket);
}

static int bind_inner(struct unix_socket *own)
{
    struct sockaddr_in address = loopback(0);
    int length = sizeof address;
    if (own->inner_bound)
        return 0;
    if (bind(own->socket, (struct sockaddr *)&address, length) ||
        getsockname(own->socket, (struct sockaddr *)&address, &length))
        return SOCKET_ERROR;
    own->inner_bound = true;
    own->port = address.sin_port;
    unix_update(own);
    return 0;
}

HOOK int WSAAPI hook_bind(SOCKET socket, const struct sockaddr *address, int length)
{
    struct unix_socket own;
    if (!unix_find(socket, &own))
        return is_unix(address, length) ? fail(WSAEINVAL) : bind(socket, address, length);
    if (!address || length < (int)sizeof address->sa_family)
        return fail(WSAEFAULT);
    char path[UNIX_PATH];
    int error = is_unix(address, length) ? address_read(address, length, path) : WSAEAFNOSUPPORT;
    if (error || own.path[0])
        return fail(error ? error : WSAEINVAL);
    if (bind_inner(&own))
        return SOCKET_ERROR;
    if (path[0] && (error = path_make(path, own.port)))
        return fail(error);
    for (int i = 0; i < UNIX_PATH; i++)
        own.path[i] = path[i];
    unix_update(&own);
    return 0;
}

/* Where to connect the socket beneath; an error of Winsock's, or 0. */
static int resolve(struct unix_socket *own, const struct sockaddr *address, int length, struct sockaddr_in *to)
{
    USHORT port;
    int error = is_unix(address, length) ? address_read(address, length, own->peer) : WSAEAFNOSUPPORT;
    if (!error && !own->peer[0])
        error = WSAEINVAL;
    if (!error)
        error = path_find(own->peer, &port);
    if (error)
        return error;
    *to = loopback(port);
    unix_update(own);
    return 0;
}

HOOK int WSAAPI hook_connect(SOCKET socket, const struct sockaddr *address, int length)
{
    struct unix_socket own;
    struct sockaddr_in to;
    if (!unix_find(socket, &own))
        return connect(socket, address, length);
    int error = resolve(&own, address, length, &to);
    return error ? fail(error) : connect(socket, (struct sockaddr *)&to, sizeof to);
}

HOOK int WSAAPI hook_WSAConnect(SOCKET socket, const struct sockaddr *address, int length, WSABUF *in, WSABUF *out,
                                QOS *quality, QOS *group_quality)
{
    struct unix_socket own;
    struct sockaddr_in to;
    if (!unix_find(socket, &own))
        return WSAConnect(socket, address, length, in, out, quality, group_quality);
    int error = resolve(&own, address, length, &to);
    return error ? fail(error) : WSAConnect(socket, (struct sockaddr *)&to, sizeof to, in, out, quality, group_quality);
}

static LPFN_CONNECTEX wines_connect_ex;

static BOOL WINAPI connect_ex(SOCKET socket, const struct sockaddr *address, int length, void *data, DWORD size,
                              DWORD *sent, OVERLAPPED *overlapped)
{
    struct unix_socket own;
    struct sockaddr_in to;
    if (!unix_find(socket, &own))
        return wines_connect_ex(socket, address, length, data, size, sent, overlapped);
    int error = resolve(&own, address, length, &to);
    if (error)
        return fail(error), FALSE;
    if (bind_inner(&own))
        return FALSE;
    return wines_connect_ex(socket, (struct sockaddr *)&to, sizeof to, data, size, sent, overlapped);
}

LPFN_CONNECTEX replace_connect_ex(LPFN_CONNECTEX wines)
{
    wines_connect_ex = wines;
    return connect_ex;
}

HOOK int WSAAPI hook_getsockname(SOCKET socket, struct sockaddr *address, int *length)
{
    struct unix_socket own;
    if (!unix_find(socket, &own))
        return getsockname(socket, address, length);
    return address && length && address_write(own.path, address, length) ? 0 : fail(WSAEFAULT);
}

HOOK int WSAAPI hook_getpeername(SOCKET socket, struct sockaddr *address, int *length)
{
    struct unix_socket own;
    struct sockaddr_in inner;
    int inner_length = sizeof inner;
    if (!unix_find(socket, &own))
        return getpeername(socket, address, length);
    if (getpeername(socket, (struct sockaddr *)&inner, &inner_length))
        return SOCKET_ERROR;
    return address && length && address_write(own.peer, address, length) ? 0 : fail(WSAEFAULT);
}

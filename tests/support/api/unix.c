/* Sockets of the family AF_UNIX. Expected: Microsoft, "AF_UNIX comes to Windows"; the pages of each function. */
#define WIN32_LEAN_AND_MEAN
#include "api.h"
#include <winsock2.h>
#include <mswsock.h>

struct address {
    USHORT family;
    char path[108];
};

enum { BIG = 1 << 20 };

static struct address named(const char *path)
{
    struct address address = {.family = AF_UNIX};
    strncpy(address.path, path, sizeof address.path - 1);
    return address;
}

static int bind_to(SOCKET s, const char *path)
{
    struct address address = named(path);
    return bind(s, (struct sockaddr *)&address, sizeof address);
}

static int connect_to(SOCKET s, const char *path)
{
    struct address address = named(path);
    return connect(s, (struct sockaddr *)&address, sizeof address);
}

#define ANSWERS(what, error) CHECK((what) == SOCKET_ERROR && WSAGetLastError() == (error))

/* Another program: sends what it gets back, until its peer ends. */
int unix_child(const char *path)
{
    static char data[65536];
    WSADATA started;
    int got;
    WSAStartup(0x202, &started);
    SOCKET s = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect_to(s, path))
        return 100;
    while ((got = recv(s, data, sizeof data, 0)) > 0)
        for (int sent = 0, n; sent < got; sent += n)
            if ((n = send(s, data + sent, got - sent, 0)) <= 0)
                return 101;
    closesocket(s);
    return got ? 102 : 7;
}

static DWORD WINAPI run_child(void *path)
{
    char command[300];
    snprintf(command, sizeof command, "unix-child %s", (const char *)path);
    return run_self(command);
}

static DWORD WINAPI send_all(void *socket)
{
    SOCKET s = (SOCKET)socket;
    static char data[BIG];
    for (int i = 0; i < BIG; i++)
        data[i] = (char)(i * 7 + i / 251);
    for (int sent = 0, n; sent < BIG; sent += n)
        if ((n = send(s, data + sent, BIG - sent, 0)) <= 0)
            return 1;
    return (DWORD)shutdown(s, SD_SEND);
}

static void to_another_program(void)
{
    static char path[] = "C:\\api\\\xc3\xa9.sock", data[65536];
    struct address own;
    int length = sizeof own, at = 0, got, right = 1;
    DWORD code = 0;
    SOCKET listener = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(listener != INVALID_SOCKET);
    CHECK(!bind_to(listener, path));
    CHECK(GetFileAttributesW(L"C:\\api\\\x00e9.sock") != INVALID_FILE_ATTRIBUTES);
    CHECK(!listen(listener, 5));
    CHECK(!getsockname(listener, (struct sockaddr *)&own, &length));
    CHECK(own.family == AF_UNIX && !strcmp(own.path, path) && length == 2 + (int)strlen(path) + 1);
    HANDLE child = CreateThread(NULL, 0, run_child, path, 0, NULL);
    length = sizeof own;
    SOCKET peer = accept(listener, (struct sockaddr *)&own, &length);
    CHECK(peer != INVALID_SOCKET && own.family == AF_UNIX && !own.path[0]);
    length = sizeof own;
    CHECK(!getsockname(peer, (struct sockaddr *)&own, &length) && !strcmp(own.path, path));
    HANDLE sender = CreateThread(NULL, 0, send_all, (void *)peer, 0, NULL);
    for (; (got = recv(peer, data, sizeof data, 0)) > 0; at += got)
        for (int i = 0; i < got; i++)
            right &= data[i] == (char)((at + i) * 7 + (at + i) / 251);
    CHECK(!got && at == BIG && right);
    closesocket(peer);
    closesocket(listener);
    WaitForSingleObject(sender, INFINITE);
    WaitForSingleObject(child, INFINITE);
    GetExitCodeThread(child, &code);
    CHECK(code == 7);
    SOCKET late = socket(AF_UNIX, SOCK_STREAM, 0);
    ANSWERS(connect_to(late, path), WSAECONNREFUSED);
    closesocket(late);
    CHECK(DeleteFileW(L"C:\\api\\\x00e9.sock"));
}

static void refusals(void)
{
    char longer[300];
    memset(longer, 'x', sizeof longer);
    put(L"C:\\api\\plain", "text");
    SOCKET s = socket(AF_UNIX, SOCK_STREAM, 0);
    ANSWERS(connect_to(s, "C:\\api\\plain"), WSAEINVAL);
    ANSWERS(bind_to(s, "C:\\api\\plain"), WSAEADDRINUSE);
    ANSWERS(bind(s, (struct sockaddr *)longer, 20), WSAEAFNOSUPPORT);
    *(USHORT *)longer = AF_UNIX;
    ANSWERS(bind(s, (struct sockaddr *)longer, 110), WSAEINVAL);
    CHECK(connect_to(s, "C:\\api\\nothing") == SOCKET_ERROR);
    closesocket(s);
    ANSWERS((int)socket(AF_UNIX, SOCK_DGRAM, 0), WSAESOCKTNOSUPPORT);
}

/* As Go and .NET do it: completion of AcceptEx, addresses out of its buffer, the family out of what describes it. */
static void completions(void)
{
    enum { ROOM = sizeof(struct address) + 32 };
    static const GUID ids[] = {WSAID_ACCEPTEX, WSAID_GETACCEPTEXSOCKADDRS};
    void *functions[2];
    char buffer[2 * ROOM];
    struct sockaddr *local, *remote;
    int local_length, remote_length, length = sizeof(WSAPROTOCOL_INFOW), found = 0;
    DWORD got, size = 0, flags;
    WSAPROTOCOL_INFOW info;
    OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    SOCKET listener = WSASocketW(AF_UNIX, SOCK_STREAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED);
    SOCKET taken = WSASocketW(AF_UNIX, SOCK_STREAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED);
    SOCKET client = WSASocketW(AF_UNIX, SOCK_STREAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED);
    CHECK(SetCurrentDirectoryW(L"C:\\api"));
    CHECK(!bind_to(listener, "rel.sock") && !listen(listener, SOMAXCONN));
    for (int i = 0; i < 2; i++)
        CHECK(!WSAIoctl(listener, SIO_GET_EXTENSION_FUNCTION_POINTER, (void *)&ids[i], sizeof(GUID), &functions[i],
                        sizeof(void *), &got, NULL, NULL));
    LPFN_ACCEPTEX accept_ex = (LPFN_ACCEPTEX)functions[0];
    LPFN_GETACCEPTEXSOCKADDRS addresses = (LPFN_GETACCEPTEXSOCKADDRS)functions[1];
    CHECK(accept_ex(listener, taken, buffer, 0, ROOM, ROOM, &got, &overlapped) || WSAGetLastError() == WSA_IO_PENDING);
    CHECK(!connect_to(client, "rel.sock"));
    CHECK(WSAGetOverlappedResult(listener, &overlapped, &got, TRUE, &flags));
    CHECK(!setsockopt(taken, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, (const char *)&listener, sizeof listener));
    addresses(buffer, 0, ROOM, ROOM, &local, &local_length, &remote, &remote_length);
    CHECK(local->sa_family == AF_UNIX && !strcmp(local->sa_data, "rel.sock"));
    CHECK(remote->sa_family == AF_UNIX && !remote->sa_data[0]);
    CHECK(send(client, "ping", 4, 0) == 4 && recv(taken, buffer, sizeof buffer, 0) == 4);
    CHECK(!getsockopt(taken, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&info, &length) && info.iAddressFamily == AF_UNIX);
    CHECK(WSAEnumProtocolsW(NULL, NULL, &size) == SOCKET_ERROR && WSAGetLastError() == WSAENOBUFS);
    WSAPROTOCOL_INFOW *all = malloc(size);
    int count = WSAEnumProtocolsW(NULL, all, &size);
    for (int i = 0; i < count; i++)
        found |= all[i].iAddressFamily == AF_UNIX;
    CHECK(found);
    free(all);
    closesocket(listener);
    closesocket(taken);
    closesocket(client);
    CloseHandle(overlapped.hEvent);
    CHECK(DeleteFileW(L"rel.sock"));
    SOCKET other = socket(AF_INET, SOCK_STREAM, 0);
    length = sizeof info;
    CHECK(!getsockopt(other, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&info, &length) && info.iAddressFamily == AF_INET);
    closesocket(other);
}

void unix_sockets(void)
{
    WSADATA started;
    CHECK(!WSAStartup(0x202, &started));
    to_another_program();
    refusals();
    completions();
}

/* Addresses as programs write them. */
#include "graft.h"

bool is_unix(const struct sockaddr *address, int length)
{
    return address && length >= (int)sizeof address->sa_family && address->sa_family == AF_UNIX;
}

/* Returns 0 or Winsock's error. A path may end with the address, or with a zero before it. */
int address_read(const struct sockaddr *address, int length, char path[UNIX_PATH])
{
    const char *from = ((const struct unix_address *)address)->path;
    int count = 0, most = length - (int)offsetof(struct unix_address, path);
    while (count < most && count < UNIX_PATH && from[count])
        count++;
    if (count == UNIX_PATH || (most > 1 && !from[0] && from[1]))
        return WSAEINVAL; /* too long, or one of Linux's names that are no path */
    for (int i = 0; i < count; i++)
        path[i] = from[i];
    path[count] = 0;
    return 0;
}

/* What does not fit is filled with zeros, for there are programs that look at the path and not at the length. */
bool address_write(const char *path, struct sockaddr *address, int *length)
{
    int needed = (int)offsetof(struct unix_address, path), room = *length;
    char *to = ((struct unix_address *)address)->path;
    for (int i = 0; path[i]; i++)
        needed++;
    needed += needed > (int)offsetof(struct unix_address, path);
    if (room < needed)
        return false;
    address->sa_family = AF_UNIX;
    room -= (int)offsetof(struct unix_address, path);
    for (int i = 0, ended = 0; i < room && i < UNIX_PATH; i++) {
        ended |= !path[i];
        to[i] = ended ? 0 : path[i];
    }
    *length = needed;
    return true;
}

struct sockaddr_in loopback(USHORT port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = port};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/* Linux system calls for sockets, beside those of linux.h, for the files of the first process that speak by one. */
#ifndef TRANSOM_CHANNEL_H
#define TRANSOM_CHANNEL_H

#include "linux.h"

enum {
    LINUX_POLL = 7,
    LINUX_SOCKET = 41,
    LINUX_SHUTDOWN = 48,
    LINUX_BIND = 49,
    LINUX_LISTEN = 50,
    LINUX_FCNTL = 72,
    LINUX_ACCEPT4 = 288,
    LINUX_AF_UNIX = 1,
    LINUX_SOCK_SEQPACKET = 5,
    LINUX_SHUT_RDWR = 2,
    LINUX_POLLIN = 1,
    LINUX_F_DUPFD_CLOEXEC = 1030,
    LINUX_BACKLOG = 128,
};

/* A socket that listens at path, for packets whose ends are kept; negative if there is none. */
static inline int linux_listen(const char *path)
{
    struct {
        unsigned short family;
        char path[108];
    } address = {.family = LINUX_AF_UNIX};
    for (unsigned i = 0; path[i] && i < sizeof address.path - 1; i++)
        address.path[i] = path[i];
    int fd = (int)linux_call(LINUX_SOCKET, LINUX_AF_UNIX, LINUX_SOCK_SEQPACKET | LINUX_O_CLOEXEC, 0);
    if (fd >= 0 && !linux_call(LINUX_BIND, fd, (intptr_t)&address, sizeof address) &&
        !linux_call(LINUX_LISTEN, fd, LINUX_BACKLOG, 0))
        return fd;
    if (fd >= 0)
        linux_close(fd);
    return -1;
}

static inline int linux_accept(int listening)
{
    register long long flags __asm__("r10") = LINUX_O_CLOEXEC;
    long long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(LINUX_ACCEPT4), "D"(listening), "S"(0), "d"(0), "r"(flags)
                     : "rcx", "r11", "memory");
    return (int)result;
}

/* Nobody sends or receives any more, by whatever descriptor. */
static inline void linux_shutdown(int fd)
{
    linux_call(LINUX_SHUTDOWN, fd, LINUX_SHUT_RDWR, 0);
}

/* A second descriptor for what fd is. */
static inline int linux_copy(int fd)
{
    return (int)linux_call(LINUX_FCNTL, fd, LINUX_F_DUPFD_CLOEXEC, 3);
}

/* Wait until one of two descriptors can be read, negative ones never; return which. */
static inline unsigned linux_wait_readable(int one, int other)
{
    struct {
        int fd;
        short events, found;
    } each[2] = {{one, LINUX_POLLIN, 0}, {other, LINUX_POLLIN, 0}};
    while (linux_call(LINUX_POLL, (intptr_t)each, 2, -1) < 0)
        ;
    return each[0].found ? 0 : 1;
}

#endif

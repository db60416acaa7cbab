/*
 * Linux system calls from Windows code.
 *
 * A Windows process under Wine is a Linux process, and its `syscall` instruction reaches Linux's kernel: so the first
 * process reads its request, moves the program's bytes and reports the exit code on the Linux side itself, which
 * costs no round trip through wineserver. Calls that may block are made from threads that hold no lock.
 *
 * Source: Linux, arch/x86/entry/syscalls/syscall_64.tbl (numbers are ABI).
 */
#ifndef TRANSOM_LINUX_H
#define TRANSOM_LINUX_H

#include <stddef.h>
#include <stdint.h>

enum {
    LINUX_READ = 0,
    LINUX_WRITE = 1,
    LINUX_OPEN = 2,
    LINUX_CLOSE = 3,
    LINUX_IOCTL = 16,
    LINUX_DUP2 = 33,
    LINUX_RENAME = 82,
    LINUX_EXIT_GROUP = 231,
    LINUX_O_RDONLY = 0,
    LINUX_O_WRONLY = 1,
    LINUX_O_RDWR = 2,
    LINUX_O_CREAT = 0100,
    LINUX_O_NOCTTY = 0400,
    LINUX_O_TRUNC = 01000,
    LINUX_O_NONBLOCK = 04000,
    LINUX_O_CLOEXEC = 02000000,
    LINUX_EINTR = 4,
    LINUX_TIOCGWINSZ = 0x5413,
};

/* `long` has 32 bits on Windows. */
static inline long long linux_call(long long number, long long a, long long b, long long c)
{
    long long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

static inline int linux_open(const char *path, int flags)
{
    return (int)linux_call(LINUX_OPEN, (intptr_t)path, flags | LINUX_O_CLOEXEC, 0644);
}

static inline void linux_close(int fd)
{
    linux_call(LINUX_CLOSE, fd, 0, 0);
}

/*
 * Give up one of the descriptors 0 to 2, which stays taken: Wine puts a new program's streams on these numbers after it
 * has made what the program starts with, which must not have got one of them.
 */
static inline void linux_give_up(int fd)
{
    int none = linux_open("/dev/null", LINUX_O_RDWR);
    if (none < 0)
        return;
    linux_call(LINUX_DUP2, none, fd, 0);
    if (none != fd)
        linux_close(none);
}

/* Wine's signals (suspend, kill) may interrupt a call at any time. */
static inline long long linux_read(int fd, void *buffer, size_t size)
{
    long long got;
    do
        got = linux_call(LINUX_READ, fd, (intptr_t)buffer, (long long)size);
    while (got == -LINUX_EINTR);
    return got;
}

static inline int linux_write_all(int fd, const char *data, size_t size)
{
    while (size) {
        long long done = linux_call(LINUX_WRITE, fd, (intptr_t)data, (long long)size);
        if (done == -LINUX_EINTR)
            continue;
        if (done < 0)
            return 0;
        data += done;
        size -= (size_t)done;
    }
    return 1;
}

static inline void linux_rename(const char *from, const char *to)
{
    linux_call(LINUX_RENAME, (intptr_t)from, (intptr_t)to, 0);
}

/* End the process as it is, without Wine's two milliseconds of farewell. */
static inline void linux_exit(unsigned code)
{
    linux_call(LINUX_EXIT_GROUP, code && !(code & 0xff) ? 1 : code & 0xff, 0, 0);
}

#endif

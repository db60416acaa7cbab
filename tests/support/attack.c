/*
 * What a hostile program in a Windows container tries. One attempt a run; what it reaches is printed, a line each.
 *
 *   drives           every drive but C: that opens, by each spelling of its root
 *   linux FILE       a file of the Linux side, read by a raw system call of Linux
 *   calls            Linux' system calls that would lead out; prints those that do not fail
 *   suid FILE        makes a file that runs as its owner, by a raw system call
 *   list DIRECTORY   what is in a directory of the Linux side
 *   scan             processes, sockets and devices on the Linux side
 *   fork             starts itself until it cannot, prints how often, and waits
 *   eat              takes memory without end
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include "../../windows/linux.h"

static long long call6(long long number, long long a, long long b, long long c, long long d, long long e)
{
    long long result;
    register long long r10 __asm__("r10") = d;
    register long long r8 __asm__("r8") = e;
    register long long r9 __asm__("r9") = 0;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static void drives(void)
{
    static const char *const forms[] = {"%c:\\", "\\\\?\\%c:\\", "\\\\.\\%c:", "\\\\?\\GLOBALROOT\\??\\%c:\\"};
    printf("mask %lx\n", GetLogicalDrives());
    for (char letter = 'A'; letter <= 'Z'; letter++)
        for (unsigned each = 0; letter != 'C' && each < sizeof forms / sizeof *forms; each++) {
            char path[64];
            sprintf(path, forms[each], letter);
            HANDLE file = CreateFileA(path, GENERIC_READ, 7, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
            if (file != INVALID_HANDLE_VALUE)
                printf("open %s\n", path);
        }
}

static int linux_file(const char *path)
{
    static char data[65536];
    int fd = linux_open(path, LINUX_O_RDONLY | LINUX_O_NONBLOCK);
    if (fd < 0)
        return -fd;
    for (long long got; (got = linux_read(fd, data, sizeof data)) > 0;)
        for (long long at = 0; at < got; at++)
            putchar(data[at] ? data[at] : '\n');
    return 0;
}

struct attempt {
    const char *name;
    long long number, a, b, c, d, e;
};

static void calls(void)
{
    static char space[512];
    static const char root[] = "/", tmp[] = "/run/user", proc[] = "proc", node[] = "/run/user/node", hosts[] = "/etc/hosts";
    static const char net[] = "/proc/1/ns/net";
    int fd = linux_open(net, LINUX_O_RDONLY);
#define P(x) (intptr_t)(x)
    const struct attempt attempts[] = {
        {"mount", 165, P(proc), P(tmp), P(proc), 0, 0},
        {"bind mount", 165, P(root), P(tmp), 0, 4096, 0},
        {"remount", 165, 0, P(root), 0, 32 | 4096, 0},
        {"umount", 166, P(hosts), 2, 0, 0, 0},
        {"fsopen", 430, P("tmpfs"), 0, 0, 0, 0},
        {"open_tree", 428, -100, P(root), 1, 0, 0},
        {"unshare user", 272, 0x10000000, 0, 0, 0, 0},
        {"unshare mount", 272, 0x20000, 0, 0, 0, 0},
        {"unshare network", 272, 0x40000000, 0, 0, 0, 0},
        {"setns", 308, fd, 0x40000000, 0, 0, 0},
        {"chroot", 161, P(tmp), 0, 0, 0, 0},
        {"pivot_root", 155, P(tmp), P(tmp), 0, 0, 0},
        {"setuid", 105, 1, 0, 0, 0, 0},
        {"setgid", 106, 1, 0, 0, 0, 0},
        {"setgroups", 116, 0, 0, 0, 0, 0},
        {"raw socket", 41, 2, 3, 1, 0, 0},
        {"packet socket", 41, 17, 3, 0x0300, 0, 0},
        {"vsock", 41, 40, 1, 0, 0, 0},
        {"mknod", 133, P(node), 060600, 0xfe00, 0, 0},
        {"chown", 92, P(hosts), 5, 5, 0, 0},
        {"write to the root", 83, P("/evil"), 0755, 0, 0, 0},
        {"bpf", 321, 0, P(space), 48, 0, 0},
        {"perf_event_open", 298, P(space), 0, -1, -1, 0},
        {"userfaultfd", 323, 0, 0, 0, 0, 0},
        {"io_uring_setup", 425, 8, P(space), 0, 0, 0},
        {"keyctl", 250, 0, -3, 1, 0, 0},
        {"add_key", 248, P("user"), P("k"), P("v"), 1, -3},
        {"open_by_handle_at", 304, -100, P(space), 0, 0, 0},
        {"init_module", 175, P(space), 64, P(""), 0, 0},
        {"kexec_load", 246, 0, 0, 0, 0, 0},
        {"reboot", 169, 0xfee1dead, 672274793, 0x01234567, 0, 0},
        {"sethostname", 170, P("evil"), 4, 0, 0, 0},
        {"settimeofday", 164, P(space), 0, 0, 0, 0},
        {"swapon", 167, P(node), 0, 0, 0, 0},
        {"syslog", 103, 3, P(space), 64, 0, 0},
        {"iopl", 172, 3, 0, 0, 0, 0},
        {"quotactl", 179, 0x80000700, 0, 0, 0, 0},
    };
    for (unsigned each = 0; each < sizeof attempts / sizeof *attempts; each++) {
        const struct attempt *t = &attempts[each];
        if (call6(t->number, t->a, t->b, t->c, t->d, t->e) >= 0)
            printf("%s\n", t->name);
    }
}

static int suid(const char *path)
{
    enum { CREAT = 0102, MODE = 04755, CHMOD = 90, FCHMOD = 91, FCHMODAT = 268, OPENAT = 257, OPEN = 2, CREAT_CALL = 85 };
    int fd = (int)call6(OPEN, (intptr_t)path, CREAT, 0755, 0, 0);
    if (fd < 0)
        return -fd;
    char other[256];
    snprintf(other, sizeof other, "%s-2", path);
    if (call6(CHMOD, (intptr_t)path, MODE, 0, 0, 0) >= 0)
        puts("chmod");
    if (call6(FCHMOD, fd, MODE, 0, 0, 0) >= 0)
        puts("fchmod");
    if (call6(FCHMODAT, -100, (intptr_t)path, MODE, 0, 0) >= 0)
        puts("fchmodat");
    if (call6(OPENAT, -100, (intptr_t)other, CREAT, 02755, 0) >= 0)
        puts("openat");
    return 0;
}

static void list(const char *path)
{
    struct {
        uint64_t inode, offset;
        unsigned short length;
        unsigned char type;
        char name[];
    } *entry;
    static char data[65536];
    int fd = linux_open(path, LINUX_O_RDONLY);
    for (long long got; fd >= 0 && (got = call6(217, fd, (intptr_t)data, sizeof data, 0, 0)) > 0;)
        for (long long at = 0; at < got; at += entry->length) {
            entry = (void *)(data + at);
            if (entry->name[0] != '.')
                printf("%s/%s\n", path, entry->name);
        }
}

static void scan(void)
{
    static const char *const places[] = {"", "/run", "/dev", "/sys", "/sys/devices", "/var", "/tmp", "/drives", "/etc"};
    for (unsigned each = 0; each < sizeof places / sizeof *places; each++)
        list(places[each][0] ? places[each] : "/.");
    static const char *const secrets[] = {"/run/transom/transom.sock", "/run/transom.sock", "/run/docker.sock",
                                          "/var/run/docker.sock", "/var/lib/transom", "/root", "/home", "/dev/vda",
                                          "/dev/mem", "/dev/kmsg", "/proc/kcore", "/proc/sysrq-trigger"};
    for (unsigned each = 0; each < sizeof secrets / sizeof *secrets; each++) {
        int fd = linux_open(secrets[each], LINUX_O_RDONLY | LINUX_O_NONBLOCK);
        char byte;
        if (fd >= 0 && linux_read(fd, &byte, 1) == 1)
            printf("open %s\n", secrets[each]);
    }
    int fd = linux_open("/proc/sysrq-trigger", LINUX_O_WRONLY);
    if (fd >= 0)
        puts("open /proc/sysrq-trigger to write");
}

static void bomb(void)
{
    wchar_t self[MAX_PATH];
    unsigned started = 0;
    GetModuleFileNameW(NULL, self, MAX_PATH);
    for (;; started++) {
        STARTUPINFOW startup = {.cb = sizeof startup};
        PROCESS_INFORMATION process;
        wchar_t line[] = L"attack sleep";
        if (!CreateProcessW(self, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process))
            break;
    }
    printf("started %u\n", started);
    fflush(stdout);
    Sleep(INFINITE);
}

static void eat(void)
{
    for (;;) {
        char *some = VirtualAlloc(NULL, 8 << 20, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
        if (!some)
            continue;
        memset(some, 1, 8 << 20);
    }
}

int wmain(int count, wchar_t **wide)
{
    char arguments[3][512] = {"", "", ""};
    for (int each = 0; each < count && each < 3; each++)
        WideCharToMultiByte(CP_UTF8, 0, wide[each], -1, arguments[each], sizeof arguments[each], NULL, NULL);
    const char *command = arguments[1];
    if (!strcmp(command, "drives"))
        drives();
    else if (!strcmp(command, "linux") && count == 3)
        return linux_file(arguments[2]);
    else if (!strcmp(command, "calls"))
        calls();
    else if (!strcmp(command, "suid") && count == 3)
        return suid(arguments[2]);
    else if (!strcmp(command, "scan"))
        scan();
    else if (!strcmp(command, "list") && count == 3)
        list(arguments[2]);
    else if (!strcmp(command, "fork"))
        bomb();
    else if (!strcmp(command, "sleep"))
        Sleep(INFINITE);
    else if (!strcmp(command, "eat"))
        eat();
    else
        return 64;
    return 0;
}

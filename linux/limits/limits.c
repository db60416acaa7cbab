/*
 * What the C library tells Wine of memory and processors, in a container that has limits: the container's, not the
 * machine's. It is loaded before the C library, and only where the container has a limit.
 *
 * The limits are in CONTROL/machine, written by the engine, one `name=number` a line. What programs have taken is their
 * own memory, as Linux counts it for each process without what it shares: page cache, which the control group's figure
 * holds too, can be had back.
 *
 * Source: Wine 10.0, dlls/ntdll/unix (sysinfo for the size of memory, /proc/meminfo for what is free, sysconf and
 * /sys/devices/system/cpu/online for processors); man pages sysinfo(2), proc(5).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define LIMITS "/run/transom/machine"
#define PAGE 4096ULL

struct limits {
    unsigned long long memory, swap, processors;
};

typedef FILE *opener(const char *, const char *);

static FILE *open_real(const char *path, const char *mode)
{
    static opener *real;
    if (!real)
        real = (opener *)dlsym(RTLD_NEXT, "fopen");
    return real(path, mode);
}

static struct limits read_limits(void)
{
    struct limits limits = {0};
    char line[128];
    FILE *file = open_real(LIMITS, "re");
    if (!file)
        return limits;
    while (fgets(line, sizeof line, file)) {
        char *value = strchr(line, '=');
        if (!value)
            continue;
        *value++ = 0;
        if (!strcmp(line, "memory"))
            limits.memory = strtoull(value, NULL, 10);
        else if (!strcmp(line, "swap"))
            limits.swap = strtoull(value, NULL, 10);
        else if (!strcmp(line, "processors"))
            limits.processors = strtoull(value, NULL, 10);
    }
    fclose(file);
    return limits;
}

static unsigned long long taken(void)
{
    unsigned long long pages = 0;
    DIR *proc = opendir("/proc");
    if (!proc)
        return 0;
    for (struct dirent *each; (each = readdir(proc));) {
        char path[64], line[128];
        if (each->d_name[0] < '0' || each->d_name[0] > '9')
            continue;
        snprintf(path, sizeof path, "/proc/%.16s/statm", each->d_name);
        FILE *file = open_real(path, "re");
        if (!file)
            continue;
        if (fgets(line, sizeof line, file)) {
            char *end = line;
            strtoull(end, &end, 10); /* size */
            unsigned long long resident = strtoull(end, &end, 10), shared = strtoull(end, &end, 10);
            pages += resident > shared ? resident - shared : 0;
        }
        fclose(file);
    }
    closedir(proc);
    return pages * PAGE;
}

int sysinfo(struct sysinfo *info)
{
    long result = syscall(SYS_sysinfo, info);
    struct limits limits = read_limits();
    if (result == 0 && limits.memory && info->mem_unit && limits.memory / info->mem_unit < info->totalram)
        info->totalram = limits.memory / info->mem_unit;
    return (int)result;
}

static FILE *memory_text(const struct limits *limits)
{
    unsigned long long used = taken(), available = used < limits->memory ? limits->memory - used : 0;
    FILE *file = fmemopen(NULL, 512, "w+");
    if (!file)
        return NULL;
    fprintf(file, "MemTotal: %llu kB\nMemFree: %llu kB\nMemAvailable: %llu kB\n", limits->memory >> 10, available >> 10,
            available >> 10);
    fprintf(file, "SwapTotal: %llu kB\nSwapFree: %llu kB\n", limits->swap >> 10, limits->swap >> 10);
    rewind(file);
    return file;
}

/* The processors that the container may use, as Linux lists those that are online. */
static FILE *processors_text(void)
{
    cpu_set_t set;
    const char *before = "";
    FILE *file = sched_getaffinity(0, sizeof set, &set) ? NULL : fmemopen(NULL, 8192, "w+");
    if (!file)
        return NULL;
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &set)) {
            fprintf(file, "%s%d", before, i);
            before = ",";
        }
    fputs("\n", file);
    rewind(file);
    return file;
}

FILE *fopen(const char *path, const char *mode)
{
    if (!strcmp(path, "/sys/devices/system/cpu/online") && read_limits().processors) {
        FILE *file = processors_text();
        if (file)
            return file;
    }
    if (!strcmp(path, "/proc/meminfo")) {
        struct limits limits = read_limits();
        FILE *file = limits.memory ? memory_text(&limits) : NULL;
        if (file)
            return file;
    }
    return open_real(path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
    return fopen(path, mode);
}

long sysconf(int name)
{
    static long (*real)(int);
    cpu_set_t set;
    if (name == _SC_NPROCESSORS_ONLN && read_limits().processors && !sched_getaffinity(0, sizeof set, &set))
        return CPU_COUNT(&set);
    if (!real)
        real = (long (*)(int))dlsym(RTLD_NEXT, "sysconf");
    return real(name);
}

/*
 * Names and files as Linux has them.
 *
 * Drives are where the engine puts them in a container: C: is /c, any other /drives/LETTER.
 */
#include "graft.h"

enum {
    LINUX_READLINK = 89,
    LINUX_OPENAT = 257,
    LINUX_FSTATAT = 262,
    LINUX_AT_SYMLINK_NOFOLLOW = 0x100,
    TYPE = 0170000,
    TYPE_LINK = 0120000,
    TYPE_DIRECTORY = 0040000,
    PATH_OF_DESCRIPTOR_BYTES = 32,
};

/* As linux_call, for calls that take four. */
long long linux_call4(long long number, long long a, long long b, long long c, long long d)
{
    long long result;
    register long long fourth __asm__("r10") = d;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                     : "rcx", "r11", "memory");
    return result;
}

long long linux_at_status(int directory_fd, const char *path, bool follow, struct status *status)
{
    return linux_call4(LINUX_FSTATAT, directory_fd, (intptr_t)path, (intptr_t)status,
                       follow ? 0 : LINUX_AT_SYMLINK_NOFOLLOW);
}

long long linux_at_open(int directory_fd, const char *path, int flags)
{
    return linux_call4(LINUX_OPENAT, directory_fd, (intptr_t)path, flags, 0);
}

bool is_link(const struct status *status)
{
    return (status->mode & TYPE) == TYPE_LINK;
}

bool is_directory(const struct status *status)
{
    return (status->mode & TYPE) == TYPE_DIRECTORY;
}

NTSTATUS status_of_errno(long long result)
{
    switch (-result) {
    case 1: /* EPERM */
    case 13: /* EACCES */
    case 30: /* EROFS */
        return STATUS_ACCESS_DENIED;
    case 2: /* ENOENT */
        return STATUS_OBJECT_NAME_NOT_FOUND;
    case 17: /* EEXIST */
        return STATUS_OBJECT_NAME_COLLISION;
    case 18: /* EXDEV */
        return STATUS_NOT_SAME_DEVICE;
    case 20: /* ENOTDIR */
        return STATUS_OBJECT_PATH_NOT_FOUND;
    case 28: /* ENOSPC */
    case 122: /* EDQUOT */
        return STATUS_DISK_FULL;
    case 39: /* ENOTEMPTY */
        return STATUS_DIRECTORY_NOT_EMPTY;
    default:
        return result < 0 ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS;
    }
}

LONGLONG nt_time(int64_t seconds, int64_t nanoseconds)
{
    return (seconds + 11644473600LL) * 10000000 + nanoseconds / 100;
}

/* A descriptor of our own for file; the caller closes it. */
bool descriptor(HANDLE file, int *fd)
{
    return !wine_server_handle_to_fd(file, 0, fd, NULL);
}

bool path_of_descriptor(int fd, char path[PATH_BYTES])
{
    char name[PATH_OF_DESCRIPTOR_BYTES] = "/proc/self/fd/", *end = name + 14, digits[12], *digit = digits;
    do
        *digit++ = (char)('0' + fd % 10);
    while (fd /= 10);
    while (digit > digits)
        *end++ = *--digit;
    *end = 0;
    long long length = linux_call(LINUX_READLINK, (intptr_t)name, (intptr_t)path, PATH_BYTES - 1);
    if (length <= 0 || path[0] != '/')
        return false;
    path[length] = 0;
    return true;
}

/* UTF-16 to UTF-8 with `/` for `\`, as Wine writes names to disk. */
bool linux_name(const wchar_t *from, size_t count, char *to, size_t size)
{
    char *p = to, *end = to + size - 4;
    for (size_t i = 0; i < count; i++) {
        uint32_t c = from[i];
        if (p >= end || !c)
            return false;
        if (c >= 0xd800 && c < 0xdc00 && i + 1 < count && from[i + 1] >= 0xdc00 && from[i + 1] < 0xe000)
            c = 0x10000 + ((c & 0x3ff) << 10) + (from[++i] & 0x3ff);
        if (c < 0x80) {
            *p++ = c == '\\' ? '/' : (char)c;
        } else if (c < 0x800) {
            *p++ = (char)(0xc0 | c >> 6);
            *p++ = (char)(0x80 | (c & 0x3f));
        } else if (c < 0x10000) {
            *p++ = (char)(0xe0 | c >> 12);
            *p++ = (char)(0x80 | (c >> 6 & 0x3f));
            *p++ = (char)(0x80 | (c & 0x3f));
        } else {
            *p++ = (char)(0xf0 | c >> 18);
            *p++ = (char)(0x80 | (c >> 12 & 0x3f));
            *p++ = (char)(0x80 | (c >> 6 & 0x3f));
            *p++ = (char)(0x80 | (c & 0x3f));
        }
    }
    *p = 0;
    return true;
}

/* UTF-8 to UTF-16 with `\` for `/`; returns the number of characters, without an end. */
size_t windows_name(const char *from, size_t length, wchar_t *to, size_t count)
{
    ULONG bytes = 0;
    if (RtlUTF8ToUnicodeN(to, (ULONG)(count * sizeof *to), &bytes, from, (ULONG)length) > 0x7fffffff)
        return 0;
    for (size_t i = 0; i < bytes / sizeof *to; i++)
        if (to[i] == '/')
            to[i] = '\\';
    return bytes / sizeof *to;
}

static bool drive_path(const wchar_t *name, size_t count, char path[PATH_BYTES])
{
    static const wchar_t prefix[] = L"\\??\\";
    for (size_t i = 0; i < 4; i++)
        if (i >= count || name[i] != prefix[i])
            return false;
    if (count < 7 || name[5] != ':' || name[6] != '\\')
        return false;
    char letter = (char)(name[4] | 0x20);
    static const char other[] = "/drives/?";
    size_t start = letter == 'c' ? 2 : sizeof other - 1;
    for (size_t i = 0; i < start; i++)
        path[i] = letter == 'c' ? "/c"[i] : other[i];
    path[start - 1] = letter;
    return linux_name(name + 6, count - 6, path + start, PATH_BYTES - start);
}

/* A link that is named with a slash at its end would be followed. */
static bool without_slash(char *path)
{
    size_t length = 0;
    while (path[length])
        length++;
    while (length > 1 && path[length - 1] == '/')
        path[--length] = 0;
    return true;
}

/* Where a name leads if it is spelled as it is on disk, which it mostly is; costs no look into a directory. */
bool guess_path(const ATTRIBUTES *attributes, char path[PATH_BYTES])
{
    const UNICODE_STRING *name = attributes ? attributes->ObjectName : NULL;
    if (!name)
        return false;
    if (!attributes->RootDirectory)
        return drive_path(name->Buffer, name->Length / sizeof(wchar_t), path) && without_slash(path);
    int fd;
    if (!name->Length || !descriptor(attributes->RootDirectory, &fd))
        return false;
    bool found = path_of_descriptor(fd, path);
    linux_close(fd);
    size_t length = 0;
    while (found && path[length])
        length++;
    if (!found || length > PATH_BYTES - 8)
        return false;
    path[length++] = '/';
    return linux_name(name->Buffer, name->Length / sizeof(wchar_t), path + length, PATH_BYTES - length) &&
           without_slash(path);
}

/* Wine goes through its directory of drives. */
static void leave_prefix(char *path)
{
    static const char drives[] = "/dosdevices/";
    char *p = path;
    for (size_t same = 0; *p && same < sizeof drives - 1; p++)
        same = *p == drives[same] ? same + 1 : *p == '/';
    if (!*p || p[1] != ':')
        return;
    char letter = *p, *rest = p + 2, *out = path;
    for (const char *q = letter == 'c' ? "/" : "/drives/"; *q; q++)
        *out++ = *q;
    *out++ = letter;
    while ((*out++ = *rest++))
        ;
}

/* Where a name leads in the spelling of the disk; with may_be_new, its last part need not be there. */
bool exact_path(const ATTRIBUTES *attributes, char path[PATH_BYTES], bool may_be_new)
{
    ULONG size = PATH_BYTES;
    NTSTATUS status = wine_nt_to_unix_file_name(attributes, path, &size, may_be_new ? FILE_OPEN_IF : FILE_OPEN);
    if (status && !(may_be_new && status == STATUS_NO_SUCH_FILE))
        return false;
    leave_prefix(path);
    return without_slash(path);
}

/* TEB → PEB → ProcessHeap. */
void *process_heap(void)
{
    char *block;
    __asm__("mov %%gs:0x60, %0" : "=r"(block));
    return *(void **)(block + 0x30);
}

/* TEB, ClientId. */
ULONG process_id(void)
{
    ULONG id;
    __asm__("mov %%gs:0x40, %0" : "=r"(id));
    return id;
}

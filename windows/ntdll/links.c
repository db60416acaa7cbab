/*
 * Symbolic links and junctions: Linux's symbolic links, so that Linux's kernel follows them, the image's layers carry
 * them, and whoever looks from outside sees what they are.
 *
 * A link's text is always relative: it leads to the same place wherever drive C: is mounted. What Windows knows beyond
 * that is said in parts of the text that mean nothing to Linux:
 *   a/b        a symbolic link with a relative target
 *   ././a/b    one with an absolute target
 *   ./././a/b  a junction
 *   …/         at the end: a link to a directory, there or not
 * (The engine reads and writes the same: images/windows_layer.py.)
 *
 * Source: Windows, ntifs.h, REPARSE_DATA_BUFFER; MS-FSCC 2.1.2.
 */
#include "graft.h"

enum {
    LINUX_FSTAT = 5,
    LINUX_MKDIR = 83,
    LINUX_RMDIR = 84,
    LINUX_UNLINK = 87,
    LINUX_SYMLINK = 88,
    LINUX_READLINKAT = 267,
    SYMLINK_RELATIVE = 1,
    PARTS = 256,
};

/* MS-FSCC 2.1.2.4 and 2.1.2.5. */
struct reparse {
    ULONG tag;
    USHORT length, reserved;
    USHORT target_at, target_length, shown_at, shown_length;
    ULONG flags; /* of symbolic links alone */
};
enum { REPARSE_HEADER = 8, SYMLINK_NAMES = 20, JUNCTION_NAMES = 16 };

/* Links were opened by this process as what they are: until then no handle can be one. */
volatile LONG links_seen;

static size_t length_of(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

static bool starts(const char *text, const char *prefix)
{
    while (*prefix)
        if (*text++ != *prefix++)
            return false;
    return true;
}

/* Read the link called path, which may be relative to directory_fd; false: it is none. link->path is left alone. */
bool link_text(int directory_fd, const char *path, struct link *link)
{
    long long length = linux_call4(LINUX_READLINKAT, directory_fd, (intptr_t)path, (intptr_t)link->text, PATH_BYTES - 1);
    if (length <= 0)
        return false;
    link->text[length] = 0;
    size_t marks = starts(link->text, "./././") ? 6 : starts(link->text, "././") ? 4 : 0;
    link->kind = marks == 6 ? LINK_JUNCTION : marks ? LINK_ABSOLUTE : LINK_RELATIVE;
    link->directory = link->text[length - 1] == '/';
    if (!link->directory) {
        struct status target;
        link->directory = !linux_at_status(directory_fd, path, true, &target) && is_directory(&target);
    }
    while (length > (long long)marks + 1 && link->text[length - 1] == '/')
        length--;
    for (long long i = marks; i <= length; i++)
        link->text[i - (long long)marks] = i < length ? link->text[i] : 0;
    return true;
}

/* The link that a name names, itself. */
bool link_at(const ATTRIBUTES *attributes, struct link *link)
{
    struct status status;
    if (!guess_path(attributes, link->path))
        return false;
    if (link_text(LINUX_AT_FDCWD, link->path, link))
        return true;
    if (!linux_at_status(LINUX_AT_FDCWD, link->path, true, &status))
        return false; /* spelled right, and no link */
    return exact_path(attributes, link->path, false) && link_text(LINUX_AT_FDCWD, link->path, link);
}

/* The link that a handle stands for; most handles stand for what links lead to. */
bool link_behind(HANDLE file, struct link *link, struct status *status)
{
    int fd;
    if (!links_seen || !descriptor(file, &fd))
        return false;
    bool found = !linux_call(LINUX_FSTAT, fd, (intptr_t)status, 0) && is_link(status) &&
                 path_of_descriptor(fd, link->path) && link_text(fd, "", link);
    linux_close(fd);
    return found;
}

ULONG link_attributes(const struct link *link)
{
    return FILE_ATTRIBUTE_REPARSE_POINT | (link->directory ? FILE_ATTRIBUTE_DIRECTORY : FILE_ATTRIBUTE_ARCHIVE);
}

ULONG link_tag(const struct link *link)
{
    return link->kind == LINK_JUNCTION ? IO_REPARSE_TAG_MOUNT_POINT : IO_REPARSE_TAG_SYMLINK;
}

/* Take `.` and `..` out of an absolute path, in place. */
static void normalise(char *path)
{
    char *out = path;
    for (const char *p = path; *p;) {
        while (*p == '/')
            p++;
        const char *end = p;
        while (*end && *end != '/')
            end++;
        size_t length = (size_t)(end - p);
        if (length == 2 && p[0] == '.' && p[1] == '.') {
            while (out > path && *--out != '/')
                ;
        } else if (length && !(length == 1 && *p == '.')) {
            *out++ = '/';
            while (p < end)
                *out++ = *p++;
        }
        p = end;
    }
    *out = 0;
}

static size_t directory_length(const char *path)
{
    size_t length = length_of(path);
    while (length && path[length - 1] != '/')
        length--;
    return length ? length - 1 : 0;
}

/* path below directory (its first bytes), normalised; false: too long. */
static bool join(const char *directory, size_t length, const char *path, char out[PATH_BYTES])
{
    if (length + length_of(path) + 2 > PATH_BYTES)
        return false;
    for (size_t i = 0; i < length; i++)
        out[i] = directory[i];
    out[length++] = '/';
    for (size_t i = 0;; i++)
        if (!(out[length + i] = path[i]))
            break;
    normalise(out);
    return true;
}

/* `C:\a` for `/c/a`; returns the number of characters, 0 where no drive is there. */
static size_t drive_name(const char *path, wchar_t *out, size_t count)
{
    size_t root = starts(path, "/c") && (!path[2] || path[2] == '/')                    ? 2
                  : starts(path, "/drives/") && path[8] && (!path[9] || path[9] == '/') ? 9
                                                                                        : 0;
    if (!root || count < 4)
        return 0;
    out[0] = path[root - 1] & ~0x20;
    out[1] = ':';
    out[2] = '\\';
    if (!path[root] || !path[root + 1])
        return 3;
    return 2 + windows_name(path + root, length_of(path + root), out + 2, count - 2);
}

/* A target as programs see it. */
static size_t target_name(const struct link *link, wchar_t *out, size_t count, bool *absolute)
{
    char whole[PATH_BYTES];
    *absolute = link->kind != LINK_RELATIVE || link->text[0] == '/';
    if (*absolute) {
        bool from_root = link->text[0] == '/';
        size_t length = 0;
        if (join(link->path, from_root ? 0 : directory_length(link->path), link->text, whole))
            length = drive_name(whole, out, count);
        if (length)
            return length;
        *absolute = false; /* it leads to no drive: say what is written */
    }
    return windows_name(link->text, length_of(link->text), out, count);
}

/* What FSCTL_GET_REPARSE_POINT gives. */
NTSTATUS link_read(const struct link *link, void *buffer, ULONG size, ULONG_PTR *used)
{
    struct {
        struct reparse head;
        wchar_t names[2 * PATH_BYTES + 8];
    } *whole = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, sizeof *whole);
    if (!whole)
        return STATUS_NO_MEMORY;
    bool absolute;
    wchar_t *names = link->kind == LINK_JUNCTION ? (wchar_t *)((char *)whole + JUNCTION_NAMES) : whole->names;
    size_t before = 4, length = target_name(link, names + before, PATH_BYTES, &absolute);
    for (size_t i = 0; i < before; i++)
        names[i] = L"\\??\\"[i];
    if (!absolute) {
        for (size_t i = 0; i < length; i++)
            names[i] = names[i + before];
        before = 0;
    }
    size_t shown = before + length + 1;
    for (size_t i = 0; i < length; i++)
        names[shown + i] = names[before + i];
    names[before + length] = names[shown + length] = 0;
    size_t header = link->kind == LINK_JUNCTION ? JUNCTION_NAMES : SYMLINK_NAMES;
    size_t total = header + (shown + length + (link->kind == LINK_JUNCTION)) * sizeof *names;
    whole->head.tag = link_tag(link);
    whole->head.length = (USHORT)(total - REPARSE_HEADER);
    whole->head.target_length = (USHORT)((before + length) * sizeof *names);
    whole->head.shown_at = (USHORT)(shown * sizeof *names);
    whole->head.shown_length = (USHORT)(length * sizeof *names);
    if (link->kind != LINK_JUNCTION)
        whole->head.flags = absolute ? 0 : SYMLINK_RELATIVE;
    *used = total < size ? total : size;
    NTSTATUS status = size >= total ? STATUS_SUCCESS : size >= header ? STATUS_BUFFER_OVERFLOW : STATUS_BUFFER_TOO_SMALL;
    if (status == STATUS_BUFFER_TOO_SMALL)
        *used = 0;
    for (size_t i = 0; i < *used; i++)
        ((char *)buffer)[i] = ((char *)whole)[i];
    RtlFreeHeap(process_heap(), 0, whole);
    return status;
}

/* to as seen from directory (its first bytes); both are absolute and normal. */
static bool relative(const char *directory, size_t length, const char *to, char *out, size_t size)
{
    size_t same = 0, i = 0;
    for (; i <= length; i++) {
        bool one_ends = i == length || directory[i] == '/', other_ends = !to[i] || to[i] == '/';
        if (one_ends && other_ends)
            same = i;
        if (i == length || !to[i] || directory[i] != to[i])
            break;
    }
    char *p = out, *end = out + size - 4;
    for (i = same; i < length; i++)
        if (directory[i] == '/') {
            if (p >= end)
                return false;
            *p++ = '.', *p++ = '.', *p++ = '/';
        }
    for (to += same; *to == '/';)
        to++;
    while (*to && p < end)
        *p++ = *to++;
    if (*to)
        return false;
    if (p == out)
        *p++ = '.';
    else if (p[-1] == '/')
        p--;
    *p = 0;
    return true;
}

/* The path that is there for a target in any case of letters, or the target as it is spelled. */
static void spell(char path[PATH_BYTES])
{
    wchar_t name[PATH_BYTES];
    name[0] = '\\', name[1] = '?', name[2] = '?', name[3] = '\\';
    size_t length = drive_name(path, name + 4, PATH_BYTES - 4);
    UNICODE_STRING text = {(USHORT)((length + 4) * sizeof *name), (USHORT)sizeof name, name};
    ATTRIBUTES attributes;
    char exact[PATH_BYTES];
    InitializeObjectAttributes(&attributes, &text, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (length && length + 4 < 0x7ff0 && exact_path(&attributes, exact, true)) {
        for (size_t i = 0; (path[i] = exact[i]); i++)
            ;
    }
}

/* Make text of what FSCTL_SET_REPARSE_POINT was given, for a link at path. */
static NTSTATUS text_of(const void *buffer, ULONG size, const char *path, char text[PATH_BYTES])
{
    const struct reparse *head = buffer;
    if (size < JUNCTION_NAMES || head->length + (ULONG)REPARSE_HEADER > size)
        return STATUS_IO_REPARSE_DATA_INVALID;
    bool junction = head->tag == IO_REPARSE_TAG_MOUNT_POINT;
    if (!junction && head->tag != IO_REPARSE_TAG_SYMLINK)
        return STATUS_IO_REPARSE_TAG_INVALID;
    ULONG names = junction ? JUNCTION_NAMES : SYMLINK_NAMES;
    if (size < names || names + head->target_at + (ULONG)head->target_length > size || head->target_length < 2)
        return STATUS_IO_REPARSE_DATA_INVALID;
    const wchar_t *target = (const wchar_t *)((const char *)buffer + names + head->target_at);
    size_t count = head->target_length / sizeof *target, directory = directory_length(path);
    bool inside = !junction && head->flags & SYMLINK_RELATIVE;
    char as_given[PATH_BYTES], whole[PATH_BYTES], exact[PATH_BYTES];
    if (inside && target[0] != '\\') {
        if (!linux_name(target, count, as_given, sizeof as_given) || !join(path, directory, as_given, whole))
            return STATUS_IO_REPARSE_DATA_INVALID;
    } else if (inside) { /* from the root of the link's own drive */
        if (!linux_name(target, count, as_given, sizeof as_given) ||
            !join(path, starts(path, "/drives/") ? 9 : 2, as_given, whole))
            return STATUS_IO_REPARSE_DATA_INVALID;
    } else {
        UNICODE_STRING name = {(USHORT)(count * sizeof *target), (USHORT)(count * sizeof *target), (wchar_t *)target};
        ATTRIBUTES attributes;
        InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
        if (!guess_path(&attributes, whole))
            return STATUS_IO_REPARSE_DATA_INVALID; /* shares and volumes without a letter */
        normalise(whole);
    }
    for (size_t i = 0;; i++)
        if (!(exact[i] = whole[i]))
            break;
    spell(exact);
    bool same = true;
    for (size_t i = 0; same && (exact[i] || whole[i]); i++)
        same = exact[i] == whole[i];
    const char *mark = junction ? "./././" : inside && target[0] != '\\' ? "" : "././";
    size_t start = length_of(mark);
    for (size_t i = 0; i < start; i++)
        text[i] = mark[i];
    if (!start && same && length_of(as_given) + 2 < PATH_BYTES) {
        for (size_t i = 0;; i++)
            if (!(text[i] = as_given[i]))
                return STATUS_SUCCESS;
    }
    return relative(path, directory, exact, text + start, PATH_BYTES - start - 2) ? STATUS_SUCCESS
                                                                                  : STATUS_IO_REPARSE_DATA_INVALID;
}

/* Turn an empty file or directory into a link. */
NTSTATUS link_make(HANDLE file, const void *buffer, ULONG size)
{
    struct status status;
    char path[PATH_BYTES], text[PATH_BYTES];
    int fd;
    if (!descriptor(file, &fd))
        return STATUS_INVALID_HANDLE;
    bool known = !linux_call(LINUX_FSTAT, fd, (intptr_t)&status, 0) && path_of_descriptor(fd, path);
    linux_close(fd);
    if (!known || is_link(&status))
        return STATUS_NOT_SUPPORTED;
    NTSTATUS result = text_of(buffer, size, path, text);
    if (result)
        return result;
    bool directory = is_directory(&status);
    size_t length = length_of(text);
    if (directory && text[length - 1] != '/') {
        text[length] = '/';
        text[length + 1] = 0;
    }
    if (!directory && status.size)
        return STATUS_IO_REPARSE_DATA_INVALID;
    long long done = linux_call(directory ? LINUX_RMDIR : LINUX_UNLINK, (intptr_t)path, 0, 0);
    if (done)
        return status_of_errno(done);
    done = linux_call(LINUX_SYMLINK, (intptr_t)text, (intptr_t)path, 0);
    if (done && directory)
        linux_call(LINUX_MKDIR, (intptr_t)path, 0755, 0);
    return status_of_errno(done);
}

/* Turn a link into an empty file or directory. */
NTSTATUS link_unmake(HANDLE file)
{
    struct link link;
    struct status status;
    if (!link_behind(file, &link, &status))
        return STATUS_NOT_A_REPARSE_POINT;
    long long done = linux_call(LINUX_UNLINK, (intptr_t)link.path, 0, 0);
    if (done)
        return status_of_errno(done);
    if (link.directory)
        return status_of_errno(linux_call(LINUX_MKDIR, (intptr_t)link.path, 0755, 0));
    int fd = (int)linux_call(LINUX_OPEN, (intptr_t)link.path, LINUX_O_WRONLY | LINUX_O_CREAT | LINUX_O_CLOEXEC, 0755);
    if (fd < 0)
        return status_of_errno(fd);
    linux_close(fd);
    return STATUS_SUCCESS;
}

/*
 * What is asked of handles and done with them: handles of links, and file system controls that Wine does not have.
 */
#include "graft.h"

enum {
    LINUX_LSEEK = 8,
    LINUX_LINK = 86,
    LINUX_UNLINK = 87,
    LINUX_FALLOCATE = 285,
    PUNCH_HOLE_KEEP_SIZE = 3,
    SEEK_DATA = 3,
    SEEK_HOLE = 4,
    DISPOSITION_DELETE = 1,
    RENAME_REPLACE = 1,
    RENAME_POSIX = 2,
    RENAME_IGNORE_READ_ONLY = 0x40,
    ANY_WRITE = 0222,
};

/* Classes of MS-FSCC 2.4 by number: the headers of mingw-w64 name only some. */
enum {
    BASIC = 4,
    STANDARD = 5,
    INTERNAL = 6,
    RENAME = 10,
    LINK = 11,
    DISPOSITION = 13,
    ALL = 18,
    STREAM = 22,
    COMPRESSION = 28,
    NETWORK_OPEN = 34,
    ATTRIBUTE_TAG = 35,
    DISPOSITION_EX = 64,
    RENAME_EX = 65,
    STAT = 68,
    LINK_EX = 72,
};

/* What there is to know of a link, in the order of FILE_STAT_INFORMATION. */
struct facts {
    LONGLONG id, made, accessed, modified, changed, sizes[2];
    ULONG attributes, tag, links, access;
};

static void copy(void *to, const void *from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((char *)to)[i] = ((const char *)from)[i];
}

static NTSTATUS give(IO_STATUS_BLOCK *io, void *buffer, ULONG size, const void *from, ULONG needed)
{
    if (size < needed)
        return STATUS_INFO_LENGTH_MISMATCH;
    copy(buffer, from, needed);
    io->Status = STATUS_SUCCESS;
    io->Information = needed;
    return STATUS_SUCCESS;
}

/* Layouts: MS-FSCC 2.4. Wine itself answers for files and directories alone. */
static NTSTATUS query_link(const struct facts *facts, IO_STATUS_BLOCK *io, void *buffer, ULONG size, int class)
{
    struct {
        LONGLONG times[4];
        ULONG attributes, pad;
        struct {
            LONGLONG sizes[2];
            ULONG links;
            unsigned char deleted, directory, pad[2];
        } standard;
        LONGLONG id;
        ULONG ea, access;
        LONGLONG position;
        ULONG mode, alignment, name_length, end;
    } all = {.attributes = facts->attributes, .id = facts->id};
    copy(all.times, &facts->made, sizeof all.times);
    all.standard.links = facts->links;
    all.standard.directory = !!(facts->attributes & FILE_ATTRIBUTE_DIRECTORY);
    all.access = facts->access;
    LONGLONG network[7];
    switch (class) {
    case BASIC:
        return give(io, buffer, size, &all, 40);
    case STANDARD:
        return give(io, buffer, size, &all.standard, 24);
    case INTERNAL:
        return give(io, buffer, size, &facts->id, sizeof facts->id);
    case ALL:
        return give(io, buffer, size, &all, 104);
    case NETWORK_OPEN:
        copy(network, &facts->made, 6 * sizeof *network);
        network[6] = facts->attributes;
        return give(io, buffer, size, network, sizeof network);
    case ATTRIBUTE_TAG:
        return give(io, buffer, size, &facts->attributes, 8);
    case STAT:
        return give(io, buffer, size, facts, 72);
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

/* What Wine has no answer for: no file is compressed; its streams. */
static NTSTATUS query_more(HANDLE file, IO_STATUS_BLOCK *io, void *buffer, ULONG size, int class)
{
    FILE_STANDARD_INFORMATION standard;
    NTSTATUS status = NtQueryInformationFile(file, io, &standard, sizeof standard, (FILE_INFORMATION_CLASS)STANDARD);
    if (status)
        return status;
    struct {
        LONGLONG size;
        USHORT format;
        unsigned char shifts[6];
    } compression = {.size = standard.AllocationSize.QuadPart};
    if (class == COMPRESSION)
        return give(io, buffer, size, &compression, sizeof compression);
    io->Status = streams_list(file, &standard, buffer, size, &io->Information);
    return io->Status;
}

HOOK NTSTATUS NTAPI hook_NtQueryInformationFile(HANDLE file, IO_STATUS_BLOCK *io, void *buffer, ULONG size,
                                                FILE_INFORMATION_CLASS class)
{
    struct link link;
    struct status status;
    NTSTATUS result = NtQueryInformationFile(file, io, buffer, size, class);
    if (result == STATUS_NOT_IMPLEMENTED && ((int)class == COMPRESSION || (int)class == STREAM))
        return query_more(file, io, buffer, size, (int)class);
    if (!links_seen || !(result || (int)class == ATTRIBUTE_TAG) || !link_behind(file, &link, &status))
        return result;
    struct facts facts = {
        .id = (LONGLONG)status.inode,
        .made = nt_time(status.modified, status.modified_ns),
        .accessed = nt_time(status.accessed, status.accessed_ns),
        .modified = nt_time(status.modified, status.modified_ns),
        .changed = nt_time(status.changed, status.changed_ns),
        .attributes = link_attributes(&link),
        .tag = link_tag(&link),
        .links = 1,
        .access = FILE_READ_ATTRIBUTES | DELETE | SYNCHRONIZE,
    };
    NTSTATUS answered = query_link(&facts, io, buffer, size, (int)class);
    return answered == STATUS_INVALID_INFO_CLASS ? result : answered;
}

/* FILE_RENAME_INFORMATION and FILE_LINK_INFORMATION. */
struct new_name {
    ULONG flags; /* a BOOLEAN in the older classes: replace what is there */
    HANDLE root;
    ULONG length;
    wchar_t name[1];
};

static NTSTATUS name_link(const struct link *link, const struct new_name *to, ULONG size, bool keep)
{
    if (size < offsetof(struct new_name, name) || to->length > size - offsetof(struct new_name, name))
        return STATUS_INFO_LENGTH_MISMATCH;
    UNICODE_STRING name = {(USHORT)to->length, (USHORT)to->length, (wchar_t *)to->name};
    ATTRIBUTES attributes;
    char path[PATH_BYTES];
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, to->root, NULL);
    if (!exact_path(&attributes, path, true))
        return STATUS_OBJECT_PATH_NOT_FOUND;
    if (!(to->flags & RENAME_REPLACE)) {
        struct status status;
        if (!linux_at_status(LINUX_AT_FDCWD, path, false, &status))
            return STATUS_OBJECT_NAME_COLLISION;
    }
    return status_of_errno(linux_call(keep ? LINUX_LINK : LINUX_RENAME, (intptr_t)link->path, (intptr_t)path, 0));
}

/*
 * A file that is open may be replaced by name, its handles go on: Wine refuses. So the one that is there steps aside
 * first, and is back if Wine has another reason.
 */
static NTSTATUS replace_open(HANDLE file, IO_STATUS_BLOCK *io, const struct new_name *to, ULONG size, int class)
{
    static volatile LONG counter;
    UNICODE_STRING name = {(USHORT)to->length, (USHORT)to->length, (wchar_t *)to->name};
    ATTRIBUTES attributes;
    struct status there;
    char path[PATH_BYTES], aside[PATH_BYTES];
    size_t length = 0;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, to->root, NULL);
    if (!exact_path(&attributes, path, false) || linux_at_status(LINUX_AT_FDCWD, path, false, &there) ||
        is_directory(&there) || (!(there.mode & ANY_WRITE) && !(to->flags & RENAME_IGNORE_READ_ONLY)))
        return STATUS_ACCESS_DENIED;
    while ((aside[length] = path[length]))
        length++;
    if (length + 32 > PATH_BYTES)
        return STATUS_ACCESS_DENIED;
    for (const char *p = ".replaced"; *p; p++)
        aside[length++] = *p;
    for (ULONG n = (ULONG)InterlockedIncrement(&counter) << 16 ^ process_id(); n; n >>= 4)
        aside[length++] = "0123456789abcdef"[n & 15];
    aside[length] = 0;
    long long done = linux_call(LINUX_RENAME, (intptr_t)path, (intptr_t)aside, 0);
    if (done)
        return status_of_errno(done);
    NTSTATUS result = NtSetInformationFile(file, io, (void *)to, size, (FILE_INFORMATION_CLASS)class);
    if (result)
        linux_call(LINUX_RENAME, (intptr_t)aside, (intptr_t)path, 0);
    else
        linux_call(LINUX_UNLINK, (intptr_t)aside, 0, 0);
    return result;
}

static NTSTATUS set(HANDLE file, IO_STATUS_BLOCK *io, void *buffer, ULONG size, FILE_INFORMATION_CLASS class)
{
    struct link link;
    struct status status;
    NTSTATUS result;
    if (!link_behind(file, &link, &status)) {
        const struct new_name *to = buffer;
        result = NtSetInformationFile(file, io, buffer, size, class);
        if (result != STATUS_ACCESS_DENIED || (int)class != RENAME_EX ||
            (to->flags & (RENAME_REPLACE | RENAME_POSIX)) != (RENAME_REPLACE | RENAME_POSIX))
            return result;
        return replace_open(file, io, to, size, RENAME_EX);
    }
    result = STATUS_SUCCESS;
    switch ((int)class) {
    case DISPOSITION:
    case DISPOSITION_EX:
        if (!size)
            return STATUS_INFO_LENGTH_MISMATCH;
        if (*(unsigned char *)buffer & DISPOSITION_DELETE)
            result = status_of_errno(linux_call(LINUX_UNLINK, (intptr_t)link.path, 0, 0));
        break;
    case RENAME:
    case RENAME_EX:
        result = name_link(&link, buffer, size, false);
        break;
    case LINK:
    case LINK_EX:
        result = name_link(&link, buffer, size, true);
        break;
    case BASIC: /* Linux's links have no attributes, and their times are of no use to anybody */
        break;
    default:
        return NtSetInformationFile(file, io, buffer, size, class);
    }
    if (!result)
        io->Status = result, io->Information = 0;
    return result;
}

/* Renamed and removed with their streams. */
HOOK NTSTATUS NTAPI hook_NtSetInformationFile(HANDLE file, IO_STATUS_BLOCK *io, void *buffer, ULONG size,
                                              FILE_INFORMATION_CLASS class)
{
    char path[PATH_BYTES], to[PATH_BYTES];
    bool renames = (int)class == RENAME || (int)class == RENAME_EX;
    bool removes = ((int)class == DISPOSITION || (int)class == DISPOSITION_EX) && size &&
                   *(unsigned char *)buffer & DISPOSITION_DELETE;
    if ((!renames && !removes) || !streams_seen() || !streams_path(file, path))
        return set(file, io, buffer, size, class);
    NTSTATUS status = set(file, io, buffer, size, class);
    if (removes && status == STATUS_DIRECTORY_NOT_EMPTY && streams_sweep(path))
        status = set(file, io, buffer, size, class);
    if (!status && removes)
        streams_remove(path);
    else if (!status && streams_path(file, to))
        streams_move(path, to);
    return status;
}

static NTSTATUS zero(HANDLE file, const FILE_ZERO_DATA_INFORMATION *range, ULONG size)
{
    int fd;
    if (size < sizeof *range || range->FileOffset.QuadPart < 0 ||
        range->BeyondFinalZero.QuadPart < range->FileOffset.QuadPart)
        return STATUS_INVALID_PARAMETER;
    LONGLONG length = range->BeyondFinalZero.QuadPart - range->FileOffset.QuadPart;
    if (!length)
        return STATUS_SUCCESS;
    if (!descriptor(file, &fd))
        return STATUS_INVALID_HANDLE;
    long long done = linux_call4(LINUX_FALLOCATE, fd, PUNCH_HOLE_KEEP_SIZE, range->FileOffset.QuadPart, length);
    linux_close(fd);
    return status_of_errno(done);
}

/* A descriptor whose place in the file nobody else moves. */
static int reopened(HANDLE file)
{
    int fd, again = -1;
    char path[PATH_BYTES];
    if (!descriptor(file, &fd))
        return -1;
    if (path_of_descriptor(fd, path))
        again = linux_open(path, LINUX_O_RDONLY);
    linux_close(fd);
    return again;
}

static NTSTATUS allocated(HANDLE file, const FILE_ALLOCATED_RANGE_BUFFER *asked, ULONG size,
                          FILE_ALLOCATED_RANGE_BUFFER *out, ULONG out_size, ULONG_PTR *used)
{
    if (size < sizeof *asked || asked->FileOffset.QuadPart < 0 || asked->Length.QuadPart < 0)
        return STATUS_INVALID_PARAMETER;
    int fd = reopened(file);
    if (fd < 0)
        return STATUS_INVALID_DEVICE_REQUEST;
    LONGLONG at = asked->FileOffset.QuadPart, end = at + asked->Length.QuadPart;
    NTSTATUS result = STATUS_SUCCESS;
    for (*used = 0; at < end; *used += sizeof *out, out++) {
        LONGLONG from = linux_call(LINUX_LSEEK, fd, at, SEEK_DATA);
        if (from < 0 || from >= end)
            break;
        LONGLONG to = linux_call(LINUX_LSEEK, fd, from, SEEK_HOLE);
        if (to < from || to > end)
            to = end;
        if (*used + sizeof *out > out_size) {
            result = STATUS_BUFFER_OVERFLOW;
            break;
        }
        out->FileOffset.QuadPart = from;
        out->Length.QuadPart = to - from;
        at = to;
    }
    linux_close(fd);
    return result;
}

HOOK NTSTATUS NTAPI hook_NtFsControlFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, void *context,
                                         IO_STATUS_BLOCK *io, ULONG code, void *in, ULONG in_size, void *out,
                                         ULONG out_size)
{
    NTSTATUS result;
    ULONG_PTR used = 0;
    struct link link;
    struct status status;
    switch (code) {
    case FSCTL_GET_REPARSE_POINT:
        result = link_behind(file, &link, &status) ? link_read(&link, out, out_size, &used)
                                                   : STATUS_NOT_A_REPARSE_POINT;
        break;
    case FSCTL_SET_REPARSE_POINT:
        result = link_make(file, in, in_size);
        break;
    case FSCTL_DELETE_REPARSE_POINT:
        result = link_unmake(file);
        break;
    case FSCTL_SET_ZERO_DATA:
        result = zero(file, in, in_size);
        break;
    case FSCTL_QUERY_ALLOCATED_RANGES:
        result = allocated(file, in, in_size, out, out_size, &used);
        break;
    default:
        return NtFsControlFile(file, event, apc, context, io, code, in, in_size, out, out_size);
    }
    if (NT_ERROR(result))
        return result;
    io->Status = result;
    io->Information = used;
    if (event)
        NtSetEvent(event, NULL);
    return result;
}

/*
 * Opening and asking: links as links where a program wants them so, read-only files that refuse to be written.
 *
 * Wine's server opens what links lead to, and removes and renames that too. So a link that is to be opened itself is
 * opened here, and Wine gets the descriptor: its handle then stands for the link.
 */
#include "graft.h"

enum {
    LINUX_LSTAT = 6,
    LINUX_UNLINK = 87,
    LINUX_O_PATH = 010000000,
    LINUX_O_NOFOLLOW = 0400000,
    TYPE = 0170000,
    TYPE_FILE = 0100000,
    ANY_WRITE = 0222,
    SHARE_ALL = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
    BASIC = 4, /* of FILE_INFORMATION_CLASS */
    BASIC_BYTES = 40,
    NETWORK_OPEN = 34,
    NETWORK_OPEN_BYTES = 56,
    WRITING = FILE_WRITE_DATA | FILE_APPEND_DATA | GENERIC_WRITE | GENERIC_ALL,
    DATA = WRITING | FILE_READ_DATA | GENERIC_READ | GENERIC_EXECUTE | FILE_EXECUTE | MAXIMUM_ALLOWED,
};

/*
 * Whether a name is to be opened without following it. Wine's DeleteFile, RemoveDirectory and MoveFile do not say so
 * as Windows' do: they ask for nothing but DELETE.
 */
static bool wants_link(ACCESS_MASK access, ULONG options)
{
    return options & (FILE_OPEN_REPARSE_POINT | FILE_DELETE_ON_CLOSE) || (access & DELETE && !(access & DATA));
}

/* CreateFile's FILE_FLAG_OPEN_REPARSE_POINT, as windows/kernelbase/links.c hands it over. TEB, UserReserved. */
static ULONG marked(void)
{
    char *block;
    __asm__("mov %%gs:0x30, %0" : "=r"(block));
    ULONG on = *(ULONG *)(block + 0xf8);
    *(ULONG *)(block + 0xf8) = 0;
    return on ? FILE_OPEN_REPARSE_POINT : 0;
}

static NTSTATUS open_link(const struct link *link, HANDLE *file, ACCESS_MASK access, ULONG handle_attributes,
                          IO_STATUS_BLOCK *io, ULONG disposition, ULONG options)
{
    if (disposition == FILE_CREATE)
        return STATUS_OBJECT_NAME_COLLISION;
    if (options & FILE_NON_DIRECTORY_FILE && link->directory)
        return STATUS_FILE_IS_A_DIRECTORY;
    if (options & FILE_DIRECTORY_FILE && !link->directory)
        return STATUS_NOT_A_DIRECTORY;
    int fd = (int)linux_call(LINUX_OPEN, (intptr_t)link->path, LINUX_O_PATH | LINUX_O_NOFOLLOW | LINUX_O_CLOEXEC, 0);
    if (fd < 0)
        return status_of_errno(fd);
    NTSTATUS status = wine_server_fd_to_handle(fd, access | SYNCHRONIZE, handle_attributes, file);
    linux_close(fd);
    if (status)
        return status;
    links_seen = 1;
    if (options & FILE_DELETE_ON_CLOSE)
        status = status_of_errno(linux_call(LINUX_UNLINK, (intptr_t)link->path, 0, 0));
    if (status) {
        NtClose(*file);
        *file = NULL;
        return status;
    }
    io->Status = STATUS_SUCCESS;
    io->Information = FILE_OPENED;
    return STATUS_SUCCESS;
}

/* Linux's administrator may write what is read-only; nobody may on Windows. */
static bool is_read_only(const ATTRIBUTES *attributes)
{
    char path[PATH_BYTES];
    struct status status;
    return guess_path(attributes, path) && !linux_call(LINUX_LSTAT, (intptr_t)path, (intptr_t)&status, 0) &&
           (status.mode & TYPE) == TYPE_FILE && !(status.mode & ANY_WRITE);
}

HOOK NTSTATUS NTAPI hook_NtCreateFile(HANDLE *file, ACCESS_MASK access, ATTRIBUTES *attributes, IO_STATUS_BLOCK *io,
                                      LARGE_INTEGER *size, ULONG file_attributes, ULONG sharing, ULONG disposition,
                                      ULONG options, void *extended, ULONG extended_length)
{
    struct stream stream;
    options |= marked();
    NTSTATUS status = stream_name((const ATTRIBUTES **)&attributes, &stream, disposition, options);
    if (status)
        return status;
    if (wants_link(access, options) && disposition <= FILE_OPEN_IF && disposition != FILE_SUPERSEDE) {
        struct link link;
        if (link_at(attributes, &link))
            return open_link(&link, file, access, attributes->Attributes, io, disposition, options);
    } else if (access & WRITING && disposition != FILE_CREATE && is_read_only(attributes)) {
        return STATUS_ACCESS_DENIED;
    }
    /* It is no link: with the option, Wine would say of a directory that something is mounted on that it is one. */
    options &= ~(ULONG)FILE_OPEN_REPARSE_POINT;
    status = NtCreateFile(file, access, attributes, io, size, file_attributes, sharing, disposition, options, extended,
                          extended_length);
    if (!status && options & FILE_DELETE_ON_CLOSE && streams_seen()) {
        char path[PATH_BYTES];
        if (streams_path(*file, path))
            streams_remove(path);
    }
    return status;
}

HOOK NTSTATUS NTAPI hook_NtOpenFile(HANDLE *file, ACCESS_MASK access, ATTRIBUTES *attributes, IO_STATUS_BLOCK *io,
                                    ULONG sharing, ULONG options)
{
    struct stream stream;
    NTSTATUS status = stream_name((const ATTRIBUTES **)&attributes, &stream, FILE_OPEN, options);
    if (status)
        return status;
    if (wants_link(access, options)) {
        struct link link;
        if (link_at(attributes, &link))
            return open_link(&link, file, access, attributes->Attributes, io, FILE_OPEN, options);
    } else if (access & WRITING && is_read_only(attributes)) {
        return STATUS_ACCESS_DENIED;
    }
    return NtOpenFile(file, access, attributes, io, sharing, options & ~(ULONG)FILE_OPEN_REPARSE_POINT);
}

static void fill_times(LARGE_INTEGER times[4], const struct status *status)
{
    times[0].QuadPart = times[2].QuadPart = nt_time(status->modified, status->modified_ns);
    times[1].QuadPart = nt_time(status->accessed, status->accessed_ns);
    times[3].QuadPart = nt_time(status->changed, status->changed_ns);
}

/*
 * What a name's attributes are, after Wine has said what it knows: it follows links, and says of directories on which
 * something is mounted that they are links. times: four, then (with sizes) two sizes, then the attributes.
 */
static NTSTATUS correct(const ATTRIBUTES *attributes, NTSTATUS status, LARGE_INTEGER *times, bool with_sizes)
{
    if (status && status != STATUS_OBJECT_NAME_NOT_FOUND && status != STATUS_OBJECT_PATH_NOT_FOUND &&
        status != STATUS_NO_SUCH_FILE)
        return status;
    struct link link;
    ULONG *found = (ULONG *)(times + (with_sizes ? 6 : 4));
    /* What Wine does not find costs it a look through a directory: not again, for a link that leads nowhere. */
    bool known = guess_path(attributes, link.path);
    if (!known || !(status ? link_text(LINUX_AT_FDCWD, link.path, &link) : link_at(attributes, &link))) {
        if (!status && known)
            *found &= ~(ULONG)FILE_ATTRIBUTE_REPARSE_POINT;
        return status;
    }
    struct status of_link;
    if (linux_call(LINUX_LSTAT, (intptr_t)link.path, (intptr_t)&of_link, 0))
        return status;
    fill_times(times, &of_link);
    if (with_sizes)
        times[4].QuadPart = times[5].QuadPart = 0;
    *found = link_attributes(&link);
    return STATUS_SUCCESS;
}

/* Of a name below a directory that is open, Wine looks for it below the wrong one. */
static NTSTATUS query_opened(const ATTRIBUTES *attributes, void *info, ULONG size, int class)
{
    IO_STATUS_BLOCK io;
    HANDLE file;
    NTSTATUS status = hook_NtOpenFile(&file, FILE_READ_ATTRIBUTES | SYNCHRONIZE, (ATTRIBUTES *)attributes, &io,
                                      SHARE_ALL, FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_REPARSE_POINT);
    if (status)
        return status;
    status = hook_NtQueryInformationFile(file, &io, info, size, (FILE_INFORMATION_CLASS)class);
    NtClose(file);
    return status;
}

HOOK NTSTATUS NTAPI hook_NtQueryAttributesFile(const ATTRIBUTES *attributes, LARGE_INTEGER *info)
{
    struct stream stream;
    NTSTATUS status = stream_name(&attributes, &stream, FILE_OPEN, 0);
    if (status)
        return status;
    if (attributes->RootDirectory)
        return query_opened(attributes, info, BASIC_BYTES, BASIC);
    return correct(attributes, NtQueryAttributesFile(attributes, info), info, false);
}

HOOK NTSTATUS NTAPI hook_NtQueryFullAttributesFile(const ATTRIBUTES *attributes, LARGE_INTEGER *info)
{
    struct stream stream;
    NTSTATUS status = stream_name(&attributes, &stream, FILE_OPEN, 0);
    if (status)
        return status;
    if (attributes->RootDirectory)
        return query_opened(attributes, info, NETWORK_OPEN_BYTES, NETWORK_OPEN);
    return correct(attributes, NtQueryFullAttributesFile(attributes, info), info, true);
}

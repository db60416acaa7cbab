/*
 * Alternate data streams. `name:stream` is a file of that name beside `name`, which is how Wine takes it and how layers
 * carry it; here it becomes a part of the file: it is in no listing, it is removed and renamed with the file, and what
 * makes it makes the file as well.
 *
 * Whoever removes or renames looks for streams only once there are some: the first that is made or met leaves a mark
 * in the page that every process sees.
 *
 * Source: MS-FSCC 2.1.5 (names of streams), 2.4.49 (FileStreamInformation).
 */
#include "graft.h"
#include "../mark.h"

enum {
    LINUX_UNLINK = 87,
    LINUX_GETDENTS = 217,
    LINUX_UTIMENSAT = 280,
    LINUX_O_DIRECTORY = 0200000,
    ENTRIES_BYTES = 8192,
    DRIVE_CHARS = 7, /* of `\??\C:\` */
    SHARE_ALL = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
};

bool streams_seen(void)
{
    return is_marked(MARK_STREAMS);
}

static size_t length_of(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

/*
 * In any case of letters. The 64-bit ntdll of a 32-bit program has no tables of letters: there only ASCII's have cases.
 * TEB, WowTebOffset.
 */
static wchar_t fold(wchar_t c)
{
    enum { ASCII_END = 0x80 };
    LONG of_32_bits;
    if (c < ASCII_END)
        return c >= 'a' && c <= 'z' ? (wchar_t)(c - 'a' + 'A') : c;
    __asm__("movl %%gs:0x180c, %0" : "=r"(of_32_bits));
    return of_32_bits ? c : RtlUpcaseUnicodeChar(c);
}

/* Where the last part of a name has its first colon; 0 if it has none, or is no name of a file. */
static size_t colon_of(const ATTRIBUTES *attributes)
{
    const UNICODE_STRING *name = attributes ? attributes->ObjectName : NULL;
    if (!name || !name->Buffer)
        return 0;
    const wchar_t *text = name->Buffer;
    size_t colon = 0, i = name->Length / sizeof *text;
    while (i > 0 && text[i - 1] != '\\')
        if (text[--i] == ':')
            colon = i;
    if (!colon || attributes->RootDirectory)
        return i ? 0 : colon;
    return i >= DRIVE_CHARS && text[1] == '?' && text[2] == '?' && text[5] == ':' && colon > i ? colon : 0;
}

static bool is_word(const wchar_t *text, size_t length, const char *word)
{
    size_t i = 0;
    while (i < length && word[i] && fold(text[i]) == (wchar_t)word[i])
        i++;
    return i == length && !word[i];
}

/* Windows takes a file for changed when one of its streams is; so it gets into the layer with it. */
static NTSTATUS make_file(const ATTRIBUTES *asked, size_t length)
{
    UNICODE_STRING name = {(USHORT)(length * sizeof(wchar_t)), (USHORT)(length * sizeof(wchar_t)),
                           asked->ObjectName->Buffer};
    ATTRIBUTES attributes = *asked;
    IO_STATUS_BLOCK io;
    HANDLE file;
    char path[PATH_BYTES];
    int fd;
    attributes.ObjectName = &name;
    NTSTATUS status = NtOpenFile(&file, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &attributes, &io, SHARE_ALL,
                                 FILE_SYNCHRONOUS_IO_NONALERT);
    if (status == STATUS_OBJECT_NAME_NOT_FOUND)
        status = NtCreateFile(&file, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &attributes, &io, NULL, FILE_ATTRIBUTE_NORMAL,
                              SHARE_ALL, FILE_OPEN_IF, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
    if (status)
        return status;
    if (descriptor(file, &fd)) {
        if (path_of_descriptor(fd, path))
            linux_call4(LINUX_UTIMENSAT, LINUX_AT_FDCWD, (intptr_t)path, 0, 0);
        linux_close(fd);
    }
    NtClose(file);
    set_mark(MARK_STREAMS);
    return STATUS_SUCCESS;
}

/* Give attributes the name that a stream, or a file that is named by its main stream, has on disk. */
NTSTATUS stream_name(const ATTRIBUTES **attributes, struct stream *stream, ULONG disposition, ULONG options)
{
    size_t colon = colon_of(*attributes);
    if (!colon)
        return STATUS_SUCCESS;
    const wchar_t *text = (*attributes)->ObjectName->Buffer;
    size_t count = (*attributes)->ObjectName->Length / sizeof *text, second = colon + 1;
    while (second < count && text[second] != ':')
        second++;
    const wchar_t *type = text + second + 1;
    size_t type_length = second < count ? count - second - 1 : 0, stream_length = second - colon - 1;
    bool is_data = second == count || !type_length || is_word(type, type_length, "$DATA");
    bool is_index = is_word(type, type_length, "$INDEX_ALLOCATION") &&
                    (!stream_length || is_word(text + colon + 1, stream_length, "$I30"));
    if ((!is_data && !is_index) || (second == count && !stream_length))
        return STATUS_OBJECT_NAME_INVALID;
    bool whole = is_index || !stream_length;
    bool may_make = disposition != FILE_OPEN && disposition != FILE_OVERWRITE;
    if (!whole && options & FILE_DIRECTORY_FILE)
        return STATUS_NOT_A_DIRECTORY;
    if (!whole && may_make) {
        NTSTATUS status = make_file(*attributes, colon);
        if (status)
            return status;
    }
    stream->name = *(*attributes)->ObjectName;
    stream->name.Length = (USHORT)((whole ? colon : second) * sizeof *text);
    stream->attributes = **attributes;
    stream->attributes.ObjectName = &stream->name;
    *attributes = &stream->attributes;
    return STATUS_SUCCESS;
}

/* Take streams out of a listing; true if that was all of it. at: where an entry's name and the name's length are. */
bool streams_drop(char *buffer, ULONG_PTR *used, size_t name_at, size_t length_at)
{
    char *before = NULL, *entry = buffer;
    for (;;) {
        ULONG next = *(ULONG *)entry, bytes = *(ULONG *)(entry + length_at);
        const wchar_t *name = (const wchar_t *)(entry + name_at);
        bool is_stream = false;
        for (ULONG i = 1; i < bytes / sizeof *name; i++)
            is_stream |= name[i] == ':';
        if (!is_stream) {
            before = entry;
        } else {
            set_mark(MARK_STREAMS);
            if (!next) {
                if (before) {
                    *(ULONG *)before = 0;
                    *used = (ULONG_PTR)(before - buffer) + name_at + *(ULONG *)(before + length_at);
                }
                return !before;
            }
            if (before) {
                *(ULONG *)before += next;
            } else {
                *used -= next;
                for (ULONG_PTR i = 0; i < *used; i++)
                    buffer[i] = buffer[i + next];
                continue;
            }
        }
        if (!next)
            return false;
        entry += next;
    }
}

/* What to do with each stream of a file: fd is its directory, name that on disk, stream where the stream's own begins. */
typedef bool each_stream(void *context, int fd, const char *name, const char *stream);

static int open_directory(const char *path, size_t length)
{
    char directory[PATH_BYTES];
    for (size_t i = 0; i < length; i++)
        directory[i] = path[i];
    directory[length ? length : 1] = 0;
    if (!length)
        directory[0] = '/';
    return linux_open(directory, LINUX_O_DIRECTORY | LINUX_O_RDONLY);
}

/* Where a name's own stream begins, if it is one of file's: in whatever case of letters. Else 0. */
static size_t stream_at(const char *name, const wchar_t *file, size_t count)
{
    wchar_t text[NAME_BYTES];
    size_t colon = 1, i = 0;
    while (name[0] && name[colon] && name[colon] != ':')
        colon++;
    if (!name[0] || !name[colon])
        return 0;
    if (!count)
        return colon;
    if (windows_name(name, colon, text, NAME_BYTES) != count)
        return 0;
    while (i < count && fold(text[i]) == fold(file[i]))
        i++;
    return i == count ? colon : 0;
}

/* Of a directory (file is empty) each name with a colon; false if another name is there, or the action says so. */
static bool go_through(int fd, const char *file, each_stream *act, void *context)
{
    struct {
        uint64_t inode, place;
        uint16_t size;
        uint8_t type;
        char name[];
    } *each;
    wchar_t wanted[NAME_BYTES];
    size_t count = windows_name(file, length_of(file), wanted, NAME_BYTES);
    bool good = true;
    long long got;
    char entries[ENTRIES_BYTES] __attribute__((aligned(8)));
    while ((got = linux_call(LINUX_GETDENTS, fd, (intptr_t)entries, ENTRIES_BYTES)) > 0)
        for (long long at = 0; at < got && good; at += each->size) {
            each = (void *)(entries + at);
            size_t colon = stream_at(each->name, wanted, count);
            if (colon)
                good = act(context, fd, each->name, each->name + colon);
            else if (!count)
                good = each->name[0] == '.' && (!each->name[1] || (each->name[1] == '.' && !each->name[2]));
        }
    return good;
}

static bool for_streams(const char *path, each_stream *act, void *context)
{
    size_t slash = length_of(path);
    while (slash && path[slash - 1] != '/')
        slash--;
    int fd = path[slash] ? open_directory(path, slash ? slash - 1 : 0) : -1;
    if (fd < 0)
        return false;
    bool good = go_through(fd, path + slash, act, context);
    linux_close(fd);
    return good;
}

static bool remove(void *context, int fd, const char *name, const char *stream)
{
    enum { LINUX_UNLINKAT = 263 };
    (void)context, (void)stream;
    return !linux_call(LINUX_UNLINKAT, fd, (intptr_t)name, 0);
}

void streams_remove(const char *path)
{
    for_streams(path, remove, NULL);
}

static bool move(void *context, int fd, const char *name, const char *stream)
{
    enum { LINUX_RENAMEAT = 264 };
    char to[PATH_BYTES];
    const char *file = context;
    size_t length = length_of(file), rest = length_of(stream);
    if (length + rest + 1 > sizeof to)
        return true;
    for (size_t i = 0; i < length; i++)
        to[i] = file[i];
    for (size_t i = 0; i <= rest; i++)
        to[length + i] = stream[i];
    linux_call4(LINUX_RENAMEAT, fd, (intptr_t)name, LINUX_AT_FDCWD, (intptr_t)to);
    return true;
}

/* Streams go with a file that was renamed; those of what it has replaced are gone. */
void streams_move(const char *from, char *to)
{
    size_t i = 0;
    while (from[i] && from[i] == to[i])
        i++;
    if (from[i] == to[i])
        return;
    streams_remove(to);
    for_streams(from, move, to);
}

/* Remove streams whose files are gone from a directory in which nothing else is. */
bool streams_sweep(const char *path)
{
    int fd = open_directory(path, length_of(path));
    if (fd < 0)
        return false;
    bool swept = go_through(fd, "", remove, NULL);
    linux_close(fd);
    return swept;
}

/* The path of what a handle has open, which is no stream itself. */
bool streams_path(HANDLE file, char path[PATH_BYTES])
{
    int fd;
    if (!descriptor(file, &fd))
        return false;
    bool found = path_of_descriptor(fd, path);
    linux_close(fd);
    for (size_t i = length_of(path); found && i > 0 && path[i - 1] != '/'; i--)
        found = path[i - 1] != ':';
    return found;
}

struct list {
    char *buffer, *last;
    ULONG size, used;
    bool full;
};

static bool put(struct list *list, LONGLONG size, LONGLONG allocated, const char *stream)
{
    static const wchar_t type[] = {':', '$', 'D', 'A', 'T', 'A', 0};
    struct {
        ULONG next, bytes;
        LONGLONG size, allocated;
        wchar_t name[NAME_BYTES + sizeof type / sizeof *type];
    } entry = {.size = size, .allocated = allocated};
    enum { NAME_AT = 24 };
    size_t count = windows_name(stream, length_of(stream), entry.name, NAME_BYTES);
    for (size_t i = 0; i < sizeof type / sizeof *type - 1; i++)
        entry.name[count++] = type[i];
    entry.bytes = (ULONG)(count * sizeof *entry.name);
    ULONG at = (list->used + 7) & ~7u, total = NAME_AT + entry.bytes;
    list->full = at + total > list->size;
    if (list->full)
        return false;
    if (list->last)
        *(ULONG *)list->last = (ULONG)(list->buffer + at - list->last);
    list->last = list->buffer + at;
    for (ULONG i = 0; i < total; i++)
        list->last[i] = ((char *)&entry)[i];
    list->used = at + total;
    return true;
}

static bool add(void *context, int fd, const char *name, const char *stream)
{
    struct status status;
    return linux_at_status(fd, name, false, &status) || put(context, status.size, status.blocks * 512, stream);
}

/* FileStreamInformation: the main stream of a file first. */
NTSTATUS streams_list(HANDLE file, const FILE_STANDARD_INFORMATION *of_file, void *buffer, ULONG size, ULONG_PTR *used)
{
    struct list list = {.buffer = buffer, .size = size};
    char path[PATH_BYTES];
    if (!of_file->Directory)
        put(&list, of_file->EndOfFile.QuadPart, of_file->AllocationSize.QuadPart, ":");
    if (!list.full && streams_path(file, path))
        for_streams(path, add, &list);
    *used = list.used;
    return list.full ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

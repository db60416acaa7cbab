/*
 * Listing directories: links shown as links, and those that lead nowhere, which Wine leaves out, shown at the end.
 */
#include "graft.h"

enum {
    LINUX_FSTAT = 5,
    LINUX_GETDENTS = 217,
    LINUX_OPENAT = 257,
    LINUX_O_DIRECTORY = 0200000,
    TYPE_LINK = 10,
    ENTRIES_BYTES = 8192,
    UNKNOWN_LAYOUT = 0,
    MOST_TURNS = 1 << 22,
    NAMES = 12,
    NAMES_NAME = 12,
    NAMES_LENGTH = 8,
    LENGTH = 60, /* of the name; where it is in every other class */
    ATTRIBUTES_AT = 56,
    TAG = 64, /* EaSize: the tag, where the attributes say that it is a link */
    ID_EXTD = 60,
    ID_EXTD_BOTH = 63,
    EXTENDED_TAG = 68,
};

/* Where the name begins, by class. Source: MS-FSCC 2.4. */
static size_t name_at(int class)
{
    switch (class) {
    case 1: /* FileDirectoryInformation */
        return 64;
    case 2: /* Full */
        return 68;
    case 3: /* Both */
        return 94;
    case NAMES:
        return NAMES_NAME;
    case 37: /* IdBoth */
        return 104;
    case 38: /* IdFull */
        return 80;
    case ID_EXTD:
        return 88;
    case ID_EXTD_BOTH:
        return 114;
    default:
        return UNKNOWN_LAYOUT;
    }
}

/*
 * The last bit of the time of creation, a tenth of a microsecond, tells junctions from symbolic links to
 * windows/kernelbase/listing.c: Wine's FindNextFile does not pass on the tag.
 */
static void put_link(char *entry, int class, const struct link *link, const struct status *status)
{
    LONGLONG *times = (LONGLONG *)(entry + 8);
    times[0] = times[2] = nt_time(status->modified, status->modified_ns);
    times[0] = (times[0] & ~1LL) | (link->kind == LINK_JUNCTION);
    times[1] = nt_time(status->accessed, status->accessed_ns);
    times[3] = nt_time(status->changed, status->changed_ns);
    times[4] = times[5] = 0; /* sizes */
    *(ULONG *)(entry + ATTRIBUTES_AT) = link_attributes(link);
    if (class != 1)
        *(ULONG *)(entry + TAG) = link_tag(link);
    if (class == ID_EXTD || class == ID_EXTD_BOTH)
        *(ULONG *)(entry + EXTENDED_TAG) = link_tag(link);
}

/* Correct what Wine says of the entries of a directory. */
static void correct(int fd, char *entry, int class)
{
    char name[4 * NAME_BYTES];
    struct link link;
    struct status status;
    for (;;) {
        if (linux_name((wchar_t *)(entry + name_at(class)), *(ULONG *)(entry + LENGTH) / sizeof(wchar_t), name,
                       sizeof name)) {
            bool parent = name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
            if (!parent && link_text(fd, name, &link) && !linux_at_status(fd, name, false, &status))
                put_link(entry, class, &link, &status);
            else /* a volume or a file of the engine's is mounted here */
                *(ULONG *)(entry + ATTRIBUTES_AT) &= ~(ULONG)FILE_ATTRIBUTE_REPARSE_POINT;
        }
        if (!*(ULONG *)entry)
            return;
        entry += *(ULONG *)entry;
    }
}

/*
 * Listings that Wine has ended and that go on with links that lead nowhere: by handle, how many were shown. An entry
 * is for as long as such links are being shown; one that is forgotten in the middle is put right by the next listing.
 */
static struct {
    HANDLE directory;
    ULONG shown;
} listings[32];
static volatile LONG listings_locked, listings_used;

/* A process that ends may have ended the thread that held it: no wait is for ever. */
static void lock(void)
{
    for (ULONG turns = 0; InterlockedExchange(&listings_locked, 1) && turns < MOST_TURNS; turns++)
        YieldProcessor();
}

static void unlock(void)
{
    InterlockedExchange(&listings_locked, 0);
}

static ULONG shown_of(HANDLE directory)
{
    ULONG shown = 0;
    if (!listings_used)
        return 0;
    lock();
    for (size_t i = 0; i < sizeof listings / sizeof *listings; i++)
        if (listings[i].directory == directory)
            shown = listings[i].shown;
    unlock();
    return shown;
}

static void remember(HANDLE directory, ULONG shown)
{
    if (!shown && !listings_used)
        return;
    lock();
    size_t place = 0;
    for (size_t i = 0; i < sizeof listings / sizeof *listings; i++)
        if (listings[i].directory == directory) {
            place = i;
            break;
        } else if (!listings[i].directory) {
            place = i;
        }
    if (listings[place].directory != directory)
        listings_used++;
    listings[place].directory = shown ? directory : NULL;
    listings[place].shown = shown;
    if (!shown)
        listings_used--;
    unlock();
}

struct search {
    int fd, class;
    ULONG skip;
    const UNICODE_STRING *mask;
    bool one;
    char *buffer, *entry;
    ULONG size, used, shown;
    bool full;
};

/* `<`, `>` and `"` are what `*`, `?` and `.` become for programs of DOS. */
static bool matches(const wchar_t *mask, size_t mask_count, const wchar_t *name, size_t count)
{
    size_t m = 0, n = 0, star = SIZE_MAX, resumed = 0;
    while (n < count) {
        wchar_t c = m < mask_count ? mask[m] : 0;
        if (c == '*' || c == '<') {
            star = m++;
            resumed = n;
        } else if (c && (c == '?' || c == '>' || (c == '"' && name[n] == '.') ||
                         RtlUpcaseUnicodeChar(c) == RtlUpcaseUnicodeChar(name[n]))) {
            m++, n++;
        } else if (star != SIZE_MAX) {
            m = star + 1;
            n = ++resumed;
        } else {
            return false;
        }
    }
    while (m < mask_count && (mask[m] == '*' || mask[m] == '<'))
        m++;
    return m == mask_count;
}

static bool is_wanted(const struct search *search, const wchar_t *name, size_t count)
{
    const wchar_t *mask = search->mask ? search->mask->Buffer : NULL;
    size_t length = mask ? search->mask->Length / sizeof *mask : 0;
    if (!length || (length == 3 && mask[0] == '*' && mask[1] == '.' && mask[2] == '*'))
        return true;
    return matches(mask, length, name, count);
}

/* Add a link to a listing, if it is one that Wine has left out. */
static void show(struct search *search, const char *name)
{
    struct status status;
    struct link link;
    wchar_t text[NAME_BYTES];
    size_t length = 0, start = name_at(search->class);
    while (name[length])
        length++;
    if (!linux_at_status(search->fd, name, true, &status) || !link_text(search->fd, name, &link))
        return; /* it leads somewhere, or is gone */
    size_t count = windows_name(name, length, text, NAME_BYTES);
    if (!count || !is_wanted(search, text, count) || search->skip) {
        search->skip -= search->skip && count && is_wanted(search, text, count);
        return;
    }
    ULONG at = search->entry ? (search->used + 7) & ~7u : 0, total = (ULONG)(start + count * sizeof *text);
    if (at + total > search->size || linux_at_status(search->fd, name, false, &status)) {
        search->full = true;
        return;
    }
    char *entry = search->buffer + at;
    for (size_t i = 0; i < start; i++)
        entry[i] = 0;
    if (search->entry)
        *(ULONG *)search->entry = (ULONG)(entry - search->entry);
    *(ULONG *)(entry + (search->class == NAMES ? NAMES_LENGTH : LENGTH)) = (ULONG)(count * sizeof *text);
    for (size_t i = 0; i < count; i++)
        ((wchar_t *)(entry + start))[i] = text[i];
    if (search->class != NAMES)
        put_link(entry, search->class, &link, &status);
    search->entry = entry;
    search->used = at + total;
    search->shown++;
    search->full = search->one;
}

static void go_through(struct search *search)
{
    struct {
        uint64_t inode, place;
        uint16_t size;
        uint8_t type;
        char name[];
    } *each;
    char *entries = RtlAllocateHeap(process_heap(), 0, ENTRIES_BYTES);
    long long got;
    while (entries && (got = linux_call(LINUX_GETDENTS, search->fd, (intptr_t)entries, ENTRIES_BYTES)) > 0)
        for (long long at = 0; at < got; at += each->size) {
            each = (void *)(entries + at);
            if (each->type == TYPE_LINK && !search->full)
                show(search, each->name);
        }
    if (entries)
        RtlFreeHeap(process_heap(), 0, entries);
}

HOOK NTSTATUS NTAPI hook_NtQueryDirectoryFile(HANDLE directory, HANDLE event, PIO_APC_ROUTINE apc, void *context,
                                              IO_STATUS_BLOCK *io, void *buffer, ULONG size,
                                              FILE_INFORMATION_CLASS class, BOOLEAN one, UNICODE_STRING *mask,
                                              BOOLEAN restart)
{
    int fd;
    NTSTATUS status;
    BOOLEAN from_start = restart;
    do {
        status = NtQueryDirectoryFile(directory, event, apc, context, io, buffer, size, class, one, mask, from_start);
        from_start = FALSE;
    } while (status == STATUS_SUCCESS && name_at((int)class) &&
             streams_drop(buffer, &io->Information, name_at((int)class), (int)class == NAMES ? NAMES_LENGTH : LENGTH));
    bool some = status == STATUS_SUCCESS || status == STATUS_BUFFER_OVERFLOW;
    if ((!some && status != STATUS_NO_MORE_FILES && status != STATUS_NO_SUCH_FILE) || !name_at((int)class) ||
        !descriptor(directory, &fd))
        return status;
    if (some) {
        if (status == STATUS_SUCCESS && (int)class != NAMES)
            correct(fd, buffer, (int)class);
        remember(directory, 0);
    } else {
        ULONG before = restart ? 0 : shown_of(directory);
        struct search search = {
            .fd = (int)linux_at_open(fd, ".", LINUX_O_DIRECTORY | LINUX_O_RDONLY | LINUX_O_CLOEXEC),
            .class = (int)class,
            .skip = before,
            .mask = mask,
            .one = one,
            .buffer = buffer,
            .size = size,
        };
        if (search.fd >= 0) {
            go_through(&search);
            linux_close(search.fd);
        }
        remember(directory, search.shown ? before + search.shown : 0);
        if (search.shown) {
            status = io->Status = STATUS_SUCCESS;
            io->Information = search.used;
        }
    }
    linux_close(fd);
    return status;
}

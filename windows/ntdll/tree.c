/*
 * Trees of directories, watched by Linux: it watches single ones, so each has a watch of its own, and those that come
 * later get one when they do.
 *
 * Source: inotify(7), getdents64(2); Microsoft, FILE_NOTIFY_INFORMATION (a move between directories is a removal and an
 * addition, one within a directory is a change of name).
 */
#include "tree.h"

enum {
    LINUX_GETDENTS64 = 217,
    LINUX_INOTIFY_ADD_WATCH = 254,
    LINUX_INOTIFY_RM_WATCH = 255,
    LINUX_INOTIFY_INIT1 = 294,
    IN_MODIFY = 0x2,
    IN_ATTRIB = 0x4,
    IN_MOVED_FROM = 0x40,
    IN_MOVED_TO = 0x80,
    IN_CREATE = 0x100,
    IN_DELETE = 0x200,
    IN_OVERFLOW = 0x4000,
    IN_IGNORED = 0x8000,
    IN_IS_DIRECTORY = 0x40000000,
    IN_ONLY_DIRECTORIES = 0x1000000,
    IN_NO_LINKS = 0x2000000,
    WATCHED = IN_MODIFY | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ONLY_DIRECTORIES |
              IN_NO_LINKS,
    KIND_DIRECTORY = 4,
    READ_BYTES = 16 << 10,
    FIRST_ROOM = 16,
    DEEPEST = 64,
    WRITTEN = FILE_NOTIFY_CHANGE_SIZE | FILE_NOTIFY_CHANGE_LAST_WRITE,
    DESCRIBED = FILE_NOTIFY_CHANGE_ATTRIBUTES | FILE_NOTIFY_CHANGE_LAST_WRITE | FILE_NOTIFY_CHANGE_LAST_ACCESS |
                FILE_NOTIFY_CHANGE_CREATION | FILE_NOTIFY_CHANGE_SECURITY,
};

struct entry {
    uint64_t inode, next;
    uint16_t size;
    uint8_t kind;
    char name[];
};

struct event {
    int watch;
    uint32_t mask, cookie, length;
    char name[];
};

static size_t text_length(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

/* Put `directory/name` into path; one of them may be empty. */
static bool join(char path[PATH_BYTES], const char *directory, const char *name)
{
    size_t length = 0;
    for (const char *p = directory; *p && length < PATH_BYTES; p++)
        path[length++] = *p;
    if (length && *name && length < PATH_BYTES)
        path[length++] = '/';
    for (const char *p = name; *p && length < PATH_BYTES; p++)
        path[length++] = *p;
    if (length >= PATH_BYTES)
        return false;
    path[length] = 0;
    return true;
}

/* Whether path is directory, or below it. */
static bool is_below(const char *path, const char *directory)
{
    for (; *directory; path++, directory++)
        if (*path != *directory)
            return false;
    return !*path || *path == '/';
}

/* Call found for the entries of a directory until it says true, and say whether it did. */
static bool each_entry(const char *path, bool (*found)(void *, const struct entry *), void *context)
{
    bool stopped = false;
    long long got;
    int fd = linux_open(path, LINUX_O_RDONLY);
    char *entries = fd < 0 ? NULL : RtlAllocateHeap(process_heap(), 0, READ_BYTES);
    while (entries && !stopped && (got = linux_call(LINUX_GETDENTS64, fd, (intptr_t)entries, READ_BYTES)) > 0)
        for (long long at = 0; at < got && !stopped; at += ((struct entry *)(entries + at))->size) {
            const struct entry *entry = (struct entry *)(entries + at);
            const char *name = entry->name;
            bool is_dots = name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
            stopped = !is_dots && found(context, entry);
        }
    if (entries)
        RtlFreeHeap(process_heap(), 0, entries);
    if (fd >= 0)
        linux_close(fd);
    return stopped;
}

static bool is_branch(void *context, const struct entry *entry)
{
    (void)context;
    return entry->kind == KIND_DIRECTORY;
}

bool tree_has_branches(const char *top)
{
    return each_entry(top, is_branch, NULL);
}

static struct place *place_of(struct tree *tree, int watch)
{
    for (size_t i = 0; i < tree->count; i++)
        if (tree->places[i].watch == watch)
            return &tree->places[i];
    return NULL;
}

static bool put_place(struct tree *tree, int watch, const char *path)
{
    size_t size = text_length(path) + 1;
    struct place *place = place_of(tree, watch);
    char *kept = RtlAllocateHeap(process_heap(), 0, size);
    if (kept && !place && tree->count == tree->room) {
        size_t room = tree->room ? 2 * tree->room : FIRST_ROOM;
        struct place *more = RtlAllocateHeap(process_heap(), 0, room * sizeof *more);
        if (more) {
            for (size_t i = 0; i < tree->count; i++)
                more[i] = tree->places[i];
            if (tree->places)
                RtlFreeHeap(process_heap(), 0, tree->places);
            tree->places = more;
            tree->room = room;
        }
    }
    if (!kept || (!place && tree->count == tree->room)) {
        if (kept)
            RtlFreeHeap(process_heap(), 0, kept);
        return false;
    }
    for (size_t i = 0; i < size; i++)
        kept[i] = path[i];
    if (place)
        RtlFreeHeap(process_heap(), 0, place->path); /* it has been moved */
    else
        place = &tree->places[tree->count++];
    *place = (struct place){watch, kept};
    return true;
}

static void drop_place(struct tree *tree, size_t at)
{
    RtlFreeHeap(process_heap(), 0, tree->places[at].path);
    tree->places[at] = tree->places[--tree->count];
}

struct growth {
    struct tree *tree;
    const char *path;
    unsigned depth;
    changed *tell; /* NULL: what is there has been there */
    void *context;
};

static void grow(const struct growth *growth);

static bool grow_entry(void *argument, const struct entry *entry)
{
    const struct growth *growth = argument;
    bool directory = entry->kind == KIND_DIRECTORY;
    char *path = directory || growth->tell ? RtlAllocateHeap(process_heap(), 0, PATH_BYTES) : NULL;
    if (path && join(path, growth->path, entry->name)) {
        if (growth->tell)
            growth->tell(growth->context, FILE_ACTION_ADDED,
                         directory ? FILE_NOTIFY_CHANGE_DIR_NAME : FILE_NOTIFY_CHANGE_FILE_NAME, path);
        if (directory && growth->depth < DEEPEST)
            grow(&(struct growth){growth->tree, path, growth->depth + 1, growth->tell, growth->context});
    }
    if (path)
        RtlFreeHeap(process_heap(), 0, path);
    return false;
}

/* Watch a directory and those below it. */
static void grow(const struct growth *growth)
{
    struct tree *tree = growth->tree;
    char *path = RtlAllocateHeap(process_heap(), 0, PATH_BYTES);
    if (!path)
        return;
    if (join(path, tree->top, growth->path)) {
        int watch = (int)linux_call(LINUX_INOTIFY_ADD_WATCH, tree->fd, (intptr_t)path, WATCHED);
        if (watch >= 0 && put_place(tree, watch, growth->path))
            each_entry(path, grow_entry, (void *)growth);
    }
    RtlFreeHeap(process_heap(), 0, path);
}

bool tree_open(struct tree *tree, const char *top)
{
    tree->count = tree->room = 0;
    tree->places = NULL;
    if (!join(tree->top, top, ""))
        return false;
    tree->fd = (int)linux_call(LINUX_INOTIFY_INIT1, LINUX_O_CLOEXEC, 0, 0);
    if (tree->fd < 0)
        return false;
    grow(&(struct growth){tree, "", 0, NULL, NULL});
    if (tree->count)
        return true;
    tree_close(tree);
    return false;
}

void tree_close(struct tree *tree)
{
    while (tree->count)
        drop_place(tree, tree->count - 1);
    if (tree->places)
        RtlFreeHeap(process_heap(), 0, tree->places);
    linux_close(tree->fd);
}

void tree_wake(struct tree *tree)
{
    /* The top's is the first one made; Linux tells of its end. */
    linux_call(LINUX_INOTIFY_RM_WATCH, tree->fd, 1, 0);
}

static void forget_below(struct tree *tree, const char *path)
{
    for (size_t i = tree->count; i-- > 0;)
        if (is_below(tree->places[i].path, path)) {
            linux_call(LINUX_INOTIFY_RM_WATCH, tree->fd, tree->places[i].watch, 0);
            drop_place(tree, i);
        }
}

/* partner: whether the event beside this one is the other half of a change of name within the directory. */
static void handle(struct tree *tree, const struct event *event, bool partner, changed *tell, void *context)
{
    const struct place *place = place_of(tree, event->watch);
    bool directory = event->mask & IN_IS_DIRECTORY;
    ULONG named = directory ? FILE_NOTIFY_CHANGE_DIR_NAME : FILE_NOTIFY_CHANGE_FILE_NAME;
    char *path = RtlAllocateHeap(process_heap(), 0, PATH_BYTES);
    if (path && place && event->length && join(path, place->path, event->name)) {
        if (event->mask & IN_CREATE)
            tell(context, FILE_ACTION_ADDED, named | FILE_NOTIFY_CHANGE_CREATION, path);
        else if (event->mask & IN_DELETE)
            tell(context, FILE_ACTION_REMOVED, named, path);
        else if (event->mask & IN_MOVED_FROM)
            tell(context, partner ? FILE_ACTION_RENAMED_OLD_NAME : FILE_ACTION_REMOVED, named, path);
        else if (event->mask & IN_MOVED_TO)
            tell(context, partner ? FILE_ACTION_RENAMED_NEW_NAME : FILE_ACTION_ADDED, named, path);
        else
            tell(context, FILE_ACTION_MODIFIED, event->mask & IN_MODIFY ? WRITTEN : DESCRIBED, path);
        if (directory && event->mask & IN_MOVED_FROM)
            forget_below(tree, path);
        if (directory && event->mask & (IN_CREATE | IN_MOVED_TO))
            grow(&(struct growth){tree, path, 0, event->mask & IN_CREATE ? tell : NULL, context});
    }
    if (path)
        RtlFreeHeap(process_heap(), 0, path);
}

static bool are_partners(const struct event *from, const struct event *to)
{
    return from->mask & IN_MOVED_FROM && to->mask & IN_MOVED_TO && from->cookie == to->cookie &&
           from->watch == to->watch;
}

bool tree_read(struct tree *tree, changed *tell, void *context)
{
    char *events = RtlAllocateHeap(process_heap(), 0, READ_BYTES);
    long long got = events ? linux_read(tree->fd, events, READ_BYTES) : -1;
    const struct event *before = NULL;
    for (long long at = 0; at < got;) {
        const struct event *event = (struct event *)(events + at), *next;
        at += (long long)(sizeof *event + event->length);
        next = at < got ? (struct event *)(events + at) : NULL;
        bool partner = (next && are_partners(event, next)) || (before && are_partners(before, event));
        if (event->mask & IN_OVERFLOW)
            tell(context, 0, ~0u, NULL);
        else if (!(event->mask & IN_IGNORED))
            handle(tree, event, partner, tell, context);
        else if (place_of(tree, event->watch))
            drop_place(tree, (size_t)(place_of(tree, event->watch) - tree->places));
        before = event;
    }
    if (events)
        RtlFreeHeap(process_heap(), 0, events);
    return got > 0 && tree->count;
}

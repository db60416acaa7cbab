/* How DIR shows what it found: one a line, in columns, or names alone. */
#include "cmd.h"

enum { SCREEN = 80 };

static wchar_t *lower_of(const wchar_t *name)
{
    wchar_t *made = copy(name);
    for (wchar_t *p = made; *p; p++)
        *p = RtlDowncaseUnicodeChar(*p);
    return made;
}

wchar_t *with_commas(uint64_t number, bool plain)
{
    wchar_t *digits = format(L"%I64u", number);
    struct text text = {0};
    for (size_t left = wcslen(digits); left; left--, digits++) {
        add_char(&text, *digits);
        if (left > 1 && left % 3 == 1 && !plain)
            add_char(&text, L',');
    }
    return chars_of(&text);
}

static const wchar_t *shown_name(const struct listing *listing, const WIN32_FIND_DATAW *found)
{
    return listing->lower ? lower_of(found->cFileName) : found->cFileName;
}

/* What a link points at, in brackets behind its name. */
static wchar_t *link_target(const wchar_t *path)
{
    wchar_t *target = take(PATH_ROOM * sizeof *target);
    HANDLE file = CreateFileW(path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                              FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return copy(L" [...]");
    DWORD length = GetFinalPathNameByHandleW(file, target, PATH_ROOM, 0);
    CloseHandle(file);
    if (!length || length >= PATH_ROOM)
        return copy(L" [...]");
    return join(L" [", same_start(target, L"\\\\?\\") ? target + 4 : target, L"]", NULL);
}

static void show_line(const struct listing *listing, const wchar_t *directory, const WIN32_FIND_DATAW *found)
{
    FILETIME local;
    SYSTEMTIME time;
    const wchar_t *size, *kind = NULL, *target = L"";
    uint64_t bytes = (uint64_t)found->nFileSizeHigh << 32 | found->nFileSizeLow;
    bool is_directory = found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY;
    FileTimeToLocalFileTime(listing->field == L'C'   ? &found->ftCreationTime
                            : listing->field == L'A' ? &found->ftLastAccessTime
                                                     : &found->ftLastWriteTime,
                            &local);
    FileTimeToSystemTime(&local, &time);
    if (is_link(found)) {
        bool is_junction = found->dwReserved0 == IO_REPARSE_TAG_MOUNT_POINT;
        kind = is_junction ? L"<JUNCTION>" : is_directory ? L"<SYMLINKD>" : L"<SYMLINK>";
        target = link_target(beside(directory, found->cFileName));
    } else if (is_directory) {
        kind = L"<DIR>";
    }
    size = kind ? format(L"    %-14s", kind) : format(L"%18s", with_commas(bytes, listing->no_commas));
    say(L"%s  %s%s %s%s%s\r\n", date_text(&time), short_time(&time), size,
        listing->short_names ? format(L"%-12s ", found->cAlternateFileName) : L"",
        shown_name(listing, found), target);
}

static void show_columns(const struct listing *listing, WIN32_FIND_DATAW **entries, unsigned count)
{
    size_t width = 0;
    wchar_t **names = take((count + 1) * sizeof *names);
    for (unsigned i = 0; i < count; i++) {
        bool is_directory = entries[i]->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY;
        const wchar_t *name = shown_name(listing, entries[i]);
        names[i] = is_directory ? join(L"[", name, L"]", NULL) : copy(name);
        if (wcslen(names[i]) > width)
            width = wcslen(names[i]);
    }
    unsigned columns = (unsigned)(SCREEN / (width + 2)), rows;
    if (!columns)
        columns = 1;
    rows = (count + columns - 1) / columns;
    for (unsigned row = 0; row < rows; row++) {
        struct text line = {0};
        for (unsigned column = 0; column < columns; column++) {
            unsigned i = listing->by_column ? column * rows + row : row * columns + column;
            if (i < count)
                add(&line, column + 1 < columns ? format(L"%-*s", (int)width + 2, names[i]) : names[i]);
        }
        say(L"%s\r\n", chars_of(&line));
    }
}

void show_entries(struct listing *listing, const wchar_t *directory, WIN32_FIND_DATAW **entries, unsigned count)
{
    if (listing->wide && !listing->bare) {
        show_columns(listing, entries, count);
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        struct mark mark = mark_memory();
        const wchar_t *name = shown_name(listing, entries[i]);
        if (!listing->bare)
            show_line(listing, directory, entries[i]);
        else if (!is_dots(name))
            say(L"%s\r\n", listing->deep ? beside(listing->lower ? lower_of(directory) : directory, name) : name);
        release_memory(mark);
    }
}

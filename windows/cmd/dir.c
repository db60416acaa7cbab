/* DIR: what is in directories, with volume and sums around it; VOL. */
#include "cmd.h"

struct gathering {
    const struct listing *listing;
    WIN32_FIND_DATAW **entries;
    unsigned count, room;
};

static bool gather(const WIN32_FIND_DATAW *found, void *context)
{
    struct gathering *gathering = context;
    if (!is_chosen(&gathering->listing->choice, found->dwFileAttributes))
        return true;
    if (gathering->count == gathering->room) {
        gathering->room = gathering->room * 2 + 64;
        WIN32_FIND_DATAW **entries = take(gathering->room * sizeof *entries);
        if (gathering->count)
            memcpy(entries, gathering->entries, gathering->count * sizeof *entries);
        gathering->entries = entries;
    }
    gathering->entries[gathering->count++] = memcpy(take(sizeof *found), found, sizeof *found);
    return true;
}

static wchar_t *root_of(const wchar_t *path)
{
    wchar_t *full = full_path(path), *root = take((wcslen(full) + 2) * sizeof *root);
    if (full[0] == L'\\' && full[1] == L'\\') {
        const wchar_t *end = wcschr(full + 2, L'\\');
        end = end ? wcschr(end + 1, L'\\') : NULL;
        return join(end ? copy_part(full, (size_t)(end - full)) : full, L"\\", NULL);
    }
    memcpy(root, full, 2 * sizeof *root);
    root[2] = L'\\';
    return root;
}

int show_volume(const wchar_t *path)
{
    wchar_t *root = root_of(path), label[MAX_PATH + 1] = L"";
    DWORD serial = 0;
    if (!GetVolumeInformationW(root, label, MAX_PATH, &serial, NULL, NULL, NULL, 0)) {
        failed_with(GetLastError());
        return 1;
    }
    if (*trimmed(label))
        say(L" Volume in drive %c is %s\r\n", upper(*root), label);
    else
        say(L" Volume in drive %c has no label.\r\n", upper(*root));
    say(L" Volume Serial Number is %04X-%04X\r\n", serial >> 16, serial & 0xffff);
    return 0;
}

static void show_sums(const struct listing *listing, uint64_t files, uint64_t bytes)
{
    say(L"%16s File(s) %14s bytes\r\n", with_commas(files, true), with_commas(bytes, listing->no_commas));
}

/* List what a pattern matches in a directory, then below it. False if there was nothing. */
static bool list_directory(struct listing *listing, const wchar_t *directory, const wchar_t *pattern)
{
    struct gathering gathering = {.listing = listing};
    uint64_t files = 0, bytes = 0, directories = 0;
    found_files(beside(directory, pattern), gather, &gathering);
    bool any = gathering.count != 0;
    for (unsigned i = 0; i < gathering.count; i++) {
        const WIN32_FIND_DATAW *found = gathering.entries[i];
        if (found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
            directories++;
        else {
            files++;
            bytes += (uint64_t)found->nFileSizeHigh << 32 | found->nFileSizeLow;
        }
    }
    if (any) {
        sort_entries(listing, gathering.entries, gathering.count);
        if (!listing->bare)
            say(L" Directory of %s\r\n\r\n", directory);
        show_entries(listing, directory, gathering.entries, gathering.count);
        if (!listing->bare)
            show_sums(listing, files, bytes);
        if (!listing->bare && listing->deep)
            say(L"\r\n");
        listing->all_files += files;
        listing->all_bytes += bytes;
        listing->all_directories += directories;
    }
    if (!listing->deep || shell.interrupted)
        return any;
    const struct listing everything = {.choice = {FILE_ATTRIBUTE_DIRECTORY, 0}};
    struct gathering below = {.listing = &everything};
    found_files(beside(directory, L"*"), gather, &below);
    for (unsigned i = 0; i < below.count; i++) {
        struct mark mark = mark_memory();
        const WIN32_FIND_DATAW *found = below.entries[i];
        if (!is_dots(found->cFileName) && !is_link(found) && is_chosen(&(struct choice){0, listing->choice.without &
            (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM)}, found->dwFileAttributes))
            any |= list_directory(listing, beside(directory, found->cFileName), pattern);
        release_memory(mark);
    }
    return any;
}

static void show_end(struct listing *listing, const wchar_t *directory)
{
    ULARGE_INTEGER available = {.QuadPart = 0};
    if (listing->deep) {
        say(L"     Total Files Listed:\r\n");
        show_sums(listing, listing->all_files, listing->all_bytes);
    }
    GetDiskFreeSpaceExW(directory, &available, NULL, NULL);
    say(L"%16s Dir(s) %15s bytes free\r\n", with_commas(listing->all_directories, true),
        with_commas(available.QuadPart, listing->no_commas));
}

static bool list(struct listing *listing, const wchar_t *path)
{
    const wchar_t *directory, *pattern;
    if (is_directory(path)) {
        directory = path;
        pattern = L"*";
    } else {
        directory = directory_part(path);
        pattern = path + wcslen(directory);
        if (!*pattern)
            pattern = L"*";
    }
    wchar_t *full = full_path(*directory ? directory : L".");
    size_t length = wcslen(full);
    if (length > 3 && full[length - 1] == L'\\')
        full[length - 1] = 0;
    if (!listing->bare && listing->volume != (unsigned)upper(*full)) {
        if (show_volume(full))
            return false;
        say(L"\r\n");
        listing->volume = (unsigned)upper(*full);
    }
    bool any = list_directory(listing, full, pattern);
    if (any && !listing->bare)
        show_end(listing, full);
    if (!any)
        complain(is_directory(full) ? L"File Not Found\r\n" : L"The system cannot find the path specified.\r\n");
    return any;
}

int do_dir(const wchar_t *rest)
{
    struct words words = {0};
    struct listing listing = {0};
    bool any = false;
    if (!read_listing(rest, &words, &listing))
        return fail(1);
    if (!words.count)
        words.items[words.count++] = L".";
    for (unsigned i = 0; i < words.count; i++)
        any |= list(&listing, words.items[i]);
    return fail(!any);
}

int do_vol(const wchar_t *rest)
{
    const wchar_t *path = trimmed(rest);
    if (*path && (path[1] != L':' || path[2])) {
        if (*path == L'/')
            complain(L"Invalid switch - \"%s\".\r\n", path + 1);
        else
            bad_syntax();
        return fail(1);
    }
    return fail(show_volume(*path ? path : L"."));
}

/* DEL: files by name or pattern, in a tree, by their attributes. */
#include "cmd.h"

struct deletion {
    struct choice choice;
    bool asks, forced, deep, quiet;
    const wchar_t *directory, *pattern;
    unsigned found;
    bool failed;
};

static void delete_one(struct deletion *deletion, const wchar_t *path, DWORD attributes)
{
    if (deletion->asks && ask(join(path, L", Delete (Y/N)? ", NULL), L"YN"))
        return;
    if (attributes & FILE_ATTRIBUTE_READONLY && deletion->forced)
        SetFileAttributesW(path, attributes & ~(DWORD)FILE_ATTRIBUTE_READONLY);
    bool refused = attributes & FILE_ATTRIBUTE_READONLY && !deletion->forced;
    if (refused)
        SetLastError(ERROR_ACCESS_DENIED);
    if (!refused && DeleteFileW(path)) {
        if (deletion->deep)
            say(L"Deleted file - %s\r\n", path);
        return;
    }
    complain(L"%s\r\n%s\r\n", path, reason(GetLastError()));
    deletion->failed = true;
}

static bool delete_found(const WIN32_FIND_DATAW *found, void *context)
{
    struct deletion *deletion = context;
    if (found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY || !is_chosen(&deletion->choice, found->dwFileAttributes))
        return true;
    struct mark mark = mark_memory();
    deletion->found++;
    delete_one(deletion, full_path(beside(deletion->directory, found->cFileName)), found->dwFileAttributes);
    release_memory(mark);
    return !shell.interrupted;
}

static void delete_in(struct deletion *deletion, const wchar_t *directory);

static bool delete_below(const WIN32_FIND_DATAW *found, void *context)
{
    struct deletion *deletion = context;
    if (!(found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) || is_dots(found->cFileName) || is_link(found))
        return true;
    const wchar_t *directory = deletion->directory;
    struct mark mark = mark_memory();
    delete_in(deletion, beside(directory, found->cFileName));
    release_memory(mark);
    deletion->directory = directory;
    return !shell.interrupted;
}

static void delete_in(struct deletion *deletion, const wchar_t *directory)
{
    deletion->directory = directory;
    found_files(beside(directory, deletion->pattern), delete_found, deletion);
    if (deletion->deep)
        found_files(beside(directory, L"*"), delete_below, deletion);
}

/* False if nothing was deleted for want of a file, which is said. */
static bool delete_named(struct deletion *deletion, const wchar_t *path)
{
    const wchar_t *directory = directory_part(path), *pattern = path + wcslen(directory);
    if (is_directory(path)) {
        directory = path;
        pattern = L"*";
    }
    if (!*pattern)
        pattern = L"*";
    if (*directory && !is_directory(directory) && directory[wcslen(directory) - 1] != L':') {
        failed_with(ERROR_PATH_NOT_FOUND);
        deletion->failed = true;
        return false;
    }
    bool all = !wcscmp(pattern, L"*") || !wcscmp(pattern, L"*.*");
    if (all && !deletion->quiet &&
        ask(join(full_path(beside(directory, pattern)), L", Are you sure (Y/N)? ", NULL), L"YN"))
        return false;
    deletion->pattern = pattern;
    deletion->found = 0;
    delete_in(deletion, directory);
    if (!deletion->found)
        complain(L"Could Not Find %s\r\n", full_path(beside(directory, pattern)));
    return deletion->found;
}

int do_del(const wchar_t *rest)
{
    struct words words = {0};
    struct deletion deletion = {.failed = false};
    bool given;
    split_words(rest, &words, true);
    for (unsigned i = 0; i < words.switch_count; i++)
        if (!*words.switches[i] || !wcschr(L"PFSQA", upper(*words.switches[i]))) {
            complain(L"Invalid switch - \"%s\".\r\n", words.switches[i]);
            return fail(1);
        }
    if (!words.count)
        return bad_syntax(), fail(1);
    if (!split_attributes(&words, &deletion.choice, &given))
        return fail(1);
    deletion.asks = has_switch(&words, L"p");
    deletion.forced = has_switch(&words, L"f") || deletion.choice.with & FILE_ATTRIBUTE_READONLY;
    deletion.deep = has_switch(&words, L"s");
    deletion.quiet = has_switch(&words, L"q") || deletion.asks;
    for (unsigned i = 0; i < words.count; i++)
        delete_named(&deletion, words.items[i]);
    return fail(deletion.failed);
}

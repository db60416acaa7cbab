/* REN and MOVE. */
#include "cmd.h"

struct sources {
    const wchar_t *directory;
    wchar_t *items[4096];
    unsigned count;
    bool files_only;
};

static bool note(const WIN32_FIND_DATAW *found, void *context)
{
    struct sources *names = context;
    if (is_dots(found->cFileName) || (names->files_only && found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY))
        return true;
    names->items[names->count++] = beside(names->directory, found->cFileName);
    return names->count < sizeof names->items / sizeof *names->items;
}

/* What a path matches, as it is spelled on the disk; NULL if that is nothing. */
static struct sources *matches(const wchar_t *path, bool files_only)
{
    struct sources *names = take(sizeof *names);
    names->directory = directory_part(path);
    names->files_only = files_only && has_wildcard(path);
    size_t length = wcslen(path);
    if (length > 3 && path[length - 1] == L'\\') {
        path = copy_part(path, length - 1);
        names->directory = directory_part(path);
    }
    if (found_files(path, note, names) && names->count)
        return names;
    return NULL;
}

int do_ren(const wchar_t *rest)
{
    struct words words = {0};
    bool failed = false;
    split_words(rest, &words, true);
    if (words.count != 2 || !*words.items[1] || words.switch_count || wcschr(words.items[1], L'\\') ||
        wcschr(words.items[1], L':'))
        return bad_syntax(), fail(1);
    struct sources *names = matches(words.items[0], true);
    if (!names)
        return failed_with(ERROR_FILE_NOT_FOUND), fail(1);
    for (unsigned i = 0; i < names->count; i++) {
        const wchar_t *directory = directory_part(names->items[i]), *name = names->items[i] + wcslen(directory);
        const wchar_t *target = join(directory, applied(words.items[1], name), NULL);
        if (MoveFileW(names->items[i], target))
            continue;
        unsigned error = GetLastError();
        if (error == ERROR_ALREADY_EXISTS || error == ERROR_FILE_EXISTS)
            complain(L"A duplicate file name exists, or the file\r\ncannot be found.\r\n");
        else
            failed_with(error);
        failed = true;
    }
    return fail(failed);
}

/* Whether existing files are overwritten without asking: in batch files, after /C, or as COPYCMD says. */
bool overwrites(void)
{
    const wchar_t *variable = variable_of(L"COPYCMD");
    if (variable && same(trimmed(variable), L"/-y"))
        return false;
    return shell.batch || !shell.interactive || (variable && same(trimmed(variable), L"/y"));
}

/* Ask whether a file is to be overwritten, unless all are. */
bool may_overwrite(const wchar_t *path, bool *all)
{
    if (*all || attributes_of(path) == INVALID_FILE_ATTRIBUTES)
        return true;
    int answer = ask(format(L"Overwrite %s? (Yes/No/All): ", path), L"YNA");
    *all = answer == 2;
    return !answer || answer == 2;
}

static bool move_one(const wchar_t *from, const wchar_t *to, bool *all)
{
    bool to_directory = is_directory(to), from_directory = is_directory(from);
    if (to_directory)
        to = beside(to, from + wcslen(directory_part(from)));
    const wchar_t *full_from = full_path(from), *full_to = full_path(to);
    size_t length = wcslen(full_from);
    if (from_directory && same_start(full_to, full_from) && (!full_to[length] || full_to[length] == L'\\')) {
        failed_with(ERROR_SHARING_VIOLATION);
        return false;
    }
    if (same(full_from, full_to))
        return true;
    if (from_directory && attributes_of(to) != INVALID_FILE_ATTRIBUTES) {
        failed_with(ERROR_ACCESS_DENIED);
        return false;
    }
    if (!may_overwrite(full_to, all))
        return false;
    if (MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING | (from_directory ? 0 : MOVEFILE_COPY_ALLOWED)))
        return true;
    failed_with(GetLastError());
    return false;
}

int do_move(const wchar_t *rest)
{
    struct words words = {0};
    unsigned moved = 0, matched = 0;
    bool failed = false, all = overwrites(), of_directory = false;
    split_words(rest, &words, true);
    for (unsigned i = 0; i < words.switch_count; i++)
        if (same(words.switches[i], L"y") || same(words.switches[i], L"-y"))
            all = *words.switches[i] != L'-';
        else
            return bad_syntax(), fail(1);
    if (!words.count)
        return bad_syntax(), fail(1);
    const wchar_t *to = words.count > 1 ? words.items[words.count - 1] : L".";
    for (unsigned i = 0; i + (words.count > 1) < words.count; i++) {
        struct sources *names = matches(words.items[i], true);
        if (!names) {
            failed_with(ERROR_FILE_NOT_FOUND);
            failed = true;
            continue;
        }
        matched += names->count;
        of_directory = names->count == 1 && is_directory(names->items[0]);
        if (names->count > 1 && !is_directory(to)) {
            complain(L"Cannot move multiple files to a single file.\r\n");
            return fail(1);
        }
        for (unsigned j = 0; j < names->count; j++) {
            if (has_wildcard(words.items[i]))
                say(L"%s\r\n", full_path(names->items[j]));
            bool done = move_one(names->items[j], to, &all);
            moved += done;
            failed |= !done;
        }
    }
    if (matched)
        say(L"%9u %s moved.\r\n", moved, of_directory ? L"dir(s)" : L"file(s)");
    return fail(failed);
}

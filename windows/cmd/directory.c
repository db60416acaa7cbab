/* Directories: CD, MD, RD, PUSHD, POPD. */
#include "cmd.h"

static struct pushed {
    struct pushed *older;
    wchar_t *path;
} *pushed;

int do_cd(const wchar_t *rest)
{
    const wchar_t *path = trimmed(rest);
    bool with_drive = false;
    while (same_start(path, L"/d") && (!path[2] || is_delimiter(path[2]) || path[2] == L'"')) {
        with_drive = true;
        path = trimmed(path + 2);
    }
    path = trimmed(without_quotes(path));
    if (!*path) {
        say(L"%s\r\n", current_directory());
        return succeed();
    }
    const wchar_t *now = current_directory();
    if (path[1] == L':' && !path[2] && !with_drive) {
        wchar_t variable[] = {L'=', upper(*path), L':', 0};
        const wchar_t *there = upper(*path) == upper(*now) ? now : variable_of(variable);
        say(L"%s\r\n", there ? there : format(L"%c:\\", upper(*path)));
        return succeed();
    }
    if (path[1] == L':' && upper(*path) != upper(*now) && !with_drive) {
        /* Another drive's directory is remembered for when the drive is changed. */
        wchar_t variable[] = {L'=', upper(*path), L':', 0};
        if (!is_directory(path))
            return failed_with(ERROR_PATH_NOT_FOUND), fail(1);
        SetEnvironmentVariableW(variable, full_path(path));
        return succeed();
    }
    if (change_directory(path))
        return succeed();
    unsigned error = GetLastError();
    failed_with(error == ERROR_FILE_NOT_FOUND ? ERROR_PATH_NOT_FOUND : error);
    return fail(1);
}

/* Make a directory and those on the way to it. */
static bool make_directory(const wchar_t *path)
{
    wchar_t *full = full_path(path);
    size_t length = wcslen(full);
    while (length > 3 && full[length - 1] == L'\\')
        full[--length] = 0;
    if (length >= MAX_PATH - 12 && !same_start(full, L"\\\\?\\")) {
        SetLastError(ERROR_FILENAME_EXCED_RANGE);
        return false;
    }
    if (CreateDirectoryW(full, NULL))
        return true;
    unsigned error = GetLastError();
    if ((error != ERROR_PATH_NOT_FOUND && error != ERROR_INVALID_NAME) || !shell.extensions)
        return false;
    for (size_t i = 3; i < length; i++)
        if (full[i] == L'\\') {
            full[i] = 0;
            if (!CreateDirectoryW(full, NULL) && GetLastError() != ERROR_ALREADY_EXISTS)
                return false;
            full[i] = L'\\';
        }
    return CreateDirectoryW(full, NULL);
}

int do_md(const wchar_t *rest)
{
    struct words words = {0};
    int result = 0;
    split_words(rest, &words, true);
    if (!words.count)
        return bad_syntax(), fail(1);
    for (unsigned i = 0; i < words.count; i++) {
        if (same(words.items[i], L"nul") || make_directory(words.items[i]))
            continue;
        unsigned error = GetLastError();
        if (error == ERROR_ALREADY_EXISTS || error == ERROR_FILE_EXISTS)
            complain(L"A subdirectory or file %s already exists.\r\n", words.items[i]);
        else
            failed_with(error);
        result = 1;
    }
    return fail(result);
}

struct removal {
    const wchar_t *directory;
    unsigned error;
};

static bool remove_found(const WIN32_FIND_DATAW *found, void *context);

/* Remove all that is in a directory, and the directory; of a link only the link. */
static unsigned remove_tree(const wchar_t *path)
{
    struct removal removal = {path, 0};
    found_files(beside(path, L"*"), remove_found, &removal);
    if (RemoveDirectoryW(path))
        return removal.error;
    if (GetLastError() == ERROR_ACCESS_DENIED) {
        SetFileAttributesW(path, FILE_ATTRIBUTE_NORMAL);
        if (RemoveDirectoryW(path))
            return removal.error;
    }
    return removal.error ? removal.error : GetLastError();
}

static bool remove_found(const WIN32_FIND_DATAW *found, void *context)
{
    struct removal *removal = context;
    unsigned error = 0;
    if (is_dots(found->cFileName))
        return true;
    struct mark mark = mark_memory();
    const wchar_t *path = beside(removal->directory, found->cFileName);
    if (found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY && !is_link(found)) {
        error = remove_tree(path);
    } else {
        if (found->dwFileAttributes & FILE_ATTRIBUTE_READONLY)
            SetFileAttributesW(path, FILE_ATTRIBUTE_NORMAL);
        bool removed = found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY ? RemoveDirectoryW(path) : DeleteFileW(path);
        error = removed ? 0 : GetLastError();
        if (error)
            complain(L"%s - %s\r\n", path, reason(error));
    }
    release_memory(mark);
    if (error)
        removal->error = error;
    return !shell.interrupted;
}

static unsigned remove_directory(const wchar_t *path, bool with_content)
{
    WIN32_FIND_DATAW found;
    DWORD attributes = attributes_of(path);
    if (!with_content || attributes == INVALID_FILE_ATTRIBUTES || !(attributes & FILE_ATTRIBUTE_DIRECTORY))
        return RemoveDirectoryW(path) ? 0 : GetLastError();
    HANDLE search = FindFirstFileW(path, &found);
    if (search != INVALID_HANDLE_VALUE) {
        FindClose(search);
        if (is_link(&found))
            return RemoveDirectoryW(path) ? 0 : GetLastError();
    }
    return remove_tree(full_path(path));
}

int do_rd(const wchar_t *rest)
{
    struct words words = {0};
    int result = 0;
    split_words(rest, &words, true);
    if (!words.count)
        return bad_syntax();
    for (unsigned i = 0; i < words.count; i++) {
        const wchar_t *path = words.items[i];
        bool with_content = has_switch(&words, L"s");
        if (with_content && !has_switch(&words, L"q") && is_directory(path) &&
            ask(join(path, L", Are you sure (Y/N)? ", NULL), L"YN"))
            continue;
        unsigned error = remove_directory(path, with_content);
        if (error)
            result = failed_with(error);
    }
    return result;
}

int do_pushd(const wchar_t *rest)
{
    const wchar_t *path = trimmed(without_quotes(trimmed(rest)));
    if (!*path) {
        for (struct pushed *p = pushed; p; p = p->older)
            say(L"%s\r\n", p->path);
        return succeed();
    }
    wchar_t *now = current_directory();
    if (!change_directory(path)) {
        unsigned error = GetLastError();
        failed_with(error == ERROR_FILE_NOT_FOUND ? ERROR_PATH_NOT_FOUND : error);
        return fail(1);
    }
    struct pushed *top = keep(sizeof *top);
    top->older = pushed;
    top->path = keep_text(now);
    pushed = top;
    return succeed();
}

int do_popd(const wchar_t *rest)
{
    (void)rest;
    struct pushed *top = pushed;
    if (!top)
        return 1;
    pushed = top->older;
    bool changed = change_directory(top->path);
    drop(top->path);
    drop(top);
    return changed ? 0 : failed_with(ERROR_PATH_NOT_FOUND);
}

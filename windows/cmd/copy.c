/* COPY: single files as they are, or several into one; as text up to the end mark (Ctrl-Z), or all bytes. */
#include "cmd.h"

enum { COPY_BLOCK = 64 << 10, END_MARK = 0x1a };

struct progress {
    const struct copying *copying;
    const struct copy_source *source;
    HANDLE joined; /* the file that all sources go to, or NULL */
    const wchar_t *joined_path, *target_directory, *name_pattern;
    unsigned copied, found;
    bool failed, all, as_text;
};

static bool is_device(const wchar_t *path)
{
    return same(path, L"nul") || same(path, L"con") || same(path, L"nul:") || same(path, L"con:") ||
           same_start(path, L"\\\\.\\");
}

/* Copy all of from, or up to the end mark. */
static bool pour(HANDLE from, HANDLE to, bool as_text)
{
    char *bytes = take(COPY_BLOCK);
    DWORD got, written;
    while (ReadFile(from, bytes, COPY_BLOCK, &got, NULL) && got && !shell.interrupted) {
        DWORD size = got;
        for (DWORD i = 0; as_text && i < got; i++)
            if (bytes[i] == END_MARK) {
                size = i;
                break;
            }
        if (size && (!WriteFile(to, bytes, size, &written, NULL) || written < size))
            return false;
        if (size < got)
            break;
    }
    return true;
}

static HANDLE open_source(const wchar_t *path)
{
    return CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                       FILE_FLAG_SEQUENTIAL_SCAN, NULL);
}

static bool pour_file(const wchar_t *path, HANDLE to, bool as_text)
{
    HANDLE from = open_source(path);
    if (from == INVALID_HANDLE_VALUE)
        return false;
    bool done = pour(from, to, as_text);
    CloseHandle(from);
    return done;
}

static bool put_end_mark(HANDLE to)
{
    const char mark = END_MARK;
    DWORD written;
    return WriteFile(to, &mark, 1, &written, NULL);
}

static bool copy_bytes(const struct progress *progress, const wchar_t *from, const wchar_t *to)
{
    bool as_text = progress->source->mode == L'A';
    if (!as_text && !is_device(from) && !is_device(to))
        return CopyFileW(from, to, FALSE);
    HANDLE made = CreateFileW(to, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, CREATE_ALWAYS,
                              FILE_ATTRIBUTE_NORMAL, NULL);
    if (made == INVALID_HANDLE_VALUE)
        return false;
    bool done = pour_file(from, made, as_text);
    if (done && as_text && progress->copying->target_mode != L'B')
        done = put_end_mark(made);
    CloseHandle(made);
    return done;
}

static void copy_single(struct progress *progress, const wchar_t *from, const wchar_t *name)
{
    const wchar_t *to = progress->copying->target ? progress->copying->target : L".";
    if (progress->target_directory)
        to = beside(progress->target_directory, applied(progress->name_pattern, name));
    if (progress->copying->shows_names)
        say(L"%s\r\n", from);
    if (!is_device(to) && same(full_path(from), full_path(to))) {
        complain(L"The file cannot be copied onto itself.\r\n");
        progress->failed = true;
        return;
    }
    if (!is_device(to) && !may_overwrite(to, &progress->all)) {
        progress->failed = true;
        return;
    }
    if (copy_bytes(progress, from, to)) {
        progress->copied++;
        return;
    }
    failed_with(GetLastError());
    progress->failed = true;
}

static void join_file(struct progress *progress, const wchar_t *from)
{
    bool as_text = progress->source->mode != L'B', is_first = !progress->joined;
    bool is_target = !is_device(from) && same(full_path(from), full_path(progress->joined_path));
    say(L"%s\r\n", from);
    if (is_first) {
        DWORD how = is_target ? OPEN_EXISTING : CREATE_ALWAYS;
        if (!is_target && !is_device(progress->joined_path) && !may_overwrite(progress->joined_path, &progress->all)) {
            progress->failed = true;
            return;
        }
        progress->joined = CreateFileW(progress->joined_path, GENERIC_READ | GENERIC_WRITE,
                                       FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, how, FILE_ATTRIBUTE_NORMAL, NULL);
        if (progress->joined == INVALID_HANDLE_VALUE) {
            failed_with(GetLastError());
            progress->failed = true;
            return;
        }
        if (is_target)
            SetFilePointer(progress->joined, 0, NULL, FILE_END);
    } else if (is_target) {
        complain(L"The content of the destination file was lost before the copy.\r\n");
    }
    if (is_target)
        return;
    if (progress->joined != INVALID_HANDLE_VALUE && !pour_file(from, progress->joined, as_text)) {
        failed_with(GetLastError());
        progress->failed = true;
    }
}

static bool copy_found(const WIN32_FIND_DATAW *found, void *context)
{
    struct progress *progress = context;
    if (found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
        return true;
    struct mark mark = mark_memory();
    const wchar_t *directory = directory_part(progress->source->path);
    if (is_directory(progress->source->path))
        directory = progress->source->path;
    const wchar_t *from = beside(directory, found->cFileName);
    progress->found++;
    if (progress->joined_path)
        join_file(progress, from);
    else
        copy_single(progress, from, found->cFileName);
    release_memory(mark);
    return !shell.interrupted && !(progress->joined_path && progress->failed);
}

static void copy_source(struct progress *progress)
{
    const wchar_t *path = progress->source->path;
    unsigned before = progress->found;
    size_t length = wcslen(path);
    if (is_device(path)) {
        progress->found++;
        if (progress->joined_path)
            join_file(progress, path);
        else
            copy_single(progress, path, path);
        return;
    }
    bool as_directory = is_directory(path);
    if (!as_directory && length && path[length - 1] == L'\\') {
        failed_with(ERROR_FILE_NOT_FOUND);
        progress->failed = true;
        return;
    }
    found_files(as_directory ? beside(path, L"*") : path, copy_found, progress);
    if (progress->found == before) {
        if (progress->copying->shows_names)
            complain(L"%s\r\n", path);
        failed_with(ERROR_FILE_NOT_FOUND);
        progress->failed = true;
    }
}

/* Find out where the copies go: into a directory, under names, all into one file. False if there is no such place. */
static bool find_target(struct progress *progress, struct copying *copying)
{
    const wchar_t *target = copying->target ? copying->target : L".", *first = copying->sources[0].path;
    size_t length = wcslen(target);
    bool many = has_wildcard(first) || is_directory(first);
    progress->name_pattern = L"*";
    if (is_device(target)) {
        progress->joined_path = copying->joins ? target : NULL;
    } else if (is_directory(target)) {
        progress->target_directory = target;
    } else if (target[length - 1] == L'\\' || target[length - 1] == L'/') {
        return false;
    } else if (has_wildcard(target) || !(many || copying->joins)) {
        progress->target_directory = directory_part(target);
        progress->name_pattern = target + wcslen(progress->target_directory);
    } else {
        progress->joined_path = target;
        copying->joins = true;
    }
    if (copying->joins && !progress->joined_path) {
        /* The first source gives the name. */
        WIN32_FIND_DATAW found;
        HANDLE search = FindFirstFileW(first, &found);
        if (search != INVALID_HANDLE_VALUE)
            FindClose(search);
        const wchar_t *name = search != INVALID_HANDLE_VALUE ? found.cFileName : first + wcslen(directory_part(first));
        progress->joined_path = beside(progress->target_directory, copy(applied(progress->name_pattern, name)));
    }
    copying->shows_names = many || copying->joins;
    return true;
}

int do_copy(const wchar_t *rest)
{
    struct copying *copying = take(sizeof *copying);
    struct progress progress = {.copying = copying};
    if (!read_copying(rest, copying))
        return bad_syntax(), fail(1);
    progress.all = !copying->asks;
    if (!find_target(&progress, copying)) {
        failed_with(ERROR_PATH_NOT_FOUND);
        say(L"%9u file(s) copied.\r\n", 0);
        return fail(1);
    }
    for (unsigned i = 0; i < copying->count && !shell.interrupted; i++) {
        progress.source = &copying->sources[i];
        copy_source(&progress);
    }
    if (progress.joined && progress.joined != INVALID_HANDLE_VALUE) {
        if (copying->target_mode != L'B')
            put_end_mark(progress.joined);
        CloseHandle(progress.joined);
        progress.copied = 1;
    }
    if (progress.found)
        say(L"%9u file(s) copied.\r\n", progress.copied);
    return fail(progress.failed);
}

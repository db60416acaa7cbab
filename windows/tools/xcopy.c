/* xcopy: copies files and trees. */
#include "xcopy.h"

/* One letter off standard input, of a line; 0 at its end. */
static wchar_t answer(void)
{
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    wchar_t first = 0;
    char byte;
    DWORD got;
    flush();
    while (ReadFile(input, &byte, 1, &got, NULL) && got && byte != '\n')
        if (!first && byte > ' ')
            first = upper((wchar_t)(unsigned char)byte);
        else if (byte == '\r')
            first = first ? first : L' ';
    return first;
}

static bool stop(struct xcopy *xcopy, int code)
{
    xcopy->code = code;
    return false;
}

static bool may_overwrite(struct xcopy *xcopy, const wchar_t *target)
{
    if (xcopy->yes || !xcopy->asks)
        return true;
    for (;;) {
        say(L"Overwrite %s (Yes/No/All)? ", target);
        wchar_t said = answer();
        if (!said)
            return stop(xcopy, CODE_STOPPED);
        xcopy->yes = said == L'A';
        if (said == L'Y' || said == L'A' || said == L'N')
            return said != L'N';
    }
}

static uint64_t time_of(const FILETIME *time)
{
    return (uint64_t)time->dwHighDateTime << 32 | time->dwLowDateTime;
}

/* What is told and matched is in the words of the command line. */
static bool is_excluded(const struct xcopy *xcopy, const wchar_t *path)
{
    const wchar_t *full = full_path(path);
    for (size_t i = 0; i < xcopy->excluded_count; i++)
        for (const wchar_t *p = full; *p; p++)
            if (same_start(p, xcopy->excluded[i]))
                return true;
    return false;
}

static bool is_wanted(const struct xcopy *xcopy, const struct entry *entry, const wchar_t *source, const wchar_t *target)
{
    WIN32_FILE_ATTRIBUTE_DATA there;
    bool exists = GetFileAttributesExW(target, GetFileExInfoStandard, &there);
    if (!xcopy->hidden && (entry->attributes & (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM)))
        return false;
    if (xcopy->archived && !(entry->attributes & FILE_ATTRIBUTE_ARCHIVE))
        return false;
    if (xcopy->dated && time_of(&entry->written) < xcopy->since)
        return false;
    if (xcopy->newer && exists && time_of(&entry->written) <= time_of(&there.ftLastWriteTime))
        return false;
    return (!xcopy->update || exists) && !is_excluded(xcopy, source);
}

static bool failed(struct xcopy *xcopy, DWORD error)
{
    complain(error == ERROR_FILE_EXISTS ? L"File cannot be copied onto itself\r\n" : L"%s\r\n", reason(error));
    xcopy->code = error == ERROR_FILE_EXISTS ? CODE_WRONG : CODE_FAILED;
    return xcopy->go_on;
}

static bool copy_file(struct xcopy *xcopy, const struct entry *entry, const wchar_t *source, const wchar_t *target)
{
    DWORD there = GetFileAttributesW(target);
    if (same(full_path(source), full_path(target)))
        return failed(xcopy, ERROR_FILE_EXISTS);
    if (there != INVALID_FILE_ATTRIBUTES && !xcopy->list && !may_overwrite(xcopy, target))
        return !xcopy->code;
    if (xcopy->full)
        say(L"%s -> %s\r\n", full_path(source), full_path(target));
    else if (!xcopy->quiet)
        say(*directory_of(source) ? L"%s\r\n" : format(L"%.2s%%s\r\n", full_path(source)), source);
    xcopy->copied++;
    if (xcopy->list)
        return true;
    if (there != INVALID_FILE_ATTRIBUTES && xcopy->over_read_only)
        SetFileAttributesW(target, FILE_ATTRIBUTE_NORMAL);
    if (!CopyFileW(source, target, FALSE)) {
        xcopy->copied--;
        return failed(xcopy, GetLastError());
    }
    DWORD kept = entry->attributes & (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM | (xcopy->keep ? FILE_ATTRIBUTE_READONLY : 0));
    SetFileAttributesW(target, kept | FILE_ATTRIBUTE_ARCHIVE);
    if (xcopy->reset)
        SetFileAttributesW(source, entry->attributes & ~(DWORD)FILE_ATTRIBUTE_ARCHIVE);
    return true;
}

static bool need_directory(struct xcopy *xcopy, const wchar_t *target)
{
    if (xcopy->list || make_directories(target))
        return true;
    complain(L"Unable to create directory - %s\r\n", target);
    return stop(xcopy, CODE_WRONG);
}

static bool copy_tree(struct xcopy *xcopy, const wchar_t *from, const wchar_t *pattern, const wchar_t *target)
{
    size_t count;
    DWORD error;
    struct entry *all = list(*from ? from : L".", pattern, &count, &error);
    for (size_t i = 0; i < count && !xcopy->structure; i++) {
        const wchar_t *source = *from ? under(from, all[i].name) : all[i].name, *to = under(target, all[i].name);
        if ((all[i].attributes & FILE_ATTRIBUTE_DIRECTORY) || !is_wanted(xcopy, all + i, source, to))
            continue;
        if (!need_directory(xcopy, target) || !copy_file(xcopy, all + i, source, to))
            return false;
    }
    all = xcopy->trees ? list(*from ? from : L".", L"*", &count, &error) : NULL;
    for (size_t i = 0; all && i < count; i++) {
        const wchar_t *source = *from ? under(from, all[i].name) : all[i].name, *to = under(target, all[i].name);
        bool hidden = all[i].attributes & (FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM);
        if (!(all[i].attributes & FILE_ATTRIBUTE_DIRECTORY) || (hidden && !xcopy->hidden) || is_excluded(xcopy, under(source, L"")))
            continue;
        if ((xcopy->empty || xcopy->structure) && !need_directory(xcopy, to))
            return false;
        if (!copy_tree(xcopy, source, pattern, to))
            return false;
    }
    return true;
}

static bool is_directory_asked(struct xcopy *xcopy, bool *directory)
{
    for (;;) {
        say(L"Does %s specify a file name\r\nor directory name on the target\r\n(F = file, D = directory)? ", xcopy->target);
        wchar_t said = answer();
        if (!said)
            return stop(xcopy, CODE_STOPPED);
        if (said == L'F' || said == L'D')
            return *directory = said == L'D', true;
    }
}

static bool has_wildcard(const wchar_t *path)
{
    return wcschr(path, L'*') || wcschr(path, L'?');
}

static bool ends_with_separator(const wchar_t *path)
{
    size_t length = wcslen(path);
    return length && (path[length - 1] == L'\\' || path[length - 1] == L'/' || path[length - 1] == L':');
}

/* A target that ends with * is a file's name: the way of scripts not to be asked. */
static bool drop_star(wchar_t **path)
{
    size_t length = wcslen(*path);
    if (!length || (*path)[length - 1] != L'*')
        return false;
    *path = copy_part(*path, length - 1);
    return true;
}

static void run(struct xcopy *xcopy)
{
    bool tree = is_directory(xcopy->source), into, star = drop_star(&xcopy->target);
    const wchar_t *from = tree ? xcopy->source : directory_of(xcopy->source);
    const wchar_t *pattern = tree ? L"*" : base_name(xcopy->source), *name = NULL;
    bool many = tree || has_wildcard(pattern), whole_name = false;
    size_t count;
    DWORD error;
    struct entry *all = list(*from ? from : L".", pattern, &count, &error);
    into = is_directory(xcopy->target) || ends_with_separator(xcopy->target);
    if (!tree && (!all || (!count && !xcopy->trees))) {
        say(L"File not found - %s\r\n", pattern);
        stop(xcopy, CODE_WRONG);
        return;
    }
    if (!into && (is_there(xcopy->target) || (star && !many)))
        whole_name = true;
    else if (!into && many && xcopy->directory)
        into = true;
    else if (!into && (!is_directory_asked(xcopy, &into)))
        return;
    if (!into && !many)
        whole_name = true;
    const wchar_t *start = full_path(under(from, L"")), *end = full_path(under(xcopy->target, L""));
    if (tree && xcopy->trees && same_start(end, start) && !same(start, end)) {
        complain(L"Cannot perform a cyclic copy\r\n");
        stop(xcopy, CODE_WRONG);
        return;
    }
    if (whole_name) {
        name = xcopy->target;
        for (size_t i = 0; i < count; i++) {
            const wchar_t *source = *from ? under(from, all[i].name) : all[i].name;
            if (!(all[i].attributes & FILE_ATTRIBUTE_DIRECTORY) && is_wanted(xcopy, all + i, source, name) &&
                (!need_directory(xcopy, *directory_of(name) ? directory_of(name) : L".") ||
                 !copy_file(xcopy, all + i, source, name)))
                return;
        }
        return;
    }
    if ((!tree || count || xcopy->empty || xcopy->structure) && !need_directory(xcopy, xcopy->target))
        return;
    copy_tree(xcopy, from, pattern, xcopy->target);
}

int xcopy(int count, wchar_t **arguments)
{
    struct xcopy xcopy = {.asks = true};
    for (int i = 0; i < count; i++)
        if (is_option(arguments[i], L"?"))
            return say(L"Copies files and directory trees.\r\n\r\nXCOPY source [destination] [/A | /M] [/D[:date]] [/S [/E]] "
                       L"[/V] [/C] [/I] [/Q] [/F] [/L]\r\n      [/H] [/R] [/T] [/U] [/K] [/O] [/X] [/Y] [/-Y] [/Z] [/J] "
                       L"[/EXCLUDE:file1[+file2]...]\r\n"), 0;
    if (!read_xcopy(&xcopy, count, arguments))
        return CODE_WRONG;
    run(&xcopy);
    if (xcopy.code != CODE_STOPPED)
        say(xcopy.list ? L"%I64u File(s)\r\n" : L"%I64u File(s) copied\r\n", xcopy.copied);
    return xcopy.code;
}

/* Paths, directories, and files that are read in pieces. */
#include "tool.h"

wchar_t *full_path(const wchar_t *path)
{
    DWORD room = GetFullPathNameW(path, 0, NULL, NULL);
    wchar_t *made = take(((size_t)room + 2) * sizeof *made);
    GetFullPathNameW(path, room + 1, made, NULL);
    return made;
}

wchar_t *under(const wchar_t *directory, const wchar_t *name)
{
    size_t length = wcslen(directory);
    bool ends = length && (directory[length - 1] == L'\\' || directory[length - 1] == L'/' || directory[length - 1] == L':');
    return format(ends ? L"%s%s" : L"%s\\%s", directory, name);
}

const wchar_t *base_name(const wchar_t *path)
{
    const wchar_t *name = path;
    for (; *path; path++)
        if (*path == L'\\' || *path == L'/' || *path == L':')
            name = path + 1;
    return name;
}

wchar_t *directory_of(const wchar_t *path)
{
    return copy_part(path, (size_t)(base_name(path) - path));
}

bool is_there(const wchar_t *path)
{
    return GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
}

bool is_directory(const wchar_t *path)
{
    DWORD attributes = GetFileAttributesW(path);
    return attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_DIRECTORY;
}

bool make_directories(const wchar_t *path)
{
    if (is_directory(path) || CreateDirectoryW(path, NULL))
        return true;
    if (GetLastError() != ERROR_PATH_NOT_FOUND)
        return is_directory(path);
    wchar_t *above = directory_of(path);
    size_t length = wcslen(above);
    while (length > 3 && (above[length - 1] == L'\\' || above[length - 1] == L'/'))
        above[--length] = 0;
    return length && wcslen(above) < wcslen(path) && make_directories(above) && CreateDirectoryW(path, NULL);
}

bool matches(const wchar_t *name, const wchar_t *pattern)
{
    const wchar_t *star = NULL, *from = NULL;
    if (!wcscmp(pattern, L"*.*"))
        return true;
    while (*name) {
        if (*pattern == L'*') {
            star = pattern++;
            from = name;
        } else if (*pattern == L'?' || (*pattern && upper(*pattern) == upper(*name))) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star + 1;
            name = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == L'*' || *pattern == L'?')
        pattern++;
    return !*pattern;
}

static int __cdecl by_name(const void *one, const void *other)
{
    const wchar_t *a = ((const struct entry *)one)->name, *b = ((const struct entry *)other)->name;
    while (*a && upper(*a) == upper(*b))
        a++, b++;
    return upper(*a) - upper(*b);
}

struct entry *list(const wchar_t *directory, const wchar_t *pattern, size_t *count, DWORD *error)
{
    WIN32_FIND_DATAW found;
    struct entry *entries = take(sizeof *entries);
    size_t room = 0;
    HANDLE search = FindFirstFileW(under(directory, L"*"), &found);
    *count = 0;
    *error = 0;
    if (search == INVALID_HANDLE_VALUE) {
        *error = GetLastError();
        return *error == ERROR_FILE_NOT_FOUND ? (*error = 0, entries) : NULL;
    }
    do {
        if (!wcscmp(found.cFileName, L".") || !wcscmp(found.cFileName, L"..") || !matches(found.cFileName, pattern))
            continue;
        if (*count == room)
            entries = more(entries, (room = room * 2 + 32) * sizeof *entries);
        entries[(*count)++] = (struct entry){copy(found.cFileName), found.dwFileAttributes, found.ftCreationTime,
                                             found.ftLastWriteTime,
                                             (uint64_t)found.nFileSizeHigh << 32 | found.nFileSizeLow};
    } while (FindNextFileW(search, &found));
    FindClose(search);
    qsort(entries, *count, sizeof *entries, by_name);
    return entries;
}

bool open_source(struct source *source, const wchar_t *path)
{
    source->error = 0;
    source->file = path ? CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                                      OPEN_EXISTING, FILE_FLAG_SEQUENTIAL_SCAN, NULL)
                        : GetStdHandle(STD_INPUT_HANDLE);
    if (source->file != INVALID_HANDLE_VALUE && source->file)
        return true;
    source->error = path ? GetLastError() : ERROR_INVALID_HANDLE;
    return false;
}

size_t read_source(struct source *source, void *to, size_t size)
{
    DWORD got;
    if (!ReadFile(source->file, to, size > 1 << 20 ? 1 << 20 : (DWORD)size, &got, NULL)) {
        source->error = GetLastError() == ERROR_BROKEN_PIPE ? 0 : GetLastError();
        return 0;
    }
    return got;
}

void close_source(struct source *source)
{
    if (source->file != GetStdHandle(STD_INPUT_HANDLE))
        CloseHandle(source->file);
}

/* Paths and what is in directories. */
#include "cmd.h"

bool has_wildcard(const wchar_t *path)
{
    return wcschr(path, L'*') || wcschr(path, L'?');
}

DWORD attributes_of(const wchar_t *path)
{
    return GetFileAttributesW(path);
}

bool is_directory(const wchar_t *path)
{
    DWORD attributes = attributes_of(path);
    return attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_DIRECTORY;
}

wchar_t *full_path(const wchar_t *path)
{
    DWORD room = GetFullPathNameW(path, 0, NULL, NULL);
    wchar_t *made = take((room + 1) * sizeof *made);
    if (!room || !GetFullPathNameW(path, room + 1, made, NULL))
        return copy(path);
    return made;
}

wchar_t *directory_part(const wchar_t *path)
{
    size_t length = wcslen(path);
    while (length && !wcschr(L"\\/:", path[length - 1]))
        length--;
    return copy_part(path, length);
}

wchar_t *beside(const wchar_t *directory, const wchar_t *name)
{
    size_t length = wcslen(directory);
    bool separated = !length || wcschr(L"\\/", directory[length - 1]) || (length == 2 && directory[1] == L':');
    return join(directory, separated ? L"" : L"\\", name, NULL);
}

/* Call each for what the pattern matches until it says false. False, with the error set, if nothing matches. */
bool found_files(const wchar_t *pattern, bool (*each)(const WIN32_FIND_DATAW *found, void *context), void *context)
{
    WIN32_FIND_DATAW found;
    HANDLE search = FindFirstFileW(pattern, &found);
    if (search == INVALID_HANDLE_VALUE)
        return false;
    while (each(&found, context) && FindNextFileW(search, &found))
        ;
    FindClose(search);
    return true;
}

bool is_dots(const wchar_t *name)
{
    return name[0] == L'.' && (!name[1] || (name[1] == L'.' && !name[2]));
}

bool is_link(const WIN32_FIND_DATAW *found)
{
    return found->dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT &&
           (found->dwReserved0 == IO_REPARSE_TAG_SYMLINK || found->dwReserved0 == IO_REPARSE_TAG_MOUNT_POINT);
}

static void apply_part(struct text *out, const wchar_t *pattern, size_t pattern_length, const wchar_t *name,
                       size_t name_length)
{
    for (size_t i = 0; i < pattern_length; i++)
        if (pattern[i] == L'*') {
            if (out->length < name_length || i < name_length)
                add_part(out, name + (i < name_length ? i : name_length), i < name_length ? name_length - i : 0);
            return;
        } else if (pattern[i] == L'?') {
            if (i < name_length)
                add_char(out, name[i]);
        } else {
            add_char(out, pattern[i]);
        }
}

/* The name that a file gets by a pattern, its stem and its extension each for itself. */
wchar_t *applied(const wchar_t *pattern, const wchar_t *name)
{
    struct text stem = {0}, extension = {0};
    const wchar_t *pattern_dot = wcsrchr(pattern, L'.'), *name_dot = wcsrchr(name, L'.');
    if (!has_wildcard(pattern))
        return copy(pattern);
    size_t length = wcslen(name);
    size_t stem_length = name_dot && pattern_dot ? (size_t)(name_dot - name) : length;
    apply_part(&stem, pattern, pattern_dot ? (size_t)(pattern_dot - pattern) : wcslen(pattern), name, stem_length);
    if (!pattern_dot)
        return chars_of(&stem);
    const wchar_t *tail = name_dot ? name_dot + 1 : name + length;
    apply_part(&extension, pattern_dot + 1, wcslen(pattern_dot + 1), tail, wcslen(tail));
    return extension.length ? join(chars_of(&stem), L".", chars_of(&extension), NULL) : chars_of(&stem);
}

wchar_t *current_directory(void)
{
    DWORD room = GetCurrentDirectoryW(0, NULL);
    wchar_t *made = take((room + 1) * sizeof *made);
    GetCurrentDirectoryW(room + 1, made);
    return made;
}

/* Change it and remember it as its drive's; the names in it get their real case. */
bool change_directory(const wchar_t *path)
{
    wchar_t *full = full_path(path), *real = take(PATH_ROOM * sizeof *real);
    DWORD length = GetLongPathNameW(full, real, PATH_ROOM);
    if (!SetCurrentDirectoryW(length && length < PATH_ROOM ? real : full))
        return false;
    wchar_t *now = current_directory();
    if (now[1] == L':') {
        wchar_t variable[] = {L'=', upper(*now), L':', 0};
        SetEnvironmentVariableW(variable, now);
    }
    return true;
}

/*
 * The kind of a link in a listing, which Wine's FindFirstFile and FindNextFile leave out: programs that remove trees
 * tell by it what they must not follow. windows/ntdll/listing.c says it in the time of creation's last bit.
 */
#include "graft.h"

/* The ANSI form begins alike. */
static void tell_kind(void *found)
{
    WIN32_FIND_DATAW *data = found;
    if (data->dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
        data->dwReserved0 =
            data->ftCreationTime.dwLowDateTime & 1 ? IO_REPARSE_TAG_MOUNT_POINT : IO_REPARSE_TAG_SYMLINK;
}

HOOK HANDLE WINAPI hook_FindFirstFileW(const wchar_t *name, WIN32_FIND_DATAW *data)
{
    HANDLE search = FindFirstFileW(name, data);
    if (search != INVALID_HANDLE_VALUE)
        tell_kind(data);
    return search;
}

HOOK HANDLE WINAPI hook_FindFirstFileA(const char *name, WIN32_FIND_DATAA *data)
{
    HANDLE search = FindFirstFileA(name, data);
    if (search != INVALID_HANDLE_VALUE)
        tell_kind(data);
    return search;
}

HOOK HANDLE WINAPI hook_FindFirstFileExW(const wchar_t *name, FINDEX_INFO_LEVELS level, void *data,
                                         FINDEX_SEARCH_OPS operation, void *filter, DWORD flags)
{
    HANDLE search = FindFirstFileExW(name, level, data, operation, filter, flags);
    if (search != INVALID_HANDLE_VALUE)
        tell_kind(data);
    return search;
}

HOOK HANDLE WINAPI hook_FindFirstFileExA(const char *name, FINDEX_INFO_LEVELS level, void *data,
                                         FINDEX_SEARCH_OPS operation, void *filter, DWORD flags)
{
    HANDLE search = FindFirstFileExA(name, level, data, operation, filter, flags);
    if (search != INVALID_HANDLE_VALUE)
        tell_kind(data);
    return search;
}

HOOK BOOL WINAPI hook_FindNextFileW(HANDLE search, WIN32_FIND_DATAW *data)
{
    BOOL found = FindNextFileW(search, data);
    if (found)
        tell_kind(data);
    return found;
}

HOOK BOOL WINAPI hook_FindNextFileA(HANDLE search, WIN32_FIND_DATAA *data)
{
    BOOL found = FindNextFileA(search, data);
    if (found)
        tell_kind(data);
    return found;
}

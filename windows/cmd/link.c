/* MKLINK: symbolic links, hard links, junctions. What was made is looked at: a link that is not there is a failure. */
#include "cmd.h"

#ifndef SYMBOLIC_LINK_FLAG_ALLOW_UNPRIVILEGED_CREATE
#define SYMBOLIC_LINK_FLAG_ALLOW_UNPRIVILEGED_CREATE 2
#endif

/* What FSCTL_SET_REPARSE_POINT takes for a junction. */
struct junction {
    DWORD tag;
    WORD size, reserved;
    WORD real_offset, real_size, shown_offset, shown_size;
    wchar_t names[1];
};

static unsigned set_junction(HANDLE directory, const wchar_t *target)
{
    const wchar_t *real = join(L"\\??\\", target, NULL);
    size_t real_size = wcslen(real) * sizeof *real, shown_size = wcslen(target) * sizeof *target;
    size_t names = real_size + shown_size + 2 * sizeof(wchar_t), bytes = offsetof(struct junction, names) + names;
    struct junction *junction = take(bytes);
    DWORD got;
    junction->tag = IO_REPARSE_TAG_MOUNT_POINT;
    junction->size = (WORD)(bytes - offsetof(struct junction, real_offset));
    junction->real_size = (WORD)real_size;
    junction->shown_offset = (WORD)(real_size + sizeof(wchar_t));
    junction->shown_size = (WORD)shown_size;
    memcpy(junction->names, real, real_size);
    memcpy((char *)junction->names + junction->shown_offset, target, shown_size);
    return DeviceIoControl(directory, FSCTL_SET_REPARSE_POINT, junction, (DWORD)bytes, NULL, 0, &got, NULL)
               ? 0
               : GetLastError();
}

static unsigned make_junction(const wchar_t *link, const wchar_t *target)
{
    if (!CreateDirectoryW(link, NULL))
        return GetLastError();
    HANDLE directory = CreateFileW(link, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                                   FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    unsigned error = directory == INVALID_HANDLE_VALUE ? GetLastError() : set_junction(directory, full_path(target));
    if (directory != INVALID_HANDLE_VALUE)
        CloseHandle(directory);
    if (error)
        RemoveDirectoryW(link);
    return error;
}

static bool is_there(const wchar_t *link)
{
    WIN32_FIND_DATAW found;
    HANDLE search = FindFirstFileW(link, &found);
    if (search == INVALID_HANDLE_VALUE)
        return false;
    FindClose(search);
    return true;
}

static unsigned make_symbolic(const wchar_t *link, const wchar_t *target, bool to_directory)
{
    DWORD flags = to_directory ? SYMBOLIC_LINK_FLAG_DIRECTORY : 0;
    if (is_there(link))
        return ERROR_ALREADY_EXISTS;
    if (!CreateSymbolicLinkW(link, target, flags | SYMBOLIC_LINK_FLAG_ALLOW_UNPRIVILEGED_CREATE) &&
        !CreateSymbolicLinkW(link, target, flags))
        return GetLastError();
    return is_there(link) ? 0 : ERROR_NOT_SUPPORTED;
}

int do_mklink(const wchar_t *rest)
{
    struct words words = {0};
    wchar_t kind = 0;
    unsigned error;
    split_words(rest, &words, true);
    for (unsigned i = 0; i < words.switch_count; i++) {
        kind = upper(*words.switches[i]);
        if (!kind || !wcschr(L"DHJ", kind) || words.switches[i][1]) {
            complain(L"Invalid switch - \"%s\".\r\n", words.switches[i]);
            return fail(1);
        }
    }
    if (words.count != 2)
        return bad_syntax(), fail(1);
    const wchar_t *link = words.items[0], *target = words.items[1];
    if (kind == L'H')
        error = CreateHardLinkW(link, target, NULL) ? 0 : GetLastError();
    else if (kind == L'J')
        error = make_junction(link, target);
    else
        error = make_symbolic(link, target, kind == L'D');
    if (error)
        return failed_with(error), fail(1);
    say(L"%s created for %s %s %s\r\n",
        kind == L'H'   ? L"Hardlink"
        : kind == L'J' ? L"Junction"
                       : L"symbolic link",
        link, L"<<===>>", target);
    return succeed();
}

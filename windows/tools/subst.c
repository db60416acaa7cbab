/*
 * subst: a directory as a drive, for every program of the container until it stops.
 *
 * Files are found through a link of Linux's for each drive; the object of that name is what programs list drives by.
 */
#include "tool.h"

#include "../linux.h"

#define DRIVES "/run/wine/dosdevices/"

enum { PERMANENT = 0x10, ALL_ACCESS = 0xf0001 }; /* OBJ_PERMANENT, SYMBOLIC_LINK_ALL_ACCESS */
enum { UNLINK = 87, SYMLINK = 88, READLINK = 89 }; /* Linux's calls */

NTSTATUS NTAPI NtCreateSymbolicLinkObject(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *, UNICODE_STRING *);
NTSTATUS NTAPI NtOpenSymbolicLinkObject(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *);
NTSTATUS NTAPI NtMakeTemporaryObject(HANDLE);

static const char *link_of(wchar_t letter)
{
    static char path[] = DRIVES "x:";
    path[sizeof path - 3] = (char)(letter | 32);
    return path;
}

static wchar_t *target_of(wchar_t letter)
{
    wchar_t name[] = {letter, L':', 0}, target[4096];
    return QueryDosDeviceW(name, target, 4096) ? copy(target) : NULL;
}

static bool is_there_by(wchar_t letter)
{
    char target[8];
    return target_of(letter) || linux_call(READLINK, (intptr_t)link_of(letter), (intptr_t)target, sizeof target) > 0;
}

static int list_all(void)
{
    for (wchar_t letter = L'A'; letter <= L'Z'; letter++) {
        wchar_t *target = target_of(letter);
        if (target && same_start(target, L"\\??\\"))
            say(L"%c:\\: => %s\r\n", letter, target + 4);
    }
    return 0;
}

static OBJECT_ATTRIBUTES attributes_of(wchar_t letter, UNICODE_STRING *name)
{
    OBJECT_ATTRIBUTES attributes;
    RtlInitUnicodeString(name, format(L"\\??\\%c:", letter));
    InitializeObjectAttributes(&attributes, name, OBJ_CASE_INSENSITIVE | PERMANENT, NULL, NULL);
    return attributes;
}

static int make_drive(wchar_t letter, const wchar_t *path)
{
    char *(__cdecl * linux_path)(const wchar_t *) = from(L"kernel32.dll", "wine_get_unix_file_name");
    UNICODE_STRING name, target;
    OBJECT_ATTRIBUTES attributes = attributes_of(letter, &name);
    HANDLE object;
    char *there = linux_path(path);
    if (!there || linux_call(SYMLINK, (intptr_t)there, (intptr_t)link_of(letter), 0) < 0)
        return complain(L"%s\r\n", reason(ERROR_ACCESS_DENIED)), 1;
    RtlInitUnicodeString(&target, format(L"\\??\\%s", path));
    if (NtCreateSymbolicLinkObject(&object, ALL_ACCESS, &attributes, &target)) {
        linux_call(UNLINK, (intptr_t)link_of(letter), 0, 0);
        return complain(L"%s\r\n", reason(ERROR_ACCESS_DENIED)), 1;
    }
    return 0;
}

static int remove_drive(wchar_t letter)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes = attributes_of(letter, &name);
    HANDLE object;
    wchar_t *target = target_of(letter);
    if (!target || !same_start(target, L"\\??\\") || NtOpenSymbolicLinkObject(&object, ALL_ACCESS, &attributes))
        return complain(L"Invalid parameter - %c:\r\n", letter), 1;
    NtMakeTemporaryObject(object);
    CloseHandle(object);
    linux_call(UNLINK, (intptr_t)link_of(letter), 0, 0);
    return 0;
}

static bool is_drive(const wchar_t *text)
{
    return upper(text[0]) >= L'A' && upper(text[0]) <= L'Z' && text[1] == L':' && (!text[2] || (text[2] == L'\\' && !text[3]));
}

int subst(int count, wchar_t **arguments)
{
    if (!count)
        return list_all();
    if (count == 1 && is_option(arguments[0], L"?"))
        return say(L"Associates a path with a drive letter.\r\n\r\nSUBST [drive1: [drive2:]path]\r\nSUBST drive1: /D\r\n"), 0;
    if (!is_drive(arguments[0]))
        return complain(L"Invalid parameter - %s\r\n", arguments[0]), 1;
    if (count != 2)
        return complain(L"Incorrect number of parameters - %s\r\n", arguments[0]), 1;
    wchar_t letter = upper(arguments[0][0]);
    if (is_option(arguments[1], L"d"))
        return remove_drive(letter);
    wchar_t *path = full_path(arguments[1]);
    size_t length = wcslen(path);
    if (length > 3 && path[length - 1] == L'\\')
        path[length - 1] = 0;
    if (!is_directory(path))
        return complain(L"Path not found - %s\r\n", arguments[1]), 1;
    if (upper(path[0]) == letter)
        return complain(L"Invalid parameter - %s\r\n", arguments[1]), 1;
    if (is_there_by(letter))
        return complain(L"Drive already SUBSTed\r\n"), 1;
    return make_drive(letter, path);
}

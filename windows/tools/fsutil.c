/* fsutil: files of a size, hard links, what is free on a volume. */
#include "tool.h"

static int usage(void)
{
    say(L"---- Commands Supported ----\r\n\r\nfile            File specific commands (createnew, seteof)\r\n"
        L"fsinfo          File system information (drives)\r\nhardlink        Hardlink management (create)\r\n"
        L"volume          Volume management (diskfree)\r\n");
    return 1;
}

static int failed(void)
{
    say(L"Error %u: %s\r\n", GetLastError(), reason(GetLastError()));
    return 1;
}

static int set_size(const wchar_t *path, const wchar_t *text, bool fresh)
{
    uint64_t size;
    if (!whole_number(text, &size) || size > INT64_MAX)
        return say(L"Error:  The parameter is incorrect.\r\n"), 1;
    HANDLE file = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, fresh ? CREATE_NEW : OPEN_EXISTING,
                              FILE_ATTRIBUTE_NORMAL, NULL);
    LARGE_INTEGER end = {.QuadPart = (LONGLONG)size};
    if (file == INVALID_HANDLE_VALUE)
        return failed();
    if (!SetFilePointerEx(file, end, NULL, FILE_BEGIN) || !SetEndOfFile(file)) {
        int code = failed();
        CloseHandle(file);
        if (fresh)
            DeleteFileW(path);
        return code;
    }
    CloseHandle(file);
    if (fresh)
        say(L"File %s is created\r\n", full_path(path));
    return 0;
}

static int link_to(const wchar_t *made, const wchar_t *there)
{
    if (!CreateHardLinkW(made, there, NULL))
        return failed();
    say(L"Hardlink created for %s <<===>> %s\r\n", full_path(made), full_path(there));
    return 0;
}

static int show_free(const wchar_t *path)
{
    ULARGE_INTEGER mine, whole, left;
    if (!GetDiskFreeSpaceExW(under(path, L""), &mine, &whole, &left))
        return failed();
    say(L"Total free bytes                : %s\r\nTotal bytes                     : %s\r\nTotal quota free bytes          : "
        L"%s\r\n", grouped(left.QuadPart), grouped(whole.QuadPart), grouped(mine.QuadPart));
    return 0;
}

static int show_drives(void)
{
    DWORD drives = GetLogicalDrives();
    say(L"\r\nDrives:");
    for (int i = 0; i < 26; i++)
        if (drives >> i & 1)
            say(L" %c:\\", L'A' + i);
    say(L"\r\n");
    return 0;
}

int fsutil(int count, wchar_t **arguments)
{
    const wchar_t *what = count > 1 ? arguments[0] : L"", *verb = count > 1 ? arguments[1] : L"";
    if (same(what, L"file") && count == 4 && (same(verb, L"createnew") || same(verb, L"seteof")))
        return set_size(arguments[2], arguments[3], same(verb, L"createnew"));
    if (same(what, L"hardlink") && same(verb, L"create") && count == 4)
        return link_to(arguments[2], arguments[3]);
    if (same(what, L"volume") && same(verb, L"diskfree") && count == 3)
        return show_free(arguments[2]);
    if (same(what, L"fsinfo") && same(verb, L"drives") && count == 2)
        return show_drives();
    return usage();
}

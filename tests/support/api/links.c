/* Symbolic links, junctions and hard links. Expected: Microsoft's pages on each function; MS-FSCC 2.1.2. */
#include "api.h"

enum {
    LINK_TO_FILE = FILE_ATTRIBUTE_REPARSE_POINT | FILE_ATTRIBUTE_ARCHIVE,
    LINK_TO_DIRECTORY = FILE_ATTRIBUTE_REPARSE_POINT | FILE_ATTRIBUTE_DIRECTORY,
    THE_LINK = FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS,
};

struct reparse {
    ULONG tag;
    USHORT length, reserved, target_at, target_length, shown_at, shown_length;
};

static ULONG tag, flags;

static const wchar_t *target(const wchar_t *name)
{
    static char data[MAXIMUM_REPARSE_DATA_BUFFER_SIZE];
    static wchar_t text[1024];
    struct reparse *head = (void *)data;
    DWORD size = 0;
    HANDLE file = open_file(name, 0, OPEN_EXISTING, THE_LINK);
    BOOL done = DeviceIoControl(file, FSCTL_GET_REPARSE_POINT, NULL, 0, data, sizeof data, &size, NULL);
    DWORD error = GetLastError();
    CloseHandle(file);
    SetLastError(error);
    if (!done)
        return L"";
    tag = head->tag;
    flags = tag == IO_REPARSE_TAG_SYMLINK ? *(ULONG *)(data + 16) : 0;
    memcpy(text, data + (tag == IO_REPARSE_TAG_SYMLINK ? 20 : 16) + head->target_at, head->target_length);
    text[head->target_length / sizeof *text] = 0;
    return text;
}

static BOOL set_junction(const wchar_t *name, const wchar_t *to)
{
    char data[1024] = {0};
    struct reparse *head = (void *)data;
    DWORD size;
    head->tag = IO_REPARSE_TAG_MOUNT_POINT;
    head->target_length = (USHORT)(wcslen(to) * sizeof *to);
    head->shown_at = (USHORT)(head->target_length + sizeof *to);
    head->length = (USHORT)(8 + head->target_length + 2 * sizeof *to);
    memcpy(data + 16, to, head->target_length);
    CreateDirectoryW(name, NULL);
    HANDLE file = open_file(name, GENERIC_WRITE, OPEN_EXISTING, THE_LINK);
    BOOL done = DeviceIoControl(file, FSCTL_SET_REPARSE_POINT, data, head->length + 8, NULL, 0, &size, NULL);
    CloseHandle(file);
    return done;
}

/* What a listing says of name: attributes, and the tag where it is a link. */
static DWORD listed(const wchar_t *mask, const wchar_t *name, DWORD *listed_tag)
{
    WIN32_FIND_DATAW data;
    DWORD found = INVALID_FILE_ATTRIBUTES;
    HANDLE search = FindFirstFileW(mask, &data);
    if (search == INVALID_HANDLE_VALUE)
        return found;
    do
        if (!wcscmp(data.cFileName, name)) {
            found = data.dwFileAttributes;
            *listed_tag = data.dwReserved0;
        }
    while (FindNextFileW(search, &data));
    FindClose(search);
    return found;
}

static void made(void)
{
    CHECK(CreateSymbolicLinkW(L"C:\\api\\file", L"dir\\NAME.txt", 0));
    CHECK(holds(L"C:\\api\\file", "hello"));
    CHECK(GetFileAttributesW(L"C:\\api\\FILE") == LINK_TO_FILE);
    CHECK(!wcscmp(target(L"C:\\api\\file"), L"Dir\\name.txt") && tag == IO_REPARSE_TAG_SYMLINK && flags == 1);
    REFUSED(CreateSymbolicLinkW(L"C:\\api\\file", L"other", 0), ERROR_ALREADY_EXISTS);
    CHECK(CreateSymbolicLinkW(L"C:\\api\\directory", L"c:\\api\\Dir", SYMBOLIC_LINK_FLAG_DIRECTORY));
    CHECK(GetFileAttributesW(L"C:\\api\\directory") == LINK_TO_DIRECTORY);
    CHECK(!wcscmp(target(L"C:\\api\\directory"), L"\\??\\C:\\api\\Dir") && flags == 0);
    CHECK(holds(L"C:\\api\\directory\\NAME.TXT", "hello"));
    CHECK(CreateSymbolicLinkA("C:\\api\\rooted", "\\api\\Dir", SYMBOLIC_LINK_FLAG_DIRECTORY));
    CHECK(holds(L"C:\\api\\rooted\\name.txt", "hello"));
    CHECK(set_junction(L"C:\\api\\junction", L"\\??\\C:\\api\\Dir\\"));
    CHECK(GetFileAttributesW(L"C:\\api\\junction") == LINK_TO_DIRECTORY);
    CHECK(!wcscmp(target(L"C:\\api\\junction"), L"\\??\\C:\\api\\Dir") && tag == IO_REPARSE_TAG_MOUNT_POINT);
    CHECK(holds(L"C:\\api\\junction\\name.txt", "hello"));
    CHECK(CreateSymbolicLinkW(L"C:\\api\\nowhere", L"not there", 0));
    CHECK(GetFileAttributesW(L"C:\\api\\nowhere") == LINK_TO_FILE);
    REFUSED(open_file(L"C:\\api\\nowhere", GENERIC_READ, OPEN_EXISTING, 0) != INVALID_HANDLE_VALUE,
            ERROR_FILE_NOT_FOUND);
    CHECK(CreateSymbolicLinkW(L"C:\\api\\nowhere.d", L"not there", SYMBOLIC_LINK_FLAG_DIRECTORY));
    CHECK(GetFileAttributesW(L"C:\\api\\nowhere.d") == LINK_TO_DIRECTORY);
    REFUSED(*target(L"C:\\api\\Dir"), ERROR_NOT_A_REPARSE_POINT);
}

static void seen(void)
{
    DWORD kind = 0;
    BY_HANDLE_FILE_INFORMATION info;
    FILE_ATTRIBUTE_TAG_INFO tags;
    wchar_t name[MAX_PATH];
    CHECK(listed(L"C:\\api\\*", L"file", &kind) == LINK_TO_FILE && kind == IO_REPARSE_TAG_SYMLINK);
    CHECK(listed(L"C:\\api\\*", L"directory", &kind) == LINK_TO_DIRECTORY && kind == IO_REPARSE_TAG_SYMLINK);
    CHECK(listed(L"C:\\api\\*", L"junction", &kind) == LINK_TO_DIRECTORY && kind == IO_REPARSE_TAG_MOUNT_POINT);
    CHECK(listed(L"C:\\api\\*", L"nowhere", &kind) == LINK_TO_FILE);
    CHECK(listed(L"C:\\api\\NOW*.d", L"nowhere.d", &kind) == LINK_TO_DIRECTORY);
    CHECK(listed(L"C:\\api\\nowhere", L"nowhere", &kind) == LINK_TO_FILE);
    CHECK(listed(L"C:\\api\\*", L"Dir", &kind) == FILE_ATTRIBUTE_DIRECTORY);
    HANDLE file = open_file(L"C:\\api\\file", 0, OPEN_EXISTING, THE_LINK);
    CHECK(GetFileInformationByHandle(file, &info) && info.dwFileAttributes == LINK_TO_FILE);
    CHECK(GetFileInformationByHandleEx(file, FileAttributeTagInfo, &tags, sizeof tags) &&
          tags.ReparseTag == IO_REPARSE_TAG_SYMLINK);
    CloseHandle(file);
    file = open_file(L"C:\\api\\file", 0, OPEN_EXISTING, 0);
    CHECK(GetFileInformationByHandle(file, &info) && !(info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT));
    CHECK(GetFinalPathNameByHandleW(file, name, MAX_PATH, 0) && !wcscmp(name, L"\\\\?\\C:\\api\\Dir\\name.txt"));
    CloseHandle(file);
}

static void changed(void)
{
    FILE_DISPOSITION_INFO gone = {TRUE};
    REFUSED(DeleteFileW(L"C:\\api\\directory"), ERROR_ACCESS_DENIED);
    REFUSED(RemoveDirectoryW(L"C:\\api\\file"), ERROR_DIRECTORY);
    CHECK(MoveFileExW(L"C:\\api\\file", L"C:\\api\\moved", 0));
    CHECK(GetFileAttributesW(L"C:\\api\\moved") == LINK_TO_FILE);
    CHECK(GetFileAttributesW(L"C:\\api\\file") == INVALID_FILE_ATTRIBUTES);
    CHECK(DeleteFileW(L"C:\\api\\moved"));
    CHECK(DeleteFileW(L"C:\\api\\nowhere"));
    CHECK(RemoveDirectoryW(L"C:\\api\\nowhere.d"));
    CHECK(RemoveDirectoryW(L"C:\\api\\directory"));
    CHECK(RemoveDirectoryW(L"C:\\api\\rooted"));
    HANDLE file = open_file(L"C:\\api\\junction", DELETE, OPEN_EXISTING, THE_LINK);
    CHECK(SetFileInformationByHandle(file, FileDispositionInfo, &gone, sizeof gone));
    CloseHandle(file);
    CHECK(GetFileAttributesW(L"C:\\api\\junction") == INVALID_FILE_ATTRIBUTES);
    CHECK(holds(L"C:\\api\\Dir\\name.txt", "hello"));
}

void links(void)
{
    CreateDirectoryW(L"C:\\api\\Dir", NULL);
    put(L"C:\\api\\Dir\\name.txt", "hello");
    made();
    seen();
    changed();
    CHECK(CreateSymbolicLinkW(L"C:\\api\\kept", L"Dir\\name.txt", 0)); /* what the image's layers carry */
    CHECK(CreateSymbolicLinkW(L"C:\\api\\kept.d", L"C:\\api\\Dir", SYMBOLIC_LINK_FLAG_DIRECTORY));
    CHECK(set_junction(L"C:\\api\\kept.j", L"\\??\\C:\\api\\Dir"));
}

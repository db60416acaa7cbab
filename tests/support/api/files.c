/* Names, renames, deletions, holes, read-only files. Expected: Microsoft's pages on each function. */
#include "api.h"
#include <winternl.h>

enum { REPLACE_POSIX = 1 | 2, HOLE = 1 << 28 };

/* The headers of mingw-w64 stop before them. */
static const FILE_INFO_BY_HANDLE_CLASS disposition_ex = 21, rename_ex = 22;

static void long_names(void)
{
    wchar_t path[2048] = L"\\\\?\\C:\\api";
    for (int i = 0; i < 8; i++) {
        wcscat(path, L"\\");
        for (int j = 0; j < 80; j++)
            wcscat(path, j % 2 ? L"\x00e9" : L"\x65e5");
        CHECK(CreateDirectoryW(path, NULL));
    }
    wcscat(path, L"\\\xd83d\xde00.txt");
    put(path, "deep");
    CHECK(holds(path, "deep"));
    CHECK(DeleteFileW(path));
}

static void renames(void)
{
    char data[512] = {0};
    FILE_RENAME_INFO *rename = (void *)data;
    DWORD delete_at_once = 1 | 2;
    put(L"C:\\api\\old", "old");
    put(L"C:\\api\\new", "new");
    REFUSED(MoveFileW(L"C:\\api\\new", L"C:\\api\\old"), ERROR_ALREADY_EXISTS);
    HANDLE reader = open_file(L"C:\\api\\old", GENERIC_READ, OPEN_EXISTING, 0);
    HANDLE file = open_file(L"C:\\api\\new", DELETE, OPEN_EXISTING, 0);
    rename->Flags = REPLACE_POSIX;
    wcscpy(rename->FileName, L"C:\\api\\old");
    rename->FileNameLength = (DWORD)(wcslen(rename->FileName) * sizeof(wchar_t));
    CHECK(SetFileInformationByHandle(file, rename_ex, rename, sizeof data));
    CloseHandle(file);
    CloseHandle(reader);
    CHECK(holds(L"C:\\api\\old", "new"));
    file = open_file(L"C:\\api\\old", DELETE, OPEN_EXISTING, 0);
    reader = open_file(L"C:\\api\\old", GENERIC_READ, OPEN_EXISTING, 0);
    CHECK(SetFileInformationByHandle(file, disposition_ex, &delete_at_once, sizeof delete_at_once));
    CloseHandle(file);
    CHECK(GetFileAttributesW(L"C:\\api\\old") == INVALID_FILE_ATTRIBUTES);
    CloseHandle(reader);
}

static void holes(void)
{
    DWORD done, high = 0;
    LARGE_INTEGER end = {.QuadPart = HOLE};
    FILE_ALLOCATED_RANGE_BUFFER all = {.Length = end}, found[4];
    FILE_ZERO_DATA_INFORMATION zero = {.BeyondFinalZero.QuadPart = 65536};
    char content[65536];
    memset(content, 'x', sizeof content);
    HANDLE file = open_file(L"C:\\api\\hole", GENERIC_READ | GENERIC_WRITE, CREATE_ALWAYS, 0);
    CHECK(DeviceIoControl(file, FSCTL_SET_SPARSE, NULL, 0, NULL, 0, &done, NULL));
    CHECK(WriteFile(file, content, sizeof content, &done, NULL));
    CHECK(SetFilePointerEx(file, end, NULL, FILE_BEGIN) && SetEndOfFile(file));
    CHECK(DeviceIoControl(file, FSCTL_QUERY_ALLOCATED_RANGES, &all, sizeof all, found, sizeof found, &done, NULL));
    CHECK(done == sizeof *found && found[0].FileOffset.QuadPart == 0 && found[0].Length.QuadPart == 65536);
    CHECK(GetCompressedFileSizeW(L"C:\\api\\hole", &high) < 1 << 20 && !high);
    CHECK(DeviceIoControl(file, FSCTL_SET_ZERO_DATA, &zero, sizeof zero, NULL, 0, &done, NULL));
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    CHECK(ReadFile(file, content, 1, &done, NULL) && !content[0]);
    CloseHandle(file);
}

static void read_only(void)
{
    put(L"C:\\api\\fixed", "fixed");
    CHECK(SetFileAttributesW(L"C:\\api\\fixed", FILE_ATTRIBUTE_READONLY));
    REFUSED(open_file(L"C:\\api\\fixed", GENERIC_WRITE, OPEN_EXISTING, 0) != INVALID_HANDLE_VALUE,
            ERROR_ACCESS_DENIED);
    REFUSED(DeleteFileW(L"C:\\api\\fixed"), ERROR_ACCESS_DENIED);
    CHECK(SetFileAttributesW(L"C:\\api\\fixed", FILE_ATTRIBUTE_NORMAL));
    CHECK(DeleteFileW(L"C:\\api\\fixed"));
}

static void hard_links(void)
{
    BY_HANDLE_FILE_INFORMATION info;
    put(L"C:\\api\\one", "one");
    CHECK(CreateHardLinkW(L"C:\\api\\two", L"C:\\api\\one", NULL));
    HANDLE file = open_file(L"C:\\api\\two", 0, OPEN_EXISTING, 0);
    CHECK(GetFileInformationByHandle(file, &info) && info.nNumberOfLinks == 2);
    CloseHandle(file);
}

/* A name below a directory that is open, not below the current one. */
static void below_a_handle(void)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    FILE_BASIC_INFORMATION info;
    NTSTATUS(NTAPI * query)(OBJECT_ATTRIBUTES *, FILE_BASIC_INFORMATION *);
    query = (void *)GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtQueryAttributesFile");
    CreateDirectoryW(L"C:\\api\\top", NULL);
    CreateDirectoryW(L"C:\\api\\top\\sub", NULL);
    put(L"C:\\api\\top\\sub\\file", "x");
    HANDLE top = open_file(L"C:\\api\\top", GENERIC_READ, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
    RtlInitUnicodeString(&name, L"sub\\file");
    InitializeObjectAttributes(&attributes, &name, 0, top, NULL);
    CHECK(!query(&attributes, &info) && !(info.FileAttributes & FILE_ATTRIBUTE_DIRECTORY));
    RtlInitUnicodeString(&name, L"sub");
    CHECK(!query(&attributes, &info) && info.FileAttributes & FILE_ATTRIBUTE_DIRECTORY);
    RtlInitUnicodeString(&name, L"none");
    CHECK(query(&attributes, &info) == (NTSTATUS)0xc0000034);
    CloseHandle(top);
}

/* What there is to know of a file's disk space and streams. */
static void details(void)
{
    FILE_COMPRESSION_INFO compression;
    char room[256];
    const FILE_STREAM_INFO *stream = (void *)room;
    put(L"C:\\api\\plain", "hello");
    HANDLE file = open_file(L"C:\\api\\plain", GENERIC_READ, OPEN_EXISTING, 0);
    CHECK(GetFileInformationByHandleEx(file, FileCompressionInfo, &compression, sizeof compression));
    CHECK(compression.CompressedFileSize.QuadPart >= 5 && compression.CompressionFormat == COMPRESSION_FORMAT_NONE);
    CHECK(GetFileInformationByHandleEx(file, FileStreamInfo, room, sizeof room));
    CHECK(stream->StreamSize.QuadPart == 5);
    CHECK(stream->StreamNameLength == 14 && !wcsncmp(stream->StreamName, L"::$DATA", 7));
    CloseHandle(file);
}

/* Programs that open or make something and cut it off, as those in Rust do. */
static void cut_off(void)
{
    FILE_ALLOCATION_INFO space = {.AllocationSize = {.QuadPart = 100}};
    HANDLE nothing, file;
    CHECK((nothing = open_file(L"nul", GENERIC_WRITE, OPEN_ALWAYS, 0)) != INVALID_HANDLE_VALUE && !GetLastError());
    CloseHandle(nothing);
    CHECK((nothing = open_file(L"\\\\?\\NUL", GENERIC_WRITE, OPEN_ALWAYS, 0)) && !GetLastError());
    CloseHandle(nothing);
    put(L"C:\\api\\cut", "hello");
    CHECK((file = open_file(L"C:\\api\\cut", GENERIC_WRITE, OPEN_ALWAYS, 0)) && GetLastError() == ERROR_ALREADY_EXISTS);
    CHECK(SetFileInformationByHandle(file, FileAllocationInfo, &space, sizeof space));
    CHECK(holds(L"C:\\api\\cut", "hello"));
    space.AllocationSize.QuadPart = 0;
    CHECK(SetFileInformationByHandle(file, FileAllocationInfo, &space, sizeof space));
    CHECK(holds(L"C:\\api\\cut", ""));
    CloseHandle(file);
}

void files(void)
{
    cut_off();
    details();
    below_a_handle();
    long_names();
    renames();
    holes();
    read_only();
    hard_links();
}

/* The file that a socket leaves at its path: whoever connects learns the port from it. */
#include "graft.h"

static const char mark[] = "!<transom-socket>127.0.0.1:";
enum {
    MARK = sizeof mark - 1,
    CONTENT = MARK + 8,
    SHARE_ALL = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
};

static NTSTATUS open(const char *path, ACCESS_MASK access, ULONG disposition, ULONG options, HANDLE *file)
{
    wchar_t text[UNIX_PATH + 1];
    ULONG bytes = 0, length = 0;
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    while (path[length])
        length++;
    RtlUTF8ToUnicodeN(text, sizeof text - sizeof *text, &bytes, path, length);
    text[bytes / sizeof *text] = 0;
    if (!RtlDosPathNameToNtPathName_U(text, &name, NULL, NULL))
        return STATUS_OBJECT_NAME_INVALID;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    NTSTATUS status = NtCreateFile(file, access | SYNCHRONIZE, &attributes, &io, NULL, FILE_ATTRIBUTE_NORMAL, SHARE_ALL,
                                   disposition, options | FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE, NULL,
                                   0);
    RtlFreeUnicodeString(&name);
    return status;
}

static int error_of(NTSTATUS status)
{
    switch (status) {
    case STATUS_OBJECT_NAME_COLLISION:
    case STATUS_FILE_IS_A_DIRECTORY:
        return WSAEADDRINUSE;
    case STATUS_ACCESS_DENIED:
        return WSAEACCES;
    case STATUS_OBJECT_NAME_INVALID:
        return WSAEINVAL;
    default: /* what Windows says of a path that is not there */
        return WSAENETDOWN;
    }
}

/* Returns 0 or Winsock's error. */
int path_make(const char *path, USHORT port)
{
    HANDLE file;
    IO_STATUS_BLOCK io;
    char content[CONTENT];
    ULONG length = 0;
    NTSTATUS status = open(path, FILE_WRITE_DATA, FILE_CREATE, 0, &file);
    if (status)
        return error_of(status);
    for (; length < MARK; length++)
        content[length] = mark[length];
    for (unsigned unit = 10000, number = ntohs(port); unit; unit /= 10)
        content[length++] = (char)('0' + number / unit % 10);
    content[length++] = '\n';
    status = NtWriteFile(file, NULL, NULL, NULL, &io, content, length, NULL, NULL);
    NtClose(file);
    return status ? WSAENETDOWN : 0;
}

int path_find(const char *path, USHORT *port)
{
    HANDLE file;
    IO_STATUS_BLOCK io = {.Information = 0};
    char content[CONTENT];
    unsigned number = 0, i = 0;
    NTSTATUS status = open(path, FILE_READ_DATA, FILE_OPEN, 0, &file);
    if (status)
        return status == STATUS_FILE_IS_A_DIRECTORY ? WSAEINVAL : error_of(status);
    status = NtReadFile(file, NULL, NULL, NULL, &io, content, sizeof content, NULL, NULL);
    NtClose(file);
    while (i < MARK && i < io.Information && content[i] == mark[i])
        i++;
    if (status || i < MARK)
        return WSAEINVAL; /* a file of another kind */
    for (; i < io.Information && content[i] >= '0' && content[i] <= '9'; i++)
        number = number * 10 + (unsigned)(content[i] - '0');
    *port = htons((USHORT)number);
    return number && number <= 0xffff ? 0 : WSAEINVAL;
}

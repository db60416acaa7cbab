/* Output: to a console as characters, elsewhere as bytes of the code page, in pieces of a few kilobytes. */
#include "tool.h"

enum { ROOM = 16384 };

static char waiting[ROOM];
static size_t waits;

bool is_console(HANDLE handle)
{
    DWORD mode;
    return handle && GetFileType(handle) == FILE_TYPE_CHAR && GetConsoleMode(handle, &mode);
}

static HANDLE handle_of(int to)
{
    return GetStdHandle(to == ERRORS ? STD_ERROR_HANDLE : STD_OUTPUT_HANDLE);
}

static void write_all(HANDLE to, const char *bytes, size_t size)
{
    DWORD written;
    for (; size; size -= written, bytes += written)
        if (!WriteFile(to, bytes, size > 1 << 20 ? 1 << 20 : (DWORD)size, &written, NULL) || !written)
            ExitProcess(1); /* nobody reads any more */
}

void flush(void)
{
    if (waits)
        write_all(handle_of(OUTPUT), waiting, waits);
    waits = 0;
}

void put_bytes(int to, const void *bytes, size_t size)
{
    if (to == OUTPUT && waits + size <= ROOM) {
        memcpy(waiting + waits, bytes, size);
        waits += size;
        return;
    }
    flush();
    write_all(handle_of(to), bytes, size);
}

static unsigned page(void)
{
    unsigned console = GetConsoleOutputCP();
    return console ? console : GetOEMCP();
}

char *bytes_of(const wchar_t *text, size_t length, size_t *size)
{
    char *bytes = take(length * 4 + 1);
    *size = length ? (size_t)WideCharToMultiByte(page(), 0, text, (int)length, bytes, (int)(length * 4), NULL, NULL) : 0;
    return bytes;
}

wchar_t *wide_of(const char *bytes, size_t size, size_t *length)
{
    wchar_t *text = take((size + 1) * sizeof *text);
    *length = size ? (size_t)MultiByteToWideChar(page(), 0, bytes, (int)size, text, (int)size) : 0;
    return text;
}

void put(int to, const wchar_t *text, size_t length)
{
    HANDLE handle = handle_of(to);
    if (is_console(handle)) {
        DWORD written;
        flush();
        for (; length; length -= written, text += written)
            if (!WriteConsoleW(handle, text, length > 8192 ? 8192 : (DWORD)length, &written, NULL) || !written)
                return;
        return;
    }
    size_t size;
    char *bytes = bytes_of(text, length, &size);
    put_bytes(to, bytes, size);
    HeapFree(GetProcessHeap(), 0, bytes);
}

static void put_format(int to, const wchar_t *format, va_list arguments)
{
    for (size_t room = 1024;; room *= 4) {
        va_list again;
        va_copy(again, arguments);
        wchar_t *text = take(room * sizeof *text);
        int length = _vsnwprintf(text, room - 1, format, again);
        va_end(again);
        if (length >= 0)
            put(to, text, (size_t)length);
        HeapFree(GetProcessHeap(), 0, text);
        if (length >= 0 || room > 1 << 24)
            return;
    }
}

void say(const wchar_t *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put_format(OUTPUT, format, arguments);
    va_end(arguments);
}

void complain(const wchar_t *format, ...)
{
    va_list arguments;
    flush();
    va_start(arguments, format);
    put_format(ERRORS, format, arguments);
    va_end(arguments);
}

/* Where Wine's text is another than Windows'. */
static const struct {
    unsigned error;
    const wchar_t *text;
} texts[] = {
    {ERROR_FILE_NOT_FOUND, L"The system cannot find the file specified."},
    {ERROR_PATH_NOT_FOUND, L"The system cannot find the path specified."},
    {ERROR_ACCESS_DENIED, L"Access is denied."},
    {ERROR_SHARING_VIOLATION, L"The process cannot access the file because it is being used by another process."},
    {ERROR_FILE_EXISTS, L"The file exists."},
    {ERROR_INVALID_PARAMETER, L"The parameter is incorrect."},
    {ERROR_DISK_FULL, L"There is not enough space on the disk."},
    {ERROR_INVALID_NAME, L"The filename, directory name, or volume label syntax is incorrect."},
    {ERROR_DIR_NOT_EMPTY, L"The directory is not empty."},
    {ERROR_ALREADY_EXISTS, L"Cannot create a file when that file already exists."},
    {ERROR_DIRECTORY, L"The directory name is invalid."},
    {ERROR_SERVICE_ALREADY_RUNNING, L"An instance of the service is already running."},
    {ERROR_SERVICE_DISABLED, L"The service cannot be started, either because it is disabled or because it has no enabled "
                             L"devices associated with it."},
    {ERROR_SERVICE_DOES_NOT_EXIST, L"The specified service does not exist as an installed service."},
    {ERROR_SERVICE_CANNOT_ACCEPT_CTRL, L"The service cannot accept control messages at this time."},
    {ERROR_SERVICE_NOT_ACTIVE, L"The service has not been started."},
    {ERROR_SERVICE_REQUEST_TIMEOUT, L"The service did not respond to the start or control request in a timely fashion."},
    {ERROR_SERVICE_MARKED_FOR_DELETE, L"The specified service has been marked for deletion."},
    {ERROR_SERVICE_EXISTS, L"The specified service already exists."},
    {12007, L"The server name or address could not be resolved"},
    {12029, L"A connection with the server could not be established"},
    {0x80090011, L"Object was not found."},
    {0x8009310b, L"ASN1 bad tag value met."},
};

const wchar_t *reason(unsigned error)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].error == error)
            return texts[i].text;
    wchar_t *text = take(512 * sizeof *text);
    DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, error, 0, text, 512,
                                  NULL);
    while (length && (text[length - 1] == L'\n' || text[length - 1] == L'\r'))
        text[--length] = 0;
    return length ? text : format(L"The system cannot do that (error %u).", error);
}

/* Output: to a console as characters, elsewhere as bytes of the code page; errors in Windows' words. */
#include "cmd.h"

bool is_console(HANDLE handle)
{
    DWORD mode;
    /* Only a character device can be a console: the question is not asked for pipes and files. */
    return handle && GetFileType(handle) == FILE_TYPE_CHAR && GetConsoleMode(handle, &mode);
}

static void write_bytes(HANDLE to, const char *bytes, size_t size)
{
    DWORD written;
    for (; size && WriteFile(to, bytes, (DWORD)size, &written, NULL) && written; size -= written)
        bytes += written;
}

static void write_console(HANDLE to, const wchar_t *text, size_t length)
{
    DWORD written;
    for (; length; text += written, length -= written)
        if (!WriteConsoleW(to, text, length > 8192 ? 8192 : (DWORD)length, &written, NULL) || !written)
            return;
}

void put(int handle, const wchar_t *text, size_t length)
{
    HANDLE to = shell.handles[handle];
    struct mark mark = mark_memory();
    if (!to || !length)
        return;
    if (is_console(to)) {
        write_console(to, text, length);
    } else if (shell.unicode && handle == STANDARD_OUTPUT) {
        write_bytes(to, (const char *)text, length * sizeof *text);
    } else {
        char *bytes = take(length * 4);
        size_t size = 0;
        while (size < length && text[size] < 0x80) {
            bytes[size] = (char)text[size];
            size++;
        }
        if (size < length)
            size += (size_t)WideCharToMultiByte(code_page(), 0, text + size, (int)(length - size), bytes + size,
                                                (int)((length - size) * 4), NULL, NULL);
        write_bytes(to, bytes, size);
    }
    release_memory(mark);
}

static void put_format(int handle, const wchar_t *format, va_list arguments)
{
    struct mark mark = mark_memory();
    const wchar_t *text = format_list(format, arguments);
    put(handle, text, wcslen(text));
    release_memory(mark);
}

void say(const wchar_t *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put_format(STANDARD_OUTPUT, format, arguments);
    va_end(arguments);
}

void complain(const wchar_t *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put_format(STANDARD_ERROR, format, arguments);
    va_end(arguments);
}

const wchar_t *reason(unsigned error)
{
    static const struct {
        unsigned error;
        const wchar_t *text;
    } known[] = {
        {ERROR_INVALID_FUNCTION, L"Incorrect function."},
        {ERROR_FILE_NOT_FOUND, L"The system cannot find the file specified."},
        {ERROR_PATH_NOT_FOUND, L"The system cannot find the path specified."},
        {ERROR_ACCESS_DENIED, L"Access is denied."},
        {ERROR_INVALID_HANDLE, L"The handle is invalid."},
        {ERROR_INVALID_DRIVE, L"The system cannot find the drive specified."},
        {ERROR_NOT_SAME_DEVICE, L"The system cannot move the file to a different disk drive."},
        {ERROR_WRITE_PROTECT, L"The media is write protected."},
        {ERROR_SHARING_VIOLATION,
         L"The process cannot access the file because it is being used by another process."},
        {ERROR_NOT_SUPPORTED, L"The request is not supported."},
        {ERROR_FILE_EXISTS, L"The file exists."},
        {ERROR_INVALID_PARAMETER, L"The parameter is incorrect."},
        {ERROR_DISK_FULL, L"There is not enough space on the disk."},
        {ERROR_INVALID_NAME, L"The filename, directory name, or volume label syntax is incorrect."},
        {ERROR_BAD_PATHNAME, L"The specified path is invalid."},
        {ERROR_DIR_NOT_EMPTY, L"The directory is not empty."},
        {ERROR_ALREADY_EXISTS, L"Cannot create a file when that file already exists."},
        {ERROR_FILENAME_EXCED_RANGE, L"The filename or extension is too long."},
        {ERROR_DIRECTORY, L"The directory name is invalid."},
        {ERROR_PRIVILEGE_NOT_HELD, L"A required privilege is not held by the client."},
        {ERROR_TOO_MANY_LINKS, L"An attempt was made to create more links on a file than the file system supports."},
        {ERROR_NO_ASSOCIATION, L"No application is associated with the specified file for this operation."},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].error == error)
            return known[i].text;
    wchar_t *text = take(512 * sizeof *text);
    DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, error, 0, text, 512,
                                  NULL);
    while (length && (text[length - 1] == L'\n' || text[length - 1] == L'\r'))
        text[--length] = 0;
    return length ? text : format(L"The system cannot do that (error %u).", error);
}

int failed_with(unsigned error)
{
    complain(L"%s\r\n", reason(error));
    return error ? (int)error : 1;
}

int bad_syntax(void)
{
    complain(L"The syntax of the command is incorrect.\r\n");
    return 1;
}

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

const wchar_t *reason(unsigned error)
{
    wchar_t *text = take(512 * sizeof *text);
    DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, error, 0, text, 512,
                                  NULL);
    while (length && (text[length - 1] == L'\n' || text[length - 1] == L'\r'))
        text[--length] = 0;
    return length ? text : format(L"The system cannot do that (error %u).", error);
}

/* Memory and strings. */
#include "tool.h"

void *memset(void *to, int byte, size_t size)
{
    unsigned char *p = to;
    while (size--)
        *p++ = (unsigned char)byte;
    return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
    return memmove(to, from, size);
}

/* Never returns NULL: without memory there is nothing left to do. */
void *take(size_t bytes)
{
    void *memory = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, bytes);
    if (!memory)
        ExitProcess(255);
    return memory;
}

void *more(void *memory, size_t bytes)
{
    void *grown = memory ? HeapReAlloc(GetProcessHeap(), 0, memory, bytes) : HeapAlloc(GetProcessHeap(), 0, bytes);
    if (!grown)
        ExitProcess(255);
    return grown;
}

wchar_t *copy_part(const wchar_t *text, size_t length)
{
    wchar_t *made = take((length + 1) * sizeof *made);
    memcpy(made, text, length * sizeof *made);
    return made;
}

wchar_t *copy(const wchar_t *text)
{
    return copy_part(text, wcslen(text));
}

wchar_t *format(const wchar_t *format, ...)
{
    va_list arguments;
    for (size_t room = 512;; room *= 4) {
        wchar_t *made = take(room * sizeof *made);
        va_start(arguments, format);
        int length = _vsnwprintf(made, room - 1, format, arguments);
        va_end(arguments);
        if (length >= 0 || room > 1 << 24)
            return made;
    }
}

wchar_t upper(wchar_t c)
{
    return c < 0x80 ? (c >= L'a' && c <= L'z' ? (wchar_t)(c - 32) : c) : RtlUpcaseUnicodeChar(c);
}

bool same_start(const wchar_t *text, const wchar_t *start)
{
    for (; *start; text++, start++)
        if (upper(*text) != upper(*start))
            return false;
    return true;
}

bool same(const wchar_t *one, const wchar_t *other)
{
    return wcslen(one) == wcslen(other) && same_start(one, other);
}

bool whole_number(const wchar_t *text, uint64_t *value)
{
    if (!*text)
        return false;
    for (*value = 0; *text; text++) {
        if (*text < L'0' || *text > L'9' || *value > (UINT64_MAX - 9) / 10)
            return false;
        *value = *value * 10 + (uint64_t)(*text - L'0');
    }
    return true;
}

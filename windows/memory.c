/* Memory and strings without a C runtime: loading one costs a process start several milliseconds. */
#include "base.h"

void *memset(void *to, int byte, size_t size)
{
    unsigned char *p = to;
    while (size--)
        *p++ = (unsigned char)byte;
    return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
    unsigned char *p = to;
    const unsigned char *q = from;
    while (size--)
        *p++ = *q++;
    return to;
}

static DWORD own_heap = TLS_OUT_OF_INDEXES;

static HANDLE heap(void)
{
    HANDLE own = own_heap == TLS_OUT_OF_INDEXES ? NULL : TlsGetValue(own_heap);
    return own ? own : GetProcessHeap();
}

/* What this thread takes from here on is given back as a whole. The first call is made before there are others. */
void memory_begin(void)
{
    if (own_heap == TLS_OUT_OF_INDEXES)
        own_heap = TlsAlloc();
    HANDLE own = own_heap == TLS_OUT_OF_INDEXES ? NULL : HeapCreate(HEAP_NO_SERIALIZE, 0, 0);
    if (own)
        TlsSetValue(own_heap, own);
}

void memory_end(void)
{
    HANDLE own = heap();
    if (own == GetProcessHeap())
        return;
    TlsSetValue(own_heap, NULL);
    HeapDestroy(own);
}

/* Never returns NULL: without memory there is nothing left to do. */
void *take(size_t bytes)
{
    void *memory = HeapAlloc(heap(), HEAP_ZERO_MEMORY, bytes);
    if (!memory)
        ExitProcess(255);
    return memory;
}

/* Take more in the place of what was taken; what is new is zero. */
void *take_more(void *memory, size_t bytes)
{
    memory = HeapReAlloc(heap(), HEAP_ZERO_MEMORY, memory, bytes);
    if (!memory)
        ExitProcess(255);
    return memory;
}

void give(void *memory)
{
    HeapFree(heap(), 0, memory);
}

size_t text_length(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

bool text_starts(const char *text, const char *prefix)
{
    while (*prefix)
        if (*text++ != *prefix++)
            return false;
    return true;
}

/* Write value in decimal so that it ends before end; return its first digit. */
char *text_number(char *end, unsigned value)
{
    do
        *--end = (char)('0' + value % 10);
    while (value /= 10);
    return end;
}

unsigned text_value(const char *text)
{
    unsigned value = 0;
    while (*text >= '0' && *text <= '9')
        value = value * 10 + (unsigned)(*text++ - '0');
    return value;
}

wchar_t *wide(const char *utf8)
{
    int length = MultiByteToWideChar(CP_UTF8, 0, utf8, -1, NULL, 0);
    wchar_t *text = take((size_t)(length + 1) * sizeof *text);
    MultiByteToWideChar(CP_UTF8, 0, utf8, -1, text, length);
    return text;
}

size_t wide_length(const wchar_t *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

static wchar_t lower(wchar_t letter)
{
    return letter >= L'A' && letter <= L'Z' ? (wchar_t)(letter + 32) : letter;
}

/* Compare without regard to the case of ASCII letters. */
bool wide_equal(const wchar_t *one, const wchar_t *other, size_t length)
{
    for (; length; length--, one++, other++)
        if (lower(*one) != lower(*other))
            return false;
    return true;
}

/* Buffers that functions answer with: entries, and behind them what they point to. */
#include "graft.h"

HANDLE process_heap(void)
{
    enum { HEAP_OF_PEB = sizeof(void *) == 8 ? 0x30 : 0x18 };
    return *(HANDLE *)((char *)RtlGetCurrentPeb() + HEAP_OF_PEB);
}

size_t text_length(const wchar_t *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

void text_copy(const wchar_t *from, wchar_t *to, size_t room)
{
    size_t i = 0;
    for (; from[i] && i + 1 < room; i++)
        to[i] = from[i];
    to[i] = 0;
}

const wchar_t *value_text(HANDLE key, const wchar_t *value, wchar_t text[TEXT_ROOM])
{
    ULONG size = value_get(key, value, text, (TEXT_ROOM - 1) * sizeof *text);
    text[size / sizeof *text] = 0;
    return text;
}

bool value_put(HANDLE key, const wchar_t *value, const wchar_t *text)
{
    return value_set(key, value, REG_SZ, text, (ULONG)((text_length(text) + 1) * sizeof *text));
}

void *answer_bytes(struct answer *answer, const void *from, size_t size)
{
    char *to = answer->data ? answer->data + answer->used : NULL;
    for (size_t i = 0; to && i < size; i++)
        to[i] = ((const char *)from)[i];
    answer->used += (size + 7) & ~(size_t)7;
    return to;
}

wchar_t *answer_text(struct answer *answer, const wchar_t *text)
{
    return answer_bytes(answer, text, (text_length(text) + 1) * sizeof *text);
}

/* entry_size 0: there is no such level. */
DWORD answer_all(const entry *entries, DWORD count, DWORD level, size_t entry_size, write_entry *write, BYTE **buffer)
{
    enum { LARGEST = 512 };
    char unused[LARGEST];
    struct answer answer = {.used = count * entry_size};
    *buffer = NULL;
    if (!entry_size)
        return ERROR_INVALID_LEVEL;
    for (DWORD i = 0; i < count; i++)
        if (!write(&answer, unused, level, &entries[i]))
            return ERROR_INVALID_LEVEL;
    size_t needed = answer.used + TEXT_ROOM; /* a value may change meanwhile */
    answer.data = RtlAllocateHeap(process_heap(), HEAP_ZERO_MEMORY, needed);
    if (!answer.data)
        return ERROR_NOT_ENOUGH_MEMORY;
    answer.used = count * entry_size;
    for (DWORD i = 0; i < count; i++)
        write(&answer, answer.data + i * entry_size, level, &entries[i]);
    *buffer = (BYTE *)answer.data;
    return NERR_Success;
}

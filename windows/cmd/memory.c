/* Memory in two kinds: taken, which a mark gives back all at once, and kept. Running out of it is the end. */
#include "cmd.h"

enum { CHUNK = 64 << 10, ALIGNMENT = 16 };

struct chunk {
    struct chunk *older;
    size_t room;
    size_t unused; /* keeps the data aligned */
    size_t also_unused;
};

static struct chunk *newest;
static size_t used;

void *keep(size_t bytes)
{
    void *memory = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, bytes);
    if (!memory)
        ExitProcess(255);
    return memory;
}

void drop(void *memory)
{
    if (memory)
        HeapFree(GetProcessHeap(), 0, memory);
}

wchar_t *keep_text(const wchar_t *text)
{
    size_t bytes = (wcslen(text) + 1) * sizeof *text;
    return memcpy(keep(bytes), text, bytes);
}

struct mark mark_memory(void)
{
    return (struct mark){newest, used};
}

void release_memory(struct mark mark)
{
    while (newest != mark.chunk) {
        struct chunk *older = newest->older;
        drop(newest);
        newest = older;
    }
    used = mark.used;
}

void *take(size_t bytes)
{
    bytes = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (!newest || newest->room - used < bytes) {
        size_t room = bytes > CHUNK ? bytes : CHUNK;
        struct chunk *chunk = HeapAlloc(GetProcessHeap(), 0, sizeof *chunk + room);
        if (!chunk)
            ExitProcess(255);
        chunk->older = newest;
        chunk->room = room;
        newest = chunk;
        used = 0;
    }
    void *memory = (char *)(newest + 1) + used;
    used += bytes;
    return memset(memory, 0, bytes);
}

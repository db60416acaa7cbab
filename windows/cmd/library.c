/* The few functions of the C library that are used, without its runtime. */
#include "cmd.h"

size_t wcslen(const wchar_t *text)
{
    const wchar_t *p = text;
    while (*p)
        p++;
    return (size_t)(p - text);
}

int wcscmp(const wchar_t *one, const wchar_t *other)
{
    for (; *one && *one == *other; one++, other++)
        ;
    return (int)*one - (int)*other;
}

/* Unlike the C library's these do not find the NUL at the end. */
wchar_t *wcschr(const wchar_t *text, wchar_t c)
{
    for (; *text; text++)
        if (*text == c)
            return (wchar_t *)text;
    return NULL;
}

wchar_t *wcsrchr(const wchar_t *text, wchar_t c)
{
    wchar_t *found = NULL;
    for (; *text; text++)
        if (*text == c)
            found = (wchar_t *)text;
    return found;
}

void *memcpy(void *to, const void *from, size_t size)
{
    __movsb(to, from, size);
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    char *t = to;
    const char *f = from;
    if (t <= f || t >= f + size)
        return memcpy(to, from, size);
    while (size--)
        t[size] = f[size];
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    __stosb(to, (unsigned char)byte, size);
    return to;
}

int memcmp(const void *one, const void *other, size_t size)
{
    const unsigned char *a = one, *b = other;
    for (; size; size--, a++, b++)
        if (*a != *b)
            return *a - *b;
    return 0;
}

/* By merging: what is equal stays in its order. The items are pointers. */
void sort(void *items, size_t count, size_t size, int (*order)(const void *, const void *))
{
    void **all = items, **left, **to = all;
    size_t half = count / 2, i = 0, j = half;
    if (count < 2)
        return;
    sort(all, half, size, order);
    sort(all + half, count - half, size, order);
    struct mark mark = mark_memory();
    left = memcpy(take(half * sizeof *left), all, half * sizeof *left);
    while (i < half)
        if (j < count && order(&all[j], &left[i]) < 0)
            *to++ = all[j++];
        else
            *to++ = left[i++];
    release_memory(mark);
}

/* comp: where two files differ. */
#include "tool.h"

enum { PIECE = 65536, MOST = 10 };

int comp(int count, wchar_t **arguments)
{
    struct source one, other;
    const wchar_t *names[2];
    int named = 0, differences = 0;
    bool decimal = false, letters = false;
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i];
        if (same(each, L"/D"))
            decimal = true;
        else if (same(each, L"/A"))
            letters = true;
        else if (same(each, L"/M"))
            continue; /* never asks for more files here */
        else if (each[0] == L'/' || named == 2)
            return complain(L"Invalid switch - %s\r\n", each), 2;
        else
            names[named++] = each;
    }
    if (named < 2)
        return complain(L"comp: name two files; it does not ask for them here.\r\n"), 2;
    for (int i = 0; i < 2; i++)
        if (!open_source(i ? &other : &one, names[i]))
            return complain(L"Can't find/open file: %s\r\n", names[i]), 2;
    say(L"Comparing %s and %s...\r\n", names[0], names[1]);
    LARGE_INTEGER sizes[2];
    if (!GetFileSizeEx(one.file, &sizes[0]) || !GetFileSizeEx(other.file, &sizes[1]) ||
        sizes[0].QuadPart != sizes[1].QuadPart)
        return say(L"Files are different sizes.\r\n"), 1;
    unsigned char *a = take(PIECE), *b = take(PIECE);
    uint64_t offset = 0;
    size_t got;
    while (differences < MOST && (got = read_source(&one, a, PIECE))) {
        for (size_t have = 0, more; have < got && (more = read_source(&other, b + have, got - have)); have += more)
            ;
        for (size_t i = 0; i < got && differences < MOST; i++) {
            if (a[i] == b[i])
                continue;
            differences++;
            say(decimal ? L"Compare error at OFFSET %I64u\r\n" : L"Compare error at OFFSET %I64X\r\n", offset + i);
            const wchar_t *shape = letters ? L"file1 = %c\r\nfile2 = %c\r\n"
                                   : decimal ? L"file1 = %d\r\nfile2 = %d\r\n" : L"file1 = %X\r\nfile2 = %X\r\n";
            say(shape, a[i], b[i]);
        }
        offset += got;
    }
    if (differences == MOST)
        say(L"10 mismatches - ending compare\r\n");
    else if (!differences)
        say(L"Files compare OK\r\n");
    return differences ? 1 : 0;
}

/* sort: lines by the language's order or, with /L C, by their bytes; what goes in comes out, in another order. */
#include "tool.h"

struct line {
    const char *bytes;
    size_t size, number, key_size;
    const unsigned char *key;
};
struct rules {
    bool reverse, unique, exact, cased;
    size_t column;
    const wchar_t *output, *input;
};

static struct rules rules;

static int bad(const wchar_t *text)
{
    complain(L"%s\r\n", text);
    return 1;
}

static size_t character(const char *bytes, size_t left)
{
    size_t length = 1;
    while (length < left && ((unsigned char)bytes[length] & 0xC0) == 0x80)
        length++;
    return length;
}

static void make_key(struct line *line)
{
    const char *from = line->bytes;
    size_t left = line->size, wide;
    for (size_t i = 1; i < rules.column && left; i++) {
        size_t length = character(from, left);
        from += length;
        left -= length;
    }
    line->key = (const unsigned char *)from;
    line->key_size = left;
    if (rules.exact)
        return;
    wchar_t *text = wide_of(from, left, &wide);
    DWORD flags = LCMAP_SORTKEY | (rules.cased ? 0 : NORM_IGNORECASE);
    int size = wide ? LCMapStringW(LOCALE_USER_DEFAULT, flags, text, (int)wide, NULL, 0) : 0;
    unsigned char *key = take((size_t)size + 1);
    line->key_size = wide ? (size_t)LCMapStringW(LOCALE_USER_DEFAULT, flags, text, (int)wide, (wchar_t *)key, size) : 0;
    line->key = key;
    HeapFree(GetProcessHeap(), 0, text);
}

static int by_key(const struct line *a, const struct line *b)
{
    size_t common = a->key_size < b->key_size ? a->key_size : b->key_size;
    int order = common ? memcmp(a->key, b->key, common) : 0;
    return order ? order : a->key_size < b->key_size ? -1 : a->key_size > b->key_size;
}

/* qsort does not keep the order of equal ones: their numbers do. */
static int __cdecl compare(const void *one, const void *other)
{
    const struct line *a = one, *b = other;
    int order = by_key(a, b);
    if (rules.reverse)
        order = -order;
    return order ? order : a->number < b->number ? -1 : 1;
}

static char *read_whole(size_t *size)
{
    struct source source;
    size_t room = 1 << 16, got;
    char *data = take(room);
    *size = 0;
    if (!open_source(&source, rules.input))
        return SetLastError(source.error), NULL;
    while ((got = read_source(&source, data + *size, room - *size))) {
        *size += got;
        if (room - *size < 1 << 15)
            data = more(data, room *= 2);
    }
    close_source(&source);
    return data;
}

static struct line *split(const char *data, size_t size, size_t *count)
{
    struct line *lines = NULL;
    size_t room = 0;
    *count = 0;
    for (size_t at = 0; at < size;) {
        size_t end = at;
        while (end < size && data[end] != '\n')
            end++;
        if (*count == room)
            lines = more(lines, (room = room * 2 + 256) * sizeof *lines);
        size_t length = end > at && data[end - 1] == '\r' ? end - 1 - at : end - at;
        lines[*count] = (struct line){data + at, length, *count, 0, NULL};
        make_key(lines + (*count)++);
        at = end + 1;
    }
    return lines;
}

static bool redirect(void)
{
    HANDLE file = CreateFileW(rules.output, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    return file != INVALID_HANDLE_VALUE && SetStdHandle(STD_OUTPUT_HANDLE, file);
}

static const wchar_t *read_option(const wchar_t *each, const wchar_t *next, bool *used)
{
    uint64_t column;
    const wchar_t *name = each + 1;
    *used = false;
    if (*name == L'+') {
        if (!whole_number(name + 1, &column) || !column)
            return L"Invalid switch.";
        rules.column = (size_t)column;
        return NULL;
    }
    if (same(name, L"r") || same(name, L"reverse"))
        return rules.reverse = true, NULL;
    if (same(name, L"uniq") || same(name, L"unique"))
        return rules.unique = true, NULL;
    if (same(name, L"c") || same(name, L"case_sensitive"))
        return rules.cased = true, NULL;
    *used = next != NULL;
    if (!next)
        return L"Invalid switch.";
    if (same(name, L"o") || same(name, L"output"))
        return rules.output = next, NULL;
    if (same(name, L"l") || same(name, L"locale"))
        return (rules.exact = same(next, L"c")) ? NULL : L"Of locales only \"C\" may be given.";
    bool memory = same(name, L"m") || same(name, L"memory") || same(name, L"rec") || same(name, L"record_maximum");
    return memory || same(name, L"t") || same(name, L"temporary") ? NULL : L"Invalid switch.";
}

int sort(int count, wchar_t **arguments)
{
    size_t size, found;
    bool used;
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i], *wrong = NULL;
        if (is_option(each, L"?"))
            return say(L"SORT [/R] [/+n] [/M kilobytes] [/L locale] [/REC recordbytes] [/UNIQUE]\r\n  [[drive1:][path1]filename1]"
                       L" [/T [drive2:][path2]] [/O [drive3:][path3]filename3]\r\n"), 0;
        if (*each == L'/') {
            wrong = read_option(each, i + 1 < count ? arguments[i + 1] : NULL, &used);
            i += used;
        } else if (rules.input) {
            wrong = L"Input file specified two times.";
        } else {
            rules.input = each;
        }
        if (wrong)
            return bad(wrong);
    }
    char *data = read_whole(&size);
    if (!data)
        return bad(format(L"%s%s", rules.input ? rules.input : L"", reason(GetLastError())));
    struct line *lines = split(data, size, &found);
    qsort(lines, found, sizeof *lines, compare);
    if (rules.output && !redirect())
        return bad(format(L"%s%s", rules.output, reason(GetLastError())));
    for (size_t i = 0; i < found; i++) {
        if (rules.unique && i && !by_key(lines + i - 1, lines + i))
            continue;
        put_bytes(OUTPUT, lines[i].bytes, lines[i].size);
        put_bytes(OUTPUT, "\r\n", 2);
    }
    return 0;
}

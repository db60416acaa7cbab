/* fc's comparison of lines: where they part, both sides are shown up to where they meet again. */
#include "fc.h"

struct side {
    const char *data;
    size_t *starts, count; /* starts[count]: the end */
    const wchar_t *name;
};

static void split(struct side *side, const char *data, size_t size, const wchar_t *name)
{
    size_t room = 0;
    *side = (struct side){.data = data, .name = name};
    for (size_t at = 0; at <= size; at++)
        if (!at || (at < size && data[at - 1] == '\n')) {
            if (side->count + 2 > room)
                side->starts = more(side->starts, (room = room * 2 + 256) * sizeof *side->starts);
            if (at < size)
                side->starts[side->count++] = at;
        }
    side->starts[side->count] = size;
}

static size_t length_of(const struct side *side, size_t line)
{
    size_t length = side->starts[line + 1] - side->starts[line];
    const char *text = side->data + side->starts[line];
    if (length && text[length - 1] == '\n')
        length--;
    return length && text[length - 1] == '\r' ? length - 1 : length;
}

static bool is_white(char c)
{
    return c == ' ' || c == '\t';
}

/* The next character that counts; 0 at the end. With /W runs of blanks are one, and none at the ends. */
static unsigned next(const struct fc *fc, const char *text, size_t length, size_t *at)
{
    if (fc->white && *at < length && is_white(text[*at])) {
        size_t start = *at;
        while (*at < length && is_white(text[*at]))
            ++*at;
        return *at == length ? 0 : start ? ' ' : next(fc, text, length, at);
    }
    if (*at == length)
        return 0;
    unsigned char c = (unsigned char)text[(*at)++];
    return fc->any_case && c >= 'a' && c <= 'z' ? c - 32u : c + (c == 0 ? 256u : 0);
}

static bool equal(const struct fc *fc, const struct side *one, size_t a, const struct side *other, size_t b)
{
    size_t left = length_of(one, a), right = length_of(other, b), i = 0, j = 0;
    const char *first = one->data + one->starts[a], *second = other->data + other->starts[b];
    if (!fc->white && !fc->any_case)
        return left == right && (!left || !memcmp(first, second, left));
    for (;;) {
        unsigned c = next(fc, first, left, &i), d = next(fc, second, right, &j);
        if (c != d)
            return false;
        if (!c)
            return true;
    }
}

/* Whether resync lines from a and b on are equal: or all that are left of both. */
static bool meets(const struct fc *fc, const struct side *one, size_t a, const struct side *other, size_t b)
{
    if (a == one->count || b == other->count)
        return a == one->count && b == other->count;
    for (size_t i = 0; i < fc->resync; i++) {
        if (a + i == one->count || b + i == other->count)
            return a + i == one->count && b + i == other->count;
        if (!equal(fc, one, a + i, other, b + i))
            return false;
    }
    return true;
}

static void show(const struct fc *fc, const struct side *side, size_t from, size_t to)
{
    say(L"***** %s\r\n", side->name);
    for (size_t line = from; line < to; line++) {
        if (fc->short_form && to - from > 3 && line > from && line + 1 < to) {
            if (line == from + 1)
                say(L"...\r\n");
            continue;
        }
        if (fc->numbers)
            say(L"%5u:  ", (unsigned)line + 1);
        put_bytes(OUTPUT, side->data + side->starts[line], length_of(side, line));
        say(L"\r\n");
    }
}

int compare_texts(const struct fc *fc, const char *one_data, size_t one_size, const char *other_data, size_t other_size,
                  const wchar_t *one_name, const wchar_t *other_name)
{
    struct side one, other;
    size_t a = 0, b = 0;
    int code = FC_SAME;
    split(&one, one_data, one_size, one_name);
    split(&other, other_data, other_size, other_name);
    for (;;) {
        while (a < one.count && b < other.count && equal(fc, &one, a, &other, b))
            a++, b++;
        if (a == one.count && b == other.count)
            return code;
        size_t x = a, y = b, reach = 1, context = a && b;
        bool met = false;
        code = FC_DIFFERENT;
        for (; !met && reach <= 2 * fc->buffer; reach++)
            for (size_t i = 0; !met && i <= reach; i++) {
                x = a + (reach - i), y = b + i;
                met = reach - i <= fc->buffer && i <= fc->buffer && x <= one.count && y <= other.count &&
                      meets(fc, &one, x, &other, y);
            }
        if (!met)
            x = one.count, y = other.count;
        show(fc, &one, a - context, x + (met && x < one.count));
        show(fc, &other, b - context, y + (met && y < other.count));
        say(L"*****\r\n\r\n");
        a = x, b = y;
    }
}

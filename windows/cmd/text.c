/* Strings: growing ones, comparing, trimming, numbers, code pages. */
#include "cmd.h"

static unsigned chosen_page; /* by chcp where there is no console that remembers it */

void add_part(struct text *text, const wchar_t *part, size_t length)
{
    if (text->length + length + 1 > text->room) {
        size_t room = (text->length + length + 32) * 2;
        wchar_t *chars = take(room * sizeof *chars);
        if (text->length)
            memcpy(chars, text->chars, text->length * sizeof *chars);
        text->chars = chars;
        text->room = room;
    }
    memcpy(text->chars + text->length, part, length * sizeof *part);
    text->length += length;
    text->chars[text->length] = 0;
}

void add_char(struct text *text, wchar_t c)
{
    add_part(text, &c, 1);
}

void add(struct text *text, const wchar_t *part)
{
    add_part(text, part, wcslen(part));
}

wchar_t *chars_of(struct text *text)
{
    if (!text->chars)
        add_part(text, L"", 0);
    return text->chars;
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

wchar_t *join(const wchar_t *first, ...)
{
    struct text made = {0};
    va_list more;
    va_start(more, first);
    for (const wchar_t *part = first; part; part = va_arg(more, const wchar_t *))
        add(&made, part);
    va_end(more);
    return chars_of(&made);
}

bool is_space(wchar_t c)
{
    return c == L' ' || c == L'\t';
}

bool is_delimiter(wchar_t c)
{
    return is_space(c) || c == L',' || c == L';' || c == L'=' || c == L'\v' || c == L'\f' || c == 0xa0;
}

bool is_digit(wchar_t c)
{
    return c >= L'0' && c <= L'9';
}

wchar_t upper(wchar_t c)
{
    if (c < 0x80)
        return c >= L'a' && c <= L'z' ? c - 32 : c;
    return RtlUpcaseUnicodeChar(c);
}

bool same_part(const wchar_t *one, const wchar_t *other, size_t length)
{
    for (; length; length--, one++, other++) {
        if (*one != *other && upper(*one) != upper(*other))
            return false;
        if (!*one)
            return true;
    }
    return true;
}

bool same(const wchar_t *one, const wchar_t *other)
{
    return same_part(one, other, (size_t)-1);
}

bool same_start(const wchar_t *text, const wchar_t *start)
{
    return same_part(text, start, wcslen(start));
}

const wchar_t *skip_spaces(const wchar_t *text)
{
    while (is_space(*text))
        text++;
    return text;
}

const wchar_t *skip_delimiters(const wchar_t *text)
{
    while (is_delimiter(*text))
        text++;
    return text;
}

wchar_t *trimmed(const wchar_t *text)
{
    text = skip_delimiters(text);
    size_t length = wcslen(text);
    while (length && is_delimiter(text[length - 1]))
        length--;
    return copy_part(text, length);
}

wchar_t *without_quotes(const wchar_t *text)
{
    wchar_t *made = copy(text), *to = made;
    for (; *text; text++)
        if (*text != L'"')
            *to++ = *text;
    *to = 0;
    return made;
}

wchar_t *unquoted(const wchar_t *text)
{
    size_t length = wcslen(text);
    if (length && *text == L'"')
        text++, length--;
    if (length && text[length - 1] == L'"')
        length--;
    return copy_part(text, length);
}

static int digit_value(wchar_t c)
{
    c = upper(c);
    return is_digit(c) ? c - L'0' : c >= L'A' && c <= L'F' ? c - L'A' + 10 : 99;
}

bool whole_number(const wchar_t *text, int *value)
{
    bool negative = false;
    for (; *text == L'-' || *text == L'+'; text++)
        negative ^= *text == L'-';
    int base = 10;
    if (text[0] == L'0' && upper(text[1]) == L'X')
        base = 16, text += 2;
    else if (text[0] == L'0' && text[1])
        base = 8;
    uint64_t number = 0;
    if (!*text)
        return false;
    for (; digit_value(*text) < base; text++) {
        number = number * (unsigned)base + (unsigned)digit_value(*text);
        if (number > 0xffffffffu)
            number = 0x7fffffff;
    }
    *value = (int)(negative ? 0u - (uint32_t)number : (uint32_t)number);
    return !*text;
}

int leading_number(const wchar_t *text)
{
    text = skip_delimiters(text);
    size_t length = *text == L'-' || *text == L'+';
    while (is_digit(text[length]) || (length && upper(text[length]) == L'X') || digit_value(text[length]) < 16)
        length++;
    int value = 0;
    for (; length; length--)
        if (whole_number(copy_part(text, length), &value))
            return value;
    return 0;
}

wchar_t *variable_of(const wchar_t *name)
{
    wchar_t small[512];
    SetLastError(0);
    DWORD length = GetEnvironmentVariableW(name, small, 512);
    if (!length && GetLastError() == ERROR_ENVVAR_NOT_FOUND)
        return NULL;
    if (length < 512)
        return copy_part(small, length);
    wchar_t *value = take((length + 1) * sizeof *value);
    GetEnvironmentVariableW(name, value, length + 1);
    return value;
}

unsigned code_page(void)
{
    if (chosen_page)
        return chosen_page;
    UINT page = GetConsoleOutputCP();
    return chosen_page = page ? page : GetOEMCP();
}

void set_code_page(unsigned page)
{
    chosen_page = page;
}

wchar_t *wide_of(const char *bytes, size_t size, size_t *length)
{
    wchar_t *made = take((size + 1) * sizeof *made);
    size_t i = 0;
    for (; i < size && !(bytes[i] & 0x80); i++)
        made[i] = (wchar_t)bytes[i];
    if (i < size)
        i += (size_t)MultiByteToWideChar(code_page(), 0, bytes + i, (int)(size - i), made + i, (int)(size - i));
    made[i] = 0;
    if (length)
        *length = i;
    return made;
}

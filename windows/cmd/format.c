/* Formatted text: %s %c %d %u %X %I64u, with `-`, `0`, a width or `*`. */
#include "cmd.h"

struct field {
    bool left, zeros, wide;
    int width;
};

static const wchar_t *read_field(const wchar_t *p, struct field *field, va_list *arguments)
{
    for (; *p == L'-' || *p == L'0'; p++)
        *(*p == L'-' ? &field->left : &field->zeros) = true;
    if (*p == L'*') {
        field->width = va_arg(*arguments, int);
        p++;
    }
    for (; is_digit(*p); p++)
        field->width = field->width * 10 + (*p - L'0');
    if (p[0] == L'I' && p[1] == L'6' && p[2] == L'4') {
        field->wide = true;
        p += 3;
    }
    return p;
}

static void add_field(struct text *out, const struct field *field, const wchar_t *text, size_t length)
{
    int padding = field->width - (int)length;
    for (int i = 0; !field->left && i < padding; i++)
        add_char(out, field->zeros ? L'0' : L' ');
    add_part(out, text, length);
    for (int i = 0; field->left && i < padding; i++)
        add_char(out, L' ');
}

static void add_number(struct text *out, const struct field *field, uint64_t number, bool negative, unsigned base)
{
    wchar_t digits[24], *p = digits + 24;
    do
        *--p = L"0123456789ABCDEF"[number % base];
    while (number /= base);
    if (negative)
        *--p = L'-';
    add_field(out, field, p, (size_t)(digits + 24 - p));
}

wchar_t *format_list(const wchar_t *format, va_list list)
{
    struct text out = {0};
    va_list arguments;
    va_copy(arguments, list);
    while (*format) {
        const wchar_t *p = format;
        while (*p && *p != L'%')
            p++;
        add_part(&out, format, (size_t)(p - format));
        if (!*p)
            break;
        struct field field = {.width = 0};
        p = read_field(p + 1, &field, &arguments);
        wchar_t c;
        const wchar_t *text;
        int number;
        switch (*p) {
        case L's':
            text = va_arg(arguments, const wchar_t *);
            add_field(&out, &field, text, wcslen(text));
            break;
        case L'c':
            c = (wchar_t)va_arg(arguments, int);
            add_field(&out, &field, &c, 1);
            break;
        case L'd':
            number = va_arg(arguments, int);
            add_number(&out, &field, number < 0 ? 0u - (unsigned)number : (unsigned)number, number < 0, 10);
            break;
        case L'u':
        case L'X':
            add_number(&out, &field, field.wide ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned), false,
                       *p == L'X' ? 16 : 10);
            break;
        default:
            add_char(&out, *p);
        }
        format = p + 1;
    }
    va_end(arguments);
    return chars_of(&out);
}

wchar_t *format(const wchar_t *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    wchar_t *made = format_list(format, arguments);
    va_end(arguments);
    return made;
}

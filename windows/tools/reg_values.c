/* Values of the registry: read from a key, made of text, shown as text. */
#include "reg.h"

struct registry registry;

static const struct {
    const wchar_t *name;
    DWORD type;
} types[] = {
    {L"REG_NONE", REG_NONE},
    {L"REG_SZ", REG_SZ},
    {L"REG_EXPAND_SZ", REG_EXPAND_SZ},
    {L"REG_BINARY", REG_BINARY},
    {L"REG_DWORD", REG_DWORD},
    {L"REG_DWORD_LITTLE_ENDIAN", REG_DWORD},
    {L"REG_DWORD_BIG_ENDIAN", REG_DWORD_BIG_ENDIAN},
    {L"REG_LINK", REG_LINK},
    {L"REG_MULTI_SZ", REG_MULTI_SZ},
    {L"REG_RESOURCE_LIST", REG_RESOURCE_LIST},
    {L"REG_FULL_RESOURCE_DESCRIPTOR", REG_FULL_RESOURCE_DESCRIPTOR},
    {L"REG_RESOURCE_REQUIREMENTS_LIST", REG_RESOURCE_REQUIREMENTS_LIST},
    {L"REG_QWORD", REG_QWORD},
};

void load_registry(void)
{
    static const struct {
        const char *name;
        void **to;
    } functions[] = {
        {"RegOpenKeyExW", (void **)&registry.open},        {"RegCreateKeyExW", (void **)&registry.create},
        {"RegCloseKey", (void **)&registry.close},         {"RegQueryValueExW", (void **)&registry.query},
        {"RegSetValueExW", (void **)&registry.set},        {"RegDeleteValueW", (void **)&registry.forget},
        {"RegDeleteTreeW", (void **)&registry.remove_tree}, {"RegDeleteKeyExW", (void **)&registry.remove_key},
        {"RegEnumKeyExW", (void **)&registry.next_key},    {"RegEnumValueW", (void **)&registry.next_value},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        *functions[i].to = from(L"kernelbase.dll", functions[i].name);
}

bool type_of(const wchar_t *name, DWORD *type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (same(types[i].name, name))
            return *type = types[i].type, true;
    return false;
}

const wchar_t *type_name(DWORD type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].type == type)
            return types[i].name;
    return format(L"0x%x", type);
}

struct value *values_of(HKEY key, size_t *count)
{
    enum { LONGEST_NAME = 16384 };
    struct value *values = NULL;
    wchar_t *name = take(LONGEST_NAME * sizeof *name);
    DWORD room = 1 << 12;
    BYTE *data = take(room);
    size_t there = 0;
    *count = 0;
    for (DWORD index = 0;;) {
        DWORD length = LONGEST_NAME, size = room, type;
        LSTATUS status = registry.next_value(key, index, name, &length, NULL, &type, data, &size);
        if (status == ERROR_MORE_DATA) {
            data = more(data, room = size > room ? size : room * 2);
            continue;
        }
        if (status)
            return values;
        if (*count == there)
            values = more(values, (there = there * 2 + 16) * sizeof *values);
        /* Two characters more: what should end in a NUL and does not is text all the same. */
        BYTE *kept = take((size_t)size + 4);
        memcpy(kept, data, size);
        values[(*count)++] = (struct value){copy_part(name, length), type, size, kept};
        index++;
    }
}

static int __cdecl by_name(const void *one, const void *other)
{
    const wchar_t *a = *(wchar_t *const *)one, *b = *(wchar_t *const *)other;
    while (*a && upper(*a) == upper(*b))
        a++, b++;
    return upper(*a) - upper(*b);
}

wchar_t **subkeys_of(HKEY key, size_t *count)
{
    wchar_t **names = NULL, name[512];
    size_t there = 0;
    DWORD length = 512;
    *count = 0;
    for (DWORD index = 0; !registry.next_key(key, index, name, &length, NULL, NULL, NULL, NULL); index++, length = 512) {
        if (*count == there)
            names = more(names, (there = there * 2 + 16) * sizeof *names);
        names[(*count)++] = copy_part(name, length);
    }
    qsort(names, *count, sizeof *names, by_name);
    return names;
}

bool find_value(HKEY key, const wchar_t *name, struct value *value)
{
    *value = (struct value){.name = copy(name)};
    LSTATUS status = registry.query(key, name, NULL, &value->type, NULL, &value->size);
    if (status)
        return false;
    value->data = take((size_t)value->size + 4);
    return !registry.query(key, name, NULL, &value->type, value->data, &value->size);
}

static wchar_t *hex_text(const struct value *value)
{
    static const wchar_t digits[] = L"0123456789ABCDEF";
    wchar_t *made = take(((size_t)value->size * 2 + 1) * sizeof *made);
    for (DWORD i = 0; i < value->size; i++) {
        made[2 * i] = digits[value->data[i] >> 4];
        made[2 * i + 1] = digits[value->data[i] & 15];
    }
    return made;
}

static wchar_t *strings_text(const struct value *value, const wchar_t *separator)
{
    const wchar_t *text = (const wchar_t *)value->data, *end = text + value->size / 2;
    size_t gap = wcslen(separator), length = 0;
    wchar_t *made = take((value->size / 2 * (gap + 1) + 1) * sizeof *made);
    while (end > text && !end[-1])
        end--;
    for (; text < end; text++) {
        if (*text) {
            made[length++] = *text;
        } else {
            memcpy(made + length, separator, gap * sizeof *made);
            length += gap;
        }
    }
    return made;
}

wchar_t *data_text(const struct value *value, const wchar_t *separator)
{
    uint64_t number = 0;
    switch (value->type) {
    case REG_SZ:
    case REG_EXPAND_SZ:
        return copy((const wchar_t *)value->data);
    case REG_MULTI_SZ:
        return strings_text(value, separator);
    case REG_DWORD:
    case REG_DWORD_BIG_ENDIAN:
    case REG_QWORD:
        if (value->size != (value->type == REG_QWORD ? 8 : 4))
            break;
        memcpy(&number, value->data, value->size);
        return format(L"0x%I64x", number);
    }
    return hex_text(value);
}

int digit_of(wchar_t c)
{
    if (c >= L'0' && c <= L'9')
        return c - L'0';
    c = upper(c);
    return c >= L'A' && c <= L'F' ? c - L'A' + 10 : -1;
}

static bool number_of(const wchar_t *text, uint64_t most, uint64_t *number)
{
    bool hex = text[0] == L'0' && upper(text[1]) == L'X';
    uint64_t base = hex ? 16 : 10;
    text += hex ? 2 : 0;
    if (!*text)
        return false;
    for (*number = 0; *text; text++) {
        int digit = digit_of(*text);
        if (digit < 0 || (uint64_t)digit >= base || *number > (most - (uint64_t)digit) / base)
            return false;
        *number = *number * base + (uint64_t)digit;
    }
    return true;
}

static bool bytes_from_hex(const wchar_t *text, struct value *value)
{
    size_t length = wcslen(text), at = 0;
    value->size = (DWORD)((length + 1) / 2);
    value->data = take((size_t)value->size + 1);
    /* An odd number of digits: the first byte has one. */
    for (size_t i = length % 2; at < length; at++, i++) {
        int digit = digit_of(text[at]);
        if (digit < 0)
            return false;
        value->data[i / 2] = (BYTE)(value->data[i / 2] << 4 | digit);
    }
    return true;
}

/* Strings between separators; none may be empty, but there may be a separator at the end. */
static bool strings_from(const wchar_t *text, const wchar_t *separator, struct value *value)
{
    size_t gap = wcslen(separator), length = 0, start = 0;
    wchar_t *made = take((wcslen(text) + 3) * sizeof *made);
    value->data = (BYTE *)made;
    value->size = sizeof *made;
    if (!*text)
        return true;
    value->size = 2 * sizeof *made;
    if (!wcscmp(text, separator))
        return true;
    for (;; text++) {
        bool parts = *text && same_start(text, separator);
        if (!parts && *text) {
            made[length++] = *text;
            continue;
        }
        if (length == start)
            return !*text && length ? (value->size = (DWORD)((length + 1) * sizeof *made), true) : false;
        start = ++length; /* behind the NUL */
        if (!*text)
            break;
        text += gap - 1;
    }
    value->size = (DWORD)((length + 1) * sizeof *made);
    return true;
}

bool data_of(const wchar_t *text, const wchar_t *separator, struct value *value)
{
    uint64_t number = 0;
    bool good = true, is_quad = value->type == REG_QWORD;
    switch (value->type) {
    case REG_DWORD:
    case REG_DWORD_BIG_ENDIAN:
    case REG_QWORD:
        if (is_quad && !wcscmp(text, L"-1"))
            number = UINT64_MAX;
        else if (!is_quad || *text)
            good = number_of(text, is_quad ? UINT64_MAX : UINT32_MAX, &number);
        value->size = is_quad ? 8 : 4;
        value->data = take(8);
        memcpy(value->data, &number, value->size);
        if (!good)
            bad_use(L"Invalid syntax. Specify valid numeric value for '/d'.");
        return good;
    case REG_MULTI_SZ:
        good = strings_from(text, separator, value);
        if (!good)
            bad_use(L"Invalid syntax. Specify valid data for '/d': no string of it may be empty.");
        return good;
    case REG_SZ:
    case REG_EXPAND_SZ:
    case REG_NONE:
    case REG_LINK:
        value->size = (DWORD)((wcslen(text) + 1) * sizeof *text);
        value->data = (BYTE *)copy(text);
        return true;
    }
    good = bytes_from_hex(text, value);
    if (!good)
        bad_use(L"Invalid syntax. Specify valid hexadecimal digits for '/d'.");
    return good;
}

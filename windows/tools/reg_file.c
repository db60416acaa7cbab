/* reg export and import: registration files, version 5 in UTF-16 and version 4 in bytes. */
#include "reg.h"

enum { WIDEST = 76 };

static struct {
    wchar_t *text;
    size_t length, room;
} out;

static void append(const wchar_t *text)
{
    size_t length = wcslen(text);
    if (out.length + length + 1 > out.room)
        out.text = more(out.text, (out.room = (out.length + length) * 2 + 4096) * sizeof *out.text);
    memcpy(out.text + out.length, text, length * sizeof *text);
    out.length += length;
}

static wchar_t *escaped(const wchar_t *text)
{
    wchar_t *made = take((wcslen(text) * 2 + 1) * sizeof *made), *to = made;
    for (; *text; text++) {
        if (*text == L'\\' || *text == L'"')
            *to++ = L'\\';
        *to++ = *text;
    }
    return made;
}

static void append_hex(const struct value *value, size_t column)
{
    for (DWORD i = 0; i < value->size; i++) {
        bool last = i + 1 == value->size;
        append(format(last ? L"%02x" : L"%02x,", value->data[i]));
        column += 3;
        if (!last && column > WIDEST) {
            append(L"\\\r\n  ");
            column = 2;
        }
    }
}

static void append_value(const struct value *value)
{
    const wchar_t *name = *value->name ? format(L"\"%s\"=", escaped(value->name)) : L"@=", *kind;
    append(name);
    if (value->type == REG_SZ) {
        append(format(L"\"%s\"", escaped((const wchar_t *)value->data)));
    } else if (value->type == REG_DWORD && value->size == 4) {
        append(format(L"dword:%08x", *(const DWORD *)value->data));
    } else {
        kind = value->type == REG_BINARY ? L"hex:" : format(L"hex(%x):", value->type);
        append(kind);
        append_hex(value, wcslen(name) + wcslen(kind));
    }
    append(L"\r\n");
}

static void append_key(HKEY key, const wchar_t *shown)
{
    size_t count;
    append(format(L"[%s]\r\n", shown));
    struct value *values = values_of(key, &count);
    for (size_t i = 0; i < count; i++)
        append_value(values + i);
    append(L"\r\n");
    wchar_t **names = subkeys_of(key, &count);
    for (size_t i = 0; i < count; i++) {
        HKEY below;
        if (registry.open(key, names[i], 0, KEY_READ | view, &below))
            continue;
        append_key(below, format(L"%s\\%s", shown, names[i]));
        registry.close(below);
    }
}

int export_key(const struct key *key, const wchar_t *path)
{
    HKEY handle;
    LSTATUS status = open_key(key, KEY_READ, &handle);
    if (status)
        return failed(status);
    if (is_there(path) && !given(L"y") && !confirm(format(L"File %s already exists. Overwrite (Yes/No)?", path), NULL))
        return 0;
    append(L"\xfeffWindows Registry Editor Version 5.00\r\n\r\n");
    append_key(handle, key->shown);
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    const char *bytes = (const char *)out.text;
    size_t size = out.length * sizeof *out.text;
    DWORD written;
    for (; file != INVALID_HANDLE_VALUE && size; size -= written, bytes += written)
        if (!WriteFile(file, bytes, size > 1 << 20 ? 1 << 20 : (DWORD)size, &written, NULL))
            break;
    if (file == INVALID_HANDLE_VALUE || size)
        return failed((LSTATUS)GetLastError());
    CloseHandle(file);
    return done();
}

static struct {
    HKEY key; /* NULL: what follows belongs to no key */
    bool old; /* version 4: strings in hexadecimal digits are bytes */
    LSTATUS status;
} in;

static bool is_blank(wchar_t c)
{
    return c == L' ' || c == L'\t';
}

/* Read the string behind a quotation mark; return what follows it, or NULL where it does not end. */
static const wchar_t *quoted(const wchar_t *from, wchar_t **text)
{
    wchar_t *made = take((wcslen(from) + 1) * sizeof *made), *to = made;
    for (; *from && *from != L'"'; from++) {
        if (*from == L'\\' && from[1])
            from++;
        *to++ = *from;
    }
    *text = made;
    return *from ? from + 1 : NULL;
}

static bool is_rest(const wchar_t *text)
{
    while (is_blank(*text))
        text++;
    return !*text || *text == L';';
}

static const wchar_t *hex_number(const wchar_t *text, DWORD *number)
{
    int digits = 0;
    for (*number = 0; digit_of(*text) >= 0 && digits < 8; text++, digits++)
        *number = *number << 4 | (DWORD)digit_of(*text);
    return digits && digit_of(*text) < 0 ? text : NULL;
}

/* Bytes between commas. */
static bool hex_bytes(const wchar_t *text, struct value *value)
{
    value->data = take(wcslen(text) + 4);
    value->size = 0;
    while (is_blank(*text))
        text++;
    while (!is_rest(text)) {
        DWORD byte;
        text = hex_number(text, &byte);
        if (!text || byte > 255)
            return false;
        value->data[value->size++] = (BYTE)byte;
        while (is_blank(*text) || *text == L',')
            text++;
    }
    return true;
}

static void widen(struct value *value)
{
    size_t length;
    bool is_text = value->type == REG_EXPAND_SZ || value->type == REG_MULTI_SZ || value->type == REG_SZ;
    if (!in.old || !is_text || !value->size)
        return;
    value->data = (BYTE *)wide_of((const char *)value->data, value->size, &length);
    value->size = (DWORD)(length * sizeof(wchar_t));
}

static bool read_data(const wchar_t *text, struct value *value)
{
    wchar_t *string;
    while (is_blank(*text))
        text++;
    if (*text == L'"') {
        text = quoted(text + 1, &string);
        value->type = REG_SZ;
        value->data = (BYTE *)string;
        value->size = (DWORD)((wcslen(string) + 1) * sizeof *string);
        return text && is_rest(text);
    }
    if (same_start(text, L"dword:")) {
        for (text += 6; is_blank(*text);)
            text++;
        value->type = REG_DWORD;
        value->data = take(value->size = 4);
        text = hex_number(text, (DWORD *)value->data);
        return text && is_rest(text);
    }
    value->type = REG_BINARY;
    if (same_start(text, L"hex("))
        text = hex_number(text + 4, &value->type);
    else if (same_start(text, L"hex:"))
        return hex_bytes(text + 4, value);
    else
        return false;
    if (!text || text[0] != L')' || text[1] != L':' || !hex_bytes(text + 2, value))
        return false;
    widen(value);
    return true;
}

static void read_value(const wchar_t *line)
{
    wchar_t *name = copy(L"");
    struct value value = {0};
    line = *line == L'@' ? line + 1 : quoted(line + 1, &name);
    while (line && is_blank(*line))
        line++;
    if (!in.key || in.status || !line || *line++ != L'=')
        return;
    while (is_blank(*line))
        line++;
    if (*line == L'-' && is_rest(line + 1))
        registry.forget(in.key, name);
    else if (read_data(line, &value))
        in.status = registry.set(in.key, name, 0, value.type, value.data, value.size);
}

static void read_key_line(wchar_t *line)
{
    struct key key;
    wchar_t *end = wcsrchr(line, L']');
    bool removed = line[1] == L'-';
    in.key = NULL;
    if (!end || in.status)
        return;
    *end = 0;
    if (*(line += 1 + removed) == L'\\' || !name_key(line, &key)) {
        in.status = ERROR_INVALID_NAME;
        return;
    }
    if (removed) {
        LSTATUS status = *key.path ? remove_whole_key(&key) : ERROR_ACCESS_DENIED;
        in.status = status == ERROR_FILE_NOT_FOUND ? 0 : status;
    } else {
        in.status = create_key(&key, &in.key);
    }
}

/* Take a line, with those that a backslash at its end adds, and without what is blank before it. */
static wchar_t *take_line(wchar_t **from)
{
    wchar_t *line = *from, *to;
    while (is_blank(*line))
        line++;
    bool joins = (*line == L'"' || *line == L'@');
    for (to = line;;) {
        wchar_t *end = *from, *next;
        while (*end && *end != L'\n' && *end != L'\r')
            end++;
        next = *end == L'\r' && end[1] == L'\n' ? end + 2 : *end ? end + 1 : end;
        wchar_t *start = to == line ? line : *from;
        while (to != line && is_blank(*start))
            start++;
        size_t length = (size_t)(end - start);
        while (length && is_blank(start[length - 1]))
            length--;
        bool goes_on = joins && *next && length && start[length - 1] == L'\\' && wcschr(L",: ", length > 1 ? start[length - 2] : 0);
        length -= goes_on;
        memmove(to, start, length * sizeof *to);
        to += length;
        *from = next;
        if (!goes_on)
            break;
    }
    *to = 0;
    return line;
}

static wchar_t *read_text(const wchar_t *path)
{
    struct source source;
    size_t size = 0, room = 1 << 16, got, length;
    char *data = take(room);
    if (!open_source(&source, path))
        return NULL;
    while ((got = read_source(&source, data + size, room - size - 2))) {
        size += got;
        if (room - size < 1 << 15)
            data = more(data, room *= 2);
    }
    close_source(&source);
    memset(data + size, 0, 2);
    if (size >= 2 && !memcmp(data, "\xff\xfe", 2))
        return (wchar_t *)data + 1;
    bool marked = size >= 3 && !memcmp(data, "\xef\xbb\xbf", 3);
    wchar_t *text = wide_of(data + 3 * marked, size - 3 * marked, &length);
    text[length] = 0;
    return text;
}

int import_file(const wchar_t *path)
{
    wchar_t *text = read_text(path), *line;
    if (!text) {
        complain(L"ERROR: Error opening the file. There may be a disk or file system error.\r\n");
        return 1;
    }
    line = take_line(&text);
    in.old = !wcscmp(line, L"REGEDIT4");
    if (!in.old && !same(line, L"Windows Registry Editor Version 5.00")) {
        complain(L"ERROR: The specified file is not a registry script. You can only import registry files.\r\n");
        return 1;
    }
    while (*text && !in.status) {
        line = take_line(&text);
        if (*line == L'[')
            read_key_line(line);
        else if (*line == L'"' || *line == L'@')
            read_value(line);
    }
    if (in.status) {
        complain(L"ERROR: Error accessing the registry.\r\n");
        return 1;
    }
    complain(L"The operation completed successfully.\r\n"); /* to standard error, as Windows' does */
    return 0;
}

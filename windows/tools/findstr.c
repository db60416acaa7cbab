/* findstr: the lines that match one of several texts or regular expressions. */
#include "regex.h"

enum { MOST_TEXTS = 4096 };

static struct {
    bool begin, end, fold, tree, exact, invert, number, names, offset, printable, literal, regular;
    wchar_t *texts[MOST_TEXTS];
    struct regex *compiled[MOST_TEXTS];
    int count;
    bool show_name;
} wanted;

static int failed(const wchar_t *text, const wchar_t *what)
{
    complain(L"FINDSTR: %s%s\r\n", text, what);
    return 2;
}

static bool add_text(wchar_t *text)
{
    if (*text && wanted.count < MOST_TEXTS)
        wanted.texts[wanted.count++] = text;
    return wanted.count < MOST_TEXTS;
}

static void add_words(const wchar_t *text)
{
    while (*text) {
        size_t length = 0;
        while (text[length] && text[length] != L' ')
            length++;
        if (length)
            add_text(copy_part(text, length));
        text += length + (text[length] ? 1 : 0);
    }
}

static bool add_lines_of(const wchar_t *path)
{
    struct lines lines;
    const char *line;
    size_t size, length;
    bool ended;
    if (!open_lines(&lines, same(path, L"/") ? NULL : path))
        return false;
    while (next_line(&lines, &line, &size, &ended))
        add_text(wide_of(line, size, &length));
    close_lines(&lines);
    return true;
}

static bool equal_at(const wchar_t *line, const wchar_t *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (line[i] != text[i] && !(wanted.fold && upper(line[i]) == upper(text[i])))
            return false;
    return true;
}

static bool has_literal(const wchar_t *line, size_t length, const wchar_t *text)
{
    size_t size = wcslen(text);
    if (size > length || (wanted.exact && size != length))
        return false;
    if (wanted.begin || wanted.exact)
        return equal_at(line, text, size) && (!wanted.end || size == length);
    if (wanted.end)
        return equal_at(line + length - size, text, size);
    for (size_t at = 0; at + size <= length; at++)
        if (equal_at(line + at, text, size))
            return true;
    return false;
}

static bool is_wanted(const wchar_t *line, size_t length)
{
    for (int i = 0; i < wanted.count; i++)
        if (wanted.regular ? found_in(wanted.compiled[i], line, length, wanted.begin || wanted.exact,
                                      wanted.end || wanted.exact)
                           : has_literal(line, length, wanted.texts[i]))
            return true;
    return false;
}

static bool is_printable(const char *line, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)line[i] < 0x20 && line[i] != '\t' && line[i] != '\f' && line[i] != '\b')
            return false;
    return true;
}

static bool look_through(struct lines *lines, const wchar_t *name)
{
    const char *line;
    size_t size, length;
    uint64_t number = 0, offset = 0;
    bool found = false, ended;
    while (next_line(lines, &line, &size, &ended)) {
        uint64_t at = offset;
        offset += size + (ended ? (line[size] == '\r' ? 2 : 1) : 0);
        number++;
        if (wanted.printable && !is_printable(line, size))
            continue;
        wchar_t *wide = wide_of(line, size, &length);
        bool match = is_wanted(wide, length) != wanted.invert;
        HeapFree(GetProcessHeap(), 0, wide);
        if (!match)
            continue;
        found = true;
        if (wanted.names) {
            say(L"%s\r\n", name ? name : L"(standard input)");
            return true;
        }
        if (name && wanted.show_name)
            say(L"%s:", name);
        if (wanted.number)
            say(L"%I64u:", number);
        if (wanted.offset)
            say(L"%I64u:", at);
        put_bytes(OUTPUT, line, size);
        put_bytes(OUTPUT, "\r\n", 2);
    }
    return found;
}

static bool look_through_file(const wchar_t *path)
{
    struct lines lines;
    if (!open_lines(&lines, path)) {
        complain(L"FINDSTR: Cannot open %s\r\n", path);
        return false;
    }
    bool found = look_through(&lines, path);
    close_lines(&lines);
    return found;
}

static bool look_through_files(const wchar_t *directory, const wchar_t *pattern)
{
    bool found = false;
    size_t count;
    DWORD error;
    struct entry *entries = list(*directory ? directory : L".", L"*", &count, &error);
    for (size_t i = 0; entries && i < count; i++) {
        const wchar_t *path = format(L"%s%s", directory, entries[i].name);
        bool is_dir = entries[i].attributes & FILE_ATTRIBUTE_DIRECTORY;
        if (!is_dir && matches(entries[i].name, pattern))
            found |= look_through_file(path);
        else if (is_dir && wanted.tree && !(entries[i].attributes & FILE_ATTRIBUTE_REPARSE_POINT))
            found |= look_through_files(format(L"%s\\", path), pattern);
    }
    return found;
}

/* The letters of one argument; returns what is wrong with it, or NULL. */
static const wchar_t *take_option(const wchar_t *option, bool *more)
{
    *more = true;
    for (option++; *option; option++) {
        switch (upper(*option)) {
        case L'B': wanted.begin = true; break;
        case L'E': wanted.end = true; break;
        case L'I': wanted.fold = true; break;
        case L'L': wanted.literal = true; break;
        case L'M': wanted.names = true; break;
        case L'N': wanted.number = true; break;
        case L'O': wanted.offset = true; break;
        case L'P': wanted.printable = true; break;
        case L'R': wanted.regular = true; break;
        case L'S': wanted.tree = true; break;
        case L'V': wanted.invert = true; break;
        case L'X': wanted.exact = true; break;
        case L'/': break;
        default: return option;
        }
    }
    return NULL;
}

static const wchar_t usage[] =
    L"Searches for strings in files.\r\n\r\nFINDSTR [/B] [/E] [/L] [/R] [/S] [/I] [/X] [/V] [/N] [/M] [/O] [/P] [/F:file]"
    L"\r\n        [/C:string] [/G:file] [/OFF[LINE]] strings [[drive:][path]filename[ ...]]\r\n";

int findstr(int count, wchar_t **arguments)
{
    const wchar_t *bad, *file_list = NULL;
    const wchar_t **files = take((size_t)(count + 1) * sizeof *files);
    int file_count = 0;
    bool more, given = false, found = false;
    for (int i = 0; i < count; i++) {
        wchar_t *each = arguments[i];
        bool option = (each[0] == L'/' || each[0] == L'-') && each[1] && !file_count;
        if (option && each[1] == L'?')
            return say(L"%s", usage), 0;
        if (option && same_start(each + 1, L"C:"))
            add_text(each + 3), given = true;
        else if (option && same_start(each + 1, L"G:")) {
            if (!add_lines_of(each + 3))
                return failed(L"Cannot open ", each + 3);
            given = true;
        } else if (option && same_start(each + 1, L"F:"))
            file_list = each + 3;
        else if (option && (same_start(each + 1, L"D:") || same_start(each + 1, L"A:")))
            return failed(L"not supported here: ", each);
        else if (option && (same(each + 1, L"OFF") || same(each + 1, L"OFFLINE")))
            continue;
        else if (option && !(given && each[0] == L'-')) {
            if ((bad = take_option(each, &more)))
                return failed(L"", format(L"/%c ignored", *bad)), failed(L"Bad command line", L"");
        } else if (!given)
            add_words(each), given = true;
        else
            files[file_count++] = each;
    }
    if (!given || !wanted.count)
        return failed(L"Bad command line", L"");
    wanted.regular = wanted.regular || (!wanted.literal && has_meta(wanted.texts[0]));
    for (int i = 0; wanted.regular && i < wanted.count; i++)
        wanted.compiled[i] = compile(wanted.texts[i], wanted.fold);
    wanted.show_name = wanted.tree || file_count > 1 || file_list;
    for (int i = 0; i < file_count; i++) {
        bool many = wcschr(files[i], L'*') || wcschr(files[i], L'?') || wanted.tree;
        wanted.show_name |= many;
        found |= many ? look_through_files(directory_of(files[i]), base_name(files[i])) : look_through_file(files[i]);
    }
    struct lines lines;
    if (file_list) {
        const char *line;
        size_t size, length;
        if (!open_lines(&lines, same(file_list, L"/") ? NULL : file_list))
            return failed(L"Cannot open ", file_list);
        while (next_line(&lines, &line, &size, &more))
            found |= look_through_file(wide_of(line, size, &length));
    } else if (!file_count) {
        if (!open_lines(&lines, NULL))
            return failed(L"Bad command line", L"");
        found = look_through(&lines, NULL);
    }
    return found ? 0 : 1;
}

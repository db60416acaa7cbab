/* find: the lines that have a text in them. */
#include "tool.h"

static struct {
    bool invert, count, number, fold;
    const char *text;
    size_t size;
} wanted;

static unsigned char folded(unsigned char c)
{
    return c >= 'a' && c <= 'z' ? (unsigned char)(c - 32) : c;
}

static bool has_text(const char *line, size_t size)
{
    if (!wanted.size)
        return false; /* find "" finds nothing; with /V everything */
    for (size_t at = 0; at + wanted.size <= size; at++) {
        size_t same = 0;
        while (same < wanted.size && (line[at + same] == wanted.text[same] ||
                                      (wanted.fold && folded((unsigned char)line[at + same]) ==
                                                          folded((unsigned char)wanted.text[same]))))
            same++;
        if (same == wanted.size)
            return true;
    }
    return false;
}

/* Case beyond ASCII needs characters, not bytes. */
static bool has_text_in_any_case(const char *line, size_t size)
{
    size_t length, text_length, at;
    wchar_t *wide = wide_of(line, size, &length), *text = wide_of(wanted.text, wanted.size, &text_length);
    bool found = false;
    for (at = 0; !found && text_length && at + text_length <= length; at++) {
        size_t same = 0;
        while (same < text_length && upper(wide[at + same]) == upper(text[same]))
            same++;
        found = same == text_length;
    }
    HeapFree(GetProcessHeap(), 0, wide);
    HeapFree(GetProcessHeap(), 0, text);
    return found;
}

static bool is_ascii(void)
{
    for (size_t at = 0; at < wanted.size; at++)
        if ((unsigned char)wanted.text[at] >= 0x80)
            return false;
    return true;
}

static uint64_t look_through(struct lines *lines)
{
    const char *line;
    size_t size;
    bool ended, wide = wanted.fold && !is_ascii();
    uint64_t number = 0, found = 0;
    while (next_line(lines, &line, &size, &ended)) {
        number++;
        if ((wide ? has_text_in_any_case(line, size) : has_text(line, size)) == wanted.invert)
            continue;
        found++;
        if (wanted.count)
            continue;
        if (wanted.number)
            say(L"[%I64u]", number);
        put_bytes(OUTPUT, line, size);
        put_bytes(OUTPUT, "\r\n", 2);
    }
    return found;
}

static bool look_through_file(const wchar_t *path)
{
    struct lines lines;
    wchar_t *shown = copy(path);
    for (wchar_t *c = shown; *c; c++)
        *c = upper(*c);
    if (is_directory(path)) {
        complain(L"Access denied - %s\r\n", shown);
        return false;
    }
    if (!open_lines(&lines, path)) {
        complain(lines.source.error == ERROR_ACCESS_DENIED ? L"Access denied - %s\r\n" : L"File not found - %s\r\n",
                 shown);
        return false;
    }
    say(wanted.count ? L"\r\n---------- %s: " : L"\r\n---------- %s\r\n", shown);
    uint64_t found = look_through(&lines);
    if (wanted.count)
        say(L"%I64u\r\n", found);
    close_lines(&lines);
    return found;
}

static bool look_through_files(const wchar_t *pattern)
{
    bool found = false;
    size_t count;
    DWORD error;
    if (!wcschr(pattern, L'*') && !wcschr(pattern, L'?'))
        return look_through_file(pattern);
    wchar_t *directory = directory_of(pattern);
    struct entry *entries = list(*directory ? directory : L".", base_name(pattern), &count, &error);
    if (!entries || !count)
        return look_through_file(pattern); /* says that it is not there */
    for (size_t i = 0; i < count; i++)
        if (!(entries[i].attributes & FILE_ATTRIBUTE_DIRECTORY))
            found |= look_through_file(format(L"%s%s", directory, entries[i].name));
    return found;
}

static int bad_format(void)
{
    complain(L"FIND: Parameter format not correct\r\n");
    return 2;
}

int find(int count, wchar_t **arguments)
{
    const wchar_t *text = NULL, *files[256];
    int file_count = 0;
    bool found = false;
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i];
        if (each[0] == L'/' && !text) {
            for (const wchar_t *option = each; *option; option++) {
                wchar_t letter = upper(option[1]);
                if (*option != L'/')
                    return complain(L"FIND: Invalid switch\r\n"), 2;
                wanted.invert |= letter == L'V';
                wanted.count |= letter == L'C';
                wanted.number |= letter == L'N';
                wanted.fold |= letter == L'I';
                if (letter == L'?') {
                    say(L"Searches for a text string in a file or files.\r\n\r\nFIND [/V] [/C] [/N] [/I] [/OFF[LINE]] "
                        L"\"string\" [[drive:][path]filename[ ...]]\r\n");
                    return 0;
                }
                if (same_start(option, L"/OFFLINE") || same_start(option, L"/OFF"))
                    option += same_start(option, L"/OFFLINE") ? 7 : 3;
                else if (!wcschr(L"VCNI", letter) || !letter)
                    return complain(L"FIND: Invalid switch\r\n"), 2;
                else
                    option++;
            }
        } else if (!text) {
            text = each;
        } else if (file_count == sizeof files / sizeof *files) {
            return bad_format();
        } else {
            files[file_count++] = each;
        }
    }
    if (!text || !wcschr(GetCommandLineW(), L'"'))
        return bad_format();
    wanted.text = bytes_of(text, wcslen(text), &wanted.size);
    for (int i = 0; i < file_count; i++)
        found |= look_through_files(files[i]);
    if (!file_count) {
        struct lines lines;
        if (!open_lines(&lines, NULL))
            return bad_format();
        uint64_t lines_found = look_through(&lines);
        if (wanted.count)
            say(L"%I64u\r\n", lines_found);
        found = lines_found;
    }
    return found ? 0 : 1;
}

/* The letters between `%~` and a variable: parts of a file's path, and what is known of the file. */
#include "cmd.h"

bool is_modifier(wchar_t c)
{
    return c < 0x80 && c && wcschr(L"FDPNXSATZ", upper(c));
}

/* Find name in the directories that a variable lists; a directory will do too. */
static wchar_t *searched(const wchar_t *name, const wchar_t *variable)
{
    const wchar_t *list = variable_of(variable);
    if (attributes_of(name) != INVALID_FILE_ATTRIBUTES)
        return full_path(name);
    while (list && *list) {
        const wchar_t *end = wcschr(list, L';');
        size_t length = end ? (size_t)(end - list) : wcslen(list);
        wchar_t *path = beside(without_quotes(copy_part(list, length)), name);
        if (length && attributes_of(path) != INVALID_FILE_ATTRIBUTES)
            return full_path(path);
        list += length + (end != NULL);
    }
    return copy(L"");
}

static wchar_t *shortened(wchar_t *path)
{
    wchar_t *made = take(PATH_ROOM * sizeof *made);
    DWORD length = GetShortPathNameW(path, made, PATH_ROOM);
    if (length && length < PATH_ROOM)
        return made;
    /* What does not exist has no short name, but its directory may. */
    wchar_t *directory = directory_part(path);
    length = GetShortPathNameW(directory, made, PATH_ROOM);
    return length && length < PATH_ROOM ? join(made, path + wcslen(directory), NULL) : path;
}

static wchar_t *letters_of(DWORD attributes)
{
    static const struct {
        DWORD attribute;
        wchar_t letter;
    } all[] = {
        {FILE_ATTRIBUTE_DIRECTORY, L'd'}, {FILE_ATTRIBUTE_READONLY, L'r'}, {FILE_ATTRIBUTE_ARCHIVE, L'a'},
        {FILE_ATTRIBUTE_HIDDEN, L'h'},    {FILE_ATTRIBUTE_SYSTEM, L's'},   {FILE_ATTRIBUTE_COMPRESSED, L'c'},
        {FILE_ATTRIBUTE_OFFLINE, L'o'},   {FILE_ATTRIBUTE_TEMPORARY, L't'}, {FILE_ATTRIBUTE_REPARSE_POINT, L'l'},
    };
    wchar_t *letters = take(10 * sizeof *letters);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        letters[i] = attributes & all[i].attribute ? all[i].letter : L'-';
    return letters;
}

static void add_spaced(struct text *out, const wchar_t *part)
{
    if (*part && out->length)
        add_char(out, L' ');
    add(out, part);
}

static void add_facts(struct text *out, const wchar_t *path, const bool *wanted)
{
    WIN32_FILE_ATTRIBUTE_DATA facts;
    if (!GetFileAttributesExW(path, GetFileExInfoStandard, &facts))
        return;
    if (wanted['A'])
        add_spaced(out, letters_of(facts.dwFileAttributes));
    if (wanted['T']) {
        FILETIME local;
        SYSTEMTIME time;
        FileTimeToLocalFileTime(&facts.ftLastWriteTime, &local);
        FileTimeToSystemTime(&local, &time);
        add_spaced(out, join(date_text(&time), L" ", short_time(&time), NULL));
    }
    if (wanted['Z'])
        add_spaced(out, format(L"%I64u", (uint64_t)facts.nFileSizeHigh << 32 | facts.nFileSizeLow));
}

static void add_path(struct text *out, const wchar_t *path, const bool *wanted)
{
    struct text parts = {0};
    bool all = wanted['F'] || !(wanted['D'] || wanted['P'] || wanted['N'] || wanted['X']);
    const wchar_t *name = wcsrchr(path, L'\\'), *drive_end = path[1] == L':' ? path + 2 : path;
    name = name ? name + 1 : drive_end;
    const wchar_t *dot = wcsrchr(name, L'.');
    if (!dot)
        dot = name + wcslen(name);
    if (all || wanted['D'])
        add_part(&parts, path, (size_t)(drive_end - path));
    if (all || wanted['P'])
        add_part(&parts, drive_end, (size_t)(name - drive_end));
    if (all || wanted['N'])
        add_part(&parts, name, (size_t)(dot - name));
    if (all || wanted['X'])
        add(&parts, dot);
    add_spaced(out, chars_of(&parts));
}

/* A value as its modifiers want it; search names a variable that lists directories, or is NULL. */
wchar_t *modified(const wchar_t *value, const wchar_t *modifiers, size_t count, const wchar_t *search)
{
    bool wanted[128] = {false};
    struct text out = {0};
    wchar_t *path = unquoted(value);
    bool path_wanted = search != NULL;
    for (size_t i = 0; i < count; i++) {
        wanted[upper(modifiers[i])] = true;
        path_wanted |= wcschr(L"FDPNXS", upper(modifiers[i])) != NULL;
    }
    if (!*path || (!count && !search))
        return path;
    if (search && !*(path = searched(path, search)))
        return path;
    path = full_path(path);
    if (wanted['S'])
        path = shortened(path);
    add_facts(&out, path, wanted);
    if (path_wanted)
        add_path(&out, path, wanted);
    return chars_of(&out);
}

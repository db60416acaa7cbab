/* attrib: show and change attributes of files. */
#include "tool.h"

static const struct {
    wchar_t letter;
    DWORD bit;
} bits[] = {
    {L'R', FILE_ATTRIBUTE_READONLY}, {L'A', FILE_ATTRIBUTE_ARCHIVE},
    {L'S', FILE_ATTRIBUTE_SYSTEM},   {L'H', FILE_ATTRIBUTE_HIDDEN},
    {L'I', FILE_ATTRIBUTE_NOT_CONTENT_INDEXED},
};
enum { BITS = sizeof bits / sizeof *bits };

struct change {
    DWORD set, clear;
    bool below, directories, any, failed;
};

static void show(const wchar_t *path, DWORD attributes)
{
    say(L"%c  %c%c%c  %c              %s\r\n", attributes & FILE_ATTRIBUTE_ARCHIVE ? L'A' : L' ',
        attributes & FILE_ATTRIBUTE_SYSTEM ? L'S' : L' ', attributes & FILE_ATTRIBUTE_HIDDEN ? L'H' : L' ',
        attributes & FILE_ATTRIBUTE_READONLY ? L'R' : L' ',
        attributes & FILE_ATTRIBUTE_NOT_CONTENT_INDEXED ? L'I' : L' ', path);
}

static void act(struct change *change, const wchar_t *path, DWORD attributes)
{
    change->any = true;
    if (!change->set && !change->clear) {
        show(path, attributes);
        return;
    }
    DWORD hiding = FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM, touched = change->set | change->clear;
    if ((attributes & FILE_ATTRIBUTE_HIDDEN & ~touched) || (attributes & FILE_ATTRIBUTE_SYSTEM & ~touched)) {
        say(attributes & hiding & FILE_ATTRIBUTE_SYSTEM ? L"Not resetting system file - %s\r\n"
                                                        : L"Not resetting hidden file - %s\r\n", path);
        return;
    }
    DWORD wanted = ((attributes | change->set) & ~change->clear) & ~(DWORD)FILE_ATTRIBUTE_DIRECTORY;
    if (SetFileAttributesW(path, wanted ? wanted : FILE_ATTRIBUTE_NORMAL))
        return;
    say(L"%s - %s\r\n", reason(GetLastError()), path);
    change->failed = true;
}

static void walk(struct change *change, const wchar_t *directory, const wchar_t *pattern)
{
    size_t count;
    DWORD error;
    bool all_of_them = wcschr(pattern, L'*') || wcschr(pattern, L'?');
    struct entry *all = list(directory, pattern, &count, &error);
    for (size_t i = 0; i < count; i++)
        if (!(all[i].attributes & FILE_ATTRIBUTE_DIRECTORY) || change->directories || !all_of_them)
            act(change, under(directory, all[i].name), all[i].attributes);
    all = change->below ? list(directory, L"*", &count, &error) : NULL;
    for (size_t i = 0; all && i < count; i++)
        if ((all[i].attributes & FILE_ATTRIBUTE_DIRECTORY) && !(all[i].attributes & FILE_ATTRIBUTE_REPARSE_POINT))
            walk(change, under(directory, all[i].name), pattern);
}

static bool read_change(struct change *change, const wchar_t *argument)
{
    size_t at = 0;
    while (at < BITS && bits[at].letter != upper(argument[1]))
        at++;
    if (at == BITS || argument[2])
        return false;
    *(*argument == L'+' ? &change->set : &change->clear) |= bits[at].bit;
    return true;
}

int attrib(int count, wchar_t **arguments)
{
    struct change change = {0};
    const wchar_t *paths[64];
    int found = 0;
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i];
        bool right = true;
        if (is_option(each, L"?"))
            return say(L"Displays or changes file attributes.\r\n\r\nATTRIB [+R | -R] [+A | -A] [+S | -S] [+H | -H] [+I | -I]"
                       L"\r\n       [drive:][path][filename] [/S [/D]]\r\n"), 0;
        if (is_option(each, L"s"))
            change.below = true;
        else if (is_option(each, L"d"))
            change.directories = true;
        else if (!is_option(each, L"l"))
            right = *each == L'+' || (*each == L'-' && wcslen(each) == 2) ? read_change(&change, each)
                  : *each != L'/' && found < 64 && (paths[found++] = each);
        if (!right)
            return say(*each == L'/' ? L"Invalid switch - %s\r\n" : L"Parameter format not correct - %s\r\n", each), 1;
    }
    if (!found)
        paths[found++] = L"*";
    for (int i = 0; i < found; i++) {
        const wchar_t *full = full_path(paths[i]), *name = base_name(full);
        change.any = false;
        walk(&change, full_path(*directory_of(full) ? directory_of(full) : L"."), *name ? name : L"*");
        if (!change.any) {
            say(L"File not found - %s\r\n", full);
            change.failed = true;
        }
    }
    return change.failed;
}

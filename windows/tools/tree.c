/* tree: directories as a tree, with /F their files too. */
#include "tool.h"

static struct {
    bool files, ascii;
} shown;

static void show(const wchar_t *directory, const wchar_t *indent, bool *any)
{
    size_t count, last = 0;
    DWORD error;
    struct entry *entries = list(directory, L"*", &count, &error);
    bool has_directories = false;
    for (size_t i = 0; entries && i < count; i++)
        if (entries[i].attributes & FILE_ATTRIBUTE_DIRECTORY) {
            has_directories = true;
            last = i;
        }
    const wchar_t *bar = shown.ascii ? L"|" : L"\x2502";
    if (shown.files) {
        bool listed = false;
        for (size_t i = 0; entries && i < count; i++)
            if (!(entries[i].attributes & FILE_ATTRIBUTE_DIRECTORY)) {
                say(L"%s%s   %s\r\n", indent, has_directories ? bar : L" ", entries[i].name);
                listed = true;
            }
        if (listed)
            say(L"%s%s   \r\n", indent, has_directories ? bar : L" ");
    }
    for (size_t i = 0; has_directories && i < count; i++) {
        if (!(entries[i].attributes & FILE_ATTRIBUTE_DIRECTORY))
            continue;
        const wchar_t *branch = i == last ? (shown.ascii ? L"\\---" : L"\x2514\x2500\x2500\x2500")
                                          : (shown.ascii ? L"+---" : L"\x251C\x2500\x2500\x2500");
        *any = true;
        say(L"%s%s%s\r\n", indent, branch, entries[i].name);
        if (!(entries[i].attributes & FILE_ATTRIBUTE_REPARSE_POINT))
            show(under(directory, entries[i].name), format(L"%s%s   ", indent, i == last ? L" " : bar), any);
    }
}

int tree(int count, wchar_t **arguments)
{
    const wchar_t *path = NULL;
    bool any = false;
    DWORD serial = 0;
    wchar_t label[MAX_PATH + 1] = L"";
    for (int i = 0; i < count; i++) {
        if (same(arguments[i], L"/F"))
            shown.files = true;
        else if (same(arguments[i], L"/A"))
            shown.ascii = true;
        else if (arguments[i][0] == L'/')
            return complain(L"Invalid switch - %s\r\n", arguments[i]), 1;
        else if (path)
            return complain(L"Too many parameters - %s\r\n", arguments[i]), 1;
        else
            path = arguments[i];
    }
    wchar_t *whole = full_path(path ? path : L"."), root[4] = {whole[0], L':', L'\\', 0};
    GetVolumeInformationW(root, label, MAX_PATH, &serial, NULL, NULL, NULL, 0);
    say(*label ? L"Folder PATH listing for volume %s\r\n" : L"Folder PATH listing\r\n", label);
    say(L"Volume serial number is %04X-%04X\r\n", serial >> 16, serial & 0xFFFF);
    say(L"%s\r\n", path ? whole : format(L"%c:.", whole[0]));
    if (!is_directory(whole))
        return say(L"Invalid path - %s\r\nNo subfolders exist \r\n\r\n", whole + (wcslen(whole) > 2 ? 2 : 0)), 1;
    show(whole, L"", &any);
    if (!any)
        say(L"No subfolders exist \r\n\r\n");
    return 0;
}

/* forfiles: run a command for each file of a directory. */
#include "tool.h"

struct forfiles {
    const wchar_t *top, *mask, *command;
    bool below, dated, later, any;
    uint64_t day;
    int code;
};

enum { DAY = 86400 };
#define UNITS 10000000ULL

static int bad(const wchar_t *text)
{
    complain(L"ERROR: %s\r\nType \"FORFILES /?\" for usage.\r\n", text);
    return 1;
}

static wchar_t *without_ending(const wchar_t *name)
{
    const wchar_t *dot = wcsrchr(name, L'.');
    return dot ? copy_part(name, (size_t)(dot - name)) : copy(name);
}

static uint64_t local_of(const FILETIME *time)
{
    FILETIME local;
    FileTimeToLocalFileTime(time, &local);
    return (uint64_t)local.dwHighDateTime << 32 | local.dwLowDateTime;
}

static wchar_t *relative(const wchar_t *path, const wchar_t *top)
{
    path += wcslen(top);
    return format(L".\\%s", *path == L'\\' ? path + 1 : path);
}

static wchar_t *value_of(const wchar_t *name, size_t *length, const struct forfiles *how, const wchar_t *directory,
                         const struct entry *entry)
{
    static const wchar_t *const names[] = {L"@file", L"@fname", L"@ext", L"@path", L"@relpath", L"@isdir", L"@fsize", L"@fdate", L"@ftime"};
    size_t found = 0;
    SYSTEMTIME time;
    uint64_t local = local_of(&entry->written);
    FILETIME split = {(DWORD)local, (DWORD)(local >> 32)};
    const wchar_t *dot = wcsrchr(entry->name, L'.');
    while (found < sizeof names / sizeof *names && !same_start(name, names[found]))
        found++;
    if (found == sizeof names / sizeof *names)
        return NULL;
    *length = wcslen(names[found]);
    FileTimeToSystemTime(&split, &time);
    switch (found) {
    case 0: return format(L"\"%s\"", entry->name);
    case 1: return format(L"\"%s\"", without_ending(entry->name));
    case 2: return format(L"\"%s\"", dot ? dot + 1 : L"");
    case 3: return format(L"\"%s\"", under(full_path(directory), entry->name));
    case 4: return format(L"\"%s\"", relative(under(directory, entry->name), how->top));
    case 5: return copy(entry->attributes & FILE_ATTRIBUTE_DIRECTORY ? L"TRUE" : L"FALSE");
    case 6: return format(L"%I64u", entry->size);
    case 7: return format(L"%u/%u/%u", time.wMonth, time.wDay, time.wYear);
    default: return format(L"%u:%02u:%02u %s", time.wHour % 12 ? time.wHour % 12 : 12, time.wMinute, time.wSecond,
                           time.wHour < 12 ? L"AM" : L"PM");
    }
}

static int digit(wchar_t c)
{
    return c >= L'0' && c <= L'9' ? c - L'0' : upper(c) >= L'A' && upper(c) <= L'F' ? upper(c) - L'A' + 10 : -1;
}

static wchar_t *command_for(const struct forfiles *how, const wchar_t *directory, const struct entry *entry)
{
    wchar_t *made = copy(L"");
    for (const wchar_t *p = how->command; *p;) {
        size_t length = 1;
        wchar_t *part = *p == L'@' ? value_of(p, &length, how, directory, entry) : NULL;
        if (!part && p[0] == L'0' && p[1] == L'x' && digit(p[2]) >= 0 && digit(p[3]) >= 0) {
            part = format(L"%c", digit(p[2]) * 16 + digit(p[3]));
            length = 4;
        }
        made = format(L"%s%s", made, part ? part : copy_part(p, 1));
        p += length;
    }
    return made;
}

static void run(struct forfiles *how, const wchar_t *directory, const struct entry *entry)
{
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    DWORD code = 0;
    wchar_t *line = command_for(how, directory, entry);
    flush();
    if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, full_path(directory), &startup, &process)) {
        how->code = bad(reason(GetLastError()));
        return;
    }
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hProcess);
    CloseHandle(process.hThread);
    how->code = code ? (int)code : how->code;
}

static void walk(struct forfiles *how, const wchar_t *directory)
{
    size_t count;
    DWORD error;
    struct entry *all = list(directory, how->mask, &count, &error);
    for (size_t i = 0; all && i < count; i++) {
        uint64_t day = local_of(&all[i].written) / UNITS / DAY;
        if (how->dated && (how->later ? day < how->day : day > how->day))
            continue;
        how->any = true;
        run(how, directory, all + i);
    }
    all = how->below ? list(directory, L"*", &count, &error) : NULL;
    for (size_t i = 0; all && i < count; i++)
        if ((all[i].attributes & FILE_ATTRIBUTE_DIRECTORY) && !(all[i].attributes & FILE_ATTRIBUTE_REPARSE_POINT))
            walk(how, under(directory, all[i].name));
}

static bool read_day(struct forfiles *how, const wchar_t *text)
{
    FILETIME now;
    uint64_t days;
    how->later = *text != L'-';
    if ((*text != L'-' && *text != L'+' && (*text < L'0' || *text > L'9')) ||
        !whole_number(text + (*text == L'-' || *text == L'+'), &days) || days > 32768)
        return false;
    GetSystemTimeAsFileTime(&now);
    how->dated = true;
    how->day = local_of(&now) / UNITS / DAY;
    how->day = how->later ? how->day + days : how->day - days;
    return true;
}

int forfiles(int count, wchar_t **arguments)
{
    struct forfiles how = {.top = L".", .mask = L"*", .command = L"cmd /c echo @file"};
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i], *next = i + 1 < count ? arguments[i + 1] : NULL;
        if (is_option(each, L"?"))
            return say(L"\r\nFORFILES [/P pathname] [/M searchmask] [/S] [/C command] [/D [+ | -] dd]\r\n"), 0;
        if (is_option(each, L"s")) {
            how.below = true;
            continue;
        }
        if (!next)
            return bad(format(L"Invalid argument/option - '%s'.", each));
        i++;
        if (is_option(each, L"p"))
            how.top = next;
        else if (is_option(each, L"m"))
            how.mask = next;
        else if (is_option(each, L"c"))
            how.command = next;
        else if (!is_option(each, L"d") || !read_day(&how, next))
            return bad(is_option(each, L"d") ? L"Invalid date specified." : format(L"Invalid argument/option - '%s'.", each));
    }
    if (!is_directory(how.top))
        return complain(L"ERROR: The directory name is invalid.\r\n"), 1;
    walk(&how, how.top);
    if (!how.any)
        return complain(how.dated ? L"ERROR: No files found with the specified search criteria.\r\n"
                                  : L"ERROR: Files of type \"%s\" not found.\r\n", how.mask), 1;
    return how.code;
}

/* where: the files that a name finds, along PATH or below a directory. */
#include "tool.h"

enum { ROOM = 32768 };

static bool quiet, times, quoted;

static wchar_t *variable(const wchar_t *name, const wchar_t *otherwise)
{
    wchar_t *value = take(ROOM * sizeof *value);
    return GetEnvironmentVariableW(name, value, ROOM) ? value : copy(otherwise);
}

static void show(const wchar_t *path, const struct entry *entry)
{
    FILETIME local;
    SYSTEMTIME time;
    if (quiet)
        return;
    if (times) {
        FileTimeToLocalFileTime(&entry->written, &local);
        FileTimeToSystemTime(&local, &time);
        say(L"%10I64u   %2u/%u/%u  %2u:%02u:%02u %s  ", entry->size, time.wMonth, time.wDay, time.wYear,
            time.wHour % 12 ? time.wHour % 12 : 12, time.wMinute, time.wSecond, time.wHour < 12 ? L"AM" : L"PM");
    }
    say(quoted ? L"\"%s\"\r\n" : L"%s\r\n", path);
}

/* A name without a dot is also looked for with each of PATHEXT's endings. */
static bool fits(const wchar_t *name, const wchar_t *pattern)
{
    if (matches(name, pattern))
        return true;
    if (wcschr(pattern, L'.'))
        return false;
    for (const wchar_t *p = variable(L"PATHEXT", L".COM;.EXE;.BAT;.CMD"); *p;) {
        size_t length = 0;
        while (p[length] && p[length] != L';')
            length++;
        if (length && matches(name, format(L"%s%s", pattern, copy_part(p, length))))
            return true;
        p += length + (p[length] ? 1 : 0);
    }
    return false;
}

static bool look_in(const wchar_t *directory, const wchar_t *pattern, bool below)
{
    size_t count;
    DWORD error;
    bool any = false;
    struct entry *all = list(directory, L"*", &count, &error);
    for (size_t i = 0; all && i < count; i++) {
        const wchar_t *path = under(directory, all[i].name);
        if (!(all[i].attributes & FILE_ATTRIBUTE_DIRECTORY) && fits(all[i].name, pattern)) {
            show(path, all + i);
            any = true;
        } else if (below && (all[i].attributes & FILE_ATTRIBUTE_DIRECTORY) &&
                   !(all[i].attributes & FILE_ATTRIBUTE_REPARSE_POINT)) {
            any = look_in(path, pattern, true) || any;
        }
    }
    return any;
}

static bool look_along(const wchar_t *path, const wchar_t *pattern)
{
    bool any = false;
    while (*path) {
        size_t length = 0;
        while (path[length] && path[length] != L';')
            length++;
        wchar_t *directory = copy_part(path, length);
        if (length > 1 && *directory == L'"')
            directory[length - 1] = 0, directory++;
        length += path[length] ? 1 : 0;
        if (*directory && *directory != L';')
            any = look_in(full_path(directory), pattern, false) || any;
        path += length;
    }
    return any;
}

/* name, $variable:name, directory:name */
static bool look(const wchar_t *pattern)
{
    const wchar_t *colon = wcsrchr(pattern, L':');
    if (!colon)
        return look_along(format(L".;%s", variable(L"PATH", L"")), pattern);
    wchar_t *place = copy_part(pattern, (size_t)(colon - pattern));
    return look_along(*place == L'$' ? variable(place + 1, L"") : place, colon + 1);
}

int where(int count, wchar_t **arguments)
{
    const wchar_t *top = NULL;
    int code = 0, patterns = 0;
    bool any = false;
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i];
        if (is_option(each, L"?"))
            return say(L"\r\nWHERE [/R dir] [/Q] [/F] [/T] pattern...\r\n"), 0;
        if (is_option(each, L"q"))
            quiet = true;
        else if (is_option(each, L"t"))
            times = true;
        else if (is_option(each, L"f"))
            quoted = true;
        else if (is_option(each, L"r") && i + 1 < count)
            top = arguments[++i];
        else if (*each == L'/')
            return complain(L"ERROR: Invalid argument or option - '%s'.\r\nType \"WHERE /?\" for usage help.\r\n", each), 2;
        else
            arguments[patterns++] = arguments[i];
    }
    if (!patterns)
        return complain(L"ERROR: The syntax of this command is:\r\n\r\nWHERE [/R dir] [/Q] [/F] [/T] pattern...\r\n"), 2;
    for (int i = 0; i < patterns; i++) {
        any = top ? look_in(full_path(top), arguments[i], true) : look(arguments[i]);
        if (!any && !quiet)
            complain(L"INFO: Could not find files for the given pattern(s).\r\n");
        code = any ? code : 1;
    }
    return code;
}

/* xcopy's options, and the lists of what it leaves out. */
#include "xcopy.h"

static bool bad(const wchar_t *argument)
{
    complain(L"Invalid parameter - %s\r\n", argument);
    return false;
}

static bool read_exclusions(struct xcopy *xcopy, const wchar_t *list)
{
    while (*list) {
        size_t length = 0, size, wide;
        const char *line;
        bool ended;
        struct lines lines;
        while (list[length] && list[length] != L'+')
            length++;
        const wchar_t *name = copy_part(list, length);
        if (!open_lines(&lines, name)) {
            complain(L"Can't read file: %s\r\n\r\n", name);
            return false;
        }
        while (next_line(&lines, &line, &size, &ended)) {
            wchar_t *text = wide_of(line, size, &wide);
            if (!wide)
                continue;
            text[wide] = 0;
            xcopy->excluded = more(xcopy->excluded, (xcopy->excluded_count + 1) * sizeof *xcopy->excluded);
            xcopy->excluded[xcopy->excluded_count++] = text;
        }
        close_lines(&lines);
        list += length + (list[length] ? 1 : 0);
    }
    return true;
}

static bool number_in(const wchar_t **text, wchar_t end, WORD *value)
{
    uint64_t number = 0;
    size_t length = 0;
    while ((*text)[length] && (*text)[length] != end)
        length++;
    bool right = whole_number(copy_part(*text, length), &number) && number < 10000 && (*text)[length] == end;
    *value = (WORD)number;
    *text += length + (end ? 1 : 0);
    return right;
}

/* m-d-y */
static bool read_date(struct xcopy *xcopy, const wchar_t *text)
{
    SYSTEMTIME day = {0};
    FILETIME local, time;
    const wchar_t *p = text;
    if (!number_in(&p, L'-', &day.wMonth) || !number_in(&p, L'-', &day.wDay) || !number_in(&p, 0, &day.wYear))
        return false;
    if (day.wYear < 100)
        day.wYear = (WORD)(day.wYear + (day.wYear < 80 ? 2000 : 1900));
    if (!SystemTimeToFileTime(&day, &local) || !LocalFileTimeToFileTime(&local, &time))
        return false;
    xcopy->dated = true;
    xcopy->since = (uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime;
    return true;
}

static bool read_letter(struct xcopy *xcopy, const wchar_t *option)
{
    if (option[1])
        return false;
    switch (upper(*option)) {
    case L'A': return xcopy->archived = true;
    case L'M': return xcopy->archived = xcopy->reset = true;
    case L'D': return xcopy->newer = true;
    case L'S': return xcopy->trees = true;
    case L'E': return xcopy->trees = xcopy->empty = true;
    case L'C': return xcopy->go_on = true;
    case L'I': return xcopy->directory = true;
    case L'Q': return xcopy->quiet = true;
    case L'F': return xcopy->full = true;
    case L'L': return xcopy->list = true;
    case L'H': return xcopy->hidden = true;
    case L'R': return xcopy->over_read_only = true;
    case L'T': return xcopy->structure = xcopy->trees = true;
    case L'U': return xcopy->update = true;
    case L'K': return xcopy->keep = true;
    case L'Y': return xcopy->yes = true;
    /* /V checks, /Z resumes, /J does not buffer, /G and /O /X are about encryption and access lists, which all have. */
    case L'V': case L'Z': case L'J': case L'G': case L'O': case L'X': return true;
    default: return false;
    }
}

/* /S/E/Y may stand in one word. */
static bool read_options(struct xcopy *xcopy, const wchar_t *argument)
{
    const wchar_t *p = argument;
    while (*p == L'/') {
        size_t length = 1;
        if (same_start(p, L"/exclude:"))
            return read_exclusions(xcopy, p + 9);
        while (p[length] && p[length] != L'/')
            length++;
        const wchar_t *each = copy_part(p + 1, length - 1);
        if (same(each, L"-Y"))
            xcopy->yes = false;
        else if (same_start(each, L"D:") ? !read_date(xcopy, each + 2) : !read_letter(xcopy, each))
            return bad(format(L"/%s", each));
        p += length;
    }
    return !*p || bad(argument);
}

bool read_xcopy(struct xcopy *xcopy, int count, wchar_t **arguments)
{
    wchar_t setting[16] = L"";
    GetEnvironmentVariableW(L"COPYCMD", setting, 16);
    xcopy->yes = same(setting, L"/Y");
    for (int i = 0; i < count; i++) {
        wchar_t *each = arguments[i];
        if (*each == L'/') {
            if (!read_options(xcopy, each))
                return false;
        } else if (!xcopy->source) {
            xcopy->source = each;
        } else if (!xcopy->target) {
            xcopy->target = each;
        } else {
            complain(L"Invalid number of parameters\r\n");
            return false;
        }
    }
    if (!xcopy->source || !*xcopy->source) {
        complain(L"Invalid number of parameters\r\n");
        return false;
    }
    if (!xcopy->target)
        xcopy->target = L".";
    return true;
}

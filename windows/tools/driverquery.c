/* driverquery: the drivers that the registry names, as a table, a list or comma-separated values. */
#include "reg.h"

#define SERVICES L"System\\CurrentControlSet\\Services"

enum { TABLE, LIST, CSV, MOST = 8 };

static const struct column {
    const wchar_t *title;
    int width;
} columns[MOST] = {
    {L"Module Name", 12}, {L"Display Name", 22}, {L"Description", 22}, {L"Driver Type", 13},
    {L"Start Mode", 10},  {L"State", 10},        {L"Link Date", 22},   {L"Path", 50},
};

static struct {
    int shape;
    bool bare, verbose;
    uint64_t shown;
} look;

static bool is_shown(int column)
{
    return look.verbose || column < 2 || column == 3 || column == 6;
}

static int bad(const wchar_t *text)
{
    complain(L"ERROR: %s\r\nType \"DRIVERQUERY /?\" for usage.\r\n", text);
    return 1;
}

static wchar_t *text_at(HKEY key, const wchar_t *name)
{
    struct value value;
    return find_value(key, name, &value) && (value.type == REG_SZ || value.type == REG_EXPAND_SZ)
               ? copy((const wchar_t *)value.data)
               : copy(L"");
}

static DWORD number_at(HKEY key, const wchar_t *name)
{
    struct value value;
    return find_value(key, name, &value) && value.type == REG_DWORD && value.size == 4 ? *(DWORD *)value.data : 0;
}

/* The path as programs know it: a driver's may start with \SystemRoot, \??\ or be below C:\Windows. */
static wchar_t *file_of(const wchar_t *name, const wchar_t *image)
{
    wchar_t windows[MAX_PATH], expanded[1024];
    GetWindowsDirectoryW(windows, MAX_PATH);
    if (!*image)
        return format(L"%s\\System32\\drivers\\%s.sys", windows, name);
    if (!ExpandEnvironmentStringsW(image, expanded, 1024))
        return copy(image);
    if (same_start(expanded, L"\\??\\"))
        return copy(expanded + 4);
    if (same_start(expanded, L"\\SystemRoot\\"))
        return format(L"%s\\%s", windows, expanded + 12);
    return expanded[0] && expanded[1] == L':' ? copy(expanded) : format(L"%s\\%s", windows, expanded);
}

/* When a driver was linked, as its header says. */
static wchar_t *link_date(const wchar_t *path)
{
    struct source source;
    DWORD start = 0, seconds = 0;
    BYTE head[4096] = {0};
    FILETIME time;
    SYSTEMTIME date;
    if (!open_source(&source, path))
        return copy(L"");
    size_t size = read_source(&source, head, sizeof head);
    close_source(&source);
    memcpy(&start, head + 0x3c, 4);
    if (size > 0x40 && start < size - 12)
        memcpy(&seconds, head + start + 8, 4);
    uint64_t ticks = (seconds + 11644473600ULL) * 10000000;
    time = (FILETIME){(DWORD)ticks, (DWORD)(ticks >> 32)};
    if (!seconds || !FileTimeToSystemTime(&time, &date))
        return copy(L"");
    return format(L"%u/%u/%u %u:%02u:%02u %s", date.wMonth, date.wDay, date.wYear, (date.wHour + 11) % 12 + 1, date.wMinute,
                  date.wSecond, date.wHour < 12 ? L"AM" : L"PM");
}

static void show(const wchar_t *const cells[MOST])
{
    bool first = true;
    for (int i = 0; i < MOST; i++) {
        if (!is_shown(i))
            continue;
        if (look.shape == LIST)
            say(L"%-14s%s\r\n", format(L"%s:", columns[i].title), cells[i]);
        else if (look.shape == CSV)
            say(L"%s\"%s\"", first ? L"" : L",", cells[i]);
        else
            say(L"%s%-*.*s", first ? L"" : L" ", columns[i].width, columns[i].width, cells[i]);
        first = false;
    }
    say(L"\r\n");
    look.shown++;
}

static void show_titles(void)
{
    const wchar_t *titles[MOST], *lines[MOST];
    for (int i = 0; i < MOST; i++) {
        titles[i] = columns[i].title;
        lines[i] = L"==================================================";
    }
    if (look.shape == TABLE)
        say(L"\r\n");
    if (look.bare || look.shape == LIST)
        return;
    show(titles);
    if (look.shape == TABLE)
        show(lines);
}

static void show_driver(HKEY key, const wchar_t *name)
{
    static const wchar_t *const modes[] = {L"Boot", L"System", L"Auto", L"Manual", L"Disabled"};
    DWORD type = number_at(key, L"Type"), start = number_at(key, L"Start");
    const wchar_t *display = text_at(key, L"DisplayName"), *path = file_of(name, text_at(key, L"ImagePath"));
    if (type != 1 && type != 2 && type != 8)
        return;
    /* Those of the container's first process answer without being loaded as Windows does it. */
    const wchar_t *const cells[MOST] = {
        name, *display ? display : name, text_at(key, L"Description"), type == 1 ? L"Kernel " : L"File System ",
        start < 5 ? modes[start] : L"", is_there(path) ? L"Stopped" : L"", link_date(path), path,
    };
    show(cells);
}

static const wchar_t *read_options(int count, wchar_t **arguments)
{
    for (int i = 0; i < count; i++) {
        const wchar_t *shape = is_option(arguments[i], L"fo") && i + 1 < count ? arguments[++i] : NULL;
        if (shape && !same(shape, L"table") && !same(shape, L"list") && !same(shape, L"csv"))
            return L"Invalid syntax. Value for '/FO' is TABLE, LIST or CSV.";
        if (shape)
            look.shape = same(shape, L"list") ? LIST : same(shape, L"csv") ? CSV : TABLE;
        else if (is_option(arguments[i], L"nh"))
            look.bare = true;
        else if (is_option(arguments[i], L"v"))
            look.verbose = true;
        else if (is_option(arguments[i], L"si"))
            return L"Drivers of this base are not signed.";
        else if (is_option(arguments[i], L"s"))
            return L"Other machines cannot be asked from a container.";
        else
            return format(L"Invalid argument/option - '%s'.", arguments[i]);
    }
    return look.bare && look.shape == LIST ? L"Invalid syntax. '/NH' is for TABLE and CSV." : NULL;
}

int driverquery(int count, wchar_t **arguments)
{
    HKEY services, key;
    size_t found;
    if (count == 1 && is_option(arguments[0], L"?"))
        return say(L"\r\nDRIVERQUERY [/FO format] [/NH] [/V]\r\n\r\nDescription:\r\n    Shows the drivers that are installed.\r\n"), 0;
    const wchar_t *wrong = read_options(count, arguments);
    if (wrong)
        return bad(wrong);
    load_registry();
    LSTATUS status = registry.open(HKEY_LOCAL_MACHINE, SERVICES, 0, KEY_READ, &services);
    if (status)
        return bad(reason((unsigned)status));
    wchar_t **names = subkeys_of(services, &found);
    show_titles();
    for (size_t i = 0; i < found; i++) {
        if (registry.open(services, names[i], 0, KEY_READ, &key))
            continue;
        show_driver(key, names[i]);
        registry.close(key);
    }
    return 0;
}

/* tasklist: the processes of the container, as a table, a list or comma-separated values. */
#include "processes.h"

#include <tlhelp32.h>
#include <winsvc.h>

enum { TABLE, LIST, CSV, MOST_COLUMNS = 9, LINE = 250 };

struct look {
    int shape;
    bool verbose, services, modules, bare;
    const wchar_t *module;
};
struct column {
    const wchar_t *title;
    int width; /* below zero: to the left */
};

static const struct column plain[] = {
    {L"Image Name", -25}, {L"PID", 8}, {L"Session Name", -16}, {L"Session#", 11}, {L"Mem Usage", 12},
};
static const struct column wide[] = {
    {L"Image Name", -25}, {L"PID", 8},         {L"Session Name", -16}, {L"Session#", 11},     {L"Mem Usage", 12},
    {L"Status", -15},     {L"User Name", -50}, {L"CPU Time", 12},      {L"Window Title", -72},
};
static const struct column serving[] = {{L"Image Name", -25}, {L"PID", 8}, {L"Services", -44}};
static const struct column loading[] = {{L"Image Name", -25}, {L"PID", 8}, {L"Modules", -44}};

static int bad(const wchar_t *text)
{
    complain(L"ERROR: %s\r\nType \"TASKLIST /?\" for usage.\r\n", text);
    return 1;
}

static wchar_t *joined(wchar_t *list, const wchar_t *name)
{
    return *list ? format(L"%s, %s", list, name) : copy(name);
}

static wchar_t *services_of(DWORD id)
{
    SC_HANDLE(WINAPI * open)(const wchar_t *, const wchar_t *, DWORD) = from(L"advapi32.dll", "OpenSCManagerW");
    BOOL(WINAPI * enumerate)
    (SC_HANDLE, SC_ENUM_TYPE, DWORD, DWORD, BYTE *, DWORD, DWORD *, DWORD *, DWORD *, const wchar_t *) =
        from(L"advapi32.dll", "EnumServicesStatusExW");
    static ENUM_SERVICE_STATUS_PROCESSW *all;
    static DWORD count;
    DWORD needed, resume = 0;
    if (!all) {
        SC_HANDLE manager = open(NULL, NULL, SC_MANAGER_ENUMERATE_SERVICE);
        all = take(1 << 18);
        if (!manager || !enumerate(manager, SC_ENUM_PROCESS_INFO, SERVICE_WIN32, SERVICE_ACTIVE, (BYTE *)all, 1 << 18,
                                   &needed, &count, &resume, NULL))
            count = 0;
    }
    wchar_t *found = L"";
    for (DWORD i = 0; i < count; i++)
        if (all[i].ServiceStatusProcess.dwProcessId == id)
            found = joined(found, all[i].lpServiceName);
    return *found ? found : L"N/A";
}

/* Those that match pattern; "" where none does. */
static wchar_t *modules_of(DWORD id, const wchar_t *pattern)
{
    MODULEENTRY32W entry = {.dwSize = sizeof entry};
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPMODULE, id);
    wchar_t *found = L"";
    bool first = true;
    if (snapshot == INVALID_HANDLE_VALUE)
        return *pattern ? L"" : L"N/A";
    for (BOOL there = Module32FirstW(snapshot, &entry); there; there = Module32NextW(snapshot, &entry), first = false)
        if (!first && (!*pattern || matches(entry.szModule, pattern)))
            found = joined(found, entry.szModule);
    CloseHandle(snapshot);
    return *found || *pattern ? found : L"N/A";
}

static size_t cells_of(const struct process *each, const struct look *look, const wchar_t *cells[MOST_COLUMNS])
{
    cells[0] = each->name;
    cells[1] = format(L"%u", each->id);
    if (look->services || look->modules) {
        cells[2] = look->services ? services_of(each->id) : modules_of(each->id, look->module);
        return 3;
    }
    cells[2] = L"Console";
    cells[3] = format(L"%u", each->session);
    cells[4] = format(L"%s K", grouped(each->memory / 1024));
    cells[5] = L"Running";
    cells[6] = each->user;
    cells[7] = clock_of(each->time);
    cells[8] = L"N/A";
    return look->verbose ? 9 : 5;
}

static void print_row(const struct column *columns, const wchar_t **cells, size_t count, const struct look *look)
{
    for (size_t i = 0; i < count; i++) {
        int width = columns[i].width;
        if (look->shape == CSV)
            say(L"%s\"%s\"", i ? L"," : L"", cells[i]);
        else if (look->shape == LIST)
            say(L"%-13s %s\r\n", format(L"%s:", columns[i].title), cells[i]);
        else if (i + 1 == count && width < 0)
            say(L" %s", cells[i]);
        else
            say(L"%s%*s", i ? L" " : L"", width, copy_part(cells[i], wcslen(cells[i]) < 25 ? wcslen(cells[i]) : 25));
    }
    say(L"\r\n");
}

static void print_head(const struct column *columns, size_t count, const struct look *look)
{
    const wchar_t *titles[MOST_COLUMNS];
    static const wchar_t line[] = L"========================================================================";
    for (size_t i = 0; i < count; i++)
        titles[i] = columns[i].title;
    if (look->shape != CSV)
        say(L"\r\n");
    if (look->shape == LIST || look->bare)
        return;
    print_row(columns, titles, count, look);
    for (size_t i = 0; look->shape == TABLE && i < count; i++)
        say(L"%s%.*s%s", i ? L" " : L"", columns[i].width < 0 ? -columns[i].width : columns[i].width, line,
            i + 1 == count ? L"\r\n" : L"");
}

static int show(const struct process *all, size_t count, const struct look *look)
{
    const struct column *columns = look->services ? serving : look->modules ? loading : look->verbose ? wide : plain;
    const wchar_t *cells[MOST_COLUMNS];
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        size_t width = all[i].chosen ? cells_of(all + i, look, cells) : 0;
        if (!width || (look->modules && !*cells[2]))
            continue;
        if (!any)
            print_head(columns, width, look);
        else if (look->shape == LIST)
            say(L"\r\n");
        any = true;
        print_row(columns, cells, width, look);
    }
    if (!any)
        say(L"INFO: No tasks are running which match the specified criteria.\r\n");
    return 0;
}

int tasklist(int count, wchar_t **arguments)
{
    struct look look = {.module = L""};
    size_t found;
    struct process *all = list_processes(&found);
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i], *next = i + 1 < count ? arguments[i + 1] : NULL;
        if (is_option(each, L"?"))
            return say(L"\r\nTASKLIST [/M [module] | /SVC | /V] [/FI filter] [/FO TABLE|LIST|CSV] [/NH]\r\n"), 0;
        if (is_option(each, L"v")) {
            look.verbose = true;
        } else if (is_option(each, L"svc")) {
            look.services = true;
        } else if (is_option(each, L"nh")) {
            look.bare = true;
        } else if (is_option(each, L"m")) {
            look.modules = true;
            if (next && *next != L'/')
                look.module = arguments[++i];
        } else if (is_option(each, L"fi") && next) {
            if (!filter_processes(all, found, arguments[++i]))
                return bad(L"The search filter cannot be recognized.");
        } else if (is_option(each, L"fo") && next) {
            i++;
            look.shape = same(next, L"list") ? LIST : same(next, L"csv") ? CSV : same(next, L"table") ? TABLE : -1;
            if (look.shape < 0)
                return bad(format(L"Invalid syntax. Invalid value '%s' for '/FO'.", next));
        } else {
            return bad(is_option(each, L"s") ? L"The tasks of other machines cannot be listed here."
                                             : format(L"Invalid argument/option - '%s'.", each));
        }
    }
    if (look.verbose + look.services + look.modules > 1)
        return bad(L"Invalid syntax. /V, /SVC and /M cannot be given together.");
    if (look.bare && look.shape == LIST)
        return bad(L"Invalid syntax. /NH option is valid only for \"TABLE\" and \"CSV\" formats.");
    return show(all, found, &look);
}

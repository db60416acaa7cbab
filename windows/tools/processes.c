/* The processes of the container: what they are, and filters over them. */
#include "processes.h"

#include <psapi.h>
#include <tlhelp32.h>

enum { PROCESSES_ROOM = 256, HUNDRED_NS = 10000000 };

static wchar_t *user_of(HANDLE process)
{
    BOOL(WINAPI * open)(HANDLE, DWORD, HANDLE *) = from(L"advapi32.dll", "OpenProcessToken");
    BOOL(WINAPI * ask)
    (HANDLE, TOKEN_INFORMATION_CLASS, void *, DWORD, DWORD *) = from(L"advapi32.dll", "GetTokenInformation");
    BOOL(WINAPI * look_up)
    (const wchar_t *, void *, wchar_t *, DWORD *, wchar_t *, DWORD *, SID_NAME_USE *) =
        from(L"advapi32.dll", "LookupAccountSidW");
    HANDLE token;
    DWORD size, name_room = 256, domain_room = 256;
    wchar_t name[256], domain[256];
    SID_NAME_USE use;
    TOKEN_USER *user = take(512);
    if (!open(process, TOKEN_QUERY, &token))
        return L"N/A";
    bool known = ask(token, TokenUser, user, 512, &size) &&
                 look_up(NULL, user->User.Sid, name, &name_room, domain, &domain_room, &use);
    CloseHandle(token);
    return known ? format(L"%s\\%s", domain, name) : L"N/A";
}

static void look_at(struct process *each)
{
    BOOL(WINAPI * memory_of)(HANDLE, PROCESS_MEMORY_COUNTERS *, DWORD) = from(L"kernel32.dll", "K32GetProcessMemoryInfo");
    PROCESS_MEMORY_COUNTERS counters;
    FILETIME created, ended, kernel, user;
    HANDLE process = OpenProcess(PROCESS_QUERY_INFORMATION | PROCESS_VM_READ, FALSE, each->id);
    each->user = L"N/A";
    if (!process)
        return;
    if (memory_of(process, &counters, sizeof counters))
        each->memory = counters.WorkingSetSize;
    if (GetProcessTimes(process, &created, &ended, &kernel, &user))
        each->time = ((uint64_t)kernel.dwHighDateTime << 32 | kernel.dwLowDateTime) +
                     ((uint64_t)user.dwHighDateTime << 32 | user.dwLowDateTime);
    ProcessIdToSessionId(each->id, &each->session);
    each->user = user_of(process);
    CloseHandle(process);
}

struct process *list_processes(size_t *count)
{
    struct process *all = NULL;
    size_t room = 0;
    PROCESSENTRY32W entry = {.dwSize = sizeof entry};
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    *count = 0;
    for (BOOL there = Process32FirstW(snapshot, &entry); there; there = Process32NextW(snapshot, &entry)) {
        if (*count == room)
            all = more(all, (room += PROCESSES_ROOM) * sizeof *all);
        struct process *each = all + (*count)++;
        memset(each, 0, sizeof *each);
        each->name = copy(entry.szExeFile);
        each->id = entry.th32ProcessID;
        each->parent = entry.th32ParentProcessID;
        each->chosen = true;
        each->session = 1;
        look_at(each);
    }
    CloseHandle(snapshot);
    return all;
}

wchar_t *clock_of(uint64_t time)
{
    uint64_t seconds = time / HUNDRED_NS;
    return format(L"%I64u:%02u:%02u", seconds / 3600, (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
}

static wchar_t *word_of(const wchar_t **text)
{
    while (**text == L' ')
        ++*text;
    const wchar_t *start = *text;
    while (**text && **text != L' ')
        ++*text;
    return copy_part(start, (size_t)(*text - start));
}

/* -1, 0, 1 as qsort's compare. */
static int order(uint64_t one, uint64_t other)
{
    return one < other ? -1 : one > other;
}

static bool holds(const wchar_t *operator, int compared)
{
    return same(operator, L"eq") ? !compared : same(operator, L"ne") ? compared != 0 : same(operator, L"gt") ? compared > 0
         : same(operator, L"lt") ? compared < 0 : same(operator, L"ge") ? compared >= 0 : compared <= 0;
}

static const wchar_t *text_of(const struct process *each, const wchar_t *name)
{
    if (same(name, L"IMAGENAME"))
        return each->name;
    if (same(name, L"USERNAME"))
        return each->user;
    if (same(name, L"STATUS"))
        return L"RUNNING";
    if (same(name, L"SESSIONNAME"))
        return L"Console";
    return same(name, L"WINDOWTITLE") ? L"N/A" : NULL;
}

bool filter_processes(struct process *all, size_t count, const wchar_t *filter)
{
    static const wchar_t *const operators[] = {L"eq", L"ne", L"gt", L"lt", L"ge", L"le"};
    const struct process sample = {.name = L"", .user = L""};
    wchar_t *name = word_of(&filter), *operator = word_of(&filter);
    uint64_t number = 0;
    size_t at = 0;
    while (at < 6 && !same(operators[at], operator))
        at++;
    while (*filter == L' ')
        filter++;
    bool text = text_of(&sample, name) != NULL;
    bool known = text || same(name, L"PID") || same(name, L"SESSION") || same(name, L"MEMUSAGE");
    if (!known || at == 6 || !*filter || (text && at > 1) || (!text && !whole_number(filter, &number)))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct process *each = all + i;
        bool right = text ? matches(text_of(each, name), filter) == (at == 0)
                   : holds(operator, order(same(name, L"PID")       ? each->id
                                           : same(name, L"SESSION") ? each->session
                                                                    : each->memory / 1024,
                                           number));
        each->chosen = each->chosen && right;
    }
    return true;
}

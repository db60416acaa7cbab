/* systeminfo: what the container's machine is, as a list, a table or comma-separated values. */
#include "tool.h"

struct fact {
    const wchar_t *name;
    wchar_t *value;
};
enum { LIST, TABLE, CSV, FACTS = 32, MEGABYTE = 1048576 };

static wchar_t *setting(const wchar_t *key, const wchar_t *name)
{
    LSTATUS(WINAPI * get)(HKEY, const wchar_t *, const wchar_t *, DWORD, DWORD *, void *, DWORD *) =
        from(L"advapi32.dll", "RegGetValueW");
    wchar_t *value = take(1024);
    DWORD size = 1022;
    return get(HKEY_LOCAL_MACHINE, key, name, 0x2, NULL, value, &size) ? L"N/A" : value; /* RRF_RT_REG_SZ */
}

static wchar_t *variable(const wchar_t *name)
{
    wchar_t *value = take(2048);
    return GetEnvironmentVariableW(name, value, 1024) ? value : L"N/A";
}

static wchar_t *boot_time(void)
{
    FILETIME now, local;
    SYSTEMTIME time;
    GetSystemTimeAsFileTime(&now);
    uint64_t at = ((uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime) - GetTickCount64() * 10000;
    now = (FILETIME){(DWORD)at, (DWORD)(at >> 32)};
    FileTimeToLocalFileTime(&now, &local);
    FileTimeToSystemTime(&local, &time);
    return format(L"%u/%u/%u, %u:%02u:%02u %s", time.wMonth, time.wDay, time.wYear, time.wHour % 12 ? time.wHour % 12 : 12,
                  time.wMinute, time.wSecond, time.wHour < 12 ? L"AM" : L"PM");
}

static wchar_t *megabytes(uint64_t bytes)
{
    return format(L"%s MB", grouped(bytes / MEGABYTE));
}

static size_t collect(struct fact *facts)
{
    static const wchar_t version[] = L"Software\\Microsoft\\Windows NT\\CurrentVersion";
    static const wchar_t processor[] = L"Hardware\\Description\\System\\CentralProcessor\\0";
    MEMORYSTATUSEX memory = {.dwLength = sizeof memory};
    wchar_t name[MAX_COMPUTERNAME_LENGTH + 1] = L"";
    DWORD room = MAX_COMPUTERNAME_LENGTH + 1;
    SYSTEM_INFO system;
    size_t count = 0;
    GlobalMemoryStatusEx(&memory);
    GetComputerNameW(name, &room);
    GetSystemInfo(&system);
    const wchar_t *build = setting(version, L"CurrentBuildNumber");
    facts[count++] = (struct fact){L"Host Name", copy(name)};
    facts[count++] = (struct fact){L"OS Name", format(L"Microsoft %s", setting(version, L"ProductName"))};
    facts[count++] = (struct fact){L"OS Version", format(L"10.0.%s N/A Build %s", build, build)};
    facts[count++] = (struct fact){L"OS Manufacturer", L"Microsoft Corporation"};
    facts[count++] = (struct fact){L"OS Configuration", L"Standalone Server"};
    facts[count++] = (struct fact){L"OS Build Type", L"Multiprocessor Free"};
    facts[count++] = (struct fact){L"System Boot Time", boot_time()};
    facts[count++] = (struct fact){L"System Type", L"x64-based PC"};
    facts[count++] = (struct fact){L"Processor(s)", format(L"%u Processor(s) Installed. %s", system.dwNumberOfProcessors,
                                                           setting(processor, L"ProcessorNameString"))};
    facts[count++] = (struct fact){L"Windows Directory", variable(L"SystemRoot")};
    facts[count++] = (struct fact){L"System Directory", format(L"%s\\system32", variable(L"SystemRoot"))};
    facts[count++] = (struct fact){L"System Locale", L"en-us;English (United States)"};
    facts[count++] = (struct fact){L"Total Physical Memory", megabytes(memory.ullTotalPhys)};
    facts[count++] = (struct fact){L"Available Physical Memory", megabytes(memory.ullAvailPhys)};
    facts[count++] = (struct fact){L"Virtual Memory: Max Size", megabytes(memory.ullTotalPageFile)};
    facts[count++] = (struct fact){L"Virtual Memory: Available", megabytes(memory.ullAvailPageFile)};
    facts[count++] = (struct fact){L"Domain", L"WORKGROUP"};
    return count;
}

static void print(const struct fact *facts, size_t count, int shape, bool bare)
{
    if (shape != CSV)
        say(L"\r\n");
    for (size_t i = 0; shape == LIST && i < count; i++)
        say(L"%-26s %s\r\n", format(L"%s:", facts[i].name), facts[i].value);
    for (int row = bare ? 2 : 0; shape != LIST && row < 3; row++) {
        for (size_t i = 0; i < count; i++) {
            size_t width = wcslen(facts[i].name) > wcslen(facts[i].value) ? wcslen(facts[i].name) : wcslen(facts[i].value);
            const wchar_t *text = row == 2 ? facts[i].value : facts[i].name;
            if (shape == CSV && row != 1)
                say(i ? L",\"%s\"" : L"\"%s\"", text);
            for (size_t line = 0; shape == TABLE && row == 1 && line < width; line++)
                say(L"=");
            if (shape == TABLE)
                say(row == 1 ? L" " : L"%-*s ", (int)width, text);
        }
        if (shape == TABLE || row != 1)
            say(L"\r\n");
    }
}

int systeminfo(int count, wchar_t **arguments)
{
    struct fact facts[FACTS];
    int shape = LIST;
    bool bare = false;
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i], *next = i + 1 < count ? arguments[i + 1] : L"";
        if (is_option(each, L"?"))
            return say(L"\r\nSYSTEMINFO [/FO TABLE|LIST|CSV] [/NH]\r\n"), 0;
        if (is_option(each, L"nh")) {
            bare = true;
            continue;
        }
        shape = same(next, L"table") ? TABLE : same(next, L"csv") ? CSV : same(next, L"list") ? LIST : -1;
        if (!is_option(each, L"fo") || shape < 0) {
            complain(L"ERROR: Invalid argument/option - '%s'.\r\nType \"SYSTEMINFO /?\" for usage.\r\n", each);
            return 1;
        }
        i++;
    }
    if (bare && shape == LIST) {
        complain(L"ERROR: Invalid syntax. /NH option is valid only for \"TABLE\" and \"CSV\" formats.\r\n");
        return 1;
    }
    print(facts, collect(facts), shape, bare);
    return 0;
}

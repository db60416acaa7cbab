/*
 * One program under the names of many tools of system32: what Wine's own of that name do not do, or do not do right.
 *
 * Texts and exit codes are Windows'. Source: Microsoft's documentation of Windows commands, and what the commands print.
 */
#include "tool.h"

static const struct {
    const wchar_t *name;
    int (*run)(int count, wchar_t **arguments);
} tools[] = {
    {L"arp", arp},
    {L"attrib", attrib},
    {L"certutil", certutil},
    {L"chcp", chcp},
    {L"choice", choice},
    {L"clip", clip},
    {L"comp", comp},
    {L"dism", dism},
    {L"driverquery", driverquery},
    {L"fc", fc},
    {L"find", find},
    {L"findstr", findstr},
    {L"forfiles", forfiles},
    {L"fsutil", fsutil},
    {L"getmac", getmac},
    {L"icacls", icacls},
    {L"ipconfig", ipconfig},
    {L"more", more_text},
    {L"net", net},
    {L"net1", net},
    {L"netsh", netsh},
    {L"netstat", netstat},
    {L"nslookup", nslookup},
    {L"ping", ping},
    {L"powershell", powershell},
    {L"pwsh", powershell},
    {L"reg", reg},
    {L"robocopy", robocopy},
    {L"route", route},
    {L"sc", sc},
    {L"schtasks", schtasks},
    {L"setx", setx},
    {L"shutdown", shut_down},
    {L"sort", sort},
    {L"subst", subst},
    {L"systeminfo", systeminfo},
    {L"takeown", takeown},
    {L"taskkill", taskkill},
    {L"tasklist", tasklist},
    {L"timeout", timeout},
    {L"tracert", tracert},
    {L"tree", tree},
    {L"tzutil", tzutil},
    {L"waitfor", waitfor},
    {L"wevtutil", wevtutil},
    {L"where", where},
    {L"wmic", wmic},
    {L"whoami", whoami},
    {L"xcopy", xcopy},
};

/* Take one argument off a command line, by the rules of CommandLineToArgvW for all but the first. */
static wchar_t *next_argument(const wchar_t **line)
{
    const wchar_t *p = *line;
    wchar_t *made = take((wcslen(p) + 1) * sizeof *made), *to = made;
    bool quoted = false;
    for (; *p && (quoted || (*p != L' ' && *p != L'\t')); p++) {
        size_t backslashes = 0;
        while (p[backslashes] == L'\\')
            backslashes++;
        if (backslashes && p[backslashes] != L'"') {
            for (p += backslashes - 1; backslashes; backslashes--)
                *to++ = L'\\';
            continue;
        }
        p += backslashes;
        for (size_t kept = backslashes / 2; kept; kept--)
            *to++ = L'\\';
        if (*p != L'"') {
            *to++ = *p;
        } else if (backslashes % 2) {
            *to++ = L'"';
        } else if (quoted && p[1] == L'"') {
            *to++ = L'"';
            p++;
        } else {
            quoted = !quoted;
        }
    }
    while (*p == L' ' || *p == L'\t')
        p++;
    *line = p;
    return made;
}

static const wchar_t *skip_program(const wchar_t *line)
{
    bool quoted = false;
    for (; *line && (quoted || (*line != L' ' && *line != L'\t')); line++)
        if (*line == L'"')
            quoted = !quoted;
    while (*line == L' ' || *line == L'\t')
        line++;
    return line;
}

static wchar_t *own_name(void)
{
    wchar_t *path = take(32768 * sizeof *path);
    GetModuleFileNameW(NULL, path, 32767);
    wchar_t *name = copy(base_name(path)), *dot = wcsrchr(name, L'.');
    if (dot)
        *dot = 0;
    return name;
}

void WINAPI entry(void)
{
    const wchar_t *line = skip_program(GetCommandLineW()), *name = own_name();
    wchar_t **arguments = take((wcslen(line) / 2 + 2) * sizeof *arguments);
    int count = 0, code = 1;
    while (*line)
        arguments[count++] = next_argument(&line);
    size_t at = 0;
    while (at < sizeof tools / sizeof *tools && !same(tools[at].name, name))
        at++;
    if (at < sizeof tools / sizeof *tools)
        code = tools[at].run(count, arguments);
    else
        complain(L"%s: there is no such tool in this program.\r\n", name);
    flush();
    ExitProcess((unsigned)code);
}

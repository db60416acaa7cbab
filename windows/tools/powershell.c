/* powershell, pwsh: starts the one that the image brought, wherever its PATH says; where there is none, says so. */
#include "tool.h"

enum { ROOM = 32768 };

/* The first program of our own name on PATH that is not in system32, as this one is; NULL: there is none. */
static wchar_t *find_other(void)
{
    wchar_t *own = take(ROOM * sizeof *own), *path = take(ROOM * sizeof *path), *system = take(ROOM * sizeof *system);
    GetModuleFileNameW(NULL, own, ROOM);
    GetSystemDirectoryW(system, ROOM);
    GetEnvironmentVariableW(L"PATH", path, ROOM);
    while (*path) {
        size_t length = 0;
        while (path[length] && path[length] != L';')
            length++;
        const wchar_t *directory = full_path(length ? copy_part(path, length) : L".");
        wchar_t *program = under(directory, base_name(own));
        if (length && !same(directory, system) && is_there(program))
            return program;
        path += length + (path[length] ? 1 : 0);
    }
    return NULL;
}

static const wchar_t *arguments_as_written(void)
{
    const wchar_t *line = GetCommandLineW();
    bool quoted = false;
    for (; *line && (quoted || (*line != L' ' && *line != L'\t')); line++)
        if (*line == L'"')
            quoted = !quoted;
    return line;
}

int powershell(int count, wchar_t **arguments)
{
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    DWORD code;
    (void)count, (void)arguments;
    wchar_t *other = find_other();
    if (!other) {
        complain(L"PowerShell is not part of this Windows base: use cmd, or bring PowerShell's own files in the image "
                 L"(its zip archive) and put their directory on PATH.\r\n");
        return 1;
    }
    wchar_t *line = format(L"\"%s\"%s", other, arguments_as_written());
    if (!CreateProcessW(other, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process)) {
        complain(L"%s: %s\r\n", other, reason(GetLastError()));
        return 1;
    }
    SetConsoleCtrlHandler(NULL, TRUE); /* Ctrl-C is for the program that was started */
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    return (int)code;
}

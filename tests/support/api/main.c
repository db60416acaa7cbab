/* api.exe GROUP: tries a group of Windows' functions in C:\api, says what does not hold; the exit code counts it. */
#include "api.h"

int failed, checked;
static const char *self;

HANDLE open_file(const wchar_t *name, DWORD access, DWORD disposition, DWORD flags)
{
    const DWORD share_all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    return CreateFileW(name, access, share_all, NULL, disposition, flags, NULL);
}

void put(const wchar_t *name, const char *text)
{
    DWORD done;
    HANDLE file = open_file(name, GENERIC_WRITE, CREATE_ALWAYS, 0);
    WriteFile(file, text, (DWORD)strlen(text), &done, NULL);
    CloseHandle(file);
}

int holds(const wchar_t *name, const char *text)
{
    char content[256];
    DWORD done = 0;
    HANDLE file = open_file(name, GENERIC_READ, OPEN_EXISTING, 0);
    if (file == INVALID_HANDLE_VALUE)
        return 0;
    ReadFile(file, content, sizeof content, &done, NULL);
    CloseHandle(file);
    return done == strlen(text) && !memcmp(content, text, done);
}

DWORD run_self(const char *arguments)
{
    char command[512];
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    DWORD code = 0xffffffff;
    snprintf(command, sizeof command, "\"%s\" %s", self, arguments);
    if (!CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process))
        return code;
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hProcess);
    CloseHandle(process.hThread);
    return code;
}

int main(int count, char **arguments)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } groups[] = {{"links", links},     {"files", files}, {"locks", locks}, {"threads", threads},
                  {"console", console}, {"icu", icu},     {"watch", watch}, {"certificates", certificates},
                  {"unix", unix_sockets}, {"streams", streams}, {"streams_kept", streams_kept},
                  {"accounts", accounts}};
    self = arguments[0];
    if (count == 3 && !strcmp(arguments[1], "lock"))
        return locks_child(arguments[2]);
    if (count == 3 && !strcmp(arguments[1], "console-child"))
        return console_child(arguments[2]);
    if (count == 3 && !strcmp(arguments[1], "unix-child"))
        return unix_child(arguments[2]);
    CreateDirectoryW(L"C:\\api", NULL);
    for (size_t i = 0; count == 2 && i < sizeof groups / sizeof *groups; i++)
        if (!strcmp(arguments[1], groups[i].name)) {
            groups[i].run();
            printf("%d of %d\n", checked - failed, checked);
            return failed;
        }
    puts("which group?");
    return 255;
}

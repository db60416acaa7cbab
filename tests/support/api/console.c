/* Consoles of programs whose streams are pipes: they have one that nobody sees. */
#include "api.h"

enum { EVENT_MS = 20000, HANDLED = 40 };

static HANDLE told;
static volatile LONG event_seen = -1;

static BOOL WINAPI note(DWORD event)
{
    event_seen = (LONG)event;
    SetEvent(told);
    return TRUE;
}

/* The other program: says that it is ready, and waits for an event, with a handler or without. */
int console_child(const char *how)
{
    told = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!strcmp(how, "handler"))
        SetConsoleCtrlHandler(note, TRUE);
    SetEvent(OpenEventW(EVENT_MODIFY_STATE, FALSE, L"ready"));
    WaitForSingleObject(told, EVENT_MS);
    return HANDLED + (int)event_seen;
}

static DWORD end_by_break(const char *how)
{
    char command[64] = "api console-child ";
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    DWORD code = 0;
    HANDLE ready = CreateEventW(NULL, TRUE, FALSE, L"ready");
    strcat(command, how);
    if (!CreateProcessA(NULL, command, NULL, NULL, TRUE, CREATE_NEW_PROCESS_GROUP, NULL, NULL, &startup, &process))
        return 0;
    WaitForSingleObject(ready, EVENT_MS);
    if (GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, process.dwProcessId) &&
        !WaitForSingleObject(process.hProcess, EVENT_MS))
        GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(ready);
    return code;
}

static void events(void)
{
    CHECK(end_by_break("handler") == HANDLED + CTRL_BREAK_EVENT);
    CHECK(end_by_break("plain") == 0xc000013a);
    told = CreateEventW(NULL, TRUE, FALSE, NULL);
    CHECK(SetConsoleCtrlHandler(note, TRUE));
    CHECK(GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0));
    CHECK(!WaitForSingleObject(told, EVENT_MS) && event_seen == CTRL_C_EVENT);
}

void console(void)
{
    DWORD mode, done, programs[4];
    char text[8] = "";
    COORD origin = {0, 0};
    CONSOLE_SCREEN_BUFFER_INFO info;
    wchar_t title[16];
    CHECK(GetConsoleCP() == 65001 && GetConsoleOutputCP() == 65001);
    CHECK(GetConsoleProcessList(programs, 4) == 1 && programs[0] == GetCurrentProcessId());
    CHECK(GetFileType(GetStdHandle(STD_OUTPUT_HANDLE)) == FILE_TYPE_PIPE);
    CHECK(!GetConsoleMode(GetStdHandle(STD_OUTPUT_HANDLE), &mode));
    HANDLE out = open_file(L"CONOUT$", GENERIC_READ | GENERIC_WRITE, OPEN_EXISTING, 0);
    HANDLE in = open_file(L"CONIN$", GENERIC_READ | GENERIC_WRITE, OPEN_EXISTING, 0);
    CHECK(out != INVALID_HANDLE_VALUE && in != INVALID_HANDLE_VALUE);
    CHECK(GetConsoleMode(out, &mode) && mode & ENABLE_PROCESSED_OUTPUT);
    CHECK(GetConsoleMode(in, &mode) && mode & ENABLE_LINE_INPUT);
    CHECK(GetConsoleScreenBufferInfo(out, &info) && info.dwSize.X > 0 && info.dwSize.Y > 0);
    CHECK(WriteConsoleW(out, L"hello", 5, &done, NULL) && done == 5);
    CHECK(ReadConsoleOutputCharacterA(out, text, 5, origin, &done) && !strcmp(text, "hello"));
    CHECK(SetConsoleTitleW(L"a title") && GetConsoleTitleW(title, 16) && !wcscmp(title, L"a title"));
    CHECK(SetConsoleOutputCP(437) && SetConsoleCP(1252));
    CHECK(GetConsoleOutputCP() == 437 && GetConsoleCP() == 1252);
    CHECK(GetConsoleWindow() && IsWindow(GetConsoleWindow()) && !IsWindowVisible(GetConsoleWindow()));
    REFUSED(AllocConsole(), ERROR_ACCESS_DENIED);
    events();
    CHECK(FreeConsole());
    CHECK(open_file(L"CONOUT$", GENERIC_READ | GENERIC_WRITE, OPEN_EXISTING, 0) == INVALID_HANDLE_VALUE);
    CHECK(AllocConsole());
    CHECK(open_file(L"CONOUT$", GENERIC_READ | GENERIC_WRITE, OPEN_EXISTING, 0) != INVALID_HANDLE_VALUE);
}

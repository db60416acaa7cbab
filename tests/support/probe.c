/*
 * What tests ask a Windows container with. One command a run; text is UTF-8, no line ending is changed.
 *
 *   args …           each argument as the C runtime parsed it, one a line
 *   line             the whole command line
 *   cat              standard input to standard output, byte for byte
 *   apart            "out" to standard output, "err" to standard error
 *   wait             says "ready", then waits; a console event is said by its number, and the exit code is 40 + it
 *   exit N           ends with the code N (32 bits)
 *   crash            writes where nothing is
 *   write FILE       writes a word into FILE; the exit code is the Windows error
 *   console          whether each standard stream is a console
 *   user             the user's name, whether elevated, whether an administrator, name by SID, how many privileges
 *   version          major.minor.build as RtlGetVersion says
 *   listen PORT      answers each connection with a line, "hello from COMPUTERNAME"
 *   ask NAME PORT    prints what such a listener (or any) says
 */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>

static volatile LONG event = -1;
static int *volatile nowhere;

static void say(const wchar_t *text)
{
    char bytes[4096];
    WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, sizeof bytes, NULL, NULL);
    printf("%s\n", bytes);
}

static int cat(void)
{
    static char buffer[65536];
    int got;
    while ((got = read(0, buffer, sizeof buffer)) > 0)
        for (int at = 0, put; at < got; at += put)
            if ((put = write(1, buffer + at, got - at)) < 0)
                return 1;
    return 0;
}

static BOOL WINAPI on_event(DWORD which)
{
    InterlockedExchange(&event, which);
    Sleep(INFINITE); /* the process ends when a handler of CTRL_CLOSE or CTRL_SHUTDOWN returns */
    return TRUE;
}

static int wait_for_event(void)
{
    SetConsoleCtrlHandler(on_event, TRUE);
    puts("ready");
    while (event < 0)
        Sleep(5);
    printf("event %ld\n", event);
    return 40 + event;
}

static const char *kind(DWORD which)
{
    DWORD mode;
    return GetConsoleMode(GetStdHandle(which), &mode) ? "console" : "other";
}

static int page(unsigned number, const wchar_t *hex)
{
    char bytes[64];
    wchar_t text[64];
    int count = 0;
    for (unsigned value; count < 64 && swscanf(hex + 2 * count, L"%2x", &value) == 1; count++)
        bytes[count] = (char)value;
    count = MultiByteToWideChar(number, MB_ERR_INVALID_CHARS, bytes, count, text, 63);
    text[count] = 0;
    say(text);
    return !count;
}

static void say_size(void)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    char line[32];
    HANDLE screen = GetStdHandle(STD_OUTPUT_HANDLE);
    DWORD written;
    GetConsoleScreenBufferInfo(screen, &info);
    sprintf(line, "%dx%d\r\n", info.dwSize.X, info.dwSize.Y);
    WriteFile(screen, line, (DWORD)strlen(line), &written, NULL);
}

static int sizes(void)
{
    HANDLE keyboard = GetStdHandle(STD_INPUT_HANDLE);
    INPUT_RECORD record;
    DWORD got;
    SetConsoleMode(keyboard, ENABLE_WINDOW_INPUT | ENABLE_PROCESSED_INPUT);
    say_size();
    while (ReadConsoleInputW(keyboard, &record, 1, &got) && got) {
        if (record.EventType == WINDOW_BUFFER_SIZE_EVENT)
            say_size();
        else if (record.EventType == KEY_EVENT && record.Event.KeyEvent.uChar.UnicodeChar == L'q')
            return 0;
    }
    return 1;
}

static int user(void)
{
    wchar_t name[256];
    DWORD size = 256, got;
    HANDLE token;
    TOKEN_ELEVATION elevation = {0};
    static BYTE user[256], sid[SECURITY_MAX_SID_SIZE], privileges[4096];
    wchar_t domain[256];
    DWORD domain_size = 256, sid_size = sizeof sid;
    SID_NAME_USE use;
    BOOL is_member = FALSE;
    if (!GetUserNameW(name, &size))
        return 1;
    say(name);
    OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token);
    GetTokenInformation(token, TokenElevation, &elevation, sizeof elevation, &got);
    puts(elevation.TokenIsElevated ? "elevated" : "limited");
    CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, sid, &sid_size);
    CheckTokenMembership(NULL, sid, &is_member);
    puts(is_member ? "administrator" : "user");
    GetTokenInformation(token, TokenUser, user, sizeof user, &got);
    size = 256;
    if (!LookupAccountSidW(NULL, ((TOKEN_USER *)user)->User.Sid, name, &size, domain, &domain_size, &use))
        return 2;
    say(name);
    GetTokenInformation(token, TokenPrivileges, privileges, sizeof privileges, &got);
    puts(((TOKEN_PRIVILEGES *)privileges)->PrivilegeCount > 2 ? "many privileges" : "few privileges");
    return 0;
}

static int version(void)
{
    RTL_OSVERSIONINFOW info = {.dwOSVersionInfoSize = sizeof info};
    LONG(WINAPI * get)(RTL_OSVERSIONINFOW *) =
        (void *)GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "RtlGetVersion");
    get(&info);
    printf("%lu.%lu.%lu\n", info.dwMajorVersion, info.dwMinorVersion, info.dwBuildNumber);
    return 0;
}

static int listen_on(int port)
{
    char line[128] = "hello from ";
    DWORD size = 64;
    GetComputerNameA(line + strlen(line), &size);
    strcat(line, "\n");
    SOCKET server = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (bind(server, (void *)&address, sizeof address) || listen(server, 8))
        return 1;
    puts("listening");
    for (SOCKET client; (client = accept(server, NULL, NULL)) != INVALID_SOCKET;) {
        send(client, line, (int)strlen(line), 0);
        shutdown(client, SD_SEND);
        closesocket(client);
    }
    return 1;
}

static int ask(const wchar_t *name, const wchar_t *port)
{
    ADDRINFOW hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found;
    char buffer[4096];
    int error = GetAddrInfoW(name, port, &hints, &found), got;
    if (error) {
        printf("no address: %d\n", error);
        return 2;
    }
    SOCKET client = socket(found->ai_family, SOCK_STREAM, 0);
    if (connect(client, found->ai_addr, (int)found->ai_addrlen)) {
        printf("no connection: %d\n", WSAGetLastError());
        return 3;
    }
    while ((got = recv(client, buffer, sizeof buffer, 0)) > 0)
        fwrite(buffer, 1, got, stdout);
    return 0;
}

static int write_to(const wchar_t *path)
{
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 7, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD written;
    if (file == INVALID_HANDLE_VALUE || !WriteFile(file, "word", 4, &written, NULL))
        return (int)GetLastError();
    CloseHandle(file);
    return 0;
}

int wmain(int count, wchar_t **arguments)
{
    WSADATA data;
    for (int each = 0; each < 3; each++)
        _setmode(each, _O_BINARY);
    setvbuf(stdout, NULL, _IONBF, 0);
    const wchar_t *command = count > 1 ? arguments[1] : L"";
    if (!wcscmp(command, L"args"))
        for (int each = 2; each < count; each++)
            say(arguments[each]);
    else if (!wcscmp(command, L"line"))
        say(GetCommandLineW());
    else if (!wcscmp(command, L"cat"))
        return cat();
    else if (!wcscmp(command, L"apart"))
        return fprintf(stdout, "out\n") + fprintf(stderr, "err\n") - 8;
    else if (!wcscmp(command, L"wait"))
        return wait_for_event();
    else if (!wcscmp(command, L"exit") && count == 3)
        ExitProcess(wcstoul(arguments[2], NULL, 10));
    else if (!wcscmp(command, L"crash"))
        *nowhere = 1;
    else if (!wcscmp(command, L"write") && count == 3)
        return write_to(arguments[2]);
    else if (!wcscmp(command, L"console"))
        printf("%s %s %s\n", kind(STD_INPUT_HANDLE), kind(STD_OUTPUT_HANDLE), kind(STD_ERROR_HANDLE));
    else if (!wcscmp(command, L"page") && count == 4)
        return page(wcstoul(arguments[2], NULL, 10), arguments[3]);
    else if (!wcscmp(command, L"sizes"))
        return sizes();
    else if (!wcscmp(command, L"user"))
        return user();
    else if (!wcscmp(command, L"version"))
        return version();
    else if (WSAStartup(MAKEWORD(2, 2), &data))
        return 1;
    else if (!wcscmp(command, L"listen") && count == 3)
        return listen_on(_wtoi(arguments[2]));
    else if (!wcscmp(command, L"ask") && count == 4)
        return ask(arguments[2], arguments[3]);
    else
        return 64;
    return 0;
}

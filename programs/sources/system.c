/* What C programs ask of Windows, one subject for each word on the command line; says "NAME ok" for each. */
#define UNICODE
#define _WIN32_WINNT 0x0A00
#define _UNICODE
#define COBJMACROS
#include <initguid.h>
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <winhttp.h>
#include <objbase.h>
#include <shlobj.h>
#include <knownfolders.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#define CHECK(holds)                                                                                   \
    do {                                                                                               \
        if (!(holds)) {                                                                                \
            printf("line %d: %s (error %lu)\n", __LINE__, #holds, (unsigned long)GetLastError());      \
            fflush(stdout);                                                                            \
            exit(1);                                                                                   \
        }                                                                                              \
    } while (0)

static volatile LONG counter;
static CRITICAL_SECTION section;
static CONDITION_VARIABLE changed;
static int turns, plain_sum;

static unsigned __stdcall add(void *slot)
{
    TlsSetValue((DWORD)(DWORD_PTR)slot, (void *)(DWORD_PTR)GetCurrentThreadId());
    for (int i = 0; i < 10000; i++) {
        InterlockedIncrement(&counter);
        EnterCriticalSection(&section);
        plain_sum++;
        LeaveCriticalSection(&section);
    }
    CHECK(TlsGetValue((DWORD)(DWORD_PTR)slot) == (void *)(DWORD_PTR)GetCurrentThreadId());
    EnterCriticalSection(&section);
    turns++;
    LeaveCriticalSection(&section);
    WakeConditionVariable(&changed);
    return 7;
}

static VOID CALLBACK work(PTP_CALLBACK_INSTANCE instance, void *event)
{
    (void)instance;
    SetEvent(event);
}

static void threads(void)
{
    HANDLE thread[8], event = CreateEventW(NULL, FALSE, FALSE, NULL);
    DWORD slot = TlsAlloc(), code;

    InitializeCriticalSection(&section);
    InitializeConditionVariable(&changed);
    for (int i = 0; i < 8; i++)
        CHECK((thread[i] = (HANDLE)_beginthreadex(NULL, 0, add, (void *)(DWORD_PTR)slot, 0, NULL)));
    EnterCriticalSection(&section);
    while (turns < 8)
        CHECK(SleepConditionVariableCS(&changed, &section, 20000));
    LeaveCriticalSection(&section);
    CHECK(WaitForMultipleObjects(8, thread, TRUE, 20000) < 8);
    CHECK(counter == 80000 && plain_sum == 80000);
    CHECK(GetExitCodeThread(thread[0], &code) && code == 7);
    CHECK(TrySubmitThreadpoolCallback(work, event, NULL));
    CHECK(WaitForSingleObject(event, 20000) == WAIT_OBJECT_0);
    USHORT groups = 0, group[1] = {9};
    CHECK(!GetProcessGroupAffinity(GetCurrentProcess(), &groups, group) && GetLastError() == ERROR_INSUFFICIENT_BUFFER);
    CHECK(GetProcessGroupAffinity(GetCurrentProcess(), &groups, group) && groups == 1 && group[0] == 0);
    HANDLE timer = CreateWaitableTimerW(NULL, TRUE, NULL);
    LARGE_INTEGER due = {.QuadPart = -100000};
    CHECK(SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE) && WaitForSingleObject(timer, 20000) == WAIT_OBJECT_0);
}

static volatile int filtered;

static LONG CALLBACK vectored(EXCEPTION_POINTERS *info)
{
    if (info->ExceptionRecord->ExceptionCode == 0xE0000001) {
        filtered++;
        return EXCEPTION_CONTINUE_EXECUTION;
    }
    if (info->ExceptionRecord->ExceptionCode == EXCEPTION_ACCESS_VIOLATION) {
        filtered += info->ExceptionRecord->ExceptionInformation[0] == 1; /* a write */
        VirtualProtect((void *)info->ExceptionRecord->ExceptionInformation[1], 1, PAGE_READWRITE, &(DWORD){0});
        return EXCEPTION_CONTINUE_EXECUTION;
    }
    return EXCEPTION_CONTINUE_SEARCH;
}

static void exceptions(void)
{
    CHECK(AddVectoredExceptionHandler(1, vectored));
    RaiseException(0xE0000001, 0, 0, NULL);
    CHECK(filtered == 1);
    volatile char *page = VirtualAlloc(NULL, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_READONLY);
    *page = 1;
    CHECK(filtered == 2 && *page == 1);
}

static unsigned __stdcall serve(void *socket)
{
    char text[64];
    SOCKET peer = accept((SOCKET)socket, NULL, NULL);
    int length = recv(peer, text, sizeof text, 0);
    send(peer, text, length, 0);
    closesocket(peer);
    return 0;
}

static void sockets(void)
{
    WSADATA data;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int size = sizeof at;
    char text[64] = "";

    CHECK(WSAStartup(MAKEWORD(2, 2), &data) == 0);
    SOCKET listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(listener, (struct sockaddr *)&at, sizeof at) == 0 && listen(listener, 5) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&at, &size) == 0);
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, serve, (void *)listener, 0, NULL);
    SOCKET peer = socket(AF_INET, SOCK_STREAM, 0);
    WSAEVENT event = WSACreateEvent();
    CHECK(WSAEventSelect(peer, event, FD_CONNECT | FD_READ) == 0);
    CHECK(connect(peer, (struct sockaddr *)&at, sizeof at) == 0 || WSAGetLastError() == WSAEWOULDBLOCK);
    CHECK(WSAWaitForMultipleEvents(1, &event, FALSE, 20000, FALSE) == WSA_WAIT_EVENT_0);
    WSANETWORKEVENTS seen;
    CHECK(WSAEnumNetworkEvents(peer, event, &seen) == 0 && (seen.lNetworkEvents & FD_CONNECT));
    CHECK(send(peer, "hello", 5, 0) == 5);
    CHECK(WSAWaitForMultipleEvents(1, &event, FALSE, 20000, FALSE) == WSA_WAIT_EVENT_0);
    CHECK(recv(peer, text, sizeof text, 0) == 5 && memcmp(text, "hello", 5) == 0);
    CHECK(WaitForSingleObject(thread, 20000) == WAIT_OBJECT_0);

    struct addrinfo *found;
    CHECK(getaddrinfo("localhost", "80", NULL, &found) == 0);
    freeaddrinfo(found);
    CHECK(gethostname(text, sizeof text) == 0 && _stricmp(text, "winhost") == 0);
    CHECK(getaddrinfo(text, NULL, NULL, &found) == 0);
    freeaddrinfo(found);
}

static unsigned __stdcall answer(void *port)
{
    char text[512];
    SOCKET peer = accept((SOCKET)port, NULL, NULL);
    const char *said = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody";
    recv(peer, text, sizeof text, 0);
    send(peer, said, (int)strlen(said), 0);
    closesocket(peer);
    return 0;
}

static void winhttp(void)
{
    WSADATA data;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int size = sizeof at;
    char body[16] = "";
    DWORD read, status, length = sizeof status;

    CHECK(WSAStartup(MAKEWORD(2, 2), &data) == 0);
    SOCKET listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(listener, (struct sockaddr *)&at, sizeof at) == 0 && listen(listener, 5) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&at, &size) == 0);
    _beginthreadex(NULL, 0, answer, (void *)listener, 0, NULL);
    HINTERNET session = WinHttpOpen(L"sample", WINHTTP_ACCESS_TYPE_NO_PROXY, NULL, NULL, 0);
    HINTERNET connection = WinHttpConnect(session, L"127.0.0.1", ntohs(at.sin_port), 0);
    HINTERNET request = WinHttpOpenRequest(connection, L"GET", L"/", NULL, NULL, NULL, 0);
    CHECK(request && WinHttpSendRequest(request, NULL, 0, NULL, 0, 0, 0) && WinHttpReceiveResponse(request, NULL));
    CHECK(WinHttpQueryHeaders(request, WINHTTP_QUERY_STATUS_CODE | WINHTTP_QUERY_FLAG_NUMBER, NULL, &status, &length, NULL));
    CHECK(status == 200 && WinHttpReadData(request, body, sizeof body, &read) && read == 4 && !memcmp(body, "body", 4));
}

static unsigned __stdcall pipe_server(void *pipe)
{
    char text[64];
    DWORD read, written;
    CHECK(ConnectNamedPipe(pipe, NULL) || GetLastError() == ERROR_PIPE_CONNECTED);
    CHECK(ReadFile(pipe, text, sizeof text, &read, NULL));
    CHECK(WriteFile(pipe, text, read, &written, NULL) && written == read);
    FlushFileBuffers(pipe);
    DisconnectNamedPipe(pipe);
    return 0;
}

static void pipes(void)
{
    const wchar_t *name = L"\\\\.\\pipe\\programs-sample";
    char text[64];
    DWORD read;
    HANDLE pipe = CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT, 2,
                                   4096, 4096, 0, NULL);
    CHECK(pipe != INVALID_HANDLE_VALUE);
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, pipe_server, pipe, 0, NULL);
    CHECK(CallNamedPipeW(name, "message", 7, text, sizeof text, &read, 20000) && read == 7);
    CHECK(WaitForSingleObject(thread, 20000) == WAIT_OBJECT_0);

    STARTUPINFOW start = {.cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION child;
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    HANDLE from, to;
    CHECK(CreatePipe(&from, &to, &inherited, 0));
    start.hStdOutput = start.hStdError = to;
    wchar_t line[] = L"cmd /c echo child& exit 300";
    CHECK(CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &child));
    CloseHandle(to);
    for (DWORD length = 0; ReadFile(from, text + length, sizeof text - length, &read, NULL); length += read)
        text[length + read] = 0;
    CHECK(GetLastError() == ERROR_BROKEN_PIPE && strcmp(text, "child\r\n") == 0);
    CHECK(WaitForSingleObject(child.hProcess, 20000) == WAIT_OBJECT_0 && GetExitCodeProcess(child.hProcess, &read));
    CHECK(read == 300);

    HANDLE job = CreateJobObjectW(NULL, NULL);
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limit = {.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE};
    CHECK(SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limit, sizeof limit));
    wchar_t waits[] = L"cmd /c pause";
    STARTUPINFOW plain = {.cb = sizeof plain};
    CHECK(CreateProcessW(NULL, waits, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &plain, &child));
    CHECK(AssignProcessToJobObject(job, child.hProcess));
    ResumeThread(child.hThread);
    CloseHandle(job);
    CHECK(WaitForSingleObject(child.hProcess, 20000) == WAIT_OBJECT_0);
}

static void registry(void)
{
    HKEY key;
    wchar_t text[64];
    DWORD kind, size = sizeof text, number = 5, disposition;
    const wchar_t *path = L"Software\\Transom\\Sämple";

    CHECK(RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, &disposition) == 0);
    CHECK(disposition == REG_CREATED_NEW_KEY);
    CHECK(RegSetValueExW(key, L"number", 0, REG_DWORD, (BYTE *)&number, sizeof number) == 0);
    CHECK(RegSetValueExW(key, L"täxt", 0, REG_EXPAND_SZ, (BYTE *)L"%OS%\\x", 14) == 0);
    CHECK(RegQueryValueExW(key, L"TÄXT", NULL, &kind, (BYTE *)text, &size) == 0 && kind == REG_EXPAND_SZ);
    CHECK(wcscmp(text, L"%OS%\\x") == 0);
    CHECK(RegGetValueW(HKEY_LOCAL_MACHINE, path, L"täxt", RRF_RT_REG_SZ, NULL, text, (size = sizeof text, &size)) == 0);
    CHECK(wcscmp(text, L"Windows_NT\\x") == 0);
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    CHECK(RegNotifyChangeKeyValue(key, FALSE, REG_NOTIFY_CHANGE_LAST_SET, event, TRUE) == 0);
    CHECK(RegSetValueExW(key, L"number", 0, REG_DWORD, (BYTE *)&size, sizeof size) == 0);
    CHECK(WaitForSingleObject(event, 20000) == WAIT_OBJECT_0);
    CHECK(RegDeleteTreeW(HKEY_LOCAL_MACHINE, L"Software\\Transom") == 0);
    CHECK(RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, KEY_READ, &key) == ERROR_FILE_NOT_FOUND);
}

static void com(void)
{
    IUnknown *unknown;
    IShellLinkW *link;
    IPersistFile *file;
    wchar_t path[MAX_PATH];

    CHECK(SUCCEEDED(CoInitializeEx(NULL, COINIT_APARTMENTTHREADED)));
    CHECK(SUCCEEDED(CoCreateInstance(&CLSID_ShellLink, NULL, CLSCTX_INPROC_SERVER, &IID_IShellLinkW, (void **)&link)));
    CHECK(SUCCEEDED(IShellLinkW_SetPath(link, L"C:\\Windows\\System32\\cmd.exe")));
    CHECK(SUCCEEDED(IShellLinkW_QueryInterface(link, &IID_IPersistFile, (void **)&file)));
    CHECK(SUCCEEDED(IPersistFile_Save(file, L"C:\\work\\a.lnk", TRUE)));
    CHECK(SUCCEEDED(IPersistFile_Load(file, L"C:\\work\\a.lnk", STGM_READ)));
    CHECK(SUCCEEDED(IShellLinkW_GetPath(link, path, MAX_PATH, NULL, 0)) && !_wcsicmp(path, L"C:\\Windows\\System32\\cmd.exe"));
    CLSID dictionary;
    CHECK(SUCCEEDED(CLSIDFromProgID(L"Scripting.Dictionary", &dictionary)));
    CHECK(SUCCEEDED(CoCreateInstance(&dictionary, NULL, CLSCTX_INPROC_SERVER, &IID_IUnknown, (void **)&unknown)));
    PWSTR folder;
    CHECK(SUCCEEDED(SHGetKnownFolderPath(&FOLDERID_ProgramData, 0, NULL, &folder)) && !_wcsicmp(folder, L"C:\\ProgramData"));
    CHECK(SUCCEEDED(SHGetKnownFolderPath(&FOLDERID_LocalAppData, 0, NULL, &folder)));
    CHECK(!_wcsicmp(folder, L"C:\\Users\\ContainerAdministrator\\AppData\\Local"));
}

static void files(void)
{
    wchar_t path[600] = L"\\\\?\\C:\\work";
    DWORD done;
    OVERLAPPED later = {.Offset = 5, .hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    LARGE_INTEGER size;
    char text[16] = "";

    for (int i = 0; i < 20; i++) {
        wcscat(path, L"\\directory-ünïcode-文");
        CHECK(CreateDirectoryW(path, NULL));
    }
    wcscat(path, L"\\file.txt");
    CHECK(wcslen(path) > MAX_PATH);
    HANDLE file = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_NEW, FILE_FLAG_OVERLAPPED, NULL);
    CHECK(file != INVALID_HANDLE_VALUE);
    CHECK(WriteFile(file, "later", 5, NULL, &later) || GetLastError() == ERROR_IO_PENDING);
    CHECK(GetOverlappedResult(file, &later, &done, TRUE) && done == 5);
    CHECK(GetFileSizeEx(file, &size) && size.QuadPart == 10);
    CHECK(CreateFileW(path, GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE);
    CHECK(GetLastError() == ERROR_SHARING_VIOLATION);
    HANDLE mapping = CreateFileMappingW(file, NULL, PAGE_READWRITE, 0, 0, NULL);
    char *view = MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    CHECK(view && memcmp(view + 5, "later", 5) == 0);
    memcpy(view, "first", 5);
    UnmapViewOfFile(view);
    CloseHandle(mapping);
    later.Offset = 0;
    ResetEvent(later.hEvent);
    CHECK(ReadFile(file, text, 10, NULL, &later) || GetLastError() == ERROR_IO_PENDING);
    CHECK(GetOverlappedResult(file, &later, &done, TRUE) && memcmp(text, "firstlater", 10) == 0);
    CloseHandle(file);
    CHECK(SetFileAttributesW(path, FILE_ATTRIBUTE_READONLY) && !DeleteFileW(path) && GetLastError() == ERROR_ACCESS_DENIED);
    CHECK(SetFileAttributesW(path, FILE_ATTRIBUTE_NORMAL) && DeleteFileW(path));
    WIN32_FIND_DATAW found;
    HANDLE search = FindFirstFileW(L"C:\\Windows\\System32\\kernel32.*", &found);
    CHECK(search != INVALID_HANDLE_VALUE && !_wcsicmp(found.cFileName, L"kernel32.dll"));
    ULARGE_INTEGER available, whole;
    CHECK(GetDiskFreeSpaceExW(L"C:\\work", &available, &whole, NULL) && available.QuadPart && whole.QuadPart >= available.QuadPart);
    wchar_t label[64];
    DWORD serial;
    CHECK(GetVolumeInformationW(L"C:\\", label, 64, &serial, NULL, NULL, NULL, 0));
    CHECK(MoveFileExW(L"C:\\work\\absent", L"C:\\work\\b", 0) == 0 && GetLastError() == ERROR_FILE_NOT_FOUND);
}

static void locks(void)
{
    OVERLAPPED part = {.Offset = 10}, beyond = {.Offset = 100};
    char text[4] = "abc";
    DWORD done;
    HANDLE one = CreateFileW(L"C:\\work\\locked", GENERIC_READ | GENERIC_WRITE, 7, NULL, CREATE_ALWAYS, 0, NULL);
    HANDLE two = CreateFileW(L"C:\\work\\locked", GENERIC_READ | GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(LockFileEx(one, LOCKFILE_EXCLUSIVE_LOCK, 0, 10, 0, &part));
    CHECK(!LockFileEx(two, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &part));
    CHECK(GetLastError() == ERROR_LOCK_VIOLATION);
    CHECK(LockFileEx(two, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &beyond));
    SetFilePointer(two, 12, NULL, FILE_BEGIN);
    CHECK(!WriteFile(two, text, 3, &done, NULL) && GetLastError() == ERROR_LOCK_VIOLATION);
    CHECK(UnlockFileEx(one, 0, 10, 0, &part) && WriteFile(two, text, 3, &done, NULL));
}

static void console(void)
{
    UINT page = GetConsoleOutputCP();
    CHECK(page == 65001 || page == 0); /* no console: no code page */
    CHECK(GetACP() == 65001);
    CHECK(GetFileType(GetStdHandle(STD_OUTPUT_HANDLE)) == FILE_TYPE_PIPE);
}

static void screen(void)
{
    AllocConsole();
    HANDLE screen = CreateFileW(L"CONOUT$", GENERIC_READ | GENERIC_WRITE, 3, NULL, OPEN_EXISTING, 0, NULL);
    CONSOLE_SCREEN_BUFFER_INFO info;
    DWORD mode;
    CHECK(screen != INVALID_HANDLE_VALUE && GetConsoleMode(screen, &mode) && GetConsoleScreenBufferInfo(screen, &info));
    CHECK(info.dwSize.X > 0);
}

static void libraries(void)
{
    static const wchar_t *const names[] = {L"icuuc.dll", L"icu.dll", L"bcrypt.dll", L"ncrypt.dll", L"dbghelp.dll",
        L"psapi.dll", L"userenv.dll", L"iphlpapi.dll", L"version.dll", L"wtsapi32.dll", L"powrprof.dll", L"pdh.dll",
        L"wevtapi.dll", L"fwpuclnt.dll", L"mswsock.dll", L"dnsapi.dll", L"secur32.dll", L"crypt32.dll", L"msi.dll",
        L"ucrtbase.dll", L"vcruntime140.dll", L"vcruntime140_1.dll", L"msvcp140.dll", L"concrt140.dll", L"msvcrt.dll",
        L"d3d11.dll", L"dxgi.dll", L"xmllite.dll", L"urlmon.dll", L"wininet.dll", L"taskschd.dll", L"opengl32.dll"};
    int missing = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!LoadLibraryW(names[i])) {
            printf("missing %ls\n", names[i]);
            missing++;
        }
    CHECK(missing == 0);
}

int main(int count, char **arguments)
{
    static const struct { const char *name; void (*check)(void); } all[] = {
        {"threads", threads}, {"exceptions", exceptions}, {"sockets", sockets}, {"winhttp", winhttp}, {"pipes", pipes},
        {"registry", registry}, {"com", com}, {"files", files}, {"locks", locks}, {"console", console},
        {"screen", screen}, {"libraries", libraries},
    };
    for (int i = 1; i < count; i++)
        for (size_t k = 0; k < sizeof all / sizeof *all; k++)
            if (strcmp(arguments[i], all[k].name) == 0) {
                all[k].check();
                printf("%s ok\n", all[k].name);
                fflush(stdout);
            }
    return 0;
}

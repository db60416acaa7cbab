/*
 * The console of a container that has no terminal: programs have one on Windows, though nobody sees it and their
 * standard streams are pipes. They open CONOUT$, set code pages, send each other Ctrl-Break through it.
 *
 * Wine's console is a program (conhost, 5 MB, 20 ms), so it is not started before somebody asks for something that
 * needs it: until then wineserver keeps what is asked, and its handle of the console's server side becomes signalled.
 * This process is not attached to the console: programs count who is, to learn whether they were started by a shell.
 *
 * Source: Microsoft, "Consoles", GetConsoleProcessList; winternl.h (offsets in PEB and process parameters are ABI).
 */
#include "base.h"

enum {
    PEB_PARAMETERS = 0x20,
    PARAMETERS_CONSOLE = 0x10,
    NONE_AND_NO_NEW = 4, /* Wine's word for it */
    WRITE_PROPERTIES = FILE_WRITE_EA,
    READ_PROPERTIES = FILE_READ_EA,
};

static HANDLE open_device(HANDLE root, const wchar_t *text, ACCESS_MASK access)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    HANDLE file;
    RtlInitUnicodeString(&name, text);
    InitializeObjectAttributes(&attributes, &name, 0, root, NULL);
    NTSTATUS status = NtCreateFile(&file, access | WRITE_PROPERTIES | READ_PROPERTIES | SYNCHRONIZE, &attributes, &io,
                                   NULL, FILE_ATTRIBUTE_NORMAL, 0, FILE_OPEN,
                                   FILE_NON_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
    return NT_SUCCESS(status) ? file : NULL;
}

/* Change which console the programs have that this process starts, and return which they had; NULL is none. */
HANDLE console_replace(HANDLE console)
{
    char *parameters = *(char **)((char *)NtCurrentTeb()->ProcessEnvironmentBlock + PEB_PARAMETERS);
    HANDLE *own = (HANDLE *)(parameters + PARAMETERS_CONSOLE), before = *own;
    *own = console ? console : (HANDLE)NONE_AND_NO_NEW;
    return before;
}

/* Let the programs that this process starts have a console. Return what is signalled once it is needed, or NULL. */
HANDLE console_make(void)
{
    HANDLE server = open_device(NULL, L"\\Device\\ConDrv\\Server", 0);
    HANDLE console = server ? open_device(server, L"Reference", FILE_READ_DATA | FILE_WRITE_DATA) : NULL;
    if (!console) {
        if (server)
            CloseHandle(server);
        return NULL;
    }
    console_replace(console);
    return server;
}

/* Start the program behind the console; it takes server over. */
void console_serve(HANDLE server)
{
    static const wchar_t start[] = L"C:\\windows\\system32\\conhost.exe --headless --server 0x";
    wchar_t command[sizeof start / sizeof *start + 16], *p = command + sizeof start / sizeof *start - 1;
    STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    memcpy(command, start, sizeof start);
    for (int shift = 28; shift >= 0; shift -= 4)
        *p++ = L"0123456789abcdef"[(uintptr_t)server >> shift & 15];
    *p = 0;
    SetHandleInformation(server, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    AcquireSRWLockExclusive(&start_guard);
    bool started = CreateProcessW(NULL, command, NULL, NULL, TRUE, DETACHED_PROCESS, NULL, L"C:\\windows\\system32",
                                  &startup, &process);
    ReleaseSRWLockExclusive(&start_guard);
    if (started) {
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
    }
    CloseHandle(server);
}

/* Finds and starts the container's program as Windows' CreateProcess does, and says why where it cannot. */
#include "base.h"

enum { NOT_FOUND = 127, NOT_EXECUTABLE = 126, OTHER = 128 };

/* Copy the first token of a command line, without its quotes. */
static wchar_t *first_token(const wchar_t *command)
{
    while (*command == L' ' || *command == L'\t')
        command++;
    wchar_t *token = take((wide_length(command) + 1) * sizeof *token), *p = token;
    if (*command == L'"')
        for (command++; *command && *command != L'"'; command++)
            *p++ = *command;
    else
        for (; *command && *command != L' ' && *command != L'\t'; command++)
            *p++ = *command;
    return token;
}

/* What is at the head of a program file; the machine of a Windows program, else 0. */
static WORD machine_of(HANDLE file, bool *is_windows)
{
    IMAGE_DOS_HEADER dos;
    struct {
        DWORD signature;
        IMAGE_FILE_HEADER header;
    } pe;
    DWORD got;
    *is_windows = ReadFile(file, &dos, sizeof dos, &got, NULL) && got >= 2 && dos.e_magic == IMAGE_DOS_SIGNATURE;
    if (!*is_windows || got < sizeof dos)
        return 0;
    SetFilePointer(file, dos.e_lfanew, NULL, FILE_BEGIN);
    if (!ReadFile(file, &pe, sizeof pe, &got, NULL) || got < sizeof pe || pe.signature != IMAGE_NT_SIGNATURE)
        return 0;
    return pe.header.Machine;
}

static bool ends_with(const wchar_t *path, const wchar_t *extension)
{
    size_t length = wide_length(path), part = wide_length(extension);
    return length >= part && wide_equal(path + length - part, extension, part);
}

/*
 * Refuse what is no Windows program. Wine would hand a file without Windows' signature to Linux, which might run it;
 * and a 32-bit program needs a part of the base that may not be there.
 */
static bool can_run(const wchar_t *command, struct failure *failure)
{
    wchar_t *token = first_token(command), *path = take(32768 * sizeof *path);
    if (!SearchPathW(NULL, token, L".exe", 32768, path, NULL))
        return true; /* CreateProcess finds more, or says what is missing */
    if (ends_with(path, L".bat") || ends_with(path, L".cmd"))
        return true;
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return true;
    bool is_windows;
    WORD machine = machine_of(file, &is_windows);
    CloseHandle(file);
    if (!is_windows) {
        *failure = (struct failure){NOT_EXECUTABLE, ERROR_BAD_EXE_FORMAT, "%1 is not a valid Win32 application."};
        return false;
    }
    if (machine == IMAGE_FILE_MACHINE_I386 &&
        GetFileAttributesW(L"C:\\windows\\syswow64\\ntdll.dll") == INVALID_FILE_ATTRIBUTES) {
        *failure = (struct failure){NOT_EXECUTABLE, ERROR_EXE_MACHINE_TYPE_MISMATCH,
                                    "a 32-bit program needs the part wow64 of the Windows base: "
                                    "make one with transom base build --part wow64"};
        return false;
    }
    return true;
}

static struct failure explain(DWORD error)
{
    switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_BAD_PATHNAME:
        return (struct failure){NOT_FOUND, error, "The system cannot find the file specified."};
    case ERROR_PATH_NOT_FOUND:
        return (struct failure){NOT_FOUND, error, "The system cannot find the path specified."};
    case ERROR_ACCESS_DENIED:
        return (struct failure){NOT_EXECUTABLE, error, "Access is denied."};
    case ERROR_BAD_EXE_FORMAT:
        return (struct failure){NOT_EXECUTABLE, error, "%1 is not a valid Win32 application."};
    case ERROR_EXE_MACHINE_TYPE_MISMATCH:
        return (struct failure){NOT_EXECUTABLE, error,
                                "The image file is valid, but is for a machine type other than the current machine."};
    case ERROR_LOGON_FAILURE:
        return (struct failure){OTHER, error, "The user name or password is incorrect."};
    case ERROR_ACCOUNT_DISABLED:
        return (struct failure){OTHER, error, "This user can't sign in because this account is currently disabled."};
    case ERROR_DIRECTORY:
        return (struct failure){OTHER, error, "The directory name is invalid."};
    default:
        return (struct failure){OTHER, error, "CreateProcess failed."};
    }
}

/* What CreateProcess says of a directory, which Wine takes for nothing at all. */
static DWORD explain_directory(const wchar_t *command, DWORD error)
{
    wchar_t *path = first_token(command);
    bool is_path = false;
    for (const wchar_t *p = path; *p; p++)
        is_path |= *p == L'\\' || *p == L'/';
    DWORD attributes = is_path ? GetFileAttributesW(path) : INVALID_FILE_ATTRIBUTES;
    give(path);
    return attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_DIRECTORY ? ERROR_ACCESS_DENIED : error;
}

/* Make a missing working directory, as Docker does. */
static bool enter(wchar_t *directory)
{
    if (SetCurrentDirectoryW(directory))
        return true;
    for (wchar_t *p = directory; *p; p++)
        if ((*p == L'\\' || *p == L'/') && p != directory) {
            wchar_t separator = *p;
            *p = 0;
            CreateDirectoryW(directory, NULL);
            *p = separator;
        }
    CreateDirectoryW(directory, NULL);
    return SetCurrentDirectoryW(directory);
}

/* Who starts a program holds it: what this process' own current directory and environment are is in question then. */
SRWLOCK start_guard = SRWLOCK_INIT;

/* The current directory and the environment of this process become the program's: CreateProcess searches by them. */
bool start_program(const struct request *request, STARTUPINFOW *startup, PROCESS_INFORMATION *process,
                   struct failure *failure)
{
    if (!request->account) {
        *failure = explain(ERROR_LOGON_FAILURE);
        return false;
    }
    if (request->account->flags & FLAG_DISABLED) {
        *failure = explain(ERROR_ACCOUNT_DISABLED);
        return false;
    }
    if (!enter(request->directory)) {
        *failure = explain(ERROR_DIRECTORY);
        return false;
    }
    if (!can_run(request->command, failure))
        return false;
    HANDLE token = account_token(request->account);
    if (!token) {
        *failure = (struct failure){OTHER, ERROR_NO_SUCH_USER, "The token of the user cannot be made."};
        return false;
    }
    /* Import libraries differ in which of Windows' libraries they name for it. */
    BOOL(WINAPI * create)
    (HANDLE, const wchar_t *, wchar_t *, SECURITY_ATTRIBUTES *, SECURITY_ATTRIBUTES *, BOOL, DWORD, void *,
     const wchar_t *, STARTUPINFOW *, PROCESS_INFORMATION *);
    create = (void *)GetProcAddress(GetModuleHandleW(L"kernelbase.dll"), "CreateProcessAsUserW");
    bool started = create && create(token, NULL, request->command, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL,
                                    startup, process);
    DWORD error = GetLastError();
    CloseHandle(token);
    if (!started) {
        *failure = explain(explain_directory(request->command, error));
        return false;
    }
    if (!process->hProcess) {
        *failure = explain(ERROR_BAD_EXE_FORMAT);
        return false;
    }
    environment_clean(process->hProcess);
    ResumeThread(process->hThread);
    return true;
}

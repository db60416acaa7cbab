/*
 * Asks the container's programs to end, as Windows does when it shuts down: a console program gets a console event, a
 * program with windows the messages of a session's end and WM_CLOSE.
 *
 * Source: "HandlerRoutine callback function" (what ends a process, and that programs with windows get no
 * CTRL_SHUTDOWN), "WM_QUERYENDSESSION message", "Shutting Down".
 */
#include "base.h"

#define USER32(type, name) ((type)(void *)GetProcAddress(GetModuleHandleW(L"user32.dll"), name))
#define SESSION_ENDS ((LPARAM)0)

#define LIST_IS_LONGER ((NTSTATUS)0xc0000004)

enum { MOST_WINDOWS = 1024, ANSWER_MS = 2000, CTRL_LOGOFF = 5, CTRL_SHUTDOWN = 6, PROCESS_IMAGE_INFORMATION = 37 };

/* What ProcessImageInformation gives; mingw's headers do not have it. */
struct image_information {
    void *entry;
    ULONG zero_bits;
    SIZE_T stack_reserve, stack_commit;
    ULONG subsystem;
    USHORT versions[4];
    ULONG rest[5];
};

/*
 * What runs in the program: Wine's routine for console events, which calls the program's handlers. Where none of them
 * takes event 2 or above, Wine's own ends the process with 0: kernelbase's way out leads through `hook`, which makes of
 * it, in this thread alone, the status that Windows gives. And as on Windows, the process ends as well when a handler
 * has taken such an event.
 */
struct addresses {
    uint64_t routine, exit_process, thread;
};
extern const unsigned char stub_begin[], stub_hook[], stub_addresses[], stub_end[];
__asm__("stub_begin:\n"
        "    push %rbx\n"
        "    sub $32, %rsp\n"
        "    mov %ecx, %ebx\n"
        "    mov %gs:0x48, %rax\n" /* TEB: the thread's id */
        "    mov %rax, stub_addresses+16(%rip)\n"
        "    call *stub_addresses(%rip)\n"
        "    cmp $2, %ebx\n"
        "    jb 1f\n"
        "    mov $0xc000013a, %ecx\n"
        "    call *stub_addresses+8(%rip)\n"
        "1:  add $32, %rsp\n"
        "    pop %rbx\n"
        "    ret\n"
        "stub_hook:\n"
        "    mov %gs:0x48, %rax\n"
        "    cmp %rax, stub_addresses+16(%rip)\n"
        "    jne 1f\n"
        "    mov $0xc000013a, %ecx\n"
        "1:  jmp *stub_addresses+8(%rip)\n"
        "    .balign 8\n"
        "stub_addresses: .quad 0, 0, 0\n"
        "stub_end:\n");

/* Where kernelbase keeps the address of ntdll's RtlExitUserProcess; it is at the same place in every process. */
static ULONG_PTR *exit_import(char *module)
{
    IMAGE_NT_HEADERS *headers = (void *)(module + ((IMAGE_DOS_HEADER *)module)->e_lfanew);
    DWORD imports = headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress;
    if (!imports)
        return NULL;
    for (IMAGE_IMPORT_DESCRIPTOR *each = (void *)(module + imports); each->Name; each++) {
        IMAGE_THUNK_DATA *name = (void *)(module + each->OriginalFirstThunk), *slot = (void *)(module + each->FirstThunk);
        for (; name->u1.AddressOfData; name++, slot++) {
            const char *text = (char *)((IMAGE_IMPORT_BY_NAME *)(module + name->u1.AddressOfData))->Name;
            if (!IMAGE_SNAP_BY_ORDINAL(name->u1.Ordinal) && text_starts(text, "RtlExitUserProcess"))
                return (void *)&slot->u1.Function;
        }
    }
    return NULL;
}

static bool poke(HANDLE process, void *at, const void *data, size_t size)
{
    SIZE_T written;
    DWORD before;
    VirtualProtectEx(process, at, size, PAGE_READWRITE, &before);
    bool done = WriteProcessMemory(process, at, data, size, &written) && written == size;
    VirtualProtectEx(process, at, size, before, &before);
    return done;
}

/* Return the routine to run in the process: ours around Wine's, or Wine's alone where that is not to be had. */
static void *put_stub(HANDLE process)
{
    char *kernelbase = (char *)GetModuleHandleW(L"kernelbase.dll");
    struct addresses addresses = {.routine = (uintptr_t)GetProcAddress((HMODULE)kernelbase, "CtrlRoutine")};
    void *plain = (void *)addresses.routine;
    ULONG_PTR *slot = exit_import(kernelbase);
    SIZE_T got, size = (SIZE_T)(stub_end - stub_begin);
    if (!slot || !ReadProcessMemory(process, slot, &addresses.exit_process, sizeof addresses.exit_process, &got))
        return plain;
    char *stub = VirtualAllocEx(process, NULL, size, MEM_COMMIT | MEM_RESERVE, PAGE_EXECUTE_READWRITE);
    if (!stub)
        return plain;
    uint64_t hook = (uintptr_t)(stub + (stub_hook - stub_begin));
    if (!WriteProcessMemory(process, stub, stub_begin, size, &got) ||
        !WriteProcessMemory(process, stub + (stub_addresses - stub_begin), &addresses, sizeof addresses, &got) ||
        !poke(process, slot, &hook, sizeof hook))
        return plain;
    return stub;
}

static void send_event(DWORD pid, unsigned event)
{
    HANDLE process = OpenProcess(PROCESS_ALL_ACCESS, FALSE, pid);
    if (!process)
        return;
    bool is_32_bit;
    void *routine = find_routine_of_32_bits(process, &is_32_bit);
    if (!is_32_bit)
        routine = put_stub(process);
    HANDLE thread = routine ? CreateRemoteThread(process, NULL, 0, (LPTHREAD_START_ROUTINE)routine,
                                                 (void *)(uintptr_t)event, 0, NULL)
                            : NULL;
    if (thread)
        CloseHandle(thread);
    CloseHandle(process);
}

static bool is_called(const UNICODE_STRING *name, const wchar_t *wanted)
{
    return name->Length == wide_length(wanted) * sizeof(wchar_t) &&
           wide_equal(name->Buffer, wanted, name->Length / sizeof(wchar_t));
}

static bool is_wines_own(const UNICODE_STRING *name)
{
    static const wchar_t *const own[] = {L"conhost.exe",  L"services.exe", L"winedevice.exe", L"plugplay.exe",
                                         L"explorer.exe", L"rpcss.exe",    L"svchost.exe",    L"transom-init.exe"};
    for (unsigned i = 0; i < sizeof own / sizeof *own; i++)
        if (is_called(name, own[i]))
            return true;
    return false;
}

struct window {
    HWND handle;
    DWORD pid;
    bool visible;
};

struct windows {
    unsigned count;
    struct window each[MOST_WINDOWS];
};

static BOOL CALLBACK note_window(HWND handle, LPARAM argument)
{
    struct windows *windows = (void *)argument;
    struct window *window = &windows->each[windows->count];
    if (USER32(HWND(WINAPI *)(HWND, UINT), "GetWindow")(handle, GW_OWNER))
        return TRUE;
    window->handle = handle;
    window->visible = USER32(BOOL(WINAPI *)(HWND), "IsWindowVisible")(handle);
    USER32(DWORD(WINAPI *)(HWND, DWORD *), "GetWindowThreadProcessId")(handle, &window->pid);
    return ++windows->count < MOST_WINDOWS;
}

static bool has_graphical_subsystem(DWORD pid)
{
    struct image_information image = {0};
    HANDLE process = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, pid);
    if (!process)
        return false;
    NTSTATUS status =
        NtQueryInformationProcess(process, (PROCESSINFOCLASS)PROCESS_IMAGE_INFORMATION, &image, sizeof image, NULL);
    CloseHandle(process);
    return !status && image.subsystem == IMAGE_SUBSYSTEM_WINDOWS_GUI;
}

/* Close the windows of a process; false if it has none that make it a program with windows. */
static bool close_windows(const struct windows *windows, DWORD pid, unsigned event)
{
    bool any = false, visible = false;
    for (unsigned i = 0; i < windows->count; i++)
        if (windows->each[i].pid == pid) {
            any = true;
            visible |= windows->each[i].visible;
        }
    if (!visible && !(any && has_graphical_subsystem(pid)))
        return false;
    for (unsigned i = 0; i < windows->count; i++) {
        HWND window = windows->each[i].handle;
        DWORD_PTR answer;
        if (windows->each[i].pid != pid)
            continue;
        if (event >= CTRL_LOGOFF) {
            USER32(LRESULT(WINAPI *)(HWND, UINT, WPARAM, LPARAM, UINT, UINT, DWORD_PTR *), "SendMessageTimeoutW")
            (window, WM_QUERYENDSESSION, 0, SESSION_ENDS, SMTO_ABORTIFHUNG, ANSWER_MS, &answer);
            USER32(BOOL(WINAPI *)(HWND, UINT, WPARAM, LPARAM), "SendNotifyMessageW")
            (window, WM_ENDSESSION, TRUE, SESSION_ENDS);
        }
        if (windows->each[i].visible || !visible)
            USER32(BOOL(WINAPI *)(HWND, UINT, WPARAM, LPARAM), "PostMessageW")(window, WM_CLOSE, 0, 0);
    }
    return true;
}

static SYSTEM_PROCESS_INFORMATION *next_process(SYSTEM_PROCESS_INFORMATION *each)
{
    return each->NextEntryOffset ? (void *)((char *)each + each->NextEntryOffset) : NULL;
}

static SYSTEM_PROCESS_INFORMATION *list_processes(void)
{
    for (ULONG size = 1 << 16;; size *= 2) {
        void *list = take(size);
        NTSTATUS status = NtQuerySystemInformation(SystemProcessInformation, list, size, NULL);
        if (!status)
            return list;
        HeapFree(GetProcessHeap(), 0, list);
        if (status != LIST_IS_LONGER)
            return NULL;
    }
}

/*
 * Whether a program has made a window; from then on user32 is loaded here, too. Before, asking for windows would make a
 * desktop, with a process of its own. The atom is that of Wine's desktop.
 */
static bool desktop_is_there(void)
{
    return GetModuleHandleW(L"user32.dll") ||
           (GlobalFindAtomW(L"__wine_display_device_guid") && LoadLibraryW(L"user32.dll"));
}

static DWORD WINAPI stop(void *event)
{
    struct windows *windows = take(sizeof *windows);
    SYSTEM_PROCESS_INFORMATION *list = list_processes();
    if (!list)
        return 1;
    if (desktop_is_there())
        USER32(BOOL(WINAPI *)(WNDENUMPROC, LPARAM), "EnumWindows")(note_window, (LPARAM)windows);
    for (SYSTEM_PROCESS_INFORMATION *each = list; each; each = next_process(each)) {
        DWORD pid = (DWORD)(uintptr_t)each->UniqueProcessId;
        if (pid == GetCurrentProcessId() || !each->ImageName.Buffer || is_wines_own(&each->ImageName) ||
            services_own(list, each->UniqueProcessId))
            continue;
        if (!close_windows(windows, pid, (unsigned)(uintptr_t)event))
            send_event(pid, (unsigned)(uintptr_t)event);
    }
    HeapFree(GetProcessHeap(), 0, list);
    HeapFree(GetProcessHeap(), 0, windows);
    if ((unsigned)(uintptr_t)event == CTRL_SHUTDOWN)
        services_stop();
    return 0;
}

/* In a thread of its own: a program may take its time to answer a message, and the registry may be asked for meanwhile. */
void stop_programs(unsigned event)
{
    HANDLE thread = CreateThread(NULL, 64 << 10, stop, (void *)(uintptr_t)event, 0, NULL);
    if (thread)
        CloseHandle(thread);
}

/* Whether nothing runs any more but this process and its console. */
bool is_last_program(void)
{
    bool last = true;
    SYSTEM_PROCESS_INFORMATION *list = list_processes();
    for (SYSTEM_PROCESS_INFORMATION *each = list; each; each = next_process(each))
        if ((DWORD)(uintptr_t)each->UniqueProcessId != GetCurrentProcessId() && each->ImageName.Buffer &&
            !is_called(&each->ImageName, L"conhost.exe"))
            last = false;
    if (list)
        HeapFree(GetProcessHeap(), 0, list);
    return list && last;
}

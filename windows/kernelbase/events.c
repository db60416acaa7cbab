/*
 * Events that one program sends to those of its console. Wine sends Linux signals, of which the one for Ctrl-Break ends
 * a thread of the program in place of telling it; and it knows no event for the whole console.
 *
 * A program of 32 bits gets none from here: its routine for events is elsewhere.
 *
 * Source: Microsoft, GenerateConsoleCtrlEvent; winternl.h (offsets in PEB and process parameters are ABI).
 */
#include "graft.h"

enum {
    DEAF_TO_CTRL_C = 1,
    GROUP_OF_PARAMETERS = 0x408,
    MOST_PROGRAMS = 256,
    RIGHTS = PROCESS_CREATE_THREAD | PROCESS_QUERY_INFORMATION | PROCESS_VM_OPERATION | PROCESS_VM_READ |
             PROCESS_VM_WRITE,
};

__declspec(dllimport) DWORD WINAPI CtrlRoutine(void *);

/*
 * What runs in a program that gets an event, in a thread of its own. One that leads a group of programs does not hear
 * of Ctrl-C; Wine's routine takes that for every event.
 */
HOOK DWORD WINAPI hook_CtrlRoutine(void *event)
{
    volatile LONG *flags = (LONG *)(parameters_of_process() + FLAGS_OF_PARAMETERS);
    LONG deaf = (ULONG_PTR)event != CTRL_C_EVENT ? *flags & DEAF_TO_CTRL_C : 0;
    InterlockedAnd(flags, ~deaf);
    DWORD result = CtrlRoutine(event);
    InterlockedOr(flags, deaf);
    return result;
}

static ULONG group_of(HANDLE process)
{
    PROCESS_BASIC_INFORMATION basic;
    char *parameters;
    ULONG group;
    SIZE_T got;
    if (NtQueryInformationProcess(process, ProcessBasicInformation, &basic, sizeof basic, NULL) ||
        !ReadProcessMemory(process, (char *)basic.PebBaseAddress + PARAMETERS_OF_PEB, &parameters, sizeof parameters,
                           &got) ||
        !ReadProcessMemory(process, parameters + GROUP_OF_PARAMETERS, &group, sizeof group, &got))
        return 0;
    return group;
}

static void tell(DWORD id, DWORD event, ULONG group)
{
    BOOL is_32_bit = FALSE;
    HANDLE process = OpenProcess(RIGHTS, FALSE, id);
    if (!process)
        return;
    if (IsWow64Process(process, &is_32_bit) && !is_32_bit && (!group || group_of(process) == group)) {
        /* Wine's libraries are at the same place in every process. */
        HANDLE thread = CreateRemoteThread(process, NULL, 0, hook_CtrlRoutine, (void *)(ULONG_PTR)event, 0, NULL);
        if (thread)
            NtClose(thread);
    }
    NtClose(process);
}

/* To a group alone Windows delivers no Ctrl-C; those who lead one do not listen to it, so Wine's way does as well. */
HOOK BOOL WINAPI hook_GenerateConsoleCtrlEvent(DWORD event, DWORD group)
{
    DWORD programs[MOST_PROGRAMS];
    if (event > CTRL_BREAK_EVENT || (event == CTRL_C_EVENT && group))
        return GenerateConsoleCtrlEvent(event, group);
    DWORD count = GetConsoleProcessList(programs, MOST_PROGRAMS);
    if (!count)
        return FALSE; /* it has no console */
    for (DWORD i = 0; i < count && i < MOST_PROGRAMS; i++)
        tell(programs[i], event, group);
    return TRUE;
}

/* The groups of processors that a process runs on: there is one, as on Windows with no more than 64 processors. */
#include "graft.h"

HOOK BOOL WINAPI hook_GetProcessGroupAffinity(HANDLE process, USHORT *count, USHORT *groups)
{
    PROCESS_BASIC_INFORMATION basic;
    if (!count)
        return fail(STATUS_INVALID_PARAMETER);
    NTSTATUS status = NtQueryInformationProcess(process, ProcessBasicInformation, &basic, sizeof basic, NULL);
    if (status)
        return fail(status);
    USHORT room = *count;
    *count = 1;
    if (!room || !groups)
        return fail(STATUS_BUFFER_TOO_SMALL);
    groups[0] = 0;
    return TRUE;
}

/*
 * The status of a program that a console event has ended, since it has no handler that takes the event: Wine's own
 * handler, which is in kernelbase and alone there in ending the process, says that all went well.
 *
 * Source: Microsoft, HandlerRoutine (default handlers call ExitProcess); ntstatus.h, STATUS_CONTROL_C_EXIT.
 */
#include "graft.h"

__declspec(dllimport) void NTAPI RtlExitUserProcess(ULONG);
__declspec(dllimport) void *NTAPI RtlPcToFileHeader(void *, void **);

static bool is_kernelbase(const char *module)
{
    static const char name[] = "kernelbase.dll";
    ULONG size;
    const IMAGE_EXPORT_DIRECTORY *exports =
        module ? RtlImageDirectoryEntryToData((void *)module, TRUE, IMAGE_DIRECTORY_ENTRY_EXPORT, &size) : NULL;
    for (size_t i = 0; exports && i < sizeof name; i++)
        if ((module[exports->Name + i] | (name[i] ? 0x20 : 0)) != name[i])
            return false;
    return exports != NULL;
}

HOOK void NTAPI hook_RtlExitUserProcess(ULONG status)
{
    void *module;
    if (!status && is_kernelbase(RtlPcToFileHeader(__builtin_return_address(0), &module)))
        status = (ULONG)STATUS_CONTROL_C_EXIT;
    RtlExitUserProcess(status);
}

/* powershell, pwsh: where none is installed, say so. */
#include "tool.h"

int powershell(int count, wchar_t **arguments)
{
    (void)count, (void)arguments;
    complain(L"PowerShell is not part of this Windows base: use cmd, or bring PowerShell's own files in the image (its "
             L"zip archive, on PATH before C:\\Windows\\System32).\r\n");
    return 1;
}

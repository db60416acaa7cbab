/* Wine's CreateSymbolicLinkA says that it made a link. */
#include "graft.h"

HOOK BOOLEAN WINAPI hook_CreateSymbolicLinkA(const char *link, const char *target, DWORD flags)
{
    wchar_t wide[2][MAX_PATH];
    UINT page = AreFileApisANSI() ? CP_ACP : CP_OEMCP;
    if (!MultiByteToWideChar(page, 0, link, -1, wide[0], MAX_PATH) ||
        !MultiByteToWideChar(page, 0, target, -1, wide[1], MAX_PATH)) {
        SetLastError(ERROR_FILENAME_EXCED_RANGE);
        return FALSE;
    }
    return CreateSymbolicLinkW(wide[0], wide[1], flags);
}

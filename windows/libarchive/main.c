/* tar's arguments in UTF-8, and names in zip archives: else they are in the code page of DOS, which has few of them. */
#include <stdlib.h>
#include <windows.h>

int bsdtar_main(int argc, char **argv);

int wmain(int argc, wchar_t **argv)
{
    if (!GetEnvironmentVariableW(L"TAR_WRITER_OPTIONS", NULL, 0))
        _wputenv(L"TAR_WRITER_OPTIONS=__ignore_wrong_module_name__,zip:hdrcharset=UTF-8");
    char **made = calloc((size_t)argc + 1, sizeof *made);
    for (int i = 0; made && i < argc; i++) {
        int size = WideCharToMultiByte(CP_UTF8, 0, argv[i], -1, NULL, 0, NULL, NULL);
        made[i] = malloc((size_t)size);
        if (!made[i])
            return 1;
        WideCharToMultiByte(CP_UTF8, 0, argv[i], -1, made[i], size, NULL, NULL);
    }
    return made ? bsdtar_main(argc, made) : 1;
}

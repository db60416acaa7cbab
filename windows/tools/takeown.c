/* takeown: all files of a container belong to whoever asks, so that all there is to do is to look whether they are. */
#include "account.h"

static int said(const wchar_t *path)
{
    if (!is_there(path)) {
        complain(L"ERROR: %s\r\n", reason(GetLastError()));
        return 1;
    }
    say(L"\r\nSUCCESS: The file (or folder): \"%s\" now owned by user \"%s\".\r\n", full_path(path),
        own_account());
    return 0;
}

int takeown(int count, wchar_t **arguments)
{
    int code = 0;
    bool given = false;
    for (int i = 0; i < count; i++) {
        if (same(arguments[i], L"/F") && i + 1 < count) {
            given = true;
            code |= said(arguments[++i]);
        } else if (same(arguments[i], L"/D") && i + 1 < count) {
            i++;
        } else if (!same(arguments[i], L"/R") && !same(arguments[i], L"/A") && !same(arguments[i], L"/SKIPSL")) {
            complain(L"ERROR: Invalid argument/option - '%s'.\r\nType \"TAKEOWN /?\" for usage.\r\n", arguments[i]);
            return 1;
        }
    }
    if (!given) {
        complain(L"ERROR: Invalid syntax. Value expected for '/F'.\r\nType \"TAKEOWN /?\" for usage.\r\n");
        return 1;
    }
    return code;
}

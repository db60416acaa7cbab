/* certutil -urlcache -f URL FILE: what lies behind an address, into a file. */
#include "certutil.h"

#include <winhttp.h>

enum { PIECE = 65536, ROOM = 8192 };

static const wchar_t http[] = L"winhttp.dll";

static unsigned http_error(unsigned error)
{
    return 0x80070000 | error;
}

static HINTERNET ask(const wchar_t *address, unsigned *status)
{
    HINTERNET(WINAPI * open)(LPCWSTR, DWORD, LPCWSTR, LPCWSTR, DWORD) = from(http, "WinHttpOpen");
    HINTERNET(WINAPI * connect)(HINTERNET, LPCWSTR, INTERNET_PORT, DWORD) = from(http, "WinHttpConnect");
    HINTERNET(WINAPI * request)
    (HINTERNET, LPCWSTR, LPCWSTR, LPCWSTR, LPCWSTR, LPCWSTR *, DWORD) = from(http, "WinHttpOpenRequest");
    BOOL(WINAPI * send)(HINTERNET, LPCWSTR, DWORD, LPVOID, DWORD, DWORD, DWORD_PTR) = from(http, "WinHttpSendRequest");
    BOOL(WINAPI * receive)(HINTERNET, LPVOID) = from(http, "WinHttpReceiveResponse");
    BOOL(WINAPI * crack)(LPCWSTR, DWORD, DWORD, URL_COMPONENTS *) = from(http, "WinHttpCrackUrl");
    BOOL(WINAPI * headers)(HINTERNET, DWORD, LPCWSTR, LPVOID, DWORD *, DWORD *) = from(http, "WinHttpQueryHeaders");
    wchar_t *host = take(ROOM * sizeof *host), *path = take(ROOM * sizeof *path), *extra = take(ROOM * sizeof *extra);
    URL_COMPONENTS parts = {.dwStructSize = sizeof parts,      .lpszHostName = host,     .dwHostNameLength = ROOM,
                            .lpszUrlPath = path,               .dwUrlPathLength = ROOM,  .lpszExtraInfo = extra,
                            .dwExtraInfoLength = ROOM};
    DWORD code = 0, size = sizeof code;
    if (!crack(address, 0, 0, &parts))
        return *status = http_error(GetLastError()), NULL;
    HINTERNET session = open(L"Microsoft-CryptoAPI/10.0", WINHTTP_ACCESS_TYPE_DEFAULT_PROXY, NULL, NULL, 0);
    HINTERNET server = session ? connect(session, host, parts.nPort, 0) : NULL;
    HINTERNET made = server ? request(server, L"GET", format(L"%s%s", *path ? path : L"/", extra), NULL, NULL, NULL,
                                      parts.nScheme == INTERNET_SCHEME_HTTPS ? WINHTTP_FLAG_SECURE : 0)
                            : NULL;
    if (!made || !send(made, NULL, 0, NULL, 0, 0, 0) || !receive(made, NULL) ||
        !headers(made, WINHTTP_QUERY_STATUS_CODE | WINHTTP_QUERY_FLAG_NUMBER, NULL, &code, &size, NULL))
        return *status = http_error(GetLastError()), NULL;
    *status = code < 300 ? 0 : 0x80190000 | code; /* HTTP_E_STATUS_… */
    return *status ? NULL : made;
}

static unsigned save(HINTERNET answer, const wchar_t *path, uint64_t *size)
{
    BOOL(WINAPI * read)(HINTERNET, LPVOID, DWORD, DWORD *) = from(http, "WinHttpReadData");
    char *piece = take(PIECE);
    DWORD got, written;
    HANDLE file = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return http_error(GetLastError());
    for (;;) {
        if (!read(answer, piece, PIECE, &got))
            break;
        if (!got)
            return CloseHandle(file), 0;
        if (!WriteFile(file, piece, got, &written, NULL))
            break;
        *size += got;
    }
    unsigned error = GetLastError();
    CloseHandle(file);
    DeleteFileW(path); /* a part of it would be taken for all */
    return http_error(error);
}

int cert_fetch(const struct certutil *how, int count, wchar_t **arguments)
{
    unsigned status;
    uint64_t size = 0;
    if (count == 2 && same(arguments[1], L"delete"))
        return cert_done(L"URLCache"); /* nothing is cached here */
    if (!how->force || !count || count > 2)
        return cert_failed(L"URLCache", 0x80070057);
    const wchar_t *path = count > 1 ? arguments[1] : base_name(arguments[0]);
    if (!*path)
        return cert_failed(L"URLCache", 0x80070057);
    HINTERNET answer = ask(arguments[0], &status);
    if (answer)
        status = save(answer, path, &size);
    if (status)
        return cert_failed(L"URLCache", status);
    say(L"****  Online  ****\r\n  000000  ...\r\n  %06I64x\r\n", size);
    return cert_done(L"URLCache");
}

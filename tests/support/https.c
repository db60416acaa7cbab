/*
 * HTTPS as Windows programs do it, and the root store.
 *
 *   https get NAME PORT       the status of https://NAME:PORT/ through WinHTTP, or `error N`
 *   https trust FILE          puts the certificate of FILE (DER) into the machine's root store
 *   https count               how many certificates that store has
 */
#include <windows.h>
#include <wincrypt.h>
#include <winhttp.h>
#include <stdio.h>

static int get(const wchar_t *name, const wchar_t *port)
{
    DWORD status = 0, size = sizeof status;
    HINTERNET session = WinHttpOpen(L"test", WINHTTP_ACCESS_TYPE_NO_PROXY, NULL, NULL, 0);
    HINTERNET connection = WinHttpConnect(session, name, (INTERNET_PORT)_wtoi(port), 0);
    HINTERNET request = WinHttpOpenRequest(connection, L"GET", L"/", NULL, NULL, NULL, WINHTTP_FLAG_SECURE);
    if (!WinHttpSendRequest(request, NULL, 0, NULL, 0, 0, 0) || !WinHttpReceiveResponse(request, NULL)) {
        printf("error %lu\n", GetLastError());
        return 1;
    }
    WinHttpQueryHeaders(request, WINHTTP_QUERY_STATUS_CODE | WINHTTP_QUERY_FLAG_NUMBER, NULL, &status, &size, NULL);
    printf("status %lu\n", status);
    return 0;
}

static HCERTSTORE roots(void)
{
    return CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_LOCAL_MACHINE, L"Root");
}

static int trust(const wchar_t *path)
{
    BYTE data[16384];
    DWORD size = 0;
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    ReadFile(file, data, sizeof data, &size, NULL);
    HCERTSTORE store = roots();
    BOOL done =
        CertAddEncodedCertificateToStore(store, X509_ASN_ENCODING, data, size, CERT_STORE_ADD_REPLACE_EXISTING, NULL);
    return done && CertCloseStore(store, 0) ? 0 : (int)GetLastError();
}

static int count_roots(void)
{
    unsigned count = 0;
    HCERTSTORE store = roots();
    for (const CERT_CONTEXT *each = NULL; (each = CertEnumCertificatesInStore(store, each));)
        count++;
    printf("roots %u\n", count);
    return 0;
}

int main(int count, char **arguments)
{
    wchar_t words[2][MAX_PATH] = {0};
    const char *what = count > 1 ? arguments[1] : "";
    for (int i = 2; i < count && i < 4; i++)
        MultiByteToWideChar(CP_UTF8, 0, arguments[i], -1, words[i - 2], MAX_PATH);
    if (count == 4 && !strcmp(what, "get"))
        return get(words[0], words[1]);
    if (count == 3 && !strcmp(what, "trust"))
        return trust(words[0]);
    return count == 2 && !strcmp(what, "count") ? count_roots() : 64;
}

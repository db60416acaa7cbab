/* certutil: hashes of files, base64, certificates in stores, downloads. */
#include "certutil.h"

#include <bcrypt.h>

enum { PIECE = 65536, LINE = 64 };

int cert_failed(const wchar_t *verb, unsigned status)
{
    unsigned error = status < 0x10000 || (status & 0xFFFF0000) == 0x80070000 ? status & 0xFFFF : 0;
    unsigned code = error ? 0x80070000u | error : status;
    say(error ? L"CertUtil: -%s command FAILED: 0x%08x (WIN32: %u)\r\n" : L"CertUtil: -%s command FAILED: 0x%08x (%u)\r\n",
        verb, code, error ? error : code);
    if ((code & 0xFFFF0000) == 0x80190000)
        say(L"CertUtil: The server answered with status %u.\r\n", code & 0xFFFF);
    else
        say(L"CertUtil: %s\r\n", reason(error ? error : code));
    return (int)code;
}

static int failed(const wchar_t *verb, unsigned error)
{
    return cert_failed(verb, error ? error : ERROR_INVALID_PARAMETER);
}

int cert_done(const wchar_t *verb)
{
    say(L"CertUtil: -%s command completed successfully.\r\n", verb);
    return 0;
}

static int bad_arguments(const wchar_t *verb)
{
    say(L"CertUtil: -%s: expected other arguments\r\nUsage:\r\n  CertUtil -hashfile InFile [HashAlgorithm]\r\n  CertUtil "
        L"[-f] -encode InFile OutFile\r\n  CertUtil [-f] -decode InFile OutFile\r\n", verb);
    return (int)0x80070057u;
}

static unsigned hash(const wchar_t *path, const wchar_t *algorithm, unsigned char *digest, DWORD *size)
{
    HMODULE library = LoadLibraryW(L"bcrypt.dll");
    NTSTATUS(WINAPI * open)(BCRYPT_ALG_HANDLE *, const wchar_t *, const wchar_t *, ULONG);
    NTSTATUS(WINAPI * create)(BCRYPT_ALG_HANDLE, BCRYPT_HASH_HANDLE *, UCHAR *, ULONG, UCHAR *, ULONG, ULONG);
    NTSTATUS(WINAPI * add)(BCRYPT_HASH_HANDLE, UCHAR *, ULONG, ULONG);
    NTSTATUS(WINAPI * finish)(BCRYPT_HASH_HANDLE, UCHAR *, ULONG, ULONG);
    NTSTATUS(WINAPI * ask)(BCRYPT_HANDLE, const wchar_t *, UCHAR *, ULONG, ULONG *, ULONG);
    BCRYPT_ALG_HANDLE provider;
    BCRYPT_HASH_HANDLE running;
    struct source source;
    ULONG got;
    open = (void *)GetProcAddress(library, "BCryptOpenAlgorithmProvider");
    create = (void *)GetProcAddress(library, "BCryptCreateHash");
    add = (void *)GetProcAddress(library, "BCryptHashData");
    finish = (void *)GetProcAddress(library, "BCryptFinishHash");
    ask = (void *)GetProcAddress(library, "BCryptGetProperty");
    if (open(&provider, algorithm, NULL, 0) || create(provider, &running, NULL, 0, NULL, 0, 0) ||
        ask(provider, BCRYPT_HASH_LENGTH, (UCHAR *)size, sizeof *size, &got, 0))
        return ERROR_INVALID_PARAMETER;
    if (is_directory(path) || !open_source(&source, path))
        return is_directory(path) ? ERROR_ACCESS_DENIED : source.error;
    unsigned char *piece = take(PIECE);
    while ((got = (ULONG)read_source(&source, piece, PIECE)))
        add(running, piece, got, 0);
    close_source(&source);
    finish(running, digest, *size, 0);
    return source.error;
}

static int hash_file(int count, wchar_t **arguments)
{
    static const wchar_t *const known[] = {L"MD2", L"MD4", L"MD5", L"SHA1", L"SHA256", L"SHA384", L"SHA512"};
    unsigned char digest[128];
    DWORD size = 0;
    if (count < 1 || count > 2)
        return bad_arguments(L"hashfile");
    const wchar_t *algorithm = NULL, *asked = count > 1 ? arguments[1] : L"SHA1";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (same(known[i], asked))
            algorithm = known[i];
    if (!algorithm)
        return failed(L"hashfile", ERROR_INVALID_PARAMETER);
    unsigned error = hash(arguments[0], algorithm, digest, &size);
    if (error)
        return failed(L"hashfile", error);
    say(L"%s hash of %s:\r\n", algorithm, arguments[0]);
    for (DWORD i = 0; i < size; i++)
        say(L"%02x", digest[i]);
    say(L"\r\n");
    return cert_done(L"hashfile");
}

unsigned read_all(const wchar_t *path, unsigned char **data, size_t *size)
{
    struct source source;
    size_t got, room = 0;
    *data = NULL;
    *size = 0;
    if (!open_source(&source, path))
        return source.error;
    do {
        if (room - *size < PIECE)
            *data = more(*data, room = room * 2 + 2 * PIECE);
        *size += got = read_source(&source, *data + *size, PIECE);
    } while (got);
    close_source(&source);
    return source.error;
}

unsigned write_new(const wchar_t *path, bool overwrite, const void *data, size_t size)
{
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, overwrite ? CREATE_ALWAYS : CREATE_NEW, 0, NULL);
    const char *from = data;
    DWORD written = 0;
    if (file == INVALID_HANDLE_VALUE)
        return GetLastError();
    for (; size; size -= written, from += written)
        if (!WriteFile(file, from, size > 1 << 20 ? 1 << 20 : (DWORD)size, &written, NULL))
            return GetLastError();
    CloseHandle(file);
    return 0;
}

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static char *encode(const unsigned char *data, size_t size, size_t *made)
{
    static const char head[] = "-----BEGIN CERTIFICATE-----\r\n", tail[] = "-----END CERTIFICATE-----\r\n";
    char *text = take(sizeof head + sizeof tail + (size + 2) / 3 * 4 + (size / (LINE * 3 / 4) + 1) * 2), *to = text;
    memcpy(to, head, sizeof head - 1);
    to += sizeof head - 1;
    for (size_t at = 0; at < size; at += 3) {
        size_t left = size - at;
        unsigned bits = (unsigned)data[at] << 16 | (left > 1 ? (unsigned)data[at + 1] << 8 : 0) |
                        (left > 2 ? data[at + 2] : 0);
        *to++ = letters[bits >> 18];
        *to++ = letters[bits >> 12 & 63];
        *to++ = left > 1 ? letters[bits >> 6 & 63] : '=';
        *to++ = left > 2 ? letters[bits & 63] : '=';
        if ((at + 3) % (LINE * 3 / 4) == 0 || left <= 3) {
            *to++ = '\r';
            *to++ = '\n';
        }
    }
    memcpy(to, tail, sizeof tail - 1);
    *made = (size_t)(to - text) + sizeof tail - 1;
    return text;
}

static int value_of(char c)
{
    for (int i = 0; i < 64; i++)
        if (letters[i] == c)
            return i;
    return -1;
}

/* NULL where the text is no base64. A first line that begins with dashes and what follows the last one are left out. */
unsigned char *decode_base64(const unsigned char *text, size_t size, size_t *made)
{
    unsigned char *data = take(size + 4), *to = data;
    unsigned bits = 0;
    int have = 0, padding = 0;
    size_t at = 0;
    if (size && text[0] == '-')
        while (at < size && text[at] != '\n')
            at++;
    for (; at < size && text[at] != '-'; at++) {
        if (text[at] == '\r' || text[at] == '\n' || text[at] == ' ' || text[at] == '\t')
            continue;
        int value = text[at] == '=' ? 0 : value_of((char)text[at]);
        if (value < 0 || (padding && text[at] != '='))
            return NULL;
        padding += text[at] == '=';
        bits = bits << 6 | (unsigned)value;
        if (++have == 4) {
            *to++ = (unsigned char)(bits >> 16);
            *to++ = (unsigned char)(bits >> 8);
            *to++ = (unsigned char)bits;
            have = 0;
        }
    }
    if (have || padding > 2)
        return NULL;
    *made = (size_t)(to - data) - (size_t)padding;
    return data;
}

static int convert(bool encoding, bool overwrite, int count, wchar_t **arguments)
{
    const wchar_t *verb = encoding ? L"encode" : L"decode";
    unsigned char *data;
    size_t size, made;
    if (count != 2)
        return bad_arguments(verb);
    unsigned error = read_all(arguments[0], &data, &size);
    if (error)
        return failed(verb, error);
    void *result = encoding ? (void *)encode(data, size, &made) : (void *)decode_base64(data, size, &made);
    if (!result)
        return failed(verb, ERROR_INVALID_DATA);
    error = write_new(arguments[1], overwrite, result, made);
    if (error)
        return failed(verb, error);
    say(L"Input Length = %I64u\r\nOutput Length = %I64u\r\n", (uint64_t)size, (uint64_t)made);
    return cert_done(verb);
}

int certutil(int count, wchar_t **arguments)
{
    struct certutil how = {0};
    const wchar_t *verb = NULL;
    int left = 0;
    for (int i = 0; i < count; i++) {
        wchar_t *each = arguments[i];
        if (is_option(each, L"f"))
            how.force = true;
        else if (is_option(each, L"user"))
            how.user = true;
        else if (!is_option(each, L"split") && !is_option(each, L"enterprise") && !is_option(each, L"gmt")) {
            if (!verb && (*each == L'-' || *each == L'/'))
                verb = each + 1;
            else
                arguments[left++] = each;
        }
    }
    verb = verb ? verb : L"dump";
    if (same(verb, L"hashfile"))
        return hash_file(left, arguments);
    if (same(verb, L"encode") || same(verb, L"decode"))
        return convert(same(verb, L"encode"), how.force, left, arguments);
    if (same(verb, L"addstore"))
        return cert_add(&how, left, arguments);
    if (same(verb, L"delstore"))
        return cert_delete(&how, left, arguments);
    if (same(verb, L"store"))
        return cert_show(&how, left, arguments);
    if (same(verb, L"urlcache"))
        return cert_fetch(&how, left, arguments);
    complain(L"CertUtil: -%s is not supported here; there are -hashfile, -encode, -decode, -addstore, -delstore, -store "
             L"and -urlcache -f.\r\n", verb);
    return (int)0x80070032u; /* ERROR_NOT_SUPPORTED */
}

/* certutil -addstore, -delstore, -store: certificates in the stores of the machine and of the user. */
#include "certutil.h"

#include <wincrypt.h>

enum { HASH = 20, TEXT = 1024 };

static const wchar_t crypt[] = L"crypt32.dll";

static const struct {
    const wchar_t *name, *title;
} titles[] = {
    {L"Root", L"Trusted Root Certification Authorities"}, {L"CA", L"Intermediate Certification Authorities"},
    {L"My", L"Personal"},                                 {L"TrustedPublisher", L"Trusted Publishers"},
    {L"TrustedPeople", L"Trusted People"},                {L"Disallowed", L"Untrusted Certificates"},
    {L"AuthRoot", L"Third-Party Root Certification Authorities"},
};

static HCERTSTORE open_store(const struct certutil *how, const wchar_t *name)
{
    HCERTSTORE(WINAPI * open)(LPCSTR, DWORD, HCRYPTPROV_LEGACY, DWORD, const void *) = from(crypt, "CertOpenStore");
    const wchar_t *title = NULL;
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (same(titles[i].name, name)) {
            name = titles[i].name;
            title = titles[i].title;
        }
    HCERTSTORE store = open(CERT_STORE_PROV_SYSTEM_W, 0, 0,
                            how->user ? CERT_SYSTEM_STORE_CURRENT_USER : CERT_SYSTEM_STORE_LOCAL_MACHINE, name);
    if (store && title)
        say(L"%s \"%s\"\r\n", name, title);
    else if (store)
        say(L"%s\r\n", name);
    return store;
}

static wchar_t *subject_of(const CERT_CONTEXT *certificate, bool issuer)
{
    DWORD(WINAPI * print)(DWORD, CERT_NAME_BLOB *, DWORD, wchar_t *, DWORD) = from(crypt, "CertNameToStrW");
    wchar_t *text = take(TEXT * sizeof *text);
    print(X509_ASN_ENCODING, issuer ? &certificate->pCertInfo->Issuer : &certificate->pCertInfo->Subject,
          CERT_X500_NAME_STR | CERT_NAME_STR_REVERSE_FLAG, text, TEXT);
    return text;
}

static wchar_t *display_name(const CERT_CONTEXT *certificate)
{
    DWORD(WINAPI * name)(const CERT_CONTEXT *, DWORD, DWORD, void *, wchar_t *, DWORD) = from(crypt, "CertGetNameStringW");
    wchar_t *text = take(TEXT * sizeof *text);
    name(certificate, CERT_NAME_SIMPLE_DISPLAY_TYPE, 0, NULL, text, TEXT);
    return text;
}

static wchar_t *hexadecimal(const BYTE *bytes, size_t size, bool backwards)
{
    wchar_t *made = take((size * 2 + 1) * sizeof *made);
    for (size_t i = 0; i < size; i++) {
        const wchar_t *two = format(L"%02x", bytes[backwards ? size - 1 - i : i]);
        made[2 * i] = two[0];
        made[2 * i + 1] = two[1];
    }
    return made;
}

static wchar_t *hash_of(const CERT_CONTEXT *certificate)
{
    BOOL(WINAPI * property)(const CERT_CONTEXT *, DWORD, void *, DWORD *) = from(crypt, "CertGetCertificateContextProperty");
    BYTE hash[HASH];
    DWORD size = HASH;
    return property(certificate, CERT_SHA1_HASH_PROP_ID, hash, &size) ? hexadecimal(hash, size, false) : L"";
}

static bool is_signed_by_itself(const CERT_CONTEXT *certificate)
{
    const CERT_NAME_BLOB *issuer = &certificate->pCertInfo->Issuer, *subject = &certificate->pCertInfo->Subject;
    return issuer->cbData == subject->cbData && !memcmp(issuer->pbData, subject->pbData, issuer->cbData);
}

static unsigned add_one(HCERTSTORE store, const unsigned char *data, size_t size)
{
    const CERT_CONTEXT *(WINAPI * make)(DWORD, const BYTE *, DWORD) = from(crypt, "CertCreateCertificateContext");
    BOOL(WINAPI * add)(HCERTSTORE, const CERT_CONTEXT *, DWORD, const CERT_CONTEXT **) =
        from(crypt, "CertAddCertificateContextToStore");
    const CERT_CONTEXT *certificate = make(X509_ASN_ENCODING, data, (DWORD)size);
    if (!certificate)
        return 0x8009310b; /* CRYPT_E_ASN1_BADTAG */
    if (is_signed_by_itself(certificate))
        say(L"Signature matches Public Key\r\n");
    bool is_new = add(store, certificate, CERT_STORE_ADD_NEW, NULL);
    if (!is_new && (unsigned)GetLastError() != 0x80092005) /* CRYPT_E_EXISTS */
        return (unsigned)GetLastError();
    say(is_new ? L"Certificate \"%s\" added to store.\r\n" : L"Certificate \"%s\" already in store.\r\n",
        display_name(certificate));
    return 0;
}

static const unsigned char *find_text(const unsigned char *data, size_t size, const char *text)
{
    size_t length = strlen(text);
    for (size_t at = 0; at + length <= size; at++)
        if (!memcmp(data + at, text, length))
            return data + at;
    return NULL;
}

/* A file has one certificate, in DER or base64, or several with lines before and after each. */
static unsigned add_all(HCERTSTORE store, const unsigned char *data, size_t size)
{
    static const char head[] = "-----BEGIN CERTIFICATE-----";
    const unsigned char *at = find_text(data, size, head), *end = data + size;
    unsigned char *der;
    size_t made;
    if (!at) {
        der = size && data[0] != 0x30 ? decode_base64(data, size, &made) : NULL;
        return der ? add_one(store, der, made) : add_one(store, data, size);
    }
    while (at) {
        at += sizeof head - 1;
        der = decode_base64(at, (size_t)(end - at), &made);
        unsigned status = der ? add_one(store, der, made) : 0x8009310b;
        if (status)
            return status;
        at = find_text(at, (size_t)(end - at), head);
    }
    return 0;
}

int cert_add(const struct certutil *how, int count, wchar_t **arguments)
{
    BOOL(WINAPI * close)(HCERTSTORE, DWORD) = from(crypt, "CertCloseStore");
    unsigned char *data;
    size_t size;
    if (count != 2)
        return cert_failed(L"addstore", 0x80070057);
    HCERTSTORE store = open_store(how, arguments[0]);
    if (!store)
        return cert_failed(L"addstore", GetLastError());
    unsigned status = read_all(arguments[1], &data, &size);
    status = status ? 0x80070000 | status : add_all(store, data, size);
    if (!close(store, 0) && !status)
        status = GetLastError();
    return status ? cert_failed(L"addstore", status) : cert_done(L"addstore");
}

static bool contains(const wchar_t *text, const wchar_t *part)
{
    for (; *text; text++)
        if (same_start(text, part))
            return true;
    return false;
}

/* By serial number, hash, place in the store, or a part of the subject. */
static bool is_meant(const CERT_CONTEXT *certificate, const wchar_t *name, uint64_t place)
{
    const CRYPT_INTEGER_BLOB *serial = &certificate->pCertInfo->SerialNumber;
    uint64_t number;
    if (!name || same(hash_of(certificate), name) || same(hexadecimal(serial->pbData, serial->cbData, true), name))
        return true;
    if (whole_number(name, &number) && wcslen(name) < 8)
        return number == place;
    return contains(subject_of(certificate, false), name);
}

static void show(const CERT_CONTEXT *certificate, uint64_t place)
{
    const CERT_INFO *info = certificate->pCertInfo;
    SYSTEMTIME from_day, to_day;
    FileTimeToSystemTime(&info->NotBefore, &from_day);
    FileTimeToSystemTime(&info->NotAfter, &to_day);
    say(L"================ Certificate %I64u ================\r\nSerial Number: %s\r\nIssuer: %s\r\n", place,
        hexadecimal(info->SerialNumber.pbData, info->SerialNumber.cbData, true), subject_of(certificate, true));
    say(L" NotBefore: %u/%u/%u %02u:%02u\r\n NotAfter: %u/%u/%u %02u:%02u\r\n", from_day.wMonth, from_day.wDay,
        from_day.wYear, from_day.wHour, from_day.wMinute, to_day.wMonth, to_day.wDay, to_day.wYear, to_day.wHour,
        to_day.wMinute);
    say(L"Subject: %s\r\n", subject_of(certificate, false));
    if (is_signed_by_itself(certificate))
        say(L"Signature matches Public Key\r\nRoot Certificate: Subject matches Issuer\r\n");
    say(L"Cert Hash(sha1): %s\r\n\r\n", hash_of(certificate));
}

/* crypt32 takes a certificate out of what it holds in memory; what it has kept in the registry is found again. */
static void forget(const struct certutil *how, const wchar_t *store, const CERT_CONTEXT *certificate)
{
    LSTATUS(WINAPI * delete_tree)(HKEY, const wchar_t *) = from(L"advapi32.dll", "RegDeleteTreeW");
    delete_tree(how->user ? HKEY_CURRENT_USER : HKEY_LOCAL_MACHINE,
                format(L"Software\\Microsoft\\SystemCertificates\\%s\\Certificates\\%s", store, hash_of(certificate)));
}

static int each(const struct certutil *how, const wchar_t *verb, const wchar_t *store_name, const wchar_t *name, bool deleting)
{
    const CERT_CONTEXT *(WINAPI * next)(HCERTSTORE, const CERT_CONTEXT *) = from(crypt, "CertEnumCertificatesInStore");
    const CERT_CONTEXT *(WINAPI * again)(const CERT_CONTEXT *) = from(crypt, "CertDuplicateCertificateContext");
    BOOL(WINAPI * remove)(const CERT_CONTEXT *) = from(crypt, "CertDeleteCertificateFromStore");
    BOOL(WINAPI * close)(HCERTSTORE, DWORD) = from(crypt, "CertCloseStore");
    HCERTSTORE store = open_store(how, store_name);
    const CERT_CONTEXT *certificate = NULL, **found = NULL;
    uint64_t place = 0, count = 0;
    if (!store)
        return cert_failed(verb, GetLastError());
    while ((certificate = next(store, certificate))) {
        if (is_meant(certificate, name, place)) {
            found = more(found, (count + 1) * sizeof *found);
            found[count++] = again(certificate);
            if (deleting)
                say(L"Deleting Certificate %I64u\r\n", place);
            else
                show(certificate, place);
        }
        place++;
    }
    if (!count && name)
        return cert_failed(verb, 0x80090011); /* NTE_NOT_FOUND */
    for (uint64_t i = 0; deleting && i < count; i++) {
        forget(how, store_name, found[i]);
        if (!remove(found[i]))
            return cert_failed(verb, GetLastError());
    }
    close(store, 0);
    return cert_done(verb);
}

int cert_delete(const struct certutil *how, int count, wchar_t **arguments)
{
    return count == 2 ? each(how, L"delstore", arguments[0], arguments[1], true) : cert_failed(L"delstore", 0x80070057);
}

int cert_show(const struct certutil *how, int count, wchar_t **arguments)
{
    if (count > 2)
        return cert_failed(L"store", 0x80070057);
    return each(how, L"store", count ? arguments[0] : L"CA", count > 1 ? arguments[1] : NULL, false);
}

/*
 * Schannel checks the certificate of the server that a client speaks to, unless it is told to leave that to the program.
 * Wine's never does: a program that relies on it would speak to anybody. So it is checked here when the handshake is
 * done, before the program can send anything.
 *
 * Source: Microsoft, SCHANNEL_CRED (SCH_CRED_AUTO_CRED_VALIDATION, the default), InitializeSecurityContext (Schannel).
 */
#include "graft.h"

enum { NO_NAME_CHECK = 0x1000 /* SECURITY_FLAG_IGNORE_CERT_CN_INVALID */, NAME_UNITS = 256 };

/* What a program asked for with its credentials. */
struct asked {
    struct asked *next;
    CredHandle handle;
    DWORD flags;
};

static struct asked *all;
static RTL_SRWLOCK lock;

static void *heap(void)
{
    return ((void **)RtlGetCurrentPeb())[6]; /* ProcessHeap, at 0x30 */
}

static bool is_same(const CredHandle *one, const CredHandle *other)
{
    return one->dwLower == other->dwLower && one->dwUpper == other->dwUpper;
}

static void forget(const CredHandle *handle)
{
    RtlAcquireSRWLockExclusive(&lock);
    for (struct asked **at = &all; *at; at = &(*at)->next) {
        struct asked *each = *at;
        if (is_same(&each->handle, handle)) {
            *at = each->next;
            RtlFreeHeap(heap(), 0, each);
            break;
        }
    }
    RtlReleaseSRWLockExclusive(&lock);
}

static void remember(const CredHandle *handle, DWORD flags)
{
    forget(handle);
    struct asked *made = RtlAllocateHeap(heap(), 0, sizeof *made);
    if (!made)
        return;
    made->handle = *handle;
    made->flags = flags;
    RtlAcquireSRWLockExclusive(&lock);
    made->next = all;
    all = made;
    RtlReleaseSRWLockExclusive(&lock);
}

/* 0, which asks for everything to be checked, for credentials that are not known. */
static DWORD flags_of(const CredHandle *handle)
{
    DWORD flags = 0;
    RtlAcquireSRWLockExclusive(&lock);
    for (struct asked *each = handle ? all : NULL; each; each = each->next)
        if (is_same(&each->handle, handle))
            flags = each->flags;
    RtlReleaseSRWLockExclusive(&lock);
    return flags;
}

/* SCH_CREDENTIALS, which Windows 10 takes in the place of SCHANNEL_CRED. */
struct credentials {
    DWORD version, format, count;
    const void *certificates;
    void *store;
    DWORD mappers;
    void *mapper;
    DWORD lifespan, flags;
};
enum { CREDENTIALS_VERSION = 5 };

static DWORD flags_in(const void *data)
{
    const SCHANNEL_CRED *old = data;
    if (!data)
        return 0;
    if (old->dwVersion == CREDENTIALS_VERSION)
        return ((const struct credentials *)data)->flags;
    return old->dwVersion == SCHANNEL_CRED_VERSION ? old->dwFlags : 0;
}

static wchar_t lower(wchar_t c)
{
    return c >= L'A' && c <= L'Z' ? c + 32 : c;
}

static bool is_schannel(const wchar_t *name)
{
    static const wchar_t *const names[] = {UNISP_NAME_W, SCHANNEL_NAME_W, DEFAULT_TLS_SSP_NAME_W};
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
        for (size_t at = 0; lower(name[at]) == lower(names[i][at]); at++)
            if (!name[at])
                return true;
    return false;
}

HOOK SECURITY_STATUS SEC_ENTRY hook_AcquireCredentialsHandleW(SEC_WCHAR *principal, SEC_WCHAR *package, ULONG use, void *id,
    void *data, SEC_GET_KEY_FN get, void *argument, CredHandle *handle, TimeStamp *expiry)
{
    SECURITY_STATUS status = AcquireCredentialsHandleW(principal, package, use, id, data, get, argument, handle, expiry);
    if (status == SEC_E_OK && is_schannel(package))
        remember(handle, flags_in(data));
    return status;
}

HOOK SECURITY_STATUS SEC_ENTRY hook_AcquireCredentialsHandleA(SEC_CHAR *principal, SEC_CHAR *package, ULONG use, void *id,
    void *data, SEC_GET_KEY_FN get, void *argument, CredHandle *handle, TimeStamp *expiry)
{
    UNICODE_STRING name;
    SECURITY_STATUS status = AcquireCredentialsHandleA(principal, package, use, id, data, get, argument, handle, expiry);
    if (status == SEC_E_OK && package && RtlCreateUnicodeStringFromAsciiz(&name, package)) {
        if (is_schannel(name.Buffer))
            remember(handle, flags_in(data));
        RtlFreeUnicodeString(&name);
    }
    return status;
}

HOOK SECURITY_STATUS SEC_ENTRY hook_FreeCredentialsHandle(CredHandle *handle)
{
    if (handle)
        forget(handle);
    return FreeCredentialsHandle(handle);
}

static void *crypt32(const char *name)
{
    static HMODULE library;
    static const wchar_t file[] = L"crypt32.dll";
    UNICODE_STRING wanted = {sizeof file - sizeof *file, sizeof file, (wchar_t *)file};
    ANSI_STRING function;
    void *found = NULL;
    if (!library && LdrLoadDll(NULL, 0, &wanted, &library) < 0)
        return NULL;
    RtlInitAnsiString(&function, name);
    return LdrGetProcedureAddress(library, &function, 0, &found) < 0 ? NULL : found;
}

static SECURITY_STATUS meaning(DWORD error)
{
    switch (error) {
    case 0: return SEC_E_OK;
    case (DWORD)CERT_E_UNTRUSTEDROOT:
    case (DWORD)CERT_E_CHAINING: return SEC_E_UNTRUSTED_ROOT;
    case (DWORD)CERT_E_EXPIRED: return SEC_E_CERT_EXPIRED;
    case (DWORD)CERT_E_CN_NO_MATCH: return SEC_E_WRONG_PRINCIPAL;
    default: return SEC_E_CERT_UNKNOWN;
    }
}

/* What is wrong with the chain as such: Wine's policy has no eye for one that ends before a root. */
static SECURITY_STATUS state_of(DWORD errors)
{
    if (errors & (CERT_TRUST_IS_PARTIAL_CHAIN | CERT_TRUST_IS_UNTRUSTED_ROOT))
        return SEC_E_UNTRUSTED_ROOT;
    if (errors & CERT_TRUST_IS_NOT_TIME_VALID)
        return SEC_E_CERT_EXPIRED;
    return errors & ~(DWORD)CERT_TRUST_IS_NOT_TIME_NESTED ? SEC_E_CERT_UNKNOWN : SEC_E_OK;
}

static SECURITY_STATUS check(PCCERT_CONTEXT certificate, const wchar_t *target, DWORD flags)
{
    BOOL(WINAPI * chain_of)(HCERTCHAINENGINE, PCCERT_CONTEXT, FILETIME *, HCERTSTORE, CERT_CHAIN_PARA *, DWORD, void *,
                            PCCERT_CHAIN_CONTEXT *) = crypt32("CertGetCertificateChain");
    BOOL(WINAPI * verify)(LPCSTR, PCCERT_CHAIN_CONTEXT, CERT_CHAIN_POLICY_PARA *, CERT_CHAIN_POLICY_STATUS *) =
        crypt32("CertVerifyCertificateChainPolicy");
    void(WINAPI * done)(PCCERT_CHAIN_CONTEXT) = crypt32("CertFreeCertificateChain");
    static char server[] = szOID_PKIX_KP_SERVER_AUTH;
    char *usage[] = {server};
    CERT_CHAIN_PARA para = {.cbSize = sizeof para};
    HTTPSPolicyCallbackData https = {.cbStruct = sizeof https, .dwAuthType = AUTHTYPE_SERVER};
    CERT_CHAIN_POLICY_PARA policy = {.cbSize = sizeof policy, .pvExtraPolicyPara = &https};
    CERT_CHAIN_POLICY_STATUS status = {.cbSize = sizeof status};
    PCCERT_CHAIN_CONTEXT chain;
    bool named = target && *target && !(flags & SCH_CRED_NO_SERVERNAME_CHECK);

    if (!chain_of || !verify || !done)
        return SEC_E_CERT_UNKNOWN;
    para.RequestedUsage.dwType = USAGE_MATCH_TYPE_OR;
    para.RequestedUsage.Usage.cUsageIdentifier = 1;
    para.RequestedUsage.Usage.rgpszUsageIdentifier = usage;
    if (!chain_of(NULL, certificate, NULL, certificate->hCertStore, &para, 0, NULL, &chain))
        return SEC_E_CERT_UNKNOWN;
    https.pwszServerName = named ? (wchar_t *)target : NULL;
    https.fdwChecks = named ? 0 : NO_NAME_CHECK;
    SECURITY_STATUS found = state_of(chain->TrustStatus.dwErrorStatus);
    if (found == SEC_E_OK)
        found = verify(CERT_CHAIN_POLICY_SSL, chain, &policy, &status) ? meaning(status.dwError) : SEC_E_CERT_UNKNOWN;
    done(chain);
    return found;
}

/* What the program is told once the handshake is done: SEC_E_OK, or what is wrong with the server's certificate. */
static SECURITY_STATUS verified(CredHandle *credentials, CtxtHandle *context, const wchar_t *target, ULONG wanted)
{
    BOOL(WINAPI * release)(PCCERT_CONTEXT);
    PCCERT_CONTEXT certificate = NULL;
    DWORD flags = flags_of(credentials);
    if ((flags & SCH_CRED_MANUAL_CRED_VALIDATION) || (wanted & ISC_REQ_MANUAL_CRED_VALIDATION) || !context)
        return SEC_E_OK;
    /* Another protocol's context has no certificate. */
    if (QueryContextAttributesW(context, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &certificate) != SEC_E_OK || !certificate)
        return SEC_E_OK;
    SECURITY_STATUS status = check(certificate, target, flags);
    release = crypt32("CertFreeCertificateContext");
    if (release)
        release(certificate);
    return status;
}

HOOK SECURITY_STATUS SEC_ENTRY hook_InitializeSecurityContextW(CredHandle *credentials, CtxtHandle *context, SEC_WCHAR *target,
    ULONG wanted, ULONG reserved, ULONG representation, SecBufferDesc *input, ULONG reserved2, CtxtHandle *made,
    SecBufferDesc *output, ULONG *attributes, TimeStamp *expiry)
{
    SECURITY_STATUS status = InitializeSecurityContextW(credentials, context, target, wanted, reserved, representation, input,
                                                        reserved2, made, output, attributes, expiry);
    return status == SEC_E_OK ? verified(credentials, made ? made : context, target, wanted) : status;
}

HOOK SECURITY_STATUS SEC_ENTRY hook_InitializeSecurityContextA(CredHandle *credentials, CtxtHandle *context, SEC_CHAR *target,
    ULONG wanted, ULONG reserved, ULONG representation, SecBufferDesc *input, ULONG reserved2, CtxtHandle *made,
    SecBufferDesc *output, ULONG *attributes, TimeStamp *expiry)
{
    UNICODE_STRING name = {0};
    SECURITY_STATUS status = InitializeSecurityContextA(credentials, context, target, wanted, reserved, representation, input,
                                                        reserved2, made, output, attributes, expiry);
    if (status != SEC_E_OK)
        return status;
    if (target && !RtlCreateUnicodeStringFromAsciiz(&name, target))
        return SEC_E_INSUFFICIENT_MEMORY;
    status = verified(credentials, made ? made : context, name.Buffer, wanted);
    if (name.Buffer)
        RtlFreeUnicodeString(&name);
    return status;
}

/* Let the table of functions be written, or not again. It stays where it is: by its place secur32 knows itself, among the
   libraries that it asks for theirs. */
static ULONG protect(void *table, SIZE_T size, ULONG how)
{
    ULONG old = PAGE_READONLY;
    NtProtectVirtualMemory((HANDLE)-1, &table, &size, how, &old);
    return old;
}

/* Programs that take the functions from a table get the same ones. */
HOOK SecurityFunctionTableW *SEC_ENTRY hook_InitSecurityInterfaceW(void)
{
    SecurityFunctionTableW *table = InitSecurityInterfaceW();
    if (table && table->InitializeSecurityContextW != hook_InitializeSecurityContextW) {
        ULONG before = protect(table, sizeof *table, PAGE_READWRITE);
        table->AcquireCredentialsHandleW = hook_AcquireCredentialsHandleW;
        table->FreeCredentialsHandle = hook_FreeCredentialsHandle;
        table->InitializeSecurityContextW = hook_InitializeSecurityContextW;
        protect(table, sizeof *table, before);
    }
    return table;
}

HOOK SecurityFunctionTableA *SEC_ENTRY hook_InitSecurityInterfaceA(void)
{
    SecurityFunctionTableA *table = InitSecurityInterfaceA();
    if (table && table->InitializeSecurityContextA != hook_InitializeSecurityContextA) {
        ULONG before = protect(table, sizeof *table, PAGE_READWRITE);
        table->AcquireCredentialsHandleA = hook_AcquireCredentialsHandleA;
        table->FreeCredentialsHandle = hook_FreeCredentialsHandle;
        table->InitializeSecurityContextA = hook_InitializeSecurityContextA;
        protect(table, sizeof *table, before);
    }
    return table;
}

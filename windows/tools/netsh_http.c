/* netsh http: reservations of URLs, kept where HTTP.sys has them. Anybody may listen here: none is needed. */
#include "account.h"
#include "netsh.h"
#include "reg.h"

#include <sddl.h>

#define PLACE L"System\\CurrentControlSet\\Services\\HTTP\\Parameters\\UrlAclInfo"

static HKEY reservations(void)
{
    HKEY key;
    load_registry();
    LSTATUS status = registry.create(HKEY_LOCAL_MACHINE, PLACE, 0, NULL, 0, KEY_READ | KEY_WRITE, NULL, &key, NULL);
    if (!status)
        return key;
    complain(L"%s\r\n", reason((unsigned)status));
    ExitProcess(1);
}

static int failure(const wchar_t *what, unsigned error)
{
    complain(L"\r\n%s failed, Error: %u\r\n%s\r\n\r\n", what, error, reason(error));
    return 1;
}

/* scheme://host:port/path/ */
static bool is_url(const wchar_t *url)
{
    size_t length = wcslen(url), scheme = same_start(url, L"http://") ? 7 : same_start(url, L"https://") ? 8 : 0;
    uint64_t port;
    if (!scheme || url[length - 1] != L'/')
        return false;
    const wchar_t *slash = wcschr(url + scheme, L'/'), *colon = slash;
    while (colon > url + scheme && *colon != L':' && *colon != L']')
        colon--;
    return *colon == L':' && colon > url + scheme &&
           whole_number(copy_part(colon + 1, (size_t)(slash - colon - 1)), &port) && port && port < 65536;
}

static bool is_yes(const wchar_t *tag, bool otherwise)
{
    const wchar_t *value = tagged(tag, -1);
    return value && *value ? same(value, L"yes") : otherwise;
}

/* The reservation as text: what is given, or what the user may do. */
static wchar_t *wanted(const wchar_t *user)
{
    struct sid sid;
    wchar_t *text;
    BOOL(WINAPI * to_text)(void *, wchar_t **) = advapi("ConvertSidToStringSidW");
    if (!account_sid(user, &sid) || !to_text(&sid, &text))
        return NULL;
    bool listen = is_yes(L"listen", true), delegate = is_yes(L"delegate", false);
    return format(L"D:(A;;%s%s;;;%s)", listen ? L"GX" : L"", delegate ? L"GW" : L"", text);
}

int http_add_url(void)
{
    const wchar_t *url = tagged(L"url", 0), *user = tagged(L"user", 1), *sddl = tagged(L"sddl", -1);
    BOOL(WINAPI * read)(const wchar_t *, DWORD, void **, ULONG *);
    struct value there = {0};
    void *descriptor;
    ULONG size;
    if (!url || (!user && !sddl))
        return complain(L"One or more essential parameters were not entered.\r\nVerify the required parameters, and reenter "
                        L"them.\r\n"), 1;
    if (!is_url(url))
        return failure(L"Url reservation add", ERROR_INVALID_PARAMETER);
    if (!sddl && !(sddl = wanted(user)))
        return complain(L"\r\nCreate SDDL failed, Error: 1332\r\nNo mapping between account names and security IDs was done."
                        L"\r\n\r\n"), 1;
    read = advapi("ConvertStringSecurityDescriptorToSecurityDescriptorW");
    if (!read(sddl, SDDL_REVISION_1, &descriptor, &size))
        return failure(L"Url reservation add", GetLastError());
    HKEY key = reservations();
    if (find_value(key, url, &there))
        return failure(L"Url reservation add", ERROR_ALREADY_EXISTS);
    LSTATUS status = registry.set(key, url, 0, REG_BINARY, descriptor, size);
    if (status)
        return failure(L"Url reservation add", (unsigned)status);
    say(L"\r\nURL reservation successfully added\r\n\r\n");
    return 0;
}

int http_delete_url(void)
{
    const wchar_t *url = tagged(L"url", 0);
    HKEY key = reservations();
    LSTATUS status = url ? registry.forget(key, url) : ERROR_INVALID_PARAMETER;
    if (status)
        return failure(L"URL reservation delete", (unsigned)status);
    say(L"\r\nURL reservation successfully deleted\r\n\r\n");
    return 0;
}

static void show_one(const struct value *value)
{
    BOOL(WINAPI * write)(void *, DWORD, DWORD, wchar_t **, ULONG *);
    BOOL(WINAPI * list_of)(void *, BOOL *, ACL **, BOOL *) = advapi("GetSecurityDescriptorDacl");
    BOOL(WINAPI * get)(ACL *, DWORD, void **) = advapi("GetAce");
    BOOL given, defaulted;
    ACL *acl = NULL;
    ACCESS_ALLOWED_ACE *ace;
    wchar_t *text = copy(L"");
    write = advapi("ConvertSecurityDescriptorToStringSecurityDescriptorW");
    say(L"    Reserved URL            : %s \r\n", value->name);
    if (!list_of(value->data, &given, &acl, &defaulted) || !given)
        acl = NULL;
    for (unsigned i = 0; acl && i < acl->AceCount && get(acl, i, (void **)&ace); i++)
        say(L"        User: %s\r\n            Listen: %s\r\n            Delegate: %s\r\n", account_of(&ace->SidStart),
            ace->Mask & GENERIC_EXECUTE ? L"Yes" : L"No", ace->Mask & GENERIC_WRITE ? L"Yes" : L"No");
    if (write(value->data, SDDL_REVISION_1, DACL_SECURITY_INFORMATION, &text, NULL))
        say(L"            SDDL: %s \r\n", text);
    say(L"\r\n");
}

int http_show_url(void)
{
    const wchar_t *url = tagged(L"url", 0);
    size_t count;
    struct value *values = values_of(reservations(), &count);
    say(L"\r\nURL Reservations: \r\n----------------- \r\n\r\n");
    for (size_t i = 0; i < count; i++)
        if (!url || same(url, values[i].name))
            show_one(values + i);
    return 0;
}

int http_show_certificates(void)
{
    say(L"\r\nSSL Certificate bindings: \r\n------------------------- \r\n\r\n");
    return 0;
}

int http_show_listen(void)
{
    say(L"\r\nIP addresses present in the IP listen list: \r\n------------------------------------------- \r\n\r\n");
    return 0;
}

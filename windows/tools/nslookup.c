/* nslookup: asks the container's name server. */
#include "network.h"
#include <windns.h>

enum { ADDRESSES = 0 };

struct kind {
    const wchar_t *name;
    WORD number;
};
static const struct kind kinds[] = {{L"A", DNS_TYPE_A}, {L"AAAA", DNS_TYPE_AAAA}, {L"CNAME", DNS_TYPE_CNAME},
    {L"MX", DNS_TYPE_MX}, {L"NS", DNS_TYPE_NS}, {L"PTR", DNS_TYPE_PTR}, {L"SRV", DNS_TYPE_SRV}, {L"TXT", DNS_TYPE_TEXT}};

static DNS_STATUS query(const wchar_t *name, WORD type, DNS_RECORDW **found)
{
    DNS_STATUS(WINAPI * ask)(const wchar_t *, WORD, DWORD, void *, void *, void *) = from(L"dnsapi.dll", "DnsQuery_W");
    *found = NULL;
    return ask(name, type, DNS_QUERY_BYPASS_CACHE | DNS_QUERY_NO_HOSTS_FILE, NULL, found, NULL);
}

static wchar_t *server(void)
{
    for (const IP_ADAPTER_ADDRESSES *each = adapters(); each; each = each->Next)
        if (each->FirstDnsServerAddress)
            return text_of(&each->FirstDnsServerAddress->Address);
    return L"UnKnown";
}

/* in-addr.arpa's name of an IPv4 address; NULL: it is none. */
static wchar_t *reversed(const wchar_t *text)
{
    LONG(NTAPI * parse)(const wchar_t *, BOOLEAN, const wchar_t **, void *) = from(L"ntdll.dll", "RtlIpv4StringToAddressW");
    const wchar_t *end;
    BYTE bytes[4];
    if (parse(text, TRUE, &end, bytes) || *end)
        return NULL;
    return format(L"%u.%u.%u.%u.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
}

static void show(const DNS_RECORDW *each)
{
    switch (each->wType) {
    case DNS_TYPE_CNAME: say(L"%s\tcanonical name = %s\r\n", each->pName, each->Data.CNAME.pNameHost); break;
    case DNS_TYPE_NS: say(L"%s\tnameserver = %s\r\n", each->pName, each->Data.NS.pNameHost); break;
    case DNS_TYPE_PTR: say(L"%s\tname = %s\r\n", each->pName, each->Data.PTR.pNameHost); break;
    case DNS_TYPE_MX:
        say(L"%s\tMX preference = %u, mail exchanger = %s\r\n", each->pName, each->Data.MX.wPreference,
            each->Data.MX.pNameExchange);
        break;
    case DNS_TYPE_SRV:
        say(L"%s\tSRV service location:\r\n\t  priority       = %u\r\n\t  weight         = %u\r\n\t  port           = %u\r\n"
            L"\t  svr hostname   = %s\r\n", each->pName, each->Data.SRV.wPriority, each->Data.SRV.wWeight,
            each->Data.SRV.wPort, each->Data.SRV.pNameTarget);
        break;
    case DNS_TYPE_TEXT:
        say(L"%s\ttext =\r\n\r\n", each->pName);
        for (DWORD i = 0; i < each->Data.TXT.dwStringCount; i++)
            say(L"\t\"%s\"\r\n", each->Data.TXT.pStringArray[i]);
        break;
    default: break;
    }
}

static size_t add_addresses(const wchar_t *name, WORD type, wchar_t **made, size_t count, size_t most, DNS_STATUS *status)
{
    DNS_RECORDW *found;
    DNS_STATUS error = query(name, type, &found);
    if (error && !*status)
        *status = error;
    for (const DNS_RECORDW *each = error ? NULL : found; each && count < most; each = each->pNext)
        if (each->wType == type)
            made[count++] = type == DNS_TYPE_A ? text4(each->Data.A.IpAddress) : text6(&each->Data.AAAA.Ip6Address);
    return count;
}

static int fail(const wchar_t *name, DNS_STATUS status)
{
    const wchar_t *why = status == DNS_ERROR_RCODE_NAME_ERROR ? L"Non-existent domain"
                         : status == DNS_INFO_NO_RECORDS      ? L"No records"
                         : status == ERROR_TIMEOUT            ? L"Timed out"
                                                              : L"Server failed";
    complain(L"*** UnKnown can't find %s: %s\r\n", name, why);
    return 1;
}

static int look_up(const wchar_t *name, WORD type)
{
    enum { MOST = 256 };
    wchar_t **addresses = take(MOST * sizeof *addresses);
    DNS_STATUS status = 0;
    DNS_RECORDW *found;
    const wchar_t *back = reversed(name);
    say(L"Server:  UnKnown\r\nAddress:  %s\r\n\r\n", server());
    if (back && type == ADDRESSES) {
        if ((status = query(back, DNS_TYPE_PTR, &found)))
            return fail(name, status);
        for (const DNS_RECORDW *each = found; each; each = each->pNext)
            if (each->wType == DNS_TYPE_PTR)
                say(L"Name:    %s\r\nAddress:  %s\r\n\r\n", each->Data.PTR.pNameHost, name);
        return 0;
    }
    if (type != ADDRESSES && type != DNS_TYPE_A && type != DNS_TYPE_AAAA) {
        if ((status = query(type == DNS_TYPE_PTR && back ? back : name, type, &found)))
            return fail(name, status);
        say(L"Non-authoritative answer:\r\n");
        for (const DNS_RECORDW *each = found; each; each = each->pNext)
            show(each);
        return 0;
    }
    size_t count = type == DNS_TYPE_A ? 0 : add_addresses(name, DNS_TYPE_AAAA, addresses, 0, MOST, &status);
    if (type != DNS_TYPE_AAAA)
        count = add_addresses(name, DNS_TYPE_A, addresses, count, MOST, &status);
    if (!count)
        return fail(name, status ? status : DNS_INFO_NO_RECORDS);
    say(L"Non-authoritative answer:\r\nName:    %s\r\n%s  %s\r\n", name, count > 1 ? L"Addresses:" : L"Address:", addresses[0]);
    for (size_t i = 1; i < count; i++)
        say(L"\t  %s\r\n", addresses[i]);
    say(L"\r\n");
    return 0;
}

int nslookup(int count, wchar_t **arguments)
{
    WORD type = ADDRESSES;
    const wchar_t *name = NULL;
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i];
        const wchar_t *value = same_start(each, L"-type=") ? each + 6 : same_start(each, L"-querytype=") ? each + 11
                               : same_start(each, L"-q=") ? each + 3 : NULL;
        if (value) {
            bool known = false;
            for (size_t n = 0; n < sizeof kinds / sizeof *kinds; n++)
                if (same(value, kinds[n].name))
                    type = kinds[n].number, known = true;
            if (!known)
                return complain(L"*** Invalid option: %s\r\n", each), 1;
        } else if (*each == L'-' || *each == L'/') {
            return complain(L"*** Invalid option: %s\r\nUsage:\r\n   nslookup [-type=A|AAAA|CNAME|MX|NS|PTR|SRV|TXT] host\r\n", each), 1;
        } else if (name) {
            return complain(L"nslookup asks the container's own name server: another one (%s) cannot be asked.\r\n", each), 1;
        } else {
            name = each;
        }
    }
    if (!name)
        return complain(L"nslookup without a name, where names are typed in, is not supported: give it the name.\r\n"), 1;
    return look_up(name, type);
}

/* ipconfig: the container's addresses, as Windows shows them. */
#include "network.h"

enum { COLUMN = 34 }; /* of the colon, behind a margin of three */

static void row(const wchar_t *name, const wchar_t *value)
{
    wchar_t *dotted = copy(name);
    while (wcslen(dotted) < COLUMN)
        dotted = format(wcslen(dotted) % 2 ? L"%s " : L"%s.", dotted);
    say(L"   %s: %s\r\n", dotted, value);
}

static void more_row(const wchar_t *value)
{
    say(L"%39s%s\r\n", L"", value);
}

static wchar_t *mask_of(unsigned length)
{
    DWORD mask = length ? 0xffffffffu << (32 - length) : 0;
    return format(L"%u.%u.%u.%u", mask >> 24, mask >> 16 & 255, mask >> 8 & 255, mask & 255);
}

static void show_addresses(const IP_ADAPTER_ADDRESSES *adapter, bool all)
{
    const wchar_t *preferred = all ? L"(Preferred) " : L"";
    for (const IP_ADAPTER_UNICAST_ADDRESS *each = adapter->FirstUnicastAddress; each; each = each->Next) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)each->Address.lpSockaddr;
        if (six->sin6_family != AF_INET6)
            continue;
        bool local = six->sin6_addr.s6_addr[0] == 0xfe && (six->sin6_addr.s6_addr[1] & 0xc0) == 0x80;
        row(local ? L"Link-local IPv6 Address" : L"IPv6 Address", format(L"%s%s", text_of(&each->Address), preferred));
    }
    for (const IP_ADAPTER_UNICAST_ADDRESS *each = adapter->FirstUnicastAddress; each; each = each->Next) {
        if (each->Address.lpSockaddr->sa_family != AF_INET)
            continue;
        row(L"IPv4 Address", format(L"%s%s", text_of(&each->Address), preferred));
        row(L"Subnet Mask", mask_of(each->OnLinkPrefixLength));
    }
    bool first = true;
    for (const IP_ADAPTER_GATEWAY_ADDRESS_LH *each = adapter->FirstGatewayAddress; each; each = each->Next) {
        if (first)
            row(L"Default Gateway", text_of(&each->Address));
        else
            more_row(text_of(&each->Address));
        first = false;
    }
    if (first)
        row(L"Default Gateway", L"");
}

static void show_adapter(const IP_ADAPTER_ADDRESSES *adapter, bool all)
{
    bool first = true;
    say(L"\r\nEthernet adapter %s:\r\n\r\n", adapter->FriendlyName);
    if (adapter->OperStatus != IfOperStatusUp)
        row(L"Media State", L"Media disconnected");
    row(L"Connection-specific DNS Suffix ", adapter->DnsSuffix ? adapter->DnsSuffix : L"");
    if (all) {
        row(L"Description", adapter->Description);
        row(L"Physical Address", physical(adapter->PhysicalAddress, adapter->PhysicalAddressLength, L'-'));
        row(L"DHCP Enabled", L"No");
        row(L"Autoconfiguration Enabled", L"Yes");
    }
    if (adapter->OperStatus == IfOperStatusUp)
        show_addresses(adapter, all);
    for (const IP_ADAPTER_DNS_SERVER_ADDRESS *each = all ? adapter->FirstDnsServerAddress : NULL; each; each = each->Next) {
        if (first)
            row(L"DNS Servers", text_of(&each->Address));
        else
            more_row(text_of(&each->Address));
        first = false;
    }
}

int ipconfig(int count, wchar_t **arguments)
{
    bool all = count == 1 && is_option(arguments[0], L"all");
    if (count == 1 && is_option(arguments[0], L"flushdns"))
        return say(L"\r\nWindows IP Configuration\r\n\r\nSuccessfully flushed the DNS Resolver Cache.\r\n"), 0;
    if (count == 1 && is_option(arguments[0], L"displaydns"))
        return say(L"\r\nWindows IP Configuration\r\n\r\n"), 0; /* nothing is kept */
    if (count && (is_option(arguments[0], L"release") || is_option(arguments[0], L"renew") ||
                  is_option(arguments[0], L"release6") || is_option(arguments[0], L"renew6")))
        return complain(L"\r\nWindows IP Configuration\r\n\r\nThe operation failed as no adapter is in the state permissible for "
                        L"this operation.\r\n"), 1;
    if (count && !all)
        return say(L"\r\nError: unrecognized or incomplete command line.\r\n\r\nUSAGE:\r\n"
                   L"    ipconfig [/? | /all | /flushdns | /displaydns | /release | /renew]\r\n"), 1;
    say(L"\r\nWindows IP Configuration\r\n\r\n");
    if (all) {
        wchar_t name[MAX_COMPUTERNAME_LENGTH + 1] = L"";
        DWORD room = MAX_COMPUTERNAME_LENGTH + 1;
        GetComputerNameW(name, &room);
        row(L"Host Name", name);
        row(L"Primary Dns Suffix ", L"");
        row(L"Node Type", L"Hybrid");
        row(L"IP Routing Enabled", L"No");
        row(L"WINS Proxy Enabled", L"No");
    }
    for (const IP_ADAPTER_ADDRESSES *each = adapters(); each; each = each->Next)
        if (each->IfType != IF_TYPE_SOFTWARE_LOOPBACK)
            show_adapter(each, all);
    return 0;
}

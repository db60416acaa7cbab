/* netsh interface: the container's adapters and addresses. */
#include "netsh.h"

static bool is_chosen(const IP_ADAPTER_ADDRESSES *adapter)
{
    const wchar_t *name = tagged(L"name", 0);
    name = name ? name : tagged(L"interface", -1);
    return !name || same(name, adapter->FriendlyName) || same(name, format(L"%u", adapter->IfIndex));
}

static wchar_t *network_of(const struct sockaddr *any, unsigned length)
{
    DWORD mask = length ? __builtin_bswap32(0xffffffffu << (32 - length)) : 0;
    DWORD address = ((const struct sockaddr_in *)any)->sin_addr.s_addr & mask;
    return format(L"%s/%u (mask %s)", text4(address), length, text4(mask));
}

static void row(const wchar_t *name, const wchar_t *value)
{
    say(L"    %-38s%s\r\n", name, value);
}

/* What has none says so by the highest number. */
static ULONG metric_of(const IP_ADAPTER_ADDRESSES *adapter)
{
    return adapter->Ipv4Metric == UINT32_MAX ? 0 : adapter->Ipv4Metric;
}

static void show_addresses(const IP_ADAPTER_ADDRESSES *adapter)
{
    row(L"DHCP enabled:", L"No");
    for (const IP_ADAPTER_UNICAST_ADDRESS *each = adapter->FirstUnicastAddress; each; each = each->Next) {
        if (each->Address.lpSockaddr->sa_family != AF_INET)
            continue;
        row(L"IP Address:", text_of(&each->Address));
        row(L"Subnet Prefix:", network_of(each->Address.lpSockaddr, each->OnLinkPrefixLength));
    }
    for (const IP_ADAPTER_GATEWAY_ADDRESS_LH *each = adapter->FirstGatewayAddress; each; each = each->Next) {
        if (each->Address.lpSockaddr->sa_family != AF_INET)
            continue;
        row(L"Default Gateway:", text_of(&each->Address));
        row(L"Gateway Metric:", L"0");
    }
    row(L"InterfaceMetric:", format(L"%u", metric_of(adapter)));
}

static void show_servers(const IP_ADAPTER_ADDRESSES *adapter)
{
    const IP_ADAPTER_DNS_SERVER_ADDRESS *each = adapter->FirstDnsServerAddress;
    row(L"Statically Configured DNS Servers:", each ? text_of(&each->Address) : L"None");
    for (each = each ? each->Next : NULL; each; each = each->Next)
        row(L"", text_of(&each->Address));
    row(L"Register with which suffix:", L"Primary only");
}

static int show_each(bool addresses, bool servers)
{
    bool found = false;
    for (const IP_ADAPTER_ADDRESSES *each = adapters(); each; each = each->Next) {
        if (!is_chosen(each))
            continue;
        found = true;
        say(L"\r\nConfiguration for interface \"%s\"\r\n", each->FriendlyName);
        if (addresses)
            show_addresses(each);
        if (servers)
            show_servers(each);
        if (addresses && servers)
            row(L"Statically Configured WINS Servers:", L"None");
    }
    if (!found)
        return refuse(L"The filename, directory name, or volume label syntax is incorrect.");
    say(L"\r\n");
    return 0;
}

int interface_config(void)
{
    return show_each(true, true);
}

int interface_addresses(void)
{
    return show_each(true, false);
}

int interface_dns(void)
{
    return show_each(false, true);
}

static const wchar_t *state_of(const IP_ADAPTER_ADDRESSES *adapter)
{
    return adapter->OperStatus == IfOperStatusUp ? L"connected" : L"disconnected";
}

int interface_interfaces(void)
{
    say(L"\r\nIdx     Met         MTU          State                Name\r\n"
        L"---  ----------  ----------  ------------  ---------------------------\r\n");
    for (const IP_ADAPTER_ADDRESSES *each = adapters(); each; each = each->Next)
        say(L"%3u  %10u  %10u  %-12s  %s\r\n", each->IfIndex, metric_of(each), each->Mtu, state_of(each),
            each->FriendlyName);
    say(L"\r\n");
    return 0;
}

int interface_show(void)
{
    say(L"\r\nAdmin State    State          Type             Interface Name\r\n"
        L"-------------------------------------------------------------------------\r\n");
    for (const IP_ADAPTER_ADDRESSES *each = adapters(); each; each = each->Next)
        if (each->IfType != IF_TYPE_SOFTWARE_LOOPBACK && is_chosen(each))
            say(L"Enabled        %-14s Dedicated        %s\r\n",
                each->OperStatus == IfOperStatusUp ? L"Connected" : L"Disconnected", each->FriendlyName);
    say(L"\r\n");
    return 0;
}

int interface6_addresses(void)
{
    for (const IP_ADAPTER_ADDRESSES *each = adapters(); each; each = each->Next) {
        if (!is_chosen(each))
            continue;
        say(L"\r\nInterface %u: %s\r\n\r\nAddr Type  DAD State   Valid Life Pref. Life Address\r\n"
            L"---------  ----------- ---------- ---------- ------------------------\r\n", each->Ipv6IfIndex ? each->Ipv6IfIndex : each->IfIndex, each->FriendlyName);
        for (const IP_ADAPTER_UNICAST_ADDRESS *one = each->FirstUnicastAddress; one; one = one->Next)
            if (one->Address.lpSockaddr->sa_family == AF_INET6)
                say(L"Manual     Preferred     infinite   infinite %s\r\n", text_of(&one->Address));
    }
    say(L"\r\n");
    return 0;
}

/* The kernel under the container has the range, in a file: two numbers. */
int interface_ports(void)
{
    const wchar_t *protocol = tagged(L"protocol", 0);
    struct lines lines;
    const char *line;
    size_t size, at = 0;
    bool ended;
    unsigned ends[2] = {0};
    if (!protocol || (!same(protocol, L"tcp") && !same(protocol, L"udp")))
        return refuse(L"One or more essential parameters were not entered.\r\nVerify the required parameters, and reenter "
                      L"them.");
    if (!open_lines(&lines, L"\\\\?\\unix\\proc\\sys\\net\\ipv4\\ip_local_port_range") ||
        !next_line(&lines, &line, &size, &ended))
        return refuse(reason(lines.source.error));
    for (int i = 0; i < 2; i++) {
        while (at < size && (line[at] < '0' || line[at] > '9'))
            at++;
        for (; at < size && line[at] >= '0' && line[at] <= '9'; at++)
            ends[i] = ends[i] * 10 + (unsigned)(line[at] - '0');
    }
    close_lines(&lines);
    say(L"\r\nProtocol %s Dynamic Port Range\r\n---------------------------------\r\nStart Port      : %u\r\n"
        L"Number of Ports : %u\r\n\r\n", protocol, ends[0], ends[1] - ends[0] + 1);
    return 0;
}

/* route print, arp -a, getmac: how packets leave the container. */
#include "network.h"

static ULONG WINAPI fill_routes(void *table, ULONG *size, const void *argument)
{
    ULONG(WINAPI * get)(void *, ULONG *, BOOL) = from(L"iphlpapi.dll", "GetIpForwardTable");
    (void)argument;
    return get(table, size, TRUE);
}

static ULONG WINAPI fill_neighbours(void *table, ULONG *size, const void *argument)
{
    ULONG(WINAPI * get)(void *, ULONG *, BOOL) = from(L"iphlpapi.dll", "GetIpNetTable");
    (void)argument;
    return get(table, size, TRUE);
}

static const SOCKET_ADDRESS *address4(const IP_ADAPTER_ADDRESSES *adapter)
{
    for (const IP_ADAPTER_UNICAST_ADDRESS *each = adapter ? adapter->FirstUnicastAddress : NULL; each; each = each->Next)
        if (each->Address.lpSockaddr->sa_family == AF_INET)
            return &each->Address;
    return NULL;
}

static const wchar_t *interface4(const IP_ADAPTER_ADDRESSES *all, DWORD index)
{
    for (; all; all = all->Next)
        if (all->IfIndex == index && address4(all))
            return text_of(address4(all));
    return L"On-link";
}

#define RULE L"===========================================================================\r\n"

int show_routes(void)
{
    IP_ADAPTER_ADDRESSES *all = adapters();
    const MIB_IPFORWARDTABLE *routes = table_of(fill_routes, NULL);
    say(RULE L"Interface List\r\n");
    for (const IP_ADAPTER_ADDRESSES *each = all; each; each = each->Next) {
        wchar_t *address = physical(each->PhysicalAddress, each->PhysicalAddressLength, L' ');
        size_t length = wcslen(address);
        say(L"%3u...%s%.*s%s\r\n", each->IfIndex, address, (int)(length < 27 ? 27 - length : 1), L" .........................." + !length,
            each->IfType == IF_TYPE_SOFTWARE_LOOPBACK ? L"Software Loopback Interface 1" : each->Description);
    }
    say(RULE L"\r\nIPv4 Route Table\r\n" RULE L"Active Routes:\r\n"
        L"Network Destination        Netmask          Gateway       Interface  Metric\r\n");
    for (DWORD i = 0; routes && i < routes->dwNumEntries; i++) {
        const MIB_IPFORWARDROW *row = routes->table + i;
        say(L"%17s %16s %16s %15s %6u\r\n", text4(row->dwForwardDest), text4(row->dwForwardMask),
            row->dwForwardNextHop ? text4(row->dwForwardNextHop) : L"On-link", interface4(all, row->dwForwardIfIndex),
            row->dwForwardMetric1);
    }
    say(RULE L"Persistent Routes:\r\n  None\r\n");
    return routes ? 0 : 1;
}

int route(int count, wchar_t **arguments)
{
    int at = 0;
    while (at < count && (is_option(arguments[at], L"4") || same(arguments[at], L"-4")))
        at++;
    if (at < count && same(arguments[at], L"print"))
        return show_routes();
    if (at < count && (same(arguments[at], L"add") || same(arguments[at], L"delete") || same(arguments[at], L"change")))
        return complain(L"The routes of a container are its network's: make a network with another one "
                        L"(docker network create --gateway), or connect the container to a second one.\r\n"), 1;
    say(L"\r\nManipulates network routing tables.\r\n\r\nROUTE [-4] PRINT\r\n");
    return 1;
}

int arp(int count, wchar_t **arguments)
{
    IP_ADAPTER_ADDRESSES *all = adapters();
    bool any = false;
    if (count && (is_option(arguments[0], L"s") || is_option(arguments[0], L"d")))
        return complain(L"The neighbours of a container are found by its kernel: entries cannot be made or taken away.\r\n"), 1;
    if (count != 1 || (!is_option(arguments[0], L"a") && !is_option(arguments[0], L"g")))
        return say(L"\r\nDisplays the IP-to-Physical address translation table.\r\n\r\nARP -a\r\n"), 1;
    const MIB_IPNETTABLE *found = table_of(fill_neighbours, NULL);
    for (const IP_ADAPTER_ADDRESSES *adapter = all; adapter; adapter = adapter->Next) {
        bool headed = false;
        for (DWORD i = 0; found && i < found->dwNumEntries; i++) {
            const MIB_IPNETROW *row = found->table + i;
            if (row->dwIndex != adapter->IfIndex || !row->dwPhysAddrLen || row->dwPhysAddrLen > sizeof row->bPhysAddr)
                continue;
            if (!headed)
                say(L"\r\nInterface: %s --- 0x%x\r\n  Internet Address      Physical Address      Type\r\n",
                    interface4(all, adapter->IfIndex), adapter->IfIndex);
            headed = any = true;
            wchar_t *address = physical(row->bPhysAddr, row->dwPhysAddrLen, L'-');
            for (wchar_t *p = address; *p; p++)
                *p = *p >= L'A' && *p <= L'F' ? *p + 32 : *p;
            say(L"  %-21s %-21s %s\r\n", text4(row->dwAddr), address, row->dwType == MIB_IPNET_TYPE_STATIC ? L"static" : L"dynamic");
        }
    }
    return any ? 0 : (say(L"No ARP Entries Found.\r\n"), 1);
}

int getmac(int count, wchar_t **arguments)
{
    enum { TABLE, LIST, CSV } shape = TABLE;
    bool headed = true, names = false;
    for (int i = 0; i < count; i++) {
        const wchar_t *next = i + 1 < count ? arguments[i + 1] : L"";
        if (is_option(arguments[i], L"nh")) {
            headed = false;
        } else if (is_option(arguments[i], L"v")) {
            names = true;
        } else if (is_option(arguments[i], L"fo") && (same(next, L"table") || same(next, L"list") || same(next, L"csv"))) {
            shape = same(next, L"list") ? LIST : same(next, L"csv") ? CSV : TABLE;
            i++;
        } else {
            complain(L"ERROR: Invalid argument/option - '%s'.\r\nType \"GETMAC /?\" for usage.\r\n", arguments[i]);
            return 1;
        }
    }
    if (headed && shape == CSV)
        say(names ? L"\"Connection Name\",\"Network Adapter\",\"Physical Address\",\"Transport Name\"\r\n"
                  : L"\"Physical Address\",\"Transport Name\"\r\n");
    if (headed && shape == TABLE)
        say(names ? L"\r\nConnection Name Network Adapter Physical Address    Transport Name                                            \r\n"
                    L"=============== =============== =================== ==========================================================\r\n"
                  : L"\r\nPhysical Address    Transport Name                                            \r\n"
                    L"=================== ==========================================================\r\n");
    for (const IP_ADAPTER_ADDRESSES *each = adapters(); each; each = each->Next) {
        if (!each->PhysicalAddressLength)
            continue;
        wchar_t *address = physical(each->PhysicalAddress, each->PhysicalAddressLength, L'-');
        wchar_t *transport = format(L"\\Device\\Tcpip_%S", each->AdapterName);
        if (shape == CSV)
            say(names ? L"\"%s\",\"%s\",\"%s\",\"%s\"\r\n" : L"%.0s%.0s\"%s\",\"%s\"\r\n", each->FriendlyName, each->Description,
                address, transport);
        else if (shape == TABLE)
            say(names ? L"%-15s %-15s %-19s %-58s\r\n" : L"%.0s%.0s%-19s %-58s\r\n", each->FriendlyName, each->Description,
                address, transport);
        else
            say(names ? L"\r\nConnection Name:  %s\r\nNetwork Adapter:  %s\r\nPhysical Address: %s\r\nTransport Name:   %s\r\n"
                      : L"%.0s%.0s\r\nPhysical Address: %s\r\nTransport Name:   %s\r\n", each->FriendlyName, each->Description,
                address, transport);
    }
    return 0;
}

/* Prints what a Windows program sees of its machine, one `name: value` a line; arguments name what may be slow. */
#define _WIN32_WINNT 0x0a00
#include <winsock2.h>
#include <ws2tcpip.h>
#include <iphlpapi.h>
#include <icmpapi.h>
#include <stdio.h>
#include <stdlib.h>

static void print_interfaces(void)
{
    ULONG size = 1 << 18;
    IP_ADAPTER_ADDRESSES *all = malloc(size);
    if (GetAdaptersAddresses(AF_UNSPEC, GAA_FLAG_INCLUDE_GATEWAYS, NULL, all, &size)) {
        printf("interfaces: none\n");
        return;
    }
    for (IP_ADAPTER_ADDRESSES *each = all; each; each = each->Next) {
        char text[64];
        DWORD length;
        for (IP_ADAPTER_UNICAST_ADDRESS *own = each->FirstUnicastAddress; own; own = own->Next) {
            length = sizeof text;
            WSAAddressToStringA(own->Address.lpSockaddr, own->Address.iSockaddrLength, NULL, text, &length);
            printf("address %ls: %s/%d\n", each->FriendlyName, text, own->OnLinkPrefixLength);
        }
        for (IP_ADAPTER_GATEWAY_ADDRESS *gateway = each->FirstGatewayAddress; gateway; gateway = gateway->Next) {
            length = sizeof text;
            WSAAddressToStringA(gateway->Address.lpSockaddr, gateway->Address.iSockaddrLength, NULL, text, &length);
            printf("gateway: %s\n", text);
        }
        printf("mac %ls:", each->FriendlyName);
        for (unsigned i = 0; i < each->PhysicalAddressLength; i++)
            printf("%c%02x", i ? ':' : ' ', each->PhysicalAddress[i]);
        printf("\n");
    }
}

static void print_tables(void)
{
    ULONG size = 1 << 18;
    MIB_IFTABLE *interfaces = malloc(size);
    printf("interface table: %lu\n", GetIfTable(interfaces, &size, TRUE) ? 0 : interfaces->dwNumEntries);
    size = 1 << 18;
    MIB_IPFORWARDTABLE *routes = malloc(size);
    printf("routes: %s\n", !GetIpForwardTable(routes, &size, TRUE) && routes->dwNumEntries ? "some" : "none");
    size = 1 << 18;
    MIB_TCPTABLE *sockets = malloc(size);
    printf("sockets: %s\n", GetTcpTable(sockets, &size, TRUE) ? "error" : "listed");
}

static void print_change_notification(void)
{
    OVERLAPPED wait = {.hEvent = CreateEventW(NULL, FALSE, FALSE, NULL)};
    HANDLE handle;
    DWORD status = NotifyAddrChange(&handle, &wait);
    BOOL taken_back = CancelIPChangeNotify(&wait);
    printf("notification: %lu %d %lu\n", status, taken_back, WaitForSingleObject(wait.hEvent, 20000));
}

static void print_echo(const char *to)
{
    char reply[256];
    HANDLE icmp = IcmpCreateFile();
    DWORD count = IcmpSendEcho(icmp, inet_addr(to), "echo", 4, NULL, reply, sizeof reply, 5000);
    const ICMP_ECHO_REPLY *got = (void *)reply;
    printf("echo %s: %lu %lu\n", to, count, count ? got->Status : GetLastError());
    IcmpCloseHandle(icmp);
}

static void print_names(void)
{
    wchar_t name[256];
    char host[256];
    for (int kind = ComputerNameNetBIOS; kind <= ComputerNameDnsFullyQualified; kind++) {
        DWORD size = sizeof name / sizeof *name;
        if (GetComputerNameExW(kind, name, &size))
            printf("name %d: %ls\n", kind, name);
    }
    gethostname(host, sizeof host);
    struct hostent *entry = gethostbyname(host);
    printf("host: %s %s\n", host, entry ? inet_ntoa(*(struct in_addr *)entry->h_addr) : "?");
}

static void print_volume(const wchar_t *root)
{
    wchar_t label[64], kind[64], volume[64] = L"?";
    DWORD serial, longest, flags;
    ULARGE_INTEGER available, total;
    if (GetVolumeInformationW(root, label, 64, &serial, &longest, &flags, kind, 64))
        printf("volume: [%ls] %08lx %ls\n", label, serial, kind);
    if (GetDiskFreeSpaceExW(root, &available, &total, NULL))
        printf("space: %llu %llu\n", available.QuadPart, total.QuadPart);
    GetVolumeNameForVolumeMountPointW(root, volume, 64);
    printf("volume name: %ls\n", volume);
    printf("drives: %lx\n", GetLogicalDrives());
}

static long long adapters[8192];

int main(int count, char **arguments)
{
    WSADATA data;
    WSAStartup(MAKEWORD(2, 2), &data);
    SYSTEM_INFO system;
    MEMORYSTATUSEX memory = {.dwLength = sizeof memory};
    DYNAMIC_TIME_ZONE_INFORMATION zone;
    GetSystemInfo(&system);
    GlobalMemoryStatusEx(&memory);
    DWORD season = GetDynamicTimeZoneInformation(&zone);
    ULONG room = sizeof adapters;
    printf("adapters: %lu\n",
           GetAdaptersAddresses(AF_UNSPEC, GAA_FLAG_INCLUDE_PREFIX, NULL, (IP_ADAPTER_ADDRESSES *)adapters, &room));
    printf("processors: %lu %lu\n", system.dwNumberOfProcessors, GetActiveProcessorCount(ALL_PROCESSOR_GROUPS));
    printf("memory: %llu %llu\n", memory.ullTotalPhys, memory.ullAvailPhys);
    printf("zone: %lu %ld %ls\n", season, zone.Bias, zone.TimeZoneKeyName);
    SYSTEMTIME noon = {.wYear = 2026, .wMonth = 1, .wDay = 1, .wHour = 12}, winter, summer;
    SystemTimeToTzSpecificLocalTime(NULL, &noon, &winter);
    noon.wMonth = 7;
    SystemTimeToTzSpecificLocalTime(NULL, &noon, &summer);
    printf("noon: %d %d\n", winter.wHour, summer.wHour);
    print_names();
    print_volume(L"C:\\");
    print_interfaces();
    print_tables();
    print_change_notification();
    for (int i = 1; i < count; i++)
        print_echo(arguments[i]);
    return 0;
}

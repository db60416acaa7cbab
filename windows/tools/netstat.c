/* netstat: connections and listening ports of the container. */
#include "network.h"
#include "processes.h"

struct netstat {
    bool all, numbers, owners, programs, tcp, udp, six, four;
    struct process *processes;
    size_t count;
    wchar_t *computer;
};

enum { LISTENING = 2, LAST_STATE = 12 };

struct table {
    bool udp;
    ULONG family;
};

static ULONG WINAPI fill_table(void *to, ULONG *size, const void *argument)
{
    const struct table *table = argument;
    ULONG(WINAPI * tcp)(void *, ULONG *, BOOL, ULONG, int, ULONG) = from(L"iphlpapi.dll", "GetExtendedTcpTable");
    ULONG(WINAPI * udp)(void *, ULONG *, BOOL, ULONG, int, ULONG) = from(L"iphlpapi.dll", "GetExtendedUdpTable");
    return table->udp ? udp(to, size, TRUE, table->family, UDP_TABLE_OWNER_PID, 0)
                      : tcp(to, size, TRUE, table->family, TCP_TABLE_OWNER_PID_ALL, 0);
}

static unsigned port_of(DWORD value)
{
    return (value & 0xff) << 8 | (value >> 8 & 0xff);
}

static wchar_t *place(const struct netstat *how, const wchar_t *address, bool six, DWORD port, bool local)
{
    bool any = same(address, L"0.0.0.0") || same(address, L"::");
    bool here = local || same(address, L"127.0.0.1") || same(address, L"::1");
    if (!how->numbers && here && (local || !any))
        return format(L"%s:%u", how->computer, port_of(port));
    return format(six ? L"[%s]:%u" : L"%s:%u", address, port_of(port));
}

static void show(const struct netstat *how, const wchar_t *protocol, const wchar_t *local, const wchar_t *foreign,
                 const wchar_t *state, DWORD owner)
{
    wchar_t *line = format(L"  %-6s %-22s %-22s ", protocol, local, foreign);
    say(how->owners ? L"%s%-15s %u\r\n" : L"%s%s\r\n", line, state, owner);
    for (size_t i = 0; how->programs && i < how->count; i++)
        if (how->processes[i].id == owner)
            say(L" [%s]\r\n", how->processes[i].name);
}

static const wchar_t *state_of(DWORD state)
{
    static const wchar_t *const names[] = {L"", L"CLOSED", L"LISTENING", L"SYN_SENT", L"SYN_RECEIVED", L"ESTABLISHED",
        L"FIN_WAIT_1", L"FIN_WAIT_2", L"CLOSE_WAIT", L"CLOSING", L"LAST_ACK", L"TIME_WAIT", L"DELETE_TCB"};
    return state <= LAST_STATE ? names[state] : L"";
}

static void show_tcp(const struct netstat *how)
{
    const MIB_TCPTABLE_OWNER_PID *four = how->four ? table_of(fill_table, &(struct table){false, AF_INET}) : NULL;
    const MIB_TCP6TABLE_OWNER_PID *six = how->six ? table_of(fill_table, &(struct table){false, AF_INET6}) : NULL;
    for (DWORD i = 0; four && i < four->dwNumEntries; i++) {
        const MIB_TCPROW_OWNER_PID *row = four->table + i;
        bool waits = row->dwState == LISTENING;
        if (how->all || !waits)
            show(how, L"TCP", place(how, text4(row->dwLocalAddr), false, row->dwLocalPort, true),
                 place(how, text4(row->dwRemoteAddr), false, waits ? 0 : row->dwRemotePort, false), state_of(row->dwState),
                 row->dwOwningPid);
    }
    for (DWORD i = 0; six && i < six->dwNumEntries; i++) {
        const MIB_TCP6ROW_OWNER_PID *row = six->table + i;
        bool waits = row->dwState == LISTENING;
        if (how->all || !waits)
            show(how, L"TCP", place(how, text6(row->ucLocalAddr), true, row->dwLocalPort, true),
                 place(how, text6(row->ucRemoteAddr), true, waits ? 0 : row->dwRemotePort, false), state_of(row->dwState),
                 row->dwOwningPid);
    }
}

static void show_udp(const struct netstat *how)
{
    const MIB_UDPTABLE_OWNER_PID *four = how->four ? table_of(fill_table, &(struct table){true, AF_INET}) : NULL;
    const MIB_UDP6TABLE_OWNER_PID *six = how->six ? table_of(fill_table, &(struct table){true, AF_INET6}) : NULL;
    for (DWORD i = 0; four && i < four->dwNumEntries; i++)
        show(how, L"UDP", place(how, text4(four->table[i].dwLocalAddr), false, four->table[i].dwLocalPort, true), L"*:*", L"",
             four->table[i].dwOwningPid);
    for (DWORD i = 0; six && i < six->dwNumEntries; i++)
        show(how, L"UDP", place(how, text6(six->table[i].ucLocalAddr), true, six->table[i].dwLocalPort, true), L"*:*", L"",
             six->table[i].dwOwningPid);
}

static int usage(void)
{
    say(L"\r\nDisplays protocol statistics and current TCP/IP network connections.\r\n\r\n"
        L"NETSTAT [-a] [-b] [-n] [-o] [-p proto] [-r] [interval]\r\n\r\n"
        L"  -a            Displays all connections and listening ports.\r\n"
        L"  -b            Displays the executable of each connection or listening port.\r\n"
        L"  -n            Displays addresses and port numbers in numerical form.\r\n"
        L"  -o            Displays the owning process ID of each connection.\r\n"
        L"  -p proto      Shows connections for TCP, UDP, TCPv6 or UDPv6.\r\n"
        L"  -r            Displays the routing table.\r\n"
        L"  interval      Displays them again every so many seconds.\r\n");
    return 1;
}

static bool read_protocol(struct netstat *how, const wchar_t *name)
{
    how->tcp = same(name, L"tcp") || same(name, L"tcpv6");
    how->udp = same(name, L"udp") || same(name, L"udpv6");
    how->four = same(name, L"tcp") || same(name, L"udp");
    how->six = !how->four;
    return how->tcp || how->udp;
}

/* Letters may stand together: -ano. */
static bool read_letters(struct netstat *how, const wchar_t *letters, bool *routes)
{
    for (; *letters; letters++)
        switch (upper(*letters)) {
        case L'A': how->all = true; break;
        case L'N': how->numbers = true; break;
        case L'O': how->owners = true; break;
        case L'B': how->programs = true; break;
        case L'R': *routes = true; break;
        default: return false;
        }
    return true;
}

int netstat(int count, wchar_t **arguments)
{
    struct netstat how = {.tcp = true, .udp = true, .four = true, .six = true};
    uint64_t interval = 0;
    bool routes = false;
    DWORD room = MAX_COMPUTERNAME_LENGTH + 1;
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i];
        if (is_option(each, L"p") && i + 1 < count) {
            if (!read_protocol(&how, arguments[++i]))
                return usage();
        } else if (*each == L'-' || *each == L'/') {
            if (!each[1] || !read_letters(&how, each + 1, &routes))
                return usage();
        } else if (!whole_number(each, &interval) || !interval || interval > 86400) {
            return usage();
        }
    }
    if (routes)
        return show_routes();
    how.computer = take((MAX_COMPUTERNAME_LENGTH + 1) * sizeof(wchar_t));
    GetComputerNameW(how.computer, &room);
    for (;;) {
        if (how.programs)
            how.processes = list_processes(&how.count);
        say(L"\r\nActive Connections\r\n\r\n  Proto  Local Address          Foreign Address        State%s\r\n",
            how.owners ? L"           PID" : L"");
        if (how.tcp)
            show_tcp(&how);
        if (how.udp && how.all)
            show_udp(&how);
        if (!interval)
            return 0;
        flush();
        Sleep((DWORD)interval * 1000);
    }
}

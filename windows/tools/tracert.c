/*
 * tracert: the routers on the way to an address, by echoes whose time to live is too short.
 *
 * Linux tells of them beside the socket's data, in its queue of errors, which Wine's IcmpSendEcho does not look at: the
 * socket is Linux's own.
 *
 * Source: ip(7), IP_RECVERR; icmp(7); Linux, arch/x86/entry/syscalls/syscall_64.tbl.
 */
#include "network.h"

#include "../linux.h"

enum {
    PROBES = 3,
    ECHO_BYTES = 64,
    WAIT_FOR = 7,
    MAKE_SOCKET = 41,
    SENDTO = 44,
    RECVMSG = 47,
    SETSOCKOPT = 54,
    FAMILY = 2,               /* AF_INET */
    DATAGRAM = 2 | 02000000,  /* SOCK_DGRAM | SOCK_CLOEXEC */
    TIME_TO_LIVE = 2,         /* IP_TTL */
    TELL_ERRORS = 11,         /* IP_RECVERR */
    ERRORS_QUEUED = 0x2000,   /* MSG_ERRQUEUE */
    DO_NOT_WAIT = 0x40,       /* MSG_DONTWAIT */
    ECHO_REQUEST = 8,
    TIME_EXCEEDED = 11,
};

struct piece {
    void *base;
    uint64_t size;
};
struct message {
    void *name;
    uint32_t name_size;
    struct piece *pieces;
    uint64_t count;
    void *control;
    uint64_t control_size;
    int flags;
};
struct error {
    uint64_t size;
    int level, kind;
    uint32_t number;
    uint8_t origin, type, code, pad;
    uint32_t info, data;
    struct sockaddr_in from;
};
struct answer {
    enum { SILENCE, ROUTER, TARGET, UNREACHABLE } kind;
    DWORD from, milliseconds;
};

static struct {
    bool bare;
    uint64_t hops, wait;
} rules = {.hops = 30, .wait = 4000};

static const wchar_t usage[] =
    L"\r\nUsage: tracert [-d] [-h maximum_hops] [-w timeout] [-4] target_name\r\n\r\nOptions:\r\n"
    L"    -d                 Do not resolve addresses to hostnames.\r\n"
    L"    -h maximum_hops    Maximum number of hops to search for target.\r\n"
    L"    -w timeout         Wait timeout milliseconds for each reply.\r\n    -4                 Force using IPv4.\r\n";

static int(WINAPI *get_name)(const struct sockaddr *, int, wchar_t *, DWORD, wchar_t *, DWORD, int);

static bool find_address(const wchar_t *name, DWORD *address)
{
    int(WINAPI * start)(WORD, WSADATA *) = from(L"ws2_32.dll", "WSAStartup");
    int(WINAPI * look)(const wchar_t *, const wchar_t *, const ADDRINFOW *, ADDRINFOW **) =
        from(L"ws2_32.dll", "GetAddrInfoW");
    ADDRINFOW wanted = {.ai_family = AF_INET}, *found;
    WSADATA data;
    get_name = from(L"ws2_32.dll", "GetNameInfoW");
    if (start(0x202, &data) || look(name, NULL, &wanted, &found))
        return false;
    *address = ((struct sockaddr_in *)found->ai_addr)->sin_addr.s_addr;
    return true;
}

static wchar_t *shown(DWORD address)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = address};
    wchar_t name[1025];
    if (!rules.bare && !get_name((struct sockaddr *)&any, sizeof any, name, 1025, NULL, 0, NI_NAMEREQD))
        return format(L"%s [%s]", name, text4(address));
    return text4(address);
}

static long long call6(long long number, long long a, long long b, long long c, long long d, long long e, long long f)
{
    register long long fourth __asm__("r10") = d;
    register long long fifth __asm__("r8") = e;
    register long long sixth __asm__("r9") = f;
    long long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "rcx", "r11", "memory");
    return result;
}

static void set(int socket, int option, int value)
{
    call6(SETSOCKOPT, socket, 0, option, (intptr_t)&value, sizeof value, 0);
}

/* Take what has come for the echo of this number, if it has. */
static bool take_answer(int socket, int queue, uint16_t number, struct answer *answer)
{
    uint8_t data[512], control[512];
    struct sockaddr_in from = {0};
    struct piece piece = {data, sizeof data};
    struct message message = {&from, sizeof from, &piece, 1, control, sizeof control, 0};
    long long size = linux_call(RECVMSG, socket, (intptr_t)&message, queue | DO_NOT_WAIT);
    const struct error *error = (const struct error *)control;
    if (size < 8 || (data[6] << 8 | data[7]) != number)
        return false;
    *answer = (struct answer){TARGET, from.sin_addr.s_addr, 0};
    if (!queue)
        return true;
    if (message.control_size < sizeof *error)
        return false;
    answer->kind = error->type == TIME_EXCEEDED ? ROUTER : UNREACHABLE;
    answer->from = error->from.sin_addr.s_addr;
    return true;
}

static struct answer ask_once(int socket, DWORD target, uint16_t number)
{
    struct sockaddr_in to = {.sin_family = FAMILY, .sin_addr.s_addr = target};
    uint8_t echo[8 + ECHO_BYTES] = {ECHO_REQUEST, 0, 0, 0, 0, 0, (uint8_t)(number >> 8), (uint8_t)number};
    struct {
        int socket;
        short wanted, found;
    } poll = {socket, 1, 0};
    struct answer answer = {SILENCE, 0, 0};
    ULONGLONG start = GetTickCount64(), passed = 0;
    if (call6(SENDTO, socket, (intptr_t)echo, sizeof echo, 0, (intptr_t)&to, sizeof to) < 0)
        return (struct answer){UNREACHABLE, 0, 0};
    for (; passed < rules.wait; passed = GetTickCount64() - start) {
        linux_call(WAIT_FOR, (intptr_t)&poll, 1, (long long)(rules.wait - passed));
        if (!take_answer(socket, ERRORS_QUEUED, number, &answer) && !take_answer(socket, 0, number, &answer))
            continue;
        answer.milliseconds = (DWORD)(GetTickCount64() - start);
        break;
    }
    return answer;
}

/* Send the echoes of one distance and show who answered; true where it goes no further. */
static bool probe(int socket, DWORD target, unsigned distance)
{
    struct answer last = {SILENCE, 0, 0};
    bool reached = false;
    set(socket, TIME_TO_LIVE, (int)distance);
    say(L"%3u ", distance);
    for (unsigned i = 0; i < PROBES; i++) {
        struct answer answer = ask_once(socket, target, (uint16_t)(distance * PROBES + i));
        if (answer.kind == ROUTER || answer.kind == TARGET)
            say(answer.milliseconds ? L" %4u ms " : L"   <1 ms ", answer.milliseconds);
        else
            say(L"    *    ");
        flush();
        last = answer.kind == SILENCE ? last : answer;
        reached |= answer.kind == TARGET || answer.kind == UNREACHABLE;
    }
    if (last.kind == SILENCE)
        say(L" Request timed out. \r\n");
    else if (last.kind == UNREACHABLE)
        say(last.from ? L" %s  reports: Destination host unreachable.\r\n" : L" Destination host unreachable.\r\n",
            last.from ? shown(last.from) : L"");
    else
        say(L" %s \r\n", shown(last.from));
    flush();
    return reached;
}

static bool number(const wchar_t *text, uint64_t most, uint64_t *value)
{
    return text && whole_number(text, value) && *value && *value <= most;
}

int tracert(int count, wchar_t **arguments)
{
    const wchar_t *name = NULL;
    DWORD target;
    for (int i = 0; i < count; i++) {
        const wchar_t *next = i + 1 < count ? arguments[i + 1] : NULL;
        bool hops = is_option(arguments[i], L"h"), wait = is_option(arguments[i], L"w");
        if (is_option(arguments[i], L"d") || is_option(arguments[i], L"4"))
            rules.bare |= is_option(arguments[i], L"d");
        else if ((hops || wait) && number(next, hops ? 255 : UINT32_MAX, hops ? &rules.hops : &rules.wait))
            i++;
        else if (hops || wait)
            return say(L"A value must be supplied for option %s.\r\n", arguments[i]), 1;
        else if (is_option(arguments[i], L"?"))
            return say(L"%s", usage), 0;
        else if (*arguments[i] == L'-' || *arguments[i] == L'/' || name)
            return say(L"%s is not a valid command option.\r\n%s", arguments[i], usage), 1;
        else
            name = arguments[i];
    }
    if (!name)
        return say(L"%s", usage), 1;
    if (!find_address(name, &target))
        return say(L"Unable to resolve target system name %s.\r\n", name), 1;
    int socket = (int)linux_call(MAKE_SOCKET, FAMILY, DATAGRAM, IPPROTO_ICMP);
    if (socket < 0)
        return complain(L"The network of this container lets no program send echoes.\r\n"), 1;
    set(socket, TELL_ERRORS, 1);
    wchar_t *address = text4(target);
    say(L"\r\nTracing route to %s%s\r\nover a maximum of %I64u hops:\r\n\r\n", name,
        same(name, address) ? L"" : format(L" [%s]", address), rules.hops);
    for (unsigned distance = 1; distance <= rules.hops && !probe(socket, target, distance);)
        distance++;
    say(L"\r\nTrace complete.\r\n");
    return 0;
}

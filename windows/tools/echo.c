/*
 * Echoes to addresses, for ping and tracert.
 *
 * Linux tells of routers and of what cannot be reached beside a socket's data, in its queue of errors, which Wine's
 * IcmpSendEcho does not look at: the socket is Linux's own, one that needs no privilege.
 *
 * Source: ip(7), IP_RECVERR; ipv6(7); icmp(7); Linux, arch/x86/entry/syscalls/syscall_64.tbl.
 */
#include "echo.h"

#include "../linux.h"

enum { /* system calls, and what they are given */
    WAIT_FOR = 7,
    MAKE_SOCKET = 41,
    SEND_TO = 44,
    RECEIVE = 47,
    SET_OPTION = 54,
    INET = 2,
    INET6 = 10,
    DATAGRAM = 2 | LINUX_O_CLOEXEC,
    LEVEL4 = 0,
    LEVEL6 = 41,
    ERRORS_QUEUED = 0x2000,
    DO_NOT_WAIT = 0x40,
    TOO_LONG = -90,
};
enum { /* options: of IPv4, of IPv6 */
    HOPS4 = 2,
    HOPS6 = 16,
    TELL_ERRORS4 = 11,
    TELL_ERRORS6 = 25,
    TELL_HOPS4 = 12,
    TELL_HOPS6 = 51,
    PIECES4 = 10,
    PIECES6 = 23,
    HOPS_TOLD4 = 2,
    HOPS_TOLD6 = 52,
};
enum { REQUEST4 = 8, REQUEST6 = 128, EXCEEDED4 = 11, EXCEEDED6 = 3, TOO_BIG6 = 2, UNREACHABLE4 = 3, NEEDS_PIECES = 4 };

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
struct part { /* of what is told beside the data */
    uint64_t size;
    int level, kind;
};
struct error {
    uint32_t number;
    uint8_t origin, type, code, pad;
    uint32_t info, data;
    SOCKADDR_IN6 from; /* or an IPv4 address */
};

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

bool find_target(const wchar_t *name, int family, SOCKADDR_STORAGE *target)
{
    int(WINAPI * start)(WORD, WSADATA *) = from(L"ws2_32.dll", "WSAStartup");
    int(WINAPI * look)(const wchar_t *, const wchar_t *, const ADDRINFOW *, ADDRINFOW **) =
        from(L"ws2_32.dll", "GetAddrInfoW");
    ADDRINFOW wanted = {.ai_family = family}, *found;
    WSADATA data;
    if (start(0x202, &data) || look(name, NULL, &wanted, &found))
        return false;
    memset(target, 0, sizeof *target);
    memcpy(target, found->ai_addr, found->ai_addrlen);
    return true;
}

wchar_t *name_of(const SOCKADDR_STORAGE *address)
{
    int(WINAPI * look)(const SOCKADDR *, int, wchar_t *, DWORD, wchar_t *, DWORD, int) = from(L"ws2_32.dll", "GetNameInfoW");
    int size = address->ss_family == AF_INET ? sizeof(SOCKADDR_IN) : sizeof(SOCKADDR_IN6);
    wchar_t name[1025];
    return look((const SOCKADDR *)address, size, name, 1025, NULL, 0, NI_NAMEREQD) ? NULL : copy(name);
}

wchar_t *address_text(const SOCKADDR_STORAGE *address)
{
    SOCKET_ADDRESS any = {(SOCKADDR *)address, sizeof *address};
    return address->ss_family ? text_of(&any) : copy(L"");
}

static void set(const struct echo *echo, int option4, int option6, int value)
{
    call6(SET_OPTION, echo->socket, echo->six ? LEVEL6 : LEVEL4, echo->six ? option6 : option4, (intptr_t)&value,
          sizeof value, 0);
}

bool open_echo(struct echo *echo)
{
    echo->six = echo->target.ss_family == AF_INET6;
    echo->socket = (int)linux_call(MAKE_SOCKET, echo->six ? INET6 : INET, DATAGRAM,
                                   echo->six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
    if (echo->socket < 0)
        return false;
    set(echo, TELL_ERRORS4, TELL_ERRORS6, 1);
    set(echo, TELL_HOPS4, TELL_HOPS6, 1);
    return true;
}

void set_hops(const struct echo *echo, unsigned hops)
{
    set(echo, HOPS4, HOPS6, (int)hops);
}

void forbid_pieces(const struct echo *echo)
{
    set(echo, PIECES4, PIECES6, 2);
}

/* An address of Linux's as one of Windows': another number says which family it is of. */
static void take_address(SOCKADDR_STORAGE *to, const void *from, bool six)
{
    memset(to, 0, sizeof *to);
    memcpy(to, from, six ? sizeof(SOCKADDR_IN6) : sizeof(SOCKADDR_IN));
    to->ss_family = !to->ss_family ? 0 : six ? AF_INET6 : AF_INET;
}

static void read_error(const struct error *error, bool six, struct answer_to *answer)
{
    bool too_big = six ? error->type == TOO_BIG6 : error->type == UNREACHABLE4 && error->code == NEEDS_PIECES;
    answer->kind = error->type == (six ? EXCEEDED6 : EXCEEDED4) ? ROUTER : too_big ? TOO_BIG : UNREACHABLE;
    take_address(&answer->from, &error->from, six);
}

/* What is told beside the data: an error and who had it, or the hops that were left. */
static void read_parts(const uint8_t *control, size_t size, bool six, struct answer_to *answer)
{
    for (size_t at = 0; at + sizeof(struct part) <= size;) {
        const struct part *part = (const struct part *)(control + at);
        const void *data = part + 1;
        if (part->size < sizeof *part || part->size > size - at)
            return;
        size_t room = part->size - sizeof *part;
        if (part->kind == (six ? TELL_ERRORS6 : TELL_ERRORS4) && room >= 16 + sizeof(SOCKADDR_IN))
            read_error(data, six, answer);
        else if (part->kind == (six ? HOPS_TOLD6 : HOPS_TOLD4) && room >= 4)
            answer->hops_left = *(const uint8_t *)data;
        at += (part->size + 7) & ~7ULL;
    }
}

/* Take what has come for the echo of this number, if it has. */
static bool take_answer(const struct echo *echo, int queue, uint16_t number, struct answer_to *answer)
{
    static uint8_t data[65536 + 64], control[512];
    SOCKADDR_STORAGE from = {0};
    struct piece piece = {data, sizeof data};
    struct message message = {&from, sizeof from, &piece, 1, control, sizeof control, 0};
    long long size = linux_call(RECEIVE, echo->socket, (intptr_t)&message, queue | DO_NOT_WAIT);
    if (size < 8 || (data[6] << 8 | data[7]) != number)
        return false;
    answer->kind = TARGET;
    take_address(&answer->from, &from, echo->six);
    read_parts(control, message.control_size, echo->six, answer);
    return !queue || answer->kind != TARGET;
}

static bool is_stopped(const struct echo *echo)
{
    return echo->stop && *echo->stop;
}

struct answer_to ask_echo(const struct echo *echo, uint16_t number)
{
    enum { SLICE = 200 };
    SOCKADDR_STORAGE to = echo->target;
    uint8_t *data = take(8 + echo->size);
    struct {
        int socket;
        short wanted, found;
    } wait = {echo->socket, 1, 0};
    struct answer_to answer = {.kind = SILENCE};
    ULONGLONG start = GetTickCount64(), passed = 0;
    data[0] = echo->six ? REQUEST6 : REQUEST4;
    data[6] = (uint8_t)(number >> 8);
    data[7] = (uint8_t)number;
    for (size_t i = 0; i < echo->size; i++)
        data[8 + i] = (uint8_t)('a' + i % 23);
    to.ss_family = echo->six ? INET6 : INET;
    long long sent = call6(SEND_TO, echo->socket, (intptr_t)data, (long long)(8 + echo->size), 0, (intptr_t)&to,
                           echo->six ? sizeof(SOCKADDR_IN6) : sizeof(SOCKADDR_IN));
    HeapFree(GetProcessHeap(), 0, data);
    if (sent < 0)
        answer.kind = sent == TOO_LONG ? TOO_BIG : NOT_SENT;
    for (; sent >= 0 && passed < echo->wait && !is_stopped(echo); passed = GetTickCount64() - start) {
        unsigned left = echo->wait - (unsigned)passed;
        linux_call(WAIT_FOR, (intptr_t)&wait, 1, left < SLICE ? left : SLICE);
        if (!take_answer(echo, ERRORS_QUEUED, number, &answer) && !take_answer(echo, 0, number, &answer)) {
            answer.kind = SILENCE;
            continue;
        }
        answer.milliseconds = (unsigned)(GetTickCount64() - start);
        break;
    }
    return answer;
}

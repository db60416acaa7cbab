/*
 * Questions to name servers: by UDP, and once more by TCP where the answer is cut off.
 *
 * Answers are others' bytes: whatever they say of lengths and places is checked.
 *
 * Source: RFC 1035, 3.1, 4.1, 4.2.
 */
#include "dns.h"

enum { HEADER = 12, MOST = 65535, MOST_UDP = 4096, CUT_OFF = 0x0200, AUTHORITATIVE = 0x0400 };

static struct {
    int(WINAPI *start)(WORD, WSADATA *);
    SOCKET(WINAPI *make)(int, int, int);
    int(WINAPI *connect)(SOCKET, const struct sockaddr *, int);
    int(WINAPI *set)(SOCKET, int, int, const char *, int);
    int(WINAPI *send)(SOCKET, const char *, int, int);
    int(WINAPI *receive)(SOCKET, char *, int, int);
    int(WINAPI *close)(SOCKET);
} dns_socket;

void start_network(void)
{
    WSADATA data;
    const wchar_t *winsock = L"ws2_32.dll";
    dns_socket.start = from(winsock, "WSAStartup");
    dns_socket.make = from(winsock, "socket");
    dns_socket.connect = from(winsock, "connect");
    dns_socket.set = from(winsock, "setsockopt");
    dns_socket.send = from(winsock, "send");
    dns_socket.receive = from(winsock, "recv");
    dns_socket.close = from(winsock, "closesocket");
    dns_socket.start(0x202, &data);
}

bool server_at(const wchar_t *text, struct server *server)
{
    LONG(NTAPI * parse4)(const wchar_t *, BOOLEAN, const wchar_t **, void *) = from(L"ntdll.dll", "RtlIpv4StringToAddressW");
    LONG(NTAPI * parse6)(const wchar_t *, const wchar_t **, void *) = from(L"ntdll.dll", "RtlIpv6StringToAddressW");
    struct sockaddr_in *four = (struct sockaddr_in *)&server->address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&server->address;
    const wchar_t *end;
    memset(&server->address, 0, sizeof server->address);
    server->text = copy(text);
    if (!parse4(text, TRUE, &end, &four->sin_addr) && !*end) {
        four->sin_family = AF_INET;
        server->size = sizeof *four;
        return true;
    }
    if (!parse6(text, &end, &six->sin6_addr) && !*end) {
        six->sin6_family = AF_INET6;
        server->size = sizeof *six;
        return true;
    }
    return false;
}

static unsigned number_at(const struct answer *answer, size_t at)
{
    return at + 2 <= answer->size ? (unsigned)answer->data[at] << 8 | answer->data[at + 1] : 0;
}

/* The question as it is sent; its size, 0 where the name cannot be one. */
static size_t make_question(uint8_t *to, uint16_t id, const wchar_t *name, unsigned type)
{
    size_t used = HEADER, size;
    char *bytes = bytes_of(name, wcslen(name), &size);
    memset(to, 0, HEADER);
    to[0] = (uint8_t)(id >> 8);
    to[1] = (uint8_t)id;
    to[2] = 1; /* ask others on */
    to[5] = 1; /* one question */
    if (size && bytes[size - 1] == '.')
        size--;
    for (size_t at = 0, end; at < size; at = end + 1) {
        for (end = at; end < size && bytes[end] != '.';)
            end++;
        if (end == at || end - at > 63 || used + (end - at) > HEADER + 254)
            return 0;
        to[used++] = (uint8_t)(end - at);
        memcpy(to + used, bytes + at, end - at);
        used += end - at;
    }
    memcpy(to + used, "\0\0\0\0\1", 5);
    to[used + 1] = (uint8_t)(type >> 8);
    to[used + 2] = (uint8_t)type;
    return used + 5;
}

static bool is_answer(const struct answer *answer, const uint8_t *question)
{
    return answer->size >= HEADER && !memcmp(answer->data, question, 2) && answer->data[2] & 0x80;
}

static SOCKET connected(const struct server *server, int kind, unsigned seconds)
{
    struct sockaddr_storage to = server->address;
    DWORD wait = seconds * 1000;
    uint16_t port = (uint16_t)(server->port << 8 | (server->port >> 8 & 255));
    SOCKET made = dns_socket.make(to.ss_family, kind, 0);
    ((struct sockaddr_in *)&to)->sin_port = port; /* at the same place for both families */
    if (made == INVALID_SOCKET)
        return made;
    dns_socket.set(made, SOL_SOCKET, SO_RCVTIMEO, (const char *)&wait, sizeof wait);
    if (!dns_socket.connect(made, (const struct sockaddr *)&to, server->size))
        return made;
    dns_socket.close(made);
    return INVALID_SOCKET;
}

/* Ask by UDP and wait so long; 0, TIMED_OUT, or NO_RESPONSE where nobody is there to ask. */
static unsigned ask_once(const struct server *server, const uint8_t *question, size_t size, struct answer *answer,
                         unsigned seconds)
{
    SOCKET socket = connected(server, SOCK_DGRAM, seconds);
    ULONGLONG end = GetTickCount64() + seconds * 1000ULL;
    unsigned code = NO_RESPONSE;
    if (socket == INVALID_SOCKET)
        return code;
    if (dns_socket.send(socket, (const char *)question, (int)size, 0) == (int)size) {
        /* What answers another question is passed over. */
        do {
            int got = dns_socket.receive(socket, (char *)answer->data, MOST_UDP, 0);
            answer->size = got > 0 ? (size_t)got : 0;
            code = is_answer(answer, question) ? NO_ERROR_CODE : GetTickCount64() + 20 < end ? NO_RESPONSE : TIMED_OUT;
        } while (code && answer->size && GetTickCount64() < end);
    }
    dns_socket.close(socket);
    return code;
}

static bool receive_all(SOCKET socket, uint8_t *to, size_t size)
{
    while (size) {
        int got = dns_socket.receive(socket, (char *)to, (int)size, 0);
        if (got <= 0)
            return false;
        to += got;
        size -= (size_t)got;
    }
    return true;
}

static bool ask_by_tcp(const struct server *server, const uint8_t *question, size_t size, struct answer *answer)
{
    SOCKET socket = connected(server, SOCK_STREAM, server->seconds);
    uint8_t sent[HEADER + 300], length[2];
    bool good = false;
    if (socket == INVALID_SOCKET)
        return false;
    sent[0] = (uint8_t)(size >> 8);
    sent[1] = (uint8_t)size;
    memcpy(sent + 2, question, size);
    if (dns_socket.send(socket, (const char *)sent, (int)size + 2, 0) == (int)size + 2 && receive_all(socket, length, 2)) {
        answer->size = (size_t)length[0] << 8 | length[1];
        good = receive_all(socket, answer->data, answer->size) && is_answer(answer, question);
    }
    dns_socket.close(socket);
    return good;
}

wchar_t *name_at(const struct answer *answer, size_t *at)
{
    char name[1024];
    size_t used = 0, place = *at, length, jumps = 0;
    for (;;) {
        if (place >= answer->size)
            return NULL;
        uint8_t first = answer->data[place];
        if ((first & 0xc0) == 0xc0) {
            if (!jumps++)
                *at = place + 2;
            place = number_at(answer, place) & 0x3fff;
            if (jumps > 128)
                return NULL;
            continue;
        }
        if (!first)
            break;
        if (first > 63 || place + 1 + first > answer->size || used + first + 1 > sizeof name)
            return NULL;
        if (used)
            name[used++] = '.';
        memcpy(name + used, answer->data + place + 1, first);
        used += first;
        place += 1 + (size_t)first;
    }
    if (!jumps)
        *at = place + 1;
    wchar_t *text = wide_of(name, used, &length);
    text[length] = 0;
    return text;
}

static bool read_records(struct answer *answer)
{
    size_t at = HEADER, count = number_at(answer, 6);
    for (unsigned left = number_at(answer, 4); left; left--) {
        if (!name_at(answer, &at))
            return false;
        at += 4;
    }
    answer->records = take((count + 1) * sizeof *answer->records);
    for (answer->count = 0; answer->count < count; answer->count++) {
        struct record *record = answer->records + answer->count;
        record->name = name_at(answer, &at);
        if (!record->name || at + 10 > answer->size)
            return false;
        record->type = number_at(answer, at);
        record->size = number_at(answer, at + 8);
        record->at = at += 10;
        if (at + record->size > answer->size)
            return false;
        at += record->size;
    }
    return true;
}

unsigned ask_server(const struct server *server, const wchar_t *name, unsigned type, struct answer *answer)
{
    static uint16_t last;
    LARGE_INTEGER now;
    uint8_t question[HEADER + 300];
    unsigned code = NO_RESPONSE;
    QueryPerformanceCounter(&now);
    last = (uint16_t)(last + 1 + now.LowPart * 40503u);
    size_t size = make_question(question, last, name, type);
    if (!size)
        return BAD_NAME;
    answer->data = take(MOST);
    for (unsigned i = 0; i < server->tries && code; i++)
        code = ask_once(server, question, size, answer, server->seconds << (i < 4 ? i : 4));
    if (code)
        return code;
    if (number_at(answer, 2) & CUT_OFF && !ask_by_tcp(server, question, size, answer))
        return TIMED_OUT;
    answer->authoritative = number_at(answer, 2) & AUTHORITATIVE;
    code = number_at(answer, 2) & 15;
    return code ? code : read_records(answer) ? NO_ERROR_CODE : NO_ANSWER;
}

/* nslookup: asks the container's name server, or another one; without a name it takes them at its prompt. */
#include "dns.h"

enum { ADDRESSES = 0 };

static const struct {
    const wchar_t *name;
    unsigned number;
} kinds[] = {
    {L"A", TYPE_A},     {L"AAAA", TYPE_AAAA}, {L"ANY", TYPE_ANY}, {L"CNAME", TYPE_CNAME}, {L"MX", TYPE_MX},
    {L"NS", TYPE_NS},   {L"PTR", TYPE_PTR},   {L"SOA", TYPE_SOA}, {L"SRV", TYPE_SRV},     {L"TXT", TYPE_TXT},
    {L"A+AAAA", ADDRESSES},
};
static struct server server = {.port = 53, .seconds = 2, .tries = 3};
static unsigned type = ADDRESSES;

static const wchar_t usage[] = L"Usage:\r\n   nslookup [-opt ...]             # interactive mode using default server\r\n"
                               L"   nslookup [-opt ...] - server    # interactive mode using 'server'\r\n"
                               L"   nslookup [-opt ...] host        # just look up 'host' using default server\r\n"
                               L"   nslookup [-opt ...] host server # just look up 'host' using 'server'\r\n";

/* in-addr.arpa's name of an IPv4 address, ip6.arpa's of an IPv6 address; NULL: it is none. */
static wchar_t *reversed(const wchar_t *text)
{
    struct server any = {0};
    wchar_t *made = copy(L"");
    if (!server_at(text, &any))
        return NULL;
    const uint8_t *four = (const uint8_t *)&((struct sockaddr_in *)&any.address)->sin_addr;
    const uint8_t *six = (const uint8_t *)&((struct sockaddr_in6 *)&any.address)->sin6_addr;
    if (any.address.ss_family == AF_INET)
        return format(L"%u.%u.%u.%u.in-addr.arpa", four[3], four[2], four[1], four[0]);
    for (int i = 15; i >= 0; i--)
        made = format(L"%s%x.%x.", made, six[i] & 15, six[i] >> 4);
    return format(L"%sip6.arpa", made);
}

static unsigned number_in(const struct answer *answer, size_t at)
{
    return (unsigned)answer->data[at] << 8 | answer->data[at + 1];
}

static wchar_t *name_in(const struct answer *answer, size_t at)
{
    wchar_t *name = name_at(answer, &at);
    return name ? name : copy(L"?");
}

static wchar_t *address_in(const struct answer *answer, const struct record *record)
{
    if (record->type == TYPE_A && record->size == 4)
        return text4(*(const DWORD *)(answer->data + record->at));
    return record->type == TYPE_AAAA && record->size == 16 ? text6(answer->data + record->at) : copy(L"?");
}

static void show_strings(const struct answer *answer, const struct record *record)
{
    size_t at = record->at, end = record->at + record->size, length;
    say(L"%s\ttext =\r\n\r\n", record->name);
    while (at < end && at + 1 + answer->data[at] <= end) {
        wchar_t *text = wide_of((const char *)answer->data + at + 1, answer->data[at], &length);
        text[length] = 0;
        say(L"\t\"%s\"\r\n", text);
        at += 1 + (size_t)answer->data[at];
    }
}

static void show_authority(const struct answer *answer, const struct record *record)
{
    static const wchar_t *const names[] = {L"serial ", L"refresh", L"retry  ", L"expire ", L"default TTL"};
    size_t at = record->at;
    wchar_t *primary = name_at(answer, &at), *mail = primary ? name_at(answer, &at) : NULL;
    if (!mail || at + 20 > answer->size)
        return;
    say(L"%s\r\n\tprimary name server = %s\r\n\tresponsible mail addr = %s\r\n", record->name, primary, mail);
    for (int i = 0; i < 5; i++, at += 4)
        say(L"\t%s = %u\r\n", names[i], number_in(answer, at) << 16 | number_in(answer, at + 2));
}

static void show(const struct answer *answer, const struct record *record)
{
    size_t at = record->at;
    if (record->type == TYPE_CNAME)
        say(L"%s\tcanonical name = %s\r\n", record->name, name_in(answer, at));
    else if (record->type == TYPE_NS)
        say(L"%s\tnameserver = %s\r\n", record->name, name_in(answer, at));
    else if (record->type == TYPE_PTR)
        say(L"%s\tname = %s\r\n", record->name, name_in(answer, at));
    else if (record->type == TYPE_A || record->type == TYPE_AAAA)
        say(L"%s\t%s = %s\r\n", record->name, record->type == TYPE_A ? L"internet address" : L"AAAA IPv6 address",
            address_in(answer, record));
    else if (record->type == TYPE_MX && record->size > 2)
        say(L"%s\tMX preference = %u, mail exchanger = %s\r\n", record->name, number_in(answer, at), name_in(answer, at + 2));
    else if (record->type == TYPE_SRV && record->size > 6)
        say(L"%s\tSRV service location:\r\n\t  priority       = %u\r\n\t  weight         = %u\r\n\t  port           = %u\r\n"
            L"\t  svr hostname   = %s\r\n",
            record->name, number_in(answer, at), number_in(answer, at + 2), number_in(answer, at + 4),
            name_in(answer, at + 6));
    else if (record->type == TYPE_TXT)
        show_strings(answer, record);
    else if (record->type == TYPE_SOA)
        show_authority(answer, record);
}

/* As it calls itself; it is asked once. */
static wchar_t *server_name(void)
{
    static wchar_t *name, *of;
    struct answer answer = {0};
    struct server asked = server;
    const wchar_t *back = reversed(server.text);
    if (of && same(of, server.text))
        return name;
    of = server.text;
    name = copy(L"UnKnown");
    asked.tries = 1;
    if (!back || ask_server(&asked, back, TYPE_PTR, &answer))
        return name;
    for (size_t i = 0; i < answer.count; i++)
        if (answer.records[i].type == TYPE_PTR)
            return name = name_in(&answer, answer.records[i].at);
    return name;
}

static int fail(const wchar_t *name, unsigned code)
{
    const wchar_t *why = code == NAME_ERROR ? L"Non-existent domain" : code == NO_ANSWER ? L"No records"
                         : code == NO_RESPONSE ? L"No response from server"
                         : code == 5        ? L"Query refused"       : code == BAD_NAME  ? L"Unspecified error"
                                                                                         : L"Server failed";
    if (code == TIMED_OUT) {
        say(L"DNS request timed out.\r\n    timeout was %u seconds.\r\n", server.seconds);
        complain(L"*** Request to %s timed-out\r\n", server_name());
    } else {
        complain(L"*** %s can't find %s: %s\r\n", server_name(), name, why);
    }
    return 1;
}

static void begin(const struct answer *answer)
{
    if (!answer->authoritative)
        say(L"Non-authoritative answer:\r\n");
}

static int show_records(const wchar_t *name, unsigned wanted)
{
    struct answer answer = {0};
    unsigned code = ask_server(&server, name, wanted, &answer);
    if (code || !answer.count)
        return fail(name, code ? code : NO_ANSWER);
    begin(&answer);
    for (size_t i = 0; i < answer.count; i++)
        show(&answer, answer.records + i);
    say(L"\r\n");
    return 0;
}

static int show_name_of(const wchar_t *address, const wchar_t *back)
{
    struct answer answer = {0};
    unsigned code = ask_server(&server, back, TYPE_PTR, &answer);
    if (code)
        return fail(address, code);
    for (size_t i = 0; i < answer.count; i++)
        if (answer.records[i].type == TYPE_PTR)
            return say(L"Name:    %s\r\nAddress:  %s\r\n\r\n", name_in(&answer, answer.records[i].at), address), 0;
    return fail(address, NO_ANSWER);
}

static int show_addresses(const wchar_t *name, unsigned first, unsigned last)
{
    enum { MOST = 256 };
    wchar_t *addresses[MOST];
    const wchar_t *shown = name;
    struct answer answers[2] = {{0}};
    unsigned codes[2] = {NO_ERROR_CODE, NO_ERROR_CODE};
    size_t count = 0;
    codes[0] = ask_server(&server, name, first, answers);
    if (last != first && codes[0] != TIMED_OUT && codes[0] != NO_RESPONSE)
        codes[1] = ask_server(&server, name, last, answers + 1);
    for (int each = 0; each < 2; each++) {
        for (size_t i = 0; !codes[each] && i < answers[each].count && count < MOST; i++) {
            const struct record *record = answers[each].records + i;
            if (record->type != TYPE_A && record->type != TYPE_AAAA)
                continue;
            addresses[count++] = address_in(answers + each, record);
            shown = record->name;
        }
    }
    if (!count)
        return fail(name, codes[0] ? codes[0] : codes[1] ? codes[1] : NO_ANSWER);
    begin(codes[0] || !answers[0].count ? answers + 1 : answers);
    say(L"Name:    %s\r\n%s  %s\r\n", shown, count > 1 ? L"Addresses:" : L"Address:", addresses[0]);
    for (size_t i = 1; i < count; i++)
        say(L"\t  %s\r\n", addresses[i]);
    if (!same(shown, name))
        say(L"Aliases:  %s\r\n", name);
    say(L"\r\n");
    return 0;
}

static int look_up(const wchar_t *name)
{
    const wchar_t *back = reversed(name);
    say(L"Server:  %s\r\nAddress:  %s\r\n\r\n", server_name(), server.text);
    if (back && type == ADDRESSES)
        return show_name_of(name, back);
    if (type == ADDRESSES)
        return show_addresses(name, TYPE_AAAA, TYPE_A);
    if (type == TYPE_A || type == TYPE_AAAA)
        return show_addresses(name, type, type);
    return show_records(type == TYPE_PTR && back ? back : name, type);
}

static void use_default_server(void)
{
    for (const IP_ADAPTER_ADDRESSES *each = adapters(); each; each = each->Next)
        if (each->FirstDnsServerAddress && server_at(text_of(&each->FirstDnsServerAddress->Address), &server))
            return;
    complain(L"*** Default servers are not available\r\n");
    ExitProcess(1);
}

/* Ask another server from now on: an address, or a name that the present one knows. */
static bool use_server(const wchar_t *text)
{
    struct answer answer = {0};
    struct server other = server;
    if (server_at(text, &other))
        return server = other, true;
    unsigned code = ask_server(&server, text, TYPE_A, &answer);
    for (size_t i = 0; !code && i < answer.count; i++)
        if (answer.records[i].type == TYPE_A && server_at(address_in(&answer, answer.records + i), &other))
            return server = other, true;
    complain(L"*** Can't find address for server %s: %s\r\n", text,
             code == TIMED_OUT ? L"Timed out" : code == NAME_ERROR ? L"Non-existent domain" : L"No records");
    return false;
}

static bool set_number(const wchar_t *text, uint64_t most, unsigned *to)
{
    uint64_t value;
    if (!whole_number(text, &value) || !value || value > most)
        return false;
    *to = (unsigned)value;
    return true;
}

/* An option without its hyphen: `type=MX`, `timeout=5`. */
static bool set_option(const wchar_t *option)
{
    static const wchar_t *const names[] = {L"type=", L"ty=", L"querytype=", L"qt=", L"q="};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t n = 0; same_start(option, names[i]) && n < sizeof kinds / sizeof *kinds; n++)
            if (same(option + wcslen(names[i]), kinds[n].name))
                return type = kinds[n].number, true;
    if (same_start(option, L"timeout="))
        return set_number(option + 8, 3600, &server.seconds);
    if (same_start(option, L"retry="))
        return set_number(option + 6, 100, &server.tries);
    if (same_start(option, L"port="))
        return set_number(option + 5, 65535, &server.port);
    return same(option, L"recurse") || same(option, L"nosearch") || same(option, L"nodebug");
}

static wchar_t *next_word(wchar_t **line)
{
    wchar_t *word = *line, *end;
    while (*word == L' ' || *word == L'\t')
        word++;
    for (end = word; *end && *end != L' ' && *end != L'\t';)
        end++;
    *line = *end ? end + 1 : end;
    *end = 0;
    return word;
}

/* False: it was the last one. */
static bool obey(wchar_t *line)
{
    wchar_t *word = next_word(&line), *more = next_word(&line);
    struct server before = server;
    if (same(word, L"exit"))
        return false;
    if (!*word)
        return true;
    if (same(word, L"?") || same(word, L"help")) {
        say(L"NAME           - look up NAME using the default server\r\nNAME1 NAME2    - as above, but use NAME2 as server\r\n"
            L"set type=X     - A, AAAA, A+AAAA, ANY, CNAME, MX, NS, PTR, SOA, SRV, TXT\r\n"
            L"set timeout=X, set retry=X, set port=X\r\nserver NAME    - set default server to NAME\r\nexit\r\n");
    } else if (same(word, L"set")) {
        if (!set_option(more))
            complain(L"*** Invalid option: %s\r\n", more);
    } else if (same(word, L"server") || same(word, L"lserver")) {
        if (*more && use_server(more))
            say(L"Default Server:  %s\r\nAddress:  %s\r\n\r\n", server_name(), server.text);
    } else if (same(word, L"ls") || same(word, L"root") || same(word, L"finger") || same(word, L"view")) {
        complain(L"*** %s is not supported\r\n", word);
    } else {
        if (!*more || use_server(more))
            look_up(word);
        server.address = before.address;
        server.size = before.size;
        server.text = before.text;
    }
    return true;
}

static int talk(void)
{
    struct lines lines;
    const char *line;
    size_t size, length;
    bool ended;
    say(L"Default Server:  %s\r\nAddress:  %s\r\n\r\n> ", server_name(), server.text);
    flush();
    if (!open_lines(&lines, NULL))
        return 1;
    while (next_line(&lines, &line, &size, &ended)) {
        wchar_t *text = wide_of(line, size, &length);
        text[length] = 0;
        if (!obey(text))
            break;
        say(L"> ");
        flush();
    }
    return 0;
}

int nslookup(int count, wchar_t **arguments)
{
    const wchar_t *words[2] = {NULL, NULL};
    int found = 0;
    start_network();
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i];
        if (is_option(each, L"?"))
            return say(L"%s", usage), 0;
        if (*each == L'-' && each[1] && !set_option(each + 1))
            return complain(L"*** Invalid option: %s\r\n%s", each + 1, usage), 1;
        if (*each == L'-' && each[1])
            continue;
        if (found == 2)
            return complain(L"%s", usage), 1;
        words[found++] = each;
    }
    use_default_server();
    if (words[1] && !use_server(words[1]))
        return 1;
    return words[0] && wcscmp(words[0], L"-") ? look_up(words[0]) : talk();
}

/* tracert: the routers on the way to an address, by echoes whose time to live is too short. */
#include "echo.h"

enum { PROBES = 3 };

static bool bare;
static int family = AF_UNSPEC;
static uint64_t most_hops = 30, wait_for = 4000;

static const wchar_t usage[] =
    L"\r\nUsage: tracert [-d] [-h maximum_hops] [-w timeout] [-4] [-6] target_name\r\n\r\nOptions:\r\n"
    L"    -d                 Do not resolve addresses to hostnames.\r\n"
    L"    -h maximum_hops    Maximum number of hops to search for target.\r\n"
    L"    -w timeout         Wait timeout milliseconds for each reply.\r\n"
    L"    -4                 Force using IPv4.\r\n    -6                 Force using IPv6.\r\n";

static wchar_t *shown(const SOCKADDR_STORAGE *address)
{
    wchar_t *name = bare ? NULL : name_of(address), *text = address_text(address);
    return name ? format(L"%s [%s]", name, text) : text;
}

static void show_end(const struct answer_to *last)
{
    bool is_known = last->from.ss_family;
    if (last->kind == SILENCE)
        say(L" Request timed out. \r\n");
    else if (last->kind == ROUTER || last->kind == TARGET)
        say(L" %s \r\n", shown(&last->from));
    else
        say(L" %s%sDestination host unreachable.\r\n", is_known ? shown(&last->from) : L"", is_known ? L"  reports: " : L"");
}

/* Send the echoes of one distance and show who answered; true where it goes no further. */
static bool probe(const struct echo *echo, unsigned distance)
{
    struct answer_to last = {.kind = SILENCE};
    bool reached = false;
    set_hops(echo, distance);
    say(L"%3u ", distance);
    for (unsigned i = 0; i < PROBES; i++) {
        struct answer_to answer = ask_echo(echo, (uint16_t)(distance * PROBES + i));
        if (answer.kind == ROUTER || answer.kind == TARGET)
            say(answer.milliseconds ? L" %4u ms " : L"   <1 ms ", answer.milliseconds);
        else
            say(L"    *    ");
        flush();
        last = answer.kind == SILENCE ? last : answer;
        reached |= answer.kind != SILENCE && answer.kind != ROUTER;
    }
    show_end(&last);
    flush();
    return reached;
}

static bool number(const wchar_t *text, uint64_t most, uint64_t *value)
{
    return text && whole_number(text, value) && *value && *value <= most;
}

/* 0, or the exit code. */
static int read_options(int count, wchar_t **arguments, const wchar_t **name)
{
    for (int i = 0; i < count; i++) {
        const wchar_t *next = i + 1 < count ? arguments[i + 1] : NULL;
        bool hops = is_option(arguments[i], L"h"), wait = is_option(arguments[i], L"w");
        if (hops || wait) {
            if (!number(next, hops ? 255 : UINT32_MAX, hops ? &most_hops : &wait_for))
                return say(L"A value must be supplied for option %s.\r\n", arguments[i]), 1;
            i++;
        } else if (is_option(arguments[i], L"d")) {
            bare = true;
        } else if (is_option(arguments[i], L"4") || is_option(arguments[i], L"6")) {
            family = arguments[i][1] == L'4' ? AF_INET : AF_INET6;
        } else if (*arguments[i] == L'-' || *arguments[i] == L'/' || *name) {
            return say(L"%s is not a valid command option.\r\n%s", arguments[i], usage), 1;
        } else {
            *name = arguments[i];
        }
    }
    return *name ? 0 : (say(L"%s", usage), 1);
}

int tracert(int count, wchar_t **arguments)
{
    const wchar_t *name = NULL;
    struct echo echo = {.size = 64};
    if (count == 1 && is_option(arguments[0], L"?"))
        return say(L"%s", usage), 0;
    int code = read_options(count, arguments, &name);
    if (code)
        return code;
    echo.wait = (unsigned)wait_for;
    if (!find_target(name, family, &echo.target))
        return say(L"Unable to resolve target system name %s.\r\n", name), 1;
    if (!open_echo(&echo))
        return complain(L"The network of this container lets no program send echoes.\r\n"), 1;
    wchar_t *address = address_text(&echo.target);
    say(L"\r\nTracing route to %s%s\r\nover a maximum of %I64u hops:\r\n\r\n", name,
        same(name, address) ? L"" : format(L" [%s]", address), most_hops);
    for (unsigned distance = 1; distance <= most_hops && !probe(&echo, distance);)
        distance++;
    say(L"\r\nTrace complete.\r\n");
    return 0;
}

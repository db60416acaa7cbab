/* ping: asks an address for echoes. */
#include "echo.h"

static struct {
    bool forever, names, whole;
    int family;
    uint64_t count, hops;
    const wchar_t *name;
} rules = {.count = 4};
static struct echo echo = {.wait = 4000, .size = 32};
static struct {
    unsigned sent, received, lowest, highest, answered;
    uint64_t sum;
} seen;
static volatile LONG stopped;

static const wchar_t usage[] =
    L"\r\nUsage: ping [-t] [-a] [-n count] [-l size] [-f] [-i TTL] [-w timeout] [-4] [-6] target_name\r\n\r\nOptions:\r\n"
    L"    -t             Ping the specified host until stopped.\r\n"
    L"                   To see statistics and continue - type Control-Break;\r\n"
    L"                   To stop - type Control-C.\r\n"
    L"    -a             Resolve addresses to hostnames.\r\n    -n count       Number of echo requests to send.\r\n"
    L"    -l size        Send buffer size.\r\n    -f             Set Don't Fragment flag in packet.\r\n"
    L"    -i TTL         Time To Live.\r\n    -w timeout     Timeout in milliseconds to wait for each reply.\r\n"
    L"    -4             Force using IPv4.\r\n    -6             Force using IPv6.\r\n\r\n";

static void show_statistics(void)
{
    unsigned lost = seen.sent - seen.received;
    say(L"\r\nPing statistics for %s:\r\n    Packets: Sent = %u, Received = %u, Lost = %u (%u%% loss),\r\n",
        address_text(&echo.target), seen.sent, seen.received, lost, seen.sent ? lost * 100 / seen.sent : 0);
    if (seen.answered)
        say(L"Approximate round trip times in milli-seconds:\r\n    Minimum = %ums, Maximum = %ums, Average = %ums\r\n",
            seen.lowest, seen.highest, (unsigned)(seen.sum / seen.answered));
    flush();
}

static BOOL WINAPI on_key(DWORD event)
{
    if (event == CTRL_BREAK_EVENT)
        show_statistics();
    else
        InterlockedExchange(&stopped, 1);
    return event == CTRL_BREAK_EVENT || event == CTRL_C_EVENT;
}

static void count_time(unsigned milliseconds)
{
    seen.lowest = seen.answered && seen.lowest < milliseconds ? seen.lowest : milliseconds;
    seen.highest = seen.highest > milliseconds ? seen.highest : milliseconds;
    seen.sum += milliseconds;
    seen.answered++;
}

static void show(const struct answer_to *answer)
{
    wchar_t *from = address_text(answer->from.ss_family ? &answer->from : &echo.target);
    seen.received += answer->kind == TARGET || answer->kind == ROUTER || answer->kind == UNREACHABLE;
    if (answer->kind == SILENCE) {
        say(L"Request timed out.\r\n");
    } else if (answer->kind == NOT_SENT) {
        say(L"PING: transmit failed. General failure. \r\n");
    } else if (answer->kind == TOO_BIG) {
        say(L"Packet needs to be fragmented but DF set.\r\n");
    } else if (answer->kind == ROUTER) {
        say(L"Reply from %s: TTL expired in transit.\r\n", from);
    } else if (answer->kind == UNREACHABLE) {
        say(L"Reply from %s: Destination host unreachable.\r\n", from);
    } else {
        count_time(answer->milliseconds);
        say(L"Reply from %s: ", from);
        if (!echo.six)
            say(L"bytes=%u ", (unsigned)echo.size);
        say(answer->milliseconds ? L"time=%ums" : L"time<1ms", answer->milliseconds);
        say(echo.six ? L" \r\n" : L" TTL=%u\r\n", answer->hops_left);
    }
    flush();
}

static void ping_all(void)
{
    for (uint16_t number = 1; !stopped && (rules.forever || seen.sent < rules.count); number++) {
        ULONGLONG start = GetTickCount64();
        struct answer_to answer = ask_echo(&echo, number);
        if (stopped && answer.kind == SILENCE)
            return;
        seen.sent++;
        show(&answer);
        while (!stopped && (rules.forever || seen.sent < rules.count) && GetTickCount64() - start < 1000) {
            ULONGLONG passed = GetTickCount64() - start;
            Sleep(passed > 900 ? 1000 - (DWORD)passed : 100);
        }
    }
}

static int bad_value(const wchar_t *option, unsigned lowest, uint64_t highest)
{
    say(L"Bad value for option %s, valid range is from %u to %I64u.\r\n", option, lowest, highest);
    return 1;
}

/* Take a number behind an option; 0, or the exit code. */
static int number(const wchar_t *option, const wchar_t *text, unsigned lowest, uint64_t highest, uint64_t *value)
{
    if (!text)
        return say(L"Value must be supplied for option %s.\r\n", option), 1;
    return whole_number(text, value) && *value >= lowest && *value <= highest ? 0 : bad_value(option, lowest, highest);
}

static int read_options(int count, wchar_t **arguments)
{
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i], *next = i + 1 < count ? arguments[i + 1] : NULL;
        uint64_t size = echo.size, wait = echo.wait;
        int code = 0;
        if (*each != L'-' && *each != L'/') {
            if (rules.name)
                return say(L"Bad parameter %s.\r\n", each), 1;
            rules.name = each;
            continue;
        }
        if (wcslen(each) != 2 || !wcschr(L"TANLFIW46", upper(each[1])))
            return say(is_option(each, L"?") ? L"%.0s%s" : L"Bad option %s.\r\n\r\n%s", each, usage), !is_option(each, L"?");
        rules.forever |= upper(each[1]) == L'T';
        rules.names |= upper(each[1]) == L'A';
        rules.whole |= upper(each[1]) == L'F';
        rules.family = each[1] == L'4' ? AF_INET : each[1] == L'6' ? AF_INET6 : rules.family;
        if (is_option(each, L"n"))
            code = number(each, next, 1, UINT32_MAX, &rules.count);
        else if (is_option(each, L"l"))
            code = number(each, next, 0, 65500, &size);
        else if (is_option(each, L"i"))
            code = number(each, next, 1, 255, &rules.hops);
        else if (is_option(each, L"w"))
            code = number(each, next, 0, UINT32_MAX, &wait);
        else
            continue;
        i++;
        echo.size = (size_t)size;
        echo.wait = wait ? (unsigned)wait : 1;
        if (code)
            return code;
    }
    return rules.name ? 0 : (say(L"%s", usage), 1);
}

int ping(int count, wchar_t **arguments)
{
    if (count == 1 && is_option(arguments[0], L"?"))
        return say(L"%s", usage), 0;
    int code = read_options(count, arguments);
    if (code)
        return code;
    if (!find_target(rules.name, rules.family, &echo.target))
        return say(L"Ping request could not find host %s. Please check the name and try again.\r\n", rules.name), 1;
    if (!open_echo(&echo))
        return say(L"Unable to contact IP driver. General failure.\r\n"), 1;
    if (rules.hops)
        set_hops(&echo, (unsigned)rules.hops);
    if (rules.whole)
        forbid_pieces(&echo);
    echo.stop = &stopped;
    SetConsoleCtrlHandler(on_key, TRUE);
    const wchar_t *address = address_text(&echo.target), *name = rules.names ? name_of(&echo.target) : rules.name;
    name = name ? name : rules.name;
    say(L"\r\nPinging %s%s with %u bytes of data:\r\n", name, same(name, address) ? L"" : format(L" [%s]", address),
        (unsigned)echo.size);
    flush();
    ping_all();
    show_statistics();
    if (!stopped)
        return seen.received ? 0 : 1;
    say(L"Control-C\r\n");
    return (int)STATUS_CONTROL_C_EXIT;
}

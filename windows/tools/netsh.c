/*
 * netsh: the words of a command may be cut short, as long as what is left of them is no other's.
 *
 * The network of a container is made from outside: what shows it works, what would change it says who does that.
 */
#include "netsh.h"

#define NETWORK L"The network of a container is made from outside: use `docker network create`, and --ip, --dns, " \
                L"--sysctl of `docker run`."
#define FIREWALL L"There is no firewall in a container: nothing is blocked. Publish only the ports that others may reach " \
                 L"(-p), or use `docker network create --internal`."
#define CERTIFICATES L"HTTP.sys of this base speaks no TLS: let the program read its certificate itself, or put a server " \
                     L"in front of it."

static const struct {
    const wchar_t *words;
    int (*run)(void);
    const wchar_t *refusal; /* where it is not done */
} commands[] = {
    {L"advfirewall export", NULL, FIREWALL},
    {L"advfirewall firewall add rule", firewall_add_rule, NULL},
    {L"advfirewall firewall delete rule", firewall_delete_rule, NULL},
    {L"advfirewall firewall set rule", firewall_set_rule, NULL},
    {L"advfirewall firewall show rule", firewall_show_rule, NULL},
    {L"advfirewall import", NULL, FIREWALL},
    {L"advfirewall reset", firewall_reset, NULL},
    {L"advfirewall set allprofiles firewallpolicy", firewall_set_policy, NULL},
    {L"advfirewall set allprofiles state", firewall_set_state, NULL},
    {L"advfirewall set currentprofile firewallpolicy", firewall_set_policy, NULL},
    {L"advfirewall set currentprofile state", firewall_set_state, NULL},
    {L"advfirewall set domainprofile firewallpolicy", firewall_set_policy, NULL},
    {L"advfirewall set domainprofile state", firewall_set_state, NULL},
    {L"advfirewall set privateprofile firewallpolicy", firewall_set_policy, NULL},
    {L"advfirewall set privateprofile state", firewall_set_state, NULL},
    {L"advfirewall set publicprofile firewallpolicy", firewall_set_policy, NULL},
    {L"advfirewall set publicprofile state", firewall_set_state, NULL},
    {L"advfirewall show allprofiles", firewall_show_profiles, NULL},
    {L"advfirewall show currentprofile", firewall_show_profiles, NULL},
    {L"firewall add allowedprogram", ok, NULL},
    {L"firewall add portopening", ok, NULL},
    {L"firewall set opmode", firewall_old_mode, NULL},
    {L"http add iplisten", NULL, L"Programs listen at every address of the container: -p of `docker run` chooses among the host's."},
    {L"http add sslcert", NULL, CERTIFICATES},
    {L"http add urlacl", http_add_url, NULL},
    {L"http delete sslcert", NULL, CERTIFICATES},
    {L"http delete urlacl", http_delete_url, NULL},
    {L"http show iplisten", http_show_listen, NULL},
    {L"http show sslcert", http_show_certificates, NULL},
    {L"http show urlacl", http_show_url, NULL},
    {L"http update sslcert", NULL, CERTIFICATES},
    {L"interface ip add", NULL, NETWORK},
    {L"interface ip delete", NULL, NETWORK},
    {L"interface ip reset", NULL, NETWORK},
    {L"interface ip set", NULL, NETWORK},
    {L"interface ip show addresses", interface_addresses, NULL},
    {L"interface ip show config", interface_config, NULL},
    {L"interface ip show dnsservers", interface_dns, NULL},
    {L"interface ip show interfaces", interface_interfaces, NULL},
    {L"interface ipv4 add", NULL, NETWORK},
    {L"interface ipv4 delete", NULL, NETWORK},
    {L"interface ipv4 reset", NULL, NETWORK},
    {L"interface ipv4 set", NULL, NETWORK},
    {L"interface ipv4 show addresses", interface_addresses, NULL},
    {L"interface ipv4 show config", interface_config, NULL},
    {L"interface ipv4 show dnsservers", interface_dns, NULL},
    {L"interface ipv4 show dynamicportrange", interface_ports, NULL},
    {L"interface ipv4 show interfaces", interface_interfaces, NULL},
    {L"interface ipv6 add", NULL, NETWORK},
    {L"interface ipv6 delete", NULL, NETWORK},
    {L"interface ipv6 reset", NULL, NETWORK},
    {L"interface ipv6 set", NULL, NETWORK},
    {L"interface ipv6 show addresses", interface6_addresses, NULL},
    {L"interface ipv6 show dynamicportrange", interface_ports, NULL},
    {L"interface ipv6 show interfaces", interface_interfaces, NULL},
    {L"interface portproxy", NULL, L"Ports are passed on from outside: use -p of `docker run`."},
    {L"interface set", NULL, NETWORK},
    {L"interface show interface", interface_show, NULL},
    {L"interface tcp set", NULL, NETWORK},
    {L"winhttp import proxy", proxy_import, NULL},
    {L"winhttp reset proxy", proxy_reset, NULL},
    {L"winhttp set proxy", proxy_set, NULL},
    {L"winhttp show proxy", proxy_show, NULL},
    {L"winsock reset", ok, NULL},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static struct {
    int count;
    wchar_t **items;
} arguments;

int refuse(const wchar_t *why)
{
    complain(L"%s\r\n", why);
    return 1;
}

int ok(void)
{
    say(L"Ok.\r\n\r\n");
    return 0;
}

/* The part of an argument behind `tag=`; NULL where it has another tag or none. */
static const wchar_t *value_of(const wchar_t *argument, const wchar_t *tag)
{
    size_t length = wcslen(tag);
    return same_start(argument, tag) && argument[length] == L'=' ? argument + length + 1 : NULL;
}

static bool has_tag(const wchar_t *argument)
{
    size_t length = 0;
    while (upper(argument[length]) >= L'A' && upper(argument[length]) <= L'Z')
        length++;
    while (argument[length] == L'-' || (argument[length] >= L'0' && argument[length] <= L'9') ||
           (upper(argument[length]) >= L'A' && upper(argument[length]) <= L'Z'))
        length++;
    return length && argument[length] == L'=';
}

const wchar_t *tagged(const wchar_t *tag, int place)
{
    for (int i = 0; i < arguments.count; i++) {
        const wchar_t *value = value_of(arguments.items[i], tag);
        if (value && *value)
            return value;
        if (value) /* `name= value` */
            return i + 1 < arguments.count && !has_tag(arguments.items[i + 1]) ? arguments.items[i + 1] : L"";
    }
    return place >= 0 && place < arguments.count && !has_tag(arguments.items[place]) ? arguments.items[place] : NULL;
}

/* The word at a place of a command, "" behind its last. */
static wchar_t *word_at(int command, int place)
{
    const wchar_t *from = commands[command].words;
    size_t length = 0;
    for (; place && *from; from++)
        place -= *from == L' ';
    while (from[length] && from[length] != L' ')
        length++;
    return copy_part(from, length);
}

/* Narrow the commands down to those that have the word, cut short or not, at the place; false where it is not one's. */
static bool narrow(bool *left, int place, const wchar_t *word)
{
    wchar_t *chosen = NULL;
    for (int i = 0; i < COMMANDS; i++) {
        wchar_t *each = word_at(i, place);
        if (!left[i] || !same_start(each, word) || !*each || (chosen && same(chosen, each)))
            continue;
        if (chosen && same(chosen, word))
            continue;
        if (chosen && !same(each, word))
            return false;
        chosen = each;
    }
    for (int i = 0; i < COMMANDS; i++)
        left[i] = left[i] && chosen && same(word_at(i, place), chosen);
    return chosen;
}

static int not_found(int count, wchar_t **words)
{
    wchar_t *all = copy(L"");
    for (int i = 0; i < count; i++)
        all = format(i ? L"%s %s" : L"%s%s", all, words[i]);
    complain(L"The following command was not found: %s.\r\n", all);
    return 1;
}

static int tell_usage(void)
{
    say(L"\r\nUsage: netsh [-c Context] [Command]\r\n\r\nThe following commands are available:\r\n\r\n");
    for (int i = 0; i < COMMANDS; i++)
        if (commands[i].run)
            say(L"  %s\r\n", commands[i].words);
    return 0;
}

int netsh(int count, wchar_t **words)
{
    bool left[COMMANDS];
    if (count && (is_option(words[0], L"?") || same(words[0], L"help") || !wcscmp(words[0], L"?")))
        return tell_usage();
    if (count > 1 && is_option(words[0], L"c"))
        words++, count--;
    if (!count || *words[0] == L'-')
        return refuse(L"netsh here takes a command: its prompt, -f and -r are not supported.");
    for (int i = 0; i < COMMANDS; i++)
        left[i] = true;
    for (int place = 0; place < count && narrow(left, place, words[place]); place++) {
        for (int i = 0; i < COMMANDS; i++) {
            if (!left[i] || *word_at(i, place + 1))
                continue;
            arguments.count = count - place - 1;
            arguments.items = words + place + 1;
            return commands[i].run ? commands[i].run() : refuse(commands[i].refusal);
        }
    }
    return not_found(count, words);
}

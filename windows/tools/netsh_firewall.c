/*
 * netsh advfirewall: nothing is blocked in a container. A rule that allows something is kept where Windows keeps it and
 * has nothing to do; what would block something fails.
 */
#include "netsh.h"
#include "reg.h"

#define RULES L"System\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy\\FirewallRules"
#define NONE L"There is no firewall in a container: nothing is blocked. Publish only the ports that others may reach (-p), " \
             L"or use `docker network create --internal`."

static HKEY rules(void)
{
    HKEY key;
    load_registry();
    LSTATUS status = registry.create(HKEY_LOCAL_MACHINE, RULES, 0, NULL, 0, KEY_READ | KEY_WRITE, NULL, &key, NULL);
    if (!status)
        return key;
    complain(L"%s\r\n", reason((unsigned)status));
    ExitProcess(1);
}

/* What a rule says of something: `v2.30|Action=Allow|Dir=In|Name=x|`. */
static wchar_t *part_of(const struct value *rule, const wchar_t *name)
{
    const wchar_t *text = (const wchar_t *)rule->data;
    size_t length = wcslen(name), end = 0;
    for (; *text; text++)
        if (*text == L'|' && same_start(text + 1, name) && text[1 + length] == L'=')
            break;
    if (!*text)
        return NULL;
    for (text += length + 2; text[end] && text[end] != L'|';)
        end++;
    return copy_part(text, end);
}

static bool is_named(const struct value *rule, const wchar_t *name)
{
    wchar_t *own = part_of(rule, L"Name");
    return own && (same(name, L"all") || same(name, own));
}

static int bad_value(void)
{
    complain(L"A specified value is not valid.\r\n");
    return 1;
}

static bool is_off(const wchar_t *word)
{
    return same(word, L"off") || same(word, L"disable") || same(word, L"no") || same(word, L"notconfigured");
}

int firewall_set_state(void)
{
    const wchar_t *state = tagged(L"state", 0);
    if (!state)
        return bad_value();
    return is_off(state) ? ok() : refuse(NONE);
}

int firewall_old_mode(void)
{
    const wchar_t *mode = tagged(L"mode", 0);
    if (!mode)
        return bad_value();
    return is_off(mode) ? ok() : refuse(NONE);
}

int firewall_set_policy(void)
{
    const wchar_t *policy = tagged(L"firewallpolicy", 0);
    if (!policy)
        return bad_value();
    return same(policy, L"allowinbound,allowoutbound") ? ok() : refuse(NONE);
}

int firewall_show_profiles(void)
{
    static const wchar_t *const profiles[] = {L"Domain", L"Private", L"Public"};
    for (int i = 0; i < 3; i++)
        say(L"\r\n%s Profile Settings: \r\n----------------------------------------------------------------------\r\n"
            L"State                                 OFF\r\n"
            L"Firewall Policy                       AllowInbound,AllowOutbound\r\n", profiles[i]);
    say(L"\r\n");
    return ok();
}

static wchar_t *with_part(wchar_t *rule, const wchar_t *name, const wchar_t *value)
{
    return value ? format(L"%s%s=%s|", rule, name, value) : rule;
}

static const wchar_t *protocol_number(const wchar_t *name)
{
    static const struct {
        const wchar_t *name, *number;
    } known[] = {{L"tcp", L"6"}, {L"udp", L"17"}, {L"icmpv4", L"1"}, {L"icmpv6", L"58"}};
    for (size_t i = 0; name && i < sizeof known / sizeof *known; i++)
        if (same_start(name, known[i].name))
            return known[i].number;
    return name && same(name, L"any") ? NULL : name;
}

int firewall_add_rule(void)
{
    const wchar_t *name = tagged(L"name", -1), *way = tagged(L"dir", -1), *action = tagged(L"action", -1);
    const wchar_t *enable = tagged(L"enable", -1);
    LARGE_INTEGER now;
    if (!name || !*name || !way || !action || (!same(way, L"in") && !same(way, L"out")) || wcschr(name, L'|'))
        return bad_value();
    if (same(action, L"block"))
        return refuse(NONE);
    if (!same(action, L"allow") && !same(action, L"bypass"))
        return bad_value();
    wchar_t *rule = copy(L"v2.30|Action=Allow|");
    rule = with_part(rule, L"Active", enable && is_off(enable) ? L"FALSE" : L"TRUE");
    rule = with_part(rule, L"Dir", same(way, L"in") ? L"In" : L"Out");
    rule = with_part(rule, L"Protocol", protocol_number(tagged(L"protocol", -1)));
    rule = with_part(rule, L"LPort", tagged(L"localport", -1));
    rule = with_part(rule, L"RPort", tagged(L"remoteport", -1));
    rule = with_part(rule, L"App", tagged(L"program", -1));
    rule = with_part(rule, L"Name", name);
    QueryPerformanceCounter(&now);
    HKEY key = rules();
    wchar_t *id = format(L"{%08X-%04X-4000-8000-%012I64X}", GetTickCount(), GetCurrentProcessId() & 0xffff, now.QuadPart);
    LSTATUS status = registry.set(key, id, 0, REG_SZ, (const BYTE *)rule, (DWORD)((wcslen(rule) + 1) * sizeof *rule));
    return status ? refuse(reason((unsigned)status)) : ok();
}

static int none_matches(void)
{
    complain(L"\r\nNo rules match the specified criteria.\r\n");
    return 1;
}

/* Windows' own groups of rules would allow something as well: there is nothing that keeps it from happening. */
int firewall_set_rule(void)
{
    const wchar_t *name = tagged(L"name", -1), *group = tagged(L"group", -1), *enable = tagged(L"enable", -1);
    const wchar_t *action = tagged(L"action", -1);
    if ((!name && !group) || (!enable && !action))
        return bad_value();
    if ((action && same(action, L"block")) || (enable && is_off(enable)))
        return refuse(NONE);
    return ok();
}

int firewall_delete_rule(void)
{
    const wchar_t *name = tagged(L"name", 0);
    size_t count, gone = 0;
    if (!name)
        return bad_value();
    HKEY key = rules();
    struct value *values = values_of(key, &count);
    for (size_t i = 0; i < count; i++)
        if (is_named(values + i, name))
            gone += !registry.forget(key, values[i].name);
    if (!gone)
        return none_matches();
    say(L"\r\nDeleted %u rule(s).\r\n", (unsigned)gone);
    return ok();
}

static void row(const wchar_t *name, const wchar_t *value)
{
    say(L"%-38s%s\r\n", name, value ? value : L"Any");
}

int firewall_show_rule(void)
{
    const wchar_t *name = tagged(L"name", 0);
    size_t count, shown = 0;
    if (!name)
        return bad_value();
    HKEY key = rules();
    struct value *values = values_of(key, &count);
    for (size_t i = 0; i < count; i++) {
        const struct value *rule = values + i;
        const wchar_t *protocol = part_of(rule, L"Protocol"), *active = part_of(rule, L"Active");
        if (!is_named(rule, name))
            continue;
        shown++;
        say(L"\r\n");
        row(L"Rule Name:", part_of(rule, L"Name"));
        say(L"----------------------------------------------------------------------\r\n");
        row(L"Enabled:", active && same(active, L"TRUE") ? L"Yes" : L"No");
        row(L"Direction:", part_of(rule, L"Dir"));
        row(L"Protocol:", protocol && same(protocol, L"6") ? L"TCP" : protocol && same(protocol, L"17") ? L"UDP" : protocol);
        row(L"LocalPort:", part_of(rule, L"LPort"));
        row(L"RemotePort:", part_of(rule, L"RPort"));
        row(L"Action:", L"Allow");
    }
    return shown ? ok() : none_matches();
}

int firewall_reset(void)
{
    size_t count;
    HKEY key = rules();
    struct value *values = values_of(key, &count);
    for (size_t i = 0; i < count; i++)
        registry.forget(key, values[i].name);
    return ok();
}

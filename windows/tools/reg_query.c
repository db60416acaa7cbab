/* reg query: the keys and values that a search finds; reg compare: how two keys differ. */
#include "reg.h"

static struct {
    const wchar_t *text; /* NULL: everything */
    bool keys, data, names, cased, exact, deep, numbers;
    DWORD type;
    const wchar_t *type_given, *separator;
    bool has_shown;
    uint64_t found;
} search;

static bool fits(const wchar_t *text)
{
    size_t length = wcslen(search.text);
    if (wcschr(search.text, L'*') || wcschr(search.text, L'?'))
        return matches(text, search.exact ? search.text : format(L"*%s*", search.text));
    for (size_t at = 0; at + length <= wcslen(text); at++) {
        size_t alike = 0;
        while (alike < length && (search.cased ? text[at + alike] == search.text[alike]
                                               : upper(text[at + alike]) == upper(search.text[alike])))
            alike++;
        if (alike == length && (!search.exact || wcslen(text) == length))
            return true;
    }
    return false;
}

static bool is_wanted(const struct value *value)
{
    const wchar_t *name = given(L"v");
    if (search.type_given && value->type != search.type)
        return false;
    if (given(L"ve") && *value->name)
        return false;
    if (name && *name != L'\1' && !same(name, value->name))
        return false;
    if (!search.text)
        return true;
    return (search.names && fits(value->name)) || (search.data && fits(data_text(value, search.separator)));
}

static void show_value(const struct value *value)
{
    const wchar_t *type = type_name(value->type);
    say(L"    %s    %s    ", *value->name ? value->name : L"(Default)",
        search.numbers ? format(L"%s (%u)", type, value->type) : type);
    wchar_t *text = data_text(value, search.separator);
    put(OUTPUT, text, wcslen(text));
    say(L"\r\n");
}

/* Show what is wanted of a key's values, below its name; return how many. */
static size_t show_values(HKEY key, const wchar_t *shown, bool name_first)
{
    size_t count, wanted = 0;
    struct value *values = values_of(key, &count);
    for (size_t i = 0; i < count; i++) {
        if (!is_wanted(values + i))
            continue;
        if (!wanted++ && !name_first)
            say(L"%s\r\n", shown);
        show_value(values + i);
    }
    return wanted;
}

static bool lists_all(void)
{
    return !search.text && !given(L"v") && !given(L"ve") && !search.type_given;
}

static void walk(HKEY key, const wchar_t *shown, bool is_top)
{
    bool named = !is_top && search.text && search.keys && fits(base_name(shown));
    bool first = named || (!is_top && lists_all());
    bool looks_at_values = !search.text || search.names || search.data;
    size_t count;
    if (first)
        say(L"%s\r\n", shown);
    size_t wanted = looks_at_values ? show_values(key, shown, first) : 0;
    search.found += wanted + named;
    if ((wanted || first) && looks_at_values)
        say(L"\r\n");
    wchar_t **names = subkeys_of(key, &count);
    for (size_t i = 0; i < count; i++) {
        HKEY below;
        wchar_t *path = format(L"%s\\%s", shown, names[i]);
        if (!search.deep) {
            bool found = search.text ? search.keys && fits(names[i]) : lists_all();
            if (found)
                say(L"%s\r\n", path);
            search.found += found;
        } else if (!registry.open(key, names[i], 0, KEY_READ | view, &below)) {
            walk(below, path, false);
            registry.close(below);
        }
    }
}

static int query_one(HKEY key, const wchar_t *shown)
{
    const wchar_t *name = given(L"ve") ? L"" : given(L"v");
    struct value value;
    if (!find_value(key, name, &value)) {
        if (*name)
            return failed(ERROR_FILE_NOT_FOUND);
        say(L"\r\n%s\r\n    (Default)    REG_SZ    (value not set)\r\n\r\n", shown);
        return 0;
    }
    say(L"\r\n%s\r\n", shown);
    show_value(&value);
    say(L"\r\n");
    return 0;
}

static const wchar_t *read_search(void)
{
    const wchar_t *name = given(L"v");
    bool bare = name && *name == L'\1';
    search.text = given(L"f");
    search.cased = given(L"c");
    search.exact = given(L"e");
    search.deep = given(L"s");
    search.numbers = given(L"z");
    search.separator = given(L"se") ? given(L"se") : L"\\0";
    search.type_given = given(L"t");
    search.keys = given(L"k");
    search.data = given(L"d");
    search.names = bare;
    if (name && given(L"ve"))
        return L"Invalid syntax.";
    if (!search.text && (search.keys || search.data || search.cased || search.exact || bare))
        return L"Invalid syntax.";
    if (wcslen(search.separator) != 1 && given(L"se"))
        return L"Invalid syntax. '/se' takes one character.";
    if (search.type_given && !type_of(search.type_given, &search.type))
        return L"Invalid syntax. Specify valid type in '/t'.";
    if (!search.keys && !search.data && !search.names)
        search.keys = search.data = search.names = true;
    if (search.text && !wcscmp(search.text, L"*"))
        search.text = L"";
    return NULL;
}

int query(const struct key *key)
{
    HKEY handle;
    const wchar_t *wrong = read_search();
    if (wrong)
        return bad_use(wrong);
    LSTATUS status = open_key(key, KEY_READ, &handle);
    if (status)
        return failed(status);
    bool one = given(L"v") || given(L"ve");
    if (one && !search.deep && !search.text && !search.type_given)
        return query_one(handle, key->shown);
    say(L"\r\n");
    walk(handle, key->shown, true);
    if (lists_all())
        return 0;
    if (search.found && search.text && !search.names && !search.data)
        say(L"\r\n");
    say(L"End of search: %I64u match(es) found.\r\n", search.found);
    return search.found ? 0 : 1;
}

static struct {
    bool all, different, alike;
    bool differs;
} comparison;

static void show_compared(wchar_t side, const wchar_t *shown, const struct value *value)
{
    bool same_on_both = side == L'=';
    if (comparison.all || (same_on_both ? comparison.alike : comparison.different))
        say(L"%c Value: %s  %s  %s  %s\r\n", side, shown, *value->name ? value->name : L"(Default)", type_name(value->type),
            data_text(value, L"\\0"));
    comparison.differs |= !same_on_both;
}

static void show_key(wchar_t side, const wchar_t *shown)
{
    if (comparison.all || comparison.different)
        say(L"%c Key: %s\r\n", side, shown);
    comparison.differs = true;
}

static void compare_value(HKEY one, HKEY other, const wchar_t *shown, const wchar_t *other_shown, const wchar_t *name)
{
    struct value a, b;
    bool has_a = find_value(one, name, &a), has_b = find_value(other, name, &b);
    if (has_a && has_b && a.type == b.type && a.size == b.size && !memcmp(a.data, b.data, a.size)) {
        show_compared(L'=', shown, &a);
        return;
    }
    if (has_a)
        show_compared(L'<', shown, &a);
    if (has_b)
        show_compared(L'>', other_shown, &b);
}

static void compare_levels(HKEY one, HKEY other, const wchar_t *shown, const wchar_t *other_shown)
{
    size_t count, other_count;
    struct value *values = values_of(one, &count), *others = values_of(other, &other_count), unused;
    for (size_t i = 0; i < count; i++)
        compare_value(one, other, shown, other_shown, values[i].name);
    for (size_t i = 0; i < other_count; i++)
        if (!find_value(one, others[i].name, &unused))
            show_compared(L'>', other_shown, others + i);
    if (!given(L"s"))
        return;
    wchar_t **names = subkeys_of(one, &count), **other_names = subkeys_of(other, &other_count);
    for (size_t i = 0, j = 0; i < count || j < other_count;) {
        HKEY below, other_below;
        const wchar_t *name = i < count ? names[i] : NULL, *other_name = j < other_count ? other_names[j] : NULL;
        bool both = name && other_name && same(name, other_name);
        if (both && !registry.open(one, name, 0, KEY_READ | view, &below) &&
            !registry.open(other, other_name, 0, KEY_READ | view, &other_below)) {
            compare_levels(below, other_below, format(L"%s\\%s", shown, name), format(L"%s\\%s", other_shown, name));
            registry.close(below);
            registry.close(other_below);
        }
        bool left = name && !both && registry.open(other, name, 0, KEY_READ | view, &other_below);
        if (left)
            show_key(L'<', format(L"%s\\%s", shown, name));
        else if (other_name && !both && registry.open(one, other_name, 0, KEY_READ | view, &below))
            show_key(L'>', format(L"%s\\%s", other_shown, other_name));
        i += both || left;
        j += both || !left;
    }
}

int compare_keys(const struct key *one, const struct key *other)
{
    HKEY handle, other_handle;
    const wchar_t *name = given(L"ve") ? L"" : given(L"v");
    struct value value;
    if ((given(L"v") && given(L"ve")) || !!given(L"oa") + !!given(L"od") + !!given(L"os") + !!given(L"on") > 1)
        return bad_use(L"Invalid syntax.");
    comparison.all = given(L"oa");
    comparison.alike = given(L"os");
    comparison.different = !given(L"os") && !given(L"on");
    LSTATUS status = open_key(one, KEY_READ, &handle);
    if (!status)
        status = open_key(other, KEY_READ, &other_handle);
    if (status)
        return failed(status);
    if (name && (!find_value(handle, name, &value) && !find_value(other_handle, name, &value)))
        return failed(ERROR_FILE_NOT_FOUND);
    if (name)
        compare_value(handle, other_handle, one->shown, other->shown, name);
    else
        compare_levels(handle, other_handle, one->shown, other->shown);
    say(L"\r\nResults Compared:  %s\r\n\r\n", comparison.differs ? L"Different" : L"Identical");
    done();
    return comparison.differs ? 2 : 0;
}

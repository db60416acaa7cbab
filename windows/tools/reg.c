/* reg: keys and values of the registry. */
#include "reg.h"

REGSAM view;

static const struct verb {
    const wchar_t *name, *options; /* a colon: with a value; a question mark: with one if there is */
    int words;                     /* keys and files in front of the options */
    const wchar_t *usage;
} verbs[] = {
    {L"add", L"v: ve t: s: d: f", 1,
     L"REG ADD KeyName [/v ValueName | /ve] [/t Type] [/s Separator] [/d Data] [/f] [/reg:32 | /reg:64]"},
    {L"compare", L"v: ve oa od os on s", 2,
     L"REG COMPARE KeyName1 KeyName2 [/v ValueName | /ve] [/oa | /od | /os | /on] [/s] [/reg:32 | /reg:64]"},
    {L"copy", L"s f", 2, L"REG COPY KeyName1 KeyName2 [/s] [/f] [/reg:32 | /reg:64]"},
    {L"delete", L"v: ve va f", 1, L"REG DELETE KeyName [/v ValueName | /ve | /va] [/f] [/reg:32 | /reg:64]"},
    {L"export", L"y", 2, L"REG EXPORT KeyName FileName [/y] [/reg:32 | /reg:64]"},
    {L"import", L"", 1, L"REG IMPORT FileName [/reg:32 | /reg:64]"},
    {L"load", L"", 2, L"REG LOAD KeyName FileName [/reg:32 | /reg:64]"},
    {L"query", L"v? ve s f: k d c e t: z se:", 1,
     L"REG QUERY KeyName [/v [ValueName] | /ve] [/s] [/f Data [/k] [/d] [/c] [/e]] [/t Type] [/z] [/se Separator]\r\n"
     L"          [/reg:32 | /reg:64]"},
    {L"restore", L"", 2, L"REG RESTORE KeyName FileName [/reg:32 | /reg:64]"},
    {L"save", L"y", 2, L"REG SAVE KeyName FileName [/y] [/reg:32 | /reg:64]"},
    {L"unload", L"", 1, L"REG UNLOAD KeyName"},
};
static const struct verb *verb;

static struct {
    const wchar_t *names[16], *values[16];
    int count;
} options;

static const struct {
    const wchar_t *name, *name_in_short;
    HKEY key;
} roots[] = {
    {L"HKEY_LOCAL_MACHINE", L"HKLM", HKEY_LOCAL_MACHINE},   {L"HKEY_CURRENT_USER", L"HKCU", HKEY_CURRENT_USER},
    {L"HKEY_CLASSES_ROOT", L"HKCR", HKEY_CLASSES_ROOT},     {L"HKEY_USERS", L"HKU", HKEY_USERS},
    {L"HKEY_CURRENT_CONFIG", L"HKCC", HKEY_CURRENT_CONFIG},
};

static wchar_t *in_capitals(const wchar_t *text)
{
    wchar_t *made = copy(text);
    for (wchar_t *p = made; *p; p++)
        *p = upper(*p);
    return made;
}

int bad_use(const wchar_t *why)
{
    complain(L"ERROR: %s\r\nType \"REG %s/?\" for usage.\r\n", why,
             verb ? format(L"%s ", in_capitals(verb->name)) : L"");
    return 1;
}

int failed(LSTATUS status)
{
    if (status == ERROR_FILE_NOT_FOUND || status == ERROR_PATH_NOT_FOUND)
        complain(L"ERROR: The system was unable to find the specified registry key or value.\r\n");
    else
        complain(L"ERROR: %s\r\n", reason((unsigned)status));
    return 1;
}

int done(void)
{
    say(L"The operation completed successfully.\r\n");
    return 0;
}

bool confirm(const wchar_t *question, bool *always)
{
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    for (;;) {
        char first = 0, byte = 0;
        DWORD got;
        say(L"%s", question);
        flush();
        while (ReadFile(input, &byte, 1, &got, NULL) && got && byte != '\n')
            if (!first && byte != ' ' && byte != '\r')
                first = (char)upper((wchar_t)byte);
        if (first == 'A' && always)
            *always = true;
        if (first == 'Y' || (first == 'A' && always))
            return true;
        if (first == 'N' || byte != '\n') {
            say(L"The operation was canceled by the user.\r\n");
            return false;
        }
    }
}

const wchar_t *given(const wchar_t *option)
{
    for (int i = 0; i < options.count; i++)
        if (same(options.names[i], option))
            return options.values[i];
    return NULL;
}

bool name_key(const wchar_t *text, struct key *key)
{
    size_t length = 0, rest;
    while (text[length] && text[length] != L'\\')
        length++;
    wchar_t *path = copy(text[length] ? text + length + 1 : L"");
    rest = wcslen(path);
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
        wchar_t *root = copy_part(text, length);
        if (!same(root, roots[i].name) && !same(root, roots[i].name_in_short))
            continue;
        if (text[length] && (!rest || *path == L'\\' || (rest > 1 && !wcscmp(path + rest - 2, L"\\\\"))))
            return false;
        if (rest && path[rest - 1] == L'\\')
            path[rest - 1] = 0;
        *key = (struct key){roots[i].key, path, format(*path ? L"%s\\%s" : L"%s", roots[i].name, path)};
        return true;
    }
    return false;
}

bool parse_key(const wchar_t *text, struct key *key)
{
    if (name_key(text, key))
        return true;
    bad_use(text[0] == L'\\' && text[1] == L'\\'
                ? L"The registries of other machines cannot be reached from a container."
                : L"Invalid key name.");
    return false;
}

LSTATUS open_key(const struct key *key, REGSAM access, HKEY *handle)
{
    return registry.open(key->root, key->path, 0, access | view, handle);
}

LSTATUS create_key(const struct key *key, HKEY *handle)
{
    return registry.create(key->root, key->path, 0, NULL, 0, KEY_READ | KEY_WRITE | view, NULL, handle, NULL);
}

LSTATUS remove_whole_key(const struct key *key)
{
    HKEY handle;
    LSTATUS status = open_key(key, KEY_READ | KEY_WRITE | DELETE, &handle);
    if (!status)
        status = registry.remove_tree(handle, NULL);
    return status ? status : registry.remove_key(key->root, key->path, view, 0);
}

static int add(const struct key *key)
{
    const wchar_t *name = given(L"v"), *type = given(L"t"), *data = given(L"d"), *separator = given(L"s");
    struct value value = {.type = REG_SZ}, there;
    HKEY handle;
    if (name && given(L"ve"))
        return bad_use(L"Invalid syntax.");
    value.name = copy(name ? name : L"");
    if (type && !type_of(type, &value.type))
        return bad_use(L"Invalid syntax. Specify valid type in '/t'.");
    if (separator && (value.type != REG_MULTI_SZ || wcslen(separator) != 1))
        return bad_use(L"Invalid syntax. '/s' takes one character, for REG_MULTI_SZ.");
    if (!data && (value.type == REG_DWORD || value.type == REG_DWORD_BIG_ENDIAN))
        return bad_use(L"Invalid syntax. Specify valid numeric value for '/d'.");
    if (!data_of(data ? data : L"", separator ? separator : L"\\0", &value))
        return 1;
    LSTATUS status = create_key(key, &handle);
    if (status)
        return failed(status);
    if (!given(L"f") && find_value(handle, value.name, &there) &&
        !confirm(format(L"Value %s exists, overwrite(Yes/No)? ", value.name), NULL))
        return 0;
    status = registry.set(handle, value.name, 0, value.type, value.data, value.size);
    return status ? failed(status) : done();
}

static int delete_values(HKEY handle)
{
    size_t count;
    LSTATUS status = 0;
    struct value *values = values_of(handle, &count);
    for (size_t i = 0; i < count && !status; i++)
        status = registry.forget(handle, values[i].name);
    return status ? failed(status) : done();
}

static int delete_from(const struct key *key)
{
    const wchar_t *name = given(L"v"), *question;
    HKEY handle;
    if (!!name + !!given(L"ve") + !!given(L"va") > 1)
        return bad_use(L"Invalid syntax.");
    if (!*key->path && !name && !given(L"ve") && !given(L"va"))
        return bad_use(L"Invalid key name.");
    LSTATUS status = open_key(key, KEY_READ | KEY_WRITE, &handle);
    if (status)
        return failed(status);
    if (given(L"va"))
        question = format(L"Delete all values under the registry key %s (Yes/No)? ", key->shown);
    else if (name || given(L"ve"))
        question = format(L"Delete the registry value %s (Yes/No)? ", name ? name : L"(Default)");
    else
        question = format(L"Permanently delete the registry key %s (Yes/No)? ", key->shown);
    if (!given(L"f") && !confirm(question, NULL))
        return 0;
    if (given(L"va"))
        return delete_values(handle);
    status = name || given(L"ve") ? registry.forget(handle, name ? name : L"") : remove_whole_key(key);
    return status ? failed(status) : done();
}

/* Find the option in the verb's list; *kind is what stands behind its name there. */
static bool find_option(const wchar_t *name, wchar_t *kind)
{
    size_t length = wcslen(name);
    for (const wchar_t *each = verb->options; *each;) {
        size_t end = 0;
        while (each[end] && each[end] != L' ')
            end++;
        *kind = each[end - 1] == L':' || each[end - 1] == L'?' ? each[end - 1] : 0;
        if (end - !!*kind == length && same_start(each, name))
            return true;
        for (each += end; *each == L' ';)
            each++;
    }
    return false;
}

static bool read_options(int count, wchar_t **arguments)
{
    for (int i = 0; i < count; i++) {
        const wchar_t *name = arguments[i] + 1, *value = L"";
        wchar_t kind;
        if (*arguments[i] != L'/' && *arguments[i] != L'-')
            return false;
        if (same(name, L"reg:32") || same(name, L"reg:64")) {
            if (view)
                return false;
            view = same(name, L"reg:32") ? KEY_WOW64_32KEY : KEY_WOW64_64KEY;
            continue;
        }
        if (!*name || !find_option(name, &kind) || given(name))
            return false;
        if (kind == L':' || (kind == L'?' && i + 1 < count && *arguments[i + 1] != L'/')) {
            if (++i == count)
                return false;
            value = arguments[i];
        } else if (kind) {
            value = L"\1"; /* no value name was given */
        }
        options.names[options.count] = name;
        options.values[options.count++] = value;
    }
    return true;
}

/* Programs of 32 bits start SysWOW64's: what that asks for is theirs. */
static bool is_of_32_bits(void)
{
    wchar_t path[MAX_PATH + 1] = L"";
    GetModuleFileNameW(NULL, path, MAX_PATH);
    wchar_t *directory = directory_of(path);
    size_t length = wcslen(directory);
    return length > 9 && same(directory + length - 9, L"SysWOW64\\");
}

static int run(wchar_t **words)
{
    struct key key, other;
    const wchar_t *name = verb->name;
    if (same(name, L"import"))
        return import_file(words[0]);
    if (!parse_key(words[0], &key))
        return 1;
    if (same(name, L"copy") || same(name, L"compare")) {
        if (!parse_key(words[1], &other))
            return 1;
        return same(name, L"copy") ? copy_key(&key, &other) : compare_keys(&key, &other);
    }
    if (same(name, L"add"))
        return add(&key);
    if (same(name, L"delete"))
        return delete_from(&key);
    if (same(name, L"query"))
        return query(&key);
    if (same(name, L"unload"))
        return unload_key(&key);
    int (*with_file)(const struct key *, const wchar_t *) = same(name, L"export")    ? export_key
                                                            : same(name, L"save")    ? save_key
                                                            : same(name, L"restore") ? restore_key
                                                                                     : load_key;
    return with_file(&key, words[1]);
}

static int tell_usage(void)
{
    say(L"\r\nREG Operation [Parameter List]\r\n\r\n");
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        say(L"%s\r\n", verbs[i].usage);
    say(L"\r\nReturn Code: (Except for REG COMPARE)\r\n\r\n  0 - Successful\r\n  1 - Failed\r\n");
    return 0;
}

int reg(int count, wchar_t **arguments)
{
    if (!count)
        return bad_use(L"Invalid syntax.");
    if (is_option(arguments[0], L"?") || is_option(arguments[0], L"h"))
        return tell_usage();
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (same(arguments[0], verbs[i].name))
            verb = verbs + i;
    if (!verb)
        return bad_use(format(L"Invalid syntax. '%s' is not a valid operation.", arguments[0]));
    if (count == 2 && (is_option(arguments[1], L"?") || is_option(arguments[1], L"h")))
        return say(L"\r\n%s\r\n", verb->usage), 0;
    for (int i = 1; i <= verb->words; i++)
        if (i >= count || *arguments[i] == L'/')
            return bad_use(L"Invalid syntax.");
    if (!read_options(count - 1 - verb->words, arguments + 1 + verb->words))
        return bad_use(L"Invalid syntax.");
    if (!view && is_of_32_bits())
        view = KEY_WOW64_32KEY;
    load_registry();
    return run(arguments + 1);
}

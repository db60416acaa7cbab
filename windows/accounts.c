/* See accounts.h. */
#include "accounts.h"

#define TOP L"\\Registry\\Machine\\SAM\\Accounts\\"
#define AUTHORITY_NT {0, 0, 0, 0, 0, 5}

NTSTATUS NTAPI NtOpenKey(HANDLE *, ACCESS_MASK, const OBJECT_ATTRIBUTES *);
NTSTATUS NTAPI NtCreateKey(HANDLE *, ACCESS_MASK, const OBJECT_ATTRIBUTES *, ULONG, const UNICODE_STRING *, ULONG, ULONG *);
NTSTATUS NTAPI NtEnumerateKey(HANDLE, ULONG, int, void *, ULONG, ULONG *);
NTSTATUS NTAPI NtQueryValueKey(HANDLE, const UNICODE_STRING *, int, void *, ULONG, ULONG *);
NTSTATUS NTAPI NtSetValueKey(HANDLE, const UNICODE_STRING *, ULONG, ULONG, const void *, ULONG);
WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR);

enum { BASIC_INFORMATION = 0, PARTIAL_INFORMATION = 2, TEN = 10, HIGHEST_REVISION = 1 };

const struct sid sid_container_administrator = {1, 3, AUTHORITY_NT, {93, 2, 1}};
const struct sid sid_container_user = {1, 3, AUTHORITY_NT, {93, 2, 2}};
const struct sid sid_administrators = {1, 2, AUTHORITY_NT, {32, 544}};
const struct sid sid_users = {1, 2, AUTHORITY_NT, {32, 545}};

static const struct {
    const wchar_t *name;
    const struct sid *sid;
} of_containers[] = {{L"ContainerAdministrator", &sid_container_administrator}, {L"ContainerUser", &sid_container_user}};

size_t sid_size(const struct sid *sid)
{
    return offsetof(struct sid, parts) + sid->count * sizeof sid->parts[0];
}

bool sid_same(const struct sid *one, const struct sid *other)
{
    if (one->count != other->count || one->count > SID_PARTS)
        return false;
    for (size_t i = 0; i < sid_size(one); i++)
        if (((const BYTE *)one)[i] != ((const BYTE *)other)[i])
            return false;
    return true;
}

static wchar_t *print_number(wchar_t *to, DWORD number)
{
    wchar_t digits[12], *digit = digits;
    do
        *digit++ = (wchar_t)(L'0' + number % TEN);
    while (number /= TEN);
    while (digit > digits)
        *to++ = *--digit;
    return to;
}

void sid_print(const struct sid *sid, wchar_t text[SID_TEXT_ROOM])
{
    *text++ = L'S';
    *text++ = L'-';
    text = print_number(text, sid->revision);
    *text++ = L'-';
    text = print_number(text, (DWORD)sid->authority[5] | (DWORD)sid->authority[4] << 8);
    for (unsigned i = 0; i < sid->count && i < SID_PARTS; i++) {
        *text++ = L'-';
        text = print_number(text, sid->parts[i]);
    }
    *text = 0;
}

static bool read_number(const wchar_t **text, DWORD *number)
{
    const wchar_t *start = *text;
    uint64_t value = 0;
    for (; **text >= L'0' && **text <= L'9' && value <= UINT32_MAX; ++*text)
        value = value * TEN + (uint64_t)(**text - L'0');
    *number = (DWORD)value;
    return *text > start && value <= UINT32_MAX;
}

bool sid_read(const wchar_t *text, struct sid *sid)
{
    DWORD revision, authority;
    *sid = (struct sid){0};
    if ((text[0] != L'S' && text[0] != L's') || text[1] != L'-')
        return false;
    text += 2;
    if (!read_number(&text, &revision) || revision != HIGHEST_REVISION || *text++ != L'-' ||
        !read_number(&text, &authority))
        return false;
    sid->revision = (BYTE)revision;
    for (unsigned i = 0; i < 4; i++)
        sid->authority[5 - i] = (BYTE)(authority >> 8 * i);
    for (; *text == L'-' && sid->count < SID_PARTS; sid->count++) {
        text++;
        if (!read_number(&text, &sid->parts[sid->count]))
            return false;
    }
    return sid->count && !*text;
}

/* One machine for all containers: what a layer says of a user's files holds in every container of the image. */
struct sid sid_of_rid(DWORD rid)
{
    return (struct sid){1, 5, AUTHORITY_NT, {21, 1703296718, 2291047385, 988123540, rid}};
}

static size_t length_of(const wchar_t *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

static bool part_same(const wchar_t *part, size_t length, const wchar_t *other)
{
    for (; length; length--, part++, other++)
        if (RtlUpcaseUnicodeChar(*part) != RtlUpcaseUnicodeChar(*other))
            return false;
    return !*other;
}

bool name_same(const wchar_t *one, const wchar_t *other)
{
    return part_same(one, length_of(one), other);
}

static void copy_name(const wchar_t *from, wchar_t to[ACCOUNT_ROOM])
{
    size_t i = 0;
    for (; from[i] && i + 1 < ACCOUNT_ROOM; i++)
        to[i] = from[i];
    to[i] = 0;
}

const wchar_t *accounts_domain(const struct account *account, const wchar_t *computer)
{
    if (account->of_containers)
        return L"User Manager";
    return account->group && account->sid.count == 2 ? L"BUILTIN" : computer;
}

static void name_key(UNICODE_STRING *name, const wchar_t *text, OBJECT_ATTRIBUTES *attributes)
{
    RtlInitUnicodeString(name, text);
    InitializeObjectAttributes(attributes, name, OBJ_CASE_INSENSITIVE, NULL, NULL);
}

HANDLE key_open(const wchar_t *path, bool for_writing)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    HANDLE key;
    name_key(&name, path, &attributes);
    return NtOpenKey(&key, for_writing ? KEY_ALL_ACCESS : KEY_READ, &attributes) ? NULL : key;
}

/* The keys above it must be there. */
HANDLE key_make(const wchar_t *path)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    HANDLE key;
    name_key(&name, path, &attributes);
    return NtCreateKey(&key, KEY_ALL_ACCESS, &attributes, 0, NULL, 0, NULL) ? NULL : key;
}

bool key_name(HANDLE key, ULONG index, wchar_t name[ACCOUNT_ROOM])
{
    struct {
        LARGE_INTEGER written;
        ULONG title, length;
        wchar_t name[ACCOUNT_ROOM];
    } basic;
    ULONG got;
    if (NtEnumerateKey(key, index, BASIC_INFORMATION, &basic, sizeof basic - sizeof(wchar_t), &got))
        return false;
    basic.name[basic.length / sizeof(wchar_t)] = 0;
    copy_name(basic.name, name);
    return true;
}

ULONG value_get(HANDLE key, const wchar_t *name, void *to, ULONG size)
{
    struct {
        ULONG title, type, length;
        BYTE data[LIST_ROOM];
    } value;
    UNICODE_STRING text;
    ULONG got;
    RtlInitUnicodeString(&text, name);
    if (NtQueryValueKey(key, &text, PARTIAL_INFORMATION, &value, sizeof value, &got) || value.length > size)
        return 0;
    for (ULONG i = 0; i < value.length; i++)
        ((BYTE *)to)[i] = value.data[i];
    return value.length;
}

DWORD value_number(HANDLE key, const wchar_t *name, DWORD otherwise)
{
    DWORD number;
    return value_get(key, name, &number, sizeof number) == sizeof number ? number : otherwise;
}

bool value_set(HANDLE key, const wchar_t *name, ULONG type, const void *data, ULONG size)
{
    UNICODE_STRING text;
    RtlInitUnicodeString(&text, name);
    return !NtSetValueKey(key, &text, 0, type, data, size);
}

HANDLE accounts_list(bool groups)
{
    return key_open(groups ? TOP L"Groups" : TOP L"Users", false);
}

HANDLE accounts_key(const wchar_t *name, bool groups, bool for_writing)
{
    wchar_t path[ACCOUNT_ROOM + 64];
    const wchar_t *top = groups ? TOP L"Groups\\" : TOP L"Users\\";
    size_t length = length_of(top), extra = length_of(name);
    for (size_t i = 0; i < extra; i++)
        if (name[i] == L'\\')
            return NULL;
    if (!extra || extra >= ACCOUNT_ROOM)
        return NULL;
    for (size_t i = 0; i < length; i++)
        path[i] = top[i];
    copy_name(name, path + length);
    return key_open(path, for_writing);
}

static bool read_account(const wchar_t *name, bool group, struct account *account)
{
    wchar_t text[SID_TEXT_ROOM] = L"";
    HANDLE key = accounts_key(name, group, false);
    if (!key)
        return false;
    *account = (struct account){.group = group};
    copy_name(name, account->name);
    bool known = true;
    if (group) {
        value_get(key, L"Sid", text, sizeof text - sizeof *text);
        known = sid_read(text, &account->sid);
    } else {
        DWORD rid = value_number(key, L"Rid", 0);
        account->sid = sid_of_rid(rid);
        account->flags = value_number(key, L"Flags", FLAG_NORMAL);
        known = rid != 0;
    }
    NtClose(key);
    return known;
}

/* The spelling that the account was made with. */
static bool find_listed(const wchar_t *name, const struct sid *sid, bool group, struct account *account)
{
    HANDLE list = accounts_list(group);
    wchar_t each[ACCOUNT_ROOM];
    bool found = false;
    for (ULONG i = 0; list && !found && key_name(list, i, each); i++)
        if (!name || name_same(name, each))
            found = read_account(each, group, account) && (!sid || sid_same(sid, &account->sid));
    if (list)
        NtClose(list);
    return found;
}

static bool find_of_containers(const wchar_t *name, const struct sid *sid, struct account *account)
{
    for (unsigned i = 0; i < sizeof of_containers / sizeof *of_containers; i++)
        if (name ? name_same(name, of_containers[i].name) : sid_same(sid, of_containers[i].sid)) {
            *account = (struct account){.of_containers = true, .flags = FLAG_NORMAL, .sid = *of_containers[i].sid};
            copy_name(of_containers[i].name, account->name);
            return true;
        }
    return false;
}

bool account_with(const struct sid *sid, struct account *account)
{
    return find_of_containers(NULL, sid, account) || find_listed(NULL, sid, false, account);
}

bool group_with(const struct sid *sid, struct account *group)
{
    return find_listed(NULL, sid, true, group);
}

/* Cut a domain off; whether it is one of those that are meant. */
static bool in_domain(const wchar_t **name, const wchar_t *one, const wchar_t *other)
{
    const wchar_t *start = *name;
    for (const wchar_t *p = start; *p; p++)
        if (*p == L'\\') {
            size_t length = (size_t)(p - start);
            *name = p + 1;
            return part_same(start, length, L".") || part_same(start, length, one) || part_same(start, length, other);
        }
    return true;
}

bool account_find(const wchar_t *name, const wchar_t *computer, struct account *account)
{
    struct sid sid;
    const wchar_t *plain = name;
    if (sid_read(name, &sid))
        return account_with(&sid, account);
    if (in_domain(&plain, L"User Manager", L"User Manager") && find_of_containers(plain, NULL, account))
        return true;
    plain = name;
    return in_domain(&plain, computer, computer) && find_listed(plain, NULL, false, account);
}

bool group_find(const wchar_t *name, const wchar_t *computer, struct account *group)
{
    struct sid sid;
    if (sid_read(name, &sid))
        return group_with(&sid, group);
    return in_domain(&name, computer, L"BUILTIN") && find_listed(name, NULL, true, group);
}

bool is_member(HANDLE group, const struct sid *sid)
{
    wchar_t members[LIST_ROOM / sizeof(wchar_t)], text[SID_TEXT_ROOM];
    sid_print(sid, text);
    ULONG size = value_get(group, L"Members", members, sizeof members - 2 * sizeof *members);
    members[size / sizeof *members] = members[size / sizeof *members + 1] = 0;
    for (const wchar_t *each = members; *each; each += length_of(each) + 1)
        if (name_same(each, text))
            return true;
    return false;
}

unsigned groups_of(const struct account *account, struct sid *groups, unsigned room)
{
    HANDLE list = accounts_list(true);
    wchar_t each[ACCOUNT_ROOM];
    unsigned count = 0;
    for (ULONG i = 0; list && count < room && key_name(list, i, each); i++) {
        struct account group;
        HANDLE key = accounts_key(each, true, false);
        if (key && is_member(key, &account->sid) && read_account(each, true, &group))
            groups[count++] = group.sid;
        if (key)
            NtClose(key);
    }
    if (list)
        NtClose(list);
    return count;
}

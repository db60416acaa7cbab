/*
 * Whom the program's user means, and what that user has of its own: a registry (HKEY_CURRENT_USER) and a profile.
 *
 * Wine keeps one user's registry in a file: it is ContainerAdministrator's. Those of others are keys of the machine's
 * registry, and are linked to where programs look for them; so they are written and travel as the rest of it does.
 * A user's profile and registry are made when the user first runs something, as on Windows: copies of Default's.
 */
#include "base.h"
#include "linux.h"

#define HIVES L"\\Registry\\Machine\\SAM\\Hives\\"
#define USERS L"\\Registry\\User\\"
#define PROFILES L"\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList\\"

NTSTATUS NTAPI NtCreateKey(HANDLE *, ACCESS_MASK, const OBJECT_ATTRIBUTES *, ULONG, const UNICODE_STRING *, ULONG, ULONG *);
NTSTATUS NTAPI NtEnumerateValueKey(HANDLE, ULONG, int, void *, ULONG, ULONG *);

enum {
    PATH_ROOM = 1024,
    VALUE_ROOM = 32 << 10,
    FULL_INFORMATION = 1,
    CREATE_LINK = 2,
    TYPE_LINK = 6,
    DEEPEST = 32,
};

static wchar_t *joined(const wchar_t *one, const wchar_t *other)
{
    size_t length = wide_length(one), extra = wide_length(other);
    wchar_t *text = take((length + extra + 1) * sizeof *text);
    memcpy(text, one, length * sizeof *text);
    memcpy(text + length, other, extra * sizeof *text);
    return text;
}

/* The path of a key in the registry of the request's user. */
wchar_t *hive_path(const struct request *request, const wchar_t *tail)
{
    return joined(request->hive ? request->hive : WINES_USER, tail);
}

/* The link itself is in no file: a boot makes it anew. */
static void link_hive(const wchar_t *sid, const wchar_t *target)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    HANDLE key;
    RtlInitUnicodeString(&name, joined(USERS, sid));
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (NtCreateKey(&key, KEY_ALL_ACCESS, &attributes, 0, NULL, REG_OPTION_VOLATILE | CREATE_LINK, NULL))
        return; /* it is there */
    value_set(key, L"SymbolicLinkValue", TYPE_LINK, target, (ULONG)(wide_length(target) * sizeof *target));
    NtClose(key);
}

/* Texts name the directory of the profile that they were made for. */
static ULONG renamed(const wchar_t *from, ULONG size, const wchar_t *user, wchar_t *to)
{
    static const wchar_t old[] = L"C:\\Users\\Default\\";
    size_t length = size / sizeof *from, part = sizeof old / sizeof *old - 1, start = 9, used = 0;
    for (size_t i = 0; i < length; i++) {
        if (i + part <= length && wide_equal(from + i, old, part)) {
            memcpy(to + used, old, start * sizeof *to);
            memcpy(to + used + start, user, wide_length(user) * sizeof *to);
            used += start + wide_length(user);
            i += part - 2;
        } else {
            to[used++] = from[i];
        }
    }
    return (ULONG)(used * sizeof *to);
}

static void copy_values(HANDLE from, HANDLE to, const wchar_t *user)
{
    struct {
        ULONG title, type, offset, length, name_length;
        wchar_t name[1];
    } *value = take(VALUE_ROOM);
    wchar_t *text = take(4 * VALUE_ROOM);
    ULONG got;
    for (ULONG i = 0; !NtEnumerateValueKey(from, i, FULL_INFORMATION, value, VALUE_ROOM - 4, &got); i++) {
        wchar_t *name = take(value->name_length + sizeof *name);
        memcpy(name, value->name, value->name_length);
        void *data = (char *)value + value->offset;
        ULONG size = value->length;
        if (value->type == REG_SZ || value->type == REG_EXPAND_SZ) {
            size = renamed(data, size, user, text);
            data = text;
        }
        value_set(to, name, value->type, data, size);
        give(name);
    }
    give(text);
    give(value);
}

static void copy_key(const wchar_t *from, const wchar_t *to, const wchar_t *user, int deep)
{
    HANDLE source = key_open(from, false), made = source && deep < DEEPEST ? key_make(to) : NULL;
    wchar_t *name = take(ACCOUNT_ROOM * sizeof *name);
    if (made) {
        copy_values(source, made, user);
        for (ULONG i = 0; key_name(source, i, name); i++)
            copy_key(joined(joined(from, L"\\"), name), joined(joined(to, L"\\"), name), user, deep + 1);
        NtClose(made);
    }
    if (source)
        NtClose(source);
}

static void copy_directory(const wchar_t *from, const wchar_t *to, int deep)
{
    WIN32_FIND_DATAW found;
    CreateDirectoryW(to, NULL);
    HANDLE search = deep < DEEPEST ? FindFirstFileW(joined(from, L"\\*"), &found) : INVALID_HANDLE_VALUE;
    for (BOOL more = search != INVALID_HANDLE_VALUE; more; more = FindNextFileW(search, &found)) {
        if (found.cFileName[0] == L'.' && (!found.cFileName[1] || (found.cFileName[1] == L'.' && !found.cFileName[2])))
            continue;
        wchar_t *source = joined(joined(from, L"\\"), found.cFileName), *target = joined(joined(to, L"\\"), found.cFileName);
        if (found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
            continue;
        if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
            copy_directory(source, target, deep + 1);
        else
            CopyFileW(source, target, TRUE);
    }
    if (search != INVALID_HANDLE_VALUE)
        FindClose(search);
}

static void make_profile(const struct account *account, const wchar_t *sid, const wchar_t *hive)
{
    wchar_t *directory = joined(L"C:\\Users\\", account->name);
    copy_key(HIVES L"Default", hive, account->name, 0);
    copy_directory(L"C:\\Users\\Default", directory, 0);
    HANDLE key = key_make(joined(PROFILES, sid));
    if (key) {
        value_set(key, L"ProfileImagePath", REG_EXPAND_SZ, directory,
                  (ULONG)((wide_length(directory) + 1) * sizeof *directory));
        value_set(key, L"Sid", REG_BINARY, &account->sid, (ULONG)sid_size(&account->sid));
        NtClose(key);
    }
}

void identity_prepare(struct request *request, bool boot)
{
    static struct account account;
    wchar_t sid[SID_TEXT_ROOM], computer[MAX_COMPUTERNAME_LENGTH + 1] = L"";
    DWORD size = sizeof computer / sizeof *computer;
    if (boot) {
        sid_print(&sid_container_administrator, sid);
        link_hive(sid, WINES_USER);
    }
    GetComputerNameW(computer, &size);
    if (!account_find(request->user, computer, &account))
        return;
    request->account = &account;
    request->user = account.name;
    if (account.flags & FLAG_DISABLED || sid_same(&account.sid, &sid_container_administrator))
        return;
    sid_print(&account.sid, sid);
    wchar_t *hive = joined(HIVES, sid);
    HANDLE key = key_open(hive, false);
    if (key)
        NtClose(key);
    else
        make_profile(&account, sid, hive);
    link_hive(sid, hive);
    request->hive = hive;
}

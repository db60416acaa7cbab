/* The registry by ntdll's own calls: advapi32 would cost every start what few commands need. */
#include "cmd.h"

NTSTATUS NTAPI NtOpenKey(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *);
NTSTATUS NTAPI NtCreateKey(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *, ULONG, UNICODE_STRING *, ULONG, ULONG *);
NTSTATUS NTAPI NtDeleteKey(HANDLE);
NTSTATUS NTAPI NtQueryValueKey(HANDLE, UNICODE_STRING *, int, void *, ULONG, ULONG *);
NTSTATUS NTAPI NtSetValueKey(HANDLE, UNICODE_STRING *, ULONG, ULONG, const void *, ULONG);
NTSTATUS NTAPI NtDeleteValueKey(HANDLE, UNICODE_STRING *);
NTSTATUS NTAPI NtEnumerateKey(HANDLE, ULONG, int, void *, ULONG, ULONG *);
NTSTATUS NTAPI RtlFormatCurrentUserKeyPath(UNICODE_STRING *);

#define CLASSES L"\\Registry\\Machine\\Software\\Classes\\"

enum { PARTIAL = 2, BASIC = 0, VALUE_ROOM = 8192 };

struct partial {
    ULONG index, type, size;
    BYTE data[1];
};

struct basic {
    LARGE_INTEGER time;
    ULONG index, size;
    wchar_t name[1];
};

static UNICODE_STRING string_of(const wchar_t *text)
{
    USHORT bytes = (USHORT)(wcslen(text) * sizeof *text);
    return (UNICODE_STRING){bytes, (USHORT)(bytes + sizeof *text), (wchar_t *)text};
}

/* A key below the current user's, or whole; NULL if it cannot be opened. */
static HANDLE open_key(const wchar_t *path, ACCESS_MASK access, bool create)
{
    HANDLE key = NULL;
    UNICODE_STRING user, name;
    if (*path != L'\\') {
        if (RtlFormatCurrentUserKeyPath(&user))
            return NULL;
        path = join(copy_part(user.Buffer, user.Length / sizeof(wchar_t)), L"\\", path, NULL);
        RtlFreeUnicodeString(&user);
    }
    name = string_of(path);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (create ? NtCreateKey(&key, access, &attributes, 0, NULL, 0, NULL) : NtOpenKey(&key, access, &attributes))
        return NULL;
    return key;
}

static struct partial *read_value(const wchar_t *path, const wchar_t *name)
{
    struct partial *value = take(VALUE_ROOM);
    UNICODE_STRING string = string_of(name);
    ULONG size;
    HANDLE key = open_key(path, KEY_QUERY_VALUE, false);
    if (!key)
        return NULL;
    NTSTATUS status = NtQueryValueKey(key, &string, PARTIAL, value, VALUE_ROOM - sizeof(wchar_t), &size);
    NtClose(key);
    return status ? NULL : value;
}

wchar_t *registry_text(const wchar_t *path, const wchar_t *name)
{
    struct partial *value = read_value(path, name);
    if (!value || (value->type != REG_SZ && value->type != REG_EXPAND_SZ))
        return NULL;
    wchar_t *text = copy_part((wchar_t *)value->data, value->size / sizeof(wchar_t));
    if (value->type == REG_SZ)
        return text;
    wchar_t *whole = take(VALUE_ROOM);
    return ExpandEnvironmentStringsW(text, whole, VALUE_ROOM / sizeof *whole) ? whole : text;
}

bool registry_number(const wchar_t *path, const wchar_t *name, DWORD *number)
{
    struct partial *value = read_value(path, name);
    if (!value || value->type != REG_DWORD || value->size != sizeof *number)
        return false;
    memcpy(number, value->data, sizeof *number);
    return true;
}

wchar_t *class_text(const wchar_t *key)
{
    wchar_t *text = registry_text(join(CLASSES, key, NULL), L"");
    return text && *text ? text : NULL;
}

/* Set a class's text, or take it away with NULL. */
bool set_class_text(const wchar_t *path, const wchar_t *text)
{
    UNICODE_STRING name = string_of(L"");
    /* Keys on the way have to be there. */
    for (const wchar_t *p = wcschr(path, L'\\'); text && p; p = wcschr(p + 1, L'\\')) {
        HANDLE on_the_way = open_key(join(CLASSES, copy_part(path, (size_t)(p - path)), NULL), KEY_WRITE, true);
        if (!on_the_way)
            return false;
        NtClose(on_the_way);
    }
    HANDLE key = open_key(join(CLASSES, path, NULL), KEY_WRITE | DELETE, text != NULL);
    if (!key)
        return false;
    NTSTATUS status = text ? NtSetValueKey(key, &name, 0, REG_SZ, text, (ULONG)((wcslen(text) + 1) * sizeof *text))
                           : NtDeleteValueKey(key, &name);
    if (!text)
        NtDeleteKey(key);
    NtClose(key);
    return !status;
}

bool each_class(bool (*each)(const wchar_t *key, void *context), void *context)
{
    struct basic *basic = take(VALUE_ROOM);
    ULONG size;
    HANDLE key = open_key(copy_part(CLASSES, wcslen(CLASSES) - 1), KEY_ENUMERATE_SUB_KEYS, false);
    if (!key)
        return false;
    for (ULONG i = 0; !NtEnumerateKey(key, i, BASIC, basic, VALUE_ROOM, &size); i++) {
        struct mark mark = mark_memory();
        bool goes_on = each(copy_part(basic->name, basic->size / sizeof(wchar_t)), context);
        release_memory(mark);
        if (!goes_on)
            break;
    }
    NtClose(key);
    return true;
}

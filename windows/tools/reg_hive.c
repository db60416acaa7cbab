/* reg copy; save, restore, load and unload: keys as files, in the form that this platform has for them. */
#include "reg.h"

#define LIST L"System\\CurrentControlSet\\Control\\hivelist"

struct paths { /* of the keys of a tree, the upper ones first; "" is its top */
    wchar_t **items;
    size_t count, room;
};

static void collect(HKEY key, const wchar_t *path, struct paths *paths)
{
    size_t count;
    if (paths->count == paths->room)
        paths->items = more(paths->items, (paths->room = paths->room * 2 + 64) * sizeof *paths->items);
    paths->items[paths->count++] = copy(path);
    wchar_t **names = subkeys_of(key, &count);
    for (size_t i = 0; i < count; i++) {
        HKEY below;
        if (registry.open(key, names[i], 0, KEY_READ | view, &below))
            continue;
        collect(below, *path ? format(L"%s\\%s", path, names[i]) : names[i], paths);
        registry.close(below);
    }
}

static bool may_write(HKEY to, const wchar_t *shown, const wchar_t *name)
{
    static bool always;
    struct value there;
    return always || !find_value(to, name, &there) ||
           confirm(format(L"Value %s\\%s exists, overwrite (Yes/No/All)? ", shown, name), &always);
}

/* The keys of a tree as it is before anything is written: its copy may become a part of it. */
static struct paths tree_of(HKEY key, bool deep)
{
    struct paths paths = {0};
    collect(key, L"", &paths);
    if (!deep)
        paths.count = 1;
    return paths;
}

static LSTATUS copy_tree(HKEY from, struct paths paths, HKEY to, bool ask_first, const wchar_t *shown)
{
    LSTATUS status = 0;
    for (size_t i = 0; i < paths.count && !status; i++) {
        HKEY source, target;
        size_t count;
        if (registry.open(from, paths.items[i], 0, KEY_READ | view, &source))
            continue;
        struct value *values = values_of(source, &count);
        status = registry.create(to, paths.items[i], 0, NULL, 0, KEY_READ | KEY_WRITE | view, NULL, &target, NULL);
        for (size_t j = 0; j < count && !status; j++)
            if (!ask_first || may_write(target, shown, values[j].name))
                status = registry.set(target, values[j].name, 0, values[j].type, values[j].data, values[j].size);
        registry.close(source);
        if (!status)
            registry.close(target);
    }
    return status;
}

int copy_key(const struct key *from, const struct key *to)
{
    HKEY source, target;
    if (same(from->shown, to->shown)) {
        complain(L"ERROR: The registry key cannot be copied onto itself.\r\n");
        return 1;
    }
    LSTATUS status = open_key(from, KEY_READ, &source);
    if (status)
        return failed(status);
    struct paths paths = tree_of(source, given(L"s"));
    status = create_key(to, &target);
    if (!status)
        status = copy_tree(source, paths, target, !given(L"f"), to->shown);
    return status ? failed(status) : done();
}

static void allow(const wchar_t *name)
{
    BOOL(WINAPI * open)(HANDLE, DWORD, HANDLE *) = from(L"kernelbase.dll", "OpenProcessToken");
    BOOL(WINAPI * adjust)
    (HANDLE, BOOL, TOKEN_PRIVILEGES *, DWORD, void *, void *) = from(L"kernelbase.dll", "AdjustTokenPrivileges");
    BOOL(WINAPI * look)(const wchar_t *, const wchar_t *, LUID *) = from(L"advapi32.dll", "LookupPrivilegeValueW");
    TOKEN_PRIVILEGES wanted = {.PrivilegeCount = 1, .Privileges[0].Attributes = SE_PRIVILEGE_ENABLED};
    HANDLE token;
    if (open(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token) && look(NULL, name, &wanted.Privileges[0].Luid))
        adjust(token, FALSE, &wanted, 0, NULL, NULL);
}

/* Written beside its place and then moved there: half a file never has the name. */
static LSTATUS save_to(HKEY key, const wchar_t *path)
{
    LSTATUS(WINAPI * save)(HKEY, const wchar_t *, void *, DWORD) = from(L"kernelbase.dll", "RegSaveKeyExW");
    wchar_t *beside = format(L"%s.new", path);
    allow(L"SeBackupPrivilege");
    DeleteFileW(beside);
    LSTATUS status = save(key, beside, NULL, 1);
    if (!status && !MoveFileExW(beside, path, MOVEFILE_REPLACE_EXISTING))
        status = (LSTATUS)GetLastError();
    return status;
}

int save_key(const struct key *key, const wchar_t *path)
{
    HKEY handle;
    LSTATUS status = open_key(key, KEY_READ, &handle);
    if (status)
        return failed(status);
    path = full_path(path);
    if (is_there(path) && !given(L"y") && !confirm(format(L"File %s already exists. Overwrite (Yes/No)?", path), NULL))
        return 0;
    status = save_to(handle, path);
    return status ? failed(status) : done();
}

/* Tell whether a file is a hive as Windows writes it, which cannot be read here, and say so. */
static bool is_foreign(const wchar_t *path)
{
    struct source source;
    char start[4] = {0};
    if (!open_source(&source, path))
        return false;
    bool found = read_source(&source, start, 4) == 4 && !memcmp(start, "regf", 4);
    close_source(&source);
    if (found)
        complain(L"ERROR: %s is a hive of Windows: only files that REG SAVE has written here can be read. Use REG IMPORT "
                 L"with a .reg file.\r\n", path);
    return found;
}

static LSTATUS load_at(HKEY root, const wchar_t *name, const wchar_t *path)
{
    LSTATUS(WINAPI * load)(HKEY, const wchar_t *, const wchar_t *) = from(L"kernelbase.dll", "RegLoadKeyW");
    allow(L"SeRestorePrivilege");
    if (!is_there(path))
        return ERROR_FILE_NOT_FOUND;
    return load(root, name, path);
}

static LSTATUS unload_at(HKEY root, const wchar_t *name)
{
    LSTATUS(WINAPI * unload)(HKEY, const wchar_t *) = from(L"kernelbase.dll", "RegUnLoadKeyW");
    allow(L"SeRestorePrivilege");
    return unload(root, name);
}

static int no_file(LSTATUS status)
{
    complain(L"ERROR: %s\r\n", reason((unsigned)status));
    return 1;
}

int restore_key(const struct key *key, const wchar_t *path)
{
    HKEY target, source = NULL;
    path = full_path(path);
    if (is_foreign(path))
        return 1;
    LSTATUS status = open_key(key, KEY_READ | KEY_WRITE | DELETE, &target);
    if (status)
        return failed(status);
    wchar_t *name = format(L"restored-%u", GetCurrentProcessId());
    status = load_at(HKEY_USERS, name, path);
    if (status)
        return no_file(status);
    status = registry.open(HKEY_USERS, name, 0, KEY_READ, &source);
    if (!status)
        status = registry.remove_tree(target, NULL);
    if (!status)
        status = copy_tree(source, tree_of(source, true), target, false, NULL);
    registry.close(source);
    unload_at(HKEY_USERS, name);
    return status ? failed(status) : done();
}

/* Where the file of a loaded key is told, as on Windows. */
static wchar_t *listed_as(const struct key *key)
{
    return format(L"\\REGISTRY\\%s\\%s", key->root == HKEY_USERS ? L"USER" : L"MACHINE", key->path);
}

static bool may_load(const struct key *key)
{
    if ((key->root == HKEY_LOCAL_MACHINE || key->root == HKEY_USERS) && *key->path && !wcschr(key->path, L'\\'))
        return true;
    bad_use(L"Invalid key name.");
    return false;
}

int load_key(const struct key *key, const wchar_t *path)
{
    HKEY list, there;
    if (!may_load(key))
        return 1;
    path = full_path(path);
    if (is_foreign(path))
        return 1;
    if (!open_key(key, KEY_READ, &there)) {
        complain(L"ERROR: Access is denied.\r\n");
        return 1;
    }
    LSTATUS status = load_at(key->root, key->path, path);
    if (status)
        return no_file(status);
    status = registry.create(HKEY_LOCAL_MACHINE, LIST, 0, NULL, 0, KEY_WRITE, NULL, &list, NULL);
    if (!status)
        status = registry.set(list, listed_as(key), 0, REG_SZ, (const BYTE *)path,
                              (DWORD)((wcslen(path) + 1) * sizeof *path));
    return status ? failed(status) : done();
}

/* What was changed since it was loaded goes into its file, which the platform does not do. */
int unload_key(const struct key *key)
{
    HKEY list, handle;
    struct value file;
    if (!may_load(key))
        return 1;
    if (registry.open(HKEY_LOCAL_MACHINE, LIST, 0, KEY_READ | KEY_WRITE, &list) ||
        !find_value(list, listed_as(key), &file)) {
        complain(L"ERROR: The parameter is incorrect.\r\n");
        return 1;
    }
    LSTATUS status = open_key(key, KEY_READ, &handle);
    if (!status)
        status = save_to(handle, (const wchar_t *)file.data);
    if (status)
        return failed(status);
    registry.close(handle);
    status = unload_at(key->root, key->path);
    if (!status)
        status = registry.forget(list, file.name);
    return status ? failed(status) : done();
}

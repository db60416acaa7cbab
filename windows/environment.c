/*
 * The environment of the container's programs: what Windows gives every user, then what the registry says (both have
 * been put into ours by ntdll), then what the container's configuration says, which wins. Nothing of Wine's own or of
 * Linux is left in it, but for what Wine puts back into every process: environment_clean takes that out of the program's
 * own, all except what Wine's DLLs read as they are loaded; windows/kernelbase/environment.c does the rest.
 *
 * Source: Wine, dlls/ntdll/unix/env.c (what is put back); winternl.h (offsets in PEB and process parameters are ABI).
 */
#include "base.h"

NTSTATUS NTAPI NtEnumerateValueKey(HANDLE, ULONG, int, void *, ULONG, ULONG *);
NTSTATUS NTAPI RtlCreateEnvironment(BOOLEAN copied, void **environment);
NTSTATUS NTAPI RtlDestroyEnvironment(void *environment);
NTSTATUS NTAPI RtlSetCurrentEnvironment(void *environment, void **before);

static const wchar_t *const foreign_prefixes[] = {L"WINE", L"LC_", L"LD_", L"XDG_"};
static const wchar_t *const foreign_names[] = {L"HOME", L"HOSTNAME", L"LANG", L"OLDPWD", L"PWD", L"SHLVL", L"TERM",
                                               L"USER", L"winsysdir"};

static bool is_foreign(const wchar_t *name, size_t length)
{
    for (unsigned i = 0; i < sizeof foreign_prefixes / sizeof *foreign_prefixes; i++) {
        size_t part = wide_length(foreign_prefixes[i]);
        if (length >= part && wide_equal(name, foreign_prefixes[i], part))
            return true;
    }
    for (unsigned i = 0; i < sizeof foreign_names / sizeof *foreign_names; i++)
        if (length == wide_length(foreign_names[i]) && wide_equal(name, foreign_names[i], length))
            return true;
    return false;
}

static void drop_foreign(void)
{
    wchar_t *block = GetEnvironmentStringsW();
    for (wchar_t *entry = block, *next; *entry; entry = next) {
        next = entry + wide_length(entry) + 1;
        wchar_t *equals = entry + 1; /* `=C:=C:\\dir` are names too */
        while (*equals && *equals != L'=')
            equals++;
        if (!*equals || !is_foreign(entry, (size_t)(equals - entry)))
            continue;
        *equals = 0;
        SetEnvironmentVariableW(entry, NULL);
    }
    FreeEnvironmentStringsW(block);
}

static void set_below_profile(const wchar_t *name, const wchar_t *user, const wchar_t *tail)
{
    static const wchar_t users[] = L"C:\\Users\\";
    size_t length = wide_length(user), extra = wide_length(tail), start = sizeof users / sizeof *users - 1;
    wchar_t *path = take((start + length + extra + 1) * sizeof *path);
    memcpy(path, users, start * sizeof *path);
    memcpy(path + start, user, length * sizeof *path);
    memcpy(path + start + length, tail, extra * sizeof *path);
    SetEnvironmentVariableW(name, path);
}

static void set_identity(const wchar_t *user, const struct account *account)
{
    wchar_t computer[MAX_COMPUTERNAME_LENGTH + 1] = L"";
    DWORD size = sizeof computer / sizeof *computer;
    bool named = GetComputerNameW(computer, &size);
    SetEnvironmentVariableW(L"USERNAME", user);
    SetEnvironmentVariableW(L"USERDOMAIN", account ? accounts_domain(account, computer) : NULL);
    set_below_profile(L"USERPROFILE", user, L"");
    set_below_profile(L"APPDATA", user, L"\\AppData\\Roaming");
    set_below_profile(L"LOCALAPPDATA", user, L"\\AppData\\Local");
    set_below_profile(L"TEMP", user, L"\\AppData\\Local\\Temp");
    set_below_profile(L"TMP", user, L"\\AppData\\Local\\Temp");
    SetEnvironmentVariableW(L"HOMEDRIVE", NULL);
    SetEnvironmentVariableW(L"HOMEPATH", NULL);
    SetEnvironmentVariableW(L"LOGONSERVER", NULL);
    SetEnvironmentVariableW(L"SESSIONNAME", NULL);
    SetEnvironmentVariableW(L"CLIENTNAME", NULL);
    if (named)
        SetEnvironmentVariableW(L"COMPUTERNAME", computer);
}

static void set_number(const wchar_t *name, unsigned value)
{
    char digits[16] = "";
    SetEnvironmentVariableW(name, wide(text_number(digits + sizeof digits - 1, value)));
}

static void set_machine(void)
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    set_number(L"NUMBER_OF_PROCESSORS", system.dwNumberOfProcessors);
    set_number(L"PROCESSOR_LEVEL", system.wProcessorLevel);
    SetEnvironmentVariableW(L"PROCESSOR_IDENTIFIER", wide(processor_identifier()));
}

#define MACHINE L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\Session Manager\\Environment"
enum { FULL_INFORMATION = 1, VALUE_ROOM = 66 << 10, EXPANDED_ROOM = 32 << 10 };

static bool is_path(const wchar_t *name)
{
    return wide_length(name) == 4 && wide_equal(name, L"PATH", 4);
}

static void set_of_registry(const wchar_t *name, ULONG type, const wchar_t *text, bool added)
{
    wchar_t *expanded = take(EXPANDED_ROOM * sizeof *expanded), *to = expanded;
    DWORD length = added ? GetEnvironmentVariableW(name, expanded, EXPANDED_ROOM - 1) : 0;
    if (length >= EXPANDED_ROOM - 1)
        return;
    if (length)
        expanded[length++] = L';';
    to += length;
    if (type == REG_EXPAND_SZ)
        ExpandEnvironmentStringsW(text, to, EXPANDED_ROOM - length);
    else if (wide_length(text) < EXPANDED_ROOM - length)
        memcpy(to, text, (wide_length(text) + 1) * sizeof *text);
    SetEnvironmentVariableW(name, expanded);
    give(expanded);
}

NTSTATUS NTAPI NtQueryKey(HANDLE, int, void *, ULONG, ULONG *);

/* Whether a key has values of which ntdll has taken a part. */
static bool has_long_values(const wchar_t *path)
{
    enum { KEY_FULL_INFORMATION = 2, WINES_ROOM = 1800 };
    struct {
        LARGE_INTEGER written;
        ULONG title, class_at, class_bytes, keys, longest_key, longest_class, values, longest_name, longest_value;
        wchar_t class[64];
    } full = {0};
    HANDLE key = key_open(path, false);
    ULONG got;
    if (key) {
        NtQueryKey(key, KEY_FULL_INFORMATION, &full, sizeof full, &got);
        NtClose(key);
    }
    return full.longest_value > WINES_ROOM;
}

enum change { TAKE, SET, ADD };

/* Give each variable of a key its value (a user's PATH is added to the machine's), or take it away for the machine's. */
static void for_variables(const wchar_t *path, enum change change)
{
    struct {
        ULONG title, type, offset, length, name_length;
        wchar_t name[1];
    } *value = take(VALUE_ROOM);
    HANDLE key = key_open(path, false), machine = change == TAKE ? key_open(MACHINE, false) : NULL;
    ULONG got;
    for (ULONG i = 0; key && !NtEnumerateValueKey(key, i, FULL_INFORMATION, value, VALUE_ROOM - 4, &got); i++) {
        wchar_t *name = take(value->name_length + sizeof *name), *text = take(value->length + sizeof *text);
        memcpy(name, value->name, value->name_length);
        memcpy(text, (char *)value + value->offset, value->length);
        if (change != TAKE && (value->type == REG_SZ || value->type == REG_EXPAND_SZ)) {
            set_of_registry(name, value->type, text, change == ADD && is_path(name));
        } else if (change == TAKE) {
            SetEnvironmentVariableW(name, NULL);
            wchar_t *own = take(VALUE_ROOM);
            if (machine && value_get(machine, name, own, VALUE_ROOM - 4))
                set_of_registry(name, REG_EXPAND_SZ, own, false);
            give(own);
        }
        give(text);
        give(name);
    }
    if (machine)
        NtClose(machine);
    if (key)
        NtClose(key);
    give(value);
}

/*
 * What ntdll has put into our environment are the variables of the user whose registry is Wine's own, and of a long
 * value its first thousand characters.
 */
static void set_of_keys(const struct request *request)
{
    const wchar_t *of_user = request->hive ? hive_path(request, L"\\Environment") : WINES_USER L"\\Environment";
    bool cut = has_long_values(MACHINE) || has_long_values(of_user);
    if (!request->hive && !cut)
        return;
    for_variables(WINES_USER L"\\Environment", TAKE);
    if (cut)
        for_variables(MACHINE, SET);
    for_variables(of_user, ADD);
}

static void set_entries(const struct request *request)
{
    for (unsigned i = 0; i < request->environment_count; i++) {
        wchar_t *entry = wide(request->environment[i]), *equals = entry + 1;
        while (*equals && *equals != L'=')
            equals++;
        if (!*entry || !*equals)
            continue;
        *equals = 0;
        SetEnvironmentVariableW(entry, equals + 1);
    }
}

static void *unset; /* the environment before the container's configuration has its say */
static LONGLONG read_at; /* when Wine had read the registry for it, or a little later */

void environment_apply(const struct request *request)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    read_at = (LONGLONG)now.dwHighDateTime << 32 | now.dwLowDateTime;
    drop_foreign();
    set_identity(request->user, request->account);
    set_machine();
    set_of_keys(request);
    RtlCreateEnvironment(TRUE, &unset);
    set_entries(request);
}

/* Whether the registry has the variables that it had when this process began. */
bool environment_is_fresh(const struct request *request)
{
    return unset && registry_changed_at(MACHINE) < read_at &&
           registry_changed_at(hive_path(request, L"\\Environment")) < read_at;
}

/*
 * Give this process the environment of one more program, for CreateProcess looks by it; return its own. Only who holds
 * start_guard may do so.
 */
void *environment_enter(const struct request *request)
{
    void *before, *fresh, *copied; /* what a call does not return, it frees */
    RtlSetCurrentEnvironment(unset, &before);
    if (!RtlCreateEnvironment(TRUE, &fresh)) {
        RtlSetCurrentEnvironment(fresh, &copied);
        set_entries(request);
    }
    return before;
}

void environment_leave(void *before)
{
    void *used;
    RtlSetCurrentEnvironment(before, &used);
    if (used != unset)
        RtlDestroyEnvironment(used);
}

enum {
    PEB_PARAMETERS = 0x20,
    PARAMETERS_ENVIRONMENT = 0x80,
    PARAMETERS_ENVIRONMENT_SIZE = 0x3f0,
    LARGEST_ENVIRONMENT = 8 << 20,
};

static bool is_put_back_by_wine(const wchar_t *entry)
{
    static const wchar_t *const names[] = {L"WINECONFIGDIR=", L"WINEDATADIR=", L"WINEDLLDIR", L"WINEHOMEDIR=",
                                           L"WINELOADER="};
    size_t length = wide_length(entry);
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        size_t part = wide_length(names[i]);
        if (length >= part && wide_equal(entry, names[i], part))
            return true;
    }
    return false;
}

static bool peek(HANDLE process, const char *address, void *to, size_t size)
{
    SIZE_T got;
    return ReadProcessMemory(process, address, to, size, &got) && got == size;
}

/* The program must not run yet. Where its memory looks otherwise than expected, it is left as it is. */
void environment_clean(HANDLE process)
{
    PROCESS_BASIC_INFORMATION basic;
    char *parameters;
    wchar_t *block;
    size_t size;
    if (NtQueryInformationProcess(process, ProcessBasicInformation, &basic, sizeof basic, NULL) ||
        !peek(process, (char *)basic.PebBaseAddress + PEB_PARAMETERS, &parameters, sizeof parameters) ||
        !peek(process, parameters + PARAMETERS_ENVIRONMENT, &block, sizeof block) ||
        !peek(process, parameters + PARAMETERS_ENVIRONMENT_SIZE, &size, sizeof size) ||
        size < sizeof *block || size > LARGEST_ENVIRONMENT)
        return;
    wchar_t *copy = take(size + 2 * sizeof *copy), *to = copy;
    if (peek(process, (char *)block, copy, size)) {
        for (wchar_t *entry = copy, *next; *entry; entry = next) {
            size_t length = wide_length(entry) + 1;
            next = entry + length;
            if (!is_put_back_by_wine(entry)) {
                memcpy(to, entry, length * sizeof *to); /* forward: the places may overlap */
                to += length;
            }
        }
        *to = 0;
        SIZE_T written;
        WriteProcessMemory(process, block, copy, size, &written);
    }
    give(copy);
}

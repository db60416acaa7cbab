/*
 * Logging on as a user of the container, whose password is asked for, and starting programs as one.
 *
 * Source: Microsoft, LogonUserW, CreateProcessWithLogonW, CreateProcessWithTokenW.
 */
#include "graft.h"

typedef struct {
    ULONG state[6];
    UCHAR block[64], digest[16];
} md4_state;
__declspec(dllimport) void NTAPI MD4Init(md4_state *);
__declspec(dllimport) void NTAPI MD4Update(md4_state *, const void *, ULONG);
__declspec(dllimport) void NTAPI MD4Final(md4_state *);
__declspec(dllimport) NTSTATUS NTAPI RtlCreateEnvironment(BOOLEAN, wchar_t **);
__declspec(dllimport) NTSTATUS NTAPI RtlDestroyEnvironment(wchar_t *);
__declspec(dllimport) NTSTATUS NTAPI RtlSetEnvironmentVariable(wchar_t **, const UNICODE_STRING *, const UNICODE_STRING *);
__declspec(dllimport) BOOLEAN NTAPI RtlDoesFileExists_U(const wchar_t *);

__declspec(dllimport) NTSTATUS NTAPI LdrLoadDll(const wchar_t *, DWORD, const UNICODE_STRING *, HMODULE *);
__declspec(dllimport) NTSTATUS NTAPI LdrGetProcedureAddress(HMODULE, const ANSI_STRING *, ULONG, void **);

typedef BOOL(WINAPI *as_user)(HANDLE, const wchar_t *, wchar_t *, SECURITY_ATTRIBUTES *, SECURITY_ATTRIBUTES *, BOOL, DWORD,
                              void *, const wchar_t *, STARTUPINFOW *, PROCESS_INFORMATION *);

enum { HASH_BYTES = 16, PROFILE_ROOM = ACCOUNT_ROOM + 16 };

static BOOL refuse(DWORD error)
{
    RtlSetLastWin32Error(error);
    return FALSE;
}

static bool is_password(const struct account *account, const wchar_t *given)
{
    UCHAR known[HASH_BYTES] = {0};
    md4_state state;
    size_t length = 0;
    HANDLE key = accounts_key(account->name, false, false);
    if (!key)
        return false;
    while (given[length])
        length++;
    MD4Init(&state);
    MD4Update(&state, given, (ULONG)(length * sizeof *given));
    MD4Final(&state);
    bool same = value_get(key, L"Password", known, sizeof known) == sizeof known;
    for (int i = 0; i < HASH_BYTES; i++)
        same &= known[i] == state.digest[i];
    NtClose(key);
    return same;
}

/* The users of containers have no password, and are nobody to log on as; nor has who never was given one. */
static bool log_on(const wchar_t *name, const wchar_t *domain, const wchar_t *password, struct account *account)
{
    wchar_t own[ACCOUNT_ROOM];
    bool here = !domain || (domain[0] == L'.' && !domain[1]) || is_here(domain);
    if (!name || !here || !account_find(name, computer(own), account) || account->of_containers ||
        !is_password(account, password ? password : L""))
        return refuse(ERROR_LOGON_FAILURE);
    return account->flags & FLAG_DISABLED ? refuse(ERROR_ACCOUNT_DISABLED) : true;
}

HOOK BOOL WINAPI hook_LogonUserW(const wchar_t *name, const wchar_t *domain, const wchar_t *password, DWORD type,
                                 DWORD provider, HANDLE *token)
{
    struct account account;
    if (!token || type < LOGON32_LOGON_INTERACTIVE || type > LOGON32_LOGON_NEW_CREDENTIALS || provider > 3)
        return refuse(ERROR_INVALID_PARAMETER);
    if (!log_on(name, domain, password, &account))
        return FALSE;
    *token = account_token(&account);
    return *token ? TRUE : refuse(ERROR_NO_SUCH_USER);
}

HOOK BOOL WINAPI hook_LogonUserA(const char *name, const char *domain, const char *password, DWORD type, DWORD provider,
                                 HANDLE *token)
{
    wchar_t texts[3][ACCOUNT_ROOM];
    return hook_LogonUserW(wide(name, texts[0], ACCOUNT_ROOM), wide(domain, texts[1], ACCOUNT_ROOM),
                           wide(password, texts[2], ACCOUNT_ROOM), type, provider, token);
}

/* This library's own CreateProcessAsUserW is a word that leads to another. */
static BOOL start(HANDLE token, const wchar_t *program, wchar_t *command, DWORD flags, void *environment,
                  const wchar_t *directory, STARTUPINFOW *startup, PROCESS_INFORMATION *process)
{
    UNICODE_STRING file;
    ANSI_STRING function;
    HMODULE library;
    void *found = NULL;
    RtlInitUnicodeString(&file, L"kernelbase.dll");
    RtlInitAnsiString(&function, "CreateProcessAsUserW");
    if (LdrLoadDll(NULL, 0, &file, &library) < 0 || LdrGetProcedureAddress(library, &function, 0, &found) < 0)
        return refuse(ERROR_PROC_NOT_FOUND);
    return ((as_user)found)(token, program, command, NULL, NULL, FALSE, flags, environment, directory, startup, process);
}

static void set(wchar_t **environment, const wchar_t *name, const wchar_t *value)
{
    UNICODE_STRING key, text;
    RtlInitUnicodeString(&key, name);
    RtlInitUnicodeString(&text, value);
    RtlSetEnvironmentVariable(environment, &key, &text);
}

/* The caller's environment with the user's names; the profile, if the user has one already. */
static wchar_t *environment_of(const struct account *account)
{
    wchar_t own[ACCOUNT_ROOM], profile[PROFILE_ROOM] = L"C:\\Users\\";
    wchar_t *environment;
    size_t length = 0;
    if (RtlCreateEnvironment(TRUE, &environment))
        return NULL;
    while (profile[length])
        length++;
    for (size_t i = 0; (profile[length + i] = account->name[i]); i++)
        ;
    set(&environment, L"USERNAME", account->name);
    set(&environment, L"USERDOMAIN", accounts_domain(account, computer(own)));
    if (RtlDoesFileExists_U(profile))
        set(&environment, L"USERPROFILE", profile);
    return environment;
}

HOOK BOOL WINAPI hook_CreateProcessWithLogonW(const wchar_t *name, const wchar_t *domain, const wchar_t *password,
                                              DWORD logon, const wchar_t *program, wchar_t *command, DWORD flags,
                                              void *environment, const wchar_t *directory, STARTUPINFOW *startup,
                                              PROCESS_INFORMATION *process)
{
    struct account account;
    HANDLE token;
    wchar_t *made = NULL;
    (void)logon;
    if (!log_on(name, domain, password, &account))
        return FALSE;
    if (!(token = account_token(&account)))
        return refuse(ERROR_NO_SUCH_USER);
    if (!environment)
        made = environment_of(&account);
    BOOL started = start(token, program, command, made ? flags | CREATE_UNICODE_ENVIRONMENT : flags,
                         made ? made : environment, directory, startup, process);
    if (made)
        RtlDestroyEnvironment(made);
    NtClose(token);
    return started;
}

HOOK BOOL WINAPI hook_CreateProcessWithTokenW(HANDLE token, DWORD logon, const wchar_t *program, wchar_t *command,
                                              DWORD flags, void *environment, const wchar_t *directory,
                                              STARTUPINFOW *startup, PROCESS_INFORMATION *process)
{
    (void)logon;
    return start(token, program, command, flags, environment, directory, startup, process);
}

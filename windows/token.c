/*
 * The token that makes the container's program ContainerAdministrator or ContainerUser.
 *
 * Every process under Wine has the token of an administrator whom User Account Control has not elevated, which is
 * neither. The token linked to it is elevated. With the administrators' group for denials alone, and without an
 * administrator's privileges, it is a plain user's. What the program starts inherits its token.
 *
 * This tells programs who they are; what holds them is the container: Wine hands an administrator's token to any
 * process that asks for it by a call of its own.
 *
 * Source: Microsoft, "Access Tokens", "Restricted Tokens", TOKEN_LINKED_TOKEN, "Well-known SIDs".
 */
#include "base.h"

NTSTATUS NTAPI NtOpenProcessToken(HANDLE process, ACCESS_MASK access, HANDLE *token);
NTSTATUS NTAPI NtQueryInformationToken(HANDLE token, TOKEN_INFORMATION_CLASS what, void *data, ULONG size, ULONG *got);
NTSTATUS NTAPI NtDuplicateToken(HANDLE token, ACCESS_MASK access, OBJECT_ATTRIBUTES *attributes, BOOLEAN effective_only,
                                TOKEN_TYPE type, HANDLE *copy);
NTSTATUS NTAPI NtFilterToken(HANDLE token, ULONG flags, TOKEN_GROUPS *denying, TOKEN_PRIVILEGES *removed,
                             TOKEN_GROUPS *restricting, HANDLE *filtered);

enum {
    FIRST_PRIVILEGE = 2,
    LAST_PRIVILEGE = 36,
    CHANGE_NOTIFY = 23, /* these two every user has */
    INCREASE_WORKING_SET = 33,
};

/* A SID in BUILTIN. */
struct alias {
    BYTE revision, count, authority[6];
    DWORD domain, alias;
};
#define ALIAS(number) {SID_REVISION, 2, {0, 0, 0, 0, 0, 5}, SECURITY_BUILTIN_DOMAIN_RID, number}

static HANDLE administrator(HANDLE own)
{
    TOKEN_LINKED_TOKEN linked;
    HANDLE token = NULL;
    ULONG got;
    if (NtQueryInformationToken(own, TokenLinkedToken, &linked, sizeof linked, &got))
        return NULL;
    SECURITY_QUALITY_OF_SERVICE quality = {.Length = sizeof quality, .ImpersonationLevel = SecurityImpersonation};
    OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes, .SecurityQualityOfService = &quality};
    NtDuplicateToken(linked.LinkedToken, TOKEN_ALL_ACCESS, &attributes, FALSE, TokenPrimary, &token);
    CloseHandle(linked.LinkedToken);
    return token;
}

static HANDLE user(HANDLE own)
{
    static const struct alias administrators = ALIAS(DOMAIN_ALIAS_RID_ADMINS);
    static const struct alias power_users = ALIAS(DOMAIN_ALIAS_RID_POWER_USERS);
    struct {
        DWORD count;
        SID_AND_ATTRIBUTES groups[2];
    } denying = {2, {{(void *)&administrators, 0}, {(void *)&power_users, 0}}};
    struct {
        DWORD count;
        LUID_AND_ATTRIBUTES privileges[LAST_PRIVILEGE - FIRST_PRIVILEGE + 1];
    } removed = {0};
    for (unsigned each = FIRST_PRIVILEGE; each <= LAST_PRIVILEGE; each++)
        if (each != CHANGE_NOTIFY && each != INCREASE_WORKING_SET)
            removed.privileges[removed.count++].Luid.LowPart = each;
    HANDLE token = NULL;
    NtFilterToken(own, 0, (TOKEN_GROUPS *)&denying, (TOKEN_PRIVILEGES *)&removed, NULL, &token);
    return token;
}

/* The caller closes it; NULL if Wine makes none. */
HANDLE token_of(const struct request *request)
{
    static const wchar_t plain[] = L"ContainerUser";
    HANDLE own, token;
    if (NtOpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &own))
        return NULL;
    token = wide_equal(request->user, plain, sizeof plain / sizeof *plain) ? user(own) : administrator(own);
    CloseHandle(own);
    return token;
}

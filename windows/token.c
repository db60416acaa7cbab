/*
 * The token of the user that a program runs as: Wine makes one of whatever is named, and everything the program starts
 * inherits it.
 *
 * A member of Administrators is elevated and of high integrity, everybody else is of medium integrity; what a program
 * is told of that goes by the groups (windows/ntdll/tokens.c), for Wine itself notes neither.
 *
 * Source: Microsoft, "Access Tokens", "Well-known SIDs", "Privilege Constants"; what whoami says in Windows containers.
 */
#include "accounts.h"

NTSTATUS NTAPI NtCreateToken(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *, TOKEN_TYPE, LUID *, LARGE_INTEGER *, TOKEN_USER *,
                             TOKEN_GROUPS *, TOKEN_PRIVILEGES *, TOKEN_OWNER *, TOKEN_PRIMARY_GROUP *, TOKEN_DEFAULT_DACL *,
                             TOKEN_SOURCE *);
NTSTATUS NTAPI RtlCreateAcl(ACL *, ULONG, ULONG);
NTSTATUS NTAPI RtlAddAccessAllowedAce(ACL *, ULONG, ULONG, PSID);

enum {
    MEMBER = SE_GROUP_MANDATORY | SE_GROUP_ENABLED_BY_DEFAULT | SE_GROUP_ENABLED,
    LABEL = SE_GROUP_INTEGRITY | SE_GROUP_INTEGRITY_ENABLED,
    HIGH = 12288,
    MEDIUM = 8192,
    MOST_GROUPS = 48,
    FIXED_GROUPS = 9,
};

#define NT(...) {0, 0, 0, 0, 0, 5}, {__VA_ARGS__}
static const struct sid everyone = {1, 1, {0, 0, 0, 0, 0, 1}, {0}};
static const struct sid interactive = {1, 1, NT(4)};
static const struct sid console_logon = {1, 1, {0, 0, 0, 0, 0, 2}, {1}};
static const struct sid authenticated_users = {1, 1, NT(11)};
static const struct sid this_organization = {1, 1, NT(15)};
static const struct sid local = {1, 1, {0, 0, 0, 0, 0, 2}, {0}};
static const struct sid local_system = {1, 1, NT(18)};
static const struct sid logon = {1, 3, NT(5, 0, 1000)};

/* By number, and whether it is on from the start. */
static const struct {
    BYTE number;
    bool on;
} of_administrators[] = {
    {5, false},  {8, false},  {9, false},  {10, false}, {11, false}, {12, false}, {13, false}, {14, false},
    {15, false}, {17, false}, {18, false}, {19, false}, {20, false}, {22, false}, {23, true},  {24, false},
    {25, false}, {28, false}, {29, true},  {30, true},  {33, false}, {34, false}, {35, false}, {36, false},
}, of_users[] = {{23, true}, {33, false}};

struct groups {
    DWORD count;
    SID_AND_ATTRIBUTES all[MOST_GROUPS + FIXED_GROUPS];
};

static void add(struct groups *groups, const struct sid *sid, DWORD attributes)
{
    groups->all[groups->count].Sid = (void *)sid;
    groups->all[groups->count++].Attributes = attributes;
}

/* The caller closes it; NULL if Wine makes none. */
HANDLE account_token(const struct account *account)
{
    struct sid listed[MOST_GROUPS], label = {1, 1, {0, 0, 0, 0, 0, 16}, {MEDIUM}};
    unsigned count = account->of_containers ? 0 : groups_of(account, listed, MOST_GROUPS);
    bool administrator = sid_same(&account->sid, &sid_container_administrator);
    for (unsigned i = 0; i < count; i++)
        administrator |= sid_same(&listed[i], &sid_administrators);
    label.parts[0] = administrator ? HIGH : MEDIUM;
    struct groups groups = {0};
    add(&groups, &label, LABEL);
    add(&groups, &everyone, MEMBER);
    if (administrator)
        add(&groups, &sid_administrators, MEMBER | SE_GROUP_OWNER);
    add(&groups, &sid_users, MEMBER); /* authenticated users are members of it */
    for (unsigned i = 0; i < count; i++)
        if (!sid_same(&listed[i], &sid_administrators) && !sid_same(&listed[i], &sid_users))
            add(&groups, &listed[i], MEMBER);
    add(&groups, &interactive, MEMBER);
    add(&groups, &console_logon, MEMBER);
    add(&groups, &authenticated_users, MEMBER);
    add(&groups, &this_organization, MEMBER);
    if (account->of_containers)
        add(&groups, &local, MEMBER);
    add(&groups, &logon, MEMBER | SE_GROUP_LOGON_ID);
    struct {
        DWORD count;
        LUID_AND_ATTRIBUTES all[sizeof of_administrators / sizeof *of_administrators];
    } privileges = {.count = administrator ? sizeof of_administrators / sizeof *of_administrators
                                           : sizeof of_users / sizeof *of_users};
    for (unsigned i = 0; i < privileges.count; i++) {
        privileges.all[i].Luid.LowPart = administrator ? of_administrators[i].number : of_users[i].number;
        privileges.all[i].Attributes = (administrator ? of_administrators[i].on : of_users[i].on)
                                           ? SE_PRIVILEGE_ENABLED | SE_PRIVILEGE_ENABLED_BY_DEFAULT
                                           : 0;
    }
    const struct sid *owner = administrator ? &sid_administrators : &account->sid;
    BYTE room[256];
    ACL *acl = (ACL *)room;
    RtlCreateAcl(acl, sizeof room, ACL_REVISION);
    RtlAddAccessAllowedAce(acl, ACL_REVISION, GENERIC_ALL, (void *)owner);
    RtlAddAccessAllowedAce(acl, ACL_REVISION, GENERIC_ALL, (void *)&local_system);
    RtlAddAccessAllowedAce(acl, ACL_REVISION, GENERIC_READ | GENERIC_EXECUTE, (void *)&logon);
    acl->AclSize = (WORD)(sizeof *acl + 3 * offsetof(ACCESS_ALLOWED_ACE, SidStart) + sid_size(owner) + sid_size(&local_system) +
                          sid_size(&logon));
    LUID id = {999, 0};
    LARGE_INTEGER never = {.QuadPart = INT64_MAX};
    TOKEN_USER user = {{(void *)&account->sid, 0}};
    TOKEN_OWNER token_owner = {(void *)owner};
    TOKEN_PRIMARY_GROUP primary = {(void *)&sid_users};
    TOKEN_DEFAULT_DACL dacl = {acl};
    TOKEN_SOURCE source = {"Transom", {0, 0}};
    OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes};
    HANDLE token;
    if (NtCreateToken(&token, TOKEN_ALL_ACCESS, &attributes, TokenPrimary, &id, &never, &user, (void *)&groups,
                      (void *)&privileges, &token_owner, &primary, &dacl, &source))
        return NULL;
    return token;
}

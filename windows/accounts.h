/*
 * The accounts of a container: its users and local groups, kept in the registry, so that they travel with a layer.
 *
 * What programs ask of accounts (tokens, names, `net`) goes by this. It uses nothing but ntdll, for it is part of the
 * first process, of the tools and of advapi32.
 *
 *   HKLM\SAM\Accounts\Users\NAME    Rid, Flags, FullName, Comment, Password (its NT hash), Changed (when it was set)
 *   HKLM\SAM\Accounts\Groups\NAME   Sid, Comment, Members (security identifiers)
 *   HKLM\SAM\Hives\SID              the HKEY_CURRENT_USER of all but ContainerAdministrator, whose is user.reg
 *
 * Source: Microsoft, "Well-known SIDs", USER_INFO_3 (flags); hcsshim's and moby's names and SIDs of container accounts.
 */
#ifndef TRANSOM_ACCOUNTS_H
#define TRANSOM_ACCOUNTS_H

#ifndef WIN32_NO_STATUS
#define WIN32_NO_STATUS
#define TRANSOM_ACCOUNTS_STATUS
#endif
#include <windows.h>
#ifdef TRANSOM_ACCOUNTS_STATUS
#undef WIN32_NO_STATUS
#endif
#include <winternl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ACCOUNT_ROOM = 260,
    SID_TEXT_ROOM = 190,
    SID_PARTS = 8,
    LIST_ROOM = 8192,
    FIRST_USER_RID = 1000,
    FLAG_SCRIPT = 0x1,
    FLAG_DISABLED = 0x2,
    FLAG_PASSWORD_NOT_REQUIRED = 0x20,
    FLAG_PASSWORD_CANNOT_CHANGE = 0x40,
    FLAG_NORMAL = 0x200,
    FLAG_PASSWORD_NEVER_EXPIRES = 0x10000,
};

struct sid {
    BYTE revision, count, authority[6];
    DWORD parts[SID_PARTS];
};
struct account {
    wchar_t name[ACCOUNT_ROOM];
    struct sid sid;
    bool of_containers; /* ContainerAdministrator, ContainerUser: in no list, and in the domain User Manager */
    bool group;
    DWORD flags;
};

extern const struct sid sid_container_administrator, sid_container_user, sid_administrators, sid_users;
size_t sid_size(const struct sid *sid);
bool sid_same(const struct sid *one, const struct sid *other);
void sid_print(const struct sid *sid, wchar_t text[SID_TEXT_ROOM]);
bool sid_read(const wchar_t *text, struct sid *sid);
struct sid sid_of_rid(DWORD rid);

bool name_same(const wchar_t *one, const wchar_t *other); /* in any case */
const wchar_t *accounts_domain(const struct account *account, const wchar_t *computer);

/* Keys: NULL where there is none. Values: the bytes that are there, 0 for none. */
HANDLE key_open(const wchar_t *path, bool for_writing);
HANDLE key_make(const wchar_t *path);
bool key_name(HANDLE key, ULONG index, wchar_t name[ACCOUNT_ROOM]);
ULONG value_get(HANDLE key, const wchar_t *name, void *to, ULONG size);
DWORD value_number(HANDLE key, const wchar_t *name, DWORD otherwise);
bool value_set(HANDLE key, const wchar_t *name, ULONG type, const void *data, ULONG size);

HANDLE accounts_key(const wchar_t *name, bool groups, bool for_writing);
HANDLE accounts_list(bool groups);
/* name: with or without a domain, or a SID. computer: this machine's name, the domain of users of its own. */
bool account_find(const wchar_t *name, const wchar_t *computer, struct account *account);
bool account_with(const struct sid *sid, struct account *account);
bool group_find(const wchar_t *name, const wchar_t *computer, struct account *group);
bool group_with(const struct sid *sid, struct account *group);
bool is_member(HANDLE group, const struct sid *sid);
/* The SIDs of the groups that list account, as many as there is room for; returns how many. */
unsigned groups_of(const struct account *account, struct sid *groups, unsigned room);

/* token.c: what a user's programs run with. */
HANDLE account_token(const struct account *account);

#endif

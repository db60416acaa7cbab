/*
 * What we put into netapi32.dll (see windows/ntdll/graft.h): the functions on users and local groups, by the accounts
 * that `net` makes (windows/accounts.h). Wine's report success and keep nothing.
 *
 * It imports from ntdll.dll and netapi32.dll alone.
 *
 * Source: Microsoft, the pages of each function and of USER_INFO_*, LOCALGROUP_*_INFO_*.
 */
#ifndef TRANSOM_NETAPI32_GRAFT_H
#define TRANSOM_NETAPI32_GRAFT_H

#define _WIN32_WINNT 0x0A00
#define WIN32_NO_STATUS
#include <windows.h>
#undef WIN32_NO_STATUS
#include <lm.h>
#include <ntstatus.h>
#include <stdbool.h>
#include <stddef.h>
#include <winternl.h>
#include "../accounts.h"

#define HOOK __declspec(dllexport)

__declspec(dllimport) void *NTAPI RtlAllocateHeap(HANDLE, ULONG, SIZE_T);
__declspec(dllimport) BOOLEAN NTAPI RtlFreeHeap(HANDLE, ULONG, void *);
__declspec(dllimport) void *NTAPI RtlGetCurrentPeb(void);
__declspec(dllimport) NTSTATUS NTAPI NtDeleteKey(HANDLE);

enum { TEXT_ROOM = 2048, MOST_ENTRIES = 1024 };

/* answer.c: a buffer that NetApiBufferFree frees, which first is measured and then filled. */
struct answer {
    char *data; /* NULL while it is measured */
    size_t used; /* by what comes behind the entries */
};
typedef struct {
    const wchar_t *name; /* of an account or a group */
    struct sid sid;
} entry;
typedef bool write_entry(struct answer *answer, void *to, DWORD level, const entry *entry);
wchar_t *answer_text(struct answer *answer, const wchar_t *text);
void *answer_bytes(struct answer *answer, const void *from, size_t size);
DWORD answer_all(const entry *entries, DWORD count, DWORD level, size_t entry_size, write_entry *write, BYTE **buffer);

size_t text_length(const wchar_t *text);
void text_copy(const wchar_t *from, wchar_t *to, size_t room);
const wchar_t *value_text(HANDLE key, const wchar_t *value, wchar_t text[TEXT_ROOM]);
bool value_put(HANDLE key, const wchar_t *value, const wchar_t *text);
HANDLE process_heap(void);

/* who.c */
const wchar_t *computer(wchar_t name[ACCOUNT_ROOM]);
bool is_here(const wchar_t *server);
bool is_administrator(void);
bool is_good_name(const wchar_t *name, size_t longest);
HANDLE policy(bool for_writing);
DWORD next_rid(void);
bool is_name_taken(const wchar_t *name, DWORD *error);

/* members.c */
DWORD member_set(const struct account *group, const struct sid *sid, bool member);
void members_forget(const struct sid *sid);

#endif

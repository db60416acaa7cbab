/* Accounts by name, through advapi32, which is loaded when it is asked for; and what the registry has of them. */
#ifndef TRANSOM_TOOL_ACCOUNT_H
#define TRANSOM_TOOL_ACCOUNT_H

#include "../accounts.h"
#include "tool.h"

void *advapi(const char *name);
wchar_t *own_account(void);               /* DOMAIN\user */
bool account_sid(const wchar_t *name, struct sid *sid); /* of a name, DOMAIN\name, or *S-1-... */
wchar_t *account_of(void *sid);           /* its name, else the SID itself */
wchar_t *group_name(void *sid, const wchar_t **type); /* and what whoami calls its type */
wchar_t *computer_name(void);
bool is_administrator(void);

/* net.c: what net's commands share; each returns the exit code */
enum { NET_FAILED = 2, NET_BAD_SYNTAX = 1 };
int net_done(void);
int net_fail(unsigned error);
int net_unknown_option(const wchar_t *option, const wchar_t *syntax);
const wchar_t *net_value(const wchar_t *argument, const wchar_t *name); /* of /name:value, NULL if it is another */
void net_columns(wchar_t **names, size_t count, const wchar_t *before);
int net_user(int count, wchar_t **arguments);
int net_localgroup(int count, wchar_t **arguments);
int net_accounts(int count, wchar_t **arguments);
int net_service(const wchar_t *verb, int count, wchar_t **arguments);
HANDLE net_policy(bool for_writing);
unsigned net_member(const struct account *group, const struct sid *sid, bool add); /* an error, 0 for none */

#endif

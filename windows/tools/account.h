/* Accounts by name, through advapi32, which is loaded when it is asked for. */
#ifndef TRANSOM_TOOL_ACCOUNT_H
#define TRANSOM_TOOL_ACCOUNT_H

#include "tool.h"

void *advapi(const char *name);
wchar_t *own_account(void);                   /* DOMAIN\user */
bool account_exists(const wchar_t *name);     /* a name, DOMAIN\name, or *S-1-... */
wchar_t *account_of(void *sid);               /* its name, else the SID itself */

#endif

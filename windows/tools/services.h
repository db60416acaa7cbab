/* The service control manager's functions, loaded once. */
#ifndef TRANSOM_SERVICES_H
#define TRANSOM_SERVICES_H

#include "tool.h"

#include <winsvc.h>

struct scm {
    SC_HANDLE(WINAPI *manager)(const wchar_t *, const wchar_t *, DWORD);
    SC_HANDLE(WINAPI *open)(SC_HANDLE, const wchar_t *, DWORD);
    SC_HANDLE(WINAPI *create)(SC_HANDLE, const wchar_t *, const wchar_t *, DWORD, DWORD, DWORD, DWORD, const wchar_t *,
                             const wchar_t *, DWORD *, const wchar_t *, const wchar_t *, const wchar_t *);
    BOOL(WINAPI *change)(SC_HANDLE, DWORD, DWORD, DWORD, const wchar_t *, const wchar_t *, DWORD *, const wchar_t *,
                        const wchar_t *, const wchar_t *, const wchar_t *);
    BOOL(WINAPI *change2)(SC_HANDLE, DWORD, void *);
    BOOL(WINAPI *config)(SC_HANDLE, QUERY_SERVICE_CONFIGW *, DWORD, DWORD *);
    BOOL(WINAPI *config2)(SC_HANDLE, DWORD, BYTE *, DWORD, DWORD *);
    BOOL(WINAPI *status)(SC_HANDLE, SC_STATUS_TYPE, BYTE *, DWORD, DWORD *);
    BOOL(WINAPI *enumerate)(SC_HANDLE, SC_ENUM_TYPE, DWORD, DWORD, BYTE *, DWORD, DWORD *, DWORD *, DWORD *,
                           const wchar_t *);
    BOOL(WINAPI *start)(SC_HANDLE, DWORD, const wchar_t **);
    BOOL(WINAPI *control)(SC_HANDLE, DWORD, SERVICE_STATUS *);
    BOOL(WINAPI *remove)(SC_HANDLE);
};
extern struct scm scm;

/* sc_show.c: what sc prints; the exit code */
void show_status(const wchar_t *name, const wchar_t *display, const SERVICE_STATUS_PROCESS *status, bool more);
int sc_query(SC_HANDLE manager, int count, wchar_t **arguments, bool more);
int sc_config_of(SC_HANDLE manager, const wchar_t *name);
int sc_description_of(SC_HANDLE manager, const wchar_t *name);
int sc_failed(const wchar_t *what); /* says GetLastError's number and text, and returns the number */

#endif

/* What the checks of Windows' functions share: each prints what does not hold, and main counts. */
#ifndef API_H
#define API_H

#define _WIN32_WINNT 0x0A00
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <winioctl.h>

extern int failed, checked;

#define CHECK(what) \
    do { \
        SetLastError(0); \
        checked++; \
        if (!(what)) { \
            printf("%s:%d: %s (error %lu)\n", __FILE__, __LINE__, #what, GetLastError()); \
            failed++; \
        } \
    } while (0)
#define REFUSED(what, error) CHECK(!(what) && GetLastError() == (error))

HANDLE open_file(const wchar_t *name, DWORD access, DWORD disposition, DWORD flags);
void put(const wchar_t *name, const char *text);
int holds(const wchar_t *name, const char *text);
DWORD run_self(const char *arguments);

void links(void);
void files(void);
void locks(void);
void threads(void);
void console(void);
void icu(void);
void watch(void);
void certificates(void);
void unix_sockets(void);
void streams(void);
void accounts(void);
void streams_kept(void);
int locks_child(const char *how);
int console_child(const char *how);
int unix_child(const char *path);

#endif

/* What every tool uses: Windows' headers, arguments, output, files. A tool is a short process: memory is never freed. */
#ifndef TRANSOM_TOOL_H
#define TRANSOM_TOOL_H

#ifndef UNICODE
#define UNICODE
#endif
#include <winsock2.h>
#include <windows.h>
#include <winternl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of the C library, ntdll has what is here; a C runtime would cost every start milliseconds. */
size_t __cdecl wcslen(const wchar_t *);
size_t __cdecl strlen(const char *);
int __cdecl wcscmp(const wchar_t *, const wchar_t *);
wchar_t *__cdecl wcschr(const wchar_t *, wchar_t);
wchar_t *__cdecl wcsrchr(const wchar_t *, wchar_t);
int __cdecl _vsnwprintf(wchar_t *, size_t, const wchar_t *, va_list);
void __cdecl qsort(void *, size_t, size_t, int(__cdecl *)(const void *, const void *));
int __cdecl memcmp(const void *, const void *, size_t);
void *__cdecl memmove(void *, const void *, size_t);
WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR);

/* memory.c */
void *take(size_t bytes);
void *more(void *memory, size_t bytes); /* grows what was taken */
wchar_t *copy_part(const wchar_t *text, size_t length);
wchar_t *copy(const wchar_t *text);
wchar_t *format(const wchar_t *format, ...);
wchar_t upper(wchar_t c);
bool same(const wchar_t *one, const wchar_t *other); /* in any case */
bool same_start(const wchar_t *text, const wchar_t *start);
bool whole_number(const wchar_t *text, uint64_t *value); /* decimal digits and nothing else */

/* output.c */
enum { OUTPUT, ERRORS };
bool is_console(HANDLE handle);
void put(int to, const wchar_t *text, size_t length);
void put_bytes(int to, const void *bytes, size_t size);
void flush(void);
void say(const wchar_t *format, ...);
void complain(const wchar_t *format, ...);
const wchar_t *reason(unsigned error); /* Windows' text, without an end of line */
wchar_t *wide_of(const char *bytes, size_t size, size_t *length); /* of the code page of output */
char *bytes_of(const wchar_t *text, size_t length, size_t *size);

/* files.c */
wchar_t *full_path(const wchar_t *path);
wchar_t *under(const wchar_t *directory, const wchar_t *name);
const wchar_t *base_name(const wchar_t *path);
wchar_t *directory_of(const wchar_t *path); /* "" for a bare name, with the backslash otherwise */
bool is_directory(const wchar_t *path);
bool is_there(const wchar_t *path);
bool make_directories(const wchar_t *path); /* also those above it; true if it is there afterwards */
bool matches(const wchar_t *name, const wchar_t *pattern); /* * and ?, in any case */
struct entry {
    wchar_t *name;
    DWORD attributes;
    FILETIME created, written;
    uint64_t size;
};
/* The entries of a directory that match pattern, sorted by name, without . and ..; NULL and an error where it fails. */
struct entry *list(const wchar_t *directory, const wchar_t *pattern, size_t *count, DWORD *error);
struct source { /* a file or a pipe, read in pieces */
    HANDLE file;
    DWORD error;
};
bool open_source(struct source *source, const wchar_t *path); /* NULL: standard input */
size_t read_source(struct source *source, void *to, size_t size); /* 0: the end, or an error */
void close_source(struct source *source);

/* lines.c: lines without their ends, in bytes as they came */
struct lines {
    struct source source;
    char *data;
    size_t used, size, room;
    bool ended;
};
bool open_lines(struct lines *lines, const wchar_t *path);
bool next_line(struct lines *lines, const char **line, size_t *size, bool *had_end);
void close_lines(struct lines *lines);

/* library.c */
void *from(const wchar_t *library, const char *name); /* ends the program where there is none */
bool is_option(const wchar_t *argument, const wchar_t *name);
const wchar_t *option_value(const wchar_t *argument, const wchar_t *name);
wchar_t *grouped(uint64_t number);

/* The tools: arguments without the program's name; the exit code is returned. */
int arp(int count, wchar_t **arguments);
int attrib(int count, wchar_t **arguments);
int certutil(int count, wchar_t **arguments);
int chcp(int count, wchar_t **arguments);
int choice(int count, wchar_t **arguments);
int clip(int count, wchar_t **arguments);
int comp(int count, wchar_t **arguments);
int dism(int count, wchar_t **arguments);
int driverquery(int count, wchar_t **arguments);
int fc(int count, wchar_t **arguments);
int find(int count, wchar_t **arguments);
int findstr(int count, wchar_t **arguments);
int forfiles(int count, wchar_t **arguments);
int fsutil(int count, wchar_t **arguments);
int getmac(int count, wchar_t **arguments);
int icacls(int count, wchar_t **arguments);
int ipconfig(int count, wchar_t **arguments);
int more_text(int count, wchar_t **arguments);
int net(int count, wchar_t **arguments);
int netsh(int count, wchar_t **arguments);
int netstat(int count, wchar_t **arguments);
int nslookup(int count, wchar_t **arguments);
int ping(int count, wchar_t **arguments);
int powershell(int count, wchar_t **arguments);
int reg(int count, wchar_t **arguments);
int robocopy(int count, wchar_t **arguments);
int route(int count, wchar_t **arguments);
int sc(int count, wchar_t **arguments);
int schtasks(int count, wchar_t **arguments);
int setx(int count, wchar_t **arguments);
int shut_down(int count, wchar_t **arguments);
int sort(int count, wchar_t **arguments);
int subst(int count, wchar_t **arguments);
int systeminfo(int count, wchar_t **arguments);
int takeown(int count, wchar_t **arguments);
int taskkill(int count, wchar_t **arguments);
int tasklist(int count, wchar_t **arguments);
int timeout(int count, wchar_t **arguments);
int tracert(int count, wchar_t **arguments);
int tree(int count, wchar_t **arguments);
int tzutil(int count, wchar_t **arguments);
int waitfor(int count, wchar_t **arguments);
int wevtutil(int count, wchar_t **arguments);
int where(int count, wchar_t **arguments);
int whoami(int count, wchar_t **arguments);
int wmic(int count, wchar_t **arguments);
int xcopy(int count, wchar_t **arguments);

#endif

/*
 * What we put into ntdll.dll, so that every program has it: functions that take the place of Wine's own.
 *
 * `hook_NAME` is what programs get as NAME; NAME in this code is Wine's. Nothing here runs before a program calls it,
 * and what a program does not use costs it a comparison at most. Files are looked at through Linux's own calls.
 */
#ifndef TRANSOM_GRAFT_H
#define TRANSOM_GRAFT_H

#define WIN32_NO_STATUS
#include <windows.h>
#undef WIN32_NO_STATUS
#include <winternl.h>
#include <ntstatus.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../linux.h"

#define HOOK __declspec(dllexport)

typedef struct _OBJECT_ATTRIBUTES ATTRIBUTES;

enum {
    PATH_BYTES = 4096, /* of a Linux path, the longest that its kernel takes */
    NAME_BYTES = 256,
    FULL_ATTRIBUTES = FILE_ATTRIBUTE_REPARSE_POINT | FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_ARCHIVE,
};

/* Wine's own ways between its world and Linux's. */
__declspec(dllimport) NTSTATUS wine_nt_to_unix_file_name(const ATTRIBUTES *, char *, ULONG *, UINT);
__declspec(dllimport) NTSTATUS wine_server_handle_to_fd(HANDLE, unsigned, int *, unsigned *);
__declspec(dllimport) NTSTATUS wine_server_fd_to_handle(int, unsigned, unsigned, HANDLE *);
__declspec(dllimport) unsigned wine_server_call(void *);

/* What Windows' headers of mingw-w64 leave out. */
__declspec(dllimport) NTSTATUS NTAPI NtQueryAttributesFile(const ATTRIBUTES *, void *);
__declspec(dllimport) NTSTATUS NTAPI NtQueryFullAttributesFile(const ATTRIBUTES *, void *);
__declspec(dllimport) NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE, HANDLE, PIO_APC_ROUTINE, void *, IO_STATUS_BLOCK *,
                                                          void *, ULONG, FILE_INFORMATION_CLASS, BOOLEAN,
                                                          UNICODE_STRING *, BOOLEAN);
__declspec(dllimport) NTSTATUS NTAPI NtLockFile(HANDLE, HANDLE, PIO_APC_ROUTINE, void *, IO_STATUS_BLOCK *,
                                                LARGE_INTEGER *, LARGE_INTEGER *, ULONG *, BOOLEAN, BOOLEAN);
__declspec(dllimport) NTSTATUS NTAPI NtUnlockFile(HANDLE, IO_STATUS_BLOCK *, LARGE_INTEGER *, LARGE_INTEGER *, ULONG *);
__declspec(dllimport) NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PIO_APC_ROUTINE, void *, IO_STATUS_BLOCK *, void *,
                                                ULONG, LARGE_INTEGER *, ULONG *);
__declspec(dllimport) NTSTATUS NTAPI NtWriteFile(HANDLE, HANDLE, PIO_APC_ROUTINE, void *, IO_STATUS_BLOCK *,
                                                 const void *, ULONG, LARGE_INTEGER *, ULONG *);
__declspec(dllimport) NTSTATUS NTAPI NtDuplicateObject(HANDLE, HANDLE, HANDLE, HANDLE *, ACCESS_MASK, ULONG, ULONG);
__declspec(dllimport) wchar_t NTAPI RtlUpcaseUnicodeChar(wchar_t);
__declspec(dllimport) NTSTATUS NTAPI NtSetEvent(HANDLE, LONG *);
__declspec(dllimport) NTSTATUS NTAPI NtQueueApcThread(HANDLE, void *, void *, void *, void *);
__declspec(dllimport) NTSTATUS NTAPI NtResetEvent(HANDLE, LONG *);
__declspec(dllimport) NTSTATUS NTAPI NtCancelIoFile(HANDLE, IO_STATUS_BLOCK *);
__declspec(dllimport) NTSTATUS NTAPI NtCancelIoFileEx(HANDLE, IO_STATUS_BLOCK *, IO_STATUS_BLOCK *);
__declspec(dllimport) NTSTATUS NTAPI NtCreateEvent(HANDLE *, ACCESS_MASK, const ATTRIBUTES *, int, BOOLEAN);
__declspec(dllimport) NTSTATUS NTAPI NtNotifyChangeDirectoryFile(HANDLE, HANDLE, PIO_APC_ROUTINE, void *,
                                                                 IO_STATUS_BLOCK *, void *, ULONG, ULONG, BOOLEAN);
__declspec(dllimport) NTSTATUS NTAPI RtlEnterCriticalSection(RTL_CRITICAL_SECTION *);
__declspec(dllimport) NTSTATUS NTAPI RtlLeaveCriticalSection(RTL_CRITICAL_SECTION *);
__declspec(dllimport) NTSTATUS NTAPI NtDelayExecution(BOOLEAN, const LARGE_INTEGER *);
__declspec(dllimport) NTSTATUS NTAPI RtlCreateUserThread(HANDLE, void *, BOOLEAN, ULONG, SIZE_T, SIZE_T,
                                                         ULONG(NTAPI *)(void *), void *, HANDLE *, void *);
__declspec(dllimport) void NTAPI RtlExitUserThread(ULONG);
__declspec(dllimport) NTSTATUS NTAPI RtlUnicodeToUTF8N(char *, ULONG, ULONG *, const wchar_t *, ULONG);
__declspec(dllimport) ULONG NTAPI RtlDosSearchPath_U(const wchar_t *, const wchar_t *, const wchar_t *, ULONG, wchar_t *,
                                                     wchar_t **);
__declspec(dllimport) NTSTATUS NTAPI RtlQueryEnvironmentVariable_U(wchar_t *, UNICODE_STRING *, UNICODE_STRING *);
__declspec(dllimport) void *NTAPI RtlImageDirectoryEntryToData(void *, BOOLEAN, USHORT, ULONG *);
__declspec(dllimport) NTSTATUS NTAPI RtlUTF8ToUnicodeN(wchar_t *, ULONG, ULONG *, const char *, ULONG);

/* disk.c */
struct status {
    uint64_t device, inode, links;
    uint32_t mode, user, group, pad;
    uint64_t special;
    int64_t size, block_size, blocks;
    int64_t accessed, accessed_ns, modified, modified_ns, changed, changed_ns, reserved[3];
};
enum { LINUX_AT_FDCWD = -100 };
long long linux_call4(long long number, long long a, long long b, long long c, long long d);
long long linux_at_status(int directory_fd, const char *path, bool follow, struct status *status);
long long linux_at_open(int directory_fd, const char *path, int flags);
bool is_link(const struct status *status);
bool is_directory(const struct status *status);
NTSTATUS status_of_errno(long long result);
LONGLONG nt_time(int64_t seconds, int64_t nanoseconds);
bool descriptor(HANDLE file, int *fd);
bool path_of_descriptor(int fd, char path[PATH_BYTES]);
bool linux_name(const wchar_t *from, size_t count, char *to, size_t size);
size_t windows_name(const char *from, size_t length, wchar_t *to, size_t count);
bool guess_path(const ATTRIBUTES *attributes, char path[PATH_BYTES]);
void *process_heap(void);
ULONG process_id(void);
bool exact_path(const ATTRIBUTES *attributes, char path[PATH_BYTES], bool may_be_new);

/* locks.c */
bool is_overlapped(HANDLE file);

/* streams.c */
struct stream {
    ATTRIBUTES attributes;
    UNICODE_STRING name;
};
bool streams_seen(void);
NTSTATUS stream_name(const ATTRIBUTES **attributes, struct stream *stream, ULONG disposition, ULONG options);
bool streams_drop(char *buffer, ULONG_PTR *used, size_t name_at, size_t length_at);
bool streams_path(HANDLE file, char path[PATH_BYTES]);
void streams_remove(const char *path);
void streams_move(const char *from, char *to);
bool streams_sweep(const char *path);
NTSTATUS streams_list(HANDLE file, const FILE_STANDARD_INFORMATION *of_file, void *buffer, ULONG size, ULONG_PTR *used);

/* watch.c */
extern volatile LONG watchers_seen;
void watch_close(HANDLE file);

/* handles.c */
NTSTATUS NTAPI hook_NtQueryInformationFile(HANDLE, IO_STATUS_BLOCK *, void *, ULONG, FILE_INFORMATION_CLASS);

/* links.c */
enum link_kind { LINK_RELATIVE, LINK_ABSOLUTE, LINK_JUNCTION };
struct link {
    enum link_kind kind;
    bool directory;
    char path[PATH_BYTES]; /* of the link itself */
    char text[PATH_BYTES]; /* where it leads, without our marks */
};
extern volatile LONG links_seen;
bool link_text(int directory_fd, const char *path, struct link *link);
bool link_at(const ATTRIBUTES *attributes, struct link *link);
bool link_behind(HANDLE file, struct link *link, struct status *status);
ULONG link_attributes(const struct link *link);
ULONG link_tag(const struct link *link);
NTSTATUS link_read(const struct link *link, void *buffer, ULONG size, ULONG_PTR *used);
NTSTATUS link_make(HANDLE file, const void *buffer, ULONG size);
NTSTATUS link_unmake(HANDLE file);

#endif

/* Regions of files that are locked. Expected: Microsoft's pages on LockFileEx and UnlockFileEx. */
#include "api.h"
#include <winternl.h>

#define LOCK_NOT_GRANTED ((NTSTATUS)0xc0000055)

enum { AT_ONCE = LOCKFILE_FAIL_IMMEDIATELY, EXCLUSIVE = LOCKFILE_EXCLUSIVE_LOCK };

static const wchar_t *const name = L"C:\\api\\locked";

static HANDLE again(DWORD flags)
{
    return open_file(name, GENERIC_READ | GENERIC_WRITE, OPEN_EXISTING, flags);
}

static BOOL lock(HANDLE file, DWORD flags, DWORD start, DWORD length)
{
    OVERLAPPED at = {.Offset = start};
    return LockFileEx(file, flags, 0, length, 0, &at);
}

static BOOL unlock(HANDLE file, DWORD start, DWORD length)
{
    OVERLAPPED at = {.Offset = start};
    return UnlockFileEx(file, 0, length, 0, &at);
}

static BOOL read_at(HANDLE file, DWORD start)
{
    char content[3];
    DWORD done;
    SetFilePointer(file, (LONG)start, NULL, FILE_BEGIN);
    return ReadFile(file, content, sizeof content, &done, NULL) && done == sizeof content;
}

static BOOL write_at(HANDLE file, DWORD start)
{
    DWORD done;
    SetFilePointer(file, (LONG)start, NULL, FILE_BEGIN);
    return WriteFile(file, "abc", 3, &done, NULL);
}

/* The part of another process: the exit code is the error. */
int locks_child(const char *how)
{
    HANDLE file = again(0);
    BOOL done = !strcmp(how, "read")    ? read_at(file, 0)
                : !strcmp(how, "write") ? write_at(file, 0)
                                        : lock(file, EXCLUSIVE | (strcmp(how, "wait") ? AT_ONCE : 0), 0, 5);
    return done ? 0 : (int)GetLastError();
}

/* What ntdll says, of which more programs than kernel32 make something. */
static NTSTATUS lock_status(HANDLE file)
{
    NTSTATUS(NTAPI * lock_file)
    (HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, LARGE_INTEGER *, LARGE_INTEGER *, ULONG *, BOOLEAN, BOOLEAN);
    IO_STATUS_BLOCK io;
    LARGE_INTEGER offset = {.QuadPart = 0}, length = {.QuadPart = 1};
    lock_file = (void *)GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtLockFile");
    return lock_file(file, NULL, NULL, NULL, &io, &offset, &length, NULL, TRUE, TRUE);
}

static void exclusive(HANDLE one, HANDLE other)
{
    CHECK(lock(one, EXCLUSIVE | AT_ONCE, 0, 5));
    REFUSED(lock(other, AT_ONCE, 0, 5), ERROR_LOCK_VIOLATION);
    REFUSED(LockFile(other, 4, 0, 1, 0), ERROR_LOCK_VIOLATION);
    CHECK(lock_status(other) == LOCK_NOT_GRANTED);
    CHECK(lock(other, EXCLUSIVE | AT_ONCE, 5, 5) && unlock(other, 5, 5));
    CHECK(read_at(one, 0) && write_at(one, 0));
    REFUSED(read_at(other, 0), ERROR_LOCK_VIOLATION);
    REFUSED(write_at(other, 4), ERROR_LOCK_VIOLATION);
    CHECK(read_at(other, 5) && write_at(other, 5));
    CHECK(run_self("lock now") == ERROR_LOCK_VIOLATION);
    CHECK(run_self("lock read") == ERROR_LOCK_VIOLATION);
    CHECK(run_self("lock write") == ERROR_LOCK_VIOLATION);
    CHECK(unlock(one, 0, 5));
    REFUSED(unlock(one, 0, 5), ERROR_NOT_LOCKED);
    CHECK(run_self("lock write") == 0);
}

static void shared(HANDLE one, HANDLE other)
{
    CHECK(lock(one, AT_ONCE, 0, 5) && lock(other, AT_ONCE, 0, 5));
    CHECK(read_at(one, 0) && read_at(other, 0));
    REFUSED(write_at(one, 0), ERROR_LOCK_VIOLATION);
    CHECK(run_self("lock now") == ERROR_LOCK_VIOLATION);
    CHECK(run_self("lock read") == 0);
    CHECK(unlock(one, 0, 5) && unlock(other, 0, 5));
}

static void copied(HANDLE one)
{
    HANDLE copy;
    CHECK(lock(one, EXCLUSIVE | AT_ONCE, 0, 5));
    CHECK(DuplicateHandle(GetCurrentProcess(), one, GetCurrentProcess(), &copy, 0, FALSE, DUPLICATE_SAME_ACCESS));
    CHECK(read_at(copy, 0));
    CloseHandle(copy);
    CHECK(unlock(one, 0, 5));
}

static DWORD WINAPI unlock_soon(void *file)
{
    Sleep(100);
    unlock(file, 0, 5);
    return 0;
}

static void waiting(HANDLE one)
{
    CHECK(lock(one, EXCLUSIVE | AT_ONCE, 0, 5));
    HANDLE thread = CreateThread(NULL, 0, unlock_soon, one, 0, NULL);
    CHECK(run_self("lock wait") == 0);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    OVERLAPPED at = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    DWORD done;
    HANDLE later = again(FILE_FLAG_OVERLAPPED);
    CHECK(lock(one, EXCLUSIVE | AT_ONCE, 0, 5));
    REFUSED(LockFileEx(later, EXCLUSIVE, 0, 5, 0, &at), ERROR_IO_PENDING);
    CHECK(WaitForSingleObject(at.hEvent, 0) == WAIT_TIMEOUT);
    CHECK(unlock(one, 0, 5));
    CHECK(GetOverlappedResult(later, &at, &done, TRUE));
    REFUSED(lock(one, EXCLUSIVE | AT_ONCE, 0, 5), ERROR_LOCK_VIOLATION);
    CloseHandle(later); /* gives its locks back */
    CHECK(lock(one, EXCLUSIVE | AT_ONCE, 0, 5) && unlock(one, 0, 5));
    CloseHandle(at.hEvent);
}

void locks(void)
{
    put(name, "0123456789");
    HANDLE one = again(0), other = again(0);
    exclusive(one, other);
    shared(one, other);
    copied(one);
    waiting(one);
    CloseHandle(one);
    CloseHandle(other);
}

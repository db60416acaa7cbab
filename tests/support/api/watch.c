/* Changes in a tree of directories: those that are there, and those that come. */
#include "api.h"

enum { ALL = FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_DIR_NAME, WAIT_MS = 20000, LATER_MS = 200 };

static char changes[4096];

/* Whether the first of the changes is this one. */
static int is_first(DWORD action, const wchar_t *name)
{
    const FILE_NOTIFY_INFORMATION *first = (void *)changes;
    return first->Action == action && first->FileNameLength == wcslen(name) * sizeof *name &&
           !wcsncmp(first->FileName, name, wcslen(name));
}

static int waits(HANDLE top, OVERLAPPED *pending, DWORD *size)
{
    return !WaitForSingleObject(pending->hEvent, WAIT_MS) && GetOverlappedResult(top, pending, size, FALSE);
}

static DWORD WINAPI later(void *unused)
{
    (void)unused;
    Sleep(LATER_MS); /* the other thread is to wait by then; if it does not, it hears of the change all the same */
    put(L"C:\\api\\watched\\one\\two\\late.txt", "x");
    return 0;
}

static void without_waiting(HANDLE top, OVERLAPPED *pending)
{
    DWORD size = 0;
    CHECK(ReadDirectoryChangesW(top, changes, sizeof changes, TRUE, ALL, NULL, pending, NULL));
    put(L"C:\\api\\watched\\one\\two\\deep.txt", "x");
    CHECK(waits(top, pending, &size) && size && is_first(FILE_ACTION_ADDED, L"one\\two\\deep.txt"));
    CHECK(ReadDirectoryChangesW(top, changes, sizeof changes, TRUE, ALL, NULL, pending, NULL));
    CHECK(MoveFileW(L"C:\\api\\watched\\one\\two\\deep.txt", L"C:\\api\\watched\\one\\two\\other.txt"));
    CHECK(waits(top, pending, &size) && is_first(FILE_ACTION_RENAMED_OLD_NAME, L"one\\two\\deep.txt"));
    CHECK(ReadDirectoryChangesW(top, changes, sizeof changes, TRUE, ALL, NULL, pending, NULL));
    CHECK(CreateDirectoryW(L"C:\\api\\watched\\one\\new", NULL));
    CHECK(waits(top, pending, &size) && is_first(FILE_ACTION_ADDED, L"one\\new"));
    CHECK(ReadDirectoryChangesW(top, changes, sizeof changes, TRUE, ALL, NULL, pending, NULL));
    put(L"C:\\api\\watched\\one\\new\\inner.txt", "x");
    CHECK(waits(top, pending, &size) && is_first(FILE_ACTION_ADDED, L"one\\new\\inner.txt"));
    CHECK(ReadDirectoryChangesW(top, changes, sizeof changes, TRUE, ALL, NULL, pending, NULL));
    CHECK(CancelIoEx(top, pending) && !waits(top, pending, &size) && GetLastError() == ERROR_OPERATION_ABORTED);
}

static void by_port(HANDLE top)
{
    DWORD size = 0;
    ULONG_PTR key = 0;
    OVERLAPPED pending = {0}, *done = NULL;
    HANDLE port = CreateIoCompletionPort(top, NULL, 7, 1);
    CHECK(port && ReadDirectoryChangesW(top, changes, sizeof changes, TRUE, ALL, NULL, &pending, NULL));
    CHECK(DeleteFileW(L"C:\\api\\watched\\one\\new\\inner.txt"));
    CHECK(GetQueuedCompletionStatus(port, &size, &key, &done, WAIT_MS) && key == 7 && done == &pending && size);
    CHECK(is_first(FILE_ACTION_REMOVED, L"one\\new\\inner.txt"));
    CHECK(ReadDirectoryChangesW(top, changes, sizeof changes, TRUE, ALL, NULL, &pending, NULL));
    CloseHandle(top);
    GetQueuedCompletionStatus(port, &size, &key, &done, WAIT_MS);
    CHECK(done == &pending && !size);
    CloseHandle(port);
}

void watch(void)
{
    OVERLAPPED pending = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    DWORD size = 0;
    CreateDirectoryW(L"C:\\api\\watched", NULL);
    CreateDirectoryW(L"C:\\api\\watched\\one", NULL);
    CreateDirectoryW(L"C:\\api\\watched\\one\\two", NULL);
    HANDLE top = open_file(L"C:\\api\\watched", FILE_LIST_DIRECTORY, OPEN_EXISTING,
                           FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED);
    without_waiting(top, &pending);
    CloseHandle(top);
    by_port(open_file(L"C:\\api\\watched", FILE_LIST_DIRECTORY, OPEN_EXISTING,
                      FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED));
    top = open_file(L"C:\\api\\watched", FILE_LIST_DIRECTORY, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
    CloseHandle(CreateThread(NULL, 0, later, NULL, 0, NULL));
    CHECK(ReadDirectoryChangesW(top, changes, sizeof changes, TRUE, ALL, &size, NULL, NULL) && size);
    CHECK(is_first(FILE_ACTION_ADDED, L"one\\two\\late.txt"));
    CloseHandle(top);
}

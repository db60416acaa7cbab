/* Redirections: the shell's ten handles while a command runs. Programs get the first three of them. */
#include "cmd.h"

/* Windows' shell takes no paths beyond MAX_PATH, and scripts' `if exist` and `||` go by that. */
bool is_too_long(const wchar_t *path)
{
    if (wcslen(path) < 3 || same_start(path, L"\\\\?\\"))
        return false;
    return GetFullPathNameW(path, 0, NULL, NULL) > MAX_PATH;
}

static HANDLE open_target(const struct redirection *redirection)
{
    const wchar_t *path = without_quotes(expanded(redirection->target));
    DWORD sharing = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    if (is_too_long(path)) {
        SetLastError(ERROR_PATH_NOT_FOUND);
        return INVALID_HANDLE_VALUE;
    }
    if (redirection->operation == L'<')
        return CreateFileW(path, GENERIC_READ, sharing, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    /* Windows refuses; below Wine an administrator may write all. */
    DWORD attributes = attributes_of(path);
    if (attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_READONLY) {
        SetLastError(ERROR_ACCESS_DENIED);
        return INVALID_HANDLE_VALUE;
    }
    bool appends = redirection->operation == L'a';
    HANDLE file = CreateFileW(path, GENERIC_WRITE | (appends ? GENERIC_READ : 0), sharing, NULL,
                              appends ? OPEN_ALWAYS : CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file != INVALID_HANDLE_VALUE && appends)
        SetFilePointer(file, 0, NULL, FILE_END);
    return file;
}

static HANDLE duplicate(HANDLE handle, bool is_inherited)
{
    HANDLE made = NULL, self = GetCurrentProcess();
    DuplicateHandle(self, handle, self, &made, 0, is_inherited, DUPLICATE_SAME_ACCESS);
    return made;
}

HANDLE inheritable(HANDLE handle)
{
    return duplicate(handle, true);
}

/* Make the redirections; on failure say why, with none of them in force. */
bool redirect(const struct redirection *list, struct saved_handles *saved)
{
    memcpy(saved->handles, shell.handles, sizeof saved->handles);
    saved->changed = true;
    for (; list; list = list->next) {
        HANDLE handle;
        if (list->source >= 0) {
            handle = shell.handles[list->source] ? duplicate(shell.handles[list->source], false) : NULL;
            if (!handle)
                SetLastError(ERROR_INVALID_HANDLE);
        } else {
            handle = open_target(list);
            if (handle == INVALID_HANDLE_VALUE)
                handle = NULL;
        }
        if (!handle) {
            unsigned error = GetLastError();
            restore(saved);
            complain(L"%s\r\n", reason(error));
            return false;
        }
        if (shell.handles[list->handle] != saved->handles[list->handle])
            CloseHandle(shell.handles[list->handle]);
        shell.handles[list->handle] = handle;
    }
    return true;
}

void restore(struct saved_handles *saved)
{
    if (!saved->changed)
        return;
    for (unsigned i = 0; i < HANDLES; i++)
        if (shell.handles[i] != saved->handles[i]) {
            CloseHandle(shell.handles[i]);
            shell.handles[i] = saved->handles[i];
        }
    saved->changed = false;
}

/*
 * Takes requests from the engine and from process 1, one line each, through the FIFO beside the request:
 *
 *   event N   every program of the container gets console event N (0 CTRL_C, 2 CTRL_CLOSE, 6 CTRL_SHUTDOWN)
 *   save      the registry is written to the container's registry files; answered by `saved` on the report FIFO
 */
#include "base.h"
#include "linux.h"

NTSTATUS NTAPI NtSaveKey(HANDLE, HANDLE);
NTSTATUS NTAPI NtOpenKey(HANDLE *, ACCESS_MASK, const OBJECT_ATTRIBUTES *);
NTSTATUS NTAPI RtlAdjustPrivilege(ULONG, BOOLEAN, BOOLEAN, BOOLEAN *);
NTSTATUS NTAPI RtlFormatCurrentUserKeyPath(UNICODE_STRING *);

enum { BACKUP_PRIVILEGE = 17, LINE = 64 };

/* The files' own text form is what NtSaveKey writes under Wine. */
static bool save_branch(const wchar_t *branch, const wchar_t *fresh, const char *from, const char *to)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    HANDLE key, file;
    RtlInitUnicodeString(&name, branch);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (NtOpenKey(&key, KEY_READ, &attributes))
        return false;
    file = CreateFileW(fresh, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    NTSTATUS status = file == INVALID_HANDLE_VALUE ? -1 : NtSaveKey(key, file);
    if (file != INVALID_HANDLE_VALUE)
        CloseHandle(file);
    CloseHandle(key);
    if (!status)
        linux_rename(from, to);
    return !status;
}

static void save_registry(const struct request *request)
{
    BOOLEAN before;
    RtlAdjustPrivilege(BACKUP_PRIVILEGE, TRUE, FALSE, &before);
    wchar_t user[256] = L"\\Registry\\User\\";
    UNICODE_STRING sid;
    bool done = save_branch(L"\\Registry\\Machine", L"\\\\?\\unix\\run\\wine\\system.reg.save",
                            "/run/wine/system.reg.save", "/run/wine/system.reg");
    if (done && !RtlFormatCurrentUserKeyPath(&sid)) {
        memcpy(user, sid.Buffer, sid.Length < sizeof user - 2 ? sid.Length : 0);
        user[sid.Length / sizeof *user] = 0;
        done = save_branch(user, L"\\\\?\\unix\\run\\wine\\user.reg.save", "/run/wine/user.reg.save",
                           "/run/wine/user.reg");
    }
    report(request, done ? "saved" : "unsaved", 0, "");
}

static DWORD WINAPI serve(void *argument)
{
    const struct request *request = argument;
    char path[256], line[LINE], byte;
    size_t used = 0, length = text_length(request->path);
    memcpy(path, request->path, length);
    memcpy(path + length, ".ctl", 5);
    int fd = linux_open(path, LINUX_O_RDWR); /* also for writing: no end of file when a writer goes */
    if (fd < 0)
        return 1;
    while (linux_read(fd, &byte, 1) == 1) {
        if (byte != '\n') {
            if (used < sizeof line - 1)
                line[used++] = byte;
            continue;
        }
        line[used] = 0;
        used = 0;
        if (text_starts(line, "event "))
            stop_programs(text_value(line + 6));
        else if (text_starts(line, "save"))
            save_registry(request);
    }
    return 0;
}

void control_listen(const struct request *request)
{
    HANDLE thread = CreateThread(NULL, 64 << 10, serve, (void *)request, 0, NULL);
    if (thread)
        CloseHandle(thread);
}

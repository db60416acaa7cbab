/*
 * The container's registry: written to its files on request, and watched, so that wineserver need not write what
 * nobody has changed. At its end it would: 600 KB of text, a tenth of the time of a short run.
 */
#include "base.h"
#include "linux.h"

NTSTATUS NTAPI NtSaveKey(HANDLE, HANDLE);
NTSTATUS NTAPI NtOpenKey(HANDLE *, ACCESS_MASK, const OBJECT_ATTRIBUTES *);
NTSTATUS NTAPI NtQueryKey(HANDLE, int, void *, ULONG, ULONG *);
NTSTATUS NTAPI NtNotifyChangeKey(HANDLE, HANDLE, PIO_APC_ROUTINE, void *, IO_STATUS_BLOCK *, ULONG, BOOLEAN, void *,
                                 ULONG, BOOLEAN);
NTSTATUS NTAPI RtlAdjustPrivilege(ULONG, BOOLEAN, BOOLEAN, BOOLEAN *);

enum { BASIC_INFORMATION = 0, BACKUP_PRIVILEGE = 17, ANY_CHANGE = 0xf };

static HANDLE changed;

static HANDLE open_key(const wchar_t *path)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    HANDLE key;
    RtlInitUnicodeString(&name, path);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtOpenKey(&key, KEY_READ, &attributes) ? NULL : key;
}

/* The files' own text form is what NtSaveKey writes under Wine. */
static bool save_branch(const wchar_t *branch, const wchar_t *fresh, const char *from, const char *to)
{
    HANDLE key = open_key(branch), file;
    if (!key)
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

/* When a key was last written, 0 if there is none. */
LONGLONG registry_changed_at(const wchar_t *path)
{
    struct {
        LARGE_INTEGER written;
        ULONG rest[128];
    } basic = {0};
    ULONG got;
    HANDLE key = open_key(path);
    if (!key)
        return 0;
    NtQueryKey(key, BASIC_INFORMATION, &basic, sizeof basic, &got);
    CloseHandle(key);
    return basic.written.QuadPart;
}

void registry_save(const struct request *request)
{
    BOOLEAN before;
    RtlAdjustPrivilege(BACKUP_PRIVILEGE, TRUE, FALSE, &before);
    bool done = save_branch(L"\\Registry\\Machine", L"\\\\?\\unix\\run\\wine\\system.reg.save",
                            "/run/wine/system.reg.save", "/run/wine/system.reg");
    if (done)
        done = save_branch(WINES_USER, L"\\\\?\\unix\\run\\wine\\user.reg.save", "/run/wine/user.reg.save",
                           "/run/wine/user.reg");
    report(request, done ? "saved" : "unsaved", 0, "");
}

/* From here on changes count. The keys stay open: a notification lives as long as its key's handle. */
void registry_watch(void)
{
    static const wchar_t *const branches[] = {L"\\Registry\\Machine", L"\\Registry\\User"};
    static IO_STATUS_BLOCK status[sizeof branches / sizeof *branches];
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    for (unsigned i = 0; event && i < sizeof branches / sizeof *branches; i++) {
        HANDLE key = open_key(branches[i]);
        if (!key || (NtNotifyChangeKey(key, event, NULL, NULL, &status[i], ANY_CHANGE, TRUE, NULL, 0, TRUE) &
                     0x80000000))
            return;
    }
    changed = event;
}

/* Tell process 1, at the very end, if the files are as the registry is; a process that still runs could change it. */
void registry_report(const struct request *request)
{
    if (changed && WaitForSingleObject(changed, 0) == WAIT_TIMEOUT && is_last_program())
        report_unchanged(request);
}

/*
 * Windows' root store, which Wine fills from a file of the Linux side when a program first opens it.
 *
 * Every process would do so anew, and take out what the file does not have: what another process has put into the store
 * meanwhile would be gone. Wine lets one process at a time do it and the others wait, by a semaphore; whoever finds it
 * there already leaves the store as it is. So once the store has been filled, the semaphore is kept.
 *
 * Source: Wine 10.0, dlls/crypt32/rootstore.c (the semaphore's name and that it is waited for).
 */
#include "base.h"

NTSTATUS NTAPI NtOpenKey(HANDLE *, ACCESS_MASK, const OBJECT_ATTRIBUTES *);
NTSTATUS NTAPI NtNotifyChangeKey(HANDLE, HANDLE, PIO_APC_ROUTINE, void *, IO_STATUS_BLOCK *, ULONG, BOOLEAN, void *, ULONG,
                                 BOOLEAN);

enum { FILL_MS = 60000 };

/* Return an event that tells when the store is first filled, NULL where that cannot be told. */
HANDLE roots_watch(void)
{
    static IO_STATUS_BLOCK io;
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    HANDLE key, event;
    RtlInitUnicodeString(&name, L"\\Registry\\Machine\\Software\\Microsoft\\SystemCertificates\\Root\\Certificates");
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (NtOpenKey(&key, KEY_NOTIFY, &attributes))
        return NULL;
    event = CreateEventW(NULL, TRUE, FALSE, NULL);
    NTSTATUS status = NtNotifyChangeKey(key, event, NULL, NULL, &io, REG_NOTIFY_CHANGE_NAME | REG_NOTIFY_CHANGE_LAST_SET,
                                        TRUE, NULL, 0, TRUE);
    return NT_SUCCESS(status) ? event : NULL;
}

/* Should the process that fills the store be killed, those who wait for it go on all the same. */
static DWORD WINAPI hold(void *argument)
{
    (void)argument;
    HANDLE semaphore = CreateSemaphoreW(NULL, 0, 1, L"crypt32_root_semaphore"); /* never closed */
    if (GetLastError() == ERROR_ALREADY_EXISTS)
        WaitForSingleObject(semaphore, FILL_MS);
    ReleaseSemaphore(semaphore, 1, NULL);
    return 0;
}

/* The store is being filled. */
void roots_hold(void)
{
    HANDLE thread = CreateThread(NULL, 64 << 10, hold, NULL, 0, NULL);
    if (thread)
        CloseHandle(thread);
}

/* Threads that wait for each other. Expected: Microsoft's page on EnterSynchronizationBarrier. */
#include "api.h"

enum { THREADS = 4, ROUNDS = 200 };

static SYNCHRONIZATION_BARRIER barrier;
static volatile LONG last, arrived;
static volatile LONG too_early;

static DWORD WINAPI rounds(void *unused)
{
    (void)unused;
    for (LONG i = 0; i < ROUNDS; i++) {
        InterlockedIncrement(&arrived);
        if (EnterSynchronizationBarrier(&barrier, 0))
            InterlockedIncrement(&last);
        if (arrived < (i + 1) * THREADS)
            InterlockedIncrement(&too_early);
        EnterSynchronizationBarrier(&barrier, 0);
    }
    return 0;
}

void threads(void)
{
    HANDLE all[THREADS];
    CHECK(InitializeSynchronizationBarrier(&barrier, THREADS, -1));
    for (int i = 0; i < THREADS; i++)
        all[i] = CreateThread(NULL, 0, rounds, NULL, 0, NULL);
    CHECK(WaitForMultipleObjects(THREADS, all, TRUE, 60000) == WAIT_OBJECT_0);
    CHECK(last == ROUNDS && !too_early);
    CHECK(DeleteSynchronizationBarrier(&barrier));
    for (int i = 0; i < THREADS; i++)
        CloseHandle(all[i]);
}

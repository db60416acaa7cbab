/*
 * Synchronization barriers, which Wine's kernel32 names and does not have.
 *
 * Windows keeps 32 bytes whose layout is its own. Ours: who is still to come in this round, how many there are, and
 * the number of the round, on which those that came wait.
 *
 * Source: Microsoft, EnterSynchronizationBarrier.
 */
#include "graft.h"

struct barrier {
    volatile LONG missing, all, round, inside;
};

NEW BOOL WINAPI InitializeSynchronizationBarrier(SYNCHRONIZATION_BARRIER *memory, LONG threads, LONG spins)
{
    struct barrier *barrier = (struct barrier *)memory;
    if (threads <= 0 || spins < -1) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    barrier->missing = barrier->all = threads;
    barrier->round = barrier->inside = 0;
    return TRUE;
}

/* TRUE for the one that comes last. */
NEW BOOL WINAPI EnterSynchronizationBarrier(SYNCHRONIZATION_BARRIER *memory, DWORD flags)
{
    struct barrier *barrier = (struct barrier *)memory;
    LONG round = barrier->round;
    (void)flags; /* whether to spin, and whether it may be deleted at once: it always may */
    InterlockedIncrement(&barrier->inside);
    if (!InterlockedDecrement(&barrier->missing)) {
        barrier->missing = barrier->all;
        InterlockedIncrement(&barrier->round);
        WakeByAddressAll((void *)&barrier->round);
        InterlockedDecrement(&barrier->inside);
        return TRUE;
    }
    while (barrier->round == round)
        WaitOnAddress(&barrier->round, &round, sizeof round, INFINITE);
    InterlockedDecrement(&barrier->inside);
    return FALSE;
}

/* Waits for those that are on their way out. */
NEW BOOL WINAPI DeleteSynchronizationBarrier(SYNCHRONIZATION_BARRIER *memory)
{
    while (((struct barrier *)memory)->inside)
        Sleep(0);
    return TRUE;
}

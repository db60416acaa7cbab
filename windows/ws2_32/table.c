/* Which sockets of this program are of the family AF_UNIX, and what they are called. */
#include "graft.h"

static RTL_SRWLOCK guard;
static struct unix_socket *volatile all;

static HANDLE process_heap(void)
{
    enum { HEAP_OF_PEB = sizeof(void *) == 8 ? 0x30 : 0x18 };
    return *(HANDLE *)((char *)RtlGetCurrentPeb() + HEAP_OF_PEB);
}

bool unix_any(void)
{
    return all != NULL;
}

static struct unix_socket *find(SOCKET socket)
{
    struct unix_socket *each = all;
    while (each && each->socket != socket)
        each = each->next;
    return each;
}

bool unix_add(SOCKET socket, const struct unix_socket *like)
{
    RtlAcquireSRWLockExclusive(&guard);
    struct unix_socket *each = find(socket), *next = each ? each->next : all;
    bool is_new = !each;
    if (is_new)
        each = RtlAllocateHeap(process_heap(), 0, sizeof *each);
    if (each) {
        *each = *like;
        each->socket = socket;
        each->next = next;
        if (is_new)
            all = each;
    }
    RtlReleaseSRWLockExclusive(&guard);
    return each;
}

bool unix_find(SOCKET socket, struct unix_socket *found)
{
    if (!all)
        return false;
    RtlAcquireSRWLockExclusive(&guard);
    struct unix_socket *each = find(socket);
    if (each)
        *found = *each;
    RtlReleaseSRWLockExclusive(&guard);
    return each;
}

bool unix_find_port(USHORT port, struct unix_socket *found)
{
    if (!all)
        return false;
    RtlAcquireSRWLockExclusive(&guard);
    struct unix_socket *each = all;
    while (each && each->port != port)
        each = each->next;
    if (each)
        *found = *each;
    RtlReleaseSRWLockExclusive(&guard);
    return each;
}

void unix_update(const struct unix_socket *now)
{
    RtlAcquireSRWLockExclusive(&guard);
    struct unix_socket *each = find(now->socket);
    if (each) {
        struct unix_socket *next = each->next;
        *each = *now;
        each->next = next;
    }
    RtlReleaseSRWLockExclusive(&guard);
}

void unix_forget(SOCKET socket)
{
    if (!all)
        return;
    RtlAcquireSRWLockExclusive(&guard);
    struct unix_socket *each = find(socket);
    if (each) {
        if (each == all) {
            all = each->next;
        } else {
            struct unix_socket *before = all;
            while (before->next != each)
                before = before->next;
            before->next = each->next;
        }
        RtlFreeHeap(process_heap(), 0, each);
    }
    RtlReleaseSRWLockExclusive(&guard);
}

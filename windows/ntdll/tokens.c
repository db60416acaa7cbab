/*
 * What programs are told of their token, where Wine says the same of all: elevated or not, the level of integrity, that
 * there is another token linked to it.
 *
 * Of tokens that windows/token.c made, and of their copies, the groups say it: the label is among them, as on Windows.
 * Wine notes of such tokens that it does not know how they are elevated, which it does of no other.
 */
#include "graft.h"

enum {
    GROUPS = 2,
    ELEVATION_TYPE = 18,
    LINKED = 19,
    ELEVATION = 20,
    HAS_RESTRICTIONS = 21,
    INTEGRITY = 25,
    UI_ACCESS = 26,
    MANDATORY_POLICY = 27,
    LOGON_SID = 28,
    TYPE_DEFAULT = 1,
    POLICY_NO_WRITE_UP = 1,
    ROOM = 4096,
    LABEL_BYTES = 12,
    NO_SUCH_LOGON_SESSION = (int)0xc000005f,
};

__declspec(dllimport) NTSTATUS NTAPI NtQueryInformationToken(HANDLE, int, void *, ULONG, ULONG *);

static bool is_of_account(HANDLE token)
{
    ULONG type = TYPE_DEFAULT, got;
    return !NtQueryInformationToken(token, ELEVATION_TYPE, &type, sizeof type, &got) && !type;
}

static NTSTATUS give(void *data, ULONG size, ULONG *got, const void *from, ULONG needed)
{
    if (got)
        *got = needed;
    if (size < needed)
        return STATUS_BUFFER_TOO_SMALL;
    for (ULONG i = 0; i < needed; i++)
        ((char *)data)[i] = ((const char *)from)[i];
    return STATUS_SUCCESS;
}

static bool is_administrators(const BYTE *sid)
{
    static const BYTE administrators[] = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0};
    for (size_t i = 0; i < sizeof administrators; i++)
        if (sid[i] != administrators[i])
            return false;
    return true;
}

static NTSTATUS of_groups(HANDLE token, ULONG what, void *data, ULONG size, ULONG *got)
{
    union {
        TOKEN_GROUPS groups;
        BYTE room[ROOM];
    } all;
    struct {
        ULONG count, pad;
        SID_AND_ATTRIBUTES group;
        BYTE sid[68];
    } one;
    ULONG used, elevated = 0;
    NTSTATUS status = NtQueryInformationToken(token, GROUPS, &all, sizeof all, &used);
    const SID_AND_ATTRIBUTES *label = NULL, *logon = NULL;
    for (ULONG i = 0; !status && i < all.groups.GroupCount; i++) {
        const SID_AND_ATTRIBUTES *each = &all.groups.Groups[i];
        if (each->Attributes & SE_GROUP_INTEGRITY)
            label = each;
        if ((each->Attributes & SE_GROUP_LOGON_ID) == SE_GROUP_LOGON_ID)
            logon = each;
        if (each->Attributes & SE_GROUP_ENABLED && !(each->Attributes & SE_GROUP_USE_FOR_DENY_ONLY))
            elevated |= is_administrators(each->Sid);
    }
    if (status)
        return status;
    if (what == ELEVATION)
        return give(data, size, got, &elevated, sizeof elevated);
    const SID_AND_ATTRIBUTES *wanted = what == INTEGRITY ? label : logon;
    if (!wanted)
        return STATUS_NOT_FOUND;
    ULONG head = what == INTEGRITY ? sizeof(SID_AND_ATTRIBUTES) : offsetof(TOKEN_GROUPS, Groups) + sizeof(SID_AND_ATTRIBUTES);
    ULONG length = 8 + 4 * (ULONG)((const BYTE *)wanted->Sid)[1];
    SID_AND_ATTRIBUTES *out = what == INTEGRITY ? (void *)&one : &one.group;
    one.count = 1;
    out->Attributes = wanted->Attributes;
    out->Sid = (BYTE *)data + head;
    for (ULONG i = 0; i < length; i++)
        ((BYTE *)&one)[head + i] = ((const BYTE *)wanted->Sid)[i];
    return give(data, size, got, &one, head + length);
}

HOOK NTSTATUS NTAPI hook_NtQueryInformationToken(HANDLE token, int class, void *data, ULONG size, ULONG *got)
{
    static const ULONG type = TYPE_DEFAULT, none = 0, policy = POLICY_NO_WRITE_UP;
    switch (class) {
    case ELEVATION_TYPE:
        return is_of_account(token) ? give(data, size, got, &type, sizeof type)
                                    : NtQueryInformationToken(token, class, data, size, got);
    case ELEVATION:
    case INTEGRITY:
        if (is_of_account(token))
            return of_groups(token, (ULONG)class, data, size, got);
        return NtQueryInformationToken(token, class, data, size, got);
    case LINKED:
        /* Wine would hand out an administrator's token to whoever asks. */
        return is_of_account(token) ? NO_SUCH_LOGON_SESSION : NtQueryInformationToken(token, class, data, size, got);
    case LOGON_SID:
        return of_groups(token, (ULONG)class, data, size, got);
    case HAS_RESTRICTIONS:
    case UI_ACCESS:
        return give(data, size, got, &none, sizeof none);
    case MANDATORY_POLICY:
        return give(data, size, got, &policy, sizeof policy);
    default:
        return NtQueryInformationToken(token, class, data, size, got);
    }
}

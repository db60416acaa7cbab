/*
 * Adapters with their prefixes, which Wine refuses to tell where a family has no routes, as IPv6 has none in most
 * containers: then without prefixes. Go asks for them whenever a program lists its interfaces, and does not use them.
 *
 * Source: Microsoft, GetAdaptersAddresses (GAA_FLAG_INCLUDE_PREFIX).
 */
#include "graft.h"

HOOK ULONG WINAPI hook_GetAdaptersAddresses(ULONG family, ULONG flags, void *reserved, IP_ADAPTER_ADDRESSES *adapters,
                                            ULONG *size)
{
    const ULONG prefixes = flags & GAA_FLAG_INCLUDE_PREFIX, room = size ? *size : 0;
    ULONG status = GetAdaptersAddresses(family, flags, reserved, adapters, size);
    if (status != ERROR_INVALID_DATA || !prefixes)
        return status;
    *size = room;
    return GetAdaptersAddresses(family, flags & ~prefixes, reserved, adapters, size);
}

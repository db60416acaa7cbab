/* Addresses and tables, for the tools of the network. */
#include "network.h"

void *table_of(fill fill, const void *argument)
{
    ULONG size = 16384, error;
    void *table;
    do {
        table = take(size);
        error = fill(table, &size, argument);
    } while ((error == ERROR_INSUFFICIENT_BUFFER || error == ERROR_BUFFER_OVERFLOW) && size < MOST_BYTES);
    if (!error)
        return table;
    if (error != ERROR_NO_DATA)
        complain(L"%s\r\n", reason(error));
    return NULL;
}

static ULONG WINAPI fill_adapters(void *table, ULONG *size, const void *argument)
{
    ULONG(WINAPI * get)(ULONG, ULONG, void *, void *, ULONG *) = from(L"iphlpapi.dll", "GetAdaptersAddresses");
    (void)argument;
    return get(AF_UNSPEC, GAA_FLAG_INCLUDE_PREFIX | GAA_FLAG_INCLUDE_GATEWAYS, NULL, table, size);
}

IP_ADAPTER_ADDRESSES *adapters(void)
{
    return table_of(fill_adapters, NULL);
}

wchar_t *text4(DWORD address)
{
    const BYTE *each = (const BYTE *)&address;
    return format(L"%u.%u.%u.%u", each[0], each[1], each[2], each[3]);
}

wchar_t *text6(const void *address)
{
    wchar_t *(NTAPI * print)(const void *, wchar_t *) = from(L"ntdll.dll", "RtlIpv6AddressToStringW");
    wchar_t *made = take(128);
    print(address, made);
    return made;
}

wchar_t *text_of(const SOCKET_ADDRESS *address)
{
    const struct sockaddr *any = address->lpSockaddr;
    if (any->sa_family == AF_INET)
        return text4(((const struct sockaddr_in *)any)->sin_addr.s_addr);
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)any;
    wchar_t *made = text6(&six->sin6_addr);
    return six->sin6_scope_id ? format(L"%s%%%u", made, six->sin6_scope_id) : made;
}

wchar_t *physical(const BYTE *bytes, size_t count, wchar_t between)
{
    wchar_t *made = copy(L"");
    for (size_t i = 0; i < count; i++)
        made = i ? format(L"%s%c%02X", made, between, bytes[i]) : format(L"%02X", bytes[i]);
    return made;
}

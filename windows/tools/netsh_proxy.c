/* netsh winhttp: the proxy of programs that use WinHTTP. */
#include "netsh.h"
#include "reg.h"

#include <winhttp.h>

#define SETTINGS L"Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings"

int proxy_show(void)
{
    BOOL(WINAPI * get)(WINHTTP_PROXY_INFO *) = from(L"winhttp.dll", "WinHttpGetDefaultProxyConfiguration");
    WINHTTP_PROXY_INFO info = {0};
    if (!get(&info))
        return refuse(reason(GetLastError()));
    say(L"\r\nCurrent WinHTTP proxy settings:\r\n\r\n");
    if (info.dwAccessType == WINHTTP_ACCESS_TYPE_NAMED_PROXY && info.lpszProxy)
        say(L"    Proxy Server(s) :  %s\r\n    Bypass List     :  %s\r\n\r\n", info.lpszProxy,
            info.lpszProxyBypass && *info.lpszProxyBypass ? info.lpszProxyBypass : L"(none)");
    else
        say(L"    Direct access (no proxy server).\r\n\r\n");
    return 0;
}

static int change(const wchar_t *proxy, const wchar_t *bypass)
{
    BOOL(WINAPI * set)(WINHTTP_PROXY_INFO *) = from(L"winhttp.dll", "WinHttpSetDefaultProxyConfiguration");
    WINHTTP_PROXY_INFO info = {
        .dwAccessType = proxy ? WINHTTP_ACCESS_TYPE_NAMED_PROXY : WINHTTP_ACCESS_TYPE_NO_PROXY,
        .lpszProxy = proxy ? copy(proxy) : NULL,
        .lpszProxyBypass = proxy && bypass && *bypass ? copy(bypass) : NULL,
    };
    return set(&info) ? proxy_show() : refuse(reason(GetLastError()));
}

int proxy_set(void)
{
    const wchar_t *proxy = tagged(L"proxy-server", 0);
    if (!proxy || !*proxy)
        return refuse(L"The syntax supplied for this command is not valid. Check help for the correct syntax.\r\n\r\n"
                      L"Usage: set proxy [proxy-server=]<server name> [bypass-list=]<hosts list>");
    return change(proxy, tagged(L"bypass-list", 1));
}

int proxy_reset(void)
{
    return change(NULL, NULL);
}

/* From what the user has set for Internet programs. */
int proxy_import(void)
{
    const wchar_t *source = tagged(L"source", 0);
    struct value enabled, server, bypass;
    HKEY key;
    if (!source || !same(source, L"ie"))
        return refuse(L"The syntax supplied for this command is not valid. Usage: import proxy [source=]ie");
    load_registry();
    if (registry.open(HKEY_CURRENT_USER, SETTINGS, 0, KEY_READ, &key) || !find_value(key, L"ProxyEnable", &enabled) ||
        !*enabled.data || !find_value(key, L"ProxyServer", &server))
        return change(NULL, NULL);
    return change((const wchar_t *)server.data,
                  find_value(key, L"ProxyOverride", &bypass) ? (const wchar_t *)bypass.data : NULL);
}

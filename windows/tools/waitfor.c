/* waitfor: wait for a signal that another program sends by its name, or send it. */
#include "tool.h"

enum { LONGEST = 225, MOST = 99999 };

static int bad(void)
{
    complain(L"ERROR: Invalid syntax. Type \"WAITFOR /?\" for usage.\r\n");
    return 1;
}

static HANDLE event_of(const wchar_t *name)
{
    return CreateEventW(NULL, TRUE, FALSE, format(L"Global\\transom-waitfor-%s", name));
}

static int send_signal(const wchar_t *name)
{
    HANDLE event = OpenEventW(EVENT_MODIFY_STATE, FALSE, format(L"Global\\transom-waitfor-%s", name));
    if (event)
        SetEvent(event); /* who does not wait now does not hear of it, as on Windows */
    say(L"\r\nSUCCESS: Signal sent.\r\n");
    return 0;
}

int waitfor(int count, wchar_t **arguments)
{
    const wchar_t *name = NULL;
    uint64_t seconds = 0;
    bool sends = false, limited = false;
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i];
        if (is_option(each, L"?"))
            return say(L"\r\nWAITFOR [/T timeout] signal\r\nWAITFOR /SI signal\r\n"), 0;
        if (is_option(each, L"si"))
            sends = true;
        else if (is_option(each, L"t") && i + 1 < count && whole_number(arguments[i + 1], &seconds) && seconds && seconds <= MOST)
            limited = true, i++;
        else if (*each == L'/' || name)
            return bad();
        else
            name = each;
    }
    if (!name || (sends && limited) || wcslen(name) > LONGEST || wcschr(name, L'\\'))
        return bad();
    if (sends)
        return send_signal(name);
    HANDLE event = event_of(name);
    if (!event)
        return complain(L"ERROR: %s\r\n", reason(GetLastError())), 1;
    if (WaitForSingleObject(event, limited ? (DWORD)seconds * 1000 : INFINITE) != WAIT_OBJECT_0)
        return complain(L"ERROR: Timed out waiting for '%s'.\r\n", name), 1;
    say(L"\r\nSUCCESS: Signal received.\r\n");
    return 0;
}

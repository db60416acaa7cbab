/* chcp.com: the code page of the console, or of the container where there is none. */
#include "tool.h"

int chcp(int count, wchar_t **arguments)
{
    uint64_t page;
    unsigned console = GetConsoleOutputCP();
    if (!count)
        return say(L"Active code page: %u\r\n", console ? console : GetOEMCP()), 0;
    if (is_option(arguments[0], L"?"))
        return say(L"Displays or sets the active code page number.\r\n\r\nCHCP [nnn]\r\n"), 0;
    if (count > 1 || !whole_number(arguments[0], &page))
        return say(L"Parameter format not correct - %s\r\n", arguments[count - 1]), 1;
    if (page > 65535 || !IsValidCodePage((unsigned)page))
        return say(L"Invalid code page\r\n"), 1;
    bool is_so = page == (console ? console : GetOEMCP());
    if (!is_so && (!SetConsoleOutputCP((unsigned)page) || !SetConsoleCP((unsigned)page)))
        return say(L"Invalid code page\r\n"), 1;
    say(L"Active code page: %u\r\n", (unsigned)page);
    return 0;
}

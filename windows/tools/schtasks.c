/* schtasks: there is no task scheduler in a container here, and so no task. */
#include "tool.h"

int schtasks(int count, wchar_t **arguments)
{
    const wchar_t *name = NULL;
    const wchar_t *verb = count ? arguments[0] : L"/query";
    for (int i = 1; i + 1 < count; i++)
        if (is_option(arguments[i], L"tn"))
            name = arguments[i + 1];
    if (is_option(verb, L"?"))
        return say(L"\r\nSCHTASKS /parameter [arguments]\r\n\r\nThere is no task scheduler in this container: /Query lists "
                   L"nothing, /Create fails.\r\n"), 0;
    if (is_option(verb, L"query") && !name) {
        say(L"\r\nINFO: There are no scheduled tasks presently available at your access level.\r\n");
        return 0;
    }
    if (is_option(verb, L"create"))
        return complain(L"ERROR: There is no task scheduler in a container here. Start the program as a container's command, "
                        L"with docker exec, or as a service (sc create).\r\n"), 1;
    bool known = is_option(verb, L"query") || is_option(verb, L"run") || is_option(verb, L"end") || is_option(verb, L"delete") ||
                 is_option(verb, L"change");
    if (!known || !name)
        return complain(L"ERROR: Invalid syntax.\r\nType \"SCHTASKS /?\" for usage.\r\n"), 1;
    complain(is_option(verb, L"query") ? L"ERROR: The system cannot find the file specified.\r\n"
                                       : L"ERROR: The specified task name \"%s\" does not exist in the system.\r\n", name);
    return 1;
}

/* sc: services, by the service control manager. Its exit code is the number of Windows' error. */
#include "services.h"

struct scm scm;

struct settings {
    DWORD type, start, error;
    const wchar_t *path, *group, *display, *account, *password;
    wchar_t *depends;
    bool delayed, delay_given;
};

static const wchar_t usage[] =
    L"DESCRIPTION:\r\n        SC is a command line program used for communicating with the\r\n        Service Control "
    L"Manager and services.\r\nUSAGE:\r\n        sc [command] [service name] <option1> <option2>...\r\n\r\n        "
    L"query, queryex, qc, qdescription, create, config, description, failure,\r\n        start, stop, pause, continue, "
    L"control, delete\r\n";

static void load(void)
{
    const wchar_t *advapi = L"advapi32.dll";
    scm.manager = from(advapi, "OpenSCManagerW");
    scm.open = from(advapi, "OpenServiceW");
    scm.create = from(advapi, "CreateServiceW");
    scm.change = from(advapi, "ChangeServiceConfigW");
    scm.change2 = from(advapi, "ChangeServiceConfig2W");
    scm.config = from(advapi, "QueryServiceConfigW");
    scm.config2 = from(advapi, "QueryServiceConfig2W");
    scm.status = from(advapi, "QueryServiceStatusEx");
    scm.enumerate = from(advapi, "EnumServicesStatusExW");
    scm.start = from(advapi, "StartServiceW");
    scm.control = from(advapi, "ControlService");
    scm.remove = from(advapi, "DeleteService");
}

static int invalid(const wchar_t *text)
{
    say(L"\r\nERROR:  %s\r\n\r\n", text);
    return ERROR_INVALID_PARAMETER;
}

static bool choose(const wchar_t *value, const wchar_t *const *words, const DWORD *values, DWORD *chosen)
{
    for (; *words; words++, values++)
        if (same(value, *words))
            return *chosen |= *values, true;
    return false;
}

/* Names that are parted by slashes, as a list of strings. */
static wchar_t *list_of(const wchar_t *text)
{
    wchar_t *made = take((wcslen(text) + 2) * sizeof *made);
    memcpy(made, text, wcslen(text) * sizeof *made);
    for (wchar_t *p = made; *text; p++, text++)
        if (*text == L'/')
            *p = 0;
    return made;
}

static bool set_one(struct settings *set, const wchar_t *name, const wchar_t *value)
{
    static const wchar_t *const types[] = {L"own", L"share", L"interact", L"kernel", L"filesys", NULL};
    static const DWORD type_values[] = {SERVICE_WIN32_OWN_PROCESS, SERVICE_WIN32_SHARE_PROCESS,
                                        SERVICE_INTERACTIVE_PROCESS, SERVICE_KERNEL_DRIVER, SERVICE_FILE_SYSTEM_DRIVER};
    static const wchar_t *const starts[] = {L"boot", L"system", L"auto", L"demand", L"disabled", L"delayed-auto", NULL};
    static const DWORD start_values[] = {SERVICE_BOOT_START,   SERVICE_SYSTEM_START, SERVICE_AUTO_START,
                                         SERVICE_DEMAND_START, SERVICE_DISABLED,     SERVICE_AUTO_START};
    static const wchar_t *const errors[] = {L"ignore", L"normal", L"severe", L"critical", NULL};
    static const DWORD error_values[] = {0, 1, 2, 3};
    if (same(name, L"type=")) {
        set->type = set->type == SERVICE_NO_CHANGE ? 0 : set->type;
        return choose(value, types, type_values, &set->type);
    }
    if (same(name, L"start=")) {
        set->start = 0;
        set->delayed = same(value, L"delayed-auto");
        set->delay_given = true;
        return choose(value, starts, start_values, &set->start);
    }
    if (same(name, L"error=")) {
        set->error = 0;
        return choose(value, errors, error_values, &set->error);
    }
    if (same(name, L"binpath="))
        return set->path = value, true;
    if (same(name, L"displayname="))
        return set->display = value, true;
    if (same(name, L"group="))
        return set->group = value, true;
    if (same(name, L"obj="))
        return set->account = value, true;
    if (same(name, L"password="))
        return set->password = value, true;
    return same(name, L"depend=") && (set->depends = list_of(value));
}

/* name= value, or name=value. */
static bool read_settings(struct settings *set, int count, wchar_t **arguments)
{
    for (int i = 0; i < count; i++) {
        const wchar_t *equals = wcschr(arguments[i], L'=');
        if (!equals || (!equals[1] && i + 1 == count))
            return false;
        const wchar_t *name = copy_part(arguments[i], (size_t)(equals - arguments[i]) + 1);
        if (!set_one(set, name, equals[1] ? equals + 1 : arguments[++i]))
            return false;
    }
    return true;
}

static int done(const wchar_t *what)
{
    say(L"[SC] %s SUCCESS\r\n", what);
    return 0;
}

static int make(SC_HANDLE manager, const wchar_t *name, int count, wchar_t **arguments)
{
    struct settings set = {.type = SERVICE_NO_CHANGE, .start = SERVICE_DEMAND_START, .error = SERVICE_ERROR_NORMAL};
    if (!read_settings(&set, count, arguments) || !set.path)
        return invalid(L"Invalid Option; sc create NAME binPath= PATH [type= start= error= DisplayName= depend= obj= "
                       L"password=]");
    DWORD type = set.type == SERVICE_NO_CHANGE ? SERVICE_WIN32_OWN_PROCESS : set.type;
    SC_HANDLE made = scm.create(manager, name, set.display ? set.display : name, SERVICE_ALL_ACCESS, type, set.start,
                                set.error, set.path, set.group, NULL, set.depends, set.account, set.password);
    if (!made)
        return sc_failed(L"CreateService");
    SERVICE_DELAYED_AUTO_START_INFO delay = {set.delayed};
    if (set.delayed && !scm.change2(made, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delay))
        return sc_failed(L"ChangeServiceConfig2");
    return done(L"CreateService");
}

static int configure(SC_HANDLE service, int count, wchar_t **arguments)
{
    struct settings set = {.type = SERVICE_NO_CHANGE, .start = SERVICE_NO_CHANGE, .error = SERVICE_NO_CHANGE};
    if (!count || !read_settings(&set, count, arguments))
        return invalid(L"Invalid Option");
    if (!scm.change(service, set.type, set.start, set.error, set.path, set.group, NULL, set.depends, set.account,
                    set.password, set.display))
        return sc_failed(L"ChangeServiceConfig");
    return done(L"ChangeServiceConfig");
}

static int describe(SC_HANDLE service, int count, wchar_t **arguments)
{
    SERVICE_DESCRIPTIONW description = {count ? arguments[0] : L""};
    if (!scm.change2(service, SERVICE_CONFIG_DESCRIPTION, &description))
        return sc_failed(L"ChangeServiceConfig2");
    return done(L"ChangeServiceConfig2");
}

static int start(SC_HANDLE service, const wchar_t *name, int count, wchar_t **arguments)
{
    SERVICE_STATUS_PROCESS status;
    DWORD needed;
    if (!scm.start(service, (DWORD)count, (const wchar_t **)arguments))
        return sc_failed(L"StartService");
    if (scm.status(service, SC_STATUS_PROCESS_INFO, (BYTE *)&status, sizeof status, &needed))
        show_status(name, NULL, &status, true);
    return 0;
}

static int control(SC_HANDLE service, const wchar_t *name, DWORD code)
{
    SERVICE_STATUS_PROCESS status = {0};
    if (!scm.control(service, code, (SERVICE_STATUS *)&status))
        return sc_failed(L"ControlService");
    show_status(name, NULL, &status, false);
    return 0;
}

static int on_service(SC_HANDLE manager, const wchar_t *verb, const wchar_t *name, int count, wchar_t **arguments)
{
    SC_HANDLE service = scm.open(manager, name, SERVICE_ALL_ACCESS);
    uint64_t code;
    if (!service)
        return sc_failed(same(verb, L"start") ? L"StartService: OpenService" : L"OpenService");
    if (same(verb, L"config"))
        return configure(service, count, arguments);
    if (same(verb, L"description"))
        return describe(service, count, arguments);
    if (same(verb, L"start"))
        return start(service, name, count, arguments);
    if (same(verb, L"stop"))
        return control(service, name, SERVICE_CONTROL_STOP);
    if (same(verb, L"pause"))
        return control(service, name, SERVICE_CONTROL_PAUSE);
    if (same(verb, L"continue"))
        return control(service, name, SERVICE_CONTROL_CONTINUE);
    if (same(verb, L"delete"))
        return scm.remove(service) ? done(L"DeleteService") : sc_failed(L"DeleteService");
    if (same(verb, L"control") && count == 1 && whole_number(arguments[0], &code))
        return control(service, name, (DWORD)code);
    return invalid(L"Invalid Option");
}

int sc(int count, wchar_t **arguments)
{
    static const wchar_t *const verbs[] = {L"config", L"description", L"start",  L"stop",
                                           L"pause",  L"continue",    L"delete", L"control"};
    if (!count || is_option(arguments[0], L"?"))
        return say(L"%s", usage), 0;
    if (same_start(arguments[0], L"\\\\"))
        return invalid(L"The services of other machines cannot be reached from here.");
    load();
    SC_HANDLE manager = scm.manager(NULL, NULL, SC_MANAGER_ALL_ACCESS);
    if (!manager)
        return sc_failed(L"OpenSCManager");
    const wchar_t *verb = arguments[0];
    if (same(verb, L"query") || same(verb, L"queryex"))
        return sc_query(manager, count - 1, arguments + 1, same(verb, L"queryex"));
    if (same(verb, L"failure") || same(verb, L"sdset") || same(verb, L"sidtype") || same(verb, L"failureflag"))
        return say(L"[SC] %s: nothing restarts or restrains services in a container here; end the container with its "
                   L"service, and let a restart policy start it again (docker run --restart).\r\n", verb),
               ERROR_NOT_SUPPORTED;
    if (count < 2)
        return say(L"%s", usage), ERROR_INVALID_COMMAND_LINE;
    if (same(verb, L"create"))
        return make(manager, arguments[1], count - 2, arguments + 2);
    if (same(verb, L"qc"))
        return sc_config_of(manager, arguments[1]);
    if (same(verb, L"qdescription"))
        return sc_description_of(manager, arguments[1]);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (same(verb, verbs[i]))
            return on_service(manager, verb, arguments[1], count - 2, arguments + 2);
    say(L"\r\nERROR:  Unrecognized command\r\n\r\n%s", usage);
    return ERROR_INVALID_COMMAND_LINE;
}

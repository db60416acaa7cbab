/* wmic: queries of the machine, its processes and services; ends processes. */
#include "wmi.h"

enum { TABLE, LIST, CSV };

static const struct {
    const wchar_t *name, *class, *brief;
} aliases[] = {
    {L"baseboard", L"Win32_BaseBoard", L"Manufacturer,Name,SerialNumber"},
    {L"bios", L"Win32_BIOS", L"Manufacturer,Name,SerialNumber,Version"},
    {L"computersystem", L"Win32_ComputerSystem", L"Domain,Manufacturer,Model,Name,TotalPhysicalMemory"},
    {L"cpu", L"Win32_Processor", L"Caption,DeviceID,Manufacturer,MaxClockSpeed,Name"},
    {L"csproduct", L"Win32_ComputerSystemProduct", L"Name,Vendor,Version"},
    {L"desktopmonitor", L"Win32_DesktopMonitor", L"Name"},
    {L"diskdrive", L"Win32_DiskDrive", L"Caption,DeviceID,Model,Size"},
    {L"logicaldisk", L"Win32_LogicalDisk", L"DeviceID,DriveType,FreeSpace,Size,VolumeName"},
    {L"memorychip", L"Win32_PhysicalMemory", L"Capacity,DeviceLocator"},
    {L"nic", L"Win32_NetworkAdapter", L"AdapterType,Name"},
    {L"nicconfig", L"Win32_NetworkAdapterConfiguration", L"Description,DHCPEnabled,IPAddress,MACAddress"},
    {L"os", L"Win32_OperatingSystem", L"BuildNumber,SerialNumber,Version"},
    {L"path", NULL, NULL},
    {L"process", L"Win32_Process", L"HandleCount,Name,ProcessId,ThreadCount"},
    {L"qfe", L"Win32_QuickFixEngineering", L"Description,HotFixID"},
    {L"service", L"Win32_Service", L"Name,ProcessId,StartMode,State"},
    {L"sounddev", L"Win32_SoundDevice", L"Name"},
    {L"volume", L"Win32_Volume", L"DriveLetter,Label"},
};

struct request {
    const wchar_t *class, *brief, *condition, *output;
    wchar_t *properties;
    int shape;
    bool found_verb;
};

static int fail(const wchar_t *code, const wchar_t *text)
{
    complain(L"ERROR:\r\n%s%s%s%s\r\n", code, *code ? L"\r\n" : L"", *code ? L"Description = " : L"", text);
    return (int)0x80041017u; /* invalid query */
}

static int unknown(const wchar_t *what)
{
    complain(L"%s - Alias not found.\r\n", what);
    return (int)0x80041010u;
}

static int in_order(const void *one, const void *other)
{
    const wchar_t *p = *(wchar_t *const *)one, *q = *(wchar_t *const *)other;
    while (*p && upper(*p) == upper(*q))
        p++, q++;
    return (int)upper(*p) - (int)upper(*q);
}

/* Columns in the order of their names, as wmic has them: a list of their numbers. */
static size_t *order_of(const struct answer *answer)
{
    wchar_t **sorted = take((answer->columns + 1) * sizeof *sorted);
    size_t *order = take((answer->columns + 1) * sizeof *order);
    memcpy(sorted, answer->names, answer->columns * sizeof *sorted);
    qsort(sorted, answer->columns, sizeof *sorted, in_order);
    for (size_t i = 0; i < answer->columns; i++)
        while (answer->names[order[i]] != sorted[i])
            order[i]++;
    return order;
}

static void print_table(const struct answer *answer, const size_t *order)
{
    for (size_t row = 0; row <= answer->rows; row++) {
        for (size_t i = 0; i < answer->columns; i++) {
            size_t width = wcslen(answer->names[order[i]]);
            for (size_t other = 0; other < answer->rows; other++) {
                size_t length = wcslen(answer->values[other * answer->columns + order[i]]);
                width = length > width ? length : width;
            }
            const wchar_t *cell = row ? answer->values[(row - 1) * answer->columns + order[i]] : answer->names[order[i]];
            put(OUTPUT, cell, wcslen(cell));
            for (size_t pad = wcslen(cell); pad < width + 2; pad++)
                put(OUTPUT, L" ", 1);
        }
        say(L"\r\n");
    }
    say(L"\r\n");
}

static void print_rows(const struct answer *answer, const size_t *order, bool csv)
{
    wchar_t node[MAX_COMPUTERNAME_LENGTH + 1] = L"";
    DWORD room = MAX_COMPUTERNAME_LENGTH + 1;
    GetComputerNameW(node, &room);
    say(L"\r\n");
    for (size_t i = 0; csv && i < answer->columns; i++)
        say(i ? L",%s" : L"Node,%s", answer->names[order[i]]);
    say(L"\r\n");
    for (size_t row = 0; row < answer->rows; row++) {
        for (size_t i = 0; i < answer->columns; i++) {
            const wchar_t *value = answer->values[row * answer->columns + order[i]];
            if (csv && !i)
                put(OUTPUT, node, wcslen(node));
            say(csv ? L",%s" : L"%s=", csv ? value : answer->names[order[i]]);
            if (!csv)
                put(OUTPUT, value, wcslen(value)), say(L"\r\n");
        }
        say(csv ? L"\r\n" : L"\r\n\r\n");
    }
}

/* Leave of the columns those that names, with commas between, ask for, as the class spells them; false: one is not there. */
static bool choose(struct answer *answer, const wchar_t *names)
{
    struct answer chosen = {.rows = answer->rows};
    for (size_t size = wcslen(names) + 1; *names;) {
        size_t length = 0, at = 0;
        while (names[length] && names[length] != L',')
            length++;
        wchar_t *name = copy_part(names, length);
        while (at < answer->columns && !same(answer->names[at], name))
            at++;
        if (at == answer->columns)
            return false;
        chosen.names = chosen.names ? chosen.names : take(size * sizeof *chosen.names);
        chosen.names[chosen.columns++] = answer->names[at];
        names += length + (names[length] ? 1 : 0);
    }
    chosen.values = take((chosen.rows * chosen.columns + 1) * sizeof *chosen.values);
    for (size_t row = 0; row < chosen.rows; row++)
        for (size_t i = 0; i < chosen.columns; i++)
            chosen.values[row * chosen.columns + i] = (wchar_t *)value_in(answer, row, chosen.names[i]);
    *answer = chosen;
    return true;
}

static int get(const struct request *request)
{
    struct answer answer;
    HRESULT status = ask(request->class, request->condition, &answer);
    if (FAILED(status))
        return fail(format(L"Code = 0x%08x", (unsigned)status),
                    status == (HRESULT)0x80041010 ? L"Invalid class" : L"Invalid query");
    if (!answer.rows)
        return complain(L"No Instance(s) Available.\r\n"), 0;
    if (!same(request->properties, L"*") && !choose(&answer, request->properties))
        return fail(L"Code = 0x80041017", L"Invalid query");
    size_t *order = order_of(&answer);
    if (request->shape == TABLE)
        print_table(&answer, order);
    else
        print_rows(&answer, order, request->shape == CSV);
    return 0;
}

static int end_processes(const struct request *request)
{
    struct answer answer;
    uint64_t id;
    int code = 0;
    if (!same(request->class, L"Win32_Process"))
        return fail(L"", L"Only processes can be ended.");
    HRESULT status = ask(request->class, request->condition, &answer);
    if (FAILED(status))
        return fail(format(L"Code = 0x%08x", (unsigned)status), L"Invalid query");
    if (!answer.rows)
        return complain(L"No Instance(s) Available.\r\n"), 0;
    for (size_t i = 0; i < answer.rows; i++) {
        const wchar_t *text = value_in(&answer, i, L"ProcessId");
        HANDLE process = whole_number(text, &id) ? OpenProcess(PROCESS_TERMINATE, FALSE, (DWORD)id) : NULL;
        say(L"Deleting instance \\\\.\\ROOT\\CIMV2:Win32_Process.Handle=\"%s\"\r\n", text);
        if (process && id != GetCurrentProcessId() && TerminateProcess(process, 1))
            say(L"Instance deletion successful.\r\n");
        else
            code = fail(L"Code = 0x80041003", L"Access denied");
    }
    return code;
}

static int create_process(const wchar_t *line, const wchar_t *directory)
{
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    bool made = CreateProcessW(NULL, copy(line), NULL, NULL, FALSE, CREATE_NO_WINDOW, NULL, directory, &startup, &process);
    say(L"Executing (Win32_Process)->Create()\r\nMethod execution successful.\r\nOut Parameters:\r\ninstance of "
        L"__PARAMETERS\r\n{\r\n");
    if (made)
        say(L"\tProcessId = %u;\r\n", process.dwProcessId);
    say(L"\tReturnValue = %u;\r\n};\r\n\r\n", made ? 0 : GetLastError() == ERROR_ACCESS_DENIED ? 2 : 9);
    return 0;
}

static int call(const struct request *request, int count, wchar_t **arguments)
{
    if (count && same(arguments[0], L"terminate"))
        return end_processes(request);
    if (count > 1 && same(arguments[0], L"create") && same(request->class, L"Win32_Process")) {
        wchar_t *comma = wcschr(arguments[1], L',');
        return create_process(arguments[1], !comma && count > 2 ? arguments[2] : NULL);
    }
    return fail(L"", L"Of methods there are terminate and create of processes only; services are started with sc.");
}

/* name="cmd.exe" loses its quotes on the way through a command line: a value that is no number gets them back. */
static const wchar_t *quoted(const wchar_t *condition)
{
    const wchar_t *equals = wcschr(condition, L'=');
    uint64_t number;
    size_t length = wcslen(condition);
    if (*condition == L'(' && condition[length - 1] == L')')
        condition = copy_part(condition + 1, length - 2);
    equals = wcschr(condition, L'=');
    if (!equals || wcschr(condition, L'\'') || wcschr(condition, L'"') || whole_number(equals + 1, &number) ||
        same(equals + 1, L"true") || same(equals + 1, L"false"))
        return condition;
    return format(L"%s\"%s\"", copy_part(condition, (size_t)(equals + 1 - condition)), equals + 1);
}

/* Formats and lists of properties are scattered over the rest of the line. */
static bool read_rest(struct request *request, int count, wchar_t **arguments)
{
    for (int i = 0; i < count; i++) {
        const wchar_t *shape = option_value(arguments[i], L"format");
        if (is_option(arguments[i], L"value"))
            shape = L"list";
        if (shape) {
            request->shape = same_start(shape, L"list") || same_start(shape, L"value") || same_start(shape, L"textvaluelist")
                                 ? LIST : same_start(shape, L"csv") ? CSV : same_start(shape, L"table") ? TABLE : -1;
            if (request->shape < 0)
                return false;
        } else if (*arguments[i] == L'/') {
            return false;
        } else {
            const wchar_t *comma = *request->properties && request->properties[wcslen(request->properties) - 1] != L',' &&
                                   *arguments[i] != L',' ? L"," : L"";
            request->properties = format(L"%s%s%s", request->properties, comma, arguments[i]);
        }
    }
    size_t length = wcslen(request->properties);
    if (!length || (length && request->properties[length - 1] == L','))
        request->properties = L"*";
    return true;
}

static int act(struct request *request, int count, wchar_t **arguments)
{
    if (!count)
        return request->properties = L"*", get(request);
    if (same(arguments[0], L"delete") || same(arguments[0], L"call"))
        return same(arguments[0], L"delete") ? end_processes(request) : call(request, count - 1, arguments + 1);
    bool list = same(arguments[0], L"list");
    if (!list && !same(arguments[0], L"get"))
        return complain(L"%s - Invalid verb switch.\r\n", arguments[0]), 44135;
    count--, arguments++;
    bool brief = list && count && same(arguments[0], L"brief");
    if (list && count && (brief || same(arguments[0], L"full"))) {
        request->shape = brief ? TABLE : LIST;
        count--, arguments++;
    }
    if (!read_rest(request, count, arguments))
        return complain(L"Invalid format.\r\n"), 44135;
    if (list)
        request->properties = brief && request->brief ? (wchar_t *)request->brief : L"*";
    return get(request);
}

int wmic(int count, wchar_t **arguments)
{
    struct request request = {.properties = L""};
    size_t at = 0, known = sizeof aliases / sizeof *aliases;
    for (; count && *arguments[0] == L'/' && !is_option(arguments[0], L"?"); count--, arguments++)
        if (!is_option(arguments[0], L"interactive:off") && !same_start(arguments[0], L"/namespace:\\\\root\\cimv2"))
            return complain(L"%s: this option is not supported here.\r\n", arguments[0]), 1;
    if (!count || is_option(arguments[0], L"?"))
        return complain(L"WMIC ALIAS [WHERE CONDITION] [GET PROPERTIES | LIST [BRIEF | FULL]] [/VALUE | /FORMAT:LIST | "
                        L"/FORMAT:CSV]\r\nWMIC PROCESS [WHERE CONDITION] DELETE | CALL TERMINATE\r\n"), count ? 0 : 1;
    while (at < known && !same(aliases[at].name, arguments[0]))
        at++;
    if (at == known)
        return unknown(arguments[0]);
    request.class = aliases[at].class;
    request.brief = aliases[at].brief;
    count--, arguments++;
    if (!request.class) {
        if (!count)
            return complain(L"Missing class.\r\n"), 1;
        request.class = arguments[0];
        count--, arguments++;
    }
    if (count > 1 && same(arguments[0], L"where")) {
        request.condition = quoted(arguments[1]);
        count -= 2, arguments += 2;
    }
    return act(&request, count, arguments);
}

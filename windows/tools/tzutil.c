/*
 * tzutil: the container's time zone, by Windows' names: /g shows it, /l lists them all, /s sets it for what starts from
 * here on.
 *
 * It is in the registry for programs, once more where Wine looks for its name, and in a file of the C library's, from
 * which Wine takes the time (src/transom/drivers/exec/wine/timezones.py makes the same).
 */
#include "tool.h"
#include "../linux.h"

#define VERSION_KEY L"Software\\Microsoft\\Windows NT\\CurrentVersion\\"
#define ZONES_KEY VERSION_KEY L"Time Zones\\"
#define LOCAL_KEY VERSION_KEY L"Local Zone\\"
#define CONTROL_KEY L"System\\CurrentControlSet\\Control\\TimeZoneInformation"
#define FILE_NAME "/run/wine/localtime"

enum { NAME_LENGTH = 256, TEXT_BYTES = 512, BIASES = 3, MINUTE = 60, HOUR = 3600 };

static const wchar_t usage[] =
    L"\r\nWindows Time Zone Utility\r\n\r\nUsage:\r\nTZUTIL </? | /g | /s TimeZoneID | /l>\r\n\r\nParameters:\r\n"
    L"    /? Displays usage information.\r\n    /g Displays the current time zone ID.\r\n"
    L"    /s TimeZoneID\r\n       Sets the current time zone using the specified time zone ID.\r\n"
    L"    /l Lists all valid time zone IDs and display names.\r\n";

static LSTATUS(WINAPI *open_key)(HKEY, const wchar_t *, DWORD, REGSAM, HKEY *);
static LSTATUS(WINAPI *create_key)(HKEY, const wchar_t *, DWORD, wchar_t *, DWORD, REGSAM, SECURITY_ATTRIBUTES *,
                                   HKEY *, DWORD *);
static LSTATUS(WINAPI *query)(HKEY, const wchar_t *, DWORD *, DWORD *, BYTE *, DWORD *);
static LSTATUS(WINAPI *set)(HKEY, const wchar_t *, DWORD, DWORD, const BYTE *, DWORD);
static LSTATUS(WINAPI *next_key)(HKEY, DWORD, wchar_t *, DWORD *, DWORD *, wchar_t *, DWORD *, FILETIME *);

struct zone {
    wchar_t name[NAME_LENGTH], standard[NAME_LENGTH], daylight[NAME_LENGTH], display[NAME_LENGTH];
    struct {
        LONG bias[BIASES]; /* of the zone, more in standard time, more in summer */
        SYSTEMTIME begins[2]; /* standard time, summer */
    } rules;
};

static void load(void)
{
    HMODULE library = GetModuleHandleW(L"kernelbase.dll");
    open_key = (void *)GetProcAddress(library, "RegOpenKeyExW");
    create_key = (void *)GetProcAddress(library, "RegCreateKeyExW");
    query = (void *)GetProcAddress(library, "RegQueryValueExW");
    set = (void *)GetProcAddress(library, "RegSetValueExW");
    next_key = (void *)GetProcAddress(library, "RegEnumKeyExW");
}

static bool get(HKEY key, const wchar_t *value, void *data, DWORD size)
{
    return !query(key, value, NULL, NULL, data, &size);
}

/* The zone called name, or the index-th where that is NULL. */
static bool find_zone(const wchar_t *name, DWORD index, struct zone *zone)
{
    HKEY zones, key;
    DWORD length = NAME_LENGTH;
    *zone = (struct zone){0};
    if (open_key(HKEY_LOCAL_MACHINE, ZONES_KEY, 0, KEY_READ, &zones))
        return false;
    for (DWORD i = index; !next_key(zones, i, zone->name, &length, NULL, NULL, NULL, NULL); i++, length = NAME_LENGTH) {
        if (name && !same(name, zone->name))
            continue;
        return !open_key(zones, zone->name, 0, KEY_READ, &key) &&
               get(key, L"TZI", &zone->rules, sizeof zone->rules) &&
               get(key, L"Std", zone->standard, sizeof zone->standard - sizeof(wchar_t)) &&
               get(key, L"Dlt", zone->daylight, sizeof zone->daylight - sizeof(wchar_t)) &&
               get(key, L"Display", zone->display, sizeof zone->display - sizeof(wchar_t));
    }
    return false;
}

static char *put_text(char *to, const char *text)
{
    while (*text)
        *to++ = *text++;
    return to;
}

static char *put_number(char *to, LONG value, int digits)
{
    char reversed[16], *p = reversed;
    do
        *p++ = (char)('0' + value % 10);
    while ((value /= 10) || p < reversed + digits);
    while (p > reversed)
        *to++ = *--p;
    return to;
}

static char *put_clock(char *to, LONG seconds)
{
    if (seconds < 0)
        *to++ = '-', seconds = -seconds;
    to = put_number(to, seconds / HOUR, 1);
    if (seconds % HOUR)
        to = put_number(put_text(put_number(put_text(to, ":"), seconds % HOUR / MINUTE, 2), ":"), seconds % MINUTE, 2);
    return to;
}

/* By two names Wine tells zones apart that have the same rules. */
static char *put_abbreviation(char *to, const struct zone *zone, LONG bias)
{
    LONG minutes = bias < 0 ? -bias : bias;
    if (same(zone->name, L"Tokyo Standard Time"))
        return put_text(to, "JST");
    if (same(zone->name, L"Korea Standard Time"))
        return put_text(to, "KST");
    to = put_number(put_text(to, bias > 0 ? "-" : "+"), minutes / MINUTE, 2);
    return minutes % MINUTE ? put_number(to, minutes % MINUTE, 2) : to;
}

static char *put_time(char *to, const struct zone *zone, LONG bias)
{
    return put_clock(put_text(put_abbreviation(put_text(to, "<"), zone, bias), ">"), bias * MINUTE);
}

static bool comes_each_year(const SYSTEMTIME *date)
{
    return !date->wYear && date->wMonth && date->wDay;
}

static char *put_change(char *to, const SYSTEMTIME *date)
{
    to = put_number(put_text(to, ",M"), date->wMonth, 1);
    to = put_number(put_text(to, "."), date->wDay, 1);
    to = put_number(put_text(to, "."), date->wDayOfWeek, 1);
    LONG seconds = date->wHour * HOUR + date->wMinute * MINUTE + date->wSecond + (date->wMilliseconds > 0);
    return put_clock(put_text(to, "/"), seconds);
}

static char *put_big(char *to, uint64_t value, unsigned bytes)
{
    while (bytes--)
        *to++ = (char)(value >> 8 * bytes);
    return to;
}

/* One of the file's two parts: a change long ago to the zone's standard time. */
static char *put_part(char *to, const struct zone *zone, LONG bias, unsigned time_bytes)
{
    char name[16], *end = put_abbreviation(name, zone, bias);
    *end++ = 0;
    to = put_text(to, "TZif2");
    to = put_big(put_big(to, 0, 8), 0, 7);
    for (unsigned i = 0; i < 3; i++)
        to = put_big(to, 0, 4);
    to = put_big(put_big(put_big(to, 1, 4), 1, 4), (uint64_t)(end - name), 4);
    to = put_big(put_big(to, (uint64_t)INT32_MIN, time_bytes), 0, 1);
    to = put_big(put_big(to, (uint64_t)(-(int64_t)bias * MINUTE), 4), 0, 2);
    for (const char *p = name; p < end; p++)
        *to++ = *p;
    return to;
}

static bool write_file(const struct zone *zone)
{
    char data[TEXT_BYTES];
    LONG standard = zone->rules.bias[0] + zone->rules.bias[1], daylight = zone->rules.bias[0] + zone->rules.bias[2];
    char *end = put_part(put_part(data, zone, standard, 4), zone, standard, 8);
    end = put_time(put_text(end, "\n"), zone, standard);
    if (comes_each_year(&zone->rules.begins[0]) && comes_each_year(&zone->rules.begins[1])) {
        end = put_time(end, zone, daylight);
        end = put_change(put_change(end, &zone->rules.begins[1]), &zone->rules.begins[0]);
    }
    end = put_text(end, "\n");
    int fd = linux_open(FILE_NAME ".new", LINUX_O_WRONLY | LINUX_O_CREAT | LINUX_O_TRUNC);
    if (fd < 0)
        return false;
    bool written = linux_write_all(fd, data, (size_t)(end - data));
    linux_close(fd);
    if (written)
        linux_rename(FILE_NAME ".new", FILE_NAME);
    return written;
}

static void set_text(HKEY key, const wchar_t *name, const wchar_t *text)
{
    set(key, name, 0, REG_SZ, (const BYTE *)text, (DWORD)((wcslen(text) + 1) * sizeof *text));
}

static LSTATUS write_registry(const struct zone *zone)
{
    static const wchar_t *const biases[] = {L"Bias", L"StandardBias", L"DaylightBias"};
    static const wchar_t *const begins[] = {L"StandardStart", L"DaylightStart"};
    HKEY local, control;
    LSTATUS status = create_key(HKEY_LOCAL_MACHINE, format(L"%s%s", LOCAL_KEY, zone->name), 0, NULL, 0, KEY_SET_VALUE,
                                NULL, &local, NULL);
    if (!status)
        status = create_key(HKEY_LOCAL_MACHINE, CONTROL_KEY, 0, NULL, 0, KEY_SET_VALUE, NULL, &control, NULL);
    if (status)
        return status;
    set_text(local, L"Display", zone->display);
    set_text(local, L"Dlt", zone->daylight);
    set_text(local, L"Std", zone->standard);
    set(local, L"TZI", 0, REG_BINARY, (const BYTE *)&zone->rules, sizeof zone->rules);
    set_text(control, L"TimeZoneKeyName", zone->name);
    set_text(control, L"StandardName", zone->standard);
    set_text(control, L"DaylightName", zone->daylight);
    for (unsigned i = 0; i < BIASES; i++)
        set(control, biases[i], 0, REG_DWORD, (const BYTE *)&zone->rules.bias[i], sizeof(DWORD));
    for (unsigned i = 0; i < 2; i++)
        set(control, begins[i], 0, REG_BINARY, (const BYTE *)&zone->rules.begins[i], sizeof(SYSTEMTIME));
    return ERROR_SUCCESS;
}

static int show(void)
{
    wchar_t name[NAME_LENGTH] = L"";
    HKEY key;
    if (open_key(HKEY_LOCAL_MACHINE, CONTROL_KEY, 0, KEY_READ, &key) ||
        !get(key, L"TimeZoneKeyName", name, sizeof name - sizeof *name))
        return 1;
    say(L"%s", name);
    return 0;
}

static int list_all(void)
{
    struct zone zone;
    for (DWORD i = 0; find_zone(NULL, i, &zone); i++)
        say(L"%s\r\n%s\r\n\r\n", zone.display, zone.name);
    return 0;
}

static int change(const wchar_t *name)
{
    struct zone zone;
    if (!find_zone(name, 0, &zone)) {
        complain(L"Invalid time zone ID.\r\n");
        return 1;
    }
    LSTATUS status = write_registry(&zone);
    if (status || !write_file(&zone)) {
        complain(L"The time zone cannot be set: %s\r\n", reason(status ? (unsigned)status : ERROR_ACCESS_DENIED));
        return 1;
    }
    return 0;
}

int tzutil(int count, wchar_t **arguments)
{
    load();
    if (count == 1 && same(arguments[0], L"/g"))
        return show();
    if (count == 1 && same(arguments[0], L"/l"))
        return list_all();
    if (count == 2 && same(arguments[0], L"/s"))
        return change(arguments[1]);
    say(L"%s", usage);
    return count == 1 && same(arguments[0], L"/?") ? 0 : 1;
}

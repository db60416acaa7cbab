/* Dates and times as the United States write them, which is what a base speaks; DATE and TIME. */
#include "cmd.h"

wchar_t *date_text(const SYSTEMTIME *time)
{
    return format(L"%02u/%02u/%04u", time->wMonth, time->wDay, time->wYear);
}

wchar_t *day_text(const SYSTEMTIME *time)
{
    static const wchar_t days[][4] = {L"Sun", L"Mon", L"Tue", L"Wed", L"Thu", L"Fri", L"Sat"};
    return join(days[time->wDayOfWeek % 7], L" ", date_text(time), NULL);
}

wchar_t *time_text(const SYSTEMTIME *time)
{
    return format(L"%2u:%02u:%02u.%02u", time->wHour, time->wMinute, time->wSecond, time->wMilliseconds / 10);
}

wchar_t *short_time(const SYSTEMTIME *time)
{
    unsigned hour = time->wHour % 12;
    return format(L"%02u:%02u %s", hour ? hour : 12, time->wMinute, time->wHour < 12 ? L"AM" : L"PM");
}

/* Cut numbers out of text; false if something else but separators is in it. */
static bool numbers_of(const wchar_t *text, const wchar_t *separators, unsigned *numbers, unsigned *count)
{
    *count = 0;
    while (*text && *count < 4) {
        if (!is_digit(*text))
            return false;
        for (numbers[*count] = 0; is_digit(*text); text++)
            numbers[*count] = numbers[*count] * 10 + (unsigned)(*text - L'0');
        (*count)++;
        if (*text && !wcschr(separators, *text++))
            return false;
    }
    return !*text;
}

static bool read_date(const wchar_t *text, SYSTEMTIME *time)
{
    unsigned n[4], count;
    if (!numbers_of(text, L"/-.", n, &count) || count != 3 || !n[0] || n[0] > 12 || !n[1] || n[1] > 31)
        return false;
    time->wMonth = (WORD)n[0];
    time->wDay = (WORD)n[1];
    time->wYear = (WORD)(n[2] < 80 ? n[2] + 2000 : n[2] < 100 ? n[2] + 1900 : n[2]);
    return true;
}

static bool read_time(const wchar_t *text, SYSTEMTIME *time)
{
    unsigned n[4] = {0}, count;
    if (!numbers_of(text, L":.", n, &count) || !count || n[0] > 23 || n[1] > 59 || n[2] > 59 || n[3] > 99)
        return false;
    time->wHour = (WORD)n[0];
    time->wMinute = (WORD)n[1];
    time->wSecond = (WORD)n[2];
    time->wMilliseconds = (WORD)(n[3] * 10);
    return true;
}

static int set_clock(const wchar_t *rest, const wchar_t *what, const wchar_t *now,
                     bool (*read)(const wchar_t *text, SYSTEMTIME *time))
{
    SYSTEMTIME time;
    const wchar_t *given = trimmed(rest);
    bool is_end, is_date = read == read_date;
    if (!*given) {
        say(L"The current %s is: %s%s\r\nEnter the new %s: %s", what, now, is_date ? L" " : L"", what,
            is_date ? L"(mm-dd-yy) " : L"");
        given = trimmed(read_line(shell.handles[STANDARD_INPUT], &is_end));
        if (!*given)
            return succeed();
    }
    GetLocalTime(&time);
    if (!read(given, &time)) {
        complain(L"The system cannot accept the %s entered.\r\n", what);
        return fail(1);
    }
    if (!SetLocalTime(&time))
        return failed_with(GetLastError()), fail(1);
    return succeed();
}

int do_date(const wchar_t *rest)
{
    SYSTEMTIME now;
    GetLocalTime(&now);
    if (same(trimmed(rest), L"/t")) {
        say(L"%s \r\n", day_text(&now));
        return succeed();
    }
    return set_clock(rest, L"date", day_text(&now), read_date);
}

int do_time(const wchar_t *rest)
{
    SYSTEMTIME now;
    GetLocalTime(&now);
    if (same(trimmed(rest), L"/t")) {
        say(L"%s\r\n", short_time(&now));
        return succeed();
    }
    return set_clock(rest, L"time", time_text(&now), read_time);
}

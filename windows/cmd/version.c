/* VER, and built-ins that only say something or do nothing: VERIFY, BREAK, KEYS. */
#include "cmd.h"

NTSTATUS NTAPI RtlGetVersion(RTL_OSVERSIONINFOW *);

static bool verifies;

/* `10.0.20348.2655` */
static wchar_t *numbers(void)
{
    RTL_OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof version};
    DWORD revision = 0;
    RtlGetVersion(&version);
    registry_number(L"\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion", L"UBR", &revision);
    return format(revision ? L"%u.%u.%u.%u" : L"%u.%u.%u", version.dwMajorVersion, version.dwMinorVersion,
                  version.dwBuildNumber, revision);
}

wchar_t *version_text(void)
{
    return join(L"Microsoft Windows [Version ", numbers(), L"]", NULL);
}

int do_ver(const wchar_t *rest)
{
    if (*skip_delimiters(rest) == L'/')
        return bad_syntax(), fail(1);
    say(L"\r\n%s\r\n", version_text());
    return succeed();
}

int do_verify(const wchar_t *rest)
{
    const wchar_t *word = trimmed(rest);
    if (same(word, L"on") || same(word, L"off")) {
        verifies = upper(word[1]) == L'N';
    } else if (*word) {
        complain(L"An incorrect parameter was\r\nentered for the command.\r\n");
        return fail(1);
    } else {
        say(L"VERIFY is %s.\r\n", verifies ? L"on" : L"off");
    }
    return succeed();
}

int do_break(const wchar_t *rest)
{
    (void)rest;
    return 0;
}

int do_keys(const wchar_t *rest)
{
    (void)rest;
    return 0;
}

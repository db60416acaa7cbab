/* ICU under Windows' names, for bases that have the part. */
#include "api.h"

void icu(void)
{
    static const wchar_t *const libraries[] = {L"icuuc.dll", L"icuin.dll", L"icu.dll"};
    int error = 0;
    for (int i = 0; i < 3; i++) {
        HMODULE library = LoadLibraryW(libraries[i]);
        CHECK(library);
        int(__cdecl * length)(const wchar_t *) = (void *)GetProcAddress(library, "u_strlen");
        void *(__cdecl * open)(const char *, int *) = (void *)GetProcAddress(library, "ucol_open");
        int(__cdecl * compare)(void *, const wchar_t *, int, const wchar_t *, int);
        compare = (void *)GetProcAddress(library, "ucol_strcoll");
        CHECK(!!length == (i != 1) && !!open == (i != 0) && !!compare == (i != 0));
        CHECK(!length || length(L"four") == 4);
        void *collator = open ? open("de", &error) : NULL;
        CHECK(!open || (collator && compare(collator, L"\x00e4", -1, L"b", -1) == -1));
    }
}

/* Functions of libraries that most tools do without: loaded when they are asked for. */
#include "tool.h"

void *from(const wchar_t *library, const char *name)
{
    HMODULE module = LoadLibraryW(library);
    void *found = module ? (void *)GetProcAddress(module, name) : NULL;
    if (!found) {
        complain(L"The function %hs of %s is not in this Windows base.\r\n", name, library);
        ExitProcess(255);
    }
    return found;
}

/* Whether an argument is an option: /name or -name, in any case. */
bool is_option(const wchar_t *argument, const wchar_t *name)
{
    return (*argument == L'/' || *argument == L'-') && same(argument + 1, name);
}

/* What follows /name: in an argument, or NULL. */
const wchar_t *option_value(const wchar_t *argument, const wchar_t *name)
{
    size_t length = wcslen(name);
    if ((*argument != L'/' && *argument != L'-') || !same_start(argument + 1, name) || argument[1 + length] != L':')
        return NULL;
    return argument + length + 2;
}

/* 1,234,567 */
wchar_t *grouped(uint64_t number)
{
    wchar_t *digits = format(L"%I64u", number), *made = take(40 * sizeof *made), *to = made;
    for (size_t left = wcslen(digits); left; left--) {
        *to++ = *digits++;
        if (left % 3 == 1 && left > 1)
            *to++ = L',';
    }
    return made;
}

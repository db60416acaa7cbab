/* What DIR is told, and the order of what it lists. */
#include "cmd.h"

static bool read_order(const wchar_t *letters, struct listing *listing)
{
    size_t length = 0;
    letters += *letters == L':';
    if (!*letters)
        letters = L"gn";
    for (; *letters && length < 15; letters++) {
        if (*letters != L'-' && !wcschr(L"NESDG", upper(*letters)))
            return false;
        listing->order[length++] = upper(*letters);
    }
    listing->order[length] = 0;
    return true;
}

static bool read_dir_switch(const wchar_t *text, struct listing *listing)
{
    bool on = *text != L'-';
    text += !on;
    switch (upper(*text)) {
    case L'A':
        return choose(on ? text + 1 : L"", &listing->choice);
    case L'O':
        if (on)
            return read_order(text + 1, listing);
        listing->order[0] = 0;
        return true;
    case L'T':
        listing->field = upper(text[1] == L':' ? text[2] : text[1]);
        return listing->field && wcschr(L"CAW", listing->field);
    case L'B':
        listing->bare = on;
        break;
    case L'C':
        listing->no_commas = !on;
        break;
    case L'D':
        listing->wide = listing->by_column = on;
        break;
    case L'L':
        listing->lower = on;
        break;
    case L'P':
        listing->pages = on;
        break;
    case L'Q':
        listing->owners = on;
        break;
    case L'S':
        listing->deep = on;
        break;
    case L'W':
        listing->wide = on;
        break;
    case L'X':
        listing->short_names = on;
        break;
    case L'N':
    case L'R':
    case L'4':
        break;
    default:
        return false;
    }
    return !text[1];
}

/* Read DIR's switches, from %DIRCMD% first. False, with the complaint made, if one is none. */
bool read_listing(const wchar_t *text, struct words *words, struct listing *listing)
{
    struct words standard = {0};
    const wchar_t *variable = variable_of(L"DIRCMD");
    listing->choice = (struct choice){0, FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM};
    listing->field = L'W';
    if (variable)
        split_words(variable, &standard, true);
    for (unsigned i = 0; i < standard.switch_count; i++)
        read_dir_switch(standard.switches[i], listing);
    split_words(text, words, true);
    for (unsigned i = 0; i < words->switch_count; i++)
        if (!read_dir_switch(words->switches[i], listing)) {
            complain(L"Invalid switch - \"%s\".\r\n", words->switches[i]);
            return false;
        }
    return true;
}

static const struct listing *sorted_by;

static int by_text(const wchar_t *one, const wchar_t *other)
{
    for (; *one && upper(*one) == upper(*other); one++, other++)
        ;
    return (int)upper(*one) - (int)upper(*other);
}

static int by_size(uint64_t one, uint64_t other)
{
    return (one > other) - (one < other);
}

static const FILETIME *time_of(const WIN32_FIND_DATAW *found, wchar_t field)
{
    return field == L'C' ? &found->ftCreationTime : field == L'A' ? &found->ftLastAccessTime : &found->ftLastWriteTime;
}

static int by_letter(wchar_t letter, const WIN32_FIND_DATAW *one, const WIN32_FIND_DATAW *other)
{
    const wchar_t *dot_one = wcsrchr(one->cFileName, L'.'), *dot_other = wcsrchr(other->cFileName, L'.');
    switch (letter) {
    case L'N':
        return by_text(one->cFileName, other->cFileName);
    case L'E':
        return by_text(dot_one ? dot_one : L"", dot_other ? dot_other : L"");
    case L'S':
        return by_size((uint64_t)one->nFileSizeHigh << 32 | one->nFileSizeLow,
                       (uint64_t)other->nFileSizeHigh << 32 | other->nFileSizeLow);
    case L'D':
        return CompareFileTime(time_of(one, sorted_by->field), time_of(other, sorted_by->field));
    default:
        return (int)!(one->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) -
               (int)!(other->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY);
    }
}

static int in_order(const void *one, const void *other)
{
    bool turned = false;
    for (const wchar_t *p = sorted_by->order; *p; p++) {
        if (*p == L'-') {
            turned = true;
            continue;
        }
        int order = by_letter(*p, *(WIN32_FIND_DATAW *const *)one, *(WIN32_FIND_DATAW *const *)other);
        if (order)
            return turned ? -order : order;
        turned = false;
    }
    return by_letter(L'N', *(WIN32_FIND_DATAW *const *)one, *(WIN32_FIND_DATAW *const *)other);
}

void sort_entries(const struct listing *listing, WIN32_FIND_DATAW **entries, unsigned count)
{
    sorted_by = listing;
    if (*listing->order)
        sort(entries, count, sizeof *entries, in_order);
}

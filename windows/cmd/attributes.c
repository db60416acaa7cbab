/* /A of DIR and DEL: letters of attributes that files must have, or with `-` must not have. */
#include "cmd.h"

bool choose(const wchar_t *letters, struct choice *choice)
{
    bool negated = false;
    *choice = (struct choice){0, 0};
    for (; *letters; letters++) {
        DWORD attribute;
        switch (upper(*letters)) {
        case L':':
            continue;
        case L'-':
            negated = true;
            continue;
        case L'D':
            attribute = FILE_ATTRIBUTE_DIRECTORY;
            break;
        case L'R':
            attribute = FILE_ATTRIBUTE_READONLY;
            break;
        case L'H':
            attribute = FILE_ATTRIBUTE_HIDDEN;
            break;
        case L'S':
            attribute = FILE_ATTRIBUTE_SYSTEM;
            break;
        case L'A':
            attribute = FILE_ATTRIBUTE_ARCHIVE;
            break;
        case L'L':
            attribute = FILE_ATTRIBUTE_REPARSE_POINT;
            break;
        case L'I':
            attribute = FILE_ATTRIBUTE_NOT_CONTENT_INDEXED;
            break;
        case L'O':
            attribute = FILE_ATTRIBUTE_OFFLINE;
            break;
        default:
            return false;
        }
        *(negated ? &choice->without : &choice->with) |= attribute;
        negated = false;
    }
    return true;
}

bool is_chosen(const struct choice *choice, DWORD attributes)
{
    return (attributes & choice->with) == choice->with && !(attributes & choice->without);
}

/* Take /A out of the switches. False, with the complaint made, if its letters are none. */
bool split_attributes(struct words *words, struct choice *choice, bool *given)
{
    *choice = (struct choice){0, FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM};
    *given = false;
    for (unsigned i = 0; i < words->switch_count; i++)
        if (upper(*words->switches[i]) == L'A') {
            *given = true;
            if (!choose(words->switches[i] + 1, choice)) {
                complain(L"Parameter format not correct - \"%s\".\r\n", words->switches[i] + 1);
                return false;
            }
        }
    return true;
}

/* choice: a key out of a list, or a default after a time. */
#include "tool.h"

enum { BAD_SYNTAX = 1, NO_KEY = 1, BAD_LIST = 255, MOST_SECONDS = 9999 };

struct question {
    const wchar_t *keys, *message;
    wchar_t default_key;
    int seconds; /* -1 without a limit */
    bool hides_keys, minds_case;
};

static bool equals(const struct question *question, wchar_t one, wchar_t other)
{
    return question->minds_case ? one == other : upper(one) == upper(other);
}

/* The place of key in the list, from 1; 0 if it is none of them. */
static int index_of(const struct question *question, wchar_t key)
{
    for (int i = 0; question->keys[i]; i++)
        if (equals(question, question->keys[i], key))
            return i + 1;
    return 0;
}

static bool read_question(int count, wchar_t **arguments, struct question *question)
{
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i], *value;
        uint64_t seconds;
        if (is_option(each, L"cs")) {
            question->minds_case = true;
            continue;
        }
        if (is_option(each, L"n")) {
            question->hides_keys = true;
            continue;
        }
        if ((*each != L'/' && *each != L'-') || !each[1])
            return false;
        value = each + 2 + (each[2] == L':'); /* behind its letter or a colon, or the next word */
        if (!*value && (++i == count || *(value = arguments[i]) == L'/'))
            return false;
        switch (upper(each[1])) {
        case L'C':
            question->keys = value;
            break;
        case L'M':
            question->message = value;
            break;
        case L'D':
            if (!*value || value[1])
                return false;
            question->default_key = *value;
            break;
        case L'T':
            if (!whole_number(value, &seconds) || seconds > MOST_SECONDS)
                return false;
            question->seconds = (int)seconds;
            break;
        default:
            return false;
        }
    }
    return *question->keys && (question->seconds < 0) == !question->default_key;
}

static bool is_sound(const struct question *question)
{
    for (const wchar_t *p = question->keys; *p; p++)
        if (index_of(question, *p) != (int)(p - question->keys) + 1)
            return false;
    return !question->default_key || index_of(question, question->default_key);
}

/* Tell whether something can be read before the time is over. */
static bool is_ready(HANDLE input, ULONGLONG until)
{
    DWORD available;
    for (;;) {
        ULONGLONG now = GetTickCount64();
        if (is_console(input))
            return WaitForSingleObject(input, now < until ? (DWORD)(until - now) : 0) == WAIT_OBJECT_0;
        if (GetFileType(input) != FILE_TYPE_PIPE || !PeekNamedPipe(input, NULL, 0, NULL, &available, NULL) || available)
            return true;
        if (now >= until)
            return false;
        Sleep(10);
    }
}

/* Read a key; false at the end of input. 0 is a key that was let go, or one without a character. */
static bool read_key(HANDLE input, wchar_t *key)
{
    INPUT_RECORD record;
    DWORD got;
    unsigned char byte;
    *key = 0;
    if (!is_console(input)) {
        if (!ReadFile(input, &byte, 1, &got, NULL) || !got)
            return false;
        *key = byte;
        return true;
    }
    if (!ReadConsoleInputW(input, &record, 1, &got) || !got)
        return false;
    if (record.EventType == KEY_EVENT && record.Event.KeyEvent.bKeyDown)
        *key = record.Event.KeyEvent.uChar.UnicodeChar;
    return true;
}

static void ask(const struct question *question)
{
    if (question->message)
        say(question->hides_keys ? L"%s" : L"%s ", question->message);
    for (const wchar_t *p = question->keys; *p && !question->hides_keys; p++)
        say(L"%s%c%s", p == question->keys ? L"[" : L",", question->minds_case ? *p : upper(*p), p[1] ? L"" : L"]?");
    flush();
}

int choice(int count, wchar_t **arguments)
{
    struct question question = {.keys = L"YN", .seconds = -1};
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    if (count == 1 && is_option(arguments[0], L"?")) {
        say(L"\r\nCHOICE [/C choices] [/N] [/CS] [/T timeout /D choice] [/M text]\r\n\r\nDescription:\r\n"
            L"    Waits for one of some keys; the exit code is its place in the list.\r\n");
        return 0;
    }
    if (!read_question(count, arguments, &question)) {
        complain(L"ERROR: Invalid syntax.\r\nType \"CHOICE /?\" for usage.\r\n");
        return BAD_SYNTAX;
    }
    if (!is_sound(&question)) {
        complain(L"ERROR: Invalid choice list, or a default that is not in it.\r\n");
        return BAD_LIST;
    }
    ask(&question);
    ULONGLONG until = GetTickCount64() + (ULONGLONG)(question.seconds > 0 ? question.seconds : 0) * 1000;
    int index = 0;
    while (!index) {
        wchar_t key;
        if (question.seconds >= 0 && (!question.seconds || !is_ready(input, until))) {
            index = index_of(&question, question.default_key);
        } else if (read_key(input, &key)) {
            index = key ? index_of(&question, key) : 0;
        } else {
            say(L"\r\n");
            complain(L"ERROR: The file is either empty or does not contain the valid choices.\r\n");
            return NO_KEY;
        }
    }
    say(L"%c\r\n", question.minds_case ? question.keys[index - 1] : upper(question.keys[index - 1]));
    return index;
}

/* CHOICE: a key out of a list, or a default after a time. A program on Windows; the base has none of that name. */
#include "cmd.h"

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

static int index_of(const struct question *question, wchar_t key)
{
    for (int i = 0; question->keys[i]; i++)
        if (equals(question, question->keys[i], key))
            return i + 1;
    return 0;
}

/* The value of a switch: behind its letter or a colon, or the next word. */
static const wchar_t *value_behind(const wchar_t *text, const wchar_t **rest)
{
    if (*text == L':')
        text++;
    if (*text)
        return text;
    const wchar_t *word = next_word(rest);
    return word && *word != L'/' ? without_quotes(word) : NULL;
}

static bool read_question(const wchar_t *rest, struct question *question)
{
    const wchar_t *word, *value;
    while ((word = next_word(&rest))) {
        word = without_quotes(word);
        if (*word != L'/')
            return false;
        if (same(word, L"/cs")) {
            question->minds_case = true;
            continue;
        }
        if (same(word, L"/n")) {
            question->hides_keys = true;
            continue;
        }
        value = word[1] ? value_behind(word + 2, &rest) : NULL;
        if (!value)
            return false;
        switch (upper(word[1])) {
        case L'C':
            question->keys = value;
            break;
        case L'M':
            question->message = value;
            break;
        case L'D':
            question->default_key = *value;
            break;
        case L'T':
            if (!whole_number(value, &question->seconds) || question->seconds < 0 || question->seconds > 9999)
                return false;
            break;
        default:
            return false;
        }
    }
    return (question->seconds < 0) == !question->default_key;
}

static bool is_sound(const struct question *question)
{
    for (const wchar_t *p = question->keys; *p; p++)
        if (index_of(question, *p) != (int)(p - question->keys) + 1)
            return false;
    return !question->default_key || index_of(question, question->default_key);
}

/* Whether something can be read before the time is over. */
static bool is_ready(HANDLE from, ULONGLONG until)
{
    DWORD available;
    for (;;) {
        if (is_console(from)) {
            ULONGLONG now = GetTickCount64();
            return WaitForSingleObject(from, now < until ? (DWORD)(until - now) : 0) == WAIT_OBJECT_0;
        }
        if (GetFileType(from) == FILE_TYPE_DISK || (PeekNamedPipe(from, NULL, 0, NULL, &available, NULL) && available))
            return true;
        if (GetTickCount64() >= until || shell.interrupted)
            return false;
        Sleep(10);
    }
}

static wchar_t read_key(HANDLE from)
{
    INPUT_RECORD record;
    DWORD got;
    char byte;
    if (!is_console(from))
        return ReadFile(from, &byte, 1, &got, NULL) && got ? (wchar_t)(unsigned char)byte : 0;
    if (!ReadConsoleInputW(from, &record, 1, &got))
        return 0;
    return record.EventType == KEY_EVENT && record.Event.KeyEvent.bKeyDown ? record.Event.KeyEvent.uChar.UnicodeChar
                                                                           : L' ';
}

int do_choice(const wchar_t *rest)
{
    struct question question = {.keys = L"YN", .seconds = -1};
    HANDLE from = shell.handles[STANDARD_INPUT];
    if (!read_question(rest, &question)) {
        complain(L"ERROR: Invalid syntax.\r\nType \"CHOICE /?\" for usage.\r\n");
        return fail(1);
    }
    if (!is_sound(&question)) {
        complain(L"ERROR: Invalid choice list, or a default that is not in it.\r\n");
        return fail(255);
    }
    if (question.message)
        say(question.hides_keys ? L"%s" : L"%s ", question.message);
    for (const wchar_t *p = question.keys; *p && !question.hides_keys; p++)
        say(p[1] ? L"%s%c," : L"%s%c]?", p == question.keys ? L"[" : L"", question.minds_case ? *p : upper(*p));
    int index = 0;
    ULONGLONG until = GetTickCount64() + (ULONGLONG)(question.seconds > 0 ? question.seconds : 0) * 1000;
    while (!index && !shell.interrupted) {
        if (question.seconds >= 0 && (!question.seconds || !is_ready(from, until))) {
            index = index_of(&question, question.default_key);
            break;
        }
        wchar_t key = read_key(from);
        if (!key && question.seconds < 0) {
            say(L"\r\n");
            complain(L"ERROR: The file is either empty or does not contain the valid choices.\r\n");
            return fail(1);
        }
        if (!key)
            Sleep(10);
        index = key ? index_of(&question, key) : 0;
    }
    if (!index)
        return fail(255);
    wchar_t key = question.keys[index - 1];
    say(L"%c\r\n", question.minds_case ? key : upper(key));
    return fail(index);
}

/* SET /A: C's integer operators, assignments and commas, over 32-bit numbers and variables. */
#include "cmd.h"

enum { UNBALANCED = 1073750988, NO_OPERAND, NO_OPERATOR, BAD_NUMBER, LARGE_NUMBER, BY_ZERO };

struct sum {
    const wchar_t *p;
    int error;
    unsigned depth;
};

static int stop(struct sum *sum, int error)
{
    if (!sum->error)
        sum->error = error;
    return 0;
}

static const wchar_t *skip_blanks(const wchar_t *p)
{
    while (is_space(*p))
        p++;
    return p;
}

static bool is_name_character(wchar_t c)
{
    return c > L' ' && !wcschr(L"()*/%+-<>&^|=!~,;", c);
}

/* Take an operator; there may be spaces between its characters. */
static bool at(struct sum *sum, const wchar_t *operator)
{
    const wchar_t *p = skip_blanks(sum->p);
    for (; *operator; operator++, p++) {
        p = skip_blanks(p);
        if (*p != *operator)
            return false;
    }
    sum->p = p;
    return true;
}

static int value_of(const wchar_t *name)
{
    int value = 0;
    const wchar_t *text = variable_of(name);
    if (!text)
        text = special_variable(name);
    if (text && !whole_number(skip_blanks(text), &value))
        value = leading_number(text);
    return value;
}

static int assignment(struct sum *sum);
static int comma(struct sum *sum);

static int number(struct sum *sum)
{
    const wchar_t *start = sum->p, *text;
    int value, base = 10;
    while (is_name_character(*sum->p))
        sum->p++;
    text = copy_part(start, (size_t)(sum->p - start));
    if (text[0] == L'0' && text[1])
        base = upper(text[1]) == L'X' ? 16 : 8;
    if (!whole_number(text, &value))
        return stop(sum, BAD_NUMBER);
    if (base == 10) {
        uint64_t large = 0;
        for (; *text && large <= 0x7fffffff; text++)
            large = large * 10 + (unsigned)(*text - L'0');
        if (large > 0x7fffffff)
            return stop(sum, LARGE_NUMBER);
    }
    return value;
}

static int operand(struct sum *sum)
{
    sum->p = skip_blanks(sum->p);
    wchar_t c = *sum->p;
    int value;
    if (sum->error || ++sum->depth > MAX_NESTING)
        return stop(sum, NO_OPERAND);
    if (c == L'-' || c == L'+' || c == L'~' || c == L'!') {
        sum->p++;
        value = operand(sum);
        value = c == L'-' ? (int)(0u - (unsigned)value) : c == L'~' ? ~value : c == L'!' ? !value : value;
    } else if (c == L'(') {
        sum->p++;
        value = comma(sum);
        if (!at(sum, L")"))
            stop(sum, UNBALANCED);
    } else if (is_digit(c)) {
        value = number(sum);
    } else if (is_name_character(c)) {
        const wchar_t *start = sum->p;
        while (is_name_character(*sum->p))
            sum->p++;
        value = value_of(copy_part(start, (size_t)(sum->p - start)));
    } else {
        value = stop(sum, NO_OPERAND);
    }
    sum->depth--;
    return value;
}

static int applied_to(struct sum *sum, wchar_t operator, int one, int other)
{
    unsigned a = (unsigned)one, b = (unsigned)other;
    switch (operator) {
    case L'*':
        return (int)(a * b);
    case L'/':
    case L'%':
        if (!other)
            return stop(sum, BY_ZERO);
        if (other == -1)
            return operator == L'/' ? (int)(0u - a) : 0;
        return operator == L'/' ? one / other : one % other;
    case L'+':
        return (int)(a + b);
    case L'-':
        return (int)(a - b);
    case L'<':
        return b > 31 ? 0 : (int)(a << b);
    case L'>':
        return b > 31 ? (one < 0 ? -1 : 0) : one >> other;
    case L'&':
        return one & other;
    case L'^':
        return one ^ other;
    case L'|':
        return one | other;
    default:
        return other;
    }
}

/* The operators of each level, the tightest first; `<` and `>` stand for the shifts. */
static const wchar_t *const levels[] = {L"*/%", L"+-", L"<>", L"&", L"^", L"|"};
enum { LEVELS = 6 };

/* The operator of a level that stands here and is no assignment, or 0. */
static wchar_t binary_at(struct sum *sum, int level)
{
    const wchar_t *before = sum->p;
    wchar_t c = *skip_blanks(sum->p);
    if (!c || !wcschr(levels[level], c))
        return 0;
    const wchar_t shift[] = {c, c, 0}, plain[] = {c, 0};
    bool is_shift = c == L'<' || c == L'>';
    if (at(sum, is_shift ? shift : plain) && *skip_blanks(sum->p) != L'=')
        return c;
    sum->p = before;
    return 0;
}

static int binary(struct sum *sum, int level)
{
    int value = level ? binary(sum, level - 1) : operand(sum);
    wchar_t operator;
    while (!sum->error && (operator= binary_at(sum, level)))
        value = applied_to(sum, operator, value, level ? binary(sum, level - 1) : operand(sum));
    return value;
}

/* A name with an assignment behind it: the operator (`=` alone is that itself), or 0. */
static wchar_t assignment_at(struct sum *sum, wchar_t **name)
{
    const wchar_t *before = sum->p, *start = skip_blanks(sum->p), *p = start;
    while (is_name_character(*p))
        p++;
    if (p == start || is_digit(*start))
        return 0;
    *name = copy_part(start, (size_t)(p - start));
    sum->p = p;
    static const wchar_t *const operators[] = {L"<<=", L">>=", L"*=", L"/=", L"%=", L"+=", L"-=", L"&=", L"^=", L"|=",
                                               L"="};
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (at(sum, operators[i]))
            return *operators[i];
    sum->p = before;
    return 0;
}

static int assignment(struct sum *sum)
{
    wchar_t *name, operator= assignment_at(sum, &name);
    if (++sum->depth > MAX_NESTING)
        return stop(sum, NO_OPERAND);
    int value = operator? assignment(sum) : binary(sum, LEVELS - 1);
    if (operator&& !sum->error) {
        value = operator== L'=' ? value : applied_to(sum, operator, value_of(name), value);
        if (!sum->error)
            SetEnvironmentVariableW(name, format(L"%d", value));
    }
    sum->depth--;
    return value;
}

static int comma(struct sum *sum)
{
    int value = assignment(sum);
    bool first = true;
    int kept = value;
    while (!sum->error && at(sum, L",")) {
        value = assignment(sum);
        first = false;
    }
    return first ? kept : value;
}

/* Compute text; 0, or Windows' code of what is wrong with it, which is said. */
int arithmetic(const wchar_t *text, int *value)
{
    static const wchar_t *const texts[] = {
        L"Unbalanced parenthesis.", L"Missing operand.", L"Missing operator.",
        L"Invalid number.  Numeric constants are either decimal (17),\r\nhexadecimal (0x11), or octal (021).",
        L"Invalid number.  Numbers are limited to 32-bits of precision.", L"Divide by zero error."};
    struct sum sum = {.p = without_quotes(text)};
    if (!*skip_blanks(sum.p)) {
        bad_syntax();
        return 1;
    }
    *value = comma(&sum);
    if (!sum.error && *skip_blanks(sum.p))
        sum.error = *skip_blanks(sum.p) == L')' ? UNBALANCED : NO_OPERATOR;
    if (sum.error)
        complain(L"%s\r\n", texts[sum.error - UNBALANCED]);
    return sum.error;
}

/* The conditions of IF. */
#include "cmd.h"

static bool first_match(const WIN32_FIND_DATAW *found, void *context)
{
    (void)found;
    *(bool *)context = true;
    return false;
}

static bool exists(const wchar_t *name)
{
    bool found = false;
    const wchar_t *path = without_quotes(name);
    if (!*path || is_too_long(path))
        return false;
    if (has_wildcard(path)) {
        found_files(path, first_match, &found);
        return found;
    }
    return attributes_of(path) != INVALID_FILE_ATTRIBUTES;
}

static int compare(const struct node *node, const wchar_t *left, const wchar_t *right)
{
    int one, other;
    if (whole_number(left, &one) && whole_number(right, &other))
        return (one > other) - (one < other);
    return node->ignores_case ? lstrcmpiW(left, right) : lstrcmpW(left, right);
}

/* ERRORLEVEL takes no octal and no hexadecimal numbers. */
static bool is_decimal(const wchar_t *text)
{
    for (text += *text == L'-' || *text == L'+'; is_digit(*text); text++)
        ;
    return !*text;
}

static int decimal(const wchar_t *text)
{
    unsigned number = 0;
    for (const wchar_t *p = text + (*text == L'-' || *text == L'+'); *p; p++)
        number = number * 10 + (unsigned)(*p - L'0');
    return *text == L'-' ? (int)(0u - number) : (int)number;
}

static bool holds(const struct node *node, const wchar_t *left, const wchar_t *right)
{
    int order;
    switch (node->comparison) {
    case IS_SAME:
        return node->ignores_case ? same(left, right) : !wcscmp(left, right);
    case IS_EXISTING:
        return exists(left);
    case IS_DEFINED:
        return variable_of(left) || special_variable(left);
    case IS_ERRORLEVEL:
        return shell.last >= decimal(left);
    case IS_EXTENSION:
        return shell.extensions && leading_number(left) <= 2;
    default:
        order = compare(node, left, right);
    }
    switch (node->comparison) {
    case EQU:
        return order == 0;
    case NEQ:
        return order != 0;
    case LSS:
        return order < 0;
    case LEQ:
        return order <= 0;
    case GTR:
        return order > 0;
    default:
        return order >= 0;
    }
}

int run_if(struct node *node)
{
    const wchar_t *left = expanded(node->word), *right = node->rest ? expanded(node->rest) : L"";
    if (node->comparison == IS_ERRORLEVEL && !is_decimal(left))
        return 0; /* neither side, as on Windows */
    if (holds(node, left, right) != node->negated)
        return run_node(node->left);
    return node->right ? run_node(node->right) : 0;
}

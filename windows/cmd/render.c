/* A tree as text again: for ECHO ON, which shows commands as they were understood, and for a pipe's other side. */
#include "cmd.h"

static const wchar_t *const comparisons[] = {L"==", L"exist", L"defined", L"errorlevel", L"cmdextversion",
                                             L"EQU", L"NEQ", L"LSS", L"LEQ", L"GTR", L"GEQ"};

static bool for_a_pipe; /* then what `@` hides is there */

static bool ends_with_space(const struct text *text)
{
    return text->length && is_space(text->chars[text->length - 1]);
}

static void render_redirections(struct text *text, const struct redirection *list)
{
    if (list && text->length && !ends_with_space(text))
        add_char(text, L' ');
    for (; list; list = list->next) {
        const wchar_t *operation = list->operation == L'a' ? L">>" : list->operation == L'>' ? L">" : L"<";
        if (list->source >= 0)
            add(text, format(L"%d%s&%d ", list->handle, operation, list->source));
        else
            add(text, join(format(L"%d", list->handle), operation, list->target, L" ", NULL));
    }
}

static void render_pair(struct text *text, const struct node *node, const wchar_t *operator)
{
    /* A list grows on its right. */
    for (; node->right && node->right->kind == node->kind; node = node->right) {
        render(text, node->left);
        add(text, for_a_pipe && ends_with_space(text) ? skip_spaces(operator) : operator);
    }
    render(text, node->left);
    /* What is echoed gets no more spaces by going through a pipe than it must. */
    add(text, for_a_pipe && ends_with_space(text) ? skip_spaces(operator) : operator);
    if (node->right)
        render(text, node->right);
}

static void render_if(struct text *text, const struct node *node)
{
    add(text, L"if ");
    if (node->ignores_case)
        add(text, L"/I ");
    if (node->negated)
        add(text, L"not ");
    const wchar_t *comparison = comparisons[node->comparison];
    if (node->rest)
        add(text, join(node->word, L" ", comparison, L" ", node->rest, L" ", NULL));
    else
        add(text, join(comparison, L" ", node->word, L" ", NULL));
    render(text, node->left);
    if (node->right) {
        add(text, L" else ");
        render(text, node->right);
    }
}

static void render_for(struct text *text, const struct node *node)
{
    static const wchar_t *const switches[] = {L"", L"/D ", L"/R ", L"/L ", L"/F "};
    add(text, L"for ");
    add(text, node->loop == OVER_TREE && node->directories ? L"/D /R " : switches[node->loop]);
    if (node->word)
        add(text, join(node->word, L" ", NULL));
    add(text, format(L"%%%c in (", node->variable));
    add(text, join(node->rest, L") do ", NULL));
    render(text, node->left);
}

static void render_brackets(struct text *text, const struct node *node)
{
    bool has_lines = node->left && node->left->kind == LINES && !for_a_pipe;
    add(text, has_lines ? L"(\r\n" : L"(");
    if (node->left)
        render(text, node->left);
    add(text, has_lines ? L"\r\n) " : L") ");
}

void render(struct text *text, const struct node *node)
{
    switch (node->kind) {
    case REMARK:
    case NOTHING:
        /* A comment would take the rest of a line with it. */
        if (for_a_pipe) {
            add(text, L"rem ");
            break;
        }
        if (node->kind == NOTHING)
            break;
        /* fall through */
    case SIMPLE:
        add(text, expand_loop(node->word));
        if (node->rest && *node->rest)
            add(text, join(expand_loop(node->rest), L" ", NULL));
        break;
    case BRACKETS:
        render_brackets(text, node);
        break;
    case SEQUENCE:
        render_pair(text, node, L" & ");
        break;
    case LINES:
        render_pair(text, node, for_a_pipe ? L" & " : L"\r\n ");
        break;
    case EITHER:
        render_pair(text, node, L" || ");
        break;
    case BOTH:
        render_pair(text, node, L" && ");
        break;
    case PIPE:
        render_pair(text, node, L" | ");
        break;
    case IF:
        render_if(text, node);
        break;
    case FOR:
        render_for(text, node);
        break;
    case SILENT:
        if (for_a_pipe && node->left) {
            add(text, L"@");
            render(text, node->left);
        }
        break;
    }
    render_redirections(text, node->redirections);
}

static void render_piped(struct text *text, const struct node *node)
{
    const struct node *inner = node->kind == SILENT ? node->left : node;
    if (!inner)
        return;
    if (inner->kind != SIMPLE) {
        render(text, inner);
        return;
    }
    add(text, expanded(inner->word));
    add(text, expanded(inner->rest));
    render_redirections(text, inner->redirections);
    while (inner->redirections && ends_with_space(text))
        text->chars[--text->length] = 0;
}

wchar_t *render_for_pipe(const struct node *node)
{
    struct text text = {0};
    for_a_pipe = true;
    render_piped(&text, node);
    for_a_pipe = false;
    return chars_of(&text);
}

/* IF: its options, its condition, what is run. */
#include "cmd.h"

static const struct {
    const wchar_t *word;
    enum comparison comparison;
} unary_words[] = {
    {L"exist", IS_EXISTING}, {L"defined", IS_DEFINED}, {L"errorlevel", IS_ERRORLEVEL}, {L"cmdextversion", IS_EXTENSION},
}, binary_words[] = {
    {L"equ", EQU}, {L"neq", NEQ}, {L"lss", LSS}, {L"leq", LEQ}, {L"gtr", GTR}, {L"geq", GEQ},
};

static bool at_equals(const struct parser *parser)
{
    const wchar_t *p = skip_spaces(parser->line + parser->at);
    return p[0] == L'=' && p[1] == L'=';
}

static bool parse_unary(struct parser *parser, struct node *node, const wchar_t *word)
{
    for (size_t i = 0; i < sizeof unary_words / sizeof *unary_words; i++)
        if (same(word, unary_words[i].word) && (i < 2 || shell.extensions || i == 2)) {
            node->comparison = unary_words[i].comparison;
            node->word = take_operand(parser);
            return true;
        }
    return false;
}

static void parse_binary(struct parser *parser, struct node *node, wchar_t *word)
{
    node->word = word;
    if (at_equals(parser)) {
        node->comparison = IS_SAME;
        node->rest = take_operand(parser);
        return;
    }
    wchar_t *operator = take_operand(parser);
    for (size_t i = 0; i < sizeof binary_words / sizeof *binary_words; i++)
        if (same(operator, binary_words[i].word) && shell.extensions) {
            node->comparison = binary_words[i].comparison;
            node->rest = take_operand(parser);
            return;
        }
    fail_at(parser, operator);
}

static void parse_condition(struct parser *parser, struct node *node)
{
    for (;;) {
        wchar_t *word = take_operand(parser);
        if (at_equals(parser) || (!same(word, L"/i") && !same(word, L"not"))) {
            if (at_equals(parser) || !parse_unary(parser, node, word))
                parse_binary(parser, node, word);
            return;
        }
        if (*word == L'/')
            node->ignores_case = true;
        else
            node->negated = !node->negated;
    }
}

static bool at_else(struct parser *parser)
{
    skip_between(parser);
    wchar_t behind = peek_at(parser, 4);
    if (!same_part(parser->line + parser->at, L"else", 4) ||
        !(is_delimiter(behind) || behind == L'(' || behind == L'\n'))
        return false;
    parser->at += 4;
    return true;
}

struct node *parse_if(struct parser *parser)
{
    struct node *node = new_node(IF);
    parse_condition(parser, node);
    if (parser->failed)
        return node;
    node->left = parse_statement(parser);
    if (!node->left)
        fail_at(parser, L"");
    if (!parser->failed && at_else(parser)) {
        node->right = parse_statement(parser);
        if (!node->right)
            fail_at(parser, L"");
    }
    return node;
}

/* FOR: its switch and options, its variable, its set, its body. */
#include "cmd.h"

static bool take_keyword(struct parser *parser, const wchar_t *keyword)
{
    skip_between(parser);
    if (!same_part(parser->line + parser->at, keyword, 2)) {
        fail_at(parser, take_token(parser, false));
        return false;
    }
    parser->at += 2;
    return true;
}

/* Options of /F or the directory of /R: one word, if the variable does not come yet. */
static void take_options(struct parser *parser, struct node *node)
{
    skip_between(parser);
    if (peek(parser) != L'%')
        node->word = take_operand(parser);
}

static bool parse_switch(struct parser *parser, struct node *node)
{
    parser->at++;
    wchar_t letter = upper(peek(parser));
    if (letter)
        parser->at++;
    switch (letter) {
    case L'D':
        node->directories = true;
        if (node->loop == OVER_WORDS)
            node->loop = OVER_DIRECTORIES;
        return true;
    case L'R':
        node->loop = OVER_TREE;
        take_options(parser, node);
        return true;
    case L'L':
        node->loop = OVER_NUMBERS;
        return true;
    case L'F':
        node->loop = OVER_LINES;
        take_options(parser, node);
        return true;
    default:
        fail_at(parser, format(L"/%c", letter));
        return false;
    }
}

/*
 * The set in its brackets. Delimiters outside quotes become spaces, and so does the end of a line. Operators are as
 * special as everywhere: in a command of /F they need a caret.
 */
static void parse_set(struct parser *parser, struct node *node)
{
    struct text text = {0};
    skip_between(parser);
    if (peek(parser) != L'(') {
        fail_at(parser, take_token(parser, false));
        return;
    }
    parser->at++;
    while (!parser->failed && peek(parser) != L')') {
        wchar_t c = peek(parser);
        if (!c || c == L'\n') {
            add_char(&text, L' ');
            if (!next_line(parser))
                parser->failed = true;
        } else if (c == L'&' || c == L'|' || c == L'<' || c == L'>') {
            wchar_t wrong[2] = {c, 0};
            fail_at(parser, wrong);
        } else if (c == L'"') {
            do
                add_char(&text, parser->line[parser->at++]);
            while (peek(parser) && peek(parser) != L'\n' && peek(parser) != L'"');
            if (peek(parser) == L'"')
                add_char(&text, parser->line[parser->at++]);
        } else if (!take_escaped(parser, &text)) {
            add_char(&text, is_delimiter(c) ? L' ' : c);
            parser->at++;
        }
    }
    parser->at++;
    node->rest = chars_of(&text);
}

struct node *parse_for(struct parser *parser)
{
    struct node *node = new_node(FOR);
    skip_between(parser);
    while (peek(parser) == L'/' && shell.extensions) {
        if (!parse_switch(parser, node))
            return node;
        skip_between(parser);
    }
    if (peek(parser) != L'%' || !peek_at(parser, 1) || is_delimiter(peek_at(parser, 1)) ||
        !is_delimiter(peek_at(parser, 2)) || peek_at(parser, 1) >= 128) {
        fail_at(parser, take_token(parser, false));
        return node;
    }
    node->variable = peek_at(parser, 1);
    parser->at += 2;
    if (!take_keyword(parser, L"in"))
        return node;
    parse_set(parser, node);
    if (parser->failed || !take_keyword(parser, L"do"))
        return node;
    node->left = parse_statement(parser);
    if (!node->left)
        fail_at(parser, L"");
    return node;
}

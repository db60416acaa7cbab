/* Parts of a command: its first word, what is behind it, redirections; with carets and quotes. */
#include "cmd.h"

static struct source no_source = {next_of_line, NULL};

/*
 * At a caret: take the character behind it as it is. At the end of a line the caret takes away the end, and the next
 * line's first character loses its meaning.
 */
bool take_escaped(struct parser *parser, struct text *text)
{
    if (peek(parser) != L'^')
        return false;
    parser->at++;
    if (peek(parser) == L'\n') {
        if (!parser->source)
            parser->source = &no_source;
        if (!next_line(parser))
            return true;
        if (peek(parser) == L'\n') {
            add_char(text, L'\n');
            next_line(parser);
            return true;
        }
        if (!peek(parser))
            return true;
    }
    if (peek(parser))
        add_char(text, parser->line[parser->at++]);
    return true;
}

/* Whether an unquoted c is no part of a command. */
bool ends_command(const struct parser *parser, wchar_t c)
{
    return !c || c == L'\n' || c == L'&' || c == L'|' || c == L'<' || c == L'>' || (c == L')' && parser->depth);
}

static void take_quoted(struct parser *parser, struct text *text)
{
    do
        add_char(text, parser->line[parser->at++]);
    while (peek(parser) && peek(parser) != L'\n' && peek(parser) != L'"');
    if (peek(parser) == L'"')
        add_char(text, parser->line[parser->at++]);
}

/* A word up to a delimiter or an operator; `call` ends its command's name at an opening bracket too. */
wchar_t *take_token(struct parser *parser, bool stops_at_bracket)
{
    struct text text = {0};
    while (!ends_command(parser, peek(parser)) && !is_delimiter(peek(parser))) {
        if (peek(parser) == L'(' && stops_at_bracket && text.length)
            break;
        if (peek(parser) == L'"')
            take_quoted(parser, &text);
        else if (!take_escaped(parser, &text))
            add_char(&text, parser->line[parser->at++]);
    }
    return chars_of(&text);
}

/* An operand of IF: brackets mean nothing in it. */
wchar_t *take_operand(struct parser *parser)
{
    unsigned depth = parser->depth;
    skip_between(parser);
    parser->depth = 0;
    wchar_t *token = take_token(parser, false);
    parser->depth = depth;
    return token;
}

/* Add a redirection; an earlier one of the same handle counts no more. */
static void append(struct redirection **list, struct redirection *redirection)
{
    while (*list)
        if ((*list)->handle == redirection->handle)
            *list = (*list)->next;
        else
            list = &(*list)->next;
    *list = redirection;
}

/* Take a redirection that stands here, with its digit; the handle is what was before it, or -1. */
static bool take_operator(struct parser *parser, struct redirection **list, int handle)
{
    struct redirection *made = take(sizeof *made);
    wchar_t c = parser->line[parser->at++];
    made->operation = c;
    made->handle = handle >= 0 ? handle : c == L'>';
    made->source = -1;
    if (peek(parser) == c) {
        parser->at++;
        made->operation = L'a';
    }
    if (peek(parser) == L'&') {
        parser->at++;
        skip_between(parser);
        if (!is_digit(peek(parser))) {
            fail_at(parser, L"&");
            return false;
        }
        made->source = peek(parser) - L'0';
        parser->at++;
    } else {
        skip_between(parser);
        made->target = take_token(parser, false);
        if (!*made->target) {
            wchar_t wrong[2] = {peek(parser), 0};
            fail_at(parser, wrong);
            return false;
        }
    }
    append(list, made);
    return true;
}

bool take_redirection(struct parser *parser, struct redirection **list)
{
    wchar_t c = peek(parser), after = is_digit(c) ? peek_at(parser, 1) : 0;
    if (parser->failed)
        return false;
    if (c == L'<' || c == L'>')
        return take_operator(parser, list, -1);
    if (after != L'<' && after != L'>')
        return false;
    parser->at++;
    return take_operator(parser, list, c - L'0');
}

/* All of a command behind its first word; redirections go to their list wherever they stand. */
void take_rest(struct parser *parser, struct node *node)
{
    struct text text = {0};
    bool separated = false; /* the last character separates, so that a digit begins a token */
    while (!parser->failed) {
        wchar_t c = peek(parser);
        bool digit = separated && is_digit(c) && (peek_at(parser, 1) == L'<' || peek_at(parser, 1) == L'>');
        if (digit || c == L'<' || c == L'>') {
            take_redirection(parser, &node->redirections);
            separated = true;
            continue;
        }
        if (ends_command(parser, c))
            break;
        separated = is_delimiter(c);
        if (c == L'"')
            take_quoted(parser, &text);
        else if (!take_escaped(parser, &text))
            add_char(&text, parser->line[parser->at++]);
    }
    node->rest = chars_of(&text);
}

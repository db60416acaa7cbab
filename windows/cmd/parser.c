/*
 * Makes a tree of a line, as cmd documents its second phase: operators, brackets, redirections. From the loosest to
 * the tightest: `&`, `||`, `&&`, `|`; `@` hides all that follows it at its depth of brackets.
 *
 * Lines come from the source as they are needed, with their percent signs expanded as they are read: within brackets
 * and behind a caret at the end of a line.
 */
#include "cmd.h"

struct node *new_node(enum kind kind)
{
    struct node *node = take(sizeof *node);
    node->kind = kind;
    return node;
}

static struct node *new_pair(enum kind kind, struct node *left, struct node *right)
{
    struct node *node = new_node(kind);
    node->left = left;
    node->right = right;
    return node;
}

wchar_t peek_at(const struct parser *parser, size_t ahead)
{
    const wchar_t *p = parser->line + parser->at;
    for (; ahead && *p; ahead--)
        p++;
    return *p;
}

wchar_t peek(const struct parser *parser)
{
    return parser->line[parser->at];
}

/* Go on with the source's next line; false at its end. */
bool next_line(struct parser *parser)
{
    const wchar_t *line = parser->ended ? NULL : parser->source->next(parser->source, parser->line != NULL);
    if (!line) {
        parser->ended = true;
        parser->line = L"";
        parser->at = 0;
        return false;
    }
    parser->line = join(expand_percents(line, shell.batch != NULL), L"\n", NULL);
    parser->at = 0;
    return true;
}

void skip_between(struct parser *parser)
{
    while (is_delimiter(peek(parser)))
        parser->at++;
}

void fail_at(struct parser *parser, const wchar_t *unexpected)
{
    if (!parser->failed && !parser->ended) {
        size_t length = wcslen(unexpected);
        while (length && unexpected[length - 1] == L'\n')
            length--;
        if (length)
            complain(L"%s was unexpected at this time.\r\n", copy_part(unexpected, length));
        else
            complain(L"The syntax of the command is incorrect.\r\n");
    }
    parser->failed = true;
}

/* Say which token is the wrong one here. */
static void fail_here(struct parser *parser)
{
    static const wchar_t *const operators[] = {L"&&", L"||", L"&", L"|", L">>", L">", L"<<", L"<", L"("};
    const wchar_t *here = parser->line + parser->at;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (same_start(here, operators[i])) {
            fail_at(parser, operators[i]);
            return;
        }
    size_t length = 0;
    while (here[length] && here[length] != L'\n' && !is_delimiter(here[length]))
        length++;
    fail_at(parser, copy_part(here, length));
}

/* A line's end, or that of the brackets we are in. */
static bool at_end(const struct parser *parser)
{
    wchar_t c = peek(parser);
    return !c || c == L'\n' || (c == L')' && parser->depth);
}

static void skip_line(struct parser *parser)
{
    while (peek(parser) && peek(parser) != L'\n')
        parser->at++;
}

static struct node *parse_brackets(struct parser *parser)
{
    struct node *node = new_node(BRACKETS), **to = &node->left;
    parser->at++;
    parser->depth++;
    while (!parser->failed) {
        skip_between(parser);
        if (peek(parser) == L')')
            break;
        if (!peek(parser) || peek(parser) == L'\n') {
            if (!next_line(parser))
                parser->failed = true;
            continue;
        }
        struct node *statement = parse_statement(parser);
        if (!statement)
            statement = new_node(NOTHING);
        /* A list that grows on its right, so that it is rendered in order. */
        if (!*to)
            *to = statement;
        else {
            *to = new_pair(LINES, *to, statement);
            to = &(*to)->right;
        }
        skip_between(parser);
        if (!parser->failed && !at_end(parser))
            fail_here(parser);
    }
    parser->depth--;
    if (!parser->failed)
        parser->at++;
    return node;
}

static bool is_word(const wchar_t *word, const wchar_t *keyword)
{
    return same_start(word, keyword) && (!word[wcslen(keyword)] || word[wcslen(keyword)] == L'/');
}

/* A command that begins with a word. */
static struct node *parse_words(struct parser *parser, struct redirection *redirections)
{
    size_t start = parser->at;
    struct node *node = new_node(SIMPLE);
    node->redirections = redirections;
    node->word = take_token(parser, false);
    if (parser->failed)
        return node;
    if (is_word(node->word, L"if") || is_word(node->word, L"for")) {
        bool is_if = upper(*node->word) == L'I';
        if (!same_part(parser->line + start, is_if ? L"if" : L"for", is_if ? 2 : 3))
            return node;
        parser->at = start + (is_if ? 2 : 3);
        struct node *compound = is_if ? parse_if(parser) : parse_for(parser);
        if (compound)
            compound->redirections = redirections;
        return compound;
    }
    if (same(node->word, L"rem") && (is_delimiter(peek(parser)) || at_end(parser))) {
        const wchar_t *rest = parser->line + parser->at;
        const wchar_t *comment = skip_delimiters(rest);
        if (*comment && wcschr(L"&|<>", *comment) == NULL) {
            skip_line(parser);
            node->kind = REMARK;
            node->rest = copy_part(rest, (size_t)(parser->line + parser->at - rest));
            return node;
        }
        node->kind = REMARK;
    }
    take_rest(parser, node);
    return node;
}

static struct node *parse_command(struct parser *parser)
{
    struct redirection *redirections = NULL;
    struct node *node;
    if (++parser->nesting > MAX_NESTING) {
        fail_at(parser, L"");
        return NULL;
    }
    do
        skip_between(parser);
    while (take_redirection(parser, &redirections));
    wchar_t c = peek(parser);
    if (c == L'@') {
        parser->at++;
        node = new_node(SILENT);
        node->left = parse_statement(parser);
    } else if (c == L'(') {
        node = parse_brackets(parser);
        node->redirections = redirections;
        do
            skip_between(parser);
        while (take_redirection(parser, &node->redirections));
    } else if (c == L':' || (c == L')' && !parser->depth)) {
        skip_line(parser);
        node = new_node(NOTHING);
    } else if (at_end(parser)) {
        node = redirections ? new_node(NOTHING) : NULL;
        if (node)
            node->redirections = redirections;
    } else if (c == L'&' || c == L'|') {
        fail_here(parser);
        node = NULL;
    } else {
        node = parse_words(parser, redirections);
    }
    parser->nesting--;
    return node;
}

static bool at_operator(struct parser *parser, const wchar_t *operator)
{
    if (parser->failed)
        return false;
    skip_between(parser);
    size_t length = wcslen(operator);
    if (!same_part(parser->line + parser->at, operator, length) || (length == 1 && peek_at(parser, 1) == *operator))
        return false;
    parser->at += length;
    return true;
}

/* Something that has to be there: behind an operator other than `&`. */
static struct node *required(struct parser *parser, struct node *node)
{
    if (!node && !parser->failed)
        fail_at(parser, L"");
    return node;
}

static struct node *parse_pipes(struct parser *parser)
{
    struct node *left = parse_command(parser);
    if (left && at_operator(parser, L"|"))
        return new_pair(PIPE, left, required(parser, parse_pipes(parser)));
    return left;
}

static struct node *parse_both(struct parser *parser)
{
    struct node *left = parse_pipes(parser);
    while (left && at_operator(parser, L"&&"))
        left = new_pair(BOTH, left, required(parser, parse_pipes(parser)));
    return left;
}

static struct node *parse_either(struct parser *parser)
{
    struct node *left = parse_both(parser);
    if (left && at_operator(parser, L"||"))
        return new_pair(EITHER, left, required(parser, parse_either(parser)));
    return left;
}

struct node *parse_statement(struct parser *parser)
{
    if (++parser->nesting > MAX_NESTING) {
        fail_at(parser, L"");
        return NULL;
    }
    struct node *left = parse_either(parser), **to = &left;
    while (*to && at_operator(parser, L"&")) {
        *to = new_pair(SEQUENCE, *to, parse_either(parser));
        to = &(*to)->right;
    }
    parser->nesting--;
    return left;
}

/* Parse the source's next command; *node is NULL for an empty line. */
enum parsed parse(struct source *source, struct node **node)
{
    struct parser parser = {.source = source};
    *node = NULL;
    if (!next_line(&parser))
        return PARSE_ENDED;
    *node = parse_statement(&parser);
    if (!parser.failed) {
        skip_between(&parser);
        if (peek(&parser) && peek(&parser) != L'\n')
            fail_here(&parser);
    }
    if (parser.failed)
        *node = NULL;
    return parser.failed ? PARSE_FAILED : PARSED;
}

/* One simple command with its redirections, from text whose percent signs are expanded already. */
struct node *parse_call(const wchar_t *text)
{
    struct parser parser = {.line = join(text, L"\n", NULL), .ended = true};
    struct redirection *redirections = NULL;
    do
        skip_between(&parser);
    while (take_redirection(&parser, &redirections));
    struct node *node = new_node(SIMPLE);
    node->redirections = redirections;
    node->word = take_token(&parser, true);
    take_rest(&parser, node);
    wchar_t c = peek(&parser);
    return parser.failed || c == L'&' || c == L'|' ? NULL : node;
}

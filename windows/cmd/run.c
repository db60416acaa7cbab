/*
 * Runs trees. Each command returns a code that `&&` and `||` go by; %ERRORLEVEL% is apart from it: many built-ins leave
 * it alone, and it becomes the code where `||` goes on after a failure.
 */
#include "cmd.h"

struct shell shell;

/* With ECHO ON: the prompt and the command as it was understood. */
void show_command(const struct node *node)
{
    struct text text = {0};
    if (!shell.echo || !node || node->kind == SILENT || node->kind == NOTHING)
        return;
    render(&text, node);
    say(L"\r\n%s%s\r\n", prompt_text(), chars_of(&text));
}

static int run_either(struct node *node)
{
    int result = run_node(node->left);
    if (!result || shell.unwind)
        return result;
    shell.last = result;
    return run_node(node->right);
}

static int run_both(struct node *node)
{
    int result = run_node(node->left);
    return result || shell.unwind ? result : run_node(node->right);
}

/* Lists grow on their right: a block of many lines is walked, not descended into. */
static int run_sequence(struct node *node)
{
    const enum kind kind = node->kind;
    int result = run_node(node->left);
    while (!shell.unwind && node->right && node->right->kind == kind) {
        node = node->right;
        result = run_node(node->left);
    }
    return shell.unwind || !node->right ? result : run_node(node->right);
}

static int run_kind(struct node *node)
{
    switch (node->kind) {
    case SIMPLE:
        return run_simple(node);
    case BRACKETS:
    case SILENT:
        return run_node(node->left);
    case SEQUENCE:
    case LINES:
        return run_sequence(node);
    case EITHER:
        return run_either(node);
    case BOTH:
        return run_both(node);
    case PIPE:
        return run_pipe(node);
    case IF:
        return run_if(node);
    case FOR:
        return run_for(node);
    case REMARK:
    case NOTHING:
        break;
    }
    return 0;
}

int run_node(struct node *node)
{
    struct saved_handles saved = {.changed = false};
    int result = 1;
    if (!node || shell.unwind)
        return 0;
    if (shell.interrupted) {
        shell.unwind = ABANDON;
        shell.last = (int)STATUS_CONTROL_C_EXIT;
        return shell.last;
    }
    if (shell.nesting > 4 * MAX_NESTING) {
        complain(L"Maximum setlocal or call recursion level reached.\r\n");
        shell.unwind = ABANDON;
        return shell.last = 1;
    }
    shell.nesting++;
    if (!node->redirections || redirect(node->redirections, &saved))
        result = run_kind(node);
    restore(&saved);
    shell.nesting--;
    return result;
}

/* Where the first word ends that an expansion may have made longer. */
static size_t word_length(const wchar_t *word)
{
    bool quoted = false;
    size_t length = 0;
    for (; word[length] && (quoted || !is_delimiter(word[length])); length++)
        quoted ^= word[length] == L'"';
    return length;
}

int run_simple(struct node *node)
{
    const wchar_t *word = expanded(node->word), *rest = node->rest ? expanded(node->rest) : L"";
    if (word != node->word) {
        const wchar_t *start = skip_delimiters(word);
        size_t length = word_length(start);
        rest = join(start + length, rest, NULL);
        word = copy_part(start, length);
        if (*word == L'@')
            word++;
    }
    return run_words(word, rest, false);
}

static int change_drive(const wchar_t *word)
{
    wchar_t variable[] = {L'=', upper(*word), L':', 0}, root[] = {upper(*word), L':', L'\\', 0};
    const wchar_t *directory = variable_of(variable);
    if (change_directory(directory ? directory : root) || change_directory(root))
        return 0;
    complain(L"The system cannot find the drive specified.\r\n");
    return fail(1);
}

/* Whether a program of this name goes before the built-in whose name it starts with: `echo.bat`. */
static bool names_program(const wchar_t *word, size_t length, bool by_call)
{
    if ((by_call || same(word, L"choice")) && !word[length])
        return true;
    const wchar_t *dot = wcsrchr(word, L'.');
    return word[length] == L'.' && dot && dot[1];
}

/* An opening bracket outside quotes ends the name of a program. */
static const wchar_t *open_bracket(const wchar_t *word)
{
    bool quoted = false;
    for (; *word && (quoted || *word != L'('); word++)
        quoted ^= *word == L'"';
    return *word ? word : NULL;
}

int run_words(const wchar_t *word, const wchar_t *rest, bool by_call)
{
    size_t length;
    const wchar_t *path = NULL, *bracket, *slash;
    if (!*word)
        return 0;
    if (word[1] == L':' && !word[2] && *word != L'"') {
        int result = change_drive(word);
        return result || !by_call ? result : succeed();
    }
    const struct command *command = find_builtin(word, &length);
    if (command && names_program(word, length, by_call))
        path = find_program(word);
    if (command && !path) {
        rest = join(word + length, rest, NULL);
        const wchar_t *first = skip_spaces(rest);
        if (same_start(first, L"/?") && (!first[2] || is_delimiter(first[2])))
            return do_help(command->name);
        int result = command->run(rest);
        if (by_call && !shell.unwind && command->run != do_call)
            shell.last = result;
        return result;
    }
    if ((bracket = open_bracket(word)) && bracket > word) {
        rest = join(bracket, rest, NULL);
        word = copy_part(word, (size_t)(bracket - word));
    }
    if (!path)
        path = find_program(word);
    if (!path && (slash = wcschr(word, L'/')) && slash > word && !wcschr(word, L'"')) {
        /* A switch right behind a program's name, as in `ipconfig/all`. */
        rest = join(slash, rest, NULL);
        word = copy_part(word, (size_t)(slash - word));
        path = find_program(word);
    }
    if (!path)
        return not_found(word);
    return is_batch_file(path) ? run_batch(path, word, rest, by_call) : run_external(path, word, rest);
}

/* Parse and run one command of a source. -1 at its end. */
int run_line(struct source *source)
{
    struct mark mark = mark_memory();
    struct node *node;
    int result = 0;
    enum parsed parsed = parse(source, &node);
    if (parsed == PARSE_ENDED) {
        result = -1;
    } else if (parsed == PARSE_FAILED) {
        result = shell.last = 255;
        shell.unwind = ABANDON;
    } else if (node) {
        if (shell.batch)
            show_command(node);
        result = run_node(node);
    }
    release_memory(mark);
    return result;
}

/*
 * Pipes. Each side runs beside the others: a program by itself, anything else in a shell of its own, as Windows does
 * (what a side sets is gone afterwards).
 */
#include "cmd.h"

enum { MAX_SIDES = 64, SMALL = 2048 };

static struct node *program_of(struct node *node, wchar_t **path, const wchar_t **word)
{
    size_t length;
    while (node && node->kind == SILENT)
        node = node->left;
    if (!node || node->kind != SIMPLE)
        return NULL;
    *word = expanded(node->word);
    if (find_builtin(*word, &length) || ((*word)[1] == L':' && !(*word)[2]) || wcschr(*word, L'('))
        return NULL;
    *path = find_program(*word);
    return *path && is_batch_file(*path) ? NULL : node;
}

/* Whether a side is a plain echo, whose text can be put into the pipe before its reader runs. */
static bool is_echo(const struct node *node)
{
    size_t length;
    if (node->kind != SIMPLE || node->redirections || shell.loop_depth)
        return false;
    const struct command *command = find_builtin(node->word, &length);
    return command && command->run == do_echo && wcslen(node->rest) < SMALL && !wcschr(node->rest, L'!') &&
           !wcschr(node->rest, L'%') && !same_start(skip_spaces(node->rest), L"/?");
}

struct side {
    HANDLE process;
    int result;
};

/* Start one side with its ends of the pipes. False if it is a program that is not there: then all ends. */
static bool start_side(struct node *node, HANDLE input, HANDLE output, struct side *side)
{
    struct saved_handles saved = {.changed = false}, extra = {.changed = false};
    wchar_t *path = NULL;
    const wchar_t *word = NULL;
    bool found = true;
    memcpy(saved.handles, shell.handles, sizeof saved.handles);
    shell.handles[STANDARD_INPUT] = input;
    shell.handles[STANDARD_OUTPUT] = output;
    struct node *program = program_of(node, &path, &word);
    if (program && !path) {
        not_found(word);
        found = false;
    } else if (program && (!program->redirections || redirect(program->redirections, &extra))) {
        wchar_t *line = join(word, expanded(program->rest), NULL);
        side->process = start_process(path, line, shell.handles);
        side->result = side->process ? 0 : failed_with(GetLastError());
    } else if (!program && output != saved.handles[STANDARD_OUTPUT] && is_echo(node)) {
        side->result = run_node(node);
    } else if (!program) {
        side->process = start_shell(render_for_pipe(node), false, input, output, shell.handles[STANDARD_ERROR]);
        side->result = side->process ? 0 : 1;
    } else {
        side->result = 1;
    }
    restore(&extra);
    memcpy(shell.handles, saved.handles, sizeof saved.handles);
    return found;
}

int run_pipe(struct node *node)
{
    struct side sides[MAX_SIDES] = {0};
    HANDLE input = shell.handles[STANDARD_INPUT], first = input;
    unsigned count = 1;
    bool found = true;
    for (struct node *next = node; next && next->kind == PIPE; next = next->right)
        count++;
    if (count > MAX_SIDES) {
        complain(L"There are more than %d sides of a pipe.\r\n", MAX_SIDES);
        shell.unwind = ABANDON;
        return shell.last = 255;
    }
    count = 0;
    for (struct node *next = node; next && found; count++) {
        HANDLE reader = NULL, writer = NULL;
        bool is_last = next->kind != PIPE;
        if (!is_last && !CreatePipe(&reader, &writer, NULL, 0))
            return failed_with(GetLastError());
        HANDLE output = is_last ? shell.handles[STANDARD_OUTPUT] : writer;
        found = start_side(is_last ? next : next->left, input, output, &sides[count]);
        if (input != first)
            CloseHandle(input);
        if (writer)
            CloseHandle(writer);
        input = is_last ? first : reader;
        next = is_last ? NULL : next->right;
    }
    if (input != first)
        CloseHandle(input);
    for (unsigned i = 0; i < count; i++)
        if (sides[i].process)
            sides[i].result = wait_for(sides[i].process);
    if (!found) {
        shell.unwind = ABANDON;
        return shell.last = 255;
    }
    return shell.last = count ? sides[count - 1].result : 1;
}

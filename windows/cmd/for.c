/* FOR over words and files (plain, /D) and over numbers (/L). */
#include "cmd.h"

int run_body(struct node *node, int result)
{
    (void)result;
    struct mark mark = mark_memory();
    show_command(node->left);
    int code = run_node(node->left);
    release_memory(mark);
    return code;
}

struct match {
    struct node *node;
    const wchar_t *prefix;
    bool directories;
    int result;
};

static bool run_match(const WIN32_FIND_DATAW *found, void *context)
{
    struct match *match = context;
    bool is_directory = found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY;
    if (is_directory != match->directories || is_dots(found->cFileName))
        return true;
    shell.loop_values[match->node->variable] = join(match->prefix, found->cFileName, NULL);
    match->result = run_body(match->node, match->result);
    return !shell.unwind;
}

/* Run the body for one word of the set: as it is, or for each file that it matches. */
int run_word(struct node *node, const wchar_t *word, int result, bool directories)
{
    if (!wcschr(word, L'*') && !wcschr(word, L'?')) {
        shell.loop_values[node->variable] = word;
        return run_body(node, result);
    }
    const wchar_t *pattern = without_quotes(word), *name = wcsrchr(pattern, L'\\');
    if (!name)
        name = wcsrchr(pattern, L':');
    size_t length = name ? (size_t)(name + 1 - pattern) : 0;
    struct match match = {node, copy_part(pattern, length), directories, result};
    found_files(pattern, run_match, &match);
    return match.result;
}

static int run_words_loop(struct node *node, const wchar_t *set)
{
    int result = 0;
    const wchar_t *word;
    while (!shell.unwind && (word = next_word(&set)))
        result = run_word(node, word, result, node->loop == OVER_DIRECTORIES);
    return result;
}

static int run_numbers(struct node *node, const wchar_t *set)
{
    int64_t numbers[3] = {0};
    int result = 0;
    const wchar_t *word;
    for (unsigned i = 0; i < 3 && (word = next_word(&set)); i++)
        numbers[i] = leading_number(word);
    for (int64_t i = numbers[0]; numbers[1] >= 0 ? i <= numbers[2] : i >= numbers[2]; i += numbers[1]) {
        struct mark mark = mark_memory();
        shell.loop_values[node->variable] = format(L"%d", (int)i);
        result = run_body(node, result);
        release_memory(mark);
        if (shell.unwind || shell.interrupted)
            break;
    }
    return result;
}

int run_for(struct node *node)
{
    const wchar_t *values[128];
    const wchar_t *set = expanded(node->rest), *options = node->word ? expanded(node->word) : NULL;
    int result = 0;
    memcpy(values, shell.loop_values, sizeof values);
    shell.loop_depth++;
    switch (node->loop) {
    case OVER_WORDS:
    case OVER_DIRECTORIES:
        result = run_words_loop(node, set);
        break;
    case OVER_NUMBERS:
        result = run_numbers(node, set);
        break;
    case OVER_TREE:
        result = run_tree_loop(node, options, set);
        break;
    case OVER_LINES:
        result = run_lines_loop(node, options, set);
        break;
    }
    shell.loop_depth--;
    memcpy(shell.loop_values, values, sizeof values);
    return result;
}

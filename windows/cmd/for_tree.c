/* FOR /R: the body for each directory of a tree, from the top down. */
#include "cmd.h"

struct directories {
    wchar_t **items;
    unsigned count, room;
};

static bool note_directory(const WIN32_FIND_DATAW *found, void *context)
{
    struct directories *names = context;
    if (!(found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) || is_dots(found->cFileName) || is_link(found))
        return true;
    if (names->count == names->room) {
        names->room = names->room * 2 + 16;
        wchar_t **items = take(names->room * sizeof *items);
        if (names->count)
            memcpy(items, names->items, names->count * sizeof *items);
        names->items = items;
    }
    names->items[names->count++] = copy(found->cFileName);
    return true;
}

static int run_directory(struct node *node, const wchar_t *directory, const wchar_t *set)
{
    int result = 0;
    const wchar_t *word, *words = set;
    struct directories names = {0};
    while (!shell.unwind && (word = next_word(&words)))
        result = run_word(node, beside(directory, unquoted(word)), result, node->directories);
    if (shell.unwind)
        return result;
    found_files(beside(directory, L"*"), note_directory, &names);
    for (unsigned i = 0; i < names.count && !shell.unwind; i++) {
        struct mark mark = mark_memory();
        result = run_directory(node, beside(directory, names.items[i]), set);
        release_memory(mark);
    }
    return result;
}

int run_tree_loop(struct node *node, const wchar_t *options, const wchar_t *set)
{
    const wchar_t *top = full_path(options ? without_quotes(options) : L".");
    size_t length = wcslen(top);
    if (length > 3 && top[length - 1] == L'\\')
        top = copy_part(top, length - 1);
    return run_directory(node, top, set);
}

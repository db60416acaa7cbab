/* Batch files: running them, CALL, GOTO, SHIFT, EXIT, SETLOCAL and ENDLOCAL. */
#include "cmd.h"

enum { MAX_CALLS = 300 };

static unsigned calls;

/* Cut what is behind a name into arguments; quotes stay and hold delimiters together. */
static void set_arguments(struct batch *batch, const wchar_t *word, const wchar_t *rest)
{
    const wchar_t *p = rest, *item;
    unsigned count = 1;
    while (next_word(&p))
        count++;
    batch->arguments = take(count * sizeof *batch->arguments);
    batch->arguments[batch->count++] = copy(word);
    for (p = rest; (item = next_word(&p));)
        batch->arguments[batch->count++] = copy(item);
    const wchar_t *all = skip_spaces(rest);
    size_t length = wcslen(all);
    while (length && is_space(all[length - 1]))
        length--;
    batch->all = copy_part(all, length);
}

/* Run lines until the batch file, or the part of it that was called, ends. */
int batch_loop(struct batch *batch)
{
    struct source source = {next_of_batch, NULL};
    int result = 0;
    if (++calls > MAX_CALLS) {
        complain(L"******  B A T C H   R E C U R S I O N  exceeds STACK limits ******\r\n");
        shell.unwind = ABANDON;
        calls--;
        return 1;
    }
    const unsigned loop_depth = shell.loop_depth;
    batch->caller = shell.batch;
    shell.batch = batch;
    shell.loop_depth = 0;
    while (!shell.unwind) {
        int code = run_line(&source);
        if (code == -1 && batch->at_end)
            break;
        result = code;
        if (shell.unwind == TO_NEXT_LINE)
            shell.unwind = RUN_ON;
    }
    if (shell.unwind == END_OF_BATCH)
        shell.unwind = RUN_ON;
    restore_locals(NULL);
    shell.batch = batch->caller;
    shell.loop_depth = loop_depth;
    calls--;
    return result ? result : shell.last;
}

int run_batch(const wchar_t *path, const wchar_t *word, const wchar_t *rest, bool by_call)
{
    struct batch batch = {.path = path, .name = word};
    set_arguments(&batch, word, rest);
    int result = batch_loop(&batch);
    /* Without CALL the other batch file takes this one's place. */
    if (!by_call && shell.batch && !shell.unwind)
        shell.unwind = END_OF_BATCH;
    return result;
}

int call_label(const wchar_t *label, const wchar_t *rest)
{
    struct batch *outer = shell.batch;
    if (!outer) {
        complain(L"Invalid attempt to call batch label outside of batch script.\r\n");
        return fail(1);
    }
    struct batch batch = {.path = outer->path, .name = label, .position = outer->position};
    set_arguments(&batch, label, rest);
    if (!same(label, L":eof")) {
        LONGLONG position = outer->position;
        bool at_end = outer->at_end, found = find_label(label);
        batch.position = outer->position;
        outer->position = position;
        outer->at_end = at_end;
        if (!found) {
            complain(L"The system cannot find the batch label specified - %s\r\n", label + 1);
            return fail(1);
        }
    } else {
        batch.at_end = true;
    }
    return batch_loop(&batch);
}

/* CALL expands percent signs once more; carets are doubled so that those within quotes survive. */
int do_call(const wchar_t *rest)
{
    struct text doubled = {0};
    struct saved_handles saved = {.changed = false};
    const wchar_t *p = skip_delimiters(rest);
    if (!*p)
        return fail(*rest ? 0 : 1);
    for (; *p; p++) {
        if (*p == L'^')
            add_char(&doubled, *p);
        add_char(&doubled, *p);
    }
    struct node *node = parse_call(expand_percents(chars_of(&doubled), shell.batch != NULL));
    if (!node)
        return fail(1);
    while (*node->word == L'@')
        node->word++;
    if (!*node->word || *node->word == L'(')
        return fail(0);
    if (same(node->word, L"if") || same(node->word, L"for"))
        return not_found(node->word), fail(1);
    if (node->redirections && !redirect(node->redirections, &saved))
        return 1;
    int result = *node->word == L':' ? call_label(node->word, node->rest) : run_words(node->word, node->rest, true);
    restore(&saved);
    return result;
}

/*
 * Without its label GOTO ends the batch file, but not the line that it stands in: npm's shims start their program
 * behind a GOTO that fails.
 */
int do_goto(const wchar_t *rest)
{
    const wchar_t *label = skip_delimiters(rest);
    if (!shell.batch)
        return 0;
    if (!*label) {
        complain(L"No batch label specified to GOTO command.\r\n");
        shell.batch->at_end = true;
        return fail(1);
    }
    if (shell.extensions && same_start(label, L":eof") && (!label[4] || is_delimiter(label[4]))) {
        shell.unwind = END_OF_BATCH;
        return 0;
    }
    if (find_label(label)) {
        shell.unwind = TO_NEXT_LINE;
        return 0;
    }
    complain(L"The system cannot find the batch label specified - %s\r\n", trimmed(*label == L':' ? label + 1 : label));
    shell.batch->at_end = true;
    return fail(1);
}

int do_exit(const wchar_t *rest)
{
    bool of_batch = false;
    rest = skip_delimiters(rest);
    if (same_start(rest, L"/b")) {
        of_batch = true;
        rest = skip_delimiters(rest + 2);
    }
    if (*rest == L'-' || *rest == L'+' || is_digit(*rest))
        shell.last = leading_number(rest);
    shell.unwind = of_batch && shell.batch ? END_OF_BATCH : LEAVE;
    return shell.last;
}

int do_shift(const wchar_t *rest)
{
    struct batch *batch = shell.batch;
    const wchar_t *option = skip_delimiters(rest);
    unsigned from = 0;
    if (*option) {
        if (*option != L'/' || option[1] < L'0' || option[1] > L'8') {
            complain(L"Invalid parameter to SHIFT command\r\n");
            return fail(1);
        }
        from = (unsigned)(option[1] - L'0');
    }
    if (!batch || from >= batch->count)
        return 0;
    for (unsigned i = from; i + 1 < batch->count; i++)
        batch->arguments[i] = batch->arguments[i + 1];
    batch->count--;
    return 0;
}

static struct locals *outside; /* of SETLOCALs that no batch file made */

static struct locals **innermost(void)
{
    return shell.batch ? &shell.batch->locals : &outside;
}

static wchar_t *environment_copy(void)
{
    wchar_t *all = GetEnvironmentStringsW(), *end = all;
    while (*end)
        end += wcslen(end) + 1;
    size_t bytes = (size_t)(end + 1 - all) * sizeof *all;
    wchar_t *made = memcpy(keep(bytes), all, bytes);
    FreeEnvironmentStringsW(all);
    return made;
}

static void each_variable(const wchar_t *all, const wchar_t *but_in)
{
    for (; *all; all += wcslen(all) + 1) {
        struct mark mark = mark_memory();
        const wchar_t *equals = wcschr(all + 1, L'=');
        const wchar_t *name = copy_part(all, equals ? (size_t)(equals - all) : wcslen(all));
        if (!but_in) {
            SetEnvironmentVariableW(name, equals ? equals + 1 : L"");
        } else {
            const wchar_t *p = but_in;
            size_t length = wcslen(name);
            while (*p && !(same_part(p, name, length) && p[length] == L'='))
                p += wcslen(p) + 1;
            if (!*p)
                SetEnvironmentVariableW(name, NULL);
        }
        release_memory(mark);
    }
}

static void restore_one(struct locals *locals)
{
    wchar_t *now = environment_copy();
    each_variable(now, locals->environment);
    each_variable(locals->environment, NULL);
    SetCurrentDirectoryW(locals->directory);
    shell.extensions = locals->extensions;
    shell.delayed = locals->delayed;
    drop(now);
    drop(locals->environment);
    drop(locals->directory);
    drop(locals);
}

/* Undo the batch file's SETLOCALs down to one. */
void restore_locals(struct locals *down_to)
{
    struct locals **top = innermost();
    while (*top != down_to) {
        struct locals *locals = *top;
        *top = locals->outer;
        restore_one(locals);
    }
}

int do_setlocal(const wchar_t *rest)
{
    bool extensions = shell.extensions, delayed = shell.delayed, wrong = false;
    const wchar_t *word;
    struct locals **top = innermost();
    while ((word = next_word(&rest)))
        if (same(word, L"EnableDelayedExpansion") || same(word, L"DisableDelayedExpansion"))
            delayed = upper(*word) == L'E';
        else if (same(word, L"EnableExtensions") || same(word, L"DisableExtensions"))
            extensions = upper(*word) == L'E';
        else
            wrong = true;
    if (wrong) {
        bad_syntax();
        return fail(1);
    }
    if (shell.batch) {
        struct locals *locals = keep(sizeof *locals);
        *locals = (struct locals){*top, environment_copy(), keep_text(current_directory()), shell.extensions,
                                  shell.delayed};
        *top = locals;
        shell.extensions = extensions;
        shell.delayed = delayed;
    }
    return succeed();
}

int do_endlocal(const wchar_t *rest)
{
    struct locals **top = innermost();
    (void)rest;
    if (*top)
        restore_locals((*top)->outer);
    return 0;
}

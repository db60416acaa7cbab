/* What every file of the command processor uses: Windows' headers, memory, strings, the parsed command, the shell. */
#ifndef TRANSOM_CMD_H
#define TRANSOM_CMD_H

#ifndef UNICODE
#define UNICODE
#endif
#define WIN32_LEAN_AND_MEAN
#define NOGDI
#include <windows.h>
#include <winioctl.h>
#include <winternl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR);
WCHAR NTAPI RtlDowncaseUnicodeChar(WCHAR);

/* library.c: what is used of the C library; a runtime of its own would cost every start milliseconds */
size_t wcslen(const wchar_t *text);
int wcscmp(const wchar_t *one, const wchar_t *other);
wchar_t *wcschr(const wchar_t *text, wchar_t c);
wchar_t *wcsrchr(const wchar_t *text, wchar_t c);
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *one, const void *other, size_t size);
void sort(void *items, size_t count, size_t size, int (*order)(const void *, const void *));

enum { PATH_ROOM = 32768, COMMAND_LINE_ROOM = 32767, MAX_NESTING = 400 };

/* memory.c: what is taken lives until the mark before it is released; what is kept lives until it is dropped */
struct mark {
    struct chunk *chunk;
    size_t used;
};
struct mark mark_memory(void);
void release_memory(struct mark mark);
void *take(size_t bytes);
void *keep(size_t bytes);
void drop(void *memory);
wchar_t *keep_text(const wchar_t *text);

/* text.c, format.c */
struct text {
    wchar_t *chars; /* ends with a NUL once something was added */
    size_t length, room;
};
void add_char(struct text *text, wchar_t c);
void add_part(struct text *text, const wchar_t *part, size_t length);
void add(struct text *text, const wchar_t *part);
wchar_t *chars_of(struct text *text);
wchar_t *copy_part(const wchar_t *text, size_t length);
wchar_t *copy(const wchar_t *text);
wchar_t *join(const wchar_t *first, ...); /* the last argument is NULL */
wchar_t *format(const wchar_t *format, ...);
wchar_t *format_list(const wchar_t *format, va_list arguments); /* %s %c %d %u %X %I64u, with widths */
bool is_delimiter(wchar_t c);
bool is_space(wchar_t c);
bool is_digit(wchar_t c);
wchar_t upper(wchar_t c);
bool same(const wchar_t *one, const wchar_t *other); /* in any case */
bool same_start(const wchar_t *text, const wchar_t *start);
bool same_part(const wchar_t *one, const wchar_t *other, size_t length);
const wchar_t *skip_spaces(const wchar_t *text);
const wchar_t *skip_delimiters(const wchar_t *text);
wchar_t *trimmed(const wchar_t *text);
wchar_t *without_quotes(const wchar_t *text);
wchar_t *unquoted(const wchar_t *text); /* without one pair around it */
bool whole_number(const wchar_t *text, int *value); /* decimal, 0octal, 0xhex, signed; nothing behind it */
int leading_number(const wchar_t *text);
wchar_t *variable_of(const wchar_t *name); /* NULL where it is not set */
unsigned code_page(void);
void set_code_page(unsigned page);
wchar_t *wide_of(const char *bytes, size_t size, size_t *length);

/* tree: what the parser makes of a line */
enum kind { SIMPLE, REMARK, NOTHING, BRACKETS, SEQUENCE, LINES, EITHER, BOTH, PIPE, SILENT, IF, FOR };
enum comparison { IS_SAME, IS_EXISTING, IS_DEFINED, IS_ERRORLEVEL, IS_EXTENSION, EQU, NEQ, LSS, LEQ, GTR, GEQ };
enum loop { OVER_WORDS, OVER_DIRECTORIES, OVER_TREE, OVER_NUMBERS, OVER_LINES };
struct redirection {
    struct redirection *next;
    int handle;
    wchar_t operation; /* `<`, `>` or `a` to append */
    int source; /* the handle to copy, or -1 */
    wchar_t *target;
};
struct node {
    enum kind kind;
    struct redirection *redirections;
    struct node *left, *right; /* IF: then and else; FOR: the body */
    wchar_t *word, *rest; /* SIMPLE: the first word and all behind it; IF: the operands; FOR: options and the set */
    enum comparison comparison;
    bool negated, ignores_case;
    enum loop loop;
    bool directories; /* FOR /D /R */
    wchar_t variable;
};

/* source.c: where lines come from */
struct source {
    const wchar_t *(*next)(struct source *source, bool continued); /* without its end; NULL at the end */
    const wchar_t *line; /* for a source of one line */
};
const wchar_t *next_of_batch(struct source *source, bool continued);
const wchar_t *next_of_line(struct source *source, bool continued);
const wchar_t *next_of_input(struct source *source, bool continued);
bool find_label(const wchar_t *label);
wchar_t *read_line(HANDLE from, bool *is_end);
wchar_t *prompt_text(void);
wchar_t *read_edited(HANDLE from, bool *is_end); /* complete.c */

/* parser.c, parse_word.c, parse_if.c, parse_for.c */
struct parser {
    struct source *source;
    const wchar_t *line; /* after percent expansion, with a newline at its end */
    size_t at;
    unsigned depth; /* of brackets */
    unsigned nesting;
    bool failed, ended;
};
enum parsed { PARSED, PARSE_ENDED, PARSE_FAILED };
enum parsed parse(struct source *source, struct node **node);
struct node *parse_call(const wchar_t *text); /* what `call` runs; NULL where it cannot be run */
struct node *new_node(enum kind kind);
struct node *parse_statement(struct parser *parser);
struct node *parse_if(struct parser *parser);
struct node *parse_for(struct parser *parser);
wchar_t peek(const struct parser *parser);
wchar_t peek_at(const struct parser *parser, size_t ahead);
bool next_line(struct parser *parser);
void skip_between(struct parser *parser);
void fail_at(struct parser *parser, const wchar_t *unexpected);
bool take_escaped(struct parser *parser, struct text *text);
wchar_t *take_token(struct parser *parser, bool stops_at_bracket);
wchar_t *take_operand(struct parser *parser);
bool take_redirection(struct parser *parser, struct redirection **list);
void take_rest(struct parser *parser, struct node *node);
bool ends_command(const struct parser *parser, wchar_t c);

/* render.c: a tree as text again, for ECHO ON and for the other side of a pipe */
void render(struct text *text, const struct node *node);
wchar_t *render_for_pipe(const struct node *node);

/* expand.c, modifiers.c, substitute.c */
wchar_t *expand_percents(const wchar_t *line, bool is_batch);
wchar_t *expand_delayed(const wchar_t *text);
wchar_t *expand_loop(const wchar_t *text);
wchar_t *expanded(const wchar_t *text); /* by both, as when a command runs */
bool substitute(const wchar_t *text, wchar_t end, struct text *out, size_t *used, bool is_batch);
wchar_t *modified(const wchar_t *value, const wchar_t *modifiers, size_t count, const wchar_t *search);
bool is_modifier(wchar_t c);
wchar_t *special_variable(const wchar_t *name);

/* the shell */
enum unwind { RUN_ON, TO_NEXT_LINE, END_OF_BATCH, ABANDON, LEAVE };
enum { STANDARD_INPUT, STANDARD_OUTPUT, STANDARD_ERROR, HANDLES = 10 };
struct locals {
    struct locals *outer;
    wchar_t *environment, *directory;
    bool extensions, delayed;
};
struct batch {
    struct batch *caller;
    const wchar_t *path, *name;
    wchar_t **arguments; /* the first is the name */
    unsigned count;
    const wchar_t *all; /* what %* is */
    LONGLONG position; /* in the file, of the next line */
    struct locals *locals;
    bool at_end;
};
struct shell {
    HANDLE handles[HANDLES];
    bool echo, extensions, delayed, unicode, interactive, from_pipe, interrupted, no_autorun;
    int last; /* %ERRORLEVEL% */
    enum unwind unwind;
    struct batch *batch;
    const wchar_t *loop_values[128];
    unsigned loop_depth, nesting;
    unsigned attributes; /* the console's colours at the start */
};
extern struct shell shell;

/* run.c */
int run_node(struct node *node);
int run_line(struct source *source);
int run_simple(struct node *node);
void show_command(const struct node *node);
int run_if(struct node *node);
int run_for(struct node *node);
int run_body(struct node *node, int result);
int run_lines_loop(struct node *node, const wchar_t *options, const wchar_t *set);
int run_tree_loop(struct node *node, const wchar_t *options, const wchar_t *set);
int run_word(struct node *node, const wchar_t *word, int result, bool directories);
int run_pipe(struct node *node);
int run_words(const wchar_t *word, const wchar_t *rest, bool by_call);

/* redirect.c */
struct saved_handles {
    HANDLE handles[HANDLES];
    bool changed;
};
bool redirect(const struct redirection *list, struct saved_handles *saved);
void restore(struct saved_handles *saved);
HANDLE inheritable(HANDLE handle);
bool is_too_long(const wchar_t *path);

/* external.c */
wchar_t *find_program(const wchar_t *name);
bool is_batch_file(const wchar_t *path);
int run_external(const wchar_t *path, const wchar_t *word, const wchar_t *rest);
HANDLE start_process(const wchar_t *path, wchar_t *line, const HANDLE *streams);
HANDLE start_shell(const wchar_t *text, bool as_is, HANDLE input, HANDLE output, HANDLE errors);
int wait_for(HANDLE process);
int not_found(const wchar_t *word);

/* batch.c */
int run_batch(const wchar_t *path, const wchar_t *word, const wchar_t *rest, bool by_call);
int call_label(const wchar_t *label, const wchar_t *rest);
int batch_loop(struct batch *batch);
void restore_locals(struct locals *locals);
void shift_arguments(unsigned from);

/* output.c */
void put(int handle, const wchar_t *text, size_t length);
void say(const wchar_t *format, ...);
void complain(const wchar_t *format, ...);
const wchar_t *reason(unsigned error); /* Windows' own words */
int failed_with(unsigned error); /* says so, returns error */
int bad_syntax(void);
bool is_console(HANDLE handle);

/* builtins.c */
typedef int builtin(const wchar_t *rest);
struct command {
    const wchar_t *name;
    builtin *run;
    const wchar_t *help;
};
const struct command *find_builtin(const wchar_t *word, size_t *length);
const struct command *all_builtins(unsigned *count);
int succeed(void); /* sets ERRORLEVEL to 0 */
int succeed_in_cmd(void);
int fail(int code); /* sets ERRORLEVEL to code and returns it */

/* words.c: how most built-ins read what is behind their name */
struct words {
    const wchar_t *items[256];
    unsigned count;
    const wchar_t *switches[64]; /* without the slash, as typed */
    unsigned switch_count;
};
void split_words(const wchar_t *rest, struct words *words, bool with_switches);
wchar_t *next_word(const wchar_t **rest); /* with its quotes; NULL at the end */
bool has_switch(const struct words *words, const wchar_t *name);
int ask(const wchar_t *question, const wchar_t *answers); /* index of the answer; -1 at the end of the input */

/* files.c */
bool has_wildcard(const wchar_t *path);
DWORD attributes_of(const wchar_t *path);
bool is_directory(const wchar_t *path);
wchar_t *full_path(const wchar_t *path);
wchar_t *directory_part(const wchar_t *path); /* to the last separator, with it */
wchar_t *beside(const wchar_t *directory, const wchar_t *name);
bool found_files(const wchar_t *pattern, bool (*each)(const WIN32_FIND_DATAW *found, void *context), void *context);
bool is_dots(const wchar_t *name);
bool is_link(const WIN32_FIND_DATAW *found);
wchar_t *applied(const wchar_t *pattern, const wchar_t *name); /* `*.bak` to `a.txt` is `a.bak` */
wchar_t *current_directory(void);
bool change_directory(const wchar_t *path);

/* attributes.c: which files /A chooses */
struct choice {
    DWORD with, without;
};
bool choose(const wchar_t *letters, struct choice *choice);
bool is_chosen(const struct choice *choice, DWORD attributes);
bool split_attributes(struct words *words, struct choice *choice, bool *given);

/* dir_options.c, dir.c */
struct listing {
    struct choice choice;
    bool bare, wide, lower, short_names, owners, pages, deep, no_commas, by_column;
    wchar_t order[16]; /* letters, `-` before those that are turned around */
    wchar_t field;     /* of times: C, A or W */
    uint64_t all_files, all_bytes, all_directories;
    bool found, only_bare;
    unsigned volume; /* whose header was shown last */
};
bool read_listing(const wchar_t *text, struct words *words, struct listing *listing);
wchar_t *with_commas(uint64_t number, bool plain);
void sort_entries(const struct listing *listing, WIN32_FIND_DATAW **entries, unsigned count);
void show_entries(struct listing *listing, const wchar_t *directory, WIN32_FIND_DATAW **entries, unsigned count);
int show_volume(const wchar_t *path);

/* copy.c, copy_options.c */
struct copy_source {
    const wchar_t *path;
    wchar_t mode; /* A, B or 0 */
};
struct copying {
    struct copy_source sources[64];
    unsigned count;
    const wchar_t *target;
    wchar_t target_mode;
    bool joins, asks, plain_target, shows_names;
};
bool read_copying(const wchar_t *rest, struct copying *copying);
bool may_overwrite(const wchar_t *path, bool *all);
bool overwrites(void); /* without being asked, where no switch says */

/* clock.c */
wchar_t *date_text(const SYSTEMTIME *time);
wchar_t *day_text(const SYSTEMTIME *time);
wchar_t *time_text(const SYSTEMTIME *time);
wchar_t *short_time(const SYSTEMTIME *time);

/* registry.c */
wchar_t *registry_text(const wchar_t *key, const wchar_t *name);
bool registry_number(const wchar_t *key, const wchar_t *name, DWORD *number);
wchar_t *class_text(const wchar_t *key);
bool set_class_text(const wchar_t *key, const wchar_t *text);
bool each_class(bool (*each)(const wchar_t *key, void *context), void *context);

/* arithmetic.c */
int arithmetic(const wchar_t *text, int *value);

/* version.c */
wchar_t *version_text(void);

/* the built-ins, by file */
builtin do_assoc, do_ftype, do_break, do_call, do_cd, do_chcp, do_cls, do_color, do_copy, do_date, do_del,
    do_dir, do_dpath, do_echo, do_endlocal, do_exit, do_goto, do_help, do_keys, do_md, do_mklink,
    do_move, do_path, do_pause,
    do_popd, do_prompt, do_pushd, do_rd, do_ren, do_set, do_setlocal, do_shift, do_start, do_time, do_title, do_type,
    do_ver, do_verify, do_vol;

#endif

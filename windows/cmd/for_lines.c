/* FOR /F: lines of files, of a command's output or of a string, cut into tokens. */
#include "cmd.h"

enum { MAX_TOKENS = 31 };

struct options {
    const wchar_t *delimiters;
    wchar_t comment;
    int skip;
    bool back_quotes;
    bool wanted[MAX_TOKENS + 1]; /* tokens by number, from 1 */
    unsigned named;              /* how many variables the numbers take, repeated ones too */
    bool repeated, with_rest;
};

static bool add_token(struct options *options, int number)
{
    if (number < 1 || number > MAX_TOKENS || options->named >= MAX_TOKENS)
        return false;
    options->repeated |= options->wanted[number];
    options->wanted[number] = true;
    options->named++;
    return true;
}

/* `1,3-5*`. Returns what is behind it, or NULL if it is no list of tokens. */
static const wchar_t *parse_tokens(struct options *options, const wchar_t *p)
{
    memset(options->wanted, 0, sizeof options->wanted);
    options->named = 0;
    options->with_rest = options->repeated = false;
    while (*p && !is_space(*p)) {
        if (*p == L'*') {
            options->with_rest = true;
            p++;
            return *p && !is_space(*p) ? NULL : p;
        }
        int first = 0, last;
        if (!is_digit(*p))
            return NULL;
        for (; is_digit(*p) && first < 10000; p++)
            first = first * 10 + (*p - L'0');
        last = first;
        if (*p == L'-')
            for (p++, last = 0; is_digit(*p) && last < 10000; p++)
                last = last * 10 + (*p - L'0');
        for (; first <= last; first++)
            if (!add_token(options, first))
                return NULL;
        if (*p == L',')
            p++;
    }
    return p;
}

/* Delimiters go to the end of the options, or to the space before a keyword. */
static const wchar_t *parse_delimiters(struct options *options, const wchar_t *p)
{
    static const wchar_t *const keywords[] = {L"eol=", L"skip=", L"tokens=", L"usebackq", L"delims="};
    const wchar_t *end = p;
    for (; *end; end++)
        if (is_space(*end) && end[1]) {
            bool is_keyword = false;
            for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
                is_keyword |= same_start(skip_spaces(end), keywords[i]);
            if (is_keyword)
                break;
        }
    options->delimiters = copy_part(p, (size_t)(end - p));
    return end;
}

static bool parse_options(struct options *options, const wchar_t *text)
{
    const wchar_t *p = text ? unquoted(text) : L"";
    while (p && *(p = skip_delimiters(p))) {
        const wchar_t *begin = p;
        if (same_start(p, L"eol=")) {
            options->comment = p[4];
            p += p[4] ? 5 : 4;
        } else if (same_start(p, L"skip=")) {
            options->skip = leading_number(p + 5);
            for (p += 5; *p && !is_space(*p);)
                p++;
            if (options->skip <= 0)
                p = NULL;
        } else if (same_start(p, L"tokens=")) {
            p = parse_tokens(options, p + 7);
        } else if (same_start(p, L"delims=")) {
            p = parse_delimiters(options, p + 7);
        } else if (same_start(p, L"usebackq")) {
            options->back_quotes = true;
            p += 8;
        } else {
            p = NULL;
        }
        if (!p)
            complain(L"%s was unexpected at this time.\r\n", begin);
    }
    return p != NULL;
}

static bool is_in(const wchar_t *set, wchar_t c)
{
    return c && wcschr(set, c);
}

/* Set the variables from one line; false if it has no token that is asked for. */
static bool assign(struct node *node, const struct options *options, const wchar_t *line)
{
    unsigned variable = node->variable, next = variable, count = options->named + options->with_rest;
    bool any = false;
    int last = 0;
    if (variable + count > 128)
        count = 128 - variable;
    for (unsigned i = 0; i < count; i++)
        shell.loop_values[variable + i] = L"";
    for (int number = MAX_TOKENS; number && !last; number--)
        last = options->wanted[number] ? number : 0;
    const wchar_t *p = line;
    for (int number = 1; number <= last; number++) {
        while (is_in(options->delimiters, *p))
            p++;
        const wchar_t *start = p;
        while (*p && !is_in(options->delimiters, *p))
            p++;
        if (p == start)
            break;
        if (options->wanted[number] && next < variable + count) {
            shell.loop_values[next++] = copy_part(start, (size_t)(p - start));
            any = true;
        }
        if (number == last && *p && options->with_rest)
            p++;
    }
    if (options->with_rest && !options->repeated && next == variable + options->named && next < variable + count) {
        while (is_in(options->delimiters, *p))
            p++;
        shell.loop_values[next] = copy(p);
        any |= *p && !last;
    }
    return any;
}

static int run_text_lines(struct node *node, const struct options *options, const wchar_t *text, int result)
{
    int skip = options->skip;
    while (*text && !shell.unwind) {
        struct mark mark = mark_memory();
        const wchar_t *end = wcschr(text, L'\n');
        size_t length = end ? (size_t)(end - text) : wcslen(text), whole = length + (end != NULL);
        while (length && text[length - 1] == L'\r')
            length--;
        const wchar_t *line = copy_part(text, length);
        text += whole;
        bool is_skipped = skip-- > 0 || !length || (options->comment && *line == options->comment);
        if (!is_skipped && assign(node, options, line))
            result = run_body(node, result);
        release_memory(mark);
    }
    return result;
}

static wchar_t *all_of(HANDLE from)
{
    size_t size = 0, room = 16384, length;
    char *bytes = take(room);
    DWORD got;
    while (ReadFile(from, bytes + size, (DWORD)(room - size), &got, NULL) && got) {
        size += got;
        if (size == room) {
            char *larger = take(room *= 2);
            bytes = memcpy(larger, bytes, size);
        }
    }
    if (size >= 2 && (unsigned char)bytes[0] == 0xff && (unsigned char)bytes[1] == 0xfe)
        return copy_part((wchar_t *)bytes + 1, size / 2 - 1);
    /* A NUL ends it all, with the line that it is in. */
    for (size_t i = 0; i < size; i++)
        if (!bytes[i]) {
            for (size = i; size && bytes[size - 1] != '\n';)
                size--;
            break;
        }
    size_t mark = size >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3) ? 3 : 0;
    return wide_of(bytes + mark, size - mark, &length);
}

static wchar_t *output_of(const wchar_t *command)
{
    HANDLE reader, writer;
    if (!CreatePipe(&reader, &writer, NULL, 0))
        return NULL;
    HANDLE process = start_shell(command, true, shell.handles[STANDARD_INPUT], writer, shell.handles[STANDARD_ERROR]);
    CloseHandle(writer);
    wchar_t *text = process ? all_of(reader) : NULL;
    CloseHandle(reader);
    if (process)
        shell.last = wait_for(process);
    return text;
}

static int run_files(struct node *node, const struct options *options, const wchar_t *set)
{
    int result = 0;
    const wchar_t *word;
    while (!shell.unwind && (word = next_word(&set))) {
        const wchar_t *path = unquoted(word);
        HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                                  OPEN_EXISTING, 0, NULL);
        if (file == INVALID_HANDLE_VALUE) {
            complain(L"The system cannot find the file %s.\r\n", path);
            return 1;
        }
        wchar_t *text = all_of(file);
        CloseHandle(file);
        result = run_text_lines(node, options, text, result);
    }
    return result;
}

int run_lines_loop(struct node *node, const wchar_t *text, const wchar_t *set)
{
    struct options options = {.delimiters = L" \t", .comment = L';', .named = 1};
    options.wanted[1] = true;
    if (!parse_options(&options, text))
        return 1;
    set = skip_spaces(set);
    size_t length = wcslen(set);
    while (length && is_space(set[length - 1]))
        length--;
    wchar_t quote = *set, string = options.back_quotes ? L'\'' : L'"', command = options.back_quotes ? L'`' : L'\'';
    bool is_quoted = length > 1 && set[length - 1] == quote;
    const wchar_t *inner = is_quoted ? copy_part(set + 1, length - 2) : set;
    if (is_quoted && quote == string)
        return run_text_lines(node, &options, inner, 0);
    if (!is_quoted || quote != command)
        return run_files(node, &options, set);
    const wchar_t *output = output_of(inner);
    return output ? run_text_lines(node, &options, output, 0) : 1;
}

/* The command processor's start: options, how the command is quoted, the loop over the input. */
#include "cmd.h"

struct invocation {
    const wchar_t *command; /* behind /C or /K, or NULL */
    bool stays, strips, no_autorun;
};

static HANDLE main_thread;

static BOOL WINAPI on_control(DWORD event)
{
    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
        return FALSE;
    shell.interrupted = true;
    CancelSynchronousIo(main_thread); /* it may wait for input that never comes */
    return TRUE;
}

static const wchar_t *behind_program(const wchar_t *line)
{
    if (*line == L'"') {
        for (line++; *line && *line != L'"'; line++)
            ;
        return *line ? line + 1 : line;
    }
    const wchar_t *end = line, *slash;
    while (*end && !is_space(*end))
        end++;
    /* `cmd/c`, but not `C:/dir/cmd.exe`. */
    slash = wcschr(line, L'/');
    size_t length = slash && slash < end ? (size_t)(slash - line) : 0;
    bool is_bare = (length == 3 && same_part(line, L"cmd", 3)) || (length == 7 && same_part(line, L"cmd.exe", 7));
    return is_bare ? slash : end;
}

static bool is_on(const wchar_t *text)
{
    return !same_start(text, L":off");
}

/* Options stand anywhere before /C or /K, and what is no option is passed over. */
static void read_options(const wchar_t *line, struct invocation *options)
{
    for (const wchar_t *p = behind_program(line); *p; p++) {
        if (*p != L'/')
            continue;
        switch (upper(p[1])) {
        case L'C':
        case L'R':
        case L'K':
            options->stays = upper(p[1]) == L'K';
            options->command = p + 2;
            return;
        case L'S':
            options->strips = true;
            break;
        case L'Q':
            shell.echo = false;
            break;
        case L'D':
            options->no_autorun = true;
            break;
        case L'U':
            shell.unicode = true;
            break;
        case L'A':
            shell.unicode = false;
            break;
        case L'V':
            shell.delayed = is_on(p + 2);
            break;
        case L'E':
        case L'X':
            shell.extensions = is_on(p + 2);
            break;
        case L'Y':
            shell.extensions = false;
            break;
        case L'T':
            if (p[2] == L':')
                do_color(copy_part(p + 3, wcslen(p + 3) < 2 ? wcslen(p + 3) : 2));
            break;
        }
    }
}

/* Whether the quotes around a command belong to it: just two, nothing special, and a program's name in between. */
static bool keeps_quotes(const wchar_t *text)
{
    const wchar_t *close = wcschr(text + 1, L'"');
    bool has_space = false;
    if (!close || wcschr(close + 1, L'"'))
        return false;
    for (const wchar_t *p = text; *p; p++)
        if (wcschr(L"&<>()@^|", *p))
            return false;
    for (const wchar_t *p = text; p < close; p++)
        has_space |= is_space(*p);
    return has_space && find_program(copy_part(text + 1, (size_t)(close - text - 1)));
}

static const wchar_t *command_of(const struct invocation *options)
{
    const wchar_t *text = skip_spaces(options->command);
    if (*text != L'"' || (!options->strips && keeps_quotes(text)))
        return text;
    wchar_t *made = copy(text + 1), *last = wcsrchr(made, L'"');
    if (last)
        memmove(last, last + 1, (wcslen(last + 1) + 1) * sizeof *last);
    return made;
}

/* Run one line. -1 at the source's end. */
static int run_one(struct source *source)
{
    int result = run_line(source);
    if (shell.unwind && shell.unwind != LEAVE && shell.unwind != ABANDON)
        shell.unwind = RUN_ON;
    return result;
}

static int run_command(const wchar_t *command)
{
    struct source source = {next_of_line, command};
    int result = run_one(&source);
    return shell.unwind ? shell.last : result == -1 ? 0 : result;
}

static void run_autorun(void)
{
    static const wchar_t *const keys[] = {L"\\Registry\\Machine\\Software\\Microsoft\\Command Processor",
                                          L"Software\\Microsoft\\Command Processor"};
    for (unsigned i = 0; i < 2 && !shell.unwind; i++) {
        struct mark mark = mark_memory();
        const wchar_t *command = registry_text(keys[i], L"AutoRun");
        if (command && *command)
            run_command(command);
        release_memory(mark);
    }
}

static void run_input(void)
{
    struct source source = {next_of_input, NULL};
    shell.interactive = true;
    while (shell.unwind != LEAVE && run_one(&source) != -1)
        if (shell.unwind == ABANDON) {
            shell.unwind = RUN_ON;
            shell.interrupted = false;
        }
    if (shell.unwind != LEAVE && shell.echo)
        say(L"\r\n");
}

static void set_up(void)
{
    static const DWORD standard[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    CONSOLE_SCREEN_BUFFER_INFO info;
    for (unsigned i = 0; i < 3; i++) {
        HANDLE handle = GetStdHandle(standard[i]);
        shell.handles[i] = handle == INVALID_HANDLE_VALUE ? NULL : handle;
    }
    shell.echo = shell.extensions = true;
    shell.attributes = 7;
    DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &main_thread, 0, FALSE,
                    DUPLICATE_SAME_ACCESS);
    SetConsoleCtrlHandler(on_control, TRUE);
    if (is_console(shell.handles[STANDARD_OUTPUT]) && GetConsoleScreenBufferInfo(shell.handles[STANDARD_OUTPUT], &info))
        shell.attributes = info.wAttributes;
    if (!variable_of(L"PROMPT"))
        SetEnvironmentVariableW(L"PROMPT", L"$P$G");
    if (!variable_of(L"PATHEXT"))
        SetEnvironmentVariableW(L"PATHEXT", L".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC");
}

/* The process's entry: there is no C runtime before it. */
void entry(void)
{
    struct invocation options = {.command = NULL};
    int result = 0;
    set_up();
    read_options(GetCommandLineW(), &options);
    if (!options.no_autorun)
        run_autorun();
    if (options.command && !shell.unwind)
        result = run_command(command_of(&options));
    if (shell.interrupted && options.command && !options.stays)
        result = (int)STATUS_CONTROL_C_EXIT;
    if (options.stays && shell.unwind == ABANDON)
        shell.unwind = RUN_ON;
    if (!shell.unwind && (!options.command || options.stays)) {
        if (!options.command)
            say(L"%s\r\n", version_text());
        run_input();
        result = shell.last;
    }
    ExitProcess((UINT)(shell.unwind == LEAVE ? shell.last : result));
}

/* START: a program beside the shell, or waited for. */
#include "cmd.h"

struct starting {
    const wchar_t *title, *directory;
    DWORD flags;
    WORD show;
    bool waits, here;
};

static const struct {
    const wchar_t *name;
    DWORD flags;
} priorities[] = {
    {L"low", IDLE_PRIORITY_CLASS},
    {L"normal", NORMAL_PRIORITY_CLASS},
    {L"high", HIGH_PRIORITY_CLASS},
    {L"realtime", REALTIME_PRIORITY_CLASS},
    {L"abovenormal", ABOVE_NORMAL_PRIORITY_CLASS},
    {L"belownormal", BELOW_NORMAL_PRIORITY_CLASS},
    {L"separate", 0},
    {L"shared", 0},
    {L"i", 0},
};

/* Take one switch, with the argument of those that have one; false if it is none. */
static bool take_switch(const wchar_t *name, const wchar_t **rest, struct starting *starting)
{
    const wchar_t *value;
    if (same(name, L"wait") || same(name, L"w"))
        starting->waits = true;
    else if (same(name, L"b"))
        starting->here = true;
    else if (same(name, L"min"))
        starting->show = SW_SHOWMINNOACTIVE;
    else if (same(name, L"max"))
        starting->show = SW_SHOWMAXIMIZED;
    else if (upper(*name) == L'D' && (!name[1] || name[1] == L'"' || name[1] == L':' || name[2] == L':'))
        starting->directory = without_quotes(name[1] ? name + 1 : (value = next_word(rest)) ? value : L".");
    else if (same(name, L"affinity") || same(name, L"node"))
        next_word(rest);
    else {
        for (size_t i = 0; i < sizeof priorities / sizeof *priorities; i++)
            if (same(name, priorities[i].name)) {
                starting->flags |= priorities[i].flags;
                return true;
            }
        return false;
    }
    return true;
}

static HANDLE start_line(const struct starting *starting, const wchar_t *path, wchar_t *line)
{
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    startup.lpTitle = (wchar_t *)starting->title;
    if (starting->show) {
        startup.dwFlags |= STARTF_USESHOWWINDOW;
        startup.wShowWindow = starting->show;
    }
    /* Without /B a program has a console of its own (there is no window for it), and nothing of the shell's streams. */
    HANDLE *copies[] = {&startup.hStdInput, &startup.hStdOutput, &startup.hStdError};
    for (unsigned i = 0; i < 3 && starting->here; i++)
        *copies[i] = shell.handles[i] ? inheritable(shell.handles[i]) : NULL;
    if (starting->here)
        startup.dwFlags |= STARTF_USESTDHANDLES;
    DWORD flags = starting->flags | (starting->here ? CREATE_NEW_PROCESS_GROUP : CREATE_NO_WINDOW);
    BOOL started = CreateProcessW(path, line, NULL, NULL, starting->here, flags, NULL, starting->directory, &startup,
                                  &process);
    unsigned error = GetLastError();
    for (unsigned i = 0; i < 3; i++)
        if (*copies[i])
            CloseHandle(*copies[i]);
    SetLastError(error);
    if (!started)
        return NULL;
    CloseHandle(process.hThread);
    return process.hProcess;
}

int do_start(const wchar_t *rest)
{
    struct starting starting = {.title = NULL};
    const wchar_t *p = skip_delimiters(rest), *word, *path = NULL;
    size_t length;
    for (; *p == L'/' || (*p == L'"' && !starting.title); p = skip_delimiters(p)) {
        if (*p == L'"') {
            starting.title = unquoted(next_word(&p));
            continue;
        }
        const wchar_t *begin = ++p;
        while (*p && !is_delimiter(*p) && *p != L'/' && *p != L'"')
            p++;
        const wchar_t *name = copy_part(begin, (size_t)(p - begin));
        if (!take_switch(name, &p, &starting)) {
            complain(L"Invalid switch - \"%s\".\r\n", name);
            return fail(1);
        }
    }
    const wchar_t *command = p;
    word = next_word(&p);
    const bool is_builtin = word && find_builtin(word, &length) && !word[length];
    if (word && !is_builtin)
        path = find_program(word);
    wchar_t *line = copy(command);
    if (!word || is_builtin || (path && is_batch_file(path))) {
        wchar_t *self = take(MAX_PATH * sizeof *self);
        GetModuleFileNameW(NULL, self, MAX_PATH);
        line = word ? join(L"\"", self, L"\" /K ", command, NULL) : join(L"\"", self, L"\"", NULL);
        /* Without a window to stay open in, what was started ends with its command. */
        if (word)
            line = join(L"\"", self, L"\" /C \"", command, L"\"", NULL);
        path = self;
    }
    HANDLE process = path ? start_line(&starting, path, line) : (SetLastError(ERROR_FILE_NOT_FOUND), NULL);
    if (!process) {
        complain(L"The system cannot find the file %s.\r\n", word ? without_quotes(word) : L"");
        return fail(9059);
    }
    if (!starting.waits) {
        CloseHandle(process);
        return 0;
    }
    shell.last = wait_for(process);
    return 0;
}

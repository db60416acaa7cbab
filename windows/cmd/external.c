/* Programs: where they are found, how they are started, what they end with. */
#include "cmd.h"

static bool is_file(const wchar_t *path)
{
    DWORD attributes = attributes_of(path);
    return attributes != INVALID_FILE_ATTRIBUTES && !(attributes & FILE_ATTRIBUTE_DIRECTORY);
}

static bool has_extension(const wchar_t *path)
{
    const wchar_t *name = path;
    for (const wchar_t *p = path; *p; p++)
        if (*p == L'\\' || *p == L'/' || *p == L':')
            name = p + 1;
    return wcschr(name, L'.') != NULL;
}

/* A path as it is, if its name has an extension, else with each extension that programs have. */
static wchar_t *with_extension(const wchar_t *path)
{
    const wchar_t *extensions = variable_of(L"PATHEXT");
    if (has_extension(path) && is_file(path))
        return full_path(path);
    if (!extensions || !*extensions)
        extensions = L".COM;.EXE;.BAT;.CMD;.VBS;.JS;.WS;.MSC";
    while (*extensions) {
        const wchar_t *end = wcschr(extensions, L';');
        size_t length = end ? (size_t)(end - extensions) : wcslen(extensions);
        wchar_t *candidate = join(path, copy_part(extensions, length), NULL);
        if (length && is_file(candidate))
            return full_path(candidate);
        extensions += length + (end != NULL);
    }
    return NULL;
}

/* The next directory of PATH; semicolons within quotes separate nothing. */
static wchar_t *next_directory(const wchar_t **list)
{
    struct text text = {0};
    bool quoted = false;
    if (!**list)
        return NULL;
    for (; **list && (quoted || **list != L';'); (*list)++)
        if (**list == L'"')
            quoted = !quoted;
        else
            add_char(&text, **list);
    if (**list)
        (*list)++;
    return chars_of(&text);
}

/* Find the program that a command's first word names; NULL if there is none. */
wchar_t *find_program(const wchar_t *word)
{
    wchar_t *name = without_quotes(word), *path, *directory;
    if (!*name || has_wildcard(name) || wcslen(name) > 4096)
        return NULL;
    if (wcschr(name, L'\\') || wcschr(name, L'/') || wcschr(name, L':')) {
        for (wchar_t *p = name; *p; p++)
            if (*p == L'/')
                *p = L'\\';
        return with_extension(name);
    }
    const wchar_t *list = variable_of(L"PATH");
    if (!variable_of(L"NoDefaultCurrentDirectoryInExePath") && (path = with_extension(name)))
        return path;
    while (list && (directory = next_directory(&list)))
        if (*directory && (path = with_extension(beside(directory, name))))
            return path;
    return NULL;
}

bool is_batch_file(const wchar_t *path)
{
    size_t length = wcslen(path);
    return length > 4 && (same(path + length - 4, L".bat") || same(path + length - 4, L".cmd"));
}

/* Say that there is no such program: 9009, or 3 where even its directory is missing. */
int not_found(const wchar_t *word)
{
    wchar_t *directory = directory_part(without_quotes(word));
    if (*directory && !has_wildcard(directory) && !is_directory(directory)) {
        complain(L"The system cannot find the path specified.\r\n");
        shell.last = 3;
        return 1;
    }
    complain(L"'%s' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n",
             word);
    shell.last = 9009;
    return 1;
}

/* Start a program with these streams, which it inherits alone. NULL if Windows refuses. */
HANDLE start_process(const wchar_t *path, wchar_t *line, const HANDLE *streams)
{
    STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    HANDLE *copies[] = {&startup.hStdInput, &startup.hStdOutput, &startup.hStdError};
    for (unsigned i = 0; i < 3; i++)
        *copies[i] = streams[i] ? inheritable(streams[i]) : NULL;
    BOOL started = CreateProcessW(path, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process);
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

/* Start a shell of its own for a command; as_is leaves it to the shell which quotes belong to the command. */
HANDLE start_shell(const wchar_t *text, bool as_is, HANDLE input, HANDLE output, HANDLE errors)
{
    wchar_t *self = take(MAX_PATH * sizeof *self);
    GetModuleFileNameW(NULL, self, MAX_PATH);
    wchar_t *line = join(L"\"", self, shell.unicode ? L"\" /U" : L"\"", as_is ? L" /D /C " : L" /S /D /C\" ", text,
                         as_is ? L"" : L"\"", NULL);
    const HANDLE streams[] = {input, output, errors};
    HANDLE process = start_process(self, line, streams);
    if (!process)
        complain(L"%s\r\n", reason(GetLastError()));
    return process;
}

int wait_for(HANDLE process)
{
    DWORD code = 1;
    WaitForSingleObject(process, INFINITE);
    GetExitCodeProcess(process, &code);
    CloseHandle(process);
    if (code == (DWORD)STATUS_CONTROL_C_EXIT && shell.batch)
        shell.interrupted = true;
    return (int)code;
}

/* How the files of an extension are opened: the line that its class names, with the file and the arguments in it. */
static wchar_t *opening_line(const wchar_t *path, const wchar_t *rest)
{
    const wchar_t *extension = wcsrchr(path, L'.'), *class, *line;
    struct text out = {0};
    if (!extension || !(class = class_text(extension)) ||
        !(line = class_text(join(class, L"\\Shell\\Open\\Command", NULL))))
        return NULL;
    bool has_file = false;
    for (; *line; line++)
        if (*line == L'%' && (line[1] == L'1' || upper(line[1]) == L'L')) {
            add(&out, path);
            has_file = true;
            line++;
        } else if (*line == L'%' && line[1] == L'*') {
            add(&out, rest);
            line++;
        } else {
            add_char(&out, *line);
        }
    if (!has_file && !out.length)
        return NULL;
    return chars_of(&out);
}

int run_external(const wchar_t *path, const wchar_t *word, const wchar_t *rest)
{
    wchar_t *line = join(word, rest, NULL);
    if (wcslen(line) >= COMMAND_LINE_ROOM) {
        complain(L"The command line is too long.\r\n");
        return shell.last = 1;
    }
    HANDLE process = start_process(path, line, shell.handles);
    if (!process && GetLastError() == ERROR_BAD_EXE_FORMAT && (line = opening_line(path, rest)))
        process = start_process(NULL, line, shell.handles);
    if (!process) {
        unsigned error = GetLastError();
        complain(error == ERROR_BAD_EXE_FORMAT ? L"This version of %s is not compatible with the version of Windows "
                                                 L"you're running.\r\n"
                                               : L"%s\r\n",
                 error == ERROR_BAD_EXE_FORMAT ? path : reason(error));
        shell.last = error == ERROR_BAD_EXE_FORMAT ? 216 : 9020;
        return 1;
    }
    return shell.last = wait_for(process);
}

/* The built-in commands and how a word is taken for one of them. */
#include "cmd.h"

/* In the order of their names. */
static const struct command commands[] = {
    {L"assoc", do_assoc, L"ASSOC [.ext[=[fileType]]]\r\n\r\nShows or changes the type of files with an extension."},
    {L"break", do_break, L"BREAK\r\n\r\nDoes nothing; kept for old scripts."},
    {L"call", do_call, L"CALL [drive:][path]filename [arguments]\r\nCALL :label [arguments]\r\n\r\n"
                       L"Runs another batch file, or a part of this one, and comes back."},
    {L"cd", do_cd, L"CD [/D] [drive:][path]\r\n\r\nShows or changes the current directory."},
    {L"chcp", do_chcp, L"CHCP [nnn]\r\n\r\nShows or sets the active code page."},
    {L"chdir", do_cd, L"CHDIR [/D] [drive:][path]\r\n\r\nShows or changes the current directory."},
    {L"cls", do_cls, L"CLS\r\n\r\nClears the screen."},
    {L"color", do_color, L"COLOR [attr]\r\n\r\nSets the console's colours, two hexadecimal digits: background, "
                         L"foreground."},
    {L"copy", do_copy, L"COPY [/D] [/V] [/Y | /-Y] [/A | /B] source [/A | /B] [+ source ...] [destination [/A | /B]]"
                       L"\r\n\r\nCopies files to another place; with + puts them together."},
    {L"date", do_date, L"DATE [/T | date]\r\n\r\nShows or sets the date."},
    {L"del", do_del, L"DEL [/P] [/F] [/S] [/Q] [/A[[:]attributes]] names\r\n\r\nDeletes files."},
    {L"dir", do_dir, L"DIR [drive:][path][filename] [/A[[:]attributes]] [/B] [/C] [/D] [/L] [/N]\r\n"
                     L"  [/O[[:]sortorder]] [/P] [/Q] [/R] [/S] [/T[[:]timefield]] [/W] [/X] [/4]\r\n\r\n"
                     L"Lists files and directories."},
    {L"dpath", do_dpath, L"DPATH [[drive:]path[;...]]\r\n\r\nShows or sets where programs look for data files."},
    {L"echo", do_echo, L"ECHO [ON | OFF]\r\nECHO [message]\r\n\r\nShows a message, or turns the showing of commands "
                       L"on or off."},
    {L"endlocal", do_endlocal, L"ENDLOCAL\r\n\r\nBrings back the environment from before SETLOCAL."},
    {L"erase", do_del, L"ERASE [/P] [/F] [/S] [/Q] [/A[[:]attributes]] names\r\n\r\nDeletes files."},
    {L"exit", do_exit, L"EXIT [/B] [exitCode]\r\n\r\nEnds CMD.EXE, or with /B the batch file."},
    {L"ftype", do_ftype, L"FTYPE [fileType[=[openCommandString]]]\r\n\r\nShows or changes what opens a type of files."},
    {L"goto", do_goto, L"GOTO label\r\n\r\nGoes on at a label of the batch file; :EOF is its end."},
    {L"help", do_help, L"HELP [command]\r\n\r\nTells what there is, or about one command."},
    {L"keys", do_keys, L"KEYS [ON | OFF]\r\n\r\nDoes nothing; kept for old scripts."},
    {L"md", do_md, L"MD [drive:]path\r\n\r\nMakes directories, those on the way too."},
    {L"mkdir", do_md, L"MKDIR [drive:]path\r\n\r\nMakes directories, those on the way too."},
    {L"mklink", do_mklink, L"MKLINK [[/D] | [/H] | [/J]] Link Target\r\n\r\nMakes a symbolic link to a file; /D to a "
                           L"directory; /H a hard link; /J a junction."},
    {L"move", do_move, L"MOVE [/Y | /-Y] source destination\r\n\r\nMoves files and renames directories."},
    {L"path", do_path, L"PATH [[drive:]path[;...][;%PATH%]]\r\nPATH ;\r\n\r\nShows or sets where programs are found."},
    {L"pause", do_pause, L"PAUSE\r\n\r\nWaits for a key."},
    {L"popd", do_popd, L"POPD\r\n\r\nGoes back to the directory that PUSHD remembered."},
    {L"prompt", do_prompt, L"PROMPT [text]\r\n\r\nSets the prompt; $P is the directory, $G a > sign."},
    {L"pushd", do_pushd, L"PUSHD [path]\r\n\r\nRemembers the current directory and changes it."},
    {L"rd", do_rd, L"RD [/S] [/Q] [drive:]path\r\n\r\nRemoves directories; with /S all that is in them."},
    {L"ren", do_ren, L"REN [drive:][path]filename1 filename2\r\n\r\nRenames files and directories."},
    {L"rename", do_ren, L"RENAME [drive:][path]filename1 filename2\r\n\r\nRenames files and directories."},
    {L"rmdir", do_rd, L"RMDIR [/S] [/Q] [drive:]path\r\n\r\nRemoves directories; with /S all that is in them."},
    {L"set", do_set, L"SET [variable=[string]]\r\nSET /P variable=[promptString]\r\nSET /A expression\r\n\r\n"
                     L"Shows, sets, asks for or computes variables."},
    {L"setlocal", do_setlocal, L"SETLOCAL [EnableExtensions | DisableExtensions]\r\n"
                               L"         [EnableDelayedExpansion | DisableDelayedExpansion]\r\n\r\n"
                               L"Keeps changes of the environment to the batch file."},
    {L"shift", do_shift, L"SHIFT [/n]\r\n\r\nMoves the arguments of a batch file down by one."},
    {L"start", do_start, L"START [\"title\"] [/D path] [/I] [/MIN] [/MAX] [/LOW | /NORMAL | /HIGH | /REALTIME |\r\n"
                         L"      /ABOVENORMAL | /BELOWNORMAL] [/AFFINITY mask] [/WAIT] [/B] command [arguments]\r\n\r\n"
                         L"Starts a program beside the shell."},
    {L"time", do_time, L"TIME [/T | time]\r\n\r\nShows or sets the time."},
    {L"title", do_title, L"TITLE [string]\r\n\r\nSets the console's title."},
    {L"type", do_type, L"TYPE [drive:][path]filename\r\n\r\nShows what is in text files."},
    {L"ver", do_ver, L"VER\r\n\r\nShows the version of Windows."},
    {L"verify", do_verify, L"VERIFY [ON | OFF]\r\n\r\nShows or sets whether written files are read again."},
    {L"vol", do_vol, L"VOL [drive:]\r\n\r\nShows a volume's label and serial number."},
};

const struct command *all_builtins(unsigned *count)
{
    *count = sizeof commands / sizeof *commands;
    return commands;
}

/* Find the built-in that a word is or begins with, as in `cd..` or `echo.`; *length is that of its name. */
const struct command *find_builtin(const wchar_t *word, size_t *length)
{
    for (*length = 0; word[*length] && !wcschr(L"+[]:.\\/;,=(\"", word[*length]); (*length)++)
        ;
    for (size_t i = 0; *length && i < sizeof commands / sizeof *commands; i++)
        if (same_part(commands[i].name, word, *length) && !commands[i].name[*length])
            return &commands[i];
    return NULL;
}

int succeed(void)
{
    return shell.last = 0;
}

/* Some set ERRORLEVEL on success only in batch files that are called .cmd. */
int succeed_in_cmd(void)
{
    const wchar_t *extension = shell.batch ? wcsrchr(shell.batch->path, L'.') : NULL;
    return extension && same(extension, L".cmd") ? succeed() : 0;
}

int fail(int code)
{
    return shell.last = code;
}

int do_help(const wchar_t *rest)
{
    const wchar_t *name = trimmed(rest);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (same(commands[i].name, name)) {
            say(L"%s\r\n", commands[i].help);
            return fail(1);
        }
    if (*name) {
        say(L"This command is not supported by the help utility.  Try \"%s /?\".\r\n", name);
        return fail(0);
    }
    say(L"For more information on a specific command, type HELP command-name\r\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        say(L"%-14s %s\r\n", commands[i].name, wcsrchr(commands[i].help, L'\n') + 1);
    return fail(1);
}

/*
 * Says in the container's log when a dialogue waits for an answer: nobody sees it, and nobody can give one.
 *
 * The window's class is that of every dialogue, a message box among them ("About Window Classes", system classes).
 */
#include "../linux.h"
#include "desktop.h"

#define LOG "/proc/1/fd/2" /* process 1 keeps the container's error stream, or terminal, as it was */
#define DIALOG_CLASS L"#32770"

enum { STANDARD_ERROR = 2, MOST_DIALOGS = 64, LONGEST_TEXT = 512, LONGEST_LINE = 2048 };

struct line {
    size_t used;
    char text[LONGEST_LINE];
};

static struct {
    HWND window;
    bool said;
} known[MOST_DIALOGS];

static void add(struct line *line, const char *text)
{
    for (; *text && line->used < sizeof line->text - 2; text++)
        line->text[line->used++] = (unsigned char)*text < ' ' ? ' ' : *text;
}

static void add_wide(struct line *line, const wchar_t *text)
{
    char bytes[3 * LONGEST_TEXT + 1];
    if (WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, sizeof bytes, NULL, NULL))
        add(line, bytes);
}

static bool has_class(HWND window, const wchar_t *wanted)
{
    wchar_t name[32] = L"";
    GetClassNameW(window, name, sizeof name / sizeof *name);
    return wide_length(name) == wide_length(wanted) && wide_equal(name, wanted, wide_length(wanted));
}

static void add_text_of(struct line *line, HWND window, const char *before, const char *after)
{
    wchar_t text[LONGEST_TEXT] = L"";
    if (!GetWindowTextW(window, text, LONGEST_TEXT))
        return;
    add(line, before);
    add_wide(line, text);
    add(line, after);
}

static BOOL CALLBACK add_label(HWND child, LPARAM line)
{
    if (has_class(child, L"Static"))
        add_text_of((void *)line, child, " ", "");
    return TRUE;
}

static BOOL CALLBACK add_button(HWND child, LPARAM line)
{
    if (has_class(child, L"Button"))
        add_text_of((void *)line, child, " [", "]");
    return TRUE;
}

static void say(HWND dialog)
{
    struct line *line = take(sizeof *line);
    DWORD pid = 0;
    char number[16] = "";
    GetWindowThreadProcessId(dialog, &pid);
    add(line, "transom: process ");
    add(line, text_number(number + sizeof number - 1, pid));
    add(line, " waits for an answer to a dialogue that nobody sees:");
    add_text_of(line, dialog, " \"", "\":");
    EnumChildWindows(dialog, add_label, (LPARAM)line);
    EnumChildWindows(dialog, add_button, (LPARAM)line);
    line->text[line->used++] = '\r'; /* the error stream may be a terminal */
    line->text[line->used++] = '\n';
    int log = linux_open(LOG, LINUX_O_WRONLY | LINUX_O_NOCTTY);
    linux_write_all(log < 0 ? STANDARD_ERROR : log, line->text, line->used);
    if (log >= 0)
        linux_close(log);
    HeapFree(GetProcessHeap(), 0, line);
}

/* One that is there at two looks in a row is said, once: a program may answer its own. */
static BOOL CALLBACK look_at(HWND window, LPARAM argument)
{
    unsigned free = MOST_DIALOGS;
    (void)argument;
    if (!has_class(window, DIALOG_CLASS) || !IsWindowVisible(window))
        return TRUE;
    for (unsigned i = 0; i < MOST_DIALOGS; i++) {
        if (known[i].window == window) {
            if (!known[i].said)
                say(window);
            known[i].said = true;
            return TRUE;
        }
        if (!known[i].window && free == MOST_DIALOGS)
            free = i;
    }
    if (free < MOST_DIALOGS)
        known[free].window = window;
    return TRUE;
}

/* To be called now and then. */
void dialogs_look(void)
{
    for (unsigned i = 0; i < MOST_DIALOGS; i++)
        if (known[i].window && !IsWindow(known[i].window)) {
            known[i].window = NULL;
            known[i].said = false;
        }
    EnumWindows(look_at, 0);
}

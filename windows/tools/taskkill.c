/* taskkill: end processes by name, identifier or filter; with /T what they have started too. */
#include "processes.h"

enum { NOT_FOUND = 128, FORCED_CODE = 1, MOST = 256 };

struct order {
    bool force, tree;
    int code;
    bool any;
};

static int bad(const wchar_t *text)
{
    complain(L"ERROR: %s\r\nType \"TASKKILL /?\" for usage.\r\n", text);
    return 1;
}

struct closing {
    DWORD id;
    bool asked;
    BOOL(WINAPI *post)(HWND, UINT, WPARAM, LPARAM);
    DWORD(WINAPI *owner)(HWND, DWORD *);
};

static BOOL CALLBACK close_window(HWND window, LPARAM data)
{
    struct closing *closing = (struct closing *)data;
    DWORD id;
    closing->owner(window, &id);
    if (id == closing->id && closing->post(window, WM_CLOSE, 0, 0))
        closing->asked = true;
    return TRUE;
}

static bool ask_to_close(DWORD id)
{
    struct closing closing = {.id = id};
    BOOL(WINAPI * each)(WNDENUMPROC, LPARAM) = from(L"user32.dll", "EnumWindows");
    closing.post = from(L"user32.dll", "PostMessageW");
    closing.owner = from(L"user32.dll", "GetWindowThreadProcessId");
    each(close_window, (LPARAM)&closing);
    return closing.asked;
}

static const wchar_t *terminate(DWORD id)
{
    HANDLE process = OpenProcess(PROCESS_TERMINATE, FALSE, id);
    if (!process || !TerminateProcess(process, FORCED_CODE))
        return reason(GetLastError());
    CloseHandle(process);
    return NULL;
}

static void end_one(const struct process *each, bool child, struct order *order)
{
    const wchar_t *what = child ? format(L"with PID %u (child process of PID %u)", each->id, each->parent)
                                : format(L"\"%s\" with PID %u", each->name, each->id);
    const wchar_t *why = NULL;
    if (each->id == GetCurrentProcessId())
        why = L"The operation attempted is not supported.";
    else if (order->force)
        why = terminate(each->id);
    else if (!ask_to_close(each->id))
        why = L"This process can only be terminated forcefully (with /F option).";
    if (why) {
        complain(L"ERROR: The process %s could not be terminated.\r\nReason: %s\r\n", what, why);
        order->code = 1;
    } else {
        say(order->force ? L"SUCCESS: The process %s has been terminated.\r\n"
                         : L"SUCCESS: Sent termination signal to the process %s.\r\n", what);
    }
}

static void end_tree(struct process *all, size_t count, struct process *top, bool child, struct order *order)
{
    order->any = true;
    top->chosen = false;
    for (size_t i = 0; order->tree && i < count; i++)
        if (all[i].parent == top->id && all[i].id != top->id && all[i].user) {
            struct process *below = all + i;
            below->parent = top->id;
            if (below->session != MAXDWORD) {
                below->session = MAXDWORD; /* seen: identifiers that were used again make circles */
                end_tree(all, count, below, true, order);
            }
        }
    end_one(top, child, order);
}

static bool names(const struct process *each, const wchar_t *name, bool by_id)
{
    uint64_t id;
    return by_id ? whole_number(name, &id) && id == each->id : matches(each->name, name);
}

static void end_named(struct process *all, size_t count, const wchar_t *name, bool by_id, bool filtered,
                      struct order *order)
{
    bool any = false;
    for (size_t i = 0; i < count; i++)
        if (all[i].chosen && names(all + i, name, by_id)) {
            any = true;
            end_tree(all, count, all + i, false, order);
        }
    if (any)
        return;
    if (filtered)
        say(L"INFO: No tasks running with the specified criteria.\r\n");
    else
        complain(L"ERROR: The process \"%s\" not found.\r\n", name);
    if (!filtered && !order->code)
        order->code = NOT_FOUND;
}

int taskkill(int count, wchar_t **arguments)
{
    struct order order = {0};
    const wchar_t *wanted[MOST];
    bool by_id[MOST], filtered = false;
    int asked = 0;
    size_t found;
    struct process *all = list_processes(&found);
    for (int i = 0; i < count; i++) {
        const wchar_t *each = arguments[i];
        if (is_option(each, L"?"))
            return say(L"\r\nTASKKILL { [/FI filter] [/PID processid | /IM imagename] } [/T] [/F]\r\n"), 0;
        if (is_option(each, L"f")) {
            order.force = true;
        } else if (is_option(each, L"t")) {
            order.tree = true;
        } else if (is_option(each, L"fi") && i + 1 < count) {
            filtered = true;
            if (!filter_processes(all, found, arguments[++i]))
                return bad(L"The search filter cannot be recognized.");
        } else if ((is_option(each, L"im") || is_option(each, L"pid")) && i + 1 < count && asked < MOST) {
            by_id[asked] = is_option(each, L"pid");
            wanted[asked++] = arguments[++i];
        } else {
            return bad(is_option(each, L"s") ? L"The tasks of other machines cannot be ended from here."
                                             : format(L"Invalid argument/option - '%s'.", each));
        }
    }
    if (!asked && !filtered)
        return bad(L"Invalid syntax. Neither /FI nor /PID nor /IM were specified.");
    for (int i = 0; i < asked; i++)
        end_named(all, found, wanted[i], by_id[i], filtered, &order);
    if (!asked)
        end_named(all, found, L"*", false, true, &order);
    return order.code;
}

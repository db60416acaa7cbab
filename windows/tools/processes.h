/* The processes of the container, and which of them filters choose. */
#ifndef TRANSOM_PROCESSES_H
#define TRANSOM_PROCESSES_H

#include "tool.h"

struct process {
    wchar_t *name;
    DWORD id, parent, session;
    uint64_t memory; /* bytes of its working set */
    uint64_t time;   /* in user and kernel mode, in units of 100 ns */
    wchar_t *user;
    bool chosen;
};
struct process *list_processes(size_t *count); /* with what a query may not see left out: memory 0, user "N/A" */
/* Leave those unchosen that a filter ("IMAGENAME eq cmd.exe") does not match; false: it is no filter. */
bool filter_processes(struct process *all, size_t count, const wchar_t *filter);
wchar_t *clock_of(uint64_t time); /* H:MM:SS */

#endif

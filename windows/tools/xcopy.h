/* xcopy's options. */
#ifndef TRANSOM_XCOPY_H
#define TRANSOM_XCOPY_H

#include "tool.h"

enum { CODE_FINE, CODE_NOTHING, CODE_STOPPED, CODE_WRONG = 4, CODE_FAILED };

struct xcopy {
    wchar_t *source, *target;
    bool archived, reset, newer, dated, trees, empty, go_on, directory, quiet, full, list, hidden, over_read_only;
    bool structure, update, keep, yes, asks;
    uint64_t since;
    wchar_t **excluded;
    size_t excluded_count;
    uint64_t copied;
    int code;
};
/* xcopy_options.c: false: it has said why. */
bool read_xcopy(struct xcopy *xcopy, int count, wchar_t **arguments);

#endif

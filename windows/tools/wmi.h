/* Answers of Windows Management Instrumentation, as text. */
#ifndef TRANSOM_WMI_H
#define TRANSOM_WMI_H

#include "tool.h"

struct answer {
    size_t columns, rows;
    wchar_t **names;  /* of columns */
    wchar_t **values; /* row by row */
};
/* Ask for all properties of a class, where condition holds (NULL: of all); S_OK: done. */
HRESULT ask(const wchar_t *class, const wchar_t *condition, struct answer *answer);
const wchar_t *value_in(const struct answer *answer, size_t row, const wchar_t *name); /* "" for what is not there */

#endif

/* What fc is asked for. */
#ifndef TRANSOM_FC_H
#define TRANSOM_FC_H

#include "tool.h"

struct fc {
    bool binary, text, any_case, numbers, short_form, offline, white, tabs, wide;
    size_t buffer, resync;
    const wchar_t *first, *second;
};
enum { FC_SAME, FC_DIFFERENT, FC_MISSING };
/* fc_text.c: lines of files whose names are heads; returns whether they differ. */
int compare_texts(const struct fc *fc, const char *one, size_t one_size, const char *other, size_t other_size,
                  const wchar_t *one_name, const wchar_t *other_name);

#endif

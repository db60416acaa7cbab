/* findstr's regular expressions: . * ^ $ [class] [^class] [x-y] \x \< \> */
#ifndef TRANSOM_TOOL_REGEX_H
#define TRANSOM_TOOL_REGEX_H

#include "tool.h"

struct regex;
struct regex *compile(const wchar_t *text, bool fold);
/* Tell whether the expression matches in the line; whole: the line from end to end; start, end: at these. */
bool found_in(const struct regex *regex, const wchar_t *line, size_t length, bool start, bool end);
bool has_meta(const wchar_t *text);

#endif

/* robocopy in two parts: what is asked for, and the copying. */
#ifndef TRANSOM_TOOL_ROBOCOPY_H
#define TRANSOM_TOOL_ROBOCOPY_H

#include "tool.h"

enum { MOST_PATTERNS = 256 };

struct patterns {
    const wchar_t *each[MOST_PATTERNS];
    int count;
};

struct job {
    const wchar_t *from, *to;
    struct patterns files, without_files, without_directories;
    bool tree, empty, purge, move_files, move_all, list_only;
    bool without_older, without_newer, without_changed, without_extra, without_lonely, with_same, with_tweaked;
    bool no_file_list, no_directory_list, no_header, no_summary, no_classes, no_sizes, full_paths, tee, append, create;
    DWORD with_attributes, without_attributes, add_attributes, remove_attributes;
    bool archive_only, reset_archive;
    uint64_t levels, largest, smallest, retries, wait_s;
    const wchar_t *log;
};

/* Fill job from the arguments; returns 0, or the exit code after having said what is wrong. */
int read_job(struct job *job, int count, wchar_t **arguments);
bool in(const struct patterns *patterns, const wchar_t *name, const wchar_t *path);

#endif

/* A tree of directories that Linux watches, as one stream of changes by paths below its top. */
#ifndef TRANSOM_TREE_H
#define TRANSOM_TREE_H

#include "graft.h"

struct place {
    int watch; /* Linux's number */
    char *path; /* below the top, empty for the top itself */
};

struct tree {
    int fd;
    size_t count, room;
    struct place *places;
    char top[PATH_BYTES];
};

/* action: FILE_ACTION_…; matters: the filters that are interested. A path of NULL: some changes are lost. */
typedef void changed(void *context, ULONG action, ULONG matters, const char *path);

bool tree_has_branches(const char *top);
bool tree_open(struct tree *tree, const char *top);
void tree_wake(struct tree *tree); /* has tree_read return false */
bool tree_read(struct tree *tree, changed *tell, void *context); /* waits; false once there is nothing to wait for */
void tree_close(struct tree *tree);

#endif

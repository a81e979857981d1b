/* Folders and files as the command line meets them: what is at a path, times, names in order. Blocks. */
#ifndef IO_REAL_TREE_H
#define IO_REAL_TREE_H

#include "base/arena.h"

enum tree_kind { TREE_FILE, TREE_FOLDER, TREE_OTHER };

struct tree_facts {
    enum tree_kind kind;
    uint64_t bytes;
    /* UTC milliseconds of the last change. */
    int64_t changed_ms;
};

/* What is there, links followed. 0, or a negated errno. */
NODISCARD int tree_look(const char *path, struct tree_facts *facts);
/* The path without links and dots, in `arena`. 0, or a negated errno. */
NODISCARD int tree_resolve(struct arena *arena, const char *path, const char **resolved);
NODISCARD int tree_set_time(const char *path, int64_t changed_ms);
/* Gives `path` another name; -EEXIST where `to` is there already: nothing is ever overwritten. */
NODISCARD int tree_rename_new(const char *path, const char *to);

struct tree_names {
    struct slice *names;
    size_t count;
};
/* The names in a folder, sorted, without "." and "..", in `arena`. 0, or a negated errno (-EFBIG: too many).
 */
NODISCARD int tree_list(struct arena *arena, const char *path, struct tree_names *names);

/* A process of its own for work that needs other rights: 0 in the child, its number in the parent, or a
   negated errno. Before there is any loop or thread. */
NODISCARD int tree_fork(void);
/* Waits until the child has ended. */
void tree_join(int child);
/* In the child: interrupts of the terminal are the parent's. */
void tree_ignore_interrupts(void);

#endif

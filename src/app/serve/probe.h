/*
 * Trying what a role must not do. A probe is one small action; each runs in a process of its
 * own that became the role's user and stands within the role's walls, so that an action which
 * succeeds changes nothing for the next. A table says, for each role, which wall has to refuse
 * it; `posthaste tool walls` compares that with what happened.
 */
#ifndef APP_PROBE_H
#define APP_PROBE_H

#include <sys/types.h>

#include "app/cli/cli.h"
#include "app/settings/orders.h"

/* What an action finds when it starts. */
struct probe_setting {
    const char *folder;
    /* A file in memory, a listening socket with a connection that waits, a connected one, and one that is
       neither bound nor connected. */
    int file;
    int listener;
    int connected;
    int fresh;
    uint16_t listener_port;
    pid_t parent;
};

/* Which walls refuse an action. */
enum {
    PROBE_MAY = 0,
    BY_SECCOMP = 1,
    BY_LANDLOCK = 2,
    /* The kernel or the user's rights may refuse it too, so that it proves nothing without those above. */
    BY_OTHERS = 4,
};

struct probe {
    const char *name;
    /* 0, or a negated errno. */
    int (*act)(const struct probe_setting *setting);
    unsigned refused_by[ROLE_KINDS];
};

extern const struct probe probes[];
extern const size_t probe_count;

/* tool walls: tries all for every role. Exit status 1 where something is not as the table says. */
int probe_walls(struct cli *cli);

#endif

/* A command that works through the store's door (app/cli/store_door.h): its loop, its task, and its end. */
#ifndef APP_DOOR_TASK_H
#define APP_DOOR_TASK_H

#include "app/cli/cli.h"
#include "app/cli/store_door.h"

struct door_task {
    struct env *env;
    struct store_door *door;
    struct cli *cli;
    /* The command's own. */
    void *context;
    /* Why it ended early, or NULL. */
    const char *stopped;
};

/* Opens the door and runs `work` as a task. The exit status: EXIT_FAILED after one line where it was stopped.
 */
int door_task_run(struct cli *cli, const char *name, void (*work)(struct task *t, struct door_task *task),
                  void *context);

#endif

#include "app/cli/door_task.h"

#include "io/real/log_sink.h"
#include "io/real/loop.h"

struct door_work {
    struct door_task task;
    void (*work)(struct task *t, struct door_task *task);
};

static void run(struct task *t, void *argument) {
    struct door_work *work = argument;
    work->task.stopped = store_door_open(t, work->task.door);
    if (!work->task.stopped) work->work(t, &work->task);
    store_door_close(t, work->task.door);
    real_env_stop(work->task.env);
}

int door_task_run(struct cli *cli, const char *name, void (*work)(struct task *t, struct door_task *task),
                  void *context) {
    struct store_door door;
    struct log_sink sink;
    struct scope scope;
    if (!store_door_prepare(&door, cli->data)) return EXIT_FAILED;
    log_sink_init(&sink, name);
    sink.log.least = LOG_LEVEL_WARN;
    struct door_work running = {{real_env_new(&sink.log), &door, cli, context, NULL}, work};
    scope_init(&scope, running.task.env);
    if (!scope_spawn(&scope, run, &running)) FATAL("a new scope is closed");
    real_env_run(running.task.env);
    int status = running.task.stopped ? cli_fail("%s", running.task.stopped) : EXIT_DONE;
    real_env_free(&running.task.env);
    store_door_end(&door);
    return status;
}

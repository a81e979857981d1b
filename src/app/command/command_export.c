/* export: an account's mail as a Maildir, or as mbox files. */
#include <stdlib.h>

#include "app/carry/export.h"
#include "app/cli/cli.h"
#include "io/real/log_sink.h"
#include "io/real/loop.h"

enum { EXPORT_ARENA_BYTES = 1 << 30 };

static const char *list_folders(struct export *export) {
    struct mailbox *mailboxes = NULL;
    struct reader *reader = export->door->reader;
    size_t count = 0;
    if (reader_mailbox_list(reader, export->arena, export->account, &mailboxes, &count))
        return "the account's mailboxes cannot be read";
    export->folders = ARENA_NEW_ARRAY(export->arena, struct export_folder, count);
    for (size_t i = 0; i < count; i++) {
        struct export_folder *folder = &export->folders[i];
        folder->mailbox = mailboxes[i];
        folder->path = export->path;
        if (reader_keywords(reader, export->arena, mailboxes[i].id, &folder->keywords,
                            &folder->keyword_count))
            return "a mailbox's keywords cannot be read";
    }
    export->folder_count = count;
    return NULL;
}

static void run(struct task *t, struct export *export) {
    for (size_t i = 0; i < export->folder_count && !export->stopped; i++) {
        if (export->is_mbox)
            export_mbox(t, export, &export->folders[i]);
        else
            export_maildir(t, export, &export->folders[i]);
    }
    int result = export->stopped ? 0 : export_subscriptions(export);
    if (result == 0 && !export->stopped) result = folder_sync(export->env, export->path);
    if (result) export->stopped = strerror(-result);
}

static void work(struct task *t, void *argument) {
    struct export *export = argument;
    export->stopped = store_door_open(t, export->door);
    if (!export->stopped)
        export->stopped = store_door_account(t, export->door, export->address, &export->account);
    if (!export->stopped) export->stopped = export_place_open(export);
    if (!export->stopped) export->stopped = list_folders(export);
    if (!export->stopped) run(t, export);
    store_door_close(t, export->door);
    real_env_stop(export->env);
}

static int export_all(struct cli *cli, struct export *export) {
    struct store_door door;
    struct log_sink sink;
    struct scope scope;
    if (!store_door_prepare(&door, cli->data)) return EXIT_FAILED;
    log_sink_init(&sink, "export");
    sink.log.least = LOG_LEVEL_WARN;
    export->env = real_env_new(&sink.log);
    export->door = &door;
    scope_init(&scope, export->env);
    if (!scope_spawn(&scope, work, export)) FATAL("a new scope is closed");
    real_env_run(export->env);
    int status = export_report(export);
    real_env_free(&export->env);
    store_door_end(&door);
    return status;
}

int command_export(struct cli *cli) {
    struct export *export = calloc(1, sizeof *export);
    if (!export) FATAL("out of memory for an export");
    export->arena = arena_new(EXPORT_ARENA_BYTES);
    export->address = cli->words[0];
    export->path = (const char *)cli->words[1].ptr;
    export->is_mbox = cli->is_mbox;
    export->is_json = cli->is_json;
    int status = export_all(cli, export);
    arena_free(&export->arena);
    free(export);
    return status;
}

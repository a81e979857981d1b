/* export: an account's mail as a Maildir, or as mbox files. */
#include <stdlib.h>

#include "app/carry/export.h"
#include "app/cli/cli.h"
#include "io/real/log_sink.h"
#include "io/real/loop.h"
#include "wire/mbox_quote.h"

enum { EXPORT_ARENA_BYTES = 1 << 30 };

/* ---- messages, for both forms ---- */

void export_each(struct task *t, struct export *export, struct export_folder *folder, uint32_t first_uid,
                 void (*write)(void *context, const struct entry *entry), void *context) {
    struct uid_range all = {1, UINT32_MAX};
    struct arena *arena = arena_new(MIB(1));
    uint32_t from_uid = first_uid;
    while (!export->stopped && from_uid) {
        struct entry *entries = NULL;
        size_t count = 0;
        arena_reset(arena);
        enum store_result result =
            reader_entries(export->door->reader, arena, folder->mailbox.id, (struct uid_ranges){&all, 1},
                           from_uid, ENTRY_FLAGS, EXPORT_ENTRIES, &entries, &count);
        if (result) export->stopped = "a mailbox cannot be read";
        if (result || count == 0) break;
        for (size_t i = 0; i < count && !export->stopped; i++) {
            export->messages++;
            export_progress(export, folder);
            write(context, &entries[i]);
        }
        from_uid = entries[count - 1].uid + 1;
        if (task_yield(t) != WAIT_OK) break;
    }
    arena_free(&arena);
}

enum store_result export_bytes(struct export *export, const struct entry *entry, bool quotes,
                               struct byte_sink sink) {
    struct buffer raw = buffer_new(2 * (size_t)MOVE_READ_BYTES);
    struct mbox_quote quote = mbox_quote_new(quotes);
    enum store_result result = STORE_OK;
    for (uint64_t at = 0; at < entry->raw_bytes && result == STORE_OK; at += raw.len) {
        buffer_clear(&raw);
        result = reader_body(export->door->reader, entry->message, at, MOVE_READ_BYTES, &raw);
        if (result == STORE_OK && raw.len == 0) result = STORE_FAILED;
        if (result == STORE_OK) mbox_quote_write(&quote, buffer_slice(&raw), sink);
    }
    mbox_quote_finish(&quote, sink);
    buffer_free(&raw);
    return result;
}

/* ---- the command ---- */

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

/* import: mail of other systems into an account. */
#include <stdlib.h>

#include "app/carry/import.h"
#include "app/cli/cli.h"
#include "app/settings/config.h"
#include "io/real/log_sink.h"
#include "io/real/loop.h"

enum { IMPORT_ARENA_BYTES = 1 << 30, IMPORT_BUDGET_BYTES = 256 * 1024 * 1024 };

static bool read_quoting(const char *text, enum mbox_quoting *quoting) {
    static const char *const names[] = {"rd", "o", "none"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (text && strcmp(text, names[i]) != 0) continue;
        *quoting = (enum mbox_quoting)i;
        return true;
    }
    return false;
}

static void import_folder(struct task *t, struct import *import, struct import_folder *folder) {
    /* An empty folder comes too. */
    if (!import->is_dry_run && import_target(t, import, folder) != STORE_OK) {
        import->stopped = "a mailbox cannot be made; there may be too many";
        return;
    }
    if (folder->kind == IMPORT_MBOX)
        import_mbox(t, import, folder);
    else
        import_maildir(t, import, folder);
}

static const char *prepare(struct task *t, struct import *import) {
    const char *fault = store_door_open(t, import->door);
    if (!fault) fault = store_door_account(t, import->door, import->address, &import->account);
    return fault ? fault : import_map_folders(import);
}

static void run(struct task *t, struct import *import) {
    import->pool = intake_pool_new(import->env, import->door->store, IMPORT_BUDGET_BYTES);
    import->seen = map_new(env_random_u64(import->env));
    scope_init(&import->scope, import->env);
    gate_init(&import->batch_ended);
    for (size_t i = 0; i < import->folder_count && !import->stopped; i++)
        import_folder(t, import, &import->folders[i]);
    import_batch_finish(t, import);
    scope_close(t, &import->scope);
    map_free(&import->seen);
    intake_pool_free(&import->pool);
}

static void work(struct task *t, void *argument) {
    struct import *import = argument;
    import->stopped = prepare(t, import);
    if (!import->stopped) run(t, import);
    store_door_close(t, import->door);
    real_env_stop(import->env);
}

/* Loop and task; everything else is prepared. */
static void run_loop(struct import *import) {
    struct scope scope;
    scope_init(&scope, import->env);
    if (!scope_spawn(&scope, work, import)) FATAL("a new scope is closed");
    real_env_run(import->env);
}

static bool load_limit(struct cli *cli, struct import *import) {
    struct config config;
    struct slice error;
    config_defaults(&config);
    if (!config_load(cli->arena, cli->data, &config, &error))
        return cli_fail("%.*s", SLICE_PRINT(error)) == EXIT_DONE;
    import->message_bytes_max = config.message_bytes_max;
    return true;
}

static int import_all(struct cli *cli, struct import *import) {
    struct store_door door;
    struct log_sink sink;
    if (!load_limit(cli, import) || !store_door_prepare(&door, cli->data)) return EXIT_FAILED;
    log_sink_init(&sink, "import");
    sink.log.least = LOG_LEVEL_WARN;
    import->env = real_env_new(&sink.log);
    import->door = &door;
    int status = EXIT_FAILED;
    const char *fault = import_scan(import);
    if (fault) {
        status = cli_fail("%s: %s", import->path, fault);
    } else {
        run_loop(import);
        status = import_report(import);
    }
    real_env_free(&import->env);
    store_door_end(&door);
    return status;
}

int command_import(struct cli *cli) {
    struct import *import = calloc(1, sizeof *import);
    if (!import) FATAL("out of memory for an import");
    import->arena = arena_new(IMPORT_ARENA_BYTES);
    import->address = cli->words[0];
    import->path = (const char *)cli->words[1].ptr;
    import->folder = slice_from_text(cli->folder);
    import->is_dry_run = cli->is_dry_run;
    import->is_json = cli->is_json;
    int status = read_quoting(cli->quoting, &import->quoting)
                     ? import_all(cli, import)
                     : cli_misuse(cli, "--quoting is rd, o or none, not '%s'", cli->quoting);
    arena_free(&import->arena);
    free(import);
    return status;
}

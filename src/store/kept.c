#include "store/kept.h"

#include "store/engine_state.h"

static const char kept_read[] = "SELECT bytes FROM setting WHERE name = $1";
static const char kept_write[] = "INSERT INTO setting (name, number, bytes) VALUES ($1, 0, $2)"
                                 " ON CONFLICT (name) DO UPDATE SET bytes = $2";

enum store_result engine_kept(struct engine *engine, struct arena *arena, struct slice name,
                              struct slice *bytes) {
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, kept_read, DB_TEXT(name));
    bool is_there = db_rows_next(&rows);
    if (is_there) {
        *bytes = arena_copy(arena, db_rows_bytes(&rows, 0));
        db_rows_end(&rows);
    }
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result == STORE_OK && !is_there ? STORE_NOT_FOUND : result;
}

struct keeping {
    struct slice name;
    struct slice bytes;
};

/* It may have been a secret that now is sealed: pages that become free are wiped. */
static enum store_result keep(struct commit *commit, void *argument) {
    const struct keeping *keeping = argument;
    db_script(commit->db, "PRAGMA secure_delete = ON");
    DB_RUN(commit->db, kept_write, DB_TEXT(keeping->name), DB_BYTES(keeping->bytes));
    db_script(commit->db, "PRAGMA secure_delete = OFF");
    return STORE_OK;
}

enum store_result engine_keep(struct task *t, struct engine *engine, struct slice name, struct slice bytes) {
    struct keeping keeping = {name, bytes};
    struct commit_operation operation = {.run = keep, .argument = &keeping};
    if (bytes.len > KEPT_BYTES_MAX) return STORE_REFUSED;
    return commit_run(t, &engine->queue, &operation);
}

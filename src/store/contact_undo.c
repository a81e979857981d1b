/*
 * Undoing an import. A contact that nothing touched since is put back as it was, or goes where the import
 * brought it; where what it goes back to came from an import that was undone before, that is undone, too.
 * What was changed since stays as it is, and so does who is needed (contact_relation.c).
 */
#include "base/limits.h"
#include "store/contact_table.h"
#include "store/engine_state.h"

/* One contact cannot go back through more imports than this at once. */
enum { STEPS_MAX = 1000, CHANGE_ARENA_BYTES = 8 << 20 };

static const char import_close[] = "UPDATE contact_import SET is_open = 0 WHERE id = $1 AND is_open = 1";
static const char import_undone[] = "UPDATE contact_import SET undone_ms = $2 WHERE id = $1";
static const char import_undone_ms[] = "SELECT undone_ms FROM contact_import WHERE id = $1";
static const char import_touched[] = "SELECT added + changed FROM contact_import WHERE id = $1";
static const char contacts_next[] =
    "SELECT id FROM contact WHERE import = $1 AND id > $2 ORDER BY id LIMIT $3";
static const char change_read[] = "SELECT before FROM contact_change WHERE import = $1 AND contact = $2";
static const char change_remove[] = "DELETE FROM contact_change WHERE import = $1 AND contact = $2";
static const char contact_settle[] = "UPDATE contact SET import = 0 WHERE id = $1";

static bool is_undone(struct db *db, uint64_t import) {
    return import && DB_READ_NUMBER(db, import_undone_ms, 0, DB_NUMBER(import)) != 0;
}

/* What the contact was before the import; false: it was not there. */
static bool read_before(struct db *db, struct arena *arena, uint64_t import, uint64_t id,
                        struct contact *before) {
    struct db_rows rows = DB_ROWS(db, change_read, DB_NUMBER(import), DB_NUMBER(id));
    if (!db_rows_next(&rows)) return false;
    struct slice packed = arena_copy(arena, db_rows_bytes(&rows, 0));
    db_rows_end(&rows);
    struct unpacker in = unpacker_of(packed);
    contact_unpack(&in, arena, before);
    if (!unpack_is_done(&in) || before->id != id) db_fail(db, STORE_FAILED);
    return true;
}

static void remove_added(struct commit *commit, uint64_t id, struct contact_undone *undone) {
    if (contact_is_needed(commit->db, id)) {
        DB_RUN(commit->db, contact_settle, DB_NUMBER(id));
        return;
    }
    contact_delete(commit, id);
    undone->removed++;
}

static void undo_one(struct commit *commit, struct arena *arena, uint64_t import, uint64_t id,
                     struct contact_undone *undone) {
    struct db *db = commit->db;
    struct contact before = {.import = import};
    bool is_changed = false;
    for (int step = 0; step < STEPS_MAX && (step == 0 || is_undone(db, before.import)); step++) {
        uint64_t by = before.import;
        if (!read_before(db, arena, by, id, &before)) {
            remove_added(commit, id, undone);
            return;
        }
        DB_RUN(db, change_remove, DB_NUMBER(by), DB_NUMBER(id));
        is_changed = true;
    }
    if (before.import == import) before.import = 0;
    if (is_changed && db_failure(db) == STORE_OK) contact_put_back(commit, &before);
    undone->restored++;
}

/* ---- in steps ---- */

struct undoing {
    uint64_t import;
    struct contact_undone undone;
};

static size_t next_ids(struct db *db, uint64_t import, uint64_t ids[CONTACT_UNDO_ROWS]) {
    size_t count = 0;
    struct db_rows rows =
        DB_ROWS(db, contacts_next, DB_NUMBER(import), DB_NUMBER(0), DB_NUMBER(CONTACT_UNDO_ROWS));
    while (db_rows_next(&rows)) ids[count++] = db_rows_id(&rows, 0);
    return count;
}

static enum store_result undo_some(struct commit *commit, void *argument) {
    struct undoing *undoing = argument;
    struct db *db = commit->db;
    uint64_t ids[CONTACT_UNDO_ROWS];
    undoing->undone = (struct contact_undone){.has_more = false};
    int64_t undone_ms = DB_READ_NUMBER(db, import_undone_ms, -1, DB_NUMBER(undoing->import));
    if (undone_ms) return db_result(db, undone_ms < 0 ? STORE_NOT_FOUND : STORE_EXISTS);
    DB_RUN(db, import_close, DB_NUMBER(undoing->import));
    size_t count = next_ids(db, undoing->import, ids);
    struct arena *arena = arena_new(CHANGE_ARENA_BYTES);
    for (size_t i = 0; i < count; i++) {
        arena_reset(arena);
        undo_one(commit, arena, undoing->import, ids[i], &undoing->undone);
    }
    arena_free(&arena);
    undoing->undone.has_more = count == CONTACT_UNDO_ROWS;
    undoing->undone.kept = (uint64_t)DB_READ_NUMBER(db, import_touched, 0, DB_NUMBER(undoing->import));
    if (!undoing->undone.has_more)
        DB_RUN(db, import_undone, DB_NUMBER(undoing->import), DB_NUMBER(commit->now_ms));
    return db_failure(db);
}

enum store_result engine_contact_undo(struct task *t, struct engine *engine, uint64_t import,
                                      struct contact_undone *undone) {
    struct undoing undoing = {.import = import};
    struct commit_operation operation = {.run = undo_some, .argument = &undoing};
    uint64_t removed = 0;
    uint64_t restored = 0;
    enum store_result result;
    do {
        result = commit_run(t, &engine->queue, &operation);
        if (result != STORE_OK) return result;
        removed += undoing.undone.removed;
        restored += undoing.undone.restored;
    } while (undoing.undone.has_more && !task_is_cancelled(t));
    *undone = undoing.undone;
    undone->removed = removed;
    undone->restored = restored;
    undone->kept = undone->kept > removed + restored ? undone->kept - removed - restored : 0;
    return STORE_OK;
}

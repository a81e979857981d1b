/* engine_contact_import_*, engine_contact_batch: an import, batch by batch. */
#include "base/limits.h"
#include "store/contact_table.h"
#include "store/engine_state.h"

enum { ROW_ARENA_BYTES = 4 << 20, FINGERPRINT_BYTES_MAX = 64 };

#define IMPORT_COLUMNS                                                                                  \
    "id, at_ms, name, source, basis, added, changed, same, refused, suppressed, rows, chain, is_open, " \
    "undone_ms, batches"

static const char import_by_fingerprint[] =
    "SELECT " IMPORT_COLUMNS " FROM contact_import WHERE tenant = $1 AND is_open = 1 AND fingerprint = $2"
    " ORDER BY id DESC LIMIT 1";
static const char import_by_id[] = "SELECT " IMPORT_COLUMNS " FROM contact_import WHERE id = $1";
static const char imports_all[] =
    "SELECT " IMPORT_COLUMNS " FROM contact_import WHERE tenant = $1 ORDER BY id DESC LIMIT $2";
static const char import_insert[] = "INSERT INTO contact_import (id, tenant, at_ms, name, source, basis, "
                                    "fingerprint, is_open, batches, rows, chain,"
                                    " added, changed, same, refused, suppressed, undone_ms)"
                                    " VALUES ($1, $2, $3, $4, $5, $6, $7, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)";
static const char import_place[] = "SELECT batches FROM contact_import WHERE id = $1 AND is_open = 1";
static const char import_count[] =
    "UPDATE contact_import SET batches = batches + 1, rows = $2, chain = $3, added = added + $4, changed = "
    "changed + $5,"
    " same = same + $6, refused = refused + $7, suppressed = suppressed + $8 WHERE id = $1";
static const char import_close[] = "UPDATE contact_import SET is_open = 0 WHERE id = $1 AND is_open = 1";

static bool copy_all(struct arena *arena, struct contact_import *import) {
    return arena_try_copy(arena, import->name, &import->name) &&
           arena_try_copy(arena, import->source, &import->source) &&
           arena_try_copy(arena, import->basis, &import->basis);
}

/* False: no row, or no room. */
static bool import_next(struct db_rows *rows, struct arena *arena, struct contact_import *import) {
    if (!db_rows_next(rows)) return false;
    *import = (struct contact_import){.id = db_rows_id(rows, 0),
                                      .at_ms = db_rows_number(rows, 1),
                                      .name = db_rows_bytes(rows, 2),
                                      .source = db_rows_bytes(rows, 3),
                                      .basis = db_rows_bytes(rows, 4),
                                      .added = db_rows_id(rows, 5),
                                      .changed = db_rows_id(rows, 6),
                                      .same = db_rows_id(rows, 7),
                                      .refused = db_rows_id(rows, 8),
                                      .suppressed = db_rows_id(rows, 9),
                                      .rows = db_rows_id(rows, 10),
                                      .chain = db_rows_id(rows, 11),
                                      .is_open = db_rows_number(rows, 12) != 0,
                                      .undone_ms = db_rows_number(rows, 13),
                                      .batches = db_rows_id(rows, 14)};
    return copy_all(arena, import);
}

static enum store_result read_import(struct db *db, struct db_rows *rows, struct arena *arena,
                                     struct contact_import *import) {
    bool is_found = import_next(rows, arena, import);
    db_rows_end(rows);
    return is_found ? STORE_OK : db_result(db, STORE_NOT_FOUND);
}

enum store_result contact_import_get(struct db *db, struct arena *arena, uint64_t id,
                                     struct contact_import *import) {
    struct db_rows rows = DB_ROWS(db, import_by_id, DB_NUMBER(id));
    return read_import(db, &rows, arena, import);
}

/* ---- beginning and end ---- */

struct opening {
    const struct contact_import_start *start;
    struct arena *arena;
    struct contact_import *import;
};

static enum store_result open_import(struct commit *commit, void *argument) {
    const struct opening *opening = argument;
    const struct contact_import_start *start = opening->start;
    struct db *db = commit->db;
    struct db_rows rows =
        DB_ROWS(db, import_by_fingerprint, DB_NUMBER(start->tenant), DB_BYTES(start->fingerprint));
    enum store_result found = read_import(db, &rows, opening->arena, opening->import);
    if (found != STORE_NOT_FOUND) return found;
    uint64_t id = commit_id_new(commit);
    DB_RUN(db, import_insert, DB_NUMBER(id), DB_NUMBER(start->tenant), DB_NUMBER(commit->now_ms),
           DB_TEXT(start->name), DB_TEXT(start->source), DB_TEXT(start->basis), DB_BYTES(start->fingerprint));
    *opening->import = (struct contact_import){.id = id,
                                               .at_ms = commit->now_ms,
                                               .name = start->name,
                                               .source = start->source,
                                               .basis = start->basis,
                                               .is_open = true};
    return db_failure(db);
}

enum store_result engine_contact_import_open(struct task *t, struct engine *engine, struct arena *arena,
                                             const struct contact_import_start *start,
                                             struct contact_import *import) {
    struct opening opening = {start, arena, import};
    struct commit_operation operation = {.run = open_import, .argument = &opening};
    bool is_sound = start->source.len && contact_text_is_sound(start->source, CONTACT_TEXT_BYTES_MAX) &&
                    contact_basis_is_known(start->basis) && start->fingerprint.len &&
                    start->fingerprint.len <= FINGERPRINT_BYTES_MAX &&
                    contact_text_is_sound(start->name, CONTACT_TEXT_BYTES_MAX);
    return is_sound ? commit_run(t, &engine->queue, &operation) : STORE_REFUSED;
}

static enum store_result close_import(struct commit *commit, void *argument) {
    DB_RUN(commit->db, import_close, DB_NUMBER(*(const uint64_t *)argument));
    bool is_closed = db_changed(commit->db) > 0;
    return db_result(commit->db, is_closed ? STORE_OK : STORE_NOT_FOUND);
}

enum store_result engine_contact_import_close(struct task *t, struct engine *engine, uint64_t import) {
    struct commit_operation operation = {.run = close_import, .argument = &import};
    return commit_run(t, &engine->queue, &operation);
}

/* ---- a batch ---- */

struct batching {
    const struct contact_batch *batch;
    struct contact_batch_result *result;
    struct arena *arena;
    /* The row at work, and its memory. */
    struct arena *scratch;
    size_t row;
    /* NULL: only to say what would happen. */
    struct commit *commit;
    uint64_t counts[CONTACT_OUTCOMES];
};

static void note_difference(void *context, struct slice name, struct slice before, struct slice after) {
    struct batching *batching = context;
    struct contact_batch_result *result = batching->result;
    if (result->difference_count == batching->batch->differences_max) return;
    struct contact_difference *difference = &result->differences[result->difference_count];
    difference->row = batching->row;
    if (arena_try_copy(batching->arena, name, &difference->field) &&
        arena_try_copy(batching->arena, before, &difference->before) &&
        arena_try_copy(batching->arena, after, &difference->after))
        result->difference_count++;
}

/* What this import brought before it was broken off is not counted anew. */
static void take_row(struct batching *batching, struct db *db, struct suppression_book *book) {
    const struct contact_batch *batch = batching->batch;
    const struct contact_row *row = &batch->rows[batching->row];
    struct contact_judgement *judgement = &batching->result->judgements[batching->row];
    struct contact_judged judged;
    *judgement = (struct contact_judgement){.outcome = CONTACT_SUPPRESSED};
    arena_reset(batching->scratch);
    if (!suppression_book_find(book, row->address, &judgement->found)) {
        contact_judge(db, batching->scratch, batch->tenant, row, note_difference, batching, &judged);
        judgement->outcome = judged.outcome;
        if (batching->commit) contact_write(batching->commit, &judged, batch->import);
    }
    bool was_counted = judgement->outcome == CONTACT_SAME && judged.before.import == batch->import;
    if (!was_counted || !batch->import) batching->counts[judgement->outcome]++;
}

static void take_rows(struct batching *batching, struct db *db, struct arena *arena) {
    struct suppression_book *book = suppression_book_open(db, arena, batching->batch->tenant);
    batching->result->difference_count = 0;
    memset(batching->counts, 0, sizeof batching->counts);
    batching->scratch = arena_new(ROW_ARENA_BYTES);
    for (batching->row = 0; batching->row < batching->batch->row_count; batching->row++)
        take_row(batching, db, book);
    arena_free(&batching->scratch);
}

static void count_rows(struct commit *commit, const struct batching *batching) {
    const struct contact_batch *batch = batching->batch;
    const uint64_t *counts = batching->counts;
    DB_RUN(commit->db, import_count, DB_NUMBER(batch->import), DB_NUMBER(batch->rows_after),
           DB_NUMBER(batch->chain), DB_NUMBER(counts[CONTACT_ADDED]), DB_NUMBER(counts[CONTACT_CHANGED]),
           DB_NUMBER(counts[CONTACT_SAME]), DB_NUMBER(counts[CONTACT_REFUSED] + batch->refused),
           DB_NUMBER(counts[CONTACT_SUPPRESSED]));
}

/* A batch that is asked for again, because its answer was lost, was done before. */
static enum store_result run_batch(struct commit *commit, void *argument) {
    struct batching *batching = argument;
    const struct contact_batch *batch = batching->batch;
    int64_t batches = DB_READ_NUMBER(commit->db, import_place, -1, DB_NUMBER(batch->import));
    if (batches < 0) return db_result(commit->db, STORE_NOT_FOUND);
    if ((uint64_t)batches != batch->number)
        return (uint64_t)batches > batch->number ? STORE_EXISTS : STORE_REFUSED;
    batching->commit = commit;
    take_rows(batching, commit->db, commit->arena);
    count_rows(commit, batching);
    return db_failure(commit->db);
}

static enum store_result only_look(struct engine *engine, struct batching *batching) {
    struct arena *arena = arena_new(ROW_ARENA_BYTES);
    db_begin_read(engine->db);
    take_rows(batching, engine->db, arena);
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    arena_free(&arena);
    return result;
}

static bool is_sound(const struct contact_batch *batch) {
    if (batch->row_count > CONTACT_BATCH_ROWS || batch->rows_after > CONTACT_IMPORT_ROWS_MAX ||
        batch->differences_max > CONTACT_BATCH_ROWS)
        return false;
    for (size_t i = 0; i < batch->row_count; i++)
        if (!contact_row_is_sound(&batch->rows[i], false)) return false;
    return true;
}

enum store_result engine_contact_batch(struct task *t, struct engine *engine, struct arena *arena,
                                       const struct contact_batch *batch,
                                       struct contact_batch_result *result) {
    struct batching batching = {.batch = batch, .result = result, .arena = arena};
    struct commit_operation operation = {.run = run_batch, .argument = &batching};
    if (!is_sound(batch)) return STORE_REFUSED;
    result->judgements = ARENA_NEW_ARRAY(arena, struct contact_judgement, batch->row_count + 1);
    result->differences = ARENA_NEW_ARRAY(arena, struct contact_difference, batch->differences_max + 1);
    return batch->import ? commit_run(t, &engine->queue, &operation) : only_look(engine, &batching);
}

enum store_result engine_contact_imports(struct engine *engine, struct arena *arena, uint64_t tenant,
                                         struct contact_import **imports, size_t *count) {
    *imports = ARENA_NEW_ARRAY(arena, struct contact_import, CONTACT_IMPORTS_SHOWN);
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows =
        DB_ROWS(engine->db, imports_all, DB_NUMBER(tenant), DB_NUMBER(CONTACT_IMPORTS_SHOWN));
    while (import_next(&rows, arena, &(*imports)[*count])) (*count)++;
    db_rows_end(&rows);
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result;
}

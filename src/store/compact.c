/*
 * engine_compact: segments of which more than half is dead are emptied into the current one
 * and removed. Bodies move some at a time through the commit queue, like new ones: appended,
 * synced, then their rows changed, so that a crash at any point leaves each body with one good
 * place. The file goes after the commit that forgot the segment; a reader that still has an
 * old place finds the file gone and looks again.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "store/body_read.h"
#include "store/engine_state.h"
#include "store/scan.h"

static const char segment_wasteful[] =
    "SELECT number, bytes FROM segment WHERE number > $1 AND live_bytes * 2 < bytes"
    " AND number < (SELECT max(number) FROM segment) ORDER BY number LIMIT 1";
static const char body_of_segment[] =
    "SELECT id, place, stored_bytes, raw_bytes FROM body WHERE segment = $1 AND id > $2 ORDER BY id LIMIT $3";
static const char body_move[] =
    "UPDATE body SET segment = $4, place = $5 WHERE id = $1 AND segment = $2 AND place = $3";
static const char segment_forget[] = "DELETE FROM segment WHERE number = $1";

struct move {
    uint64_t id;
    struct body_place from;
    struct body_place to;
    bool is_good;
};

struct compaction {
    struct engine *engine;
    struct db *db;
    /* Reads in the commit lane, by places it is given. */
    struct body_reader bodies;
    struct buffer packed;
    uint64_t segment;
    uint64_t segment_bytes;
    uint64_t moved_bytes;
    struct move moves[STORE_COMPACT_RECORDS];
    size_t move_count;
    uint64_t last_id;
    bool has_damage;
};

/* ---- in the scan lane ---- */

static void next_segment(void *argument) {
    struct compaction *compaction = argument;
    db_failure_clear(compaction->db);
    struct db_rows rows = DB_ROWS(compaction->db, segment_wasteful, DB_NUMBER(compaction->segment));
    compaction->segment = 0;
    if (!db_rows_next(&rows)) return;
    compaction->segment = db_rows_id(&rows, 0);
    compaction->segment_bytes = db_rows_id(&rows, 1);
    db_rows_end(&rows);
}

static void next_moves(void *argument) {
    struct compaction *compaction = argument;
    uint64_t bytes = 0;
    compaction->move_count = 0;
    db_failure_clear(compaction->db);
    struct db_rows rows = DB_ROWS(compaction->db, body_of_segment, DB_NUMBER(compaction->segment),
                                  DB_NUMBER(compaction->last_id), DB_NUMBER(STORE_COMPACT_RECORDS));
    while (bytes < STORE_COMPACT_BYTES && db_rows_next(&rows)) {
        struct move *move = &compaction->moves[compaction->move_count++];
        *move = (struct move){
            db_rows_id(&rows, 0),
            {compaction->segment, db_rows_id(&rows, 1), db_rows_id(&rows, 2), db_rows_id(&rows, 3)},
            {0},
            false};
        compaction->last_id = move->id;
        bytes += move->from.stored_bytes;
    }
    db_rows_end(&rows);
}

static void remove_file(void *argument) {
    struct compaction *compaction = argument;
    char path[STORE_PATH_BYTES_MAX];
    if (segment_path(compaction->engine->folder, compaction->segment, path, sizeof path)) return;
    /* What stays is removed when the store is opened the next time. */
    (void)!file_remove(compaction->engine->env, path);
}

/* ---- in the commit lane ---- */

/* A body that cannot be read stays where it is, and with it its segment. */
static int append_moves(struct commit *commit, void *argument) {
    struct compaction *compaction = argument;
    int result = 0;
    for (size_t i = 0; i < compaction->move_count && result == 0; i++) {
        struct move *move = &compaction->moves[i];
        buffer_clear(&compaction->packed);
        move->is_good =
            body_read_packed(&compaction->bodies, move->id, &move->from, &compaction->packed) == STORE_OK;
        if (!move->is_good) continue;
        result = body_append_packed(commit->bodies, move->id, buffer_slice(&compaction->packed),
                                    move->from.raw_bytes, &move->to);
    }
    return result;
}

static enum store_result record_moves(struct commit *commit, void *argument) {
    struct compaction *compaction = argument;
    for (size_t i = 0; i < compaction->move_count; i++) {
        const struct move *move = &compaction->moves[i];
        if (!move->is_good) continue;
        DB_RUN(commit->db, body_move, DB_NUMBER(move->id), DB_NUMBER(move->from.segment),
               DB_NUMBER(move->from.place), DB_NUMBER(move->to.segment), DB_NUMBER(move->to.place));
        if (db_changed(commit->db) == 0) continue;
        body_count_live(commit->bodies, &move->to);
        body_count_dead(commit->db, &move->from);
    }
    return STORE_OK;
}

static enum store_result forget_segment(struct commit *commit, void *argument) {
    struct compaction *compaction = argument;
    DB_RUN(commit->db, segment_forget, DB_NUMBER(compaction->segment));
    return STORE_OK;
}

/* ---- on the loop ---- */

static enum store_result scan(struct task *t, struct compaction *compaction, void (*run)(void *argument)) {
    lane_run(t, compaction->engine->scan_lane, run, compaction);
    db_complain(compaction->db, compaction->engine->env->log);
    return db_failure(compaction->db);
}

static void note_damage(struct compaction *compaction) {
    for (size_t i = 0; i < compaction->move_count; i++) {
        const struct move *move = &compaction->moves[i];
        if (move->is_good) {
            compaction->moved_bytes += RECORD_HEADER_BYTES + move->from.stored_bytes;
            continue;
        }
        compaction->has_damage = true;
        LOG_ERROR(compaction->engine->env->log, "store.body_damaged", LOG_ID("body", move->id),
                  LOG_NUMBER("segment", move->from.segment), LOG_NUMBER("place", move->from.place));
    }
}

static enum store_result empty_segment(struct task *t, struct compaction *compaction) {
    compaction->last_id = 0;
    compaction->moved_bytes = 0;
    compaction->has_damage = false;
    for (;;) {
        enum store_result result = scan(t, compaction, next_moves);
        if (result != STORE_OK || compaction->move_count == 0) return result;
        struct commit_operation operation = {
            .run = record_moves, .argument = compaction, .append = append_moves};
        result = commit_run(t, &compaction->engine->queue, &operation);
        if (result != STORE_OK) return result;
        note_damage(compaction);
    }
}

static enum store_result compact_segment(struct task *t, struct compaction *compaction, uint64_t *freed) {
    enum store_result result = empty_segment(t, compaction);
    if (result != STORE_OK || compaction->has_damage) return result;
    struct commit_operation operation = {.run = forget_segment, .argument = compaction};
    result = commit_run(t, &compaction->engine->queue, &operation);
    if (result != STORE_OK) return result;
    lane_run(t, compaction->engine->scan_lane, remove_file, compaction);
    *freed += compaction->segment_bytes - compaction->moved_bytes;
    return STORE_OK;
}

static enum store_result compact_all(struct task *t, struct compaction *compaction, uint64_t *freed) {
    for (;;) {
        enum store_result result = scan(t, compaction, next_segment);
        if (result != STORE_OK || compaction->segment == 0 || task_is_cancelled(t)) return result;
        result = compact_segment(t, compaction, freed);
        if (result != STORE_OK) return result;
    }
}

enum store_result engine_compact(struct task *t, struct engine *engine, uint64_t *freed_bytes) {
    *freed_bytes = 0;
    struct db *db = NULL;
    enum store_result result = scan_begin(engine, &db);
    if (result != STORE_OK) return result;
    struct compaction *compaction = calloc(1, sizeof *compaction);
    if (!compaction) FATAL("out of memory for a compaction");
    compaction->engine = engine;
    compaction->db = db;
    compaction->packed = buffer_new(STORE_BODY_BYTES_MAX);
    body_reader_open(&compaction->bodies, engine->env, engine->folder, NULL);
    result = compact_all(t, compaction, freed_bytes);
    body_reader_close(&compaction->bodies);
    buffer_free(&compaction->packed);
    free(compaction);
    scan_end(engine, &db);
    return result;
}

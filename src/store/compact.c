/*
 * Compaction: segments of which much is dead are emptied into the current one and removed. The
 * records of a segment are walked in their order; the database says which are live. Those are
 * read beside the service, some at a time, then go through the commit queue like new bodies:
 * appended, synced, then their rows changed, so that a crash at any point leaves each body with
 * one good place and a later walk finds what is left. The file goes after the commit that forgot
 * the segment, and not while a scan runs, which may have seen it; a reader that has an old place
 * finds the file gone and looks again, one that has the file open is told to close it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "store/body_read.h"
#include "store/engine_state.h"
#include "store/scan.h"

static const char segment_wasteful[] =
    "SELECT number, bytes FROM segment WHERE live_bytes * 8 <= bytes * $1 AND number < $2 AND number > $3"
    " ORDER BY number LIMIT $4";
static const char segment_newest[] = "SELECT coalesce(max(number), 0) FROM segment";
static const char segment_is_wasteful[] =
    "SELECT live_bytes * 8 <= bytes * $1 FROM segment WHERE number = $2 AND bytes > 0";
static const char segment_add[] =
    "INSERT INTO segment (number, bytes, live_bytes, live_count, raw_bytes) VALUES ($1, 0, 0, 0, 0)"
    " ON CONFLICT DO NOTHING";
static const char segment_forget[] = "DELETE FROM segment WHERE number = $1 AND live_count = 0"
                                     " AND number < (SELECT max(number) FROM segment)";
static const char body_move[] =
    "UPDATE body SET segment = $4, place = $5 WHERE id = $1 AND segment = $2 AND place = $3";

/* How many eighths may be live of a segment that is compacted: by itself, and when it is asked for. */
enum { LIVE_EIGHTHS = 4, LIVE_EIGHTHS_FORCED = 7 };

struct move {
    uint64_t id;
    struct body_place from;
    struct body_place to;
    /* Where it lies in `packed`. */
    size_t at;
    /* False: it was removed or moved meanwhile. */
    bool is_recorded;
};

struct segment_row {
    uint64_t number;
    uint64_t bytes;
};

struct compaction {
    struct engine *engine;
    struct db *db;
    bool is_forced;
    struct segment_row rows[STORE_COMPACT_SEGMENTS];
    size_t row_count;
    /* Rows above this and below the limit are looked at. */
    uint64_t after;
    uint64_t limit;
    /* The segment at hand, and how far the walk came. */
    struct segment_row segment;
    struct file *file;
    uint64_t place;
    uint64_t moved_bytes;
    bool has_damage;
    bool is_forgotten;
    /* One step. */
    struct buffer packed;
    struct move moves[STORE_COMPACT_RECORDS];
    size_t move_count;
    struct compact_report *report;
    void (*progress)(void *context, struct slice line);
    void *context;
};

/* ---- in the upkeep lane ---- */

static int64_t live_eighths(const struct compaction *c) {
    return c->is_forced ? LIVE_EIGHTHS_FORCED : LIVE_EIGHTHS;
}

static void list_segments(void *argument) {
    struct compaction *c = argument;
    c->row_count = 0;
    db_failure_clear(c->db);
    struct db_rows rows = DB_ROWS(c->db, segment_wasteful, DB_NUMBER(live_eighths(c)), DB_NUMBER(c->limit),
                                  DB_NUMBER(c->after), DB_NUMBER(STORE_COMPACT_SEGMENTS));
    while (db_rows_next(&rows))
        c->rows[c->row_count++] = (struct segment_row){db_rows_id(&rows, 0), db_rows_id(&rows, 1)};
    if (c->row_count) c->after = c->rows[c->row_count - 1].number;
}

static void find_newest(void *argument) {
    struct compaction *c = argument;
    db_failure_clear(c->db);
    c->limit = (uint64_t)DB_READ_NUMBER(c->db, segment_newest, 0);
}

static bool read_header(const struct compaction *c, struct record *record) {
    uint8_t header[RECORD_HEADER_BYTES];
    return file_read(c->file, header, sizeof header, c->place) == (int64_t)sizeof header &&
           record_header_read(header, record);
}

static bool read_packed(struct compaction *c, const struct body_place *place) {
    uint8_t *room = buffer_reserve(&c->packed, (size_t)place->stored_bytes);
    if (!room || file_read(c->file, room, (size_t)place->stored_bytes, place->place + RECORD_HEADER_BYTES) !=
                     (int64_t)place->stored_bytes)
        return false;
    buffer_grew(&c->packed, (size_t)place->stored_bytes);
    return true;
}

/* A live body that cannot be read stays where it is, and with it its segment. Behind a header that cannot
   be read nothing is found any more. */
static void take_record(struct compaction *c) {
    struct record record;
    struct body_place row;
    if (!read_header(c, &record) || record.stored_bytes > c->segment.bytes - c->place) {
        c->has_damage = true;
        return;
    }
    bool is_known = body_find(c->db, record.id, &row) == STORE_OK;
    if (db_failure(c->db) != STORE_OK) return;
    if (is_known && row.segment == c->segment.number && row.place == c->place) {
        size_t at = c->packed.len;
        if (row.stored_bytes == record.stored_bytes && read_packed(c, &row))
            c->moves[c->move_count++] = (struct move){.id = record.id, .from = row, .at = at};
        else
            c->has_damage = true;
    }
    c->place += RECORD_HEADER_BYTES + record.stored_bytes;
}

static void open_segment(struct compaction *c) {
    char path[STORE_PATH_BYTES_MAX];
    if (segment_path(c->engine->folder, c->segment.number, path, sizeof path) ||
        file_open(c->engine->env, path, FILE_READ, &c->file))
        c->has_damage = true;
}

static void walk(void *argument) {
    struct compaction *c = argument;
    c->move_count = 0;
    buffer_clear(&c->packed);
    db_failure_clear(c->db);
    if (!c->file) open_segment(c);
    while (!c->has_damage && c->place < c->segment.bytes && db_failure(c->db) == STORE_OK &&
           c->move_count < STORE_COMPACT_RECORDS && c->packed.len < STORE_COMPACT_BYTES)
        take_record(c);
}

static void remove_file(void *argument) {
    struct compaction *c = argument;
    char path[STORE_PATH_BYTES_MAX];
    if (segment_path(c->engine->folder, c->segment.number, path, sizeof path)) return;
    /* What stays is removed when the store is opened the next time. */
    (void)!file_remove(c->engine->env, path);
}

/* ---- in the commit lane ---- */

static int append_moves(struct commit *commit, void *argument) {
    struct compaction *c = argument;
    int result = 0;
    for (size_t i = 0; i < c->move_count && result == 0; i++) {
        struct move *move = &c->moves[i];
        struct slice packed = slice_sub(buffer_slice(&c->packed), move->at, move->from.stored_bytes);
        result = body_append_packed(commit->bodies, move->id, packed, move->from.raw_bytes, &move->to);
    }
    return result;
}

static enum store_result record_moves(struct commit *commit, void *argument) {
    struct compaction *c = argument;
    for (size_t i = 0; i < c->move_count; i++) {
        struct move *move = &c->moves[i];
        DB_RUN(commit->db, body_move, DB_NUMBER(move->id), DB_NUMBER(move->from.segment),
               DB_NUMBER(move->from.place), DB_NUMBER(move->to.segment), DB_NUMBER(move->to.place));
        move->is_recorded = db_failure(commit->db) == STORE_OK && db_changed(commit->db) > 0;
        if (!move->is_recorded) continue;
        body_count_live(commit->bodies, &move->to);
        body_count_dead(commit->db, &move->from);
    }
    return STORE_OK;
}

static enum store_result forget_segment(struct commit *commit, void *argument) {
    struct compaction *c = argument;
    DB_RUN(commit->db, segment_forget, DB_NUMBER(c->segment.number));
    c->is_forgotten = db_changed(commit->db) > 0;
    return STORE_OK;
}

/* The current segment is full from now on where too much of it is dead. */
static enum store_result seal_current(struct commit *commit, void *argument) {
    const struct compaction *c = argument;
    if (DB_READ_NUMBER(commit->db, segment_is_wasteful, 0, DB_NUMBER(live_eighths(c)),
                       DB_NUMBER(commit->bodies->segment)))
        body_seal(commit->bodies);
    return STORE_OK;
}

static int append_nothing(struct commit *commit, void *argument) {
    (void)commit;
    (void)argument;
    return 0;
}

/* Whatever the current segment is now has its row, so that those before it can be forgotten. */
static enum store_result record_current(struct commit *commit, void *argument) {
    (void)argument;
    DB_RUN(commit->db, segment_add, DB_NUMBER(commit->bodies->segment));
    return STORE_OK;
}

/* ---- on the loop ---- */

static enum store_result scan(struct task *t, struct compaction *c, void (*run)(void *argument)) {
    lane_run(t, c->engine->upkeep.lane, run, c);
    db_complain(c->db, c->engine->env->log);
    return db_failure(c->db);
}

static enum store_result commit_step(struct task *t, struct compaction *c,
                                     struct commit_operation operation) {
    operation.argument = c;
    return commit_run(t, &c->engine->queue, &operation);
}

static enum store_result move_bodies(struct task *t, struct compaction *c) {
    enum store_result result =
        commit_step(t, c, (struct commit_operation){.run = record_moves, .append = append_moves});
    if (result != STORE_OK) return result;
    for (size_t i = 0; i < c->move_count; i++)
        if (c->moves[i].is_recorded) c->moved_bytes += RECORD_HEADER_BYTES + c->moves[i].from.stored_bytes;
    return STORE_OK;
}

/* False: this is over, because the store closes, or because somebody waits for a compaction to begin. */
static bool rest(struct task *t, struct compaction *c) {
    if (c->is_forced) return task_yield(t) == WAIT_OK;
    int64_t pause_ms = (int64_t)c->packed.len * 1000 / STORE_COMPACT_BYTES_PER_SECOND;
    if (pause_ms < STORE_UPKEEP_STEP_MS) pause_ms = STORE_UPKEEP_STEP_MS;
    return task_sleep(t, pause_ms) == WAIT_OK && c->engine->upkeep.waiting == 0;
}

static enum store_result empty_segment(struct task *t, struct compaction *c) {
    do {
        enum store_result result = scan(t, c, walk);
        if (result == STORE_OK && c->move_count) result = move_bodies(t, c);
        if (result != STORE_OK) return result;
        if (!rest(t, c)) return STORE_GONE;
    } while (!c->has_damage && c->place < c->segment.bytes);
    return STORE_OK;
}

static void tell(struct compaction *c) {
    uint64_t freed_bytes = c->segment.bytes - c->moved_bytes;
    LOG_INFO(c->engine->env->log, "store.compacted", LOG_NUMBER("segment", c->segment.number),
             LOG_NUMBER("freed_bytes", freed_bytes), LOG_NUMBER("moved_bytes", c->moved_bytes));
    c->report->segments++;
    c->report->freed_bytes += freed_bytes;
    c->report->moved_bytes += c->moved_bytes;
    if (!c->progress) return;
    char line[128];
    int len = snprintf(line, sizeof line, "segment %llu: %llu bytes freed, %llu moved",
                       (unsigned long long)c->segment.number, (unsigned long long)freed_bytes,
                       (unsigned long long)c->moved_bytes);
    c->progress(c->context, slice_of(line, (size_t)len));
}

/* A scan that began before the segment was forgotten still reads it. */
static enum store_result remove_segment(struct task *t, struct compaction *c) {
    struct engine *engine = c->engine;
    enum store_result result = commit_step(t, c, (struct commit_operation){.run = forget_segment});
    if (result != STORE_OK || !c->is_forgotten) return result;
    while (engine->is_scanning)
        if (gate_wait(t, &engine->scan_ended, DEADLINE_NONE) != WAIT_OK) return STORE_GONE;
    lane_run(t, engine->upkeep.lane, remove_file, c);
    body_reader_forget(&engine->outgoing, c->segment.number);
    if (engine->on_segment_gone) engine->on_segment_gone(engine->queue.context, c->segment.number);
    tell(c);
    return STORE_OK;
}

static void note_damage(const struct compaction *c) {
    LOG_ERROR(c->engine->env->log, "store.segment_damaged", LOG_NUMBER("segment", c->segment.number),
              LOG_NUMBER("place", c->place),
              LOG_CSTR("next", "it is kept; posthaste verify tells which bodies"));
}

static enum store_result compact_segment(struct task *t, struct compaction *c, struct segment_row segment) {
    c->segment = segment;
    c->place = c->moved_bytes = 0;
    c->has_damage = c->is_forgotten = false;
    enum store_result result = empty_segment(t, c);
    file_close(&c->file);
    if (result == STORE_OK && c->has_damage) note_damage(c);
    return result == STORE_OK && !c->has_damage ? remove_segment(t, c) : result;
}

static enum store_result begin(struct engine *engine, bool is_forced, struct compact_report *report,
                               struct compaction **out) {
    struct upkeep *upkeep = &engine->upkeep;
    *report = (struct compact_report){0};
    struct db *db = is_forced ? NULL : upkeep->db;
    if (!db && engine_read_open(engine, &db)) return STORE_FAILED;
    db_failure_clear(db);
    if (!upkeep->lane) upkeep->lane = lane_open(engine->env, "upkeep", 1);
    upkeep->is_compacting = true;
    struct compaction *c = calloc(1, sizeof *c);
    if (!c) FATAL("out of memory for a compaction");
    c->engine = engine;
    c->db = db;
    c->is_forced = is_forced;
    c->report = report;
    c->packed = buffer_new(STORE_BODY_BYTES_MAX + STORE_COMPACT_BYTES);
    *out = c;
    return STORE_OK;
}

static void end(struct compaction *c) {
    struct engine *engine = c->engine;
    if (c->db != engine->upkeep.db) db_close(&c->db);
    buffer_free(&c->packed);
    free(c);
    engine->upkeep.is_compacting = false;
    gate_open(&engine->upkeep.ended);
}

/* ---- by itself ---- */

static bool is_among(const uint64_t *numbers, size_t count, uint64_t number) {
    for (size_t i = 0; i < count; i++)
        if (numbers[i] == number) return true;
    return false;
}

/* Keeps those that were noted the last time, and notes all. Damaged ones are left alone. */
static void choose_segments(struct upkeep *upkeep, struct compaction *c) {
    uint64_t before[STORE_COMPACT_SEGMENTS];
    size_t before_count = upkeep->noted_count;
    size_t count = 0;
    memcpy(before, upkeep->noted, sizeof before);
    upkeep->noted_count = 0;
    for (size_t i = 0; i < c->row_count; i++) {
        uint64_t number = c->rows[i].number;
        if (is_among(upkeep->damaged, upkeep->damaged_count, number)) continue;
        upkeep->noted[upkeep->noted_count++] = number;
        if (is_among(before, before_count, number)) c->rows[count++] = c->rows[i];
    }
    c->row_count = count;
}

static enum store_result compact_noted(struct task *t, struct compaction *c) {
    struct upkeep *upkeep = &c->engine->upkeep;
    enum store_result result = scan(t, c, find_newest);
    if (result == STORE_OK) result = scan(t, c, list_segments);
    if (result != STORE_OK) return result;
    choose_segments(upkeep, c);
    for (size_t i = 0; i < c->row_count && result == STORE_OK; i++) {
        result = compact_segment(t, c, c->rows[i]);
        if (c->has_damage && upkeep->damaged_count < STORE_COMPACT_SEGMENTS)
            upkeep->damaged[upkeep->damaged_count++] = c->rows[i].number;
    }
    return result;
}

enum store_result compact_round(struct task *t, struct engine *engine) {
    struct compact_report report;
    struct compaction *c = NULL;
    if (engine->upkeep.is_compacting) return STORE_OK;
    enum store_result result = begin(engine, false, &report, &c);
    if (result != STORE_OK) return result;
    result = compact_noted(t, c);
    end(c);
    return result;
}

/* ---- asked for ---- */

static enum store_result compact_all(struct task *t, struct compaction *c) {
    enum store_result result = commit_step(t, c, (struct commit_operation){.run = seal_current});
    if (result == STORE_OK)
        result =
            commit_step(t, c, (struct commit_operation){.run = record_current, .append = append_nothing});
    if (result == STORE_OK) result = scan(t, c, find_newest);
    while (result == STORE_OK) {
        result = scan(t, c, list_segments);
        if (c->row_count == 0) return result;
        for (size_t i = 0; i < c->row_count && result == STORE_OK; i++)
            result = compact_segment(t, c, c->rows[i]);
    }
    return result;
}

enum store_result engine_compact(struct task *t, struct engine *engine,
                                 void (*progress)(void *context, struct slice line), void *context,
                                 struct compact_report *report) {
    struct upkeep *upkeep = &engine->upkeep;
    struct compaction *c = NULL;
    enum wait_result waited = WAIT_OK;
    upkeep->waiting++;
    while (upkeep->is_compacting && waited == WAIT_OK) waited = gate_wait(t, &upkeep->ended, DEADLINE_NONE);
    upkeep->waiting--;
    if (waited != WAIT_OK) return STORE_GONE;
    enum store_result result = begin(engine, true, report, &c);
    if (result != STORE_OK) return result;
    c->progress = progress;
    c->context = context;
    result = compact_all(t, c);
    end(c);
    return result;
}

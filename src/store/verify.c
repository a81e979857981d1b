#include "store/verify.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/limits.h"
#include "store/scan.h"

static const char body_next[] = "SELECT id, raw_bytes FROM body WHERE id > $1 ORDER BY id LIMIT $2";

enum { PIECE_BYTES = 8 * BODY_FRAME_BYTES, FAULTS_BYTES_MAX = 1024 * 1024, LINE_BYTES_MAX = 400 };

void verify_fault(struct verify *verify, const char *format, ...) {
    char line[LINE_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    verify->report->faults++;
    buffer_append_text(&verify->faults, line);
    buffer_append_byte(&verify->faults, '\n');
}

/* ---- bodies ---- */

/* Reads it from end to end: every frame has its checksum, and the lengths must add up. */
static void verify_body(struct verify *verify, uint64_t body, uint64_t raw_bytes) {
    struct buffer raw = buffer_new(2 * PIECE_BYTES);
    uint64_t done = 0;
    enum store_result result = STORE_OK;
    do {
        buffer_clear(&raw);
        result = body_read(&verify->bodies, body, done, PIECE_BYTES, &raw);
        done += raw.len;
    } while (result == STORE_OK && raw.len > 0 && done < raw_bytes);
    buffer_free(&raw);
    /* It may have been removed since its row was read. */
    if (result == STORE_NOT_FOUND) return;
    verify->report->bodies++;
    if (result != STORE_OK || done != raw_bytes)
        verify_fault(verify, "body %016llx is damaged or missing", (unsigned long long)body);
}

void verify_bodies(void *argument) {
    struct verify *verify = argument;
    struct {
        uint64_t id;
        uint64_t raw_bytes;
    } bodies[STORE_VERIFY_ROWS];
    size_t count = 0;
    db_failure_clear(verify->db);
    struct db_rows rows =
        DB_ROWS(verify->db, body_next, DB_NUMBER(verify->last_id), DB_NUMBER(STORE_VERIFY_ROWS));
    while (db_rows_next(&rows)) {
        bodies[count].id = db_rows_id(&rows, 0);
        bodies[count++].raw_bytes = db_rows_id(&rows, 1);
    }
    for (size_t i = 0; i < count; i++) verify_body(verify, bodies[i].id, bodies[i].raw_bytes);
    if (count) verify->last_id = bodies[count - 1].id;
    verify->is_done = count < STORE_VERIFY_ROWS;
}

/* ---- the steps, one after the other ---- */

struct teller {
    struct engine *engine;
    struct verify verify;
    void (*fault)(void *context, struct slice line);
    void *context;
};

static void tell_faults(struct teller *teller) {
    struct slice lines = buffer_slice(&teller->verify.faults);
    while (lines.len) {
        struct slice line = slice_take_until(&lines, '\n');
        (void)slice_take_byte(&lines, '\n');
        if (teller->fault && line.len) teller->fault(teller->context, line);
    }
    buffer_clear(&teller->verify.faults);
}

static enum store_result run_step(struct task *t, struct teller *teller, void (*step)(void *argument)) {
    lane_run(t, teller->engine->scan_lane, step, &teller->verify);
    db_complain(teller->verify.db, teller->engine->env->log);
    if (db_failure(teller->verify.db) != STORE_OK)
        verify_fault(&teller->verify, "the database cannot be read");
    tell_faults(teller);
    return db_failure(teller->verify.db);
}

static enum store_result run_series(struct task *t, struct teller *teller, void (*step)(void *argument)) {
    enum store_result result = STORE_OK;
    teller->verify.last_id = 0;
    teller->verify.is_done = false;
    while (result == STORE_OK && !teller->verify.is_done && !task_is_cancelled(t))
        result = run_step(t, teller, step);
    return result;
}

static enum store_result run_all(struct task *t, struct teller *teller) {
    enum store_result result = run_step(t, teller, verify_database);
    if (result == STORE_OK) result = run_step(t, teller, verify_accounts);
    if (result == STORE_OK) result = run_step(t, teller, verify_segments);
    if (result == STORE_OK) result = run_step(t, teller, verify_threads);
    if (result == STORE_OK) result = run_step(t, teller, verify_queue);
    if (result == STORE_OK) result = run_step(t, teller, verify_campaigns);
    if (result == STORE_OK) result = run_series(t, teller, verify_mailboxes);
    if (result == STORE_OK) result = run_series(t, teller, verify_references);
    if (result == STORE_OK) result = run_series(t, teller, verify_bodies);
    return result;
}

enum store_result engine_verify(struct task *t, struct engine *engine,
                                void (*fault)(void *context, struct slice line), void *context,
                                struct verify_report *report) {
    struct teller teller = {.engine = engine, .fault = fault, .context = context};
    *report = (struct verify_report){0};
    enum store_result result = scan_begin(engine, &teller.verify.db);
    if (result != STORE_OK) return result;
    teller.verify.report = report;
    teller.verify.faults = buffer_new(FAULTS_BYTES_MAX);
    body_reader_open(&teller.verify.bodies, engine->env, engine->folder, teller.verify.db);
    result = run_all(t, &teller);
    body_reader_close(&teller.verify.bodies);
    buffer_free(&teller.verify.faults);
    scan_end(engine, &teller.verify.db);
    return result;
}

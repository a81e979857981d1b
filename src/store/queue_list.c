/* Lists of what waits: a line for each destination, or for each message. Read in the scan lane, for there may
   be millions of rows. */
#include "base/limits.h"
#include "store/engine_queue.h"
#include "store/scan.h"

static const char summaries[] =
    "SELECT destination.id, route, domain, destination.due_ms, failures, reason, found.count, found.held,"
    " coalesce((SELECT received_ms FROM outgoing WHERE outgoing.message = found.oldest), 0), found.due_ms,"
    " count(*) OVER () FROM (SELECT destination, count(*) AS count, sum(due_ms = $1) AS held, min(message) AS"
    " oldest, min(due_ms) AS due_ms FROM recipient WHERE destination <> $2 GROUP BY destination) AS found"
    " JOIN destination ON destination.id = found.destination ORDER BY found.count DESC, domain LIMIT $3";
static const char list_all[] =
    "SELECT outgoing.message, received_ms, mail_from, body.raw_bytes, stream FROM outgoing"
    " JOIN body ON body.id = outgoing.message WHERE outgoing.message > $1 AND"
    " ($2 = '' OR mail_from = $2 COLLATE NOCASE) AND ($3 = 3 OR EXISTS (SELECT 1 FROM recipient WHERE"
    " recipient.message = outgoing.message AND state = $3)) ORDER BY outgoing.message LIMIT $4";
static const char list_domain[] =
    "SELECT outgoing.message, received_ms, mail_from, body.raw_bytes, stream FROM (SELECT DISTINCT message "
    "FROM"
    " recipient WHERE destination IN (SELECT id FROM destination WHERE domain = $5 COLLATE NOCASE) AND"
    " message > $1) AS found JOIN outgoing ON outgoing.message = found.message JOIN body ON"
    " body.id = outgoing.message WHERE ($2 = '' OR mail_from = $2 COLLATE NOCASE) AND ($3 = 3 OR EXISTS"
    " (SELECT 1 FROM recipient WHERE recipient.message = outgoing.message AND state = $3))"
    " ORDER BY outgoing.message LIMIT $4";
static const char line_states[] =
    "SELECT sum(state = 0), sum(state = 1), sum(state = 2), min(due_ms), min(address) FROM recipient"
    " WHERE message = $1";

/* A list that is read in the lane. */
struct reading {
    struct db *db;
    struct arena *arena;
    size_t max;
    const struct queue_filter *filter;
    struct queue_overview *overview;
    struct queue_listing *listing;
    bool has_no_room;
};

static struct slice copy(struct reading *reading, struct slice bytes) {
    struct slice copied = SLICE_EMPTY;
    if (!arena_try_copy(reading->arena, bytes, &copied)) reading->has_no_room = true;
    return copied;
}

/* ---- by destination ---- */

static void read_summary(struct reading *reading, const struct db_rows *rows, struct queue_summary *line) {
    uint64_t count = db_rows_id(rows, 6);
    *line = (struct queue_summary){.destination = {.id = db_rows_id(rows, 0),
                                                   .route = db_rows_id(rows, 1),
                                                   .domain = copy(reading, db_rows_bytes(rows, 2)),
                                                   .due_ms = db_rows_number(rows, 3),
                                                   .failures = (uint32_t)db_rows_number(rows, 4),
                                                   .reason = copy(reading, db_rows_bytes(rows, 5))},
                                   .waiting = count - db_rows_id(rows, 7),
                                   .held = db_rows_id(rows, 7),
                                   .oldest_ms = db_rows_number(rows, 8),
                                   .next_ms = db_rows_number(rows, 9)};
    /* While it cannot be reached, nothing is tried before. */
    if (line->destination.failures && line->next_ms < line->destination.due_ms)
        line->next_ms = line->destination.due_ms;
}

static void read_overview(void *argument) {
    struct reading *reading = argument;
    struct queue_overview *overview = reading->overview;
    overview->lines = ARENA_NEW_ARRAY(reading->arena, struct queue_summary, reading->max);
    db_begin_read(reading->db);
    struct db_rows rows = DB_ROWS(reading->db, summaries, DB_NUMBER(QUEUE_NEVER),
                                  DB_NUMBER(DESTINATION_REPORTS), DB_NUMBER(reading->max));
    while (overview->count < reading->max && db_rows_next(&rows)) {
        overview->destinations = db_rows_id(&rows, 10);
        read_summary(reading, &rows, &overview->lines[overview->count++]);
    }
    db_rows_end(&rows);
    (void)db_commit(reading->db);
}

/* ---- by message ---- */

static void read_line(struct reading *reading, const struct db_rows *rows, struct queue_line *line) {
    *line = (struct queue_line){.message = db_rows_id(rows, 0),
                                .received_ms = db_rows_number(rows, 1),
                                .mail_from = copy(reading, db_rows_bytes(rows, 2)),
                                .raw_bytes = db_rows_id(rows, 3),
                                .stream = (enum queue_stream)db_rows_number(rows, 4)};
    struct db_rows states = DB_ROWS(reading->db, line_states, DB_NUMBER(line->message));
    if (db_rows_next(&states)) {
        for (int state = 0; state < QUEUE_STATES; state++) line->states[state] = db_rows_id(&states, state);
        line->next_ms = db_rows_number(&states, 3);
        line->address = copy(reading, db_rows_bytes(&states, 4));
    }
    db_rows_end(&states);
}

static struct db_rows list_rows(struct reading *reading) {
    const struct queue_filter *filter = reading->filter;
    if (filter->domain.len == 0)
        return DB_ROWS(reading->db, list_all, DB_NUMBER(filter->after), DB_TEXT(filter->sender),
                       DB_NUMBER(filter->state), DB_NUMBER(reading->max + 1));
    return DB_ROWS(reading->db, list_domain, DB_NUMBER(filter->after), DB_TEXT(filter->sender),
                   DB_NUMBER(filter->state), DB_NUMBER(reading->max + 1), DB_TEXT(filter->domain));
}

static void read_listing(void *argument) {
    struct reading *reading = argument;
    struct queue_listing *listing = reading->listing;
    listing->lines = ARENA_NEW_ARRAY(reading->arena, struct queue_line, reading->max);
    db_begin_read(reading->db);
    struct db_rows rows = list_rows(reading);
    while (db_rows_next(&rows)) {
        listing->has_more = listing->count == reading->max;
        if (listing->has_more) break;
        read_line(reading, &rows, &listing->lines[listing->count++]);
    }
    db_rows_end(&rows);
    (void)db_commit(reading->db);
}

/* ---- in the lane ---- */

static enum store_result read_in_lane(struct task *t, struct engine *engine, struct reading *reading,
                                      void (*read)(void *argument)) {
    enum store_result result = scan_begin(engine, &reading->db);
    if (result != STORE_OK) return result;
    if (reading->max > QUEUE_LIST_ROWS_MAX) reading->max = QUEUE_LIST_ROWS_MAX;
    lane_run(t, engine->scan_lane, read, reading);
    db_complain(reading->db, engine->env->log);
    result = db_failure(reading->db);
    scan_end(engine, &reading->db);
    return result == STORE_OK && reading->has_no_room ? STORE_BUSY : result;
}

enum store_result engine_queue_overview(struct task *t, struct engine *engine, struct arena *arena,
                                        size_t max, struct queue_overview *overview) {
    struct reading reading = {.arena = arena, .max = max, .overview = overview};
    *overview = (struct queue_overview){0};
    return read_in_lane(t, engine, &reading, read_overview);
}

enum store_result engine_queue_list(struct task *t, struct engine *engine, struct arena *arena,
                                    const struct queue_filter *filter, struct queue_listing *listing) {
    struct reading reading = {.arena = arena, .max = filter->max, .filter = filter, .listing = listing};
    *listing = (struct queue_listing){0};
    return read_in_lane(t, engine, &reading, read_listing);
}

/* What became of an attempt, and of a destination. */
#include "base/limits.h"
#include "store/campaign_table.h"
#include "store/engine_queue.h"
#include "store/engine_state.h"
#include "store/flight.h"
#include "store/queue.h"
#include "store/tls_result.h"
#include "wire/smtp_parameter.h"

static const char sender_of[] = "SELECT mail_from, properties FROM outgoing WHERE message = $1";
static const char recipient_one[] = "SELECT destination, stream, state, due_ms, notify, address FROM "
                                    "recipient WHERE message = $1 AND number = $2";
static const char recipient_deferred[] = "UPDATE recipient SET due_ms = $3, attempts = attempts + 1, outcome "
                                         "= 2, status = $4, reply = $5, host = $6,"
                                         " same_host = $7 WHERE message = $1 AND number = $2";
static const char recipient_reporting[] =
    "UPDATE recipient SET destination = 1, state = 2, due_ms = $3, attempts = attempts + 1, outcome = $4,"
    " status = $5, reply = $6, host = $7, same_host = '' WHERE message = $1 AND number = $2";
static const char due_here[] =
    "SELECT 1 FROM recipient WHERE message = $1 AND +destination = $2 AND due_ms <= $3 LIMIT 1";

struct settle_request {
    const struct settlement *settlement;
    bool *is_left;
};

/* A recipient's row, as far as a settlement asks. */
struct row {
    uint64_t destination;
    enum queue_stream stream;
    enum queue_state state;
    int64_t due_ms;
    uint32_t notify;
    struct slice address;
};

/* A settlement at work. */
struct settling {
    struct commit *commit;
    const struct settlement *settlement;
    bool has_sender;
    bool is_report;
    /* Rows that it is about, whether they were settled before or not. */
    size_t found;
    /* The first time at which any is due again. */
    int64_t due_ms;
    struct flight flight;
};

static bool row_read(struct commit *commit, uint64_t message, uint32_t number, struct row *row) {
    struct db_rows rows = DB_ROWS(commit->db, recipient_one, DB_NUMBER(message), DB_NUMBER(number));
    if (!db_rows_next(&rows)) return false;
    *row = (struct row){.destination = db_rows_id(&rows, 0),
                        .stream = (enum queue_stream)db_rows_number(&rows, 1),
                        .state = (enum queue_state)db_rows_number(&rows, 2),
                        .due_ms = db_rows_number(&rows, 3),
                        .notify = (uint32_t)db_rows_number(&rows, 4),
                        .address = arena_copy(commit->arena, db_rows_bytes(&rows, 5))};
    db_rows_end(&rows);
    return true;
}

/* RFC 3461 4.1: a failure is reported unless NOTIFY says otherwise, a success only where it was asked for,
   and by the last host that could have passed the wish on. To the null sender nothing is ever reported (RFC
   5321 4.5.5). */
static bool owes_report(const struct settling *settling, const struct row *row,
                        const struct settled_recipient *settled) {
    if (!settling->has_sender) return false;
    if (settled->outcome == QUEUE_DELIVERED)
        return settled->is_last_with_dsn && (row->notify & SMTP_NOTIFY_SUCCESS);
    return row->notify == 0 || (row->notify & SMTP_NOTIFY_FAILURE);
}

static struct slice reply_cut(struct slice reply) {
    struct slice cut = slice_sub(reply, 0, QUEUE_REPLY_BYTES_MAX);
    /* Not within a UTF-8 character. */
    while (cut.len && cut.len < reply.len && (reply.ptr[cut.len] & 0xc0) == 0x80) cut.len--;
    return cut;
}

/* Who was held meanwhile stays so. */
static void defer(struct settling *settling, const struct row *row, const struct settled_recipient *settled) {
    bool is_held = row->state == QUEUE_HELD;
    if (!is_held && settled->due_ms < settling->due_ms) settling->due_ms = settled->due_ms;
    DB_RUN(settling->commit->db, recipient_deferred, DB_NUMBER(settling->settlement->message),
           DB_NUMBER(settled->number), DB_NUMBER(is_held ? QUEUE_NEVER : settled->due_ms),
           DB_TEXT(settled->status), DB_TEXT(reply_cut(settled->reply)), DB_TEXT(settled->host),
           DB_TEXT(settled->same_host));
}

static void report_later(struct settling *settling, const struct row *row,
                         const struct settled_recipient *settled) {
    struct commit *commit = settling->commit;
    uint64_t message = settling->settlement->message;
    DB_RUN(commit->db, recipient_reporting, DB_NUMBER(message), DB_NUMBER(settled->number),
           DB_NUMBER(commit->now_ms), DB_NUMBER(settled->outcome), DB_TEXT(settled->status),
           DB_TEXT(reply_cut(settled->reply)), DB_TEXT(settled->host));
    queue_count(commit, row->state, QUEUE_REPORTING);
    struct queue_known *reports = queue_destination_known(commit, DESTINATION_REPORTS);
    if (!reports) return;
    queue_due(commit, reports, commit->now_ms);
    queue_tell(commit, reports, message, row->stream);
}

/* A deferral that was recorded put the row's time behind the attempt's. */
static bool was_settled(const struct settling *settling, const struct row *row,
                        const struct settled_recipient *settled) {
    if (row->destination != settling->settlement->destination || row->state == QUEUE_REPORTING) return true;
    return settled->outcome == QUEUE_DEFERRED && row->state == QUEUE_WAITING &&
           row->due_ms > settling->settlement->began_ms;
}

static void note_flight(struct settling *settling, const struct row *row,
                        const struct settled_recipient *settled) {
    struct flight *flight = &settling->flight;
    if (!flight->recipients)
        flight->recipients = ARENA_NEW_ARRAY(settling->commit->arena, struct flight_recipient,
                                             settling->settlement->recipient_count);
    flight->recipients[flight->recipient_count++] =
        (struct flight_recipient){.number = settled->number,
                                  .address = row->address,
                                  .outcome = settled->outcome,
                                  .due_ms = settled->outcome == QUEUE_DEFERRED ? settled->due_ms : 0,
                                  .status = settled->status,
                                  .reply = reply_cut(settled->reply),
                                  .host = settled->host};
}

static void settle_one(struct settling *settling, const struct settled_recipient *settled) {
    struct row row;
    uint64_t message = settling->settlement->message;
    if (!row_read(settling->commit, message, settled->number, &row)) return;
    settling->found++;
    bool is_deferred = settled->outcome == QUEUE_DEFERRED;
    bool is_known = was_settled(settling, &row, settled);
    /* A clock that was put back makes a deferral look known: campaigns tell that by themselves. */
    bool is_over = (is_deferred || !is_known) && campaign_settled(settling->commit, message, settled);
    if (is_known && !is_over) return;
    note_flight(settling, &row, settled);
    if (is_over)
        queue_remove(settling->commit, message, settled->number, row.state);
    else if (is_deferred)
        defer(settling, &row, settled);
    else if (owes_report(settling, &row, settled))
        report_later(settling, &row, settled);
    else
        queue_remove(settling->commit, message, settled->number, row.state);
}

static void finish(struct settling *settling) {
    struct commit *commit = settling->commit;
    struct flight *flight = &settling->flight;
    struct queue_known *known = queue_destination_known(commit, settling->settlement->destination);
    flight->kind = FLIGHT_ATTEMPT;
    flight->message = settling->settlement->message;
    flight->destination = settling->settlement->destination;
    flight->domain = known ? known->domain : SLICE_EMPTY;
    flight->began_ms = settling->settlement->began_ms;
    flight->record = slice_sub(settling->settlement->record, 0, FLIGHT_RECORD_BYTES_MAX);
    flight->recipient_total = flight->recipient_count;
    flight_add(commit, flight);
    if (!settling->is_report)
        tls_results_add(commit, flight->domain, settling->settlement->tls, settling->settlement->tls_count);
    if (known && settling->due_ms != QUEUE_NEVER) queue_due(commit, known, settling->due_ms);
    if (known) queue_rest(commit, known);
}

static enum store_result settle(struct commit *commit, void *argument) {
    const struct settle_request *request = argument;
    const struct settlement *settlement = request->settlement;
    struct settling settling = {.commit = commit, .settlement = settlement, .due_ms = QUEUE_NEVER};
    *request->is_left = false;
    struct db_rows rows = DB_ROWS(commit->db, sender_of, DB_NUMBER(settlement->message));
    if (!db_rows_next(&rows)) return db_result(commit->db, STORE_NOT_FOUND);
    settling.has_sender = db_rows_bytes(&rows, 0).len > 0;
    settling.is_report = db_rows_id(&rows, 1) & OUTGOING_REPORT;
    db_rows_end(&rows);
    for (size_t i = 0; i < settlement->recipient_count; i++)
        settle_one(&settling, &settlement->recipients[i]);
    if (settling.found == 0) return db_result(commit->db, STORE_NOT_FOUND);
    if (settling.flight.recipient_count) finish(&settling);
    if (queue_end_if_empty(commit, settlement->message)) return STORE_OK;
    *request->is_left = DB_READ_NUMBER(commit->db, due_here, 0, DB_NUMBER(settlement->message),
                                       DB_NUMBER(settlement->destination), DB_NUMBER(commit->now_ms)) != 0;
    return STORE_OK;
}

static enum store_result settle_run(struct task *t, struct engine *engine,
                                    const struct settlement *settlement, bool is_patient, bool *is_left) {
    struct settle_request request = {settlement, is_left};
    struct commit_operation operation = {
        .run = settle, .argument = &request, .uses_inboxes = true, .is_patient = is_patient};
    return commit_run(t, &engine->queue, &operation);
}

enum store_result engine_queue_settle(struct task *t, struct engine *engine,
                                      const struct settlement *settlement, bool *is_left) {
    return settle_run(t, engine, settlement, false, is_left);
}

enum store_result engine_queue_settle_patiently(struct task *t, struct engine *engine,
                                                const struct settlement *settlement, bool *is_left) {
    return settle_run(t, engine, settlement, true, is_left);
}

/* ---- destinations ---- */

struct destination_request {
    uint64_t destination;
    uint32_t failures;
    struct slice reason;
    int64_t due_ms;
};

/* What was queued since the caller looked is due, too. */
static enum store_result set_destination(struct commit *commit, void *argument) {
    const struct destination_request *request = argument;
    struct queue_known *known = queue_destination_known(commit, request->destination);
    if (!known) return db_result(commit->db, STORE_NOT_FOUND);
    int64_t due_ms = request->due_ms;
    int64_t waiting_ms =
        request->failures ? QUEUE_NEVER : queue_due_of(commit->db, request->destination, INT64_MIN);
    if (waiting_ms < due_ms) due_ms = waiting_ms;
    queue_destination_write(commit, known, request->failures, reply_cut(request->reason), due_ms);
    return STORE_OK;
}

enum store_result engine_queue_set_destination(struct task *t, struct engine *engine, uint64_t destination,
                                               uint32_t failures, struct slice reason, int64_t due_ms) {
    struct destination_request request = {destination, failures, reason, due_ms};
    struct commit_operation operation = {.run = set_destination, .argument = &request, .uses_inboxes = true};
    return commit_run(t, &engine->queue, &operation);
}

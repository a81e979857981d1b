/* engine_queue_order: what the owner wants of waiting mail, some rows a commit. */
#include "base/limits.h"
#include "store/campaign_table.h"
#include "store/engine_queue.h"
#include "store/engine_state.h"
#include "store/flight.h"
#include "store/queue.h"
#include "wire/smtp_parameter.h"

static const char rows_of_message[] =
    "SELECT message, number, state, stream, destination, notify, address FROM recipient WHERE message = $1 "
    "AND"
    " state <> 2 AND due_ms BETWEEN $2 AND $3 AND stream <> $4 AND ($5 = '' OR address = $5 COLLATE NOCASE)"
    " LIMIT $6";
static const char rows_of_destination[] =
    "SELECT message, number, state, stream, destination, notify, address FROM recipient WHERE destination = "
    "$1"
    " AND stream = $2 AND due_ms BETWEEN $3 AND $4 ORDER BY due_ms, message, number LIMIT $5";
static const char row_change[] =
    "UPDATE recipient SET state = $3, due_ms = $4 WHERE message = $1 AND number = $2";
static const char row_stream[] = "UPDATE recipient SET stream = $3 WHERE message = $1 AND number = $2";
static const char row_fail[] =
    "UPDATE recipient SET destination = 1, state = 2, due_ms = $3, outcome = 3, status = '5.7.0',"
    " reply = 'The administrator of the sending host removed the message from its queue', host = ''"
    " WHERE message = $1 AND number = $2";
static const char sender_is_there[] = "SELECT mail_from <> '' FROM outgoing WHERE message = $1";
static const char message_stream[] = "UPDATE outgoing SET stream = $2 WHERE message = $1";
static const char any_of_message[] =
    "SELECT 1 FROM recipient WHERE message = $1 AND ($2 = '' OR address = $2 COLLATE NOCASE) LIMIT 1";
static const char next_destination[] = "SELECT id FROM destination WHERE id > $1 AND ($2 = '' OR domain = $2 "
                                       "COLLATE NOCASE) ORDER BY id LIMIT 1";

/* A step, and what came of it. Destination 0: by message. */
struct order_step {
    enum queue_order order;
    enum queue_stream wanted;
    const struct queue_selection *selection;
    uint64_t destination;
    enum queue_stream stream;
    size_t changed;
};

struct order_row {
    uint64_t message;
    uint32_t number;
    enum queue_state state;
    enum queue_stream stream;
    uint64_t destination;
    uint32_t notify;
    struct slice address;
};

/* Rows are due within these times before the order, and not behind it, so that each comes once. */
struct due_range {
    int64_t first_ms;
    int64_t last_ms;
};

static struct due_range range_of(enum queue_order order, int64_t now_ms) {
    switch (order) {
    case QUEUE_ORDER_RETRY:
        return (struct due_range){now_ms + 1, QUEUE_NEVER - 1};
    case QUEUE_ORDER_HOLD:
        return (struct due_range){INT64_MIN, QUEUE_NEVER - 1};
    case QUEUE_ORDER_RELEASE:
        return (struct due_range){QUEUE_NEVER, QUEUE_NEVER};
    default:
        return (struct due_range){INT64_MIN, QUEUE_NEVER};
    }
}

static size_t read_rows(struct commit *commit, struct db_rows rows, struct order_row *out) {
    size_t count = 0;
    while (count < QUEUE_CHANGE_ROWS && db_rows_next(&rows))
        out[count++] = (struct order_row){.message = db_rows_id(&rows, 0),
                                          .number = (uint32_t)db_rows_number(&rows, 1),
                                          .state = (enum queue_state)db_rows_number(&rows, 2),
                                          .stream = (enum queue_stream)db_rows_number(&rows, 3),
                                          .destination = db_rows_id(&rows, 4),
                                          .notify = (uint32_t)db_rows_number(&rows, 5),
                                          .address = arena_copy(commit->arena, db_rows_bytes(&rows, 6))};
    db_rows_end(&rows);
    return count;
}

static size_t find_rows(struct commit *commit, const struct order_step *step, struct order_row *out) {
    struct due_range range = range_of(step->order, commit->now_ms);
    int64_t unwanted = step->order == QUEUE_ORDER_STREAM ? (int64_t)step->wanted : -1;
    if (step->destination)
        return read_rows(commit,
                         DB_ROWS(commit->db, rows_of_destination, DB_NUMBER(step->destination),
                                 DB_NUMBER(step->stream), DB_NUMBER(range.first_ms), DB_NUMBER(range.last_ms),
                                 DB_NUMBER(QUEUE_CHANGE_ROWS)),
                         out);
    return read_rows(commit,
                     DB_ROWS(commit->db, rows_of_message, DB_NUMBER(step->selection->message),
                             DB_NUMBER(range.first_ms), DB_NUMBER(range.last_ms), DB_NUMBER(unwanted),
                             DB_TEXT(step->selection->recipient), DB_NUMBER(QUEUE_CHANGE_ROWS)),
                     out);
}

/* ---- one row ---- */

static void change(struct commit *commit, const struct order_row *row, enum queue_state state,
                   int64_t due_ms) {
    DB_RUN(commit->db, row_change, DB_NUMBER(row->message), DB_NUMBER(row->number), DB_NUMBER(state),
           DB_NUMBER(due_ms));
    queue_count(commit, row->state, state);
}

/* One that is named is tried now; of many the scheduler hears once. */
static void tell(struct commit *commit, const struct order_step *step, const struct order_row *row,
                 enum queue_stream stream, bool must_wake) {
    struct queue_known *known = queue_destination_known(commit, row->destination);
    if (!known) return;
    if (must_wake && (known->failures || known->due_ms > commit->now_ms))
        queue_destination_write(commit, known, 0, SLICE_EMPTY, commit->now_ms);
    queue_tell(commit, known, step->destination ? 0 : row->message, stream);
}

static void fail(struct commit *commit, const struct order_row *row) {
    bool may_tell = row->notify == 0 || (row->notify & SMTP_NOTIFY_FAILURE);
    if (!may_tell || !DB_READ_NUMBER(commit->db, sender_is_there, 0, DB_NUMBER(row->message))) {
        queue_remove(commit, row->message, row->number, row->state);
        return;
    }
    DB_RUN(commit->db, row_fail, DB_NUMBER(row->message), DB_NUMBER(row->number), DB_NUMBER(commit->now_ms));
    queue_count(commit, row->state, QUEUE_REPORTING);
    struct queue_known *reports = queue_destination_known(commit, DESTINATION_REPORTS);
    if (!reports) return;
    queue_due(commit, reports, commit->now_ms);
    queue_tell(commit, reports, row->message, row->stream);
}

static void apply(struct commit *commit, const struct order_step *step, const struct order_row *row) {
    switch (step->order) {
    case QUEUE_ORDER_RETRY:
    case QUEUE_ORDER_RELEASE:
        change(commit, row, QUEUE_WAITING, commit->now_ms);
        tell(commit, step, row, row->stream, true);
        break;
    case QUEUE_ORDER_HOLD:
        change(commit, row, QUEUE_HELD, QUEUE_NEVER);
        break;
    case QUEUE_ORDER_REMOVE:
        queue_remove(commit, row->message, row->number, row->state);
        break;
    case QUEUE_ORDER_FAIL:
        fail(commit, row);
        break;
    case QUEUE_ORDER_STREAM:
        DB_RUN(commit->db, row_stream, DB_NUMBER(row->message), DB_NUMBER(row->number),
               DB_NUMBER(step->wanted));
        tell(commit, step, row, step->wanted, false);
        break;
    }
}

/* ---- rows of one message ---- */

static enum flight_kind kind_of(enum queue_order order) {
    static const enum flight_kind kinds[] = {
        [QUEUE_ORDER_RETRY] = FLIGHT_RETRIED,    [QUEUE_ORDER_HOLD] = FLIGHT_HELD,
        [QUEUE_ORDER_RELEASE] = FLIGHT_RELEASED, [QUEUE_ORDER_REMOVE] = FLIGHT_REMOVED,
        [QUEUE_ORDER_FAIL] = FLIGHT_REMOVED,     [QUEUE_ORDER_STREAM] = FLIGHT_STREAM_CHANGED};
    return kinds[order];
}

static void apply_message(struct commit *commit, const struct order_step *step, const struct order_row *rows,
                          size_t count) {
    struct flight_recipient named[FLIGHT_RECIPIENTS_MAX] = {0};
    struct flight flight = {.kind = kind_of(step->order),
                            .message = rows[0].message,
                            .recipient_total = count,
                            .recipients = named};
    for (size_t i = 0; i < count; i++) apply(commit, step, &rows[i]);
    for (size_t i = 0; i < count && i < FLIGHT_RECIPIENTS_MAX; i++)
        named[flight.recipient_count++] =
            (struct flight_recipient){.number = rows[i].number, .address = rows[i].address};
    if (step->order == QUEUE_ORDER_STREAM)
        DB_RUN(commit->db, message_stream, DB_NUMBER(rows[0].message), DB_NUMBER(step->wanted));
    flight_add(commit, &flight);
    if (step->order == QUEUE_ORDER_REMOVE || step->order == QUEUE_ORDER_FAIL)
        (void)queue_end_if_empty(commit, rows[0].message);
    if (step->order == QUEUE_ORDER_REMOVE || step->order == QUEUE_ORDER_FAIL)
        campaign_taken_back(commit, rows[0].message);
}

void queue_take_out(struct commit *commit, uint64_t message) {
    struct queue_selection selection = {.message = message};
    struct order_step step = {.order = QUEUE_ORDER_REMOVE, .selection = &selection};
    struct order_row *rows = ARENA_NEW_ARRAY(commit->arena, struct order_row, QUEUE_CHANGE_ROWS);
    size_t count = find_rows(commit, &step, rows);
    for (size_t i = 0; i < count; i++) queue_remove(commit, message, rows[i].number, rows[i].state);
    if (count) (void)queue_end_if_empty(commit, message);
}

/* What is due already waits for its destination only. */
static void wake_destination(struct commit *commit, const struct order_step *step) {
    struct queue_known *known = queue_destination_known(commit, step->destination);
    if (!known || (known->failures == 0 && known->due_ms <= commit->now_ms)) return;
    if (queue_due_of(commit->db, step->destination, commit->now_ms) > commit->now_ms) return;
    queue_destination_write(commit, known, 0, SLICE_EMPTY, commit->now_ms);
    queue_tell(commit, known, 0, step->stream);
}

static enum store_result run_step(struct commit *commit, void *argument) {
    struct order_step *step = argument;
    struct order_row *rows = ARENA_NEW_ARRAY(commit->arena, struct order_row, QUEUE_CHANGE_ROWS);
    size_t count = find_rows(commit, step, rows);
    for (size_t i = 0, from = 0; i < count; i++) {
        if (i + 1 < count && rows[i + 1].message == rows[from].message) continue;
        apply_message(commit, step, &rows[from], i + 1 - from);
        from = i + 1;
    }
    if (step->order == QUEUE_ORDER_RETRY && step->destination) wake_destination(commit, step);
    step->changed = count;
    return STORE_OK;
}

/* ---- all that is selected ---- */

static enum store_result run_steps(struct task *t, struct engine *engine, struct order_step *step,
                                   uint64_t *changed) {
    struct commit_operation operation = {.run = run_step, .argument = step};
    do {
        enum store_result result = commit_run(t, &engine->queue, &operation);
        if (result != STORE_OK) return result;
        *changed += step->changed;
    } while (step->changed == QUEUE_CHANGE_ROWS);
    return STORE_OK;
}

static enum store_result run_destination(struct task *t, struct engine *engine, struct order_step *step,
                                         uint64_t *changed) {
    enum store_result result = STORE_OK;
    for (int stream = 0; stream < QUEUE_STREAMS && result == STORE_OK; stream++) {
        step->stream = (enum queue_stream)stream;
        bool is_done = step->order == QUEUE_ORDER_STREAM && step->wanted == step->stream;
        if (!is_done) result = run_steps(t, engine, step, changed);
    }
    return result;
}

static int64_t read_one(struct engine *engine, const char *sql, struct db_value first,
                        struct db_value second) {
    db_begin_read(engine->db);
    int64_t number = DB_READ_NUMBER(engine->db, sql, 0, first, second);
    (void)db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return number;
}

static enum store_result run_destinations(struct task *t, struct engine *engine, struct order_step *step,
                                          uint64_t *changed) {
    struct slice domain = step->selection->domain;
    enum store_result result = domain.len ? STORE_NOT_FOUND : STORE_OK;
    step->destination = DESTINATION_REPORTS;
    for (;;) {
        int64_t next = read_one(engine, next_destination, DB_NUMBER(step->destination), DB_TEXT(domain));
        if (next == 0) return result;
        step->destination = (uint64_t)next;
        result = run_destination(t, engine, step, changed);
        if (result != STORE_OK) return result;
    }
}

enum store_result engine_queue_order(struct task *t, struct engine *engine,
                                     const struct queue_selection *selection, enum queue_order order,
                                     enum queue_stream stream, uint64_t *changed) {
    struct order_step step = {.order = order, .wanted = stream, .selection = selection};
    *changed = 0;
    /* Who is released may want to hear of a delay. */
    if (order == QUEUE_ORDER_RELEASE) engine->delayed_from = 0;
    if (!selection->message) return run_destinations(t, engine, &step, changed);
    if (!read_one(engine, any_of_message, DB_NUMBER(selection->message), DB_TEXT(selection->recipient)))
        return STORE_NOT_FOUND;
    return run_steps(t, engine, &step, changed);
}

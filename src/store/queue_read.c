/* Reading the queue, on the loop: what is due where, and what an attempt or a report needs. */
#include "base/limits.h"
#include "store/engine_queue.h"
#include "store/engine_state.h"
#include "store/flight.h"
#include "store/id.h"
#include "store/queue.h"
#include "wire/smtp_parameter.h"

static const char destinations_due[] =
    "SELECT id, route, domain, due_ms, failures, reason FROM destination WHERE due_ms <= $1"
    " ORDER BY due_ms LIMIT $2";
static const char destination_one[] =
    "SELECT id, route, domain, due_ms, failures, reason FROM destination WHERE id = $1";
static const char destination_next[] = "SELECT due_ms FROM destination ORDER BY due_ms LIMIT 1";
static const char destination_later[] =
    "SELECT due_ms FROM destination WHERE due_ms > $1 ORDER BY due_ms LIMIT 1";
static const char places_due[] =
    "SELECT DISTINCT due_ms, message FROM recipient WHERE destination = $1 AND stream = $2 AND"
    " (due_ms, message) > ($3, $4) AND due_ms <= $5 ORDER BY due_ms, message LIMIT $6";
static const char due_of_stream[] =
    "SELECT due_ms FROM recipient WHERE destination = $1 AND stream = $2 ORDER BY due_ms LIMIT 1";
static const char outgoing_one[] =
    "SELECT outgoing.tenant, account, stream, properties, mail_from, envelope_id, dsn_return, received_ms,"
    " body.raw_bytes, body.stored_bytes FROM outgoing JOIN body ON body.id = outgoing.message"
    " WHERE outgoing.message = $1";
/* By the message: all its rows lie together. */
static const char recipients_due[] =
    "SELECT number, attempts, notify, address, original, same_host, outcome, status, reply, host, flags & 1"
    " FROM recipient WHERE message = $1 AND +destination = $2 AND due_ms <= $3 ORDER BY flags & 1, number"
    " LIMIT $4";
static const char recipients_delayed[] =
    "SELECT number, attempts, notify, address, original, same_host, outcome, status, reply, host, 0"
    " FROM recipient WHERE message = $1 AND state = 0 AND flags & 2 = 0 AND (notify = 0 OR notify & $2 <> 0)"
    " ORDER BY number LIMIT $3";
static const char recipients_held[] =
    "SELECT number, attempts, notify, address, original, same_host, outcome, status, reply, host, 0"
    " FROM recipient WHERE message = $1 AND state = 1 ORDER BY number LIMIT $2";
static const char held_next[] =
    "SELECT message FROM sending_notice WHERE message <> 0 AND EXISTS (SELECT 1 FROM recipient WHERE"
    " recipient.message = sending_notice.message AND state = 1) LIMIT $1";
static const char recipients_all[] = "SELECT number, attempts, notify, address, original, same_host, "
                                     "outcome, status, reply, host, state, due_ms"
                                     " FROM recipient WHERE message = $1 ORDER BY number LIMIT $2";
static const char delayed_next[] =
    "SELECT message, received_ms, mail_from <> '' AND EXISTS (SELECT 1 FROM recipient WHERE"
    " recipient.message = outgoing.message AND state = 0 AND flags & 2 = 0 AND"
    " (notify = 0 OR notify & $1 <> 0)) FROM outgoing WHERE message > $2 ORDER BY message LIMIT $3";

void engine_queue_listen(struct engine *engine,
                         void (*on_queued)(void *context, const struct queue_news *news), void *context) {
    engine->queue.on_queued = on_queued;
    engine->queue.queued_context = context;
}

/* Ends a read, and says what came of it. */
static enum store_result read_end(struct engine *engine, enum store_result otherwise) {
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result == STORE_OK ? otherwise : result;
}

/* ---- destinations ---- */

static bool read_destination(struct arena *arena, const struct db_rows *rows, struct destination *out) {
    *out = (struct destination){.id = db_rows_id(rows, 0),
                                .route = db_rows_id(rows, 1),
                                .due_ms = db_rows_number(rows, 3),
                                .failures = (uint32_t)db_rows_number(rows, 4)};
    return arena_try_copy(arena, db_rows_bytes(rows, 2), &out->domain) &&
           arena_try_copy(arena, db_rows_bytes(rows, 5), &out->reason);
}

enum store_result engine_queue_destinations(struct engine *engine, struct arena *arena, int64_t now_ms,
                                            size_t max, struct destination **destinations, size_t *count) {
    size_t capacity = 0;
    *destinations = NULL;
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, destinations_due, DB_NUMBER(now_ms), DB_NUMBER(max));
    while (db_rows_next(&rows)) {
        struct destination *grown =
            arena_try_grow(arena, *destinations, *count, &capacity, sizeof **destinations);
        if (!grown || !read_destination(arena, &rows, &grown[*count])) break;
        *destinations = grown;
        ++*count;
    }
    db_rows_end(&rows);
    return read_end(engine, STORE_OK);
}

int64_t engine_queue_next_due(struct engine *engine) {
    db_begin_read(engine->db);
    int64_t due_ms = DB_READ_NUMBER(engine->db, destination_next, QUEUE_NEVER);
    return read_end(engine, STORE_OK) == STORE_OK ? due_ms : QUEUE_NEVER;
}

int64_t engine_queue_next_due_after(struct engine *engine, int64_t now_ms) {
    db_begin_read(engine->db);
    int64_t due_ms = DB_READ_NUMBER(engine->db, destination_later, QUEUE_NEVER, DB_NUMBER(now_ms));
    return read_end(engine, STORE_OK) == STORE_OK ? due_ms : QUEUE_NEVER;
}

enum store_result engine_queue_destination(struct engine *engine, struct arena *arena, uint64_t id,
                                           struct destination *destination) {
    enum store_result found = STORE_NOT_FOUND;
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, destination_one, DB_NUMBER(id));
    if (db_rows_next(&rows)) found = read_destination(arena, &rows, destination) ? STORE_OK : STORE_BUSY;
    db_rows_end(&rows);
    return read_end(engine, found);
}

enum store_result engine_queue_read(struct engine *engine, uint64_t destination, enum queue_stream stream,
                                    const struct queue_place *after, int64_t now_ms,
                                    struct queue_place *places, size_t max, size_t *count) {
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows =
        DB_ROWS(engine->db, places_due, DB_NUMBER(destination), DB_NUMBER(stream), DB_NUMBER(after->due_ms),
                DB_NUMBER(after->message), DB_NUMBER(now_ms), DB_NUMBER(max));
    while (db_rows_next(&rows))
        places[(*count)++] = (struct queue_place){db_rows_number(&rows, 0), db_rows_id(&rows, 1)};
    return read_end(engine, STORE_OK);
}

int64_t queue_due_of(struct db *db, uint64_t destination, int64_t enough_ms) {
    int64_t due_ms = QUEUE_NEVER;
    for (int stream = 0; stream < QUEUE_STREAMS && due_ms > enough_ms; stream++) {
        int64_t found =
            DB_READ_NUMBER(db, due_of_stream, QUEUE_NEVER, DB_NUMBER(destination), DB_NUMBER(stream));
        if (found < due_ms) due_ms = found;
    }
    return due_ms;
}

int64_t engine_queue_due_of(struct engine *engine, uint64_t destination) {
    db_begin_read(engine->db);
    int64_t due_ms = queue_due_of(engine->db, destination, INT64_MIN);
    return read_end(engine, STORE_OK) == STORE_OK ? due_ms : QUEUE_NEVER;
}

/* ---- messages ---- */

static bool read_outgoing(struct arena *arena, const struct db_rows *rows, uint64_t message,
                          struct outgoing *outgoing) {
    *outgoing = (struct outgoing){.message = message,
                                  .tenant = db_rows_id(rows, 0),
                                  .account = db_rows_id(rows, 1),
                                  .stream = (enum queue_stream)db_rows_number(rows, 2),
                                  .properties = (unsigned)db_rows_number(rows, 3),
                                  .dsn_return = (uint32_t)db_rows_number(rows, 6),
                                  .received_ms = db_rows_number(rows, 7),
                                  .raw_bytes = db_rows_id(rows, 8),
                                  .packed_bytes = db_rows_id(rows, 9)};
    return arena_try_copy(arena, db_rows_bytes(rows, 4), &outgoing->mail_from) &&
           arena_try_copy(arena, db_rows_bytes(rows, 5), &outgoing->envelope_id);
}

static bool read_recipient(struct arena *arena, const struct db_rows *rows, struct outgoing_recipient *out) {
    *out = (struct outgoing_recipient){.number = (uint32_t)db_rows_number(rows, 0),
                                       .attempts = (uint32_t)db_rows_number(rows, 1),
                                       .notify = (uint32_t)db_rows_number(rows, 2),
                                       .outcome = (enum queue_outcome)db_rows_number(rows, 6)};
    return arena_try_copy(arena, db_rows_bytes(rows, 3), &out->address) &&
           arena_try_copy(arena, db_rows_bytes(rows, 4), &out->original) &&
           arena_try_copy(arena, db_rows_bytes(rows, 5), &out->same_host) &&
           arena_try_copy(arena, db_rows_bytes(rows, 7), &out->status) &&
           arena_try_copy(arena, db_rows_bytes(rows, 8), &out->reply) &&
           arena_try_copy(arena, db_rows_bytes(rows, 9), &out->host);
}

static enum store_result read_message(struct db *db, struct arena *arena, uint64_t message,
                                      struct outgoing *outgoing) {
    enum store_result found = STORE_NOT_FOUND;
    struct db_rows rows = DB_ROWS(db, outgoing_one, DB_NUMBER(message));
    if (db_rows_next(&rows)) found = read_outgoing(arena, &rows, message, outgoing) ? STORE_OK : STORE_BUSY;
    db_rows_end(&rows);
    return found;
}

/* As many as there is memory for, and of one kind: those who are forwarded have a sender of their own. */
static enum store_result read_recipients(struct arena *arena, struct db_rows rows,
                                         struct outgoing *outgoing) {
    size_t capacity = 0;
    enum store_result result = STORE_OK;
    while (result == STORE_OK && db_rows_next(&rows)) {
        bool is_forwarded = db_rows_number(&rows, 10) != 0;
        if (outgoing->recipient_count && is_forwarded != outgoing->is_forwarded) break;
        outgoing->is_forwarded = is_forwarded;
        struct outgoing_recipient *grown =
            arena_try_grow(arena, outgoing->recipients, outgoing->recipient_count, &capacity, sizeof *grown);
        if (!grown || !read_recipient(arena, &rows, &grown[outgoing->recipient_count])) {
            result = STORE_BUSY;
            continue;
        }
        outgoing->recipients = grown;
        outgoing->recipient_count++;
    }
    db_rows_end(&rows);
    if (outgoing->recipient_count) return STORE_OK;
    return result == STORE_OK ? STORE_NOT_FOUND : result;
}

enum store_result engine_queue_open(struct engine *engine, struct arena *arena, uint64_t destination,
                                    uint64_t message, int64_t now_ms, size_t recipients_max,
                                    struct outgoing *outgoing) {
    db_begin_read(engine->db);
    enum store_result found = read_message(engine->db, arena, message, outgoing);
    if (found == STORE_OK)
        found = read_recipients(arena,
                                DB_ROWS(engine->db, recipients_due, DB_NUMBER(message),
                                        DB_NUMBER(destination), DB_NUMBER(now_ms), DB_NUMBER(recipients_max)),
                                outgoing);
    return read_end(engine, found);
}

enum store_result engine_queue_open_report(struct engine *engine, struct arena *arena, uint64_t message,
                                           size_t recipients_max, struct outgoing *outgoing) {
    return engine_queue_open(engine, arena, DESTINATION_REPORTS, message, QUEUE_NEVER, recipients_max,
                             outgoing);
}

enum store_result engine_queue_open_delayed(struct engine *engine, struct arena *arena, uint64_t message,
                                            size_t recipients_max, struct outgoing *outgoing) {
    db_begin_read(engine->db);
    enum store_result found = read_message(engine->db, arena, message, outgoing);
    if (found == STORE_OK && outgoing->mail_from.len == 0) found = STORE_NOT_FOUND;
    if (found == STORE_OK)
        found = read_recipients(arena,
                                DB_ROWS(engine->db, recipients_delayed, DB_NUMBER(message),
                                        DB_NUMBER(SMTP_NOTIFY_DELAY), DB_NUMBER(recipients_max)),
                                outgoing);
    return read_end(engine, found);
}

enum store_result engine_queue_body(struct engine *engine, uint64_t message, uint64_t offset, size_t len,
                                    struct buffer *out) {
    enum store_result result = body_read_packed(&engine->outgoing, message, offset, len, out);
    db_complain(engine->db, engine->env->log);
    return result;
}

/* ---- who is to know that mail is held ---- */

enum store_result engine_queue_held(struct engine *engine, uint64_t *messages, size_t max, size_t *count) {
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, held_next, DB_NUMBER(max));
    while (*count < max && db_rows_next(&rows)) messages[(*count)++] = db_rows_id(&rows, 0);
    db_rows_end(&rows);
    return read_end(engine, STORE_OK);
}

/* No attempt was made: what is to be said of them stands here. */
static void say_held(struct outgoing *outgoing) {
    for (size_t i = 0; i < outgoing->recipient_count; i++) {
        struct outgoing_recipient *recipient = &outgoing->recipients[i];
        recipient->outcome = QUEUE_DEFERRED;
        recipient->status = SLICE("4.7.1");
        recipient->reply = SLICE("held: the account is over its limit of recipients");
        recipient->host = SLICE_EMPTY;
    }
}

enum store_result engine_queue_open_held(struct engine *engine, struct arena *arena, uint64_t message,
                                         size_t recipients_max, struct outgoing *outgoing) {
    db_begin_read(engine->db);
    enum store_result found = read_message(engine->db, arena, message, outgoing);
    if (found == STORE_OK)
        found = read_recipients(
            arena, DB_ROWS(engine->db, recipients_held, DB_NUMBER(message), DB_NUMBER(recipients_max)),
            outgoing);
    if (found == STORE_OK) say_held(outgoing);
    return read_end(engine, found);
}

/* ---- who wants to know of a delay ---- */

/* Ids rise with the time of acceptance. Those at the beginning whose senders were told, or want to know
   nothing, are not looked at again. */
enum store_result engine_queue_delayed(struct engine *engine, int64_t accepted_before_ms, uint64_t *messages,
                                       size_t max, size_t *count) {
    uint64_t looked_at = 0;
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, delayed_next, DB_NUMBER(SMTP_NOTIFY_DELAY),
                                  DB_NUMBER(engine->delayed_from), DB_NUMBER(QUEUE_DELAYED_ROWS));
    while (*count < max && db_rows_next(&rows)) {
        if (db_rows_number(&rows, 1) >= accepted_before_ms) break;
        if (db_rows_number(&rows, 2))
            messages[(*count)++] = db_rows_id(&rows, 0);
        else if (*count == 0)
            looked_at = db_rows_id(&rows, 0);
    }
    db_rows_end(&rows);
    enum store_result result = read_end(engine, STORE_OK);
    if (result == STORE_OK && looked_at) engine->delayed_from = looked_at;
    return result;
}

/* ---- for the owner ---- */

static void read_states(struct arena *arena, struct db_rows rows, size_t count, struct queue_shown *shown) {
    size_t i = 0;
    shown->states = arena_alloc(arena, count * sizeof *shown->states);
    for (; i < count && db_rows_next(&rows); i++) {
        shown->states[i].state = (enum queue_state)db_rows_number(&rows, 10);
        shown->states[i].due_ms = db_rows_number(&rows, 11);
    }
    db_rows_end(&rows);
}

enum store_result engine_queue_show(struct engine *engine, struct arena *arena, uint64_t message,
                                    size_t recipients_max, struct queue_shown *shown) {
    struct outgoing *outgoing = &shown->outgoing;
    db_begin_read(engine->db);
    enum store_result found = read_message(engine->db, arena, message, outgoing);
    if (found == STORE_OK)
        found = read_recipients(
            arena, DB_ROWS(engine->db, recipients_all, DB_NUMBER(message), DB_NUMBER(recipients_max)),
            outgoing);
    if (found == STORE_OK)
        read_states(arena, DB_ROWS(engine->db, recipients_all, DB_NUMBER(message), DB_NUMBER(recipients_max)),
                    outgoing->recipient_count, shown);
    return read_end(engine, found);
}

enum store_result engine_queue_trace(struct engine *engine, struct arena *arena, uint64_t message,
                                     struct flight **flights, size_t *count) {
    db_begin_read(engine->db);
    enum store_result found = flight_read(engine->db, arena, message, FLIGHT_TRACE_ROWS_MAX, flights, count);
    return read_end(engine, found);
}

enum store_result engine_queue_find(struct engine *engine, struct arena *arena, struct slice text,
                                    uint64_t *message) {
    struct flight *flights;
    size_t count;
    struct slice id = slice_trim(text);
    (void)slice_take_byte(&id, '<');
    if (id.len && id.ptr[id.len - 1] == '>') id.len--;
    db_begin_read(engine->db);
    bool is_queue_id = id_read(id, message);
    enum store_result found = is_queue_id ? flight_read(engine->db, arena, *message, 1, &flights, &count)
                                          : flight_find(engine->db, arena, id, message);
    return read_end(engine, found);
}

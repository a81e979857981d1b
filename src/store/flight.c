#include "store/flight.h"

#include "base/limits.h"
#include "ipc/pack.h"
#include "store/engine_state.h"
#include "store/event.h"
#include "store/protocol.h"

static const char flight_insert[] =
    "INSERT INTO flight (message, at_ms, kind, detail) VALUES ($1, $2, $3, $4)";
static const char flight_insert_keyed[] =
    "INSERT INTO flight (message, at_ms, kind, message_id_key, detail) VALUES ($1, $2, $3, $4, $5)";
static const char flight_newest[] = "SELECT coalesce(max(id), 0) FROM flight";
static const char flight_oldest[] = "SELECT id, at_ms FROM flight ORDER BY id LIMIT $1";
static const char flight_delete[] = "DELETE FROM flight WHERE id <= $1";
static const char flight_of_message[] =
    "SELECT message, at_ms, kind, detail FROM flight WHERE message = $1 ORDER BY id LIMIT $2";
static const char flight_of_key[] =
    "SELECT message, at_ms, kind, detail FROM flight WHERE message_id_key = $1 ORDER BY id DESC";
static const char flight_key_below[] =
    "SELECT message_id_key FROM flight WHERE message_id_key IS NOT NULL AND message_id_key < $1"
    " ORDER BY message_id_key DESC LIMIT 1";

enum { KEY_HASH_BITS = 36, HOUR_MS = 3600 * 1000, DETAIL_BYTES_MAX = 4 * 1024 * 1024 };

/* ---- keys ---- */

/* FNV-1a, folded: who chooses Message-IDs so that they meet makes a lookup of their own slower. */
static uint64_t hash_of(struct slice text) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < text.len; i++) hash = (hash ^ text.ptr[i]) * 0x100000001b3u;
    return (hash ^ hash >> KEY_HASH_BITS) & ((UINT64_C(1) << KEY_HASH_BITS) - 1);
}

static int64_t key_of(struct slice message_id, int64_t hour) {
    return (int64_t)((uint64_t)hour << KEY_HASH_BITS | hash_of(message_id));
}

/* ---- details as bytes ---- */

static void pack_recipient(struct buffer *out, const struct flight_recipient *recipient) {
    pack_number(out, recipient->number);
    pack_slice(out, recipient->address);
    pack_number(out, recipient->outcome);
    pack_time(out, recipient->due_ms);
    pack_slice(out, recipient->status);
    pack_slice(out, recipient->reply);
    pack_slice(out, recipient->host);
}

static void unpack_recipient(struct unpacker *in, struct flight_recipient *recipient) {
    recipient->number = (uint32_t)unpack_number_max(in, UINT32_MAX);
    recipient->address = unpack_slice(in);
    recipient->outcome = (enum queue_outcome)unpack_number_max(in, QUEUE_EXPIRED);
    recipient->due_ms = unpack_time(in);
    recipient->status = unpack_slice(in);
    recipient->reply = unpack_slice(in);
    recipient->host = unpack_slice(in);
}

static void pack_flight(struct buffer *out, const struct flight *flight) {
    pack_slice(out, flight->message_id);
    pack_slice(out, flight->mail_from);
    pack_number(out, flight->account);
    pack_number(out, flight->raw_bytes);
    pack_number(out, flight->destination);
    pack_slice(out, flight->domain);
    pack_time(out, flight->began_ms);
    pack_slice(out, flight->record);
    pack_number(out, flight->report);
    pack_number(out, flight->recipient_total);
    pack_number(out, flight->recipient_count);
    for (size_t i = 0; i < flight->recipient_count; i++) pack_recipient(out, &flight->recipients[i]);
}

static bool unpack_flight(struct slice detail, struct arena *arena, struct flight *flight) {
    struct unpacker in = unpacker_of(detail);
    uint64_t count = 0;
    flight->message_id = unpack_slice(&in);
    flight->mail_from = unpack_slice(&in);
    flight->account = unpack_number(&in);
    flight->raw_bytes = unpack_number(&in);
    flight->destination = unpack_number(&in);
    flight->domain = unpack_slice(&in);
    flight->began_ms = unpack_time(&in);
    flight->record = unpack_slice(&in);
    flight->report = unpack_number(&in);
    flight->recipient_total = unpack_number(&in);
    flight->recipients = unpack_array(&in, arena, &count, 7, sizeof *flight->recipients);
    for (uint64_t i = 0; i < count; i++) unpack_recipient(&in, &flight->recipients[i]);
    flight->recipient_count = in.is_bad ? 0 : count;
    return unpack_is_done(&in);
}

/* ---- writing ---- */

static void insert(struct commit *commit, const struct flight *flight, struct slice detail) {
    if (flight->kind == FLIGHT_ACCEPTED && flight->message_id.len)
        DB_RUN(commit->db, flight_insert_keyed, DB_NUMBER(flight->message), DB_NUMBER(commit->now_ms),
               DB_NUMBER(flight->kind), DB_NUMBER(key_of(flight->message_id, commit->now_ms / HOUR_MS)),
               DB_BYTES(detail));
    else
        DB_RUN(commit->db, flight_insert, DB_NUMBER(flight->message), DB_NUMBER(commit->now_ms),
               DB_NUMBER(flight->kind), DB_BYTES(detail));
}

void flight_add(struct commit *commit, const struct flight *flight) {
    struct buffer detail = buffer_new(DETAIL_BYTES_MAX);
    pack_flight(&detail, flight);
    insert(commit, flight, buffer_overflowed(&detail) ? SLICE_EMPTY : buffer_slice(&detail));
    buffer_free(&detail);
}

void flight_accepted(struct commit *commit, const struct delivery *delivery) {
    struct flight_recipient recipients[FLIGHT_RECIPIENTS_MAX] = {0};
    struct flight flight = {.kind = FLIGHT_ACCEPTED,
                            .message = delivery->id,
                            .message_id =
                                slice_sub(delivery->facts.message_id, 0, FLIGHT_MESSAGE_ID_BYTES_MAX),
                            .mail_from = delivery->mail_from,
                            .account = delivery->account,
                            .raw_bytes = delivery->body.raw_bytes,
                            .recipient_total = delivery->queue_count,
                            .recipients = recipients};
    for (size_t i = 0; i < delivery->queue_count && i < FLIGHT_RECIPIENTS_MAX; i++)
        recipients[flight.recipient_count++] =
            (struct flight_recipient){.number = (uint32_t)i, .address = delivery->queue[i].address};
    flight_add(commit, &flight);
}

bool flight_prune(struct commit *commit) {
    uint64_t days = commit->flight_days ? commit->flight_days : FLIGHTS_KEPT_DAYS;
    const struct event_log flights = {flight_newest, flight_oldest, flight_delete, FLIGHTS_KEPT_MAX,
                                      (int64_t)days};
    return event_log_prune(commit, &flights);
}

static enum store_result keep(struct commit *commit, void *argument) {
    commit->flight_days = *(const uint64_t *)argument;
    return STORE_OK;
}

enum store_result engine_trace_keep(struct task *t, struct engine *engine, uint64_t days) {
    struct commit_operation operation = {.run = keep, .argument = &days};
    return commit_run(t, &engine->queue, &operation);
}

/* ---- reading ---- */

/* A row that cannot be read says what is known of it all the same. */
static bool read_row(struct arena *arena, const struct db_rows *rows, struct flight *flight) {
    struct slice detail;
    if (!arena_try_copy(arena, db_rows_bytes(rows, 3), &detail)) return false;
    struct flight known = {.message = db_rows_id(rows, 0),
                           .at_ms = db_rows_number(rows, 1),
                           .kind = (enum flight_kind)db_rows_number(rows, 2)};
    *flight = known;
    if (!unpack_flight(detail, arena, flight)) *flight = known;
    return true;
}

enum store_result flight_read(struct db *db, struct arena *arena, uint64_t message, size_t max,
                              struct flight **flights, size_t *count) {
    size_t capacity = 0;
    *flights = NULL;
    *count = 0;
    struct db_rows rows = DB_ROWS(db, flight_of_message, DB_NUMBER(message), DB_NUMBER(max));
    while (db_rows_next(&rows)) {
        struct flight *grown = arena_try_grow(arena, *flights, *count, &capacity, sizeof **flights);
        if (!grown || !read_row(arena, &rows, &grown[*count])) break;
        *flights = grown;
        ++*count;
    }
    db_rows_end(&rows);
    return db_result(db, *count ? STORE_OK : STORE_NOT_FOUND);
}

/* Keys of several Message-IDs may be the same. */
static uint64_t find_in_hour(struct db *db, struct arena *arena, struct slice message_id, int64_t hour) {
    uint64_t found = 0;
    struct db_rows rows = DB_ROWS(db, flight_of_key, DB_NUMBER(key_of(message_id, hour)));
    while (found == 0 && db_rows_next(&rows)) {
        struct flight flight;
        if (!read_row(arena, &rows, &flight)) break;
        if (slice_equal(flight.message_id, message_id)) found = flight.message;
    }
    db_rows_end(&rows);
    return found;
}

/* From one hour in which there is anything to the one before. */
enum store_result flight_find(struct db *db, struct arena *arena, struct slice message_id,
                              uint64_t *message) {
    struct slice wanted = slice_sub(message_id, 0, FLIGHT_MESSAGE_ID_BYTES_MAX);
    int64_t below = INT64_MAX;
    *message = 0;
    while (*message == 0) {
        int64_t key = DB_READ_NUMBER(db, flight_key_below, -1, DB_NUMBER(below));
        if (key < 0) break;
        int64_t hour = key >> KEY_HASH_BITS;
        *message = find_in_hour(db, arena, wanted, hour);
        below = hour << KEY_HASH_BITS;
    }
    return db_result(db, *message ? STORE_OK : STORE_NOT_FOUND);
}

#include "store/queue.h"

#include "base/limits.h"
#include "store/flight.h"
#include "store/reap.h"
#include "store/route.h"
#include "store/sending_limit.h"
#include "wire/address_split.h"
#include "wire/smtp_address.h"

static const char outgoing_insert[] =
    "INSERT INTO outgoing (message, tenant, mail_from, envelope_id, dsn_return, received_ms, account, stream,"
    " properties) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
static const char outgoing_delete[] = "DELETE FROM outgoing WHERE message = $1";
static const char recipient_insert[] =
    "INSERT INTO recipient (message, number, tenant, destination, stream, state, due_ms, attempts, flags, "
    "notify,"
    " address, original, outcome, status, reply, host, same_host)"
    " VALUES ($1, $2, $3, $4, $5, $11, $6, 0, $7, $8, $9, $10, 0, '', '', '', '')";
static const char recipient_delete[] = "DELETE FROM recipient WHERE message = $1 AND number = $2";
static const char recipient_any[] = "SELECT 1 FROM recipient WHERE message = $1 LIMIT 1";

/* A name that leads nowhere (RFC 6761 6.4), for an address without a domain. */
static struct slice domain_of(struct slice address) {
    struct slice domain = address_split_domain(address);
    return domain.len ? domain : SLICE("invalid");
}

struct slice queue_domain_of(struct arena *arena, struct slice address) {
    struct slice domain = slice_sub(domain_of(address), 0, STORE_ADDRESS_BYTES_MAX);
    struct slice unicode;
    struct slice ascii;
    if (smtp_domain_parse(arena, domain, &unicode, &ascii) == SMTP_ADDRESS_OK) return ascii;
    uint8_t *lower = arena_alloc(arena, domain.len);
    for (size_t i = 0; i < domain.len; i++) lower[i] = ascii_lower(domain.ptr[i]);
    return slice_of(lower, domain.len);
}

/* ---- a message on its way ---- */

static struct queue_known *destination_of(struct commit *commit, const struct delivery *delivery,
                                          struct slice address) {
    struct slice domain = queue_domain_of(commit->arena, address);
    struct slice sender =
        delivery->mail_from.len ? queue_domain_of(commit->arena, delivery->mail_from) : SLICE_EMPTY;
    uint64_t route = route_choose(commit, sender, domain, (enum queue_stream)delivery->stream);
    return queue_destination_of(commit, route, route ? SLICE_EMPTY : domain);
}

static void add_recipient(struct commit *commit, const struct delivery *delivery, size_t number,
                          enum queue_state state) {
    const struct queue_recipient *recipient = &delivery->queue[number];
    struct queue_known *known = destination_of(commit, delivery, recipient->address);
    if (!known) return;
    DB_RUN(commit->db, recipient_insert, DB_NUMBER(delivery->id), DB_NUMBER(number),
           DB_NUMBER(delivery->tenant), DB_NUMBER(known->id), DB_NUMBER(delivery->stream),
           DB_NUMBER(state == QUEUE_HELD ? QUEUE_NEVER : commit->now_ms),
           DB_NUMBER(recipient->is_forwarded ? RECIPIENT_FORWARDED : 0), DB_NUMBER(recipient->notify),
           DB_TEXT(recipient->address), DB_TEXT(recipient->original), DB_NUMBER(state));
    if (state == QUEUE_HELD) return;
    queue_due(commit, known, commit->now_ms);
    queue_tell(commit, known, delivery->id, (enum queue_stream)delivery->stream);
}

/* Stolen passwords are how servers get onto block lists: what is over an account's limit waits for its
   owner's word. */
static enum queue_state state_of_new(struct commit *commit, const struct delivery *delivery) {
    if (sending_limit_take(commit, delivery->account, delivery->queue_count)) return QUEUE_WAITING;
    flight_add(commit, &(struct flight){.kind = FLIGHT_OVER_LIMIT,
                                        .message = delivery->id,
                                        .recipient_total = delivery->queue_count});
    sending_notice_owe(commit, delivery->account, delivery->id);
    struct queue_known *reports = queue_destination_known(commit, DESTINATION_REPORTS);
    if (reports) queue_tell(commit, reports, 0, QUEUE_PERSONAL);
    return QUEUE_HELD;
}

enum queue_state queue_add(struct commit *commit, const struct delivery *delivery) {
    unsigned properties = delivery->properties | (delivery->facts.is_8bit ? OUTGOING_8BIT : 0);
    DB_RUN(commit->db, outgoing_insert, DB_NUMBER(delivery->id), DB_NUMBER(delivery->tenant),
           DB_TEXT(delivery->mail_from), DB_TEXT(delivery->envelope_id), DB_NUMBER(delivery->dsn_return),
           DB_NUMBER(delivery->received_ms), DB_NUMBER(delivery->account), DB_NUMBER(delivery->stream),
           DB_NUMBER(properties));
    flight_accepted(commit, delivery);
    enum queue_state state = state_of_new(commit, delivery);
    for (size_t i = 0; i < delivery->queue_count; i++) add_recipient(commit, delivery, i, state);
    commit->queue_counts.states[state] += (int64_t)delivery->queue_count;
    return state;
}

void queue_remove(struct commit *commit, uint64_t message, uint32_t number, enum queue_state state) {
    DB_RUN(commit->db, recipient_delete, DB_NUMBER(message), DB_NUMBER(number));
    commit->queue_counts.states[state]--;
}

bool queue_end_if_empty(struct commit *commit, uint64_t message) {
    if (DB_READ_NUMBER(commit->db, recipient_any, 0, DB_NUMBER(message))) return false;
    DB_RUN(commit->db, outgoing_delete, DB_NUMBER(message));
    reap_reference(commit, message);
    return true;
}

/* ---- the table of before ---- */

static const char old_next[] =
    "SELECT message, number, tenant, address, original, notify FROM queue ORDER BY message, number LIMIT $1";
static const char old_delete[] = "DELETE FROM queue WHERE (message, number) <= ($1, $2)";
static const char old_destination[] =
    "INSERT INTO destination (route, domain, due_ms, failures, reason) VALUES (0, $1, 0, 0, '')"
    " ON CONFLICT DO NOTHING";
static const char old_insert[] =
    "INSERT INTO recipient (message, number, tenant, destination, stream, state, due_ms, attempts, flags, "
    "notify,"
    " address, original, outcome, status, reply, host, same_host) VALUES ($1, $2, $3, (SELECT id FROM"
    " destination WHERE route = 0 AND domain = $4), 0, 0, 0, 0, 0, $5, $6, $7, 0, '', '', '', '')";

static void move_row(struct db *db, struct arena *arena, struct db_rows *row) {
    struct slice address = db_rows_bytes(row, 3);
    struct slice domain = queue_domain_of(arena, address);
    DB_RUN(db, old_destination, DB_TEXT(domain));
    DB_RUN(db, old_insert, DB_NUMBER(db_rows_id(row, 0)), DB_NUMBER(db_rows_id(row, 1)),
           DB_NUMBER(db_rows_id(row, 2)), DB_TEXT(domain), DB_NUMBER(db_rows_number(row, 5)),
           DB_TEXT(address), DB_TEXT(db_rows_bytes(row, 4)));
}

/* There was no way out when they came; now they are long due. */
uint64_t queue_move_old(struct db *db) {
    struct arena *arena = arena_new((size_t)STORE_MIGRATE_ROWS * STORE_ADDRESS_BYTES_MAX * 2);
    uint64_t count = 0;
    uint64_t message = 0;
    uint64_t number = 0;
    struct db_rows rows = DB_ROWS(db, old_next, DB_NUMBER(STORE_MIGRATE_ROWS));
    for (; db_rows_next(&rows); count++) {
        message = db_rows_id(&rows, 0);
        number = db_rows_id(&rows, 1);
        move_row(db, arena, &rows);
    }
    if (count) DB_RUN(db, old_delete, DB_NUMBER(message), DB_NUMBER(number));
    arena_free(&arena);
    return count;
}

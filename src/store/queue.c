#include "store/queue.h"

static const char outgoing_insert[] =
    "INSERT INTO outgoing (message, tenant, mail_from, envelope_id, dsn_return, received_ms)"
    " VALUES ($1, $2, $3, $4, $5, $6)";
static const char queue_insert[] =
    "INSERT INTO queue (message, number, tenant, state, address, original, notify)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)";

void queue_add(struct commit *commit, const struct delivery *delivery) {
    DB_RUN(commit->db, outgoing_insert, DB_NUMBER(delivery->id), DB_NUMBER(delivery->tenant),
           DB_TEXT(delivery->mail_from), DB_TEXT(delivery->envelope_id), DB_NUMBER(delivery->dsn_return),
           DB_NUMBER(delivery->received_ms));
    for (size_t i = 0; i < delivery->queue_count; i++) {
        const struct queue_recipient *recipient = &delivery->queue[i];
        DB_RUN(commit->db, queue_insert, DB_NUMBER(delivery->id), DB_NUMBER(i), DB_NUMBER(delivery->tenant),
               DB_NUMBER(QUEUE_HELD), DB_TEXT(recipient->address), DB_TEXT(recipient->original),
               DB_NUMBER(recipient->notify));
    }
}

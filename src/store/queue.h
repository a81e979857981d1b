/*
 * The queue in the commit lane: rows of `outgoing` (a message on its way), `recipient` (one who waits for a
 * destination) and `destination`. What stands in `recipient` is described in store/queue_model.h; who is held
 * is due at QUEUE_NEVER, so that the one index (destination, stream, due_ms) leads past all who wait for
 * nothing. A destination is due when the first of its recipients is, or later while it cannot be reached.
 *
 * The book holds what is known of destinations that were used lately, so that mail to a busy one neither
 * looks it up nor writes its row again. It knows nothing any more after a transaction that was rolled back.
 */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include "store/commit.h"

struct queue_book;

/* Bits of recipient.flags. Numbers are stored. */
enum recipient_flag { RECIPIENT_FORWARDED = 1, RECIPIENT_DELAY_TOLD = 2 };

/* A destination, in the book. */
struct queue_known {
    uint64_t id;
    uint64_t route;
    struct slice domain;
    int64_t due_ms;
    uint32_t failures;
    /* The last message that was told of, and in which transaction. */
    uint64_t told_message;
    uint64_t told_transaction;
};

struct queue_book *queue_book_new(uint64_t seed);
void queue_book_free(struct queue_book **book);
void queue_transaction_begin(struct commit *commit);
void queue_transaction_undo(struct commit *commit);
/* Knows nothing any more: destinations went. */
void queue_book_forget(struct commit *commit);
/* The least due time of what waits at a destination, or QUEUE_NEVER; any that is not after `enough_ms` will
   do. In a read or write. */
int64_t queue_due_of(struct db *db, uint64_t destination, int64_t enough_ms);
/* Counts what is there: for a start. */
void queue_counts_read(struct db *db, struct queue_counts *counts);

/* Of an address: what is behind the last "@", lower case, with A-labels; in `arena`. */
struct slice queue_domain_of(struct arena *arena, struct slice address);
/* Finds it, or makes it, due now. It is good until the next call of these two. NULL: db_failure. */
struct queue_known *queue_destination_of(struct commit *commit, uint64_t route, struct slice domain);
/* NULL: there is none (any more), or db_failure. */
struct queue_known *queue_destination_known(struct commit *commit, uint64_t id);
/* Something becomes due there at this time. */
void queue_due(struct commit *commit, struct queue_known *known, int64_t due_ms);
/* Where nothing is due any more, the destination is due when the next of those who wait is. */
void queue_rest(struct commit *commit, struct queue_known *known);
/* The listener will hear of it, once for each message. */
void queue_tell(struct commit *commit, struct queue_known *known, uint64_t message, enum queue_stream stream);
void queue_destination_write(struct commit *commit, struct queue_known *known, uint32_t failures,
                             struct slice reason, int64_t due_ms);
/* Forgets some destinations for which nothing waits and that can be reached, as far as is known. True: there
   may be more. */
bool queue_destinations_prune(struct commit *commit);

/* Adds the delivery's recipients elsewhere. QUEUE_HELD: its account has too many. */
enum queue_state queue_add(struct commit *commit, const struct delivery *delivery);
/* Takes a recipient out. */
void queue_remove(struct commit *commit, uint64_t message, uint32_t number, enum queue_state state);
/* Takes out all of a message that is on its way still, and tells nobody: who it is for must not be known any
   more. It goes where nothing else refers to it. */
void queue_take_out(struct commit *commit, uint64_t message);
/* The message goes when nobody is left. True: it went. */
bool queue_end_if_empty(struct commit *commit, uint64_t message);
/* From one state to another: counts. */
void queue_count(struct commit *commit, enum queue_state from, enum queue_state to);

/* For a migration: moves some rows of the table `queue` of before; how many. */
uint64_t queue_move_old(struct db *db);

/* The tables, for a migration. */
#define QUEUE_TABLES                                                                                        \
    "CREATE TABLE destination (id INTEGER PRIMARY KEY, route INTEGER NOT NULL, domain TEXT NOT NULL,"       \
    " due_ms INTEGER NOT NULL, failures INTEGER NOT NULL, reason TEXT NOT NULL, UNIQUE (route, domain))"    \
    " STRICT;"                                                                                              \
    "CREATE INDEX destination_due ON destination (due_ms);"                                                 \
    "INSERT INTO destination VALUES (1, 0, '', 9223372036854775807, 0, '');"                                \
    "CREATE TABLE recipient (message INTEGER NOT NULL, number INTEGER NOT NULL, tenant INTEGER NOT NULL,"   \
    " destination INTEGER NOT NULL, stream INTEGER NOT NULL, state INTEGER NOT NULL,"                       \
    " due_ms INTEGER NOT NULL, attempts INTEGER NOT NULL, flags INTEGER NOT NULL, notify INTEGER NOT NULL," \
    " address TEXT NOT NULL, original TEXT NOT NULL, outcome INTEGER NOT NULL, status TEXT NOT NULL,"       \
    " reply TEXT NOT NULL, host TEXT NOT NULL, same_host TEXT NOT NULL, PRIMARY KEY (message, number))"     \
    " STRICT, WITHOUT ROWID;"                                                                               \
    "CREATE INDEX recipient_due ON recipient (destination, stream, due_ms, message, number);"               \
    "ALTER TABLE outgoing ADD COLUMN account INTEGER NOT NULL DEFAULT 0;"                                   \
    "ALTER TABLE outgoing ADD COLUMN stream INTEGER NOT NULL DEFAULT 0;"                                    \
    "ALTER TABLE outgoing ADD COLUMN properties INTEGER NOT NULL DEFAULT 0;"                                \
    "CREATE TABLE flight (id INTEGER PRIMARY KEY, message INTEGER NOT NULL, at_ms INTEGER NOT NULL,"        \
    " kind INTEGER NOT NULL, message_id_key INTEGER, detail BLOB NOT NULL) STRICT;"                         \
    "CREATE INDEX flight_message ON flight (message);"                                                      \
    "CREATE INDEX flight_message_id ON flight (message_id_key) WHERE message_id_key IS NOT NULL;"

#endif

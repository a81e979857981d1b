/*
 * Threads: which message answers which. Every Message-ID that a message has or refers to is remembered
 * with its thread. Hashes come in no order, so one row for each in one large table would rewrite a
 * page of the database for each. Instead the references of a batch are one row at the end of
 * `thread_recent`, and a map in memory. When STORE_THREADS_RECENT have gathered, they are a run: sorted,
 * and with each batch some more of them are merged into `thread_page` (store/thread_page.h), then the
 * rows of `thread_recent` that they came from are removed; both only as fast as new ones come.
 *
 * What a run holds is in `thread_recent` until all of it is in `thread_page`, and merging twice is as
 * good as once: after a crash the rows that are left are read and begin anew. Used in the commit lane.
 */
#ifndef STORE_THREAD_H
#define STORE_THREAD_H

#include "store/db.h"
#include "store/model.h"

struct threads;

/* Reads what is not merged yet. `recent_max`: a run is so many; 0: STORE_THREADS_RECENT. `seed` is random.
   What fails is in db_failure. */
struct threads *threads_open(struct db *db, size_t recent_max, uint64_t seed);
void threads_close(struct threads **threads);

/* In a transaction: the thread of a message with these facts, its own id where it begins one. What it
   refers to is remembered from now on. */
uint64_t threads_join(struct threads *threads, struct db *db, uint64_t tenant, uint64_t id,
                      const struct message_facts *facts);

/* Around a transaction: forgets what one that failed had added; before the commit, writes what was added
   and merges; after it was good. */
void threads_transaction_begin(struct threads *threads);
void threads_transaction_record(struct threads *threads, struct db *db, int64_t now_ms);
void threads_transaction_done(struct threads *threads);

#endif

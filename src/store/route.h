/*
 * Routes in the commit lane: the tables `route` and `route_host`, and which route takes a recipient.
 *
 * The most specific one does: for the recipient's domain itself, for a pattern over it (the longest), for
 * the sender's domain or a pattern over that, for the stream, for all mail. Among equals the least
 * `ordering`, then the oldest. Routes by MX are never chosen here (store/route_model.h).
 *
 * The enabled ones are kept in memory, sorted in that order, until routes change or a transaction is
 * rolled back.
 */
#ifndef STORE_ROUTE_H
#define STORE_ROUTE_H

#include "store/commit.h"
#include "store/engine_route.h"

struct route_book;

/* The route that takes the recipient, or 0: directly, by MX. Domains in any case, as A-labels or U-labels;
   `sender_domain` is empty for the null sender. Where reading fails (db_failure) it is 0, and the
   transaction with what hangs on it does not commit. */
uint64_t route_choose(struct commit *commit, struct slice sender_domain, struct slice recipient_domain,
                      enum queue_stream stream);

struct route_book *route_book_new(void);
void route_book_free(struct route_book **book);
/* Knows nothing any more: routes changed, or what was read was rolled back. */
void route_book_forget(struct route_book *book);

/* The tables, for a migration. */
#define ROUTE_TABLES                                                                                    \
    "CREATE TABLE route (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, name TEXT NOT NULL UNIQUE,"   \
    " kind INTEGER NOT NULL, domain TEXT NOT NULL, stream INTEGER NOT NULL, ordering INTEGER NOT NULL," \
    " tls INTEGER NOT NULL, user TEXT NOT NULL, password TEXT NOT NULL, is_enabled INTEGER NOT NULL)"   \
    " STRICT;"                                                                                          \
    "CREATE TABLE route_host (route INTEGER NOT NULL, number INTEGER NOT NULL, host TEXT NOT NULL,"     \
    " port INTEGER NOT NULL, preference INTEGER NOT NULL, weight INTEGER NOT NULL,"                     \
    " PRIMARY KEY (route, number)) STRICT, WITHOUT ROWID;"

#endif

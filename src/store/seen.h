/*
 * What was found out about mail of others, counted for reports to the owners of its authors' domains (RFC
 * 9990): a row for each day, domain (where the DMARC record was) and thing that was seen, packed by who saw
 * it. The store does not look inside. So many rows of a domain and of a day are kept; what is over is counted
 * only.
 */
#ifndef STORE_SEEN_H
#define STORE_SEEN_H

#include "store/commit.h"
#include "store/seen_model.h"

/* In seen_policy the domain '' counts the rows of its day. */
#define SEEN_TABLES                                                                               \
    "CREATE TABLE seen_policy (day INTEGER NOT NULL, domain TEXT NOT NULL, record TEXT NOT NULL," \
    " row_count INTEGER NOT NULL, left_out INTEGER NOT NULL, PRIMARY KEY (day, domain)) STRICT,"  \
    " WITHOUT ROWID;"                                                                             \
    "CREATE TABLE seen (day INTEGER NOT NULL, domain TEXT NOT NULL, item BLOB NOT NULL,"          \
    " count INTEGER NOT NULL, PRIMARY KEY (day, domain, item)) STRICT, WITHOUT ROWID;"

/* Counts it, with what others have committed. STORE_REFUSED: it is too long. */
enum store_result engine_seen_add(struct task *t, struct engine *engine, const struct seen *seen);
/* The first of the days until `last_day` behind `after` (day, then domain), and of the last SEEN_DAYS_MAX,
   with as many items as `bytes_max` allows. STORE_NOT_FOUND: there is none. Reads; in `arena`. */
enum store_result engine_seen_next(struct engine *engine, struct arena *arena, int64_t last_day,
                                   const struct seen_place *after, size_t bytes_max,
                                   struct seen_batch *batch);
/* The same of how connections went (store/tls_result.h): items are packed by seen_tls_pack, the text is the
   domain's MTA-STS policy, if there is one. */
enum store_result engine_seen_tls_next(struct engine *engine, struct arena *arena, int64_t last_day,
                                       const struct seen_place *after, size_t bytes_max,
                                       struct seen_batch *batch);
/* It was reported, or is not wanted: that day's rows of the domain go. */
enum store_result engine_seen_remove(struct task *t, struct engine *engine, enum feedback_kind kind,
                                     const struct seen_place *place);
/* Inside a commit: removes some that are too old. True: there may be more. */
bool seen_prune(struct commit *commit);

#endif

/*
 * How connections to other hosts were secured, counted for reports of it (RFC 8460): a row for each day,
 * domain, policy, host and result, and of what failed for each pair of addresses.
 */
#ifndef STORE_TLS_RESULT_H
#define STORE_TLS_RESULT_H

#include "store/commit.h"
#include "store/queue_model.h"

#define TLS_RESULT_TABLES                                                                            \
    "CREATE TABLE tls_result (day INTEGER NOT NULL, domain TEXT NOT NULL, policy INTEGER NOT NULL,"  \
    " policy_id TEXT NOT NULL, host TEXT NOT NULL, result INTEGER NOT NULL, count INTEGER NOT NULL," \
    " PRIMARY KEY (day, domain, policy, policy_id, host, result)) STRICT, WITHOUT ROWID;"

/* A later step: with the addresses of both sides. */
#define TLS_RESULT_ADDRESSES                                                                        \
    "ALTER TABLE tls_result RENAME TO tls_result_old;"                                              \
    "CREATE TABLE tls_result (day INTEGER NOT NULL, domain TEXT NOT NULL, policy INTEGER NOT NULL," \
    " policy_id TEXT NOT NULL, host TEXT NOT NULL, result INTEGER NOT NULL, sender TEXT NOT NULL,"  \
    " address TEXT NOT NULL, count INTEGER NOT NULL,"                                               \
    " PRIMARY KEY (day, domain, policy, policy_id, host, result, sender, address)) STRICT,"         \
    " WITHOUT ROWID;"                                                                               \
    "INSERT INTO tls_result SELECT day, domain, policy, policy_id, host, result, '', '', count"     \
    " FROM tls_result_old;"                                                                         \
    "DROP TABLE tls_result_old;"

/* Inside a commit. */
void tls_results_add(struct commit *commit, struct slice domain, const struct tls_result *results,
                     size_t count);
/* Removes some of those that are too old or too many. True: there may be more. */
bool tls_results_prune(struct commit *commit);

struct tls_result_row {
    /* Days since 1970, UTC. */
    int64_t day;
    struct slice domain;
    struct tls_result result;
    uint64_t count;
};
/* Those of one day, in the order of domains, at most `max`; in `arena`. */
enum store_result tls_results_read(struct db *db, struct arena *arena, int64_t day, size_t max,
                                   struct tls_result_row **rows, size_t *count);

#endif

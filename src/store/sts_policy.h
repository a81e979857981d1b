/*
 * What other domains' MTA-STS policies said (RFC 8461), kept so that they hold over a restart: one row a
 * domain, until it expires.
 */
#ifndef STORE_STS_POLICY_H
#define STORE_STS_POLICY_H

#include "store/engine.h"
#include "store/queue_model.h"

#define STS_POLICY_TABLES                                                                       \
    "CREATE TABLE sts_policy (domain TEXT PRIMARY KEY, id TEXT NOT NULL, policy BLOB NOT NULL," \
    " fetched_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, tried_ms INTEGER NOT NULL)"     \
    " STRICT, WITHOUT ROWID;"                                                                   \
    "CREATE INDEX sts_policy_tried ON sts_policy (tried_ms);"                                   \
    "CREATE INDEX sts_policy_expires ON sts_policy (expires_ms);"

/* Reads; in `arena`. STORE_NOT_FOUND. */
enum store_result engine_sts_policy(struct engine *engine, struct arena *arena, struct slice domain,
                                    struct sts_policy *policy);
/* The one that was last tried the longest ago, before `tried_before_ms`, and has not expired.
 * STORE_NOT_FOUND. */
enum store_result engine_sts_policy_due(struct engine *engine, struct arena *arena, int64_t now_ms,
                                        int64_t tried_before_ms, struct sts_policy *policy);
/* Keeps it instead of what is kept of the domain; with an empty text only tried_ms changes. Some that have
   expired go. STORE_OVER_QUOTA: nothing is kept of the domain, and there are MTA_STS_STORED_MAX others. */
enum store_result engine_sts_policy_keep(struct task *t, struct engine *engine,
                                         const struct sts_policy *policy);

#endif

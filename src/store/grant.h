/*
 * Logins for `posthaste health`: a name and a secret that the store gives to whoever may
 * administer it (over DIR/run/control), good for one attempt within seconds. They lead to no
 * account: the id behind them is one of ACCOUNT_PROBE_FIRST and above, which no database has, and
 * a mail role answers such a login and ends it. They live in memory only.
 */
#ifndef STORE_GRANT_H
#define STORE_GRANT_H

#include "base/arena.h"
#include "io/env.h"
#include "store/model.h"

enum { GRANTS_MAX = 32, GRANT_MS = 30 * 1000, GRANT_TEXT_BYTES = 72 };

struct grant {
    char user[GRANT_TEXT_BYTES];
    char secret[GRANT_TEXT_BYTES];
    int64_t until_ms;
};

/* All zero is empty. Of too many the oldest is forgotten. */
struct grants {
    struct grant at[GRANTS_MAX];
    size_t next;
};

/* A new one, until it is used or others push it out. */
const struct grant *grant_make(struct grants *grants, struct env *env);
/* Uses a grant up, whether the secret is right or not: STORE_OK and *account, or STORE_DENIED.
   STORE_NOT_FOUND: no grant has that name. */
enum store_result grant_use(struct grants *grants, struct env *env, struct arena *arena, struct slice user,
                            struct slice secret, struct account *account);

#endif

/* Accounts: rows, what they use, their credentials. */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H

#include "store/commit.h"

/* Changes what the account uses. */
void account_use(struct db *db, uint64_t account, int64_t bytes, int64_t messages);
/* False: no such account. A quota of 0 is none. */
bool account_quota(struct db *db, uint64_t account, int64_t *quota_bytes, int64_t *used_bytes);

#endif

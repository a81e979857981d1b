/* Which addresses are ours and where their mail goes: domains, aliases, accounts by address. */
#ifndef STORE_DIRECTORY_H
#define STORE_DIRECTORY_H

#include "store/address.h"
#include "store/db.h"
#include "wire/srs.h"

/* Inside a read or write. `name` is canonical. False: not ours, or reading failed (db_failure). */
bool domain_find(struct db *db, struct slice name, struct domain *domain);
/* False where there is none. */
bool alias_exists(struct db *db, struct slice address);
/* STORE_OK, or STORE_FAILED when reading failed. *has_quota: the answer may change with what an account
 * holds. */
enum store_result directory_resolve(struct db *db, struct arena *arena, const struct srs *srs,
                                    struct slice address, struct address_route *route, bool *has_quota);
/* See engine_srs_encode. */
enum store_result directory_rewrite(struct db *db, struct arena *arena, const struct srs *srs,
                                    struct slice mail_from, struct slice *out);

#endif

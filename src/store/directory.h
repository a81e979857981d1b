/* Which addresses are ours and where their mail goes: domains, aliases, accounts by address. */
#ifndef STORE_DIRECTORY_H
#define STORE_DIRECTORY_H

#include "store/address.h"
#include "store/db.h"

/* Inside a read or write. `name` is canonical. False: not ours, or reading failed (db_failure). */
bool domain_find(struct db *db, struct slice name, uint64_t *id, uint64_t *tenant);
/* False where there is none. */
bool alias_exists(struct db *db, struct slice address);
/* STORE_OK, or STORE_FAILED when reading failed. *has_quota: the answer may change with what an account
 * holds. */
enum store_result directory_resolve(struct db *db, struct arena *arena, struct slice address,
                                    struct address_route *route, bool *has_quota);

#endif

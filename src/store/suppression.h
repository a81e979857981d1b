/*
 * Suppression: who must not be written to, whoever asks: one list for imports, campaigns and lists. A row is
 * an address, a domain (with all below it), a pattern, or the keyed hash of an address whose owner was
 * erased. Checked in the commit that would write to somebody, so that a wish that was committed a moment
 * before holds.
 *
 * The stronger reason stays: what a person wished for (unsubscribed, complaint, erased) is not replaced by a
 * bounce, an import or a word by hand. The hash is an HMAC under a secret of this store; who has the whole
 * store could still try addresses one by one.
 */
#ifndef STORE_SUPPRESSION_H
#define STORE_SUPPRESSION_H

#include "store/commit.h"
#include "store/suppression_model.h"

#define SUPPRESSION_TABLES                                                                           \
    "CREATE TABLE suppression (tenant INTEGER NOT NULL, kind INTEGER NOT NULL, value TEXT NOT NULL," \
    " reason INTEGER NOT NULL, detail TEXT NOT NULL, at_ms INTEGER NOT NULL,"                        \
    " PRIMARY KEY (tenant, kind, value)) STRICT, WITHOUT ROWID;"

/* ---- in a read, or in the commit lane ---- */

/* Whether a normalised address must not be written to, and why; where several rows say so, the first of
   address, hash, domain, pattern. A read that fails says no and leaves its failure in the database handle
   (db_failure): look there before you act on it. */
bool suppression_find(struct db *db, uint64_t tenant, struct slice address, struct suppression_found *found);

/* The same for many addresses of one operation: what does not depend on the address is read once. Its memory
   is the arena's. */
struct suppression_book;
struct suppression_book *suppression_book_open(struct db *db, struct arena *arena, uint64_t tenant);
bool suppression_book_find(struct suppression_book *book, struct slice address,
                           struct suppression_found *found);

/* ---- in the commit lane ---- */

/* Adds a row, or strengthens the one that is there. `value` is as suppression_read makes it; at_ms 0: now.
   STORE_OK; STORE_EXISTS: it is there, for as good a reason; STORE_REFUSED: no such kind or value;
   STORE_OVER_QUOTA: there are SUPPRESSION_PATTERNS_MAX patterns. */
enum store_result suppression_add(struct commit *commit, uint64_t tenant,
                                  const struct suppression *suppression);
/* Takes a row out. STORE_NOT_FOUND; STORE_DENIED: it is a person's own wish, and `is_forced` is not set. A
   hash is found by its address, too. */
enum store_result suppression_remove(struct commit *commit, uint64_t tenant,
                                     const struct suppression *suppression, bool is_forced);
/* The tombstone of an address: its row is SUPPRESSION_HASH with this value, in lower-case hexadecimal. False:
   the secret cannot be read (db_failure). */
enum { SUPPRESSION_HASH_BYTES = 64 };
NODISCARD bool suppression_hash(struct db *db, struct slice address, char hash[SUPPRESSION_HASH_BYTES]);

/* ---- for the store role ---- */

/* Does not wait. STORE_OK, or STORE_NOT_FOUND: it may be written to. */
enum store_result engine_suppression_find(struct engine *engine, uint64_t tenant, struct slice address,
                                          struct suppression_found *found);
/* The rows behind a place, by kind and value, in `arena`. */
enum store_result engine_suppression_page(struct engine *engine, struct arena *arena,
                                          const struct suppression_query *query, struct suppression **rows,
                                          size_t *count);
/* All in one commit; *added: how many were new or strengthened. As suppression_add, but for STORE_EXISTS. */
enum store_result engine_suppression_add(struct task *t, struct engine *engine,
                                         const struct suppression_batch *batch, uint64_t *added);
enum store_result engine_suppression_remove(struct task *t, struct engine *engine, uint64_t tenant,
                                            const struct suppression *suppression, bool is_forced);

#endif

/*
 * Keys of domains in the commit lane and in reads: the table `dkim_key`, what changes it, and which places
 * are free (store/dkim_keys.h says how a key lives). That a retired key is gone nobody writes down: its time
 * tells.
 */
#ifndef STORE_DKIM_TABLE_H
#define STORE_DKIM_TABLE_H

#include "store/commit.h"
#include "store/dkim_keys.h"

enum { DKIM_SELECTOR_BYTES_MAX = 16, DKIM_RECORD_NAME_BYTES_MAX = 320 };

/* A key that was made, for a place: 1 or 2. */
struct dkim_fresh {
    enum dkim_algorithm algorithm;
    unsigned place;
    struct slice sealed;
    struct slice public;
};

/* "ph1-rsa". Static. */
const char *dkim_selector(enum dkim_algorithm algorithm, unsigned place);
/* "ph1-rsa._domainkey.example.org", in `arena`. */
struct slice dkim_record_name(struct arena *arena, enum dkim_algorithm algorithm, unsigned place,
                              struct slice domain);

/* ---- in a read, or in the commit lane ---- */

/* A row; the domain's name comes with it. */
struct dkim_row {
    struct dkim_key key;
    unsigned place;
    struct slice domain;
    struct slice public;
    /* Only where it signs. */
    struct slice sealed;
};
/* The domain's keys, by selector, at most DKIM_DOMAIN_KEYS_MAX, without their records' texts; in `arena`. */
size_t dkim_rows_read(struct db *db, struct arena *arena, uint64_t domain, int64_t now_ms,
                      struct dkim_row rows[DKIM_DOMAIN_KEYS_MAX]);
/* Those that wait, of a domain (0: of all), above the id `after`. */
size_t dkim_rows_waiting(struct db *db, struct arena *arena, uint64_t domain, uint64_t after,
                         struct dkim_row *rows, size_t max);
/* Where the next key of the algorithm goes. STORE_EXISTS: one waits already; STORE_REFUSED: a retired key's
   record must stay. */
enum store_result dkim_place_next(const struct dkim_row *rows, size_t count, enum dkim_algorithm algorithm,
                                  bool is_forced, unsigned *place);

/* ---- in the commit lane ---- */

/* The first keys, which sign at once; those of a domain that has keys are left as they are. */
enum store_result dkim_first_add(struct commit *commit, uint64_t domain, const struct dkim_fresh *fresh,
                                 size_t count);
/* The next ones, which wait. As dkim_place_next; STORE_BUSY: they were made for other places. */
enum store_result dkim_next_add(struct commit *commit, uint64_t domain, const struct dkim_fresh *fresh,
                                size_t count, bool is_forced);
/* See engine_dkim_publish. */
enum store_result dkim_publish(struct commit *commit, uint64_t key);
void dkim_remove(struct commit *commit, uint64_t domain);

/* The table, for a migration. */
#define DKIM_TABLES                                                                                    \
    "CREATE TABLE dkim_key (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, domain INTEGER NOT NULL," \
    " algorithm INTEGER NOT NULL, place INTEGER NOT NULL, state INTEGER NOT NULL,"                     \
    " created_ms INTEGER NOT NULL, since_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL,"              \
    " sealed BLOB NOT NULL, public BLOB NOT NULL, UNIQUE (domain, algorithm, place)) STRICT;"          \
    "CREATE INDEX dkim_key_waiting ON dkim_key (id) WHERE state = 1;"

#endif

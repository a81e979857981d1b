/*
 * The import journal: which items of which sources came to an account. A row commits together with
 * the message it speaks of, so an import that was broken off at any moment goes on where the mail
 * is, and nothing comes twice (docs/decisions/005-import.md).
 */
#ifndef STORE_IMPORT_H
#define STORE_IMPORT_H

#include "store/db.h"

/* The schema's step for it. */
#define IMPORT_TABLES                                                                                  \
    "CREATE TABLE import_item (account INTEGER NOT NULL, source BLOB NOT NULL, PRIMARY KEY (account, " \
    "source))"                                                                                         \
    " STRICT, WITHOUT ROWID;"

/* An empty source is never known. */
bool import_is_known(struct db *db, uint64_t account, struct slice source);
/* Notes it. False: it was there. */
bool import_note(struct db *db, uint64_t account, struct slice source);
/* The account goes, or is to be imported to anew. */
void import_forget(struct db *db, uint64_t account);

#endif

/* The table of contacts, for the files of this folder that read and write it. */
#ifndef STORE_CONTACT_TABLE_H
#define STORE_CONTACT_TABLE_H

#include "store/contact.h"
#include "store/contact_fields.h"
#include "store/suppression.h"

#define CONTACT_COLUMNS                                                                           \
    "id, tenant, address, domain, written, fields, time_zone, is_zone_guessed, country, import, " \
    "created_ms, updated_ms, origin"

/* A row of these columns, in `arena`; false, and the database has failed: its fields are damaged, or there is
   no room. */
NODISCARD bool contact_row_read(struct db_rows *rows, struct arena *arena, struct contact *contact);
/* The row's fields as they stand there; until the next row. */
static inline struct slice contact_row_fields(const struct db_rows *rows) { return db_rows_bytes(rows, 5); }

/* What a row of an import, or a change by hand, would make of the book. */
struct contact_judged {
    enum contact_outcome outcome;
    /* What is there, but for ADDED; and what is to be. */
    struct contact before;
    struct contact after;
};
/* Looks it up and merges it; in `arena`. Differences are told while it goes. Suppression is not looked at. */
void contact_judge(struct db *db, struct arena *arena, uint64_t tenant, const struct contact_row *row,
                   contact_differ_fn *differ, void *context, struct contact_judged *judged);
/* Writes what was judged ADDED or CHANGED; import 0: by hand. The former state is kept for an import's
 * undoing. */
void contact_write(struct commit *commit, struct contact_judged *judged, uint64_t import);
/* Puts a contact back as it was. */
void contact_put_back(struct commit *commit, const struct contact *contact);
/* By id, in `arena`. STORE_NOT_FOUND. */
enum store_result contact_import_get(struct db *db, struct arena *arena, uint64_t id,
                                     struct contact_import *import);
/* Appends it as a JSON object. */
void contact_json_write(struct buffer *json, const struct contact *contact);
/* The contact alone, nothing that hangs onto it. */
void contact_delete(struct commit *commit, uint64_t id);

#endif

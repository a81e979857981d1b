/*
 * The address book: people, the imports that brought them, and what those changed, so that an import can be
 * undone. Everyone stands in it once, by the normalised address. An import goes batch by batch, a commit
 * each, in which every row is checked against suppression; a row never takes a value away, and never brings
 * back who must not be written to.
 *
 * `fields` is a JSON object of strings, its names ascending. contact_change holds what a contact was before
 * an import changed it; one that the import added has no row there.
 *
 * Other rooms' tables hang onto contact.id: each adds a row to the table in contact_relation.c, by which a
 * person's data is exported, erased with them, and kept from being undone while it is in use. One index
 * serves addresses and domains: who looks for an address in SQL names its domain, too.
 */
#ifndef STORE_CONTACT_H
#define STORE_CONTACT_H

#include "store/commit.h"
#include "store/contact_model.h"

#define CONTACT_TABLES                                                                                       \
    "CREATE TABLE contact (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, address TEXT NOT NULL,"          \
    " domain TEXT NOT NULL, written TEXT NOT NULL, fields TEXT NOT NULL, time_zone TEXT NOT NULL,"           \
    " is_zone_guessed INTEGER NOT NULL, country TEXT NOT NULL, origin INTEGER NOT NULL, import INTEGER NOT " \
    "NULL,"                                                                                                  \
    " created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, UNIQUE (tenant, domain, address)) STRICT;"   \
    "CREATE INDEX contact_import_of ON contact (import);"                                                    \
    "CREATE TABLE contact_import (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, at_ms INTEGER NOT NULL,"  \
    " name TEXT NOT NULL, source TEXT NOT NULL, basis TEXT NOT NULL, fingerprint BLOB NOT NULL,"             \
    " is_open INTEGER NOT NULL, batches INTEGER NOT NULL, rows INTEGER NOT NULL, chain INTEGER NOT NULL, "   \
    "added INTEGER NOT NULL,"                                                                                \
    " changed INTEGER NOT NULL, same INTEGER NOT NULL, refused INTEGER NOT NULL,"                            \
    " suppressed INTEGER NOT NULL, undone_ms INTEGER NOT NULL) STRICT;"                                      \
    "CREATE TABLE contact_change (import INTEGER NOT NULL, contact INTEGER NOT NULL, before BLOB NOT NULL,"  \
    " PRIMARY KEY (import, contact)) STRICT, WITHOUT ROWID;"                                                 \
    "CREATE INDEX contact_change_of ON contact_change (contact);"

/* ---- in a read, or in the commit lane; in `arena` ---- */

/* By normalised address, or by id. STORE_NOT_FOUND. */
enum store_result contact_find(struct db *db, struct arena *arena, uint64_t tenant, struct slice address,
                               struct contact *contact);
enum store_result contact_get(struct db *db, struct arena *arena, uint64_t id, struct contact *contact);
/* The value of a field, or empty. */
struct slice contact_value(const struct contact *contact, struct slice name);

/* ---- in the commit lane ---- */

/* Everything of the person goes: the contact, what imports changed of it, rows of other tables, and the clear
   address in suppression. A tombstone stays. STORE_NOT_FOUND: was not in the book (the tombstone stays all
   the same). */
enum store_result contact_erase(struct commit *commit, uint64_t tenant, struct slice address);

/* ---- for the store role ---- */

enum store_result engine_contact_find(struct engine *engine, struct arena *arena, uint64_t tenant,
                                      struct slice address, struct contact *contact);
/* By domain, then address; in `arena`. */
enum store_result engine_contact_page(struct engine *engine, struct arena *arena,
                                      const struct contact_query *query, struct contact **contacts,
                                      size_t *count);
/* Adds, or changes by hand. *outcome: ADDED, CHANGED, SAME, or SUPPRESSED: a new one that must not be written
   to is not added. STORE_REFUSED: not a contact. */
enum store_result engine_contact_set(struct task *t, struct engine *engine,
                                     const struct contact_change *change, enum contact_outcome *outcome);
/* Takes it out of the book and leaves nothing; an import may bring it back. STORE_NOT_FOUND; STORE_BUSY:
   other tables need it. */
enum store_result engine_contact_remove(struct task *t, struct engine *engine, uint64_t tenant,
                                        struct slice address);
/* See contact_erase. */
enum store_result engine_contact_erase(struct task *t, struct engine *engine, uint64_t tenant,
                                       struct slice address);
/* Everything known of an address, as one JSON object. STORE_NOT_FOUND: nothing is. */
enum store_result engine_contact_export(struct engine *engine, struct arena *arena, uint64_t tenant,
                                        struct slice address, struct buffer *json);

/* Begins an import, or finds one that was broken off. STORE_REFUSED: no source, or no known basis. */
enum store_result engine_contact_import_open(struct task *t, struct engine *engine, struct arena *arena,
                                             const struct contact_import_start *start,
                                             struct contact_import *import);
/* One batch; with import 0 nothing is written. STORE_EXISTS: it was done before; STORE_NOT_FOUND: no such
   open import; STORE_REFUSED: it does not follow what is done, or
   a row is none. */
enum store_result engine_contact_batch(struct task *t, struct engine *engine, struct arena *arena,
                                       const struct contact_batch *batch,
                                       struct contact_batch_result *result);
/* It is whole. */
enum store_result engine_contact_import_close(struct task *t, struct engine *engine, uint64_t import);
/* The newest first. */
enum store_result engine_contact_imports(struct engine *engine, struct arena *arena, uint64_t tenant,
                                         struct contact_import **imports, size_t *count);
/* Undoes some of it, in one commit; ask again while has_more. STORE_NOT_FOUND; STORE_EXISTS: it was undone.
 */
enum store_result engine_contact_undo(struct task *t, struct engine *engine, uint64_t import,
                                      struct contact_undone *undone);

/* ---- what else is known of a contact: for other rooms' tables ---- */

/* Both ids of the person: `contact` is 0 where the address is not in the book. */
struct contact_person {
    uint64_t tenant;
    uint64_t contact;
    struct slice address;
};

/* A row for each table that holds something of a contact (contact_relation.c). */
struct contact_relation {
    /* Its key in the export. */
    const char *name;
    /* Appends what is known as one JSON value. */
    void (*write)(struct db *db, struct arena *arena, const struct contact_person *person,
                  struct buffer *json);
    /* Removes it for good. */
    void (*erase)(struct commit *commit, const struct contact_person *person);
    /* Whether the contact must stay because of it: not removed, not undone. May be NULL. */
    bool (*is_needed)(struct db *db, uint64_t contact);
};
extern const struct contact_relation contact_relations[];
extern const size_t contact_relation_count;

bool contact_is_needed(struct db *db, uint64_t contact);

#endif

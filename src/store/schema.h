/*
 * The tables, and the number of the format they and the segments are in. An older format is
 * migrated step by step when the folder is opened: a whole copy of the database is made
 * first, each step commits together with its new number, so a migration that was cut off goes
 * on where it was. A newer or unknown format is refused. How to add a table: see `steps` in
 * schema.c; it is one row there.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store/db.h"

enum { TENANT_DEFAULT = 1 };

/* A step from one format to the next. */
struct migration {
    /* What it does, for the log. */
    const char *name;
    /* NULL, or changes some rows in a transaction of its own and returns how many; 0: all are done. It
       may be called again after a crash, so it finds by itself what is left to do. */
    uint64_t (*chunk)(struct db *db);
    /* Runs in one transaction with the new number. */
    const char *script;
};
/* The step at place i leads from format i + 1 to i + 2. */
struct migrations {
    const struct migration *steps;
    size_t count;
};
static inline int64_t migrations_format(const struct migrations *migrations) {
    return (int64_t)migrations->count + 1;
}

/* Makes tables and first rows in an empty database: all or nothing. `secret` is what made-up
   SCRAM salts come from. */
NODISCARD int schema_create(struct db *db, int64_t now_ms, struct slice secret);
/* Brings the database of `folder` to the newest format. 0; -EPROTO: newer or unknown, see the log;
   -EIO, -ENOSPC: what was done is kept, and the next call goes on. Blocks. */
NODISCARD int schema_migrate(struct env *env, struct db *db, const char *folder,
                             const struct migrations *migrations);
extern const struct migrations schema_migrations;

/* Settings: a number by name. */
int64_t setting_number(struct db *db, struct slice name, int64_t otherwise);
void setting_set_number(struct db *db, struct slice name, int64_t number);

#endif

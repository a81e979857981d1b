/*
 * The tables, and the number of the format they and the segments are in. An older format is
 * migrated step by step when the folder is opened: a whole copy of the database is made
 * first, each step commits together with its new number, so a migration that was cut off goes
 * on where it was. A newer or unknown format is refused.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store/db.h"

enum { STORE_FORMAT = 2, TENANT_DEFAULT = 1 };

/* A step from format `from` to from + 1: a script. The last step of a table has script NULL. */
struct migration {
    int64_t from;
    const char *script;
};

/* Makes tables and first rows in an empty database: all or nothing. `secret` is what made-up
   SCRAM salts come from. */
NODISCARD int schema_create(struct db *db, int64_t now_ms, struct slice secret);
/* Brings the database of `folder` to format `wanted`. 0; -EPROTO: newer, unknown, or no step leads
   there; -EIO, -ENOSPC. */
NODISCARD int schema_migrate(struct env *env, struct db *db, const char *folder,
                             const struct migration *migrations, int64_t wanted);
extern const struct migration schema_migrations[];

/* Settings: a number by name. */
int64_t setting_number(struct db *db, struct slice name, int64_t otherwise);
void setting_set_number(struct db *db, struct slice name, int64_t number);

#endif

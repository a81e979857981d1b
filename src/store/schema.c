#include "store/schema.h"

#include <errno.h>
#include <stdio.h>

#include "base/limits.h"
#include "store/import.h"

/*
 * Ids are 64-bit and from store_id_new, times UTC milliseconds. `body` is narrow, because
 * reference counts change often, and `message` holds what is wide and never changes; both have
 * the message's id. `dropped` has one row for each reference that was given up, counted off
 * later in small steps. `entry` and `change` are ordered by their keys and have no other index.
 */
static const char tables[] =
    "CREATE TABLE setting (name TEXT PRIMARY KEY, number INTEGER NOT NULL, bytes BLOB) STRICT;"
    "CREATE TABLE tenant (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;"
    "CREATE TABLE domain (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, name TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE account (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, domain INTEGER NOT NULL,"
    " address TEXT NOT NULL UNIQUE, inbox INTEGER NOT NULL, quota_bytes INTEGER NOT NULL,"
    " used_bytes INTEGER NOT NULL, message_count INTEGER NOT NULL, created_ms INTEGER NOT NULL,"
    " is_disabled INTEGER NOT NULL) STRICT;"
    "CREATE INDEX account_domain ON account (domain);"
    "CREATE TABLE credential (account INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " generation INTEGER NOT NULL, hash TEXT NOT NULL, scram_iterations INTEGER NOT NULL,"
    " sha1_salt BLOB NOT NULL, sha1_stored_key BLOB NOT NULL, sha1_server_key BLOB NOT NULL,"
    " sha256_salt BLOB NOT NULL, sha256_stored_key BLOB NOT NULL, sha256_server_key BLOB NOT NULL) STRICT;"
    "CREATE TABLE alias (address TEXT NOT NULL, target TEXT NOT NULL, tenant INTEGER NOT NULL,"
    " domain INTEGER NOT NULL, PRIMARY KEY (address, target)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX alias_domain ON alias (domain);"
    "CREATE TABLE mailbox (id INTEGER PRIMARY KEY, account INTEGER NOT NULL, name TEXT NOT NULL,"
    " uidvalidity INTEGER NOT NULL, uidnext INTEGER NOT NULL, modseq INTEGER NOT NULL,"
    " message_count INTEGER NOT NULL, unseen_count INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " special_use INTEGER NOT NULL, is_subscribed INTEGER NOT NULL, change_floor INTEGER NOT NULL,"
    " change_count INTEGER NOT NULL, UNIQUE (account, name)) STRICT;"
    "CREATE TABLE keyword (mailbox INTEGER NOT NULL, bit INTEGER NOT NULL, name TEXT NOT NULL,"
    " PRIMARY KEY (mailbox, bit)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE entry (mailbox INTEGER NOT NULL, uid INTEGER NOT NULL, message INTEGER NOT NULL,"
    " flags INTEGER NOT NULL, modseq INTEGER NOT NULL, saved_ms INTEGER NOT NULL,"
    " raw_bytes INTEGER NOT NULL, PRIMARY KEY (mailbox, uid)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE change (mailbox INTEGER NOT NULL, modseq INTEGER NOT NULL, uid INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, PRIMARY KEY (mailbox, modseq, uid)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE message (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, received_ms INTEGER NOT NULL,"
    " raw_bytes INTEGER NOT NULL, sent_ms INTEGER NOT NULL, thread INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " envelope BLOB NOT NULL, structure BLOB NOT NULL, preview BLOB NOT NULL, subject_base BLOB NOT NULL)"
    " STRICT;"
    "CREATE TABLE body (id INTEGER PRIMARY KEY, refs INTEGER NOT NULL, segment INTEGER NOT NULL,"
    " place INTEGER NOT NULL, stored_bytes INTEGER NOT NULL, raw_bytes INTEGER NOT NULL) STRICT;"
    "CREATE TABLE dropped (id INTEGER PRIMARY KEY, message INTEGER NOT NULL) STRICT;"
    "CREATE TABLE segment (number INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, live_bytes INTEGER NOT NULL,"
    " live_count INTEGER NOT NULL, raw_bytes INTEGER NOT NULL) STRICT;"
    "CREATE TABLE outgoing (message INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, mail_from TEXT NOT NULL,"
    " envelope_id TEXT NOT NULL, dsn_return INTEGER NOT NULL, received_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE queue (message INTEGER NOT NULL, number INTEGER NOT NULL, tenant INTEGER NOT NULL,"
    " state INTEGER NOT NULL, address TEXT NOT NULL, original TEXT NOT NULL, notify INTEGER NOT NULL,"
    " PRIMARY KEY (message, number)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE event (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, subject INTEGER NOT NULL, count INTEGER NOT NULL) STRICT;"
    "CREATE TABLE thread_reference (tenant INTEGER NOT NULL, hash INTEGER NOT NULL, thread INTEGER NOT NULL,"
    " PRIMARY KEY (tenant, hash)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE search_pending (message INTEGER PRIMARY KEY) STRICT;";

const struct migration schema_migrations[] = {{1, IMPORT_TABLES}, {STORE_FORMAT, NULL}};

static const char setting_read[] = "SELECT number FROM setting WHERE name = $1";
static const char setting_write[] =
    "INSERT INTO setting (name, number) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET number = $2";
static const char setting_write_bytes[] = "INSERT INTO setting (name, number, bytes) VALUES ($1, 0, $2)";
static const char tenant_insert[] = "INSERT INTO tenant (id, name) VALUES ($1, 'default')";

int64_t setting_number(struct db *db, struct slice name, int64_t otherwise) {
    return DB_READ_NUMBER(db, setting_read, otherwise, DB_TEXT(name));
}

void setting_set_number(struct db *db, struct slice name, int64_t number) {
    DB_RUN(db, setting_write, DB_TEXT(name), DB_NUMBER(number));
}

static int errno_of(enum store_result result) {
    return result == STORE_OK ? 0 : result == STORE_FULL ? -ENOSPC : -EIO;
}

int schema_create(struct db *db, int64_t now_ms, struct slice secret) {
    db_begin_write(db);
    db_script(db, tables);
    db_script(db, IMPORT_TABLES);
    DB_RUN(db, tenant_insert, DB_NUMBER(TENANT_DEFAULT));
    setting_set_number(db, SLICE("format"), STORE_FORMAT);
    /* A folder that is made anew must not repeat what clients remember of the one before it. */
    setting_set_number(db, SLICE("uidvalidity"), now_ms / 1000);
    DB_RUN(db, setting_write_bytes, DB_TEXT(SLICE("scram_secret")), DB_BYTES(secret));
    return errno_of(db_commit(db));
}

/* A copy made in one go is renamed to its name when it is whole. */
static int snapshot(struct env *env, struct db *db, const char *folder, int64_t format) {
    char copy[STORE_PATH_BYTES_MAX];
    char partial[STORE_PATH_BYTES_MAX];
    if (snprintf(copy, sizeof copy, "%s/store.db.format-%lld", folder, (long long)format) >=
            (int)sizeof copy ||
        snprintf(partial, sizeof partial, "%s.partial", copy) >= (int)sizeof partial)
        return -ENAMETOOLONG;
    struct file *file = NULL;
    if (file_open(env, copy, FILE_READ, &file) == 0) {
        file_close(&file);
        return 0;
    }
    int result = file_remove(env, partial);
    if (result && result != -ENOENT) return result;
    static const char vacuum[] = "VACUUM INTO $1";
    db_failure_clear(db);
    DB_RUN(db, vacuum, DB_TEXT(slice_from_text(partial)));
    result = errno_of(db_failure(db));
    if (result == 0) result = file_open(env, partial, FILE_WRITE, &file);
    if (result == 0) result = file_sync(file);
    file_close(&file);
    if (result == 0) result = file_rename(env, partial, copy);
    return result ? result : folder_sync(env, folder);
}

static const char *step_from(const struct migration *migrations, int64_t format) {
    for (; migrations->script; migrations++)
        if (migrations->from == format) return migrations->script;
    return NULL;
}

static int migrate_step(struct db *db, const char *script, int64_t to) {
    db_begin_write(db);
    db_script(db, script);
    setting_set_number(db, SLICE("format"), to);
    return errno_of(db_commit(db));
}

int schema_migrate(struct env *env, struct db *db, const char *folder, const struct migration *migrations,
                   int64_t wanted) {
    db_failure_clear(db);
    int64_t format = setting_number(db, SLICE("format"), 0);
    if (db_failure(db) != STORE_OK || format > wanted) return -EPROTO;
    if (format == wanted) return 0;
    if (!step_from(migrations, format)) return -EPROTO;
    int result = snapshot(env, db, folder, format);
    for (; result == 0 && format < wanted; format++) {
        const char *script = step_from(migrations, format);
        result = script ? migrate_step(db, script, format + 1) : -EPROTO;
    }
    return result;
}

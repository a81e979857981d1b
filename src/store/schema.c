#include "store/schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "store/answer_hold.h"
#include "store/api_key.h"
#include "store/campaign_lane.h"
#include "store/campaign_table.h"
#include "store/contact.h"
#include "store/dkim_table.h"
#include "store/feedback.h"
#include "store/import.h"
#include "store/queue.h"
#include "store/route.h"
#include "store/seen.h"
#include "store/sender.h"
#include "store/sender_copy.h"
#include "store/sending_limit.h"
#include "store/sts_policy.h"
#include "store/suppression.h"
#include "store/thread_page.h"
#include "store/tls_result.h"
#include "store/uids.h"
#include "store/webhook.h"

/*
 * The tables of format 1, frozen: a new folder gets them and then every step below, like an old
 * one, so that there is one way to today's tables and each change stands in one place.
 *
 * Ids are 64-bit and from store_id_new, times UTC milliseconds. `body` is narrow, because
 * reference counts change often, and `message` holds what is wide and never changes; both have
 * the message's id. `dropped` has one row for each reference that was given up, counted off
 * later in small steps. `entry` and `change` are ordered by their keys and have no other index.
 */
static const char first_tables[] =
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

static const char thread_tables[] =
    "CREATE TABLE thread_recent (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;"
    "CREATE TABLE thread_page (first INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;";

static const char pending_delete[] =
    "DELETE FROM search_pending WHERE message IN (SELECT message FROM search_pending LIMIT $1)";

static uint64_t pending_remove(struct db *db) {
    DB_RUN(db, pending_delete, DB_NUMBER(STORE_MIGRATE_ROWS));
    return db_changed(db);
}

/* There is one tenant. */
static const char reference_next[] =
    "SELECT hash, thread FROM thread_reference WHERE tenant = $1 ORDER BY hash LIMIT $2";
static const char reference_delete[] = "DELETE FROM thread_reference WHERE tenant = $1 AND hash <= $2";
static const char event_newest_ms[] = "SELECT at_ms FROM event ORDER BY id DESC LIMIT 1";

/* Nobody noted when a reference was seen: all count as seen when something last happened. */
static uint64_t references_move(struct db *db) {
    struct reference *references = malloc(STORE_MIGRATE_ROWS * sizeof *references);
    if (!references) FATAL("out of memory for references");
    size_t count = 0;
    uint32_t day = (uint32_t)(DB_READ_NUMBER(db, event_newest_ms, 0) / (24 * 3600 * 1000));
    struct db_rows rows =
        DB_ROWS(db, reference_next, DB_NUMBER(TENANT_DEFAULT), DB_NUMBER(STORE_MIGRATE_ROWS));
    while (db_rows_next(&rows))
        references[count++] = (struct reference){db_rows_number(&rows, 0), db_rows_id(&rows, 1)};
    thread_page_merge(db, references, count, day);
    if (count) DB_RUN(db, reference_delete, DB_NUMBER(TENANT_DEFAULT), DB_NUMBER(references[count - 1].hash));
    free(references);
    return count;
}

/*
 * To add a table or a column: one row at the end, never between, with its CREATE TABLE ... STRICT
 * or ALTER TABLE in `script`; the format's number is the count of rows and needs no care. A row
 * that a release carried is never changed again. Where many rows must be rewritten, `chunk` does
 * it some at a time before the script runs.
 */
static const struct migration steps[] = {
    {"what waits for a search index is no longer listed", pending_remove, "DROP TABLE search_pending"},
    {"a journal of what was imported", NULL, IMPORT_TABLES},
    {"tables that hold many references a row", NULL, thread_tables},
    {"references are many a row", references_move, "DROP TABLE thread_reference"},
    {"UIDs of large mailboxes are kept together", NULL, UIDS_TABLES},
    {"tables of destinations, of who waits for them, and of what happened", NULL, QUEUE_TABLES},
    {"recipients wait at their destinations", queue_move_old, "DROP TABLE queue"},
    {"routes through other hosts", NULL, ROUTE_TABLES},
    {"messages marked as deleted are found by an index", NULL,
     "CREATE INDEX entry_deleted ON entry (mailbox, uid) WHERE flags & 8"},
    {"domains that mail is passed on for, and what accounts sent lately", NULL,
     "ALTER TABLE domain ADD COLUMN is_relay INTEGER NOT NULL DEFAULT 0;" SENDING_TABLES},
    {"relay domains whose own hosts are asked for recipients", NULL,
     "ALTER TABLE domain ADD COLUMN is_verified INTEGER NOT NULL DEFAULT 0"},
    {"who is to be told that mail is held", NULL, SENDING_NOTICE_TABLES},
    {"keys that mail of our domains is signed with", NULL, DKIM_TABLES},
    {"policies of other domains for the way to them, and what became of connections", NULL,
     STS_POLICY_TABLES TLS_RESULT_TABLES},
    {"reports of others about our domains' mail", NULL, FEEDBACK_TABLES},
    {"what is counted to be reported to others", NULL, SEEN_TABLES},
    {"keys for the API", NULL, API_KEY_TABLES},
    {"connections that failed are counted by their addresses", NULL, TLS_RESULT_ADDRESSES},
    {"the address book, and who must not be written to", NULL, CONTACT_TABLES SUPPRESSION_TABLES},
    {"mailboxes that outreach sends from", NULL, SENDER_TABLES},
    {"campaigns, and what was sent and answered", NULL, CAMPAIGN_TABLES},
    {"copies that are to be in Sent of outside mailboxes", NULL, SENDER_COPY_TABLES},
    {"webhooks, and events on their way to them", NULL, WEBHOOK_TABLES},
    {"campaigns that go on when their mailbox is well again", NULL,
     "ALTER TABLE campaign ADD COLUMN is_held INTEGER NOT NULL DEFAULT 0"},
    {"letters that ask before they leave", NULL, CAMPAIGN_LEAVING},
    {"prospects that wait together are kept together", NULL, CAMPAIGN_LANE_TABLES},
    {"what answers hold prospects by, and texts to judge again", NULL, ANSWER_TABLES},
};

const struct migrations schema_migrations = {steps, sizeof steps / sizeof steps[0]};

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
    db_script(db, first_tables);
    for (size_t i = 0; i < schema_migrations.count; i++) db_script(db, schema_migrations.steps[i].script);
    DB_RUN(db, tenant_insert, DB_NUMBER(TENANT_DEFAULT));
    setting_set_number(db, SLICE("format"), migrations_format(&schema_migrations));
    /* A folder that is made anew must not repeat what clients remember of the one before it. */
    setting_set_number(db, SLICE("uidvalidity"), now_ms / 1000);
    DB_RUN(db, setting_write_bytes, DB_TEXT(SLICE("scram_secret")), DB_BYTES(secret));
    return errno_of(db_commit(db));
}

/* Made with a new store, and by the store role before its walls stand; here for folders of before. */
static int snapshot_folder(struct env *env, const char *folder, char path[STORE_PATH_BYTES_MAX]) {
    if (snprintf(path, STORE_PATH_BYTES_MAX, "%s/snapshot", folder) >= STORE_PATH_BYTES_MAX)
        return -ENAMETOOLONG;
    int result = folder_sync(env, path);
    return result == -ENOENT ? folder_make(env, path) : result;
}

/* A copy made in one go is renamed to its name when it is whole. */
static int snapshot(struct env *env, struct db *db, const char *data_folder, int64_t format) {
    char folder[STORE_PATH_BYTES_MAX];
    char copy[STORE_PATH_BYTES_MAX];
    char partial[STORE_PATH_BYTES_MAX];
    int made = snapshot_folder(env, data_folder, folder);
    if (made) return made;
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

/* Each chunk commits for itself; after a crash the next run finds what is left. */
static int run_chunks(struct env *env, struct db *db, const struct migration *step) {
    uint64_t rows = 0;
    int64_t told_ms = env_now_ms(env);
    for (;;) {
        db_begin_write(db);
        uint64_t changed = step->chunk(db);
        int result = errno_of(db_commit(db));
        if (result || changed == 0) return result;
        rows += changed;
        (void)db_checkpoint(db);
        if (env_now_ms(env) - told_ms < STORE_MIGRATE_TOLD_MS) continue;
        told_ms = env_now_ms(env);
        LOG_INFO(env->log, "store.migrating", LOG_CSTR("step", step->name), LOG_NUMBER("rows", rows));
    }
}

static int migrate_step(struct env *env, struct db *db, const struct migration *step, int64_t to) {
    LOG_INFO(env->log, "store.migrating", LOG_CSTR("step", step->name), LOG_NUMBER("from", to - 1),
             LOG_NUMBER("to", to));
    int result = step->chunk ? run_chunks(env, db, step) : 0;
    if (result) return result;
    db_begin_write(db);
    db_script(db, step->script);
    setting_set_number(db, SLICE("format"), to);
    return errno_of(db_commit(db));
}

static int refuse(struct env *env, const char *folder, int64_t format, int64_t wanted) {
    bool is_newer = format > wanted;
    LOG_ERROR(env->log, "store.format_refused", LOG_CSTR("folder", folder), LOG_NUMBER("found", format),
              LOG_NUMBER("known", wanted),
              LOG_CSTR("reason", is_newer
                                     ? "a newer posthaste wrote this folder; run that version, or restore a "
                                       "backup made before it. Nothing was changed"
                                     : "store.db has no format that any posthaste wrote; is this the right "
                                       "folder? Nothing was changed"));
    return -EPROTO;
}

static int migrate(struct env *env, struct db *db, const char *folder, const struct migrations *migrations,
                   int64_t format) {
    int64_t wanted = migrations_format(migrations);
    int64_t first = format;
    LOG_INFO(env->log, "store.migration_begins", LOG_NUMBER("from", format), LOG_NUMBER("to", wanted));
    int result = snapshot(env, db, folder, format);
    for (; result == 0 && format < wanted; format++)
        result = migrate_step(env, db, &migrations->steps[format - 1], format + 1);
    if (result)
        LOG_ERROR(env->log, "store.migration_stopped", LOG_NUMBER("at", format),
                  LOG_CSTR("reason", strerror(-result)),
                  LOG_CSTR("next", "what was done is kept; the next start goes on from there"));
    else
        LOG_INFO(env->log, "store.migrated", LOG_NUMBER("from", first), LOG_NUMBER("to", wanted));
    return result;
}

int schema_migrate(struct env *env, struct db *db, const char *folder, const struct migrations *migrations) {
    int64_t wanted = migrations_format(migrations);
    db_failure_clear(db);
    int64_t format = setting_number(db, SLICE("format"), 0);
    /* Without that table it is some other program's database. */
    if (db_failure(db) != STORE_OK) format = 0;
    if (format < 1 || format > wanted) return refuse(env, folder, format, wanted);
    return format == wanted ? 0 : migrate(env, db, folder, migrations, format);
}

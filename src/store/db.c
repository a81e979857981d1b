#include "store/db.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"

enum { COPY_PAGES = 512 };
enum {
    PAGE_BYTES = 4096,
    WAL_FRAME_HEADER_BYTES = 24,
    BUSY_MS = 2000,
    LOOKASIDE_BYTES = 512,
    LOOKASIDE_COUNT = 400,
    VALUES_MAX = 24
};

struct prepared {
    const char *sql;
    sqlite3_stmt *statement;
    /* SQLite takes "$2" for a name and counts names as they come: the place of each. */
    uint8_t places[VALUES_MAX];
};

struct db {
    struct env *env;
    sqlite3 *handle;
    struct prepared prepared[STORE_STATEMENTS_MAX * 2];
    size_t prepared_count;
    enum store_result failure;
    int failure_code;
    uint64_t wal_bytes;
    char complaint[256];
};

static enum store_result result_of(int code) {
    switch (code & 0xff) {
    case SQLITE_FULL:
        return STORE_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return STORE_BUSY;
    default:
        return STORE_FAILED;
    }
}

/* What was not synced may be gone whatever a later sync says: nothing can be promised any more. */
static void check_sync(const struct db *db, int code) {
    if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC)
        ENV_FATAL(db->env, "the database cannot be synced: %s", sqlite3_errmsg(db->handle));
}

static void fail(struct db *db, int code, const char *sql) {
    check_sync(db, code);
    if (db->failure == STORE_OK) {
        db->failure = result_of(code);
        db->failure_code = code;
    }
    if (!db->complaint[0])
        (void)snprintf(db->complaint, sizeof db->complaint, "%s (%d) at: %s", sqlite3_errmsg(db->handle),
                       code, sql);
}

static int errno_of(int code) {
    switch (code & 0xff) {
    case SQLITE_OK:
        return 0;
    case SQLITE_CANTOPEN:
        return -ENOENT;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
        return -EACCES;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_BUSY:
        return -EWOULDBLOCK;
    default:
        return -EIO;
    }
}

static int note_wal_bytes(void *context, sqlite3 *handle, const char *name, int pages) {
    (void)handle;
    (void)name;
    struct db *db = context;
    db->wal_bytes = (uint64_t)pages * (PAGE_BYTES + WAL_FRAME_HEADER_BYTES);
    return SQLITE_OK;
}

static void keep_wal(struct db *db) {
    int on = 1;
    (void)sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
}

static void set_up_writer(struct db *db) {
    keep_wal(db);
    db_script(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
                  "PRAGMA cache_size = -32768; PRAGMA journal_size_limit = 67108864");
    if (IS_PLANTED(db->env, PLANTED_NO_DATABASE_SYNC)) db_script(db, "PRAGMA synchronous = OFF");
    (void)sqlite3_wal_hook(db->handle, note_wal_bytes, db);
}

static const char schema_count[] = "SELECT count(*) FROM sqlite_master";
static const char header_read[] = "PRAGMA data_version";

/* No statement of its own: reading the header alone opens the WAL, and the schema is left unread, which takes
   the most of opening a database. */
static void set_up_checkpoints(struct db *db) {
    keep_wal(db);
    if (IS_PLANTED(db->env, PLANTED_NO_DATABASE_SYNC)) db_script(db, "PRAGMA synchronous = OFF");
    (void)db_number_values(db, header_read, 0, NULL, 0);
}

static void set_up(struct db *db, enum db_access access) {
    (void)sqlite3_extended_result_codes(db->handle, 1);
    (void)sqlite3_busy_timeout(db->handle, BUSY_MS);
    if (access == DB_CHECKPOINT) {
        set_up_checkpoints(db);
        return;
    }
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_LOOKASIDE, NULL, LOOKASIDE_BYTES, LOOKASIDE_COUNT);
    db_script(db, "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
    if (access == DB_WRITE) set_up_writer(db);
    /* The schema is read here, so that a file which is no database is found out at once. */
    (void)db_number_values(db, schema_count, 0, NULL, 0);
}

/* Why a file cannot be opened the system says: that there is none is one reason of several. */
static int why_not_open(struct db *db, int code) {
    int error = (code & 0xff) == SQLITE_CANTOPEN ? sqlite3_system_errno(db->handle) : 0;
    return error ? -error : errno_of(code);
}

int db_open(struct env *env, const char *path, enum db_access access, struct db **out) {
    struct db *db = calloc(1, sizeof *db);
    if (!db) FATAL("out of memory for a database connection");
    db->env = env;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
    flags |= access == DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (access == DB_CREATE) flags |= SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2(path, &db->handle, flags, env_sqlite_vfs(env));
    if (code == SQLITE_OK) {
        set_up(db, access);
        code = db->failure_code;
    }
    int result = why_not_open(db, code);
    db_complain(db, env->log);
    if (code != SQLITE_OK)
        db_close(&db);
    else
        *out = db;
    return result;
}

void db_close(struct db **db) {
    if (!*db) return;
    for (size_t i = 0; i < STORE_STATEMENTS_MAX * 2; i++)
        (void)sqlite3_finalize((*db)->prepared[i].statement);
    if (sqlite3_close((*db)->handle) != SQLITE_OK) FATAL("a statement is left open on the database");
    free(*db);
    *db = NULL;
}

static struct prepared *prepared_slot(struct db *db, const char *sql) {
    size_t slot = ((uintptr_t)sql * 0x9e3779b97f4a7c15u) >> 32;
    for (;; slot++) {
        struct prepared *prepared = &db->prepared[slot % (STORE_STATEMENTS_MAX * 2)];
        if (!prepared->sql || prepared->sql == sql) return prepared;
    }
}

static void find_places(struct prepared *prepared) {
    int count = sqlite3_bind_parameter_count(prepared->statement);
    ASSERT(count <= VALUES_MAX);
    for (int place = 1; place <= count; place++) {
        uint64_t number = 0;
        struct slice name = slice_from_text(sqlite3_bind_parameter_name(prepared->statement, place));
        bool is_good = slice_to_number(slice_skip(name, 1), (uint64_t)count, &number) && number > 0;
        ASSERT(is_good);
        prepared->places[number - 1] = (uint8_t)place;
    }
}

static struct prepared *prepare(struct db *db, const char *sql) {
    struct prepared *prepared = prepared_slot(db, sql);
    if (prepared->sql) {
        ASSERT(!sqlite3_stmt_busy(prepared->statement));
        return prepared;
    }
    int code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared->statement, NULL);
    if (code != SQLITE_OK) {
        fail(db, code, sql);
        return NULL;
    }
    ASSERT(++db->prepared_count <= STORE_STATEMENTS_MAX);
    prepared->sql = sql;
    find_places(prepared);
    return prepared;
}

static int bind_value(sqlite3_stmt *statement, int place, const struct db_value *value) {
    /* An empty value is empty, not NULL. */
    const void *bytes = value->bytes.len ? (const void *)value->bytes.ptr : "";
    if (value->kind == DB_VALUE_NUMBER) return sqlite3_bind_int64(statement, place, value->number);
    if (value->kind == DB_VALUE_TEXT)
        return sqlite3_bind_text64(statement, place, bytes, value->bytes.len, SQLITE_STATIC, SQLITE_UTF8);
    return sqlite3_bind_blob64(statement, place, bytes, value->bytes.len, SQLITE_STATIC);
}

struct db_rows db_rows_values(struct db *db, const char *sql, const struct db_value *values, size_t count) {
    struct db_rows rows = {.db = db};
    if (db->failure != STORE_OK) return rows;
    struct prepared *prepared = prepare(db, sql);
    if (!prepared) return rows;
    ASSERT((size_t)sqlite3_bind_parameter_count(prepared->statement) == count);
    int code = SQLITE_OK;
    for (size_t i = 0; i < count && code == SQLITE_OK; i++)
        code = bind_value(prepared->statement, prepared->places[i], &values[i]);
    if (code != SQLITE_OK)
        fail(db, code, sql);
    else
        rows.statement = prepared->statement;
    return rows;
}

/* The WAL index begins with its header twice. A connection that may not write it and looks while the
   store writes the second takes the difference for a crash. The moment passes; after a true crash
   the store's next start mends it. */
static int step(sqlite3_stmt *statement) {
    int code = sqlite3_step(statement);
    for (int waited_ms = 0; code == SQLITE_READONLY_RECOVERY && waited_ms < BUSY_MS; waited_ms++) {
        (void)sqlite3_reset(statement);
        (void)sqlite3_sleep(1);
        code = sqlite3_step(statement);
    }
    return code;
}

bool db_rows_next(struct db_rows *rows) {
    if (!rows->statement) return false;
    int code = step(rows->statement);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) fail(rows->db, code, sqlite3_sql(rows->statement));
    db_rows_end(rows);
    return false;
}

void db_rows_end(struct db_rows *rows) {
    if (rows->statement) (void)sqlite3_reset(rows->statement);
    rows->statement = NULL;
}

struct slice db_rows_bytes(const struct db_rows *rows, int column) {
    const void *bytes = sqlite3_column_blob(rows->statement, column);
    return slice_of(bytes, (size_t)sqlite3_column_bytes(rows->statement, column));
}

void db_run_values(struct db *db, const char *sql, const struct db_value *values, size_t count) {
    struct db_rows rows = db_rows_values(db, sql, values, count);
    while (db_rows_next(&rows)) continue;
}

uint64_t db_changed(const struct db *db) { return (uint64_t)sqlite3_changes64(db->handle); }

int64_t db_number_values(struct db *db, const char *sql, int64_t otherwise, const struct db_value *values,
                         size_t count) {
    struct db_rows rows = db_rows_values(db, sql, values, count);
    if (!db_rows_next(&rows)) return otherwise;
    int64_t number = db_rows_number(&rows, 0);
    db_rows_end(&rows);
    return number;
}

static const char begin_write[] = "BEGIN IMMEDIATE";
static const char begin_read[] = "BEGIN";
static const char commit[] = "COMMIT";
static const char rollback[] = "ROLLBACK";

static void begin(struct db *db, const char *sql) {
    ASSERT(sqlite3_get_autocommit(db->handle));
    db_failure_clear(db);
    db_run_values(db, sql, NULL, 0);
}

void db_begin_write(struct db *db) { begin(db, begin_write); }
void db_begin_read(struct db *db) { begin(db, begin_read); }

/* A commit that could not be written for want of space can be refused; whether any other that
   failed is on the disk is not known, and only a fresh start finds out. */
enum store_result db_commit(struct db *db) {
    if (db->failure == STORE_OK) {
        db_run_values(db, commit, NULL, 0);
        if ((db->failure_code & 0xff) == SQLITE_IOERR)
            ENV_FATAL(db->env, "a commit failed: %s", db->complaint);
    }
    if (db->failure != STORE_OK) db_rollback(db);
    return db->failure;
}

void db_rollback(struct db *db) {
    if (sqlite3_get_autocommit(db->handle)) return;
    int code = sqlite3_exec(db->handle, rollback, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        ENV_FATAL(db->env, "a transaction cannot be rolled back: %s", sqlite3_errmsg(db->handle));
}

struct db_work db_work(const struct db *db) {
    struct db_work work = {0};
    for (sqlite3_stmt *each = sqlite3_next_stmt(db->handle, NULL); each;
         each = sqlite3_next_stmt(db->handle, each)) {
        work.steps += (uint64_t)sqlite3_stmt_status(each, SQLITE_STMTSTATUS_VM_STEP, 0);
        work.scans += (uint64_t)sqlite3_stmt_status(each, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
    }
    return work;
}

enum store_result db_failure(const struct db *db) { return db->failure; }
void db_failure_clear(struct db *db) {
    db->failure = STORE_OK;
    db->failure_code = SQLITE_OK;
}

void db_fail(struct db *db, enum store_result failure) {
    if (db->failure == STORE_OK) db->failure = failure;
}

void db_complain(struct db *db, struct log *log) {
    if (!db->complaint[0]) return;
    LOG_ERROR(log, "store.database_failed", LOG_CSTR("reason", db->complaint));
    db->complaint[0] = 0;
}

void db_script(struct db *db, const char *script) {
    if (db->failure != STORE_OK) return;
    int code = sqlite3_exec(db->handle, script, NULL, NULL, NULL);
    if (code != SQLITE_OK) fail(db, code, script);
}

uint64_t db_wal_bytes(const struct db *db) { return db->wal_bytes; }

bool db_checkpoint(struct db *db) {
    int in_wal = 0;
    int copied = 0;
    int code = sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_PASSIVE, &in_wal, &copied);
    if (code != SQLITE_OK && code != SQLITE_BUSY) fail(db, code, "checkpoint");
    return code == SQLITE_OK && copied == in_wal;
}

/* ---- copying ---- */

/* The read is held by the connection, so that no step sees a newer database than the first. */
static int copy_pages(sqlite3 *from, sqlite3 *to, void (*tell)(void *context, uint64_t done, uint64_t total),
                      void *context) {
    sqlite3_backup *copy = sqlite3_backup_init(to, "main", from, "main");
    if (!copy) return sqlite3_errcode(to);
    int code = SQLITE_OK;
    while (code == SQLITE_OK) {
        code = sqlite3_backup_step(copy, COPY_PAGES);
        uint64_t total = (uint64_t)sqlite3_backup_pagecount(copy) * PAGE_BYTES;
        tell(context, total - (uint64_t)sqlite3_backup_remaining(copy) * PAGE_BYTES, total);
    }
    int finished = sqlite3_backup_finish(copy);
    return code == SQLITE_DONE ? finished : code;
}

/* It counts only when it is whole, so it needs no journal and no sync on the way. */
int db_copy(struct db *db, const char *path, void (*tell)(void *context, uint64_t done, uint64_t total),
            void *context) {
    sqlite3 *to = NULL;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2(path, &to, flags, env_sqlite_vfs(db->env));
    if (code == SQLITE_OK) (void)sqlite3_extended_result_codes(to, 1);
    if (code == SQLITE_OK)
        code = sqlite3_exec(to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL);
    if (code == SQLITE_OK) code = copy_pages(db->handle, to, tell, context);
    int error = code == SQLITE_OK ? 0 : sqlite3_system_errno(to);
    if (sqlite3_close(to) != SQLITE_OK) FATAL("a copy of the database stays open");
    if (code == SQLITE_OK) return 0;
    return error == ENOSPC || error == EDQUOT || error == EFBIG ? -error : errno_of(code);
}

/*
 * A thin layer over SQLite: connections, prepared statements, values, transactions. Nothing
 * outside src/store sees SQL, and nothing outside db.c and checkpoint.c sees SQLite.
 *
 * Failure is sticky, as in a buffer: after the first statement that fails, further ones do
 * nothing until db_begin or db_failure_clear, so that a writer checks once, at its end.
 * Statements are prepared once for a connection and named by their text's address, so texts
 * are static. A connection belongs to one thread at a time. A sync that failed ends the role.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <sqlite3.h>

#include "io/file.h"
#include "store/model.h"

struct db;

enum db_access {
    DB_READ,
    DB_WRITE,
    /* For db_checkpoint alone. */
    DB_CHECKPOINT,
    /* Makes the file; it must not be there. Without a WAL until it is opened for writing. */
    DB_CREATE,
};

/* 0, or -ENOENT, -EEXIST, -EIO (not a database, or damaged), -EACCES, ... Blocks. */
NODISCARD int db_open(struct env *env, const char *path, enum db_access access, struct db **db);
void db_close(struct db **db);

/* A value for $1, $2, ... of a statement. */
enum db_value_kind { DB_VALUE_NUMBER, DB_VALUE_TEXT, DB_VALUE_BYTES };
struct db_value {
    enum db_value_kind kind;
    int64_t number;
    struct slice bytes;
};
/* Numbers are stored as signed 64 bits; ids and counts never use the highest. */
#define DB_NUMBER(n) ((struct db_value){DB_VALUE_NUMBER, (int64_t)(n), SLICE_EMPTY})
#define DB_TEXT(s) ((struct db_value){DB_VALUE_TEXT, 0, (s)})
#define DB_BYTES(s) ((struct db_value){DB_VALUE_BYTES, 0, (s)})
#define DB_VALUES(...)                      \
    (const struct db_value[]){__VA_ARGS__}, \
        sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)

/* Runs a statement to its end. What goes wrong is in db_failure. */
void db_run_values(struct db *db, const char *sql, const struct db_value *values, size_t count);
#define DB_RUN(db, sql, ...) db_run_values((db), (sql), DB_VALUES(__VA_ARGS__))
/* Rows that the last DB_RUN changed. */
uint64_t db_changed(const struct db *db);
/* The one number a statement gives, or `otherwise` where it gives no row. */
int64_t db_number_values(struct db *db, const char *sql, int64_t otherwise, const struct db_value *values,
                         size_t count);
#define DB_READ_NUMBER(db, sql, otherwise, ...) \
    db_number_values((db), (sql), (otherwise), DB_VALUES(__VA_ARGS__))

/* The rows of a statement. It ends by itself after the last row; until then the same text may
   not be used again. Values that were bound must live as long. */
struct db_rows {
    struct db *db;
    sqlite3_stmt *statement;
};
struct db_rows db_rows_values(struct db *db, const char *sql, const struct db_value *values, size_t count);
#define DB_ROWS(db, sql, ...) db_rows_values((db), (sql), DB_VALUES(__VA_ARGS__))
/* Goes to the next row. False at the end, or when reading failed (db_failure). */
bool db_rows_next(struct db_rows *rows);
void db_rows_end(struct db_rows *rows);
static inline int64_t db_rows_number(const struct db_rows *rows, int column) {
    return sqlite3_column_int64(rows->statement, column);
}
static inline uint64_t db_rows_id(const struct db_rows *rows, int column) {
    return (uint64_t)db_rows_number(rows, column);
}
/* Text or bytes; they live until the next row. */
struct slice db_rows_bytes(const struct db_rows *rows, int column);

/* One transaction at a time. db_begin clears an earlier failure. */
void db_begin_write(struct db *db);
void db_begin_read(struct db *db);
/* Makes it durable; STORE_OK, or why not: then it was rolled back. */
enum store_result db_commit(struct db *db);
void db_rollback(struct db *db);

/* STORE_OK, or what the first failure since the beginning means. */
enum store_result db_failure(const struct db *db);
/* The failure, or `otherwise` when there is none. */
static inline enum store_result db_result(const struct db *db, enum store_result otherwise) {
    enum store_result failure = db_failure(db);
    return failure == STORE_OK ? otherwise : failure;
}
void db_failure_clear(struct db *db);
/* Makes the transaction fail, so that what it wrote is taken back. */
void db_fail(struct db *db, enum store_result failure);
/* Says in the log what went wrong since it was last asked, if anything. On the loop. */
void db_complain(struct db *db, struct log *log);

/* What the connection's statements did since it was opened, in steps of SQLite's machine, and in rows of
   tables that were gone through without an index: by these, unlike by time, a test can compare. */
struct db_work {
    uint64_t steps;
    uint64_t scans;
};
struct db_work db_work(const struct db *db);

/* Runs statements of a script, without values, for schemas and pragmas. */
void db_script(struct db *db, const char *script);
/* Bytes in the WAL after the last commit of this connection. */
uint64_t db_wal_bytes(const struct db *db);
/* Copies what it can from the WAL to the database, without making anyone wait. True: all of it. */
bool db_checkpoint(struct db *db);

/* Copies the database, as the read that was begun sees it, to a new file at `path`; nobody waits for it,
   but until that read ends the WAL grows. `tell` is told bytes done and of how many, now and then. The copy
   is not synced. 0, -ENOSPC, or another negated errno; then what is at `path` is nothing. */
NODISCARD int db_copy(struct db *db, const char *path,
                      void (*tell)(void *context, uint64_t done, uint64_t total), void *context);

#endif

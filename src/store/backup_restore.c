/*
 * Giving a snapshot back. A file is put together under another name, synced and renamed, so that one
 * that is there is whole, and a restore that was broken off goes on. The database comes last: until
 * then the folder is no store. Before it gets its name, its mailboxes are moved on: devices may have
 * seen UIDs and modseqs that were given out after the snapshot, and those must not come again with the
 * same UIDVALIDITY for something else (RFC 9051 2.3.1.1, RFC 7162 3.1.2.1).
 */
#include <errno.h>
#include <stdio.h>

#include "base/limits.h"
#include "store/backup.h"
#include "store/db.h"

enum { LINEAGE_BYTES = 16, UIDVALIDITIES_SKIPPED = 100000 };

static const char mailboxes_move_on[] =
    "UPDATE mailbox SET uidnext = CASE WHEN uidnext < 3000000000 THEN uidnext + 1000000 ELSE uidnext END,"
    " modseq = modseq + 1000000000, change_floor = modseq + 1000000000";
static const char uidvalidity_move_on[] =
    "UPDATE setting SET number = max(number + $1, $2) WHERE name = 'uidvalidity'";
static const char lineage_write[] = "INSERT INTO setting (name, number, bytes) VALUES ('lineage', 0, $1)"
                                    " ON CONFLICT (name) DO UPDATE SET bytes = $1";

/* ---- files ---- */

static bool is_there(struct backup *backup, const char *path, uint64_t bytes) {
    struct file *file = NULL;
    if (file_open(backup->env, path, FILE_READ, &file)) return false;
    int64_t size = file_size(file);
    file_close(&file);
    return size >= 0 && (uint64_t)size == bytes;
}

static int write_part(struct backup *backup, const struct backup_part *part, struct file *out, uint64_t at) {
    struct slice bytes;
    int result = backup_pool_read(backup, part, &bytes);
    if (result == -ENOENT) result = -EBADMSG;
    if (result) return backup_fail(backup, result, "%s/pool/%.2s/%s", backup->folder, part->name, part->name);
    return file_write(out, bytes, at);
}

static int write_parts(struct backup *backup, const struct backup_file *file, const char *partial) {
    struct file *out = NULL;
    int result = file_remove(backup->env, partial);
    if (result == 0 || result == -ENOENT) result = file_open(backup->env, partial, FILE_CREATE, &out);
    uint64_t at = 0;
    for (size_t i = 0; result == 0 && i < file->part_count; i++) {
        result = write_part(backup, &file->parts[i], out, at);
        at += file->parts[i].bytes;
    }
    if (result == 0) result = file_sync(out);
    file_close(&out);
    return result;
}

static int rename_whole(struct backup *backup, const char *partial, const char *path) {
    char folder[STORE_PATH_BYTES_MAX];
    size_t len = slice_find_last_byte(slice_from_text(path), '/');
    int result = file_rename(backup->env, partial, path);
    (void)snprintf(folder, sizeof folder, "%.*s", (int)len, path);
    return result ? result : folder_sync(backup->env, folder);
}

static int make_names(const char *data, const char *name, char path[STORE_PATH_BYTES_MAX],
                      char partial[STORE_PATH_BYTES_MAX]) {
    int len = snprintf(path, STORE_PATH_BYTES_MAX, "%s/%s", data, name);
    int longer = snprintf(partial, STORE_PATH_BYTES_MAX, "%s/%s.partial", data, name);
    bool is_short = len > 0 && longer < STORE_PATH_BYTES_MAX;
    return is_short ? 0 : -ENAMETOOLONG;
}

int backup_restore_file(struct backup *backup, const struct backup_file *file, const char *data) {
    char path[STORE_PATH_BYTES_MAX];
    char partial[STORE_PATH_BYTES_MAX];
    int result = make_names(data, file->path, path, partial);
    if (result == 0 && is_there(backup, path, file->bytes)) return 0;
    if (result == 0) result = write_parts(backup, file, partial);
    if (result == 0) result = rename_whole(backup, partial, path);
    return result ? backup_fail(backup, result, "%s/%s", data, file->path) : 0;
}

/* ---- the database ---- */

static int move_on(struct backup *backup, const char *path) {
    uint8_t lineage[LINEAGE_BYTES];
    struct db *db = NULL;
    env_random(backup->env, lineage, sizeof lineage);
    /* As a new one: with its last connection its WAL goes, too. */
    int result = db_open(backup->env, path, DB_CREATE, &db);
    if (result) return result;
    db_begin_write(db);
    DB_RUN(db, mailboxes_move_on);
    DB_RUN(db, uidvalidity_move_on, DB_NUMBER(UIDVALIDITIES_SKIPPED),
           DB_NUMBER(env_wall_ms(backup->env) / 1000));
    DB_RUN(db, lineage_write, DB_BYTES(slice_of(lineage, sizeof lineage)));
    enum store_result committed = db_commit(db);
    db_complain(db, backup->env->log);
    bool is_whole = db_checkpoint(db);
    db_close(&db);
    if (committed == STORE_FULL) return -ENOSPC;
    return committed == STORE_OK && is_whole ? 0 : -EIO;
}

static int sync_file(struct backup *backup, const char *path) {
    struct file *file = NULL;
    int result = file_open(backup->env, path, FILE_WRITE, &file);
    if (result == 0) result = file_sync(file);
    file_close(&file);
    return result;
}

/* What SQLite left of a try that was broken off belongs to no database of ours. */
static int remove_leftovers(struct backup *backup, const char *partial) {
    static const char *const endings[] = {"-wal", "-shm", "-journal"};
    int result = 0;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0] && result == 0; i++) {
        char path[STORE_PATH_BYTES_MAX];
        if ((size_t)snprintf(path, sizeof path, "%s%s", partial, endings[i]) >= sizeof path)
            return -ENAMETOOLONG;
        result = file_remove(backup->env, path);
        if (result == -ENOENT) result = 0;
    }
    return result;
}

int backup_restore_database(struct backup *backup, const struct backup_file *file, const char *data) {
    char path[STORE_PATH_BYTES_MAX];
    char partial[STORE_PATH_BYTES_MAX];
    int result = make_names(data, file->path, path, partial);
    if (result == 0) result = remove_leftovers(backup, partial);
    if (result == 0) result = write_parts(backup, file, partial);
    if (result == 0) result = move_on(backup, partial);
    if (result == 0) result = sync_file(backup, partial);
    if (result == 0) result = remove_leftovers(backup, partial);
    if (result == 0) result = rename_whole(backup, partial, path);
    return result ? backup_fail(backup, result, "%s/%s", data, file->path) : 0;
}

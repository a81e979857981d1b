/*
 * Taking what the store holds: the database through a connection of our own, in one read, so that
 * writers go on; then the segments that this read names, each up to the length it knows. Those bytes
 * never change; only compaction takes a whole segment away. So the segments are opened at once, before
 * the long work begins: an open file stays readable after its name has gone, and a backup that is
 * killed lets go of it. One that is gone already means that a newer read no longer names it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/map.h"
#include "store/backup.h"
#include "store/schema.h"
#include "store/segment.h"

/* What compaction is about to take away comes first. */
static const char segments_to_take[] =
    "SELECT number, bytes FROM segment ORDER BY live_bytes * 2 < bytes DESC, number";
static const char secrets_read[] =
    "SELECT bytes FROM setting WHERE name IN ('scram_secret', 'lineage') ORDER BY name";

struct held {
    uint64_t number;
    uint64_t bytes;
    struct file *file;
    bool is_missing;
};

struct taking {
    struct backup *backup;
    const char *data;
    struct db *db;
    /* The snapshot before, or NULL, and its files by their path. */
    const struct backup_manifest *previous;
    struct map *known;
    struct backup_manifest *manifest;
    struct held *segments;
    size_t segment_count;
    /* For progress. */
    uint64_t done_bytes;
    uint64_t total_bytes;
    /* struct backup_part of the file at hand. */
    struct buffer parts;
};

/* ---- entries ---- */

static void append_entry(struct taking *taking, struct backup_file *file, const char *path) {
    struct arena *arena = taking->backup->arena;
    file->path = arena_text(arena, slice_from_text(path));
    file->part_count = taking->parts.len / sizeof *file->parts;
    file->parts = ARENA_NEW_ARRAY(arena, struct backup_part, file->part_count + 1);
    if (file->part_count) memcpy(file->parts, taking->parts.ptr, taking->parts.len);
    buffer_append(&taking->manifest->files, slice_of(file, sizeof *file));
}

static int add_bytes(struct taking *taking, struct slice bytes) {
    struct backup_part part;
    int result = backup_pool_add(taking->backup, bytes, &part);
    if (result == 0) buffer_append(&taking->parts, slice_of(&part, sizeof part));
    return result;
}

static void note_done(struct taking *taking, uint64_t bytes) {
    taking->done_bytes += bytes;
    backup_step(taking->backup, taking->done_bytes, taking->total_bytes);
}

static void clear_parts(struct taking *taking) { buffer_clear(&taking->parts); }

int backup_take_entry(struct backup *backup, struct backup_manifest *manifest,
                      const struct backup_file *entry, struct slice bytes) {
    struct taking taking = {.backup = backup, .manifest = manifest};
    taking.parts = buffer_new(MIB(64));
    struct backup_file file = *entry;
    file.bytes = bytes.len;
    int result = 0;
    while (bytes.len && result == 0) result = add_bytes(&taking, slice_take(&bytes, BACKUP_CHUNK_BYTES));
    if (result == 0) append_entry(&taking, &file, entry->path);
    buffer_free(&taking.parts);
    return result;
}

/* ---- the database ---- */

static void copy_step(void *context, uint64_t done, uint64_t total) {
    struct taking *taking = context;
    backup_step(taking->backup, taking->done_bytes + done, taking->total_bytes + total);
}

static int cut_database(struct taking *taking, struct file *copy) {
    struct backup *backup = taking->backup;
    int64_t size = file_size(copy);
    if (size < 0) return (int)size;
    taking->total_bytes += (uint64_t)size;
    clear_parts(taking);
    for (uint64_t at = 0; at < (uint64_t)size;) {
        int64_t got = file_read(copy, backup->chunk, BACKUP_DATABASE_CHUNK_BYTES, at);
        if (got <= 0) return got < 0 ? (int)got : -EIO;
        int result = add_bytes(taking, slice_of(backup->chunk, (size_t)got));
        if (result) return result;
        at += (uint64_t)got;
        note_done(taking, (uint64_t)got);
    }
    struct backup_file file = {
        .kind = BACKUP_FILE, .permissions = 0640, .is_of_store = true, .bytes = (uint64_t)size};
    append_entry(taking, &file, "store.db");
    return 0;
}

static int take_database(struct taking *taking) {
    struct backup *backup = taking->backup;
    const char *path = backup_path(backup, "partial");
    struct file *copy = NULL;
    int result = file_remove(backup->env, path);
    if (result == 0 || result == -ENOENT) result = db_copy(taking->db, path, copy_step, taking);
    /* The read ends here: from now on the WAL can begin anew. */
    db_rollback(taking->db);
    if (result) {
        (void)!file_remove(backup->env, path);
        return backup_fail(backup, result, "%s", backup->folder);
    }
    /* Its name is needed for the parts; the bytes stay while it is open. */
    result = file_open(backup->env, path, FILE_READ, &copy);
    (void)!file_remove(backup->env, path);
    if (result == 0) result = cut_database(taking, copy);
    file_close(&copy);
    return result ? backup_fail(backup, result, "%s", backup->folder) : 0;
}

/* ---- holding the segments ---- */

static void let_go(struct taking *taking) {
    for (size_t i = 0; i < taking->segment_count; i++) file_close(&taking->segments[i].file);
    taking->segment_count = 0;
}

static void read_segments(struct taking *taking) {
    struct buffer rows_found = buffer_new(MIB(256));
    struct db_rows rows = DB_ROWS(taking->db, segments_to_take);
    taking->total_bytes = taking->done_bytes = 0;
    while (db_rows_next(&rows)) {
        struct held held = {.number = db_rows_id(&rows, 0), .bytes = db_rows_id(&rows, 1)};
        buffer_append(&rows_found, slice_of(&held, sizeof held));
        taking->total_bytes += held.bytes;
    }
    taking->segment_count = rows_found.len / sizeof *taking->segments;
    taking->segments = ARENA_NEW_ARRAY(taking->backup->arena, struct held, taking->segment_count + 1);
    if (rows_found.len) memcpy(taking->segments, rows_found.ptr, rows_found.len);
    buffer_free(&rows_found);
}

static int open_segment(struct taking *taking, struct held *held) {
    char path[STORE_PATH_BYTES_MAX];
    int result = segment_path(taking->data, held->number, path, sizeof path);
    if (result == 0) result = file_open(taking->backup->env, path, FILE_READ, &held->file);
    if (result == 0 || result == -ENOENT || result == -EMFILE || result == -ENFILE) return result;
    return backup_fail(taking->backup, result, "%s", path);
}

/* 0; -ENOENT: at least one has gone. As many as may be open; the others take their chance later. */
static int open_segments(struct taking *taking) {
    int gone = 0;
    size_t max = taking->backup->segments_held_max;
    for (size_t i = 0; i < taking->segment_count && (!max || i < max); i++) {
        struct held *held = &taking->segments[i];
        int result = open_segment(taking, held);
        if (result == -EMFILE || result == -ENFILE) break;
        held->is_missing = result == -ENOENT;
        if (result == -ENOENT) gone = result;
        if (result && result != -ENOENT) return result;
    }
    return gone;
}

static void read_lineage(struct taking *taking) {
    struct buffer secrets = buffer_new(KIB(4));
    char name[BACKUP_NAME_BYTES + 1];
    struct db_rows rows = DB_ROWS(taking->db, secrets_read);
    while (db_rows_next(&rows)) buffer_append(&secrets, db_rows_bytes(&rows, 0));
    backup_hash(buffer_slice(&secrets), name);
    buffer_free(&secrets);
    taking->manifest->lineage = arena_text(taking->backup->arena, slice_from_text(name));
}

static int begin_read(struct taking *taking) {
    struct backup *backup = taking->backup;
    db_begin_read(taking->db);
    taking->manifest->store_format = setting_number(taking->db, SLICE("format"), 0);
    taking->manifest->taken_ms = env_wall_ms(backup->env);
    read_lineage(taking);
    read_segments(taking);
    db_complain(taking->db, backup->env->log);
    if (db_failure(taking->db) != STORE_OK) return backup_fail(backup, -EIO, "%s/store.db", taking->data);
    int64_t format = migrations_format(&schema_migrations);
    if (taking->manifest->store_format == format) return 0;
    bool is_older = taking->manifest->store_format < format;
    backup->error = arena_printf(
        backup->arena, "%s: %s", taking->data,
        is_older ? "its store is of an older format; serve it once with this posthaste, which migrates it"
                 : "a newer posthaste wrote it; back it up with that one");
    return -EPROTO;
}

/* A read of one moment, with what it names held open. What is missing time after time has not been
   compacted away: it is lost. */
static int begin_and_hold(struct taking *taking) {
    for (int i = 0;; i++) {
        int result = begin_read(taking);
        if (result == 0) result = open_segments(taking);
        if (result == 0 || (result == -ENOENT && i == BACKUP_TRIES_MAX)) break;
        db_rollback(taking->db);
        let_go(taking);
        if (result != -ENOENT) return result;
    }
    return 0;
}

/* ---- copying the segments ---- */

static void note_damage(struct taking *taking, const struct held *held, const char *what) {
    taking->backup->has_damage = true;
    backup_note(taking->backup, "%s: segment %llu %s; posthaste verify tells what that means", taking->data,
                (unsigned long long)held->number, what);
}

/* Reads up to `len` bytes at the chunk. 0, with what there is in *bytes, or why not. */
static int read_range(struct taking *taking, struct held *held, uint64_t at, uint64_t len,
                      struct slice *bytes) {
    int64_t got = file_read(held->file, taking->backup->chunk, (size_t)len, at);
    *bytes = slice_of(taking->backup->chunk, got > 0 ? (size_t)got : 0);
    if (got == -EIO || (got >= 0 && (uint64_t)got < len)) {
        note_damage(taking, held, got < 0 ? "cannot be read" : "is shorter than it should be");
        return 0;
    }
    return got < 0 ? backup_fail(taking->backup, (int)got, "%s: segment %llu", taking->data,
                                 (unsigned long long)held->number)
                   : 0;
}

/* The end of a part we have, as it stands in the segment now: a store that went back in time by other
   means than ours (a copy of the disk) wrote something else there. */
static bool tail_is_same(struct taking *taking, struct held *held, const struct backup_part *part,
                         uint64_t at) {
    uint64_t len = part->bytes < BACKUP_TAIL_BYTES ? part->bytes : BACKUP_TAIL_BYTES;
    uint64_t skipped = part->bytes - len;
    uint8_t *ours = taking->backup->chunk;
    uint8_t *theirs = ours + BACKUP_TAIL_BYTES;
    int64_t got = file_read(held->file, theirs, (size_t)len, at + skipped);
    return got >= 0 && (uint64_t)got == len &&
           backup_pool_peek(taking->backup, part, skipped, ours, (size_t)len) &&
           memcmp(ours, theirs, (size_t)len) == 0;
}

static bool is_same_store(const struct taking *taking) {
    return strcmp(taking->previous->lineage, taking->manifest->lineage) == 0;
}

/* How many of the parts we have lie within the segment's length. */
static size_t parts_within(const struct backup_file *known, uint64_t bytes, uint64_t *end) {
    size_t count = 0;
    *end = 0;
    while (known && count < known->part_count && *end + known->parts[count].bytes <= bytes)
        *end += known->parts[count++].bytes;
    return count;
}

static int copy_range(struct taking *taking, struct held *held, uint64_t *at, uint64_t len) {
    struct slice bytes;
    int result = read_range(taking, held, *at, len, &bytes);
    if (result == 0 && bytes.len) result = add_bytes(taking, bytes);
    if (result) return result;
    *at += bytes.len;
    note_done(taking, bytes.len);
    /* Behind what cannot be read there is nothing to go on with. */
    if (bytes.len < len) held->bytes = *at;
    return 0;
}

/* What was copied before is kept as it was cut then: a part that is missing comes back under its name. */
static int copy_known(struct taking *taking, struct held *held, const struct backup_file *known,
                      uint64_t *at) {
    uint64_t end = 0;
    size_t count = parts_within(known, held->bytes, &end);
    if (count == 0 || known->part_count > BACKUP_SEGMENT_PARTS_MAX) return 0;
    const struct backup_part *last = &known->parts[count - 1];
    bool is_trusted = is_same_store(taking) && tail_is_same(taking, held, last, end - last->bytes);
    for (size_t i = 0; i < count && *at < held->bytes; i++) {
        const struct backup_part *part = &known->parts[i];
        if (is_trusted && backup_pool_has(taking->backup, part)) {
            buffer_append(&taking->parts, slice_of(part, sizeof *part));
            *at += part->bytes;
            note_done(taking, part->bytes);
            continue;
        }
        int result = copy_range(taking, held, at, part->bytes);
        if (result) return result;
    }
    return 0;
}

static int copy_segment(struct taking *taking, struct held *held, const char *name) {
    const struct backup_file *known = taking->known ? map_get(taking->known, slice_from_text(name)) : NULL;
    uint64_t at = 0;
    clear_parts(taking);
    int result = copy_known(taking, held, known, &at);
    while (result == 0 && at < held->bytes) {
        uint64_t rest = held->bytes - at;
        result = copy_range(taking, held, &at, rest < BACKUP_CHUNK_BYTES ? rest : BACKUP_CHUNK_BYTES);
    }
    struct backup_file file = {.kind = BACKUP_FILE, .permissions = 0640, .is_of_store = true, .bytes = at};
    if (result == 0) append_entry(taking, &file, name);
    return result;
}

/* -ESTALE: it was compacted away before it could be opened. */
static int take_segment(struct taking *taking, struct held *held) {
    char name[64];
    if (held->is_missing) {
        note_damage(taking, held, "is missing");
        return 0;
    }
    if (!held->file) {
        int result = open_segment(taking, held);
        if (result == -ENOENT) return -ESTALE;
        if (result) return backup_fail(taking->backup, result, "%s", taking->data);
    }
    (void)snprintf(name, sizeof name, "body/%08llu.seg", (unsigned long long)held->number);
    int result = copy_segment(taking, held, name);
    file_close(&held->file);
    return result;
}

/* ---- all of it ---- */

static int take_all(struct taking *taking) {
    int result = begin_and_hold(taking);
    if (result == 0) result = take_database(taking);
    for (size_t i = 0; result == 0 && i < taking->segment_count; i++)
        result = take_segment(taking, &taking->segments[i]);
    let_go(taking);
    return result;
}

static void learn(struct taking *taking) {
    const struct backup_manifest *previous = taking->previous;
    if (!previous) return;
    taking->known = map_new(env_random_u64(taking->backup->env));
    for (size_t i = 0; i < backup_file_count(previous); i++) {
        struct backup_file *file = backup_file_at(previous, i);
        (void)map_put(taking->known, slice_from_text(file->path), file);
    }
}

static int open_database(struct taking *taking) {
    char path[STORE_PATH_BYTES_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/store.db", taking->data) >= sizeof path) return -ENAMETOOLONG;
    return db_open(taking->backup->env, path, DB_READ, &taking->db);
}

/* What was copied of a try that went stale is in the pool, so each goes further than the one before. */
static int take_until_done(struct taking *taking) {
    for (int i = 0; i <= BACKUP_TRIES_MAX; i++) {
        int result = take_all(taking);
        if (result != -ESTALE) return result;
        buffer_clear(&taking->manifest->files);
    }
    return backup_fail(taking->backup, -EAGAIN, "%s: compaction keeps taking segments away; run it again",
                       taking->data);
}

int backup_take_store(struct backup *backup, const char *data, const struct backup_manifest *previous,
                      struct backup_manifest *manifest) {
    struct taking taking = {.backup = backup, .data = data, .manifest = manifest};
    taking.previous = previous;
    int result = open_database(&taking);
    if (result) return backup_fail(backup, result, "%s/store.db", data);
    taking.parts = buffer_new(MIB(64));
    learn(&taking);
    result = take_until_done(&taking);
    map_free(&taking.known);
    buffer_free(&taking.parts);
    db_close(&taking.db);
    return result;
}

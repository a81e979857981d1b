#include "store/body.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "store/body_pack.h"

static const char segment_list[] = "SELECT number, bytes FROM segment ORDER BY number";
static const char segment_known[] = "SELECT 1 FROM segment WHERE number = $1";
static const char segment_record[] =
    "INSERT INTO segment (number, bytes, live_bytes, live_count, raw_bytes) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (number) DO UPDATE SET bytes = $2, live_bytes = segment.live_bytes + $3,"
    " live_count = segment.live_count + $4, raw_bytes = segment.raw_bytes + $5";
static const char segment_drop[] =
    "UPDATE segment SET live_bytes = live_bytes - $2, live_count = live_count - 1, raw_bytes = raw_bytes - $3"
    " WHERE number = $1";

enum { ZEROS_BYTES = 4096 };

/* ---- opening ---- */

struct cleaning {
    struct body_writer *writer;
    struct db *db;
};

/* A file that no commit recorded holds nothing that was acknowledged. */
static void remove_unknown(void *context, const char *name) {
    struct cleaning *cleaning = context;
    uint64_t number = segment_number(name);
    if (number == 0 || DB_READ_NUMBER(cleaning->db, segment_known, 0, DB_NUMBER(number))) return;
    char path[STORE_PATH_BYTES_MAX];
    if (db_failure(cleaning->db) != STORE_OK) return;
    if (segment_path(cleaning->writer->folder, number, path, sizeof path)) return;
    if (file_remove(cleaning->writer->env, path))
        LOG_WARN(cleaning->writer->env->log, "store.segment_stays", LOG_NUMBER("segment", number));
}

static void check_segment(struct body_writer *writer, uint64_t number, uint64_t bytes) {
    char path[STORE_PATH_BYTES_MAX];
    struct file *file = NULL;
    int64_t size = segment_path(writer->folder, number, path, sizeof path);
    if (size == 0) size = file_open(writer->env, path, FILE_READ, &file);
    if (size == 0) size = file_size(file);
    file_close(&file);
    if (size < 0 || (uint64_t)size < bytes)
        LOG_ERROR(writer->env->log, "store.segment_damaged", LOG_NUMBER("segment", number),
                  LOG_NUMBER("bytes", size), LOG_NUMBER("wanted", bytes));
}

static int open_current(struct body_writer *writer) {
    char path[STORE_PATH_BYTES_MAX];
    int result = segment_path(writer->folder, writer->segment, path, sizeof path);
    if (result == 0) result = file_open(writer->env, path, FILE_WRITE, &writer->file);
    int64_t size = result == 0 ? file_size(writer->file) : result;
    writer->room = size > 0 ? (uint64_t)size : 0;
    return size < 0 ? (int)size : 0;
}

int body_writer_open(struct body_writer *writer, struct env *env, const char *folder,
                     uint64_t segment_bytes_max, struct db *db) {
    *writer = (struct body_writer){.env = env, .folder = folder};
    writer->segment_bytes_max = segment_bytes_max ? segment_bytes_max : STORE_SEGMENT_BYTES;
    writer->pending = buffer_new(STORE_BATCH_BYTES_MAX);
    char path[STORE_PATH_BYTES_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/body", folder) >= sizeof path) return -ENAMETOOLONG;
    struct db_rows rows = DB_ROWS(db, segment_list);
    while (db_rows_next(&rows)) {
        writer->segment = db_rows_id(&rows, 0);
        writer->recorded = writer->end = db_rows_id(&rows, 1);
        check_segment(writer, writer->segment, writer->recorded);
    }
    if (db_failure(db) != STORE_OK) return -EIO;
    struct cleaning cleaning = {writer, db};
    int result = folder_list(env, path, remove_unknown, &cleaning);
    if (result || writer->segment == 0) return result;
    return open_current(writer);
}

void body_writer_close(struct body_writer *writer) {
    file_close(&writer->file);
    buffer_free(&writer->pending);
}

/* ---- a batch ---- */

void body_seal(struct body_writer *writer) { writer->is_sealed = true; }

int body_batch_begin(struct body_writer *writer) {
    if (writer->file && writer->end < writer->segment_bytes_max && !writer->is_sealed) return 0;
    file_close(&writer->file);
    writer->segment++;
    writer->recorded = writer->end = 0;
    int result = open_current(writer);
    if (result) {
        writer->segment--;
        return result;
    }
    writer->is_sealed = false;
    char path[STORE_PATH_BYTES_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/body", writer->folder) >= sizeof path) return -ENAMETOOLONG;
    result = folder_sync(writer->env, path);
    if (result) ENV_FATAL(writer->env, "the folder of bodies cannot be synced: %d", result);
    return result;
}

static int write_pending(struct body_writer *writer) {
    if (!writer->pending.len) return 0;
    int result = file_write(writer->file, buffer_slice(&writer->pending), writer->end - writer->pending.len);
    if (result == 0) buffer_clear(&writer->pending);
    return result;
}

/* Small pieces are gathered to one write. */
static int append_bytes(struct body_writer *writer, struct slice bytes) {
    if (bytes.len > writer->pending.max_bytes - writer->pending.len) {
        int result = write_pending(writer);
        if (result) return result;
    }
    if (bytes.len > writer->pending.max_bytes) {
        int result = file_write(writer->file, bytes, writer->end);
        if (result) return result;
    } else {
        buffer_append(&writer->pending, bytes);
    }
    writer->end += bytes.len;
    return 0;
}

static int append_header(struct body_writer *writer, uint64_t id, uint64_t stored_bytes, uint64_t raw_bytes,
                         struct body_place *place) {
    uint8_t header[RECORD_HEADER_BYTES];
    record_header_write(&(struct record){id, stored_bytes, raw_bytes}, header);
    *place = (struct body_place){writer->segment, writer->end, stored_bytes, raw_bytes};
    return append_bytes(writer, slice_of(header, sizeof header));
}

static int append_spool(struct body_writer *writer, struct file *spool, uint64_t bytes) {
    uint8_t *chunk = malloc(STORE_SPOOL_CHUNK_BYTES);
    if (!chunk) FATAL("out of memory for a spool's chunk");
    int result = 0;
    for (uint64_t done = 0; result == 0 && done < bytes;) {
        uint64_t rest = bytes - done;
        size_t wanted = rest < STORE_SPOOL_CHUNK_BYTES ? (size_t)rest : STORE_SPOOL_CHUNK_BYTES;
        int64_t got = file_read(spool, chunk, wanted, done);
        if (got < 0 || (size_t)got < wanted)
            result = got < 0 ? (int)got : -EIO;
        else
            result = append_bytes(writer, slice_of(chunk, wanted));
        done += wanted;
    }
    free(chunk);
    return result;
}

int body_append_packed(struct body_writer *writer, uint64_t id, struct slice packed, uint64_t raw_bytes,
                       struct body_place *place) {
    int result = append_header(writer, id, packed.len, raw_bytes, place);
    return result ? result : append_bytes(writer, packed);
}

int body_append(struct body_writer *writer, uint64_t id, const struct body_source *source, struct file *spool,
                struct body_place *place) {
    if (!source->spool) return body_append_packed(writer, id, source->packed, source->raw_bytes, place);
    int result = append_header(writer, id, source->spool_bytes, source->raw_bytes, place);
    return result ? result : append_spool(writer, spool, source->spool_bytes);
}

/*
 * Zeros ahead of the records: a sync of bytes inside the file's length, on blocks that it has, changes
 * nothing else of the file and takes half the time. Written a page at a time, because a kernel that keeps
 * many pages as one takes all of them for changed when one is. If there is no space for them they are done
 * without.
 */
static void make_room(struct body_writer *writer) {
    static const uint8_t zeros[ZEROS_BYTES];
    uint64_t wanted = writer->end + STORE_SEGMENT_ROOM_BYTES;
    if (wanted > writer->segment_bytes_max) wanted = writer->segment_bytes_max;
    if (writer->end <= writer->room) return;
    writer->room = writer->end;
    while (writer->room < wanted) {
        uint64_t len = ZEROS_BYTES - writer->room % ZEROS_BYTES;
        if (len > wanted - writer->room) len = wanted - writer->room;
        if (file_write(writer->file, slice_of(zeros, (size_t)len), writer->room)) return;
        writer->room += len;
    }
}

int body_batch_write(struct body_writer *writer) {
    if (writer->end == writer->recorded) return 0;
    int result = write_pending(writer);
    if (result) return result;
    make_room(writer);
    file_start_sync(writer->file, writer->recorded, writer->end - writer->recorded);
    writer->is_unsynced = true;
    return 0;
}

int body_batch_sync(struct body_writer *writer, uint64_t *syncs) {
    if (!writer->is_unsynced) return 0;
    writer->is_unsynced = false;
    ++*syncs;
    int result = IS_PLANTED(writer->env, PLANTED_NO_BODY_SYNC) ? 0 : file_sync(writer->file);
    if (result)
        ENV_FATAL(writer->env, "segment %llu cannot be synced: %d", (unsigned long long)writer->segment,
                  result);
    return result;
}

void body_batch_undo(struct body_writer *writer) {
    buffer_clear(&writer->pending);
    writer->is_unsynced = false;
    writer->end = writer->recorded;
}

/* ---- in a transaction ---- */

void body_transaction_begin(struct body_writer *writer) {
    writer->live_bytes = writer->live_count = writer->raw_bytes = 0;
}

void body_count_live(struct body_writer *writer, const struct body_place *place) {
    writer->live_bytes += RECORD_HEADER_BYTES + place->stored_bytes;
    writer->live_count++;
    writer->raw_bytes += place->raw_bytes;
}

void body_transaction_record(struct body_writer *writer, struct db *db) {
    if (writer->end == writer->recorded && writer->live_count == 0) return;
    DB_RUN(db, segment_record, DB_NUMBER(writer->segment), DB_NUMBER(writer->end),
           DB_NUMBER(writer->live_bytes), DB_NUMBER(writer->live_count), DB_NUMBER(writer->raw_bytes));
}

void body_transaction_done(struct body_writer *writer) { writer->recorded = writer->end; }

void body_count_dead(struct db *db, const struct body_place *place) {
    DB_RUN(db, segment_drop, DB_NUMBER(place->segment), DB_NUMBER(RECORD_HEADER_BYTES + place->stored_bytes),
           DB_NUMBER(place->raw_bytes));
}

/* ---- checks ---- */

static bool index_fits(struct slice last_four, uint64_t packed_bytes) {
    uint64_t index_bytes = 0;
    return body_index_bytes(last_four, packed_bytes, &index_bytes) == BODY_UNPACK_OK;
}

bool body_source_is_sound(const struct body_source *source, struct file *spool) {
    if (source->raw_bytes > STORE_BODY_BYTES_MAX) return false;
    if (!source->spool)
        return source->packed.len >= 4 &&
               index_fits(slice_skip(source->packed, source->packed.len - 4), source->packed.len);
    uint8_t tail[4];
    if (!spool || source->spool_bytes < 4 || source->spool_bytes > STORE_BODY_BYTES_MAX) return false;
    return file_read(spool, tail, 4, source->spool_bytes - 4) == 4 &&
           index_fits(slice_of(tail, 4), source->spool_bytes);
}

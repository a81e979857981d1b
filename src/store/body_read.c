#include "store/body_read.h"

#include <stdlib.h>

#include "base/limits.h"

static const char body_place_of[] = "SELECT segment, place, stored_bytes, raw_bytes FROM body WHERE id = $1";

enum { OPEN_MAX = sizeof((struct body_reader *)0)->open / sizeof((struct body_reader *)0)->open[0] };

void body_reader_open(struct body_reader *reader, struct env *env, const char *folder, struct db *db) {
    *reader = (struct body_reader){.env = env, .folder = folder, .db = db};
    reader->unpacker = body_unpacker_new();
    /* Packing may make a frame a little longer. */
    reader->frame = buffer_new(2 * BODY_FRAME_BYTES);
    reader->index = buffer_new(STORE_BODY_BYTES_MAX);
}

void body_reader_close(struct body_reader *reader) {
    for (size_t i = 0; i < OPEN_MAX; i++) file_close(&reader->open[i].file);
    body_unpacker_free(&reader->unpacker);
    buffer_free(&reader->frame);
    buffer_free(&reader->index);
}

enum store_result body_find(struct db *db, uint64_t body, struct body_place *place) {
    struct db_rows rows = DB_ROWS(db, body_place_of, DB_NUMBER(body));
    if (!db_rows_next(&rows)) return db_result(db, STORE_NOT_FOUND);
    *place = (struct body_place){db_rows_id(&rows, 0), db_rows_id(&rows, 1), db_rows_id(&rows, 2),
                                 db_rows_id(&rows, 3)};
    db_rows_end(&rows);
    return STORE_OK;
}

/* ---- segments ---- */

static struct file *segment_open(struct body_reader *reader, uint64_t segment) {
    char path[STORE_PATH_BYTES_MAX];
    struct file *file = NULL;
    for (size_t i = 0; i < OPEN_MAX; i++)
        if (reader->open[i].segment == segment && reader->open[i].file) return reader->open[i].file;
    if (segment_path(reader->folder, segment, path, sizeof path)) return NULL;
    if (file_open(reader->env, path, FILE_READ, &file)) return NULL;
    file_close(&reader->open[OPEN_MAX - 1].file);
    memmove(&reader->open[1], &reader->open[0], sizeof reader->open - sizeof reader->open[0]);
    reader->open[0].segment = segment;
    reader->open[0].file = file;
    return file;
}

/* Reads exactly so many bytes behind what is in `out`. */
static bool read_exactly(struct file *file, uint64_t offset, size_t len, struct buffer *out) {
    uint8_t *at = buffer_reserve(out, len);
    if (!at || file_read(file, at, len, offset) != (int64_t)len) return false;
    buffer_grew(out, len);
    return true;
}

/* The file and offset of the packed body; the record's header must say that it is the one. */
static struct file *record_open(struct body_reader *reader, uint64_t body, const struct body_place *place) {
    uint8_t header[RECORD_HEADER_BYTES];
    struct record record;
    struct file *file = segment_open(reader, place->segment);
    if (!file || file_read(file, header, sizeof header, place->place) != (int64_t)sizeof header) return NULL;
    if (!record_header_read(header, &record) || record.id != body) return NULL;
    if (record.stored_bytes != place->stored_bytes || record.raw_bytes != place->raw_bytes) return NULL;
    return file;
}

/* ---- unpacking ---- */

static bool read_index(struct body_reader *reader, struct file *file, const struct body_place *place,
                       struct body_index *index) {
    uint64_t end = place->place + RECORD_HEADER_BYTES + place->stored_bytes;
    uint64_t index_bytes = 0;
    buffer_clear(&reader->index);
    if (place->stored_bytes < 4 || !read_exactly(file, end - 4, 4, &reader->index)) return false;
    if (body_index_bytes(buffer_slice(&reader->index), place->stored_bytes, &index_bytes) != BODY_UNPACK_OK)
        return false;
    buffer_clear(&reader->index);
    if (!read_exactly(file, end - index_bytes, (size_t)index_bytes, &reader->index)) return false;
    if (body_index_read(buffer_slice(&reader->index), place->stored_bytes, index) != BODY_UNPACK_OK)
        return false;
    uint64_t frames = (place->raw_bytes + BODY_FRAME_BYTES - 1) / BODY_FRAME_BYTES;
    return index->frame_count == frames;
}

/* Unpacks one frame behind what is in `out`. All frames but the last are full. */
static bool read_frame(struct body_reader *reader, struct file *file, uint64_t offset, uint32_t len,
                       uint64_t raw_bytes, struct buffer *out) {
    size_t before = out->len;
    buffer_clear(&reader->frame);
    return read_exactly(file, offset, len, &reader->frame) &&
           body_unpack_frame(reader->unpacker, buffer_slice(&reader->frame), out) == BODY_UNPACK_OK &&
           out->len - before == raw_bytes;
}

struct part {
    uint64_t offset;
    uint64_t end;
};

static bool read_frames(struct body_reader *reader, struct file *file, const struct body_place *place,
                        const struct body_index *index, struct part part, struct buffer *out) {
    uint64_t number = part.offset / BODY_FRAME_BYTES;
    size_t before = out->len;
    size_t skipped = (size_t)(part.offset % BODY_FRAME_BYTES);
    uint64_t frame_at = 0;
    uint32_t frame_len = 0;
    body_index_frame(index, (uint32_t)number, &frame_at, &frame_len);
    frame_at += place->place + RECORD_HEADER_BYTES;
    for (; number * BODY_FRAME_BYTES < part.end; number++) {
        uint64_t rest = place->raw_bytes - number * BODY_FRAME_BYTES;
        uint64_t raw_bytes = rest < BODY_FRAME_BYTES ? rest : BODY_FRAME_BYTES;
        frame_len = body_index_length(index, (uint32_t)number);
        if (!read_frame(reader, file, frame_at, frame_len, raw_bytes, out)) return false;
        frame_at += frame_len;
        if (skipped) {
            memmove(out->ptr + before, out->ptr + before + skipped, out->len - before - skipped);
            buffer_truncate(out, out->len - skipped);
            skipped = 0;
        }
    }
    buffer_truncate(out, before + (size_t)(part.end - part.offset));
    return true;
}

static bool read_part(struct body_reader *reader, uint64_t body, const struct body_place *place,
                      struct part part, struct buffer *out) {
    struct body_index index;
    struct file *file = record_open(reader, body, place);
    if (!file || !read_index(reader, file, place, &index)) return false;
    if (part.offset == part.end) return true;
    return read_frames(reader, file, place, &index, part, out);
}

static struct part part_of(const struct body_place *place, uint64_t offset, uint64_t len) {
    uint64_t from = offset < place->raw_bytes ? offset : place->raw_bytes;
    uint64_t rest = place->raw_bytes - from;
    return (struct part){from, from + (len < rest ? len : rest)};
}

void body_reader_forget(struct body_reader *reader, uint64_t segment) {
    for (size_t i = 0; i < OPEN_MAX; i++)
        if (segment == 0 || reader->open[i].segment == segment) file_close(&reader->open[i].file);
}

enum store_result body_read(struct body_reader *reader, uint64_t body, uint64_t offset, uint64_t len,
                            struct buffer *out) {
    size_t before = out->len;
    struct body_place place = {0};
    db_failure_clear(reader->db);
    for (int attempt = 0; attempt < 2; attempt++) {
        enum store_result found = body_find(reader->db, body, &place);
        if (found != STORE_OK) return found;
        if (read_part(reader, body, &place, part_of(&place, offset, len), out)) return STORE_OK;
        buffer_truncate(out, before);
        if (buffer_overflowed(out)) return STORE_FAILED;
        body_reader_forget(reader, place.segment);
    }
    LOG_ERROR(reader->env->log, "store.body_damaged", LOG_ID("body", body),
              LOG_NUMBER("segment", place.segment), LOG_NUMBER("place", place.place));
    return STORE_FAILED;
}

#include "store/body_read.h"

#include <stdlib.h>

#include "base/limits.h"

static const char body_place_of[] = "SELECT segment, place, stored_bytes, raw_bytes FROM body WHERE id = $1";

enum { OPEN_MAX = sizeof((struct body_reader *)0)->open / sizeof((struct body_reader *)0)->open[0] };

void body_reader_open(struct body_reader *reader, struct env *env, const char *folder, struct db *db) {
    *reader = (struct body_reader){.env = env, .folder = folder, .db = db};
    reader->unpacker = body_unpacker_new();
    reader->window.bytes = buffer_new(STORE_BODY_BYTES_MAX);
    reader->index = buffer_new(STORE_BODY_BYTES_MAX);
}

void body_reader_close(struct body_reader *reader) {
    for (size_t i = 0; i < OPEN_MAX; i++) file_close(&reader->open[i].file);
    body_unpacker_free(&reader->unpacker);
    buffer_free(&reader->window.bytes);
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

/* ---- reading ---- */

static bool window_holds(const struct body_window *window, uint64_t segment, uint64_t offset, uint64_t len) {
    return window->segment == segment && offset >= window->offset &&
           offset + len <= window->offset + window->bytes.len;
}

/* The bytes lie at the end of the window or a little behind it, as those of the next message do. */
static bool goes_on(const struct body_window *window, uint64_t segment, uint64_t offset) {
    return window->segment == segment && offset >= window->offset &&
           offset <= window->offset + window->bytes.len + BODY_READ_GAP_BYTES;
}

/* What was read ahead may be older than the record that is there now; where no checksum tells, it is read
   anew, and nothing ahead of it. */
static void window_clear(struct body_window *window) {
    buffer_clear(&window->bytes);
    window->segment = 0;
}

/* `len` bytes that are there; where they must be read, up to `wanted` are. They live until the next read.
   What the window holds of a record that was not whole yet is found out by its checksums. */
static bool read_bytes(struct body_reader *reader, uint64_t segment, uint64_t offset, size_t len,
                       size_t wanted, struct slice *bytes) {
    struct body_window *window = &reader->window;
    if (!window_holds(window, segment, offset, len)) {
        struct file *file = segment_open(reader, segment);
        if (goes_on(window, segment, offset) && wanted < BODY_READ_AHEAD_BYTES)
            wanted = BODY_READ_AHEAD_BYTES;
        buffer_clear(&window->bytes);
        uint8_t *room = file ? buffer_reserve(&window->bytes, wanted) : NULL;
        int64_t got = room ? file_read(file, room, wanted, offset) : -1;
        if (got < (int64_t)len) return false;
        buffer_grew(&window->bytes, (size_t)got);
        window->segment = segment;
        window->offset = offset;
    }
    *bytes = slice_sub(buffer_slice(&window->bytes), (size_t)(offset - window->offset), len);
    return true;
}

/* The record's header must say that it is the one. A short record is read whole at once. */
static bool record_is(struct body_reader *reader, uint64_t body, const struct body_place *place) {
    struct slice header;
    struct record record;
    uint64_t whole = RECORD_HEADER_BYTES + place->stored_bytes;
    size_t wanted = whole <= BODY_FRAME_BYTES ? (size_t)whole : RECORD_HEADER_BYTES;
    if (!read_bytes(reader, place->segment, place->place, RECORD_HEADER_BYTES, wanted, &header)) return false;
    if (!record_header_read(header.ptr, &record) || record.id != body) return false;
    return record.stored_bytes == place->stored_bytes && record.raw_bytes == place->raw_bytes;
}

/* ---- unpacking ---- */

static bool read_index(struct body_reader *reader, const struct body_place *place, struct body_index *index) {
    uint64_t end = place->place + RECORD_HEADER_BYTES + place->stored_bytes;
    uint64_t index_bytes = 0;
    struct slice bytes;
    if (place->stored_bytes < 4 || !read_bytes(reader, place->segment, end - 4, 4, 4, &bytes)) return false;
    if (body_index_bytes(bytes, place->stored_bytes, &index_bytes) != BODY_UNPACK_OK) return false;
    size_t len = (size_t)index_bytes;
    if (!read_bytes(reader, place->segment, end - index_bytes, len, len, &bytes)) return false;
    buffer_clear(&reader->index);
    buffer_append(&reader->index, bytes);
    if (body_index_read(buffer_slice(&reader->index), place->stored_bytes, index) != BODY_UNPACK_OK)
        return false;
    uint64_t frames = (place->raw_bytes + BODY_FRAME_BYTES - 1) / BODY_FRAME_BYTES;
    return index->frame_count == frames;
}

/* Unpacks one frame behind what is in `out`. All frames but the last are full. */
static bool read_frame(struct body_reader *reader, uint64_t segment, uint64_t offset, uint32_t len,
                       uint64_t raw_bytes, struct buffer *out) {
    size_t before = out->len;
    struct slice frame;
    /* Packing may make a frame a little longer. */
    return len <= 2 * BODY_FRAME_BYTES && read_bytes(reader, segment, offset, len, len, &frame) &&
           body_unpack_frame(reader->unpacker, frame, out) == BODY_UNPACK_OK &&
           out->len - before == raw_bytes;
}

struct part {
    uint64_t offset;
    uint64_t end;
};

static bool read_frames(struct body_reader *reader, const struct body_place *place,
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
        if (!read_frame(reader, place->segment, frame_at, frame_len, raw_bytes, out)) return false;
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
    if (!record_is(reader, body, place) || !read_index(reader, place, &index)) return false;
    if (part.offset == part.end) return true;
    return read_frames(reader, place, &index, part, out);
}

static struct part part_of(const struct body_place *place, uint64_t offset, uint64_t len) {
    uint64_t from = offset < place->raw_bytes ? offset : place->raw_bytes;
    uint64_t rest = place->raw_bytes - from;
    return (struct part){from, from + (len < rest ? len : rest)};
}

void body_reader_forget(struct body_reader *reader, uint64_t segment) {
    if (segment == 0 || reader->window.segment == segment) buffer_clear(&reader->window.bytes);
    for (size_t i = 0; i < OPEN_MAX; i++)
        if (segment == 0 || reader->open[i].segment == segment) file_close(&reader->open[i].file);
}

/* Where it is said to be, or, where it is not there (any more), where the database has it now. */
static bool read_somewhere(struct body_reader *reader, uint64_t body, struct body_place *place,
                           uint64_t offset, uint64_t len, struct buffer *out) {
    size_t before = out->len;
    if (read_part(reader, body, place, part_of(place, offset, len), out)) return true;
    buffer_truncate(out, before);
    body_reader_forget(reader, place->segment);
    return false;
}

bool body_read_known(struct body_reader *reader, uint64_t body, const struct body_place *known, uint64_t len,
                     struct buffer *out) {
    struct body_place place = *known;
    return place.segment && read_somewhere(reader, body, &place, 0, len, out);
}

enum store_result body_read_at(struct body_reader *reader, uint64_t body, const struct body_place *known,
                               uint64_t offset, uint64_t len, struct buffer *out) {
    struct body_place place = *known;
    db_failure_clear(reader->db);
    if (place.segment && read_somewhere(reader, body, &place, offset, len, out)) return STORE_OK;
    for (int attempt = 0; attempt < 2 && !buffer_overflowed(out); attempt++) {
        enum store_result found = body_find(reader->db, body, &place);
        if (found != STORE_OK) return found;
        if (read_somewhere(reader, body, &place, offset, len, out)) return STORE_OK;
    }
    if (buffer_overflowed(out)) return STORE_FAILED;
    LOG_ERROR(reader->env->log, "store.body_damaged", LOG_ID("body", body),
              LOG_NUMBER("segment", place.segment), LOG_NUMBER("place", place.place));
    return STORE_FAILED;
}

enum store_result body_read(struct body_reader *reader, uint64_t body, uint64_t offset, uint64_t len,
                            struct buffer *out) {
    return body_read_at(reader, body, &(struct body_place){0}, offset, len, out);
}

/* ---- as it is stored ---- */

static bool read_packed(struct body_reader *reader, uint64_t body, const struct body_place *place,
                        uint64_t offset, uint64_t len, struct buffer *out) {
    struct slice bytes = SLICE_EMPTY;
    window_clear(&reader->window);
    if (!record_is(reader, body, place)) return false;
    uint64_t from = offset < place->stored_bytes ? offset : place->stored_bytes;
    uint64_t rest = place->stored_bytes - from;
    size_t wanted = (size_t)(len < rest ? len : rest);
    uint64_t at = place->place + RECORD_HEADER_BYTES + from;
    if (wanted && !read_bytes(reader, place->segment, at, wanted, wanted, &bytes)) return false;
    buffer_append(out, bytes);
    return true;
}

/* A body that moves keeps its packed bytes, so that pieces fit each other wherever they were read. */
enum store_result body_read_packed(struct body_reader *reader, uint64_t body, uint64_t offset, uint64_t len,
                                   struct buffer *out) {
    struct body_place place = {0};
    db_failure_clear(reader->db);
    for (int attempt = 0; attempt < 2; attempt++) {
        enum store_result found = body_find(reader->db, body, &place);
        if (found != STORE_OK) return found;
        if (read_packed(reader, body, &place, offset, len, out))
            return buffer_overflowed(out) ? STORE_FAILED : STORE_OK;
        body_reader_forget(reader, place.segment);
    }
    LOG_ERROR(reader->env->log, "store.body_damaged", LOG_ID("body", body),
              LOG_NUMBER("segment", place.segment), LOG_NUMBER("place", place.place));
    return STORE_FAILED;
}

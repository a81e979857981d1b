#include "filter/body_pieces.h"

#include <stdlib.h>

#include "base/limits.h"

enum {
    INDEX_BYTES_MAX = (STORE_BODY_BYTES_MAX / BODY_FRAME_BYTES + 1) * 4 + 4,
    COUNT_BYTES = 4,
    /* Packing may make a frame a little longer. */
    FRAME_BYTES_MAX = 2 * BODY_FRAME_BYTES,
};

struct body_pieces {
    struct slice packed;
    struct file *file;
    uint64_t packed_bytes;
    struct buffer index_bytes;
    struct body_index index;
    uint32_t next;
    uint64_t offset;
    /* Of the file: the frame that is being unpacked. */
    struct buffer frame;
    struct body_unpacker *unpacker;
};

/* Puts those bytes into `out`, in place of what was there. */
static bool read_at(struct body_pieces *pieces, uint64_t offset, size_t len, struct buffer *out) {
    buffer_clear(out);
    if (offset > pieces->packed_bytes || len > pieces->packed_bytes - offset) return false;
    if (!pieces->file) {
        buffer_append(out, slice_sub(pieces->packed, (size_t)offset, len));
        return !buffer_overflowed(out);
    }
    uint8_t *at = buffer_reserve(out, len);
    if (!at || file_read(pieces->file, at, len, offset) != (int64_t)len) return false;
    buffer_grew(out, len);
    return true;
}

static bool read_index(struct body_pieces *pieces) {
    uint64_t packed_bytes = pieces->packed_bytes;
    uint64_t index_bytes;
    struct buffer *bytes = &pieces->index_bytes;
    if (packed_bytes < COUNT_BYTES || !read_at(pieces, packed_bytes - COUNT_BYTES, COUNT_BYTES, bytes))
        return false;
    if (body_index_bytes(buffer_slice(bytes), packed_bytes, &index_bytes) != BODY_UNPACK_OK ||
        index_bytes > INDEX_BYTES_MAX)
        return false;
    return read_at(pieces, packed_bytes - index_bytes, (size_t)index_bytes, bytes) &&
           body_index_read(buffer_slice(bytes), packed_bytes, &pieces->index) == BODY_UNPACK_OK;
}

struct body_pieces *body_pieces_open(struct slice packed, struct file *file, uint64_t packed_bytes) {
    struct body_pieces *pieces = calloc(1, sizeof *pieces);
    if (!pieces) FATAL("out of memory for a body");
    *pieces = (struct body_pieces){.packed = packed,
                                   .file = file,
                                   .packed_bytes = file ? packed_bytes : packed.len,
                                   .index_bytes = buffer_new(INDEX_BYTES_MAX),
                                   .frame = buffer_new(FRAME_BYTES_MAX),
                                   .unpacker = body_unpacker_new()};
    if (!read_index(pieces)) body_pieces_free(&pieces);
    return pieces;
}

enum body_pieces_status body_pieces_next(struct body_pieces *pieces, struct buffer *raw) {
    if (pieces->next == pieces->index.frame_count) return BODY_PIECES_END;
    uint32_t len = body_index_length(&pieces->index, pieces->next);
    buffer_clear(raw);
    if (len > FRAME_BYTES_MAX || !read_at(pieces, pieces->offset, len, &pieces->frame) ||
        body_unpack_frame(pieces->unpacker, buffer_slice(&pieces->frame), raw) != BODY_UNPACK_OK)
        return BODY_PIECES_DAMAGED;
    pieces->next++;
    pieces->offset += len;
    return BODY_PIECES_MORE;
}

void body_pieces_free(struct body_pieces **pieces) {
    if (!*pieces) return;
    buffer_free(&(*pieces)->index_bytes);
    buffer_free(&(*pieces)->frame);
    body_unpacker_free(&(*pieces)->unpacker);
    free(*pieces);
    *pieces = NULL;
}

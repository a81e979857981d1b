#include "wire/archive.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/limits.h"

enum archive_form { ARCHIVE_PLAIN, ARCHIVE_GZIP, ARCHIVE_ZIP_STORED, ARCHIVE_ZIP_DEFLATED, ARCHIVE_UNKNOWN };
enum { GZIP_WINDOW_BITS = 16 + MAX_WBITS, MEMBERS_MAX = 100 };

/* APPNOTE.TXT 4.3.7: a file's own header in a zip. */
enum {
    ZIP_HEADER_BYTES = 30,
    ZIP_AT_FLAGS = 6,
    ZIP_AT_METHOD = 8,
    ZIP_AT_CHECKSUM = 14,
    ZIP_AT_PACKED = 18,
    ZIP_AT_NAME = 26,
    ZIP_AT_EXTRA = 28,
    ZIP_FLAG_ENCRYPTED = 1,
    /* Sizes and checksum are behind the file. */
    ZIP_FLAG_LATER = 8,
    ZIP_METHOD_STORED = 0,
    ZIP_METHOD_DEFLATED = 8,
};

struct archive {
    enum archive_form form;
    /* What is not read yet. */
    struct slice rest;
    z_stream inflater;
    bool has_inflater;
    unsigned members;
    /* Of a zip that says so. */
    bool has_checksum;
    uint32_t checksum;
    uLong found;
};

static uint32_t little_endian(struct slice bytes, size_t at, size_t len) {
    uint32_t value = 0;
    for (size_t i = 0; i < len; i++) value |= (uint32_t)bytes.ptr[at + i] << 8 * i;
    return value;
}

static enum archive_form zip_form(uint32_t flags, uint32_t method) {
    if (flags & ZIP_FLAG_ENCRYPTED) return ARCHIVE_UNKNOWN;
    if (method == ZIP_METHOD_DEFLATED) return ARCHIVE_ZIP_DEFLATED;
    return method == ZIP_METHOD_STORED && !(flags & ZIP_FLAG_LATER) ? ARCHIVE_ZIP_STORED : ARCHIVE_UNKNOWN;
}

/* The first file is the one there is. */
static void open_zip(struct archive *archive, struct slice packed) {
    archive->form = ARCHIVE_UNKNOWN;
    if (packed.len < ZIP_HEADER_BYTES) return;
    uint32_t flags = little_endian(packed, ZIP_AT_FLAGS, 2);
    size_t skipped = (size_t)little_endian(packed, ZIP_AT_NAME, 2) + little_endian(packed, ZIP_AT_EXTRA, 2);
    if (packed.len - ZIP_HEADER_BYTES < skipped) return;
    archive->form = zip_form(flags, little_endian(packed, ZIP_AT_METHOD, 2));
    archive->rest = slice_skip(packed, ZIP_HEADER_BYTES + skipped);
    archive->has_checksum = !(flags & ZIP_FLAG_LATER);
    archive->checksum = little_endian(packed, ZIP_AT_CHECKSUM, 4);
    uint32_t stored = little_endian(packed, ZIP_AT_PACKED, 4);
    if (archive->form != ARCHIVE_ZIP_STORED) return;
    if (stored > archive->rest.len) archive->form = ARCHIVE_UNKNOWN;
    archive->rest = slice_sub(archive->rest, 0, stored);
}

static void need_inflater(struct archive *archive) {
    int bits = archive->form == ARCHIVE_GZIP ? GZIP_WINDOW_BITS : -MAX_WBITS;
    if (archive->has_inflater) return;
    if (inflateInit2(&archive->inflater, bits) != Z_OK) FATAL("out of memory for a packed file");
    archive->has_inflater = true;
}

struct archive *archive_open(struct slice packed) {
    struct archive *archive = calloc(1, sizeof *archive);
    if (!archive) FATAL("out of memory for a packed file");
    archive->rest = packed;
    archive->found = crc32(0, NULL, 0);
    if (slice_starts(packed, SLICE("PK\x03\x04")))
        open_zip(archive, packed);
    else if (slice_starts(packed, SLICE("\x1f\x8b")))
        archive->form = ARCHIVE_GZIP;
    return archive;
}

void archive_free(struct archive **archive) {
    if (!*archive) return;
    if ((*archive)->has_inflater) (void)inflateEnd(&(*archive)->inflater);
    free(*archive);
    *archive = NULL;
}

static bool is_intact(const struct archive *archive) {
    return !archive->has_checksum || (uint32_t)archive->found == archive->checksum;
}

static enum archive_status copy(struct archive *archive, struct buffer *out) {
    struct slice piece = slice_take(&archive->rest, FEEDBACK_PIECE_BYTES);
    archive->found = crc32(archive->found, piece.ptr, (uInt)piece.len);
    buffer_append(out, piece);
    if (buffer_overflowed(out)) return ARCHIVE_TOO_LONG;
    if (archive->rest.len) return ARCHIVE_MORE;
    return is_intact(archive) ? ARCHIVE_END : ARCHIVE_DAMAGED;
}

/* RFC 1952 2.2: members stand one behind the other. Behind the last there may be padding. */
static enum archive_status end_member(struct archive *archive) {
    if (archive->form == ARCHIVE_ZIP_DEFLATED) return is_intact(archive) ? ARCHIVE_END : ARCHIVE_DAMAGED;
    if (!slice_starts(archive->rest, SLICE("\x1f\x8b"))) return ARCHIVE_END;
    if (++archive->members == MEMBERS_MAX) return ARCHIVE_DAMAGED;
    (void)inflateReset(&archive->inflater);
    return ARCHIVE_MORE;
}

static enum archive_status unpack(struct archive *archive, struct buffer *out) {
    size_t room = out->max_bytes - out->len;
    bool is_tight = room <= FEEDBACK_PIECE_BYTES;
    uint8_t piece[1];
    size_t wanted = is_tight ? room : FEEDBACK_PIECE_BYTES;
    uint8_t *into = wanted ? buffer_reserve(out, wanted) : piece;
    z_stream *z = &archive->inflater;
    need_inflater(archive);
    z->next_in = (Bytef *)(uintptr_t)archive->rest.ptr;
    z->avail_in = (uInt)archive->rest.len;
    z->next_out = into;
    z->avail_out = (uInt)(wanted ? wanted : sizeof piece);
    int result = inflate(z, Z_NO_FLUSH);
    size_t made = (size_t)(z->next_out - into);
    archive->rest = slice_skip(archive->rest, archive->rest.len - z->avail_in);
    if (wanted == 0 && made) return ARCHIVE_TOO_LONG;
    if (wanted) buffer_grew(out, made);
    archive->found = crc32(archive->found, into, (uInt)made);
    if (result == Z_STREAM_END) return end_member(archive);
    return result == Z_OK ? ARCHIVE_MORE : ARCHIVE_DAMAGED;
}

enum archive_status archive_next(struct archive *archive, struct buffer *out) {
    if (archive->form == ARCHIVE_UNKNOWN) return ARCHIVE_DAMAGED;
    if (archive->form == ARCHIVE_PLAIN || archive->form == ARCHIVE_ZIP_STORED) return copy(archive, out);
    return unpack(archive, out);
}

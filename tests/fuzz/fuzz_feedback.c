/*
 * A report of others about our mail, packed or not: what comes out stays within its limits, however it is cut
 * into pieces it says the same, and what was kept of it is clean text.
 */
#include "base/fatal.h"
#include "base/limits.h"
#include "wire/archive.h"
#include "wire/feedback.h"
#include "wire/wire_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES = 4 << 20, PIECE_BYTES = 100 };

static void check_text(struct slice text) {
    ASSERT(text.len <= FEEDBACK_TEXT_BYTES_MAX && wire_text_kind(text) <= WIRE_TEXT_UTF8);
}

static void check(const struct feedback *f) {
    size_t failures = 0;
    ASSERT(f->id.len && f->domain.len && f->end_s > 0 && f->begin_s >= INT32_MIN);
    check_text(f->organization);
    check_text(f->id);
    check_text(f->domain);
    ASSERT(f->record_count <= FEEDBACK_RECORDS_MAX);
    for (size_t i = 0; i < f->record_count; i++) {
        check_text(f->records[i].source);
        ASSERT(f->records[i].auth_count <= FEEDBACK_RESULTS_MAX);
    }
    for (size_t i = 0; i < f->way_count; i++) failures += f->ways[i].failure_count;
    ASSERT(failures <= 2 * FEEDBACK_RECORDS_MAX);
}

/* In pieces that grow, as they are read where others wait (smtp/smtp_feedback.c). */
static enum feedback_result read_pieces(struct arena *arena, struct slice document, struct feedback *f) {
    struct dmarc_reader *reader = dmarc_reader_new(arena);
    size_t seen = 0;
    while (document.len) {
        size_t len = seen / 2 > PIECE_BYTES ? seen / 2 : PIECE_BYTES;
        struct slice piece = slice_take(&document, len);
        seen += piece.len;
        if (!dmarc_reader_feed(reader, piece)) break;
    }
    return dmarc_reader_finish(&reader, f);
}

static void check_document(struct slice document) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct arena *other = arena_new(ARENA_BYTES);
    struct feedback whole;
    struct feedback pieces;
    enum feedback_result result = feedback_read(arena, document, &whole);
    if (result == FEEDBACK_OK) check(&whole);
    if (feedback_kind_of(document) == FEEDBACK_DMARC) {
        ASSERT(read_pieces(other, document, &pieces) == result);
        ASSERT(pieces.record_count == whole.record_count && pieces.passed == whole.passed);
        ASSERT(slice_equal(pieces.id, whole.id));
    }
    arena_free(&arena);
    arena_free(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice input = slice_of(data, size);
    struct archive *archive = archive_open(input);
    struct buffer out = buffer_new(1 << 20);
    enum archive_status status;
    do {
        size_t before = out.len;
        status = archive_next(archive, &out);
        ASSERT(out.len <= out.max_bytes && out.len - before <= FEEDBACK_PIECE_BYTES);
    } while (status == ARCHIVE_MORE);
    archive_free(&archive);
    check_document(status == ARCHIVE_END ? buffer_slice(&out) : input);
    buffer_free(&out);
    return 0;
}

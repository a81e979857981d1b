/*
 * A report of others about our mail, packed or not: what comes out stays within its limits, however it is cut
 * into pieces it says the same, what was kept of it is clean text, and it is the same after it was stored, or
 * written anew.
 */
#include "base/fatal.h"
#include "base/limits.h"
#include "store/feedback_model.h"
#include "wire/archive.h"
#include "wire/feedback.h"
#include "wire/feedback_write.h"
#include "wire/wire_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES = 4 << 20, PIECE_BYTES = 100 };

static void check_text(struct slice text) {
    ASSERT(text.len <= FEEDBACK_TEXT_BYTES_MAX && wire_text_kind(text) <= WIRE_TEXT_UTF8);
}

static void check(const struct feedback *f) {
    size_t failures = 0;
    ASSERT(f->begin_s <= FEEDBACK_TIME_S_MAX && f->end_s <= FEEDBACK_TIME_S_MAX);
    ASSERT(f->id.len && f->domain.len && f->end_s > 0 && f->begin_s >= 0);
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

static bool is_same(const struct feedback *a, const struct feedback *b) {
    return a->record_count == b->record_count && a->way_count == b->way_count && a->passed == b->passed &&
           a->failed == b->failed && slice_equal(a->id, b->id) && slice_equal(a->domain, b->domain);
}

static void check_stored(const struct feedback *f, struct arena *arena) {
    struct buffer details = buffer_new(FEEDBACK_STORED_BYTES_MAX);
    struct feedback again;
    feedback_pack(&details, f);
    ASSERT(!buffer_overflowed(&details));
    if (feedback_unpack(buffer_slice(&details), arena, &again)) ASSERT(is_same(f, &again));
    buffer_free(&details);
}

static void check_written(const struct feedback *f, struct arena *arena) {
    struct buffer text = buffer_new(8 << 20);
    struct feedback again;
    if (f->kind == FEEDBACK_DMARC)
        dmarc_report_write(&text, f);
    else
        tls_report_write(&text, f, SLICE_EMPTY);
    bool is_usual = f->end_s < INT32_MAX && f->left_out == 0;
    enum feedback_result result = feedback_read(arena, buffer_slice(&text), &again);
    if (is_usual && !buffer_overflowed(&text)) ASSERT(result == FEEDBACK_OK && slice_equal(f->id, again.id));
    buffer_free(&text);
}

static void check_document(struct slice document) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct arena *other = arena_new(ARENA_BYTES);
    struct feedback whole;
    struct feedback pieces;
    enum feedback_result result = feedback_read(arena, document, &whole);
    if (result == FEEDBACK_OK) {
        check(&whole);
        check_stored(&whole, other);
        arena_reset(other);
        check_written(&whole, other);
        arena_reset(other);
    } else if (feedback_unpack(document, other, &pieces)) {
        check_stored(&pieces, arena);
    }
    arena_reset(other);
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

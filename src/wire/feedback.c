#include "wire/feedback.h"

#include "base/limits.h"
#include "wire/wire_text.h"

const char *feedback_kind_name(enum feedback_kind kind) {
    static const char *const names[FEEDBACK_KINDS] = {"none", "dmarc", "tls"};
    return names[kind];
}

const char *feedback_result_name(enum feedback_result result) {
    static const char *const names[] = {"ok", "foreign", "malformed", "incomplete"};
    return names[result];
}

/* Not within a UTF-8 character. */
static struct slice cut(struct slice text) {
    struct slice kept = slice_sub(text, 0, FEEDBACK_TEXT_BYTES_MAX);
    while (kept.len && kept.len < text.len && (text.ptr[kept.len] & 0xc0) == 0x80) kept.len--;
    return kept;
}

struct slice feedback_text(struct arena *arena, struct slice text) {
    struct buffer clean = buffer_new(4 * (size_t)FEEDBACK_TEXT_BYTES_MAX);
    struct slice copy;
    wire_text_clean(&clean, cut(slice_trim(text)), false);
    if (!arena_try_copy(arena, buffer_slice(&clean), &copy)) copy = SLICE_EMPTY;
    buffer_free(&clean);
    return copy;
}

enum feedback_kind feedback_kind_of(struct slice document) {
    (void)slice_take_prefix(&document, SLICE("\xef\xbb\xbf"));
    document = slice_trim(slice_sub(document, 0, FEEDBACK_PIECE_BYTES));
    if (document.len == 0) return FEEDBACK_NONE;
    if (document.ptr[0] == '<') return FEEDBACK_DMARC;
    return document.ptr[0] == '{' ? FEEDBACK_TLS : FEEDBACK_NONE;
}

enum feedback_result feedback_read(struct arena *arena, struct slice document, struct feedback *feedback) {
    enum feedback_kind kind = feedback_kind_of(document);
    *feedback = (struct feedback){0};
    if (kind == FEEDBACK_NONE) return FEEDBACK_FOREIGN;
    if (kind == FEEDBACK_TLS) return tls_feedback_read(arena, document, feedback);
    struct dmarc_reader *reader = dmarc_reader_new(arena);
    (void)dmarc_reader_feed(reader, document);
    return dmarc_reader_finish(&reader, feedback);
}

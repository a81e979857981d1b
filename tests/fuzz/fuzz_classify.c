/* A classification is valid and the same however the message comes in, and however little memory there is. */
#include "analyse/classify.h"
#include "analyse/classify_report.h"
#include "base/limits_classify.h"
#include "wire/charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct classification *c) {
    ASSERT(classification_kind_name(c->kind) && interest_name(c->interest) && category_name(c->category));
    ASSERT(c->new_text.len <= CLASSIFY_NEW_TEXT_BYTES_MAX && utf8_valid(c->new_text));
    ASSERT(c->id_count <= CLASSIFY_IDS_MAX && c->evidence_count <= CLASSIFY_EVIDENCE_MAX);
    ASSERT(!c->is_hard || c->kind == CLASS_BOUNCE);
    ASSERT(!c->is_unsubscribe || c->kind == CLASS_REPLY || c->kind == CLASS_COMPLAINT);
    ASSERT(c->recipient_count == 0 || (c->kind >= CLASS_BOUNCE && c->kind <= CLASS_RECEIPT));
    for (size_t i = 0; i < c->evidence_count; i++) ASSERT(utf8_valid(c->evidence[i].saw));
}

static void check_report(const struct classification *c) {
    struct buffer out = buffer_new(4 << 20);
    ASSERT(classify_report(c, SLICE("x"), CLASSIFY_JSON_LINE, &out) == CLASSIFY_REPORT_OK &&
           utf8_valid(buffer_slice(&out)));
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice message = slice_of(data, size);
    struct arena *arena = arena_new(CLASSIFY_ARENA_BYTES_MAX);
    const struct classification *c = classify_message(arena, message);
    check(c);
    check_report(c);
    arena_free(&arena);
    arena = arena_new(1500 + size % 2000);
    check(classify_message(arena, message));
    arena_free(&arena);
    return 0;
}

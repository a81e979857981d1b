/* An analysis is valid whatever the message and however little memory it may use. */
#include "analyse/analysis.h"
#include "base/limits.h"
#include "wire/charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_analysis(struct slice message, size_t budget_bytes) {
    struct arena *arena = arena_new(budget_bytes);
    struct analyser *analyser = analysis_new(arena);
    while (message.len) analysis_feed(analyser, slice_take(&message, 97));
    const struct analysis *a = analysis_finish(analyser);
    ASSERT(a->preview.len <= ANALYSIS_PREVIEW_BYTES && utf8_valid(a->preview));
    ASSERT(utf8_valid(a->subject) && utf8_valid(a->subject_base));
    ASSERT(a->references.count <= ANALYSIS_REFERENCES_MAX);
    analysis_free(&analyser);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice message = slice_of(data, size);
    check_analysis(message, 4 << 20);
    check_analysis(message, 3000 + size % 3000);
    struct arena *arena = arena_new(4 << 20);
    struct buffer text = buffer_new(200 + size % 5000);
    analysis_search_text(arena, message, ANALYSIS_SEARCH_HEADER | ANALYSIS_SEARCH_BODY, &text);
    ASSERT(utf8_valid(buffer_slice(&text)));
    buffer_free(&text);
    arena_free(&arena);
    return 0;
}

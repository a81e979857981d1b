/*
 * Snippets: the input is a template, and behind its first NUL the value of every field. What comes out keeps
 * its limit; whatever the value is, no line and no markup comes from it; what is checked as right renders.
 */
#include "base/fatal.h"
#include "outreach/snippet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count_of(struct slice text, uint8_t byte) {
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) count += text.ptr[i] == byte;
    return count;
}

static void check(struct slice template, struct snippet_fields fields, enum snippet_escape escape) {
    struct buffer out = buffer_new(SNIPPET_TEXT_BYTES_MAX);
    struct snippet_missing missing = {.count = 0};
    size_t at = 0;
    enum snippet_fault wrong = snippet_check(template, &at);
    enum snippet_fault fault = snippet_render(&out, template, fields, escape, &missing);
    ASSERT(at <= template.len && out.len <= SNIPPET_TEXT_BYTES_MAX && missing.count <= SNIPPETS_MAX);
    ASSERT((fault == SNIPPET_UNRESOLVED || fault == SNIPPET_VALUE) == (missing.count > 0) ||
           fault == SNIPPET_TOO_LONG || wrong);
    if (fault == SNIPPET_OK) {
        ASSERT(wrong == SNIPPET_OK);
        ASSERT(count_of(buffer_slice(&out), '\n') <= count_of(template, '\n'));
        ASSERT(count_of(buffer_slice(&out), 0) <= count_of(template, 0));
        if (escape == SNIPPET_HTML) ASSERT(count_of(buffer_slice(&out), '<') <= count_of(template, '<'));
    }
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice value = slice_of(data, size);
    struct slice template = slice_take_until(&value, 0);
    value = slice_skip(value, 1);
    const struct snippet_field fields[] = {{SLICE("a"), value}, {SLICE("company"), value}};
    check(template, (struct snippet_fields){fields, 2}, SNIPPET_PLAIN);
    check(template, (struct snippet_fields){fields, 2}, SNIPPET_HTML);
    (void)snippet_is_used(template, SLICE("company"));
    return 0;
}

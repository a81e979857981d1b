/*
 * SPF records, domain-specs and explanations. What is read lies within the input and keeps its ranges; what a
 * checked text expands to fits into a name; and what is wrong is found at the same place every time.
 */
#include "base/limits.h"
#include "wire/spf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EXPLANATION_BYTES_MAX = 1000, NAME_TEXT_BYTES_MAX = 253 };

static struct spf_values values_of(void) {
    return (struct spf_values){.sender = SLICE("strong-bad+x@a.b.example.test"),
                               .local_part = SLICE("strong-bad+x"),
                               .sender_domain = SLICE("a.b.example.test"),
                               .domain = SLICE("a.b.example.test"),
                               .helo = SLICE("[..\xff\0 ]"),
                               .receiver = SLICE("unknown"),
                               .client_name = SLICE("unknown"),
                               .address = {.bytes = {0x20, 0x01, 0x0d, 0xb8, 1, 2, 3, 4}, .len = 16},
                               .now_s = 1};
}

static bool is_within(struct slice part, struct slice whole) {
    return part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

static void expand_name(struct slice text) {
    struct spf_values values = values_of();
    struct buffer name = buffer_new(DNS_NAME_BYTES_MAX);
    spf_expand_name(text, &values, &name);
    ASSERT(name.len <= NAME_TEXT_BYTES_MAX && !buffer_overflowed(&name));
    buffer_free(&name);
}

static void check_term(const struct spf_term *term, struct slice input) {
    ASSERT(is_within(term->text, input) && term->text.len > 0);
    ASSERT(is_within(term->domain, term->text));
    ASSERT(term->ip4_bits <= 32 && term->ip6_bits <= 128);
    ASSERT(term->kind != SPF_IP4 || term->network.len == 4);
    ASSERT(term->kind != SPF_IP6 || term->network.len == 16);
    if (term->domain.len == 0) return;
    ASSERT(spf_domain_check(term->domain) == SPF_OK);
    expand_name(term->domain);
}

static void check_record(struct slice input) {
    struct spf_record record;
    struct slice fault = SLICE_EMPTY;
    struct spf_term term;
    if (!spf_is_record(input)) return;
    enum spf_error error = spf_record_read(input, &record, &fault);
    ASSERT(error != SPF_END && (error == SPF_OK) == (fault.len == 0) && is_within(fault, input));
    struct slice rest = record.terms;
    enum spf_error found;
    while ((found = spf_term_take(&rest, &term)) == SPF_OK) check_term(&term, input);
    ASSERT(found == SPF_END || (error != SPF_OK && spf_error_words(error)));
    ASSERT(error == SPF_OK || error >= SPF_REDIRECT_TWICE || error == found);
}

static void check_texts(struct slice input) {
    struct spf_values values = values_of();
    struct buffer out = buffer_new(EXPLANATION_BYTES_MAX);
    if (spf_domain_check(input) == SPF_OK) {
        ASSERT(spf_macro_string_check(input) == SPF_OK);
        expand_name(input);
    }
    if (spf_macro_string_check(input) == SPF_OK) ASSERT(spf_explanation_check(input) == SPF_OK);
    if (spf_explanation_check(input) == SPF_OK) spf_expand_text(input, &values, &out);
    ASSERT(out.len <= EXPLANATION_BYTES_MAX);
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice input = slice_of(data, size);
    check_record(input);
    check_texts(input);
    return 0;
}

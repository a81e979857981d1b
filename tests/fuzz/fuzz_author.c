/* Whose name a message bears: every domain is one that DNS could know, in one spelling, and told once. */
#include "base/fatal.h"
#include "trust/author.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_name_byte(uint8_t c) {
    return (c >= 'a' && c <= 'z') || ascii_is_digit(c) || c == '-' || c == '.' || c == '_';
}

static void check(const struct author *author) {
    ASSERT(author->domain_count <= DMARC_AUTHORS_MAX);
    ASSERT(*author_fault_words(author->fault) || author->domain_count == 1);
    for (size_t i = 0; i < author->domain_count; i++) {
        struct slice domain = author->domains[i];
        ASSERT(domain.len && domain.len <= SMTP_DOMAIN_BYTES_MAX);
        for (size_t j = 0; j < domain.len; j++) ASSERT(is_name_byte(domain.ptr[j]));
        for (size_t j = 0; j < i; j++) ASSERT(!slice_equal(domain, author->domains[j]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice input = slice_of(data, size);
    struct arena *arena = arena_new(4 * size + KIB(64));
    struct author author = author_read(arena, input, false);
    check(&author);
    author = author_of_header(arena, input);
    check(&author);
    arena_free(&arena);
    return 0;
}

/*
 * Which contacts are meant: whatever words are read, within the limits, packed and read back the same;
 * whatever bytes are unpacked are none, or within the limits. The text is words, one a line; then the same
 * bytes as a packed selection.
 */
#include "store/contact_select.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PACKED_BYTES_MAX = 64 * 1024 };

static struct contact_selection read_words(struct slice text) {
    struct contact_selection selection = {.match_count = 0};
    while (text.len) {
        struct slice line = slice_take_until(&text, '\n');
        (void)slice_take_byte(&text, '\n');
        enum contact_selection_fault fault = contact_selection_read(line, &selection);
        ASSERT(contact_selection_fault_text(fault)[0] != '\0' &&
               selection.match_count <= CONTACT_MATCHES_MAX);
    }
    return selection;
}

static bool is_same(const struct contact_selection *a, const struct contact_selection *b) {
    bool is = slice_equal(a->domain, b->domain) && a->import == b->import && a->match_count == b->match_count;
    for (size_t i = 0; is && i < a->match_count; i++)
        is = slice_equal(a->matches[i].name, b->matches[i].name) &&
             a->matches[i].is_not == b->matches[i].is_not &&
             slice_equal(a->matches[i].pattern, b->matches[i].pattern);
    return is;
}

static void check_text(struct slice text) {
    struct contact_selection selection = read_words(text);
    struct contact_selection back;
    struct buffer packed = buffer_new(PACKED_BYTES_MAX);
    struct contact contact = {.address = SLICE("ann@example.org"), .domain = SLICE("example.org")};
    /* A domain is cut out of a word without a limit of its own. */
    if (selection.domain.len > PACKED_BYTES_MAX / 2) selection.domain = SLICE_EMPTY;
    contact_selection_pack(&packed, &selection);
    struct unpacker in = unpacker_of(buffer_slice(&packed));
    contact_selection_unpack(&in, &back);
    ASSERT(unpack_is_done(&in) && is_same(&selection, &back));
    (void)contact_is_selected(&contact, &selection);
    buffer_free(&packed);
}

static void check_bytes(struct slice bytes) {
    struct contact_selection selection;
    struct unpacker in = unpacker_of(bytes);
    contact_selection_unpack(&in, &selection);
    ASSERT(selection.match_count <= CONTACT_MATCHES_MAX);
    for (size_t i = 0; i < selection.match_count; i++)
        ASSERT(selection.matches[i].name.len &&
               selection.matches[i].pattern.len <= CONTACT_PATTERN_BYTES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check_text(slice_of(data, size));
    check_bytes(slice_of(data, size));
    return 0;
}

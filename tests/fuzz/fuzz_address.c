/* Address fields: no entry is longer than the field, and a written address reads back. */
#include "wire/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(struct slice local, struct slice domain) {
    struct buffer text = buffer_new(local.len * 2 + domain.len + 8);
    address_write_spec(&text, local, domain);
    struct address_reader reader = address_reader_new(buffer_slice(&text));
    struct address again;
    ASSERT(address_next(&reader, &again));
    ASSERT(slice_equal(again.local, local));
    address_reader_free(&reader);
    buffer_free(&text);
}

/* Control bytes are not written back as they were. */
static bool is_printable(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] == 0x7f) return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct address_reader reader = address_reader_new(slice_of(data, size));
    struct address address;
    size_t entries = 0;
    while (address_next(&reader, &address)) {
        ASSERT(++entries <= size + 1);
        ASSERT(address.name.len + address.local.len <= size * 2 + 2);
        if (address.kind == ADDRESS_MAILBOX && address.local.len && is_printable(address.local))
            check_round_trip(address.local, SLICE("example.com"));
    }
    address_reader_free(&reader);
    return 0;
}

/* What decodes encodes to the same bytes; what is UTF-8 encodes and decodes to the same bytes. */
#include "base/fatal.h"
#include "base/limits.h"
#include "wire/charset.h"
#include "wire/imap_utf7.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice text = slice_of(data, size);
    struct buffer there = buffer_new(MIB(16)), back = buffer_new(MIB(16));
    if (imap_utf7_decode(text, &there)) {
        ASSERT(utf8_valid(buffer_slice(&there)));
        ASSERT(imap_utf7_encode(buffer_slice(&there), &back));
        ASSERT(slice_equal(buffer_slice(&back), text));
    }
    ASSERT(buffer_overflowed(&there) == false);
    buffer_clear(&there);
    buffer_clear(&back);
    bool encoded = imap_utf7_encode(text, &there);
    ASSERT(encoded == utf8_valid(text));
    if (encoded) {
        ASSERT(imap_utf7_decode(buffer_slice(&there), &back));
        ASSERT(slice_equal(buffer_slice(&back), text));
    }
    buffer_free(&there);
    buffer_free(&back);
    return 0;
}

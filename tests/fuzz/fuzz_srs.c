/*
 * Rewritten senders: nothing that was made up is taken for ours, and what we write leads back to the byte.
 * The input is a local part; behind a "@", if there is one, a domain.
 */
#include "base/limits.h"
#include "wire/srs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct srs srs = {SLICE_INIT("a secret that no input knows"), 20000ll * 24 * 3600 * 1000};

static void check_there_and_back(struct slice local, struct slice domain) {
    struct buffer out = buffer_new(4 * 1024);
    struct buffer back = buffer_new(4 * 1024);
    if (srs_encode(&srs, local, domain, SLICE("ours.test"), &out) == SRS_OK) {
        struct slice whole = buffer_slice(&out);
        ASSERT(whole.len <= SMTP_PATH_BYTES_MAX && slice_ends_nocase(whole, SLICE("@ours.test")));
        struct slice written = slice_sub(whole, 0, slice_find_last_byte(whole, '@'));
        enum srs_result result = srs_decode(&srs, written, &back);
        ASSERT(result == SRS_OK);
        if (slice_starts(written, SLICE("SRS0="))) {
            struct slice address = buffer_slice(&back);
            ASSERT(slice_starts(address, local) && address.len == local.len + 1 + domain.len);
        }
    } else
        ASSERT(out.len == 0);
    buffer_free(&out);
    buffer_free(&back);
}

static bool is_name(struct slice domain) {
    return domain.len && slice_find_byte(domain, '=') == SLICE_NOT_FOUND &&
           slice_find_byte(domain, '@') == SLICE_NOT_FOUND;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice input = slice_of(data, size);
    struct slice rest = input;
    struct buffer out = buffer_new(128 * 1024);
    enum srs_result result = srs_decode(&srs, input, &out);
    ASSERT(result != SRS_OK && out.len == 0);
    buffer_free(&out);
    struct slice local = slice_take_until(&rest, '@');
    bool has_domain = slice_take_byte(&rest, '@') && is_name(rest);
    if (local.len) check_there_and_back(local, has_domain ? rest : SLICE("far.test"));
    return 0;
}

#include "hook/signature.h"

#include "base/encode.h"
#include "base/limits_hook.h"
#include "wire/scram_secret.h"

enum { HASH_BYTES = 32, STAMP_BYTES_MAX = 256 };

void hook_signature_write(struct buffer *out, struct slice secret, const struct hook_stamp *stamp,
                          struct slice payload) {
    uint8_t mac[HASH_BYTES];
    struct buffer signed_text = buffer_new(STAMP_BYTES_MAX + HOOK_PAYLOAD_BYTES_MAX);
    buffer_append(&signed_text, stamp->id);
    buffer_printf(&signed_text, ".%lld.", (long long)stamp->timestamp);
    buffer_append(&signed_text, payload);
    ASSERT(!buffer_overflowed(&signed_text));
    scram_hmac(SCRAM_HASH_SHA_256, secret, buffer_slice(&signed_text), mac);
    buffer_append_text(out, "v1,");
    base64_encode(out, slice_of(mac, sizeof mac));
    buffer_free(&signed_text);
}

void hook_secret_write(struct buffer *out, struct slice secret) {
    buffer_append_text(out, "whsec_");
    base64_encode(out, secret);
}

void hook_id_write(struct buffer *out, uint64_t event) {
    buffer_append_text(out, "evt_");
    buffer_append_id(out, event);
}

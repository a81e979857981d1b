#include "wire/scram.h"

#include "base/encode.h"
#include "base/limits.h"
#include "wire/wire_text.h"

size_t scram_hash_bytes(enum scram_hash hash) { return hash == SCRAM_HASH_SHA_1 ? 20 : 32; }

bool scram_attribute_take(struct slice *text, uint8_t name, struct slice *value) {
    struct slice rest = *text;
    if (!slice_take_byte(&rest, name) || !slice_take_byte(&rest, '=')) return false;
    *value = slice_take_until(&rest, ',');
    (void)slice_take_byte(&rest, ',');
    *text = rest;
    return true;
}

bool scram_nonce_is_valid(struct slice nonce) {
    for (size_t i = 0; i < nonce.len; i++)
        if (nonce.ptr[i] <= ' ' || nonce.ptr[i] >= 0x7f || nonce.ptr[i] == ',') return false;
    return nonce.len > 0 && nonce.len <= SCRAM_NONCE_BYTES_MAX;
}

/* RFC 5802 5.1 n: "=2C" is a comma, "=3D" an equals sign, and no other "=" may stand. */
static enum scram_error decode_name(struct arena *arena, struct slice text, struct slice *name) {
    if (text.len == 0 || text.len > SASL_NAME_BYTES_MAX * 3) return SCRAM_NAME_INVALID;
    uint8_t *bytes = arena_try_alloc(arena, text.len);
    if (!bytes) return SCRAM_OVER_BUDGET;
    size_t len = 0;
    while (text.len) {
        if (slice_take_prefix(&text, SLICE("=2C")))
            bytes[len++] = ',';
        else if (slice_take_prefix(&text, SLICE("=3D")))
            bytes[len++] = '=';
        else if (text.ptr[0] == '=')
            return SCRAM_NAME_INVALID;
        else
            bytes[len++] = slice_take(&text, 1).ptr[0];
    }
    *name = slice_of(bytes, len);
    return len > SASL_NAME_BYTES_MAX ? SCRAM_NAME_INVALID : SCRAM_OK;
}

/* RFC 5802 7 gs2-cbind-flag, and its comma. */
static enum scram_error take_binding_flag(struct slice *text, struct scram_client_first *first) {
    struct slice flag = slice_take_until(text, ',');
    if (!slice_take_byte(text, ',') || flag.len == 0) return SCRAM_MESSAGE_INVALID;
    first->binding_flag = (char)flag.ptr[0];
    if (slice_take_prefix(&flag, SLICE("p="))) {
        first->binding_type = flag;
        return flag.len ? SCRAM_OK : SCRAM_MESSAGE_INVALID;
    }
    bool plain = slice_equal(flag, SLICE("n")) || slice_equal(flag, SLICE("y"));
    return plain ? SCRAM_OK : SCRAM_MESSAGE_INVALID;
}

/* RFC 5802 7 gs2-header: the flag, [authzid], and a comma behind each. */
static enum scram_error take_gs2_header(struct arena *arena, struct slice *text,
                                        struct scram_client_first *first) {
    struct slice start = *text;
    enum scram_error error = take_binding_flag(text, first);
    if (error) return error;
    struct slice authzid = slice_take_until(text, ',');
    if (!slice_take_byte(text, ',')) return SCRAM_MESSAGE_INVALID;
    first->gs2_header = slice_sub(start, 0, start.len - text->len);
    if (authzid.len == 0) return SCRAM_OK;
    if (!slice_take_prefix(&authzid, SLICE("a="))) return SCRAM_MESSAGE_INVALID;
    return decode_name(arena, authzid, &first->authzid);
}

/* Optional extensions: "x=value", each with a letter for a name (RFC 5802 7 attr-val). */
static bool skip_extensions(struct slice *text) {
    while (text->len) {
        struct slice value;
        if (!ascii_is_alpha(text->ptr[0]) || !scram_attribute_take(text, text->ptr[0], &value) || !value.len)
            return false;
    }
    return true;
}

enum scram_error scram_client_first_parse(struct arena *arena, struct slice message,
                                          struct scram_client_first *first) {
    *first = (struct scram_client_first){.binding_flag = 0};
    if (message.len > SASL_RESPONSE_BYTES_MAX) return SCRAM_MESSAGE_INVALID;
    if (wire_text_kind(message) > WIRE_TEXT_UTF8) return SCRAM_MESSAGE_INVALID;
    enum scram_error error = take_gs2_header(arena, &message, first);
    if (error) return error;
    first->bare = message;
    if (slice_starts(message, SLICE("m="))) return SCRAM_EXTENSION_REQUIRED;
    struct slice name;
    if (!scram_attribute_take(&message, 'n', &name)) return SCRAM_MESSAGE_INVALID;
    error = decode_name(arena, name, &first->name);
    if (error) return error;
    if (!scram_attribute_take(&message, 'r', &first->nonce)) return SCRAM_MESSAGE_INVALID;
    if (!scram_nonce_is_valid(first->nonce)) return SCRAM_NONCE_INVALID;
    return skip_extensions(&message) ? SCRAM_OK : SCRAM_MESSAGE_INVALID;
}

enum scram_error scram_client_first_check(const struct scram_client_first *first, bool plus,
                                          bool plus_offered, const struct scram_binding *binding) {
    if (plus != (first->binding_flag == 'p')) return SCRAM_BINDING_UNWANTED;
    if (first->binding_flag == 'y' && plus_offered) return SCRAM_BINDING_DOWNGRADE;
    if (plus && !slice_equal(first->binding_type, binding->type)) return SCRAM_BINDING_UNKNOWN;
    return SCRAM_OK;
}

void scram_server_first_write(struct buffer *out, struct slice client_nonce, struct slice server_nonce,
                              struct slice salt, uint32_t iterations) {
    ASSERT(scram_nonce_is_valid(server_nonce));
    buffer_append(out, SLICE("r="));
    buffer_append(out, client_nonce);
    buffer_append(out, server_nonce);
    buffer_append(out, SLICE(",s="));
    base64_encode(out, salt);
    buffer_append(out, SLICE(",i="));
    buffer_append_number(out, iterations);
}

static enum scram_error decode_binding(struct arena *arena, struct slice text, struct slice *binding) {
    struct buffer decoded = buffer_new(SASL_RESPONSE_BYTES_MAX);
    enum scram_error error = SCRAM_OK;
    if (text.len == 0 || !base64_decode(&decoded, text) || buffer_overflowed(&decoded))
        error = SCRAM_MESSAGE_INVALID;
    else if (!arena_try_copy(arena, buffer_slice(&decoded), binding))
        error = SCRAM_OVER_BUDGET;
    buffer_free(&decoded);
    return error;
}

static enum scram_error decode_proof(struct slice text, enum scram_hash hash,
                                     struct scram_client_final *final) {
    struct buffer decoded = buffer_new(SCRAM_HASH_BYTES_MAX);
    bool good = base64_decode(&decoded, text) && !buffer_overflowed(&decoded) &&
                decoded.len == scram_hash_bytes(hash);
    if (good) memcpy(final->proof, decoded.ptr, decoded.len);
    final->proof_len = good ? decoded.len : 0;
    buffer_free(&decoded);
    return good ? SCRAM_OK : SCRAM_PROOF_INVALID;
}

/* The proof is the last attribute (RFC 5802 7): cuts it, with its comma, off *message. */
static bool cut_proof(struct slice *message, struct slice *proof) {
    size_t comma = slice_find_last_byte(*message, ',');
    if (comma == SLICE_NOT_FOUND) return false;
    struct slice last = slice_skip(*message, comma + 1);
    *message = slice_sub(*message, 0, comma);
    return scram_attribute_take(&last, 'p', proof);
}

enum scram_error scram_client_final_parse(struct arena *arena, struct slice message, enum scram_hash hash,
                                          struct scram_client_final *final) {
    *final = (struct scram_client_final){.proof_len = 0};
    if (message.len > SASL_RESPONSE_BYTES_MAX) return SCRAM_MESSAGE_INVALID;
    struct slice proof;
    struct slice binding;
    if (!cut_proof(&message, &proof)) return SCRAM_MESSAGE_INVALID;
    final->without_proof = message;
    if (!scram_attribute_take(&message, 'c', &binding)) return SCRAM_MESSAGE_INVALID;
    enum scram_error error = decode_binding(arena, binding, &final->binding);
    if (error) return error;
    if (slice_starts(message, SLICE("m="))) return SCRAM_EXTENSION_REQUIRED;
    if (!scram_attribute_take(&message, 'r', &final->nonce)) return SCRAM_MESSAGE_INVALID;
    if (!skip_extensions(&message)) return SCRAM_MESSAGE_INVALID;
    return decode_proof(proof, hash, final);
}

/* RFC 5802 5.1 c: the gs2 header as it was sent first, then the data of the channel. */
static bool binding_matches(struct slice got, const struct scram_client_first *first,
                            const struct scram_binding *binding) {
    if (!slice_take_prefix(&got, first->gs2_header)) return false;
    return slice_equal(got, first->binding_flag == 'p' ? binding->data : SLICE_EMPTY);
}

enum scram_error scram_client_final_check(const struct scram_client_final *final,
                                          const struct scram_client_first *first, struct slice server_nonce,
                                          const struct scram_binding *binding) {
    struct slice nonce = final->nonce;
    if (!slice_take_prefix(&nonce, first->nonce)) return SCRAM_NONCE_MISMATCH;
    if (server_nonce.len == 0 || !slice_equal(nonce, server_nonce)) return SCRAM_NONCE_MISMATCH;
    return binding_matches(final->binding, first, binding) ? SCRAM_OK : SCRAM_BINDING_MISMATCH;
}

void scram_auth_message_write(struct buffer *out, struct slice client_first_bare, struct slice server_first,
                              struct slice client_final_without_proof) {
    buffer_append(out, client_first_bare);
    buffer_append_byte(out, ',');
    buffer_append(out, server_first);
    buffer_append_byte(out, ',');
    buffer_append(out, client_final_without_proof);
}

void scram_server_final_write(struct buffer *out, struct slice server_signature) {
    buffer_append(out, SLICE("v="));
    base64_encode(out, server_signature);
}

/* RFC 5802 7 server-error-value */
void scram_server_error_write(struct buffer *out, enum scram_error error) {
    static const char *const words[SCRAM_OVER_BUDGET + 1] = {
        [SCRAM_MESSAGE_INVALID] = "invalid-encoding",
        [SCRAM_EXTENSION_REQUIRED] = "extensions-not-supported",
        [SCRAM_NAME_INVALID] = "invalid-username-encoding",
        [SCRAM_BINDING_MISMATCH] = "channel-bindings-dont-match",
        [SCRAM_BINDING_DOWNGRADE] = "server-does-support-channel-binding",
        [SCRAM_BINDING_UNWANTED] = "channel-binding-not-supported",
        [SCRAM_BINDING_UNKNOWN] = "unsupported-channel-binding-type",
        [SCRAM_PROOF_INVALID] = "invalid-proof",
        [SCRAM_OVER_BUDGET] = "no-resources",
    };
    buffer_append(out, SLICE("e="));
    buffer_append_text(out, words[error] ? words[error] : "other-error");
}

#include "wire/scram_client.h"

#include <openssl/crypto.h>

#include "base/encode.h"

static void write_name(struct buffer *out, struct slice name) {
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == ',')
            buffer_append(out, SLICE("=2C"));
        else if (name.ptr[i] == '=')
            buffer_append(out, SLICE("=3D"));
        else
            buffer_append_byte(out, name.ptr[i]);
    }
}

static void write_gs2_header(struct buffer *out, const struct scram_client *client) {
    buffer_append_byte(out, (uint8_t)client->binding_flag);
    if (client->binding_flag == 'p') {
        buffer_append_byte(out, '=');
        buffer_append(out, client->binding.type);
    }
    buffer_append_byte(out, ',');
    if (client->authzid.len) {
        buffer_append(out, SLICE("a="));
        write_name(out, client->authzid);
    }
    buffer_append_byte(out, ',');
}

static void write_first_bare(struct buffer *out, const struct scram_client *client) {
    buffer_append(out, SLICE("n="));
    write_name(out, client->name);
    buffer_append(out, SLICE(",r="));
    buffer_append(out, client->nonce);
}

void scram_client_first_write(struct buffer *out, const struct scram_client *client) {
    ASSERT(scram_nonce_is_valid(client->nonce));
    write_gs2_header(out, client);
    write_first_bare(out, client);
}

struct server_first {
    struct slice nonce;
    struct slice salt_text;
    uint64_t iterations;
};

static enum scram_error parse_server_first(struct slice message, const struct scram_client *client,
                                           struct server_first *first) {
    struct slice number;
    struct slice word;
    if (slice_starts(message, SLICE("m="))) return SCRAM_EXTENSION_REQUIRED;
    if (scram_attribute_take(&message, 'e', &word)) return SCRAM_REFUSED;
    if (!scram_attribute_take(&message, 'r', &first->nonce)) return SCRAM_MESSAGE_INVALID;
    if (!scram_attribute_take(&message, 's', &first->salt_text)) return SCRAM_MESSAGE_INVALID;
    if (!scram_attribute_take(&message, 'i', &number)) return SCRAM_MESSAGE_INVALID;
    if (!slice_to_number(number, SCRAM_ITERATIONS_MAX, &first->iterations)) return SCRAM_ITERATIONS_INVALID;
    bool ours = slice_starts(first->nonce, client->nonce) && first->nonce.len > client->nonce.len;
    return ours && scram_nonce_is_valid(first->nonce) ? SCRAM_OK : SCRAM_NONCE_MISMATCH;
}

static void write_without_proof(struct buffer *out, const struct scram_client *client, struct slice nonce) {
    struct buffer binding = buffer_new(SASL_RESPONSE_BYTES_MAX);
    write_gs2_header(&binding, client);
    if (client->binding_flag == 'p') buffer_append(&binding, client->binding.data);
    buffer_append(out, SLICE("c="));
    base64_encode(out, buffer_slice(&binding));
    buffer_append(out, SLICE(",r="));
    buffer_append(out, nonce);
    buffer_free(&binding);
}

static enum scram_error salt_password(const struct scram_client *client, const struct server_first *first,
                                      uint8_t *salted) {
    struct buffer salt = buffer_new(SCRAM_SALT_BYTES_MAX);
    bool good = base64_decode(&salt, first->salt_text) && !buffer_overflowed(&salt);
    enum scram_error error = SCRAM_SALT_INVALID;
    if (good)
        error = scram_salted_password(client->hash, client->password, buffer_slice(&salt),
                                      (uint32_t)first->iterations, salted);
    buffer_free(&salt);
    return error;
}

/* RFC 5802 3: the proof that we know the password, and the signature to expect. */
static void prove(struct scram_client *client, const uint8_t *salted, struct slice auth_message,
                  uint8_t *proof) {
    size_t len = scram_hash_bytes(client->hash);
    uint8_t client_key[SCRAM_HASH_BYTES_MAX];
    uint8_t other_key[SCRAM_HASH_BYTES_MAX];
    scram_hmac(client->hash, slice_of(salted, len), SLICE("Client Key"), client_key);
    scram_digest(client->hash, slice_of(client_key, len), other_key);
    scram_hmac(client->hash, slice_of(other_key, len), auth_message, proof);
    for (size_t i = 0; i < len; i++) proof[i] ^= client_key[i];
    scram_hmac(client->hash, slice_of(salted, len), SLICE("Server Key"), other_key);
    scram_hmac(client->hash, slice_of(other_key, len), auth_message, client->signature);
    OPENSSL_cleanse(client_key, sizeof client_key);
    OPENSSL_cleanse(other_key, sizeof other_key);
}

enum scram_error scram_client_final_write(struct buffer *out, struct scram_client *client,
                                          struct slice server_first) {
    struct server_first first;
    uint8_t salted[SCRAM_HASH_BYTES_MAX];
    uint8_t proof[SCRAM_HASH_BYTES_MAX];
    if (server_first.len > SASL_RESPONSE_BYTES_MAX) return SCRAM_MESSAGE_INVALID;
    enum scram_error error = parse_server_first(server_first, client, &first);
    if (!error) error = salt_password(client, &first, salted);
    if (error) return error;
    struct buffer bare = buffer_new(SASL_RESPONSE_BYTES_MAX);
    struct buffer auth_message = buffer_new((size_t)SASL_RESPONSE_BYTES_MAX * 4);
    size_t start = out->len;
    write_first_bare(&bare, client);
    write_without_proof(out, client, first.nonce);
    scram_auth_message_write(&auth_message, buffer_slice(&bare), server_first,
                             slice_skip(buffer_slice(out), start));
    prove(client, salted, buffer_slice(&auth_message), proof);
    buffer_append(out, SLICE(",p="));
    base64_encode(out, slice_of(proof, scram_hash_bytes(client->hash)));
    buffer_free(&bare);
    buffer_free(&auth_message);
    OPENSSL_cleanse(salted, sizeof salted);
    return SCRAM_OK;
}

enum scram_error scram_client_finish(const struct scram_client *client, struct slice server_final) {
    struct slice text;
    if (scram_attribute_take(&server_final, 'e', &text)) return SCRAM_REFUSED;
    if (!scram_attribute_take(&server_final, 'v', &text)) return SCRAM_MESSAGE_INVALID;
    struct buffer signature = buffer_new(SCRAM_HASH_BYTES_MAX);
    size_t len = scram_hash_bytes(client->hash);
    bool good = base64_decode(&signature, text) && !buffer_overflowed(&signature) && signature.len == len &&
                CRYPTO_memcmp(signature.ptr, client->signature, len) == 0;
    buffer_free(&signature);
    return good ? SCRAM_OK : SCRAM_SIGNATURE_INVALID;
}

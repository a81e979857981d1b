#include "wire/scram_secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <unicode/usprep.h>
#include <unicode/ustring.h>

#include "wire/wire_text.h"

static const EVP_MD *digest_of(enum scram_hash hash) {
    return hash == SCRAM_HASH_SHA_1 ? EVP_sha1() : EVP_sha256();
}

void scram_hmac(enum scram_hash hash, struct slice key, struct slice text, uint8_t *out) {
    unsigned len = 0;
    ASSERT(key.len <= INT32_MAX);
    if (!HMAC(digest_of(hash), key.ptr, (int)key.len, text.ptr, text.len, out, &len)) FATAL("HMAC failed");
    ASSERT(len == scram_hash_bytes(hash));
}

void scram_digest(enum scram_hash hash, struct slice bytes, uint8_t *out) {
    unsigned len = 0;
    if (EVP_Digest(bytes.ptr, bytes.len, out, &len, digest_of(hash), NULL) != 1) FATAL("digest failed");
    ASSERT(len == scram_hash_bytes(hash));
}

static bool is_printable_ascii(struct slice text) { return wire_text_kind(text) == WIRE_TEXT_ASCII; }

static bool prepare_unicode(struct slice password, struct buffer *prepared) {
    UChar wide[SASL_PASSWORD_BYTES_MAX];
    /* NFKC can lengthen a string 18-fold. What becomes that long is no password. */
    UChar normal[SASL_PASSWORD_BYTES_MAX];
    char narrow[SASL_PASSWORD_BYTES_MAX];
    UErrorCode status = U_ZERO_ERROR;
    int32_t len = 0;
    UStringPrepProfile *profile = usprep_openByType(USPREP_RFC4013_SASLPREP, &status);
    if (!profile) FATAL("the SASLprep profile is missing from ICU");
    (void)u_strFromUTF8(wide, SASL_PASSWORD_BYTES_MAX, &len, (const char *)password.ptr,
                        (int32_t)password.len, &status);
    len = usprep_prepare(profile, wide, len, normal, SASL_PASSWORD_BYTES_MAX, USPREP_ALLOW_UNASSIGNED, NULL,
                         &status);
    (void)u_strToUTF8(narrow, SASL_PASSWORD_BYTES_MAX, &len, normal, len, &status);
    usprep_close(profile);
    bool good = U_SUCCESS(status) && len > 0;
    if (good) buffer_append(prepared, slice_of(narrow, (size_t)len));
    OPENSSL_cleanse(wide, sizeof wide);
    OPENSSL_cleanse(normal, sizeof normal);
    OPENSSL_cleanse(narrow, sizeof narrow);
    return good;
}

bool scram_password_prepare(struct slice password, struct buffer *prepared) {
    if (password.len == 0 || password.len > SASL_PASSWORD_BYTES_MAX) return false;
    if (is_printable_ascii(password))
        buffer_append(prepared, password);
    else if (wire_text_kind(password) != WIRE_TEXT_UTF8 || !prepare_unicode(password, prepared))
        return false;
    return !buffer_overflowed(prepared);
}

enum scram_error scram_salted_password(enum scram_hash hash, struct slice password, struct slice salt,
                                       uint32_t iterations, uint8_t *out) {
    if (iterations < SCRAM_ITERATIONS_MIN || iterations > SCRAM_ITERATIONS_MAX)
        return SCRAM_ITERATIONS_INVALID;
    if (salt.len == 0 || salt.len > SCRAM_SALT_BYTES_MAX) return SCRAM_SALT_INVALID;
    struct buffer prepared = buffer_new(SASL_PASSWORD_BYTES_MAX);
    bool good = scram_password_prepare(password, &prepared);
    /* RFC 5802 2.2: Hi is PBKDF2 with HMAC. */
    if (good && PKCS5_PBKDF2_HMAC((const char *)prepared.ptr, (int)prepared.len, salt.ptr, (int)salt.len,
                                  (int)iterations, digest_of(hash), (int)scram_hash_bytes(hash), out) != 1)
        FATAL("PBKDF2 failed");
    if (prepared.ptr) OPENSSL_cleanse(prepared.ptr, prepared.len);
    buffer_free(&prepared);
    return good ? SCRAM_OK : SCRAM_PASSWORD_INVALID;
}

enum scram_error scram_secret_derive(enum scram_hash hash, struct slice password, struct slice salt,
                                     uint32_t iterations, struct scram_keys *secret) {
    uint8_t salted[SCRAM_HASH_BYTES_MAX];
    uint8_t client_key[SCRAM_HASH_BYTES_MAX];
    size_t len = scram_hash_bytes(hash);
    *secret = (struct scram_keys){.hash = hash, .iterations = iterations, .salt_len = salt.len};
    enum scram_error error = scram_salted_password(hash, password, salt, iterations, salted);
    if (error) return error;
    memcpy(secret->salt, salt.ptr, salt.len);
    scram_hmac(hash, slice_of(salted, len), SLICE("Client Key"), client_key);
    scram_digest(hash, slice_of(client_key, len), secret->stored_key);
    scram_hmac(hash, slice_of(salted, len), SLICE("Server Key"), secret->server_key);
    OPENSSL_cleanse(salted, sizeof salted);
    OPENSSL_cleanse(client_key, sizeof client_key);
    return SCRAM_OK;
}

void scram_secret_invent(enum scram_hash hash, struct slice server_key, struct slice name,
                         uint32_t iterations, struct scram_keys *secret) {
    uint8_t salt[SCRAM_HASH_BYTES_MAX];
    *secret = (struct scram_keys){.hash = hash, .iterations = iterations, .salt_len = 16};
    scram_hmac(hash, server_key, name, salt);
    memcpy(secret->salt, salt, secret->salt_len);
    /* Keys that no proof fits: their pre-image is unknown to all. */
    scram_hmac(hash, server_key, slice_of(salt, scram_hash_bytes(hash)), secret->stored_key);
    scram_hmac(hash, slice_of(salt, scram_hash_bytes(hash)), server_key, secret->server_key);
}

/* RFC 5802 3: ClientKey is the proof without the signature, and its hash is the StoredKey. */
bool scram_secret_check(const struct scram_keys *secret, struct slice auth_message, struct slice proof,
                        uint8_t signature[SCRAM_HASH_BYTES_MAX]) {
    size_t len = scram_hash_bytes(secret->hash);
    uint8_t key[SCRAM_HASH_BYTES_MAX];
    uint8_t stored[SCRAM_HASH_BYTES_MAX];
    memset(signature, 0, SCRAM_HASH_BYTES_MAX);
    if (proof.len != len) return false;
    scram_hmac(secret->hash, slice_of(secret->stored_key, len), auth_message, key);
    for (size_t i = 0; i < len; i++) key[i] ^= proof.ptr[i];
    scram_digest(secret->hash, slice_of(key, len), stored);
    bool good = CRYPTO_memcmp(stored, secret->stored_key, len) == 0;
    scram_hmac(secret->hash, slice_of(secret->server_key, len), auth_message, signature);
    if (!good) OPENSSL_cleanse(signature, SCRAM_HASH_BYTES_MAX);
    OPENSSL_cleanse(key, sizeof key);
    return good;
}

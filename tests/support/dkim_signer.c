#include "dkim_signer.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/encode.h"

enum { ED25519_BYTES = 32, ARENA_BYTES = 1 << 20 };

struct test_key test_key_make(enum dkim_algorithm algorithm, unsigned bits) {
    struct test_key key = {NULL, algorithm};
    key.key = algorithm == DKIM_RSA_SHA256 ? EVP_RSA_gen(bits) : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    ASSERT(key.key);
    return key;
}

struct test_key test_key_of_pem(enum dkim_algorithm algorithm, struct slice pem) {
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    struct test_key key = {PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL), algorithm};
    BIO_free(bio);
    ASSERT(key.key);
    return key;
}

void test_key_free(struct test_key *key) {
    EVP_PKEY_free(key->key);
    key->key = NULL;
}

void test_key_public(const struct test_key *key, bool is_bare, struct buffer *out) {
    unsigned char raw[ED25519_BYTES];
    size_t raw_len = sizeof raw;
    unsigned char *der = NULL;
    if (key->algorithm == DKIM_ED25519_SHA256) {
        ASSERT(EVP_PKEY_get_raw_public_key(key->key, raw, &raw_len) == 1);
        base64_encode(out, slice_of(raw, raw_len));
        return;
    }
    int len = is_bare ? i2d_PublicKey(key->key, &der) : i2d_PUBKEY(key->key, &der);
    ASSERT(len > 0);
    base64_encode(out, slice_of(der, (size_t)len));
    OPENSSL_free(der);
}

static size_t sign_rsa(EVP_PKEY *key, const uint8_t *digest, uint8_t *signature, size_t len) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    ASSERT(EVP_PKEY_sign_init(context) == 1);
    ASSERT(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1);
    ASSERT(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1);
    ASSERT(EVP_PKEY_sign(context, signature, &len, digest, DKIM_DIGEST_BYTES) == 1);
    EVP_PKEY_CTX_free(context);
    return len;
}

static size_t sign_ed25519(EVP_PKEY *key, const uint8_t *digest, uint8_t *signature, size_t len) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ASSERT(EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1);
    ASSERT(EVP_DigestSign(context, signature, &len, digest, DKIM_DIGEST_BYTES) == 1);
    EVP_MD_CTX_free(context);
    return len;
}

void test_key_sign(const struct test_key *key, const uint8_t digest[DKIM_DIGEST_BYTES], struct buffer *out) {
    uint8_t signature[DKIM_SIGNATURE_BYTES_MAX];
    size_t len = key->algorithm == DKIM_RSA_SHA256
                     ? sign_rsa(key->key, digest, signature, sizeof signature)
                     : sign_ed25519(key->key, digest, signature, sizeof signature);
    buffer_append(out, slice_of(signature, len));
}

static struct dkim_signing *hash_message(const struct dkim_forms *forms, struct slice message) {
    struct dkim_signing *signing = dkim_signing_new(forms);
    dkim_signing_write(signing, message);
    dkim_signing_end(signing);
    return signing;
}

enum dkim_sign_result test_sign(const struct test_key *key, const struct dkim_forms *forms,
                                struct dkim_signer signer, struct slice message, struct buffer *out) {
    struct dkim_signing *signing = hash_message(forms, message);
    struct arena *arena = arena_new(ARENA_BYTES);
    struct dkim_draft draft;
    signer.algorithm = key->algorithm;
    enum dkim_sign_result result = dkim_signing_compose(signing, &signer, arena, &draft);
    if (result == DKIM_SIGN_OK) {
        struct buffer signature = buffer_new(DKIM_SIGNATURE_BYTES_MAX);
        test_key_sign(key, draft.digest, &signature);
        ASSERT(dkim_draft_finish(&draft, buffer_slice(&signature), out));
        buffer_free(&signature);
    }
    arena_free(&arena);
    dkim_signing_free(&signing);
    return result;
}

static void seal_draft(const struct test_key *key, struct dkim_signing *signing, struct arena *arena,
                       struct arc_draft *draft, struct buffer *out) {
    struct buffer signature = buffer_new(DKIM_SIGNATURE_BYTES_MAX);
    test_key_sign(key, draft->message.digest, &signature);
    ASSERT(arc_seal_go_on(signing, buffer_slice(&signature), arena, draft));
    buffer_clear(&signature);
    test_key_sign(key, draft->seal.digest, &signature);
    ASSERT(arc_seal_finish(draft, buffer_slice(&signature), out));
    buffer_free(&signature);
}

enum arc_seal_result test_seal(const struct test_key *key, struct arc_sealer sealer, struct slice message,
                               struct buffer *out) {
    struct dkim_signing *signing = hash_message(NULL, message);
    struct arena *arena = arena_new(ARENA_BYTES);
    struct arc_draft draft;
    sealer.signer.algorithm = key->algorithm;
    enum arc_seal_result result = arc_seal_begin(signing, &sealer, arena, &draft);
    if (result == ARC_SEAL_OK) seal_draft(key, signing, arena, &draft, out);
    arena_free(&arena);
    dkim_signing_free(&signing);
    return result;
}

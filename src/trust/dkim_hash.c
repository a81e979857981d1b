#include "trust/dkim_hash.h"

#include <openssl/evp.h>

static struct dkim_hash new_context(void) {
    struct dkim_hash hash = {EVP_MD_CTX_new()};
    if (!hash.context) FATAL("no memory for a hash");
    return hash;
}

struct dkim_hash dkim_hash_new(void) {
    struct dkim_hash hash = new_context();
    if (EVP_DigestInit_ex(hash.context, EVP_sha256(), NULL) != 1) FATAL("no SHA-256");
    return hash;
}

struct dkim_hash dkim_hash_copy(const struct dkim_hash *hash) {
    struct dkim_hash copy = new_context();
    if (EVP_MD_CTX_copy_ex(copy.context, hash->context) != 1) FATAL("SHA-256 fails");
    return copy;
}

void dkim_hash_free(struct dkim_hash *hash) {
    EVP_MD_CTX_free(hash->context);
    hash->context = NULL;
}

static void update(void *context, struct slice bytes) {
    const struct dkim_hash *hash = context;
    if (EVP_DigestUpdate(hash->context, bytes.ptr, bytes.len) != 1) FATAL("SHA-256 fails");
}

struct byte_sink dkim_hash_sink(struct dkim_hash *hash) {
    return (struct byte_sink){update, hash};
}

void dkim_hash_end(struct dkim_hash *hash, uint8_t digest[DKIM_DIGEST_BYTES]) {
    if (EVP_DigestFinal_ex(hash->context, digest, NULL) != 1) FATAL("SHA-256 fails");
    dkim_hash_free(hash);
}

/* SHA-256 as a sink: what DKIM and ARC hash arrives in pieces. */
#ifndef TRUST_DKIM_HASH_H
#define TRUST_DKIM_HASH_H

#include "wire/dkim_field.h"

struct dkim_hash {
    struct evp_md_ctx_st *context;
};

/* Release it with dkim_hash_free. */
struct dkim_hash dkim_hash_new(void);
/* Another that has hashed the same so far. */
struct dkim_hash dkim_hash_copy(const struct dkim_hash *hash);
/* One that was never begun (all zero) is fine. */
void dkim_hash_free(struct dkim_hash *hash);

/* Points at *hash, which stays where it is meanwhile. */
struct byte_sink dkim_hash_sink(struct dkim_hash *hash);
/* Ends and frees it. */
void dkim_hash_end(struct dkim_hash *hash, uint8_t digest[DKIM_DIGEST_BYTES]);

#endif

/*
 * Private keys as they lie in the database, which roles may read that must not have them: sealed with
 * AES-256-GCM under a key of this data folder alone, in the file key/seal, which only the store role can
 * open. Each is bound to the name of its record, so that one cannot be put in another's place.
 */
#ifndef STORE_DKIM_SEAL_H
#define STORE_DKIM_SEAL_H

#include "base/buffer.h"
#include "io/file.h"

enum { DKIM_SEAL_BYTES = 32, DKIM_NONCE_BYTES = 12 };

struct dkim_seal {
    uint8_t key[DKIM_SEAL_BYTES];
    bool is_open;
};

/* Reads the folder's key; where there is none, `fresh` (random) becomes it, durably. 0, or a negated errno:
   -EIO where it is damaged. Blocks. */
NODISCARD int dkim_seal_open(struct dkim_seal *seal, struct env *env, const char *folder,
                             const uint8_t fresh[DKIM_SEAL_BYTES]);
/* Wipes it. */
void dkim_seal_close(struct dkim_seal *seal);

/* A nonce is used once. False: libcrypto cannot. */
NODISCARD bool dkim_seal_put(const struct dkim_seal *seal, const uint8_t nonce[DKIM_NONCE_BYTES],
                             struct slice name, struct slice private, struct buffer *sealed);
/* False: it was sealed by another key or for another name, or is damaged; nothing was appended. */
NODISCARD bool dkim_seal_get(const struct dkim_seal *seal, struct slice name, struct slice sealed,
                             struct buffer *private);

#endif

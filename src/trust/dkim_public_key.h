/* Public keys of DKIM and ARC, and whether a signature is theirs (RFC 6376 3.3, RFC 8301 3, RFC 8463 3). */
#ifndef TRUST_DKIM_PUBLIC_KEY_H
#define TRUST_DKIM_PUBLIC_KEY_H

#include "wire/dkim_key.h"

struct dkim_public_key {
    struct evp_pkey_st *key;
    enum dkim_key_type type;
    /* Of RSA's modulus; 256 for Ed25519. */
    unsigned bits;
    /* What one signature costs to check: about that of RSA with 1,024 bits and the usual exponent. */
    unsigned work;
};

/* DKIM_FAULT_NONE; else DKIM_FAULT_KEY_MALFORMED, _SHORT or _LONG, and nothing to close; `bits` is set if it
   could be read. */
NODISCARD enum dkim_fault dkim_public_key_open(const struct dkim_key_record *record,
                                               struct dkim_public_key *key);
void dkim_public_key_close(struct dkim_public_key *key);

/* What a digest's signature is made of is said by trust/dkim_sign.h. */
bool dkim_public_key_fits(const struct dkim_public_key *key, const uint8_t digest[DKIM_DIGEST_BYTES],
                          struct slice signature);

#endif

/* What the seals of a chain sign (RFC 8617 5.1.1): each all sets up to its own. */
#ifndef TRUST_ARC_SEAL_HASH_H
#define TRUST_ARC_SEAL_HASH_H

#include "trust/arc_chain.h"
#include "trust/dkim_hash.h"

/* Of a chain without a fault, by instance. Each field is hashed once or twice, however long the chain is. */
void arc_seal_digests(const struct arc_chain *chain, uint8_t digests[][DKIM_DIGEST_BYTES]);

/* Adds a whole set, its seal with its signature. */
void arc_hash_set(struct dkim_hash *hash, const struct arc_set *set);
/* Adds one field in relaxed form with its CRLF. */
void arc_hash_field(struct dkim_hash *hash, struct slice field);

#endif

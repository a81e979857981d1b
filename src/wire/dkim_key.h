/* Key records, "v=DKIM1; k=rsa; p=..." (RFC 6376 3.6.1, RFC 8463 4). Pure, linear. */
#ifndef WIRE_DKIM_KEY_H
#define WIRE_DKIM_KEY_H

#include "wire/dkim_field.h"

enum dkim_key_type { DKIM_KEY_RSA, DKIM_KEY_ED25519 };

struct dkim_key_record {
    enum dkim_key_type type;
    /* p= as written, base64 with white space. */
    struct slice public_key;
    /* t=y: the domain tries DKIM out; whoever receives its mail is to treat it as if it had no signature. */
    bool is_testing;
    /* t=s: the domain of i= is d= itself. */
    bool is_strict;
};

/* Reads one TXT record. DKIM_FAULT_KEY_MALFORMED, _REVOKED (p= is empty), _TYPE (k= is not known), _HASH (h=
   has no sha256), _SERVICE (s= has neither email nor *), or DKIM_FAULT_NONE. Flags are set if they could be
   read. */
NODISCARD enum dkim_fault dkim_key_read(struct slice text, struct dkim_key_record *record);

/* An RSA public key: a SubjectPublicKeyInfo (RFC 3279 2.3.1), or the RSAPublicKey in it by itself (RFC 8017
 * A.1.1). */
struct dkim_rsa_key {
    /* The RSAPublicKey in DER. */
    struct slice der;
    unsigned bits;
    unsigned exponent_bits;
};
/* False: it is neither, or something stands behind it. */
NODISCARD bool dkim_rsa_key_read(struct slice bytes, struct dkim_rsa_key *key);

#endif

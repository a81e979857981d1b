/*
 * Signing outgoing mail (RFC 6376 5, 8301, 8463), in steps: the message passes by once, in pieces, and
 * private keys live elsewhere (the store role signs digests).
 *
 *     struct dkim_signing *signing = dkim_signing_new(NULL);
 *     dkim_signing_write(signing, piece);                     the whole message, piece by piece
 *     dkim_signing_end(signing);
 *     for each key:
 *         dkim_signing_compose(signing, &by, arena, &draft)   -> DKIM_SIGN_OK
 *         ... whoever has the key signs draft.digest ...
 *         dkim_draft_finish(&draft, signature, out)           -> a header field
 *     dkim_signing_free(&signing);
 *
 * The fields go in front of the message, whose bytes must stay as they were hashed. Nothing here waits.
 *
 * What is signed: From, Subject, Date, To and all others that a reader sees or acts on, once more than they
 * are there ("oversigned": RFC 6376 5.4.2, 8.15), so that none can be added; some that hosts on the way may
 * add themselves (Sender, List-Id) as they are there. Never l=: a signed part of a body lets anybody add to
 * it (RFC 6376 8.2).
 */
#ifndef TRUST_DKIM_SIGN_H
#define TRUST_DKIM_SIGN_H

#include "base/arena.h"
#include "base/buffer.h"
#include "wire/dkim_field.h"

/* ---- the message ---- */

/* One message that is being hashed. Holds its header section, DKIM_HEADER_BYTES_MAX at most; of the body
   only the hash. */
struct dkim_signing;

struct dkim_forms {
    enum dkim_form header;
    enum dkim_form body;
};

/* NULL is relaxed/relaxed. */
struct dkim_signing *dkim_signing_new(const struct dkim_forms *forms);
/* The next bytes of the message, from its first header field on. Lines end with CRLF. */
void dkim_signing_write(struct dkim_signing *signing, struct slice bytes);
/* The message has ended: call it once, before the first compose. */
void dkim_signing_end(struct dkim_signing *signing);
/* Nulls *signing. NULL is fine. */
void dkim_signing_free(struct dkim_signing **signing);

/* ---- one signature ---- */

/* Who signs. All are ASCII (A-labels, RFC 8616 4); `domain` and `selector` are names of letters, digits, "-",
   "_" and dots. */
struct dkim_signer {
    enum dkim_algorithm algorithm;
    struct slice domain;
    struct slice selector;
    /* i=, "local@domain" with the domain or one below it; empty: left out. */
    struct slice identity;
    /* t= and x=, seconds since 1970; 0: left out. */
    int64_t signed_at_s;
    int64_t expires_at_s;
};

enum dkim_sign_result {
    DKIM_SIGN_OK,
    /* The message has no From, or more than one (RFC 6376 5.4, 3.8). */
    DKIM_SIGN_NOT_ONE_FROM,
    /* The header section passes DKIM_HEADER_BYTES_MAX, or has more than DKIM_SIGNED_FIELDS_MAX fields to
       sign. */
    DKIM_SIGN_TOO_LARGE,
    /* The header section has a CR or LF by itself, or begins with a fold. */
    DKIM_SIGN_BAD_LINES,
    /* Domain, selector or identity is no such thing. */
    DKIM_SIGN_BAD_SIGNER,
};

/* A signature that lacks the signature. */
struct dkim_draft {
    /* The field up to and with "b=", folded, without a line break at its end. */
    struct slice field;
    /* What is to be signed: the SHA-256 of the signed fields and of `field`. RSA: RSASSA-PKCS1-v1_5 with this
       as the SHA-256 digest (RFC 8017 8.2). Ed25519: PureEdDSA with these 32 bytes as the message (RFC 8463
       3). */
    uint8_t digest[DKIM_DIGEST_BYTES];
};

/* Composes the field into the arena, which has room for DKIM_FIELD_BYTES_MAX. May be called for any number of
   signers, in any order. */
NODISCARD enum dkim_sign_result dkim_signing_compose(struct dkim_signing *signing,
                                                     const struct dkim_signer *signer, struct arena *arena,
                                                     struct dkim_draft *draft);
/* Appends the finished field, "DKIM-Signature: ...", folded, its CRLF included. `signature` is what the key
   made: 64 bytes of Ed25519, as many as the modulus of RSA. False, and nothing appended: it is empty or
   longer than DKIM_SIGNATURE_BYTES_MAX. */
NODISCARD bool dkim_draft_finish(const struct dkim_draft *draft, struct slice signature, struct buffer *out);

#endif

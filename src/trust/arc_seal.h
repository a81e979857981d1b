/*
 * Sealing a message that is passed on (RFC 8617 5.1): what was found when it came stays readable when it is
 * changed on the way. As with DKIM the message passes by once and keys live elsewhere; the two signatures are
 * made one after the other, because the seal covers the first.
 *
 *     arc_seal_begin(signing, &sealer, arena, &draft)            -> ARC_SEAL_OK
 *     ... draft.message.digest is signed ...
 *     arc_seal_go_on(signing, signature, arena, &draft)          -> true
 *     ... draft.seal.digest is signed ...
 *     arc_seal_finish(&draft, signature, out)                    -> true: the three fields
 *
 * `signing` has hashed the message as it leaves, but for these fields and the DKIM-Signatures that come with
 * them. The digests are signed as trust/dkim_sign.h says. Nothing here waits.
 */
#ifndef TRUST_ARC_SEAL_H
#define TRUST_ARC_SEAL_H

#include "trust/dkim_sign.h"

struct arc_sealer {
    /* identity is not used. */
    struct dkim_signer signer;
    /* What was found: an Authentication-Results' value (RFC 8601 2.2), the name of this host first; folds are
       kept, and a line is ended by CRLF and a blank or tab. */
    struct slice results;
    /* The chain as it came: what arc_check said. */
    enum arc_status status;
};

enum arc_seal_result {
    ARC_SEAL_OK,
    /* RFC 8617 5.1.1.1: the last set says cv=fail; nothing is added to it. */
    ARC_SEAL_ENDED,
    /* There are ARC_INSTANCES_MAX sets. */
    ARC_SEAL_TOO_MANY,
    /* `status` is NONE and there is a chain, or PASS and there is none, or one that is not whole. */
    ARC_SEAL_WRONG_STATUS,
    /* As dkim_signing_compose: the message, or who signs. */
    ARC_SEAL_UNFIT_MESSAGE,
    ARC_SEAL_BAD_SIGNER,
    /* `results` is empty, too long, or no text that a field can have. */
    ARC_SEAL_BAD_RESULTS,
};

struct arc_draft {
    struct dkim_signer signer;
    unsigned instance;
    enum arc_status status;
    /* ARC-Authentication-Results, without a line break at its end. */
    struct slice results;
    struct dkim_draft message;
    struct dkim_draft seal;
    /* ARC-Message-Signature, signed. */
    struct slice message_field;
};

/* The arena has room for four times DKIM_FIELD_BYTES_MAX; the signer's slices are borrowed until the end. */
NODISCARD enum arc_seal_result arc_seal_begin(struct dkim_signing *signing, const struct arc_sealer *sealer,
                                              struct arena *arena, struct arc_draft *draft);
/* False: the signature is empty or too long. */
NODISCARD bool arc_seal_go_on(struct dkim_signing *signing, struct slice message_signature,
                              struct arena *arena, struct arc_draft *draft);
/* Appends ARC-Seal, ARC-Message-Signature and ARC-Authentication-Results, each with its CRLF. False: as
   above, and nothing appended. */
NODISCARD bool arc_seal_finish(const struct arc_draft *draft, struct slice seal_signature,
                               struct buffer *out);

#endif

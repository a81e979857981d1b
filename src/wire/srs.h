/*
 * The sender rewriting scheme: mail that is forwarded leaves with a sender in our own domain, so that SPF
 * (RFC 7208 D.3) holds where it goes, and what comes back to that sender finds the original one. Pure.
 *
 *     SRS0=HASH=DAY=their.example=local@ours       a sender that we rewrote
 *     SRS1=HASH=first.example==HASH=DAY=their.example=local@ours
 *                                                  one that first.example had rewritten: its part is kept,
 *                                                  and answers go straight to it
 *
 * HASH is cut from an HMAC-SHA-256 under a secret of ours over what stands behind it, in lower case: others
 * may change the case of a local part. DAY is the day in base32, for so long an answer finds its way; SRS1
 * has none of ours, the first host's counts.
 */
#ifndef WIRE_SRS_H
#define WIRE_SRS_H

#include "base/buffer.h"

enum srs_result {
    SRS_OK,
    /* It is no rewritten sender. */
    SRS_NONE,
    /* Not ours: no good form, or another hash. */
    SRS_FORGED,
    /* Older than SRS_VALID_DAYS, or from tomorrow. */
    SRS_EXPIRED,
    /* It cannot be rewritten: the result would be too long. */
    SRS_UNFIT,
};

/* Who rewrites, and when. */
struct srs {
    struct slice secret;
    int64_t wall_ms;
};

/* Appends the sender that stands for local@domain in our domain. The local part is a dot-string (RFC 5321
   4.1.2), the domain a name. SRS_OK or SRS_UNFIT: then nothing was appended. */
enum srs_result srs_encode(const struct srs *srs, struct slice local, struct slice domain, struct slice ours,
                           struct buffer *out);
/* Appends the address for which the local part of one of our addresses stands. Nothing is appended but with
   SRS_OK. */
enum srs_result srs_decode(const struct srs *srs, struct slice local, struct buffer *out);

#endif

/* How fields that carry a signature are written: DKIM-Signature, and those of ARC. Lines stay within 76
   columns where words allow it. */
#ifndef TRUST_DKIM_COMPOSE_H
#define TRUST_DKIM_COMPOSE_H

#include "trust/dkim_message.h"
#include "trust/dkim_sign.h"

/* A field on its way; `out` begins with it. */
struct dkim_writer {
    struct buffer *out;
    size_t column;
};

/* "Name:". */
struct dkim_writer dkim_writer_new(struct buffer *out, const char *field_name);
/* A tag, which is never folded inside, behind a blank or on a new line. */
void dkim_write_tag(struct dkim_writer *writer, const char *format, ...) PRINTF_LIKE(2, 3);
/* "h=...;". */
void dkim_write_names(struct dkim_writer *writer, struct slice names);
/* "b=" on a new line, and nothing behind it. */
void dkim_write_signature_start(struct dkim_writer *writer);

/* All tags that DKIM-Signature and ARC-Message-Signature share, up to and with "b=" (RFC 6376 3.5). */
void dkim_write_signature(struct dkim_writer *writer, const struct dkim_signing *signing,
                          const struct dkim_signer *signer, struct slice names);

/* Which names a signature covers. */
enum dkim_coverage {
    /* Those of trust/dkim_sign.h. */
    DKIM_COVER_OVERSIGNED,
    /* RFC 8617 4.1.2: as they are there, and the DKIM-Signatures. */
    DKIM_COVER_ARC,
};
/* Appends h='s value, "From:From:Subject", without folds. False: more than DKIM_SIGNED_FIELDS_MAX. */
NODISCARD bool dkim_covered_names(const struct dkim_header *header, enum dkim_coverage coverage,
                                  struct buffer *out);

/* What of a signer cannot be written: DKIM_SIGN_OK or DKIM_SIGN_BAD_SIGNER. */
enum dkim_sign_result dkim_signer_check(const struct dkim_signer *signer);
/* What of a message cannot be signed: DKIM_SIGN_OK, _NOT_ONE_FROM, _TOO_LARGE or _BAD_LINES. */
enum dkim_sign_result dkim_signing_check(const struct dkim_signing *signing);

/* For ARC, which signs the same message. */
const struct dkim_message *dkim_signing_message(const struct dkim_signing *signing);
struct dkim_forms dkim_signing_forms(const struct dkim_signing *signing);

/* Hashes the named fields and the draft's own, and sets draft->digest. */
void dkim_draft_hash(struct dkim_draft *draft, const struct dkim_header *header, enum dkim_form form,
                     struct slice names);

#endif

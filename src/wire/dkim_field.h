/*
 * Fields that carry a signature: DKIM-Signature (RFC 6376 3.5), ARC-Message-Signature and ARC-Seal
 * (RFC 8617 4.1). Read into what they mean; whoever verifies hashes them as they stand. Pure, linear.
 */
#ifndef WIRE_DKIM_FIELD_H
#define WIRE_DKIM_FIELD_H

#include "base/buffer.h"
#include "base/limits.h"
#include "wire/dkim_fault.h"
#include "wire/dkim_form.h"

/* RFC 8301 3.1, RFC 8463 3. Numbers are those of protocols. */
enum dkim_algorithm { DKIM_RSA_SHA256, DKIM_ED25519_SHA256 };

enum { DKIM_DIGEST_BYTES = 32 };

/* "rsa-sha256", "ed25519-sha256". */
const char *dkim_algorithm_word(enum dkim_algorithm algorithm);

enum dkim_field_kind { DKIM_SIGNATURE_FIELD, ARC_MESSAGE_FIELD, ARC_SEAL_FIELD };

/* cv= (RFC 8617 4.4). */
enum arc_status { ARC_STATUS_NONE, ARC_STATUS_PASS, ARC_STATUS_FAIL };

/* Slices are of the field. What was not read before a fault is empty. */
struct dkim_field_tags {
    /* a= as written, and what it means; the latter holds without a fault. */
    struct slice algorithm_word;
    enum dkim_algorithm algorithm;
    enum dkim_form header_form;
    enum dkim_form body_form;
    struct slice domain;
    struct slice selector;
    /* i= of a DKIM-Signature; empty: "@" and the domain are meant. */
    struct slice identity;
    /* h=: names between colons, which may have white space around them. */
    struct slice names;
    /* t= and x=; 0: not there. */
    int64_t signed_at_s;
    int64_t expires_at_s;
    /* bh= decoded; not in a seal. */
    uint8_t body_hash[DKIM_DIGEST_BYTES];
    /* b= as written, with all white space around it. */
    struct slice signature_text;
    /* ARC: i= and cv= (of a seal). */
    unsigned instance;
    enum arc_status status;
};

/* Reads the value of such a field, all behind its colon. DKIM_FAULT_NONE, or what of the field itself is
   wrong: DKIM_FAULT_FIELD_TOO_LONG to DKIM_FAULT_CHAIN_STATUS. DKIM_FAULT_LENGTH comes last: else the field
   is good. */
NODISCARD enum dkim_fault dkim_field_read(enum dkim_field_kind kind, struct slice value,
                                          struct dkim_field_tags *tags);

/* c= of such a field, before it is read: the form of the body it wants hashed. */
enum dkim_form dkim_field_body_form(enum dkim_field_kind kind, struct slice value);

/* Writes the field in its form as it was signed: b= empty, no line break at its end (RFC 6376 3.7). `field`
   is name, colon and value; `signature_text` lies within it. */
void dkim_field_form(enum dkim_form form, struct slice field, struct slice signature_text,
                     struct byte_sink sink);

/* Base64 with white space anywhere (RFC 6376 3.2, base64string). False: it is none, is empty, or passes out's
   maximum; then `out` has nothing new. */
NODISCARD bool dkim_base64_decode(struct slice text, struct buffer *out);

/* A name as it may stand in d= and s=: labels of letters, digits, "-" and "_", or of bytes beyond ASCII (RFC
   8616 4), one dot between them, DNS_NAME_BYTES_MAX at most. */
bool dkim_is_name(struct slice name);
/* `name` is `domain` or below it, ASCII letters in either case. */
bool dkim_is_within(struct slice name, struct slice domain);

#endif

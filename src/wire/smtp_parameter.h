/*
 * The parameters of MAIL FROM and RCPT TO: one table row each, with the extension that must
 * have been advertised, so that an unannounced one is as unknown as a misspelt one (RFC 5321
 * 4.1.1.11, 555). Each may stand once; each value is checked and decoded here.
 */
#ifndef WIRE_SMTP_PARAMETER_H
#define WIRE_SMTP_PARAMETER_H

#include "base/arena.h"
#include "base/buffer.h"

/* What the server advertised: a set. */
enum smtp_extension {
    SMTP_EXTENSION_SIZE = 1 << 0,           /* RFC 1870 */
    SMTP_EXTENSION_8BITMIME = 1 << 1,       /* RFC 6152 */
    SMTP_EXTENSION_BINARYMIME = 1 << 2,     /* RFC 3030 */
    SMTP_EXTENSION_SMTPUTF8 = 1 << 3,       /* RFC 6531 */
    SMTP_EXTENSION_AUTH = 1 << 4,           /* RFC 4954 */
    SMTP_EXTENSION_DSN = 1 << 5,            /* RFC 3461 */
    SMTP_EXTENSION_REQUIRETLS = 1 << 6,     /* RFC 8689 */
    SMTP_EXTENSION_FUTURE_RELEASE = 1 << 7, /* RFC 4865 */
    SMTP_EXTENSION_PIPELINING = 1 << 8,     /* RFC 2920 */
    SMTP_EXTENSION_CHUNKING = 1 << 9,       /* RFC 3030 */
    SMTP_EXTENSION_STARTTLS = 1 << 10,      /* RFC 3207 */
};

enum smtp_body { SMTP_BODY_7BIT, SMTP_BODY_8BITMIME, SMTP_BODY_BINARYMIME };
enum smtp_return { SMTP_RETURN_UNSAID, SMTP_RETURN_FULL, SMTP_RETURN_HEADERS };
/* RFC 3461 4.1, a set; 0 where NOTIFY was not said, NEVER stands alone. */
enum smtp_notify {
    SMTP_NOTIFY_NEVER = 1,
    SMTP_NOTIFY_SUCCESS = 2,
    SMTP_NOTIFY_FAILURE = 4,
    SMTP_NOTIFY_DELAY = 8
};

struct smtp_mail_parameters {
    bool has_size;
    uint64_t size_bytes;
    enum smtp_body body;
    bool smtputf8;
    bool requiretls;
    enum smtp_return ret;
    /* ENVID as sent, checked, to be relayed as it is; and decoded. */
    struct slice envid_xtext;
    struct slice envid;
    /* AUTH=: decoded; empty with has_auth for "<>". */
    bool has_auth;
    struct slice auth;
    /* Seconds from now, or UTC milliseconds; one of them at most. */
    bool has_hold_for;
    uint64_t hold_for_s;
    bool has_hold_until;
    int64_t hold_until_ms;
};

struct smtp_rcpt_parameters {
    unsigned notify;
    /* ORCPT as sent, checked, to be relayed as it is: "rfc822;a+2Bb@c". */
    struct slice orcpt;
    struct slice orcpt_type;
    /* Decoded xtext; with type "utf-8", RFC 6533's form as sent. */
    struct slice orcpt_address;
};

enum smtp_parameter_error {
    SMTP_PARAMETER_OK,
    SMTP_PARAMETER_UNKNOWN, /* or not advertised */
    SMTP_PARAMETER_INVALID,
    SMTP_PARAMETER_DUPLICATE,
    SMTP_PARAMETER_SIZE_INVALID, /* not a number under 2^63 */
    SMTP_PARAMETER_XTEXT_INVALID,
    SMTP_PARAMETER_OVER_BUDGET,
};

/* `text`: what stands behind the path, without the space before it; may be empty. It has no
   control bytes and must live as long as the result, of which decoded parts are in `arena`. */
NODISCARD enum smtp_parameter_error smtp_mail_parameters_parse(struct arena *arena, struct slice text,
                                                               unsigned extensions,
                                                               struct smtp_mail_parameters *parameters);
/* `utf8`: the transaction's MAIL said SMTPUTF8, so that ORCPT may be UTF-8 (RFC 6533 3). */
NODISCARD enum smtp_parameter_error smtp_rcpt_parameters_parse(struct arena *arena, struct slice text,
                                                               unsigned extensions, bool utf8,
                                                               struct smtp_rcpt_parameters *parameters);

/* Decodes xtext (RFC 3461 4) into the arena: INVALID xtext, or what decodes to anything but
   printable ASCII, is XTEXT_INVALID. */
NODISCARD enum smtp_parameter_error smtp_xtext_decode(struct arena *arena, struct slice text,
                                                      struct slice *decoded);
void smtp_xtext_encode(struct buffer *out, struct slice text);

#endif

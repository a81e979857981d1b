/*
 * SASL as line protocols carry it (RFC 4422, RFC 4954 4, RFC 5034 4, RFC 9051 6.2.2): the
 * base64 lines, the mechanisms' names, and the messages of PLAIN (RFC 4616) and LOGIN.
 * SCRAM is in scram.h. Here messages are only taken apart: who may log in is the store's to
 * say. Names and passwords are bytes of UTF-8 and nothing more: no character in them has a
 * meaning. Passwords are in the caller's arena or buffer: wipe them after use.
 */
#ifndef WIRE_SASL_H
#define WIRE_SASL_H

#include "base/arena.h"
#include "base/buffer.h"

enum sasl_mechanism {
    SASL_MECHANISM_UNKNOWN,
    SASL_MECHANISM_PLAIN,
    SASL_MECHANISM_LOGIN,
    SASL_MECHANISM_SCRAM_SHA_1,
    SASL_MECHANISM_SCRAM_SHA_1_PLUS,
    SASL_MECHANISM_SCRAM_SHA_256,
    SASL_MECHANISM_SCRAM_SHA_256_PLUS,
    /* Only as a client: wire/sasl_oauth.h. */
    SASL_MECHANISM_XOAUTH2,
    SASL_MECHANISM_OAUTHBEARER,
    SASL_MECHANISM_COUNT,
};

/* In any case. UNKNOWN if it is none of ours. */
enum sasl_mechanism sasl_mechanism_of(struct slice name);
/* As registered; empty for UNKNOWN. */
struct slice sasl_mechanism_name(enum sasl_mechanism mechanism);

enum sasl_error {
    SASL_OK,
    SASL_CANCELLED,      /* the client sent "*" */
    SASL_BASE64_INVALID, /* RFC 4648 3.5: strict */
    SASL_TOO_LONG,       /* over SASL_RESPONSE_BYTES_MAX decoded, or a name or password over its maximum */
    SASL_MESSAGE_INVALID,
    SASL_OVER_BUDGET,
};

/* Decodes the initial response that stood in the AUTH command: "=" is an empty one (RFC 4954 4). */
NODISCARD enum sasl_error sasl_initial_decode(struct arena *arena, struct slice text, struct slice *response);
/* Decodes a line that answers a challenge: "*" cancels, an empty line is an empty response. */
NODISCARD enum sasl_error sasl_response_decode(struct arena *arena, struct slice line,
                                               struct slice *response);

struct sasl_plain {
    struct slice authzid; /* whom to act as; empty: oneself */
    struct slice authcid;
    struct slice password;
};

/* Takes a PLAIN message apart: exactly two NULs, and neither name nor password empty
   (RFC 4616 2), UTF-8 without control bytes.
   The slices point into `message`. Errors: MESSAGE_INVALID, TOO_LONG. */
NODISCARD enum sasl_error sasl_plain_parse(struct slice message, struct sasl_plain *plain);
/* Appends the message; for clients. */
void sasl_plain_write(struct buffer *out, const struct sasl_plain *plain);

/* LOGIN: two questions. Ask sasl_login_challenge, give each response to sasl_login_answer,
   an initial response as the first, until is_complete. */
struct sasl_login {
    struct slice name;
    struct slice password;
    bool has_name;
    bool is_complete;
};

/* "Username:" or "Password:", to be sent in base64; Outlook wants them non-empty. */
struct slice sasl_login_challenge(const struct sasl_login *login);
/* Takes a decoded response, which must live as long as `login`. Errors: MESSAGE_INVALID (empty,
   control bytes, not UTF-8), TOO_LONG. */
NODISCARD enum sasl_error sasl_login_answer(struct sasl_login *login, struct slice response);

#endif

/*
 * The macro strings of SPF records and explanations (RFC 7208 7): their syntax, and what they become.
 * Pure, linear, and bounded: what is expanded to a name never holds more than a few names' bytes.
 */
#ifndef WIRE_SPF_MACRO_H
#define WIRE_SPF_MACRO_H

#include "base/buffer.h"
#include "wire/dns.h"

/* What can be wrong with a record, or with a term of it. */
enum spf_error {
    SPF_OK,
    SPF_END, /* no further term */
    SPF_BYTE,
    SPF_MECHANISM,
    SPF_ARGUMENT_MISSING,
    SPF_ARGUMENT_UNWANTED,
    SPF_DOMAIN_EMPTY,
    SPF_DOMAIN_END,
    SPF_DOMAIN_IS_ADDRESS,
    SPF_NETWORK,
    SPF_PREFIX_LENGTH,
    SPF_MACRO,
    SPF_MACRO_LETTER,
    SPF_MACRO_PLACE,
    SPF_MACRO_PARTS,
    SPF_REDIRECT_TWICE,
    SPF_EXPLANATION_TWICE,
};
enum { SPF_ERRORS = SPF_EXPLANATION_TWICE + 1 };
/* "there is no such mechanism", ...: for the owner of a record. */
const char *spf_error_words(enum spf_error error);

/* A domain-spec (RFC 7208 7.1), which may hold any letter but c, r and t. */
NODISCARD enum spf_error spf_domain_check(struct slice text);
/* The value of a modifier that we do not know: a macro-string (RFC 7208 12), which may be empty, and by 7.2
   has none of these three either. */
NODISCARD enum spf_error spf_macro_string_check(struct slice text);
/* An explanation (RFC 7208 6.2): spaces and all letters are allowed. */
NODISCARD enum spf_error spf_explanation_check(struct slice text);
/* %{p} is in it, in either case: somebody must find that name first. */
bool spf_macro_has_p(struct slice text);

/* What macro letters stand for (RFC 7208 7.2). */
struct spf_values {
    struct slice sender;
    struct slice local_part;
    struct slice sender_domain;
    struct slice domain;
    struct slice helo;
    struct slice receiver;
    /* p: a name of the client that leads back to it, or "unknown". */
    struct slice client_name;
    struct dns_address address;
    int64_t now_s;
};

/* Appends the name that a checked domain-spec stands for, without a last dot, and without labels at its left
   as long as it is over 253 bytes (RFC 7208 7.3). Whether there can be such a name is not looked at; nothing
   is appended where the last label alone is too long. `out` was empty, and has room for a name. */
void spf_expand_name(struct slice text, const struct spf_values *values, struct buffer *out);
/* Appends the text that a checked explanation stands for; past the maximum of `out` it is overflowed. The
   text may hold any byte that a value holds. */
void spf_expand_text(struct slice text, const struct spf_values *values, struct buffer *out);

#endif

/*
 * What an SMTP server offers in its answer to EHLO (RFC 5321 4.1.1.1), as a client reads it. Words that are
 * unknown are passed over; of a word that comes twice both count, except for SIZE, whose last value does.
 */
#ifndef WIRE_SMTP_OFFER_H
#define WIRE_SMTP_OFFER_H

#include "wire/sasl.h"
#include "wire/smtp_parameter.h"

struct smtp_offer {
    /* A set of enum smtp_extension. */
    unsigned extensions;
    /* With SMTP_EXTENSION_SIZE: the largest message; 0: it does not say (RFC 1870 4). */
    uint64_t size_bytes_max;
    /* A bit for each enum sasl_mechanism that we know, too. */
    unsigned mechanisms;
};

/* `text`: the lines of the reply's text, '\n' between them; the first has the server's name. */
struct smtp_offer smtp_offer_parse(struct slice text);

static inline bool smtp_offer_has(const struct smtp_offer *offer, enum smtp_extension extension) {
    return offer->extensions & extension;
}
static inline bool smtp_offer_has_mechanism(const struct smtp_offer *offer, enum sasl_mechanism mechanism) {
    return offer->mechanisms >> mechanism & 1;
}

#endif

/*
 * The form in which addresses of the book are compared: "local@domain" with the domain as A-labels in lower
 * case and the local part in lower case. Dots and +details are not taken off: hosts differ in what they mean
 * by them. A display name, angle brackets, blanks around it and "mailto:" are. Pure.
 */
#ifndef STORE_CONTACT_ADDRESS_H
#define STORE_CONTACT_ADDRESS_H

#include "base/arena.h"
#include "base/buffer.h"

enum contact_address_fault {
    CONTACT_ADDRESS_OK,
    CONTACT_ADDRESS_EMPTY,
    /* Has a line break or a NUL. */
    CONTACT_ADDRESS_CONTROL,
    CONTACT_ADDRESS_NO_AT,
    CONTACT_ADDRESS_SEVERAL,
    CONTACT_ADDRESS_LOCAL_PART,
    CONTACT_ADDRESS_DOMAIN,
    CONTACT_ADDRESS_LONG,
};

/* In `arena`: the address, normalised; its domain; and what was given, without what is around it. */
NODISCARD enum contact_address_fault contact_address_read(struct arena *arena, struct slice text,
                                                          struct slice *address, struct slice *domain,
                                                          struct slice *written);
/* What is wrong, and what to do. Static. */
const char *contact_address_fault_text(enum contact_address_fault fault);
/* Whether it is in that form already; what the store asks of those who talk to it. */
bool contact_address_is_normal(struct slice address);
/* Appends valid UTF-8 in lower case; a letter may become longer. */
void contact_address_lower(struct slice text, struct buffer *out);
/* Behind the last "@". */
struct slice contact_address_domain(struct slice address);

#endif

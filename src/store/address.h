/*
 * Addresses as the store compares them: ASCII letters in lower case, on both sides of the last
 * "@". Whatever else is in a name is data. Pure.
 */
#ifndef STORE_ADDRESS_H
#define STORE_ADDRESS_H

#include "base/arena.h"

struct address {
    struct slice whole;
    struct slice local; /* empty for a catch-all */
    struct slice domain;
};

/* The canonical form, in `arena`. False: no "@", an empty domain, too long, or no memory. */
NODISCARD bool address_read(struct arena *arena, struct slice text, struct address *address);
/* Good for a new account or alias: RFC 5321 4.1.2 dot-string, with UTF-8 (RFC 6531 3.3). */
NODISCARD bool address_is_proper(const struct address *address);
/* What can be rewritten (wire/srs.h): a dot-string at a name. However long. */
NODISCARD bool address_is_plain(const struct address *address);
/* Good for a new domain: lower-case letters, digits, hyphens and dots (RFC 1035 2.3.1). */
NODISCARD bool domain_is_proper(struct slice name);
/* The part before "+detail"; all of it where there is none. */
struct slice address_base(struct slice local);

#endif

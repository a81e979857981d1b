/* The organisation behind a domain, for who compares people by it. */
#ifndef TRUST_ORGANISATION_H
#define TRUST_ORGANISATION_H

#include "base/arena.h"

/* Its domain by the public suffix list, in lower case; empty: there is none, or many strangers share it
   (gmail.com and the like): whoever else has an address there is no colleague. In `arena`. */
struct slice organisation_of(struct arena *arena, struct slice domain);
/* A provider whose addresses anybody can have. */
bool organisation_is_shared(struct slice domain);

#endif

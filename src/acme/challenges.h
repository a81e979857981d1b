/* The challenges that hold now, at an edge: what it shows the CA (RFC 8555 8.3, RFC 8737). The remote role
   tells them (ACME_CHALLENGES). */
#ifndef ACME_CHALLENGES_H
#define ACME_CHALLENGES_H

#include "acme/protocol.h"

struct acme_challenges;

struct acme_challenges *acme_challenges_new(void);
void acme_challenges_free(struct acme_challenges **challenges);
/* The body of a notice, instead of what was there. What is none changes nothing. */
void acme_challenges_set(struct acme_challenges *challenges, struct slice body);
/* RFC 8555 8.3: the key authorization of that token; empty: there is none. It holds until the next notice. */
struct slice acme_challenges_answer(const struct acme_challenges *challenges, struct slice token);
/* RFC 8737 3: the digest of the one for a name, whatever its case. False: there is none. */
bool acme_challenges_digest(const struct acme_challenges *challenges, struct slice name, uint8_t digest[32]);

#endif

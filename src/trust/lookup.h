/*
 * The DNS questions of one check, or of all checks of one message: asked within one deadline and one
 * arena, and written down, so that a tool can show what a verdict rests on. A check that counts its
 * questions (RFC 7208 4.6.4) counts them itself.
 */
#ifndef TRUST_LOOKUP_H
#define TRUST_LOOKUP_H

#include "resolve/resolver.h"

/* A question that was asked, and what came of it. */
struct trust_lookup {
    struct slice name;
    uint16_t type;
    enum dns_result result;
    bool is_secure;
    /* TXT joined, addresses, exchanges and names as text; at most TRUST_LOOKUP_RECORDS_MAX. */
    const struct slice *records;
    size_t record_count;
};

struct trust_lookups {
    struct resolver *resolver;
    /* Answers and what is written down; outlives the check. */
    struct arena *arena;
    /* On the monotonic clock, for all of them together. */
    int64_t deadline_ms;
    /* Once the arena has handed out so much, every question ends with DNS_SERVFAIL; 0: no such limit. What
       one answer and its texts take, TRUST_ANSWER_BYTES_MAX, comes on top. */
    size_t bytes_max;
    /* The first TRUST_LOOKUPS_TOLD_MAX, in the order they were asked; NULL: nothing is written down. */
    struct trust_lookup *told;
    size_t told_count;
    /* Who writes down instead, or NULL. */
    struct trust_lookups *teller;
    /* A question was not asked, for bytes_max was reached. */
    bool is_spent;
    /* What public keys have cost so far (DKIM_KEY_WORK_MAX). */
    unsigned key_work;
};

/* No question yet. `is_told`: they are written down. */
struct trust_lookups trust_lookups_of(struct resolver *resolver, struct arena *arena, int64_t deadline_ms,
                                      bool is_told);

/* Others of the same message, which have a limit of bytes and of time of their own; what they ask is written
   down by `lookups`, which stays where it is. */
struct trust_lookups trust_lookups_beside(struct trust_lookups *lookups);

/* As resolver_lookup, and waits as that does. */
enum dns_result trust_look_up(struct task *t, struct trust_lookups *lookups, struct slice name, uint16_t type,
                              struct dns_answer *answer);

/* All TXT records of a name, each joined (RFC 7208 3.3, RFC 6376 3.6.2.2); those over TRUST_TXT_BYTES_MAX and
   more than TRUST_TXT_RECORDS_MAX are left out. With any result but DNS_OK there are none; DNS_SERVFAIL also
   where the arena has no room. Waits. */
struct trust_texts {
    enum dns_result result;
    bool is_secure;
    const struct slice *items;
    size_t count;
};
struct trust_texts trust_look_up_texts(struct task *t, struct trust_lookups *lookups, struct slice name);

/* SERVFAIL, a time-out, forged: what is asked for may be there, and later there is an answer. */
bool trust_is_unsure(enum dns_result result);

/* "TXT", "MX", ..., or "TYPE99" (RFC 3597 5); the text is static or in `arena`. */
struct slice trust_type_name(uint16_t type, struct arena *arena);
/* One record of an answer as text: of TXT its strings joined, of others what a zone file has (RFC 1035 5.1),
   names without the last dot, TLSA in lower case; of types that are not known here hexadecimal. In `arena`.
 */
struct slice trust_record_text(struct arena *arena, uint16_t type, struct slice record);

#endif

/* Questions and answers between resolve/resolver.c and resolve/service.c, as bytes. */
#ifndef RESOLVE_PROTOCOL_H
#define RESOLVE_PROTOCOL_H

#include "io/dns.h"
#include "ipc/pack.h"
#include "resolve/callout.h"

/* From RESOLVE_OTHERS on types are those of rooms above, on the same channel. */
enum { RESOLVE_LOOKUP = 1, RESOLVE_CALLOUT = 2, RESOLVE_OTHERS = 100 };

struct resolve_question {
    struct slice name;
    uint16_t type;
    /* How long the asker will wait. */
    uint64_t patience_ms;
};

struct resolve_callout {
    struct slice address;
    uint64_t patience_ms;
};

void resolve_question_pack(struct buffer *out, const struct resolve_question *question);
/* Borrows the name. */
NODISCARD bool resolve_question_unpack(struct slice body, struct resolve_question *question);
/* An answer that is too large for a frame goes as DNS_SERVFAIL. */
void resolve_answer_pack(struct buffer *out, const struct dns_answer *answer);
/* Copies into `arena`. False: bad, or over its budget. */
NODISCARD bool resolve_answer_unpack(struct slice body, struct arena *arena, struct dns_answer *answer);

void resolve_callout_pack(struct buffer *out, const struct resolve_callout *question);
/* Borrows the address. */
NODISCARD bool resolve_callout_unpack(struct slice body, struct resolve_callout *question);
void resolve_verdict_pack(struct buffer *out, const struct callout_answer *answer);
/* Copies into `arena`. */
NODISCARD bool resolve_verdict_unpack(struct slice body, struct arena *arena, struct callout_answer *answer);

#endif

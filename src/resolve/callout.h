/*
 * A callout: whether the hosts of a domain would take mail for an address there. Asked like DNS
 * (resolve/resolver.h), and answered by the remote role (transit/courier.h), which alone connects.
 */
#ifndef RESOLVE_CALLOUT_H
#define RESOLVE_CALLOUT_H

#include "base/arena.h"

/* Numbers are those of the protocol. */
enum callout_verdict {
    /* No host of the domain could be asked. */
    CALLOUT_UNREACHABLE,
    /* One was, and its answer leaves it open. */
    CALLOUT_UNCLEAR,
    CALLOUT_TAKEN,
    /* There is no such address. */
    CALLOUT_REFUSED,
    /* The question got no further than us: DNS gave no answer, or the remote role was away. */
    CALLOUT_UNASKED,
    CALLOUT_VERDICTS,
};

struct callout_answer {
    enum callout_verdict verdict;
    /* With REFUSED: what the host said, at most RESOLVE_CALLOUT_WORDS_BYTES_MAX. */
    struct slice words;
};

#endif

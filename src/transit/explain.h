/*
 * Why a message was not taken, in plain words: what another server answered, or what we found before anyone
 * could be asked, looked up in a table of refusals that are common. Each has a stable id, for reports, for
 * rules and for search; docs/refusals.md lists them.
 *
 * Matching is by the receiving host's name, the enhanced status code (RFC 3463) and fragments of text, case
 * ignored. The first row that fits wins: a provider's own rows come before what everybody says. The reply is
 * a stranger's text: no more than EXPLAIN_TEXT_BYTES_MAX of it is read, and time is linear in that.
 */
#ifndef TRANSIT_EXPLAIN_H
#define TRANSIT_EXPLAIN_H

#include "base/slice.h"

/* Whose doing it is: who can end it. */
enum explain_whose {
    EXPLAIN_SENDER,    /* what was written, or to whom */
    EXPLAIN_RECIPIENT, /* their mailbox */
    EXPLAIN_OURS,      /* our address, names, signatures, settings */
    EXPLAIN_THEIRS,    /* the receiving system */
    EXPLAIN_TEMPORARY, /* nobody's: it passes */
};

struct explain_question {
    /* "5.7.1"; empty: as the reply begins, if it does so with a code. */
    struct slice status;
    /* What the host said, with its reply code or without; or our own words where nobody was reached. */
    struct slice reply;
    /* The host that said it; empty: it is our own finding. */
    struct slice host;
    /* Given up because the message is too old (RFC 3463 4.4.7). */
    bool is_expired;
};

/* Static text: each a whole sentence or two, in ASCII. */
struct explanation {
    const char *id;
    enum explain_whose whose;
    /* What happened. */
    const char *what;
    /* What who runs this server can do. */
    const char *postmaster;
    /* What who wrote the message can do. */
    const char *sender;
};

/* Never NULL: what fits nothing is "refused" or "deferred". */
const struct explanation *explain(const struct explain_question *question);

/* "sender", "recipient", "our setup", "their setup", "temporary". */
const char *explain_whose_name(enum explain_whose whose);

/* All of them, in the order of docs/refusals.md; NULL past the last. */
const struct explanation *explain_at(size_t index);

#endif

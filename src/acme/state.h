/*
 * What the store keeps of ACME, as one JSON text (store/kept.h): keys, the account, what is known of the
 * certificate that is installed, and what became of the last attempt.
 */
#ifndef ACME_STATE_H
#define ACME_STATE_H

#include "acme/chain.h"

struct acme_left_out {
    struct slice name;
    int64_t until_ms;
};

/* Texts and keys that are not there are empty, times 0. All times are UTC. */
struct acme_state {
    /* The CA that the account is of, and the contact that it was told. */
    struct slice directory;
    struct slice account;
    struct slice contact;
    /* Sealed (store/sealed.h). The second is of the certificate that is asked for, until that is installed.
     */
    struct slice account_key;
    struct slice key;
    /* The same in PEM, as they lie in folders of before until they are sealed. */
    struct slice old_account_key;
    struct slice old_key;
    /* Issued for that key and not installed yet. */
    struct slice chain;
    /* Of the one that is installed. */
    struct acme_leaf leaf;
    int64_t renew_ms;
    /* When the CA would have it renewed (RFC 9773), and when it is asked again for that. */
    struct acme_window window;
    int64_t window_look_ms;
    /* The last attempt, whatever came of it; those since the last good one. */
    int64_t tried_ms;
    uint64_t failures;
    struct slice words;
    struct slice advice;
    /* Nothing is done before that. */
    int64_t next_ms;
    /* Optional names that the CA could not check. */
    struct acme_left_out left_out[ACME_NAMES_MAX];
    size_t left_out_count;
};

/* What cannot be read is as if it were not there. In `arena`. */
void acme_state_read(struct slice json, struct arena *arena, struct acme_state *state);
void acme_state_write(struct buffer *out, const struct acme_state *state);

#endif

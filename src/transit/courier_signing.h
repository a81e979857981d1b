/*
 * One message that is being signed or sealed: what courier_sign.c and courier_seal.c share.
 */
#ifndef TRANSIT_COURIER_SIGNING_H
#define TRANSIT_COURIER_SIGNING_H

#include "transit/courier_state.h"
#include "transit/sign_protocol.h"
#include "trust/dkim_sign.h"

struct courier_signing {
    struct task *t;
    struct courier_session *session;
    struct arena *arena;
    const struct transit_work *work;
    struct signature_of of;
    struct dkim_signing *hash;
    /* The header, for who signs is told by its From. */
    struct buffer header;
    bool is_past_header;
    /* What is put in front. */
    struct buffer fields;
    int64_t until_ms;
};

/* Who signs it, or seals it; in the message's arena. Waits. */
enum transit_sign_result courier_signing_find(struct courier_signing *signing, struct dkim_signers *signers);
/* Has the store sign the digests; *signatures is in the message's arena. Waits. */
enum transit_sign_result courier_signing_sign(struct courier_signing *signing,
                                              const struct transit_sign *sign,
                                              struct transit_signatures *signatures);

/* courier_seal.c: whether the message, passed on for one of our addresses, is to be sealed. */
bool courier_seal_is_wanted(const struct courier_session *session, const struct transit_work *work);
/* Seals it (trust/arc_seal.h): `fields` are its three fields; or, where it cannot be sealed by anybody,
   empty. TRANSIT_SIGN_OK, _AGAIN or _LATER. Waits. */
enum transit_sign_result courier_seal_once(struct courier_signing *signing);

#endif

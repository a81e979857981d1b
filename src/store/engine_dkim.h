/*
 * Keys of domains in the data folder, and signing with them: the part of the engine (store/engine.h) that
 * administrators and the scheduler (transit/scheduler.h) use. Private keys never come out.
 *
 * Signing is done in a lane with a thread for each processor; each key is parsed once and kept.
 */
#ifndef STORE_ENGINE_DKIM_H
#define STORE_ENGINE_DKIM_H

#include "store/dkim_keys.h"
#include "store/engine.h"

/* All keys of the domain, in `arena`, by selector: at most DKIM_DOMAIN_KEYS_MAX. A domain that has none yet
   gets its first ones (some 0.2 s of work). STORE_NOT_FOUND: not one of our domains. Waits. */
enum store_result engine_dkim_list(struct task *t, struct engine *engine, struct arena *arena,
                                   struct slice domain, struct dkim_key **keys, size_t *count);

/* Makes the next keys, one for each algorithm, which wait to be published. STORE_NOT_FOUND: not one of our
   domains; STORE_EXISTS: the next keys are waiting already; STORE_REFUSED: the places are taken by retired
   keys whose records must stay published for now, unless `is_forced`. Waits. */
enum store_result engine_dkim_rotate(struct task *t, struct engine *engine, struct slice domain,
                                     bool is_forced);

/* A key that waits, and where it is to be published. */
struct dkim_waiting {
    uint64_t id;
    /* "ph2-rsa._domainkey.example.org" */
    struct slice name;
    struct slice record;
};
/* Those above the id `after`, in order, at most `max`; of one domain, or with `domain` empty of all. Does not
   wait. */
enum store_result engine_dkim_waiting(struct engine *engine, struct arena *arena, struct slice domain,
                                      uint64_t after, size_t max, struct dkim_waiting **waiting,
                                      size_t *count);
/* The record of the waiting key was seen: it signs, and the one before it is retired. STORE_NOT_FOUND: no
   such key waits. Waits. */
enum store_result engine_dkim_publish(struct task *t, struct engine *engine, uint64_t key);

/* ---- signing ---- */

/*
 * Who signs a message that is on its way out, in `arena`. Only what an account submitted and what this
 * server composed (OUTGOING_COMPOSED) is signed; what came from outside keeps its sender's signatures.
 *
 * The domain is that of From, `from` being its one address: where it is ours, and either the envelope
 * sender's, too, or the account may write as that address. Else it is the envelope sender's, which was
 * checked when the message was submitted. What this server composed is signed by the domain of From, or one
 * above it that is ours, or our first domain.
 *
 * STORE_NOT_FOUND: the message is on its way no more. Waits where a domain gets its first keys.
 */
enum store_result engine_dkim_signers(struct task *t, struct engine *engine, struct arena *arena,
                                      uint64_t message, struct slice from, struct dkim_signers *signers);

/* Who signs mail of that domain's senders, in `arena`: nobody, where it is none of ours or has no key. */
enum store_result engine_dkim_signers_of(struct task *t, struct engine *engine, struct arena *arena,
                                         struct slice domain, struct dkim_signers *signers);

/* Who seals a message that is passed on for one of our addresses: the first of our domains, in whose name the
   envelope's sender is rewritten, too; nobody, where the message did not come from a stranger. The rest as
   engine_dkim_signers. */
enum store_result engine_dkim_sealers(struct task *t, struct engine *engine, struct arena *arena,
                                      uint64_t message, struct dkim_signers *signers);

/* Signs each digest with its key, which is one of the domain's; signatures[i] is in `arena`. STORE_NOT_FOUND:
   such a key signs no more, ask for the signers anew. Waits. */
enum store_result engine_dkim_sign(struct task *t, struct engine *engine, struct arena *arena,
                                   struct slice domain, const struct dkim_digest *digests, size_t count,
                                   struct slice *signatures);

#endif

/*
 * Sender mailboxes in the data folder (store/sender_model.h): the part of the engine that administrators and
 * outreach use. Calls without a task read only, and do not wait; results are in `arena`. Secrets are sealed
 * as keys of domains are (store/dkim_seal.h): nothing but engine_sender_open gives one out.
 */
#ifndef STORE_ENGINE_SENDER_H
#define STORE_ENGINE_SENDER_H

#include "store/engine.h"
#include "store/sender_model.h"

/* What is wrong with a sender that is to be added, one line for a person (static); NULL: nothing. Pure. */
const char *sender_check(const struct sender *sender);
/* The address as it is stored, in `arena`. False: it is none. */
NODISCARD bool sender_address_read(struct arena *arena, struct slice text, struct slice *address);

/* Its id is made here and set. An account of ours where `account` is not 0. STORE_EXISTS: there is one of
   that address; STORE_REFUSED: sender_check; STORE_OVER_QUOTA: there are OUTREACH_SENDERS_MAX. Waits. */
enum store_result engine_sender_add(struct task *t, struct engine *engine, struct sender *sender);
/* Replaces what an administrator sets: name, ways, limits, is_renaming_accepted. A login whose secret is
   empty keeps the one it has. The state becomes untested where a way changed. STORE_NOT_FOUND. Waits. */
enum store_result engine_sender_change(struct task *t, struct engine *engine, const struct sender *sender);
/* Where its day begins, if nobody said so before. Waits. */
enum store_result engine_sender_zone(struct task *t, struct engine *engine, uint64_t sender,
                                     struct slice zone);
/* With its folders. STORE_NOT_FOUND. Waits. */
enum store_result engine_sender_remove(struct task *t, struct engine *engine, struct slice address);

/* All, by address, without secrets. */
enum store_result engine_sender_list(struct engine *engine, struct arena *arena, struct sender **senders,
                                     size_t *count);
/* STORE_NOT_FOUND. Without secrets. */
enum store_result engine_sender_find(struct engine *engine, struct arena *arena, struct slice address,
                                     struct sender *sender);
enum store_result engine_sender_read(struct engine *engine, struct arena *arena, uint64_t id,
                                     struct sender *sender);
/* With its secrets, for the remote role. STORE_FAILED: they cannot be unsealed. Waits. */
enum store_result engine_sender_open(struct task *t, struct engine *engine, struct arena *arena, uint64_t id,
                                     struct sender *sender);

/* Keeps it in the row, and an event where the state or the cause changed (*changed). STORE_NOT_FOUND. Waits.
 */
enum store_result engine_sender_health(struct task *t, struct engine *engine,
                                       const struct sender_health *health, bool *changed);
/* The provider gave a new refresh token in place of the one it knew (RFC 6749 6). Both ways of the sender
   that use this provider have it from now on. Where it is not the sender's watcher that got it (`is_other`)
   the sender's version changes, so that the watcher begins anew with it. Waits. */
enum store_result engine_sender_token(struct task *t, struct engine *engine, uint64_t id,
                                      struct slice provider, struct slice token, bool is_other);

/* Folders of a sender; at most OUTREACH_FOLDERS_MAX. */
enum store_result engine_sender_folders(struct engine *engine, struct arena *arena, uint64_t sender,
                                        struct sender_folder **folders, size_t *count);
/* As far as each was looked at from now on; other folders are forgotten. Waits. */
enum store_result engine_sender_looked(struct task *t, struct engine *engine, uint64_t sender,
                                       const struct sender_folder *folders, size_t count);

/* ---- whom tokens come from ---- */

/* STORE_EXISTS. Waits. */
enum store_result engine_provider_add(struct task *t, struct engine *engine,
                                      const struct sender_provider *provider);
/* STORE_NOT_FOUND; STORE_REFUSED: a sender uses it. Waits. */
enum store_result engine_provider_remove(struct task *t, struct engine *engine, struct slice name);
/* Without secrets. */
enum store_result engine_provider_list(struct engine *engine, struct arena *arena,
                                       struct sender_provider **providers, size_t *count);
/* With its secret. STORE_NOT_FOUND. Waits. */
enum store_result engine_provider_open(struct task *t, struct engine *engine, struct arena *arena,
                                       struct slice name, struct sender_provider *provider);

#endif

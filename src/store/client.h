/*
 * The door to the store for roles that may not write: edge and mail ask the store role over
 * ipc. Every call is one awaited question; answers land in the caller's arena. When the store
 * dies before it answers, questions that change nothing and those with an id (deliver, append)
 * are asked again of its successor, within a deadline; the rest end with STORE_GONE.
 */
#ifndef STORE_CLIENT_H
#define STORE_CLIENT_H

#include "ipc/channel.h"
#include "store/answer_model.h"
#include "store/contact_model.h"
#include "store/feedback_model.h"
#include "store/model.h"
#include "store/seen_model.h"

struct store_client;

/* News of mailboxes (mail roles subscribe); runs on the loop, does not wait. */
typedef void store_news_fn(void *context, const struct mailbox_news *news);

/* A segment was removed: who has it open closes it (reader_segment_gone). Runs on the loop. */
typedef void store_segment_gone_fn(void *context, uint64_t segment);

/* `node` gives this role's ids their node bits. `on_news` may be NULL. */
struct store_client *store_client_new(struct env *env, uint32_t node, store_news_fn *on_news, void *context);
/* A stream to the store role, at start and again after it was restarted. */
void store_client_attach(struct store_client *store, struct stream *stream);
/* Called each time the stream to the store is lost. */
void store_client_on_lost(struct store_client *store, struct waker lost);
/* Mail roles; `context` is the one of on_news. */
void store_client_on_segment_gone(struct store_client *store, store_segment_gone_fn *on_segment_gone);
void store_client_free(struct task *t, struct store_client **store);
/* A new message id. */
uint64_t store_client_new_id(struct store_client *store);

/* Ask: see the engine's function of the same name (store/engine.h) for meaning and results. */
enum store_result store_address_resolve(struct task *t, struct store_client *store, struct arena *arena,
                                        struct slice address, struct address_route *route);
enum store_result store_password_check(struct task *t, struct store_client *store, struct arena *arena,
                                       struct slice user, struct slice password, struct account *account);

/* SCRAM: the store keeps the secrets. `challenge` gives salt and iterations for the server-first
   message; `verify` checks the client's proof against AuthMessage and returns the server signature. */
struct scram_challenge {
    uint8_t salt[16];
    uint32_t iterations;
};
enum store_result store_scram_challenge(struct task *t, struct store_client *store, struct slice user,
                                        uint8_t hash_bytes, struct scram_challenge *challenge);
enum store_result store_scram_verify(struct task *t, struct store_client *store, struct arena *arena,
                                     struct slice user, uint8_t hash_bytes, struct slice auth_message,
                                     struct slice client_proof, uint8_t server_signature[32],
                                     struct account *account);

/* Adds and checks: the submitting user may send as `address` (own address, alias that leads to it). */
enum store_result store_sender_check(struct task *t, struct store_client *store, uint64_t account,
                                     struct slice address);

/* A request to the API, which is `body`, of who has `token` (store/service.h): *status and *text, in `arena`.
   STORE_REFUSED: there is no API. Not asked again where the store dies: it may have been done. */
enum store_result store_api_call(struct task *t, struct store_client *store, struct arena *arena,
                                 struct slice token, struct slice body, unsigned *status, struct slice *text);

/* A file for a large packed body; its id goes into body_source.spool. The caller owns the handle. */
enum store_result store_spool_open(struct task *t, struct store_client *store, uint64_t *spool,
                                   struct handle *handle);
void store_spool_drop(struct store_client *store, uint64_t spool);

enum store_result store_deliver(struct task *t, struct store_client *store, const struct delivery *delivery);
/* A report of others about a domain of ours; may be asked again (store/feedback.h). */
enum store_result store_feedback_keep(struct task *t, struct store_client *store,
                                      const struct feedback_entry *entry);
/* What was found out about a message, counted for its author's domain (store/seen.h). */
enum store_result store_seen(struct task *t, struct store_client *store, const struct seen *seen);
enum store_result store_append(struct task *t, struct store_client *store, const struct append *appends,
                               size_t count, struct append_result *result);
enum store_result store_flags(struct task *t, struct store_client *store, struct arena *arena,
                              const struct flag_change *change, struct flag_result *result);
enum store_result store_copy(struct task *t, struct store_client *store, struct arena *arena,
                             const struct copy_request *request, struct copy_result *result);
enum store_result store_expunge(struct task *t, struct store_client *store, uint64_t mailbox,
                                struct uid_ranges uids, bool only_deleted, uint64_t *modseq);
enum store_result store_mailbox_create(struct task *t, struct store_client *store, uint64_t account,
                                       struct slice name, enum special_use special_use, uint64_t *mailbox);
enum store_result store_mailbox_delete(struct task *t, struct store_client *store, uint64_t account,
                                       struct slice name);
enum store_result store_mailbox_rename(struct task *t, struct store_client *store, uint64_t account,
                                       struct slice from, struct slice to);
enum store_result store_mailbox_subscribe(struct task *t, struct store_client *store, uint64_t account,
                                          struct slice name, bool is_subscribed);

/* ---- the address book (store/contact.h, store/suppression.h); answers in `arena` ---- */
enum store_result store_contact_import_open(struct task *t, struct store_client *store, struct arena *arena,
                                            const struct contact_import_start *start,
                                            struct contact_import *import);
/* The batch's rows come packed (contact_row_pack), row_count of them, and `rows` is not looked at. */
enum store_result store_contact_batch(struct task *t, struct store_client *store, struct arena *arena,
                                      const struct contact_batch *batch, struct slice packed_rows,
                                      struct contact_batch_result *result);
enum store_result store_contact_import_close(struct task *t, struct store_client *store, uint64_t import);
enum store_result store_contact_page(struct task *t, struct store_client *store, struct arena *arena,
                                     const struct contact_query *query, struct contact **contacts,
                                     size_t *count);
enum store_result store_suppression_add(struct task *t, struct store_client *store,
                                        const struct suppression_batch *batch, uint64_t *added);
enum store_result store_suppression_page(struct task *t, struct store_client *store, struct arena *arena,
                                         const struct suppression_query *query, struct suppression **rows,
                                         size_t *count);

/* ---- answers judged again: engine_answer_rejudge (store/answer.h) ---- */
enum store_result store_answer_rejudge(struct task *t, struct store_client *store,
                                       const struct answer_rejudgement *asked, struct answer_rejudged *done);

#endif

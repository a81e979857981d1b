/*
 * Every question is packed, asked and unpacked here. What may be asked again after the store
 * died is a column of one table; a question that killed three stores is not given to a fourth.
 * A delivery's spool is handed to the store's successor before it is asked again, under the same
 * delivery id: what was committed is known by that id and not stored twice. An append's dies with
 * the store that opened it; it fails, and the user's program tries again.
 */
#include "store/client.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/limits_campaign.h"
#include "store/engine.h"
#include "store/protocol.h"
#include "wire/scram.h"

/* What is packed of a common message beside its body. */
enum { DELIVERY_FACTS_BYTES = 1500 };

struct store_client {
    struct env *env;
    struct channel *channel;
    struct id_source ids;
    store_news_fn *on_news;
    store_segment_gone_fn *on_segment_gone;
    void *context;
};

/* Questions that change nothing, or carry an id by which the store knows them again. */
static const bool may_be_repeated[STORE_ASK_COUNT] = {
    [STORE_ASK_ADDRESS_RESOLVE] = true,  [STORE_ASK_PASSWORD_CHECK] = true,
    [STORE_ASK_SCRAM_CHALLENGE] = true,  [STORE_ASK_SCRAM_VERIFY] = true,
    [STORE_ASK_SENDER_CHECK] = true,     [STORE_ASK_SPOOL_OPEN] = true,
    [STORE_ASK_DELIVER] = true,          [STORE_ASK_APPEND] = true,
    [STORE_ASK_FEEDBACK_KEEP] = true,    [STORE_ASK_CONTACT_IMPORT_OPEN] = true,
    [STORE_ASK_CONTACT_BATCH] = true,    [STORE_ASK_CONTACT_PAGE] = true,
    [STORE_ASK_ANSWER_REJUDGE] = true,   [STORE_ASK_SUPPRESSION_ADD] = true,
    [STORE_ASK_SUPPRESSION_PAGE] = true,
};

/* One question under way, and its answer. */
struct ask {
    enum store_ask type;
    struct buffer question;
    struct ipc_answer answer;
    struct unpacker in;
    /* Before it is asked again of another store: packs the question anew. May be NULL. */
    enum store_result (*renew)(struct task *t, struct store_client *store, struct ask *ask,
                               int64_t deadline_ms);
    void *argument;
};

static void noticed(void *context, const struct ipc_message *message) {
    struct store_client *store = context;
    handle_close(store->env, message->handle);
    struct unpacker in = unpacker_of(message->body);
    if (message->type == STORE_NOTE_MAILBOX_NEWS && store->on_news) {
        struct mailbox_news news;
        unpack_news(&in, &news);
        if (unpack_is_done(&in)) store->on_news(store->context, &news);
    } else if (message->type == STORE_NOTE_SEGMENT_GONE && store->on_segment_gone) {
        uint64_t segment = unpack_number(&in);
        if (unpack_is_done(&in)) store->on_segment_gone(store->context, segment);
    }
}

/* A spool whose asker has gone meanwhile, or that came without its file, is nobody's. */
static void spool_unwanted(struct store_client *store, struct slice answer) {
    struct unpacker in = unpacker_of(answer);
    enum store_result result = unpack_result(&in);
    uint64_t spool = result == STORE_OK ? unpack_number(&in) : 0;
    if (result == STORE_OK && unpack_is_done(&in)) store_spool_drop(store, spool);
}

static void answered_too_late(void *context, const struct ipc_message *answer) {
    struct store_client *store = context;
    handle_close(store->env, answer->handle);
    if (answer->type == STORE_ASK_SPOOL_OPEN) spool_unwanted(store, answer->body);
}

/* The store asks nothing. */
static void requested(struct task *t, void *context, struct ipc_request *request) {
    struct store_client *store = context;
    handle_close(store->env, request->message.handle);
    channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
}

static const struct channel_handlers handlers = {.request = requested, .notice = noticed};

struct store_client *store_client_new(struct env *env, uint32_t node, store_news_fn *on_news, void *context) {
    struct store_client *store = calloc(1, sizeof *store);
    if (!store) FATAL("out of memory for a store client");
    *store = (struct store_client){.env = env, .ids = {.node = node}, .on_news = on_news, .context = context};
    store->channel = channel_new(env, &handlers, store);
    channel_on_orphan(store->channel, answered_too_late);
    return store;
}

void store_client_attach(struct store_client *store, struct stream *stream) {
    channel_attach(store->channel, stream);
}

void store_client_on_lost(struct store_client *store, struct waker lost) {
    channel_on_lost(store->channel, lost);
}

void store_client_on_segment_gone(struct store_client *store, store_segment_gone_fn *on_segment_gone) {
    store->on_segment_gone = on_segment_gone;
}

void store_client_free(struct task *t, struct store_client **store) {
    if (!*store) return;
    channel_close(t, &(*store)->channel);
    free(*store);
    *store = NULL;
}

uint64_t store_client_new_id(struct store_client *store) { return store_id_new(&store->ids, store->env); }

static struct ask ask_new(enum store_ask type) {
    return (struct ask){.type = type,
                        .question = buffer_new(STORE_SPILL_BYTES_MAX),
                        .answer = {buffer_new(STORE_SPILL_BYTES_MAX), HANDLE_NONE}};
}

static enum store_result store_result_of(enum ipc_result result) {
    return result == IPC_OK ? STORE_OK : STORE_GONE;
}

/* A file to spill into, opened by the store. */
static enum store_result spool_ask(struct task *t, struct store_client *store, uint64_t *spool,
                                   struct handle *handle, int64_t deadline_ms) {
    struct ipc_answer answer;
    struct ipc_message message = {STORE_ASK_SPOOL_OPEN, SLICE_EMPTY, HANDLE_NONE};
    enum store_result result =
        store_result_of(channel_call(t, store->channel, &message, &answer, deadline_ms));
    if (result) return result;
    struct unpacker in = unpacker_of(buffer_slice(&answer.body));
    result = unpack_result(&in);
    *spool = result ? 0 : unpack_number(&in);
    *handle = answer.handle;
    if (result == STORE_OK && (!unpack_is_done(&in) || handle_is_none(*handle))) {
        spool_unwanted(store, buffer_slice(&answer.body));
        result = STORE_FAILED;
    }
    ipc_answer_free(&answer);
    if (result) handle_close(store->env, *handle);
    return result;
}

/* Gives a file that a former store opened to this one. */
static enum store_result spool_hand_over(struct task *t, struct store_client *store, struct file *file,
                                         uint64_t *spool, int64_t deadline_ms) {
    struct ipc_answer answer;
    struct ipc_message message = {STORE_ASK_SPOOL_ADOPT, SLICE_EMPTY, HANDLE_NONE};
    if (file_handle_copy(file, &message.handle)) return STORE_BUSY;
    enum store_result result =
        store_result_of(channel_call(t, store->channel, &message, &answer, deadline_ms));
    if (result) return result;
    struct unpacker in = unpacker_of(buffer_slice(&answer.body));
    result = unpack_result(&in);
    *spool = result ? 0 : unpack_number(&in);
    if (result == STORE_OK && !unpack_is_done(&in)) result = STORE_FAILED;
    handle_close(store->env, answer.handle);
    ipc_answer_free(&answer);
    return result;
}

static enum store_result spill(struct task *t, struct store_client *store, struct ipc_message *message,
                               uint64_t *spool, int64_t deadline_ms) {
    enum store_result result = spool_ask(t, store, spool, &message->handle, deadline_ms);
    if (result) return result;
    int written = spill_write(store->env, &message->handle, message->body);
    message->body = SLICE_EMPTY;
    if (!written) return STORE_OK;
    store_spool_drop(store, *spool);
    return written == -ENOSPC ? STORE_FULL : STORE_FAILED;
}

static enum store_result ask_once(struct task *t, struct store_client *store, struct ask *ask,
                                  int64_t deadline_ms) {
    struct ipc_message message = {ask->type, buffer_slice(&ask->question), HANDLE_NONE};
    uint64_t spool = 0;
    if (message.body.len > STORE_FRAME_BODY_BYTES_MAX) {
        enum store_result spilled = spill(t, store, &message, &spool, deadline_ms);
        if (spilled) return spilled;
    }
    enum store_result result =
        store_result_of(channel_call(t, store->channel, &message, &ask->answer, deadline_ms));
    if (spool) store_spool_drop(store, spool);
    return result;
}

/* An empty frame with a handle: the answer lies in a file. */
static enum store_result fetch_spilled(struct store_client *store, struct ask *ask) {
    if (ask->answer.body.len || handle_is_none(ask->answer.handle)) return STORE_OK;
    ipc_answer_free(&ask->answer);
    ask->answer.body = buffer_new(STORE_SPILL_BYTES_MAX);
    int result = spill_read(store->env, ask->answer.handle, &ask->answer.body);
    ask->answer.handle = HANDLE_NONE;
    return result ? STORE_FAILED : STORE_OK;
}

/* Asks, again where that is allowed, and reads the result off the answer. With `arena` the rest of the
   answer is moved there, so that what is unpacked may stay. */
static enum store_result ask_store(struct task *t, struct store_client *store, struct ask *ask,
                                   struct arena *arena) {
    if (buffer_overflowed(&ask->question)) return STORE_REFUSED;
    int64_t deadline_ms = env_now_ms(store->env) + STORE_CALL_MS_MAX;
    int tries_left = may_be_repeated[ask->type] ? STORE_CALL_TRIES_MAX : 1;
    if (IS_PLANTED(store->env, PLANTED_EARLY_ACKNOWLEDGEMENT) ||
        IS_PLANTED(store->env, PLANTED_NEW_ID_AT_RETRY))
        tries_left = 1;
    enum store_result result = STORE_GONE;
    bool is_first = true;
    /* A store that did not answer in time has more than enough to do: it is not asked again. */
    while (result == STORE_GONE && tries_left-- > 0 && !task_is_cancelled(t) &&
           env_now_ms(store->env) < deadline_ms) {
        result = is_first || !ask->renew ? STORE_OK : ask->renew(t, store, ask, deadline_ms);
        if (result == STORE_OK) result = ask_once(t, store, ask, deadline_ms);
        is_first = false;
    }
    if (result == STORE_OK) result = fetch_spilled(store, ask);
    if (result) return result;
    struct slice bytes = buffer_slice(&ask->answer.body);
    if (arena && !arena_try_copy(arena, bytes, &bytes)) return STORE_FAILED;
    ask->in = unpacker_of(bytes);
    return unpack_result(&ask->in);
}

/* Frees, and checks that a good answer was read to its end. */
static enum store_result ask_end(struct store_client *store, struct ask *ask, enum store_result result) {
    if (result == STORE_OK && !unpack_is_done(&ask->in)) result = STORE_FAILED;
    if (ask->type == STORE_ASK_PASSWORD_CHECK && ask->question.ptr)
        explicit_bzero(ask->question.ptr, ask->question.len);
    handle_close(store->env, ask->answer.handle);
    buffer_free(&ask->question);
    ipc_answer_free(&ask->answer);
    return result;
}

/* For questions whose answer is the result alone. */
static enum store_result ask_plainly(struct task *t, struct store_client *store, struct ask *ask) {
    return ask_end(store, ask, ask_store(t, store, ask, NULL));
}

enum store_result store_address_resolve(struct task *t, struct store_client *store, struct arena *arena,
                                        struct slice address, struct address_route *route) {
    struct ask ask = ask_new(STORE_ASK_ADDRESS_RESOLVE);
    pack_slice(&ask.question, address);
    enum store_result result = ask_store(t, store, &ask, arena);
    if (result == STORE_OK) unpack_route(&ask.in, arena, route);
    return ask_end(store, &ask, result);
}

enum store_result store_password_check(struct task *t, struct store_client *store, struct arena *arena,
                                       struct slice user, struct slice password, struct account *account) {
    struct ask ask = ask_new(STORE_ASK_PASSWORD_CHECK);
    /* All its memory at once: growing would leave pieces of the password behind. */
    (void)buffer_reserve(&ask.question, user.len + password.len + 32);
    pack_slice(&ask.question, user);
    pack_slice(&ask.question, password);
    enum store_result result = ask_store(t, store, &ask, arena);
    if (result == STORE_OK) unpack_account(&ask.in, account);
    return ask_end(store, &ask, result);
}

enum store_result store_scram_challenge(struct task *t, struct store_client *store, struct slice user,
                                        uint8_t hash_bytes, struct scram_challenge *challenge) {
    struct ask ask = ask_new(STORE_ASK_SCRAM_CHALLENGE);
    pack_slice(&ask.question, user);
    pack_number(&ask.question, hash_bytes);
    enum store_result result = ask_store(t, store, &ask, NULL);
    if (result == STORE_OK) {
        struct slice salt = unpack_slice(&ask.in);
        challenge->iterations = (uint32_t)unpack_number_max(&ask.in, SCRAM_ITERATIONS_MAX);
        if (salt.len != sizeof challenge->salt)
            result = STORE_FAILED;
        else
            memcpy(challenge->salt, salt.ptr, salt.len);
    }
    return ask_end(store, &ask, result);
}

enum store_result store_scram_verify(struct task *t, struct store_client *store, struct arena *arena,
                                     struct slice user, uint8_t hash_bytes, struct slice auth_message,
                                     struct slice client_proof, uint8_t server_signature[32],
                                     struct account *account) {
    struct ask ask = ask_new(STORE_ASK_SCRAM_VERIFY);
    pack_slice(&ask.question, user);
    pack_number(&ask.question, hash_bytes);
    pack_slice(&ask.question, auth_message);
    pack_slice(&ask.question, client_proof);
    enum store_result result = ask_store(t, store, &ask, arena);
    if (result == STORE_OK) {
        struct slice signature = unpack_slice(&ask.in);
        unpack_account(&ask.in, account);
        if (signature.len != hash_bytes || hash_bytes > SCRAM_HASH_BYTES_MAX)
            result = STORE_FAILED;
        else
            memcpy(server_signature, signature.ptr, signature.len);
    }
    return ask_end(store, &ask, result);
}

enum store_result store_sender_check(struct task *t, struct store_client *store, uint64_t account,
                                     struct slice address) {
    struct ask ask = ask_new(STORE_ASK_SENDER_CHECK);
    pack_number(&ask.question, account);
    pack_slice(&ask.question, address);
    return ask_plainly(t, store, &ask);
}

enum store_result store_api_call(struct task *t, struct store_client *store, struct arena *arena,
                                 struct slice token, struct slice body, unsigned *status,
                                 struct slice *text) {
    struct ask ask = ask_new(STORE_ASK_API);
    pack_slice(&ask.question, token);
    pack_slice(&ask.question, body);
    enum store_result result = ask_store(t, store, &ask, arena);
    if (result == STORE_OK) {
        *status = (unsigned)unpack_number_max(&ask.in, 599);
        *text = unpack_slice(&ask.in);
    }
    return ask_end(store, &ask, result);
}

enum store_result store_spool_open(struct task *t, struct store_client *store, uint64_t *spool,
                                   struct handle *handle) {
    struct ask ask = ask_new(STORE_ASK_SPOOL_OPEN);
    enum store_result result = ask_store(t, store, &ask, NULL);
    if (result == STORE_OK) {
        *spool = unpack_number(&ask.in);
        *handle = ask.answer.handle;
        ask.answer.handle = HANDLE_NONE;
        if (handle_is_none(*handle)) {
            store_spool_drop(store, *spool);
            result = STORE_FAILED;
        }
    }
    return ask_end(store, &ask, result);
}

void store_spool_drop(struct store_client *store, uint64_t spool) {
    struct buffer note = buffer_new(16);
    pack_number(&note, spool);
    channel_notify(store->channel,
                   &(struct ipc_message){STORE_NOTE_SPOOL_DROP, buffer_slice(&note), HANDLE_NONE});
    buffer_free(&note);
}

/* The same delivery, its body in a spool of the store that is asked now. */
static enum store_result deliver_renew(struct task *t, struct store_client *store, struct ask *ask,
                                       int64_t deadline_ms) {
    struct delivery *delivery = ask->argument;
    enum store_result result =
        spool_hand_over(t, store, delivery->body.file, &delivery->body.spool, deadline_ms);
    if (result) return result;
    buffer_clear(&ask->question);
    pack_delivery(&ask->question, delivery);
    return STORE_OK;
}

static enum store_result deliver(struct task *t, struct store_client *store,
                                 const struct delivery *delivery) {
    struct ask ask = ask_new(STORE_ASK_DELIVER);
    struct delivery renewed = *delivery;
    /* Mostly it need not grow. */
    (void)buffer_reserve(&ask.question, delivery->body.packed.len + DELIVERY_FACTS_BYTES);
    pack_delivery(&ask.question, delivery);
    if (delivery->body.spool && delivery->body.file) {
        ask.renew = deliver_renew;
        ask.argument = &renewed;
    }
    enum store_result result = ask_plainly(t, store, &ask);
    if (renewed.body.spool != delivery->body.spool) store_spool_drop(store, renewed.body.spool);
    return result;
}

#ifdef PLANTED_FAULTS
static enum store_result deliver_wrongly(struct task *t, struct store_client *store,
                                         const struct delivery *delivery, enum store_result result) {
    struct delivery again = *delivery;
    if (result != STORE_GONE) return result;
    if (IS_PLANTED(store->env, PLANTED_EARLY_ACKNOWLEDGEMENT)) return STORE_OK;
    if (!IS_PLANTED(store->env, PLANTED_NEW_ID_AT_RETRY)) return result;
    again.id = store_client_new_id(store);
    return deliver(t, store, &again);
}
#endif

enum store_result store_deliver(struct task *t, struct store_client *store, const struct delivery *delivery) {
    enum store_result result = deliver(t, store, delivery);
#ifdef PLANTED_FAULTS
    result = deliver_wrongly(t, store, delivery, result);
#endif
    return result;
}

enum store_result store_feedback_keep(struct task *t, struct store_client *store,
                                      const struct feedback_entry *entry) {
    struct ask ask = ask_new(STORE_ASK_FEEDBACK_KEEP);
    feedback_entry_pack(&ask.question, entry);
    return ask_plainly(t, store, &ask);
}

enum store_result store_seen(struct task *t, struct store_client *store, const struct seen *seen) {
    struct ask ask = ask_new(STORE_ASK_SEEN);
    seen_pack(&ask.question, seen);
    return ask_plainly(t, store, &ask);
}

enum store_result store_append(struct task *t, struct store_client *store, const struct append *appends,
                               size_t count, struct append_result *appended) {
    struct ask ask = ask_new(STORE_ASK_APPEND);
    pack_number(&ask.question, count);
    for (size_t i = 0; i < count; i++) pack_append(&ask.question, &appends[i]);
    enum store_result result = ask_store(t, store, &ask, NULL);
    if (result == STORE_OK) {
        appended->uidvalidity = (uint32_t)unpack_number_max(&ask.in, UINT32_MAX);
        appended->first_uid = (uint32_t)unpack_number_max(&ask.in, UINT32_MAX);
    }
    return ask_end(store, &ask, result);
}

enum store_result store_flags(struct task *t, struct store_client *store, struct arena *arena,
                              const struct flag_change *change, struct flag_result *changed) {
    struct ask ask = ask_new(STORE_ASK_FLAGS);
    pack_flag_change(&ask.question, change);
    enum store_result result = ask_store(t, store, &ask, arena);
    if (result == STORE_OK) unpack_flag_result(&ask.in, arena, changed);
    return ask_end(store, &ask, result);
}

enum store_result store_copy(struct task *t, struct store_client *store, struct arena *arena,
                             const struct copy_request *request, struct copy_result *copied) {
    struct ask ask = ask_new(STORE_ASK_COPY);
    pack_copy_request(&ask.question, request);
    enum store_result result = ask_store(t, store, &ask, arena);
    if (result == STORE_OK) unpack_copy_result(&ask.in, arena, copied);
    return ask_end(store, &ask, result);
}

enum store_result store_expunge(struct task *t, struct store_client *store, uint64_t mailbox,
                                struct uid_ranges uids, bool only_deleted, uint64_t *modseq) {
    struct ask ask = ask_new(STORE_ASK_EXPUNGE);
    pack_number(&ask.question, mailbox);
    pack_ranges(&ask.question, uids);
    pack_bool(&ask.question, only_deleted);
    enum store_result result = ask_store(t, store, &ask, NULL);
    if (result == STORE_OK) *modseq = unpack_number(&ask.in);
    return ask_end(store, &ask, result);
}

enum store_result store_mailbox_create(struct task *t, struct store_client *store, uint64_t account,
                                       struct slice name, enum special_use special_use, uint64_t *mailbox) {
    struct ask ask = ask_new(STORE_ASK_MAILBOX_CREATE);
    pack_number(&ask.question, account);
    pack_slice(&ask.question, name);
    pack_number(&ask.question, special_use);
    enum store_result result = ask_store(t, store, &ask, NULL);
    if (result == STORE_OK) *mailbox = unpack_number(&ask.in);
    return ask_end(store, &ask, result);
}

enum store_result store_mailbox_delete(struct task *t, struct store_client *store, uint64_t account,
                                       struct slice name) {
    struct ask ask = ask_new(STORE_ASK_MAILBOX_DELETE);
    pack_number(&ask.question, account);
    pack_slice(&ask.question, name);
    return ask_plainly(t, store, &ask);
}

enum store_result store_mailbox_rename(struct task *t, struct store_client *store, uint64_t account,
                                       struct slice from, struct slice to) {
    struct ask ask = ask_new(STORE_ASK_MAILBOX_RENAME);
    pack_number(&ask.question, account);
    pack_slice(&ask.question, from);
    pack_slice(&ask.question, to);
    return ask_plainly(t, store, &ask);
}

enum store_result store_mailbox_subscribe(struct task *t, struct store_client *store, uint64_t account,
                                          struct slice name, bool is_subscribed) {
    struct ask ask = ask_new(STORE_ASK_MAILBOX_SUBSCRIBE);
    pack_number(&ask.question, account);
    pack_slice(&ask.question, name);
    pack_bool(&ask.question, is_subscribed);
    return ask_plainly(t, store, &ask);
}

/* ---- the address book ---- */

enum { CONTACT_PACKED_BYTES_MIN = 12, SUPPRESSION_PACKED_BYTES_MIN = 5 };

enum store_result store_contact_import_open(struct task *t, struct store_client *store, struct arena *arena,
                                            const struct contact_import_start *start,
                                            struct contact_import *import) {
    struct ask ask = ask_new(STORE_ASK_CONTACT_IMPORT_OPEN);
    contact_import_start_pack(&ask.question, start);
    enum store_result result = ask_store(t, store, &ask, arena);
    if (result == STORE_OK) contact_import_unpack(&ask.in, import);
    return ask_end(store, &ask, result);
}

enum store_result store_contact_batch(struct task *t, struct store_client *store, struct arena *arena,
                                      const struct contact_batch *batch, struct slice packed_rows,
                                      struct contact_batch_result *result_out) {
    struct ask ask = ask_new(STORE_ASK_CONTACT_BATCH);
    contact_batch_pack(&ask.question, batch);
    buffer_append(&ask.question, packed_rows);
    enum store_result result = ask_store(t, store, &ask, arena);
    if (result == STORE_OK) contact_batch_result_unpack(&ask.in, arena, result_out, batch->row_count);
    return ask_end(store, &ask, result);
}

enum store_result store_contact_import_close(struct task *t, struct store_client *store, uint64_t import) {
    struct ask ask = ask_new(STORE_ASK_CONTACT_IMPORT_CLOSE);
    pack_number(&ask.question, import);
    return ask_plainly(t, store, &ask);
}

enum store_result store_contact_page(struct task *t, struct store_client *store, struct arena *arena,
                                     const struct contact_query *query, struct contact **contacts,
                                     size_t *count) {
    struct ask ask = ask_new(STORE_ASK_CONTACT_PAGE);
    uint64_t number = 0;
    contact_query_pack(&ask.question, query);
    enum store_result result = ask_store(t, store, &ask, arena);
    if (result == STORE_OK) {
        *contacts = unpack_array(&ask.in, arena, &number, CONTACT_PACKED_BYTES_MIN, sizeof **contacts);
        for (uint64_t i = 0; i < number; i++) contact_unpack(&ask.in, arena, &(*contacts)[i]);
    }
    *count = number;
    return ask_end(store, &ask, result);
}

enum store_result store_suppression_add(struct task *t, struct store_client *store,
                                        const struct suppression_batch *batch, uint64_t *added) {
    struct ask ask = ask_new(STORE_ASK_SUPPRESSION_ADD);
    suppression_batch_pack(&ask.question, batch);
    enum store_result result = ask_store(t, store, &ask, NULL);
    if (result == STORE_OK) *added = unpack_number(&ask.in);
    return ask_end(store, &ask, result);
}

enum store_result store_suppression_page(struct task *t, struct store_client *store, struct arena *arena,
                                         const struct suppression_query *query, struct suppression **rows,
                                         size_t *count) {
    struct ask ask = ask_new(STORE_ASK_SUPPRESSION_PAGE);
    uint64_t number = 0;
    suppression_query_pack(&ask.question, query);
    enum store_result result = ask_store(t, store, &ask, arena);
    if (result == STORE_OK) {
        *rows = unpack_array(&ask.in, arena, &number, SUPPRESSION_PACKED_BYTES_MIN, sizeof **rows);
        for (uint64_t i = 0; i < number; i++) suppression_unpack(&ask.in, &(*rows)[i]);
    }
    *count = number;
    return ask_end(store, &ask, result);
}

/* ---- answers ---- */

enum store_result store_answer_rejudge(struct task *t, struct store_client *store,
                                       const struct answer_rejudgement *asked, struct answer_rejudged *done) {
    struct ask ask = ask_new(STORE_ASK_ANSWER_REJUDGE);
    struct buffer facts = buffer_new(ANSWER_FACTS_BYTES_MAX);
    answer_facts_pack(&facts, &asked->facts);
    pack_number(&ask.question, asked->answer);
    pack_slice(&ask.question, buffer_slice(&facts));
    buffer_free(&facts);
    enum store_result result = ask_store(t, store, &ask, NULL);
    if (result == STORE_OK)
        *done = (struct answer_rejudged){(enum answer_kind)unpack_number_max(&ask.in, ANSWER_KINDS),
                                         (enum answer_decision)unpack_number_max(&ask.in, DECISIONS - 1),
                                         (uint32_t)unpack_number_max(&ask.in, UINT32_MAX)};
    return ask_end(store, &ask, result);
}

/*
 * One row a question: who may ask it, and what answers it. A handler unpacks, looks whether
 * all of it was well formed, asks the engine and packs what came of it; every request gets
 * exactly one answer, an ill-formed or forbidden one STORE_REFUSED. A role that goes away
 * takes its channel with it; the spools it left open are dropped.
 */
#include "store/service.h"

#include <stdlib.h>

#include "base/limits.h"
#include "store/answer.h"
#include "store/contact.h"
#include "store/feedback.h"
#include "store/protocol.h"
#include "store/queue_model.h"
#include "store/seen.h"
#include "store/suppression.h"
#include "wire/scram_secret.h"

struct store_service {
    struct env *env;
    struct engine *engine;
    struct scope scope;
    struct list peers;
    /* Added to the engine's spool ids, which begin anew with each store: a question that is asked again of
       a successor must not meet a spool that has the same number by chance. */
    uint64_t spool_base;
    store_api_fn *api;
    void *api_context;
};

/* A role that may ask. */
struct peer_role {
    struct list link;
    struct store_service *service;
    struct channel *channel;
    bool is_mail;
    bool is_ending;
    /* Spools it opened and neither dropped nor delivered, as it knows them. */
    uint64_t spools[STORE_PEER_SPOOLS_MAX];
    size_t spool_count;
    /* Its questions in files that are in memory now, and who waits for their end. */
    size_t spills;
    struct gate spill_ended;
};

/* A request in hand. */
struct question {
    struct task *task;
    struct peer_role *peer;
    struct engine *engine;
    struct arena *arena;
    struct unpacker in;
    struct buffer answer;
    /* Goes with the answer. */
    struct handle handle;
    /* Came with the question, and is closed with it unless it was taken. */
    struct handle given;
};

/* Packs a result; true when it was good and its fields are to follow. */
static bool answer_begin(struct question *q, enum store_result result) {
    pack_result(&q->answer, result);
    return result == STORE_OK;
}

/* False, with the answer given, when the question was not well formed. */
static bool is_well_formed(struct question *q) {
    if (unpack_is_done(&q->in)) return true;
    pack_result(&q->answer, STORE_REFUSED);
    return false;
}

static void serve_address_resolve(struct question *q) {
    struct address_route route = {0};
    struct slice address = unpack_slice(&q->in);
    if (!is_well_formed(q)) return;
    if (answer_begin(q, engine_address_resolve(q->engine, q->arena, address, &route)))
        pack_route(&q->answer, &route);
}

static void serve_password_check(struct question *q) {
    struct account account = {0};
    struct slice user = unpack_slice(&q->in);
    struct slice password = unpack_slice(&q->in);
    if (!is_well_formed(q)) return;
    if (answer_begin(q, engine_password_check(q->task, q->engine, q->arena, user, password, &account)))
        pack_account(&q->answer, &account);
}

/* Only the two hashes there are; anything else makes the question ill-formed. */
static uint8_t unpack_hash_bytes(struct unpacker *in) {
    uint64_t bytes = unpack_number(in);
    if (bytes == scram_hash_bytes(SCRAM_HASH_SHA_1) || bytes == scram_hash_bytes(SCRAM_HASH_SHA_256))
        return (uint8_t)bytes;
    *in = (struct unpacker){SLICE_EMPTY, true};
    return 0;
}

static void serve_scram_challenge(struct question *q) {
    struct scram_secret secret;
    struct account account = {0};
    struct slice user = unpack_slice(&q->in);
    uint8_t hash_bytes = unpack_hash_bytes(&q->in);
    if (!is_well_formed(q)) return;
    if (answer_begin(q, engine_scram_secret(q->engine, q->arena, user, hash_bytes, &secret, &account))) {
        pack_slice(&q->answer, slice_of(secret.salt, sizeof secret.salt));
        pack_number(&q->answer, secret.iterations);
    }
    explicit_bzero(&secret, sizeof secret);
}

/* RFC 5802 3: the proof is checked, and the signature made, where the secrets are. */
static bool proof_is_right(const struct scram_secret *secret, uint8_t hash_bytes, struct slice auth_message,
                           struct slice proof, uint8_t *signature) {
    struct scram_keys keys = {.hash = hash_bytes == 20 ? SCRAM_HASH_SHA_1 : SCRAM_HASH_SHA_256};
    memcpy(keys.stored_key, secret->stored_key, hash_bytes);
    memcpy(keys.server_key, secret->server_key, hash_bytes);
    bool is_right = scram_secret_check(&keys, auth_message, proof, signature);
    explicit_bzero(&keys, sizeof keys);
    return is_right;
}

static enum store_result scram_verify(struct question *q, struct slice user, uint8_t hash_bytes,
                                      struct slice auth_message, struct slice proof, uint8_t *signature,
                                      struct account *account) {
    struct scram_secret secret;
    enum store_result result = engine_scram_secret(q->engine, q->arena, user, hash_bytes, &secret, account);
    if (result) return result;
    bool is_right = proof_is_right(&secret, hash_bytes, auth_message, proof, signature);
    explicit_bzero(&secret, sizeof secret);
    return is_right && account->id && !account->is_disabled ? STORE_OK : STORE_DENIED;
}

static void serve_scram_verify(struct question *q) {
    struct account account = {0};
    uint8_t signature[SCRAM_HASH_BYTES_MAX];
    struct slice user = unpack_slice(&q->in);
    uint8_t hash_bytes = unpack_hash_bytes(&q->in);
    struct slice auth_message = unpack_slice(&q->in);
    struct slice proof = unpack_slice(&q->in);
    if (!is_well_formed(q)) return;
    if (!answer_begin(q, scram_verify(q, user, hash_bytes, auth_message, proof, signature, &account))) return;
    pack_slice(&q->answer, slice_of(signature, hash_bytes));
    pack_account(&q->answer, &account);
}

static void serve_sender_check(struct question *q) {
    uint64_t account = unpack_number(&q->in);
    struct slice address = unpack_slice(&q->in);
    if (is_well_formed(q)) (void)answer_begin(q, engine_sender_check(q->engine, q->arena, account, address));
}

static void answer_spool(struct question *q, enum store_result result, uint64_t spool) {
    if (!answer_begin(q, result)) return;
    spool += q->peer->service->spool_base;
    q->peer->spools[q->peer->spool_count++] = spool;
    pack_number(&q->answer, spool);
}

static bool has_spool_room(const struct peer_role *peer) {
    return peer->spool_count < STORE_PEER_SPOOLS_MAX &&
           peer->spool_count < peer->service->env->budgets->store_peer_spools;
}

static void serve_spool_open(struct question *q) {
    uint64_t spool = 0;
    if (!is_well_formed(q)) return;
    enum store_result result = STORE_BUSY;
    if (has_spool_room(q->peer)) result = engine_spool_open(q->engine, &spool, &q->handle);
    answer_spool(q, result, spool);
}

static void serve_spool_adopt(struct question *q) {
    uint64_t spool = 0;
    if (!is_well_formed(q)) return;
    enum store_result result = STORE_BUSY;
    if (has_spool_room(q->peer)) {
        result = engine_spool_adopt(q->engine, q->given, &spool);
        q->given = HANDLE_NONE;
    }
    answer_spool(q, result, spool);
}

static size_t spool_find(const struct peer_role *peer, uint64_t spool) {
    size_t i = 0;
    while (i < peer->spool_count && peer->spools[i] != spool) i++;
    return i;
}

/* Takes a spool off the peer's, and gives the file up. */
static void spool_end(struct peer_role *peer, uint64_t spool) {
    size_t at = spool_find(peer, spool);
    if (at == peer->spool_count) return;
    peer->spools[at] = peer->spools[--peer->spool_count];
    engine_spool_drop(peer->service->engine, spool - peer->service->spool_base);
}

/* A spool that nobody has. */
#define SPOOL_NONE UINT64_MAX

/* The body as the engine knows it. One role cannot reach into another's spool: what is not the peer's is
   nobody's. The engine still decides: a delivery that is known by its id needs no body any more. */
static struct body_source body_of_engine(const struct question *q, struct body_source body) {
    if (body.spool == 0) return body;
    bool is_of_peer = spool_find(q->peer, body.spool) < q->peer->spool_count;
    body.spool = is_of_peer ? body.spool - q->peer->service->spool_base : SPOOL_NONE;
    return body;
}

/* What was stored from a spool needs it no more. */
static void body_done(const struct question *q, const struct body_source *body) {
    if (body->spool) spool_end(q->peer, body->spool + q->peer->service->spool_base);
}

static void serve_deliver(struct question *q) {
    struct delivery delivery = {0};
    unpack_delivery(&q->in, q->arena, &delivery);
    if (!is_well_formed(q)) return;
    /* What came from outside is not signed as ours. */
    delivery.properties &= ~(uint32_t)OUTGOING_COMPOSED;
    delivery.body = body_of_engine(q, delivery.body);
    if (answer_begin(q, engine_deliver(q->task, q->engine, &delivery))) body_done(q, &delivery.body);
}

/* Of one append: numbers and lengths, a byte each. */
enum { APPEND_PACKED_BYTES_MIN = 20 };

static void serve_append(struct question *q) {
    struct append_result appended = {0};
    uint64_t count = 0;
    struct append *appends = unpack_array(&q->in, q->arena, &count, APPEND_PACKED_BYTES_MIN, sizeof *appends);
    for (uint64_t i = 0; i < count; i++) {
        unpack_append(&q->in, q->arena, &appends[i]);
        appends[i].body = body_of_engine(q, appends[i].body);
    }
    if (!is_well_formed(q)) return;
    enum store_result result =
        count ? engine_append(q->task, q->engine, appends, count, &appended) : STORE_REFUSED;
    if (!answer_begin(q, result)) return;
    for (uint64_t i = 0; i < count; i++) body_done(q, &appends[i].body);
    pack_number(&q->answer, appended.uidvalidity);
    pack_number(&q->answer, appended.first_uid);
}

static void serve_flags(struct question *q) {
    struct flag_change change = {0};
    struct flag_result changed = {0};
    unpack_flag_change(&q->in, q->arena, &change);
    if (!is_well_formed(q)) return;
    if (answer_begin(q, engine_flags(q->task, q->engine, q->arena, &change, &changed)))
        pack_flag_result(&q->answer, &changed);
}

static void serve_copy(struct question *q) {
    struct copy_request request = {0};
    struct copy_result copied = {0};
    unpack_copy_request(&q->in, q->arena, &request);
    if (!is_well_formed(q)) return;
    if (answer_begin(q, engine_copy(q->task, q->engine, q->arena, &request, &copied)))
        pack_copy_result(&q->answer, &copied);
}

static void serve_expunge(struct question *q) {
    struct uid_ranges uids;
    uint64_t modseq = 0;
    uint64_t mailbox = unpack_number(&q->in);
    unpack_ranges(&q->in, q->arena, &uids);
    bool only_deleted = unpack_bool(&q->in);
    if (!is_well_formed(q)) return;
    if (answer_begin(q, engine_expunge(q->task, q->engine, mailbox, uids, only_deleted, &modseq)))
        pack_number(&q->answer, modseq);
}

static void serve_mailbox_create(struct question *q) {
    uint64_t mailbox = 0;
    uint64_t account = unpack_number(&q->in);
    struct slice name = unpack_slice(&q->in);
    enum special_use special_use = (enum special_use)unpack_number_max(&q->in, SPECIAL_ARCHIVE);
    if (!is_well_formed(q)) return;
    if (answer_begin(q, engine_mailbox_create(q->task, q->engine, account, name, special_use, &mailbox)))
        pack_number(&q->answer, mailbox);
}

static void serve_mailbox_delete(struct question *q) {
    uint64_t account = unpack_number(&q->in);
    struct slice name = unpack_slice(&q->in);
    if (is_well_formed(q)) (void)answer_begin(q, engine_mailbox_delete(q->task, q->engine, account, name));
}

static void serve_mailbox_rename(struct question *q) {
    uint64_t account = unpack_number(&q->in);
    struct slice from = unpack_slice(&q->in);
    struct slice to = unpack_slice(&q->in);
    if (is_well_formed(q))
        (void)answer_begin(q, engine_mailbox_rename(q->task, q->engine, account, from, to));
}

static void serve_mailbox_subscribe(struct question *q) {
    uint64_t account = unpack_number(&q->in);
    struct slice name = unpack_slice(&q->in);
    bool is_subscribed = unpack_bool(&q->in);
    if (is_well_formed(q))
        (void)answer_begin(q, engine_mailbox_subscribe(q->task, q->engine, account, name, is_subscribed));
}

static void serve_feedback_keep(struct question *q) {
    struct feedback_entry entry = {0};
    feedback_entry_unpack(&q->in, &entry);
    if (is_well_formed(q)) (void)answer_begin(q, engine_feedback_keep(q->task, q->engine, &entry));
}

static void serve_seen(struct question *q) {
    struct seen seen = {0};
    seen_unpack(&q->in, &seen);
    if (is_well_formed(q)) (void)answer_begin(q, engine_seen_add(q->task, q->engine, &seen));
}

static void serve_api(struct question *q) {
    const struct store_service *service = q->peer->service;
    struct slice token = unpack_slice(&q->in);
    struct slice body = unpack_slice(&q->in);
    struct buffer text = buffer_new(STORE_SPILL_BYTES_MAX / 2);
    unsigned status = 0;
    if (!is_well_formed(q)) return;
    if (service->api) service->api(q->task, service->api_context, token, body, &status, &text);
    if (answer_begin(q, status && !buffer_overflowed(&text) ? STORE_OK : STORE_REFUSED)) {
        pack_number(&q->answer, status);
        pack_slice(&q->answer, buffer_slice(&text));
    }
    buffer_free(&text);
}

static void serve_contact_import_open(struct question *q) {
    struct contact_import_start start = {0};
    struct contact_import import = {0};
    contact_import_start_unpack(&q->in, &start);
    if (!is_well_formed(q)) return;
    if (answer_begin(q, engine_contact_import_open(q->task, q->engine, q->arena, &start, &import)))
        contact_import_pack(&q->answer, &import);
}

static void serve_contact_batch(struct question *q) {
    struct contact_batch batch = {0};
    struct contact_batch_result result = {0};
    contact_batch_unpack(&q->in, q->arena, &batch);
    if (!is_well_formed(q)) return;
    if (answer_begin(q, engine_contact_batch(q->task, q->engine, q->arena, &batch, &result)))
        contact_batch_result_pack(&q->answer, &result, batch.row_count);
}

static void serve_contact_import_close(struct question *q) {
    uint64_t import = unpack_number(&q->in);
    if (is_well_formed(q)) (void)answer_begin(q, engine_contact_import_close(q->task, q->engine, import));
}

static void serve_contact_page(struct question *q) {
    struct contact_query query = {0};
    struct contact *contacts = NULL;
    size_t count = 0;
    contact_query_unpack(&q->in, &query);
    if (!is_well_formed(q)) return;
    if (!answer_begin(q, engine_contact_page(q->engine, q->arena, &query, &contacts, &count))) return;
    pack_number(&q->answer, count);
    for (size_t i = 0; i < count; i++) contact_pack(&q->answer, &contacts[i]);
}

static void serve_suppression_add(struct question *q) {
    struct suppression_batch batch = {0};
    uint64_t added = 0;
    suppression_batch_unpack(&q->in, q->arena, &batch);
    if (!is_well_formed(q)) return;
    if (answer_begin(q, engine_suppression_add(q->task, q->engine, &batch, &added)))
        pack_number(&q->answer, added);
}

static void serve_suppression_page(struct question *q) {
    struct suppression_query query = {0};
    struct suppression *rows = NULL;
    size_t count = 0;
    suppression_query_unpack(&q->in, &query);
    if (!is_well_formed(q)) return;
    if (!answer_begin(q, engine_suppression_page(q->engine, q->arena, &query, &rows, &count))) return;
    pack_number(&q->answer, count);
    for (size_t i = 0; i < count; i++) suppression_pack(&q->answer, &rows[i]);
}

static void serve_answer_rejudge(struct question *q) {
    struct answer_rejudgement asked = {.answer = unpack_number(&q->in)};
    struct answer_rejudged done = {.kind = ANSWER_KINDS};
    struct slice facts = unpack_slice(&q->in);
    if (!is_well_formed(q)) return;
    enum store_result result = STORE_REFUSED;
    if (answer_facts_unpack(facts, q->arena, &asked.facts))
        result = engine_answer_rejudge(q->task, q->engine, &asked, &done);
    if (!answer_begin(q, result)) return;
    pack_number(&q->answer, done.kind);
    pack_number(&q->answer, done.decision);
    pack_number(&q->answer, done.state);
}

struct ask_row {
    void (*serve)(struct question *q);
    /* Edges, which talk to strangers, may ask this too; mail roles may ask all. */
    bool is_for_edges;
};

static const struct ask_row ask_rows[STORE_ASK_COUNT] = {
    [STORE_ASK_ADDRESS_RESOLVE] = {serve_address_resolve, true},
    [STORE_ASK_PASSWORD_CHECK] = {serve_password_check, true},
    [STORE_ASK_SCRAM_CHALLENGE] = {serve_scram_challenge, true},
    [STORE_ASK_SCRAM_VERIFY] = {serve_scram_verify, true},
    [STORE_ASK_SENDER_CHECK] = {serve_sender_check, true},
    [STORE_ASK_SPOOL_OPEN] = {serve_spool_open, true},
    [STORE_ASK_SPOOL_ADOPT] = {serve_spool_adopt, true},
    [STORE_ASK_DELIVER] = {serve_deliver, true},
    [STORE_ASK_APPEND] = {serve_append, false},
    [STORE_ASK_FLAGS] = {serve_flags, false},
    [STORE_ASK_COPY] = {serve_copy, false},
    [STORE_ASK_EXPUNGE] = {serve_expunge, false},
    [STORE_ASK_MAILBOX_CREATE] = {serve_mailbox_create, false},
    [STORE_ASK_MAILBOX_DELETE] = {serve_mailbox_delete, false},
    [STORE_ASK_MAILBOX_RENAME] = {serve_mailbox_rename, false},
    [STORE_ASK_MAILBOX_SUBSCRIBE] = {serve_mailbox_subscribe, false},
    [STORE_ASK_FEEDBACK_KEEP] = {serve_feedback_keep, true},
    [STORE_ASK_SEEN] = {serve_seen, true},
    [STORE_ASK_API] = {serve_api, true},
    [STORE_ASK_CONTACT_IMPORT_OPEN] = {serve_contact_import_open, false},
    [STORE_ASK_CONTACT_BATCH] = {serve_contact_batch, false},
    [STORE_ASK_CONTACT_IMPORT_CLOSE] = {serve_contact_import_close, false},
    [STORE_ASK_CONTACT_PAGE] = {serve_contact_page, false},
    [STORE_ASK_SUPPRESSION_ADD] = {serve_suppression_add, false},
    [STORE_ASK_SUPPRESSION_PAGE] = {serve_suppression_page, false},
    [STORE_ASK_ANSWER_REJUDGE] = {serve_answer_rejudge, false},
};

static void serve(struct question *q, uint32_t type) {
    const struct ask_row *row = type < STORE_ASK_COUNT ? &ask_rows[type] : NULL;
    if (row && row->serve && (q->peer->is_mail || row->is_for_edges)) {
        row->serve(q);
        return;
    }
    LOG_WARN(q->peer->service->env->log, "store.forbidden", LOG_NUMBER("question", type));
    pack_result(&q->answer, STORE_REFUSED);
}

/* An answer that fits no frame goes by a file; if that fails, what was asked is done all the same and
   its details are lost. */
static void answer_send(struct question *q, struct ipc_request *request) {
    channel_await_room(q->task, request);
    if (q->answer.len <= STORE_FRAME_BODY_BYTES_MAX) {
        channel_reply(request, buffer_slice(&q->answer), q->handle);
        return;
    }
    uint64_t spool = 0;
    enum store_result result = engine_spool_open(q->engine, &spool, &q->handle);
    if (result == STORE_OK) {
        if (spill_write(q->peer->service->env, &q->handle, buffer_slice(&q->answer))) result = STORE_FAILED;
        engine_spool_drop(q->engine, spool);
    }
    buffer_clear(&q->answer);
    if (result) pack_result(&q->answer, result);
    channel_reply(request, buffer_slice(&q->answer), q->handle);
}

/* One role cannot have us hold as many files of questions as it likes. False: cancelled. */
static bool spill_begin(struct question *q) {
    while (q->peer->spills == STORE_PEER_SPILLS_MAX)
        if (gate_wait(q->task, &q->peer->spill_ended, DEADLINE_NONE) != WAIT_OK) return false;
    q->peer->spills++;
    return true;
}

static void spill_end(struct question *q) {
    q->peer->spills--;
    gate_open_one(&q->peer->spill_ended);
}

/* The question's bytes: in the frame, or in the file that came with it. */
static bool question_read(struct question *q, const struct ipc_message *message, struct buffer *spilled) {
    struct slice body = message->body;
    if (message->type == STORE_ASK_SPOOL_ADOPT) {
        q->given = message->handle;
    } else if (!handle_is_none(message->handle)) {
        if (spill_read(q->peer->service->env, message->handle, spilled)) return false;
        body = buffer_slice(spilled);
    }
    q->in = unpacker_of(body);
    return true;
}

static void question_serve(struct question *q, const struct ipc_message *message) {
    struct buffer spilled = buffer_new(STORE_SPILL_BYTES_MAX);
    if (question_read(q, message, &spilled))
        serve(q, message->type);
    else
        pack_result(&q->answer, STORE_REFUSED);
    buffer_free(&spilled);
}

static void requested(struct task *t, void *context, struct ipc_request *request) {
    struct peer_role *peer = context;
    struct question q = {.task = t,
                         .peer = peer,
                         .engine = peer->service->engine,
                         .arena = arena_new(STORE_REQUEST_MEMORY_BYTES_MAX),
                         .answer = buffer_new(STORE_SPILL_BYTES_MAX),
                         .handle = HANDLE_NONE,
                         .given = HANDLE_NONE};
    bool is_spilled =
        !handle_is_none(request->message.handle) && request->message.type != STORE_ASK_SPOOL_ADOPT;
    if (is_spilled && !spill_begin(&q)) {
        handle_close(peer->service->env, request->message.handle);
        pack_result(&q.answer, STORE_REFUSED);
    } else {
        question_serve(&q, &request->message);
        if (is_spilled) spill_end(&q);
    }
    answer_send(&q, request);
    handle_close(peer->service->env, q.given);
    buffer_free(&q.answer);
    arena_free(&q.arena);
}

static void noticed(void *context, const struct ipc_message *message) {
    struct peer_role *peer = context;
    handle_close(peer->service->env, message->handle);
    struct unpacker in = unpacker_of(message->body);
    uint64_t spool = unpack_number(&in);
    if (message->type != STORE_NOTE_SPOOL_DROP || !unpack_is_done(&in)) return;
    spool_end(peer, spool);
}

static void peer_free(struct task *t, struct peer_role *peer) {
    peer->is_ending = true;
    channel_close(t, &peer->channel);
    while (peer->spool_count) spool_end(peer, peer->spools[0]);
    list_remove(&peer->link);
    free(peer);
}

static void end_peer(struct task *t, void *argument) { peer_free(t, argument); }

/* While the service closes, its own task frees the peer. */
static void left(void *context) {
    struct peer_role *peer = context;
    if (!peer->is_ending) peer->is_ending = scope_spawn(&peer->service->scope, end_peer, peer);
}

void store_service_on_api(struct store_service *service, store_api_fn *answer, void *context) {
    service->api = answer;
    service->api_context = context;
}

static const struct channel_handlers handlers = {.request = requested, .notice = noticed, .gone = left};

struct store_service *store_service_new(struct env *env, struct engine *engine) {
    struct store_service *service = calloc(1, sizeof *service);
    if (!service) FATAL("out of memory for a store service");
    service->env = env;
    service->engine = engine;
    service->spool_base = env_random_u64(env) >> 1 | 1;
    scope_init(&service->scope, env);
    list_init(&service->peers);
    return service;
}

void store_service_attach(struct store_service *service, struct stream *stream, bool wants_news) {
    struct peer_role *peer = calloc(1, sizeof *peer);
    if (!peer) FATAL("out of memory for a peer of the store");
    peer->service = service;
    peer->is_mail = wants_news;
    gate_init(&peer->spill_ended);
    peer->channel = channel_new(service->env, &handlers, peer);
    list_append(&service->peers, &peer->link);
    channel_attach(peer->channel, stream);
}

/* What those hear who read for themselves. */
static void tell_mail_roles(struct store_service *service, enum store_note note, const struct buffer *body) {
    struct ipc_message message = {note, buffer_slice(body), HANDLE_NONE};
    LIST_EACH(&service->peers, peer, struct peer_role, link)
    if (peer->is_mail && !peer->is_ending) channel_notify(peer->channel, &message);
}

void store_service_news(struct store_service *service, const struct mailbox_news *news) {
    struct buffer body = buffer_new(64);
    pack_news(&body, news);
    tell_mail_roles(service, STORE_NOTE_MAILBOX_NEWS, &body);
    buffer_free(&body);
}

void store_service_segment_gone(struct store_service *service, uint64_t segment) {
    struct buffer body = buffer_new(16);
    pack_number(&body, segment);
    tell_mail_roles(service, STORE_NOTE_SEGMENT_GONE, &body);
    buffer_free(&body);
}

void store_service_free(struct task *t, struct store_service **closing) {
    struct store_service *service = *closing;
    if (!service) return;
    *closing = NULL;
    scope_close(t, &service->scope);
    while (!list_empty(&service->peers)) peer_free(t, LIST_FIRST(&service->peers, struct peer_role, link));
    free(service);
}

/*
 * The SMTP server between a store that only remembers and a login that knows one password, on
 * a real loop, for what the transcripts of tests/golden cannot make happen. The store's and login's
 * functions are defined here, so a test links this once and not the real ones.
 */
#ifndef SMTP_BENCH_H
#define SMTP_BENCH_H

#include "test.h"

#include "certificate.h"
#include "filter/body_pieces.h"
#include "io/file.h"
#include "smtp/smtp_server.h"
#include "store/body_pack.h"
#include "task_test.h"
#include "transcript.h"
#include "wire/smtp_command.h"

enum { FAKE_BODY_BYTES_MAX = 64 * 1024 * 1024, FAKE_ITEMS_MAX = 2048 };

/* ---- a store that remembers the last delivery ---- */
struct store_client {
    struct env *env;
    uint64_t last_id;
    enum store_result deliver_result;
    enum store_result resolve_result;
    size_t deliveries;
    struct buffer body;
    struct buffer mail_from;
    uint32_t properties;
    uint64_t tenant;
    uint64_t accounts[FAKE_ITEMS_MAX];
    size_t account_count;
    char queued[256];
    size_t queue_count;
    bool is_junk;
    uint64_t raw_bytes;
    struct buffer message_id;
    /* The file behind the last spool. */
    struct file *spool;
    size_t spools_open;
};

uint64_t store_client_new_id(struct store_client *store) { return ++store->last_id; }

struct fake_address {
    const char *address;
    uint64_t tenant;
    uint64_t accounts[2];
    const char *elsewhere;
    bool is_over_quota;
};
static const struct fake_address fake_addresses[] = {
    {"alice@example.test", 1, {1, 0}, NULL, false}, {"bob@example.test", 1, {2, 0}, NULL, false},
    {"full@example.test", 1, {3, 0}, NULL, true},   {"postmaster", 1, {1, 0}, NULL, false},
    {"team@example.test", 1, {1, 2}, NULL, false},  {"away@example.test", 1, {1, 0}, "a@far.test", false},
    {"carol@other.test", 2, {4, 0}, NULL, false},   {"xn--mller-kva@example.test", 1, {5, 0}, NULL, false},
};

static void fake_route(struct arena *arena, const struct fake_address *from, struct address_route *route) {
    *route = (struct address_route){.kind = ADDRESS_LOCAL, .tenant = from->tenant};
    route->targets = ARENA_NEW_ARRAY(arena, struct address_target, 3);
    for (size_t i = 0; i < 2 && from->accounts[i]; i++)
        route->targets[route->target_count++] =
            (struct address_target){.account = from->accounts[i], .is_over_quota = from->is_over_quota};
    if (from->elsewhere) route->targets[route->target_count++].address = slice_from_text(from->elsewhere);
}

enum store_result store_address_resolve(struct task *t, struct store_client *store, struct arena *arena,
                                        struct slice address, struct address_route *route) {
    if (store->resolve_result != STORE_OK) return store->resolve_result;
    for (size_t i = 0; i < sizeof fake_addresses / sizeof fake_addresses[0]; i++)
        if (slice_equal_nocase(address, slice_from_text(fake_addresses[i].address))) {
            fake_route(arena, &fake_addresses[i], route);
            return STORE_OK;
        }
    bool is_many = slice_starts(address, SLICE("many"));
    struct fake_address many = {"", 1, {7, 0}, NULL, false};
    if (is_many) fake_route(arena, &many, route);
    if (is_many) return STORE_OK;
    bool is_ours = slice_ends_nocase(address, SLICE("@example.test"));
    route->kind = is_ours ? ADDRESS_UNKNOWN_USER : ADDRESS_ELSEWHERE;
    return STORE_OK;
}

enum store_result store_sender_check(struct task *t, struct store_client *store, uint64_t account,
                                     struct slice address) {
    return slice_equal_nocase(address, SLICE("alice@example.test")) ? STORE_OK : STORE_DENIED;
}

/* Reports are no concern of these tests. */
enum store_result store_feedback_keep(struct task *t, struct store_client *store,
                                      const struct feedback_entry *entry) {
    return STORE_OK;
}

enum store_result store_seen(struct task *t, struct store_client *store, const struct seen *seen) {
    return STORE_OK;
}

enum store_result store_spool_open(struct task *t, struct store_client *store, uint64_t *spool,
                                   struct handle *handle) {
    file_close(&store->spool);
    if (file_open_temporary(store->env, "/tmp", &store->spool)) return STORE_FAILED;
    if (file_handle_copy(store->spool, handle)) return STORE_FAILED;
    store->spools_open++;
    *spool = 77;
    return STORE_OK;
}
void store_spool_drop(struct store_client *store, uint64_t spool) {
    assert_int_equal(spool, 77);
    store->spools_open--;
}

static void fake_read_spool(struct store_client *store, uint64_t bytes) {
    uint8_t *room = buffer_reserve(&store->body, bytes);
    assert_non_null(room);
    assert_int_equal(file_read(store->spool, room, bytes, 0), bytes);
    buffer_grew(&store->body, bytes);
}

enum store_result store_deliver(struct task *t, struct store_client *store, const struct delivery *delivery) {
    if (store->deliver_result != STORE_OK) return store->deliver_result;
    store->deliveries++;
    buffer_clear(&store->body);
    if (delivery->body.spool)
        fake_read_spool(store, delivery->body.spool_bytes);
    else
        buffer_append(&store->body, delivery->body.packed);
    buffer_clear(&store->mail_from);
    store->properties = delivery->properties;
    buffer_append(&store->mail_from, delivery->mail_from);
    buffer_clear(&store->message_id);
    buffer_append(&store->message_id, delivery->facts.message_id);
    store->tenant = delivery->tenant;
    store->raw_bytes = delivery->body.raw_bytes;
    store->is_junk = delivery->is_junk;
    store->account_count = delivery->account_count;
    assert_true(delivery->account_count <= FAKE_ITEMS_MAX);
    for (size_t i = 0; i < delivery->account_count; i++) store->accounts[i] = delivery->accounts[i];
    store->queue_count = delivery->queue_count;
    if (delivery->queue_count)
        (void)snprintf(store->queued, sizeof store->queued, "%.*s orcpt=%.*s notify=%u",
                       SLICE_PRINT(delivery->queue[0].address), SLICE_PRINT(delivery->queue[0].original),
                       delivery->queue[0].notify);
    return STORE_OK;
}

/* ---- bodies as they are ---- */
struct body_packer {
    uint64_t raw_bytes;
};
struct body_packer *body_packer_new(struct body_packer *shared) {
    (void)shared;
    return calloc(1, sizeof(struct body_packer));
}
void body_packer_free(struct body_packer **packer) {
    free(*packer);
    *packer = NULL;
}
void body_packer_feed(struct body_packer *packer, struct slice raw, struct buffer *out) {
    packer->raw_bytes += raw.len;
    buffer_append(out, raw);
}
uint64_t body_packer_finish(struct body_packer *packer, struct buffer *out) {
    uint64_t raw_bytes = packer->raw_bytes;
    packer->raw_bytes = 0;
    return raw_bytes;
}
void body_packer_reset(struct body_packer *packer) { packer->raw_bytes = 0; }

struct body_pieces {
    struct buffer bytes;
    size_t at;
};
struct body_pieces *body_pieces_open(struct slice packed, struct file *file, uint64_t packed_bytes) {
    struct body_pieces *pieces = calloc(1, sizeof *pieces);
    pieces->bytes = buffer_new(FAKE_BODY_BYTES_MAX);
    if (!file) buffer_append(&pieces->bytes, packed);
    if (file) {
        uint8_t *room = buffer_reserve(&pieces->bytes, packed_bytes);
        assert_int_equal(file_read(file, room, packed_bytes, 0), packed_bytes);
        buffer_grew(&pieces->bytes, packed_bytes);
    }
    return pieces;
}
enum body_pieces_status body_pieces_next(struct body_pieces *pieces, struct buffer *raw) {
    struct slice piece = slice_sub(buffer_slice(&pieces->bytes), pieces->at, BODY_FRAME_BYTES);
    buffer_clear(raw);
    buffer_append(raw, piece);
    pieces->at += piece.len;
    return piece.len ? BODY_PIECES_MORE : BODY_PIECES_END;
}
void body_pieces_free(struct body_pieces **pieces) {
    buffer_free(&(*pieces)->bytes);
    free(*pieces);
    *pieces = NULL;
}

/* ---- a filter with one opinion ---- */
struct filter_client {
    struct filter_verdict verdict;
    size_t asked;
    size_t recipient_count;
    uint64_t trace_bytes;
};
void filter_ask(struct task *t, struct filter_client *client, struct arena *arena,
                const struct filter_question *question, struct filter_verdict *verdict) {
    client->asked++;
    client->recipient_count = question->recipient_count;
    client->trace_bytes = question->trace_bytes;
    *verdict = client->verdict;
}

/* ---- a login with one password: the response "Z29vZA==" ---- */
static const struct login_identity fake_identity = {
    .account = 1, .tenant = 1, .address = "alice@example.test"};

bool login_is_private(const struct login_context *context, const struct conn *conn) {
    return conn->stream->security.is_tls || context->plaintext == PLAINTEXT_LOOPBACK;
}
struct slice login_mechanisms(const struct login_context *context, const struct conn *conn) {
    return login_is_private(context, conn) ? SLICE("PLAIN LOGIN") : SLICE_EMPTY;
}
enum login_result login_sasl(struct task *t, struct login_context *context, struct conn *conn,
                             struct slice prefix, struct slice mechanism, struct slice initial,
                             struct login_identity *identity) {
    if (!slice_equal_nocase(mechanism, SLICE("PLAIN"))) return LOGIN_UNKNOWN_MECHANISM;
    struct buffer line = buffer_new(1000);
    int result = 0;
    if (!initial.ptr) {
        conn_write(conn, prefix);
        conn_write(conn, SLICE("\r\n"));
        result = conn_read_line(t, conn, &line);
        initial = buffer_slice(&line);
    }
    bool is_good = slice_equal(initial, SLICE("Z29vZA=="));
    bool is_abort = slice_equal(initial, SLICE("*"));
    buffer_free(&line);
    if (result) return LOGIN_GONE;
    if (is_good) *identity = fake_identity;
    return is_good ? LOGIN_OK : is_abort ? LOGIN_ABORTED : LOGIN_DENIED;
}
/* Straight to the mail role's half, in the same process. */
void login_hand_over(struct task *t, struct login_context *context, struct conn *conn,
                     struct handover *handover) {
    struct buffer rest = buffer_new(65536);
    struct stream *stream = NULL;
    handover->peer = conn->stream->peer;
    assert_int_equal(conn_detach(t, conn, &stream, &rest), 0);
    handover->input = buffer_slice(&rest);
    smtp_submission_start(context->hand_over_context, stream, handover);
    buffer_free(&rest);
}

/* ---- the server ---- */
struct smtp_bench {
    struct env *env;
    struct store_client store;
    struct login_context login;
    struct conn_group group;
    struct smtp_server server;
    struct filter_client filter;
    struct tls_context *tls;
    const char *peer;
};

static inline void bench_open(struct smtp_bench *bench, struct env *env) {
    const char *reason = NULL;
    memset(bench, 0, sizeof *bench);
    bench->env = env;
    bench->peer = "192.0.2.9";
    bench->store = (struct store_client){.env = env,
                                         .body = buffer_new(FAKE_BODY_BYTES_MAX),
                                         .mail_from = buffer_new(1000),
                                         .message_id = buffer_new(1000)};
    bench->tls = tls_context_server(slice_from_text(test_certificate), slice_from_text(test_key), &reason);
    assert_null(reason);
    conn_group_init(&bench->group, env);
    bench->login = (struct login_context){.env = env,
                                          .store = &bench->store,
                                          .group = &bench->group,
                                          .hostname = "mail.example.test",
                                          .plaintext = PLAINTEXT_LOOPBACK,
                                          .tls = bench->tls,
                                          .hand_over_context = &bench->server};
    bench->server = (struct smtp_server){.login = &bench->login,
                                         .intake = intake_pool_new(env, &bench->store, 64 * 1024 * 1024),
                                         .store = &bench->store,
                                         .filter = &bench->filter,
                                         .settings = smtp_settings_default()};
    smtp_server_init(&bench->server);
}

static inline void bench_close(struct task *t, struct smtp_bench *bench) {
    conn_group_close(t, &bench->group);
    smtp_server_fini(&bench->server);
    intake_pool_free(&bench->server.intake);
    tls_context_free(&bench->tls);
    file_close(&bench->store.spool);
    buffer_free(&bench->store.body);
    buffer_free(&bench->store.mail_from);
    buffer_free(&bench->store.message_id);
    assert_int_equal(bench->store.spools_open, 0);
}

/* A client's end of a new connection. */
static inline struct stream *bench_connect(struct smtp_bench *bench, enum smtp_port_kind kind) {
    struct handle pair[2];
    assert_int_equal(stream_pair(bench->env, pair), 0);
    struct stream *server = stream_adopt(bench->env, pair[0]);
    (void)snprintf(server->peer.address, sizeof server->peer.address, "%s", bench->peer);
    smtp_accept(&bench->server, kind, server);
    return stream_adopt(bench->env, pair[1]);
}

/* ---- clients ---- */
struct client {
    struct smtp_bench *bench;
    struct stream *stream;
    /* What goes out before the next transcript. */
    struct buffer out;
    const char *name;
};

static inline void client_settle(struct task *t) {
    for (int i = 0; i < 4; i++) assert_int_equal(task_yield(t), WAIT_OK);
}

static inline size_t bench_stored(struct task *t, void *context) {
    client_settle(t);
    return ((struct smtp_bench *)context)->store.deliveries;
}

static inline void client_write(struct task *t, struct client *client, struct slice bytes) {
    /* The server may have closed; what it said before is still read. */
    (void)!stream_write(t, client->stream, bytes, env_now_ms(client->bench->env) + TEST_PATIENCE_MS);
}

static inline void client_send(struct task *t, struct client *client) {
    if (client->out.len) client_write(t, client, buffer_slice(&client->out));
    buffer_clear(&client->out);
}

static inline void client_run_as(struct task *t, struct client *client, struct slice transcript,
                                 enum player_mode mode) {
    client_send(t, client);
    transcript_play_stored(t, &client->stream, client->name, transcript, mode, bench_stored, client->bench);
}

static inline void client_run(struct task *t, struct client *client, struct slice transcript) {
    client_run_as(t, client, transcript, PLAYER_WHOLE);
}

static inline struct client client_open(struct smtp_bench *bench, enum smtp_port_kind kind,
                                        const char *name) {
    return (struct client){.bench = bench,
                           .stream = bench_connect(bench, kind),
                           .out = buffer_new(FAKE_BODY_BYTES_MAX),
                           .name = name};
}
static inline void client_close(struct task *t, struct client *client) {
    stream_close(&client->stream);
    buffer_free(&client->out);
    client_settle(t);
}

/* A transcript on a connection of its own. */
static inline void transcript_run(struct task *t, struct smtp_bench *bench, enum smtp_port_kind kind,
                                  struct slice transcript, enum player_mode mode) {
    struct client client = client_open(bench, kind, "transcript");
    client_run_as(t, &client, transcript, mode);
    client_close(t, &client);
}

#endif

/*
 * The SMTP server between a store that only remembers and a login that knows one password, on
 * a real loop, and transcripts run against it. The store's and login's functions are defined
 * here, so a test links this once and not the real ones.
 *
 * Transcripts: "C: " a line sent, "C> " bytes sent (with \r \n \0 \t \\), "S: " a line expected (a
 * final "*" stands for anything), "S~ " lines up to
 * one that begins so, "S." the connection ends, "= N" N messages were delivered so far.
 */
#ifndef SMTP_BENCH_H
#define SMTP_BENCH_H

#include "test.h"

#include "certificate.h"
#include "io/file.h"
#include "smtp/smtp_server.h"
#include "store/body_pack.h"
#include "task_test.h"
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
    uint64_t tenant;
    uint64_t accounts[FAKE_ITEMS_MAX];
    size_t account_count;
    char queued[256];
    size_t queue_count;
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
    buffer_append(&store->mail_from, delivery->mail_from);
    buffer_clear(&store->message_id);
    buffer_append(&store->message_id, delivery->facts.message_id);
    store->tenant = delivery->tenant;
    store->raw_bytes = delivery->body.raw_bytes;
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
struct body_packer *body_packer_new(void) {
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

/* ---- a login with one password: the response "Z29vZA==" ---- */
static const struct login_identity fake_identity = {1, 1, "alice@example.test"};

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

/* ---- transcripts ---- */
struct client {
    struct smtp_bench *bench;
    struct stream *stream;
    /* What to send before the next answer is looked at. */
    struct buffer out;
    struct buffer in;
    /* Where this connection's sending is cut once; counts down. SIZE_MAX: nowhere. */
    size_t cut;
    const char *name;
};

static inline void client_settle(struct task *t) {
    for (int i = 0; i < 4; i++) assert_int_equal(task_yield(t), WAIT_OK);
}

static inline void client_write(struct task *t, struct client *client, struct slice bytes) {
    /* The server may have closed; what it said before is still read. */
    (void)!stream_write(t, client->stream, bytes, env_now_ms(client->bench->env) + 10000);
}

static inline void client_send(struct task *t, struct client *client) {
    struct slice bytes = buffer_slice(&client->out);
    if (client->cut < bytes.len) {
        client_write(t, client, slice_take(&bytes, client->cut));
        assert_int_equal(task_sleep(t, 1), WAIT_OK);
        client->cut = SIZE_MAX;
    } else if (client->cut != SIZE_MAX) {
        client->cut -= bytes.len;
    }
    if (bytes.len) client_write(t, client, bytes);
    buffer_clear(&client->out);
}

/* False: the connection ended. */
static inline bool client_read(struct task *t, struct client *client) {
    char bytes[4096];
    ssize_t got = stream_read(t, client->stream, bytes, sizeof bytes, env_now_ms(client->bench->env) + 10000);
    if (got == -ETIMEDOUT) fail_msg("%s: no answer", client->name);
    if (got > 0) buffer_append(&client->in, slice_of(bytes, (size_t)got));
    return got > 0;
}

static inline void client_expect_line(struct task *t, struct client *client, struct slice want) {
    size_t end;
    while ((end = slice_find_crlf(buffer_slice(&client->in))) == SLICE_NOT_FOUND)
        if (!client_read(t, client)) fail_msg("%s: closed, want '%.*s'", client->name, SLICE_PRINT(want));
    struct slice got = slice_sub(buffer_slice(&client->in), 0, end);
    bool is_open = want.len && want.ptr[want.len - 1] == '*';
    bool same = is_open ? slice_starts(got, slice_sub(want, 0, want.len - 1)) : slice_equal(got, want);
    if (!same) fail_msg("%s: got '%.*s', want '%.*s'", client->name, SLICE_PRINT(got), SLICE_PRINT(want));
    buffer_consume(&client->in, end + 2);
}

/* Takes one line; says whether it begins so. */
static inline bool client_takes_line(struct task *t, struct client *client, struct slice start) {
    while (slice_find_crlf(buffer_slice(&client->in)) == SLICE_NOT_FOUND)
        if (!client_read(t, client)) fail_msg("%s: closed, want '%.*s'", client->name, SLICE_PRINT(start));
    bool starts = slice_starts(buffer_slice(&client->in), start);
    buffer_consume(&client->in, slice_find_crlf(buffer_slice(&client->in)) + 2);
    return starts;
}

static inline void client_expect_end(struct task *t, struct client *client) {
    while (client_read(t, client)) continue;
    if (client->in.len)
        fail_msg("%s: left over '%.*s'", client->name, SLICE_PRINT(buffer_slice(&client->in)));
}

static inline void append_unescaped(struct buffer *out, struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '\\' || i + 1 == text.len) {
            buffer_append_byte(out, text.ptr[i]);
            continue;
        }
        uint8_t c = text.ptr[++i];
        buffer_append_byte(out, c == 'r' ? '\r' : c == 'n' ? '\n' : c == 't' ? '\t' : c == '0' ? 0 : c);
    }
}

static inline void transcript_line(struct task *t, struct client *client, struct slice line) {
    if (slice_take_prefix(&line, SLICE("C: "))) {
        buffer_append(&client->out, line);
        buffer_append(&client->out, SLICE("\r\n"));
        return;
    }
    if (slice_take_prefix(&line, SLICE("C> "))) {
        append_unescaped(&client->out, line);
        return;
    }
    uint64_t count = 0;
    if (slice_starts(line, SLICE("#")) || line.len == 0) return;
    client_send(t, client);
    if (slice_take_prefix(&line, SLICE("S: "))) {
        client_expect_line(t, client, line);
    } else if (slice_take_prefix(&line, SLICE("S~ "))) {
        while (!client_takes_line(t, client, line)) continue;
    } else if (slice_equal(line, SLICE("S."))) {
        client_expect_end(t, client);
    } else if (slice_take_prefix(&line, SLICE("= ")) && slice_to_number(line, 100, &count)) {
        client_settle(t);
        if (client->bench->store.deliveries != count)
            fail_msg("%s: %zu messages, want %zu", client->name, client->bench->store.deliveries,
                     (size_t)count);
    } else {
        fail_msg("%s: what is '%.*s'", client->name, SLICE_PRINT(line));
    }
}

static inline void client_run(struct task *t, struct client *client, struct slice transcript) {
    while (transcript.len) {
        struct slice line = slice_take_until(&transcript, '\n');
        (void)slice_take_byte(&transcript, '\n');
        transcript_line(t, client, line);
    }
    client_send(t, client);
}

static inline struct client client_open(struct smtp_bench *bench, enum smtp_port_kind kind,
                                        const char *name) {
    return (struct client){.bench = bench,
                           .stream = bench_connect(bench, kind),
                           .out = buffer_new(FAKE_BODY_BYTES_MAX),
                           .in = buffer_new(1 << 20),
                           .cut = SIZE_MAX,
                           .name = name};
}
static inline void client_close(struct task *t, struct client *client) {
    stream_close(&client->stream);
    buffer_free(&client->out);
    buffer_free(&client->in);
    client_settle(t);
}

/* A transcript on a connection of its own, cut at `cut`. */
static inline void transcript_run(struct task *t, struct smtp_bench *bench, enum smtp_port_kind kind,
                                  const char *name, struct slice transcript, size_t cut) {
    struct client client = client_open(bench, kind, name);
    client.cut = cut;
    client_run(t, &client, transcript);
    client_close(t, &client);
}

/* The transcript holds for what is sent, however it is cut. */
static inline size_t transcript_sent_bytes(struct slice transcript) {
    struct buffer sent = buffer_new(1 << 20);
    while (transcript.len) {
        struct slice line = slice_take_until(&transcript, '\n');
        (void)slice_take_byte(&transcript, '\n');
        bool is_line = slice_take_prefix(&line, SLICE("C: "));
        if (!is_line && !slice_take_prefix(&line, SLICE("C> "))) continue;
        append_unescaped(&sent, line);
        if (is_line) buffer_append(&sent, SLICE("\r\n"));
    }
    size_t bytes = sent.len;
    buffer_free(&sent);
    return bytes;
}

#endif

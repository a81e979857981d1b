/*
 * A courier in the simulated world: a store that is a list of messages, DNS, and hosts of far.test whose
 * answers the test writes. Virtual time: a host that is silent for minutes costs nothing.
 */
#ifndef COURIER_BENCH_H
#define COURIER_BENCH_H

#include <arpa/inet.h>
#include <strings.h>

#include "test.h"

#include "base/limits.h"
#include "io/conn.h"
#include "io/sim/sim.h"
#include "ipc/channel.h"
#include "store/body_pack.h"
#include "transit/courier.h"
#include "transit/protocol.h"
#include "transit/sign_protocol.h"

enum {
    HOSTS = 3,
    MESSAGES = 4,
    PARTS = 3,
    SETTLED = 16,
    TEXT_BYTES = 256,
    LINE_BYTES = 2048,
    CONTENT_BYTES = 8192
};
enum verb { V_GREETING, V_EHLO, V_MAIL, V_RCPT, V_DATA, V_END, V_RSET, V_AUTH, V_QUIT, VERBS };

#define CLOSE "CLOSE"
#define SILENCE "SILENCE"

/* A host: what it says to each verb (NULL: what a good one says), and what happened to it. */
struct far_host {
    struct bench *bench;
    const char *name;
    const char *address;
    struct sim_machine *machine;
    struct env *env;
    struct scope scope;
    bool is_absent;
    const char *says[VERBS];
    /* The first so many messages are taken well whatever `says` has; then, and for so many connections. */
    size_t good_messages;
    const char *offers;
    /* It answers STARTTLS with TLS. */
    bool has_tls;
    size_t tls_sessions;
    size_t connections;
    size_t commands;
    size_t taken;
    char last_content[CONTENT_BYTES];
    char last_mail[TEXT_BYTES];
    char last_rcpt[TEXT_BYTES];
    uint64_t content_bytes;
    char came_from[48];
};

struct far_message {
    struct outgoing_recipient recipients[PARTS];
    size_t count;
    uint64_t account;
    unsigned properties;
    struct buffer packed;
    uint64_t raw_bytes;
    bool is_inline;
    bool is_forwarded;
};

struct settled {
    uint64_t message;
    uint32_t number;
    enum queue_outcome outcome;
    char status[TEXT_BYTES];
    char reply[TEXT_BYTES];
    char host[TEXT_BYTES];
    char same_host[TEXT_BYTES];
    bool is_last_with_dsn;
};

struct bench {
    struct sim_world *world;
    struct sim_machine *ours;
    struct far_host hosts[HOSTS];
    struct far_message messages[MESSAGES];
    size_t message_count;
    size_t given;
    struct settled settled[SETTLED];
    size_t settled_count;
    char record[FLIGHT_RECORD_BYTES_MAX + 1];
    struct transit_session session;
    struct transit_session_end end;
    char reason[TEXT_BYTES];
    struct courier_settings settings;
    struct env *env;
    struct arena *arena;
    struct dns *dns;
    struct courier *courier;
    struct channel *store;
    /* The policy that the store keeps, how often it was told of one; and whether it answers at all. */
    struct buffer policy_text;
    struct buffer policy_id;
    struct sts_policy policy;
    size_t policies_kept;
    bool hides_policies;
    /* So many are not kept, as if the question was lost; how often one was due. */
    size_t keeps_lost;
    size_t policies_due;
    struct tls_result tls[SETTLED];
    char tls_hosts[SETTLED][TEXT_BYTES];
    size_t tls_count;
    struct transit_in_hand in_hand;
    uint64_t in_hand_message;
    /* The last report: its bytes, and for how many recipients. */
    struct buffer report;
    uint64_t report_id;
    uint64_t report_message;
    size_t report_numbers;
    /* What is said to questions about signing, and what they were. */
    enum transit_sign_result signers_result;
    enum transit_sign_result sign_results[4];
    bool signs_nothing;
    size_t signers_asked;
    size_t sign_asked;
    char signed_from[TEXT_BYTES];
    bool is_seal_asked;
    /* Of bodies: how often they were asked for; after so many there are none, 0: for ever. */
    size_t bodies_asked;
    size_t bodies_max;
    bool was_last;
    bool is_ended;
    bool is_over;
    /* What the test does instead of asking for one session. */
    void (*body)(struct task *t, struct bench *bench);
};

/* ---- a host ---- */

struct far_session {
    struct far_host *host;
    struct stream *stream;
    struct buffer in;
    size_t taken;
};

static inline void copy_text(char out[TEXT_BYTES], struct slice text) {
    (void)snprintf(out, TEXT_BYTES, "%.*s", SLICE_PRINT(text));
}

static inline bool far_read_line(struct task *t, struct far_session *session, char line[LINE_BYTES]) {
    for (;;) {
        size_t at = slice_find_crlf(buffer_slice(&session->in));
        if (at != SLICE_NOT_FOUND) {
            (void)snprintf(line, LINE_BYTES, "%.*s", (int)at, (const char *)session->in.ptr);
            buffer_consume(&session->in, at + 2);
            return true;
        }
        uint8_t bytes[LINE_BYTES];
        ssize_t got = stream_read(t, session->stream, bytes, sizeof bytes, DEADLINE_NONE);
        if (got <= 0) return false;
        buffer_append(&session->in, slice_of(bytes, (size_t)got));
    }
}

static inline bool far_write(struct task *t, struct far_session *session, const char *text) {
    return stream_write(t, session->stream, slice_from_text(text), DEADLINE_NONE) == 0;
}

/* False: the session ends. */
static inline bool far_say(struct task *t, struct far_session *session, enum verb verb, const char *good) {
    struct far_host *host = session->host;
    const char *says = host->says[verb];
    char line[LINE_BYTES];
    if (!says || session->taken < host->good_messages) says = good;
    if (strcmp(says, CLOSE) == 0) return false;
    if (strcmp(says, SILENCE) == 0) {
        (void)!task_wait(t, DEADLINE_NONE);
        return false;
    }
    (void)snprintf(line, sizeof line, "%s\r\n", says);
    return far_write(t, session, line) && strncmp(says, "421", 3) != 0;
}

static inline enum verb far_verb(const char *line) {
    static const struct {
        const char *word;
        enum verb verb;
    } rows[] = {{"EHLO", V_EHLO}, {"HELO", V_EHLO}, {"MAIL", V_MAIL}, {"RCPT", V_RCPT},
                {"DATA", V_DATA}, {"RSET", V_RSET}, {"AUTH", V_AUTH}, {"QUIT", V_QUIT}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strncasecmp(line, rows[i].word, 4) == 0) return rows[i].verb;
    return V_RSET;
}

static inline bool far_content(struct task *t, struct far_session *session) {
    struct far_host *host = session->host;
    char line[LINE_BYTES];
    host->last_content[0] = 0;
    host->content_bytes = 0;
    while (far_read_line(t, session, line)) {
        if (strcmp(line, ".") == 0) return true;
        size_t len = strlen(host->last_content);
        host->content_bytes += strlen(line) + 2;
        (void)snprintf(host->last_content + len, CONTENT_BYTES - len, "%s\n", line);
    }
    return false;
}

static inline bool far_command(struct task *t, struct far_session *session, const char *line) {
    struct far_host *host = session->host;
    char hello[LINE_BYTES];
    enum verb verb = far_verb(line);
    host->commands++;
    switch (verb) {
    case V_EHLO:
        (void)snprintf(hello, sizeof hello, "250-%s\r\n%s250 HELP", host->name, host->offers);
        return far_say(t, session, verb, hello);
    case V_MAIL:
        copy_text(host->last_mail, slice_from_text(line));
        return far_say(t, session, verb, "250 2.1.0 sender ok");
    case V_RCPT:
        copy_text(host->last_rcpt, slice_from_text(line));
        return far_say(t, session, verb, "250 2.1.5 recipient ok");
    case V_DATA:
        if (!far_say(t, session, V_DATA, "354 go on")) return false;
        if (host->says[V_DATA] && session->taken >= host->good_messages) return true;
        if (!far_content(t, session)) return false;
        host->taken++;
        session->taken++;
        if (session->taken <= host->good_messages) return far_write(t, session, "250 2.0.0 taken\r\n");
        return far_say(t, session, V_END, "250 2.0.0 taken");
    case V_QUIT:
        (void)far_say(t, session, V_QUIT, "221 bye");
        return false;
    default:
        return far_say(t, session, verb, verb == V_AUTH ? "235 ok" : "250 ok");
    }
}

static inline bool far_start_tls(struct task *t, struct far_session *session) {
    struct tls_context *tls = sim_tls_context(session->host->bench->world);
    if (!far_write(t, session, "220 go ahead\r\n")) return false;
    session->host->tls_sessions++;
    return tls_accept(t, &session->stream, tls, DEADLINE_NONE) == 0;
}

static inline void far_session_main(struct task *t, void *argument) {
    struct far_session *session = argument;
    char line[LINE_BYTES];
    bool goes_on = far_say(t, session, V_GREETING, "220 far ESMTP");
    while (goes_on && far_read_line(t, session, line)) {
        bool is_tls = session->host->has_tls && strcasecmp(line, "STARTTLS") == 0;
        goes_on = is_tls ? far_start_tls(t, session) : far_command(t, session, line);
    }
    stream_close(&session->stream);
    buffer_free(&session->in);
    free(session);
}

static inline void far_accept(void *context, struct stream *stream) {
    struct far_host *host = context;
    struct far_session *session = calloc(1, sizeof *session);
    if (!session) abort();
    host->connections++;
    (void)snprintf(host->came_from, sizeof host->came_from, "%s", stream->peer.address);
    *session = (struct far_session){.host = host, .stream = stream, .in = buffer_new(MIB(1))};
    if (scope_spawn(&host->scope, far_session_main, session)) return;
    stream_close(&session->stream);
    free(session);
}

static inline void far_host_main(struct task *t, void *argument) {
    struct far_host *host = argument;
    struct handle handle;
    if (listen_open(task_env(t), &(struct listen_request){"0.0.0.0", 25}, &handle)) abort();
    scope_init(&host->scope, task_env(t));
    struct listener *listener = listener_adopt(task_env(t), handle, far_accept, host);
    (void)!task_wait(t, DEADLINE_NONE);
    listener_close(&listener);
    scope_close(t, &host->scope);
}

/* ---- DNS ---- */

static inline size_t wire_name(uint8_t *out, const char *name) {
    struct slice rest = slice_from_text(name);
    size_t len = 0;
    while (rest.len) {
        struct slice label = slice_take_until(&rest, '.');
        (void)slice_take_byte(&rest, '.');
        out[len++] = (uint8_t)label.len;
        memcpy(out + len, label.ptr, label.len);
        len += label.len;
    }
    out[len++] = 0;
    return len;
}

static inline void add_mx(struct sim_world *world, const char *domain, uint16_t preference,
                          const char *host) {
    uint8_t data[300] = {(uint8_t)(preference >> 8), (uint8_t)preference};
    sim_dns_add(world, domain, DNS_MX, slice_of(data, 2 + wire_name(data + 2, host)), 60);
}

static inline void add_cname(struct sim_world *world, const char *name, const char *target) {
    uint8_t data[300];
    sim_dns_add(world, name, DNS_CNAME, slice_of(data, wire_name(data, target)), 60);
}

static inline void add_address(struct sim_world *world, const char *name, const char *address) {
    uint8_t bytes[16];
    bool is_ipv6 = strchr(address, ':') != NULL;
    if (inet_pton(is_ipv6 ? AF_INET6 : AF_INET, address, bytes) != 1) abort();
    sim_dns_add(world, name, is_ipv6 ? DNS_AAAA : DNS_A, slice_of(bytes, is_ipv6 ? 16 : 4), 60);
}

/* ---- the store ---- */

static inline void store_note(struct bench *bench, const struct settlement *settlement) {
    for (size_t i = 0; i < settlement->recipient_count; i++) {
        const struct settled_recipient *from = &settlement->recipients[i];
        assert_true(bench->settled_count < SETTLED);
        struct settled *to = &bench->settled[bench->settled_count++];
        to->message = settlement->message;
        to->number = from->number;
        to->outcome = from->outcome;
        copy_text(to->status, from->status);
        copy_text(to->reply, from->reply);
        copy_text(to->host, from->host);
        copy_text(to->same_host, from->same_host);
        to->is_last_with_dsn = from->is_last_with_dsn;
    }
    for (size_t i = 0; i < settlement->tls_count && bench->tls_count < SETTLED; i++) {
        copy_text(bench->tls_hosts[bench->tls_count], settlement->tls[i].host);
        bench->tls[bench->tls_count++] = settlement->tls[i];
    }
    (void)snprintf(bench->record, sizeof bench->record, "%.*s", SLICE_PRINT(settlement->record));
}

static inline void store_give(struct bench *bench, struct transit_work *work) {
    if (bench->given == bench->message_count) return;
    struct far_message *message = &bench->messages[bench->given++];
    work->outgoing = (struct outgoing){.message = bench->given,
                                       .mail_from = SLICE("ann@example.test"),
                                       .envelope_id = SLICE("a+b"),
                                       .account = message->account,
                                       .properties = message->properties,
                                       .is_forwarded = message->is_forwarded,
                                       .raw_bytes = message->raw_bytes,
                                       .packed_bytes = message->packed.len,
                                       .recipients = message->recipients,
                                       .recipient_count = message->count};
    if (message->is_inline) work->body = buffer_slice(&message->packed);
}

static inline void store_next(struct bench *bench, struct unpacker *in, struct buffer *out) {
    struct arena *arena = arena_new(MIB(4));
    struct transit_next next;
    struct transit_work work = {0};
    transit_next_unpack(in, arena, &next);
    assert_true(unpack_is_done(in));
    bench->was_last = next.is_last;
    if (next.settlement.message) store_note(bench, &next.settlement);
    if (!next.is_last) store_give(bench, &work);
    transit_work_pack(out, &work);
    arena_free(&arena);
}

static inline void store_body(struct bench *bench, struct unpacker *in, struct buffer *out) {
    struct transit_body body;
    transit_body_unpack(in, &body);
    assert_true(unpack_is_done(in));
    bench->bodies_asked++;
    if (bench->bodies_max && bench->bodies_asked > bench->bodies_max) return;
    struct slice packed = buffer_slice(&bench->messages[body.message - 1].packed);
    buffer_append(out, slice_sub(packed, (size_t)body.offset, TRANSIT_BODY_BYTES_MAX));
}

static inline void unpack_report(struct bench *bench, const struct delivery *delivery) {
    struct body_unpacker *unpacker = body_unpacker_new();
    struct slice packed = delivery->body.packed;
    struct body_index index;
    uint64_t index_bytes;
    assert_int_equal(body_index_bytes(slice_skip(packed, packed.len - 4), packed.len, &index_bytes), 0);
    assert_int_equal(
        body_index_read(slice_skip(packed, packed.len - (size_t)index_bytes), packed.len, &index), 0);
    for (uint32_t i = 0; i < index.frame_count; i++)
        assert_int_equal(
            body_unpack_frame(unpacker, slice_take(&packed, body_index_length(&index, i)), &bench->report),
            0);
    assert_int_equal(bench->report.len, delivery->body.raw_bytes);
    assert_int_equal(bench->report.len, delivery->facts.raw_bytes);
    assert_int_equal(delivery->mail_from.len, 0);
    assert_true(delivery->facts.message_id.len > 0);
    bench->report_id = delivery->id;
    body_unpacker_free(&unpacker);
}

static inline void store_report(struct bench *bench, struct unpacker *in, struct buffer *out) {
    struct arena *arena = arena_new(MIB(4));
    struct transit_report report;
    struct transit_work work = {0};
    transit_report_unpack(in, arena, &report);
    assert_true(unpack_is_done(in));
    bench->report_message = report.done.message;
    bench->report_numbers += report.done.number_count;
    if (report.done.report) unpack_report(bench, report.done.report);
    store_give(bench, &work);
    transit_work_pack(out, &work);
    arena_free(&arena);
}

static inline void store_signers(struct bench *bench, struct unpacker *in, struct buffer *out) {
    struct transit_signers_question question;
    struct transit_signers answer = {.result = bench->signers_result};
    transit_signers_question_unpack(in, &question);
    assert_true(unpack_is_done(in));
    assert_int_equal(question.session, bench->session.session);
    copy_text(bench->signed_from, question.from);
    bench->is_seal_asked = question.is_seal;
    bench->signers_asked++;
    if (answer.result == TRANSIT_SIGN_OK && !bench->signs_nothing) {
        answer.signers.domain = SLICE("example.test");
        answer.signers.count = 2;
        for (size_t i = 0; i < 2; i++) {
            answer.signers.signers[i].key = i + 1;
            answer.signers.signers[i].algorithm = i ? DKIM_ED25519_SHA256 : DKIM_RSA_SHA256;
            answer.signers.signers[i].selector = i ? SLICE("e1") : SLICE("r1");
        }
    }
    transit_signers_pack(out, &answer);
}

static inline void store_sign(struct bench *bench, struct unpacker *in, struct buffer *out) {
    static const uint8_t bytes[256] = {1, 2, 3};
    struct transit_sign sign;
    struct transit_signatures answer = {.result = bench->sign_results[bench->sign_asked++ % 4]};
    transit_sign_unpack(in, &sign);
    assert_true(unpack_is_done(in));
    assert_slice(sign.domain, "example.test");
    assert_int_equal(sign.count, bench->is_seal_asked ? 1 : 2);
    if (answer.result == TRANSIT_SIGN_OK) answer.count = sign.count;
    answer.signatures[0] = slice_of(bytes, 256);
    answer.signatures[1] = slice_of(bytes, 64);
    transit_signatures_pack(out, &answer);
}

static inline void store_policy(struct bench *bench, uint32_t type, struct unpacker *in, struct buffer *out) {
    struct slice domain = type == TRANSIT_POLICY ? unpack_slice(in) : bench->policy.domain;
    int64_t now_ms = env_wall_ms(bench->env);
    bool is_wanted = slice_equal(domain, bench->policy.domain);
    if (type == TRANSIT_POLICY_DUE)
        is_wanted = bench->policy.tried_ms < now_ms - MTA_STS_REFRESH_MS && bench->policy.expires_ms > now_ms;
    if (type == TRANSIT_POLICY_DUE && is_wanted) bench->policies_due++;
    struct sts_policy none = {0};
    if (!bench->hides_policies) transit_policy_pack(out, is_wanted ? &bench->policy : &none);
}

static inline void store_keep_policy(struct bench *bench, struct unpacker *in, struct buffer *out) {
    struct sts_policy policy;
    transit_policy_unpack(in, &policy);
    assert_true(unpack_is_done(in));
    if (bench->keeps_lost) {
        bench->keeps_lost--;
        return;
    }
    pack_bool(out, true);
    bench->policies_kept++;
    bench->policy.tried_ms = policy.tried_ms;
    if (policy.text.len == 0) return;
    buffer_clear(&bench->policy_text);
    buffer_clear(&bench->policy_id);
    buffer_append(&bench->policy_text, policy.text);
    buffer_append(&bench->policy_id, policy.id);
    bench->policy = policy;
    bench->policy.domain = SLICE("far.test");
    bench->policy.text = buffer_slice(&bench->policy_text);
    bench->policy.id = buffer_slice(&bench->policy_id);
}

static inline void store_requested(struct task *t, void *context, struct ipc_request *request) {
    (void)t;
    struct buffer out = buffer_new(IPC_FRAME_BYTES_MAX);
    struct unpacker in = unpacker_of(request->message.body);
    if (request->message.type == TRANSIT_NEXT) store_next(context, &in, &out);
    if (request->message.type == TRANSIT_BODY) store_body(context, &in, &out);
    if (request->message.type == TRANSIT_REPORT) store_report(context, &in, &out);
    if (request->message.type == TRANSIT_SIGNERS) store_signers(context, &in, &out);
    if (request->message.type == TRANSIT_SIGN) store_sign(context, &in, &out);
    if (request->message.type == TRANSIT_POLICY || request->message.type == TRANSIT_POLICY_DUE)
        store_policy(context, request->message.type, &in, &out);
    if (request->message.type == TRANSIT_POLICY_KEEP) store_keep_policy(context, &in, &out);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
}

static const struct channel_handlers store_handlers = {store_requested, NULL, NULL};

static inline void store_attach(struct bench *bench) {
    struct handle pair[2];
    assert_int_equal(stream_pair(bench->env, pair), 0);
    channel_attach(bench->store, stream_adopt(bench->env, pair[0]));
    courier_attach(bench->courier, stream_adopt(bench->env, pair[1]));
}

static inline void store_hello(struct task *t, struct bench *bench) {
    struct ipc_answer answer;
    struct ipc_message question = {TRANSIT_HELLO, SLICE_EMPTY, HANDLE_NONE};
    struct arena *arena = arena_new(MIB(1));
    assert_int_equal(channel_call(t, bench->store, &question, &answer, DEADLINE_NONE), IPC_OK);
    struct unpacker in = unpacker_of(buffer_slice(&answer.body));
    transit_in_hand_unpack(&in, arena, &bench->in_hand);
    assert_true(unpack_is_done(&in));
    bench->in_hand_message = bench->in_hand.count ? bench->in_hand.items[0].message : 0;
    ipc_answer_free(&answer);
    arena_free(&arena);
}

/* One session, to its end. */
static inline enum ipc_result store_session(struct task *t, struct bench *bench) {
    struct buffer out = buffer_new(IPC_FRAME_BYTES_MAX);
    struct ipc_answer answer;
    transit_session_pack(&out, &bench->session);
    struct ipc_message question = {TRANSIT_SESSION, buffer_slice(&out), HANDLE_NONE};
    enum ipc_result result = channel_call(t, bench->store, &question, &answer, DEADLINE_NONE);
    buffer_free(&out);
    if (result != IPC_OK) return result;
    struct unpacker in = unpacker_of(buffer_slice(&answer.body));
    transit_session_end_unpack(&in, &bench->end);
    assert_true(unpack_is_done(&in));
    copy_text(bench->reason, bench->end.reason);
    bench->is_ended = true;
    ipc_answer_free(&answer);
    return IPC_OK;
}

/* ---- the whole ---- */

static inline void ours_main(struct task *t, void *argument) {
    struct bench *bench = argument;
    const char *reason;
    bench->env = task_env(t);
    bench->dns = dns_open(t, &(struct dns_options){0}, &reason);
    bench->courier = courier_new(bench->env, &bench->dns, &bench->settings);
    bench->store = channel_new(bench->env, &store_handlers, bench);
    store_attach(bench);
    store_hello(t, bench);
    if (bench->body)
        bench->body(t, bench);
    else
        assert_int_equal(store_session(t, bench), IPC_OK);
    courier_free(t, &bench->courier);
    channel_close(t, &bench->store);
    dns_close(&bench->dns);
    bench->is_over = true;
}

static inline bool bench_is_over(void *context) { return ((struct bench *)context)->is_over; }

/* Two hosts, mx1 before mx2, and one message to one recipient. */
static inline struct bench *bench_new(uint64_t seed) {
    static const char *const names[HOSTS] = {"mx1.far.test", "mx2.far.test", "relay.test"};
    static const char *const addresses[HOSTS] = {"11.0.0.1", "11.0.0.2", "11.0.0.3"};
    struct bench *bench = calloc(1, sizeof *bench);
    if (!bench) abort();
    bench->world = sim_world_new(seed);
    bench->report = buffer_new(MIB(1));
    bench->policy_text = buffer_new(MIB(1));
    bench->policy_id = buffer_new(TEXT_BYTES);
    bench->ours = sim_machine_new(bench->world, "ours", "11.0.1.1");
    bench->settings = (struct courier_settings){.hostname = SLICE("mail.example.test"), .port = 25};
    bench->session = (struct transit_session){
        .session = 77, .destination = 5, .domain = SLICE("far.test"), .messages_max = 100};
    for (size_t i = 0; i < HOSTS; i++) {
        struct far_host *host = &bench->hosts[i];
        host->bench = bench;
        host->name = names[i];
        host->address = addresses[i];
        host->offers = "";
        host->machine = sim_machine_new(bench->world, names[i], addresses[i]);
        add_address(bench->world, names[i], addresses[i]);
    }
    add_mx(bench->world, "far.test", 10, "mx1.far.test");
    add_mx(bench->world, "far.test", 20, "mx2.far.test");
    return bench;
}

static inline struct far_message *bench_add(struct bench *bench, const char *content, size_t recipients) {
    static const char *const addresses[PARTS] = {"a@far.test", "b@far.test", "c@far.test"};
    struct far_message *message = &bench->messages[bench->message_count++];
    struct body_packer *packer = body_packer_new(NULL);
    message->packed = buffer_new(MIB(8));
    message->count = recipients;
    message->is_inline = true;
    for (size_t i = 0; i < recipients; i++)
        message->recipients[i] =
            (struct outgoing_recipient){.number = (uint32_t)i + 1, .address = slice_from_text(addresses[i])};
    body_packer_feed(packer, slice_from_text(content), &message->packed);
    message->raw_bytes = body_packer_finish(packer, &message->packed);
    body_packer_free(&packer);
    return message;
}

static inline void bench_run_for(struct bench *bench, int64_t most_ms) {
    for (size_t i = 0; i < HOSTS; i++)
        if (!bench->hosts[i].is_absent)
            bench->hosts[i].env =
                sim_process_start(bench->hosts[i].machine, "host", far_host_main, &bench->hosts[i]);
    (void)sim_process_start(bench->ours, "courier", ours_main, bench);
    assert_true(sim_world_run_until(bench->world, bench_is_over, bench, most_ms));
}

static inline void bench_run(struct bench *bench) { bench_run_for(bench, 4 * 3600 * 1000); }

static inline void bench_free(struct bench **bench) {
    sim_world_free(&(*bench)->world);
    for (size_t i = 0; i < MESSAGES; i++) buffer_free(&(*bench)->messages[i].packed);
    buffer_free(&(*bench)->report);
    buffer_free(&(*bench)->policy_text);
    buffer_free(&(*bench)->policy_id);
    free(*bench);
    *bench = NULL;
}

#endif

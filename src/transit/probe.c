#include "transit/probe.h"

#include <stdio.h>

#include "base/limits.h"
#include "wire/date.h"
#include "wire/dns.h"

enum { PROBE_ARENA_BYTES = 4 << 20, HOST_STEPS_MAX = 24, ANSWER_MS = 15 * 1000, CONNECT_MS = 10 * 1000 };

/* A test at work. */
struct probe {
    const struct probe_world *world;
    struct arena *arena;
    const struct transit_test *test;
    struct transit_test_result result;
    const struct transit_host *host;
    struct smtp_client *client;
    bool has_told_tls;
    int64_t step_began_ms;
    int64_t until_ms;
    /* The message that is sent, and how much of it was read. */
    struct slice content;
    size_t content_read;
};

/* ---- what is told ---- */

static void add_step(struct probe *probe, bool is_good, struct slice text, struct slice advice) {
    int64_t now_ms = env_now_ms(probe->world->env);
    if (!is_good) probe->result.is_good = false;
    if (probe->result.step_count == ROUTE_TEST_STEPS_MAX) return;
    probe->result.steps[probe->result.step_count++] =
        (struct transit_test_step){.is_good = is_good,
                                   .took_ms = now_ms - probe->step_began_ms,
                                   .text = slice_sub(text, 0, ROUTE_TEST_STEP_BYTES_MAX),
                                   .advice = advice};
    probe->step_began_ms = now_ms;
}

static void tell(struct probe *probe, struct slice text) { add_step(probe, true, text, SLICE_EMPTY); }

static void tell_failure(struct probe *probe, struct probe_failure failure) {
    add_step(probe, false, failure.text, failure.advice);
}

static bool is_checked(const struct transit_route *route) {
    return route->tls == TRANSIT_TLS_VERIFIED || route->tls == TRANSIT_TLS_IMPLICIT;
}

static void tell_tls(struct probe *probe) {
    if (probe->has_told_tls) return;
    const struct stream_security *security = smtp_client_security(probe->client);
    if (!security->is_tls) return;
    probe->has_told_tls = true;
    bool has_end = security->peer_certificate_left_s && security->peer_certificate_left_s != INT64_MAX;
    struct slice end = has_end ? arena_printf(probe->arena, ", which ends in %lld days",
                                              (long long)(security->peer_certificate_left_s / 86400))
                               : SLICE_EMPTY;
    struct slice whose =
        is_checked(&probe->test->route)
            ? arena_printf(probe->arena, "the certificate is for %.*s", SLICE_PRINT(probe->host->name))
            : SLICE("the certificate is not checked");
    tell(probe, arena_printf(probe->arena, "TLS: %s, %s; %.*s%.*s", security->protocol, security->cipher,
                             SLICE_PRINT(whose), SLICE_PRINT(end)));
}

/* Refusals are told where their outcome is known. */
static void heard(void *context, enum smtp_client_stage stage, const struct smtp_answer *answer) {
    struct probe *probe = context;
    bool is_step = stage != SMTP_STAGE_AUTH || answer->code / 100 == 2;
    if (answer->code >= 400 || !is_step) return;
    tell_tls(probe);
    struct slice text = answer->text;
    struct slice first = slice_take_until(&text, '\n');
    tell(probe, arena_printf(probe->arena, "%s: %u %.*s", smtp_client_stage_name(stage), answer->code,
                             SLICE_PRINT(first)));
}

/* ---- its addresses ---- */

struct addresses {
    const char *items[ROUTE_TEST_ADDRESSES_MAX];
    size_t count;
};

static void add_address(struct probe *probe, struct addresses *addresses, const struct dns_address *address) {
    struct buffer text = buffer_new(64);
    if (addresses->count == ROUTE_TEST_ADDRESSES_MAX) return;
    dns_address_text(address, &text);
    addresses->items[addresses->count++] = arena_text(probe->arena, buffer_slice(&text));
    buffer_free(&text);
}

static enum dns_result look_up(struct task *t, struct probe *probe, struct slice name, enum dns_type type,
                               struct addresses *addresses) {
    struct dns_answer answer;
    struct dns_address address;
    int64_t until_ms = env_now_ms(probe->world->env) + ANSWER_MS;
    enum dns_result result =
        dns_lookup(t, *probe->world->dns, name, (uint16_t)type, probe->arena, &answer, until_ms);
    for (size_t i = 0; result == DNS_OK && i < answer.count; i++)
        if (dns_address_read(answer.records[i], &address)) add_address(probe, addresses, &address);
    return result;
}

/* RFC 6761 6.3 */
static bool find_here(struct probe *probe, struct slice name, struct addresses *addresses) {
    struct dns_address address;
    if (slice_equal_nocase(name, SLICE("localhost"))) {
        addresses->items[addresses->count++] = "127.0.0.1";
        addresses->items[addresses->count++] = "::1";
        return true;
    }
    if (!dns_address_parse(name, &address)) return false;
    add_address(probe, addresses, &address);
    return true;
}

static bool find(struct task *t, struct probe *probe, struct slice name, struct addresses *addresses) {
    if (find_here(probe, name, addresses)) return true;
    enum dns_result v4 = look_up(t, probe, name, DNS_A, addresses);
    enum dns_result v6 = v4 == DNS_NO_SUCH_NAME ? v4 : look_up(t, probe, name, DNS_AAAA, addresses);
    if (addresses->count == 0) {
        bool is_unsure = v6 != DNS_OK && v6 != DNS_NO_DATA;
        tell_failure(probe, probe_explain_lookup(probe->arena, name, is_unsure ? v6 : v4));
        return false;
    }
    tell(probe, arena_printf(probe->arena, "DNS: %.*s is %s%s", SLICE_PRINT(name), addresses->items[0],
                             addresses->count > 1 ? " and others" : ""));
    return true;
}

/* ---- the connection ---- */

/* The first that takes it, or NULL. One that does is enough; the others are told of all the same. */
static struct stream *connect_any(struct task *t, struct probe *probe, const struct addresses *addresses) {
    bool was_good = probe->result.is_good;
    for (size_t i = 0; i < addresses->count && !task_is_cancelled(t); i++) {
        struct stream *stream = NULL;
        struct connect_request request = {.address = addresses->items[i], .port = probe->host->port};
        int result = stream_connect(t, probe->world->env, &request,
                                    env_now_ms(probe->world->env) + CONNECT_MS, &stream);
        if (result == 0) {
            tell(probe, arena_printf(probe->arena, "connected to %s, port %u", addresses->items[i],
                                     probe->host->port));
            probe->result.is_good = was_good;
            return stream;
        }
        tell_failure(probe,
                     probe_explain_connect(probe->arena, addresses->items[i], probe->host->port, result));
    }
    return NULL;
}

static struct smtp_client_options options_of(struct probe *probe, struct slice name,
                                             const struct stream *stream) {
    static const enum smtp_client_tls modes[] = {[TRANSIT_TLS_OFFERED] = SMTP_CLIENT_TLS_OFFERED,
                                                 [TRANSIT_TLS_REQUIRED] = SMTP_CLIENT_TLS_REQUIRED,
                                                 [TRANSIT_TLS_VERIFIED] = SMTP_CLIENT_TLS_REQUIRED,
                                                 [TRANSIT_TLS_IMPLICIT] = SMTP_CLIENT_TLS_IMPLICIT,
                                                 [TRANSIT_TLS_NEVER] = SMTP_CLIENT_TLS_NEVER};
    const struct transit_route *route = &probe->test->route;
    const struct probe_world *world = probe->world;
    return (struct smtp_client_options){
        .hello = world->hello,
        .times = {ANSWER_MS, ANSWER_MS, ANSWER_MS, ANSWER_MS, ANSWER_MS, 4 * ANSWER_MS},
        .tls = modes[route->tls],
        .tls_context = is_checked(route) ? world->tls_trusting : world->tls_any,
        .tls_name = arena_text(probe->arena, name),
        .logs_in_without_tls = stream->peer.is_loopback && route->tls == TRANSIT_TLS_NEVER,
        .heard = heard,
        .context = probe};
}

/* ---- the message ---- */

static ssize_t read_content(struct task *t, void *context, void *bytes, size_t len) {
    (void)t;
    struct probe *probe = context;
    struct slice next = slice_sub(probe->content, probe->content_read, len);
    if (next.len) memcpy(bytes, next.ptr, next.len);
    probe->content_read += next.len;
    return (ssize_t)next.len;
}

static struct slice write_content(struct probe *probe) {
    const struct transit_test *test = probe->test;
    struct env *env = probe->world->env;
    struct buffer date = buffer_new(64);
    date_write(&date, (struct date){.utc_ms = env_wall_ms(env)});
    struct slice content = arena_printf(probe->arena,
                                        "Date: %.*s\r\nFrom: <%.*s>\r\nTo: <%.*s>\r\nMessage-ID: "
                                        "<%016llx@%.*s>\r\nSubject: Test of the route "
                                        "%.*s\r\nAuto-Submitted: auto-generated\r\n\r\nThis was sent by "
                                        "\"posthaste route test %.*s\", by way "
                                        "of %.*s.\r\nThe route works as far as your mailbox.\r\n",
                                        SLICE_PRINT(buffer_slice(&date)), SLICE_PRINT(test->mail_from),
                                        SLICE_PRINT(test->recipient), (unsigned long long)env_random_u64(env),
                                        SLICE_PRINT(probe->world->hello), SLICE_PRINT(test->route.name),
                                        SLICE_PRINT(test->route.name), SLICE_PRINT(probe->host->name));
    buffer_free(&date);
    return content;
}

static struct smtp_client_outcome send_message(struct task *t, struct probe *probe) {
    probe->content = write_content(probe);
    probe->content_read = 0;
    struct smtp_client_recipient recipient = {.address = probe->test->recipient};
    struct smtp_client_message message = {.mail_from = probe->test->mail_from,
                                          .bytes = probe->content.len,
                                          .recipients = &recipient,
                                          .recipient_count = 1,
                                          .read = read_content,
                                          .context = probe};
    struct smtp_client_outcome outcome = smtp_client_send(t, probe->client, probe->arena, &message);
    bool is_about_him = outcome.result == SMTP_CLIENT_OK || outcome.result == SMTP_CLIENT_REFUSED;
    return is_about_him && recipient.outcome.result != SMTP_CLIENT_OK ? recipient.outcome : outcome;
}

/* ---- a host ---- */

static void talk(struct task *t, struct probe *probe) {
    const struct transit_route *route = &probe->test->route;
    struct smtp_client_outcome outcome = smtp_client_begin(t, probe->client, probe->arena);
    if (outcome.result == SMTP_CLIENT_OK && route->user.len)
        outcome = smtp_client_log_in(t, probe->client, probe->arena, route->user, route->password);
    if (outcome.result == SMTP_CLIENT_OK && probe->test->recipient.len) outcome = send_message(t, probe);
    if (outcome.result != SMTP_CLIENT_OK)
        tell_failure(probe, probe_explain(probe->arena, route, probe->host, &outcome));
}

static struct slice without_brackets(struct slice name) {
    bool has = name.len > 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']';
    return has ? slice_sub(name, 1, name.len - 2) : name;
}

static void probe_host(struct task *t, struct probe *probe) {
    struct addresses addresses = {.count = 0};
    struct slice name = without_brackets(probe->host->name);
    if (!find(t, probe, name, &addresses)) return;
    if (is_checked(&probe->test->route) && !probe->world->tls_trusting) {
        tell_failure(probe, (struct probe_failure){
                                SLICE("there are no certificate authorities to check its certificate with"),
                                SLICE("Install the package ca-certificates, or name a file of them with "
                                      "outbound.trusted_roots; then reload.")});
        return;
    }
    struct stream *stream = connect_any(t, probe, &addresses);
    if (!stream) return;
    struct smtp_client_options options = options_of(probe, name, stream);
    probe->client = smtp_client_new(probe->world->env, &stream, &options);
    probe->has_told_tls = false;
    talk(t, probe);
    /* Its QUIT is heard, too, when it is no longer ours. */
    probe->has_told_tls = true;
    smtp_client_free(t, &probe->client);
}

struct transit_test_result probe_run(struct task *t, const struct probe_world *world, struct arena *arena,
                                     const struct transit_test *test) {
    struct probe probe = {.world = world, .arena = arena, .test = test, .result = {.is_good = true}};
    probe.until_ms = env_now_ms(world->env) + ROUTE_TEST_MS;
    probe.result.steps = ARENA_NEW_ARRAY(arena, struct transit_test_step, ROUTE_TEST_STEPS_MAX);
    for (size_t i = 0; i < test->route.host_count && i < ROUTE_HOSTS_MAX && !task_is_cancelled(t); i++) {
        probe.host = &test->route.hosts[i];
        probe.step_began_ms = env_now_ms(world->env);
        if (probe.step_began_ms < probe.until_ms)
            probe_host(t, &probe);
        else
            tell_failure(&probe, (struct probe_failure){arena_printf(arena,
                                                                     "%.*s was not tried: the others "
                                                                     "took too long",
                                                                     SLICE_PRINT(probe.host->name)),
                                                        SLICE("Mend those first, and test again.")});
    }
    if (test->route.host_count == 0) probe.result.is_good = false;
    return probe.result;
}

void probe_answer(struct task *t, const struct probe_world *world, struct ipc_request *request) {
    struct arena *arena = arena_new(PROBE_ARENA_BYTES);
    struct buffer out = buffer_new(IPC_FRAME_BYTES_MAX);
    struct unpacker in = unpacker_of(request->message.body);
    struct transit_test test;
    transit_test_unpack(&in, arena, &test);
    if (unpack_is_done(&in)) {
        struct transit_test_result result = probe_run(t, world, arena, &test);
        transit_test_result_pack(&out, &result);
    }
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
    arena_free(&arena);
}

#include "app/domain/reach.h"

#include "app/settings/orders.h"
#include "smtp/smtp_client.h"

enum { LINE_BYTES_MAX = 1024, SECONDS_A_DAY = 86400, CERTIFICATE_WARN_DAYS = HEALTH_CERTIFICATE_WARN_DAYS };

/* What is tried at a port. */
enum trial {
    TRIAL_SMTP,
    TRIAL_TLS,
    /* A line of greeting. */
    TRIAL_GREETING,
    /* STARTTLS at port 25, and whether the certificate is for the host; where that shows none, another port.
     */
    TRIAL_CERTIFICATE,
};

static const struct target {
    enum port_kind port;
    enum trial trial;
    enum publish_necessity necessity;
    const char *purpose;
} targets[] = {{PORT_SMTP, TRIAL_SMTP, PUBLISH_MUST, "other servers bring mail"},
               {PORT_SUBMISSION, TRIAL_SMTP, PUBLISH_SHOULD, "mail programs send"},
               {PORT_SUBMISSIONS, TRIAL_TLS, PUBLISH_SHOULD, "mail programs send"},
               {PORT_IMAP, TRIAL_GREETING, PUBLISH_MAY, "mail programs read"},
               {PORT_IMAPS, TRIAL_TLS, PUBLISH_SHOULD, "mail programs read"},
               {PORT_POP3S, TRIAL_TLS, PUBLISH_MAY, "mail programs fetch"},
               {PORT_HTTPS, TRIAL_TLS, PUBLISH_SHOULD, "MTA-STS and account set-up are fetched"},
               {PORT_SMTP, TRIAL_CERTIFICATE, PUBLISH_SHOULD, ""}};
enum { TARGETS = sizeof targets / sizeof targets[0] };

struct looking;

struct visit {
    struct looking *looking;
    const struct target *target;
    const char *address;
    uint16_t port;
    struct stream *stream;
    /* Of a port; of STARTTLS and the certificate, for those. */
    struct check_line *line;
    struct check_line *starttls;
};

struct looking {
    struct env *env;
    struct arena *arena;
    const struct domain_facts *facts;
    struct tls_context *any;
    struct tls_context *trusting;
    struct scope scope;
    struct gate ended;
    size_t under_way;
    int64_t until_ms;
    struct visit visits[TARGETS];
};

/* ---- what went wrong ---- */

static struct slice connect_words(struct visit *visit, int error) {
    const char *why = error == -ECONNREFUSED ? "nobody listens there"
                      : error == -ETIMEDOUT  ? "no answer: a firewall, here or at the provider, drops it"
                                             : strerror(-error);
    return arena_printf(visit->looking->arena, "%s, port %u: %s", visit->address, visit->port, why);
}

static void say_unreached(struct visit *visit, int error) {
    bool is_mx = visit->target->port == PORT_SMTP;
    check_line_wrong(visit->line, connect_words(visit, error),
                     is_mx ? SLICE("open port 25 to this host; some providers open it only when asked")
                           : SLICE("open the port, and see with posthaste health that the server listens"));
}

static void say_broken(struct visit *visit, const char *what) {
    check_line_wrong(
        visit->line,
        arena_printf(visit->looking->arena, "%s, port %u: %s", visit->address, visit->port, what),
        SLICE("is it this server that answers there? posthaste health looks at it from inside"));
}

static void say_unknown(struct visit *visit, struct slice words, struct slice advice) {
    visit->line->state = DNSCHECK_UNKNOWN;
    visit->line->words = words;
    visit->line->advice = advice;
}

/* ---- trials; each on a connection that is there ---- */

static struct smtp_client_options client_options(struct visit *visit, bool is_checked) {
    struct looking *looking = visit->looking;
    return (struct smtp_client_options){.hello = looking->facts->publish.host,
                                        .times = smtp_client_times_default(),
                                        .tls =
                                            is_checked ? SMTP_CLIENT_TLS_REQUIRED : SMTP_CLIENT_TLS_OFFERED,
                                        .tls_context = is_checked ? looking->trusting : looking->any,
                                        .tls_name = arena_text(looking->arena, looking->facts->publish.host)};
}

static void say_starttls(struct visit *visit, bool is_tls) {
    if (!visit->starttls || is_tls) return;
    check_line_wrong(visit->starttls, SLICE("it is not offered: all mail comes in the clear"),
                     SLICE("is a filter or firewall between others and this server? It may hide STARTTLS"));
}

static void try_smtp(struct task *t, struct visit *visit) {
    struct looking *looking = visit->looking;
    struct smtp_client_options options = client_options(visit, false);
    struct smtp_client *client = smtp_client_new(looking->env, &visit->stream, &options);
    struct smtp_client_outcome outcome = smtp_client_begin(t, client, looking->arena);
    if (outcome.result == SMTP_CLIENT_OK)
        say_starttls(visit, smtp_client_security(client)->is_tls);
    else
        say_broken(visit, outcome.result == SMTP_CLIENT_TLS_FAILED ? "TLS fails" : "it does not speak SMTP");
    smtp_client_free(t, &client);
}

static void try_tls(struct task *t, struct visit *visit) {
    struct tls_peer peer = {.name = arena_text(visit->looking->arena, visit->looking->facts->publish.host)};
    if (tls_connect_to(t, &visit->stream, visit->looking->any, &peer, visit->looking->until_ms))
        say_broken(visit, "TLS fails");
}

static void try_greeting(struct task *t, struct visit *visit) {
    char bytes[LINE_BYTES_MAX];
    ssize_t got = stream_read(t, visit->stream, bytes, sizeof bytes, visit->looking->until_ms);
    if (got <= 0 || !slice_starts(slice_of(bytes, (size_t)got), SLICE("* OK")))
        say_broken(visit, "it does not greet");
}

/* ---- the certificate, RFC 9525 ---- */

static void say_days(struct visit *visit, int64_t left_s) {
    long long days = (long long)(left_s / SECONDS_A_DAY);
    visit->line->found = arena_printf(visit->looking->arena, "good for %lld days", days);
    if (days < CERTIFICATE_WARN_DAYS)
        check_line_wrong(visit->line, arena_printf(visit->looking->arena, "it ends in %lld days", days),
                         SLICE("renew it: put a new one where tls.certificate says, then send SIGHUP"));
}

static void say_fault(struct visit *visit, const char *fault) {
    check_line_wrong(visit->line, slice_from_text(fault),
                     arena_printf(visit->looking->arena,
                                  "get one for %.*s from an authority that others trust",
                                  SLICE_PRINT(visit->looking->facts->publish.host)));
}

/* What keeps port 25 from showing it has its own line. */
static bool try_certificate_elsewhere(struct task *t, struct visit *visit) {
    struct looking *looking = visit->looking;
    struct tls_peer peer = {.name = arena_text(looking->arena, looking->facts->publish.host)};
    uint16_t port = (uint16_t)(looking->facts->config.base_port + ports[PORT_SUBMISSIONS].number);
    struct connect_request to = {.address = visit->address, .port = port};
    stream_close(&visit->stream);
    if (stream_connect(t, looking->env, &to, looking->until_ms, &visit->stream)) return false;
    int result = tls_connect_to(t, &visit->stream, looking->trusting, &peer, looking->until_ms);
    if (result == 0) say_days(visit, visit->stream->security.peer_certificate_left_s);
    if (result && peer.fault) say_fault(visit, peer.fault);
    return result == 0 || peer.fault;
}

static void try_certificate(struct task *t, struct visit *visit) {
    struct looking *looking = visit->looking;
    struct smtp_client_options options = client_options(visit, true);
    struct smtp_client *client = smtp_client_new(looking->env, &visit->stream, &options);
    struct smtp_client_outcome outcome = smtp_client_begin(t, client, looking->arena);
    if (outcome.result == SMTP_CLIENT_OK)
        say_days(visit, smtp_client_security(client)->peer_certificate_left_s);
    else if (outcome.result == SMTP_CLIENT_TLS_FAILED && outcome.tls_fault)
        say_fault(visit, outcome.tls_fault);
    else if (!try_certificate_elsewhere(t, visit))
        say_unknown(visit, SLICE("no TLS at port 25 showed it"), SLICE("see the lines of port 25"));
    smtp_client_free(t, &client);
}

/* ---- all of them ---- */

static void follow(struct task *t, struct visit *visit, const struct dns_address *address) {
    static void (*const trials[])(struct task * t,
                                  struct visit * visit) = {[TRIAL_SMTP] = try_smtp,
                                                           [TRIAL_TLS] = try_tls,
                                                           [TRIAL_GREETING] = try_greeting,
                                                           [TRIAL_CERTIFICATE] = try_certificate};
    struct buffer text = buffer_new(64);
    dns_address_text(address, &text);
    visit->address = arena_text(visit->looking->arena, buffer_slice(&text));
    buffer_free(&text);
    struct connect_request to = {.address = visit->address, .port = visit->port};
    int result = stream_connect(t, visit->looking->env, &to, visit->looking->until_ms, &visit->stream);
    if (result == 0)
        trials[visit->target->trial](t, visit);
    else if (visit->target->trial != TRIAL_CERTIFICATE)
        say_unreached(visit, result);
    else if (!try_certificate_elsewhere(t, visit))
        say_unknown(visit, connect_words(visit, result), SLICE("see the lines of port 25"));
    stream_close(&visit->stream);
}

static void visit_main(struct task *t, void *argument) {
    struct visit *visit = argument;
    const struct publish_facts *facts = &visit->looking->facts->publish;
    for (size_t i = 0; i < facts->address_count && visit->line->state == DNSCHECK_RIGHT; i++)
        follow(t, visit, &facts->addresses[i]);
    visit->looking->under_way--;
    gate_open(&visit->looking->ended);
}

static void prepare(struct looking *looking, struct check_lines *lines, size_t i) {
    const struct target *target = &targets[i];
    struct visit *visit = &looking->visits[i];
    uint16_t port = (uint16_t)(looking->facts->config.base_port + ports[target->port].number);
    *visit = (struct visit){.looking = looking, .target = target, .port = port};
    if (target->trial == TRIAL_CERTIFICATE)
        visit->line = check_line_add(lines, "certificate", looking->facts->publish.host, target->necessity);
    else {
        visit->line =
            check_line_add(lines, "port", arena_printf(looking->arena, "%u", port), target->necessity);
        visit->line->found = slice_from_text(target->purpose);
    }
    if (target->port == PORT_SMTP && target->trial == TRIAL_SMTP)
        visit->starttls = check_line_add(lines, "starttls", looking->facts->publish.host, PUBLISH_SHOULD);
}

static void start(struct looking *looking, size_t i) {
    struct visit *visit = &looking->visits[i];
    if (visit->target->trial == TRIAL_CERTIFICATE && !looking->trusting) {
        say_unknown(visit, SLICE("there are no roots to trust it by"),
                    SLICE("see outbound.trusted_roots in posthaste.conf"));
        return;
    }
    looking->under_way++;
    if (!scope_spawn(&looking->scope, visit_main, visit)) FATAL("a new scope is closed");
}

static void say_no_address(struct check_lines *lines) {
    struct check_line *line = check_line_add(lines, "port", SLICE("25"), PUBLISH_MUST);
    line->state = DNSCHECK_UNKNOWN;
    line->words = SLICE("this host's address is not known");
    line->advice = SLICE("set dns.public_addresses in posthaste.conf");
}

void reach_look(struct task *t, struct arena *arena, const struct domain_facts *facts,
                struct check_lines *lines) {
    struct env *env = task_env(t);
    const char *reason;
    if (facts->publish.address_count == 0) {
        say_no_address(lines);
        return;
    }
    struct looking *looking = ARENA_NEW(arena, struct looking);
    *looking = (struct looking){
        .env = env, .arena = arena, .facts = facts, .until_ms = env_now_ms(env) + REACH_MS_MAX};
    looking->any = tls_context_client();
    looking->trusting = tls_context_client_trusting(facts->roots_pem, &reason);
    scope_init(&looking->scope, env);
    gate_init(&looking->ended);
    for (size_t i = 0; i < TARGETS; i++) prepare(looking, lines, i);
    for (size_t i = 0; i < TARGETS; i++) start(looking, i);
    while (looking->under_way && gate_wait(t, &looking->ended, looking->until_ms) == WAIT_OK) continue;
    scope_close(t, &looking->scope);
    tls_context_free(&looking->any);
    tls_context_free(&looking->trusting);
}

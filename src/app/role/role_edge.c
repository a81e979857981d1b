/*
 * The edge role: accepts connections and speaks every protocol until login; mail from other
 * hosts comes in here whole. Logged-in sessions go to the mail role of their account.
 */
#include <stdlib.h>

#include "acme/challenges.h"
#include "app/api/api_request.h"
#include "app/domain/domain_facts.h"
#include "app/role/collect.h"
#include "app/role/handing_over.h"
#include "app/role/role.h"
#include "base/limits.h"
#include "imap/imap_login.h"
#include "login/admission.h"
#include "pop3/pop3_login.h"
#include "smtp/smtp_server.h"
#include "web/web_server.h"

enum { HAND_OVER_PATIENCE_MS = 10000, REFUSED_TOLD_MS = 1000, SHED_AT_ONCE = 8, ROUTE_BYTES = 4 << 20 };

/* The protocols, each with its own ALPN name and so its own TLS context. */
enum protocol { PROTOCOL_SMTP, PROTOCOL_IMAP, PROTOCOL_POP3, PROTOCOL_HTTP, PROTOCOL_COUNT };
static const char *const alpn_names[PROTOCOL_COUNT] = {"smtp", "imap", "pop3", "http/1.1"};

/* TLS contexts of a reload; older ones live as long as the role, since sessions may use them. */
struct certificates {
    struct certificates *older;
    int64_t ends_ms;
    struct tls_context *contexts[PROTOCOL_COUNT];
};

struct edge_role;

/* A listening socket and what it speaks. */
struct edge_port {
    struct edge_role *edge;
    enum port_kind kind;
    struct listener *listener;
};

enum { EDGE_PORTS_MAX = CONFIG_LISTEN_MAX * PORT_KINDS };

struct edge_role {
    struct role *role;
    struct store_client *store;
    struct resolver *resolver;
    struct filter_client *filter;
    struct intake_pool *intake;
    struct login_delays *delays;
    struct pump_group pumps;
    struct admission *admission;
    struct conn_group group;
    struct login_context logins[PROTOCOL_COUNT];
    struct smtp_server smtp;
    struct web_server web;
    struct certificates *certificates;
    struct acme_challenges *challenges;
    struct channel *mails[CONFIG_PROCESSES_MAX];
    struct edge_port ports[EDGE_PORTS_MAX];
    size_t port_count;
    /* Refused connections are told of once in a while, with how many there were since. */
    int64_t refused_told_ms;
    uint64_t refused_untold;
};

static void certificates_free(struct certificates **certificates) {
    for (int i = 0; i < PROTOCOL_COUNT; i++) tls_context_free(&(*certificates)->contexts[i]);
    free(*certificates);
    *certificates = NULL;
}

static bool find_challenge(void *context, struct slice name, uint8_t digest[32]) {
    return acme_challenges_digest(context, name, digest);
}

/* False, and nothing changes: they cannot be used (logged). */
static bool load_certificates(struct edge_role *edge) {
    const struct role_settings *settings = &edge->role->settings;
    struct certificates *loaded = calloc(1, sizeof *loaded);
    if (!loaded) FATAL("out of memory for certificates");
    const char *reason = NULL;
    struct tls_context *first = tls_context_server(settings->certificates_pem, settings->key_pem, &reason);
    for (int i = 0; i < PROTOCOL_COUNT && first; i++) {
        loaded->contexts[i] = i == 0 ? first : tls_context_like(first);
        tls_context_set_alpn(loaded->contexts[i], alpn_names[i]);
    }
    if (!first) {
        LOG_ERROR(edge->role->env->log, "tls.not_loaded", LOG_CSTR("reason", reason));
        certificates_free(&loaded);
        return false;
    }
    tls_context_set_challenges(loaded->contexts[PROTOCOL_HTTP], find_challenge, edge->challenges);
    loaded->ends_ms = certificate_ends_ms(settings->certificates_pem);
    loaded->older = edge->certificates;
    edge->certificates = loaded;
    return true;
}

static void free_certificates(struct edge_role *edge) {
    while (edge->certificates) {
        struct certificates *oldest = edge->certificates;
        edge->certificates = oldest->older;
        certificates_free(&oldest);
    }
}

/* One account's sessions share a mail role: they share the view of a mailbox. */
static struct channel *mail_role_of(struct edge_role *edge, uint64_t account) {
    return edge->mails[account % edge->role->settings.mail_processes];
}

static bool hand_over(struct task *t, void *context, struct stream **stream,
                      const struct handover *handover) {
    struct edge_role *edge = context;
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    handover_pack(&body, handover);
    struct ipc_message message = {HAND_OVER, buffer_slice(&body), stream_detach(stream)};
    struct ipc_answer answer;
    int64_t deadline_ms = env_now_ms(edge->role->env) + HAND_OVER_PATIENCE_MS;
    struct channel *mail = mail_role_of(edge, handover->identity.account);
    enum ipc_result result = channel_call(t, mail, &message, &answer, deadline_ms);
    ipc_answer_free(&answer);
    buffer_free(&body);
    return result == IPC_OK;
}

static void apply_settings(struct edge_role *edge) {
    const struct role_settings *settings = &edge->role->settings;
    for (int i = 0; i < PROTOCOL_COUNT; i++) {
        edge->logins[i].hostname = settings->hostname;
        edge->logins[i].plaintext = settings->plaintext;
        if (edge->certificates) edge->logins[i].tls = edge->certificates->contexts[i];
    }
    edge->smtp.settings.message_bytes_max = settings->message_bytes_max;
    edge->smtp.settings.relay_networks = settings->relay_networks;
    edge->smtp.settings.is_greylisting = settings->is_greylisting;
    edge->smtp.settings.is_categorising = settings->is_categorising;
    edge->smtp.settings.filter = smtp_filter_settings_of(&settings->filter);
    edge->smtp.settings.feedback = smtp_feedback_settings_of(&settings->reports);
    edge->smtp.settings.trust = smtp_trust_settings_of(&settings->trust);
    edge->web.hostname = settings->hostname;
    edge->web.base_port = settings->base_port;
    edge->web.metrics_allow = settings->metrics_allow;
    edge->web.policy =
        (struct web_policy){settings->mta_sts.is_served, (enum mta_sts_mode)settings->mta_sts.mode,
                            settings->mta_sts.max_age_s, slice_from_text(settings->mta_sts.mx)};
    if (edge->certificates) edge->web.tls = edge->certificates->contexts[PROTOCOL_HTTP];
}

static bool report(struct task *t, void *context, struct web_report *report) {
    struct edge_role *edge = context;
    bool is_told = collect_ask(t, edge->role->env, edge->role->control, report);
    report->certificate_ends_ms = edge->certificates ? edge->certificates->ends_ms : 0;
    return is_told;
}

/* Asked of an address that every domain has (RFC 5321 4.5.1). */
static bool is_ours(struct task *t, void *context, struct slice domain) {
    struct edge_role *edge = context;
    struct arena *arena = arena_new(ROUTE_BYTES);
    struct address_route route;
    struct slice address = arena_printf(arena, "postmaster@%.*s", SLICE_PRINT(domain));
    bool is = store_address_resolve(t, edge->store, arena, address, &route) == STORE_OK &&
              (route.kind == ADDRESS_LOCAL || route.kind == ADDRESS_UNKNOWN_USER);
    arena_free(&arena);
    return is;
}

static unsigned api(struct task *t, void *context, const struct web_api_call *call, struct buffer *out,
                    struct buffer *allow) {
    return api_request_answer(t, ((struct edge_role *)context)->store, call, out, allow);
}

static void take_notice(void *context, const struct ipc_message *notice) {
    struct edge_role *edge = context;
    if (notice->type == ACME_CHALLENGES) acme_challenges_set(edge->challenges, notice->body);
}

static void prepare_logins(struct edge_role *edge) {
    for (int i = 0; i < PROTOCOL_COUNT; i++)
        edge->logins[i] = (struct login_context){
            .env = edge->role->env,
            .store = edge->store,
            .group = &edge->group,
            .hand_over = hand_over,
            .hand_over_context = edge,
            .delays = edge->delays,
            .pumps = &edge->pumps,
        };
}

static bool start(struct task *t, struct role *role) {
    struct edge_role *edge = calloc(1, sizeof *edge);
    if (!edge) FATAL("out of memory for the edge role");
    edge->role = role;
    edge->challenges = acme_challenges_new();
    if (!load_certificates(edge)) {
        acme_challenges_free(&edge->challenges);
        free(edge);
        return false;
    }
    role->state = edge;
    conn_group_init(&edge->group, role->env);
    /* The users' own sessions, behind TLS, share this loop (login/pump.h): they go first. */
    edge->group.scope.patience = PATIENCE_STRANGER;
    pump_group_init(&edge->pumps, role->env);
    edge->store = store_client_new(role->env, role_node(role), NULL, NULL);
    store_client_on_lost(edge->store, role_link_lost(role, ROLE_STORE, 0));
    edge->resolver = resolver_new_remote(role->env);
    resolver_on_lost(edge->resolver, role_link_lost(role, ROLE_REMOTE, 0));
    resolver_on_notice(edge->resolver, take_notice, edge);
    edge->intake = intake_pool_new(role->env, edge->store, INTAKE_BUDGET_BYTES);
    edge->delays = login_delays_new(role->env);
    struct admission_limits limits = admission_limits_default();
    edge->admission = admission_new(role->env, &limits);
    for (size_t i = 0; i < CONFIG_PROCESSES_MAX; i++) {
        edge->mails[i] = channel_new(role->env, &handing_over_asker, edge);
        channel_on_lost(edge->mails[i], role_link_lost(role, ROLE_MAIL, i));
    }
    edge->filter = filter_client_new(role->env, edge->resolver);
    prepare_logins(edge);
    edge->smtp = (struct smtp_server){.login = &edge->logins[PROTOCOL_SMTP],
                                      .intake = edge->intake,
                                      .store = edge->store,
                                      .filter = edge->filter,
                                      .resolver = edge->resolver,
                                      .settings = smtp_settings_default()};
    smtp_server_init(&edge->smtp);
    edge->web = (struct web_server){.env = role->env,
                                    .group = &edge->group,
                                    .report = report,
                                    .is_ours = is_ours,
                                    .api = api,
                                    .context = edge,
                                    .challenges = edge->challenges};
    edge->smtp.blocklist = blocklist_new(role->env, edge->resolver);
    edge->smtp.callouts = callouts_new(role->env, edge->resolver);
    apply_settings(edge);
    blocklist_set(t, edge->smtp.blocklist, role->settings.dnsbl_zones);
    return true;
}

static void reload(struct task *t, struct role *role) {
    struct edge_role *edge = role->state;
    (void)load_certificates(edge);
    apply_settings(edge);
    blocklist_set(t, edge->smtp.blocklist, role->settings.dnsbl_zones);
}

static void peer(struct task *t, struct role *role, enum role_kind kind, uint64_t index,
                 struct stream *stream) {
    (void)t;
    struct edge_role *edge = role->state;
    if (kind == ROLE_STORE)
        store_client_attach(edge->store, stream);
    else if (kind == ROLE_MAIL)
        channel_attach(edge->mails[index], stream);
    else if (kind == ROLE_REMOTE)
        resolver_attach(edge->resolver, stream);
    else
        stream_close(&stream);
}

/* What a client is told that is one too many; where TLS comes first nothing can be said. */
static const struct slice refusals[PORT_KINDS] = {
    [PORT_SMTP] = SLICE_INIT("421 4.7.0 Too many connections; try again later\r\n"),
    [PORT_SUBMISSION] = SLICE_INIT("421 4.7.0 Too many connections; try again later\r\n"),
    [PORT_IMAP] = SLICE_INIT("* BYE [UNAVAILABLE] Too many connections; try again later\r\n"),
    [PORT_POP3] = SLICE_INIT("-ERR [SYS/TEMP] Too many connections; try again later\r\n"),
    [PORT_HTTP] = SLICE_INIT("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                             "Retry-After: 60\r\nConnection: close\r\n\r\n"),
};

static void tell_refused(struct edge_role *edge, const struct stream *stream, enum admission_result reason) {
    struct env *env = edge->role->env;
    edge->refused_untold++;
    if (edge->refused_told_ms && env_now_ms(env) - edge->refused_told_ms < REFUSED_TOLD_MS) return;
    LOG_INFO(env->log, "accept.refused", LOG_CSTR("address", stream->peer.address),
             LOG_CSTR("reason", reason == ADMISSION_FULL ? "too many in all" : "too many from there"),
             LOG_NUMBER("since", edge->refused_untold));
    edge->refused_told_ms = env_now_ms(env);
    edge->refused_untold = 0;
}

static void refuse(struct edge_port *port, struct stream *stream, enum admission_result reason) {
    metrics_add(&port->edge->role->env->metrics,
                reason == ADMISSION_FULL ? METRIC_CONNECTIONS_REFUSED_FULL : METRIC_CONNECTIONS_REFUSED_CROWD,
                1);
    tell_refused(port->edge, stream, reason);
    struct slice refusal = refusals[port->kind];
    if (refusal.len) (void)!stream->ops->write(stream, refusal);
    stream->ops->shutdown(stream);
    stream_close(&stream);
}

static void serve(struct edge_port *port, struct stream *stream) {
    struct edge_role *edge = port->edge;
    switch (port->kind) {
    case PORT_SMTP:
        smtp_accept(&edge->smtp, SMTP_PORT_MX, stream);
        return;
    case PORT_SUBMISSION:
        smtp_accept(&edge->smtp, SMTP_PORT_SUBMISSION, stream);
        return;
    case PORT_SUBMISSIONS:
        smtp_accept(&edge->smtp, SMTP_PORT_SUBMISSIONS, stream);
        return;
    case PORT_IMAP:
        imap_login_start(&edge->logins[PROTOCOL_IMAP], stream, false);
        return;
    case PORT_IMAPS:
        imap_login_start(&edge->logins[PROTOCOL_IMAP], stream, true);
        return;
    case PORT_POP3:
        pop3_login_start(&edge->logins[PROTOCOL_POP3], stream, false);
        return;
    case PORT_POP3S:
        pop3_login_start(&edge->logins[PROTOCOL_POP3], stream, true);
        return;
    case PORT_HTTP:
        web_accept(&edge->web, stream, false);
        return;
    case PORT_HTTPS:
        web_accept(&edge->web, stream, true);
        return;
    default:
        stream_close(&stream);
    }
}

static const enum metric_protocol protocol_of_ports[PORT_KINDS] = {
    [PORT_SMTP] = METRIC_PROTOCOL_SMTP,
    [PORT_SUBMISSION] = METRIC_PROTOCOL_SUBMISSION,
    [PORT_SUBMISSIONS] = METRIC_PROTOCOL_SUBMISSION,
    [PORT_IMAP] = METRIC_PROTOCOL_IMAP,
    [PORT_IMAPS] = METRIC_PROTOCOL_IMAP,
    [PORT_POP3] = METRIC_PROTOCOL_POP3,
    [PORT_POP3S] = METRIC_PROTOCOL_POP3,
    [PORT_HTTP] = METRIC_PROTOCOL_HTTP,
    [PORT_HTTPS] = METRIC_PROTOCOL_HTTP,
};

/* Whoever does nothing makes room for who comes. */
static bool shed_one(struct edge_role *edge) {
    if (!conn_group_shed(&edge->group)) return false;
    metrics_add(&edge->role->env->metrics, METRIC_CONNECTIONS_SHED, 1);
    return true;
}

static enum admission_result admit(struct edge_role *edge, struct stream *stream) {
    enum admission_result result = admission_enter(edge->admission, stream);
    if (result == ADMISSION_OK && stream->is_spare && !shed_one(edge)) return ADMISSION_FULL;
    if (result != ADMISSION_FULL || !shed_one(edge)) return result;
    admission_enter_beyond(edge->admission, stream);
    return ADMISSION_OK;
}

/* Not one alone has no descriptor: some that are free again are left to logins and spools. */
static bool make_room(void *context) {
    struct edge_port *port = context;
    int count = 0;
    while (count < SHED_AT_ONCE && shed_one(port->edge)) count++;
    return count > 0;
}

static void accepted(void *context, struct stream *stream) {
    struct edge_port *port = context;
    enum admission_result result = admit(port->edge, stream);
    if (result != ADMISSION_OK) {
        refuse(port, stream, result);
        return;
    }
    metrics_add(&port->edge->role->env->metrics, METRIC_CONNECTIONS + protocol_of_ports[port->kind], 1);
    serve(port, stream);
}

static void listener(struct task *t, struct role *role, enum port_kind kind, struct handle handle) {
    (void)t;
    struct edge_role *edge = role->state;
    if (edge->port_count == EDGE_PORTS_MAX || kind >= PORT_KINDS) {
        handle_close(role->env, handle);
        return;
    }
    struct edge_port *port = &edge->ports[edge->port_count++];
    *port = (struct edge_port){.edge = edge, .kind = kind};
    port->listener = listener_adopt(role->env, handle, accepted, port);
    port->listener->make_room = make_room;
}

static void stop(struct task *t, struct role *role) {
    struct edge_role *edge = role->state;
    for (size_t i = 0; i < edge->port_count; i++) listener_close(&edge->ports[i].listener);
    conn_group_close(t, &edge->group);
    pump_group_close(&edge->pumps);
    for (size_t i = 0; i < CONFIG_PROCESSES_MAX; i++) channel_close(t, &edge->mails[i]);
    smtp_server_fini(&edge->smtp);
    blocklist_free(t, &edge->smtp.blocklist);
    callouts_free(&edge->smtp.callouts);
    filter_client_free(&edge->filter);
    resolver_close(t, &edge->resolver);
    intake_pool_free(&edge->intake);
    login_delays_free(&edge->delays);
    admission_free(&edge->admission);
    store_client_free(t, &edge->store);
    free_certificates(edge);
    acme_challenges_free(&edge->challenges);
    free(edge);
    role->state = NULL;
}

const struct role_ops role_edge_ops = {start, reload, peer, listener, NULL, stop, NULL};

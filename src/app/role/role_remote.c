/* The remote role: the only one that connects. It holds the resolver, answers DNS questions, takes mail to
   content filters, and sends mail as the store role says. */
#include <stdlib.h>

#include "acme/agent.h"
#include "acme/protocol.h"
#include "app/role/role.h"
#include "filter/service.h"
#include "hook/agent.h"
#include "outreach/agent.h"
#include "outreach/watch.h"
#include "resolve/service.h"
#include "transit/courier.h"

enum { SMTP_PORT = 25, HTTPS_PORT = 443, HOUR_MS = 3600 * 1000 };

struct remote_role {
    struct dns *dns;
    struct resolve_service *service;
    struct filter_service *filter;
    struct courier *courier;
    struct acme_agent *acme;
    struct outreach_agent *outreach;
    struct watch *watch;
    struct hook_agent *hooks;
    /* What dns was opened with: it keeps its cache over a reload that changes none of it. */
    struct dns_options options;
};

static struct dns_options options_of(const struct role_settings *settings) {
    return (struct dns_options){settings->dns_servers, !settings->dns_is_system, settings->dns_trust_anchors};
}

static bool options_are_same(const struct dns_options *a, const struct dns_options *b) {
    return slice_equal(a->servers, b->servers) && a->is_for_local_zones == b->is_for_local_zones &&
           slice_equal(a->trust_anchors, b->trust_anchors);
}

/* NULL: logged. */
static struct dns *open_dns(struct task *t, struct role *role, const struct dns_options *options) {
    const char *reason = NULL;
    struct dns *dns = dns_open(t, options, &reason);
    if (!dns)
        LOG_ERROR(role->env->log, "dns.not_opened", LOG_TEXT("servers", options->servers),
                  LOG_CSTR("reason", reason));
    return dns;
}

static struct courier_settings courier_settings_of(const struct role *role) {
    const struct role_settings *settings = &role->settings;
    const struct outbound_settings *outbound = &settings->outbound;
    return (struct courier_settings){
        .hostname = slice_from_text(settings->hostname),
        .port = (uint16_t)(outbound->port ? outbound->port : SMTP_PORT),
        .allows_private = outbound->allow_private,
        .source_ipv4 = slice_from_text(outbound->source_ipv4),
        .source_ipv6 = slice_from_text(outbound->source_ipv6),
        .own_addresses = settings->own_addresses,
        .https_port = (uint16_t)(outbound->https_port != HTTPS_PORT ? outbound->https_port : 0),
        .tls_roots_pem = settings->trusted_roots_pem,
        .reports_dmarc = settings->reports.sends_dmarc,
        .reports_tls = settings->reports.sends_tls,
        .report_sender = slice_from_text(settings->reports.sender),
        .relay_networks = settings->relay_networks,
        .seals_forwarded = settings->trust.seals_forwarded,
        .lifetime_ms = (int64_t)outbound->lifetime_hours * HOUR_MS,
        .node = role_node(role)};
}

static struct filter_places filter_places_of(const struct role *role) {
    const struct filter_settings *filter = &role->settings.filter;
    return (struct filter_places){slice_from_text(filter->rspamd), slice_from_text(filter->milter)};
}

static void call_out(struct task *t, void *context, struct slice address, struct arena *arena,
                     struct callout_answer *answer, int64_t deadline_ms) {
    courier_callout(t, ((struct remote_role *)context)->courier, address, arena, answer, deadline_ms);
}

/* ---- certificates by ACME ---- */

static struct acme_agent_settings acme_settings_of(const struct role *role) {
    const struct role_settings *settings = &role->settings;
    bool has_own = settings->acme_roots_pem.len != 0;
    return (struct acme_agent_settings){.hostname = slice_from_text(settings->hostname),
                                        .own_addresses = settings->own_addresses,
                                        .roots_pem =
                                            has_own ? settings->acme_roots_pem : settings->trusted_roots_pem,
                                        .allows_private = settings->outbound.allow_private};
}

static void answer_store(struct task *t, void *context, struct ipc_request *request) {
    struct remote_role *state = context;
    if (state->watch && watch_answer(t, state->watch, request)) return;
    if (state->outreach && outreach_agent_answer(t, state->outreach, request)) return;
    if (state->hooks && hook_agent_answer(t, state->hooks, request)) return;
    if (request->message.type == ACME_RUN && state->acme)
        acme_agent_answer(t, state->acme, request);
    else
        channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
}

static void tell_challenges(void *context, struct slice challenges) {
    struct remote_role *state = context;
    /* While the role ends there is nobody left to be told. */
    if (state->service) resolve_service_tell(state->service, ACME_CHALLENGES, challenges);
}

static void start_acme(struct role *role, struct remote_role *state) {
    struct acme_agent_settings settings = acme_settings_of(role);
    struct acme_agent_options options = {.env = role->env,
                                         .dns = &state->dns,
                                         .store = courier_channel(state->courier),
                                         .tell = tell_challenges,
                                         .context = state};
    state->acme = acme_agent_new(&options, &settings);
    courier_on_other(state->courier, answer_store, state);
}

/* ---- mailboxes that outreach sends from ---- */

static struct watch_settings watch_settings_of(const struct role *role) {
    const struct role_settings *settings = &role->settings;
    uint64_t https_port = settings->outbound.https_port;
    return (struct watch_settings){.hostname = slice_from_text(settings->hostname),
                                   .roots_pem = settings->trusted_roots_pem,
                                   .allows_private = settings->outbound.allow_private,
                                   .https_port = (uint16_t)(https_port != HTTPS_PORT ? https_port : 0),
                                   .poll_ms = (int64_t)settings->outreach.poll_seconds * 1000,
                                   .check_ms = (int64_t)settings->outreach.check_seconds * 1000,
                                   .copy_ms = (int64_t)settings->outreach.copy_seconds * 1000};
}

static void start_watch(struct role *role, struct remote_role *state) {
    struct watch_settings settings = watch_settings_of(role);
    struct watch_options options = {.env = role->env,
                                    .dns = &state->dns,
                                    .store = courier_channel(state->courier),
                                    .take = outreach_agent_take,
                                    .context = state->outreach};
    state->watch = watch_new(&options, &settings);
}

static void start_outreach(struct role *role, struct remote_role *state) {
    struct outreach_agent_options options = {
        .env = role->env, .store = courier_channel(state->courier), .watch = &state->watch};
    state->outreach = outreach_agent_new(&options);
}

/* ---- events for other programs ---- */

static struct hook_agent_settings hook_settings_of(const struct role *role) {
    return (struct hook_agent_settings){.roots_pem = role->settings.trusted_roots_pem,
                                        .allows_private = role->settings.webhooks.allow_private};
}

static void start_hooks(struct role *role, struct remote_role *state) {
    struct hook_agent_settings settings = hook_settings_of(role);
    struct hook_agent_options options = {.env = role->env, .dns = &state->dns};
    state->hooks = hook_agent_new(&options, &settings);
}

static bool start(struct task *t, struct role *role) {
    struct remote_role *state = calloc(1, sizeof *state);
    if (!state) FATAL("out of memory for the remote role");
    state->options = options_of(&role->settings);
    state->dns = open_dns(t, role, &state->options);
    if (!state->dns) {
        free(state);
        return false;
    }
    state->service = resolve_service_new(role->env, &state->dns);
    struct filter_places places = filter_places_of(role);
    state->filter = filter_service_new(role->env, &places);
    resolve_service_on_other(state->service, filter_service_request, state->filter);
    struct courier_settings settings = courier_settings_of(role);
    state->courier = courier_new(role->env, &state->dns, &settings);
    resolve_service_set_caller(state->service, call_out, state);
    start_acme(role, state);
    start_outreach(role, state);
    start_watch(role, state);
    start_hooks(role, state);
    role->state = state;
    return true;
}

/* New options that are wrong change nothing. Lookups under way in the old resolver end as cancelled. */
static void reload(struct task *t, struct role *role) {
    struct remote_role *state = role->state;
    struct courier_settings settings = courier_settings_of(role);
    courier_set(state->courier, &settings);
    struct acme_agent_settings acme = acme_settings_of(role);
    acme_agent_set(state->acme, &acme);
    struct watch_settings watch = watch_settings_of(role);
    watch_set(state->watch, &watch);
    struct hook_agent_settings hooks = hook_settings_of(role);
    hook_agent_set(state->hooks, &hooks);
    struct filter_places places = filter_places_of(role);
    filter_service_set(state->filter, &places);
    struct dns_options options = options_of(&role->settings);
    if (options_are_same(&state->options, &options)) return;
    struct dns *dns = open_dns(t, role, &options);
    if (!dns) return;
    dns_close(&state->dns);
    state->dns = dns;
    state->options = options;
}

static void peer(struct task *t, struct role *role, enum role_kind kind, uint64_t index,
                 struct stream *stream) {
    (void)t;
    (void)index;
    struct remote_role *state = role->state;
    if (kind == ROLE_STORE) {
        courier_attach(state->courier, stream);
        watch_begin(state->watch);
    } else {
        resolve_service_attach(state->service, stream);
    }
}

static void listener(struct task *t, struct role *role, enum port_kind port, struct handle handle) {
    (void)t;
    (void)port;
    handle_close(role->env, handle);
}

static void stop(struct task *t, struct role *role) {
    struct remote_role *state = role->state;
    /* Whom it serves may be calling out. */
    resolve_service_free(t, &state->service);
    filter_service_free(&state->filter);
    watch_free(t, &state->watch);
    courier_free(t, &state->courier);
    acme_agent_free(&state->acme);
    outreach_agent_free(&state->outreach);
    hook_agent_free(&state->hooks);
    dns_close(&state->dns);
    free(state);
    role->state = NULL;
}

const struct role_ops role_remote_ops = {start, reload, peer, listener, NULL, stop, NULL};

/* The store role: the engine, the service for edge and mail roles, and the control socket. */
#include <errno.h>
#include <stdlib.h>

#include "acme/office.h"
#include "app/admin/control.h"
#include "app/api/api_service.h"
#include "app/role/role.h"
#include "hook/office.h"
#include "ipc/pack.h"
#include "outreach/mailbox_desk.h"
#include "outreach/office.h"
#include "store/service.h"
#include "transit/scheduler.h"

enum {
    LOCK_PATIENCE_MS = 10000,
    LOCK_PAUSE_MS = 50,
    HOUR_MS = 3600 * 1000,
    INSTALL_MS = 30 * 1000,
    REASON_BYTES_MAX = 200
};

struct store_role {
    struct engine *engine;
    struct store_service *service;
    struct scheduler *scheduler;
    struct control_server *control;
    struct acme_office *acme;
    struct outreach_office *outreach;
    struct mailbox_desk *mailboxes;
    struct hook_office *hooks;
    struct admin_roles roles;
};

static void news(void *context, const struct mailbox_news *news) {
    struct store_role *state = context;
    if (state->service) store_service_news(state->service, news);
}

static void segment_gone(void *context, uint64_t segment) {
    struct store_role *state = context;
    if (state->service) store_service_segment_gone(state->service, segment);
}

/* The store of a server that was just killed may still be finishing. */
static int open_patiently(struct task *t, struct role *role, const struct engine_options *options,
                          struct engine **engine) {
    int64_t until_ms = env_now_ms(role->env) + LOCK_PATIENCE_MS;
    for (;;) {
        int result = engine_open(role->env, options, engine);
        if (result != -EWOULDBLOCK || env_now_ms(role->env) > until_ms) return result;
        if (task_sleep(t, LOCK_PAUSE_MS) != WAIT_OK) return -ECANCELED;
    }
}

static const char *explain(int result) {
    switch (result) {
    case -EWOULDBLOCK:
        return "another process has the data folder open";
    case -EPROTO:
        return "the data folder has a format this version does not know; see the line before";
    case -ENOENT:
        return "there is no store in the data folder; posthaste init makes one";
    case -EIO:
        return "the store is damaged; see the lines before";
    default:
        return strerror(-result);
    }
}

/* A warning after no time at all is none. */
static struct scheduler_settings scheduler_settings_of(const struct role *role) {
    const struct outbound_settings *outbound = &role->settings.outbound;
    int64_t warning_ms = (int64_t)outbound->delay_warning_hours * HOUR_MS;
    return (struct scheduler_settings){.lifetime_ms = (int64_t)outbound->lifetime_hours * HOUR_MS,
                                       .delay_warning_ms = warning_ms ? warning_ms : INT64_MAX / 4,
                                       .reports_dmarc = role->settings.reports.sends_dmarc,
                                       .reports_tls = role->settings.reports.sends_tls,
                                       .keeps_reports = role->settings.reports.is_reading,
                                       .drops_reports = role->settings.reports.drops_mail,
                                       .report_addresses = slice_from_text(role->settings.reports.addresses)};
}

/* Where it cannot be told now, the next reload tells it. */
static void set_limits(struct task *t, const struct role *role) {
    const struct outbound_settings *outbound = &role->settings.outbound;
    struct sending_limits limits = {outbound->account_recipients_per_hour,
                                    outbound->account_recipients_per_day};
    struct engine *engine = ((struct store_role *)role->state)->engine;
    (void)engine_sending_limits(t, engine, &limits);
    (void)engine_trace_keep(t, engine, outbound->trace_days);
}

/* ---- certificates by ACME ---- */

static struct acme_office_settings acme_settings_of(const struct role *role) {
    const struct acme_settings *acme = &role->settings.acme;
    return (struct acme_office_settings){.is_enabled = acme->is_enabled,
                                         .directory = slice_from_text(acme->directory),
                                         .email = slice_from_text(acme->email),
                                         .terms_agreed = acme->terms_agreed,
                                         .challenge = (enum acme_challenge_kind)acme->challenge,
                                         .hostname = slice_from_text(role->settings.hostname),
                                         .names = slice_from_text(acme->names),
                                         .is_installed = role->settings.is_acme_installed};
}

/* The supervisor has the files, and the roles that serve with them. */
static bool install(struct task *t, void *context, struct slice chain, struct slice key,
                    const char **reason) {
    struct role *role = context;
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct ipc_answer answer;
    pack_slice(&body, chain);
    pack_slice(&body, key);
    struct ipc_message message = {ASK_INSTALL, buffer_slice(&body), HANDLE_NONE};
    enum ipc_result result =
        channel_call(t, role->control, &message, &answer, env_now_ms(role->env) + INSTALL_MS);
    if (body.len) explicit_bzero(body.ptr, body.len);
    buffer_free(&body);
    *reason = "the supervisor did not answer";
    if (result != IPC_OK) return false;
    bool is_installed = answer.body.len == 0;
    *reason = is_installed ? NULL : "its file in tls/ cannot be written; the log says why";
    if (!is_installed)
        LOG_ERROR(role->env->log, "acme.not_installed",
                  LOG_TEXT("reason", slice_sub(buffer_slice(&answer.body), 0, REASON_BYTES_MAX)));
    handle_close(role->env, answer.handle);
    ipc_answer_free(&answer);
    return is_installed;
}

static bool answer_remote(struct task *t, void *context, struct ipc_request *request) {
    struct store_role *state = context;
    if (state->mailboxes && mailbox_desk_answer(t, state->mailboxes, request)) return true;
    if (state->outreach && outreach_office_answer(t, state->outreach, request)) return true;
    return state->acme && acme_office_answer(t, state->acme, request);
}

static void answer_api(struct task *t, void *context, struct slice token, struct slice body, unsigned *status,
                       struct buffer *out) {
    struct store_role *state = context;
    struct admin_context admin = {.engine = state->engine,
                                  .roles = &state->roles,
                                  .remote = scheduler_channel(state->scheduler),
                                  .acme = state->acme,
                                  .outreach = state->outreach,
                                  .mailboxes = state->mailboxes,
                                  .hooks = state->hooks};
    api_service_answer(t, &admin, token, body, status, out);
}

static void start_acme(struct role *role) {
    struct store_role *state = role->state;
    struct acme_office_settings settings = acme_settings_of(role);
    struct acme_office_options options = {.env = role->env,
                                          .engine = state->engine,
                                          .remote = scheduler_channel(state->scheduler),
                                          .install = install,
                                          .context = role};
    state->acme = acme_office_new(&options, &settings);
    scheduler_on_other(state->scheduler, answer_remote, state);
}

static void start_mailboxes(struct role *role) {
    struct store_role *state = role->state;
    struct mailbox_desk_options options = {
        .env = role->env, .engine = state->engine, .remote = scheduler_channel(state->scheduler)};
    state->mailboxes = mailbox_desk_new(&options);
}

static void mailbox_changed(void *context, const struct sender_health *health) {
    struct store_role *state = context;
    if (state->outreach) outreach_office_health(state->outreach, health);
}

static bool leave(struct task *t, void *context, uint64_t message, bool is_again) {
    struct store_role *state = context;
    return outreach_office_leave(t, state->outreach, message, is_again);
}

static void start_outreach(struct role *role) {
    struct store_role *state = role->state;
    struct outreach_office_options options = {
        .env = role->env, .engine = state->engine, .remote = scheduler_channel(state->scheduler)};
    state->outreach = outreach_office_new(&options);
    scheduler_on_leave(state->scheduler, leave, state);
    mailbox_desk_on_health(state->mailboxes, mailbox_changed, state);
}

static struct hook_office_settings hook_settings_of(const struct role *role) {
    return (struct hook_office_settings){.allows_private = role->settings.webhooks.allow_private};
}

static void start_hooks(struct role *role) {
    struct store_role *state = role->state;
    struct hook_office_settings settings = hook_settings_of(role);
    struct hook_office_options options = {
        .env = role->env, .engine = state->engine, .remote = scheduler_channel(state->scheduler)};
    state->hooks = hook_office_new(&options, &settings);
}

static bool start(struct task *t, struct role *role) {
    struct store_role *state = calloc(1, sizeof *state);
    if (!state) FATAL("out of memory for the store role");
    struct engine_options options = {.folder = role->settings.folder,
                                     .node = role_node(role),
                                     .on_news = news,
                                     .on_segment_gone = segment_gone,
                                     .context = state,
                                     .hash_memory_kib = (uint32_t)role->settings.hash_memory_kib,
                                     .segment_bytes = role->settings.segment_bytes,
                                     .threads_recent = role->settings.threads_recent,
                                     .log_room_bytes = role->settings.log_room_bytes,
                                     .upkeep_pause_ms = (int64_t)role->settings.upkeep_pause_ms,
                                     .signing_threads = (unsigned)role->settings.signing_threads};
    int result = open_patiently(t, role, &options, &state->engine);
    if (result) {
        LOG_ERROR(role->env->log, "store.not_opened", LOG_CSTR("folder", role->settings.folder),
                  LOG_CSTR("reason", explain(result)));
        free(state);
        return false;
    }
    state->service = store_service_new(role->env, state->engine);
    struct scheduler_settings settings = scheduler_settings_of(role);
    state->scheduler = scheduler_new(role->env, state->engine, &settings);
    role->state = state;
    start_mailboxes(role);
    start_acme(role);
    start_outreach(role);
    start_hooks(role);
    struct control_context control = {.engine = state->engine,
                                      .service = state->service,
                                      .roles = &state->roles,
                                      .remote = scheduler_channel(state->scheduler),
                                      .acme = state->acme,
                                      .outreach = state->outreach,
                                      .mailboxes = state->mailboxes,
                                      .hooks = state->hooks};
    state->control = control_server_new(role->env, &control);
    store_service_on_api(state->service, answer_api, state);
    set_limits(t, role);
    return true;
}

static void reload(struct task *t, struct role *role) {
    set_limits(t, role);
    struct scheduler_settings settings = scheduler_settings_of(role);
    scheduler_set(((struct store_role *)role->state)->scheduler, &settings);
    struct acme_office_settings acme = acme_settings_of(role);
    acme_office_set(((struct store_role *)role->state)->acme, &acme);
    struct hook_office_settings hooks = hook_settings_of(role);
    hook_office_set(((struct store_role *)role->state)->hooks, &hooks);
}

static void peer(struct task *t, struct role *role, enum role_kind kind, uint64_t index,
                 struct stream *stream) {
    (void)t;
    struct store_role *state = role->state;
    if (kind == ROLE_REMOTE) {
        scheduler_attach(state->scheduler, stream);
        scheduler_on_lost(state->scheduler, role_link_lost(role, kind, index));
        return;
    }
    store_service_attach(state->service, stream, kind == ROLE_MAIL);
}

static void listener(struct task *t, struct role *role, enum port_kind port, struct handle handle) {
    (void)t;
    (void)port;
    struct store_role *state = role->state;
    control_server_listen(state->control, handle);
}

static void report(struct role *role, const struct role_report *report) {
    struct store_role *state = role->state;
    struct admin_roles *roles = &state->roles;
    size_t i = 0;
    if (report->kind == ROLE_EDGE) acme_office_begin(state->acme);
    while (i < roles->count &&
           (roles->reports[i].kind != report->kind || roles->reports[i].index != report->index))
        i++;
    if (i == ADMIN_REPORTS_MAX) return;
    roles->reports[i] = *report;
    if (i == roles->count) roles->count++;
}

static void measure(struct role *role) {
    const struct store_role *state = role->state;
    struct metrics *metrics = &role->env->metrics;
    struct store_status status;
    if (!state->engine || engine_status(state->engine, &status) != STORE_OK) return;
    const struct {
        unsigned cell;
        uint64_t value;
    } gauges[] = {
        {METRIC_STORE_WAITING, status.waiting},
        {METRIC_STORE_ACCOUNTS, status.accounts},
        {METRIC_STORE_DOMAINS, status.domains},
        {METRIC_STORE_MESSAGES, status.messages},
        {METRIC_STORE_MAIL_BYTES, status.mail_bytes},
        {METRIC_STORE_STORED_BYTES, status.body_bytes},
        {METRIC_STORE_SEGMENTS, status.segments},
        {METRIC_STORE_FREE_BYTES, status.free_bytes > 0 ? (uint64_t)status.free_bytes : 0},
        {METRIC_QUEUE_RECIPIENTS, status.queue_waiting + status.queue_held},
    };
    for (size_t i = 0; i < sizeof gauges / sizeof gauges[0]; i++)
        metrics_set(metrics, gauges[i].cell, gauges[i].value);
}

static void stop(struct task *t, struct role *role) {
    struct store_role *state = role->state;
    /* Who administers, by control or API, may be at work with all that follows. */
    control_server_free(t, &state->control);
    store_service_free(t, &state->service);
    hook_office_free(t, &state->hooks);
    outreach_office_free(t, &state->outreach);
    mailbox_desk_free(t, &state->mailboxes);
    acme_office_free(t, &state->acme);
    scheduler_free(t, &state->scheduler);
    engine_close(t, &state->engine);
    free(state);
    role->state = NULL;
}

const struct role_ops role_store_ops = {start, reload, peer, listener, report, stop, measure};

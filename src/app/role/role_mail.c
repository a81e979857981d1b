/* The mail role: sessions of logged-in users. Reads mail itself, asks the store for every change. */
#include <stdlib.h>

#include "app/role/handing_over.h"
#include "app/role/role.h"
#include "base/limits.h"
#include "imap/imap_server.h"
#include "login/login.h"
#include "pop3/pop3_session.h"
#include "smtp/smtp_server.h"

struct mail_role {
    struct role *role;
    struct store_client *store;
    /* Over which content filters are asked. */
    struct resolver *resolver;
    struct filter_client *filter;
    struct reader *reader;
    struct body_ahead *ahead;
    struct intake_pool *intake;
    struct conn_group group;
    struct login_context login;
    struct smtp_server smtp;
    struct pop3_server pop3;
    struct imap_server imap;
    /* One from each edge. */
    struct channel *edges[CONFIG_PROCESSES_MAX];
};

/* Who logged in with a grant (store/grant.h) came this far, which is all there was to see. */
static void end_probe(struct stream *stream, const struct handover *handover) {
    struct buffer answer = buffer_new(KIB(1));
    if (handover->protocol == LOGIN_IMAP)
        buffer_printf(&answer, "%s OK Health login; there is no mail here\r\n", handover->tag);
    else if (handover->protocol == LOGIN_POP3)
        buffer_append_text(&answer, "+OK Health login; there is no mail here\r\n");
    else
        buffer_append_text(&answer, "235 2.7.0 Health login; nothing can be sent\r\n");
    (void)!stream->ops->write(stream, buffer_slice(&answer));
    buffer_free(&answer);
    stream->ops->shutdown(stream);
    stream_close(&stream);
}

static void start_session(struct mail_role *mail, struct stream *stream, const struct handover *handover) {
    stream->peer = handover->peer;
    if (account_is_probe(handover->identity.account)) {
        end_probe(stream, handover);
        return;
    }
    switch (handover->protocol) {
    case LOGIN_IMAP:
        imap_session_start(&mail->imap, stream, handover);
        return;
    case LOGIN_POP3:
        pop3_session_start(&mail->pop3, stream, handover);
        return;
    case LOGIN_SUBMISSION:
        smtp_submission_start(&mail->smtp, stream, handover);
        return;
    }
    stream_close(&stream);
}

/* NULL: good. An edge may be captured: what it hands over is looked at like all input. */
static const char *fault_of(struct env *env, const struct ipc_message *message, struct handover *handover) {
    if (message->type != HAND_OVER) return "not a hand-over";
    /* What cannot be polled, or is no connection, must not end this role. */
    if (!handle_is_stream(env, message->handle)) return "no connection came with it";
    return handover_unpack(message->body, handover) == HANDOVER_OK ? NULL : "damaged";
}

static void take_session(struct task *t, void *context, struct ipc_request *request) {
    (void)t;
    struct mail_role *mail = context;
    struct env *env = mail->role->env;
    struct handover handover;
    const char *fault = fault_of(env, &request->message, &handover);
    if (fault) {
        LOG_WARN(env->log, "session.refused", LOG_CSTR("reason", fault));
        handle_close(env, request->message.handle);
    } else {
        start_session(mail, stream_adopt(env, request->message.handle), &handover);
    }
    channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
}

static const struct channel_handlers edge_handlers = {take_session, NULL, NULL};

static void news(void *context, const struct mailbox_news *news) {
    struct mail_role *mail = context;
    imap_server_news(&mail->imap, news);
}

static void segment_gone(void *context, uint64_t segment) {
    struct mail_role *mail = context;
    reader_segment_gone(mail->reader, segment);
    body_ahead_segment_gone(mail->ahead, segment);
}

static void apply_settings(struct mail_role *mail) {
    const struct role_settings *settings = &mail->role->settings;
    mail->login.hostname = settings->hostname;
    mail->login.plaintext = settings->plaintext;
    mail->smtp.settings.message_bytes_max = settings->message_bytes_max;
    mail->smtp.settings.filter = smtp_filter_settings_of(&settings->filter);
    mail->imap.settings.message_bytes_max = settings->message_bytes_max;
    mail->imap.settings.account_connections_max = settings->connections_per_account;
}

static void start_servers(struct mail_role *mail) {
    struct env *env = mail->role->env;
    mail->login = (struct login_context){.env = env, .store = mail->store, .group = &mail->group};
    mail->smtp = (struct smtp_server){.login = &mail->login,
                                      .intake = mail->intake,
                                      .store = mail->store,
                                      .filter = mail->filter,
                                      .settings = smtp_settings_default()};
    smtp_server_init(&mail->smtp);
    pop3_server_init(&mail->pop3, env, mail->store, mail->reader, &mail->group);
    mail->imap = (struct imap_server){.env = env,
                                      .store = mail->store,
                                      .reader = mail->reader,
                                      .intake = mail->intake,
                                      .group = &mail->group,
                                      .ahead = mail->ahead};
    imap_server_init(&mail->imap);
    apply_settings(mail);
}

static bool start(struct task *t, struct role *role) {
    struct mail_role *mail = calloc(1, sizeof *mail);
    if (!mail) FATAL("out of memory for the mail role");
    mail->role = role;
    int result = reader_open(role->env, role->settings.folder, &mail->reader);
    if (result) {
        LOG_ERROR(role->env->log, "mail.not_opened", LOG_CSTR("folder", role->settings.folder),
                  LOG_CSTR("reason", strerror(-result)));
        free(mail);
        return false;
    }
    role->state = mail;
    mail->ahead = body_ahead_new(role->env, role->settings.folder);
    conn_group_init(&mail->group, role->env);
    mail->store = store_client_new(role->env, role_node(role), news, mail);
    store_client_on_lost(mail->store, role_link_lost(role, ROLE_STORE, 0));
    store_client_on_segment_gone(mail->store, segment_gone);
    mail->resolver = resolver_new_remote(role->env);
    resolver_on_lost(mail->resolver, role_link_lost(role, ROLE_REMOTE, 0));
    mail->filter = filter_client_new(role->env, mail->resolver);
    mail->intake = intake_pool_new(role->env, mail->store, INTAKE_BUDGET_BYTES);
    for (size_t i = 0; i < CONFIG_PROCESSES_MAX; i++) {
        mail->edges[i] = channel_new(role->env, &edge_handlers, mail);
        channel_on_lost(mail->edges[i], role_link_lost(role, ROLE_EDGE, i));
    }
    start_servers(mail);
    (void)t;
    return true;
}

static void reload(struct task *t, struct role *role) {
    (void)t;
    apply_settings(role->state);
}

static void peer(struct task *t, struct role *role, enum role_kind kind, uint64_t index,
                 struct stream *stream) {
    (void)t;
    struct mail_role *mail = role->state;
    if (kind == ROLE_EDGE) {
        channel_attach(mail->edges[index], stream);
        return;
    }
    if (kind == ROLE_REMOTE) {
        resolver_attach(mail->resolver, stream);
        return;
    }
    if (kind != ROLE_STORE) {
        stream_close(&stream);
        return;
    }
    /* What the store before it removed at its end was perhaps not told any more. */
    segment_gone(mail, 0);
    store_client_attach(mail->store, stream);
    /* What changed while there was no connection was told to nobody. */
    if (!IS_PLANTED(mail->role->env, PLANTED_LOST_NEWS)) imap_server_catch_up(&mail->imap);
}

static void listener(struct task *t, struct role *role, enum port_kind port, struct handle handle) {
    (void)t;
    (void)port;
    handle_close(role->env, handle);
}

static void stop(struct task *t, struct role *role) {
    struct mail_role *mail = role->state;
    for (size_t i = 0; i < CONFIG_PROCESSES_MAX; i++) channel_close(t, &mail->edges[i]);
    conn_group_close(t, &mail->group);
    imap_server_free(&mail->imap);
    pop3_server_fini(&mail->pop3);
    smtp_server_fini(&mail->smtp);
    filter_client_free(&mail->filter);
    resolver_close(t, &mail->resolver);
    intake_pool_free(&mail->intake);
    store_client_free(t, &mail->store);
    body_ahead_free(&mail->ahead);
    reader_close(&mail->reader);
    free(mail);
    role->state = NULL;
}

const struct role_ops role_mail_ops = {start, reload, peer, listener, NULL, stop, NULL};

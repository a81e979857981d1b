#include "login/login.h"

#include <stdio.h>

#include "base/limits.h"
#include "login/check.h"

/* What is offered, the best first. Those that are bound to their TLS connection (RFC 5802 6) only where
   there is something to bind to. */
#define LOGIN_MECHANISMS_BOUND "SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS"
#define LOGIN_MECHANISMS "SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN"

bool login_is_private(const struct login_context *context, const struct conn *conn) {
    if (conn->stream->security.is_tls) return true;
    return context->plaintext == PLAINTEXT_LOOPBACK && conn->stream->peer.is_loopback;
}

struct slice login_mechanisms(const struct login_context *context, const struct conn *conn) {
    uint8_t binding[STREAM_BINDING_BYTES_MAX];
    if (!login_is_private(context, conn)) return SLICE_EMPTY;
    if (stream_binding(conn->stream, STREAM_BINDING_END_POINT, binding) ||
        stream_binding(conn->stream, STREAM_BINDING_EXPORTER, binding))
        return SLICE(LOGIN_MECHANISMS_BOUND " " LOGIN_MECHANISMS);
    return SLICE(LOGIN_MECHANISMS);
}

enum login_result login_password(struct task *t, struct login_context *context, struct conn *conn,
                                 struct slice user, struct slice password, struct login_identity *identity) {
    if (!login_is_private(context, conn)) return LOGIN_NEEDS_TLS;
    struct login_check check = {context, conn, SLICE("password"), user};
    return login_check_password(t, &check, password, identity);
}

static void note_connection(struct handover *handover, const struct stream *stream) {
    handover->peer = stream->peer;
    handover->is_tls = stream->security.is_tls;
    handover->security[0] = 0;
    if (handover->is_tls)
        (void)snprintf(handover->security, sizeof handover->security, "%s %s", stream->security.protocol,
                       stream->security.cipher);
}

/* TLS cannot change roles: the other role gets one end of a local pair, and the other end is pumped.
   NULL when there can be no pair; then *client is closed. */
static struct stream *stream_to_give(struct login_context *context, struct stream *client) {
    if (!client->security.is_tls) return client;
    struct handle pair[2];
    int result = context->pumps ? stream_pair(context->env, pair) : -EOPNOTSUPP;
    if (result) {
        LOG_ERROR(context->env->log, "login.hand_over_failed", LOG_NUMBER("error", -result));
        stream_close(&client);
        return NULL;
    }
    /* It is a user's from here on. */
    stream_tell_gone(client);
    pump_start(context->pumps, client, stream_adopt(context->env, pair[0]));
    return stream_adopt(context->env, pair[1]);
}

void login_hand_over(struct task *t, struct login_context *context, struct conn *conn,
                     struct handover *handover) {
    struct buffer rest = buffer_new(conn->in.max_bytes);
    struct stream *client = NULL;
    if (conn_detach(t, conn, &client, &rest)) {
        buffer_free(&rest);
        return;
    }
    note_connection(handover, client);
    handover->input = buffer_slice(&rest);
    struct stream *given = stream_to_give(context, client);
    if (given && !context->hand_over(t, context->hand_over_context, &given, handover))
        LOG_WARN(context->env->log, "login.not_taken", LOG_CSTR("account", handover->identity.address));
    handover->input = SLICE_EMPTY;
    buffer_free(&rest);
}

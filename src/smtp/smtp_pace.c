#include "smtp/smtp_pace.h"

struct smtp_pace smtp_pace_begin(struct env *env) {
    return (struct smtp_pace){.began_ms = env_now_ms(env)};
}

/* The pause that is allowed now: what came has bought time at the minimum rate. */
static int64_t patience_ms(const struct smtp_session *session, const struct smtp_pace *pace) {
    const struct smtp_settings *settings = &session->server->settings;
    if (settings->data_bytes_per_s_min == 0) return settings->data_ms;
    int64_t bought_ms = (int64_t)(pace->wire_bytes * 1000 / settings->data_bytes_per_s_min);
    int64_t until_ms = pace->began_ms + settings->data_grace_ms + bought_ms;
    int64_t left_ms = until_ms - env_now_ms(session->conn.env);
    if (left_ms < 1) return 1;
    return left_ms < settings->data_ms ? left_ms : settings->data_ms;
}

bool smtp_pace_fill(struct task *t, struct smtp_session *session, const struct smtp_pace *pace,
                    struct smtp_reply *reply) {
    struct conn *conn = &session->conn;
    *reply = SMTP_SILENCE;
    conn_set_step_ms(conn, patience_ms(session, pace));
    if (conn->in.len == 0) (void)buffer_reserve(&conn->in, SMTP_READ_BYTES);
    ssize_t got = conn_fill(t, conn);
    if (got > 0) return true;
    if (got == -ETIMEDOUT) {
        *reply = smtp_reply_named(SMTP_REPLY_TIMED_OUT);
        return false;
    }
    struct smtp_reply lost = {.text = SLICE("connection lost in the message")};
    smtp_session_log_refused(session, &lost);
    return false;
}

void smtp_pace_turn(struct task *t, struct smtp_pace *pace, uint64_t bytes) {
    pace->turn_bytes += bytes;
    if (pace->turn_bytes < SMTP_TURN_BYTES_MAX) return;
    pace->turn_bytes = 0;
    /* A cancelled task hears of it at its next wait. */
    (void)!task_yield(t);
}

/*
 * BDAT (RFC 3030 2): a chunk of exactly as many bytes as it says, in which nothing is special.
 * Whatever becomes of the message, the chunk is taken off the wire to its last byte, so that
 * content is never run as commands; one too large for that ends the connection.
 */
#include "smtp/smtp_reception.h"

/* RFC 5322 2.2: a NUL can only be in a binary part. The session stays in step, so it may go on. */
static void refuse_nul(struct smtp_reception *reception) {
    struct smtp_reply reply = smtp_reply_named(SMTP_REPLY_MESSAGE_NUL);
    reply.closes = false;
    smtp_reception_fail(reception, reply);
}

/* Lines were cut anywhere, and may not be canonical. Who signed it signed binary parts as they are sent. */
static void take_content(struct smtp_session *session, struct slice content) {
    struct smtp_reception *reception = session->transaction->reception;
    struct byte_sink sink = byte_sink_of_buffer(&reception->pending);
    if (reception->failure.code) return;
    bool has_nul = !reception->binary && slice_find_byte(content, 0) != SLICE_NOT_FOUND;
    if (reception->binary) {
        smtp_trust_hash(session, content);
        binary_mime_write(reception->binary, content, sink);
        has_nul = binary_mime_has_nul(reception->binary);
    } else {
        canonical_lines_write(&reception->lines, content, sink);
    }
    if (has_nul) refuse_nul(reception);
}

static void finish_content(struct smtp_reception *reception) {
    struct byte_sink sink = byte_sink_of_buffer(&reception->pending);
    if (reception->binary)
        binary_mime_finish(reception->binary, sink);
    else
        canonical_lines_finish(&reception->lines, sink);
}

/* True: the whole chunk came. Otherwise the connection has ended, with *reply. */
static bool read_chunk(struct task *t, struct smtp_session *session, uint64_t left,
                       struct smtp_reply *reply) {
    struct conn *conn = &session->conn;
    struct smtp_pace *pace = &session->transaction->reception->pace;
    while (left) {
        if (conn_input(conn).len == 0 && !smtp_pace_fill(t, session, pace, reply)) return false;
        struct slice content =
            slice_sub(conn_input(conn), 0, left < SMTP_READ_BYTES ? left : SMTP_READ_BYTES);
        take_content(session, content);
        conn_consume(conn, content.len);
        left -= content.len;
        smtp_reception_flow(t, session, content.len);
    }
    return true;
}

static uint64_t drain_bytes_max(const struct smtp_session *session) {
    return 2 * session->server->settings.message_bytes_max;
}

static bool is_too_large(const struct smtp_session *session, uint64_t size) {
    const struct smtp_reception *reception = session->transaction->reception;
    uint64_t max = session->server->settings.message_bytes_max;
    return size > max || reception->pace.wire_bytes > max - size;
}

static struct smtp_reply too_large(bool closes) {
    struct smtp_reply reply = smtp_reply_named(SMTP_REPLY_MESSAGE_TOO_LARGE);
    reply.closes = closes;
    return reply;
}

static struct smtp_reply chunk_ok(struct smtp_session *session, const struct smtp_bdat *bdat) {
    unsigned long long size = bdat->size_bytes;
    return smtp_reply_with_text(SMTP_REPLY_CHUNK_OK,
                                arena_printf(session->scratch, "%llu bytes received", size));
}

static struct smtp_reply end_chunk(struct task *t, struct smtp_session *session,
                                   const struct smtp_bdat *bdat) {
    struct smtp_reception *reception = session->transaction->reception;
    if (bdat->last) {
        finish_content(reception);
        return smtp_reception_finish(t, session);
    }
    return reception->failure.code ? reception->failure : chunk_ok(session, bdat);
}

struct smtp_reply smtp_bdat(struct task *t, struct smtp_session *session,
                            const struct smtp_command *command) {
    const struct smtp_bdat *bdat = &command->bdat;
    if (!session->transaction->reception) {
        struct smtp_reply begun = smtp_reception_begin(session);
        if (begun.code >= 400) {
            /* A later chunk must not pass for the whole message. */
            session->transaction->is_over = true;
            return smtp_bdat_refuse(t, session, command, begun);
        }
    }
    struct smtp_reception *reception = session->transaction->reception;
    if (is_too_large(session, bdat->size_bytes)) smtp_reception_fail(reception, too_large(false));
    if (reception->failure.code && bdat->size_bytes > drain_bytes_max(session)) return too_large(true);
    struct smtp_reply lost;
    if (!read_chunk(t, session, bdat->size_bytes, &lost)) return lost;
    return end_chunk(t, session, bdat);
}

struct smtp_reply smtp_bdat_refuse(struct task *t, struct smtp_session *session,
                                   const struct smtp_command *command, struct smtp_reply refusal) {
    uint64_t left = command->bdat.size_bytes;
    if (left > drain_bytes_max(session)) return too_large(true);
    struct smtp_pace pace = smtp_pace_begin(session->conn.env);
    struct smtp_reply lost;
    while (left) {
        if (conn_input(&session->conn).len == 0 && !smtp_pace_fill(t, session, &pace, &lost)) return lost;
        struct slice content = slice_sub(conn_input(&session->conn), 0, left);
        left -= content.len;
        conn_consume(&session->conn, content.len);
        pace.wire_bytes += content.len;
        smtp_pace_turn(t, &pace, content.len);
    }
    return refusal;
}

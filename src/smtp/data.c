/*
 * DATA (RFC 5321 4.1.1.4). The end is CRLF "." CRLF and nothing else; a message with a bare CR
 * or LF is read to that end, refused, and its connection closed.
 */
#include "smtp/smtp_reception.h"
#include "wire/smtp_data.h"

/* Takes what is there. True: the end of data was in it. */
static bool read_some(struct task *t, struct smtp_session *session, struct smtp_data_reader *reader) {
    struct conn *conn = &session->conn;
    size_t used = 0;
    struct buffer *pending = &session->transaction->reception->pending;
    struct byte_sink sink = byte_sink_of_buffer(pending);
    /* Hardly more comes out than goes in: it grows once. */
    (void)buffer_reserve(pending, conn->in.len);
    enum smtp_data_status status = smtp_data_read(reader, conn_input(conn), sink, &used);
    conn_consume(conn, used);
    if (reader->fault)
        smtp_reception_fail(session->transaction->reception,
                            smtp_reply_named(smtp_data_fault_reply(reader->fault)));
    smtp_reception_flow(t, session, used);
    return status == SMTP_DATA_END;
}

static struct smtp_reply flood(struct smtp_session *session) {
    struct smtp_reply reply = session->transaction->reception->failure;
    reply.closes = true;
    return reply;
}

static struct smtp_reply read_message(struct task *t, struct smtp_session *session) {
    struct smtp_data_reader reader = smtp_data_reader_new(true);
    struct smtp_reply lost;
    while (!read_some(t, session, &reader)) {
        if (smtp_reception_is_flood(session)) return flood(session);
        if (!smtp_pace_fill(t, session, &session->transaction->reception->pace, &lost)) return lost;
    }
    return smtp_reception_finish(t, session);
}

struct smtp_reply smtp_data(struct task *t, struct smtp_session *session,
                            const struct smtp_command *command) {
    struct smtp_reply begun = smtp_reception_begin(session);
    if (begun.code >= 400) return begun;
    smtp_session_reply(session, smtp_reply_named(SMTP_REPLY_SEND_DATA));
    return read_message(t, session);
}

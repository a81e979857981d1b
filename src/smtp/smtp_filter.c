/*
 * What the content filter says of a message, before it is stored (filter/filter.h). Fields that it adds go
 * behind our own trace: the message is taken in a second time, so that all that is known of it is known of
 * what is stored. Without a verdict settings.filter.when_down decides, and a message that is taken all the
 * same says so in its header; nothing that was not looked at ever looks as if it had been.
 */
#include "filter/body_pieces.h"
#include "smtp/smtp_reception.h"

static bool is_filtered(const struct smtp_session *session) {
    const struct smtp_filter_settings *settings = &session->server->settings.filter;
    if (!session->server->filter || !settings->is_used) return false;
    return settings->is_for_submission || !smtp_session_may_relay(session);
}

/* ---- what is asked ---- */

static struct slice user_of(const struct smtp_session *session) {
    return session->is_logged_in ? slice_from_text(session->identity->address) : SLICE_EMPTY;
}

static struct filter_question question_of(const struct smtp_session *session,
                                          const struct delivery *delivery) {
    const struct smtp_transaction *transaction = session->transaction;
    return (struct filter_question){.id = delivery->id,
                                    .mail_from = transaction->mail_from,
                                    .recipients = transaction->addresses.items,
                                    .recipient_count = transaction->addresses.count,
                                    .helo = smtp_session_helo(session),
                                    .address = slice_from_text(session->peer.address),
                                    .user = user_of(session),
                                    .packed = delivery->body.packed,
                                    .file = delivery->body.file,
                                    .packed_bytes = delivery->body.spool_bytes,
                                    .raw_bytes = delivery->body.raw_bytes,
                                    .trace_bytes = transaction->reception->trace_bytes};
}

/* ---- fields in the header ---- */

/* The message being made anew. */
struct remaking {
    struct smtp_session *session;
    struct intake *intake;
    struct slice fields;
    /* Of the trace, still to come. */
    uint64_t trace_left;
};

static enum intake_result feed_piece(struct task *t, struct remaking *remaking, struct slice piece) {
    uint64_t left = remaking->trace_left;
    struct slice trace = slice_take(&piece, left < piece.len ? (size_t)left : piece.len);
    enum intake_result result = intake_feed(t, remaking->intake, trace);
    remaking->trace_left -= trace.len;
    if (result == INTAKE_OK && left && remaking->trace_left == 0)
        result = intake_feed(t, remaking->intake, remaking->fields);
    if (result == INTAKE_OK) result = intake_feed(t, remaking->intake, piece);
    /* A large message is as much work again: others have their turn. */
    if (result == INTAKE_OK && task_yield(t) != WAIT_OK) result = INTAKE_FAILED;
    return result;
}

static enum intake_result feed_all(struct task *t, struct remaking *remaking,
                                   const struct body_source *body) {
    struct body_pieces *pieces = body_pieces_open(body->packed, body->file, body->spool_bytes);
    struct buffer raw = buffer_new(BODY_FRAME_BYTES);
    enum intake_result result = INTAKE_OK;
    enum body_pieces_status status = BODY_PIECES_DAMAGED;
    while (pieces && result == INTAKE_OK && (status = body_pieces_next(pieces, &raw)) == BODY_PIECES_MORE)
        result = feed_piece(t, remaking, buffer_slice(&raw));
    if (result == INTAKE_OK && status != BODY_PIECES_END) result = INTAKE_FAILED;
    buffer_free(&raw);
    body_pieces_free(&pieces);
    return result;
}

/* The new one takes the place of the old one once it is whole. */
static enum intake_result remake(struct task *t, struct smtp_session *session, struct slice fields,
                                 struct delivery *delivery) {
    struct smtp_reception *reception = session->transaction->reception;
    struct remaking remaking = {session, NULL, fields, reception->trace_bytes};
    enum intake_result result =
        intake_begin(session->server->intake, smtp_reception_bytes_max(session), &remaking.intake);
    if (result != INTAKE_OK) return result;
    result = feed_all(t, &remaking, &delivery->body);
    struct body_source body;
    struct message_facts facts;
    if (result == INTAKE_OK) result = intake_finish(t, remaking.intake, &body, &facts);
    if (result == INTAKE_OK) {
        ASSERT(body.raw_bytes == delivery->body.raw_bytes + fields.len);
        delivery->body = body;
        delivery->facts = facts;
        struct intake *old = reception->intake;
        reception->intake = remaking.intake;
        remaking.intake = old;
    }
    intake_free(&remaking.intake);
    return result;
}

/* Behind them what is said of the sender, where that is not in front yet. */
static void put_in_front(struct task *t, struct smtp_session *session, struct slice fields,
                         struct delivery *delivery) {
    struct smtp_reception *reception = session->transaction->reception;
    buffer_append(&reception->results, fields);
    ASSERT(!buffer_overflowed(&reception->results));
    if (reception->results.len == 0) return;
    enum intake_result result = remake(t, session, buffer_slice(&reception->results), delivery);
    struct smtp_reply failure = smtp_reply_of_intake(result);
    if (failure.code) smtp_reception_fail(reception, failure);
}

/* ---- what is done ---- */

static void refuse(struct smtp_session *session, unsigned code, struct slice enhanced, struct slice text,
                   struct slice otherwise) {
    struct smtp_reply reply = {
        .code = (uint16_t)code, .enhanced = enhanced, .text = text.len ? text : otherwise};
    smtp_reception_fail(session->transaction->reception, reply);
}

static void defer(struct smtp_session *session, struct slice text) {
    refuse(session, 451, SLICE("4.7.1"), text, SLICE("Not accepted now; try again later"));
}

static void log_verdict(const struct smtp_session *session, const struct filter_verdict *verdict,
                        int64_t begun_ms) {
    struct env *env = session->conn.env;
    LOG_INFO(env->log, "filter.verdict", LOG_ID("id", session->transaction->reception->id),
             LOG_CSTR("action", filter_action_name(verdict->action)), LOG_TEXT("summary", verdict->summary),
             LOG_NUMBER("ms", (uint64_t)(env_now_ms(env) - begun_ms)), LOG_ID("session", session->id));
}

static void log_down(const struct smtp_session *session, const struct filter_verdict *verdict) {
    static const char *const next[] = {"deferred", "accepted, not looked at", "into Junk, not looked at"};
    LOG_WARN(session->conn.env->log, "filter.down", LOG_ID("id", session->transaction->reception->id),
             LOG_TEXT("reason", verdict->text),
             LOG_CSTR("message", next[session->server->settings.filter.when_down]));
}

static void go_without(struct task *t, struct smtp_session *session, struct delivery *delivery) {
    enum filter_when_down when_down = session->server->settings.filter.when_down;
    if (when_down == FILTER_DOWN_DEFERS) {
        defer(session, SLICE("The content filter does not answer; try again later"));
        return;
    }
    delivery->is_junk = delivery->is_junk || when_down == FILTER_DOWN_JUNKS;
    put_in_front(t, session, SLICE("X-Posthaste-Filter: none; the filter did not answer\r\n"), delivery);
}

void smtp_reception_filter(struct task *t, struct smtp_session *session, struct delivery *delivery) {
    if (!is_filtered(session)) {
        put_in_front(t, session, SLICE_EMPTY, delivery);
        return;
    }
    struct filter_question question = question_of(session, delivery);
    struct filter_verdict verdict;
    int64_t begun_ms = env_now_ms(session->conn.env);
    filter_ask(t, session->server->filter, session->scratch, &question, &verdict);
    if (verdict.action == FILTER_DOWN)
        log_down(session, &verdict);
    else
        log_verdict(session, &verdict, begun_ms);
    switch (verdict.action) {
    case FILTER_REJECT:
        refuse(session, 550, SLICE("5.7.1"), verdict.text, SLICE("Refused by a content filter"));
        return;
    case FILTER_DEFER:
        defer(session, verdict.text);
        return;
    case FILTER_DOWN:
        go_without(t, session, delivery);
        return;
    case FILTER_JUNK:
    case FILTER_ACCEPT:
        delivery->is_junk = delivery->is_junk || verdict.action == FILTER_JUNK;
        put_in_front(t, session, verdict.fields, delivery);
        return;
    }
}

#include "smtp/smtp_reception.h"

#include <stdlib.h>

#include "base/limits_campaign.h"
#include "store/queue_model.h"

/* The pieces that `pending` may hold at once: a held header section and what one read brings,
   of which BDAT's line ends may double, or a field comes on top that waited to be read. */
enum { PENDING_BYTES_MAX = SMTP_HEADER_HELD_BYTES_MAX + 4 * SMTP_READ_BYTES };
/* What waits for a verdict, and what comes on top of it in one go. */
enum { HELD_BYTES_MAX = TRUST_HELD_BYTES_MAX + PENDING_BYTES_MAX + AUTH_RESULTS_HELD_BYTES_MAX };
/* Results and the fields of a content filter. */
enum { RESULTS_BYTES_MAX = AUTH_RESULTS_BYTES_MAX + 2 * FILTER_FIELDS_BYTES_MAX };
/* What mostly goes in front of a message is not longer. */
enum { TRACE_BYTES = 512 };

/* RFC 1870 6: the limit is on what was sent, not on what is put in front of it or made of it. */
uint64_t smtp_reception_bytes_max(const struct smtp_session *session) {
    return 2 * session->server->settings.message_bytes_max + SMTP_TRACE_BYTES_MAX + RESULTS_BYTES_MAX;
}

struct smtp_reply smtp_reply_of_intake(enum intake_result result) {
    switch (result) {
    case INTAKE_OK:
        return SMTP_SILENCE;
    case INTAKE_TOO_BIG:
        return smtp_reply_named(SMTP_REPLY_MESSAGE_TOO_LARGE);
    case INTAKE_BUSY:
    case INTAKE_FULL:
        return smtp_reply_named(SMTP_REPLY_NO_STORAGE);
    case INTAKE_FAILED:
        break;
    }
    return smtp_reply_named(SMTP_REPLY_LOCAL_ERROR);
}

struct smtp_reply smtp_reception_begin(struct smtp_session *session) {
    struct smtp_server *server = session->server;
    struct intake *intake = NULL;
    enum intake_result begun = intake_begin(server->intake, smtp_reception_bytes_max(session), &intake);
    if (begun != INTAKE_OK) return smtp_reply_of_intake(begun);
    if (server->settings.is_categorising) intake_classify(intake);
    struct smtp_reception *reception = calloc(1, sizeof *reception);
    if (!reception) FATAL("out of memory for a message");
    struct env *env = session->conn.env;
    *reception =
        (struct smtp_reception){.id = store_client_new_id(server->store),
                                .received_ms = env_wall_ms(env),
                                .pace = smtp_pace_begin(env),
                                .intake = intake,
                                .pending = buffer_new(PENDING_BYTES_MAX),
                                .held = buffer_new(HELD_BYTES_MAX),
                                .results = buffer_new(RESULTS_BYTES_MAX),
                                .lines = canonical_lines_new(),
                                .binary = session->transaction->is_binary ? binary_mime_new() : NULL};
    session->transaction->reception = reception;
    return smtp_reply_named(SMTP_REPLY_OK);
}

void smtp_reception_end(struct smtp_reception **reception) {
    if (!*reception) return;
    intake_free(&(*reception)->intake);
    smtp_seen_free(&(*reception)->seen);
    buffer_free(&(*reception)->pending);
    buffer_free(&(*reception)->held);
    buffer_free(&(*reception)->results);
    binary_mime_free(&(*reception)->binary);
    free(*reception);
    *reception = NULL;
}

void smtp_reception_fail(struct smtp_reception *reception, struct smtp_reply reply) {
    if (reception->failure.code == 0) reception->failure = reply;
}

static void feed(struct task *t, struct smtp_reception *reception, struct slice bytes) {
    if (reception->failure.code || bytes.len == 0) return;
    struct smtp_reply failure = smtp_reply_of_intake(intake_feed(t, reception->intake, bytes));
    if (failure.code) smtp_reception_fail(reception, failure);
}

/* The header section's length, its empty line included; 0 while there is more of it to come. */
static size_t header_end(struct smtp_reception *reception) {
    struct slice pending = buffer_slice(&reception->pending);
    if (slice_starts(pending, SLICE("\r\n"))) return 2;
    struct slice unseen = slice_skip(pending, reception->header_scanned_bytes);
    size_t at = slice_find(unseen, SLICE("\r\n\r\n"));
    if (at != SLICE_NOT_FOUND) return reception->header_scanned_bytes + at + 4;
    reception->header_scanned_bytes = pending.len > 3 ? pending.len - 3 : 0;
    return 0;
}

/* Writes what goes in front. `header`: what submission looks through for what is missing. */
static void flow_trace(struct task *t, struct smtp_session *session, struct slice header) {
    struct smtp_reception *reception = session->transaction->reception;
    struct buffer trace = buffer_new(SMTP_TRACE_BYTES_MAX);
    (void)buffer_reserve(&trace, TRACE_BYTES);
    smtp_trace_write(&trace, session);
    if (header.len) smtp_trace_complete(&trace, session, header);
    ASSERT(!buffer_overflowed(&trace) && !buffer_overflowed(&reception->results));
    reception->trace_bytes = trace.len + reception->results.len;
    feed(t, reception, buffer_slice(&trace));
    buffer_free(&trace);
    feed(t, reception, buffer_slice(&reception->results));
    buffer_clear(&reception->results);
    reception->is_flowing = true;
}

/* Whether content can go on to intake; the first time, the trace goes ahead of it. */
static bool begin_flow(struct task *t, struct smtp_session *session, bool is_whole) {
    struct smtp_reception *reception = session->transaction->reception;
    if (reception->is_flowing) return true;
    bool must_wait = session->transaction->check && !is_whole && !smtp_trust_is_full(session);
    if (must_wait) return false;
    if (!session->is_logged_in) {
        flow_trace(t, session, SLICE_EMPTY);
        return true;
    }
    struct slice pending = buffer_slice(&reception->pending);
    size_t header_bytes = is_whole ? pending.len : header_end(reception);
    if (header_bytes == 0 && pending.len <= SMTP_HEADER_HELD_BYTES_MAX) return false;
    flow_trace(t, session, slice_sub(pending, 0, header_bytes));
    return true;
}

/* Content that intake has not seen: as it came, or what is left of it. */
static void flow_content(struct task *t, struct smtp_session *session, bool is_whole) {
    struct smtp_transaction *transaction = session->transaction;
    struct smtp_reception *reception = transaction->reception;
    struct buffer *content = transaction->check ? &reception->held : &reception->pending;
    if (!begin_flow(t, session, is_whole)) return;
    feed(t, reception, buffer_slice(content));
    buffer_clear(content);
}

static void check_size(struct smtp_session *session) {
    struct smtp_reception *reception = session->transaction->reception;
    if (reception->pace.wire_bytes <= session->server->settings.message_bytes_max) return;
    smtp_reception_fail(reception, smtp_reply_named(SMTP_REPLY_MESSAGE_TOO_LARGE));
}

void smtp_reception_flow(struct task *t, struct smtp_session *session, uint64_t wire_bytes) {
    struct smtp_reception *reception = session->transaction->reception;
    reception->pace.wire_bytes += wire_bytes;
    check_size(session);
    ASSERT(reception->failure.code || !buffer_overflowed(&reception->pending));
    if (reception->failure.code) {
        buffer_clear(&reception->pending);
    } else {
        if (session->transaction->check) smtp_trust_take(session);
        flow_content(t, session, false);
    }
    smtp_pace_turn(t, &reception->pace, wire_bytes);
}

bool smtp_reception_is_flood(const struct smtp_session *session) {
    return session->transaction->reception->pace.wire_bytes / 2 > session->server->settings.message_bytes_max;
}

/* Silence: it is durable. RFC 5321 4.2.5 says when to answer what. */
static struct smtp_reply reply_of_store(enum store_result result) {
    switch (result) {
    case STORE_OK:
        return SMTP_SILENCE;
    case STORE_FULL:
    case STORE_BUSY:
        return smtp_reply_named(SMTP_REPLY_NO_STORAGE);
    case STORE_OVER_QUOTA:
        return (struct smtp_reply){.code = 452, .enhanced = SLICE("4.2.2"), .text = SLICE("Mailbox full")};
    default:
        return smtp_reply_named(SMTP_REPLY_LOCAL_ERROR);
    }
}

static void finish_intake(struct task *t, struct smtp_session *session, struct delivery *delivery) {
    struct smtp_reception *reception = session->transaction->reception;
    if (session->transaction->check && !reception->failure.code) smtp_trust_judge(t, session, delivery);
    if (reception->failure.code) return;
    flow_content(t, session, true);
    if (reception->failure.code) return;
    reception->failure =
        smtp_reply_of_intake(intake_finish(t, reception->intake, &delivery->body, &delivery->facts));
    if (reception->failure.code) return;
    const struct analysis *analysis = intake_analysis(reception->intake);
    if (analysis->classification) delivery->keyword = category_keyword(analysis->classification->category);
    if (smtp_trace_is_loop(session, analysis)) reception->failure = smtp_reply_named(SMTP_REPLY_MAIL_LOOP);
    if (reception->failure.code) return;
    smtp_reception_filter(t, session, delivery);
}

static uint32_t properties_of(const struct smtp_session *session) {
    const struct smtp_transaction *transaction = session->transaction;
    return (transaction->is_utf8 ? OUTGOING_UTF8 : 0) |
           (transaction->requires_tls ? OUTGOING_REQUIRES_TLS : 0) |
           (!session->is_logged_in && smtp_session_may_relay(session) ? OUTGOING_TRUSTED : 0);
}

static struct smtp_reply deliver(struct task *t, struct smtp_session *session) {
    const struct smtp_transaction *transaction = session->transaction;
    struct smtp_reception *reception = transaction->reception;
    struct delivery delivery = {.id = reception->id,
                                .tenant = transaction->tenant,
                                .account = session->is_logged_in ? session->identity->account : 0,
                                .properties = properties_of(session),
                                .mail_from = transaction->mail_from,
                                .envelope_id = transaction->envelope_id,
                                .dsn_return = transaction->dsn_return,
                                .received_ms = reception->received_ms,
                                .accounts = transaction->accounts.items,
                                .account_count = transaction->accounts.count,
                                .queue = transaction->queue.items,
                                .queue_count = transaction->queue.count};
    finish_intake(t, session, &delivery);
    if (reception->failure.code) return reception->failure;
    smtp_feedback_read(t, session, &delivery);
    if (reception->is_dropped) return SMTP_SILENCE;
    /* RFC 8689 4.1: of both the one in the envelope counts. */
    bool is_waived = intake_analysis(reception->intake)->waives_tls && !transaction->requires_tls;
    if (is_waived) delivery.properties |= OUTGOING_WAIVES_TLS;
    struct buffer judged = buffer_new(ANSWER_FACTS_BYTES_MAX);
    smtp_judge(t, session, &delivery, &judged);
    enum store_result stored = store_deliver(t, session->server->store, &delivery);
    buffer_free(&judged);
    return reply_of_store(stored);
}

static void log_accepted(const struct smtp_session *session) {
    const struct smtp_transaction *transaction = session->transaction;
    LOG_INFO(session->conn.env->log, "smtp.accepted", LOG_ID("id", transaction->reception->id),
             LOG_TEXT("from", transaction->mail_from), LOG_NUMBER("recipients", transaction->recipient_count),
             LOG_TEXT("to", transaction->first_recipient),
             LOG_NUMBER("bytes", transaction->reception->pace.wire_bytes),
             LOG_TEXT("peer", smtp_session_peer(session)), LOG_CSTR("tls", session->security),
             LOG_ID("session", session->id));
    if (transaction->queue.count)
        LOG_INFO(session->conn.env->log, "queue.accepted", LOG_ID("id", transaction->reception->id),
                 LOG_NUMBER("recipients", transaction->queue.count));
}

static void count_accepted(const struct smtp_session *session, int64_t begun_ms) {
    const struct smtp_transaction *transaction = session->transaction;
    struct metrics *metrics = &session->conn.env->metrics;
    metrics_add(metrics, METRIC_SMTP_ACCEPTED, 1);
    metrics_add(metrics, METRIC_SMTP_ACCEPTED_BYTES, transaction->reception->pace.wire_bytes);
    metrics_add(metrics, METRIC_SMTP_RECIPIENTS, transaction->recipient_count);
    metrics_observe(metrics, METRIC_SMTP_DELIVERY, (uint64_t)(env_now_ms(session->conn.env) - begun_ms));
}

static struct smtp_reply accepted(struct smtp_session *session) {
    log_accepted(session);
    unsigned long long id = session->transaction->reception->id;
    return smtp_reply_with_text(SMTP_REPLY_OK, arena_printf(session->scratch, "Ok: accepted as %016llx", id));
}

struct smtp_reply smtp_reception_finish(struct task *t, struct smtp_session *session) {
    int64_t begun_ms = env_now_ms(session->conn.env);
    struct smtp_reply reply = deliver(t, session);
    session->transaction->is_over = true;
    /* What is put off comes again. */
    if (reply.code == 0 || reply.code >= 500) smtp_seen_count(session);
    if (reply.code) return reply;
    count_accepted(session, begun_ms);
    return accepted(session);
}

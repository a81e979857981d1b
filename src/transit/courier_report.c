/* Reports to senders (transit/report.h), made where strangers' texts can do no harm, and stored by the store.
 */
#include "intake/facts.h"
#include "transit/courier_body.h"
#include "transit/courier_state.h"
#include "transit/report.h"

/* A report on its way. */
struct making {
    struct task *t;
    struct courier_session *session;
    const struct transit_work *work;
    struct buffer original;
    bool is_original_whole;
    struct buffer message;
    struct buffer packed;
    size_t covered;
};

/* ---- what it is about ---- */

/* The beginning of the message, which is all of most. One that cannot be read is reported without. */
static void read_original(struct making *making) {
    struct courier_body body;
    ssize_t got = courier_body_open(making->t, &body, making->session, making->work) ? -1 : 1;
    while (got > 0) {
        uint8_t *room = buffer_reserve(&making->original, SMTP_CLIENT_PIECE_BYTES);
        if (!room) break;
        got = courier_body_read(making->t, &body, room, SMTP_CLIENT_PIECE_BYTES);
        if (got > 0) buffer_grew(&making->original, (size_t)got);
    }
    courier_body_close(&body);
    making->is_original_whole = got == 0;
}

static enum report_result write(struct making *making) {
    struct courier_session *session = making->session;
    struct env *env = session->courier->env;
    const struct outgoing *outgoing = &making->work->outgoing;
    int64_t lifetime_ms = session->settings.lifetime_ms ? session->settings.lifetime_ms : TRANSIT_LIFETIME_MS;
    struct report_source source = {.outgoing = outgoing,
                                   .kind = making->work->report_kind,
                                   .success = REPORT_RELAYED,
                                   .hostname = session->settings.hostname,
                                   .now_ms = env_wall_ms(env),
                                   .expires_ms = outgoing->received_ms + lifetime_ms,
                                   .original = buffer_slice(&making->original),
                                   .is_original_whole = making->is_original_whole};
    env_random(env, source.random, sizeof source.random);
    /* RFC 5321 4.4, 6.1: it is delivered here; where it leaves instead, courier_body takes this off again. */
    buffer_append_text(&making->message, "Return-Path: <>\r\n");
    return report_write(&source, &making->message, &making->covered);
}

/* ---- as a message to be delivered ---- */

static bool is_8bit(struct slice bytes) {
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.ptr[i] > 127) return true;
    return false;
}

static void pack(struct making *making, struct delivery *delivery) {
    struct body_packer *packer = body_packer_new(NULL);
    body_packer_feed(packer, buffer_slice(&making->message), &making->packed);
    delivery->body.raw_bytes = body_packer_finish(packer, &making->packed);
    delivery->body.packed = buffer_slice(&making->packed);
    body_packer_free(&packer);
}

/* The analyser's texts are in the message's arena. */
static struct delivery delivery_of(struct making *making, struct analyser *analyser) {
    struct courier *courier = making->session->courier;
    int64_t now_ms = env_wall_ms(courier->env);
    struct slice message = buffer_slice(&making->message);
    struct delivery delivery = {
        .id = id_next(&courier->ids, now_ms), .tenant = making->work->outgoing.tenant, .received_ms = now_ms};
    pack(making, &delivery);
    analysis_feed(analyser, message);
    delivery.facts = facts_of_analysis(making->session->message_arena, analysis_finish(analyser));
    delivery.facts.is_8bit = is_8bit(message);
    delivery.properties = (making->work->outgoing.properties & OUTGOING_REQUIRES_TLS) | OUTGOING_COMPOSED;
    if (delivery.facts.is_8bit) delivery.properties |= OUTGOING_UTF8;
    return delivery;
}

/* ---- what is said of it ---- */

/* Of the recipients that the report covers; of the rest the store asks again. */
static void say(struct making *making, const struct delivery *delivery, struct buffer *question) {
    const struct outgoing *outgoing = &making->work->outgoing;
    size_t count = delivery ? making->covered : outgoing->recipient_count;
    uint32_t *numbers = ARENA_NEW_ARRAY(making->session->message_arena, uint32_t, count);
    for (size_t i = 0; i < count; i++) numbers[i] = outgoing->recipients[i].number;
    struct transit_report report = {.session = making->session->order.session,
                                    .done = {.kind = making->work->report_kind,
                                             .message = outgoing->message,
                                             .numbers = numbers,
                                             .number_count = count,
                                             .report = delivery}};
    transit_report_pack(question, &report);
}

static void say_with_delivery(struct making *making, struct buffer *question) {
    struct analyser *analyser = analysis_new(making->session->message_arena);
    struct delivery delivery = delivery_of(making, analyser);
    say(making, &delivery, question);
    analysis_free(&analyser);
}

/* False: it cannot be made, and is not to be tried again soon. */
static bool make(struct task *t, struct courier_session *session, const struct transit_work *work,
                 struct buffer *question) {
    struct making making = {.t = t,
                            .session = session,
                            .work = work,
                            .original = buffer_new(REPORT_ORIGINAL_BYTES_MAX + SMTP_CLIENT_PIECE_BYTES),
                            .message = buffer_new(REPORT_BYTES_MAX),
                            .packed = buffer_new(REPORT_BYTES_MAX)};
    read_original(&making);
    enum report_result result = write(&making);
    if (result == REPORT_WRITTEN)
        say_with_delivery(&making, question);
    else if (result == REPORT_NOT_OWED)
        say(&making, NULL, question);
    buffer_free(&making.original);
    buffer_free(&making.message);
    buffer_free(&making.packed);
    return result != REPORT_TOO_LONG && !buffer_overflowed(question);
}

void courier_report_run(struct task *t, struct courier_session *session) {
    struct transit_work work;
    bool has_work = courier_session_next(t, session, NULL, &work);
    while (has_work && !session->is_over && !task_is_cancelled(t)) {
        struct buffer question = buffer_new(IPC_FRAME_BYTES_MAX);
        if (make(t, session, &work, &question))
            has_work = courier_session_ask(t, session, TRANSIT_REPORT, buffer_slice(&question), true, &work);
        else
            courier_session_end(session, TRANSIT_SESSION_UNREACHABLE,
                                SLICE("a report is larger than it may be"));
        buffer_free(&question);
    }
}

/*
 * One message: to one host after the other, until each recipient is taken, refused, or known to wait. The
 * recipients that some host may have taken already are a group of their own, for that host alone (RFC 1047).
 */
#include <stdio.h>

#include "transit/courier_body.h"
#include "transit/courier_leave.h"
#include "transit/courier_sign.h"
#include "transit/courier_state.h"

/* One recipient's part in it. */
struct part {
    const struct outgoing_recipient *recipient;
    struct settled_recipient *settled;
    /* The only host that it goes to, or empty. */
    struct slice same_host;
    /* ORCPT as it is sent. */
    struct slice original;
    /* The last that was heard of a host which was passed over for the next. */
    struct verdict verdict;
    struct slice words;
    struct slice host;
    bool is_judged;
    bool is_settled;
};

struct attempt {
    struct task *t;
    struct courier_session *session;
    const struct transit_work *work;
    struct arena *arena;
    struct courier_body body;
    /* Its signatures, and as it is sent with them. */
    struct slice fields;
    struct courier_signed content;
    struct part *parts;
    size_t count;
    /* Of the group under way: the only host, or empty; which addresses had their turn. */
    struct slice same_host;
    bool is_tried[TRANSIT_ADDRESSES_MAX];
    /* What kept the last host from being of use, and whether any asked for less. */
    struct slice trouble;
    bool was_asked_for_less;
    /* The store said that it may leave; and that it is not to. */
    bool was_let_go;
    bool is_kept;
};

/* ---- what is settled ---- */

static void settle(struct attempt *attempt, struct part *part, const struct verdict *verdict,
                   struct slice words, struct slice host) {
    bool is_insisted = verdict->outcome == QUEUE_DEFERRED && attempt->same_host.len;
    part->is_settled = true;
    *part->settled = (struct settled_recipient){
        .number = part->recipient->number,
        .outcome = verdict->outcome,
        .status = arena_copy(attempt->arena, slice_from_text(verdict->status)),
        .reply = words,
        .host = host,
        .same_host = is_insisted ? attempt->same_host : SLICE_EMPTY,
        .was_let_go = attempt->was_let_go,
    };
}

static bool is_pending(const struct attempt *attempt, const struct part *part) {
    return !part->is_settled && slice_equal_nocase(part->same_host, attempt->same_host);
}

static size_t pending_count(const struct attempt *attempt) {
    size_t count = 0;
    for (size_t i = 0; i < attempt->count; i++) count += is_pending(attempt, &attempt->parts[i]);
    return count;
}

/* A host said, or did, something about this recipient: it is settled, or the next host is asked. */
static void judge(struct attempt *attempt, struct part *part, const struct verdict *verdict,
                  struct slice words, struct slice host) {
    struct verdict both = part->is_judged ? verdict_of_both(&part->verdict, verdict) : *verdict;
    /* Of two hosts that were passed over the one whose word holds is told of. */
    bool is_earlier = part->is_judged && both.outcome != verdict->outcome;
    if (!is_earlier) {
        part->words = words;
        part->host = host;
    }
    part->verdict = both;
    part->is_judged = true;
    if (!verdict->tries_next_host) settle(attempt, part, verdict, words, host);
}

static void judge_all(struct attempt *attempt, const struct verdict *verdict, struct slice words,
                      struct slice host) {
    for (size_t i = 0; i < attempt->count; i++)
        if (is_pending(attempt, &attempt->parts[i])) judge(attempt, &attempt->parts[i], verdict, words, host);
}

/* Nobody is left to ask. */
static void settle_rest(struct attempt *attempt, const struct verdict *otherwise, struct slice words) {
    for (size_t i = 0; i < attempt->count; i++) {
        struct part *part = &attempt->parts[i];
        if (!is_pending(attempt, part)) continue;
        if (part->is_judged)
            settle(attempt, part, &part->verdict, part->words, part->host);
        else
            settle(attempt, part, otherwise, words, SLICE_EMPTY);
    }
}

/* ---- the transaction ---- */

/* RFC 3461 4.2: in xtext; RFC 6533 3 for what is not ASCII. */
static struct slice original_of(struct attempt *attempt, const struct outgoing_recipient *recipient) {
    struct buffer text = buffer_new(SMTP_COMMAND_BYTES_MAX);
    struct slice copy = SLICE_EMPTY;
    bool is_ascii = true;
    for (size_t i = 0; i < recipient->original.len; i++) is_ascii &= recipient->original.ptr[i] < 128;
    buffer_append_text(&text, is_ascii ? "rfc822;" : "utf-8;");
    if (is_ascii)
        smtp_xtext_encode(&text, recipient->original);
    else
        buffer_append(&text, recipient->original);
    if (recipient->original.len && !buffer_overflowed(&text))
        copy = arena_copy(attempt->arena, buffer_slice(&text));
    buffer_free(&text);
    return copy;
}

static struct slice xtext_of(struct attempt *attempt, struct slice text) {
    struct buffer encoded = buffer_new(SMTP_COMMAND_BYTES_MAX);
    smtp_xtext_encode(&encoded, text);
    struct slice copy =
        buffer_overflowed(&encoded) ? SLICE_EMPTY : arena_copy(attempt->arena, buffer_slice(&encoded));
    buffer_free(&encoded);
    return copy;
}

/* The pending recipients, and with `parts` whose each of them is. */
static size_t list_pending(struct attempt *attempt, struct smtp_client_recipient *recipients,
                           struct part **parts) {
    size_t count = 0;
    for (size_t i = 0; i < attempt->count; i++) {
        struct part *part = &attempt->parts[i];
        if (!is_pending(attempt, part)) continue;
        parts[count] = part;
        recipients[count++] = (struct smtp_client_recipient){.address = part->recipient->address,
                                                             .notify = part->recipient->notify,
                                                             .original = part->original};
    }
    return count;
}

/* A connection that was idle may have ended since, or end with the first word of the next transaction: that
   says nothing of the message, nor of the host. */
static bool was_stale(const struct courier_session *session, const struct smtp_client_outcome *outcome) {
    if (session->carried == 0 || outcome->result == SMTP_CLIENT_OK) return false;
    if (outcome->stage == SMTP_STAGE_RSET) return true;
    return outcome->stage == SMTP_STAGE_MAIL && !smtp_client_is_usable(session->client);
}

static void judge_one(struct attempt *attempt, struct part *part, const struct smtp_client_outcome *outcome) {
    struct courier_session *session = attempt->session;
    struct verdict verdict = verdict_of(outcome);
    bool is_first = verdict.outcome == QUEUE_DELIVERED && part->recipient->attempts == 0;
    if (IS_PLANTED(session->courier->env, PLANTED_LOST_IS_DELIVERED) && verdict.is_in_doubt)
        verdict.outcome = QUEUE_DELIVERED;
    if (IS_PLANTED(session->courier->env, PLANTED_DELIVERED_ONCE_MORE) && is_first)
        verdict.outcome = QUEUE_DEFERRED;
    bool is_heard = outcome->answer.code != 0;
    struct slice name = courier_address(session, session->at)->name;
    judge(attempt, part, &verdict, courier_words(session, session->at, &verdict, &outcome->answer),
          is_heard ? name : SLICE_EMPTY);
    if (!part->is_settled) return;
    if (verdict.is_in_doubt) part->settled->same_host = name;
    /* RFC 3461 4.2: from here on nobody tells the sender of a success but us. */
    part->settled->is_last_with_dsn = verdict.outcome == QUEUE_DELIVERED &&
                                      !smtp_offer_has(smtp_client_offer(session->client), SMTP_EXTENSION_DSN);
}

/* What this end of the transaction means for the connection. */
static void note_end(struct attempt *attempt, const struct smtp_client_outcome *outcome) {
    struct courier_session *session = attempt->session;
    struct verdict verdict = verdict_of(outcome);
    if (verdict.reason)
        record_line(&session->record, "%s: %s", smtp_client_stage_name(outcome->stage), verdict.reason);
    if (verdict.asks_for_less) {
        session->is_down[session->at] = true;
        attempt->was_asked_for_less = true;
        attempt->trouble = courier_words(session, session->at, &verdict, &outcome->answer);
    }
    if (!smtp_client_is_usable(session->client)) courier_disconnect(attempt->t, session);
}

static struct smtp_client_message message_of(struct attempt *attempt) {
    const struct outgoing *outgoing = &attempt->work->outgoing;
    return (struct smtp_client_message){
        .mail_from = outgoing->mail_from,
        .bytes = outgoing->raw_bytes - attempt->body.left_out + attempt->fields.len,
        .is_8bit = outgoing->properties & OUTGOING_8BIT,
        .is_utf8 = outgoing->properties & OUTGOING_UTF8,
        .requires_tls = outgoing->properties & OUTGOING_REQUIRES_TLS,
        .dsn_return = (enum smtp_return)(outgoing->dsn_return % (SMTP_RETURN_HEADERS + 1)),
        .envelope_id = xtext_of(attempt, outgoing->envelope_id),
        .read = courier_signed_read,
        .context = &attempt->content,
    };
}

/* It cannot be signed now. */
static struct smtp_client_outcome without_content(struct smtp_client_message *message) {
    static const struct smtp_client_outcome outcome = {.result = SMTP_CLIENT_NO_CONTENT,
                                                       .stage = SMTP_STAGE_MAIL};
    for (size_t i = 0; i < message->recipient_count; i++) message->recipients[i].outcome = outcome;
    return outcome;
}

/* To a host without 8BITMIME it goes in 7 bits, where nothing forbids to rewrite it (RFC 6152 3). */
static struct smtp_client_outcome send_converted(struct attempt *attempt, struct smtp_client_message *message,
                                                 struct smtp_client_outcome lacks) {
    struct courier_session *session = attempt->session;
    struct courier_seven_bit converted;
    struct slice fields;
    switch (courier_sign_seven_bit(attempt->t, session, attempt->work, &attempt->body, &converted, &fields)) {
    case COURIER_SEVEN_BIT_READY:
        record_line(&session->record, "converted to 7-bit");
        message->is_8bit = false;
        message->bytes = converted.bytes + fields.len;
        attempt->content = (struct courier_signed){fields, courier_seven_bit_read, &converted};
        lacks = smtp_client_send(attempt->t, session->client, attempt->arena, message);
        break;
    case COURIER_SEVEN_BIT_IMPOSSIBLE:
        break;
    case COURIER_SEVEN_BIT_LATER:
        lacks = without_content(message);
        break;
    }
    courier_seven_bit_close(&converted);
    return lacks;
}

static struct smtp_client_outcome send_message(struct attempt *attempt, struct smtp_client_message *message) {
    courier_body_rewind(&attempt->body);
    attempt->content = (struct courier_signed){attempt->fields, courier_body_read, &attempt->body};
    struct smtp_client_outcome outcome =
        smtp_client_send(attempt->t, attempt->session->client, attempt->arena, message);
    bool is_too_wide = outcome.result == SMTP_CLIENT_LACKS && outcome.needs == SMTP_EXTENSION_8BITMIME;
    return is_too_wide ? send_converted(attempt, message, outcome) : outcome;
}

/* The store has dealt with it, or does not answer: then it waits. */
static bool may_leave(struct attempt *attempt) {
    static const struct verdict kept = {.outcome = QUEUE_DEFERRED, .status = "4.3.0"};
    attempt->is_kept =
        !courier_may_leave(attempt->t, attempt->session, &attempt->work->outgoing, attempt->was_let_go);
    attempt->was_let_go |= !attempt->is_kept;
    if (attempt->is_kept) settle_rest(attempt, &kept, SLICE("it is not to leave now"));
    return !attempt->is_kept;
}

/* False: the connection was stale; nothing happened. */
static bool send_to_host(struct attempt *attempt) {
    struct courier_session *session = attempt->session;
    if (!may_leave(attempt)) return true;
    struct smtp_client_message message = message_of(attempt);
    struct part **parts = ARENA_NEW_ARRAY(attempt->arena, struct part *, attempt->count);
    message.recipients = ARENA_NEW_ARRAY(attempt->arena, struct smtp_client_recipient, attempt->count);
    message.recipient_count = list_pending(attempt, message.recipients, parts);
    struct smtp_client_outcome outcome = send_message(attempt, &message);
    if (was_stale(session, &outcome)) {
        record_line(&session->record, "the connection had ended");
        courier_disconnect(attempt->t, session);
        return false;
    }
    session->carried++;
    for (size_t i = 0; i < message.recipient_count; i++)
        judge_one(attempt, parts[i], &message.recipients[i].outcome);
    note_end(attempt, &outcome);
    return true;
}

/* ---- one host after the other ---- */

static bool is_allowed(const struct attempt *attempt, size_t at) {
    const struct courier_session *session = attempt->session;
    if (attempt->is_tried[at]) return false;
    return attempt->same_host.len == 0 ||
           slice_equal_nocase(courier_address(session, at)->name, attempt->same_host);
}

/* The connection there is, or one that is made. False: *at has had its turn. */
static bool connect_to(struct attempt *attempt, size_t at) {
    struct courier_session *session = attempt->session;
    struct verdict verdict;
    struct slice words;
    if (session->client && session->at == at && session->client_wish == session->wish) {
        record_line(&session->record, "reuse %.*s[%s]", SLICE_PRINT(courier_address(session, at)->name),
                    courier_address(session, at)->address);
        return true;
    }
    if (courier_connect(attempt->t, session, at, &verdict, &words)) return true;
    attempt->trouble = words;
    attempt->was_asked_for_less |= verdict.asks_for_less;
    judge_all(attempt, &verdict, words, verdict.reason ? SLICE_EMPTY : courier_address(session, at)->name);
    return false;
}

/* The address to try now; count: none is left. The connection there is comes first. */
static size_t next_address(const struct attempt *attempt) {
    const struct courier_session *session = attempt->session;
    if (session->client && is_allowed(attempt, session->at)) return session->at;
    for (size_t at = 0; at < session->exchange.count; at++)
        if (is_allowed(attempt, at) && !session->is_down[at]) return at;
    return session->exchange.count;
}

static void deliver_group(struct attempt *attempt) {
    static const struct verdict down = {.outcome = QUEUE_DEFERRED, .status = "4.4.1"};
    const struct courier_session *session = attempt->session;
    memset(attempt->is_tried, 0, sizeof attempt->is_tried);
    while (pending_count(attempt)) {
        size_t at = next_address(attempt);
        if (at == session->exchange.count) break;
        /* A stale connection is made again, once: the new one is not stale. */
        attempt->is_tried[at] = !connect_to(attempt, at) || send_to_host(attempt);
    }
    settle_rest(attempt, &down, SLICE("no host of the destination can be reached now"));
}

/* The host is one of the destination's still, and was not waited for too long. */
static bool is_insisted_on(const struct attempt *attempt, const struct outgoing_recipient *recipient) {
    const struct exchange *exchange = &attempt->session->exchange;
    if (recipient->same_host.len == 0 || recipient->attempts >= TRANSIT_SAME_HOST_ATTEMPTS_MAX) return false;
    for (size_t i = 0; i < exchange->count; i++)
        if (slice_equal_nocase(exchange->addresses[i].name, recipient->same_host)) return true;
    return false;
}

/* ---- the whole ---- */

static void prepare(struct attempt *attempt, struct settled_recipient *settled) {
    for (size_t i = 0; i < attempt->count; i++) {
        const struct outgoing_recipient *recipient = &attempt->work->outgoing.recipients[i];
        attempt->parts[i] = (struct part){
            .recipient = recipient, .settled = &settled[i], .original = original_of(attempt, recipient)};
        if (is_insisted_on(attempt, recipient)) attempt->parts[i].same_host = recipient->same_host;
    }
}

/* Those that may go anywhere first: their connection is the one that the next message finds. */
static void deliver(struct attempt *attempt) {
    attempt->same_host = SLICE_EMPTY;
    deliver_group(attempt);
    for (size_t i = 0; i < attempt->count; i++) {
        if (attempt->parts[i].is_settled) continue;
        attempt->same_host = attempt->parts[i].same_host;
        deliver_group(attempt);
    }
}

static void settle_all(struct attempt *attempt, const struct verdict *verdict, struct slice words) {
    for (size_t i = 0; i < attempt->count; i++)
        settle(attempt, &attempt->parts[i], verdict, words, SLICE_EMPTY);
}

static struct verdict verdict_of_exchange(const struct exchange *exchange) {
    struct verdict verdict = {.outcome = exchange->result == EXCHANGE_FAILED ? QUEUE_FAILED : QUEUE_DEFERRED};
    (void)snprintf(verdict.status, sizeof verdict.status, "%s", exchange->status);
    return verdict;
}

static void record_hosts(struct courier_session *session) {
    const struct exchange *exchange = &session->exchange;
    if (exchange->reason.len) record_line(&session->record, "no hosts: %.*s", SLICE_PRINT(exchange->reason));
    for (size_t i = 0; i < exchange->count; i++)
        record_line(&session->record, "host %.*s[%s]:%u", SLICE_PRINT(exchange->addresses[i].name),
                    exchange->addresses[i].address, (unsigned)exchange->addresses[i].port);
}

/* Once a session. */
static bool find_hosts(struct attempt *attempt) {
    struct courier_session *session = attempt->session;
    struct exchange_query query = {session->courier->dns, &session->settings, &session->order};
    if (!session->is_found) {
        exchange_find(attempt->t, &query, session->arena, &session->exchange);
        session->is_found = true;
        record_hosts(session);
    }
    if (session->exchange.result == EXCHANGE_DEFERRED)
        courier_session_end(session, TRANSIT_SESSION_UNREACHABLE, session->exchange.reason);
    return session->exchange.result == EXCHANGE_FOUND;
}

/* A host that took this message for a better one's lack is not the destination's first choice. */
static void leave_detour(struct attempt *attempt) {
    struct courier_session *session = attempt->session;
    for (size_t at = 0; session->client && at < session->at; at++)
        if (!session->is_down[at]) courier_disconnect(attempt->t, session);
}

static void note_reach(struct attempt *attempt) {
    struct courier_session *session = attempt->session;
    leave_detour(attempt);
    for (size_t at = 0; at < session->exchange.count; at++)
        if (!session->is_down[at]) return;
    if (session->client) return;
    courier_session_end(session,
                        attempt->was_asked_for_less ? TRANSIT_SESSION_SLOW_DOWN : TRANSIT_SESSION_UNREACHABLE,
                        attempt->trouble);
}

/* RFC 8689 5: what comes back to a sender goes as it can. */
static enum courier_wish wish_of(const struct outgoing *outgoing) {
    if (outgoing->properties & OUTGOING_REQUIRES_TLS)
        return outgoing->mail_from.len ? COURIER_WISH_STRICT : COURIER_WISH_NONE;
    return outgoing->properties & OUTGOING_WAIVES_TLS ? COURIER_WISH_WAIVED : COURIER_WISH_NONE;
}

static void make(struct attempt *attempt, struct settled_recipient *settled) {
    static const struct verdict unreadable = {.outcome = QUEUE_DEFERRED, .status = "4.3.0"};
    if (!find_hosts(attempt)) {
        struct verdict verdict = verdict_of_exchange(&attempt->session->exchange);
        prepare(attempt, settled);
        settle_all(attempt, &verdict, attempt->session->exchange.reason);
        return;
    }
    prepare(attempt, settled);
    attempt->session->wish = wish_of(&attempt->work->outgoing);
    if (courier_body_open(attempt->t, &attempt->body, attempt->session, attempt->work)) {
        settle_all(attempt, &unreadable, SLICE("the stored message could not be read"));
        return;
    }
    if (!courier_sign(attempt->t, attempt->session, attempt->work, &attempt->body, &attempt->fields)) {
        settle_all(attempt, &unreadable, SLICE("the message could not be signed now"));
        return;
    }
    deliver(attempt);
    note_reach(attempt);
}

void courier_attempt(struct task *t, struct courier_session *session, const struct transit_work *work,
                     struct settlement *settlement) {
    struct attempt attempt = {.t = t,
                              .session = session,
                              .work = work,
                              .arena = session->message_arena,
                              .count = work->outgoing.recipient_count};
    struct settled_recipient *settled =
        ARENA_NEW_ARRAY(attempt.arena, struct settled_recipient, attempt.count);
    attempt.parts = ARENA_NEW_ARRAY(attempt.arena, struct part, attempt.count);
    record_begin(&session->record);
    session->tls_result_count = 0;
    make(&attempt, settled);
    courier_body_close(&attempt.body);
    *settlement = (struct settlement){.message = work->outgoing.message,
                                      .destination = session->order.destination,
                                      .recipients = settled,
                                      .recipient_count = attempt.count,
                                      .began_ms = session->record.began_wall_ms,
                                      .record = record_text(&session->record),
                                      .tls = session->tls_results,
                                      .tls_count = session->tls_result_count};
}

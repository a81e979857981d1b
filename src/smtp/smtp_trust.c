/*
 * What is found out about strangers that send mail (trust/inbound.h), and what becomes of it by the owner's
 * choice. SPF and the client's name are asked for from the first recipient on; content passes by the check on
 * its way in, and is held until there is a verdict, so that the field that tells it stands in front of it.
 * What is too much to be held goes on without, and is taken in again with that field (smtp_filter.c).
 */
#include "filter/added_fields.h"
#include "smtp/smtp_reception.h"
#include "store/queue_model.h"
#include "wire/dns.h"
#include "wire/network_list.h"

enum { REASON_BYTES_MAX = 4096 };

/* ---- before content ---- */

/* Who may send to anybody, and this host itself, is known without being looked at. */
static bool is_stranger(const struct smtp_session *session) {
    const struct smtp_server *server = session->server;
    return server->resolver && server->settings.trust.is_used && session->kind == SMTP_PORT_MX &&
           !smtp_session_may_relay(session) && *session->peer.address &&
           !network_list_has(server->settings.trust.exempt, session->peer.address);
}

/* Without the zone of a link-local address (RFC 4007 11), which says which way to it and not who it is. */
static bool read_address(const struct smtp_session *session, struct dns_address *address) {
    struct slice text = slice_from_text(session->peer.address);
    text = slice_take_until(&text, '%');
    if (!dns_address_parse(text, address)) return false;
    *address = dns_address_unmapped(*address);
    return true;
}

static bool question_of(const struct smtp_session *session, struct inbound_question *question) {
    *question = (struct inbound_question){.sender = session->transaction->mail_from,
                                          .helo = smtp_session_helo(session),
                                          .host = slice_from_text(session->server->login->hostname)};
    return read_address(session, &question->address);
}

static bool is_too_much(const struct smtp_server *server) {
    return server->check_count >= TRUST_CHECKS_MAX || server->check_bytes >= TRUST_CHECKS_BYTES_MAX;
}

static void charge(struct smtp_session *session, size_t bytes) {
    struct smtp_transaction *transaction = session->transaction;
    session->server->check_bytes += bytes - transaction->check_bytes;
    transaction->check_bytes = bytes;
}

struct smtp_reply smtp_trust_begin(struct smtp_session *session) {
    struct smtp_transaction *transaction = session->transaction;
    struct smtp_server *server = session->server;
    struct inbound_question question;
    if (transaction->check || !is_stranger(session)) return SMTP_SILENCE;
    /* Who cannot be told is not let in unlooked at. */
    if (!question_of(session, &question)) return smtp_reply_named(SMTP_REPLY_LOCAL_ERROR);
    if (is_too_much(server))
        return (struct smtp_reply){.code = 451,
                                   .enhanced = SLICE("4.3.2"),
                                   .text = SLICE("Too many messages are being checked, try again later")};
    transaction->check = inbound_check_new(session->conn.env, server->resolver, &question, false);
    inbound_check_begin(transaction->check, &server->login->group->scope);
    server->check_count++;
    return SMTP_SILENCE;
}

void smtp_trust_end(struct smtp_session *session) {
    if (!session->transaction->check) return;
    charge(session, 0);
    session->server->check_count--;
    inbound_check_free(&session->transaction->check);
}

/* ---- content ---- */

void smtp_trust_hash(struct smtp_session *session, struct slice content) {
    if (session->transaction->check) inbound_check_hash(session->transaction->check, content);
}

void smtp_trust_take(struct smtp_session *session) {
    struct smtp_transaction *transaction = session->transaction;
    struct smtp_reception *reception = transaction->reception;
    struct slice pending = buffer_slice(&reception->pending);
    if (reception->binary)
        inbound_check_pass(transaction->check, pending, &reception->held);
    else
        inbound_check_write(transaction->check, pending, &reception->held);
    ASSERT(!buffer_overflowed(&reception->held));
    buffer_clear(&reception->pending);
    charge(session, reception->held.capacity + inbound_check_bytes(transaction->check));
    if (session->server->check_bytes > TRUST_CHECKS_BYTES_MAX)
        smtp_reception_fail(reception, smtp_reply_named(SMTP_REPLY_NO_STORAGE));
}

bool smtp_trust_is_full(const struct smtp_session *session) {
    return session->transaction->reception->held.len > TRUST_HELD_BYTES_MAX ||
           session->server->check_bytes > TRUST_HELD_TOTAL_BYTES_MAX;
}

/* ---- the verdict ---- */

static const char *const action_names[] = {[INBOUND_ACCEPT] = "accept",
                                           [INBOUND_JUNK] = "junk",
                                           [INBOUND_DEFER] = "defer",
                                           [INBOUND_REJECT] = "reject"};

static void log_verdict(const struct smtp_session *session, const struct inbound_findings *findings,
                        const struct inbound_decision *decision, int64_t begun_ms) {
    struct env *env = session->conn.env;
    struct buffer words = buffer_new(REASON_BYTES_MAX);
    inbound_results_tell(&words, findings);
    LOG_INFO(env->log, "trust.verdict", LOG_ID("id", session->transaction->reception->id),
             LOG_CSTR("action", action_names[decision->action]), LOG_TEXT("found", buffer_slice(&words)),
             LOG_TEXT("from", findings->author.address), LOG_TEXT("sender", session->transaction->mail_from),
             LOG_CSTR("peer", session->peer.address), LOG_NUMBER("taken_out", findings->taken_out_count),
             LOG_NUMBER("ms", (uint64_t)(env_now_ms(env) - begun_ms)), LOG_ID("session", session->id));
    buffer_free(&words);
}

_Static_assert((int)TRUST_RESULTS == (int)METRIC_TRUST_RESULTS, "a counter for each result");
_Static_assert((int)INBOUND_REJECT + 1 == (int)METRIC_TRUST_ACTIONS, "a counter for each action");

static void count_verdict(struct metrics *metrics, const struct inbound_findings *findings,
                          const struct inbound_decision *decision) {
    metrics_add(metrics, METRIC_TRUST_SPF + (unsigned)findings->spf.result, 1);
    metrics_add(metrics, METRIC_TRUST_DKIM + (unsigned)findings->dkim.result, 1);
    metrics_add(metrics, METRIC_TRUST_DMARC + (unsigned)findings->dmarc.result, 1);
    metrics_add(metrics, METRIC_TRUST_ARC + (unsigned)findings->arc.result, 1);
    metrics_add(metrics, METRIC_TRUST_ACTION + (unsigned)decision->action, 1);
}

/* Whether somebody who may use the author's name vouches for the message. Without a record: a signature of
   the same domain. */
static enum feedback_trust author_trust(const struct inbound_findings *findings) {
    if (findings->dmarc.result == TRUST_PASS) return FEEDBACK_VOUCHED;
    if (findings->dmarc.result != TRUST_NONE || findings->author.fault) return FEEDBACK_UNVOUCHED;
    for (size_t i = 0; i < findings->dkim.count; i++)
        if (findings->dkim.signatures[i].result == TRUST_PASS &&
            slice_equal_nocase(findings->dkim.signatures[i].domain, findings->author.domains[0]))
            return FEEDBACK_VOUCHED;
    return FEEDBACK_UNVOUCHED;
}

static void write_results(struct smtp_session *session, const struct inbound_findings *findings,
                          const struct inbound_decision *decision) {
    struct buffer *results = &session->transaction->reception->results;
    struct inbound_question question;
    if (!question_of(session, &question)) return;
    inbound_results_write(results, &question, findings);
    if (decision->action != INBOUND_JUNK) return;
    struct added_fields fields = added_fields_new();
    if (added_fields_add(&fields, SLICE("X-Posthaste-Junk"), decision->reason))
        buffer_append(results, buffer_slice(&fields.bytes));
    added_fields_free(&fields);
}

static void refuse(struct smtp_session *session, unsigned code, const struct inbound_decision *decision) {
    smtp_reception_fail(session->transaction->reception,
                        (struct smtp_reply){.code = code,
                                            .enhanced = decision->status,
                                            .text = arena_copy(session->scratch, decision->reason)});
}

static void act(struct smtp_session *session, const struct inbound_findings *findings,
                const struct inbound_decision *decision, struct delivery *delivery) {
    switch (decision->action) {
    case INBOUND_REJECT:
        refuse(session, 550, decision);
        return;
    case INBOUND_DEFER:
        refuse(session, 451, decision);
        return;
    case INBOUND_JUNK:
    case INBOUND_ACCEPT:
        delivery->is_junk = decision->action == INBOUND_JUNK;
        write_results(session, findings, decision);
        return;
    }
}

/* For who seals the message where it is passed on (RFC 8617 5.1). */
static uint32_t chain_of(const struct inbound_findings *findings) {
    switch (findings->arc.result) {
    case TRUST_NONE:
        return OUTGOING_CHAIN_NONE;
    case TRUST_PASS:
        return OUTGOING_CHAIN_PASS;
    case TRUST_TEMPERROR:
        return 0;
    default:
        return OUTGOING_CHAIN_FAIL;
    }
}

void smtp_trust_judge(struct task *t, struct smtp_session *session, struct delivery *delivery) {
    struct smtp_transaction *transaction = session->transaction;
    struct env *env = session->conn.env;
    int64_t begun_ms = env_now_ms(env);
    smtp_trust_take(session);
    if (transaction->reception->failure.code) return;
    const struct inbound_findings *findings =
        inbound_check_finish(t, transaction->check, &transaction->reception->held, env_wall_ms(env) / 1000);
    struct buffer words = buffer_new(REASON_BYTES_MAX);
    struct inbound_decision decision =
        inbound_decide(&session->server->settings.trust.policy, findings, &words);
    transaction->reception->author_trust = author_trust(findings);
    delivery->properties |= chain_of(findings);
    log_verdict(session, findings, &decision, begun_ms);
    count_verdict(&env->metrics, findings, &decision);
    smtp_seen_make(session, findings, &decision);
    act(session, findings, &decision, delivery);
    buffer_free(&words);
}

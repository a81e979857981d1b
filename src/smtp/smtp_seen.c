/*
 * What was found out about a message, counted for the owner of its author's domain who wants reports of it
 * (RFC 9990, "rua"; store/seen.h). Mail that brings reports is not counted, so that reports never breed
 *reports . Nobody waits for it, and where it is lost, one message less is reported.
 */
#include "base/limits.h"
#include "smtp/smtp_reception.h"
#include "wire/address_split.h"

enum { SEEN_ARENA_BYTES = 64 * 1024 };

struct smtp_seen {
    struct arena *arena;
    struct store_client *store;
    struct seen seen;
};

/* ---- what is told of it ---- */

static enum dmarc_policy done_of(enum inbound_action action) {
    if (action == INBOUND_REJECT) return DMARC_REJECT;
    return action == INBOUND_JUNK ? DMARC_QUARANTINE : DMARC_NONE;
}

static void add_auth(struct arena *arena, struct feedback_record *record, struct feedback_auth auth) {
    if (record->auth_count == FEEDBACK_RESULTS_MAX || auth.domain.len == 0) return;
    auth.domain = feedback_text(arena, auth.domain);
    auth.selector = feedback_text(arena, auth.selector);
    record->auths[record->auth_count++] = auth;
}

static void add_auths(struct arena *arena, const struct inbound_findings *findings,
                      struct feedback_record *record) {
    record->auths = ARENA_NEW_ARRAY(arena, struct feedback_auth, FEEDBACK_RESULTS_MAX);
    /* RFC 9990 3.1.1.13: of a sender that is empty, too. */
    add_auth(arena, record,
             (struct feedback_auth){.is_spf = true,
                                    .domain = findings->spf.domain,
                                    .selector = SLICE("mfrom"),
                                    .result = slice_from_text(trust_result_word(findings->spf.result))});
    for (size_t i = 0; i < findings->dkim.count; i++) {
        const struct dkim_result *signature = &findings->dkim.signatures[i];
        add_auth(arena, record,
                 (struct feedback_auth){.domain = signature->domain,
                                        .selector = signature->selector,
                                        .result = slice_from_text(trust_result_word(signature->result))});
    }
}

/* The policy says what is done where DMARC fails; RFC 9990 3.1.1.9: else why not. */
static void tell_disposition(const struct inbound_findings *findings, const struct inbound_decision *decision,
                             struct feedback_record *record) {
    record->disposition = DMARC_NONE;
    if (findings->dmarc.result == TRUST_PASS) return;
    record->disposition = done_of(decision->action);
    enum dmarc_policy asked = findings->dmarc.disposition;
    if (asked == DMARC_NO_POLICY) asked = DMARC_NONE;
    if (record->disposition != asked) record->reason = SLICE("local_policy");
}

static struct feedback_record record_of(const struct smtp_session *session, struct arena *arena,
                                        const struct inbound_findings *findings,
                                        const struct inbound_decision *decision) {
    struct feedback_record record = {
        .source = arena_copy(arena, slice_from_text(session->peer.address)),
        .is_dkim_aligned = findings->dmarc.is_dkim_aligned,
        .is_spf_aligned = findings->dmarc.is_spf_aligned,
        .header_from = feedback_text(arena, findings->author.domains[0]),
        .envelope_from = feedback_text(arena, address_split_domain(session->transaction->mail_from))};
    tell_disposition(findings, decision, &record);
    add_auths(arena, findings, &record);
    return record;
}

/* Its owner wants to know, and one domain is meant. */
static bool is_wanted(const struct smtp_session *session, const struct inbound_findings *findings) {
    const struct dmarc_verdict *dmarc = &findings->dmarc;
    return session->server->settings.feedback.counts && dmarc->policy_domain.len &&
           dmarc->record.aggregate_uris.len && !findings->author.fault &&
           (dmarc->result == TRUST_PASS || dmarc->result == TRUST_FAIL);
}

/* What does not fit is told with fewer results. */
static bool pack_record(struct buffer *item, struct feedback_record *record) {
    for (;;) {
        buffer_clear(item);
        feedback_record_pack(item, record);
        if (!buffer_overflowed(item)) return true;
        if (record->auth_count == 0) return false;
        record->auth_count--;
    }
}

void smtp_seen_make(struct smtp_session *session, const struct inbound_findings *findings,
                    const struct inbound_decision *decision) {
    if (!is_wanted(session, findings)) return;
    struct arena *arena = arena_new(SEEN_ARENA_BYTES);
    struct buffer item = buffer_new(SEEN_ROW_BYTES_MAX);
    struct feedback_record record = record_of(session, arena, findings, decision);
    struct smtp_seen *seen = NULL;
    if (pack_record(&item, &record)) {
        seen = ARENA_NEW(arena, struct smtp_seen);
        *seen = (struct smtp_seen){.arena = arena,
                                   .store = session->server->store,
                                   .seen = {.domain = arena_copy(arena, findings->dmarc.policy_domain),
                                            .record = arena_copy(arena, findings->dmarc.record_text),
                                            .item = arena_copy(arena, buffer_slice(&item))}};
    }
    buffer_free(&item);
    session->transaction->reception->seen = seen;
    if (!seen) arena_free(&arena);
}

void smtp_seen_free(struct smtp_seen **seen) {
    if (!*seen) return;
    struct arena *arena = (*seen)->arena;
    *seen = NULL;
    arena_free(&arena);
}

/* ---- counting it ---- */

/* Also what goes to other hosts, or could not be read (RFC 7489 7.2.1.1 says how its subject begins). */
static bool is_report(const struct smtp_reception *reception) {
    const struct analysis *analysis = reception->intake ? intake_analysis(reception->intake) : NULL;
    if (reception->is_feedback) return true;
    return analysis && analysis->root && slice_starts_nocase(analysis->subject, SLICE("report domain:")) &&
           feedback_part(analysis->root);
}

static void count(struct task *t, void *argument) {
    struct smtp_seen *seen = argument;
    (void)store_seen(t, seen->store, &seen->seen);
    smtp_seen_free(&seen);
}

void smtp_seen_count(struct smtp_session *session) {
    struct smtp_reception *reception = session->transaction->reception;
    if (!reception->seen || is_report(reception)) return;
    if (scope_spawn(&session->server->login->group->scope, count, reception->seen)) reception->seen = NULL;
}

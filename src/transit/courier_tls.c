#include "transit/courier_tls.h"

#include <stdio.h>

#include "resolve/resolver.h"
#include "transit/courier_sts.h"

const char *courier_tls_rule_name(enum tls_rule rule) {
    static const char *const names[TLS_RULES] = {[TLS_RULE_OPPORTUNISTIC] = "opportunistic",
                                                 [TLS_RULE_ROUTE] = "route",
                                                 [TLS_RULE_STS_TESTING] = "mta-sts (testing)",
                                                 [TLS_RULE_STS] = "mta-sts",
                                                 [TLS_RULE_DANE] = "dane",
                                                 [TLS_RULE_DANE_UNUSABLE] = "dane (unusable records)",
                                                 [TLS_RULE_SENDER] = "requiretls",
                                                 [TLS_RULE_WAIVED] = "nothing (TLS-Required: No)"};
    return names[rule];
}

bool courier_tls_is_checked(const struct tls_demand *demand) {
    return demand->tls == TRANSIT_TLS_VERIFIED || demand->tls == TRANSIT_TLS_IMPLICIT;
}

static bool is_strict(const struct courier_session *session) { return session->wish == COURIER_WISH_STRICT; }

/* ---- results ---- */

static struct tls_result *count(struct courier_session *session, enum tls_policy_type policy,
                                enum tls_result_type result, struct slice host) {
    if (session->exchange.route || session->tls_result_count == TLS_RESULTS_MAX) return NULL;
    struct slice id = policy == TLS_POLICY_STS && session->sts ? session->sts->id : SLICE_EMPTY;
    struct tls_result *counted = &session->tls_results[session->tls_result_count++];
    *counted = (struct tls_result){.policy = policy, .result = result, .policy_id = id, .host = host};
    return counted;
}

/* RFC 8460 4.4: of what failed both ends are told. */
static void count_connection(struct courier_session *session, size_t at, enum tls_policy_type policy,
                             enum tls_result_type result) {
    const struct exchange_address *address = courier_address(session, at);
    struct tls_result *counted = count(session, policy, result, address->name);
    if (!counted || result == TLS_RESULT_SUCCESS) return;
    counted->host_address = slice_from_text(address->address);
    counted->sender_address = arena_copy(session->arena, slice_from_text(session->local_address));
}

/* ---- DANE ---- */

static void look_up_dane(struct task *t, struct courier_session *session, size_t at, struct dane *dane) {
    const struct exchange_address *address = courier_address(session, at);
    struct resolver *resolver = resolver_new_following(session->courier->env, session->courier->dns);
    struct trust_lookups lookups = trust_lookups_of(
        resolver, session->arena, env_now_ms(session->courier->env) + TRANSIT_LOOKUP_MS, false);
    struct dane_host host = {.name = address->name,
                             .canonical = address->canonical,
                             .is_name_secure = session->exchange.is_secure,
                             .is_address_secure = address->is_secure,
                             .port = address->port};
    dane_look_up(t, &lookups, &host, dane);
    resolver_close(t, &resolver);
}

/* Once for all addresses of a host. */
static const struct dane *dane_of(struct task *t, struct courier_session *session, size_t at) {
    const struct exchange_address *address = courier_address(session, at);
    for (size_t i = 0; i < session->exchange.count; i++) {
        const struct exchange_address *other = courier_address(session, i);
        if (session->danes[i] && other->port == address->port && slice_equal(other->name, address->name))
            return session->danes[i];
    }
    struct dane *dane = ARENA_NEW(session->arena, struct dane);
    look_up_dane(t, session, at, dane);
    /* What a moment ago could not be known is asked again with the next message. */
    if (dane->result != DANE_UNSURE) session->danes[at] = dane;
    return dane;
}

/* RFC 7672 3.2.2: below a trust anchor a certificate may be for the domain itself, too. */
static const struct tls_dane *tls_dane_of(struct courier_session *session, const struct dane *dane) {
    struct tls_dane *tls = ARENA_NEW(session->arena, struct tls_dane);
    *tls = (struct tls_dane){.records = dane->records, .count = dane->count};
    tls->names[tls->name_count++] = arena_text(session->arena, dane->base);
    tls->names[tls->name_count++] = arena_text(session->arena, session->order.domain);
    return tls;
}

static bool has_usable(const struct dane *dane) {
    for (size_t i = 0; i < dane->count; i++)
        if (dane_is_usable(&dane->records[i])) return true;
    return false;
}

/* ---- MTA-STS ---- */

/* Of the domain, with a session's first connection. */
static const struct sts_now *sts_of(struct task *t, struct courier_session *session) {
    bool is_kept = session->sts && session->sts->state != STS_UNKNOWN;
    if (is_kept) return session->sts;
    session->sts = ARENA_NEW(session->arena, struct sts_now);
    sts_cache_find(t, session->courier->sts, session->order.domain, session->arena, session->sts);
    if (session->sts->state == STS_IN_FORCE)
        record_line(&session->record, "mta-sts policy %.*s: %s", SLICE_PRINT(session->sts->id),
                    mta_sts_mode_name(session->sts->policy->mode));
    if (session->sts->state != STS_FAILED) return session->sts;
    record_line(&session->record, "mta-sts policy cannot be had: %.*s", SLICE_PRINT(session->sts->reason));
    (void)count(session, TLS_POLICY_STS, session->sts->failure, SLICE_EMPTY);
    return session->sts;
}

/* ---- the demand ---- */

static bool refuse(struct verdict *verdict, enum queue_outcome outcome, const char *subject_and_detail,
                   const char *reason) {
    *verdict =
        (struct verdict){.outcome = outcome, .reason = reason, .tries_next_host = true, .is_host_lost = true};
    (void)snprintf(verdict->status, sizeof verdict->status, "%c.%s", outcome == QUEUE_FAILED ? '5' : '4',
                   subject_and_detail);
    return false;
}

/* RFC 8689 4.2.1: the way to a host that nobody vouches for cannot be told from another. */
static bool refuse_unvouched(struct verdict *verdict) {
    return refuse(
        verdict, QUEUE_FAILED, "7.10",
        "the message demands TLS all the way, and neither DNSSEC nor MTA-STS vouches for this host");
}

static bool demand_of_route(const struct courier_session *session, struct tls_demand *demand,
                            struct verdict *verdict) {
    *demand = (struct tls_demand){.rule = TLS_RULE_ROUTE, .tls = session->exchange.route->tls};
    if (!is_strict(session) || courier_tls_is_checked(demand)) return true;
    if (demand->tls == TRANSIT_TLS_NEVER)
        return refuse(verdict, QUEUE_FAILED, "7.10",
                      "the message demands TLS all the way, and the route goes without");
    *demand = (struct tls_demand){.rule = TLS_RULE_SENDER, .tls = TRANSIT_TLS_VERIFIED};
    return true;
}

/* Without a policy in force: what the sender wants, or nothing. */
static bool demand_of_sender(const struct courier_session *session, struct tls_demand *demand,
                             struct verdict *verdict) {
    *demand = (struct tls_demand){.rule = TLS_RULE_OPPORTUNISTIC, .tls = TRANSIT_TLS_OFFERED};
    if (!is_strict(session)) return true;
    if (!session->exchange.is_secure) return refuse_unvouched(verdict);
    *demand = (struct tls_demand){.rule = TLS_RULE_SENDER, .tls = TRANSIT_TLS_VERIFIED};
    return true;
}

static bool demand_of_sts(struct courier_session *session, size_t at, struct tls_demand *demand,
                          struct verdict *verdict) {
    struct slice name = courier_address(session, at)->name;
    bool is_enforced = session->sts->policy->mode == MTA_STS_MODE_ENFORCE;
    bool is_meant = mta_sts_policy_has(session->sts->policy, name);
    if (!is_meant) (void)count(session, TLS_POLICY_STS, TLS_RESULT_VALIDATION_FAILURE, name);
    if (!is_meant && is_enforced)
        return refuse(verdict, QUEUE_DEFERRED, "7.5", "the domain's MTA-STS policy does not name this host");
    if (!is_meant) {
        record_line(&session->record, "%.*s is not named by the mta-sts policy", SLICE_PRINT(name));
        return demand_of_sender(session, demand, verdict);
    }
    *demand = (struct tls_demand){.rule = is_enforced ? TLS_RULE_STS : TLS_RULE_STS_TESTING,
                                  .tls = is_enforced || is_strict(session) ? TRANSIT_TLS_VERIFIED
                                                                           : TRANSIT_TLS_OFFERED,
                                  .is_advisory = !is_enforced && !is_strict(session)};
    return true;
}

static bool demand_of_domain(struct task *t, struct courier_session *session, size_t at,
                             struct tls_demand *demand, struct verdict *verdict) {
    const struct sts_now *sts = sts_of(t, session);
    if (sts->state == STS_UNKNOWN)
        return refuse(verdict, QUEUE_DEFERRED, "3.0", "the domain's MTA-STS policy is not known now");
    if (sts->state == STS_IN_FORCE) return demand_of_sts(session, at, demand, verdict);
    return demand_of_sender(session, demand, verdict);
}

/* RFC 7672 2.2: what TLSA records say is not weakened by a policy (RFC 8461 2); where none of them is usable
   they demand TLS, and others may demand more. */
static bool demand_of_dane(struct task *t, struct courier_session *session, size_t at,
                           const struct dane *dane, struct tls_demand *demand, struct verdict *verdict) {
    if (has_usable(dane)) {
        *demand = (struct tls_demand){
            .rule = TLS_RULE_DANE, .tls = TRANSIT_TLS_VERIFIED, .dane = tls_dane_of(session, dane)};
        return true;
    }
    (void)count(session, TLS_POLICY_TLSA, TLS_RESULT_TLSA_INVALID, courier_address(session, at)->name);
    if (!demand_of_domain(t, session, at, demand, verdict)) return false;
    if (courier_tls_is_checked(demand)) return true;
    *demand = (struct tls_demand){.rule = TLS_RULE_DANE_UNUSABLE, .tls = TRANSIT_TLS_REQUIRED};
    return true;
}

static bool demand_of_waiver(struct tls_demand *demand) {
    *demand = (struct tls_demand){.rule = TLS_RULE_WAIVED, .tls = TRANSIT_TLS_OFFERED};
    return true;
}

static bool is_literal(const struct courier_session *session) {
    return session->order.domain.len == 0 || session->order.domain.ptr[0] == '[';
}

bool courier_tls_demand(struct task *t, struct courier_session *session, size_t at, struct tls_demand *demand,
                        struct verdict *verdict) {
    if (session->exchange.route) return demand_of_route(session, demand, verdict);
    if (is_literal(session)) return demand_of_sender(session, demand, verdict);
    /* RFC 8689 4.2.2: neither is looked at. */
    if (session->wish == COURIER_WISH_WAIVED) return demand_of_waiver(demand);
    const struct dane *dane = dane_of(t, session, at);
    switch (dane->result) {
    case DANE_UNSURE:
        record_line(&session->record, "TLSA of %.*s: %s", SLICE_PRINT(dane->trouble_name),
                    dns_result_name(dane->trouble));
        (void)count(session, TLS_POLICY_TLSA, TLS_RESULT_DNSSEC_INVALID, courier_address(session, at)->name);
        return refuse(
            verdict, QUEUE_DEFERRED, "7.5",
            "whether DANE protects it could not be found out: DNS gave no usable answer for its TLSA "
            "records");
    case DANE_FOUND:
        return demand_of_dane(t, session, at, dane, demand, verdict);
    default:
        return demand_of_domain(t, session, at, demand, verdict);
    }
}

/* ---- how it went ---- */

static bool is_of_tls(const struct smtp_client_outcome *outcome) {
    return outcome->result == SMTP_CLIENT_TLS_MISSING || outcome->result == SMTP_CLIENT_TLS_FAILED;
}

struct verdict courier_tls_verdict(const struct courier_session *session,
                                   const struct smtp_client_outcome *outcome) {
    struct verdict verdict = verdict_of(outcome);
    if (!is_strict(session) || !is_of_tls(outcome)) return verdict;
    /* RFC 8689 4.2.1: who demands it is told at once. */
    (void)refuse(&verdict, QUEUE_FAILED, "7.10", verdict.reason);
    return verdict;
}

static enum tls_result_type result_of_fault(enum tls_fault fault) {
    switch (fault) {
    case TLS_FAULT_NAME:
        return TLS_RESULT_HOST_MISMATCH;
    case TLS_FAULT_DATES:
        return TLS_RESULT_EXPIRED;
    case TLS_FAULT_TRUST:
        return TLS_RESULT_NOT_TRUSTED;
    default:
        return TLS_RESULT_VALIDATION_FAILURE;
    }
}

static enum tls_policy_type policy_of(enum tls_rule rule) {
    switch (rule) {
    case TLS_RULE_STS:
    case TLS_RULE_STS_TESTING:
        return TLS_POLICY_STS;
    case TLS_RULE_DANE:
    case TLS_RULE_DANE_UNUSABLE:
        return TLS_POLICY_TLSA;
    default:
        return TLS_POLICY_NONE;
    }
}

static void record_tls(struct courier_session *session, const struct tls_demand *demand) {
    const struct stream_security *security = smtp_client_security(session->client);
    if (!security->is_tls) return;
    record_line(&session->record, "TLS %s %s by %s", security->protocol, security->cipher,
                courier_tls_rule_name(demand->rule));
    if (demand->is_advisory && security->peer_fault)
        record_line(&session->record, "mta-sts (testing): %s", security->peer_fault);
}

static enum tls_result_type result_of_connection(const struct courier_session *session,
                                                 const struct tls_demand *demand) {
    const struct stream_security *security = smtp_client_security(session->client);
    if (!security->is_tls) return TLS_RESULT_STARTTLS_NOT_SUPPORTED;
    bool has_fault = demand->is_advisory && security->peer_fault;
    return has_fault ? result_of_fault(security->peer_fault_kind) : TLS_RESULT_SUCCESS;
}

void courier_tls_note(struct courier_session *session, size_t at, const struct tls_demand *demand,
                      const struct smtp_client_outcome *outcome) {
    enum tls_policy_type policy = policy_of(demand->rule);
    record_tls(session, demand);
    if (outcome->result == SMTP_CLIENT_OK) {
        count_connection(session, at, policy, result_of_connection(session, demand));
    } else if (outcome->result == SMTP_CLIENT_TLS_MISSING) {
        record_line(&session->record, "TLS is demanded by %s", courier_tls_rule_name(demand->rule));
        count_connection(session, at, policy, TLS_RESULT_STARTTLS_NOT_SUPPORTED);
    } else if (outcome->result == SMTP_CLIENT_TLS_FAILED) {
        record_line(&session->record, "TLS failed by %s", courier_tls_rule_name(demand->rule));
        count_connection(session, at, policy, result_of_fault(outcome->tls_fault_kind));
    }
}

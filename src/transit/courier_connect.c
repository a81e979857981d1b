/* A connection to one address: TCP, SMTP, TLS as the policy wants it, a login where a route has one. */
#include "transit/courier_tls.h"

const struct exchange_address *courier_address(const struct courier_session *session, size_t at) {
    return &session->exchange.addresses[at];
}

/* ---- words ---- */

struct slice courier_words(struct courier_session *session, size_t at, const struct verdict *verdict,
                           const struct smtp_answer *answer) {
    const struct exchange_address *address = courier_address(session, at);
    if (verdict->reason)
        return arena_printf(session->message_arena, "%.*s[%s]: %s", SLICE_PRINT(address->name),
                            address->address, verdict->reason);
    struct buffer words = buffer_new(SMTP_REPLY_BYTES_MAX);
    struct slice copy;
    verdict_write_answer(&words, answer);
    if (!arena_try_copy(session->message_arena, buffer_slice(&words), &copy)) copy = SLICE_EMPTY;
    buffer_free(&words);
    return copy;
}

static void heard(void *context, enum smtp_client_stage stage, const struct smtp_answer *answer) {
    record_answer(&((struct courier_session *)context)->record, stage, answer);
}

/* ---- one try ---- */

static const char *source_of(struct courier_session *session, const char *address) {
    const struct courier_settings *settings = &session->settings;
    struct slice source = strchr(address, ':') ? settings->source_ipv6 : settings->source_ipv4;
    return source.len ? arena_text(session->message_arena, source) : NULL;
}

static int connect_stream(struct task *t, struct courier_session *session, size_t at,
                          struct stream **stream) {
    struct env *env = session->courier->env;
    const struct exchange_address *address = courier_address(session, at);
    struct connect_request request = {address->address, address->port, source_of(session, address->address)};
    record_line(&session->record, "connect %.*s[%s]:%u", SLICE_PRINT(address->name), address->address,
                (unsigned)address->port);
    int result = stream_connect(t, env, &request, env_now_ms(env) + TRANSIT_CONNECT_MS, stream);
    if (result == 0) record_line(&session->record, "connected");
    if (result == 0) stream_local(*stream, session->local_address);
    return result;
}

static enum smtp_client_tls client_tls(enum transit_tls tls) {
    switch (tls) {
    case TRANSIT_TLS_OFFERED:
        return SMTP_CLIENT_TLS_OFFERED;
    case TRANSIT_TLS_REQUIRED:
    case TRANSIT_TLS_VERIFIED:
        return SMTP_CLIENT_TLS_REQUIRED;
    case TRANSIT_TLS_IMPLICIT:
        return SMTP_CLIENT_TLS_IMPLICIT;
    case TRANSIT_TLS_NEVER:
        return SMTP_CLIENT_TLS_NEVER;
    }
    FATAL("a TLS policy that is none: %d", tls);
}

/* What DNS says of a certificate needs no roots. */
static bool needs_roots(const struct tls_demand *demand) {
    return courier_tls_is_checked(demand) && !demand->dane;
}

static struct tls_context *context_of(const struct courier *courier, const struct tls_demand *demand) {
    bool is_checked = needs_roots(demand) || (demand->is_advisory && courier->tls_checked);
    return is_checked ? courier->tls_checked : courier->tls;
}

/* Lives as long as the connection may. */
static const char *tls_name(struct courier_session *session, const struct exchange_address *address) {
    bool is_literal = address->name.len && address->name.ptr[0] == '[';
    return is_literal ? address->address : arena_text(session->arena, address->name);
}

static struct smtp_client_outcome begin(struct task *t, struct courier_session *session,
                                        struct stream **stream, const struct tls_demand *demand) {
    struct courier *courier = session->courier;
    const struct transit_route *route = session->exchange.route;
    const struct exchange_address *address = courier_address(session, session->at);
    struct smtp_client_options options = {.hello = session->settings.hostname,
                                          .times = session->times,
                                          .tls = client_tls(demand->tls),
                                          .tls_context = context_of(courier, demand),
                                          .tls_name = tls_name(session, address),
                                          .tls_dane = demand->dane,
                                          .is_tls_advisory = demand->is_advisory,
                                          .logs_in_without_tls = (*stream)->peer.is_loopback,
                                          .heard = heard,
                                          .context = session};
    session->client = smtp_client_new(courier->env, stream, &options);
    session->carried = 0;
    session->client_wish = session->wish;
    struct smtp_client_outcome outcome = smtp_client_begin(t, session->client, session->message_arena);
    courier_tls_note(session, session->at, demand, &outcome);
    if (outcome.result != SMTP_CLIENT_OK || !route || route->user.len == 0) return outcome;
    return smtp_client_log_in(t, session->client, session->message_arena, route->user, route->password);
}

void courier_disconnect(struct task *t, struct courier_session *session) {
    smtp_client_free(t, &session->client);
}

/* RFC 7435 3: where TLS is only better than nothing, a handshake that fails leaves nothing. */
static bool does_without_tls(const struct smtp_client_outcome *outcome, const struct tls_demand *demand) {
    return demand->tls == TRANSIT_TLS_OFFERED && outcome->stage == SMTP_STAGE_TLS &&
           (outcome->result == SMTP_CLIENT_TLS_FAILED || outcome->result == SMTP_CLIENT_TIMED_OUT);
}

static bool fail(struct task *t, struct courier_session *session, size_t at, const struct verdict *verdict,
                 const struct smtp_answer *answer, struct slice *words) {
    courier_disconnect(t, session);
    /* What the host lacks for a message that demands more is no fault for others. */
    session->is_down[at] = session->wish != COURIER_WISH_STRICT || verdict->outcome != QUEUE_FAILED;
    /* A password that is wrong is wrong everywhere. */
    if (!verdict->tries_next_host)
        for (size_t i = 0; i < session->exchange.count; i++) session->is_down[i] = true;
    *words = courier_words(session, at, verdict, answer);
    if (verdict->reason) record_line(&session->record, "%s", verdict->reason);
    return false;
}

/* No certificate is good where there is nothing to check it by. */
static const struct smtp_client_outcome no_roots = {
    .result = SMTP_CLIENT_TLS_FAILED,
    .stage = SMTP_STAGE_TLS,
    .tls_fault = "its certificate has to be checked, and there is nothing to check it by",
};

static struct smtp_client_outcome try_once(struct task *t, struct courier_session *session, size_t at,
                                           const struct tls_demand *demand, int *error) {
    struct stream *stream = NULL;
    *error = 0;
    if (needs_roots(demand) && !session->courier->tls_checked) return no_roots;
    *error = connect_stream(t, session, at, &stream);
    return *error ? (struct smtp_client_outcome){0} : begin(t, session, &stream, demand);
}

bool courier_connect(struct task *t, struct courier_session *session, size_t at, struct verdict *verdict,
                     struct slice *words) {
    static const struct smtp_answer nothing = {0};
    struct tls_demand demand;
    session->at = at;
    courier_disconnect(t, session);
    if (!courier_tls_demand(t, session, at, &demand, verdict))
        return fail(t, session, at, verdict, &nothing, words);
    for (;;) {
        int error;
        courier_disconnect(t, session);
        struct smtp_client_outcome outcome = try_once(t, session, at, &demand, &error);
        if (!error && outcome.result == SMTP_CLIENT_OK) return true;
        if (error || !does_without_tls(&outcome, &demand)) {
            *verdict = error ? verdict_of_connect(error) : courier_tls_verdict(session, &outcome);
            return fail(t, session, at, verdict, &outcome.answer, words);
        }
        record_line(&session->record, "TLS failed; once more without");
        demand.tls = TRANSIT_TLS_NEVER;
    }
}

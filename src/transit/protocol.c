#include "transit/protocol.h"

#include "store/protocol.h"

/* Of one element, in packed bytes at least: each field takes one. */
enum {
    HOST_BYTES_MIN = 4,
    MX_ROUTE_BYTES_MIN = 7,
    RECIPIENT_BYTES_MIN = 10,
    SETTLED_BYTES_MIN = 7,
    IN_HAND_BYTES_MIN = 3,
    STEP_BYTES_MIN = 4,
    TLS_RESULT_BYTES_MIN = 6,
};

/* ---- routes ---- */

static void host_pack(struct buffer *out, const struct transit_host *host) {
    pack_slice(out, host->name);
    pack_number(out, host->port);
    pack_number(out, host->preference);
    pack_number(out, host->weight);
}

static void host_unpack(struct unpacker *in, struct transit_host *host) {
    host->name = unpack_slice(in);
    host->port = (uint16_t)unpack_number_max(in, UINT16_MAX);
    host->preference = (uint32_t)unpack_number_max(in, UINT32_MAX);
    host->weight = (uint32_t)unpack_number_max(in, UINT32_MAX);
}

static void route_pack(struct buffer *out, const struct transit_route *route) {
    pack_number(out, route->id);
    pack_slice(out, route->name);
    pack_number(out, route->host_count);
    for (size_t i = 0; i < route->host_count; i++) host_pack(out, &route->hosts[i]);
    pack_number(out, route->tls);
    pack_slice(out, route->user);
    pack_slice(out, route->password);
}

static void route_unpack(struct unpacker *in, struct arena *arena, struct transit_route *route) {
    uint64_t count = 0;
    route->id = unpack_number(in);
    route->name = unpack_slice(in);
    route->hosts = unpack_array(in, arena, &count, HOST_BYTES_MIN, sizeof *route->hosts);
    for (uint64_t i = 0; i < count; i++) host_unpack(in, &route->hosts[i]);
    route->host_count = count;
    route->tls = (enum transit_tls)unpack_number_max(in, TRANSIT_TLS_NEVER);
    route->user = unpack_slice(in);
    route->password = unpack_slice(in);
}

/* ---- sessions ---- */

void transit_session_pack(struct buffer *out, const struct transit_session *session) {
    pack_number(out, session->session);
    pack_number(out, session->destination);
    pack_slice(out, session->domain);
    route_pack(out, &session->route);
    pack_number(out, session->mx_route_count);
    for (size_t i = 0; i < session->mx_route_count; i++) {
        pack_slice(out, session->mx_routes[i].suffix);
        route_pack(out, &session->mx_routes[i].route);
    }
    pack_number(out, session->messages_max);
}

void transit_session_unpack(struct unpacker *in, struct arena *arena, struct transit_session *session) {
    uint64_t count = 0;
    *session = (struct transit_session){.session = unpack_number(in)};
    session->destination = unpack_number(in);
    session->domain = unpack_slice(in);
    route_unpack(in, arena, &session->route);
    session->mx_routes = unpack_array(in, arena, &count, MX_ROUTE_BYTES_MIN, sizeof *session->mx_routes);
    for (uint64_t i = 0; i < count; i++) {
        session->mx_routes[i].suffix = unpack_slice(in);
        route_unpack(in, arena, &session->mx_routes[i].route);
    }
    session->mx_route_count = count;
    session->messages_max = (uint32_t)unpack_number_max(in, UINT32_MAX);
}

void transit_session_end_pack(struct buffer *out, const struct transit_session_end *end) {
    pack_number(out, end->result);
    pack_slice(out, end->reason);
}

void transit_session_end_unpack(struct unpacker *in, struct transit_session_end *end) {
    end->result = (enum transit_session_result)unpack_number_max(in, TRANSIT_SESSION_SLOW_DOWN);
    end->reason = unpack_slice(in);
}

/* ---- what became of it ---- */

static void outcome_pack(struct buffer *out, enum queue_outcome outcome) { pack_number(out, outcome); }

static enum queue_outcome outcome_unpack(struct unpacker *in) {
    return (enum queue_outcome)unpack_number_max(in, QUEUE_EXPIRED);
}

static void settled_pack(struct buffer *out, const struct settled_recipient *settled) {
    pack_number(out, settled->number);
    outcome_pack(out, settled->outcome);
    pack_slice(out, settled->status);
    pack_slice(out, settled->reply);
    pack_slice(out, settled->host);
    pack_slice(out, settled->same_host);
    pack_bool(out, settled->is_last_with_dsn);
    pack_bool(out, settled->was_let_go);
}

/* One that has no outcome is none. */
static void settled_unpack(struct unpacker *in, struct settled_recipient *settled) {
    settled->number = (uint32_t)unpack_number_max(in, UINT32_MAX);
    settled->outcome = outcome_unpack(in);
    if (settled->outcome == 0) in->is_bad = true;
    settled->status = unpack_slice(in);
    settled->reply = unpack_slice(in);
    settled->host = unpack_slice(in);
    settled->same_host = unpack_slice(in);
    settled->is_last_with_dsn = unpack_bool(in);
    settled->was_let_go = unpack_bool(in);
}

static void tls_result_pack(struct buffer *out, const struct tls_result *result) {
    pack_number(out, result->policy);
    pack_number(out, result->result);
    pack_slice(out, result->policy_id);
    pack_slice(out, result->host);
    pack_slice(out, result->sender_address);
    pack_slice(out, result->host_address);
}

static void tls_result_unpack(struct unpacker *in, struct tls_result *result) {
    result->policy = (enum tls_policy_type)unpack_number_max(in, TLS_POLICY_TYPES - 1);
    result->result = (enum tls_result_type)unpack_number_max(in, TLS_RESULT_TYPES - 1);
    result->policy_id = unpack_slice(in);
    result->host = unpack_slice(in);
    result->sender_address = unpack_slice(in);
    result->host_address = unpack_slice(in);
}

static void settlement_pack(struct buffer *out, const struct settlement *settlement) {
    pack_number(out, settlement->message);
    pack_number(out, settlement->destination);
    pack_number(out, settlement->recipient_count);
    for (size_t i = 0; i < settlement->recipient_count; i++) settled_pack(out, &settlement->recipients[i]);
    pack_time(out, settlement->began_ms);
    pack_slice(out, settlement->record);
    pack_number(out, settlement->tls_count);
    for (size_t i = 0; i < settlement->tls_count; i++) tls_result_pack(out, &settlement->tls[i]);
}

static void settlement_unpack(struct unpacker *in, struct arena *arena, struct settlement *settlement) {
    uint64_t count = 0;
    settlement->message = unpack_number(in);
    settlement->destination = unpack_number(in);
    struct settled_recipient *settled = unpack_array(in, arena, &count, SETTLED_BYTES_MIN, sizeof *settled);
    for (uint64_t i = 0; i < count; i++) settled_unpack(in, &settled[i]);
    settlement->recipients = settled;
    settlement->recipient_count = count;
    settlement->began_ms = unpack_time(in);
    settlement->record = unpack_slice(in);
    struct tls_result *tls = unpack_array(in, arena, &count, TLS_RESULT_BYTES_MIN, sizeof *tls);
    for (uint64_t i = 0; i < count; i++) tls_result_unpack(in, &tls[i]);
    settlement->tls = tls;
    settlement->tls_count = count;
}

void transit_next_pack(struct buffer *out, const struct transit_next *next) {
    pack_number(out, next->session);
    settlement_pack(out, &next->settlement);
    pack_bool(out, next->is_last);
}

void transit_next_unpack(struct unpacker *in, struct arena *arena, struct transit_next *next) {
    *next = (struct transit_next){.session = unpack_number(in)};
    settlement_unpack(in, arena, &next->settlement);
    next->is_last = unpack_bool(in);
}

/* ---- work ---- */

static void recipient_pack(struct buffer *out, const struct outgoing_recipient *recipient) {
    pack_number(out, recipient->number);
    pack_number(out, recipient->attempts);
    pack_number(out, recipient->notify);
    pack_slice(out, recipient->address);
    pack_slice(out, recipient->original);
    pack_slice(out, recipient->same_host);
    outcome_pack(out, recipient->outcome);
    pack_slice(out, recipient->status);
    pack_slice(out, recipient->reply);
    pack_slice(out, recipient->host);
}

static void recipient_unpack(struct unpacker *in, struct outgoing_recipient *recipient) {
    recipient->number = (uint32_t)unpack_number_max(in, UINT32_MAX);
    recipient->attempts = (uint32_t)unpack_number_max(in, UINT32_MAX);
    recipient->notify = (uint32_t)unpack_number_max(in, UINT32_MAX);
    recipient->address = unpack_slice(in);
    recipient->original = unpack_slice(in);
    recipient->same_host = unpack_slice(in);
    recipient->outcome = outcome_unpack(in);
    recipient->status = unpack_slice(in);
    recipient->reply = unpack_slice(in);
    recipient->host = unpack_slice(in);
}

static void outgoing_pack(struct buffer *out, const struct outgoing *outgoing) {
    pack_number(out, outgoing->message);
    pack_number(out, outgoing->tenant);
    pack_number(out, outgoing->account);
    pack_number(out, outgoing->stream);
    pack_number(out, outgoing->properties);
    pack_bool(out, outgoing->is_forwarded);
    pack_slice(out, outgoing->mail_from);
    pack_slice(out, outgoing->envelope_id);
    pack_number(out, outgoing->dsn_return);
    pack_time(out, outgoing->received_ms);
    pack_number(out, outgoing->raw_bytes);
    pack_number(out, outgoing->packed_bytes);
    pack_number(out, outgoing->recipient_count);
    for (size_t i = 0; i < outgoing->recipient_count; i++) recipient_pack(out, &outgoing->recipients[i]);
}

static void outgoing_unpack(struct unpacker *in, struct arena *arena, struct outgoing *outgoing) {
    uint64_t count = 0;
    outgoing->message = unpack_number(in);
    outgoing->tenant = unpack_number(in);
    outgoing->account = unpack_number(in);
    outgoing->stream = (enum queue_stream)unpack_number_max(in, QUEUE_BULK);
    outgoing->properties = (unsigned)unpack_number_max(in, UINT32_MAX);
    outgoing->is_forwarded = unpack_bool(in);
    outgoing->mail_from = unpack_slice(in);
    outgoing->envelope_id = unpack_slice(in);
    outgoing->dsn_return = (uint32_t)unpack_number_max(in, UINT32_MAX);
    outgoing->received_ms = unpack_time(in);
    outgoing->raw_bytes = unpack_number(in);
    outgoing->packed_bytes = unpack_number(in);
    outgoing->recipients = unpack_array(in, arena, &count, RECIPIENT_BYTES_MIN, sizeof *outgoing->recipients);
    for (uint64_t i = 0; i < count; i++) recipient_unpack(in, &outgoing->recipients[i]);
    outgoing->recipient_count = count;
}

void transit_work_pack(struct buffer *out, const struct transit_work *work) {
    outgoing_pack(out, &work->outgoing);
    pack_number(out, work->report_kind);
    pack_slice(out, work->body);
}

void transit_work_unpack(struct unpacker *in, struct arena *arena, struct transit_work *work) {
    *work = (struct transit_work){0};
    outgoing_unpack(in, arena, &work->outgoing);
    work->report_kind = (enum report_kind)unpack_number_max(in, REPORT_KINDS - 1);
    work->body = unpack_slice(in);
}

void transit_body_pack(struct buffer *out, const struct transit_body *body) {
    pack_number(out, body->session);
    pack_number(out, body->message);
    pack_number(out, body->offset);
}

void transit_body_unpack(struct unpacker *in, struct transit_body *body) {
    body->session = unpack_number(in);
    body->message = unpack_number(in);
    body->offset = unpack_number(in);
}

/* ---- reports ---- */

void transit_leave_pack(struct buffer *out, const struct transit_leave *leave) {
    pack_number(out, leave->session);
    pack_number(out, leave->message);
    pack_bool(out, leave->is_again);
}

void transit_leave_unpack(struct unpacker *in, struct transit_leave *leave) {
    leave->session = unpack_number(in);
    leave->message = unpack_number(in);
    leave->is_again = unpack_bool(in);
}

void transit_report_pack(struct buffer *out, const struct transit_report *report) {
    pack_number(out, report->session);
    pack_number(out, report->done.kind);
    pack_number(out, report->done.message);
    pack_number(out, report->done.number_count);
    for (size_t i = 0; i < report->done.number_count; i++) pack_number(out, report->done.numbers[i]);
    pack_bool(out, report->done.report != NULL);
    if (report->done.report) pack_delivery(out, report->done.report);
}

static void delivery_of_report_unpack(struct unpacker *in, struct arena *arena, struct report_done *done) {
    struct delivery *delivery = arena_try_alloc(arena, sizeof *delivery);
    if (!delivery) {
        in->is_bad = true;
        return;
    }
    unpack_delivery(in, arena, delivery);
    done->report = delivery;
}

void transit_report_unpack(struct unpacker *in, struct arena *arena, struct transit_report *report) {
    uint64_t count = 0;
    *report = (struct transit_report){.session = unpack_number(in)};
    report->done.kind = (enum report_kind)unpack_number_max(in, REPORT_KINDS - 1);
    report->done.message = unpack_number(in);
    uint32_t *numbers = unpack_array(in, arena, &count, 1, sizeof *numbers);
    for (uint64_t i = 0; i < count; i++) numbers[i] = (uint32_t)unpack_number_max(in, UINT32_MAX);
    report->done.numbers = numbers;
    report->done.number_count = count;
    if (unpack_bool(in)) delivery_of_report_unpack(in, arena, &report->done);
}

/* ---- policies of other domains ---- */

void transit_policy_pack(struct buffer *out, const struct sts_policy *policy) {
    pack_slice(out, policy->domain);
    pack_slice(out, policy->id);
    pack_slice(out, policy->text);
    pack_time(out, policy->fetched_ms);
    pack_time(out, policy->expires_ms);
    pack_time(out, policy->tried_ms);
}

void transit_policy_unpack(struct unpacker *in, struct sts_policy *policy) {
    *policy = (struct sts_policy){.domain = unpack_slice(in)};
    policy->id = unpack_slice(in);
    policy->text = unpack_slice(in);
    policy->fetched_ms = unpack_time(in);
    policy->expires_ms = unpack_time(in);
    policy->tried_ms = unpack_time(in);
}

/* ---- what is in hand ---- */

void transit_in_hand_pack(struct buffer *out, const struct transit_in_hand *in_hand) {
    pack_number(out, in_hand->count);
    for (size_t i = 0; i < in_hand->count; i++) {
        pack_number(out, in_hand->items[i].session);
        pack_number(out, in_hand->items[i].destination);
        pack_number(out, in_hand->items[i].message);
    }
}

void transit_in_hand_unpack(struct unpacker *in, struct arena *arena, struct transit_in_hand *in_hand) {
    uint64_t count = 0;
    in_hand->items = unpack_array(in, arena, &count, IN_HAND_BYTES_MIN, sizeof *in_hand->items);
    for (uint64_t i = 0; i < count; i++) {
        in_hand->items[i].session = unpack_number(in);
        in_hand->items[i].destination = unpack_number(in);
        in_hand->items[i].message = unpack_number(in);
    }
    in_hand->count = count;
}

/* ---- a test of a route ---- */

void transit_test_pack(struct buffer *out, const struct transit_test *test) {
    route_pack(out, &test->route);
    pack_slice(out, test->mail_from);
    pack_slice(out, test->recipient);
}

void transit_test_unpack(struct unpacker *in, struct arena *arena, struct transit_test *test) {
    *test = (struct transit_test){0};
    route_unpack(in, arena, &test->route);
    test->mail_from = unpack_slice(in);
    test->recipient = unpack_slice(in);
}

void transit_test_result_pack(struct buffer *out, const struct transit_test_result *result) {
    pack_number(out, result->step_count);
    for (size_t i = 0; i < result->step_count; i++) {
        pack_bool(out, result->steps[i].is_good);
        pack_time(out, result->steps[i].took_ms);
        pack_slice(out, result->steps[i].text);
        pack_slice(out, result->steps[i].advice);
    }
    pack_bool(out, result->is_good);
}

void transit_test_result_unpack(struct unpacker *in, struct arena *arena,
                                struct transit_test_result *result) {
    uint64_t count = 0;
    *result = (struct transit_test_result){0};
    result->steps = unpack_array(in, arena, &count, STEP_BYTES_MIN, sizeof *result->steps);
    for (uint64_t i = 0; i < count; i++) {
        result->steps[i].is_good = unpack_bool(in);
        result->steps[i].took_ms = unpack_time(in);
        result->steps[i].text = unpack_slice(in);
        result->steps[i].advice = unpack_slice(in);
    }
    result->step_count = count;
    result->is_good = unpack_bool(in);
}

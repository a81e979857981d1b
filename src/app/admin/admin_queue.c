/* queue and trace: the owner's view of mail on its way, as JSON. Times are UTC milliseconds; ids are text, as
   in logs, for not every reader of JSON keeps 64 bits. */
#include <stdio.h>

#include "app/admin/admin_verbs.h"
#include "base/limits.h"
#include "store/arrival.h"
#include "store/engine_queue.h"
#include "store/engine_route.h"
#include "transit/explain.h"

enum { SUMMARIES = 50, LINES = 100, SHOWN_RECIPIENTS = 200 };

static const struct slice state_names[] = {SLICE_INIT("waiting"), SLICE_INIT("held"),
                                           SLICE_INIT("reporting")};
static const struct slice stream_names[] = {SLICE_INIT("personal"), SLICE_INIT("transactional"),
                                            SLICE_INIT("bulk")};

static size_t name_find(const struct slice *names, size_t count, struct slice name) {
    size_t i = 0;
    while (i < count && !slice_equal(names[i], name)) i++;
    return i;
}

static json_t *id_text(uint64_t id) {
    char text[20];
    (void)snprintf(text, sizeof text, "%016llx", (unsigned long long)id);
    return json_string(text);
}

/* null: at no time. */
static json_t *time_of(int64_t ms) { return ms == QUEUE_NEVER || ms == 0 ? json_null() : json_integer(ms); }

static bool id_of(struct slice word, uint64_t *id) {
    *id = 0;
    if (word.len != 16) return false;
    for (size_t i = 0; i < word.len; i++) {
        uint8_t c = ascii_lower(word.ptr[i]);
        if (!ascii_is_digit(c) && !(c >= 'a' && c <= 'f')) return false;
        *id = *id << 4 | (uint64_t)(ascii_is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    return *id != 0 && *id <= INT64_MAX;
}

/* ---- list ---- */

/* Null where mail goes by MX, or the route is there no more. */
static json_t *route_name(struct admin *admin, uint64_t id) {
    struct route route;
    if (id == 0 || engine_route_read(admin->engine, admin->arena, id, &route) != STORE_OK) return json_null();
    return admin_text(route.name);
}

static json_t *summary_of(struct admin *admin, const struct queue_summary *line) {
    return json_pack(
        "{s:o, s:o, s:I, s:I, s:o, s:o, s:I, s:o}", "domain", admin_text(line->destination.domain), "route",
        route_name(admin, line->destination.route), "waiting", (json_int_t)line->waiting, "held",
        (json_int_t)line->held, "oldest_ms", time_of(line->oldest_ms), "next_ms", time_of(line->next_ms),
        "failures", (json_int_t)line->destination.failures, "reason", admin_text(line->destination.reason));
}

static json_t *list_destinations(struct admin *admin) {
    struct queue_overview overview;
    struct store_status status;
    enum store_result result =
        engine_queue_overview(admin->t, admin->engine, admin->arena, SUMMARIES, &overview);
    if (result == STORE_OK) result = engine_status(admin->engine, &status);
    if (result != STORE_OK) return admin_failure(admin, result, SLICE("the queue"), "", "");
    json_t *list = json_array();
    for (size_t i = 0; i < overview.count; i++)
        json_array_append_new(list, summary_of(admin, &overview.lines[i]));
    return json_pack("{s:o, s:I, s:I, s:I, s:I}", "destinations", list, "destination_count",
                     (json_int_t)overview.destinations, "waiting", (json_int_t)status.queue_waiting, "held",
                     (json_int_t)status.queue_held, "reporting", (json_int_t)status.queue_reporting);
}

static json_t *line_of(const struct queue_line *line) {
    return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o}", "id", id_text(line->message),
                     "accepted_ms", time_of(line->received_ms), "from", admin_text(line->mail_from), "to",
                     admin_text(line->address), "bytes", (json_int_t)line->raw_bytes, "waiting",
                     (json_int_t)line->states[QUEUE_WAITING], "held", (json_int_t)line->states[QUEUE_HELD],
                     "reporting", (json_int_t)line->states[QUEUE_REPORTING], "next_ms",
                     time_of(line->next_ms), "stream", admin_text(stream_names[line->stream]));
}

static bool filter_word(struct slice word, struct queue_filter *filter) {
    if (slice_take_prefix(&word, SLICE("domain="))) return (filter->domain = word).len > 0;
    if (slice_take_prefix(&word, SLICE("sender="))) return (filter->sender = word).len > 0;
    if (slice_take_prefix(&word, SLICE("after="))) return id_of(word, &filter->after);
    if (!slice_take_prefix(&word, SLICE("state="))) return false;
    filter->state = (enum queue_state)name_find(state_names, QUEUE_STATES, word);
    return filter->state != QUEUE_STATES;
}

static json_t *list_messages(struct admin *admin) {
    struct queue_filter filter = {.state = QUEUE_STATES, .max = LINES};
    struct queue_listing listing;
    for (size_t i = 3; i < admin->request->word_count; i++)
        if (!filter_word(admin->request->words[i], &filter))
            return admin_failure(
                admin, STORE_REFUSED, admin->request->words[i], "",
                "is not domain=NAME, sender=ADDRESS, state=waiting|held|reporting or after=ID");
    enum store_result result = engine_queue_list(admin->t, admin->engine, admin->arena, &filter, &listing);
    if (result != STORE_OK) return admin_failure(admin, result, SLICE("the queue"), "", "");
    json_t *list = json_array();
    for (size_t i = 0; i < listing.count; i++) json_array_append_new(list, line_of(&listing.lines[i]));
    json_t *more = listing.has_more ? id_text(listing.lines[listing.count - 1].message) : json_null();
    return json_pack("{s:o, s:o}", "queued", list, "more_after", more);
}

json_t *admin_queue_list(struct admin *admin) {
    if (admin->request->word_count == 2) return list_destinations(admin);
    if (slice_equal(admin->request->words[2], SLICE("messages"))) return list_messages(admin);
    return admin_failure(admin, STORE_REFUSED, admin->request->words[2], "", "is not \"messages\"");
}

/* ---- what happened ---- */

static const char *outcome_name(enum queue_outcome outcome) {
    static const char *const names[] = {"none", "delivered", "deferred", "failed", "expired"};
    return names[outcome <= QUEUE_EXPIRED ? outcome : 0];
}

static const char *kind_name(enum flight_kind kind) {
    static const char *const names[] = {"unknown",
                                        "accepted",
                                        "attempt",
                                        "held",
                                        "released",
                                        "removed",
                                        "sender told of it",
                                        "sender told of the delay",
                                        "retried",
                                        "stream changed",
                                        "held, for its account is over its limit of recipients",
                                        "account told that it is held"};
    return names[kind < FLIGHT_KINDS ? kind : 0];
}

static json_t *explanation_of(const struct flight_recipient *recipient) {
    const struct explain_question question = {.status = recipient->status,
                                              .reply = recipient->reply,
                                              .host = recipient->host,
                                              .is_expired = recipient->outcome == QUEUE_EXPIRED};
    const struct explanation *explanation = explain(&question);
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", explanation->id, "whose",
                     explain_whose_name(explanation->whose), "what", explanation->what, "postmaster",
                     explanation->postmaster, "sender", explanation->sender);
}

static json_t *flight_recipient_of(const struct flight_recipient *recipient) {
    if (recipient->outcome == 0) return json_pack("{s:o}", "address", admin_text(recipient->address));
    json_t *object = json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "address", admin_text(recipient->address),
                               "outcome", outcome_name(recipient->outcome), "status",
                               admin_text(recipient->status), "reply", admin_text(recipient->reply), "host",
                               admin_text(recipient->host), "next_ms", time_of(recipient->due_ms));
    if (recipient->outcome != QUEUE_DELIVERED)
        json_object_set_new(object, "explanation", explanation_of(recipient));
    return object;
}

static void set_text(json_t *object, const char *key, struct slice text) {
    if (text.len) json_object_set_new(object, key, admin_text(text));
}

static json_t *flight_of(const struct flight *flight) {
    json_t *recipients = json_array();
    for (size_t i = 0; i < flight->recipient_count; i++)
        json_array_append_new(recipients, flight_recipient_of(&flight->recipients[i]));
    json_t *object =
        json_pack("{s:I, s:s, s:I, s:o}", "at_ms", (json_int_t)flight->at_ms, "what", kind_name(flight->kind),
                  "recipient_count", (json_int_t)flight->recipient_total, "recipients", recipients);
    set_text(object, "message_id", flight->message_id);
    if (flight->kind == FLIGHT_ACCEPTED) {
        json_object_set_new(object, "from", admin_text(flight->mail_from));
        json_object_set_new(object, "bytes", json_integer((json_int_t)flight->raw_bytes));
    }
    set_text(object, "domain", flight->domain);
    set_text(object, "record", flight->record);
    if (flight->began_ms) json_object_set_new(object, "began_ms", json_integer(flight->began_ms));
    if (flight->report) json_object_set_new(object, "report", id_text(flight->report));
    return object;
}

static json_t *history_of(struct admin *admin, uint64_t message) {
    struct flight *flights;
    size_t count = 0;
    (void)engine_queue_trace(admin->engine, admin->arena, message, &flights, &count);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(list, flight_of(&flights[i]));
    return list;
}

static json_t *place_of(const struct arrival_place *place) {
    return json_pack("{s:o, s:o, s:I, s:I}", "address", admin_text(place->address), "mailbox",
                     admin_text(place->mailbox), "uid", (json_int_t)place->uid, "saved_ms",
                     (json_int_t)place->saved_ms);
}

/* Where it lies now. */
static json_t *places_of(const struct arrival *arrival) {
    json_t *list = json_array();
    for (size_t i = 0; i < arrival->place_count; i++)
        json_array_append_new(list, place_of(&arrival->places[i]));
    return list;
}

/* What was for others has a history; what was for us lies in mailboxes; some is both. */
json_t *admin_trace(struct admin *admin) {
    uint64_t message = 0;
    struct arrival arrival = {0};
    struct slice wanted = admin->request->words[1];
    enum store_result sent = engine_queue_find(admin->engine, admin->arena, wanted, &message);
    enum store_result here = engine_arrival_find(admin->t, admin->engine, admin->arena, wanted, &arrival);
    if (sent != STORE_OK && here != STORE_OK)
        return admin_failure(admin, here, wanted,
                             "is no message that is here, or was sent to other hosts lately", "");
    json_t *answer = json_pack("{s:o, s:o}", "id", id_text(sent == STORE_OK ? message : arrival.message),
                               "history", sent == STORE_OK ? history_of(admin, message) : json_array());
    if (here == STORE_OK) {
        json_object_set_new(answer, "received_ms", json_integer(arrival.received_ms));
        json_object_set_new(answer, "bytes", json_integer((json_int_t)arrival.raw_bytes));
        json_object_set_new(answer, "mailboxes", places_of(&arrival));
    }
    return answer;
}

/* ---- one message ---- */

static json_t *shown_recipient(const struct queue_shown *shown, size_t i) {
    const struct outgoing_recipient *recipient = &shown->outgoing.recipients[i];
    return json_pack("{s:o, s:o, s:I, s:o, s:s, s:o, s:o, s:o}", "address", admin_text(recipient->address),
                     "state", admin_text(state_names[shown->states[i].state]), "attempts",
                     (json_int_t)recipient->attempts, "next_ms", time_of(shown->states[i].due_ms), "outcome",
                     outcome_name(recipient->outcome), "status", admin_text(recipient->status), "reply",
                     admin_text(recipient->reply), "host", admin_text(recipient->host));
}

json_t *admin_queue_show(struct admin *admin) {
    struct queue_shown shown;
    uint64_t message = 0;
    struct slice word = admin->request->words[2];
    if (!id_of(word, &message))
        return admin_failure(admin, STORE_REFUSED, word, "", "is not a queue id of 16 digits");
    enum store_result result =
        engine_queue_show(admin->engine, admin->arena, message, SHOWN_RECIPIENTS, &shown);
    if (result != STORE_OK)
        return admin_failure(admin, result, word,
                             "is not in the queue (any more); posthaste trace tells of it", "");
    json_t *recipients = json_array();
    for (size_t i = 0; i < shown.outgoing.recipient_count; i++)
        json_array_append_new(recipients, shown_recipient(&shown, i));
    return json_pack("{s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "id", id_text(message), "accepted_ms",
                     time_of(shown.outgoing.received_ms), "from", admin_text(shown.outgoing.mail_from),
                     "bytes", (json_int_t)shown.outgoing.raw_bytes, "stream",
                     admin_text(stream_names[shown.outgoing.stream]), "recipients", recipients, "history",
                     history_of(admin, message));
}

/* ---- orders ---- */

struct order_word {
    struct slice word;
    enum queue_order order;
    const char *done;
};

static const struct order_word order_words[] = {
    {SLICE_INIT("retry"), QUEUE_ORDER_RETRY, "tried now"},
    {SLICE_INIT("hold"), QUEUE_ORDER_HOLD, "held"},
    {SLICE_INIT("release"), QUEUE_ORDER_RELEASE, "released"},
    {SLICE_INIT("remove"), QUEUE_ORDER_REMOVE, "removed"},
    {SLICE_INIT("bounce"), QUEUE_ORDER_FAIL, "given back"},
    {SLICE_INIT("stream"), QUEUE_ORDER_STREAM, "moved"},
};

static const struct order_word *order_find(struct slice word) {
    size_t i = 0;
    while (!slice_equal(order_words[i].word, word)) i++;
    return &order_words[i];
}

static bool select_what(const struct admin_request *request, enum queue_order order,
                        struct queue_selection *selection) {
    *selection = (struct queue_selection){0};
    struct slice what = request->words[2];
    bool is_id = id_of(what, &selection->message);
    if (!is_id && !slice_equal(what, SLICE("all"))) selection->domain = what;
    if (request->word_count == 4 && order != QUEUE_ORDER_STREAM) selection->recipient = request->words[3];
    return is_id || selection->recipient.len == 0;
}

json_t *admin_queue_order(struct admin *admin) {
    const struct admin_request *request = admin->request;
    const struct order_word *word = order_find(request->words[1]);
    struct queue_selection selection;
    size_t stream = QUEUE_PERSONAL;
    uint64_t changed = 0;
    if (!select_what(request, word->order, &selection))
        return admin_failure(admin, STORE_REFUSED, request->words[2], "",
                             "is not a queue id: a recipient can be named of one message only");
    if (word->order == QUEUE_ORDER_STREAM) stream = name_find(stream_names, QUEUE_STREAMS, request->words[3]);
    if (stream == QUEUE_STREAMS)
        return admin_failure(admin, STORE_REFUSED, request->words[3], "",
                             "is not personal, transactional or bulk");
    enum store_result result = engine_queue_order(admin->t, admin->engine, &selection, word->order,
                                                  (enum queue_stream)stream, &changed);
    if (result != STORE_OK)
        return admin_failure(admin, result, request->words[2], "is nothing that waits in the queue", "");
    return json_pack("{s:I, s:s}", "recipients", (json_int_t)changed, "done", word->done);
}

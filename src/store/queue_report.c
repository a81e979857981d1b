/* engine_queue_reported: a report goes to the sender, and those it is about leave the queue, in one commit.
 */
#include "base/limits.h"
#include "store/engine_queue.h"
#include "store/engine_state.h"
#include "store/event.h"
#include "store/flight.h"
#include "store/inbox.h"
#include "store/message.h"
#include "store/queue.h"
#include "store/sending_limit.h"
#include "wire/smtp_parameter.h"

static const char sender_of[] = "SELECT tenant, mail_from, account FROM outgoing WHERE message = $1";
static const char recipient_state[] =
    "SELECT state, flags, address FROM recipient WHERE message = $1 AND number = $2";
static const char recipient_told[] =
    "UPDATE recipient SET flags = flags | 2 WHERE message = $1 AND number = $2";

enum { REPORT_ARENA_BYTES = 256 * 1024 };

struct report_request {
    const struct report_done *done;
    /* The report, with those who get it; NULL: nobody. */
    struct delivery *report;
    struct commit_body body;
};

/* Recipients that are to be taken off, with their states. */
struct reported {
    struct flight_recipient *recipients;
    enum queue_state *states;
    size_t count;
};

static bool is_owed(enum report_kind kind, enum queue_state state, int64_t flags) {
    if (kind == REPORT_OUTCOME) return state == QUEUE_REPORTING;
    if (kind == REPORT_HELD) return state == QUEUE_HELD;
    return state != QUEUE_REPORTING && !(flags & RECIPIENT_DELAY_TOLD);
}

static bool is_listed(const struct reported *reported, uint32_t number) {
    for (size_t i = 0; i < reported->count; i++)
        if (reported->recipients[i].number == number) return true;
    return false;
}

static void find_reported(struct commit *commit, const struct report_done *done, struct reported *reported) {
    reported->recipients = ARENA_NEW_ARRAY(commit->arena, struct flight_recipient, done->number_count);
    reported->states = ARENA_NEW_ARRAY(commit->arena, enum queue_state, done->number_count);
    for (size_t i = 0; i < done->number_count; i++) {
        if (is_listed(reported, done->numbers[i])) continue;
        struct db_rows rows =
            DB_ROWS(commit->db, recipient_state, DB_NUMBER(done->message), DB_NUMBER(done->numbers[i]));
        if (!db_rows_next(&rows)) continue;
        enum queue_state state = (enum queue_state)db_rows_number(&rows, 0);
        if (is_owed(done->kind, state, db_rows_number(&rows, 1))) {
            reported->states[reported->count] = state;
            reported->recipients[reported->count++] = (struct flight_recipient){
                .number = done->numbers[i], .address = arena_copy(commit->arena, db_rows_bytes(&rows, 2))};
        }
        db_rows_end(&rows);
    }
}

/* Accounts that are there, each once. That one is full does not keep it from being told. */
static size_t keep_accounts(struct commit *commit, struct delivery *report) {
    uint64_t *kept = ARENA_NEW_ARRAY(commit->arena, uint64_t, report->account_count);
    size_t count = 0;
    for (size_t i = 0; i < report->account_count; i++) {
        bool is_new = true;
        for (size_t k = 0; k < count; k++) is_new = is_new && kept[k] != report->accounts[i];
        if (is_new && inbox_of(commit, report->accounts[i])) kept[count++] = report->accounts[i];
    }
    report->accounts = kept;
    report->account_count = count;
    return count;
}

/* STORE_EXISTS: its id is another's, and nothing was written. */
static enum store_result store_report(struct commit *commit, struct report_request *request) {
    struct delivery *report = request->report;
    size_t count = keep_accounts(commit, report);
    if (count + report->queue_count == 0) {
        event_add(commit, report->tenant, EVENT_REPORT_DROPPED, request->done->message,
                  request->done->number_count);
        request->report = NULL;
        return STORE_OK;
    }
    struct message message = {.id = report->id,
                              .tenant = report->tenant,
                              .received_ms = report->received_ms,
                              .facts = &report->facts,
                              .place = &request->body.place,
                              .refs = count + (report->queue_count ? 1 : 0)};
    if (!message_insert(commit, &message)) return db_result(commit->db, STORE_EXISTS);
    for (size_t i = 0; i < count; i++) {
        struct inbox *inbox = inbox_of(commit, report->accounts[i]);
        if (!inbox) return db_result(commit->db, STORE_FAILED);
        inbox_add(commit, inbox,
                  &(struct entry_row){report->id, 0, report->received_ms, (int64_t)report->body.raw_bytes});
    }
    if (report->queue_count) (void)queue_add(commit, report);
    event_add(commit, report->tenant, EVENT_ACCEPTED, report->id, count + report->queue_count);
    return STORE_OK;
}

static void take_off(struct commit *commit, const struct report_done *done, const struct reported *reported) {
    for (size_t i = 0; i < reported->count; i++) {
        uint32_t number = reported->recipients[i].number;
        if (done->kind == REPORT_OUTCOME)
            queue_remove(commit, done->message, number, reported->states[i]);
        else if (done->kind == REPORT_DELAY)
            DB_RUN(commit->db, recipient_told, DB_NUMBER(done->message), DB_NUMBER(number));
    }
    if (done->kind == REPORT_HELD) sending_notice_given(commit->db, done->message);
}

static enum flight_kind flight_kind_of(enum report_kind kind) {
    static const enum flight_kind kinds[REPORT_KINDS] = {[REPORT_OUTCOME] = FLIGHT_REPORTED,
                                                         [REPORT_DELAY] = FLIGHT_DELAY_REPORTED,
                                                         [REPORT_HELD] = FLIGHT_HELD_REPORTED};
    return kinds[kind];
}

static enum store_result store_reported(struct commit *commit, void *argument) {
    struct report_request *asked = argument;
    /* It may run twice. */
    struct delivery report;
    struct report_request request = *asked;
    struct reported reported = {0};
    find_reported(commit, request.done, &reported);
    if (request.done->kind == REPORT_HELD && !sending_notice_is_owed(commit->db, request.done->message))
        reported.count = 0;
    if (reported.count == 0) return db_result(commit->db, STORE_NOT_FOUND);
    if (request.report) {
        report = *request.report;
        request.report = &report;
        enum store_result stored = store_report(commit, &request);
        if (stored != STORE_OK) return stored;
    }
    take_off(commit, request.done, &reported);
    flight_add(commit, &(struct flight){.kind = flight_kind_of(request.done->kind),
                                        .message = request.done->message,
                                        .report = request.report ? report.id : 0,
                                        .recipient_total = reported.count,
                                        .recipients = reported.recipients,
                                        .recipient_count = reported.count});
    (void)queue_end_if_empty(commit, request.done->message);
    struct queue_known *reports = queue_destination_known(commit, DESTINATION_REPORTS);
    if (reports) queue_rest(commit, reports);
    return STORE_OK;
}

/* ---- who is told ---- */

static enum store_result read_sender(struct engine *engine, struct arena *arena, uint64_t message,
                                     struct delivery *report, struct slice *mail_from) {
    enum store_result found = STORE_NOT_FOUND;
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, sender_of, DB_NUMBER(message));
    if (db_rows_next(&rows)) {
        report->tenant = db_rows_id(&rows, 0);
        report->account = db_rows_id(&rows, 2);
        found = arena_try_copy(arena, db_rows_bytes(&rows, 1), mail_from) ? STORE_OK : STORE_BUSY;
    }
    db_rows_end(&rows);
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result == STORE_OK ? found : result;
}

/* A report about a report is never made: NOTIFY=NEVER, beside the null sender (RFC 3461 5.2.1, RFC
 * 5321 4.5.5). */
static struct queue_recipient recipient_of(struct slice address, bool is_forwarded) {
    return (struct queue_recipient){
        .address = address, .notify = SMTP_NOTIFY_NEVER, .is_forwarded = is_forwarded};
}

static void address_report(struct arena *arena, const struct address_route *route, struct slice sender,
                           struct delivery *report) {
    size_t target_count = route->kind == ADDRESS_LOCAL ? route->target_count : 0;
    uint64_t *accounts = ARENA_NEW_ARRAY(arena, uint64_t, target_count);
    struct queue_recipient *queue = ARENA_NEW_ARRAY(arena, struct queue_recipient, target_count + 1);
    report->accounts = accounts;
    report->queue = queue;
    report->account_count = report->queue_count = 0;
    for (size_t i = 0; i < target_count; i++) {
        const struct address_target *target = &route->targets[i];
        if (target->account)
            accounts[report->account_count++] = target->account;
        else
            queue[report->queue_count++] = recipient_of(target->address, true);
    }
    if (route->kind == ADDRESS_ELSEWHERE) queue[report->queue_count++] = recipient_of(sender, false);
}

/* Whose mail is held is told, whatever sender he wrote. */
static enum store_result address_notice(struct arena *arena, struct delivery *report) {
    uint64_t *accounts = ARENA_NEW_ARRAY(arena, uint64_t, 1);
    accounts[0] = report->account;
    report->accounts = accounts;
    report->account_count = 1;
    report->queue_count = 0;
    return STORE_OK;
}

static enum store_result address_answer(struct engine *engine, struct arena *arena, struct slice sender,
                                        struct delivery *report) {
    struct address_route route = {.kind = ADDRESS_UNKNOWN_USER};
    enum store_result result = engine_address_resolve(engine, arena, sender, &route);
    if (result == STORE_OK) address_report(arena, &route, sender, report);
    return result;
}

static enum store_result prepare(struct engine *engine, struct arena *arena, const struct report_done *done,
                                 struct delivery *report) {
    struct slice sender;
    *report = *done->report;
    report->mail_from = SLICE_EMPTY;
    enum store_result result = read_sender(engine, arena, done->message, report, &sender);
    if (result != STORE_OK) return result;
    result = done->kind == REPORT_HELD ? address_notice(arena, report)
                                       : address_answer(engine, arena, sender, report);
    report->account = 0;
    return result;
}

static enum store_result run(struct task *t, struct engine *engine, struct report_request *request) {
    struct commit_operation operation = {.run = store_reported, .argument = request, .uses_inboxes = true};
    if (!request->report) return commit_run(t, &engine->queue, &operation);
    const struct body_source *source = &request->report->body;
    struct file *spool = spool_take(&engine->spools, source->spool);
    request->body = (struct commit_body){.id = request->report->id, .source = source, .spool = spool};
    operation.bodies = &request->body;
    operation.body_count = 1;
    enum store_result result = STORE_REFUSED;
    if (body_source_is_sound(source, spool)) result = commit_run(t, &engine->queue, &operation);
    if (spool) spool_give_back(&engine->spools, source->spool);
    return result;
}

enum store_result engine_queue_reported(struct task *t, struct engine *engine,
                                        const struct report_done *done) {
    struct delivery report;
    struct report_request request = {.done = done};
    struct arena *arena = arena_new(REPORT_ARENA_BYTES);
    enum store_result result = STORE_OK;
    if (done->report && done->report->id == 0) result = STORE_REFUSED;
    if (result == STORE_OK && done->report) {
        result = prepare(engine, arena, done, &report);
        request.report = &report;
    }
    if (result == STORE_OK) result = run(t, engine, &request);
    arena_free(&arena);
    return result;
}

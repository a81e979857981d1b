/*
 * One message: claimed, let go, and what became of it. Each is one commit, and each asks every gate again:
 * what the office or the remote role believed when it asked does not count.
 */
#include "base/limits_campaign.h"
#include "store/account.h"
#include "store/campaign.h"
#include "store/campaign_lane.h"
#include "store/campaign_table.h"
#include "store/engine_state.h"
#include "store/entry.h"
#include "store/event.h"
#include "store/inbox.h"
#include "store/message.h"
#include "store/queue.h"
#include "store/sender_copy.h"
#include "store/suppression.h"

static const char contact_address[] = "SELECT address, domain FROM contact WHERE id = $1";
static const char sent_insert[] =
    "INSERT INTO outreach_sent (id, tenant, prospect, campaign, sender, contact, step, version, message_id,"
    " state, fate, message, address, to_domain, from_domain, organisation, subject, subject_base, decided_ms,"
    " sent_ms, next_delay_ms, detail)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, 0, $10, $11, $12, '', '', '', $13, 0, -1, '')";
static const char sent_read[] =
    "SELECT prospect, state, message_id, address, next_delay_ms, subject, message, step"
    " FROM outreach_sent WHERE id = $1";
static const char sent_goes[] =
    "UPDATE outreach_sent SET state = 1, message = $2, subject = $3, subject_base = $4, organisation = $5,"
    " next_delay_ms = $6, sent_ms = $7, day = $8 WHERE id = $1";
static const char sent_ends[] =
    "UPDATE outreach_sent SET state = $2, sent_ms = $3, detail = $4 WHERE id = $1";
static const char day_insert[] =
    "INSERT INTO outreach_day (sender, day) SELECT sender, day FROM outreach_sent WHERE id = $1"
    " ON CONFLICT DO NOTHING";
static const char prospect_goes_on[] =
    "UPDATE prospect SET step = CASE WHEN step = $5 THEN step + 1 ELSE step END, is_follow = 1, last_sent_ms "
    "= $2, tries = 0, message_ids ="
    " CASE WHEN message_ids = '' THEN $3 ELSE message_ids || ' ' || $3 END, thread_subject ="
    " CASE WHEN thread_subject = '' THEN $4 ELSE thread_subject END WHERE id = $1";
static const char prospect_tries[] = "UPDATE prospect SET tries = tries + 1 WHERE id = $1";
static const char last_of[] = "SELECT sent_ms FROM outreach_sent WHERE sender = $1 AND sent_ms > 0"
                              " AND sent_ms <= $2 ORDER BY sent_ms DESC LIMIT 1";
static const char count_since[] = "SELECT count(*) FROM outreach_sent WHERE sender = $1 AND sent_ms > $2";
static const char count_day[] =
    "SELECT count(*) FROM outreach_sent WHERE sender = $1 AND sent_ms >= $2 AND sent_ms < $3";
static const char count_domain[] =
    "SELECT count(*) FROM outreach_sent WHERE from_domain = $1 AND sent_ms >= $2 AND sent_ms < $3";
/* Other mailboxes' letters that will be out in a moment. */
static const char count_claimed[] = "SELECT count(*) FROM outreach_sent WHERE from_domain = $1 AND state = 0";
static const char count_to[] = "SELECT count(*) FROM outreach_sent WHERE campaign = $1 AND to_domain = $2"
                               " AND sent_ms >= $3 AND sent_ms < $4";
static const char others_since[] = "SELECT 1 FROM outreach_sent WHERE contact = $1 AND sent_ms > $2"
                                   " AND campaign <> $3 LIMIT 1";
static const char others_claimed[] =
    "SELECT 1 FROM outreach_sent WHERE contact = $1 AND state = 0 AND campaign <> $2 LIMIT 1";
static const char sent_mailbox[] =
    "SELECT id FROM mailbox WHERE account = $1 AND special_use = $2 ORDER BY id LIMIT 1";
static const char open_ones[] =
    "SELECT id FROM outreach_sent WHERE state IN (0, 1, 3) AND state = $2 AND message = 0 AND sender = $1";
static const char open_senders[] = "SELECT DISTINCT sender FROM outreach_sent WHERE state IN (0, 1, 3)";

enum { HOUR_MS = 3600 * 1000 };

/* ---- gates ---- */

static bool is_full(struct commit *commit, int64_t count, uint64_t max) {
    (void)commit;
    return max && count >= 0 && (uint64_t)count >= max;
}

/* Those that do not hang on what was sent before. */
enum outreach_gate campaign_ask_standing(struct commit *commit, const struct prospect_row *row,
                                         struct slice address) {
    struct suppression_found found;
    if (row->campaign_state != CAMPAIGN_RUNNING) return GATE_CAMPAIGN;
    if (!campaign_sender_is_good(commit->db, row->sender)) return GATE_SENDER;
    if (suppression_find(commit->db, row->tenant, address, &found)) return GATE_SUPPRESSED;
    return db_failure(commit->db) == STORE_OK ? GATE_OPEN : GATE_SUPPRESSED;
}

/* Another campaign wrote to this person lately, or is about to. */
static bool is_often(struct commit *commit, const struct prospect_row *row, int64_t frequency_ms) {
    struct db_value contact = DB_NUMBER(row->contact);
    struct db_value campaign = DB_NUMBER(row->campaign);
    return DB_READ_NUMBER(commit->db, others_since, 0, contact, DB_NUMBER(commit->now_ms - frequency_ms),
                          campaign) ||
           DB_READ_NUMBER(commit->db, others_claimed, 0, contact, campaign);
}

/* All mailboxes of the domain together: nobody passes the cap by spreading a list over several. */
static int64_t domain_count(struct commit *commit, const struct outreach_claim *claim) {
    struct db_value domain = DB_TEXT(claim->from_domain);
    return DB_READ_NUMBER(commit->db, count_domain, 0, domain, DB_NUMBER(claim->limits.day_start_ms),
                          DB_NUMBER(claim->limits.day_until_ms)) +
           DB_READ_NUMBER(commit->db, count_claimed, 0, domain);
}

static enum outreach_gate ask_pace(struct commit *commit, const struct prospect_row *row,
                                   const struct outreach_claim *claim, struct slice domain) {
    struct db *db = commit->db;
    const struct outreach_limits *limits = &claim->limits;
    struct db_value sender = DB_NUMBER(row->sender);
    struct db_value start = DB_NUMBER(limits->day_start_ms);
    struct db_value until = DB_NUMBER(limits->day_until_ms);
    if (campaign_is_in_flight(db, row->sender, commit->now_ms)) return GATE_IN_FLIGHT;
    int64_t last_ms = DB_READ_NUMBER(db, last_of, 0, sender, DB_NUMBER(commit->now_ms));
    if (last_ms && last_ms <= commit->now_ms && commit->now_ms - last_ms < limits->gap_ms) return GATE_GAP;
    if (is_full(commit, DB_READ_NUMBER(db, count_since, 0, sender, DB_NUMBER(commit->now_ms - HOUR_MS)),
                limits->hourly_max))
        return GATE_HOURLY;
    if (is_full(commit, DB_READ_NUMBER(db, count_day, 0, sender, start, until), limits->daily_max))
        return GATE_DAILY;
    if (is_full(commit, domain_count(commit, claim), limits->domain_daily_max)) return GATE_DOMAIN_DAILY;
    if (is_full(commit,
                DB_READ_NUMBER(db, count_to, 0, DB_NUMBER(row->campaign), DB_TEXT(domain), start, until),
                limits->recipient_domain_daily_max))
        return GATE_RECIPIENT_DOMAIN;
    return is_often(commit, row, limits->frequency_ms) ? GATE_FREQUENCY : GATE_OPEN;
}

/* Who answered gets a step only if that is for those who did. */
static bool is_due(const struct commit *commit, const struct prospect_row *row,
                   const struct outreach_claim *claim) {
    bool is_waiting = row->state == PROSPECT_WAITING || row->state == PROSPECT_OUT_OF_OFFICE;
    bool is_open = row->has_replied ? row->state == PROSPECT_REPLIED && claim->is_for_replied
                                    : is_waiting && !claim->is_for_replied;
    return is_open && row->step == claim->step && row->due_ms <= commit->now_ms;
}

static void suppress(struct commit *commit, struct prospect_row *row) {
    prospect_set(commit, row, PROSPECT_SUPPRESSED, PROSPECT_NEVER, SLICE("is not to be written to"));
}

/* ---- claim ---- */

struct claim_request {
    const struct outreach_claim *claim;
    uint64_t sent;
    enum outreach_gate gate;
};

static bool read_contact(struct commit *commit, uint64_t contact, struct slice *address,
                         struct slice *domain) {
    struct db_rows rows = DB_ROWS(commit->db, contact_address, DB_NUMBER(contact));
    if (!db_rows_next(&rows)) return false;
    *address = arena_copy(commit->arena, db_rows_bytes(&rows, 0));
    *domain = arena_copy(commit->arena, db_rows_bytes(&rows, 1));
    db_rows_end(&rows);
    return true;
}

static enum store_result claim(struct commit *commit, void *argument) {
    struct claim_request *request = argument;
    const struct outreach_claim *claim = request->claim;
    struct prospect_row row;
    struct slice address;
    struct slice domain;
    request->gate = GATE_PROSPECT;
    if (!prospect_load(commit->db, claim->prospect, &row) ||
        !read_contact(commit, row.contact, &address, &domain))
        return db_result(commit->db, STORE_NOT_FOUND);
    if (!is_due(commit, &row, claim)) return STORE_OK;
    request->gate = campaign_ask_standing(commit, &row, address);
    if (request->gate == GATE_SUPPRESSED) suppress(commit, &row);
    if (request->gate == GATE_OPEN) request->gate = ask_pace(commit, &row, claim, domain);
    if (request->gate != GATE_OPEN) return STORE_OK;
    request->sent = commit_id_new(commit);
    DB_RUN(commit->db, sent_insert, DB_NUMBER(request->sent), DB_NUMBER(row.tenant), DB_NUMBER(row.id),
           DB_NUMBER(row.campaign), DB_NUMBER(row.sender), DB_NUMBER(row.contact), DB_NUMBER(row.step),
           DB_NUMBER(claim->version), DB_TEXT(claim->message_id), DB_TEXT(address), DB_TEXT(domain),
           DB_TEXT(claim->from_domain), DB_NUMBER(commit->now_ms));
    prospect_set(commit, &row, PROSPECT_CLAIMED, PROSPECT_NEVER, SLICE_EMPTY);
    return STORE_OK;
}

enum store_result engine_outreach_claim(struct task *t, struct engine *engine,
                                        const struct outreach_claim *claimed, uint64_t *sent,
                                        enum outreach_gate *gate) {
    struct claim_request request = {claimed, 0, GATE_PROSPECT};
    struct commit_operation operation = {.run = claim, .argument = &request};
    enum store_result result = commit_run(t, &engine->queue, &operation);
    *sent = request.sent;
    *gate = request.gate;
    return result;
}

/* ---- a message's row ---- */

struct sent_row {
    uint64_t id;
    struct prospect_row prospect;
    enum sent_state state;
    struct slice message_id;
    struct slice address;
    struct slice subject;
    int64_t next_delay_ms;
    uint64_t message;
    uint32_t step;
};

static bool sent_load(struct commit *commit, uint64_t id, struct sent_row *row) {
    struct db_rows rows = DB_ROWS(commit->db, sent_read, DB_NUMBER(id));
    if (!db_rows_next(&rows)) return false;
    uint64_t prospect = db_rows_id(&rows, 0);
    *row = (struct sent_row){.id = id,
                             .state = (enum sent_state)db_rows_number(&rows, 1),
                             .message_id = arena_copy(commit->arena, db_rows_bytes(&rows, 2)),
                             .address = arena_copy(commit->arena, db_rows_bytes(&rows, 3)),
                             .next_delay_ms = db_rows_number(&rows, 4),
                             .subject = arena_copy(commit->arena, db_rows_bytes(&rows, 5)),
                             .message = db_rows_id(&rows, 6),
                             .step = (uint32_t)db_rows_number(&rows, 7)};
    db_rows_end(&rows);
    return prospect_load(commit->db, prospect, &row->prospect);
}

static struct slice cut(struct slice detail) { return slice_sub(detail, 0, OUTREACH_DETAIL_BYTES_MAX); }

static void end(struct commit *commit, const struct sent_row *row, enum sent_state state, int64_t sent_ms,
                struct slice detail) {
    DB_RUN(commit->db, sent_ends, DB_NUMBER(row->id), DB_NUMBER(state), DB_NUMBER(sent_ms),
           DB_TEXT(cut(detail)));
    sender_copy_follow(commit, row->id, state);
}

/* Who answered meanwhile stays where the answer put him. */
static void give_back(struct commit *commit, struct sent_row *row, int64_t due_ms, struct slice reason) {
    if (row->prospect.state == PROSPECT_CLAIMED)
        prospect_set(commit, &row->prospect, prospect_resting(&row->prospect), due_ms, reason);
}

/* ---- go ---- */

struct go_request {
    const struct outreach_go *go;
    struct commit_body body;
    enum outreach_gate gate;
};

static struct slice gate_reason(struct commit *commit, enum outreach_gate gate) {
    return arena_printf(commit->arena, "not sent: %s", outreach_gate_word(gate));
}

static void cancel(struct commit *commit, struct sent_row *row, enum outreach_gate gate) {
    struct slice reason = gate_reason(commit, gate);
    end(commit, row, SENT_CANCELLED, 0, reason);
    if (gate == GATE_SUPPRESSED && row->prospect.state == PROSPECT_CLAIMED) suppress(commit, &row->prospect);
    give_back(commit, row, commit->now_ms, reason);
    prospect_note(commit, &row->prospect, OUTREACH_EVENT_CANCELLED, reason);
}

static void keep_copy(struct commit *commit, const struct delivery *delivery) {
    struct mailbox_state mailbox;
    uint64_t id = (uint64_t)DB_READ_NUMBER(commit->db, sent_mailbox, 0, DB_NUMBER(delivery->account),
                                           DB_NUMBER(SPECIAL_SENT));
    if (id == 0 || !mailbox_load(commit->db, id, &mailbox)) return;
    mailbox.modseq++;
    entry_insert(commit->db, &mailbox,
                 &(struct entry_row){delivery->id, FLAG_SEEN, delivery->received_ms,
                                     (int64_t)delivery->body.raw_bytes});
    mailbox_save(commit, &mailbox);
    account_use(commit->db, delivery->account, (int64_t)delivery->body.raw_bytes, 1);
    message_refer(commit->db, delivery->id, 1);
}

/* False: the id is taken, or it failed. */
static bool hand_over(struct commit *commit, struct go_request *request) {
    const struct delivery *delivery = request->go->delivery;
    struct message message = {.id = delivery->id,
                              .tenant = delivery->tenant,
                              .received_ms = delivery->received_ms,
                              .facts = &delivery->facts,
                              .place = &request->body.place,
                              .refs = delivery->account_count + (delivery->queue_count ? 1 : 0)};
    if (!message_insert(commit, &message)) return false;
    for (size_t i = 0; i < delivery->account_count; i++) {
        struct inbox *inbox = inbox_of(commit, delivery->accounts[i]);
        if (!inbox) continue;
        inbox_add(
            commit, inbox,
            &(struct entry_row){delivery->id, 0, delivery->received_ms, (int64_t)delivery->body.raw_bytes});
    }
    if (delivery->queue_count) (void)queue_add(commit, delivery);
    event_add(commit, delivery->tenant, EVENT_ACCEPTED, delivery->id,
              delivery->account_count + delivery->queue_count);
    inboxes_write(commit);
    keep_copy(commit, delivery);
    return true;
}

static enum store_result go(struct commit *commit, void *argument) {
    struct go_request *request = argument;
    const struct outreach_go *word = request->go;
    struct sent_row row;
    if (!sent_load(commit, word->sent, &row)) return db_result(commit->db, STORE_NOT_FOUND);
    request->gate = GATE_PROSPECT;
    if (row.state != SENT_DECIDED) return STORE_REFUSED;
    if (row.prospect.state == PROSPECT_CLAIMED && row.prospect.step == row.step)
        request->gate = campaign_ask_standing(commit, &row.prospect, row.address);
    if (request->gate == GATE_OPEN && is_often(commit, &row.prospect, word->frequency_ms))
        request->gate = GATE_FREQUENCY;
    if (request->gate != GATE_OPEN) {
        cancel(commit, &row, request->gate);
        return STORE_OK;
    }
    const struct delivery *delivery = word->delivery;
    /* It leaves when its transaction begins (store/campaign_leave.h). */
    bool asks = delivery && (delivery->properties & OUTGOING_ASKS);
    if (delivery && !hand_over(commit, request)) return db_result(commit->db, STORE_EXISTS);
    DB_RUN(commit->db, sent_goes, DB_NUMBER(row.id), DB_NUMBER(delivery ? delivery->id : 0),
           DB_TEXT(word->subject), DB_TEXT(word->subject_base), DB_TEXT(word->organisation),
           DB_NUMBER(word->next_delay_ms), DB_NUMBER(asks ? 0 : commit->now_ms), DB_NUMBER(word->day));
    sender_copy_put(commit, row.id, row.prospect.sender, word->copy);
    if (delivery && delivery->queue_count == 0) campaign_message_left(commit, row.id, commit->now_ms);
    return STORE_OK;
}

enum store_result engine_outreach_go(struct task *t, struct engine *engine, const struct outreach_go *word,
                                     enum outreach_gate *gate) {
    struct go_request request = {.go = word};
    struct commit_operation operation = {.run = go, .argument = &request, .uses_inboxes = true};
    if (word->delivery) {
        request.body = (struct commit_body){.id = word->delivery->id, .source = &word->delivery->body};
        if (!body_source_is_sound(&word->delivery->body, NULL)) return STORE_REFUSED;
        operation.bodies = &request.body;
        operation.body_count = 1;
    }
    enum store_result result = commit_run(t, &engine->queue, &operation);
    *gate = request.gate;
    return result;
}

/* ---- outcomes ---- */

static void rest(struct commit *commit, struct sent_row *row, int64_t sent_ms) {
    bool is_last = row->next_delay_ms < 0;
    enum prospect_state resting = prospect_resting(&row->prospect);
    prospect_set(commit, &row->prospect, is_last && resting == PROSPECT_WAITING ? PROSPECT_FINISHED : resting,
                 is_last ? PROSPECT_NEVER : sent_ms + row->next_delay_ms, SLICE_EMPTY);
}

/* Whom an answer put elsewhere meanwhile stays there; his lane learns that a follow-up is next. */
void campaign_message_left(struct commit *commit, uint64_t sent, int64_t sent_ms) {
    struct sent_row row;
    if (!sent_load(commit, sent, &row) || (row.state != SENT_SENDING && row.state != SENT_UNKNOWN)) return;
    end(commit, &row, SENT_SENT, sent_ms, SLICE_EMPTY);
    DB_RUN(commit->db, day_insert, DB_NUMBER(row.id));
    DB_RUN(commit->db, prospect_goes_on, DB_NUMBER(row.prospect.id), DB_NUMBER(sent_ms),
           DB_TEXT(row.message_id), DB_TEXT(row.subject), DB_NUMBER(row.step));
    if (row.prospect.state == PROSPECT_CLAIMED)
        rest(commit, &row, sent_ms);
    else
        campaign_lane_mend(commit, row.prospect.campaign, row.prospect.lane);
    prospect_note(commit, &row.prospect, OUTREACH_EVENT_SENT,
                  arena_printf(commit->arena, "step %u", row.step + 1));
}

static void refused(struct commit *commit, struct sent_row *row, struct slice detail) {
    end(commit, row, SENT_REFUSED, commit->now_ms, detail);
    if (row->prospect.state == PROSPECT_CLAIMED)
        prospect_set(commit, &row->prospect, PROSPECT_BOUNCED, PROSPECT_NEVER, cut(detail));
    struct suppression suppression = {.kind = SUPPRESSION_ADDRESS,
                                      .value = row->address,
                                      .reason = SUPPRESSION_HARD_BOUNCE,
                                      .detail = cut(detail)};
    (void)suppression_add(commit, row->prospect.tenant, &suppression);
    prospect_note(commit, &row->prospect, OUTREACH_EVENT_BOUNCED, cut(detail));
    campaign_fate(commit, row->id, FATE_HARD_BOUNCE);
}

/* A few times; then a person has to look. */
static void put_off(struct commit *commit, struct sent_row *row, const struct outreach_outcome *outcome) {
    end(commit, row, SENT_REFUSED, commit->now_ms, outcome->detail);
    DB_RUN(commit->db, prospect_tries, DB_NUMBER(row->prospect.id));
    prospect_note(commit, &row->prospect, OUTREACH_EVENT_PUT_OFF, cut(outcome->detail));
    if (row->prospect.state != PROSPECT_CLAIMED) return;
    if (row->prospect.tries + 1 >= OUTREACH_TRIES_MAX)
        prospect_set(commit, &row->prospect, PROSPECT_PAUSED, PROSPECT_NEVER, cut(outcome->detail));
    else
        give_back(commit, row, outcome->due_ms, cut(outcome->detail));
}

static void not_sent(struct commit *commit, struct sent_row *row, const struct outreach_outcome *outcome) {
    end(commit, row, SENT_CANCELLED, 0, outcome->detail);
    give_back(commit, row, outcome->due_ms, cut(outcome->detail));
    prospect_note(commit, &row->prospect, OUTREACH_EVENT_CANCELLED, cut(outcome->detail));
}

static void blocked(struct commit *commit, struct sent_row *row, struct slice detail) {
    end(commit, row, SENT_CANCELLED, 0, detail);
    if (row->prospect.state == PROSPECT_CLAIMED)
        prospect_set(commit, &row->prospect, PROSPECT_BLOCKED, PROSPECT_NEVER, cut(detail));
    prospect_note(commit, &row->prospect, OUTREACH_EVENT_BLOCKED, cut(detail));
}

static void settle(struct commit *commit, struct sent_row *row, const struct outreach_outcome *outcome) {
    switch (outcome->result) {
    case OUTREACH_SENT:
        campaign_message_left(commit, row->id, commit->now_ms);
        return;
    case OUTREACH_REFUSED:
        refused(commit, row, outcome->detail);
        return;
    case OUTREACH_PUT_OFF:
        put_off(commit, row, outcome);
        return;
    case OUTREACH_UNKNOWN:
        /* The word was not given, and is not any more: it cannot have left. */
        if (row->state == SENT_DECIDED) {
            not_sent(commit, row, outcome);
            return;
        }
        end(commit, row, SENT_UNKNOWN, commit->now_ms, outcome->detail);
        prospect_note(commit, &row->prospect, OUTREACH_EVENT_UNKNOWN, cut(outcome->detail));
        return;
    case OUTREACH_NOT_SENT:
        not_sent(commit, row, outcome);
        return;
    case OUTREACH_BLOCKED:
        blocked(commit, row, outcome->detail);
        return;
    }
}

static enum store_result record(struct commit *commit, void *argument) {
    campaign_outcome(commit, argument);
    return STORE_OK;
}

void campaign_outcome(struct commit *commit, const struct outreach_outcome *outcome) {
    struct sent_row row;
    if (!sent_load(commit, outcome->sent, &row)) return;
    if (row.state == SENT_DECIDED || row.state == SENT_SENDING || row.state == SENT_UNKNOWN)
        settle(commit, &row, outcome);
}

enum store_result engine_outreach_outcome(struct task *t, struct engine *engine,
                                          const struct outreach_outcome *outcome) {
    struct outreach_outcome copy = *outcome;
    struct commit_operation operation = {.run = record, .argument = &copy};
    return commit_run(t, &engine->queue, &operation);
}

/* ---- after a start ---- */

/* Those of a sender that are in that state and in no queue come to this end. */
static void end_open(struct commit *commit, uint64_t sender, enum sent_state state,
                     enum outreach_result result, struct slice detail) {
    uint64_t open[OUTREACH_LIST_MAX];
    size_t count = 0;
    struct db_rows rows = DB_ROWS(commit->db, open_ones, DB_NUMBER(sender), DB_NUMBER(state));
    while (db_rows_next(&rows))
        if (count < OUTREACH_LIST_MAX) open[count++] = db_rows_id(&rows, 0);
    for (size_t i = 0; i < count; i++) {
        struct outreach_outcome outcome = {open[i], result, commit->now_ms, detail};
        campaign_outcome(commit, &outcome);
    }
}

static void restart_sender(struct commit *commit, uint64_t sender) {
    end_open(commit, sender, SENT_DECIDED, OUTREACH_NOT_SENT,
             SLICE("the server was started anew before it left"));
    end_open(commit, sender, SENT_SENDING, OUTREACH_UNKNOWN,
             SLICE("the server was started anew while it was being sent"));
}

static enum store_result restart(struct commit *commit, void *argument) {
    (void)argument;
    uint64_t senders[OUTREACH_SENDERS_DUE_MAX];
    size_t count = 0;
    struct db_rows rows = DB_ROWS(commit->db, open_senders);
    while (db_rows_next(&rows))
        if (count < OUTREACH_SENDERS_DUE_MAX) senders[count++] = db_rows_id(&rows, 0);
    for (size_t i = 0; i < count; i++) restart_sender(commit, senders[i]);
    return STORE_OK;
}

enum store_result engine_outreach_restart(struct task *t, struct engine *engine) {
    struct commit_operation operation = {.run = restart};
    return commit_run(t, &engine->queue, &operation);
}

#include "store/answer.h"

#include "base/encode.h"
#include "base/limits_campaign.h"
#include "store/answer_match.h"
#include "store/engine_state.h"
#include "store/schema.h"
#include "store/sender.h"
#include "store/suppression.h"
#include "wire/scram_secret.h"

static const char answer_insert[] =
    "INSERT INTO outreach_answer (id, tenant, at_ms, sender, prospect, campaign, contact, message, folder,"
    " uidvalidity, uid, kind, found, decision, author, evidence, corrected_kind, corrected_by, name,"
    " is_unsubscribe) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, '',"
    " $18, $19)";
static const char answer_known[] = "SELECT 1 FROM outreach_answer WHERE name = $1 AND name <> ''"
                                   " AND prospect = $2 LIMIT 1";
static const char place_known[] = "SELECT 1 FROM outreach_answer WHERE sender = $1 AND folder = $2"
                                  " AND uidvalidity = $3 AND uid = $4 AND uid <> 0 LIMIT 1";
static const char prospects_of[] =
    "SELECT id FROM prospect WHERE contact = $1 AND last_sent_ms > 0 ORDER BY id LIMIT $2";
static const char own_message[] = "SELECT 1 FROM outreach_sent WHERE message_id = $1";
static const char account_address[] = "SELECT address FROM account WHERE id = $1";

/* One answer at work. */
struct judging {
    struct commit *commit;
    const struct answer_facts *facts;
    const struct answer_place *place;
    struct answer_found found;
    enum answer_decision decision;
};

/* ---- what follows ---- */

static bool is_over(enum prospect_state state) {
    return state == PROSPECT_BOUNCED || state == PROSPECT_SUPPRESSED || state == PROSPECT_UNSUBSCRIBED;
}

static void set_one(struct judging *judging, uint64_t id, enum prospect_state state, struct slice reason) {
    struct prospect_row row;
    if (!prospect_load(judging->commit->db, id, &row) || is_over(row.state)) return;
    /* What a person stopped stays so, and who has answered needs no pause. */
    bool is_weaker = state == PROSPECT_PAUSED && (row.state == PROSPECT_REPLIED ||
                                                  row.state == PROSPECT_STOPPED || row.state == PROSPECT_FINISHED);
    if (is_weaker || row.state == state) return;
    prospect_set(judging->commit, &row, state, PROSPECT_NEVER, reason);
}

/* Everything that this person is in, and was written to: nobody who answered gets another. */
static void set_all(struct judging *judging, enum prospect_state state, struct slice reason) {
    uint64_t ids[ANSWER_PROSPECTS_MAX];
    size_t count = 0;
    set_one(judging, judging->found.prospect.id, state, reason);
    struct db_rows rows = DB_ROWS(judging->commit->db, prospects_of, DB_NUMBER(judging->found.prospect.contact),
                                  DB_NUMBER(ANSWER_PROSPECTS_MAX));
    while (db_rows_next(&rows)) ids[count++] = db_rows_id(&rows, 0);
    for (size_t i = 0; i < count; i++) set_one(judging, ids[i], state, reason);
}

static void note(struct judging *judging, enum outreach_event_kind kind) {
    const struct answer_facts *facts = judging->facts;
    prospect_note(judging->commit, &judging->found.prospect, kind,
                  arena_printf(judging->commit->arena, "%.*s (%s)", SLICE_PRINT(facts->from),
                               answer_match_word(judging->found.match)));
}

static void suppress(struct judging *judging, enum suppression_reason reason) {
    struct suppression suppression = {.kind = SUPPRESSION_ADDRESS,
                                      .value = judging->found.address,
                                      .reason = reason,
                                      .detail = SLICE("by what came back to a campaign")};
    (void)suppression_add(judging->commit, judging->found.prospect.tenant, &suppression);
}

static void replied(struct judging *judging) {
    if (judging->found.match == MATCH_COLLEAGUE) {
        judging->decision = DECISION_PAUSED;
        set_all(judging, PROSPECT_PAUSED,
                arena_printf(judging->commit->arena, "%.*s of the same organisation answered; a person decides",
                             SLICE_PRINT(judging->facts->from)));
        note(judging, OUTREACH_EVENT_COLLEAGUE);
        return;
    }
    judging->decision = DECISION_STOPPED;
    if (judging->facts->is_unsubscribe) {
        suppress(judging, SUPPRESSION_UNSUBSCRIBED);
        set_all(judging, PROSPECT_UNSUBSCRIBED, SLICE("asked not to be written to"));
        note(judging, OUTREACH_EVENT_UNSUBSCRIBED);
        return;
    }
    set_all(judging, PROSPECT_REPLIED,
            arena_printf(judging->commit->arena, "answered (%s)", answer_match_word(judging->found.match)));
    note(judging, OUTREACH_EVENT_REPLIED);
}

/* Who is back already, or does not say when, is written to as planned. */
static void is_away(struct judging *judging) {
    struct prospect_row *row = &judging->found.prospect;
    int64_t return_ms = judging->facts->return_ms;
    bool can_wait = row->state == PROSPECT_WAITING || row->state == PROSPECT_OUT_OF_OFFICE ||
                    row->state == PROSPECT_CLAIMED;
    note(judging, OUTREACH_EVENT_OUT_OF_OFFICE);
    if (return_ms <= judging->commit->now_ms || !can_wait) return;
    bool is_later = row->state != PROSPECT_CLAIMED && row->due_ms > return_ms;
    judging->decision = DECISION_PUT_OFF;
    prospect_set(judging->commit, row, PROSPECT_OUT_OF_OFFICE, is_later ? row->due_ms : return_ms,
                 SLICE("out of office"));
}

static bool is_hard(const struct judging *judging) {
    const struct answer_facts *facts = judging->facts;
    for (size_t i = 0; i < facts->recipient_count; i++)
        if (slice_equal_nocase(facts->recipients[i].address, judging->found.address))
            return facts->recipients[i].is_hard;
    return facts->is_hard;
}

static void bounced(struct judging *judging) {
    if (!is_hard(judging)) {
        note(judging, OUTREACH_EVENT_SOFT_BOUNCE);
        return;
    }
    judging->decision = DECISION_BOUNCED;
    suppress(judging, SUPPRESSION_HARD_BOUNCE);
    set_all(judging, PROSPECT_BOUNCED, SLICE("the address does not exist"));
    note(judging, OUTREACH_EVENT_BOUNCED);
    campaign_fate(judging->commit, judging->found.sent, FATE_HARD_BOUNCE);
}

static void complained(struct judging *judging) {
    judging->decision = DECISION_SUPPRESSED;
    suppress(judging, SUPPRESSION_COMPLAINT);
    set_all(judging, PROSPECT_SUPPRESSED, SLICE("complained"));
    note(judging, OUTREACH_EVENT_COMPLAINT);
    campaign_fate(judging->commit, judging->found.sent, FATE_COMPLAINT);
}

/* In the thread it may be a person after all; else it is some other mail of theirs. */
static void is_other(struct judging *judging) {
    enum answer_match match = judging->found.match;
    note(judging, OUTREACH_EVENT_OTHER);
    if (match != MATCH_TOKEN && match != MATCH_IN_REPLY_TO) return;
    judging->decision = DECISION_PAUSED;
    set_all(judging, PROSPECT_PAUSED, SLICE("something came back in the thread; a person decides"));
}

static void act(struct judging *judging) {
    switch (judging->facts->kind) {
    case ANSWER_REPLY:
        replied(judging);
        return;
    case ANSWER_AUTO_REPLY:
        note(judging, OUTREACH_EVENT_AUTO_REPLY);
        return;
    case ANSWER_OUT_OF_OFFICE:
        is_away(judging);
        return;
    case ANSWER_BOUNCE:
        bounced(judging);
        return;
    case ANSWER_COMPLAINT:
        complained(judging);
        return;
    case ANSWER_RECEIPT:
        note(judging, OUTREACH_EVENT_RECEIPT);
        return;
    case ANSWER_OTHER:
        is_other(judging);
        return;
    default:
        return;
    }
}

/* ---- keeping it ---- */

static void keep(struct judging *judging) {
    const struct answer_facts *facts = judging->facts;
    const struct prospect_row *row = &judging->found.prospect;
    DB_RUN(judging->commit->db, answer_insert, DB_NUMBER(commit_id_new(judging->commit)),
           DB_NUMBER(row->tenant), DB_NUMBER(judging->commit->now_ms), DB_NUMBER(row->sender),
           DB_NUMBER(row->id), DB_NUMBER(row->campaign), DB_NUMBER(row->contact),
           DB_NUMBER(judging->place->message), DB_TEXT(facts->folder), DB_NUMBER(facts->uidvalidity),
           DB_NUMBER(facts->uid), DB_NUMBER(facts->kind), DB_NUMBER(judging->found.match),
           DB_NUMBER(judging->decision), DB_TEXT(facts->from), DB_TEXT(facts->evidence),
           DB_NUMBER(ANSWER_KINDS), DB_TEXT(facts->message_id), DB_NUMBER(facts->is_unsubscribe));
}

static bool was_taken(const struct judging *judging) {
    const struct answer_facts *facts = judging->facts;
    struct db *db = judging->commit->db;
    return DB_READ_NUMBER(db, answer_known, 0, DB_TEXT(facts->message_id),
                          DB_NUMBER(judging->found.prospect.id)) ||
           DB_READ_NUMBER(db, place_known, 0, DB_NUMBER(facts->sender), DB_TEXT(facts->folder),
                          DB_NUMBER(facts->uidvalidity), DB_NUMBER(facts->uid));
}

static void judge(struct judging *judging) {
    judging->found = answer_find(judging->commit, judging->facts, judging->place);
    if (judging->found.match == MATCH_NONE || was_taken(judging)) return;
    act(judging);
    keep(judging);
}

/* ---- by hand ---- */

static void written_to(struct judging *judging, struct slice address) {
    struct arena *arena = judging->commit->arena;
    uint8_t *lower = arena_alloc(arena, address.len);
    for (size_t i = 0; i < address.len; i++) lower[i] = ascii_lower(address.ptr[i]);
    struct slice text = slice_of(lower, address.len);
    if (!answer_find_address(judging->commit, text, judging->facts, judging->place, &judging->found)) return;
    if (judging->found.prospect.state == PROSPECT_PAUSED) return;
    set_all(judging, PROSPECT_PAUSED, SLICE("was written to by hand; a person decides"));
    struct prospect_row row;
    bool is_paused = prospect_load(judging->commit->db, judging->found.prospect.id, &row) &&
                     row.state == PROSPECT_PAUSED;
    if (is_paused) prospect_note(judging->commit, &row, OUTREACH_EVENT_BY_HAND, text);
}

static void judge_by_hand(struct judging *judging) {
    const struct answer_facts *facts = judging->facts;
    bool is_ours = DB_READ_NUMBER(judging->commit->db, own_message, 0, DB_TEXT(facts->message_id)) != 0;
    for (size_t i = 0; i < facts->recipient_count && !is_ours; i++)
        written_to(judging, facts->recipients[i].address);
}

static void submitted(struct commit *commit, const struct delivery *delivery) {
    struct answer_facts facts = {.is_by_hand = true};
    struct answer_place place = {delivery->tenant, delivery->id, &delivery->account, 1};
    struct judging judging = {.commit = commit, .facts = &facts, .place = &place};
    for (size_t i = 0; i < delivery->queue_count && i < ANSWER_RECIPIENTS_MAX; i++)
        written_to(&judging, delivery->queue[i].address);
    for (size_t i = 0; i < delivery->account_count && i < ANSWER_RECIPIENTS_MAX; i++) {
        struct db_rows rows = DB_ROWS(commit->db, account_address, DB_NUMBER(delivery->accounts[i]));
        if (!db_rows_next(&rows)) continue;
        struct slice address = arena_copy(commit->arena, db_rows_bytes(&rows, 0));
        db_rows_end(&rows);
        written_to(&judging, address);
    }
}

/* ---- in a commit ---- */

void answer_of_delivery(struct commit *commit, const struct delivery *delivery) {
    struct answer_facts facts;
    if (!commit->judges_answers) return;
    if (delivery->account) submitted(commit, delivery);
    if (delivery->judged.len == 0 || !answer_facts_unpack(delivery->judged, commit->arena, &facts)) return;
    struct answer_place place = {delivery->tenant, delivery->id, delivery->accounts, delivery->account_count};
    struct judging judging = {.commit = commit, .facts = &facts, .place = &place};
    facts.is_by_hand = false;
    facts.sender = 0;
    facts.uid = 0;
    judge(&judging);
}

void answer_take(struct commit *commit, uint64_t tenant, uint64_t message, const struct answer_facts *facts) {
    struct answer_place place = {.tenant = tenant, .message = message};
    struct judging judging = {.commit = commit, .facts = facts, .place = &place};
    if (facts->is_by_hand)
        judge_by_hand(&judging);
    else
        judge(&judging);
}

struct outside_request {
    const struct answer_facts *facts;
    const struct sender_folder *folder;
};

static enum store_result take_outside(struct commit *commit, void *argument) {
    const struct outside_request *request = argument;
    answer_take(commit, TENANT_DEFAULT, 0, request->facts);
    sender_folder_put(commit, request->facts->sender, request->folder);
    return STORE_OK;
}

enum store_result engine_outreach_answer(struct task *t, struct engine *engine,
                                         const struct answer_facts *facts,
                                         const struct sender_folder *folder) {
    struct outside_request request = {facts, folder};
    struct commit_operation operation = {.run = take_outside, .argument = &request};
    return commit_run(t, &engine->queue, &operation);
}

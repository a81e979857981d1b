#include "store/answer.h"

#include "base/limits_campaign.h"
#include "store/answer_act.h"
#include "store/engine_state.h"
#include "store/schema.h"
#include "store/sender.h"

static const char answer_insert[] =
    "INSERT INTO outreach_answer (id, tenant, at_ms, sender, prospect, campaign, contact, message, folder,"
    " uidvalidity, uid, kind, found, decision, author, evidence, corrected_kind, corrected_by, name,"
    " is_unsubscribe) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, '',"
    " $18, $19)";
static const char answer_known[] = "SELECT 1 FROM outreach_answer WHERE name = $1 AND name <> ''"
                                   " AND prospect = $2 LIMIT 1";
static const char place_known[] = "SELECT 1 FROM outreach_answer WHERE sender = $1 AND folder = $2"
                                  " AND uidvalidity = $3 AND uid = $4 AND uid <> 0 LIMIT 1";
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
    judging->decision = answer_act(judging->commit, judging->facts, &judging->found);
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
    answer_pause(judging->commit, &judging->found, SLICE("was written to by hand; a person decides"));
    struct prospect_row row;
    bool is_paused =
        prospect_load(judging->commit->db, judging->found.prospect.id, &row) && row.state == PROSPECT_PAUSED;
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

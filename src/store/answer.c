#include "store/answer.h"

#include "base/limits_campaign.h"
#include "store/answer_act.h"
#include "store/answer_hand.h"
#include "store/engine_state.h"
#include "store/schema.h"
#include "store/sender.h"

static const char answer_insert[] =
    "INSERT INTO outreach_answer (id, tenant, at_ms, sender, prospect, campaign, contact, message, folder,"
    " uidvalidity, uid, kind, found, decision, author, evidence, corrected_kind, corrected_by, name,"
    " is_unsubscribe, interest, is_hard, return_ms, classifier, sent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8,"
    " $9, $10, $11, $12, $13, $14, $15, $16, $17, '', $18, $19, $20, $21, $22, $23, $24)";
static const char answer_known[] = "SELECT 1 FROM outreach_answer WHERE name = $1 AND name <> ''"
                                   " AND prospect = $2 LIMIT 1";
static const char place_known[] = "SELECT 1 FROM outreach_answer WHERE sender = $1 AND folder = $2"
                                  " AND uidvalidity = $3 AND uid = $4 AND uid <> 0 LIMIT 1";
static const char text_insert[] =
    "INSERT INTO outreach_answer_text (answer, at_ms, packed) VALUES ($1, $2, $3)";
static const char texts_old[] = "DELETE FROM outreach_answer_text WHERE at_ms < $1";

/* One answer at work. */
struct judging {
    struct commit *commit;
    const struct answer_facts *facts;
    const struct answer_place *place;
    struct answer_found found;
    uint64_t answer;
    enum answer_decision decision;
};

/* ---- keeping it ---- */

/* Why it is taken for what it is, and why it is this prospect's. */
static struct slice evidence_of(const struct judging *judging) {
    const struct answer_found *found = &judging->found;
    struct arena *arena = judging->commit->arena;
    if (answer_is_of_others(judging->facts, found->address))
        return answer_evidence_add(arena, judging->facts->evidence, SLICE("it is about another address"),
                                   judging->facts->recipients[0].address);
    if (found->why.len == 0) return judging->facts->evidence;
    struct slice saw = found->address;
    if (found->other_count)
        saw = arena_printf(arena, "%.*s, and %zu more whom it may concern", SLICE_PRINT(saw),
                           found->other_count);
    return answer_evidence_add(arena, judging->facts->evidence, found->why, saw);
}

static void keep(struct judging *judging) {
    const struct answer_facts *facts = judging->facts;
    const struct prospect_row *row = &judging->found.prospect;
    DB_RUN(judging->commit->db, answer_insert, DB_NUMBER(judging->answer), DB_NUMBER(row->tenant),
           DB_NUMBER(judging->commit->now_ms), DB_NUMBER(row->sender), DB_NUMBER(row->id),
           DB_NUMBER(row->campaign), DB_NUMBER(row->contact), DB_NUMBER(judging->place->message),
           DB_TEXT(facts->folder), DB_NUMBER(facts->uidvalidity), DB_NUMBER(facts->uid),
           DB_NUMBER(facts->kind), DB_NUMBER(judging->found.match), DB_NUMBER(judging->decision),
           DB_TEXT(facts->from), DB_TEXT(evidence_of(judging)), DB_NUMBER(ANSWER_KINDS),
           DB_TEXT(facts->message_id), DB_NUMBER(facts->is_unsubscribe), DB_NUMBER(facts->interest),
           DB_NUMBER(answer_is_hard(facts, judging->found.address)), DB_NUMBER(facts->return_ms),
           DB_NUMBER(facts->classifier), DB_NUMBER(judging->found.sent));
}

/* Of a message that is nowhere in this store: so that it can be judged again. */
static void keep_text(struct judging *judging) {
    enum { DAY_MS = 24 * 3600 * 1000 };
    struct commit *commit = judging->commit;
    if (judging->place->message || judging->facts->kept.len == 0) return;
    DB_RUN(commit->db, text_insert, DB_NUMBER(judging->answer), DB_NUMBER(commit->now_ms),
           DB_BYTES(judging->facts->kept));
    DB_RUN(commit->db, texts_old, DB_NUMBER(commit->now_ms - ANSWER_KEPT_DAYS * (int64_t)DAY_MS));
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
    judging->answer = commit_id_new(judging->commit);
    judging->decision = answer_act(judging->commit, judging->answer, judging->facts, &judging->found, false);
    keep(judging);
    keep_text(judging);
}

/* ---- in a commit ---- */

void answer_of_delivery(struct commit *commit, const struct delivery *delivery) {
    struct answer_facts facts;
    if (!commit->judges_answers) return;
    if (delivery->account) answer_hand_submitted(commit, delivery);
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
        answer_hand_seen(commit, facts, &place);
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

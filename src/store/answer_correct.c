/*
 * Answers that turn out to be something else (store/answer.h): a person says so, or a newer classifier does.
 * What had been done because of it is taken back (answer_hold.h), what follows from the new kind is done, and
 * both are in one commit. A wish not to be written to stays, and a person's word counts more than any code's.
 */
#include "base/limits_campaign.h"
#include "store/answer.h"
#include "store/answer_act.h"
#include "store/answer_hold.h"
#include "store/engine_state.h"
#include "store/suppression.h"

static const char answer_one[] =
    "SELECT outreach_answer.prospect, kind, found, decision, corrected_kind, corrected_by, author,"
    " is_unsubscribe, interest, is_hard, sent, contact.address, classifier, return_ms FROM outreach_answer"
    " JOIN contact ON contact.id = outreach_answer.contact WHERE outreach_answer.id = $1";
static const char answer_mend[] = "UPDATE outreach_answer SET corrected_kind = $2, corrected_by = $3,"
                                  " decision = $4, is_unsubscribe = $5, interest = $6, is_hard = $7 WHERE id "
                                  "= $1";
static const char answer_evidence[] =
    "UPDATE outreach_answer SET evidence = $2, classifier = $3, return_ms = $4 WHERE id = $1";
static const char sent_last[] =
    "SELECT id FROM outreach_sent WHERE prospect = $1 AND sent_ms > 0 ORDER BY id DESC LIMIT 1";
static const char hold_any[] = "SELECT 1 FROM outreach_hold WHERE answer = $1 LIMIT 1";
static const char bounce_left[] = "SELECT 1 FROM outreach_hold WHERE prospect = $1 AND state = 5 LIMIT 1";

/* The answer's row, and the prospect it changed. */
struct mending {
    struct commit *commit;
    uint64_t answer;
    struct prospect_row prospect;
    enum answer_kind kind;
    enum answer_match match;
    enum answer_decision decision;
    bool is_corrected;
    struct slice corrected_by;
    bool is_unsubscribe;
    uint32_t interest;
    bool is_hard;
    int64_t return_ms;
    uint64_t sent;
    struct slice from;
    struct slice address;
};

static bool mending_read(struct commit *commit, uint64_t answer, struct mending *mending) {
    struct arena *arena = commit->arena;
    struct db_rows rows = DB_ROWS(commit->db, answer_one, DB_NUMBER(answer));
    if (!db_rows_next(&rows)) return false;
    uint64_t prospect = db_rows_id(&rows, 0);
    enum answer_kind corrected = (enum answer_kind)db_rows_number(&rows, 4);
    *mending = (struct mending){.commit = commit,
                                .answer = answer,
                                .kind = (enum answer_kind)db_rows_number(&rows, 1),
                                .match = (enum answer_match)db_rows_number(&rows, 2),
                                .decision = (enum answer_decision)db_rows_number(&rows, 3),
                                .is_corrected = corrected != ANSWER_KINDS,
                                .corrected_by = arena_copy(arena, db_rows_bytes(&rows, 5)),
                                .from = arena_copy(arena, db_rows_bytes(&rows, 6)),
                                .is_unsubscribe = db_rows_number(&rows, 7),
                                .interest = (uint32_t)db_rows_number(&rows, 8),
                                .is_hard = db_rows_number(&rows, 9),
                                .sent = db_rows_id(&rows, 10),
                                .address = arena_copy(arena, db_rows_bytes(&rows, 11)),
                                .return_ms = db_rows_number(&rows, 13)};
    /* Before that was recorded only what followed is known. */
    if (db_rows_number(&rows, 12) == 0)
        mending->is_hard = mending->decision == DECISION_BOUNCED || mending->decision == DECISION_PAUSED;
    db_rows_end(&rows);
    if (mending->is_corrected) mending->kind = corrected;
    if (!prospect_load(commit->db, prospect, &mending->prospect)) return false;
    if (mending->sent == 0)
        mending->sent = (uint64_t)DB_READ_NUMBER(commit->db, sent_last, 0, DB_NUMBER(prospect));
    return true;
}

/* ---- taking back ---- */

static enum prospect_state state_of(enum answer_decision decision) {
    switch (decision) {
    case DECISION_STOPPED:
        return PROSPECT_REPLIED;
    case DECISION_PAUSED:
        return PROSPECT_PAUSED;
    case DECISION_PUT_OFF:
        return PROSPECT_OUT_OF_OFFICE;
    case DECISION_BOUNCED:
        return PROSPECT_BOUNCED;
    default:
        return PROSPECT_STATES;
    }
}

/* One that was judged before that was noted holds its own prospect, as far as can be known. */
static void note_old(struct mending *mending) {
    struct commit *commit = mending->commit;
    struct prospect_row row = mending->prospect;
    struct answer_hold hold = {mending->answer, state_of(mending->decision), PROSPECT_NEVER, SLICE_EMPTY};
    if (hold.state == PROSPECT_STATES || row.state != hold.state) return;
    if (DB_READ_NUMBER(commit->db, hold_any, 0, DB_NUMBER(mending->answer))) return;
    row.state = PROSPECT_WAITING;
    answer_hold_add(commit, &row, &hold);
}

static void take_back_bounce(struct mending *mending) {
    struct commit *commit = mending->commit;
    uint64_t tenant = mending->prospect.tenant;
    struct suppression suppression = {.kind = SUPPRESSION_ADDRESS, .value = mending->address};
    struct suppression_found found;
    campaign_fate_undo(commit, mending->sent);
    if (DB_READ_NUMBER(commit->db, bounce_left, 0, DB_NUMBER(mending->prospect.id))) return;
    if (suppression_find(commit->db, tenant, mending->address, &found) &&
        found.reason == SUPPRESSION_HARD_BOUNCE)
        (void)suppression_remove(commit, tenant, &suppression, false);
}

static void take_back(struct mending *mending, bool is_person) {
    note_old(mending);
    answer_hold_release(mending->commit, mending->answer, is_person);
    if (mending->decision == DECISION_BOUNCED) take_back_bounce(mending);
    if (mending->decision == DECISION_SUPPRESSED) campaign_fate_undo(mending->commit, mending->sent);
    (void)prospect_load(mending->commit->db, mending->prospect.id, &mending->prospect);
}

/* ---- the new kind ---- */

/* Nothing follows from what is only known better. */
static bool is_same(const struct mending *mending, const struct answer_facts *facts) {
    return mending->kind == facts->kind && (mending->is_unsubscribe || !facts->is_unsubscribe) &&
           (facts->kind != ANSWER_BOUNCE || mending->is_hard == answer_is_hard(facts, mending->address)) &&
           (facts->kind != ANSWER_OUT_OF_OFFICE || mending->return_ms == facts->return_ms);
}

static enum answer_decision change(struct mending *mending, const struct answer_facts *facts,
                                   struct slice by) {
    struct commit *commit = mending->commit;
    enum answer_decision decision = mending->decision;
    bool is_person = !slice_equal(by, ANSWER_BY_REPLAY);
    /* What waits for a person's word is confirmed by it. */
    if (!is_same(mending, facts) || (is_person && decision == DECISION_PAUSED)) {
        take_back(mending, is_person);
        struct answer_found found = {.match = mending->match,
                                     .sent = mending->sent,
                                     .prospect = mending->prospect,
                                     .address = mending->address};
        if (found.match == MATCH_COLLEAGUE) answer_find_others(commit, &found);
        decision = answer_act(commit, mending->answer, facts, &found, is_person);
        prospect_note(commit, &mending->prospect, OUTREACH_EVENT_CORRECTED,
                      arena_printf(commit->arena, "%s, not %s (%.*s)", answer_kind_word(facts->kind),
                                   answer_kind_word(mending->kind), SLICE_PRINT(by)));
    }
    DB_RUN(commit->db, answer_mend, DB_NUMBER(mending->answer), DB_NUMBER(facts->kind), DB_TEXT(by),
           DB_NUMBER(decision), DB_NUMBER(mending->is_unsubscribe || facts->is_unsubscribe),
           DB_NUMBER(facts->interest), DB_NUMBER(answer_is_hard(facts, mending->address)));
    return decision;
}

struct correct_request {
    uint64_t answer;
    enum answer_kind kind;
    uint32_t interest;
    struct slice by;
};

static enum store_result correct(struct commit *commit, void *argument) {
    const struct correct_request *request = argument;
    struct mending mending;
    if (!mending_read(commit, request->answer, &mending)) return db_result(commit->db, STORE_NOT_FOUND);
    bool is_hard = mending.kind == ANSWER_BOUNCE ? mending.is_hard : true;
    struct answer_recipient failed = {mending.address, is_hard};
    struct answer_facts facts = {.kind = request->kind,
                                 .is_hard = is_hard,
                                 .recipients = &failed,
                                 .recipient_count = 1,
                                 .return_ms = mending.return_ms,
                                 .interest = request->interest,
                                 .from = mending.from};
    (void)change(&mending, &facts, request->by);
    return STORE_OK;
}

enum store_result engine_outreach_correct(struct task *t, struct engine *engine, uint64_t answer,
                                          enum answer_kind kind, uint32_t interest, struct slice by) {
    struct correct_request request = {answer, kind, interest, by};
    struct commit_operation operation = {.run = correct, .argument = &request};
    return commit_run(t, &engine->queue, &operation);
}

/* ---- judged again ---- */

struct rejudge_request {
    const struct answer_rejudgement *asked;
    struct answer_rejudged *done;
};

static enum store_result rejudge(struct commit *commit, void *argument) {
    const struct rejudge_request *request = argument;
    struct answer_facts facts = request->asked->facts;
    struct mending mending;
    *request->done = (struct answer_rejudged){.kind = ANSWER_KINDS};
    if (!mending_read(commit, request->asked->answer, &mending))
        return db_result(commit->db, STORE_NOT_FOUND);
    if (mending.is_corrected && !slice_equal(mending.corrected_by, ANSWER_BY_REPLAY)) return STORE_REFUSED;
    facts.from = mending.from;
    request->done->decision = change(&mending, &facts, ANSWER_BY_REPLAY);
    request->done->kind = facts.kind;
    DB_RUN(commit->db, answer_evidence, DB_NUMBER(mending.answer), DB_TEXT(facts.evidence),
           DB_NUMBER(facts.classifier), DB_NUMBER(facts.return_ms));
    struct prospect_row row;
    if (prospect_load(commit->db, mending.prospect.id, &row)) request->done->state = row.state;
    return STORE_OK;
}

enum store_result engine_answer_rejudge(struct task *t, struct engine *engine,
                                        const struct answer_rejudgement *asked,
                                        struct answer_rejudged *done) {
    struct rejudge_request request = {asked, done};
    struct commit_operation operation = {.run = rejudge, .argument = &request};
    return commit_run(t, &engine->queue, &operation);
}

/* Answers, listed; and corrected by a person (store/answer.h). */
#include "base/limits_campaign.h"
#include "store/answer.h"
#include "store/answer_act.h"
#include "store/engine_state.h"
#include "store/suppression.h"

#define ANSWER_QUERY                                                                                         \
    "SELECT outreach_answer.id, at_ms, prospect, outreach_answer.campaign, contact, outreach_answer.sender," \
    " message, kind, found, decision, corrected_kind, corrected_by, author, evidence,"                       \
    " coalesce(contact.address, ''), coalesce(campaign.name, '') FROM outreach_answer"                       \
    " LEFT JOIN contact ON contact.id = outreach_answer.contact"                                             \
    " LEFT JOIN campaign ON campaign.id = outreach_answer.campaign WHERE "
static const char answers_all[] =
    ANSWER_QUERY "outreach_answer.id > 0 ORDER BY outreach_answer.id DESC LIMIT $1";
static const char answers_of[] =
    ANSWER_QUERY "outreach_answer.prospect = $2 ORDER BY outreach_answer.id DESC LIMIT $1";
static const char answer_one[] =
    "SELECT outreach_answer.prospect, kind, found, decision, corrected_kind, author, is_unsubscribe,"
    " contact.address FROM outreach_answer JOIN contact ON contact.id = outreach_answer.contact"
    " WHERE outreach_answer.id = $1";
static const char answer_mend[] = "UPDATE outreach_answer SET corrected_kind = $2, corrected_by = $3,"
                                  " decision = $4 WHERE id = $1";
static const char sent_last[] =
    "SELECT id FROM outreach_sent WHERE prospect = $1 AND sent_ms > 0 ORDER BY id DESC LIMIT 1";
static const char next_delay[] =
    "SELECT next_delay_ms FROM outreach_sent WHERE prospect = $1 AND state = 2 ORDER BY id DESC LIMIT 1";

/* ---- listing ---- */

static void read_row(const struct db_rows *rows, struct arena *arena, struct outreach_answer *answer) {
    *answer = (struct outreach_answer){.id = db_rows_id(rows, 0),
                                       .at_ms = db_rows_number(rows, 1),
                                       .prospect = db_rows_id(rows, 2),
                                       .campaign = db_rows_id(rows, 3),
                                       .contact = db_rows_id(rows, 4),
                                       .sender = db_rows_id(rows, 5),
                                       .message = db_rows_id(rows, 6),
                                       .kind = (enum answer_kind)db_rows_number(rows, 7),
                                       .match = (enum answer_match)db_rows_number(rows, 8),
                                       .decision = (enum answer_decision)db_rows_number(rows, 9),
                                       .corrected_kind = (enum answer_kind)db_rows_number(rows, 10),
                                       .corrected_by = arena_copy(arena, db_rows_bytes(rows, 11)),
                                       .from = arena_copy(arena, db_rows_bytes(rows, 12)),
                                       .evidence = arena_copy(arena, db_rows_bytes(rows, 13)),
                                       .address = arena_copy(arena, db_rows_bytes(rows, 14)),
                                       .campaign_name = arena_copy(arena, db_rows_bytes(rows, 15))};
}

enum store_result engine_outreach_answers(struct engine *engine, struct arena *arena, uint64_t prospect,
                                          struct outreach_answer **answers, size_t *count) {
    *answers = ARENA_NEW_ARRAY(arena, struct outreach_answer, OUTREACH_LIST_MAX);
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows =
        prospect ? DB_ROWS(engine->db, answers_of, DB_NUMBER(OUTREACH_LIST_MAX), DB_NUMBER(prospect))
                 : DB_ROWS(engine->db, answers_all, DB_NUMBER(OUTREACH_LIST_MAX));
    while (db_rows_next(&rows)) read_row(&rows, arena, &(*answers)[(*count)++]);
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result;
}

/* ---- correcting ---- */

struct correct_request {
    uint64_t answer;
    enum answer_kind kind;
    struct slice by;
};

/* The answer's row, and the prospect it changed. */
struct mending {
    struct commit *commit;
    struct prospect_row prospect;
    enum answer_kind kind;
    enum answer_match match;
    enum answer_decision decision;
    struct slice from;
    struct slice address;
};

static bool mending_read(struct commit *commit, uint64_t answer, struct mending *mending) {
    struct db_rows rows = DB_ROWS(commit->db, answer_one, DB_NUMBER(answer));
    if (!db_rows_next(&rows)) return false;
    uint64_t prospect = db_rows_id(&rows, 0);
    enum answer_kind corrected = (enum answer_kind)db_rows_number(&rows, 4);
    *mending = (struct mending){.commit = commit,
                                .kind = corrected == ANSWER_KINDS ? (enum answer_kind)db_rows_number(&rows, 1)
                                                                  : corrected,
                                .match = (enum answer_match)db_rows_number(&rows, 2),
                                .decision = (enum answer_decision)db_rows_number(&rows, 3),
                                .from = arena_copy(commit->arena, db_rows_bytes(&rows, 5)),
                                .address = arena_copy(commit->arena, db_rows_bytes(&rows, 7))};
    db_rows_end(&rows);
    return prospect_load(commit->db, prospect, &mending->prospect);
}

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
    case DECISION_SUPPRESSED:
        return PROSPECT_SUPPRESSED;
    default:
        return PROSPECT_STATES;
    }
}

/* A wish of the person stays in suppression: only its owner takes that back, by hand. */
static void take_back(struct mending *mending) {
    struct prospect_row *row = &mending->prospect;
    struct suppression suppression = {.kind = SUPPRESSION_ADDRESS, .value = mending->address};
    if (mending->decision == DECISION_BOUNCED)
        (void)suppression_remove(mending->commit, row->tenant, &suppression, false);
    if (row->state != state_of(mending->decision)) return;
    int64_t delay_ms = DB_READ_NUMBER(mending->commit->db, next_delay, -1, DB_NUMBER(row->id));
    int64_t due_ms = row->last_sent_ms + delay_ms;
    if (due_ms < mending->commit->now_ms) due_ms = mending->commit->now_ms;
    if (delay_ms < 0 && row->last_sent_ms)
        prospect_set(mending->commit, row, PROSPECT_FINISHED, PROSPECT_NEVER, SLICE_EMPTY);
    else
        prospect_set(mending->commit, row, PROSPECT_WAITING, due_ms, SLICE_EMPTY);
}

static enum store_result correct(struct commit *commit, void *argument) {
    const struct correct_request *request = argument;
    struct mending mending;
    if (!mending_read(commit, request->answer, &mending)) return db_result(commit->db, STORE_NOT_FOUND);
    /* What waits for a person's word is confirmed by it. */
    if (mending.kind == request->kind && mending.decision != DECISION_PAUSED) return STORE_OK;
    take_back(&mending);
    struct answer_recipient failed = {mending.address, true};
    struct answer_facts facts = {.kind = request->kind,
                                 .is_hard = true,
                                 .recipients = &failed,
                                 .recipient_count = 1,
                                 .from = mending.from};
    uint64_t sent = (uint64_t)DB_READ_NUMBER(commit->db, sent_last, 0, DB_NUMBER(mending.prospect.id));
    struct answer_found found = {mending.match, sent, mending.prospect, mending.address};
    enum answer_decision decision = answer_act_by_person(commit, &facts, &found);
    DB_RUN(commit->db, answer_mend, DB_NUMBER(request->answer), DB_NUMBER(request->kind),
           DB_TEXT(request->by), DB_NUMBER(decision));
    prospect_note(commit, &mending.prospect, OUTREACH_EVENT_CORRECTED,
                  arena_printf(commit->arena, "%s, not %s", answer_kind_word(request->kind),
                               answer_kind_word(mending.kind)));
    return STORE_OK;
}

enum store_result engine_outreach_correct(struct task *t, struct engine *engine, uint64_t answer,
                                          enum answer_kind kind, struct slice by) {
    struct correct_request request = {answer, kind, by};
    struct commit_operation operation = {.run = correct, .argument = &request};
    return commit_run(t, &engine->queue, &operation);
}

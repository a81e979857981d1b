#include "store/answer_hold.h"

#include "base/limits_campaign.h"

static const char base_of[] = "SELECT base_state, base_due_ms FROM outreach_hold WHERE prospect = $1"
                              " AND state = $2 ORDER BY answer LIMIT 1";
static const char hold_insert[] =
    "INSERT INTO outreach_hold (answer, prospect, state, due_ms, reason, base_state, base_due_ms)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
static const char holds_of_answer[] =
    "SELECT prospect, state, base_state, base_due_ms FROM outreach_hold WHERE answer = $1"
    " AND state NOT IN (6, 7) LIMIT $2";
static const char holds_of_prospect[] =
    "SELECT state, due_ms, reason FROM outreach_hold WHERE prospect = $1 LIMIT $2";
static const char holds_delete[] = "DELETE FROM outreach_hold WHERE answer = $1 AND state NOT IN (6, 7)";
static const char company_delete[] = "DELETE FROM outreach_company WHERE answer = $1";
static const char holds_forget[] = "DELETE FROM outreach_hold WHERE prospect = $1";

/* ---- noting ---- */

/* What it would be without answers: known already where one of them holds it. */
static void base_read(struct commit *commit, const struct prospect_row *row, struct answer_hold *base) {
    *base = (struct answer_hold){.state = row->state, .due_ms = row->due_ms};
    struct db_rows rows = DB_ROWS(commit->db, base_of, DB_NUMBER(row->id), DB_NUMBER(row->state));
    if (!db_rows_next(&rows)) return;
    base->state = (enum prospect_state)db_rows_number(&rows, 0);
    base->due_ms = db_rows_number(&rows, 1);
    db_rows_end(&rows);
}

void answer_hold_add(struct commit *commit, const struct prospect_row *row, const struct answer_hold *hold) {
    struct answer_hold base;
    base_read(commit, row, &base);
    DB_RUN(commit->db, hold_insert, DB_NUMBER(hold->answer), DB_NUMBER(row->id), DB_NUMBER(hold->state),
           DB_NUMBER(hold->due_ms), DB_TEXT(hold->reason), DB_NUMBER(base.state), DB_NUMBER(base.due_ms));
}

void answer_hold_forget(struct commit *commit, uint64_t prospect) {
    DB_RUN(commit->db, holds_forget, DB_NUMBER(prospect));
}

/* ---- taking back ---- */

struct held {
    uint64_t prospect;
    enum prospect_state state;
    enum prospect_state base_state;
    int64_t base_due_ms;
};

/* What counts most; 0: nothing that holds anybody. */
static int rank(const struct commit *commit, const struct answer_hold *hold) {
    switch (hold->state) {
    case PROSPECT_UNSUBSCRIBED:
    case PROSPECT_SUPPRESSED:
        return 5;
    case PROSPECT_BOUNCED:
        return 4;
    case PROSPECT_REPLIED:
    case PROSPECT_STOPPED:
        return 3;
    case PROSPECT_PAUSED:
        return 2;
    case PROSPECT_OUT_OF_OFFICE:
        return hold->due_ms > commit->now_ms;
    default:
        return 0;
    }
}

/* What is left to hold it, and whether a reply is among that. False: nothing. */
static bool strongest(struct commit *commit, uint64_t prospect, struct answer_hold *left, bool *is_replied) {
    struct db_rows rows =
        DB_ROWS(commit->db, holds_of_prospect, DB_NUMBER(prospect), DB_NUMBER(ANSWER_HOLDS_MAX));
    int best = 0;
    *is_replied = false;
    while (db_rows_next(&rows)) {
        struct answer_hold hold = {.state = (enum prospect_state)db_rows_number(&rows, 0),
                                   .due_ms = db_rows_number(&rows, 1)};
        *is_replied |= hold.state == PROSPECT_REPLIED;
        if (rank(commit, &hold) <= best) continue;
        best = rank(commit, &hold);
        hold.reason = arena_copy(commit->arena, db_rows_bytes(&rows, 2));
        *left = hold;
    }
    return best > 0;
}

/* Where it was; what became due meanwhile is due now, and the office minds delays and windows. */
static void put_back(struct commit *commit, struct prospect_row *row, const struct held *held,
                     bool is_person) {
    enum prospect_state state = held->base_state;
    int64_t due_ms = held->base_due_ms;
    if (state == PROSPECT_CLAIMED) state = PROSPECT_WAITING;
    bool is_open = state == PROSPECT_WAITING || state == PROSPECT_OUT_OF_OFFICE;
    if (due_ms < commit->now_ms || due_ms == PROSPECT_NEVER) due_ms = commit->now_ms;
    prospect_set(commit, row, state, is_open ? due_ms : PROSPECT_NEVER, SLICE_EMPTY);
    if (is_open && is_person) campaign_reopen(commit, row->campaign, SLICE("an answer was corrected"));
}

static void release(struct commit *commit, const struct held *held, bool is_person) {
    struct prospect_row row;
    struct answer_hold left;
    bool is_replied;
    if (!prospect_load(commit->db, held->prospect, &row)) return;
    bool is_held = strongest(commit, row.id, &left, &is_replied);
    if (row.has_replied && !is_replied) prospect_take_up(commit, &row);
    /* A person, or something that counts more, decided since. */
    if (row.state != held->state) return;
    if (is_held)
        prospect_set(commit, &row, left.state, left.due_ms, left.reason);
    else
        put_back(commit, &row, held, is_person);
}

void answer_hold_release(struct commit *commit, uint64_t answer, bool is_person) {
    struct held *all = ARENA_NEW_ARRAY(commit->arena, struct held, ANSWER_HOLDS_MAX);
    size_t count = 0;
    struct db_rows rows =
        DB_ROWS(commit->db, holds_of_answer, DB_NUMBER(answer), DB_NUMBER(ANSWER_HOLDS_MAX));
    while (db_rows_next(&rows))
        all[count++] = (struct held){db_rows_id(&rows, 0), (enum prospect_state)db_rows_number(&rows, 1),
                                     (enum prospect_state)db_rows_number(&rows, 2), db_rows_number(&rows, 3)};
    DB_RUN(commit->db, holds_delete, DB_NUMBER(answer));
    DB_RUN(commit->db, company_delete, DB_NUMBER(answer));
    for (size_t i = 0; i < count; i++) release(commit, &all[i], is_person);
}

/* A company that answered (store/answer_hold.h): set-wise, however many of its people are written to. */
#include "base/limits_campaign.h"
#include "store/answer_hold.h"

static const char campaigns_of[] = "SELECT id FROM campaign WHERE tenant = $1 AND stops_company = 1"
                                   " AND state <> 3 ORDER BY id LIMIT $2";
static const char company_insert[] = "INSERT INTO outreach_company (campaign, organisation, answer) VALUES "
                                     "($1, $2, $3) ON CONFLICT DO NOTHING";
static const char company_answered[] =
    "SELECT 1 FROM outreach_company WHERE campaign = $1 AND organisation = $2 LIMIT 1";
#define COMPANY_OPEN "organisation = $1 AND organisation <> '' AND campaign = $2 AND state IN (0, 1, 3, 4, 9)"
static const char holds_insert[] =
    "INSERT INTO outreach_hold (answer, prospect, state, due_ms, reason, base_state, base_due_ms)"
    " SELECT $3, id, 10, $4, $5, state, due_ms FROM prospect WHERE " COMPANY_OPEN " ON CONFLICT DO NOTHING";
static const char counts_read[] =
    "SELECT state, count(*) FROM prospect WHERE " COMPANY_OPEN " GROUP BY state";
static const char prospects_stop[] =
    "UPDATE prospect SET state = 10, due_ms = $3, reason = $4, changed_ms = $5 WHERE " COMPANY_OPEN;

static struct slice reason_of(struct commit *commit, struct slice organisation) {
    return arena_printf(commit->arena, "somebody of %.*s answered (company_stop)", SLICE_PRINT(organisation));
}

void answer_company_join(struct commit *commit, uint64_t campaign, uint64_t prospect,
                         struct slice organisation) {
    struct prospect_row row;
    if (!DB_READ_NUMBER(commit->db, company_answered, 0, DB_NUMBER(campaign), DB_TEXT(organisation))) return;
    if (prospect_load(commit->db, prospect, &row))
        prospect_set(commit, &row, PROSPECT_STOPPED, PROSPECT_NEVER, reason_of(commit, organisation));
}

/* Numbers of those that are stopped go from their states to that one. */
static int64_t count_over(struct commit *commit, uint64_t campaign, struct slice organisation) {
    int64_t counts[PROSPECT_STATES] = {0};
    int64_t sum = 0;
    struct db_rows rows = DB_ROWS(commit->db, counts_read, DB_TEXT(organisation), DB_NUMBER(campaign));
    while (db_rows_next(&rows)) {
        int64_t state = db_rows_number(&rows, 0);
        if (state >= 0 && state < PROSPECT_STATES) counts[state] = db_rows_number(&rows, 1);
    }
    for (int state = 0; state < PROSPECT_STATES; state++) {
        if (counts[state]) prospect_count(commit, campaign, (enum prospect_state)state, -counts[state]);
        sum += counts[state];
    }
    if (sum) prospect_count(commit, campaign, PROSPECT_STOPPED, sum);
    return sum;
}

static void stop_in(struct commit *commit, uint64_t answer, uint64_t campaign, struct slice organisation,
                    const struct prospect_row *because) {
    struct slice reason = reason_of(commit, organisation);
    DB_RUN(commit->db, company_insert, DB_NUMBER(campaign), DB_TEXT(organisation), DB_NUMBER(answer));
    int64_t sum = count_over(commit, campaign, organisation);
    if (sum == 0) return;
    DB_RUN(commit->db, holds_insert, DB_TEXT(organisation), DB_NUMBER(campaign), DB_NUMBER(answer),
           DB_NUMBER(PROSPECT_NEVER), DB_TEXT(reason));
    DB_RUN(commit->db, prospects_stop, DB_TEXT(organisation), DB_NUMBER(campaign), DB_NUMBER(PROSPECT_NEVER),
           DB_TEXT(reason), DB_NUMBER(commit->now_ms));
    struct outreach_note note = {.kind = OUTREACH_EVENT_COMPANY,
                                 .campaign = campaign,
                                 .sender = because->sender,
                                 .detail = arena_printf(commit->arena, "%.*s: %lld stopped",
                                                        SLICE_PRINT(organisation), (long long)sum)};
    outreach_note(commit, because->tenant, &note);
    campaign_changed(commit, campaign);
}

void answer_stop_company(struct commit *commit, uint64_t answer, struct slice organisation,
                         const struct prospect_row *because) {
    uint64_t campaigns[OUTREACH_LIST_MAX];
    size_t count = 0;
    if (organisation.len == 0) return;
    struct db_rows rows =
        DB_ROWS(commit->db, campaigns_of, DB_NUMBER(because->tenant), DB_NUMBER(OUTREACH_LIST_MAX));
    while (db_rows_next(&rows)) campaigns[count++] = db_rows_id(&rows, 0);
    for (size_t i = 0; i < count; i++) stop_in(commit, answer, campaigns[i], organisation, because);
}

/* What the owner does with campaigns (store/campaign.h). */
#include "store/campaign.h"

#include "base/limits_campaign.h"
#include "store/answer_hold.h"
#include "store/campaign_lane.h"
#include "store/campaign_read.h"
#include "store/campaign_table.h"
#include "store/engine_state.h"
#include "store/schema.h"

static const char name_taken[] = "SELECT 1 FROM campaign WHERE tenant = $1 AND name = $2";
static const char campaign_insert[] =
    "INSERT INTO campaign (id, tenant, name, sender, document, state, reason, created_ms, started_ms,"
    " sequence_version, next_follow_ms, next_first_ms, has_answer_steps, stops_company)"
    " VALUES ($1, $2, $3, $4, $5, 0, '', $6, 0, 1, $7, $7, $8, $9)";
static const char campaign_state[] = "SELECT state, sender, tenant, started_ms, is_held FROM campaign"
                                     " WHERE id = $1";
static const char campaign_to[] =
    "UPDATE campaign SET state = $2, reason = $3, started_ms = $4, is_held = 0 WHERE id = $1";
static const char campaign_document[] =
    "UPDATE campaign SET document = $2, has_answer_steps = $3, stops_company = $4,"
    " sequence_version = sequence_version + 1 WHERE id = $1";

/* ---- making one ---- */

struct create_request {
    const struct campaign *campaign;
    uint64_t id;
};

static enum store_result create(struct commit *commit, void *argument) {
    struct create_request *request = argument;
    const struct campaign *campaign = request->campaign;
    if (DB_READ_NUMBER(commit->db, name_taken, 0, DB_NUMBER(TENANT_DEFAULT), DB_TEXT(campaign->name)))
        return STORE_EXISTS;
    request->id = commit_id_new(commit);
    DB_RUN(commit->db, campaign_insert, DB_NUMBER(request->id), DB_NUMBER(TENANT_DEFAULT),
           DB_TEXT(campaign->name), DB_NUMBER(campaign->sender), DB_TEXT(campaign->document),
           DB_NUMBER(commit->now_ms), DB_NUMBER(PROSPECT_NEVER), DB_NUMBER(campaign->has_answer_steps),
           DB_NUMBER(campaign->stops_company));
    struct outreach_note note = {
        .kind = OUTREACH_EVENT_CREATED, .campaign = request->id, .sender = campaign->sender};
    outreach_note(commit, TENANT_DEFAULT, &note);
    commit->judges_answers = true;
    return STORE_OK;
}

enum store_result engine_campaign_create(struct task *t, struct engine *engine,
                                         const struct campaign *campaign, uint64_t *id) {
    struct create_request request = {campaign, 0};
    struct commit_operation operation = {.run = create, .argument = &request};
    enum store_result result = commit_run(t, &engine->queue, &operation);
    *id = request.id;
    if (result == STORE_OK) engine->judges_answers = true;
    return result;
}

/* ---- its state ---- */

struct order_request {
    uint64_t id;
    enum campaign_state to;
    struct slice reason;
};

/* A campaign, as orders see it. */
struct row {
    enum campaign_state state;
    uint64_t sender;
    uint64_t tenant;
    int64_t started_ms;
    /* Paused by its mailbox. */
    bool is_held;
};

static bool row_read(struct db *db, uint64_t id, struct row *row) {
    struct db_rows rows = DB_ROWS(db, campaign_state, DB_NUMBER(id));
    if (!db_rows_next(&rows)) return false;
    *row = (struct row){(enum campaign_state)db_rows_number(&rows, 0), db_rows_id(&rows, 1),
                        db_rows_id(&rows, 2), db_rows_number(&rows, 3), db_rows_number(&rows, 4) != 0};
    db_rows_end(&rows);
    return true;
}

static bool may_go(const struct row *row, enum campaign_state to) {
    enum campaign_state from = row->state;
    switch (to) {
    case CAMPAIGN_RUNNING:
        return from == CAMPAIGN_DRAFT || from == CAMPAIGN_PAUSED || from == CAMPAIGN_FINISHED;
    case CAMPAIGN_PAUSED:
        return from == CAMPAIGN_RUNNING || row->is_held;
    case CAMPAIGN_STOPPED:
        return from != CAMPAIGN_STOPPED;
    case CAMPAIGN_FINISHED:
        return from == CAMPAIGN_RUNNING;
    default:
        return false;
    }
}

static enum outreach_event_kind event_of(const struct row *row, enum campaign_state to) {
    if (to == CAMPAIGN_RUNNING) return row->started_ms ? OUTREACH_EVENT_RESUMED : OUTREACH_EVENT_STARTED;
    if (to == CAMPAIGN_PAUSED) return OUTREACH_EVENT_PAUSED;
    return to == CAMPAIGN_FINISHED ? OUTREACH_EVENT_FINISHED : OUTREACH_EVENT_STOPPED;
}

static enum store_result order(struct commit *commit, void *argument) {
    const struct order_request *request = argument;
    struct row row;
    if (!row_read(commit->db, request->id, &row)) return db_result(commit->db, STORE_NOT_FOUND);
    if (!may_go(&row, request->to)) return STORE_REFUSED;
    int64_t started_ms = row.started_ms ? row.started_ms : commit->now_ms;
    if (request->to != CAMPAIGN_RUNNING) started_ms = row.started_ms;
    DB_RUN(commit->db, campaign_to, DB_NUMBER(request->id), DB_NUMBER(request->to), DB_TEXT(request->reason),
           DB_NUMBER(started_ms));
    /* What was held back was so by a sequence that may be another now. */
    if (request->to == CAMPAIGN_RUNNING) campaign_lanes_mend(commit, request->id, true);
    struct outreach_note note = {.kind = event_of(&row, request->to),
                                 .campaign = request->id,
                                 .sender = row.sender,
                                 .detail = request->reason};
    outreach_note(commit, row.tenant, &note);
    commit->has_moved_campaigns = true;
    return STORE_OK;
}

enum store_result engine_campaign_order(struct task *t, struct engine *engine, uint64_t id,
                                        enum campaign_state to, struct slice reason) {
    struct order_request request = {id, to, reason};
    struct commit_operation operation = {.run = order, .argument = &request};
    return commit_run(t, &engine->queue, &operation);
}

static enum store_result set_document(struct commit *commit, void *argument) {
    const struct campaign *campaign = argument;
    struct row row;
    if (!row_read(commit->db, campaign->id, &row)) return db_result(commit->db, STORE_NOT_FOUND);
    if (row.state != CAMPAIGN_DRAFT && row.state != CAMPAIGN_PAUSED) return STORE_REFUSED;
    DB_RUN(commit->db, campaign_document, DB_NUMBER(campaign->id), DB_TEXT(campaign->document),
           DB_NUMBER(campaign->has_answer_steps), DB_NUMBER(campaign->stops_company));
    return STORE_OK;
}

enum store_result engine_campaign_document(struct task *t, struct engine *engine,
                                           const struct campaign *campaign) {
    struct campaign copy = *campaign;
    struct commit_operation operation = {.run = set_document, .argument = &copy};
    return commit_run(t, &engine->queue, &operation);
}

/* ---- one prospect ---- */

struct prospect_request {
    uint64_t id;
    enum prospect_state to;
    struct slice reason;
};

static bool may_be(const struct prospect_row *row, enum prospect_state to) {
    switch (row->state) {
    case PROSPECT_CLAIMED:
    case PROSPECT_BOUNCED:
    case PROSPECT_SUPPRESSED:
    case PROSPECT_UNSUBSCRIBED:
        return false;
    case PROSPECT_FINISHED:
        return to == PROSPECT_STOPPED;
    default:
        return to == PROSPECT_WAITING || to == PROSPECT_PAUSED || to == PROSPECT_STOPPED;
    }
}

static enum store_result order_prospect(struct commit *commit, void *argument) {
    const struct prospect_request *request = argument;
    struct prospect_row row;
    if (!prospect_load(commit->db, request->id, &row)) return db_result(commit->db, STORE_NOT_FOUND);
    if (!may_be(&row, request->to)) return STORE_REFUSED;
    bool goes_on = request->to == PROSPECT_WAITING;
    enum prospect_state to = request->to;
    if (goes_on) answer_hold_forget(commit, row.id);
    /* One that has answered and was held after that goes on with the steps for those who did; one that has
       only answered goes on in the sequence all the same. */
    if (goes_on && row.has_replied && row.state == PROSPECT_REPLIED)
        prospect_take_up(commit, &row);
    else if (goes_on)
        to = prospect_resting(&row);
    prospect_set(commit, &row, to, goes_on ? commit->now_ms : PROSPECT_NEVER, request->reason);
    return STORE_OK;
}

enum store_result engine_prospect_order(struct task *t, struct engine *engine, uint64_t prospect,
                                        enum prospect_state to, struct slice reason) {
    struct prospect_request request = {prospect, to, reason};
    struct commit_operation operation = {.run = order_prospect, .argument = &request};
    return commit_run(t, &engine->queue, &operation);
}

#include "store/campaign_lane.h"

#include "store/campaign.h"
#include "store/campaign_table.h"
#include "store/engine_state.h"

static const char lane_find[] =
    "SELECT id FROM campaign_lane WHERE campaign = $1 AND zone = $2 AND domain = $3";
static const char lane_insert[] =
    "INSERT INTO campaign_lane (id, campaign, zone, domain, next_follow_ms, next_first_ms, shut_follow_ms,"
    " shut_first_ms) VALUES ($1, $2, $3, $4, $5, $5, 0, 0)";
#define LANE_TIMES                                                                        \
    "next_follow_ms = max(shut_follow_ms, coalesce((SELECT due_ms FROM prospect WHERE"    \
    " prospect.lane = campaign_lane.id AND is_follow = 1 ORDER BY due_ms LIMIT 1), $2))," \
    " next_first_ms = max(shut_first_ms, coalesce((SELECT due_ms FROM prospect WHERE"     \
    " prospect.lane = campaign_lane.id AND is_follow = 0 ORDER BY due_ms LIMIT 1), $2))"
static const char lane_mend[] = "UPDATE campaign_lane SET " LANE_TIMES " WHERE id = $1";
static const char lanes_mend[] = "UPDATE campaign_lane SET " LANE_TIMES " WHERE campaign = $1";
static const char lanes_open[] =
    "UPDATE campaign_lane SET shut_follow_ms = 0, shut_first_ms = 0 WHERE campaign = $1";
static const char campaign_times[] =
    "UPDATE campaign SET next_follow_ms = coalesce((SELECT next_follow_ms FROM campaign_lane WHERE"
    " campaign = $1 ORDER BY next_follow_ms LIMIT 1), $2), next_first_ms = coalesce((SELECT next_first_ms"
    " FROM campaign_lane WHERE campaign = $1 ORDER BY next_first_ms LIMIT 1), $2) WHERE id = $1";
static const char lane_shut_follow[] = "UPDATE campaign_lane SET shut_follow_ms = $2 WHERE id = $1";
static const char lane_shut_first[] = "UPDATE campaign_lane SET shut_first_ms = $2 WHERE id = $1";
static const char lane_domain[] = "SELECT domain FROM campaign_lane WHERE id = $1";
static const char prospect_move[] = "UPDATE prospect SET lane = $2 WHERE id = $1";

uint64_t campaign_lane_of(struct commit *commit, uint64_t campaign, struct slice zone, struct slice domain) {
    uint64_t lane = (uint64_t)DB_READ_NUMBER(commit->db, lane_find, 0, DB_NUMBER(campaign), DB_TEXT(zone),
                                             DB_TEXT(domain));
    if (lane) return lane;
    lane = commit_id_new(commit);
    DB_RUN(commit->db, lane_insert, DB_NUMBER(lane), DB_NUMBER(campaign), DB_TEXT(zone), DB_TEXT(domain),
           DB_NUMBER(PROSPECT_NEVER));
    return lane;
}

static void mend_campaign(struct commit *commit, uint64_t campaign) {
    commit->has_moved_campaigns = true;
    DB_RUN(commit->db, campaign_times, DB_NUMBER(campaign), DB_NUMBER(PROSPECT_NEVER));
}

void campaign_lane_mend(struct commit *commit, uint64_t campaign, uint64_t lane) {
    DB_RUN(commit->db, lane_mend, DB_NUMBER(lane), DB_NUMBER(PROSPECT_NEVER));
    mend_campaign(commit, campaign);
}

void campaign_lanes_mend(struct commit *commit, uint64_t campaign, bool opens) {
    if (opens) DB_RUN(commit->db, lanes_open, DB_NUMBER(campaign));
    DB_RUN(commit->db, lanes_mend, DB_NUMBER(campaign), DB_NUMBER(PROSPECT_NEVER));
    mend_campaign(commit, campaign);
}

/* ---- held back ---- */

static struct slice domain_of_lane(struct commit *commit, uint64_t lane) {
    struct slice domain = SLICE_EMPTY;
    struct db_rows rows = DB_ROWS(commit->db, lane_domain, DB_NUMBER(lane));
    if (!db_rows_next(&rows)) return domain;
    domain = arena_copy(commit->arena, db_rows_bytes(&rows, 0));
    db_rows_end(&rows);
    return domain;
}

/* Its own lane, or the one into which it goes now. */
static uint64_t lane_for(struct commit *commit, const struct prospect_row *row,
                         const struct prospect_hold *hold) {
    struct slice domain = hold->domain.len ? hold->domain : domain_of_lane(commit, row->lane);
    uint64_t lane = campaign_lane_of(commit, row->campaign, hold->zone, domain);
    if (lane == row->lane) return lane;
    DB_RUN(commit->db, prospect_move, DB_NUMBER(row->id), DB_NUMBER(lane));
    campaign_lane_mend(commit, row->campaign, row->lane);
    return lane;
}

static enum store_result hold_back(struct commit *commit, void *argument) {
    const struct prospect_hold *hold = argument;
    struct prospect_row row;
    if (!prospect_load(commit->db, hold->prospect, &row)) return db_result(commit->db, STORE_NOT_FOUND);
    if (row.step != hold->step) return STORE_OK;
    uint64_t lane = lane_for(commit, &row, hold);
    DB_RUN(commit->db, row.is_follow ? lane_shut_follow : lane_shut_first, DB_NUMBER(lane),
           DB_NUMBER(hold->until_ms));
    campaign_lane_mend(commit, row.campaign, lane);
    return STORE_OK;
}

enum store_result engine_outreach_hold(struct task *t, struct engine *engine,
                                       const struct prospect_hold *hold) {
    struct prospect_hold copy = *hold;
    struct commit_operation operation = {.run = hold_back, .argument = &copy};
    return commit_run(t, &engine->queue, &operation);
}

/* The step of verify that looks at when campaigns are looked at next: one that comes too late leaves people
   waiting, one that comes for nobody keeps others back (store/campaign_lane.h). */
#include "store/campaign_model.h"
#include "store/verify.h"

#define LANE_IS_WRONG(WHICH, IS_FOLLOW)                                                      \
    "next_" WHICH "_ms <> max(shut_" WHICH "_ms, coalesce((SELECT min(due_ms) FROM prospect" \
    " WHERE prospect.lane = campaign_lane.id AND is_follow = " IS_FOLLOW "), $1))"
#define CAMPAIGN_IS_WRONG(WHICH)                                                                    \
    "next_" WHICH "_ms <> coalesce((SELECT min(campaign_lane.next_" WHICH "_ms) FROM campaign_lane" \
    " WHERE campaign_lane.campaign = campaign.id), $1)"

static const char lanes_wrong[] = "SELECT id, campaign FROM campaign_lane WHERE " LANE_IS_WRONG(
    "follow", "1") " OR " LANE_IS_WRONG("first", "0");
static const char campaigns_wrong[] =
    "SELECT id FROM campaign WHERE " CAMPAIGN_IS_WRONG("follow") " OR " CAMPAIGN_IS_WRONG("first");

void verify_campaigns(void *argument) {
    struct verify *verify = argument;
    db_begin_read(verify->db);
    struct db_rows rows = DB_ROWS(verify->db, lanes_wrong, DB_NUMBER(PROSPECT_NEVER));
    while (db_rows_next(&rows))
        verify_fault(verify, "lane %016llx of campaign %016llx comes at another time than who waits in it",
                     (unsigned long long)db_rows_id(&rows, 0), (unsigned long long)db_rows_id(&rows, 1));
    rows = DB_ROWS(verify->db, campaigns_wrong, DB_NUMBER(PROSPECT_NEVER));
    while (db_rows_next(&rows))
        verify_fault(verify, "campaign %016llx comes at another time than its lanes",
                     (unsigned long long)db_rows_id(&rows, 0));
    (void)db_commit(verify->db);
}

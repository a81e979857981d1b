/*
 * Lanes: what holds many prospects of a campaign back at once is written once, not to each of them. A lane
 * has the prospects of one time zone; those whose own domain has had enough for a day move, when they are
 * met, into a lane of that zone and domain. A lane whose delivery window is shut, whose domain had enough, or
 * whose sequence is slower than its mailbox is not looked at before a moment (`shut`), first messages and
 * follow-ups apart; when the next of it is due is kept beside that. So the cost of the next message does not
 * grow with the prospects behind it.
 *
 * A prospect whose contact moved to another zone stays in its lane until it is met: lanes only say when to
 * look, what is looked at is judged by itself.
 */
#ifndef STORE_CAMPAIGN_LANE_H
#define STORE_CAMPAIGN_LANE_H

#include "store/campaign_model.h"
#include "store/commit.h"

/* A letter's day, for the ramp; the mailbox's one zone; indexes for what is claimed and has not left. */
#define CAMPAIGN_LANE_TABLES                                                                             \
    "CREATE TABLE campaign_lane (id INTEGER PRIMARY KEY, campaign INTEGER NOT NULL, zone TEXT NOT NULL," \
    " domain TEXT NOT NULL, next_follow_ms INTEGER NOT NULL, next_first_ms INTEGER NOT NULL,"            \
    " shut_follow_ms INTEGER NOT NULL, shut_first_ms INTEGER NOT NULL, UNIQUE (campaign, zone, domain))" \
    " STRICT;"                                                                                           \
    "CREATE INDEX campaign_lane_follow ON campaign_lane (campaign, next_follow_ms);"                     \
    "CREATE INDEX campaign_lane_first ON campaign_lane (campaign, next_first_ms);"                       \
    "ALTER TABLE prospect ADD COLUMN lane INTEGER NOT NULL DEFAULT 0;"                                   \
    "INSERT INTO campaign_lane (campaign, zone, domain, next_follow_ms, next_first_ms, shut_follow_ms,"  \
    " shut_first_ms) SELECT prospect.campaign, contact.time_zone, '',"                                   \
    " min(CASE is_follow WHEN 1 THEN due_ms ELSE 9223372036854775807 END),"                              \
    " min(CASE is_follow WHEN 0 THEN due_ms ELSE 9223372036854775807 END), 0, 0 FROM prospect"           \
    " JOIN contact ON contact.id = prospect.contact GROUP BY prospect.campaign, contact.time_zone;"      \
    "UPDATE prospect SET lane = coalesce((SELECT campaign_lane.id FROM contact JOIN campaign_lane ON"    \
    " campaign_lane.campaign = prospect.campaign AND campaign_lane.zone = contact.time_zone"             \
    " AND campaign_lane.domain = '' WHERE contact.id = prospect.contact), 0);"                           \
    "DROP INDEX prospect_due;"                                                                           \
    "CREATE INDEX prospect_due ON prospect (lane, is_follow, due_ms);"                                   \
    "ALTER TABLE outreach_sent ADD COLUMN day INTEGER NOT NULL DEFAULT 0;"                               \
    "CREATE INDEX outreach_sent_claimed_domain ON outreach_sent (from_domain) WHERE state = 0;"          \
    "CREATE INDEX outreach_sent_claimed_contact ON outreach_sent (contact) WHERE state = 0;"             \
    "ALTER TABLE outreach_sender ADD COLUMN time_zone TEXT NOT NULL DEFAULT ''"

/* The campaign's lane of this zone and domain ("": of no domain of its own); made where there is none. */
uint64_t campaign_lane_of(struct commit *commit, uint64_t campaign, struct slice zone, struct slice domain);
/* When the next of the lane is due follows from its prospects, and the campaign's own times from its lanes.
 */
void campaign_lane_mend(struct commit *commit, uint64_t campaign, uint64_t lane);
/* The same for all of its lanes; `opens`: none of them is shut any more. */
void campaign_lanes_mend(struct commit *commit, uint64_t campaign, bool opens);

#endif

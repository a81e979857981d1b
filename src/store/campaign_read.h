/* Rows of campaigns and prospects as structures (store/campaign.h), for who reads them. */
#ifndef STORE_CAMPAIGN_READ_H
#define STORE_CAMPAIGN_READ_H

#include "store/campaign_model.h"
#include "store/db.h"

#define CAMPAIGN_COLUMNS                                                                               \
    "campaign.id, campaign.tenant, campaign.name, campaign.sender, campaign.document, campaign.state," \
    " campaign.reason, campaign.created_ms, campaign.started_ms, campaign.sequence_version,"           \
    " min(campaign.next_follow_ms, campaign.next_first_ms), campaign.has_answer_steps,"                \
    " campaign.stops_company"
/* The same for lists, without what may be long. */
#define CAMPAIGN_COLUMNS_LISTED                                                              \
    "campaign.id, campaign.tenant, campaign.name, campaign.sender, '', campaign.state,"      \
    " campaign.reason, campaign.created_ms, campaign.started_ms, campaign.sequence_version," \
    " min(campaign.next_follow_ms, campaign.next_first_ms), campaign.has_answer_steps,"      \
    " campaign.stops_company"
#define PROSPECT_COLUMNS                                                                                    \
    "prospect.id, prospect.campaign, prospect.contact, prospect.state, prospect.step, prospect.due_ms,"     \
    " prospect.last_sent_ms, prospect.tries, prospect.message_ids, prospect.thread_subject,"                \
    " prospect.reason, contact.address, contact.fields, contact.time_zone, contact.country, prospect.lane," \
    " prospect.has_replied, prospect.line_step"
enum { CAMPAIGN_COLUMN_COUNT = 13, PROSPECT_COLUMN_COUNT = 18 };

/* From this column on; in `arena`. Counts of prospects are another read. */
void campaign_read_row(const struct db_rows *rows, int first, struct arena *arena, struct campaign *campaign);
void campaign_read_counts(struct db *db, struct campaign *campaign);
void prospect_read_row(const struct db_rows *rows, int first, struct arena *arena, struct prospect *prospect);

#endif

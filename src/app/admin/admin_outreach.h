/* The verbs of campaigns (app/admin/admin.h): admin_outreach.c (made, started, stopped), admin_outreach_add.c
   (who is in them), admin_outreach_show.c (what is to be seen), admin_outreach_start.c (what keeps one from
   starting, or from taking more in), admin_outreach_settle.c (letters of which nobody knows whether they
   left). */
#ifndef APP_ADMIN_OUTREACH_H
#define APP_ADMIN_OUTREACH_H

#include "app/admin/admin_verbs.h"
#include "store/campaign.h"
#include "store/sender_copy.h"

json_t *admin_campaign_create(struct admin *admin);
json_t *admin_campaign_add(struct admin *admin);
json_t *admin_campaign_order(struct admin *admin);
json_t *admin_outreach_status(struct admin *admin);
json_t *admin_outreach_why(struct admin *admin);
json_t *admin_outreach_events(struct admin *admin);
json_t *admin_outreach_stats(struct admin *admin);
json_t *admin_outreach_answers(struct admin *admin);
json_t *admin_outreach_correct(struct admin *admin);
json_t *admin_outreach_prospects(struct admin *admin);
json_t *admin_outreach_settle(struct admin *admin);

/* NULL: it may start, or go on with those `details` add (NULL: nobody). Else why not, in words. Waits. */
struct addition_details;
json_t *admin_campaign_refusal(struct admin *admin, const struct campaign *campaign,
                               const struct addition_details *details);
/* By the word at that place. NULL: *campaign is it; else an error. */
json_t *admin_campaign_find(struct admin *admin, size_t word, struct campaign *campaign);
/* The letters that are unknown. */
json_t *admin_outreach_unsettled(struct admin *admin);
/* admin_mailbox.c: all mailboxes, as a list. NULL: reading failed. */
json_t *admin_mailboxes_json(struct admin *admin);
/* Copies that are not in Sent; null where all are. */
json_t *admin_copies_json(const struct sender_copy_state *state);
/* A time as JSON: null where there is none. */
json_t *admin_moment(int64_t ms);

#endif

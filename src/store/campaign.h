/*
 * Campaigns in the data folder: the part of the engine (store/engine.h) that outreach/office.h decides with.
 * Every rule that keeps a message from leaving is asked inside the commit that claims it, and again in the
 * one that lets it go (engine_outreach_go); what a prospect answers is judged in the commit that stores the
 * answer (store/answer.h). So no message starts after an answer was accepted, whatever anybody believed
 * before.
 *
 * Calls without a task read only, and do not wait; results are in `arena`.
 */
#ifndef STORE_CAMPAIGN_H
#define STORE_CAMPAIGN_H

#include "store/campaign_model.h"
#include "store/contact_select.h"
#include "store/engine.h"

/* ---- the owner's ---- */

/* A draft, of campaign->name, sender, document and what is known of that. STORE_EXISTS; STORE_NOT_FOUND: no
 * such sender. */
enum store_result engine_campaign_create(struct task *t, struct engine *engine,
                                         const struct campaign *campaign, uint64_t *id);
/* By its name, or its id in hexadecimal. STORE_NOT_FOUND. */
enum store_result engine_campaign_find(struct engine *engine, struct arena *arena, struct slice name,
                                       struct campaign *campaign);
enum store_result engine_campaign_get(struct engine *engine, struct arena *arena, uint64_t id,
                                      struct campaign *campaign);
/* The newest first, at most OUTREACH_CAMPAIGNS_SHOWN; without their documents. */
enum store_result engine_campaign_list(struct engine *engine, struct arena *arena,
                                       struct campaign **campaigns, size_t *count);
/* draft or paused -> running, running -> paused, any -> stopped (for good: nobody of it is written to any
   more). STORE_REFUSED: not from the state it is in. */
enum store_result engine_campaign_order(struct task *t, struct engine *engine, uint64_t id,
                                        enum campaign_state to, struct slice reason);
/* The sequence of a draft or a paused campaign (its id) is another now: its document, and what is known of
   it. STORE_REFUSED: it runs, or has ended. */
enum store_result engine_campaign_document(struct task *t, struct engine *engine,
                                           const struct campaign *campaign);

struct campaign_addition {
    uint64_t added;
    /* Are in it already. */
    uint64_t known;
    /* Must not be written to. */
    uint64_t suppressed;
    /* Addresses that are not in the book. */
    uint64_t unknown;
    /* Contacts of the book that were looked at. */
    uint64_t looked;
};
/* Contacts with an id above *after that are meant (NULL: all), at most OUTREACH_ADD_ROWS of them in one
   commit; *after is moved on, 0: there are no more. What was found is added to *addition. Broken off, it may
   begin anew: who is in it stays so. STORE_REFUSED: the campaign is stopped. */
enum store_result engine_campaign_add(struct task *t, struct engine *engine, uint64_t id,
                                      const struct contact_selection *selection, uint64_t *after,
                                      struct campaign_addition *addition);
/* These, normalised, in one commit. */
enum store_result engine_campaign_add_addresses(struct task *t, struct engine *engine, uint64_t id,
                                                const struct slice *addresses, size_t count,
                                                struct campaign_addition *addition);
/* Who would come new, whatever suppression says: for a plan. Room for OUTREACH_ADD_ROWS; goes on as adding
   does. Does not wait. */
struct campaign_candidate {
    uint64_t contact;
    struct slice address;
    struct slice time_zone;
};
enum store_result engine_campaign_candidates(struct engine *engine, struct arena *arena, uint64_t id,
                                             const struct contact_selection *selection, uint64_t *after,
                                             struct campaign_candidate *candidates, size_t *count);
/* What an order makes of one prospect: to waiting (due now), paused or stopped. STORE_REFUSED: a message to
   it is on its way, or it has come to an end. */
enum store_result engine_prospect_order(struct task *t, struct engine *engine, uint64_t prospect,
                                        enum prospect_state to, struct slice reason);

/* ---- what is due ---- */

/* A sender with a campaign that runs, and when the first of it is due. */
struct outreach_sender_due {
    uint64_t sender;
    int64_t due_ms;
};
/* All of them: costs as much as there are senders. */
enum store_result engine_outreach_senders(struct engine *engine, struct arena *arena,
                                          struct outreach_sender_due **senders, size_t *count);
/* When the first of a sender's campaigns that are not over was started; 0: there is none. */
enum store_result engine_outreach_open_since(struct engine *engine, uint64_t sender, int64_t *since_ms);
/* When the first of one sender's is due, or PROSPECT_NEVER. */
int64_t engine_outreach_sender_due(struct engine *engine, uint64_t sender);
/* When the first of its follow-ups is due, or PROSPECT_NEVER. */
int64_t engine_outreach_follow_due(struct engine *engine, uint64_t sender);
/* Whom this sender may write to now: follow-ups before first messages, the longest due first, at most `max`,
   all of one lane of one campaign; none: *count is 0. Those of the campaign `preferred` go before all others;
   0: none is. */
enum store_result engine_outreach_due(struct engine *engine, struct arena *arena, uint64_t sender,
                                      uint64_t preferred, int64_t now_ms, struct prospect *prospects,
                                      size_t max, size_t *count);
/* Those are due later than was thought: their window is closed, or the delay is of working days. */
struct prospect_delay {
    uint64_t prospect;
    uint32_t step;
    int64_t due_ms;
    struct slice reason;
    /* The step is not for this prospect: its next one is `to_step`. */
    bool is_skip;
    uint32_t to_step;
    /* There is no step left. */
    bool is_end;
};
enum store_result engine_outreach_delay(struct task *t, struct engine *engine,
                                        const struct prospect_delay *delays, size_t count);
/* Not only this one: everybody of its lane is to be looked at again then (store/campaign_lane.h). The lane is
   that of this zone and, where it is not empty, of this domain: the prospect moves into it if it is in
   another. Nothing where it is at another step by now. */
struct prospect_hold {
    uint64_t prospect;
    uint32_t step;
    struct slice zone;
    struct slice domain;
    int64_t until_ms;
};
enum store_result engine_outreach_hold(struct task *t, struct engine *engine,
                                       const struct prospect_hold *hold);

/* What this sender sent lately, for the pacer. Costs as much as the caps are high. */
enum store_result engine_outreach_history(struct engine *engine,
                                          const struct outreach_history_question *question,
                                          struct outreach_history *history);
/* Messages of the campaign to this domain today. */
enum store_result engine_outreach_domain_count(struct engine *engine, uint64_t campaign, struct slice domain,
                                               int64_t day_start_ms, int64_t day_until_ms, uint64_t *count);
/* Something of this sender's is on its way still: the next waits. */
bool engine_outreach_is_in_flight(struct engine *engine, uint64_t sender);
/* As GATE_SENDER asks: an outside mailbox is green, the account of one of ours is there. */
bool engine_outreach_sender_is_good(struct engine *engine, uint64_t sender);

/* ---- one message ---- */

/* *gate says what kept it, GATE_OPEN: it is claimed, as *sent. */
enum store_result engine_outreach_claim(struct task *t, struct engine *engine,
                                        const struct outreach_claim *claim, uint64_t *sent,
                                        enum outreach_gate *gate);
/* The last word, with all gates asked again: GATE_OPEN, or it was cancelled. */
enum store_result engine_outreach_go(struct task *t, struct engine *engine, const struct outreach_go *go,
                                     enum outreach_gate *gate);
/* Asked again it changes nothing. */
enum store_result engine_outreach_outcome(struct task *t, struct engine *engine,
                                          const struct outreach_outcome *outcome);
/* Who was to send it went away: it goes back if it was not let go yet; else, but for one that the queue has,
   its outcome is not known. */
enum store_result engine_outreach_lost(struct task *t, struct engine *engine, uint64_t sent);
/* The sender cannot be used: every campaign of it that runs is paused, with the reason. */
enum store_result engine_outreach_halt(struct task *t, struct engine *engine, uint64_t sender,
                                       struct slice reason);
/* STORE_NOT_FOUND. */
enum store_result engine_outreach_message(struct engine *engine, struct arena *arena, uint64_t sent,
                                          struct outreach_message *message);
enum store_result engine_outreach_prospect(struct engine *engine, struct arena *arena, uint64_t id,
                                           struct prospect *prospect);
/* After a start: what was decided and not begun goes back; what an outside sender was sending is unknown, and
   somebody has to look. */
enum store_result engine_outreach_restart(struct task *t, struct engine *engine);
/* All of them, of whatever sender, the oldest first, at most OUTREACH_LIST_MAX. */
enum store_result engine_outreach_unsettled(struct engine *engine, struct arena *arena,
                                            struct outreach_message **messages, size_t *count);
/* By its id in hexadecimal, or its Message-ID with or without brackets. STORE_NOT_FOUND. */
enum store_result engine_outreach_message_find(struct engine *engine, struct arena *arena, struct slice name,
                                               struct outreach_message *message);
/* Messages of a sender that are unknown, at most `max`. */
enum store_result engine_outreach_unknown(struct engine *engine, struct arena *arena, uint64_t sender,
                                          struct outreach_message *messages, size_t max, size_t *count);

/* ---- what is to be seen ---- */

/* Everything of one person: by the contact's address. At most OUTREACH_LIST_MAX of each. */
struct prospect_shown {
    struct prospect prospect;
    struct campaign campaign;
};
enum store_result engine_outreach_of_contact(struct engine *engine, struct arena *arena, uint64_t contact,
                                             struct prospect_shown **prospects, size_t *count);
enum store_result engine_outreach_messages(struct engine *engine, struct arena *arena, uint64_t prospect,
                                           struct outreach_message **messages, size_t *count);
/* Of a campaign (0: all), behind `after`, in order, at most `max`. */
enum store_result engine_outreach_events(struct engine *engine, struct arena *arena, uint64_t campaign,
                                         uint64_t after, size_t max, struct outreach_event **events,
                                         size_t *count);
/* Of a campaign, behind the contact `after` in the order of contacts. */
enum store_result engine_campaign_prospects(struct engine *engine, struct arena *arena, uint64_t campaign,
                                            uint64_t after, size_t max, struct prospect **prospects,
                                            size_t *count);

/* People, not messages: docs/outreach.md defines each. */
struct campaign_figures {
    uint64_t contacted;
    uint64_t accepted;
    uint64_t bounced;
    uint64_t replied;
    uint64_t auto_replied;
    uint64_t unsubscribed;
    uint64_t complained;
    uint64_t follow_ups;
};
/* Reads all of the campaign in the scan lane: STORE_BUSY while another scan runs. Waits. */
enum store_result engine_campaign_figures(struct task *t, struct engine *engine, uint64_t campaign,
                                          struct campaign_figures *figures);

/* Calls `changed` after each batch that moved when something of a campaign is due; `is_sooner`: somebody who
   answered is due now, whatever was known before. NULL: nobody is called any more. */
void engine_outreach_on_change(struct engine *engine, void (*changed)(void *context, bool is_sooner),
                               void *context);

/* There is a campaign in this store: what comes in is to be judged. */
bool engine_outreach_is_used(const struct engine *engine);

#endif

/* Names of states and events (store/campaign_model.h), for people and for JSON. */
#include "store/campaign_model.h"

const char *campaign_state_word(enum campaign_state state) {
    static const char *const words[CAMPAIGN_STATES] = {"draft", "running", "paused", "stopped", "finished"};
    return words[state];
}

const char *prospect_state_word(enum prospect_state state) {
    static const char *const words[PROSPECT_STATES] = {
        "waiting",    "claimed",      "replied",  "paused",  "out_of_office", "bounced",
        "suppressed", "unsubscribed", "finished", "blocked", "stopped"};
    return words[state];
}

const char *sent_state_word(enum sent_state state) {
    static const char *const words[SENT_STATES] = {"decided", "sending", "sent",
                                                   "unknown", "refused", "cancelled"};
    return words[state];
}

const char *outreach_gate_word(enum outreach_gate gate) {
    static const char *const words[OUTREACH_GATES] = {
        "open",   "campaign", "sender",       "prospect",         "suppression", "in_flight", "gap",
        "hourly", "daily",    "domain_daily", "recipient_domain", "frequency",   "window"};
    return words[gate];
}

const char *outreach_event_word(enum outreach_event_kind kind) {
    static const struct {
        enum outreach_event_kind kind;
        const char *word;
    } words[] = {
        {OUTREACH_EVENT_CREATED, "campaign.created"},
        {OUTREACH_EVENT_STARTED, "campaign.started"},
        {OUTREACH_EVENT_PAUSED, "campaign.paused"},
        {OUTREACH_EVENT_RESUMED, "campaign.resumed"},
        {OUTREACH_EVENT_STOPPED, "campaign.stopped"},
        {OUTREACH_EVENT_FINISHED, "campaign.finished"},
        {OUTREACH_EVENT_ADDED, "prospect.added"},
        {OUTREACH_EVENT_SENT, "message.sent"},
        {OUTREACH_EVENT_CANCELLED, "message.cancelled"},
        {OUTREACH_EVENT_REFUSED, "message.refused"},
        {OUTREACH_EVENT_PUT_OFF, "message.put_off"},
        {OUTREACH_EVENT_UNKNOWN, "message.unknown"},
        {OUTREACH_EVENT_BLOCKED, "prospect.blocked"},
        {OUTREACH_EVENT_REPLIED, "prospect.replied"},
        {OUTREACH_EVENT_AUTO_REPLY, "prospect.auto_reply"},
        {OUTREACH_EVENT_OUT_OF_OFFICE, "prospect.out_of_office"},
        {OUTREACH_EVENT_BOUNCED, "prospect.bounced"},
        {OUTREACH_EVENT_SOFT_BOUNCE, "prospect.soft_bounce"},
        {OUTREACH_EVENT_COMPLAINT, "prospect.complaint"},
        {OUTREACH_EVENT_UNSUBSCRIBED, "prospect.unsubscribed"},
        {OUTREACH_EVENT_COLLEAGUE, "prospect.colleague_replied"},
        {OUTREACH_EVENT_BY_HAND, "prospect.written_by_hand"},
        {OUTREACH_EVENT_RECEIPT, "prospect.receipt"},
        {OUTREACH_EVENT_OTHER, "prospect.other"},
        {OUTREACH_EVENT_CORRECTED, "answer.corrected"},
        {OUTREACH_EVENT_COMPANY, "campaign.company_stopped"},
        {OUTREACH_EVENT_BREAKER, "campaign.breaker"},
        {OUTREACH_EVENT_MAILBOX_RED, "mailbox.red"},
        {OUTREACH_EVENT_MAILBOX_GREEN, "mailbox.green"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words[i].kind == kind) return words[i].word;
    return "unknown";
}

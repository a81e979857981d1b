/* The limits of campaigns and answers, beside base/limits.h. Units are last in the names. */
#ifndef BASE_LIMITS_CAMPAIGN_H
#define BASE_LIMITS_CAMPAIGN_H

enum {
    /* Campaigns, prospects or messages that one question tells of; contacts that one commit adds; senders
       that are looked at. */
    OUTREACH_LIST_MAX = 200,
    OUTREACH_CAMPAIGNS_SHOWN = 1000,
    OUTREACH_ADD_ROWS = 500,
    /* Contacts that one commit looks at where only some are meant. */
    OUTREACH_ADD_LOOKED_ROWS = 5000,
    /* Prospects that a plan is made of before a campaign starts: more than can be written to in time. */
    OUTREACH_PLAN_CONTACTS_MAX = 62 * 1000,
    /* Contacts looked at between two lines that tell how far it is. */
    OUTREACH_ADD_TOLD_ROWS = 50 * 1000,
    OUTREACH_SENDERS_DUE_MAX = 1000,
    /* Who is due that is looked at in one go; earlier messages of a thread that are kept; tries of one step.
     */
    OUTREACH_DUE_MAX = 16,
    OUTREACH_THREAD_BYTES_MAX = 8 * 1024,
    OUTREACH_TRIES_MAX = 3,
    OUTREACH_AGAIN_MS = 24 * 3600 * 1000,
    OUTREACH_NAME_BYTES_MAX = 100,
    /* A contact's fields as JSON; a time zone's distance from UTC. */
    OUTREACH_FIELDS_BYTES_MAX = 256 * 1024,
    OUTREACH_ZONE_MINUTES_MAX = 24 * 60,
    /* One message, from claim to end; between looks at what is due; after something that is not the
       message's fault; and how long after sending it is looked for where the outcome is not known. */
    OUTREACH_SEND_MS_MAX = 10 * 60 * 1000,
    OUTREACH_LOOK_MS = 60 * 1000,
    /* Where nothing is due: whoever makes somebody due says so; this is for clocks that are set. */
    OUTREACH_IDLE_MS = 15 * 60 * 1000,
    OUTREACH_FLIGHT_LOOK_MS = 200,
    OUTREACH_TROUBLE_MS = 60 * 1000,
    OUTREACH_FIND_AFTER_MS = 3 * 60 * 1000,
    OUTREACH_UNKNOWN_LOOK_MS = 5 * 1000,
    OUTREACH_UNKNOWN_LOOK_MS_MAX = 30 * 60 * 1000,
    OUTREACH_DETAIL_BYTES_MAX = 1000,
    /* Of a letter whose copy in Sent of an outside mailbox is remembered; a larger one is put there once. */
    OUTREACH_COPY_BYTES_MAX = 900 * 1024,
    /* Between messages of two campaigns to one person. */
    OUTREACH_FREQUENCY_MS = 7 * 24 * 3600 * 1000,
    /* Breakers: of the last so many messages of a campaign, a sender or a domain so many bounced hard, or
       were complained about; fewer messages say nothing yet, unless that many came to grief. */
    OUTREACH_BREAKER_MESSAGES = 100,
    OUTREACH_BREAKER_BOUNCES = 5,
    OUTREACH_BREAKER_COMPLAINTS = 2,

    /* What is known of an answer: Message-IDs and addresses that it names, recipients of a bounce, one of its
       texts, why it is taken for what it is. */
    ANSWER_IDS_MAX = 50,
    ANSWER_NAMED_MAX = 50,
    ANSWER_RECIPIENTS_MAX = 50,
    ANSWER_TEXT_BYTES_MAX = 1000,
    ANSWER_EVIDENCE_BYTES_MAX = 16 * 1024,
    /* All of it, packed. */
    ANSWER_FACTS_BYTES_MAX = 640 * 1024,
    /* So much of a message is looked at, in so much memory. */
    JUDGE_BYTES_MAX = 512 * 1024,
    JUDGE_ARENA_BYTES = 32 << 20,
    /* Who says that they are away for longer has a clock that is wrong. */
    ANSWER_AWAY_DAYS_MAX = 366,
    /* Prospects that one answer changes. */
    ANSWER_PROSPECTS_MAX = 20,
    /* Those of one company that a colleague's answer pauses where it may be about each of them. */
    ANSWER_COLLEAGUES_MAX = 500,
    /* Prospects that an answer holds, with those of its company. */
    ANSWER_HOLDS_MAX = 20 * 1000,
    /* What is kept of a message that lies outside of this store, packed, and for how long: so that it can be
       judged again. */
    ANSWER_KEPT_BYTES_MAX = 256 * 1024,
    ANSWER_PACKED_BYTES_MAX = 300 * 1024,
    ANSWER_KEPT_DAYS = 400,
    /* Answers that are read in one go to be judged again. */
    ANSWER_REPLAY_ROWS = 50,
    /* Mail in a Sent mailbox that was written longer ago is no news of what its owner does. */
    OUTREACH_BY_HAND_MS = 3 * 24 * 3600 * 1000,
    /* A letter's Date is that of when it was decided, but for this. */
    OUTREACH_OWN_DATE_MS = 5 * 1000,
};

#endif

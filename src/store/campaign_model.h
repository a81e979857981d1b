/*
 * What is spoken of campaigns: a sequence that runs from a mailbox (the sender) to prospects, each a contact
 * of the address book. The store decides (outreach/office.h runs in its role), the remote role composes and
 * sends (outreach/agent.h); what goes between them is in outreach/protocol.h. As in store/model.h structures
 * borrow, and times are UTC milliseconds.
 *
 * A prospect's way, every step of it one commit:
 *
 *     waiting -> claimed -> waiting for the next step ... -> finished
 *                        -> waiting again, where it could not be sent now
 *     any -> replied, unsubscribed, bounced, suppressed, stopped; paused and blocked wait for a person
 *
 * A message's way: decided (its Message-ID is chosen) -> sending (it may be out from here on) -> sent,
 * refused, or unknown until somebody has looked; or cancelled before it left.
 */
#ifndef STORE_CAMPAIGN_MODEL_H
#define STORE_CAMPAIGN_MODEL_H

#include "store/model.h"

/* Numbers are stored: never change one. */
enum campaign_state {
    CAMPAIGN_DRAFT = 0,
    CAMPAIGN_RUNNING = 1,
    CAMPAIGN_PAUSED = 2,
    CAMPAIGN_STOPPED = 3,
    CAMPAIGN_FINISHED = 4,
    CAMPAIGN_STATES,
};

/* Stored. */
enum prospect_state {
    PROSPECT_WAITING = 0,
    PROSPECT_CLAIMED = 1,
    PROSPECT_REPLIED = 2,
    /* Until a person decides. */
    PROSPECT_PAUSED = 3,
    /* Due again when the prospect is back. */
    PROSPECT_OUT_OF_OFFICE = 4,
    PROSPECT_BOUNCED = 5,
    PROSPECT_SUPPRESSED = 6,
    PROSPECT_UNSUBSCRIBED = 7,
    PROSPECT_FINISHED = 8,
    /* A snippet has no value and no fallback. */
    PROSPECT_BLOCKED = 9,
    PROSPECT_STOPPED = 10,
    PROSPECT_STATES,
};

/* Stored. */
enum sent_state {
    SENT_DECIDED = 0,
    SENT_SENDING = 1,
    SENT_SENT = 2,
    SENT_UNKNOWN = 3,
    SENT_REFUSED = 4,
    SENT_CANCELLED = 5,
    SENT_STATES,
};

/* What became of a message that was sent, later. Stored. */
enum sent_fate { FATE_NONE = 0, FATE_HARD_BOUNCE = 1, FATE_COMPLAINT = 2 };

/* Due at no time: there is nothing to be done. */
#define PROSPECT_NEVER INT64_MAX

struct campaign {
    uint64_t id;
    uint64_t tenant;
    struct slice name;
    uint64_t sender;
    /* The sequence, as outreach/sequence.h writes it. */
    struct slice document;
    enum campaign_state state;
    /* Why it is in this state, where that needs words; else empty. */
    struct slice reason;
    int64_t created_ms;
    int64_t started_ms;
    uint64_t version;
    /* Of the document: it has steps for those who answered; an answer stops everybody of that company. */
    bool has_answer_steps;
    bool stops_company;
    /* When the first of its prospects is due: any, or PROSPECT_NEVER. */
    int64_t next_ms;
    uint64_t prospects[PROSPECT_STATES];
};

/* A prospect with the contact that it is, and what a step needs to know of those before. */
struct prospect {
    uint64_t id;
    uint64_t campaign;
    uint64_t contact;
    /* store/campaign_lane.h */
    uint64_t lane;
    enum prospect_state state;
    /* The next one, from 0. */
    uint32_t step;
    int64_t due_ms;
    int64_t last_sent_ms;
    uint32_t tries;
    /* Of all of its messages, oldest first, with a space between; the subject of the first. */
    struct slice message_ids;
    struct slice thread_subject;
    struct slice reason;
    struct slice address;
    /* A JSON object of strings. */
    struct slice fields;
    struct slice time_zone;
    struct slice country;
    /* A person answered: only steps for those who did may go to it. */
    bool has_replied;
    /* Where it was in the sequence when that happened. */
    uint32_t line_step;
};

/* Everything that can keep a message from leaving, in the order in which it is asked. */
enum outreach_gate {
    GATE_OPEN,
    GATE_CAMPAIGN,
    GATE_SENDER,
    GATE_PROSPECT,
    GATE_SUPPRESSED,
    GATE_IN_FLIGHT,
    GATE_GAP,
    GATE_HOURLY,
    GATE_DAILY,
    GATE_DOMAIN_DAILY,
    GATE_RECIPIENT_DOMAIN,
    GATE_FREQUENCY,
    GATE_WINDOW,
    OUTREACH_GATES,
};

/* What the pacer allows; the commit that claims holds to it whatever the office believed. 0: no limit. */
struct outreach_limits {
    int64_t gap_ms;
    uint64_t hourly_max;
    uint64_t daily_max;
    /* All senders of the domain together. */
    uint64_t domain_daily_max;
    /* To one domain of recipients, of a campaign. */
    uint64_t recipient_domain_daily_max;
    /* Between messages of two campaigns to one person. */
    int64_t frequency_ms;
    /* Today, as the pacer has it. */
    int64_t day_start_ms;
    int64_t day_until_ms;
};

struct outreach_claim {
    uint64_t prospect;
    /* As the office read it: a prospect that moved on meanwhile is not claimed. */
    uint32_t step;
    uint32_t version;
    /* Without brackets, as everywhere here. */
    struct slice message_id;
    struct slice from_domain;
    /* The step is for those who answered, and only for them it may be claimed so. */
    bool is_for_replied;
    struct outreach_limits limits;
};

/* The word to send, or not. */
struct outreach_go {
    uint64_t sent;
    struct slice subject;
    struct slice subject_base;
    /* The domain of the prospect's organisation, or empty. */
    struct slice organisation;
    /* The calendar day where the sender is: a number. */
    int64_t day;
    /* As struct outreach_limits has it: asked once more. */
    int64_t frequency_ms;
    /* The next step is due so long after this one left; -1: there is none. */
    int64_t next_delay_ms;
    /* Local senders: the message, with whom it goes to; its copy goes into the account's Sent mailbox, all in
       the same commit. NULL: an outside sender's. */
    const struct delivery *delivery;
    /* Outside senders: the message, where its copy in Sent is ours to keep; else empty. */
    struct slice copy;
};

/* How it ended, or that this is not known. */
enum outreach_result {
    OUTREACH_SENT,
    /* The recipient's address is no good. */
    OUTREACH_REFUSED,
    /* Not now, or not like this: it is tried again later, a few times. */
    OUTREACH_PUT_OFF,
    OUTREACH_UNKNOWN,
    /* It certainly did not leave, and nobody is to blame for it: due again at due_ms. */
    OUTREACH_NOT_SENT,
    /* A snippet has no value: a person must look. */
    OUTREACH_BLOCKED,
};
enum { OUTREACH_RESULTS = OUTREACH_BLOCKED + 1 };

struct outreach_outcome {
    uint64_t sent;
    enum outreach_result result;
    int64_t due_ms;
    struct slice detail;
};

/* A message of outreach, as it is kept. */
struct outreach_message {
    uint64_t id;
    uint64_t prospect;
    uint64_t campaign;
    uint64_t sender;
    uint64_t contact;
    uint32_t step;
    uint32_t version;
    enum sent_state state;
    enum sent_fate fate;
    /* In the queue, where it went there; else 0. */
    uint64_t message;
    struct slice message_id;
    struct slice subject;
    struct slice detail;
    int64_t decided_ms;
    int64_t sent_ms;
};

/* Something that happened; the log of them only grows. Stored. */
enum outreach_event_kind {
    OUTREACH_EVENT_CREATED = 1,
    OUTREACH_EVENT_STARTED = 2,
    OUTREACH_EVENT_PAUSED = 3,
    OUTREACH_EVENT_RESUMED = 4,
    OUTREACH_EVENT_STOPPED = 5,
    OUTREACH_EVENT_FINISHED = 6,
    OUTREACH_EVENT_ADDED = 7,
    OUTREACH_EVENT_SENT = 10,
    OUTREACH_EVENT_CANCELLED = 11,
    OUTREACH_EVENT_REFUSED = 12,
    OUTREACH_EVENT_PUT_OFF = 13,
    OUTREACH_EVENT_UNKNOWN = 14,
    OUTREACH_EVENT_BLOCKED = 15,
    OUTREACH_EVENT_REPLIED = 20,
    OUTREACH_EVENT_AUTO_REPLY = 21,
    OUTREACH_EVENT_OUT_OF_OFFICE = 22,
    OUTREACH_EVENT_BOUNCED = 23,
    OUTREACH_EVENT_SOFT_BOUNCE = 24,
    OUTREACH_EVENT_COMPLAINT = 25,
    OUTREACH_EVENT_UNSUBSCRIBED = 26,
    OUTREACH_EVENT_COLLEAGUE = 27,
    OUTREACH_EVENT_BY_HAND = 28,
    OUTREACH_EVENT_RECEIPT = 29,
    OUTREACH_EVENT_OTHER = 30,
    OUTREACH_EVENT_CORRECTED = 31,
    OUTREACH_EVENT_COMPANY = 34,
    OUTREACH_EVENT_BREAKER = 40,
    /* A mailbox, of no campaign: the detail has its address. */
    OUTREACH_EVENT_MAILBOX_RED = 50,
    OUTREACH_EVENT_MAILBOX_GREEN = 51,
};

/* What a sender sent, as the pacer asks for it (outreach/pacer.h). */
struct outreach_history {
    bool is_in_flight;
    int64_t last_sent_ms;
    uint64_t last_id;
    int64_t hourly_sent_ms;
    uint64_t day_count;
    uint64_t domain_day_count;
    uint64_t days_sent;
    uint64_t follow_ups_due;
};
struct outreach_history_question {
    uint64_t sender;
    struct slice from_domain;
    uint64_t hourly_max;
    uint64_t daily_max;
    int64_t day_start_ms;
    int64_t day_until_ms;
    int64_t day_end_ms;
    int64_t day;
    int64_t now_ms;
};

struct outreach_event {
    uint64_t id;
    int64_t at_ms;
    enum outreach_event_kind kind;
    uint64_t campaign;
    uint64_t prospect;
    uint64_t contact;
    uint64_t sender;
    /* For people. */
    struct slice detail;
    /* What the ids stand for, where it is known still. */
    struct slice campaign_name;
    struct slice address;
};

/* Words as they are shown and read; static. */
const char *campaign_state_word(enum campaign_state state);
const char *prospect_state_word(enum prospect_state state);
const char *sent_state_word(enum sent_state state);
const char *outreach_gate_word(enum outreach_gate gate);
const char *outreach_event_word(enum outreach_event_kind kind);

#endif

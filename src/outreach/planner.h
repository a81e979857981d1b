/*
 * A sequence run through before it is run: the pacer, the windows and the conditions that will decide, on a
 * clock that is only counted. It supposes that nobody answers and nothing bounces, so that every step is
 * sent: nothing can take longer. Says when each message would leave, and when all of it would be over.
 *
 * One mailbox, which sends nothing else. Cost: a message takes the same however many contacts there are (but
 * for the order that is kept, a logarithm). What can never be over in PLANNER_DAYS_MAX days is not run
 * through; its end is estimated. Pure; time and randomness are parameters.
 */
#ifndef OUTREACH_PLANNER_H
#define OUTREACH_PLANNER_H

#include "outreach/sequence.h"

struct planner_contact {
    uint64_t id;
    struct slice address;
    /* Empty or unknown: the sequence's. */
    struct slice time_zone;
    struct snippet_fields fields;
    /* Steps that it has had; its next is due after its delay from the start on. */
    size_t steps_done;
};

struct planner_options {
    const struct sequence *sequence;
    /* The mailbox's own; the strictest of these and the sequence's hold. */
    struct pacer_limits limits;
    /* Where the mailbox's day begins. */
    struct slice sender_zone;
    /* Days on which the mailbox sent before: for its ramp. */
    unsigned days_sent;
    int64_t start_ms;
    uint64_t seed;
    const struct planner_contact *contacts;
    size_t contact_count;
};

struct planner_leave {
    /* Its place in options->contacts. */
    size_t contact;
    size_t step;
    size_t version;
    int64_t at_ms;
    /* East of UTC, where the prospect is. */
    int prospect_zone_minutes;
};

typedef void planner_tell(void *context, const struct planner_leave *leave);

struct planner_summary {
    size_t contacts;
    size_t messages;
    /* When the first message leaves, the last first step, and the last message of all; 0: none does. */
    int64_t first_ms;
    int64_t last_opener_ms;
    int64_t last_ms;
    /* last_ms, or where not all of it was run through, about when it would be over. DELIVERY_NEVER: never. */
    int64_t end_ms;
    /* It ends within PLANNER_DAYS_MAX days of its start. */
    bool ends_in_time;
    /* What would be sent in all, if every step were for everybody. */
    size_t messages_expected;
    /* Contacts that a step would never leave to: no window of theirs is ever open. */
    size_t never;
};

/* Runs it through; `tell` (may be NULL) hears of each message in the order they leave. The arena needs about
   200 bytes for each of the contacts, of which there are at most PLANNER_CONTACTS_MAX. */
void planner_run(struct arena *arena, const struct planner_options *options, planner_tell *tell,
                 void *context, struct planner_summary *summary);

#endif

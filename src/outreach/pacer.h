/*
 * The pace of one mailbox, whatever campaigns send from it: one message at a time, a random gap after each,
 * caps for an hour (any 60 minutes), for a day (a calendar day where the mailbox is), for a recipient's
 * domain, and for the domain that mail is sent from over all of its mailboxes. A new mailbox may begin lower
 * and rise with each day on which it really sent.
 *
 * Who asks gives what was really sent: a handful of numbers, whatever was sent in all, so that the cost is
 * the same for the first message and the millionth. The answer never lies in the past and never grants more
 * than one message: after an hour of downtime there is nothing to catch up with. The same question always
 * has the same answer: the random gap comes from `gap_seed`, chosen once with the message that was sent last.
 *
 * Clocks that jump do no harm. What was sent "later than now" counts as sent now, and whoever counts takes
 * what was sent until PACER_FUTURE_MS from now (see pacer_day): an hour back lets nothing more out. Ten
 * years on, one message may leave, and the next after its gap. Pure.
 */
#ifndef OUTREACH_PACER_H
#define OUTREACH_PACER_H

#include <limits.h>

#include "base/fatal.h"
#include "outreach/delivery_window.h"

/* Of a cap, and of a gap (both ends), that nobody has said. It is no number that one could say. */
#define PACER_UNSAID UINT_MAX
enum { PACER_GAP_UNSAID = -1 };

/* 0 of a cap: nothing may leave. */
struct pacer_limits {
    int64_t gap_min_ms;
    int64_t gap_max_ms;
    unsigned hourly_max;
    unsigned daily_max;
    /* On its first day a mailbox sends so many, and each day it sent allows ramp_step more, up to daily_max.
       0: there is no such beginning. */
    unsigned ramp_start;
    unsigned ramp_step;
    /* Of one sequence or mailbox, to one recipient domain, a day. */
    unsigned recipient_domain_daily_max;
    /* Of all mailboxes of the sending domain, a day. */
    unsigned sending_domain_daily_max;
};

/* What holds where nobody said anything. */
struct pacer_limits pacer_limits_usual(void);

/* Nothing is limited, for nothing is said: a sequence that has no wishes of its own. */
struct pacer_limits pacer_limits_none(void);

/* The strictest of both: a sequence can slow a mailbox down, never speed it up. */
struct pacer_limits pacer_limits_strictest(const struct pacer_limits *a, const struct pacer_limits *b);

/* What `wish` says, even if it is faster, and `own` where it says nothing (pacer_limits_none): only for
   recipients of whom nobody can be bothered, all of them under .test. */
struct pacer_limits pacer_limits_wished(const struct pacer_limits *own, const struct pacer_limits *wish);

enum pacer_limits_fault {
    PACER_LIMITS_OK,
    /* gap_min_ms above gap_max_ms, negative, or longer than a day. */
    PACER_LIMITS_GAP,
    /* Shorter gaps than usual, more than PACER_DAILY_MAX a day, or more of the sending domain than usual:
       only with an override. */
    PACER_LIMITS_NEED_OVERRIDE,
    /* Beyond what an override can give. */
    PACER_LIMITS_DAILY,
    PACER_LIMITS_RAMP,
};

/* Whether a mailbox may have these. `has_override`: its owner said so, and it was logged; or every recipient
   is under .test. */
NODISCARD enum pacer_limits_fault pacer_limits_check(const struct pacer_limits *limits, bool has_override);
/* What to do about it, in words. */
const char *pacer_limits_fault_words(enum pacer_limits_fault fault);

/* What was really sent, all of it bounded. Messages count from the moment that they may have left
   (state sending, sent or unknown). */
struct pacer_history {
    /* One is on its way now: nothing else may leave. */
    bool is_sending;
    /* The newest message: when, and a random number that was kept with it (its id will do). 0: none ever. */
    int64_t last_sent_ms;
    uint64_t gap_seed;
    /* When the message was sent that is the hourly_max-th newest (the newest is the first); 0: there are not
       so many. */
    int64_t hourly_sent_ms;
    /* Sent today (pacer_day) by this mailbox, by all of its domain, and to this recipient's domain. */
    unsigned day_count;
    unsigned sending_domain_day_count;
    unsigned recipient_domain_day_count;
    /* Days before today on which this mailbox sent something. */
    unsigned days_sent;
    /* Follow-ups that become due today and have not left: no opener takes their place. Counting may stop at
       daily_max. */
    unsigned follow_ups_due;
};

/* What counts as today. */
struct pacer_day {
    int64_t start_ms;
    /* The next day begins. */
    int64_t end_ms;
    /* Messages with start_ms <= sent_ms < count_until_ms are today's. */
    int64_t count_until_ms;
};
enum { PACER_FUTURE_MS = 26 * 3600 * 1000 };
struct pacer_day pacer_day(const struct delivery_zone *sender_zone, int64_t now_ms);

enum pacer_gate {
    PACER_OPEN,
    PACER_SENDING,
    PACER_GAP,
    PACER_HOURLY,
    PACER_DAILY,
    PACER_SENDING_DOMAIN,
    /* Only this recipient's domain has had enough today: another recipient may do. */
    PACER_RECIPIENT_DOMAIN,
    /* Only an opener has to wait: the rest of today belongs to follow-ups, one of which may be due soon. */
    PACER_RESERVED,
    PACER_GATES,
};
/* "gap", "hourly cap", ...: as `outreach why` names them. */
const char *pacer_gate_word(enum pacer_gate gate);

struct pacer_answer {
    enum pacer_gate gate;
    /* PACER_OPEN: now. Else when it is worth asking again, after now. */
    int64_t at_ms;
};

/* Whether a message may leave now. Of gates that are shut, the one that opens last is told. */
NODISCARD struct pacer_answer pacer_ask(const struct pacer_limits *limits,
                                        const struct pacer_history *history, const struct pacer_day *day,
                                        bool is_follow_up, int64_t now_ms);

/* The gap after a message with that seed, within the limits. */
int64_t pacer_gap_ms(const struct pacer_limits *limits, uint64_t gap_seed);
/* How many may leave today in all. */
unsigned pacer_daily_max(const struct pacer_limits *limits, unsigned days_sent);

/* Of two that are due, who goes first: follow-ups before openers, then who was due first, then by id. */
struct pacer_candidate {
    bool is_follow_up;
    int64_t due_ms;
    uint64_t id;
};
bool pacer_goes_before(const struct pacer_candidate *a, const struct pacer_candidate *b);

#endif

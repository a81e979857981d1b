#include "outreach/pacer.h"

enum { HOUR_MS = 3600 * 1000 };

struct pacer_limits pacer_limits_usual(void) {
    return (struct pacer_limits){.gap_min_ms = PACER_GAP_MIN_MS,
                                 .gap_max_ms = PACER_GAP_MAX_MS,
                                 .hourly_max = PACER_HOURLY_USUAL,
                                 .daily_max = PACER_DAILY_USUAL,
                                 .recipient_domain_daily_max = PACER_RECIPIENT_DOMAIN_DAILY_USUAL,
                                 .sending_domain_daily_max = PACER_SENDING_DOMAIN_DAILY_USUAL};
}

struct pacer_limits pacer_limits_none(void) {
    return (struct pacer_limits){.gap_min_ms = PACER_GAP_UNSAID,
                                 .gap_max_ms = PACER_GAP_UNSAID,
                                 .hourly_max = PACER_UNSAID,
                                 .daily_max = PACER_UNSAID,
                                 .recipient_domain_daily_max = PACER_UNSAID,
                                 .sending_domain_daily_max = PACER_UNSAID};
}

static int64_t longer(int64_t a_ms, int64_t b_ms) { return a_ms > b_ms ? a_ms : b_ms; }
static int64_t sooner(int64_t a_ms, int64_t b_ms) { return a_ms < b_ms ? a_ms : b_ms; }
static unsigned lower(unsigned a, unsigned b) { return a < b ? a : b; }

/* Of two beginnings the lower one; its step goes with it. */
static const struct pacer_limits *slower_ramp(const struct pacer_limits *a, const struct pacer_limits *b) {
    if (a->ramp_start == 0 || b->ramp_start == 0) return a->ramp_start ? a : b;
    if (a->ramp_start != b->ramp_start) return a->ramp_start < b->ramp_start ? a : b;
    return a->ramp_step < b->ramp_step ? a : b;
}

struct pacer_limits pacer_limits_strictest(const struct pacer_limits *a, const struct pacer_limits *b) {
    const struct pacer_limits *ramp = slower_ramp(a, b);
    return (struct pacer_limits){
        .gap_min_ms = longer(a->gap_min_ms, b->gap_min_ms),
        .gap_max_ms = longer(a->gap_max_ms, b->gap_max_ms),
        .hourly_max = lower(a->hourly_max, b->hourly_max),
        .daily_max = lower(a->daily_max, b->daily_max),
        .ramp_start = ramp->ramp_start,
        .ramp_step = ramp->ramp_step,
        .recipient_domain_daily_max = lower(a->recipient_domain_daily_max, b->recipient_domain_daily_max),
        .sending_domain_daily_max = lower(a->sending_domain_daily_max, b->sending_domain_daily_max),
    };
}

static unsigned wished(unsigned own, unsigned wish) { return wish == PACER_UNSAID ? own : wish; }

struct pacer_limits pacer_limits_wished(const struct pacer_limits *own, const struct pacer_limits *wish) {
    bool has_gap = wish->gap_max_ms != PACER_GAP_UNSAID;
    return (struct pacer_limits){
        .gap_min_ms = has_gap ? wish->gap_min_ms : own->gap_min_ms,
        .gap_max_ms = has_gap ? wish->gap_max_ms : own->gap_max_ms,
        .hourly_max = wished(own->hourly_max, wish->hourly_max),
        .daily_max = wished(own->daily_max, wish->daily_max),
        .ramp_start = wish->ramp_start ? wish->ramp_start : own->ramp_start,
        .ramp_step = wish->ramp_start ? wish->ramp_step : own->ramp_step,
        .recipient_domain_daily_max =
            wished(own->recipient_domain_daily_max, wish->recipient_domain_daily_max),
        .sending_domain_daily_max = wished(own->sending_domain_daily_max, wish->sending_domain_daily_max),
    };
}

static bool needs_override(const struct pacer_limits *limits) {
    return limits->gap_min_ms < PACER_GAP_MIN_MS || limits->daily_max > PACER_DAILY_MAX ||
           limits->sending_domain_daily_max > PACER_SENDING_DOMAIN_DAILY_USUAL;
}

enum pacer_limits_fault pacer_limits_check(const struct pacer_limits *limits, bool has_override) {
    if (limits->gap_min_ms < 0 || limits->gap_min_ms > limits->gap_max_ms ||
        limits->gap_max_ms > PACER_GAP_LONGEST_MS)
        return PACER_LIMITS_GAP;
    if (limits->daily_max > PACER_DAILY_OVERRIDE_MAX ||
        limits->sending_domain_daily_max > PACER_DAILY_OVERRIDE_MAX)
        return PACER_LIMITS_DAILY;
    if (limits->ramp_start && (limits->ramp_step == 0 || limits->ramp_step > PACER_RAMP_STEP_MAX))
        return PACER_LIMITS_RAMP;
    return needs_override(limits) && !has_override ? PACER_LIMITS_NEED_OVERRIDE : PACER_LIMITS_OK;
}

const char *pacer_limits_fault_words(enum pacer_limits_fault fault) {
    static const char *const words[] = {
        "fine",
        "the gap goes from a shorter to a longer time, at most a day",
        ("gaps under 95 seconds and more than 100 messages a day, of a mailbox or of its domain, are only "
         "for "
         "who takes the risk: say so with an override, which is logged"),
        "a mailbox sends at most 1000 messages a day; for more a newsletter is the right tool",
        "a ramp rises by 1 to 100 messages each day",
    };
    return words[fault];
}

struct pacer_day pacer_day(const struct delivery_zone *sender_zone, int64_t now_ms) {
    return (struct pacer_day){.start_ms = delivery_day_start_ms(sender_zone, now_ms),
                              .end_ms = delivery_day_end_ms(sender_zone, now_ms),
                              .count_until_ms = now_ms + PACER_FUTURE_MS};
}

const char *pacer_gate_word(enum pacer_gate gate) {
    static const char *const words[] = {"open",
                                        "one at a time",
                                        "gap",
                                        "hourly cap",
                                        "daily cap",
                                        "sending domain's cap",
                                        "recipient domain's cap",
                                        "reserved for follow-ups"};
    return words[gate];
}

/* Every bit of the result depends on every bit of the seed. */
static uint64_t mix(uint64_t seed) {
    seed += 0x9e3779b97f4a7c15;
    seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9;
    seed = (seed ^ (seed >> 27)) * 0x94d049bb133111eb;
    return seed ^ (seed >> 31);
}

int64_t pacer_gap_ms(const struct pacer_limits *limits, uint64_t gap_seed) {
    if (limits->gap_max_ms <= limits->gap_min_ms) return limits->gap_min_ms;
    uint64_t span_ms = (uint64_t)(limits->gap_max_ms - limits->gap_min_ms) + 1;
    return limits->gap_min_ms + (int64_t)(mix(gap_seed) % span_ms);
}

unsigned pacer_daily_max(const struct pacer_limits *limits, unsigned days_sent) {
    if (limits->ramp_start == 0) return limits->daily_max;
    uint64_t days = lower(days_sent, PACER_DAYS_MAX);
    uint64_t risen = limits->ramp_start + days * limits->ramp_step;
    return risen < limits->daily_max ? (unsigned)risen : limits->daily_max;
}

/* A gate that is shut until then; the last to open is told. */
static void shut(struct pacer_answer *answer, enum pacer_gate gate, int64_t until_ms) {
    if (until_ms > answer->at_ms) *answer = (struct pacer_answer){gate, until_ms};
}

/* A moment too far ahead was written under a wrong clock, and says nothing. */
static bool is_credible(int64_t sent_ms, int64_t now_ms) {
    return sent_ms != 0 && sent_ms <= now_ms + PACER_FUTURE_MS;
}

static void ask_recent(struct pacer_answer *answer, const struct pacer_limits *limits,
                       const struct pacer_history *history, const struct pacer_day *day, int64_t now_ms) {
    int64_t gap_ms = pacer_gap_ms(limits, history->gap_seed);
    if (history->is_sending) shut(answer, PACER_SENDING, now_ms + (gap_ms > 0 ? gap_ms : 1));
    if (is_credible(history->last_sent_ms, now_ms)) shut(answer, PACER_GAP, history->last_sent_ms + gap_ms);
    if (limits->hourly_max == 0)
        shut(answer, PACER_HOURLY, day->end_ms);
    else if (is_credible(history->hourly_sent_ms, now_ms))
        shut(answer, PACER_HOURLY, history->hourly_sent_ms + HOUR_MS);
}

struct pacer_answer pacer_ask(const struct pacer_limits *limits, const struct pacer_history *history,
                              const struct pacer_day *day, bool is_follow_up, int64_t now_ms) {
    struct pacer_answer answer = {PACER_OPEN, now_ms};
    unsigned daily_max = pacer_daily_max(limits, history->days_sent);
    if (history->day_count >= daily_max) shut(&answer, PACER_DAILY, day->end_ms);
    if (history->sending_domain_day_count >= limits->sending_domain_daily_max)
        shut(&answer, PACER_SENDING_DOMAIN, day->end_ms);
    if (history->recipient_domain_day_count >= limits->recipient_domain_daily_max)
        shut(&answer, PACER_RECIPIENT_DOMAIN, day->end_ms);
    if (!is_follow_up && (uint64_t)history->day_count + history->follow_ups_due >= daily_max)
        shut(&answer, PACER_RESERVED, sooner(now_ms + PACER_RESERVED_LOOK_MS, day->end_ms));
    ask_recent(&answer, limits, history, day, now_ms);
    return answer;
}

bool pacer_goes_before(const struct pacer_candidate *a, const struct pacer_candidate *b) {
    if (a->is_follow_up != b->is_follow_up) return a->is_follow_up;
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->id < b->id;
}

/* Whom a mailbox writes to now, if anybody (outreach/office.h): what the store says is due, the sequence's
   own times and conditions, the prospect's window, and the pace. */
#include "outreach/office_state.h"

#include "base/limits_outreach.h"
#include "trust/organisation.h"
#include "wire/address_split.h"

enum { DAY_MS = 24 * 3600 * 1000 };

struct slice office_domain_of(struct slice address) {
    return address_split_domain(address);
}

bool outreach_is_test_address(struct slice address) {
    struct slice domain = office_domain_of(address);
    return slice_equal(domain, SLICE("test")) ||
           (domain.len > 5 && slice_equal(slice_skip(domain, domain.len - 5), SLICE(".test")));
}

/* ---- limits ---- */

static void take_limits(struct pacer_limits *limits, const struct sender_limits *own) {
    if (own->gap_max_ms) {
        limits->gap_min_ms = own->gap_min_ms;
        limits->gap_max_ms = own->gap_max_ms;
    }
    if (own->hourly_max) limits->hourly_max = own->hourly_max;
    if (own->daily_max) limits->daily_max = own->daily_max;
    if (own->ramp_start) limits->ramp_start = own->ramp_start;
    if (own->ramp_step) limits->ramp_step = own->ramp_step;
    if (own->daily_max > limits->sending_domain_daily_max) limits->sending_domain_daily_max = own->daily_max;
}

struct pacer_limits outreach_own_limits(const struct sender *sender) {
    struct pacer_limits limits = pacer_limits_usual();
    take_limits(&limits, &sender->limits);
    return limits;
}

/* Where nobody can be bothered a sequence may be as fast as it likes, in what it says: for tests and
   demonstrations. */
struct pacer_limits outreach_limits_of(const struct sender *sender, const struct sequence *sequence,
                                       struct slice address) {
    struct pacer_limits limits = outreach_own_limits(sender);
    return outreach_is_test_address(address) ? pacer_limits_wished(&limits, &sequence->pace)
                                             : pacer_limits_strictest(&limits, &sequence->pace);
}

/* ---- the sequence's own times ---- */

struct delivery_zone *office_zone(const struct sequence *sequence, const struct prospect *prospect) {
    struct delivery_zone *zone = prospect->time_zone.len ? delivery_zone_new(prospect->time_zone) : NULL;
    if (!zone && sequence->time_zone.len) zone = delivery_zone_new(sequence->time_zone);
    return zone ? zone : delivery_zone_new(SLICE("UTC"));
}

struct delivery_zone *office_sender_zone(const struct sender *sender, const struct sequence *sequence) {
    struct slice own = sender->limits.time_zone;
    struct delivery_zone *zone = own.len ? delivery_zone_new(own) : NULL;
    if (!zone && sequence->time_zone.len) zone = delivery_zone_new(sequence->time_zone);
    return zone ? zone : delivery_zone_new(SLICE("UTC"));
}

/* When it may leave at the earliest: not before the delay is over, and inside of the window. */
static int64_t moment_of(const struct sequence *sequence, const struct prospect *prospect, int64_t since_ms,
                         int64_t now_ms) {
    struct delivery_zone *zone = office_zone(sequence, prospect);
    int64_t at_ms = now_ms;
    if (zone) {
        if (prospect->step > 0 && since_ms) at_ms = sequence_due_ms(sequence, prospect->step, zone, since_ms);
        if (at_ms < now_ms) at_ms = now_ms;
        if (at_ms != DELIVERY_NEVER) at_ms = delivery_window_next_ms(&sequence->window, zone, at_ms);
    }
    delivery_zone_free(&zone);
    return at_ms;
}

/* ---- the mailbox's pace ---- */

struct pace {
    struct pacer_limits limits;
    /* The mailbox's alone, whatever the sequence says. */
    struct pacer_limits own;
    struct slice cap_domain;
    struct pacer_day day;
    struct outreach_history history;
    int64_t day_number;
};

struct slice office_cap_domain(struct arena *arena, struct slice address) {
    struct slice domain = office_domain_of(address);
    struct slice organisation = organisation_of(arena, domain);
    return organisation.len ? organisation : domain;
}

static bool read_pace(struct engine *engine, struct arena *arena, const struct sender *sender,
                      const struct sequence *sequence, const struct prospect *prospect, int64_t now_ms,
                      struct pace *pace) {
    struct delivery_zone *zone = office_sender_zone(sender, sequence);
    if (!zone) return false;
    pace->own = outreach_own_limits(sender);
    pace->cap_domain = office_cap_domain(arena, sender->address);
    pace->limits = outreach_limits_of(sender, sequence, prospect->address);
    pace->day = pacer_day(zone, now_ms);
    pace->day_number = delivery_day_number(zone, now_ms);
    delivery_zone_free(&zone);
    struct outreach_history_question question = {.sender = sender->id,
                                                 .from_domain = pace->cap_domain,
                                                 .hourly_max = pace->limits.hourly_max,
                                                 .daily_max = pace->limits.daily_max,
                                                 .day_start_ms = pace->day.start_ms,
                                                 .day_until_ms = pace->day.count_until_ms,
                                                 .day_end_ms = pace->day.end_ms,
                                                 .day = pace->day_number,
                                                 .now_ms = now_ms};
    return engine_outreach_history(engine, &question, &pace->history) == STORE_OK;
}

static struct pacer_answer ask(struct engine *engine, const struct pace *pace,
                               const struct prospect *prospect, int64_t now_ms) {
    uint64_t to_domain = 0;
    (void)engine_outreach_domain_count(engine, prospect->campaign, office_domain_of(prospect->address),
                                       pace->day.start_ms, pace->day.count_until_ms, &to_domain);
    const struct outreach_history *past = &pace->history;
    struct pacer_history history = {.is_sending = past->is_in_flight,
                                    .last_sent_ms = past->last_sent_ms,
                                    .gap_seed = past->last_id,
                                    .hourly_sent_ms = past->hourly_sent_ms,
                                    .day_count = (unsigned)past->day_count,
                                    .sending_domain_day_count = (unsigned)past->domain_day_count,
                                    .recipient_domain_day_count = (unsigned)to_domain,
                                    .days_sent = (unsigned)past->days_sent,
                                    .follow_ups_due = (unsigned)past->follow_ups_due};
    return pacer_ask(&pace->limits, &history, &pace->day, prospect->step > 0, now_ms);
}

/* What it believes of other letters on their way is asked again in the commit. */
int64_t office_moment(struct engine *engine, struct arena *arena, const struct sender *sender,
                      const struct sequence *sequence, const struct prospect *prospect, int64_t now_ms,
                      int64_t *gap_ms) {
    struct pace pace;
    struct prospect follow_up = *prospect;
    *gap_ms = PACER_GAP_MAX_MS;
    if (!read_pace(engine, arena, sender, sequence, prospect, now_ms, &pace))
        return now_ms + OUTREACH_TROUBLE_MS;
    *gap_ms = pacer_gap_ms(&pace.limits, pace.history.last_id);
    pace.history.is_in_flight = false;
    /* It has its place among today's already: nothing is kept free for others any more. */
    follow_up.step = prospect->step ? prospect->step : 1;
    struct pacer_answer answer = ask(engine, &pace, &follow_up, now_ms);
    int64_t at_ms = answer.gate == PACER_OPEN ? now_ms : answer.at_ms;
    struct delivery_zone *zone = office_zone(sequence, prospect);
    if (zone) at_ms = delivery_window_next_ms(&sequence->window, zone, at_ms);
    delivery_zone_free(&zone);
    return at_ms;
}

/* When the mailbox's own gap is over, whatever the sequence says. */
static int64_t own_gap_end_ms(const struct pace *pace) {
    return pace->history.last_sent_ms + pacer_gap_ms(&pace->own, pace->history.last_id);
}

/* Whether only the sequence's own pace is in the way: the mailbox may write to others meanwhile. */
static bool is_of_sequence(const struct pace *pace, const struct pacer_answer *answer, int64_t now_ms) {
    const struct outreach_history *past = &pace->history;
    uint64_t daily_max = pacer_daily_max(&pace->own, (unsigned)past->days_sent);
    switch (answer->gate) {
    case PACER_GAP:
        return own_gap_end_ms(pace) <= now_ms;
    case PACER_HOURLY:
        return pace->limits.hourly_max < pace->own.hourly_max;
    case PACER_DAILY:
        return past->day_count < daily_max;
    case PACER_SENDING_DOMAIN:
        return past->domain_day_count < pace->own.sending_domain_daily_max;
    case PACER_RESERVED:
        return past->day_count + past->follow_ups_due < daily_max;
    default:
        return false;
    }
}

/* ---- choosing ---- */

struct choice {
    struct desk_round *round;
    struct prospect_delay delays[OUTREACH_DUE_MAX];
    size_t delay_count;
    /* All of a lane waits; what is behind in it need not be looked at. */
    bool has_hold;
    struct prospect_hold hold;
};

static void delay(struct choice *choice, const struct prospect *prospect, int64_t due_ms,
                  struct slice reason) {
    choice->delays[choice->delay_count++] = (struct prospect_delay){
        .prospect = prospect->id, .step = prospect->step, .due_ms = due_ms, .reason = reason};
}

/* On to that step, or to the end. Of who answered the reason says more: it stays. */
static void skip(struct choice *choice, const struct prospect *prospect, size_t to) {
    choice->delays[choice->delay_count++] =
        (struct prospect_delay){.prospect = prospect->id,
                                .step = prospect->step,
                                .due_ms = choice->round->now_ms,
                                .reason = prospect->has_replied ? prospect->reason : SLICE_EMPTY,
                                .is_skip = true,
                                .to_step = (uint32_t)to,
                                .is_end = to >= choice->round->sequence->step_count};
}

static void hold(struct choice *choice, const struct prospect *prospect, struct slice domain,
                 int64_t until_ms) {
    int64_t now_ms = choice->round->now_ms;
    choice->has_hold = true;
    choice->hold = (struct prospect_hold){.prospect = prospect->id,
                                          .step = prospect->step,
                                          .zone = prospect->time_zone,
                                          .domain = domain,
                                          .until_ms = until_ms > now_ms ? until_ms : now_ms + 1};
}

static bool read_sequence(struct task *t, struct desk_round *round, uint64_t campaign) {
    struct sequence_faults faults;
    struct engine *engine = round->office->options.engine;
    if (engine_campaign_get(engine, round->arena, campaign, &round->campaign) != STORE_OK) return false;
    round->sequence = sequence_read(round->arena, round->campaign.document, &faults);
    if (!round->sequence) return false;
    if (round->sender.limits.time_zone.len) return true;
    /* From now on its day is the same, whatever campaign asks. */
    struct slice zone = round->sequence->time_zone.len ? round->sequence->time_zone : SLICE("UTC");
    round->sender.limits.time_zone = zone;
    (void)engine_sender_zone(t, engine, round->sender.id, zone);
    return true;
}

/* False: nothing leaves to this zone now, and the lane waits. */
static bool is_window_open(struct choice *choice, const struct prospect *prospect) {
    const struct delivery_window *window = &choice->round->sequence->window;
    struct delivery_zone *zone = office_zone(choice->round->sequence, prospect);
    bool is_open = zone && delivery_window_is_open(window, zone, choice->round->now_ms);
    if (zone && !is_open)
        hold(choice, prospect, SLICE_EMPTY, delivery_window_next_ms(window, zone, choice->round->now_ms));
    delivery_zone_free(&zone);
    return is_open;
}

/* The prospect's own side: true: it may be written to now. */
static bool is_ready(struct choice *choice, const struct prospect *prospect) {
    struct desk_round *round = choice->round;
    struct engine *engine = round->office->options.engine;
    size_t step = office_step(engine, round->arena, round->sequence, prospect, prospect->step, false);
    if (step != prospect->step || step >= round->sequence->step_count) {
        skip(choice, prospect, step);
        return false;
    }
    if (!is_window_open(choice, prospect)) return false;
    int64_t since_ms = office_since_ms(engine, round->arena, prospect);
    int64_t at_ms = moment_of(round->sequence, prospect, since_ms, round->now_ms);
    if (at_ms > round->now_ms) {
        delay(choice, prospect, at_ms, prospect->has_replied ? prospect->reason : SLICE_EMPTY);
        return false;
    }
    return true;
}

/* A planted mistake: only what was sent since this store was started counts. */
static bool is_forgotten(const struct outreach_office *office, const struct pace *pace) {
    return IS_PLANTED(office->options.env, PLANTED_PACE_FORGOTTEN) &&
           pace->history.last_sent_ms < office->started_ms;
}

static void take(struct desk_round *round, const struct prospect *prospect, const struct pace *pace) {
    turns_taken(&round->desk->turns, prospect->campaign, pace->limits.gap_max_ms, round->now_ms);
    round->prospect = *prospect;
    round->day = pace->day_number;
    round->cap_domain = pace->cap_domain;
    round->version = (uint32_t)sequence_version_choose(&round->sequence->steps[prospect->step],
                                                       prospect->step, prospect->contact);
    round->limits = (struct outreach_limits){
        .gap_ms = is_forgotten(round->office, pace) ? 0 : pacer_gap_ms(&pace->limits, pace->history.last_id),
        .hourly_max = pace->limits.hourly_max,
        .daily_max = pacer_daily_max(&pace->limits, (unsigned)pace->history.days_sent),
        .domain_daily_max = pace->limits.sending_domain_daily_max,
        .recipient_domain_daily_max = pace->limits.recipient_domain_daily_max,
        .frequency_ms = OUTREACH_FREQUENCY_MS,
        .day_start_ms = pace->day.start_ms,
        .day_until_ms = pace->day.count_until_ms};
}

/* When the desk asks again, whom the mailbox's pace does not let leave. What an opener's place is kept for
   may be due before it would ask; where a sequence's gap is the longer one, the mailbox's own ends before,
   and then only that sequence waits. */
static int64_t look_again_ms(const struct desk_round *round, const struct pace *pace,
                             const struct pacer_answer *answer) {
    int64_t sooner_ms = answer->at_ms;
    if (answer->gate == PACER_SENDING) return round->now_ms + OUTREACH_LOOK_MS;
    if (answer->gate == PACER_RESERVED)
        sooner_ms = engine_outreach_follow_due(round->office->options.engine, round->sender.id);
    if (answer->gate == PACER_GAP) sooner_ms = own_gap_end_ms(pace);
    return sooner_ms > round->now_ms && sooner_ms < answer->at_ms ? sooner_ms : answer->at_ms;
}

/* Only the sequence's own pace is in the way, and the mailbox is not kept for it. */
static bool may_others(const struct desk_round *round, const struct pace *pace, uint64_t campaign,
                       const struct pacer_answer *answer) {
    if (!is_of_sequence(pace, answer, round->now_ms)) return false;
    return answer->gate != PACER_GAP ||
           !turns_wait(&round->desk->turns, campaign, answer->at_ms, round->now_ms);
}

/* One who is ready: whether the pace allows it. Else the lane waits, or the desk. */
static bool is_allowed(struct choice *choice, const struct prospect *prospect) {
    struct desk_round *round = choice->round;
    struct engine *engine = round->office->options.engine;
    struct pace pace;
    if (!read_pace(engine, round->arena, &round->sender, round->sequence, prospect, round->now_ms, &pace))
        return false;
    if (is_forgotten(round->office, &pace)) pace.history = (struct outreach_history){0};
    struct pacer_answer answer = ask(engine, &pace, prospect, round->now_ms);
    if (answer.gate == PACER_OPEN) {
        take(round, prospect, &pace);
        return true;
    }
    if (answer.gate == PACER_RECIPIENT_DOMAIN)
        hold(choice, prospect, office_domain_of(prospect->address), answer.at_ms);
    else if (may_others(round, &pace, prospect->campaign, &answer))
        hold(choice, prospect, SLICE_EMPTY, answer.at_ms);
    else
        round->desk->next_ms = look_again_ms(round, &pace, &answer);
    round->desk->awaits_change = answer.gate == PACER_SENDING;
    round->desk->awaits_follow_up = answer.gate == PACER_RESERVED;
    return false;
}

/* The first that is ready, if the pace allows it. */
static bool choose_of(struct choice *choice, const struct prospect *prospects, size_t count) {
    for (size_t i = 0; i < count && !choice->has_hold; i++)
        if (is_ready(choice, &prospects[i])) return is_allowed(choice, &prospects[i]);
    return false;
}

/* What was found on the way is kept; where nobody was chosen there is another look at once. */
static void keep(struct task *t, struct choice *choice, bool is_chosen) {
    struct desk_round *round = choice->round;
    struct engine *engine = round->office->options.engine;
    enum store_result result = STORE_OK;
    if (choice->delay_count) result = engine_outreach_delay(t, engine, choice->delays, choice->delay_count);
    if (result == STORE_OK && choice->has_hold) result = engine_outreach_hold(t, engine, &choice->hold);
    if (!is_chosen && (choice->delay_count || choice->has_hold)) round->desk->next_ms = 0;
    if (result != STORE_OK) round->desk->next_ms = round->now_ms + OUTREACH_TROUBLE_MS;
}

bool office_choose(struct task *t, struct desk_round *round) {
    struct engine *engine = round->office->options.engine;
    struct prospect *prospects = ARENA_NEW_ARRAY(round->arena, struct prospect, OUTREACH_DUE_MAX);
    struct choice choice = {.round = round};
    uint64_t first = turns_now(&round->desk->turns, round->now_ms);
    size_t count = 0;
    if (engine_outreach_due(engine, round->arena, round->sender.id, first, round->now_ms, prospects,
                            OUTREACH_DUE_MAX, &count) != STORE_OK ||
        count == 0)
        return false;
    if (first && first != prospects[0].campaign) turns_drop(&round->desk->turns, first);
    if (!read_sequence(t, round, prospects[0].campaign)) {
        (void)engine_campaign_order(t, engine, prospects[0].campaign, CAMPAIGN_PAUSED,
                                    SLICE("its sequence cannot be read"));
        return false;
    }
    bool is_chosen = choose_of(&choice, prospects, count);
    keep(t, &choice, is_chosen);
    return is_chosen;
}

/* ---- for `outreach why` ---- */

enum store_result outreach_outlook(struct engine *engine, struct arena *arena,
                                   const struct campaign *campaign, const struct prospect *prospect,
                                   int64_t now_ms, struct outreach_outlook *outlook) {
    struct sequence_faults faults;
    struct sender sender;
    struct pace pace;
    *outlook = (struct outreach_outlook){
        .gate = PACER_OPEN, .next_ms = now_ms, .due_ms = prospect->due_ms, .step = prospect->step};
    enum store_result result = engine_sender_read(engine, arena, campaign->sender, &sender);
    if (result != STORE_OK) return result;
    struct sequence *sequence = sequence_read(arena, campaign->document, &faults);
    if (!sequence) return STORE_REFUSED;
    if (!read_pace(engine, arena, &sender, sequence, prospect, now_ms, &pace)) return STORE_FAILED;
    struct pacer_answer answer = ask(engine, &pace, prospect, now_ms);
    outlook->gate = answer.gate;
    outlook->next_ms = answer.gate == PACER_OPEN ? now_ms : answer.at_ms;
    outlook->sequence = sequence;
    outlook->step = office_step(engine, arena, sequence, prospect, prospect->step, false);
    if (outlook->step >= sequence->step_count || prospect->due_ms == PROSPECT_NEVER) return STORE_OK;
    struct prospect there = *prospect;
    there.step = (uint32_t)outlook->step;
    int64_t from_ms = prospect->due_ms > now_ms ? prospect->due_ms : now_ms;
    outlook->due_ms = moment_of(sequence, &there, office_since_ms(engine, arena, prospect), from_ms);
    return STORE_OK;
}

#include "outreach/planner.h"

#include "base/map.h"
#include "outreach/planner_queue.h"

enum { HOUR_MS = 3600 * 1000, PLAN_DAYS = PLANNER_DAYS_MAX + 10 };
static const int64_t day_ms = 24 * (int64_t)HOUR_MS;

/* What one recipient's domain had, on the day it had it. */
struct domain_count {
    int64_t day_start_ms;
    unsigned count;
};

/* A contact under way. */
struct prospect {
    const struct delivery_zone *zone;
    struct domain_count *domain;
    size_t step;
};

struct plan {
    struct arena *arena;
    const struct planner_options *options;
    struct pacer_limits limits;
    planner_tell *tell;
    void *context;
    struct planner_summary *summary;
    struct delivery_zone *zones[PLANNER_ZONES_MAX];
    size_t zone_count;
    struct map *zones_by_name;
    struct map *domains;
    struct delivery_zone *sender_zone;
    struct prospect *prospects;
    struct planner_queue openers;
    struct planner_queue follow_ups;
    int64_t now_ms;
    int64_t until_ms;
    /* The mailbox: its day, what left on it, and when the newest left. */
    struct pacer_day day;
    struct pacer_history history;
    int64_t *recent_ms;
    /* Follow-ups by the day they are due, as days since the plan's first; those up to today. */
    unsigned due_by_day[PLAN_DAYS];
    int64_t first_day;
    int64_t today;
};

/* ---- where prospects are ---- */

static struct delivery_zone *zone_of_name(struct plan *plan, struct slice name) {
    struct delivery_zone *zone = map_get(plan->zones_by_name, name);
    if (zone || plan->zone_count == PLANNER_ZONES_MAX) return zone;
    zone = delivery_zone_new(name);
    if (!zone) return NULL;
    plan->zones[plan->zone_count++] = zone;
    (void)map_put(plan->zones_by_name, name, zone);
    return zone;
}

static struct delivery_zone *zone_of_contact(struct plan *plan, const struct planner_contact *contact) {
    struct delivery_zone *zone = contact->time_zone.len ? zone_of_name(plan, contact->time_zone) : NULL;
    if (!zone) zone = zone_of_name(plan, plan->options->sequence->time_zone);
    return zone ? zone : plan->sender_zone;
}

static struct domain_count *domain_of(struct plan *plan, struct slice address) {
    uint8_t lower[SNIPPET_VALUE_BYTES_MAX];
    size_t at = slice_find_last_byte(address, '@');
    struct slice domain = at == SLICE_NOT_FOUND ? address : slice_skip(address, at + 1);
    domain = slice_sub(domain, 0, sizeof lower);
    for (size_t i = 0; i < domain.len; i++) lower[i] = ascii_lower(domain.ptr[i]);
    domain = slice_of(lower, domain.len);
    struct domain_count *count = map_get(plan->domains, domain);
    if (count) return count;
    count = ARENA_NEW(plan->arena, struct domain_count);
    (void)map_put(plan->domains, domain, count);
    return count;
}

/* ---- who is due ---- */

static unsigned *due_day(struct plan *plan, int64_t due_ms) {
    int64_t day = delivery_day_number(plan->sender_zone, due_ms) - plan->first_day;
    if (day < plan->today) day = plan->today;
    return &plan->due_by_day[day < PLAN_DAYS ? day : PLAN_DAYS - 1];
}

static void add(struct plan *plan, size_t contact, int64_t due_ms) {
    bool is_follow_up = plan->prospects[contact].step > 0;
    struct pacer_candidate candidate = {is_follow_up, due_ms, contact};
    if (due_ms == DELIVERY_NEVER) {
        plan->summary->never++;
        return;
    }
    if (is_follow_up) (*due_day(plan, due_ms))++;
    planner_queue_add(is_follow_up ? &plan->follow_ups : &plan->openers, candidate);
}

static void take_off(struct plan *plan, const struct pacer_candidate *candidate) {
    struct planner_queue *queue = candidate->is_follow_up ? &plan->follow_ups : &plan->openers;
    if (candidate->is_follow_up) (*due_day(plan, candidate->due_ms))--;
    planner_queue_remove_first(queue);
}

/* From `step` on the first that is for this contact, counted from `since_ms`: those that are not take no
 * time. */
static void schedule(struct plan *plan, size_t contact, size_t step, int64_t since_ms) {
    const struct sequence *sequence = plan->options->sequence;
    struct prospect *prospect = &plan->prospects[contact];
    struct sequence_facts facts = {.fields = plan->options->contacts[contact].fields};
    step = sequence_step_next(sequence, step, &facts);
    if (step == sequence->step_count) return;
    prospect->step = step;
    add(plan, contact, sequence_due_ms(sequence, step, prospect->zone, since_ms));
}

static void put_off(struct plan *plan, const struct pacer_candidate *candidate, int64_t until_ms) {
    const struct prospect *prospect = &plan->prospects[candidate->id];
    take_off(plan, candidate);
    add(plan, candidate->id,
        delivery_window_next_ms(&plan->options->sequence->window, prospect->zone, until_ms));
}

/* ---- time passes ---- */

/* Follow-ups that were not sent stay due. */
static void carry_over(struct plan *plan, int64_t day) {
    if (day >= PLAN_DAYS) day = PLAN_DAYS - 1;
    for (; plan->today < day; plan->today++) {
        plan->due_by_day[plan->today + 1] += plan->due_by_day[plan->today];
        plan->due_by_day[plan->today] = 0;
    }
}

static void move_clock(struct plan *plan, int64_t now_ms) {
    plan->now_ms = now_ms;
    if (now_ms < plan->day.end_ms && plan->day.end_ms) return;
    if (plan->history.day_count) plan->history.days_sent++;
    plan->history.day_count = 0;
    plan->history.sending_domain_day_count = 0;
    plan->day = pacer_day(plan->sender_zone, now_ms);
    carry_over(plan, delivery_day_number(plan->sender_zone, now_ms) - plan->first_day);
}

/* The newest hourly_max moments, in a ring. */
static void remember(struct plan *plan) {
    size_t size = plan->limits.hourly_max;
    size_t sent = plan->summary->messages;
    plan->recent_ms[sent % size] = plan->now_ms;
    plan->history.hourly_sent_ms = sent + 1 >= size ? plan->recent_ms[(sent + 1) % size] : 0;
    plan->history.last_sent_ms = plan->now_ms;
    plan->history.gap_seed = plan->options->seed + sent;
    plan->history.day_count++;
    plan->history.sending_domain_day_count++;
}

/* ---- one message ---- */

static void tell_leave(struct plan *plan, size_t contact, size_t step) {
    struct planner_summary *summary = plan->summary;
    const struct prospect *prospect = &plan->prospects[contact];
    struct planner_leave leave = {
        .contact = contact,
        .step = step,
        .version = sequence_version_choose(&plan->options->sequence->steps[step], step,
                                           plan->options->contacts[contact].id),
        .at_ms = plan->now_ms,
        .prospect_zone_minutes = delivery_zone_minutes(prospect->zone, plan->now_ms),
    };
    if (summary->messages++ == 0) summary->first_ms = plan->now_ms;
    if (step == 0) summary->last_opener_ms = plan->now_ms;
    summary->last_ms = plan->now_ms;
    if (plan->tell) plan->tell(plan->context, &leave);
}

static void send_one(struct plan *plan, const struct pacer_candidate *candidate) {
    struct prospect *prospect = &plan->prospects[candidate->id];
    size_t step = prospect->step;
    take_off(plan, candidate);
    if (prospect->domain->day_start_ms != plan->day.start_ms) prospect->domain->count = 0;
    prospect->domain->day_start_ms = plan->day.start_ms;
    prospect->domain->count++;
    remember(plan);
    tell_leave(plan, candidate->id, step);
    schedule(plan, candidate->id, step + 1, plan->now_ms);
}

static struct pacer_answer ask(struct plan *plan, const struct pacer_candidate *candidate) {
    const struct domain_count *domain = plan->prospects[candidate->id].domain;
    bool is_today = domain->day_start_ms == plan->day.start_ms;
    plan->history.recipient_domain_day_count = is_today ? domain->count : 0;
    plan->history.follow_ups_due = plan->due_by_day[plan->today];
    return pacer_ask(&plan->limits, &plan->history, &plan->day, candidate->is_follow_up, plan->now_ms);
}

/* Somebody is due: a message leaves, or this one is put off, or the clock moves on. */
static void work_at(struct plan *plan, const struct pacer_candidate *candidate) {
    const struct delivery_window *window = &plan->options->sequence->window;
    const struct prospect *prospect = &plan->prospects[candidate->id];
    struct pacer_answer answer = ask(plan, candidate);
    if (answer.gate == PACER_RECIPIENT_DOMAIN)
        put_off(plan, candidate, answer.at_ms);
    else if (!delivery_window_is_open(window, prospect->zone, plan->now_ms))
        put_off(plan, candidate, plan->now_ms);
    else if (answer.gate == PACER_OPEN)
        send_one(plan, candidate);
    else if (answer.gate == PACER_RESERVED && plan->follow_ups.count &&
             planner_queue_first(&plan->follow_ups).due_ms < answer.at_ms)
        move_clock(plan, planner_queue_first(&plan->follow_ups).due_ms);
    else
        move_clock(plan, answer.at_ms);
}

static int64_t first_due_ms(const struct planner_queue *queue) {
    return queue->count ? planner_queue_first(queue).due_ms : DELIVERY_NEVER;
}

/* False: nobody is left, or the time is over. */
static bool step_on(struct plan *plan) {
    int64_t follow_up_ms = first_due_ms(&plan->follow_ups);
    int64_t opener_ms = first_due_ms(&plan->openers);
    int64_t first_ms = follow_up_ms < opener_ms ? follow_up_ms : opener_ms;
    if (first_ms == DELIVERY_NEVER || plan->now_ms > plan->until_ms) return false;
    if (first_ms > plan->now_ms) {
        move_clock(plan, first_ms);
        return true;
    }
    struct pacer_candidate candidate =
        planner_queue_first(follow_up_ms <= plan->now_ms ? &plan->follow_ups : &plan->openers);
    work_at(plan, &candidate);
    return true;
}

/* ---- when it would be over ---- */

static unsigned days_of_week(const struct delivery_window *window) {
    unsigned weekdays = 0;
    unsigned count = 0;
    for (size_t i = 0; i < window->range_count; i++) weekdays |= window->ranges[i].weekdays;
    for (unsigned day = 0; day < 7; day++) count += weekdays >> day & 1;
    return count;
}

static unsigned most_a_day(const struct plan *plan) {
    unsigned daily = plan->limits.daily_max;
    if (plan->limits.sending_domain_daily_max < daily) daily = plan->limits.sending_domain_daily_max;
    return daily;
}

/* So many messages at the caps, on the days of the windows. */
static int64_t time_for(const struct plan *plan, size_t messages) {
    unsigned a_week = days_of_week(&plan->options->sequence->window) * most_a_day(plan);
    if (a_week == 0) return DELIVERY_NEVER;
    return (int64_t)((messages + a_week - 1) / a_week) * 7 * day_ms;
}

static bool is_worth_running(const struct plan *plan, size_t messages) {
    return messages <= (size_t)most_a_day(plan) * (PLANNER_DAYS_MAX + 1) && plan->limits.hourly_max > 0;
}

static int64_t sum(int64_t at_ms, int64_t time_ms) {
    return time_ms == DELIVERY_NEVER ? DELIVERY_NEVER : at_ms + time_ms;
}

static void conclude(struct plan *plan, bool is_run) {
    struct planner_summary *summary = plan->summary;
    size_t left = summary->messages_expected - summary->messages;
    bool is_all = is_run && plan->openers.count == 0 && plan->follow_ups.count == 0;
    summary->end_ms = is_all ? summary->last_ms : sum(plan->now_ms, time_for(plan, left));
    if (summary->never) {
        summary->end_ms = DELIVERY_NEVER;
        is_all = false;
    }
    summary->ends_in_time = is_all && summary->last_ms - plan->options->start_ms <= PLANNER_DAYS_MAX * day_ms;
}

/* ---- all of it ---- */

static void begin(struct plan *plan) {
    size_t count = plan->options->contact_count;
    plan->prospects = ARENA_NEW_ARRAY(plan->arena, struct prospect, count + 1);
    plan->openers = planner_queue_new(plan->arena, count);
    plan->follow_ups = planner_queue_new(plan->arena, count);
    plan->recent_ms = ARENA_NEW_ARRAY(plan->arena, int64_t, plan->limits.hourly_max + 1);
    plan->first_day = delivery_day_number(plan->sender_zone, plan->options->start_ms);
    move_clock(plan, plan->options->start_ms);
    for (size_t i = 0; i < count; i++) {
        plan->prospects[i].zone = zone_of_contact(plan, &plan->options->contacts[i]);
        plan->prospects[i].domain = domain_of(plan, plan->options->contacts[i].address);
        schedule(plan, i, plan->options->contacts[i].steps_done, plan->options->start_ms);
    }
}

static void end(struct plan *plan) {
    map_free(&plan->zones_by_name);
    map_free(&plan->domains);
    for (size_t i = 0; i < plan->zone_count; i++) delivery_zone_free(&plan->zones[i]);
    delivery_zone_free(&plan->sender_zone);
}

static struct plan *plan_new(struct arena *arena, const struct planner_options *options) {
    struct plan *plan = ARENA_NEW(arena, struct plan);
    plan->arena = arena;
    plan->options = options;
    plan->limits = pacer_limits_strictest(&options->limits, &options->sequence->pace);
    plan->zones_by_name = map_new(options->seed);
    plan->domains = map_new(options->seed);
    plan->sender_zone = delivery_zone_new(options->sender_zone);
    if (!plan->sender_zone) plan->sender_zone = delivery_zone_new(SLICE("UTC"));
    ASSERT(plan->sender_zone && options->contact_count <= PLANNER_CONTACTS_MAX);
    plan->history = (struct pacer_history){.days_sent = options->days_sent};
    plan->now_ms = options->start_ms;
    plan->until_ms = options->start_ms + (PLANNER_DAYS_MAX + 1) * day_ms;
    return plan;
}

static size_t messages_of(const struct planner_options *options) {
    size_t messages = 0;
    for (size_t i = 0; i < options->contact_count; i++)
        if (options->contacts[i].steps_done < options->sequence->step_count)
            messages += options->sequence->step_count - options->contacts[i].steps_done;
    return messages;
}

void planner_run(struct arena *arena, const struct planner_options *options, planner_tell *tell,
                 void *context, struct planner_summary *summary) {
    struct plan *plan = plan_new(arena, options);
    *summary = (struct planner_summary){.contacts = options->contact_count,
                                        .messages_expected = messages_of(options)};
    plan->tell = tell;
    plan->context = context;
    plan->summary = summary;
    bool is_run = is_worth_running(plan, summary->messages_expected);
    if (is_run) begin(plan);
    while (is_run && step_on(plan)) continue;
    conclude(plan, is_run);
    end(plan);
}

/* Campaigns run through on a virtual clock: how long they take, and that no window and no cap is ever broken.
 */
#include "outreach_bench.h"
#include "outreach_time.h"

enum { LEAVES_MAX = 20000 };

struct run {
    struct outreach_bench bench;
    struct planner_contact *contacts;
    size_t contact_count;
    struct planner_options options;
    struct planner_summary summary;
    struct planner_leave *leaves;
    size_t leave_count;
};

static void take(void *context, const struct planner_leave *leave) {
    struct run *run = context;
    assert_true(run->leave_count < LEAVES_MAX);
    run->leaves[run->leave_count++] = *leave;
}

static struct run run_new(const char *document, size_t contacts, const char *start) {
    struct run run = {.bench = outreach_bench_good(document), .contact_count = contacts};
    run.contacts = calloc(contacts + 1, sizeof *run.contacts);
    run.leaves = calloc(LEAVES_MAX, sizeof *run.leaves);
    for (size_t i = 0; i < contacts; i++) {
        run.contacts[i].id = i + 1;
        run.contacts[i].address = arena_printf(run.bench.arena, "p%zu@company%zu.test", i, i);
    }
    run.options = (struct planner_options){.sequence = run.bench.sequence,
                                           .limits = pacer_limits_usual(),
                                           .sender_zone = SLICE("Europe/Berlin"),
                                           .start_ms = utc_ms(start),
                                           .seed = 1};
    return run;
}

static void run_it(struct run *run) {
    run->options.contacts = run->contacts;
    run->options.contact_count = run->contact_count;
    run->leave_count = 0;
    planner_run(run->bench.arena, &run->options, take, run, &run->summary);
}

static void run_free(struct run *run) {
    free(run->contacts);
    free(run->leaves);
    outreach_bench_free(&run->bench);
}

#define ONE_STEP "name: n\n" SENDER_LINES "time_zone: Europe/Berlin\nsteps: [{subject: s, body: b}]\n"

static void forty_prospects_take_more_than_an_hour(void **state) {
    struct run run = run_new(ONE_STEP, 40, "2026-07-01 07:00");
    run.options.limits.daily_max = 100;
    run.options.limits.hourly_max = 100;
    run_it(&run);
    assert_int_equal(run.leave_count, 40);
    assert_true(run.summary.last_ms - run.summary.first_ms >= 3600 * 1000);
    assert_true(run.summary.last_ms - run.summary.first_ms <= 39 * 150 * 1000);
    for (size_t i = 1; i < 40; i++) {
        int64_t gap = run.leaves[i].at_ms - run.leaves[i - 1].at_ms;
        assert_true(gap >= 95000 && gap <= 150000);
    }
    /* On a new mailbox's thirty a day it takes until the next day. */
    run.options.limits = pacer_limits_usual();
    run_it(&run);
    struct delivery_zone *berlin = zone_named("Europe/Berlin");
    assert_int_equal(run.leave_count, 40);
    assert_true(run.summary.last_ms - run.summary.first_ms >= 3600 * 1000);
    assert_clock(berlin, run.leaves[0].at_ms, "Wed 2026-07-01 09:00");
    assert_clock(berlin, run.leaves[30].at_ms, "Thu 2026-07-02 09:00");
    delivery_zone_free(&berlin);
    run_free(&run);
    (void)state;
}

static void the_same_seed_gives_the_same_plan(void **state) {
    struct run run = run_new(ONE_STEP, 20, "2026-07-01 07:00");
    run_it(&run);
    int64_t last = run.summary.last_ms;
    run_it(&run);
    assert_int_equal(run.summary.last_ms, last);
    run.options.seed = 99;
    run_it(&run);
    assert_int_not_equal(run.summary.last_ms, last);
    run_free(&run);
    (void)state;
}

static void follow_ups_come_before_openers(void **state) {
    struct run run = run_new("name: n\n" SENDER_LINES "time_zone: Europe/Berlin\npace: {daily: 10}\n"
                             "steps: [{subject: s, body: b}, {delay: 1 day, body: c}]\n",
                             30, "2026-07-06 06:00");
    run_it(&run);
    /* Ten openers on Monday, their ten follow-ups on Tuesday, the next openers on Wednesday. */
    assert_int_equal(run.leave_count, 60);
    for (size_t i = 0; i < 60; i++) assert_int_equal(run.leaves[i].step, i / 10 % 2);
    run_free(&run);
    (void)state;
}

static void prospects_are_written_to_by_their_own_clocks(void **state) {
    struct run run = run_new(ONE_STEP, 2, "2026-07-01 07:00");
    run.contacts[0].time_zone = SLICE("America/New_York");
    run.contacts[1].time_zone = SLICE("Asia/Kathmandu");
    run_it(&run);
    assert_int_equal(run.leave_count, 2);
    assert_int_equal(run.leaves[0].contact, 1);
    assert_int_equal(run.leaves[0].at_ms, utc_ms("2026-07-01 07:00"));
    assert_int_equal(run.leaves[1].at_ms, utc_ms("2026-07-01 13:00"));
    run_free(&run);
    (void)state;
}

static void steps_that_are_not_for_somebody_are_left_out(void **state) {
    struct run run = run_new("name: n\n" SENDER_LINES "steps:\n- {subject: s, body: b}\n"
                             "- {delay: 1 day, body: c, condition: {fields: [{name: role, is: CEO}]}}\n"
                             "- {delay: 1 day, body: d}\n",
                             2, "2026-07-06 10:00");
    const struct snippet_field ceo = {SLICE("role"), SLICE("ceo")};
    run.contacts[0].fields = (struct snippet_fields){&ceo, 1};
    run_it(&run);
    assert_int_equal(run.leave_count, 5);
    size_t second = 0;
    for (size_t i = 0; i < 5; i++) second += run.leaves[i].step == 1 && run.leaves[i].contact == 0;
    assert_int_equal(second, 1);
    run_free(&run);
    (void)state;
}

static void what_cannot_end_in_time_has_its_date_estimated(void **state) {
    struct run run = run_new(ONE_STEP, 1500, "2026-07-01 06:00");
    run_it(&run);
    /* 1500 at 30 a day on working days: ten weeks. */
    assert_false(run.summary.ends_in_time);
    assert_true(run.summary.end_ms > utc_ms("2026-09-01 00:00") &&
                run.summary.end_ms < utc_ms("2026-09-20 00:00"));
    run.contact_count = 1200;
    run_it(&run);
    assert_true(run.summary.ends_in_time);
    assert_int_equal(run.leave_count, 1200);
    run_free(&run);
    run = run_new(ONE_STEP, 100000, "2026-07-01 06:00");
    run_it(&run);
    assert_false(run.summary.ends_in_time);
    assert_int_equal(run.leave_count, 0);
    /* 100,000 at 150 a week: 667 weeks. */
    assert_true(run.summary.end_ms > utc_ms("2039-01-01 00:00") &&
                run.summary.end_ms < utc_ms("2039-12-31 00:00"));
    run_free(&run);
    (void)state;
}

/* ---- random campaigns ---- */

static uint64_t next_random(uint64_t *seed) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static const char *const zones[] = {"Europe/Berlin",     "America/New_York", "Australia/Lord_Howe",
                                    "Asia/Kathmandu",    "Europe/Warsaw",    "UTC",
                                    "America/Sao_Paulo", "Pacific/Auckland"};

static const char *random_document(struct arena *arena, uint64_t *seed) {
    static const char *const delays[] = {"3 working days", "1 day", "4 hours", "90 minutes", "1 week"};
    struct buffer out = buffer_new(1 << 16);
    unsigned from = (unsigned)(next_random(seed) % 20);
    buffer_printf(&out, "name: n\n" SENDER_LINES "time_zone: %s\nwindows:\n- {days: %s, from: %u, to: %u}\n",
                  zones[next_random(seed) % 8], next_random(seed) % 2 ? "Mon-Fri" : "Sat-Tue", from,
                  from + 1 + (unsigned)(next_random(seed) % (24 - from)));
    buffer_printf(&out, "pace: {daily: %u, hourly: %u, recipient_domain_daily: %u, gap: 100-%u seconds}\n",
                  (unsigned)(1 + next_random(seed) % 40), (unsigned)(1 + next_random(seed) % 20),
                  (unsigned)(1 + next_random(seed) % 6), (unsigned)(100 + next_random(seed) % 400));
    buffer_append_text(&out, "holidays: [2026-10-26, 2026-03-30]\nsteps:\n- {subject: s, body: b}\n");
    for (size_t i = next_random(seed) % 4; i > 0; i--)
        buffer_printf(&out, "- {delay: %s, body: b}\n", delays[next_random(seed) % 5]);
    struct slice copy = arena_printf(arena, "%.*s", SLICE_PRINT(buffer_slice(&out)));
    buffer_free(&out);
    return arena_text(arena, copy);
}

static struct run random_run(struct arena *arena, uint64_t *seed) {
    static const char *const starts[] = {"2026-03-27 10:00", "2026-10-23 17:00", "2026-07-01 03:00",
                                         "2026-11-01 04:00"};
    struct run run =
        run_new(random_document(arena, seed), 1 + next_random(seed) % 120, starts[next_random(seed) % 4]);
    for (size_t i = 0; i < run.contact_count; i++) {
        run.contacts[i].time_zone = slice_from_text(zones[next_random(seed) % 8]);
        run.contacts[i].address =
            arena_printf(run.bench.arena, "p%zu@company%u.test", i, (unsigned)(next_random(seed) % 20));
    }
    run.options.limits.daily_max = 100;
    run.options.seed = next_random(seed);
    return run;
}

/* Gaps and the hour's cap. */
static void check_pace(const struct run *run, const struct pacer_limits *limits) {
    for (size_t i = 1; i < run->leave_count; i++)
        assert_true(run->leaves[i].at_ms - run->leaves[i - 1].at_ms >= limits->gap_min_ms);
    for (size_t i = limits->hourly_max; i < run->leave_count; i++)
        assert_true(run->leaves[i].at_ms - run->leaves[i - limits->hourly_max].at_ms >= 3600 * 1000);
}

static struct slice domain_of(const struct run *run, const struct planner_leave *leave) {
    struct slice address = run->contacts[leave->contact].address;
    return slice_skip(address, slice_find_byte(address, '@') + 1);
}

/* The caps of a day, where the mailbox is. */
static void check_days(const struct run *run, const struct pacer_limits *limits) {
    struct delivery_zone *zone = zone_named("Europe/Berlin");
    for (size_t i = 0; i < run->leave_count; i++) {
        int64_t day = delivery_day_number(zone, run->leaves[i].at_ms);
        size_t all = 0;
        size_t domain = 0;
        for (size_t j = i; j < run->leave_count && delivery_day_number(zone, run->leaves[j].at_ms) == day;
             j++) {
            all++;
            domain += slice_equal(domain_of(run, &run->leaves[i]), domain_of(run, &run->leaves[j]));
        }
        assert_true(all <= limits->daily_max && domain <= limits->recipient_domain_daily_max);
    }
    delivery_zone_free(&zone);
}

/* Each inside its window; steps in order, none twice, each after its delay. */
static void check_contacts(const struct run *run) {
    const struct sequence *sequence = run->bench.sequence;
    for (size_t c = 0; c < run->contact_count; c++) {
        struct delivery_zone *zone = delivery_zone_new(run->contacts[c].time_zone);
        size_t step = 0;
        int64_t since = run->options.start_ms;
        for (size_t i = 0; i < run->leave_count; i++) {
            if (run->leaves[i].contact != c) continue;
            assert_int_equal(run->leaves[i].step, step);
            assert_true(delivery_window_is_open(&sequence->window, zone, run->leaves[i].at_ms));
            assert_true(run->leaves[i].at_ms >= sequence_due_ms(sequence, step, zone, since));
            since = run->leaves[i].at_ms;
            step++;
        }
        if (run->summary.ends_in_time) assert_int_equal(step, sequence->step_count);
        delivery_zone_free(&zone);
    }
}

static void windows_and_caps_are_never_broken(void **state) {
    struct arena *arena = arena_new(1 << 26);
    uint64_t seed = 42;
    size_t leaves = 0;
    for (int i = 0; i < 60; i++) {
        struct run run = random_run(arena, &seed);
        struct pacer_limits limits = pacer_limits_strictest(&run.options.limits, &run.bench.sequence->pace);
        run_it(&run);
        check_pace(&run, &limits);
        check_days(&run, &limits);
        check_contacts(&run);
        leaves += run.leave_count;
        run_free(&run);
    }
    assert_true(leaves > 3000);
    arena_free(&arena);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forty_prospects_take_more_than_an_hour),
        cmocka_unit_test(the_same_seed_gives_the_same_plan),
        cmocka_unit_test(follow_ups_come_before_openers),
        cmocka_unit_test(prospects_are_written_to_by_their_own_clocks),
        cmocka_unit_test(steps_that_are_not_for_somebody_are_left_out),
        cmocka_unit_test(what_cannot_end_in_time_has_its_date_estimated),
        cmocka_unit_test(windows_and_caps_are_never_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

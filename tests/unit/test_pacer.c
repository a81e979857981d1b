/* The pace of one mailbox: gaps, caps, what waits for what, and clocks that jump. */
#include "outreach_time.h"

#include "outreach/pacer.h"

enum { HOUR_MS = 3600 * 1000 };

/* A mailbox that lives: what it sent, as the store would count it. */
struct bench {
    struct pacer_limits limits;
    struct delivery_zone *zone;
    int64_t sent_ms[4000];
    size_t sent_count;
    unsigned days_sent;
    unsigned other_mailboxes;
    unsigned follow_ups_due;
};

static struct bench bench_new(void) {
    return (struct bench){.limits = pacer_limits_usual(), .zone = zone_named("Europe/Berlin")};
}

static struct pacer_history history_of(const struct bench *bench, const struct pacer_day *day) {
    struct pacer_history history = {.days_sent = bench->days_sent, .follow_ups_due = bench->follow_ups_due};
    for (size_t i = 0; i < bench->sent_count; i++)
        history.day_count += bench->sent_ms[i] >= day->start_ms && bench->sent_ms[i] < day->count_until_ms;
    history.sending_domain_day_count = history.day_count + bench->other_mailboxes;
    size_t hourly = bench->limits.hourly_max;
    if (bench->sent_count) history.last_sent_ms = bench->sent_ms[bench->sent_count - 1];
    if (hourly && bench->sent_count >= hourly)
        history.hourly_sent_ms = bench->sent_ms[bench->sent_count - hourly];
    history.gap_seed = bench->sent_count * 7919;
    return history;
}

static struct pacer_answer ask(const struct bench *bench, int64_t now_ms, bool is_follow_up) {
    struct pacer_day day = pacer_day(bench->zone, now_ms);
    struct pacer_history history = history_of(bench, &day);
    return pacer_ask(&bench->limits, &history, &day, is_follow_up, now_ms);
}

/* Sends as soon as it may, until then or so many; returns the moment after. */
static int64_t send_all(struct bench *bench, int64_t now_ms, int64_t until_ms, size_t count) {
    while (now_ms < until_ms && count > 0) {
        struct pacer_answer answer = ask(bench, now_ms, true);
        assert_true(answer.at_ms >= now_ms);
        assert_true(answer.gate == PACER_OPEN || answer.at_ms > now_ms);
        if (answer.gate == PACER_OPEN) {
            bench->sent_ms[bench->sent_count++] = now_ms;
            count--;
        }
        now_ms = answer.at_ms;
    }
    return now_ms;
}

static void a_gap_lies_between_any_two(void **state) {
    struct bench bench = bench_new();
    int64_t start = utc_ms("2026-07-01 08:00");
    bool differ = false;
    send_all(&bench, start, start + HOUR_MS, 20);
    assert_int_equal(bench.sent_count, 20);
    for (size_t i = 1; i < bench.sent_count; i++) {
        int64_t gap = bench.sent_ms[i] - bench.sent_ms[i - 1];
        assert_true(gap >= 95000 && gap <= 150000);
        differ = differ || gap != bench.sent_ms[1] - bench.sent_ms[0];
    }
    assert_true(differ);
    /* The same question, the same answer. */
    struct pacer_answer first = ask(&bench, bench.sent_ms[19] + 1000, false);
    assert_int_equal(first.gate, PACER_GAP);
    assert_int_equal(ask(&bench, bench.sent_ms[19] + 2000, false).at_ms, first.at_ms);
    delivery_zone_free(&bench.zone);
    (void)state;
}

static void nothing_leaves_while_one_is_on_its_way(void **state) {
    struct bench bench = bench_new();
    int64_t now = utc_ms("2026-07-01 08:00");
    struct pacer_day day = pacer_day(bench.zone, now);
    struct pacer_history history = {.is_sending = true};
    struct pacer_answer answer = pacer_ask(&bench.limits, &history, &day, true, now);
    assert_int_equal(answer.gate, PACER_SENDING);
    assert_true(answer.at_ms > now);
    delivery_zone_free(&bench.zone);
    (void)state;
}

static void an_hour_has_a_cap_wherever_it_begins(void **state) {
    struct bench bench = bench_new();
    bench.limits.hourly_max = 10;
    int64_t start = utc_ms("2026-07-01 08:47");
    send_all(&bench, start, start + 3 * HOUR_MS, 1000);
    for (size_t i = 10; i < bench.sent_count; i++)
        assert_true(bench.sent_ms[i] - bench.sent_ms[i - 10] >= HOUR_MS);
    assert_int_equal(bench.sent_count, 30);
    delivery_zone_free(&bench.zone);
    (void)state;
}

static void a_day_has_a_cap_and_ends_at_midnight_there(void **state) {
    struct bench bench = bench_new();
    int64_t start = utc_ms("2026-07-01 08:00");
    int64_t now = send_all(&bench, start, start + 8 * HOUR_MS, 1000);
    assert_int_equal(bench.sent_count, 30);
    assert_int_equal(ask(&bench, start + 8 * HOUR_MS, true).gate, PACER_DAILY);
    assert_clock(bench.zone, now, "Thu 2026-07-02 00:00");
    delivery_zone_free(&bench.zone);
    (void)state;
}

static void all_mailboxes_of_a_domain_have_a_cap_together(void **state) {
    struct bench bench = bench_new();
    int64_t start = utc_ms("2026-07-01 08:00");
    bench.other_mailboxes = 95;
    send_all(&bench, start, start + 8 * HOUR_MS, 1000);
    assert_int_equal(bench.sent_count, 5);
    assert_int_equal(ask(&bench, start + 8 * HOUR_MS, true).gate, PACER_SENDING_DOMAIN);
    delivery_zone_free(&bench.zone);
    (void)state;
}

static void one_recipients_domain_has_a_cap(void **state) {
    struct bench bench = bench_new();
    int64_t now = utc_ms("2026-07-01 08:00");
    struct pacer_day day = pacer_day(bench.zone, now);
    struct pacer_history history = {.recipient_domain_day_count = 20};
    assert_int_equal(pacer_ask(&bench.limits, &history, &day, true, now).gate, PACER_RECIPIENT_DOMAIN);
    history.recipient_domain_day_count = 19;
    assert_int_equal(pacer_ask(&bench.limits, &history, &day, true, now).gate, PACER_OPEN);
    delivery_zone_free(&bench.zone);
    (void)state;
}

static void openers_leave_room_for_the_days_follow_ups(void **state) {
    struct bench bench = bench_new();
    int64_t now = utc_ms("2026-07-01 08:00");
    bench.follow_ups_due = 30;
    assert_int_equal(ask(&bench, now, false).gate, PACER_RESERVED);
    /* It is worth asking again soon, but not at each turn of the desk: a follow-up may have left by then. */
    assert_true(ask(&bench, now, false).at_ms > now);
    assert_true(ask(&bench, now, false).at_ms <= now + 3 * 60000);
    assert_int_equal(ask(&bench, now, true).gate, PACER_OPEN);
    bench.follow_ups_due = 29;
    assert_int_equal(ask(&bench, now, false).gate, PACER_OPEN);
    const struct pacer_candidate opener = {false, 1, 1};
    const struct pacer_candidate follow_up = {true, 2, 2};
    assert_true(pacer_goes_before(&follow_up, &opener));
    assert_false(pacer_goes_before(&opener, &follow_up));
    delivery_zone_free(&bench.zone);
    (void)state;
}

static void a_new_mailbox_rises_with_the_days_it_sent(void **state) {
    struct pacer_limits limits = pacer_limits_usual();
    limits.daily_max = 50;
    limits.ramp_start = 10;
    limits.ramp_step = 5;
    assert_int_equal(pacer_daily_max(&limits, 0), 10);
    assert_int_equal(pacer_daily_max(&limits, 3), 25);
    assert_int_equal(pacer_daily_max(&limits, 8), 50);
    assert_int_equal(pacer_daily_max(&limits, UINT32_MAX), 50);
    (void)state;
}

static void after_downtime_there_is_no_burst(void **state) {
    struct bench bench = bench_new();
    int64_t start = utc_ms("2026-07-01 08:00");
    send_all(&bench, start, start + 600000, 1000);
    size_t before = bench.sent_count;
    /* Three hours later. */
    send_all(&bench, start + 3 * HOUR_MS, start + 3 * HOUR_MS + 600000, 1000);
    assert_true(bench.sent_count - before <= 7);
    for (size_t i = before + 1; i < bench.sent_count; i++)
        assert_true(bench.sent_ms[i] - bench.sent_ms[i - 1] >= 95000);
    delivery_zone_free(&bench.zone);
    (void)state;
}

static void an_hour_back_lets_nothing_more_out(void **state) {
    struct bench bench = bench_new();
    int64_t start = utc_ms("2026-07-01 08:00");
    int64_t now = send_all(&bench, start, start + HOUR_MS, 25);
    /* The clock says an hour earlier than a moment ago: real time goes on. */
    send_all(&bench, now - HOUR_MS, now + 8 * HOUR_MS, 1000);
    assert_int_equal(bench.sent_count, 30);
    /* Between what was sent before and after: a real gap at least. */
    assert_true(bench.sent_ms[25] - bench.sent_ms[24] >= 95000);
    delivery_zone_free(&bench.zone);
    (void)state;
}

static void ten_years_on_and_back_do_no_harm(void **state) {
    struct bench bench = bench_new();
    bench.limits.ramp_start = 10;
    bench.limits.ramp_step = 1;
    int64_t start = utc_ms("2026-07-01 08:00");
    int64_t later = utc_ms("2036-07-01 08:00");
    send_all(&bench, start, start + 600000, 3);
    send_all(&bench, later, later + 300000, 1000);
    size_t sent = bench.sent_count;
    assert_true(sent > 3 && sent <= 3 + 4);
    for (size_t i = 4; i < sent; i++) assert_true(bench.sent_ms[i] - bench.sent_ms[i - 1] >= 95000);
    /* Back again: it goes on sending, within the day's cap (ten on the first day). */
    send_all(&bench, start + 2 * HOUR_MS, start + 10 * HOUR_MS, 1000);
    assert_int_equal(bench.sent_count - sent, 7);
    delivery_zone_free(&bench.zone);
    (void)state;
}

static uint64_t next_random(uint64_t *seed) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

/* How many were sent on the day of the last one, by the mailbox's calendar. */
static size_t sent_that_day(const struct bench *bench) {
    size_t count = 0;
    int64_t day = delivery_day_number(bench->zone, bench->sent_ms[bench->sent_count - 1]);
    for (size_t i = 0; i < bench->sent_count; i++)
        count += delivery_day_number(bench->zone, bench->sent_ms[i]) == day;
    return count;
}

/* Asked at any moment, under a clock that jumps by up to two hours now and then. */
static void whatever_the_clock_does_caps_hold_and_it_goes_on(void **state) {
    struct bench bench = bench_new();
    uint64_t seed = 11;
    int64_t now = utc_ms("2026-10-20 08:00");
    size_t since_jump = 0;
    for (int i = 0; i < 6000; i++) {
        now += (int64_t)(next_random(&seed) % (20 * 60 * 1000));
        if (next_random(&seed) % 60 == 0) {
            now += ((int64_t)(next_random(&seed) % 5) - 2) * HOUR_MS;
            since_jump = bench.sent_count;
        }
        if (ask(&bench, now, true).gate != PACER_OPEN) continue;
        bench.sent_ms[bench.sent_count++] = now;
        assert_true(sent_that_day(&bench) <= 30);
        if (bench.sent_count > since_jump + 1)
            assert_true(now - bench.sent_ms[bench.sent_count - 2] >= 95000);
    }
    /* About 42 days. */
    assert_true(bench.sent_count > 800);
    delivery_zone_free(&bench.zone);
    (void)state;
}

static void limits_are_checked(void **state) {
    struct pacer_limits limits = pacer_limits_usual();
    assert_int_equal(pacer_limits_check(&limits, false), PACER_LIMITS_OK);
    limits.daily_max = 100;
    assert_int_equal(pacer_limits_check(&limits, false), PACER_LIMITS_OK);
    limits.daily_max = 101;
    assert_int_equal(pacer_limits_check(&limits, false), PACER_LIMITS_NEED_OVERRIDE);
    assert_int_equal(pacer_limits_check(&limits, true), PACER_LIMITS_OK);
    limits.daily_max = 1001;
    assert_int_equal(pacer_limits_check(&limits, true), PACER_LIMITS_DAILY);
    limits = pacer_limits_usual();
    limits.gap_min_ms = 1000;
    assert_int_equal(pacer_limits_check(&limits, false), PACER_LIMITS_NEED_OVERRIDE);
    limits.gap_min_ms = 200000;
    assert_int_equal(pacer_limits_check(&limits, true), PACER_LIMITS_GAP);
    limits = pacer_limits_usual();
    limits.ramp_start = 5;
    assert_int_equal(pacer_limits_check(&limits, true), PACER_LIMITS_RAMP);
    (void)state;
}

static void a_sequence_only_slows_down(void **state) {
    struct pacer_limits mailbox = pacer_limits_usual();
    struct pacer_limits sequence = pacer_limits_none();
    struct pacer_limits both = pacer_limits_strictest(&mailbox, &sequence);
    assert_int_equal(both.daily_max, 30);
    assert_int_equal(both.gap_min_ms, 95000);
    sequence.daily_max = 500;
    sequence.gap_min_ms = 1000;
    sequence.gap_max_ms = 300000;
    sequence.hourly_max = 4;
    sequence.ramp_start = 3;
    sequence.ramp_step = 1;
    both = pacer_limits_strictest(&mailbox, &sequence);
    assert_int_equal(both.daily_max, 30);
    assert_int_equal(both.gap_min_ms, 95000);
    assert_int_equal(both.gap_max_ms, 300000);
    assert_int_equal(both.hourly_max, 4);
    assert_int_equal(both.ramp_start, 3);
    (void)state;
}

static void where_nobody_is_bothered_wishes_hold_and_the_rest_is_usual(void **state) {
    struct pacer_limits mailbox = pacer_limits_usual();
    struct pacer_limits sequence = pacer_limits_none();
    struct pacer_limits both = pacer_limits_wished(&mailbox, &sequence);
    assert_memory_equal(&both, &mailbox, sizeof both);
    sequence.gap_min_ms = 1000;
    sequence.gap_max_ms = 2000;
    sequence.daily_max = 500;
    both = pacer_limits_wished(&mailbox, &sequence);
    assert_int_equal(both.gap_max_ms, 2000);
    assert_int_equal(both.daily_max, 500);
    assert_int_equal(both.hourly_max, 30);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gap_lies_between_any_two),
        cmocka_unit_test(nothing_leaves_while_one_is_on_its_way),
        cmocka_unit_test(an_hour_has_a_cap_wherever_it_begins),
        cmocka_unit_test(a_day_has_a_cap_and_ends_at_midnight_there),
        cmocka_unit_test(all_mailboxes_of_a_domain_have_a_cap_together),
        cmocka_unit_test(one_recipients_domain_has_a_cap),
        cmocka_unit_test(openers_leave_room_for_the_days_follow_ups),
        cmocka_unit_test(a_new_mailbox_rises_with_the_days_it_sent),
        cmocka_unit_test(after_downtime_there_is_no_burst),
        cmocka_unit_test(an_hour_back_lets_nothing_more_out),
        cmocka_unit_test(ten_years_on_and_back_do_no_harm),
        cmocka_unit_test(whatever_the_clock_does_caps_hold_and_it_goes_on),
        cmocka_unit_test(limits_are_checked),
        cmocka_unit_test(a_sequence_only_slows_down),
        cmocka_unit_test(where_nobody_is_bothered_wishes_hold_and_the_rest_is_usual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

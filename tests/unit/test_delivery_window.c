/* Delivery windows: where the prospect is, over nights on which clocks are changed, around holidays. */
#include "outreach_time.h"

static struct delivery_window window_of(unsigned weekdays, unsigned from_minute, unsigned to_minute) {
    struct delivery_window window = delivery_window_usual();
    window.ranges[0] = (struct delivery_range){weekdays, from_minute, to_minute};
    return window;
}

static void the_usual_window_is_office_hours_there(void **state) {
    struct delivery_zone *berlin = zone_named("Europe/Berlin");
    struct delivery_window window = delivery_window_usual();
    /* A Wednesday in summer: 6:59 and 7:00 UTC are 8:59 and 9:00 in Berlin. */
    assert_false(delivery_window_is_open(&window, berlin, utc_ms("2026-07-01 06:59:59")));
    assert_true(delivery_window_is_open(&window, berlin, utc_ms("2026-07-01 07:00")));
    assert_true(delivery_window_is_open(&window, berlin, utc_ms("2026-07-01 14:59:59")));
    assert_false(delivery_window_is_open(&window, berlin, utc_ms("2026-07-01 15:00")));
    /* In winter an hour later by UTC. */
    assert_false(delivery_window_is_open(&window, berlin, utc_ms("2026-01-07 07:59")));
    assert_true(delivery_window_is_open(&window, berlin, utc_ms("2026-01-07 08:00")));
    assert_false(delivery_window_is_open(&window, berlin, utc_ms("2026-07-04 10:00")));
    assert_clock(berlin, delivery_window_next_ms(&window, berlin, utc_ms("2026-07-03 16:00")),
                 "Mon 2026-07-06 09:00");
    assert_int_equal(delivery_window_next_ms(&window, berlin, utc_ms("2026-07-03 10:00")),
                     utc_ms("2026-07-03 10:00"));
    delivery_zone_free(&berlin);
    (void)state;
}

static void a_weekend_with_a_clock_change_is_no_trouble(void **state) {
    struct delivery_zone *berlin = zone_named("Europe/Berlin");
    struct delivery_window window = delivery_window_usual();
    /* Clocks go forward on Sunday 2026-03-29 and back on 2026-10-25. */
    int64_t spring = delivery_window_next_ms(&window, berlin, utc_ms("2026-03-27 20:00"));
    int64_t autumn = delivery_window_next_ms(&window, berlin, utc_ms("2026-10-23 20:00"));
    assert_clock(berlin, spring, "Mon 2026-03-30 09:00");
    assert_int_equal(spring, utc_ms("2026-03-30 07:00"));
    assert_clock(berlin, autumn, "Mon 2026-10-26 09:00");
    assert_int_equal(autumn, utc_ms("2026-10-26 08:00"));
    delivery_zone_free(&berlin);
    (void)state;
}

static void a_time_that_the_clock_skips_is_when_it_jumps(void **state) {
    struct delivery_zone *york = zone_named("America/New_York");
    /* 2026-03-08: after 1:59 comes 3:00. */
    struct delivery_window window = window_of(DELIVERY_EVERY_DAY, 2 * 60 + 30, 5 * 60);
    int64_t opens = delivery_window_next_ms(&window, york, utc_ms("2026-03-08 05:00"));
    assert_clock(york, opens, "Sun 2026-03-08 03:00");
    assert_int_equal(opens, utc_ms("2026-03-08 07:00"));
    /* A window that is skipped whole has its turn the next day. */
    window = window_of(DELIVERY_EVERY_DAY, 2 * 60, 3 * 60);
    assert_clock(york, delivery_window_next_ms(&window, york, utc_ms("2026-03-08 05:00")),
                 "Mon 2026-03-09 02:00");
    delivery_zone_free(&york);
    (void)state;
}

static void a_time_that_comes_twice_is_the_first_of_both(void **state) {
    struct delivery_zone *york = zone_named("America/New_York");
    /* 2026-11-01: after 1:59 comes 1:00 again. */
    struct delivery_window window = window_of(DELIVERY_EVERY_DAY, 60 + 30, 4 * 60);
    assert_int_equal(delivery_window_next_ms(&window, york, utc_ms("2026-11-01 04:00")),
                     utc_ms("2026-11-01 05:30"));
    /* The clock shows 1:15 for the second time: the window is shut again. */
    assert_false(delivery_window_is_open(&window, york, utc_ms("2026-11-01 06:15")));
    assert_true(delivery_window_is_open(&window, york, utc_ms("2026-11-01 06:30")));
    delivery_zone_free(&york);
    (void)state;
}

static void half_hours_and_quarters_count(void **state) {
    struct delivery_zone *howe = zone_named("Australia/Lord_Howe");
    struct delivery_zone *kathmandu = zone_named("Asia/Kathmandu");
    struct delivery_window window = delivery_window_usual();
    assert_clock(kathmandu, delivery_window_next_ms(&window, kathmandu, utc_ms("2026-07-01 00:00")),
                 "Wed 2026-07-01 09:00");
    assert_int_equal(delivery_window_next_ms(&window, kathmandu, utc_ms("2026-07-01 00:00")),
                     utc_ms("2026-07-01 03:15"));
    /* Lord Howe moves its clocks by half an hour: 2026-10-04 at 2:00 to 2:30, 2026-04-05 at 2:00 back to
     * 1:30. */
    window = window_of(DELIVERY_EVERY_DAY, 2 * 60 + 15, 6 * 60);
    int64_t opens = delivery_window_next_ms(&window, howe, utc_ms("2026-10-03 14:00"));
    assert_clock(howe, opens, "Sun 2026-10-04 02:30");
    assert_int_equal(opens, utc_ms("2026-10-03 15:30"));
    window = window_of(DELIVERY_EVERY_DAY, 60 + 45, 6 * 60);
    assert_int_equal(delivery_window_next_ms(&window, howe, utc_ms("2026-04-04 14:00")),
                     utc_ms("2026-04-04 14:45"));
    delivery_zone_free(&howe);
    delivery_zone_free(&kathmandu);
    (void)state;
}

static void holidays_are_left_out(void **state) {
    struct delivery_zone *berlin = zone_named("Europe/Berlin");
    struct delivery_window window = delivery_window_usual();
    int32_t holidays[] = {(int32_t)date_days(2026, 12, 25), (int32_t)date_days(2026, 12, 28)};
    window.holidays = holidays;
    window.holiday_count = 2;
    assert_clock(berlin, delivery_window_next_ms(&window, berlin, utc_ms("2026-12-24 18:00")),
                 "Tue 2026-12-29 09:00");
    delivery_zone_free(&berlin);
    (void)state;
}

static void several_ranges_and_a_day_that_ends_at_midnight(void **state) {
    struct delivery_zone *utc = zone_named("UTC");
    struct delivery_window window = delivery_window_usual();
    window.ranges[0] = (struct delivery_range){DELIVERY_MONDAY, 14 * 60, 16 * 60};
    window.ranges[1] = (struct delivery_range){DELIVERY_MONDAY | DELIVERY_SUNDAY, 22 * 60, 24 * 60};
    window.range_count = 2;
    assert_clock(utc, delivery_window_next_ms(&window, utc, utc_ms("2026-07-06 01:00")),
                 "Mon 2026-07-06 14:00");
    assert_clock(utc, delivery_window_next_ms(&window, utc, utc_ms("2026-07-06 17:00")),
                 "Mon 2026-07-06 22:00");
    assert_true(delivery_window_is_open(&window, utc, utc_ms("2026-07-06 23:59:59")));
    assert_clock(utc, delivery_window_next_ms(&window, utc, utc_ms("2026-07-07 00:00")),
                 "Sun 2026-07-12 22:00");
    window.range_count = 0;
    assert_true(delivery_window_next_ms(&window, utc, utc_ms("2026-07-07 00:00")) == DELIVERY_NEVER);
    delivery_zone_free(&utc);
    (void)state;
}

static int64_t end_of(const struct delivery_zone *zone, const char *delay_text, const char *sent) {
    struct delivery_window window = delivery_window_usual();
    struct delivery_delay delay;
    int32_t holidays[] = {(int32_t)date_days(2026, 12, 25)};
    window.holidays = holidays;
    window.holiday_count = 1;
    assert_true(delivery_delay_read(slice_from_text(delay_text), &delay));
    return delivery_delay_end_ms(delay, &window, zone, utc_ms(sent));
}

static void delays_are_counted_from_the_sending(void **state) {
    struct delivery_zone *berlin = zone_named("Europe/Berlin");
    assert_clock(berlin, end_of(berlin, "3 working days", "2026-07-03 10:00"), "Wed 2026-07-08 12:00");
    assert_clock(berlin, end_of(berlin, "1 working day", "2026-07-04 10:00"), "Mon 2026-07-06 12:00");
    /* Thursday before a holiday and a weekend. */
    assert_clock(berlin, end_of(berlin, "1 business day", "2026-12-24 10:00"), "Mon 2026-12-28 11:00");
    /* The same time of day on the other side of a clock change; hours are hours. */
    assert_clock(berlin, end_of(berlin, "2 days", "2026-03-28 11:00"), "Mon 2026-03-30 12:00");
    assert_int_equal(end_of(berlin, "48 hours", "2026-03-28 11:00"), utc_ms("2026-03-30 11:00"));
    assert_int_equal(end_of(berlin, "90 minutes", "2026-03-29 00:30"), utc_ms("2026-03-29 02:00"));
    /* 2:30 does not exist on that Sunday. */
    assert_clock(berlin, end_of(berlin, "1 day", "2026-03-28 01:30"), "Sun 2026-03-29 03:00");
    assert_int_equal(end_of(berlin, "20 seconds", "2026-03-28 11:00"), utc_ms("2026-03-28 11:00") + 20000);
    assert_clock(berlin, end_of(berlin, "1 week", "2026-07-03 10:00"), "Fri 2026-07-10 12:00");
    delivery_zone_free(&berlin);
    (void)state;
}

static void delays_have_words_and_a_maximum(void **state) {
    struct delivery_delay delay;
    assert_true(delivery_delay_read(SLICE("60 days"), &delay));
    assert_false(delivery_delay_read(SLICE("61 days"), &delay));
    assert_false(delivery_delay_read(SLICE("9 weeks"), &delay));
    assert_true(delivery_delay_read(SLICE("8 weeks"), &delay));
    assert_int_equal(delay.count, 56);
    assert_false(delivery_delay_read(SLICE("soon"), &delay));
    assert_false(delivery_delay_read(SLICE("3"), &delay));
    assert_false(delivery_delay_read(SLICE("-1 days"), &delay));
    assert_false(delivery_delay_read(SLICE("99999999999999999999 days"), &delay));
    assert_true(delivery_delay_read(SLICE("0"), &delay));
    (void)state;
}

static void zones_are_places(void **state) {
    assert_null(delivery_zone_new(SLICE("Europe/Nowhere")));
    assert_null(delivery_zone_new(SLICE("")));
    assert_null(delivery_zone_new(SLICE("GMT+25")));
    (void)state;
}

static uint64_t next_random(uint64_t *seed) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static struct delivery_window random_window(uint64_t *seed) {
    struct delivery_window window = delivery_window_usual();
    window.range_count = 1 + next_random(seed) % 3;
    for (size_t i = 0; i < window.range_count; i++) {
        unsigned from = (unsigned)(next_random(seed) % 1439);
        unsigned to = from + 1 + (unsigned)(next_random(seed) % (1440 - from));
        window.ranges[i] = (struct delivery_range){1 + (unsigned)(next_random(seed) % 127), from, to};
    }
    return window;
}

/* Whatever the window, the zone and the moment: the answer is inside, not before the question, and the last
   moment before it was outside. */
static void the_next_moment_is_always_inside(void **state) {
    static const char *const names[] = {"Europe/Berlin",    "America/New_York", "Australia/Lord_Howe",
                                        "Asia/Kathmandu",   "Pacific/Apia",     "Africa/Casablanca",
                                        "America/Asuncion", "Asia/Tehran",      "Pacific/Chatham"};
    uint64_t seed = 7;
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        struct delivery_zone *zone = zone_named(names[n]);
        for (int i = 0; i < 400; i++) {
            struct delivery_window window = random_window(&seed);
            /* 2010 to 2030, every minute. */
            int64_t at = utc_ms("2010-01-01 00:00") + (int64_t)(next_random(&seed) % (20 * 525960)) * 60000;
            int64_t next = delivery_window_next_ms(&window, zone, at);
            assert_true(next >= at && next < at + 9 * 86400000LL);
            assert_true(delivery_window_is_open(&window, zone, next));
            if (next > at) assert_false(delivery_window_is_open(&window, zone, at));
            int64_t start = delivery_day_start_ms(zone, at);
            int64_t end = delivery_day_end_ms(zone, at);
            assert_true(start <= at && at < end && end - start <= 26 * 3600000LL);
        }
        delivery_zone_free(&zone);
    }
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_usual_window_is_office_hours_there),
        cmocka_unit_test(a_weekend_with_a_clock_change_is_no_trouble),
        cmocka_unit_test(a_time_that_the_clock_skips_is_when_it_jumps),
        cmocka_unit_test(a_time_that_comes_twice_is_the_first_of_both),
        cmocka_unit_test(half_hours_and_quarters_count),
        cmocka_unit_test(holidays_are_left_out),
        cmocka_unit_test(several_ranges_and_a_day_that_ends_at_midnight),
        cmocka_unit_test(delays_are_counted_from_the_sending),
        cmocka_unit_test(delays_have_words_and_a_maximum),
        cmocka_unit_test(zones_are_places),
        cmocka_unit_test(the_next_moment_is_always_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Who is put off, for how long, and how long it is remembered; in virtual time. */
#include "test.h"

#include "base/limits.h"
#include "io/sim/sim.h"
#include "smtp/greylist.h"

struct bench {
    struct greylist *greylist;
    void (*body)(struct task *t, struct bench *bench);
    bool is_done;
};

static int64_t wait_of(struct bench *bench, const char *network, const char *sender, const char *recipient) {
    return greylist_wait_ms(bench->greylist, slice_from_text(network), slice_from_text(sender),
                            slice_from_text(recipient));
}

static void sleep_ms(struct task *t, int64_t ms) { assert_int_equal(task_sleep(t, ms), 0); }

static void bench_main(struct task *t, void *argument) {
    struct bench *bench = argument;
    bench->greylist = greylist_new(task_env(t));
    bench->body(t, bench);
    greylist_free(&bench->greylist);
    assert_null(bench->greylist);
    bench->is_done = true;
}

static bool is_done(void *context) { return ((struct bench *)context)->is_done; }

static void run(void (*body)(struct task *t, struct bench *bench)) {
    struct bench bench = {.body = body};
    struct sim_world *world = sim_world_new(1);
    (void)sim_process_start(sim_machine_new(world, "host", "192.0.2.1"), "edge", bench_main, &bench);
    assert_true(sim_world_run_until(world, is_done, &bench, 10 * GREYLIST_KEPT_MS));
    sim_world_free(&world);
}

static void minute_body(struct task *t, struct bench *bench) {
    assert_int_equal(wait_of(bench, "net", "a@b.test", "c@d.test"), GREYLIST_DELAY_MS);
    sleep_ms(t, GREYLIST_DELAY_MS / 2);
    assert_int_equal(wait_of(bench, "net", "a@b.test", "c@d.test"), GREYLIST_DELAY_MS / 2);
    sleep_ms(t, GREYLIST_DELAY_MS / 2);
    assert_int_equal(wait_of(bench, "net", "A@B.test", "C@d.test"), 0);
    /* Each of the three counts, and no two of them run together. */
    assert_int_equal(wait_of(bench, "other", "a@b.test", "c@d.test"), GREYLIST_DELAY_MS);
    assert_int_equal(wait_of(bench, "net", "", "c@d.test"), GREYLIST_DELAY_MS);
    assert_int_equal(wait_of(bench, "net", "a@b.test", "e@d.test"), GREYLIST_DELAY_MS);
    assert_int_equal(wait_of(bench, "net", "a@b.testc", "@d.test"), GREYLIST_DELAY_MS);
}

static void who_is_new_waits_a_minute_once(void **state) { run(minute_body); }

static void day_body(struct task *t, struct bench *bench) {
    (void)wait_of(bench, "net", "a", "b");
    sleep_ms(t, GREYLIST_DELAY_MS);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(wait_of(bench, "net", "a", "b"), 0);
        sleep_ms(t, GREYLIST_KEPT_MS - 1000);
    }
    assert_int_equal(wait_of(bench, "net", "a", "b"), 0);
    sleep_ms(t, GREYLIST_KEPT_MS + 1000);
    assert_int_equal(wait_of(bench, "net", "a", "b"), GREYLIST_DELAY_MS);
}

static void who_stays_away_for_a_day_is_new(void **state) { run(day_body); }

/* One more than there is room for: the oldest goes, whoever was seen since stays. */
static void flood_body(struct task *t, struct bench *bench) {
    char sender[32];
    (void)wait_of(bench, "net", "kept", "b");
    (void)wait_of(bench, "net", "oldest", "b");
    sleep_ms(t, GREYLIST_DELAY_MS);
    for (int i = 0; i < GREYLIST_TRIPLETS_MAX - 1; i++) {
        (void)snprintf(sender, sizeof sender, "%d", i);
        if (i == 10) assert_int_equal(wait_of(bench, "net", "kept", "b"), 0);
        (void)wait_of(bench, "net", sender, "b");
    }
    assert_int_equal(wait_of(bench, "net", "kept", "b"), 0);
    assert_int_equal(wait_of(bench, "net", "oldest", "b"), GREYLIST_DELAY_MS);
}

static void a_flood_takes_bounded_memory(void **state) { run(flood_body); }

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_new_waits_a_minute_once),
        cmocka_unit_test(who_stays_away_for_a_day_is_new),
        cmocka_unit_test(a_flood_takes_bounded_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Turns of slow campaigns beside quick ones, played letter by letter. */
#include "outreach/turns.h"

#include "test.h"

enum { SLOW = 7, SLOWER = 8, GAP_MS = 1000, LONG_MS = 10 * GAP_MS };

/* One mailbox: the quick one may always write a gap after the last letter, the slow ones a long gap after. */
struct mailbox {
    struct turns turns;
    int64_t now_ms;
    int64_t last_ms;
    unsigned quick;
    unsigned slow;
    unsigned slower;
};

static unsigned *count_of(struct mailbox *mailbox, uint64_t campaign) {
    return campaign == SLOW ? &mailbox->slow : &mailbox->slower;
}

/* As the office does: who has the turn is looked at first. True: nobody else writes now. */
static bool look_at(struct mailbox *mailbox, uint64_t campaign) {
    int64_t until_ms = mailbox->last_ms + LONG_MS;
    if (mailbox->now_ms < until_ms) return turns_wait(&mailbox->turns, campaign, until_ms, mailbox->now_ms);
    turns_taken(&mailbox->turns, campaign, LONG_MS, mailbox->now_ms);
    mailbox->last_ms = mailbox->now_ms;
    (*count_of(mailbox, campaign))++;
    return true;
}

static void play(struct mailbox *mailbox, const uint64_t *slow, size_t count, int64_t for_ms) {
    int64_t end_ms = mailbox->now_ms + for_ms;
    for (size_t i = 0; i < count; i++) (void)look_at(mailbox, slow[i]);
    for (; mailbox->now_ms < end_ms; mailbox->now_ms += GAP_MS) {
        uint64_t first = turns_now(&mailbox->turns, mailbox->now_ms);
        if (first && look_at(mailbox, first)) continue;
        mailbox->quick++;
        mailbox->last_ms = mailbox->now_ms;
    }
}

static void a_slow_one_has_every_other_gap(void **state) {
    (void)state;
    struct mailbox mailbox = {.now_ms = LONG_MS, .last_ms = LONG_MS};
    play(&mailbox, (uint64_t[]){SLOW}, 1, (int64_t)100 * LONG_MS);
    assert_in_range(mailbox.slow, 45, 55);
    assert_in_range(mailbox.quick, 450, 550);
}

static void of_two_slow_ones_each_has_its_turn(void **state) {
    (void)state;
    struct mailbox mailbox = {.now_ms = LONG_MS, .last_ms = LONG_MS};
    play(&mailbox, (uint64_t[]){SLOW, SLOWER}, 2, (int64_t)100 * LONG_MS);
    assert_in_range(mailbox.slow, 22, 26);
    assert_in_range(mailbox.slower, 22, 26);
    assert_in_range(mailbox.quick, 450, 550);
}

static void who_has_nobody_to_write_to_has_no_turn(void **state) {
    (void)state;
    struct turns turns = {0};
    assert_int_equal(turns_now(&turns, 0), 0);
    assert_false(turns_wait(&turns, SLOW, 50, 0));
    assert_false(turns_wait(&turns, SLOWER, 60, 0));
    assert_int_equal(turns_now(&turns, 49), 0);
    assert_int_equal(turns_now(&turns, 100), SLOW);
    turns_drop(&turns, SLOW);
    assert_int_equal(turns_now(&turns, 100), SLOWER);
    assert_true(turns_wait(&turns, SLOWER, 120, 100));
    turns_taken(&turns, SLOWER, 30, 120);
    assert_int_equal(turns_now(&turns, 149), 0);
    assert_int_equal(turns_now(&turns, 150), SLOWER);
    /* Who is not slow has none. */
    turns_taken(&turns, 99, 1000, 150);
    assert_int_equal(turns_now(&turns, 150), SLOWER);
}

static void of_too_many_those_that_come_first_have_turns(void **state) {
    (void)state;
    struct turns turns = {0};
    for (uint64_t i = 1; i <= TURNS_MAX + 2; i++) assert_false(turns_wait(&turns, i, (int64_t)(1000 - i), 0));
    for (uint64_t i = TURNS_MAX + 2; i > 2; i--) {
        assert_int_equal(turns_now(&turns, 1000), i);
        turns_drop(&turns, i);
    }
    assert_int_equal(turns_now(&turns, 1000), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_one_has_every_other_gap),
        cmocka_unit_test(of_two_slow_ones_each_has_its_turn),
        cmocka_unit_test(who_has_nobody_to_write_to_has_no_turn),
        cmocka_unit_test(of_too_many_those_that_come_first_have_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Sets of UIDs: compact, ranked, shared, and the same again after being stored. */
#include "test.h"

#include "base/limits.h"
#include "base/uid_set.h"

static struct uid_set contiguous(uint32_t first, uint32_t last) {
    struct uid_set set = UID_SET_EMPTY;
    uid_set_append(&set, (struct number_range){first, last});
    return set;
}

/* first, first + step, ... */
static struct uid_set stepped(uint32_t first, uint32_t step, uint32_t count) {
    struct uid_set set = UID_SET_EMPTY;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t uid = first + i * step;
        uid_set_append(&set, (struct number_range){uid, uid});
    }
    return set;
}

static void a_million_neighbours_take_a_few_bytes(void **state) {
    struct uid_set set = UID_SET_EMPTY;
    for (uint32_t uid = 1; uid <= 1000000; uid++) uid_set_append(&set, (struct number_range){uid, uid});
    assert_int_equal(uid_set_count(&set), 1000000);
    assert_in_range(uid_set_bytes(&set), 1, 200);
    struct buffer stored = buffer_new(KIB(1));
    uid_set_serialise(&set, &stored);
    assert_in_range(stored.len, 1, 8);
    buffer_free(&stored);
    uid_set_free(&set);
}

static void every_other_number_takes_about_a_byte_and_a_half(void **state) {
    struct uid_set set = stepped(1, 2, 100000);
    assert_int_equal(uid_set_count(&set), 100000);
    assert_in_range(uid_set_bytes(&set), 1, 200000);
    assert_int_equal(uid_set_rank(&set, 199999), 100000);
    assert_int_equal(uid_set_select(&set, 50000), 99999);
    uid_set_free(&set);
}

static void far_apart_numbers_take_a_few_bytes_each(void **state) {
    struct uid_set set = stepped(7, 40000, 100000);
    assert_in_range(uid_set_bytes(&set), 1, 700000);
    assert_int_equal(uid_set_select(&set, 100000), 7 + 99999u * 40000);
    uid_set_free(&set);
}

static void rank_and_select_are_each_others_inverse(void **state) {
    struct uid_set set = stepped(10, 3, 2000);
    for (uint32_t position = 1; position <= 2000; position++) {
        uint32_t uid = uid_set_select(&set, position);
        assert_int_equal(uid_set_rank(&set, uid), position);
        assert_int_equal(uid_set_rank(&set, uid + 1), 0);
    }
    assert_int_equal(uid_set_select(&set, 0), 0);
    assert_int_equal(uid_set_select(&set, 2001), 0);
    uid_set_free(&set);
}

static void removing_moves_what_is_behind_down(void **state) {
    struct uid_set set = contiguous(1, 10);
    assert_int_equal(uid_set_remove(&set, (struct number_range){3, 4}), 2);
    assert_int_equal(uid_set_remove(&set, (struct number_range){3, 4}), 0);
    assert_false(uid_set_contains(&set, 3));
    assert_int_equal(uid_set_rank(&set, 5), 3);
    assert_int_equal(uid_set_select(&set, 8), 10);
    assert_int_equal(uid_set_remove(&set, (struct number_range){1, UINT32_MAX}), 8);
    assert_int_equal(uid_set_count(&set), 0);
    assert_int_equal(uid_set_last(&set), 0);
    uid_set_free(&set);
}

static void holes_punched_one_by_one_keep_the_count_right(void **state) {
    struct uid_set set = contiguous(1, 3000);
    for (uint32_t uid = 2; uid <= 3000; uid += 2)
        assert_int_equal(uid_set_remove(&set, (struct number_range){uid, uid}), 1);
    assert_int_equal(uid_set_count(&set), 1500);
    for (uint32_t position = 1; position <= 1500; position++)
        assert_int_equal(uid_set_select(&set, position), position * 2 - 1);
    uid_set_free(&set);
}

static void a_share_does_not_see_later_changes(void **state) {
    struct uid_set mailbox = contiguous(1, 5);
    struct uid_set session = uid_set_share(mailbox);
    uid_set_append(&mailbox, (struct number_range){6, 6});
    assert_int_equal(uid_set_remove(&mailbox, (struct number_range){2, 2}), 1);
    assert_int_equal(uid_set_count(&session), 5);
    assert_true(uid_set_contains(&session, 2));
    assert_int_equal(uid_set_count(&mailbox), 5);
    assert_int_equal(uid_set_last(&mailbox), 6);
    uid_set_free(&session);
    uid_set_free(&mailbox);
}

static void meeting_all_numbers_takes_one_step_a_range(void **state) {
    struct uid_set set = contiguous(5, 1000000);
    uid_set_append(&set, (struct number_range){UINT32_MAX, UINT32_MAX});
    struct number_range all = {1, UINT32_MAX};
    struct number_range range;
    struct uid_set_meet meet = uid_set_meet_start(&all, 1);
    assert_true(uid_set_meet_next(&set, &meet, &range));
    assert_int_equal(range.first, 5);
    assert_int_equal(range.last, 1000000);
    assert_true(uid_set_meet_next(&set, &meet, &range));
    assert_int_equal(range.last, UINT32_MAX);
    assert_false(uid_set_meet_next(&set, &meet, &range));
    uid_set_free(&set);
}

static void meeting_many_ranges_gives_the_common_parts_in_order(void **state) {
    struct uid_set set = contiguous(10, 20);
    uid_set_append(&set, (struct number_range){30, 40});
    const struct number_range wanted[] = {{1, 5}, {8, 11}, {13, 13}, {19, 31}, {39, 100}};
    const struct number_range common[] = {{10, 11}, {13, 13}, {19, 20}, {30, 31}, {39, 40}};
    struct uid_set_meet meet = uid_set_meet_start(wanted, 5);
    struct number_range range;
    for (size_t i = 0; i < 5; i++) {
        assert_true(uid_set_meet_next(&set, &meet, &range));
        assert_memory_equal(&range, &common[i], sizeof range);
    }
    assert_false(uid_set_meet_next(&set, &meet, &range));
    uid_set_free(&set);
}

static void a_stored_set_is_the_same_set(void **state) {
    struct uid_set set = stepped(3, 7, 1000);
    uid_set_append(&set, (struct number_range){1000000, 2000000});
    struct buffer stored = buffer_new(MIB(1));
    uid_set_serialise(&set, &stored);
    struct uid_set read;
    assert_int_equal(uid_set_deserialise(buffer_slice(&stored), &read), UID_SET_OK);
    struct uid_set_cursor a = {0}, b = {0};
    struct number_range from, to;
    while (uid_set_next(&set, &a, &from)) {
        assert_true(uid_set_next(&read, &b, &to));
        assert_memory_equal(&from, &to, sizeof from);
    }
    assert_false(uid_set_next(&read, &b, &to));
    for (size_t cut = 0; cut < stored.len; cut++) {
        struct uid_set broken;
        assert_int_equal(uid_set_deserialise(slice_of(stored.ptr, cut), &broken), UID_SET_CUT);
        assert_int_equal(uid_set_count(&broken), 0);
    }
    buffer_free(&stored);
    uid_set_free(&set);
    uid_set_free(&read);
}

static void a_stored_set_that_lies_is_refused(void **state) {
    struct uid_set set;
    /* No gap, a length of 0, past 2^32 - 1, a byte too many, a number without an end. */
    assert_int_equal(uid_set_deserialise(SLICE("\x01\x00"), &set), UID_SET_BAD_RANGE);
    assert_int_equal(uid_set_deserialise(SLICE("\x01\x80\x01\x00"), &set), UID_SET_BAD_RANGE);
    assert_int_equal(uid_set_deserialise(SLICE("\x01\x80\x02\xff\xff\xff\xff\x0f"), &set), UID_SET_BAD_RANGE);
    assert_int_equal(uid_set_deserialise(SLICE("\x01\x08\x08"), &set), UID_SET_CUT);
    assert_int_equal(uid_set_deserialise(SLICE("\x01\x80\xff\xff\xff\xff\xff\x01"), &set), UID_SET_CUT);
    assert_int_equal(uid_set_deserialise(SLICE("\x01\x81"), &set), UID_SET_CUT);
    assert_null(set.body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_neighbours_take_a_few_bytes),
        cmocka_unit_test(every_other_number_takes_about_a_byte_and_a_half),
        cmocka_unit_test(far_apart_numbers_take_a_few_bytes_each),
        cmocka_unit_test(rank_and_select_are_each_others_inverse),
        cmocka_unit_test(removing_moves_what_is_behind_down),
        cmocka_unit_test(holes_punched_one_by_one_keep_the_count_right),
        cmocka_unit_test(a_share_does_not_see_later_changes),
        cmocka_unit_test(meeting_all_numbers_takes_one_step_a_range),
        cmocka_unit_test(meeting_many_ranges_gives_the_common_parts_in_order),
        cmocka_unit_test(a_stored_set_is_the_same_set),
        cmocka_unit_test(a_stored_set_that_lies_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Sequence sets: parsed, normalised, intersected, never expanded. */
#include "test.h"

#include "base/limits.h"
#include "wire/imap_reply.h"
#include "wire/imap_sequence.h"

static enum imap_sequence_error parse(const char *text, struct imap_sequence *sequence,
                                      struct arena **arena) {
    *arena = arena_new(MIB(4));
    return imap_sequence_parse(slice_from_text(text), *arena, sequence);
}

static void normalises_to(const char *text, uint32_t largest, const char *expected) {
    struct imap_sequence sequence;
    struct arena *arena;
    assert_int_equal(parse(text, &sequence, &arena), IMAP_SEQUENCE_OK);
    imap_sequence_normalise(&sequence, largest);
    struct buffer out = buffer_new(KIB(4));
    imap_reply_ranges(&out, sequence.ranges, sequence.count);
    assert_slice(buffer_slice(&out), expected);
    buffer_free(&out);
    arena_free(&arena);
}

static void refuses(const char *text) {
    struct imap_sequence sequence;
    struct arena *arena;
    assert_int_equal(parse(text, &sequence, &arena), IMAP_SEQUENCE_SYNTAX);
    assert_int_equal(sequence.count, 0);
    arena_free(&arena);
}

static void reversed_and_overlapping_ranges_are_merged(void **state) {
    normalises_to("9:3", 100, "3:9");
    normalises_to("5,1:3,4,9:7,8", 100, "1:5,7:9");
    normalises_to("1:4294967295", 100, "1:4294967295");
    normalises_to("4294967295,1:4294967294", 100, "1:4294967295");
}

static void star_is_the_largest_number(void **state) {
    normalises_to("*", 7, "7");
    normalises_to("3:*", 7, "3:7");
    normalises_to("*:3", 7, "3:7");
}

static void a_range_from_past_the_end_holds_the_last_message(void **state) {
    normalises_to("12:*", 7, "7:12");
}

static void star_in_an_empty_mailbox_is_nothing(void **state) {
    normalises_to("*", 0, "");
    normalises_to("1:*", 0, "1");
}

static void what_is_no_sequence_set_is_refused(void **state) {
    refuses("");
    refuses("0");
    refuses("1,");
    refuses(",1");
    refuses("1:");
    refuses("1:2:3");
    refuses("4294967296");
    refuses("1-2");
    refuses("**");
    refuses("$,1");
}

static void a_saved_result_is_marked(void **state) {
    struct imap_sequence sequence;
    struct arena *arena;
    assert_int_equal(parse("$", &sequence, &arena), IMAP_SEQUENCE_OK);
    assert_true(sequence.saved_result);
    arena_free(&arena);
}

/* "1,3,5,..." with `count` numbers. */
static struct buffer odd_numbers(uint32_t count) {
    struct buffer text = buffer_new(MIB(2));
    for (uint32_t i = 0; i < count; i++) {
        if (i) buffer_append_byte(&text, ',');
        buffer_append_number(&text, (uint64_t)i * 2 + 1);
    }
    return text;
}

static void a_hundred_thousand_ranges_meet_a_large_mailbox(void **state) {
    struct buffer text = odd_numbers(IMAP_SEQUENCE_RANGES_MAX);
    struct arena *arena = arena_new(MIB(4));
    struct imap_sequence sequence;
    assert_int_equal(imap_sequence_parse(buffer_slice(&text), arena, &sequence), IMAP_SEQUENCE_OK);
    imap_sequence_normalise(&sequence, 1000000);
    struct uid_set set = UID_SET_EMPTY;
    uid_set_append(&set, (struct number_range){1, 1000000});
    struct uid_set_meet meet = imap_sequence_meet(&sequence);
    struct number_range range;
    uint32_t count = 0;
    while (uid_set_meet_next(&set, &meet, &range)) count++;
    assert_int_equal(count, IMAP_SEQUENCE_RANGES_MAX);
    assert_true(imap_sequence_contains(&sequence, 199999));
    assert_false(imap_sequence_contains(&sequence, 199998));
    uid_set_free(&set);
    arena_free(&arena);
    buffer_free(&text);
}

static void one_range_more_than_the_limit_is_refused(void **state) {
    struct buffer text = odd_numbers(IMAP_SEQUENCE_RANGES_MAX + 1);
    struct arena *arena = arena_new(MIB(4));
    struct imap_sequence sequence;
    assert_int_equal(imap_sequence_parse(buffer_slice(&text), arena, &sequence), IMAP_SEQUENCE_TOO_MANY);
    arena_free(&arena);
    buffer_free(&text);
}

static void a_small_arena_is_no_reason_to_abort(void **state) {
    struct arena *arena = arena_new(64);
    struct imap_sequence sequence;
    assert_int_equal(imap_sequence_parse(SLICE("1,2,3,4,5,6,7,8,9"), arena, &sequence),
                     IMAP_SEQUENCE_NO_MEMORY);
    arena_free(&arena);
}

static void message_numbers_become_the_uids_at_their_positions(void **state) {
    struct uid_set view = UID_SET_EMPTY;
    uid_set_append(&view, (struct number_range){10, 12});
    uid_set_append(&view, (struct number_range){20, 22});
    struct imap_sequence sequence;
    struct arena *arena;
    assert_int_equal(parse("2:4,6:100,200", &sequence, &arena), IMAP_SEQUENCE_OK);
    imap_sequence_normalise(&sequence, uid_set_count(&view));
    imap_sequence_to_uids(&sequence, &view);
    assert_int_equal(sequence.count, 2);
    assert_int_equal(sequence.ranges[0].first, 11);
    assert_int_equal(sequence.ranges[0].last, 20);
    assert_int_equal(sequence.ranges[1].first, 22);
    assert_int_equal(sequence.ranges[1].last, 22);
    uid_set_free(&view);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reversed_and_overlapping_ranges_are_merged),
        cmocka_unit_test(star_is_the_largest_number),
        cmocka_unit_test(a_range_from_past_the_end_holds_the_last_message),
        cmocka_unit_test(star_in_an_empty_mailbox_is_nothing),
        cmocka_unit_test(what_is_no_sequence_set_is_refused),
        cmocka_unit_test(a_saved_result_is_marked),
        cmocka_unit_test(a_hundred_thousand_ranges_meet_a_large_mailbox),
        cmocka_unit_test(one_range_more_than_the_limit_is_refused),
        cmocka_unit_test(a_small_arena_is_no_reason_to_abort),
        cmocka_unit_test(message_numbers_become_the_uids_at_their_positions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

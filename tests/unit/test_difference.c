/* How a text in DNS differs from the one that should be there, in words. */
#include "test.h"

#include "base/limits.h"
#include "trust/difference.h"

static void expect(const char *wanted, const char *found, const char *words) {
    struct arena *arena = arena_new(MIB(1));
    assert_slice(difference_words(arena, slice_from_text(wanted), slice_from_text(found)), words);
    arena_free(&arena);
}

static void what_is_the_same_has_no_words(void **state) {
    expect("v=STSv1; id=1", "v=STSv1; id=1", "");
    expect("", "", "");
}

static void the_mistakes_of_panels_are_known(void **state) {
    expect("v=DKIM1; p=AbC", "\"v=DKIM1; p=AbC\"",
           "quotation marks are part of the value: enter it without them");
    expect("v=DKIM1; p=AbC", "v=DKIM1\\; p=AbC", "backslashes are part of the value: enter it without them");
    expect("v=DKIM1; p=AbC", "v=DKIM1; p=A bC",
           "there are blanks in it that do not belong there: enter it in one piece");
    expect("v=DKIM1; p=AbC", "\"v=DKIM1; p=A\" \"bC\"",
           "quotation marks, backslashes or blanks are part of the value: enter it without them");
    expect("v=DKIM1; p=AbC", "v=dkim1; p=abc",
           "the letters are the same, but not whether they are large or small, which counts here");
}

static void what_is_missing_is_counted(void **state) {
    expect("abcdef", "", "it is empty");
    expect("abcdef", "abc", "3 characters at its end are missing: it stops after 3 of 6");
    expect("abcdef", "abcde", "1 character at its end is missing: it stops after 5 of 6");
    expect("abcdef", "abef", "2 characters are missing behind the first 2: \"cd\"");
    expect("abcdef", "bcdef", "1 character is missing behind the first 0: \"a\"");
}

static void a_string_that_got_lost_is_told(void **state) {
    struct arena *arena = arena_new(MIB(1));
    char text[410];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + i * i % 23);
    struct slice whole = slice_of(text, sizeof text);
    assert_slice(
        difference_words(arena, whole, slice_sub(whole, 0, 255)),
        "155 characters at its end are missing: it stops after 255 of 410; a whole string of the record got "
        "lost: it has several, and all must be entered");
    arena_free(&arena);
}

static void what_is_too_much_and_what_is_other_is_shown(void **state) {
    expect("abc", "abcde", "2 characters too much behind the first 3: \"de\"");
    expect("abc", "abxc", "1 character too much in it, behind the first 2: \"x\"");
    expect("abcdef", "abXYef",
           "from character 3 on it says \"XY\" where it should say \"cd\"; the rest is the same");
    expect("abc", "xyz", "from character 1 on it says \"xyz\" where it should say \"abc\"");
}

static void strangers_words_do_no_harm(void **state) {
    struct arena *arena = arena_new(MIB(1));
    expect("abc", "a\033[31mc",
           "from character 2 on it says \"?[31m\" where it should say \"b\"; the rest is the same");
    assert_slice(difference_shown(arena,
                                  SLICE("ab\r\n\xc3\xbc"
                                        "c"),
                                  5),
                 "ab???...");
    assert_slice(difference_shown(arena, SLICE("abc"), 3), "abc");
    arena_free(&arena);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_the_same_has_no_words),
        cmocka_unit_test(the_mistakes_of_panels_are_known),
        cmocka_unit_test(what_is_missing_is_counted),
        cmocka_unit_test(a_string_that_got_lost_is_told),
        cmocka_unit_test(what_is_too_much_and_what_is_other_is_shown),
        cmocka_unit_test(strangers_words_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

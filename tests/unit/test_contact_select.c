/* Which contacts are meant, in words; and patterns. */
#include "test.h"

#include "base/pattern.h"
#include "store/contact_select.h"

static void a_star_stands_for_any_characters_in_any_case(void **state) {
    static const struct {
        const char *pattern;
        const char *text;
        bool fits;
    } cases[] = {{"", "", true},
                 {"", "a", false},
                 {"*", "", true},
                 {"*manager*", "Sales Manager", true},
                 {"*manager", "managers", false},
                 {"a*b*c", "axxbyyc", true},
                 {"a*b*c", "axxbyy", false},
                 {"ab", "AB", true},
                 {"*a*a*", "a", false},
                 {"**", "x", true},
                 {"Z\xc3\xbcrich", "z\xc3\xbcrich", true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(pattern_fits(slice_from_text(cases[i].pattern), slice_from_text(cases[i].text)),
                         cases[i].fits);
}

/* At worst the product of both lengths. */
static void a_pattern_of_many_stars_ends(void **state) {
    uint8_t text[4096];
    uint8_t pattern[CONTACT_PATTERN_BYTES_MAX];
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof pattern; i++) pattern[i] = i % 2 ? 'a' : '*';
    pattern[sizeof pattern - 1] = 'b';
    assert_false(pattern_fits(slice_of(pattern, sizeof pattern), slice_of(text, sizeof text)));
}

static void words_are_read_or_refused_with_the_reason(void **state) {
    static const struct {
        const char *word;
        enum contact_selection_fault fault;
    } cases[] = {{"country=DE", CONTACT_SELECTION_OK},
                 {"city!=Berlin", CONTACT_SELECTION_OK},
                 {"role=", CONTACT_SELECTION_OK},
                 {"domain=example.org", CONTACT_SELECTION_OK},
                 {"domain=", CONTACT_SELECTION_VALUE},
                 {"domain=*.org", CONTACT_SELECTION_OK},
                 {"import=7", CONTACT_SELECTION_OK},
                 {"import=0", CONTACT_SELECTION_IMPORT},
                 {"import=seven", CONTACT_SELECTION_IMPORT},
                 {"country", CONTACT_SELECTION_WORD},
                 {"=DE", CONTACT_SELECTION_WORD},
                 {"!=DE", CONTACT_SELECTION_NAME},
                 {"First Name=x", CONTACT_SELECTION_NAME},
                 {"role=a\nb", CONTACT_SELECTION_VALUE},
                 {"role=\xff", CONTACT_SELECTION_VALUE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct contact_selection selection = {.match_count = 0};
        assert_int_equal(contact_selection_read(slice_from_text(cases[i].word), &selection), cases[i].fault);
    }
    struct contact_selection selection = {.match_count = 0};
    for (int i = 0; i < CONTACT_MATCHES_MAX; i++)
        assert_int_equal(contact_selection_read(SLICE("a=b"), &selection), CONTACT_SELECTION_OK);
    assert_int_equal(contact_selection_read(SLICE("a=b"), &selection), CONTACT_SELECTION_TOO_MANY);
}

static void what_breaks_a_limit_is_not_unpacked(void **state) {
    static const struct contact_match bad[] = {{SLICE_INIT("No Name"), SLICE_INIT("x"), false},
                                               {SLICE_INIT(""), SLICE_INIT("x"), false}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct contact_selection selection = {.match_count = 1};
        struct contact_selection back;
        struct buffer packed = buffer_new(4096);
        selection.matches[0] = bad[i];
        contact_selection_pack(&packed, &selection);
        struct unpacker in = unpacker_of(buffer_slice(&packed));
        contact_selection_unpack(&in, &back);
        assert_false(unpack_is_done(&in));
        buffer_free(&packed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_star_stands_for_any_characters_in_any_case),
        cmocka_unit_test(a_pattern_of_many_stars_ends),
        cmocka_unit_test(words_are_read_or_refused_with_the_reason),
        cmocka_unit_test(what_breaks_a_limit_is_not_unpacked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

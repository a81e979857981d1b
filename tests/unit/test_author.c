/* Whose address stands in From. */
#include "test.h"

#include "wire/author.h"

static void assert_author(const char *header, const char *author) {
    struct arena *arena = arena_new(1 << 20);
    struct slice got = author_of(arena, slice_from_text(header), 320);
    if (!slice_equal(got, slice_from_text(author))) fail_msg("%s: '%.*s'", header, SLICE_PRINT(got));
    arena_free(&arena);
}

static void one_mailbox_in_one_from_is_the_author(void **state) {
    assert_author("To: x@y.test\r\nFrom: ann@example.org\r\nSubject: x\r\n", "ann@example.org");
    assert_author("fRoM: \"A, B\" <Ann@Example.ORG> (me)\r\n", "Ann@Example.ORG");
    assert_author("From:\r\n =?utf-8?q?A?=\r\n <ann@example.org>\r\n", "ann@example.org");
    assert_author("From: Gr\xc3\xbc\xc3\x9f"
                  "e@b\xc3\xbc"
                  "cher.test\r\n",
                  "Gr\xc3\xbc\xc3\x9f"
                  "e@b\xc3\xbc"
                  "cher.test");
}

static void anything_else_has_none(void **state) {
    assert_author("", "");
    assert_author("Subject: x\r\n", "");
    assert_author("From: a@b.test, c@d.test\r\n", "");
    assert_author("From: a@b.test\r\nFrom: a@b.test\r\n", "");
    assert_author("From: nobody\r\n", "");
    assert_author("From: everybody:;\r\n", "");
    assert_author("From:\r\n", "");
    /* What stands behind the empty line is no header. */
    assert_author("Subject: x\r\n\r\nFrom: a@b.test\r\n", "");
    char longer[400] = "From: ";
    memset(longer + 6, 'a', 320);
    (void)strcpy(longer + 326, "@b.test\r\n");
    assert_author(longer, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_mailbox_in_one_from_is_the_author),
        cmocka_unit_test(anything_else_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

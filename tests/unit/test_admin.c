/* What the store answers to its administrator, as JSON. */
#include "test.h"

#include <jansson.h>

#include "app/admin/admin_verbs.h"

static void assert_text(struct slice text, const char *expected) {
    json_t *json = admin_text(text);
    assert_non_null(json);
    assert_string_equal(json_string_value(json), expected);
    json_decref(json);
}

/* No bytes that a message or a stranger brought end the role. */
static void any_text_can_be_told(void **state) {
    assert_text(SLICE_EMPTY, "");
    assert_text((struct slice){.ptr = NULL, .len = 0}, "");
    assert_text(SLICE("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
    assert_text(SLICE("\xff"
                      "a"),
                "?a");
    assert_text(SLICE("\xff"), "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_text_can_be_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

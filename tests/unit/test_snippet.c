/* Snippets: what stands for what, what blocks, and what can never get out. */
#include "test.h"

#include "outreach/snippet.h"

static const struct snippet_field ann_fields[] = {
    {SLICE_INIT("First_Name"), SLICE_INIT(" Ann ")}, {SLICE_INIT("company"), SLICE_INIT("A & B <GmbH>")},
    {SLICE_INIT("blank"), SLICE_INIT("  ")},         {SLICE_INIT("evil"), SLICE_INIT("x\r\nBcc: y@z")},
    {SLICE_INIT("nul"), SLICE_INIT("a\0b")},         {SLICE_INIT("nested"), SLICE_INIT("{{company}}")},
    {SLICE_INIT("bytes"), SLICE_INIT("\xff\xfe")},
};
static const struct snippet_fields ann = {ann_fields, sizeof ann_fields / sizeof ann_fields[0]};

static void expect(const char *text, const char *expected) {
    struct buffer out = buffer_new(SNIPPET_TEXT_BYTES_MAX);
    struct snippet_missing missing = {.count = 0};
    assert_int_equal(snippet_render(&out, slice_from_text(text), ann, SNIPPET_PLAIN, &missing), SNIPPET_OK);
    assert_slice(buffer_slice(&out), expected);
    assert_int_equal(missing.count, 0);
    buffer_free(&out);
}

static void values_and_fallbacks(void **state) {
    expect("Hello {{first_name}}!", "Hello Ann!");
    expect("Hello {{ FIRST_NAME | there }}!", "Hello Ann!");
    expect("Hello {{nick|there}}, {{blank|you}}", "Hello there, you");
    expect("a{{nick|}}b", "ab");
    expect("no snippets, { one } {brace", "no snippets, { one } {brace");
    expect("\\{{first_name}} is a snippet", "{{first_name}} is a snippet");
    expect("", "");
    (void)state;
}

static void values_are_never_looked_into(void **state) {
    expect("{{nested}}", "{{company}}");
    (void)state;
}

static void html_is_escaped(void **state) {
    struct buffer out = buffer_new(SNIPPET_TEXT_BYTES_MAX);
    struct snippet_missing missing = {.count = 0};
    assert_int_equal(
        snippet_render(&out, SLICE("<b>{{company}}</b> {{x|\"a\" & 'b'}}"), ann, SNIPPET_HTML, &missing),
        SNIPPET_OK);
    assert_slice(buffer_slice(&out), "<b>A &amp; B &lt;GmbH&gt;</b> &quot;a&quot; &amp; &#39;b&#39;");
    buffer_free(&out);
    (void)state;
}

static enum snippet_fault fault_of(const char *text, struct snippet_missing *missing) {
    struct buffer out = buffer_new(SNIPPET_TEXT_BYTES_MAX);
    *missing = (struct snippet_missing){.count = 0};
    enum snippet_fault fault = snippet_render(&out, slice_from_text(text), ann, SNIPPET_PLAIN, missing);
    buffer_free(&out);
    return fault;
}

static void what_is_missing_is_named_once(void **state) {
    struct snippet_missing missing;
    assert_int_equal(fault_of("{{nick}} {{first_name}} {{role}} {{Nick}} {{blank}}", &missing),
                     SNIPPET_UNRESOLVED);
    assert_int_equal(missing.count, 3);
    assert_slice(missing.names[0], "nick");
    assert_slice(missing.names[1], "role");
    assert_slice(missing.names[2], "blank");
    (void)state;
}

static void values_that_could_break_out_are_refused(void **state) {
    struct snippet_missing missing;
    static const char *const names[] = {"evil", "nul", "bytes"};
    for (size_t i = 0; i < 3; i++) {
        char text[40];
        (void)snprintf(text, sizeof text, "a {{%s|safe}}", names[i]);
        assert_int_equal(fault_of(text, &missing), SNIPPET_VALUE);
        assert_slice(missing.names[0], names[i]);
    }
    (void)state;
}

static void what_is_no_snippet_is_told_with_its_place(void **state) {
    size_t at = 0;
    assert_int_equal(snippet_check(SLICE("Hello {{first_name"), &at), SNIPPET_OPEN);
    assert_int_equal(at, 6);
    assert_int_equal(snippet_check(SLICE("{{first\nname}}"), &at), SNIPPET_OPEN);
    assert_int_equal(snippet_check(SLICE("x {{}}"), &at), SNIPPET_NAME);
    assert_int_equal(snippet_check(SLICE("x {{first name}}"), &at), SNIPPET_NAME);
    assert_int_equal(snippet_check(SLICE("{{a|{{b}}}}"), &at), SNIPPET_FALLBACK);
    assert_int_equal(snippet_check(SLICE("{{{a}}}"), &at), SNIPPET_NAME);
    assert_int_equal(snippet_check(SLICE("{{a|x}y}}"), &at), SNIPPET_NAME);
    assert_int_equal(snippet_check(SLICE("fine {{a.b-c_9|yes, fine}} }}"), &at), SNIPPET_OK);
    assert_true(snippet_is_used(SLICE("x {{a|b}} \\{{c}} {{D}}"), SLICE("d")));
    assert_false(snippet_is_used(SLICE("x {{a|b}} \\{{c}} {{D}}"), SLICE("c")));
    (void)state;
}

/* A hundred thousand snippets of a long value would be hundreds of megabytes. */
static void bombs_stay_small(void **state) {
    static char value[SNIPPET_VALUE_BYTES_MAX];
    struct buffer text = buffer_new(4 << 20);
    struct buffer out = buffer_new(SNIPPET_TEXT_BYTES_MAX);
    struct snippet_missing missing = {.count = 0};
    memset(value, 'x', sizeof value);
    struct snippet_field field = {SLICE("v"), slice_of(value, sizeof value)};
    size_t at = 0;
    for (int i = 0; i < 100000; i++) buffer_append_text(&text, "{{v}}");
    assert_int_equal(snippet_check(buffer_slice(&text), &at), SNIPPET_TOO_MANY);
    enum snippet_fault fault = snippet_render(&out, buffer_slice(&text), (struct snippet_fields){&field, 1},
                                              SNIPPET_PLAIN, &missing);
    assert_true(fault == SNIPPET_TOO_LONG || fault == SNIPPET_TOO_MANY);
    assert_true(out.len <= SNIPPET_TEXT_BYTES_MAX);
    buffer_free(&text);
    buffer_free(&out);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_fallbacks),
        cmocka_unit_test(values_are_never_looked_into),
        cmocka_unit_test(html_is_escaped),
        cmocka_unit_test(what_is_missing_is_named_once),
        cmocka_unit_test(values_that_could_break_out_are_refused),
        cmocka_unit_test(what_is_no_snippet_is_told_with_its_place),
        cmocka_unit_test(bombs_stay_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is not let start, and that each reason is said. */
#include "outreach_bench.h"
#include "outreach_time.h"

static void expect(const char *document, const char *expected) {
    struct outreach_bench bench = outreach_bench_good(document);
    struct law_refusals refusals = {.count = 0};
    struct buffer found = buffer_new(10000);
    law_check(bench.arena, bench.sequence, &refusals);
    for (size_t i = 0; i < refusals.count; i++) {
        buffer_printf(&found, "%s%s", i ? " " : "", law_kind_word(refusals.items[i].kind));
        if (refusals.items[i].step)
            buffer_printf(&found, ":%zu%.*s", refusals.items[i].step, SLICE_PRINT(refusals.items[i].version));
        assert_true(refusals.items[i].words.len > 20);
    }
    assert_slice(buffer_slice(&found), expected);
    buffer_free(&found);
    outreach_bench_free(&bench);
}

#define STEP "steps: [{subject: s, body: b}]\n"

static void who_writes_and_how_to_say_no_must_be_said(void **state) {
    expect("name: n\n" SENDER_LINES STEP, "");
    expect("name: n\n" STEP, "identity identity postal_address opt_out");
    expect("name: n\nsender: {name: Ann, company: E}\nopt_out: {link: \"https://example.test/no\"}\n" STEP,
           "postal_address");
    expect("name: n\nsender: {name: Ann, company: E, address: \"Street 1\"}\n" STEP, "opt_out");
    (void)state;
}

static void without_the_footer_each_step_must_say_it(void **state) {
    expect("name: n\nfooter: no\n" SENDER_LINES "steps:\n"
           "- {subject: s, body: \"{{sender_name}} {{sender_address}} {{opt_out}}\"}\n"
           "- {delay: 1 day, body: \"Ann Example, Street 1, 10115 Berlin\"}\n"
           "- {delay: 1 day, versions: [{body: \"{{SENDER_NAME}} {{opt_out}}\"}, {body: x}]}\n",
           "opt_out:2A postal_address:3A identity:3B postal_address:3B opt_out:3B");
    (void)state;
}

static void what_is_a_newsletter_is_refused(void **state) {
    expect("name: n\nlist: news\n" SENDER_LINES STEP, "list");
    expect("name: n\nheaders: {List-Unsubscribe: \"<https://example.test>\", X-Team: a, Precedence: "
           "bulk}\n" SENDER_LINES STEP,
           "list_header list_header");
    expect("name: n\n" SENDER_LINES "steps: [{subject: s, body: b, html: \"<TABLE><tr>\"}]\n", "layout:1A");
    expect("name: n\n" SENDER_LINES "steps: [{subject: s, body: b, html: \"<img src=a><p><img src=b>\"}]\n",
           "layout:1A");
    expect("name: n\n" SENDER_LINES
           "steps: [{subject: s, body: b, html: \"<p>a <b>b</b> <img src=c> <tablet>\"}]\n",
           "");
    (void)state;
}

static void a_plan_that_is_too_long_names_its_end(void **state) {
    struct arena *arena = arena_new(1 << 20);
    struct law_refusals refusals = {.count = 0};
    struct planner_summary summary = {
        .contacts = 5000, .end_ms = utc_ms("2027-03-04 22:30"), .ends_in_time = false};
    law_check_plan(arena, &summary, 120, &refusals);
    assert_int_equal(refusals.count, 1);
    assert_true(slice_find(refusals.items[0].words, SLICE("2027-03-05")) != SLICE_NOT_FOUND);
    assert_true(slice_find(refusals.items[0].words, SLICE("newsletter is the right tool")) !=
                SLICE_NOT_FOUND);
    summary.ends_in_time = true;
    law_check_plan(arena, &summary, 120, &refusals);
    assert_int_equal(refusals.count, 1);
    arena_free(&arena);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_writes_and_how_to_say_no_must_be_said),
        cmocka_unit_test(without_the_footer_each_step_must_say_it),
        cmocka_unit_test(what_is_a_newsletter_is_refused),
        cmocka_unit_test(a_plan_that_is_too_long_names_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

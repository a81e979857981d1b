/* What is wrong with a sequence is told with its place and what to do, all of it at once; and what a hostile
   document would have us do is not done. */
#include "outreach_bench.h"

/* The first fault is at this line, and its words have this in them. */
static void expect(const char *document, unsigned line, const char *where, const char *part) {
    struct outreach_bench bench = outreach_bench_new(document);
    assert_null(bench.sequence);
    assert_true(bench.faults.count > 0);
    const struct sequence_fault *fault = &bench.faults.items[0];
    if (fault->line != line || slice_find(fault->words, slice_from_text(part)) == SLICE_NOT_FOUND)
        fail_msg("got %u:%u %.*s: %.*s", fault->line, fault->column, SLICE_PRINT(fault->where),
                 SLICE_PRINT(fault->words));
    assert_slice(fault->where, where);
    outreach_bench_free(&bench);
}

static void several_faults_are_told_at_once(void **state) {
    struct outreach_bench bench = outreach_bench_new("name: n\n"
                                                     "time_zone: Europe/Berln\n"
                                                     "windows: [{days: Mon-Fry, from: \"25:00\"}]\n"
                                                     "holidays: [2026-02-30]\n"
                                                     "subjct: x\n"
                                                     "steps:\n"
                                                     "  - subject: Hi {{first name}}\n"
                                                     "    body: x\n"
                                                     "  - delay: soon\n"
                                                     "    body: y\n");
    static const unsigned lines[] = {2, 3, 3, 4, 5, 7, 9};
    static const char *const wheres[] = {"time_zone", "windows[1].days",  "windows[1].from", "holidays[1]",
                                         "subjct",    "steps[1].subject", "steps[2].delay"};
    assert_null(bench.sequence);
    assert_int_equal(bench.faults.count, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(bench.faults.items[i].line, lines[i]);
        assert_slice(bench.faults.items[i].where, wheres[i]);
    }
    assert_int_equal(bench.faults.items[6].column, 12);
    outreach_bench_free(&bench);
    (void)state;
}

static void json_has_places_too(void **state) {
    expect("{\"name\": \"n\",\n \"steps\": [\n  {\"subject\": \"s\", \"body\": \"b\"},\n  {\"body\": "
           "\"\\\"c\\\"\", "
           "\"delay\": 5}]}",
           4, "steps[2].delay", "working days");
    expect("{\"name\": \"n\",\n \"steps\": [}\n", 2, "", "");
    expect("{\"name\": \"n\", \"name\": \"m\"}", 1, "", "duplicate");
    (void)state;
}

static void yaml_mistakes_have_advice(void **state) {
    expect("name: n\nsteps:\n  - subject: {{first_name}}, hi\n", 3, "", "{{ belongs in quotes");
    expect("name: Grüße\nsteps:\n  - subject: {{first_name}}\n", 3, "", "{{ belongs in quotes");
    expect("name: n\nsteps:\n  - subject: Re: a: b\n", 3, "", "in quotes");
    expect("name: n\nsteps:\n\t- subject: x\n", 3, "", "spaces, not tabs");
    expect("name: \xff\n", 1, "", "UTF-8");
    expect("", 1, "", "nothing in it");
    expect("just words", 1, "", "keys with values");
    (void)state;
}

static void what_belongs_together_is_checked(void **state) {
    expect("name: n\nsteps:\n  - body: x\n", 3, "steps[1]", "needs a subject");
    expect("name: n\nsteps:\n  - {subject: s, body: x}\n  - body: y\n", 4, "steps[2]", "needs a delay");
    expect(
        "name: n\nsteps:\n  - {subject: s, body: x}\n  - {delay: 1 day, thread: same, subject: t, body: y}\n",
        4, "steps[2]", "same thread");
    expect("name: n\nsteps:\n  - {subject: s}\n", 3, "steps[1]", "no body");
    expect("name: n\n", 1, "", "steps is missing");
    expect("steps: [{subject: s, body: b}]\n", 1, "", "name is missing");
    expect("name: n\nsteps:\n  - {subject: s, versions: [{body: a, weight: 0}, {body: b, weight: 0}]}\n", 3,
           "steps[1].versions", "weight 0");
    expect("name: n\nsteps:\n  - {subject: s, body: b, condition: {reply_class: later}}\n", 3,
           "steps[1].condition", "replied: yes");
    expect("name: n\nsteps:\n  - {subject: s, body: b, condition: {replied: yes}}\n", 3, "steps[1]",
           "before the first step");
    expect("name: n\nsteps:\n  - {subject: s, body: b, condition: {bounced: yes}}\n", 3, "steps[1]",
           "before the first step");
    expect("name: n\ncompany_stop: perhaps\nsteps: [{subject: s, body: b}]\n", 2, "company_stop", "");
    expect("name: n\nname: m\nsteps: [{subject: s, body: b}]\n", 2, "name", "twice");
    expect("name: n\nheaders: {Bcc: x@y}\nsteps: [{subject: s, body: b}]\n", 2, "headers.Bcc", "X-");
    expect("name: n\nopt_out: {link: \"javascript:x\"}\nsteps: [{subject: s, body: b}]\n", 2, "opt_out.link",
           "https://");
    expect("name: \"a\\e[31m\"\nsteps: [{subject: s, body: b}]\n", 1, "name", "control");
    expect("name: n\nsteps:\n  - {subject: \"a\\nBcc: x@y\", body: b}\n", 3, "steps[1].subject", "one line");
    (void)state;
}

static void anchors_aliases_and_tags_are_refused(void **state) {
    expect("name: &a n\nsteps: *a\n", 1, "", "anchors");
    expect("a: [*x]\n", 1, "", "aliases");
    expect("name: !!python/object x\n", 1, "", "tags");
    expect("%TAG ! x\n--- a\n", 1, "", "%TAG");
    expect("name: n\n---\nname: m\n", 2, "", "one sequence");
    /* A billion laughs stop at the first. */
    expect("a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b]\n", 1,
           "", "anchors");
    (void)state;
}

static void repeat(struct buffer *out, const char *text, size_t count) {
    for (size_t i = 0; i < count; i++) buffer_append_text(out, text);
}

static void expect_repeated(const char *head, const char *piece, size_t count, const char *part) {
    struct buffer document = buffer_new(4 << 20);
    buffer_append_text(&document, head);
    repeat(&document, piece, count);
    struct arena *arena = arena_new(SEQUENCE_ARENA_BYTES_MAX);
    struct sequence_faults faults;
    assert_null(sequence_read(arena, buffer_slice(&document), &faults));
    if (slice_find(faults.items[0].words, slice_from_text(part)) == SLICE_NOT_FOUND)
        fail_msg("%.*s", SLICE_PRINT(faults.items[0].words));
    buffer_free(&document);
    arena_free(&arena);
}

static void depth_number_and_size_are_bounded(void **state) {
    expect_repeated("a: ", "[", 100000, "deep");
    expect_repeated("{\"a\":", "[", 100000, "deep");
    expect_repeated("{\"a\":[", "1,", 100000, "values");
    expect_repeated("", "- a\n", 100000, "values");
    expect_repeated("a: ", "- ", 1000, "");
    expect_repeated("name: n\nsteps:\n- subject: s\n  body: ", "x", SEQUENCE_BODY_BYTES_MAX + 1, "too long");
    expect_repeated("name: ", "x", SEQUENCE_DOCUMENT_BYTES_MAX, "bytes");
    expect_repeated("name: n\nsteps:\n", "- {subject: s, body: b}\n", SEQUENCE_STEPS_MAX + 1, "too many");
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_faults_are_told_at_once),
        cmocka_unit_test(json_has_places_too),
        cmocka_unit_test(yaml_mistakes_have_advice),
        cmocka_unit_test(what_belongs_together_is_checked),
        cmocka_unit_test(anchors_aliases_and_tags_are_refused),
        cmocka_unit_test(depth_number_and_size_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

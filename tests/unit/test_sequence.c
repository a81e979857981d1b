/* Sequences: what a document means, and that its normal form means the same. */
#include "outreach_bench.h"
#include "outreach_time.h"

static const char full[] = "# A sequence with everything.\n"
                           "name: Spring 2026\n" SENDER_LINES "footer: yes\n"
                           "time_zone: Europe/Berlin\n"
                           "windows:\n"
                           "  - {days: Mon-Thu, from: \"8:30\", to: \"12:00\"}\n"
                           "  - days: [Friday]\n"
                           "    from: 9\n"
                           "    to: \"24:00\"\n"
                           "working_days: Mon-Fri\n"
                           "holidays: [2026-12-26, 2026-12-25, 2026-12-25]\n"
                           "pace:\n"
                           "  gap: 3-5 minutes\n"
                           "  daily: 20\n"
                           "  ramp: {start: 5, step: 2}\n"
                           "headers: {X-Team: sales}\n"
                           "steps:\n"
                           "  - subject: A question, {{first_name|you}}\n"
                           "    body: |\n"
                           "      Hello {{first_name|there}},\n"
                           "\n"
                           "      a question.\n"
                           "  - delay: 3 working days\n"
                           "    condition:\n"
                           "      fields: [{name: country, is: \"D*\"}, {name: role, is_not: CEO}]\n"
                           "    body: Did you see it?\n"
                           "  - delay: 2 weeks\n"
                           "    thread: new\n"
                           "    versions:\n"
                           "      - {weight: 3, subject: One, body: First}\n"
                           "      - {name: short, subject: Two, body: Second, html: \"<p>Second</p>\"}\n";

static void a_document_is_read_whole(void **state) {
    struct outreach_bench bench = outreach_bench_good(full);
    const struct sequence *s = bench.sequence;
    assert_slice(s->name, "Spring 2026");
    assert_slice(s->identity.company, "Example GmbH");
    assert_slice(s->identity.address, "Street 1, 10115 Berlin");
    assert_slice(s->time_zone, "Europe/Berlin");
    assert_int_equal(s->window.range_count, 2);
    assert_int_equal(s->window.ranges[0].from_minute, 510);
    assert_int_equal(s->window.ranges[0].weekdays, 15);
    assert_int_equal(s->window.ranges[1].to_minute, 1440);
    assert_int_equal(s->window.holiday_count, 2);
    assert_int_equal(s->window.holidays[0], date_days(2026, 12, 25));
    assert_int_equal(s->pace.gap_min_ms, 180000);
    assert_int_equal(s->pace.daily_max, 20);
    assert_int_equal(s->pace.ramp_start, 5);
    assert_int_equal(s->step_count, 3);
    assert_slice(s->steps[0].versions[0].body, "Hello {{first_name|there}},\n\na question.\n");
    assert_false(s->steps[0].is_same_thread);
    assert_true(s->steps[1].is_same_thread);
    assert_int_equal(s->steps[1].delay.unit, DELIVERY_WORKING_DAYS);
    assert_int_equal(s->steps[1].condition.match_count, 2);
    assert_int_equal(s->steps[2].delay.count, 14);
    assert_int_equal(s->steps[2].version_count, 2);
    assert_slice(s->steps[2].versions[0].name, "A");
    assert_slice(s->steps[2].versions[1].name, "short");
    assert_slice(s->steps[2].versions[1].html, "<p>Second</p>\n");
    outreach_bench_free(&bench);
    (void)state;
}

static void the_normal_form_reads_back_the_same(void **state) {
    struct outreach_bench bench = outreach_bench_good(full);
    struct buffer first = buffer_new(SEQUENCE_DOCUMENT_BYTES_MAX);
    struct buffer second = buffer_new(SEQUENCE_DOCUMENT_BYTES_MAX);
    sequence_write(&first, bench.sequence);
    buffer_append_byte(&first, 0);
    struct outreach_bench again = outreach_bench_good((const char *)first.ptr);
    sequence_write(&second, again.sequence);
    buffer_append_byte(&second, 0);
    assert_string_equal((const char *)second.ptr, (const char *)first.ptr);
    assert_int_equal(again.sequence->pace.gap_max_ms, 300000);
    assert_int_equal(again.sequence->steps[2].versions[0].weight, 3);
    assert_slice(again.sequence->headers[0].value, "sales");
    buffer_free(&first);
    buffer_free(&second);
    outreach_bench_free(&bench);
    outreach_bench_free(&again);
    (void)state;
}

static void for_trying_times_may_be_shorter(void **state) {
    struct outreach_bench bench = outreach_bench_good(
        "{\"name\": \"a\", \"pace\": {\"gap\": \"200-350 milliseconds\"}, \"steps\":"
        " [{\"subject\": \"Hi\", \"body\": \"a\"}, {\"delay\": \"20 seconds\", \"body\": \"b\"}]}");
    struct buffer written = buffer_new(SEQUENCE_DOCUMENT_BYTES_MAX);
    assert_int_equal(bench.sequence->pace.gap_max_ms, 350);
    assert_true(sequence_has_seconds(bench.sequence));
    sequence_write(&written, bench.sequence);
    buffer_append_byte(&written, 0);
    struct outreach_bench again = outreach_bench_good((const char *)written.ptr);
    assert_int_equal(again.sequence->pace.gap_min_ms, 200);
    assert_true(sequence_has_seconds(again.sequence));
    assert_int_equal(again.sequence->steps[1].delay.count, 20);
    buffer_free(&written);
    outreach_bench_free(&bench);
    outreach_bench_free(&again);
    (void)state;
}

/* The largest cap that one can say is a wish like others, and so is no gap at all. */
static void what_is_said_is_kept_whatever_it_is(void **state) {
    struct outreach_bench bench = outreach_bench_good(
        "{\"name\": \"a\", \"pace\": {\"hourly\": 1000, \"gap\": \"0 seconds\"}, \"steps\":"
        " [{\"subject\": \"Hi\", \"body\": \"a\"}]}");
    struct buffer written = buffer_new(SEQUENCE_DOCUMENT_BYTES_MAX);
    struct pacer_limits mailbox = pacer_limits_usual();
    sequence_write(&written, bench.sequence);
    buffer_append_byte(&written, 0);
    struct outreach_bench again = outreach_bench_good((const char *)written.ptr);
    struct pacer_limits both = pacer_limits_wished(&mailbox, &again.sequence->pace);
    assert_int_equal(both.hourly_max, 1000);
    assert_int_equal(both.gap_max_ms, 0);
    assert_int_equal(both.daily_max, mailbox.daily_max);
    buffer_free(&written);
    outreach_bench_free(&bench);
    outreach_bench_free(&again);
    (void)state;
}

static void little_is_needed_and_the_rest_is_usual(void **state) {
    struct outreach_bench bench = outreach_bench_good(
        "{\"name\": \"J\\u00fcrgen\", \"steps\": [{\"subject\": \"Hi\", \"body\": \"a\\r\\nb\"}]}");
    const struct sequence *s = bench.sequence;
    assert_slice(s->name, "Jürgen");
    assert_slice(s->steps[0].versions[0].body, "a\nb\n");
    assert_slice(s->time_zone, "UTC");
    assert_true(s->has_footer);
    assert_int_equal(s->window.ranges[0].weekdays, DELIVERY_MONDAY_TO_FRIDAY);
    assert_int_equal(s->window.ranges[0].from_minute, 540);
    assert_int_equal(s->window.ranges[0].to_minute, 1020);
    assert_int_equal(s->pace.gap_max_ms, PACER_GAP_UNSAID);
    outreach_bench_free(&bench);
    (void)state;
}

static void a_version_is_chosen_by_contact_and_step_for_good(void **state) {
    struct outreach_bench bench = outreach_bench_good(full);
    const struct sequence_step *step = &bench.sequence->steps[2];
    size_t first = 0;
    size_t differ = 0;
    for (uint64_t contact = 1; contact <= 4000; contact++) {
        size_t chosen = sequence_version_choose(step, 2, contact);
        assert_int_equal(sequence_version_choose(step, 2, contact), chosen);
        first += chosen == 0;
        differ += chosen != sequence_version_choose(step, 3, contact);
    }
    /* Three to one. */
    assert_true(first > 2850 && first < 3150);
    assert_true(differ > 1000);
    /* It must never change: campaigns under way hang on it. */
    assert_int_equal(sequence_version_choose(step, 2, 2), 0);
    assert_int_equal(sequence_version_choose(step, 2, 3), 1);
    outreach_bench_free(&bench);
    (void)state;
}

static bool holds(const struct sequence_step *step, bool replied, const char *class, const char *country,
                  const char *role) {
    const struct snippet_field fields[] = {{SLICE("country"), slice_from_text(country)},
                                           {SLICE("role"), slice_from_text(role)}};
    struct sequence_facts facts = {
        .has_replied = replied, .reply_class = slice_from_text(class), .fields = {fields, 2}};
    return sequence_condition_holds(&step->condition, &facts);
}

static void conditions_say_whom_a_step_is_for(void **state) {
    struct outreach_bench bench = outreach_bench_good(full);
    const struct sequence_step *step = &bench.sequence->steps[1];
    assert_true(holds(step, false, "", "DE", "CTO"));
    assert_true(holds(step, false, "", "dk", ""));
    assert_false(holds(step, false, "", "PL", "CTO"));
    assert_false(holds(step, false, "", "DE", "ceo"));
    assert_false(holds(step, false, "", "", "CTO"));
    /* Who answered gets no follow-up, unless it says so. */
    assert_false(holds(step, true, "positive", "DE", "CTO"));
    outreach_bench_free(&bench);
    bench =
        outreach_bench_good("name: n\nsteps:\n- {subject: s, body: b}\n- {delay: 1 day, body: c, condition: "
                            "{replied: yes, reply_class: [later, out_of_office]}}\n");
    step = &bench.sequence->steps[1];
    assert_true(holds(step, true, "later", "", ""));
    assert_false(holds(step, true, "positive", "", ""));
    assert_false(holds(step, false, "", "", ""));
    outreach_bench_free(&bench);
    (void)state;
}

static size_t answering(const struct sequence *sequence, size_t line, uint32_t sent, const char *class) {
    struct sequence_facts facts = {.has_replied = true, .reply_class = slice_from_text(class)};
    return sequence_step_answering(sequence, line, sent, &facts);
}

static void who_answers_has_steps_of_their_own(void **state) {
    struct outreach_bench bench =
        outreach_bench_good("name: n\ncompany_stop: yes\nsteps:\n- {subject: s, body: b}\n"
                            "- {delay: 1 hour, body: c, condition: {replied: yes, reply_class: positive}}\n"
                            "- {delay: 1 day, body: d}\n"
                            "- {delay: 1 day, body: e, condition: {replied: any}}\n");
    const struct sequence *sequence = bench.sequence;
    struct sequence_facts line = {.is_forecast = true};
    assert_true(sequence->stops_company && sequence_has_answer_steps(sequence));
    assert_true(sequence_asks_answers(sequence));
    /* They are in nobody's line. */
    assert_int_equal(sequence_step_next(sequence, 0, &line), 0);
    assert_int_equal(sequence_step_next(sequence, 1, &line), 2);
    assert_int_equal(sequence_step_next(sequence, 4, &line), 4);
    /* An answer finds them also behind the letter that it answers, once. */
    assert_int_equal(answering(sequence, 3, 5, "positive"), 1);
    assert_int_equal(answering(sequence, 3, 7, "positive"), 3);
    assert_int_equal(answering(sequence, 3, 5, "negative"), 3);
    assert_int_equal(answering(sequence, 4, 15, "positive"), 4);
    outreach_bench_free(&bench);
    (void)state;
}

static void what_may_still_come_back_counts_for_what_is_next(void **state) {
    struct outreach_bench bench =
        outreach_bench_good("name: n\nsteps:\n- {subject: s, body: b}\n"
                            "- {delay: 1 day, body: c, condition: {reply_class: out_of_office}}\n"
                            "- {delay: 1 day, body: d, condition: {bounced: yes}}\n"
                            "- {delay: 1 day, body: e, condition: {bounced: no}}\n");
    struct sequence_facts facts = {.is_forecast = true};
    assert_int_equal(sequence_step_next(bench.sequence, 1, &facts), 1);
    facts.is_forecast = false;
    assert_int_equal(sequence_step_next(bench.sequence, 1, &facts), 3);
    facts.has_bounced = true;
    assert_int_equal(sequence_step_next(bench.sequence, 1, &facts), 2);
    assert_int_equal(sequence_step_next(bench.sequence, 3, &facts), 4);
    facts.reply_class = SLICE("out_of_office");
    assert_int_equal(sequence_step_next(bench.sequence, 1, &facts), 1);
    outreach_bench_free(&bench);
    (void)state;
}

static void conditions_have_words(void **state) {
    struct outreach_bench bench = outreach_bench_good(
        "name: n\nsteps:\n- {subject: s, body: b}\n"
        "- {delay: 1 day, body: c, condition: {replied: yes, reply_class: [positive, later], fields: "
        "[{name: country, is: DE}, {name: role, is_not: ceo}]}}\n"
        "- {delay: 1 day, body: d, condition: {bounced: no}}\n"
        "- {delay: 1 day, body: e, condition: {reply_class: auto_reply}}\n");
    static const char *const words[] = {
        "", "who answered (positive or later), where country is DE, role is not ceo",
        "of whom no letter came back", "from whom came (auto_reply)"};
    for (size_t i = 0; i < bench.sequence->step_count; i++) {
        struct buffer out = buffer_new(1000);
        sequence_condition_write(&out, &bench.sequence->steps[i].condition);
        assert_slice(buffer_slice(&out), words[i]);
        buffer_free(&out);
    }
    outreach_bench_free(&bench);
    (void)state;
}

static void a_step_is_due_inside_a_window(void **state) {
    struct outreach_bench bench = outreach_bench_good(full);
    struct delivery_zone *berlin = zone_named("Europe/Berlin");
    /* Sent on a Tuesday at 10:00: three working days later is a Friday. */
    assert_clock(berlin, sequence_due_ms(bench.sequence, 1, berlin, utc_ms("2026-07-07 08:00")),
                 "Fri 2026-07-10 10:00");
    /* A Monday at 11:50 and no delay: at once; at 13:00 the next morning. */
    assert_clock(berlin, sequence_due_ms(bench.sequence, 0, berlin, utc_ms("2026-07-06 09:50")),
                 "Mon 2026-07-06 11:50");
    assert_clock(berlin, sequence_due_ms(bench.sequence, 0, berlin, utc_ms("2026-07-06 11:00")),
                 "Tue 2026-07-07 08:30");
    delivery_zone_free(&berlin);
    outreach_bench_free(&bench);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_read_whole),
        cmocka_unit_test(the_normal_form_reads_back_the_same),
        cmocka_unit_test(for_trying_times_may_be_shorter),
        cmocka_unit_test(what_is_said_is_kept_whatever_it_is),
        cmocka_unit_test(little_is_needed_and_the_rest_is_usual),
        cmocka_unit_test(a_version_is_chosen_by_contact_and_step_for_good),
        cmocka_unit_test(conditions_say_whom_a_step_is_for),
        cmocka_unit_test(who_answers_has_steps_of_their_own),
        cmocka_unit_test(what_may_still_come_back_counts_for_what_is_next),
        cmocka_unit_test(conditions_have_words),
        cmocka_unit_test(a_step_is_due_inside_a_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

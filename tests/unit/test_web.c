/* What the web server is made of: who may ask, what is counted, how it is said. */
#include "test.h"

#include "web/web_report.h"
#include "wire/network_list.h"

static void a_list_allows_its_addresses_and_networks(void **state) {
    static const struct {
        const char *list;
        const char *address;
        bool is_in;
    } rows[] = {
        {"127.0.0.0/8, ::1", "127.0.0.1", true},
        {"127.0.0.0/8, ::1", "127.255.255.255", true},
        {"127.0.0.0/8, ::1", "128.0.0.1", false},
        {"127.0.0.0/8, ::1", "::1", true},
        {"127.0.0.0/8, ::1", "::2", false},
        {"127.0.0.0/8", "::ffff:127.0.0.1", true},
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.8", false},
        {"10.128.0.0/9", "10.200.1.1", true},
        {"10.128.0.0/9", "10.127.1.1", false},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "203.0.113.9", true},
        {"127.0.0.0/8", "", false},
        {"127.0.0.1, x", "127.0.0.1", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (network_list_has(slice_from_text(rows[i].list), rows[i].address) != rows[i].is_in)
            fail_msg("%s in %s", rows[i].address, rows[i].list);
}

static void a_list_that_is_not_one_is_refused(void **state) {
    static const char *const lists[] = {"",        "localhost", "127.0.0.1/33", "127.0.0.1/8",
                                        "::1/129", "::1/",      "127.0.0.1,,",  "127.0.0.1 ::1",
                                        "/8",      "1.2.3",     "::1/-1",       "127.0.0.0/8x"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (network_list_is_valid(slice_from_text(lists[i]))) fail_msg("taken: %s", lists[i]);
    assert_true(network_list_is_valid(SLICE("127.0.0.0/8 , ::1,192.0.2.1")));
}

static bool has_line(struct slice text, const char *line) {
    while (text.len) {
        if (slice_equal(slice_take_until(&text, '\n'), slice_from_text(line))) return true;
        (void)slice_take_byte(&text, '\n');
    }
    return false;
}

static void observations_fall_into_their_buckets(void **state) {
    struct metrics metrics = {0};
    struct buffer text = buffer_new(1 << 20);
    metrics_observe(&metrics, METRIC_SMTP_DELIVERY, 0);
    metrics_observe(&metrics, METRIC_SMTP_DELIVERY, 5);
    metrics_observe(&metrics, METRIC_SMTP_DELIVERY, 6);
    metrics_observe(&metrics, METRIC_SMTP_DELIVERY, 10001);
    metrics_render(&text, &metrics);
    assert_true(has_line(buffer_slice(&text), "posthaste_smtp_delivery_seconds_bucket{le=\"0.001\"} 1"));
    assert_true(has_line(buffer_slice(&text), "posthaste_smtp_delivery_seconds_bucket{le=\"0.005\"} 2"));
    assert_true(has_line(buffer_slice(&text), "posthaste_smtp_delivery_seconds_bucket{le=\"0.010\"} 3"));
    assert_true(has_line(buffer_slice(&text), "posthaste_smtp_delivery_seconds_bucket{le=\"10\"} 3"));
    assert_true(has_line(buffer_slice(&text), "posthaste_smtp_delivery_seconds_bucket{le=\"+Inf\"} 4"));
    assert_true(has_line(buffer_slice(&text), "posthaste_smtp_delivery_seconds_sum 10.012"));
    assert_true(has_line(buffer_slice(&text), "posthaste_smtp_delivery_seconds_count 4"));
    buffer_free(&text);
}

static void what_is_kept_of_a_dead_role_are_its_counters(void **state) {
    struct metrics dead = {0};
    struct metrics kept = {0};
    metrics_add(&dead, METRIC_LOGINS_FAILED, 3);
    metrics_enter(&dead, METRIC_SESSIONS + METRIC_PROTOCOL_IMAP);
    metrics_observe(&dead, METRIC_STORE_BATCH, 2);
    metrics_keep(&kept, &dead);
    metrics_keep(&kept, &dead);
    assert_int_equal(kept.cells[METRIC_LOGINS_FAILED], 6);
    assert_int_equal(kept.cells[METRIC_SESSIONS + METRIC_PROTOCOL_IMAP], 0);
    assert_int_equal(kept.cells[METRIC_STORE_BATCH + 1], 2);
}

static struct web_report report_of_two(void) {
    struct web_report report = {.role_count = 2, .started_ms = 1000, .now_ms = 9000};
    report.roles[0] = (struct web_role){"store", 0, 1, 4096, true, 12};
    report.roles[1] = (struct web_role){"mail", 3, 0, 0, false, 2000};
    metrics_add(&report.metrics, METRIC_SMTP_ACCEPTED, 77);
    return report;
}

static void a_report_survives_its_way(void **state) {
    struct web_report report = report_of_two();
    struct web_report copy;
    struct buffer bytes = buffer_new(1 << 20);
    web_report_pack(&bytes, &report);
    assert_true(web_report_unpack(buffer_slice(&bytes), &copy));
    assert_string_equal(copy.roles[1].kind, "mail");
    assert_int_equal(copy.roles[1].index, 3);
    assert_int_equal(copy.metrics.cells[METRIC_SMTP_ACCEPTED], 77);
    for (size_t len = 0; len < bytes.len; len++)
        assert_false(web_report_unpack(slice_sub(buffer_slice(&bytes), 0, len), &copy));
    buffer_free(&bytes);
}

static void health_names_who_does_not_answer(void **state) {
    struct web_report report = report_of_two();
    struct buffer text = buffer_new(1 << 20);
    web_report_render_health(&text, &report);
    assert_slice(buffer_slice(&text), "{\"status\": \"failing\", \"not_answering\": [\"mail 3\"]}\n");
    report.roles[1].answers = true;
    buffer_clear(&text);
    web_report_render_health(&text, &report);
    assert_slice(buffer_slice(&text), "{\"status\": \"ok\"}\n");
    buffer_clear(&text);
    web_report_render_health(&text, NULL);
    assert_slice(buffer_slice(&text), "{\"status\": \"failing\", \"not_answering\": [\"supervisor\"]}\n");
    buffer_free(&text);
}

static void roles_have_their_series(void **state) {
    struct web_report report = report_of_two();
    struct buffer text = buffer_new(1 << 20);
    web_report_render_metrics(&text, &report);
    assert_true(has_line(buffer_slice(&text), "posthaste_role_up{role=\"mail\",index=\"3\"} 0"));
    assert_true(
        has_line(buffer_slice(&text), "posthaste_role_answer_seconds{role=\"store\",index=\"0\"} 0.012"));
    assert_true(has_line(buffer_slice(&text), "posthaste_uptime_seconds 8"));
    assert_true(has_line(buffer_slice(&text), "posthaste_smtp_messages_accepted_total 77"));
    assert_false(
        has_line(buffer_slice(&text), "posthaste_role_resident_memory_bytes{role=\"mail\",index=\"3\"} 0"));
    buffer_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_allows_its_addresses_and_networks),
        cmocka_unit_test(a_list_that_is_not_one_is_refused),
        cmocka_unit_test(observations_fall_into_their_buckets),
        cmocka_unit_test(what_is_kept_of_a_dead_role_are_its_counters),
        cmocka_unit_test(a_report_survives_its_way),
        cmocka_unit_test(health_names_who_does_not_answer),
        cmocka_unit_test(roles_have_their_series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

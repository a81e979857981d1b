/* Webhooks, what is pure of them: signatures, URLs, types, the schedule, payloads, and what roles tell each
   other. */
#include "test.h"

#include "base/encode.h"
#include "base/limits_hook.h"
#include "hook/kinds.h"
#include "hook/payload.h"
#include "hook/protocol.h"
#include "hook/schedule.h"
#include "hook/signature.h"
#include "hook/url.h"
#include "store/feed.h"

/* ---- signatures ---- */

/* The example that Standard Webhooks' own libraries are tested with. */
static void a_signature_is_that_of_the_standard(void **state) {
    struct buffer secret = buffer_new(64);
    struct buffer out = buffer_new(256);
    struct hook_stamp stamp = {SLICE("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330};
    assert_true(base64_decode(&secret, SLICE("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")));
    hook_signature_write(&out, buffer_slice(&secret), &stamp, SLICE("{\"test\": 2432232314}"));
    assert_slice(buffer_slice(&out), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    buffer_clear(&out);
    hook_secret_write(&out, buffer_slice(&secret));
    assert_slice(buffer_slice(&out), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    buffer_clear(&out);
    hook_id_write(&out, 0x12ab);
    assert_slice(buffer_slice(&out), "evt_00000000000012ab");
    buffer_free(&out);
    buffer_free(&secret);
}

static struct slice sign(struct buffer *out, const char *id, int64_t timestamp, const char *payload) {
    struct hook_stamp stamp = {slice_from_text(id), timestamp};
    buffer_clear(out);
    hook_signature_write(out, SLICE("0123456789abcdef01234567"), &stamp, slice_from_text(payload));
    return buffer_slice(out);
}

static void each_part_of_what_is_signed_counts(void **state) {
    struct buffer a = buffer_new(256);
    struct buffer b = buffer_new(256);
    struct slice first = sign(&a, "evt_1", 1700000000, "{}");
    assert_true(slice_equal(first, sign(&b, "evt_1", 1700000000, "{}")));
    assert_false(slice_equal(first, sign(&b, "evt_2", 1700000000, "{}")));
    assert_false(slice_equal(first, sign(&b, "evt_1", 1700000001, "{}")));
    assert_false(slice_equal(first, sign(&b, "evt_1", 1700000000, "{} ")));
    buffer_free(&a);
    buffer_free(&b);
}

/* ---- URLs ---- */

static void a_url_has_one_host_and_nothing_that_two_readers_see_differently(void **state) {
    static const struct {
        const char *text;
        enum hook_url_fault fault;
        const char *host;
    } cases[] = {
        {"https://hooks.example.org", HOOK_URL_OK, "hooks.example.org"},
        {"https://hooks.example.org:8443/a/b?c=d%20e", HOOK_URL_OK, "hooks.example.org"},
        {"https://Hooks.Example.org?x", HOOK_URL_OK, "Hooks.Example.org"},
        {"https://192.0.2.7/x", HOOK_URL_OK, "192.0.2.7"},
        {"https://[2001:db8::7]:443/x", HOOK_URL_OK, "2001:db8::7"},
        {"http://127.0.0.1:8080/", HOOK_URL_OK, "127.0.0.1"},
        {"https://xn--mller-kva.example/", HOOK_URL_OK, "xn--mller-kva.example"},
        {"", HOOK_URL_SCHEME, NULL},
        {"hooks.example.org", HOOK_URL_SCHEME, NULL},
        {"HTTPS://hooks.example.org", HOOK_URL_SCHEME, NULL},
        {"file:///etc/passwd", HOOK_URL_SCHEME, NULL},
        {"https://", HOOK_URL_HOST, NULL},
        {"https:///x", HOOK_URL_HOST, NULL},
        {"https://a..b/", HOOK_URL_HOST, NULL},
        {"https://example.org./", HOOK_URL_HOST, NULL},
        {"https://-a.b/", HOOK_URL_HOST, NULL},
        {"https://127.1/", HOOK_URL_HOST, NULL},
        {"https://2130706433/", HOOK_URL_HOST, NULL},
        {"https://0x7f000001/", HOOK_URL_HOST, NULL},
        {"https://0177.0.0.1/", HOOK_URL_HOST, NULL},
        {"https://[fe80::1%25eth0]/", HOOK_URL_HOST, NULL},
        {"https://[127.0.0.1]/", HOOK_URL_HOST, NULL},
        {"https://::1/", HOOK_URL_HOST, NULL},
        {"https://a.b:/", HOOK_URL_PORT, NULL},
        {"https://a.b:0/", HOOK_URL_PORT, NULL},
        {"https://a.b:65536/", HOOK_URL_PORT, NULL},
        {"https://a.b:80x/", HOOK_URL_PORT, NULL},
        {"https://[::1]x/", HOOK_URL_PORT, NULL},
        {"https://a.b@c.d/", HOOK_URL_USER, NULL},
        {"https://a.b/x@y", HOOK_URL_USER, NULL},
        {"https://a.b/#c", HOOK_URL_FRAGMENT, NULL},
        {"https://a.b\\c.d/", HOOK_URL_CHARACTERS, NULL},
        {"https://a.b/ c", HOOK_URL_CHARACTERS, NULL},
        {"https://a.b/\r\nHost: c", HOOK_URL_CHARACTERS, NULL},
        {"https://m\xc3\xbcller.example/", HOOK_URL_CHARACTERS, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hook_url url;
        enum hook_url_fault fault = hook_url_read(slice_from_text(cases[i].text), &url);
        if (fault != cases[i].fault) fail_msg("%s: %s", cases[i].text, hook_url_words(fault));
        if (cases[i].host) assert_slice(url.host, cases[i].host);
    }
}

static void a_url_is_as_long_as_its_limit(void **state) {
    struct hook_url url;
    struct buffer text = buffer_new(4096);
    buffer_append_text(&text, "https://a.example/");
    while (text.len < WEBHOOK_URL_BYTES_MAX) buffer_append_byte(&text, 'x');
    assert_int_equal(hook_url_read(buffer_slice(&text), &url), HOOK_URL_OK);
    buffer_append_byte(&text, 'x');
    assert_int_equal(hook_url_read(buffer_slice(&text), &url), HOOK_URL_TOO_LONG);
    buffer_free(&text);
}

static void without_tls_is_for_this_machine_where_that_is_allowed(void **state) {
    static const struct {
        const char *text;
        bool is_allowed;
        bool is_allowed_private;
    } cases[] = {
        {"https://a.example/", true, true},          {"http://a.example/", false, false},
        {"http://127.0.0.1/", false, true},          {"http://127.9.9.9:81/", false, true},
        {"http://[::1]:80/", false, true},           {"http://10.0.0.1/", false, false},
        {"http://127.example/", false, false},       {"http://localhost/", false, false},
        {"http://127.0.0.1.example/", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hook_url url;
        assert_int_equal(hook_url_read(slice_from_text(cases[i].text), &url), HOOK_URL_OK);
        assert_int_equal(hook_url_is_allowed(&url, false), cases[i].is_allowed);
        assert_int_equal(hook_url_is_allowed(&url, true), cases[i].is_allowed_private);
    }
}

/* ---- which events ---- */

static const char *type_at(size_t index) {
    static const char *const types[] = {"outreach.replied", "outreach.campaign.paused", NULL};
    return types[index];
}

static void types_are_named_or_taken_by_their_beginning(void **state) {
    struct slice wrong;
    assert_true(hook_kinds_match(SLICE("*"), SLICE("outreach.replied")));
    assert_true(hook_kinds_match(SLICE("a.b, outreach.replied"), SLICE("outreach.replied")));
    assert_true(hook_kinds_match(SLICE("outreach.*"), SLICE("outreach.campaign.paused")));
    assert_true(hook_kinds_match(SLICE("outreach.campaign.*"), SLICE("outreach.campaign.paused")));
    assert_false(hook_kinds_match(SLICE("outreach.campaign.*"), SLICE("outreach.replied")));
    assert_false(hook_kinds_match(SLICE("outreach.re"), SLICE("outreach.replied")));
    assert_false(hook_kinds_match(SLICE("out*"), SLICE("outreach.replied")));
    assert_false(hook_kinds_match(SLICE(""), SLICE("outreach.replied")));
    assert_true(hook_kinds_check(SLICE("outreach.replied,outreach.campaign.*"), type_at, &wrong));
    assert_false(hook_kinds_check(SLICE("outreach.replied, outreach.repleid"), type_at, &wrong));
    assert_slice(wrong, "outreach.repleid");
    assert_false(hook_kinds_check(SLICE("outreach.replied,"), type_at, &wrong));
    assert_false(hook_kinds_check(SLICE(""), type_at, &wrong));
}

/* ---- the schedule ---- */

static void attempts_are_those_of_the_standard_with_some_jitter(void **state) {
    static const int64_t pauses_s[] = {5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400};
    for (uint64_t attempts = 1; attempts < HOOK_ATTEMPTS_MAX; attempts++) {
        int64_t pause_ms = pauses_s[attempts - 1] * 1000;
        assert_int_equal(hook_schedule_pause_ms(attempts, 0), pause_ms * 9 / 10);
        for (uint64_t random = 1; random; random *= 3) {
            int64_t got_ms = hook_schedule_pause_ms(attempts, random);
            assert_true(got_ms >= pause_ms * 9 / 10 && got_ms <= pause_ms * 11 / 10);
            if (random > UINT64_MAX / 3) break;
        }
    }
    assert_int_equal(hook_schedule_pause_ms(HOOK_ATTEMPTS_MAX, 0), -1);
    assert_int_equal(hook_schedule_pause_ms(UINT64_MAX, 0), -1);
}

/* ---- payloads ---- */

static void a_payload_has_type_timestamp_and_data(void **state) {
    struct buffer out = buffer_new(HOOK_PAYLOAD_BYTES_MAX);
    struct hook_member members[] = {{"campaign", SLICE("a \"b\" \xc3\xbc")},
                                    {"detail", SLICE("bad \xff\r\n")}};
    struct hook_event event = {0x1f, "outreach.replied", 1667507170344, members, 2};
    hook_payload_write(&out, &event);
    assert_slice(buffer_slice(&out),
                 "{\"type\":\"outreach.replied\",\"timestamp\":\"2022-11-03T20:26:10.344Z\",\"data\":{"
                 "\"event\":\"000000000000001f\",\"campaign\":\"a \\\"b\\\" \xc3\xbc\","
                 "\"detail\":\"bad ?\\r\\n\"}}");
    buffer_free(&out);
}

/* However long the texts of an event are, its payload fits. */
static void the_longest_payload_fits(void **state) {
    struct buffer out = buffer_new(HOOK_PAYLOAD_BYTES_MAX);
    uint8_t text[FEED_TEXT_BYTES_MAX];
    char names[FEED_MEMBERS_MAX][2];
    struct hook_member members[FEED_MEMBERS_MAX];
    memset(text, 1, sizeof text);
    for (size_t i = 0; i < FEED_MEMBERS_MAX; i++) {
        names[i][0] = (char)('a' + i);
        names[i][1] = 0;
        members[i] = (struct hook_member){names[i], slice_of(text, sizeof text)};
    }
    struct hook_event event = {1, "outreach.replied", 0, members, FEED_MEMBERS_MAX};
    hook_payload_write(&out, &event);
    assert_false(buffer_overflowed(&out));
    buffer_free(&out);
}

/* ---- between roles ---- */

static void what_roles_say_comes_back_as_it_was(void **state) {
    struct buffer out = buffer_new(4096);
    struct hook_post post = {SLICE("https://a.example/"), SLICE("evt_1"), SLICE("17"), SLICE("v1,x v1,y"),
                             SLICE("{}")};
    struct hook_post posted;
    hook_post_pack(&out, &post);
    assert_true(hook_post_unpack(buffer_slice(&out), &posted));
    assert_slice(posted.signatures, "v1,x v1,y");
    assert_slice(posted.payload, "{}");
    for (size_t len = 0; len < out.len; len++)
        assert_false(hook_post_unpack(slice_sub(buffer_slice(&out), 0, len), &posted));
    buffer_clear(&out);
    struct hook_report report = {HOOK_ANSWERED, 503, 60000, SLICE("words")};
    struct hook_report reported;
    hook_report_pack(&out, &report);
    assert_true(hook_report_unpack(buffer_slice(&out), &reported));
    assert_int_equal(reported.status, 503);
    assert_int_equal(reported.retry_after_ms, 60000);
    assert_slice(reported.words, "words");
    for (size_t len = 0; len < out.len; len++)
        assert_false(hook_report_unpack(slice_sub(buffer_slice(&out), 0, len), &reported));
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_is_that_of_the_standard),
        cmocka_unit_test(each_part_of_what_is_signed_counts),
        cmocka_unit_test(a_url_has_one_host_and_nothing_that_two_readers_see_differently),
        cmocka_unit_test(a_url_is_as_long_as_its_limit),
        cmocka_unit_test(without_tls_is_for_this_machine_where_that_is_allowed),
        cmocka_unit_test(types_are_named_or_taken_by_their_beginning),
        cmocka_unit_test(attempts_are_those_of_the_standard_with_some_jitter),
        cmocka_unit_test(a_payload_has_type_timestamp_and_data),
        cmocka_unit_test(the_longest_payload_fits),
        cmocka_unit_test(what_roles_say_comes_back_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

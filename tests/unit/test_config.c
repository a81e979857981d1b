/* The configuration file: what its keys take, and how it says what is wrong. */
#include "test.h"

#include "app/settings/config.h"
#include "base/limits.h"
#include "trust/inbound_policy.h"
#include "wire/acme.h"

static struct slice parse(struct arena *arena, const char *text, struct config *config) {
    struct slice error = SLICE_EMPTY;
    if (!config_parse(arena, "posthaste.conf", slice_from_text(text), config, &error))
        assert_int_not_equal(error.len, 0);
    return error;
}

static void nobody_relays_and_mail_goes_out_by_port_25_unless_it_is_said(void **state) {
    struct arena *arena = arena_new(MIB(1));
    struct config config;
    assert_int_equal(parse(arena, "", &config).len, 0);
    assert_string_equal(config.relay_networks, "");
    assert_int_equal(config.outbound.port, 25);
    assert_false(config.outbound.allow_private);
    assert_string_equal(config.dnsbl_zones, "");
    assert_false(config.is_greylisting);
    assert_string_equal(config.outbound.source_ipv4, "");
    assert_int_equal(config.outbound.lifetime_hours, 120);
    assert_int_equal(config.outbound.delay_warning_hours, 4);
    arena_free(&arena);
}

static void no_ca_is_asked_unless_it_is_said(void **state) {
    struct arena *arena = arena_new(MIB(1));
    struct config config;
    assert_int_equal(parse(arena, "", &config).len, 0);
    assert_false(config.acme.is_enabled || config.acme.terms_agreed);
    assert_string_equal(config.acme.names, "");
    assert_int_equal(parse(arena,
                           "acme.enabled = yes\nacme.terms_agreed = yes\nacme.email = a@b.test\n"
                           "acme.names = mx.b.test, xn--bcher-kva.test\nacme.challenge = tls-alpn-01\n"
                           "acme.directory = https://ca.test/dir\n",
                           &config)
                         .len,
                     0);
    assert_true(config.acme.is_enabled && config.acme.terms_agreed);
    assert_int_equal(config.acme.challenge, ACME_TLS_ALPN_01);
    assert_string_equal(config.acme.names, "mx.b.test, xn--bcher-kva.test");
    arena_free(&arena);
}

static void keys_of_the_way_out_are_read(void **state) {
    struct arena *arena = arena_new(MIB(1));
    struct config config;
    struct slice error = parse(arena,
                               "relay.networks = 192.0.2.7, 2001:db8::/32\ngreylist.enabled = yes\n"
                               "outbound.port = 2525\noutbound.allow_private = yes\n"
                               "outbound.source_ipv4 = 192.0.2.1\noutbound.source_ipv6 = 2001:db8::1\n"
                               "outbound.lifetime_hours = 48\noutbound.delay_warning_hours = 0\n"
                               "outbound.account_recipients_per_hour = 0\n"
                               "outbound.account_recipients_per_day = 77 # few\n",
                               &config);
    assert_int_equal(error.len, 0);
    assert_string_equal(config.relay_networks, "192.0.2.7, 2001:db8::/32");
    assert_true(config.is_greylisting);
    assert_int_equal(config.outbound.port, 2525);
    assert_true(config.outbound.allow_private);
    assert_string_equal(config.outbound.source_ipv4, "192.0.2.1");
    assert_string_equal(config.outbound.source_ipv6, "2001:db8::1");
    assert_int_equal(config.outbound.lifetime_hours, 48);
    assert_int_equal(config.outbound.delay_warning_hours, 0);
    assert_int_equal(config.outbound.account_recipients_per_hour, 0);
    assert_int_equal(config.outbound.account_recipients_per_day, 77);
    arena_free(&arena);
}

static void what_failing_does_is_the_owner_s_choice(void **state) {
    struct arena *arena = arena_new(MIB(1));
    struct config config;
    assert_int_equal(parse(arena, "", &config).len, 0);
    assert_true(config.trust.is_used);
    assert_true(config.trust.seals_forwarded);
    assert_int_equal(config.trust.dmarc_reject, INBOUND_REJECT);
    assert_int_equal(config.trust.dmarc_quarantine, INBOUND_JUNK);
    assert_int_equal(config.trust.spf_fail, INBOUND_ACCEPT);
    assert_int_equal(config.trust.temperror, INBOUND_ACCEPT);
    struct slice error = parse(arena,
                               "trust.check = no\ntrust.exempt = 192.0.2.7\ntrust.dmarc_reject = junk\n"
                               "trust.dmarc_quarantine = accept\ntrust.spf_fail = reject\n"
                               "trust.from_invalid = reject\ntrust.temperror = defer\n"
                               "trust.arc_sealers = Lists.Example.org , b\xc3\xbc"
                               "cher.example\ntrust.seal_forwarded = no\n",
                               &config);
    assert_int_equal(error.len, 0);
    assert_false(config.trust.is_used);
    assert_false(config.trust.seals_forwarded);
    assert_string_equal(config.trust.exempt, "192.0.2.7");
    assert_int_equal(config.trust.dmarc_reject, INBOUND_JUNK);
    assert_int_equal(config.trust.dmarc_quarantine, INBOUND_ACCEPT);
    assert_int_equal(config.trust.spf_fail, INBOUND_REJECT);
    assert_int_equal(config.trust.from_invalid, INBOUND_REJECT);
    assert_int_equal(config.trust.temperror, INBOUND_DEFER);
    assert_string_equal(config.trust.arc_sealers, "lists.example.org, xn--bcher-kva.example");
    arena_free(&arena);
}

static void what_a_key_cannot_take_is_named_with_its_line(void **state) {
    static const struct {
        const char *line;
        const char *says;
    } rows[] = {
        {"relay.networks = 192.0.2.7/24", "must be addresses and networks"},
        {"relay.networks = everybody", "must be addresses and networks"},
        {"relay.networks =", "has no value"},
        {"dnsbl.zones = a.test=10.0.0.1", "up to 8 names"},
        {"greylist.enabled = 1", "yes or no"},
        {"acme.enabled = maybe", "yes or no"},
        {"acme.directory = http://ca.test/dir", "the https:// URL of an ACME directory"},
        {"acme.email = nobody", "an address that takes mail"},
        {"acme.email = a b@c.test", "an address that takes mail"},
        {"acme.names = mail", "up to 100 names"},
        {"acme.names = a.test,, b.test", "up to 100 names"},
        {"acme.names = *.example.org", "up to 100 names"},
        {"acme.names = -a.example.org", "up to 100 names"},
        {"acme.challenge = dns-01", "http-01 or tls-alpn-01"},
        {"outbound.port = 0", "from 1 to 65535"},
        {"outbound.port = 65536", "from 1 to 65535"},
        {"outbound.allow_private = true", "yes or no"},
        {"outbound.source_ipv4 = ::1", "an IPv4 address"},
        {"outbound.source_ipv6 = 127.0.0.1", "an IPv6 address"},
        {"outbound.source_ipv4 = localhost", "an IPv4 address"},
        {"outbound.lifetime_hours = 0", "from 1 to 720"},
        {"outbound.delay_warning_hours = 721", "from 0 (never) to 720"},
        {"outbound.account_recipients_per_day = -1", "from 0 (no limit)"},
        {"filter.rspamd = 127.0.0.1", "like 127.0.0.1:11333"},
        {"filter.rspamd = localhost:11333", "like 127.0.0.1:11333"},
        {"filter.milter = 127.0.0.1:8891", "inet:"},
        {"filter.milter = inet:localhost:8891", "inet:"},
        {"filter.when_down = drop", "defer, accept or junk"},
        {"filter.submission = on", "yes or no"},
        {"trust.check = maybe", "yes or no"},
        {"trust.exempt = here", "addresses and networks"},
        {"trust.dmarc_reject = bounce", "reject, junk or accept"},
        {"trust.spf_fail = defer", "reject, junk or accept"},
        {"trust.temperror = reject", "accept or defer"},
        {"trust.arc_sealers = lists.example.org,, x", "domains, like"},
        {"outbound.speed = 9", "unknown key"},
    };
    struct arena *arena = arena_new(MIB(1));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct config config;
        char text[200];
        (void)snprintf(text, sizeof text, "hostname = mail.example.test\n%s\n", rows[i].line);
        struct slice error = parse(arena, text, &config);
        if (!slice_starts(error, SLICE("posthaste.conf:2: ")) ||
            slice_find(error, slice_from_text(rows[i].says)) == SLICE_NOT_FOUND)
            fail_msg("%s: %.*s", rows[i].line, SLICE_PRINT(error));
    }
    arena_free(&arena);
}

static void a_new_file_s_text_reads_as_the_defaults(void **state) {
    struct arena *arena = arena_new(MIB(1));
    struct buffer text = buffer_new(MIB(1));
    struct config config;
    struct config again;
    struct slice error = SLICE_EMPTY;
    assert_int_equal(parse(arena, "", &config).len, 0);
    config_render(&config, &text);
    assert_true(config_parse(arena, "posthaste.conf", buffer_slice(&text), &again, &error));
    assert_string_equal(again.relay_networks, "");
    assert_int_equal(again.outbound.lifetime_hours, config.outbound.lifetime_hours);
    assert_int_equal(again.message_bytes_max, config.message_bytes_max);
    buffer_free(&text);
    arena_free(&arena);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_relays_and_mail_goes_out_by_port_25_unless_it_is_said),
        cmocka_unit_test(no_ca_is_asked_unless_it_is_said),
        cmocka_unit_test(keys_of_the_way_out_are_read),
        cmocka_unit_test(what_failing_does_is_the_owner_s_choice),
        cmocka_unit_test(what_a_key_cannot_take_is_named_with_its_line),
        cmocka_unit_test(a_new_file_s_text_reads_as_the_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

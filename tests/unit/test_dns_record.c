/* The data of DNS records, and names and addresses on their way into a question. */
#include "test.h"

#include "wire/dns.h"

#define BYTES(literal) slice_of(literal, sizeof(literal) - 1)

static void names_are_text_without_the_last_dot(void **state) {
    (void)state;
    struct buffer out = buffer_new(2000);
    assert_true(dns_name_text(BYTES("\4mail\7example\4test\0"), &out));
    assert_slice(buffer_slice(&out), "mail.example.test");
    buffer_clear(&out);
    assert_true(dns_name_text(BYTES("\0"), &out));
    assert_slice(buffer_slice(&out), "");
    assert_true(dns_name_text(BYTES("\6a.b\\\"c\3\0 \xff\0"), &out));
    assert_slice(buffer_slice(&out), "a\\046b\\092\\034c.\\000\\032\\255");
    buffer_free(&out);
}

static void broken_names_are_refused_and_leave_nothing(void **state) {
    (void)state;
    static const struct slice broken[] = {
        SLICE_INIT(""),    SLICE_INIT("\4mail"),  SLICE_INIT("\4mai"),    SLICE_INIT("\300\14"),
        SLICE_INIT("\0x"), SLICE_INIT("\1a\0\0"), SLICE_INIT("\100aaaa"),
    };
    struct buffer out = buffer_new(2000);
    buffer_append_text(&out, "before");
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_false(dns_name_text(broken[i], &out));
    uint8_t longest[300] = {0};
    for (size_t i = 0; i < 256; i += 2) memcpy(longest + i, "\1a", 2);
    assert_false(dns_name_text(slice_of(longest, 257), &out));
    longest[254] = 0;
    assert_slice(buffer_slice(&out), "before");
    assert_true(dns_name_text(slice_of(longest, 255), &out));
    buffer_free(&out);
}

static void mx_has_preference_and_exchange_and_may_be_null(void **state) {
    (void)state;
    struct dns_mx mx;
    assert_true(dns_mx_read(BYTES("\1\2\2mx\4test\0"), &mx));
    assert_int_equal(mx.preference, 258);
    assert_true(slice_equal(mx.exchange, BYTES("\2mx\4test\0")));
    assert_false(mx.is_null);
    assert_true(dns_mx_read(BYTES("\0\0\0"), &mx));
    assert_true(mx.is_null);
    assert_false(dns_mx_read(BYTES("\0"), &mx));
    assert_false(dns_mx_read(BYTES("\0\12"), &mx));
    assert_false(dns_mx_read(BYTES("\0\12\2mx\0x"), &mx));
}

static void txt_strings_are_joined_without_anything_between(void **state) {
    (void)state;
    struct buffer out = buffer_new(12);
    assert_true(dns_txt_join(BYTES("\3v=s\0\3pf1"), &out));
    assert_slice(buffer_slice(&out), "v=spf1");
    assert_false(dns_txt_join(BYTES("\3abc\4abc"), &out));
    assert_false(dns_txt_join(BYTES(""), &out));
    assert_slice(buffer_slice(&out), "v=spf1");
    assert_false(dns_txt_join(BYTES("\7toolong"), &out));
    assert_slice(buffer_slice(&out), "v=spf1");
    buffer_free(&out);
}

static void tlsa_and_soa_are_read_to_their_end(void **state) {
    (void)state;
    struct dns_tlsa tlsa;
    assert_true(dns_tlsa_read(BYTES("\3\1\1abcd"), &tlsa));
    assert_true(tlsa.usage == 3 && tlsa.selector == 1 && tlsa.matching == 1);
    assert_slice(tlsa.certificate, "abcd");
    assert_false(dns_tlsa_read(BYTES("\3\1\1"), &tlsa));
    struct dns_soa soa;
    struct slice data = BYTES("\2ns\0\1x\0\0\0\1\0\0\0\0\1\0\0\0\2\0\0\0\3\xff\xff\xff\xff");
    assert_true(dns_soa_read(data, &soa));
    assert_true(soa.serial == 256 && soa.refresh_s == 1 && soa.retry_s == 2 && soa.expire_s == 3);
    assert_int_equal(soa.minimum_s, UINT32_MAX);
    for (size_t len = 0; len < data.len; len++) assert_false(dns_soa_read(slice_sub(data, 0, len), &soa));
}

struct address_case {
    const char *text;
    const char *canonical;
    const char *reverse;
};

static void addresses_go_to_text_and_back_and_have_reverse_names(void **state) {
    (void)state;
    static const struct address_case cases[] = {
        {"192.0.2.1", "192.0.2.1", "1.2.0.192.in-addr.arpa"},
        {"0.0.0.255", "0.0.0.255", "255.0.0.0.in-addr.arpa"},
        {"2001:DB8::1", "2001:db8::1",
         "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"},
        {"::", "::", "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa"},
        {"::1", "::1", NULL},
        {"1::", "1::", NULL},
        {"1:0:0:2:0:0:0:3", "1:0:0:2::3", NULL},
        {"1:0:0:2:3:0:0:4", "1::2:3:0:0:4", NULL},
        {"1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7", NULL},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", NULL},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.1", NULL},
        {"64:ff9b::192.0.2.1", "64:ff9b::c000:201", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dns_address address;
        struct buffer out = buffer_new(200);
        assert_true(dns_address_parse(slice_from_text(cases[i].text), &address));
        dns_address_text(&address, &out);
        assert_slice(buffer_slice(&out), cases[i].canonical);
        buffer_clear(&out);
        dns_reverse_name(&address, &out);
        if (cases[i].reverse) assert_slice(buffer_slice(&out), cases[i].reverse);
        buffer_free(&out);
    }
}

static void what_is_no_address_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        "1.2.3",
        "1.2.3.4.",
        "1.2.3.4.5",
        "256.1.1.1",
        "01.2.3.4",
        "1.2.3.-4",
        ":",
        ":::",
        "1::2::3",
        "12345::",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "::1.2.3",
        "fe80::1%1",
        "[::1]",
        "1.2.3.4::",
        "::g",
        ":1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:",
        " ::1",
        "1:2:3:4:5:6:7:1.2.3.4",
    };
    struct dns_address address;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (dns_address_parse(slice_from_text(wrong[i]), &address)) fail_msg("'%s' was taken", wrong[i]);
}

static void a_mapped_address_becomes_the_ipv4_one(void **state) {
    (void)state;
    struct dns_address address;
    struct buffer out = buffer_new(100);
    assert_true(dns_address_parse(SLICE("::ffff:192.0.2.1"), &address));
    address = dns_address_unmapped(address);
    dns_address_reversed(&address, &out);
    assert_slice(buffer_slice(&out), "1.2.0.192.");
    assert_true(dns_address_read(BYTES("\1\2\3\4"), &address));
    assert_false(dns_address_read(BYTES("\1\2\3"), &address));
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_text_without_the_last_dot),
        cmocka_unit_test(broken_names_are_refused_and_leave_nothing),
        cmocka_unit_test(mx_has_preference_and_exchange_and_may_be_null),
        cmocka_unit_test(txt_strings_are_joined_without_anything_between),
        cmocka_unit_test(tlsa_and_soa_are_read_to_their_end),
        cmocka_unit_test(addresses_go_to_text_and_back_and_have_reverse_names),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_mapped_address_becomes_the_ipv4_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

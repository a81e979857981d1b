/* SPF records taken apart, and what macros become (RFC 7208 4.6.1, 7). */
#include "test.h"

#include "wire/spf.h"

/* ---- records ---- */

static enum spf_error read_text(const char *text, struct spf_record *record, struct slice *fault) {
    struct slice record_text = slice_from_text(text);
    assert_true(spf_is_record(record_text));
    return spf_record_read(record_text, record, fault);
}

static void expect_error(const char *text, enum spf_error error, const char *fault) {
    struct spf_record record;
    struct slice found;
    enum spf_error got = read_text(text, &record, &found);
    if (got != error) fail_msg("%s: got '%s'", text, spf_error_words(got));
    assert_slice(found, fault);
}

static void expect_good(const char *text) {
    struct spf_record record;
    struct slice fault;
    enum spf_error got = read_text(text, &record, &fault);
    if (got != SPF_OK) fail_msg("%s: %s at '%.*s'", text, spf_error_words(got), SLICE_PRINT(fault));
}

/* RFC 7208 4.5 */
static void a_record_begins_with_its_version(void **state) {
    assert_true(spf_is_record(SLICE("v=spf1")));
    assert_true(spf_is_record(SLICE("V=SpF1 -all")));
    assert_false(spf_is_record(SLICE("v=spf10 -all")));
    assert_false(spf_is_record(SLICE("v=spf1-all")));
    assert_false(spf_is_record(SLICE("v=spf1\t-all")));
    assert_false(spf_is_record(SLICE(" v=spf1 -all")));
    assert_false(spf_is_record(SLICE("spf2.0/pra -all")));
    assert_false(spf_is_record(SLICE_EMPTY));
    (void)state;
}

static struct spf_term term_of(const char *text) {
    struct slice rest = slice_from_text(text);
    struct spf_term term;
    assert_int_equal(spf_term_take(&rest, &term), SPF_OK);
    assert_int_equal(rest.len, 0);
    return term;
}

static void each_mechanism_has_its_argument(void **state) {
    struct spf_term term = term_of("~A:mail.%{d}/24//64");
    assert_int_equal(term.kind, SPF_A);
    assert_int_equal(term.qualifier, SPF_QUALIFIER_SOFTFAIL);
    assert_slice(term.domain, "mail.%{d}");
    assert_int_equal(term.ip4_bits, 24);
    assert_int_equal(term.ip6_bits, 64);
    term = term_of("?mx//0");
    assert_int_equal(term.kind, SPF_MX);
    assert_int_equal(term.qualifier, SPF_QUALIFIER_NEUTRAL);
    assert_int_equal(term.ip4_bits, 32);
    assert_int_equal(term.ip6_bits, 0);
    term = term_of("-ip6:2001:db8::/32");
    assert_int_equal(term.kind, SPF_IP6);
    assert_int_equal(term.qualifier, SPF_QUALIFIER_FAIL);
    assert_int_equal(term.ip6_bits, 32);
    term = term_of("+exists:%{i}.%{s1}.100/86400.rate.%{d}");
    assert_int_equal(term.kind, SPF_EXISTS);
    assert_slice(term.domain, "%{i}.%{s1}.100/86400.rate.%{d}");
    term = term_of("ReDirect=_spf.example.test.");
    assert_int_equal(term.kind, SPF_REDIRECT);
    assert_slice(term.domain, "_spf.example.test.");
    assert_int_equal(term_of("ptr").kind, SPF_PTR);
    assert_int_equal(term_of("all").qualifier, SPF_QUALIFIER_PASS);
    assert_int_equal(term_of("x-y.z_1=%{l}/:=").kind, SPF_UNKNOWN_MODIFIER);
    (void)state;
}

static void good_records_are_good(void **state) {
    expect_good("v=spf1");
    expect_good("v=spf1   ");
    expect_good("v=spf1 a  mx   -all  ");
    expect_good("v=spf1 ip4:192.0.2.0/0 ip4:192.0.2.1/32 ip6:::/0 ip6:::1/128 ip6:::ffff:192.0.2.1");
    expect_good("v=spf1 a:foo:bar/baz.example.test/8 a:example.xn--zckzah mx:%%%_%-.a-b.test a:%{h}");
    expect_good("v=spf1 include:%{d2} exists:%{L1R+-.,/_=}%{ir}.%{v}._spf.%{O} ptr:a.test.");
    expect_good("v=spf1 exp=%{p}.a.test redirect=a.1b unknown= other=%{i}");
    expect_good("v=spf1 -a:a.b1-c2 all all");
    (void)state;
}

static void what_is_wrong_is_told(void **state) {
    expect_error("v=spf1 a -all moo", SPF_MECHANISM, "moo");
    expect_error("v=spf1 --all", SPF_MECHANISM, "--all");
    expect_error("v=spf1 =all", SPF_MECHANISM, "=all");
    expect_error("v=spf1 1x=all", SPF_MECHANISM, "1x=all");
    expect_error("v=spf1 redirect:a.test", SPF_MECHANISM, "redirect:a.test");
    expect_error("v=spf1 +exp=a.test", SPF_MECHANISM, "+exp=a.test");
    expect_error("v=spf1 all.", SPF_MECHANISM, "all.");
    expect_error("v=spf1 all:x -all", SPF_ARGUMENT_UNWANTED, "all:x");
    expect_error("v=spf1 all/8", SPF_ARGUMENT_UNWANTED, "all/8");
    expect_error("v=spf1 ptr/24", SPF_ARGUMENT_UNWANTED, "ptr/24");
    expect_error("v=spf1 include", SPF_ARGUMENT_MISSING, "include");
    expect_error("v=spf1 exists", SPF_ARGUMENT_MISSING, "exists");
    expect_error("v=spf1 ip4", SPF_ARGUMENT_MISSING, "ip4");
    expect_error("v=spf1 exists:a.test/24", SPF_DOMAIN_END, "exists:a.test/24");
    expect_error("v=spf1 a:", SPF_DOMAIN_EMPTY, "a:");
    expect_error("v=spf1 redirect=", SPF_DOMAIN_EMPTY, "redirect=");
    expect_error("v=spf1 a:192.0.2.1", SPF_DOMAIN_IS_ADDRESS, "a:192.0.2.1");
    expect_error("v=spf1 mx:2001:db8::1", SPF_DOMAIN_IS_ADDRESS, "mx:2001:db8::1");
    expect_error("v=spf1 a/33", SPF_PREFIX_LENGTH, "a/33");
    expect_error("v=spf1 a//129", SPF_PREFIX_LENGTH, "a//129");
    expect_error("v=spf1 a/24/64", SPF_PREFIX_LENGTH, "a/24/64");
    expect_error("v=spf1 mx/", SPF_PREFIX_LENGTH, "mx/");
    expect_error("v=spf1 ip4:192.0.2.1/032", SPF_PREFIX_LENGTH, "ip4:192.0.2.1/032");
    expect_error("v=spf1 ip4:192.0.2.1/99999999999999999999", SPF_PREFIX_LENGTH,
                 "ip4:192.0.2.1/99999999999999999999");
    expect_error("v=spf1 ip4:192.0.2", SPF_NETWORK, "ip4:192.0.2");
    expect_error("v=spf1 ip4:192.0.2.01", SPF_NETWORK, "ip4:192.0.2.01");
    expect_error("v=spf1 ip4:192.0.2.1:25", SPF_NETWORK, "ip4:192.0.2.1:25");
    expect_error("v=spf1 ip4:2001:db8::1", SPF_NETWORK, "ip4:2001:db8::1");
    expect_error("v=spf1 ip6:192.0.2.1", SPF_NETWORK, "ip6:192.0.2.1");
    expect_error("v=spf1 redirect=a.test all redirect=a.test", SPF_REDIRECT_TWICE, "redirect=a.test");
    expect_error("v=spf1 exp=a.test EXP=b.test", SPF_EXPLANATION_TWICE, "EXP=b.test");
    expect_error("v=spf1 x=%{c}", SPF_MACRO_PLACE, "x=%{c}");
    expect_error("v=spf1 x=%y", SPF_MACRO, "x=%y");
    expect_error("v=spf1 a\tmx", SPF_BYTE, "a\tmx");
    expect_error("v=spf1 \x80 -all", SPF_BYTE, "\x80");
    (void)state;
}

static bool network_has(const char *text, const char *ip) {
    struct spf_term term = term_of(text);
    struct dns_address address;
    assert_true(dns_address_parse(slice_from_text(ip), &address));
    return spf_network_has(&term.network, &term, &address);
}

/* RFC 7208 5.6: host bits of the network do not count. */
static void prefixes_are_compared_bit_by_bit(void **state) {
    static const char *const inside[][2] = {
        {"ip4:192.0.2.1", "192.0.2.1"},
        {"ip4:192.0.2.255/25", "192.0.2.128"},
        {"ip4:192.0.2.1/31", "192.0.2.0"},
        {"ip4:192.0.2.1/8", "192.255.255.255"},
        {"ip4:192.0.2.1/0", "10.0.0.1"},
        {"ip6:2001:db8::1", "2001:db8::1"},
        {"ip6:2001:db8::/33", "2001:db8:7fff::1"},
        {"ip6:::1/0", "ffff::"},
    };
    static const char *const outside[][2] = {
        {"ip4:192.0.2.1", "192.0.2.0"},
        {"ip4:192.0.2.255/25", "192.0.2.127"},
        {"ip4:192.0.2.1/7", "190.0.2.1"},
        {"ip4:192.0.2.1/0", "2001:db8::1"},
        {"ip6:2001:db8::/33", "2001:db8:8000::1"},
        {"ip6:::/0", "192.0.2.1"},
        {"ip6:2001:db8::1/127", "2001:db8::2"},
    };
    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++)
        if (!network_has(inside[i][0], inside[i][1])) fail_msg("%s %s", inside[i][0], inside[i][1]);
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        if (network_has(outside[i][0], outside[i][1])) fail_msg("%s %s", outside[i][0], outside[i][1]);
    (void)state;
}

/* RFC 7208 7.1 */
static void a_domain_ends_in_a_label_or_a_macro(void **state) {
    assert_int_equal(spf_domain_check(SLICE("a.test")), SPF_OK);
    assert_int_equal(spf_domain_check(SLICE("%{d}")), SPF_OK);
    assert_int_equal(spf_domain_check(SLICE("a.%%")), SPF_OK);
    assert_int_equal(spf_domain_check(SLICE("a..test")), SPF_OK);
    assert_int_equal(spf_domain_check(SLICE(".a1")), SPF_OK);
    static const char *const wrong[] = {"test",  "test.",   "a.-test", "a.test-", "a.123", "a.te_st",
                                        "a.b..", "%{d}com", "%{d}.",   "a.b:25",  "a.b c"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (spf_domain_check(slice_from_text(wrong[i])) == SPF_OK) fail_msg("%s is taken", wrong[i]);
    (void)state;
}

static void macros_have_their_syntax(void **state) {
    assert_int_equal(spf_domain_check(SLICE("%(ir).a.test")), SPF_MACRO);
    assert_int_equal(spf_domain_check(SLICE("a%.test")), SPF_MACRO);
    assert_int_equal(spf_domain_check(SLICE("a.test%")), SPF_MACRO);
    assert_int_equal(spf_domain_check(SLICE("%{d")), SPF_MACRO);
    assert_int_equal(spf_domain_check(SLICE("%{")), SPF_MACRO);
    assert_int_equal(spf_domain_check(SLICE("%{dr2}")), SPF_MACRO);
    assert_int_equal(spf_domain_check(SLICE("%{d!}")), SPF_MACRO);
    assert_int_equal(spf_domain_check(SLICE("%{a}")), SPF_MACRO_LETTER);
    assert_int_equal(spf_domain_check(SLICE("%{}")), SPF_MACRO_LETTER);
    assert_int_equal(spf_domain_check(SLICE("%{d0}")), SPF_MACRO_PARTS);
    assert_int_equal(spf_domain_check(SLICE("%{R}")), SPF_MACRO_PLACE);
    assert_int_equal(spf_domain_check(SLICE("%{c}.a.test")), SPF_MACRO_PLACE);
    assert_int_equal(spf_macro_string_check(SLICE("%{c}%{t} ")), SPF_BYTE);
    assert_int_equal(spf_macro_string_check(SLICE_EMPTY), SPF_OK);
    assert_int_equal(spf_explanation_check(SLICE("%{c} is not %{T}, a \"text\"")), SPF_OK);
    assert_int_equal(spf_explanation_check(SLICE("\xc3\xbc")), SPF_BYTE);
    assert_true(spf_macro_has_p(SLICE("a.%{P2}")));
    assert_false(spf_macro_has_p(SLICE("p.%{d}%%{p}")));
    (void)state;
}

/* ---- macros (RFC 7208 7.4) ---- */

static struct spf_values values_of(const char *ip) {
    struct spf_values values = {.sender = SLICE("strong-bad@email.example.com"),
                                .local_part = SLICE("strong-bad"),
                                .sender_domain = SLICE("email.example.com"),
                                .domain = SLICE("email.example.com"),
                                .helo = SLICE("mx.example.org"),
                                .receiver = SLICE("receiver.test"),
                                .client_name = SLICE("mx.example.org"),
                                .now_s = 1234567890};
    assert_true(dns_address_parse(slice_from_text(ip), &values.address));
    return values;
}

static void expect_name(const struct spf_values *values, const char *text, const char *expected) {
    struct buffer out = buffer_new(255);
    spf_expand_name(slice_from_text(text), values, &out);
    assert_slice(buffer_slice(&out), expected);
    buffer_free(&out);
}

static void the_examples_of_the_rfc_expand(void **state) {
    static const char *const examples[][2] = {
        {"%{s}", "strong-bad@email.example.com"},
        {"%{o}", "email.example.com"},
        {"%{d}", "email.example.com"},
        {"%{d4}", "email.example.com"},
        {"%{d3}", "email.example.com"},
        {"%{d2}", "example.com"},
        {"%{d1}", "com"},
        {"%{dr}", "com.example.email"},
        {"%{d2r}", "example.email"},
        {"%{l}", "strong-bad"},
        {"%{l-}", "strong.bad"},
        {"%{lr}", "strong-bad"},
        {"%{lr-}", "bad.strong"},
        {"%{l1r-}", "strong"},
        {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
        {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
        {"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
        {"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
        {"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
    };
    struct spf_values values = values_of("192.0.2.3");
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
        expect_name(&values, examples[i][0], examples[i][1]);
    /* The RFC has small letters here; names in DNS have no case. */
    values = values_of("2001:db8::cb01");
    expect_name(&values, "%{ir}.%{v}._spf.%{d2}",
                "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6._spf.example.com");
    (void)state;
}

static void transformers_and_delimiters_combine(void **state) {
    struct spf_values values = values_of("192.0.2.3");
    values.local_part = SLICE("a-b+c.d,e/f_g=h");
    expect_name(&values, "%{l-+,/_=}", "a.b.c.d.e.f.g.h");
    expect_name(&values, "%{l.-+,/_=}", "a.b.c.d.e.f.g.h");
    expect_name(&values, "%{l2r.-+,/_=}", "b.a");
    expect_name(&values, "%{l2=}", "a-b+c.d,e/f_g.h");
    expect_name(&values, "%{l999999999999999999999}", "a-b+c.d,e/f_g=h");
    values.local_part = SLICE("a--b-");
    expect_name(&values, "%{l-}x", "a..b.x");
    expect_name(&values, "%{l2-}x", "b.x");
    expect_name(&values, "%{lr-}x", ".b..ax");
    values.local_part = SLICE_EMPTY;
    expect_name(&values, "%{l}%{l2r-}x", "x");
    expect_name(&values, "a%%b%_c%-d.test.", "a%b c%20d.test");
    (void)state;
}

static void expect_text(const struct spf_values *values, const char *text, const char *expected) {
    struct buffer out = buffer_new(400);
    spf_expand_text(slice_from_text(text), values, &out);
    assert_false(buffer_overflowed(&out));
    assert_slice(buffer_slice(&out), expected);
    buffer_free(&out);
}

static void explanations_have_letters_of_their_own(void **state) {
    struct spf_values values = values_of("2001:0db8:0::1");
    expect_text(&values, "%{c} %{r} %{t} %{h} %{p2}.",
                "2001:db8::1 receiver.test 1234567890 mx.example.org example.org.");
    values.local_part = SLICE("~jack&jill=up-a_b3.c \"@\xc3\xbc");
    expect_text(&values, "http://a.test/?l=%{L}", "http://a.test/?l=~jack%26jill%3Dup-a_b3.c%20%22%40%C3%BC");

    (void)state;
}

/* RFC 7208 7.3: at most 253 bytes, whole labels. */
static void long_names_lose_labels_at_their_left(void **state) {
    struct spf_values values = values_of("192.0.2.3");
    char domain[64];
    memset(domain, 'x', 62);
    domain[62] = '.';
    domain[63] = 0;
    values.domain = slice_of(domain, 62);
    struct buffer out = buffer_new(255);
    /* 4 * 63 + 1 = 253 fits; one more byte does not. */
    spf_expand_name(SLICE("%{d}.%{d}.%{d}.%{d}.a"), &values, &out);
    assert_int_equal(out.len, 253);
    buffer_clear(&out);
    spf_expand_name(SLICE("%{d}.%{d}.%{d}.%{d}.ab"), &values, &out);
    assert_int_equal(out.len, 3 * 63 + 2);
    buffer_clear(&out);
    spf_expand_name(SLICE("a.%{d}.%{d}.%{d}.%{d}.b."), &values, &out);
    assert_int_equal(out.len, 253);
    buffer_free(&out);
    (void)state;
}

static void a_name_of_any_length_is_cut_as_it_grows(void **state) {
    struct spf_values values = values_of("192.0.2.3");
    struct buffer text = buffer_new(100000);
    struct buffer out = buffer_new(255);
    for (int i = 0; i < 5000; i++) buffer_append_text(&text, "%{d}.a.");
    buffer_append_text(&text, "test.");
    spf_expand_name(buffer_slice(&text), &values, &out);
    assert_true(out.len <= 253 && out.len > 230);
    assert_true(slice_ends_nocase(buffer_slice(&out), SLICE(".example.com.a.email.example.com.a.test")));
    assert_true(slice_starts(buffer_slice(&out), SLICE("email.")) ||
                slice_starts(buffer_slice(&out), SLICE("example.")) ||
                slice_starts(buffer_slice(&out), SLICE("com.")) ||
                slice_starts(buffer_slice(&out), SLICE("a.")));
    buffer_clear(&text);
    buffer_clear(&out);
    for (int i = 0; i < 300; i++) buffer_append_text(&text, "xy");
    spf_expand_name(buffer_slice(&text), &values, &out);
    assert_int_equal(out.len, 0);
    buffer_free(&text);
    buffer_free(&out);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_begins_with_its_version),
        cmocka_unit_test(each_mechanism_has_its_argument),
        cmocka_unit_test(good_records_are_good),
        cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(prefixes_are_compared_bit_by_bit),
        cmocka_unit_test(a_domain_ends_in_a_label_or_a_macro),
        cmocka_unit_test(macros_have_their_syntax),
        cmocka_unit_test(the_examples_of_the_rfc_expand),
        cmocka_unit_test(transformers_and_delimiters_combine),
        cmocka_unit_test(explanations_have_letters_of_their_own),
        cmocka_unit_test(long_names_lose_labels_at_their_left),
        cmocka_unit_test(a_name_of_any_length_is_cut_as_it_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What a domain publishes: rows, one SPF record made of several, texts cut into strings, providers' forms. */
#include "test.h"

#include "app/domain/domain_facts.h"
#include "app/domain/publish_shapes.h"
#include "base/limits.h"
#include "io/dns.h"
#include "trust/spf_merge.h"

/* ---- SPF ---- */

static void expect_merged(const char *const records[], size_t count, const char *ours, const char *expected) {
    struct arena *arena = arena_new(MIB(4));
    struct slice texts[4];
    struct slice merged;
    for (size_t i = 0; i < count; i++) texts[i] = slice_from_text(records[i]);
    assert_true(spf_merge(arena, texts, count, slice_from_text(ours), &merged));
    assert_slice(merged, expected);
    arena_free(&arena);
}

static void expect_one(const char *record, const char *ours, const char *expected) {
    expect_merged(&record, 1, ours, expected);
}

static void ours_comes_before_what_is_there(void **state) {
    expect_merged(NULL, 0, "v=spf1 ip4:192.0.2.1 ~all", "v=spf1 ip4:192.0.2.1 ~all");
    expect_one("v=spf1 include:_spf.example.net -all", "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ~all",
               "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 include:_spf.example.net -all");
    expect_one("v=spf1 mx ?all exp=why.example.org", "v=spf1 ip4:192.0.2.1 ~all",
               "v=spf1 ip4:192.0.2.1 mx ?all exp=why.example.org");
    expect_one("V=SPF1  a  MX", "v=spf1 ip4:192.0.2.1 ~all", "v=spf1 ip4:192.0.2.1 a MX ~all");
}

static void what_is_there_already_is_not_added(void **state) {
    expect_one("v=spf1 IP4:192.0.2.1 -all", "v=spf1 ip4:192.0.2.1 ~all", "v=spf1 IP4:192.0.2.1 -all");
    expect_one("v=spf1 +ip4:192.0.2.0/24 -all", "v=spf1 ip4:192.0.2.1 ~all", "v=spf1 +ip4:192.0.2.0/24 -all");
    expect_one("v=spf1 ip4:192.0.2.77/24 -all", "v=spf1 ip4:192.0.2.1 ~all", "v=spf1 ip4:192.0.2.77/24 -all");
    expect_one("v=spf1 ip6:2001:db8::/32 -all", "v=spf1 ip6:2001:db8:1::1 ~all",
               "v=spf1 ip6:2001:db8::/32 -all");
    expect_one("v=spf1 ip4:192.0.2.0/25 -all", "v=spf1 ip4:192.0.2.200 ~all",
               "v=spf1 ip4:192.0.2.200 ip4:192.0.2.0/25 -all");
    /* What it forbids is no permission. */
    expect_one("v=spf1 -ip4:192.0.2.0/24 ~all", "v=spf1 ip4:192.0.2.1 ~all",
               "v=spf1 ip4:192.0.2.1 -ip4:192.0.2.0/24 ~all");
}

static void several_records_become_one(void **state) {
    static const char *const two[] = {"v=spf1 include:a.example -all", "v=spf1 mx include:a.example ~all"};
    static const char *const redirects[] = {"v=spf1 redirect=a.example", "v=spf1 redirect=b.example"};
    static const char *const mixed[] = {"v=spf1 mx -all", "v=spf1 redirect=b.example"};
    expect_merged(two, 2, "v=spf1 ip4:192.0.2.1 ~all", "v=spf1 ip4:192.0.2.1 include:a.example mx -all");
    expect_merged(redirects, 2, "v=spf1 ip4:192.0.2.1 ~all",
                  "v=spf1 ip4:192.0.2.1 include:b.example redirect=a.example");
    expect_merged(mixed, 2, "v=spf1 ip4:192.0.2.1 ~all", "v=spf1 ip4:192.0.2.1 mx include:b.example -all");
}

static void what_lets_everybody_send_does_so_no_more(void **state) {
    expect_one("v=spf1 mx +all", "v=spf1 ip4:192.0.2.1 ~all", "v=spf1 ip4:192.0.2.1 mx ~all");
    expect_one("v=spf1 all", "v=spf1 ip4:192.0.2.1 -all", "v=spf1 ip4:192.0.2.1 ~all");
    /* Nor is what stands behind it, or a redirect beside it. */
    expect_one("v=spf1 mx -all a redirect=x.example", "v=spf1 ip4:192.0.2.1 ~all",
               "v=spf1 ip4:192.0.2.1 mx -all");
}

static void too_much_is_not_merged(void **state) {
    struct arena *arena = arena_new(MIB(4));
    struct buffer record = buffer_new(MIB(1));
    struct slice merged;
    buffer_append_text(&record, "v=spf1");
    for (int i = 0; i < SPF_MERGE_TERMS_MAX + 1; i++) buffer_printf(&record, " a:h%d.example", i);
    struct slice text = buffer_slice(&record);
    assert_false(spf_merge(arena, &text, 1, SLICE("v=spf1 mx ~all"), &merged));
    buffer_free(&record);
    arena_free(&arena);
}

/* ---- texts ---- */

static void expect_quoted(struct slice text, const char *expected) {
    struct buffer out = buffer_new(MIB(1));
    publish_quote(&out, text);
    assert_slice(buffer_slice(&out), expected);
    buffer_free(&out);
}

/* RFC 1035 3.3.14, 5.1 */
static void texts_are_cut_into_strings(void **state) {
    char text[600];
    char expected[700];
    memset(text, 'k', sizeof text);
    expect_quoted(SLICE(""), "\"\"");
    expect_quoted(SLICE("a \"b\" \\ c;\xc3"), "\"a \\\"b\\\" \\\\ c;\\195\"");
    (void)snprintf(expected, sizeof expected, "\"%.255s\"", text);
    expect_quoted(slice_of(text, 255), expected);
    (void)snprintf(expected, sizeof expected, "\"%.255s\" \"k\"", text);
    expect_quoted(slice_of(text, 256), expected);
    (void)snprintf(expected, sizeof expected, "\"%.255s\" \"%.255s\" \"%.90s\"", text, text, text);
    expect_quoted(slice_of(text, 600), expected);
}

/* ---- rows ---- */

static const struct dns_address addresses[] = {{{192, 0, 2, 1}, 4}, {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}, 16}};
static const struct publish_key keys[] = {
    {SLICE_INIT("ph1-ed25519"),
     SLICE_INIT("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="), SLICE_INIT("")}};

static struct publish_facts facts_of(void) {
    return (struct publish_facts){.domain = SLICE("example.org"),
                                  .host = SLICE("mx.example.org"),
                                  .addresses = addresses,
                                  .address_count = 2,
                                  .keys = keys,
                                  .key_count = 1,
                                  .key_hash = SLICE("00ff"),
                                  .sts_id = SLICE("0123abcd"),
                                  .ports = {465, 587, 993, 143, 995, 110}};
}

static const struct publish_row *row_of(const struct publish_rows *rows, enum publish_kind kind, size_t nth) {
    for (size_t i = 0; i < rows->count; i++)
        if (rows->items[i].kind == kind && nth-- == 0) return &rows->items[i];
    return NULL;
}

static void expect_row(const struct publish_rows *rows, enum publish_kind kind, const char *name,
                       uint16_t type, const char *value) {
    const struct publish_row *row = row_of(rows, kind, 0);
    assert_non_null(row);
    assert_slice(row->name, name);
    assert_slice(row->value, value);
    assert_int_equal(row->type, type);
    assert_true(row->purpose.len > 0);
}

static void all_records_are_there(void **state) {
    struct arena *arena = arena_new(MIB(1));
    struct publish_facts facts = facts_of();
    struct publish_rows rows = publish_rows(arena, &facts);
    expect_row(&rows, PUBLISH_HOST, "mx.example.org", DNS_A, "192.0.2.1");
    expect_row(&rows, PUBLISH_PTR, "1.2.0.192.in-addr.arpa", DNS_PTR, "mx.example.org");
    expect_row(&rows, PUBLISH_MX, "example.org", DNS_MX, "10 mx.example.org");
    expect_row(&rows, PUBLISH_SPF, "example.org", DNS_TXT, "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ~all");
    expect_row(&rows, PUBLISH_SPF_HELO, "mx.example.org", DNS_TXT,
               "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all");
    expect_row(&rows, PUBLISH_DKIM, "ph1-ed25519._domainkey.example.org", DNS_TXT,
               "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    expect_row(&rows, PUBLISH_DMARC, "_dmarc.example.org", DNS_TXT,
               "v=DMARC1; p=none; rua=mailto:postmaster@example.org");
    expect_row(&rows, PUBLISH_STS, "_mta-sts.example.org", DNS_TXT, "v=STSv1; id=0123abcd");
    expect_row(&rows, PUBLISH_STS_HOST, "mta-sts.example.org", DNS_CNAME, "mx.example.org");
    expect_row(&rows, PUBLISH_TLSRPT, "_smtp._tls.example.org", DNS_TXT,
               "v=TLSRPTv1; rua=mailto:postmaster@example.org");
    expect_row(&rows, PUBLISH_TLSA, "_25._tcp.mx.example.org", DNS_TLSA, "3 1 1 00ff");
    expect_row(&rows, PUBLISH_SRV, "_submissions._tcp.example.org", DNS_SRV, "0 1 465 mx.example.org");
    expect_row(&rows, PUBLISH_SETUP, "autoconfig.example.org", DNS_CNAME, "mx.example.org");
    expect_row(&rows, PUBLISH_CAA, "mx.example.org", DNS_CAA, "0 issue \"letsencrypt.org\"");
    assert_true(row_of(&rows, PUBLISH_PTR, 0)->is_outside);
    assert_false(row_of(&rows, PUBLISH_HOST, 0)->is_outside);
    assert_int_equal(row_of(&rows, PUBLISH_HOST, 1)->type, DNS_AAAA);
    arena_free(&arena);
}

static void a_name_has_one_spf_record(void **state) {
    struct arena *arena = arena_new(MIB(1));
    struct publish_facts facts = facts_of();
    facts.host = facts.domain;
    struct publish_rows rows = publish_rows(arena, &facts);
    assert_non_null(row_of(&rows, PUBLISH_SPF, 0));
    assert_null(row_of(&rows, PUBLISH_SPF, 1));
    assert_null(row_of(&rows, PUBLISH_SPF_HELO, 0));
    arena_free(&arena);
}

static void what_is_of_another_zone_is_marked(void **state) {
    struct arena *arena = arena_new(MIB(1));
    struct publish_facts facts = facts_of();
    facts.host = SLICE("mx.provider.net");
    struct publish_rows rows = publish_rows(arena, &facts);
    assert_true(row_of(&rows, PUBLISH_HOST, 0)->is_outside);
    assert_true(row_of(&rows, PUBLISH_TLSA, 0)->is_outside);
    assert_false(row_of(&rows, PUBLISH_MX, 0)->is_outside);
    arena_free(&arena);
}

/* It stands behind the domain's own hosts, and signs nothing for it. */
static void a_relay_domain_has_few_records(void **state) {
    struct arena *arena = arena_new(MIB(1));
    struct publish_facts facts = facts_of();
    facts.is_relay = true;
    struct publish_rows rows = publish_rows(arena, &facts);
    expect_row(&rows, PUBLISH_MX, "example.org", DNS_MX, "20 mx.example.org");
    assert_null(row_of(&rows, PUBLISH_SPF, 0));
    assert_null(row_of(&rows, PUBLISH_DKIM, 0));
    assert_null(row_of(&rows, PUBLISH_DMARC, 0));
    arena_free(&arena);
}

/* ---- shapes ---- */

static char *shape_of(struct arena *arena, enum publish_shape shape, const struct publish_facts *facts,
                      const struct publish_row *kept) {
    struct publication publication = {.domain = facts->domain, .host = facts->host};
    struct buffer out = buffer_new(MIB(1));
    publication.rows = publish_rows(arena, facts);
    if (kept) publication.rows.items[publication.rows.count++] = *kept;
    publish_write(&out, shape, &publication);
    char *text = arena_text(arena, buffer_slice(&out));
    buffer_free(&out);
    return text;
}

static void expect_in(const char *text, const char *piece) {
    assert_non_null(text);
    bool is_in = strstr(text, piece) != NULL;
    if (!is_in) fail_msg("'%s' is not in:\n%s", piece, text);
}

static void the_zone_has_absolute_names_and_says_why(void **state) {
    struct arena *arena = arena_new(MIB(4));
    struct publish_facts facts = facts_of();
    const char *text = shape_of(arena, PUBLISH_SHAPE_ZONE, &facts, NULL);
    expect_in(text, "\nexample.org. 3600 IN MX 10 mx.example.org.\n");
    expect_in(text, "\nmx.example.org. 3600 IN A 192.0.2.1\nmx.example.org. 3600 IN AAAA 2001:db8::1\n");
    expect_in(text,
              "\n_dmarc.example.org. 3600 IN TXT \"v=DMARC1; p=none; rua=mailto:postmaster@example.org\"\n");
    expect_in(text, "\n;   1.2.0.192.in-addr.arpa. 3600 IN PTR mx.example.org.\n");
    expect_in(text, "\n_submissions._tcp.example.org. 3600 IN SRV 0 1 465 mx.example.org.\n");
    expect_in(text, "; Must be. Which hosts send mail from the domain.");
    arena_free(&arena);
}

static void strings_stand_alone(void **state) {
    struct arena *arena = arena_new(MIB(4));
    struct publish_facts facts = facts_of();
    const char *text = shape_of(arena, PUBLISH_SHAPE_STRINGS, &facts, NULL);
    expect_in(text, "\n_dmarc.example.org TXT\nv=DMARC1; p=none; rua=mailto:postmaster@example.org\n");
    arena_free(&arena);
}

static void tables_have_relative_names_and_priorities(void **state) {
    struct arena *arena = arena_new(MIB(4));
    struct publish_facts facts = facts_of();
    const char *table = shape_of(arena, PUBLISH_SHAPE_TABLE, &facts, NULL);
    const char *cloudflare = shape_of(arena, PUBLISH_SHAPE_CLOUDFLARE, &facts, NULL);
    expect_in(table, "MX     @                       10        mx.example.org\n");
    expect_in(table, "\nA      mx                                192.0.2.1\n");
    expect_in(table, "\nSRV    _submissions._tcp       0         1 465 mx.example.org\n");
    expect_in(table, "\nNot in this zone");
    expect_in(cloudflare, "DNS only  192.0.2.1\n");
    expect_in(cloudflare, "\nTXT    _dmarc                                      v=DMARC1;");
    arena_free(&arena);
}

static json_t *change_of(const json_t *batch, const char *name, const char *type) {
    size_t i;
    json_t *change;
    json_array_foreach(json_object_get(batch, "Changes"), i, change) {
        json_t *set = json_object_get(change, "ResourceRecordSet");
        if (strcmp(json_string_value(json_object_get(set, "Name")), name) == 0 &&
            strcmp(json_string_value(json_object_get(set, "Type")), type) == 0)
            return json_object_get(set, "ResourceRecords");
    }
    fail_msg("no change of %s %s", name, type);
    return NULL;
}

static const char *value_of(const json_t *records, size_t i) {
    return json_string_value(json_object_get(json_array_get(records, i), "Value"));
}

/* A set of records is replaced as a whole, so what else is there comes along. */
static void route53_gets_whole_sets(void **state) {
    struct arena *arena = arena_new(MIB(4));
    struct publish_facts facts = facts_of();
    struct publish_row kept = {.name = facts.domain,
                               .type = DNS_TXT,
                               .ttl_s = 3600,
                               .value = SLICE("site-verification=\"1\""),
                               .is_kept = true};
    json_t *batch = json_loads(shape_of(arena, PUBLISH_SHAPE_ROUTE53, &facts, &kept), 0, NULL);
    assert_non_null(batch);
    const json_t *texts = change_of(batch, "example.org.", "TXT");
    assert_int_equal(json_array_size(texts), 2);
    assert_string_equal(value_of(texts, 0), "\"v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ~all\"");
    assert_string_equal(value_of(texts, 1), "\"site-verification=\\\"1\\\"\"");
    assert_string_equal(value_of(change_of(batch, "example.org.", "MX"), 0), "10 mx.example.org.");
    assert_string_equal(value_of(change_of(batch, "mx.example.org.", "CAA"), 0),
                        "0 issue \"letsencrypt.org\"");
    json_decref(batch);
    arena_free(&arena);
}

static void kept_records_are_nobody_elses_business(void **state) {
    struct arena *arena = arena_new(MIB(4));
    struct publish_facts facts = facts_of();
    struct publish_row kept = {
        .name = facts.domain, .type = DNS_TXT, .value = SLICE("kept=1"), .is_kept = true};
    for (enum publish_shape shape = 0; shape < PUBLISH_SHAPE_ROUTE53; shape++)
        assert_null(strstr(shape_of(arena, shape, &facts, &kept), "kept=1"));
    arena_free(&arena);
}

/* ---- this host's addresses ---- */

static void expect_addresses(const char *text, const char *expected) {
    struct arena *arena = arena_new(MIB(1));
    struct config config;
    struct slice error;
    struct dns_address found[PUBLISH_ADDRESSES_MAX];
    struct buffer out = buffer_new(1000);
    assert_true(config_parse(arena, "x", slice_from_text(text), &config, &error));
    size_t count = public_addresses(arena, &config, found);
    for (size_t i = 0; i < count; i++) {
        buffer_append_text(&out, i ? " " : "");
        dns_address_text(&found[i], &out);
    }
    assert_slice(buffer_slice(&out), expected);
    buffer_free(&out);
    arena_free(&arena);
}

static void addresses_are_those_that_others_see(void **state) {
    expect_addresses("", "");
    expect_addresses("listen = 127.0.0.1, 203.0.113.0", "");
    expect_addresses("listen = 9.9.9.9, 2620:fe::9", "9.9.9.9 2620:fe::9");
    expect_addresses("listen = 9.9.9.9\noutbound.source_ipv4 = 8.8.8.8", "8.8.8.8");
    expect_addresses("listen = 10.0.0.1\ndns.public_addresses = 192.0.2.1, 2001:db8::1",
                     "192.0.2.1 2001:db8::1");
    expect_addresses("listen = 127.0.0.1\noutbound.allow_private = yes", "127.0.0.1");
}

static void addresses_are_numeric(void **state) {
    static const char *const texts[] = {
        "dns.public_addresses = mx.example.org", "dns.public_addresses = 192.0.2.1,,",
        "dns.public_addresses = 192.0.2.0/24",
        ("dns.public_addresses = 1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5,1.1.1.6,"
         "1.1.1.7,1.1.1.8,1.1.1.9")};
    struct arena *arena = arena_new(MIB(1));
    struct config config;
    struct slice error;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (config_parse(arena, "x", slice_from_text(texts[i]), &config, &error))
            fail_msg("taken: %s", texts[i]);
    arena_free(&arena);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(ours_comes_before_what_is_there),
        cmocka_unit_test(what_is_there_already_is_not_added),
        cmocka_unit_test(several_records_become_one),
        cmocka_unit_test(what_lets_everybody_send_does_so_no_more),
        cmocka_unit_test(too_much_is_not_merged),
        cmocka_unit_test(texts_are_cut_into_strings),
        cmocka_unit_test(all_records_are_there),
        cmocka_unit_test(a_name_has_one_spf_record),
        cmocka_unit_test(what_is_of_another_zone_is_marked),
        cmocka_unit_test(a_relay_domain_has_few_records),
        cmocka_unit_test(the_zone_has_absolute_names_and_says_why),
        cmocka_unit_test(strings_stand_alone),
        cmocka_unit_test(tables_have_relative_names_and_priorities),
        cmocka_unit_test(route53_gets_whole_sets),
        cmocka_unit_test(kept_records_are_nobody_elses_business),
        cmocka_unit_test(addresses_are_those_that_others_see),
        cmocka_unit_test(addresses_are_numeric),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

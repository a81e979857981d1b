/* DNS block lists: which are configured, what they are asked, what their answers mean. */
#include "test.h"

#include "wire/dnsbl.h"

static void lists_are_read_with_their_answers(void **state) {
    struct dnsbl_zone zones[DNSBL_ZONES_MAX];
    size_t count;
    assert_true(
        dnsbl_zones_read(SLICE("a.test, b.test=127.0.0.4 ,c.test = 127.0.0.2 - 127.0.0.11"), zones, &count));
    assert_int_equal(count, 3);
    assert_slice(dnsbl_zone_name(&zones[1]), "b.test");
    assert_int_equal(zones[0].first, 0x7f000002);
    assert_int_equal(zones[1].first, 0x7f000004);
    assert_int_equal(zones[1].last, 0x7f000004);
    assert_int_equal(zones[2].last, 0x7f00000b);
    assert_true(dnsbl_zones_read(SLICE(""), zones, &count));
    assert_int_equal(count, 0);
}

static void what_is_no_list_is_refused(void **state) {
    static const char *const lists[] = {",",

                                        "a..test",
                                        ".test",
                                        "test.",
                                        "a b.test",
                                        "a.test=",
                                        "a.test=128.0.0.1",
                                        "a.test=127.0.0.9-127.0.0.2",
                                        "a.test=127.255.255.254",
                                        "a.test=::1",
                                        "a.test=127.0.0.2-",
                                        "a,b,c,d,e,f,g,h,i"};
    struct dnsbl_zone zones[DNSBL_ZONES_MAX];
    size_t count;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (dnsbl_zones_read(slice_from_text(lists[i]), zones, &count)) fail_msg("taken: %s", lists[i]);
    char name[300];
    memset(name, 'a', sizeof name);
    assert_false(dnsbl_zones_read(slice_of(name, sizeof name), zones, &count));
}

static void expect_name(const char *address, const char *name) {
    struct dnsbl_zone zones[DNSBL_ZONES_MAX];
    size_t count;
    struct buffer out = buffer_new(DNS_NAME_BYTES_MAX);
    assert_true(dnsbl_zones_read(SLICE("list.test"), zones, &count));
    assert_true(dnsbl_name(&zones[0], slice_from_text(address), &out));
    assert_slice(buffer_slice(&out), name);
    buffer_free(&out);
}

/* RFC 5782 2.1 and 2.4 */
static void addresses_are_asked_backwards(void **state) {
    expect_name("192.0.2.99", "99.2.0.192.list.test");
    expect_name("::ffff:192.0.2.99", "99.2.0.192.list.test");
    expect_name("2001:db8:1:2:3:4:567:89ab",
                "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.list.test");
}

static enum dnsbl_verdict judge(const char *list, const char *data, size_t len) {
    struct dnsbl_zone zones[DNSBL_ZONES_MAX];
    size_t count;
    struct slice records[2] = {slice_of(data, len < 4 ? len : 4), slice_of(data + 4, 4)};
    assert_true(dnsbl_zones_read(slice_from_text(list), zones, &count));
    return dnsbl_judge(&zones[0], records, len > 4 ? 2 : 1);
}

static void only_answers_of_lists_count(void **state) {
    assert_int_equal(judge("l.test", "\177\0\0\2", 4), DNSBL_LISTED);
    assert_int_equal(judge("l.test", "\177\0\0\1", 4), DNSBL_CLEAR);
    assert_int_equal(judge("l.test=127.0.0.4", "\177\0\0\2", 4), DNSBL_CLEAR);
    assert_int_equal(judge("l.test=127.0.0.4", "\177\0\0\2\177\0\0\4", 8), DNSBL_LISTED);
    /* A domain that was sold, a list that refuses: whatever else it says. */
    assert_int_equal(judge("l.test", "\300\0\2\1", 4), DNSBL_NO_ANSWER);
    assert_int_equal(judge("l.test", "\177\377\377\376", 4), DNSBL_NO_ANSWER);
    assert_int_equal(judge("l.test", "\177\0\0\2\300\0\2\1", 8), DNSBL_NO_ANSWER);
    assert_int_equal(judge("l.test", "\177\0\0", 3), DNSBL_NO_ANSWER);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_read_with_their_answers),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(addresses_are_asked_backwards),
        cmocka_unit_test(only_answers_of_lists_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

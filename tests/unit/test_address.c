/* Addresses in header fields: RFC 5322's own examples, what people write instead, hostile sizes. */
#include "test.h"

#include "wire/address.h"

/* Every entry of the field as "name|route|local@domain;", groups as "name:" and ";". */
static void assert_addresses(const char *value, const char *expected) {
    struct buffer out = buffer_new(10000);
    struct address_reader reader = address_reader_new(slice_from_text(value));
    struct address address;
    while (address_next(&reader, &address)) {
        if (address.kind == ADDRESS_GROUP_START) {
            buffer_append(&out, address.name);
            buffer_append_text(&out, ":");
        } else if (address.kind == ADDRESS_GROUP_END) {
            buffer_append_text(&out, "/");
        } else {
            buffer_append(&out, address.name);
            buffer_append_text(&out, "|");
            buffer_append(&out, address.route);
            buffer_append_text(&out, "|");
            buffer_append(&out, address.local);
            buffer_append_text(&out, "@");
            buffer_append(&out, address.domain);
            buffer_append_text(&out, ";");
        }
    }
    address_reader_free(&reader);
    assert_slice(buffer_slice(&out), expected);
    buffer_free(&out);
}

static void names_and_addresses_are_told_apart(void **state) {
    assert_addresses("John Doe <jdoe@machine.example>", "John Doe||jdoe@machine.example;");
    assert_addresses("\"Joe Q. Public\" <john.q.public@example.com>",
                     "Joe Q. Public||john.q.public@example.com;");
    assert_addresses("jdoe@example.org, Who? <one@y.test>", "||jdoe@example.org;Who?||one@y.test;");
    assert_addresses("\"Giant; \\\"Big\\\" Box\" <s@example.net>", "Giant; \"Big\" Box||s@example.net;");
}

static void groups_begin_and_end(void **state) {
    assert_addresses("A Group:Chris Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
                     "A Group:Chris Jones||c@a.test;||joe@where.test;John||jdoe@one.test;/");
    assert_addresses("Undisclosed recipients:;", "Undisclosed recipients:/");
    assert_addresses("a:b@c", "a:||b@c;/");
    assert_addresses("x:; y@z", "x:/||y@z;");
}

static void comments_and_blanks_may_stand_anywhere(void **state) {
    assert_addresses("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
                     "Pete||pete@silly.test;");
    assert_addresses("jdoe@example.org (John Doe)", "John Doe||jdoe@example.org;");
    assert_addresses("Mary Smith <mary@x.test>\r\n (hers), \r\n <boss @ nil . test>",
                     "Mary Smith||mary@x.test;||boss@nil.test;");
}

static void routes_are_kept_apart(void **state) {
    assert_addresses("Joe <@a.test,@b.test:joe@c.test>", "Joe|@a.test,@b.test|joe@c.test;");
}

static void quoted_local_parts_lose_their_quotes(void **state) {
    assert_addresses("<\"a b\"@c>, \"x@y\"@z", "||a b@c;||x@y@z;");
}

static void utf8_is_atom_text(void **state) {
    assert_addresses("J\xc3\xb6hn <jd\xc3\xb6@m\xc3\xa4.example>",
                     "J\xc3\xb6hn||jd\xc3\xb6@m\xc3\xa4.example;");
}

static void domain_literals_are_kept_whole(void **state) {
    assert_addresses("a@[1.2.3.4], <b@[IPv6:::1]>", "||a@[1.2.3.4];||b@[IPv6:::1];");
}

static void what_is_no_address_is_still_read(void **state) {
    assert_addresses("", "");
    assert_addresses(" , ;,", "");
    assert_addresses("Someone Else", "Someone Else||@;");
    assert_addresses("postmaster", "||postmaster@;");
    assert_addresses("Mikel@home <m@x>", "Mikel@home||m@x;");
    assert_addresses("<>", "||@;");
    assert_addresses("a <b@c, d@e", "a||b@c;||d@e;");
    assert_addresses("\"never closed <a@b>", "||never closed <a@b>@;");
    assert_addresses("(never closed", "");
    assert_addresses("a@b;c@d", "||a@b;||c@d;");
    assert_addresses("\x01\x7f a@b", "||a@b;");
}

static void written_addresses_read_back(void **state) {
    static const char *const locals[] = {"a",       "a.b", "a b",      ".a", "a..b",
                                         "x\"y\\z", "a@b", "\xc3\xa4", "",   "a,b"};
    for (size_t i = 0; i < sizeof locals / sizeof locals[0]; i++) {
        struct buffer text = buffer_new(100);
        address_write_spec(&text, slice_from_text(locals[i]), SLICE("example.com"));
        struct address_reader reader = address_reader_new(buffer_slice(&text));
        struct address address;
        assert_true(address_next(&reader, &address));
        assert_slice(address.local, locals[i]);
        assert_slice(address.domain, "example.com");
        assert_false(address_next(&reader, &address));
        address_reader_free(&reader);
        buffer_free(&text);
    }
}

static void half_a_million_addresses_are_all_counted(void **state) {
    struct buffer field = buffer_new(32u << 20);
    for (int i = 0; i < 500000; i++) buffer_printf(&field, "\"n %d\" <u%d@x.test>, ", i, i);
    assert_int_equal(address_count(buffer_slice(&field), 1000000), 500000);
    assert_int_equal(address_count(buffer_slice(&field), 10), 10);
    buffer_free(&field);
}

static void nesting_and_quotes_without_end_are_read_once(void **state) {
    static const char *const units[] = {"(", "\"", "<", ":", "@", "[", "a:", "<@", "\\", "(\\", "=?"};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        struct buffer field = buffer_new(8u << 20);
        for (int n = 0; n < 500000; n++) buffer_append_text(&field, units[i]);
        (void)address_count(buffer_slice(&field), SIZE_MAX);
        buffer_free(&field);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_addresses_are_told_apart),
        cmocka_unit_test(groups_begin_and_end),
        cmocka_unit_test(comments_and_blanks_may_stand_anywhere),
        cmocka_unit_test(routes_are_kept_apart),
        cmocka_unit_test(quoted_local_parts_lose_their_quotes),
        cmocka_unit_test(utf8_is_atom_text),
        cmocka_unit_test(domain_literals_are_kept_whole),
        cmocka_unit_test(what_is_no_address_is_still_read),
        cmocka_unit_test(written_addresses_read_back),
        cmocka_unit_test(half_a_million_addresses_are_all_counted),
        cmocka_unit_test(nesting_and_quotes_without_end_are_read_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Set-up of mail programs: what is read of a request, and that nothing of it comes back as markup. */
#include "test.h"

#include "wire/http_target.h"
#include "wire/setup.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SCHEMA                                                                              \
    "<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/" \
    "responseschema/2006a</AcceptableResponseSchema>"

static const struct setup_host host = {SLICE_INIT("mx.example.test"), 1000};

static void an_address_is_found_in_a_request(void **state) {
    static const char *const good[] = {
        "<Request><EMailAddress>a@b.test</EMailAddress>" SCHEMA "</Request>",
        "<?xml version='1.0'?>\r\n<x:Request><x:EMailAddress  y='z'>\n a@b.test\n</x:EMailAddress>",
        "<EMailAddress>a@b.test", "\xef\xbb\xbf<EMailAddress>a@b.test</EMailAddress>"};
    struct slice address;
    for (size_t i = 0; i < COUNT(good); i++) {
        if (!setup_autodiscover_read(slice_from_text(good[i]), &address)) fail_msg("%s", good[i]);
        assert_slice(address, "a@b.test");
    }
}

static void what_is_no_request_is_refused(void **state) {
    static const char *const bad[] = {
        "",
        "<",
        "<>",
        "a@b.test",
        "<EMailAddress/>",
        "<EMailAddress>a</EMailAddress>",
        "<EMailAddress>a@b.test</EMailAddress><AcceptableResponseSchema>x</AcceptableResponseSchema>",
        "<!DOCTYPE x><EMailAddress>a@b.test</EMailAddress>",
        "<EMailAddress>&lt;a@b.test</EMailAddress>",
        "<EMailAddressX>a@b.test</EMailAddressX>",
        "<EMailAddress>a@b@c.test</EMailAddress>",
        "<EMailAddress>@b.test</EMailAddress>",
        "<EMailAddress>a b@c.test</EMailAddress>",
    };
    struct slice address;
    for (size_t i = 0; i < COUNT(bad); i++)
        if (setup_autodiscover_read(slice_from_text(bad[i]), &address)) fail_msg("taken: %s", bad[i]);
}

static bool has(const struct buffer *out, const char *text) {
    return slice_find(buffer_slice(out), slice_from_text(text)) != SLICE_NOT_FOUND;
}

static void all_is_escaped(void **state) {
    struct buffer out = buffer_new(1 << 20);
    setup_mobileconfig_write(&out, &host, SLICE("a'b<&>\"\x01@c.test"));
    assert_true(has(&out, "<string>a&#39;b&#60;&#38;&#62;&#34;?@c.test</string>"));
    assert_false(has(&out, "b<&"));
    buffer_free(&out);
}

static void ports_stand_above_the_base(void **state) {
    struct buffer out = buffer_new(1 << 20);
    setup_autoconfig_write(&out, &host, SLICE("b.test"));
    assert_true(has(&out, "<port>1993</port>") && has(&out, "<port>1587</port>"));
    assert_true(has(&out, "<hostname>mx.example.test</hostname>") && has(&out, "<domain>b.test</domain>"));
    buffer_clear(&out);
    setup_autodiscover_write(&out, &host, SLICE("a@b.test"));
    assert_true(has(&out, "<Port>1465</Port>") && has(&out, "<LoginName>a@b.test</LoginName>"));
    buffer_free(&out);
}

static void a_profile_is_the_same_for_the_same_address(void **state) {
    struct buffer first = buffer_new(1 << 20);
    struct buffer second = buffer_new(1 << 20);
    setup_mobileconfig_write(&first, &host, SLICE("a@b.test"));
    setup_mobileconfig_write(&second, &host, SLICE("a@b.test"));
    assert_true(slice_equal(buffer_slice(&first), buffer_slice(&second)));
    buffer_clear(&second);
    setup_mobileconfig_write(&second, &host, SLICE("c@b.test"));
    size_t at = slice_find(buffer_slice(&first), SLICE("PayloadUUID"));
    assert_false(
        slice_equal(slice_sub(buffer_slice(&first), at, 80), slice_sub(buffer_slice(&second), at, 80)));
    buffer_free(&first);
    buffer_free(&second);
}

static void values_of_a_query_are_decoded(void **state) {
    static const struct {
        const char *query;
        const char *value;
    } rows[] = {
        {"address=a%40b.test", "a@b.test"},
        {"x=y&address=a+b", "a b"},
        {"address=", ""},
        {"address", ""},
        {"address=a=b&address=c", "a=b"},
        {"", NULL},
        {"addres=a", NULL},
        {"addressx=a", NULL},
        {"address=%4", NULL},
        {"address=%zz", NULL},
        {"address=%00", NULL},
        {"address=a%0d%0ab", NULL},
        {"address=01234567890123456789x", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer out = buffer_new(20);
        bool is = http_query_value(slice_from_text(rows[i].query), SLICE("address"), &out);
        if (is != (rows[i].value != NULL)) fail_msg("%s", rows[i].query);
        if (is) assert_slice(buffer_slice(&out), rows[i].value);
        buffer_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_found_in_a_request),
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(all_is_escaped),
        cmocka_unit_test(ports_stand_above_the_base),
        cmocka_unit_test(a_profile_is_the_same_for_the_same_address),
        cmocka_unit_test(values_of_a_query_are_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tag lists, canonical forms, signature fields and key records, as DKIM and ARC write them. */
#include "test.h"

#include "base/limits.h"
#include "wire/dkim_key.h"
#include "wire/tag_list.h"

/* ---- tag lists ---- */

static enum tag_list_result read_tags(const char *text, struct tag_list *list) {
    return tag_list_read(slice_from_text(text), list);
}

static void a_list_is_read_with_folds_and_blanks(void **state) {
    struct tag_list list;
    assert_int_equal(read_tags(" a = 1;\r\n\tb_2=x y\r\n z ;c=; d==; E=\xc3\xbc ; ", &list), TAG_LIST_OK);
    assert_int_equal(list.count, 5);
    assert_slice(tag_list_find(&list, SLICE("a"))->value, "1");
    assert_slice(tag_list_find(&list, SLICE("b_2"))->value, "x y\r\n z");
    assert_slice(tag_list_find(&list, SLICE("b_2"))->raw_value, "x y\r\n z ");
    assert_slice(tag_list_find(&list, SLICE("c"))->value, "");
    assert_slice(tag_list_find(&list, SLICE("d"))->value, "=");
    assert_null(tag_list_find(&list, SLICE("e")));
    assert_non_null(tag_list_find(&list, SLICE("E")));
}

static void what_is_no_list_is_refused(void **state) {
    static const char *const malformed[] = {"",      " ",      ";",      "a",     "a=1;;b=2",
                                            ";a=1",  "a=1; ;", "=1",     "1a=1",  "a b=1",
                                            "a-b=1", "a=\x01", "a=\x7f", "a=1;b", "a=1; b=2; ;"};
    struct tag_list list;
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        if (read_tags(malformed[i], &list) != TAG_LIST_MALFORMED) fail_msg("'%s' is read", malformed[i]);
    assert_int_equal(read_tags("a=1; b=2; a=1", &list), TAG_LIST_DOUBLED);
    assert_int_equal(read_tags("a=1; A=1", &list), TAG_LIST_OK);
}

static void a_list_has_so_many_tags(void **state) {
    struct buffer text = buffer_new(KIB(4));
    struct tag_list list;
    for (int i = 0; i < DKIM_TAGS_MAX; i++) buffer_printf(&text, "t%d=;", i);
    assert_int_equal(tag_list_read(buffer_slice(&text), &list), TAG_LIST_OK);
    assert_int_equal(list.count, DKIM_TAGS_MAX);
    buffer_append_text(&text, "more=");
    assert_int_equal(tag_list_read(buffer_slice(&text), &list), TAG_LIST_TOO_MANY);
    buffer_free(&text);
}

static void words_of_a_value(void **state) {
    struct tag_words words = tag_words_of(SLICE("from : To\r\n :: subject"), ':');
    struct slice word;
    static const char *const expected[] = {"from", "To", "", "subject"};
    for (int i = 0; i < 4; i++) {
        assert_true(tag_words_next(&words, &word));
        assert_slice(word, expected[i]);
    }
    assert_false(tag_words_next(&words, &word));
    assert_true(tag_words_have(SLICE("a: TO"), ':', SLICE("to")));
    assert_false(tag_words_have(SLICE("a: tow"), ':', SLICE("to")));
}

/* ---- canonical forms ---- */

static void assert_field(enum dkim_form form, const char *field, const char *expected) {
    struct buffer out = buffer_new(KIB(4));
    dkim_form_field(form, slice_from_text(field), byte_sink_of_buffer(&out));
    assert_slice(buffer_slice(&out), expected);
    buffer_free(&out);
}

/* RFC 6376 3.4.5. */
static void fields_in_both_forms(void **state) {
    assert_field(DKIM_RELAXED, "A: X\r\n", "a:X");
    assert_field(DKIM_RELAXED, "B : Y\t\r\n\tZ  \r\n", "b:Y Z");
    assert_field(DKIM_SIMPLE, "A: X\r\n", "A: X");
    assert_field(DKIM_SIMPLE, "B : Y\t\r\n\tZ  \r\n", "B : Y\t\r\n\tZ  ");
    assert_field(DKIM_RELAXED, "Subject:\r\n \t a  b \r\n c", "subject:a b c");
    assert_field(DKIM_RELAXED, "X:", "x:");
    assert_field(DKIM_RELAXED, "X: \r\n \r\n", "x:");
}

/* In pieces of every size the same. */
static void assert_body(enum dkim_form form, struct slice body, const char *expected) {
    for (size_t piece = 1; piece <= body.len + 1; piece++) {
        struct dkim_body_form state = dkim_body_form_new(form);
        struct buffer out = buffer_new(KIB(4));
        struct slice rest = body;
        while (rest.len) dkim_body_form_write(&state, slice_take(&rest, piece), byte_sink_of_buffer(&out));
        dkim_body_form_end(&state, byte_sink_of_buffer(&out));
        assert_slice(buffer_slice(&out), expected);
        buffer_free(&out);
    }
}

/* RFC 6376 3.4.3 to 3.4.5. */
static void bodies_in_both_forms(void **state) {
    static const struct {
        const char *body;
        const char *simple;
        const char *relaxed;
    } cases[] = {
        {" C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"},
        {"", "\r\n", ""},
        {"\r\n", "\r\n", ""},
        {"\r\n\r\n", "\r\n", ""},
        {"a", "a\r\n", "a\r\n"},
        {"a\r\n", "a\r\n", "a\r\n"},
        {"\r\n\r\na", "\r\n\r\na\r\n", "\r\n\r\na\r\n"},
        {"a\r\n \r\n\t\r\n", "a\r\n \r\n\t\r\n", "a\r\n"},
        {"a\r\n \t", "a\r\n \t\r\n", "a\r\n"},
        {" ", " \r\n", ""},
        {" \t a \t b\t\r\n c", " \t a \t b\t\r\n c\r\n", " a b\r\n c\r\n"},
        {"a b c", "a b c\r\n", "a b c\r\n"},
        {"a\tb", "a\tb\r\n", "a b\r\n"},
        /* A CR or LF by itself is a byte. */
        {"a\rb\nc \r", "a\rb\nc \r\r\n", "a\rb\nc \r\r\n"},
        {"a\r\r\n\r\n", "a\r\r\n", "a\r\r\n"},
        {"a\r\n\r", "a\r\n\r\r\n", "a\r\n\r\r\n"},
        {"\n", "\n\r\n", "\n\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_body(DKIM_SIMPLE, slice_from_text(cases[i].body), cases[i].simple);
        assert_body(DKIM_RELAXED, slice_from_text(cases[i].body), cases[i].relaxed);
    }
}

/* ---- names ---- */

static void names_of_domains(void **state) {
    static const char *const good[] = {"a", "a.b", "x_y.Example-1.test", "gr\xc3\xbcn.test", "1.2"};
    static const char *const bad[] = {"", ".", "a.", ".a", "a..b", "a b", "a@b", "a\t", "a/b", "a;"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(dkim_is_name(slice_from_text(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(dkim_is_name(slice_from_text(bad[i])));
    assert_true(dkim_is_within(SLICE("a.test"), SLICE("A.test")));
    assert_true(dkim_is_within(SLICE("b.a.test"), SLICE("a.test")));
    assert_false(dkim_is_within(SLICE("ba.test"), SLICE("a.test")));
    assert_false(dkim_is_within(SLICE("test"), SLICE("a.test")));
}

/* ---- fields ---- */

#define HASH "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define GOOD "v=1; a=rsa-sha256; d=a.test; s=s; h=From:To; " HASH "; b=AAAA"

static enum dkim_fault read_as(enum dkim_field_kind kind, const char *value) {
    struct dkim_field_tags tags;
    return dkim_field_read(kind, slice_from_text(value), &tags);
}

static enum dkim_fault read_signature(const char *value) { return read_as(DKIM_SIGNATURE_FIELD, value); }

static void a_signature_is_read(void **state) {
    struct dkim_field_tags tags;
    struct slice value = SLICE(" v=1; a=ed25519-sha256; c=relaxed; d=a.test; i=x@b.a.test; s=s.1;\r\n"
                               "\tt=10; x=11; q=dns/txt:other; h=From : To;" HASH "; b= AA\r\n AA ;");
    assert_int_equal(dkim_field_read(DKIM_SIGNATURE_FIELD, value, &tags), DKIM_FAULT_NONE);
    assert_int_equal(tags.algorithm, DKIM_ED25519_SHA256);
    assert_int_equal(tags.header_form, DKIM_RELAXED);
    assert_int_equal(tags.body_form, DKIM_SIMPLE);
    assert_slice(tags.domain, "a.test");
    assert_slice(tags.identity, "x@b.a.test");
    assert_slice(tags.selector, "s.1");
    assert_slice(tags.names, "From : To");
    assert_int_equal(tags.signed_at_s, 10);
    assert_int_equal(tags.expires_at_s, 11);
    assert_int_equal(tags.body_hash[0], 0xe3);
    assert_slice(tags.signature_text, " AA\r\n AA ");
}

static void each_fault_of_a_signature_has_its_name(void **state) {
    static const struct {
        const char *value;
        enum dkim_fault fault;
    } cases[] = {
        {GOOD, DKIM_FAULT_NONE},
        {GOOD ";;", DKIM_FAULT_TAGS},
        {GOOD "; b=AAAA", DKIM_FAULT_TAG_DOUBLED},
        {"a=rsa-sha256; d=a.test; s=s; h=From; " HASH "; b=AAAA", DKIM_FAULT_TAG_MISSING},
        {"v=1; d=a.test; s=s; h=From; " HASH "; b=AAAA", DKIM_FAULT_TAG_MISSING},
        {"v=1; a=rsa-sha256; d=a.test; s=s; h=From; " HASH, DKIM_FAULT_TAG_MISSING},
        {"v=1; a=rsa-sha256; d=a.test; s=s; h=From; " HASH "; b=", DKIM_FAULT_TAG_MISSING},
        {"v=1; a=rsa-sha256; d=a.test; s=s; " HASH "; b=AAAA", DKIM_FAULT_TAG_MISSING},
        {"v=1; a=rsa-sha256; d=a.test; s=s; h=From; b=AAAA", DKIM_FAULT_TAG_MISSING},
        {"v=1; a=rsa-sha256; d=a.test; h=From; " HASH "; b=AAAA", DKIM_FAULT_TAG_MISSING},
        {"v=1; a=rsa-sha256; s=s; h=From; " HASH "; b=AAAA", DKIM_FAULT_TAG_MISSING},
        {"v=2; a=rsa-sha256; d=a.test; s=s; h=From; " HASH "; b=AAAA", DKIM_FAULT_VERSION},
        {"v=1; a=rsa-sha1; d=a.test; s=s; h=From; " HASH "; b=AAAA", DKIM_FAULT_SHA1},
        {"v=1; a=RSA-SHA256; d=a.test; s=s; h=From; " HASH "; b=AAAA", DKIM_FAULT_ALGORITHM},
        {"v=1; a=rsa-sha256; d=a..test; s=s; h=From; " HASH "; b=AAAA", DKIM_FAULT_DOMAIN},
        {"v=1; a=rsa-sha256; d=a.test; s=s.; h=From; " HASH "; b=AAAA", DKIM_FAULT_SELECTOR},
        {"v=1; a=rsa-sha256; d=a.test; s=s; h=To:Subject; " HASH "; b=AAAA", DKIM_FAULT_FROM_UNSIGNED},
        {"v=1; a=rsa-sha256; d=a.test; s=s; h=From:Sub ject; " HASH "; b=AAAA", DKIM_FAULT_NAMES},
        {"v=1; a=rsa-sha256; d=a.test; s=s; h=From; bh=AAAA; b=AAAA", DKIM_FAULT_BASE64},
        {"v=1; a=rsa-sha256; d=a.test; s=s; h=From; " HASH "; b=A*AA", DKIM_FAULT_BASE64},
        {GOOD "; c=", DKIM_FAULT_FORM},
        {GOOD "; c=relaxed/other", DKIM_FAULT_FORM},
        {GOOD "; c=simple/relaxed/simple", DKIM_FAULT_FORM},
        {GOOD "; i=@b.test", DKIM_FAULT_IDENTITY},
        {GOOD "; i=a.test", DKIM_FAULT_IDENTITY},
        {GOOD "; i=@xa.test", DKIM_FAULT_IDENTITY},
        {GOOD "; q=dns/other", DKIM_FAULT_QUERY},
        {GOOD "; t=", DKIM_FAULT_TIME},
        {GOOD "; t=1.5", DKIM_FAULT_TIME},
        {GOOD "; t=1234567890123", DKIM_FAULT_TIME},
        {GOOD "; t=20; x=20", DKIM_FAULT_TIME},
        {GOOD "; l=0", DKIM_FAULT_LENGTH},
        {GOOD "; l=x", DKIM_FAULT_LENGTH},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (read_signature(cases[i].value) != cases[i].fault)
            fail_msg("%s: %s, not %s", cases[i].value, dkim_fault_words(read_signature(cases[i].value)),
                     dkim_fault_words(cases[i].fault));
}

#define ARC_MESSAGE "i=1; a=rsa-sha256; d=a.test; s=s; h=; " HASH "; b=AAAA"
#define ARC_SEAL "i=50; a=rsa-sha256; d=a.test; s=s; cv=none; b=AAAA"

static void fields_of_arc_are_read(void **state) {
    assert_int_equal(read_as(ARC_MESSAGE_FIELD, ARC_MESSAGE), DKIM_FAULT_NONE);
    assert_int_equal(read_as(ARC_SEAL_FIELD, ARC_SEAL), DKIM_FAULT_NONE);
    assert_int_equal(read_as(ARC_SEAL_FIELD, ARC_SEAL "; h=from"), DKIM_FAULT_NAMES);
    assert_int_equal(read_as(ARC_SEAL_FIELD, "i=1; a=rsa-sha256; d=a.test; s=s; cv=; b=AAAA"),
                     DKIM_FAULT_CHAIN_STATUS);
    static const char *const instances[] = {"i=0;", "i=51;", "i=;", "i=1x;", "i=-1;"};
    for (size_t i = 0; i < sizeof instances / sizeof instances[0]; i++) {
        char text[200];
        (void)snprintf(text, sizeof text, "%s a=rsa-sha256; d=a.test; s=s; cv=none; b=AAAA", instances[i]);
        assert_int_equal(read_as(ARC_SEAL_FIELD, text), DKIM_FAULT_INSTANCE);
    }
}

static void a_field_is_hashed_without_its_signature(void **state) {
    struct slice field = SLICE("DKIM-Signature: a=1; b= AA\r\n AA ; bh=b=AA\r\n");
    struct tag_list list;
    struct buffer out = buffer_new(KIB(1));
    assert_int_equal(tag_list_read(slice_trim(slice_skip(field, 15)), &list), TAG_LIST_OK);
    dkim_field_form(DKIM_SIMPLE, field, tag_list_find(&list, SLICE("b"))->raw_value,
                    byte_sink_of_buffer(&out));
    assert_slice(buffer_slice(&out), "DKIM-Signature: a=1; b=; bh=b=AA");
    buffer_free(&out);
}

/* ---- keys ---- */

static enum dkim_fault read_key(const char *text, struct dkim_key_record *record) {
    return dkim_key_read(slice_from_text(text), record);
}

static void key_records_are_read(void **state) {
    struct dkim_key_record record;
    assert_int_equal(read_key("v=DKIM1; p=AAAA", &record), DKIM_FAULT_NONE);
    assert_int_equal(record.type, DKIM_KEY_RSA);
    assert_false(record.is_testing || record.is_strict);
    assert_int_equal(read_key("k=ed25519; t=y : s; h=sha1:sha256; s=other:email; p= AA AA ; n=x", &record),
                     DKIM_FAULT_NONE);
    assert_int_equal(record.type, DKIM_KEY_ED25519);
    assert_true(record.is_testing && record.is_strict);
    assert_slice(record.public_key, "AA AA");
    static const struct {
        const char *text;
        enum dkim_fault fault;
    } cases[] = {
        {"v=DKIM2; p=AAAA", DKIM_FAULT_KEY_MALFORMED},
        {"v=DKIM1: p=AAAA", DKIM_FAULT_KEY_MALFORMED},
        {"v=DKIM1", DKIM_FAULT_KEY_MALFORMED},
        {"v=spf1 -all", DKIM_FAULT_KEY_MALFORMED},
        {"", DKIM_FAULT_KEY_MALFORMED},
        {"p=AAAA; p=AAAA", DKIM_FAULT_KEY_MALFORMED},
        {"v=DKIM1; p=", DKIM_FAULT_KEY_REVOKED},
        {"p=; k=dsa", DKIM_FAULT_KEY_REVOKED},
        {"p=AAAA; k=dsa", DKIM_FAULT_KEY_TYPE},
        {"p=AAAA; h=sha1", DKIM_FAULT_KEY_HASH},
        {"p=AAAA; s=tlsrpt", DKIM_FAULT_KEY_SERVICE},
        {"p=AAAA; s=*", DKIM_FAULT_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (read_key(cases[i].text, &record) != cases[i].fault) fail_msg("%s", cases[i].text);
}

static void rsa_keys_are_read_in_both_shapes(void **state) {
    /* RSAPublicKey of a modulus of nine bits and 65537; and in a SubjectPublicKeyInfo. */
    static const uint8_t inside[] = {0x30, 0x09, 0x02, 0x02, 0x01, 0x01, 0x02, 0x03, 0x01, 0x00, 0x01};
    static const uint8_t outside[] = {0x30, 0x1d, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                      0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x0c, 0x00, 0x30, 0x09,
                                      0x02, 0x02, 0x01, 0x01, 0x02, 0x03, 0x01, 0x00, 0x01};
    struct dkim_rsa_key key;
    assert_true(dkim_rsa_key_read(slice_of(inside, sizeof inside), &key));
    assert_int_equal(key.bits, 9);
    assert_int_equal(key.exponent_bits, 17);
    assert_true(dkim_rsa_key_read(slice_of(outside, sizeof outside), &key));
    assert_int_equal(key.bits, 9);
    assert_int_equal(key.der.len, sizeof inside);
    for (size_t len = 0; len < sizeof outside; len++) {
        uint8_t *copy = malloc(len ? len : 1);
        memcpy(copy, outside, len);
        assert_false(dkim_rsa_key_read(slice_of(copy, len), &key));
        free(copy);
    }
}

static void rsa_keys_that_are_none_are_refused(void **state) {
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        {"\x30\x80\x02\x01\x03\x02\x01\x03\x00\x00", 10},
        {"\x30\x06\x02\x01\x03\x02\x01\x03 ", 9},
        {"\x30\x06\x02\x01\x83\x02\x01\x03", 8},
        {"\x30\x06\x02\x01\x00\x02\x01\x03", 8},
        {"\x30\x05\x02\x00\x02\x01\x03", 7},
        {"\x30\x84\x00\x00\x00\x06\x02\x01\x03\x02\x01\x03", 12},
        {"\x30\x09\x02\x01\x03\x02\x01\x03\x02\x01\x03", 11},
    };
    struct dkim_rsa_key key;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_false(dkim_rsa_key_read(slice_of(cases[i].bytes, cases[i].len), &key));
}

static void base64_may_have_blanks(void **state) {
    struct buffer out = buffer_new(4);
    assert_true(dkim_base64_decode(SLICE(" A\tA\r\n AA"), &out));
    assert_int_equal(out.len, 3);
    assert_false(dkim_base64_decode(SLICE("AAAA"), &out));
    assert_int_equal(out.len, 3);
    assert_false(dkim_base64_decode(SLICE(" "), &out));
    assert_false(dkim_base64_decode(SLICE("AAA"), &out));
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_read_with_folds_and_blanks),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(a_list_has_so_many_tags),
        cmocka_unit_test(words_of_a_value),
        cmocka_unit_test(fields_in_both_forms),
        cmocka_unit_test(bodies_in_both_forms),
        cmocka_unit_test(names_of_domains),
        cmocka_unit_test(a_signature_is_read),
        cmocka_unit_test(each_fault_of_a_signature_has_its_name),
        cmocka_unit_test(fields_of_arc_are_read),
        cmocka_unit_test(a_field_is_hashed_without_its_signature),
        cmocka_unit_test(key_records_are_read),
        cmocka_unit_test(rsa_keys_are_read_in_both_shapes),
        cmocka_unit_test(rsa_keys_that_are_none_are_refused),
        cmocka_unit_test(base64_may_have_blanks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

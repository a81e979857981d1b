/* People's text in header fields: what is written is ASCII, in short lines, and reads the same. */
#include "test.h"

#include "wire/address.h"
#include "wire/encoded_word.h"
#include "wire/encoded_word_write.h"

static void expect(const char *text, const char *expected) {
    struct buffer out = buffer_new(10000);
    encoded_word_write(&out, 9, slice_from_text(text));
    assert_slice(buffer_slice(&out), expected);
    buffer_free(&out);
}

static void plain_words_stay_as_they_are(void **state) {
    expect("Your order", "Your order");
    expect("", "");
    expect("a question about the invoice of last week, and another about the one before it",
           "a question about the invoice of last week, and another about the\r\n one before it");
    (void)state;
}

static void other_scripts_become_encoded_words(void **state) {
    expect("Grüße aus Köln", "=?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus_K=C3=B6ln?=");
    expect("привет", "=?UTF-8?B?0L/RgNC40LLQtdGC?=");
    expect("=?utf-8?q?x?=", "=?UTF-8?Q?=3D=3Futf-8=3Fq=3Fx=3F=3D?=");
    (void)state;
}

static void nothing_ends_the_field(void **state) {
    expect("a\r\nBcc: x@y", "a??Bcc: x@y");
    expect("\xff!", "?!");
    (void)state;
}

/* Any text in, the same text out, in ASCII lines of at most 76. */
static void check_roundtrip(struct slice text) {
    struct buffer out = buffer_new(1 << 20);
    struct buffer back = buffer_new(1 << 20);
    encoded_word_write(&out, 9, text);
    encoded_word_decode_field(&back, buffer_slice(&out));
    assert_true(slice_equal(buffer_slice(&back), text));
    size_t column = 9;
    for (size_t i = 0; i < out.len; i++) {
        assert_true(out.ptr[i] < 0x80);
        column = out.ptr[i] == '\n' ? 0 : column + (out.ptr[i] != '\r');
        assert_true(column <= 76);
    }
    buffer_free(&out);
    buffer_free(&back);
}

static void long_texts_read_the_same(void **state) {
    static const char *const pieces[] = {"ü", "日本語", "ab cd ", "x", "😀 ", "Ein längerer Satz, "};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        for (size_t count = 1; count < 120; count += 7) {
            struct buffer text = buffer_new(1 << 16);
            for (size_t n = 0; n < count; n++) buffer_append_text(&text, pieces[i]);
            buffer_append_text(&text, "z");
            check_roundtrip(buffer_slice(&text));
            buffer_free(&text);
        }
    (void)state;
}

static void check_name(const char *name, const char *expected) {
    struct buffer out = buffer_new(10000);
    encoded_word_write_name(&out, 6, slice_from_text(name));
    assert_slice(buffer_slice(&out), expected);
    buffer_append_text(&out, " <a@b.example>");
    struct address_reader reader = address_reader_new(buffer_slice(&out));
    struct address address;
    struct buffer back = buffer_new(10000);
    assert_true(address_next(&reader, &address));
    encoded_word_decode(&back, address.name);
    assert_slice(buffer_slice(&back), name);
    assert_slice(address.local, "a");
    assert_false(address_next(&reader, &address));
    address_reader_free(&reader);
    buffer_free(&out);
    buffer_free(&back);
}

static void names_stand_before_addresses(void **state) {
    check_name("Ann Example", "Ann Example");
    check_name("Example, Ann \"A\\B\"", "\"Example, Ann \\\"A\\\\B\\\"\"");
    check_name("Jörg Müller (Köln)", "=?UTF-8?Q?J=C3=B6rg_M=C3=BCller_=28K=C3=B6ln=29?=");
    check_name("x <y@z>, w", "\"x <y@z>, w\"");
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_words_stay_as_they_are), cmocka_unit_test(other_scripts_become_encoded_words),
        cmocka_unit_test(nothing_ends_the_field),       cmocka_unit_test(long_texts_read_the_same),
        cmocka_unit_test(names_stand_before_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

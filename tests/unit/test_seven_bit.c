/* Messages made 7-bit: what is rewritten, what is kept, what must not be touched. */
#include "test.h"

#include "base/limits.h"
#include "wire/seven_bit.h"

#define UE "\xc3\xbc"
#define BIT8 "Content-Transfer-Encoding: 8bit\r\n"
#define BIT7 "Content-Transfer-Encoding: 7bit\r\n"
#define QUOTED "Content-Transfer-Encoding: quoted-printable\r\n"
#define BASE64 "Content-Transfer-Encoding: base64\r\n"
#define MIXED "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
#define TEXT "Content-Type: text/plain; charset=utf-8\r\n"

static enum seven_bit_result convert(struct slice input, size_t piece, struct buffer *out) {
    struct seven_bit *message = seven_bit_new();
    buffer_clear(out);
    for (struct slice rest = input; rest.len;) seven_bit_scan(message, slice_take(&rest, piece));
    enum seven_bit_result result = seven_bit_scan_finish(message);
    while (input.len) seven_bit_write(message, slice_take(&input, piece), byte_sink_of_buffer(out));
    seven_bit_finish(message, byte_sink_of_buffer(out));
    seven_bit_free(&message);
    return result;
}

/* However it is cut. */
static void becomes(const char *input, const char *output) {
    struct buffer out = buffer_new(MIB(1));
    for (size_t piece = 1; piece < 100; piece += 3) {
        assert_int_equal(convert(slice_from_text(input), piece, &out), SEVEN_BIT_POSSIBLE);
        assert_slice(buffer_slice(&out), output);
    }
    buffer_free(&out);
}

static void is(const char *input, enum seven_bit_result want) {
    struct buffer out = buffer_new(MIB(1));
    assert_int_equal(convert(slice_from_text(input), SIZE_MAX, &out), want);
    if (want == SEVEN_BIT_ALREADY) assert_slice(buffer_slice(&out), input);
    buffer_free(&out);
}

static void ascii_stays_as_it_is(void **state) {
    is("", SEVEN_BIT_ALREADY);
    is("Subject: x\r\n" BIT8 "\r\nascii\r\n", SEVEN_BIT_ALREADY);
    is("DKIM-Signature: v=1\r\n\r\nascii\r\n", SEVEN_BIT_ALREADY);
}

static void text_becomes_quoted_printable(void **state) {
    becomes("MIME-Version: 1.0\r\n" TEXT BIT8 "Subject: x\r\n\r\nGr" UE "n = a\r\n\r\n.\r\n",
            "MIME-Version: 1.0\r\n" TEXT "Subject: x\r\n" QUOTED "\r\nGr=C3=BCn =3D a\r\n\r\n.\r\n");
}

/* RFC 2045 6.7 (3), and a line that must not become a boundary's. */
static void blanks_and_dashes_are_safe(void **state) {
    becomes("MIME-Version: 1.0\r\n" TEXT "\r\n" UE " \r\n\t\r\n-- \r\n--=\r\n",
            "MIME-Version: 1.0\r\n" TEXT QUOTED "\r\n=C3=BC=20\r\n=09\r\n=2D-=20\r\n=2D-=3D\r\n");
}

static void long_lines_are_broken_at_76(void **state) {
    struct buffer in = buffer_new(KIB(8));
    struct buffer out = buffer_new(KIB(8));
    buffer_append_text(&in, "MIME-Version: 1.0\r\n" TEXT "\r\n");
    for (size_t i = 0; i < 500; i++) buffer_append_text(&in, i % 7 ? "-" : UE);
    buffer_append_text(&in, "\r\n");
    assert_int_equal(convert(buffer_slice(&in), SIZE_MAX, &out), SEVEN_BIT_POSSIBLE);
    struct slice rest = buffer_slice(&out);
    size_t longest = 0;
    while (rest.len) {
        struct slice line = slice_take_until(&rest, '\n');
        (void)slice_take_byte(&rest, '\n');
        if (line.len - 1 > longest) longest = line.len - 1;
        assert_int_not_equal(line.ptr[0], '-');
    }
    assert_in_range(longest, 70, 76);
    buffer_free(&in);
    buffer_free(&out);
}

/* RFC 1428 2, RFC 2045 4 */
static void text_without_a_type_is_given_one(void **state) {
    becomes("Subject: x\r\n\r\n" UE "\r\n",
            "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n" QUOTED
            "\r\n=C3=BC\r\n");
}

static void only_parts_with_such_bytes_are_rewritten(void **state) {
    becomes(MIXED BIT8 "\r\npre" UE "\r\n--b\r\n" TEXT BIT8 "\r\nascii\r\n--b\r\n"
                       "Content-Type: image/x\r\n" BIT8 "\r\n" UE "\r\n\r\n--b\r\n" TEXT BASE64
                       "\r\nYWJj\r\n--b\r\n" TEXT "\r\n" UE "\r\n--b--\r\n",
            MIXED BIT7 "\r\npre??\r\n--b\r\n" TEXT BIT7 "\r\nascii\r\n--b\r\n"
                       "Content-Type: image/x\r\n" BASE64 "\r\nw7wNCg==\r\n--b\r\n" TEXT BASE64
                       "\r\nYWJj\r\n--b\r\n" TEXT QUOTED "\r\n=C3=BC\r\n--b--\r\n");
}

static void embedded_messages_are_looked_into(void **state) {
    becomes(MIXED "\r\n--b\r\nContent-Type: message/rfc822\r\n" BIT8 "\r\nMIME-Version: 1.0\r\n" TEXT BIT8
                  "\r\n" UE "\r\n--b--\r\n",
            MIXED "\r\n--b\r\nContent-Type: message/rfc822\r\n" BIT7 "\r\nMIME-Version: 1.0\r\n" TEXT QUOTED
                  "\r\n=C3=BC\r\n--b--\r\n");
}

/* Encoded parts with stray bytes decode to what they did. */
static void stray_bytes_in_encoded_parts(void **state) {
    becomes("MIME-Version: 1.0\r\n" TEXT QUOTED "\r\na=3D" UE "\r\n",
            "MIME-Version: 1.0\r\n" TEXT QUOTED "\r\na=3D=C3=BC\r\n");
    becomes("MIME-Version: 1.0\r\n" TEXT BASE64 "\r\nYW" UE "Jj\r\n",
            "MIME-Version: 1.0\r\n" TEXT BASE64 "\r\nYW??Jj\r\n");
}

/* What was no boundary's line does not become one. */
static void nothing_becomes_a_boundary(void **state) {
    becomes("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"?\"\r\n\r\n--" UE "\r\n- x\r\n"
            "--?\r\n" TEXT BASE64 "\r\n--" UE "YWJj\r\n--?--\r\n-" UE "\r\n",
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"?\"\r\n\r\n?--??\r\n?- x\r\n"
            "--?\r\n" TEXT BASE64 "\r\n?--??YWJj\r\n--?--\r\n?-??\r\n");
    becomes("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=C3\"\r\n\r\n"
            "--=C3\r\n" TEXT QUOTED "\r\n--" UE "\r\n--=C3--\r\n",
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=C3\"\r\n\r\n"
            "--=C3\r\n" TEXT QUOTED "\r\n=2D-=C3=BC\r\n--=C3--\r\n");
    becomes("MIME-Version: 1.0\r\n" TEXT BIT7 "\r\n" UE "\r\n",
            "MIME-Version: 1.0\r\n" TEXT QUOTED "\r\n=C3=BC\r\n");
}

/* RFC 1847 2.1, RFC 6376 5.3 */
static void what_is_signed_is_not_changed(void **state) {
    is("DKIM-Signature: v=1\r\n" BIT8 "\r\n" UE "\r\n", SEVEN_BIT_SIGNED);
    is("Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n" TEXT BIT8 "\r\n" UE "\r\n--s--\r\n",
       SEVEN_BIT_SIGNED);
    is(MIXED "\r\n--b\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n"
             "Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\n" UE
             "\r\n--i--\r\n--s--\r\n--b--\r\n",
       SEVEN_BIT_SIGNED);
}

static void a_signed_part_beside_is_kept_to_the_byte(void **state) {
#define SIGNED                                                                                   \
    "--b\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n" TEXT BIT8 "\r\nascii\r\n" \
    "--s\r\nContent-Type: application/pgp-signature\r\n\r\nsig\r\n--s--\r\n"
    becomes(MIXED "\r\n" SIGNED "--b\r\n" TEXT BIT8 "\r\n" UE "\r\n--b--\r\n",
            MIXED "\r\n" SIGNED "--b\r\n" TEXT QUOTED "\r\n=C3=BC\r\n--b--\r\n");
}

static void headers_are_not_encoded(void **state) {
    is("Subject: " UE "\r\n\r\nx\r\n", SEVEN_BIT_HEADER);
    is(MIXED "\r\n--b\r\nContent-Disposition: attachment; filename=" UE "\r\n\r\nx\r\n--b--\r\n",
       SEVEN_BIT_HEADER);
}

static void what_cannot_be_encoded_is_told(void **state) {
    is("Content-Transfer-Encoding: x-uue\r\n\r\n" UE "\r\n", SEVEN_BIT_UNENCODABLE);
    is("Content-Type: message/partial; id=1; number=1\r\n\r\n" UE "\r\n", SEVEN_BIT_UNENCODABLE);
}

/* Parts beyond those that are kept account of. */
static void parts_have_a_maximum(void **state) {
    struct buffer in = buffer_new(MIB(4));
    struct buffer out = buffer_new(MIB(8));
    buffer_append_text(&in, MIXED "\r\n");
    for (size_t i = 0; i < MIME_PARTS_MAX + 10; i++) buffer_append_text(&in, "--b\r\n\r\n\r\n");
    size_t ascii = in.len;
    buffer_append_text(&in, UE "\r\n--b--\r\n");
    assert_int_equal(convert(buffer_slice(&in), 4096, &out), SEVEN_BIT_UNENCODABLE);
    assert_int_equal(convert(slice_sub(buffer_slice(&in), 0, ascii), 4096, &out), SEVEN_BIT_ALREADY);
    buffer_free(&in);
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ascii_stays_as_it_is),
        cmocka_unit_test(text_becomes_quoted_printable),
        cmocka_unit_test(blanks_and_dashes_are_safe),
        cmocka_unit_test(long_lines_are_broken_at_76),
        cmocka_unit_test(text_without_a_type_is_given_one),
        cmocka_unit_test(only_parts_with_such_bytes_are_rewritten),
        cmocka_unit_test(embedded_messages_are_looked_into),
        cmocka_unit_test(stray_bytes_in_encoded_parts),
        cmocka_unit_test(nothing_becomes_a_boundary),
        cmocka_unit_test(what_is_signed_is_not_changed),
        cmocka_unit_test(a_signed_part_beside_is_kept_to_the_byte),
        cmocka_unit_test(headers_are_not_encoded),
        cmocka_unit_test(what_cannot_be_encoded_is_told),
        cmocka_unit_test(parts_have_a_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

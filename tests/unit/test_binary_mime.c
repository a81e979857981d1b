/* Messages of BODY=BINARYMIME made canonical: what is rewritten, what is not, and that no byte is lost. */
#include "test.h"

#include "base/limits.h"
#include "wire/binary_mime.h"
#include "wire/mime.h"
#include "wire/transfer.h"

#define BINARY "Content-Transfer-Encoding: binary\r\n"
#define BASE64 "Content-Transfer-Encoding: base64\r\n"
#define MIXED "Content-Type: multipart/mixed; boundary=b\r\n"

static bool transcode(struct slice input, size_t first, size_t piece, struct buffer *out) {
    struct binary_mime *message = binary_mime_new();
    buffer_clear(out);
    for (size_t next = first; input.len; next = piece)
        binary_mime_write(message, slice_take(&input, next), byte_sink_of_buffer(out));
    binary_mime_finish(message, byte_sink_of_buffer(out));
    bool has_nul = binary_mime_has_nul(message);
    binary_mime_free(&message);
    return has_nul;
}

/* However it is cut. */
static void becomes(struct slice input, const char *output) {
    struct buffer out = buffer_new(MIB(1));
    for (size_t first = 1; first <= input.len + 1; first++) {
        (void)transcode(input, first, 1 + first % 3, &out);
        assert_slice(buffer_slice(&out), output);
    }
    buffer_free(&out);
}

static void a_binary_message_becomes_base64(void **state) {
    becomes(SLICE("Subject: x\r\n" BINARY "\r\n\0\r\n\n\r.\r\n"),
            "Subject: x\r\n" BASE64 "\r\nAA0KCg0uDQo=\r\n");
    becomes(SLICE(BINARY "Subject: behind\r\n\r\n"), "Subject: behind\r\n" BASE64 "\r\n");
    becomes(SLICE(BINARY), BASE64);
    becomes(SLICE(""), "");
}

static void lines_of_base64_have_76_characters(void **state) {
    struct buffer input = buffer_new(KIB(4));
    buffer_append(&input, SLICE(BINARY "\r\n"));
    for (size_t i = 0; i < 57 * 2; i++) buffer_append_byte(&input, 0);
    char line[77] = {0};
    memset(line, 'A', 76);
    char want[300];
    (void)snprintf(want, sizeof want, BASE64 "\r\n%s\r\n%s\r\n", line, line);
    becomes(buffer_slice(&input), want);
    buffer_free(&input);
}

static void only_binary_parts_are_rewritten(void **state) {
    becomes(
        SLICE(MIXED
              "\r\npreamble\r\n--b\r\n\r\nseven\r\n--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xc3\xbc\r\n"
              "--b\r\nContent-Type: text/plain\r\n" BINARY "\r\nhi\r\n--b\r\n"
              "Content-Transfer-Encoding: quoted-printable\r\n\r\n=00\r\n--b--\r\nepilogue"),
        MIXED "\r\npreamble\r\n--b\r\n\r\nseven\r\n--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xc3\xbc\r\n"
              "--b\r\nContent-Type: text/plain\r\n" BASE64 "\r\naGk=\r\n--b\r\n"
              "Content-Transfer-Encoding: quoted-printable\r\n\r\n=00\r\n--b--\r\nepilogue\r\n");
}

/* RFC 2046 5.1.1: CRLF, two dashes, the boundary; the CRLF is not the part's. */
static void a_binary_part_ends_at_its_boundary_only(void **state) {
    becomes(SLICE(MIXED "\r\n--b\r\n" BINARY "\r\n\n--b\r--b\r\n-b\r\n--\r\n\r\n\r\n--b--\r\n"),
            MIXED "\r\n--b\r\n" BASE64 "\r\nCi0tYg0tLWINCi1iDQotLQ0KDQo=\r\n--b--\r\n");
    becomes(SLICE(MIXED "\r\n--b\r\n" BINARY "\r\n--b\r\n" BINARY "\r\n\r\n--b--"),
            MIXED "\r\n--b\r\n" BASE64 "\r\n--b\r\n" BASE64 "\r\n\r\n--b--\r\n");
    becomes(SLICE(MIXED "\r\n--b\r\n" BINARY "\r\na\r\r\n--b"),
            MIXED "\r\n--b\r\n" BASE64 "\r\nYQ0=\r\n--b\r\n");
    becomes(SLICE(MIXED "\r\n--b\r\n" BINARY "\r\na\r\n--"), MIXED "\r\n--b\r\n" BASE64 "\r\nYQ0KLS0=\r\n");
    becomes(SLICE(MIXED "\r\n--b\r\n" BINARY "\r\na\r"), MIXED "\r\n--b\r\n" BASE64 "\r\nYQ0=\r\n");
}

/* RFC 2045 6.4: base64 is forbidden for what holds other parts. */
static void composite_parts_become_8bit_and_are_looked_into(void **state) {
    becomes(
        SLICE(MIXED BINARY "\r\n--b\r\nContent-Type: multipart/related; boundary=bb\r\n" BINARY
                           "\r\n--bb\r\n" BINARY "\r\n\0\r\n--bb--\r\n--b\r\n" BINARY "\r\n\1\r\n--b--\r\n"),
        MIXED "Content-Transfer-Encoding: 8bit\r\n\r\n--b\r\nContent-Type: multipart/related; boundary=bb\r\n"
              "Content-Transfer-Encoding: 8bit\r\n\r\n--bb\r\n" BASE64 "\r\nAA==\r\n--bb--\r\n--b\r\n" BASE64
              "\r\nAQ==\r\n--b--\r\n");
    becomes(SLICE("Content-Type: message/rfc822\r\n" BINARY "\r\nSubject: inner\r\n" BINARY "\r\n\r"),
            "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: inner\r\n" BASE64
            "\r\nDQ==\r\n");
    becomes(SLICE("Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n" BINARY "\r\n" BINARY
                  "\r\nx\r\n--d--\r\n"),
            "Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\nContent-Transfer-Encoding: "
            "8bit\r\n\r\n" BASE64 "\r\neA==\r\n--d--\r\n");
    becomes(
        SLICE("Content-Type: message/partial; id=1; number=1\r\n" BINARY "\r\na\nb\r\n"),
        "Content-Type: message/partial; id=1; number=1\r\nContent-Transfer-Encoding: 8bit\r\n\r\na\r\nb\r\n");
}

static void other_parts_become_canonical_lines(void **state) {
    becomes(SLICE("A: b\nC: d\r\r\nx\ry\nz"), "A: b\r\nC: d\r\n\r\nx\r\ny\r\nz\r\n");
    /* Read as the output is: this boundary is one. */
    becomes(SLICE(MIXED "\r\n--b\n\nx\n--b\n" BINARY "\n\r\r\n--b--\n"),
            MIXED "\r\n--b\r\n\r\nx\r\n--b\r\n" BASE64 "\r\nDQ==\r\n--b--\r\n");
}

static void the_first_of_duplicated_fields_counts(void **state) {
    becomes(SLICE("Content-Transfer-Encoding: 7bit\r\n" BINARY "\r\na\n"),
            "Content-Transfer-Encoding: 7bit\r\n" BINARY "\r\na\r\n");
    becomes(SLICE("content-transfer-encoding : (c)\r\n BINARY \r\nX: y\r\nContent-Transfer-Encoding: "
                  "7bit\r\n\r\na"),
            "X: y\r\n" BASE64 "\r\nYQ==\r\n");
}

static void a_header_may_end_in_a_boundary(void **state) {
    becomes(SLICE(MIXED "\r\n--b\r\n" BINARY "--b\r\n\r\nx\r\n--b--\r\n"),
            MIXED "\r\n--b\r\n" BASE64 "--b\r\n\r\nx\r\n--b--\r\n");
}

static void nul_bytes_are_told_of_where_lines_are(void **state) {
    struct buffer out = buffer_new(KIB(4));
    assert_true(transcode(SLICE("A: b\r\n\r\n\0"), 1, 1, &out));
    assert_true(transcode(SLICE("A: \0\r\n" BINARY "\r\n"), SIZE_MAX, 1, &out));
    assert_false(transcode(SLICE("A: b\r\n" BINARY "\r\n\0"), SIZE_MAX, 1, &out));
    buffer_free(&out);
}

/* One that is too long to be read in full could say it behind. */
static void an_endless_encoding_field_counts_as_binary(void **state) {
    struct buffer input = buffer_new(KIB(64));
    struct buffer out = buffer_new(KIB(64));
    buffer_append(&input, SLICE("Content-Transfer-Encoding: ("));
    while (input.len < KIB(20)) buffer_append_byte(&input, 'x');
    buffer_append(&input, SLICE(") binary\r\n\r\nx"));
    (void)transcode(buffer_slice(&input), SIZE_MAX, 1, &out);
    assert_slice(buffer_slice(&out), BASE64 "\r\neA==\r\n");
    buffer_free(&input);
    buffer_free(&out);
}

/* Beyond the depth nothing is looked into, and nothing is lost. */
static void nesting_stops_at_the_depth(void **state) {
    struct buffer input = buffer_new(MIB(1));
    struct buffer out = buffer_new(MIB(1));
    for (size_t i = 0; i < MIME_DEPTH_MAX + 20; i++)
        buffer_printf(&input, "Content-Type: multipart/mixed; boundary=b%03zu\r\n" BINARY "\r\n--b%03zu\r\n",
                      i, i);
    (void)transcode(buffer_slice(&input), SIZE_MAX, 1, &out);
    assert_int_equal(slice_find(buffer_slice(&out), SLICE("base64")), SLICE_NOT_FOUND);
    assert_int_equal(out.len, input.len - (MIME_DEPTH_MAX + 1) * strlen("binary") +
                                  (MIME_DEPTH_MAX + 1) * strlen("8bit"));
    buffer_free(&input);
    buffer_free(&out);
}

static void any_bytes_come_back_as_they_were(void **state) {
    struct buffer input = buffer_new(MIB(1));
    struct buffer out = buffer_new(MIB(1));
    struct buffer content = buffer_new(MIB(1));
    for (uint32_t i = 0, x = 1; i < 70000; i++, x = x * 1664525 + 1013904223)
        buffer_append_byte(&content, x >> 31 ? (uint8_t)(x >> 24) : "\r\n-b"[x >> 29]);
    buffer_append(
        &input,
        SLICE("Content-Type: multipart/mixed; boundary=\"=_not in it\"\r\n\r\n--=_not in it\r\n" BINARY
              "\r\n"));
    buffer_append(&input, buffer_slice(&content));
    buffer_append(&input, SLICE("\r\n--=_not in it--\r\n"));
    (void)transcode(buffer_slice(&input), 999, 1000, &out);
    struct arena *arena = arena_new(MIB(1));
    const struct mime_part *part = mime_parse(arena, buffer_slice(&out))->first_child;
    assert_slice(part->encoding, "base64");
    struct transfer_decoder decoder = transfer_decoder_new(TRANSFER_BASE64);
    buffer_clear(&input);
    transfer_decode(&decoder, slice_sub(buffer_slice(&out), part->body_offset, part->body_len), &input);
    transfer_finish(&decoder, &input);
    assert_true(slice_equal(buffer_slice(&input), buffer_slice(&content)));
    transfer_decoder_free(&decoder);
    arena_free(&arena);
    buffer_free(&input);
    buffer_free(&out);
    buffer_free(&content);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_binary_message_becomes_base64),
        cmocka_unit_test(lines_of_base64_have_76_characters),
        cmocka_unit_test(only_binary_parts_are_rewritten),
        cmocka_unit_test(a_binary_part_ends_at_its_boundary_only),
        cmocka_unit_test(composite_parts_become_8bit_and_are_looked_into),
        cmocka_unit_test(other_parts_become_canonical_lines),
        cmocka_unit_test(the_first_of_duplicated_fields_counts),
        cmocka_unit_test(a_header_may_end_in_a_boundary),
        cmocka_unit_test(nul_bytes_are_told_of_where_lines_are),
        cmocka_unit_test(an_endless_encoding_field_counts_as_binary),
        cmocka_unit_test(nesting_stops_at_the_depth),
        cmocka_unit_test(any_bytes_come_back_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

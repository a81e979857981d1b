/* Authentication-Results: what RFC 8601 shows is read, what we write is read back, what is forged goes. */
#include "test.h"

#include "wire/auth_results.h"
#include "wire/inbound_header.h"

/* "id|method=result (reason) type.name=value ..." */
static void assert_reads(const char *value, const char *expected) {
    struct arena *arena = arena_new(KIB(256));
    struct buffer out = buffer_new(KIB(64));
    struct auth_results_reader reader;
    struct auth_result result;
    if (auth_results_read(arena, slice_from_text(value), &reader)) {
        buffer_append(&out, reader.id);
        while (auth_results_next(&reader, &result)) {
            buffer_printf(&out, "|%.*s=%.*s", SLICE_PRINT(result.method), SLICE_PRINT(result.result));
            if (result.reason.len) buffer_printf(&out, " (%.*s)", SLICE_PRINT(result.reason));
            for (size_t i = 0; i < result.property_count; i++) {
                const struct auth_property *property = &result.properties[i];
                buffer_printf(&out, " %.*s.%.*s=%.*s", SLICE_PRINT(property->type),
                              SLICE_PRINT(property->name), SLICE_PRINT(property->value));
            }
        }
    }
    assert_slice(buffer_slice(&out), expected);
    buffer_free(&out);
    arena_free(&arena);
}

/* RFC 8601 B */
static void examples_of_the_rfc_are_read(void **state) {
    assert_reads(" example.org 1; none", "example.org");
    assert_reads(" example.com;\r\n spf=pass smtp.mailfrom=example.net",
                 "example.com|spf=pass smtp.mailfrom=example.net");
    assert_reads(" example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n"
                 " spf=pass smtp.mailfrom=example.net",
                 "example.com|auth=pass smtp.auth=sender@example.net|spf=pass smtp.mailfrom=example.net");
    assert_reads(" example.com; iprev=pass\r\n policy.iprev=192.0.2.200",
                 "example.com|iprev=pass policy.iprev=192.0.2.200");
    assert_reads(
        " example.com;\r\n dkim=pass reason=\"good signature\"\r\n header.i=@mail-router.example.net;\r\n"
        " dkim=fail reason=\"bad signature\" header.i=@newyork.example.com",
        "example.com|dkim=pass (good signature) header.i=@mail-router.example.net"
        "|dkim=fail (bad signature) header.i=@newyork.example.com");
    assert_reads(" foo.example.net (foobar) 1 (baz);\r\n dkim (Because I like it) / 1 (One yay) = (wait for "
                 "it) fail\r\n"
                 " policy (A dot can go here) . (like that) expired\r\n"
                 " (this surprised me) = (as I wasn't expecting it) 1362471462",
                 "foo.example.net|dkim=fail policy.expired=1362471462");
}

static void what_is_broken_ends_the_reading(void **state) {
    assert_reads("", "");
    assert_reads("(comment", "");
    assert_reads("; spf=pass", "");
    assert_reads("a.example; spf", "a.example");
    assert_reads("a.example; spf=", "a.example");
    assert_reads("a.example; =pass; spf=pass", "a.example");
    assert_reads("\"a.ex\\ample\"; spf=pass smtp.mailfrom=\"x \\\"y\\\"@z\"",
                 "a.example|spf=pass smtp.mailfrom=x \"y\"@z");
    assert_reads("a.example; spf=pass \"; dkim=pass\" x.y=1; iprev=fail", "a.example|spf=pass|iprev=fail");
}

static void assert_lines_are_short(struct slice field) {
    while (field.len) {
        size_t end = slice_find_crlf(field);
        assert_true(end != SLICE_NOT_FOUND && end > 0);
        /* A word can be as long as a text may be, no longer. */
        assert_true(end < 998);
        for (size_t i = 0; i < end; i++) assert_true(field.ptr[i] >= ' ' || field.ptr[i] == '\t');
        for (size_t i = 0; i < end; i++) assert_true(field.ptr[i] < 0x7f);
        field = slice_skip(field, end + 2);
        if (field.len) assert_true(field.ptr[0] == '\t' || field.ptr[0] == ' ');
    }
}

static void a_field_is_written_in_lines(void **state) {
    struct buffer out = buffer_new(AUTH_RESULTS_BYTES_MAX);
    struct auth_results_writer writer = auth_results_begin(&out, SLICE("mx.example.test"));
    auth_results_method(&writer, "spf", "pass", SLICE("ip4:192.0.2.0/24"), SLICE_EMPTY);
    auth_results_property(&writer, "smtp.mailfrom", SLICE("bounces@list.example"));
    auth_results_property(&writer, "smtp.helo", SLICE_EMPTY);
    auth_results_method(&writer, "dkim", "fail", SLICE_EMPTY, SLICE("body hash did not verify"));
    auth_results_property(&writer, "header.d", SLICE("example.com"));
    auth_results_property(&writer, "header.b", SLICE("a/b+c=="));
    auth_results_end(&writer);
    assert_slice(buffer_slice(&out),
                 "Authentication-Results: mx.example.test;\r\n"
                 "\tspf=pass (ip4:192.0.2.0/24) smtp.mailfrom=bounces@list.example;\r\n"
                 "\tdkim=fail reason=\"body hash did not verify\" header.d=example.com\r\n"
                 "\theader.b=\"a/b+c==\"\r\n");
    buffer_clear(&out);
    writer = auth_results_begin(&out, SLICE("mx.example.test"));
    auth_results_end(&writer);
    assert_slice(buffer_slice(&out), "Authentication-Results: mx.example.test; none\r\n");
    buffer_free(&out);
}

static void nothing_breaks_out_of_its_place(void **state) {
    static const char *const texts[] = {
        "x\r\nBcc: everybody",
        "a\"; dkim=pass header.d=bank.example; x=\"",
        "back\\slash \\\" quotes",
        "(comment) ) ( \\",
        "\xc3\xbcmlaut \xff",
        "\tblank \x01\x7f",
        "a@b@c",
        "bounce-a=b@list.example",
        "; none",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct slice text = slice_from_text(texts[i]);
        struct buffer out = buffer_new(AUTH_RESULTS_BYTES_MAX);
        struct arena *arena = arena_new(KIB(64));
        struct auth_results_reader reader;
        struct auth_result result;
        struct auth_results_writer writer = auth_results_begin(&out, SLICE("mx.example.test"));
        auth_results_method(&writer, "spf", "fail", text, text);
        auth_results_property(&writer, "smtp.mailfrom", text);
        auth_results_end(&writer);
        assert_lines_are_short(buffer_slice(&out));
        struct slice value = slice_skip(buffer_slice(&out), slice_find_byte(buffer_slice(&out), ':') + 1);
        assert_true(auth_results_read(arena, value, &reader));
        assert_slice(reader.id, "mx.example.test");
        assert_true(auth_results_next(&reader, &result));
        assert_slice(result.method, "spf");
        assert_slice(result.result, "fail");
        assert_int_equal(result.property_count, 1);
        assert_true(slice_equal(result.reason, result.properties[0].value));
        assert_int_equal(result.reason.len, text.len - (i == 4 ? 1 : 0));
        assert_false(auth_results_next(&reader, &result));
        arena_free(&arena);
        buffer_free(&out);
    }
}

static void long_texts_are_cut_and_folded(void **state) {
    struct buffer text = buffer_new(KIB(64));
    for (int i = 0; i < 5000; i++) buffer_append_text(&text, i % 3 ? "words" : " ");
    struct buffer out = buffer_new(AUTH_RESULTS_BYTES_MAX);
    struct auth_results_writer writer = auth_results_begin(&out, buffer_slice(&text));
    for (int i = 0; i < 10; i++) {
        auth_results_method(&writer, "dkim", "fail", buffer_slice(&text), buffer_slice(&text));
        auth_results_property(&writer, "header.d", buffer_slice(&text));
    }
    auth_results_end(&writer);
    assert_false(buffer_overflowed(&out));
    assert_lines_are_short(buffer_slice(&out));
    buffer_free(&out);
    buffer_free(&text);
}

static void what_could_be_taken_for_ours_is(void **state) {
    static const char *const ours[] = {
        " mx.example.test; spf=pass",
        "MX.Example.TEST; dkim=pass",
        "\r\n\tmx.example.test;\r\n dmarc=pass",
        " (hi) mx.example.test (there) 1; spf=pass",
        "\"mx.example.test\"; spf=pass",
        "\"mx.\\example.test\" ; spf=pass",
        "mx.example.test",
        "mx.example.test 1; none",
        "mx.example.test1; none",
        "mx.example.test.; none",
        "mx.example.test/1; none",
        "mx.(a)example.(b)test; spf=pass",
        "mx.\r\n example.test; spf=pass",
        "((nested)mx) mx.example.test; x=y",
        "(never closed",
        "",
    };
    static const char *const others[] = {
        " mx.example.org; spf=pass",
        "a.mx.example.test; spf=pass",
        "mx.example.test.evil.example; spf=pass",
        "mx.example.tests; spf=pass",
        "mx.example.test-2; spf=pass",
        "mx.example; spf=pass",
        "(mx.example.test) other.example; spf=pass",
        "other.example; spf=pass (mx.example.test; spf=fail)",
        "; mx.example.test",
    };
    struct slice host = SLICE("mx.example.test");
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (!auth_results_is_of(slice_from_text(ours[i]), host)) fail_msg("'%s' goes through", ours[i]);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (auth_results_is_of(slice_from_text(others[i]), host)) fail_msg("'%s' is taken out", others[i]);
}

/* ---- a header that passes by ---- */

static void pass(struct inbound_header *header, const char *message, size_t piece, struct buffer *out) {
    struct slice rest = slice_from_text(message);
    while (rest.len) inbound_header_write(header, slice_take(&rest, piece), out);
    inbound_header_finish(header, out);
}

/* In pieces of every size. `from`: the values with '|' for NUL. */
static void assert_passes(const char *message, const char *expected, const char *from, size_t dropped) {
    size_t len = strlen(message);
    for (size_t piece = 1; piece <= len + 1; piece++) {
        struct buffer out = buffer_new(MIB(1));
        struct inbound_header header = inbound_header_new(SLICE("mx.example.test"));
        pass(&header, message, piece, &out);
        assert_slice(buffer_slice(&out), expected);
        for (size_t i = 0; i < header.from.len; i++)
            if (header.from.ptr[i] == 0) header.from.ptr[i] = '|';
        assert_slice(buffer_slice(&header.from), from);
        assert_int_equal(header.dropped_count, dropped);
        inbound_header_free(&header);
        buffer_free(&out);
    }
}

static void forged_fields_are_taken_out(void **state) {
    assert_passes("Subject: x\r\nAuthentication-Results: mx.example.test; spf=pass\r\nFrom: "
                  "a@b.example\r\n\r\nBody\r\n",
                  "Subject: x\r\nFrom: a@b.example\r\n\r\nBody\r\n", " a@b.example\r\n|", 1);
    assert_passes("AUTHENTICATION-results :\r\n (x)\r\n\tMX.EXAMPLE.TEST;\r\n dmarc=pass\r\nA: b\r\n\r\n",
                  "A: b\r\n\r\n", "", 1);
    assert_passes("Authentication-Results: other.example; spf=pass\r\n\r\n",
                  "Authentication-Results: other.example; spf=pass\r\n\r\n", "", 0);
    assert_passes(
        "X-Posthaste-Junk: no\r\nx-posthaste-filter: rspamd;\r\n\taction=x\r\nX-Posthaste: y\r\n\r\n",
        "X-Posthaste: y\r\n\r\n", "", 2);
    /* The last line of a message that has nothing else. */
    assert_passes("Authentication-Results: mx.example.test; spf=pass", "", "", 1);
    assert_passes("Authentication-Results: x.example; spf=pass",
                  "Authentication-Results: x.example; spf=pass", "", 0);
    assert_passes("Authentication-Res", "Authentication-Res", "", 0);
    /* Blanks and folds before the colon. */
    assert_passes("Authentication-Results\r\n : mx.example.test; spf=pass\r\nA: b\r\n\r\n", "A: b\r\n\r\n",
                  "", 1);
    assert_passes("X-Posthaste-Junk \r\n\t\r\n : no\r\nA: b\r\n\r\n", "A: b\r\n\r\n", "", 1);
    assert_passes("Authentication-Results                                                             "
                  "          : mx.example.test; spf=pass\r\n\r\n",
                  "\r\n", "", 1);
    /* Behind our own field it would be a part of that. */
    assert_passes(" ; dmarc=pass\r\n x\r\nA: b\r\n\r\n", "A: b\r\n\r\n", "", 1);
}

static void all_else_goes_through(void **state) {
    static const char *const messages[] = {
        "\r\nAuthentication-Results: mx.example.test; spf=pass\r\n",
        "A: b\r\n\r\nAuthentication-Results: mx.example.test; spf=pass\r\n",
        "no field\r\n Authentication-Results: mx.example.test; spf=pass\r\n\r\n",
        "Authentication-Results\r\nA: mx.example.test; spf=pass\r\n\r\n",
        "From\r\n\r\nFrom: a@b.example\r\n",
        "X-Authentication-Results: mx.example.test; spf=pass\r\n\r\n",
        "ARC-Authentication-Results: i=1; mx.example.test; spf=pass\r\n\r\n",
        "A-name-that-is-longer-than-any-name-that-matters-here-by-some-bytes-and-more: x\r\n\r\n",
        ":\r\n::\r\n\r\n",
        "",
    };
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
        assert_passes(messages[i], messages[i], "", 0);
}

static void from_fields_are_kept(void **state) {
    assert_passes(
        "From: a@b.example,\r\n c@d.example\r\nTo: x@y.example\r\nfrom : e@f.example\r\n\r\nFrom: no\r\n",
        "From: a@b.example,\r\n c@d.example\r\nTo: x@y.example\r\nfrom : e@f.example\r\n\r\nFrom: no\r\n",
        " a@b.example,\r\n c@d.example\r\n| e@f.example\r\n|", 0);
    assert_passes("From:\r\n\r\n", "From:\r\n\r\n", "\r\n|", 0);
    assert_passes("From\r\n : a@b.example\r\nFrom: c@d.example\r\n\r\n",
                  "From\r\n : a@b.example\r\nFrom: c@d.example\r\n\r\n", " a@b.example\r\n| c@d.example\r\n|",
                  0);
    assert_passes("From-x: a\r\nXFrom: b\r\n\r\n", "From-x: a\r\nXFrom: b\r\n\r\n", "", 0);
}

static void what_is_too_long_is_decided_by_its_beginning(void **state) {
    struct buffer message = buffer_new(MIB(1));
    struct buffer out = buffer_new(MIB(1));
    struct inbound_header header = inbound_header_new(SLICE("mx.example.test"));
    buffer_append_text(&message, "Authentication-Results: (");
    for (int i = 0; i < 20000; i++) buffer_append_text(&message, "xx");
    buffer_append_text(&message, ") mx.example.test; spf=pass\r\nAuthentication-Results: other.example");
    size_t kept_from = message.len - strlen("Authentication-Results: other.example");
    for (int i = 0; i < 20000; i++) buffer_append_text(&message, ";x=y");
    buffer_append_text(&message, "\r\nFrom: ");
    for (int i = 0; i < 40000; i++) buffer_append_text(&message, "a,");
    buffer_append_text(&message, "\r\n\r\n");
    inbound_header_write(&header, buffer_slice(&message), &out);
    inbound_header_finish(&header, &out);
    assert_true(slice_equal(buffer_slice(&out), slice_skip(buffer_slice(&message), kept_from)));
    assert_true(header.is_from_cut);
    assert_int_equal(header.dropped_count, 1);
    inbound_header_free(&header);
    buffer_free(&message);
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_the_rfc_are_read),
        cmocka_unit_test(what_is_broken_ends_the_reading),
        cmocka_unit_test(a_field_is_written_in_lines),
        cmocka_unit_test(nothing_breaks_out_of_its_place),
        cmocka_unit_test(long_texts_are_cut_and_folded),
        cmocka_unit_test(what_could_be_taken_for_ours_is),
        cmocka_unit_test(forged_fields_are_taken_out),
        cmocka_unit_test(all_else_goes_through),
        cmocka_unit_test(from_fields_are_kept),
        cmocka_unit_test(what_is_too_long_is_decided_by_its_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

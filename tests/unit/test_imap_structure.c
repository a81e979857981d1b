/* ENVELOPE and BODYSTRUCTURE: what other servers show of the same messages, and hostile fields. */
#include "corpus.h"

#include <jansson.h>

#include "wire/imap_structure.h"
#include "wire/mime.h"

enum { RENDERED_BYTES_MAX = 1 << 20 };

/* Literals become quoted strings, runs of blanks one space, letters small. */
static struct slice normalized(struct arena *arena, struct slice text) {
    struct buffer out = buffer_new(text.len * 2 + 16);
    while (text.len) {
        uint64_t len = 0;
        struct slice ahead = slice_skip(text, 1);
        bool literal = text.ptr[0] == '{' && slice_take_number(&ahead, text.len, &len) &&
                       slice_take_prefix(&ahead, SLICE("}\r\n"));
        if (literal) {
            struct slice bytes = slice_take(&ahead, len);
            buffer_append_byte(&out, '"');
            for (size_t i = 0; i < bytes.len; i++) {
                if (bytes.ptr[i] == '"' || bytes.ptr[i] == '\\') buffer_append_byte(&out, '\\');
                buffer_append_byte(&out, bytes.ptr[i]);
            }
            buffer_append_byte(&out, '"');
            text = ahead;
            continue;
        }
        uint8_t c = ascii_lower(slice_take(&text, 1).ptr[0]);
        bool blank = c == ' ' || c == '\t';
        if (blank && out.len && out.ptr[out.len - 1] == ' ') continue;
        buffer_append_byte(&out, blank ? ' ' : c);
    }
    struct slice result = arena_copy(arena, buffer_slice(&out));
    buffer_free(&out);
    return result;
}

static struct slice rendered(struct arena *arena, const struct mime_part *root, const char *what) {
    struct buffer out = buffer_new(RENDERED_BYTES_MAX);
    if (strcmp(what, "ENVELOPE") == 0)
        buffer_append(&out, root->envelope);
    else if (strcmp(what, "RFC822.SIZE") == 0)
        buffer_append_number(&out, root->body_offset + root->body_len);
    else
        imap_bodystructure_render(&out, root, strcmp(what, "BODYSTRUCTURE") == 0);
    assert_false(buffer_overflowed(&out));
    struct slice result = arena_copy(arena, buffer_slice(&out));
    buffer_free(&out);
    return result;
}

/* Where a field stands twice, these servers show the last Subject but the first From. For us the
   first of each counts, everywhere: what is shown is what a filter has judged. */
static bool differs_by_rule(const char *key, const char *what) {
    static const char *const two_subjects[] = {
        "mime_emails/raw_email_with_binary_encoded.eml",
        "mime_emails/raw_email_with_multipart_mixed_quoted_boundary.eml"};
    bool listed = strcmp(key, two_subjects[0]) == 0 || strcmp(key, two_subjects[1]) == 0;
    return listed && strcmp(what, "ENVELOPE") == 0;
}

static bool agrees(struct arena *arena, const char *key, const char *what, struct slice got,
                   const char *expected) {
    got = normalized(arena, got);
    struct slice want = normalized(arena, slice_from_text(expected));
    if (slice_equal(got, want)) return true;
    print_message("%s %s\n got  %.*s\n want %.*s\n", key, what, SLICE_PRINT(slice_sub(got, 0, 1500)),
                  SLICE_PRINT(slice_sub(want, 0, 1500)));
    return false;
}

static void two_other_servers_show_the_same(void **state) {
    struct arena *arena = arena_new(256u << 20);
    struct slice text;
    if (!corpus_read(arena, "imap-expected/envelope-bodystructure.json", &text)) {
        arena_free(&arena);
        corpus_missing();
    }
    json_t *expected = json_loadb((const char *)text.ptr, text.len, 0, NULL);
    assert_non_null(expected);
    size_t fields = 0;
    size_t agreed = 0;
    const char *key;
    json_t *of_message;
    json_object_foreach(expected, key, of_message) {
        struct slice message;
        assert_true(corpus_message(arena, key, &message));
        struct mime_part *root = mime_parse(arena, message);
        const char *what;
        json_t *value;
        json_object_foreach(of_message, what, value) {
            if (differs_by_rule(key, what)) continue;
            fields++;
            agreed += agrees(arena, key, what, rendered(arena, root, what), json_string_value(value));
        }
    }
    json_decref(expected);
    arena_free(&arena);
    print_message("%zu of %zu fields agree\n", agreed, fields);
    assert_int_equal(fields, 206);
    assert_int_equal(agreed, fields);
}

static void assert_bodystructure(const char *message, const char *expected) {
    struct arena *arena = arena_new(1 << 20);
    assert_slice(rendered(arena, mime_parse(arena, slice_from_text(message)), "BODYSTRUCTURE"), expected);
    arena_free(&arena);
}

static void assert_envelope(const char *message, const char *expected) {
    struct arena *arena = arena_new(1 << 20);
    assert_slice(mime_parse(arena, slice_from_text(message))->envelope, expected);
    arena_free(&arena);
}

static void an_empty_message_has_a_whole_structure(void **state) {
    assert_bodystructure(
        "", "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 0 0 NIL NIL NIL NIL)");
    assert_envelope("", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
}

static void a_multipart_without_parts_shows_an_empty_text(void **state) {
    assert_bodystructure(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\nnothing\r\n",
        "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 0 0 NIL NIL NIL NIL) "
        "\"mixed\" (\"boundary\" \"b\") NIL NIL NIL)");
}

static void quotes_and_line_breaks_in_fields_do_not_end_the_string(void **state) {
    assert_envelope("Subject: a \"b\\ c\r\n d\r\nMessage-ID: <a\"b>\r\n\r\n",
                    "(NIL \"a \\\"b\\\\ c d\" NIL NIL NIL NIL NIL NIL NIL \"<a\\\"b>\")");
    assert_bodystructure(
        "Content-Type: text/plain; name=\"x\\\"y\\\\\"\r\nContent-Description: (\")\r\n\r\n",
        "(\"text\" \"plain\" (\"name\" \"x\\\"y\\\\\" \"charset\" \"us-ascii\") NIL \"(\\\")\" "
        "\"7BIT\" 0 0 NIL NIL NIL NIL)");
}

static void eight_bit_fields_are_literals(void **state) {
    assert_envelope("Subject: \xc3\xa4\r\n\r\n", "(NIL {2}\r\n\xc3\xa4 NIL NIL NIL NIL NIL NIL NIL NIL)");
}

static void nul_bytes_are_dropped(void **state) {
    struct arena *arena = arena_new(1 << 20);
    static const uint8_t message[] = "Subject: a\0b\r\nFrom: x\0y <a\0@b>\r\n\r\n";
    struct mime_part *root = mime_parse(arena, slice_of(message, sizeof message - 1));
    assert_slice(
        root->envelope,
        "(NIL \"ab\" ((\"xy\" NIL \"a\" \"b\")) ((\"xy\" NIL \"a\" \"b\")) ((\"xy\" NIL \"a\" \"b\")) "
        "NIL NIL NIL NIL NIL)");
    arena_free(&arena);
}

static void languages_are_one_string_or_a_list(void **state) {
    assert_bodystructure("Content-Type: a/b\r\nContent-Language: de, en\r\nContent-Location: http://x/\r\n"
                         "Content-MD5: abc==\r\n\r\n",
                         "(\"a\" \"b\" NIL NIL NIL \"7BIT\" 0 \"abc==\" NIL (\"de\" \"en\") \"http://x/\")");
    assert_bodystructure("Content-Type: a/b\r\nContent-Language: de\r\n\r\n",
                         "(\"a\" \"b\" NIL NIL NIL \"7BIT\" 0 NIL NIL \"de\" NIL)");
}

static void an_empty_address_list_is_nil(void **state) {
    assert_envelope("From: a@b\r\nTo:\r\nCc: ,\r\nSender: \r\n\r\n",
                    "(NIL NIL ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) "
                    "NIL NIL NIL NIL NIL)");
}

static void the_first_of_duplicated_fields_counts(void **state) {
    assert_envelope("Subject: one\r\nFrom: a@b\r\nSubject: two\r\nFrom: c@d\r\n\r\n",
                    "(NIL \"one\" ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) "
                    "NIL NIL NIL NIL NIL)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_other_servers_show_the_same),
        cmocka_unit_test(an_empty_message_has_a_whole_structure),
        cmocka_unit_test(a_multipart_without_parts_shows_an_empty_text),
        cmocka_unit_test(quotes_and_line_breaks_in_fields_do_not_end_the_string),
        cmocka_unit_test(eight_bit_fields_are_literals),
        cmocka_unit_test(nul_bytes_are_dropped),
        cmocka_unit_test(languages_are_one_string_or_a_list),
        cmocka_unit_test(an_empty_address_list_is_nil),
        cmocka_unit_test(the_first_of_duplicated_fields_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

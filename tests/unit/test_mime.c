/* MIME structure: nesting, boundaries, chunks of any size, caps, decoded bodies, stored structure, sections.
 */
#include "corpus.h"

#include <dirent.h>

#include "base/limits.h"
#include "wire/imap_structure.h"
#include "wire/structure.h"
#include "wire/transfer.h"

enum { ARENA_BYTES = 64 << 20, TEXT_BYTES_MAX = 32 << 20 };

/* The tree as text: "type/subtype header+len body+len lines", nested by depth. */
static void describe(const struct mime_part *root, struct buffer *out) {
    buffer_clear(out);
    for (const struct mime_part *part = root; part; part = mime_part_next(root, part)) {
        buffer_printf(out, "%*s%.*s/%.*s %d+%d %d+%d %d\n", (int)part->depth, "",
                      SLICE_PRINT(part->media.type), SLICE_PRINT(part->media.subtype),
                      (int)part->header_offset, (int)part->header_len, (int)part->body_offset,
                      (int)part->body_len, (int)part->body_lines);
    }
}

static void assert_tree(const char *message, const char *expected) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct buffer text = buffer_new(TEXT_BYTES_MAX);
    describe(mime_parse(arena, slice_from_text(message)), &text);
    assert_slice(buffer_slice(&text), expected);
    buffer_free(&text);
    arena_free(&arena);
}

#define MULTIPART "Content-Type: multipart/mixed; boundary=b\r\n\r\n" /* 45 bytes */

static void parts_lie_between_boundaries(void **state) {
    assert_tree(MULTIPART
                "pre\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: a/c\r\n\r\ntwo\r\nx\r\n--b--\r\npost",
                "multipart/mixed 0+45 45+62 10\n"
                " text/plain 55+2 57+3 0\n"
                " a/c 67+21 88+6 1\n");
}

static void bare_line_feeds_give_the_same_tree(void **state) {
    assert_tree("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n",
                "multipart/mixed 0+43 43+15 4\n text/plain 47+1 48+3 0\n");
}

static void a_missing_closing_boundary_ends_with_the_parent(void **state) {
    assert_tree(MULTIPART
                "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\none\r\n--b\r\n\r\ntwo",
                "multipart/mixed 0+45 45+72 8\n"
                " multipart/mixed 50+45 95+10 2\n"
                "  text/plain 100+2 102+3 0\n"
                " text/plain 112+2 114+3 0\n");
}

static void the_longest_boundary_is_meant(void **state) {
    assert_tree(
        MULTIPART
        "--b\r\nContent-Type: multipart/mixed; boundary=bc\r\n\r\n--bc\r\n\r\none\r\n--bc--\r\n--b--\r\n",
        "multipart/mixed 0+45 45+79 8\n"
        " multipart/mixed 50+46 96+19 3\n"
        "  text/plain 102+2 104+3 0\n");
}

static void a_boundary_may_end_a_header(void **state) {
    assert_tree(MULTIPART "--b\r\nContent-Type: a/c\r\n--b\r\n--b--\r\n", "multipart/mixed 0+45 45+36 4\n"
                                                                          " a/c 50+17 67+0 0\n"
                                                                          " text/plain 74+0 74+0 0\n");
}

static void an_embedded_message_is_read_on(void **state) {
    assert_tree("Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nbody\r\n",
                "message/rfc822 0+32 32+20 3\n text/plain 32+14 46+6 1\n");
}

static void a_digest_has_messages_by_default(void **state) {
    assert_tree("Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: x\r\n\r\ny\r\n--b--",
                "multipart/digest 0+46 46+29 5\n message/rfc822 51+2 53+15 2\n  text/plain 53+14 67+1 0\n");
}

static void broken_types_are_plain_text(void **state) {
    assert_tree("Content-Type: text\r\n\r\n", "text/plain 0+22 22+0 0\n");
    assert_tree("Content-Type: multipart/mixed\r\n\r\n--x\r\n", "text/plain 0+33 33+5 1\n");
    assert_tree("Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n", "a/b 0+40 40+0 0\n");
}

/* What the events said of each leaf, and the tree: all of it is to be the same however it is cut. */
struct record {
    struct buffer bodies;
    const struct mime_part *part;
};

static void record_header(void *context, const struct mime_part *part, struct slice header) {
    struct record *record = context;
    buffer_printf(&record->bodies, "\n#%d ", (int)part->header_offset);
    buffer_append(&record->bodies, header);
}
static void record_body(void *context, const struct mime_part *part, struct slice bytes) {
    struct record *record = context;
    if (record->part != part) buffer_printf(&record->bodies, "\n@%d ", (int)part->body_offset);
    record->part = part;
    buffer_append(&record->bodies, bytes);
}

/* Parses in steps of `step` bytes and puts all that comes of it into `out`. */
static void parse_in_steps(struct slice message, size_t step, struct buffer *out) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct record record = {.bodies = buffer_new(TEXT_BYTES_MAX)};
    struct mime_parser *parser =
        mime_parser_new(arena, (struct mime_events){&record, record_header, record_body});
    for (struct slice rest = message; rest.len;) {
        /* An allocation of its own shows reads past the chunk. */
        struct slice chunk = slice_take(&rest, step);
        uint8_t *copy = malloc(chunk.len);
        assert_non_null(copy);
        memcpy(copy, chunk.ptr, chunk.len);
        mime_parser_feed(parser, slice_of(copy, chunk.len));
        free(copy);
    }
    struct mime_part *root = mime_parser_finish(parser);
    describe(root, out);
    imap_bodystructure_render(out, root, true);
    buffer_append(out, root->envelope);
    buffer_append(out, buffer_slice(&record.bodies));
    buffer_free(&record.bodies);
    mime_parser_free(&parser);
    arena_free(&arena);
}

static void assert_any_steps(struct slice message) {
    struct buffer whole = buffer_new(TEXT_BYTES_MAX);
    struct buffer pieces = buffer_new(TEXT_BYTES_MAX);
    parse_in_steps(message, message.len + 1, &whole);
    static const size_t steps[] = {1, 2, 3, 7, 64, 1000};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        parse_in_steps(message, steps[i], &pieces);
        assert_true(slice_equal(buffer_slice(&whole), buffer_slice(&pieces)));
    }
    buffer_free(&whole);
    buffer_free(&pieces);
}

/* Encoding and decoding the structure loses nothing that IMAP shows. */
static void assert_stored_structure_is_the_same(struct slice message) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct buffer blob = buffer_new(TEXT_BYTES_MAX);
    struct buffer first = buffer_new(TEXT_BYTES_MAX);
    struct buffer second = buffer_new(TEXT_BYTES_MAX);
    struct mime_part *root = mime_parse(arena, message);
    structure_encode(&blob, root);
    struct mime_part *again = NULL;
    assert_int_equal(structure_decode(arena, buffer_slice(&blob), &again), STRUCTURE_OK);
    describe(root, &first);
    describe(again, &second);
    imap_bodystructure_render(&first, root, true);
    imap_bodystructure_render(&second, again, true);
    assert_true(slice_equal(buffer_slice(&first), buffer_slice(&second)));
    assert_true(slice_equal(root->envelope, again->envelope));
    buffer_clear(&first);
    structure_encode(&first, again);
    assert_true(slice_equal(buffer_slice(&first), buffer_slice(&blob)));
    buffer_free(&blob);
    buffer_free(&first);
    buffer_free(&second);
    arena_free(&arena);
}

static size_t each_message(const char *folder, void (*check)(struct slice message)) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/data/%s", corpus_root(), folder);
    DIR *dir = opendir(path);
    size_t count = 0;
    struct arena *arena = arena_new(ARENA_BYTES);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        struct slice name = slice_from_text(entry->d_name);
        if (!slice_ends_nocase(name, SLICE(".eml")) && !slice_ends_nocase(name, SLICE(".msg"))) continue;
        struct slice file = arena_printf(arena, "%s/%s", folder, entry->d_name);
        struct slice message;
        assert_true(corpus_read(arena, (const char *)file.ptr, &message));
        check(message);
        check(corpus_crlf(arena, message));
        arena_reset(arena);
        count++;
    }
    if (dir) closedir(dir);
    arena_free(&arena);
    return count;
}

static size_t each_corpus_message(void (*check)(struct slice message)) {
    static const char *const folders[] = {"mime-corpus/mime4j/testmsgs",
                                          "mime-corpus/mail-parser/rfc",
                                          "mime-corpus/ruby-mail/attachment_emails",
                                          "mime-corpus/ruby-mail/error_emails",
                                          "mime-corpus/ruby-mail/mime_emails",
                                          "mime-corpus/ruby-mail/multi_charset",
                                          "mime-corpus/ruby-mail/plain_emails",
                                          "mime-corpus/ruby-mail/multipart_report_emails"};
    size_t count = 0;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) count += each_message(folders[i], check);
    if (count == 0) corpus_missing();
    return count;
}

static void chunks_of_any_size_give_the_same(void **state) {
    assert_any_steps(SLICE(MULTIPART "--b\r\n\r\n\r\r\n\n-\r\n--\r\n-b\r\n--bx\r\n\r\n--b--"));
    assert_true(each_corpus_message(assert_any_steps) > 50);
}

static void a_stored_structure_reads_back_the_same(void **state) {
    assert_true(each_corpus_message(assert_stored_structure_is_the_same) > 50);
}

/* "X_decoded_1_2.txt": the first digit is the message, the others the part. */
static const struct mime_part *part_by_name(const struct mime_part *root, struct slice name) {
    uint32_t path[16];
    size_t count = 0;
    uint64_t number;
    const struct mime_part *part = root;
    (void)slice_take_number(&name, 99, &number);
    while (count < 16 && slice_take_byte(&name, '_') && slice_take_number(&name, 99, &number))
        path[count++] = (uint32_t)number;
    for (size_t i = 0; i < count; i++) {
        const struct mime_part *child = part->first_child;
        for (uint32_t n = 1; child && n < path[i]; n++) child = child->next;
        if (!child) return NULL;
        part = child;
    }
    return part;
}

static size_t without_returns(uint8_t *bytes, size_t len) {
    size_t kept = 0;
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != '\r') bytes[kept++] = bytes[i];
    return kept;
}

static bool decoded_body_agrees(struct arena *arena, const char *file) {
    struct slice name = slice_from_text(file);
    size_t mark = slice_find(name, SLICE("_decoded_"));
    struct slice want;
    struct slice message;
    struct slice path = arena_printf(arena, "mime-corpus/mime4j/testmsgs/%s", file);
    assert_true(corpus_read(arena, (const char *)path.ptr, &want));
    path = arena_printf(arena, "mime-corpus/mime4j/testmsgs/%.*s.msg", (int)mark, file);
    assert_true(corpus_read(arena, (const char *)path.ptr, &message));
    const struct mime_part *part = part_by_name(mime_parse(arena, message), slice_skip(name, mark + 9));
    if (!part) return false;
    struct buffer got = buffer_new(1 << 20);
    struct transfer_decoder decoder = transfer_decoder_new(transfer_encoding_of(part->encoding));
    transfer_decode(&decoder, slice_sub(message, part->body_offset, part->body_len), &got);
    transfer_finish(&decoder, &got);
    transfer_decoder_free(&decoder);
    got.len = without_returns(got.ptr, got.len);
    uint8_t *bytes = arena_alloc(arena, want.len + 1);
    memcpy(bytes, want.ptr, want.len);
    bool agrees = slice_equal(buffer_slice(&got), slice_of(bytes, without_returns(bytes, want.len)));
    buffer_free(&got);
    return agrees;
}

static void decoded_bodies_are_those_mime4j_has(void **state) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/data/mime-corpus/mime4j/testmsgs", corpus_root());
    DIR *dir = opendir(path);
    if (!dir) corpus_missing();
    size_t checked = 0;
    size_t differ = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        struct slice name = slice_from_text(entry->d_name);
        size_t mark = slice_find(name, SLICE("_decoded_"));
        if (mark == SLICE_NOT_FOUND || slice_ends_nocase(name, SLICE(".xml"))) continue;
        /* It decodes a base64 message/rfc822 before reading on; IMAP servers do not (RFC 2046 5.2.1 has
         * none). */
        if (slice_starts(name, SLICE("base64encoded-rfc822message"))) continue;
        /* It ends the header at a line that is no field; IMAP servers pass over that line. */
        if (slice_starts(name, SLICE("malformedHeaderStartsBody"))) continue;
        struct arena *arena = arena_new(ARENA_BYTES);
        checked++;
        if (!decoded_body_agrees(arena, entry->d_name)) {
            differ++;
            print_message("differs: %s\n", entry->d_name);
        }
        arena_free(&arena);
    }
    closedir(dir);
    assert_true(checked > 10);
    assert_int_equal(differ, 0);
}

/* Parses a hostile message; the structure must render and be stored in bounded space. */
static size_t assert_bounded(struct slice message, size_t parts_max) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct mime_part *root = mime_parse(arena, message);
    size_t parts = 0;
    for (const struct mime_part *part = root; part; part = mime_part_next(root, part)) {
        parts++;
        assert_true(part->depth <= MIME_DEPTH_MAX);
        assert_true(part->body_offset + part->body_len <= message.len);
    }
    assert_true(parts <= parts_max);
    struct buffer blob = buffer_new(TEXT_BYTES_MAX);
    structure_encode(&blob, root);
    assert_false(buffer_overflowed(&blob));
    struct mime_part *again;
    assert_int_equal(structure_decode(arena, buffer_slice(&blob), &again), STRUCTURE_OK);
    buffer_free(&blob);
    arena_free(&arena);
    return parts;
}

static void a_million_parts_stop_at_the_cap(void **state) {
    struct buffer message = buffer_new(TEXT_BYTES_MAX);
    buffer_append_text(&message, MULTIPART);
    for (int i = 0; i < 1000000; i++) buffer_append_text(&message, "--b\r\n\r\nx\r\n");
    assert_int_equal(assert_bounded(buffer_slice(&message), MIME_PARTS_MAX), MIME_PARTS_MAX);
    buffer_free(&message);
}

static void multiparts_in_multiparts_stop_at_the_depth(void **state) {
    struct buffer message = buffer_new(TEXT_BYTES_MAX);
    for (int i = 0; i < 10000; i++) {
        if (i) buffer_printf(&message, "--b%05d\r\n", i - 1);
        buffer_printf(&message, "Content-Type: multipart/mixed; boundary=b%05d\r\n\r\n", i);
    }
    for (int i = 9999; i >= 0; i--) buffer_printf(&message, "--b%05d--\r\n", i);
    assert_int_equal(assert_bounded(buffer_slice(&message), MIME_PARTS_MAX), MIME_DEPTH_MAX + 1);
    buffer_free(&message);
}

static void messages_in_messages_stop_at_the_depth(void **state) {
    struct buffer message = buffer_new(TEXT_BYTES_MAX);
    for (int i = 0; i < 10000; i++) buffer_append_text(&message, "Content-Type: message/rfc822\r\n\r\n");
    assert_int_equal(assert_bounded(buffer_slice(&message), MIME_PARTS_MAX), MIME_DEPTH_MAX + 1);
    buffer_free(&message);
}

static void a_header_of_ten_megabytes_keeps_offsets_right(void **state) {
    struct buffer message = buffer_new(TEXT_BYTES_MAX);
    buffer_append_text(&message, "Subject: early\r\n");
    while (message.len < 10000000)
        buffer_append_text(&message, "X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
    buffer_append_text(&message, "To: late@x\r\n\r\nbody");
    struct arena *arena = arena_new(ARENA_BYTES);
    struct mime_part *root = mime_parse(arena, buffer_slice(&message));
    assert_int_equal(root->body_offset, message.len - 4);
    assert_int_equal(root->body_len, 4);
    assert_slice(root->envelope, "(NIL \"early\" NIL NIL NIL NIL NIL NIL NIL NIL)");
    arena_free(&arena);
    buffer_free(&message);
}

static void many_addresses_still_make_an_envelope(void **state) {
    struct buffer message = buffer_new(TEXT_BYTES_MAX);
    buffer_append_text(&message, "To: ");
    while (message.len < 1000000) buffer_append_text(&message, "a@b, ");
    buffer_append_text(&message, "c@d\r\n\r\n");
    struct arena *arena = arena_new(ARENA_BYTES);
    struct slice envelope = mime_parse(arena, buffer_slice(&message))->envelope;
    assert_true(slice_starts(envelope, SLICE("(NIL NIL NIL NIL NIL ((NIL NIL \"a\" \"b\")(NIL")));
    assert_true(slice_ends_nocase(envelope, SLICE(") NIL NIL NIL NIL)")));
    arena_free(&arena);
    buffer_free(&message);
}

static void alike_boundaries_of_any_nesting_cost_no_more(void **state) {
    struct buffer message = buffer_new(TEXT_BYTES_MAX);
    char common[121];
    memset(common, 'b', 120);
    common[120] = 0;
    for (int i = 0; i < 99; i++) {
        if (i) buffer_printf(&message, "--%s%03d\r\n", common, i - 1);
        buffer_printf(&message, "Content-Type: multipart/mixed; boundary=%s%03d\r\n\r\n", common, i);
    }
    while (message.len < 20000000) buffer_printf(&message, "--%s\r\n", common);
    assert_int_equal(assert_bounded(buffer_slice(&message), MIME_PARTS_MAX), 99);
    buffer_free(&message);
}

static void a_small_arena_gives_a_smaller_tree(void **state) {
    struct buffer message = buffer_new(TEXT_BYTES_MAX);
    buffer_append_text(&message, MULTIPART);
    for (int i = 0; i < 1000; i++)
        buffer_append_text(&message, "--b\r\nContent-Type: a/c; name=xxxxxxxxxxxxxxxxxxxx\r\n\r\nx\r\n");
    for (size_t budget = 2000; budget < 60000; budget += 1111) {
        struct arena *arena = arena_new(budget);
        struct buffer text = buffer_new(TEXT_BYTES_MAX);
        imap_bodystructure_render(&text, mime_parse(arena, buffer_slice(&message)), true);
        assert_true(text.len > 20 && text.ptr[text.len - 1] == ')');
        buffer_free(&text);
        arena_free(&arena);
    }
    buffer_free(&message);
}

static void a_damaged_structure_is_refused_or_whole(void **state) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct buffer blob = buffer_new(TEXT_BYTES_MAX);
    structure_encode(
        &blob,
        mime_parse(arena,
                   SLICE(MULTIPART "--b\r\nContent-Type: message/rfc822\r\n\r\nTo: a@b\r\n\r\nx\r\n--b--")));
    struct mime_part *root;
    for (size_t len = 0; len < blob.len; len++)
        assert_int_equal(structure_decode(arena, slice_of(blob.ptr, len), &root), STRUCTURE_CORRUPT);
    buffer_append_byte(&blob, 0);
    assert_int_equal(structure_decode(arena, buffer_slice(&blob), &root), STRUCTURE_CORRUPT);
    struct arena *small = arena_new(64);
    assert_int_equal(structure_decode(small, slice_of(blob.ptr, blob.len - 1), &root), STRUCTURE_OVER_BUDGET);
    arena_free(&small);
    buffer_free(&blob);
    arena_free(&arena);
}

/* RFC 9051 6.4.5's example: 1 text, 2 octets, 3 message(1 text, 2 octets), 4 multipart(1 image, 2 message(1,
 * 2)). */
static const char sections_message[] =
    "Content-Type: multipart/mixed; boundary=a\n\n"
    "--a\nContent-Type: text/plain\n\nP1\n"
    "--a\nContent-Type: application/octet-stream\n\nP2\n"
    "--a\nContent-Type: message/rfc822\n\n"
    "Subject: three\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nP31\n--c\nContent-Type: "
    "x/y\n\nP32\n--c--\n"
    "--a\nContent-Type: multipart/mixed; boundary=d\n\n"
    "--d\nContent-Type: image/gif\n\nP41\n"
    "--d\nContent-Type: message/rfc822\n\nSubject: deep\n\nP421\n--d--\n--a--\n";

static void assert_section(const char *path_text, enum structure_section section, const char *expected) {
    struct arena *arena = arena_new(ARENA_BYTES);
    uint32_t path[8];
    size_t count = 0;
    struct slice rest = slice_from_text(path_text);
    for (uint64_t number; slice_take_number(&rest, 100, &number); (void)slice_take_byte(&rest, '.'))
        path[count++] = (uint32_t)number;
    struct slice message = slice_from_text(sections_message);
    struct structure_range range;
    enum structure_result result = structure_locate(mime_parse(arena, message), path, count, section, &range);
    assert_int_equal(result, expected ? STRUCTURE_OK : STRUCTURE_NO_SECTION);
    if (expected) assert_slice(slice_sub(message, range.offset, range.len), expected);
    arena_free(&arena);
}

static void sections_are_found_by_number(void **state) {
    assert_section("", STRUCTURE_BODY, sections_message);
    assert_section("", STRUCTURE_HEADER, "Content-Type: multipart/mixed; boundary=a\n\n");
    assert_section("1", STRUCTURE_BODY, "P1");
    assert_section("1", STRUCTURE_MIME, "Content-Type: text/plain\n\n");
    assert_section("3", STRUCTURE_HEADER, "Subject: three\nContent-Type: multipart/mixed; boundary=c\n\n");
    assert_section("3", STRUCTURE_MIME, "Content-Type: message/rfc822\n\n");
    assert_section("3.1", STRUCTURE_BODY, "P31");
    assert_section("3.2", STRUCTURE_BODY, "P32");
    assert_section("4.1", STRUCTURE_BODY, "P41");
    assert_section("4.2", STRUCTURE_BODY, "Subject: deep\n\nP421");
    assert_section("4.2", STRUCTURE_TEXT, "P421");
    assert_section("4.2.1", STRUCTURE_BODY, "P421");
}

static void sections_that_are_not_there_are_not_found(void **state) {
    assert_section("", STRUCTURE_MIME, NULL);
    assert_section("1", STRUCTURE_HEADER, NULL);
    assert_section("1.1", STRUCTURE_BODY, NULL);
    assert_section("5", STRUCTURE_BODY, NULL);
    assert_section("0", STRUCTURE_BODY, NULL);
    assert_section("4", STRUCTURE_TEXT, NULL);
    assert_section("4.2.2", STRUCTURE_BODY, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_lie_between_boundaries),
        cmocka_unit_test(bare_line_feeds_give_the_same_tree),
        cmocka_unit_test(a_missing_closing_boundary_ends_with_the_parent),
        cmocka_unit_test(the_longest_boundary_is_meant),
        cmocka_unit_test(a_boundary_may_end_a_header),
        cmocka_unit_test(an_embedded_message_is_read_on),
        cmocka_unit_test(a_digest_has_messages_by_default),
        cmocka_unit_test(broken_types_are_plain_text),
        cmocka_unit_test(chunks_of_any_size_give_the_same),
        cmocka_unit_test(a_stored_structure_reads_back_the_same),
        cmocka_unit_test(decoded_bodies_are_those_mime4j_has),
        cmocka_unit_test(a_million_parts_stop_at_the_cap),
        cmocka_unit_test(multiparts_in_multiparts_stop_at_the_depth),
        cmocka_unit_test(messages_in_messages_stop_at_the_depth),
        cmocka_unit_test(a_header_of_ten_megabytes_keeps_offsets_right),
        cmocka_unit_test(many_addresses_still_make_an_envelope),
        cmocka_unit_test(alike_boundaries_of_any_nesting_cost_no_more),
        cmocka_unit_test(a_small_arena_gives_a_smaller_tree),
        cmocka_unit_test(a_damaged_structure_is_refused_or_whole),
        cmocka_unit_test(sections_are_found_by_number),
        cmocka_unit_test(sections_that_are_not_there_are_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

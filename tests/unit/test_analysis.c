/* What is worked out of a message at delivery, and the text that searches look in. */
#include "corpus.h"

#include <jansson.h>

#include "analyse/analysis.h"
#include "analyse/report.h"
#include "analyse/subject.h"
#include "base/limits.h"
#include "wire/charset.h"
#include "wire/structure.h"

enum { ARENA_BYTES = 64 << 20 };

/* One message analysed, in chunks of `step` bytes. */
struct fixture {
    struct arena *arena;
    struct analyser *analyser;
    const struct analysis *analysis;
};

static struct fixture analysed(struct slice message, size_t step, size_t arena_bytes) {
    struct fixture f = {.arena = arena_new(arena_bytes)};
    f.analyser = analysis_new(f.arena);
    while (message.len) analysis_feed(f.analyser, slice_take(&message, step));
    f.analysis = analysis_finish(f.analyser);
    return f;
}

static void fixture_free(struct fixture *f) {
    analysis_free(&f->analyser);
    arena_free(&f->arena);
}

static const char reply[] =
    "Delivered-To: one@x\r\nReceived: a\r\nReceived: b\r\nDelivered-To: two@x\r\n"
    "From: =?utf-8?Q?J=C3=B6rg?= <j@example.com>\r\nFrom: second@example.com\r\n"
    "To: A <a@b>, c@d\r\nCc: g:;, e@f\r\n"
    "Subject: Re: [list] =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nDate: Tue, 1 Jul 2003 10:52:37 +0200\r\n"
    "Message-ID: <m@x>\r\nIn-Reply-To: <p@x>\r\nReferences: <r1@x>\r\n <r2@x>\r\n"
    "Content-Type: multipart/alternative; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: "
    "quoted-printable\r\n\r\n"
    "> quoted before\r\nSch=F6ne\r\n  Gr=FC=\r\n=DFe!\r\n"
    "--b\r\nContent-Type: text/html\r\n\r\n<p>Sch&ouml;ne <b>Gr&uuml;&szlig;e</b>\r\n--b--\r\n";

static void a_reply_is_understood(void **state) {
    struct fixture f = analysed(slice_from_text(reply), 10, ARENA_BYTES);
    const struct analysis *a = f.analysis;
    assert_int_equal(a->size, sizeof reply - 1);
    assert_slice(a->preview, "Sch\xc3\xb6ne Gr\xc3\xbc\xc3\x9f"
                             "e!");
    assert_slice(a->subject, "Re: [list] Gr\xc3\xbc\xc3\x9f"
                             "e");
    assert_slice(a->subject_base, "Gr\xc3\xbc\xc3\x9f"
                                  "e");
    assert_true(a->subject_is_reply);
    assert_true(a->sent_known && a->has_date && a->has_message_id);
    assert_int_equal(a->sent_ms, 1057049557000);
    assert_slice(a->message_id, "m@x");
    assert_slice(a->in_reply_to, "p@x");
    assert_int_equal(a->references.count, 2);
    assert_slice(a->references.items[1], "r2@x");
    assert_slice(a->from.name, "J\xc3\xb6rg");
    assert_slice(a->from.local, "j");
    assert_slice(a->to.domain, "b");
    assert_slice(a->cc.local, "e");
    assert_int_equal(a->from_fields, 2);
    assert_int_equal(a->from_addresses, 1);
    assert_int_equal(a->received_count, 2);
    assert_int_equal(a->delivered_to.count, 2);
    assert_slice(a->delivered_to.items[1], "two@x");
    assert_false(a->has_attachment);
    assert_int_equal(a->kind, KIND_PERSONAL);
    struct mime_part *root;
    assert_int_equal(structure_decode(f.arena, a->structure, &root), STRUCTURE_OK);
    fixture_free(&f);
}

static void all_whom_it_is_to_are_kept_where_that_is_asked_for(void **state) {
    static const char message[] =
        "To: Ann <ann@x.test>, team: ben@x.test, \"c d\"@y.test;\r\n"
        "Cc: dora@x.test\r\nBcc: emil@x.test\r\nCc: fay@x.test, nobody, <@>\r\n\r\nHi\r\n";
    static const char *const all[] = {"ann@x.test",  "ben@x.test",  "c d@y.test",
                                      "dora@x.test", "emil@x.test", "fay@x.test"};
    struct arena *arena = arena_new(ARENA_BYTES);
    struct analyser *analyser = analysis_new(arena);
    analysis_addressees(analyser);
    analysis_feed(analyser, slice_from_text(message));
    const struct analysis *a = analysis_finish(analyser);
    assert_int_equal(a->addressees.count, sizeof all / sizeof all[0]);
    for (size_t i = 0; i < a->addressees.count; i++) assert_slice(a->addressees.items[i], all[i]);
    analysis_free(&analyser);
    struct fixture f = analysed(slice_from_text(message), 1000, ARENA_BYTES);
    assert_int_equal(f.analysis->addressees.count, 0);
    fixture_free(&f);
    arena_free(&arena);
}

static void addressees_have_a_maximum(void **state) {
    struct buffer message = buffer_new(1 << 20);
    struct arena *arena = arena_new(ARENA_BYTES);
    struct analyser *analyser = analysis_new(arena);
    buffer_append_text(&message, "To: a@x.test");
    for (int i = 0; i < 10000; i++) buffer_printf(&message, ",\r\n p%d@x.test", i);
    buffer_append_text(&message, "\r\n\r\nHi\r\n");
    analysis_addressees(analyser);
    analysis_feed(analyser, buffer_slice(&message));
    assert_int_equal(analysis_finish(analyser)->addressees.count, ANALYSIS_ADDRESSEES_MAX);
    analysis_free(&analyser);
    arena_free(&arena);
    buffer_free(&message);
}

static void assert_preview(const char *message, const char *expected) {
    struct fixture f = analysed(slice_from_text(message), 1000000, ARENA_BYTES);
    assert_slice(f.analysis->preview, expected);
    fixture_free(&f);
}

static void previews_come_from_the_first_text_with_any(void **state) {
    assert_preview("Content-Type: text/html\r\n\r\n<style>x</style><p>Hi<p>there", "Hi there");
    assert_preview(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n \r\n--b\r\n\r\nsecond\r\n--b--",
        "second");
    assert_preview("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: "
                   "attachment\r\n\r\nno\r\n"
                   "--b\r\n\r\nyes\r\n--b--",
                   "yes");
    assert_preview(
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n4oKs/yA=\r\n",
        "\xe2\x82\xac\xef\xbf\xbd");
    assert_preview("Content-Type: image/png\r\n\r\nxx", "");
}

static void a_long_preview_is_cut_between_characters(void **state) {
    struct buffer message = buffer_new(10000);
    buffer_append_text(&message, "Content-Type: text/plain; charset=utf-8\r\n\r\na");
    for (int i = 0; i < 300; i++) buffer_append_text(&message, "\xc3\xa4");
    struct fixture f = analysed(buffer_slice(&message), 7, ARENA_BYTES);
    assert_true(f.analysis->preview.len <= ANALYSIS_PREVIEW_BYTES && f.analysis->preview.len > 190);
    assert_true(utf8_valid(f.analysis->preview));
    fixture_free(&f);
    buffer_free(&message);
}

static void the_newest_references_are_kept(void **state) {
    struct buffer message = buffer_new(1 << 20);
    buffer_append_text(&message, "References:");
    for (int i = 0; i < 5000; i++) buffer_printf(&message, " <%d@x>\r\n", i);
    buffer_append_text(&message, "\r\n");
    struct fixture f = analysed(buffer_slice(&message), 1000, ARENA_BYTES);
    assert_int_equal(f.analysis->references.count, ANALYSIS_REFERENCES_MAX);
    assert_slice(f.analysis->references.items[0], "4900@x");
    assert_slice(f.analysis->references.items[ANALYSIS_REFERENCES_MAX - 1], "4999@x");
    fixture_free(&f);
    buffer_free(&message);
}

static void base_subjects_follow_rfc_5256(void **state) {
    static const char *const rows[][2] = {
        {"Re: a", "a"},
        {"RE:fw: [x] Fwd[y]: a (fwd) ", "a"},
        {"[only]", "[only]"},
        {"[fwd: re: a]", "a"},
        {"a  b\tc", "a b c"},
        {"Re", "Re"},
        {"[a] [b] c", "c"},
        {"Re: ", ""},
        {"", ""},
        {"refwd: a", "refwd: a"},
        {"[a[b] c", "[a[b] c"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer out = buffer_new(1000);
        (void)subject_base(slice_from_text(rows[i][0]), &out);
        assert_slice(buffer_slice(&out), rows[i][1]);
        buffer_free(&out);
    }
}

static void assert_kind(const char *message, enum kind kind) {
    struct fixture f = analysed(slice_from_text(message), 1000, ARENA_BYTES);
    assert_string_equal(kind_name(f.analysis->kind), kind_name(kind));
    fixture_free(&f);
}

static void kinds_are_told_apart(void **state) {
    assert_kind("From: a@b\r\n\r\nhello", KIND_PERSONAL);
    assert_kind("Auto-Submitted: no\r\n\r\n", KIND_PERSONAL);
    assert_kind("Auto-Submitted: auto-replied\r\nPrecedence: bulk\r\n\r\n", KIND_AUTO_REPLY);
    assert_kind("List-Id: <x.y>\r\n\r\n", KIND_BULK);
    assert_kind("Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n",
                KIND_BOUNCE);
    assert_kind("Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n",
                KIND_COMPLAINT);
    assert_kind("Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: "
                "message/delivery-status\r\n\r\n"
                "x\r\n--b--",
                KIND_BOUNCE);
    assert_kind("From: MAILER-DAEMON@x\r\n\r\n", KIND_BOUNCE);
}

static void assert_attachment(const char *message, bool expected) {
    struct fixture f = analysed(slice_from_text(message), 1000, ARENA_BYTES);
    assert_int_equal(f.analysis->has_attachment, expected);
    fixture_free(&f);
}

#define MIXED "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n"
#define RELATED "Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n"

static void attachments_are_noticed(void **state) {
    assert_attachment(MIXED "Content-Type: application/pdf\r\n\r\nx\r\n--b--", true);
    assert_attachment(MIXED "Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nx\r\n--b--",
                      true);
    assert_attachment(MIXED "Content-Type: message/rfc822\r\n\r\n\r\nx\r\n--b--", true);
    assert_attachment(MIXED "Content-Type: text/plain\r\n\r\nx\r\n--b--", false);
    assert_attachment(RELATED "Content-Type: image/png\r\nContent-ID: <x>\r\n\r\nx\r\n--b--", false);
}

static void a_small_arena_gives_less_but_valid(void **state) {
    for (size_t budget = 1500; budget < 12000; budget += 300) {
        struct fixture f = analysed(slice_from_text(reply), 50, budget);
        assert_true(slice_ends_nocase(f.analysis->envelope, SLICE(")")));
        assert_true(utf8_valid(f.analysis->preview));
        struct arena *arena = arena_new(ARENA_BYTES);
        struct mime_part *root;
        assert_int_equal(structure_decode(arena, f.analysis->structure, &root), STRUCTURE_OK);
        arena_free(&arena);
        fixture_free(&f);
    }
}

static void assert_search(const char *message, unsigned what, const char *expected) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct buffer out = buffer_new(100000);
    analysis_search_text(arena, slice_from_text(message), what, &out);
    assert_slice(buffer_slice(&out), expected);
    buffer_free(&out);
    arena_free(&arena);
}

static const char searched[] =
    "Subject: =?utf-8?B?w6Q=?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n<p>\xe4</p>\r\n"
    "--b\r\nContent-Type: application/pdf; name=\"=?utf-8?Q?=C3=A4.pdf?=\"\r\n\r\nbytes\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nin it\r\n--b--\r\n";

static void searches_see_decoded_text(void **state) {
    assert_search(searched, ANALYSIS_SEARCH_BODY, "\xc3\xa4\n\xc3\xa4.pdf\nSubject: inner\nin it\n");
    assert_search(searched, ANALYSIS_SEARCH_HEADER,
                  "Subject: \xc3\xa4\nContent-Type: multipart/mixed; boundary=b\n");
}

static void search_text_stops_at_its_maximum(void **state) {
    struct arena *arena = arena_new(ARENA_BYTES);
    for (size_t max = 0; max < 60; max++) {
        struct buffer out = buffer_new(max);
        analysis_search_text(arena, slice_from_text(searched), 3, &out);
        assert_true(out.len <= max && utf8_valid(buffer_slice(&out)));
        buffer_free(&out);
    }
    arena_free(&arena);
}

static void a_report_is_text_or_json(void **state) {
    struct buffer out = buffer_new(1 << 20);
    assert_int_equal(mime_report(SLICE("Subject: a\x1b[1mb\xff\r\n\r\nx"), false, &out), MIME_REPORT_OK);
    assert_int_equal(slice_find_byte(buffer_slice(&out), 0x1b), SLICE_NOT_FOUND);
    assert_int_not_equal(slice_find(buffer_slice(&out), SLICE("subject: a\\x1b[1mb")), SLICE_NOT_FOUND);
    buffer_clear(&out);
    assert_int_equal(mime_report(slice_from_text(reply), true, &out), MIME_REPORT_OK);
    json_t *json = json_loadb((const char *)out.ptr, out.len, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(json, "parts")), 3);
    assert_string_equal(json_string_value(json_object_get(json, "message_id")), "m@x");
    json_decref(json);
    buffer_free(&out);
}

/* Of the labelled bounces and complaints, nearly all are known by structure and sender alone. */
static void labelled_reports_are_recognized(void **state) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct slice table;
    if (!corpus_read(arena, "bounces/expected.tsv", &table)) {
        arena_free(&arena);
        corpus_missing();
    }
    size_t rows = 0;
    size_t right = 0;
    (void)slice_take_until(&table, '\n');
    for (table = slice_skip(table, 1); table.len; table = slice_skip(table, 1)) {
        struct slice row = slice_take_until(&table, '\n');
        struct slice name = slice_take_until(&row, '\t');
        row = slice_skip(row, 1);
        (void)slice_take_until(&row, '\t');
        row = slice_skip(row, 1);
        struct slice kind = slice_take_until(&row, '\t');
        struct slice path = arena_printf(arena, "bounces/%.*s", SLICE_PRINT(name));
        struct slice message;
        bool wanted = slice_equal(kind, SLICE("bounce")) || slice_equal(kind, SLICE("complaint"));
        if (!wanted || !corpus_read(arena, (const char *)path.ptr, &message)) continue;
        struct fixture f = analysed(message, 4096, ARENA_BYTES);
        rows++;
        right += slice_equal(kind, slice_from_text(kind_name(f.analysis->kind)));
        fixture_free(&f);
    }
    print_message("%zu of %zu reports recognized\n", right, rows);
    assert_true(rows > 100);
    assert_true(right * 10 >= rows * 8);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_is_understood),
        cmocka_unit_test(all_whom_it_is_to_are_kept_where_that_is_asked_for),
        cmocka_unit_test(addressees_have_a_maximum),
        cmocka_unit_test(previews_come_from_the_first_text_with_any),
        cmocka_unit_test(a_long_preview_is_cut_between_characters),
        cmocka_unit_test(the_newest_references_are_kept),
        cmocka_unit_test(base_subjects_follow_rfc_5256),
        cmocka_unit_test(kinds_are_told_apart),
        cmocka_unit_test(attachments_are_noticed),
        cmocka_unit_test(a_small_arena_gives_less_but_valid),
        cmocka_unit_test(searches_see_decoded_text),
        cmocka_unit_test(search_text_stops_at_its_maximum),
        cmocka_unit_test(a_report_is_text_or_json),
        cmocka_unit_test(labelled_reports_are_recognized),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

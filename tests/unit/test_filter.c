/* Content filters: answers over HTTP, verdicts, fields that may be added, bodies read back. */
#include "test.h"

#include "base/limits.h"
#include "filter/added_fields.h"
#include "filter/body_pieces.h"
#include "filter/protocol.h"
#include "filter/rspamd.h"
#include "filter/service.h"
#include "wire/http_answer.h"
#include "wire/milter.h"

/* ---- answers over HTTP ---- */

static enum http_answer_status hear(struct http_answer *answer, const char *text, size_t piece, bool ends) {
    struct slice rest = slice_from_text(text);
    enum http_answer_status status = HTTP_ANSWER_MORE;
    http_answer_begin(answer, 100);
    while (rest.len && status == HTTP_ANSWER_MORE)
        status = http_answer_feed(answer, slice_take(&rest, piece));
    return status == HTTP_ANSWER_MORE && ends ? http_answer_end(answer) : status;
}

static void an_answer_is_the_same_in_all_pieces(void **state) {
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello behind",
        "HTTP/1.1 200\r\ntransfer-encoding: Chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: t\r\n\r\n",
        "HTTP/1.0 200 Fine\r\n\r\nhello",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
        "5\r\n"
        "\r\nhello",
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        for (size_t piece = 1; piece < 120; piece++) {
            struct http_answer answer;
            assert_int_equal(hear(&answer, answers[i], piece, true), HTTP_ANSWER_WHOLE);
            assert_int_equal(answer.status, 200);
            assert_slice(buffer_slice(&answer.body), "hello");
            http_answer_free(&answer);
        }
}

static void what_is_no_answer_is_refused(void **state) {
    static const char *const answers[] = {
        "hello",
        "\r\n\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1 101 Other\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\n folded\r\n\r\nab",
        "HTTP/1.1 200 OK\n\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct http_answer answer;
        if (hear(&answer, answers[i], 7, true) != HTTP_ANSWER_BAD) fail_msg("took: %s", answers[i]);
        http_answer_free(&answer);
    }
}

static void an_answer_is_only_so_long(void **state) {
    struct http_answer answer;
    assert_int_equal(hear(&answer, "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", 9, false),
                     HTTP_ANSWER_TOO_LARGE);
    http_answer_free(&answer);
    assert_int_equal(hear(&answer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n", 9, false),
                     HTTP_ANSWER_TOO_LARGE);
    http_answer_free(&answer);
    struct buffer text = buffer_new(1000);
    buffer_append_text(&text, "HTTP/1.1 200 OK\r\n\r\n");
    for (int i = 0; i < 101; i++) buffer_append_text(&text, "x");
    buffer_append_byte(&text, 0);
    assert_int_equal(hear(&answer, (const char *)text.ptr, 9, true), HTTP_ANSWER_TOO_LARGE);
    http_answer_free(&answer);
    buffer_free(&text);
}

/* ---- milters ---- */

static enum milter_status read_reply(const void *bytes, size_t len, struct milter_reply *reply) {
    struct slice input = slice_of(bytes, len);
    return milter_reply_next(&input, reply);
}
#define REPLY(bytes, reply) read_reply(bytes, sizeof(bytes) - 1, reply)

static void commands_of_a_milter_are_packets(void **state) {
    struct buffer out = buffer_new(1000);
    struct slice texts[] = {SLICE("a"), SLICE("b\0c")};
    milter_write_options(&out);
    assert_memory_equal(out.ptr, "\0\0\0\x0dO\0\0\0\x06\0\0\0\x31\0\x1f\xf7\xff", 17);
    buffer_clear(&out);
    milter_write_texts(&out, 'L', texts, 2);
    milter_write_macros(&out, 'M', texts, 1);
    milter_write_bytes(&out, 'B', SLICE("x"));
    milter_write_connect(&out, SLICE("h"), SLICE("::1"));
    milter_write_connect(&out, SLICE("h"), SLICE_EMPTY);
    static const char want[] = "\0\0\0\x06La\0bc\0\0\0\0\x04"
                               "DMa\0\0\0\0\x02"
                               "Bx\0\0\0\x0a"
                               "Ch\0"
                               "6\0\0::1\0\0\0\0\x04"
                               "Ch\0U";
    assert_int_equal(out.len, sizeof want - 1);
    assert_memory_equal(out.ptr, want, sizeof want - 1);
    buffer_free(&out);
}

static void replies_of_a_milter_are_read_strictly(void **state) {
    struct milter_reply reply;
    assert_int_equal(REPLY("\0\0\0\x09hX-A\0b c\0", &reply), MILTER_WHOLE);
    assert_int_equal(reply.kind, MILTER_ADD_FIELD);
    assert_slice(reply.name, "X-A");
    assert_slice(reply.value, "b c");
    assert_int_equal(REPLY("\0\0\0\x09i\0\0\0\1X\0b\0", &reply), MILTER_WHOLE);
    assert_slice(reply.name, "X");
    assert_int_equal(REPLY("\0\0\0\x11y550 5.7.1 Gone\0", &reply), MILTER_MORE);
    assert_int_equal(REPLY("\0\0\0\x10y550 5.7.1 Gone\0", &reply), MILTER_WHOLE);
    assert_int_equal(reply.code, 550);
    assert_slice(reply.text, "5.7.1 Gone");
    assert_int_equal(REPLY("\0\0\0\1c\0\0\0\1", &reply), MILTER_WHOLE);
    assert_int_equal(REPLY("\0\0\0", &reply), MILTER_MORE);
    assert_int_equal(REPLY("\0\0\0\0", &reply), MILTER_BAD);
    assert_int_equal(REPLY("\0\x10\0\0", &reply), MILTER_BAD);
    assert_int_equal(REPLY("\0\0\0\1?", &reply), MILTER_BAD);
    assert_int_equal(REPLY("\0\0\0\5O\0\0\0\6", &reply), MILTER_BAD);
    assert_int_equal(REPLY("\0\0\0\5hX-A\0", &reply), MILTER_BAD);
    assert_int_equal(REPLY("\0\0\0\3iX\0", &reply), MILTER_BAD);
    assert_int_equal(REPLY("\0\0\0\6y250 \0", &reply), MILTER_BAD);
    assert_int_equal(REPLY("\0\0\0\5y550x", &reply), MILTER_BAD);
}

/* ---- verdicts ---- */

static struct filter_verdict judge(struct arena *arena, const char *json) {
    struct filter_verdict verdict;
    rspamd_verdict_read(slice_from_text(json), arena, &verdict);
    return verdict;
}

static void actions_of_rspamd_become_ours(void **state) {
    static const struct {
        const char *json;
        enum filter_action action;
    } answers[] = {
        {"{\"action\":\"no action\"}", FILTER_ACCEPT},
        {"{\"action\":\"greylist\"}", FILTER_ACCEPT},
        {"{\"action\":\"add header\"}", FILTER_JUNK},
        {"{\"action\":\"rewrite subject\"}", FILTER_JUNK},
        {"{\"action\":\"quarantine\"}", FILTER_JUNK},
        {"{\"action\":\"discard\"}", FILTER_JUNK},
        {"{\"action\":\"soft reject\"}", FILTER_DEFER},
        {"{\"action\":\"reject\"}", FILTER_REJECT},
        {"{\"action\":\"an operator's own\"}", FILTER_ACCEPT},
        {"{\"action\":\"\"}", FILTER_DOWN},
        {"{\"action\":7}", FILTER_DOWN},
        {"{}", FILTER_DOWN},
        {"[]", FILTER_DOWN},
        {"", FILTER_DOWN},
        {"{\"action\":\"no action\"} x", FILTER_DOWN},
        {"{\"action\":\"no "
         "action\",\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
         FILTER_DOWN},
        {"{\"action\":\"no action\",\"a\":\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}",
         FILTER_ACCEPT},
    };
    struct arena *arena = arena_new(MIB(1));
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (judge(arena, answers[i].json).action != answers[i].action) fail_msg("%s", answers[i].json);
    arena_free(&arena);
}

static void a_verdict_says_why_and_in_one_line(void **state) {
    struct arena *arena = arena_new(MIB(1));
    struct filter_verdict verdict =
        judge(arena, "{\"action\":\"reject\",\"score\":17.5,\"required_score\":15,\"symbols\":"
                     "{\"BAYES_SPAM\":{},\"NOT A NAME\\r\\n\":{},\"R_SPF_FAIL\":{}},"
                     "\"messages\":{\"smtp_message\":\"No\\r\\n250 OK \xc3\xa4\"}}");
    assert_slice(verdict.text, "No??250 OK ?");
    assert_slice(verdict.summary,
                 "rspamd; action=\"reject\"; score=17.50/15.00; symbols=BAYES_SPAM, R_SPF_FAIL");
    assert_slice(verdict.fields, "X-Posthaste-Filter: rspamd; action=\"reject\"; score=17.50/15.00;\r\n"
                                 "\tsymbols=BAYES_SPAM, R_SPF_FAIL\r\n");
    arena_free(&arena);
}

static void nothing_of_the_envelope_ends_its_line_in_a_request(void **state) {
    struct slice recipients[] = {SLICE("a@example.test"), SLICE("b@example.test")};
    struct filter_question question = {.id = 255,
                                       .mail_from = SLICE("x@y\r\nIP: 1.2.3.4"),
                                       .recipients = recipients,
                                       .recipient_count = 2,
                                       .helo = SLICE("mx.sender.test"),
                                       .address = SLICE("192.0.2.1")};
    struct buffer out = buffer_new(KIB(4));
    rspamd_request_write(&out, &question, SLICE("127.0.0.1:11333"), 42);
    assert_slice(buffer_slice(&out),
                 "POST /checkv2 HTTP/1.1\r\nHost: 127.0.0.1:11333\r\nConnection: close\r\n"
                 "Content-Length: 42\r\nQueue-Id: 00000000000000ff\r\n"
                 "From: <x@y??IP: 1.2.3.4>\r\nRcpt: a@example.test\r\n"
                 "Rcpt: b@example.test\r\nIP: 192.0.2.1\r\nHelo: mx.sender.test\r\n\r\n");
    buffer_free(&out);
}

/* ---- fields ---- */

static void fields_are_folded_and_clean(void **state) {
    struct added_fields fields = added_fields_new();
    assert_true(added_fields_add(&fields, SLICE("X-A"), SLICE(" one\r\n\r\ntwo\tthree\x01 ")));
    assert_false(added_fields_add(&fields, SLICE("X-Empty"), SLICE(" \r\n ")));
    assert_slice(buffer_slice(&fields.bytes), "X-A: one two three?\r\n");
    struct buffer words = buffer_new(KIB(8));
    for (int i = 0; i < 100; i++) buffer_append_text(&words, "word ");
    for (int i = 0; i < 2000; i++) buffer_append_text(&words, "w");
    assert_true(added_fields_add(&fields, SLICE("Authentication-Results"), buffer_slice(&words)));
    assert_true(added_fields_are_proper(buffer_slice(&fields.bytes)));
    buffer_free(&words);
    added_fields_free(&fields);
}

static void fields_that_say_what_a_message_is_are_not_added(void **state) {
    static const char *const names[] = {"Content-Type", "From",        "Bcc", "Received", "Return-Path",
                                        "X-A:",         "X-\r\nBcc",   "X A", "",         "Subject",
                                        "Date",         "MIME-Version"};
    struct added_fields fields = added_fields_new();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_false(added_fields_add(&fields, slice_from_text(names[i]), SLICE("value")));
    assert_int_equal(fields.bytes.len, 0);
    for (int i = 0; i < FILTER_FIELDS_MAX; i++)
        assert_true(added_fields_add(&fields, SLICE("X-Many"), SLICE("value")));
    assert_false(added_fields_add(&fields, SLICE("X-Many"), SLICE("value")));
    added_fields_free(&fields);
}

static void what_another_role_calls_fields_is_looked_at(void **state) {
    static const char *const bad[] = {"X-A: b",          "X-A: b\r\n\r\n",  "From: b\r\n",
                                      "\tfolded\r\n",    "X-A: b\nc\r\n",   "X-A: \x80\r\n",
                                      "X-A: b\r\nc\r\n", "X-A: b\r\n\t\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (added_fields_are_proper(slice_from_text(bad[i]))) fail_msg("took '%s'", bad[i]);
    assert_true(added_fields_are_proper(SLICE_EMPTY));
    assert_true(added_fields_are_proper(SLICE("X-A: b\r\n\tc\r\nX-D: e\r\n")));
}

/* ---- between roles ---- */

static void questions_and_verdicts_come_through(void **state) {
    struct slice recipients[] = {SLICE("a@b"), SLICE("c@d")};
    struct filter_question asked = {.id = 7,
                                    .mail_from = SLICE("m@f"),
                                    .recipients = recipients,
                                    .recipient_count = 2,
                                    .helo = SLICE("h"),
                                    .address = SLICE("::1"),
                                    .user = SLICE("u@b"),
                                    .packed = SLICE("packed"),
                                    .raw_bytes = 9,
                                    .trace_bytes = 3};
    struct arena *arena = arena_new(KIB(64));
    struct buffer bytes = buffer_new(KIB(4));
    struct filter_question heard;
    filter_question_pack(&bytes, &asked);
    assert_true(filter_question_unpack(buffer_slice(&bytes), arena, &heard));
    assert_slice(heard.recipients[1], "c@d");
    assert_slice(heard.user, "u@b");
    assert_slice(heard.packed, "packed");
    assert_int_equal(heard.trace_bytes, 3);
    for (size_t len = 0; len < bytes.len; len++)
        assert_false(filter_question_unpack(slice_sub(buffer_slice(&bytes), 0, len), arena, &heard));
    struct filter_verdict said = {FILTER_JUNK, SLICE("t"), SLICE("s"), SLICE("X-A: b\r\n")};
    struct filter_verdict verdict;
    buffer_clear(&bytes);
    filter_verdict_pack(&bytes, &said);
    assert_true(filter_verdict_unpack(buffer_slice(&bytes), arena, &verdict));
    assert_int_equal(verdict.action, FILTER_JUNK);
    assert_slice(verdict.fields, "X-A: b\r\n");
    said.fields = SLICE("Bcc: b\r\n");
    buffer_clear(&bytes);
    filter_verdict_pack(&bytes, &said);
    assert_false(filter_verdict_unpack(buffer_slice(&bytes), arena, &verdict));
    buffer_free(&bytes);
    arena_free(&arena);
}

static void a_packed_body_is_read_back_in_pieces(void **state) {
    struct body_packer *packer = body_packer_new(NULL);
    struct buffer raw = buffer_new(MIB(1));
    struct buffer packed = buffer_new(MIB(1));
    struct buffer piece = buffer_new(BODY_FRAME_BYTES);
    struct buffer all = buffer_new(MIB(1));
    while (raw.len < 300000) buffer_printf(&raw, "line %zu\r\n", raw.len);
    body_packer_feed(packer, buffer_slice(&raw), &packed);
    assert_int_equal(body_packer_finish(packer, &packed), raw.len);
    struct body_pieces *pieces = body_pieces_open(buffer_slice(&packed), NULL, 0);
    assert_non_null(pieces);
    while (body_pieces_next(pieces, &piece) == BODY_PIECES_MORE) buffer_append(&all, buffer_slice(&piece));
    assert_int_equal(body_pieces_next(pieces, &piece), BODY_PIECES_END);
    assert_true(slice_equal(buffer_slice(&all), buffer_slice(&raw)));
    body_pieces_free(&pieces);
    packed.ptr[10] ^= 0xff;
    pieces = body_pieces_open(buffer_slice(&packed), NULL, 0);
    assert_int_equal(body_pieces_next(pieces, &piece), BODY_PIECES_DAMAGED);
    body_pieces_free(&pieces);
    assert_null(body_pieces_open(slice_sub(buffer_slice(&packed), 0, packed.len - 1), NULL, 0));
    assert_null(body_pieces_open(SLICE("abc"), NULL, 0));
    body_packer_free(&packer);
    buffer_free(&raw);
    buffer_free(&packed);
    buffer_free(&piece);
    buffer_free(&all);
}

static void a_filters_place_is_an_address_and_a_port(void **state) {
    static const char *const bad[] = {"",       "127.0.0.1",  "127.0.0.1:0", "127.0.0.1:65536",
                                      "host:1", "::1:1133",   "[::1]",       "[]:1",
                                      ":1",     "127.0.0.1:x"};
    char address[48];
    uint16_t port;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (filter_place_read(slice_from_text(bad[i]), address, &port)) fail_msg("took '%s'", bad[i]);
    assert_true(filter_place_read(SLICE("127.0.0.1:11333"), address, &port));
    assert_string_equal(address, "127.0.0.1");
    assert_int_equal(port, 11333);
    assert_true(filter_place_read(SLICE("[::1]:1"), address, &port));
    assert_string_equal(address, "::1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_the_same_in_all_pieces),
        cmocka_unit_test(what_is_no_answer_is_refused),
        cmocka_unit_test(an_answer_is_only_so_long),
        cmocka_unit_test(commands_of_a_milter_are_packets),
        cmocka_unit_test(replies_of_a_milter_are_read_strictly),
        cmocka_unit_test(actions_of_rspamd_become_ours),
        cmocka_unit_test(a_verdict_says_why_and_in_one_line),
        cmocka_unit_test(nothing_of_the_envelope_ends_its_line_in_a_request),
        cmocka_unit_test(fields_are_folded_and_clean),
        cmocka_unit_test(fields_that_say_what_a_message_is_are_not_added),
        cmocka_unit_test(what_another_role_calls_fields_is_looked_at),
        cmocka_unit_test(questions_and_verdicts_come_through),
        cmocka_unit_test(a_packed_body_is_read_back_in_pieces),
        cmocka_unit_test(a_filters_place_is_an_address_and_a_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

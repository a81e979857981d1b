/* HTTP heads, targets and chunked bodies. */
#include "test.h"

#include "base/limits.h"
#include "wire/http_chunked.h"
#include "wire/http_reply.h"
#include "wire/http_request.h"
#include "wire/http_target.h"

/* What a server would answer: frames the head, then reads it. 1 stands for "more". */
static int judge(struct slice input, struct http_request *request) {
    struct http_frame frame = {0};
    size_t len = 0;
    enum http_error error;
    switch (http_frame_next(&frame, input, &len, &error)) {
    case HTTP_FRAME_MORE:
        return 1;
    case HTTP_FRAME_BAD:
        return (int)error;
    case HTTP_FRAME_HEAD:
        return (int)http_request_parse(slice_sub(input, 0, len), request);
    }
    return -1;
}

static int judge_text(const char *text, struct http_request *request) {
    return judge(slice_from_text(text), request);
}

static void a_request_is_taken_apart(void **state) {
    struct http_request request;
    const char *text =
        "\r\nPOST /a%20b/?q=1&r HTTP/1.1\r\nhost: mail.example.test:8080\r\nX-Note:\t two  words \r\n"
        "Content-Length: 5\r\n\r\nhello";
    assert_int_equal(judge_text(text, &request), HTTP_OK);
    assert_int_equal(request.method, HTTP_METHOD_POST);
    assert_slice(request.path, "/a%20b/");
    assert_slice(request.query, "q=1&r");
    assert_slice(request.host, "mail.example.test:8080");
    assert_slice(http_host_name(request.host), "mail.example.test");
    assert_slice(http_request_field(&request, SLICE("x-note"))->value, "two  words");
    assert_int_equal(request.body_bytes, 5);
    assert_true(request.keeps_alive);
    assert_false(request.is_chunked);
}

static void heads_that_two_readers_could_read_differently_are_refused(void **state) {
    static const char *const heads[] = {
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 01, 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: user@a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a:70000\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
    };
    struct http_request request;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        if (judge_text(heads[i], &request) != HTTP_BAD_REQUEST)
            fail_msg("taken, or refused otherwise (%d): %s", judge_text(heads[i], &request), heads[i]);
    assert_int_equal(judge(SLICE("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"), &request), HTTP_BAD_REQUEST);
}

static void what_is_not_known_has_its_own_status(void **state) {
    struct http_request request;
    assert_int_equal(judge_text("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", &request), HTTP_NOT_IMPLEMENTED);
    assert_int_equal(judge_text("get / HTTP/1.1\r\nHost: a\r\n\r\n", &request), HTTP_NOT_IMPLEMENTED);
    assert_int_equal(judge_text("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", &request), HTTP_NOT_IMPLEMENTED);
    assert_int_equal(judge_text("PRI * HTTP/2.0\r\n\r\n", &request), HTTP_VERSION_UNKNOWN);
    assert_int_equal(
        judge_text("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", &request),
        HTTP_NOT_IMPLEMENTED);
    assert_int_equal(judge_text("GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", &request),
                     HTTP_EXPECTATION_FAILED);
}

static void the_same_length_twice_is_one_length(void **state) {
    struct http_request request;
    assert_int_equal(
        judge_text("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 7, 7\r\nContent-Length: 7\r\n\r\n",
                   &request),
        HTTP_OK);
    assert_int_equal(request.body_bytes, 7);
}

static void the_connection_is_kept_as_the_version_says(void **state) {
    static const struct {
        const char *head;
        bool keeps_alive;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
        {"GET / HTTP/1.7\r\nHost: a\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: te, Close\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false},
    };
    struct http_request request;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(judge_text(rows[i].head, &request), HTTP_OK);
        assert_int_equal(request.keeps_alive, rows[i].keeps_alive);
    }
}

static void an_expectation_counts_where_a_body_comes(void **state) {
    struct http_request request;
    assert_int_equal(
        judge_text("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n",
                   &request),
        HTTP_OK);
    assert_true(request.expects_continue);
    assert_int_equal(judge_text("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", &request),
                     HTTP_OK);
    assert_false(request.expects_continue);
    assert_int_equal(
        judge_text("POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n", &request),
        HTTP_OK);
    assert_false(request.expects_continue);
}

static void the_target_may_name_the_host(void **state) {
    struct http_request request;
    assert_int_equal(judge_text("GET http://b:1?x HTTP/1.1\r\nHost: a\r\n\r\n", &request), HTTP_OK);
    assert_slice(request.host, "b:1");
    assert_slice(request.path, "/");
    assert_slice(request.query, "x");
    assert_int_equal(judge_text("GET http://[::1]:8/y HTTP/1.1\r\nHost: a\r\n\r\n", &request), HTTP_OK);
    assert_slice(http_host_name(request.host), "[::1]");
    assert_slice(request.path, "/y");
    assert_int_equal(judge_text("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", &request), HTTP_OK);
    assert_slice(request.path, "*");
}

/* A head of `target_bytes` in its target and so many fields of so many bytes. */
static struct buffer large_head(size_t target_bytes, size_t fields, size_t field_bytes) {
    struct buffer head = buffer_new(MIB(4));
    buffer_append_text(&head, "GET /");
    for (size_t i = 0; i < target_bytes; i++) buffer_append_byte(&head, 'a');
    buffer_append_text(&head, " HTTP/1.1\r\nHost: a\r\n");
    for (size_t i = 0; i < fields; i++) {
        buffer_append_text(&head, "X: ");
        for (size_t j = 0; j < field_bytes; j++) buffer_append_byte(&head, 'b');
        buffer_append_text(&head, "\r\n");
    }
    buffer_append_text(&head, "\r\n");
    return head;
}

static int judge_large(size_t target_bytes, size_t fields, size_t field_bytes) {
    struct http_request request;
    struct buffer head = large_head(target_bytes, fields, field_bytes);
    int result = judge(buffer_slice(&head), &request);
    buffer_free(&head);
    return result;
}

static void too_much_is_refused_by_what_it_is(void **state) {
    assert_int_equal(judge_large(8000, 50, 100), HTTP_OK);
    assert_int_equal(judge_large(9000, 0, 0), HTTP_URI_TOO_LONG);
    assert_int_equal(judge_large(10, HTTP_FIELDS_MAX, 10), HTTP_FIELDS_TOO_LARGE);
    assert_int_equal(judge_large(10, 1, HTTP_HEAD_BYTES_MAX), HTTP_FIELDS_TOO_LARGE);
}

static void a_head_is_found_however_it_comes(void **state) {
    struct slice whole = SLICE("GET /x HTTP/1.1\r\nHost: a\r\n\r\nGET");
    struct http_frame frame = {0};
    size_t len = 0;
    enum http_error error;
    for (size_t i = 0; i < whole.len - 3; i++)
        assert_int_equal(http_frame_next(&frame, slice_sub(whole, 0, i), &len, &error), HTTP_FRAME_MORE);
    assert_int_equal(http_frame_next(&frame, whole, &len, &error), HTTP_FRAME_HEAD);
    assert_int_equal(len, whole.len - 3);
}

static void a_head_is_looked_at_once(void **state) {
    struct buffer head = large_head(7000, 80, 200);
    struct http_frame frame = {0};
    size_t len = 0;
    size_t work = 0;
    enum http_error error;
    for (size_t i = 1; i <= head.len; i++) {
        size_t before = frame.scanned;
        (void)http_frame_next(&frame, slice_sub(buffer_slice(&head), 0, i), &len, &error);
        work += frame.scanned - before;
    }
    assert_true(work <= head.len);
    buffer_free(&head);
}

static void paths_are_decoded_and_normalised(void **state) {
    static const struct {
        const char *raw;
        /* NULL: refused. */
        const char *path;
    } rows[] = {
        {"/", "/"},
        {"/a/b", "/a/b"},
        {"/a/./b/", "/a/b/"},
        {"/a/../b", "/b"},
        {"/a/b/..", "/a/"},
        {"/a/b/../..", "/"},
        {"/a/%2e%2E/b", "/b"},
        {"//a///b", "/a/b"},
        {"/a%20b", "/a b"},
        {"/caf%c3%a9", "/caf\xc3\xa9"},
        {"/...", "/..."},
        {"/a/.", "/a/"},
        {"/%252e%252e/x", "/%2e%2e/x"},
        {"/..", NULL},
        {"/a/../../b", NULL},
        {"/%2e%2e/etc/passwd", NULL},
        {"/a%2fb", NULL},
        {"/a%5cb", NULL},
        {"/a%00", NULL},
        {"/a%0a", NULL},
        {"/a%7f", NULL},
        {"/%", NULL},
        {"/%4", NULL},
        {"/%zz", NULL},
        {"a", NULL},
        {"", NULL},
        {"*", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer out = buffer_new(1000);
        enum http_path_result result = http_path_normalise(slice_from_text(rows[i].raw), &out);
        assert_int_equal(result, rows[i].path ? HTTP_PATH_OK : HTTP_PATH_INVALID);
        if (rows[i].path) assert_slice(buffer_slice(&out), rows[i].path);
        buffer_free(&out);
    }
}

/* All of it in pieces of `piece` bytes. */
static enum http_chunked_status unchunk(struct slice input, size_t piece, struct buffer *out, size_t *used) {
    struct http_chunked reader = http_chunked_new(1000);
    enum http_chunked_status status = HTTP_CHUNKED_MORE;
    *used = 0;
    while (input.len && status == HTTP_CHUNKED_MORE) {
        size_t consumed;
        status = http_chunked_read(&reader, slice_sub(input, 0, piece), byte_sink_of_buffer(out), &consumed);
        input = slice_skip(input, consumed);
        *used += consumed;
    }
    return status;
}

static void chunks_become_a_body_however_they_come(void **state) {
    struct slice wire = SLICE("5\r\nhello\r\n6;name=\"x\"\r\n world\r\n000\r\nTrailer: 1\r\n\r\nGET");
    for (size_t piece = 1; piece <= wire.len; piece++) {
        struct buffer out = buffer_new(1000);
        size_t used;
        assert_int_equal(unchunk(wire, piece, &out, &used), HTTP_CHUNKED_END);
        assert_slice(buffer_slice(&out), "hello world");
        assert_int_equal(used, wire.len - 3);
        buffer_free(&out);
    }
}

static void chunks_that_could_be_others_are_refused(void **state) {
    static const char *const wires[] = {
        "\r\n",         "g\r\n",           "-1\r\n",         "+1\r\nx\r\n",
        "0x1\r\nx\r\n", " 1\r\nx\r\n",     "1 \r\nx\r\n",    "1\nx\r\n",
        "1\r\nxy\r\n",  "1\r\nx\n0\r\n",   "1\r\nx\r0",      "1;a\nb\r\n",
        "0\r\n\n",      "0\r\nA: b\n\r\n", "0\r\nA\x01\r\n", "1000000000000000\r\n",
    };
    for (size_t i = 0; i < sizeof wires / sizeof wires[0]; i++) {
        struct buffer out = buffer_new(1000);
        size_t used;
        enum http_chunked_status status = unchunk(slice_from_text(wires[i]), 100, &out, &used);
        if (status != HTTP_CHUNKED_BAD) fail_msg("taken: %s", wires[i]);
        buffer_free(&out);
    }
}

static void a_chunked_body_has_a_limit(void **state) {
    struct buffer out = buffer_new(2000);
    size_t used;
    assert_int_equal(unchunk(SLICE("3e9\r\n"), 10, &out, &used), HTTP_CHUNKED_TOO_LARGE);
    assert_int_equal(unchunk(SLICE("3e8\r\n"), 10, &out, &used), HTTP_CHUNKED_MORE);
    buffer_free(&out);
}

static void no_value_ends_its_line(void **state) {
    struct buffer out = buffer_new(1000);
    http_reply_begin(&out, 404, INT64_C(784111777000));
    http_reply_field(&out, SLICE("Location"), SLICE("/a\r\nSet-Cookie: x"));
    http_reply_number(&out, SLICE("Content-Length"), 12);
    http_reply_end(&out);
    assert_slice(buffer_slice(&out), "HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                     "Location: /a  Set-Cookie: x\r\nContent-Length: 12\r\n\r\n");
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_taken_apart),
        cmocka_unit_test(heads_that_two_readers_could_read_differently_are_refused),
        cmocka_unit_test(what_is_not_known_has_its_own_status),
        cmocka_unit_test(the_same_length_twice_is_one_length),
        cmocka_unit_test(the_connection_is_kept_as_the_version_says),
        cmocka_unit_test(an_expectation_counts_where_a_body_comes),
        cmocka_unit_test(the_target_may_name_the_host),
        cmocka_unit_test(too_much_is_refused_by_what_it_is),
        cmocka_unit_test(a_head_is_found_however_it_comes),
        cmocka_unit_test(a_head_is_looked_at_once),
        cmocka_unit_test(paths_are_decoded_and_normalised),
        cmocka_unit_test(chunks_become_a_body_however_they_come),
        cmocka_unit_test(chunks_that_could_be_others_are_refused),
        cmocka_unit_test(a_chunked_body_has_a_limit),
        cmocka_unit_test(no_value_ends_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

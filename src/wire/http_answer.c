#include "wire/http_answer.h"

enum { INTERIM_MAX = 8 };

void http_answer_begin(struct http_answer *answer, size_t body_bytes_max) {
    *answer = (struct http_answer){.body = buffer_new(body_bytes_max),
                                   .head = buffer_new(HTTP_HEAD_BYTES_MAX + 1),
                                   .chunked = http_chunked_new(body_bytes_max)};
}

void http_answer_free(struct http_answer *answer) {
    buffer_free(&answer->body);
    buffer_free(&answer->head);
}

/* ---- the head ---- */

static struct slice take_line(struct slice *rest) {
    size_t end = slice_find_crlf(*rest);
    struct slice line = slice_sub(*rest, 0, end);
    *rest = end == SLICE_NOT_FOUND ? SLICE_EMPTY : slice_skip(*rest, end + 2);
    return line;
}

/* RFC 9112 4: the reason behind the status may be missing, and says nothing. */
static bool read_status_line(struct slice line, unsigned *status) {
    uint64_t number;
    if (!slice_take_prefix(&line, SLICE("HTTP/1.")) || line.len < 5 || !ascii_is_digit(line.ptr[0]) ||
        line.ptr[1] != ' ' || !http_is_field_value(line))
        return false;
    line = slice_skip(line, 2);
    if (!slice_to_number(slice_sub(line, 0, 3), 599, &number) || number < 100) return false;
    if (line.len > 3 && line.ptr[3] != ' ') return false;
    *status = (unsigned)number;
    return true;
}

/* What the fields of one head say of the body. */
struct lengths {
    bool is_chunked;
    bool is_counted;
    uint64_t bytes;
};

/* RFC 9112 6.3: two lengths that differ are none. */
static bool read_length(struct slice value, struct lengths *lengths) {
    uint64_t bytes;
    if (!slice_to_number(value, INT64_MAX, &bytes)) return false;
    if (lengths->is_counted && lengths->bytes != bytes) return false;
    lengths->is_counted = true;
    lengths->bytes = bytes;
    return true;
}

/* RFC 9112 6.1: one coding is known here, and may be named once. */
static bool read_coding(struct slice value, struct lengths *lengths) {
    if (lengths->is_chunked || !slice_equal_nocase(value, SLICE("chunked"))) return false;
    lengths->is_chunked = true;
    return true;
}

/* RFC 9112 5 */
static bool read_field(struct slice line, struct lengths *lengths) {
    size_t colon = slice_find_byte(line, ':');
    if (colon == SLICE_NOT_FOUND) return false;
    struct slice name = slice_sub(line, 0, colon);
    struct slice value = slice_trim(slice_skip(line, colon + 1));
    if (!http_is_token(name) || !http_is_field_value(value)) return false;
    if (slice_equal_nocase(name, SLICE("Content-Length"))) return read_length(value, lengths);
    if (slice_equal_nocase(name, SLICE("Transfer-Encoding"))) return read_coding(value, lengths);
    return true;
}

/* RFC 9112 6.3: where nothing else is said the body ends with the connection. */
static void delimit(struct http_answer *answer, const struct lengths *lengths) {
    bool is_without = answer->status == 204 || answer->status == 304;
    answer->delimited = lengths->is_chunked                 ? HTTP_BODY_CHUNKED
                        : lengths->is_counted || is_without ? HTTP_BODY_COUNTED
                                                            : HTTP_BODY_TO_THE_END;
    answer->left = is_without ? 0 : lengths->bytes;
}

static bool read_head(struct http_answer *answer, struct slice head) {
    struct lengths lengths = {0};
    struct slice line = take_line(&head);
    while (line.len == 0 && head.len) line = take_line(&head);
    if (!read_status_line(line, &answer->status)) return false;
    for (line = take_line(&head); line.len; line = take_line(&head))
        if (!read_field(line, &lengths)) return false;
    if (lengths.is_chunked && lengths.is_counted) return false;
    delimit(answer, &lengths);
    return true;
}

/* RFC 9110 15.2: an interim response has no body, and the next head follows. 101 was not asked for. */
static bool take_head(struct http_answer *answer, size_t len) {
    if (!read_head(answer, slice_sub(buffer_slice(&answer->head), 0, len))) return false;
    buffer_clear(&answer->head);
    answer->frame = (struct http_frame){0};
    answer->has_head = answer->status >= 200;
    return answer->has_head || (answer->status != 101 && ++answer->interim_count <= INTERIM_MAX);
}

/* Moves bytes of a head from `bytes`; none of what is behind it. */
static enum http_answer_status feed_head(struct http_answer *answer, struct slice *bytes) {
    size_t before = answer->head.len;
    size_t len = 0;
    enum http_error error;
    buffer_append(&answer->head, slice_sub(*bytes, 0, HTTP_HEAD_BYTES_MAX + 1 - before));
    switch (http_frame_next(&answer->frame, buffer_slice(&answer->head), &len, &error)) {
    case HTTP_FRAME_HEAD:
        *bytes = slice_skip(*bytes, len - before);
        return take_head(answer, len) ? HTTP_ANSWER_MORE : HTTP_ANSWER_BAD;
    case HTTP_FRAME_BAD:
        return HTTP_ANSWER_BAD;
    case HTTP_FRAME_MORE:
        break;
    }
    *bytes = SLICE_EMPTY;
    return HTTP_ANSWER_MORE;
}

/* ---- the body ---- */

static enum http_answer_status feed_counted(struct http_answer *answer, struct slice bytes) {
    if (answer->left > answer->body.max_bytes - answer->body.len) return HTTP_ANSWER_TOO_LARGE;
    struct slice piece = slice_sub(bytes, 0, (size_t)answer->left);
    buffer_append(&answer->body, piece);
    answer->left -= piece.len;
    return answer->left ? HTTP_ANSWER_MORE : HTTP_ANSWER_WHOLE;
}

static enum http_answer_status feed_chunked(struct http_answer *answer, struct slice bytes) {
    size_t consumed;
    switch (http_chunked_read(&answer->chunked, bytes, byte_sink_of_buffer(&answer->body), &consumed)) {
    case HTTP_CHUNKED_MORE:
        return HTTP_ANSWER_MORE;
    case HTTP_CHUNKED_END:
        return HTTP_ANSWER_WHOLE;
    case HTTP_CHUNKED_TOO_LARGE:
        return HTTP_ANSWER_TOO_LARGE;
    case HTTP_CHUNKED_BAD:
        break;
    }
    return HTTP_ANSWER_BAD;
}

static enum http_answer_status feed_body(struct http_answer *answer, struct slice bytes) {
    switch (answer->delimited) {
    case HTTP_BODY_COUNTED:
        return feed_counted(answer, bytes);
    case HTTP_BODY_CHUNKED:
        return feed_chunked(answer, bytes);
    case HTTP_BODY_TO_THE_END:
        break;
    }
    buffer_append(&answer->body, bytes);
    return buffer_overflowed(&answer->body) ? HTTP_ANSWER_TOO_LARGE : HTTP_ANSWER_MORE;
}

enum http_answer_status http_answer_feed(struct http_answer *answer, struct slice bytes) {
    enum http_answer_status status = HTTP_ANSWER_MORE;
    while (bytes.len && !answer->has_head && status == HTTP_ANSWER_MORE) status = feed_head(answer, &bytes);
    return status == HTTP_ANSWER_MORE && answer->has_head ? feed_body(answer, bytes) : status;
}

enum http_answer_status http_answer_end(struct http_answer *answer) {
    bool is_whole = answer->has_head && answer->delimited == HTTP_BODY_TO_THE_END;
    return is_whole && !buffer_overflowed(&answer->body) ? HTTP_ANSWER_WHOLE : HTTP_ANSWER_BAD;
}

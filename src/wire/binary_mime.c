#include "wire/binary_mime.h"

#include <stdlib.h>

#include "base/encode.h"
#include "wire/part_lines.h"

/* RFC 2045 6.8: a line of base64 has at most 76 characters. */
enum { BASE64_LINE_BYTES = 57 };

/* How far a binary part is read. */
enum binary_state {
    BINARY_BYTES,
    /* A CR is held. */
    BINARY_CR,
    /* What comes may be a boundary: the body begins here, or a CRLF is held. */
    BINARY_LINE_START,
    /* The start of a line that may be a boundary is in `line`. */
    BINARY_DASHES,
};

struct binary_mime {
    struct part_lines lines;
    /* The part whose header is read. */
    bool has_encoding;
    bool is_binary;

    /* What comes is of a binary part. */
    bool is_in_binary;
    enum binary_state binary_state;
    /* How much of a CRLF is held. */
    size_t held_bytes;
    uint8_t to_encode[BASE64_LINE_BYTES];
    size_t to_encode_bytes;
    bool is_encoding_begun;
    struct buffer encoded;
};

static void give(struct binary_mime *m, struct slice bytes) { part_lines_give(&m->lines, bytes); }

/* ---- base64 ---- */

static void encode_line(struct binary_mime *m) {
    if (m->to_encode_bytes == 0) return;
    if (m->is_encoding_begun) give(m, SLICE("\r\n"));
    buffer_clear(&m->encoded);
    base64_encode(&m->encoded, slice_of(m->to_encode, m->to_encode_bytes));
    give(m, buffer_slice(&m->encoded));
    m->is_encoding_begun = true;
    m->to_encode_bytes = 0;
}

static void encode(struct binary_mime *m, struct slice bytes) {
    while (bytes.len) {
        struct slice some = slice_take(&bytes, BASE64_LINE_BYTES - m->to_encode_bytes);
        memcpy(m->to_encode + m->to_encode_bytes, some.ptr, some.len);
        m->to_encode_bytes += some.len;
        if (m->to_encode_bytes == BASE64_LINE_BYTES) encode_line(m);
    }
}

/* ---- headers and lines ---- */

static void begin(void *context, bool is_message) {
    struct binary_mime *m = context;
    m->has_encoding = m->is_binary = false;
}

/* The first counts (mime.h), and the others must not be seen by who reads the output. One too long to be read
   might say anything: base64 keeps every byte. */
static bool note_field(void *context, const struct header_field *field, bool is_cut) {
    struct binary_mime *m = context;
    if (!slice_equal_nocase(field->name, SLICE("Content-Transfer-Encoding"))) return true;
    if (!m->has_encoding) {
        m->has_encoding = true;
        m->is_binary = is_cut || slice_equal_nocase(mime_part_encoding(field->value), SLICE("binary"));
    }
    return !m->is_binary;
}

static void end_header(void *context, const struct mime_part *part, bool has_type) {
    struct binary_mime *m = context;
    if (!m->is_binary) return;
    give(m, part_lines_is_composite(part) ? SLICE("Content-Transfer-Encoding: 8bit\r\n")
                                          : SLICE("Content-Transfer-Encoding: base64\r\n"));
}

static void begin_body(void *context, const struct mime_part *part, bool is_opened) {
    struct binary_mime *m = context;
    if (!m->is_binary || part_lines_is_composite(part)) return;
    m->is_in_binary = true;
    m->binary_state = BINARY_LINE_START;
    m->held_bytes = 0;
    m->is_encoding_begun = false;
}

static void give_content(void *context, struct slice bytes) { give(context, bytes); }
static void give_line_end(void *context) { give(context, SLICE("\r\n")); }

static void meet_boundary(void *context, bool opens) {
    struct binary_mime *m = context;
    m->is_in_binary = false;
}

struct binary_mime *binary_mime_new(void) {
    struct binary_mime *m = calloc(1, sizeof *m);
    if (!m) FATAL("out of memory for a binary message");
    m->encoded = buffer_new(2 * (size_t)BASE64_LINE_BYTES);
    part_lines_begin(&m->lines, (struct part_lines_hooks){m, begin, note_field, end_header, begin_body,
                                                          give_content, give_line_end, meet_boundary});
    return m;
}

void binary_mime_free(struct binary_mime **message) {
    struct binary_mime *m = *message;
    if (!m) return;
    part_lines_free(&m->lines);
    buffer_free(&m->encoded);
    free(m);
    *message = NULL;
}

bool binary_mime_has_nul(const struct binary_mime *message) { return message->lines.has_nul; }

/* ---- binary parts ---- */

static void release_held(struct binary_mime *m) {
    encode(m, slice_sub(SLICE("\r\n"), 0, m->held_bytes));
    m->held_bytes = 0;
    m->binary_state = BINARY_BYTES;
}

/* The CRLF before a boundary is the boundary's; base64 brings its own. */
static void end_binary(struct binary_mime *m) {
    encode_line(m);
    if (m->is_encoding_begun || m->held_bytes) give(m, SLICE("\r\n"));
    m->held_bytes = 0;
}

static void decide_dashes(struct binary_mime *m) {
    size_t index = part_lines_find_boundary(&m->lines);
    if (index == SIZE_MAX) {
        release_held(m);
        encode(m, buffer_slice(&m->lines.line));
        return;
    }
    end_binary(m);
    part_lines_meet_boundary(&m->lines, index);
}

static void take_dashes(struct binary_mime *m, struct slice *input) {
    struct slice run = slice_sub(*input, 0, part_lines_run(*input));
    size_t had = run.len;
    part_lines_collect(&m->lines, &run);
    *input = slice_skip(*input, had - run.len);
    if (part_lines_is_decided(&m->lines) || input->len) decide_dashes(m);
}

static void take_binary_bytes(struct binary_mime *m, struct slice *input) {
    bool may_end = m->lines.open_count > 0;
    encode(m, may_end ? slice_take_until(input, '\r') : slice_take(input, input->len));
    if (!slice_take_byte(input, '\r')) return;
    m->binary_state = BINARY_CR;
    m->held_bytes = 1;
}

static void take_binary(struct binary_mime *m, struct slice *input) {
    switch (m->binary_state) {
    case BINARY_BYTES:
        take_binary_bytes(m, input);
        break;
    case BINARY_CR:
        if (slice_take_byte(input, '\n')) {
            m->held_bytes = 2;
            m->binary_state = BINARY_LINE_START;
        } else {
            release_held(m);
        }
        break;
    case BINARY_LINE_START:
        if (m->lines.open_count && input->ptr[0] == '-') {
            m->binary_state = BINARY_DASHES;
            buffer_clear(&m->lines.line);
        } else {
            release_held(m);
        }
        break;
    case BINARY_DASHES:
        take_dashes(m, input);
        break;
    }
}

void binary_mime_write(struct binary_mime *message, struct slice input, struct byte_sink sink) {
    message->lines.sink = sink;
    while (input.len) {
        if (message->is_in_binary)
            take_binary(message, &input);
        else
            part_lines_take(&message->lines, &input);
    }
}

void binary_mime_finish(struct binary_mime *message, struct byte_sink sink) {
    struct binary_mime *m = message;
    m->lines.sink = sink;
    if (m->is_in_binary && m->binary_state == BINARY_DASHES) decide_dashes(m);
    if (m->is_in_binary) {
        release_held(m);
        end_binary(m);
        return;
    }
    part_lines_finish(&m->lines);
}

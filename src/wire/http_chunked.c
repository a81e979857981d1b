#include "wire/http_chunked.h"

#include "base/limits.h"

enum chunked_state {
    STATE_SIZE,
    STATE_EXTENSION,
    STATE_SIZE_LF,
    STATE_DATA,
    STATE_DATA_CR,
    STATE_DATA_LF,
    STATE_TRAILER,
    STATE_TRAILER_LF,
    STATE_END,
};

/* No size needs more. */
enum { DIGITS_MAX = 15 };

struct http_chunked http_chunked_new(uint64_t body_bytes_max) {
    return (struct http_chunked){.state = STATE_SIZE, .body_bytes_max = body_bytes_max};
}

static enum http_chunked_status go(struct http_chunked *reader, enum chunked_state state) {
    reader->state = (int)state;
    return HTTP_CHUNKED_MORE;
}

static enum http_chunked_status go_if(struct http_chunked *reader, bool condition, enum chunked_state state) {
    return condition ? go(reader, state) : HTTP_CHUNKED_BAD;
}

/* RFC 9112 7.1: 1*HEXDIG, then an extension or the line's end. */
static enum http_chunked_status read_size(struct http_chunked *reader, uint8_t c) {
    uint8_t lower = ascii_lower(c);
    bool is_letter = lower >= 'a' && lower <= 'f';
    if (!ascii_is_digit(c) && !is_letter) {
        if (reader->digits == 0) return HTTP_CHUNKED_BAD;
        if (c == ';') return go(reader, STATE_EXTENSION);
        return go_if(reader, c == '\r', STATE_SIZE_LF);
    }
    if (++reader->digits > DIGITS_MAX) return HTTP_CHUNKED_BAD;
    reader->left = reader->left * 16 + (uint64_t)(is_letter ? lower - 'a' + 10 : c - '0');
    return HTTP_CHUNKED_MORE;
}

static bool is_text(uint8_t c) { return (c >= ' ' && c != 127) || c == '\t'; }

static enum http_chunked_status read_extension(struct http_chunked *reader, uint8_t c) {
    if (c == '\r') return go(reader, STATE_SIZE_LF);
    return is_text(c) && ++reader->extension_bytes <= HTTP_CHUNK_EXTENSION_BYTES_MAX ? HTTP_CHUNKED_MORE
                                                                                     : HTTP_CHUNKED_BAD;
}

static enum http_chunked_status end_size(struct http_chunked *reader, uint8_t c) {
    if (c != '\n') return HTTP_CHUNKED_BAD;
    if (reader->left > reader->body_bytes_max - reader->body_bytes) return HTTP_CHUNKED_TOO_LARGE;
    reader->body_bytes += reader->left;
    reader->digits = 0;
    return go(reader, reader->left ? STATE_DATA : STATE_TRAILER);
}

/* RFC 9112 7.1.2: lines until an empty one. */
static enum http_chunked_status read_trailer(struct http_chunked *reader, uint8_t c) {
    if (c == '\r') return go(reader, STATE_TRAILER_LF);
    reader->line_bytes++;
    return is_text(c) && ++reader->trailer_bytes <= HTTP_TRAILER_BYTES_MAX ? HTTP_CHUNKED_MORE
                                                                           : HTTP_CHUNKED_BAD;
}

static enum http_chunked_status end_trailer_line(struct http_chunked *reader, uint8_t c) {
    if (c != '\n') return HTTP_CHUNKED_BAD;
    if (reader->line_bytes == 0) {
        reader->state = STATE_END;
        return HTTP_CHUNKED_END;
    }
    reader->line_bytes = 0;
    return go(reader, STATE_TRAILER);
}

static enum http_chunked_status read_byte(struct http_chunked *reader, uint8_t c) {
    switch ((enum chunked_state)reader->state) {
    case STATE_SIZE:
        return read_size(reader, c);
    case STATE_EXTENSION:
        return read_extension(reader, c);
    case STATE_SIZE_LF:
        return end_size(reader, c);
    case STATE_DATA_CR:
        return go_if(reader, c == '\r', STATE_DATA_LF);
    case STATE_DATA_LF:
        return go_if(reader, c == '\n', STATE_SIZE);
    case STATE_TRAILER:
        return read_trailer(reader, c);
    case STATE_TRAILER_LF:
        return end_trailer_line(reader, c);
    default:
        return HTTP_CHUNKED_BAD;
    }
}

static void read_data(struct http_chunked *reader, struct slice *input, struct byte_sink sink) {
    struct slice piece = slice_take(input, reader->left < input->len ? (size_t)reader->left : input->len);
    byte_sink_write(sink, piece);
    reader->left -= piece.len;
    if (reader->left == 0) reader->state = STATE_DATA_CR;
}

enum http_chunked_status http_chunked_read(struct http_chunked *reader, struct slice input,
                                           struct byte_sink sink, size_t *consumed) {
    struct slice rest = input;
    enum http_chunked_status status = reader->state == STATE_END ? HTTP_CHUNKED_END : HTTP_CHUNKED_MORE;
    while (rest.len && status == HTTP_CHUNKED_MORE) {
        if (reader->state == STATE_DATA) {
            read_data(reader, &rest, sink);
            continue;
        }
        status = read_byte(reader, rest.ptr[0]);
        rest = slice_skip(rest, 1);
    }
    *consumed = input.len - rest.len;
    return status;
}

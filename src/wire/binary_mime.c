#include "wire/binary_mime.h"

#include <stdlib.h>

#include "base/encode.h"
#include "base/limits.h"
#include "wire/header.h"
#include "wire/mime_part.h"

/* RFC 2045 6.8: a line of base64 has at most 76 characters. */
enum { BASE64_LINE_BYTES = 57 };

enum place {
    PLACE_HEADER,
    /* Lines that stay as they are: a body, a preamble, an epilogue. */
    PLACE_LINES,
    /* The rest of a line that began with a boundary. */
    PLACE_BOUNDARY,
    PLACE_BINARY,
};

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

/* A multipart whose closing boundary has not come yet. */
struct open_multipart {
    size_t boundary_offset;
    size_t boundary_bytes;
    unsigned depth;
    bool is_digest;
};

struct binary_mime {
    struct byte_sink sink;
    enum place place;
    bool has_nul;

    /* Lines: a CR was taken and waits for its LF; something of the line came; it may be a boundary. */
    bool after_cr;
    bool in_line;
    bool is_collecting;
    struct buffer line;

    struct open_multipart open[MIME_DEPTH_MAX];
    size_t open_count;
    /* The boundaries of the open multiparts, one behind the other. */
    struct buffer boundaries;
    size_t boundary_bytes_max;
    /* The boundary that was met opens a part. */
    bool opens_part;

    /* The part whose header is read. */
    unsigned depth;
    bool is_in_digest;
    /* The field that is read, until it is known to be its end, or to be too long to matter. */
    struct buffer field;
    bool is_field_judged;
    bool is_field_dropped;
    /* The fields that decide: the first Content-Type and Content-Transfer-Encoding. */
    struct buffer deciding;
    bool has_type;
    bool has_encoding;
    bool is_binary;
    struct arena *arena;

    enum binary_state binary_state;
    /* How much of a CRLF is held. */
    size_t held_bytes;
    uint8_t to_encode[BASE64_LINE_BYTES];
    size_t to_encode_bytes;
    bool is_encoding_begun;
    struct buffer encoded;
};

static void begin_header(struct binary_mime *m, unsigned depth, bool is_in_digest) {
    m->place = PLACE_HEADER;
    m->depth = depth;
    m->is_in_digest = is_in_digest;
    m->has_type = m->has_encoding = m->is_binary = false;
    buffer_clear(&m->deciding);
}

struct binary_mime *binary_mime_new(void) {
    struct binary_mime *m = calloc(1, sizeof *m);
    if (!m) FATAL("out of memory for a binary message");
    m->line = buffer_new(MIME_BOUNDARY_BYTES_MAX + 4);
    m->boundaries = buffer_new(BINARY_MIME_BOUNDARIES_BYTES_MAX);
    m->field = buffer_new(BINARY_MIME_FIELD_BYTES_MAX);
    m->deciding = buffer_new(2 * ((size_t)BINARY_MIME_FIELD_BYTES_MAX + 2));
    m->encoded = buffer_new(2 * (size_t)BASE64_LINE_BYTES);
    m->arena = arena_new(BINARY_MIME_ARENA_BYTES_MAX);
    begin_header(m, 0, false);
    return m;
}

void binary_mime_free(struct binary_mime **message) {
    struct binary_mime *m = *message;
    if (!m) return;
    buffer_free(&m->line);
    buffer_free(&m->boundaries);
    buffer_free(&m->field);
    buffer_free(&m->deciding);
    buffer_free(&m->encoded);
    arena_free(&m->arena);
    free(m);
    *message = NULL;
}

bool binary_mime_has_nul(const struct binary_mime *message) { return message->has_nul; }

static void give(struct binary_mime *m, struct slice bytes) { byte_sink_write(m->sink, bytes); }

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

/* ---- boundaries ---- */

static struct slice boundary_of(const struct binary_mime *m, size_t index) {
    const struct open_multipart *open = &m->open[index];
    return slice_sub(buffer_slice(&m->boundaries), open->boundary_offset, open->boundary_bytes);
}

/* As mime.c reads it: the longest boundary that the line begins with, of equal ones the innermost. */
static size_t find_boundary(const struct binary_mime *m) {
    struct slice line = buffer_slice(&m->line);
    size_t best = SIZE_MAX;
    if (!slice_take_prefix(&line, SLICE("--"))) return best;
    for (size_t i = m->open_count; i-- > 0;) {
        if (best != SIZE_MAX && m->open[i].boundary_bytes <= m->open[best].boundary_bytes) continue;
        if (slice_starts(line, boundary_of(m, i))) best = i;
    }
    return best;
}

/* Leaves `count` multiparts open. */
static void close_multiparts(struct binary_mime *m, size_t count) {
    if (count < m->open_count) buffer_truncate(&m->boundaries, m->open[count].boundary_offset);
    m->open_count = count;
    m->boundary_bytes_max = 0;
    for (size_t i = 0; i < count; i++)
        if (m->open[i].boundary_bytes > m->boundary_bytes_max)
            m->boundary_bytes_max = m->open[i].boundary_bytes;
}

/* False: there is no room for one more; then it is not looked into. */
static bool open_multipart(struct binary_mime *m, const struct mime_part *part) {
    struct slice boundary = mime_part_boundary(part);
    if (m->open_count == MIME_DEPTH_MAX || boundary.len > m->boundaries.max_bytes - m->boundaries.len)
        return false;
    m->open[m->open_count] = (struct open_multipart){
        .boundary_offset = m->boundaries.len,
        .boundary_bytes = boundary.len,
        .depth = m->depth,
        .is_digest = slice_equal_nocase(part->media.subtype, SLICE("digest")),
    };
    buffer_append(&m->boundaries, boundary);
    close_multiparts(m, m->open_count + 1);
    return true;
}

/* `line` begins with the boundary of the multipart at `index`; the parts inside of it have ended. */
static void meet_boundary(struct binary_mime *m, size_t index) {
    struct slice line = buffer_slice(&m->line);
    struct open_multipart met = m->open[index];
    m->opens_part = !slice_starts(slice_skip(line, met.boundary_bytes + 2), SLICE("--"));
    close_multiparts(m, m->opens_part ? index + 1 : index);
    m->depth = met.depth + 1;
    m->is_in_digest = met.is_digest;
    m->place = PLACE_BOUNDARY;
    m->in_line = true;
    give(m, line);
}

/* ---- headers ---- */

static void keep_deciding(struct binary_mime *m, struct slice field) {
    buffer_append(&m->deciding, field);
    if (field.ptr[field.len - 1] != '\n') buffer_append(&m->deciding, SLICE("\r\n"));
}

/* The first of each counts (mime.h). False: the field must not be seen by who reads the output. An
   encoding too long to be read might say anything: base64 keeps every byte. */
static bool note_field(struct binary_mime *m, const struct header_field *field, struct slice text) {
    if (slice_equal_nocase(field->name, SLICE("Content-Type")) && !m->has_type) {
        m->has_type = true;
        keep_deciding(m, text);
    }
    if (!slice_equal_nocase(field->name, SLICE("Content-Transfer-Encoding"))) return true;
    if (!m->has_encoding) {
        m->has_encoding = true;
        m->is_binary = text.len == m->field.max_bytes ||
                       slice_equal_nocase(mime_part_encoding(field->value), SLICE("binary"));
    }
    return !m->is_binary;
}

/* The field is at its end, or longer than what is read of one. */
static void judge_field(struct binary_mime *m) {
    struct slice text = buffer_slice(&m->field);
    struct slice rest = text;
    struct header_field field;
    m->is_field_judged = true;
    m->is_field_dropped = text.len && header_next(&rest, &field) && !note_field(m, &field, text);
    if (!m->is_field_dropped) give(m, text);
    buffer_clear(&m->field);
}

static void end_field(struct binary_mime *m) {
    if (!m->is_field_judged) judge_field(m);
    m->is_field_judged = false;
}

static void add_to_field(struct binary_mime *m, struct slice bytes) {
    if (!m->is_field_judged) {
        buffer_append(&m->field, slice_take(&bytes, m->field.max_bytes - m->field.len));
        if (bytes.len) judge_field(m);
    }
    if (bytes.len && !m->is_field_dropped) give(m, bytes);
}

/* RFC 2045 6.4: what base64 is forbidden for. */
static bool is_composite(const struct mime_part *part) {
    return part->kind != MIME_LEAF || mime_part_is_type(part, "message");
}

static void read_part(struct binary_mime *m, struct mime_part *part) {
    static const struct mime_part digest = {.kind = MIME_MULTIPART,
                                            .media = {.subtype = SLICE_INIT("digest")}};
    struct mime_part parent = digest;
    arena_reset(m->arena);
    if (m->is_in_digest) part->parent = &parent;
    mime_part_read(m->arena, part, buffer_slice(&m->deciding), false, true);
    part->parent = NULL;
}

/* The header is whole, its empty line apart: `part` is what it says. */
static void end_header(struct binary_mime *m, struct mime_part *part) {
    end_field(m);
    read_part(m, part);
    if (!m->is_binary) return;
    give(m, is_composite(part) ? SLICE("Content-Transfer-Encoding: 8bit\r\n")
                               : SLICE("Content-Transfer-Encoding: base64\r\n"));
}

static void begin_binary(struct binary_mime *m) {
    m->place = PLACE_BINARY;
    m->binary_state = BINARY_LINE_START;
    m->held_bytes = 0;
    m->is_encoding_begun = false;
}

static void begin_body(struct binary_mime *m) {
    struct mime_part part = {0};
    end_header(m, &part);
    give(m, SLICE("\r\n"));
    m->place = PLACE_LINES;
    bool may_nest = m->depth < MIME_DEPTH_MAX;
    if (part.kind == MIME_MULTIPART && may_nest)
        (void)open_multipart(m, &part);
    else if (part.kind == MIME_MESSAGE && may_nest)
        begin_header(m, m->depth + 1, false);
    else if (m->is_binary && !is_composite(&part))
        begin_binary(m);
}

/* ---- lines ---- */

/* Bytes of one line that is no boundary's. */
static void take_content(struct binary_mime *m, struct slice bytes, bool is_line_start) {
    if (m->place != PLACE_HEADER) {
        give(m, bytes);
        return;
    }
    /* RFC 5322 2.2.3: a line that begins with a blank goes on with the field. */
    if (is_line_start && bytes.ptr[0] != ' ' && bytes.ptr[0] != '\t') end_field(m);
    add_to_field(m, bytes);
}

/* Enough of the line has been seen, or it is at its end. */
static void decide_line(struct binary_mime *m) {
    m->is_collecting = false;
    size_t index = find_boundary(m);
    if (index == SIZE_MAX) {
        take_content(m, buffer_slice(&m->line), true);
        return;
    }
    struct mime_part unused = {0};
    if (m->place == PLACE_HEADER) end_header(m, &unused);
    meet_boundary(m, index);
}

/* True: what is in `line` settles whether it is a boundary, whatever follows in it. */
static bool is_line_decided(const struct binary_mime *m) {
    bool is_hopeless = m->line.len > 1 && m->line.ptr[1] != '-';
    return is_hopeless || m->line.len == m->boundary_bytes_max + 4;
}

/* Takes off the front what may be of a boundary's line. */
static void collect(struct binary_mime *m, struct slice *bytes) {
    buffer_append(&m->line, slice_take(bytes, m->boundary_bytes_max + 4 - m->line.len));
}

static void take_in_line(struct binary_mime *m, struct slice bytes) {
    bool is_line_start = !m->in_line;
    m->has_nul = m->has_nul || slice_find_byte(bytes, 0) != SLICE_NOT_FOUND;
    m->in_line = true;
    if (is_line_start && bytes.ptr[0] == '-' && m->open_count) {
        m->is_collecting = true;
        buffer_clear(&m->line);
    }
    if (m->is_collecting) {
        collect(m, &bytes);
        if (is_line_decided(m)) decide_line(m);
        is_line_start = false;
    }
    if (bytes.len) take_content(m, bytes, is_line_start);
}

static void end_line(struct binary_mime *m) {
    bool is_empty = !m->in_line;
    m->in_line = false;
    if (m->is_collecting) decide_line(m);
    m->in_line = false;
    if (m->place == PLACE_HEADER && is_empty) {
        begin_body(m);
    } else if (m->place == PLACE_HEADER) {
        add_to_field(m, SLICE("\r\n"));
    } else {
        give(m, SLICE("\r\n"));
        bool is_boundary = m->place == PLACE_BOUNDARY;
        if (is_boundary && m->opens_part)
            begin_header(m, m->depth, m->is_in_digest);
        else if (is_boundary)
            m->place = PLACE_LINES;
    }
}

static size_t run_without_line_end(struct slice bytes) {
    size_t len = 0;
    while (len < bytes.len && bytes.ptr[len] != '\r' && bytes.ptr[len] != '\n') len++;
    return len;
}

/* Takes a run of one line, or its end: CRLF, or a CR or LF alone. */
static void take_line(struct binary_mime *m, struct slice *input) {
    if (m->after_cr) {
        m->after_cr = false;
        (void)slice_take_byte(input, '\n');
        end_line(m);
        return;
    }
    struct slice run = slice_take(input, run_without_line_end(*input));
    if (run.len)
        take_in_line(m, run);
    else if (slice_take_byte(input, '\r'))
        m->after_cr = true;
    else if (slice_take_byte(input, '\n'))
        end_line(m);
}

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
    size_t index = find_boundary(m);
    if (index == SIZE_MAX) {
        release_held(m);
        encode(m, buffer_slice(&m->line));
        return;
    }
    end_binary(m);
    meet_boundary(m, index);
}

static void take_dashes(struct binary_mime *m, struct slice *input) {
    struct slice run = slice_sub(*input, 0, run_without_line_end(*input));
    size_t had = run.len;
    collect(m, &run);
    *input = slice_skip(*input, had - run.len);
    if (is_line_decided(m) || input->len) decide_dashes(m);
}

static void take_binary_bytes(struct binary_mime *m, struct slice *input) {
    bool may_end = m->open_count > 0;
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
        if (m->open_count && input->ptr[0] == '-') {
            m->binary_state = BINARY_DASHES;
            buffer_clear(&m->line);
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
    message->sink = sink;
    while (input.len) {
        if (message->place == PLACE_BINARY)
            take_binary(message, &input);
        else
            take_line(message, &input);
    }
}

void binary_mime_finish(struct binary_mime *message, struct byte_sink sink) {
    struct binary_mime *m = message;
    m->sink = sink;
    if (m->place == PLACE_BINARY && m->binary_state == BINARY_DASHES) decide_dashes(m);
    if (m->place == PLACE_BINARY) {
        release_held(m);
        end_binary(m);
        return;
    }
    if (m->after_cr || m->in_line) end_line(m);
    struct mime_part unused = {0};
    if (m->place == PLACE_HEADER) end_header(m, &unused);
}

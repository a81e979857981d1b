#include "wire/inbound_header.h"

#include "wire/auth_results.h"

/* Longer than any name that matters here. */
enum { NAME_BYTES_MAX = 64 };

struct inbound_header inbound_header_new(struct slice host) {
    return (struct inbound_header){.host = host,
                                   .is_line_start = true,
                                   .held = buffer_new(AUTH_RESULTS_HELD_BYTES_MAX),
                                   .from = buffer_new(TRUST_FROM_BYTES_MAX)};
}

void inbound_header_free(struct inbound_header *header) {
    buffer_free(&header->held);
    buffer_free(&header->from);
}

/* ---- one field ---- */

static void let_go(struct inbound_header *header, struct buffer *out) {
    buffer_append(out, buffer_slice(&header->held));
    buffer_clear(&header->held);
}

static void drop(struct inbound_header *header) {
    header->dropped_count++;
    buffer_clear(&header->held);
    header->field = INBOUND_DROP;
}

static struct slice value_of_held(const struct inbound_header *header) {
    struct slice held = buffer_slice(&header->held);
    return slice_skip(held, slice_find_byte(held, ':') + 1);
}

/* The held field, or its beginning, is all that will be known of it. */
static void decide_held(struct inbound_header *header, struct buffer *out) {
    if (auth_results_is_of(value_of_held(header), header->host)) {
        drop(header);
        return;
    }
    let_go(header, out);
    header->field = INBOUND_PASS;
}

static void keep_from(struct inbound_header *header, struct slice bytes) {
    size_t room = header->from.max_bytes - header->from.len;
    header->is_from_cut = header->is_from_cut || bytes.len > room;
    buffer_append(&header->from, slice_sub(bytes, 0, room));
}

static bool is_ours(struct slice name) {
    return slice_equal_nocase(name, SLICE("X-Posthaste-Junk")) ||
           slice_equal_nocase(name, SLICE("X-Posthaste-Filter"));
}

static void decide_name(struct inbound_header *header, struct slice name, struct buffer *out) {
    if (slice_equal_nocase(name, SLICE("Authentication-Results"))) {
        header->field = INBOUND_HELD;
    } else if (is_ours(name)) {
        drop(header);
    } else if (slice_equal_nocase(name, SLICE("From"))) {
        header->field = INBOUND_FROM;
        header->from_count++;
        let_go(header, out);
    } else {
        header->field = INBOUND_PASS;
        let_go(header, out);
    }
}

static void end_field(struct inbound_header *header, struct buffer *out) {
    if (header->field == INBOUND_HELD) decide_held(header, out);
    if (header->field == INBOUND_NAME) let_go(header, out);
    if (header->field == INBOUND_FROM) keep_from(header, slice_of("", 1));
    header->field = INBOUND_NAME;
}

/* ---- pieces ---- */

/* Blanks, and folds, may stand before the colon (RFC 5322 4.5): whoever reads on takes it for the same field.
 */
static bool is_watched(struct slice name) {
    return is_ours(name) || slice_equal_nocase(name, SLICE("Authentication-Results")) ||
           slice_equal_nocase(name, SLICE("From"));
}

/* No colon yet. */
static void go_on_with_name(struct inbound_header *header, bool is_line_end, struct buffer *out) {
    header->is_line_start = is_line_end;
    if (is_watched(slice_trim(buffer_slice(&header->held)))) {
        if (header->held.len < header->held.max_bytes) return;
        header->is_from_cut = true;
        drop(header);
    } else if (is_line_end || header->held.len >= NAME_BYTES_MAX) {
        let_go(header, out);
        header->field = INBOUND_PASS;
    }
}

/* Bytes up to the colon, the line's end, or what no name is as long as. */
static void take_name(struct inbound_header *header, struct slice *bytes, struct buffer *out) {
    struct slice ahead = slice_sub(*bytes, 0, header->held.max_bytes - header->held.len);
    size_t end = 0;
    while (end < ahead.len && ahead.ptr[end] != ':' && ahead.ptr[end] != '\n') end++;
    bool is_ended = end < ahead.len;
    buffer_append(&header->held, slice_take(bytes, end + is_ended));
    uint8_t last = is_ended ? ahead.ptr[end] : 0;
    if (last == ':')
        decide_name(header, slice_trim(slice_sub(buffer_slice(&header->held), 0, header->held.len - 1)), out);
    else
        go_on_with_name(header, last == '\n', out);
}

static void hold(struct inbound_header *header, struct slice piece, struct buffer *out) {
    struct slice fits = slice_take(&piece, header->held.max_bytes - header->held.len);
    buffer_append(&header->held, fits);
    if (header->held.len < header->held.max_bytes) return;
    decide_held(header, out);
    if (header->field == INBOUND_PASS) buffer_append(out, piece);
}

static void take_piece(struct inbound_header *header, struct slice piece, struct buffer *out) {
    switch (header->field) {
    case INBOUND_FROM:
        keep_from(header, piece);
        buffer_append(out, piece);
        return;
    case INBOUND_PASS:
        buffer_append(out, piece);
        return;
    case INBOUND_HELD:
        hold(header, piece, out);
        return;
    case INBOUND_NAME:
    case INBOUND_DROP:
        return;
    }
}

/* Whether this first byte of a line goes on with the field before it, begins another, or ends the header. */
static void begin_line(struct inbound_header *header, uint8_t first, struct buffer *out) {
    header->is_line_start = false;
    bool is_fold = first == ' ' || first == '\t';
    /* Nothing came before it: it would go on with the last field that is put in front of the message. */
    if (is_fold && header->field == INBOUND_NAME && header->held.len == 0) drop(header);
    if (is_fold) return;
    end_field(header, out);
    header->is_body = first == '\r' || first == '\n';
}

static void take_line(struct inbound_header *header, struct slice *bytes, struct buffer *out) {
    if (header->is_line_start) begin_line(header, bytes->ptr[0], out);
    if (header->is_body) return;
    if (header->field == INBOUND_NAME) {
        take_name(header, bytes, out);
        return;
    }
    size_t newline = slice_find_byte(*bytes, '\n');
    header->is_line_start = newline != SLICE_NOT_FOUND;
    take_piece(header, slice_take(bytes, header->is_line_start ? newline + 1 : bytes->len), out);
}

void inbound_header_write(struct inbound_header *header, struct slice bytes, struct buffer *out) {
    size_t len = bytes.len;
    while (bytes.len && !header->is_body) take_line(header, &bytes, out);
    header->header_bytes += len - bytes.len;
    buffer_append(out, bytes);
}

void inbound_header_finish(struct inbound_header *header, struct buffer *out) {
    if (!header->is_body) end_field(header, out);
}

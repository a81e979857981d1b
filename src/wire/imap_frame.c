/*
 * One byte at a time, with a small state machine that knows a literal's header when the line
 * ends; so no byte is looked at twice, and a line that is being left out is understood as well
 * as one that is kept. A header is only one right before the line's end: anything else in
 * braces, a length that is no number or over 2^63 - 1, is text and the parser's concern.
 */
#include "wire/imap_frame.h"

#include "base/fatal.h"

struct imap_frame imap_frame_new(struct imap_frame_limits limits) {
    return (struct imap_frame){.limits = limits};
}

static enum imap_marker_state marker_text(uint8_t c) {
    return c == '~' ? IMAP_MARKER_TILDE : IMAP_MARKER_TEXT;
}

static enum imap_marker_state marker_digit(struct imap_marker *marker, uint8_t c) {
    uint64_t digit = (uint64_t)(c - '0');
    if (marker->bytes > (INT64_MAX - digit) / 10) return IMAP_MARKER_TEXT;
    marker->bytes = marker->bytes * 10 + digit;
    return IMAP_MARKER_DIGITS;
}

/* The state after any byte but LF. RFC 9051 9, literal and literal8. */
static enum imap_marker_state marker_next(struct imap_marker *marker, uint8_t c) {
    enum imap_marker_state state = marker->state;
    bool has_digits = state == IMAP_MARKER_DIGITS;
    if (c == '{') {
        *marker = (struct imap_marker){.binary = state == IMAP_MARKER_TILDE};
        return IMAP_MARKER_OPEN;
    }
    if (ascii_is_digit(c) && (state == IMAP_MARKER_OPEN || has_digits)) return marker_digit(marker, c);
    if (c == '+' && has_digits) {
        marker->nonsync = true;
        return IMAP_MARKER_PLUS;
    }
    if (c == '}' && (has_digits || state == IMAP_MARKER_PLUS)) return IMAP_MARKER_CLOSED;
    if (c == '\r' && state == IMAP_MARKER_CLOSED) return IMAP_MARKER_CR;
    return marker_text(c);
}

static bool marker_is_literal(const struct imap_marker *marker) {
    return marker->state == IMAP_MARKER_CLOSED || marker->state == IMAP_MARKER_CR;
}

/* Sees bytes up to and including the line's end, `limit` at most. True where the line ended. */
static bool see_line(struct imap_frame *frame, struct slice input, size_t limit) {
    size_t end = input.len < limit ? input.len : limit;
    while (frame->seen < end) {
        uint8_t c = input.ptr[frame->seen++];
        if (c == '\n') return true;
        frame->marker.state = marker_next(&frame->marker, c);
    }
    return false;
}

static void enter(struct imap_frame *frame, enum imap_frame_state state) {
    frame->state = state;
    frame->marker = (struct imap_marker){0};
}

/* Says what became of the first bytes seen, which the caller then drops. */
static struct imap_frame_result finish(struct imap_frame *frame, enum imap_frame_event event,
                                       enum imap_frame_state next) {
    struct imap_frame_result result = {.event = event,
                                       .len = frame->seen,
                                       .literal_bytes = frame->marker.bytes,
                                       .nonsync = frame->marker.nonsync,
                                       .binary = frame->marker.binary};
    enter(frame, next);
    frame->seen = 0;
    return result;
}

static struct imap_frame_result more(void) { return (struct imap_frame_result){.event = IMAP_FRAME_MORE}; }

/* A refused command's literal comes only if it is not synchronizing. */
static enum imap_frame_state left_out(struct imap_frame *frame) {
    frame->literal_left = frame->marker.bytes;
    return frame->marker.nonsync ? IMAP_FRAME_LEAVING_LITERAL : IMAP_FRAME_AT_START;
}

static struct imap_frame_result literal_announced(struct imap_frame *frame) {
    struct imap_marker marker = frame->marker;
    if (marker.nonsync && marker.bytes > frame->limits.literal_nonsync_bytes_max)
        return finish(frame, IMAP_FRAME_LITERAL_REFUSED, left_out(frame));
    if (marker.bytes > frame->limits.literal_collected_bytes_max ||
        marker.bytes > frame->limits.command_bytes_max - frame->seen)
        return finish(frame, IMAP_FRAME_LITERAL, left_out(frame));
    frame->literal_left = marker.bytes;
    enter(frame, IMAP_FRAME_IN_LITERAL);
    return (struct imap_frame_result){.event = IMAP_FRAME_CONTINUE,
                                      .literal_bytes = marker.bytes,
                                      .nonsync = marker.nonsync,
                                      .binary = marker.binary};
}

/* CLIENTS.md, Apple Mail: an empty line before a tag is nothing. */
static bool is_empty_line(struct slice line) {
    return slice_equal(line, SLICE("\n")) || slice_equal(line, SLICE("\r\n"));
}

static struct imap_frame_result line_next(struct imap_frame *frame, struct slice input) {
    bool ended = see_line(frame, input, frame->limits.command_bytes_max);
    if (!ended && frame->seen < frame->limits.command_bytes_max) return more();
    if (!ended) {
        /* The header of a literal may be cut here, so the machine's state is kept. */
        struct imap_marker marker = frame->marker;
        struct imap_frame_result result = finish(frame, IMAP_FRAME_TOO_LONG, IMAP_FRAME_LEAVING_LINE);
        frame->marker = marker;
        return result;
    }
    if (frame->state == IMAP_FRAME_AT_START && is_empty_line(slice_sub(input, 0, frame->seen)))
        return finish(frame, IMAP_FRAME_DROP, IMAP_FRAME_AT_START);
    bool literal = frame->state != IMAP_FRAME_PLAIN_LINE && marker_is_literal(&frame->marker);
    return literal ? literal_announced(frame) : finish(frame, IMAP_FRAME_COMMAND, IMAP_FRAME_AT_START);
}

/* False: there is more of the literal to come. */
static bool see_literal(struct imap_frame *frame, struct slice input) {
    size_t here = input.len - frame->seen;
    size_t taken = frame->literal_left < here ? (size_t)frame->literal_left : here;
    frame->seen += taken;
    frame->literal_left -= taken;
    return frame->literal_left == 0;
}

static struct imap_frame_result leave_line(struct imap_frame *frame, struct slice input) {
    struct imap_marker marker;
    bool ended = see_line(frame, input, SIZE_MAX);
    if (frame->seen == 0) return more();
    marker = frame->marker;
    enum imap_frame_state next = IMAP_FRAME_LEAVING_LINE;
    if (ended) next = marker_is_literal(&marker) ? left_out(frame) : IMAP_FRAME_AT_START;
    struct imap_frame_result result = finish(frame, IMAP_FRAME_DROP, next);
    if (!ended) frame->marker = marker;
    return result;
}

static struct imap_frame_result leave_literal(struct imap_frame *frame, struct slice input) {
    bool whole = see_literal(frame, input);
    if (!whole && frame->seen == 0) return more();
    return finish(frame, IMAP_FRAME_DROP, whole ? IMAP_FRAME_LEAVING_LINE : IMAP_FRAME_LEAVING_LITERAL);
}

static struct imap_frame_result step(struct imap_frame *frame, struct slice input) {
    switch (frame->state) {
    case IMAP_FRAME_IN_LITERAL:
        if (!see_literal(frame, input)) return more();
        enter(frame, IMAP_FRAME_IN_LINE);
        return line_next(frame, input);
    case IMAP_FRAME_LEAVING_LINE:
        return leave_line(frame, input);
    case IMAP_FRAME_LEAVING_LITERAL:
        return leave_literal(frame, input);
    case IMAP_FRAME_AT_START:
    case IMAP_FRAME_IN_LINE:
    case IMAP_FRAME_PLAIN_LINE:
        break;
    }
    return line_next(frame, input);
}

struct imap_frame_result imap_frame_next(struct imap_frame *frame, struct slice input) {
    struct imap_frame_result result;
    /* A non-synchronizing literal asks for no answer: it is gone into at once. */
    do {
        result = step(frame, input);
    } while (result.event == IMAP_FRAME_CONTINUE && result.nonsync);
    return result;
}

void imap_frame_stream(struct imap_frame *frame) { enter(frame, IMAP_FRAME_IN_LINE); }

void imap_frame_expect_line(struct imap_frame *frame) {
    ASSERT(frame->state == IMAP_FRAME_AT_START && frame->seen == 0);
    enter(frame, IMAP_FRAME_PLAIN_LINE);
}

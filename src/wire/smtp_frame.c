#include "wire/smtp_frame.h"

#include "base/limits.h"

struct smtp_frame smtp_frame_new(size_t line_bytes_max) {
    return (struct smtp_frame){.line_bytes_max = line_bytes_max, .is_new_line = true};
}

/* Marks what the part of a line holds that no line should. A CR at its end is left for later. */
static void note_faults(struct smtp_frame *frame, struct slice part) {
    if (slice_find_byte(part, 0) != SLICE_NOT_FOUND) frame->faults |= SMTP_FRAME_NUL;
    if (slice_find_byte(part, '\r') != SLICE_NOT_FOUND) frame->faults |= SMTP_FRAME_BARE_CR;
}

/* Looks on for the CRLF. True: *end is behind it. */
static bool find_end(struct smtp_frame *frame, struct slice input, size_t *end) {
    while (frame->scanned_bytes < input.len) {
        struct slice rest = slice_skip(input, frame->scanned_bytes);
        size_t at = slice_find_byte(rest, '\n');
        size_t stop = frame->scanned_bytes + (at == SLICE_NOT_FOUND ? rest.len : at);
        bool after_cr = stop > 0 && input.ptr[stop - 1] == '\r';
        /* A last CR may be half of a CRLF: it is judged when its next byte is there. */
        size_t judged = after_cr ? stop - 1 : stop;
        if (judged > frame->scanned_bytes)
            note_faults(frame, slice_sub(rest, 0, judged - frame->scanned_bytes));
        frame->scanned_bytes = at == SLICE_NOT_FOUND ? judged : stop + 1;
        if (at == SLICE_NOT_FOUND) return false;
        if (after_cr) {
            *end = stop + 1;
            return true;
        }
        frame->faults |= SMTP_FRAME_BARE_LF;
    }
    return false;
}

static enum smtp_frame_status end_line(struct smtp_frame *frame, bool too_long) {
    frame->scanned_bytes = 0;
    frame->dropped_bytes = 0;
    frame->is_new_line = true;
    return too_long ? SMTP_FRAME_TOO_LONG : SMTP_FRAME_LINE;
}

/* No end is in sight. What was looked at of a line over its maximum is dropped. */
static enum smtp_frame_status go_on(struct smtp_frame *frame, struct slice input, size_t *consumed) {
    if (frame->dropped_bytes == 0 && input.len < frame->line_bytes_max) return SMTP_FRAME_MORE;
    *consumed = frame->scanned_bytes;
    frame->dropped_bytes += frame->scanned_bytes;
    frame->scanned_bytes = 0;
    return frame->dropped_bytes > SMTP_DISCARD_BYTES_MAX ? SMTP_FRAME_FLOOD : SMTP_FRAME_MORE;
}

enum smtp_frame_status smtp_frame_next(struct smtp_frame *frame, struct slice input, struct slice *line,
                                       size_t *consumed) {
    *consumed = 0;
    if (frame->is_new_line) frame->faults = 0;
    frame->is_new_line = false;
    size_t end = 0;
    if (!find_end(frame, input, &end)) return go_on(frame, input, consumed);
    *consumed = end;
    bool too_long = frame->dropped_bytes > 0 || end > frame->line_bytes_max;
    if (!too_long) *line = slice_sub(input, 0, end - 2);
    return end_line(frame, too_long);
}

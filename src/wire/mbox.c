#include "wire/mbox.h"

#include "base/limits.h"

static const struct slice line_ends[] = {{NULL, 0}, SLICE_INIT("\n"), SLICE_INIT("\r\n")};

void mbox_init(struct mbox_reader *reader, enum mbox_quoting quoting) {
    *reader = (struct mbox_reader){.quoting = quoting,
                                   .line = buffer_new(MBOX_FROM_LINE_BYTES_MAX + 2),
                                   .header = buffer_new(2 * (size_t)MBOX_HEADER_BYTES_MAX),
                                   .out = buffer_new(2 * (size_t)MBOX_FROM_LINE_BYTES_MAX),
                                   .next_line = buffer_new(MBOX_FROM_LINE_BYTES_MAX + 2)};
}

void mbox_free(struct mbox_reader *reader) {
    buffer_free(&reader->line);
    buffer_free(&reader->header);
    buffer_free(&reader->out);
    buffer_free(&reader->next_line);
}

void mbox_trust(struct mbox_reader *reader, uint64_t body_bytes) {
    reader->trusted = body_bytes;
    reader->has_trust = true;
}

bool mbox_is_boundary(struct slice bytes, bool reaches_end) {
    struct mbox_from from;
    while (slice_take_prefix(&bytes, SLICE("\r\n")) || slice_take_byte(&bytes, '\n')) continue;
    if (bytes.len == 0) return reaches_end;
    return mbox_from_read(slice_take_until(&bytes, '\n'), &from) && from.has_date;
}

static struct slice take(struct mbox_reader *reader, struct slice *input, size_t len) {
    struct slice taken = slice_take(input, len);
    reader->offset += taken.len;
    return taken;
}

static bool give(struct mbox_event *event, enum mbox_event_kind kind, struct slice bytes, uint64_t offset) {
    *event = (struct mbox_event){.kind = kind, .bytes = bytes, .offset = offset};
    return true;
}

/* ---- what a line means ---- */

/* The blank line that waited was the message's own after all. */
static void settle_blank(struct mbox_reader *reader) {
    buffer_append(&reader->out, line_ends[reader->blank]);
    reader->blank = 0;
}

static bool end_header(struct mbox_reader *reader, struct mbox_event *event, uint64_t body_offset) {
    reader->place = MBOX_IN_BODY;
    return give(event, MBOX_HEADER, buffer_slice(&reader->header), body_offset);
}

static void begin_next(struct mbox_reader *reader, uint64_t offset) {
    buffer_clear(&reader->next_line);
    buffer_append(&reader->next_line, buffer_slice(&reader->line));
    (void)mbox_from_read(buffer_slice(&reader->next_line), &reader->next);
    reader->next_offset = offset;
    reader->has_next = true;
    reader->has_begun = true;
}

/* A whole line "From ...": does it begin a message? */
static bool is_separator(const struct mbox_reader *reader) {
    struct mbox_from from;
    if (!mbox_from_read(buffer_slice(&reader->line), &from)) return false;
    return from.has_date || !reader->has_begun;
}

/* A message that has no body ends in its header section. */
static bool end_message(struct mbox_reader *reader, struct mbox_event *event) {
    if (reader->place == MBOX_IN_HEADER) return end_header(reader, event, 0);
    reader->place = MBOX_BETWEEN;
    reader->blank = 0;
    return give(event, MBOX_END, SLICE_EMPTY, reader->offset);
}

/* ">From " and the like (RFC 4155 A has one level, mboxrd any). */
static bool is_quoted(const struct mbox_reader *reader, struct slice line) {
    if (reader->quoting == MBOX_QUOTING_NONE || line.len == 0 || line.ptr[0] != '>') return false;
    size_t depth = 0;
    while (depth < line.len && line.ptr[depth] == '>') depth++;
    bool is_deep = depth > 1 && reader->quoting == MBOX_QUOTING_O;
    return !is_deep && slice_starts(slice_skip(line, depth), SLICE("From "));
}

static bool is_line_end(struct slice line) {
    return slice_equal(line, SLICE("\n")) || slice_equal(line, SLICE("\r\n"));
}

/* Gives what was decided about a line: the blank line before it and its own beginning. */
static bool give_body_line(struct mbox_reader *reader, struct slice line, struct mbox_event *event) {
    buffer_clear(&reader->out);
    settle_blank(reader);
    if (is_line_end(line))
        reader->blank = (unsigned)line.len;
    else
        buffer_append(&reader->out, is_quoted(reader, line) ? slice_skip(line, 1) : line);
    return reader->out.len > 0 && give(event, MBOX_BYTES, buffer_slice(&reader->out), 0);
}

static bool header_is_full(const struct mbox_reader *reader) {
    return reader->header.len >= MBOX_HEADER_BYTES_MAX;
}

/* True: there is an event. The held line is used up, unless it is a separator, which comes again. */
static bool decide_line(struct mbox_reader *reader, struct mbox_event *event) {
    struct slice line = buffer_slice(&reader->line);
    switch (reader->place) {
    case MBOX_BETWEEN:
        if (is_line_end(line)) return false;
        reader->place = MBOX_IN_GARBAGE;
        reader->has_begun = true;
        return give(event, MBOX_GARBAGE, SLICE_EMPTY, reader->line_offset);
    case MBOX_IN_HEADER:
        if (is_line_end(line)) {
            reader->blank = (unsigned)line.len;
            return end_header(reader, event, reader->offset);
        }
        buffer_append(&reader->header, line);
        return header_is_full(reader) && end_header(reader, event, 0);
    case MBOX_IN_BODY:
        return give_body_line(reader, line, event);
    case MBOX_IN_GARBAGE:
    case MBOX_AT_END:
        break;
    }
    return false;
}

/* ---- lines ---- */

/* What a line begins with decides whether it must be seen whole. */
static bool is_plain_start(uint8_t byte) {
    return byte != 'F' && byte != '>' && byte != '\r' && byte != '\n';
}

/* It cannot become what it looked like: no more of it is needed. */
static bool is_decided(struct slice line) {
    if (line.ptr[0] == '\r') return line.len > 1;
    if (line.ptr[0] == '\n') return true;
    size_t depth = 0;
    while (depth < line.len && line.ptr[depth] == '>') depth++;
    struct slice word = slice_skip(line, depth);
    struct slice from = SLICE("From ");
    size_t len = word.len < from.len ? word.len : from.len;
    return memcmp(word.ptr, from.ptr, len) != 0 || (depth && word.len >= from.len);
}

/* Collects the beginning of a line. True: it is enough to decide what it is. */
static bool collect_line(struct mbox_reader *reader, struct slice *input, bool at_end) {
    if (reader->line.len == 0) reader->line_offset = reader->offset;
    /* It ended a message just now, and begins the next. */
    if (reader->line.len && reader->line.ptr[reader->line.len - 1] == '\n') return true;
    while (input->len && reader->line.len < MBOX_FROM_LINE_BYTES_MAX) {
        uint8_t byte = input->ptr[0];
        buffer_append(&reader->line, take(reader, input, 1));
        if (byte == '\n') return true;
        bool may_decide = reader->line.len <= 6 || reader->line.ptr[0] == '>';
        if (may_decide && reader->line.ptr[0] != '>' && is_decided(buffer_slice(&reader->line))) return true;
        if (reader->line.ptr[0] == '>' && byte != '>' && is_decided(buffer_slice(&reader->line))) return true;
    }
    return at_end || reader->line.len == MBOX_FROM_LINE_BYTES_MAX;
}

/* More ">" than are held: a run of them is the same whichever is taken out, so all but one flow on. */
static bool is_long_quote(const struct mbox_reader *reader) {
    struct slice line = buffer_slice(&reader->line);
    if (reader->place != MBOX_IN_BODY || line.len < MBOX_FROM_LINE_BYTES_MAX) return false;
    return line.ptr[0] == '>' && memcmp(line.ptr, line.ptr + 1, line.len - 1) == 0;
}

static bool give_quote(struct mbox_reader *reader, struct mbox_event *event) {
    buffer_clear(&reader->out);
    settle_blank(reader);
    buffer_append(&reader->out, slice_skip(buffer_slice(&reader->line), 1));
    buffer_truncate(&reader->line, 1);
    return give(event, MBOX_BYTES, buffer_slice(&reader->out), 0);
}

/* True: there is an event. */
static bool read_line_start(struct mbox_reader *reader, struct slice *input, bool at_end,
                            struct mbox_event *event) {
    if (!collect_line(reader, input, at_end) || reader->line.len == 0) return false;
    bool is_whole = reader->line.ptr[reader->line.len - 1] == '\n' || (at_end && input->len == 0);
    if (is_whole && is_separator(reader)) {
        if (reader->place == MBOX_IN_HEADER || reader->place == MBOX_IN_BODY)
            return end_message(reader, event);
        begin_next(reader, reader->line_offset);
        buffer_clear(&reader->line);
        return false;
    }
    if (is_long_quote(reader)) return give_quote(reader, event);
    reader->in_line = reader->line.ptr[reader->line.len - 1] != '\n';
    bool has_event = decide_line(reader, event);
    buffer_clear(&reader->line);
    return has_event;
}

/* The rest of a line, and whole lines behind it that can be nothing else. */
static size_t plain_run(const struct mbox_reader *reader, struct slice input) {
    size_t len = 0;
    bool in_line = reader->in_line;
    while (len < input.len && (in_line || is_plain_start(input.ptr[len]))) {
        size_t lf = slice_find_byte(slice_skip(input, len), '\n');
        if (lf == SLICE_NOT_FOUND) return input.len;
        len += lf + 1;
        in_line = false;
    }
    return len;
}

/* True: there is an event. */
static bool pass_plain(struct mbox_reader *reader, struct slice *input, struct mbox_event *event) {
    size_t len = plain_run(reader, *input);
    bool is_header = reader->place == MBOX_IN_HEADER;
    size_t room = MBOX_HEADER_BYTES_MAX - reader->header.len;
    if (is_header && len > room) len = room;
    struct slice bytes = take(reader, input, len);
    reader->in_line = bytes.ptr[bytes.len - 1] != '\n';
    if (reader->place == MBOX_IN_BODY) return give(event, MBOX_BYTES, bytes, 0);
    if (is_header) buffer_append(&reader->header, bytes);
    return is_header && header_is_full(reader) && end_header(reader, event, 0);
}

static bool is_in_plain(const struct mbox_reader *reader, struct slice input) {
    if (input.len == 0 || reader->line.len) return false;
    if (reader->in_line) return true;
    bool may_pass = reader->place == MBOX_IN_HEADER || reader->place == MBOX_IN_GARBAGE ||
                    (reader->place == MBOX_IN_BODY && reader->blank == 0);
    return may_pass && is_plain_start(input.ptr[0]);
}

/* ---- the trusted body ---- */

/* Gives first the blank line that ended the header section, then the body as it is. */
static bool pass_trusted(struct mbox_reader *reader, struct slice *input, struct mbox_event *event) {
    if (reader->blank) {
        buffer_clear(&reader->out);
        settle_blank(reader);
        return give(event, MBOX_BYTES, buffer_slice(&reader->out), 0);
    }
    size_t len = reader->trusted < input->len ? (size_t)reader->trusted : input->len;
    reader->trusted -= len;
    /* What comes behind it is its line's end at most: the boundary was looked at. */
    if (reader->trusted == 0) {
        reader->has_trust = false;
        reader->place = MBOX_AT_END;
    }
    return len && give(event, MBOX_BYTES, take(reader, input, len), 0);
}

/* ---- from one event to the next ---- */

static bool begin_message(struct mbox_reader *reader, struct mbox_event *event) {
    reader->has_next = false;
    reader->place = MBOX_IN_HEADER;
    reader->in_line = false;
    reader->has_trust = false;
    reader->blank = 0;
    buffer_clear(&reader->header);
    (void)give(event, MBOX_BEGIN, SLICE_EMPTY, reader->next_offset);
    event->from = reader->next;
    return true;
}

static bool finish(struct mbox_reader *reader, struct mbox_event *event) {
    if (reader->place == MBOX_IN_HEADER || reader->place == MBOX_IN_BODY) return end_message(reader, event);
    return give(event, MBOX_DONE, SLICE_EMPTY, reader->offset);
}

static bool step(struct mbox_reader *reader, struct slice *input, bool at_end, struct mbox_event *event) {
    if (reader->has_next) return begin_message(reader, event);
    if (reader->place == MBOX_AT_END) {
        reader->place = MBOX_BETWEEN;
        return give(event, MBOX_END, SLICE_EMPTY, reader->offset);
    }
    if (reader->has_trust && reader->place == MBOX_IN_BODY) {
        if (pass_trusted(reader, input, event)) return true;
        if (at_end && input->len == 0) reader->has_trust = false;
        return false;
    }
    if (is_in_plain(reader, *input)) return pass_plain(reader, input, event);
    if (input->len || reader->line.len) return read_line_start(reader, input, at_end, event);
    return false;
}

void mbox_next(struct mbox_reader *reader, struct slice *input, bool at_end, struct mbox_event *event) {
    for (;;) {
        if (step(reader, input, at_end, event)) return;
        if (reader->has_next || reader->place == MBOX_AT_END || input->len) continue;
        if (at_end && reader->line.len) continue;
        if (at_end)
            (void)finish(reader, event);
        else
            (void)give(event, MBOX_MORE, SLICE_EMPTY, reader->offset);
        return;
    }
}

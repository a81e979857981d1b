#include "wire/smtp_data.h"

struct smtp_data_reader smtp_data_reader_new(bool refuse_nul) {
    return (struct smtp_data_reader){.refuse_nul = refuse_nul, .state = SMTP_DATA_LINE_START};
}

static void give(struct smtp_data_reader *reader, struct slice content, struct byte_sink sink) {
    if (reader->fault) return;
    reader->content_bytes += content.len;
    byte_sink_write(sink, content);
}

static void note_fault(struct smtp_data_reader *reader, enum smtp_data_fault fault) {
    if (!reader->fault) reader->fault = fault;
}

static void note_nul(struct smtp_data_reader *reader, struct slice bytes) {
    size_t at = slice_find_byte(bytes, 0);
    while (at != SLICE_NOT_FOUND) {
        reader->nul_count++;
        if (reader->refuse_nul) note_fault(reader, SMTP_DATA_NUL);
        bytes = slice_skip(bytes, at + 1);
        at = slice_find_byte(bytes, 0);
    }
}

/* Whole plain lines at the front: each ends with CRLF, holds no other CR or LF, and but for the
   first (the rest of a line that began before) none begins with a dot. This is where the time
   goes, so it is two memchr a line and one call of the sink for all of them. */
static size_t plain_lines(struct slice input, bool at_line_start) {
    size_t good = 0;
    while (true) {
        struct slice rest = slice_skip(input, good);
        if (rest.len == 0 || (rest.ptr[0] == '.' && (good || at_line_start))) return good;
        size_t lf = slice_find_byte(rest, '\n');
        if (lf == SLICE_NOT_FOUND || lf == 0) return good;
        if (slice_find_byte(slice_sub(rest, 0, lf), '\r') != lf - 1) return good;
        good += lf + 1;
    }
}

/* The part of a line before its CR or LF, or all there is. */
static struct slice take_inside_line(struct slice *input) {
    size_t lf = slice_find_byte(*input, '\n');
    size_t cr = slice_find_byte(slice_sub(*input, 0, lf), '\r');
    return slice_take(input, cr < lf ? cr : lf);
}

static void read_in_line(struct smtp_data_reader *reader, struct slice *input, struct byte_sink sink) {
    struct slice inside = take_inside_line(input);
    note_nul(reader, inside);
    give(reader, inside, sink);
    reader->state = SMTP_DATA_IN_LINE;
    if (slice_take_byte(input, '\r'))
        reader->state = SMTP_DATA_CR;
    else if (slice_take_byte(input, '\n'))
        note_fault(reader, SMTP_DATA_BARE_LF);
}

static void read_line_start(struct smtp_data_reader *reader, struct slice *input, struct byte_sink sink) {
    if (slice_take_byte(input, '.'))
        reader->state = SMTP_DATA_DOT;
    else
        read_in_line(reader, input, sink);
}

/* RFC 5321 2.3.8: a CR that no LF follows. The next byte belongs to the same line. */
static void read_after_cr(struct smtp_data_reader *reader, struct slice *input, struct byte_sink sink) {
    if (slice_take_byte(input, '\n')) {
        give(reader, SLICE("\r\n"), sink);
        reader->state = SMTP_DATA_LINE_START;
    } else {
        note_fault(reader, SMTP_DATA_BARE_CR);
        reader->state = SMTP_DATA_IN_LINE;
    }
}

/* RFC 5321 4.5.2: the dot is dropped; whatever follows is the line's, a second dot too. */
static void read_after_dot(struct smtp_data_reader *reader, struct slice *input, struct byte_sink sink) {
    if (slice_take_byte(input, '\r'))
        reader->state = SMTP_DATA_DOT_CR;
    else
        read_in_line(reader, input, sink);
}

static void read_after_dot_cr(struct smtp_data_reader *reader, struct slice *input) {
    if (slice_take_byte(input, '\n')) {
        reader->state = SMTP_DATA_DONE;
    } else {
        note_fault(reader, SMTP_DATA_BARE_CR);
        reader->state = SMTP_DATA_IN_LINE;
    }
}

static void read_step(struct smtp_data_reader *reader, struct slice *input, struct byte_sink sink) {
    switch (reader->state) {
    case SMTP_DATA_LINE_START:
        read_line_start(reader, input, sink);
        break;
    case SMTP_DATA_IN_LINE:
        read_in_line(reader, input, sink);
        break;
    case SMTP_DATA_CR:
        read_after_cr(reader, input, sink);
        break;
    case SMTP_DATA_DOT:
        read_after_dot(reader, input, sink);
        break;
    case SMTP_DATA_DOT_CR:
        read_after_dot_cr(reader, input);
        break;
    case SMTP_DATA_DONE:
        FATAL("data read past its end");
    }
}

static void read_plain_lines(struct smtp_data_reader *reader, struct slice *input, struct byte_sink sink) {
    bool at_line_start = reader->state == SMTP_DATA_LINE_START;
    if (!at_line_start && reader->state != SMTP_DATA_IN_LINE) return;
    struct slice plain = slice_take(input, plain_lines(*input, at_line_start));
    if (plain.len == 0) return;
    note_nul(reader, plain);
    give(reader, plain, sink);
    reader->state = SMTP_DATA_LINE_START;
}

/* A refused message is only looked through for its end, a byte a step: whatever mixture of CR
   and LF its sender chose, that is linear. */
static void read_refused(struct smtp_data_reader *reader, struct slice *input, struct byte_sink sink) {
    struct slice one = slice_take(input, 1);
    read_step(reader, &one, sink);
    /* A byte that only ended a state, a CR or a dot, is judged again in the next. */
    if (one.len) read_step(reader, &one, sink);
}

enum smtp_data_status smtp_data_read(struct smtp_data_reader *reader, struct slice input,
                                     struct byte_sink sink, size_t *consumed) {
    struct slice rest = input;
    while (rest.len && reader->state != SMTP_DATA_DONE) {
        if (reader->fault) {
            read_refused(reader, &rest, sink);
            continue;
        }
        read_plain_lines(reader, &rest, sink);
        if (rest.len) read_step(reader, &rest, sink);
    }
    *consumed = input.len - rest.len;
    return reader->state == SMTP_DATA_DONE ? SMTP_DATA_END : SMTP_DATA_MORE;
}

enum smtp_reply_name smtp_data_fault_reply(enum smtp_data_fault fault) {
    ASSERT(fault != SMTP_DATA_CLEAN);
    if (fault == SMTP_DATA_NUL) return SMTP_REPLY_MESSAGE_NUL;
    return fault == SMTP_DATA_BARE_LF ? SMTP_REPLY_MESSAGE_BARE_LF : SMTP_REPLY_MESSAGE_BARE_CR;
}

struct smtp_data_writer smtp_data_writer_new(void) {
    return (struct smtp_data_writer){.lines = canonical_lines_new(), .at_line_start = true};
}

struct stuffing {
    struct smtp_data_writer *writer;
    struct byte_sink sink;
};

/* Where the next dot at a line's start is, in canonical text; its length where there is none. */
static size_t find_leading_dot(struct slice text, bool at_line_start) {
    for (size_t at = 0; at < text.len; at_line_start = true) {
        if (at_line_start && text.ptr[at] == '.') return at;
        size_t lf = slice_find_byte(slice_skip(text, at), '\n');
        if (lf == SLICE_NOT_FOUND) break;
        at += lf + 1;
    }
    return text.len;
}

/* A sink for canonical_lines: in what it gives, a LF is a line's end. */
static void write_stuffed(void *context, struct slice text) {
    struct stuffing *stuffing = context;
    while (text.len) {
        size_t dot = find_leading_dot(text, stuffing->writer->at_line_start);
        bool found = dot < text.len;
        struct slice piece = slice_take(&text, found ? dot + 1 : dot);
        byte_sink_write(stuffing->sink, piece);
        if (found) byte_sink_write(stuffing->sink, SLICE("."));
        stuffing->writer->at_line_start = piece.ptr[piece.len - 1] == '\n';
    }
}

void smtp_data_write(struct smtp_data_writer *writer, struct slice content, struct byte_sink sink) {
    struct stuffing stuffing = {writer, sink};
    canonical_lines_write(&writer->lines, content, (struct byte_sink){write_stuffed, &stuffing});
}

void smtp_data_finish(struct smtp_data_writer *writer, struct byte_sink sink) {
    struct stuffing stuffing = {writer, sink};
    canonical_lines_finish(&writer->lines, (struct byte_sink){write_stuffed, &stuffing});
    byte_sink_write(sink, SLICE(".\r\n"));
}

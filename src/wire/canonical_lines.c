#include "wire/canonical_lines.h"

/* A walk over one piece of input. The next LF is remembered, not looked for again behind each
   CR: that keeps input of nothing but CR linear. */
struct walk {
    struct slice input;
    size_t at;    /* how far it is read */
    size_t given; /* how far it is written */
    size_t lf;    /* the first LF from `at`, or the input's length */
};

struct canonical_lines canonical_lines_new(void) {
    return (struct canonical_lines){.in_line = false};
}

static size_t find_from(struct slice input, size_t from, size_t to, uint8_t byte) {
    size_t at = slice_find_byte(slice_sub(input, from, to - from), byte);
    return at == SLICE_NOT_FOUND ? to : from + at;
}

static void give_until(struct walk *walk, size_t until, struct byte_sink sink) {
    byte_sink_write(sink, slice_sub(walk->input, walk->given, until - walk->given));
    walk->given = until;
}

static void write_line_end(struct canonical_lines *lines, struct byte_sink sink) {
    byte_sink_write(sink, SLICE("\r\n"));
    lines->in_line = false;
    lines->after_cr = false;
}

/* A bare CR or LF at `at` becomes a CRLF. */
static void replace(struct canonical_lines *lines, struct walk *walk, size_t at, struct byte_sink sink) {
    give_until(walk, at, sink);
    write_line_end(lines, sink);
    lines->replaced_count++;
    walk->at = walk->given = at + 1;
}

/* Reads to the end of one line, or of the input. */
static void read_line(struct canonical_lines *lines, struct walk *walk, struct byte_sink sink) {
    size_t len = walk->input.len;
    if (walk->lf < walk->at) walk->lf = find_from(walk->input, walk->at, len, '\n');
    size_t cr = find_from(walk->input, walk->at, walk->lf, '\r');
    if (cr < walk->lf && cr + 1 == walk->lf && walk->lf < len) {
        walk->at = walk->lf + 1;
        lines->in_line = false;
    } else if (cr < walk->lf && cr + 1 == len) {
        give_until(walk, cr, sink);
        lines->after_cr = true;
        walk->at = walk->given = len;
    } else if (cr < len) {
        replace(lines, walk, cr, sink);
    } else {
        walk->at = len;
        lines->in_line = true;
    }
}

/* The CR that the last input ended with, now that its next byte is known. */
static void settle_cr(struct canonical_lines *lines, struct slice *input, struct byte_sink sink) {
    if (!slice_take_byte(input, '\n')) lines->replaced_count++;
    write_line_end(lines, sink);
}

void canonical_lines_write(struct canonical_lines *lines, struct slice input, struct byte_sink sink) {
    if (lines->after_cr && input.len) settle_cr(lines, &input, sink);
    struct walk walk = {.input = input, .lf = find_from(input, 0, input.len, '\n')};
    while (walk.at < input.len) read_line(lines, &walk, sink);
    give_until(&walk, input.len, sink);
}

void canonical_lines_finish(struct canonical_lines *lines, struct byte_sink sink) {
    struct slice nothing = SLICE_EMPTY;
    if (lines->after_cr)
        settle_cr(lines, &nothing, sink);
    else if (lines->in_line)
        write_line_end(lines, sink);
}

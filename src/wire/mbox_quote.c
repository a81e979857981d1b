#include "wire/mbox_quote.h"

static const struct slice from_word = SLICE_INIT("From ");

struct mbox_quote mbox_quote_new(bool quotes) {
    return (struct mbox_quote){.quotes = quotes, .in_line = !quotes, .has_ended_line = true};
}

/* A run of ">" is the same wherever one is added: so the line's beginning flows on, and what was met
   of "From " alone is held back. */
static void decide(struct mbox_quote *quote, bool is_from, struct byte_sink sink) {
    if (is_from) byte_sink_write(sink, SLICE(">"));
    byte_sink_write(sink, slice_sub(from_word, 0, quote->matched));
    quote->matched = 0;
    quote->in_line = true;
}

/* One byte at the beginning of a line. False: it is not used up. */
static bool begin_line(struct mbox_quote *quote, uint8_t byte, struct byte_sink sink) {
    if (quote->matched == 0 && byte == '>') {
        byte_sink_write(sink, SLICE(">"));
        return true;
    }
    if (byte != from_word.ptr[quote->matched]) {
        decide(quote, false, sink);
        return false;
    }
    if (++quote->matched == from_word.len) decide(quote, true, sink);
    return true;
}

/* Bytes of lines that end with LF. */
static void write_lines(struct mbox_quote *quote, struct slice bytes, struct byte_sink sink) {
    while (bytes.len) {
        if (!quote->in_line) {
            if (begin_line(quote, bytes.ptr[0], sink)) bytes = slice_skip(bytes, 1);
            continue;
        }
        size_t lf = slice_find_byte(bytes, '\n');
        size_t len = lf == SLICE_NOT_FOUND || !quote->quotes ? bytes.len : lf + 1;
        struct slice taken = slice_take(&bytes, len);
        byte_sink_write(sink, taken);
        if (quote->quotes && taken.ptr[taken.len - 1] == '\n') quote->in_line = false;
    }
}

static void write_some(struct mbox_quote *quote, struct slice bytes, struct byte_sink sink) {
    if (bytes.len == 0) return;
    quote->has_ended_line = bytes.ptr[bytes.len - 1] == '\n';
    write_lines(quote, bytes, sink);
}

void mbox_quote_write(struct mbox_quote *quote, struct slice bytes, struct byte_sink sink) {
    if (quote->after_cr && bytes.len) {
        quote->after_cr = false;
        if (bytes.ptr[0] != '\n') write_some(quote, SLICE("\r"), sink);
    }
    while (bytes.len) {
        struct slice piece = slice_take_until(&bytes, '\r');
        write_some(quote, piece, sink);
        if (!slice_take_byte(&bytes, '\r')) return;
        if (bytes.len == 0)
            quote->after_cr = true;
        else if (bytes.ptr[0] != '\n')
            write_some(quote, SLICE("\r"), sink);
    }
}

void mbox_quote_finish(struct mbox_quote *quote, struct byte_sink sink) {
    if (quote->after_cr) write_some(quote, SLICE("\r"), sink);
    if (!quote->in_line) decide(quote, false, sink);
    if (!quote->has_ended_line) byte_sink_write(sink, SLICE("\n"));
    if (quote->quotes) byte_sink_write(sink, SLICE("\n"));
}

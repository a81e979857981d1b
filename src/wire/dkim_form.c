#include "wire/dkim_form.h"

static bool is_blank(uint8_t c) { return c == ' ' || c == '\t'; }
static bool is_space(uint8_t c) { return is_blank(c) || c == '\r' || c == '\n'; }

const char *dkim_form_word(enum dkim_form form) { return form == DKIM_RELAXED ? "relaxed" : "simple"; }

/* ---- fields ---- */

static void write_lower(struct slice name, struct byte_sink sink) {
    uint8_t part[64];
    while (name.len) {
        struct slice taken = slice_take(&name, sizeof part);
        for (size_t i = 0; i < taken.len; i++) part[i] = ascii_lower(taken.ptr[i]);
        byte_sink_write(sink, slice_of(part, taken.len));
    }
}

/* RFC 6376 3.4.2: unfolded, each run of blanks as one space. */
static void write_collapsed(struct slice value, struct byte_sink sink) {
    value = slice_trim(value);
    while (value.len) {
        size_t run = 0;
        while (run < value.len && !is_space(value.ptr[run])) run++;
        byte_sink_write(sink, slice_take(&value, run));
        size_t space = 0;
        while (space < value.len && is_space(value.ptr[space])) space++;
        if (space) byte_sink_write(sink, SLICE(" "));
        value = slice_skip(value, space);
    }
}

static struct slice without_line_end(struct slice field) {
    if (field.len && field.ptr[field.len - 1] == '\n') field.len--;
    if (field.len && field.ptr[field.len - 1] == '\r') field.len--;
    return field;
}

void dkim_form_field(enum dkim_form form, struct slice field, struct byte_sink sink) {
    if (form == DKIM_SIMPLE) {
        byte_sink_write(sink, without_line_end(field));
        return;
    }
    struct slice name = slice_take_until(&field, ':');
    write_lower(slice_trim(name), sink);
    byte_sink_write(sink, SLICE(":"));
    write_collapsed(slice_skip(field, 1), sink);
}

/* ---- bodies ---- */

struct dkim_body_form dkim_body_form_new(enum dkim_form form) {
    return (struct dkim_body_form){.form = form};
}

/* Something that stays follows what was held back. */
static void release(struct dkim_body_form *body, struct byte_sink sink) {
    for (; body->empty_lines; body->empty_lines--) byte_sink_write(sink, SLICE("\r\n"));
    if (body->has_blank) byte_sink_write(sink, SLICE(" "));
    body->has_blank = false;
    body->in_line = true;
    body->has_bytes = true;
}

static void end_line(struct dkim_body_form *body, struct byte_sink sink) {
    body->has_blank = false;
    if (body->in_line)
        byte_sink_write(sink, SLICE("\r\n"));
    else
        body->empty_lines++;
    body->in_line = false;
}

/* The CR that the last piece ended with, now that its next byte is known. */
static void settle_cr(struct dkim_body_form *body, struct slice *bytes, struct byte_sink sink) {
    body->has_cr = false;
    if (slice_take_byte(bytes, '\n')) {
        end_line(body, sink);
        return;
    }
    release(body, sink);
    byte_sink_write(sink, SLICE("\r"));
}

/* A space between two words stays as it is. */
static bool is_lone_space(struct slice bytes, size_t at) {
    return bytes.ptr[at] == ' ' && at + 1 < bytes.len && !is_space(bytes.ptr[at + 1]);
}

/* How much of a line can be written as it stands: up to a CR, or to blanks that may have to change. */
static size_t plain_run(enum dkim_form form, struct slice bytes) {
    size_t at = 0;
    if (form == DKIM_SIMPLE) {
        size_t end = slice_find_byte(bytes, '\r');
        return end == SLICE_NOT_FOUND ? bytes.len : end;
    }
    while (at < bytes.len && bytes.ptr[at] != '\r') {
        if (is_blank(bytes.ptr[at]) && !is_lone_space(bytes, at)) break;
        at++;
    }
    return at;
}

static void take_blanks(struct dkim_body_form *body, struct slice *bytes) {
    size_t blanks = 0;
    while (blanks < bytes->len && is_blank(bytes->ptr[blanks])) blanks++;
    if (blanks) body->has_blank = true;
    *bytes = slice_skip(*bytes, blanks);
}

void dkim_body_form_write(struct dkim_body_form *body, struct slice bytes, struct byte_sink sink) {
    while (bytes.len) {
        if (body->has_cr) {
            settle_cr(body, &bytes, sink);
            continue;
        }
        if (body->form == DKIM_RELAXED) take_blanks(body, &bytes);
        size_t run = plain_run(body->form, bytes);
        if (run) release(body, sink);
        byte_sink_write(sink, slice_take(&bytes, run));
        body->has_cr = slice_take_byte(&bytes, '\r');
    }
}

void dkim_body_form_end(struct dkim_body_form *body, struct byte_sink sink) {
    struct slice nothing = SLICE_EMPTY;
    if (body->has_cr) settle_cr(body, &nothing, sink);
    if (body->in_line || (body->form == DKIM_SIMPLE && !body->has_bytes))
        byte_sink_write(sink, SLICE("\r\n"));
    body->in_line = false;
}

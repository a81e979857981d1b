/*
 * Separated values, as RFC 4180 has them and as people's programs write them: bytes in, in pieces of any
 * size, rows out. The separator is a comma, semicolon, tab or bar; lines end in CRLF, LF or CR; a field in
 * quotes may hold all of these, and a quote as two. What differs from the RFC is read as spreadsheets read
 * it: blanks around a quoted field go, text behind its closing quote belongs to it, a quote inside a plain
 * field is a quote. Lines with nothing in them are no rows.
 *
 * A row is held whole, up to CSV_ROW_BYTES_MAX and CSV_FIELDS_MAX; of a longer one nothing is kept, and
 * reading goes on behind the next line end: a quote that nobody closed costs so many bytes, not the file.
 * Every byte is looked at once. Pure.
 */
#ifndef WIRE_CSV_H
#define WIRE_CSV_H

#include "base/buffer.h"
#include "base/limits_contact.h"

enum csv_fault {
    CSV_OK,
    /* A field has bytes that are no text: bad UTF-8, or U+FFFD from decoding it (csv_text.h). */
    CSV_NOT_TEXT,
    CSV_ROW_TOO_LONG,
    CSV_TOO_MANY_FIELDS,
    /* The input ended inside of quotes. */
    CSV_QUOTE_OPEN,
};

struct csv_row {
    enum csv_fault fault;
    /* Counted from 1; of a row of several lines its first. */
    uint64_t number;
    uint64_t line;
    /* With CSV_NOT_TEXT and CSV_QUOTE_OPEN: which field, from 0. */
    size_t fault_field;
    /* Valid until the next call. None with CSV_ROW_TOO_LONG and CSV_TOO_MANY_FIELDS. */
    const struct slice *fields;
    size_t field_count;
};

enum csv_place { CSV_AT_FIELD, CSV_IN_PLAIN, CSV_IN_QUOTES, CSV_BEHIND_QUOTE, CSV_SKIPPING };

/* Private, but for its size. */
struct csv_reader {
    uint8_t separator;
    enum csv_place place;
    enum csv_fault fault;
    bool after_cr;
    /* The row has a quoted field, so that it is none of the empty ones. */
    bool is_quoted;
    /* The row that is held was given out. */
    bool is_given;
    uint64_t number;
    /* Of the byte that comes next, and of the row's first. */
    uint64_t line;
    uint64_t first_line;
    struct buffer text;
    /* Where each field ends in `text`. */
    size_t ends[CSV_FIELDS_MAX];
    size_t end_count;
    struct slice fields[CSV_FIELDS_MAX];
};

void csv_reader_init(struct csv_reader *reader, uint8_t separator);
void csv_reader_free(struct csv_reader *reader);
/* Takes bytes off the front of *input until a row is whole. False: it wants more; or, where `at_end` says
   that no more follows, there is no further row. */
bool csv_next(struct csv_reader *reader, struct slice *input, bool at_end, struct csv_row *row);

/* What is wrong with a row, and what to do. Static. */
const char *csv_fault_text(enum csv_fault fault);

/* The separator that the beginning of a file speaks for: the one that gives the first row most fields and the
   others as many; that of a line "sep=;" in front; a comma where nothing is said. */
uint8_t csv_separator_find(struct slice sample, bool is_whole);
/* "comma", ",", "semicolon", "tab", ...; false: none of these. */
NODISCARD bool csv_separator_read(struct slice name, uint8_t *separator);
const char *csv_separator_name(uint8_t separator);

/* ---- writing ---- */

/*
 * Appends a field. One that spreadsheets would take for a formula (= + - @, tab or CR in front) gets an
 * apostrophe before it, and so does one that has that apostrophe already, so that csv_plain takes off exactly
 * what was put there.
 */
void csv_field_write(struct buffer *out, struct slice value, uint8_t separator);
/* A whole row, with its line end. */
void csv_row_write(struct buffer *out, const struct slice *fields, size_t count, uint8_t separator);
/* Without the apostrophe of csv_field_write. */
struct slice csv_plain(struct slice value);

#endif

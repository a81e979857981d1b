#include "wire/csv.h"

#include <stdlib.h>

#include "wire/charset.h"

static const uint8_t separators[] = {',', ';', '\t', '|'};
static const struct slice replacement = SLICE_INIT("\xef\xbf\xbd");

/* ---- reading ---- */

void csv_reader_init(struct csv_reader *reader, uint8_t separator) {
    *reader = (struct csv_reader){
        .separator = separator, .line = 1, .first_line = 1, .text = buffer_new(CSV_ROW_BYTES_MAX)};
}

void csv_reader_free(struct csv_reader *reader) { buffer_free(&reader->text); }

static void row_begin(struct csv_reader *reader) {
    reader->place = CSV_AT_FIELD;
    reader->fault = CSV_OK;
    reader->is_quoted = false;
    reader->end_count = 0;
    reader->first_line = reader->line;
    buffer_clear(&reader->text);
}

/* Of what is too much nothing is kept. */
static void give_up(struct csv_reader *reader, enum csv_fault fault) {
    reader->fault = fault;
    reader->place = CSV_SKIPPING;
    reader->end_count = 0;
    buffer_clear(&reader->text);
}

static void keep(struct csv_reader *reader, struct slice bytes) {
    buffer_append(&reader->text, bytes);
    if (buffer_overflowed(&reader->text)) give_up(reader, CSV_ROW_TOO_LONG);
}

static size_t field_begin(const struct csv_reader *reader) {
    return reader->end_count ? reader->ends[reader->end_count - 1] : 0;
}

/* Blanks behind a plain field stay: they may be meant. */
static void field_end(struct csv_reader *reader) {
    if (reader->end_count == CSV_FIELDS_MAX) {
        give_up(reader, CSV_TOO_MANY_FIELDS);
        return;
    }
    reader->ends[reader->end_count++] = reader->text.len;
    reader->place = CSV_AT_FIELD;
}

/* A quote in front of a field, behind blanks at most, opens it. */
static void take_quote(struct csv_reader *reader) {
    switch (reader->place) {
    case CSV_AT_FIELD:
        buffer_truncate(&reader->text, field_begin(reader));
        reader->place = CSV_IN_QUOTES;
        reader->is_quoted = true;
        return;
    case CSV_IN_QUOTES:
        reader->place = CSV_BEHIND_QUOTE;
        return;
    case CSV_BEHIND_QUOTE:
        reader->place = CSV_IN_QUOTES;
        keep(reader, SLICE("\""));
        return;
    default:
        keep(reader, SLICE("\""));
        return;
    }
}

static void take_plain(struct csv_reader *reader, struct slice bytes) {
    bool is_blank = bytes.len == 1 && (bytes.ptr[0] == ' ' || bytes.ptr[0] == '\t');
    if (reader->place == CSV_BEHIND_QUOTE && is_blank) return;
    if (reader->place == CSV_BEHIND_QUOTE || (reader->place == CSV_AT_FIELD && !is_blank))
        reader->place = CSV_IN_PLAIN;
    keep(reader, bytes);
}

static void count_line(struct csv_reader *reader, uint8_t byte) {
    bool is_second = byte == '\n' && reader->after_cr;
    if ((byte == '\n' || byte == '\r') && !is_second) reader->line++;
    reader->after_cr = byte == '\r';
}

/* The first byte of a row or field decides what follows; then runs of plain bytes are taken at once. */
static size_t plain_run(const struct csv_reader *reader, struct slice input) {
    size_t len = 0;
    bool is_quoted = reader->place == CSV_IN_QUOTES;
    while (len < input.len) {
        uint8_t c = input.ptr[len];
        if (c == '"' || c == '\r' || c == '\n' || (!is_quoted && c == reader->separator)) break;
        len++;
    }
    return len;
}

static bool takes_runs(const struct csv_reader *reader) {
    return reader->place == CSV_IN_PLAIN || reader->place == CSV_IN_QUOTES || reader->place == CSV_SKIPPING;
}

/* True: the byte ends the row. */
static bool take_byte(struct csv_reader *reader, uint8_t byte) {
    bool is_second = byte == '\n' && reader->after_cr;
    bool is_line_end = byte == '\r' || byte == '\n';
    count_line(reader, byte);
    if (reader->place == CSV_SKIPPING) return is_line_end;
    if (reader->place == CSV_IN_QUOTES && byte != '"') {
        keep(reader, slice_of(&byte, 1));
        return false;
    }
    /* The LF of a CRLF that ended the row before. */
    if (is_second) return false;
    if (is_line_end) return true;
    if (byte == '"')
        take_quote(reader);
    else if (byte == reader->separator)
        field_end(reader);
    else
        take_plain(reader, slice_of(&byte, 1));
    return false;
}

static void check_text(struct csv_reader *reader, struct csv_row *row) {
    struct slice text = buffer_slice(&reader->text);
    if (utf8_valid(text) && slice_find(text, replacement) == SLICE_NOT_FOUND) return;
    row->fault = CSV_NOT_TEXT;
    for (row->fault_field = 0; row->fault_field + 1 < row->field_count; row->fault_field++) {
        struct slice field = row->fields[row->fault_field];
        if (!utf8_valid(field) || slice_find(field, replacement) != SLICE_NOT_FOUND) return;
    }
}

static bool is_empty(const struct csv_reader *reader) {
    return reader->fault == CSV_OK && !reader->is_quoted && reader->end_count == 1 &&
           slice_trim(buffer_slice(&reader->text)).len == 0;
}

/* False: there was nothing in it. */
static bool row_end(struct csv_reader *reader, struct csv_row *row) {
    bool is_open = reader->place == CSV_IN_QUOTES;
    if (reader->fault == CSV_OK) field_end(reader);
    if (is_empty(reader)) return false;
    *row = (struct csv_row){.fault = reader->fault,
                            .number = ++reader->number,
                            .line = reader->first_line,
                            .fields = reader->fields,
                            .field_count = reader->end_count};
    size_t begin = 0;
    for (size_t i = 0; i < reader->end_count; i++) {
        reader->fields[i] = slice_sub(buffer_slice(&reader->text), begin, reader->ends[i] - begin);
        begin = reader->ends[i];
    }
    if (row->fault) return true;
    check_text(reader, row);
    if (is_open)
        *row = (struct csv_row){CSV_QUOTE_OPEN, row->number, row->line, row->field_count - 1, NULL, 0};
    return true;
}

bool csv_next(struct csv_reader *reader, struct slice *input, bool at_end, struct csv_row *row) {
    /* The row before was given out whole. */
    if (reader->is_given) row_begin(reader);
    reader->is_given = false;
    while (input->len) {
        size_t run = takes_runs(reader) ? plain_run(reader, *input) : 0;
        if (run) {
            struct slice plain = slice_take(input, run);
            reader->after_cr = false;
            if (reader->place != CSV_SKIPPING) keep(reader, plain);
            continue;
        }
        if (!take_byte(reader, slice_take(input, 1).ptr[0])) continue;
        reader->is_given = row_end(reader, row);
        if (reader->is_given) return true;
        row_begin(reader);
    }
    bool has_rest = reader->text.len || reader->end_count || reader->is_quoted || reader->fault;
    if (!at_end || !has_rest) return false;
    reader->is_given = row_end(reader, row);
    if (!reader->is_given) row_begin(reader);
    return reader->is_given;
}

const char *csv_fault_text(enum csv_fault fault) {
    static const char *const texts[] = {
        [CSV_OK] = "",
        [CSV_NOT_TEXT] = "has bytes that are no text in this encoding; say which it is with --encoding",
        [CSV_ROW_TOO_LONG] = "the row is longer than 256 KiB; look for a quote that is not closed",
        [CSV_TOO_MANY_FIELDS] =
            "the row has more than 512 columns; look whether the separator is the right one",
        [CSV_QUOTE_OPEN] = "the file ends inside of quotes; close them, or double the quote if it is text",
    };
    return texts[fault];
}

/* ---- which separator ---- */

struct separator_score {
    size_t fields;
    size_t alike;
    size_t rows;
};

static struct separator_score score_of(struct slice sample, bool is_whole, uint8_t separator) {
    struct csv_reader *reader = malloc(sizeof *reader);
    struct separator_score score = {0, 0, 0};
    struct csv_row row;
    if (!reader) FATAL("out of memory for a sample");
    csv_reader_init(reader, separator);
    while (score.rows < CSV_SAMPLE_ROWS && csv_next(reader, &sample, is_whole, &row)) {
        if (score.rows++ == 0) score.fields = row.field_count;
        score.alike += row.fault == CSV_OK && row.field_count == score.fields;
    }
    csv_reader_free(reader);
    free(reader);
    return score;
}

/* More rows alike first, in tenths; then more fields. */
static bool is_better(struct separator_score a, struct separator_score b) {
    if (a.fields < 2 || b.fields < 2) return a.fields >= 2 && b.fields < 2;
    size_t a_share = a.alike * 10 / a.rows;
    size_t b_share = b.alike * 10 / b.rows;
    return a_share != b_share ? a_share > b_share : a.fields > b.fields;
}

uint8_t csv_separator_find(struct slice sample, bool is_whole) {
    struct separator_score best = {0, 0, 0};
    uint8_t separator = separators[0];
    struct slice rest = sample;
    if (slice_take_prefix_nocase(&rest, SLICE("sep=")) && rest.len > 1 && memchr(separators, rest.ptr[0], 4))
        return rest.ptr[0];
    for (size_t i = 0; i < sizeof separators; i++) {
        struct separator_score score = score_of(sample, is_whole, separators[i]);
        if (!is_better(score, best)) continue;
        best = score;
        separator = separators[i];
    }
    return separator;
}

static const struct {
    struct slice name;
    uint8_t separator;
} separator_names[] = {{SLICE_INIT("comma"), ','}, {SLICE_INIT("semicolon"), ';'}, {SLICE_INIT("tab"), '\t'},
                       {SLICE_INIT("bar"), '|'},   {SLICE_INIT(","), ','},         {SLICE_INIT(";"), ';'},
                       {SLICE_INIT("\t"), '\t'},   {SLICE_INIT("\\t"), '\t'},      {SLICE_INIT("|"), '|'}};
enum { SEPARATOR_NAMES = sizeof separator_names / sizeof separator_names[0] };

bool csv_separator_read(struct slice name, uint8_t *separator) {
    for (size_t i = 0; i < SEPARATOR_NAMES; i++) {
        if (!slice_equal_nocase(name, separator_names[i].name)) continue;
        *separator = separator_names[i].separator;
        return true;
    }
    return false;
}

const char *csv_separator_name(uint8_t separator) {
    for (size_t i = 0; i < SEPARATOR_NAMES; i++)
        if (separator_names[i].separator == separator) return (const char *)separator_names[i].name.ptr;
    return "?";
}

/* ---- writing ---- */

static bool begins_formula(struct slice value) {
    return value.len && memchr("=+-@\t\r", value.ptr[0], 6) != NULL;
}

static bool needs_apostrophe(struct slice value) {
    while (slice_take_byte(&value, '\'')) continue;
    return begins_formula(value);
}

static bool needs_quotes(struct slice value, uint8_t separator) {
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.ptr[i];
        if (c == '"' || c == '\r' || c == '\n' || c == separator) return true;
    }
    return value.len && (value.ptr[0] <= ' ' || value.ptr[value.len - 1] <= ' ');
}

static void write_quoted(struct buffer *out, struct slice value) {
    while (value.len) {
        buffer_append(out, slice_take_until(&value, '"'));
        if (slice_take_byte(&value, '"')) buffer_append_text(out, "\"\"");
    }
}

void csv_field_write(struct buffer *out, struct slice value, uint8_t separator) {
    bool is_formula = needs_apostrophe(value);
    bool is_quoted = is_formula || needs_quotes(value, separator);
    if (is_quoted) buffer_append_byte(out, '"');
    if (is_formula) buffer_append_byte(out, '\'');
    if (is_quoted)
        write_quoted(out, value);
    else
        buffer_append(out, value);
    if (is_quoted) buffer_append_byte(out, '"');
}

/* RFC 4180 2; one empty field alone would be no row. */
void csv_row_write(struct buffer *out, const struct slice *fields, size_t count, uint8_t separator) {
    if (count == 1 && fields[0].len == 0) buffer_append_text(out, "\"\"");
    for (size_t i = 0; i < count; i++) {
        if (i) buffer_append_byte(out, separator);
        csv_field_write(out, fields[i], separator);
    }
    buffer_append_text(out, "\r\n");
}

struct slice csv_plain(struct slice value) {
    bool is_marked = value.len && value.ptr[0] == '\'' && needs_apostrophe(value);
    return is_marked ? slice_skip(value, 1) : value;
}

/*
 * Separated values: what is read does not depend on how the bytes come in pieces, stays within its limits,
 * and what is written is read back as it was. The first byte chooses the separator.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "wire/csv.h"
#include "wire/csv_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_BYTES_MAX = 16 * 1024 * 1024 };

static void take_row(const struct csv_row *row, struct buffer *out) {
    ASSERT(row->field_count <= CSV_FIELDS_MAX && (row->fault || row->field_count > 0));
    buffer_printf(out, "%llu %llu %d %zu:", (unsigned long long)row->number, (unsigned long long)row->line,
                  row->fault, row->fault_field);
    for (size_t i = 0; i < row->field_count; i++) {
        buffer_append(out, row->fields[i]);
        buffer_append_byte(out, 0);
    }
}

static struct buffer read_all(struct slice all, size_t step, uint8_t separator) {
    struct csv_reader *reader = malloc(sizeof *reader);
    struct csv_text text;
    struct csv_row row;
    struct buffer out = buffer_new(OUT_BYTES_MAX);
    size_t mark_bytes = 0;
    struct slice encoding = csv_encoding_find(slice_sub(all, 0, CSV_SAMPLE_BYTES), &mark_bytes);
    bool is_known = csv_text_init(&text, encoding);
    ASSERT(reader && is_known && mark_bytes <= all.len);
    csv_reader_init(reader, separator);
    all = slice_skip(all, mark_bytes);
    bool at_end = false;
    while (!at_end) {
        struct slice piece = slice_take(&all, step);
        at_end = all.len == 0;
        struct slice decoded = csv_text_next(&text, piece, at_end);
        while (csv_next(reader, &decoded, at_end, &row)) take_row(&row, &out);
        ASSERT(decoded.len == 0);
    }
    csv_reader_free(reader);
    csv_text_free(&text);
    free(reader);
    return out;
}

static void check_pieces(struct slice all, uint8_t separator) {
    struct buffer once = read_all(all, CSV_SAMPLE_BYTES, separator);
    struct buffer bytewise = read_all(all, 1, separator);
    struct buffer sevens = read_all(all, 7, separator);
    ASSERT(slice_equal(buffer_slice(&once), buffer_slice(&bytewise)));
    ASSERT(slice_equal(buffer_slice(&once), buffer_slice(&sevens)));
    buffer_free(&once);
    buffer_free(&bytewise);
    buffer_free(&sevens);
}

/* The input is one value beside another. */
static void check_round_trip(struct slice value, uint8_t separator) {
    struct csv_reader *reader = malloc(sizeof *reader);
    struct csv_row row;
    struct buffer out = buffer_new(OUT_BYTES_MAX);
    const struct slice fields[] = {value, SLICE("x"), value};
    ASSERT(reader);
    csv_row_write(&out, fields, 3, separator);
    struct slice input = buffer_slice(&out);
    csv_reader_init(reader, separator);
    bool is_read = csv_next(reader, &input, true, &row);
    ASSERT(is_read);
    if (row.fault == CSV_OK || row.fault == CSV_NOT_TEXT) {
        /* The LF of the line end is still to come. */
        ASSERT(row.field_count == 3 && input.len <= 1);
        ASSERT(slice_equal(csv_plain(row.fields[0]), value) && slice_equal(csv_plain(row.fields[2]), value));
    } else {
        ASSERT(row.fault == CSV_ROW_TOO_LONG);
    }
    csv_reader_free(reader);
    free(reader);
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice all = slice_of(data, size);
    if (size == 0 || size > 1024 * 1024) return 0;
    uint8_t separator = (uint8_t) ",;\t|"[data[0] % 4];
    (void)csv_separator_find(slice_sub(all, 0, CSV_SAMPLE_BYTES), true);
    check_pieces(slice_skip(all, 1), separator);
    check_round_trip(slice_skip(all, 1), separator);
    return 0;
}

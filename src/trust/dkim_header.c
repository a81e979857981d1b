#include "trust/dkim_header.h"

#include <stdlib.h>

#include "wire/header.h"
#include "wire/tag_list.h"

/* RFC 5322 2.2: lines end with CRLF, CR and LF stand nowhere else, and the first is no fold: it would become
   part of a field that is put in front. */
static bool lines_are_good(struct slice bytes) {
    if (bytes.len && (bytes.ptr[0] == ' ' || bytes.ptr[0] == '\t')) return false;
    while (bytes.len) {
        size_t newline = slice_find_byte(bytes, '\n');
        if (newline == SLICE_NOT_FOUND) return slice_find_byte(bytes, '\r') == SLICE_NOT_FOUND;
        if (newline == 0 || slice_find_byte(slice_sub(bytes, 0, newline), '\r') != newline - 1) return false;
        bytes = slice_skip(bytes, newline + 1);
    }
    return true;
}

/* ---- reading ---- */

static int compare_names(struct slice a, struct slice b) {
    size_t least = a.len < b.len ? a.len : b.len;
    for (size_t i = 0; i < least; i++) {
        int difference = ascii_lower(a.ptr[i]) - ascii_lower(b.ptr[i]);
        if (difference) return difference;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

static int compare_fields(const void *a, const void *b, void *fields) {
    const struct dkim_header_field *all = fields;
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    int difference = compare_names(all[x].name, all[y].name);
    return difference ? difference : (x > y) - (x < y);
}

static void sort_names(struct dkim_header *header) {
    header->by_name = malloc((header->count + 1) * sizeof *header->by_name);
    if (!header->by_name) FATAL("no memory for a header");
    for (size_t i = 0; i < header->count; i++) header->by_name[i] = (uint32_t)i;
    qsort_r(header->by_name, header->count, sizeof *header->by_name, compare_fields, header->fields);
}

static void add_field(struct dkim_header *header, struct slice line, const struct header_field *field) {
    size_t colon = slice_find_byte(line, ':');
    if (line.len && line.ptr[line.len - 1] == '\n') line.len--;
    if (line.len && line.ptr[line.len - 1] == '\r') line.len--;
    header->fields[header->count++] =
        (struct dkim_header_field){field->name, line, slice_skip(line, colon + 1)};
}

static size_t count_fields(struct slice bytes) {
    struct header_field field;
    size_t count = 0;
    while (count <= DKIM_FIELDS_MAX && header_next(&bytes, &field)) count++;
    return count;
}

static void read_fields(struct slice bytes, struct dkim_header *header) {
    struct header_field field;
    struct slice line;
    while (header_next_line(&bytes, &field, &line)) add_field(header, line, &field);
}

enum dkim_fault dkim_header_read(struct slice bytes, struct dkim_header *header) {
    *header = (struct dkim_header){.fields = NULL};
    if (!lines_are_good(bytes)) return DKIM_FAULT_HEADER_LINES;
    size_t count = count_fields(bytes);
    if (count > DKIM_FIELDS_MAX) return DKIM_FAULT_HEADER_TOO_LARGE;
    header->fields = calloc(count + 1, sizeof *header->fields);
    if (!header->fields) FATAL("no memory for a header");
    read_fields(bytes, header);
    sort_names(header);
    return DKIM_FAULT_NONE;
}

void dkim_header_free(struct dkim_header *header) {
    free(header->fields);
    free(header->by_name);
    *header = (struct dkim_header){.fields = NULL};
}

/* ---- finding ---- */

/* The first place whose name is not below `name`, or (`is_behind`) is above it. */
static size_t bound(const struct dkim_header *header, struct slice name, bool is_behind) {
    size_t low = 0;
    size_t high = header->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare_names(header->fields[header->by_name[middle]].name, name);
        if (order < 0 || (order == 0 && is_behind))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t dkim_header_find(const struct dkim_header *header, struct slice name, size_t *first) {
    *first = bound(header, name, false);
    return bound(header, name, true) - *first;
}

/* Takes the last field of that name that was not taken; `taken` counts at the first place of each name. */
static const struct dkim_header_field *take_last(const struct dkim_header *header, struct slice name,
                                                 const struct dkim_header_field *own, uint32_t *taken) {
    size_t first;
    size_t count = dkim_header_find(header, name, &first);
    const struct dkim_header_field *field = NULL;
    while (count && taken[first] < count && (!field || field == own))
        field = dkim_header_nth(header, first, count - ++taken[first]);
    return field == own ? NULL : field;
}

void dkim_header_form(const struct dkim_header *header, enum dkim_form form, struct slice names,
                      const struct dkim_header_field *own, struct byte_sink sink) {
    uint32_t *taken = calloc(header->count + 1, sizeof *taken);
    if (!taken) FATAL("no memory for a header");
    struct tag_words words = tag_words_of(names, ':');
    struct slice name;
    while (tag_words_next(&words, &name)) {
        const struct dkim_header_field *field = take_last(header, name, own, taken);
        if (!field) continue;
        dkim_form_field(form, field->whole, sink);
        byte_sink_write(sink, SLICE("\r\n"));
    }
    free(taken);
}

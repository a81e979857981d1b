/* A row of the file: checked, and made one for the store. */
#include "app/contact/contact_import.h"
#include "store/contact_address.h"
#include "store/contact_fields.h"

#define LINE_BREAK_WORDS                                                                                \
    "has a line break or another control character, which could forge a header field; take it out, or " \
    "leave the column out with --map \"Column=-\""

static const struct slice no_break_space = SLICE_INIT("\xc2\xa0");

static struct slice trim(struct slice value) {
    for (;;) {
        value = slice_trim(value);
        if (slice_take_prefix(&value, no_break_space)) continue;
        if (!slice_ends_nocase(value, no_break_space)) return value;
        value.len -= no_break_space.len;
    }
}

/* Empty where the row is shorter than the header. */
static struct slice cell(const struct csv_row *csv, size_t at) {
    return at < csv->field_count ? trim(csv_plain(csv->fields[at])) : SLICE_EMPTY;
}

static bool is_all_empty(const struct csv_row *csv) {
    for (size_t i = 0; i < csv->field_count; i++)
        if (cell(csv, i).len) return false;
    return true;
}

static enum contact_reading_result refuse(struct contact_fault *fault, const struct csv_row *csv,
                                          const struct contact_columns *columns, size_t at,
                                          const char *reason) {
    bool has_column = at < columns->count;
    *fault = (struct contact_fault){.line = csv->line,
                                    .column = has_column ? columns->columns[at].header : SLICE_EMPTY,
                                    .value = has_column && csv->fault != CSV_NOT_TEXT ? cell(csv, at)
                                                                                      : SLICE_EMPTY,
                                    .reason = reason};
    return CONTACT_READ_FAULT;
}

/* A tab is a blank. */
static struct slice without_tabs(struct arena *arena, struct slice value) {
    if (slice_find_byte(value, '\t') == SLICE_NOT_FOUND) return value;
    uint8_t *bytes = arena_alloc(arena, value.len);
    for (size_t i = 0; i < value.len; i++) bytes[i] = value.ptr[i] == '\t' ? ' ' : value.ptr[i];
    return slice_of(bytes, value.len);
}

/* NULL, or why the value cannot be in the book. */
static const char *check_value(struct slice value) {
    if (value.len > CONTACT_VALUE_BYTES_MAX)
        return "is longer than 4096 bytes; shorten it, or leave the column out with --map \"Column=-\"";
    return contact_text_is_sound(value, CONTACT_VALUE_BYTES_MAX) ? NULL : LINE_BREAK_WORDS;
}

/* ---- time zones ---- */

static bool zone_is_known(struct contact_reading *reading, struct slice zone) {
    static const struct slice yes = SLICE_INIT("yes");
    static const struct slice no = SLICE_INIT("no");
    const struct slice *answer = map_get(reading->zones, zone);
    if (answer) return answer == &yes;
    bool is_known = time_zone_is_known(zone);
    if (map_count(reading->zones) < 10000)
        (void)map_put(reading->zones, zone, (void *)(uintptr_t)(is_known ? &yes : &no));
    return is_known;
}

struct country_zone {
    struct slice zone;
    bool is_one;
};

static void guess_zone(struct contact_reading *reading, struct contact_row *row) {
    struct country_zone *known = map_get(reading->country_zones, row->country);
    if (!known) {
        known = ARENA_NEW(reading->kept, struct country_zone);
        known->zone = time_zone_of_country(reading->kept, row->country, &known->is_one);
        (void)map_put(reading->country_zones, row->country, known);
    }
    if (known->zone.len == 0) return;
    row->time_zone = known->zone;
    row->is_zone_guessed = true;
    reading->guessed_zones++;
    reading->guessed_of_several += !known->is_one;
}

/* What is no country stays as a field like others, and is told of once. */
static struct slice take_country(struct contact_reading *reading, const struct csv_row *csv,
                                 struct contact_row *row) {
    if (reading->columns->country == SIZE_MAX) return SLICE_EMPTY;
    struct slice value = cell(csv, reading->columns->country);
    if (value.len == 0) return SLICE_EMPTY;
    row->country = country_find(reading->countries, value);
    if (row->country.len) return SLICE_EMPTY;
    if (reading->unknown_countries++ == 0)
        reading->first_unknown_country = arena_copy(reading->kept, slice_sub(value, 0, 100));
    return value;
}

/* ---- the row ---- */

static const char *add_field(struct contact_reading *reading, struct contact_row *row, struct slice name,
                             struct slice value) {
    value = without_tabs(reading->arena, value);
    const char *reason = check_value(value);
    if (!reason) reading->fields[row->field_count++] = (struct contact_field){name, value};
    return reason;
}

/* Ascending by name, with the text of an unknown country among them. */
static const char *take_fields(struct contact_reading *reading, const struct csv_row *csv,
                               struct slice country, struct contact_row *row, size_t *at) {
    const struct contact_columns *columns = reading->columns;
    const char *reason = NULL;
    bool has_country = country.len == 0;
    for (size_t i = 0; i < columns->field_count && !reason; i++) {
        *at = columns->order[i];
        struct slice name = columns->columns[*at].field;
        struct slice value = cell(csv, *at);
        if (!has_country && slice_compare(name, SLICE("country")) > 0) {
            has_country = true;
            reason = add_field(reading, row, SLICE("country"), country);
            if (reason) *at = columns->country;
        }
        if (!reason && value.len) reason = add_field(reading, row, name, value);
    }
    if (reason || has_country) return reason;
    *at = columns->country;
    return add_field(reading, row, SLICE("country"), country);
}

static const char *take_zone(struct contact_reading *reading, const struct csv_row *csv,
                             struct contact_row *row) {
    if (reading->columns->time_zone != SIZE_MAX) row->time_zone = cell(csv, reading->columns->time_zone);
    if (row->time_zone.len && !zone_is_known(reading, row->time_zone))
        return "is no time zone of the IANA database; write it as Europe/Berlin or America/New_York";
    if (row->time_zone.len == 0 && row->country.len) guess_zone(reading, row);
    return NULL;
}

static size_t first_too_many(const struct csv_row *csv, const struct contact_columns *columns) {
    for (size_t i = columns->count; i < csv->field_count; i++)
        if (cell(csv, i).len) return i;
    return SIZE_MAX;
}

enum contact_reading_result contact_row_read_csv(struct contact_reading *reading, const struct csv_row *csv,
                                                 struct contact_row *row, struct contact_fault *fault) {
    const struct contact_columns *columns = reading->columns;
    struct slice domain;
    size_t at = SIZE_MAX;
    *row = (struct contact_row){.fields = reading->fields};
    arena_reset(reading->arena);
    bool has_place = csv->fault == CSV_NOT_TEXT || csv->fault == CSV_QUOTE_OPEN;
    if (csv->fault)
        return refuse(fault, csv, columns, has_place ? csv->fault_field : SIZE_MAX,
                      csv_fault_text(csv->fault));
    if (is_all_empty(csv)) return CONTACT_READ_NOTHING;
    if (first_too_many(csv, columns) != SIZE_MAX)
        return refuse(fault, csv, columns, SIZE_MAX,
                      "has more columns than the first line names; put values with a separator into quotes");
    enum contact_address_fault wrong = contact_address_read(reading->arena, cell(csv, columns->address),
                                                            &row->address, &domain, &row->written);
    if (wrong) return refuse(fault, csv, columns, columns->address, contact_address_fault_text(wrong));
    struct slice country = take_country(reading, csv, row);
    const char *reason = take_fields(reading, csv, country, row, &at);
    if (reason) return refuse(fault, csv, columns, at, reason);
    reason = take_zone(reading, csv, row);
    if (reason) return refuse(fault, csv, columns, columns->time_zone, reason);
    if (contact_row_is_sound(row, false)) return CONTACT_READ;
    return refuse(fault, csv, columns, SIZE_MAX,
                  "is more than a contact can hold; leave columns out with --map \"Column=-\"");
}

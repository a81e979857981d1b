#include "app/api/api_pack.h"

#include <stdlib.h>

#include "app/admin/outreach_details.h"
#include "base/limits.h"
#include "base/limits_outreach.h"
#include "base/limits_web.h"
#include "outreach/sequence.h"
#include "store/contact_address.h"
#include "store/contact_fields.h"
#include "store/contact_model.h"
#include "wire/place.h"

/* Empty where it is not there. */
static struct slice member(const json_t *body, const char *name) {
    const json_t *value = json_object_get(body, name);
    return json_is_string(value) ? slice_of(json_string_value(value), json_string_length(value))
                                 : SLICE_EMPTY;
}

/* ---- a contact ---- */

static int compare_fields(const void *left, const void *right) {
    const struct contact_field *a = left;
    const struct contact_field *b = right;
    return slice_compare(a->name, b->name);
}

static bool read_fields(struct arena *arena, json_t *fields, struct contact_row *row, struct slice *words) {
    struct contact_field *list = ARENA_NEW_ARRAY(arena, struct contact_field, json_object_size(fields) + 1);
    const char *name;
    const json_t *value;
    json_object_foreach(fields, name, value) {
        struct contact_field field = {slice_from_text(name), member(fields, name)};
        if (!json_is_string(value) || !contact_name_is_sound(field.name) ||
            !contact_text_is_sound(field.value, CONTACT_VALUE_BYTES_MAX)) {
            *words =
                arena_printf(arena,
                             "\"fields\": \"%.100s\" must be a name of small letters, digits and _, and its "
                             "value a text of up to 4096 bytes on one line",
                             name);
            return false;
        }
        list[row->field_count++] = field;
    }
    qsort(list, row->field_count, sizeof *list, compare_fields);
    row->fields = list;
    return true;
}

static bool read_place(struct arena *arena, const json_t *body, struct contact_row *row,
                       struct slice *words) {
    struct slice country = member(body, "country");
    row->time_zone = member(body, "time_zone");
    if (row->time_zone.len && !time_zone_is_known(row->time_zone)) {
        *words = SLICE("\"time_zone\" is none of the IANA database; such as Europe/Berlin");
        return false;
    }
    if (country.len == 0) return true;
    struct country_book *book = country_book_new(1);
    row->country = arena_copy(arena, country_find(book, country));
    country_book_free(&book);
    if (row->country.len == 0) *words = SLICE("\"country\" is none; such as DE or Germany");
    return row->country.len > 0;
}

bool api_pack_contact(struct arena *arena, const json_t *body, struct buffer *details, struct slice *words) {
    struct contact_row row = {0};
    struct slice domain;
    json_t *fields = json_object_get(body, "fields");
    enum contact_address_fault fault =
        contact_address_read(arena, member(body, "address"), &row.address, &domain, &row.written);
    if (fault) *words = arena_printf(arena, "\"address\": %s", contact_address_fault_text(fault));
    if (!fault && fields && !json_is_object(fields)) *words = SLICE("\"fields\" must be an object of texts");
    if (fault || (fields && !json_is_object(fields))) return false;
    if (!read_fields(arena, fields, &row, words) || !read_place(arena, body, &row, words)) return false;
    contact_row_pack(details, &row);
    return true;
}

/* ---- suppression ---- */

bool api_pack_suppression(struct arena *arena, const json_t *body, struct buffer *details,
                          struct slice *words) {
    (void)arena;
    (void)words;
    struct slice reason = member(body, "reason");
    pack_slice(details, reason.len ? reason : SLICE("manual"));
    pack_slice(details, member(body, "note"));
    return true;
}

/* ---- contacts for a campaign ---- */

static bool read_where(struct arena *arena, json_t *where, struct contact_selection *selection,
                       struct slice *words) {
    const char *name;
    const json_t *value;
    json_object_foreach(where, name, value) {
        enum contact_selection_fault fault = CONTACT_SELECTION_VALUE;
        if (json_is_string(value))
            fault = contact_selection_add(slice_from_text(name), member(where, name), false, selection);
        if (fault)
            *words =
                arena_printf(arena, "\"where\": \"%.100s\": %s", name, contact_selection_fault_text(fault));
        if (fault) return false;
    }
    return true;
}

static bool read_addresses(struct arena *arena, const json_t *list, struct addition_details *details,
                           struct slice *words) {
    size_t count = json_array_size(list);
    if (count == 0 || count > CONTACT_ADDRESSES_MAX) {
        *words = SLICE("\"addresses\" must be a list of 1 to 1000 texts");
        return false;
    }
    details->addresses = ARENA_NEW_ARRAY(arena, struct slice, count);
    for (; details->address_count < count; details->address_count++) {
        struct slice domain;
        struct slice written;
        const json_t *item = json_array_get(list, details->address_count);
        struct slice text = slice_of(json_string_value(item), json_string_length(item));
        enum contact_address_fault fault =
            contact_address_read(arena, text, &details->addresses[details->address_count], &domain, &written);
        if (!fault) continue;
        *words = arena_printf(arena, "\"addresses\": number %zu: %s", details->address_count + 1,
                              contact_address_fault_text(fault));
        return false;
    }
    return true;
}

bool api_pack_addition(struct arena *arena, const json_t *body, struct buffer *details, struct slice *words) {
    struct addition_details addition = {.address_count = 0};
    json_t *where = json_object_get(body, "where");
    json_t *addresses = json_object_get(body, "addresses");
    *words = SLICE("\"where\" must be an object of texts");
    if (where && (!json_is_object(where) || !read_where(arena, where, &addition.selection, words)))
        return false;
    *words = SLICE("\"addresses\" must be a list of texts");
    if (addresses && (!json_is_array(addresses) || !read_addresses(arena, addresses, &addition, words)))
        return false;
    addition_details_pack(details, &addition);
    return true;
}

/* ---- a campaign ---- */

/* All faults on one line. */
static struct slice faults_text(struct arena *arena, const struct sequence_faults *faults) {
    struct buffer text = buffer_new(SEQUENCE_DOCUMENT_BYTES_MAX);
    buffer_append_text(&text, "\"sequence\" is not in order");
    for (size_t i = 0; i < faults->count; i++)
        buffer_printf(&text, "; %.*s%s%.*s", SLICE_PRINT(faults->items[i].where),
                      faults->items[i].where.len ? ": " : "", SLICE_PRINT(faults->items[i].words));
    struct slice copy = arena_copy(arena, buffer_slice(&text));
    buffer_free(&text);
    return copy;
}

static void write_details(const struct sequence *sequence, struct slice mailbox, struct buffer *details) {
    struct buffer normal = buffer_new(2 * SEQUENCE_DOCUMENT_BYTES_MAX);
    sequence_write(&normal, sequence);
    struct campaign_details packed = {mailbox, buffer_slice(&normal)};
    campaign_details_pack(details, &packed);
    buffer_free(&normal);
}

bool api_pack_campaign(struct arena *arena, const json_t *body, struct buffer *details, struct slice *words) {
    const json_t *given = json_object_get(body, "sequence");
    char *text = json_is_object(given) ? json_dumps(given, JSON_COMPACT) : NULL;
    struct slice document = text ? slice_from_text(text) : member(body, "sequence");
    struct sequence_faults faults = {0};
    struct arena *reading = arena_new(SEQUENCE_ARENA_BYTES_MAX);
    const struct sequence *sequence = sequence_read(reading, document, &faults);
    if (sequence)
        write_details(sequence, member(body, "mailbox"), details);
    else
        *words = faults_text(arena, &faults);
    arena_free(&reading);
    free(text);
    return sequence != NULL;
}

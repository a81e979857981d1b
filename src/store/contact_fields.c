#include "store/contact_fields.h"

#include "base/limits.h"
#include "store/contact_address.h"
#include "wire/charset.h"

/* ---- writing ---- */

static void write_escaped(struct buffer *json, uint8_t byte) {
    if (byte == '"' || byte == '\\')
        buffer_printf(json, "\\%c", byte);
    else
        buffer_printf(json, "\\u%04x", byte);
}

void contact_text_write(struct buffer *json, struct slice text) {
    size_t from = 0;
    buffer_append_byte(json, '"');
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c >= ' ' && c != '"' && c != '\\') continue;
        buffer_append(json, slice_sub(text, from, i - from));
        write_escaped(json, c);
        from = i + 1;
    }
    buffer_append(json, slice_skip(text, from));
    buffer_append_byte(json, '"');
}

void contact_fields_write(struct buffer *json, const struct contact_field *fields, size_t count) {
    buffer_append_byte(json, '{');
    for (size_t i = 0; i < count; i++) {
        if (i) buffer_append_byte(json, ',');
        contact_text_write(json, fields[i].name);
        buffer_append_byte(json, ':');
        contact_text_write(json, fields[i].value);
    }
    buffer_append_byte(json, '}');
}

/* ---- reading ---- */

static bool unescape(struct arena *arena, struct slice raw, struct slice *text) {
    uint8_t *bytes = arena_try_alloc(arena, raw.len);
    size_t len = 0;
    if (!bytes) return false;
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.ptr[i] == '\\' && ++i == raw.len) return false;
        bytes[len++] = raw.ptr[i];
    }
    *text = slice_of(bytes, len);
    return true;
}

/* Values have no control characters, so that only quotes and backslashes are escaped. */
static bool take_text(struct arena *arena, struct slice *json, struct slice *text) {
    bool is_escaped = false;
    size_t len = 0;
    if (!slice_take_byte(json, '"')) return false;
    while (len < json->len && json->ptr[len] != '"') {
        bool is_backslash = json->ptr[len] == '\\';
        is_escaped = is_escaped || is_backslash;
        len += is_backslash ? 2 : 1;
    }
    if (len >= json->len) return false;
    struct slice raw = slice_take(json, len);
    *json = slice_skip(*json, 1);
    *text = raw;
    return !is_escaped || unescape(arena, raw, text);
}

static bool take_field(struct arena *arena, struct slice *json, struct contact_field *field) {
    return take_text(arena, json, &field->name) && slice_take_byte(json, ':') &&
           take_text(arena, json, &field->value);
}

bool contact_fields_read(struct arena *arena, struct slice json, const struct contact_field **fields,
                         size_t *count) {
    struct contact_field *list = NULL;
    size_t capacity = 0;
    *count = 0;
    *fields = NULL;
    if (!slice_take_byte(&json, '{')) return false;
    while (json.len && json.ptr[0] != '}') {
        list = arena_try_grow(arena, list, *count, &capacity, sizeof *list);
        if (!list || *count == CONTACT_FIELDS_MAX || !take_field(arena, &json, &list[*count])) return false;
        (*count)++;
        if (!slice_take_byte(&json, ',')) break;
    }
    *fields = list;
    return slice_equal(json, SLICE("}"));
}

/* ---- merging ---- */

struct merging {
    struct contact_field *merged;
    size_t count;
    contact_differ_fn *differ;
    void *context;
};

static void merge_one(struct merging *merging, struct slice name, struct slice before, struct slice after) {
    if (!slice_equal(before, after) && merging->differ)
        merging->differ(merging->context, name, before, after);
    if (after.len) merging->merged[merging->count++] = (struct contact_field){name, after};
}

size_t contact_fields_merge(const struct contact_field *there, size_t there_count,
                            const struct contact_field *fresh, size_t fresh_count,
                            struct contact_field *merged, contact_differ_fn *differ, void *context) {
    struct merging merging = {.merged = merged, .differ = differ, .context = context};
    size_t i = 0;
    size_t j = 0;
    while (i < there_count || j < fresh_count) {
        int order = i == there_count   ? 1
                    : j == fresh_count ? -1
                                       : slice_compare(there[i].name, fresh[j].name);
        struct slice before = order <= 0 ? there[i].value : SLICE_EMPTY;
        struct slice name = order <= 0 ? there[i].name : fresh[j].name;
        merge_one(&merging, name, before, order < 0 ? before : fresh[j].value);
        i += order <= 0;
        j += order >= 0;
    }
    return merging.count;
}

/* ---- what may be in the book ---- */

bool contact_text_is_sound(struct slice text, size_t bytes_max) {
    if (text.len > bytes_max) return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] == 0x7f) return false;
    return utf8_valid(text);
}

bool contact_name_is_sound(struct slice name) {
    if (name.len == 0 || name.len > CONTACT_NAME_BYTES_MAX) return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        if (c < 0x80 && c != '_' && !(ascii_is_alnum(c) && ascii_lower(c) == c)) return false;
    }
    return utf8_valid(name);
}

static bool fields_are_sound(const struct contact_field *fields, size_t count, bool may_take_away) {
    size_t bytes = 0;
    if (count > CONTACT_FIELDS_MAX) return false;
    for (size_t i = 0; i < count; i++) {
        if (!contact_name_is_sound(fields[i].name)) return false;
        if (i && slice_compare(fields[i - 1].name, fields[i].name) >= 0) return false;
        if (fields[i].value.len == 0 && !may_take_away) return false;
        if (!contact_text_is_sound(fields[i].value, CONTACT_VALUE_BYTES_MAX)) return false;
        bytes += fields[i].name.len + 2 * fields[i].value.len + 6;
    }
    return bytes < CONTACT_JSON_BYTES_MAX;
}

static bool is_country(struct slice country) {
    return country.len == 0 || (country.len == 2 && country.ptr[0] >= 'A' && country.ptr[0] <= 'Z' &&
                                country.ptr[1] >= 'A' && country.ptr[1] <= 'Z');
}

bool contact_row_is_sound(const struct contact_row *row, bool may_take_away) {
    return contact_address_is_normal(row->address) &&
           contact_text_is_sound(row->written, STORE_ADDRESS_BYTES_MAX) && row->written.len &&
           fields_are_sound(row->fields, row->field_count, may_take_away) &&
           contact_text_is_sound(row->time_zone, CONTACT_ZONE_BYTES_MAX) && is_country(row->country);
}

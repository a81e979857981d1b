#include "app/domain/publish_shapes.h"

#include "base/limits.h"
#include "io/dns.h"

enum { COMMENT_COLUMNS = 96, STRING_BYTES_MAX = 255 };

bool publish_shape_read(struct slice word, enum publish_shape *shape) {
    static const struct slice words[PUBLISH_SHAPES] = {[PUBLISH_SHAPE_ZONE] = SLICE_INIT("zone"),
                                                       [PUBLISH_SHAPE_STRINGS] = SLICE_INIT("strings"),
                                                       [PUBLISH_SHAPE_TABLE] = SLICE_INIT("table"),
                                                       [PUBLISH_SHAPE_CLOUDFLARE] = SLICE_INIT("cloudflare"),
                                                       [PUBLISH_SHAPE_ROUTE53] = SLICE_INIT("route53")};
    for (size_t i = 0; i < PUBLISH_SHAPES; i++) {
        if (!slice_equal(word, words[i])) continue;
        *shape = (enum publish_shape)i;
        return true;
    }
    return false;
}

/* ---- a zone file ---- */

/* Broken between words. */
static void append_comment(struct buffer *out, struct slice text) {
    size_t column = COMMENT_COLUMNS;
    while (text.len) {
        struct slice word = slice_take_until(&text, ' ');
        (void)slice_take_byte(&text, ' ');
        bool breaks = column + 1 + word.len > COMMENT_COLUMNS;
        if (breaks && out->len && out->ptr[out->len - 1] != '\n') buffer_append_byte(out, '\n');
        buffer_append_text(out, breaks ? "; " : " ");
        buffer_append(out, word);
        column = breaks ? 2 + word.len : column + 1 + word.len;
    }
    buffer_append_byte(out, '\n');
}

static void append_why(struct buffer *out, const struct publish_row *row) {
    static const char *const words[] = {"Must be. ", "Should be. ", "May be. "};
    struct buffer text = buffer_new(TRUST_TXT_BYTES_MAX);
    buffer_append_text(&text, words[row->necessity]);
    buffer_append(&text, row->purpose);
    if (row->note.len) buffer_append_byte(&text, ' ');
    buffer_append(&text, row->note);
    append_comment(out, buffer_slice(&text));
    buffer_free(&text);
}

static void append_line(struct buffer *out, const struct publish_row *row) {
    if (row->is_outside) buffer_append_text(out, ";   ");
    buffer_printf(out, "%.*s. %u IN %s ", SLICE_PRINT(row->name), row->ttl_s, publish_type_name(row->type));
    publish_data(out, row);
    buffer_append_byte(out, '\n');
}

/* Rows of one purpose stand below one comment. */
static bool continues(const struct publish_rows *rows, size_t at) {
    return at > 0 && slice_equal(rows->items[at].purpose, rows->items[at - 1].purpose) &&
           slice_equal(rows->items[at].note, rows->items[at - 1].note) &&
           rows->items[at].necessity == rows->items[at - 1].necessity;
}

static void write_zone(struct buffer *out, const struct publication *publication) {
    buffer_printf(out, "; Records for %.*s, whose mail is at %.*s.\n", SLICE_PRINT(publication->domain),
                  SLICE_PRINT(publication->host));
    for (size_t i = 0; i < publication->rows.count; i++) {
        const struct publish_row *row = &publication->rows.items[i];
        if (row->is_kept) continue;
        if (!continues(&publication->rows, i)) {
            buffer_append_byte(out, '\n');
            append_why(out, row);
            if (row->is_outside) append_comment(out, SLICE("It does not belong into this zone:"));
        }
        append_line(out, row);
    }
    if (publication->lacks_policy) {
        buffer_append_byte(out, '\n');
        append_comment(
            out, SLICE("MTA-STS is not offered: with mta_sts.mode = testing in posthaste.conf the server "
                       "serves a policy, and the records for it stand here."));
    }
}

/* ---- strings ---- */

static void write_strings(struct buffer *out, const struct publication *publication) {
    static const char *const words[] = {"must", "should", "may"};
    for (size_t i = 0; i < publication->rows.count; i++) {
        const struct publish_row *row = &publication->rows.items[i];
        if (row->is_kept) continue;
        buffer_printf(out, "# %s: %.*s%s\n", words[row->necessity], SLICE_PRINT(row->purpose),
                      row->is_outside ? " (not in this zone)" : "");
        buffer_printf(out, "%.*s %s\n%.*s\n\n", SLICE_PRINT(row->name), publish_type_name(row->type),
                      SLICE_PRINT(row->value));
    }
}

void publish_write(struct buffer *out, enum publish_shape shape, const struct publication *publication) {
    static void (*const writers[PUBLISH_SHAPES])(struct buffer *, const struct publication *) = {
        [PUBLISH_SHAPE_ZONE] = write_zone,
        [PUBLISH_SHAPE_STRINGS] = write_strings,
        [PUBLISH_SHAPE_TABLE] = publish_write_table,
        [PUBLISH_SHAPE_CLOUDFLARE] = publish_write_cloudflare,
        [PUBLISH_SHAPE_ROUTE53] = publish_write_route53};
    writers[shape](out, publication);
}

/* ---- JSON ---- */

static json_t *text_json(struct slice text) {
    json_t *json = json_stringn(text.len ? (const char *)text.ptr : "", text.len);
    return json ? json : json_string("(not UTF-8)");
}

static json_t *strings_json(struct slice text) {
    json_t *strings = json_array();
    do (void)json_array_append_new(strings, text_json(slice_take(&text, STRING_BYTES_MAX)));
    while (text.len);
    return strings;
}

static json_t *row_json(const struct publish_row *row) {
    json_t *json = json_pack(
        "{s:s, s:o, s:s, s:i, s:o, s:s, s:o, s:o, s:b}", "kind", publish_kind_word(row->kind), "name",
        text_json(row->name), "type", publish_type_name(row->type), "ttl", (int)row->ttl_s, "value",
        text_json(row->value), "necessity", publish_necessity_word(row->necessity), "purpose",
        text_json(row->purpose), "note", text_json(row->note), "outside", row->is_outside);
    if (row->type == DNS_TXT) (void)json_object_set_new(json, "strings", strings_json(row->value));
    return json;
}

json_t *publish_json(const struct publication *publication) {
    json_t *records = json_array();
    for (size_t i = 0; i < publication->rows.count; i++)
        if (!publication->rows.items[i].is_kept)
            (void)json_array_append_new(records, row_json(&publication->rows.items[i]));
    return json_pack("{s:o, s:o, s:o}", "domain", text_json(publication->domain), "host",
                     text_json(publication->host), "records", records);
}

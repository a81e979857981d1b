/* The forms of providers for app/domain/publish_shapes.h. */
#include <stdio.h>
#include <stdlib.h>

#include "app/domain/publish_shapes.h"
#include "base/limits.h"
#include "io/dns.h"

enum { NAME_COLUMNS_MAX = 48 };

/* ---- tables ---- */

static size_t name_columns(const struct publication *publication) {
    size_t most = 4;
    for (size_t i = 0; i < publication->rows.count; i++) {
        const struct publish_row *row = &publication->rows.items[i];
        struct slice name = publish_relative(row->name, publication->domain);
        if (!row->is_outside && name.len > most) most = name.len;
    }
    return most < NAME_COLUMNS_MAX ? most : NAME_COLUMNS_MAX;
}

struct table {
    const struct publication *publication;
    int name_columns;
    /* Of A, AAAA and CNAME: a proxy would take mail for web traffic. */
    bool has_proxy;
};

static void append_head(struct buffer *out, const struct table *table) {
    buffer_printf(out, "%-5s  %-*s  %-8s  %s%s\n", "Type", table->name_columns, "Name", "Priority",
                  table->has_proxy ? "Proxy     " : "", "Value");
}

static void append_row(struct buffer *out, const struct table *table, const struct publish_row *row) {
    struct slice priority;
    struct slice rest;
    struct slice name = publish_relative(row->name, table->publication->domain);
    bool is_proxied = row->type == DNS_A || row->type == DNS_AAAA || row->type == DNS_CNAME;
    (void)publish_priority(row, &priority, &rest);
    buffer_printf(out, "%-5s  %-*.*s  %-8.*s  ", publish_type_name(row->type), table->name_columns,
                  SLICE_PRINT(name), (int)priority.len, priority.len ? (const char *)priority.ptr : "");
    if (table->has_proxy) buffer_append_text(out, is_proxied ? "DNS only  " : "          ");
    buffer_printf(out, "%.*s\n", SLICE_PRINT(rest));
}

static void append_rows(struct buffer *out, const struct table *table, bool is_outside) {
    const struct publish_rows *rows = &table->publication->rows;
    bool is_first = true;
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->items[i].is_outside != is_outside || rows->items[i].is_kept) continue;
        if (is_first && is_outside)
            buffer_append_text(out, "\nNot in this zone (PTR: at the provider of the address):\n");
        is_first = false;
        append_row(out, table, &rows->items[i]);
    }
}

static void write_table(struct buffer *out, const struct publication *publication, bool has_proxy) {
    struct table table = {publication, (int)name_columns(publication), has_proxy};
    append_head(out, &table);
    append_rows(out, &table, false);
    append_rows(out, &table, true);
    buffer_append_text(out, "\nThe value of SRV is weight, port, target. TTL: 1 hour, or automatic.\n");
}

void publish_write_table(struct buffer *out, const struct publication *publication) {
    write_table(out, publication, false);
}

void publish_write_cloudflare(struct buffer *out, const struct publication *publication) {
    write_table(out, publication, true);
    buffer_append_text(out, "Proxy off (\"DNS only\") for all of them: a proxy does not pass mail on.\n"
                            "The zone form can be imported as a file instead (DNS, Records, Import).\n");
}

/* ---- Route 53 ---- */

static bool is_alike(const struct publish_row *a, const struct publish_row *b) {
    return a->type == b->type && slice_equal_nocase(a->name, b->name);
}

static bool is_first_of_set(const struct publish_rows *rows, size_t at) {
    for (size_t i = 0; i < at; i++)
        if (is_alike(&rows->items[i], &rows->items[at])) return false;
    return true;
}

static json_t *value_json(const struct publish_row *row) {
    struct buffer data = buffer_new((size_t)8 * TRUST_TXT_BYTES_MAX);
    publish_data(&data, row);
    json_t *value = json_pack("{s:o}", "Value", json_stringn((const char *)data.ptr, data.len));
    buffer_free(&data);
    return value;
}

/* One change brings all records of a name and type: what it does not have is gone behind it. */
static json_t *set_json(const struct publish_rows *rows, size_t at) {
    const struct publish_row *first = &rows->items[at];
    json_t *values = json_array();
    for (size_t i = at; i < rows->count; i++)
        if (is_alike(first, &rows->items[i]))
            (void)json_array_append_new(values, value_json(&rows->items[i]));
    char name[DNS_NAME_BYTES_MAX + 2];
    (void)snprintf(name, sizeof name, "%.*s.", SLICE_PRINT(first->name));
    return json_pack("{s:s, s:{s:s, s:s, s:i, s:o}}", "Action", "UPSERT", "ResourceRecordSet", "Name", name,
                     "Type", publish_type_name(first->type), "TTL", (int)first->ttl_s, "ResourceRecords",
                     values);
}

void publish_write_route53(struct buffer *out, const struct publication *publication) {
    const struct publish_rows *rows = &publication->rows;
    json_t *changes = json_array();
    for (size_t i = 0; i < rows->count; i++)
        if (!rows->items[i].is_outside && is_first_of_set(rows, i))
            (void)json_array_append_new(changes, set_json(rows, i));
    json_t *batch =
        json_pack("{s:s, s:o}", "Comment",
                  "Replaces whole sets: made with --merge, other TXT and CAA records of these names stay",
                  "Changes", changes);
    char *text = json_dumps(batch, JSON_INDENT(2));
    buffer_append_text(out, text ? text : "");
    buffer_append_byte(out, '\n');
    free(text);
    json_decref(batch);
}

/* Pieces of a record for app/domain/publish_shapes.h: quoting, splitting, names relative to their zone. */
#include "app/domain/publish_shapes.h"
#include "io/dns.h"

enum { STRING_BYTES_MAX = 255 };

static void append_quoted(struct buffer *out, struct slice piece) {
    buffer_append_byte(out, '"');
    for (size_t i = 0; i < piece.len; i++) {
        uint8_t c = piece.ptr[i];
        if (c < ' ' || c > 126) {
            buffer_printf(out, "\\%03u", c);
            continue;
        }
        if (c == '"' || c == '\\') buffer_append_byte(out, '\\');
        buffer_append_byte(out, c);
    }
    buffer_append_byte(out, '"');
}

void publish_quote(struct buffer *out, struct slice text) {
    append_quoted(out, slice_take(&text, STRING_BYTES_MAX));
    while (text.len) {
        buffer_append_byte(out, ' ');
        append_quoted(out, slice_take(&text, STRING_BYTES_MAX));
    }
}

static bool ends_in_name(uint16_t type) {
    return type == DNS_MX || type == DNS_SRV || type == DNS_CNAME || type == DNS_PTR || type == DNS_NS;
}

void publish_data(struct buffer *out, const struct publish_row *row) {
    if (row->type == DNS_TXT) {
        publish_quote(out, row->value);
        return;
    }
    buffer_append(out, row->value);
    if (ends_in_name(row->type)) buffer_append_byte(out, '.');
}

struct slice publish_relative(struct slice name, struct slice zone) {
    if (slice_equal_nocase(name, zone)) return SLICE("@");
    return publish_is_inside(name, zone) ? slice_sub(name, 0, name.len - zone.len - 1) : name;
}

const char *publish_type_name(uint16_t type) {
    switch (type) {
    case DNS_A:
        return "A";
    case DNS_AAAA:
        return "AAAA";
    case DNS_CNAME:
        return "CNAME";
    case DNS_PTR:
        return "PTR";
    case DNS_MX:
        return "MX";
    case DNS_TXT:
        return "TXT";
    case DNS_SRV:
        return "SRV";
    case DNS_TLSA:
        return "TLSA";
    case DNS_CAA:
        return "CAA";
    default:
        FATAL("no record of type %u is published", type);
    }
}

bool publish_priority(const struct publish_row *row, struct slice *priority, struct slice *rest) {
    *rest = row->value;
    *priority = SLICE_EMPTY;
    if (row->type != DNS_MX && row->type != DNS_SRV) return false;
    *priority = slice_take_until(rest, ' ');
    (void)slice_take_byte(rest, ' ');
    return true;
}

/*
 * What a domain publishes (trust/publish.h) in the shapes that owners can use: a piece of a zone file, single
 * strings to copy, a provider's form, JSON. Pure, but for memory.
 */
#ifndef APP_PUBLISH_SHAPES_H
#define APP_PUBLISH_SHAPES_H

#include <jansson.h>

#include "base/buffer.h"
#include "trust/publish.h"

enum publish_shape {
    /* RFC 1035 5, with comments; absolute names, so it can be included anywhere. */
    PUBLISH_SHAPE_ZONE,
    PUBLISH_SHAPE_STRINGS,
    /* Name, type, value, priority, with names relative to the zone and "@": what most panels ask. */
    PUBLISH_SHAPE_TABLE,
    /* The same with what Cloudflare's form asks beside it. */
    PUBLISH_SHAPE_CLOUDFLARE,
    /* A change batch of Amazon Route 53, which replaces whole sets of records. */
    PUBLISH_SHAPE_ROUTE53,
    PUBLISH_SHAPES,
};
/* "zone", "strings", "table", "cloudflare", "route53". */
NODISCARD bool publish_shape_read(struct slice word, enum publish_shape *shape);

struct publication {
    struct slice domain;
    struct slice host;
    struct publish_rows rows;
    /* This host serves no policy for the way to it (RFC 8461), and could. */
    bool lacks_policy;
};

void publish_write(struct buffer *out, enum publish_shape shape, const struct publication *publication);
/* {"domain", "host", "records": [{"kind", "name", "type", "ttl", "value", "strings", "necessity", "purpose",
   "note", "outside"}]}; "strings" with TXT only. */
json_t *publish_json(const struct publication *publication);

/* ---- publish_record.c: pieces of a record ---- */

/* "a" "b": strings of at most 255 bytes (RFC 1035 3.3.14), quoted for a zone file (5.1). */
void publish_quote(struct buffer *out, struct slice text);
/* The data as a zone file has it: TXT quoted, names with their last dot. */
void publish_data(struct buffer *out, const struct publish_row *row);
/* "@", "mx", or the whole name where it is outside of the zone. */
struct slice publish_relative(struct slice name, struct slice zone);
const char *publish_type_name(uint16_t type);
/* The data's leading number of MX and SRV; false: the type has none. The rest is behind it. */
bool publish_priority(const struct publish_row *row, struct slice *priority, struct slice *rest);

/* ---- publish_provider.c ---- */

void publish_write_table(struct buffer *out, const struct publication *publication);
void publish_write_cloudflare(struct buffer *out, const struct publication *publication);
void publish_write_route53(struct buffer *out, const struct publication *publication);

#endif

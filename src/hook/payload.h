/* The payload of a webhook: one JSON object with type, timestamp (RFC 3339, UTC) and data, as Standard
   Webhooks 1.0.0 recommends. Pure; the same event gives the same bytes. */
#ifndef HOOK_PAYLOAD_H
#define HOOK_PAYLOAD_H

#include "base/buffer.h"

/* A text in `data`. What is not UTF-8 in it is sent with a ? for each byte outside of ASCII. */
struct hook_member {
    const char *name;
    struct slice text;
};

struct hook_event {
    uint64_t id;
    const char *type;
    int64_t at_ms;
    const struct hook_member *members;
    size_t member_count;
};

/* Appends it, at most HOOK_PAYLOAD_BYTES_MAX (FEED_MEMBERS_MAX texts of FEED_TEXT_BYTES_MAX fit). `data` has
   the event's id as "event", and the members. */
void hook_payload_write(struct buffer *out, const struct hook_event *event);

#endif

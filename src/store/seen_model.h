/* What is counted to be reported to others, as those who ask the store speak of it. Structures borrow. */
#ifndef STORE_SEEN_MODEL_H
#define STORE_SEEN_MODEL_H

#include "store/feedback_model.h"
#include "store/queue_model.h"

struct seen {
    /* Where the record was, in lower case; its text. */
    struct slice domain;
    struct slice record;
    /* A feedback_record, packed without its count. */
    struct slice item;
};

/* A day (since 1970, UTC) of a domain. */
struct seen_place {
    int64_t day;
    struct slice domain;
};

struct seen_item {
    uint64_t count;
    struct slice bytes;
};

struct seen_batch {
    struct seen_place place;
    /* The DMARC record as it was seen last; or an MTA-STS policy; or empty. */
    struct slice text;
    struct seen_item *items;
    size_t count;
    /* Of what has no item here. */
    uint64_t left_out;
};

void seen_pack(struct buffer *out, const struct seen *seen);
void seen_unpack(struct unpacker *in, struct seen *seen);
void seen_place_pack(struct buffer *out, const struct seen_place *place);
void seen_place_unpack(struct unpacker *in, struct seen_place *place);
void seen_batch_pack(struct buffer *out, const struct seen_batch *batch);
void seen_batch_unpack(struct unpacker *in, struct arena *arena, struct seen_batch *batch);
void seen_tls_pack(struct buffer *out, const struct tls_result *result);
/* False: it is none. */
NODISCARD bool seen_tls_unpack(struct slice item, struct tls_result *result);

#endif

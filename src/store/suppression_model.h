/* Who must not be written to, as those who ask the store speak of it. */
#ifndef STORE_SUPPRESSION_MODEL_H
#define STORE_SUPPRESSION_MODEL_H

#include "base/limits_contact.h"
#include "ipc/pack.h"
#include "store/model.h"

/* Numbers are stored: never change one. */
enum suppression_kind {
    /* A normalised address. */
    SUPPRESSION_ADDRESS = 1,
    /* A domain and all below it. */
    SUPPRESSION_DOMAIN = 2,
    /* A normalised address with "*" for any run of characters. */
    SUPPRESSION_PATTERN = 3,
    /* An address that nobody can read any more: what is left of a person who was erased. */
    SUPPRESSION_HASH = 4,
};

enum suppression_reason {
    SUPPRESSION_UNSUBSCRIBED = 1,
    SUPPRESSION_COMPLAINT = 2,
    SUPPRESSION_HARD_BOUNCE = 3,
    SUPPRESSION_MANUAL = 4,
    SUPPRESSION_ERASED = 5,
    SUPPRESSION_IMPORTED = 6,
};

struct suppression {
    enum suppression_kind kind;
    enum suppression_reason reason;
    struct slice value;
    struct slice detail;
    int64_t at_ms;
};

/* What keeps an address from being written to. */
struct suppression_found {
    enum suppression_kind kind;
    enum suppression_reason reason;
    int64_t at_ms;
};

/* All in one commit. */
struct suppression_batch {
    uint64_t tenant;
    const struct suppression *rows;
    size_t count;
};

struct suppression_query {
    uint64_t tenant;
    /* Goes on behind this one; kind 0: from the first. */
    enum suppression_kind after_kind;
    struct slice after;
    size_t max;
};

/* "address", "unsubscribed", ...; "?" for what is none. */
const char *suppression_kind_name(enum suppression_kind kind);
const char *suppression_reason_name(enum suppression_reason reason);
/* False: no reason of that name. */
NODISCARD bool suppression_reason_read(struct slice name, enum suppression_reason *reason);
/* The person's own wish: no import and no mistake takes it back. */
bool suppression_is_wish(enum suppression_reason reason);

/* Finds out what `text` means: "*" makes a pattern, no "@" a domain, else it is an address. kind and value
   are set, the value in `arena`. False: it is none of them, has too many stars, or would match everybody. */
NODISCARD bool suppression_read(struct arena *arena, struct slice text, struct suppression *suppression);
/* Whether a pattern fits an address, both normalised. Never more than pattern times address steps. */
bool suppression_pattern_fits(struct slice pattern, struct slice address);

void suppression_pack(struct buffer *out, const struct suppression *suppression);
void suppression_unpack(struct unpacker *in, struct suppression *suppression);
void suppression_batch_pack(struct buffer *out, const struct suppression_batch *batch);
void suppression_batch_unpack(struct unpacker *in, struct arena *arena, struct suppression_batch *batch);
void suppression_query_pack(struct buffer *out, const struct suppression_query *query);
void suppression_query_unpack(struct unpacker *in, struct suppression_query *query);

#endif

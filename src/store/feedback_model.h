/*
 * A report of others about our domains' mail (wire/feedback.h) as it is kept, and as bytes: for the store and
 * for those who ask it. As in store/model.h, structures borrow.
 */
#ifndef STORE_FEEDBACK_MODEL_H
#define STORE_FEEDBACK_MODEL_H

#include "ipc/pack.h"
#include "store/model.h"
#include "wire/feedback.h"

/* Whether its mail came from who it says (RFC 7489 7.2.1.1 has it pass DMARC). Numbers are stored. */
enum feedback_trust {
    /* Nothing was asked about its sender. */
    FEEDBACK_UNCHECKED = 0,
    FEEDBACK_VOUCHED = 1,
    /* Anybody may have written it. */
    FEEDBACK_UNVOUCHED = 2,
    FEEDBACK_TRUSTS,
};

struct feedback_entry {
    uint64_t id;
    int64_t received_ms;
    enum feedback_kind kind;
    /* In lower case. */
    struct slice domain;
    struct slice organization;
    struct slice report;
    /* The domain of its mail's author; empty: there is none. */
    struct slice author;
    enum feedback_trust trust;
    int64_t begin_s;
    int64_t end_s;
    uint64_t passed;
    uint64_t failed;
    /* feedback_pack's; not there in a list. */
    struct slice details;
};

/* Appends all of a report; records that find no room in `out` are left out, and counted. */
void feedback_pack(struct buffer *out, const struct feedback *feedback);
/* False: it is none. Borrows from the bytes and the arena. */
NODISCARD bool feedback_unpack(struct slice details, struct arena *arena, struct feedback *feedback);
/* A record without its count: of such, those that are alike count together (store/seen.h). */
void feedback_record_pack(struct buffer *out, const struct feedback_record *record);
void feedback_record_unpack(struct unpacker *in, struct arena *arena, struct feedback_record *record);
void feedback_entry_pack(struct buffer *out, const struct feedback_entry *entry);
void feedback_entry_unpack(struct unpacker *in, struct feedback_entry *entry);

#endif

/*
 * Reports to others (wire/feedback_write.h): what the store role, which decides when, and the remote role,
 * which asks DNS and writes them, say to each other. The store orders a run over all days until one. In it
 * the remote role asks for one domain's day after the other, and says what is to be done with each; rows of
 * what is done are removed. Then it answers how it went.
 */
#ifndef TRANSIT_REPORTING_H
#define TRANSIT_REPORTING_H

#include "base/limits.h"
#include "ipc/channel.h"
#include "store/seen_model.h"

/* Questions beside those of transit/protocol.h. */
enum {
    /* Of the store role: the last day; answer: a reporting_result. */
    TRANSIT_REPORTING = 20,
    /* Of the remote role: a reporting_next; answer: a reporting_work. */
    TRANSIT_REPORTING_NEXT = 20,
    /* A reporting_done; answer: a bool, whether it is done. */
    TRANSIT_REPORTING_DONE = 21,
    /* A reporting_own; answer: a number, enum reporting_keeping. */
    TRANSIT_REPORTING_OWN = 22,
};

/* A report that goes to addresses of our own is kept as those of others are (store/feedback.h). Asked first
   without the report, which is only sent where it is wanted. */
enum reporting_keeping { REPORTING_KEEPS_NOTHING, REPORTING_WANTS_IT, REPORTING_KEPT };
enum { REPORTING_KEEPINGS = REPORTING_KEPT + 1 };

struct reporting_own {
    struct slice addresses[REPORTING_URIS_MAX];
    size_t address_count;
    /* Without details it is the question whether it is wanted. */
    struct feedback_entry entry;
};

struct reporting_result {
    /* Reports that were sent; domains that want none; domains of which DNS, or a web server, did not say. */
    uint64_t sent;
    uint64_t unwanted;
    uint64_t put_off;
    /* Messages and connections that found no room in what was sent. */
    uint64_t left_out;
    /* A run was under way already. */
    bool is_busy;
};

struct reporting_next {
    enum feedback_kind kind;
    int64_t last_day;
    struct seen_place after;
};

struct reporting_work {
    bool is_there;
    struct seen_batch batch;
    /* The first domain that is ours. */
    struct slice our_domain;
};

struct reporting_done {
    enum feedback_kind kind;
    struct seen_place place;
    /* What is sent, to its `queue`, which the store looks up; id 0: nothing. */
    struct delivery mail;
    /* It was kept: those of our own addresses whose mail is dropped then need none. */
    bool is_kept;
};

void reporting_next_pack(struct buffer *out, const struct reporting_next *next);
void reporting_next_unpack(struct unpacker *in, struct reporting_next *next);
void reporting_work_pack(struct buffer *out, const struct reporting_work *work);
void reporting_work_unpack(struct unpacker *in, struct arena *arena, struct reporting_work *work);
void reporting_done_pack(struct buffer *out, const struct reporting_done *done);
void reporting_done_unpack(struct unpacker *in, struct arena *arena, struct reporting_done *done);
void reporting_own_pack(struct buffer *out, const struct reporting_own *own);
void reporting_own_unpack(struct unpacker *in, struct reporting_own *own);
void reporting_result_pack(struct buffer *out, const struct reporting_result *result);
void reporting_result_unpack(struct unpacker *in, struct reporting_result *result);

/* When there is a run by itself: what was put off is tried again after a while, longer each time, until the
   day is over; what is older than SEEN_DAYS_MAX is forgotten. Times are UTC. */
struct reporting_pace {
    int64_t pause_ms;
    int64_t next_ms;
    /* Of the last run. */
    int64_t day;
};
bool reporting_pace_is_due(const struct reporting_pace *pace, int64_t now_ms);
/* After a run. */
void reporting_pace_next(struct reporting_pace *pace, int64_t now_ms, bool is_put_off);

/* dispatch_reporting.c: has the remote role at the other end of `remote` send what was seen on days until
   then. Waits, for as long as that takes. */
NODISCARD enum ipc_result scheduler_report(struct task *t, struct channel *remote, int64_t last_day,
                                           struct reporting_result *result);

#endif

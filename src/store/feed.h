/*
 * What happened, as other programs are told it: one feed over the logs that only grow (outreach_event; those
 * of other rooms join it here). Events are in the order of their ids, which rise and never come again, so
 * that who has read up to an id knows where to go on. What an id stands for is looked up when it is read: of
 * a person who was erased nothing is left to be told.
 */
#ifndef STORE_FEED_H
#define STORE_FEED_H

#include "store/engine.h"

enum { FEED_MEMBERS_MAX = 8 };

/* A text of an event, by its name in JSON; static. */
struct feed_member {
    const char *name;
    struct slice text;
};

struct feed_event {
    uint64_t id;
    int64_t at_ms;
    /* "outreach.replied": static; docs/webhooks.md lists them. */
    const char *type;
    struct feed_member members[FEED_MEMBERS_MAX];
    size_t member_count;
};

/* The types there are. NULL: no more. */
const char *feed_type_at(size_t index);

/* Up to `max` events behind the id `after`, in their order; in `arena`. Reads, does not wait. */
enum store_result engine_feed_read(struct engine *engine, struct arena *arena, uint64_t after, size_t max,
                                   struct feed_event **events, size_t *count);
/* One of them. STORE_NOT_FOUND: it is not kept any more. Reads, does not wait. */
enum store_result engine_feed_one(struct engine *engine, struct arena *arena, uint64_t id,
                                  struct feed_event *event);
/* Called on the loop after each commit that has events in it. One at a time; NULL: nobody. */
void engine_feed_watch(struct engine *engine, void (*on_feed)(void *context), void *context);

#endif

/*
 * What the scheduler keeps of a destination while it is worked at: a window on what is due there, the
 * sessions that are there, how many it may have, and whether it can be reached. Everything here can be
 * forgotten at any time; the data folder knows what waits.
 */
#ifndef TRANSIT_SITE_H
#define TRANSIT_SITE_H

#include "base/list.h"
#include "io/env.h"
#include "store/dkim_keys.h"
#include "store/engine_queue.h"

enum { SITE_WINDOW = 64, SITE_DOMAIN_BYTES = 256 };

/* Messages of one stream that are due, in the order in which they go. Those that are taken are out of it. */
struct site_window {
    uint64_t messages[SITE_WINDOW];
    size_t first;
    size_t count;
    /* Nothing else is due, as far as is known; else there may be more in the data folder. */
    bool is_whole;
};

struct site {
    uint64_t id;
    uint64_t route;
    size_t domain_bytes;
    char domain[SITE_DOMAIN_BYTES];
    /* Of struct site_session. */
    struct list sessions;
    size_t session_count;
    /* Of struct site_settling. */
    struct list settling;
    /* Made when something is due. */
    struct site_window *windows[QUEUE_STREAMS];
    /* How many sessions it may have now: grows by good answers, and shrinks. */
    double limit;
    uint32_t failures;
    /* Not before then (monotonic). */
    int64_t blocked_until_ms;
    /* In the list of those that want a session, or of those that rest. */
    struct list link;
    bool is_wanting;
    /* As what (enum site_class). */
    unsigned wanting_class;
    /* Something was delivered since it is here. */
    bool is_proven;
};

/* One connection's worth of work, as long as the remote role is at it. */
struct site_session {
    struct list link;
    struct site *site;
    uint64_t id;
    /* Under way, or 0. */
    uint64_t message;
    /* The message whose signers the remote role was told, and their keys: for it these may sign. */
    uint64_t signed_message;
    uint64_t signing_keys[DKIM_ALGORITHMS];
    /* Waits in the remote role's question for a message. */
    struct task *idle;
    uint32_t delivered;
    /* Of the site's settling, those of this session. */
    uint32_t settling_count;
    /* As what it was begun (enum site_class). */
    unsigned class;
    /* Of a former store: no task of ours waits for its end. */
    bool is_adopted;
};

/* A message that was delivered, whose session went on to the next before that was recorded: still due, as far
   as the data folder knows, but not to be taken again. */
struct site_settling {
    struct list link;
    /* In the list of the scheduler's. */
    struct list all;
    uint64_t message;
};

struct site *site_new(const struct destination *destination);
void site_free(struct site **site);
struct slice site_domain(const struct site *site);

/* How many are known to wait, of all streams or of those before bulk. */
size_t site_waiting(const struct site *site);
size_t site_waiting_before_bulk(const struct site *site);
/* More may wait than the windows show. */
bool site_is_whole(const struct site *site);
/* The data folder is to be looked at anew. */
void site_look_again(struct site *site);
/* One more is due. */
void site_push(struct site *site, enum queue_stream stream, uint64_t message);
/* Fills empty windows from the data folder. Reads, does not wait. */
enum store_result site_fill(struct site *site, struct engine *engine, int64_t wall_ms);
/* Takes the next message that nobody has, or 0. */
uint64_t site_take(struct site *site);
/* Some session has the message, or delivered it and that is not recorded yet. */
bool site_has(const struct site *site, uint64_t message);
/* Sessions without a message. */
size_t site_free_sessions(const struct site *site);

/* It is at work, and must not be forgotten. */
bool site_is_busy(const struct site *site);

/* Its answers were good; it asked for less. */
void site_grow(struct site *site);
void site_shrink(struct site *site);

#endif

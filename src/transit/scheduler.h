/*
 * Decides which mail leaves next. Runs in the store role, beside the engine; the courier of the remote role
 * (transit/courier.h) does the sending. What waits is in the data folder (store/engine_queue.h); in memory
 * are only destinations that are worked at, with a window on what waits there, and so memory is bounded
 * however much waits.
 *
 * - A fresh message is tried at once. What could not be delivered waits, longer each time, and a
 *   destination that cannot be reached is tried with one message until it can.
 * - Sessions are shared out to destinations in turn. A destination gets more of them while its answers are
 *   good, and fewer when it asks for less. Those that were never reached, and bulk mail, get a part of all,
 *   so that neither keeps a person's mail waiting.
 * - At a destination personal mail goes before transactional, and that before bulk.
 */
#ifndef TRANSIT_SCHEDULER_H
#define TRANSIT_SCHEDULER_H

#include "io/stream.h"
#include "store/engine.h"

struct channel;
struct ipc_request;
struct scheduler;

/* Milliseconds; 0: the default. */
struct scheduler_settings {
    /* How long a message is tried. */
    int64_t lifetime_ms;
    /* After how long its sender is told that it still is. */
    int64_t delay_warning_ms;
    /* Reports to others that are sent: of DMARC, and of TLS. */
    bool reports_dmarc;
    bool reports_tls;
    /* Reports to ourselves: they are kept, their mail is dropped then, and where they go: local parts,
       separated by commas (copied). */
    bool keeps_reports;
    bool drops_reports;
    struct slice report_addresses;
};

/* `engine` outlives it. */
struct scheduler *scheduler_new(struct env *env, struct engine *engine,
                                const struct scheduler_settings *settings);
void scheduler_set(struct scheduler *scheduler, const struct scheduler_settings *settings);
/* A stream to the remote role, at start and again after that was restarted. */
void scheduler_attach(struct scheduler *scheduler, struct stream *stream);
/* To the remote role, for other questions than ours; as long as the scheduler is there. */
struct channel *scheduler_channel(const struct scheduler *scheduler);
/* Who answers the remote role's questions of types from TRANSIT_OTHERS (transit/protocol.h) on; without it,
   or where it returns false, they are answered with nothing. `context` outlives the scheduler. */
typedef bool scheduler_other_fn(struct task *t, void *context, struct ipc_request *request);
void scheduler_on_other(struct scheduler *scheduler, scheduler_other_fn *other, void *context);
/* Who is asked before a message leaves that asks (OUTGOING_ASKS); without it all may. Waits. */
typedef bool scheduler_leave_fn(struct task *t, void *context, uint64_t message, bool is_again);
void scheduler_on_leave(struct scheduler *scheduler, scheduler_leave_fn *leave, void *context);
/* Called each time the stream to the remote role is lost. */
void scheduler_on_lost(struct scheduler *scheduler, struct waker lost);
/* Before the engine closes. Nulls *scheduler. NULL is fine. */
void scheduler_free(struct task *t, struct scheduler **scheduler);

#endif

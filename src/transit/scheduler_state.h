/* What a scheduler holds, for the files that make it up: scheduler.c (what is due, who gets a session),
   dispatch.c and dispatch_sign.c (the remote role's questions), and session.c (one session from its start to
   its end). */
#ifndef TRANSIT_SCHEDULER_STATE_H
#define TRANSIT_SCHEDULER_STATE_H

#include "base/map.h"
#include "ipc/channel.h"
#include "transit/protocol.h"
#include "transit/scheduler.h"
#include "transit/site.h"

/* Those that want a session, by what they may claim of all there are. */
enum site_class {
    /* Mail was delivered there of late, and a person or a program waits. */
    SITE_PROVEN,
    SITE_FRESH,
    SITE_BULK,
    /* It could not be reached the last time. */
    SITE_RETRY,
    SITE_CLASSES,
};

struct scheduler {
    struct env *env;
    struct engine *engine;
    struct scheduler_settings settings;
    struct arena *settings_arena;
    struct channel *channel;
    scheduler_other_fn *other;
    void *other_context;
    scheduler_leave_fn *leave;
    void *leave_context;
    struct scope scope;
    struct gate changed;
    /* When what is due is looked for again. */
    int64_t looks_at_ms;
    /* By id. */
    struct map *sites;
    struct map *sessions;
    /* Of struct site_settling. */
    struct list settling;
    struct list wanting[SITE_CLASSES];
    /* With nothing to do, the longest resting first. */
    struct list resting;
    size_t resting_count;
    size_t session_count;
    size_t class_sessions[SITE_CLASSES];
    /* Reports of delays to be made. */
    uint64_t delayed[SITE_WINDOW];
    size_t delayed_count;
    int64_t delayed_at_ms;
    /* Notices to accounts whose mail is held. */
    uint64_t held[SITE_WINDOW];
    size_t held_count;
    /* The remote role said what it has in hand. */
    bool is_ready;
    bool is_closing;
};

/* Looks whether the site has work for a session, idle or new, and forgets it where there is nothing to do:
   it may be freed. Does not wait. */
void scheduler_consider(struct scheduler *scheduler, struct site *site);
/* What is due is looked for in so long (milliseconds, at least TRANSIT_LOOK_MS_MIN), or sooner. Whoever puts
   something off says so: without it nobody comes before TRANSIT_LOOK_MS_MAX. Does not wait. */
void scheduler_look_in(struct scheduler *scheduler, int64_t pause_ms);
/* NULL: there is no such destination, or no room for one more. Reads, does not wait. */
struct site *scheduler_site(struct scheduler *scheduler, uint64_t id);
/* No session can be had now by somebody who wants one. */
bool scheduler_is_crowded(const struct scheduler *scheduler);

/* expire.c: a task. */
void scheduler_expire(struct task *t, void *scheduler);

/* session.c: begins one; one that a former store began, with what it has in hand; ends those. */
void session_start(struct scheduler *scheduler, struct site *site, enum site_class class);
void session_adopt(struct scheduler *scheduler, struct site *site, uint64_t id, uint64_t message);
void session_free_adopted(struct scheduler *scheduler, struct site_session *session);
void session_free_all_adopted(struct scheduler *scheduler);

/* dispatch_sign.c: each answers a question in `out`, which stays empty where it was none. */
void dispatch_signers(struct task *t, struct scheduler *scheduler, struct unpacker *in, struct buffer *out);
void dispatch_sign(struct task *t, struct scheduler *scheduler, struct unpacker *in, struct buffer *out);

/* key_watch.c: a task. */
void scheduler_watch_keys(struct task *t, void *scheduler);

/* dispatch_policy.c: the remote role's questions about policies of other domains. False: it is none of them.
 */
bool dispatch_policy(struct task *t, struct scheduler *scheduler, struct ipc_request *request,
                     struct arena *arena);

/* dispatch_reporting.c: its questions about reports to others; a task. */
bool dispatch_reporting(struct task *t, struct scheduler *scheduler, struct ipc_request *request,
                        struct arena *arena);
void scheduler_reporting(struct task *t, void *scheduler);

/* dispatch.c */
extern const struct channel_handlers dispatch_handlers;

#endif

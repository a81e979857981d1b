/* What a watch holds, for the files that make it up: watch.c (which watchers there are, and who asks them)
   and watch_work.c (what one does). */
#ifndef OUTREACH_WATCH_STATE_H
#define OUTREACH_WATCH_STATE_H

#include "base/list.h"
#include "outreach/mailbox_protocol.h"
#include "outreach/watch.h"
#include "resolve/resolver.h"

struct watch {
    struct watch_options options;
    struct outside_world world;
    struct arena *settings_arena;
    int64_t poll_ms;
    int64_t check_ms;
    struct scope scope;
    struct list watchers;
    /* Opened when the list of mailboxes is to be asked for. */
    struct gate changed;
    bool is_changed;
    bool is_begun;
};

enum watch_work_kind { WATCH_SEND, WATCH_FIND };

/* Something that somebody waits for; lives on his stack. */
struct watch_work {
    struct list link;
    enum watch_work_kind kind;
    struct arena *arena;
    const struct outside_message *message;
    struct slice message_id;
    struct outside_sent *sent;
    enum outside_found *found;
    struct outside_trouble *trouble;
    enum watch_result result;
    bool is_taken;
    bool is_done;
    struct task *waiter;
};

/* A message that was sent this moment and whose copy is to be in Sent. The store remembers it, too. */
struct watch_copy {
    struct list link;
    struct outside_message message;
    struct buffer message_id;
    struct buffer content;
};

struct watcher {
    struct list link;
    struct watch *watch;
    uint64_t id;
    uint64_t version;
    struct scope scope;
    /* NULL: the store did not give it yet. */
    struct outside *outside;
    struct list works;
    struct list copies;
    /* Its task, while it waits for news; woken by a call. */
    struct task *task;
    bool is_called;
    bool is_stopping;
    /* Health as it was told last. */
    bool is_told;
    enum sender_cause told;
    int64_t check_at_ms;
    /* When the way out is asked for again without need; it was open last. */
    int64_t way_out_at_ms;
    int64_t pause_ms;
};

/* watch_work.c: a watcher's task. */
void watcher_main(struct task *t, void *argument);
/* It has something to do: now. */
void watcher_call(struct watcher *watcher);
/* Ends what waits for it, and frees copies that were not kept. */
void watcher_drop(struct watcher *watcher);

#endif

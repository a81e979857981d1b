/*
 * The commit queue: where all writes meet. Operations from many tasks wait here; one task
 * takes all that wait, and the commit lane runs them as one batch: their bodies are appended
 * to the segment, then each operation's function runs inside one SQL transaction; before its
 * commit, which is a sync, the segment is synced. Then all their tasks wake, and news is published.
 *
 * An operation that says no (not found, over quota, ...) must have written nothing: it checks
 * first, then writes. When a statement fails unexpectedly, the whole batch is rolled back and
 * its operations run again, each in its own transaction; so an operation may run twice, and
 * sets all its results anew each time. A sync that fails aborts the role.
 */
#ifndef STORE_COMMIT_H
#define STORE_COMMIT_H

#include "base/buffer.h"
#include "io/lane.h"
#include "store/body.h"
#include "store/engine.h"
#include "store/log_room.h"
#include "store/queue_model.h"
#include "store/thread.h"

/* What an operation's function works with, in the commit lane. */
struct commit {
    struct db *db;
    /* For this operation only. */
    struct arena *arena;
    struct body_writer *bodies;
    struct threads *threads;
    struct inboxes *inboxes;
    /* store/route.h */
    struct route_book *routes;
    struct id_source ids;
    /* What store/sending_limit.h keeps accounts to. */
    struct sending_limits sending;
    /* The flight recorder's rows are kept so many days; 0: the default. */
    uint64_t flight_days;
    int64_t now_ms;
    /* struct mailbox_news of the batch. */
    struct buffer news;
    /* What the queue's tables are known to hold, and struct queue_news of the batch. */
    struct queue_book *queue_book;
    struct queue_counts queue_counts;
    struct buffer queue_news;
    /* Syncs that the batch waited for. */
    uint64_t syncs;
    /* There are campaigns: what comes in is judged (store/answer.h); tokens are signed with the secret. */
    bool judges_answers;
    /* When something of a campaign is due was moved in this batch. */
    bool has_moved_campaigns;
    /* And somebody of one may be due sooner than was known before. */
    bool has_hurried_campaigns;
    uint8_t outreach_secret[32];
    /* References were given up: the reaper has work. */
    bool has_dropped;
    /* A domain, an alias or an account was added or removed. */
    bool has_changed_directory;
    /* There is news in the feed (store/feed.h). */
    bool has_feed_news;
};

/* A body that comes with an operation; `place` is set before the operation's function runs. */
struct commit_body {
    uint64_t id;
    const struct body_source *source;
    struct file *spool;
    struct body_place place;
};

struct commit_operation {
    enum store_result (*run)(struct commit *commit, void *argument);
    void *argument;
    struct commit_body *bodies;
    size_t body_count;
    /* Appends further bodies itself, instead of `bodies`; a negated errno fails the operation. */
    int (*append)(struct commit *commit, void *argument);
    /* Reads counters of mailboxes and accounts by store/inbox.h only. */
    bool uses_inboxes;
    /* Nobody waits for it: it goes with the next batch, and makes one begin only after a while, or when there
       are many like it (STORE_PATIENT_*). */
    bool is_patient;
    /* The queue's own. */
    struct list link;
    struct task *waiter;
    enum store_result result;
    bool is_done;
};

struct commit_queue {
    struct env *env;
    struct scope scope;
    struct lane *lane;
    struct lane *checkpoint_lane;
    struct db *checkpoint_db;
    struct commit commit;
    struct log_room log_room;
    struct list waiting;
    size_t waiting_count;
    /* Of these, how many are patient, and when their patience ends. */
    size_t patient_count;
    int64_t patient_until_ms;
    /* Operations that were in the last batch, or waited at its end. */
    size_t under_way;
    struct list batch;
    struct task *runner;
    struct task *checkpointer;
    struct task *reaper;
    void (*on_news)(void *context, const struct mailbox_news *news);
    void *context;
    void (*on_queued)(void *context, const struct queue_news *news);
    void *queued_context;
    /* After a batch with news in the feed; may be NULL. */
    void (*on_feed)(void *context);
    void *feed_context;
    void (*on_campaigns)(void *context, bool is_sooner);
    void *campaigns_context;
    /* As of the last batch. */
    struct queue_counts queue_counts;
    uint64_t commits;
    uint64_t committed;
    uint64_t checkpointed_bytes;
    /* Batches that changed the directory. */
    uint64_t directory_changes;
    bool is_closing;
    bool must_finish_checkpoint;
    bool is_finishing_checkpoint;
};

/* A running queue on these connections and threads, which it then owns. */
void commit_queue_start(struct commit_queue *queue, struct env *env, struct db *db, struct db *checkpoint_db,
                        struct body_writer *bodies, struct threads *threads, struct id_source ids);
/* Finishes what waits, and ends. Nothing is taken any more. */
void commit_queue_stop(struct task *t, struct commit_queue *queue);

/* Runs the operation in the next batch and waits until it is durable. Besides what the operation
   returns: STORE_FULL, STORE_FAILED, STORE_BUSY; STORE_GONE while closing. */
enum store_result commit_run(struct task *t, struct commit_queue *queue, struct commit_operation *operation);

/* For operations: a new id; news of a mailbox. */
uint64_t commit_id_new(struct commit *commit);
void commit_news(struct commit *commit, uint64_t account, uint64_t mailbox, uint64_t modseq, bool is_deleted);

#endif

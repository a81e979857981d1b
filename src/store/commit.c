#include "store/commit.h"

#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "store/id.h"
#include "store/inbox.h"
#include "store/queue.h"
#include "store/reap.h"
#include "store/route.h"

/* ---- in the commit lane ---- */

uint64_t commit_id_new(struct commit *commit) { return id_next(&commit->ids, commit->now_ms); }

void commit_news(struct commit *commit, uint64_t account, uint64_t mailbox, uint64_t modseq,
                 bool is_deleted) {
    struct mailbox_news news = {account, mailbox, modseq, is_deleted};
    buffer_append(&commit->news, slice_of(&news, sizeof news));
}

static enum store_result result_of(int error) {
    if (error == -ENOSPC || error == -EDQUOT) return STORE_FULL;
    return error == -EMFILE || error == -ENFILE ? STORE_BUSY : STORE_FAILED;
}

static int append_bodies(struct commit *commit, struct commit_operation *operation) {
    if (operation->append) return operation->append(commit, operation->argument);
    int result = 0;
    for (size_t i = 0; i < operation->body_count && result == 0; i++) {
        struct commit_body *body = &operation->bodies[i];
        result = body_append(commit->bodies, body->id, body->source, body->spool, &body->place);
    }
    return result;
}

static bool has_bodies(const struct commit_operation *operation) {
    return operation->body_count || operation->append;
}

/* Appends all bodies of the batch. 0, or why none of them can be. */
static int batch_append(struct commit_queue *queue) {
    struct commit *commit = &queue->commit;
    bool has_any = false;
    LIST_EACH(&queue->batch, operation, struct commit_operation, link)
    has_any = has_any || has_bodies(operation);
    if (!has_any) return 0;
    int result = body_batch_begin(commit->bodies);
    LIST_EACH(&queue->batch, operation, struct commit_operation, link) {
        if (result) break;
        result = append_bodies(commit, operation);
    }
    if (result == 0) result = body_batch_write(commit->bodies);
    if (result) body_batch_undo(commit->bodies);
    return result;
}

static void run_one(struct commit *commit, struct commit_operation *operation) {
    arena_reset(commit->arena);
    if (!operation->uses_inboxes) inboxes_write(commit);
    operation->result = db_result(commit->db, STORE_OK);
    if (operation->result == STORE_OK) operation->result = operation->run(commit, operation->argument);
}

static bool finish_transaction(struct commit *commit, size_t news_before) {
    inboxes_write(commit);
    body_transaction_record(commit->bodies, commit->db);
    threads_transaction_record(commit->threads, commit->db, commit->now_ms);
    /* The disk took them in while the statements ran; no commit may name a body that is not synced. */
    if (body_batch_sync(commit->bodies, &commit->syncs)) db_fail(commit->db, STORE_FAILED);
    bool is_late = IS_PLANTED(commit->bodies->env, PLANTED_LATE_COMMIT);
    if (!is_late) commit->syncs++;
    if (is_late || db_commit(commit->db) == STORE_OK) {
        body_transaction_done(commit->bodies);
        threads_transaction_done(commit->threads);
        return true;
    }
    buffer_truncate(&commit->news, news_before);
    queue_transaction_undo(commit);
    route_book_forget(commit->routes);
    return false;
}

static void transaction_begin(struct commit *commit) {
    body_transaction_begin(commit->bodies);
    threads_transaction_begin(commit->threads);
    inboxes_forget(commit);
    queue_transaction_begin(commit);
    if (IS_PLANTED(commit->bodies->env, PLANTED_LATE_COMMIT)) (void)!db_commit(commit->db);
    db_begin_write(commit->db);
}

/* All in one transaction. False: it was rolled back and nothing happened. */
static bool run_together(struct commit_queue *queue) {
    struct commit *commit = &queue->commit;
    transaction_begin(commit);
    LIST_EACH(&queue->batch, operation, struct commit_operation, link) run_one(commit, operation);
    return finish_transaction(commit, 0);
}

static void run_alone(struct commit_queue *queue) {
    struct commit *commit = &queue->commit;
    LIST_EACH(&queue->batch, operation, struct commit_operation, link) {
        size_t news_before = commit->news.len;
        transaction_begin(commit);
        run_one(commit, operation);
        if (!finish_transaction(commit, news_before)) operation->result = db_failure(commit->db);
    }
}

/* Operations whose bodies could not be written leave the batch with that result. */
static void refuse_bodies(struct commit_queue *queue, struct list *refused, int error) {
    LIST_EACH(&queue->batch, operation, struct commit_operation, link) {
        if (!has_bodies(operation)) continue;
        operation->result = result_of(error);
        list_remove(&operation->link);
        list_append(refused, &operation->link);
    }
}

static void run_batch(void *argument) {
    struct commit_queue *queue = argument;
    struct list refused;
    list_init(&refused);
    if (queue->is_finishing_checkpoint) (void)db_checkpoint(queue->commit.db);
    log_room_make(&queue->log_room, db_wal_bytes(queue->commit.db));
    int error = batch_append(queue);
    if (error) refuse_bodies(queue, &refused, error);
    if (!list_empty(&queue->batch) && !run_together(queue)) run_alone(queue);
    body_batch_undo(queue->commit.bodies);
    LIST_EACH(&refused, operation, struct commit_operation, link) {
        list_remove(&operation->link);
        list_append(&queue->batch, &operation->link);
    }
}

/* ---- on the loop ---- */

static uint64_t operation_bytes(const struct commit_operation *operation) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < operation->body_count; i++) {
        const struct body_source *source = operation->bodies[i].source;
        bytes += source->spool ? source->spool_bytes : source->packed.len;
    }
    return bytes;
}

static void take_batch(struct commit_queue *queue) {
    size_t count = 0;
    size_t patient = 0;
    uint64_t bytes = 0;
    const struct budgets *budgets = queue->env->budgets;
    while (!list_empty(&queue->waiting) && count < budgets->store_batch_operations &&
           bytes < budgets->store_batch_bytes) {
        struct commit_operation *operation = LIST_FIRST(&queue->waiting, struct commit_operation, link);
        list_remove(&operation->link);
        list_append(&queue->batch, &operation->link);
        bytes += operation_bytes(operation);
        count++;
        patient += operation->is_patient;
    }
    queue->waiting_count -= count;
    queue->patient_count -= patient;
    queue->under_way = count - patient;
    queue->commits++;
    queue->committed += count;
    queue->commit.syncs = 0;
    metrics_add(&queue->env->metrics, METRIC_STORE_COMMITS, 1);
    metrics_observe(&queue->env->metrics, METRIC_STORE_BATCH, count);
    buffer_clear(&queue->commit.news);
    buffer_clear(&queue->commit.queue_news);
    queue->commit.has_dropped = queue->commit.has_changed_directory = queue->commit.has_feed_news = false;
    queue->commit.has_moved_campaigns = queue->commit.has_hurried_campaigns = false;
    queue->commit.now_ms = env_wall_ms(queue->env);
}

static int news_compare(const void *left, const void *right) {
    const struct mailbox_news *a = left;
    const struct mailbox_news *b = right;
    if (a->mailbox != b->mailbox) return a->mailbox < b->mailbox ? -1 : 1;
    return a->highest_modseq < b->highest_modseq ? -1 : a->highest_modseq > b->highest_modseq;
}

/* One piece of news for each mailbox, its last. */
static void publish(struct commit_queue *queue) {
    size_t count = queue->commit.news.len / sizeof(struct mailbox_news);
    struct mailbox_news *news = (void *)queue->commit.news.ptr;
    if (!queue->on_news || count == 0) return;
    qsort(news, count, sizeof *news, news_compare);
    for (size_t i = 0; i < count; i++)
        if (i + 1 == count || news[i + 1].mailbox != news[i].mailbox)
            queue->on_news(queue->context, &news[i]);
}

static void publish_queued(struct commit_queue *queue) {
    const struct queue_news *news = (const void *)queue->commit.queue_news.ptr;
    size_t count = queue->commit.queue_news.len / sizeof *news;
    queue->queue_counts = queue->commit.queue_counts;
    for (size_t i = 0; i < count && queue->on_queued; i++) queue->on_queued(queue->queued_context, &news[i]);
    if (queue->commit.has_moved_campaigns && queue->on_campaigns)
        queue->on_campaigns(queue->campaigns_context, queue->commit.has_hurried_campaigns);
}

static void wake_all(struct commit_queue *queue) {
    while (!list_empty(&queue->batch)) {
        struct commit_operation *operation = LIST_FIRST(&queue->batch, struct commit_operation, link);
        list_remove(&operation->link);
        operation->is_done = true;
        task_wake(operation->waiter);
    }
}

static void wake(struct task *t) {
    if (t) task_wake(t);
}

/* The WAL has grown by so much since the last checkpoint, or since it began anew. */
static bool needs_checkpoint(struct commit_queue *queue) {
    uint64_t bytes = db_wal_bytes(queue->commit.db);
    if (bytes < queue->checkpointed_bytes) queue->checkpointed_bytes = 0;
    return bytes > queue->checkpointed_bytes + queue->env->budgets->store_log_bytes;
}

static size_t hurried_count(const struct commit_queue *queue) {
    return queue->waiting_count - queue->patient_count;
}

/* As many as were under way before are likely to come again, and a batch costs two syncs whatever is in
   it: a moment is waited for them, the longer the more there are, for then the wait is none: their senders
   keep the processors busy. Of few a third is not waited for: the last to come would keep all others. Where
   there are very few nobody waits. */
static void gather(struct task *t, struct commit_queue *queue) {
    size_t under_way = queue->under_way;
    if (under_way < STORE_GATHER_OPERATIONS_MIN) return;
    size_t few = under_way < STORE_GATHER_OPERATIONS_FEW ? under_way : STORE_GATHER_OPERATIONS_FEW;
    int64_t pause_ms = STORE_GATHER_MS + (int64_t)(under_way / STORE_GATHER_OPERATIONS_A_MS);
    if (pause_ms > STORE_GATHER_MS_MAX) pause_ms = STORE_GATHER_MS_MAX;
    int64_t deadline_ms = env_now_ms(queue->env) + pause_ms;
    while (hurried_count(queue) < under_way - few / 3 && !queue->is_closing)
        if (task_wait(t, deadline_ms) != WAIT_OK) return;
}

/* Where all that wait are patient, their time is a batch's as well. */
static void await_hurry(struct task *t, const struct commit_queue *queue) {
    while (hurried_count(queue) == 0 && queue->patient_count < STORE_PATIENT_OPERATIONS_MAX &&
           !queue->is_closing)
        if (task_wait(t, queue->patient_until_ms) != WAIT_OK) return;
}

static void commit_main(struct task *t, void *argument) {
    struct commit_queue *queue = argument;
    queue->runner = t;
    while (!queue->is_closing || !list_empty(&queue->waiting)) {
        if (list_empty(&queue->waiting)) {
            task_wait_firmly(t);
            continue;
        }
        await_hurry(t, queue);
        gather(t, queue);
        take_batch(queue);
        /* Asked for while a batch runs, it is for the next. */
        queue->is_finishing_checkpoint = queue->must_finish_checkpoint;
        queue->must_finish_checkpoint = false;
        lane_run(t, queue->lane, run_batch, queue);
        queue->under_way += hurried_count(queue);
        queue->is_finishing_checkpoint = false;
        queue->directory_changes += queue->commit.has_changed_directory;
        metrics_add(&queue->env->metrics, METRIC_STORE_SYNCS, queue->commit.syncs);
        db_complain(queue->commit.db, queue->env->log);
        publish(queue);
        publish_queued(queue);
        if (queue->commit.has_feed_news && queue->on_feed) queue->on_feed(queue->feed_context);
        wake_all(queue);
        if (queue->commit.has_dropped) wake(queue->reaper);
        if (needs_checkpoint(queue)) wake(queue->checkpointer);
        if (IS_PLANTED(queue->env, PLANTED_LOST_WAKE) && !queue->is_closing) task_wait_firmly(t);
    }
    queue->runner = NULL;
}

static void run_checkpoint(void *argument) {
    struct commit_queue *queue = argument;
    (void)db_checkpoint(queue->checkpoint_db);
}

/* The bulk is copied beside the writer. While commits never pause, the last pages are always newer
   than that, and the WAL would grow for ever: then the commit lane copies the few that are left. The next
   copying beside it waits for that, for one at a time may copy, and the other would be told to come again. */
static void checkpoint_main(struct task *t, void *argument) {
    struct commit_queue *queue = argument;
    queue->checkpointer = t;
    while (task_wait(t, DEADLINE_NONE) == WAIT_OK) {
        bool waits = queue->must_finish_checkpoint || queue->is_finishing_checkpoint;
        if (waits || !needs_checkpoint(queue)) continue;
        queue->checkpointed_bytes = db_wal_bytes(queue->commit.db);
        lane_run(t, queue->checkpoint_lane, run_checkpoint, queue);
        metrics_add(&queue->env->metrics, METRIC_STORE_CHECKPOINTS, 1);
        db_complain(queue->checkpoint_db, queue->env->log);
        db_failure_clear(queue->checkpoint_db);
        if (queue->checkpointed_bytes > STORE_WAL_FINISH_BYTES) queue->must_finish_checkpoint = true;
    }
    queue->checkpointer = NULL;
}

static void reap_main(struct task *t, void *argument) {
    struct commit_queue *queue = argument;
    queue->reaper = t;
    do {
        bool has_more = true;
        while (has_more && !task_is_cancelled(t))
            if (reap_step(t, queue, &has_more) != STORE_OK) break;
    } while (task_wait(t, DEADLINE_NONE) == WAIT_OK);
    queue->reaper = NULL;
}

enum store_result commit_run(struct task *t, struct commit_queue *queue, struct commit_operation *operation) {
    if (queue->is_closing) return STORE_GONE;
    operation->waiter = t;
    operation->is_done = false;
    list_append(&queue->waiting, &operation->link);
    queue->waiting_count++;
    if (operation->is_patient && queue->patient_count++ == 0)
        queue->patient_until_ms = env_now_ms(queue->env) + STORE_PATIENCE_MS;
    wake(queue->runner);
    while (!operation->is_done) task_wait_firmly(t);
    return operation->result;
}

void commit_queue_start(struct commit_queue *queue, struct env *env, struct db *db, struct db *checkpoint_db,
                        struct body_writer *bodies, struct threads *threads, struct id_source ids) {
    *queue = (struct commit_queue){.env = env, .checkpoint_db = checkpoint_db};
    queue->commit = (struct commit){.db = db, .bodies = bodies, .threads = threads, .ids = ids};
    queue->commit.inboxes = inboxes_new();
    queue->commit.routes = route_book_new();
    queue->commit.arena = arena_new(STORE_OPERATION_MEMORY_BYTES_MAX);
    queue->commit.news = buffer_new(STORE_OPERATION_MEMORY_BYTES_MAX);
    queue->commit.queue_news = buffer_new(STORE_OPERATION_MEMORY_BYTES_MAX);
    queue->commit.queue_book = queue_book_new(env_random_u64(env));
    queue_counts_read(db, &queue->commit.queue_counts);
    queue->queue_counts = queue->commit.queue_counts;
    list_init(&queue->waiting);
    list_init(&queue->batch);
    queue->lane = lane_open(env, "commit", 1);
    queue->checkpoint_lane = lane_open(env, "checkpoint", 1);
    scope_init(&queue->scope, env);
    bool is_started = scope_spawn(&queue->scope, commit_main, queue) &&
                      scope_spawn(&queue->scope, checkpoint_main, queue) &&
                      scope_spawn(&queue->scope, reap_main, queue);
    ASSERT(is_started);
}

void commit_queue_stop(struct task *t, struct commit_queue *queue) {
    queue->is_closing = true;
    wake(queue->runner);
    scope_close(t, &queue->scope);
    lane_close(&queue->lane);
    lane_close(&queue->checkpoint_lane);
    log_room_close(&queue->log_room);
    db_close(&queue->checkpoint_db);
    db_close(&queue->commit.db);
    threads_close(&queue->commit.threads);
    inboxes_free(&queue->commit.inboxes);
    route_book_free(&queue->commit.routes);
    arena_free(&queue->commit.arena);
    buffer_free(&queue->commit.news);
    buffer_free(&queue->commit.queue_news);
    queue_book_free(&queue->commit.queue_book);
}

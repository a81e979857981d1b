/*
 * Batches of messages of one folder, each one append of the store: one commit, all or none. While
 * batches are under way the next is filled; when IMPORT_BATCHES_MAX are, filling waits. A batch
 * that was refused as a whole is tried message by message, so that the one to blame is named.
 */
#include <stdlib.h>

#include "app/carry/import.h"

enum { TRIES = 100, PAUSE_MS = 100, ARENA_BYTES = 256 * 1024 * 1024, KEPT_BYTES = 1024 * 1024 };

struct import_batch {
    struct import *import;
    struct import_folder *folder;
    struct arena *arena;
    struct append appends[IMPORT_BATCH_MESSAGES];
    /* Of those that are in a spool, or too large to copy. */
    struct intake *intakes[IMPORT_BATCH_MESSAGES];
    struct slice files[IMPORT_BATCH_MESSAGES];
    uint64_t offsets[IMPORT_BATCH_MESSAGES];
    size_t count;
    size_t bytes;
};

static struct import_batch *batch_new(struct import *import, struct import_folder *folder) {
    struct import_batch *batch = calloc(1, sizeof *batch);
    if (!batch) FATAL("out of memory for a batch");
    batch->import = import;
    batch->folder = folder;
    batch->arena = arena_new(ARENA_BYTES);
    return batch;
}

static void batch_free(struct import_batch **batch) {
    for (size_t i = 0; i < (*batch)->count; i++) intake_free(&(*batch)->intakes[i]);
    arena_free(&(*batch)->arena);
    free(*batch);
    *batch = NULL;
}

/* ---- committing ---- */

/* Some results pass, or can be set right: true, try again. */
static bool may_try_again(struct task *t, struct import_batch *batch, struct append *appends, size_t count,
                          enum store_result result) {
    struct import *import = batch->import;
    switch (result) {
    case STORE_NOT_FOUND:
        /* The mailbox was removed or renamed meanwhile: it is made anew. */
        batch->folder->mailbox = 0;
        return import_target(t, import, batch->folder) == STORE_OK;
    case STORE_EXISTS:
        for (size_t i = 0; i < count; i++) appends[i].id = store_client_new_id(import->door->store);
        return true;
    case STORE_BUSY:
        return task_sleep(t, PAUSE_MS) == WAIT_OK;
    default:
        return false;
    }
}

static enum store_result commit(struct task *t, struct import_batch *batch, struct append *appends,
                                size_t count) {
    struct append_result stored;
    enum store_result result = STORE_BUSY;
    for (int tries = 0; tries < TRIES; tries++) {
        for (size_t i = 0; i < count; i++) appends[i].mailbox = batch->folder->mailbox;
        result = store_append(t, batch->import->door->store, appends, count, &stored);
        if (!may_try_again(t, batch, appends, count, result)) return result;
    }
    return result;
}

static const char *words_of(enum store_result result) {
    switch (result) {
    case STORE_OVER_QUOTA:
        return "the account's quota is used up; give it more, and run the same command again";
    case STORE_FULL:
        return "the disk is full; make room, and run the same command again";
    case STORE_GONE:
        return "the server went away; run the same command again when it is back";
    case STORE_NOT_FOUND:
        return "the account or its mailbox has gone";
    default:
        return "the store failed; its log says why";
    }
}

static void commit_singly(struct task *t, struct import_batch *batch) {
    for (size_t i = 0; i < batch->count && !batch->import->stopped; i++) {
        enum store_result result = commit(t, batch, &batch->appends[i], 1);
        if (result == STORE_OK)
            batch->folder->imported++;
        else if (result == STORE_REFUSED)
            import_fault(batch->import, batch->folder, batch->files[i], batch->offsets[i],
                         "was refused by the store");
        else
            batch->import->stopped = words_of(result);
    }
}

static void run_batch(struct task *t, void *argument) {
    struct import_batch *batch = argument;
    struct import *import = batch->import;
    enum store_result result = commit(t, batch, batch->appends, batch->count);
    if (result == STORE_OK)
        batch->folder->imported += batch->count;
    else if (result == STORE_REFUSED || result == STORE_OVER_QUOTA)
        commit_singly(t, batch);
    else
        import->stopped = words_of(result);
    batch_free(&batch);
    import->batches_under_way--;
    gate_open(&import->batch_ended);
}

/* ---- filling ---- */

static void wait_for_less(struct task *t, struct import *import, size_t under_way_max) {
    while (import->batches_under_way > under_way_max)
        if (gate_wait(t, &import->batch_ended, DEADLINE_NONE) != WAIT_OK) return;
}

static void submit(struct task *t, struct import *import) {
    struct import_batch *batch = import->batch;
    import->batch = NULL;
    if (!batch) return;
    enum store_result result = import_target(t, import, batch->folder);
    if (result) {
        import->stopped = words_of(result);
        batch_free(&batch);
        return;
    }
    import->batches_under_way++;
    if (!scope_spawn(&import->scope, run_batch, batch)) FATAL("the scope of batches is closed");
    /* The question leaves now, not when this task has to wait. */
    if (task_yield(t) != WAIT_OK) return;
    wait_for_less(t, import, IMPORT_BATCHES_MAX - 1);
}

static size_t facts_bytes(const struct message_facts *facts) {
    size_t bytes = facts->envelope.len + facts->structure.len + facts->preview.len + facts->subject_base.len +
                   facts->message_id.len;
    for (size_t i = 0; i < facts->reference_count; i++)
        bytes += sizeof(struct slice) + facts->references[i].len;
    return bytes;
}

static void copy(struct arena *arena, struct slice *bytes) { *bytes = arena_copy(arena, *bytes); }

static void copy_keywords(struct arena *arena, struct append *append) {
    struct slice *keywords = ARENA_NEW_ARRAY(arena, struct slice, append->keyword_count);
    for (size_t i = 0; i < append->keyword_count; i++) keywords[i] = arena_copy(arena, append->keywords[i]);
    append->keywords = keywords;
}

/* What borrows from the intake, so that the intake can serve the next message. */
static void copy_message(struct arena *arena, struct append *append) {
    struct message_facts *facts = &append->facts;
    struct slice *references = ARENA_NEW_ARRAY(arena, struct slice, facts->reference_count);
    for (size_t i = 0; i < facts->reference_count; i++)
        references[i] = arena_copy(arena, facts->references[i]);
    facts->references = references;
    copy(arena, &append->body.packed);
    copy(arena, &facts->envelope);
    copy(arena, &facts->structure);
    copy(arena, &facts->preview);
    copy(arena, &facts->subject_base);
    copy(arena, &facts->message_id);
}

static void put(struct import_batch *batch, struct import_item *item, const struct append *from,
                size_t bytes) {
    struct append *append = &batch->appends[batch->count];
    *append = *from;
    append->id = store_client_new_id(batch->import->door->store);
    copy(batch->arena, &append->source);
    copy_keywords(batch->arena, append);
    if (append->body.spool || bytes > MESSAGE_MEMORY_BYTES_MAX) {
        batch->intakes[batch->count] = item->intake;
        item->intake = NULL;
    } else {
        copy_message(batch->arena, append);
        intake_free(&item->intake);
    }
    batch->files[batch->count] = arena_copy(batch->arena, item->file);
    batch->offsets[batch->count++] = item->offset;
    bool is_kept = batch->intakes[batch->count - 1] != NULL;
    batch->bytes += is_kept && bytes < KEPT_BYTES ? KEPT_BYTES : bytes;
}

void import_batch_add(struct task *t, struct import_item *item, const struct append *append) {
    struct import *import = item->import;
    if (import->batch && import->batch->folder != item->folder) submit(t, import);
    if (import->stopped) return;
    if (!import->batch) import->batch = batch_new(import, item->folder);
    struct import_batch *batch = import->batch;
    /* A spooled message costs the store what it holds in memory while it copies. */
    put(batch, item, append,
        append->body.packed.len + (size_t)append->body.spool_bytes + facts_bytes(&append->facts));
    if (batch->count == IMPORT_BATCH_MESSAGES || batch->bytes >= IMPORT_BATCH_BYTES) submit(t, import);
}

void import_batch_finish(struct task *t, struct import *import) {
    if (import->stopped && import->batch) batch_free(&import->batch);
    submit(t, import);
    wait_for_less(t, import, 0);
}

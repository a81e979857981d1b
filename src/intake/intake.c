#include "intake/intake.h"

#include <stdlib.h>

#include "base/limits.h"
#include "intake/facts.h"
#include "io/file.h"
#include "store/body_pack.h"

struct intake_pool {
    struct env *env;
    struct store_client *store;
    size_t budget_bytes;
    size_t used_bytes;
    /* All packers use this one's compressor. */
    struct body_packer *packer;
    /* Finished intakes, whose packers, arenas and buffers are warm. */
    struct list kept;
    size_t kept_count;
};

struct intake {
    struct list link;
    struct intake_pool *pool;
    struct body_packer *packer;
    struct arena *arena;
    struct analyser *analyser;
    const struct analysis *analysis;
    /* All that was packed, or what is not yet in the spool. */
    struct buffer packed;
    struct file *file;
    uint64_t spool;
    uint64_t spool_bytes;
    uint64_t bytes_max;
    uint64_t raw_bytes;
    /* A byte above 127 came by. */
    bool is_8bit;
    /* What it holds of the pool's budget. */
    size_t charged_bytes;
    enum intake_result result;
};

struct intake_pool *intake_pool_new(struct env *env, struct store_client *store, size_t budget_bytes) {
    struct intake_pool *pool = calloc(1, sizeof *pool);
    if (!pool) FATAL("out of memory for an intake pool");
    *pool = (struct intake_pool){.env = env, .store = store, .budget_bytes = budget_bytes};
    pool->packer = body_packer_new(NULL);
    list_init(&pool->kept);
    return pool;
}

static void intake_destroy(struct intake *intake) {
    analysis_free(&intake->analyser);
    body_packer_free(&intake->packer);
    arena_free(&intake->arena);
    buffer_free(&intake->packed);
    free(intake);
}

void intake_pool_free(struct intake_pool **pool) {
    if (!*pool) return;
    LIST_EACH(&(*pool)->kept, intake, struct intake, link) intake_destroy(intake);
    body_packer_free(&(*pool)->packer);
    free(*pool);
    *pool = NULL;
}

static struct intake *intake_make(struct intake_pool *pool) {
    struct intake *intake = calloc(1, sizeof *intake);
    if (!intake) FATAL("out of memory for an intake");
    intake->pool = pool;
    intake->packer = body_packer_new(pool->packer);
    intake->arena = arena_new(INTAKE_ANALYSIS_BYTES_MAX);
    /* What is packed of one piece comes on top of what waits to be spooled. */
    intake->packed = buffer_new(4 * (size_t)MESSAGE_MEMORY_BYTES_MAX);
    list_init(&intake->link);
    return intake;
}

static struct intake *intake_take(struct intake_pool *pool) {
    if (list_empty(&pool->kept)) return intake_make(pool);
    struct intake *intake = LIST_FIRST(&pool->kept, struct intake, link);
    list_remove(&intake->link);
    pool->kept_count--;
    return intake;
}

static size_t budget_bytes(const struct intake_pool *pool) {
    size_t role_bytes = pool->env->budgets->intake_bytes;
    return pool->budget_bytes < role_bytes ? pool->budget_bytes : role_bytes;
}

/* Brings what the intake holds of the budget up to date. False: there is not that much. */
static bool charge(struct intake *intake) {
    struct intake_pool *pool = intake->pool;
    pool->used_bytes -= intake->charged_bytes;
    intake->charged_bytes = sizeof *intake + intake->packed.capacity + arena_used_bytes(intake->arena);
    pool->used_bytes += intake->charged_bytes;
    return pool->used_bytes <= budget_bytes(pool);
}

static void spool_drop(struct intake *intake) {
    file_close(&intake->file);
    if (intake->spool) store_spool_drop(intake->pool->store, intake->spool);
    intake->spool = 0;
    intake->spool_bytes = 0;
}

/* Ends the message's way here; its memory goes back at once. */
static enum intake_result fail(struct intake *intake, enum intake_result result) {
    intake->result = result;
    buffer_free(&intake->packed);
    spool_drop(intake);
    (void)charge(intake);
    return result;
}

enum intake_result intake_begin(struct intake_pool *pool, uint64_t bytes_max, struct intake **intake) {
    *intake = NULL;
    if (pool->used_bytes >= budget_bytes(pool)) return INTAKE_BUSY;
    struct intake *begun = intake_take(pool);
    begun->bytes_max = bytes_max;
    begun->raw_bytes = 0;
    begun->is_8bit = false;
    begun->result = INTAKE_OK;
    begun->analysis = NULL;
    begun->analyser = analysis_new(begun->arena);
    (void)charge(begun);
    *intake = begun;
    return INTAKE_OK;
}

void intake_classify(struct intake *intake) { analysis_classify(intake->analyser); }
void intake_addressees(struct intake *intake) { analysis_addressees(intake->analyser); }

static enum intake_result result_of_store(enum store_result result) {
    switch (result) {
    case STORE_OK:
        return INTAKE_OK;
    case STORE_FULL:
        return INTAKE_FULL;
    case STORE_BUSY:
        return INTAKE_BUSY;
    default:
        return INTAKE_FAILED;
    }
}

static enum intake_result spool_open(struct task *t, struct intake *intake) {
    struct handle handle = HANDLE_NONE;
    enum store_result opened = store_spool_open(t, intake->pool->store, &intake->spool, &handle);
    if (opened != STORE_OK) {
        intake->spool = 0;
        return result_of_store(opened);
    }
    intake->file = file_adopt(intake->pool->env, handle);
    return INTAKE_OK;
}

/* Writes into the page cache only: syncing is the store's. */
static enum intake_result spool_write(struct task *t, struct intake *intake) {
    if (!intake->file) {
        enum intake_result opened = spool_open(t, intake);
        if (opened != INTAKE_OK) return opened;
    }
    int written = file_write(intake->file, buffer_slice(&intake->packed), intake->spool_bytes);
    if (written) return written == -ENOSPC ? INTAKE_FULL : INTAKE_FAILED;
    intake->spool_bytes += intake->packed.len;
    buffer_clear(&intake->packed);
    return INTAKE_OK;
}

static bool must_spool(const struct intake *intake) {
    size_t memory_bytes = intake->pool->env->budgets->message_memory_bytes;
    return intake->packed.len > (intake->file ? INTAKE_SPOOL_WRITE_BYTES : memory_bytes);
}

/* Eight bytes a step: every message comes by here. */
static bool has_high_byte(struct slice bytes) {
    uint64_t all = 0;
    size_t at = 0;
    for (; at + sizeof all <= bytes.len; at += sizeof all) {
        uint64_t word;
        memcpy(&word, bytes.ptr + at, sizeof word);
        all |= word;
    }
    for (; at < bytes.len; at++) all |= bytes.ptr[at];
    return (all & 0x8080808080808080u) != 0;
}

/* Takes a piece so small that no buffer can overflow. */
static enum intake_result feed_piece(struct task *t, struct intake *intake, struct slice piece) {
    intake->is_8bit = intake->is_8bit || has_high_byte(piece);
    analysis_feed(intake->analyser, piece);
    body_packer_feed(intake->packer, piece, &intake->packed);
    ASSERT(!buffer_overflowed(&intake->packed));
    if (must_spool(intake)) {
        enum intake_result spooled = spool_write(t, intake);
        if (spooled != INTAKE_OK) return fail(intake, spooled);
    }
    return charge(intake) ? INTAKE_OK : fail(intake, INTAKE_BUSY);
}

enum intake_result intake_feed(struct task *t, struct intake *intake, struct slice bytes) {
    if (intake->result != INTAKE_OK) return intake->result;
    if (bytes.len > intake->bytes_max - intake->raw_bytes) return fail(intake, INTAKE_TOO_BIG);
    intake->raw_bytes += bytes.len;
    while (bytes.len && intake->result == INTAKE_OK)
        intake->result = feed_piece(t, intake, slice_take(&bytes, BODY_FRAME_BYTES));
    return intake->result;
}

enum intake_result intake_finish(struct task *t, struct intake *intake, struct body_source *body,
                                 struct message_facts *facts) {
    if (intake->result != INTAKE_OK) return intake->result;
    intake->analysis = analysis_finish(intake->analyser);
    *facts = facts_of_analysis(intake->arena, intake->analysis);
    facts->is_8bit = intake->is_8bit;
    uint64_t raw_bytes = body_packer_finish(intake->packer, &intake->packed);
    ASSERT(raw_bytes == intake->raw_bytes && !buffer_overflowed(&intake->packed));
    if (intake->file || must_spool(intake)) {
        enum intake_result spooled = spool_write(t, intake);
        if (spooled != INTAKE_OK) return fail(intake, spooled);
    }
    *body = (struct body_source){.packed = buffer_slice(&intake->packed),
                                 .spool = intake->spool,
                                 .file = intake->file,
                                 .spool_bytes = intake->spool_bytes,
                                 .raw_bytes = raw_bytes};
    return INTAKE_OK;
}

const struct analysis *intake_analysis(const struct intake *intake) { return intake->analysis; }

void intake_free(struct intake **intake) {
    if (!*intake) return;
    struct intake *ended = *intake;
    struct intake_pool *pool = ended->pool;
    *intake = NULL;
    spool_drop(ended);
    pool->used_bytes -= ended->charged_bytes;
    ended->charged_bytes = 0;
    analysis_free(&ended->analyser);
    if (pool->kept_count == INTAKE_KEPT) {
        intake_destroy(ended);
        return;
    }
    arena_reset(ended->arena);
    body_packer_reset(ended->packer);
    buffer_clear(&ended->packed);
    if (ended->packed.capacity > INTAKE_KEPT_BYTES_MAX) buffer_free(&ended->packed);
    list_prepend(&pool->kept, &ended->link);
    pool->kept_count++;
}

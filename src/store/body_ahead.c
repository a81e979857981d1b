#include "store/body_ahead.h"

#include <stdlib.h>

#include "base/limits.h"
#include "io/lane.h"
#include "store/body_read.h"

struct frame_ahead {
    uint64_t body;
    size_t offset;
    size_t len;
};

/* What one thread unpacks of a stretch: neighbours, because their bodies are read together. */
struct share {
    size_t first;
    size_t end;
    struct buffer raw;
};

/* What is unpacked at once. */
struct stretch {
    const struct entry *entries;
    size_t count;
    struct share shares[BODY_AHEAD_THREADS];
    struct frame_ahead frames[BODY_AHEAD_MESSAGES];
};

struct worker {
    struct body_ahead *ahead;
    size_t number;
    struct body_reader bodies;
    struct lane_job job;
};

struct body_ahead {
    struct env *env;
    struct worker workers[BODY_AHEAD_THREADS];
    struct lane *lane;
    bool is_taken;
    bool is_running;
    /* Segments went while the job ran. */
    bool must_forget;
    struct stretch *coming;
    struct stretch *there;
};

static struct stretch *stretch_new(void) {
    struct stretch *stretch = calloc(1, sizeof *stretch);
    if (!stretch) FATAL("out of memory for reading ahead");
    for (size_t i = 0; i < BODY_AHEAD_THREADS; i++)
        stretch->shares[i].raw = buffer_new(BODY_AHEAD_BYTES / BODY_AHEAD_THREADS);
    return stretch;
}

struct body_ahead *body_ahead_new(struct env *env, const char *folder) {
    struct body_ahead *ahead = calloc(1, sizeof *ahead);
    if (!ahead) FATAL("out of memory for reading ahead");
    ahead->env = env;
    for (size_t i = 0; i < BODY_AHEAD_THREADS; i++) {
        ahead->workers[i].ahead = ahead;
        ahead->workers[i].number = i;
        body_reader_open(&ahead->workers[i].bodies, env, folder, NULL);
    }
    return ahead;
}

void body_ahead_free(struct body_ahead **ahead) {
    if (!*ahead) return;
    ASSERT(!(*ahead)->is_taken);
    lane_close(&(*ahead)->lane);
    for (size_t i = 0; i < BODY_AHEAD_THREADS; i++) body_reader_close(&(*ahead)->workers[i].bodies);
    free(*ahead);
    *ahead = NULL;
}

static void forget(struct body_ahead *ahead, uint64_t segment) {
    for (size_t i = 0; i < BODY_AHEAD_THREADS; i++) body_reader_forget(&ahead->workers[i].bodies, segment);
}

void body_ahead_segment_gone(struct body_ahead *ahead, uint64_t segment) {
    if (ahead->is_running)
        ahead->must_forget = true;
    else
        forget(ahead, segment);
}

bool body_ahead_take(struct body_ahead *ahead) {
    if (ahead->is_taken) return false;
    if (!ahead->lane) ahead->lane = lane_open(ahead->env, "bodies", BODY_AHEAD_THREADS);
    ahead->is_taken = true;
    ahead->coming = stretch_new();
    ahead->there = stretch_new();
    return true;
}

/* In the lane. A body that does not fit ends it: the buffer is as large as it may be. */
static void unpack(void *argument) {
    struct worker *worker = argument;
    struct stretch *stretch = worker->ahead->coming;
    struct share *share = &stretch->shares[worker->number];
    buffer_clear(&share->raw);
    for (size_t i = share->first; i < share->end && !buffer_overflowed(&share->raw); i++) {
        const struct entry *entry = &stretch->entries[i];
        size_t before = share->raw.len;
        bool is_good =
            body_read_known(&worker->bodies, entry->message, &entry->place, BODY_FRAME_BYTES, &share->raw);
        size_t len = is_good ? share->raw.len - before : 0;
        stretch->frames[i] = (struct frame_ahead){entry->message, before, len};
    }
}

void body_ahead_begin(struct task *t, struct body_ahead *ahead, const struct entry *entries, size_t count) {
    ASSERT(count <= BODY_AHEAD_MESSAGES && !ahead->is_running);
    if (ahead->must_forget) forget(ahead, 0);
    ahead->must_forget = false;
    memset(ahead->coming->frames, 0, sizeof ahead->coming->frames);
    ahead->coming->entries = entries;
    ahead->coming->count = count;
    ahead->is_running = true;
    for (size_t i = 0; i < BODY_AHEAD_THREADS; i++) {
        struct share *share = &ahead->coming->shares[i];
        share->first = count * i / BODY_AHEAD_THREADS;
        share->end = count * (i + 1) / BODY_AHEAD_THREADS;
        lane_begin(t, ahead->lane, &ahead->workers[i].job, unpack, &ahead->workers[i]);
    }
}

void body_ahead_end(struct task *t, struct body_ahead *ahead) {
    if (!ahead->is_running) return;
    for (size_t i = 0; i < BODY_AHEAD_THREADS; i++) lane_join(t, &ahead->workers[i].job);
    ahead->is_running = false;
    struct stretch *before = ahead->there;
    ahead->there = ahead->coming;
    ahead->coming = before;
}

struct slice body_ahead_get(const struct body_ahead *ahead, size_t index, uint64_t body) {
    const struct stretch *there = ahead->there;
    if (index >= there->count || there->frames[index].body != body) return SLICE_EMPTY;
    const struct share *share = there->shares;
    while (index >= share->end) share++;
    return slice_sub(buffer_slice(&share->raw), there->frames[index].offset, there->frames[index].len);
}

static void stretch_free(struct stretch **stretch) {
    for (size_t i = 0; i < BODY_AHEAD_THREADS; i++) buffer_free(&(*stretch)->shares[i].raw);
    free(*stretch);
    *stretch = NULL;
}

void body_ahead_give_back(struct body_ahead *ahead) {
    ASSERT(!ahead->is_running);
    stretch_free(&ahead->coming);
    stretch_free(&ahead->there);
    ahead->is_taken = false;
}

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

/* What one job unpacks. */
struct stretch {
    const struct entry *entries;
    size_t count;
    struct buffer raw;
    struct frame_ahead frames[BODY_AHEAD_MESSAGES];
};

struct body_ahead {
    struct env *env;
    const char *folder;
    struct body_reader bodies;
    struct lane *lane;
    struct lane_job job;
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
    stretch->raw = buffer_new(BODY_AHEAD_BYTES);
    return stretch;
}

struct body_ahead *body_ahead_new(struct env *env, const char *folder) {
    struct body_ahead *ahead = calloc(1, sizeof *ahead);
    if (!ahead) FATAL("out of memory for reading ahead");
    ahead->env = env;
    ahead->folder = folder;
    body_reader_open(&ahead->bodies, env, folder, NULL);
    return ahead;
}

void body_ahead_free(struct body_ahead **ahead) {
    if (!*ahead) return;
    ASSERT(!(*ahead)->is_taken);
    lane_close(&(*ahead)->lane);
    body_reader_close(&(*ahead)->bodies);
    free(*ahead);
    *ahead = NULL;
}

void body_ahead_segment_gone(struct body_ahead *ahead, uint64_t segment) {
    if (ahead->is_running)
        ahead->must_forget = true;
    else
        body_reader_forget(&ahead->bodies, segment);
}

bool body_ahead_take(struct body_ahead *ahead) {
    if (ahead->is_taken) return false;
    if (!ahead->lane) ahead->lane = lane_open(ahead->env, "bodies", 1);
    ahead->is_taken = true;
    ahead->coming = stretch_new();
    ahead->there = stretch_new();
    return true;
}

/* In the lane. A body that does not fit ends it: the buffer is as large as it may be. */
static void unpack(void *argument) {
    struct body_ahead *ahead = argument;
    struct stretch *stretch = ahead->coming;
    buffer_clear(&stretch->raw);
    for (size_t i = 0; i < stretch->count && !buffer_overflowed(&stretch->raw); i++) {
        const struct entry *entry = &stretch->entries[i];
        size_t before = stretch->raw.len;
        bool is_good =
            body_read_known(&ahead->bodies, entry->message, &entry->place, BODY_FRAME_BYTES, &stretch->raw);
        size_t len = is_good ? stretch->raw.len - before : 0;
        stretch->frames[i] = (struct frame_ahead){entry->message, before, len};
    }
}

void body_ahead_begin(struct task *t, struct body_ahead *ahead, const struct entry *entries, size_t count) {
    ASSERT(count <= BODY_AHEAD_MESSAGES && !ahead->is_running);
    if (ahead->must_forget) body_reader_forget(&ahead->bodies, 0);
    ahead->must_forget = false;
    memset(ahead->coming->frames, 0, sizeof ahead->coming->frames);
    ahead->coming->entries = entries;
    ahead->coming->count = count;
    ahead->is_running = true;
    lane_begin(t, ahead->lane, &ahead->job, unpack, ahead);
}

void body_ahead_end(struct task *t, struct body_ahead *ahead) {
    if (!ahead->is_running) return;
    lane_join(t, &ahead->job);
    ahead->is_running = false;
    struct stretch *before = ahead->there;
    ahead->there = ahead->coming;
    ahead->coming = before;
}

struct slice body_ahead_get(const struct body_ahead *ahead, size_t index, uint64_t body) {
    const struct stretch *there = ahead->there;
    if (index >= there->count || there->frames[index].body != body) return SLICE_EMPTY;
    return slice_sub(buffer_slice(&there->raw), there->frames[index].offset, there->frames[index].len);
}

static void stretch_free(struct stretch **stretch) {
    buffer_free(&(*stretch)->raw);
    free(*stretch);
    *stretch = NULL;
}

void body_ahead_give_back(struct body_ahead *ahead) {
    ASSERT(!ahead->is_running);
    stretch_free(&ahead->coming);
    stretch_free(&ahead->there);
    ahead->is_taken = false;
}

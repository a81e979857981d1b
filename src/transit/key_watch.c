#include "transit/key_watch.h"

#include "base/limits.h"
#include "transit/scheduler_state.h"

/* The remote role's own deadline passes first. */
enum { LOOK_MARGIN_MS = 5000, WATCH_ARENA_BYTES = 4 << 20 };

static enum transit_look_result ask(struct task *t, struct channel *remote,
                                    const struct dkim_waiting *waiting) {
    struct buffer question = buffer_new(IPC_FRAME_BYTES_MAX);
    struct transit_look look = {waiting->name, waiting->record};
    struct ipc_answer answer;
    enum transit_look_result result = TRANSIT_LOOK_FAILED;
    transit_look_pack(&question, &look);
    struct ipc_message message = {TRANSIT_LOOK, buffer_slice(&question), HANDLE_NONE};
    int64_t until_ms = env_now_ms(task_env(t)) + DKIM_LOOK_MS + LOOK_MARGIN_MS;
    if (channel_call(t, remote, &message, &answer, until_ms) == IPC_OK) {
        struct unpacker in = unpacker_of(buffer_slice(&answer.body));
        transit_look_result_unpack(&in, &result);
        if (!unpack_is_done(&in)) result = TRANSIT_LOOK_FAILED;
        handle_close(task_env(t), answer.handle);
        ipc_answer_free(&answer);
    }
    buffer_free(&question);
    return result;
}

enum transit_look_result key_watch_look(struct task *t, struct channel *remote, struct engine *engine,
                                        const struct dkim_waiting *waiting) {
    enum transit_look_result result = ask(t, remote, waiting);
    if (result != TRANSIT_LOOK_SEEN) return result;
    enum store_result published = engine_dkim_publish(t, engine, waiting->id);
    if (published == STORE_OK)
        LOG_INFO(task_env(t)->log, "transit.key_signs", LOG_TEXT("record", waiting->name));
    return published == STORE_OK || published == STORE_NOT_FOUND ? result : TRANSIT_LOOK_FAILED;
}

static void look_at_all(struct task *t, struct scheduler *scheduler) {
    struct arena *arena = arena_new(WATCH_ARENA_BYTES);
    struct dkim_waiting *waiting = NULL;
    uint64_t after = 0;
    size_t count = DKIM_LOOKS_MAX;
    while (count == DKIM_LOOKS_MAX && !task_is_cancelled(t)) {
        if (engine_dkim_waiting(scheduler->engine, arena, SLICE_EMPTY, after, DKIM_LOOKS_MAX, &waiting,
                                &count) != STORE_OK)
            break;
        for (size_t i = 0; i < count && !task_is_cancelled(t); i++) {
            (void)key_watch_look(t, scheduler->channel, scheduler->engine, &waiting[i]);
            after = waiting[i].id;
        }
        arena_reset(arena);
    }
    arena_free(&arena);
}

void scheduler_watch_keys(struct task *t, void *argument) {
    struct scheduler *scheduler = argument;
    while (task_sleep(t, DKIM_LOOK_PAUSE_MS) == WAIT_OK) look_at_all(t, scheduler);
}

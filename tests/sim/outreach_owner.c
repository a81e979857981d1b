/* The owner of our host: starts each series when its time has come, by the command line's way to the store,
   and starts it again where something has paused it. */
#include "app/admin/control.h"
#include "base/limits.h"
#include "ipc/channel.h"
#include "outreach.h"

enum {
    MINUTE_MS = 60 * 1000,
    HOUR_MS = 60 * MINUTE_MS,
    PAUSE_MS = 6 * HOUR_MS,
    PATIENCE_MS = 30 * 1000,
    /* What the simulated host has in place of DIR/run/control (host.c). */
    CONTROL_PORT = 1,
};

static void answer_nothing(struct task *t, void *context, struct ipc_request *request) {
    (void)t;
    (void)context;
    channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
}

static const struct channel_handlers handlers = {answer_nothing, NULL, NULL};

/* True: it runs now, and did not before. */
static bool start_series(struct task *t, struct channel *channel, unsigned number) {
    static const struct slice done = SLICE_INIT("\"state\":\"running\"");
    char name[] = "series 0";
    struct admin_request request = {.word_count = 3};
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct ipc_answer answer;
    name[sizeof name - 2] = (char)('0' + number);
    request.words[0] = SLICE("outreach");
    request.words[1] = SLICE("start");
    request.words[2] = slice_from_text(name);
    admin_request_pack(&body, &request);
    struct ipc_message message = {CONTROL_ADMIN, buffer_slice(&body), HANDLE_NONE};
    bool is_done =
        channel_call(t, channel, &message, &answer, env_now_ms(task_env(t)) + PATIENCE_MS) == IPC_OK;
    buffer_free(&body);
    if (!is_done) return false;
    is_done = slice_find(buffer_slice(&answer.body), done) != SLICE_NOT_FOUND;
    handle_close(task_env(t), answer.handle);
    ipc_answer_free(&answer);
    return is_done;
}

static bool is_to_start(const struct outreach *outreach, unsigned number) {
    const struct outreach_series *series = &outreach->series[number];
    return outreach_now_ms(outreach) >= series->start_ms && (outreach->is_outside || !series->is_started);
}

static void start_all(struct task *t, struct outreach *outreach, struct channel *channel) {
    for (unsigned i = 0; i < outreach->series_count; i++)
        if (is_to_start(outreach, i) && start_series(t, channel, i)) outreach->series[i].is_started = true;
}

static void owner_main(struct task *t, void *argument) {
    struct connect_request request = {.address = "127.0.0.1", .port = CONTROL_PORT};
    struct stream *stream;
    struct env *env = task_env(t);
    if (stream_connect(t, env, &request, env_now_ms(env) + PATIENCE_MS, &stream)) return;
    struct channel *channel = channel_new(env, &handlers, NULL);
    channel_attach(channel, stream);
    start_all(t, argument, channel);
    channel_close(t, &channel);
}

static bool has_work(const struct outreach *outreach) {
    for (unsigned i = 0; i < outreach->series_count; i++)
        if (is_to_start(outreach, i)) return true;
    return false;
}

static void come_by(void *context) {
    struct outreach *outreach = context;
    struct run *run = outreach->run;
    if (run->is_closing || outreach->is_over) return;
    if (has_work(outreach) && host_is_ready(run->sites[0].host))
        (void)host_process_start(run->sites[0].host, "owner", owner_main, outreach);
    sim_world_after(run->world, (int64_t)run_between(run, MINUTE_MS, PAUSE_MS), come_by, outreach);
}

void outreach_owner_start(struct outreach *outreach) { come_by(outreach); }

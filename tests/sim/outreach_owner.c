/* The owner of our host: starts each series when its time has come, by the command line's way to the store.
   Of an outside mailbox: starts it again where a red mailbox has paused it, and where nobody but the provider
   knows whether a letter left he asks there, and settles it. */
#include <jansson.h>

#include "app/admin/control.h"
#include "base/limits.h"
#include "ipc/channel.h"
#include "outreach.h"

enum {
    MINUTE_MS = 60 * 1000,
    HOUR_MS = 60 * MINUTE_MS,
    PAUSE_MS = 6 * HOUR_MS,
    PATIENCE_MS = 30 * 1000,
    AGAIN_MS = 12 * HOUR_MS,
    SETTLED_MS = 30 * MINUTE_MS,
    /* What the simulated host has in place of DIR/run/control (host.c). */
    CONTROL_PORT = 1,
};

static void answer_nothing(struct task *t, void *context, struct ipc_request *request) {
    (void)t;
    (void)context;
    channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
}

static const struct channel_handlers handlers = {answer_nothing, NULL, NULL};

/* False: no answer. */
static bool order(struct task *t, struct channel *channel, const struct admin_request *request,
                  struct ipc_answer *answer) {
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    admin_request_pack(&body, request);
    struct ipc_message message = {CONTROL_ADMIN, buffer_slice(&body), HANDLE_NONE};
    bool is_done =
        channel_call(t, channel, &message, answer, env_now_ms(task_env(t)) + PATIENCE_MS) == IPC_OK;
    buffer_free(&body);
    if (is_done) handle_close(task_env(t), answer->handle);
    return is_done;
}

/* ---- starting ---- */

/* True: it runs now, and did not before. */
static bool start_series(struct task *t, struct channel *channel, unsigned number) {
    static const struct slice done = SLICE_INIT("\"state\":\"running\"");
    char name[] = "series 0";
    struct ipc_answer answer;
    name[sizeof name - 2] = (char)('0' + number);
    struct admin_request request = {.word_count = 3,
                                    .words = {SLICE("outreach"), SLICE("start"), slice_from_text(name)}};
    if (!order(t, channel, &request, &answer)) return false;
    bool is_done = slice_find(buffer_slice(&answer.body), done) != SLICE_NOT_FOUND;
    ipc_answer_free(&answer);
    return is_done;
}

static bool is_to_start(const struct outreach *outreach, unsigned number) {
    const struct outreach_series *series = &outreach->series[number];
    int64_t now_ms = outreach_now_ms(outreach);
    if (now_ms < series->start_ms) return false;
    return !series->is_started || (outreach->is_outside && now_ms >= series->asked_ms + AGAIN_MS);
}

static void start_all(struct task *t, struct outreach *outreach, struct channel *channel) {
    for (unsigned i = 0; i < outreach->series_count; i++) {
        if (!is_to_start(outreach, i)) continue;
        outreach->series[i].asked_ms = outreach_now_ms(outreach);
        if (start_series(t, channel, i)) outreach->series[i].is_started = true;
    }
}

/* ---- settling ---- */

static bool has_come(const struct outreach *outreach, struct slice id) {
    for (unsigned i = 0; i < outreach->letter_count; i++)
        if (slice_find(slice_from_text(outreach->letters[i].id), id) != SLICE_NOT_FOUND) return true;
    return false;
}

/* What may be under way still is no matter for anybody yet. */
static void settle_one(struct task *t, struct outreach *outreach, struct channel *channel,
                       const json_t *item) {
    struct slice id = slice_from_text(json_string_value(json_object_get(item, "message_id")));
    int64_t age_ms = outreach_wall_ms(outreach) - json_integer_value(json_object_get(item, "since_ms"));
    struct ipc_answer answer;
    if (!json_is_true(json_object_get(item, "needs_person")) || age_ms < SETTLED_MS) return;
    struct admin_request request = {.word_count = 4,
                                    .words = {SLICE("outreach"), SLICE("settle"), id,
                                              has_come(outreach, id) ? SLICE("sent") : SLICE("not-sent")}};
    if (order(t, channel, &request, &answer)) ipc_answer_free(&answer);
}

static void settle_all(struct task *t, struct outreach *outreach, struct channel *channel) {
    struct ipc_answer answer;
    struct admin_request request = {.word_count = 2, .words = {SLICE("outreach"), SLICE("status")}};
    size_t i;
    json_t *item;
    if (!order(t, channel, &request, &answer)) return;
    json_t *status = json_loadb((const char *)answer.body.ptr, answer.body.len, 0, NULL);
    ipc_answer_free(&answer);
    json_array_foreach(json_object_get(status, "unsettled"), i, item) settle_one(t, outreach, channel, item);
    json_decref(status);
}

/* Only where the provider keeps no copies a person is needed. */
static bool may_settle(const struct outreach *outreach) {
    return outreach->is_outside && !outreach->provider->keeps_copies;
}

/* ---- he comes by ---- */

static void owner_main(struct task *t, void *argument) {
    struct connect_request request = {.address = "127.0.0.1", .port = CONTROL_PORT};
    struct stream *stream;
    struct env *env = task_env(t);
    if (stream_connect(t, env, &request, env_now_ms(env) + PATIENCE_MS, &stream)) return;
    struct channel *channel = channel_new(env, &handlers, NULL);
    channel_attach(channel, stream);
    if (may_settle(argument)) settle_all(t, argument, channel);
    start_all(t, argument, channel);
    channel_close(t, &channel);
}

static bool has_work(const struct outreach *outreach) {
    if (may_settle(outreach)) return true;
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

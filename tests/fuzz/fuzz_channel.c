/*
 * A channel between two roles whose peer says anything: it is cut off or its frames are heard, calls end,
 * and nothing of the channel is left. The first byte draws how the rest is cut into writes.
 */
#include "client.h"
#include "house.h"
#include "ipc/channel.h"

enum { CALL_MS = 1000 };

static void echo(struct task *t, void *context, struct ipc_request *request) {
    (void)t;
    handle_close(context, request->message.handle);
    channel_reply(request, request->message.body, HANDLE_NONE);
}

static void note(void *context, const struct ipc_message *message) { handle_close(context, message->handle); }

static const struct channel_handlers handlers = {.request = echo, .notice = note};

static void speak(struct task *t, struct house *house, void *argument) {
    struct slice input = *(struct slice *)argument;
    struct handle pair[2];
    struct client client;
    struct ipc_answer answer;
    struct ipc_message question = {1, SLICE("?"), HANDLE_NONE};
    uint8_t cuts = input.len ? input.ptr[0] : 0;
    if (stream_pair(house->env, pair)) house_wrong("no pair of streams");
    struct channel *channel = channel_new(house->env, &handlers, house->env);
    channel_attach(channel, stream_adopt(house->env, pair[0]));
    client_open(t, &client, stream_adopt(house->env, pair[1]));
    client_say_all(t, &client, slice_skip(input, 1), cuts);
    if (channel_call(t, channel, &question, &answer, env_now_ms(house->env) + CALL_MS) == IPC_OK)
        ipc_answer_free(&answer);
    channel_close(t, &channel);
    client_close(t, &client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice input = slice_of(data, size);
    house_run(speak, &input, false);
    return 0;
}

/* The asking side of filter/filter.h: one question is one call over the channel to the remote role. */
#include <stdlib.h>

#include "filter/protocol.h"
#include "ipc/channel.h"

struct filter_client {
    struct env *env;
    struct resolver *resolver;
    size_t asking;
    struct gate has_room;
};

struct filter_client *filter_client_new(struct env *env, struct resolver *resolver) {
    struct filter_client *client = calloc(1, sizeof *client);
    if (!client) FATAL("out of memory for a filter client");
    client->env = env;
    client->resolver = resolver;
    gate_init(&client->has_room);
    return client;
}

void filter_client_free(struct filter_client **client) {
    free(*client);
    *client = NULL;
}

static void is_down(struct filter_verdict *verdict, struct slice why) {
    *verdict = (struct filter_verdict){.action = FILTER_DOWN, .text = why};
}

static struct slice words_of(enum ipc_result result) {
    if (result == IPC_TIMEOUT) return SLICE("no verdict in time");
    return result == IPC_GONE ? SLICE("the remote role went away") : SLICE("this role is ending");
}

static void ask(struct task *t, struct filter_client *client, struct arena *arena,
                const struct filter_question *question, struct filter_verdict *verdict, int64_t deadline_ms) {
    struct ipc_message message = {FILTER_ASK, SLICE_EMPTY, HANDLE_NONE};
    struct ipc_answer answer;
    if (question->file && file_handle_copy(question->file, &message.handle)) {
        is_down(verdict, SLICE("the message's file cannot be passed on"));
        return;
    }
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    filter_question_pack(&body, question);
    message.body = buffer_slice(&body);
    /* What does not fit a frame reads as nothing, and is refused at the other end. */
    if (buffer_overflowed(&body)) message.body = SLICE_EMPTY;
    enum ipc_result result = resolver_call(t, client->resolver, &message, &answer, deadline_ms);
    buffer_free(&body);
    if (result != IPC_OK) {
        is_down(verdict, words_of(result));
        return;
    }
    if (!filter_verdict_unpack(buffer_slice(&answer.body), arena, verdict))
        is_down(verdict, SLICE("the remote role's verdict makes no sense"));
    handle_close(client->env, answer.handle);
    ipc_answer_free(&answer);
}

void filter_ask(struct task *t, struct filter_client *client, struct arena *arena,
                const struct filter_question *question, struct filter_verdict *verdict) {
    int64_t deadline_ms = env_now_ms(client->env) + FILTER_MS_MAX;
    while (client->asking >= FILTER_QUESTIONS_MAX)
        if (gate_wait(t, &client->has_room, deadline_ms) != WAIT_OK) {
            is_down(verdict, SLICE("too many messages wait for a verdict"));
            return;
        }
    client->asking++;
    ask(t, client, arena, question, verdict, deadline_ms);
    client->asking--;
    gate_open(&client->has_room);
}

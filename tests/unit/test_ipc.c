/* Channels between roles: calls, notices, handles, and peers that go away. */
#include "test.h"

#include "base/limits.h"
#include "ipc/channel.h"
#include "ipc/pack.h"
#include "task_test.h"

struct server {
    struct env *env;
    int notices;
    int gone;
};

enum { ASK_ECHO = 1, ASK_SLOWLY = 2, ASK_HANDLE = 3 };

static void serve(struct task *t, void *context, struct ipc_request *request) {
    struct server *server = context;
    struct handle pair[2];
    switch (request->message.type) {
    case ASK_SLOWLY:
        if (task_sleep(t, 20) == WAIT_CANCELLED) return;
        channel_reply(request, request->message.body, HANDLE_NONE);
        return;
    case ASK_HANDLE:
        assert_int_equal(stream_pair(server->env, pair), 0);
        struct stream *mine = stream_adopt(server->env, pair[0]);
        channel_reply(request, SLICE_EMPTY, pair[1]);
        assert_int_equal(stream_write(t, mine, SLICE("hi"), DEADLINE_NONE), 0);
        stream_close(&mine);
        return;
    default:
        channel_reply(request, request->message.body, HANDLE_NONE);
    }
}

static void note(void *context, const struct ipc_message *message) {
    struct server *server = context;
    assert_int_equal(message->type, server->notices++);
}

static void left(void *context) { ((struct server *)context)->gone++; }

static const struct channel_handlers handlers = {serve, note, left};

static void connect_pair(struct env *env, struct channel *a, struct channel *b) {
    struct handle pair[2];
    assert_int_equal(stream_pair(env, pair), 0);
    channel_attach(a, stream_adopt(env, pair[0]));
    channel_attach(b, stream_adopt(env, pair[1]));
}

/* As long as the longest frame and four bytes more: no room must be kept for it. */
static void long_frame_body(struct task *t, struct env *env) {
    struct server server = {.env = env};
    struct channel *channel = channel_new(env, &handlers, &server);
    struct handle pair[2];
    assert_int_equal(stream_pair(env, pair), 0);
    channel_attach(channel, stream_adopt(env, pair[0]));
    struct stream *peer = stream_adopt(env, pair[1]);
    uint8_t *bytes = calloc(1, IPC_FRAME_BYTES_MAX + 3);
    assert_non_null(bytes);
    uint32_t len = IPC_FRAME_BYTES_MAX;
    memcpy(bytes, &len, sizeof len);
    int written = stream_write(t, peer, slice_of(bytes, IPC_FRAME_BYTES_MAX + 3), env_now_ms(env) + 1000);
    assert_true(written < 0);
    assert_int_equal(server.gone, 1);
    assert_false(channel_is_attached(channel));
    free(bytes);
    stream_close(&peer);
    channel_close(t, &channel);
}

static void calls_body(struct task *t, struct env *env) {
    struct server server = {.env = env};
    struct channel *a = channel_new(env, &handlers, &server);
    struct channel *b = channel_new(env, &handlers, &server);
    connect_pair(env, a, b);
    uint8_t *big = calloc(1, MIB(1) - 100);
    assert_non_null(big);
    big[MIB(1) - 101] = 7;
    struct ipc_answer answer;
    struct ipc_message message = {ASK_ECHO, slice_of(big, MIB(1) - 100), HANDLE_NONE};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(channel_call(t, a, &message, &answer, DEADLINE_NONE), IPC_OK);
        assert_int_equal(answer.body.len, MIB(1) - 100);
        assert_int_equal(answer.body.ptr[MIB(1) - 101], 7);
        ipc_answer_free(&answer);
    }
    free(big);
    for (uint32_t i = 0; i < 1000; i++) channel_notify(a, &(struct ipc_message){i, SLICE("n"), HANDLE_NONE});
    message = (struct ipc_message){ASK_SLOWLY, SLICE("x"), HANDLE_NONE};
    assert_int_equal(channel_call(t, a, &message, &answer, env_now_ms(env) + 5), IPC_TIMEOUT);
    assert_int_equal(channel_call(t, a, &message, &answer, DEADLINE_NONE), IPC_OK);
    assert_slice(buffer_slice(&answer.body), "x");
    ipc_answer_free(&answer);
    assert_int_equal(server.notices, 1000);
    channel_close(t, &a);
    channel_close(t, &b);
}

static void a_frame_longer_than_any_that_is_sent_ends_the_peer(void **state) {
    task_test_run(long_frame_body);
}
static void calls_are_answered_and_notices_keep_order(void **state) { task_test_run(calls_body); }

static void handle_body(struct task *t, struct env *env) {
    struct server server = {.env = env};
    struct channel *a = channel_new(env, &handlers, &server);
    struct channel *b = channel_new(env, &handlers, &server);
    connect_pair(env, a, b);
    struct ipc_answer answer;
    for (int i = 0; i < 20; i++) {
        struct ipc_message message = {ASK_HANDLE, SLICE("please"), HANDLE_NONE};
        assert_int_equal(channel_call(t, a, &message, &answer, DEADLINE_NONE), IPC_OK);
        assert_false(handle_is_none(answer.handle));
        struct stream *theirs = stream_adopt(env, answer.handle);
        char text[2];
        assert_int_equal(stream_read(t, theirs, text, 2, DEADLINE_NONE), 2);
        assert_memory_equal(text, "hi", 2);
        stream_close(&theirs);
        ipc_answer_free(&answer);
    }
    channel_close(t, &a);
    channel_close(t, &b);
}

static void handles_travel_with_their_message(void **state) { task_test_run(handle_body); }

struct caller {
    struct channel *channel;
    enum ipc_result result;
    bool is_done;
};

static void call_slowly(struct task *t, void *argument) {
    struct caller *caller = argument;
    struct ipc_answer answer;
    struct ipc_message message = {ASK_SLOWLY, SLICE("x"), HANDLE_NONE};
    caller->result = channel_call(t, caller->channel, &message, &answer, DEADLINE_NONE);
    ipc_answer_free(&answer);
    caller->is_done = true;
}

static void death_body(struct task *t, struct env *env) {
    struct server server = {.env = env};
    struct channel *a = channel_new(env, &handlers, &server);
    struct channel *b = channel_new(env, &handlers, &server);
    connect_pair(env, a, b);
    struct scope scope;
    scope_init(&scope, env);
    struct caller first = {.channel = a};
    assert_true(scope_spawn(&scope, call_slowly, &first));
    assert_int_equal(task_sleep(t, 5), WAIT_OK);
    channel_close(t, &b);
    assert_int_equal(task_sleep(t, 5), WAIT_OK);
    assert_true(first.is_done);
    assert_int_equal(first.result, IPC_GONE);
    assert_int_equal(server.gone, 2);

    struct caller second = {.channel = a};
    assert_true(scope_spawn(&scope, call_slowly, &second));
    assert_int_equal(task_sleep(t, 5), WAIT_OK);
    assert_false(second.is_done);
    struct channel *successor = channel_new(env, &handlers, &server);
    connect_pair(env, a, successor);
    assert_int_equal(task_sleep(t, 50), WAIT_OK);
    assert_int_equal(second.result, IPC_OK);
    channel_close(t, &a);
    channel_close(t, &successor);
    scope_close(t, &scope);
}

static void calls_learn_of_a_dead_peer_and_wait_for_its_successor(void **state) { task_test_run(death_body); }

static void packed_values_come_back_and_nonsense_is_bad(void **state) {
    struct buffer b = buffer_new(1000);
    pack_number(&b, UINT64_MAX);
    pack_number(&b, 0);
    pack_slice(&b, SLICE("text"));
    pack_bool(&b, true);
    struct unpacker in = unpacker_of(buffer_slice(&b));
    assert_true(unpack_number(&in) == UINT64_MAX);
    assert_int_equal(unpack_number(&in), 0);
    assert_slice(unpack_slice(&in), "text");
    assert_true(unpack_bool(&in));
    assert_true(unpack_is_done(&in));
    for (size_t cut = 0; cut < b.len; cut++) {
        in = unpacker_of(slice_sub(buffer_slice(&b), 0, cut));
        (void)unpack_number(&in);
        (void)unpack_number(&in);
        (void)unpack_slice(&in);
        (void)unpack_bool(&in);
        assert_true(in.is_bad);
    }
    in = unpacker_of(SLICE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));
    (void)unpack_number(&in);
    assert_true(in.is_bad);
    buffer_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_answered_and_notices_keep_order),
        cmocka_unit_test(a_frame_longer_than_any_that_is_sent_ends_the_peer),
        cmocka_unit_test(handles_travel_with_their_message),
        cmocka_unit_test(calls_learn_of_a_dead_peer_and_wait_for_its_successor),
        cmocka_unit_test(packed_values_come_back_and_nonsense_is_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

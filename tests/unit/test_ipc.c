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
    int orphans;
    /* Of ASK_NEVER: under way, and until when. */
    int held;
    struct gate let_go;
};

enum { ASK_ECHO = 1, ASK_SLOWLY = 2, ASK_HANDLE = 3, ASK_NEVER = 4, ASK_MUCH = 5, ASK_MUCH_LATER = 6 };

static void answer_much(struct ipc_request *request) {
    uint8_t *bytes = calloc(1, MIB(1) - 100);
    assert_non_null(bytes);
    channel_reply(request, slice_of(bytes, MIB(1) - 100), HANDLE_NONE);
    free(bytes);
}

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
    case ASK_NEVER:
        server->held++;
        (void)!gate_wait(t, &server->let_go, DEADLINE_NONE);
        server->held--;
        channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
        return;
    case ASK_MUCH_LATER:
        server->held++;
        (void)!gate_wait(t, &server->let_go, DEADLINE_NONE);
        answer_much(request);
        return;
    case ASK_MUCH:
        answer_much(request);
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

static void wait_for_word(struct task *t, const struct caller *caller) {
    for (int i = 0; i < TEST_PATIENCE_MS / 5 && !caller->is_done; i++)
        assert_int_equal(task_sleep(t, 5), WAIT_OK);
    assert_true(caller->is_done);
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
    wait_for_word(t, &first);
    assert_int_equal(first.result, IPC_GONE);
    assert_int_equal(server.gone, 2);

    struct caller second = {.channel = a};
    assert_true(scope_spawn(&scope, call_slowly, &second));
    assert_int_equal(task_sleep(t, 5), WAIT_OK);
    assert_false(second.is_done);
    struct channel *successor = channel_new(env, &handlers, &server);
    connect_pair(env, a, successor);
    wait_for_word(t, &second);
    assert_int_equal(second.result, IPC_OK);
    channel_close(t, &a);
    channel_close(t, &successor);
    scope_close(t, &scope);
}

static void calls_learn_of_a_dead_peer_and_wait_for_its_successor(void **state) { task_test_run(death_body); }

/* A peer that was captured: it speaks, but not as a channel does. Frames of `type`, each with `len` bytes. */
static void frame_append(struct buffer *out, uint32_t kind, uint32_t type, size_t len) {
    uint8_t header[16] = {0};
    uint32_t bytes = (uint32_t)(12 + len);
    uint32_t word = kind << 29 | type;
    memcpy(header, &bytes, 4);
    memcpy(header + 4, &word, 4);
    buffer_append(out, slice_of(header, sizeof header));
    uint8_t *body = calloc(1, len + 1);
    assert_non_null(body);
    buffer_append(out, slice_of(body, len));
    free(body);
}

static struct stream *captured_peer(struct env *env, struct channel *channel) {
    struct handle pair[2];
    assert_int_equal(stream_pair(env, pair), 0);
    channel_attach(channel, stream_adopt(env, pair[0]));
    return stream_adopt(env, pair[1]);
}

/* Writes as much of `count` frames as is taken within some time; false when it stays stuck. */
static bool flood(struct task *t, struct stream *stream, uint32_t type, size_t len, int count) {
    struct buffer frames = buffer_new(MIB(2));
    int result = 0;
    for (int i = 0; i < count && result == 0; i++) {
        buffer_clear(&frames);
        frame_append(&frames, 0, type, len);
        result = stream_write(t, stream, buffer_slice(&frames), env_now_ms(stream->env) + 3000);
    }
    buffer_free(&frames);
    return result == 0;
}

static void flood_body(struct task *t, struct env *env) {
    struct server server = {.env = env};
    gate_init(&server.let_go);
    struct channel *flooded = channel_new(env, &handlers, &server);
    struct stream *captured = captured_peer(env, flooded);
    assert_false(flood(t, captured, ASK_NEVER, 0, 100 * IPC_REQUESTS_MAX));
    assert_int_equal(server.held, IPC_REQUESTS_MAX);
    /* Once they end it goes on. */
    gate_open(&server.let_go);
    assert_int_equal(task_sleep(t, 100), WAIT_OK);
    assert_in_range(server.held, 1, IPC_REQUESTS_MAX);
    gate_open(&server.let_go);
    stream_close(&captured);
    channel_close(t, &flooded);

    server.held = 0;
    flooded = channel_new(env, &handlers, &server);
    captured = captured_peer(env, flooded);
    assert_false(flood(t, captured, ASK_NEVER, MIB(1) - 100, 200));
    assert_in_range(server.held, 1, IPC_REQUEST_BYTES_MAX / MIB(1) + 1);
    stream_close(&captured);
    channel_close(t, &flooded);
}

static void no_more_requests_are_begun_than_may_be_under_way(void **state) { task_test_run(flood_body); }

static void deaf_body(struct task *t, struct env *env) {
    struct server server = {.env = env};
    struct server honest = {.env = env};
    struct channel *cut = channel_new(env, &handlers, &server);
    struct stream *captured = captured_peer(env, cut);
    /* It asks and does not read the answers: it is not served any more once many of them wait. */
    assert_false(flood(t, captured, ASK_MUCH, 0, 100000));
    assert_int_equal(server.gone, 0);
    struct channel *a = channel_new(env, &handlers, &honest);
    struct channel *b = channel_new(env, &handlers, &honest);
    connect_pair(env, a, b);
    struct ipc_answer answer;
    struct ipc_message message = {ASK_ECHO, SLICE("still here"), HANDLE_NONE};
    assert_int_equal(channel_call(t, a, &message, &answer, env_now_ms(env) + TEST_PATIENCE_MS), IPC_OK);
    assert_slice(buffer_slice(&answer.body), "still here");
    ipc_answer_free(&answer);
    /* News come all the same: it is cut off. */
    uint8_t *bytes = calloc(1, KIB(512));
    struct ipc_message news = {1, slice_of(bytes, KIB(512)), HANDLE_NONE};
    for (int i = 0; i < 200 && channel_is_attached(cut); i++) {
        channel_notify(cut, &news);
        assert_int_equal(task_yield(t), WAIT_OK);
    }
    free(bytes);
    assert_false(channel_is_attached(cut));
    assert_int_equal(server.gone, 1);
    stream_close(&captured);
    channel_close(t, &cut);
    channel_close(t, &a);
    channel_close(t, &b);
}

static void who_does_not_read_is_cut_off_and_others_are_served(void **state) { task_test_run(deaf_body); }

struct much {
    struct channel *channel;
    uint32_t question;
    int done;
};

static void ask_much(struct task *t, void *argument) {
    struct much *much = argument;
    struct ipc_answer answer;
    struct ipc_message message = {much->question, SLICE_EMPTY, HANDLE_NONE};
    enum ipc_result result = channel_call(t, much->channel, &message, &answer, DEADLINE_NONE);
    if (result == IPC_OK && answer.body.len == MIB(1) - 100) much->done++;
    ipc_answer_free(&answer);
}

static void patience_body(struct task *t, struct env *env) {
    struct server server = {.env = env};
    struct channel *a = channel_new(env, &handlers, &server);
    struct channel *b = channel_new(env, &handlers, &server);
    connect_pair(env, a, b);
    struct scope scope;
    scope_init(&scope, env);
    enum { CALLERS = 200 };
    struct much much = {a, ASK_MUCH, 0};
    for (int i = 0; i < CALLERS; i++) assert_true(scope_spawn(&scope, ask_much, &much));
    int64_t until_ms = env_now_ms(env) + TEST_PATIENCE_MS;
    while (much.done < CALLERS && env_now_ms(env) < until_ms) assert_int_equal(task_sleep(t, 5), WAIT_OK);
    assert_int_equal(much.done, CALLERS);
    assert_int_equal(server.gone, 0);
    channel_close(t, &a);
    channel_close(t, &b);
    scope_close(t, &scope);
}

static void many_large_answers_at_once_only_take_their_time(void **state) { task_test_run(patience_body); }

/* Both sides ask each other, `count` times each. */
struct mutual {
    struct server server;
    struct channel *a;
    struct channel *b;
    struct scope scope;
    struct much from_a;
    struct much from_b;
};

static void mutual_begin(struct mutual *mutual, struct env *env, uint32_t question, int count) {
    mutual->server = (struct server){.env = env};
    gate_init(&mutual->server.let_go);
    mutual->a = channel_new(env, &handlers, &mutual->server);
    mutual->b = channel_new(env, &handlers, &mutual->server);
    connect_pair(env, mutual->a, mutual->b);
    scope_init(&mutual->scope, env);
    mutual->from_a = (struct much){mutual->a, question, 0};
    mutual->from_b = (struct much){mutual->b, question, 0};
    for (int i = 0; i < count; i++) {
        assert_true(scope_spawn(&mutual->scope, ask_much, &mutual->from_a));
        assert_true(scope_spawn(&mutual->scope, ask_much, &mutual->from_b));
    }
}

static void mutual_end(struct task *t, struct mutual *mutual, int count) {
    int64_t until_ms = env_now_ms(task_env(t)) + TEST_PATIENCE_MS;
    while (mutual->from_a.done + mutual->from_b.done < 2 * count && env_now_ms(task_env(t)) < until_ms)
        assert_int_equal(task_sleep(t, 5), WAIT_OK);
    int from_a = mutual->from_a.done;
    int from_b = mutual->from_b.done;
    int gone = mutual->server.gone;
    scope_close(t, &mutual->scope);
    channel_close(t, &mutual->a);
    channel_close(t, &mutual->b);
    assert_int_equal(from_a, count);
    assert_int_equal(from_b, count);
    assert_int_equal(gone, 0);
}

/* So many answers are made in the same moment that each side has more unsent than the other would read
   beside its own. */
static void both_full_body(struct task *t, struct env *env) {
    enum { ASKED = IPC_BACKLOG_BYTES_MAX / (1024 * 1024) + 8 };
    struct mutual mutual;
    mutual_begin(&mutual, env, ASK_MUCH_LATER, ASKED);
    while (mutual.server.held < 2 * ASKED) assert_int_equal(task_sleep(t, 1), WAIT_OK);
    gate_open(&mutual.server.let_go);
    mutual_end(t, &mutual, ASKED);
}

static void two_sides_with_much_to_say_both_get_rid_of_it(void **state) { task_test_run(both_full_body); }

/* The same where each side may have few requests of the other's under way, and has far more to ask. */
static void both_asked_enough_body(struct task *t, struct env *env) {
    enum { ASKED = 60 };
    const struct budgets *budgets = env->budgets;
    struct budgets narrow = *budgets;
    narrow.ipc_requests = 4;
    narrow.ipc_backlog_bytes = KIB(256);
    env->budgets = &narrow;
    struct mutual mutual;
    mutual_begin(&mutual, env, ASK_MUCH, ASKED);
    mutual_end(t, &mutual, ASKED);
    env->budgets = budgets;
}

static void two_sides_that_ask_more_than_is_served_at_once_both_get_all_answers(void **state) {
    task_test_run(both_asked_enough_body);
}

/* Who asks goes by what the other may have under way, those included that nobody waits for any more. */
static void abandoned_body(struct task *t, struct env *env) {
    const struct budgets *budgets = env->budgets;
    struct budgets narrow = *budgets;
    narrow.ipc_requests = 4;
    env->budgets = &narrow;
    struct server server = {.env = env};
    gate_init(&server.let_go);
    struct channel *a = channel_new(env, &handlers, &server);
    struct channel *b = channel_new(env, &handlers, &server);
    connect_pair(env, a, b);
    struct ipc_message message = {ASK_NEVER, SLICE_EMPTY, HANDLE_NONE};
    struct ipc_answer answer;
    for (int i = 0; i < 6; i++)
        assert_int_equal(channel_call(t, a, &message, &answer, env_now_ms(env) + 10), IPC_TIMEOUT);
    assert_int_equal(server.held, 4);
    gate_open(&server.let_go);
    message = (struct ipc_message){ASK_ECHO, SLICE("and now"), HANDLE_NONE};
    assert_int_equal(channel_call(t, a, &message, &answer, env_now_ms(env) + TEST_PATIENCE_MS), IPC_OK);
    assert_slice(buffer_slice(&answer.body), "and now");
    ipc_answer_free(&answer);
    channel_close(t, &a);
    channel_close(t, &b);
    env->budgets = budgets;
}

static void abandoned_questions_count_until_they_are_answered(void **state) { task_test_run(abandoned_body); }

static void nonsense_body(struct task *t, struct env *env) {
    struct server server = {.env = env};
    struct channel *channel = channel_new(env, &handlers, &server);
    struct stream *captured = captured_peer(env, channel);
    assert_int_equal(stream_write(t, captured, SLICE("GET / HTTP/1.1\r\n\r\n"), DEADLINE_NONE), 0);
    char byte;
    assert_int_equal(stream_read(t, captured, &byte, 1, env_now_ms(env) + TEST_PATIENCE_MS), 0);
    assert_int_equal(server.gone, 1);
    assert_false(channel_is_attached(channel));
    stream_close(&captured);
    channel_close(t, &channel);
}

static void who_speaks_nonsense_is_cut_off(void **state) { task_test_run(nonsense_body); }

static void count_orphan(void *context, const struct ipc_message *answer) {
    struct server *server = context;
    handle_close(server->env, answer->handle);
    if (answer->type == ASK_HANDLE || answer->type == ASK_SLOWLY) server->orphans++;
}

static void orphan_body(struct task *t, struct env *env) {
    struct server server = {.env = env};
    struct channel *a = channel_new(env, &handlers, &server);
    struct channel *b = channel_new(env, &handlers, &server);
    channel_on_orphan(a, count_orphan);
    connect_pair(env, a, b);
    struct ipc_answer answer;
    struct ipc_message message = {ASK_SLOWLY, SLICE("x"), HANDLE_NONE};
    assert_int_equal(channel_call(t, a, &message, &answer, env_now_ms(env) + 5), IPC_TIMEOUT);
    for (int i = 0; i < 500 && server.orphans == 0; i++) assert_int_equal(task_sleep(t, 10), WAIT_OK);
    assert_int_equal(server.orphans, 1);
    channel_close(t, &a);
    channel_close(t, &b);
}

static void a_late_answer_is_told_of(void **state) { task_test_run(orphan_body); }

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
        cmocka_unit_test(no_more_requests_are_begun_than_may_be_under_way),
        cmocka_unit_test(who_does_not_read_is_cut_off_and_others_are_served),
        cmocka_unit_test(many_large_answers_at_once_only_take_their_time),
        cmocka_unit_test(two_sides_with_much_to_say_both_get_rid_of_it),
        cmocka_unit_test(two_sides_that_ask_more_than_is_served_at_once_both_get_all_answers),
        cmocka_unit_test(abandoned_questions_count_until_they_are_answered),
        cmocka_unit_test(who_speaks_nonsense_is_cut_off),
        cmocka_unit_test(a_late_answer_is_told_of),
        cmocka_unit_test(packed_values_come_back_and_nonsense_is_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

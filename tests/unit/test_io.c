/* Tasks, timers, gates, streams, connections, TLS and lanes on the real loop. */
#include "test.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "certificate.h"
#include "io/conn.h"
#include "io/deflate.h"
#include "io/lane.h"
#include "io/real/loop.h"

struct bench {
    struct env *env;
    struct scope scope;
    int counter;
    void *extra;
};

static void run_in_task(void (*body)(struct task *t, struct bench *bench), void *extra);

struct runner {
    struct bench *bench;
    void (*body)(struct task *t, struct bench *bench);
};

static void runner_main(struct task *t, void *argument) {
    struct runner *runner = argument;
    runner->body(t, runner->bench);
    scope_close(t, &runner->bench->scope);
    real_env_stop(runner->bench->env);
}

/* A loop that lives as long as one task's body. */
static void run_in_task(void (*body)(struct task *t, struct bench *bench), void *extra) {
    struct bench bench = {.env = real_env_new(NULL), .extra = extra};
    struct scope outer;
    scope_init(&outer, bench.env);
    scope_init(&bench.scope, bench.env);
    struct runner runner = {&bench, body};
    assert_true(scope_spawn(&outer, runner_main, &runner));
    real_env_run(bench.env);
    real_env_free(&bench.env);
}

static void sleeper(struct task *t, void *argument) {
    struct bench *bench = argument;
    if (task_sleep(t, 1000000) == WAIT_CANCELLED) bench->counter++;
}

static void closing_body(struct task *t, struct bench *bench) {
    for (int i = 0; i < 10; i++) assert_true(scope_spawn(&bench->scope, sleeper, bench));
    assert_int_equal(task_sleep(t, 5), WAIT_OK);
    scope_close(t, &bench->scope);
    assert_int_equal(bench->counter, 10);
    assert_false(scope_spawn(&bench->scope, sleeper, bench));
}

static void closing_a_scope_cancels_and_joins_its_tasks(void **state) { run_in_task(closing_body, NULL); }

static void counter(struct task *t, void *argument) {
    (void)t;
    ((struct bench *)argument)->counter++;
}

/* The kernel gives a process 65,530 mappings by default (vm.max_map_count); a stack takes two. */
static void crowd_body(struct task *t, struct bench *bench) {
    for (int i = 0; i < 40000; i++) assert_true(scope_spawn(&bench->scope, counter, bench));
    assert_int_equal(task_sleep(t, 5), WAIT_OK);
    assert_int_equal(bench->counter, 40000);
}

static void more_tasks_can_start_at_once_than_there_can_be_stacks(void **state) {
    (void)state;
    run_in_task(crowd_body, NULL);
}

static void timers_body(struct task *t, struct bench *bench) {
    struct timer timers[100];
    struct timer_heap heap;
    timer_heap_init(&heap);
    for (int i = 0; i < 100; i++) timer_init(&timers[i], NULL);
    for (int i = 0; i < 100; i++) timer_arm(&heap, &timers[i], (i * 37) % 100);
    for (int i = 0; i < 100; i += 2) timer_disarm(&heap, &timers[i]);
    int64_t last = -1;
    while (timer_heap_next_ms(&heap) != DEADLINE_NONE) {
        struct timer *first = heap.timers[0];
        assert_true(first->at_ms >= last);
        last = first->at_ms;
        timer_disarm(&heap, first);
        bench->counter++;
    }
    assert_int_equal(bench->counter, 50);
    timer_heap_free(&heap);
}

/* The loop's clock stands still while work runs: the timer is due before the loop polls. */
static void late_body(struct task *t, struct bench *bench) {
    (void)bench;
    struct env *env = task_env(t);
    struct handle pair[2];
    assert_int_equal(stream_pair(env, pair), 0);
    struct stream *quiet = stream_adopt(env, pair[0]);
    stream_watch_readable(quiet, (struct waker){task_wake_callback, t});
    (void)usleep(20000);
    assert_int_equal(task_sleep(t, 5), WAIT_OK);
    stream_unwatch(quiet);
    stream_close(&quiet);
    handle_close(env, pair[1]);
}

static void a_pause_that_is_over_before_the_loop_polls_ends(void **state) {
    (void)state;
    run_in_task(late_body, NULL);
}

static void timers_come_in_order(void **state) { run_in_task(timers_body, NULL); }

static void gate_passer(struct task *t, void *argument) {
    void **both = argument;
    struct bench *bench = both[0];
    if (gate_wait(t, both[1], DEADLINE_NONE) == WAIT_OK) bench->counter++;
}

static void gate_body(struct task *t, struct bench *bench) {
    struct gate gate;
    gate_init(&gate);
    void *both[2] = {bench, &gate};
    for (int i = 0; i < 5; i++) assert_true(scope_spawn(&bench->scope, gate_passer, both));
    assert_int_equal(task_yield(t), WAIT_OK);
    gate_open_one(&gate);
    assert_int_equal(task_yield(t), WAIT_OK);
    assert_int_equal(bench->counter, 1);
    gate_open(&gate);
    assert_int_equal(task_yield(t), WAIT_OK);
    assert_int_equal(bench->counter, 5);
    assert_int_equal(gate_wait(t, &gate, env_now_ms(bench->env) + 2), WAIT_TIMEOUT);
}

static void gates_let_one_or_all_through(void **state) { run_in_task(gate_body, NULL); }

static void double_it(void *argument) { *(int *)argument *= 2; }

static void lane_body(struct task *t, struct bench *bench) {
    struct lane *lane = lane_open(bench->env, "test", 2);
    int number = 21;
    lane_run(t, lane, double_it, &number);
    assert_int_equal(number, 42);
    lane_close(&lane);
    assert_null(lane);
}

static void lanes_run_jobs_elsewhere(void **state) { run_in_task(lane_body, NULL); }

static void handles_body(struct task *t, struct bench *bench) {
    struct handle outer[2];
    struct handle inner[2];
    assert_int_equal(stream_pair(bench->env, outer), 0);
    assert_int_equal(stream_pair(bench->env, inner), 0);
    struct stream *a = stream_adopt(bench->env, outer[0]);
    struct stream *b = stream_adopt(bench->env, outer[1]);
    b->carries_handles = true;
    assert_int_equal(a->ops->send_handle(a, SLICE("x"), inner[0]), 1);
    handle_close(bench->env, inner[0]);
    char byte;
    assert_int_equal(stream_read(t, b, &byte, 1, DEADLINE_NONE), 1);
    struct handle received;
    assert_true(b->ops->take_handle(b, &received));
    struct stream *c = stream_adopt(bench->env, received);
    struct stream *d = stream_adopt(bench->env, inner[1]);
    assert_int_equal(stream_write(t, c, SLICE("hello"), DEADLINE_NONE), 0);
    char text[5];
    assert_int_equal(stream_read(t, d, text, 5, DEADLINE_NONE), 5);
    assert_memory_equal(text, "hello", 5);
    assert_int_equal(stream_read(t, d, text, 5, env_now_ms(bench->env) + 2), -ETIMEDOUT);
    stream_close(&c);
    assert_int_equal(stream_read(t, d, text, 5, DEADLINE_NONE), 0);
    stream_close(&a);
    stream_close(&b);
    stream_close(&d);
}

struct reading {
    struct stream *stream;
    bool has_read;
};

static void read_one(struct task *t, void *argument) {
    struct reading *reading = argument;
    char byte;
    assert_int_equal(stream_read(t, reading->stream, &byte, 1, DEADLINE_NONE), 1);
    reading->has_read = true;
}

static void yield_body(struct task *t, struct bench *bench) {
    struct handle pair[2];
    assert_int_equal(stream_pair(bench->env, pair), 0);
    struct stream *a = stream_adopt(bench->env, pair[0]);
    struct reading reading = {.stream = stream_adopt(bench->env, pair[1])};
    assert_true(scope_spawn(&bench->scope, read_one, &reading));
    assert_int_equal(task_yield(t), WAIT_OK);
    assert_int_equal(stream_write(t, a, SLICE("x"), DEADLINE_NONE), 0);
    for (int i = 0; i < 10 && !reading.has_read; i++) assert_int_equal(task_yield(t), WAIT_OK);
    assert_true(reading.has_read);
    int64_t before_ms = env_now_ms(bench->env);
    for (int i = 0; i < 10000000 && env_now_ms(bench->env) < before_ms + 2; i++)
        assert_int_equal(task_yield(t), WAIT_OK);
    assert_true(env_now_ms(bench->env) >= before_ms + 2);
    stream_close(&a);
    stream_close(&reading.stream);
}

static void a_task_that_yields_lets_input_and_time_in(void **state) { run_in_task(yield_body, NULL); }

/* What another role may send in place of a connection. */
static void impostors_body(struct task *t, struct bench *bench) {
    (void)t;
    struct listen_request request = {"127.0.0.1", 0};
    struct handle listener;
    struct handle pair[2];
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(listen_open(bench->env, &request, &listener), 0);
    assert_int_equal(stream_pair(bench->env, pair), 0);
    int impostors[] = {open("/dev/null", O_RDWR),       open("/proc/self/exe", O_RDONLY),
                       epoll_create1(EPOLL_CLOEXEC),    pipes[0],
                       socket(AF_INET, SOCK_DGRAM, 0),  socket(AF_UNIX, SOCK_SEQPACKET, 0),
                       socket(AF_NETLINK, SOCK_RAW, 0), listener.fd};
    for (size_t i = 0; i < sizeof impostors / sizeof impostors[0]; i++) {
        assert_true(impostors[i] >= 0);
        assert_false(handle_is_stream(bench->env, (struct handle){impostors[i], NULL}));
        (void)close(impostors[i]);
    }
    assert_false(handle_is_stream(bench->env, HANDLE_NONE));
    assert_true(handle_is_stream(bench->env, pair[0]));
    int tcp = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(handle_is_stream(bench->env, (struct handle){tcp, NULL}));
    (void)close(tcp);
    (void)close(pipes[1]);
    handle_close(bench->env, pair[0]);
    handle_close(bench->env, pair[1]);
}

static void only_a_stream_socket_is_taken_for_a_connection(void **state) {
    run_in_task(impostors_body, NULL);
}

/* Whoever shares a socket can make it a blocking one. */
static void blocking_body(struct task *t, struct bench *bench) {
    (void)t;
    struct handle pair[2];
    char byte;
    assert_int_equal(stream_pair(bench->env, pair), 0);
    int shared = dup(pair[0].fd);
    struct stream *a = stream_adopt(bench->env, pair[0]);
    struct stream *b = stream_adopt(bench->env, pair[1]);
    assert_int_equal(fcntl(shared, F_SETFL, 0), 0);
    assert_int_equal(a->ops->read(a, &byte, 1), -EAGAIN);
    a->carries_handles = true;
    assert_int_equal(a->ops->read(a, &byte, 1), -EAGAIN);
    uint8_t *bytes = calloc(1, MIB(1));
    ssize_t put = 1;
    while (put > 0) put = a->ops->write(a, slice_of(bytes, MIB(1)));
    assert_int_equal(put, -EAGAIN);
    free(bytes);
    (void)close(shared);
    stream_close(&a);
    stream_close(&b);
}

static void no_read_or_write_blocks_whatever_others_do_to_the_socket(void **state) {
    run_in_task(blocking_body, NULL);
}

/* The descriptor a new file would get now. */
static int next_descriptor(void) {
    int fd = dup(STDERR_FILENO);
    assert_true(fd >= 0);
    (void)close(fd);
    return fd;
}

static void set_descriptors(rlim_t most) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = most;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void lost_handle_body(struct task *t, struct bench *bench) {
    (void)t;
    struct handle outer[2];
    struct handle inner[2];
    assert_int_equal(stream_pair(bench->env, outer), 0);
    assert_int_equal(stream_pair(bench->env, inner), 0);
    struct stream *a = stream_adopt(bench->env, outer[0]);
    struct stream *b = stream_adopt(bench->env, outer[1]);
    b->carries_handles = true;
    assert_int_equal(a->ops->send_handle(a, SLICE("x"), inner[0]), 1);
    assert_int_equal(a->ops->send_handle(a, SLICE("y"), inner[1]), 1);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    char byte;
    set_descriptors((rlim_t)next_descriptor());
    assert_int_equal(b->ops->read(b, &byte, 1), 1);
    set_descriptors(before.rlim_cur);
    assert_int_equal(b->ops->read(b, &byte, 1), 1);
    struct handle first;
    struct handle second;
    assert_true(b->ops->take_handle(b, &first));
    assert_true(b->ops->take_handle(b, &second));
    assert_true(handle_is_none(first));
    assert_false(handle_is_none(second));
    handle_close(bench->env, second);
    handle_close(bench->env, inner[0]);
    handle_close(bench->env, inner[1]);
    stream_close(&a);
    stream_close(&b);
}

static void a_handle_that_is_lost_is_not_mistaken_for_the_next(void **state) {
    run_in_task(lost_handle_body, NULL);
}

static void a_stream_can_be_handed_to_another_role(void **state) { run_in_task(handles_body, NULL); }

/* A session that answers each line with the line, knows STARTTLS, and BYE. */
struct echo {
    struct conn conn;
    struct tls_context *tls;
    int *closed;
};

static enum frame_state echo_frame(void *session, struct slice input, size_t *len) {
    size_t end = slice_find_byte(input, '\n');
    if (end == SLICE_NOT_FOUND) return FRAME_MORE;
    *len = end + 1;
    return FRAME_COMMAND;
}

static void echo_command(struct task *t, void *session, struct slice command) {
    struct echo *echo = session;
    if (slice_equal(command, SLICE("STARTTLS\n"))) {
        conn_write(&echo->conn, SLICE("go\n"));
        (void)!conn_start_tls(t, &echo->conn, echo->tls);
        return;
    }
    conn_write(&echo->conn, command);
    if (slice_equal(command, SLICE("BYE\n"))) conn_close(&echo->conn);
}

static void echo_expired(struct task *t, void *session) {
    struct echo *echo = session;
    conn_write(&echo->conn, SLICE("late\n"));
}

static void echo_closed(void *session) {
    struct echo *echo = session;
    (*echo->closed)++;
    free(echo);
}

static const struct session_ops echo_ops = {
    .frame = echo_frame, .command = echo_command, .expired = echo_expired, .closed = echo_closed};

static struct stream *echo_start(struct bench *bench, struct conn_group *group, struct tls_context *tls,
                                 int64_t idle_ms) {
    struct handle pair[2];
    assert_int_equal(stream_pair(bench->env, pair), 0);
    struct echo *echo = calloc(1, sizeof *echo);
    assert_non_null(echo);
    conn_init(&echo->conn, stream_adopt(bench->env, pair[0]), &echo_ops, echo, group, 4096);
    echo->tls = tls;
    echo->closed = &bench->counter;
    conn_set_idle_ms(&echo->conn, idle_ms);
    conn_start(&echo->conn, NULL);
    return stream_adopt(bench->env, pair[1]);
}

static void expect(struct task *t, struct stream *stream, const char *text) {
    char got[256];
    size_t len = 0;
    while (len < strlen(text)) {
        ssize_t more =
            stream_read(t, stream, got + len, strlen(text) - len, env_now_ms(task_env(t)) + TEST_PATIENCE_MS);
        assert_true(more > 0);
        len += (size_t)more;
    }
    assert_memory_equal(got, text, len);
}

static void conn_body(struct task *t, struct bench *bench) {
    struct conn_group group;
    conn_group_init(&group, bench->env);
    struct stream *client = echo_start(bench, &group, NULL, 60000);
    assert_int_equal(stream_write(t, client, SLICE("one\ntwo\nth"), DEADLINE_NONE), 0);
    expect(t, client, "one\ntwo\n");
    assert_int_equal(stream_write(t, client, SLICE("ree\nBYE\nignored\n"), DEADLINE_NONE), 0);
    expect(t, client, "three\nBYE\n");
    char byte;
    assert_int_equal(stream_read(t, client, &byte, 1, DEADLINE_NONE), 0);
    assert_int_equal(bench->counter, 1);
    stream_close(&client);

    struct stream *slow = echo_start(bench, &group, NULL, 5);
    expect(t, slow, "late\n");
    assert_int_equal(stream_read(t, slow, &byte, 1, DEADLINE_NONE), 0);
    stream_close(&slow);

    struct stream *left = echo_start(bench, &group, NULL, 60000);
    assert_int_equal(task_sleep(t, 2), WAIT_OK);
    conn_group_close(t, &group);
    assert_int_equal(bench->counter, 3);
    stream_close(&left);
}

static void connections_serve_pipelined_commands_and_end(void **state) { run_in_task(conn_body, NULL); }

static void starttls_body(struct task *t, struct bench *bench) {
    const char *reason = NULL;
    struct tls_context *server =
        tls_context_server(slice_from_text(test_certificate), slice_from_text(test_key), &reason);
    assert_null(reason);
    struct tls_context *client_context = tls_context_client();
    struct conn_group group;
    conn_group_init(&group, bench->env);
    struct stream *client = echo_start(bench, &group, server, 60000);
    /* What is sent in the clear behind STARTTLS must never be run. */
    assert_int_equal(stream_write(t, client, SLICE("STARTTLS\ninjected\n"), DEADLINE_NONE), 0);
    expect(t, client, "go\n");
    assert_int_equal(tls_connect(t, &client, client_context, env_now_ms(bench->env) + TEST_PATIENCE_MS), 0);
    assert_true(client->security.is_tls);
    assert_string_equal(client->security.protocol, "TLSv1.3");
    assert_int_equal(stream_write(t, client, SLICE("safe\nBYE\n"), DEADLINE_NONE), 0);
    expect(t, client, "safe\nBYE\n");
    char byte;
    assert_int_equal(stream_read(t, client, &byte, 1, DEADLINE_NONE), 0);
    stream_close(&client);
    conn_group_close(t, &group);
    tls_context_free(&server);
    tls_context_free(&client_context);
}

static void starttls_forgets_what_was_sent_in_the_clear(void **state) { run_in_task(starttls_body, NULL); }

/* What tls_connect_to says of a server with the test's certificate. */
static int connect_to(struct task *t, struct bench *bench, struct tls_context *server,
                      struct tls_context *trusting, struct tls_peer *peer) {
    struct conn_group group;
    conn_group_init(&group, bench->env);
    struct stream *client = echo_start(bench, &group, server, 60000);
    assert_int_equal(stream_write(t, client, SLICE("STARTTLS\n"), DEADLINE_NONE), 0);
    expect(t, client, "go\n");
    int result = tls_connect_to(t, &client, trusting, peer, env_now_ms(bench->env) + TEST_PATIENCE_MS);
    assert_true((result == 0) == (client != NULL));
    stream_close(&client);
    conn_group_close(t, &group);
    return result;
}

static void trusting_body(struct task *t, struct bench *bench) {
    const char *reason = NULL;
    struct tls_context *server =
        tls_context_server(slice_from_text(test_certificate), slice_from_text(test_key), &reason);
    struct tls_context *trusting = tls_context_client_trusting(slice_from_text(test_certificate), &reason);
    struct tls_peer right = {.name = "mail.example.test"};
    struct tls_peer wrong = {.name = "example.test"};
    struct tls_peer address = {.name = "192.0.2.1"};
    assert_null(reason);
    assert_int_equal(connect_to(t, bench, server, trusting, &right), 0);
    assert_null(right.fault);
    assert_int_equal(connect_to(t, bench, server, trusting, &wrong), -EKEYREJECTED);
    assert_non_null(strstr(wrong.fault, "ostname mismatch"));
    assert_int_equal(connect_to(t, bench, server, trusting, &address), -EKEYREJECTED);
    assert_non_null(strstr(address.fault, "IP address mismatch"));
    tls_context_free(&trusting);
    assert_null(tls_context_client_trusting(SLICE("no certificate"), &reason));
    assert_non_null(reason);
    tls_context_free(&server);
}

static void a_certificate_must_be_for_the_name_that_was_meant(void **state) {
    run_in_task(trusting_body, NULL);
}

/* Of a CA that has nothing to do with the test's certificate. */
static const char other_root[] = "-----BEGIN CERTIFICATE-----\n"
                                 "MIIBkDCCATagAwIBAgITHBexcXLvRgk8R7y6sTwpV8Oz9TAKBggqhkjOPQQDAjAd\n"
                                 "MRswGQYDVQQDDBJvdGhlci5leGFtcGxlLnRlc3QwIBcNMjYxMTI5MjMxNzQxWhgP\n"
                                 "MjEyNjExMDUyMzE3NDFaMB0xGzAZBgNVBAMMEm90aGVyLmV4YW1wbGUudGVzdDBZ\n"
                                 "MBMGByqGSM49AgEGCCqGSM49AwEHA0IABEwEnWMyMa8c0hm1zFkWz0FDw7VKHO31\n"
                                 "Up6NdZt1NlEdE6fCXQD/QwyRdFgikJfx/326YK/weeDBxGzEz37KCqejUzBRMB0G\n"
                                 "A1UdDgQWBBSII1gQP7AkhkYya/2iEyMuoT6jjTAfBgNVHSMEGDAWgBSII1gQP7Ak\n"
                                 "hkYya/2iEyMuoT6jjTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUC\n"
                                 "IQC5344YS/22F6ULCbB/6M8CEYsbK/VkUubjxMrl94r86QIgd8arq2NrmOx2VuTW\n"
                                 "kkZ4B4dctHblNQ9K6C7DOf8qOfg=\n"
                                 "-----END CERTIFICATE-----\n";

/* All but the first are read when the first connection needs them. */
static void many_roots_body(struct task *t, struct bench *bench) {
    const char *reason = NULL;
    char both[sizeof other_root + sizeof test_certificate];
    (void)snprintf(both, sizeof both, "%s%s", other_root, test_certificate);
    struct tls_context *server =
        tls_context_server(slice_from_text(test_certificate), slice_from_text(test_key), &reason);
    struct tls_context *first = tls_context_client_trusting(slice_from_text(other_root), &reason);
    struct tls_context *all = tls_context_client_trusting(slice_from_text(both), &reason);
    struct tls_peer peer = {.name = "mail.example.test"};
    assert_int_equal(connect_to(t, bench, server, first, &peer), -EKEYREJECTED);
    assert_int_equal(connect_to(t, bench, server, all, &peer), 0);
    assert_int_equal(connect_to(t, bench, server, all, &peer), 0);
    tls_context_free(&all);
    tls_context_free(&first);
    tls_context_free(&server);
}

static void each_of_many_roots_is_trusted(void **state) { run_in_task(many_roots_body, NULL); }

/* A server's context that was made like another shows the same, and outlives it. */
static void like_body(struct task *t, struct bench *bench) {
    const char *reason = NULL;
    struct tls_context *server =
        tls_context_server(slice_from_text(test_certificate), slice_from_text(test_key), &reason);
    struct tls_context *like = tls_context_like(server);
    struct tls_context *trusting = tls_context_client_trusting(slice_from_text(test_certificate), &reason);
    struct tls_peer peer = {.name = "mail.example.test"};
    tls_context_set_alpn(server, "imap");
    tls_context_set_alpn(like, "smtp");
    assert_int_equal(connect_to(t, bench, server, trusting, &peer), 0);
    tls_context_free(&server);
    assert_int_equal(connect_to(t, bench, like, trusting, &peer), 0);
    tls_context_free(&like);
    tls_context_free(&trusting);
}

static void contexts_share_what_they_show(void **state) { run_in_task(like_body, NULL); }

/* ---- DEFLATE ---- */

enum { DEFLATED_BYTES = 300000 };

struct deflated {
    struct stream *ends[2];
    struct buffer sent;
};

static void open_pair(struct env *env, struct stream *ends[2]) {
    struct handle pair[2];
    assert_int_equal(stream_pair(env, pair), 0);
    for (size_t i = 0; i < 2; i++) ends[i] = stream_adopt(env, pair[i]);
}

static void write_all(struct task *t, void *argument) {
    struct deflated *deflated = argument;
    assert_int_equal(stream_write(t, deflated->ends[0], buffer_slice(&deflated->sent), DEADLINE_NONE), 0);
}

/* Half of it repeats itself, half does not; it is read in pieces of all sizes while it is written. */
static void deflate_body(struct task *t, struct bench *bench) {
    struct deflated deflated = {.sent = buffer_new(DEFLATED_BYTES)};
    open_pair(bench->env, deflated.ends);
    for (size_t i = 0; i < 2; i++) stream_deflate(&deflated.ends[i]);
    for (uint32_t i = 0, x = 1; i < DEFLATED_BYTES; i++, x = x * 1664525 + 1013904223)
        buffer_append_byte(&deflated.sent, i / 50000 % 2 ? (uint8_t)(x >> 24) : (uint8_t)(i % 77));
    assert_true(scope_spawn(&bench->scope, write_all, &deflated));
    uint8_t piece[5000];
    for (size_t at = 0, want = 1; at < DEFLATED_BYTES; want = want * 7 % 4999 + 1) {
        ssize_t got = stream_read(t, deflated.ends[1], piece, want, DEADLINE_NONE);
        assert_true(got > 0);
        assert_memory_equal(piece, deflated.sent.ptr + at, (size_t)got);
        at += (size_t)got;
    }
    /* The other way, and the end. */
    assert_int_equal(stream_write(t, deflated.ends[1], SLICE("ok"), DEADLINE_NONE), 0);
    expect(t, deflated.ends[0], "ok");
    stream_close(&deflated.ends[0]);
    assert_int_equal(stream_read(t, deflated.ends[1], piece, 1, DEADLINE_NONE), 0);
    stream_close(&deflated.ends[1]);
    buffer_free(&deflated.sent);
}

static void bytes_pass_compressed_whatever_the_pieces(void **state) { run_in_task(deflate_body, NULL); }

/* One end rests between any two messages, the other never does and refers to what it sent before. */
static void rest_body(struct task *t, struct bench *bench) {
    static const char text[] = "It is a truth universally acknowledged, that a single man in possession of ";
    struct stream *ends[2];
    open_pair(bench->env, ends);
    for (size_t i = 0; i < 2; i++) stream_deflate(&ends[i]);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(stream_write(t, ends[0], slice_from_text(text), DEADLINE_NONE), 0);
        expect(t, ends[1], text);
        assert_int_equal(stream_write(t, ends[1], slice_from_text(text), DEADLINE_NONE), 0);
        expect(t, ends[0], text);
        uint8_t byte;
        assert_int_equal(ends[1]->ops->read(ends[1], &byte, 1), -EAGAIN);
        for (int rests = 0; rests <= i % 3; rests++) ends[1]->ops->rest(ends[1]);
    }
    stream_close(&ends[0]);
    stream_close(&ends[1]);
}

static void compression_goes_on_after_a_rest(void **state) { run_in_task(rest_body, NULL); }

/* What a peer sends raw, and what the next read makes of it. */
static ssize_t read_of(struct task *t, struct bench *bench, struct slice raw, size_t times) {
    struct stream *ends[2];
    uint8_t byte;
    open_pair(bench->env, ends);
    stream_deflate(&ends[1]);
    struct deflated peer = {.ends = {ends[0], NULL}, .sent = buffer_new(MIB(1))};
    for (size_t i = 0; i < times; i++) buffer_append(&peer.sent, raw);
    assert_true(scope_spawn(&bench->scope, write_all, &peer));
    ssize_t got = stream_read(t, ends[1], &byte, 1, env_now_ms(bench->env) + 50);
    stream_close(&ends[1]);
    assert_int_equal(task_sleep(t, 1), WAIT_OK);
    stream_close(&ends[0]);
    buffer_free(&peer.sent);
    return got;
}

static void bad_deflate_body(struct task *t, struct bench *bench) {
    /* An empty stored block, as a flush makes it; one that is the last; a block of no known kind. */
    assert_int_equal(read_of(t, bench, SLICE("\0\0\0\xff\xff"), 1), -ETIMEDOUT);
    assert_int_equal(read_of(t, bench, SLICE("\0\0\0\xff\xff"), DEFLATE_SILENT_BYTES_MAX / 5 + 2000),
                     -EPROTO);
    assert_int_equal(read_of(t, bench, SLICE("\1\0\0\xff\xff"), 1), 0);
    assert_int_equal(read_of(t, bench, SLICE("\xff\xff\xff"), 1), -EPROTO);
    assert_int_equal(read_of(t, bench, SLICE("a NOOP\r\n"), 1), -EPROTO);
}

static void what_is_no_deflate_or_stands_for_nothing_ends_the_stream(void **state) {
    run_in_task(bad_deflate_body, NULL);
}

static int eat_stack(int depth) {
    volatile char frame[4096];
    frame[0] = (char)depth;
    return depth > 0 ? eat_stack(depth - 1) + frame[0] : frame[0];
}

static void overrun_body(struct task *t, struct bench *bench) { bench->counter = eat_stack(1 << 20); }

/* In a child process: it must die of a signal at the guard page, not run on over other memory. */
static void a_stack_overrun_dies_at_the_guard_page(void **state) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr)) _exit(2);
        run_in_task(overrun_body, NULL);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closing_a_scope_cancels_and_joins_its_tasks),
        cmocka_unit_test(more_tasks_can_start_at_once_than_there_can_be_stacks),
        cmocka_unit_test(timers_come_in_order),
        cmocka_unit_test(a_pause_that_is_over_before_the_loop_polls_ends),
        cmocka_unit_test(gates_let_one_or_all_through),
        cmocka_unit_test(lanes_run_jobs_elsewhere),
        cmocka_unit_test(a_stream_can_be_handed_to_another_role),
        cmocka_unit_test(only_a_stream_socket_is_taken_for_a_connection),
        cmocka_unit_test(no_read_or_write_blocks_whatever_others_do_to_the_socket),
        cmocka_unit_test(a_task_that_yields_lets_input_and_time_in),
        cmocka_unit_test(a_handle_that_is_lost_is_not_mistaken_for_the_next),
        cmocka_unit_test(connections_serve_pipelined_commands_and_end),
        cmocka_unit_test(starttls_forgets_what_was_sent_in_the_clear),
        cmocka_unit_test(a_certificate_must_be_for_the_name_that_was_meant),
        cmocka_unit_test(each_of_many_roots_is_trusted),
        cmocka_unit_test(contexts_share_what_they_show),
        cmocka_unit_test(bytes_pass_compressed_whatever_the_pieces),
        cmocka_unit_test(compression_goes_on_after_a_rest),
        cmocka_unit_test(what_is_no_deflate_or_stands_for_nothing_ends_the_stream),
        cmocka_unit_test(a_stack_overrun_dies_at_the_guard_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

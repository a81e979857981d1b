/* The simulator keeps its promises: replay, network, TLS, death, disk, SQLite. */
#include "test.h"

#include "io/conn.h"
#include "io/lane.h"
#include "io/sim/sim.h"

/* One world with two machines, and what its processes tell the test. */
struct bench {
    struct sim_world *world;
    struct sim_machine *host;
    struct sim_machine *away;
    struct env *server;
    struct env *client;
    void (*body)(struct task *t, struct bench *bench);
    uint64_t trace;
    int counter;
    int closed;
    struct work late;
    bool is_done;
    bool is_failed;
    struct peer peer;
    struct tls_context *tls;
    struct handle handle;
    struct handle other_handle;
};

static void bench_open(struct bench *bench, uint64_t seed) {
    *bench = (struct bench){.world = sim_world_new(seed)};
    bench->host = sim_machine_new(bench->world, "host", "192.0.2.1");
    bench->away = sim_machine_new(bench->world, "away", "198.51.100.7");
    sim_machine_make_folder(bench->host, "/data");
    bench->tls = sim_tls_context(bench->world);
}

static void bench_close(struct bench *bench) {
    bench->trace = sim_world_trace(bench->world);
    sim_world_free(&bench->world);
    assert_null(bench->world);
}

static bool is_done(void *context) { return ((struct bench *)context)->is_done; }

static void run_body(struct task *t, void *argument) {
    struct bench *bench = argument;
    bench->body(t, bench);
    bench->is_done = true;
}

static void run_on(struct bench *bench, struct sim_machine *machine,
                   void (*body)(struct task *t, struct bench *bench)) {
    bench->body = body;
    bench->is_done = false;
    (void)sim_process_start(machine, "body", run_body, bench);
    assert_true(sim_world_run_until(bench->world, is_done, bench, 600000));
}

/* Runs one process's body on the host of a new world. */
static void run_alone(uint64_t seed, void (*body)(struct task *t, struct bench *bench)) {
    struct bench bench;
    bench_open(&bench, seed);
    run_on(&bench, bench.host, body);
    bench_close(&bench);
}

static void sleep_until_stopped(struct task *t) {
    while (task_sleep(t, 3600000) == WAIT_OK) continue;
}

/* An echo server: answers each line with the line, knows STARTTLS and BYE. */
struct echo {
    struct conn conn;
    struct bench *bench;
};

struct echo_server {
    struct conn_group group;
    struct bench *bench;
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
        (void)!conn_start_tls(t, &echo->conn, echo->bench->tls);
        return;
    }
    conn_write(&echo->conn, command);
    if (slice_equal(command, SLICE("BYE\n"))) conn_close(&echo->conn);
}

static void echo_closed(void *session) {
    struct echo *echo = session;
    echo->bench->closed++;
    free(echo);
}

static const struct session_ops echo_ops = {
    .frame = echo_frame, .command = echo_command, .closed = echo_closed};

static void echo_accept(void *context, struct stream *stream) {
    struct echo_server *server = context;
    struct echo *echo = calloc(1, sizeof *echo);
    assert_non_null(echo);
    echo->bench = server->bench;
    echo->bench->peer = stream->peer;
    conn_init(&echo->conn, stream, &echo_ops, echo, &server->group, 1 << 20);
    conn_start(&echo->conn, NULL);
}

static void echo_main(struct task *t, void *argument) {
    struct echo_server server = {.bench = argument};
    struct handle handle;
    conn_group_init(&server.group, task_env(t));
    assert_int_equal(listen_open(task_env(t), &(struct listen_request){"0.0.0.0", 25}, &handle), 0);
    struct listener *listener = listener_adopt(task_env(t), handle, echo_accept, &server);
    sleep_until_stopped(t);
    listener_close(&listener);
    conn_group_close(t, &server.group);
}

static const struct connect_request to_echo = {.address = "192.0.2.1", .port = 25};

static int64_t soon(struct task *t) { return env_now_ms(task_env(t)) + 60000; }

/* Reads exactly this text. */
static void expect(struct task *t, struct stream *stream, const char *text) {
    char got[256];
    size_t len = 0;
    while (len < strlen(text)) {
        ssize_t more = stream_read(t, stream, got + len, strlen(text) - len, soon(t));
        assert_true(more > 0);
        len += (size_t)more;
    }
    assert_memory_equal(got, text, len);
}

static struct stream *connect_to_echo(struct task *t) {
    struct stream *stream = NULL;
    assert_int_equal(stream_connect(t, task_env(t), &to_echo, soon(t), &stream), 0);
    return stream;
}

static void echo_client(struct task *t, struct bench *bench) {
    struct stream *stream = connect_to_echo(t);
    assert_string_equal(stream->peer.address, "192.0.2.1");
    assert_int_equal(stream->peer.port, 25);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(stream_write(t, stream, SLICE("one\ntwo\nth"), soon(t)), 0);
        expect(t, stream, "one\ntwo\n");
        assert_int_equal(stream_write(t, stream, SLICE("ree\n"), soon(t)), 0);
        expect(t, stream, "three\n");
    }
    assert_int_equal(stream_write(t, stream, SLICE("BYE\n"), soon(t)), 0);
    expect(t, stream, "BYE\n");
    char byte;
    assert_int_equal(stream_read(t, stream, &byte, 1, soon(t)), 0);
    stream_close(&stream);
}

static uint64_t echo_world(uint64_t seed) {
    struct bench bench;
    bench_open(&bench, seed);
    bench.server = sim_process_start(bench.host, "server", echo_main, &bench);
    sim_world_run_for(bench.world, 10);
    run_on(&bench, bench.away, echo_client);
    assert_string_equal(bench.peer.address, "198.51.100.7");
    assert_false(bench.peer.is_loopback);
    sim_process_stop(bench.server);
    sim_world_run_for(bench.world, 1000);
    assert_true(sim_process_has_ended(bench.server));
    assert_int_equal(bench.closed, 1);
    bench_close(&bench);
    return bench.trace;
}

static void the_same_seed_gives_the_same_run(void **state) {
    uint64_t last = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        uint64_t trace = echo_world(seed);
        assert_true(trace == echo_world(seed));
        assert_true(trace != last);
        last = trace;
    }
}

/* Much data against a window, both ways, checked byte by byte. */
enum { BULK_BYTES = 300000 };

static void bulk_sender(struct task *t, void *argument) {
    struct stream *stream = argument;
    uint8_t bytes[1000];
    for (size_t at = 0; at < BULK_BYTES; at += sizeof bytes) {
        for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)((at + i) * 31 >> 3);
        assert_int_equal(stream_write(t, stream, slice_of(bytes, sizeof bytes), DEADLINE_NONE), 0);
    }
    stream->ops->shutdown(stream);
}

static void bulk_body(struct task *t, struct bench *bench) {
    struct handle pair[2];
    struct scope scope;
    assert_int_equal(stream_pair(task_env(t), pair), 0);
    struct stream *a = stream_adopt(task_env(t), pair[0]);
    struct stream *b = stream_adopt(task_env(t), pair[1]);
    sim_world_network(bench->world)->window_bytes = 5000;
    scope_init(&scope, task_env(t));
    assert_true(scope_spawn(&scope, bulk_sender, a));
    uint8_t bytes[777];
    size_t at = 0;
    for (ssize_t got = 1; got; at += (size_t)got) {
        got = stream_read(t, b, bytes, sizeof bytes, DEADLINE_NONE);
        assert_true(got >= 0);
        for (size_t i = 0; i < (size_t)got; i++) assert_int_equal(bytes[i], (uint8_t)((at + i) * 31 >> 3));
    }
    assert_int_equal(at, BULK_BYTES);
    scope_close(t, &scope);
    stream_close(&a);
    stream_close(&b);
}

static void bytes_come_in_order_through_a_small_window(void **state) {
    for (uint64_t seed = 0; seed < 5; seed++) run_alone(seed, bulk_body);
}

static void a_full_window_holds_the_writer_back_body(struct task *t, struct bench *bench) {
    struct handle pair[2];
    assert_int_equal(stream_pair(task_env(t), pair), 0);
    struct stream *a = stream_adopt(task_env(t), pair[0]);
    struct stream *b = stream_adopt(task_env(t), pair[1]);
    static const uint8_t many[100000];
    assert_int_equal(stream_write(t, a, slice_of(many, sizeof many), env_now_ms(task_env(t)) + 1000),
                     -ETIMEDOUT);
    stream_close(&a);
    stream_close(&b);
}

static void a_full_window_holds_the_writer_back(void **state) {
    run_alone(1, a_full_window_holds_the_writer_back_body);
}

static void nobody_home_body(struct task *t, struct bench *bench) {
    struct stream *stream = NULL;
    assert_int_equal(stream_connect(t, task_env(t), &to_echo, soon(t), &stream), -ECONNREFUSED);
    sim_machine_power_cut(bench->host);
    assert_int_equal(stream_connect(t, task_env(t), &to_echo, soon(t), &stream), -ETIMEDOUT);
    assert_int_equal(stream_connect(t, task_env(t),
                                    &(struct connect_request){.address = "203.0.113.1", .port = 25}, soon(t),
                                    &stream),
                     -ENETUNREACH);
    assert_null(stream);
}

static void connects_are_refused_or_time_out(void **state) {
    struct bench bench;
    bench_open(&bench, 3);
    run_on(&bench, bench.away, nobody_home_body);
    bench_close(&bench);
}

static void parted_body(struct task *t, struct bench *bench) {
    struct stream *stream = connect_to_echo(t);
    char byte;
    sim_network_part(bench->away, bench->host, true);
    assert_int_equal(stream_write(t, stream, SLICE("x\n"), soon(t)), 0);
    assert_int_equal(stream_read(t, stream, &byte, 1, soon(t)), -ETIMEDOUT);
    sim_network_part(bench->host, bench->away, false);
    expect(t, stream, "x\n");
    sim_network_cut(bench->host);
    assert_int_equal(stream_read(t, stream, &byte, 1, soon(t)), -ECONNRESET);
    stream_close(&stream);
}

static void parted_machines_wait_and_cut_ones_break(void **state) {
    struct bench bench;
    bench_open(&bench, 4);
    bench.server = sim_process_start(bench.host, "server", echo_main, &bench);
    sim_world_run_for(bench.world, 10);
    run_on(&bench, bench.away, parted_body);
    bench_close(&bench);
}

static void tls_body(struct task *t, struct bench *bench) {
    struct stream *stream = connect_to_echo(t);
    assert_int_equal(stream_write(t, stream, SLICE("STARTTLS\n"), soon(t)), 0);
    expect(t, stream, "go\n");
    assert_int_equal(tls_connect(t, &stream, NULL, soon(t)), 0);
    assert_true(stream->security.is_tls);
    assert_string_equal(stream->security.protocol, "TLSv1.3");
    assert_int_equal(stream_write(t, stream, SLICE("safe\nBYE\n"), soon(t)), 0);
    expect(t, stream, "safe\nBYE\n");
    char byte;
    assert_int_equal(stream_read(t, stream, &byte, 1, soon(t)), 0);
    stream_close(&stream);
}

/* What is in the clear behind STARTTLS is dropped with the buffer, or breaks the handshake. */
static void injected_body(struct task *t, struct bench *bench) {
    struct stream *stream = connect_to_echo(t);
    assert_int_equal(stream_write(t, stream, SLICE("STARTTLS\n"), soon(t)), 0);
    expect(t, stream, "go\n");
    assert_int_equal(stream_write(t, stream, SLICE("injected\n"), soon(t)), 0);
    assert_true(tls_connect(t, &stream, bench->tls, soon(t)) < 0);
    assert_null(stream);
}

static void failing_tls_body(struct task *t, struct bench *bench) {
    struct stream *stream = connect_to_echo(t);
    sim_world_network(bench->world)->tls_failure_chance = SIM_ALWAYS;
    assert_int_equal(stream_write(t, stream, SLICE("STARTTLS\n"), soon(t)), 0);
    expect(t, stream, "go\n");
    assert_true(tls_connect(t, &stream, bench->tls, soon(t)) < 0);
}

static void with_echo_server(uint64_t seed, void (*body)(struct task *t, struct bench *bench)) {
    struct bench bench;
    bench_open(&bench, seed);
    bench.server = sim_process_start(bench.host, "server", echo_main, &bench);
    sim_world_run_for(bench.world, 10);
    run_on(&bench, bench.away, body);
    sim_world_run_for(bench.world, 60000);
    assert_int_equal(bench.closed, 1);
    bench_close(&bench);
}

static void tls_shakes_hands_and_carries_bytes(void **state) {
    for (uint64_t seed = 0; seed < 20; seed++) with_echo_server(seed, tls_body);
}

static void tls_takes_nothing_that_was_sent_in_the_clear(void **state) {
    for (uint64_t seed = 0; seed < 20; seed++) with_echo_server(seed, injected_body);
}

/* The server dies at each step of the handshake, or just after it. */
static void cut_short_body(struct task *t, struct bench *bench) {
    struct stream *stream = connect_to_echo(t);
    char bytes[8];
    sim_kill_after_steps(bench->server, 1 + sim_world_random(bench->world, 4));
    int result = stream_write(t, stream, SLICE("STARTTLS\n"), soon(t));
    if (!result && stream_read(t, stream, bytes, 3, soon(t)) == 3)
        result = tls_connect(t, &stream, NULL, soon(t));
    assert_int_not_equal(result, -ETIMEDOUT);
    if (!result && stream) result = stream_write(t, stream, SLICE("a\nb\nc\nd\n"), soon(t));
    /* If it has got through: now. */
    sim_process_kill(bench->server);
    for (ssize_t got = 1; stream && got > 0;) {
        got = stream_read(t, stream, bytes, sizeof bytes, soon(t));
        assert_int_not_equal(got, -ETIMEDOUT);
    }
    stream_close(&stream);
}

static void tls_ends_where_the_peer_dies(void **state) {
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct bench bench;
        bench_open(&bench, seed);
        sim_world_network(bench.world)->split_chance = SIM_ALWAYS / 2;
        bench.server = sim_process_start(bench.host, "server", echo_main, &bench);
        sim_world_run_for(bench.world, 10);
        run_on(&bench, bench.away, cut_short_body);
        bench_close(&bench);
    }
}

static void tls_can_fail(void **state) { with_echo_server(1, failing_tls_body); }

/* A parent gives one end of a pair to a child, and over it the end of another pair. */
static void child_main(struct task *t, void *argument) {
    struct bench *bench = argument;
    struct stream *stream = stream_adopt(task_env(t), bench->handle);
    char byte;
    struct handle handle;
    assert_int_equal(stream_read(t, stream, &byte, 1, soon(t)), 1);
    assert_true(stream->ops->take_handle(stream, &handle));
    assert_false(stream->ops->take_handle(stream, &bench->other_handle));
    struct stream *given = stream_adopt(task_env(t), handle);
    /* Detached and adopted again, it is the same stream. */
    given = stream_adopt(task_env(t), stream_detach(&given));
    assert_int_equal(stream_write(t, given, SLICE("hello"), soon(t)), 0);
    stream_close(&given);
    stream_close(&stream);
}

static void parent_body(struct task *t, struct bench *bench) {
    struct handle pair[2];
    struct handle gift[2];
    assert_int_equal(stream_pair(task_env(t), pair), 0);
    assert_int_equal(stream_pair(task_env(t), gift), 0);
    struct env *child = sim_process_start(bench->host, "child", child_main, bench);
    bench->handle = sim_handle_copy(pair[1], child);
    handle_close(task_env(t), pair[1]);
    struct stream *stream = stream_adopt(task_env(t), pair[0]);
    assert_int_equal(stream->ops->send_handle(stream, SLICE("x"), gift[0]), 1);
    handle_close(task_env(t), gift[0]);
    struct stream *mine = stream_adopt(task_env(t), gift[1]);
    expect(t, mine, "hello");
    char byte;
    assert_int_equal(stream_read(t, mine, &byte, 1, soon(t)), 0);
    stream_close(&mine);
    stream_close(&stream);
}

static void a_stream_can_be_handed_to_another_process(void **state) {
    for (uint64_t seed = 0; seed < 20; seed++) run_alone(seed, parent_body);
}

/* What was on its way to a process that dies is closed with it. */
static void idle_main(struct task *t, void *argument) { sleep_until_stopped(t); }

static void lost_gift_body(struct task *t, struct bench *bench) {
    struct handle pair[2];
    struct handle gift[2];
    assert_int_equal(stream_pair(task_env(t), pair), 0);
    assert_int_equal(stream_pair(task_env(t), gift), 0);
    struct env *child = sim_process_start(bench->host, "child", idle_main, bench);
    (void)sim_handle_copy(pair[1], child);
    handle_close(task_env(t), pair[1]);
    struct stream *stream = stream_adopt(task_env(t), pair[0]);
    assert_int_equal(stream->ops->send_handle(stream, SLICE("x"), gift[0]), 1);
    handle_close(task_env(t), gift[0]);
    struct stream *mine = stream_adopt(task_env(t), gift[1]);
    char byte;
    assert_int_equal(stream_read(t, mine, &byte, 1, env_now_ms(task_env(t)) + 100), -ETIMEDOUT);
    sim_process_kill(child);
    assert_int_equal(stream_read(t, mine, &byte, 1, soon(t)), 0);
    stream_close(&mine);
    stream_close(&stream);
}

static void a_handle_under_way_dies_with_its_receiver(void **state) { run_alone(1, lost_gift_body); }

/* Two processes accept from one port; the one that dies leaves it to the other. */
static void shared_main(struct task *t, void *argument) {
    struct echo_server server = {.bench = argument};
    conn_group_init(&server.group, task_env(t));
    struct handle handle = server.bench->handle;
    struct listener *listener = listener_adopt(task_env(t), handle, echo_accept, &server);
    sleep_until_stopped(t);
    listener_close(&listener);
    conn_group_close(t, &server.group);
}

static void one_line_body(struct task *t, struct bench *bench) {
    struct stream *stream = connect_to_echo(t);
    assert_int_equal(stream_write(t, stream, SLICE("BYE\n"), soon(t)), 0);
    expect(t, stream, "BYE\n");
    stream_close(&stream);
}

static void open_port(struct task *t, struct bench *bench) {
    struct handle handle;
    assert_int_equal(listen_open(task_env(t), &(struct listen_request){"192.0.2.1", 25}, &handle), 0);
    struct handle again;
    assert_int_equal(listen_open(task_env(t), &(struct listen_request){"192.0.2.1", 25}, &again),
                     -EADDRINUSE);
    bench->server = sim_process_start(bench->host, "first", shared_main, bench);
    bench->handle = sim_handle_copy(handle, bench->server);
    bench->other_handle = handle;
    assert_int_equal(task_sleep(t, 1), WAIT_OK);
    struct env *second = sim_process_start(bench->host, "second", shared_main, bench);
    bench->handle = sim_handle_copy(handle, second);
    assert_int_equal(task_sleep(t, 1), WAIT_OK);
}

static void a_port_is_shared_and_outlives_one_process(void **state) {
    struct bench bench;
    bench_open(&bench, 9);
    run_on(&bench, bench.host, open_port);
    for (int i = 0; i < 10; i++) run_on(&bench, bench.away, one_line_body);
    sim_process_kill(bench.server);
    for (int i = 0; i < 10; i++) run_on(&bench, bench.away, one_line_body);
    sim_world_run_for(bench.world, 1000);
    assert_true(sim_process_has_ended(bench.server));
    assert_int_equal(bench.closed, 20);
    bench_close(&bench);
}

/* The client writes on; the server dies at some step: the client sees the end, soon. */
static void watching_body(struct task *t, struct bench *bench) {
    struct stream *stream = NULL;
    if (stream_connect(t, task_env(t), &to_echo, soon(t), &stream)) return;
    for (;;) {
        char bytes[100];
        if (stream_write(t, stream, SLICE("a line of text\n"), soon(t))) break;
        ssize_t got = stream_read(t, stream, bytes, sizeof bytes, soon(t));
        assert_int_not_equal(got, -ETIMEDOUT);
        if (got <= 0) break;
        for (ssize_t i = 0; i < got; i++)
            assert_int_equal(bytes[i], "a line of text\n"[bench->counter++ % 15]);
    }
    stream_close(&stream);
}

static void wait_often(struct task *t, void *argument) {
    struct bench *bench = argument;
    while (!task_env(t)->is_dead) {
        bench->counter++;
        if (task_sleep(t, 10) == WAIT_CANCELLED) break;
    }
}

static void sleep_long(struct task *t, void *argument) { (void)!task_sleep(t, 1000); }

static bool has_died(void *context) { return sim_process_has_ended(((struct bench *)context)->server); }

/* At each of its waits in turn, by its own count and by its machine's. */
static void a_process_can_be_killed_at_every_wait(void **state) {
    for (int waits = 1; waits < 20; waits++) {
        struct bench bench;
        bench_open(&bench, 7);
        bench.server = sim_process_start(bench.host, "server", wait_often, &bench);
        if (waits % 2)
            sim_kill_after_waits(bench.server, (uint64_t)waits);
        else
            sim_machine_kill_after_waits(bench.host, (uint64_t)waits);
        assert_true(sim_world_run_until(bench.world, has_died, &bench, 10000));
        assert_int_equal(bench.counter, waits);
        assert_int_equal(sim_machine_waits(bench.host), waits);
        bench_close(&bench);
    }
}

static void note_later(void *context) {
    struct bench *bench = context;
    work_post_later(bench->server, &bench->late);
}
static void count_late(struct work *work) { CONTAINER_OF(work, struct bench, late)->counter++; }

/* As a stream's waker does that has taken enough at once. */
static void work_that_gives_way_outside_of_a_turn_is_done(void **state) {
    struct bench bench;
    bench_open(&bench, 7);
    work_init(&bench.late, count_late);
    bench.server = sim_process_start(bench.host, "server", sleep_long, &bench);
    sim_world_after(bench.world, 100, note_later, &bench);
    sim_world_run_for(bench.world, 200);
    assert_int_equal(bench.counter, 1);
    bench_close(&bench);
}

static void a_killed_process_is_cut_off_and_unwinds(void **state) {
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct bench bench;
        bench_open(&bench, seed);
        bench.server = sim_process_start(bench.host, "server", echo_main, &bench);
        sim_kill_after_steps(bench.server, seed % 20 + 1);
        sim_world_run_for(bench.world, 10);
        run_on(&bench, bench.away, watching_body);
        sim_world_run_for(bench.world, 1000);
        assert_true(sim_process_has_ended(bench.server));
        assert_true(bench.server->is_dead);
        assert_int_equal(bench.closed, 1);
        bench_close(&bench);
    }
}

/* A lane's jobs: in order on one thread, all run when the lane closes or the process is dead. */
struct numbers {
    struct lane *lane;
    int at;
    int order[8];
};

struct numbered {
    struct numbers *numbers;
    int number;
};

static void note_number(void *argument) {
    struct numbered *job = argument;
    job->numbers->order[job->numbers->at++] = job->number;
}

static void number_task(struct task *t, void *argument) {
    struct numbered *job = argument;
    lane_run(t, job->numbers->lane, note_number, job);
}

static void lane_body(struct task *t, struct bench *bench) {
    struct numbers numbers = {.lane = lane_open(task_env(t), "one", 1)};
    struct numbered jobs[8];
    struct scope scope;
    scope_init(&scope, task_env(t));
    for (int i = 0; i < 8; i++) {
        jobs[i] = (struct numbered){&numbers, i};
        assert_true(scope_spawn(&scope, number_task, &jobs[i]));
    }
    assert_int_equal(task_sleep(t, bench->counter ? 1000 : 1), WAIT_OK);
    if (bench->counter == 2) sim_process_kill(task_env(t));
    lane_close(&numbers.lane);
    scope_close(t, &scope);
    assert_int_equal(numbers.at, 8);
    for (int i = 0; i < 8; i++) assert_int_equal(numbers.order[i], i);
}

static void lanes_run_each_job_once_in_order(void **state) {
    for (int i = 0; i < 3; i++) {
        struct bench bench;
        bench_open(&bench, (uint64_t)i);
        bench.counter = i;
        run_on(&bench, bench.host, lane_body);
        bench_close(&bench);
    }
}

/* Everything goes wrong at random, and the server dies and comes back; then it all stops. */
static void chaos_client(struct task *t, void *argument) {
    struct bench *bench = argument;
    while (!task_is_cancelled(t)) {
        struct stream *stream = NULL;
        char bytes[64];
        int result = stream_connect(t, task_env(t), &to_echo, env_now_ms(task_env(t)) + 2000, &stream);
        if (!result) result = stream_write(t, stream, SLICE("STARTTLS\n"), soon(t));
        if (!result) result = stream_read(t, stream, bytes, 3, soon(t)) == 3 ? 0 : -EIO;
        if (!result) result = tls_connect(t, &stream, bench->tls, soon(t));
        if (!result) result = stream_write(t, stream, SLICE("hello\n"), soon(t));
        if (!result && stream_read(t, stream, bytes, 6, env_now_ms(task_env(t)) + 5000) > 0) bench->counter++;
        stream_close(&stream);
        if (task_sleep(t, 10) != WAIT_OK) break;
    }
}

static void set_chaos(struct bench *bench, uint32_t chance) {
    struct sim_network *network = sim_world_network(bench->world);
    network->cut_chance = network->refuse_chance = network->silence_chance = network->tls_failure_chance =
        chance;
    sim_machine_faults(bench->host)->no_descriptor_chance = chance;
}

static uint64_t chaos_world(uint64_t seed) {
    struct bench bench;
    struct env *clients[3];
    bench_open(&bench, seed);
    set_chaos(&bench, SIM_ALWAYS / 20);
    for (int i = 0; i < 3; i++) clients[i] = sim_process_start(bench.away, "client", chaos_client, &bench);
    for (int i = 0; i < 4; i++) {
        sim_machine_faults(bench.host)->no_descriptor_chance = 0;
        bench.server = sim_process_start(bench.host, "server", echo_main, &bench);
        sim_world_run_for(bench.world, 1);
        set_chaos(&bench, SIM_ALWAYS / 20);
        if (i < 3) sim_kill_at_random(bench.server, SIM_ALWAYS / 20);
        sim_world_run_for(bench.world, 3000);
        if (i == 1) sim_machine_power_cut(bench.host);
        if (i < 3) sim_process_kill(bench.server);
        sim_world_run_for(bench.world, 1);
        assert_true(i == 3 || sim_process_has_ended(bench.server));
    }
    set_chaos(&bench, 0);
    sim_world_run_for(bench.world, 10000);
    int before = bench.counter;
    sim_world_run_for(bench.world, 3000);
    assert_true(bench.counter > before + 3);
    for (int i = 0; i < 3; i++) sim_process_stop(clients[i]);
    bench_close(&bench);
    return bench.trace;
}

static void worlds_survive_chaos_and_replay_it(void **state) {
    for (uint64_t seed = 0; seed < 10; seed++) assert_true(chaos_world(seed) == chaos_world(seed));
}

static void clock_body(struct task *t, struct bench *bench) {
    struct env *env = task_env(t);
    int64_t wall_ms = env_wall_ms(env);
    int64_t now_ms = env_now_ms(env);
    assert_int_equal(task_sleep(t, 500000), WAIT_OK);
    assert_int_equal(env_now_ms(env) - now_ms, 500000);
    sim_machine_jump_clock(bench->host, -3600000);
    assert_int_equal(env_wall_ms(env) - wall_ms, 500000 - 3600000);
}

static void time_is_virtual_and_the_wall_clock_jumps(void **state) { run_alone(1, clock_body); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_run),
        cmocka_unit_test(bytes_come_in_order_through_a_small_window),
        cmocka_unit_test(a_full_window_holds_the_writer_back),
        cmocka_unit_test(connects_are_refused_or_time_out),
        cmocka_unit_test(parted_machines_wait_and_cut_ones_break),
        cmocka_unit_test(tls_shakes_hands_and_carries_bytes),
        cmocka_unit_test(tls_takes_nothing_that_was_sent_in_the_clear),
        cmocka_unit_test(tls_can_fail),
        cmocka_unit_test(tls_ends_where_the_peer_dies),
        cmocka_unit_test(a_handle_under_way_dies_with_its_receiver),
        cmocka_unit_test(a_stream_can_be_handed_to_another_process),
        cmocka_unit_test(a_port_is_shared_and_outlives_one_process),
        cmocka_unit_test(a_process_can_be_killed_at_every_wait),
        cmocka_unit_test(work_that_gives_way_outside_of_a_turn_is_done),
        cmocka_unit_test(a_killed_process_is_cut_off_and_unwinds),
        cmocka_unit_test(lanes_run_each_job_once_in_order),
        cmocka_unit_test(worlds_survive_chaos_and_replay_it),
        cmocka_unit_test(time_is_virtual_and_the_wall_clock_jumps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

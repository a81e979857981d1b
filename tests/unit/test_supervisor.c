/* The supervisor over roles that are made up: what it does when they, or descriptors, fail it. */
#include "test.h"

#include <stdlib.h>

#include "app/serve/supervisor.h"
#include "base/limits.h"
#include "io/sim/sim.h"
#include "ipc/pack.h"

enum { SECOND_MS = 1000 };

struct spawned {
    struct bench *bench;
    struct spawn_request request;
    struct channel *control;
    struct gate over;
    struct work end;
    bool is_over;
    /* Its end of the newest connection with each other kind, and that one's number. */
    struct stream *peers[ROLE_KINDS];
    uint64_t numbers[ROLE_KINDS];
    size_t listeners;
};

struct bench {
    /* The spawner finds the bench by its env's log. */
    struct log log;
    struct env *env;
    struct scope scope;
    struct env_ops ops;
    const struct env_ops *true_ops;
    struct listening listening;
    struct role_settings settings;
    struct supervisor *supervisor;
    struct spawned *roles[ROLE_KINDS];
    void (*body)(struct task *t, struct bench *bench);
    bool is_ready;
    bool is_done;
    /* Which kind hears no heartbeat; ROLE_KINDS: all do. */
    enum role_kind deaf;
    /* Which kind dies once as it says that it is ready; ROLE_KINDS: none. */
    enum role_kind dying;
    size_t spawns;
    size_t kills;
    int64_t killed_ms;
    int64_t jumped_ms;
    /* So many of each fail yet, for want of descriptors. */
    int pairs_fail;
    int copies_fail;
    int spawns_fail;
};

static struct bench *bench_of(struct env *env) { return CONTAINER_OF(env->log, struct bench, log); }

static void write_nothing(void *context, struct slice line) {}
static int64_t no_wall_ms(void *context) { return 0; }

static int64_t jumping_now_ms(struct env *env) {
    struct bench *bench = bench_of(env);
    return bench->true_ops->now_ms(env) + bench->jumped_ms;
}

static int failing_pair(struct env *env, struct handle pair[2]) {
    struct bench *bench = bench_of(env);
    if (bench->pairs_fail > 0 && bench->pairs_fail--) return -EMFILE;
    return bench->true_ops->pair_open(env, pair);
}

static void tell(struct spawned *role, uint32_t type, struct slice body) {
    channel_notify(role->control, &(struct ipc_message){type, body, HANDLE_NONE});
}

static void take_peer(struct spawned *role, const struct ipc_message *message) {
    struct unpacker in = unpacker_of(message->body);
    uint64_t kind = unpack_number_max(&in, ROLE_KINDS - 1);
    (void)unpack_number(&in);
    uint64_t number = unpack_number(&in);
    assert_true(unpack_is_done(&in));
    stream_close(&role->peers[kind]);
    role->peers[kind] = stream_adopt(role->bench->env, message->handle);
    role->numbers[kind] = number;
}

static void end_role(struct spawned *role) {
    role->bench->dying = ROLE_KINDS;
    role->is_over = true;
    gate_open(&role->over);
}

static void take_order(void *context, const struct ipc_message *message) {
    struct spawned *role = context;
    struct buffer walls = buffer_new(100);
    switch (message->type) {
    case ORDER_SETTINGS:
        walls_pack(&walls, &(struct walls){0});
        tell(role, REPORT_READY, buffer_slice(&walls));
        if (role->request.kind == role->bench->dying) end_role(role);
        break;
    case ORDER_PEER:
        take_peer(role, message);
        break;
    case ORDER_LISTENER:
        handle_close(role->bench->env, message->handle);
        role->listeners++;
        break;
    case ORDER_HEARTBEAT:
        if (role->request.kind != role->bench->deaf) tell(role, REPORT_HEARTBEAT, message->body);
        break;
    case ORDER_STOP:
        role->is_over = true;
        gate_open(&role->over);
        break;
    default:
        break;
    }
    buffer_free(&walls);
}

static void never_asked(struct task *t, void *context, struct ipc_request *request) {
    channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
}

static const struct channel_handlers role_handlers = {.request = never_asked, .notice = take_order};

static void tell_end(struct work *work) {
    struct spawned *role = CONTAINER_OF(work, struct spawned, end);
    role->request.on_end(role->request.context, "signal 9");
}

static void role_main(struct task *t, void *argument) {
    struct spawned *role = argument;
    while (!role->is_over) (void)!gate_wait(t, &role->over, DEADLINE_NONE);
    channel_close(t, &role->control);
    for (size_t i = 0; i < ROLE_KINDS; i++) stream_close(&role->peers[i]);
    work_post(role->bench->env, &role->end);
}

static struct spawned *spawn(struct env *env, const struct spawn_request *request, struct stream **control,
                             int *error) {
    struct bench *bench = bench_of(env);
    struct handle pair[2];
    *error = -EMFILE;
    if (bench->spawns_fail > 0 && bench->spawns_fail--) return NULL;
    assert_int_equal(bench->true_ops->pair_open(env, pair), 0);
    struct spawned *role = calloc(1, sizeof *role);
    assert_non_null(role);
    *role = (struct spawned){.bench = bench, .request = *request};
    gate_init(&role->over);
    work_init(&role->end, tell_end);
    role->control = channel_new(env, &role_handlers, role);
    channel_attach(role->control, stream_adopt(env, pair[1]));
    *control = stream_adopt(env, pair[0]);
    assert_true(scope_spawn(&bench->scope, role_main, role));
    bench->roles[request->kind] = role;
    bench->spawns++;
    return role;
}

static uint64_t spawned_id(const struct spawned *role) { return 1; }

static void kill_role(struct spawned *role) {
    role->bench->kills++;
    role->bench->killed_ms = env_now_ms(role->bench->env);
    role->is_over = true;
    gate_open(&role->over);
}

static void release(struct spawned **role) {
    if ((*role)->bench->roles[(*role)->request.kind] == *role)
        (*role)->bench->roles[(*role)->request.kind] = NULL;
    free(*role);
    *role = NULL;
}

static int copy_handle(struct env *env, struct handle handle, struct handle *copy) {
    struct bench *bench = bench_of(env);
    if (bench->copies_fail > 0 && bench->copies_fail--) return -EMFILE;
    *copy = sim_handle_copy(handle, env);
    return 0;
}

static const struct spawner spawner = {spawn, spawned_id, kill_role, release, copy_handle};

static void all_ready(void *context) { ((struct bench *)context)->is_ready = true; }
static void start_failed(void *context) { abort(); }

static void bench_main(struct task *t, void *argument) {
    struct bench *bench = argument;
    struct env *env = bench->env = task_env(t);
    struct listen_request port = {"0.0.0.0", 25};
    struct listen_request control = {"127.0.0.1", 1};
    env->log = &bench->log;
    bench->true_ops = env->ops;
    bench->ops = *env->ops;
    bench->ops.now_ms = jumping_now_ms;
    bench->ops.pair_open = failing_pair;
    env->ops = &bench->ops;
    scope_init(&bench->scope, env);
    assert_int_equal(listen_open(env, &port, &bench->listening.sockets[0].handle), 0);
    assert_int_equal(listen_open(env, &control, &bench->listening.control), 0);
    bench->listening.count = 1;
    bench->settings = (struct role_settings){.folder = "/data", .hostname = "mail.example.test"};
    struct supervisor_options options = {
        .env = env,
        .spawner = &spawner,
        .folder = "/data",
        .processes = {[ROLE_STORE] = 1, [ROLE_MAIL] = 1, [ROLE_EDGE] = 1},
        .listening = &bench->listening,
        .on_ready = all_ready,
        .on_failed = start_failed,
        .context = bench,
    };
    bench->supervisor = supervisor_new(&options, &bench->settings);
    bench->body(t, bench);
    supervisor_free(t, &bench->supervisor);
    scope_close(t, &bench->scope);
    ports_close(env, &bench->listening);
    bench->is_done = true;
}

static bool is_done(void *context) { return ((struct bench *)context)->is_done; }

static struct bench bench_new(void) {
    return (struct bench){.log = {.write = write_nothing, .wall_ms = no_wall_ms, .role = "test"},
                          .deaf = ROLE_KINDS,
                          .dying = ROLE_KINDS};
}

static void play(struct bench *bench, void (*body)(struct task *t, struct bench *bench)) {
    struct sim_world *world = sim_world_new(1);
    struct sim_machine *machine = sim_machine_new(world, "host", "192.0.2.1");
    bench->body = body;
    (void)sim_process_start(machine, "supervisor", bench_main, bench);
    assert_true(sim_world_run_until(world, is_done, bench, 360000 * (int64_t)SECOND_MS));
    sim_world_free(&world);
}

static void wait_ms(struct task *t, int64_t ms) { assert_int_equal(task_sleep(t, ms), WAIT_OK); }

/* They can talk to each other. */
static void assert_connected(struct task *t, struct bench *bench, enum role_kind a, enum role_kind b) {
    char byte = 0;
    assert_non_null(bench->roles[a]);
    assert_non_null(bench->roles[b]);
    struct stream *from = bench->roles[a]->peers[b];
    struct stream *to = bench->roles[b]->peers[a];
    assert_non_null(from);
    assert_non_null(to);
    int64_t until_ms = env_now_ms(bench->env) + SECOND_MS;
    assert_int_equal(stream_write(t, from, SLICE("x"), until_ms), 0);
    assert_int_equal(stream_read(t, to, &byte, 1, until_ms), 1);
}

static void assert_all_connected(struct task *t, struct bench *bench) {
    assert_connected(t, bench, ROLE_STORE, ROLE_MAIL);
    assert_connected(t, bench, ROLE_STORE, ROLE_EDGE);
    assert_connected(t, bench, ROLE_EDGE, ROLE_MAIL);
    assert_int_equal(bench->roles[ROLE_EDGE]->listeners, 1);
    assert_int_equal(bench->roles[ROLE_STORE]->listeners, 1);
}

static void tell_lost(struct bench *bench, enum role_kind kind, enum role_kind peer, uint64_t number) {
    struct buffer body = buffer_new(64);
    pack_number(&body, peer);
    pack_number(&body, 0);
    pack_number(&body, number);
    tell(bench->roles[kind], REPORT_PEER_LOST, buffer_slice(&body));
    buffer_free(&body);
}

static void lost_body(struct task *t, struct bench *bench) {
    wait_ms(t, SECOND_MS);
    assert_true(bench->is_ready);
    assert_all_connected(t, bench);
    struct spawned *edge = bench->roles[ROLE_EDGE];
    for (uint64_t number = 1; number < 4; number++) {
        assert_int_equal(edge->numbers[ROLE_STORE], number);
        stream_close(&edge->peers[ROLE_STORE]);
        /* Both notice, and one of them late: that makes one new connection. */
        tell_lost(bench, ROLE_EDGE, ROLE_STORE, number);
        tell_lost(bench, ROLE_STORE, ROLE_EDGE, number);
        wait_ms(t, SECOND_MS);
        tell_lost(bench, ROLE_STORE, ROLE_EDGE, number);
        wait_ms(t, SECOND_MS);
        assert_all_connected(t, bench);
    }
    assert_int_equal(edge->numbers[ROLE_STORE], 4);
    assert_int_equal(edge->numbers[ROLE_MAIL], 1);
    assert_int_equal(bench->spawns, 3);
    assert_int_equal(bench->kills, 0);
}

static void a_lost_connection_of_living_roles_is_made_anew(void **state) {
    struct bench bench = bench_new();
    play(&bench, lost_body);
}

static void keeps_losing_body(struct task *t, struct bench *bench) {
    wait_ms(t, SECOND_MS);
    int64_t until_ms = env_now_ms(bench->env) + 60 * SECOND_MS;
    while (env_now_ms(bench->env) < until_ms) {
        tell_lost(bench, ROLE_EDGE, ROLE_STORE, bench->roles[ROLE_EDGE]->numbers[ROLE_STORE]);
        wait_ms(t, 5);
    }
    assert_in_range(bench->roles[ROLE_EDGE]->numbers[ROLE_STORE], 8, 25);
    assert_int_equal(bench->roles[ROLE_MAIL]->numbers[ROLE_STORE], 1);
}

static void a_connection_that_is_lost_again_and_again_is_made_ever_more_slowly(void **state) {
    struct bench bench = bench_new();
    play(&bench, keeps_losing_body);
}

static void ready_body(struct task *t, struct bench *bench) {
    struct buffer walls = buffer_new(100);
    wait_ms(t, SECOND_MS);
    walls_pack(&walls, &(struct walls){0});
    tell(bench->roles[ROLE_EDGE], REPORT_READY, buffer_slice(&walls));
    buffer_free(&walls);
    wait_ms(t, SECOND_MS);
    assert_int_equal(bench->roles[ROLE_EDGE]->numbers[ROLE_STORE], 1);
    assert_all_connected(t, bench);
}

static void who_says_twice_that_it_is_ready_costs_others_nothing(void **state) {
    struct bench bench = bench_new();
    play(&bench, ready_body);
}

static void hung_body(struct task *t, struct bench *bench) {
    wait_ms(t, 600 * SECOND_MS);
    assert_int_equal(bench->kills, 0);
    bench->deaf = ROLE_EDGE;
    int64_t begun_ms = env_now_ms(bench->env);
    while (bench->kills == 0 && env_now_ms(bench->env) < begun_ms + 600 * SECOND_MS) wait_ms(t, 100);
    bench->deaf = ROLE_KINDS;
    assert_int_equal(bench->kills, 1);
    assert_in_range(bench->killed_ms - begun_ms, HEARTBEAT_PATIENCE_MS,
                    HEARTBEAT_PATIENCE_MS + 3 * HEARTBEAT_MS);
    wait_ms(t, 300 * SECOND_MS);
    assert_int_equal(bench->kills, 1);
    assert_int_equal(bench->spawns, 4);
    assert_all_connected(t, bench);
}

static void a_role_that_lives_but_does_not_answer_is_ended_and_started_again(void **state) {
    struct bench bench = bench_new();
    play(&bench, hung_body);
}

static void asleep_body(struct task *t, struct bench *bench) {
    wait_ms(t, 20 * SECOND_MS);
    bench->deaf = ROLE_MAIL;
    /* Nobody ran, we neither: half a minute around each question. */
    for (int i = 0; i < 20; i++) {
        wait_ms(t, HEARTBEAT_MS - 10);
        bench->jumped_ms += 30 * SECOND_MS;
        wait_ms(t, 10);
    }
    bench->deaf = ROLE_KINDS;
    wait_ms(t, HEARTBEAT_MS);
    assert_int_equal(bench->kills, 0);
}

static void a_machine_that_slept_is_nobody_s_fault(void **state) {
    struct bench bench = bench_new();
    play(&bench, asleep_body);
}

static void last_words_body(struct task *t, struct bench *bench) {
    wait_ms(t, 10 * SECOND_MS);
    assert_int_equal(bench->spawns, 4);
    assert_true(bench->is_ready);
    assert_all_connected(t, bench);
}

/* The end of a process is told before what it said last is read. */
static void who_dies_as_it_says_that_it_is_ready_is_started_again(void **state) {
    for (enum role_kind kind = 0; kind < ROLE_KINDS; kind++) {
        struct bench bench = bench_new();
        if (kind == ROLE_REMOTE) continue;
        bench.dying = kind;
        play(&bench, last_words_body);
    }
}

static void shortage_body(struct task *t, struct bench *bench) {
    wait_ms(t, 60 * SECOND_MS);
    assert_int_equal(bench->pairs_fail + bench->copies_fail + bench->spawns_fail, 0);
    assert_true(bench->is_ready);
    assert_all_connected(t, bench);
}

static void a_shortage_of_descriptors_is_waited_out(void **state) {
    struct bench bench = bench_new();
    bench.pairs_fail = 12;
    bench.copies_fail = 5;
    bench.spawns_fail = 5;
    play(&bench, shortage_body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_connection_of_living_roles_is_made_anew),
        cmocka_unit_test(a_connection_that_is_lost_again_and_again_is_made_ever_more_slowly),
        cmocka_unit_test(who_says_twice_that_it_is_ready_costs_others_nothing),
        cmocka_unit_test(a_role_that_lives_but_does_not_answer_is_ended_and_started_again),
        cmocka_unit_test(a_machine_that_slept_is_nobody_s_fault),
        cmocka_unit_test(who_dies_as_it_says_that_it_is_ready_is_started_again),
        cmocka_unit_test(a_shortage_of_descriptors_is_waited_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

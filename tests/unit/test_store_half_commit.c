/*
 * Commits that were nearly made: a store that is killed within one, or that cannot sync it, and what its
 * successors make of what it leaves.
 */
#include "test.h"

#include "base/limits.h"
#include "io/sim/sim.h"
#include "signing_key.h"
#include "store/body_pack.h"
#include "store/engine.h"
#include "store/reader.h"

#define FOLDER "/data"

enum { STEPS_MAX = 400, SECOND_MS = 1000 };

struct world {
    struct sim_world *world;
    struct sim_machine *machine;
    uint64_t account;
    uint64_t messages;
    bool is_delivered;
    bool is_done;
};

/* A segment for each body, so that a successor finds unknown ones. */
static const struct engine_options options = {
    .folder = FOLDER, .hash_memory_kib = 8, .signing_rsa_key = TEST_SIGNING_KEY, .segment_bytes = 1};

static void make(struct task *t, void *argument) {
    struct world *w = argument;
    struct engine *engine = NULL;
    assert_int_equal(engine_create(task_env(t), FOLDER), 0);
    assert_int_equal(engine_open(task_env(t), &options, &engine), 0);
    assert_int_equal(engine_domain_add(t, engine, SLICE("example.org"), DOMAIN_LOCAL), STORE_OK);
    assert_int_equal(engine_account_add(t, engine, SLICE("ann@example.org"), SLICE("secret"), 0, &w->account),
                     STORE_OK);
    engine_close(t, &engine);
    w->is_done = true;
}

/* A mail role: holds the index of the write-ahead log open. */
static void read_long(struct task *t, void *argument) {
    struct reader *reader = NULL;
    (void)argument;
    assert_int_equal(reader_open(task_env(t), FOLDER, &reader), 0);
    (void)!task_sleep(t, 3600 * SECOND_MS);
    reader_close(&reader);
}

static enum store_result deliver(struct task *t, struct world *w, struct engine *engine, uint64_t id) {
    struct body_packer *packer = body_packer_new(NULL);
    struct buffer packed = buffer_new(MIB(1));
    struct slice raw = SLICE("Subject: half\r\n\r\nA body\r\n");
    body_packer_feed(packer, raw, &packed);
    struct delivery delivery = {
        .id = id, .tenant = 1, .received_ms = 1700000000000, .accounts = &w->account, .account_count = 1};
    delivery.body.raw_bytes = delivery.facts.raw_bytes = body_packer_finish(packer, &packed);
    delivery.body.packed = buffer_slice(&packed);
    enum store_result result = engine_deliver(t, engine, &delivery);
    buffer_free(&packed);
    body_packer_free(&packer);
    return result;
}

/* Dies at some step. */
static void deliver_one(struct task *t, void *argument) {
    struct world *w = argument;
    struct engine *engine = NULL;
    if (engine_open(task_env(t), &options, &engine)) return;
    w->is_delivered = deliver(t, w, engine, 1 << 20) == STORE_OK;
    engine_close(t, &engine);
    w->is_done = true;
}

/* The successor: opens, and is killed with nothing done. */
static void serve_a_moment(struct task *t, void *argument) {
    struct world *w = argument;
    struct engine *engine = NULL;
    assert_int_equal(engine_open(task_env(t), &options, &engine), 0);
    w->is_done = true;
    (void)!task_sleep(t, 3600 * SECOND_MS);
    engine_close(t, &engine);
}

static void tell_fault(void *context, struct slice line) {
    (void)context;
    fail_msg("%.*s", SLICE_PRINT(line));
}

static void verify(struct task *t, void *argument) {
    struct world *w = argument;
    struct engine *engine = NULL;
    struct verify_report report;
    assert_int_equal(engine_open(task_env(t), &options, &engine), 0);
    assert_int_equal(engine_verify(t, engine, tell_fault, NULL, &report), STORE_OK);
    assert_int_equal(report.faults, 0);
    engine_close(t, &engine);
    w->is_done = true;
}

static bool is_done(void *context) { return ((struct world *)context)->is_done; }

static struct env *run(struct world *w, void (*main)(struct task *t, void *argument)) {
    w->is_done = false;
    struct env *env = sim_process_start(w->machine, "store", main, w);
    assert_true(sim_world_run_until(w->world, is_done, w, 60 * SECOND_MS));
    return env;
}

static bool has_ended(void *env) { return sim_process_has_ended(env); }

static void end(struct world *w, struct env *env) {
    sim_process_kill(env);
    assert_true(sim_world_run_until(w->world, has_ended, env, 60 * SECOND_MS));
}

/* True: the delivery was done before the step came. */
static bool die_at(uint64_t step) {
    struct world w = {.world = sim_world_new(1)};
    w.machine = sim_machine_new(w.world, "host", "192.0.2.1");
    sim_machine_make_folder(w.machine, FOLDER);
    (void)run(&w, make);
    sim_world_run_for(w.world, SECOND_MS);
    struct env *reader = sim_process_start(w.machine, "mail", read_long, &w);
    sim_world_run_for(w.world, SECOND_MS);
    struct env *store = sim_process_start(w.machine, "store", deliver_one, &w);
    sim_kill_after_steps(store, step);
    assert_true(sim_world_run_until(w.world, has_ended, store, 60 * SECOND_MS));
    bool is_delivered = w.is_delivered;
    end(&w, run(&w, serve_a_moment));
    end(&w, reader);
    (void)run(&w, verify);
    sim_world_free(&w.world);
    return is_delivered;
}

static void a_store_that_dies_in_a_commit_leaves_none_that_comes_to_life_later(void **state) {
    (void)state;
    uint64_t step = 1;
    while (step < STEPS_MAX && !die_at(step)) step++;
    assert_in_range(step, 10, STEPS_MAX - 1);
}

/* Its disk does not sync; a crash follows, as it must. */
static void change_unsynced(struct task *t, void *argument) {
    struct world *w = argument;
    struct engine *engine = NULL;
    assert_int_equal(engine_open(task_env(t), &options, &engine), 0);
    sim_machine_faults(w->machine)->sync_error_chance = SIM_ALWAYS;
    assert_int_not_equal(engine_domain_add(t, engine, SLICE("example.net"), DOMAIN_LOCAL), STORE_OK);
    sim_machine_faults(w->machine)->sync_error_chance = 0;
    sim_process_kill(task_env(t));
    engine_close(t, &engine);
}

static void deliver_more(struct task *t, void *argument) {
    struct world *w = argument;
    struct engine *engine = NULL;
    assert_int_equal(engine_open(task_env(t), &options, &engine), 0);
    assert_int_equal(deliver(t, w, engine, 2 << 20), STORE_OK);
    w->is_done = true;
    (void)!task_sleep(t, 3600 * SECOND_MS);
    engine_close(t, &engine);
}

static void count_entries(struct task *t, void *argument) {
    struct world *w = argument;
    struct reader *reader = NULL;
    struct arena *arena = arena_new(MIB(1));
    struct mailbox inbox;
    assert_int_equal(reader_open(task_env(t), FOLDER, &reader), 0);
    assert_int_equal(reader_mailbox_find(reader, arena, w->account, SLICE("INBOX"), &inbox), STORE_OK);
    w->messages = inbox.message_count;
    reader_close(&reader);
    arena_free(&arena);
    w->is_done = true;
}

/* With each way that the simulated disk has of losing what was not synced. */
static void what_is_acknowledged_behind_a_failed_sync_outlives_the_power(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct world w = {.world = sim_world_new(seed)};
        w.machine = sim_machine_new(w.world, "host", "192.0.2.1");
        sim_machine_make_folder(w.machine, FOLDER);
        (void)run(&w, make);
        struct env *store = sim_process_start(w.machine, "store", change_unsynced, &w);
        assert_true(sim_world_run_until(w.world, has_ended, store, 60 * SECOND_MS));
        (void)run(&w, deliver_more);
        sim_machine_power_cut(w.machine);
        sim_world_run_for(w.world, SECOND_MS);
        (void)run(&w, verify);
        (void)run(&w, count_entries);
        assert_int_equal(w.messages, 1);
        sim_world_free(&w.world);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_that_dies_in_a_commit_leaves_none_that_comes_to_life_later),
        cmocka_unit_test(what_is_acknowledged_behind_a_failed_sync_outlives_the_power),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

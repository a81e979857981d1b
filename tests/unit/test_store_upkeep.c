/*
 * What the store does for itself: half-dead segments, old events. In the simulator, where time and
 * power cuts are the test's; and over real files, with readers that are at work meanwhile.
 */
#include "store_bench.h"

#include <dirent.h>

#include "io/sim/sim.h"
#include "store/db.h"
#include "store/engine_route.h"
#include "store/scan.h"

#define FOLDER "/data"

enum { MESSAGES = 20, KEPT_EVERY = 5, TEXT_BYTES = 3000, PAUSE_MS = 60000, SEGMENT_BYTES = 8 * 1024 };

/* Text that zstd cannot make small, another one for each seed. */
static struct slice noise(struct arena *arena, uint64_t seed) {
    uint8_t *text = arena_alloc(arena, TEXT_BYTES);
    uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
    for (size_t i = 0; i < TEXT_BYTES; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        text[i] = (uint8_t)(state >> 56);
    }
    return slice_of(text, TEXT_BYTES);
}

static uint64_t id_of(uint64_t number) { return 1000 + number; }

static void deliver(struct task *t, struct store_bench *bench, uint64_t number) {
    struct delivery delivery = bench_delivery(bench, noise(bench->arena, number));
    delivery.id = id_of(number);
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
}

static void wait_for_live(struct task *t, struct store_bench *bench, uint64_t wanted) {
    struct store_status status = {0};
    for (int i = 0; i < TEST_PATIENCE_MS / 2 && status.messages != wanted; i++) {
        assert_int_equal(task_sleep(t, 2), WAIT_OK);
        assert_int_equal(engine_status(bench->engine, &status), STORE_OK);
    }
    assert_int_equal(status.messages, wanted);
}

/* One in five stays. */
static void fill_and_expunge(struct task *t, struct store_bench *bench) {
    uint64_t modseq = 0;
    for (uint64_t i = 1; i <= MESSAGES; i++) deliver(t, bench, i);
    for (uint32_t uid = 1; uid <= MESSAGES; uid++) {
        struct uid_range one = {uid, uid};
        if (uid % KEPT_EVERY == 0) continue;
        assert_int_equal(
            engine_expunge(t, bench->engine, bench->inbox, (struct uid_ranges){&one, 1}, false, &modseq),
            STORE_OK);
    }
    wait_for_live(t, bench, MESSAGES / KEPT_EVERY);
}

static void read_kept(struct store_bench *bench) {
    struct buffer text = buffer_new(MIB(1));
    for (uint64_t i = KEPT_EVERY; i <= MESSAGES; i += KEPT_EVERY) {
        buffer_clear(&text);
        assert_int_equal(reader_body(bench->reader, id_of(i), 0, UINT64_MAX, &text), STORE_OK);
        assert_true(slice_equal(buffer_slice(&text), noise(bench->arena, i)));
    }
    buffer_free(&text);
}

static struct store_status status_of(struct store_bench *bench) {
    struct store_status status;
    assert_int_equal(engine_status(bench->engine, &status), STORE_OK);
    return status;
}

static void expect_sound(struct task *t, struct store_bench *bench, uint64_t bodies) {
    struct verify_report report;
    assert_int_equal(engine_verify(t, bench->engine, bench_print_fault, NULL, &report), STORE_OK);
    assert_int_equal(report.faults, 0);
    assert_int_equal(report.bodies, bodies);
}

/* ---- in the simulator ---- */

struct simulation {
    struct sim_world *world;
    struct sim_machine *host;
    void (*body)(struct task *t, struct store_bench *bench);
    bool is_done;
};

static void find_inbox(struct store_bench *bench) {
    struct account account;
    struct mailbox inbox;
    assert_int_equal(engine_account_find(bench->engine, bench->arena, SLICE("ann@example.org"), &account),
                     STORE_OK);
    bench->account = account.id;
    assert_int_equal(reader_mailbox_find(bench->reader, bench->arena, account.id, SLICE("INBOX"), &inbox),
                     STORE_OK);
    bench->inbox = inbox.id;
}

/* A process that was killed runs on, without effect, until its functions return: nothing is asserted of
   what they do then. */
static void simulated_main(struct task *t, void *argument) {
    struct simulation *simulation = argument;
    struct engine_options options = {.folder = FOLDER,
                                     .hash_memory_kib = 8,
                                     .signing_rsa_key = TEST_SIGNING_KEY,
                                     .segment_bytes = SEGMENT_BYTES,
                                     .upkeep_pause_ms = PAUSE_MS};
    struct store_bench bench = {.env = task_env(t), .arena = arena_new(MIB(64)), .extra = simulation};
    bench.ids.node = 2;
    if (engine_open(bench.env, &options, &bench.engine) == 0 &&
        reader_open(bench.env, FOLDER, &bench.reader) == 0)
        simulation->body(t, &bench);
    reader_close(&bench.reader);
    engine_close(t, &bench.engine);
    arena_free(&bench.arena);
    if (!task_env(t)->is_dead) simulation->is_done = true;
}

static void create_main(struct task *t, void *argument) {
    struct simulation *simulation = argument;
    assert_int_equal(engine_create(task_env(t), FOLDER), 0);
    simulation->is_done = true;
}

static bool has_ended(void *process) { return sim_process_has_ended(process); }

static void simulate(struct simulation *simulation, void (*main)(struct task *t, void *argument)) {
    simulation->is_done = false;
    struct env *process = sim_process_start(simulation->host, "store", main, simulation);
    assert_true(sim_world_run_until(simulation->world, has_ended, process, 3600000));
}

static void simulation_run(struct simulation *simulation,
                           void (*body)(struct task *t, struct store_bench *bench)) {
    simulation->body = body;
    simulate(simulation, simulated_main);
    assert_true(simulation->is_done);
}

static void filled_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    fill_and_expunge(t, bench);
}

static void simulation_open(struct simulation *simulation, uint64_t seed) {
    *simulation = (struct simulation){.world = sim_world_new(seed)};
    simulation->host = sim_machine_new(simulation->world, "host", "192.0.2.1");
    sim_machine_make_folder(simulation->host, FOLDER);
    simulate(simulation, create_main);
    simulation_run(simulation, filled_body);
}

static void waits_a_round_body(struct task *t, struct store_bench *bench) {
    struct store_status before = status_of(bench);
    assert_true(before.live_bytes * 2 < before.body_bytes);
    assert_int_equal(task_sleep(t, PAUSE_MS + PAUSE_MS / 2), WAIT_OK);
    assert_int_equal(status_of(bench).body_bytes, before.body_bytes);
    assert_int_equal(task_sleep(t, PAUSE_MS), WAIT_OK);
    struct store_status after = status_of(bench);
    /* What is left dead lies in the current segment. */
    assert_true(after.body_bytes - after.live_bytes < SEGMENT_BYTES + TEXT_BYTES + KIB(1));
    assert_int_equal(after.live_bytes, before.live_bytes);
    read_kept(bench);
    expect_sound(t, bench, MESSAGES / KEPT_EVERY);
}

static void half_dead_segments_are_compacted_when_they_were_so_for_a_round(void **state) {
    struct simulation simulation;
    simulation_open(&simulation, 1);
    simulation_run(&simulation, waits_a_round_body);
    sim_world_free(&simulation.world);
}

static void forced_body(struct task *t, struct store_bench *bench) {
    struct compact_report report;
    uint64_t before = status_of(bench).body_bytes;
    assert_int_equal(engine_compact(t, bench->engine, NULL, NULL, &report), STORE_OK);
    struct store_status after = status_of(bench);
    assert_int_equal(after.body_bytes, after.live_bytes);
    assert_int_equal(before - after.body_bytes, report.freed_bytes);
    assert_true(report.segments > 3);
    read_kept(bench);
    expect_sound(t, bench, MESSAGES / KEPT_EVERY);
    /* A second time there is nothing to do. */
    assert_int_equal(engine_compact(t, bench->engine, NULL, NULL, &report), STORE_OK);
    assert_int_equal(report.segments, 0);
}

static void a_forced_compaction_leaves_nothing_dead(void **state) {
    struct simulation simulation;
    simulation_open(&simulation, 2);
    simulation_run(&simulation, forced_body);
    sim_world_free(&simulation.world);
}

static void all_dead_body(struct task *t, struct store_bench *bench) {
    struct compact_report report;
    struct uid_range all = {1, UINT32_MAX};
    uint64_t modseq = 0;
    find_inbox(bench);
    assert_int_equal(
        engine_expunge(t, bench->engine, bench->inbox, (struct uid_ranges){&all, 1}, false, &modseq),
        STORE_OK);
    wait_for_live(t, bench, 0);
    assert_int_equal(engine_compact(t, bench->engine, NULL, NULL, &report), STORE_OK);
    assert_int_equal(status_of(bench).body_bytes, 0);
    deliver(t, bench, 5000);
    expect_sound(t, bench, 1);
}

static void an_emptied_store_has_no_bytes_left_and_goes_on(void **state) {
    struct simulation simulation;
    simulation_open(&simulation, 3);
    simulation_run(&simulation, all_dead_body);
    sim_world_free(&simulation.world);
}

static void cut_body(struct task *t, struct store_bench *bench) {
    struct compact_report report;
    (void)engine_compact(t, bench->engine, NULL, NULL, &report);
}

static void after_cut_body(struct task *t, struct store_bench *bench) {
    read_kept(bench);
    expect_sound(t, bench, MESSAGES / KEPT_EVERY);
}

static void again_body(struct task *t, struct store_bench *bench) {
    struct compact_report report;
    assert_int_equal(engine_compact(t, bench->engine, NULL, NULL, &report), STORE_OK);
    assert_int_equal(status_of(bench).body_bytes, status_of(bench).live_bytes);
    after_cut_body(t, bench);
}

/* False: it was through before that step. */
static bool cut_at(uint64_t step) {
    struct simulation simulation;
    simulation_open(&simulation, step);
    simulation.body = cut_body;
    sim_power_cut_after_steps(simulation.host, step);
    simulate(&simulation, simulated_main);
    bool was_cut = !simulation.is_done;
    sim_power_cut_after_steps(simulation.host, 0);
    simulation_run(&simulation, after_cut_body);
    simulation_run(&simulation, again_body);
    sim_world_free(&simulation.world);
    return was_cut;
}

static void a_power_cut_in_a_compaction_harms_no_body(void **state) {
    /* Setting up takes longest. The steps between belong to the same few kinds. */
    enum { STEP = 7 };
    uint64_t step = 1;
    while (cut_at(step)) step += STEP;
    assert_true(step > 30);
}

/* ---- events ---- */

static int64_t number_of(struct task *t, const char *sql) {
    struct db *db = NULL;
    assert_int_equal(db_open(task_env(t), FOLDER "/store.db", DB_READ, &db), 0);
    int64_t number = DB_READ_NUMBER(db, sql, -1);
    db_close(&db);
    return number;
}

static const char event_count[] = "SELECT count(*) FROM event";
static const char event_max[] = "SELECT max(id) FROM event";

static void events_body(struct task *t, struct store_bench *bench) {
    struct simulation *simulation = bench->extra;
    find_inbox(bench);
    int64_t first = number_of(t, event_count);
    int64_t newest = number_of(t, event_max);
    assert_true(first > MESSAGES);
    assert_int_equal(task_sleep(t, PAUSE_MS + 1000), WAIT_OK);
    assert_int_equal(number_of(t, event_count), first);
    sim_machine_jump_clock(simulation->host, (int64_t)(STORE_EVENTS_KEPT_DAYS + 1) * 24 * 3600 * 1000);
    assert_int_equal(task_sleep(t, PAUSE_MS), WAIT_OK);
    assert_int_equal(number_of(t, event_count), 1);
    deliver(t, bench, 6000);
    assert_int_equal(number_of(t, event_max), newest + 1);
}

static void old_events_are_forgotten_and_their_ids_never_come_again(void **state) {
    struct simulation simulation;
    simulation_open(&simulation, 4);
    simulation_run(&simulation, events_body);
    sim_world_free(&simulation.world);
}

/* ---- ids ---- */

#define MONTH_MS ((int64_t)30 * 24 * 3600 * 1000)

static void add_route(struct task *t, struct store_bench *bench, const char *name) {
    struct route_host host = {SLICE_INIT("smtp.example.net"), 587, 0, 0};
    struct route route = {.name = slice_from_text(name),
                          .kind = ROUTE_FOR_ALL,
                          .hosts = &host,
                          .host_count = 1,
                          .tls = ROUTE_TLS_VERIFIED,
                          .is_enabled = true};
    assert_int_equal(engine_route_add(t, bench->engine, &route), STORE_OK);
}

static void ahead_body(struct task *t, struct store_bench *bench) {
    struct simulation *simulation = bench->extra;
    sim_machine_jump_clock(simulation->host, MONTH_MS);
    add_route(t, bench, "first");
    sim_machine_jump_clock(simulation->host, -MONTH_MS);
}

static void behind_body(struct task *t, struct store_bench *bench) {
    struct route *routes;
    size_t count;
    add_route(t, bench, "second");
    assert_int_equal(engine_route_list(bench->engine, bench->arena, &routes, &count), STORE_OK);
    assert_int_equal(count, 2);
    assert_slice(routes[0].name, "first");
    assert_true(routes[0].id < routes[1].id);
}

static void ids_of_routes_rise_over_a_restart_with_a_clock_set_back(void **state) {
    struct simulation simulation;
    simulation_open(&simulation, 5);
    simulation_run(&simulation, ahead_body);
    simulation_run(&simulation, behind_body);
    sim_world_free(&simulation.world);
}

/* ---- beside readers, over real files ---- */

struct busy_reader {
    struct store_bench *bench;
    bool is_ending;
    uint64_t rounds;
};

static void busy_reader_main(struct task *t, void *argument) {
    struct busy_reader *reader = argument;
    while (!reader->is_ending) {
        read_kept(reader->bench);
        reader->rounds++;
        if (task_yield(t) != WAIT_OK) return;
    }
}

/* Files that are open and have no name any more. */
static size_t count_unlinked(void) {
    char path[64];
    char target[512];
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        (void)snprintf(path, sizeof path, "/proc/self/fd/%.20s", entry->d_name);
        ssize_t len = readlink(path, target, sizeof target - 1);
        if (len < 0) continue;
        target[len] = 0;
        count += strstr(target, ".seg (deleted)") != NULL;
    }
    (void)closedir(folder);
    return count;
}

static void segment_gone(void *context, uint64_t segment) {
    reader_segment_gone(((struct store_bench *)context)->reader, segment);
}

static void beside_readers_body(struct task *t, struct store_bench *bench) {
    struct busy_reader reader = {.bench = bench};
    struct compact_report report;
    struct scope scope;
    bench->on_segment_gone = segment_gone;
    bench_reopen(t, bench);
    bench_add_account(t, bench, 0);
    fill_and_expunge(t, bench);
    read_kept(bench);
    scope_init(&scope, bench->env);
    assert_true(scope_spawn(&scope, busy_reader_main, &reader));
    assert_int_equal(engine_compact(t, bench->engine, NULL, NULL, &report), STORE_OK);
    assert_true(report.segments > 3);
    uint64_t rounds = reader.rounds;
    assert_true(rounds > 1);
    reader.is_ending = true;
    scope_close(t, &scope);
    assert_int_equal(count_unlinked(), 0);
}

static void readers_go_on_while_segments_are_compacted_and_keep_none_of_them(void **state) {
    bench_run(beside_readers_body, NULL);
}

struct compacting {
    struct store_bench *bench;
    struct compact_report report;
    bool is_done;
};

static void compact_main(struct task *t, void *argument) {
    struct compacting *compacting = argument;
    assert_int_equal(engine_compact(t, compacting->bench->engine, NULL, NULL, &compacting->report), STORE_OK);
    compacting->is_done = true;
}

static void beside_scan_body(struct task *t, struct store_bench *bench) {
    struct compacting compacting = {.bench = bench};
    struct scope scope;
    struct db *db = NULL;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/body/00000001.seg", bench->folder);
    bench_add_account(t, bench, 0);
    fill_and_expunge(t, bench);
    assert_int_equal(scan_begin(bench->engine, &db), STORE_OK);
    scope_init(&scope, bench->env);
    assert_true(scope_spawn(&scope, compact_main, &compacting));
    assert_int_equal(task_sleep(t, 300), WAIT_OK);
    assert_false(compacting.is_done);
    assert_int_equal(access(path, R_OK), 0);
    scan_end(bench->engine, &db);
    while (!compacting.is_done) assert_int_equal(task_sleep(t, 5), WAIT_OK);
    assert_int_not_equal(access(path, R_OK), 0);
    scope_close(t, &scope);
    read_kept(bench);
}

static void no_segment_goes_while_a_scan_may_know_it(void **state) { bench_run(beside_scan_body, NULL); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_go_on_while_segments_are_compacted_and_keep_none_of_them),
        cmocka_unit_test(no_segment_goes_while_a_scan_may_know_it),
        cmocka_unit_test(half_dead_segments_are_compacted_when_they_were_so_for_a_round),
        cmocka_unit_test(a_forced_compaction_leaves_nothing_dead),
        cmocka_unit_test(an_emptied_store_has_no_bytes_left_and_goes_on),
        cmocka_unit_test(a_power_cut_in_a_compaction_harms_no_body),
        cmocka_unit_test(old_events_are_forgotten_and_their_ids_never_come_again),
        cmocka_unit_test(ids_of_routes_rise_over_a_restart_with_a_clock_set_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

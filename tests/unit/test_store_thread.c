/*
 * Threads: what answers what is found again however many references came since, after a restart, and
 * after a power cut at any step. The bench merges references after a few, so these tests merge all the time.
 */
#include "store_bench.h"

#include "io/sim/sim.h"
#include "store/db.h"
#include "store/thread_page.h"

#define FOLDER "/data"

/* Each message refers to so many others that nobody has: they fill the table. */
enum { THREADS = 40, ROUNDS = 3, STRANGERS = 10 };

static struct slice name_id(struct arena *arena, const char *kind, uint64_t thread, uint64_t number) {
    return arena_printf(arena, "<%s-%llu-%llu@x>", kind, (unsigned long long)thread,
                        (unsigned long long)number);
}

/* The message of that round in a thread: it answers the one of the round before. */
static enum store_result deliver_round(struct task *t, struct store_bench *bench, uint64_t thread,
                                       uint64_t round) {
    struct slice references[STRANGERS + 1];
    size_t count = 0;
    for (uint64_t i = 0; i < STRANGERS; i++)
        references[count++] = name_id(bench->arena, "stranger", thread, round * STRANGERS + i);
    if (round) references[count++] = name_id(bench->arena, "message", thread, round - 1);
    struct delivery delivery = bench_delivery(bench, SLICE("text"));
    delivery.facts.message_id = name_id(bench->arena, "message", thread, round);
    delivery.facts.references = references;
    delivery.facts.reference_count = count;
    return engine_deliver(t, bench->engine, &delivery);
}

static void expect_sound(struct task *t, struct store_bench *bench) {
    struct verify_report report;
    assert_int_equal(engine_verify(t, bench->engine, bench_print_fault, NULL, &report), STORE_OK);
    assert_int_equal(report.faults, 0);
}

/* Entry i belongs to thread i % THREADS. */
static void expect_threads(struct store_bench *bench, size_t wanted) {
    struct entry *entries = NULL;
    size_t count = bench_entries(bench, bench->inbox, &entries);
    assert_int_equal(count, wanted);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(entries[i].thread, entries[i % THREADS].thread);
        for (size_t other = 0; i < THREADS && other < i; other++)
            assert_true(entries[i].thread != entries[other].thread);
    }
}

static void rounds_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        for (uint64_t thread = 0; thread < THREADS; thread++)
            assert_int_equal(deliver_round(t, bench, thread, round), STORE_OK);
        bench_reopen(t, bench);
    }
    expect_threads(bench, (size_t)THREADS * ROUNDS);
    expect_sound(t, bench);
}

static void an_answer_finds_its_thread_among_many_and_after_restarts(void **state) {
    bench_run(rounds_body, NULL);
}

/* A late answer that names a stranger is with those who named it first. */
static void strangers_body(struct task *t, struct store_bench *bench) {
    struct entry *entries = NULL;
    bench_add_account(t, bench, 0);
    for (uint64_t thread = 0; thread < THREADS; thread++)
        assert_int_equal(deliver_round(t, bench, thread, 0), STORE_OK);
    struct delivery late = bench_delivery(bench, SLICE("text"));
    late.facts.message_id = name_id(bench->arena, "stranger", 3, 2);
    assert_int_equal(engine_deliver(t, bench->engine, &late), STORE_OK);
    size_t count = bench_entries(bench, bench->inbox, &entries);
    assert_int_equal(entries[count - 1].thread, entries[3].thread);
}

static void what_was_only_referred_to_joins_when_it_comes(void **state) { bench_run(strangers_body, NULL); }

/* What lies between the messages and the table stays small. */
static void bounded_body(struct task *t, struct store_bench *bench) {
    static const char rows[] = "SELECT count(*) FROM thread_recent";
    static const char merged[] = "SELECT sum(length(bytes)) / 20 FROM thread_page";
    char path[128];
    struct db *db = NULL;
    bench_add_account(t, bench, 0);
    for (uint64_t thread = 0; thread < THREADS; thread++)
        assert_int_equal(deliver_round(t, bench, thread, 0), STORE_OK);
    (void)snprintf(path, sizeof path, "%s/store.db", bench->folder);
    assert_int_equal(db_open(bench->env, path, DB_READ, &db), 0);
    assert_true(DB_READ_NUMBER(db, rows, 1000) < 10);
    assert_true(DB_READ_NUMBER(db, merged, 0) > (THREADS - 10) * (STRANGERS + 1));
    db_close(&db);
}

static void what_is_not_merged_yet_stays_small(void **state) { bench_run(bounded_body, NULL); }

/* ---- the table ---- */

enum { MANY = 5000, LATER_DAY = STORE_THREAD_DAYS + 50 };

static struct reference *many_references(uint64_t thread, int64_t shift) {
    struct reference *references = calloc(MANY, sizeof *references);
    assert_non_null(references);
    for (int64_t i = 0; i < MANY; i++)
        references[i] = (struct reference){(i - MANY / 2) * (INT64_MAX / MANY) + shift, thread};
    return references;
}

static void table_body(struct task *t, struct store_bench *bench) {
    char path[128];
    struct db *db = NULL;
    struct reference *old = many_references(1, 0);
    struct reference *again = many_references(2, 0);
    struct reference *newer = many_references(3, 7);
    (void)snprintf(path, sizeof path, "%s/other.db", bench->folder);
    assert_int_equal(db_open(bench->env, path, DB_CREATE, &db), 0);
    db_script(db, "CREATE TABLE thread_page (first INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT");
    thread_page_merge(db, old, MANY, 1);
    /* The first half is seen again on another day, and keeps its thread. */
    thread_page_merge(db, again, MANY / 2, 100);
    for (size_t i = 0; i < MANY; i++) assert_int_equal(thread_page_find(db, old[i].hash), 1);
    assert_int_equal(thread_page_find(db, old[9].hash + 1), 0);
    /* Whoever was not seen for long goes when others come. */
    thread_page_merge(db, newer, MANY, LATER_DAY);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(thread_page_find(db, newer[i].hash), 3);
        assert_int_equal(thread_page_find(db, old[i].hash), i < MANY / 2 ? 1 : 0);
    }
    db_close(&db);
    free(old);
    free(again);
    free(newer);
}

static void the_table_keeps_what_was_seen_lately(void **state) { bench_run(table_body, NULL); }

/* ---- power cuts ---- */

struct simulation {
    struct sim_world *world;
    struct sim_machine *host;
    void (*body)(struct task *t, struct store_bench *bench);
    /* So many messages of round 0 were acknowledged. */
    uint64_t acknowledged;
    bool is_done;
};

static void simulated_main(struct task *t, void *argument) {
    struct simulation *simulation = argument;
    struct engine_options options = {.folder = FOLDER,
                                     .hash_memory_kib = 8,
                                     .signing_rsa_key = TEST_SIGNING_KEY,
                                     .segment_bytes = KIB(64),
                                     .threads_recent = 8};
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

static void account_body(struct task *t, struct store_bench *bench) { bench_add_account(t, bench, 0); }

static void find_account(struct store_bench *bench) {
    struct account account;
    assert_int_equal(engine_account_find(bench->engine, bench->arena, SLICE("ann@example.org"), &account),
                     STORE_OK);
    bench->account = account.id;
}

static void first_round_body(struct task *t, struct store_bench *bench) {
    struct simulation *simulation = bench->extra;
    find_account(bench);
    while (simulation->acknowledged < THREADS) {
        if (deliver_round(t, bench, simulation->acknowledged, 0) != STORE_OK || bench->env->is_dead) return;
        simulation->acknowledged++;
    }
}

/* Every message that was acknowledged is found by its answer. */
static void answers_body(struct task *t, struct store_bench *bench) {
    struct simulation *simulation = bench->extra;
    struct entry *entries = NULL;
    struct mailbox inbox;
    /* No message may have an id of those before, which are known by it. */
    bench->ids.node = 3;
    find_account(bench);
    assert_int_equal(reader_mailbox_find(bench->reader, bench->arena, bench->account, SLICE("INBOX"), &inbox),
                     STORE_OK);
    size_t before = bench_entries(bench, inbox.id, &entries);
    assert_true(before >= simulation->acknowledged);
    for (uint64_t thread = 0; thread < simulation->acknowledged; thread++)
        assert_int_equal(deliver_round(t, bench, thread, 1), STORE_OK);
    size_t count = bench_entries(bench, inbox.id, &entries);
    assert_int_equal(count, before + simulation->acknowledged);
    for (uint64_t thread = 0; thread < simulation->acknowledged; thread++)
        assert_int_equal(entries[before + thread].thread, entries[thread].thread);
    expect_sound(t, bench);
}

static void simulate_body(struct simulation *simulation,
                          void (*body)(struct task *t, struct store_bench *bench)) {
    simulation->body = body;
    simulate(simulation, simulated_main);
}

/* False: it was through before that step. */
static bool cut_at(uint64_t step) {
    struct simulation simulation = {.world = sim_world_new(step)};
    simulation.host = sim_machine_new(simulation.world, "host", "192.0.2.1");
    sim_machine_make_folder(simulation.host, FOLDER);
    simulate(&simulation, create_main);
    simulate_body(&simulation, account_body);
    assert_true(simulation.is_done);
    sim_power_cut_after_steps(simulation.host, step);
    simulate_body(&simulation, first_round_body);
    bool was_cut = !simulation.is_done;
    sim_power_cut_after_steps(simulation.host, 0);
    simulate_body(&simulation, answers_body);
    assert_true(simulation.is_done);
    sim_world_free(&simulation.world);
    return was_cut;
}

static void a_power_cut_forgets_no_reference(void **state) {
    enum { STEP = 23 };
    uint64_t step = 1;
    while (cut_at(step)) step += STEP;
    assert_true(step > 20 * STEP);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_finds_its_thread_among_many_and_after_restarts),
        cmocka_unit_test(what_was_only_referred_to_joins_when_it_comes),
        cmocka_unit_test(what_is_not_merged_yet_stays_small),
        cmocka_unit_test(the_table_keeps_what_was_seen_lately),
        cmocka_unit_test(a_power_cut_forgets_no_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

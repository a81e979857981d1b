/*
 * What survives: every write and sync fails in turn, and the process is killed at any moment.
 * A child does the work and tells through a pipe what was acknowledged; afterwards the store
 * must open, verify must find no fault, and what was acknowledged must be there.
 */
#include "store_bench.h"

#include <signal.h>
#include <sys/wait.h>

#include "queue_bench.h"
#include "store_faults.h"

enum { KILL_ROUNDS = 30, ACKNOWLEDGED_MAX = 100000 };

/* What a child says: an id that is stored for good, or one of these. */
enum { SAID_EXPUNGING = 1, SAID_DONE = 2 };
/* With an id: it is queued for good; it has left. Ids do not use these bits. */
#define SAID_QUEUED (UINT64_C(1) << 61)
#define SAID_LEFT (UINT64_C(1) << 62)

struct child {
    int said;
    struct env_ops ops;
};

static void say(struct store_bench *bench, uint64_t what) {
    struct child *child = bench->extra;
    assert_int_equal(write(child->said, &what, sizeof what), sizeof what);
}

static void find_ann(struct store_bench *bench) {
    struct account account;
    struct mailbox inbox;
    assert_int_equal(engine_account_find(bench->engine, bench->arena, SLICE("ann@example.org"), &account),
                     STORE_OK);
    bench->account = account.id;
    assert_int_equal(reader_mailbox_find(bench->reader, bench->arena, account.id, SLICE("INBOX"), &inbox),
                     STORE_OK);
    bench->inbox = inbox.id;
}

static void set_up_body(struct task *t, struct store_bench *bench) { bench_add_account(t, bench, 0); }

/* ---- one step fails ---- */

static void fill(char *text, size_t len, uint64_t seed) {
    for (size_t i = 0; i < len; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        text[i] = (char)(seed >> 33);
    }
}

static bool queue_result(struct task *t, struct store_bench *bench, uint64_t destination, uint64_t message,
                         struct settled_recipient recipient) {
    bool is_left = false;
    struct settlement settlement = {.message = message,
                                    .destination = destination,
                                    .recipients = &recipient,
                                    .recipient_count = 1,
                                    .began_ms = env_wall_ms(bench->env),
                                    .record = SLICE("250")};
    return engine_queue_settle(t, bench->engine, &settlement, &is_left) == STORE_OK;
}

/* One recipient fails and is reported, the other is deferred first. */
static void work_queue(struct task *t, struct store_bench *bench) {
    struct queue_recipient two[] = {{.address = SLICE("carl@example.net")},
                                    {.address = SLICE("dora@example.net")}};
    struct delivery delivery = queue_delivery(bench, SLICE("for others"), two, 2);
    delivery.mail_from = SLICE("ann@example.org");
    if (engine_deliver(t, bench->engine, &delivery) != STORE_OK) return;
    say(bench, delivery.id | SAID_QUEUED);
    uint64_t destination = queue_due_destination(bench, LATER_MS);
    bool is_failed = queue_result(t, bench, destination, delivery.id, settled(0, QUEUE_FAILED));
    (void)queue_result(t, bench, destination, delivery.id, settled(1, QUEUE_DEFERRED));
    (void)engine_queue_set_destination(t, bench->engine, destination, 1, SLICE("down"), LATER_MS);
    uint32_t number = 0;
    struct delivery report = bench_delivery(bench, SLICE("sorry"));
    struct report_done done = {REPORT_OUTCOME, delivery.id, &number, 1, &report};
    bool is_reported = is_failed && engine_queue_reported(t, bench->engine, &done) == STORE_OK;
    bool is_settled = queue_result(t, bench, destination, delivery.id, settled(1, QUEUE_DELIVERED));
    if (is_reported) say(bench, report.id);
    if (is_reported && is_settled) say(bench, delivery.id | SAID_LEFT);
}

static void work_body(struct task *t, struct store_bench *bench) {
    char text[5000];
    find_ann(bench);
    for (int i = 0; i < 3; i++) {
        fill(text, sizeof text, env_random_u64(bench->env));
        struct delivery delivery = bench_delivery(bench, slice_of(text, sizeof text));
        if (engine_deliver(t, bench->engine, &delivery) == STORE_OK) say(bench, delivery.id);
    }
    work_queue(t, bench);
    struct append append = {.id = store_id_new(&bench->ids, bench->env),
                            .mailbox = bench->inbox,
                            .body = bench_pack(bench, SLICE("appended"))};
    struct append_result appended;
    if (engine_append(t, bench->engine, &append, 1, &appended) == STORE_OK) say(bench, append.id);
    struct entry *entries = NULL;
    size_t count = bench_entries(bench, bench->inbox, &entries);
    struct uid_range all_but_last = {1, count ? entries[count - 1].uid - 1 : 1};
    uint64_t modseq = 0;
    say(bench, SAID_EXPUNGING);
    (void)engine_expunge(t, bench->engine, bench->inbox, (struct uid_ranges){&all_but_last, 1}, false,
                         &modseq);
    assert_int_equal(task_sleep(t, 3), WAIT_OK);
    struct compact_report report;
    (void)engine_compact(t, bench->engine, NULL, NULL, &report);
    say(bench, SAID_DONE);
}

static void child_work(const char *folder, int said) {
    struct child child = {.said = said};
    if (!freopen("/dev/null", "w", stderr)) _exit(BENCH_CANNOT_OPEN + 1);
    const struct env_ops *ops = faults_install(&child.ops);
    bench_run_in(folder, false, ops, work_body, &child);
    int steps = faults.steps;
    assert_int_equal(write(said, &steps, sizeof steps), sizeof steps);
}

struct told {
    uint64_t ids[ACKNOWLEDGED_MAX];
    size_t count;
    uint64_t queued;
    uint64_t left;
    bool is_expunging;
    bool is_done;
    int steps;
};

static void listen_to(int said, struct told *told) {
    uint64_t what = 0;
    *told = (struct told){0};
    for (;;) {
        ssize_t got = read(said, &what, sizeof what);
        if (got == (ssize_t)sizeof told->steps) memcpy(&told->steps, &what, sizeof told->steps);
        if (got != (ssize_t)sizeof what) return;
        if (what == SAID_EXPUNGING)
            told->is_expunging = true;
        else if (what == SAID_DONE)
            told->is_done = true;
        else if (what & SAID_QUEUED)
            told->queued = what & ~SAID_QUEUED;
        else if (what & SAID_LEFT)
            told->left = what & ~SAID_LEFT;
        else if (told->count < ACKNOWLEDGED_MAX)
            told->ids[told->count++] = what;
    }
}

static size_t count_message(const struct entry *entries, size_t count, uint64_t id) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) found += entries[i].message == id;
    return found;
}

/* What was queued is there until it left; what left does not come back. A settlement whose answer never came
   may have been recorded, or not: then the message is there, or was before. */
static void check_queue(struct store_bench *bench, const struct told *told) {
    struct queue_shown shown;
    struct flight *flights;
    size_t count = 0;
    if (!told->queued) return;
    assert_int_equal(engine_queue_trace(bench->engine, bench->arena, told->queued, &flights, &count),
                     STORE_OK);
    assert_int_equal(flights[0].kind, FLIGHT_ACCEPTED);
    enum store_result result = engine_queue_show(bench->engine, bench->arena, told->queued, 10, &shown);
    assert_true(result == STORE_OK || count > 2);
    if (told->left) assert_int_equal(result, STORE_NOT_FOUND);
}

static void check_body(struct task *t, struct store_bench *bench) {
    const struct told *told = bench->extra;
    struct verify_report report;
    find_ann(bench);
    assert_int_equal(engine_verify(t, bench->engine, bench_print_fault, NULL, &report), STORE_OK);
    assert_int_equal(report.faults, 0);
    check_queue(bench, told);
    uint32_t from = 1;
    size_t seen = 0;
    for (;;) {
        struct uid_range all = {1, UINT32_MAX};
        struct entry *entries = NULL;
        size_t count = 0;
        assert_int_equal(reader_entries(bench->reader, bench->arena, bench->inbox,
                                        (struct uid_ranges){&all, 1}, from, ENTRY_FLAGS, 1000, &entries,
                                        &count),
                         STORE_OK);
        if (count == 0) break;
        for (size_t i = 0; i < told->count; i++) seen += count_message(entries, count, told->ids[i]);
        from = entries[count - 1].uid + 1;
    }
    if (!told->is_expunging) assert_int_equal(seen, told->count);
}

static int run_child(const char *folder, void (*work)(const char *folder, int said), int64_t kill_after_us,
                     struct told *told) {
    int ends[2];
    int status = 0;
    assert_int_equal(pipe(ends), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[0]);
        work(folder, ends[1]);
        _exit(0);
    }
    (void)close(ends[1]);
    if (kill_after_us >= 0) {
        (void)usleep((useconds_t)kill_after_us);
        (void)kill(child, SIGKILL);
    }
    listen_to(ends[0], told);
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void fail_every_step(enum fault_kind kind) {
    char folder[64];
    struct told *told = calloc(1, sizeof *told);
    assert_non_null(told);
    test_folder_make(folder);
    bench_run_in(folder, true, NULL, set_up_body, NULL);
    int steps = 1;
    for (int step = 0; step <= steps; step = fault_next_step(step, kind)) {
        faults = (struct faults){.failing_step = step, .kind = kind};
        int status = run_child(folder, child_work, -1, told);
        bool is_aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
        bool is_ended =
            WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == BENCH_CANNOT_OPEN);
        assert_true(is_aborted || is_ended);
        if (step == 0) steps = told->steps;
        if (step == 0) assert_true(told->is_done && steps > 20);
        bench_run_in(folder, false, NULL, check_body, told);
    }
    bench_folder_remove(folder);
    free(told);
}

static void a_full_disk_at_any_step_loses_nothing_acknowledged(void **state) { fail_every_step(FAULT_FULL); }
static void a_broken_disk_at_any_step_loses_nothing_acknowledged(void **state) {
    fail_every_step(FAULT_BROKEN);
}

/* ---- killed at any moment ---- */

static void deliverer(struct task *t, void *argument) {
    struct store_bench *bench = argument;
    for (int i = 0; i < 2000; i++) {
        struct delivery delivery = bench_delivery(bench, SLICE("a short text that is delivered often"));
        if (engine_deliver(t, bench->engine, &delivery) == STORE_OK) say(bench, delivery.id);
    }
}

static void busy_body(struct task *t, struct store_bench *bench) {
    struct scope workers;
    find_ann(bench);
    scope_init(&workers, bench->env);
    for (int i = 0; i < 3; i++) assert_true(scope_spawn(&workers, deliverer, bench));
    scope_close(t, &workers);
}

static void child_busy(const char *folder, int said) {
    struct child child = {.said = said};
    bench_run_in(folder, false, NULL, busy_body, &child);
}

static void a_killed_store_has_all_it_acknowledged(void **state) {
    char folder[64];
    size_t total = 0;
    struct told *told = calloc(1, sizeof *told);
    assert_non_null(told);
    test_folder_make(folder);
    bench_run_in(folder, true, NULL, set_up_body, NULL);
    /* Where the machine is so busy that nothing was acknowledged yet, the next one lives longer. */
    int64_t least_us = 15000;
    for (int round = 0; round < KILL_ROUNDS; round++) {
        (void)run_child(folder, child_busy, least_us + (round * 7919) % 50000, told);
        total += told->count;
        if (total == 0 && least_us < 2000000) least_us *= 2;
        bench_run_in(folder, false, NULL, check_body, told);
    }
    assert_true(total > 0);
    bench_folder_remove(folder);
    free(told);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_at_any_step_loses_nothing_acknowledged),
        cmocka_unit_test(a_broken_disk_at_any_step_loses_nothing_acknowledged),
        cmocka_unit_test(a_killed_store_has_all_it_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

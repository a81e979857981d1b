/*
 * Backups of a store that lives on meanwhile, and with every write, sync, rename and removal failing
 * in turn: earlier snapshots stay whole, the next run goes on, and what comes back is what was there.
 */
#include <limits.h>
#include <sys/wait.h>

#include "store_bench.h"

#include "base/limits.h"
#include "store/backup.h"
#include "store_faults.h"

enum { MESSAGES = 60, BODY_BYTES = 4000 };

/* Where the backup goes, and what happens in the middle of it. */
struct scene {
    char to[64];
    struct store_bench *bench;
    struct task *t;
    size_t segments_held_max;
    bool is_compacted;
    bool is_compacted_always;
};

static struct slice noise(struct store_bench *bench, uint64_t seed) {
    uint8_t *bytes = arena_alloc(bench->arena, BODY_BYTES);
    for (size_t i = 0; i < BODY_BYTES; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        bytes[i] = (uint8_t)(seed >> 56);
    }
    return slice_of(bytes, BODY_BYTES);
}

static void deliver_many(struct task *t, struct store_bench *bench, uint64_t first, uint64_t count) {
    for (uint64_t i = first; i < first + count; i++) bench_deliver(t, bench, noise(bench, i + 1));
}

/* ---- a backup as the command takes it ---- */

static int take_with(struct backup *backup, const char *data) {
    struct backup_manifest previous;
    struct backup_manifest manifest;
    struct backup_swept swept;
    backup_manifest_init(&previous);
    backup_manifest_init(&manifest);
    int result = backup_open(backup);
    bool has_previous = result == 0 && backup_load_newest(backup, &previous) == 0;
    if (result == 0) result = backup_take_store(backup, data, has_previous ? &previous : NULL, &manifest);
    if (result == 0) result = backup_finish(backup, &manifest);
    if (result == 0) result = backup_sweep(backup, 3, &swept);
    backup_manifest_free(&previous);
    backup_manifest_free(&manifest);
    return result;
}

static int take(struct env *env, const char *data, const char *to) {
    struct backup backup;
    backup_init(&backup, env, to);
    int result = take_with(&backup, data);
    assert_true(result == 0 || backup.error.len > 0);
    backup_close(&backup);
    return result;
}

static int restore_with(struct backup *backup, const char *data) {
    struct backup_manifest manifest;
    char body[STORE_PATH_BYTES_MAX];
    backup_manifest_init(&manifest);
    (void)snprintf(body, sizeof body, "%s/body", data);
    int result = backup_open_existing(backup);
    if (result == 0) result = backup_load_newest(backup, &manifest);
    if (result == 0) result = folder_make(backup->env, body);
    for (size_t i = 1; result == 0 && i < backup_file_count(&manifest); i++)
        result = backup_restore_file(backup, backup_file_at(&manifest, i), data);
    if (result == 0) result = backup_restore_database(backup, backup_file_at(&manifest, 0), data);
    backup_manifest_free(&manifest);
    return result;
}

static int restore(struct env *env, const char *to, const char *data) {
    struct backup backup;
    backup_init(&backup, env, to);
    int result = restore_with(&backup, data);
    backup_close(&backup);
    return result;
}

static void print_line(void *context, struct slice line) { bench_print_fault(context, line); }

static void assert_clean(struct env *env, const char *to, uint64_t snapshots_min) {
    struct backup backup;
    struct backup_report report;
    backup_init(&backup, env, to);
    assert_int_equal(backup_open_existing(&backup), 0);
    assert_int_equal(backup_verify(&backup, print_line, NULL, &report), 0);
    assert_int_equal(report.faults, 0);
    assert_true(report.snapshots >= snapshots_min);
    backup_close(&backup);
}

/* ---- what came back ---- */

static void check_restored(struct task *t, struct store_bench *bench) {
    const uint64_t *expected = bench->extra;
    struct address_route route;
    struct verify_report report;
    struct mailbox inbox;
    struct entry *entries = NULL;
    struct buffer out = buffer_new(MIB(1));
    assert_int_equal(engine_verify(t, bench->engine, bench_print_fault, NULL, &report), STORE_OK);
    assert_int_equal(report.faults, 0);
    assert_int_equal(engine_address_resolve(bench->engine, bench->arena, SLICE("ann@example.org"), &route),
                     STORE_OK);
    assert_int_equal(
        reader_mailbox_find(bench->reader, bench->arena, route.targets[0].account, SLICE("INBOX"), &inbox),
        STORE_OK);
    size_t count = bench_entries(bench, inbox.id, &entries);
    assert_true(count >= *expected);
    for (size_t i = 0; i < count; i++) {
        buffer_clear(&out);
        assert_int_equal(reader_body(bench->reader, entries[i].message, 0, UINT64_MAX, &out), STORE_OK);
        /* UIDs rise from 1 in the order in which the bodies were made. */
        assert_true(slice_equal(buffer_slice(&out), noise(bench, entries[i].uid)));
    }
    assert_true(inbox.uidnext > entries[count - 1].uid + 1);
    buffer_free(&out);
}

static void assert_restores(struct env *env, const char *to, uint64_t messages_min) {
    char data[64];
    test_folder_make(data);
    assert_int_equal(restore(env, to, data), 0);
    bench_run_in(data, false, NULL, check_restored, &messages_min);
    bench_folder_remove(data);
}

/* ---- the store lives on ---- */

static void expunge_most(struct task *t, struct store_bench *bench) {
    for (uint32_t uid = 1; uid <= MESSAGES; uid++) {
        uint64_t modseq = 0;
        struct uid_range one = {uid, uid};
        if (uid % 5 == 0) continue;
        assert_int_equal(
            engine_expunge(t, bench->engine, bench->inbox, (struct uid_ranges){&one, 1}, false, &modseq),
            STORE_OK);
    }
    assert_int_equal(task_sleep(t, 20), WAIT_OK);
}

/* In the middle of the copy of the database: half-dead segments go, new mail comes. */
static void compact_meanwhile(void *context, uint64_t done, uint64_t total) {
    struct scene *scene = context;
    struct compact_report report;
    (void)done;
    (void)total;
    if (scene->is_compacted) return;
    scene->is_compacted = true;
    expunge_most(scene->t, scene->bench);
    assert_int_equal(engine_compact(scene->t, scene->bench->engine, NULL, NULL, &report), STORE_OK);
    assert_true(report.freed_bytes > 0);
    bench_deliver(scene->t, scene->bench, noise(scene->bench, MESSAGES + 1));
}

static void backup_while_compacting(struct task *t, struct store_bench *bench) {
    struct scene *scene = bench->extra;
    struct backup backup;
    scene->bench = bench;
    scene->t = t;
    bench_add_account(t, bench, 0);
    deliver_many(t, bench, 0, MESSAGES);
    backup_init(&backup, bench->env, scene->to);
    backup.step = compact_meanwhile;
    backup.context = scene;
    backup.segments_held_max = scene->segments_held_max;
    assert_int_equal(take_with(&backup, bench->folder), 0);
    assert_true(scene->is_compacted);
    assert_false(backup.has_damage);
    backup_close(&backup);
    assert_clean(bench->env, scene->to, 1);
}

static void run_scene(size_t segments_held_max, uint64_t messages_min) {
    struct scene scene = {.segments_held_max = segments_held_max};
    struct env *env = real_env_new(NULL);
    test_folder_make(scene.to);
    bench_run(backup_while_compacting, &scene);
    assert_restores(env, scene.to, messages_min);
    bench_folder_remove(scene.to);
    real_env_free(&env);
}

/* All that the first read knew is there, though compaction has removed its segments since. */
static void segments_compacted_away_meanwhile_are_still_copied(void **state) { run_scene(0, MESSAGES); }
/* Only what was left when the copy began anew. */
static void a_segment_gone_before_it_was_opened_makes_it_begin_anew(void **state) {
    run_scene(1, MESSAGES / 5 + 1);
}

/* ---- every step fails ---- */

static int failing_rename(struct env *env, const char *from, const char *to) {
    return fault_comes() ? fault_errno() : real_file_ops.rename(env, from, to);
}
static int failing_remove(struct env *env, const char *path) {
    return fault_comes() ? -EIO : real_file_ops.remove(env, path);
}
static int failing_folder_sync(struct env *env, const char *path) {
    return fault_comes() ? -EIO : real_file_ops.folder_sync(env, path);
}
static int failing_folder_make(struct env *env, const char *path) {
    return fault_comes() ? fault_errno() : real_file_ops.folder_make(env, path);
}

static struct env *failing_env_new(struct env_ops *ops) {
    (void)faults_install(ops);
    faulty_ops.rename = failing_rename;
    faulty_ops.remove = failing_remove;
    faulty_ops.folder_sync = failing_folder_sync;
    faulty_ops.folder_make = failing_folder_make;
    struct env *env = real_env_new(NULL);
    env->ops = ops;
    return env;
}

/* Runs one call in a process of its own, since a sync of a database that fails ends it. True: it said 0.
 *steps is how many steps there were. */
static bool run_failing(int (*call)(struct env *env, const char *from, const char *to), const char *from,
                        const char *to, int *steps) {
    int ends[2];
    int status = 0;
    assert_int_equal(pipe(ends), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct env_ops ops;
        if (!freopen("/dev/null", "w", stderr)) _exit(2);
        int result = call(failing_env_new(&ops), from, to);
        (void)!write(ends[1], &faults.steps, sizeof faults.steps);
        _exit(result ? 1 : 0);
    }
    (void)close(ends[1]);
    if (read(ends[0], steps, sizeof *steps) != (ssize_t)sizeof *steps) *steps = INT_MAX;
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) ? WEXITSTATUS(status) <= 1 : WTERMSIG(status) == SIGABRT);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void add_account_and_some(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    deliver_many(t, bench, 0, 10);
}

static void deliver_some(struct task *t, struct store_bench *bench) {
    const uint64_t *count = bench->extra;
    struct address_route route;
    assert_int_equal(engine_address_resolve(bench->engine, bench->arena, SLICE("ann@example.org"), &route),
                     STORE_OK);
    bench->account = route.targets[0].account;
    deliver_many(t, bench, *count, 3);
}

/* A store with ten messages and one snapshot of it. */
struct stage {
    char data[64];
    char to[64];
    struct env *env;
};

static void stage_set(struct stage *stage) {
    stage->env = real_env_new(NULL);
    test_folder_make(stage->data);
    test_folder_make(stage->to);
    bench_run_in(stage->data, true, NULL, add_account_and_some, NULL);
    assert_int_equal(take(stage->env, stage->data, stage->to), 0);
}

static void stage_clear(struct stage *stage) {
    bench_folder_remove(stage->data);
    bench_folder_remove(stage->to);
    real_env_free(&stage->env);
}

static void fail_every_backup_step(enum fault_kind kind) {
    struct stage stage;
    uint64_t messages = 10;
    int steps = 0;
    stage_set(&stage);
    faults = (struct faults){.failing_step = 0, .kind = kind};
    for (int step = 1, last = 0, runs = 0; steps >= last; step += 1 + step / 16, runs++) {
        last = step;
        if (runs % 8 == 0) {
            bench_run_in(stage.data, false, NULL, deliver_some, &messages);
            messages += 3;
        }
        faults = (struct faults){.failing_step = step, .kind = kind};
        (void)run_failing(take, stage.data, stage.to, &steps);
        assert_clean(stage.env, stage.to, 1);
        if (step > 400) fail();
    }
    assert_true(steps > 5);
    assert_int_equal(take(stage.env, stage.data, stage.to), 0);
    assert_clean(stage.env, stage.to, 1);
    assert_restores(stage.env, stage.to, messages);
    stage_clear(&stage);
}

static void a_full_disk_at_any_step_leaves_whole_snapshots(void **state) {
    fail_every_backup_step(FAULT_FULL);
}
static void a_broken_disk_at_any_step_leaves_whole_snapshots(void **state) {
    fail_every_backup_step(FAULT_BROKEN);
}

/* The first backup into a new folder. */
static void a_first_backup_that_failed_at_any_step_goes_on(void **state) {
    struct stage stage;
    char to[64];
    int steps = 0;
    stage_set(&stage);
    for (int step = 1, last = 0; steps >= last; step += 1 + step / 8) {
        last = step;
        test_folder_make(to);
        faults = (struct faults){.failing_step = step, .kind = FAULT_FULL};
        (void)run_failing(take, stage.data, to, &steps);
        assert_int_equal(take(stage.env, stage.data, to), 0);
        assert_clean(stage.env, to, 1);
        bench_folder_remove(to);
    }
    assert_true(steps > 20);
    stage_clear(&stage);
}

static void a_restore_that_failed_at_any_step_goes_on(void **state) {
    struct stage stage;
    char data[64];
    uint64_t messages = 10;
    int steps = 1;
    bool is_done = false;
    stage_set(&stage);
    for (int step = 1; !is_done; step += 1 + step / 8) {
        test_folder_make(data);
        faults = (struct faults){.failing_step = step, .kind = FAULT_FULL};
        is_done = run_failing(restore, stage.to, data, &steps);
        if (!is_done) assert_int_equal(restore(stage.env, stage.to, data), 0);
        bench_run_in(data, false, NULL, check_restored, &messages);
        bench_folder_remove(data);
        if (step > 400) fail();
    }
    stage_clear(&stage);
}

/* ---- what a stranger wrote ---- */

static void write_text(const char *folder, const char *name, const char *text) {
    char path[STORE_PATH_BYTES_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int load_crafted(struct env *env, const char *to, const char *path, const char *kind,
                        const char *second) {
    struct backup backup;
    struct backup_manifest manifest;
    char document[1024];
    char hash[BACKUP_NAME_BYTES + 1];
    char whole[2048];
    /* As compact JSON with sorted keys has it. */
    (void)snprintf(document, sizeof document,
                   "{\"bytes\":0,\"files\":[{\"bytes\":0,\"kind\":\"%s\",\"mode\":384,\"parts\":[],"
                   "\"path\":\"%s\",\"store\":false,\"target\":\"/etc\"}%s],\"format\":1,\"lineage\":\"\","
                   "\"new_bytes\":0,\"snapshot\":9,\"store_format\":1,\"taken_ms\":1,\"version\":\"\"}",
                   kind, path, second);
    backup_hash(slice_from_text(document), hash);
    (void)snprintf(whole, sizeof whole, "{\"manifest\":%s,\"sha256\":\"%s\"}", document, hash);
    write_text(to, "snapshots/00000009.json", whole);
    backup_init(&backup, env, to);
    backup_manifest_init(&manifest);
    int result = backup_load(&backup, 9, &manifest);
    backup_manifest_free(&manifest);
    backup_close(&backup);
    return result;
}

static void a_manifest_cannot_lead_out_of_the_folder(void **state) {
    static const char *const paths[] = {"../x", "/etc/passwd", "a/../../x", "a//b", "", ".", "a/", "tls/.."};
    struct stage stage;
    stage_set(&stage);
    assert_int_equal(load_crafted(stage.env, stage.to, "tls/key.pem", "file", ""), 0);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        assert_int_equal(load_crafted(stage.env, stage.to, paths[i], "file", ""), -EBADMSG);
    assert_int_equal(load_crafted(stage.env, stage.to, "tls", "link", ""), 0);
    assert_int_equal(load_crafted(stage.env, stage.to, "tls", "link",
                                  ",{\"bytes\":0,\"kind\":\"file\",\"mode\":384,\"parts\":[],"
                                  "\"path\":\"tls/passwd\",\"store\":false,\"target\":\"\"}"),
                     -EBADMSG);
    stage_clear(&stage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_compacted_away_meanwhile_are_still_copied),
        cmocka_unit_test(a_segment_gone_before_it_was_opened_makes_it_begin_anew),
        cmocka_unit_test(a_full_disk_at_any_step_leaves_whole_snapshots),
        cmocka_unit_test(a_broken_disk_at_any_step_leaves_whole_snapshots),
        cmocka_unit_test(a_first_backup_that_failed_at_any_step_goes_on),
        cmocka_unit_test(a_restore_that_failed_at_any_step_goes_on),
        cmocka_unit_test(a_manifest_cannot_lead_out_of_the_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

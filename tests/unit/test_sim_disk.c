/* The simulated disk, and SQLite on it: what is lost, and what must never be. */
#include "test.h"

#include <errno.h>
#include <sqlite3.h>

#include "io/file.h"
#include "io/lane.h"
#include "io/sim/sim.h"

struct bench {
    struct sim_world *world;
    struct sim_machine *host;
    void (*body)(struct task *t, struct bench *bench);
    bool is_done;
    int counter;
    int acknowledged;
    int found;
    struct env *process;
    bool has_rollback_journal;
    char text[64];
};

static void bench_open(struct bench *bench, uint64_t seed) {
    *bench = (struct bench){.world = sim_world_new(seed)};
    bench->host = sim_machine_new(bench->world, "host", "192.0.2.1");
    sim_machine_make_folder(bench->host, "/data/deep");
}

static bool has_ended(void *process) { return sim_process_has_ended(process); }

static void run_body(struct task *t, void *argument) {
    struct bench *bench = argument;
    bench->body(t, bench);
}

static void run_on(struct bench *bench, void (*body)(struct task *t, struct bench *bench)) {
    bench->body = body;
    bench->process = sim_process_start(bench->host, "body", run_body, bench);
    assert_true(sim_world_run_until(bench->world, has_ended, bench->process, 600000));
}

static void run_alone(uint64_t seed, void (*body)(struct task *t, struct bench *bench)) {
    struct bench bench;
    bench_open(&bench, seed);
    run_on(&bench, body);
    sim_world_free(&bench.world);
}

static struct file *open_file(struct env *env, const char *path, enum file_mode mode) {
    struct file *file = NULL;
    assert_int_equal(file_open(env, path, mode, &file), 0);
    return file;
}

static void note_name(void *context, const char *name) {
    struct bench *bench = context;
    bench->counter++;
    (void)snprintf(bench->text, sizeof bench->text, "%s", name);
}

static void files_body(struct task *t, struct bench *bench) {
    struct env *env = task_env(t);
    struct file *file = NULL;
    char text[16];
    assert_int_equal(file_open(env, "/data/a", FILE_READ, &file), -ENOENT);
    assert_int_equal(file_open(env, "/none/a", FILE_WRITE, &file), -ENOENT);
    file = open_file(env, "/data/a", FILE_CREATE);
    assert_int_equal(file_write(file, SLICE("hello"), 3), 0);
    assert_int_equal(file_size(file), 8);
    assert_int_equal(file_read(file, text, sizeof text, 0), 8);
    assert_memory_equal(text, "\0\0\0hello", 8);
    assert_int_equal(file_truncate(file, 4), 0);
    assert_int_equal(file_read(file, text, sizeof text, 3), 1);
    struct handle handle;
    assert_int_equal(file_handle_copy(file, &handle), 0);
    file_close(&file);
    assert_int_equal(file_open(env, "/data/a", FILE_CREATE, &file), -EEXIST);
    assert_int_equal(file_rename(env, "/data/a", "/data/deep/b"), 0);
    assert_int_equal(folder_list(env, "/data/deep", note_name, bench), 0);
    assert_int_equal(bench->counter, 1);
    assert_string_equal(bench->text, "b");
    assert_int_equal(file_remove(env, "/data/deep/b"), 0);
    assert_int_equal(file_remove(env, "/data/deep/b"), -ENOENT);
    /* A file without a name lives on in its handles. */
    file = file_adopt(env, handle);
    assert_int_equal(file_size(file), 4);
    file_close(&file);
    assert_int_equal(file_open_temporary(env, "/data", &file), 0);
    assert_int_equal(file_write(file, SLICE("x"), 0), 0);
    file_close(&file);
}

static void files_behave_like_files(void **state) { run_alone(1, files_body); }

static void faults_body(struct task *t, struct bench *bench) {
    struct env *env = task_env(t);
    struct sim_faults *faults = sim_machine_faults(bench->host);
    struct file *file = open_file(env, "/data/a", FILE_CREATE);
    struct file *other = NULL;
    static const uint8_t block[10000];
    faults->space_bytes = 15000;
    assert_int_equal(file_write(file, slice_of(block, sizeof block), 0), 0);
    assert_int_equal(folder_free_bytes(env, "/data"), 5000);
    assert_int_equal(file_write(file, slice_of(block, sizeof block), 10000), -ENOSPC);
    assert_true(folder_free_bytes(env, "/data") >= 0);
    assert_int_equal(file_write(file, slice_of(block, sizeof block), 0), 0);
    faults->sync_error_chance = SIM_ALWAYS;
    assert_int_equal(file_sync(file), -EIO);
    faults->descriptors_max = 1;
    assert_int_equal(file_open(env, "/data/a", FILE_READ, &other), -EMFILE);
    file_close(&file);
}

static void faults_are_reported(void **state) { run_alone(1, faults_body); }

static void write_three(struct task *t, struct bench *bench) {
    struct env *env = task_env(t);
    const char *paths[] = {"/data/synced", "/data/named", "/data/loose"};
    for (int i = 0; i < 3; i++) {
        struct file *file = open_file(env, paths[i], FILE_CREATE);
        assert_int_equal(file_write(file, SLICE("old text"), 0), 0);
        if (i < 2) assert_int_equal(file_sync(file), 0);
        if (i == 0) assert_int_equal(folder_sync(env, "/data"), 0);
        if (i == 0) assert_int_equal(file_write(file, SLICE("new text"), 0), 0);
        file_close(&file);
    }
}

static int64_t read_text(struct env *env, const char *path, char text[16]) {
    struct file *file = NULL;
    int result = file_open(env, path, FILE_READ, &file);
    if (result) return result;
    int64_t got = file_read(file, text, 16, 0);
    file_close(&file);
    return got;
}

/* 1: the old text of the synced file; 2: its new one; 4, 8: the other names are there. */
static void look_at_three(struct task *t, struct bench *bench) {
    char text[16];
    assert_int_equal(read_text(task_env(t), "/data/synced", text), 8);
    bool is_new = memcmp(text, "new text", 8) == 0;
    assert_true(is_new || memcmp(text, "old text", 8) == 0);
    bench->found |= is_new ? 2 : 1;
    int64_t named = read_text(task_env(t), "/data/named", text);
    if (named >= 0) assert_int_equal(named, 8);
    bench->found |= named < 0 ? 4 : 8;
    bench->found |= read_text(task_env(t), "/data/loose", text) < 0 ? 16 : 32;
}

static void a_power_cut_keeps_what_was_synced_and_maybe_more(void **state) {
    int found = 0;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct bench bench;
        bench_open(&bench, seed);
        run_on(&bench, write_three);
        sim_machine_power_cut(bench.host);
        run_on(&bench, look_at_three);
        sim_world_free(&bench.world);
        found |= bench.found;
    }
    /* Every outcome that may be did happen. */
    assert_int_equal(found, 63);
}

static void a_kill_loses_nothing(void **state) {
    struct bench bench;
    bench_open(&bench, 1);
    run_on(&bench, write_three);
    run_on(&bench, look_at_three);
    assert_int_equal(bench.found, 2 + 8 + 32);
    sim_world_free(&bench.world);
}

static void write_long(struct task *t, struct bench *bench) {
    static uint8_t block[20000];
    memset(block, 'x', sizeof block);
    struct file *file = open_file(task_env(t), "/data/long", FILE_CREATE);
    assert_int_equal(folder_sync(task_env(t), "/data"), 0);
    if (bench->counter == 1) sim_machine_faults(bench->host)->sync_error_chance = SIM_ALWAYS;
    if (bench->counter == 2) sim_kill_after_steps(task_env(t), 1);
    int written = file_write(file, slice_of(block, sizeof block), 0);
    assert_int_equal(written, bench->counter == 2 ? -ECANCELED : 0);
    if (bench->counter == 1) assert_int_equal(file_sync(file), -EIO);
    sim_machine_faults(bench->host)->sync_error_chance = 0;
    /* A good sync after a failed one saves nothing that the first one lost. */
    if (bench->counter == 1) assert_int_equal(file_sync(file), 0);
    file_close(&file);
}

static void count_sectors(struct task *t, struct bench *bench) {
    static uint8_t block[20000];
    struct file *file = open_file(task_env(t), "/data/long", FILE_READ);
    int64_t got = file_read(file, block, sizeof block, 0);
    for (int64_t at = 0; at < got; at += 512) bench->found += block[at] == 'x';
    for (int64_t at = 0; at < got; at++) assert_true(block[at] == 'x' || block[at] == 0);
    file_close(&file);
}

/* Whether some seed leaves none, a part, and all of 40 sectors. */
static int torn_outcomes(int way) {
    int outcomes = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct bench bench;
        bench_open(&bench, seed);
        bench.counter = way;
        run_on(&bench, write_long);
        if (way < 2) sim_machine_power_cut(bench.host);
        run_on(&bench, count_sectors);
        sim_world_free(&bench.world);
        outcomes |= bench.found == 0 ? 1 : bench.found == 40 ? 4 : 2;
    }
    return outcomes;
}

static void unsynced_writes_are_torn_by_a_power_cut(void **state) { assert_int_equal(torn_outcomes(0), 7); }
static void a_failed_sync_leaves_bytes_in_doubt(void **state) { assert_int_equal(torn_outcomes(1), 7); }
static void a_kill_within_a_write_leaves_a_part(void **state) { assert_true(torn_outcomes(2) & 2); }

/* SQLite. A writer commits rows in a lane, and counts what was acknowledged. */
static void database_exec(sqlite3 *database, const char *sql, int *result) {
    if (*result == SQLITE_OK) *result = sqlite3_exec(database, sql, NULL, NULL, NULL);
}

static sqlite3 *database_open(struct env *env, int flags, int *result) {
    sqlite3 *database = NULL;
    *result = sqlite3_open_v2("/data/mail.db", &database, flags, env_sqlite_vfs(env));
    return database;
}

struct writer {
    struct bench *bench;
    struct env *env;
    sqlite3 *database;
    int result;
    int rows;
};

static void writer_open(void *argument) {
    struct writer *writer = argument;
    writer->database =
        database_open(writer->env, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &writer->result);
    const char *mode =
        writer->bench->has_rollback_journal ? "PRAGMA journal_mode=DELETE" : "PRAGMA journal_mode=WAL";
    database_exec(writer->database, mode, &writer->result);
    /* A rollback journal needs EXTRA: with FULL its removal, which is the commit, is not synced. */
    const char *sync =
        writer->bench->has_rollback_journal ? "PRAGMA synchronous=EXTRA" : "PRAGMA synchronous=FULL";
    database_exec(writer->database, sync, &writer->result);
    database_exec(writer->database, "PRAGMA wal_autocheckpoint=5", &writer->result);
    database_exec(writer->database,
                  "CREATE TABLE IF NOT EXISTS row(id INTEGER PRIMARY KEY, text TEXT) STRICT",
                  &writer->result);
}

static void writer_commit(void *argument) {
    struct writer *writer = argument;
    char sql[128];
    int id = writer->bench->acknowledged + 1;
    (void)snprintf(sql, sizeof sql, "INSERT OR IGNORE INTO row VALUES(%d, hex(randomblob(%d)))", id,
                   100 + id % 7 * 150);
    database_exec(writer->database, "BEGIN IMMEDIATE", &writer->result);
    database_exec(writer->database, sql, &writer->result);
    database_exec(writer->database, "COMMIT", &writer->result);
    if (writer->result == SQLITE_OK) writer->bench->acknowledged = id;
}

static void writer_close(void *argument) {
    struct writer *writer = argument;
    (void)sqlite3_close(writer->database);
}

enum { WRITER_ROWS = 12 };

static void writer_main(struct task *t, struct bench *bench) {
    struct writer writer = {.bench = bench, .env = task_env(t)};
    struct lane *lane = lane_open(task_env(t), "commit", 1);
    lane_run(t, lane, writer_open, &writer);
    while (writer.result == SQLITE_OK && bench->acknowledged < bench->counter)
        lane_run(t, lane, writer_commit, &writer);
    lane_run(t, lane, writer_close, &writer);
    lane_close(&lane);
}

static int first_number(sqlite3 *database, const char *sql) {
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int number = sqlite3_column_int(statement, 0);
    (void)sqlite3_finalize(statement);
    return number;
}

static void check_integrity(sqlite3 *database) {
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(database, "PRAGMA integrity_check", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), "ok");
    (void)sqlite3_finalize(statement);
}

/* All that was acknowledged is there, and at most one commit more. */
static void checker_main(struct task *t, struct bench *bench) {
    struct env *env = task_env(t);
    if (!bench->acknowledged) return;
    int result;
    sqlite3 *database = database_open(env, SQLITE_OPEN_READWRITE, &result);
    assert_int_equal(result, SQLITE_OK);
    check_integrity(database);
    bench->found = first_number(database, "SELECT count(*) FROM row");
    assert_true(bench->found == bench->acknowledged || bench->found == bench->acknowledged + 1);
    assert_int_equal(first_number(database, "SELECT coalesce(max(id), 0) FROM row"), bench->found);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static uint64_t writer_steps(uint64_t seed) {
    struct bench bench;
    bench_open(&bench, seed);
    bench.counter = WRITER_ROWS;
    run_on(&bench, writer_main);
    assert_int_equal(bench.acknowledged, WRITER_ROWS);
    uint64_t steps = sim_process_steps(bench.process);
    sim_world_free(&bench.world);
    return steps;
}

static void kill_writer_at(uint64_t step) {
    struct bench bench;
    bench_open(&bench, step);
    bench.body = writer_main;
    bench.counter = WRITER_ROWS;
    bench.process = sim_process_start(bench.host, "writer", run_body, &bench);
    sim_kill_after_steps(bench.process, step);
    assert_true(sim_world_run_until(bench.world, has_ended, bench.process, 600000));
    assert_true(bench.process->is_dead);
    run_on(&bench, checker_main);
    /* It can go on from there. */
    bench.counter = bench.acknowledged + 2;
    run_on(&bench, writer_main);
    assert_int_equal(bench.acknowledged, bench.counter);
    run_on(&bench, checker_main);
    sim_world_free(&bench.world);
}

static void a_kill_at_any_step_loses_no_commit(void **state) {
    uint64_t steps = writer_steps(1);
    assert_true(steps > 100);
    for (uint64_t step = 1; step < steps; step++) kill_writer_at(step);
}

/* Power cuts again and again on one machine, at steps that the seed chooses. */
static void cut_power_often(uint64_t seed, bool has_rollback_journal) {
    struct bench bench;
    bench_open(&bench, seed);
    bench.counter = WRITER_ROWS;
    bench.has_rollback_journal = has_rollback_journal;
    for (int i = 0; i < 3; i++) {
        bench.body = writer_main;
        bench.process = sim_process_start(bench.host, "writer", run_body, &bench);
        sim_power_cut_after_steps(bench.host, 1 + sim_world_random(bench.world, 250));
        assert_true(sim_world_run_until(bench.world, has_ended, bench.process, 600000));
        sim_power_cut_after_steps(bench.host, 0);
        run_on(&bench, checker_main);
        if (bench.found > bench.acknowledged) bench.acknowledged = bench.found;
        bench.counter += 4;
    }
    sim_world_free(&bench.world);
}

static void a_power_cut_at_any_step_loses_no_commit(void **state) {
    for (uint64_t seed = 0; seed < 300; seed++) cut_power_often(seed, false);
}

static void a_rollback_journal_survives_power_cuts_too(void **state) {
    for (uint64_t seed = 0; seed < 100; seed++) cut_power_often(seed, true);
}

/* The proof that the disk bites: without syncs commits are lost. */
static void loose_main(struct task *t, struct bench *bench) {
    struct writer writer = {.bench = bench, .env = task_env(t)};
    writer_open(&writer);
    database_exec(writer.database, "PRAGMA synchronous=OFF", &writer.result);
    while (writer.result == SQLITE_OK && bench->acknowledged < WRITER_ROWS) writer_commit(&writer);
    sim_machine_power_cut(bench->host);
    writer_close(&writer);
}

static void count_main(struct task *t, struct bench *bench) {
    int result;
    sqlite3 *database = database_open(task_env(t), SQLITE_OPEN_READWRITE, &result);
    sqlite3_stmt *statement = NULL;
    if (result == SQLITE_OK)
        result = sqlite3_prepare_v2(database, "SELECT count(*) FROM row", -1, &statement, NULL);
    if (result == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        bench->found = sqlite3_column_int(statement, 0);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(database);
}

static void without_sync_commits_are_lost(void **state) {
    int lost = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct bench bench;
        bench_open(&bench, seed);
        run_on(&bench, loose_main);
        assert_int_equal(bench.acknowledged, WRITER_ROWS);
        run_on(&bench, count_main);
        lost += bench.found < bench.acknowledged;
        sim_world_free(&bench.world);
    }
    assert_true(lost > 0);
}

/* A reader in another process, read-only, while the writer commits, checkpoints and dies. */
static void reader_main(struct task *t, void *argument) {
    struct bench *bench = argument;
    int result;
    int last = 0;
    sqlite3 *database = database_open(task_env(t), SQLITE_OPEN_READONLY, &result);
    assert_int_equal(result, SQLITE_OK);
    while (task_sleep(t, 1) == WAIT_OK) {
        int acknowledged = bench->acknowledged;
        int rows = first_number(database, "SELECT count(*) FROM row");
        assert_true(rows >= acknowledged && rows >= last);
        last = rows;
        bench->found = rows;
    }
    assert_int_equal(sqlite3_exec(database, "DELETE FROM row", NULL, NULL, NULL), SQLITE_READONLY);
    (void)sqlite3_close(database);
}

static void readers_of_other_processes_see_every_commit(void **state) {
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct bench bench;
        bench_open(&bench, seed);
        bench.counter = 1;
        run_on(&bench, writer_main);
        struct env *readers[2];
        for (int i = 0; i < 2; i++) readers[i] = sim_process_start(bench.host, "reader", reader_main, &bench);
        for (int i = 0; i < 3; i++) {
            bench.counter += 20;
            bench.body = writer_main;
            bench.process = sim_process_start(bench.host, "writer", run_body, &bench);
            sim_kill_after_steps(bench.process, 20 + sim_world_random(bench.world, 200));
            assert_true(sim_world_run_until(bench.world, has_ended, bench.process, 600000));
            sim_world_run_for(bench.world, 10);
            assert_true(bench.found >= bench.acknowledged);
            bench.acknowledged = bench.found;
        }
        for (int i = 0; i < 2; i++) sim_process_stop(readers[i]);
        sim_world_run_for(bench.world, 10);
        run_on(&bench, checker_main);
        assert_true(sim_process_has_ended(readers[0]));
        sim_world_free(&bench.world);
    }
}

static void two_writers(struct task *t, struct bench *bench) {
    int result;
    struct env *env = task_env(t);
    sqlite3 *a = database_open(env, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &result);
    sqlite3 *b = database_open(env, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &result);
    database_exec(a, bench->counter ? "PRAGMA journal_mode=WAL" : "PRAGMA journal_mode=DELETE", &result);
    database_exec(a, "CREATE TABLE row(id INTEGER PRIMARY KEY)", &result);
    database_exec(a, "BEGIN IMMEDIATE", &result);
    database_exec(a, "INSERT INTO row VALUES(1)", &result);
    assert_int_equal(result, SQLITE_OK);
    (void)sqlite3_busy_timeout(b, 1000);
    assert_int_equal(sqlite3_exec(b, "INSERT INTO row VALUES(2)", NULL, NULL, NULL), SQLITE_BUSY);
    assert_int_equal(first_number(b, "SELECT count(*) FROM row"), 0);
    database_exec(a, "COMMIT", &result);
    database_exec(b, "INSERT INTO row VALUES(2)", &result);
    assert_int_equal(result, SQLITE_OK);
    assert_int_equal(first_number(a, "SELECT count(*) FROM row"), 2);
    assert_int_equal(sqlite3_close(a), SQLITE_OK);
    assert_int_equal(sqlite3_close(b), SQLITE_OK);
}

static void two_writers_exclude_each_other(void **state) {
    for (int is_wal = 0; is_wal < 2; is_wal++) {
        struct bench bench;
        bench_open(&bench, 5);
        bench.counter = is_wal;
        run_on(&bench, two_writers);
        sim_world_free(&bench.world);
    }
}

static uint64_t sqlite_trace(uint64_t seed) {
    struct bench bench;
    bench_open(&bench, seed);
    bench.counter = WRITER_ROWS;
    run_on(&bench, writer_main);
    uint64_t trace = sim_world_trace(bench.world);
    sim_world_free(&bench.world);
    return trace;
}

static void sqlite_runs_the_same_with_the_same_seed(void **state) {
    for (uint64_t seed = 0; seed < 5; seed++) {
        assert_true(sqlite_trace(seed) == sqlite_trace(seed));
        assert_true(sqlite_trace(seed) != sqlite_trace(seed + 1));
    }
}

/* Shared memory of two processes, through the VFS itself. */
static sqlite3_file *file_of(sqlite3 *database) {
    sqlite3_file *file = NULL;
    assert_int_equal(sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file), SQLITE_OK);
    return file;
}

struct sharer {
    struct bench *bench;
    sqlite3 *database;
    volatile uint8_t *memory;
};

static void sharer_main(struct task *t, void *argument) {
    struct sharer *sharer = argument;
    int result;
    sharer->database = database_open(task_env(t), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &result);
    assert_int_equal(result, SQLITE_OK);
    sqlite3_file *file = file_of(sharer->database);
    void volatile *memory = NULL;
    assert_int_equal(file->pMethods->xShmMap(file, 0, 32768, 1, &memory), SQLITE_OK);
    assert_int_equal(file->pMethods->xShmLock(file, 0, 1, SQLITE_SHM_LOCK | SQLITE_SHM_SHARED), SQLITE_OK);
    sharer->memory = memory;
    while (task_sleep(t, 1000) == WAIT_OK) continue;
    /* What the dead one writes is its own. */
    if (task_env(t)->is_dead) sharer->memory[0] = 99;
    (void)file->pMethods->xShmLock(file, 0, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED);
    (void)file->pMethods->xShmUnmap(file, 0);
    (void)sqlite3_close(sharer->database);
}

static void a_dead_process_shares_no_memory_and_no_locks(void **state) {
    struct bench bench;
    bench_open(&bench, 1);
    struct sharer sharers[2] = {{.bench = &bench}, {.bench = &bench}};
    struct env *envs[2];
    for (int i = 0; i < 2; i++) envs[i] = sim_process_start(bench.host, "sharer", sharer_main, &sharers[i]);
    sim_world_run_for(bench.world, 10);
    sharers[0].memory[0] = 7;
    assert_int_equal(sharers[1].memory[0], 7);
    sqlite3_file *file = file_of(sharers[1].database);
    assert_int_equal(file->pMethods->xShmLock(file, 0, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED), SQLITE_OK);
    const int exclusive = SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE;
    assert_int_equal(file->pMethods->xShmLock(file, 0, 1, exclusive), SQLITE_BUSY);
    sim_process_kill(envs[0]);
    assert_int_equal(file->pMethods->xShmLock(file, 0, 1, exclusive), SQLITE_OK);
    sim_world_run_for(bench.world, 10);
    assert_true(sim_process_has_ended(envs[0]));
    assert_int_equal(sharers[1].memory[0], 7);
    sim_world_free(&bench.world);
}

/* A reader that may not write shared memory: fit where another process has it open. */
static void read_only_main(struct task *t, void *argument) {
    struct bench *bench = argument;
    sqlite3 *database = NULL;
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    const char *name = "file:/data/mail.db?readonly_shm=1";
    assert_int_equal(sqlite3_open_v2(name, &database, flags, env_sqlite_vfs(task_env(t))), SQLITE_OK);
    bench->found = first_number(database, "SELECT count(*) FROM row");
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static void keep_open(struct task *t, struct bench *bench) {
    struct writer writer = {.bench = bench, .env = task_env(t)};
    writer_open(&writer);
    writer_commit(&writer);
    assert_int_equal(writer.result, SQLITE_OK);
    struct env *reader = sim_process_start(bench->host, "reader", read_only_main, bench);
    while (!sim_process_has_ended(reader)) assert_int_equal(task_sleep(t, 1), WAIT_OK);
    writer_close(&writer);
}

static void a_reader_needs_no_right_to_write_shared_memory(void **state) {
    struct bench bench;
    bench_open(&bench, 1);
    run_on(&bench, keep_open);
    assert_int_equal(bench.found, 1);
    sim_world_free(&bench.world);
}

/* Faults at random while it writes: what was acknowledged stays, whatever else fails. */
static void faulty_writer(uint64_t seed) {
    struct bench bench;
    bench_open(&bench, seed);
    bench.counter = 1;
    run_on(&bench, writer_main);
    struct sim_faults *faults = sim_machine_faults(bench.host);
    const struct sim_faults none = *faults;
    for (int i = 0; i < 3; i++) {
        faults->write_error_chance = SIM_ALWAYS / 100;
        faults->no_space_chance = SIM_ALWAYS / 50;
        faults->no_descriptor_chance = SIM_ALWAYS / 50;
        faults->read_error_chance = SIM_ALWAYS / 100;
        bench.counter += 6;
        run_on(&bench, writer_main);
        *faults = none;
        if (seed % 2) sim_machine_power_cut(bench.host);
        run_on(&bench, checker_main);
        bench.acknowledged = bench.found;
    }
    sim_world_free(&bench.world);
}

static void write_errors_lose_no_commit(void **state) {
    for (uint64_t seed = 0; seed < 60; seed++) faulty_writer(seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_behave_like_files),
        cmocka_unit_test(faults_are_reported),
        cmocka_unit_test(a_power_cut_keeps_what_was_synced_and_maybe_more),
        cmocka_unit_test(a_kill_loses_nothing),
        cmocka_unit_test(unsynced_writes_are_torn_by_a_power_cut),
        cmocka_unit_test(a_failed_sync_leaves_bytes_in_doubt),
        cmocka_unit_test(a_kill_within_a_write_leaves_a_part),
        cmocka_unit_test(two_writers_exclude_each_other),
        cmocka_unit_test(sqlite_runs_the_same_with_the_same_seed),
        cmocka_unit_test(a_kill_at_any_step_loses_no_commit),
        cmocka_unit_test(a_power_cut_at_any_step_loses_no_commit),
        cmocka_unit_test(a_rollback_journal_survives_power_cuts_too),
        cmocka_unit_test(without_sync_commits_are_lost),
        cmocka_unit_test(a_dead_process_shares_no_memory_and_no_locks),
        cmocka_unit_test(a_reader_needs_no_right_to_write_shared_memory),
        cmocka_unit_test(write_errors_lose_no_commit),
        cmocka_unit_test(readers_of_other_processes_see_every_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

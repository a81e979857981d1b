/* Room in the database's log: where it is made, and that SQLite takes none of it for frames. */
#include "test.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/real/loop.h"
#include "store/log_room.h"

enum { STEP_BYTES = 16384 };

struct place {
    struct env *env;
    char folder[64];
    char database[96];
    char log[104];
};

static int set_up(void **state) {
    struct place *place = test_calloc(1, sizeof *place);
    place->env = real_env_new(NULL);
    test_folder_make(place->folder);
    (void)snprintf(place->database, sizeof place->database, "%s/store.db", place->folder);
    (void)snprintf(place->log, sizeof place->log, "%s-wal", place->database);
    *state = place;
    return 0;
}

static int tear_down(void **state) {
    struct place *place = *state;
    char index[104];
    (void)snprintf(index, sizeof index, "%s-shm", place->database);
    (void)unlink(place->database);
    (void)unlink(place->log);
    (void)unlink(index);
    assert_int_equal(rmdir(place->folder), 0);
    real_env_free(&place->env);
    test_free(place);
    return 0;
}

static off_t log_bytes(const struct place *place) {
    struct stat now;
    assert_int_equal(stat(place->log, &now), 0);
    return now.st_size;
}

static void room_is_made_behind_the_end_and_only_where_there_is_little(void **state) {
    struct place *place = *state;
    struct log_room room;
    int file = open(place->log, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(write(file, "frames", 6), 6);
    log_room_open(&room, place->env, place->database, STEP_BYTES);
    log_room_make(&room, 6);
    assert_true(log_bytes(place) >= 6 + STEP_BYTES);
    off_t made = log_bytes(place);
    log_room_make(&room, 7000);
    assert_int_equal(log_bytes(place), made);
    /* Somebody wrote further than the room went: what he wrote stays. */
    assert_int_equal(pwrite(file, "more", 4, 100000), 4);
    log_room_make(&room, 100004);
    assert_true(log_bytes(place) >= 100004 + STEP_BYTES);
    char bytes[4];
    int read_back = open(place->log, O_RDONLY | O_CLOEXEC);
    assert_int_equal(pread(read_back, bytes, 4, 100000), 4);
    assert_memory_equal(bytes, "more", 4);
    assert_int_equal(pread(read_back, bytes, 4, 0), 4);
    assert_memory_equal(bytes, "fram", 4);
    (void)close(read_back);
    (void)close(file);
    log_room_close(&room);
}

static void run(sqlite3 *database, const char *sql) {
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
}

static int count_rows(sqlite3 *database) {
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(database, "SELECT count(*) FROM t", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int count = sqlite3_column_int(statement, 0);
    (void)sqlite3_finalize(statement);
    return count;
}

/* A copy of the files as a crash would leave them. */
static void copy(const char *from, const char *to) {
    char command[256];
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    assert_non_null(in);
    assert_non_null(out);
    for (size_t got; (got = fread(command, 1, sizeof command, in)) > 0;)
        assert_int_equal(fwrite(command, 1, got, out), got);
    (void)fclose(in);
    (void)fclose(out);
}

static void frames_before_zeros_are_recovered(void **state) {
    struct place *place = *state;
    struct log_room room;
    sqlite3 *database;
    char crashed[128], crashed_log[136], crashed_index[136];
    (void)snprintf(crashed, sizeof crashed, "%s/crashed.db", place->folder);
    (void)snprintf(crashed_log, sizeof crashed_log, "%s-wal", crashed);
    (void)snprintf(crashed_index, sizeof crashed_index, "%s-shm", crashed);
    assert_int_equal(sqlite3_open(place->database, &database), SQLITE_OK);
    run(database, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (x)");
    log_room_open(&room, place->env, place->database, STEP_BYTES);
    for (int i = 0; i < 50; i++) {
        log_room_make(&room, (uint64_t)(32 + (i + 2) * 4120));
        run(database, "INSERT INTO t VALUES (randomblob(100))");
    }
    copy(place->database, crashed);
    copy(place->log, crashed_log);
    log_room_close(&room);
    (void)sqlite3_close(database);
    assert_int_equal(sqlite3_open(crashed, &database), SQLITE_OK);
    assert_int_equal(count_rows(database), 50);
    run(database, "INSERT INTO t VALUES (1)");
    assert_int_equal(count_rows(database), 51);
    (void)sqlite3_close(database);
    (void)unlink(crashed);
    (void)unlink(crashed_log);
    (void)unlink(crashed_index);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(room_is_made_behind_the_end_and_only_where_there_is_little, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(frames_before_zeros_are_recovered, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

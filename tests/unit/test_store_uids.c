/* Sets of UIDs that are stored for large mailboxes with holes: made by upkeep, brought up to date when read.
 */
#include "store_bench.h"

#include "store/db.h"
#include "store/segment.h"
#include "store/uids.h"

enum { MESSAGES = 2 << 14 };

static void fill(struct task *t, struct store_bench *bench) {
    struct uid_range all = {1, UINT32_MAX};
    struct copy_request self = {bench->inbox, bench->inbox, {&all, 1}, false};
    struct copy_result copied;
    bench_deliver(t, bench, SLICE("one"));
    bench_deliver(t, bench, SLICE("two"));
    for (int i = 0; i < 14; i++)
        assert_int_equal(engine_copy(t, bench->engine, bench->arena, &self, &copied), STORE_OK);
}

static void remove_uids(struct task *t, struct store_bench *bench, uint32_t first, uint32_t last) {
    struct uid_range range = {first, last};
    uint64_t modseq = 0;
    assert_int_equal(
        engine_expunge(t, bench->engine, bench->inbox, (struct uid_ranges){&range, 1}, false, &modseq),
        STORE_OK);
}

static void assert_uids(struct store_bench *bench, const struct uid_range *ranges, size_t count) {
    struct uid_set set = UID_SET_EMPTY;
    struct uid_set_cursor cursor = {0};
    struct number_range range;
    size_t seen = 0;
    assert_int_equal(reader_uids(bench->reader, bench->inbox, &set), STORE_OK);
    for (; uid_set_next(&set, &cursor, &range); seen++) {
        assert_true(seen < count);
        assert_int_equal(range.first, ranges[seen].first);
        assert_int_equal(range.last, ranges[seen].last);
    }
    assert_int_equal(seen, count);
    uid_set_free(&set);
}

static uint64_t faults(struct task *t, struct store_bench *bench) {
    struct verify_report report;
    assert_int_equal(engine_verify(t, bench->engine, NULL, NULL, &report), STORE_OK);
    return report.faults;
}

/* ---- the table behind the engine's back ---- */

static const char stored_count[] = "SELECT count(*) FROM stored_uids";
static const char stored_modseq[] = "SELECT max(modseq) FROM stored_uids";
static const char bytes_replace[] = "UPDATE stored_uids SET checksum = $1, bytes = $2";
static const char byte_flip[] =
    "UPDATE stored_uids SET bytes = CAST(substr(bytes, 1, 2) || x'55' || substr(bytes, 4) AS BLOB)";

static struct db *open_database(struct store_bench *bench) {
    char path[128];
    struct db *db = NULL;
    (void)snprintf(path, sizeof path, "%s/store.db", bench->folder);
    assert_int_equal(db_open(bench->env, path, DB_WRITE, &db), 0);
    return db;
}

static int64_t number_of(struct store_bench *bench, const char *sql) {
    struct db *db = open_database(bench);
    int64_t number = DB_READ_NUMBER(db, sql, -1);
    db_close(&db);
    return number;
}

/* A set of the same count that is not the mailbox's. */
static void store_another_set(struct store_bench *bench, struct number_range first,
                              struct number_range second) {
    struct uid_set set = UID_SET_EMPTY;
    struct buffer bytes = buffer_new(KIB(1));
    uid_set_append(&set, first);
    uid_set_append(&set, second);
    uid_set_serialise(&set, &bytes);
    struct db *db = open_database(bench);
    DB_RUN(db, bytes_replace, DB_NUMBER(segment_checksum(buffer_slice(&bytes))),
           DB_BYTES(buffer_slice(&bytes)));
    assert_int_equal(db_failure(db), STORE_OK);
    db_close(&db);
    buffer_free(&bytes);
    uid_set_free(&set);
}

static void flip_a_byte(struct store_bench *bench) {
    struct db *db = open_database(bench);
    DB_RUN(db, byte_flip);
    assert_int_equal(db_failure(db), STORE_OK);
    db_close(&db);
}

/* ---- */

static void changes_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    fill(t, bench);
    assert_int_equal(uids_round(t, bench->engine), STORE_OK);
    assert_int_equal(number_of(bench, stored_count), 0);
    remove_uids(t, bench, 9000, 9000);
    assert_int_equal(uids_round(t, bench->engine), STORE_OK);
    assert_int_equal(number_of(bench, stored_count), 1);
    struct uid_range left[] = {{1, 8999}, {9001, MESSAGES}, {0, 0}, {0, 0}};
    assert_uids(bench, left, 2);
    /* Behind the set's back: some go, some come, and some of those go. */
    remove_uids(t, bench, 20000, 20009);
    bench_deliver(t, bench, SLICE("three"));
    bench_deliver(t, bench, SLICE("four"));
    bench_deliver(t, bench, SLICE("five"));
    remove_uids(t, bench, MESSAGES + 2, MESSAGES + 2);
    remove_uids(t, bench, 1, 1);
    left[0].first = 2;
    left[1].last = 19999;
    left[2] = (struct uid_range){20010, MESSAGES + 1};
    left[3] = (struct uid_range){MESSAGES + 3, MESSAGES + 3};
    assert_uids(bench, left, 4);
    assert_int_equal(faults(t, bench), 0);
    /* The log does not reach back over so much. */
    remove_uids(t, bench, 2, 8999);
    assert_uids(bench, &left[1], 3);
    assert_int_equal(faults(t, bench), 0);
    bench_reopen(t, bench);
    assert_uids(bench, &left[1], 3);
    assert_int_equal(uids_round(t, bench->engine), STORE_OK);
    assert_uids(bench, &left[1], 3);
    assert_int_equal(faults(t, bench), 0);
}

static void a_stored_set_is_as_good_as_the_messages_whatever_came_and_went(void **state) {
    bench_run(changes_body, NULL);
}

static void rounds_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    fill(t, bench);
    remove_uids(t, bench, 5, 5);
    assert_int_equal(uids_round(t, bench->engine), STORE_OK);
    int64_t first = number_of(bench, stored_modseq);
    /* A little more is no reason to write it all anew. */
    remove_uids(t, bench, 7, 7);
    assert_int_equal(uids_round(t, bench->engine), STORE_OK);
    assert_int_equal(number_of(bench, stored_modseq), first);
    /* Without the log it is of no use any more. */
    remove_uids(t, bench, 10000, 20000);
    assert_int_equal(uids_round(t, bench->engine), STORE_OK);
    assert_true(number_of(bench, stored_modseq) > first);
    struct uid_range left[] = {{1, 4}, {6, 6}, {8, 9999}, {20001, MESSAGES}};
    assert_uids(bench, left, 4);
}

static void a_set_is_stored_anew_only_when_it_is_of_no_use(void **state) { bench_run(rounds_body, NULL); }

static void wrong_body(struct task *t, struct store_bench *bench) {
    struct uid_range left[] = {{1, 8999}, {9001, MESSAGES}};
    bench_add_account(t, bench, 0);
    fill(t, bench);
    remove_uids(t, bench, 9000, 9000);
    assert_int_equal(uids_round(t, bench->engine), STORE_OK);
    assert_int_equal(faults(t, bench), 0);
    /* A lie that adds up is believed: this is what shows that the set is read at all. */
    store_another_set(bench, (struct number_range){1, 6999}, (struct number_range){7001, MESSAGES});
    assert_uids(bench, (struct uid_range[]){{1, 6999}, {7001, MESSAGES}}, 2);
    assert_int_equal(faults(t, bench), 1);
    store_another_set(bench, (struct number_range){1, 6999}, (struct number_range){7002, MESSAGES});
    assert_uids(bench, left, 2);
    assert_int_equal(faults(t, bench), 1);
    store_another_set(bench, (struct number_range){1, 8999}, (struct number_range){9001, MESSAGES});
    assert_int_equal(faults(t, bench), 0);
    flip_a_byte(bench);
    assert_uids(bench, left, 2);
    assert_int_equal(faults(t, bench), 1);
}

static void a_wrong_set_is_passed_over_and_found_by_verify(void **state) { bench_run(wrong_body, NULL); }

static void deleted_body(struct task *t, struct store_bench *bench) {
    struct uid_range all = {1, UINT32_MAX};
    struct copy_request move = {.from_mailbox = bench->inbox, .uids = {&all, 1}, .is_move = false};
    struct copy_result copied;
    bench_add_account(t, bench, 0);
    fill(t, bench);
    assert_int_equal(
        engine_mailbox_create(t, bench->engine, bench->account, SLICE("old"), SPECIAL_NONE, &move.to_mailbox),
        STORE_OK);
    move.from_mailbox = bench->inbox;
    assert_int_equal(engine_copy(t, bench->engine, bench->arena, &move, &copied), STORE_OK);
    uint64_t inbox = bench->inbox;
    bench->inbox = move.to_mailbox;
    remove_uids(t, bench, 4, 4);
    bench->inbox = inbox;
    assert_int_equal(uids_round(t, bench->engine), STORE_OK);
    assert_int_equal(number_of(bench, stored_count), 1);
    assert_int_equal(engine_mailbox_delete(t, bench->engine, bench->account, SLICE("old")), STORE_OK);
    assert_int_equal(number_of(bench, stored_count), 0);
    assert_int_equal(uids_round(t, bench->engine), STORE_OK);
    assert_int_equal(number_of(bench, stored_count), 0);
}

static void a_set_goes_with_its_mailbox(void **state) { bench_run(deleted_body, NULL); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stored_set_is_as_good_as_the_messages_whatever_came_and_went),
        cmocka_unit_test(a_set_is_stored_anew_only_when_it_is_of_no_use),
        cmocka_unit_test(a_wrong_set_is_passed_over_and_found_by_verify),
        cmocka_unit_test(a_set_goes_with_its_mailbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

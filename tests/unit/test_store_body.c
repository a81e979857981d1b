/* Bodies: packing, spools, parts, damage, compaction, the lock. */
#include "store_bench.h"

#include <fcntl.h>

#include "io/file.h"
#include "store/body_ahead.h"
#include "store/engine_queue.h"

static void fill(uint8_t *bytes, size_t len, uint64_t seed) {
    for (size_t i = 0; i < len; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        bytes[i] = (uint8_t)(seed >> 33);
    }
}

static struct slice noise(struct store_bench *bench, size_t len, uint64_t seed) {
    uint8_t *bytes = arena_alloc(bench->arena, len);
    fill(bytes, len, seed);
    return slice_of(bytes, len);
}

static void round_trip_body(struct task *t, struct store_bench *bench) {
    static const size_t lengths[] = {
        0, 1, 4096, BODY_FRAME_BYTES - 1, BODY_FRAME_BYTES, BODY_FRAME_BYTES + 1, 3 * BODY_FRAME_BYTES + 17};
    bench_add_account(t, bench, 0);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct slice raw = noise(bench, lengths[i], i);
        struct delivery delivery = bench_delivery(bench, raw);
        struct buffer out = buffer_new(MIB(1));
        assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
        assert_int_equal(reader_body(bench->reader, delivery.id, 0, UINT64_MAX, &out), STORE_OK);
        assert_true(slice_equal(buffer_slice(&out), raw));
        for (size_t offset = 0; offset < raw.len; offset += 100003) {
            buffer_clear(&out);
            assert_int_equal(reader_body(bench->reader, delivery.id, offset, 150000, &out), STORE_OK);
            assert_true(slice_equal(buffer_slice(&out), slice_sub(raw, offset, 150000)));
        }
        buffer_clear(&out);
        assert_int_equal(reader_body(bench->reader, delivery.id, raw.len + 5, 10, &out), STORE_OK);
        assert_int_equal(out.len, 0);
        buffer_free(&out);
    }
}

static void bodies_of_all_sizes_and_their_parts_come_back(void **state) { bench_run(round_trip_body, NULL); }

/* Each message has its own length and bytes. */
static struct slice ahead_text(struct store_bench *bench, size_t number) {
    return noise(bench, 100 + 37 * number, number);
}

static void read_ahead(struct task *t, struct body_ahead *ahead, const struct entry *entries, size_t count) {
    body_ahead_begin(t, ahead, entries, count);
    body_ahead_end(t, ahead);
}

static void ahead_body(struct task *t, struct store_bench *bench) {
    enum { MESSAGES = BODY_AHEAD_MESSAGES };
    static const size_t counts[] = {MESSAGES, 1, 2, 3, MESSAGES - 1, 0};
    struct uid_range all = {1, UINT32_MAX};
    struct entry *entries = NULL;
    size_t count = 0;
    bench_add_account(t, bench, 0);
    for (size_t i = 0; i < MESSAGES; i++) bench_deliver(t, bench, ahead_text(bench, i));
    assert_int_equal(reader_entries(bench->reader, bench->arena, bench->inbox, (struct uid_ranges){&all, 1},
                                    1, ENTRY_PLACE, MESSAGES, &entries, &count),
                     STORE_OK);
    assert_int_equal(count, MESSAGES);
    struct body_ahead *ahead = body_ahead_new(bench->env, bench->folder);
    assert_true(body_ahead_take(ahead));
    assert_false(body_ahead_take(ahead));
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        size_t first = MESSAGES - counts[c];
        read_ahead(t, ahead, entries + first, counts[c]);
        for (size_t i = 0; i < counts[c]; i++)
            assert_true(slice_equal(body_ahead_get(ahead, i, entries[first + i].message),
                                    ahead_text(bench, first + i)));
        assert_int_equal(body_ahead_get(ahead, counts[c], entries[0].message).len, 0);
    }
    /* What is not where it is said to be, or not what is asked for, is not given. */
    entries[5].place.place++;
    read_ahead(t, ahead, entries, MESSAGES);
    assert_int_equal(body_ahead_get(ahead, 5, entries[5].message).len, 0);
    assert_int_equal(body_ahead_get(ahead, 6, entries[5].message).len, 0);
    assert_true(slice_equal(body_ahead_get(ahead, 6, entries[6].message), ahead_text(bench, 6)));
    body_ahead_give_back(ahead);
    body_ahead_free(&ahead);
}

static void a_stretch_of_any_length_is_unpacked_ahead(void **state) { bench_run(ahead_body, NULL); }

static void spool_body(struct task *t, struct store_bench *bench) {
    uint64_t spool = 0;
    struct handle handle;
    struct slice raw = noise(bench, 3 * STORE_SPOOL_CHUNK_BYTES + 5, 7);
    bench_add_account(t, bench, 0);
    struct delivery delivery = bench_delivery(bench, raw);
    struct slice packed = delivery.body.packed;
    assert_int_equal(engine_spool_open(bench->engine, &spool, &handle), STORE_OK);
    struct file *file = file_adopt(bench->env, handle);
    assert_int_equal(file_write(file, packed, 0), 0);
    file_close(&file);
    delivery.body = (struct body_source){.spool = spool, .spool_bytes = packed.len + 1, .raw_bytes = raw.len};
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_REFUSED);
    delivery.body.spool_bytes = packed.len;
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
    engine_spool_drop(bench->engine, spool);
    engine_spool_drop(bench->engine, spool);
    struct buffer out = buffer_new(MIB(2));
    assert_int_equal(reader_body(bench->reader, delivery.id, 0, UINT64_MAX, &out), STORE_OK);
    assert_true(slice_equal(buffer_slice(&out), raw));
    buffer_free(&out);
    delivery.id++;
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_REFUSED);
}

static void large_bodies_come_from_spools(void **state) { bench_run(spool_body, NULL); }

static void many_spools_body(struct task *t, struct store_bench *bench) {
    struct handle handle;
    uint64_t spool = 0;
    for (int i = 0; i < STORE_SPOOLS_MAX; i++) {
        assert_int_equal(engine_spool_open(bench->engine, &spool, &handle), STORE_OK);
        handle_close(bench->env, handle);
    }
    uint64_t other = 0;
    assert_int_equal(engine_spool_open(bench->engine, &other, &handle), STORE_BUSY);
    engine_spool_drop(bench->engine, spool);
    assert_int_equal(engine_spool_open(bench->engine, &other, &handle), STORE_OK);
    handle_close(bench->env, handle);
}

static void spools_are_bounded(void **state) { bench_run(many_spools_body, NULL); }

static void count_fault(void *context, struct slice line) {
    (void)line;
    (*(int *)context)++;
}

static void flip(struct store_bench *bench, uint64_t offset) {
    char path[128];
    uint8_t byte = 0;
    (void)snprintf(path, sizeof path, "%s/body/00000001.seg", bench->folder);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
    (void)close(fd);
}

/* Whichever bit of a body's record is wrong: that body is refused, its neighbours are read. */
static void damage_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    struct delivery first = bench_delivery(bench, SLICE("the first message"));
    struct delivery second = bench_delivery(bench, SLICE("the second message"));
    assert_int_equal(engine_deliver(t, bench->engine, &first), STORE_OK);
    assert_int_equal(engine_deliver(t, bench->engine, &second), STORE_OK);
    size_t record_bytes = 32 + first.body.packed.len;
    for (uint64_t offset = 0; offset < record_bytes; offset++) {
        struct buffer out = buffer_new(1000);
        struct verify_report report;
        int told = 0;
        flip(bench, offset);
        enum store_result read = reader_body(bench->reader, first.id, 0, UINT64_MAX, &out);
        assert_true(read == STORE_FAILED || slice_equal(buffer_slice(&out), SLICE("the first message")));
        assert_int_equal(reader_body(bench->reader, second.id, 0, UINT64_MAX, &out), STORE_OK);
        if (read == STORE_FAILED) assert_slice(buffer_slice(&out), "the second message");
        if (offset == record_bytes / 2) {
            assert_int_equal(engine_verify(t, bench->engine, count_fault, &told, &report), STORE_OK);
            assert_int_equal(report.faults, 1);
            assert_int_equal(told, 1);
        }
        flip(bench, offset);
        buffer_free(&out);
    }
}

static void a_flipped_bit_harms_one_body_only(void **state) { bench_run(damage_body, NULL); }

/* Packed bodies are read without their checksums: what was read ahead of the one before, when it was not
   whole yet, must not be taken for it. */
static void read_anew_body(struct task *t, struct store_bench *bench) {
    struct delivery deliveries[3];
    uint64_t offset = 0;
    bench_add_account(t, bench, 0);
    for (size_t i = 0; i < 3; i++) {
        deliveries[i] = bench_delivery(bench, SLICE("one message after the other"));
        assert_int_equal(engine_deliver(t, bench->engine, &deliveries[i]), STORE_OK);
        if (i < 2) offset += 32 + deliveries[i].body.packed.len;
    }
    flip(bench, offset + 32 + 5);
    for (size_t i = 0; i < 3; i++) {
        struct buffer out = buffer_new(1000);
        if (i == 2) flip(bench, offset + 32 + 5);
        assert_int_equal(engine_queue_body(bench->engine, deliveries[i].id, 0, 1000, &out), STORE_OK);
        assert_true(slice_equal(buffer_slice(&out), deliveries[i].body.packed));
        buffer_free(&out);
    }
}

static void packed_bytes_are_those_of_now(void **state) { bench_run(read_anew_body, NULL); }

static void wait_for_messages(struct task *t, struct store_bench *bench, uint64_t wanted) {
    struct store_status status = {0};
    for (int i = 0; i < TEST_PATIENCE_MS / 5; i++) {
        assert_int_equal(engine_status(bench->engine, &status), STORE_OK);
        if (status.messages == wanted) return;
        assert_int_equal(task_sleep(t, 5), WAIT_OK);
    }
    fail_msg("%d messages", (int)status.messages);
}

static void compact_body(struct task *t, struct store_bench *bench) {
    enum { MESSAGES = 40 };
    uint64_t ids[MESSAGES];
    uint64_t modseq = 0;
    struct compact_report compacted;
    struct buffer out = buffer_new(MIB(1));
    struct store_status before;
    struct store_status after;
    bench_add_account(t, bench, 0);
    for (int i = 0; i < MESSAGES; i++) {
        struct delivery delivery = bench_delivery(bench, noise(bench, 4000, (uint64_t)i));
        ids[i] = delivery.id;
        assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
    }
    /* The reader has old segments open. */
    assert_int_equal(reader_body(bench->reader, ids[5], 0, 10, &out), STORE_OK);
    for (uint32_t uid = 1; uid <= MESSAGES; uid++) {
        struct uid_range one = {uid, uid};
        if (uid % 5 == 0) continue;
        assert_int_equal(
            engine_expunge(t, bench->engine, bench->inbox, (struct uid_ranges){&one, 1}, false, &modseq),
            STORE_OK);
    }
    wait_for_messages(t, bench, MESSAGES / 5);
    assert_int_equal(engine_status(bench->engine, &before), STORE_OK);
    assert_true(before.segments > 5);
    assert_int_equal(engine_compact(t, bench->engine, NULL, NULL, &compacted), STORE_OK);
    assert_int_equal(engine_status(bench->engine, &after), STORE_OK);
    assert_true(compacted.freed_bytes > 80000);
    assert_int_equal(before.body_bytes - after.body_bytes, compacted.freed_bytes);
    assert_int_equal(after.live_bytes, before.live_bytes);
    assert_int_equal(after.body_bytes, after.live_bytes);
    for (int i = 4; i < MESSAGES; i += 5) {
        buffer_clear(&out);
        assert_int_equal(reader_body(bench->reader, ids[i], 0, UINT64_MAX, &out), STORE_OK);
        assert_true(slice_equal(buffer_slice(&out), noise(bench, 4000, (uint64_t)i)));
    }
    struct verify_report report;
    bench_reopen(t, bench);
    assert_int_equal(engine_verify(t, bench->engine, bench_print_fault, NULL, &report), STORE_OK);
    assert_int_equal(report.faults, 0);
    assert_int_equal(report.bodies, MESSAGES / 5);
    buffer_free(&out);
}

static void compaction_frees_what_is_dead_and_keeps_the_rest(void **state) { bench_run(compact_body, NULL); }

static void lock_body(struct task *t, struct store_bench *bench) {
    struct engine *other = NULL;
    struct engine_options options = {.folder = bench->folder};
    assert_int_equal(engine_open(bench->env, &options, &other), -EWOULDBLOCK);
    assert_int_equal(engine_create(bench->env, bench->folder), -EWOULDBLOCK);
    bench_close(t, bench);
    assert_int_equal(engine_create(bench->env, bench->folder), -EEXIST);
    options.folder = "/nonexistent";
    assert_int_equal(engine_open(bench->env, &options, &other), -ENOENT);
    bench_open(bench);
}

static void a_folder_has_one_store_at_a_time(void **state) { bench_run(lock_body, NULL); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_of_all_sizes_and_their_parts_come_back),
        cmocka_unit_test(a_stretch_of_any_length_is_unpacked_ahead),
        cmocka_unit_test(large_bodies_come_from_spools),
        cmocka_unit_test(spools_are_bounded),
        cmocka_unit_test(a_flipped_bit_harms_one_body_only),
        cmocka_unit_test(packed_bytes_are_those_of_now),
        cmocka_unit_test(compaction_frees_what_is_dead_and_keeps_the_rest),
        cmocka_unit_test(a_folder_has_one_store_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Formats: a folder that format 1 wrote is migrated when it is opened, and killed or cut off at any
 * step on the way; what is newer or unknown is refused. On the simulated disk.
 */
#include "test.h"

#include <errno.h>
#include <stdio.h>

#include "base/limits.h"
#include "io/sim/sim.h"
#include "signing_key.h"
#include "store/body_pack.h"
#include "store/engine_dkim.h"
#include "store/engine_queue.h"
#include "store/reader.h"
#include "store/schema.h"
#include "store/segment.h"

#define FOLDER "/data"

/* The tables as the first release made them: a text of its own, so that a change of theirs is found. */
static const char format_1[] =
    "CREATE TABLE setting (name TEXT PRIMARY KEY, number INTEGER NOT NULL, bytes BLOB) STRICT;"
    "CREATE TABLE tenant (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;"
    "CREATE TABLE domain (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, name TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE account (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, domain INTEGER NOT NULL,"
    " address TEXT NOT NULL UNIQUE, inbox INTEGER NOT NULL, quota_bytes INTEGER NOT NULL,"
    " used_bytes INTEGER NOT NULL, message_count INTEGER NOT NULL, created_ms INTEGER NOT NULL,"
    " is_disabled INTEGER NOT NULL) STRICT;"
    "CREATE INDEX account_domain ON account (domain);"
    "CREATE TABLE credential (account INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"
    " generation INTEGER NOT NULL, hash TEXT NOT NULL, scram_iterations INTEGER NOT NULL,"
    " sha1_salt BLOB NOT NULL, sha1_stored_key BLOB NOT NULL, sha1_server_key BLOB NOT NULL,"
    " sha256_salt BLOB NOT NULL, sha256_stored_key BLOB NOT NULL, sha256_server_key BLOB NOT NULL) STRICT;"
    "CREATE TABLE alias (address TEXT NOT NULL, target TEXT NOT NULL, tenant INTEGER NOT NULL,"
    " domain INTEGER NOT NULL, PRIMARY KEY (address, target)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX alias_domain ON alias (domain);"
    "CREATE TABLE mailbox (id INTEGER PRIMARY KEY, account INTEGER NOT NULL, name TEXT NOT NULL,"
    " uidvalidity INTEGER NOT NULL, uidnext INTEGER NOT NULL, modseq INTEGER NOT NULL,"
    " message_count INTEGER NOT NULL, unseen_count INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " special_use INTEGER NOT NULL, is_subscribed INTEGER NOT NULL, change_floor INTEGER NOT NULL,"
    " change_count INTEGER NOT NULL, UNIQUE (account, name)) STRICT;"
    "CREATE TABLE keyword (mailbox INTEGER NOT NULL, bit INTEGER NOT NULL, name TEXT NOT NULL,"
    " PRIMARY KEY (mailbox, bit)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE entry (mailbox INTEGER NOT NULL, uid INTEGER NOT NULL, message INTEGER NOT NULL,"
    " flags INTEGER NOT NULL, modseq INTEGER NOT NULL, saved_ms INTEGER NOT NULL,"
    " raw_bytes INTEGER NOT NULL, PRIMARY KEY (mailbox, uid)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE change (mailbox INTEGER NOT NULL, modseq INTEGER NOT NULL, uid INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, PRIMARY KEY (mailbox, modseq, uid)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE message (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, received_ms INTEGER NOT NULL,"
    " raw_bytes INTEGER NOT NULL, sent_ms INTEGER NOT NULL, thread INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " envelope BLOB NOT NULL, structure BLOB NOT NULL, preview BLOB NOT NULL, subject_base BLOB NOT NULL)"
    " STRICT;"
    "CREATE TABLE body (id INTEGER PRIMARY KEY, refs INTEGER NOT NULL, segment INTEGER NOT NULL,"
    " place INTEGER NOT NULL, stored_bytes INTEGER NOT NULL, raw_bytes INTEGER NOT NULL) STRICT;"
    "CREATE TABLE dropped (id INTEGER PRIMARY KEY, message INTEGER NOT NULL) STRICT;"
    "CREATE TABLE segment (number INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, live_bytes INTEGER NOT NULL,"
    " live_count INTEGER NOT NULL, raw_bytes INTEGER NOT NULL) STRICT;"
    "CREATE TABLE outgoing (message INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, mail_from TEXT NOT NULL,"
    " envelope_id TEXT NOT NULL, dsn_return INTEGER NOT NULL, received_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE queue (message INTEGER NOT NULL, number INTEGER NOT NULL, tenant INTEGER NOT NULL,"
    " state INTEGER NOT NULL, address TEXT NOT NULL, original TEXT NOT NULL, notify INTEGER NOT NULL,"
    " PRIMARY KEY (message, number)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE event (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, subject INTEGER NOT NULL, count INTEGER NOT NULL) STRICT;"
    "CREATE TABLE thread_reference (tenant INTEGER NOT NULL, hash INTEGER NOT NULL, thread INTEGER NOT NULL,"
    " PRIMARY KEY (tenant, hash)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE search_pending (message INTEGER PRIMARY KEY) STRICT;";

/* Ann with one message, and more rows to be migrated than go into one chunk. */
static const char first_rows[] =
    "INSERT INTO setting VALUES ('format', 1, NULL), ('uidvalidity', 1700000000, NULL),"
    " ('scram_secret', 0, zeroblob(32));"
    "INSERT INTO tenant VALUES (1, 'default');"
    "INSERT INTO domain VALUES (10, 1, 'example.org');"
    "INSERT INTO account VALUES (11, 1, 10, 'ann@example.org', 12, 0, 5, 1, 1700000000000, 0);"
    "INSERT INTO credential VALUES (11, 1, 1, 'none', 4096, zeroblob(16), zeroblob(20), zeroblob(20),"
    " zeroblob(16), zeroblob(32), zeroblob(32));"
    "INSERT INTO mailbox VALUES (12, 11, 'INBOX', 1700000000, 2, 2, 1, 1, 5, 1, 1, 0, 0);"
    "INSERT INTO entry VALUES (12, 1, 77, 0, 2, 1700000000000, 5);"
    "INSERT INTO message VALUES (77, 1, 1700000000000, 5, 0, 77, 0, x'00', x'00', x'00', x'00');"
    "INSERT INTO event VALUES (1, 1, 1700000000000, 1, 77, 1);"
    "WITH RECURSIVE n(i) AS (SELECT 77 UNION ALL SELECT i + 1 FROM n LIMIT 11000)"
    " INSERT INTO search_pending SELECT i FROM n;"
    /* Hashes all over the range. */
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 11000)"
    " INSERT INTO thread_reference SELECT 1, (i * 2654435761 % 4294967296 - 2147483648) * 2147483647, 77 "
    "FROM n;";
/* The same message on its way to many; the odd ones at a domain of their own. */
static const char queue_rows[] =
    "INSERT INTO outgoing VALUES (77, 1, 'ann@example.org', 'envid', 1, 1700000000000);"
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n LIMIT 300)"
    " INSERT INTO queue SELECT 77, i, 1, 0, 'user' || i || '@' || iif(i % 2, 'Odd.example', 'even.example'),"
    " iif(i = 1, 'first@old.example', ''), i % 2 FROM n;";
static const char body_row[] = "INSERT INTO body VALUES (77, 2, 1, 0, $1, 5)";
static const char segment_row[] = "INSERT INTO segment VALUES (1, $1, $1, 1, 5)";
static const char tables[] =
    "SELECT coalesce(group_concat(sql, char(10)), '') FROM (SELECT sql FROM sqlite_master ORDER BY name)";

struct bench {
    struct sim_world *world;
    struct sim_machine *host;
    void (*body)(struct task *t, struct bench *bench);
    struct log log;
    /* All that was logged. */
    struct buffer lines;
    int opened;
    bool is_done;
};

static void log_line(void *context, struct slice line) {
    struct bench *bench = context;
    buffer_append(&bench->lines, line);
    buffer_append_byte(&bench->lines, '\n');
}
static int64_t log_wall_ms(void *context) { return (void)context, 0; }

static void bench_open(struct bench *bench, uint64_t seed) {
    *bench = (struct bench){.world = sim_world_new(seed), .lines = buffer_new(MIB(4))};
    bench->log = (struct log){log_line, log_wall_ms, bench, "test", LOG_LEVEL_INFO};
    bench->host = sim_machine_new(bench->world, "host", "192.0.2.1");
    sim_machine_make_folder(bench->host, FOLDER);
}

static void bench_close(struct bench *bench) {
    sim_world_free(&bench->world);
    buffer_free(&bench->lines);
}

static void run_body(struct task *t, void *argument) {
    struct bench *bench = argument;
    bench->body(t, bench);
}

static struct env *start(struct bench *bench, void (*body)(struct task *t, struct bench *bench)) {
    bench->body = body;
    bench->is_done = false;
    struct env *process = sim_process_start(bench->host, "body", run_body, bench);
    process->log = &bench->log;
    return process;
}

static bool has_ended(void *process) { return sim_process_has_ended(process); }

static void finish(struct bench *bench, struct env *process) {
    assert_true(sim_world_run_until(bench->world, has_ended, process, 600000));
}

static bool has_logged(struct bench *bench, const char *words) {
    return slice_find(buffer_slice(&bench->lines), slice_from_text(words)) != SIZE_MAX;
}

/* ---- a folder of format 1 ---- */

static uint64_t write_segment(struct env *env) {
    struct body_packer *packer = body_packer_new(NULL);
    struct buffer record = buffer_new(KIB(4));
    struct buffer packed = buffer_new(KIB(4));
    struct file *file = NULL;
    uint8_t header[RECORD_HEADER_BYTES];
    char path[64];
    body_packer_feed(packer, SLICE("hello"), &packed);
    (void)body_packer_finish(packer, &packed);
    record_header_write(&(struct record){77, packed.len, 5}, header);
    buffer_append(&record, slice_of(header, sizeof header));
    buffer_append(&record, buffer_slice(&packed));
    assert_int_equal(segment_path(FOLDER, 1, path, sizeof path), 0);
    assert_int_equal(folder_make(env, FOLDER "/body"), 0);
    assert_int_equal(folder_make(env, FOLDER "/spool"), 0);
    assert_int_equal(file_open(env, path, FILE_CREATE, &file), 0);
    assert_int_equal(file_write(file, buffer_slice(&record), 0), 0);
    assert_int_equal(file_sync(file), 0);
    assert_int_equal(folder_sync(env, FOLDER "/body"), 0);
    file_close(&file);
    uint64_t packed_bytes = packed.len;
    buffer_free(&record);
    buffer_free(&packed);
    body_packer_free(&packer);
    return packed_bytes;
}

static void write_old(struct task *t, struct bench *bench) {
    struct env *env = task_env(t);
    struct db *db = NULL;
    uint64_t packed_bytes = write_segment(env);
    assert_int_equal(db_open(env, FOLDER "/store.db", DB_CREATE, &db), 0);
    db_begin_write(db);
    db_script(db, format_1);
    db_script(db, first_rows);
    db_script(db, queue_rows);
    DB_RUN(db, body_row, DB_NUMBER(packed_bytes));
    DB_RUN(db, segment_row, DB_NUMBER(RECORD_HEADER_BYTES + packed_bytes));
    assert_int_equal(db_commit(db), STORE_OK);
    db_close(&db);
    assert_int_equal(folder_sync(env, FOLDER), 0);
    bench->is_done = true;
}

static void note_fault(void *context, struct slice line) {
    (void)context;
    (void)fprintf(stderr, "fault: %.*s\n", SLICE_PRINT(line));
}

static struct engine_options options = {
    .folder = FOLDER, .hash_memory_kib = 8, .signing_rsa_key = TEST_SIGNING_KEY};

static void open_store(struct task *t, struct bench *bench) {
    struct engine *engine = NULL;
    bench->opened = engine_open(task_env(t), &options, &engine);
    engine_close(t, &engine);
    /* A process that was killed runs on, without effect, until its functions return. */
    bench->is_done = !task_env(t)->is_dead;
}

static void check_queue(struct engine *engine) {
    struct arena *arena = arena_new(MIB(8));
    struct destination *destinations = NULL;
    struct outgoing outgoing;
    struct store_status status;
    size_t count = 0;
    assert_int_equal(engine_status(engine, &status), STORE_OK);
    assert_int_equal(status.queue_waiting, 300);
    assert_int_equal(engine_queue_destinations(engine, arena, 1, 10, &destinations, &count), STORE_OK);
    assert_int_equal(count, 2);
    size_t odd = slice_equal(destinations[0].domain, SLICE("odd.example")) ? 0 : 1;
    assert_slice(destinations[odd].domain, "odd.example");
    assert_slice(destinations[1 - odd].domain, "even.example");
    assert_int_equal(engine_queue_open(engine, arena, destinations[odd].id, 77, 1, 5000, &outgoing),
                     STORE_OK);
    assert_int_equal(outgoing.recipient_count, 150);
    assert_slice(outgoing.mail_from, "ann@example.org");
    assert_slice(outgoing.recipients[0].address, "user1@Odd.example");
    assert_slice(outgoing.recipients[0].original, "first@old.example");
    assert_int_equal(outgoing.recipients[0].notify, 1);
    arena_free(&arena);
}

/* The first time they are needed, since format 1 had none. */
static void check_keys(struct task *t, struct engine *engine) {
    struct arena *arena = arena_new(MIB(1));
    struct dkim_key *keys = NULL;
    size_t count = 0;
    assert_int_equal(engine_dkim_list(t, engine, arena, SLICE("example.org"), &keys, &count), STORE_OK);
    assert_int_equal(count, DKIM_ALGORITHMS);
    arena_free(&arena);
}

/* Everything is there, and in today's format. */
static void check_migrated(struct task *t, struct bench *bench) {
    struct engine *engine = NULL;
    struct reader *reader = NULL;
    struct verify_report report;
    struct buffer text = buffer_new(KIB(1));
    static const char references[] = "SELECT sum(length(bytes)) / 20 FROM thread_page";
    static const char pending[] = "SELECT count(*) FROM sqlite_master WHERE name = 'search_pending'";
    struct db *db = NULL;
    assert_int_equal(engine_open(task_env(t), &options, &engine), 0);
    assert_int_equal(reader_open(task_env(t), FOLDER, &reader), 0);
    assert_int_equal(engine_verify(t, engine, note_fault, NULL, &report), STORE_OK);
    assert_int_equal(report.faults, 0);
    assert_int_equal(report.messages, 1);
    assert_int_equal(reader_body(reader, 77, 0, UINT64_MAX, &text), STORE_OK);
    assert_slice(buffer_slice(&text), "hello");
    check_queue(engine);
    assert_int_equal(db_open(task_env(t), FOLDER "/store.db", DB_READ, &db), 0);
    assert_int_equal(DB_READ_NUMBER(db, pending, 7), 0);
    assert_int_equal(DB_READ_NUMBER(db, references, 7), 11000);
    assert_int_equal(setting_number(db, SLICE("format"), 0), migrations_format(&schema_migrations));
    db_close(&db);
    check_keys(t, engine);
    reader_close(&reader);
    engine_close(t, &engine);
    buffer_free(&text);
    bench->is_done = true;
}

static void must_finish(struct bench *bench, void (*body)(struct task *t, struct bench *bench)) {
    finish(bench, start(bench, body));
    assert_true(bench->is_done);
}

static void a_folder_of_format_1_is_migrated_when_it_is_opened(void **state) {
    struct bench bench;
    bench_open(&bench, 1);
    must_finish(&bench, write_old);
    must_finish(&bench, check_migrated);
    assert_true(has_logged(&bench, "store.migration_begins from=1"));
    assert_true(has_logged(&bench, "store.migrated from=1"));
    bench_close(&bench);
}

/* ---- cut off ---- */

/* False: the migration was through before that step. */
static bool cut_at(uint64_t step, bool is_power) {
    struct bench bench;
    bench_open(&bench, step);
    must_finish(&bench, write_old);
    struct env *process = start(&bench, open_store);
    if (is_power)
        sim_power_cut_after_steps(bench.host, step);
    else
        sim_kill_after_steps(process, step);
    finish(&bench, process);
    bool was_cut = !bench.is_done;
    if (is_power) sim_power_cut_after_steps(bench.host, 0);
    must_finish(&bench, check_migrated);
    bench_close(&bench);
    return was_cut;
}

static void a_migration_goes_on_after_a_kill_or_a_power_cut(void **state) {
    uint64_t cuts = 0;
    /* The copy, three chunks and the last transaction are more than a hundred writes and syncs. */
    for (uint64_t step = 1; cut_at(step, step % 2 == 0); step += 13) cuts++;
    assert_true(cuts > 20);
}

static void a_full_disk_stops_a_migration_until_there_is_room(void **state) {
    struct bench bench;
    bench_open(&bench, 3);
    must_finish(&bench, write_old);
    sim_machine_faults(bench.host)->no_space_chance = SIM_ALWAYS;
    must_finish(&bench, open_store);
    assert_int_equal(bench.opened, -ENOSPC);
    sim_machine_faults(bench.host)->no_space_chance = 0;
    must_finish(&bench, check_migrated);
    bench_close(&bench);
}

/* ---- refused ---- */

static void make_newer(struct task *t, struct bench *bench) {
    struct db *db = NULL;
    assert_int_equal(db_open(task_env(t), FOLDER "/store.db", DB_WRITE, &db), 0);
    setting_set_number(db, SLICE("format"), 99);
    db_close(&db);
    bench->is_done = true;
}

static void has_no_copy(struct task *t, struct bench *bench) {
    struct file *file = NULL;
    assert_int_equal(file_open(task_env(t), FOLDER "/snapshot/store.db.format-99", FILE_READ, &file),
                     -ENOENT);
    bench->is_done = true;
}

static void a_newer_format_is_refused_with_both_numbers(void **state) {
    struct bench bench;
    bench_open(&bench, 4);
    must_finish(&bench, write_old);
    must_finish(&bench, make_newer);
    must_finish(&bench, open_store);
    assert_int_equal(bench.opened, -EPROTO);
    char words[64];
    (void)snprintf(words, sizeof words, "found=99 known=%d", (int)migrations_format(&schema_migrations));
    assert_true(has_logged(&bench, words));
    assert_true(has_logged(&bench, "newer posthaste"));
    must_finish(&bench, has_no_copy);
    bench_close(&bench);
}

static void write_stranger(struct task *t, struct bench *bench) {
    struct db *db = NULL;
    assert_int_equal(db_open(task_env(t), FOLDER "/store.db", DB_CREATE, &db), 0);
    db_script(db, "CREATE TABLE recipe (name TEXT)");
    db_close(&db);
    bench->is_done = true;
}

static void a_database_of_another_program_is_refused(void **state) {
    struct bench bench;
    bench_open(&bench, 5);
    must_finish(&bench, write_stranger);
    must_finish(&bench, open_store);
    assert_int_equal(bench.opened, -EPROTO);
    assert_true(has_logged(&bench, "right folder"));
    bench_close(&bench);
}

/* ---- old and new are the same ---- */

struct schema_text {
    struct bench bench;
    struct buffer text;
};

static void read_tables(struct task *t, struct bench *bench) {
    struct schema_text *schema = CONTAINER_OF(bench, struct schema_text, bench);
    struct db *db = NULL;
    assert_int_equal(db_open(task_env(t), FOLDER "/store.db", DB_READ, &db), 0);
    struct db_rows rows = DB_ROWS(db, tables);
    assert_true(db_rows_next(&rows));
    buffer_append(&schema->text, db_rows_bytes(&rows, 0));
    db_rows_end(&rows);
    db_close(&db);
    bench->is_done = true;
}

static void write_new(struct task *t, struct bench *bench) {
    assert_int_equal(engine_create(task_env(t), FOLDER), 0);
    bench->is_done = true;
}

static void schema_text_read(struct schema_text *schema, void (*write)(struct task *t, struct bench *bench)) {
    schema->text = buffer_new(MIB(1));
    bench_open(&schema->bench, 6);
    must_finish(&schema->bench, write);
    must_finish(&schema->bench, open_store);
    must_finish(&schema->bench, read_tables);
    bench_close(&schema->bench);
}

static void a_migrated_folder_has_the_tables_of_a_new_one(void **state) {
    struct schema_text migrated;
    struct schema_text made;
    schema_text_read(&migrated, write_old);
    schema_text_read(&made, write_new);
    assert_true(made.text.len > 1000);
    assert_true(slice_equal(buffer_slice(&migrated.text), buffer_slice(&made.text)));
    buffer_free(&migrated.text);
    buffer_free(&made.text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_of_format_1_is_migrated_when_it_is_opened),
        cmocka_unit_test(a_migration_goes_on_after_a_kill_or_a_power_cut),
        cmocka_unit_test(a_full_disk_stops_a_migration_until_there_is_room),
        cmocka_unit_test(a_newer_format_is_refused_with_both_numbers),
        cmocka_unit_test(a_database_of_another_program_is_refused),
        cmocka_unit_test(a_migrated_folder_has_the_tables_of_a_new_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

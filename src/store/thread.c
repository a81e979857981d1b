#include "store/thread.h"

#include <openssl/sha.h>
#include <stdlib.h>

#include "base/limits.h"
#include "store/reference.h"
#include "store/schema.h"
#include "store/thread_page.h"

static const char recent_all[] = "SELECT id, bytes FROM thread_recent ORDER BY id";
static const char recent_add[] = "INSERT INTO thread_recent (id, bytes) VALUES ($1, $2)";
static const char recent_delete[] = "DELETE FROM thread_recent WHERE id <= $1";

/* For each new reference so many of the run are merged, and so many rows removed, at least so many a batch:
   a run is done long before the next is full. */
enum { MERGED_FOR_EACH = 4, MERGED_MIN = 16, ROWS_REMOVED = 16 };

/* How far a run came: references merged, and the rows up to this one removed. */
struct progress {
    size_t merged;
    int64_t removed;
};

struct threads {
    size_t recent_max;
    struct reference_map recent;
    int64_t last_row;
    /* Of this transaction: as bytes of its row, and to be found. */
    struct buffer added;
    struct reference_map added_map;
    /* The run, sorted; NULL: there is none. It came from the rows up to run_last_row. */
    struct reference *run;
    size_t run_count;
    int64_t run_last_row;
    struct progress progress;
    /* With what this transaction does. */
    struct progress planned;
};

static const uint32_t day_ms = 24 * 3600 * 1000;

/* ---- opening ---- */

static void begin_run(struct threads *threads) {
    threads->run_count = threads->recent.count;
    threads->run = reference_map_take(&threads->recent);
    threads->run_last_row = threads->last_row;
    threads->progress.merged = 0;
}

struct threads *threads_open(struct db *db, size_t recent_max, uint64_t seed) {
    struct threads *threads = calloc(1, sizeof *threads);
    if (!threads) FATAL("out of memory for threads");
    threads->recent_max = recent_max ? recent_max : STORE_THREADS_RECENT;
    threads->recent.seed = threads->added_map.seed = seed;
    threads->added = buffer_new(STORE_OPERATION_MEMORY_BYTES_MAX);
    struct db_rows rows = DB_ROWS(db, recent_all);
    while (db_rows_next(&rows)) {
        struct slice bytes = db_rows_bytes(&rows, 1);
        if (threads->last_row == 0) threads->progress.removed = db_rows_number(&rows, 0) - 1;
        threads->last_row = db_rows_number(&rows, 0);
        for (size_t i = 0; i < bytes.len / REFERENCE_BYTES; i++)
            reference_map_add(&threads->recent, reference_read(bytes, i).reference);
    }
    return threads;
}

void threads_close(struct threads **threads) {
    if (!*threads) return;
    reference_map_free(&(*threads)->recent);
    reference_map_free(&(*threads)->added_map);
    buffer_free(&(*threads)->added);
    free((*threads)->run);
    free(*threads);
    *threads = NULL;
}

/* ---- joining ---- */

/* The first eight bytes of its SHA-256, as this machine reads them; other tenants' are moved away. */
static int64_t reference_hash(uint64_t tenant, struct slice message_id) {
    uint8_t digest[SHA256_DIGEST_LENGTH];
    (void)SHA256(message_id.ptr, message_id.len, digest);
    uint64_t hash;
    memcpy(&hash, digest, sizeof hash);
    return (int64_t)(hash + (tenant - TENANT_DEFAULT) * 0x9e3779b97f4a7c15u);
}

static uint64_t find_in_run(const struct threads *threads, int64_t hash) {
    struct reference key = {.hash = hash};
    if (!threads->run) return 0;
    const struct reference *found =
        bsearch(&key, threads->run, threads->run_count, sizeof key, reference_compare);
    return found ? found->thread : 0;
}

static uint64_t find(const struct threads *threads, struct db *db, int64_t hash) {
    uint64_t thread = reference_map_get(&threads->added_map, hash);
    if (thread == 0) thread = reference_map_get(&threads->recent, hash);
    if (thread == 0) thread = find_in_run(threads, hash);
    return thread ? thread : thread_page_find(db, hash);
}

static void add(struct threads *threads, struct reference reference) {
    if (reference_map_get(&threads->added_map, reference.hash)) return;
    reference_map_add(&threads->added_map, reference);
    reference_write(&threads->added, reference, 0);
}

/*
 * A message joins the thread of the newest message that it refers to and that is known, or of a
 * known one that referred to it before it came; else it begins its own. Its references are
 * remembered too, so that answers which overtake each other meet.
 */
uint64_t threads_join(struct threads *threads, struct db *db, uint64_t tenant, uint64_t id,
                      const struct message_facts *facts) {
    int64_t hashes[STORE_THREAD_REFERENCES_MAX + 1];
    bool is_known[STORE_THREAD_REFERENCES_MAX + 1];
    size_t count = 0;
    if (facts->message_id.len) hashes[count++] = reference_hash(tenant, facts->message_id);
    for (size_t i = facts->reference_count; i > 0 && count <= STORE_THREAD_REFERENCES_MAX; i--)
        if (facts->references[i - 1].len) hashes[count++] = reference_hash(tenant, facts->references[i - 1]);
    uint64_t thread = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t found = find(threads, db, hashes[i]);
        is_known[i] = found != 0;
        if (thread == 0) thread = found;
    }
    if (thread == 0) thread = id;
    for (size_t i = 0; i < count; i++)
        if (!is_known[i]) add(threads, (struct reference){hashes[i], thread});
    return thread;
}

/* ---- a transaction ---- */

void threads_transaction_begin(struct threads *threads) {
    buffer_clear(&threads->added);
    reference_map_clear(&threads->added_map);
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static void go_on_with_run(struct threads *threads, struct db *db, uint32_t day) {
    size_t added = threads->added_map.count;
    size_t wanted = MERGED_FOR_EACH * added > MERGED_MIN ? MERGED_FOR_EACH * added : MERGED_MIN;
    size_t rest = threads->run_count - threads->planned.merged;
    if (rest) {
        size_t count = smaller(rest, wanted);
        thread_page_merge(db, threads->run + threads->planned.merged, count, day);
        threads->planned.merged += count;
        return;
    }
    threads->planned.removed += ROWS_REMOVED;
    if (threads->planned.removed > threads->run_last_row) threads->planned.removed = threads->run_last_row;
    DB_RUN(db, recent_delete, DB_NUMBER(threads->planned.removed));
}

/* Batches without new references leave the run alone: what is idle stays idle. */
void threads_transaction_record(struct threads *threads, struct db *db, int64_t now_ms) {
    threads->planned = threads->progress;
    if (threads->added.len == 0) return;
    DB_RUN(db, recent_add, DB_NUMBER(threads->last_row + 1), DB_BYTES(buffer_slice(&threads->added)));
    if (threads->run) go_on_with_run(threads, db, (uint32_t)(now_ms / day_ms));
}

void threads_transaction_done(struct threads *threads) {
    struct slice added = buffer_slice(&threads->added);
    for (size_t i = 0; i < added.len / REFERENCE_BYTES; i++)
        reference_map_add(&threads->recent, reference_read(added, i).reference);
    if (added.len) threads->last_row++;
    threads->progress = threads->planned;
    bool is_done = threads->run && threads->progress.merged == threads->run_count &&
                   threads->progress.removed >= threads->run_last_row;
    if (is_done) {
        free(threads->run);
        threads->run = NULL;
    }
    if (!threads->run && threads->recent.count >= threads->recent_max) begin_run(threads);
    threads_transaction_begin(threads);
}

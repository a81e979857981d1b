#include "store/thread_page.h"

#include "base/limits.h"

static const char page_at[] =
    "SELECT first, bytes FROM thread_page WHERE first <= $1 ORDER BY first DESC LIMIT 1";
static const char page_after[] = "SELECT first FROM thread_page WHERE first > $1 ORDER BY first LIMIT 1";
static const char page_write[] =
    "INSERT INTO thread_page (first, bytes) VALUES ($1, $2) ON CONFLICT (first) DO UPDATE SET bytes = $2";

/* A row fills a page of the database but for the row's own head; a split leaves room to grow. At most so
   many are merged with one row at a time. */
enum {
    PAGE_BYTES_MAX = 195 * REFERENCE_BYTES,
    SPLIT_BYTES = 130 * REFERENCE_BYTES,
    TAKEN_MAX = 1024,
};

static size_t count_of(struct slice bytes) { return bytes.len / REFERENCE_BYTES; }

uint64_t thread_page_find(struct db *db, int64_t hash) {
    uint64_t thread = 0;
    struct db_rows rows = DB_ROWS(db, page_at, DB_NUMBER(hash));
    if (!db_rows_next(&rows)) return 0;
    struct slice bytes = db_rows_bytes(&rows, 1);
    size_t low = 0;
    for (size_t high = count_of(bytes); low < high && thread == 0;) {
        size_t middle = low + (high - low) / 2;
        struct reference found = reference_read(bytes, middle).reference;
        if (found.hash == hash) thread = found.thread;
        if (found.hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    db_rows_end(&rows);
    return thread;
}

/* ---- merging ---- */

struct merge {
    struct db *db;
    uint32_t day;
    /* The row at hand: its key, its bytes as they were and as they will be. */
    int64_t first;
    struct buffer before;
    struct buffer after;
};

static void page_read(struct merge *merge, int64_t hash) {
    merge->first = INT64_MIN;
    buffer_clear(&merge->before);
    struct db_rows rows = DB_ROWS(merge->db, page_at, DB_NUMBER(hash));
    if (!db_rows_next(&rows)) return;
    merge->first = db_rows_number(&rows, 0);
    buffer_append(&merge->before, db_rows_bytes(&rows, 1));
    db_rows_end(&rows);
}

/* How many of them belong to the row at hand. */
static size_t take(struct merge *merge, const struct reference *references, size_t count) {
    int64_t last = INT64_MAX;
    struct db_rows rows = DB_ROWS(merge->db, page_after, DB_NUMBER(references[0].hash));
    if (db_rows_next(&rows)) {
        last = db_rows_number(&rows, 0) - 1;
        db_rows_end(&rows);
    }
    size_t taken = 0;
    while (taken < count && taken < TAKEN_MAX && references[taken].hash <= last) taken++;
    return taken;
}

static void keep(struct merge *merge, struct stored_reference known) {
    if ((uint64_t)known.day + STORE_THREAD_DAYS < merge->day) return;
    reference_write(&merge->after, known.reference, known.day);
}

static void combine(struct merge *merge, const struct reference *references, size_t count) {
    struct slice before = buffer_slice(&merge->before);
    size_t place = 0;
    buffer_clear(&merge->after);
    for (size_t i = 0; i < count; i++) {
        struct reference added = references[i];
        for (; place < count_of(before); place++) {
            struct stored_reference known = reference_read(before, place);
            if (known.reference.hash > added.hash) break;
            if (known.reference.hash < added.hash)
                keep(merge, known);
            else
                added.thread = known.reference.thread;
        }
        reference_write(&merge->after, added, merge->day);
    }
    for (; place < count_of(before); place++) keep(merge, reference_read(before, place));
}

static void page_put(struct merge *merge) {
    struct slice rest = buffer_slice(&merge->after);
    if (rest.len <= PAGE_BYTES_MAX) {
        DB_RUN(merge->db, page_write, DB_NUMBER(merge->first), DB_BYTES(rest));
        return;
    }
    size_t pieces = (rest.len + SPLIT_BYTES - 1) / SPLIT_BYTES;
    size_t piece_bytes = (count_of(rest) + pieces - 1) / pieces * REFERENCE_BYTES;
    int64_t first = merge->first;
    while (rest.len) {
        struct slice piece = slice_sub(rest, 0, piece_bytes);
        DB_RUN(merge->db, page_write, DB_NUMBER(first), DB_BYTES(piece));
        rest = slice_skip(rest, piece.len);
        if (rest.len) first = reference_read(rest, 0).reference.hash;
    }
}

void thread_page_merge(struct db *db, const struct reference *references, size_t count, uint32_t day) {
    struct merge merge = {.db = db, .day = day, .before = buffer_new(MIB(1)), .after = buffer_new(MIB(1))};
    while (count && db_failure(db) == STORE_OK) {
        page_read(&merge, references[0].hash);
        size_t taken = take(&merge, references, count);
        combine(&merge, references, taken);
        page_put(&merge);
        references += taken;
        count -= taken;
    }
    buffer_free(&merge.before);
    buffer_free(&merge.after);
}

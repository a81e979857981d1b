/* Destinations, and the commit lane's book of them. */
#include <stdlib.h>

#include "base/limits.h"
#include "base/map.h"
#include "store/queue.h"

static const char destination_find[] =
    "SELECT id, route, domain, due_ms, failures FROM destination WHERE route = $1 AND domain = $2";
static const char destination_get[] =
    "SELECT id, route, domain, due_ms, failures FROM destination WHERE id = $1";
static const char destination_add[] =
    "INSERT INTO destination (id, route, domain, due_ms, failures, reason) VALUES ($1, $2, $3, $4, 0, '')";
static const char destination_due[] = "UPDATE destination SET due_ms = $2 WHERE id = $1";
static const char destination_set[] =
    "UPDATE destination SET due_ms = $2, failures = $3, reason = $4 WHERE id = $1";
static const char destinations_idle[] =
    "DELETE FROM destination WHERE id IN (SELECT id FROM destination WHERE due_ms = $1 AND failures = 0 AND"
    " id > $2 AND NOT EXISTS (SELECT 1 FROM recipient WHERE recipient.destination = destination.id) LIMIT "
    "$3)";
static const char counts_read[] =
    "SELECT count(*), coalesce(sum(due_ms = $1), 0), coalesce(sum(destination = $2), 0) FROM recipient";

struct queue_book {
    uint64_t seed;
    /* Those with a domain, by it; all by id. */
    struct map *by_domain;
    struct map *by_id;
    struct arena *arena;
    uint64_t transaction;
    size_t news_before;
    struct queue_counts counts_before;
};

/* ---- the book ---- */

static void forget(struct queue_book *book) {
    map_free(&book->by_domain);
    map_free(&book->by_id);
    arena_free(&book->arena);
}

struct queue_book *queue_book_new(uint64_t seed) {
    struct queue_book *book = calloc(1, sizeof *book);
    if (!book) FATAL("out of memory for the book of the queue");
    book->seed = seed;
    return book;
}

void queue_book_free(struct queue_book **book) {
    if (!*book) return;
    forget(*book);
    free(*book);
    *book = NULL;
}

void queue_book_forget(struct commit *commit) { forget(commit->queue_book); }

void queue_transaction_begin(struct commit *commit) {
    struct queue_book *book = commit->queue_book;
    book->transaction++;
    book->news_before = commit->queue_news.len;
    book->counts_before = commit->queue_counts;
}

void queue_transaction_undo(struct commit *commit) {
    struct queue_book *book = commit->queue_book;
    buffer_truncate(&commit->queue_news, book->news_before);
    commit->queue_counts = book->counts_before;
    forget(book);
}

/* Where there is no more room it begins anew. */
static struct queue_known *note(struct queue_book *book, const struct queue_known *known) {
    if (book->by_id && map_count(book->by_id) == QUEUE_DESTINATIONS_KNOWN_MAX) forget(book);
    if (!book->by_id) {
        book->by_id = map_new(book->seed);
        book->by_domain = map_new(book->seed);
        book->arena = arena_new(QUEUE_DESTINATIONS_KNOWN_MAX * (sizeof *known + STORE_ADDRESS_BYTES_MAX));
    }
    struct queue_known *noted = ARENA_NEW(book->arena, struct queue_known);
    *noted = *known;
    noted->domain = arena_copy(book->arena, slice_sub(known->domain, 0, STORE_ADDRESS_BYTES_MAX));
    (void)map_put_id(book->by_id, noted->id, noted);
    if (noted->route == 0 && noted->domain.len) (void)map_put(book->by_domain, noted->domain, noted);
    return noted;
}

/* NULL: the statement gave nothing. */
static struct queue_known *note_row(struct queue_book *book, struct db_rows rows) {
    if (!db_rows_next(&rows)) return NULL;
    struct queue_known *known =
        note(book, &(struct queue_known){.id = db_rows_id(&rows, 0),
                                         .route = db_rows_id(&rows, 1),
                                         .domain = db_rows_bytes(&rows, 2),
                                         .due_ms = db_rows_number(&rows, 3),
                                         .failures = (uint32_t)db_rows_number(&rows, 4)});
    db_rows_end(&rows);
    return known;
}

struct queue_known *queue_destination_known(struct commit *commit, uint64_t id) {
    struct queue_book *book = commit->queue_book;
    struct queue_known *known = book->by_id ? map_get_id(book->by_id, id) : NULL;
    return known ? known : note_row(book, DB_ROWS(commit->db, destination_get, DB_NUMBER(id)));
}

static struct queue_known *destination_make(struct commit *commit, uint64_t route, struct slice domain) {
    struct queue_known made = {
        .id = commit_id_new(commit), .route = route, .domain = domain, .due_ms = commit->now_ms};
    DB_RUN(commit->db, destination_add, DB_NUMBER(made.id), DB_NUMBER(route), DB_TEXT(domain),
           DB_NUMBER(made.due_ms));
    return db_failure(commit->db) == STORE_OK ? note(commit->queue_book, &made) : NULL;
}

struct queue_known *queue_destination_of(struct commit *commit, uint64_t route, struct slice domain) {
    struct queue_book *book = commit->queue_book;
    bool is_by_domain = book->by_domain && route == 0;
    struct queue_known *known = is_by_domain ? map_get(book->by_domain, domain) : NULL;
    if (known) return known;
    known = note_row(book, DB_ROWS(commit->db, destination_find, DB_NUMBER(route), DB_TEXT(domain)));
    if (known || db_failure(commit->db) != STORE_OK) return known;
    return destination_make(commit, route, domain);
}

/* ---- when ---- */

void queue_due(struct commit *commit, struct queue_known *known, int64_t due_ms) {
    if (known->failures || known->due_ms <= due_ms) return;
    DB_RUN(commit->db, destination_due, DB_NUMBER(known->id), DB_NUMBER(due_ms));
    known->due_ms = due_ms;
}

void queue_rest(struct commit *commit, struct queue_known *known) {
    if (known->failures) return;
    int64_t due_ms = queue_due_of(commit->db, known->id, commit->now_ms);
    if (due_ms <= known->due_ms || due_ms <= commit->now_ms) return;
    DB_RUN(commit->db, destination_due, DB_NUMBER(known->id), DB_NUMBER(due_ms));
    known->due_ms = due_ms;
}

void queue_tell(struct commit *commit, struct queue_known *known, uint64_t message,
                enum queue_stream stream) {
    uint64_t transaction = commit->queue_book->transaction;
    if (known->told_message == message && known->told_transaction == transaction) return;
    known->told_message = message;
    known->told_transaction = transaction;
    struct queue_news news = {known->id, message, stream};
    buffer_append(&commit->queue_news, slice_of(&news, sizeof news));
}

void queue_destination_write(struct commit *commit, struct queue_known *known, uint32_t failures,
                             struct slice reason, int64_t due_ms) {
    DB_RUN(commit->db, destination_set, DB_NUMBER(known->id), DB_NUMBER(due_ms), DB_NUMBER(failures),
           DB_TEXT(reason));
    known->due_ms = due_ms;
    known->failures = failures;
}

bool queue_destinations_prune(struct commit *commit) {
    DB_RUN(commit->db, destinations_idle, DB_NUMBER(QUEUE_NEVER), DB_NUMBER(DESTINATION_REPORTS),
           DB_NUMBER(QUEUE_IDLE_DESTINATIONS));
    uint64_t count = db_changed(commit->db);
    if (count) queue_book_forget(commit);
    return count == QUEUE_IDLE_DESTINATIONS;
}

/* ---- counts ---- */

void queue_counts_read(struct db *db, struct queue_counts *counts) {
    struct db_rows rows = DB_ROWS(db, counts_read, DB_NUMBER(QUEUE_NEVER), DB_NUMBER(DESTINATION_REPORTS));
    if (!db_rows_next(&rows)) return;
    counts->states[QUEUE_HELD] = db_rows_number(&rows, 1);
    counts->states[QUEUE_REPORTING] = db_rows_number(&rows, 2);
    counts->states[QUEUE_WAITING] =
        db_rows_number(&rows, 0) - counts->states[QUEUE_HELD] - counts->states[QUEUE_REPORTING];
    db_rows_end(&rows);
}

void queue_count(struct commit *commit, enum queue_state from, enum queue_state to) {
    commit->queue_counts.states[from]--;
    commit->queue_counts.states[to]++;
}

#include "store/event.h"

#include "base/limits.h"

static const char event_insert[] =
    "INSERT INTO event (tenant, at_ms, kind, subject, count) VALUES ($1, $2, $3, $4, $5)";
static const char event_newest[] = "SELECT coalesce(max(id), 0) FROM event";
static const char event_oldest[] = "SELECT id, at_ms FROM event ORDER BY id LIMIT $1";
static const char event_delete[] = "DELETE FROM event WHERE id <= $1";

void event_add(struct commit *commit, uint64_t tenant, enum event_kind kind, uint64_t subject,
               uint64_t count) {
    DB_RUN(commit->db, event_insert, DB_NUMBER(tenant), DB_NUMBER(commit->now_ms), DB_NUMBER(kind),
           DB_NUMBER(subject), DB_NUMBER(count));
}

/* The newest always stays: the next id is counted from it. */
bool event_log_prune(struct commit *commit, const struct event_log *log) {
    struct db *db = commit->db;
    int64_t newest = DB_READ_NUMBER(db, log->newest, 0);
    int64_t kept_from_ms = commit->now_ms - log->kept_days * 24 * 3600 * 1000;
    int64_t last = 0;
    size_t count = 0;
    struct db_rows rows = DB_ROWS(db, log->oldest, DB_NUMBER(STORE_EVENT_ROWS));
    while (db_rows_next(&rows)) {
        int64_t id = db_rows_number(&rows, 0);
        bool is_kept = db_rows_number(&rows, 1) >= kept_from_ms && id > newest - log->kept_max;
        if (id == newest || is_kept) break;
        last = id;
        count++;
    }
    db_rows_end(&rows);
    if (count) DB_RUN(db, log->remove, DB_NUMBER(last));
    return count == STORE_EVENT_ROWS;
}

bool event_prune(struct commit *commit) {
    static const struct event_log events = {event_newest, event_oldest, event_delete, STORE_EVENTS_KEPT_MAX,
                                            STORE_EVENTS_KEPT_DAYS};
    return event_log_prune(commit, &events);
}

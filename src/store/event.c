#include "store/event.h"

static const char event_insert[] =
    "INSERT INTO event (tenant, at_ms, kind, subject, count) VALUES ($1, $2, $3, $4, $5)";

void event_add(struct commit *commit, uint64_t tenant, enum event_kind kind, uint64_t subject,
               uint64_t count) {
    DB_RUN(commit->db, event_insert, DB_NUMBER(tenant), DB_NUMBER(commit->now_ms), DB_NUMBER(kind),
           DB_NUMBER(subject), DB_NUMBER(count));
}

#include "store/listing.h"

#include "store/engine_state.h"

void *listing_read(struct engine *engine, struct arena *arena, const struct listing *listing, size_t *count,
                   enum store_result *result) {
    struct db *db = engine->db;
    db_begin_read(db);
    size_t total = (size_t)db_number_values(db, listing->count, 0, NULL, 0);
    uint8_t *items = arena_try_alloc(arena, listing->item_bytes * total);
    bool has_room = items != NULL;
    *count = 0;
    struct db_rows rows = db_rows_values(db, listing->rows, NULL, 0);
    while (has_room && db_rows_next(&rows))
        has_room = listing->read(&rows, arena, items + listing->item_bytes * (*count)++);
    db_rows_end(&rows);
    *result = db_commit(db);
    db_complain(db, engine->env->log);
    if (!has_room) *result = STORE_FAILED;
    return items;
}

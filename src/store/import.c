#include "store/import.h"

static const char item_find[] = "SELECT 1 FROM import_item WHERE account = $1 AND source = $2";
static const char item_add[] =
    "INSERT INTO import_item (account, source) VALUES ($1, $2) ON CONFLICT DO NOTHING";
static const char items_remove[] = "DELETE FROM import_item WHERE account = $1";

bool import_is_known(struct db *db, uint64_t account, struct slice source) {
    return source.len && DB_READ_NUMBER(db, item_find, 0, DB_NUMBER(account), DB_BYTES(source)) != 0;
}

bool import_note(struct db *db, uint64_t account, struct slice source) {
    DB_RUN(db, item_add, DB_NUMBER(account), DB_BYTES(source));
    return db_failure(db) == STORE_OK && db_changed(db) > 0;
}

void import_forget(struct db *db, uint64_t account) { DB_RUN(db, items_remove, DB_NUMBER(account)); }

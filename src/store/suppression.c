#include "store/suppression.h"

#include "base/encode.h"
#include "base/limits.h"
#include "store/contact_address.h"
#include "store/engine_state.h"
#include "wire/scram_secret.h"

enum { KEY_BYTES = 32, LABELS_MAX = 128 };

static const char row_find[] =
    "SELECT reason, at_ms FROM suppression WHERE tenant = $1 AND kind = $2 AND value = $3";
static const char kind_any[] = "SELECT 1 FROM suppression WHERE tenant = $1 AND kind = $2 LIMIT 1";
static const char kind_count[] = "SELECT count(*) FROM suppression WHERE tenant = $1 AND kind = $2";
static const char pattern_rows[] =
    "SELECT value, reason, at_ms FROM suppression WHERE tenant = $1 AND kind = 3 ORDER BY value LIMIT $2";
static const char row_put[] =
    "INSERT INTO suppression (tenant, kind, value, reason, detail, at_ms) VALUES ($1, $2, $3, $4, $5, $6)"
    " ON CONFLICT (tenant, kind, value) DO UPDATE SET reason = $4, detail = $5, at_ms = $6";
static const char row_delete[] = "DELETE FROM suppression WHERE tenant = $1 AND kind = $2 AND value = $3";
static const char rows_page[] = "SELECT kind, value, reason, detail, at_ms FROM suppression WHERE tenant = "
                                "$1 AND (kind, value) > ($2, $3)"
                                " ORDER BY kind, value LIMIT $4";
static const char secret_read[] = "SELECT bytes FROM setting WHERE name = 'scram_secret'";

/* ---- the hash of who was erased ---- */

static bool key_read(struct db *db, uint8_t key[KEY_BYTES]) {
    struct db_rows rows = DB_ROWS(db, secret_read);
    if (!db_rows_next(&rows)) {
        db_fail(db, STORE_FAILED);
        return false;
    }
    scram_hmac(SCRAM_HASH_SHA_256, db_rows_bytes(&rows, 0), SLICE("erased addresses"), key);
    db_rows_end(&rows);
    return true;
}

static void hash_by(const uint8_t key[KEY_BYTES], struct slice address, char hash[SUPPRESSION_HASH_BYTES]) {
    uint8_t bytes[KEY_BYTES];
    struct buffer text = buffer_new(SUPPRESSION_HASH_BYTES);
    scram_hmac(SCRAM_HASH_SHA_256, slice_of(key, KEY_BYTES), address, bytes);
    hex_encode(&text, slice_of(bytes, sizeof bytes));
    memcpy(hash, text.ptr, SUPPRESSION_HASH_BYTES);
    buffer_free(&text);
}

bool suppression_hash(struct db *db, struct slice address, char hash[SUPPRESSION_HASH_BYTES]) {
    uint8_t key[KEY_BYTES];
    if (!key_read(db, key)) return false;
    hash_by(key, address, hash);
    explicit_bzero(key, sizeof key);
    return true;
}

/* ---- finding ---- */

struct known_pattern {
    struct slice value;
    struct suppression_found found;
};

struct suppression_book {
    struct db *db;
    uint64_t tenant;
    bool has_addresses;
    bool has_domains;
    bool has_hashes;
    uint8_t key[KEY_BYTES];
    struct known_pattern *patterns;
    size_t pattern_count;
};

static bool has_kind(struct db *db, uint64_t tenant, enum suppression_kind kind) {
    return DB_READ_NUMBER(db, kind_any, 0, DB_NUMBER(tenant), DB_NUMBER(kind)) != 0;
}

static void patterns_read(struct suppression_book *book, struct arena *arena) {
    size_t capacity = 0;
    struct db_rows rows =
        DB_ROWS(book->db, pattern_rows, DB_NUMBER(book->tenant), DB_NUMBER(SUPPRESSION_PATTERNS_MAX));
    while (db_rows_next(&rows)) {
        book->patterns =
            arena_try_grow(arena, book->patterns, book->pattern_count, &capacity, sizeof *book->patterns);
        ASSERT(book->patterns);
        book->patterns[book->pattern_count++] =
            (struct known_pattern){arena_copy(arena, db_rows_bytes(&rows, 0)),
                                   {SUPPRESSION_PATTERN, (enum suppression_reason)db_rows_number(&rows, 1),
                                    db_rows_number(&rows, 2)}};
    }
}

struct suppression_book *suppression_book_open(struct db *db, struct arena *arena, uint64_t tenant) {
    struct suppression_book *book = ARENA_NEW(arena, struct suppression_book);
    book->db = db;
    book->tenant = tenant;
    book->has_addresses = has_kind(db, tenant, SUPPRESSION_ADDRESS);
    book->has_domains = has_kind(db, tenant, SUPPRESSION_DOMAIN);
    book->has_hashes = has_kind(db, tenant, SUPPRESSION_HASH) && key_read(db, book->key);
    patterns_read(book, arena);
    return book;
}

static bool find_row(struct suppression_book *book, enum suppression_kind kind, struct slice value,
                     struct suppression_found *found) {
    struct db_rows rows =
        DB_ROWS(book->db, row_find, DB_NUMBER(book->tenant), DB_NUMBER(kind), DB_TEXT(value));
    if (!db_rows_next(&rows)) return false;
    *found = (struct suppression_found){kind, (enum suppression_reason)db_rows_number(&rows, 0),
                                        db_rows_number(&rows, 1)};
    db_rows_end(&rows);
    return true;
}

static bool find_hash(struct suppression_book *book, struct slice address, struct suppression_found *found) {
    char hash[SUPPRESSION_HASH_BYTES];
    if (!book->has_hashes) return false;
    hash_by(book->key, address, hash);
    return find_row(book, SUPPRESSION_HASH, slice_of(hash, sizeof hash), found);
}

/* The domain itself, then each above it that has two labels or more. */
static bool find_domain(struct suppression_book *book, struct slice domain, struct suppression_found *found) {
    for (size_t labels = 0; book->has_domains && labels < LABELS_MAX; labels++) {
        size_t dot = slice_find_byte(domain, '.');
        if (dot == SLICE_NOT_FOUND) return false;
        if (find_row(book, SUPPRESSION_DOMAIN, domain, found)) return true;
        domain = slice_skip(domain, dot + 1);
    }
    return false;
}

static bool find_pattern(const struct suppression_book *book, struct slice address,
                         struct suppression_found *found) {
    for (size_t i = 0; i < book->pattern_count; i++) {
        if (!suppression_pattern_fits(book->patterns[i].value, address)) continue;
        *found = book->patterns[i].found;
        return true;
    }
    return false;
}

bool suppression_book_find(struct suppression_book *book, struct slice address,
                           struct suppression_found *found) {
    return (book->has_addresses && find_row(book, SUPPRESSION_ADDRESS, address, found)) ||
           find_hash(book, address, found) || find_domain(book, contact_address_domain(address), found) ||
           find_pattern(book, address, found);
}

bool suppression_find(struct db *db, uint64_t tenant, struct slice address, struct suppression_found *found) {
    struct arena *arena = arena_new(MIB(2));
    struct suppression_book *book = suppression_book_open(db, arena, tenant);
    bool is_found = suppression_book_find(book, address, found);
    arena_free(&arena);
    return is_found;
}

/* ---- changing ---- */

static bool has_control(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] == 0x7f) return true;
    return false;
}

static bool is_sound(const struct suppression *suppression) {
    struct slice value = suppression->value;
    if (value.len == 0 || value.len > STORE_ADDRESS_BYTES_MAX || has_control(value) ||
        suppression->detail.len > CONTACT_TEXT_BYTES_MAX || has_control(suppression->detail))
        return false;
    if (suppression->reason < SUPPRESSION_UNSUBSCRIBED || suppression->reason > SUPPRESSION_IMPORTED)
        return false;
    switch (suppression->kind) {
    case SUPPRESSION_ADDRESS:
        return contact_address_is_normal(value);
    case SUPPRESSION_DOMAIN:
        return slice_find_byte(value, '@') == SLICE_NOT_FOUND;
    case SUPPRESSION_PATTERN:
        return slice_find_byte(value, '*') != SLICE_NOT_FOUND;
    case SUPPRESSION_HASH:
        return value.len == SUPPRESSION_HASH_BYTES;
    }
    return false;
}

static bool is_full(struct db *db, uint64_t tenant, enum suppression_kind kind) {
    return kind == SUPPRESSION_PATTERN &&
           DB_READ_NUMBER(db, kind_count, 0, DB_NUMBER(tenant), DB_NUMBER(kind)) >= SUPPRESSION_PATTERNS_MAX;
}

/* A wish outdoes all else; of two alike the first stays. */
static bool is_outdone(enum suppression_reason there, enum suppression_reason fresh) {
    return suppression_is_wish(there) || !suppression_is_wish(fresh);
}

enum store_result suppression_add(struct commit *commit, uint64_t tenant,
                                  const struct suppression *suppression) {
    struct db *db = commit->db;
    if (!is_sound(suppression)) return STORE_REFUSED;
    struct db_rows rows =
        DB_ROWS(db, row_find, DB_NUMBER(tenant), DB_NUMBER(suppression->kind), DB_TEXT(suppression->value));
    bool is_there = db_rows_next(&rows);
    if (is_there) {
        enum suppression_reason there = (enum suppression_reason)db_rows_number(&rows, 0);
        db_rows_end(&rows);
        if (is_outdone(there, suppression->reason)) return STORE_EXISTS;
    } else if (is_full(db, tenant, suppression->kind)) {
        return STORE_OVER_QUOTA;
    }
    int64_t at_ms = suppression->at_ms ? suppression->at_ms : commit->now_ms;
    DB_RUN(db, row_put, DB_NUMBER(tenant), DB_NUMBER(suppression->kind), DB_TEXT(suppression->value),
           DB_NUMBER(suppression->reason), DB_TEXT(suppression->detail), DB_NUMBER(at_ms));
    return db_failure(db);
}

/* An address that was erased is known by its hash alone. */
static enum store_result remove_row(struct commit *commit, uint64_t tenant, enum suppression_kind kind,
                                    struct slice value, bool is_forced) {
    struct db *db = commit->db;
    struct db_rows rows = DB_ROWS(db, row_find, DB_NUMBER(tenant), DB_NUMBER(kind), DB_TEXT(value));
    if (!db_rows_next(&rows)) return db_result(db, STORE_NOT_FOUND);
    enum suppression_reason reason = (enum suppression_reason)db_rows_number(&rows, 0);
    db_rows_end(&rows);
    if (suppression_is_wish(reason) && !is_forced) return STORE_DENIED;
    DB_RUN(db, row_delete, DB_NUMBER(tenant), DB_NUMBER(kind), DB_TEXT(value));
    return db_failure(db);
}

enum store_result suppression_remove(struct commit *commit, uint64_t tenant,
                                     const struct suppression *suppression, bool is_forced) {
    char hash[SUPPRESSION_HASH_BYTES];
    enum store_result result = remove_row(commit, tenant, suppression->kind, suppression->value, is_forced);
    if (result != STORE_NOT_FOUND || suppression->kind != SUPPRESSION_ADDRESS) return result;
    if (!suppression_hash(commit->db, suppression->value, hash)) return db_failure(commit->db);
    return remove_row(commit, tenant, SUPPRESSION_HASH, slice_of(hash, sizeof hash), is_forced);
}

/* ---- for the store role ---- */

enum store_result engine_suppression_find(struct engine *engine, uint64_t tenant, struct slice address,
                                          struct suppression_found *found) {
    db_begin_read(engine->db);
    bool is_found = suppression_find(engine->db, tenant, address, found);
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    if (result != STORE_OK) return result;
    return is_found ? STORE_OK : STORE_NOT_FOUND;
}

enum store_result engine_suppression_page(struct engine *engine, struct arena *arena,
                                          const struct suppression_query *query,
                                          struct suppression **rows_out, size_t *count) {
    size_t capacity = 0;
    *rows_out = NULL;
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, rows_page, DB_NUMBER(query->tenant),
                                  DB_NUMBER(query->after_kind), DB_TEXT(query->after), DB_NUMBER(query->max));
    while (db_rows_next(&rows)) {
        struct suppression *grown = arena_try_grow(arena, *rows_out, *count, &capacity, sizeof *grown);
        if (!grown) break;
        *rows_out = grown;
        grown[(*count)++] = (struct suppression){.kind = (enum suppression_kind)db_rows_number(&rows, 0),
                                                 .value = arena_copy(arena, db_rows_bytes(&rows, 1)),
                                                 .reason = (enum suppression_reason)db_rows_number(&rows, 2),
                                                 .detail = arena_copy(arena, db_rows_bytes(&rows, 3)),
                                                 .at_ms = db_rows_number(&rows, 4)};
    }
    db_rows_end(&rows);
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result;
}

struct adding {
    const struct suppression_batch *batch;
    uint64_t added;
};

/* What cannot be is found before anything is written. */
static enum store_result add_all(struct commit *commit, void *argument) {
    struct adding *adding = argument;
    const struct suppression_batch *batch = adding->batch;
    adding->added = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (!is_sound(&batch->rows[i])) return STORE_REFUSED;
    uint64_t patterns = 0;
    for (size_t i = 0; i < batch->count; i++) patterns += batch->rows[i].kind == SUPPRESSION_PATTERN;
    if (patterns && (uint64_t)DB_READ_NUMBER(commit->db, kind_count, 0, DB_NUMBER(batch->tenant),
                                             DB_NUMBER(SUPPRESSION_PATTERN)) +
                            patterns >
                        SUPPRESSION_PATTERNS_MAX)
        return db_result(commit->db, STORE_OVER_QUOTA);
    for (size_t i = 0; i < batch->count; i++)
        adding->added += suppression_add(commit, batch->tenant, &batch->rows[i]) == STORE_OK;
    return db_failure(commit->db);
}

enum store_result engine_suppression_add(struct task *t, struct engine *engine,
                                         const struct suppression_batch *batch, uint64_t *added) {
    struct adding adding = {.batch = batch};
    struct commit_operation operation = {.run = add_all, .argument = &adding};
    enum store_result result = commit_run(t, &engine->queue, &operation);
    *added = adding.added;
    return result;
}

struct removing {
    uint64_t tenant;
    const struct suppression *suppression;
    bool is_forced;
};

static enum store_result remove_one(struct commit *commit, void *argument) {
    const struct removing *removing = argument;
    return suppression_remove(commit, removing->tenant, removing->suppression, removing->is_forced);
}

enum store_result engine_suppression_remove(struct task *t, struct engine *engine, uint64_t tenant,
                                            const struct suppression *suppression, bool is_forced) {
    struct removing removing = {tenant, suppression, is_forced};
    struct commit_operation operation = {.run = remove_one, .argument = &removing};
    return commit_run(t, &engine->queue, &operation);
}

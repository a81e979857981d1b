#include "store/api_key.h"

#include <openssl/sha.h>

#include "base/encode.h"
#include "store/engine_state.h"
#include "store/schema.h"

#define KEY_COLUMNS "id, tenant, name, hint, scope, created_ms, used_ms"

enum { TOKEN_RANDOM_BYTES = 32, USED_NOTED_MS = 3600 * 1000 };

static const char token_prefix[] = "ph_";

static const char key_insert[] =
    "INSERT INTO api_key (id, tenant, name, hint, hash, scope, created_ms, used_ms)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, 0)";
static const char key_named[] = "SELECT id FROM api_key WHERE name = $1";
static const char key_count[] = "SELECT count(*) FROM api_key";
static const char key_delete[] = "DELETE FROM api_key WHERE name = $1";
static const char key_used[] = "UPDATE api_key SET used_ms = $2 WHERE id = $1";
static const char key_by_hash[] = "SELECT " KEY_COLUMNS " FROM api_key WHERE hash = $1";
static const char keys_all[] = "SELECT " KEY_COLUMNS " FROM api_key ORDER BY name LIMIT $1";

static const char *const scope_words[] = {"", "read", "write", "admin"};

const char *api_scope_word(enum api_scope scope) { return scope_words[scope]; }

bool api_scope_of(struct slice word, enum api_scope *scope) {
    for (enum api_scope i = API_SCOPE_READ; i <= API_SCOPE_ADMIN; i++) {
        if (!slice_equal(word, slice_from_text(scope_words[i]))) continue;
        *scope = i;
        return true;
    }
    return false;
}

/* ---- changing ---- */

struct key_request {
    struct slice name;
    struct slice token;
    enum api_scope scope;
    uint64_t id;
};

static enum store_result add(struct commit *commit, void *argument) {
    const struct key_request *request = argument;
    uint8_t hash[SHA256_DIGEST_LENGTH];
    if (DB_READ_NUMBER(commit->db, key_named, 0, DB_TEXT(request->name)))
        return db_result(commit->db, STORE_EXISTS);
    if (DB_READ_NUMBER(commit->db, key_count, 0) >= API_KEYS_MAX)
        return db_result(commit->db, STORE_OVER_QUOTA);
    SHA256(request->token.ptr, request->token.len, hash);
    DB_RUN(commit->db, key_insert, DB_NUMBER(commit_id_new(commit)), DB_NUMBER(TENANT_DEFAULT),
           DB_TEXT(request->name), DB_TEXT(slice_sub(request->token, 0, API_KEY_HINT_BYTES)),
           DB_BYTES(slice_of(hash, sizeof hash)), DB_NUMBER(request->scope), DB_NUMBER(commit->now_ms));
    return STORE_OK;
}

static enum store_result remove_key(struct commit *commit, void *argument) {
    const struct key_request *request = argument;
    if (DB_READ_NUMBER(commit->db, key_named, 0, DB_TEXT(request->name)) == 0)
        return db_result(commit->db, STORE_NOT_FOUND);
    DB_RUN(commit->db, key_delete, DB_TEXT(request->name));
    return STORE_OK;
}

static enum store_result note_used(struct commit *commit, void *argument) {
    const struct key_request *request = argument;
    DB_RUN(commit->db, key_used, DB_NUMBER(request->id), DB_NUMBER(commit->now_ms));
    return STORE_OK;
}

static enum store_result change(struct task *t, struct engine *engine, struct key_request *request,
                                enum store_result (*run)(struct commit *commit, void *argument)) {
    struct commit_operation operation = {.run = run, .argument = request};
    return commit_run(t, &engine->queue, &operation);
}

static bool is_name(struct slice name) {
    if (name.len == 0 || name.len > API_KEY_NAME_BYTES_MAX) return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] <= ' ' || name.ptr[i] > '~') return false;
    return true;
}

static void make_token(struct env *env, uint8_t token[API_TOKEN_BYTES]) {
    uint8_t random[TOKEN_RANDOM_BYTES];
    struct buffer text = buffer_new(2 * API_TOKEN_BYTES);
    env_random(env, random, sizeof random);
    buffer_append_text(&text, token_prefix);
    base64url_encode(&text, slice_of(random, sizeof random));
    ASSERT(text.len == API_TOKEN_BYTES);
    memcpy(token, text.ptr, text.len);
    explicit_bzero(text.ptr, text.len);
    explicit_bzero(random, sizeof random);
    buffer_free(&text);
}

enum store_result engine_api_key_add(struct task *t, struct engine *engine, struct slice name,
                                     enum api_scope scope, uint8_t token[API_TOKEN_BYTES]) {
    if (!is_name(name)) return STORE_REFUSED;
    make_token(engine->env, token);
    struct key_request request = {.name = name, .token = slice_of(token, API_TOKEN_BYTES), .scope = scope};
    return change(t, engine, &request, add);
}

enum store_result engine_api_key_remove(struct task *t, struct engine *engine, struct slice name) {
    struct key_request request = {.name = name};
    return change(t, engine, &request, remove_key);
}

/* ---- reading ---- */

static struct api_key read_key(const struct db_rows *rows, struct arena *arena) {
    int64_t scope = db_rows_number(rows, 4);
    bool is_known = scope >= API_SCOPE_READ && scope <= API_SCOPE_ADMIN;
    return (struct api_key){.id = db_rows_id(rows, 0),
                            .tenant = db_rows_id(rows, 1),
                            .name = arena_copy(arena, db_rows_bytes(rows, 2)),
                            .hint = arena_copy(arena, db_rows_bytes(rows, 3)),
                            .scope = is_known ? (enum api_scope)scope : API_SCOPE_READ,
                            .created_ms = db_rows_number(rows, 5),
                            .used_ms = db_rows_number(rows, 6)};
}

enum store_result engine_api_key_list(struct engine *engine, struct arena *arena, struct api_key **keys,
                                      size_t *count) {
    *keys = ARENA_NEW_ARRAY(arena, struct api_key, API_KEYS_MAX);
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, keys_all, DB_NUMBER(API_KEYS_MAX));
    while (db_rows_next(&rows)) (*keys)[(*count)++] = read_key(&rows, arena);
    return db_commit(engine->db);
}

static enum store_result find(struct engine *engine, struct arena *arena, struct slice token,
                              struct api_key *key) {
    uint8_t hash[SHA256_DIGEST_LENGTH];
    SHA256(token.ptr, token.len, hash);
    *key = (struct api_key){0};
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, key_by_hash, DB_BYTES(slice_of(hash, sizeof hash)));
    if (db_rows_next(&rows)) {
        *key = read_key(&rows, arena);
        db_rows_end(&rows);
    }
    enum store_result result = db_commit(engine->db);
    return result == STORE_OK && key->id == 0 ? STORE_DENIED : result;
}

enum store_result engine_api_key_check(struct task *t, struct engine *engine, struct arena *arena,
                                       struct slice token, struct api_key *key) {
    if (token.len != API_TOKEN_BYTES || !slice_starts(token, slice_from_text(token_prefix)))
        return STORE_DENIED;
    enum store_result result = find(engine, arena, token, key);
    if (result != STORE_OK || env_wall_ms(engine->env) - key->used_ms < USED_NOTED_MS) return result;
    struct key_request request = {.id = key->id};
    /* That it was used is worth no refusal. */
    if (change(t, engine, &request, note_used) != STORE_OK)
        LOG_WARN(engine->env->log, "api.use_not_noted", LOG_ID("key", key->id));
    /* It may have been removed meanwhile. */
    return find(engine, arena, token, key);
}

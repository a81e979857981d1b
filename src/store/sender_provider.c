/* engine_provider_*: whom OAuth tokens come from. */
#include "base/limits_sender.h"
#include "ipc/pack.h"
#include "store/engine_sender.h"
#include "store/engine_state.h"
#include "store/schema.h"
#include "store/sender_rows.h"

static const char provider_any[] = "SELECT 1 FROM outreach_provider WHERE tenant = $1 AND name = $2";
static const char provider_count[] = "SELECT count(*) FROM outreach_provider";
static const char provider_insert[] =
    "INSERT INTO outreach_provider (tenant, name, settings, secret) VALUES ($1, $2, $3, $4)";
static const char provider_delete[] = "DELETE FROM outreach_provider WHERE tenant = $1 AND name = $2";
static const char provider_find[] =
    "SELECT settings, secret FROM outreach_provider WHERE tenant = $1 AND name = $2";
static const char providers_all[] =
    "SELECT settings, secret FROM outreach_provider WHERE tenant = $1 ORDER BY name LIMIT $2";

enum { WORK_BYTES = 64 * 1024 };

struct provider_change {
    const struct sender_provider *provider;
    struct slice settings;
    struct slice sealed;
    struct slice name;
};

static struct slice seal_name(struct arena *arena, struct slice name) {
    return arena_printf(arena, "outreach_provider/%.*s", SLICE_PRINT(name));
}

static enum store_result run(struct task *t, struct engine *engine,
                             enum store_result (*operate)(struct commit *commit, void *argument),
                             void *argument) {
    struct commit_operation operation = {.run = operate, .argument = argument};
    return commit_run(t, &engine->queue, &operation);
}

static enum store_result add(struct commit *commit, void *argument) {
    const struct provider_change *change = argument;
    if (DB_READ_NUMBER(commit->db, provider_any, 0, DB_NUMBER(TENANT_DEFAULT), DB_TEXT(change->name)))
        return STORE_EXISTS;
    if (DB_READ_NUMBER(commit->db, provider_count, 0) >= OUTREACH_PROVIDERS_MAX) return STORE_OVER_QUOTA;
    DB_RUN(commit->db, provider_insert, DB_NUMBER(TENANT_DEFAULT), DB_TEXT(change->name),
           DB_BYTES(change->settings), DB_BYTES(change->sealed));
    return STORE_OK;
}

static struct slice pack_settings(struct arena *arena, const struct sender_provider *provider) {
    struct buffer out = buffer_new(WORK_BYTES);
    struct sender_provider told = *provider;
    told.has_secret = provider->client_secret.len > 0;
    told.client_secret = SLICE_EMPTY;
    sender_provider_pack(&out, &told);
    struct slice packed = arena_copy(arena, buffer_slice(&out));
    buffer_free(&out);
    return packed;
}

enum store_result engine_provider_add(struct task *t, struct engine *engine,
                                      const struct sender_provider *provider) {
    struct arena *arena = arena_new(WORK_BYTES);
    struct provider_change change = {.provider = provider, .name = provider->name};
    change.settings = pack_settings(arena, provider);
    bool is_sealed = provider->client_secret.len == 0 ||
                     dkim_room_seal(t, &engine->dkim, arena, seal_name(arena, provider->name),
                                    provider->client_secret, &change.sealed);
    enum store_result result = is_sealed ? run(t, engine, add, &change) : STORE_FAILED;
    arena_free(&arena);
    return result;
}

static bool uses(const struct sender_login *login, struct slice name) {
    return login->auth == SENDER_AUTH_OAUTH && slice_equal(login->provider, name);
}

static enum store_result remove_row(struct commit *commit, void *argument) {
    const struct provider_change *change = argument;
    size_t most = sender_rows_count(commit->db);
    struct sender *senders = ARENA_NEW_ARRAY(commit->arena, struct sender, most);
    size_t count = sender_rows_read(commit->db, commit->arena, senders, most);
    for (size_t i = 0; i < count; i++)
        if (uses(&senders[i].smtp, change->name) || uses(&senders[i].imap, change->name))
            return STORE_REFUSED;
    DB_RUN(commit->db, provider_delete, DB_NUMBER(TENANT_DEFAULT), DB_TEXT(change->name));
    return db_changed(commit->db) ? STORE_OK : db_result(commit->db, STORE_NOT_FOUND);
}

enum store_result engine_provider_remove(struct task *t, struct engine *engine, struct slice name) {
    struct provider_change change = {.name = name};
    return run(t, engine, remove_row, &change);
}

/* ---- reading ---- */

static void read_row(const struct db_rows *rows, struct arena *arena, struct sender_provider *provider,
                     struct slice *sealed) {
    struct unpacker in = unpacker_of(arena_copy(arena, db_rows_bytes(rows, 0)));
    *provider = (struct sender_provider){0};
    sender_provider_unpack(&in, provider);
    *sealed = arena_copy(arena, db_rows_bytes(rows, 1));
}

static enum store_result read_end(struct engine *engine) {
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result;
}

enum store_result engine_provider_list(struct engine *engine, struct arena *arena,
                                       struct sender_provider **providers, size_t *count) {
    struct slice sealed;
    *count = 0;
    *providers = ARENA_NEW_ARRAY(arena, struct sender_provider, OUTREACH_PROVIDERS_MAX);
    db_begin_read(engine->db);
    struct db_rows rows =
        DB_ROWS(engine->db, providers_all, DB_NUMBER(TENANT_DEFAULT), DB_NUMBER(OUTREACH_PROVIDERS_MAX));
    while (db_rows_next(&rows))
        if (*count < OUTREACH_PROVIDERS_MAX) read_row(&rows, arena, &(*providers)[(*count)++], &sealed);
    db_rows_end(&rows);
    return read_end(engine);
}

enum store_result engine_provider_open(struct task *t, struct engine *engine, struct arena *arena,
                                       struct slice name, struct sender_provider *provider) {
    struct slice sealed = SLICE_EMPTY;
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, provider_find, DB_NUMBER(TENANT_DEFAULT), DB_TEXT(name));
    bool is_there = db_rows_next(&rows);
    if (is_there) read_row(&rows, arena, provider, &sealed);
    db_rows_end(&rows);
    enum store_result result = read_end(engine);
    if (result != STORE_OK) return result;
    if (!is_there) return STORE_NOT_FOUND;
    if (sealed.len == 0) return STORE_OK;
    return dkim_room_unseal(t, &engine->dkim, arena, seal_name(arena, name), sealed, &provider->client_secret)
               ? STORE_OK
               : STORE_FAILED;
}

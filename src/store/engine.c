#include "store/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "store/directory.h"
#include "store/engine_state.h"
#include "store/log_room.h"
#include "store/scan.h"
#include "store/schema.h"
#include "wire/scram_secret.h"

static const char any_campaign[] = "SELECT 1 FROM campaign LIMIT 1";
static const char secret_read[] = "SELECT bytes FROM setting WHERE name = 'scram_secret'";
static const char id_newest[] =
    "SELECT max(coalesce((SELECT max(id) FROM domain), 0), coalesce((SELECT max(id) FROM account), 0),"
    " coalesce((SELECT max(id) FROM mailbox), 0), coalesce((SELECT max(id) FROM destination), 0),"
    " coalesce((SELECT max(id) FROM route), 0), coalesce((SELECT max(id) FROM dkim_key), 0),"
    " coalesce((SELECT max(id) FROM contact), 0), coalesce((SELECT max(id) FROM contact_import), 0),"
    " coalesce((SELECT max(id) FROM outreach_event), 0), coalesce((SELECT max(id) FROM webhook), 0))";

static int folder_path(const char *folder, const char *name, char path[STORE_PATH_BYTES_MAX]) {
    int len = snprintf(path, STORE_PATH_BYTES_MAX, "%s/%s", folder, name);
    return len < 0 || len >= STORE_PATH_BYTES_MAX ? -ENAMETOOLONG : 0;
}

/* ---- making a store ---- */

static int make_subfolder(struct env *env, const char *folder, const char *name) {
    char path[STORE_PATH_BYTES_MAX];
    int result = folder_path(folder, name, path);
    return result ? result : folder_make(env, path);
}

static int take_lock(struct env *env, const char *folder, struct file **lock) {
    char path[STORE_PATH_BYTES_MAX];
    int result = folder_path(folder, "lock", path);
    if (result == 0) result = file_open(env, path, FILE_WRITE, lock);
    if (result == 0) result = file_lock_exclusive(*lock);
    if (result) file_close(lock);
    return result;
}

static int has_store(struct env *env, const char *path) {
    struct file *file = NULL;
    int result = file_open(env, path, FILE_READ, &file);
    file_close(&file);
    return result == 0 ? -EEXIST : result == -ENOENT ? 0 : result;
}

static int make_database(struct env *env, const char *path) {
    uint8_t secret[PASSWORD_KEY_BYTES];
    struct file *file = NULL;
    struct db *db = NULL;
    env_random(env, secret, sizeof secret);
    /* Made here for its permissions. */
    int result = file_open(env, path, FILE_CREATE, &file);
    file_close(&file);
    if (result == 0) result = db_open(env, path, DB_CREATE, &db);
    if (result == 0) result = schema_create(db, env_wall_ms(env), slice_of(secret, sizeof secret));
    if (db) db_complain(db, env->log);
    db_close(&db);
    return result;
}

static int make_store(struct env *env, const char *folder) {
    char path[STORE_PATH_BYTES_MAX];
    char partial[STORE_PATH_BYTES_MAX];
    int result = folder_path(folder, "store.db", path);
    if (result == 0) result = folder_path(folder, "store.db.partial", partial);
    if (result == 0) result = has_store(env, path);
    if (result == 0) result = make_subfolder(env, folder, "body");
    if (result == 0) result = make_subfolder(env, folder, "spool");
    if (result == 0) result = make_subfolder(env, folder, "snapshot");
    if (result == 0) result = make_subfolder(env, folder, "key");
    if (result) return result;
    result = file_remove(env, partial);
    if (result && result != -ENOENT) return result;
    result = make_database(env, partial);
    if (result == 0) result = file_rename(env, partial, path);
    return result ? result : folder_sync(env, folder);
}

int engine_create(struct env *env, const char *folder) {
    struct file *lock = NULL;
    int result = folder_make(env, folder);
    if (result == 0) result = take_lock(env, folder, &lock);
    if (result == 0) result = make_store(env, folder);
    file_close(&lock);
    return result;
}

/* ---- opening it ---- */

static int open_databases(struct engine *engine, const char *path, struct db **writer,
                          struct db **checkpointer) {
    struct env *env = engine->env;
    int result = has_store(env, path);
    if (result != -EEXIST) return result ? result : -ENOENT;
    result = log_rewrite(env, path);
    if (result == 0) result = db_open(env, path, DB_WRITE, writer);
    if (result == 0) result = schema_migrate(env, *writer, engine->folder, &schema_migrations);
    if (*writer) db_complain(*writer, env->log);
    if (result == 0) result = db_open(env, path, DB_CHECKPOINT, checkpointer);
    return result ? result : db_open(env, path, DB_READ, &engine->db);
}

static int read_secret(struct db *db, uint8_t secret[PASSWORD_KEY_BYTES]) {
    struct db_rows rows = DB_ROWS(db, secret_read);
    if (!db_rows_next(&rows)) return -EIO;
    struct slice bytes = db_rows_bytes(&rows, 0);
    bool is_good = bytes.len == PASSWORD_KEY_BYTES;
    if (is_good) memcpy(secret, bytes.ptr, bytes.len);
    db_rows_end(&rows);
    return is_good ? 0 : -EIO;
}

/* A store that died within the sync of a commit leaves it whole in the write-ahead log, where no index tells
   of it as long as somebody has that index open: it is not there for us, and any later recovery would bring
   it to life, without the bodies that we take for unknown and remove. What is committed now lies over it.
   Where the disk is full there is none, for it would have been written over. */
static int bury_half_commit(struct engine *engine, struct db *writer) {
    db_begin_write(writer);
    setting_set_number(writer, SLICE("started_ms"), env_wall_ms(engine->env));
    enum store_result result = db_commit(writer);
    db_failure_clear(writer);
    return result == STORE_OK || result == STORE_FULL ? 0 : -EIO;
}

static int start(struct engine *engine, const struct engine_options *options, const char *path,
                 struct db *writer, struct db *checkpointer) {
    uint8_t secret[PASSWORD_KEY_BYTES];
    db_failure_clear(writer);
    int result = read_secret(writer, secret);
    if (result == 0) result = bury_half_commit(engine, writer);
    if (result == 0)
        result =
            body_writer_open(&engine->bodies, engine->env, engine->folder, options->segment_bytes, writer);
    struct id_source ids = {(uint64_t)DB_READ_NUMBER(writer, id_newest, 0), options->node};
    struct threads *threads = threads_open(writer, options->threads_recent, env_random_u64(engine->env));
    db_complain(writer, engine->env->log);
    if (result == 0 && db_failure(writer) != STORE_OK) result = -EIO;
    if (result) {
        threads_close(&threads);
        body_writer_close(&engine->bodies);
        return result;
    }
    scram_hmac(SCRAM_HASH_SHA_256, slice_of(secret, sizeof secret), SLICE("rewritten senders"),
               engine->srs_secret);
    commit_queue_start(&engine->queue, engine->env, writer, checkpointer, &engine->bodies, threads, ids);
    scram_hmac(SCRAM_HASH_SHA_256, slice_of(secret, sizeof secret), SLICE("outreach"),
               engine->queue.commit.outreach_secret);
    engine->judges_answers = engine->queue.commit.judges_answers =
        DB_READ_NUMBER(writer, any_campaign, 0) != 0;
    log_room_open(&engine->queue.log_room, engine->env, path,
                  options->log_room_bytes ? options->log_room_bytes : STORE_LOG_ROOM_BYTES);
    engine->queue.on_news = options->on_news;
    engine->queue.context = options->context;
    engine->on_segment_gone = options->on_segment_gone;
    body_reader_open(&engine->outgoing, engine->env, engine->folder, engine->db);
    gate_init(&engine->scan_ended);
    password_room_open(&engine->passwords, engine->env, options->hash_memory_kib, secret);
    dkim_room_open(&engine->dkim, engine->env, engine->folder, options->signing_threads,
                   options->signing_rsa_key);
    upkeep_start(engine, options->upkeep_pause_ms);
    route_mover_start(engine);
    return 0;
}

static struct engine *engine_new(struct env *env, const char *folder) {
    struct engine *engine = calloc(1, sizeof *engine);
    if (!engine || !(engine->folder = strdup(folder))) FATAL("out of memory for the store");
    engine->env = env;
    engine->routes.seed = env_random_u64(env);
    return engine;
}

static void engine_free(struct engine **engine) {
    db_close(&(*engine)->db);
    route_cache_free(&(*engine)->routes);
    file_close(&(*engine)->lock);
    free((*engine)->folder);
    free(*engine);
    *engine = NULL;
}

int engine_open(struct env *env, const struct engine_options *options, struct engine **out) {
    struct engine *engine = engine_new(env, options->folder);
    struct db *writer = NULL;
    struct db *checkpointer = NULL;
    char path[STORE_PATH_BYTES_MAX];
    int result = folder_path(options->folder, "store.db", path);
    if (result == 0) result = take_lock(env, options->folder, &engine->lock);
    if (result == 0) result = open_databases(engine, path, &writer, &checkpointer);
    if (result == 0) result = start(engine, options, path, writer, checkpointer);
    if (result) {
        db_close(&checkpointer);
        db_close(&writer);
        engine_free(&engine);
        return result;
    }
    *out = engine;
    return 0;
}

void engine_close(struct task *t, struct engine **engine) {
    if (!*engine) return;
    route_mover_stop(t, *engine);
    upkeep_stop(t, *engine);
    commit_queue_stop(t, &(*engine)->queue);
    password_room_close(&(*engine)->passwords);
    dkim_room_close(&(*engine)->dkim);
    lane_close(&(*engine)->scan_lane);
    body_writer_close(&(*engine)->bodies);
    spools_close(&(*engine)->spools);
    body_reader_close(&(*engine)->outgoing);
    engine_free(engine);
}

/* ---- scans ---- */

int engine_read_open(struct engine *engine, struct db **db) {
    char path[STORE_PATH_BYTES_MAX];
    int result = folder_path(engine->folder, "store.db", path);
    return result ? result : db_open(engine->env, path, DB_READ, db);
}

enum store_result scan_begin(struct engine *engine, struct db **db) {
    if (engine->is_scanning) return STORE_BUSY;
    if (engine_read_open(engine, db)) return STORE_FAILED;
    if (!engine->scan_lane) engine->scan_lane = lane_open(engine->env, "scan", 1);
    engine->is_scanning = true;
    return STORE_OK;
}

void scan_end(struct engine *engine, struct db **db) {
    db_close(db);
    engine->is_scanning = false;
    gate_open(&engine->scan_ended);
}

/* ---- small services ---- */

static struct srs srs_of(const struct engine *engine) {
    return (struct srs){slice_of(engine->srs_secret, sizeof engine->srs_secret), env_wall_ms(engine->env)};
}

enum store_result engine_srs_encode(struct engine *engine, struct arena *arena, struct slice mail_from,
                                    struct slice *out) {
    struct srs srs = srs_of(engine);
    db_begin_read(engine->db);
    enum store_result rewritten = directory_rewrite(engine->db, arena, &srs, mail_from, out);
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result == STORE_OK ? rewritten : result;
}

static enum store_result resolve(struct engine *engine, struct arena *arena, struct slice address,
                                 struct address_route *route) {
    if (route_cache_get(&engine->routes, engine->queue.directory_changes, arena, address, route))
        return STORE_OK;
    bool has_quota = false;
    db_begin_read(engine->db);
    struct srs srs = srs_of(engine);
    enum store_result resolved = directory_resolve(engine->db, arena, &srs, address, route, &has_quota);
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    if (result != STORE_OK || resolved != STORE_OK) return result == STORE_OK ? resolved : result;
    if (route->kind == ADDRESS_LOCAL && !has_quota) route_cache_put(&engine->routes, address, route);
    return STORE_OK;
}

enum store_result engine_address_resolve(struct engine *engine, struct arena *arena, struct slice address,
                                         struct address_route *route) {
    enum store_result result = resolve(engine, arena, address, route);
    route->is_judged = engine->judges_answers;
    return result;
}

enum store_result engine_sender_check(struct engine *engine, struct arena *arena, uint64_t account,
                                      struct slice address) {
    struct address_route route = {0};
    enum store_result result = engine_address_resolve(engine, arena, address, &route);
    if (result) return result == STORE_NOT_FOUND ? STORE_DENIED : result;
    for (size_t i = 0; route.kind == ADDRESS_LOCAL && account != 0 && i < route.target_count; i++)
        if (route.targets[i].account == account) return STORE_OK;
    return STORE_DENIED;
}

enum store_result engine_spool_open(struct engine *engine, uint64_t *spool, struct handle *handle) {
    return spool_open(&engine->spools, engine->env, engine->folder, spool, handle);
}

enum store_result engine_spool_adopt(struct engine *engine, struct handle handle, uint64_t *spool) {
    return spool_adopt(&engine->spools, engine->env, handle, spool);
}

void engine_spool_drop(struct engine *engine, uint64_t spool) { spool_drop(&engine->spools, spool); }

#include "store/webhook.h"

#include "base/limits_hook.h"
#include "store/engine_state.h"
#include "store/event.h"
#include "store/id.h"
#include "store/schema.h"

#define WEBHOOK_COLUMNS                                                                             \
    "id, url, kinds, state, reason, added_ms, cursor, success_ms, failing_ms, failures, delivered," \
    " given_up, (SELECT count(*) FROM webhook_delivery WHERE webhook = webhook.id AND"              \
    " webhook_delivery.state = 0), old_until_ms"

static const char webhook_insert[] =
    "INSERT INTO webhook (id, tenant, url, kinds, state, reason, secret, old_secret, old_until_ms, cursor,"
    " added_ms, success_ms, failing_ms, failures, delivered, given_up)"
    " VALUES ($1, $2, $3, $4, 0, '', $5, x'', 0, $1, $6, 0, 0, 0, 0, 0)";
static const char webhook_by_url[] = "SELECT id FROM webhook WHERE tenant = $1 AND url = $2";
static const char webhook_by_id[] = "SELECT id FROM webhook WHERE id = $1";
static const char webhook_count[] = "SELECT count(*) FROM webhook";
static const char webhook_rotate[] =
    "UPDATE webhook SET old_secret = secret, old_until_ms = $3, secret = $2 WHERE id = $1";
static const char webhook_enable[] =
    "UPDATE webhook SET state = 0, reason = '', failures = 0, failing_ms = 0 WHERE id = $1";
static const char webhook_disable[] = "UPDATE webhook SET state = 1, reason = $2 WHERE id = $1";
static const char webhook_delete[] = "DELETE FROM webhook WHERE id = $1";
static const char webhook_rewind[] = "UPDATE webhook SET cursor = $2 WHERE id = $1 AND cursor > $2";
static const char deliveries_again[] =
    "UPDATE webhook_delivery SET attempts = 0, next_ms = $2 WHERE webhook = $1 AND state = 0";
static const char deliveries_delete[] = "DELETE FROM webhook_delivery WHERE webhook = $1";
static const char deliveries_forget[] =
    "DELETE FROM webhook_delivery WHERE webhook = $1 AND event > $2 AND state = 0";
static const char delivery_again[] =
    "INSERT INTO webhook_delivery (webhook, event, state, attempts, next_ms, first_ms, last_ms, status,"
    " detail) VALUES ($1, $2, 0, 0, $3, 0, 0, 0, '') ON CONFLICT (webhook, event) DO UPDATE SET state = 0,"
    " attempts = 0, next_ms = $3";
static const char webhooks_all[] = "SELECT " WEBHOOK_COLUMNS " FROM webhook ORDER BY id LIMIT $1";
static const char webhook_one[] = "SELECT " WEBHOOK_COLUMNS " FROM webhook WHERE id = $1";
static const char secrets_of[] = "SELECT url, secret, old_secret FROM webhook WHERE id = $1";
static const char deliveries_of[] =
    "SELECT event, state, attempts, next_ms, first_ms, last_ms, status, detail FROM webhook_delivery"
    " WHERE webhook = $1 AND event < $2 ORDER BY event DESC LIMIT $3";
static const char waiting_first[] =
    "SELECT event, attempts, next_ms FROM webhook_delivery WHERE webhook = $1 AND state = 0"
    " ORDER BY next_ms, event LIMIT 1";
static const char waiting_holding[] =
    "SELECT count(*) FROM webhook_delivery WHERE webhook = $1 AND state = 0 AND attempts < $2";

enum { WORK_BYTES = 64 * 1024 };

const char *webhook_state_word(enum webhook_state state) {
    return state == WEBHOOK_ACTIVE ? "active" : "disabled";
}

const char *webhook_delivery_state_word(enum webhook_delivery_state state) {
    static const char *const words[WEBHOOK_DELIVERY_STATES] = {"waiting", "delivered", "given_up"};
    return words[state];
}

/* ---- changing ---- */

struct request {
    uint64_t id;
    struct slice url;
    struct slice kinds;
    struct slice sealed;
    struct slice reason;
    int64_t time_ms;
    uint64_t event;
};

static enum store_result run(struct task *t, struct engine *engine, struct request *request,
                             enum store_result (*operate)(struct commit *commit, void *argument)) {
    struct commit_operation operation = {.run = operate, .argument = request};
    return commit_run(t, &engine->queue, &operation);
}

static bool is_there(struct db *db, uint64_t id) {
    return DB_READ_NUMBER(db, webhook_by_id, 0, DB_NUMBER(id)) != 0;
}

static bool seal(struct task *t, struct engine *engine, struct arena *arena, struct slice url,
                 struct slice secret, struct slice *sealed) {
    struct slice name = arena_printf(arena, "webhook/%.*s", SLICE_PRINT(url));
    return dkim_room_seal(t, &engine->dkim, arena, name, secret, sealed);
}

/* Its own id is its cursor: whatever happens from now on has a higher one. */
static enum store_result add(struct commit *commit, void *argument) {
    struct request *request = argument;
    struct db *db = commit->db;
    if (DB_READ_NUMBER(db, webhook_by_url, 0, DB_NUMBER(TENANT_DEFAULT), DB_TEXT(request->url)))
        return db_result(db, STORE_EXISTS);
    if (DB_READ_NUMBER(db, webhook_count, 0) >= WEBHOOKS_MAX) return db_result(db, STORE_OVER_QUOTA);
    request->id = commit_id_new(commit);
    DB_RUN(db, webhook_insert, DB_NUMBER(request->id), DB_NUMBER(TENANT_DEFAULT), DB_TEXT(request->url),
           DB_TEXT(request->kinds), DB_BYTES(request->sealed), DB_NUMBER(commit->now_ms));
    event_add(commit, TENANT_DEFAULT, EVENT_WEBHOOK_ADDED, request->id, 0);
    return STORE_OK;
}

enum store_result engine_webhook_add(struct task *t, struct engine *engine, struct slice url,
                                     struct slice kinds, struct slice secret, uint64_t *id) {
    struct arena *arena = arena_new(WORK_BYTES);
    struct request request = {.url = url, .kinds = kinds};
    enum store_result result = STORE_FAILED;
    if (seal(t, engine, arena, url, secret, &request.sealed)) result = run(t, engine, &request, add);
    *id = request.id;
    arena_free(&arena);
    return result;
}

static enum store_result rotate(struct commit *commit, void *argument) {
    const struct request *request = argument;
    if (!is_there(commit->db, request->id)) return db_result(commit->db, STORE_NOT_FOUND);
    DB_RUN(commit->db, webhook_rotate, DB_NUMBER(request->id), DB_BYTES(request->sealed),
           DB_NUMBER(request->time_ms));
    event_add(commit, TENANT_DEFAULT, EVENT_WEBHOOK_ROTATED, request->id, 0);
    return STORE_OK;
}

enum store_result engine_webhook_rotate(struct task *t, struct engine *engine, uint64_t id,
                                        struct slice secret, int64_t old_until_ms) {
    struct arena *arena = arena_new(WORK_BYTES);
    struct request request = {.id = id, .time_ms = old_until_ms};
    struct webhook webhook;
    enum store_result result = engine_webhook_read(engine, arena, id, &webhook);
    if (result == STORE_OK)
        result = seal(t, engine, arena, webhook.url, secret, &request.sealed)
                     ? run(t, engine, &request, rotate)
                     : STORE_FAILED;
    arena_free(&arena);
    return result;
}

static enum store_result enable(struct commit *commit, void *argument) {
    const struct request *request = argument;
    if (!is_there(commit->db, request->id)) return db_result(commit->db, STORE_NOT_FOUND);
    DB_RUN(commit->db, webhook_enable, DB_NUMBER(request->id));
    DB_RUN(commit->db, deliveries_again, DB_NUMBER(request->id), DB_NUMBER(commit->now_ms));
    event_add(commit, TENANT_DEFAULT, EVENT_WEBHOOK_ENABLED, request->id, 0);
    return STORE_OK;
}

enum store_result engine_webhook_enable(struct task *t, struct engine *engine, uint64_t id) {
    struct request request = {.id = id};
    return run(t, engine, &request, enable);
}

static enum store_result disable(struct commit *commit, void *argument) {
    const struct request *request = argument;
    if (!is_there(commit->db, request->id)) return db_result(commit->db, STORE_NOT_FOUND);
    DB_RUN(commit->db, webhook_disable, DB_NUMBER(request->id), DB_TEXT(request->reason));
    event_add(commit, TENANT_DEFAULT, EVENT_WEBHOOK_DISABLED, request->id, 0);
    return STORE_OK;
}

enum store_result engine_webhook_disable(struct task *t, struct engine *engine, uint64_t id,
                                         struct slice reason) {
    struct request request = {.id = id, .reason = slice_sub(reason, 0, WEBHOOK_REASON_BYTES_MAX)};
    return run(t, engine, &request, disable);
}

static enum store_result remove_webhook(struct commit *commit, void *argument) {
    const struct request *request = argument;
    if (!is_there(commit->db, request->id)) return db_result(commit->db, STORE_NOT_FOUND);
    DB_RUN(commit->db, deliveries_delete, DB_NUMBER(request->id));
    DB_RUN(commit->db, webhook_delete, DB_NUMBER(request->id));
    event_add(commit, TENANT_DEFAULT, EVENT_WEBHOOK_REMOVED, request->id, 0);
    return STORE_OK;
}

enum store_result engine_webhook_remove(struct task *t, struct engine *engine, uint64_t id) {
    struct request request = {.id = id};
    return run(t, engine, &request, remove_webhook);
}

/* What waits behind that place comes again in its turn. */
static enum store_result rewind_cursor(struct commit *commit, void *argument) {
    const struct request *request = argument;
    uint64_t cursor = id_last_of(request->time_ms - 1);
    if (!is_there(commit->db, request->id)) return db_result(commit->db, STORE_NOT_FOUND);
    DB_RUN(commit->db, webhook_rewind, DB_NUMBER(request->id), DB_NUMBER(cursor));
    if (db_changed(commit->db) == 0) return db_result(commit->db, STORE_REFUSED);
    DB_RUN(commit->db, deliveries_forget, DB_NUMBER(request->id), DB_NUMBER(cursor));
    event_add(commit, TENANT_DEFAULT, EVENT_WEBHOOK_REPLAYED, request->id, 0);
    return STORE_OK;
}

enum store_result engine_webhook_replay(struct task *t, struct engine *engine, uint64_t id,
                                        int64_t since_ms) {
    struct request request = {.id = id, .time_ms = since_ms};
    return run(t, engine, &request, rewind_cursor);
}

static enum store_result replay_one(struct commit *commit, void *argument) {
    const struct request *request = argument;
    if (!is_there(commit->db, request->id)) return db_result(commit->db, STORE_NOT_FOUND);
    DB_RUN(commit->db, delivery_again, DB_NUMBER(request->id), DB_NUMBER(request->event),
           DB_NUMBER(commit->now_ms));
    event_add(commit, TENANT_DEFAULT, EVENT_WEBHOOK_REPLAYED, request->id, 1);
    return STORE_OK;
}

enum store_result engine_webhook_replay_one(struct task *t, struct engine *engine, uint64_t id,
                                            uint64_t event) {
    struct request request = {.id = id, .event = event};
    return run(t, engine, &request, replay_one);
}

/* ---- reading ---- */

static void read_row(const struct db_rows *rows, struct arena *arena, struct webhook *webhook) {
    *webhook = (struct webhook){.id = db_rows_id(rows, 0),
                                .url = arena_copy(arena, db_rows_bytes(rows, 1)),
                                .kinds = arena_copy(arena, db_rows_bytes(rows, 2)),
                                .state = db_rows_number(rows, 3) == 0 ? WEBHOOK_ACTIVE : WEBHOOK_DISABLED,
                                .reason = arena_copy(arena, db_rows_bytes(rows, 4)),
                                .added_ms = db_rows_number(rows, 5),
                                .cursor = db_rows_id(rows, 6),
                                .success_ms = db_rows_number(rows, 7),
                                .failing_ms = db_rows_number(rows, 8),
                                .failures = db_rows_id(rows, 9),
                                .delivered = db_rows_id(rows, 10),
                                .given_up = db_rows_id(rows, 11),
                                .waiting = db_rows_id(rows, 12),
                                .old_until_ms = db_rows_number(rows, 13)};
}

static enum store_result read_end(struct engine *engine, bool is_found) {
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result == STORE_OK && !is_found ? STORE_NOT_FOUND : result;
}

static bool read_one(struct db *db, struct arena *arena, uint64_t id, struct webhook *webhook) {
    struct db_rows rows = DB_ROWS(db, webhook_one, DB_NUMBER(id));
    bool is_found = db_rows_next(&rows);
    if (is_found) read_row(&rows, arena, webhook);
    db_rows_end(&rows);
    return is_found;
}

enum store_result engine_webhook_list(struct engine *engine, struct arena *arena, struct webhook **webhooks,
                                      size_t *count) {
    *webhooks = ARENA_NEW_ARRAY(arena, struct webhook, WEBHOOKS_MAX);
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, webhooks_all, DB_NUMBER(WEBHOOKS_MAX));
    while (db_rows_next(&rows))
        if (*count < WEBHOOKS_MAX) read_row(&rows, arena, &(*webhooks)[(*count)++]);
    return read_end(engine, true);
}

enum store_result engine_webhook_read(struct engine *engine, struct arena *arena, uint64_t id,
                                      struct webhook *webhook) {
    db_begin_read(engine->db);
    bool is_found = read_one(engine->db, arena, id, webhook);
    return read_end(engine, is_found);
}

static struct webhook_delivery read_delivery(const struct db_rows *rows, struct arena *arena) {
    int64_t state = db_rows_number(rows, 1);
    bool is_known = state >= 0 && state < WEBHOOK_DELIVERY_STATES;
    return (struct webhook_delivery){.event = db_rows_id(rows, 0),
                                     .state =
                                         is_known ? (enum webhook_delivery_state)state : WEBHOOK_GIVEN_UP,
                                     .attempts = db_rows_id(rows, 2),
                                     .next_ms = db_rows_number(rows, 3),
                                     .first_ms = db_rows_number(rows, 4),
                                     .last_ms = db_rows_number(rows, 5),
                                     .status = (unsigned)db_rows_number(rows, 6),
                                     .detail = arena_copy(arena, db_rows_bytes(rows, 7))};
}

enum store_result engine_webhook_deliveries(struct engine *engine, struct arena *arena, uint64_t id,
                                            uint64_t before, size_t max, struct webhook_delivery **deliveries,
                                            size_t *count) {
    struct webhook webhook;
    *deliveries = ARENA_NEW_ARRAY(arena, struct webhook_delivery, max);
    *count = 0;
    db_begin_read(engine->db);
    bool is_found = read_one(engine->db, arena, id, &webhook);
    struct db_rows rows = DB_ROWS(engine->db, deliveries_of, DB_NUMBER(id),
                                  DB_NUMBER(before ? before : INT64_MAX), DB_NUMBER(max));
    while (db_rows_next(&rows))
        if (*count < max) (*deliveries)[(*count)++] = read_delivery(&rows, arena);
    return read_end(engine, is_found);
}

enum store_result engine_webhook_work(struct engine *engine, struct arena *arena, uint64_t id, int64_t now_ms,
                                      struct webhook_work *work) {
    struct db *db = engine->db;
    *work = (struct webhook_work){.next_ms = INT64_MAX};
    db_begin_read(db);
    bool is_found = read_one(db, arena, id, &work->webhook);
    struct db_rows rows = DB_ROWS(db, waiting_first, DB_NUMBER(id));
    if (db_rows_next(&rows)) {
        work->next_ms = db_rows_number(&rows, 2);
        /* No pause is that long: the clock was set back. */
        bool is_off = work->next_ms > now_ms + WEBHOOK_PAUSE_MS_MAX;
        if (work->next_ms <= now_ms || is_off) {
            work->event = db_rows_id(&rows, 0);
            work->attempts = db_rows_id(&rows, 1);
        }
    }
    db_rows_end(&rows);
    work->is_held =
        work->webhook.waiting >= WEBHOOK_ASIDE_MAX ||
        DB_READ_NUMBER(db, waiting_holding, 0, DB_NUMBER(id), DB_NUMBER(WEBHOOK_HOLDING_ATTEMPTS)) > 0;
    return read_end(engine, is_found);
}

/* ---- secrets ---- */

struct sealed_secrets {
    struct slice url;
    struct slice present;
    struct slice old;
};

static bool read_sealed(struct db *db, struct arena *arena, uint64_t id, struct sealed_secrets *sealed) {
    struct db_rows rows = DB_ROWS(db, secrets_of, DB_NUMBER(id));
    bool is_found = db_rows_next(&rows);
    if (is_found)
        *sealed = (struct sealed_secrets){arena_copy(arena, db_rows_bytes(&rows, 0)),
                                          arena_copy(arena, db_rows_bytes(&rows, 1)),
                                          arena_copy(arena, db_rows_bytes(&rows, 2))};
    db_rows_end(&rows);
    return is_found;
}

static bool unseal(struct task *t, struct engine *engine, struct arena *arena, struct slice url,
                   struct slice sealed, struct slice *secret) {
    struct slice name = arena_printf(arena, "webhook/%.*s", SLICE_PRINT(url));
    *secret = SLICE_EMPTY;
    return sealed.len == 0 || dkim_room_unseal(t, &engine->dkim, arena, name, sealed, secret);
}

enum store_result engine_webhook_secrets(struct task *t, struct engine *engine, struct arena *arena,
                                         uint64_t id, struct webhook_secrets *secrets) {
    struct sealed_secrets sealed = {0};
    *secrets = (struct webhook_secrets){0};
    db_begin_read(engine->db);
    bool is_found = read_sealed(engine->db, arena, id, &sealed);
    enum store_result result = read_end(engine, is_found);
    if (result != STORE_OK) return result;
    bool is_open = unseal(t, engine, arena, sealed.url, sealed.present, &secrets->present) &&
                   unseal(t, engine, arena, sealed.url, sealed.old, &secrets->old);
    return is_open && secrets->present.len ? STORE_OK : STORE_FAILED;
}

/* engine_route_*: routes as an administrator changes them, and as they are read. */
#include "base/limits.h"
#include "store/engine_state.h"
#include "store/event.h"
#include "store/queue.h"
#include "store/route.h"
#include "store/schema.h"

#define ROUTE_COLUMNS "id, name, kind, domain, stream, ordering, tls, user, password, is_enabled"

static const char route_id[] = "SELECT id FROM route WHERE name = $1";
static const char route_count[] = "SELECT count(*) FROM route";
static const char route_insert[] =
    "INSERT INTO route (id, tenant, name, kind, domain, stream, ordering, tls, user, password, is_enabled)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
static const char host_insert[] =
    "INSERT INTO route_host (route, number, host, port, preference, weight) VALUES ($1, $2, $3, $4, $5, $6)";
static const char route_password[] = "UPDATE route SET password = $2 WHERE name = $1 AND user <> ''";
static const char route_enable[] = "UPDATE route SET is_enabled = $2 WHERE name = $1";
static const char route_delete[] = "DELETE FROM route WHERE id = $1";
static const char hosts_delete[] = "DELETE FROM route_host WHERE route = $1";
static const char routes_all[] =
    "SELECT " ROUTE_COLUMNS " FROM route ORDER BY kind = 4, kind DESC, substr(domain, 1, 1) = '*',"
    " CASE WHEN kind = 4 OR domain LIKE '*%' THEN -length(domain) ELSE 0 END,"
    " ordering, id LIMIT $1";
static const char routes_by_mx[] = "SELECT " ROUTE_COLUMNS " FROM route WHERE kind = 4 AND is_enabled"
                                   " ORDER BY -length(domain), ordering, id LIMIT $1";
static const char route_by_id[] = "SELECT " ROUTE_COLUMNS " FROM route WHERE id = $1";
static const char route_by_name[] = "SELECT " ROUTE_COLUMNS " FROM route WHERE name = $1";
static const char hosts_of[] =
    "SELECT host, port, preference, weight FROM route_host WHERE route = $1 ORDER BY number LIMIT $2";

/* ---- changing; in the commit lane ---- */

struct route_request {
    const struct route *route;
    struct slice name;
    struct slice password;
    bool is_enabled;
};

static enum store_result run_request(struct task *t, struct engine *engine, struct route_request *request,
                                     enum store_result (*run)(struct commit *commit, void *argument)) {
    struct commit_operation operation = {.run = run, .argument = request};
    enum store_result result = commit_run(t, &engine->queue, &operation);
    if (result == STORE_OK) route_mover_wake(engine);
    return result;
}

static void note_change(struct commit *commit, enum event_kind kind, uint64_t route) {
    route_book_forget(commit->routes);
    route_move_is_due(commit);
    event_add(commit, TENANT_DEFAULT, kind, route, 0);
}

static uint64_t id_of(struct commit *commit, struct slice name) {
    return (uint64_t)DB_READ_NUMBER(commit->db, route_id, 0, DB_TEXT(name));
}

static void add_hosts(struct commit *commit, uint64_t id, const struct route *route) {
    for (size_t i = 0; i < route->host_count; i++) {
        const struct route_host *host = &route->hosts[i];
        DB_RUN(commit->db, host_insert, DB_NUMBER(id), DB_NUMBER(i), DB_TEXT(host->name),
               DB_NUMBER(host->port), DB_NUMBER(host->preference), DB_NUMBER(host->weight));
    }
}

static enum store_result add(struct commit *commit, void *argument) {
    const struct route *route = ((struct route_request *)argument)->route;
    if (id_of(commit, route->name)) return STORE_EXISTS;
    if (DB_READ_NUMBER(commit->db, route_count, 0) >= ROUTES_MAX) return STORE_OVER_QUOTA;
    uint64_t id = commit_id_new(commit);
    DB_RUN(commit->db, route_insert, DB_NUMBER(id), DB_NUMBER(TENANT_DEFAULT), DB_TEXT(route->name),
           DB_NUMBER(route->kind), DB_TEXT(route->domain), DB_NUMBER(route->stream),
           DB_NUMBER(route->ordering), DB_NUMBER(route->tls), DB_TEXT(route->user), DB_TEXT(route->password),
           DB_NUMBER(route->is_enabled));
    add_hosts(commit, id, route);
    note_change(commit, EVENT_ROUTE_ADDED, id);
    return STORE_OK;
}

/* Mail that waits for the route is tried again at once. */
static void try_again(struct commit *commit, uint64_t route) {
    struct queue_known *known = queue_destination_of(commit, route, SLICE_EMPTY);
    if (!known) return;
    queue_destination_write(commit, known, 0, SLICE_EMPTY, commit->now_ms);
    queue_tell(commit, known, 0, QUEUE_PERSONAL);
}

/* No mail goes another way by this. */
static enum store_result set_password(struct commit *commit, void *argument) {
    const struct route_request *request = argument;
    uint64_t id = id_of(commit, request->name);
    if (id == 0) return db_result(commit->db, STORE_NOT_FOUND);
    DB_RUN(commit->db, route_password, DB_TEXT(request->name), DB_TEXT(request->password));
    if (db_changed(commit->db) == 0) return db_result(commit->db, STORE_REFUSED);
    event_add(commit, TENANT_DEFAULT, EVENT_ROUTE_CHANGED, id, 0);
    try_again(commit, id);
    return STORE_OK;
}

static enum store_result enable(struct commit *commit, void *argument) {
    const struct route_request *request = argument;
    uint64_t id = id_of(commit, request->name);
    if (id == 0) return db_result(commit->db, STORE_NOT_FOUND);
    DB_RUN(commit->db, route_enable, DB_TEXT(request->name), DB_NUMBER(request->is_enabled));
    note_change(commit, EVENT_ROUTE_CHANGED, id);
    return STORE_OK;
}

static enum store_result remove_route(struct commit *commit, void *argument) {
    const struct route_request *request = argument;
    uint64_t id = id_of(commit, request->name);
    if (id == 0) return db_result(commit->db, STORE_NOT_FOUND);
    DB_RUN(commit->db, route_delete, DB_NUMBER(id));
    DB_RUN(commit->db, hosts_delete, DB_NUMBER(id));
    note_change(commit, EVENT_ROUTE_REMOVED, id);
    return STORE_OK;
}

/* ---- changing; on the loop ---- */

enum store_result engine_route_add(struct task *t, struct engine *engine, const struct route *route) {
    struct route_request request = {.route = route};
    return route_check(route) ? STORE_REFUSED : run_request(t, engine, &request, add);
}

enum store_result engine_route_set_password(struct task *t, struct engine *engine, struct slice name,
                                            struct slice password) {
    struct route_request request = {.name = name, .password = password};
    bool is_password = password.len && password.len <= STORE_PASSWORD_BYTES_MAX &&
                       slice_find_byte(password, 0) == SLICE_NOT_FOUND;
    return is_password ? run_request(t, engine, &request, set_password) : STORE_REFUSED;
}

enum store_result engine_route_enable(struct task *t, struct engine *engine, struct slice name,
                                      bool is_enabled) {
    struct route_request request = {.name = name, .is_enabled = is_enabled};
    return run_request(t, engine, &request, enable);
}

enum store_result engine_route_remove(struct task *t, struct engine *engine, struct slice name) {
    struct route_request request = {.name = name};
    return run_request(t, engine, &request, remove_route);
}

/* ---- reading ---- */

static void read_hosts(struct db *db, struct arena *arena, struct route *route) {
    route->hosts = ARENA_NEW_ARRAY(arena, struct route_host, ROUTE_HOSTS_MAX);
    struct db_rows rows = DB_ROWS(db, hosts_of, DB_NUMBER(route->id), DB_NUMBER(ROUTE_HOSTS_MAX));
    while (db_rows_next(&rows))
        route->hosts[route->host_count++] = (struct route_host){
            arena_copy(arena, db_rows_bytes(&rows, 0)), (uint16_t)db_rows_number(&rows, 1),
            (uint32_t)db_rows_number(&rows, 2), (uint32_t)db_rows_number(&rows, 3)};
    db_rows_end(&rows);
}

static struct route read_row(struct db *db, struct arena *arena, const struct db_rows *row) {
    struct route route = {.id = db_rows_id(row, 0),
                          .name = arena_copy(arena, db_rows_bytes(row, 1)),
                          .kind = (enum route_kind)db_rows_number(row, 2),
                          .domain = arena_copy(arena, db_rows_bytes(row, 3)),
                          .stream = (enum queue_stream)db_rows_number(row, 4),
                          .ordering = (uint32_t)db_rows_number(row, 5),
                          .tls = (enum route_tls)db_rows_number(row, 6),
                          .user = arena_copy(arena, db_rows_bytes(row, 7)),
                          .password = arena_copy(arena, db_rows_bytes(row, 8)),
                          .is_enabled = db_rows_number(row, 9) != 0};
    read_hosts(db, arena, &route);
    return route;
}

static enum store_result read_end(struct engine *engine) {
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result;
}

static enum store_result read_many(struct engine *engine, struct arena *arena, const char *sql, size_t max,
                                   struct route **routes, size_t *count) {
    *count = 0;
    db_begin_read(engine->db);
    size_t total = (size_t)DB_READ_NUMBER(engine->db, route_count, 0);
    *routes = ARENA_NEW_ARRAY(arena, struct route, total < max ? total : max);
    struct db_rows rows = db_rows_values(engine->db, sql, DB_VALUES(DB_NUMBER(total < max ? total : max)));
    while (db_rows_next(&rows)) (*routes)[(*count)++] = read_row(engine->db, arena, &rows);
    db_rows_end(&rows);
    return read_end(engine);
}

static enum store_result read_one(struct engine *engine, struct arena *arena, const char *sql,
                                  struct db_value key, struct route *route) {
    db_begin_read(engine->db);
    struct db_rows rows = db_rows_values(engine->db, sql, &key, 1);
    bool is_there = db_rows_next(&rows);
    if (is_there) *route = read_row(engine->db, arena, &rows);
    db_rows_end(&rows);
    enum store_result result = read_end(engine);
    return result == STORE_OK && !is_there ? STORE_NOT_FOUND : result;
}

enum store_result engine_route_list(struct engine *engine, struct arena *arena, struct route **routes,
                                    size_t *count) {
    enum store_result result = read_many(engine, arena, routes_all, ROUTES_MAX, routes, count);
    for (size_t i = 0; i < *count; i++) (*routes)[i].password = SLICE_EMPTY;
    return result;
}

enum store_result engine_route_mx_routes(struct engine *engine, struct arena *arena, struct route **routes,
                                         size_t *count) {
    return read_many(engine, arena, routes_by_mx, ROUTES_BY_MX_MAX, routes, count);
}

enum store_result engine_route_read(struct engine *engine, struct arena *arena, uint64_t id,
                                    struct route *route) {
    return read_one(engine, arena, route_by_id, DB_NUMBER(id), route);
}

enum store_result engine_route_find(struct engine *engine, struct arena *arena, struct slice name,
                                    struct route *route) {
    return read_one(engine, arena, route_by_name, DB_TEXT(name), route);
}

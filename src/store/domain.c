/* engine_domain_* and engine_alias_*: what an administrator changes of the directory. */
#include "base/limits.h"
#include "store/directory.h"
#include "store/dkim_domain.h"
#include "store/engine_state.h"
#include "store/event.h"
#include "store/listing.h"
#include "store/schema.h"

static const char domain_insert[] =
    "INSERT INTO domain (id, tenant, name, is_relay, is_verified) VALUES ($1, $2, $3, $4, $5)";
static const char domain_delete[] = "DELETE FROM domain WHERE id = $1";
static const char domain_in_use[] = "SELECT EXISTS (SELECT 1 FROM account WHERE domain = $1) OR EXISTS "
                                    "(SELECT 1 FROM alias WHERE domain = $1)";
static const char domain_count[] = "SELECT count(*) FROM domain";
static const char domain_all[] =
    "SELECT id, tenant, name, (SELECT count(*) FROM account WHERE account.domain = domain.id), is_relay,"
    " is_verified FROM"
    " domain"
    " ORDER BY name";
static const char account_any[] = "SELECT 1 FROM account WHERE address = $1";
static const char alias_insert[] =
    "INSERT INTO alias (address, target, tenant, domain) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
static const char alias_delete[] = "DELETE FROM alias WHERE address = $1 AND target = $2";
static const char alias_delete_all[] = "DELETE FROM alias WHERE address = $1";
static const char alias_one[] = "SELECT 1 FROM alias WHERE address = $1 AND target = $2";
static const char alias_count[] = "SELECT count(*) FROM alias";
static const char alias_all[] = "SELECT address, target FROM alias ORDER BY address, target";

enum { KEYS_ARENA_BYTES = 64 * 1024 };

struct directory_request {
    struct address address;
    struct address target;
    struct slice domain;
    enum domain_kind kind;
    struct dkim_fresh keys[DKIM_ALGORITHMS];
};

static enum store_result run_request(struct task *t, struct engine *engine, struct directory_request *request,
                                     enum store_result (*run)(struct commit *commit, void *argument)) {
    struct commit_operation operation = {.run = run, .argument = request};
    return commit_run(t, &engine->queue, &operation);
}

/* ---- domains ---- */

static enum store_result domain_add(struct commit *commit, void *argument) {
    commit->has_changed_directory = true;
    const struct directory_request *request = argument;
    struct domain domain;
    if (domain_find(commit->db, request->domain, &domain)) return STORE_EXISTS;
    uint64_t id = commit_id_new(commit);
    DB_RUN(commit->db, domain_insert, DB_NUMBER(id), DB_NUMBER(TENANT_DEFAULT), DB_TEXT(request->domain),
           DB_NUMBER(request->kind != DOMAIN_LOCAL), DB_NUMBER(request->kind == DOMAIN_VERIFIED));
    event_add(commit, TENANT_DEFAULT, EVENT_DOMAIN_ADDED, id, 0);
    return dkim_first_add(commit, id, request->keys, DKIM_ALGORITHMS);
}

static enum store_result domain_remove(struct commit *commit, void *argument) {
    commit->has_changed_directory = true;
    const struct directory_request *request = argument;
    struct domain domain;
    if (!domain_find(commit->db, request->domain, &domain)) return db_result(commit->db, STORE_NOT_FOUND);
    if (DB_READ_NUMBER(commit->db, domain_in_use, 1, DB_NUMBER(domain.id))) return STORE_REFUSED;
    dkim_remove(commit, domain.id);
    DB_RUN(commit->db, domain_delete, DB_NUMBER(domain.id));
    event_add(commit, domain.tenant, EVENT_DOMAIN_REMOVED, domain.id, 0);
    return STORE_OK;
}

/* Lower case, in `text`. False: cannot be a domain's name. */
static bool read_domain(struct slice name, uint8_t text[STORE_ADDRESS_BYTES_MAX], struct slice *domain) {
    if (name.len > STORE_ADDRESS_BYTES_MAX) return false;
    for (size_t i = 0; i < name.len; i++) text[i] = ascii_lower(name.ptr[i]);
    *domain = slice_of(text, name.len);
    return domain_is_proper(*domain);
}

enum store_result engine_domain_add(struct task *t, struct engine *engine, struct slice name,
                                    enum domain_kind kind) {
    uint8_t text[STORE_ADDRESS_BYTES_MAX];
    struct directory_request request = {.kind = kind};
    if (!read_domain(name, text, &request.domain)) return STORE_REFUSED;
    struct arena *arena = arena_new(KEYS_ARENA_BYTES);
    enum store_result result = dkim_first_make(t, engine, arena, request.domain, request.keys);
    if (result == STORE_OK) result = run_request(t, engine, &request, domain_add);
    arena_free(&arena);
    return result;
}

enum store_result engine_domain_remove(struct task *t, struct engine *engine, struct slice name) {
    uint8_t text[STORE_ADDRESS_BYTES_MAX];
    struct directory_request request = {0};
    if (!read_domain(name, text, &request.domain)) return STORE_NOT_FOUND;
    return run_request(t, engine, &request, domain_remove);
}

static bool read_domain_row(const struct db_rows *row, struct arena *arena, void *item) {
    struct domain *domain = item;
    domain->id = db_rows_id(row, 0);
    domain->tenant = db_rows_id(row, 1);
    domain->account_count = db_rows_id(row, 3);
    domain->is_relay = db_rows_number(row, 4) != 0;
    domain->is_verified = db_rows_number(row, 5) != 0;
    return arena_try_copy(arena, db_rows_bytes(row, 2), &domain->name);
}

enum store_result engine_domain_list(struct engine *engine, struct arena *arena, struct domain **domains,
                                     size_t *count) {
    static const struct listing listing = {domain_count, domain_all, sizeof **domains, read_domain_row};
    enum store_result result;
    *domains = listing_read(engine, arena, &listing, count, &result);
    return result;
}

/* ---- aliases ---- */

static enum store_result alias_add(struct commit *commit, void *argument) {
    commit->has_changed_directory = true;
    const struct directory_request *request = argument;
    struct slice address = request->address.whole;
    struct domain domain;
    if (!domain_find(commit->db, request->address.domain, &domain))
        return db_result(commit->db, STORE_NOT_FOUND);
    if (DB_READ_NUMBER(commit->db, account_any, 0, DB_TEXT(address))) return STORE_EXISTS;
    if (DB_READ_NUMBER(commit->db, alias_one, 0, DB_TEXT(address), DB_TEXT(request->target.whole)))
        return STORE_EXISTS;
    DB_RUN(commit->db, alias_insert, DB_TEXT(address), DB_TEXT(request->target.whole),
           DB_NUMBER(domain.tenant), DB_NUMBER(domain.id));
    return STORE_OK;
}

static enum store_result alias_remove(struct commit *commit, void *argument) {
    commit->has_changed_directory = true;
    const struct directory_request *request = argument;
    if (request->target.whole.len)
        DB_RUN(commit->db, alias_delete, DB_TEXT(request->address.whole), DB_TEXT(request->target.whole));
    else
        DB_RUN(commit->db, alias_delete_all, DB_TEXT(request->address.whole));
    return db_changed(commit->db) ? STORE_OK : STORE_NOT_FOUND;
}

/* "user@domain" or "@domain". */
static bool is_alias_address(const struct address *address) {
    return address->local.len ? address_is_proper(address) : domain_is_proper(address->domain);
}

enum store_result engine_alias_add(struct task *t, struct engine *engine, const struct alias *alias) {
    struct arena *arena = arena_new(KIB(4));
    struct directory_request request;
    enum store_result result = STORE_REFUSED;
    if (address_read(arena, alias->address, &request.address) && is_alias_address(&request.address) &&
        address_read(arena, alias->target, &request.target) && address_is_proper(&request.target))
        result = run_request(t, engine, &request, alias_add);
    arena_free(&arena);
    return result;
}

enum store_result engine_alias_remove(struct task *t, struct engine *engine, const struct alias *alias) {
    struct arena *arena = arena_new(KIB(4));
    struct directory_request request = {0};
    enum store_result result = STORE_NOT_FOUND;
    if (address_read(arena, alias->address, &request.address) &&
        (alias->target.len == 0 || address_read(arena, alias->target, &request.target)))
        result = run_request(t, engine, &request, alias_remove);
    arena_free(&arena);
    return result;
}

static bool read_alias_row(const struct db_rows *row, struct arena *arena, void *item) {
    struct alias *alias = item;
    return arena_try_copy(arena, db_rows_bytes(row, 0), &alias->address) &&
           arena_try_copy(arena, db_rows_bytes(row, 1), &alias->target);
}

enum store_result engine_alias_list(struct engine *engine, struct arena *arena, struct alias **aliases,
                                    size_t *count) {
    static const struct listing listing = {alias_count, alias_all, sizeof **aliases, read_alias_row};
    enum store_result result;
    *aliases = listing_read(engine, arena, &listing, count, &result);
    return result;
}

#include "store/directory.h"

#include "base/buffer.h"
#include "base/limits.h"

static const char domain_by_name[] = "SELECT id, tenant FROM domain WHERE name = $1";
static const char domain_first[] = "SELECT name FROM domain ORDER BY id LIMIT 1";
static const char alias_any[] = "SELECT 1 FROM alias WHERE address = $1 LIMIT 1";
static const char alias_targets[] = "SELECT target FROM alias WHERE address = $1 ORDER BY target";
static const char account_by_address[] =
    "SELECT id, quota_bytes > 0 AND used_bytes >= quota_bytes, address, quota_bytes > 0 FROM account"
    " WHERE address = $1";
static const char account_first[] =
    "SELECT id, quota_bytes > 0 AND used_bytes >= quota_bytes, address, quota_bytes > 0 FROM account"
    " WHERE domain = $1 ORDER BY id LIMIT 1";

bool domain_find(struct db *db, struct slice name, uint64_t *id, uint64_t *tenant) {
    struct db_rows rows = DB_ROWS(db, domain_by_name, DB_TEXT(name));
    if (!db_rows_next(&rows)) return false;
    *id = db_rows_id(&rows, 0);
    *tenant = db_rows_id(&rows, 1);
    db_rows_end(&rows);
    return true;
}

bool alias_exists(struct db *db, struct slice address) {
    return DB_READ_NUMBER(db, alias_any, 0, DB_TEXT(address)) != 0;
}

/*
 * Resolving walks a list of addresses, each looked at once: an address that is an account, or a
 * way elsewhere, becomes a target; an alias adds its targets to the list. The list is bounded,
 * so circles and floods end.
 */
struct walk {
    struct db *db;
    struct arena *arena;
    struct address *addresses;
    size_t count;
    size_t capacity;
    struct address_target *targets;
    size_t target_count;
    size_t target_capacity;
    /* Part of an alias is not what was asked: then the whole fails. */
    bool has_no_room;
    /* The answer hangs on what an account holds. */
    bool has_quota;
};

static void walk_add(struct walk *walk, struct slice text) {
    struct address address;
    if (walk->count == STORE_ALIAS_STEPS_MAX || !address_read(walk->arena, text, &address)) return;
    for (size_t i = 0; i < walk->count; i++)
        if (slice_equal(walk->addresses[i].whole, address.whole)) return;
    struct address *grown =
        arena_try_grow(walk->arena, walk->addresses, walk->count, &walk->capacity, sizeof *grown);
    walk->has_no_room |= !grown;
    if (!grown) return;
    walk->addresses = grown;
    walk->addresses[walk->count++] = address;
}

static void target_add(struct walk *walk, uint64_t account, struct slice address, bool is_over_quota) {
    for (size_t i = 0; account && i < walk->target_count; i++)
        if (walk->targets[i].account == account) return;
    struct slice copy;
    if (walk->target_count == ADDRESS_TARGETS_MAX) return;
    struct address_target *grown =
        arena_try_grow(walk->arena, walk->targets, walk->target_count, &walk->target_capacity, sizeof *grown);
    if (grown) walk->targets = grown;
    bool has_room = grown && arena_try_copy(walk->arena, address, &copy);
    walk->has_no_room |= !has_room;
    if (!has_room) return;
    walk->targets[walk->target_count++] = (struct address_target){account, copy, is_over_quota};
}

static void account_add(struct walk *walk, const struct db_rows *row) {
    walk->has_quota |= db_rows_number(row, 3) != 0;
    target_add(walk, db_rows_id(row, 0), db_rows_bytes(row, 2), db_rows_number(row, 1) != 0);
}

static bool try_account(struct walk *walk, struct slice address) {
    struct db_rows rows = DB_ROWS(walk->db, account_by_address, DB_TEXT(address));
    if (!db_rows_next(&rows)) return false;
    account_add(walk, &rows);
    db_rows_end(&rows);
    return true;
}

static bool try_alias(struct walk *walk, struct slice address) {
    bool has_any = false;
    struct db_rows rows = DB_ROWS(walk->db, alias_targets, DB_TEXT(address));
    while (db_rows_next(&rows)) {
        walk_add(walk, db_rows_bytes(&rows, 0));
        has_any = true;
    }
    return has_any;
}

static bool try_name(struct walk *walk, struct slice local, struct slice domain) {
    uint8_t text[STORE_ADDRESS_BYTES_MAX + 1];
    struct buffer name = {.ptr = text, .capacity = sizeof text, .max_bytes = sizeof text};
    buffer_append(&name, local);
    buffer_append_byte(&name, '@');
    buffer_append(&name, domain);
    return try_account(walk, buffer_slice(&name)) || try_alias(walk, buffer_slice(&name));
}

/* RFC 5321 4.5.1: mail for a domain's postmaster goes somewhere in any case. */
static bool try_postmaster(struct walk *walk, struct slice local, uint64_t domain) {
    if (!slice_equal(local, SLICE("postmaster"))) return false;
    struct db_rows rows = DB_ROWS(walk->db, account_first, DB_NUMBER(domain));
    if (!db_rows_next(&rows)) return false;
    account_add(walk, &rows);
    db_rows_end(&rows);
    return true;
}

/* False: the domain is not ours. */
static bool walk_step(struct walk *walk, const struct address *address, uint64_t *tenant) {
    uint64_t domain = 0;
    if (!domain_find(walk->db, address->domain, &domain, tenant)) return false;
    struct slice base = address_base(address->local);
    (void)(try_name(walk, address->local, address->domain) ||
           (base.len < address->local.len && try_name(walk, base, address->domain)) ||
           try_postmaster(walk, base, domain) || try_name(walk, SLICE_EMPTY, address->domain));
    return true;
}

/* RFC 5321 4.1.1.3: "postmaster" may come without a domain. */
static void walk_start(struct walk *walk, struct slice text) {
    if (!slice_equal_nocase(text, SLICE("postmaster"))) {
        walk_add(walk, text);
        return;
    }
    struct db_rows rows = DB_ROWS(walk->db, domain_first);
    if (!db_rows_next(&rows)) return;
    struct slice whole = arena_printf(walk->arena, "postmaster@%.*s", SLICE_PRINT(db_rows_bytes(&rows, 0)));
    db_rows_end(&rows);
    walk_add(walk, whole);
}

static bool walk_run(struct walk *walk, struct address_route *route) {
    for (size_t i = 0; i < walk->count; i++) {
        struct address address = walk->addresses[i];
        uint64_t tenant = 0;
        bool is_ours = walk_step(walk, &address, &tenant);
        if (i == 0) route->tenant = tenant;
        if (i == 0 && !is_ours) return false;
        if (!is_ours) target_add(walk, 0, address.whole, false);
    }
    return walk->count > 0;
}

enum store_result directory_resolve(struct db *db, struct arena *arena, struct slice address,
                                    struct address_route *route, bool *has_quota) {
    *route = (struct address_route){.kind = ADDRESS_ELSEWHERE};
    struct walk walk = {.db = db, .arena = arena};
    walk_start(&walk, address);
    bool is_ours = walk_run(&walk, route);
    *has_quota = walk.has_quota;
    if (walk.has_no_room) return STORE_FAILED;
    if (!is_ours) return db_failure(db);
    route->kind = walk.target_count ? ADDRESS_LOCAL : ADDRESS_UNKNOWN_USER;
    route->targets = walk.targets;
    route->target_count = walk.target_count;
    return db_failure(db);
}

#include "store/directory.h"

#include "base/buffer.h"
#include "base/limits.h"
#include "store/schema.h"

static const char domain_by_name[] = "SELECT id, tenant, is_relay, is_verified FROM domain WHERE name = $1";
static const char domain_first[] = "SELECT name FROM domain WHERE is_relay = 0 ORDER BY id LIMIT 1";
static const char alias_any[] = "SELECT 1 FROM alias WHERE address = $1 LIMIT 1";
static const char alias_targets[] = "SELECT target FROM alias WHERE address = $1 ORDER BY target";
static const char account_by_address[] =
    "SELECT id, quota_bytes > 0 AND used_bytes >= quota_bytes, address, quota_bytes > 0 FROM account"
    " WHERE address = $1";
static const char account_first[] =
    "SELECT id, quota_bytes > 0 AND used_bytes >= quota_bytes, address, quota_bytes > 0 FROM account"
    " WHERE domain = $1 ORDER BY id LIMIT 1";

bool domain_find(struct db *db, struct slice name, struct domain *domain) {
    struct db_rows rows = DB_ROWS(db, domain_by_name, DB_TEXT(name));
    *domain = (struct domain){.name = name};
    if (!db_rows_next(&rows)) return false;
    domain->id = db_rows_id(&rows, 0);
    domain->tenant = db_rows_id(&rows, 1);
    domain->is_relay = db_rows_number(&rows, 2) != 0;
    domain->is_verified = db_rows_number(&rows, 3) != 0;
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
struct walk_step {
    struct address address;
    /* The same in the letters that it came in: another host may tell them apart (RFC 5321 2.4). */
    struct slice written;
};

struct walk {
    struct db *db;
    struct arena *arena;
    const struct srs *srs;
    struct walk_step *steps;
    size_t count;
    size_t capacity;
    struct address_target *targets;
    size_t target_count;
    size_t target_capacity;
    /* Part of an alias is not what was asked: then the whole fails. */
    bool has_no_room;
    /* The answer hangs on what an account holds. */
    bool has_quota;
    /* What was asked is a name of a relay domain that we do not know, or a rewritten sender. */
    bool is_relayed;
    bool is_verified;
    bool is_returned;
};

static void walk_add(struct walk *walk, struct slice text) {
    struct walk_step step;
    if (walk->count == STORE_ALIAS_STEPS_MAX || !address_read(walk->arena, text, &step.address)) return;
    for (size_t i = 0; i < walk->count; i++)
        if (slice_equal(walk->steps[i].address.whole, step.address.whole)) return;
    struct walk_step *grown =
        arena_try_grow(walk->arena, walk->steps, walk->count, &walk->capacity, sizeof *grown);
    bool has_room = grown && arena_try_copy(walk->arena, text, &step.written);
    walk->has_no_room |= !has_room;
    if (grown) walk->steps = grown;
    if (has_room) walk->steps[walk->count++] = step;
}

static void target_add(struct walk *walk, struct address_target target) {
    for (size_t i = 0; target.account && i < walk->target_count; i++)
        if (walk->targets[i].account == target.account) return;
    struct slice copy;
    if (walk->target_count == ADDRESS_TARGETS_MAX) return;
    struct address_target *grown =
        arena_try_grow(walk->arena, walk->targets, walk->target_count, &walk->target_capacity, sizeof *grown);
    if (grown) walk->targets = grown;
    bool has_room = grown && arena_try_copy(walk->arena, target.address, &copy);
    walk->has_no_room |= !has_room;
    if (!has_room) return;
    target.address = copy;
    walk->targets[walk->target_count++] = target;
}

static void account_add(struct walk *walk, const struct db_rows *row) {
    walk->has_quota |= db_rows_number(row, 3) != 0;
    target_add(walk, (struct address_target){.account = db_rows_id(row, 0),
                                             .address = db_rows_bytes(row, 2),
                                             .is_over_quota = db_rows_number(row, 1) != 0});
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

/* A rewritten sender is for answers that come to it, and no alias leads to one. False: it is none. */
static bool try_rewritten(struct walk *walk, const struct walk_step *step) {
    if (step != walk->steps) return false;
    struct slice local = slice_sub(step->written, 0, step->address.local.len);
    struct buffer original = buffer_new(STORE_ADDRESS_BYTES_MAX);
    enum srs_result result = srs_decode(walk->srs, local, &original);
    if (result == SRS_OK) {
        walk->is_returned = true;
        walk_add(walk, buffer_slice(&original));
    }
    buffer_free(&original);
    return result != SRS_NONE;
}

static void walk_elsewhere(struct walk *walk, size_t at) {
    target_add(walk, (struct address_target){.address = walk->steps[at].written, .is_forwarded = at > 0});
}

/* False: the domain is not ours. */
static bool walk_step(struct walk *walk, size_t at, uint64_t *tenant) {
    struct walk_step step = walk->steps[at];
    const struct address *address = &step.address;
    struct domain domain;
    if (!domain_find(walk->db, address->domain, &domain)) return false;
    *tenant = domain.tenant;
    struct slice base = address_base(address->local);
    if (try_name(walk, address->local, address->domain) || try_rewritten(walk, &walk->steps[at])) return true;
    if ((base.len < address->local.len && try_name(walk, base, address->domain)) ||
        try_postmaster(walk, base, domain.id) || try_name(walk, SLICE_EMPTY, address->domain))
        return true;
    walk->is_relayed |= domain.is_relay && at == 0;
    walk->is_verified |= domain.is_verified && at == 0;
    if (domain.is_relay) walk_elsewhere(walk, at);
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
    /* There is one tenant; mail that is not for us belongs to whoever lets it through. */
    route->tenant = TENANT_DEFAULT;
    for (size_t i = 0; i < walk->count; i++) {
        uint64_t tenant = 0;
        bool is_ours = walk_step(walk, i, &tenant);
        if (i == 0 && !is_ours) return false;
        if (i == 0) route->tenant = tenant;
        if (!is_ours) walk_elsewhere(walk, i);
    }
    return walk->count > 0;
}

static enum address_kind kind_of(const struct walk *walk) {
    if (walk->target_count == 0) return ADDRESS_UNKNOWN_USER;
    if (walk->is_returned) return ADDRESS_RETURNED;
    return walk->is_relayed ? ADDRESS_RELAYED : ADDRESS_LOCAL;
}

enum store_result directory_resolve(struct db *db, struct arena *arena, const struct srs *srs,
                                    struct slice address, struct address_route *route, bool *has_quota) {
    *route = (struct address_route){.kind = ADDRESS_ELSEWHERE};
    struct walk walk = {.db = db, .arena = arena, .srs = srs};
    walk_start(&walk, address);
    bool is_ours = walk_run(&walk, route);
    *has_quota = walk.has_quota;
    if (walk.has_no_room) return STORE_FAILED;
    if (!is_ours) return db_failure(db);
    route->kind = kind_of(&walk);
    route->targets = walk.targets;
    route->target_count = walk.target_count;
    route->is_verified = route->kind == ADDRESS_RELAYED && walk.is_verified;
    return db_failure(db);
}

static bool is_local_domain(struct db *db, struct slice name) {
    struct domain domain;
    return domain_find(db, name, &domain) && !domain.is_relay;
}

enum store_result directory_rewrite(struct db *db, struct arena *arena, const struct srs *srs,
                                    struct slice mail_from, struct slice *out) {
    struct address address;
    *out = mail_from;
    if (!address_read(arena, mail_from, &address) || !address_is_plain(&address) ||
        is_local_domain(db, address.domain))
        return db_failure(db);
    struct buffer rewritten = buffer_new(STORE_ADDRESS_BYTES_MAX);
    struct slice local = slice_sub(mail_from, 0, address.local.len);
    struct db_rows rows = DB_ROWS(db, domain_first);
    bool is_rewritten = db_rows_next(&rows) &&
                        srs_encode(srs, local, address.domain, db_rows_bytes(&rows, 0), &rewritten) == SRS_OK;
    db_rows_end(&rows);
    if (is_rewritten && !arena_try_copy(arena, buffer_slice(&rewritten), out)) db_fail(db, STORE_FAILED);
    buffer_free(&rewritten);
    return db_failure(db);
}

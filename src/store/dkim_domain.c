/* engine_dkim_*: the keys of domains, as an administrator sees and changes them. */
#include "store/dkim_domain.h"

#include "base/limits.h"
#include "store/directory.h"
#include "store/dkim_make.h"
#include "store/engine_state.h"

enum { RECORD_BYTES_MAX = 2048, CALL_ARENA_BYTES = 256 * 1024 };

static enum store_result read_end(struct engine *engine, enum store_result otherwise) {
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result == STORE_OK ? otherwise : result;
}

/* ---- first keys ---- */

enum store_result dkim_first_make(struct task *t, struct engine *engine, struct arena *arena,
                                  struct slice domain, struct dkim_fresh fresh[DKIM_ALGORITHMS]) {
    static const unsigned places[DKIM_ALGORITHMS] = {1, 1};
    return dkim_room_make(t, &engine->dkim, arena, domain, places, fresh);
}

struct adding {
    uint64_t domain;
    struct dkim_fresh fresh[DKIM_ALGORITHMS];
    bool is_forced;
};

static enum store_result add_first(struct commit *commit, void *argument) {
    const struct adding *adding = argument;
    return dkim_first_add(commit, adding->domain, adding->fresh, DKIM_ALGORITHMS);
}

static enum store_result read_now(struct engine *engine, struct arena *arena, struct slice name,
                                  struct dkim_domain *domain) {
    struct domain found;
    db_begin_read(engine->db);
    domain->changes = engine->queue.directory_changes;
    bool is_ours = domain_find(engine->db, name, &found);
    domain->id = found.id;
    domain->name = arena_copy(arena, name);
    if (is_ours)
        domain->count = dkim_rows_read(engine->db, arena, found.id, env_wall_ms(engine->env), domain->rows);
    return read_end(engine, is_ours ? STORE_OK : STORE_NOT_FOUND);
}

/* Domains of before there were keys. One task makes them, for others come for the same. */
static enum store_result make_first(struct task *t, struct engine *engine, struct arena *arena,
                                    const struct dkim_domain *domain) {
    struct adding adding = {.domain = domain->id};
    engine->dkim.is_making = true;
    enum store_result result = dkim_first_make(t, engine, arena, domain->name, adding.fresh);
    struct commit_operation operation = {.run = add_first, .argument = &adding};
    if (result == STORE_OK) result = commit_run(t, &engine->queue, &operation);
    engine->dkim.is_making = false;
    gate_open(&engine->dkim.made);
    return result;
}

enum store_result dkim_domain_read(struct task *t, struct engine *engine, struct arena *arena,
                                   struct slice name, struct dkim_domain *domain) {
    for (bool has_made = false;;) {
        *domain = (struct dkim_domain){0};
        enum store_result result = read_now(engine, arena, name, domain);
        if (result != STORE_OK || domain->count) return result;
        /* Rows that are there and say nothing to us. */
        if (has_made) return STORE_FAILED;
        has_made = !engine->dkim.is_making;
        if (has_made)
            result = make_first(t, engine, arena, domain);
        else if (gate_wait(t, &engine->dkim.made, DEADLINE_NONE) != WAIT_OK)
            result = STORE_GONE;
        if (result != STORE_OK) return result;
    }
}

/* ---- what there is ---- */

static struct slice record_of(struct arena *arena, const struct dkim_row *row) {
    struct buffer text = buffer_new(RECORD_BYTES_MAX);
    dkim_record_write(row->key.algorithm, row->public, &text);
    struct slice record = arena_copy(arena, buffer_slice(&text));
    buffer_free(&text);
    return record;
}

/* Lower case, as domains are stored. */
static struct slice canonical(struct arena *arena, struct slice name) {
    uint8_t *lower = arena_alloc(arena, name.len);
    for (size_t i = 0; i < name.len; i++) lower[i] = ascii_lower(name.ptr[i]);
    return slice_of(lower, name.len);
}

static bool is_name(struct slice name) { return name.len > 0 && name.len <= STORE_ADDRESS_BYTES_MAX; }

enum store_result engine_dkim_list(struct task *t, struct engine *engine, struct arena *arena,
                                   struct slice name, struct dkim_key **keys, size_t *count) {
    struct dkim_domain domain;
    *count = 0;
    if (!is_name(name)) return STORE_NOT_FOUND;
    enum store_result result = dkim_domain_read(t, engine, arena, canonical(arena, name), &domain);
    if (result != STORE_OK) return result;
    *keys = ARENA_NEW_ARRAY(arena, struct dkim_key, domain.count);
    for (size_t i = 0; i < domain.count; i++) {
        (*keys)[i] = domain.rows[i].key;
        (*keys)[i].record = record_of(arena, &domain.rows[i]);
    }
    *count = domain.count;
    return STORE_OK;
}

/* 0 where no domain is meant; false: that is not ours. */
static bool domain_id_of(struct engine *engine, struct arena *arena, struct slice name, uint64_t *id) {
    struct domain found;
    *id = 0;
    if (name.len == 0) return true;
    bool is_ours = is_name(name) && domain_find(engine->db, canonical(arena, name), &found);
    if (is_ours) *id = found.id;
    return is_ours;
}

enum store_result engine_dkim_waiting(struct engine *engine, struct arena *arena, struct slice name,
                                      uint64_t after, size_t max, struct dkim_waiting **waiting,
                                      size_t *count) {
    uint64_t id;
    struct dkim_row *rows = ARENA_NEW_ARRAY(arena, struct dkim_row, max);
    *count = 0;
    db_begin_read(engine->db);
    bool is_ours = domain_id_of(engine, arena, name, &id);
    if (is_ours) *count = dkim_rows_waiting(engine->db, arena, id, after, rows, max);
    enum store_result result = read_end(engine, is_ours ? STORE_OK : STORE_NOT_FOUND);
    if (result != STORE_OK) *count = 0;
    *waiting = ARENA_NEW_ARRAY(arena, struct dkim_waiting, *count);
    for (size_t i = 0; i < *count; i++)
        (*waiting)[i] = (struct dkim_waiting){
            rows[i].key.id, dkim_record_name(arena, rows[i].key.algorithm, rows[i].place, rows[i].domain),
            record_of(arena, &rows[i])};
    return result;
}

/* ---- rotation ---- */

static enum store_result add_next(struct commit *commit, void *argument) {
    const struct adding *adding = argument;
    return dkim_next_add(commit, adding->domain, adding->fresh, DKIM_ALGORITHMS, adding->is_forced);
}

static enum store_result rotate(struct task *t, struct engine *engine, struct arena *arena, struct slice name,
                                bool is_forced) {
    struct dkim_domain domain;
    struct adding adding = {.is_forced = is_forced};
    unsigned places[DKIM_ALGORITHMS];
    enum store_result result = dkim_domain_read(t, engine, arena, canonical(arena, name), &domain);
    for (unsigned i = 0; i < DKIM_ALGORITHMS && result == STORE_OK; i++)
        result = dkim_place_next(domain.rows, domain.count, (enum dkim_algorithm)i, is_forced, &places[i]);
    if (result == STORE_OK)
        result = dkim_room_make(t, &engine->dkim, arena, domain.name, places, adding.fresh);
    if (result != STORE_OK) return result;
    adding.domain = domain.id;
    struct commit_operation operation = {.run = add_next, .argument = &adding};
    return commit_run(t, &engine->queue, &operation);
}

enum store_result engine_dkim_rotate(struct task *t, struct engine *engine, struct slice domain,
                                     bool is_forced) {
    if (!is_name(domain)) return STORE_NOT_FOUND;
    struct arena *arena = arena_new(CALL_ARENA_BYTES);
    enum store_result result = rotate(t, engine, arena, domain, is_forced);
    arena_free(&arena);
    return result;
}

static enum store_result publish(struct commit *commit, void *argument) {
    return dkim_publish(commit, *(const uint64_t *)argument);
}

enum store_result engine_dkim_publish(struct task *t, struct engine *engine, uint64_t key) {
    struct commit_operation operation = {.run = publish, .argument = &key};
    return commit_run(t, &engine->queue, &operation);
}

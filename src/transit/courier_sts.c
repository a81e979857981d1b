#include "transit/courier_sts.h"

#include <stdlib.h>

#include "base/map.h"
#include "resolve/resolver.h"

enum {
    WORK_BYTES = 1 << 20,
    STORE_MS = 15 * 1000,
    LOOKUPS_MS = 20 * 1000,
    REASON_BYTES_MAX = 300,
    ROUND_MAX = 200,
    ROUND_PAUSE_MS = 200,
};

/* What is known of a domain. While somebody is at it (is_busy) it stays where it is. */
struct known {
    struct list link;
    struct slice domain;
    struct buffer text;
    struct buffer id;
    /* UTC. */
    int64_t fetched_ms;
    int64_t expires_ms;
    /* Monotonic: DNS was asked; not to be fetched before; why it could not be. */
    int64_t looked_ms;
    int64_t again_ms;
    bool has_failed;
    enum tls_result_type failure;
    struct buffer reason;
    bool is_loaded;
    /* The store has what is known here. */
    bool is_kept;
    bool is_busy;
};

struct sts_cache {
    struct courier *courier;
    struct resolver *resolver;
    struct map *by_domain;
    /* The longest unused first. */
    struct list by_use;
    size_t text_bytes;
    struct gate idle;
    struct scope background;
};

/* One visit. */
struct visit {
    struct task *t;
    struct sts_cache *cache;
    struct known *known;
    struct trust_lookups lookups;
};

/* ---- the map ---- */

static void set_text(struct sts_cache *cache, struct known *known, struct slice text) {
    cache->text_bytes -= known->text.len;
    buffer_free(&known->text);
    buffer_append(&known->text, text);
    cache->text_bytes += known->text.len;
}

static struct known *known_new(struct sts_cache *cache, struct slice domain) {
    struct known *known = calloc(1, sizeof *known + domain.len);
    if (!known) FATAL("out of memory for a policy");
    memcpy(known + 1, domain.ptr, domain.len);
    *known = (struct known){.domain = slice_of(known + 1, domain.len),
                            .text = buffer_new(MTA_STS_POLICY_BYTES_MAX),
                            .id = buffer_new(MTA_STS_ID_BYTES_MAX),
                            .looked_ms = INT64_MIN,
                            .reason = buffer_new(REASON_BYTES_MAX)};
    list_append(&cache->by_use, &known->link);
    (void)map_put(cache->by_domain, known->domain, known);
    return known;
}

static void known_free(struct sts_cache *cache, struct known *known) {
    (void)map_remove(cache->by_domain, known->domain);
    list_remove(&known->link);
    cache->text_bytes -= known->text.len;
    buffer_free(&known->text);
    buffer_free(&known->id);
    buffer_free(&known->reason);
    free(known);
}

/* What goes is in the store still. */
static void make_room(struct sts_cache *cache) {
    LIST_EACH(&cache->by_use, known, struct known, link) {
        if (map_count(cache->by_domain) <= MTA_STS_KNOWN_MAX && cache->text_bytes <= MTA_STS_KNOWN_BYTES_MAX)
            return;
        if (!known->is_busy) known_free(cache, known);
    }
}

/* NULL: cancelled meanwhile. */
static struct known *claim(struct task *t, struct sts_cache *cache, struct slice domain) {
    for (;;) {
        struct known *known = map_get(cache->by_domain, domain);
        if (!known) known = known_new(cache, domain);
        if (!known->is_busy) {
            known->is_busy = true;
            list_remove(&known->link);
            list_append(&cache->by_use, &known->link);
            return known;
        }
        if (gate_wait(t, &cache->idle, DEADLINE_NONE) != WAIT_OK) return NULL;
    }
}

static void release(struct sts_cache *cache, struct known *known) {
    known->is_busy = false;
    make_room(cache);
    gate_open(&cache->idle);
}

/* ---- the store ---- */

static bool ask_store(struct task *t, struct sts_cache *cache, uint32_t type, struct slice question,
                      struct ipc_answer *answer, struct sts_policy *policy) {
    int64_t until_ms = env_now_ms(cache->courier->env) + STORE_MS;
    if (!courier_ask(t, cache->courier, type, question, false, until_ms, answer)) return false;
    struct unpacker in = unpacker_of(buffer_slice(&answer->body));
    if (policy) transit_policy_unpack(&in, policy);
    return !policy || unpack_is_done(&in);
}

static void load(struct visit *visit) {
    struct known *known = visit->known;
    struct buffer question = buffer_new(IPC_FRAME_BYTES_MAX);
    struct ipc_answer answer = {0};
    struct sts_policy policy;
    pack_slice(&question, known->domain);
    known->is_loaded =
        ask_store(visit->t, visit->cache, TRANSIT_POLICY, buffer_slice(&question), &answer, &policy);
    known->is_kept = known->is_loaded;
    if (known->is_loaded && policy.text.len) {
        set_text(visit->cache, known, policy.text);
        buffer_clear(&known->id);
        buffer_append(&known->id, policy.id);
        known->fetched_ms = policy.fetched_ms;
        known->expires_ms = policy.expires_ms;
    }
    ipc_answer_free(&answer);
    buffer_free(&question);
}

/* With an empty text only that it was tried is kept. False: the store does not have it. */
static bool keep(struct visit *visit, struct slice text) {
    struct known *known = visit->known;
    struct buffer question = buffer_new(IPC_FRAME_BYTES_MAX);
    struct ipc_answer answer = {0};
    struct sts_policy policy = {.domain = known->domain,
                                .id = buffer_slice(&known->id),
                                .text = text,
                                .fetched_ms = known->fetched_ms,
                                .expires_ms = known->expires_ms,
                                .tried_ms = env_wall_ms(visit->cache->courier->env)};
    transit_policy_pack(&question, &policy);
    bool is_kept =
        ask_store(visit->t, visit->cache, TRANSIT_POLICY_KEEP, buffer_slice(&question), &answer, NULL);
    struct unpacker in = unpacker_of(buffer_slice(&answer.body));
    is_kept = is_kept && unpack_bool(&in);
    if (text.len) known->is_kept = is_kept;
    ipc_answer_free(&answer);
    buffer_free(&question);
    return is_kept;
}

/* ---- finding it ---- */

static bool is_valid(const struct sts_cache *cache, const struct known *known) {
    return known->text.len && env_wall_ms(cache->courier->env) < known->expires_ms;
}

/* From the future: by a clock that was wrong. */
static bool is_old(const struct sts_cache *cache, const struct known *known) {
    int64_t age_ms = env_wall_ms(cache->courier->env) - known->fetched_ms;
    return age_ms < 0 || age_ms >= MTA_STS_REFRESH_MS;
}

static void note_failure(struct visit *visit, const struct mta_sts_fetched *fetched) {
    struct known *known = visit->known;
    struct env *env = visit->cache->courier->env;
    known->has_failed = true;
    known->failure = fetched->failure;
    buffer_clear(&known->reason);
    buffer_append(&known->reason, slice_sub(fetched->reason, 0, REASON_BYTES_MAX));
    known->again_ms = env_now_ms(env) + MTA_STS_AGAIN_MS;
    LOG_WARN(env->log, "transit.policy_failed", LOG_TEXT("domain", known->domain),
             LOG_TEXT("reason", fetched->reason));
}

static void take(struct visit *visit, struct slice id, const struct mta_sts_fetched *fetched) {
    struct known *known = visit->known;
    known->has_failed = false;
    known->fetched_ms = env_wall_ms(visit->cache->courier->env);
    known->expires_ms = known->fetched_ms + (int64_t)fetched->policy.max_age_s * 1000;
    set_text(visit->cache, known, fetched->text);
    buffer_clear(&known->id);
    buffer_append(&known->id, id);
}

static void fetch(struct visit *visit, struct slice id) {
    struct courier *courier = visit->cache->courier;
    struct mta_sts_fetched *fetched = ARENA_NEW(visit->lookups.arena, struct mta_sts_fetched);
    struct web_world world = {.lookups = &visit->lookups,
                              .roots_pem = courier->roots_pem,
                              .port = courier->settings.https_port,
                              .allows_private = courier->settings.allows_private};
    mta_sts_fetch(visit->t, &world, visit->known->domain, fetched);
    if (task_is_cancelled(visit->t)) return;
    if (fetched->result == MTA_STS_FOUND)
        take(visit, id, fetched);
    else
        note_failure(visit, fetched);
    (void)keep(visit, visit->known->has_failed ? SLICE_EMPTY : fetched->text);
}

static void look(struct visit *visit) {
    struct sts_cache *cache = visit->cache;
    struct known *known = visit->known;
    int64_t now_ms = env_now_ms(cache->courier->env);
    struct slice id;
    if (known->looked_ms != INT64_MIN && now_ms - known->looked_ms < MTA_STS_LOOK_AGAIN_MS) return;
    enum mta_sts_result result = mta_sts_look_up(visit->t, &visit->lookups, known->domain, &id);
    if (task_is_cancelled(visit->t)) return;
    known->looked_ms = env_now_ms(cache->courier->env);
    if (result == MTA_STS_ABSENT && !is_valid(cache, known)) known->has_failed = false;
    if (result != MTA_STS_FOUND || known->looked_ms < known->again_ms) return;
    bool is_known = is_valid(cache, known) && slice_equal(id, buffer_slice(&known->id));
    if (!is_known || is_old(cache, known)) fetch(visit, id);
}

static void update(struct visit *visit) {
    struct sts_cache *cache = visit->cache;
    struct arena *arena = arena_new(WORK_BYTES);
    visit->lookups =
        trust_lookups_of(cache->resolver, arena, env_now_ms(cache->courier->env) + LOOKUPS_MS, false);
    if (!visit->known->is_loaded) load(visit);
    if (visit->known->is_loaded) look(visit);
    /* The store may have been away when it was fetched. */
    if (!visit->known->is_kept && is_valid(cache, visit->known))
        (void)keep(visit, buffer_slice(&visit->known->text));
    arena_free(&arena);
}

/* ---- what holds ---- */

static void conclude(const struct sts_cache *cache, const struct known *known, struct arena *arena,
                     struct sts_now *now) {
    if (!known->is_loaded) {
        now->state = STS_UNKNOWN;
        return;
    }
    if (is_valid(cache, known)) {
        struct mta_sts_policy *policy = ARENA_NEW(arena, struct mta_sts_policy);
        enum mta_sts_fault fault = mta_sts_policy_read(arena_copy(arena, buffer_slice(&known->text)), policy);
        if (fault != MTA_STS_GOOD || policy->mode == MTA_STS_MODE_NONE) return;
        now->state = STS_IN_FORCE;
        now->policy = policy;
        now->id = arena_copy(arena, buffer_slice(&known->id));
    } else if (known->has_failed) {
        now->state = STS_FAILED;
        now->failure = known->failure;
        now->reason = arena_copy(arena, buffer_slice(&known->reason));
    }
}

static struct slice lower_case(struct arena *arena, struct slice domain) {
    struct slice copy = arena_copy(arena, domain);
    for (size_t i = 0; i < copy.len; i++) ((uint8_t *)(uintptr_t)copy.ptr)[i] = ascii_lower(copy.ptr[i]);
    return copy;
}

void sts_cache_find(struct task *t, struct sts_cache *cache, struct slice domain, struct arena *arena,
                    struct sts_now *now) {
    *now = (struct sts_now){.state = STS_UNKNOWN};
    struct known *known = claim(t, cache, lower_case(arena, domain));
    if (!known) return;
    struct visit visit = {.t = t, .cache = cache, .known = known};
    now->state = STS_NONE;
    update(&visit);
    conclude(cache, known, arena, now);
    release(cache, known);
}

/* ---- in the background ---- */

/* Afterwards the store knows that it was tried: what could not be fetched, or needs not be any more, is not
   the next again. False: it does not. */
static bool refresh_known(struct visit *visit) {
    struct known *known = visit->known;
    known->looked_ms = INT64_MIN;
    update(visit);
    if (!known->is_loaded) return false;
    bool is_fresh = is_valid(visit->cache, known) && !is_old(visit->cache, known);
    return is_fresh ? known->is_kept : keep(visit, SLICE_EMPTY);
}

/* The one that was tried the longest ago. False: none is to be, or the store cannot keep anything now. */
static bool refresh_one(struct task *t, struct sts_cache *cache) {
    struct ipc_answer answer = {0};
    struct sts_policy due;
    bool is_due = ask_store(t, cache, TRANSIT_POLICY_DUE, SLICE_EMPTY, &answer, &due) && due.domain.len;
    struct known *known = is_due ? claim(t, cache, due.domain) : NULL;
    bool goes_on = false;
    if (known) {
        struct visit visit = {.t = t, .cache = cache, .known = known};
        /* The store says that it is old: what is newer here did not get there. */
        if (known->is_loaded && known->fetched_ms != due.fetched_ms) known->is_kept = false;
        goes_on = refresh_known(&visit);
        release(cache, known);
    }
    ipc_answer_free(&answer);
    return goes_on && !task_is_cancelled(t);
}

static void refresh(struct task *t, void *argument) {
    while (task_sleep(t, MTA_STS_LOOK_MS) == WAIT_OK)
        for (int i = 0; i < ROUND_MAX && refresh_one(t, argument); i++)
            if (task_sleep(t, ROUND_PAUSE_MS) != WAIT_OK) return;
}

/* ---- its life ---- */

struct sts_cache *sts_cache_new(struct courier *courier) {
    struct sts_cache *cache = calloc(1, sizeof *cache);
    if (!cache) FATAL("out of memory for policies");
    cache->courier = courier;
    cache->resolver = resolver_new_following(courier->env, courier->dns);
    cache->by_domain = map_new(env_random_u64(courier->env));
    list_init(&cache->by_use);
    gate_init(&cache->idle);
    scope_init(&cache->background, courier->env);
    (void)scope_spawn(&cache->background, refresh, cache);
    return cache;
}

void sts_cache_stop(struct task *t, struct sts_cache *cache) { scope_close(t, &cache->background); }

void sts_cache_free(struct task *t, struct sts_cache **cache) {
    struct sts_cache *freed = *cache;
    *cache = NULL;
    while (!list_empty(&freed->by_use)) known_free(freed, LIST_FIRST(&freed->by_use, struct known, link));
    map_free(&freed->by_domain);
    resolver_close(t, &freed->resolver);
    free(freed);
}

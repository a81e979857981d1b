#include "smtp/callouts.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/map.h"
#include "io/env.h"

struct known {
    struct list link;
    int64_t until_ms;
    enum callout_verdict verdict;
    /* An address, or "@domain". */
    size_t key_bytes;
    uint8_t key[SMTP_ADDRESS_BYTES_MAX];
};

struct callouts {
    struct env *env;
    struct resolver *resolver;
    struct map *known;
    /* The oldest first. */
    struct list by_age;
    size_t under_way;
};

struct callouts *callouts_new(struct env *env, struct resolver *resolver) {
    struct callouts *callouts = calloc(1, sizeof *callouts);
    if (!callouts) FATAL("out of memory for callouts");
    *callouts = (struct callouts){.env = env, .resolver = resolver, .known = map_new(env_random_u64(env))};
    list_init(&callouts->by_age);
    return callouts;
}

static struct slice key_of(const struct known *known) { return slice_of(known->key, known->key_bytes); }

static void forget(struct callouts *callouts, struct known *known) {
    list_remove(&known->link);
    (void)map_remove(callouts->known, key_of(known));
    free(known);
}

static struct known *oldest(struct callouts *callouts) {
    return LIST_FIRST(&callouts->by_age, struct known, link);
}

void callouts_free(struct callouts **callouts) {
    if (!*callouts) return;
    while (!list_empty(&(*callouts)->by_age)) forget(*callouts, oldest(*callouts));
    map_free(&(*callouts)->known);
    free(*callouts);
    *callouts = NULL;
}

/* ---- what is known ---- */

static bool find(struct callouts *callouts, struct slice key, struct callout_answer *answer) {
    struct known *known = map_get(callouts->known, key);
    if (known && env_now_ms(callouts->env) >= known->until_ms) {
        forget(callouts, known);
        known = NULL;
    }
    if (known) *answer = (struct callout_answer){.verdict = known->verdict};
    return known;
}

static void remember(struct callouts *callouts, struct slice key, enum callout_verdict verdict,
                     int64_t kept_ms) {
    struct known *known = map_get(callouts->known, key);
    if (known) forget(callouts, known);
    if (map_count(callouts->known) >= CALLOUTS_KEPT_MAX) forget(callouts, oldest(callouts));
    known = calloc(1, sizeof *known);
    if (!known) FATAL("out of memory for an answer");
    known->until_ms = env_now_ms(callouts->env) + kept_ms;
    known->verdict = verdict;
    known->key_bytes = key.len;
    memcpy(known->key, key.ptr, key.len);
    (void)map_put(callouts->known, key, known);
    list_append(&callouts->by_age, &known->link);
}

static void learn(struct callouts *callouts, struct slice address, struct slice domain,
                  enum callout_verdict verdict) {
    if (verdict == CALLOUT_TAKEN) remember(callouts, address, verdict, CALLOUT_TAKEN_KEPT_MS);
    if (verdict == CALLOUT_REFUSED) remember(callouts, address, verdict, CALLOUT_REFUSED_KEPT_MS);
    if (verdict == CALLOUT_UNREACHABLE) remember(callouts, domain, verdict, CALLOUT_UNREACHABLE_KEPT_MS);
}

/* ---- asking ---- */

/* The domain in lower case; the local part is its host's to fold (RFC 5321 2.4). */
static struct slice fold_domain(struct arena *arena, struct slice address, size_t at) {
    uint8_t *copy = arena_alloc(arena, address.len);
    for (size_t i = 0; i < address.len; i++) copy[i] = i > at ? ascii_lower(address.ptr[i]) : address.ptr[i];
    return slice_of(copy, address.len);
}

bool callouts_ask(struct task *t, struct callouts *callouts, struct slice address, struct arena *arena,
                  struct callout_answer *answer) {
    size_t at = slice_find_last_byte(address, '@');
    *answer = (struct callout_answer){.verdict = CALLOUT_UNCLEAR};
    if (at == SLICE_NOT_FOUND || address.len > SMTP_ADDRESS_BYTES_MAX) return true;
    struct slice folded = fold_domain(arena, address, at);
    struct slice domain = slice_skip(folded, at);
    if (find(callouts, folded, answer) || find(callouts, domain, answer)) return true;
    if (callouts->under_way >= RESOLVE_CALLOUTS_MAX) return false;
    callouts->under_way++;
    resolver_callout(t, callouts->resolver, folded, arena, answer);
    callouts->under_way--;
    if (!task_is_cancelled(t)) learn(callouts, folded, domain, answer->verdict);
    return true;
}

#include "login/known.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/map.h"

/* The longest unused first in the list. */
struct pair {
    struct list by_use;
    size_t len;
    uint8_t bytes[];
};

struct login_known {
    struct map *pairs;
    struct list by_use;
};

struct login_known *login_known_new(struct env *env) {
    struct login_known *known = calloc(1, sizeof *known);
    if (!known) FATAL("out of memory for who is known");
    known->pairs = map_new(env_random_u64(env));
    list_init(&known->by_use);
    return known;
}

static void forget(struct login_known *known, struct pair *pair) {
    (void)map_remove(known->pairs, slice_of(pair->bytes, pair->len));
    list_remove(&pair->by_use);
    free(pair);
}

void login_known_free(struct login_known **known) {
    if (!*known) return;
    LIST_EACH(&(*known)->by_use, pair, struct pair, by_use) forget(*known, pair);
    map_free(&(*known)->pairs);
    free(*known);
    *known = NULL;
}

static struct pair *add(struct login_known *known, struct slice key) {
    if (map_count(known->pairs) >= LOGIN_KNOWN_MAX)
        forget(known, LIST_FIRST(&known->by_use, struct pair, by_use));
    struct pair *pair = calloc(1, sizeof *pair + key.len);
    if (!pair) FATAL("out of memory for who is known");
    list_init(&pair->by_use);
    pair->len = key.len;
    memcpy(pair->bytes, key.ptr, key.len);
    (void)map_put(known->pairs, slice_of(pair->bytes, pair->len), pair);
    return pair;
}

void login_known_note(struct login_known *known, struct slice key) {
    struct pair *pair = map_get(known->pairs, key);
    if (!pair) pair = add(known, key);
    list_remove(&pair->by_use);
    list_append(&known->by_use, &pair->by_use);
}

bool login_known_has(const struct login_known *known, struct slice key) {
    return map_get(known->pairs, key) != NULL;
}

#include "smtp/greylist.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/list.h"
#include "base/map.h"
#include "wire/scram_secret.h"

enum { DIGEST_BYTES = 32, TEXT_BYTES_MAX = 2 * SMTP_ADDRESS_BYTES_MAX + 64 };

struct triplet {
    struct list link;
    int64_t first_ms;
    int64_t seen_ms;
    uint8_t digest[DIGEST_BYTES];
};

struct greylist {
    struct env *env;
    struct map *triplets;
    /* The one not seen for the longest time first. */
    struct list by_age;
};

struct greylist *greylist_new(struct env *env) {
    struct greylist *greylist = calloc(1, sizeof *greylist);
    if (!greylist) FATAL("out of memory for a greylist");
    greylist->env = env;
    greylist->triplets = map_new(env_random_u64(env));
    list_init(&greylist->by_age);
    return greylist;
}

static struct triplet *oldest(struct greylist *greylist) {
    return LIST_FIRST(&greylist->by_age, struct triplet, link);
}

static void forget(struct greylist *greylist, struct triplet *triplet) {
    list_remove(&triplet->link);
    (void)map_remove(greylist->triplets, slice_of(triplet->digest, DIGEST_BYTES));
    free(triplet);
}

void greylist_free(struct greylist **greylist) {
    if (!*greylist) return;
    while (!list_empty(&(*greylist)->by_age)) forget(*greylist, oldest(*greylist));
    map_free(&(*greylist)->triplets);
    free(*greylist);
    *greylist = NULL;
}

static void write_lower(struct buffer *out, struct slice text) {
    for (size_t i = 0; i < text.len; i++) buffer_append_byte(out, ascii_lower(text.ptr[i]));
    buffer_append_byte(out, 0);
}

static void make_digest(struct slice network, struct slice sender, struct slice recipient,
                        uint8_t digest[DIGEST_BYTES]) {
    struct buffer text = buffer_new(TEXT_BYTES_MAX);
    write_lower(&text, sender);
    write_lower(&text, recipient);
    buffer_append(&text, network);
    scram_digest(SCRAM_HASH_SHA_256, buffer_slice(&text), digest);
    buffer_free(&text);
}

static void forget_old(struct greylist *greylist, int64_t now_ms) {
    while (!list_empty(&greylist->by_age) && now_ms - oldest(greylist)->seen_ms > GREYLIST_KEPT_MS)
        forget(greylist, oldest(greylist));
}

static struct triplet *remember(struct greylist *greylist, const uint8_t digest[DIGEST_BYTES],
                                int64_t now_ms) {
    if (map_count(greylist->triplets) >= GREYLIST_TRIPLETS_MAX) forget(greylist, oldest(greylist));
    struct triplet *triplet = calloc(1, sizeof *triplet);
    if (!triplet) FATAL("out of memory for a triplet");
    triplet->first_ms = now_ms;
    memcpy(triplet->digest, digest, DIGEST_BYTES);
    list_init(&triplet->link);
    (void)map_put(greylist->triplets, slice_of(triplet->digest, DIGEST_BYTES), triplet);
    return triplet;
}

int64_t greylist_wait_ms(struct greylist *greylist, struct slice network, struct slice sender,
                         struct slice recipient) {
    int64_t now_ms = env_now_ms(greylist->env);
    uint8_t digest[DIGEST_BYTES];
    make_digest(network, sender, recipient, digest);
    forget_old(greylist, now_ms);
    struct triplet *triplet = map_get(greylist->triplets, slice_of(digest, DIGEST_BYTES));
    if (!triplet) triplet = remember(greylist, digest, now_ms);
    triplet->seen_ms = now_ms;
    list_remove(&triplet->link);
    list_append(&greylist->by_age, &triplet->link);
    int64_t left_ms = triplet->first_ms + GREYLIST_DELAY_MS - now_ms;
    return left_ms > 0 ? left_ms : 0;
}

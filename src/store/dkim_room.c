#include "store/dkim_room.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/limits.h"
#include "store/dkim_make.h"

enum { THREADS_DEFAULT = 2, KEY_BYTES_MAX = 4096, LOAD_ARENA_BYTES = 64 * 1024 };

/* ---- its life ---- */

void dkim_room_open(struct dkim_room *room, struct env *env, const char *folder, unsigned threads,
                    struct slice rsa_key) {
    *room = (struct dkim_room){.env = env,
                               .folder = folder,
                               .threads = threads ? threads : THREADS_DEFAULT,
                               .rsa_key = rsa_key,
                               .ready = map_new(env_random_u64(env))};
    gate_init(&room->opened);
    gate_init(&room->made);
}

static void ready_free(struct dkim_ready *ready) {
    for (size_t i = 0; ready && i < ready->count; i++) EVP_PKEY_free(ready->keys[i].private);
    free(ready);
}

static void forget_all(struct dkim_room *room) {
    size_t cursor = 0;
    struct dkim_ready *ready;
    while ((ready = map_next(room->ready, &cursor, NULL))) ready_free(ready);
    map_free(&room->ready);
}

void dkim_room_close(struct dkim_room *room) {
    lane_close(&room->lane);
    forget_all(room);
    dkim_seal_close(&room->seal);
}

static void wipe(struct buffer *secret) {
    if (secret->ptr) OPENSSL_cleanse(secret->ptr, secret->capacity);
    buffer_free(secret);
}

/* ---- the lane and the seal ---- */

static struct lane *lane_of(struct dkim_room *room) {
    if (!room->lane) room->lane = lane_open(room->env, "signing", room->threads);
    return room->lane;
}

struct opening {
    struct dkim_room *room;
    struct dkim_seal seal;
    uint8_t fresh[DKIM_SEAL_BYTES];
    int result;
};

static void open_seal(void *argument) {
    struct opening *opening = argument;
    opening->result =
        dkim_seal_open(&opening->seal, opening->room->env, opening->room->folder, opening->fresh);
}

static void open_now(struct task *t, struct dkim_room *room) {
    struct opening opening = {.room = room};
    room->is_opening = true;
    env_random(room->env, opening.fresh, sizeof opening.fresh);
    lane_run(t, lane_of(room), open_seal, &opening);
    if (opening.result == 0)
        room->seal = opening.seal;
    else
        LOG_ERROR(room->env->log, "store.seal_not_opened", LOG_CSTR("reason", strerror(-opening.result)));
    OPENSSL_cleanse(&opening, sizeof opening);
    room->is_opening = false;
    gate_open(&room->opened);
}

/* False: it cannot be opened, or the task is cancelled. */
static bool seal_is_open(struct task *t, struct dkim_room *room) {
    while (room->is_opening)
        if (gate_wait(t, &room->opened, DEADLINE_NONE) != WAIT_OK) return false;
    if (!room->seal.is_open) open_now(t, room);
    return room->seal.is_open;
}

enum store_result dkim_room_open_seal(struct task *t, struct dkim_room *room) {
    if (seal_is_open(t, room)) return STORE_OK;
    return task_is_cancelled(t) ? STORE_GONE : STORE_FAILED;
}

/* ---- making ---- */

struct making {
    const struct dkim_room *room;
    enum dkim_algorithm algorithm;
    struct slice name;
    uint8_t seed[DKIM_ED25519_BYTES];
    uint8_t nonce[DKIM_NONCE_BYTES];
    struct buffer sealed;
    struct buffer public;
    bool is_made;
};

static bool make_private(const struct making *making, struct buffer *private) {
    if (making->algorithm != DKIM_RSA_SHA256) return dkim_make_ed25519(making->seed, private);
    if (making->room->rsa_key.len == 0) return dkim_make_rsa(private);
    buffer_append(private, making->room->rsa_key);
    return true;
}

static void make_key(void *argument) {
    struct making *making = argument;
    struct buffer private = buffer_new(KEY_BYTES_MAX);
    EVP_PKEY *key = NULL;
    if (make_private(making, &private)) key = dkim_private_read(making->algorithm, buffer_slice(&private));
    making->is_made = key && dkim_private_public(making->algorithm, key, &making->public) &&
                      dkim_seal_put(&making->room->seal, making->nonce, making->name, buffer_slice(&private),
                                    &making->sealed);
    EVP_PKEY_free(key);
    wipe(&private);
}

static bool make_one(struct task *t, struct dkim_room *room, struct arena *arena, struct slice domain,
                     struct dkim_fresh *fresh) {
    struct making making = {.room = room,
                            .algorithm = fresh->algorithm,
                            .name = dkim_record_name(arena, fresh->algorithm, fresh->place, domain),
                            .sealed = buffer_new(KEY_BYTES_MAX),
                            .public = buffer_new(KEY_BYTES_MAX)};
    env_random(room->env, making.seed, sizeof making.seed);
    env_random(room->env, making.nonce, sizeof making.nonce);
    lane_run(t, lane_of(room), make_key, &making);
    if (making.is_made) {
        fresh->sealed = arena_copy(arena, buffer_slice(&making.sealed));
        fresh->public = arena_copy(arena, buffer_slice(&making.public));
    }
    buffer_free(&making.sealed);
    buffer_free(&making.public);
    OPENSSL_cleanse(making.seed, sizeof making.seed);
    return making.is_made;
}

enum store_result dkim_room_make(struct task *t, struct dkim_room *room, struct arena *arena,
                                 struct slice domain, const unsigned places[DKIM_ALGORITHMS],
                                 struct dkim_fresh fresh[DKIM_ALGORITHMS]) {
    enum store_result opened = dkim_room_open_seal(t, room);
    if (opened != STORE_OK) return opened;
    for (unsigned i = 0; i < DKIM_ALGORITHMS; i++) {
        fresh[i] = (struct dkim_fresh){.algorithm = (enum dkim_algorithm)i, .place = places[i]};
        if (!make_one(t, room, arena, domain, &fresh[i])) return STORE_FAILED;
    }
    return STORE_OK;
}

/* ---- what is ready ---- */

const struct dkim_ready *dkim_room_find(struct dkim_room *room, uint64_t changes, struct slice domain) {
    if (room->changes != changes || map_count(room->ready) >= DKIM_DOMAINS_READY_MAX) {
        forget_all(room);
        room->ready = map_new(env_random_u64(room->env));
        room->changes = changes;
    }
    return map_get(room->ready, domain);
}

struct loading {
    const struct dkim_seal *seal;
    const struct dkim_row *rows;
    size_t count;
    struct arena *arena;
    struct dkim_ready *ready;
    size_t unreadable;
};

static EVP_PKEY *unseal(const struct loading *loading, const struct dkim_row *row) {
    struct buffer private = buffer_new(KEY_BYTES_MAX);
    struct slice name = dkim_record_name(loading->arena, row->key.algorithm, row->place, row->domain);
    EVP_PKEY *key = NULL;
    if (dkim_seal_get(loading->seal, name, row->sealed, &private))
        key = dkim_private_read(row->key.algorithm, buffer_slice(&private));
    wipe(&private);
    return key;
}

static void load_keys(void *argument) {
    struct loading *loading = argument;
    struct dkim_ready *ready = loading->ready;
    for (size_t i = 0; i < loading->count && ready->count < DKIM_ALGORITHMS; i++) {
        const struct dkim_row *row = &loading->rows[i];
        if (row->key.state != DKIM_KEY_SIGNING) continue;
        EVP_PKEY *private = unseal(loading, row);
        loading->unreadable += !private;
        if (!private) continue;
        ready->keys[ready->count].key = row->key.id;
        ready->keys[ready->count].algorithm = row->key.algorithm;
        ready->keys[ready->count].selector = dkim_selector(row->key.algorithm, row->place);
        ready->keys[ready->count++].private = private;
    }
}

enum store_result dkim_room_load(struct task *t, struct dkim_room *room, uint64_t changes,
                                 struct slice domain, const struct dkim_row *rows, size_t count) {
    enum store_result opened = dkim_room_open_seal(t, room);
    if (opened != STORE_OK) return opened;
    struct loading loading = {.seal = &room->seal,
                              .rows = rows,
                              .count = count,
                              .arena = arena_new(LOAD_ARENA_BYTES),
                              .ready = calloc(1, sizeof *loading.ready)};
    if (!loading.ready) FATAL("out of memory for keys");
    lane_run(t, lane_of(room), load_keys, &loading);
    arena_free(&loading.arena);
    if (loading.unreadable)
        LOG_ERROR(room->env->log, "store.signing_key_unreadable", LOG_TEXT("domain", domain),
                  LOG_NUMBER("keys", loading.unreadable));
    (void)dkim_room_find(room, room->changes, domain);
    if (room->changes == changes)
        ready_free(map_put(room->ready, domain, loading.ready));
    else
        ready_free(loading.ready);
    return STORE_OK;
}

/* ---- secrets of other kinds ---- */

bool dkim_room_seal(struct task *t, struct dkim_room *room, struct arena *arena, struct slice name,
                    struct slice secret, struct slice *sealed) {
    uint8_t nonce[DKIM_NONCE_BYTES];
    if (!seal_is_open(t, room)) return false;
    struct buffer out = buffer_new(secret.len + KEY_BYTES_MAX);
    env_random(room->env, nonce, sizeof nonce);
    bool good = dkim_seal_put(&room->seal, nonce, name, secret, &out);
    if (good) *sealed = arena_copy(arena, buffer_slice(&out));
    buffer_free(&out);
    return good;
}

bool dkim_room_unseal(struct task *t, struct dkim_room *room, struct arena *arena, struct slice name,
                      struct slice sealed, struct slice *secret) {
    if (!seal_is_open(t, room)) return false;
    struct buffer out = buffer_new(sealed.len + KEY_BYTES_MAX);
    bool good = dkim_seal_get(&room->seal, name, sealed, &out);
    if (good) *secret = arena_copy(arena, buffer_slice(&out));
    if (!good) LOG_ERROR(room->env->log, "store.secret_unreadable", LOG_TEXT("name", name));
    wipe(&out);
    return good;
}

/* ---- signing ---- */

struct signing {
    struct dkim_work *works;
    size_t count;
};

static void sign(void *argument) {
    struct signing *signing = argument;
    for (size_t i = 0; i < signing->count; i++) {
        struct dkim_work *work = &signing->works[i];
        work->is_signed = dkim_private_sign(work->algorithm, work->private, work->digest, &work->signature);
    }
}

void dkim_room_sign(struct task *t, struct dkim_room *room, struct dkim_work *works, size_t count) {
    struct signing signing = {works, count};
    lane_run(t, lane_of(room), sign, &signing);
}

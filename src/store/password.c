#include "store/password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "io/env.h"
#include "wire/scram_secret.h"

enum { SALT_BYTES = PASSWORD_HASH_SALT_BYTES, LANE_THREADS = 2 };

/* A login that was right; its key in the map is the keyed hash. */
struct login {
    int64_t until_ms;
};

struct hash_job {
    struct password_room *room;
    struct slice password;
    const char *hash;
    struct password_secrets *secrets;
    uint8_t salts[3][SALT_BYTES];
    bool is_good;
    /* RFC 4013 2.3: it has characters that no password may have. */
    bool is_prohibited;
};

/* ---- in the lane ---- */

/* A password is compared as it is prepared (RFC 4013), so that it is the same from every keyboard. Hashes
   from before that are of what was typed; a password that is its own prepared form costs nothing more. */
static void hash_check(void *argument) {
    struct hash_job *job = argument;
    struct buffer prepared = buffer_new(SASL_PASSWORD_BYTES_MAX);
    bool is_prepared = scram_password_prepare(job->password, &prepared);
    job->is_good = is_prepared && password_hash_matches(job->hash, buffer_slice(&prepared));
    if (!job->is_good && !(is_prepared && slice_equal(buffer_slice(&prepared), job->password)))
        job->is_good = password_hash_matches(job->hash, job->password);
    if (prepared.ptr) OPENSSL_cleanse(prepared.ptr, prepared.len);
    buffer_free(&prepared);
}

static bool mac(const EVP_MD *hash, struct slice key, struct slice text, uint8_t out[EVP_MAX_MD_SIZE]) {
    return HMAC(hash, key.ptr, (int)key.len, text.ptr, text.len, out, NULL) != NULL;
}

static bool scram_make(struct slice password, const uint8_t *salt, enum scram_hash hash,
                       struct scram_secret *secret) {
    struct scram_keys keys;
    if (scram_secret_derive(hash, password, slice_of(salt, SALT_BYTES), PASSWORD_SCRAM_ITERATIONS, &keys))
        return false;
    *secret = (struct scram_secret){.iterations = PASSWORD_SCRAM_ITERATIONS,
                                    .hash_bytes = (uint8_t)scram_hash_bytes(hash)};
    memcpy(secret->salt, salt, SALT_BYTES);
    memcpy(secret->stored_key, keys.stored_key, secret->hash_bytes);
    memcpy(secret->server_key, keys.server_key, secret->hash_bytes);
    OPENSSL_cleanse(&keys, sizeof keys);
    return true;
}

static void hash_make(void *argument) {
    struct hash_job *job = argument;
    struct buffer prepared = buffer_new(SASL_PASSWORD_BYTES_MAX);
    struct password_secrets *secrets = job->secrets;
    job->is_prohibited = !scram_password_prepare(job->password, &prepared);
    struct slice password = buffer_slice(&prepared);
    job->is_good = !job->is_prohibited &&
                   password_hash_make(password, job->salts[0], job->room->memory_kib, secrets->hash) &&
                   scram_make(password, job->salts[1], SCRAM_HASH_SHA_1, &secrets->sha1) &&
                   scram_make(password, job->salts[2], SCRAM_HASH_SHA_256, &secrets->sha256);
    if (prepared.ptr) OPENSSL_cleanse(prepared.ptr, prepared.len);
    buffer_free(&prepared);
}

/* ---- on the loop ---- */

/* Whoever is unknown is tried against it, for as long as others are. */
static void unknown_hash_make(struct password_room *room) {
    uint8_t hash[PASSWORD_HASH_BYTES];
    env_random(room->env, hash, sizeof hash);
    if (!password_hash_of_nobody(room->secret, hash, room->memory_kib, room->unknown_hash))
        FATAL("a hash has no room");
}

void password_room_open(struct password_room *room, struct env *env, uint32_t memory_kib,
                        const uint8_t secret[PASSWORD_KEY_BYTES]) {
    *room = (struct password_room){.env = env};
    room->memory_kib = memory_kib ? memory_kib : PASSWORD_MEMORY_KIB_DEFAULT;
    room->lane = lane_open_patient(env, "password", LANE_THREADS);
    env_random(env, room->key, sizeof room->key);
    memcpy(room->secret, secret, sizeof room->secret);
    room->logins = map_new(env_random_u64(env));
    unknown_hash_make(room);
}

static void logins_clear(struct password_room *room) {
    size_t cursor = 0;
    for (;;) {
        struct login *login = map_next(room->logins, &cursor, NULL);
        if (!login) break;
        free(login);
    }
    map_free(&room->logins);
}

void password_room_close(struct password_room *room) {
    lane_close(&room->lane);
    logins_clear(room);
    OPENSSL_cleanse(room->key, sizeof room->key);
}

static enum store_result run_hash(struct task *t, struct hash_job *job, void (*run)(void *argument)) {
    if (job->room->waiting >= job->room->env->budgets->store_hashes) return STORE_BUSY;
    job->room->waiting++;
    lane_run(t, job->room->lane, run, job);
    job->room->waiting--;
    return STORE_OK;
}

enum store_result password_make(struct task *t, struct password_room *room, struct slice password,
                                struct password_secrets *secrets) {
    if (password.len == 0 || password.len > STORE_PASSWORD_BYTES_MAX) return STORE_REFUSED;
    struct hash_job job = {.room = room, .password = password, .secrets = secrets};
    env_random(room->env, job.salts, sizeof job.salts);
    enum store_result result = run_hash(t, &job, hash_make);
    if (result != STORE_OK || job.is_good) return result;
    return job.is_prohibited ? STORE_REFUSED : STORE_FAILED;
}

/* Two texts are kept apart by the length of the first. */
static void keyed_hash(const uint8_t key[PASSWORD_KEY_BYTES], struct slice first, struct slice second,
                       uint8_t out[EVP_MAX_MD_SIZE]) {
    struct buffer text = buffer_new(STORE_ADDRESS_BYTES_MAX + STORE_PASSWORD_BYTES_MAX + 64);
    buffer_append_number(&text, first.len);
    buffer_append_byte(&text, ' ');
    buffer_append(&text, first);
    buffer_append(&text, second);
    if (!mac(EVP_sha256(), slice_of(key, PASSWORD_KEY_BYTES), buffer_slice(&text), out))
        FATAL("no keyed hash");
    OPENSSL_cleanse(text.ptr, text.len);
    buffer_free(&text);
}

static bool login_is_remembered(struct password_room *room, struct slice key) {
    struct login *login = map_get(room->logins, key);
    if (!login) return false;
    if (env_now_ms(room->env) < login->until_ms) return true;
    (void)map_remove(room->logins, key);
    free(login);
    return false;
}

/* When it is full it starts anew: that costs each user one hash. */
static void login_remember(struct password_room *room, struct slice key) {
    if (map_count(room->logins) >= STORE_LOGINS_CACHED_MAX) {
        logins_clear(room);
        room->logins = map_new(env_random_u64(room->env));
    }
    struct login *login = calloc(1, sizeof *login);
    if (!login) FATAL("out of memory for a login");
    login->until_ms = env_now_ms(room->env) + STORE_LOGIN_CACHED_MS;
    struct login *before = map_put(room->logins, key, login);
    free(before);
}

enum store_result password_check(struct task *t, struct password_room *room, struct slice name,
                                 struct slice password, struct slice hash) {
    if (password.len > STORE_PASSWORD_BYTES_MAX || name.len > STORE_ADDRESS_BYTES_MAX + 32)
        password = name = hash = SLICE_EMPTY;
    uint8_t digest[EVP_MAX_MD_SIZE];
    keyed_hash(room->key, name, password, digest);
    struct slice key = slice_of(digest, PASSWORD_KEY_BYTES);
    if (hash.len && login_is_remembered(room, key)) return STORE_OK;
    char text[PASSWORD_HASH_TEXT_BYTES] = {0};
    if (hash.len == 0 || hash.len >= sizeof text) hash = slice_from_text(room->unknown_hash);
    bool is_unknown = hash.ptr == (const uint8_t *)room->unknown_hash;
    memcpy(text, hash.ptr, hash.len);
    struct hash_job job = {.room = room, .password = password, .hash = text};
    enum store_result result = run_hash(t, &job, hash_check);
    if (result != STORE_OK) return result;
    if (!job.is_good || is_unknown) return STORE_DENIED;
    login_remember(room, key);
    return STORE_OK;
}

void password_scram_unknown(const struct password_room *room, struct slice user, uint8_t hash_bytes,
                            struct scram_secret *secret) {
    struct slice parts[] = {SLICE("salt"), SLICE("stored"), SLICE("server")};
    uint8_t digests[3][EVP_MAX_MD_SIZE];
    user = slice_sub(user, 0, STORE_ADDRESS_BYTES_MAX);
    for (size_t i = 0; i < 3; i++) keyed_hash(room->secret, parts[i], user, digests[i]);
    *secret = (struct scram_secret){.iterations = PASSWORD_SCRAM_ITERATIONS, .hash_bytes = hash_bytes};
    /* The two hashes have salts of their own. */
    digests[0][0] ^= hash_bytes;
    memcpy(secret->salt, digests[0], sizeof secret->salt);
    memcpy(secret->stored_key, digests[1], hash_bytes);
    memcpy(secret->server_key, digests[2], hash_bytes);
}

#include "store/grant.h"

#include <openssl/crypto.h>
#include <stdio.h>

#include "base/encode.h"

enum { NAME_BYTES = 8, SECRET_BYTES = 32 };

static void random_text(struct env *env, size_t len, char text[GRANT_TEXT_BYTES]) {
    uint8_t bytes[SECRET_BYTES];
    struct buffer hex = buffer_new(GRANT_TEXT_BYTES);
    env_random(env, bytes, sizeof bytes);
    hex_encode(&hex, slice_of(bytes, len));
    memcpy(text, hex.ptr, hex.len);
    text[hex.len] = 0;
    explicit_bzero(bytes, sizeof bytes);
    explicit_bzero(hex.ptr, hex.len);
    buffer_free(&hex);
}

/* RFC 2606 2: no account is ever in .invalid. */
const struct grant *grant_make(struct grants *grants, struct env *env) {
    struct grant *grant = &grants->at[grants->next++ % GRANTS_MAX];
    char name[GRANT_TEXT_BYTES];
    random_text(env, NAME_BYTES, name);
    (void)snprintf(grant->user, sizeof grant->user, "health-%.16s@grant.invalid", name);
    random_text(env, SECRET_BYTES, grant->secret);
    grant->until_ms = env_now_ms(env) + GRANT_MS;
    return grant;
}

static size_t grant_find(const struct grants *grants, struct slice user) {
    size_t i = 0;
    while (i < GRANTS_MAX &&
           (!grants->at[i].user[0] || !slice_equal(slice_from_text(grants->at[i].user), user)))
        i++;
    return i;
}

static bool is_good(const struct grant *grant, struct env *env, struct slice secret) {
    size_t len = strlen(grant->secret);
    return env_now_ms(env) < grant->until_ms && secret.len == len &&
           CRYPTO_memcmp(secret.ptr, grant->secret, len) == 0;
}

enum store_result grant_use(struct grants *grants, struct env *env, struct arena *arena, struct slice user,
                            struct slice secret, struct account *account) {
    size_t at = grant_find(grants, user);
    *account = (struct account){0};
    if (at == GRANTS_MAX) return STORE_NOT_FOUND;
    bool is_right = is_good(&grants->at[at], env, secret);
    grants->at[at] = (struct grant){0};
    if (!is_right) return STORE_DENIED;
    account->id = ACCOUNT_PROBE_FIRST + at;
    account->address = arena_copy(arena, user);
    return STORE_OK;
}

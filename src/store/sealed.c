#include "store/sealed.h"

#include "store/engine_state.h"

enum store_result engine_seal_open(struct task *t, struct engine *engine) {
    return dkim_room_open_seal(t, &engine->dkim);
}

enum store_result engine_seal(struct engine *engine, struct slice name, struct slice secret,
                              struct buffer *sealed) {
    uint8_t nonce[DKIM_NONCE_BYTES];
    if (!engine->dkim.seal.is_open) return STORE_FAILED;
    env_random(engine->env, nonce, sizeof nonce);
    return dkim_seal_put(&engine->dkim.seal, nonce, name, secret, sealed) ? STORE_OK : STORE_FAILED;
}

enum store_result engine_unseal(struct engine *engine, struct slice name, struct slice sealed,
                                struct buffer *secret) {
    if (!engine->dkim.seal.is_open) return STORE_FAILED;
    return dkim_seal_get(&engine->dkim.seal, name, sealed, secret) ? STORE_OK : STORE_REFUSED;
}

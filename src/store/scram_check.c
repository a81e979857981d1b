/* Between the store's record of a password (store/model.h) and wire's, which go by the same name. */
#include "store/scram_check.h"

#include "wire/scram_secret.h"

bool scram_check(uint8_t hash_bytes, const uint8_t *stored_key, const uint8_t *server_key,
                 struct slice auth_message, struct slice proof, uint8_t *signature) {
    struct scram_secret secret = {.hash = hash_bytes == 20 ? SCRAM_HASH_SHA_1 : SCRAM_HASH_SHA_256};
    ASSERT(hash_bytes == scram_hash_bytes(secret.hash));
    memcpy(secret.stored_key, stored_key, hash_bytes);
    memcpy(secret.server_key, server_key, hash_bytes);
    bool is_right = scram_secret_check(&secret, auth_message, proof, signature);
    explicit_bzero(&secret, sizeof secret);
    return is_right;
}

/* Tokens in addresses that answers come to (store/answer.h): "o", the message's id and a keyed check of it.
 */
#include <openssl/crypto.h>

#include "base/encode.h"
#include "store/answer.h"
#include "store/engine_state.h"
#include "store/id.h"
#include "wire/scram_secret.h"

enum { ID_DIGITS = 16, CHECK_BYTES = 6, HASH_BYTES = 32 };

static void check_write(const uint8_t secret[32], struct slice id, char check[2 * CHECK_BYTES]) {
    uint8_t mac[HASH_BYTES];
    scram_hmac(SCRAM_HASH_SHA_256, slice_of(secret, HASH_BYTES), id, mac);
    struct buffer hex = buffer_new(2 * CHECK_BYTES + 1);
    hex_encode(&hex, slice_of(mac, CHECK_BYTES));
    memcpy(check, hex.ptr, 2 * CHECK_BYTES);
    buffer_free(&hex);
}

void answer_token_write(const uint8_t secret[32], uint64_t sent, char token[ANSWER_TOKEN_BYTES]) {
    static const char digits[] = "0123456789abcdef";
    char id[ID_DIGITS];
    for (int i = 0; i < ID_DIGITS; i++) id[i] = digits[sent >> (4 * (ID_DIGITS - 1 - i)) & 15];
    token[0] = 'o';
    memcpy(token + 1, id, ID_DIGITS);
    check_write(secret, slice_of(id, ID_DIGITS), token + 1 + ID_DIGITS);
    token[1 + ID_DIGITS + 2 * CHECK_BYTES] = '\0';
}

/* Hosts on the way may change its case. */
uint64_t answer_token_read(const uint8_t secret[32], struct slice token) {
    char lower[ANSWER_TOKEN_BYTES];
    char right[ANSWER_TOKEN_BYTES];
    uint64_t sent = 0;
    if (token.len != ANSWER_TOKEN_BYTES - 1) return 0;
    for (size_t i = 0; i < token.len; i++) lower[i] = (char)ascii_lower(token.ptr[i]);
    if (lower[0] != 'o' || !id_read(slice_of(lower + 1, ID_DIGITS), &sent)) return 0;
    answer_token_write(secret, sent, right);
    return CRYPTO_memcmp(lower, right, token.len) == 0 ? sent : 0;
}

struct slice engine_answer_token(const struct engine *engine, struct arena *arena, uint64_t sent) {
    char token[ANSWER_TOKEN_BYTES];
    answer_token_write(engine->queue.commit.outreach_secret, sent, token);
    return arena_copy(arena, slice_from_text(token));
}

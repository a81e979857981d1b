#include "acme/challenges.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct acme_challenges {
    struct acme_challenge items[ACME_CHALLENGES_MAX];
    size_t count;
    /* Holds their texts. */
    struct buffer body;
};

struct acme_challenges *acme_challenges_new(void) {
    struct acme_challenges *challenges = calloc(1, sizeof *challenges);
    if (!challenges) FATAL("out of memory for challenges");
    challenges->body = buffer_new(IPC_FRAME_BYTES_MAX);
    return challenges;
}

void acme_challenges_free(struct acme_challenges **challenges) {
    if (!*challenges) return;
    buffer_free(&(*challenges)->body);
    free(*challenges);
    *challenges = NULL;
}

void acme_challenges_set(struct acme_challenges *challenges, struct slice body) {
    struct acme_challenge items[ACME_CHALLENGES_MAX];
    size_t count;
    if (!acme_challenges_unpack(body, items, &count)) return;
    buffer_clear(&challenges->body);
    buffer_append(&challenges->body, body);
    challenges->count = 0;
    if (acme_challenges_unpack(buffer_slice(&challenges->body), challenges->items, &count))
        challenges->count = count;
}

struct slice acme_challenges_answer(const struct acme_challenges *challenges, struct slice token) {
    for (size_t i = 0; i < challenges->count; i++) {
        const struct acme_challenge *item = &challenges->items[i];
        if (item->kind == ACME_HTTP_01 && slice_equal(item->token, token)) return item->key_authorization;
    }
    return SLICE_EMPTY;
}

bool acme_challenges_digest(const struct acme_challenges *challenges, struct slice name, uint8_t digest[32]) {
    for (size_t i = 0; i < challenges->count; i++) {
        const struct acme_challenge *item = &challenges->items[i];
        if (item->kind != ACME_TLS_ALPN_01 || !slice_equal_nocase(item->name, name)) continue;
        return EVP_Q_digest(NULL, "SHA256", NULL, item->key_authorization.ptr, item->key_authorization.len,
                            digest, NULL) == 1;
    }
    return false;
}

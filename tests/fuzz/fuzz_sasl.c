/* SASL messages: PLAIN, LOGIN, base64 lines and SCRAM of both sides, on any bytes. Only parsing:
   no password is hashed, so that it is fast. */
#include "base/limits.h"
#include "wire/sasl.h"
#include "wire/scram_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_plain(struct slice message) {
    struct sasl_plain plain;
    struct sasl_plain again;
    if (sasl_plain_parse(message, &plain) != SASL_OK) return;
    struct buffer out = buffer_new(SASL_RESPONSE_BYTES_MAX);
    sasl_plain_write(&out, &plain);
    ASSERT(slice_equal(buffer_slice(&out), message));
    ASSERT(sasl_plain_parse(buffer_slice(&out), &again) == SASL_OK);
    buffer_free(&out);
}

/* A name that was read is written and read as the same name. */
static void check_name(struct arena *arena, const struct scram_client_first *first) {
    struct scram_client client = {.name = first->name,
                                  .authzid = first->authzid,
                                  .nonce = first->nonce,
                                  .binding_flag = first->binding_flag,
                                  .binding = {.type = first->binding_type}};
    struct buffer out = buffer_new(KIB(64));
    struct scram_client_first again;
    scram_client_first_write(&out, &client);
    ASSERT(scram_client_first_parse(arena, buffer_slice(&out), &again) == SCRAM_OK);
    ASSERT(slice_equal(again.name, first->name) && slice_equal(again.authzid, first->authzid));
    ASSERT(slice_equal(again.nonce, first->nonce));
    buffer_free(&out);
}

static void check_scram(struct arena *arena, struct slice message) {
    struct scram_client_first first;
    struct scram_client_final final;
    const struct scram_binding binding = {SLICE("tls-exporter"), SLICE("data")};
    if (scram_client_first_parse(arena, message, &first) == SCRAM_OK) {
        (void)!scram_client_first_check(&first, true, true, &binding);
        check_name(arena, &first);
    }
    first = (struct scram_client_first){.nonce = SLICE("a"), .gs2_header = SLICE("n,,"), .binding_flag = 'n'};
    if (scram_client_final_parse(arena, message, SCRAM_HASH_SHA_256, &final) == SCRAM_OK)
        (void)!scram_client_final_check(&final, &first, SLICE("b"), &binding);
    /* The empty password is refused before it is hashed. */
    struct scram_client client = {.nonce = SLICE("a"), .binding_flag = 'n'};
    struct buffer out = buffer_new(KIB(64));
    ASSERT(scram_client_final_write(&out, &client, message) != SCRAM_OK);
    (void)!scram_client_finish(&client, message);
    buffer_free(&out);
}

/* RFC 4013: what was prepared is prepared. */
static void check_password(struct slice password) {
    struct buffer once = buffer_new(KIB(64));
    struct buffer twice = buffer_new(KIB(64));
    if (scram_password_prepare(password, &once)) {
        ASSERT(scram_password_prepare(buffer_slice(&once), &twice));
        ASSERT(slice_equal(buffer_slice(&once), buffer_slice(&twice)));
    }
    buffer_free(&once);
    buffer_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new(KIB(256));
    struct slice message = slice_of(data, size);
    struct slice response;
    struct sasl_login login = {.has_name = false};
    if (sasl_initial_decode(arena, message, &response) == SASL_OK) check_scram(arena, response);
    (void)!sasl_login_answer(&login, message);
    check_plain(message);
    check_password(message);
    check_scram(arena, message);
    arena_free(&arena);
    return 0;
}

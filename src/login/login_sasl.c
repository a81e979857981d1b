/*
 * SASL exchanges (RFC 4422) on a line protocol. A mechanism is a row: what it is called and the
 * function that runs it. What the client sends is decoded into the exchange's arena, and what
 * may hold a password is wiped there.
 */
#include "base/encode.h"
#include "base/limits.h"
#include "login/check.h"
#include "wire/sasl.h"
#include "wire/scram.h"

enum {
    LINE_BYTES_MAX = (SASL_RESPONSE_BYTES_MAX + 2) / 3 * 4 + 2,
    NONCE_RANDOM_BYTES = 18,
    NONCE_BYTES = NONCE_RANDOM_BYTES / 3 * 4,
};

struct exchange {
    struct login_check check;
    struct slice prefix;
    struct slice initial;
    struct arena *arena;
    struct login_identity *identity;
};

static enum login_result result_of_sasl(enum sasl_error error) {
    switch (error) {
    case SASL_OK:
        return LOGIN_OK;
    case SASL_CANCELLED:
        return LOGIN_ABORTED;
    default:
        return LOGIN_MALFORMED;
    }
}

static void wipe(struct slice secret) {
    if (secret.len) explicit_bzero((void *)(uintptr_t)secret.ptr, secret.len);
}

/* One line of the client, decoded. */
static enum login_result read_response(struct task *t, struct exchange *x, struct slice *response) {
    struct buffer line = buffer_new(LINE_BYTES_MAX);
    int result = conn_read_line(t, x->check.conn, &line);
    enum login_result read = result == -EMSGSIZE ? LOGIN_MALFORMED : LOGIN_GONE;
    if (result == 0) read = result_of_sasl(sasl_response_decode(x->arena, buffer_slice(&line), response));
    wipe(buffer_slice(&line));
    buffer_free(&line);
    return read;
}

/* Sends a challenge and reads what the client answers. */
static enum login_result challenge(struct task *t, struct exchange *x, struct slice text,
                                   struct slice *response) {
    struct buffer line = buffer_new(LINE_BYTES_MAX);
    buffer_append(&line, x->prefix);
    base64_encode(&line, text);
    buffer_append(&line, SLICE("\r\n"));
    conn_write(x->check.conn, buffer_slice(&line));
    buffer_free(&line);
    return read_response(t, x, response);
}

/* The client's first message: the initial response, or asked for with `question`. */
static enum login_result first_response(struct task *t, struct exchange *x, struct slice question,
                                        struct slice *response) {
    if (!x->initial.ptr) return challenge(t, x, question, response);
    return result_of_sasl(sasl_initial_decode(x->arena, x->initial, response));
}

/* RFC 4616. To act as somebody else is nobody's right here. */
static enum login_result run_plain(struct task *t, struct exchange *x) {
    struct slice message = SLICE_EMPTY;
    struct sasl_plain plain;
    enum login_result result = first_response(t, x, SLICE_EMPTY, &message);
    if (result == LOGIN_OK) result = result_of_sasl(sasl_plain_parse(message, &plain));
    if (result == LOGIN_OK) {
        bool is_oneself = plain.authzid.len == 0 || slice_equal_nocase(plain.authzid, plain.authcid);
        x->check.user = plain.authcid;
        result = is_oneself ? login_check_password(t, &x->check, plain.password, x->identity)
                            : login_check_end(t, &x->check, STORE_DENIED, NULL, x->identity);
    }
    wipe(message);
    return result;
}

/* draft-murchison-sasl-login: two questions; an initial response answers the first. */
static enum login_result run_login(struct task *t, struct exchange *x) {
    struct sasl_login login = {0};
    struct slice response = SLICE_EMPTY;
    enum login_result result = first_response(t, x, sasl_login_challenge(&login), &response);
    while (result == LOGIN_OK) {
        result = result_of_sasl(sasl_login_answer(&login, response));
        if (result != LOGIN_OK || login.is_complete) break;
        result = challenge(t, x, sasl_login_challenge(&login), &response);
    }
    x->check.user = login.name;
    if (result == LOGIN_OK) result = login_check_password(t, &x->check, login.password, x->identity);
    wipe(response);
    return result;
}

/* What a SCRAM exchange remembers between its messages. */
struct scram {
    enum scram_hash hash;
    struct scram_client_first first;
    struct scram_client_final final;
    char nonce[NONCE_BYTES + 1];
    struct buffer server_first;
};

static void make_nonce(struct env *env, char nonce[NONCE_BYTES + 1]) {
    uint8_t random[NONCE_RANDOM_BYTES];
    struct buffer text = buffer_new(NONCE_BYTES);
    env_random(env, random, sizeof random);
    base64_encode(&text, slice_of(random, sizeof random));
    memcpy(nonce, text.ptr, NONCE_BYTES);
    nonce[NONCE_BYTES] = 0;
    buffer_free(&text);
}

/* No -PLUS is offered: a client that asks for channel binding is refused (RFC 5802 6). */
static const struct scram_binding no_binding = {{NULL, 0}, {NULL, 0}};

static enum login_result scram_take_first(struct task *t, struct exchange *x, struct scram *scram) {
    struct slice message = SLICE_EMPTY;
    enum login_result result = first_response(t, x, SLICE_EMPTY, &message);
    if (result != LOGIN_OK) return result;
    enum scram_error error = scram_client_first_parse(x->arena, message, &scram->first);
    if (!error) error = scram_client_first_check(&scram->first, false, false, &no_binding);
    return error ? LOGIN_MALFORMED : LOGIN_OK;
}

/* server-first, for which the store gives salt and iterations, and client-final. */
static enum login_result scram_take_final(struct task *t, struct exchange *x, struct scram *scram) {
    struct scram_challenge secret;
    struct slice message = SLICE_EMPTY;
    enum store_result stored = store_scram_challenge(t, x->check.context->store, x->check.user,
                                                     (uint8_t)scram_hash_bytes(scram->hash), &secret);
    if (stored) return login_check_end(t, &x->check, stored, NULL, x->identity);
    make_nonce(x->check.context->env, scram->nonce);
    scram_server_first_write(&scram->server_first, scram->first.nonce, slice_from_text(scram->nonce),
                             slice_of(secret.salt, sizeof secret.salt), secret.iterations);
    enum login_result result = challenge(t, x, buffer_slice(&scram->server_first), &message);
    if (result != LOGIN_OK) return result;
    enum scram_error error = scram_client_final_parse(x->arena, message, scram->hash, &scram->final);
    if (!error)
        error = scram_client_final_check(&scram->final, &scram->first, slice_from_text(scram->nonce),
                                         &no_binding);
    return error ? LOGIN_MALFORMED : LOGIN_OK;
}

/* The last challenge; the client answers it with an empty line (RFC 4954 4: no data with success). */
static enum login_result scram_say_final(struct task *t, struct exchange *x, struct slice signature) {
    struct slice nothing = SLICE_EMPTY;
    struct buffer text = buffer_new(LINE_BYTES_MAX);
    scram_server_final_write(&text, signature);
    enum login_result result = challenge(t, x, buffer_slice(&text), &nothing);
    buffer_free(&text);
    return result == LOGIN_OK && nothing.len ? LOGIN_MALFORMED : result;
}

static enum login_result scram_judge(struct task *t, struct exchange *x, struct scram *scram) {
    uint8_t signature[SCRAM_HASH_BYTES_MAX];
    struct account account = {0};
    size_t hash_bytes = scram_hash_bytes(scram->hash);
    struct buffer message = buffer_new(4 * LINE_BYTES_MAX);
    scram_auth_message_write(&message, scram->first.bare, buffer_slice(&scram->server_first),
                             scram->final.without_proof);
    enum store_result stored = store_scram_verify(
        t, x->check.context->store, x->arena, x->check.user, (uint8_t)hash_bytes, buffer_slice(&message),
        slice_of(scram->final.proof, scram->final.proof_len), signature, &account);
    buffer_free(&message);
    if (stored == STORE_OK) {
        enum login_result said = scram_say_final(t, x, slice_of(signature, hash_bytes));
        if (said != LOGIN_OK) return said;
    }
    return login_check_end(t, &x->check, stored, &account, x->identity);
}

static enum login_result run_scram(struct task *t, struct exchange *x, enum scram_hash hash) {
    struct scram scram = {.hash = hash, .server_first = buffer_new(LINE_BYTES_MAX)};
    enum login_result result = scram_take_first(t, x, &scram);
    if (result == LOGIN_OK) {
        struct slice authzid = scram.first.authzid;
        x->check.user = scram.first.name;
        bool is_oneself = authzid.len == 0 || slice_equal_nocase(authzid, scram.first.name);
        result = is_oneself ? login_check_begin(t, &x->check)
                            : login_check_end(t, &x->check, STORE_DENIED, NULL, x->identity);
    }
    if (result == LOGIN_OK) result = scram_take_final(t, x, &scram);
    if (result == LOGIN_OK) result = scram_judge(t, x, &scram);
    buffer_free(&scram.server_first);
    return result;
}

static enum login_result run_scram_sha_1(struct task *t, struct exchange *x) {
    return run_scram(t, x, SCRAM_HASH_SHA_1);
}

static enum login_result run_scram_sha_256(struct task *t, struct exchange *x) {
    return run_scram(t, x, SCRAM_HASH_SHA_256);
}

static enum login_result (*const runs[SASL_MECHANISM_COUNT])(struct task *t, struct exchange *x) = {
    [SASL_MECHANISM_PLAIN] = run_plain,
    [SASL_MECHANISM_LOGIN] = run_login,
    [SASL_MECHANISM_SCRAM_SHA_1] = run_scram_sha_1,
    [SASL_MECHANISM_SCRAM_SHA_256] = run_scram_sha_256,
};

enum login_result login_sasl(struct task *t, struct login_context *context, struct conn *conn,
                             struct slice prefix, struct slice mechanism, struct slice initial,
                             struct login_identity *identity) {
    enum sasl_mechanism known = sasl_mechanism_of(mechanism);
    if (!runs[known]) return LOGIN_UNKNOWN_MECHANISM;
    if (!login_is_private(context, conn)) return LOGIN_NEEDS_TLS;
    struct exchange x = {.check = {context, conn, sasl_mechanism_name(known), SLICE_EMPTY},
                         .prefix = prefix,
                         .initial = initial,
                         .arena = arena_new(LOGIN_EXCHANGE_MEMORY_BYTES_MAX),
                         .identity = identity};
    /* However slowly its lines come. */
    int64_t until_ms = conn->until_ms;
    int64_t exchange_until_ms = env_now_ms(context->env) + LOGIN_EXCHANGE_MS_MAX;
    conn_set_until_ms(conn, exchange_until_ms < until_ms ? exchange_until_ms : until_ms);
    /* `initial` lives only until the first read: it is decoded, or copied, before. */
    enum login_result result = runs[known](t, &x);
    conn_set_until_ms(conn, until_ms);
    arena_free(&x.arena);
    return result;
}

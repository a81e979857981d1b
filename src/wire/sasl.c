#include "wire/sasl.h"

#include "base/encode.h"
#include "base/limits.h"
#include "wire/wire_text.h"

static const struct slice mechanism_names[SASL_MECHANISM_COUNT] = {
    [SASL_MECHANISM_UNKNOWN] = SLICE_INIT(""),
    [SASL_MECHANISM_PLAIN] = SLICE_INIT("PLAIN"),
    [SASL_MECHANISM_LOGIN] = SLICE_INIT("LOGIN"),
    [SASL_MECHANISM_SCRAM_SHA_1] = SLICE_INIT("SCRAM-SHA-1"),
    [SASL_MECHANISM_SCRAM_SHA_1_PLUS] = SLICE_INIT("SCRAM-SHA-1-PLUS"),
    [SASL_MECHANISM_SCRAM_SHA_256] = SLICE_INIT("SCRAM-SHA-256"),
    [SASL_MECHANISM_SCRAM_SHA_256_PLUS] = SLICE_INIT("SCRAM-SHA-256-PLUS"),
    [SASL_MECHANISM_XOAUTH2] = SLICE_INIT("XOAUTH2"),
    [SASL_MECHANISM_OAUTHBEARER] = SLICE_INIT("OAUTHBEARER"),
};

enum sasl_mechanism sasl_mechanism_of(struct slice name) {
    for (int i = SASL_MECHANISM_UNKNOWN + 1; i < SASL_MECHANISM_COUNT; i++)
        if (slice_equal_nocase(name, mechanism_names[i])) return (enum sasl_mechanism)i;
    return SASL_MECHANISM_UNKNOWN;
}

struct slice sasl_mechanism_name(enum sasl_mechanism mechanism) {
    ASSERT(mechanism < SASL_MECHANISM_COUNT);
    return mechanism_names[mechanism];
}

enum sasl_error sasl_response_decode(struct arena *arena, struct slice line, struct slice *response) {
    if (slice_equal(line, SLICE("*"))) return SASL_CANCELLED;
    if (line.len > (SASL_RESPONSE_BYTES_MAX + 2) / 3 * 4) return SASL_TOO_LONG;
    struct buffer decoded = buffer_new(SASL_RESPONSE_BYTES_MAX);
    /* All its memory at once: growing would leave pieces of a password behind. */
    if (line.len >= 4) (void)buffer_reserve(&decoded, line.len / 4 * 3);
    enum sasl_error error = base64_decode(&decoded, line) ? SASL_OK : SASL_BASE64_INVALID;
    if (buffer_overflowed(&decoded)) error = SASL_TOO_LONG;
    if (!error && !arena_try_copy(arena, buffer_slice(&decoded), response)) error = SASL_OVER_BUDGET;
    if (decoded.ptr) explicit_bzero(decoded.ptr, decoded.len);
    buffer_free(&decoded);
    return error;
}

enum sasl_error sasl_initial_decode(struct arena *arena, struct slice text, struct slice *response) {
    if (text.len == 0) return SASL_BASE64_INVALID;
    if (slice_equal(text, SLICE("="))) text = SLICE_EMPTY;
    return sasl_response_decode(arena, text, response);
}

static enum sasl_error check_text(struct slice text, size_t bytes_max) {
    if (text.len > bytes_max) return SASL_TOO_LONG;
    /* RFC 4616 2 has both prepared by SASLprep, which forbids control bytes (RFC 3454 C.2.1). */
    return wire_text_kind(text) > WIRE_TEXT_UTF8 ? SASL_MESSAGE_INVALID : SASL_OK;
}

static enum sasl_error check_name(struct slice name) { return check_text(name, SASL_NAME_BYTES_MAX); }

static enum sasl_error check_password(struct slice password) {
    return check_text(password, SASL_PASSWORD_BYTES_MAX);
}

/* RFC 4616 2: [authzid] NUL authcid NUL passwd. A third NUL is in the password, where it is refused. */
enum sasl_error sasl_plain_parse(struct slice message, struct sasl_plain *plain) {
    if (message.len > SASL_RESPONSE_BYTES_MAX) return SASL_TOO_LONG;
    plain->authzid = slice_take_until(&message, 0);
    if (!slice_take_byte(&message, 0)) return SASL_MESSAGE_INVALID;
    plain->authcid = slice_take_until(&message, 0);
    if (!slice_take_byte(&message, 0)) return SASL_MESSAGE_INVALID;
    plain->password = message;
    if (plain->authcid.len == 0 || plain->password.len == 0) return SASL_MESSAGE_INVALID;
    enum sasl_error error = check_name(plain->authzid);
    if (!error) error = check_name(plain->authcid);
    return error ? error : check_password(plain->password);
}

void sasl_plain_write(struct buffer *out, const struct sasl_plain *plain) {
    buffer_append(out, plain->authzid);
    buffer_append_byte(out, 0);
    buffer_append(out, plain->authcid);
    buffer_append_byte(out, 0);
    buffer_append(out, plain->password);
}

struct slice sasl_login_challenge(const struct sasl_login *login) {
    return login->has_name ? SLICE("Password:") : SLICE("Username:");
}

enum sasl_error sasl_login_answer(struct sasl_login *login, struct slice response) {
    ASSERT(!login->is_complete);
    if (response.len == 0) return SASL_MESSAGE_INVALID;
    enum sasl_error error = login->has_name ? check_password(response) : check_name(response);
    if (error) return error;
    if (login->has_name)
        login->password = response;
    else
        login->name = response;
    login->is_complete = login->has_name;
    login->has_name = true;
    return SASL_OK;
}

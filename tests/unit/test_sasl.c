/* SASL: base64 lines, PLAIN, LOGIN, and SCRAM from both sides. */
#include "test.h"

#include "base/encode.h"
#include "base/limits.h"
#include "wire/sasl.h"
#include "wire/scram_client.h"

static void mechanisms_have_their_registered_names(void **state) {
    assert_int_equal(sasl_mechanism_of(SLICE("plain")), SASL_MECHANISM_PLAIN);
    assert_int_equal(sasl_mechanism_of(SLICE("")), SASL_MECHANISM_UNKNOWN);
    assert_int_equal(sasl_mechanism_of(SLICE("SCRAM-SHA-2567")), SASL_MECHANISM_UNKNOWN);
    for (int i = 1; i < SASL_MECHANISM_COUNT; i++) {
        struct slice name = sasl_mechanism_name((enum sasl_mechanism)i);
        assert_int_equal(sasl_mechanism_of(name), i);
    }
    assert_slice(sasl_mechanism_name(SASL_MECHANISM_SCRAM_SHA_256_PLUS), "SCRAM-SHA-256-PLUS");
}

static void base64_lines_have_a_cancel_and_an_empty_form(void **state) {
    struct arena *arena = arena_new(KIB(64));
    struct slice response = SLICE("?");
    assert_int_equal(sasl_initial_decode(arena, SLICE("="), &response), SASL_OK);
    assert_int_equal(response.len, 0);
    assert_int_equal(sasl_initial_decode(arena, SLICE("AGEAYg=="), &response), SASL_OK);
    assert_true(slice_equal(response, SLICE("\0a\0b")));
    assert_int_equal(sasl_response_decode(arena, SLICE(""), &response), SASL_OK);
    assert_int_equal(response.len, 0);
    assert_int_equal(sasl_response_decode(arena, SLICE("*"), &response), SASL_CANCELLED);
    static const char *const bad[] = {"=", "**", "AGEAYg", "AGE AYg=", "AGEAYg==\r", "A", "AGEAYh=="};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(sasl_response_decode(arena, slice_from_text(bad[i]), &response),
                         SASL_BASE64_INVALID);
    arena_free(&arena);
}

static void a_megabyte_is_refused(void **state) {
    struct arena *arena = arena_new(KIB(64));
    struct buffer text = buffer_new(MIB(1));
    struct slice response;
    struct sasl_plain plain;
    while (text.len < MIB(1)) buffer_append(&text, SLICE("QUJD"));
    assert_int_equal(sasl_response_decode(arena, buffer_slice(&text), &response), SASL_TOO_LONG);
    assert_int_equal(sasl_plain_parse(buffer_slice(&text), &plain), SASL_TOO_LONG);
    text.len = SASL_RESPONSE_BYTES_MAX / 3 * 4;
    assert_int_equal(sasl_response_decode(arena, buffer_slice(&text), &response), SASL_OK);
    arena_free(&arena);
    arena = arena_new(16);
    assert_int_equal(sasl_response_decode(arena, buffer_slice(&text), &response), SASL_OVER_BUDGET);
    arena_free(&arena);
    buffer_free(&text);
}

static void plain_needs_exactly_two_nuls(void **state) {
    static const struct slice bad[] = {
        SLICE_INIT(""),           SLICE_INIT("a"),         SLICE_INIT("a\0b"),
        SLICE_INIT("\0a\0b\0c"),  SLICE_INIT("\0a\0b\0"),  SLICE_INIT("\0\0b"),
        SLICE_INIT("\0a\0"),      SLICE_INIT("\0\0"),      SLICE_INIT("\0\0\0"),
        SLICE_INIT("\0\xff\0b"),  SLICE_INIT("\0a\tb\0c"), SLICE_INIT("\0a\0b\x0c\xff"),
        SLICE_INIT("\xff\0a\0b"), SLICE_INIT("\0a\0\xc3"),
    };
    struct sasl_plain plain;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(sasl_plain_parse(bad[i], &plain), SASL_MESSAGE_INVALID);
}

static void plain_takes_any_text_as_data(void **state) {
    struct buffer out = buffer_new(KIB(1));
    static const char *const names[] = {"joe", "%{x}", "'", "*)(", "j\xc3\xb6@x", "a b"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct sasl_plain sent = {SLICE("act"), slice_from_text(names[i]), SLICE(" p w ")};
        struct sasl_plain plain;
        buffer_clear(&out);
        sasl_plain_write(&out, &sent);
        assert_int_equal(sasl_plain_parse(buffer_slice(&out), &plain), SASL_OK);
        assert_slice(plain.authzid, "act");
        assert_slice(plain.authcid, names[i]);
        assert_slice(plain.password, " p w ");
    }
    buffer_free(&out);
}

static void login_asks_twice_and_takes_an_initial_response(void **state) {
    struct sasl_login login = {.has_name = false};
    assert_slice(sasl_login_challenge(&login), "Username:");
    assert_int_equal(sasl_login_answer(&login, SLICE("")), SASL_MESSAGE_INVALID);
    assert_int_equal(sasl_login_answer(&login, SLICE("a\0")), SASL_MESSAGE_INVALID);
    assert_int_equal(sasl_login_answer(&login, SLICE("joe")), SASL_OK);
    assert_false(login.is_complete);
    assert_slice(sasl_login_challenge(&login), "Password:");
    assert_int_equal(sasl_login_answer(&login, SLICE("secret")), SASL_OK);
    assert_true(login.is_complete);
    assert_slice(login.name, "joe");
    assert_slice(login.password, "secret");
}

/* One exchange with all it needs. */
struct exchange {
    struct arena *arena;
    struct scram_client client;
    struct scram_keys secret;
    struct slice server_nonce;
    struct scram_binding server_binding;
    bool plus;
    bool plus_offered;
    struct buffer client_first, server_first, client_final, auth_message, server_final;
    struct scram_client_first first;
    struct scram_client_final final;
};

static int exchange_new(void **state) {
    struct exchange *x = calloc(1, sizeof *x);
    if (!x) return -1;
    x->arena = arena_new(KIB(64));
    x->client_first = x->server_first = x->client_final = buffer_new(KIB(16));
    x->auth_message = x->server_final = buffer_new(KIB(32));
    x->client = (struct scram_client){.hash = SCRAM_HASH_SHA_256,
                                      .name = SLICE("user"),
                                      .password = SLICE("pencil"),
                                      .nonce = SLICE("rOprNGfwEbeRWgbNEkqO"),
                                      .binding_flag = 'n'};
    x->server_nonce = SLICE("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
    *state = x;
    return 0;
}

static int exchange_free(void **state) {
    struct exchange *x = *state;
    arena_free(&x->arena);
    struct buffer *buffers[] = {&x->client_first, &x->server_first, &x->client_final, &x->auth_message,
                                &x->server_final};
    for (size_t i = 0; i < 5; i++) buffer_free(buffers[i]);
    free(x);
    return 0;
}

static void set_secret(struct exchange *x, const char *password, const char *salt_base64) {
    struct buffer salt = buffer_new(64);
    assert_true(base64_decode(&salt, slice_from_text(salt_base64)));
    assert_int_equal(
        scram_secret_derive(x->client.hash, slice_from_text(password), buffer_slice(&salt), 4096, &x->secret),
        SCRAM_OK);
    buffer_free(&salt);
}

static enum scram_error exchange_first(struct exchange *x) {
    scram_client_first_write(&x->client_first, &x->client);
    enum scram_error error = scram_client_first_parse(x->arena, buffer_slice(&x->client_first), &x->first);
    return error ? error : scram_client_first_check(&x->first, x->plus, x->plus_offered, &x->server_binding);
}

static enum scram_error exchange_final(struct exchange *x) {
    scram_server_first_write(&x->server_first, x->first.nonce, x->server_nonce,
                             slice_of(x->secret.salt, x->secret.salt_len), x->secret.iterations);
    enum scram_error error =
        scram_client_final_write(&x->client_final, &x->client, buffer_slice(&x->server_first));
    if (!error)
        error = scram_client_final_parse(x->arena, buffer_slice(&x->client_final), x->client.hash, &x->final);
    return error ? error
                 : scram_client_final_check(&x->final, &x->first, x->server_nonce, &x->server_binding);
}

static bool exchange_check(struct exchange *x) {
    uint8_t signature[SCRAM_HASH_BYTES_MAX];
    scram_auth_message_write(&x->auth_message, x->first.bare, buffer_slice(&x->server_first),
                             x->final.without_proof);
    bool good = scram_secret_check(&x->secret, buffer_slice(&x->auth_message),
                                   slice_of(x->final.proof, x->final.proof_len), signature);
    scram_server_final_write(&x->server_final, slice_of(signature, scram_hash_bytes(x->secret.hash)));
    return good;
}

static void the_example_of_rfc_5802_comes_out_byte_for_byte(void **state) {
    struct exchange *x = *state;
    x->client.hash = SCRAM_HASH_SHA_1;
    x->client.nonce = SLICE("fyko+d2lbbFgONRv9qkxdawL");
    x->server_nonce = SLICE("3rfcNHYJY1ZVvWVs7j");
    set_secret(x, "pencil", "QSXCR+Q6sek8bf92");
    assert_int_equal(exchange_first(x), SCRAM_OK);
    assert_slice(buffer_slice(&x->client_first), "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
    assert_int_equal(exchange_final(x), SCRAM_OK);
    assert_slice(buffer_slice(&x->server_first),
                 "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096");
    assert_slice(buffer_slice(&x->client_final), "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
                                                 "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
    assert_true(exchange_check(x));
    assert_slice(buffer_slice(&x->server_final), "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
    assert_int_equal(scram_client_finish(&x->client, buffer_slice(&x->server_final)), SCRAM_OK);
}

static void the_example_of_rfc_7677_comes_out_byte_for_byte(void **state) {
    struct exchange *x = *state;
    set_secret(x, "pencil", "W22ZaJ0SNY7soEsUEjb6gQ==");
    assert_int_equal(exchange_first(x), SCRAM_OK);
    assert_int_equal(exchange_final(x), SCRAM_OK);
    assert_slice(buffer_slice(&x->client_final),
                 "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                 "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    assert_true(exchange_check(x));
    assert_slice(buffer_slice(&x->server_final), "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    assert_int_equal(scram_client_finish(&x->client, buffer_slice(&x->server_final)), SCRAM_OK);
}

static void a_wrong_password_fails_on_both_sides(void **state) {
    struct exchange *x = *state;
    set_secret(x, "pencil2", "W22ZaJ0SNY7soEsUEjb6gQ==");
    assert_int_equal(exchange_first(x), SCRAM_OK);
    assert_int_equal(exchange_final(x), SCRAM_OK);
    assert_false(exchange_check(x));
    assert_int_equal(scram_client_finish(&x->client, buffer_slice(&x->server_final)),
                     SCRAM_SIGNATURE_INVALID);
}

static void every_flipped_bit_of_a_proof_is_noticed(void **state) {
    struct exchange *x = *state;
    set_secret(x, "pencil", "W22ZaJ0SNY7soEsUEjb6gQ==");
    assert_int_equal(exchange_first(x), SCRAM_OK);
    assert_int_equal(exchange_final(x), SCRAM_OK);
    for (size_t i = 0; i < 256; i++) {
        x->final.proof[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_false(exchange_check(x));
        x->final.proof[i / 8] ^= (uint8_t)(1 << i % 8);
        buffer_clear(&x->auth_message);
        buffer_clear(&x->server_final);
    }
    x->final.proof_len = 31;
    assert_false(exchange_check(x));
}

static void an_unknown_user_looks_like_a_wrong_password(void **state) {
    struct exchange *x = *state;
    struct scram_keys again;
    scram_secret_invent(SCRAM_HASH_SHA_256, SLICE("server key"), x->client.name, 4096, &x->secret);
    scram_secret_invent(SCRAM_HASH_SHA_256, SLICE("server key"), x->client.name, 4096, &again);
    assert_memory_equal(x->secret.salt, again.salt, sizeof again.salt);
    scram_secret_invent(SCRAM_HASH_SHA_256, SLICE("server key"), SLICE("other"), 4096, &again);
    assert_memory_not_equal(x->secret.salt, again.salt, 16);
    assert_int_equal(exchange_first(x), SCRAM_OK);
    assert_int_equal(exchange_final(x), SCRAM_OK);
    assert_false(exchange_check(x));
}

static void names_are_data_and_survive_their_encoding(void **state) {
    struct exchange *x = *state;
    x->client.name = SLICE("a=b,c%{x}'*)(=2C");
    x->client.authzid = SLICE("other,one");
    set_secret(x, "pencil", "W22ZaJ0SNY7soEsUEjb6gQ==");
    assert_int_equal(exchange_first(x), SCRAM_OK);
    assert_true(slice_equal(x->first.name, x->client.name));
    assert_slice(x->first.authzid, "other,one");
    assert_int_equal(exchange_final(x), SCRAM_OK);
    assert_true(exchange_check(x));
}

static void channel_binding_ties_the_login_to_its_channel(void **state) {
    struct exchange *x = *state;
    x->client.binding_flag = 'p';
    x->client.binding = (struct scram_binding){SLICE("tls-exporter"), SLICE("\1\2\3\0\4")};
    x->server_binding = x->client.binding;
    x->plus = x->plus_offered = true;
    set_secret(x, "pencil", "W22ZaJ0SNY7soEsUEjb6gQ==");
    assert_int_equal(exchange_first(x), SCRAM_OK);
    assert_int_equal(exchange_final(x), SCRAM_OK);
    assert_true(exchange_check(x));
    x->server_binding.data = SLICE("\1\2\3\0\5");
    assert_int_equal(scram_client_final_check(&x->final, &x->first, x->server_nonce, &x->server_binding),
                     SCRAM_BINDING_MISMATCH);
    x->server_binding.data = SLICE("");
    assert_int_equal(scram_client_final_check(&x->final, &x->first, x->server_nonce, &x->server_binding),
                     SCRAM_BINDING_MISMATCH);
    x->server_binding.type = SLICE("tls-server-end-point");
    assert_int_equal(scram_client_first_check(&x->first, true, true, &x->server_binding),
                     SCRAM_BINDING_UNKNOWN);
}

static void downgrades_of_channel_binding_are_noticed(void **state) {
    struct exchange *x = *state;
    x->client.binding_flag = 'y';
    assert_int_equal(exchange_first(x), SCRAM_OK);
    assert_int_equal(scram_client_first_check(&x->first, false, true, &x->server_binding),
                     SCRAM_BINDING_DOWNGRADE);
    assert_int_equal(scram_client_first_check(&x->first, true, true, &x->server_binding),
                     SCRAM_BINDING_UNWANTED);
    x->first.binding_flag = 'p';
    assert_int_equal(scram_client_first_check(&x->first, false, true, &x->server_binding),
                     SCRAM_BINDING_UNWANTED);
}

static void another_exchanges_nonce_is_refused(void **state) {
    struct exchange *x = *state;
    set_secret(x, "pencil", "W22ZaJ0SNY7soEsUEjb6gQ==");
    assert_int_equal(exchange_first(x), SCRAM_OK);
    assert_int_equal(exchange_final(x), SCRAM_OK);
    static const char *const nonces[] = {"", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k",
                                         "x%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            scram_client_final_check(&x->final, &x->first, slice_from_text(nonces[i]), &x->server_binding),
            SCRAM_NONCE_MISMATCH);
    x->first.nonce = SLICE("other");
    assert_int_equal(scram_client_final_check(&x->final, &x->first, x->server_nonce, &x->server_binding),
                     SCRAM_NONCE_MISMATCH);
}

static void bad_client_first_messages_have_typed_errors(void **state) {
    static const struct {
        struct slice message;
        enum scram_error error;
    } rows[] = {
        {SLICE_INIT(""), SCRAM_MESSAGE_INVALID},
        {SLICE_INIT("n"), SCRAM_MESSAGE_INVALID},
        {SLICE_INIT("n,"), SCRAM_MESSAGE_INVALID},
        {SLICE_INIT("n,,"), SCRAM_MESSAGE_INVALID},
        {SLICE_INIT("x,,n=u,r=a"), SCRAM_MESSAGE_INVALID},
        {SLICE_INIT("p=,,n=u,r=a"), SCRAM_MESSAGE_INVALID},
        {SLICE_INIT("p,,n=u,r=a"), SCRAM_MESSAGE_INVALID},
        {SLICE_INIT("nn,,n=u,r=a"), SCRAM_MESSAGE_INVALID},
        {SLICE_INIT("n,b=x,n=u,r=a"), SCRAM_MESSAGE_INVALID},
        {SLICE_INIT("n,a=,n=u,r=a"), SCRAM_NAME_INVALID},
        {SLICE_INIT("n,,m=ext,n=u,r=a"), SCRAM_EXTENSION_REQUIRED},
        {SLICE_INIT("n,,n=,r=a"), SCRAM_NAME_INVALID},
        {SLICE_INIT("n,,n=a=b,r=a"), SCRAM_NAME_INVALID},
        {SLICE_INIT("n,,n=a=2c,r=a"), SCRAM_NAME_INVALID},
        {SLICE_INIT("n,,n=a=2,r=a"), SCRAM_NAME_INVALID},
        {SLICE_INIT("n,,n=u"), SCRAM_MESSAGE_INVALID},
        {SLICE_INIT("n,,r=a,n=u"), SCRAM_MESSAGE_INVALID},
        {SLICE_INIT("n,,n=u,r="), SCRAM_NONCE_INVALID},
        {SLICE_INIT("n,,n=u,r=a b"), SCRAM_NONCE_INVALID},
        {SLICE_INIT("n,,n=u,r=\xc3\xa4"), SCRAM_NONCE_INVALID},
        {SLICE_INIT("n,,n=u,r=a,xx"), SCRAM_MESSAGE_INVALID},
        {SLICE_INIT("n,,n=u\0,r=a"), SCRAM_MESSAGE_INVALID},
        {SLICE_INIT("n,,n=\xff,r=a"), SCRAM_MESSAGE_INVALID},
        {SLICE_INIT("n,,n=\xff\x0c,r=a"), SCRAM_MESSAGE_INVALID},
        {SLICE_INIT("n,,n=u,r=a,x=1"), SCRAM_OK},
    };
    struct exchange *x = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(scram_client_first_parse(x->arena, rows[i].message, &x->first), rows[i].error);
}

static void bad_client_final_messages_have_typed_errors(void **state) {
    static const struct {
        const char *message;
        enum scram_error error;
    } rows[] = {
        {"", SCRAM_MESSAGE_INVALID},
        {"c=biws,r=a", SCRAM_MESSAGE_INVALID},
        {"p=AAAA", SCRAM_MESSAGE_INVALID},
        {"c=,r=a,p=AAAA", SCRAM_MESSAGE_INVALID},
        {"c=biw,r=a,p=AAAA", SCRAM_MESSAGE_INVALID},
        {"r=a,c=biws,p=AAAA", SCRAM_MESSAGE_INVALID},
        {"c=biws,m=x,r=a,p=AAAA", SCRAM_EXTENSION_REQUIRED},
        {"c=biws,r=a,p=AAAA", SCRAM_PROOF_INVALID},
        {"c=biws,r=a,p=", SCRAM_PROOF_INVALID},
        {"c=biws,r=a,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=,x=1", SCRAM_MESSAGE_INVALID},
        {"c=biws,r=a,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ", SCRAM_PROOF_INVALID},
        {"c=biws,r=a,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", SCRAM_PROOF_INVALID},
        {"c=biws,r=a,x=1,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", SCRAM_OK},
    };
    struct exchange *x = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(scram_client_final_parse(x->arena, slice_from_text(rows[i].message),
                                                  SCRAM_HASH_SHA_256, &x->final),
                         rows[i].error);
}

static void a_client_is_not_led_astray_by_its_server(void **state) {
    static const struct {
        const char *message;
        enum scram_error error;
    } rows[] = {
        {"r=rOprNGfwEbeRWgbNEkqOx,s=QSXC,i=1", SCRAM_ITERATIONS_INVALID},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=QSXC,i=4095", SCRAM_ITERATIONS_INVALID},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=QSXC,i=1000001", SCRAM_ITERATIONS_INVALID},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=QSXC,i=99999999999999999999", SCRAM_ITERATIONS_INVALID},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=QSXC,i=-1", SCRAM_ITERATIONS_INVALID},
        {"r=rOprNGfwEbeRWgbNEkqO,s=QSXC,i=4096", SCRAM_NONCE_MISMATCH},
        {"r=other,s=QSXC,i=4096", SCRAM_NONCE_MISMATCH},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096", SCRAM_SALT_INVALID},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=QSX,i=4096", SCRAM_SALT_INVALID},
        {"m=x,r=rOprNGfwEbeRWgbNEkqOx,s=QSXC,i=4096", SCRAM_EXTENSION_REQUIRED},
        {"e=other-error", SCRAM_REFUSED},
        {"", SCRAM_MESSAGE_INVALID},
    };
    struct exchange *x = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(
            scram_client_final_write(&x->client_final, &x->client, slice_from_text(rows[i].message)),
            rows[i].error);
    assert_int_equal(scram_client_finish(&x->client, SLICE("e=invalid-proof")), SCRAM_REFUSED);
    assert_int_equal(scram_client_finish(&x->client, SLICE("v=AAAA")), SCRAM_SIGNATURE_INVALID);
    assert_int_equal(scram_client_finish(&x->client, SLICE("x=AAAA")), SCRAM_MESSAGE_INVALID);
}

static void secrets_are_bounded_too(void **state) {
    struct scram_keys secret;
    struct slice salt = SLICE("0123456789abcdef");
    static const uint32_t counts[] = {0, 1, 4095, 1000001, UINT32_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        assert_int_equal(scram_secret_derive(SCRAM_HASH_SHA_256, SLICE("x"), salt, counts[i], &secret),
                         SCRAM_ITERATIONS_INVALID);
    assert_int_equal(scram_secret_derive(SCRAM_HASH_SHA_256, SLICE("x"), SLICE(""), 4096, &secret),
                     SCRAM_SALT_INVALID);
    assert_int_equal(scram_secret_derive(SCRAM_HASH_SHA_256, SLICE(""), salt, 4096, &secret),
                     SCRAM_PASSWORD_INVALID);
}

/* RFC 4013 3 */
static void passwords_are_prepared_by_saslprep(void **state) {
    static const struct {
        const char *password, *prepared;
    } rows[] = {
        {"user", "user"},
        {"USER", "USER"},
        {"I\xc2\xadX", "IX"},
        {"\xc2\xaa", "a"},
        {"\xe2\x85\xa8", "IX"},
        {"a\xc2\xa0"
         "b",
         "a b"},
        {"\xf0\x9f\xa6\x84", "\xf0\x9f\xa6\x84"},
        {"\x07", NULL},
        {"\xd8\xa7"
         "1",
         NULL},
        {"\xff", NULL},
        {"", NULL},
    };
    struct buffer prepared = buffer_new(SASL_PASSWORD_BYTES_MAX);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        buffer_clear(&prepared);
        bool good = scram_password_prepare(slice_from_text(rows[i].password), &prepared);
        assert_int_equal(good, rows[i].prepared != NULL);
        if (good) assert_slice(buffer_slice(&prepared), rows[i].prepared);
    }
    buffer_free(&prepared);
}

static void a_prepared_password_of_any_spelling_logs_in(void **state) {
    struct exchange *x = *state;
    x->client.password = SLICE("bu\xcc\x88"
                               "cher\xe2\x85\xa8");
    set_secret(x,
               "b\xc3\xbc"
               "cherIX",
               "W22ZaJ0SNY7soEsUEjb6gQ==");
    assert_int_equal(exchange_first(x), SCRAM_OK);
    assert_int_equal(exchange_final(x), SCRAM_OK);
    assert_true(exchange_check(x));
}

static void errors_have_the_words_of_the_rfc(void **state) {
    struct buffer out = buffer_new(KIB(1));
    scram_server_error_write(&out, SCRAM_BINDING_MISMATCH);
    assert_slice(buffer_slice(&out), "e=channel-bindings-dont-match");
    buffer_clear(&out);
    scram_server_error_write(&out, SCRAM_NONCE_MISMATCH);
    assert_slice(buffer_slice(&out), "e=other-error");
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mechanisms_have_their_registered_names),
        cmocka_unit_test(base64_lines_have_a_cancel_and_an_empty_form),
        cmocka_unit_test(a_megabyte_is_refused),
        cmocka_unit_test(plain_needs_exactly_two_nuls),
        cmocka_unit_test(plain_takes_any_text_as_data),
        cmocka_unit_test(login_asks_twice_and_takes_an_initial_response),
#define WITH_EXCHANGE(test) cmocka_unit_test_setup_teardown(test, exchange_new, exchange_free)
        WITH_EXCHANGE(the_example_of_rfc_5802_comes_out_byte_for_byte),
        WITH_EXCHANGE(the_example_of_rfc_7677_comes_out_byte_for_byte),
        WITH_EXCHANGE(a_wrong_password_fails_on_both_sides),
        WITH_EXCHANGE(every_flipped_bit_of_a_proof_is_noticed),
        WITH_EXCHANGE(an_unknown_user_looks_like_a_wrong_password),
        WITH_EXCHANGE(names_are_data_and_survive_their_encoding),
        WITH_EXCHANGE(channel_binding_ties_the_login_to_its_channel),
        WITH_EXCHANGE(downgrades_of_channel_binding_are_noticed),
        WITH_EXCHANGE(another_exchanges_nonce_is_refused),
        WITH_EXCHANGE(bad_client_first_messages_have_typed_errors),
        WITH_EXCHANGE(bad_client_final_messages_have_typed_errors),
        WITH_EXCHANGE(a_client_is_not_led_astray_by_its_server),
        cmocka_unit_test(secrets_are_bounded_too),
        cmocka_unit_test(passwords_are_prepared_by_saslprep),
        WITH_EXCHANGE(a_prepared_password_of_any_spelling_logs_in),
        cmocka_unit_test(errors_have_the_words_of_the_rfc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

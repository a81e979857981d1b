/* ACME (RFC 8555): keys and signatures, what CAs say, certificates that come, and what is kept. */
#include "test.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "acme/challenges.h"
#include "acme/key.h"
#include "acme/state.h"
#include "base/encode.h"
#include "certificate.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The key of RFC 7515 A.3.1. */
static const char rfc_key[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff\n"
                              "H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp\n"
                              "7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt\n"
                              "-----END PRIVATE KEY-----\n";
#define RFC_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define RFC_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"

static struct buffer text_new(void) { return buffer_new(1 << 20); }

/* ---- keys ---- */

static void a_key_has_its_jwk_and_thumbprint(void **state) {
    struct acme_point point;
    struct buffer jwk = text_new();
    struct buffer thumbprint = text_new();
    assert_true(acme_key_point(slice_from_text(rfc_key), &point));
    acme_jwk_write(&jwk, &point);
    assert_slice(buffer_slice(&jwk),
                 "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" RFC_X "\",\"y\":\"" RFC_Y "\"}");
    acme_thumbprint(&thumbprint, &point);
    assert_slice(buffer_slice(&thumbprint), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
    buffer_free(&jwk);
    buffer_free(&thumbprint);
}

static void keys_are_new_each_time_and_what_is_none_is_refused(void **state) {
    struct buffer first = text_new();
    struct buffer second = text_new();
    struct acme_point point;
    assert_true(acme_key_make(&first) && acme_key_make(&second));
    assert_false(slice_equal(buffer_slice(&first), buffer_slice(&second)));
    assert_true(first.len <= ACME_KEY_PEM_BYTES_MAX);
    assert_true(acme_key_point(buffer_slice(&first), &point));
    assert_false(acme_key_point(SLICE("no key"), &point));
    assert_false(acme_key_point(SLICE_EMPTY, &point));
    buffer_free(&first);
    buffer_free(&second);
}

/* r and s as DER, which OpenSSL checks. */
static bool is_signed(struct slice input, const uint8_t signature[ACME_SIGNATURE_BYTES]) {
    BIO *bio = BIO_new_mem_buf(rfc_key, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ECDSA_SIG *numbers = ECDSA_SIG_new();
    unsigned char *der = NULL;
    (void)ECDSA_SIG_set0(numbers, BN_bin2bn(signature, 32, NULL), BN_bin2bn(signature + 32, 32, NULL));
    int len = i2d_ECDSA_SIG(numbers, &der);
    bool good = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(context, der, (size_t)len, input.ptr, input.len) == 1;
    OPENSSL_free(der);
    ECDSA_SIG_free(numbers);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return good;
}

/* A signature's numbers may begin with zeros: many are tried. */
static void signatures_are_64_bytes_that_verify(void **state) {
    uint8_t signature[ACME_SIGNATURE_BYTES];
    for (int i = 0; i < 600; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "header.payload %d", i);
        assert_true(acme_key_sign(slice_from_text(rfc_key), slice_from_text(text), signature));
        if (!is_signed(slice_from_text(text), signature)) fail_msg("%s", text);
    }
    assert_false(acme_key_sign(SLICE("no key"), SLICE("x"), signature));
}

static void a_request_names_all_names(void **state) {
    const struct slice names[] = {SLICE("mail.example.test"), SLICE("mta-sts.example.test")};
    struct buffer der = text_new();
    assert_true(acme_csr_make(slice_from_text(rfc_key), names, COUNT(names), &der));
    const uint8_t *at = der.ptr;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der.len);
    assert_non_null(request);
    assert_int_equal(X509_REQ_verify(request, X509_REQ_get0_pubkey(request)), 1);
    assert_int_equal(X509_NAME_entry_count(X509_REQ_get_subject_name(request)), 0);
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
    GENERAL_NAMES *told = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
    assert_int_equal(sk_GENERAL_NAME_num(told), COUNT(names));
    for (size_t i = 0; i < COUNT(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(told, (int)i);
        struct slice text =
            slice_of(ASN1_STRING_get0_data(name->d.dNSName), (size_t)ASN1_STRING_length(name->d.dNSName));
        assert_true(slice_equal(text, names[i]));
    }
    GENERAL_NAMES_free(told);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    X509_REQ_free(request);
    assert_false(acme_csr_make(slice_from_text(rfc_key), names, 0, &der));
    buffer_free(&der);
}

/* ---- what is written ---- */

static struct slice decoded(struct buffer *out, struct slice text) {
    struct buffer padded = text_new();
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        buffer_append_byte(&padded, c == '-' ? '+' : c == '_' ? '/' : c);
    }
    while (padded.len % 4) buffer_append_byte(&padded, '=');
    buffer_clear(out);
    assert_true(base64_decode(out, buffer_slice(&padded)));
    buffer_free(&padded);
    return buffer_slice(out);
}

static void a_header_has_the_key_or_the_account(void **state) {
    struct acme_point point;
    struct buffer out = text_new();
    struct buffer plain = text_new();
    assert_true(acme_key_point(slice_from_text(rfc_key), &point));
    acme_protected_write(&out, SLICE("n-1"), SLICE("https://ca.test/a"), SLICE_EMPTY, &point);
    assert_slice(
        decoded(&plain, buffer_slice(&out)),
        "{\"alg\":\"ES256\",\"nonce\":\"n-1\",\"url\":\"https://ca.test/a\",\"jwk\":{\"crv\":\"P-256\","
        "\"kty\":\"EC\",\"x\":\"" RFC_X "\",\"y\":\"" RFC_Y "\"}}");
    buffer_clear(&out);
    acme_protected_write(&out, SLICE("n-2"), SLICE("https://ca.test/b"), SLICE("https://ca.test/1"), &point);
    assert_slice(
        decoded(&plain, buffer_slice(&out)),
        "{\"alg\":\"ES256\",\"nonce\":\"n-2\",\"url\":\"https://ca.test/b\",\"kid\":\"https://ca.test/1\"}");
    buffer_free(&out);
    buffer_free(&plain);
}

static void payloads_are_as_the_rfc_has_them(void **state) {
    const struct slice names[] = {SLICE("a.test"), SLICE("b.test")};
    struct buffer out = text_new();
    acme_account_payload(&out, SLICE("admin@a.test"), true);
    assert_slice(buffer_slice(&out), "{\"termsOfServiceAgreed\":true,\"contact\":[\"mailto:admin@a.test\"]}");
    buffer_clear(&out);
    acme_account_payload(&out, SLICE_EMPTY, false);
    assert_slice(buffer_slice(&out), "{\"termsOfServiceAgreed\":false}");
    buffer_clear(&out);
    acme_order_payload(&out, names, COUNT(names), SLICE_EMPTY);
    assert_slice(buffer_slice(&out), "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.test\"},"
                                     "{\"type\":\"dns\",\"value\":\"b.test\"}]}");
    buffer_clear(&out);
    acme_order_payload(&out, names, 1, SLICE("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"));
    assert_slice(buffer_slice(&out), "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.test\"}],"
                                     "\"replaces\":\"aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE\"}");
    buffer_clear(&out);
    acme_contact_payload(&out, SLICE("new@a.test"));
    assert_slice(buffer_slice(&out), "{\"contact\":[\"mailto:new@a.test\"]}");
    buffer_clear(&out);
    acme_contact_payload(&out, SLICE_EMPTY);
    assert_slice(buffer_slice(&out), "{\"contact\":[]}");
    buffer_clear(&out);
    acme_finalize_payload(&out, SLICE("\xfb\xff\xfe"));
    assert_slice(buffer_slice(&out), "{\"csr\":\"-__-\"}");
    buffer_clear(&out);
    acme_jws_write(&out, SLICE("aGVhZA.cGF5"), SLICE("\xff\xff"));
    assert_slice(buffer_slice(&out), "{\"protected\":\"aGVhZA\",\"payload\":\"cGF5\",\"signature\":\"__8\"}");
    buffer_clear(&out);
    /* POST-as-GET has an empty payload (RFC 8555 6.3). */
    acme_jws_write(&out, SLICE("aGVhZA."), SLICE("x"));
    assert_slice(buffer_slice(&out), "{\"protected\":\"aGVhZA\",\"payload\":\"\",\"signature\":\"eA\"}");
    buffer_free(&out);
}

/* ---- what is read ---- */

static void a_directory_has_its_urls(void **state) {
    struct arena *arena = arena_new(1 << 20);
    struct acme_directory directory;
    assert_true(acme_directory_read(
        SLICE("{\"newNonce\":\"https://ca.test/n\",\"newAccount\":\"https://ca.test/a\",\"newOrder\":"
              "\"https://ca.test/o\",\"meta\":{\"termsOfService\":\"https://ca.test/t\","
              "\"externalAccountRequired\":true},\"renewalInfo\":\"https://ca.test/r\"}"),
        arena, &directory));
    assert_slice(directory.new_order, "https://ca.test/o");
    assert_slice(directory.terms, "https://ca.test/t");
    assert_slice(directory.renewal_info, "https://ca.test/r");
    assert_true(directory.wants_external_account);
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"newNonce\":1,\"newAccount\":2,\"newOrder\":3}",
        "{\"newNonce\":\"https://ca.test/n\",\"newAccount\":\"https://ca.test/a\"}",
        "{\"newNonce\":\"http://ca.test/n\",\"newAccount\":\"https://c/a\",\"newOrder\":\"https://c/o\"}",
        "{\"newNonce\":\"https://c/ n\",\"newAccount\":\"https://c/a\",\"newOrder\":\"https://c/o\"}",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        if (acme_directory_read(slice_from_text(bad[i]), arena, &directory)) fail_msg("taken: %s", bad[i]);
    arena_free(&arena);
}

/* RFC 9773 4.2. */
static void a_window_has_a_beginning_and_an_end(void **state) {
    struct acme_window window;
    assert_true(acme_window_read(SLICE("{\"suggestedWindow\":{\"start\":\"2025-01-02T04:00:00Z\","
                                       "\"end\":\"2025-01-03T05:00:00+01:00\"},\"explanationURL\":\"x\"}"),
                                 &window));
    assert_int_equal(window.start_ms, INT64_C(1735790400000));
    assert_int_equal(window.end_ms - window.start_ms, 24 * 3600 * 1000);
    static const char *const bad[] = {
        "", "{}", "{\"suggestedWindow\":[]}", "{\"suggestedWindow\":{\"start\":\"2025-01-02T04:00:00Z\"}}",
        "{\"suggestedWindow\":{\"start\":\"2025-01-03T04:00:00Z\",\"end\":\"2025-01-02T04:00:00Z\"}}"};
    for (size_t i = 0; i < COUNT(bad); i++)
        if (acme_window_read(slice_from_text(bad[i]), &window)) fail_msg("taken: %s", bad[i]);
}

static void an_order_has_its_authorizations(void **state) {
    struct arena *arena = arena_new(1 << 20);
    struct acme_order order;
    assert_true(
        acme_order_read(SLICE("{\"status\":\"ready\",\"authorizations\":[\"https://c/1\",\"https://c/2\"],"
                              "\"finalize\":\"https://c/f\"}"),
                        arena, &order));
    assert_true(order.status == ACME_READY && order.authorization_count == 2 && !order.certificate.len);
    assert_slice(order.authorizations[1], "https://c/2");
    assert_true(
        acme_order_read(SLICE("{\"status\":\"invalid\",\"finalize\":\"https://c/f\",\"error\":{\"type\":"
                              "\"urn:ietf:params:acme:error:rateLimited\",\"detail\":\"too\\nmany\"}}"),
                        arena, &order));
    assert_true(order.status == ACME_INVALID);
    assert_slice(order.problem.type, "rateLimited");
    assert_slice(order.problem.detail, "too many");
    assert_true(acme_order_read(SLICE("{\"status\":\"new\",\"finalize\":\"https://c/f\"}"), arena, &order));
    assert_true(order.status == ACME_OVER);
    assert_false(acme_order_read(SLICE("{\"status\":\"ready\"}"), arena, &order));
    assert_false(
        acme_order_read(SLICE("{\"finalize\":\"https://c/f\",\"authorizations\":[1]}"), arena, &order));
    arena_free(&arena);
}

static void of_an_authorization_the_challenge_that_is_meant_counts(void **state) {
    static const char json[] =
        "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.test\"},\"challenges\":["
        "{\"type\":\"dns-01\",\"url\":\"https://c/d\",\"token\":\"d\"},"
        "{\"type\":\"tls-alpn-01\",\"url\":\"https://c/t\",\"token\":\"t-_9\"},"
        "{\"type\":\"http-01\",\"url\":\"https://c/h\",\"token\":\"h\",\"error\":{\"type\":"
        "\"urn:ietf:params:acme:error:dns\",\"detail\":\"none\"}}]}";
    struct arena *arena = arena_new(1 << 20);
    struct acme_authorization authorization;
    assert_true(acme_authorization_read(slice_from_text(json), ACME_HTTP_01, arena, &authorization));
    assert_slice(authorization.url, "https://c/h");
    assert_slice(authorization.problem.type, "dns");
    assert_true(acme_authorization_read(slice_from_text(json), ACME_TLS_ALPN_01, arena, &authorization));
    assert_slice(authorization.token, "t-_9");
    assert_slice(authorization.name, "a.test");
    assert_true(acme_authorization_read(SLICE("{\"status\":\"valid\",\"identifier\":{\"value\":\"b.test\"}}"),
                                        ACME_HTTP_01, arena, &authorization));
    assert_true(authorization.status == ACME_VALID && authorization.url.len == 0);
    /* A token is part of a path that strangers ask for. */
    assert_false(acme_authorization_read(
        SLICE("{\"status\":\"pending\",\"identifier\":{\"value\":\"b.test\"},\"challenges\":[{\"type\":"
              "\"http-01\",\"url\":\"https://c/h\",\"token\":\"../x\"}]}"),
        ACME_HTTP_01, arena, &authorization));
    arena_free(&arena);
}

static void the_first_subproblem_says_more(void **state) {
    struct arena *arena = arena_new(1 << 20);
    struct acme_problem problem;
    assert_true(acme_problem_read(SLICE("{\"type\":\"urn:ietf:params:acme:error:malformed\",\"detail\":\"a\","
                                        "\"subproblems\":[{\"type\":\"urn:ietf:params:acme:error:caa\","
                                        "\"detail\":\"b\"}]}"),
                                  arena, &problem));
    assert_slice(problem.type, "caa");
    assert_slice(problem.detail, "b");
    assert_false(acme_problem_read(SLICE("{\"detail\":\"a\"}"), arena, &problem));
    assert_false(acme_problem_read(SLICE("<html>"), arena, &problem));
    arena_free(&arena);
}

/* ---- certificates ---- */

/* 2026-11-22, when the certificate of the tests was made, and a day on. */
enum { DAY_S = 86400 };
static const int64_t made_ms = (int64_t)1795368000 * 1000;

static const char *check(struct slice pem, struct slice key, const char *name, int64_t now_ms) {
    struct arena *arena = arena_new(1 << 20);
    struct buffer chain = text_new();
    struct slice wanted = slice_from_text(name);
    struct acme_leaf leaf;
    const char *fault = acme_chain_check(pem, key, &wanted, 1, now_ms, arena, &chain, &leaf);
    if (!fault) {
        assert_true(slice_equal(buffer_slice(&chain), slice_from_text(test_certificate)));
        assert_slice(leaf.names[0], "mail.example.test");
        assert_slice(leaf.issuer, "mail.example.test");
        assert_true(leaf.not_before_ms < now_ms && leaf.not_after_ms > now_ms);
    }
    buffer_free(&chain);
    arena_free(&arena);
    return fault;
}

static void a_chain_is_taken_where_it_is_what_was_asked_for(void **state) {
    struct slice good = slice_from_text(test_certificate);
    struct slice key = slice_from_text(test_key);
    int64_t now_ms = made_ms + DAY_S * (int64_t)1000;
    assert_null(check(good, key, "mail.example.test", now_ms));
    assert_null(check(good, key, "MAIL.example.test", now_ms));
    assert_non_null(check(good, key, "other.example.test", now_ms));
    assert_non_null(check(good, slice_from_text(rfc_key), "mail.example.test", now_ms));
    assert_non_null(check(good, key, "mail.example.test", 0));
    assert_non_null(check(good, key, "mail.example.test", INT64_MAX / 2));
    assert_non_null(check(SLICE("nothing"), key, "mail.example.test", now_ms));
    assert_non_null(check(SLICE_EMPTY, key, "mail.example.test", now_ms));
}

/* What is around the certificates does not reach the file. */
static void only_certificates_are_kept_of_a_chain(void **state) {
    struct buffer pem = text_new();
    buffer_append_text(&pem, "Subject: x\n");
    buffer_append_text(&pem, test_certificate);
    buffer_append_text(&pem, "trailing words\n");
    assert_null(check(buffer_slice(&pem), slice_from_text(test_key), "mail.example.test",
                      made_ms + DAY_S * (int64_t)1000));
    buffer_clear(&pem);
    for (int i = 0; i <= ACME_CERTIFICATES_MAX; i++) buffer_append_text(&pem, test_certificate);
    assert_non_null(check(buffer_slice(&pem), slice_from_text(test_key), "mail.example.test",
                          made_ms + DAY_S * (int64_t)1000));
    buffer_free(&pem);
}

/* ---- what is kept, and what roles say to each other ---- */

static void the_state_is_read_as_it_was_written(void **state) {
    struct arena *arena = arena_new(1 << 20);
    struct acme_state *first = ARENA_NEW(arena, struct acme_state);
    struct acme_state *second = ARENA_NEW(arena, struct acme_state);
    struct buffer json = text_new();
    first->directory = SLICE("https://ca.test/dir");
    first->key = SLICE("\x00\xff sealed");
    first->old_account_key = slice_from_text(rfc_key);
    first->contact = SLICE("me@a.test");
    first->window = (struct acme_window){5, 6};
    first->leaf.identifier = SLICE("x.y");
    first->words = SLICE("a \"quoted\"\nproblem");
    first->leaf.names[first->leaf.name_count++] = SLICE("a.test");
    first->leaf.not_after_ms = 1795368000123;
    first->next_ms = -1;
    first->failures = 3;
    first->left_out[first->left_out_count++] = (struct acme_left_out){SLICE("b.test"), 77};
    acme_state_write(&json, first);
    acme_state_read(buffer_slice(&json), arena, second);
    assert_slice(second->directory, "https://ca.test/dir");
    assert_true(slice_equal(second->key, SLICE("\x00\xff sealed")) && second->account_key.len == 0);
    assert_slice(second->old_account_key, rfc_key);
    assert_slice(second->contact, "me@a.test");
    assert_slice(second->leaf.identifier, "x.y");
    assert_true(second->window.start_ms == 5 && second->window.end_ms == 6);
    assert_slice(second->words, "a \"quoted\"\nproblem");
    assert_true(second->chain.len == 0 && second->account.len == 0);
    assert_slice(second->leaf.names[0], "a.test");
    assert_true(second->leaf.not_after_ms == 1795368000123 && second->next_ms == -1 && second->failures == 3);
    assert_slice(second->left_out[0].name, "b.test");
    assert_int_equal(second->left_out[0].until_ms, 77);
    acme_state_read(SLICE("{broken"), arena, second);
    assert_true(second->directory.len == 0 && second->leaf.name_count == 0 && second->failures == 0);
    buffer_free(&json);
    arena_free(&arena);
}

static void challenges_hold_until_the_next_notice(void **state) {
    const struct acme_challenge told[] = {
        {ACME_HTTP_01, SLICE("a.test"), SLICE("token"), SLICE("token.print")},
        {ACME_TLS_ALPN_01, SLICE("b.test"), SLICE("other"), SLICE("other.print")}};
    struct acme_challenges *challenges = acme_challenges_new();
    struct buffer body = text_new();
    acme_challenges_pack(&body, told, COUNT(told));
    acme_challenges_set(challenges, buffer_slice(&body));
    assert_slice(acme_challenges_answer(challenges, SLICE("token")), "token.print");
    uint8_t digest[32];
    assert_true(acme_challenges_digest(challenges, SLICE("B.test"), digest));
    assert_slice(acme_challenges_answer(challenges, SLICE("other")), "");
    assert_slice(acme_challenges_answer(challenges, SLICE_EMPTY), "");
    assert_false(acme_challenges_digest(challenges, SLICE("a.test"), digest));
    /* What is none changes nothing. */
    acme_challenges_set(challenges, SLICE("\xff\xff\xff"));
    assert_slice(acme_challenges_answer(challenges, SLICE("token")), "token.print");
    buffer_clear(&body);
    acme_challenges_pack(&body, NULL, 0);
    acme_challenges_set(challenges, buffer_slice(&body));
    assert_slice(acme_challenges_answer(challenges, SLICE("token")), "");
    buffer_free(&body);
    acme_challenges_free(&challenges);
}

static void a_job_and_its_outcome_survive_the_way(void **state) {
    struct acme_job *job = calloc(1, sizeof *job);
    struct acme_job *again = calloc(1, sizeof *again);
    struct acme_outcome outcome = {.result = ACME_NAME_FAILED, .name = SLICE("a.test"), .retry_after_ms = 5};
    struct acme_outcome read;
    struct buffer body = text_new();
    assert_true(job && again);
    *job = (struct acme_job){.directory = SLICE("https://c/d"), .terms_agreed = true, .name_count = 2};
    job->names[1] = (struct acme_name){SLICE("b.test"), true, true};
    acme_job_pack(&body, job);
    assert_true(acme_job_unpack(buffer_slice(&body), again));
    assert_true(again->terms_agreed && again->name_count == 2 && again->names[1].is_optional &&
                again->names[1].is_held);
    assert_slice(again->names[1].name, "b.test");
    for (size_t cut = 0; cut < body.len; cut++)
        assert_false(acme_job_unpack(slice_sub(buffer_slice(&body), 0, cut), again));
    buffer_clear(&body);
    acme_outcome_pack(&body, &outcome);
    assert_true(acme_outcome_unpack(buffer_slice(&body), &read));
    assert_true(read.result == ACME_NAME_FAILED && read.retry_after_ms == 5);
    buffer_free(&body);
    free(job);
    free(again);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_has_its_jwk_and_thumbprint),
        cmocka_unit_test(keys_are_new_each_time_and_what_is_none_is_refused),
        cmocka_unit_test(signatures_are_64_bytes_that_verify),
        cmocka_unit_test(a_request_names_all_names),
        cmocka_unit_test(a_header_has_the_key_or_the_account),
        cmocka_unit_test(payloads_are_as_the_rfc_has_them),
        cmocka_unit_test(a_directory_has_its_urls),
        cmocka_unit_test(a_window_has_a_beginning_and_an_end),
        cmocka_unit_test(an_order_has_its_authorizations),
        cmocka_unit_test(of_an_authorization_the_challenge_that_is_meant_counts),
        cmocka_unit_test(the_first_subproblem_says_more),
        cmocka_unit_test(a_chain_is_taken_where_it_is_what_was_asked_for),
        cmocka_unit_test(only_certificates_are_kept_of_a_chain),
        cmocka_unit_test(the_state_is_read_as_it_was_written),
        cmocka_unit_test(challenges_hold_until_the_next_notice),
        cmocka_unit_test(a_job_and_its_outcome_survive_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Signatures of messages: which hold, and why others do not. */
#include "dkim_bench.h"

#include "base/encode.h"
#include "trust/dkim_compose.h"

/* Made once: keys take their time. */
struct keys {
    struct test_key rsa;
    struct test_key other;
    struct test_key small;
    struct test_key ed25519;
};

static int make_keys(void **state) {
    struct keys *keys = calloc(1, sizeof *keys);
    keys->rsa = test_key_make(DKIM_RSA_SHA256, 1024);
    keys->other = test_key_make(DKIM_RSA_SHA256, 2048);
    keys->small = test_key_make(DKIM_RSA_SHA256, 1016);
    keys->ed25519 = test_key_make(DKIM_ED25519_SHA256, 0);
    *state = keys;
    return 0;
}

static int free_keys(void **state) {
    struct keys *keys = *state;
    test_key_free(&keys->rsa);
    test_key_free(&keys->other);
    test_key_free(&keys->small);
    test_key_free(&keys->ed25519);
    free(keys);
    return 0;
}

#define KEY_NAME "s._domainkey.a.test"

/* A message signed by the RSA key, which is published. */
static struct dkim_bench signed_bench(const struct keys *keys) {
    struct dkim_bench bench = dkim_bench_new();
    dkim_bench_publish(&bench, KEY_NAME, &keys->rsa, "v=DKIM1; p=");
    dkim_bench_sign_plainly(&bench, &keys->rsa);
    return bench;
}

/* ---- what holds ---- */

/* RFC 6376 A.2, with the key of appendix C. */
static void the_example_of_rfc_6376_passes(void **state) {
    struct dkim_bench bench = dkim_bench_new();
    dkim_bench_publish(&bench, "brisbane._domainkey.example.com", NULL,
                       "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkM"
                       "oGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/R"
                       "tdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToI"
                       "MmPSPDdQPNUYckcQ2QIDAQAB");
    dkim_bench_set(&bench, SLICE("DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;\r\n"
                                 "      c=simple/simple; q=dns/txt; i=joe@football.example.com;\r\n"
                                 "      h=Received : From : To : Subject : Date : Message-ID;\r\n"
                                 "      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
                                 "      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB\r\n"
                                 "      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut\r\n"
                                 "      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV\r\n"
                                 "      4bmp/YzhwvcubU4=;\r\n"
                                 "Received: from client1.football.example.com  [192.0.2.1]\r\n"
                                 "      by submitserver.example.com with SUBMISSION;\r\n"
                                 "      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)\r\n"
                                 "From: Joe SixPack <joe@football.example.com>\r\n"
                                 "To: Suzie Q <suzie@shopping.example.net>\r\n"
                                 "Subject: Is dinner ready?\r\n"
                                 "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
                                 "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
                                 "\r\n"
                                 "Hi.\r\n\r\nWe lost the game. Are you hungry yet?\r\n\r\nJoe.\r\n"));
    assert_first(&bench, TRUST_PASS, DKIM_FAULT_NONE);
    assert_int_equal(bench.verdict.signatures[0].key_bits, 1024);
    dkim_bench_change(&bench, "hungry", "angry");
    assert_first(&bench, TRUST_FAIL, DKIM_FAULT_BODY);
    dkim_bench_free(&bench);
}

/* RFC 8463 A.3: Ed25519 and RSA beside each other. */
static void the_example_of_rfc_8463_passes(void **state) {
    struct dkim_bench bench = dkim_bench_new();
    dkim_bench_publish(&bench, "brisbane._domainkey.football.example.com", NULL,
                       "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    dkim_bench_publish(&bench, "test._domainkey.football.example.com", NULL,
                       "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
                       "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
                       "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
                       "Ip3G+2kryOTIKT+l/K4w3QIDAQAB");
    dkim_bench_set(&bench, SLICE("DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
                                 " d=football.example.com; i=@football.example.com;\r\n"
                                 " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
                                 " subject : date : message-id : from : subject : date;\r\n"
                                 " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
                                 " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
                                 " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
                                 "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
                                 " d=football.example.com; i=@football.example.com;\r\n"
                                 " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
                                 " date : message-id : from : subject : date;\r\n"
                                 " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
                                 " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
                                 " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
                                 " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
                                 "From: Joe SixPack <joe@football.example.com>\r\n"
                                 "To: Suzie Q <suzie@shopping.example.net>\r\n"
                                 "Subject: Is dinner ready?\r\n"
                                 "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
                                 "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
                                 "\r\n"
                                 "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"));
    struct dkim_verdict verdict = dkim_bench_check(&bench);
    assert_int_equal(verdict.result, TRUST_PASS);
    assert_int_equal(verdict.count, 2);
    assert_int_equal(verdict.signatures[0].result, TRUST_PASS);
    assert_int_equal(verdict.signatures[0].key_bits, 256);
    assert_int_equal(verdict.signatures[1].result, TRUST_PASS);
    assert_int_equal(verdict.signatures[1].key_bits, 1024);
    dkim_bench_free(&bench);
}

static void without_a_signature_there_is_none(void **state) {
    struct dkim_bench bench = dkim_bench_new();
    assert_int_equal(dkim_bench_check(&bench).result, TRUST_NONE);
    dkim_bench_set(&bench, SLICE_EMPTY);
    assert_int_equal(dkim_bench_check(&bench).result, TRUST_NONE);
    dkim_bench_set(&bench, SLICE("\r\nDKIM-Signature: v=1\r\n"));
    assert_int_equal(dkim_bench_check(&bench).count, 0);
    dkim_bench_free(&bench);
}

/* White space on the way breaks simple forms, words break both. */
static void forms_bear_what_they_say(void **state) {
    const struct keys *keys = *state;
    for (int i = 0; i < 8; i++) {
        struct dkim_forms forms = {i & 1 ? DKIM_RELAXED : DKIM_SIMPLE, i & 2 ? DKIM_RELAXED : DKIM_SIMPLE};
        const struct test_key *key = i & 4 ? &keys->ed25519 : &keys->rsa;
        struct dkim_bench bench = dkim_bench_new();
        dkim_bench_publish(&bench, KEY_NAME, key, i & 4 ? "k=ed25519; p=" : "p=");
        dkim_bench_sign(&bench, key, &forms,
                        (struct dkim_signer){.domain = SLICE("a.test"), .selector = SLICE("s")});
        for (bench.piece = 1; bench.piece < 5; bench.piece++)
            assert_first(&bench, TRUST_PASS, DKIM_FAULT_NONE);
        dkim_bench_change(&bench, "A   walk  in", "A walk\r\n in");
        assert_first(&bench, forms.header ? TRUST_PASS : TRUST_FAIL,
                     forms.header ? DKIM_FAULT_NONE : DKIM_FAULT_SIGNATURE);
        dkim_bench_change(&bench, "A walk\r\n in", "A   walk  in");
        dkim_bench_change(&bench, "One  line", "One line");
        assert_first(&bench, forms.body ? TRUST_PASS : TRUST_FAIL,
                     forms.body ? DKIM_FAULT_NONE : DKIM_FAULT_BODY);
        dkim_bench_free(&bench);
    }
}

static void trailing_lines_do_not_matter_and_others_do(void **state) {
    struct dkim_bench bench = signed_bench(*state);
    buffer_append_text(&bench.message, "\r\n\r\n");
    assert_first(&bench, TRUST_PASS, DKIM_FAULT_NONE);
    buffer_append_text(&bench.message, "x\r\n");
    assert_first(&bench, TRUST_FAIL, DKIM_FAULT_BODY);
    dkim_bench_free(&bench);
}

static void each_signed_field_counts(void **state) {
    static const char *const changes[][2] = {
        {"Ann <", "Anna <"}, {"bob@b", "bub@b"}, {"walk", "talk"}, {"12:26:40", "12:26:41"}, {"<1@", "<2@"}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct dkim_bench bench = signed_bench(*state);
        dkim_bench_change(&bench, changes[i][0], changes[i][1]);
        assert_first(&bench, TRUST_FAIL, DKIM_FAULT_SIGNATURE);
        dkim_bench_free(&bench);
    }
    struct dkim_bench bench = signed_bench(*state);
    dkim_bench_change(&bench, "from x.test", "from y.test");
    assert_first(&bench, TRUST_PASS, DKIM_FAULT_NONE);
    dkim_bench_free(&bench);
}

/* ---- what was added ---- */

/* A signature that lists each field once, as most do: signed by hand. */
static void sign_names(struct dkim_bench *bench, const struct test_key *key, const char *names,
                       const char *more) {
    struct dkim_message *message = dkim_message_new_to_sign(DKIM_RELAXED);
    struct arena *arena = arena_new(KIB(64));
    struct buffer field = buffer_new(KIB(64));
    struct buffer hash = buffer_new(64);
    struct buffer signature = buffer_new(KIB(1));
    struct dkim_draft draft;
    dkim_message_write(message, buffer_slice(&bench->message));
    dkim_message_end(message);
    base64_encode(&hash, slice_of(dkim_message_body_hash(message, DKIM_RELAXED), DKIM_DIGEST_BYTES));
    draft.field = arena_printf(
        arena, "DKIM-Signature: v=1; a=%s; c=relaxed/relaxed; d=a.test; s=s; h=%s; bh=%.*s; %s b=",
        dkim_algorithm_word(key->algorithm), names, SLICE_PRINT(buffer_slice(&hash)), more);
    dkim_draft_hash(&draft, dkim_message_header(message), DKIM_RELAXED, slice_from_text(names));
    test_key_sign(key, draft.digest, &signature);
    assert_true(dkim_draft_finish(&draft, buffer_slice(&signature), &field));
    dkim_bench_prepend(bench, buffer_slice(&field));
    buffer_free(&field);
    buffer_free(&hash);
    buffer_free(&signature);
    arena_free(&arena);
    dkim_message_free(&message);
}

static struct dkim_bench bench_with(const struct keys *keys, const char *names, const char *more) {
    struct dkim_bench bench = dkim_bench_new();
    dkim_bench_publish(&bench, KEY_NAME, &keys->rsa, "v=DKIM1; p=");
    sign_names(&bench, &keys->rsa, names, more);
    return bench;
}

/* CASES: second From or Subject: fails. */
static void a_second_from_or_subject_that_is_not_signed_fails(void **state) {
    struct dkim_bench bench = bench_with(*state, "From:Subject", "");
    assert_first(&bench, TRUST_PASS, DKIM_FAULT_NONE);
    dkim_bench_prepend(&bench, SLICE("Subject: Something else\r\n"));
    assert_first(&bench, TRUST_FAIL, DKIM_FAULT_SUBJECT_ADDED);
    dkim_bench_prepend(&bench, SLICE("from : Eve <eve@e.test>\r\n"));
    assert_first(&bench, TRUST_FAIL, DKIM_FAULT_FROM_ADDED);
    dkim_bench_free(&bench);
    /* One Subject that nobody signed is no second one. */
    bench = bench_with(*state, "From", "");
    assert_first(&bench, TRUST_PASS, DKIM_FAULT_NONE);
    dkim_bench_prepend(&bench, SLICE("Subject: Something else\r\n"));
    assert_first(&bench, TRUST_FAIL, DKIM_FAULT_SUBJECT_ADDED);
    dkim_bench_free(&bench);
    bench = signed_bench(*state);
    dkim_bench_prepend(&bench, SLICE("From: Eve <eve@e.test>\r\n"));
    assert_first(&bench, TRUST_FAIL, DKIM_FAULT_SIGNATURE);
    dkim_bench_free(&bench);
}

/* RFC 6376 5.4.2: the last field of a name is signed first. */
static void fields_are_taken_from_the_bottom(void **state) {
    struct dkim_bench bench = dkim_bench_new();
    dkim_bench_publish(&bench, KEY_NAME, &((const struct keys *)*state)->rsa, "p=");
    dkim_bench_prepend(&bench, SLICE("X: 1\r\nx: 2\r\nX: 3\r\n"));
    sign_names(&bench, &((const struct keys *)*state)->rsa, "from:x:X", "");
    assert_first(&bench, TRUST_PASS, DKIM_FAULT_NONE);
    dkim_bench_change(&bench, "X: 1", "X: 4");
    assert_first(&bench, TRUST_PASS, DKIM_FAULT_NONE);
    dkim_bench_change(&bench, "X: 3", "X: 4");
    assert_first(&bench, TRUST_FAIL, DKIM_FAULT_SIGNATURE);
    dkim_bench_free(&bench);
}

/* RFC 6376 3.5, h=: other signatures may be signed, itself it cannot sign. */
static void a_signature_may_sign_another(void **state) {
    struct dkim_bench bench = signed_bench(*state);
    sign_names(&bench, &((const struct keys *)*state)->rsa, "From:DKIM-Signature:DKIM-Signature", "");
    assert_first(&bench, TRUST_PASS, DKIM_FAULT_NONE);
    assert_int_equal(bench.verdict.signatures[1].result, TRUST_PASS);
    dkim_bench_change(&bench, "From:From", "from:From");
    assert_first(&bench, TRUST_FAIL, DKIM_FAULT_SIGNATURE);
    dkim_bench_free(&bench);
}

/* ---- fields that are refused ---- */

/* CASES: l=: ignored signature. */
static void a_signature_with_a_length_is_ignored(void **state) {
    struct dkim_bench bench = bench_with(*state, "From", "l=100000;");
    assert_first(&bench, TRUST_POLICY, DKIM_FAULT_LENGTH);
    assert_int_equal(bench.verdict.result, TRUST_POLICY);
    assert_int_equal(bench.trust.lookups.told_count, 0);
    dkim_bench_free(&bench);
    bench = bench_with(*state, "From", "l=0;");
    assert_first(&bench, TRUST_POLICY, DKIM_FAULT_LENGTH);
    dkim_bench_free(&bench);
}

/* CASES: rsa-sha1: permerror. */
static void sha1_proves_nothing(void **state) {
    struct dkim_bench bench = bench_with(*state, "From", "");
    dkim_bench_change(&bench, "rsa-sha256", "rsa-sha1");
    assert_first(&bench, TRUST_PERMERROR, DKIM_FAULT_SHA1);
    dkim_bench_free(&bench);
}

static void from_must_be_signed(void **state) {
    struct dkim_bench bench = bench_with(*state, "Subject:To", "");
    assert_first(&bench, TRUST_PERMERROR, DKIM_FAULT_FROM_UNSIGNED);
    dkim_bench_free(&bench);
}

static void a_signature_has_its_time(void **state) {
    static const struct {
        const char *times;
        int64_t now_s;
        enum dkim_fault fault;
    } cases[] = {
        {"t=1000; x=2000;", 2000 + DKIM_CLOCK_SKEW_S, DKIM_FAULT_NONE},
        {"t=1000; x=2000;", 2001 + DKIM_CLOCK_SKEW_S, DKIM_FAULT_EXPIRED},
        {"x=2000;", 2001 + DKIM_CLOCK_SKEW_S, DKIM_FAULT_EXPIRED},
        {"t=1000;", 1000 - DKIM_CLOCK_SKEW_S, DKIM_FAULT_NONE},
        {"t=1000;", 999 - DKIM_CLOCK_SKEW_S, DKIM_FAULT_FUTURE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dkim_bench bench = bench_with(*state, "From", cases[i].times);
        bench.now_s = cases[i].now_s;
        assert_first(&bench, cases[i].fault ? TRUST_FAIL : TRUST_PASS, cases[i].fault);
        dkim_bench_free(&bench);
    }
}

/* CASES: hundreds of signatures: capped. */
static void of_hundreds_of_signatures_a_few_are_looked_at(void **state) {
    struct dkim_bench bench = signed_bench(*state);
    struct buffer fields = buffer_new(MIB(1));
    for (int i = 0; i < 300; i++)
        buffer_printf(&fields,
                      "DKIM-Signature: v=1; a=rsa-sha256; d=d%d.test; s=s; h=From;\r\n"
                      " bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n",
                      i);
    dkim_bench_prepend(&bench, buffer_slice(&fields));
    struct dkim_verdict verdict = dkim_bench_check(&bench);
    assert_int_equal(verdict.count, DKIM_SIGNATURES_MAX);
    assert_int_equal(verdict.ignored, 301 - DKIM_SIGNATURES_MAX);
    assert_int_equal(verdict.result, TRUST_FAIL);
    buffer_free(&fields);
    dkim_bench_free(&bench);
}

static void a_field_without_sense_is_no_signature_and_harms_no_other(void **state) {
    struct dkim_bench bench = signed_bench(*state);
    dkim_bench_prepend(&bench, SLICE("DKIM-Signature:\r\ndkim-signature: v=1; nonsense\r\n"));
    struct dkim_verdict verdict = dkim_bench_check(&bench);
    assert_int_equal(verdict.result, TRUST_PASS);
    assert_int_equal(verdict.count, 3);
    assert_int_equal(verdict.signatures[0].result, TRUST_PERMERROR);
    assert_int_equal(verdict.signatures[1].fault, DKIM_FAULT_TAGS);
    dkim_bench_free(&bench);
}

/* ---- the header section ---- */

static void a_header_section_too_large_is_not_looked_at(void **state) {
    struct dkim_bench bench = signed_bench(*state);
    struct buffer fields = buffer_new(MIB(2));
    while (fields.len <= DKIM_HEADER_BYTES_MAX) buffer_append_text(&fields, "X: y\r\n\tz\r\n");
    dkim_bench_prepend(&bench, buffer_slice(&fields));
    struct dkim_verdict verdict = dkim_bench_check(&bench);
    assert_int_equal(verdict.result, TRUST_NEUTRAL);
    assert_int_equal(verdict.fault, DKIM_FAULT_HEADER_TOO_LARGE);
    assert_int_equal(verdict.count, 0);
    buffer_free(&fields);
    dkim_bench_free(&bench);
}

static void a_header_has_so_many_fields(void **state) {
    for (int more = 0; more < 2; more++) {
        struct dkim_bench bench = dkim_bench_new();
        struct buffer fields = buffer_new(MIB(1));
        for (int i = 6; i < DKIM_FIELDS_MAX + more; i++) buffer_append_text(&fields, "X: y\r\n");
        dkim_bench_prepend(&bench, buffer_slice(&fields));
        assert_int_equal(dkim_bench_check(&bench).result, more ? TRUST_NEUTRAL : TRUST_NONE);
        buffer_free(&fields);
        dkim_bench_free(&bench);
    }
}

/* What stands behind a LF by itself is a field to some readers, and part of one to others. */
static void a_cr_or_lf_by_itself_in_the_header_fails_all(void **state) {
    static const char *const changes[] = {"park\nFrom: Eve <eve@e.test>", "park\rFrom: Eve", "park\n",
                                          "\npark"};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct dkim_bench bench = signed_bench(*state);
        dkim_bench_change(&bench, "park", changes[i]);
        struct dkim_verdict verdict = dkim_bench_check(&bench);
        assert_int_equal(verdict.result, TRUST_PERMERROR);
        assert_int_equal(verdict.fault, DKIM_FAULT_HEADER_LINES);
        dkim_bench_free(&bench);
    }
}

static void a_cr_or_lf_by_itself_in_the_body_is_a_byte(void **state) {
    struct dkim_bench bench = dkim_bench_new();
    dkim_bench_publish(&bench, KEY_NAME, &((const struct keys *)*state)->rsa, "p=");
    dkim_bench_change(&bench, "another", "an\rother\n");
    dkim_bench_sign_plainly(&bench, &((const struct keys *)*state)->rsa);
    assert_first(&bench, TRUST_PASS, DKIM_FAULT_NONE);
    dkim_bench_change(&bench, "other\n", "other\r\n");
    assert_first(&bench, TRUST_FAIL, DKIM_FAULT_BODY);
    dkim_bench_free(&bench);
}

/* ---- keys ---- */

static void each_fault_of_a_key_has_its_name(void **state) {
    const struct keys *keys = *state;
    static const struct {
        const char *head;
        enum dkim_fault fault;
        bool is_other;
    } cases[] = {
        {"v=DKIM1; h=sha256:sha1; s=email; k=rsa; p=", DKIM_FAULT_NONE, false},
        {"p=", DKIM_FAULT_SIGNATURE, true},
        {"v=DKIM1; h=sha1; p=", DKIM_FAULT_KEY_HASH, false},
        {"v=DKIM1; s=tlsrpt; p=", DKIM_FAULT_KEY_SERVICE, false},
        {"v=DKIM1; k=ed25519; p=", DKIM_FAULT_KEY_TYPE, false},
        {"v=DKIM1; k=other; p=", DKIM_FAULT_KEY_TYPE, false},
        {"v=DKIM1; p=; n=", DKIM_FAULT_KEY_REVOKED, false},
        {"v=DKIM1; p=*", DKIM_FAULT_KEY_MALFORMED, false},
        {"v=DKIM1; p=AAAA; n=", DKIM_FAULT_KEY_MALFORMED, false},
        {"v=DKIM2; p=", DKIM_FAULT_KEY_MALFORMED, false},
        {"v=spf1 -all; n=", DKIM_FAULT_KEY_MALFORMED, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dkim_bench bench = dkim_bench_new();
        dkim_bench_publish(&bench, KEY_NAME, cases[i].is_other ? &keys->other : &keys->rsa, cases[i].head);
        dkim_bench_sign_plainly(&bench, &keys->rsa);
        assert_first(&bench, dkim_result_of(cases[i].fault), cases[i].fault);
        dkim_bench_free(&bench);
    }
}

/* CASES: RSA under 1024 bits: permerror. */
static void a_short_key_proves_nothing(void **state) {
    const struct keys *keys = *state;
    struct dkim_bench bench = dkim_bench_new();
    dkim_bench_publish(&bench, KEY_NAME, &keys->small, "p=");
    dkim_bench_sign_plainly(&bench, &keys->small);
    assert_first(&bench, TRUST_PERMERROR, DKIM_FAULT_KEY_SHORT);
    assert_int_equal(bench.verdict.signatures[0].key_bits, 1016);
    dkim_bench_free(&bench);
}

static void a_key_may_be_written_without_its_wrapping(void **state) {
    const struct keys *keys = *state;
    struct dkim_bench bench = dkim_bench_new();
    struct buffer text = buffer_new(KIB(4));
    buffer_append_text(&text, "v=DKIM1; p=");
    test_key_public(&keys->rsa, true, &text);
    sim_zone_add(bench.trust.world, KEY_NAME, "TXT", buffer_slice(&text));
    dkim_bench_sign_plainly(&bench, &keys->rsa);
    assert_first(&bench, TRUST_PASS, DKIM_FAULT_NONE);
    buffer_free(&text);
    dkim_bench_free(&bench);
}

static void flags_of_a_key(void **state) {
    const struct keys *keys = *state;
    struct dkim_bench bench = dkim_bench_new();
    dkim_bench_publish(&bench, KEY_NAME, &keys->rsa, "v=DKIM1; t=y:s; p=");
    dkim_bench_sign_plainly(&bench, &keys->rsa);
    assert_first(&bench, TRUST_PASS, DKIM_FAULT_NONE);
    assert_true(bench.verdict.signatures[0].is_testing && bench.verdict.signatures[0].is_strict);
    dkim_bench_set(&bench, SLICE(DKIM_BENCH_MESSAGE));
    sign_names(&bench, &keys->rsa, "From", "i=x@A.test;");
    assert_first(&bench, TRUST_PASS, DKIM_FAULT_NONE);
    dkim_bench_set(&bench, SLICE(DKIM_BENCH_MESSAGE));
    sign_names(&bench, &keys->rsa, "From", "i=x@b.a.test;");
    assert_first(&bench, TRUST_PERMERROR, DKIM_FAULT_KEY_STRICT);
    dkim_bench_free(&bench);
    bench = bench_with(keys, "From", "i=x@b.a.test;");
    assert_first(&bench, TRUST_PASS, DKIM_FAULT_NONE);
    assert_false(bench.verdict.signatures[0].is_testing || bench.verdict.signatures[0].is_strict);
    dkim_bench_free(&bench);
}

/* RFC 6376 6.1.2. */
static void of_several_records_one_may_be_the_key(void **state) {
    const struct keys *keys = *state;
    struct dkim_bench bench = dkim_bench_new();
    dkim_bench_publish(&bench, KEY_NAME, NULL, "v=spf1 -all");
    dkim_bench_publish(&bench, KEY_NAME, &keys->other, "v=DKIM1; p=");
    dkim_bench_publish(&bench, KEY_NAME, &keys->rsa, "v=DKIM1; p=");
    dkim_bench_sign_plainly(&bench, &keys->rsa);
    assert_first(&bench, TRUST_PASS, DKIM_FAULT_NONE);
    dkim_bench_free(&bench);
}

static void what_dns_does_not_say_is_asked_again_later(void **state) {
    const struct keys *keys = *state;
    static const enum dns_result failures[] = {DNS_SERVFAIL, DNS_TIMEOUT, DNS_BOGUS};
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        struct dkim_bench bench = dkim_bench_new();
        sim_dns_fail(bench.trust.world, KEY_NAME, failures[i]);
        dkim_bench_sign_plainly(&bench, &keys->rsa);
        assert_first(&bench, TRUST_TEMPERROR, DKIM_FAULT_KEY_UNSURE);
        dkim_bench_free(&bench);
    }
    struct dkim_bench bench = dkim_bench_new();
    dkim_bench_sign_plainly(&bench, &keys->rsa);
    assert_first(&bench, TRUST_PERMERROR, DKIM_FAULT_KEY_NONE);
    sim_zone_line(bench.trust.world, KEY_NAME " A 192.0.2.1");
    assert_first(&bench, TRUST_PERMERROR, DKIM_FAULT_KEY_NONE);
    dkim_bench_free(&bench);
}

static void a_key_is_asked_for_once_and_only_if_it_matters(void **state) {
    struct dkim_bench bench = signed_bench(*state);
    dkim_bench_sign_plainly(&bench, &((const struct keys *)*state)->rsa);
    dkim_bench_sign(&bench, &((const struct keys *)*state)->rsa, NULL,
                    (struct dkim_signer){.domain = SLICE("A.test"), .selector = SLICE("S")});
    assert_int_equal(dkim_bench_check(&bench).result, TRUST_PASS);
    assert_int_equal(bench.verdict.count, 3);
    assert_int_equal(bench.trust.lookups.told_count, 1);
    dkim_bench_change(&bench, "another", "no other");
    assert_int_equal(dkim_bench_check(&bench).result, TRUST_FAIL);
    assert_int_equal(bench.trust.lookups.told_count, 0);
    dkim_bench_free(&bench);
}

/* RFC 8616 4. */
static void domains_beyond_ascii_are_asked_for_as_a_labels(void **state) {
    const struct keys *keys = *state;
    struct dkim_bench bench = dkim_bench_new();
    dkim_bench_publish(&bench, "s._domainkey.xn--grn-ioa.test", &keys->rsa, "p=");
    sign_names(&bench, &keys->rsa, "From", "");
    dkim_bench_change(&bench, "d=a.test", "d=gr\xc3\xbcn.test");
    assert_first(&bench, TRUST_FAIL, DKIM_FAULT_SIGNATURE);
    dkim_bench_change(&bench, "d=gr\xc3\xbcn", "d=\xff");
    assert_first(&bench, TRUST_PERMERROR, DKIM_FAULT_KEY_NONE);
    dkim_bench_free(&bench);
}

/* ---- memory ---- */

static void check_in_little_memory(struct task *t, struct trust_bench *trust, void *context) {
    struct dkim_bench *bench = context;
    struct arena *arena = arena_new(KIB(64));
    struct trust_lookups lookups = trust->lookups;
    struct dkim_message *message = dkim_bench_read(bench);
    lookups.arena = arena;
    lookups.told = NULL;
    assert_int_equal(dkim_check(t, message, NULL, &lookups, bench->now_s).result, TRUST_TEMPERROR);
    dkim_message_free(&message);
    arena_free(&arena);
}

/* Records of strangers may be large: a check that has no room for them says so. */
static void answers_that_fill_the_memory_are_as_good_as_none(void **state) {
    struct dkim_bench bench = dkim_bench_new();
    char text[8000];
    memset(text, 'x', sizeof text);
    for (int i = 0; i < DKIM_SIGNATURES_MAX; i++) {
        char selector[16];
        char name[64];
        (void)snprintf(selector, sizeof selector, "s%d", i);
        (void)snprintf(name, sizeof name, "s%d._domainkey.a.test", i);
        for (int j = 0; j < 2; j++) sim_zone_add(bench.trust.world, name, "TXT", slice_of(text, sizeof text));
        dkim_bench_sign(
            &bench, &((const struct keys *)*state)->rsa, NULL,
            (struct dkim_signer){.domain = SLICE("a.test"), .selector = slice_from_text(selector)});
    }
    trust_bench_run(&bench.trust, check_in_little_memory, &bench);
    dkim_bench_free(&bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_rfc_6376_passes),
        cmocka_unit_test(the_example_of_rfc_8463_passes),
        cmocka_unit_test(without_a_signature_there_is_none),
        cmocka_unit_test(forms_bear_what_they_say),
        cmocka_unit_test(trailing_lines_do_not_matter_and_others_do),
        cmocka_unit_test(each_signed_field_counts),
        cmocka_unit_test(a_second_from_or_subject_that_is_not_signed_fails),
        cmocka_unit_test(fields_are_taken_from_the_bottom),
        cmocka_unit_test(a_signature_may_sign_another),
        cmocka_unit_test(a_signature_with_a_length_is_ignored),
        cmocka_unit_test(sha1_proves_nothing),
        cmocka_unit_test(from_must_be_signed),
        cmocka_unit_test(a_signature_has_its_time),
        cmocka_unit_test(of_hundreds_of_signatures_a_few_are_looked_at),
        cmocka_unit_test(a_field_without_sense_is_no_signature_and_harms_no_other),
        cmocka_unit_test(a_header_section_too_large_is_not_looked_at),
        cmocka_unit_test(a_header_has_so_many_fields),
        cmocka_unit_test(a_cr_or_lf_by_itself_in_the_header_fails_all),
        cmocka_unit_test(a_cr_or_lf_by_itself_in_the_body_is_a_byte),
        cmocka_unit_test(each_fault_of_a_key_has_its_name),
        cmocka_unit_test(a_short_key_proves_nothing),
        cmocka_unit_test(a_key_may_be_written_without_its_wrapping),
        cmocka_unit_test(flags_of_a_key),
        cmocka_unit_test(of_several_records_one_may_be_the_key),
        cmocka_unit_test(what_dns_does_not_say_is_asked_again_later),
        cmocka_unit_test(a_key_is_asked_for_once_and_only_if_it_matters),
        cmocka_unit_test(domains_beyond_ascii_are_asked_for_as_a_labels),
        cmocka_unit_test(answers_that_fill_the_memory_are_as_good_as_none),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}

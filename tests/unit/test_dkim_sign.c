/* How messages are signed: the field, what it covers, and whom it cannot be made for. */
#include "dkim_bench.h"

static struct test_key *rsa_of(void **state) { return *state; }

static int make_key(void **state) {
    struct test_key *key = malloc(sizeof *key);
    *key = test_key_make(DKIM_RSA_SHA256, 2048);
    *state = key;
    return 0;
}

static int free_key(void **state) {
    test_key_free(*state);
    free(*state);
    return 0;
}

static const struct dkim_signer signer = {.domain = SLICE_INIT("a.test"), .selector = SLICE_INIT("s")};

static struct slice sign_text(struct arena *arena, const struct test_key *key, struct dkim_signer by,
                              const char *message) {
    struct buffer field = buffer_new(KIB(64));
    assert_int_equal(test_sign(key, NULL, by, slice_from_text(message), &field), DKIM_SIGN_OK);
    struct slice copy = arena_copy(arena, buffer_slice(&field));
    buffer_free(&field);
    return copy;
}

static void a_field_is_folded_and_says_who_signed_what(void **state) {
    struct arena *arena = arena_new(MIB(1));
    struct dkim_signer by = signer;
    by.identity = SLICE("ann@mail.a.test");
    by.signed_at_s = 1600000000;
    by.expires_at_s = 1600000600;
    struct slice field =
        sign_text(arena, rsa_of(state), by, "From: a@a.test\r\nTo: b@b.test\r\nTo: c@c.test\r\n\r\nbody\r\n");
    size_t signature = slice_find(field, SLICE("\r\n b=")) + 5;
    assert_slice(slice_sub(field, 0, signature),
                 "DKIM-Signature: v=1; i=ann@mail.a.test; a=rsa-sha256; c=relaxed/relaxed;\r\n"
                 " d=a.test; s=s; t=1600000000; x=1600000600;\r\n"
                 " bh=Ck5SoRNWUpSR4X0COv7R5ub2pUTtl6xz4dTFz++ji4M=; h=From:From:Subject:Date:\r\n"
                 " To:To:To:Cc:Reply-To:Message-ID:In-Reply-To:References:MIME-Version:\r\n"
                 " Content-Type:Content-Transfer-Encoding:Content-Disposition:\r\n"
                 " List-Unsubscribe:List-Unsubscribe-Post;\r\n"
                 " b=");
    while (field.len) {
        struct slice line = slice_take(&field, slice_find_crlf(field) + 2);
        assert_true(line.len <= 78);
    }
    arena_free(&arena);
}

/* The message with one field more, on top. */
static void prepend_field(struct dkim_bench *bench, const char *field) {
    struct buffer line = buffer_new(200);
    buffer_printf(&line, "%s\r\n", field);
    dkim_bench_prepend(bench, buffer_slice(&line));
    buffer_free(&line);
}

static struct dkim_bench published_bench(void **state) {
    struct dkim_bench bench = dkim_bench_new();
    dkim_bench_publish(&bench, "s._domainkey.a.test", rsa_of(state), "p=");
    return bench;
}

/* What a receiver acts on cannot be added to; what hosts on the way add themselves can. */
static void what_is_signed_cannot_be_added_to(void **state) {
    static const char *const added[] = {
        "Date: x",
        "To: x",
        "Cc: x",
        "Reply-To: x",
        "Message-ID: <x>",
        "In-Reply-To: x",
        "References: x",
        "MIME-Version: 1",
        "Content-Type: x",
        "Content-Transfer-Encoding: x",
        "List-Unsubscribe: x",
        "List-Unsubscribe-Post: x",
        "Subject: x",
        "From: e@e.test",
    };
    static const char *const harmless[] = {"Received: x", "Sender: x", "List-Id: x", "X-Other: x"};
    struct dkim_bench bench = published_bench(state);
    dkim_bench_sign(&bench, rsa_of(state), NULL, signer);
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        prepend_field(&bench, harmless[i]);
        assert_first(&bench, TRUST_PASS, DKIM_FAULT_NONE);
    }
    for (size_t i = 0; i < sizeof added / sizeof added[0]; i++) {
        prepend_field(&bench, added[i]);
        assert_first(&bench, TRUST_FAIL, DKIM_FAULT_SIGNATURE);
        buffer_consume(&bench.message, strlen(added[i]) + 2);
    }
    assert_first(&bench, TRUST_PASS, DKIM_FAULT_NONE);
    dkim_bench_free(&bench);
}

static void what_is_there_is_signed_too(void **state) {
    static const char *const changes[][2] = {
        {"Sender: x", "Sender: y"},
        {"List-Id: x", "List-Id: y"},
        {"Feedback-ID: x", "Feedback-ID: y"},
        {"Auto-Submitted: x", "Auto-Submitted: y"},
        {"Resent-From: x", "Resent-From: y"},
        {"List-Unsubscribe: <https://a.test/>", "List-Unsubscribe: <https://b.test/>"}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct dkim_bench bench = published_bench(state);
        prepend_field(&bench, changes[i][0]);
        dkim_bench_sign(&bench, rsa_of(state), NULL, signer);
        assert_first(&bench, TRUST_PASS, DKIM_FAULT_NONE);
        dkim_bench_change(&bench, changes[i][0], changes[i][1]);
        assert_first(&bench, TRUST_FAIL, DKIM_FAULT_SIGNATURE);
        dkim_bench_free(&bench);
    }
}

static enum dkim_sign_result try_sign(const struct test_key *key, struct dkim_signer by,
                                      struct slice message) {
    struct buffer field = buffer_new(KIB(64));
    enum dkim_sign_result result = test_sign(key, NULL, by, message, &field);
    if (result != DKIM_SIGN_OK) assert_int_equal(field.len, 0);
    buffer_free(&field);
    return result;
}

static void a_message_has_one_from(void **state) {
    assert_int_equal(try_sign(rsa_of(state), signer, SLICE("Subject: x\r\n\r\n")), DKIM_SIGN_NOT_ONE_FROM);
    assert_int_equal(try_sign(rsa_of(state), signer, SLICE("From: a\r\nfrom: b\r\n\r\n")),
                     DKIM_SIGN_NOT_ONE_FROM);
    assert_int_equal(try_sign(rsa_of(state), signer, SLICE("From: a\r\nX: a\n\r\n")), DKIM_SIGN_BAD_LINES);
    assert_int_equal(try_sign(rsa_of(state), signer, SLICE("From: a\r\n")), DKIM_SIGN_OK);
}

static void a_message_with_too_much_to_sign_is_not_signed(void **state) {
    struct buffer message = buffer_new(MIB(1));
    buffer_append_text(&message, "From: a\r\n");
    /* Sixteen entries of h= are there whatever the message has. */
    for (int i = 0; i < DKIM_SIGNED_FIELDS_MAX - 16; i++) buffer_append_text(&message, "References: <x>\r\n");
    assert_int_equal(try_sign(rsa_of(state), signer, buffer_slice(&message)), DKIM_SIGN_OK);
    buffer_append_text(&message, "References: <x>\r\n");
    assert_int_equal(try_sign(rsa_of(state), signer, buffer_slice(&message)), DKIM_SIGN_TOO_LARGE);
    buffer_clear(&message);
    buffer_append_text(&message, "From: a\r\n");
    while (message.len <= DKIM_HEADER_BYTES_MAX)
        buffer_append_text(&message, "X: y\r\n z\r\n z\r\n z\r\n z\r\n");
    assert_int_equal(try_sign(rsa_of(state), signer, buffer_slice(&message)), DKIM_SIGN_TOO_LARGE);
    buffer_free(&message);
}

static void a_signer_is_one_that_can_be_written(void **state) {
    struct slice message = SLICE("From: a\r\n\r\n");
    static const char *const names[] = {"", "a b", "a;", "gr\xc3\xbcn.test", "a.", "a\r\nX"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct dkim_signer by = signer;
        by.domain = slice_from_text(names[i]);
        assert_int_equal(try_sign(rsa_of(state), by, message), DKIM_SIGN_BAD_SIGNER);
        by = signer;
        by.selector = slice_from_text(names[i]);
        assert_int_equal(try_sign(rsa_of(state), by, message), DKIM_SIGN_BAD_SIGNER);
    }
    static const char *const identities[] = {"a.test", "@b.test", "x y@a.test", "x;@a.test", "@"};
    for (size_t i = 0; i < sizeof identities / sizeof identities[0]; i++) {
        struct dkim_signer by = signer;
        by.identity = slice_from_text(identities[i]);
        assert_int_equal(try_sign(rsa_of(state), by, message), DKIM_SIGN_BAD_SIGNER);
    }
}

static void the_longest_names_fit(void **state) {
    struct dkim_signer by = signer;
    char name[DNS_NAME_BYTES_MAX + 1];
    for (int i = 0; i < DNS_NAME_BYTES_MAX; i++) name[i] = i % 60 == 59 ? '.' : 'a';
    name[DNS_NAME_BYTES_MAX] = '\0';
    by.domain = by.selector = slice_from_text(name);
    assert_int_equal(try_sign(rsa_of(state), by, SLICE("From: a\r\n\r\n")), DKIM_SIGN_OK);
}

static void a_signature_that_is_none_makes_no_field(void **state) {
    struct dkim_draft draft = {.field = SLICE("DKIM-Signature: b=")};
    struct buffer out = buffer_new(KIB(8));
    uint8_t bytes[DKIM_SIGNATURE_BYTES_MAX + 1] = {0};
    assert_false(dkim_draft_finish(&draft, SLICE_EMPTY, &out));
    assert_false(dkim_draft_finish(&draft, slice_of(bytes, sizeof bytes), &out));
    assert_int_equal(out.len, 0);
    assert_true(dkim_draft_finish(&draft, slice_of(bytes, 1), &out));
    assert_slice(buffer_slice(&out), "DKIM-Signature: b=AA==\r\n");
    buffer_free(&out);
}

/* Two keys, the message hashed once. */
static void two_signatures_stand_beside_each_other(void **state) {
    struct dkim_bench bench = dkim_bench_new();
    struct test_key ed25519 = test_key_make(DKIM_ED25519_SHA256, 0);
    dkim_bench_publish(&bench, "s._domainkey.a.test", rsa_of(state), "v=DKIM1; k=rsa; p=");
    dkim_bench_publish(&bench, "e._domainkey.a.test", &ed25519, "v=DKIM1; k=ed25519; p=");
    dkim_bench_sign(&bench, rsa_of(state), NULL, signer);
    dkim_bench_sign(&bench, &ed25519, NULL,
                    (struct dkim_signer){.domain = SLICE("a.test"), .selector = SLICE("e")});
    struct dkim_verdict verdict = dkim_bench_check(&bench);
    assert_int_equal(verdict.count, 2);
    assert_int_equal(verdict.signatures[0].result, TRUST_PASS);
    assert_int_equal(verdict.signatures[0].key_bits, 256);
    assert_int_equal(verdict.signatures[1].result, TRUST_PASS);
    assert_int_equal(verdict.signatures[1].key_bits, 2048);
    test_key_free(&ed25519);
    dkim_bench_free(&bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_is_folded_and_says_who_signed_what),
        cmocka_unit_test(what_is_signed_cannot_be_added_to),
        cmocka_unit_test(what_is_there_is_signed_too),
        cmocka_unit_test(a_message_has_one_from),
        cmocka_unit_test(a_message_with_too_much_to_sign_is_not_signed),
        cmocka_unit_test(a_signer_is_one_that_can_be_written),
        cmocka_unit_test(the_longest_names_fit),
        cmocka_unit_test(a_signature_that_is_none_makes_no_field),
        cmocka_unit_test(two_signatures_stand_beside_each_other),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}

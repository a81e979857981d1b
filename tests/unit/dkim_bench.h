/*
 * Messages that are signed, changed and checked: DNS as the test writes it, keys of the test's own.
 *
 *     struct dkim_bench bench = dkim_bench_new();
 *     dkim_bench_publish(&bench, "s._domainkey.a.test", &key, "v=DKIM1; t=y; p=");
 *     dkim_bench_sign(&bench, &key, NULL, (struct dkim_signer){...});   a field in front of bench.message
 *     struct dkim_verdict verdict = dkim_bench_check(&bench);
 *     dkim_bench_free(&bench);
 */
#ifndef DKIM_BENCH_H
#define DKIM_BENCH_H

#include "dkim_signer.h"
#include "trust/arc_check.h"
#include "trust/dkim_check.h"
#include "trust_bench.h"

enum { DKIM_BENCH_NOW_S = 1600000000 };

#define DKIM_BENCH_MESSAGE                      \
    "Received: from x.test\r\n"                 \
    "From: Ann <ann@a.test>\r\n"                \
    "To: Bob <bob@b.test>,\r\n"                 \
    "  Cid <cid@c.test>\r\n"                    \
    "Subject: A   walk  in the  park\r\n"       \
    "Date: Sun, 13 Sep 2020 12:26:40 +0000\r\n" \
    "Message-ID: <1@a.test>\r\n"                \
    "\r\n"                                      \
    "One  line, \t and\r\n"                     \
    "another one. \r\n"                         \
    "\r\n"

struct dkim_bench {
    struct trust_bench trust;
    struct buffer message;
    int64_t now_s;
    /* The message is fed in pieces of so many bytes. */
    size_t piece;
    struct dkim_verdict verdict;
    struct arc_verdict arc;
};

static inline void dkim_bench_set(struct dkim_bench *bench, struct slice message) {
    buffer_clear(&bench->message);
    buffer_append(&bench->message, message);
}

static inline struct dkim_bench dkim_bench_new(void) {
    struct dkim_bench bench = {.trust = trust_bench_new((const char *const[]){NULL}),
                               .message = buffer_new(MIB(16)),
                               .now_s = DKIM_BENCH_NOW_S,
                               .piece = SIZE_MAX};
    dkim_bench_set(&bench, SLICE(DKIM_BENCH_MESSAGE));
    return bench;
}

static inline void dkim_bench_free(struct dkim_bench *bench) {
    buffer_free(&bench->message);
    trust_bench_free(&bench->trust);
}

/* A TXT record at the name: the key behind `head`. */
static inline void dkim_bench_publish(struct dkim_bench *bench, const char *name, const struct test_key *key,
                                      const char *head) {
    struct buffer text = buffer_new(KIB(8));
    buffer_append_text(&text, head);
    if (key) test_key_public(key, false, &text);
    sim_zone_add(bench->trust.world, name, "TXT", buffer_slice(&text));
    buffer_free(&text);
}

/* Puts text in front of the message. */
static inline void dkim_bench_prepend(struct dkim_bench *bench, struct slice text) {
    struct buffer old = bench->message;
    bench->message = buffer_new(old.max_bytes);
    buffer_append(&bench->message, text);
    buffer_append(&bench->message, buffer_slice(&old));
    buffer_free(&old);
}

static inline void dkim_bench_sign(struct dkim_bench *bench, const struct test_key *key,
                                   const struct dkim_forms *forms, struct dkim_signer signer) {
    struct buffer field = buffer_new(KIB(64));
    assert_int_equal(test_sign(key, forms, signer, buffer_slice(&bench->message), &field), DKIM_SIGN_OK);
    dkim_bench_prepend(bench, buffer_slice(&field));
    buffer_free(&field);
}

/* As a.test with the selector s. */
static inline void dkim_bench_sign_plainly(struct dkim_bench *bench, const struct test_key *key) {
    dkim_bench_sign(bench, key, NULL,
                    (struct dkim_signer){.domain = SLICE("a.test"), .selector = SLICE("s")});
}

static inline enum arc_seal_result dkim_bench_seal(struct dkim_bench *bench, const struct test_key *key,
                                                   enum arc_status status) {
    struct arc_sealer sealer = {.signer = {.domain = SLICE("a.test"), .selector = SLICE("s")},
                                .results = SLICE("mx.a.test; spf=pass\r\n\tsmtp.mailfrom=x.test"),
                                .status = status};
    struct buffer fields = buffer_new(KIB(64));
    enum arc_seal_result result = test_seal(key, sealer, buffer_slice(&bench->message), &fields);
    dkim_bench_prepend(bench, buffer_slice(&fields));
    buffer_free(&fields);
    return result;
}

/* Replaces the first `from` of the message. */
static inline void dkim_bench_change(struct dkim_bench *bench, const char *from, const char *to) {
    struct buffer old = bench->message;
    size_t at = slice_find(buffer_slice(&old), slice_from_text(from));
    assert_true(at != SLICE_NOT_FOUND);
    bench->message = buffer_new(old.max_bytes);
    buffer_append(&bench->message, slice_sub(buffer_slice(&old), 0, at));
    buffer_append_text(&bench->message, to);
    buffer_append(&bench->message, slice_skip(buffer_slice(&old), at + strlen(from)));
    buffer_free(&old);
}

static inline struct dkim_message *dkim_bench_read(struct dkim_bench *bench) {
    struct dkim_message *message = dkim_message_new_to_check();
    struct slice rest = buffer_slice(&bench->message);
    while (rest.len) dkim_message_write(message, slice_take(&rest, bench->piece));
    dkim_message_end(message);
    return message;
}

static inline void dkim_bench_body(struct task *t, struct trust_bench *trust, void *context) {
    struct dkim_bench *bench = context;
    struct dkim_message *message = dkim_bench_read(bench);
    bench->verdict = dkim_check(t, message, NULL, &trust->lookups, bench->now_s);
    bench->arc = arc_check(t, message, &trust->lookups, bench->now_s);
    dkim_message_free(&message);
}

/* Slices of the verdict are of a message that is gone: only what is no slice may be looked at. */
static inline struct dkim_verdict dkim_bench_check(struct dkim_bench *bench) {
    trust_bench_run(&bench->trust, dkim_bench_body, bench);
    return bench->verdict;
}

static inline struct arc_verdict dkim_bench_check_arc(struct dkim_bench *bench) {
    (void)dkim_bench_check(bench);
    return bench->arc;
}

/* The first signature's result and fault. */
#define assert_first(bench, expected_result, expected_fault)                                \
    do {                                                                                    \
        struct dkim_verdict first_verdict = dkim_bench_check(bench);                        \
        assert_true(first_verdict.count > 0);                                               \
        if (first_verdict.signatures[0].fault != (expected_fault))                          \
            fail_msg("'%s', not '%s'", dkim_fault_words(first_verdict.signatures[0].fault), \
                     dkim_fault_words(expected_fault));                                     \
        assert_int_equal(first_verdict.signatures[0].result, (expected_result));            \
    } while (0)

#endif

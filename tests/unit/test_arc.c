/* Chains of hosts that passed a message on: which hold, how they are sealed on, and why others do not hold.
 */
#include "dkim_bench.h"

static struct test_key *key_of(void **state) { return *state; }

static int make_key(void **state) {
    struct test_key *key = malloc(sizeof *key);
    *key = test_key_make(DKIM_RSA_SHA256, 1024);
    *state = key;
    return 0;
}

static int free_key(void **state) {
    test_key_free(*state);
    free(*state);
    return 0;
}

/* A message that so many hosts have sealed. */
static struct dkim_bench sealed_bench(const struct test_key *key, int hops) {
    struct dkim_bench bench = dkim_bench_new();
    dkim_bench_publish(&bench, "s._domainkey.a.test", key, "v=DKIM1; p=");
    for (int i = 0; i < hops; i++)
        assert_int_equal(dkim_bench_seal(&bench, key, i ? ARC_STATUS_PASS : ARC_STATUS_NONE), ARC_SEAL_OK);
    return bench;
}

#define assert_chain(bench, expected_result, expected_fault, expected_instance) \
    do {                                                                        \
        struct arc_verdict chain_verdict = dkim_bench_check_arc(bench);         \
        if (chain_verdict.fault != (expected_fault))                            \
            fail_msg("'%s', not '%s'", dkim_fault_words(chain_verdict.fault),   \
                     dkim_fault_words(expected_fault));                         \
        assert_int_equal(chain_verdict.result, (expected_result));              \
        assert_int_equal(chain_verdict.fault_instance, (expected_instance));    \
    } while (0)

/* ---- what holds ---- */

static void without_fields_there_is_no_chain(void **state) {
    struct dkim_bench bench = dkim_bench_new();
    assert_chain(&bench, TRUST_NONE, DKIM_FAULT_NONE, 0);
    assert_int_equal(bench.arc.count, 0);
    dkim_bench_free(&bench);
}

static void chains_that_we_seal_hold(void **state) {
    for (int hops = 1; hops <= 3; hops++) {
        struct dkim_bench bench = sealed_bench(key_of(state), hops);
        assert_chain(&bench, TRUST_PASS, DKIM_FAULT_NONE, 0);
        assert_int_equal(bench.arc.count, hops);
        assert_int_equal(bench.arc.hops[0].key_bits, 1024);
        assert_int_equal(bench.arc.hops[0].status, ARC_STATUS_NONE);
        assert_int_equal(bench.trust.lookups.told_count, 1);
        dkim_bench_free(&bench);
    }
}

static void hops_body(struct task *t, struct trust_bench *trust, void *context) {
    struct dkim_bench *bench = context;
    struct dkim_message *message = dkim_bench_read(bench);
    struct arc_verdict verdict = arc_check(t, message, &trust->lookups, bench->now_s);
    assert_int_equal(verdict.count, 2);
    for (unsigned i = 0; i < 2; i++) {
        assert_slice(verdict.hops[i].domain, "a.test");
        assert_slice(verdict.hops[i].selector, "s");
        assert_slice(verdict.hops[i].results, "mx.a.test; spf=pass\r\n\tsmtp.mailfrom=x.test");
    }
    dkim_message_free(&message);
}

static void each_host_s_findings_are_handed_on(void **state) {
    struct dkim_bench bench = sealed_bench(key_of(state), 2);
    trust_bench_run(&bench.trust, hops_body, &bench);
    dkim_bench_free(&bench);
}

static void a_chain_may_be_of_fifty_and_no_more(void **state) {
    struct test_key ed25519 = test_key_make(DKIM_ED25519_SHA256, 0);
    struct dkim_bench bench = dkim_bench_new();
    dkim_bench_publish(&bench, "s._domainkey.a.test", &ed25519, "k=ed25519; p=");
    for (int i = 0; i < ARC_INSTANCES_MAX; i++)
        assert_int_equal(dkim_bench_seal(&bench, &ed25519, i ? ARC_STATUS_PASS : ARC_STATUS_NONE),
                         ARC_SEAL_OK);
    assert_chain(&bench, TRUST_PASS, DKIM_FAULT_NONE, 0);
    assert_int_equal(bench.arc.oldest_pass, 0);
    assert_int_equal(dkim_bench_seal(&bench, &ed25519, ARC_STATUS_PASS), ARC_SEAL_TOO_MANY);
    test_key_free(&ed25519);
    dkim_bench_free(&bench);
}

/* A list that changes the message seals what it made of it. */
static void a_message_may_change_between_seals(void **state) {
    struct dkim_bench bench = sealed_bench(key_of(state), 1);
    dkim_bench_change(&bench, "A   walk", "[list] A walk");
    buffer_append_text(&bench.message, "-- \r\nThe list\r\n");
    assert_chain(&bench, TRUST_FAIL, DKIM_FAULT_BODY, 1);
    struct dkim_bench again = sealed_bench(key_of(state), 1);
    dkim_bench_change(&again, "A   walk", "[list] A walk");
    assert_int_equal(dkim_bench_seal(&again, key_of(state), ARC_STATUS_PASS), ARC_SEAL_OK);
    assert_chain(&again, TRUST_PASS, DKIM_FAULT_NONE, 0);
    /* RFC 8617 5.2: it is as the second sealed it, and as all do that pass it on unchanged. */
    assert_int_equal(again.arc.oldest_pass, 2);
    assert_int_equal(dkim_bench_seal(&again, key_of(state), ARC_STATUS_PASS), ARC_SEAL_OK);
    assert_chain(&again, TRUST_PASS, DKIM_FAULT_NONE, 0);
    assert_int_equal(again.arc.oldest_pass, 2);
    dkim_bench_free(&again);
    dkim_bench_free(&bench);
}

/* ---- what does not ---- */

static void each_change_breaks_the_chain_where_it_is(void **state) {
    static const struct {
        const char *from;
        const char *to;
        enum dkim_fault fault;
        unsigned instance;
    } cases[] = {
        {"ARC-Seal: i=2", "ARC-Seal: i=3", DKIM_FAULT_CHAIN_INCOMPLETE, 2},
        {"ARC-Seal: i=2", "ARC-Seal: i=1", DKIM_FAULT_CHAIN_DOUBLED, 1},
        {"ARC-Seal: i=2", "ARC-Seal: i=0", DKIM_FAULT_INSTANCE, 0},
        {"ARC-Seal: i=2", "ARC-Seal: i=51", DKIM_FAULT_INSTANCE, 0},
        {"ARC-Seal: i=2", "X-Seal: i=2", DKIM_FAULT_CHAIN_INCOMPLETE, 2},
        {"ARC-Message-Signature: i=2", "ARC-Message-Signature: j=2", DKIM_FAULT_INSTANCE, 0},
        {"ARC-Message-Signature: i=2", "X-Message-Signature: i=2", DKIM_FAULT_CHAIN_INCOMPLETE, 2},
        {"ARC-Authentication-Results: i=1", "ARC-Authentication-Results: x; i=1", DKIM_FAULT_CHAIN_RESULTS,
         0},
        {"ARC-Authentication-Results: i=1", "X-Authentication-Results: i=1", DKIM_FAULT_CHAIN_INCOMPLETE, 1},
        {"cv=pass", "cv=none", DKIM_FAULT_CHAIN_ORDER, 2},
        {"cv=none", "cv=pass", DKIM_FAULT_CHAIN_ORDER, 1},
        {"cv=pass", "cv=fail", DKIM_FAULT_CHAIN_FAILED, 2},
        {"cv=pass", "cv=good", DKIM_FAULT_CHAIN_STATUS, 2},
        {"spf=pass", "spf=none", DKIM_FAULT_SIGNATURE, 2},
        {"park", "pork", DKIM_FAULT_SIGNATURE, 2},
        {"One  line", "One  lime", DKIM_FAULT_BODY, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dkim_bench bench = sealed_bench(key_of(state), 2);
        dkim_bench_change(&bench, cases[i].from, cases[i].to);
        assert_chain(&bench, TRUST_FAIL, cases[i].fault, cases[i].instance);
        dkim_bench_free(&bench);
    }
}

/* The first set's results are under both seals. */
static void an_older_set_is_under_every_seal_behind_it(void **state) {
    struct dkim_bench bench = sealed_bench(key_of(state), 3);
    struct slice whole = buffer_slice(&bench.message);
    size_t first = slice_find(whole, SLICE("ARC-Authentication-Results: i=1"));
    size_t word = slice_find(slice_skip(whole, first), SLICE("spf=pass"));
    bench.message.ptr[first + word + 4] = 'b';
    assert_chain(&bench, TRUST_FAIL, DKIM_FAULT_SIGNATURE, 3);
    dkim_bench_free(&bench);
}

static void keys_of_a_chain_fail_as_others_do(void **state) {
    struct dkim_bench bench = sealed_bench(key_of(state), 1);
    sim_dns_forget(bench.trust.world, "s._domainkey.a.test");
    assert_chain(&bench, TRUST_FAIL, DKIM_FAULT_KEY_NONE, 1);
    sim_dns_fail(bench.trust.world, "s._domainkey.a.test", DNS_SERVFAIL);
    assert_chain(&bench, TRUST_TEMPERROR, DKIM_FAULT_KEY_UNSURE, 1);
    dkim_bench_free(&bench);
}

static void hundreds_of_sets_are_no_chain(void **state) {
    struct dkim_bench bench = sealed_bench(key_of(state), 1);
    struct buffer fields = buffer_new(MIB(1));
    for (int i = 0; i < 300; i++)
        buffer_printf(&fields, "ARC-Seal: i=%d; a=rsa-sha256; cv=none; d=a.test; s=s; b=AAAA\r\n", i % 60);
    dkim_bench_prepend(&bench, buffer_slice(&fields));
    assert_int_equal(dkim_bench_check_arc(&bench).result, TRUST_FAIL);
    assert_int_equal(bench.trust.lookups.told_count, 0);
    buffer_free(&fields);
    dkim_bench_free(&bench);
}

static void a_header_section_that_cannot_be_read_has_no_good_chain(void **state) {
    struct dkim_bench bench = sealed_bench(key_of(state), 1);
    dkim_bench_change(&bench, "park\r\n", "park\n");
    assert_chain(&bench, TRUST_FAIL, DKIM_FAULT_HEADER_LINES, 0);
    dkim_bench_free(&bench);
}

/* As with DKIM: what people read as From is what was sealed. */
static void a_from_that_was_not_sealed_breaks_the_chain(void **state) {
    struct dkim_bench bench = sealed_bench(key_of(state), 1);
    assert_chain(&bench, TRUST_PASS, DKIM_FAULT_NONE, 0);
    assert_true(bench.arc.is_from_sealed);
    dkim_bench_prepend(&bench, SLICE("From: Eve <eve@evil.test>\r\nFrom: Eve <eve@evil.test>\r\n"));
    assert_chain(&bench, TRUST_FAIL, DKIM_FAULT_FROM_ADDED, 1);
    dkim_bench_free(&bench);
}

struct turns {
    const struct trust_lookups *lookups;
    int count;
};

/* From the first key on, when nothing is waited for any more. */
static void count_turns(struct task *t, void *argument) {
    struct turns *turns = argument;
    while (turns->lookups->key_work == 0)
        if (task_sleep(t, 1) != WAIT_OK) return;
    while (task_yield(t) == WAIT_OK) turns->count++;
}

static void turns_body(struct task *t, struct trust_bench *trust, void *context) {
    struct dkim_bench *bench = context;
    struct scope scope;
    struct turns turns = {.lookups = &trust->lookups};
    struct dkim_message *message = dkim_bench_read(bench);
    scope_init(&scope, task_env(t));
    assert_true(scope_spawn(&scope, count_turns, &turns));
    bench->arc = arc_check(t, message, &trust->lookups, bench->now_s);
    assert_true(turns.count >= ARC_INSTANCES_MAX / 2);
    scope_close(t, &scope);
    dkim_message_free(&message);
}

static void others_have_their_turn_between_seals(void **state) {
    struct dkim_bench bench = sealed_bench(key_of(state), ARC_INSTANCES_MAX);
    trust_bench_run(&bench.trust, turns_body, &bench);
    assert_int_equal(bench.arc.result, TRUST_PASS);
    dkim_bench_free(&bench);
}

/* Several records of each name, large keys, fifty seals: somewhere it ends. */
static void keys_that_cost_too_much_are_not_tried(void **state) {
    struct test_key large = test_key_make(DKIM_RSA_SHA256, 4096);
    struct dkim_bench bench = sealed_bench(key_of(state), ARC_INSTANCES_MAX);
    sim_dns_forget(bench.trust.world, "s._domainkey.a.test");
    for (int i = 0; i < 3; i++) {
        char head[64];
        (void)snprintf(head, sizeof head, "n=%d; p=", i);
        dkim_bench_publish(&bench, "s._domainkey.a.test", &large, head);
    }
    dkim_bench_publish(&bench, "s._domainkey.a.test", key_of(state), "p=");
    struct arc_verdict verdict = dkim_bench_check_arc(&bench);
    assert_int_equal(verdict.result, TRUST_FAIL);
    assert_int_equal(verdict.fault, DKIM_FAULT_KEY_WORK);
    assert_true(bench.trust.lookups.key_work <= DKIM_KEY_WORK_MAX);
    test_key_free(&large);
    dkim_bench_free(&bench);
}

/* ---- sealing ---- */

/* RFC 8617 5.1.1.1: then nobody adds anything any more. */
static void a_broken_chain_is_sealed_as_broken_once(void **state) {
    struct dkim_bench bench = sealed_bench(key_of(state), 2);
    dkim_bench_change(&bench, "park", "pork");
    assert_int_equal(dkim_bench_seal(&bench, key_of(state), ARC_STATUS_FAIL), ARC_SEAL_OK);
    assert_chain(&bench, TRUST_FAIL, DKIM_FAULT_CHAIN_FAILED, 3);
    assert_int_equal(dkim_bench_seal(&bench, key_of(state), ARC_STATUS_FAIL), ARC_SEAL_ENDED);
    dkim_bench_free(&bench);
}

static void the_status_fits_what_is_there(void **state) {
    struct dkim_bench bench = sealed_bench(key_of(state), 0);
    assert_int_equal(dkim_bench_seal(&bench, key_of(state), ARC_STATUS_PASS), ARC_SEAL_WRONG_STATUS);
    assert_int_equal(dkim_bench_seal(&bench, key_of(state), ARC_STATUS_NONE), ARC_SEAL_OK);
    assert_int_equal(dkim_bench_seal(&bench, key_of(state), ARC_STATUS_NONE), ARC_SEAL_WRONG_STATUS);
    dkim_bench_change(&bench, "ARC-Seal", "X-Seal");
    assert_int_equal(dkim_bench_seal(&bench, key_of(state), ARC_STATUS_PASS), ARC_SEAL_WRONG_STATUS);
    assert_int_equal(dkim_bench_seal(&bench, key_of(state), ARC_STATUS_FAIL), ARC_SEAL_OK);
    dkim_bench_free(&bench);
}

static enum arc_seal_result try_seal(const struct test_key *key, const char *results, const char *domain,
                                     const char *message) {
    struct arc_sealer sealer = {.signer = {.domain = slice_from_text(domain), .selector = SLICE("s")},
                                .results = slice_from_text(results),
                                .status = ARC_STATUS_NONE};
    struct buffer fields = buffer_new(KIB(64));
    enum arc_seal_result result = test_seal(key, sealer, slice_from_text(message), &fields);
    if (result != ARC_SEAL_OK) assert_int_equal(fields.len, 0);
    buffer_free(&fields);
    return result;
}

static void what_cannot_be_sealed_is_told(void **state) {
    const struct test_key *key = key_of(state);
    assert_int_equal(try_seal(key, "mx.test; none", "a.test", "From: a\r\n\r\n"), ARC_SEAL_OK);
    assert_int_equal(try_seal(key, "mx.test;\r\n none", "a.test", "From: a\r\n\r\n"), ARC_SEAL_OK);
    assert_int_equal(try_seal(key, "", "a.test", "From: a\r\n\r\n"), ARC_SEAL_BAD_RESULTS);
    assert_int_equal(try_seal(key, "a\r\nFrom: x", "a.test", "From: a\r\n\r\n"), ARC_SEAL_BAD_RESULTS);
    assert_int_equal(try_seal(key, "a\nFrom: x", "a.test", "From: a\r\n\r\n"), ARC_SEAL_BAD_RESULTS);
    assert_int_equal(try_seal(key, "a", "a b", "From: a\r\n\r\n"), ARC_SEAL_BAD_SIGNER);
    assert_int_equal(try_seal(key, "a", "a.test", "To: a\r\n\r\n"), ARC_SEAL_UNFIT_MESSAGE);
}

static void the_three_fields_are_in_order(void **state) {
    struct dkim_bench bench = sealed_bench(key_of(state), 1);
    struct slice rest = buffer_slice(&bench.message);
    assert_true(slice_starts(rest, SLICE("ARC-Seal: i=1; a=rsa-sha256; cv=none; d=a.test; s=s;\r\n b=")));
    rest = slice_skip(rest, slice_find(rest, SLICE("ARC-Message-Signature:")));
    assert_true(
        slice_starts(rest, SLICE("ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=a.test;")));
    rest = slice_skip(rest, slice_find(rest, SLICE("ARC-Authentication-Results:")));
    assert_true(slice_starts(rest, SLICE("ARC-Authentication-Results: i=1;\r\n mx.a.test; spf=pass\r\n"
                                         "\tsmtp.mailfrom=x.test\r\nReceived:")));
    dkim_bench_free(&bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_fields_there_is_no_chain),
        cmocka_unit_test(chains_that_we_seal_hold),
        cmocka_unit_test(each_host_s_findings_are_handed_on),
        cmocka_unit_test(a_chain_may_be_of_fifty_and_no_more),
        cmocka_unit_test(a_message_may_change_between_seals),
        cmocka_unit_test(each_change_breaks_the_chain_where_it_is),
        cmocka_unit_test(an_older_set_is_under_every_seal_behind_it),
        cmocka_unit_test(keys_of_a_chain_fail_as_others_do),
        cmocka_unit_test(hundreds_of_sets_are_no_chain),
        cmocka_unit_test(a_header_section_that_cannot_be_read_has_no_good_chain),
        cmocka_unit_test(a_from_that_was_not_sealed_breaks_the_chain),
        cmocka_unit_test(others_have_their_turn_between_seals),
        cmocka_unit_test(keys_that_cost_too_much_are_not_tried),
        cmocka_unit_test(a_broken_chain_is_sealed_as_broken_once),
        cmocka_unit_test(the_status_fits_what_is_there),
        cmocka_unit_test(what_cannot_be_sealed_is_told),
        cmocka_unit_test(the_three_fields_are_in_order),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}

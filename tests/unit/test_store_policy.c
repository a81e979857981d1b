/* Policies of other domains and results of connections, as the store keeps them. */
#include "store_bench.h"

#include "store/engine_state.h"
#include "store/sts_policy.h"
#include "store/tls_result.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)

static int64_t now_ms(struct store_bench *bench) { return env_wall_ms(bench->env); }

static void keep(struct task *t, struct store_bench *bench, const char *domain, const char *text,
                 int64_t left_ms, int64_t tried_ago_ms) {
    int64_t now = now_ms(bench);
    struct sts_policy policy = {.domain = slice_from_text(domain),
                                .id = SLICE("7"),
                                .text = slice_from_text(text),
                                .fetched_ms = now - tried_ago_ms,
                                .expires_ms = now + left_ms,
                                .tried_ms = now - tried_ago_ms};
    assert_int_equal(engine_sts_policy_keep(t, bench->engine, &policy), STORE_OK);
}

static enum store_result find(struct store_bench *bench, const char *domain, struct sts_policy *policy) {
    return engine_sts_policy(bench->engine, bench->arena, slice_from_text(domain), policy);
}

static enum store_result due(struct store_bench *bench, struct sts_policy *policy) {
    return engine_sts_policy_due(bench->engine, bench->arena, now_ms(bench), now_ms(bench) - DAY_MS, policy);
}

static void policy_body(struct task *t, struct store_bench *bench) {
    struct sts_policy policy;
    assert_int_equal(find(bench, "a.test", &policy), STORE_NOT_FOUND);
    assert_int_equal(due(bench, &policy), STORE_NOT_FOUND);
    keep(t, bench, "a.test", "one", 10 * DAY_MS, 0);
    keep(t, bench, "a.test", "two", 10 * DAY_MS, 3 * DAY_MS);
    keep(t, bench, "b.test", "three", 10 * DAY_MS, 4 * DAY_MS);
    bench_reopen(t, bench);
    assert_int_equal(find(bench, "a.test", &policy), STORE_OK);
    assert_slice(policy.text, "two");
    assert_slice(policy.id, "7");
    assert_int_equal(policy.expires_ms - policy.fetched_ms, 13 * DAY_MS);
    assert_int_equal(due(bench, &policy), STORE_OK);
    assert_slice(policy.domain, "b.test");
    /* It was tried: the next one's turn; what it said stays. */
    keep(t, bench, "b.test", "", 0, 0);
    assert_int_equal(due(bench, &policy), STORE_OK);
    assert_slice(policy.domain, "a.test");
    assert_int_equal(find(bench, "b.test", &policy), STORE_OK);
    assert_slice(policy.text, "three");
    /* What has expired is never due, and goes. */
    keep(t, bench, "c.test", "four", -1000, 5 * DAY_MS);
    assert_int_equal(due(bench, &policy), STORE_OK);
    assert_slice(policy.domain, "a.test");
    keep(t, bench, "a.test", "", 0, 0);
    assert_int_equal(find(bench, "c.test", &policy), STORE_NOT_FOUND);
    assert_int_equal(due(bench, &policy), STORE_NOT_FOUND);
}

static void policies_are_kept_until_they_expire(void **state) { bench_run(policy_body, NULL); }

/* As many as are kept. */
static const char many[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
                           " INSERT INTO sts_policy (domain, id, policy, fetched_ms, expires_ms, tried_ms)"
                           " SELECT 'd' || i || '.test', '1', x'00', 0, 9000000000000000, 0 FROM n";

static enum store_result fill(struct commit *commit, void *argument) {
    (void)argument;
    DB_RUN(commit->db, many);
    return STORE_OK;
}

static void full_body(struct task *t, struct store_bench *bench) {
    struct sts_policy policy = {.domain = SLICE("d7.test"),
                                .id = SLICE("2"),
                                .text = SLICE("new"),
                                .fetched_ms = now_ms(bench),
                                .expires_ms = now_ms(bench) + DAY_MS,
                                .tried_ms = now_ms(bench)};
    struct commit_operation operation = {.run = fill};
    assert_int_equal(MTA_STS_STORED_MAX, 100000);
    assert_int_equal(commit_run(t, &bench->engine->queue, &operation), STORE_OK);
    /* One that is there is renewed, another one finds no room. */
    assert_int_equal(engine_sts_policy_keep(t, bench->engine, &policy), STORE_OK);
    assert_int_equal(find(bench, "d7.test", &policy), STORE_OK);
    assert_slice(policy.text, "new");
    policy.domain = SLICE("other.test");
    assert_int_equal(engine_sts_policy_keep(t, bench->engine, &policy), STORE_OVER_QUOTA);
}

static void where_there_is_no_room_policies_are_renewed_still(void **state) { bench_run(full_body, NULL); }

/* ---- results ---- */

struct counting {
    int64_t at_ms;
    const char *domain;
    struct tls_result result;
};

static enum store_result count(struct commit *commit, void *argument) {
    const struct counting *counting = argument;
    int64_t now = commit->now_ms;
    if (counting->at_ms) commit->now_ms = counting->at_ms;
    tls_results_add(commit, slice_from_text(counting->domain), &counting->result, 1);
    commit->now_ms = now;
    return STORE_OK;
}

static void add(struct task *t, struct store_bench *bench, struct counting counting) {
    struct commit_operation operation = {.run = count, .argument = &counting};
    assert_int_equal(commit_run(t, &bench->engine->queue, &operation), STORE_OK);
}

static enum store_result prune(struct commit *commit, void *argument) {
    *(bool *)argument = tls_results_prune(commit);
    return STORE_OK;
}

static void result_body(struct task *t, struct store_bench *bench) {
    struct tls_result good = {.policy = TLS_POLICY_STS,
                              .result = TLS_RESULT_SUCCESS,
                              .policy_id = SLICE("7"),
                              .host = SLICE("mx.a.test")};
    struct tls_result bad = {.policy = TLS_POLICY_TLSA,
                             .result = TLS_RESULT_EXPIRED,
                             .host = SLICE("mx.a.test"),
                             .sender_address = SLICE("192.0.2.1"),
                             .host_address = SLICE("198.51.100.9")};
    int64_t long_ago_ms = now_ms(bench) - (TLS_RESULT_DAYS + 5) * DAY_MS;
    for (int i = 0; i < 3; i++) add(t, bench, (struct counting){0, "a.test", good});
    add(t, bench, (struct counting){0, "a.test", bad});
    add(t, bench, (struct counting){0, "", bad});
    add(t, bench, (struct counting){long_ago_ms, "old.test", good});
    struct tls_result_row *rows;
    size_t row_count;
    assert_int_equal(
        tls_results_read(bench->engine->db, bench->arena, now_ms(bench) / DAY_MS, 10, &rows, &row_count),
        STORE_OK);
    assert_int_equal(row_count, 2);
    assert_slice(rows[0].domain, "a.test");
    assert_slice(rows[0].result.policy_id, "7");
    assert_int_equal(rows[0].count, 3);
    assert_int_equal(rows[1].result.result, TLS_RESULT_EXPIRED);
    assert_slice(rows[1].result.host, "mx.a.test");
    assert_slice(rows[1].result.sender_address, "192.0.2.1");
    assert_slice(rows[1].result.host_address, "198.51.100.9");
    bool has_more = true;
    struct commit_operation operation = {.run = prune, .argument = &has_more};
    assert_int_equal(commit_run(t, &bench->engine->queue, &operation), STORE_OK);
    assert_false(has_more);
    assert_int_equal(
        tls_results_read(bench->engine->db, bench->arena, long_ago_ms / DAY_MS, 10, &rows, &row_count),
        STORE_OK);
    assert_int_equal(row_count, 0);
}

static void results_are_counted_by_day(void **state) { bench_run(result_body, NULL); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_are_kept_until_they_expire),
        cmocka_unit_test(where_there_is_no_room_policies_are_renewed_still),
        cmocka_unit_test(results_are_counted_by_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

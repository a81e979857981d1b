/* Reports of others, and what is counted for reports to others, as the store keeps them. */
#include "store_bench.h"

#include "store/engine_state.h"
#include "store/feedback.h"
#include "store/seen.h"
#include "store/tls_result.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)
enum { ARENA_BYTES = 8 << 20, SEERS = 50 };

/* ---- reports of others ---- */

static struct feedback sample(void) {
    static struct feedback_auth auths[2] = {
        {true, SLICE_INIT("b.example"), SLICE_INIT("mfrom"), SLICE_INIT("pass"), {NULL, 0}},
        {false, SLICE_INIT("d.example"), SLICE_INIT("s"), SLICE_INIT("fail"), SLICE_INIT("why")}};
    static struct feedback_record records[2];
    static struct feedback_failure failures[1] = {
        {.type = TLS_RESULT_EXPIRED, .type_text = SLICE_INIT("certificate-expired"), .count = 5}};
    static struct feedback_way ways[1] = {{.type = TLS_POLICY_TLSA,
                                           .domain = SLICE_INIT("d.example"),
                                           .succeeded = 7,
                                           .failed = 5,
                                           .failures = failures,
                                           .failure_count = 1}};
    records[0] = (struct feedback_record){.source = SLICE("192.0.2.1"),
                                          .count = 3,
                                          .disposition = DMARC_REJECT,
                                          .is_spf_aligned = true,
                                          .reason = SLICE("other"),
                                          .header_from = SLICE("d.example"),
                                          .auths = auths,
                                          .auth_count = 2};
    return (struct feedback){.kind = FEEDBACK_DMARC,
                             .organization = SLICE("O"),
                             .contact = SLICE("c"),
                             .id = SLICE("1"),
                             .domain = SLICE("d.example"),
                             .begin_s = 5,
                             .end_s = 6,
                             .passed = 3,
                             .left_out = 1,
                             .policy = {.domain = SLICE("d.example"), .policy = DMARC_QUARANTINE},
                             .records = records,
                             .record_count = 2,
                             .ways = ways,
                             .way_count = 1};
}

static void reports_are_the_same_after_they_were_packed(void **state) {
    (void)state;
    struct arena *arena = arena_new(ARENA_BYTES);
    struct buffer details = buffer_new(FEEDBACK_STORED_BYTES_MAX);
    struct feedback f = sample();
    struct feedback again;
    feedback_pack(&details, &f);
    assert_true(feedback_unpack(buffer_slice(&details), arena, &again));
    assert_int_equal(again.record_count, 2);
    assert_slice(again.records[0].auths[1].words, "why");
    assert_true(again.records[0].auths[0].is_spf && again.records[0].is_spf_aligned);
    assert_int_equal(again.records[0].count, 3);
    assert_int_equal(again.ways[0].failures[0].type, TLS_RESULT_EXPIRED);
    assert_int_equal(again.ways[0].failed, 5);
    assert_int_equal(again.policy.policy, DMARC_QUARANTINE);
    assert_int_equal(again.left_out, 1);
    /* Damage is told, wherever it is. */
    for (size_t cut = 0; cut < details.len; cut++)
        assert_false(feedback_unpack(slice_sub(buffer_slice(&details), 0, cut), arena, &again));
    /* What has no room is left out, and counted. */
    struct buffer small = buffer_new(details.len + 20);
    feedback_pack(&small, &f);
    assert_false(buffer_overflowed(&small));
    assert_true(feedback_unpack(buffer_slice(&small), arena, &again));
    assert_true(again.record_count < 2 && again.left_out > 1);
    buffer_free(&small);
    buffer_free(&details);
    arena_free(&arena);
}

static enum store_result keep(struct task *t, struct store_bench *bench, const char *domain,
                              const char *report, enum feedback_trust trust) {
    struct feedback_entry entry = {.kind = FEEDBACK_DMARC,
                                   .domain = slice_from_text(domain),
                                   .organization = SLICE("O"),
                                   .report = slice_from_text(report),
                                   .author = SLICE("r.example"),
                                   .trust = trust,
                                   .begin_s = 1,
                                   .end_s = 2,
                                   .passed = 4,
                                   .failed = 1,
                                   .details = SLICE("x")};
    return engine_feedback_keep(t, bench->engine, &entry);
}

static size_t count(struct store_bench *bench, const char *domain) {
    struct feedback_entry *entries;
    size_t found;
    assert_int_equal(
        engine_feedback_list(bench->engine, bench->arena, slice_from_text(domain), 0, 1000, &entries, &found),
        STORE_OK);
    return found;
}

static enum store_result prune(struct commit *commit, void *argument) {
    int64_t now = commit->now_ms;
    commit->now_ms += *(int64_t *)argument;
    bool has_more = feedback_prune(commit);
    has_more = seen_prune(commit) || has_more;
    commit->now_ms = now;
    assert_false(has_more);
    return STORE_OK;
}

static void prune_after(struct task *t, struct store_bench *bench, int64_t days) {
    int64_t later_ms = days * DAY_MS;
    struct commit_operation operation = {.run = prune, .argument = &later_ms};
    assert_int_equal(commit_run(t, &bench->engine->queue, &operation), STORE_OK);
}

static void feedback_body(struct task *t, struct store_bench *bench) {
    assert_int_equal(engine_domain_add(t, bench->engine, SLICE("example.org"), DOMAIN_LOCAL), STORE_OK);
    assert_int_equal(keep(t, bench, "example.org", "1", FEEDBACK_VOUCHED), STORE_OK);
    assert_int_equal(keep(t, bench, "example.org", "1", FEEDBACK_VOUCHED), STORE_EXISTS);
    /* Who forges it does not keep the real one away. */
    assert_int_equal(keep(t, bench, "example.org", "1", FEEDBACK_UNVOUCHED), STORE_OK);
    assert_int_equal(keep(t, bench, "mail.example.org", "1", FEEDBACK_VOUCHED), STORE_OK);
    assert_int_equal(keep(t, bench, "badexample.org", "1", FEEDBACK_VOUCHED), STORE_NOT_FOUND);
    assert_int_equal(keep(t, bench, "org", "1", FEEDBACK_VOUCHED), STORE_NOT_FOUND);
    assert_int_equal(keep(t, bench, "", "1", FEEDBACK_VOUCHED), STORE_REFUSED);
    bench_reopen(t, bench);
    assert_int_equal(count(bench, ""), 3);
    assert_int_equal(count(bench, "example.org"), 3);
    assert_int_equal(count(bench, "mail.example.org"), 1);
    assert_int_equal(count(bench, "ample.org"), 0);
    struct feedback_entry *entries;
    struct feedback_entry entry;
    size_t found;
    assert_int_equal(
        engine_feedback_list(bench->engine, bench->arena, SLICE("example.org"), 0, 1, &entries, &found),
        STORE_OK);
    assert_int_equal(found, 1);
    assert_slice(entries[0].domain, "mail.example.org");
    assert_int_equal(engine_feedback_find(bench->engine, bench->arena, entries[0].id, &entry), STORE_OK);
    assert_slice(entry.details, "x");
    assert_int_equal(entry.passed, 4);
    assert_int_equal(engine_feedback_find(bench->engine, bench->arena, 1, &entry), STORE_NOT_FOUND);
    prune_after(t, bench, FEEDBACK_KEPT_DAYS - 1);
    assert_int_equal(count(bench, ""), 3);
    prune_after(t, bench, FEEDBACK_KEPT_DAYS + 1);
    assert_int_equal(count(bench, ""), 0);
}

static void reports_are_kept_once_for_our_domains(void **state) {
    (void)state;
    bench_run(feedback_body, NULL);
}

static void day_body(struct task *t, struct store_bench *bench) {
    char report[32];
    assert_int_equal(engine_domain_add(t, bench->engine, SLICE("example.org"), DOMAIN_LOCAL), STORE_OK);
    for (unsigned i = 0; i < FEEDBACK_DOMAIN_DAY_MAX; i++) {
        (void)snprintf(report, sizeof report, "%u", i);
        assert_int_equal(keep(t, bench, "example.org", report, FEEDBACK_UNCHECKED), STORE_OK);
    }
    assert_int_equal(keep(t, bench, "example.org", "more", FEEDBACK_UNCHECKED), STORE_OVER_QUOTA);
    assert_int_equal(keep(t, bench, "example.org", "1", FEEDBACK_UNCHECKED), STORE_EXISTS);
    assert_int_equal(keep(t, bench, "a.example.org", "more", FEEDBACK_UNCHECKED), STORE_OK);
}

static void so_many_of_a_day_are_kept(void **state) {
    (void)state;
    bench_run(day_body, NULL);
}

/* ---- what is counted for others ---- */

static enum store_result see(struct task *t, struct store_bench *bench, const char *domain,
                             const char *record, const char *item) {
    struct seen seen = {slice_from_text(domain), slice_from_text(record), slice_from_text(item)};
    return engine_seen_add(t, bench->engine, &seen);
}

static enum store_result next(struct store_bench *bench, struct seen_place *after, size_t bytes_max,
                              struct seen_batch *batch) {
    int64_t today = env_wall_ms(bench->env) / DAY_MS;
    enum store_result result = engine_seen_next(bench->engine, bench->arena, today, after, bytes_max, batch);
    if (result == STORE_OK) *after = batch->place;
    return result;
}

static void seen_body(struct task *t, struct store_bench *bench) {
    struct seen_place after = {0};
    struct seen_batch batch;
    assert_int_equal(next(bench, &after, 1000, &batch), STORE_NOT_FOUND);
    assert_int_equal(see(t, bench, "b.test", "v=1", "one"), STORE_OK);
    assert_int_equal(see(t, bench, "b.test", "v=2", "two"), STORE_OK);
    assert_int_equal(see(t, bench, "b.test", "v=2", "two"), STORE_OK);
    assert_int_equal(see(t, bench, "a.test", "v=3", "one"), STORE_OK);
    assert_int_equal(see(t, bench, "", "v=3", "one"), STORE_REFUSED);
    assert_int_equal(see(t, bench, "a.test", "v=3", ""), STORE_REFUSED);
    bench_reopen(t, bench);
    assert_int_equal(next(bench, &after, 1000, &batch), STORE_OK);
    assert_slice(batch.place.domain, "a.test");
    assert_int_equal(next(bench, &after, 1000, &batch), STORE_OK);
    assert_slice(batch.place.domain, "b.test");
    assert_slice(batch.text, "v=2");
    assert_int_equal(batch.count, 2);
    assert_slice(batch.items[0].bytes, "two");
    assert_int_equal(batch.items[0].count, 2);
    assert_int_equal(next(bench, &after, 1000, &batch), STORE_NOT_FOUND);
    /* What has no room is counted. */
    after = (struct seen_place){.day = batch.place.day, .domain = SLICE("a.test")};
    assert_int_equal(next(bench, &after, 20, &batch), STORE_OK);
    assert_int_equal(batch.count, 1);
    assert_int_equal(batch.left_out, 1);
    /* Yesterday there was nothing. */
    after = (struct seen_place){0};
    assert_int_equal(engine_seen_next(bench->engine, bench->arena, env_wall_ms(bench->env) / DAY_MS - 1,
                                      &after, 1000, &batch),
                     STORE_NOT_FOUND);
    struct seen_place done = {env_wall_ms(bench->env) / DAY_MS, SLICE("b.test")};
    assert_int_equal(engine_seen_remove(t, bench->engine, FEEDBACK_DMARC, &done), STORE_OK);
    assert_int_equal(next(bench, &after, 1000, &batch), STORE_OK);
    assert_int_equal(next(bench, &after, 1000, &batch), STORE_NOT_FOUND);
    prune_after(t, bench, SEEN_DAYS_MAX + 1);
    after = (struct seen_place){0};
    assert_int_equal(next(bench, &after, 1000, &batch), STORE_NOT_FOUND);
}

static void what_is_seen_is_counted_by_day_and_domain(void **state) {
    (void)state;
    bench_run(seen_body, NULL);
}

/* Those who see at once, so that what they see is few commits. */
struct seers {
    struct store_bench *bench;
    struct gate ended;
    unsigned left;
    unsigned next;
};

static void see_many(struct task *t, void *argument) {
    struct seers *seers = argument;
    char item[32];
    while (seers->next < SEEN_DOMAIN_ROWS_MAX + 7) {
        (void)snprintf(item, sizeof item, "item %u", seers->next++);
        assert_int_equal(see(t, seers->bench, "a.test", "v=1", item), STORE_OK);
    }
    seers->left--;
    gate_open(&seers->ended);
}

/* The domain's row itself counts: so one less. */
static void bound_body(struct task *t, struct store_bench *bench) {
    struct seen_place after = {0};
    struct seen_batch batch;
    struct scope scope;
    struct seers seers = {.bench = bench, .left = SEERS};
    gate_init(&seers.ended);
    scope_init(&scope, bench->env);
    for (unsigned i = 0; i < SEERS; i++) assert_true(scope_spawn(&scope, see_many, &seers));
    while (seers.left) assert_int_equal(gate_wait(t, &seers.ended, DEADLINE_NONE), WAIT_OK);
    scope_close(t, &scope);
    assert_int_equal(next(bench, &after, 4 << 20, &batch), STORE_OK);
    assert_int_equal(batch.count, SEEN_DOMAIN_ROWS_MAX);
    assert_int_equal(batch.left_out, 7);
}

static void so_many_rows_of_a_domain_are_kept(void **state) {
    (void)state;
    bench_run(bound_body, NULL);
}

static enum store_result add_tls(struct commit *commit, void *argument) {
    const struct tls_result *result = argument;
    tls_results_add(commit, SLICE("a.test"), result, 1);
    return STORE_OK;
}

static void tls_body(struct task *t, struct store_bench *bench) {
    struct tls_result result = {.policy = TLS_POLICY_STS,
                                .result = TLS_RESULT_EXPIRED,
                                .policy_id = SLICE("7"),
                                .host = SLICE("mx.a.test"),
                                .sender_address = SLICE("192.0.2.1"),
                                .host_address = SLICE("198.51.100.9")};
    struct commit_operation operation = {.run = add_tls, .argument = &result};
    struct seen_place after = {0};
    struct seen_batch batch;
    struct tls_result read;
    int64_t today = env_wall_ms(bench->env) / DAY_MS;
    assert_int_equal(commit_run(t, &bench->engine->queue, &operation), STORE_OK);
    assert_int_equal(commit_run(t, &bench->engine->queue, &operation), STORE_OK);
    assert_int_equal(engine_seen_tls_next(bench->engine, bench->arena, today, &after, 1000, &batch),
                     STORE_OK);
    assert_slice(batch.place.domain, "a.test");
    assert_int_equal(batch.count, 1);
    assert_int_equal(batch.items[0].count, 2);
    assert_true(seen_tls_unpack(batch.items[0].bytes, &read));
    assert_int_equal(read.result, TLS_RESULT_EXPIRED);
    assert_slice(read.host, "mx.a.test");
    assert_slice(read.sender_address, "192.0.2.1");
    assert_slice(read.host_address, "198.51.100.9");
    assert_int_equal(engine_seen_remove(t, bench->engine, FEEDBACK_TLS, &batch.place), STORE_OK);
    assert_int_equal(engine_seen_tls_next(bench->engine, bench->arena, today, &after, 1000, &batch),
                     STORE_NOT_FOUND);
}

static enum store_result add_old_tls(struct commit *commit, void *argument) {
    int64_t now = commit->now_ms;
    commit->now_ms -= *(const int64_t *)argument * DAY_MS;
    struct tls_result result = {.policy = TLS_POLICY_NONE, .host = SLICE("mx.a.test")};
    tls_results_add(commit, SLICE("a.test"), &result, 1);
    commit->now_ms = now;
    return STORE_OK;
}

/* They are counted for thirty days; RFC 8460 4.1 has the last day told. */
static void old_tls_body(struct task *t, struct store_bench *bench) {
    static const int64_t ages[] = {20, SEEN_DAYS_MAX + 1, SEEN_DAYS_MAX, 1};
    struct seen_place after = {0};
    struct seen_batch batch;
    int64_t today = env_wall_ms(bench->env) / DAY_MS;
    for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++) {
        int64_t age = ages[i];
        struct commit_operation operation = {.run = add_old_tls, .argument = &age};
        assert_int_equal(commit_run(t, &bench->engine->queue, &operation), STORE_OK);
    }
    for (int64_t age = SEEN_DAYS_MAX; age > 0; age -= SEEN_DAYS_MAX - 1) {
        assert_int_equal(engine_seen_tls_next(bench->engine, bench->arena, today, &after, 1000, &batch),
                         STORE_OK);
        assert_int_equal(batch.place.day, today - age);
        after = batch.place;
    }
    assert_int_equal(engine_seen_tls_next(bench->engine, bench->arena, today, &after, 1000, &batch),
                     STORE_NOT_FOUND);
}

static void days_long_gone_are_not_told(void **state) {
    (void)state;
    bench_run(old_tls_body, NULL);
}

static void how_connections_went_is_told_and_goes(void **state) {
    (void)state;
    bench_run(tls_body, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_are_the_same_after_they_were_packed),
        cmocka_unit_test(reports_are_kept_once_for_our_domains),
        cmocka_unit_test(so_many_of_a_day_are_kept),
        cmocka_unit_test(what_is_seen_is_counted_by_day_and_domain),
        cmocka_unit_test(so_many_rows_of_a_domain_are_kept),
        cmocka_unit_test(how_connections_went_is_told_and_goes),
        cmocka_unit_test(days_long_gone_are_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPF checks in the simulated world (trust_bench.h). */
#ifndef SPF_BENCH_H
#define SPF_BENCH_H

#include "trust_bench.h"

#include "trust/spf.h"

struct spf_bench_check {
    struct spf_question question;
    bool is_helo;
    struct spf_verdict verdict;
};

static inline void spf_bench_body(struct task *t, struct trust_bench *bench, void *context) {
    struct spf_bench_check *check = context;
    check->verdict = check->is_helo ? spf_check_helo(t, &bench->lookups, &check->question)
                                    : spf_check(t, &bench->lookups, &check->question);
}

static inline struct spf_bench_check spf_bench_question(const char *ip, const char *from, const char *helo) {
    struct spf_bench_check check = {.question = {.sender = slice_from_text(from),
                                                 .helo = slice_from_text(helo),
                                                 .receiver = SLICE("mx.receiver.test")}};
    assert_true(dns_address_parse(slice_from_text(ip), &check.question.address));
    return check;
}

static inline struct spf_verdict spf_bench_ask(struct trust_bench *bench, const char *ip, const char *from,
                                               const char *helo) {
    struct spf_bench_check check = spf_bench_question(ip, from, helo);
    trust_bench_run(bench, spf_bench_body, &check);
    return check.verdict;
}

static inline void spf_bench_expect(struct trust_bench *bench, const char *ip, const char *from,
                                    enum trust_result result) {
    struct spf_verdict verdict = spf_bench_ask(bench, ip, from, "helo.test");
    if (verdict.result != result)
        fail_msg("%s from %s: %s (%.*s)", from, ip, trust_result_word(verdict.result),
                 SLICE_PRINT(verdict.reason));
}

/* A world of its own for one record, asked for by ann@a.test from 192.0.2.1. */
static inline void spf_bench_record(const char *record, enum trust_result result, const char *reason) {
    struct trust_bench bench = trust_bench_new((const char *[]){NULL});
    sim_zone_add(bench.world, "a.test", "TXT", slice_from_text(record));
    struct spf_verdict verdict = spf_bench_ask(&bench, "192.0.2.1", "ann@a.test", "helo.test");
    assert_slice(verdict.reason, reason);
    assert_int_equal(verdict.result, result);
    trust_bench_free(&bench);
}

#endif

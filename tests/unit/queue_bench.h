/* Outgoing mail over a store_bench.h: what is queued, what is due, what becomes of it. */
#ifndef QUEUE_BENCH_H
#define QUEUE_BENCH_H

#include "store_bench.h"

#include "store/engine_queue.h"
#include "wire/smtp_parameter.h"

/* Later than everything that becomes due now. */
enum { QUEUE_BENCH_MAX = 64 };
#define LATER_MS (INT64_C(1) << 50)

/* What the listener heard. */
struct heard {
    struct queue_news news[QUEUE_BENCH_MAX];
    size_t count;
};

static inline void queue_hear(void *context, const struct queue_news *news) {
    struct heard *heard = context;
    if (heard->count < QUEUE_BENCH_MAX) heard->news[heard->count++] = *news;
}

static inline struct delivery queue_delivery(struct store_bench *bench, struct slice raw,
                                             const struct queue_recipient *queue, size_t count) {
    struct delivery delivery = bench_delivery(bench, raw);
    delivery.account_count = 0;
    delivery.queue = queue;
    delivery.queue_count = count;
    return delivery;
}

/* From ann, for one address; its id. */
static inline uint64_t queue_one(struct task *t, struct store_bench *bench, const char *address,
                                 uint32_t notify) {
    struct queue_recipient recipient = {.address = slice_from_text(address), .notify = notify};
    struct delivery delivery = queue_delivery(bench, SLICE("Subject: out\r\n\r\nhello\r\n"), &recipient, 1);
    delivery.mail_from = SLICE("ann@example.org");
    delivery.account = bench->account;
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
    return delivery.id;
}

/* The destination that is due, and is not that of reports; 0: none. */
static inline uint64_t queue_due_destination(struct store_bench *bench, int64_t now_ms) {
    struct destination *destinations = NULL;
    size_t count = 0;
    assert_int_equal(
        engine_queue_destinations(bench->engine, bench->arena, now_ms, 10, &destinations, &count), STORE_OK);
    for (size_t i = 0; i < count; i++)
        if (destinations[i].id != DESTINATION_REPORTS) return destinations[i].id;
    return 0;
}

static inline size_t queue_places(struct store_bench *bench, uint64_t destination, int64_t now_ms) {
    struct queue_place places[QUEUE_BENCH_MAX];
    size_t count = 0;
    assert_int_equal(engine_queue_read(bench->engine, destination, QUEUE_PERSONAL, &(struct queue_place){0},
                                       now_ms, places, QUEUE_BENCH_MAX, &count),
                     STORE_OK);
    return count;
}

static inline struct settled_recipient settled(uint32_t number, enum queue_outcome outcome) {
    bool is_good = outcome == QUEUE_DELIVERED;
    return (struct settled_recipient){.number = number,
                                      .outcome = outcome,
                                      .due_ms = LATER_MS,
                                      .status = is_good ? SLICE("2.1.5") : SLICE("4.2.1"),
                                      .reply = is_good ? SLICE("250 fine") : SLICE("450 not now"),
                                      .host = SLICE("mx.example.net")};
}

/* One recipient, number 0. */
static inline enum store_result queue_settle(struct task *t, struct store_bench *bench, uint64_t destination,
                                             uint64_t message, struct settled_recipient recipient) {
    bool is_left = true;
    struct settlement settlement = {.message = message,
                                    .destination = destination,
                                    .recipients = &recipient,
                                    .recipient_count = 1,
                                    .began_ms = env_wall_ms(bench->env),
                                    .record = SLICE("record")};
    enum store_result result = engine_queue_settle(t, bench->engine, &settlement, &is_left);
    assert_false(is_left);
    return result;
}

static inline struct store_status queue_status(struct store_bench *bench) {
    struct store_status status;
    assert_int_equal(engine_status(bench->engine, &status), STORE_OK);
    return status;
}

static inline void queue_verify(struct task *t, struct store_bench *bench) {
    struct verify_report report;
    assert_int_equal(engine_verify(t, bench->engine, bench_print_fault, NULL, &report), STORE_OK);
    assert_int_equal(report.faults, 0);
}

/* The body is no more. */
static inline bool queue_has_body(struct store_bench *bench, uint64_t message) {
    struct buffer packed = buffer_new(MIB(1));
    enum store_result result = engine_queue_body(bench->engine, message, 0, 100, &packed);
    buffer_free(&packed);
    return result == STORE_OK;
}

#endif

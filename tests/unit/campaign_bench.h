/* A campaign in a store of its own, for the store's unit tests: ann@example.org writes to people at far.test.
 */
#ifndef CAMPAIGN_BENCH_H
#define CAMPAIGN_BENCH_H

#include "store_bench.h"

#include "base/limits_campaign.h"
#include "store/answer.h"
#include "store/campaign.h"
#include "store/contact.h"
#include "store/engine_queue.h"
#include "store/engine_sender.h"
#include "store/suppression.h"

enum { DAY_MS = 24 * 3600 * 1000 };

/* A campaign with its sender, an account of ours, and prospects. */
struct campaign_bench {
    struct store_bench *store;
    struct task *t;
    struct sender sender;
    uint64_t campaign;
};

static inline void add_contact(struct campaign_bench *bench, const char *address) {
    struct slice text = slice_from_text(address);
    struct contact_change change = {.tenant = 1, .row = {.address = text, .written = text}};
    enum contact_outcome outcome;
    assert_int_equal(engine_contact_set(bench->t, bench->store->engine, &change, &outcome), STORE_OK);
    assert_int_equal(outcome, CONTACT_ADDED);
}

static inline uint64_t contact_id(struct campaign_bench *bench, const char *address) {
    struct contact contact;
    assert_int_equal(
        engine_contact_find(bench->store->engine, bench->store->arena, 1, slice_from_text(address), &contact),
        STORE_OK);
    return contact.id;
}

static inline struct campaign_addition add_all(struct campaign_bench *bench, uint64_t campaign) {
    struct campaign_addition addition = {0};
    uint64_t after = 0;
    do {
        assert_int_equal(
            engine_campaign_add(bench->t, bench->store->engine, campaign, NULL, &after, &addition), STORE_OK);
    } while (after);
    return addition;
}

static inline uint64_t make_campaign(struct campaign_bench *bench, const char *name) {
    uint64_t id = 0;
    struct campaign campaign = {
        .name = slice_from_text(name), .sender = bench->sender.id, .document = SLICE("{}")};
    assert_int_equal(engine_campaign_create(bench->t, bench->store->engine, &campaign, &id), STORE_OK);
    return id;
}

static inline void start(struct campaign_bench *bench, uint64_t campaign) {
    assert_int_equal(
        engine_campaign_order(bench->t, bench->store->engine, campaign, CAMPAIGN_RUNNING, SLICE_EMPTY),
        STORE_OK);
}

/* ann@example.org writes to ben and cara at far.test. */
static inline struct campaign_bench bench_begin(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = {.store = store, .t = t};
    bench_add_account(t, store, 0);
    bench.sender = (struct sender){.address = SLICE("ann@example.org"), .account = store->account};
    assert_int_equal(engine_sender_add(t, store->engine, &bench.sender), STORE_OK);
    add_contact(&bench, "ben@far.test");
    add_contact(&bench, "cara@far.test");
    bench.campaign = make_campaign(&bench, "autumn");
    assert_int_equal(add_all(&bench, bench.campaign).added, 2);
    start(&bench, bench.campaign);
    return bench;
}

static inline int64_t now_of(const struct campaign_bench *bench) { return env_wall_ms(bench->store->env); }

static inline size_t due_at(struct campaign_bench *bench, int64_t now_ms, struct prospect *prospects) {
    size_t count = 0;
    assert_int_equal(engine_outreach_due(bench->store->engine, bench->store->arena, bench->sender.id, 0,
                                         now_ms, prospects, OUTREACH_DUE_MAX, &count),
                     STORE_OK);
    return count;
}

static inline struct prospect prospect_of(struct campaign_bench *bench, const char *address) {
    struct prospect_shown *shown;
    size_t count = 0;
    assert_int_equal(engine_outreach_of_contact(bench->store->engine, bench->store->arena,
                                                contact_id(bench, address), &shown, &count),
                     STORE_OK);
    assert_true(count > 0);
    return shown[0].prospect;
}

/* ---- a message's way ---- */

static inline enum outreach_gate claim(struct campaign_bench *bench, const struct prospect *prospect,
                                       const char *id, uint64_t *sent) {
    enum outreach_gate gate = GATE_OPEN;
    struct outreach_claim claim = {
        .prospect = prospect->id,
        .step = prospect->step,
        .message_id = slice_from_text(id),
        .from_domain = SLICE("example.org"),
        .limits = {.day_start_ms = now_of(bench) - DAY_MS, .day_until_ms = now_of(bench) + DAY_MS}};
    assert_int_equal(engine_outreach_claim(bench->t, bench->store->engine, &claim, sent, &gate), STORE_OK);
    return gate;
}

static inline enum outreach_gate go_as(struct campaign_bench *bench, uint64_t sent, const char *to,
                                       int64_t next_ms, uint32_t properties) {
    enum outreach_gate gate = GATE_OPEN;
    struct queue_recipient recipient = {.address = slice_from_text(to)};
    struct delivery delivery = bench_delivery(bench->store, SLICE("Subject: hello\r\n\r\nhello\r\n"));
    delivery.id = sent;
    delivery.account = bench->store->account;
    delivery.account_count = 0;
    delivery.properties = properties;
    delivery.queue = &recipient;
    delivery.queue_count = 1;
    struct outreach_go word = {.sent = sent,
                               .subject = SLICE("Hello"),
                               .subject_base = SLICE("HELLO"),
                               .organisation = SLICE("far.test"),
                               .next_delay_ms = next_ms,
                               .delivery = &delivery};
    assert_int_equal(engine_outreach_go(bench->t, bench->store->engine, &word, &gate), STORE_OK);
    return gate;
}

static inline enum outreach_gate go(struct campaign_bench *bench, uint64_t sent, const char *to,
                                    int64_t next_ms) {
    return go_as(bench, sent, to, next_ms, 0);
}

/* The queue says what became of it. */
static inline void settle_at(struct campaign_bench *bench, uint64_t message, enum queue_outcome outcome,
                             const char *status, const char *same_host, bool was_let_go) {
    struct destination *destinations;
    size_t count = 0;
    bool is_left = false;
    int64_t now_ms = now_of(bench);
    assert_int_equal(engine_queue_destinations(bench->store->engine, bench->store->arena, now_ms, 10,
                                               &destinations, &count),
                     STORE_OK);
    for (size_t i = 0; i < count; i++) {
        if (destinations[i].domain.len == 0) continue;
        struct settled_recipient recipient = {.number = 0,
                                              .outcome = outcome,
                                              .due_ms = now_ms + DAY_MS,
                                              .status = slice_from_text(status),
                                              .reply = SLICE("as it said"),
                                              .same_host = slice_from_text(same_host),
                                              .was_let_go = was_let_go};
        struct settlement settlement = {.message = message,
                                        .destination = destinations[i].id,
                                        .recipients = &recipient,
                                        .recipient_count = 1,
                                        .began_ms = now_ms};
        (void)engine_queue_settle(bench->t, bench->store->engine, &settlement, &is_left);
    }
}

static inline void settle(struct campaign_bench *bench, uint64_t message, enum queue_outcome outcome,
                          const char *status) {
    settle_at(bench, message, outcome, status, "", true);
}

/* One step to this person, as far as the queue's word. */
static inline uint64_t send_step(struct campaign_bench *bench, const char *to, const char *id,
                                 int64_t next_ms) {
    uint64_t sent = 0;
    struct prospect prospect = prospect_of(bench, to);
    assert_int_equal(claim(bench, &prospect, id, &sent), GATE_OPEN);
    assert_int_equal(go(bench, sent, to, next_ms), GATE_OPEN);
    settle(bench, sent, QUEUE_DELIVERED, "2.1.5");
    return sent;
}

/* Mail from outside to the sender's account. */
static inline void answer(struct campaign_bench *bench, const struct answer_facts *facts) {
    struct buffer judged = buffer_new(ANSWER_FACTS_BYTES_MAX);
    struct delivery delivery = bench_delivery(bench->store, SLICE("an answer"));
    answer_facts_pack(&judged, facts);
    delivery.judged = buffer_slice(&judged);
    assert_int_equal(engine_deliver(bench->t, bench->store->engine, &delivery), STORE_OK);
    buffer_free(&judged);
}

static inline void reply(struct campaign_bench *bench, const char *from, const char *id) {
    struct slice named = slice_from_text(id);
    struct answer_facts facts = {.kind = ANSWER_REPLY,
                                 .from = slice_from_text(from),
                                 .ids = &named,
                                 .id_count = 1,
                                 .header_id_count = 1};
    answer(bench, &facts);
}

#endif

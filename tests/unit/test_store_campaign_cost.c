/*
 * What the next message costs does not grow with contacts, prospects, campaigns or mailboxes: counted in
 * steps of the database's machine, not in time, and without one scan of a table.
 */
#include "campaign_bench.h"

#include "store/db.h"
#include "store/engine_state.h"

enum { FEW = 80, MANY = 900, CAMPAIGNS_MANY = 30, MAILBOXES_MANY = 20, ROUNDS = 3 };

struct size {
    int contacts;
    int campaigns;
    int mailboxes;
    bool is_one_zone;
};

struct cost {
    uint64_t steps;
    uint64_t scans;
};

static struct cost cost_of(const struct campaign_bench *bench) {
    struct db_work read = db_work(bench->store->engine->db);
    struct db_work written = db_work(bench->store->engine->queue.commit.db);
    return (struct cost){read.steps + written.steps, read.scans + written.scans};
}

/* ---- a store of some size ---- */

static const char *text(struct campaign_bench *bench, const char *format, int number) {
    return (const char *)arena_printf(bench->store->arena, format, number, 0).ptr;
}

static void add_people(struct campaign_bench *bench, const struct size *size) {
    static const char *const zones[] = {"Europe/Berlin", "America/New_York", "Asia/Tokyo"};
    struct engine *engine = bench->store->engine;
    struct contact_row *rows = ARENA_NEW_ARRAY(bench->store->arena, struct contact_row, size->contacts);
    struct contact_batch_result result;
    struct contact_import import;
    struct contact_import_start start = {1, SLICE("list"), SLICE("a test"), SLICE("consent"), SLICE("it")};
    for (int i = 0; i < size->contacts; i++) {
        rows[i].address = rows[i].written = slice_from_text(text(bench, "person%04d@company.test%c", i));
        if (!size->is_one_zone) rows[i].time_zone = slice_from_text(zones[i % 3]);
    }
    assert_int_equal(engine_contact_import_open(bench->t, engine, bench->store->arena, &start, &import),
                     STORE_OK);
    struct contact_batch batch = {.tenant = 1,
                                  .import = import.id,
                                  .rows_after = (uint64_t)size->contacts,
                                  .rows = rows,
                                  .row_count = (size_t)size->contacts};
    assert_int_equal(engine_contact_batch(bench->t, engine, bench->store->arena, &batch, &result), STORE_OK);
}

static void add_mailboxes(struct campaign_bench *bench, const struct size *size) {
    for (int i = 0; i < size->mailboxes; i++) {
        uint64_t account = 0;
        struct slice address = slice_from_text(text(bench, "sender%03d@example.org%c", i));
        assert_int_equal(
            engine_account_add(bench->t, bench->store->engine, address, SLICE("secret"), 0, &account),
            STORE_OK);
        struct sender sender = {.address = address, .account = account};
        assert_int_equal(engine_sender_add(bench->t, bench->store->engine, &sender), STORE_OK);
    }
}

static void add_campaigns(struct campaign_bench *bench, const struct size *size) {
    for (int i = 0; i < size->campaigns; i++) {
        struct campaign_addition addition = {0};
        struct slice address = SLICE("cara@far.test");
        uint64_t campaign = make_campaign(bench, text(bench, "campaign %03d%c", i));
        assert_int_equal(
            engine_campaign_add_addresses(bench->t, bench->store->engine, campaign, &address, 1, &addition),
            STORE_OK);
        start(bench, campaign);
    }
}

/* ---- one message, from looking to the next ---- */

static void look(struct campaign_bench *bench) {
    struct outreach_history history;
    struct outreach_history_question question = {.sender = bench->sender.id,
                                                 .from_domain = SLICE("example.org"),
                                                 .hourly_max = 30,
                                                 .daily_max = 30,
                                                 .day_start_ms = now_of(bench) - DAY_MS,
                                                 .day_until_ms = now_of(bench) + DAY_MS,
                                                 .day_end_ms = now_of(bench) + DAY_MS,
                                                 .day = 20000,
                                                 .now_ms = now_of(bench)};
    uint64_t count = 0;
    assert_true(engine_outreach_sender_due(bench->store->engine, bench->sender.id) <= now_of(bench));
    assert_int_equal(engine_outreach_history(bench->store->engine, &question, &history), STORE_OK);
    assert_int_equal(engine_outreach_domain_count(bench->store->engine, bench->campaign,
                                                  SLICE("company.test"), now_of(bench) - DAY_MS,
                                                  now_of(bench) + DAY_MS, &count),
                     STORE_OK);
}

static void send_next(struct campaign_bench *bench, int number) {
    struct prospect *prospects = ARENA_NEW_ARRAY(bench->store->arena, struct prospect, OUTREACH_DUE_MAX);
    uint64_t sent = 0;
    look(bench);
    assert_true(due_at(bench, now_of(bench), prospects) > 0);
    assert_int_equal(claim(bench, &prospects[0], text(bench, "%d@example.org%c", number), &sent), GATE_OPEN);
    const char *to =
        (const char *)arena_printf(bench->store->arena, "%.*s%c", SLICE_PRINT(prospects[0].address), 0).ptr;
    assert_int_equal(go(bench, sent, to, DAY_MS), GATE_OPEN);
    settle(bench, sent, QUEUE_DELIVERED, "2.1.5");
}

/* Behind a shut window, and a recipient's domain that had enough: nobody behind is touched. */
static void hold_one(struct campaign_bench *bench, struct slice domain) {
    struct prospect *prospects = ARENA_NEW_ARRAY(bench->store->arena, struct prospect, OUTREACH_DUE_MAX);
    assert_true(due_at(bench, now_of(bench), prospects) > 0);
    struct prospect_hold hold = {.prospect = prospects[0].id,
                                 .step = prospects[0].step,
                                 .zone = prospects[0].time_zone,
                                 .domain = domain,
                                 .until_ms = now_of(bench) + DAY_MS};
    assert_int_equal(engine_outreach_hold(bench->t, bench->store->engine, &hold), STORE_OK);
}

struct run {
    struct size size;
    struct cost sending;
    struct cost holding;
};

static struct cost difference(struct cost after, struct cost before) {
    return (struct cost){after.steps - before.steps, after.scans - before.scans};
}

static void cost_body(struct task *t, struct store_bench *store) {
    struct run *run = store->extra;
    struct campaign_bench bench = bench_begin(t, store);
    add_people(&bench, &run->size);
    add_mailboxes(&bench, &run->size);
    (void)add_all(&bench, bench.campaign);
    add_campaigns(&bench, &run->size);
    /* Statements are prepared, and pages of the tables' first rows are there. */
    send_next(&bench, 1);
    struct cost before = cost_of(&bench);
    for (int i = 0; i < ROUNDS; i++) send_next(&bench, 2 + i);
    run->sending = difference(cost_of(&bench), before);
    hold_one(&bench, SLICE("company.test"));
    before = cost_of(&bench);
    hold_one(&bench, SLICE("company.test"));
    hold_one(&bench, SLICE_EMPTY);
    run->holding = difference(cost_of(&bench), before);
}

static struct run measure(struct size size) {
    struct run run = {.size = size};
    bench_run(cost_body, &run);
    return run;
}

/* A few more, for trees that are a level deeper. */
static void assert_flat(struct size few, struct size many) {
    struct run small = measure(few);
    struct run large = measure(many);
    assert_true(small.sending.steps > 0);
    assert_in_range(large.sending.steps, 0, small.sending.steps + small.sending.steps / 10);
    assert_in_range(large.holding.steps, 0, small.holding.steps + small.holding.steps / 10);
    assert_int_equal(large.sending.scans, small.sending.scans);
    assert_int_equal(large.holding.scans, 0);
}

static void the_next_message_costs_the_same_with_many_contacts(void **state) {
    assert_flat((struct size){.contacts = FEW, .is_one_zone = true},
                (struct size){.contacts = MANY, .is_one_zone = true});
}

static void the_next_message_costs_the_same_with_contacts_everywhere(void **state) {
    assert_flat((struct size){.contacts = FEW}, (struct size){.contacts = MANY});
}

static void the_next_message_costs_the_same_with_many_campaigns(void **state) {
    assert_flat((struct size){.contacts = FEW, .is_one_zone = true},
                (struct size){.contacts = FEW, .is_one_zone = true, .campaigns = CAMPAIGNS_MANY});
}

static void the_next_message_costs_the_same_with_many_mailboxes(void **state) {
    assert_flat((struct size){.contacts = FEW, .is_one_zone = true},
                (struct size){.contacts = FEW, .is_one_zone = true, .mailboxes = MAILBOXES_MANY});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_message_costs_the_same_with_many_contacts),
        cmocka_unit_test(the_next_message_costs_the_same_with_contacts_everywhere),
        cmocka_unit_test(the_next_message_costs_the_same_with_many_campaigns),
        cmocka_unit_test(the_next_message_costs_the_same_with_many_mailboxes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

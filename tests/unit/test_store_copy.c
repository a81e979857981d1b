/* Letters of outside mailboxes: their copies in Sent, which outlive whoever was to put them there; letters of
   which nobody knows whether they left; and that a mailbox's changes are events. */
#include "campaign_bench.h"

#include "store/sender_copy.h"

static void tell_health(struct campaign_bench *bench, enum sender_state state, enum sender_cause cause) {
    bool is_changed;
    struct sender_health health = {.sender = bench->sender.id,
                                   .state = state,
                                   .cause = cause,
                                   .is_test = true,
                                   .copies = SENDER_COPIES_OURS};
    assert_int_equal(engine_sender_health(bench->t, bench->store->engine, &health, &is_changed), STORE_OK);
}

/* From a mailbox at a provider that keeps no copies. */
static struct campaign_bench outside_begin(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = {.store = store, .t = t};
    struct sender_login way = {
        .host = SLICE("mx.far.test"), .port = 465, .user = SLICE("ann"), .secret = SLICE("x")};
    bench.sender = (struct sender){.address = SLICE("ann@provider.test"), .smtp = way, .imap = way};
    assert_int_equal(engine_sender_add(t, store->engine, &bench.sender), STORE_OK);
    tell_health(&bench, SENDER_GREEN, SENDER_CAUSE_NONE);
    add_contact(&bench, "ben@far.test");
    bench.campaign = make_campaign(&bench, "autumn");
    assert_int_equal(add_all(&bench, bench.campaign).added, 1);
    start(&bench, bench.campaign);
    return bench;
}

/* As far as the word. */
static uint64_t let_go(struct campaign_bench *bench, const char *id) {
    uint64_t sent = 0;
    enum outreach_gate gate = GATE_PROSPECT;
    struct prospect ben = prospect_of(bench, "ben@far.test");
    assert_int_equal(claim(bench, &ben, id, &sent), GATE_OPEN);
    struct outreach_go word = {
        .sent = sent, .subject = SLICE("Hello"), .next_delay_ms = DAY_MS, .copy = SLICE("Hi\r\n")};
    assert_int_equal(engine_outreach_go(bench->t, bench->store->engine, &word, &gate), STORE_OK);
    assert_int_equal(gate, GATE_OPEN);
    return sent;
}

static void end(struct campaign_bench *bench, uint64_t sent, enum outreach_result result) {
    struct outreach_outcome outcome = {.sent = sent, .result = result, .due_ms = now_of(bench)};
    assert_int_equal(engine_outreach_outcome(bench->t, bench->store->engine, &outcome), STORE_OK);
}

static enum store_result next_copy(struct campaign_bench *bench, int64_t later_ms, struct sender_copy *copy) {
    return engine_copy_next(bench->store->engine, bench->store->arena, bench->sender.id,
                            now_of(bench) + later_ms, copy);
}

static struct sender_copy_state state_of(struct campaign_bench *bench) {
    struct sender_copy_state state;
    assert_int_equal(
        engine_copy_state(bench->store->engine, bench->store->arena, bench->sender.id, 0, &state), STORE_OK);
    return state;
}

static void told(struct campaign_bench *bench, enum sender_cause cause) {
    assert_int_equal(engine_copy_end(bench->t, bench->store->engine, SLICE("one@provider.test"), cause,
                                     SLICE("it says why")),
                     STORE_OK);
}

static void copy_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = outside_begin(t, store);
    struct sender_copy copy;
    uint64_t sent = let_go(&bench, "one@provider.test");
    /* It may not have left. */
    assert_int_equal(next_copy(&bench, DAY_MS, &copy), STORE_NOT_FOUND);
    end(&bench, sent, OUTREACH_SENT);
    bench_reopen(t, store);
    assert_int_equal(next_copy(&bench, 0, &copy), STORE_OK);
    assert_slice(copy.message_id, "one@provider.test");
    assert_slice(copy.content, "Hi\r\n");
    /* Not now: later, and visibly. */
    told(&bench, SENDER_CAUSE_IMAP_REFUSED);
    assert_int_equal(next_copy(&bench, 0, &copy), STORE_NOT_FOUND);
    assert_int_equal(state_of(&bench).waiting, 1);
    assert_int_equal(state_of(&bench).cause, SENDER_CAUSE_IMAP_REFUSED);
    assert_slice(state_of(&bench).detail, "it says why");
    assert_int_equal(next_copy(&bench, OUTREACH_LOOK_MS, &copy), STORE_OK);
    told(&bench, SENDER_CAUSE_NONE);
    assert_int_equal(next_copy(&bench, DAY_MS, &copy), STORE_NOT_FOUND);
    assert_int_equal(state_of(&bench).waiting + state_of(&bench).lost, 0);
    /* Said twice it changes nothing. */
    told(&bench, SENDER_CAUSE_NONE);
}
static void a_copy_waits_until_it_is_in_sent(void **state) { bench_run(copy_body, NULL); }

static void not_sent_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = outside_begin(t, store);
    struct sender_copy copy;
    uint64_t sent = let_go(&bench, "one@provider.test");
    end(&bench, sent, OUTREACH_NOT_SENT);
    assert_int_equal(next_copy(&bench, DAY_MS, &copy), STORE_NOT_FOUND);
    /* What is known of a person goes, and so does a copy of a letter to them. */
    sent = let_go(&bench, "two@provider.test");
    end(&bench, sent, OUTREACH_SENT);
    assert_int_equal(next_copy(&bench, 0, &copy), STORE_OK);
    assert_int_equal(engine_contact_erase(t, store->engine, 1, SLICE("ben@far.test")), STORE_OK);
    assert_int_equal(next_copy(&bench, DAY_MS, &copy), STORE_NOT_FOUND);
}
static void what_did_not_leave_or_was_erased_has_no_copy(void **state) { bench_run(not_sent_body, NULL); }

static void unknown_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = outside_begin(t, store);
    struct outreach_message *unsettled;
    struct outreach_message found;
    struct sender_copy copy;
    size_t count = 0;
    uint64_t sent = let_go(&bench, "one@provider.test");
    end(&bench, sent, OUTREACH_UNKNOWN);
    assert_int_equal(engine_outreach_unsettled(store->engine, store->arena, &unsettled, &count), STORE_OK);
    assert_int_equal(count, 1);
    assert_slice(unsettled[0].message_id, "one@provider.test");
    assert_int_equal(
        engine_outreach_message_find(store->engine, store->arena, SLICE("<one@provider.test>"), &found),
        STORE_OK);
    assert_int_equal(found.id, sent);
    assert_int_equal(engine_outreach_message_find(store->engine, store->arena, SLICE("two@far.test"), &found),
                     STORE_NOT_FOUND);
    assert_int_equal(next_copy(&bench, DAY_MS, &copy), STORE_NOT_FOUND);
    /* A person says that it left: it is a letter like any other. */
    end(&bench, sent, OUTREACH_SENT);
    assert_int_equal(engine_outreach_unsettled(store->engine, store->arena, &unsettled, &count), STORE_OK);
    assert_int_equal(count, 0);
    assert_int_equal(prospect_of(&bench, "ben@far.test").step, 1);
    assert_int_equal(next_copy(&bench, 0, &copy), STORE_OK);
}
static void what_nobody_knows_is_listed_until_it_is_settled(void **state) { bench_run(unknown_body, NULL); }

static void events_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = outside_begin(t, store);
    struct outreach_event *events;
    size_t count = 0;
    size_t reds = 0;
    size_t greens = 0;
    tell_health(&bench, SENDER_RED, SENDER_CAUSE_PASSWORD);
    tell_health(&bench, SENDER_RED, SENDER_CAUSE_PASSWORD);
    tell_health(&bench, SENDER_GREEN, SENDER_CAUSE_NONE);
    assert_int_equal(engine_outreach_events(store->engine, store->arena, 0, 0, 100, &events, &count),
                     STORE_OK);
    for (size_t i = 0; i < count; i++) {
        greens += events[i].kind == OUTREACH_EVENT_MAILBOX_GREEN;
        if (events[i].kind != OUTREACH_EVENT_MAILBOX_RED) continue;
        reds++;
        assert_slice(events[i].detail, "ann@provider.test is red (password)");
    }
    assert_int_equal(reds, 1);
    assert_int_equal(greens, 2);
}
static void each_change_of_a_mailbox_is_an_event(void **state) { bench_run(events_body, NULL); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_waits_until_it_is_in_sent),
        cmocka_unit_test(what_did_not_leave_or_was_erased_has_no_copy),
        cmocka_unit_test(what_nobody_knows_is_listed_until_it_is_settled),
        cmocka_unit_test(each_change_of_a_mailbox_is_an_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

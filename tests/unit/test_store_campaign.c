/* Campaigns in the store: what is due, claimed, let go and answered, each in one commit, whatever happens. */
#include "campaign_bench.h"

/* ---- tests ---- */

static void first_step_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct prospect prospects[OUTREACH_DUE_MAX];
    uint64_t sent = 0;
    assert_int_equal(due_at(&bench, now_of(&bench), prospects), 2);
    assert_int_equal(claim(&bench, &prospects[0], "one@example.org", &sent), GATE_OPEN);
    /* One at a time: whoever is next has to wait until the queue has tried it. */
    uint64_t other = 0;
    assert_int_equal(claim(&bench, &prospects[1], "two@example.org", &other), GATE_IN_FLIGHT);
    assert_int_equal(go(&bench, sent, "ben@far.test", DAY_MS), GATE_OPEN);
    assert_true(engine_outreach_is_in_flight(store->engine, bench.sender.id));
    assert_int_equal(claim(&bench, &prospects[1], "two@example.org", &other), GATE_IN_FLIGHT);
    settle(&bench, sent, QUEUE_DELIVERED, "2.1.5");
    assert_false(engine_outreach_is_in_flight(store->engine, bench.sender.id));
    struct prospect ben = prospect_of(&bench, "ben@far.test");
    assert_int_equal(ben.state, PROSPECT_WAITING);
    assert_int_equal(ben.step, 1);
    assert_true(ben.due_ms >= ben.last_sent_ms + DAY_MS);
    assert_slice(ben.message_ids, "one@example.org");
    assert_slice(ben.thread_subject, "Hello");
    /* Its copy is in Sent. */
    struct mailbox mailbox;
    assert_int_equal(
        reader_mailbox_find(store->reader, store->arena, store->account, SLICE("Sent"), &mailbox), STORE_OK);
    assert_int_equal(mailbox.message_count, 1);
    assert_int_equal(claim(&bench, &prospects[1], "two@example.org", &other), GATE_OPEN);
}

static void one_message_at_a_time_and_its_copy_in_sent(void **state) { bench_run(first_step_body, NULL); }

static void reply_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct prospect prospects[OUTREACH_DUE_MAX];
    (void)send_step(&bench, "ben@far.test", "one@example.org", 0);
    (void)send_step(&bench, "cara@far.test", "two@example.org", 0);
    reply(&bench, "ben@elsewhere.test", "one@example.org");
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_REPLIED);
    assert_int_equal(due_at(&bench, now_of(&bench) + DAY_MS, prospects), 1);
    assert_slice(prospects[0].address, "cara@far.test");
    /* By the address alone, and without any Message-ID. */
    reply(&bench, "cara@far.test", "unknown@far.test");
    assert_int_equal(prospect_of(&bench, "cara@far.test").state, PROSPECT_REPLIED);
    assert_int_equal(due_at(&bench, now_of(&bench) + DAY_MS, prospects), 0);
    struct campaign campaign;
    assert_int_equal(engine_campaign_get(store->engine, store->arena, bench.campaign, &campaign), STORE_OK);
    assert_int_equal(campaign.state, CAMPAIGN_FINISHED);
    assert_int_equal(campaign.prospects[PROSPECT_REPLIED], 2);
}

static void a_reply_stops_its_prospect_in_the_commit_that_stores_it(void **state) {
    bench_run(reply_body, NULL);
}

static void race_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t sent = 0;
    struct prospect ben = prospect_of(&bench, "ben@far.test");
    (void)send_step(&bench, "ben@far.test", "one@example.org", 0);
    ben = prospect_of(&bench, "ben@far.test");
    assert_int_equal(claim(&bench, &ben, "two@example.org", &sent), GATE_OPEN);
    reply(&bench, "ben@far.test", "one@example.org");
    assert_int_equal(go(&bench, sent, "ben@far.test", -1), GATE_PROSPECT);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_REPLIED);
    struct outreach_message message;
    assert_int_equal(engine_outreach_message(store->engine, store->arena, sent, &message), STORE_OK);
    assert_int_equal(message.state, SENT_CANCELLED);
    struct store_status status;
    assert_int_equal(engine_status(store->engine, &status), STORE_OK);
    assert_int_equal(status.queue_waiting, 0);
}

static void a_reply_between_claim_and_word_cancels_the_message(void **state) { bench_run(race_body, NULL); }

static void token_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t sent = send_step(&bench, "ben@far.test", "one@example.org", DAY_MS);
    struct answer_facts facts = {.kind = ANSWER_REPLY,
                                 .from = SLICE("somebody@other.test"),
                                 .token = engine_answer_token(store->engine, store->arena, sent)};
    struct answer_facts forged = facts;
    uint8_t *bytes = arena_alloc(store->arena, forged.token.len);
    memcpy(bytes, forged.token.ptr, forged.token.len);
    bytes[forged.token.len - 1] ^= 1;
    forged.token.ptr = bytes;
    answer(&bench, &forged);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_WAITING);
    answer(&bench, &facts);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_REPLIED);
}

static void a_signed_token_finds_the_prospect_and_a_forged_one_nobody(void **state) {
    bench_run(token_body, NULL);
}

static void kinds_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    int64_t back_ms = now_of(&bench) + 3 * (int64_t)DAY_MS;
    struct slice named = SLICE("one@example.org");
    struct answer_facts facts = {.kind = ANSWER_AUTO_REPLY,
                                 .from = SLICE("ben@far.test"),
                                 .ids = &named,
                                 .id_count = 1,
                                 .header_id_count = 1};
    (void)send_step(&bench, "ben@far.test", "one@example.org", 0);
    answer(&bench, &facts);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_WAITING);
    facts.kind = ANSWER_DELAY;
    answer(&bench, &facts);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_WAITING);
    facts.kind = ANSWER_OUT_OF_OFFICE;
    facts.return_ms = back_ms;
    answer(&bench, &facts);
    struct prospect ben = prospect_of(&bench, "ben@far.test");
    assert_int_equal(ben.state, PROSPECT_OUT_OF_OFFICE);
    assert_int_equal(ben.due_ms, back_ms);
    struct prospect prospects[OUTREACH_DUE_MAX];
    assert_int_equal(due_at(&bench, back_ms, prospects), 1);
    assert_slice(prospects[0].address, "ben@far.test");
    facts.kind = ANSWER_BOUNCE;
    answer(&bench, &facts);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_OUT_OF_OFFICE);
    facts.is_hard = true;
    answer(&bench, &facts);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_BOUNCED);
    struct suppression_found found;
    assert_int_equal(engine_suppression_find(store->engine, 1, SLICE("ben@far.test"), &found), STORE_OK);
    assert_int_equal(found.reason, SUPPRESSION_HARD_BOUNCE);
}

static void each_kind_of_answer_has_its_own_effect(void **state) { bench_run(kinds_body, NULL); }

static void unsubscribe_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct answer_facts facts = {.kind = ANSWER_REPLY, .is_unsubscribe = true, .from = SLICE("ben@far.test")};
    (void)send_step(&bench, "ben@far.test", "one@example.org", 0);
    answer(&bench, &facts);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_UNSUBSCRIBED);
    uint64_t second = make_campaign(&bench, "winter");
    struct campaign_addition addition = add_all(&bench, second);
    assert_int_equal(addition.suppressed, 1);
    assert_int_equal(addition.added, 1);
}

static void who_asks_not_to_be_written_to_is_in_no_campaign_again(void **state) {
    bench_run(unsubscribe_body, NULL);
}

static void colleague_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct answer_facts facts = {.kind = ANSWER_REPLY,
                                 .from = SLICE("dora@sales.far.test"),
                                 .organisation = SLICE("far.test"),
                                 .subject_base = SLICE("OTHER")};
    (void)send_step(&bench, "ben@far.test", "one@example.org", 0);
    answer(&bench, &facts);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_WAITING);
    facts.subject_base = SLICE("HELLO");
    answer(&bench, &facts);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_PAUSED);
}

static void a_colleague_who_answers_pauses_until_a_person_decides(void **state) {
    bench_run(colleague_body, NULL);
}

static void by_hand_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct queue_recipient to = {.address = SLICE("Ben@far.test")};
    (void)send_step(&bench, "ben@far.test", "one@example.org", 0);
    struct delivery delivery = bench_delivery(store, SLICE("by hand"));
    delivery.account = store->account;
    delivery.account_count = 0;
    delivery.queue = &to;
    delivery.queue_count = 1;
    assert_int_equal(engine_deliver(t, store->engine, &delivery), STORE_OK);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_PAUSED);
}

static void a_word_by_hand_pauses_too(void **state) { bench_run(by_hand_body, NULL); }

static void own_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    (void)send_step(&bench, "ben@far.test", "one@example.org", 0);
    reply(&bench, "ann@example.org", "one@example.org");
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_WAITING);
}

static void mail_of_the_senders_own_is_no_answer(void **state) { bench_run(own_body, NULL); }

static void refused_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t sent = 0;
    struct suppression_found found;
    struct prospect ben = prospect_of(&bench, "ben@far.test");
    assert_int_equal(claim(&bench, &ben, "one@example.org", &sent), GATE_OPEN);
    assert_int_equal(go(&bench, sent, "ben@far.test", -1), GATE_OPEN);
    settle(&bench, sent, QUEUE_FAILED, "5.1.1");
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_BOUNCED);
    assert_int_equal(engine_suppression_find(store->engine, 1, SLICE("ben@far.test"), &found), STORE_OK);
    struct prospect cara = prospect_of(&bench, "cara@far.test");
    assert_int_equal(claim(&bench, &cara, "two@example.org", &sent), GATE_OPEN);
    assert_int_equal(go(&bench, sent, "cara@far.test", -1), GATE_OPEN);
    settle(&bench, sent, QUEUE_FAILED, "5.7.1");
    cara = prospect_of(&bench, "cara@far.test");
    assert_int_equal(cara.state, PROSPECT_WAITING);
    assert_int_equal(cara.step, 0);
    assert_true(cara.due_ms > now_of(&bench));
    assert_int_equal(engine_suppression_find(store->engine, 1, SLICE("cara@far.test"), &found),
                     STORE_NOT_FOUND);
}

static void only_an_address_that_does_not_exist_is_given_up(void **state) { bench_run(refused_body, NULL); }

static void taken_back_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t sent = 0;
    uint64_t changed = 0;
    struct prospect ben = prospect_of(&bench, "ben@far.test");
    assert_int_equal(claim(&bench, &ben, "one@example.org", &sent), GATE_OPEN);
    assert_int_equal(go(&bench, sent, "ben@far.test", -1), GATE_OPEN);
    struct queue_selection selection = {.message = sent};
    assert_int_equal(
        engine_queue_order(t, store->engine, &selection, QUEUE_ORDER_REMOVE, QUEUE_PERSONAL, &changed),
        STORE_OK);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_BLOCKED);
    assert_false(engine_outreach_is_in_flight(store->engine, bench.sender.id));
    assert_int_equal(engine_prospect_order(t, store->engine, ben.id, PROSPECT_WAITING, SLICE_EMPTY),
                     STORE_OK);
    ben = prospect_of(&bench, "ben@far.test");
    assert_int_equal(ben.step, 0);
    assert_int_equal(claim(&bench, &ben, "two@example.org", &sent), GATE_OPEN);
}

static void what_the_owner_takes_out_of_the_queue_waits_for_a_person(void **state) {
    bench_run(taken_back_body, NULL);
}

static void restart_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t sent = 0;
    struct prospect ben = prospect_of(&bench, "ben@far.test");
    assert_int_equal(claim(&bench, &ben, "one@example.org", &sent), GATE_OPEN);
    bench_reopen(t, store);
    assert_true(engine_outreach_is_used(store->engine));
    assert_int_equal(engine_outreach_restart(t, store->engine), STORE_OK);
    ben = prospect_of(&bench, "ben@far.test");
    assert_int_equal(ben.state, PROSPECT_WAITING);
    assert_int_equal(ben.step, 0);
    /* What the queue has is not lost, and not sent again. */
    assert_int_equal(claim(&bench, &ben, "two@example.org", &sent), GATE_OPEN);
    assert_int_equal(go(&bench, sent, "ben@far.test", DAY_MS), GATE_OPEN);
    bench_reopen(t, store);
    assert_int_equal(engine_outreach_restart(t, store->engine), STORE_OK);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_CLAIMED);
    settle(&bench, sent, QUEUE_DELIVERED, "2.1.5");
    assert_int_equal(prospect_of(&bench, "ben@far.test").step, 1);
}

static void after_a_crash_nobody_is_skipped_and_nobody_has_it_twice(void **state) {
    bench_run(restart_body, NULL);
}

static void breaker_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    char address[40];
    char id[40];
    for (int i = 0; i < OUTREACH_BREAKER_BOUNCES; i++) {
        (void)snprintf(address, sizeof address, "p%d@far.test", i);
        add_contact(&bench, address);
    }
    assert_int_equal(add_all(&bench, bench.campaign).added, OUTREACH_BREAKER_BOUNCES);
    for (int i = 0; i < OUTREACH_BREAKER_BOUNCES; i++) {
        uint64_t sent = 0;
        struct campaign campaign;
        assert_int_equal(engine_campaign_get(store->engine, store->arena, bench.campaign, &campaign),
                         STORE_OK);
        assert_int_equal(campaign.state, CAMPAIGN_RUNNING);
        (void)snprintf(address, sizeof address, "p%d@far.test", i);
        (void)snprintf(id, sizeof id, "m%d@example.org", i);
        struct prospect prospect = prospect_of(&bench, address);
        assert_int_equal(claim(&bench, &prospect, id, &sent), GATE_OPEN);
        assert_int_equal(go(&bench, sent, address, -1), GATE_OPEN);
        settle(&bench, sent, QUEUE_FAILED, "5.1.1");
    }
    struct campaign campaign;
    assert_int_equal(engine_campaign_get(store->engine, store->arena, bench.campaign, &campaign), STORE_OK);
    assert_int_equal(campaign.state, CAMPAIGN_PAUSED);
    assert_true(slice_find(campaign.reason, SLICE("bounced")) != SLICE_NOT_FOUND);
}

static void many_bounces_pause_the_campaign_with_the_reason(void **state) { bench_run(breaker_body, NULL); }

static void assert_campaign(struct campaign_bench *bench, enum campaign_state state, const char *reason) {
    struct campaign campaign;
    assert_int_equal(
        engine_campaign_get(bench->store->engine, bench->store->arena, bench->campaign, &campaign), STORE_OK);
    assert_int_equal(campaign.state, state);
    assert_slice(campaign.reason, reason);
}

static void mailbox_is_well(struct campaign_bench *bench) {
    bool is_changed;
    struct sender_health health = {.sender = bench->sender.id, .state = SENDER_GREEN, .is_test = true};
    assert_int_equal(engine_sender_health(bench->t, bench->store->engine, &health, &is_changed), STORE_OK);
}

static void mailbox_is_red(struct campaign_bench *bench) {
    assert_int_equal(
        engine_outreach_halt(bench->t, bench->store->engine, bench->sender.id, SLICE("it is red")), STORE_OK);
}

static void held_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    mailbox_is_red(&bench);
    assert_campaign(&bench, CAMPAIGN_PAUSED, "it is red");
    mailbox_is_well(&bench);
    assert_campaign(&bench, CAMPAIGN_RUNNING, "");
    /* What a person paused, before or meanwhile, waits for a person. */
    assert_int_equal(engine_campaign_order(t, store->engine, bench.campaign, CAMPAIGN_PAUSED, SLICE("hold")),
                     STORE_OK);
    mailbox_is_red(&bench);
    mailbox_is_well(&bench);
    assert_campaign(&bench, CAMPAIGN_PAUSED, "hold");
    start(&bench, bench.campaign);
    mailbox_is_red(&bench);
    assert_int_equal(engine_campaign_order(t, store->engine, bench.campaign, CAMPAIGN_PAUSED, SLICE("wait")),
                     STORE_OK);
    mailbox_is_well(&bench);
    assert_campaign(&bench, CAMPAIGN_PAUSED, "wait");
}

static void what_its_mailbox_paused_goes_on_with_it(void **state) { bench_run(held_body, NULL); }

static void held_over_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    (void)send_step(&bench, "ben@far.test", "one@example.org", 0);
    (void)send_step(&bench, "cara@far.test", "two@example.org", 0);
    mailbox_is_red(&bench);
    reply(&bench, "ben@far.test", "one@example.org");
    reply(&bench, "cara@far.test", "two@example.org");
    mailbox_is_well(&bench);
    assert_campaign(&bench, CAMPAIGN_FINISHED, "");
}

static void one_that_everybody_answered_meanwhile_is_over(void **state) { bench_run(held_over_body, NULL); }

static void correct_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct outreach_answer *answers;
    size_t count = 0;
    (void)send_step(&bench, "ben@far.test", "one@example.org", 0);
    reply(&bench, "ben@far.test", "one@example.org");
    assert_int_equal(engine_outreach_answers(store->engine, store->arena, 0, &answers, &count), STORE_OK);
    assert_int_equal(count, 1);
    assert_int_equal(
        engine_outreach_correct(t, store->engine, answers[0].id, ANSWER_AUTO_REPLY, 0, SLICE("a person")),
        STORE_OK);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_WAITING);
    assert_int_equal(
        engine_outreach_correct(t, store->engine, answers[0].id, ANSWER_REPLY, 0, SLICE("a person")),
        STORE_OK);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_REPLIED);
}

static void a_person_corrects_what_was_made_of_an_answer(void **state) { bench_run(correct_body, NULL); }

static void frequency_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t sent = 0;
    enum outreach_gate gate = GATE_OPEN;
    (void)send_step(&bench, "ben@far.test", "one@example.org", DAY_MS);
    uint64_t second = make_campaign(&bench, "winter");
    (void)add_all(&bench, second);
    start(&bench, second);
    struct prospect_shown *shown;
    size_t count = 0;
    assert_int_equal(engine_outreach_of_contact(store->engine, store->arena,
                                                contact_id(&bench, "ben@far.test"), &shown, &count),
                     STORE_OK);
    assert_int_equal(count, 2);
    struct outreach_claim asked = {.prospect = shown[1].prospect.id,
                                   .message_id = SLICE("three@example.org"),
                                   .from_domain = SLICE("example.org"),
                                   .limits = {.frequency_ms = DAY_MS}};
    assert_int_equal(engine_outreach_claim(t, store->engine, &asked, &sent, &gate), STORE_OK);
    assert_int_equal(gate, GATE_FREQUENCY);
}

static void two_campaigns_do_not_write_to_one_person_at_once(void **state) {
    bench_run(frequency_body, NULL);
}

static void gates_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t sent = 0;
    struct prospect ben = prospect_of(&bench, "ben@far.test");
    assert_int_equal(engine_campaign_order(t, store->engine, bench.campaign, CAMPAIGN_PAUSED, SLICE("hold")),
                     STORE_OK);
    assert_int_equal(claim(&bench, &ben, "one@example.org", &sent), GATE_CAMPAIGN);
    start(&bench, bench.campaign);
    struct suppression suppression = {.detail = SLICE_EMPTY};
    assert_true(suppression_read(store->arena, SLICE("far.test"), &suppression));
    suppression.reason = SUPPRESSION_MANUAL;
    struct suppression_batch batch = {1, &suppression, 1};
    uint64_t added = 0;
    assert_int_equal(engine_suppression_add(t, store->engine, &batch, &added), STORE_OK);
    assert_int_equal(claim(&bench, &ben, "one@example.org", &sent), GATE_SUPPRESSED);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_SUPPRESSED);
    assert_int_equal(engine_account_remove(t, store->engine, SLICE("ann@example.org")), STORE_OK);
    struct prospect cara = prospect_of(&bench, "cara@far.test");
    assert_int_equal(claim(&bench, &cara, "two@example.org", &sent), GATE_SENDER);
}

static void every_gate_is_asked_in_the_commit(void **state) { bench_run(gates_body, NULL); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_message_at_a_time_and_its_copy_in_sent),
        cmocka_unit_test(a_reply_stops_its_prospect_in_the_commit_that_stores_it),
        cmocka_unit_test(a_reply_between_claim_and_word_cancels_the_message),
        cmocka_unit_test(a_signed_token_finds_the_prospect_and_a_forged_one_nobody),
        cmocka_unit_test(each_kind_of_answer_has_its_own_effect),
        cmocka_unit_test(who_asks_not_to_be_written_to_is_in_no_campaign_again),
        cmocka_unit_test(a_colleague_who_answers_pauses_until_a_person_decides),
        cmocka_unit_test(a_word_by_hand_pauses_too),
        cmocka_unit_test(mail_of_the_senders_own_is_no_answer),
        cmocka_unit_test(only_an_address_that_does_not_exist_is_given_up),
        cmocka_unit_test(what_the_owner_takes_out_of_the_queue_waits_for_a_person),
        cmocka_unit_test(after_a_crash_nobody_is_skipped_and_nobody_has_it_twice),
        cmocka_unit_test(many_bounces_pause_the_campaign_with_the_reason),
        cmocka_unit_test(what_its_mailbox_paused_goes_on_with_it),
        cmocka_unit_test(one_that_everybody_answered_meanwhile_is_over),
        cmocka_unit_test(a_person_corrects_what_was_made_of_an_answer),
        cmocka_unit_test(two_campaigns_do_not_write_to_one_person_at_once),
        cmocka_unit_test(every_gate_is_asked_in_the_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

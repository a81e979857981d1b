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

static void own_colleague_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct slice named = SLICE("one@example.org");
    struct answer_facts facts = {.kind = ANSWER_REPLY,
                                 .from = SLICE("bob@example.org"),
                                 .organisation = SLICE("example.org"),
                                 .ids = &named,
                                 .id_count = 1,
                                 .header_id_count = 1};
    (void)send_step(&bench, "ben@far.test", "one@example.org", 0);
    answer(&bench, &facts);
    struct prospect ben = prospect_of(&bench, "ben@far.test");
    assert_int_equal(ben.state, PROSPECT_PAUSED);
    assert_slice(ben.reason, "bob@example.org of your own organisation wrote; a person decides");
    /* The prospect's own word counts all the same. */
    reply(&bench, "ben@far.test", "one@example.org");
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_REPLIED);
}

static void a_colleague_of_ours_in_the_thread_is_no_answer(void **state) {
    bench_run(own_colleague_body, NULL);
}

/* A second mailbox of the same domain, with a campaign for cara. */
static struct campaign_bench second_mailbox(struct campaign_bench *bench) {
    struct campaign_bench second = *bench;
    struct campaign_addition addition = {0};
    struct slice cara = SLICE("cara@far.test");
    uint64_t account = 0;
    assert_int_equal(engine_account_add(bench->t, bench->store->engine, SLICE("bob@example.org"),
                                        SLICE("secret"), 0, &account),
                     STORE_OK);
    second.sender = (struct sender){.address = SLICE("bob@example.org"), .account = account};
    assert_int_equal(engine_sender_add(bench->t, bench->store->engine, &second.sender), STORE_OK);
    second.campaign = make_campaign(&second, "spring");
    assert_int_equal(
        engine_campaign_add_addresses(bench->t, bench->store->engine, second.campaign, &cara, 1, &addition),
        STORE_OK);
    start(&second, second.campaign);
    return second;
}

static enum outreach_gate claim_with(struct campaign_bench *bench, const struct prospect *prospect,
                                     const char *id, struct outreach_limits limits, uint64_t *sent) {
    enum outreach_gate gate = GATE_OPEN;
    struct outreach_claim asked = {.prospect = prospect->id,
                                   .step = prospect->step,
                                   .message_id = slice_from_text(id),
                                   .from_domain = SLICE("example.org"),
                                   .limits = limits};
    asked.limits.day_start_ms = now_of(bench) - DAY_MS;
    asked.limits.day_until_ms = now_of(bench) + DAY_MS;
    assert_int_equal(engine_outreach_claim(bench->t, bench->store->engine, &asked, sent, &gate), STORE_OK);
    return gate;
}

static void domain_cap_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct campaign_bench second = second_mailbox(&bench);
    struct outreach_limits limits = {.domain_daily_max = 1};
    struct prospect ben = prospect_of(&bench, "ben@far.test");
    struct prospect prospects[OUTREACH_DUE_MAX];
    uint64_t sent = 0;
    uint64_t other = 0;
    assert_int_equal(due_at(&second, now_of(&bench), prospects), 1);
    assert_int_equal(claim_with(&bench, &ben, "one@example.org", limits, &sent), GATE_OPEN);
    /* What the other mailbox has claimed counts before it has left. */
    assert_int_equal(claim_with(&second, &prospects[0], "two@example.org", limits, &other),
                     GATE_DOMAIN_DAILY);
    assert_int_equal(go(&bench, sent, "ben@far.test", DAY_MS), GATE_OPEN);
    settle(&bench, sent, QUEUE_DELIVERED, "2.1.5");
    assert_int_equal(claim_with(&second, &prospects[0], "two@example.org", limits, &other),
                     GATE_DOMAIN_DAILY);
    limits.domain_daily_max = 2;
    assert_int_equal(claim_with(&second, &prospects[0], "two@example.org", limits, &other), GATE_OPEN);
}

static void a_domains_cap_holds_over_all_its_mailboxes(void **state) { bench_run(domain_cap_body, NULL); }

static void frequency_race_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct campaign_bench second = second_mailbox(&bench);
    struct outreach_limits limits = {.frequency_ms = DAY_MS};
    struct prospect cara = prospect_of(&bench, "cara@far.test");
    struct prospect prospects[OUTREACH_DUE_MAX];
    uint64_t sent = 0;
    uint64_t other = 0;
    assert_int_equal(due_at(&second, now_of(&bench), prospects), 1);
    assert_int_equal(prospects[0].contact, cara.contact);
    assert_int_equal(claim_with(&bench, &cara, "one@example.org", limits, &sent), GATE_OPEN);
    assert_int_equal(claim_with(&second, &prospects[0], "two@example.org", limits, &other), GATE_FREQUENCY);
    /* Claimed when nobody looked at frequency, it is asked again when it is to leave. */
    assert_int_equal(go(&bench, sent, "cara@far.test", DAY_MS), GATE_OPEN);
    settle(&bench, sent, QUEUE_DELIVERED, "2.1.5");
    limits.frequency_ms = 0;
    assert_int_equal(claim_with(&second, &prospects[0], "two@example.org", limits, &other), GATE_OPEN);
    enum outreach_gate gate = GATE_OPEN;
    struct outreach_go word = {.sent = other, .next_delay_ms = -1, .frequency_ms = DAY_MS};
    assert_int_equal(engine_outreach_go(t, store->engine, &word, &gate), STORE_OK);
    assert_int_equal(gate, GATE_FREQUENCY);
}

static void the_frequency_cap_is_asked_when_it_is_claimed_and_when_it_leaves(void **state) {
    bench_run(frequency_race_body, NULL);
}

static void days_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct outreach_history history;
    struct outreach_history_question question = {
        .sender = bench.sender.id, .from_domain = SLICE("example.org"), .day = 20001};
    struct prospect ben = prospect_of(&bench, "ben@far.test");
    uint64_t sent = 0;
    /* Let go on day 0 of the bench, but the queue gave it back: that was no day on which it sent. */
    assert_int_equal(claim(&bench, &ben, "one@example.org", &sent), GATE_OPEN);
    assert_int_equal(go(&bench, sent, "ben@far.test", DAY_MS), GATE_OPEN);
    settle(&bench, sent, QUEUE_FAILED, "5.7.1");
    assert_int_equal(engine_outreach_history(store->engine, &question, &history), STORE_OK);
    assert_int_equal(history.days_sent, 0);
    (void)send_step(&bench, "cara@far.test", "two@example.org", DAY_MS);
    assert_int_equal(engine_outreach_history(store->engine, &question, &history), STORE_OK);
    assert_int_equal(history.days_sent, 1);
}

static void only_days_on_which_something_left_count_for_the_ramp(void **state) { bench_run(days_body, NULL); }

/* Everybody is due; who is of a lane that is held back is not. */
static void lane_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct prospect prospects[OUTREACH_DUE_MAX];
    add_contact(&bench, "dora@near.test");
    (void)add_all(&bench, bench.campaign);
    int64_t now_ms = now_of(&bench);
    assert_int_equal(due_at(&bench, now_ms, prospects), 3);
    struct prospect_hold held = {.prospect = prospect_of(&bench, "ben@far.test").id,
                                 .domain = SLICE("far.test"),
                                 .until_ms = now_ms + DAY_MS};
    assert_int_equal(engine_outreach_hold(t, store->engine, &held), STORE_OK);
    held.prospect = prospect_of(&bench, "cara@far.test").id;
    assert_int_equal(engine_outreach_hold(t, store->engine, &held), STORE_OK);
    assert_int_equal(due_at(&bench, now_ms, prospects), 1);
    assert_slice(prospects[0].address, "dora@near.test");
    /* The window shuts: nobody is due until it opens, and then everybody. */
    held = (struct prospect_hold){.prospect = prospects[0].id, .until_ms = now_ms + DAY_MS / 2};
    assert_int_equal(engine_outreach_hold(t, store->engine, &held), STORE_OK);
    assert_int_equal(due_at(&bench, now_of(&bench), prospects), 0);
    assert_int_equal(engine_outreach_sender_due(store->engine, bench.sender.id), now_ms + DAY_MS / 2);
    assert_int_equal(due_at(&bench, now_ms + DAY_MS / 2, prospects), 1);
    assert_int_equal(due_at(&bench, now_ms + DAY_MS, prospects), 1);
    /* A person who is to go on at once goes on with the lane; a sequence that starts anew opens it. */
    assert_int_equal(engine_campaign_order(t, store->engine, bench.campaign, CAMPAIGN_PAUSED, SLICE_EMPTY),
                     STORE_OK);
    start(&bench, bench.campaign);
    assert_int_equal(engine_outreach_sender_due(store->engine, bench.sender.id) <= now_of(&bench), 1);
}

static void what_holds_many_back_is_written_once(void **state) { bench_run(lane_body, NULL); }

static void chosen_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct contact_field fields[] = {{SLICE("role"), SLICE("Sales manager")}};
    struct contact_change change = {.tenant = 1,
                                    .row = {.address = SLICE("dora@near.test"),
                                            .written = SLICE("dora@near.test"),
                                            .fields = fields,
                                            .field_count = 1,
                                            .country = SLICE("DE")}};
    enum contact_outcome outcome;
    assert_int_equal(engine_contact_set(t, store->engine, &change, &outcome), STORE_OK);
    static const struct {
        const char *words[2];
        uint64_t added;
    } cases[] = {{{"country=DE", "role=*MANAGER*"}, 1},
                 {{"country=FR"}, 0},
                 {{"domain=far.test"}, 2},
                 {{"country!=DE"}, 2},
                 {{"role="}, 2},
                 {{"domain=*.test"}, 3},
                 {{"domain=far.test", "address=b*"}, 1},
                 {{"role=manager"}, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct contact_selection selection = {.match_count = 0};
        struct campaign_addition addition = {0};
        uint64_t after = 0;
        for (size_t j = 0; j < 2 && cases[i].words[j]; j++)
            assert_int_equal(contact_selection_read(slice_from_text(cases[i].words[j]), &selection),
                             CONTACT_SELECTION_OK);
        uint64_t campaign =
            make_campaign(&bench, (const char *)arena_printf(store->arena, "chosen %zu%c", i, 0).ptr);
        assert_int_equal(engine_campaign_add(t, store->engine, campaign, &selection, &after, &addition),
                         STORE_OK);
        assert_int_equal(after, 0);
        assert_int_equal(addition.added, cases[i].added);
    }
}

static void contacts_are_chosen_by_what_they_are(void **state) { bench_run(chosen_body, NULL); }

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
    struct campaign campaign;
    assert_int_equal(engine_campaign_get(store->engine, store->arena, bench.campaign, &campaign), STORE_OK);
    assert_int_equal(campaign.state, CAMPAIGN_PAUSED);
    start(&bench, bench.campaign);
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
        cmocka_unit_test(a_colleague_of_ours_in_the_thread_is_no_answer),
        cmocka_unit_test(a_domains_cap_holds_over_all_its_mailboxes),
        cmocka_unit_test(the_frequency_cap_is_asked_when_it_is_claimed_and_when_it_leaves),
        cmocka_unit_test(only_days_on_which_something_left_count_for_the_ramp),
        cmocka_unit_test(what_holds_many_back_is_written_once),
        cmocka_unit_test(contacts_are_chosen_by_what_they_are),
        cmocka_unit_test(every_gate_is_asked_in_the_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

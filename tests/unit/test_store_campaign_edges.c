/* Campaigns at their edges: who is erased in the middle, what strangers forge, what is counted, what a store
   that failed leaves behind. */
#include "campaign_bench.h"

static uint64_t wait_for_queue(struct campaign_bench *bench, const char *to, const char *id) {
    uint64_t sent = 0;
    struct prospect prospect = prospect_of(bench, to);
    assert_int_equal(claim(bench, &prospect, id, &sent), GATE_OPEN);
    return sent;
}

static void erase(struct campaign_bench *bench, const char *address) {
    assert_int_equal(engine_contact_erase(bench->t, bench->store->engine, 1, slice_from_text(address)),
                     STORE_OK);
}

/* ---- erasing ---- */

static void erase_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t sent = wait_for_queue(&bench, "ben@far.test", "one@example.org");
    erase(&bench, "ben@far.test");
    assert_false(engine_outreach_is_in_flight(store->engine, bench.sender.id));
    /* What the remote role says of it afterwards changes nothing. */
    struct outreach_outcome late = {sent, OUTREACH_UNKNOWN, 0, SLICE("late")};
    assert_int_equal(engine_outreach_outcome(t, store->engine, &late), STORE_OK);
    assert_false(engine_outreach_is_in_flight(store->engine, bench.sender.id));
    struct prospect cara = prospect_of(&bench, "cara@far.test");
    assert_int_equal(claim(&bench, &cara, "two@example.org", &sent), GATE_OPEN);
}

static void queued_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct store_status status;
    uint64_t sent = wait_for_queue(&bench, "ben@far.test", "one@example.org");
    assert_int_equal(go(&bench, sent, "ben@far.test", DAY_MS), GATE_OPEN);
    settle(&bench, sent, QUEUE_DEFERRED, "4.7.1");
    assert_int_equal(engine_status(store->engine, &status), STORE_OK);
    assert_int_equal(status.queue_waiting, 1);
    erase(&bench, "ben@far.test");
    assert_int_equal(engine_status(store->engine, &status), STORE_OK);
    assert_int_equal(status.queue_waiting, 0);
    /* An attempt that was under way ends without harm. */
    settle(&bench, sent, QUEUE_DELIVERED, "2.1.5");
    assert_false(engine_outreach_is_in_flight(store->engine, bench.sender.id));
}

static void a_letter_that_waits_for_who_is_erased_leaves_the_queue(void **state) {
    bench_run(queued_body, NULL);
}

static void who_is_erased_in_the_middle_holds_nobody_up(void **state) { bench_run(erase_body, NULL); }

/* Everything that campaigns keep, as text. */
static bool is_told_of(struct store_bench *store, const char *address) {
    struct outreach_answer *answers;
    struct outreach_event *events;
    size_t count = 0;
    bool is_told = false;
    struct slice text = slice_from_text(address);
    assert_int_equal(engine_outreach_answers(store->engine, store->arena, 0, &answers, &count), STORE_OK);
    for (size_t i = 0; i < count; i++) is_told |= slice_equal(answers[i].from, text);
    assert_int_equal(engine_outreach_events(store->engine, store->arena, 0, 0, 100, &events, &count),
                     STORE_OK);
    for (size_t i = 0; i < count; i++) is_told |= slice_find(events[i].detail, text) != SLICE_NOT_FOUND;
    return is_told;
}

static void mention_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct answer_facts facts = {.kind = ANSWER_REPLY,
                                 .from = SLICE("dora@far.test"),
                                 .organisation = SLICE("far.test"),
                                 .subject_base = SLICE("HELLO")};
    (void)send_step(&bench, "ben@far.test", "one@example.org", 0);
    answer(&bench, &facts);
    struct slice reason = prospect_of(&bench, "ben@far.test").reason;
    assert_true(slice_find(reason, SLICE("dora@far.test")) != SLICE_NOT_FOUND);
    assert_true(is_told_of(store, "dora@far.test"));
    add_contact(&bench, "dora@far.test");
    erase(&bench, "dora@far.test");
    assert_false(is_told_of(store, "dora@far.test"));
    reason = prospect_of(&bench, "ben@far.test").reason;
    assert_true(slice_find(reason, SLICE("dora@far.test")) == SLICE_NOT_FOUND);
    /* Who is not in the address book may have answered, too. */
    facts.from = SLICE("elsa@far.test");
    answer(&bench, &facts);
    assert_true(is_told_of(store, "elsa@far.test"));
    assert_int_equal(engine_contact_erase(t, store->engine, 1, SLICE("elsa@far.test")), STORE_NOT_FOUND);
    assert_false(is_told_of(store, "elsa@far.test"));
}

static void who_is_erased_is_not_named_where_others_are_told_of(void **state) {
    bench_run(mention_body, NULL);
}

/* ---- forged ---- */

static void forged_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct answer_recipient failed = {SLICE("ben@far.test"), true};
    struct suppression_found found;
    struct outreach_answer *answers;
    size_t count = 0;
    struct answer_facts facts = {.kind = ANSWER_BOUNCE,
                                 .is_hard = true,
                                 .recipients = &failed,
                                 .recipient_count = 1,
                                 .from = SLICE("mailer-daemon@evil.test")};
    (void)send_step(&bench, "ben@far.test", "one@example.org", 0);
    (void)send_step(&bench, "cara@far.test", "two@example.org", 0);
    /* A stranger knows the address, and no letter. */
    answer(&bench, &facts);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_PAUSED);
    assert_int_equal(engine_suppression_find(store->engine, 1, SLICE("ben@far.test"), &found),
                     STORE_NOT_FOUND);
    facts.kind = ANSWER_COMPLAINT;
    failed.address = SLICE("cara@far.test");
    answer(&bench, &facts);
    assert_int_equal(prospect_of(&bench, "cara@far.test").state, PROSPECT_PAUSED);
    assert_int_equal(engine_suppression_find(store->engine, 1, SLICE("cara@far.test"), &found),
                     STORE_NOT_FOUND);
    /* A person may say that it is true. */
    assert_int_equal(engine_outreach_answers(store->engine, store->arena, 0, &answers, &count), STORE_OK);
    assert_int_equal(count, 2);
    assert_int_equal(answers[1].decision, DECISION_PAUSED);
    assert_int_equal(
        engine_outreach_correct(t, store->engine, answers[1].id, ANSWER_BOUNCE, 0, SLICE("a person")),
        STORE_OK);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_BOUNCED);
    assert_int_equal(engine_suppression_find(store->engine, 1, SLICE("ben@far.test"), &found), STORE_OK);
}

static void a_bounce_that_names_no_letter_gives_up_nobody(void **state) { bench_run(forged_body, NULL); }

static void flood_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    char address[40];
    char id[40];
    for (int i = 0; i < OUTREACH_BREAKER_BOUNCES; i++) {
        (void)snprintf(address, sizeof address, "p%d@far.test", i);
        add_contact(&bench, address);
    }
    (void)add_all(&bench, bench.campaign);
    for (int i = 0; i < OUTREACH_BREAKER_BOUNCES; i++) {
        (void)snprintf(address, sizeof address, "p%d@far.test", i);
        (void)snprintf(id, sizeof id, "m%d@example.org", i);
        (void)send_step(&bench, address, id, 0);
        struct answer_recipient failed = {slice_from_text(address), true};
        struct answer_facts facts = {
            .kind = ANSWER_BOUNCE, .is_hard = true, .recipients = &failed, .recipient_count = 1};
        answer(&bench, &facts);
    }
    struct campaign campaign;
    assert_int_equal(engine_campaign_get(store->engine, store->arena, bench.campaign, &campaign), STORE_OK);
    assert_int_equal(campaign.state, CAMPAIGN_RUNNING);
}

static void forged_bounces_trip_no_breaker(void **state) { bench_run(flood_body, NULL); }

static uint64_t run_elsewhere(struct campaign_bench *bench, const char *address) {
    struct campaign_bench other = *bench;
    other.sender = (struct sender){.address = slice_from_text(address), .account = bench->store->account};
    assert_int_equal(engine_sender_add(bench->t, bench->store->engine, &other.sender), STORE_OK);
    uint64_t campaign = make_campaign(&other, address);
    start(&other, campaign);
    return campaign;
}

static void bounce_from(struct campaign_bench *bench, const char *domain, int number) {
    char address[40];
    char id[40];
    uint64_t sent = 0;
    enum outreach_gate gate = GATE_OPEN;
    (void)snprintf(address, sizeof address, "p%d@far.test", number);
    (void)snprintf(id, sizeof id, "m%d@example.org", number);
    add_contact(bench, address);
    (void)add_all(bench, bench->campaign);
    struct outreach_claim claim = {
        .prospect = prospect_of(bench, address).id,
        .message_id = slice_from_text(id),
        .from_domain = slice_from_text(domain),
        .limits = {.day_start_ms = now_of(bench) - DAY_MS, .day_until_ms = now_of(bench) + DAY_MS}};
    assert_int_equal(engine_outreach_claim(bench->t, bench->store->engine, &claim, &sent, &gate), STORE_OK);
    assert_int_equal(gate, GATE_OPEN);
    assert_int_equal(go(bench, sent, address, -1), GATE_OPEN);
    settle(bench, sent, QUEUE_FAILED, "5.1.1");
}

static void assert_campaign_is(struct campaign_bench *bench, uint64_t id, enum campaign_state state) {
    struct campaign campaign;
    assert_int_equal(engine_campaign_get(bench->store->engine, bench->store->arena, id, &campaign), STORE_OK);
    assert_int_equal(campaign.state, state);
}

/* A domain is a name, and no pattern. */
static void domain_breaker_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t same = run_elsewhere(&bench, "bob@a_b.test");
    uint64_t below = run_elsewhere(&bench, "bob@sales.a_b.test");
    uint64_t like = run_elsewhere(&bench, "bob@axb.test");
    for (int i = 0; i < OUTREACH_BREAKER_BOUNCES; i++) bounce_from(&bench, "a_b.test", i);
    assert_campaign_is(&bench, same, CAMPAIGN_PAUSED);
    assert_campaign_is(&bench, below, CAMPAIGN_PAUSED);
    assert_campaign_is(&bench, like, CAMPAIGN_RUNNING);
}

static void a_domain_that_bounces_pauses_its_own_mailboxes_alone(void **state) {
    bench_run(domain_breaker_body, NULL);
}

static void opener_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t sent = 0;
    enum outreach_gate gate = GATE_OPEN;
    struct prospect_shown *shown;
    size_t count = 0;
    (void)send_step(&bench, "ben@far.test", "one@example.org", DAY_MS);
    uint64_t second = make_campaign(&bench, "winter");
    (void)add_all(&bench, second);
    start(&bench, second);
    uint64_t ben = contact_id(&bench, "ben@far.test");
    assert_int_equal(engine_outreach_of_contact(store->engine, store->arena, ben, &shown, &count), STORE_OK);
    struct outreach_claim asked = {.prospect = shown[1].prospect.id,
                                   .message_id = SLICE("three@example.org"),
                                   .from_domain = SLICE("example.org")};
    assert_int_equal(engine_outreach_claim(t, store->engine, &asked, &sent, &gate), STORE_OK);
    assert_int_equal(gate, GATE_OPEN);
    reply(&bench, "ben@far.test", "one@example.org");
    assert_int_equal(go(&bench, sent, "ben@far.test", DAY_MS), GATE_PROSPECT);
    assert_int_equal(engine_outreach_of_contact(store->engine, store->arena, ben, &shown, &count), STORE_OK);
    assert_int_equal(shown[1].prospect.state, PROSPECT_REPLIED);
}

static void a_reply_stops_another_campaigns_opener_that_is_under_way(void **state) {
    bench_run(opener_body, NULL);
}

/* ---- outcomes ---- */

static void unasked_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t sent = wait_for_queue(&bench, "ben@far.test", "one@example.org");
    struct outreach_outcome outcome = {sent, OUTREACH_UNKNOWN, now_of(&bench),
                                       SLICE("the store did not answer")};
    assert_int_equal(engine_outreach_outcome(t, store->engine, &outcome), STORE_OK);
    assert_false(engine_outreach_is_in_flight(store->engine, bench.sender.id));
    struct prospect ben = prospect_of(&bench, "ben@far.test");
    assert_int_equal(ben.state, PROSPECT_WAITING);
    assert_int_equal(ben.step, 0);
    assert_int_equal(claim(&bench, &ben, "two@example.org", &sent), GATE_OPEN);
}

static void what_never_had_the_word_is_not_looked_for(void **state) { bench_run(unasked_body, NULL); }

/* ---- away ---- */

static void away_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct answer_facts facts = {.kind = ANSWER_OUT_OF_OFFICE, .from = SLICE("ben@far.test")};
    (void)t;
    (void)send_step(&bench, "ben@far.test", "one@example.org", 0);
    /* From a machine whose clock is years ahead. */
    facts.return_ms = now_of(&bench) + 3000 * (int64_t)DAY_MS;
    answer(&bench, &facts);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_WAITING);
    facts.return_ms = now_of(&bench) + 30 * (int64_t)DAY_MS;
    answer(&bench, &facts);
    assert_int_equal(prospect_of(&bench, "ben@far.test").due_ms, facts.return_ms);
}

static void nobody_is_away_for_years(void **state) { bench_run(away_body, NULL); }

/* ---- the mailbox ---- */

static void removed_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct campaign campaign;
    assert_true(engine_outreach_sender_is_good(store->engine, bench.sender.id));
    assert_int_equal(engine_sender_remove(t, store->engine, bench.sender.address), STORE_OK);
    assert_false(engine_outreach_sender_is_good(store->engine, bench.sender.id));
    assert_int_equal(engine_campaign_get(store->engine, store->arena, bench.campaign, &campaign), STORE_OK);
    assert_int_equal(campaign.state, CAMPAIGN_PAUSED);
    assert_true(slice_find(campaign.reason, SLICE("removed")) != SLICE_NOT_FOUND);
}

static void a_mailbox_that_is_removed_pauses_its_campaigns(void **state) { bench_run(removed_body, NULL); }

/* ---- figures ---- */

static void figures_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct campaign_figures figures;
    uint64_t sent = 0;
    struct answer_facts facts = {.kind = ANSWER_REPLY, .from = SLICE("ben@far.test")};
    (void)send_step(&bench, "ben@far.test", "one@example.org", 0);
    (void)send_step(&bench, "cara@far.test", "two@example.org", 0);
    /* Not now; and a day later: never. */
    facts.message_id = SLICE("a@far.test");
    answer(&bench, &facts);
    facts.message_id = SLICE("b@far.test");
    facts.is_unsubscribe = true;
    answer(&bench, &facts);
    /* A colleague of cara's is not cara. */
    facts = (struct answer_facts){.kind = ANSWER_REPLY,
                                  .from = SLICE("dora@sales.far.test"),
                                  .organisation = SLICE("far.test"),
                                  .subject_base = SLICE("HELLO")};
    answer(&bench, &facts);
    add_contact(&bench, "emil@far.test");
    (void)add_all(&bench, bench.campaign);
    struct prospect emil = prospect_of(&bench, "emil@far.test");
    assert_int_equal(claim(&bench, &emil, "three@example.org", &sent), GATE_OPEN);
    assert_int_equal(go(&bench, sent, "emil@far.test", -1), GATE_OPEN);
    settle(&bench, sent, QUEUE_FAILED, "5.1.1");
    assert_int_equal(engine_campaign_figures(t, store->engine, bench.campaign, &figures), STORE_OK);
    assert_int_equal(figures.contacted, 3);
    assert_int_equal(figures.bounced, 1);
    assert_int_equal(figures.replied, 1);
    assert_int_equal(figures.unsubscribed, 1);
}

static void figures_count_people_once(void **state) { bench_run(figures_body, NULL); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_erased_in_the_middle_holds_nobody_up),
        cmocka_unit_test(a_letter_that_waits_for_who_is_erased_leaves_the_queue),
        cmocka_unit_test(who_is_erased_is_not_named_where_others_are_told_of),
        cmocka_unit_test(a_bounce_that_names_no_letter_gives_up_nobody),
        cmocka_unit_test(forged_bounces_trip_no_breaker),
        cmocka_unit_test(a_domain_that_bounces_pauses_its_own_mailboxes_alone),
        cmocka_unit_test(a_mailbox_that_is_removed_pauses_its_campaigns),
        cmocka_unit_test(nobody_is_away_for_years),
        cmocka_unit_test(figures_count_people_once),
        cmocka_unit_test(what_never_had_the_word_is_not_looked_for),
        cmocka_unit_test(a_reply_stops_another_campaigns_opener_that_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

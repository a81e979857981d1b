/* Answers in the store: undone exactly, judged again, a company that is stopped, steps for who answered, and
   what the owner writes by hand. */
#include "campaign_bench.h"

#include "store/answer_hand.h"
#include "store/reader_answers.h"

/* ---- what they need ---- */

static const struct outreach_answer *newest(struct campaign_bench *bench) {
    struct outreach_answer *answers;
    size_t count = 0;
    assert_int_equal(engine_outreach_answers(bench->store->engine, bench->store->arena, 0, &answers, &count),
                     STORE_OK);
    assert_true(count > 0);
    return &answers[0];
}

static uint64_t newest_answer(struct campaign_bench *bench) { return newest(bench)->id; }

static void correct(struct campaign_bench *bench, uint64_t answer, enum answer_kind kind) {
    assert_int_equal(
        engine_outreach_correct(bench->t, bench->store->engine, answer, kind, 0, SLICE("a person")),
        STORE_OK);
}

static enum prospect_state state_of(struct campaign_bench *bench, const char *address) {
    return prospect_of(bench, address).state;
}

static void order(struct campaign_bench *bench, const char *address, enum prospect_state to) {
    assert_int_equal(engine_prospect_order(bench->t, bench->store->engine, prospect_of(bench, address).id, to,
                                           SLICE("by hand")),
                     STORE_OK);
}

/* A running campaign of that document's properties with nobody in it. */
static uint64_t make_with(struct campaign_bench *bench, const char *name, bool has_answer_steps,
                          bool stops_company) {
    uint64_t id = 0;
    struct campaign campaign = {.name = slice_from_text(name),
                                .sender = bench->sender.id,
                                .document = SLICE("{}"),
                                .has_answer_steps = has_answer_steps,
                                .stops_company = stops_company};
    assert_int_equal(engine_campaign_create(bench->t, bench->store->engine, &campaign, &id), STORE_OK);
    start(bench, id);
    return id;
}

static void add_to(struct campaign_bench *bench, uint64_t campaign, const char *address) {
    struct campaign_addition addition = {0};
    add_contact(bench, address);
    struct slice written = slice_from_text(address);
    assert_int_equal(
        engine_campaign_add_addresses(bench->t, bench->store->engine, campaign, &written, 1, &addition),
        STORE_OK);
    assert_int_equal(addition.added, 1);
}

static struct campaign campaign_of(struct campaign_bench *bench, uint64_t id) {
    struct campaign campaign;
    assert_int_equal(engine_campaign_get(bench->store->engine, bench->store->arena, id, &campaign), STORE_OK);
    return campaign;
}

/* ---- undone ---- */

static void two_replies_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    (void)send_step(&bench, "ben@far.test", "one@example.org", DAY_MS);
    reply(&bench, "ben@far.test", "one@example.org");
    uint64_t first = newest_answer(&bench);
    reply(&bench, "ben.private@home.test", "one@example.org");
    uint64_t second = newest_answer(&bench);
    correct(&bench, first, ANSWER_AUTO_REPLY);
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_REPLIED);
    correct(&bench, second, ANSWER_AUTO_REPLY);
    struct prospect ben = prospect_of(&bench, "ben@far.test");
    assert_int_equal(ben.state, PROSPECT_WAITING);
    assert_true(ben.due_ms >= ben.last_sent_ms + DAY_MS);
}

static void one_of_two_replies_that_was_none_leaves_the_other(void **state) {
    bench_run(two_replies_body, NULL);
}

static void bounce_and_reply_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct suppression_found found;
    struct slice named = SLICE("one@example.org");
    struct answer_facts facts = {.kind = ANSWER_BOUNCE,
                                 .is_hard = true,
                                 .from = SLICE("ben@far.test"),
                                 .ids = &named,
                                 .id_count = 1,
                                 .header_id_count = 1};
    (void)send_step(&bench, "ben@far.test", "one@example.org", DAY_MS);
    answer(&bench, &facts);
    uint64_t bounce = newest_answer(&bench);
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_BOUNCED);
    /* Somebody whose address does not exist answers: it does. */
    reply(&bench, "ben@far.test", "one@example.org");
    correct(&bench, bounce, ANSWER_DELAY);
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_REPLIED);
    assert_int_equal(engine_suppression_find(store->engine, 1, SLICE("ben@far.test"), &found),
                     STORE_NOT_FOUND);
}

static void a_reply_holds_when_the_bounce_before_it_is_taken_back(void **state) {
    bench_run(bounce_and_reply_body, NULL);
}

/* The letter was passed on, or somebody of its Cc does not exist: the prospect does. */
static void bounce_of_others_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct suppression_found found;
    struct slice named = SLICE("one@example.org");
    struct answer_recipient failed[] = {{SLICE("ben.private@home.test"), true},
                                        {SLICE("Ben@FAR.test"), true}};
    struct answer_facts facts = {.kind = ANSWER_BOUNCE,
                                 .is_hard = true,
                                 .recipients = failed,
                                 .recipient_count = 1,
                                 .from = SLICE("mailer-daemon@far.test"),
                                 .ids = &named,
                                 .id_count = 1,
                                 .header_id_count = 1,
                                 .evidence = SLICE("[{\"rule\":\"a\",\"saw\":\"b\"}]")};
    (void)send_step(&bench, "ben@far.test", "one@example.org", DAY_MS);
    answer(&bench, &facts);
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_WAITING);
    assert_int_equal(engine_suppression_find(store->engine, 1, SLICE("ben@far.test"), &found),
                     STORE_NOT_FOUND);
    assert_int_equal(newest(&bench)->decision, DECISION_NOTHING);
    assert_slice(newest(&bench)->evidence, "[{\"rule\":\"a\",\"saw\":\"b\"},"
                                           "{\"rule\":\"it is about another address\","
                                           "\"saw\":\"ben.private@home.test\"}]");
    /* Rewritten on its way, and its own after all. */
    facts.recipient_count = 2;
    answer(&bench, &facts);
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_BOUNCED);
}

static void a_hard_bounce_of_somebody_else_gives_up_nobody(void **state) {
    bench_run(bounce_of_others_body, NULL);
}

static void stopped_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    (void)send_step(&bench, "ben@far.test", "one@example.org", DAY_MS);
    order(&bench, "ben@far.test", PROSPECT_STOPPED);
    reply(&bench, "ben@far.test", "one@example.org");
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_REPLIED);
    correct(&bench, newest_answer(&bench), ANSWER_AUTO_REPLY);
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_STOPPED);
}

static void what_a_person_stopped_stays_so_when_an_answer_is_taken_back(void **state) {
    bench_run(stopped_body, NULL);
}

static void wish_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct suppression_found found;
    struct answer_facts facts = {.kind = ANSWER_REPLY, .is_unsubscribe = true, .from = SLICE("ben@far.test")};
    (void)send_step(&bench, "ben@far.test", "one@example.org", DAY_MS);
    answer(&bench, &facts);
    correct(&bench, newest_answer(&bench), ANSWER_AUTO_REPLY);
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_UNSUBSCRIBED);
    assert_int_equal(engine_suppression_find(store->engine, 1, SLICE("ben@far.test"), &found), STORE_OK);
}

static void a_wish_not_to_be_written_to_is_never_taken_back(void **state) { bench_run(wish_body, NULL); }

static void finished_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    order(&bench, "cara@far.test", PROSPECT_STOPPED);
    (void)send_step(&bench, "ben@far.test", "one@example.org", DAY_MS);
    reply(&bench, "ben@far.test", "one@example.org");
    assert_int_equal(campaign_of(&bench, bench.campaign).state, CAMPAIGN_FINISHED);
    correct(&bench, newest_answer(&bench), ANSWER_AUTO_REPLY);
    assert_int_equal(campaign_of(&bench, bench.campaign).state, CAMPAIGN_RUNNING);
}

static void a_campaign_that_was_over_goes_on_when_its_last_answer_was_none(void **state) {
    bench_run(finished_body, NULL);
}

/* ---- a company ---- */

static void company_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t campaign = make_with(&bench, "winter", false, true);
    add_to(&bench, campaign, "dora@acme.test");
    add_to(&bench, campaign, "emil@sales.acme.test");
    add_to(&bench, campaign, "fay@other.test");
    add_to(&bench, campaign, "gus@gmail.com");
    add_to(&bench, campaign, "hal@gmail.com");
    (void)send_step(&bench, "dora@acme.test", "one@example.org", DAY_MS);
    (void)send_step(&bench, "gus@gmail.com", "two@example.org", DAY_MS);
    reply(&bench, "dora@acme.test", "one@example.org");
    uint64_t answer = newest_answer(&bench);
    assert_int_equal(state_of(&bench, "dora@acme.test"), PROSPECT_REPLIED);
    struct prospect emil = prospect_of(&bench, "emil@sales.acme.test");
    assert_int_equal(emil.state, PROSPECT_STOPPED);
    assert_true(slice_find(emil.reason, SLICE("acme.test")) != SLICE_NOT_FOUND);
    assert_int_equal(state_of(&bench, "fay@other.test"), PROSPECT_WAITING);
    assert_int_equal(campaign_of(&bench, campaign).prospects[PROSPECT_STOPPED], 1);
    /* Who shares a provider shares no company. */
    reply(&bench, "gus@gmail.com", "two@example.org");
    assert_int_equal(state_of(&bench, "hal@gmail.com"), PROSPECT_WAITING);
    /* Who comes later is of that company, too. */
    add_to(&bench, campaign, "ida@acme.test");
    assert_int_equal(state_of(&bench, "ida@acme.test"), PROSPECT_STOPPED);
    correct(&bench, answer, ANSWER_AUTO_REPLY);
    assert_int_equal(state_of(&bench, "dora@acme.test"), PROSPECT_WAITING);
    assert_int_equal(state_of(&bench, "emil@sales.acme.test"), PROSPECT_WAITING);
    add_to(&bench, campaign, "jon@acme.test");
    assert_int_equal(state_of(&bench, "jon@acme.test"), PROSPECT_WAITING);
}

static void an_answer_stops_its_company_where_the_campaign_wants_it(void **state) {
    bench_run(company_body, NULL);
}

static void company_off_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    (void)send_step(&bench, "ben@far.test", "one@example.org", DAY_MS);
    reply(&bench, "ben@far.test", "one@example.org");
    assert_int_equal(state_of(&bench, "cara@far.test"), PROSPECT_WAITING);
}

static void without_the_setting_a_company_goes_on(void **state) { bench_run(company_off_body, NULL); }

static void company_colleague_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t campaign = make_with(&bench, "winter", false, true);
    struct answer_facts facts = {.kind = ANSWER_REPLY,
                                 .from = SLICE("boss@acme.test"),
                                 .organisation = SLICE("far.test"),
                                 .subject_base = SLICE("HELLO")};
    add_to(&bench, campaign, "dora@far.test");
    (void)send_step(&bench, "dora@far.test", "one@example.org", DAY_MS);
    answer(&bench, &facts);
    assert_int_equal(state_of(&bench, "dora@far.test"), PROSPECT_STOPPED);
    /* The other campaign does not want it. */
    assert_int_equal(state_of(&bench, "cara@far.test"), PROSPECT_WAITING);
    order(&bench, "dora@far.test", PROSPECT_WAITING);
    assert_int_equal(state_of(&bench, "dora@far.test"), PROSPECT_WAITING);
}

static void a_colleague_stops_the_company_and_a_person_takes_it_up_again(void **state) {
    bench_run(company_colleague_body, NULL);
}

/* ---- what is older ---- */

/* A folder that is read anew has mail of before the campaign, too. */
static void older_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct sender_folder folder = {.name = SLICE("INBOX"), .uidvalidity = 1, .uidnext = 8};
    struct answer_facts facts = {.kind = ANSWER_REPLY,
                                 .from = SLICE("ben@far.test"),
                                 .sender = bench.sender.id,
                                 .folder = SLICE("INBOX"),
                                 .uidvalidity = 1,
                                 .uid = 7,
                                 .received_ms = now_of(&bench) - DAY_MS};
    (void)send_step(&bench, "ben@far.test", "one@example.org", DAY_MS);
    assert_int_equal(engine_outreach_answer(t, store->engine, &facts, &folder), STORE_OK);
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_WAITING);
    facts.received_ms = now_of(&bench);
    assert_int_equal(engine_outreach_answer(t, store->engine, &facts, &folder), STORE_OK);
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_REPLIED);
}

static void what_came_before_the_letter_is_no_answer_to_it(void **state) { bench_run(older_body, NULL); }

static void open_since_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    int64_t since_ms = 0;
    assert_int_equal(engine_outreach_open_since(store->engine, bench.sender.id, &since_ms), STORE_OK);
    assert_true(since_ms > 0 && since_ms <= now_of(&bench));
    assert_int_equal(
        engine_campaign_order(t, store->engine, bench.campaign, CAMPAIGN_STOPPED, SLICE("by hand")),
        STORE_OK);
    assert_int_equal(engine_outreach_open_since(store->engine, bench.sender.id, &since_ms), STORE_OK);
    assert_int_equal(since_ms, 0);
}

static void threads_are_open_since_the_first_campaign_that_is_not_over(void **state) {
    bench_run(open_since_body, NULL);
}

/* ---- colleagues ---- */

static void colleague_writes(struct campaign_bench *bench, const char *subject, const char *named) {
    struct slice address = slice_from_text(named);
    struct answer_facts facts = {.kind = ANSWER_REPLY,
                                 .from = SLICE("office@far.test"),
                                 .organisation = SLICE("far.test"),
                                 .subject_base = slice_from_text(subject),
                                 .named = &address,
                                 .named_count = named[0] != 0};
    answer(bench, &facts);
}

static void assert_is_of(struct campaign_bench *bench, const char *address, const char *why) {
    const struct outreach_answer *it = newest(bench);
    assert_int_equal(it->match, MATCH_COLLEAGUE);
    assert_int_equal(it->prospect, prospect_of(bench, address).id);
    assert_true(slice_find(it->evidence, slice_from_text(why)) != SLICE_NOT_FOUND);
    assert_true(slice_find(it->evidence, slice_from_text(address)) != SLICE_NOT_FOUND);
}

static void colleague_names_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    (void)send_step(&bench, "ben@far.test", "one@example.org", DAY_MS);
    (void)send_step(&bench, "cara@far.test", "two@example.org", DAY_MS);
    /* Somebody else's name, of the same organisation, says nothing. */
    colleague_writes(&bench, "LUNCH", "dora@far.test");
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_WAITING);
    assert_int_equal(state_of(&bench, "cara@far.test"), PROSPECT_WAITING);
    colleague_writes(&bench, "WHAT YOU WROTE", "ben@far.test");
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_PAUSED);
    assert_int_equal(state_of(&bench, "cara@far.test"), PROSPECT_WAITING);
    assert_is_of(&bench, "ben@far.test", "names the prospect");
}

static void a_colleague_answers_for_whom_he_names(void **state) { bench_run(colleague_names_body, NULL); }

static void colleague_any_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t other = make_with(&bench, "winter", false, false);
    add_to(&bench, other, "dora@far.test");
    (void)send_step(&bench, "cara@far.test", "one@example.org", DAY_MS);
    (void)send_step(&bench, "ben@far.test", "two@example.org", DAY_MS);
    colleague_writes(&bench, "HELLO", "");
    assert_is_of(&bench, "ben@far.test", "and 1 more");
    /* It may be about either, and nobody who may have answered is written to; who got no letter is not meant.
     */
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_PAUSED);
    assert_int_equal(state_of(&bench, "cara@far.test"), PROSPECT_PAUSED);
    assert_int_equal(state_of(&bench, "dora@far.test"), PROSPECT_WAITING);
    assert_true(slice_find(prospect_of(&bench, "cara@far.test").reason, SLICE("same organisation")) !=
                SLICE_NOT_FOUND);
    correct(&bench, newest_answer(&bench), ANSWER_AUTO_REPLY);
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_WAITING);
    assert_int_equal(state_of(&bench, "cara@far.test"), PROSPECT_WAITING);
}

static void where_nothing_says_whose_it_is_everybody_who_may_have_answered_waits(void **state) {
    bench_run(colleague_any_body, NULL);
}

static void colleague_last_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    (void)send_step(&bench, "ben@far.test", "one@example.org", DAY_MS);
    (void)send_step(&bench, "cara@far.test", "two@example.org", DAY_MS);
    order(&bench, "cara@far.test", PROSPECT_STOPPED);
    colleague_writes(&bench, "HELLO", "");
    assert_is_of(&bench, "ben@far.test", "same subject");
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_PAUSED);
    assert_int_equal(state_of(&bench, "cara@far.test"), PROSPECT_STOPPED);
}

static void a_colleague_answers_for_who_waits_still(void **state) { bench_run(colleague_last_body, NULL); }

/* ---- steps for who answered ---- */

static enum outreach_gate claim_answered(struct campaign_bench *bench, const char *address, const char *id,
                                         uint64_t *sent) {
    struct prospect prospect = prospect_of(bench, address);
    enum outreach_gate gate = GATE_OPEN;
    struct outreach_claim claim = {
        .prospect = prospect.id,
        .step = prospect.step,
        .is_for_replied = true,
        .message_id = slice_from_text(id),
        .from_domain = SLICE("example.org"),
        .limits = {.day_start_ms = now_of(bench) - DAY_MS, .day_until_ms = now_of(bench) + DAY_MS}};
    assert_int_equal(engine_outreach_claim(bench->t, bench->store->engine, &claim, sent, &gate), STORE_OK);
    return gate;
}

static void answered_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct prospect due[OUTREACH_DUE_MAX];
    uint64_t sent = 0;
    uint64_t campaign = make_with(&bench, "winter", true, false);
    add_to(&bench, campaign, "dora@acme.test");
    (void)send_step(&bench, "dora@acme.test", "one@example.org", DAY_MS);
    assert_int_equal(claim_answered(&bench, "dora@acme.test", "no@example.org", &sent), GATE_PROSPECT);
    reply(&bench, "dora@acme.test", "one@example.org");
    struct prospect dora = prospect_of(&bench, "dora@acme.test");
    assert_int_equal(dora.state, PROSPECT_REPLIED);
    assert_true(dora.has_replied);
    assert_int_equal(due_at(&bench, now_of(&bench), due), 1);
    /* A step that does not say it is for those who answered never goes there. */
    assert_int_equal(claim(&bench, &dora, "no@example.org", &sent), GATE_PROSPECT);
    assert_int_equal(claim_answered(&bench, "dora@acme.test", "two@example.org", &sent), GATE_OPEN);
    /* The next answer counts before it. */
    reply(&bench, "dora@acme.test", "one@example.org");
    assert_int_equal(go(&bench, sent, "dora@acme.test", -1), GATE_PROSPECT);
    assert_int_equal(state_of(&bench, "dora@acme.test"), PROSPECT_REPLIED);
    /* One that did not leave goes back to where it was, and nowhere else. */
    assert_int_equal(claim_answered(&bench, "dora@acme.test", "three@example.org", &sent), GATE_OPEN);
    struct outreach_outcome outcome = {sent, OUTREACH_NOT_SENT, now_of(&bench), SLICE("not now")};
    assert_int_equal(engine_outreach_outcome(t, store->engine, &outcome), STORE_OK);
    assert_int_equal(state_of(&bench, "dora@acme.test"), PROSPECT_REPLIED);
    assert_int_equal(claim_answered(&bench, "dora@acme.test", "four@example.org", &sent), GATE_OPEN);
    assert_int_equal(go(&bench, sent, "dora@acme.test", -1), GATE_OPEN);
    settle(&bench, sent, QUEUE_DELIVERED, "2.1.5");
    dora = prospect_of(&bench, "dora@acme.test");
    assert_int_equal(dora.state, PROSPECT_REPLIED);
    assert_int_equal(dora.step, 2);
    assert_true(dora.due_ms == PROSPECT_NEVER);
    assert_int_equal(campaign_of(&bench, campaign).state, CAMPAIGN_FINISHED);
}

static void who_answered_gets_the_steps_for_that_and_no_other(void **state) {
    bench_run(answered_body, NULL);
}

static void late_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t campaign = make_with(&bench, "winter", true, false);
    add_to(&bench, campaign, "dora@acme.test");
    (void)send_step(&bench, "dora@acme.test", "one@example.org", -1);
    assert_int_equal(campaign_of(&bench, campaign).state, CAMPAIGN_FINISHED);
    reply(&bench, "dora@acme.test", "one@example.org");
    assert_int_equal(campaign_of(&bench, campaign).state, CAMPAIGN_RUNNING);
    assert_true(prospect_of(&bench, "dora@acme.test").due_ms <= now_of(&bench));
    /* None of the steps is for this answer. */
    struct prospect dora = prospect_of(&bench, "dora@acme.test");
    struct prospect_delay none = {
        .prospect = dora.id, .step = dora.step, .is_skip = true, .to_step = dora.step, .is_end = true};
    assert_int_equal(engine_outreach_delay(t, store->engine, &none, 1), STORE_OK);
    assert_int_equal(state_of(&bench, "dora@acme.test"), PROSPECT_REPLIED);
    assert_int_equal(campaign_of(&bench, campaign).state, CAMPAIGN_FINISHED);
    correct(&bench, newest_answer(&bench), ANSWER_AUTO_REPLY);
    assert_int_equal(state_of(&bench, "dora@acme.test"), PROSPECT_FINISHED);
}

static void an_answer_after_the_end_has_its_step_still(void **state) { bench_run(late_body, NULL); }

static void paused_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t campaign = make_with(&bench, "winter", true, false);
    add_to(&bench, campaign, "dora@acme.test");
    (void)send_step(&bench, "dora@acme.test", "one@example.org", DAY_MS);
    order(&bench, "dora@acme.test", PROSPECT_PAUSED);
    reply(&bench, "dora@acme.test", "one@example.org");
    struct prospect dora = prospect_of(&bench, "dora@acme.test");
    assert_int_equal(dora.state, PROSPECT_REPLIED);
    assert_true(dora.due_ms == PROSPECT_NEVER);
    order(&bench, "dora@acme.test", PROSPECT_WAITING);
    dora = prospect_of(&bench, "dora@acme.test");
    assert_int_equal(dora.state, PROSPECT_WAITING);
    assert_false(dora.has_replied);
}

static void whom_a_person_put_aside_gets_no_such_step(void **state) { bench_run(paused_body, NULL); }

/* ---- while its letter is under way ---- */

/* He is away, and his machine said so before anybody knew that the letter had arrived. */
static void away_under_way_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct prospect ben = prospect_of(&bench, "ben@far.test");
    struct prospect due[OUTREACH_DUE_MAX];
    struct slice named = SLICE("one@example.org");
    uint64_t sent = 0;
    int64_t back_ms = now_of(&bench) + 3 * (int64_t)DAY_MS;
    struct answer_facts facts = {.kind = ANSWER_OUT_OF_OFFICE,
                                 .from = SLICE("ben@far.test"),
                                 .ids = &named,
                                 .id_count = 1,
                                 .header_id_count = 1,
                                 .return_ms = back_ms};
    assert_int_equal(claim(&bench, &ben, "one@example.org", &sent), GATE_OPEN);
    assert_int_equal(go(&bench, sent, "ben@far.test", DAY_MS), GATE_OPEN);
    struct outreach_outcome outcome = {sent, OUTREACH_UNKNOWN, 0, SLICE("the connection was lost")};
    assert_int_equal(engine_outreach_outcome(t, store->engine, &outcome), STORE_OK);
    answer(&bench, &facts);
    outcome.result = OUTREACH_SENT;
    assert_int_equal(engine_outreach_outcome(t, store->engine, &outcome), STORE_OK);
    /* Only Cara, whose first letter is due, until he is back; then his follow-up goes before hers. */
    assert_int_equal(due_at(&bench, back_ms - 1, due), 1);
    assert_true(due[0].id != ben.id);
    assert_int_equal(due_at(&bench, back_ms, due), 1);
    assert_true(due[0].id == ben.id);
    assert_int_equal(due[0].step, 1);
}

static void who_is_away_gets_his_follow_up_when_he_is_back(void **state) {
    bench_run(away_under_way_body, NULL);
}

static void reply_under_way_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct prospect due[OUTREACH_DUE_MAX];
    uint64_t sent = 0;
    (void)t;
    add_to(&bench, make_with(&bench, "winter", true, false), "dora@acme.test");
    struct prospect dora = prospect_of(&bench, "dora@acme.test");
    assert_int_equal(claim(&bench, &dora, "one@example.org", &sent), GATE_OPEN);
    assert_int_equal(go(&bench, sent, "dora@acme.test", DAY_MS), GATE_OPEN);
    reply(&bench, "dora@acme.test", "one@example.org");
    settle(&bench, sent, QUEUE_DELIVERED, "2.1.5");
    assert_int_equal(due_at(&bench, now_of(&bench), due), 1);
    assert_true(due[0].id == dora.id);
    assert_int_equal(claim_answered(&bench, "dora@acme.test", "two@example.org", &sent), GATE_OPEN);
}

static void who_answers_at_once_gets_the_step_for_that(void **state) {
    bench_run(reply_under_way_body, NULL);
}

static void history_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct answer_history history;
    struct answer_facts facts = {.kind = ANSWER_REPLY,
                                 .interest = 4,
                                 .from = SLICE("ben@far.test"),
                                 .message_id = SLICE("answer@far.test")};
    (void)send_step(&bench, "ben@far.test", "one@example.org", DAY_MS);
    uint64_t ben = prospect_of(&bench, "ben@far.test").id;
    assert_int_equal(engine_answer_history(store->engine, store->arena, ben, &history), STORE_OK);
    assert_int_equal(history.kind, ANSWER_KINDS);
    answer(&bench, &facts);
    assert_int_equal(engine_answer_history(store->engine, store->arena, ben, &history), STORE_OK);
    assert_int_equal(history.kind, ANSWER_REPLY);
    assert_int_equal(history.interest, 4);
    assert_slice(history.reply_id, "answer@far.test");
    assert_false(history.has_bounced);
    facts = (struct answer_facts){.kind = ANSWER_BOUNCE, .from = SLICE("ben@far.test")};
    answer(&bench, &facts);
    assert_int_equal(
        engine_outreach_correct(t, store->engine, newest_answer(&bench), ANSWER_REPLY, 1, SLICE("a person")),
        STORE_OK);
    assert_int_equal(engine_answer_history(store->engine, store->arena, ben, &history), STORE_OK);
    assert_false(history.has_bounced);
    assert_int_equal(history.interest, 1);
}

static void conditions_see_the_newest_answer_as_it_was_corrected(void **state) {
    bench_run(history_body, NULL);
}

/* ---- judged again ---- */

static enum store_result rejudge(struct campaign_bench *bench, uint64_t answer, enum answer_kind kind,
                                 struct answer_rejudged *done) {
    struct answer_rejudgement asked = {
        answer, {.kind = kind, .classifier = 7, .evidence = SLICE("[{\"rule\":\"new\"}]")}};
    return engine_answer_rejudge(bench->t, bench->store->engine, &asked, done);
}

static void rejudge_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct outreach_answer *answers;
    struct answer_rejudged done;
    size_t count = 0;
    struct answer_facts facts = {.kind = ANSWER_AUTO_REPLY, .from = SLICE("ben@far.test"), .classifier = 1};
    (void)send_step(&bench, "ben@far.test", "one@example.org", DAY_MS);
    answer(&bench, &facts);
    uint64_t id = newest_answer(&bench);
    assert_int_equal(rejudge(&bench, id, ANSWER_REPLY, &done), STORE_OK);
    assert_int_equal(done.decision, DECISION_STOPPED);
    assert_int_equal(done.state, PROSPECT_REPLIED);
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_REPLIED);
    assert_int_equal(engine_outreach_answers(store->engine, store->arena, 0, &answers, &count), STORE_OK);
    assert_int_equal(answers[0].kind, ANSWER_AUTO_REPLY);
    assert_int_equal(answers[0].corrected_kind, ANSWER_REPLY);
    assert_slice(answers[0].corrected_by, "replay");
    assert_int_equal(answers[0].classifier, 7);
    /* And back, by a still newer one; but not once a person has said what it is. */
    assert_int_equal(rejudge(&bench, id, ANSWER_AUTO_REPLY, &done), STORE_OK);
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_WAITING);
    correct(&bench, id, ANSWER_REPLY);
    assert_int_equal(rejudge(&bench, id, ANSWER_AUTO_REPLY, &done), STORE_REFUSED);
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_REPLIED);
}

static void rejudge_over_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct answer_rejudged done;
    order(&bench, "cara@far.test", PROSPECT_STOPPED);
    (void)send_step(&bench, "ben@far.test", "one@example.org", DAY_MS);
    reply(&bench, "ben@far.test", "one@example.org");
    assert_int_equal(rejudge(&bench, newest_answer(&bench), ANSWER_AUTO_REPLY, &done), STORE_OK);
    assert_int_equal(done.state, PROSPECT_WAITING);
    assert_int_equal(campaign_of(&bench, bench.campaign).state, CAMPAIGN_FINISHED);
}

static void a_newer_classifier_takes_up_no_campaign_that_was_over(void **state) {
    bench_run(rejudge_over_body, NULL);
}

static void a_newer_classifier_changes_what_no_person_corrected(void **state) {
    bench_run(rejudge_body, NULL);
}

static void rejudge_wish_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct outreach_answer *answers;
    struct answer_rejudged done;
    size_t count = 0;
    struct answer_facts facts = {.kind = ANSWER_REPLY, .is_unsubscribe = true, .from = SLICE("ben@far.test")};
    (void)send_step(&bench, "ben@far.test", "one@example.org", DAY_MS);
    answer(&bench, &facts);
    assert_int_equal(rejudge(&bench, newest_answer(&bench), ANSWER_OTHER, &done), STORE_OK);
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_UNSUBSCRIBED);
    assert_int_equal(engine_outreach_answers(store->engine, store->arena, 0, &answers, &count), STORE_OK);
    assert_true(answers[0].is_unsubscribe);
}

static void a_newer_classifier_forgets_no_wish(void **state) { bench_run(rejudge_wish_body, NULL); }

static struct slice pack(struct store_bench *store, struct slice raw) {
    struct buffer packed = buffer_new(ANSWER_PACKED_BYTES_MAX);
    struct body_packer *packer = body_packer_new(NULL);
    body_packer_feed(packer, raw, &packed);
    (void)body_packer_finish(packer, &packed);
    body_packer_free(&packer);
    struct slice copy = arena_copy(store->arena, buffer_slice(&packed));
    buffer_free(&packed);
    return copy;
}

static void text_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct outreach_answer *answers;
    size_t count = 0;
    struct sender_folder folder = {.name = SLICE("INBOX"), .uidvalidity = 1, .uidnext = 8};
    struct answer_facts facts = {.kind = ANSWER_REPLY,
                                 .from = SLICE("ben@far.test"),
                                 .sender = bench.sender.id,
                                 .folder = SLICE("INBOX"),
                                 .uidvalidity = 1,
                                 .uid = 7,
                                 .kept = pack(store, SLICE("Subject: x\r\n\r\nYes.\r\n"))};
    struct buffer message = buffer_new(JUDGE_BYTES_MAX);
    (void)send_step(&bench, "ben@far.test", "one@example.org", DAY_MS);
    assert_int_equal(engine_outreach_answer(t, store->engine, &facts, &folder), STORE_OK);
    reply(&bench, "cara@far.test", "nothing@far.test");
    (void)send_step(&bench, "cara@far.test", "two@example.org", DAY_MS);
    reply(&bench, "cara@far.test", "two@example.org");
    struct answer_query query = {0};
    assert_int_equal(reader_answers(store->reader, store->arena, &query, &answers, &count), STORE_OK);
    assert_int_equal(count, 2);
    assert_int_equal(reader_answer_message(store->reader, &answers[0], &message), STORE_OK);
    assert_slice(buffer_slice(&message), "Subject: x\r\n\r\nYes.\r\n");
    buffer_clear(&message);
    assert_int_equal(reader_answer_message(store->reader, &answers[1], &message), STORE_OK);
    assert_slice(buffer_slice(&message), "an answer");
    /* With the person everything goes that was kept. */
    assert_int_equal(engine_contact_erase(t, store->engine, 1, SLICE("ben@far.test")), STORE_OK);
    buffer_clear(&message);
    assert_int_equal(reader_answer_message(store->reader, &answers[0], &message), STORE_NOT_FOUND);
    buffer_free(&message);
}

static void what_answers_said_is_kept_to_be_judged_again_and_goes_with_the_person(void **state) {
    bench_run(text_body, NULL);
}

/* ---- by hand ---- */

static void append_to(struct campaign_bench *bench, const char *mailbox, const struct answer_facts *facts) {
    struct mailbox found;
    struct append_result result;
    struct buffer judged = buffer_new(ANSWER_FACTS_BYTES_MAX);
    assert_int_equal(reader_mailbox_find(bench->store->reader, bench->store->arena, bench->store->account,
                                         slice_from_text(mailbox), &found),
                     STORE_OK);
    struct delivery delivery = bench_delivery(bench->store, SLICE("To: somebody\r\n\r\nHello.\r\n"));
    answer_facts_pack(&judged, facts);
    struct append append = {.id = delivery.id,
                            .mailbox = found.id,
                            .saved_ms = now_of(bench),
                            .body = delivery.body,
                            .facts = delivery.facts,
                            .judged = buffer_slice(&judged)};
    assert_int_equal(engine_append(bench->t, bench->store->engine, &append, 1, &result), STORE_OK);
    buffer_free(&judged);
}

static void append_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    struct answer_recipient recipients[] = {
        {SLICE("nobody@far.test"), false}, {SLICE("ben@far.test"), false}, {SLICE("cara@far.test"), false}};
    struct answer_facts facts = {.is_by_hand = true, .recipients = recipients, .recipient_count = 3};
    (void)send_step(&bench, "ben@far.test", "one@example.org", DAY_MS);
    /* Our own letter, also by another Message-ID, and one of long ago that is only moved. */
    facts.message_id = SLICE("one@example.org");
    append_to(&bench, "Sent", &facts);
    facts.message_id = SLICE("hand@example.org");
    facts.recipient_count = 2;
    facts.subject_base = SLICE("HELLO");
    facts.date_ms = now_of(&bench);
    append_to(&bench, "Sent", &facts);
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_WAITING);
    facts.recipient_count = 3;
    facts.subject_base = SLICE("LUNCH");
    facts.date_ms = now_of(&bench) - 30 * (int64_t)DAY_MS;
    append_to(&bench, "Sent", &facts);
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_WAITING);
    facts.date_ms = now_of(&bench);
    append_to(&bench, "Sent", &facts);
    assert_int_equal(state_of(&bench, "ben@far.test"), PROSPECT_PAUSED);
    /* Also one who was not written to yet. */
    assert_int_equal(state_of(&bench, "cara@far.test"), PROSPECT_PAUSED);
}

static void a_copy_in_sent_pauses_everybody_it_was_written_to(void **state) { bench_run(append_body, NULL); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_two_replies_that_was_none_leaves_the_other),
        cmocka_unit_test(a_reply_holds_when_the_bounce_before_it_is_taken_back),
        cmocka_unit_test(a_hard_bounce_of_somebody_else_gives_up_nobody),
        cmocka_unit_test(what_a_person_stopped_stays_so_when_an_answer_is_taken_back),
        cmocka_unit_test(a_wish_not_to_be_written_to_is_never_taken_back),
        cmocka_unit_test(a_campaign_that_was_over_goes_on_when_its_last_answer_was_none),
        cmocka_unit_test(an_answer_stops_its_company_where_the_campaign_wants_it),
        cmocka_unit_test(without_the_setting_a_company_goes_on),
        cmocka_unit_test(a_colleague_stops_the_company_and_a_person_takes_it_up_again),
        cmocka_unit_test(what_came_before_the_letter_is_no_answer_to_it),
        cmocka_unit_test(threads_are_open_since_the_first_campaign_that_is_not_over),
        cmocka_unit_test(a_colleague_answers_for_whom_he_names),
        cmocka_unit_test(where_nothing_says_whose_it_is_everybody_who_may_have_answered_waits),
        cmocka_unit_test(a_colleague_answers_for_who_waits_still),
        cmocka_unit_test(who_answered_gets_the_steps_for_that_and_no_other),
        cmocka_unit_test(an_answer_after_the_end_has_its_step_still),
        cmocka_unit_test(whom_a_person_put_aside_gets_no_such_step),
        cmocka_unit_test(who_is_away_gets_his_follow_up_when_he_is_back),
        cmocka_unit_test(who_answers_at_once_gets_the_step_for_that),
        cmocka_unit_test(conditions_see_the_newest_answer_as_it_was_corrected),
        cmocka_unit_test(a_newer_classifier_changes_what_no_person_corrected),
        cmocka_unit_test(a_newer_classifier_forgets_no_wish),
        cmocka_unit_test(a_newer_classifier_takes_up_no_campaign_that_was_over),
        cmocka_unit_test(what_answers_said_is_kept_to_be_judged_again_and_goes_with_the_person),
        cmocka_unit_test(a_copy_in_sent_pauses_everybody_it_was_written_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

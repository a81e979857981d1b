/* What an answer means, at each verb, for the recipient, the next host and the connection. */
#include "test.h"

#include "transit/verdict.h"

#define WAITS QUEUE_DEFERRED
#define FAILS QUEUE_FAILED
#define TAKEN QUEUE_DELIVERED

struct row {
    enum smtp_client_result result;
    enum smtp_client_stage stage;
    unsigned code;
    enum queue_outcome outcome;
    const char *status;
    bool tries_next_host;
    bool is_host_lost;
    bool is_in_doubt;
};

#define NO(stage, code, outcome, status, next, lost) \
    { SMTP_CLIENT_REFUSED, SMTP_STAGE_##stage, code, outcome, status, next, lost, false }
#define BAD(result, stage, status, next, doubt) \
    { SMTP_CLIENT_##result, SMTP_STAGE_##stage, 0, WAITS, status, next, true, doubt }

static const struct row rows[] = {
    {SMTP_CLIENT_OK, SMTP_STAGE_END_OF_DATA, 250, TAKEN, "2.0.0", false, false, false},
    /* Every refusal at every verb. */
    NO(GREETING, 421, WAITS, "4.3.2", true, true),
    NO(GREETING, 450, WAITS, "4.2.0", true, true),
    NO(GREETING, 521, FAILS, "5.3.2", true, true),
    NO(GREETING, 554, FAILS, "5.0.0", true, true),
    NO(EHLO, 421, WAITS, "4.3.2", true, true),
    NO(EHLO, 451, WAITS, "4.3.0", true, true),
    NO(EHLO, 550, FAILS, "5.7.1", true, true),
    NO(STARTTLS, 421, WAITS, "4.3.2", true, true),
    NO(AUTH, 421, WAITS, "4.3.2", false, true),
    NO(AUTH, 454, WAITS, "4.7.0", false, true),
    NO(AUTH, 535, WAITS, "4.7.8", false, true),
    NO(MAIL, 421, WAITS, "4.3.2", true, true),
    NO(MAIL, 451, WAITS, "4.3.0", true, false),
    NO(MAIL, 452, WAITS, "4.3.1", true, false),
    NO(MAIL, 530, FAILS, "5.7.0", false, false),
    NO(MAIL, 550, FAILS, "5.7.1", false, false),
    NO(MAIL, 552, FAILS, "5.3.4", false, false),
    NO(MAIL, 553, FAILS, "5.1.7", false, false),
    NO(MAIL, 555, FAILS, "5.5.4", false, false),
    NO(RCPT, 421, WAITS, "4.3.2", true, true),
    NO(RCPT, 450, WAITS, "4.2.0", false, false),
    NO(RCPT, 451, WAITS, "4.3.0", false, false),
    NO(RCPT, 452, WAITS, "4.5.3", false, false),
    NO(RCPT, 550, FAILS, "5.1.0", false, false),
    NO(RCPT, 551, FAILS, "5.1.6", false, false),
    NO(RCPT, 552, WAITS, "4.2.2", false, false),
    NO(RCPT, 553, FAILS, "5.1.3", false, false),
    NO(RCPT, 556, FAILS, "5.1.10", false, false),
    NO(DATA, 421, WAITS, "4.3.2", true, true),
    NO(DATA, 451, WAITS, "4.3.0", true, false),
    NO(DATA, 554, FAILS, "5.0.0", false, false),
    NO(CONTENT, 451, WAITS, "4.3.0", false, false),
    NO(CONTENT, 552, FAILS, "5.3.4", false, false),
    NO(END_OF_DATA, 421, WAITS, "4.3.2", false, true),
    NO(END_OF_DATA, 451, WAITS, "4.3.0", false, false),
    NO(END_OF_DATA, 552, FAILS, "5.3.4", false, false),
    NO(END_OF_DATA, 554, FAILS, "5.0.0", false, false),
    NO(RSET, 500, WAITS, "4.5.1", true, true),
    /* Every end that is no answer: never a failure, and in doubt only when all was sent. */
    BAD(LOST, GREETING, "4.4.2", true, false),
    BAD(LOST, EHLO, "4.4.2", true, false),
    BAD(LOST, MAIL, "4.4.2", true, false),
    BAD(LOST, RCPT, "4.4.2", true, false),
    BAD(LOST, DATA, "4.4.2", true, false),
    BAD(LOST, CONTENT, "4.4.2", false, false),
    BAD(LOST, END_OF_DATA, "4.4.2", false, true),
    BAD(TIMED_OUT, GREETING, "4.4.2", true, false),
    BAD(TIMED_OUT, MAIL, "4.4.2", true, false),
    BAD(TIMED_OUT, CONTENT, "4.4.2", false, false),
    BAD(TIMED_OUT, END_OF_DATA, "4.4.2", false, true),
    BAD(MALFORMED, GREETING, "4.5.0", true, false),
    BAD(MALFORMED, RCPT, "4.5.0", true, false),
    BAD(MALFORMED, END_OF_DATA, "4.5.0", false, true),
    BAD(CANCELLED, MAIL, "4.3.2", false, false),
    BAD(CANCELLED, END_OF_DATA, "4.3.2", false, true),
    /* TLS that somebody in between can spoil costs no message. */
    BAD(TLS_MISSING, STARTTLS, "4.7.10", true, false),
    BAD(TLS_FAILED, TLS, "4.7.5", true, false),
    BAD(INJECTED, STARTTLS, "4.7.5", true, false),
    BAD(NO_MECHANISM, AUTH, "4.7.4", false, false),
    BAD(NO_CONTENT, CONTENT, "4.3.0", false, false),
};

static void every_answer_at_every_verb_has_one_meaning(void **state) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct smtp_client_outcome outcome = {
            .result = row->result, .stage = row->stage, .answer = {.code = row->code}};
        struct verdict verdict = verdict_of(&outcome);
        if (verdict.outcome != row->outcome || strcmp(verdict.status, row->status) != 0 ||
            verdict.tries_next_host != row->tries_next_host || verdict.is_host_lost != row->is_host_lost ||
            verdict.is_in_doubt != row->is_in_doubt)
            fail_msg("row %zu: %s %u: outcome %d, status %s, next %d, lost %d, doubt %d", i,
                     smtp_client_stage_name(row->stage), row->code, verdict.outcome, verdict.status,
                     verdict.tries_next_host, verdict.is_host_lost, verdict.is_in_doubt);
        assert_true((verdict.reason == NULL) == (row->code != 0));
        assert_int_equal(verdict.asks_for_less, row->code == 421);
    }
}

static struct verdict refused(enum smtp_client_stage stage, unsigned code, unsigned class, unsigned subject,
                              unsigned detail) {
    struct smtp_client_outcome outcome = {.result = SMTP_CLIENT_REFUSED,
                                          .stage = stage,
                                          .answer = {.code = code, .enhanced = {class, subject, detail}}};
    return verdict_of(&outcome);
}

static void the_hosts_own_status_is_kept(void **state) {
    assert_string_equal(refused(SMTP_STAGE_RCPT, 550, 5, 1, 1).status, "5.1.1");
    assert_string_equal(refused(SMTP_STAGE_END_OF_DATA, 451, 4, 7, 650).status, "4.7.650");
    /* The class follows the outcome: this 5 only keeps us from logging in. */
    assert_string_equal(refused(SMTP_STAGE_AUTH, 535, 5, 7, 8).status, "4.7.8");
}

/* RFC 5321 4.5.3.1.10 */
static void a_552_to_rcpt_is_a_failure_only_where_it_says_what_of(void **state) {
    assert_int_equal(refused(SMTP_STAGE_RCPT, 552, 0, 0, 0).outcome, QUEUE_DEFERRED);
    assert_int_equal(refused(SMTP_STAGE_RCPT, 552, 5, 5, 3).outcome, QUEUE_DEFERRED);
    assert_int_equal(refused(SMTP_STAGE_RCPT, 552, 5, 2, 2).outcome, QUEUE_FAILED);
}

static void what_a_host_lacks_fails_the_message_unless_another_has_it(void **state) {
    static const struct {
        enum smtp_extension needs;
        const char *status;
    } lacks[] = {{SMTP_EXTENSION_8BITMIME, "5.6.3"},
                 {SMTP_EXTENSION_SMTPUTF8, "5.6.7"},
                 {SMTP_EXTENSION_SIZE, "5.3.4"},
                 {SMTP_EXTENSION_REQUIRETLS, "5.7.30"}};
    for (size_t i = 0; i < sizeof lacks / sizeof lacks[0]; i++) {
        struct smtp_client_outcome outcome = {
            .result = SMTP_CLIENT_LACKS, .stage = SMTP_STAGE_MAIL, .needs = lacks[i].needs};
        struct verdict verdict = verdict_of(&outcome);
        assert_int_equal(verdict.outcome, QUEUE_FAILED);
        assert_string_equal(verdict.status, lacks[i].status);
        assert_true(verdict.tries_next_host);
        assert_false(verdict.is_host_lost);
    }
}

static void of_hosts_that_were_passed_over_one_that_may_still_take_it_keeps_it(void **state) {
    struct verdict never = refused(SMTP_STAGE_GREETING, 554, 0, 0, 0);
    struct verdict later = verdict_of_connect(-ECONNREFUSED);
    struct verdict recipient = refused(SMTP_STAGE_RCPT, 550, 5, 1, 1);
    assert_int_equal(verdict_of_both(&never, &never).outcome, QUEUE_FAILED);
    assert_int_equal(verdict_of_both(&never, &later).outcome, QUEUE_DEFERRED);
    assert_int_equal(verdict_of_both(&later, &never).outcome, QUEUE_DEFERRED);
    /* A word about the recipient is the last. */
    assert_int_equal(verdict_of_both(&later, &recipient).outcome, QUEUE_FAILED);
}

static void a_connection_that_does_not_come_about_is_tried_elsewhere(void **state) {
    static const int errors[] = {-ECONNREFUSED, -ETIMEDOUT, -ENETUNREACH, -EHOSTUNREACH, -EADDRNOTAVAIL};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        struct verdict verdict = verdict_of_connect(errors[i]);
        assert_int_equal(verdict.outcome, QUEUE_DEFERRED);
        assert_string_equal(verdict.status, "4.4.1");
        assert_true(verdict.tries_next_host);
    }
    assert_false(verdict_of_connect(-ECANCELED).tries_next_host);
}

static void an_answer_is_told_with_its_codes(void **state) {
    struct buffer out = buffer_new(200);
    verdict_write_answer(&out, &(struct smtp_answer){550, {5, 1, 1}, SLICE("nobody\nhere")});
    assert_slice(buffer_slice(&out), "550 5.1.1 nobody\nhere");
    buffer_clear(&out);
    verdict_write_answer(&out, &(struct smtp_answer){0});
    assert_int_equal(out.len, 0);
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_at_every_verb_has_one_meaning),
        cmocka_unit_test(the_hosts_own_status_is_kept),
        cmocka_unit_test(a_552_to_rcpt_is_a_failure_only_where_it_says_what_of),
        cmocka_unit_test(what_a_host_lacks_fails_the_message_unless_another_has_it),
        cmocka_unit_test(of_hosts_that_were_passed_over_one_that_may_still_take_it_keeps_it),
        cmocka_unit_test(a_connection_that_does_not_come_about_is_tried_elsewhere),
        cmocka_unit_test(an_answer_is_told_with_its_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

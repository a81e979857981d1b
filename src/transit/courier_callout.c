/* Whether the hosts of a domain take mail for an address: MAIL FROM:<> and RCPT TO, and then no message. */
#include "transit/courier_state.h"
#include "wire/address_split.h"
#include "wire/wire_text.h"

/* RFC 3463 3.2, 3.3: of the address, and not of us or of the moment. Without a code of that kind the plain
   one says what RFC 5321 4.2.3 means by it. */
static bool is_unknown_user(const struct smtp_answer *answer) {
    const struct smtp_enhanced_code *enhanced = &answer->enhanced;
    if (answer->code < 500) return false;
    if (enhanced->class == 0) return answer->code == 550 || answer->code == 551 || answer->code == 553;
    return enhanced->subject == 1 || (enhanced->subject == 2 && enhanced->detail == 1);
}

static bool is_about_recipient(const struct smtp_client_outcome *outcome) {
    return outcome->stage == SMTP_STAGE_RCPT &&
           (outcome->result == SMTP_CLIENT_OK || outcome->result == SMTP_CLIENT_REFUSED);
}

static void conclude(const struct smtp_client_outcome *outcome, struct arena *arena,
                     struct callout_answer *answer) {
    answer->verdict = CALLOUT_UNCLEAR;
    if (!is_about_recipient(outcome)) return;
    if (outcome->result == SMTP_CLIENT_OK) answer->verdict = CALLOUT_TAKEN;
    if (outcome->result == SMTP_CLIENT_OK || !is_unknown_user(&outcome->answer)) return;
    answer->verdict = CALLOUT_REFUSED;
    struct buffer words = buffer_new(4 * (size_t)RESOLVE_CALLOUT_WORDS_BYTES_MAX);
    wire_text_clean(&words, slice_sub(outcome->answer.text, 0, RESOLVE_CALLOUT_WORDS_BYTES_MAX), true);
    if (!buffer_overflowed(&words)) answer->words = arena_copy(arena, buffer_slice(&words));
    buffer_free(&words);
}

/* RFC 5321 4.5.5: the null sender, so that nobody asks back. */
static void ask_host(struct task *t, struct courier_session *session, struct slice address,
                     struct callout_answer *answer) {
    struct smtp_client_recipient recipient = {.address = address};
    struct smtp_client_message message = {
        .is_utf8 = !wire_text_is_7bit(address), .recipients = &recipient, .recipient_count = 1};
    (void)smtp_client_verify(t, session->client, session->message_arena, &message);
    conclude(&recipient.outcome, session->arena, answer);
}

static bool is_late(const struct courier_session *session, int64_t deadline_ms) {
    return env_now_ms(session->courier->env) >= deadline_ms;
}

/* The first that answers answers for all. */
static void ask_hosts(struct task *t, struct courier_session *session, struct slice address,
                      struct callout_answer *answer, int64_t deadline_ms) {
    for (size_t i = 0; i < session->exchange.count && !is_late(session, deadline_ms); i++) {
        struct verdict verdict;
        struct slice words;
        if (task_is_cancelled(session->task)) return;
        bool is_connected = courier_connect(t, session, i, &verdict, &words);
        if (is_connected) ask_host(t, session, address, answer);
        courier_disconnect(t, session);
        if (is_connected) return;
    }
}

/* Nobody waits as long for an answer as a message might. */
static struct smtp_client_times times_of(int64_t left_ms) {
    struct smtp_client_times times = smtp_client_times_default();
    times.greeting_ms = times.command_ms = times.tls_ms = left_ms;
    return times;
}

static void log_answer(const struct courier_session *session, struct slice address,
                       const struct callout_answer *answer) {
    static const char *const words[CALLOUT_VERDICTS] = {[CALLOUT_UNREACHABLE] = "unreachable",
                                                        [CALLOUT_UNCLEAR] = "unclear",
                                                        [CALLOUT_TAKEN] = "taken",
                                                        [CALLOUT_REFUSED] = "refused",
                                                        [CALLOUT_UNASKED] = "unasked"};
    bool has_hosts = session->exchange.result == EXCHANGE_FOUND;
    LOG_INFO(session->courier->env->log, "transit.callout", LOG_TEXT("to", address),
             LOG_CSTR("verdict", words[answer->verdict]),
             LOG_TEXT("words", has_hosts ? answer->words : session->exchange.reason));
}

void courier_callout(struct task *t, struct courier *courier, struct slice address, struct arena *arena,
                     struct callout_answer *answer, int64_t deadline_ms) {
    *answer = (struct callout_answer){.verdict = CALLOUT_UNASKED};
    struct slice local;
    struct slice domain;
    if (!address_split(address, &local, &domain)) return;
    struct courier_session session = {.courier = courier,
                                      .task = t,
                                      .arena = arena,
                                      .message_arena = arena,
                                      .order = {.domain = domain},
                                      .times = times_of(deadline_ms - env_now_ms(courier->env)),
                                      .record = record_new(courier->env)};
    courier_settings_copy(&session.settings, &courier->settings, arena);
    struct exchange_query query = {courier->dns, &session.settings, &session.order};
    exchange_find(t, &query, arena, &session.exchange);
    bool is_known = session.exchange.result == EXCHANGE_FOUND || session.exchange.result == EXCHANGE_FAILED;
    if (is_known) answer->verdict = CALLOUT_UNREACHABLE;
    if (session.exchange.result == EXCHANGE_FOUND) ask_hosts(t, &session, address, answer, deadline_ms);
    record_free(&session.record);
    log_answer(&session, address, answer);
}
